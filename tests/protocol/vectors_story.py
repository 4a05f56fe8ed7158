"""One whole story with fixed keys and fixed entropy, and every refusal that can be told from within it."""
import hashlib

from cryptography.hazmat.primitives.asymmetric import ec

import phone
import verifier
from spoil import SPOILS, spoiling
from strict import Message, b64, dump, h_of, hkdf, hmac256, make, p256_point, p256_private, p256_public, sha256, unb64
from world import ACCOUNT, DETAILS, World, wrong

ALGS = ("Ed25519", "ES256")
REFUSED = ("network", "refused")


class Stop(Exception):
    """The story has come to the step that was asked for."""


class Half:
    """A half that writes down what it is told, what it draws and what it answers."""

    def __init__(self, name, alg, book, driver):
        self.name, self.alg, self.book = name, alg, book
        self.drawn, self.turns = [], {}
        self.driver = driver(self.draw)

    def draw(self, name, size):
        turn = self.turns[name] = self.turns.get(name, -1) + 1
        found = hashlib.sha256(f"countersign story {self.alg} {self.name} {name} {turn}".encode()).digest()[:size]
        self.drawn.append({"name": name, "hex": found.hex()})
        return found

    @property
    def it(self):
        return self.driver.it

    def do(self, command):
        self.drawn = []
        self.book.before(self, command)
        answer = self.driver.do(command)
        step = {"step": len(self.book.steps), "half": self.name, "command": command, "entropy": self.drawn}
        self.book.steps.append(step | {"answer": answer})
        self.book.after(self, command, answer)
        return answer


class Book:
    """The steps so far; `watch` is told of each."""

    def __init__(self, watch=None):
        self.steps, self.watch = [], watch

    def before(self, half, command):
        pass

    def after(self, half, command, answer):
        if self.watch:
            self.watch(self, half, command, answer)


def play(alg, watch=None):
    """The story: (its steps, the world at its end)."""
    book = Book(watch)
    halves = Half("phone", alg, book, phone.Driver), Half("verifier", alg, book, verifier.Driver)
    w = World(*halves, alg, skew=600)
    book.world = w
    invited = w.v("invite", account=ACCOUNT)
    w.p_only("enroll", uri=invited["uri"])
    w.now += 2
    found = w.p("go")  # the clock is wrong: a signed proof_time, then a new request
    id = found["enrollment"]
    w.now += 5
    w.v("confirm", ticket=invited["ticket"], digits=found["digits"])
    w.now += 3
    w.p("poll", enrollment=id)
    w.p("push", enrollment=id, transport="unifiedpush", address="https://push.example/m1")
    w.now += 60
    asked = w.ask(action="transaction", uv=True, details=DETAILS)
    tag = w.v("wake_ups")["wake_ups"][0]["tag"]
    w.now += 1
    request = w.p("wake", tag=tag)["requests"][0]["request"]
    w.now += 5
    w.decide(request, code=wrong(asked["shown"]))
    w.now += 5
    w.decide(request, code=asked["shown"])
    w.v("redeem", sign_in=asked["sign_in"])
    w.now += 60
    w.ask(session="two", digits=8)
    w.decide(w.pull(id), "deny")
    w.now += 60
    asked = w.ask(session="three", uv=True, context={"application": "Payroll"})
    request = w.p("offline", uri=asked["challenges"][0]["uri"])["request"]["request"]
    digits = w.p("digits", request=request, uv=True)["digits"]
    w.now += 10
    w.v("offline", sign_in=asked["sign_in"], digits=digits)
    w.v("redeem", sign_in=asked["sign_in"])
    w.now += 60
    asked = w.ask(session="four")
    w.v("totp", sign_in=asked["sign_in"], digits=w.p("totp", enrollment=id)["digits"])
    w.v("redeem", sign_in=asked["sign_in"])
    w.now += 60
    w.v("rotate_online_keys", compromised=False)
    w.p("poll", enrollment=id)
    w.now += 60
    w.p("rotate", enrollment=id, possession=True, uv_key=True, uv=True)
    w.now += 60
    w.ask(session="five")
    w.decide(w.pull(id), "report")
    w.p("poll", enrollment=id)
    w.now += 600
    w.v("release", enrollment=id)
    w.p("poll", enrollment=id)
    w.now += 60
    w.p("remove", enrollment=id, uv=True)
    w.p("poll", enrollment=id)
    return book.steps, w


def _compacts(value):
    """Every compact JWS in a step, those nested in others behind them."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _compacts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _compacts(inner)
    elif isinstance(value, str) and value.count(".") == 2 and value.startswith("eyJ"):
        yield value
        yield from _compacts(Message(value).payload())


def _messages(steps):
    seen = {}
    for step in steps:
        for compact in _compacts({"command": step["command"], "answer": step["answer"]}):
            if compact not in seen:
                message = Message(compact)
                found = {"step": step["step"], "kind": message.typ(), "jws": compact, "header": message.header}
                seen[compact] = found | {"payload": message.payload(), "h": message.h.hex()}
    return list(seen.values())


def _values(steps, messages, w):
    """What is computed but never on the wire."""

    def of(kind, nth=0):
        return [it for it in messages if it["kind"] == kind][nth]

    def drawn(half, name, nth=0):
        all_of = [it for step in steps if step["half"] == half for it in step["entropy"] if it["name"] == name]
        return bytes.fromhex(all_of[nth]["hex"])

    enroll, enrolled = of("enroll", 1), of("enrolled")
    h_enroll, h_enrolled = bytes.fromhex(enroll["h"]), bytes.fromhex(enrolled["h"])
    ticket = drawn("verifier", "ticket")
    theirs = p256_point(unb64(enrolled["payload"]["epk"]))
    private = p256_private(drawn("phone", "epk_key"))
    z = private.exchange(ec.ECDH(), theirs)
    salt = h_enroll + h_enrolled
    offline = hkdf(salt, z + ticket, "countersign v1 offline")
    totp_key = hkdf(salt, z + ticket, "countersign v1 totp")
    mac_input = b"countersign-enroll" + sha256(w.u.encode()) + unb64(enrolled["payload"]["possession"])
    mac_input += unb64(enrolled["payload"]["uv"]) + sha256(p256_public(private))
    confirm = sha256(b"countersign-confirm", salt)
    typed = [step for step in steps if step["command"]["do"] == "offline" and step["half"] == "verifier"][0]
    scanned = [step for step in steps if step["command"]["do"] == "offline" and step["half"] == "phone"][0]
    h_offline = unb64(scanned["answer"]["request"]["request"])
    totp = [step for step in steps if step["command"]["do"] == "totp" and step["half"] == "verifier"][0]
    return {
        "ticket": ticket.hex(),
        "tid_input": (b"countersign-tid" + ticket).hex(),
        "tid": unb64(enroll["payload"]["tid"]).hex(),
        "tp_input": mac_input.hex(),
        "tp": hmac256(ticket, mac_input).hex(),
        "h_enroll": h_enroll.hex(),
        "h_enrolled": h_enrolled.hex(),
        "confirm_hash": confirm.hex(),
        "confirm_digits": f"{int.from_bytes(confirm[:8], 'big') % 10**6:06d}",
        "z": z.hex(),
        "prk": hmac256(salt, z + ticket).hex(),
        "totp_key": totp_key.hex(),
        "offline_key": offline.hex(),
        "offline_h": h_offline.hex(),
        "offline_question": sha256(b"countersign-offline", h_offline).hex(),
        "offline_digits": typed["command"]["digits"],
        "totp_step": totp["command"]["now"] // 30,
        "totp_digits": totp["command"]["digits"],
    }


def story():
    found = {}
    for alg in ALGS:
        steps, w = play(alg)
        messages = _messages(steps)
        found[alg] = {"steps": steps, "messages": messages, "values": _values(steps, messages, w)}
    return found


# --- Refusals ---

# Which message of its kind the story is spoiled at, counted from 0 as the halves make them.
NTH = {"enroll": 1, "uv": 1, "receipt": 1, "response": 1, "inbox": 2}
BY_PHONE = ("enroll", "uv", "proof", "response", "rotate", "key", "remove")
BY_VERIFIER = ("metadata", "enrolled", "error", "inbox", "challenge", "receipt")


class _Spoiling:
    """Spoils the nth message of a kind; `done` once it was made."""

    def __init__(self, module, kind, alter):
        self.module, self.kind, self.alter = module, kind, alter
        self.left, self.done = NTH.get(kind, 0), None

    def __enter__(self):
        self.honest = honest = self.module.make

        def once(typ, key, payload, by_jwk=False):
            if typ == self.kind and self.done is None:
                if self.left == 0:
                    with spoiling(self.module, self.kind, self.alter):
                        spoiler = self.module.make
                    self.done = spoiler(typ, key, payload, by_jwk)
                    return self.done
                self.left -= 1
            return honest(typ, key, payload, by_jwk)

        self.module.make = once
        return self

    def __exit__(self, *_):
        self.module.make = self.honest


def _to_phone(alg, kind, name, alter):
    """The story up to the answer that is spoiled, and what the phone says to it."""
    found = {}

    def watch(book, half, command, answer):
        if half.name != "verifier" or command["do"] != "http" or not spoiler.done or spoiler.done not in str(answer):
            if not (spoiler.done and half.name == "verifier" and command["do"] == "http" and kind == "challenge"):
                return
        send = book.steps[-2]
        own = send["command"]["now"]
        receive = {"do": "receive", "now": own, "id": send["answer"]["send"]["id"], "sent": own, "received": own}
        found["case"] = {"name": name, "kind": kind, "after_step": send["step"], "receive": receive | answer}
        if kind == "challenge":
            found["case"]["challenge"] = spoiler.done
        found["phone"], found["verifier"] = book.world.phone_half, book.world.verifier_half.driver
        raise Stop

    with _Spoiling(verifier, kind, alter) as spoiler:
        try:
            play(alg, watch)
        except Stop:
            pass
    found["case"]["then"] = []
    said = found["phone"].driver.do(found["case"]["receive"])
    while "send" in said:  # it may fetch metadata once more before it refuses
        last = found["case"]["receive"]
        fetched = found["verifier"].do({"do": "http", "now": last["now"] - 600, "method": "GET", "path": "/metadata"})
        receive = {"do": "receive", "now": last["now"], "id": said["send"]["id"]}
        found["case"]["then"].append(receive | {"sent": last["now"], "received": last["now"]} | fetched)
        said = found["phone"].driver.do(found["case"]["then"][-1])
    if kind == "challenge":
        assert (said.get("refused"), said.get("requests")) == (1, []), (name, said)
    else:
        assert said.get("error") in REFUSED, (kind, name, said)
    return found["case"] | {"must": "refused"}


def _expect(answer, code):
    status = {None: 401, "ticket_used": 409}.get(code, 400)
    assert answer["status"] == status, (answer, code)
    if code:
        assert Message(answer["body"]).payload()["code"] == code, (answer, code)
    return {"status": status, "code": code}


def _to_verifier(alg, kind, name, alter, code):
    found = {}

    def watch(book, half, command, answer):
        send = answer.get("send") or {}
        if half.name != "phone" or not spoiler.done or not send:
            return
        path = send["url"][len(book.world.u) :]
        request = {"method": send["method"], "path": path, "proof": send["proof"], "body": send["body"]}
        found["case"] = {"name": name, "kind": kind, "after_step": len(book.steps) - 2, "now": book.world.now}
        found["case"]["request"] = request
        found["verifier"] = book.world.verifier_half
        raise Stop

    with _Spoiling(phone, kind, alter) as spoiler:
        try:
            play(alg, watch)
        except Stop:
            pass
    case = found["case"]
    answer = found["verifier"].driver.do({"do": "http", "now": case["now"]} | case["request"])
    return case | {"expect": _expect(answer, code)}


def _told(alg):
    """Requests that are refused for what the verifier knows, at chosen steps of the story."""
    steps, w = play(alg)
    https = [step for step in steps if step["command"]["do"] == "http"]

    def step_of(path, nth=0):
        return [step for step in https if step["command"]["path"].endswith(path)][nth]

    def of(step, **changes):
        request = {name: step["command"][name] for name in ("method", "path", "proof", "body")}
        return request | changes

    first, second = step_of("/enrollments", 0), step_of("/enrollments", 1)
    poll, push = step_of("/challenges", 0), step_of("/push", 0)
    answer, remove = step_of("/responses", 1), step_of("/remove", 0)
    last = steps[-1]["step"]
    ticket_ends = 600 - (second["command"]["now"] - steps[2]["command"]["now"])
    unknown = f"/enrollments/{b64(bytes(16))}/challenges"
    cases = [
        ("another request with a used ticket", second, 1, of(first), "ticket_used"),
        ("the same request after the ticket's ten minutes", second, ticket_ends, of(second), "ticket_expired"),
        ("a used ticket after a day", second, ticket_ends + 86_400, of(second), "ticket_unknown"),
        ("a proof for the second time", poll, 0, of(poll), "proof_replayed"),
        ("a proof after 61 s", poll, 61, of(poll), "proof_time"),
        ("no proof", poll, 0, of(poll, proof=None), None),
        ("two proofs", poll, 0, of(poll, proof=[poll["command"]["proof"]] * 2), None),
        ("the proof of another path", poll, 0, of(poll, path=unknown), None),
        ("the proof of a GET with a POST", poll, 0, of(push, proof=poll["command"]["proof"]), "malformed"),
        ("another push address under the same proof", push, 0, of(push, body='{"transport":"none"}'), "malformed"),
        ("an answer without its signature", answer, 0, of(answer, body=answer["command"]["body"].rsplit(".", 1)[0] + "."), None),
        ("an answer of a removed enrolment, by its old key", steps[last], 0, of(step_of("/keys", 0)), 200),
        ("a removal that is repeated", steps[last], 0, of(remove), 200),
        ("no message", poll, 0, of(second, body=""), None),
    ]  # fmt: skip
    for name, step, later, request, code in cases:
        now = step["command"]["now"] + later
        if step["half"] == "phone":
            now = w.now + later
        yield _told_case(alg, name, step["step"], now, request, code)
    for name, method, path, size, status in (
        ("an unknown path", "GET", "/nothing", 0, 404),
        ("another method", "POST", "/metadata", 0, 405),
        ("a body of 16,385 bytes", "POST", "/enrollments", 16_385, 413),
    ):
        request = {"method": method, "path": path, "proof": None, "body": "x" * size}
        yield _told_case(alg, name, last, w.now, request, status)
    yield from _forged(alg)


def _told_case(alg, name, after, now, request, code, forge=None):
    found = {}

    def watch(book, half, command, answer):
        if len(book.steps) == after + 1:
            found["world"] = book.world
            raise Stop

    try:
        play(alg, watch)
    except Stop:
        pass
    if forge:
        request = forge(found["world"])
    answer = found["world"].verifier_half.driver.do({"do": "http", "now": now} | request)
    case = {"name": name, "kind": "state", "after_step": after, "now": now, "request": request}
    if isinstance(code, int):
        assert answer["status"] == code, (name, answer)
        return case | {"expect": {"status": code, "code": None}}
    return case | {"expect": _expect(answer, code)}


def _forged(alg):
    """Answers that the phone's own keys sign but no honest phone writes."""
    steps, _ = play(alg)
    asked = [step for step in steps if step["command"]["do"] == "decide" and step["half"] == "phone"]

    def at(step, key, **changes):
        def forge(world):
            it = next(iter(world.phone_half.it.enrollments.values()))
            compact = step["answer"]["send"]["body"]
            payload = Message(compact).payload() | {"jti": b64(bytes(range(16)))} | changes
            payload.pop("v")
            path = f"/enrollments/{it.id}/responses"
            body = make("response", getattr(it, key), payload)
            return {"method": "POST", "path": path, "proof": None, "body": body}

        return forge

    for name, step, key, changes, code in (
        ("the counter doesn't rise", asked[1], "uv", {"counter": 1}, "clone_suspected"),
        ("approved by possession where verification is asked", asked[1], "possession", {}, "malformed"),
    ):
        now = step["command"]["now"] - 600
        yield _told_case(alg, name, step["step"], now, None, code, at(step, key, **changes))


def refusals():
    found = {}
    for alg in ALGS:
        to_phone = [
            _to_phone(alg, kind, name, alter) for kind in BY_VERIFIER for name, alter, _ in SPOILS[kind]
        ]
        to_verifier = [
            _to_verifier(alg, kind, name, alter, code) for kind in BY_PHONE for name, alter, code in SPOILS[kind]
        ]
        found[alg] = {"phone": to_phone, "verifier": to_verifier + list(_told(alg))}
    return found
