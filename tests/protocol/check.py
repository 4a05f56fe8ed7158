#!/usr/bin/env python3
"""Stories and attacks: one half of the push protocol against the other, each in a process of its own (README.md).

usage: check.py [--phone COMMAND] [--verifier COMMAND] [--only WORD]

Without a command the half is Python's. An attack on one half is made by the other one's Python form, spoiled.
"""
import argparse
import sys
import traceback

import stories
from world import Process, Unknown, World, command, python_phone, python_verifier


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--phone", default=command("phone.py"))
    parser.add_argument("--verifier", default=command("verifier.py"))
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    halves = {"phone": Process(arguments.phone), "verifier": Process(arguments.verifier)}
    makers = {
        "story": lambda alg, **options: World(halves["phone"], halves["verifier"], alg, **options),
        "phone": lambda alg, **options: World(halves["phone"], python_verifier(), alg, **options),
        "verifier": lambda alg, **options: World(python_phone(), halves["verifier"], alg, **options),
    }
    passed, failed, skipped = 0, 0, 0
    for name, against, run in stories.all_of():
        for alg in ("Ed25519", "ES256"):
            label = f"{name} ({alg})"
            if arguments.only not in label:
                continue
            try:
                run(lambda against=against, alg=alg, **options: makers[against](alg, **options))
                passed += 1
            except Unknown as unknown:
                skipped += 1
                print(f"skipped: {label}: no command {unknown}")
            except Exception as error:
                failed += 1
                where = traceback.extract_tb(error.__traceback__)
                line = next((it for it in reversed(where) if it.filename.endswith(("stories.py", "attacks.py"))), where[-1])
                print(f"FAILED: {label}: line {line.lineno}: {line.line}\n        {type(error).__name__}: {error}")
    for half in halves.values():
        half.close()
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(bool(failed or not passed))


if __name__ == "__main__":
    main()
