#!/usr/bin/env python3
"""Judges every stored vector of the push protocol with the Python halves; a line a failure, then how many passed."""
import json
import pathlib
import sys

import phone
import strict
import verifier
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


class Replay:
    """One half, told the story's own commands and given the story's own entropy."""

    def __init__(self, half):
        self.half, self.left = half, []
        self.driver = (phone if half == "phone" else verifier).Driver(self.draw)

    def draw(self, name, size):
        if not self.left:
            return bytes(range(size))  # behind the story: a refusal may draw, its answer isn't compared
        found = self.left.pop(0)
        assert found["name"] == name, f"drew {name}, the story has {found['name']}"
        return bytes.fromhex(found["hex"])

    def to(self, steps):
        """Plays this half's part of these steps; the first step that it answers otherwise, or none."""
        for step in steps:
            if step["half"] != self.half:
                continue
            self.left = list(step["entropy"])
            if self.driver.do(step["command"]) != step["answer"] or self.left:
                return step
        return None


def story(alg, told):
    for half in ("phone", "verifier"):
        differs = Replay(half).to(told["steps"])
        check(f"{alg}: the {half} plays the story", differs is None, str(differs)[:600])
    for case in told["messages"]:
        message = strict.Message(case["jws"])
        good = message.h.hex() == case["h"] and message.payload() == case["payload"] and message.header == case["header"]
        check(f"{alg}: {case['kind']} of step {case['step']}", good and message.typ() == case["kind"])
    v = told["values"]
    raw = {name: bytes.fromhex(value) for name, value in v.items() if isinstance(value, str) and len(value) % 2 == 0}
    salt, ikm = raw["h_enroll"] + raw["h_enrolled"], raw["z"] + raw["ticket"]
    step = v["totp_step"].to_bytes(8, "big")
    wanted = {
        "tid": strict.sha256(raw["tid_input"]).hex(),
        "tp": strict.hmac256(raw["ticket"], raw["tp_input"]).hex(),
        "confirm_hash": strict.sha256(b"countersign-confirm", salt).hex(),
        "confirm_digits": f"{int(v['confirm_hash'][:16], 16) % 10**6:06d}",
        "prk": strict.hmac256(salt, ikm).hex(),
        "totp_key": strict.hmac256(raw["prk"], b"countersign v1 totp\1").hex(),
        "offline_key": strict.hmac256(raw["prk"], b"countersign v1 offline\1").hex(),
        "offline_question": strict.sha256(b"countersign-offline", raw["offline_h"]).hex(),
        "offline_digits": verifier.eight_digits(raw["offline_key"], raw["offline_h"]),
        "totp_digits": phone.hotp(raw["totp_key"], step, 6),
    }
    for name, value in wanted.items():
        check(f"{alg}: {name}", v[name] == value, f"{value}")


def refusals(alg, steps, told):
    for case in told["phone"]:
        replay = Replay("phone")
        replay.to(steps[: case["after_step"] + 1])
        for command in [case["receive"], *case["then"]]:
            said = replay.driver.do(command)
        good = said.get("error") in ("network", "refused")
        if case["kind"] == "challenge":
            good = (said.get("refused"), said.get("requests")) == (1, [])
        check(f"{alg}: the phone refuses {case['kind']}: {case['name']}", good, str(said))
    for case in told["verifier"]:
        replay = Replay("verifier")
        replay.to(steps[: case["after_step"] + 1])
        said = replay.driver.do({"do": "http", "now": case["now"]} | case["request"])
        good = said["status"] == case["expect"]["status"]
        if good and case["expect"]["code"]:
            good = strict.Message(said["body"]).payload()["code"] == case["expect"]["code"]
        elif good and said["status"] != 200:
            good = said["body"] == ""
        check(f"{alg}: the verifier refuses {case['kind']}: {case['name']}", good, str(said))


def main():
    forms()
    stories = json.loads((FOLDER / "story.json").read_text())
    told = json.loads((FOLDER / "refusals.json").read_text())
    for alg in stories:
        story(alg, stories[alg])
        refusals(alg, stories[alg]["steps"], told[alg])
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
