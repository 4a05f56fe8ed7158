#!/usr/bin/env python3
"""Writes the vectors of the push protocol; the same bytes whenever it runs.

usage: make_vectors.py [--check]

--check writes nothing and fails where a stored file differs.
"""
import json
import pathlib
import sys

import vectors_forms
import vectors_story

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "vectors" / "push-v1"


def files():
    """Each file's name and content."""
    yield "jose.json", vectors_forms.jose()
    yield "invitations.json", vectors_forms.invitations()
    yield "strings.json", vectors_forms.strings()
    yield "story.json", vectors_story.story()
    yield "refusals.json", vectors_story.refusals()


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit(__doc__)
    differing = []
    for name, content in files():
        made = json.dumps(content, indent=1) + "\n"
        path = FOLDER / name
        if check:
            if not path.exists() or path.read_text() != made:
                differing.append(name)
        else:
            FOLDER.mkdir(parents=True, exist_ok=True)
            path.write_text(made)
    sys.exit(f"differs from what is made today: {', '.join(differing)}" if differing else 0)


if __name__ == "__main__":
    main()
