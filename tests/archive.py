#!/usr/bin/env python3
"""Writes a zip archive of files and folders, always the same bytes for the same content.

    tests/archive.py ARCHIVE PATH[=NAME]…

A folder's content stands at NAME, or at the top; a file at NAME, or under its own name.
"""

import sys
import zipfile
from pathlib import Path

FIRST_DAY = (1980, 1, 1, 0, 0, 0)


def entries(argument: str) -> list[tuple[str, Path]]:
    text, _, name = argument.partition("=")
    path = Path(text)
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return [((Path(name) / file.relative_to(path)).as_posix(), file) for file in files]
    return [(name or path.name, path)]


def main(archive: str, *arguments: str) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for name, file in sorted(entry for argument in arguments for entry in entries(argument)):
            info = zipfile.ZipInfo(name, FIRST_DAY)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (0o755 if file.stat().st_mode & 0o100 else 0o644) << 16
            out.writestr(info, file.read_bytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
