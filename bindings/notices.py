#!/usr/bin/env python3
"""Writes the notices of everything that is inside the library: names, versions, licences, sources, and the licences' texts.

    bindings/notices.py > THIRD-PARTY-NOTICES.txt

Taken from cargo's own metadata: the packages that countersign-ffi is linked with, on any system that it is built for.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = "countersign-ffi"
TEXTS = ("LICENSE*", "LICENCE*", "COPYING*", "NOTICE*", "COPYRIGHT*")


def cargo(*arguments: str) -> str:
    command = ["cargo", *arguments, "--locked"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def linked() -> list[dict]:
    """The packages that are reached over normal dependencies: no build scripts, no macros, no tests."""
    tree = cargo("tree", "-p", ROOT, "-e", "normal,no-proc-macro", "--target", "all", "--prefix", "none", "--format", "{p}")
    words = [line.split() for line in tree.splitlines() if line]
    inside = {(name, version.removeprefix("v")) for name, version, *_ in words}
    packages = json.loads(cargo("metadata", "--format-version", "1"))["packages"]
    others = [package for package in packages if package["source"] is not None]
    others = [package for package in others if (package["name"], package["version"]) in inside]
    return sorted(others, key=lambda package: (package["name"], package["version"]))


def texts(package: dict) -> dict[str, str]:
    folder = Path(package["manifest_path"]).parent
    found = sorted({path for pattern in TEXTS for path in folder.glob(pattern) if path.is_file()})
    return {path.name: path.read_text(errors="replace").strip() for path in found}


def main() -> None:
    packages = linked()
    print("Countersign's library contains the following packages by other people. Nothing of them is changed.\n")
    for package in packages:
        license = package["license"] or "see below"
        where = package["repository"] or f"https://crates.io/crates/{package['name']}"
        print(f"- {package['name']} {package['version']}: {license}; source: {where}")
    bodies: dict[str, list[str]] = {}
    for package in packages:
        for name, text in texts(package).items():
            bodies.setdefault(text, []).append(f"{package['name']} {package['version']} ({name})")
    for text, names in bodies.items():
        print(f"\n{'=' * 100}\n" + "\n".join(names) + f"\n\n{text}")


if __name__ == "__main__":
    sys.exit(main())
