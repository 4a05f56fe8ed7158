"""OCRA, RFC 6287, for oracle.py: the RFC's own test values, random questions, and two other implementations of it."""

import hashlib
import hmac
import string

try:
    import oath
    from oath import _ocra
except ImportError:
    oath = None

KEY = b"1234567890" * 7
MINUTE = 0x132D0B6 * 60
ALPHABETS = {"A": string.ascii_letters + string.digits, "N": string.digits, "H": string.hexdigits}
STEPS = {"S": 1, "M": 60, "H": 3600}


def message(q):
    """§5: {OCRASuite | 00 | C | Q | P | S | T}, with the fields as hexadecimal digits, as the RFC's own code has them."""
    data = q["suite"].split(":")[2].split("-")
    fields = ""
    if data[0] == "C":
        data = data[1:]
        fields += f"{q['counter']:016x}"
    asked = q["question"] + q.get("second", "")
    letter = data[0][1:2] or "N"
    if letter == "A":
        asked = asked.encode().hex()
    elif letter == "N":
        asked = f"{int(asked):x}"
    fields += asked.ljust(256, "0")
    for field in data[1:]:
        rest = field[1:]
        if field[0] == "P":
            fields += q.get("pin_hash") or hashlib.new(rest or "SHA1", q["pin"].encode()).hexdigest()
        elif field[0] == "S":
            fields += q["session"].rjust(2 * int(rest or 64), "0")
        else:
            fields += f"{q['time'] // step(rest):016x}"
    return q["suite"].encode() + b"\0" + bytes.fromhex(fields)


def step(text):
    return int(text[:-1]) * STEPS[text[-1]] if text else 60


def response(q):
    _, algorithm, digits = q["suite"].split(":")[1].split("-")
    mac = hmac.new(bytes.fromhex(q["secret"]), message(q), algorithm.lower()).digest()
    if digits == "0":
        return mac.hex()
    offset = mac[-1] & 15
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10 ** int(digits)).zfill(int(digits))


def questions(rng):
    yield from of_the_rfc()
    for _ in range(1000):
        yield at_random(rng)


def of_the_rfc():
    """Appendix C: every question there. The responses stand in core's own tests."""
    digits = [str(n) * 8 for n in range(10)]

    def ask(suite, key, question, **more):
        return {"kind": "ocra", "suite": suite, "secret": KEY[:key].hex(), "question": question, **more}

    for n, question in enumerate(digits):
        yield ask("OCRA-1:HOTP-SHA1-6:QN08", 20, question)
        yield ask("OCRA-1:HOTP-SHA256-8:C-QN08-PSHA1", 32, "12345678", counter=n, pin="1234")
        yield ask("OCRA-1:HOTP-SHA512-8:C-QN08", 64, question, counter=n)
    for n, question in enumerate(digits[:5]):
        yield ask("OCRA-1:HOTP-SHA256-8:QN08-PSHA1", 32, question, pin="1234")
        yield ask("OCRA-1:HOTP-SHA512-8:QN08-T1M", 64, question, time=MINUTE)
        client, server = f"CLI2222{n}", f"SRV1111{n}"
        yield ask("OCRA-1:HOTP-SHA256-8:QA08", 32, client, second=server)
        yield ask("OCRA-1:HOTP-SHA256-8:QA08", 32, server, second=client)
        yield ask("OCRA-1:HOTP-SHA512-8:QA08", 64, client, second=server)
        yield ask("OCRA-1:HOTP-SHA512-8:QA08-PSHA1", 64, server, second=client, pin="1234")
        yield ask("OCRA-1:HOTP-SHA256-8:QA08", 32, f"SIG1{n}000")
        yield ask("OCRA-1:HOTP-SHA512-8:QA10-T1M", 64, f"SIG1{n}00000", time=MINUTE)


def at_random(rng):
    letter, most = rng.choice("ANH"), rng.choice([4, 8, 10, 64, rng.randint(4, 64)])
    length = rng.choice([1, most, rng.randint(1, most)])

    def asked():
        return "".join(rng.choices(ALPHABETS[letter], k=length))

    q = {"kind": "ocra", "secret": rng.randbytes(rng.choice([20, 32, 64, rng.randint(1, 200)])).hex(), "question": asked()}
    data = f"Q{letter}{most:02}"
    if rng.random() < 0.3:
        q["second"] = asked()
    if rng.random() < 0.4:
        data, q["counter"] = f"C-{data}", rng.choice([rng.randrange(100), rng.randrange(2**64)])
    if rng.random() < 0.4:
        algorithm = rng.choice(["", "SHA1", "SHA256", "SHA512"])
        data += f"-P{algorithm}"
        pin = "".join(rng.choices("0123456789äß", k=rng.randint(1, 12)))
        if rng.random() < 0.5:
            q["pin"] = pin
        else:
            q["pin_hash"] = hashlib.new(algorithm or "SHA1", pin.encode()).hexdigest()
    if rng.random() < 0.4:
        size = rng.choice([0, 64, 128, 256, 512, rng.randint(1, 999)])
        data += f"-S{size:03}" if size else "-S"
        q["session"] = rng.randbytes(rng.randint(1, size or 64)).hex()
    if rng.random() < 0.4:
        unit = rng.choice("SMH")
        data += rng.choice(["-T", f"-T{rng.randint(1, 48 if unit == 'H' else 59)}{unit}"])
        q["time"] = rng.choice([rng.randrange(1 << 31), rng.randrange(9 * 10**15)])
    function = f"HOTP-{rng.choice(['SHA1', 'SHA256', 'SHA512'])}-{rng.choice([0, 4, 5, 6, 7, 8, 9, 10])}"
    return q | {"suite": f"OCRA-1:{function}:{data}"}


def for_oath(q):
    """It gives no whole HMAC, reads no odd number of hexadecimal digits, divides times as floating-point numbers, and
    stumbles over a PIN that is already hashed."""
    asked = q.get("question", "") + q.get("second", "")
    return (
        q["kind"] == "ocra"
        and not q["suite"].split(":")[1].endswith("-0")
        and not ("QH" in q["suite"] and len(asked) % 2)
        and q.get("time", 0) < 1 << 40
        and "pin_hash" not in q
    )


def with_oath(q):
    suite = _ocra.str2ocrasuite(q["suite"])
    asked = {"Qsc": q["question"] + q["second"]} if "second" in q else {"Q": q["question"]}
    given = {
        "C": q.get("counter"),
        "P": q.get("pin"),
        "S": bytes.fromhex(q["session"]).rjust(suite.data_input.S, b"\0") if "session" in q else None,
        "T": q.get("time"),
        # Not None, which it takes for a broken number of steps.
        "T_precomputed": "",
    }
    return suite(bytes.fromhex(q["secret"]), **asked, **given)
