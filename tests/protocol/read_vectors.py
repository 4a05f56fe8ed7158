#!/usr/bin/env python3
"""Judges every stored vector of the push protocol with the Python halves; a line a failure, then how many passed."""
import json
import pathlib
import sys

import strict
from strict import Refused

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "vectors" / "push-v1"
passed, failures = 0, []


def check(name, good, why=""):
    global passed
    if good:
        passed += 1
    else:
        failures.append(name)
        print(f"FAILED: {name} {why}")


def judged(name, case, judge):
    """`judge` gives what it found or refuses; the case says which is right, and what is to be found."""
    try:
        found, why = judge(case), "accepted"
    except Refused as refusal:
        found, why = None, f"refused: {refusal}"
    check(f"{name}: {case['name']}", (found is not None) == case["accepted"], why)
    return found


def forms():
    jose = json.loads((FOLDER / "jose.json").read_text())
    for case in jose["base64url"]:
        found = judged("base64url", case, lambda case: strict.unb64(case["text"]))
        if case["accepted"]:
            check(f"base64url: bytes of {case['name']}", found and found.hex() == case["bytes"] or found == b"")
    for case in jose["json"]:
        judged("json", case, lambda case: strict.parse_json(bytes.fromhex(case["hex"])))
    for case in jose["keys"]:
        found = judged("key", case, lambda case: strict.PublicKey(case["jwk"]))
        if found:
            check(f"thumbprint of {case['name']}", (found.alg, found.thumbprint) == (case["alg"], case["thumbprint"]))
    for case in jose["jws"]:
        found = judged("jws", case, lambda case: strict.Message(case["jws"]).verify(strict.PublicKey(case["jwk"])))
        if found:
            check(f"H of {case['name']}", found.h.hex() == case["h"])
    for case in json.loads((FOLDER / "invitations.json").read_text()):
        found = judged(
            "invitation", case, lambda case: strict.parse_invitation(case["uri"], case["allow_loopback_http"])
        )
        if case["accepted"]:
            check(f"parts of {case['name']}", found == case["parts"])
    for case in json.loads((FOLDER / "strings.json").read_text()):
        judged("shown string", case, lambda case: strict.shown(case["most"])(case["text"]))


def main():
    forms()
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
