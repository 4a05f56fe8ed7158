#!/usr/bin/env python3
"""The relying party's half of the push protocol, written from docs/protocol.md alone; as a program, its driver (README.md).

It verifies no attestation: each key counts as software, and where metadata requires hardware enrolment is refused. What a
server must keep sealed, hashed or out of its database lies in memory here.
"""
import json
import secrets
import sys
import urllib.parse

from cryptography.hazmat.primitives.asymmetric import ec

import strict
from strict import (
    CONTEXT, HASH, ID, JTI, Message, PrivateKey, PublicKey, Refused, b64, binary, boolean, demand, details, dump, h_of,
    hkdf, hmac256, identifier, make, members, object_of, one_of, p256_point, p256_private, p256_public, point_text,
    positive, quote, sha256, shape, shown, text, unb64, whole,
)  # fmt: skip

DAY = 86400
HOUR = 3600
SKEW = 60
TICKET_LIVES = 600
CONFIRM_WITHIN = 600
REDEEM_WITHIN = 60
SLOT_HELD = 600
JTI_KEPT = 300
OLD_KEY_LISTED = DAY + 600
LARGEST_REQUEST = 16384
LARGEST_LINK = 1200
DEVICE = {name: shown(40) for name in ("name", "model", "os", "app")}
ENROLL = {
    "aud": text, "iat": whole, "exp": whole, "jti": JTI, "tid": HASH, "tp": HASH, "uv": text, "epk": point_text,
    "device": object_of(DEVICE), "push": lambda value: push_object(value),
}  # fmt: skip
ATTESTATION = {"format": one_of("android-key", "apple"), "chain": lambda value: chain(value)}
PROOF = {"iss": text, "aud": text, "iat": whole, "htm": text, "htu": text, "bh": HASH, "jti": JTI}
METHODS = {"pin", "pwd", "fpt", "face"}


def chain(value):
    demand(isinstance(value, list) and value, "a chain is a list of certificates")
    for certificate in value:
        demand(unb64(certificate, 1), "an empty certificate")


def push_object(value):
    """`push`: where a wake-up goes."""
    demand(isinstance(value, dict), "not an object")
    transport = one_of("none", "unifiedpush", "fcm", "apns")(value.get("transport"))
    wanted = {"transport": text}
    if transport != "none":
        wanted |= {"address": text, "tag": binary(16)}
    if transport == "unifiedpush":
        wanted |= {"p256dh": point_text, "auth": binary(16)}
    shape(value, wanted)
    if transport != "none":
        demand(1 <= len(value["address"].encode()) <= 1024, "an address of a wrong length")
    if transport == "unifiedpush":
        try:
            address = urllib.parse.urlsplit(value["address"])
            good = address.scheme == "https" and address.hostname and address.port in (None, 443)
        except ValueError:
            good = False
        demand(good and address.username is None and value["address"].isascii(), "not an address for wake-ups")
    return value


def amr(value):
    demand(isinstance(value, list) and len(value) >= 2 and len(set(map(str, value))) == len(value), "no amr")
    demand(value[0] in ("hwk", "swk"), "amr without a key")
    demand(value[1:] == ["user"] or set(map(str, value[1:])) <= METHODS, "amr without a method")


class Fault(Exception):
    """A request that gets a signed error: status and code."""

    def __init__(self, code, status=400):
        super().__init__(code)
        self.code, self.status = code, status


class Failed(Exception):
    """A command that can't be done: its error, and more members."""

    def __init__(self, code, /, **more):
        super().__init__(code)
        self.answer = {"error": code} | more


class Plain(Exception):
    """An unsigned answer."""

    def __init__(self, status, **more):
        super().__init__(status)
        self.status, self.more = status, more


class Enrollment:
    """One phone of one account."""

    def __init__(self, id, account, ticket, possession, uv, now):
        self.id, self.account, self.ticket = id, account, ticket
        self.possession, self.uv = possession, uv
        self.status, self.since, self.tries = "pending", now, 3
        self.counter = 0
        self.device, self.push = None, {"transport": "none"}
        self.totp_key = self.offline_key = None
        self.totp_step = -1
        self.wrong = self.unapproved = self.unapproved_at = 0
        self.challenge = None  # H of the one that may be live
        self.slot = None  # (session, since)
        self.receipts = {}  # H(response) → {compact, status, left, key, keep}
        self.last = {}  # typ → (H, key, answer)


class Challenge:
    """One challenge to one phone, belonging to one sign-in."""

    def __init__(self, compact, enrollment, sign_in, exp):
        self.compact, self.h, self.enrollment, self.sign_in, self.exp = compact, h_of(compact), enrollment, sign_in, exp
        self.state = "live"
        self.reported = False


class SignIn:
    """One question to a person, put to all of the person's phones."""

    def __init__(self, secret, account, session, body, digits):
        self.secret, self.account, self.session, self.body, self.digits = secret, account, session, body, digits
        self.state, self.shown, self.wrong = "pending", None, 0
        self.challenges = []
        self.exp = self.approved_at = 0
        self.by_uv = self.by_totp = False
        self.typed = {"offline": 0, "totp": 0}


class Verifier:
    """A relying party: its keys, its tickets, its enrolments and its sign-ins."""

    def __init__(self, u, name, alg, uv=False, hardware=False, totp=True, seconds=120, loopback=False, draw=None):
        strict.base_url(u, loopback)
        self.draw = draw or (lambda name, size: secrets.token_bytes(size))
        self.u, self.name, self.alg = u, shown(40)(name), alg
        self.require = {"uv": uv, "hardware": hardware}
        self.totp, self.seconds = totp, seconds
        self.identity = PrivateKey(alg, self.draw("identity_key", 32))
        self.online = PrivateKey(alg, self.draw("online_key", 32))
        self.old = []  # (public key, listed until)
        self.seq = 1
        self.tickets, self.enrollments, self.challenges, self.sign_ins = {}, {}, {}, {}
        self.thumbprints, self.seen = set(), {}
        self.ways = {}  # (account, way) → [wrong in a row, last]
        self.woken, self.noticed = [], []

    # --- Messages ---

    def metadata(self, now):
        keys = [self.online.public.jwk] + [key.jwk for key, _ in self.old]
        payload = {"iss": self.u, "iat": now, "exp": now + 90 * DAY, "seq": self.seq, "name": self.name}
        return make("metadata", self.identity, payload | {"keys": keys, "require": self.require}, by_jwk=True)

    def say(self, typ, aud, now, more):
        return make(typ, self.online, {"iss": self.u, "aud": aud, "iat": now} | more)

    def inbox(self, enrollment, re, now, challenges=()):
        more = {"re": b64(re), "status": enrollment.status, "seq": self.seq, "challenges": list(challenges)}
        return self.say("inbox", enrollment.id, now, more)

    def notice(self, enrollment, event):
        self.noticed.append({"account": enrollment.account["id"], "enrollment": enrollment.id, "event": event})

    # --- Time passes ---

    def tick(self, now):
        """What happens by itself: keys leave, tickets are forgotten, enrolments and sign-ins run out."""
        if any(until <= now for _, until in self.old):
            self.old = [(key, until) for key, until in self.old if until > now]
            self.seq += 1
        self.seen = {key: at for key, at in self.seen.items() if at + JTI_KEPT >= now}
        self.tickets = {tid: it for tid, it in self.tickets.items() if now < it["exp"] + DAY}
        for enrollment in self.enrollments.values():
            if enrollment.status == "pending" and now >= enrollment.since + CONFIRM_WITHIN:
                self.set_status(enrollment, "removed", "removed", now)
            enrollment.receipts = {h: it for h, it in enrollment.receipts.items() if it["keep"] > now}
        for challenge in self.challenges.values():
            if challenge.state == "live" and now >= challenge.exp:
                challenge.state = "expired"
                self.unapproved(challenge.enrollment, now)
        for sign_in in self.sign_ins.values():
            if sign_in.state == "pending" and now >= sign_in.exp:
                sign_in.state = "expired"
            if sign_in.state == "approved" and now > sign_in.approved_at + REDEEM_WITHIN:
                sign_in.state = "expired"

    def unapproved(self, enrollment, now):
        enrollment.unapproved += 1
        enrollment.unapproved_at = now

    def set_status(self, enrollment, status, event, now):
        """Another status; live challenges end with every status but active."""
        enrollment.status = status
        if event:
            self.notice(enrollment, event)
        live = self.live(enrollment, now)
        if status != "active" and live:
            live.state = "cancelled"
            sign_in = live.sign_in
            if sign_in.state == "pending" and not any(it.state == "live" for it in sign_in.challenges):
                sign_in.state = "cancelled"

    def live(self, enrollment, now):
        challenge = self.challenges.get(enrollment.challenge)
        return challenge if challenge and challenge.state == "live" and now < challenge.exp else None

    # --- HTTP ---

    def http(self, method, path, proof, body, now):
        """(status, content type, body) of a request."""
        try:
            return self.route(method, path, proof, body, now)
        except Plain as plain:
            return plain.status, "text/plain", ""

    def route(self, method, path, proof, body, now):
        raw = body.encode("utf-8", "surrogatepass")
        if len(raw) > LARGEST_REQUEST:
            raise Plain(413)
        if path == "/metadata":
            self.only(method, "GET")
            return 200, "application/jose", self.metadata(now)
        if path == "/enrollments":
            self.only(method, "POST")
            return self.enroll(body, now)
        parts = path.split("/")
        if len(parts) != 4 or parts[:2] != ["", "enrollments"]:
            raise Plain(404)
        wanted = {"challenges": "GET", "push": "POST", "responses": "POST", "keys": "POST", "remove": "POST"}
        if parts[3] not in wanted:
            raise Plain(404)
        self.only(method, wanted[parts[3]])
        enrollment = self.enrollments.get(parts[2])
        if not enrollment or enrollment.status == "removed" and now > enrollment.since + 365 * DAY:
            raise Plain(401)
        if parts[3] in ("challenges", "push"):
            return self.proven(enrollment, method, path, proof, raw, now)
        return self.bodied(enrollment, parts[3], body, now)

    @staticmethod
    def only(method, wanted):
        if method != wanted:
            raise Plain(405)

    def authentic(self, compact, keys):
        """A message that one of `keys` signed, and that key; or the unsigned 401."""
        try:
            message = Message(compact)
            demand(message.kid, "no kid")
            key = next((key for key in keys if key.thumbprint == message.kid), None)
            demand(key, "unknown key")
            return message.verify(key), key
        except Refused:
            raise Plain(401) from None

    def outer(self, message, typ, required, optional=None):
        """The payload of a verified message: another type or version is unsupported, any other fault malformed."""
        if message.typ() != typ:
            raise Fault("unsupported")
        try:
            payload = message.payload()
            version = payload.get("v")
            if type(version) is not int or version != 1:
                raise Fault("malformed" if type(version) is not int else "unsupported")
            return members(payload, required, optional)
        except Refused:
            raise Fault("malformed") from None

    def fault(self, fault, aud, re, now):
        body = self.say("error", aud, now, {"re": b64(re), "code": fault.code})
        return fault.status, "application/jose", body

    def ok(self, body):
        return 200, "application/jose", body

    def times(self, payload, enrollment, now):
        if abs(payload["iat"] - now) > SKEW:
            raise Fault("proof_time")
        if (enrollment.id, payload["jti"]) in self.seen:
            raise Fault("proof_replayed")
        self.seen[enrollment.id, payload["jti"]] = now

    def proven(self, enrollment, method, path, proof, raw, now):
        """GET challenges and POST push: authenticated by the proof."""
        proofs = proof if isinstance(proof, list) else [proof]
        if len(proofs) != 1 or proofs[0] is None:
            raise Plain(401)
        message, _ = self.authentic(proofs[0], [enrollment.possession])
        try:
            payload = self.outer(message, "proof", PROOF)
            try:
                demand(payload["iss"] == enrollment.id and payload["aud"] == self.u, "iss or aud")
                demand(payload["htm"] == method and payload["htu"] == self.u + path, "htm or htu")
                demand(payload["bh"] == b64(sha256(raw)), "bh")
                push = push_object(strict.parse_json(raw)) if method == "POST" else None
            except Refused:
                raise Fault("malformed") from None
            if push and enrollment.status not in ("active", "frozen"):
                raise Fault("not_active")
            self.times(payload, enrollment, now)
            if push:
                enrollment.push = push
                return self.ok(self.inbox(enrollment, message.h, now))
            live = self.live(enrollment, now)
            show = live and enrollment.status == "active"
            return self.ok(self.inbox(enrollment, message.h, now, [live.compact] if show else []))
        except Fault as fault:
            return self.fault(fault, enrollment.id, message.h, now)

    def bodied(self, enrollment, what, body, now):
        """POST responses, keys and remove: authenticated by the body."""
        earlier = [it["key"] for it in enrollment.receipts.values()] + [key for _, key, _ in enrollment.last.values()]
        message, key = self.authentic(body, [enrollment.possession, enrollment.uv] + earlier)
        current = key in (enrollment.possession, enrollment.uv)
        try:
            if what == "responses":
                known = enrollment.receipts.get(message.h)
                if known and known["key"] is key:
                    return self.ok(known["compact"])
                if not current:
                    raise Plain(401)
                return self.ok(self.respond(enrollment, message, key, now))
            typ = "rotate" if what == "keys" else "remove"
            known = enrollment.last.get(typ)
            if known and known[0] == message.h and known[1] is key:
                return self.ok(known[2])
            if key is not enrollment.uv:
                raise Plain(401)
            answer = self.rotate(enrollment, message, now) if typ == "rotate" else self.remove(enrollment, message, now)
            enrollment.last[typ] = (message.h, key, answer)
            return self.ok(answer)
        except Fault as fault:
            return self.fault(fault, enrollment.id, message.h, now)

    # --- Enrolment ---

    def enroll(self, body, now):
        try:
            message = Message(body)
            demand(message.jwk, "no jwk")
            message.verify(message.jwk)
        except Refused:
            raise Plain(401) from None
        try:
            return self.ok(self.enrolled(message, now))
        except Fault as fault:
            return self.fault(fault, message.jwk.thumbprint, message.h, now)

    def enrolled(self, message, now):
        attestation = {"attestation": object_of(ATTESTATION)}
        payload = self.outer(message, "enroll", ENROLL, attestation)
        try:
            demand(payload["aud"] == self.u, "aud")
            demand(1 <= payload["exp"] - payload["iat"] <= 300, "a message that lives too long")
            nested = Message(payload["uv"])
            uv = nested.jwk
            demand(uv, "no jwk")
            nested.verify(uv)
            demand(nested.typ() == "uv", "typ")
            inner = members(nested.payload(), {"aud": text, "tid": HASH, "possession": HASH})
            demand(inner["aud"] == self.u and inner["tid"] == payload["tid"], "uv for something else")
            demand(inner["possession"] == message.jwk.thumbprint, "uv for another key")
        except Refused:
            raise Fault("malformed") from None
        ticket = self.tickets.get(payload["tid"])
        if not ticket:
            raise Fault("ticket_unknown")
        epk = unb64(payload["epk"])
        thumbprints = unb64(message.jwk.thumbprint) + unb64(uv.thumbprint)
        bound = hmac256(ticket["t"], b"countersign-enroll", sha256(self.u.encode()), thumbprints, sha256(epk))
        if not secrets.compare_digest(bound, unb64(payload["tp"])):
            raise Fault("ticket_unknown")
        if ticket["used"] and ticket["used"] != message.h:
            raise Fault("ticket_used", 409)
        if now >= ticket["exp"]:
            raise Fault("ticket_expired")
        if ticket["used"]:
            return ticket["answer"]
        if abs(payload["iat"] - now) > SKEW or now >= payload["exp"]:
            raise Fault("proof_time")
        if self.require["hardware"]:
            raise Fault("unsupported")
        new = {message.jwk.thumbprint, uv.thumbprint}
        if len(new) != 2 or new & self.thumbprints:
            raise Fault("malformed")
        self.thumbprints |= new
        id = b64(self.draw("enrollment", 16))
        enrollment = Enrollment(id, ticket["account"], ticket["t"], message.jwk, uv, now)
        enrollment.device, enrollment.push = payload["device"], payload["push"]
        private = p256_private(self.draw("epk_key", 32))
        more = {"re": b64(message.h), "possession": message.jwk.thumbprint, "uv": uv.thumbprint, "enrollment": id}
        more |= {"account": ticket["account"], "name": self.name, "epk": b64(p256_public(private))}
        answer = self.say("enrolled", message.jwk.thumbprint, now, more | {"policy": {"totp": self.totp}})
        salt = message.h + h_of(answer)
        ikm = private.exchange(ec.ECDH(), p256_point(epk)) + ticket["t"]
        enrollment.totp_key = hkdf(salt, ikm, "countersign v1 totp") if self.totp else None
        enrollment.offline_key = hkdf(salt, ikm, "countersign v1 offline")
        number = int.from_bytes(sha256(b"countersign-confirm", salt)[:8], "big") % 10**6
        enrollment.digits = f"{number:06d}"
        self.enrollments[id] = enrollment
        ticket |= {"used": message.h, "answer": answer, "enrollment": enrollment}
        self.notice(enrollment, "enrolled")
        return answer

    def invite(self, account):
        shape(account, {"id": identifier, "name": shown(200)})
        t = self.draw("ticket", 16)
        link = f"countersign://enroll?u={quote(self.u)}&k={self.identity.thumbprint}&t={b64(t)}"
        return f"{link}&n={quote(self.name)}&a={quote(account['name'])}", t

    def confirm(self, t, digits, now):
        ticket = self.tickets.get(b64(sha256(b"countersign-tid", t)))
        enrollment = ticket and ticket.get("enrollment")
        if not enrollment or enrollment.status != "pending":
            raise Failed("nothing_pending")
        if secrets.compare_digest(digits.encode(), enrollment.digits.encode()):
            self.set_status(enrollment, "active", "confirmed", now)
            return True, enrollment
        enrollment.tries -= 1
        if not enrollment.tries:
            self.set_status(enrollment, "removed", "removed", now)
        return False, enrollment

    # --- Asking ---

    def sign_in(self, account, session, body, digits, now):
        """A new question; that of the same session on the same account is superseded."""
        try:
            one_of("sign-in", "transaction")(body["action"])
            shape(body["context"], {}, CONTEXT)
            details(body["details"])
            demand(digits in (6, 7, 8), "6 to 8 digits")
        except Refused as refusal:
            raise Failed("usage", why=str(refusal)) from None
        free, waiting = self.slots(account, session, now)
        for old in self.sign_ins.values():
            if (old.account, old.session, old.state) == (account, session, "pending"):
                self.end(old, "superseded", now)
        found = SignIn(b64(self.draw("sign_in", 16)), account, session, body, digits)
        self.sign_ins[found.secret] = found
        return self.ask(found, free, waiting, now)

    def regenerate(self, sign_in, now):
        if sign_in.state != "pending":
            raise Failed("decided")
        free, waiting = self.slots(sign_in.account, sign_in.session, now)
        return self.ask(sign_in, free, waiting, now)

    def slots(self, account, session, now):
        """The account's active phones that this session may ask now, and those that another one holds."""
        active = [it for it in self.enrollments.values() if it.account["id"] == account and it.status == "active"]
        if not active:
            raise Failed("no_factor")
        free, waiting, held = [], [], False
        for enrollment in active:
            live = self.live(enrollment, now)
            if not live:
                enrollment.slot = (session, now)
                free.append(enrollment)
            elif enrollment.slot[0] != session:
                waiting.append(enrollment)
            elif now - enrollment.slot[1] >= SLOT_HELD:
                held = True
            else:
                free.append(enrollment)
        if held:
            raise Failed("held_too_long")
        if not free:
            raise Failed("busy")
        return free, waiting

    def ask(self, sign_in, free, waiting, now):
        digits = int.from_bytes(self.draw("shown", 16), "big") % 10**sign_in.digits
        sign_in.shown = f"{digits:0{sign_in.digits}d}"
        sign_in.exp = now + self.seconds
        made = []
        for enrollment in free:
            live = self.live(enrollment, now)
            if live:
                live.state = "superseded"
                self.unapproved(enrollment, now)
            body = sign_in.body
            more = {"sub": enrollment.account["id"], "jti": b64(self.draw("jti", 16)), "exp": sign_in.exp}
            more |= {"action": body["action"], "context": body["context"], "details": body["details"]}
            more |= {"require": {"uv": body["uv"] or self.require["uv"], "code": {"digits": sign_in.digits}}}
            challenge = Challenge(self.say("challenge", enrollment.id, now, more), enrollment, sign_in, sign_in.exp)
            self.challenges[challenge.h] = challenge
            enrollment.challenge = challenge.h
            sign_in.challenges.append(challenge)
            self.wake(enrollment, now)
            uri = f"countersign://challenge?c={challenge.compact}"
            uri = uri if len(uri) <= LARGEST_LINK else None
            made.append({"enrollment": enrollment.id, "challenge": challenge.compact, "uri": uri})
        waiting = [enrollment.id for enrollment in waiting]
        return {"sign_in": sign_in.secret, "shown": sign_in.shown, "challenges": made, "waiting": waiting}

    def wake(self, enrollment, now):
        pause = min(HOUR, 60 * 2 ** min(enrollment.unapproved - 3, 10)) if enrollment.unapproved >= 3 else 0
        push = enrollment.push
        if push["transport"] != "none" and now >= enrollment.unapproved_at + pause:
            woken = {"enrollment": enrollment.id, "transport": push["transport"], "address": push["address"]}
            self.woken.append(woken | {"tag": push["tag"]})

    def end(self, sign_in, state, now, by=None):
        """A decision: what is still live on other phones is cancelled, on `by` already answered."""
        sign_in.state = state
        for challenge in sign_in.challenges:
            if challenge.state != "live":
                continue
            if challenge is by:
                challenge.state = "answered"
            elif state == "superseded":
                challenge.state = "superseded"
                self.unapproved(challenge.enrollment, now)
            else:
                challenge.state = "cancelled"
        if by and state in ("denied", "failed"):
            self.unapproved(by.enrollment, now)

    # --- Answers ---

    def respond(self, enrollment, message, key, now):
        wanted = {"iss": text, "aud": text, "iat": whole, "challenge": HASH, "jti": JTI}
        wanted |= {"decision": one_of("approve", "deny", "report"), "amr": amr, "exp": whole, "counter": positive}
        payload = self.outer(message, "response", wanted, {"code": text})
        try:
            demand(payload["iss"] == enrollment.id and payload["aud"] == self.u, "iss or aud")
            demand(("code" in payload) == (payload["decision"] == "approve"), "code goes with approve only")
        except Refused:
            raise Fault("malformed") from None
        status, left = self.judge(enrollment, payload, key, now)
        more = {"re": b64(message.h), "status": status} | ({"attempts_left": left} if left is not None else {})
        receipt = self.say("receipt", enrollment.id, now, more)
        keep = min(payload["exp"], now + 600) + DAY
        enrollment.receipts[message.h] = {"compact": receipt, "more": more, "key": key, "keep": keep}
        return receipt

    def judge(self, enrollment, payload, key, now):
        """(status of the receipt, attempts left) of a new response."""
        if enrollment.status == "frozen":
            return "frozen", None
        if enrollment.status != "active":
            raise Fault("not_active")
        challenge = self.challenges.get(unb64(payload["challenge"]))
        if not challenge or challenge.enrollment is not enrollment:
            raise Fault("malformed")
        sign_in, report = challenge.sign_in, payload["decision"] == "report"
        if now >= challenge.exp:
            ended = {"live": "expired", "answered": "already_answered"}
            return ended.get(challenge.state, challenge.state), None
        if report and challenge.reported:
            return "already_answered", None
        if not report and challenge.state != "live":
            return {"answered": "already_answered"}.get(challenge.state, challenge.state), None
        body = sign_in.body
        if payload["exp"] != challenge.exp:
            raise Fault("malformed")
        if payload["decision"] == "approve":
            if (body["uv"] or self.require["uv"]) and key is not enrollment.uv:
                raise Fault("malformed")
            code = payload["code"]
            if not (code.isascii() and code.isdigit() and len(code) == sign_in.digits):
                raise Fault("malformed")
        if payload["counter"] <= enrollment.counter:
            self.set_status(enrollment, "suspended", "suspended", now)
            raise Fault("clone_suspected")
        enrollment.counter = payload["counter"]
        if report:
            return self.report(challenge, now), None
        if payload["decision"] == "deny":
            self.end(sign_in, "denied", now, by=challenge)
            return "denied", None
        if secrets.compare_digest(payload["code"], sign_in.shown):
            self.end(sign_in, "approved", now, by=challenge)
            sign_in.approved_at, sign_in.by_uv = now, key is enrollment.uv
            enrollment.wrong = enrollment.unapproved = 0
            for way in ("offline", "totp"):
                self.ways.pop((sign_in.account, way), None)
            return "approved", None
        sign_in.wrong += 1
        enrollment.wrong += 1
        if sign_in.wrong == 3:
            self.end(sign_in, "failed", now, by=challenge)
        if enrollment.wrong >= 100:
            self.set_status(enrollment, "suspended", "suspended", now)
        return "wrong_code", 3 - sign_in.wrong

    def report(self, challenge, now):
        sign_in = challenge.sign_in
        used = sign_in.state == "used"
        if sign_in.state in ("pending", "approved"):
            self.end(sign_in, "reported", now, by=challenge)
        challenge.reported, challenge.state = True, "answered"
        self.set_status(challenge.enrollment, "frozen", "frozen", now)
        return "already_answered" if used else "reported"

    # --- Codes typed into the page ---

    def typed(self, sign_in, way, digits, accepted, now):
        """A typed code; `accepted` gives the enrolment whose code it is, or none."""
        if sign_in.state != "pending":
            raise Failed("decided")
        if sign_in.typed[way] == 3:
            raise Failed("no_tries")
        row = self.ways.setdefault((sign_in.account, way), [0, 0])
        if row[0] >= 100:
            raise Failed("disabled")
        pause = min(HOUR, 2 ** min(row[0] - 3, 12)) if row[0] >= 3 else 0
        if now < row[1] + pause:
            raise Failed("wait", seconds=row[1] + pause - now)
        if digits.isascii() and accepted(digits):
            row[0] = 0
            sign_in.approved_at = now
            return {"accepted": True, "tries_left": 3 - sign_in.typed[way], "state": "approved"}
        sign_in.typed[way] += 1
        row[0], row[1] = row[0] + 1, now
        return {"accepted": False, "tries_left": 3 - sign_in.typed[way]}

    def offline(self, sign_in, digits, now):
        def accepted(typed):
            for challenge in sign_in.challenges:
                usable = challenge.state in ("live", "superseded") and now < challenge.exp
                if usable and challenge.enrollment.status == "active":
                    if secrets.compare_digest(eight_digits(challenge.enrollment.offline_key, challenge.h), typed):
                        challenge.state = "live"
                        self.end(sign_in, "approved", now, by=challenge)
                        for other in sign_in.challenges:
                            if other.enrollment is challenge.enrollment and other.state == "cancelled":
                                other.state = "answered"
                        challenge.enrollment.unapproved = 0
                        sign_in.by_uv = True
                        return True
            return False

        return self.typed(sign_in, "offline", digits, accepted, now)

    def totp_code(self, sign_in, digits, now):
        if sign_in.body["action"] != "sign-in" or sign_in.body["uv"] or self.require["uv"]:
            raise Failed("not_allowed")

        def accepted(typed):
            for enrollment in self.enrollments.values():
                if enrollment.account["id"] != sign_in.account or enrollment.status != "active":
                    continue
                for step in range(now // 30 - 1, now // 30 + 2):
                    good = enrollment.totp_key and step > enrollment.totp_step
                    if good and secrets.compare_digest(totp(enrollment.totp_key, step), typed):
                        enrollment.totp_step = step
                        self.end(sign_in, "approved", now)
                        sign_in.by_totp = True
                        return True
            return False

        return self.typed(sign_in, "totp", digits, accepted, now)

    def redeem(self, sign_in):
        if sign_in.state != "approved":
            raise Failed(sign_in.state)
        sign_in.state = "used"
        return {"redeemed": True, "uv": sign_in.by_uv, "hardware": False}

    # --- Lifecycle ---

    def rotate(self, enrollment, message, now):
        wanted = {"iss": text, "aud": text, "iat": whole, "jti": JTI}
        payload = self.outer(message, "rotate", wanted, {"possession": text, "uv": text})
        new = {}
        try:
            demand(payload["iss"] == enrollment.id and payload["aud"] == self.u, "iss or aud")
            for role in ("possession", "uv"):
                if role not in payload:
                    continue
                nested = Message(payload[role])
                demand(nested.jwk, "no jwk")
                nested.verify(nested.jwk)
                demand(nested.typ() == "key", "typ")
                inner = members(nested.payload(), {"iss": text, "aud": text, "role": one_of("possession", "uv")})
                demand(inner["iss"] == enrollment.id and inner["aud"] == self.u and inner["role"] == role, "role")
                demand(nested.jwk.thumbprint not in self.thumbprints, "a key that was used before")
                new[role] = nested.jwk
            demand(new, "no new key")
            demand(len({key.thumbprint for key in new.values()}) == len(new), "one key in two roles")
        except Refused:
            raise Fault("malformed") from None
        if enrollment.status != "active":
            raise Fault("not_active")
        self.times(payload, enrollment, now)
        for role, key in new.items():
            setattr(enrollment, role, key)
            self.thumbprints.add(key.thumbprint)
        self.notice(enrollment, "rotated")
        return self.inbox(enrollment, message.h, now)

    def remove(self, enrollment, message, now):
        payload = self.outer(message, "remove", {"iss": text, "aud": text, "iat": whole, "jti": JTI})
        if payload["iss"] != enrollment.id or payload["aud"] != self.u:
            raise Fault("malformed")
        if enrollment.status not in ("active", "frozen", "suspended"):
            raise Fault("not_active")
        self.times(payload, enrollment, now)
        enrollment.since = now
        self.set_status(enrollment, "removed", "removed", now)
        return self.inbox(enrollment, message.h, now)

    def rotate_online(self, compromised, now):
        old = self.online.public
        self.online = PrivateKey(self.alg, self.draw("online_key", 32))
        self.seq += 1
        if not compromised:
            self.old.insert(0, (old, now + OLD_KEY_LISTED))
            return
        for enrollment in self.enrollments.values():
            if enrollment.status == "pending":
                self.set_status(enrollment, "removed", "removed", now)
            for receipt in enrollment.receipts.values():
                receipt["compact"] = self.say("receipt", enrollment.id, now, receipt["more"])
            for typ, (h, key, _) in list(enrollment.last.items()):
                enrollment.last[typ] = (h, key, self.inbox(enrollment, h, now))
            live = self.live(enrollment, now)
            if live:
                self.end(live.sign_in, "cancelled", now)


def hotp(key, message, digits):
    mac = hmac256(key, message)
    offset = mac[-1] & 15
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}d}"


def totp(key, step):
    """Six digits of a step of 30 s (RFC 6238 with SHA-256)."""
    return hotp(key, step.to_bytes(8, "big"), 6)


def eight_digits(key, h):
    """The offline answer to the challenge whose H is `h` (RFC 6287: OCRA-1:HOTP-SHA256-8:QH64)."""
    question = sha256(b"countersign-offline", h).ljust(128, b"\0")
    return hotp(key, b"OCRA-1:HOTP-SHA256-8:QH64\0" + question, 8)


class Driver:
    """The commands of README.md on one verifier."""

    def __init__(self, draw=None):
        self.draw = draw
        self.it = None

    def do(self, command):
        handler = getattr(self, "do_" + str(command.get("do")), None)
        if not handler:
            return {"error": "unknown_command"}
        if self.it is None and command["do"] != "start":
            return {"error": "not_started"}
        now = command["now"]
        try:
            if self.it:
                self.it.tick(now)
            return handler(command, now)
        except Failed as failed:
            return failed.answer
        except Refused as refused:
            return {"error": "usage", "why": str(refused)}

    def found(self, command, what):
        table = self.it.enrollments if what == "enrollment" else self.it.sign_ins
        found = table.get(command[what])
        if not found:
            raise Failed("unknown")
        return found

    def do_start(self, c, now):
        self.it = Verifier(
            c["u"], c["name"], c["alg"], c["uv"], c["hardware"], c["totp"], c.get("challenge_seconds", 120),
            c.get("allow_loopback_http", False), self.draw,
        )  # fmt: skip
        return {"k": self.it.identity.thumbprint}

    def do_invite(self, c, now):
        uri, t = self.it.invite(c["account"])
        tid = b64(sha256(b"countersign-tid", t))
        self.it.tickets[tid] = {"t": t, "account": c["account"], "exp": now + TICKET_LIVES, "used": None}
        return {"uri": uri, "ticket": b64(t)}

    def do_http(self, c, now):
        status, content_type, body = self.it.http(c["method"], c["path"], c.get("proof"), c.get("body", ""), now)
        return {"status": status, "content_type": content_type, "body": body}

    def do_confirm(self, c, now):
        confirmed, enrollment = self.it.confirm(unb64(c["ticket"]), c["digits"], now)
        return {"confirmed": confirmed, "tries_left": enrollment.tries, "enrollment": enrollment.id}

    def do_sign_in(self, c, now):
        body = {"action": c["action"], "context": c["context"], "details": c["details"], "uv": c["uv"]}
        return self.it.sign_in(c["account"], c["session"], body, c["digits"], now)

    def do_regenerate(self, c, now):
        return self.it.regenerate(self.found(c, "sign_in"), now)

    def do_status(self, c, now):
        return {"state": self.found(c, "sign_in").state}

    def do_redeem(self, c, now):
        return self.it.redeem(self.found(c, "sign_in"))

    def do_cancel(self, c, now):
        sign_in = self.found(c, "sign_in")
        if sign_in.state in ("pending", "approved"):
            self.it.end(sign_in, "cancelled", now)
        return {"state": sign_in.state}

    def do_offline(self, c, now):
        return self.it.offline(self.found(c, "sign_in"), c["digits"], now)

    def do_totp(self, c, now):
        return self.it.totp_code(self.found(c, "sign_in"), c["digits"], now)

    def set_status(self, c, now, allowed, status, event):
        enrollment = self.found(c, "enrollment")
        if enrollment.status in allowed:
            if status == "removed":
                enrollment.since = now
            self.it.set_status(enrollment, status, event, now)
        return {"status": enrollment.status}

    def do_freeze(self, c, now):
        return self.set_status(c, now, ("active",), "frozen", "frozen")

    def do_release(self, c, now):
        return self.set_status(c, now, ("frozen", "suspended"), "active", "released")

    def do_revoke(self, c, now):
        return self.set_status(c, now, ("pending", "active", "frozen", "suspended"), "removed", "removed")

    def do_enrollment(self, c, now):
        it = self.found(c, "enrollment")
        found = {"status": it.status, "counter": it.counter, "hardware": False, "transport": it.push["transport"]}
        return found | {"possession": it.possession.thumbprint, "uv": it.uv.thumbprint}

    def do_rotate_online_keys(self, c, now):
        self.it.rotate_online(c["compromised"], now)
        return {"kid": self.it.online.thumbprint, "seq": self.it.seq}

    def do_change(self, c, now):
        if "name" in c:
            self.it.name = shown(40)(c["name"])
        for name in ("uv", "hardware"):
            if name in c:
                self.it.require = self.it.require | {name: boolean(c[name])}
        self.it.seq += 1
        return {"seq": self.it.seq}

    def do_wake_ups(self, c, now):
        found, self.it.woken = self.it.woken, []
        return {"wake_ups": found}

    def do_notices(self, c, now):
        found, self.it.noticed = self.it.noticed, []
        return {"notices": found}


def main():
    driver = Driver()
    for line in sys.stdin.buffer:
        print(json.dumps(driver.do(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
