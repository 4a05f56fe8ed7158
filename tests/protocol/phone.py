#!/usr/bin/env python3
"""The authenticator's half of the push protocol, written from docs/protocol.md alone; as a program, its driver (README.md).

What waits for a server is a generator: it yields a Send and gets a Reply. What a phone must keep sealed and across a crash
lies in memory here; the order in which it is changed is the one in which a phone would store it.
"""
import json
import secrets
import sys
import unicodedata

from cryptography.hazmat.primitives.asymmetric import ec

import strict
from strict import (
    CONTEXT, HASH, ID, JTI, Message, PrivateKey, PublicKey, Refused, b64, boolean, demand, details, dump, h_of, hkdf,
    hmac256, identifier, make, members, object_of, one_of, p256_point, p256_private, p256_public, parse_invitation,
    parse_link, point_text, positive, sha256, shape, shown, text, unb64, whole,
)  # fmt: skip

DAY = 86400
STATUS = one_of("pending", "active", "frozen", "suspended", "removed")
RECEIPT = one_of(
    "approved", "denied", "reported", "wrong_code", "expired", "superseded", "cancelled", "already_answered", "frozen"
)
CODES = one_of(
    "malformed", "unsupported", "ticket_unknown", "ticket_used", "ticket_expired", "proof_time", "proof_replayed",
    "clone_suspected", "not_active",
)  # fmt: skip
ANSWER = {"iss": text, "aud": text, "iat": whole, "re": HASH}
INBOX = ANSWER | {"status": STATUS, "seq": whole, "challenges": lambda value: compacts(value)}
# Assigned by Unicode 14.0: no sender uses them yet.
NEWER = (
    "61d 870-88e 890-891 898-89f 8b5 8c8-8d2 c3c c5d cdd 170d 1715 171f 180f 1ac1-1ace 1b4c 1b7d-1b7e 1dfa 20c0 2c2f 2c5f "
    "2e53-2e5d 9ffd-9fff a7c0-a7c1 a7d0-a7d1 a7d3 a7d5-a7d9 a7f2-a7f4 fbc2 fd40-fd4f fdcf fdfe-fdff 10570-105bc "
    "10780-107ba 10f70-10f89 11070-11075 110c2 116b9 11740-11746 11ab0-11abf 12f90-12ff2 16a70-16ac9 1aff0-1affe "
    "1b11f-1b122 1cf00-1cfc3 1d1e9-1d1ea 1df00-1df1e 1e290-1e2ae 1e7e0-1e7fe 1f6dd-1f6df 1f7f0 1f979 1f9cc 1fa7b-1fa7c "
    "1faa9-1faac 1fab7-1faba 1fac3-1fac5 1fad7-1fad9 1fae0-1fae7 1faf0-1faf6 2a6de-2a6df 2b735-2b738"
)
NEWER = [tuple(int(end, 16) for end in (part.split("-") * 2)[:2]) for part in NEWER.split()]


def compacts(value):
    demand(isinstance(value, list) and len(value) <= 1, "more than one challenge")
    for item in value:
        text(item)


def fit(value):
    """A device member as it may be shown: what can't be is left out, what is too long is cut."""
    value = unicodedata.normalize("NFC", value)
    kept = ""
    for c in value:
        category = unicodedata.category(c)
        bad = category in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") or category == "Cf" and c not in "\u200c\u200d"
        if not bad and not any(first <= ord(c) <= last for first, last in NEWER):
            kept += c
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", kept)[:40]) or "?"


class Failed(Exception):
    """A command that ends in an error."""

    def __init__(self, code, /, **more):
        super().__init__(code)
        self.code = code
        self.answer = {"error": code} | more


class Network(Failed):
    """Nothing came, or nothing that a key of the verifier signed."""

    def __init__(self, why=""):
        super().__init__("network", why=str(why))


class Told(Failed):
    """A signed error."""

    def __init__(self, code):
        super().__init__("verifier", code=code)
        self.told = code


class UnknownKid(Exception):
    """A message by a key that the stored metadata doesn't list."""


class Send:
    """A request to send, and what is known already."""

    def __init__(self, method, url, proof=None, body="", **known):
        self.request = {"method": method, "url": url, "proof": proof, "body": body}
        self.known = known


class Reply:
    """What came back, with the phone's own seconds."""

    def __init__(self, command):
        self.status, self.body = command["status"], command.get("body") or ""
        self.sent, self.received = command["sent"], command["received"]

    def offset(self, iat):
        return iat - (self.sent + self.received) // 2 if 0 <= self.received - self.sent <= 10 else None


class Site:
    """What is known of one verifier: its metadata and its clock."""

    def __init__(self, u, k):
        self.u, self.k = u, k
        self.metadata, self.keys = None, {}
        self.fetched = self.tried = None
        self.offset = self.offset_kid = None
        self.floor = 0
        self.denials, self.muted_until = [], 0

    def time(self, own):
        return max(own + (self.offset or 0), self.floor)

    def adopt(self, metadata, keys, own):
        self.metadata, self.keys, self.fetched = metadata, keys, own
        self.floor = max(self.floor, metadata["iat"])
        if self.offset_kid not in keys:
            self.offset = self.offset_kid = None

    def timely(self, now):
        return self.metadata["iat"] <= now + 60 and now < self.metadata["exp"]


class Request:
    """A challenge that was verified; `state`: open, sent, answered, offline, closed."""

    def __init__(self, h, payload, offline):
        self.h, self.payload, self.offline, self.state, self.reported = h, payload, offline, "open", False


class Enrollment:
    """One account at one verifier."""

    def __init__(self, site, id, flow, payload, own):
        self.site, self.id, self.since = site, id, own
        self.possession, self.uv = flow["possession"], flow["uv"]
        self.account, self.name, self.status = payload["account"], payload["name"], "pending"
        self.totp_key = self.offline_key = None
        self.counter, self.requests = 0, {}
        self.answers = []  # {h, exp, compact, decision, first, entry}
        self.pending = {}  # rotate, remove → {compact, first, …}
        self.tag, self.woken = None, None


class Phone:
    """An authenticator."""

    def __init__(self, alg, device, loopback=False, amr=("swk", "pin"), draw=None):
        self.draw = draw or (lambda name, size: secrets.token_bytes(size))
        self.alg, self.amr, self.loopback = alg, list(amr), loopback
        self.device = {name: fit(device[name]) for name in ("name", "model", "os", "app")}
        self.sites, self.enrollments, self.history = {}, {}, []
        self.invited = self.flow = None
        self.heard = None  # the last answer that was accepted, as it came
        self.now = 0

    # --- Reading what a verifier says ---

    def open_metadata(self, site, reply):
        """(payload, keys) of metadata under the pinned identity key, judged by all but time."""
        if reply.status != 200:
            raise Network(f"status {reply.status}")
        try:
            message = Message(reply.body)
            demand(message.jwk and message.jwk.thumbprint == site.k, "not the pinned key")
            message.verify(message.jwk)
        except Refused as refused:
            raise Network(refused) from None
        try:
            demand(message.typ() == "metadata", "typ")
            wanted = {"iss": text, "iat": whole, "exp": whole, "seq": whole, "name": shown(40)}
            wanted |= {"keys": lambda value: demand(isinstance(value, list) and value, "no keys")}
            payload = members(message.payload(), wanted | {"require": object_of({"uv": boolean, "hardware": boolean})})
            demand(payload["iss"] == site.u, "iss")
            demand(0 < payload["exp"] - payload["iat"] <= 90 * DAY, "metadata lives too long")
            keys = {key.thumbprint: key for key in map(PublicKey, payload["keys"])}
            demand(len(keys) == len(payload["keys"]), "a key twice")
            demand(site.k not in keys, "metadata lists the identity key")
            old = site.metadata
            if old:
                demand(payload["seq"] >= old["seq"], "seq went back")
                same = all(payload[name] == old[name] for name in ("name", "keys", "require"))
                demand(payload["seq"] > old["seq"] or same, "changed, with the same seq")
        except Refused as refused:
            raise Failed("refused", why=str(refused)) from None
        return payload, keys

    def fetch(self, site, offset):
        """Fetches metadata, at most once a minute, and judges it by `offset`; whether it was taken."""
        if site.tried is not None and 0 <= self.now - site.tried < 60:
            return False
        site.tried = self.now
        reply = yield Send("GET", site.u + "/metadata")
        try:
            payload, keys = self.open_metadata(site, reply)
        except Failed:
            return False
        now = self.now + (offset or 0)
        if offset is not None and not (payload["iat"] <= now + 60 and now < payload["exp"]):
            return False
        old = site.metadata
        if old and payload["seq"] == old["seq"] and payload["iat"] < old["iat"]:
            payload = old
        site.adopt(payload, keys, self.now)
        return True

    def open(self, site, aud, re, reply, typ, wanted, optional):
        """(type, payload, kid) of a signed answer to the request that `re` names."""
        if reply.status not in (200, 400, 409):
            raise Network(f"status {reply.status}")
        try:
            message = Message(reply.body)
            demand(message.kid, "no kid")
            if message.kid not in site.keys:
                raise UnknownKid
            message.verify(site.keys[message.kid])
        except Refused as refused:
            raise Network(refused) from None
        try:
            found = typ if reply.status == 200 else "error"
            demand(message.typ() == found, "typ or status")
            shapes = (ANSWER | {"code": CODES}, {}) if found == "error" else (wanted, optional)
            payload = members(message.payload(), *shapes)
            demand(payload["iss"] == site.u and payload["aud"] == aud, "iss or aud")
            demand(payload["re"] == b64(re), "an answer to something else")
            if found == "error":
                demand((payload["code"] == "ticket_used") == (reply.status == 409), "code and status")
        except Refused as refused:
            raise Failed("refused", why=str(refused)) from None
        return found, payload, message.kid

    def ask(self, send, site, aud, re, typ, wanted, optional=None, first=True):
        """Sends, and gives the payload of the verified answer; raises Told for a signed error."""
        reply = yield send
        fetched = False
        while True:
            try:
                found, payload, kid = self.open(site, aud, re, reply, typ, wanted, optional)
            except UnknownKid:
                if fetched or not (yield from self.fetch(site, site.offset)):
                    raise Network("unknown key") from None
                fetched = True
                continue
            offset = reply.offset(payload["iat"]) if first else None
            by = site.offset if offset is None else offset
            seq = payload.get("seq", site.metadata["seq"])
            if seq < site.metadata["seq"]:
                raise Failed("refused", why="an older seq")
            newer = seq > site.metadata["seq"]
            late = by is not None and not site.timely(self.now + by)
            if not fetched and (newer or late or abs(self.now - site.fetched) > DAY):
                fetched = True
                if not (yield from self.fetch(site, by)) and (newer or late):
                    raise Failed("refused", why="metadata could not be fetched")
                continue
            if late:
                raise Failed("refused", why="metadata has expired")
            break
        if offset is not None:
            site.offset, site.offset_kid = offset, kid
        if found == "error":
            raise Told(payload["code"])
        self.heard = reply.body
        return payload

    # --- Enrolment ---

    def go(self):
        invited, self.invited = self.invited, None
        if not invited:
            raise Failed("bad_invitation", why="nothing was scanned")
        site = self.sites.get((invited["u"], invited["k"])) or Site(invited["u"], invited["k"])
        reply = yield Send("GET", site.u + "/metadata")
        payload, keys = self.open_metadata(site, reply)
        now = self.now + (site.offset or 0)
        if site.offset is not None and not (payload["iat"] <= now + 60 and now < payload["exp"]):
            raise Failed("refused", why="metadata has expired")
        site.adopt(payload, keys, self.now)
        if payload["require"]["hardware"]:
            raise Failed("unsupported")
        flow = {"site": site, "t": unb64(invited["t"]), "hint": invited["a"]}
        flow |= {role: PrivateKey(self.alg, self.draw(f"{role}_key", 32)) for role in ("possession", "uv")}
        flow["epk"] = p256_private(self.draw("epk_key", 32))
        self.flow = flow
        self.write_enroll(flow)
        return (yield from self.enroll(flow))

    def write_enroll(self, flow):
        site, t, possession, uv = flow["site"], flow["t"], flow["possession"], flow["uv"]
        epk = p256_public(flow["epk"])
        tid = b64(sha256(b"countersign-tid", t))
        thumbprints = unb64(possession.thumbprint) + unb64(uv.thumbprint)
        tp = hmac256(t, b"countersign-enroll", sha256(site.u.encode()), thumbprints, sha256(epk))
        nested = make("uv", uv, {"aud": site.u, "tid": tid, "possession": possession.thumbprint}, by_jwk=True)
        iat = site.time(self.now)
        payload = {"aud": site.u, "iat": iat, "exp": iat + 300, "jti": b64(self.draw("jti", 16)), "tid": tid}
        payload |= {"tp": b64(tp), "uv": nested, "epk": b64(epk), "device": self.device}
        flow["compact"] = make("enroll", possession, payload | {"push": {"transport": "none"}}, by_jwk=True)
        flow["first"] = True

    def enroll(self, flow):
        """Sends the stored request; once more, written anew, after a signed proof_time."""
        try:
            return (yield from self.enroll_once(flow))
        except Told as told:
            if told.told != "proof_time" or flow["site"].offset is None:
                self.flow = None
                raise
        self.write_enroll(flow)
        try:
            return (yield from self.enroll_once(flow))
        except Told:
            self.flow = None
            raise

    def enroll_once(self, flow):
        site, first, flow["first"] = flow["site"], flow["first"], False
        h, thumbprint = h_of(flow["compact"]), flow["possession"].thumbprint
        wanted = ANSWER | {"possession": HASH, "uv": HASH, "enrollment": ID, "name": shown(40), "epk": point_text}
        wanted |= {"account": object_of({"id": identifier, "name": shown(200)}), "policy": object_of({"totp": boolean})}
        send = Send("POST", site.u + "/enrollments", None, flow["compact"])
        payload = yield from self.ask(send, site, thumbprint, h, "enrolled", wanted, first=first)
        heard = self.heard
        good = payload["possession"] == thumbprint and payload["uv"] == flow["uv"].thumbprint
        if not good or payload["enrollment"] in self.enrollments:
            raise Failed("refused", why="keys or id")
        if payload["name"] != site.metadata["name"]:
            yield from self.fetch(site, site.offset)
            if payload["name"] != site.metadata["name"]:
                raise Failed("refused", why="another name than metadata's")
        enrollment = Enrollment(site, payload["enrollment"], flow, payload, self.now)
        salt = h + h_of(heard)
        ikm = flow["epk"].exchange(ec.ECDH(), p256_point(unb64(payload["epk"]))) + flow["t"]
        enrollment.offline_key = hkdf(salt, ikm, "countersign v1 offline")
        if payload["policy"]["totp"]:
            enrollment.totp_key = hkdf(salt, ikm, "countersign v1 totp")
        if site.offset is None:
            yield from self.poll(enrollment)
        if site.offset is None or not site.timely(self.now + site.offset):
            raise Failed("refused", why="no clock to judge metadata by")
        self.sites[site.u, site.k] = site
        self.enrollments[enrollment.id] = enrollment
        self.flow = None
        number = int.from_bytes(sha256(b"countersign-confirm", salt)[:8], "big") % 10**6
        differs = flow["hint"] is not None and flow["hint"] != enrollment.account["name"]
        return self.described(enrollment) | {"digits": f"{number:06d}", "hint_differs": differs}

    # --- Polling ---

    def proof(self, enrollment, method, path, body=b""):
        site = enrollment.site
        payload = {"iss": enrollment.id, "aud": site.u, "iat": site.time(self.now), "htm": method, "htu": site.u + path}
        payload |= {"bh": b64(sha256(body)), "jti": b64(self.draw("jti", 16))}
        return make("proof", enrollment.possession, payload)

    def proven(self, enrollment, method, what, body=b"", **known):
        """A request by proof; once more after a signed proof_time."""
        path = f"/enrollments/{enrollment.id}/{what}"
        for last in (False, True):
            proof = self.proof(enrollment, method, path, body)
            send = Send(method, enrollment.site.u + path, proof, body.decode(), **known)
            try:
                payload = yield from self.ask(send, enrollment.site, enrollment.id, h_of(proof), "inbox", INBOX)
            except Told as told:
                if last or told.told != "proof_time":
                    raise
                continue
            self.sane(payload, method == "GET")
            return payload

    @staticmethod
    def sane(inbox, may_list):
        if inbox["challenges"] and not (may_list and inbox["status"] == "active"):
            raise Failed("refused", why="a challenge where none may be")

    def poll(self, enrollment, **known):
        """One poll: takes the status, judges what is listed, closes what isn't."""
        inbox = yield from self.proven(enrollment, "GET", "challenges", **known)
        self.take(enrollment, inbox)
        refused, listed = 0, set()
        for compact in inbox["challenges"]:
            try:
                listed.add(h_of(compact))
                try:
                    self.judge(enrollment, compact)
                except UnknownKid:
                    yield from self.fetch(enrollment.site, enrollment.site.offset)
                    self.judge(enrollment, compact)
            except (Refused, UnknownKid):
                refused += 1
        for request in enrollment.requests.values():
            if request.state == "open" and request.h not in listed:
                request.state = "closed"
        return {"status": enrollment.status, "requests": self.shown(enrollment), "refused": refused}

    def take(self, enrollment, inbox):
        enrollment.status = inbox["status"]
        if enrollment.status != "active":
            for request in enrollment.requests.values():
                if request.state == "open":
                    request.state = "closed"

    def judge(self, enrollment, compact, offline=False):
        """A challenge, verified and kept; Refused, or UnknownKid."""
        site = enrollment.site
        message = Message(compact)
        demand(message.kid, "no kid")
        if message.kid not in site.keys:
            raise UnknownKid
        message.verify(site.keys[message.kid])
        demand(message.typ() == "challenge", "typ")
        code = object_of({"digits": lambda value: demand(type(value) is int and 6 <= value <= 8, "digits")})
        wanted = {"iss": text, "aud": text, "iat": whole, "sub": identifier, "jti": JTI, "exp": whole}
        wanted |= {"action": one_of("sign-in", "transaction"), "context": object_of({}, CONTEXT), "details": details}
        payload = members(message.payload(), wanted | {"require": object_of({"uv": boolean, "code": code})})
        demand(payload["iss"] == site.u and payload["aud"] == enrollment.id, "iss or aud")
        demand(payload["sub"] == enrollment.account["id"], "another account")
        now = site.time(self.now)
        demand(0 < payload["exp"] - payload["iat"] <= 600, "it lives too long")
        demand(payload["iat"] <= now + 60, "from the future")
        demand(now < payload["exp"], "it has expired")
        demand(payload["require"]["uv"] or not site.metadata["require"]["uv"], "without user verification")
        known = enrollment.requests.get(message.h)
        if not known:
            known = enrollment.requests[message.h] = Request(message.h, payload, offline)
        known.offline |= offline
        return known

    def sweep(self):
        for enrollment in list(self.enrollments.values()):
            now = enrollment.site.time(self.now)
            if enrollment.status == "pending" and self.now - enrollment.since > DAY:
                del self.enrollments[enrollment.id]
            kept = {h: it for h, it in enrollment.requests.items() if now <= it.payload["exp"] + 600}
            enrollment.requests = kept
            enrollment.answers = [it for it in enrollment.answers if now < it["exp"] + DAY]

    def shown(self, enrollment):
        now = enrollment.site.time(self.now)
        return [
            self.request(enrollment, it)
            for it in enrollment.requests.values()
            if it.state == "open" and now < it.payload["exp"] and enrollment.status == "active"
        ]

    @staticmethod
    def request(enrollment, it):
        p = it.payload
        found = {"request": b64(it.h), "enrollment": enrollment.id, "name": enrollment.site.metadata["name"]}
        found |= {"account": enrollment.account["name"], "action": p["action"], "context": p["context"]}
        found |= {"details": p["details"], "uv": p["require"]["uv"], "digits": p["require"]["code"]["digits"]}
        return found | {"exp": p["exp"], "offline": it.offline}

    @staticmethod
    def described(it):
        found = {"enrollment": it.id, "u": it.site.u, "name": it.site.metadata["name"], "account": it.account["name"]}
        found |= {"status": it.status, "totp": it.totp_key is not None, "offset": it.site.offset}
        return found | {"seq": it.site.metadata["seq"], "muted_until": it.site.muted_until}

    # --- Answering ---

    def wanted(self, h, states):
        """The request whose H is `h` and its enrolment, if it is in one of `states` and still alive."""
        for enrollment in self.enrollments.values():
            it = enrollment.requests.get(h)
            if not it:
                continue
            if enrollment.status != "active":
                raise Failed("not_active")
            if enrollment.site.time(self.now) >= it.payload["exp"]:
                raise Failed("expired")
            if it.state in states:
                return enrollment, it
        raise Failed("unknown_request")

    def decide(self, h, decision, code, verified):
        report = decision == "report"
        states = ("open", "sent", "answered", "offline", "closed") if report else ("open",)
        try:
            enrollment, it = self.wanted(h, states)
        except Failed as failed:
            if failed.code == "expired":
                self.close(h)
            raise
        site, p = enrollment.site, it.payload
        if it.reported:
            raise Failed("unknown_request")
        now = site.time(self.now)
        if not report and any(now < answer["exp"] for answer in enrollment.answers):
            raise Failed("held_back")
        digits = p["require"]["code"]["digits"]
        if decision == "approve":
            good = isinstance(code, str) and code.isascii() and code.isdigit() and len(code) == digits
            if not good:
                raise Failed("code_needed")
            if p["require"]["uv"] and not verified:
                raise Failed("uv_needed")
        if decision == "deny":
            site.denials = [at for at in site.denials if self.now - at < 600] + [self.now]
            if len(site.denials) >= 3:
                site.muted_until = self.now + 900
        if report:
            it.reported = True
            enrollment.answers = [answer for answer in enrollment.answers if answer["h"] != it.h]
        enrollment.counter += 1
        uses_uv = decision == "approve" and verified
        payload = {"iss": enrollment.id, "aud": site.u, "iat": now, "challenge": b64(it.h)}
        payload |= {"jti": b64(self.draw("jti", 16)), "decision": decision}
        payload |= {"code": code} if decision == "approve" else {}
        payload |= {"amr": self.amr if uses_uv else [self.amr[0], "user"], "exp": p["exp"], "counter": enrollment.counter}
        compact = make("response", enrollment.uv if uses_uv else enrollment.possession, payload)
        entry = {"enrollment": enrollment.id, "request": b64(it.h), "decision": decision, "receipt": None}
        self.history.append(entry)
        it.state = "sent"
        answer = {"h": it.h, "exp": p["exp"], "compact": compact, "first": True, "entry": entry}
        enrollment.answers.append(answer)
        return (yield from self.answer(enrollment, answer))

    def close(self, h):
        for enrollment in self.enrollments.values():
            if h in enrollment.requests and enrollment.requests[h].state == "open":
                enrollment.requests[h].state = "closed"

    def answer(self, enrollment, answer):
        """Sends an answer, the same bytes each time, until a verified receipt or error ends it."""
        first, answer["first"] = answer["first"], False
        url = f"{enrollment.site.u}/enrollments/{enrollment.id}/responses"
        wanted, optional = ANSWER | {"status": RECEIPT}, {"attempts_left": whole}
        send = Send("POST", url, None, answer["compact"])
        re = h_of(answer["compact"])
        it = enrollment.requests.get(answer["h"])
        try:
            receipt = yield from self.ask(send, enrollment.site, enrollment.id, re, "receipt", wanted, optional, first)
        except Told as told:
            self.drop(enrollment, answer)
            if it:
                it.state = "answered"
            if told.told in ("clone_suspected", "not_active"):
                yield from self.poll(enrollment)
            raise
        left = receipt.get("attempts_left")
        if (receipt["status"] == "wrong_code") != (left is not None) or left is not None and left > 2:
            raise Failed("refused", why="attempts_left")
        self.drop(enrollment, answer)
        answer["entry"]["receipt"] = receipt["status"]
        if it and not it.reported:
            it.state = "open" if left else "answered"
        return {"receipt": receipt["status"]} | ({"attempts_left": left} if left is not None else {})

    @staticmethod
    def drop(enrollment, answer):
        enrollment.answers = [it for it in enrollment.answers if it is not answer]

    def scan(self, uri):
        """The request in an offline QR code, judged by stored metadata alone."""
        try:
            compact = parse_link(uri, "challenge", ("c",), 1200)["c"]
        except (Refused, KeyError) as why:
            raise Failed("bad_challenge", why=str(why)) from None
        inactive = False
        for enrollment in self.enrollments.values():
            site = enrollment.site
            try:
                demand(site.timely(site.time(self.now)), "metadata has expired")
                if enrollment.status != "active":
                    Message(compact).verify(site.keys.get(Message(compact).kid) or next(iter(site.keys.values())))
                    demand(Message(compact).payload().get("aud") == enrollment.id, "aud")
                    inactive = True
                    continue
                it = self.judge(enrollment, compact, offline=True)
                demand(it.state in ("open", "offline"), "it was answered or closed")
                return {"request": self.request(enrollment, it)}
            except (Refused, UnknownKid):
                continue
        raise Failed("not_active" if inactive else "bad_challenge")

    def eight_digits(self, h, verified):
        enrollment, it = self.wanted(h, ("open", "offline"))
        if it.state == "open" and not it.offline:
            raise Failed("unknown_request")
        if not verified:
            raise Failed("uv_needed")
        if it.state == "open":
            entry = {"enrollment": enrollment.id, "request": b64(h), "decision": "approve", "receipt": "offline"}
            self.history.append(entry)
        it.state = "offline"
        question = sha256(b"countersign-offline", h).ljust(128, b"\0")
        digits = hotp(enrollment.offline_key, b"OCRA-1:HOTP-SHA256-8:QH64\0" + question, 8)
        return (yield from self.poll(enrollment, digits=digits)) | {"digits": digits}

    def totp(self, enrollment):
        if not enrollment.totp_key:
            raise Failed("no_totp")
        if enrollment.status != "active":
            raise Failed("not_active")
        now = enrollment.site.time(self.now)
        digits = hotp(enrollment.totp_key, (now // 30).to_bytes(8, "big"), 6)
        return {"digits": digits, "valid_until": self.now + 30 - now % 30}

    # --- Lifecycle ---

    def signed(self, enrollment, typ, more):
        payload = {"iss": enrollment.id, "aud": enrollment.site.u, "iat": enrollment.site.time(self.now)}
        return make(typ, enrollment.uv, payload | {"jti": b64(self.draw("jti", 16))} | more)

    def change(self, enrollment, typ, more, new=None):
        """A new rotate or remove; takes the place of one that waits."""
        waiting = {"compact": self.signed(enrollment, typ, more), "first": True, "new": new or {}, "more": more}
        enrollment.pending[typ] = waiting
        return (yield from self.send_change(enrollment, typ))

    def send_change(self, enrollment, typ):
        url = f"{enrollment.site.u}/enrollments/{enrollment.id}/{'keys' if typ == 'rotate' else 'remove'}"
        for last in (False, True):
            waiting = enrollment.pending[typ]
            first, waiting["first"] = waiting["first"], False
            send, re = Send("POST", url, None, waiting["compact"]), h_of(waiting["compact"])
            try:
                inbox = yield from self.ask(send, enrollment.site, enrollment.id, re, "inbox", INBOX, first=first)
                break
            except Told as told:
                if told.told == "proof_time" and not last:
                    waiting |= {"compact": self.signed(enrollment, typ, waiting["more"]), "first": True}
                    continue
                del enrollment.pending[typ]
                raise
        self.sane(inbox, False)
        for role, key in waiting["new"].items():
            setattr(enrollment, role, key)
        del enrollment.pending[typ]
        self.take(enrollment, inbox)
        return {"status": enrollment.status}

    def rotate(self, enrollment, roles):
        new, more = {}, {}
        for role in roles:
            key = new[role] = PrivateKey(self.alg, self.draw(f"{role}_key", 32))
            more[role] = make("key", key, {"iss": enrollment.id, "aud": enrollment.site.u, "role": role}, by_jwk=True)
        return (yield from self.change(enrollment, "rotate", more, new))

    def push(self, enrollment, transport, address):
        push, tag = {"transport": transport}, None
        if transport != "none":
            tag = b64(self.draw("tag", 16))
            push |= {"address": address, "tag": tag}
        if transport == "unifiedpush":
            key = p256_public(p256_private(self.draw("push_key", 32)))
            push |= {"p256dh": b64(key), "auth": b64(self.draw("auth", 16))}
        inbox = yield from self.proven(enrollment, "POST", "push", dump(push))
        self.take(enrollment, inbox)
        enrollment.tag = tag
        return {"status": enrollment.status}


def hotp(key, message, digits):
    """HOTP's truncation over HMAC-SHA-256: six digits for a TOTP, eight for OCRA."""
    mac = hmac256(key, message)
    start = mac[31] & 15
    return f"{(int.from_bytes(mac[start:start + 4], 'big') & 0x7FFFFFFF) % 10 ** digits:0{digits}d}"


class Driver:
    """The commands of README.md on one phone."""

    def __init__(self, draw=None):
        self.draw = draw
        self.it, self.exchanges, self.last = None, {}, 0

    def do(self, command):
        handler = getattr(self, "do_" + str(command.get("do")), None)
        if not handler:
            return {"error": "unknown_command"}
        if self.it is None and command["do"] != "start":
            return {"error": "not_started"}
        try:
            if self.it:
                self.it.now = command["now"]
                self.it.sweep()
            found = handler(command)
            return found if isinstance(found, dict) else self.step(found, None)
        except Failed as failed:
            return failed.answer
        except Refused as refused:
            return {"error": "usage", "why": str(refused)}

    def step(self, exchange, reply):
        """Goes on with an exchange: to its next request or to its end."""
        try:
            send = exchange.send(reply)
        except StopIteration as ended:
            return ended.value
        self.last += 1
        self.exchanges[self.last] = exchange
        return send.known | {"send": {"id": self.last} | send.request}

    def enrollment(self, command):
        found = self.it.enrollments.get(command["enrollment"])
        if not found:
            raise Failed("unknown")
        return found

    def do_start(self, c):
        loopback, amr = c.get("allow_loopback_http", False), c.get("amr", ["swk", "pin"])
        self.it = Phone(c["alg"], c["device"], loopback, amr, self.draw)
        return {}

    def do_receive(self, c):
        exchange = self.exchanges.pop(c["id"], None)
        if not exchange:
            raise Failed("usage", why="no such exchange")
        return self.step(exchange, Reply(c))

    def do_enroll(self, c):
        try:
            self.it.invited = parse_invitation(c["uri"], self.it.loopback)
        except Refused as refused:
            self.it.invited = None
            raise Failed("bad_invitation", why=str(refused)) from None
        found = self.it.invited
        return {"host": found["host"], "name": found["n"], "account": found["a"]}

    def do_go(self, c):
        return self.it.go()

    def do_resend(self, c):
        if c.get("enrollment") is None:
            return self.it.enroll(self.it.flow) if self.it.flow else {"nothing": True}
        enrollment = self.enrollment(c)
        if enrollment.answers:
            return self.it.answer(enrollment, enrollment.answers[0])
        for typ in enrollment.pending:
            return self.it.send_change(enrollment, typ)
        return {"nothing": True}

    def do_poll(self, c):
        return self.it.poll(self.enrollment(c))

    def do_wake(self, c):
        for enrollment in self.it.enrollments.values():
            if enrollment.tag == c["tag"]:
                if enrollment.woken is not None and self.it.now - enrollment.woken < 5:
                    break
                enrollment.woken = self.it.now
                return self.it.poll(enrollment)
        return {"ignored": True}

    def do_requests(self, c):
        return {"requests": [it for enrollment in self.it.enrollments.values() for it in self.it.shown(enrollment)]}

    def do_decide(self, c):
        return self.it.decide(unb64(c["request"]), c["decision"], c.get("code"), c["uv"])

    def do_offline(self, c):
        return self.it.scan(c["uri"])

    def do_digits(self, c):
        return self.it.eight_digits(unb64(c["request"]), c["uv"])

    def do_totp(self, c):
        return self.it.totp(self.enrollment(c))

    def do_rotate(self, c):
        if not c["uv"]:
            raise Failed("uv_needed")
        roles = [role for role, wanted in (("possession", c["possession"]), ("uv", c["uv_key"])) if wanted]
        return self.it.rotate(self.enrollment(c), roles)

    def do_remove(self, c):
        if not c["uv"]:
            raise Failed("uv_needed")
        return self.it.change(self.enrollment(c), "remove", {})

    def do_push(self, c):
        return self.it.push(self.enrollment(c), c["transport"], c.get("address"))

    def do_list(self, c):
        return {"enrollments": [self.it.described(it) for it in self.it.enrollments.values()]}

    def do_history(self, c):
        return {"history": self.it.history}


def main():
    driver = Driver()
    for line in sys.stdin.buffer:
        print(json.dumps(driver.do(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
