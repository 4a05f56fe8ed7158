#!/usr/bin/env python3
"""Every test that docs/threat-model.md names exists where it says so, and every row names one.

A Rust test is named `path::function`, one of the protocol's Python tests `tests/protocol/check.py::name`, as check.py
prints it (`check.py --only NAME` runs it).
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/protocol"))
import stories  # noqa: E402

TEST = re.compile(r"`([^`]+?\.(?:rs|py))::([^`]+)`")


def rust_tests(path):
    text = path.read_text()
    return set(re.findall(r"#\[test\]\s*(?:#\[(?!ignore)[^\]]*\]\s*)*fn (\w+)\(", text))


def main():
    known = {"tests/protocol/check.py": {name for name, _, _ in stories.all_of()}}
    passed, failed, rows = 0, 0, 0
    for number, line in enumerate((ROOT / "docs/threat-model.md").read_text().splitlines(), 1):
        found = TEST.findall(line)
        if line.startswith("| ") and not line.startswith(("| Attack", "|--")):
            rows += 1
            if not found:
                failed += 1
                print(f"FAILED: line {number} names no test: {line[:60]}")
        for file, name in found:
            if file not in known:
                path = ROOT / file
                known[file] = rust_tests(path) if path.is_file() else set()
            if name in known[file]:
                passed += 1
            else:
                failed += 1
                print(f"FAILED: line {number}: no test {name!r} in {file}")
    if not rows:
        failed += 1
        print("FAILED: no row was found")
    print(f"{passed} passed, {failed} failed")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
