#!/usr/bin/env python3
"""Reads pictures of QR codes that another app drew, with the command line: three of Google Authenticator's exports.

They are of one person's phone, but not of one export: the first two show the same part (2 of 3), the third is part 1 of
another export (of 4). No batch is numbered in them. What they hold is never printed.

usage: real_pictures.py COUNTERSIGN_BINARY FOLDER
"""
import json, pathlib, subprocess, sys, tempfile

NAMES = [f"GoogleAuthenticatorExport_{number}.png" for number in (1, 2, 3)]
results = []


def check(what, right):
    results.append(right)
    print(f"{'ok' if right else 'FAILED'}: {what}")


def main():
    binary, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    first, second, third = (folder / name for name in NAMES)

    def run(*arguments):
        return subprocess.run([binary, *arguments], text=True, capture_output=True, timeout=60)

    for picture in (first, second, third):
        done = run("scan", picture)
        read = json.loads(done.stdout) if done.returncode == 0 else {"codes": [], "ms": None}
        check(f"{picture.name}: one part of an export, ten entries ({read['ms']} ms)",
              [(code["kind"], code.get("entries")) for code in read["codes"]] == [("migration", 10)])

    with tempfile.TemporaryDirectory() as name:
        vault = pathlib.Path(name) / "vault"
        password = pathlib.Path(name) / "password"
        password.write_text("correct horse\n")
        options = ("--vault", vault, "--password-file", password, "--json")
        run(*options, "init")

        def add(*arguments):
            return run(*options, "add", *arguments)

        def count():
            return len(json.loads(run(*options, "list").stdout))

        done = add(first, second)
        check("an export with missing parts is not added, and says which", done.returncode != 0 and "1, 3" in done.stderr)
        check("parts of two exports are not mixed", add("--incomplete", first, third).returncode != 0 and count() == 0)
        check("of the same part twice, ten accounts", add("--incomplete", first, second).returncode == 0 and count() == 10)
        # Some of its entries are the same account as others of it.
        done = add("--incomplete", "--duplicate", third)
        check("ten more of the other export", done.returncode == 0 and count() == 20)
        codes = [run(*options, "code", one["id"]) for one in json.loads(run(*options, "list").stdout)]
        check("each of them makes a code of six digits",
              all(done.returncode == 0 and len(json.loads(done.stdout)["code"]) == 6 for done in codes))

    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    sys.exit(0 if all(results) else 1)


main()
