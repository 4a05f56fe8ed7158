"""Makes tests/fuzz/corpus/message: the payloads of the push protocol's story, one of each kind, and links of it.

    python tests/fuzz/make_messages.py
"""

import base64
import json
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE / "corpus" / "message"
STORY = json.loads((HERE.parent / "vectors" / "push-v1" / "story.json").read_text())


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


FOLDER.mkdir(parents=True, exist_ok=True)
for text in strings(STORY):
    parts = text.split(".")
    if len(parts) == 3 and text.startswith("eyJ"):
        kind = json.loads(decoded(parts[0]))["typ"].removeprefix("countersign-").removesuffix("+jwt")
        for name, content in ((f"{kind}.json", decoded(parts[1])), (f"{kind}.jws", text.encode())):
            if not (FOLDER / name).exists():
                (FOLDER / name).write_bytes(content)
    elif text.startswith("countersign://"):
        name = text.removeprefix("countersign://").split("?")[0] + ".uri"
        if not (FOLDER / name).exists():
            (FOLDER / name).write_text(text)
