"""The README's example runs as it stands there."""

import re
import subprocess
import sys
from pathlib import Path


def test_the_example_says_what_it_should() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "keep this on paper: 41 characters",
        "6 digits for ada",
        "tries left: 4",
        "findings: []",
    ]
