"""Messages that break one rule each, signed by the right key unless that is the rule.

SPOILS maps the kind of a message to cases: a name, how header and payload are altered, and what a verifier answers (the
code of its signed error, or None for the unsigned 401). A phone refuses all of them.
"""
import contextlib

from strict import PrivateKey, b64, dump, seal

STRANGER = {alg: PrivateKey(alg, bytes(31) + b"\x07") for alg in ("Ed25519", "ES256")}
MEMBERS = {
    "metadata": "iss iat exp seq name keys require",
    "enroll": "aud iat exp jti tid tp uv epk device push",
    "uv": "aud tid possession",
    "enrolled": "iss aud iat re possession uv enrollment account name epk policy",
    "proof": "iss aud iat htm htu bh jti",
    "inbox": "iss aud iat re status seq challenges",
    "challenge": "iss aud iat sub jti exp action context details require",
    "response": "iss aud iat challenge jti decision amr exp counter",
    "receipt": "iss aud iat re status",
    "rotate": "iss aud iat jti",
    "key": "iss aud role",
    "remove": "iss aud iat jti",
    "error": "iss aud iat re code",
}
OTHER = b64(bytes(range(32)))
BIDI = "a\u202eb"


def put(*path, value):
    """Sets the member at `path` in the payload."""

    def alter(header, payload):
        inner = payload
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = value(inner.get(path[-1])) if callable(value) else value

    return alter


def drop(*path):
    def alter(header, payload):
        inner = payload
        for name in path[:-1]:
            inner = inner[name]
        del inner[path[-1]]

    return alter


def head(name, value):
    def alter(header, payload):
        header[name] = value

    return alter


def raw(old, new):
    """Replaces bytes of the payload's text."""

    def alter(header, payload):
        found = dump(payload)
        assert old in found
        return found.replace(old, new, 1)

    return alter


def _common(kind):
    nested = kind in ("uv", "key")
    unsupported = "malformed" if nested else "unsupported"
    unsigned = "malformed" if nested else None
    yield "another typ", head("typ", "countersign-" + ("proof" if kind != "proof" else "inbox") + "+jwt"), unsupported
    yield "an unknown typ", head("typ", "countersign-hello+jwt"), unsupported
    yield "typ without its ending", head("typ", f"countersign-{kind}"), unsupported
    yield "v is 2", put("v", value=2), unsupported
    yield "an unknown member", put("x", value=1), "malformed"
    yield "ext is no object", put("ext", value="x"), "malformed"
    yield "a member twice", raw(b'{"v":1', b'{"v":1,"v":1'), "malformed"
    yield "v is a fraction", raw(b'"v":1', b'"v":1.0'), "malformed"
    yield "something behind the object", raw(b'{"v":1', b'{"v":1}{"v":1'), "malformed"
    yield "a stranger's signature", "stranger", unsigned
    yield "a changed payload", "changed", unsigned
    yield "an unknown header member", head("crit", ["x"]), unsigned
    yield "another alg in the header", head("alg", "HS256"), unsigned
    for name in MEMBERS[kind].split():
        yield f"no {name}", drop(name), "malformed"
    if "iss" in MEMBERS[kind].split():
        yield "another iss", put("iss", value="https://other.example"), "malformed"
    if "aud" in MEMBERS[kind].split():
        yield "another aud", put("aud", value="https://other.example"), "malformed"
    if kind in ("inbox", "enrolled", "receipt", "error"):
        yield "re of another request", put("re", value=OTHER), None
        yield "re too short", put("re", value=b64(bytes(16))), None


def _own(kind):
    bad = "malformed"
    if kind == "metadata":
        yield "exp after more than 90 days", put("exp", value=lambda exp: exp + 1), bad
        yield "no online key", put("keys", value=[]), bad
        yield "a key twice", put("keys", value=lambda keys: keys * 2), bad
        yield "the identity key among the online keys", "identity", bad
        yield "a name of 41 code points", put("name", value="n" * 41), bad
        yield "a name that turns the direction", put("name", value=BIDI), bad
        yield "an unknown member in require", put("require", "x", value=True), bad
        yield "require.uv is no boolean", put("require", "uv", value=1), bad
        yield "seq is a string", put("seq", value="1"), bad
    if kind == "enroll":
        yield "exp after 301 s", put("exp", value=lambda exp: exp + 1), bad
        yield "exp at iat", lambda h, p: p.update(exp=p["iat"]), bad
        yield "iat 61 s ago", lambda h, p: p.update(iat=p["iat"] - 61, exp=p["exp"] - 61), "proof_time"
        yield "iat in 61 s", lambda h, p: p.update(iat=p["iat"] + 61, exp=p["exp"] + 61), "proof_time"
        yield "exp has passed", lambda h, p: p.update(iat=p["iat"] - 50, exp=p["iat"] - 10), "proof_time"
        yield "an unknown ticket", put("tid", value=OTHER), bad
        yield "tp of another ticket", put("tp", value=OTHER), "ticket_unknown"
        yield "epk off the curve", put("epk", value=b64(b"\4" + bytes(64))), bad
        yield "epk compressed", put("epk", value=b64(b"\2" + bytes(32))), bad
        yield "another device member", put("device", "serial", value="1"), bad
        yield "a device name of 41 code points", put("device", "name", value="n" * 41), bad
        yield "an empty device name", put("device", "name", value=""), bad
        yield "a device name that is not NFC", put("device", "name", value="e\u0301"), bad
        yield "an address with transport none", put("push", "address", value="https://push.example/x"), bad
        yield "an unknown transport", put("push", "transport", value="smoke"), bad
        yield "an unknown attestation", put("attestation", value={"format": "tpm", "chain": ["AA"]}), bad
        yield "an empty chain", put("attestation", value={"format": "apple", "chain": []}), bad
        yield "jti of 15 bytes", put("jti", value=b64(bytes(15))), bad
    if kind == "uv":
        yield "another ticket's tid", put("tid", value=OTHER), bad
        yield "another possession key", put("possession", value=OTHER), bad
    if kind == "enrolled":
        yield "another possession key", put("possession", value=OTHER), bad
        yield "another uv key", put("uv", value=OTHER), bad
        yield "an enrolment id of 15 bytes", put("enrollment", value=b64(bytes(15))), bad
        yield "an empty account id", put("account", "id", value=""), bad
        yield "an account id of 65 characters", put("account", "id", value="i" * 65), bad
        yield "an account name with a line end", put("account", "name", value="a\nb"), bad
        yield "another name than metadata's", put("name", value="Somebody else"), bad
        yield "epk off the curve", put("epk", value=b64(b"\4" + bytes(64))), bad
        yield "policy.totp is no boolean", put("policy", "totp", value=1), bad
        yield "an unknown policy", put("policy", "push", value=True), bad
    if kind == "proof":
        yield "another method", put("htm", value="PUT"), bad
        yield "another URL", put("htu", value=lambda htu: htu + "x"), bad
        yield "another body", put("bh", value=OTHER), bad
        yield "jti of 15 bytes", put("jti", value=b64(bytes(15))), bad
        yield "iat 61 s ago", put("iat", value=lambda iat: iat - 61), "proof_time"
        yield "iat in 61 s", put("iat", value=lambda iat: iat + 61), "proof_time"
    if kind == "inbox":
        yield "an unknown status", put("status", value="sleeping"), bad
        yield "a lower seq", put("seq", value=0), bad
        yield "two challenges", put("challenges", value=lambda found: found * 2), bad
        yield "a challenge while frozen", put("status", value="frozen"), bad
        yield "challenges is no array", put("challenges", value="x"), bad
    if kind == "challenge":
        yield "another account", put("sub", value="somebody-else"), bad
        yield "it lives longer than 10 minutes", lambda h, p: p.update(exp=p["iat"] + 601), bad
        yield "it has expired", lambda h, p: p.update(iat=p["iat"] - 300, exp=p["iat"] - 1), bad
        yield "from the future", lambda h, p: p.update(iat=p["iat"] + 90, exp=p["exp"] + 90), bad
        yield "exp at iat", lambda h, p: p.update(exp=p["iat"]), bad
        yield "an unknown action", put("action", value="pay"), bad
        yield "an unknown context", put("context", "weather", value="fine"), bad
        yield "a context that turns the direction", put("context", "client", value=BIDI), bad
        yield "an empty context member", put("context", "client", value=""), bad
        yield "a context of 201 code points", put("context", "client", value="x" * 201), bad
        yield "21 details", put("details", value=[{"label": "a", "value": "b"}] * 21), bad
        yield "a label of 41 code points", put("details", value=[{"label": "a" * 41, "value": "b"}]), bad
        yield "a detail with a third member", put("details", value=[{"label": "a", "value": "b", "x": "c"}]), bad
        yield "a detail with a line end", put("details", value=[{"label": "a", "value": "b\n"}]), bad
        yield "five digits", put("require", "code", value={"digits": 5}), bad
        yield "nine digits", put("require", "code", value={"digits": 9}), bad
        yield "the digits themselves", put("require", "code", value={"digits": 6, "value": "123456"}), bad
        yield "an unknown requirement", put("require", "retina", value=True), bad
        yield "no code", drop("require", "code"), bad
        yield "jti of 15 bytes", put("jti", value=b64(bytes(15))), bad
    if kind == "response":
        yield "an unknown challenge", put("challenge", value=OTHER), bad
        yield "another exp", put("exp", value=lambda exp: exp + 1), bad
        yield "an unknown decision", put("decision", value="maybe"), bad
        yield "approve without a code", drop("code"), bad
        yield "a code with deny", put("decision", value="deny"), bad
        yield "a code with report", put("decision", value="report"), bad
        yield "five digits", put("code", value="12345"), bad
        yield "seven digits", put("code", value="1234567"), bad
        yield "digits beyond ASCII", put("code", value="\u0661" * 6), bad
        yield "a code with a blank", put("code", value="12345 "), bad
        yield "a code that is a number", put("code", value=123456), bad
        yield "counter zero", put("counter", value=0), bad
        yield "amr without a key", put("amr", value=["pin"]), bad
        yield "amr without a method", put("amr", value=["swk"]), bad
        yield "an unknown method", put("amr", value=["swk", "retina"]), bad
        yield "user together with pin", put("amr", value=["swk", "user", "pin"]), bad
        yield "jti of 15 bytes", put("jti", value=b64(bytes(15))), bad
    if kind == "receipt":
        yield "an unknown status", put("status", value="maybe"), bad
        yield "attempts_left with another status", put("attempts_left", value=2), bad
        yield "wrong_code without attempts_left", put("status", value="wrong_code"), bad
    if kind == "rotate":
        yield "no new key", lambda h, p: [p.pop(name, None) for name in ("possession", "uv")] and None, bad
        yield "one key in two roles", lambda h, p: p.update(uv=p["possession"]), bad
        yield "iat 61 s ago", put("iat", value=lambda iat: iat - 61), "proof_time"
        yield "iat in 61 s", put("iat", value=lambda iat: iat + 61), "proof_time"
    if kind == "key":
        yield "another role", put("role", value=lambda role: "uv" if role == "possession" else "possession"), bad
        yield "an unknown role", put("role", value="spare"), bad
    if kind == "remove":
        yield "iat 61 s ago", put("iat", value=lambda iat: iat - 61), "proof_time"
        yield "jti of 15 bytes", put("jti", value=b64(bytes(15))), bad
    if kind == "error":
        yield "an unknown code", put("code", value="teapot"), bad


SPOILS = {kind: [*_common(kind), *_own(kind)] for kind in MEMBERS}


def spoiled(kind, key, payload, by_jwk, alter, identity=None):
    """The compact JWS that `make` would have made, altered."""
    header = {"alg": key.alg, "typ": f"countersign-{kind}+jwt"}
    header |= {"jwk": key.public.jwk} if by_jwk else {"kid": key.thumbprint}
    payload = {"v": 1} | {name: dict(value) if isinstance(value, dict) else value for name, value in payload.items()}
    if alter == "stranger":
        return seal(header, payload, STRANGER[key.alg])
    if alter == "changed":
        first, second, third = seal(header, payload, key).split(".")
        other = seal(header, payload | {"ext": {}}, key).split(".")[1]
        return f"{first}.{other}.{third}"
    if alter == "identity":
        payload["keys"] = payload["keys"] + [key.public.jwk]
        alter = lambda header, payload: None  # noqa: E731
    found = alter(header, payload)
    return seal(header, payload if found is None else found, key)


@contextlib.contextmanager
def spoiling(module, kind, alter):
    """Within this, `module` (phone or verifier) makes messages of `kind` with one rule broken."""
    original = module.make

    def make(typ, key, payload, by_jwk=False):
        if typ != kind:
            return original(typ, key, payload, by_jwk)
        return spoiled(kind, key, payload, by_jwk, alter)

    module.make = make
    try:
        yield
    finally:
        module.make = original
