#!/usr/bin/env python3
"""Compares our codes with four other implementations: Python's hmac, oathtool, PyOTP and, for OCRA, oath.

Usage: oracle.py PATH_OF_otp_codes [SEED]

The parameters are random, from a fixed seed unless one is given. The secrets printed on a mismatch are this script's own
test data. Ends with "N passed, N failed, N skipped"; exits with 1 if something failed.
"""

import base64
import hashlib
import hmac
import json
import random
import shutil
import subprocess
import sys

import ocra

HASHES = ["SHA1", "SHA224", "SHA256", "SHA384", "SHA512"]
STEAM = "23456789BCDFGHJKMNPQRTVWXY"


def truncated(secret, algorithm, counter, size=4):
    """RFC 4226 §5.3, without the modulo."""
    mac = hmac.new(secret, counter.to_bytes(8, "big"), algorithm.lower()).digest()
    offset = mac[-1] & 15
    return int.from_bytes(mac[offset : offset + size], "big") & ((1 << (8 * size - 1)) - 1)


def letters(number, alphabet, count):
    """Least significant character first."""
    return "".join(alphabet[number // len(alphabet) ** place % len(alphabet)] for place in range(count))


def stdlib(q, ahead=0):
    secret, kind = bytes.fromhex(q["secret"]), q["kind"]
    if kind == "ocra":
        return None if ahead else ocra.response(q)
    if kind == "hotp":
        counter = q["counter"] + ahead
    else:
        counter = q["time"] // q["period"] + ahead
    if kind in ("totp", "hotp"):
        return str(truncated(secret, q["algorithm"], counter) % 10 ** q["digits"]).zfill(q["digits"])
    if kind == "steam":
        return letters(truncated(secret, "SHA1", counter), STEAM, 5)
    if kind == "motp":
        return hashlib.md5(f"{counter}{secret.hex()}{q['pin']}".encode()).hexdigest()[:6]
    key = hashlib.sha256(q["pin"].encode() + secret).digest()
    key = key[1:] if key[0] == 0 else key
    return letters(truncated(key, "SHA256", counter, 8), "abcdefghijklmnopqrstuvwxyz", 8)[::-1]


def questions(rng):
    for _ in range(1000):
        kind = rng.choice(["totp"] * 8 + ["hotp"] * 6 + ["steam", "motp", "yandex"])
        length = rng.choice([rng.randint(1, 64), rng.randint(1, 1024), 20, 63, 64, 65, 127, 128, 129, 1, 1024])
        period = rng.choice([30, 60, rng.randint(1, 86400)])
        q = {
            "kind": kind,
            "secret": rng.randbytes(16 if kind == "yandex" else length).hex(),
            "algorithm": rng.choice(HASHES),
            "digits": rng.randint(4, 10),
            "period": {"totp": period, "motp": 10}.get(kind, 30),
            "time": rng.choice([rng.randrange(1 << 31), rng.randrange(1 << 40), rng.randrange(9 * 10**15)]),
            "counter": rng.choice([rng.randrange(100), rng.randrange(1 << 32), rng.randrange(2**64 - 2)]),
            "pin": "".join(rng.choices("0123456789", k=rng.randint(4, 16))),
        }
        yield q
    # What oathtool can answer, too.
    for _ in range(150):
        kind = rng.choice(["totp", "totp", "hotp"])
        yield {
            "kind": kind,
            "secret": rng.randbytes(rng.randint(1, 128)).hex(),
            "algorithm": "SHA1" if kind == "hotp" else rng.choice(["SHA1", "SHA256", "SHA512"]),
            "digits": rng.randint(6, 8),
            "period": rng.choice([30, rng.randint(1, 86400)]),
            "time": rng.randrange(1 << 35),
            "counter": rng.randrange(2**63),
        }
    yield from ocra.questions(rng)
    # SHA-256("0000" ‖ secret) begins with a zero byte: Yandex drops it.
    zero = next(
        secret
        for secret in (n.to_bytes(16, "big") for n in range(1 << 16))
        if hashlib.sha256(b"0000" + secret).digest()[0] == 0
    )
    yield {"kind": "yandex", "secret": zero.hex(), "pin": "0000", "period": 30, "time": 1_600_000_000}


def oathtool(q):
    command = [OATHTOOL, "-d", str(q["digits"])]
    if q["kind"] == "totp":
        command += [f"--totp={q['algorithm'].lower()}", "-s", str(q["period"]), "-N", f"@{q['time']}"]
    else:
        command += ["-c", str(q["counter"])]
    # The secret is read from standard input.
    result = subprocess.run(command + ["-"], input=q["secret"] + "\n", capture_output=True, text=True, check=False)
    return result.stdout.strip() or f"oathtool: {result.stderr.strip()}"


def for_oathtool(q):
    """HOTP with SHA-1 only, times that a date holds, 6 to 8 digits."""
    fits = {"totp": ["SHA1", "SHA256", "SHA512"], "hotp": ["SHA1"]}.get(q["kind"], [])
    return q.get("algorithm") in fits and 6 <= q["digits"] <= 8 and q["time"] < 1 << 36


def for_pyotp(q):
    """Its bounds: 6 to 10 digits, secrets of 112 bits or more, periods up to 120 seconds."""
    fits = q["kind"] == "hotp" or q["kind"] == "totp" and q["period"] <= 120
    return fits and q["digits"] >= 6 and len(q["secret"]) >= 28


def with_pyotp(q):
    secret = base64.b32encode(bytes.fromhex(q["secret"])).decode().rstrip("=")
    digest = getattr(hashlib, q["algorithm"].lower())
    if q["kind"] == "totp":
        otp = pyotp.TOTP(secret, digits=q["digits"], digest=digest, interval=q["period"])
        return otp.generate_otp(q["time"] // q["period"])
    return pyotp.HOTP(secret, digits=q["digits"], digest=digest).at(q["counter"])


def ask(binary, asked):
    lines = "".join(json.dumps(q) + "\n" for q in asked)
    result = subprocess.run([binary], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in result.stdout.splitlines()]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 4226)
    asked = list(questions(rng))
    answers = ask(sys.argv[1], asked)
    passed = failed = skipped = 0
    if len(answers) != len(asked):
        print(f"{len(asked)} questions, {len(answers)} answers")
        failed += 1

    def compare(name, q, ours, theirs):
        nonlocal passed, failed
        if ours == theirs:
            passed += 1
        else:
            failed += 1
            print(f"MISMATCH with {name}: ours {ours}, theirs {theirs}, for {json.dumps(q)}")

    both = list(zip(asked, answers))
    for q, a in both:
        theirs = {"code": stdlib(q), "next": stdlib(q, 1)}
        compare("stdlib", q, a, theirs)
    print(f"stdlib: {len(both)} compared")

    for name, there, fits, oracle, most in [
        ("oathtool", OATHTOOL, for_oathtool, oathtool, 200),
        ("PyOTP", pyotp, for_pyotp, with_pyotp, 300),
        ("oath", ocra.oath, ocra.for_oath, ocra.with_oath, 1000),
    ]:
        subset = [(q, a) for q, a in both if fits(q)][:most]
        if not there:
            skipped += len(subset)
            print(f"{name}: SKIPPED, it is not installed ({len(subset)} comparisons not made)")
            continue
        for q, a in subset:
            compare(name, q, a.get("code", a), oracle(q))
        print(f"{name}: {len(subset)} compared")

    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)


OATHTOOL = shutil.which("oathtool")
try:
    import pyotp
except ImportError:
    pyotp = None

if __name__ == "__main__":
    main()
