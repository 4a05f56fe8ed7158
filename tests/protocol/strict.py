"""JSON, base64url, JOSE, shown strings and invitations as docs/protocol.md demands them: what both halves read alike.

Everything here refuses by raising Refused and never guesses. Nothing here knows of enrolments or of answers.
"""
import base64
import hashlib
import hmac
import json
import re
import secrets
import unicodedata
import urllib.parse

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LARGEST = 2**53 - 1
DEEPEST = 64
TYPE = re.compile(r"countersign-([a-z]+)\+jwt")
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Refused(Exception):
    """Input that breaks a rule; the text says which, for a person."""


def demand(truth, why):
    """Refuses with `why` unless `truth`."""
    if not truth:
        raise Refused(why)


# --- base64url ---


def b64(data):
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text, least=0, most=1 << 20):
    """The bytes of strict base64url: no padding, no other characters, tail bits zero."""
    demand(isinstance(text, str), "not a string")
    demand(re.fullmatch(r"[A-Za-z0-9_-]*", text, re.ASCII), "not base64url")
    demand(len(text) % 4 != 1, "base64url of an impossible length")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    demand(b64(data) == text, "tail bits of base64url are not zero")
    demand(least <= len(data) <= most, "base64url of a wrong length")
    return data


def sha256(*parts):
    """SHA-256 of the parts, joined."""
    return hashlib.sha256(b"".join(parts)).digest()


def hmac256(key, *parts):
    """HMAC-SHA-256 of the parts, joined."""
    return hmac.digest(key, b"".join(parts), "sha256")


# --- JSON ---


def _members(pairs):
    found = dict(pairs)
    demand(len(found) == len(pairs), "duplicate member")
    return found


def _integer(literal):
    demand(re.fullmatch(r"0|[1-9][0-9]{0,15}", literal), "number out of range")
    demand(int(literal) <= LARGEST, "number out of range")
    return int(literal)


def _no_number(literal):
    raise Refused(f"{literal} is no integer literal")


def _walk(value, depth=0):
    demand(depth <= DEEPEST, "nested too deeply")
    if isinstance(value, str):
        demand(not any(0xD800 <= ord(c) <= 0xDFFF for c in value), "lone surrogate")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _walk(name, depth + 1)
            _walk(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _walk(inner, depth + 1)


def parse_json(data):
    """A JSON object under the protocol's rules, from bytes."""
    try:
        found = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_members,
            parse_int=_integer,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except (ValueError, RecursionError) as error:
        raise Refused(f"no JSON: {error}") from None
    demand(isinstance(found, dict), "not a JSON object")
    _walk(found)
    return found


def dump(value):
    """The one form in which a sender writes JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


# --- Shapes: each is a function that refuses, or gives the value back ---


def whole(value):
    demand(type(value) is int, "not an integer")
    return value


def positive(value):
    demand(type(value) is int and value >= 1, "not an integer from 1")
    return value


def boolean(value):
    demand(type(value) is bool, "not a boolean")
    return value


def text(value):
    demand(isinstance(value, str), "not a string")
    return value


def identifier(value):
    demand(isinstance(value, str) and 1 <= len(value) <= 64, "not 1 to 64 characters")
    return value


def one_of(*known):
    def check(value):
        demand(isinstance(value, str) and value in known, f"none of {', '.join(known)}")
        return value

    return check


def binary(least, most=None):
    def check(value):
        unb64(value, least, most or least)
        return value

    return check


def shown(most):
    """A string that people see: NFC, 1 to `most` code points, no control, format or unassigned characters."""

    def check(value):
        demand(isinstance(value, str), "not a string")
        demand(1 <= len(value) <= most, f"a shown string has 1 to {most} code points")
        demand(unicodedata.is_normalized("NFC", value), "not NFC")
        for c in value:
            category = unicodedata.category(c)
            demand(category not in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp"), f"U+{ord(c):04X} is never shown")
            demand(category != "Cf" or c in "\u200c\u200d", f"U+{ord(c):04X} is never shown")
        return value

    return check


def shape(value, required, optional=None):
    """An object with exactly these members; `required` and `optional` map names to shapes."""
    demand(isinstance(value, dict), "not an object")
    optional = optional or {}
    for name in value:
        demand(name in required or name in optional, f"unknown member {name}")
    for name, check in required.items():
        demand(name in value, f"{name} is missing")
        check(value[name])
    for name, check in optional.items():
        if name in value:
            check(value[name])
    return value


def object_of(required, optional=None):
    return lambda value: shape(value, required, optional)


JTI = binary(16, 256)
ID = binary(16, 32)
HASH = binary(32)
CONTEXT = {name: shown(200) for name in ("application", "client", "address", "location", "time")}


def details(value):
    demand(isinstance(value, list) and len(value) <= 20, "details are an array of up to 20")
    for item in value:
        shape(item, {"label": shown(40), "value": shown(200)})


# --- Ed25519 beyond what the library checks: canonical encodings, no point of small order ---

_P = 2**255 - 19
_D = -121665 * pow(121666, _P - 2, _P) % _P


def _point(data):
    number = int.from_bytes(data, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    demand(y < _P, "a point's encoding is not canonical")
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    demand((x * x - square) % _P == 0, "not a point of the curve")
    demand(x or not sign, "a point's encoding is not canonical")
    return (_P - x if x & 1 != sign else x), y


def _double(point):
    x, y = point
    product = _D * x * x * y * y
    return (
        2 * x * y * pow(1 + product, _P - 2, _P) % _P,
        (y * y + x * x) * pow(1 - product, _P - 2, _P) % _P,
    )


def _no_small_order(data):
    point = _point(data)
    for _ in range(3):
        point = _double(point)
    demand(point != (0, 1), "a point of small order")


# --- Keys ---


class PublicKey:
    """A public key with its algorithm and thumbprint."""

    def __init__(self, jwk):
        demand(isinstance(jwk, dict), "not a JWK")
        if jwk.get("kty") == "OKP":
            shape(jwk, {"kty": text, "crv": one_of("Ed25519"), "x": HASH})
            self.alg = "Ed25519"
            self._raw = unb64(jwk["x"])
            _no_small_order(self._raw)
            self._key = ed25519.Ed25519PublicKey.from_public_bytes(self._raw)
            canonical = {"crv": jwk["crv"], "kty": jwk["kty"], "x": jwk["x"]}
        else:
            shape(jwk, {"kty": one_of("EC"), "crv": one_of("P-256"), "x": HASH, "y": HASH})
            self.alg = "ES256"
            point = b"\x04" + unb64(jwk["x"]) + unb64(jwk["y"])
            self._key = p256_point(point)
            canonical = {"crv": jwk["crv"], "kty": jwk["kty"], "x": jwk["x"], "y": jwk["y"]}
        self.jwk = jwk
        self.thumbprint = b64(sha256(dump(canonical)))

    def verify(self, signature, message):
        """Refuses unless `signature` (64 bytes) is this key's on `message`."""
        demand(len(signature) == 64, "a signature has 64 bytes")
        try:
            if self.alg == "Ed25519":
                _no_small_order(signature[:32])
                self._key.verify(signature, message)
            else:
                r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
                demand(0 < r < P256_ORDER and 0 < s < P256_ORDER, "r or s is out of range")
                self._key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise Refused("the signature is wrong") from None


class PrivateKey:
    """A private key that signs; `seed` (32 bytes) fixes it: the Ed25519 seed, or the P-256 scalar, big-endian."""

    def __init__(self, alg, seed=None):
        self.alg = alg
        if alg == "Ed25519":
            seed = seed or secrets.token_bytes(32)
            self._key = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
            raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
            jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}
        else:
            self._key = p256_private(seed)
            point = p256_public(self._key)
            jwk = {"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])}
        self.public = PublicKey(jwk)
        self.thumbprint = self.public.thumbprint

    def sign(self, message):
        if self.alg == "Ed25519":
            return self._key.sign(message)
        r, s = decode_dss_signature(self._key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def p256_private(seed=None):
    if seed is None:
        return ec.generate_private_key(ec.SECP256R1())
    return ec.derive_private_key(int.from_bytes(seed, "big"), ec.SECP256R1())


def p256_public(private):
    return private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def p256_point(data):
    demand(len(data) == 65 and data[0] == 4, "not an uncompressed point of P-256")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data)
    except ValueError:
        raise Refused("not a point of P-256") from None


def point_text(value):
    """base64url of an uncompressed P-256 point."""
    p256_point(unb64(value, 65, 65))
    return value


def hkdf(salt, ikm, info):
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info.encode()).derive(ikm)


# --- JWS ---


class Message:
    """A compact JWS whose header is in order; nothing of it counts before `verify`."""

    def __init__(self, compact):
        demand(isinstance(compact, str) and len(compact) <= 65536, "not a compact JWS")
        parts = compact.split(".")
        demand(len(parts) == 3, "not a compact JWS")
        self.compact = compact
        self.header = parse_json(unb64(parts[0]))
        self._payload = unb64(parts[1])
        self._signature = unb64(parts[2], 64, 64)
        self._signed = f"{parts[0]}.{parts[1]}".encode()
        self.h = sha256(self._signed)
        who = "jwk" if "jwk" in self.header else "kid"
        shape(self.header, {"alg": one_of("Ed25519", "ES256"), "typ": text, who: lambda value: value})
        self.jwk = PublicKey(self.header["jwk"]) if who == "jwk" else None
        self.kid = None if self.jwk else HASH(self.header["kid"])

    def verify(self, key):
        """Refuses unless `key` signed this, under its own algorithm and named as this message names it."""
        demand(self.header["alg"] == key.alg, "not the algorithm of that key")
        demand((self.jwk.thumbprint if self.jwk else self.kid) == key.thumbprint, "signed by another key")
        key.verify(self._signature, self._signed)
        return self

    def typ(self):
        """The type's own word, as `inbox`; only to be asked after `verify`."""
        found = TYPE.fullmatch(self.header["typ"])
        return found[1] if found else None

    def payload(self):
        """The payload as strict JSON with `v` taken out; only to be asked after `verify`."""
        return parse_json(self._payload)


def members(payload, required, optional=None):
    """A payload's members: `v` 1, those that are required, perhaps `ext`."""
    demand(type(payload.get("v")) is int and payload["v"] == 1, "unknown v")
    return shape(payload, {"v": whole} | required, (optional or {}) | {"ext": lambda value: shape_free(value)})


def shape_free(value):
    demand(isinstance(value, dict), "ext is no object")


def make(typ, key, payload, by_jwk=False):
    """A compact JWS of `payload` (without `v`), with `kid`, or with `jwk`."""
    header = {"alg": key.alg, "typ": f"countersign-{typ}+jwt"}
    header |= {"jwk": key.public.jwk} if by_jwk else {"kid": key.thumbprint}
    return seal(header, {"v": 1} | payload, key)


def seal(header, payload, key):
    """A compact JWS of any header and payload: tests spoil both."""
    raw = [part if isinstance(part, bytes) else dump(part) for part in (header, payload)]
    signed = f"{b64(raw[0])}.{b64(raw[1])}"
    return f"{signed}.{b64(key.sign(signed.encode()))}"


def h_of(compact):
    """H: SHA-256 of the bytes before the second dot."""
    return sha256(compact.rsplit(".", 1)[0].encode())


# --- Addresses ---

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_URL = re.compile(rf"(https?)://(\[::1\]|{_LABEL}(?:\.{_LABEL})*)(?::([1-9][0-9]{{0,4}}))?((?:/[A-Za-z0-9._~-]+)*)", re.A)


def base_url(value, loopback=False):
    """A verifier's `u`; gives its host."""
    found = _URL.fullmatch(value)
    demand(found, "not a base URL")
    scheme, host, port, path = found.groups()
    demand(len(host) <= 253, "the host is too long")
    if scheme == "http":
        demand(loopback and host in ("127.0.0.1", "[::1]"), "not https")
    if re.search(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$", host):
        quad = host.split(".")
        good = len(quad) == 4 and all(re.fullmatch(r"0|[1-9][0-9]{0,2}", part) and int(part) < 256 for part in quad)
        demand(good, "an address in an odd form")
    if port:
        demand(int(port) <= 65535 and int(port) != {"https": 443, "http": 80}[scheme], "a wrong or the default port")
    demand(not any(part in (".", "..") for part in path.split("/")), "dot segments")
    return host


def _percent(value):
    demand(re.fullmatch(r"(?:[!-$&-~]|%[0-9A-Fa-f]{2})*", value, re.ASCII), "not percent-encoded")
    try:
        return urllib.parse.unquote_to_bytes(value).decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("not UTF-8") from None


def parse_link(uri, kind, known, most):
    """The parameters of `countersign://<kind>?…`, each known and at most once."""
    demand(isinstance(uri, str) and len(uri.encode()) <= most, "too long")
    start = f"countersign://{kind}?"
    demand(uri.startswith(start), f"not a countersign {kind}")
    found = {}
    for pair in uri[len(start) :].split("&"):
        name, equals, value = pair.partition("=")
        demand(equals and name in known and name not in found, "an unknown or duplicated parameter")
        demand("#" not in value, "a fragment")
        found[name] = _percent(value)
    return found


def parse_invitation(uri, loopback=False):
    """{u, host, k, t, n, a} of an invitation; n and a are None where absent."""
    found = parse_link(uri, "enroll", ("u", "k", "t", "n", "a"), 4096)
    for name in ("u", "k", "t"):
        demand(name in found, f"{name} is missing")
    host = base_url(found["u"], loopback)
    HASH(found["k"])
    ID(found["t"])
    if "n" in found:
        shown(40)(found["n"])
    if "a" in found:
        shown(200)(found["a"])
    return {"n": None, "a": None} | found | {"host": host}


def quote(value):
    """Percent-encoding that leaves unreserved characters alone."""
    return urllib.parse.quote(value, safe="-._~")
