"""Vectors of forms: what is well-formed JSON, base64url, JOSE, an invitation or a shown string, and what is refused."""
import hashlib

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from strict import P256_ORDER, PrivateKey, b64, dump, h_of, seal

ED_ORDER = 2**252 + 27742317777372353535851937790883648493
ED_BASE = bytes.fromhex("58" + "66" * 31)
IDENTITY = bytes([1]) + bytes(31)
ED = PrivateKey("Ed25519", hashlib.sha256(b"jose ed25519").digest())
ES = PrivateKey("ES256", hashlib.sha256(b"jose es256").digest())
OTHER = PrivateKey("Ed25519", hashlib.sha256(b"jose other").digest())
PAYLOAD = {"v": 1, "iss": "https://rp.example"}


def base64url():
    def case(name, text, found=None):
        return {"name": name, "text": text, "accepted": found is not None} | (
            {"bytes": found.hex()} if found is not None else {}
        )

    return [
        case("empty", "", b""),
        case("one byte", "AA", b"\0"),
        case("two bytes", "AAE", b"\0\1"),
        case("three bytes", "_-8A", b"\xff\xef\x00"),
        case("tail bits of one byte", "AB"),
        case("tail bits of two bytes", "AAF"),
        case("padding", "AA=="),
        case("the other alphabet", "+/8A"),
        case("an impossible length", "AAAAA"),
        case("white space", "AA AA"),
        case("a line end", "AAAA\n"),
        case("beyond ASCII", "AA\u00e9A"),
    ]


def json_texts():
    def case(name, text, accepted=False):
        raw = text if isinstance(text, bytes) else text.encode()
        return {"name": name, "hex": raw.hex(), "accepted": accepted}

    return [
        case("an object", '{"a":1}', True),
        case("white space", ' {\n\t"a" : [ 1 , true , null ] }\r\n', True),
        case("escapes", '{"a":"\\u00e9\\ud83d\\ude00\\n"}', True),
        case("the largest number", '{"a":9007199254740991}', True),
        case("zero", '{"a":0}', True),
        case("one above the largest number", '{"a":9007199254740992}'),
        case("a negative number", '{"a":-1}'),
        case("minus zero", '{"a":-0}'),
        case("a fraction", '{"a":1.0}'),
        case("an exponent", '{"a":1e3}'),
        case("a leading zero", '{"a":01}'),
        case("a huge number", '{"a":' + "9" * 400 + "}"),
        case("NaN", '{"a":NaN}'),
        case("a duplicate member", '{"a":1,"a":1}'),
        case("a duplicate member in a nested object", '{"b":{"a":1,"a":2}}'),
        case("a duplicate member by an escape", '{"a":1,"\\u0061":1}'),
        case("a lone surrogate", '{"a":"\\ud83d"}'),
        case("a lone surrogate as a name", '{"\\udc00":1}'),
        case("not UTF-8", b'{"a":"\xff"}'),
        case("a surrogate in UTF-8", b'{"a":"\xed\xa0\x80"}'),
        case("an overlong form", b'{"a":"\xc0\xaf"}'),
        case("a byte order mark", b'\xef\xbb\xbf{"a":1}'),
        case("a control character", '{"a":"\n"}'),
        case("something behind", '{"a":1} {}'),
        case("a comma at the end", '{"a":1,}'),
        case("an array", "[1]"),
        case("a string", '"a"'),
        case("nothing", ""),
        case("a thousand brackets", '{"a":' + "[" * 1000 + "]" * 1000 + "}"),
    ]


def keys():
    def case(name, jwk, key=None):
        return {"name": name, "jwk": jwk, "accepted": bool(key)} | (
            {"alg": key.alg, "thumbprint": key.thumbprint} if key else {}
        )

    ed, es = ED.public.jwk, ES.public.jwk
    prime = 2**255 - 19
    return [
        case("Ed25519", ed, ED),
        case("P-256", es, ES),
        case("P-256, members in another order", dict(reversed(es.items())), ES),
        case("an unneeded member", ed | {"alg": "Ed25519"}),
        case("a private member", ed | {"d": b64(bytes(32))}),
        case("kid in the key", es | {"kid": ES.thumbprint}),
        case("Ed25519 with y", ed | {"y": ed["x"]}),
        case("P-256 without y", {name: es[name] for name in ("kty", "crv", "x")}),
        case("not on the curve", es | {"y": es["x"]}),
        case("x as long as it is, without its zeros", es | {"x": b64(bytes(1)), "y": es["y"]}),
        case("33 bytes", ed | {"x": b64(bytes(33))}),
        case("another curve", ed | {"crv": "X25519"}),
        case("another kind", {"kty": "oct", "k": b64(bytes(32))}),
        case("small order: the neutral point", ed | {"x": b64(IDENTITY)}),
        case("small order: order two", ed | {"x": b64((prime - 1).to_bytes(32, "little"))}),
        case("small order: order four", ed | {"x": b64(bytes(32))}),
        case(
            "small order: order eight",
            ed | {"x": b64(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"))},
        ),
        case("not canonical: y is p + 1", ed | {"x": b64((prime + 1).to_bytes(32, "little"))}),
        case("not canonical: y is p + 3", ed | {"x": b64((prime + 3).to_bytes(32, "little"))}),
        case("not a point of the curve", ed | {"x": b64((2).to_bytes(32, "little"))}),
    ]


def _with_small_r(signed):
    digest = hashlib.sha512(hashlib.sha256(b"jose ed25519").digest()).digest()
    scalar = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
    from strict import unb64

    a = unb64(ED.public.jwk["x"])
    k = int.from_bytes(hashlib.sha512(IDENTITY + a + signed.encode()).digest(), "little")
    return IDENTITY + (k * scalar % ED_ORDER).to_bytes(32, "little")


def jws():
    cases = []

    def case(name, compact, key, accepted=False):
        cases.append({"name": name, "jws": compact, "jwk": key if isinstance(key, dict) else key.public.jwk})
        cases[-1] |= {"accepted": accepted} | ({"h": h_of(compact).hex()} if accepted else {})

    def header(key, **changes):
        return {"alg": key.alg, "typ": "countersign-inbox+jwt", "kid": key.thumbprint} | changes

    for key, other in ((ED, OTHER), (ES, ED)):
        good = seal(header(key), PAYLOAD, key)
        first, second, third = good.split(".")
        from strict import unb64

        raw = unb64(third)
        label = key.alg

        def altered(signature, signed=f"{first}.{second}"):
            return f"{signed}.{b64(signature)}"

        case(f"{label}: by kid", good, key, True)
        by_jwk = {"alg": key.alg, "typ": "countersign-uv+jwt", "jwk": key.public.jwk}
        case(f"{label}: by jwk", seal(by_jwk, PAYLOAD, key), key, True)
        turned = dict(reversed(header(key).items()))
        case(f"{label}: header in another order", seal(turned, PAYLOAD, key), key, True)
        case(f"{label}: another key's kid", seal(header(key, kid=other.thumbprint), PAYLOAD, key), key)
        case(f"{label}: another key's signature", seal(header(key), PAYLOAD, OTHER), key)
        case(f"{label}: another key's jwk", seal(by_jwk | {"jwk": OTHER.public.jwk}, PAYLOAD, key), key)
        case(f"{label}: kid and jwk", seal(header(key, jwk=key.public.jwk), PAYLOAD, key), key)
        case(f"{label}: neither kid nor jwk", seal({"alg": key.alg, "typ": "countersign-uv+jwt"}, PAYLOAD, key), key)
        for alg in ("none", "HS256", "EdDSA", "RS256", "ES256" if key is ED else "Ed25519", "ed25519"):
            case(f"{label}: alg {alg}", seal(header(key, alg=alg), PAYLOAD, key), key)
        case(f"{label}: crit", seal(header(key, crit=["b64"]), PAYLOAD, key), key)
        case(f"{label}: jku", seal(header(key, jku="https://rp.example/keys"), PAYLOAD, key), key)
        case(f"{label}: cty", seal(header(key, cty="jwt"), PAYLOAD, key), key)
        case(f"{label}: typ is no string", seal(header(key, typ=1), PAYLOAD, key), key)
        double = dump(header(key))[:-1] + b',"alg":"' + key.alg.encode() + b'"}'
        case(f"{label}: a duplicate member in the header", seal(double, PAYLOAD, key), key)
        case(f"{label}: one bit of the signature", altered(bytes([raw[0] ^ 1]) + raw[1:]), key)
        case(f"{label}: one bit of the payload", f"{first}.{second[:-2]}{'A' if second[-2] != 'A' else 'B'}{second[-1]}.{third}", key)
        case(f"{label}: no signature", f"{first}.{second}.", key)
        case(f"{label}: a signature of 63 bytes", altered(raw[:63]), key)
        case(f"{label}: a signature of 65 bytes", altered(raw + b"\0"), key)
        case(f"{label}: tail bits of the signature", good[:-1] + chr(ord(good[-1]) + 1), key)
        case(f"{label}: padding", good + "==", key)
        case(f"{label}: two parts", f"{first}.{second}", key)
        case(f"{label}: four parts", f"{good}.{third}", key)
        case(f"{label}: white space", f"{good}\n", key)
        if key is ED:
            s = int.from_bytes(raw[32:], "little") + ED_ORDER
            case("Ed25519: S plus the order", altered(raw[:32] + s.to_bytes(32, "little")), key)
            case("Ed25519: S is zero and R is small", altered(IDENTITY + bytes(32)), key)
            case("Ed25519: R of small order, else right", altered(_with_small_r(f"{first}.{second}")), key)
            weak = {"kty": "OKP", "crv": "Ed25519", "x": b64(IDENTITY)}
            forged = f"{b64(dump({'alg': 'Ed25519', 'typ': 'countersign-uv+jwt', 'jwk': weak}))}.{second}"
            case("Ed25519: a key of small order", altered(ED_BASE + b"\1" + bytes(31), forged), weak)
        else:
            r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")

            def pair(r, s):
                return altered(r.to_bytes(32, "big") + s.to_bytes(32, "big"))

            case("ES256: the other s (signatures are malleable, H isn't)", pair(r, P256_ORDER - s), key, True)
            case("ES256: r is zero", pair(0, s), key)
            case("ES256: s is zero", pair(r, 0), key)
            case("ES256: r is the order", pair(P256_ORDER, s), key)
            case("ES256: s is the order", pair(r, P256_ORDER), key)
            case("ES256: DER", altered(encode_dss_signature(r, s)), key)
    return cases


def jose():
    return {"base64url": base64url(), "json": json_texts(), "keys": keys(), "jws": jws()}


K = b64(hashlib.sha256(b"identity").digest())
T = b64(hashlib.sha256(b"ticket").digest()[:16])


def invitations():
    good, bad = [], []

    def accept(name, uri, u="https://rp.example", host="rp.example", n=None, a=None, t=T, loopback=False):
        parts = {"u": u, "host": host, "k": K, "t": t, "n": n, "a": a}
        good.append({"name": name, "uri": uri, "allow_loopback_http": loopback, "accepted": True, "parts": parts})

    def refuse(name, uri, loopback=False):
        bad.append({"name": name, "uri": uri, "allow_loopback_http": loopback, "accepted": False})

    def link(u="https%3A%2F%2Frp.example", k=K, t=T, more=""):
        return f"countersign://enroll?u={u}&k={k}&t={t}{more}"

    accept("all that must be", link())
    accept("names", link(more="&n=R%26D+1&a=mina%40rp.example"), n="R&D+1", a="mina@rp.example")
    accept("any order", f"countersign://enroll?a=mina&t={T}&n=RP&k={K}&u=https%3A%2F%2Frp.example", n="RP", a="mina")
    accept("not more encoded than needed", link(u="https://rp.example"))
    accept("beyond ASCII", link(more="&n=B%C3%BCro%20%E6%9D%B1&a=%F0%9F%99%82"), n="Büro 東", a="🙂")
    accept("lower-case percent codes", link(u="https%3a%2f%2frp.example"))
    accept("percent codes of letters", link(u="https%3A%2F%2F%72p.example"))
    accept("a port", link(u="https://rp.example:8443"), u="https://rp.example:8443")
    accept("a path", link(u="https://rp.example/a/b.c/~d_e-f"), u="https://rp.example/a/b.c/~d_e-f")
    accept("punycode", link(u="https://xn--bcher-kva.example"), u="https://xn--bcher-kva.example", host="xn--bcher-kva.example")
    accept("an IPv4 address", link(u="https://192.0.2.7"), u="https://192.0.2.7", host="192.0.2.7")
    accept("IPv6 loopback", link(u="https://[::1]:8443"), u="https://[::1]:8443", host="[::1]")
    accept("http to 127.0.0.1 where allowed", link(u="http://127.0.0.1:8080/rp"), u="http://127.0.0.1:8080/rp", host="127.0.0.1", loopback=True)
    accept("http to [::1] where allowed", link(u="http://[::1]:8080"), u="http://[::1]:8080", host="[::1]", loopback=True)
    long = b64(hashlib.sha256(b"long ticket").digest())
    accept("a ticket of 32 bytes", link(t=long), t=long)
    accept("a name of 40 code points", link(more="&n=" + "n" * 40), n="n" * 40)

    for name, u in {
        "http": "http://rp.example",
        "http to 127.0.0.1 where not allowed": "http://127.0.0.1:8080",
        "another scheme": "ftp://rp.example",
        "capitals in the scheme": "HTTPS://rp.example",
        "capitals in the host": "https://RP.example",
        "host beyond ASCII": "https://b%C3%BCcher.example",
        "the default port": "https://rp.example:443",
        "port zero": "https://rp.example:0",
        "a port with a leading zero": "https://rp.example:08443",
        "a port too large": "https://rp.example:65536",
        "an empty port": "https://rp.example:",
        "a trailing slash": "https://rp.example/",
        "a trailing slash behind a path": "https://rp.example/a/",
        "an empty segment": "https://rp.example//a",
        "a dot segment": "https://rp.example/a/./b",
        "two dots": "https://rp.example/a/..",
        "a percent code in the path": "https://rp.example/a%2520b",
        "a user": "https://mina@rp.example",
        "a user and a password": "https://mina:secret@rp.example",
        "a query": "https://rp.example?x%3D1",
        "a fragment": "https://rp.example%23x",
        "another IPv6 address": "https://[2001:db8::1]",
        "IPv6 loopback in another form": "https://[0:0:0:0:0:0:0:1]",
        "an IPv4 address in an odd form": "https://127.1",
        "an IPv4 address as a number": "https://2130706433",
        "an IPv4 address in hexadecimal": "https://0x7f000001",
        "an IPv4 address with a leading zero": "https://192.0.02.7",
        "a dot at the host's end": "https://rp.example.",
        "an empty label": "https://rp..example",
        "an underscore": "https://rp_1.example",
        "a hyphen at a label's end": "https://rp-.example",
        "a label of 64": "https://" + "a" * 64 + ".example",
        "a blank": "https://rp.example%20",
        "a line end": "https://rp.example%0A",
        "no host": "https:///a",
        "nothing": "",
    }.items():
        refuse(f"u: {name}", link(u=u))
    refuse("u: http to another host even where loopback is allowed", link(u="http://rp.example"), True)
    refuse("u: http to localhost", link(u="http://localhost:8080"), True)
    refuse("u: http to 127.0.0.2", link(u="http://127.0.0.2:8080"), True)
    refuse("u: http's default port", link(u="http://127.0.0.1:80"), True)
    refuse("another action", link().replace("enroll?", "enrol?"))
    refuse("another scheme", link().replace("countersign:", "otpauth:"))
    refuse("a slash before the query", link().replace("enroll?", "enroll/?"))
    refuse("no query", "countersign://enroll")
    for name in "ukt":
        wanted = {"u": "https://rp.example", "k": K, "t": T}
        kept = "&".join(f"{key}={value}" for key, value in wanted.items() if key != name)
        refuse(f"no {name}", f"countersign://enroll?{kept}")
        refuse(f"{name} twice", link(more=f"&{name}={wanted[name]}"))
    refuse("n twice", link(more="&n=RP&n=RP"))
    refuse("an unknown parameter", link(more="&x=1"))
    refuse("a capital parameter", link(more="&N=RP"))
    refuse("an empty parameter", link(more="&"))
    refuse("a parameter without a value", link(more="&n"))
    refuse("a fragment behind", link(more="#x"))
    refuse("k too short", link(k=K[:-2]))
    refuse("k with tail bits", link(k=K[:-1] + chr(ord(K[-1]) + 1)))
    refuse("k with padding", link(k=K + "%3D"))
    refuse("a ticket of 15 bytes", link(t=b64(bytes(15))))
    refuse("a ticket of 33 bytes", link(t=b64(bytes(33))))
    refuse("a ticket with tail bits", link(t=b64(bytes(16))[:-1] + "B"))
    refuse("a broken percent code", link(more="&n=%4"))
    refuse("a percent code of no digits", link(more="&n=%zz"))
    refuse("not UTF-8", link(more="&n=%FF"))
    refuse("an overlong form", link(more="&n=%C0%AF"))
    refuse("characters that aren't encoded", link(more="&n=Büro"))
    refuse("a blank that isn't encoded", link(more="&n=R P"))
    refuse("an empty name", link(more="&n="))
    refuse("a name of 41 code points", link(more="&n=" + "n" * 41))
    refuse("an account of 201 code points", link(more="&a=" + "n" * 201))
    refuse("a name with a line end", link(more="&n=R%0AP"))
    refuse("a name that turns the direction", link(more="&n=%E2%80%AER"))
    return good + bad


def strings():
    def case(name, text, accepted=False, most=40):
        return {"name": name, "text": text, "most": most, "accepted": accepted}

    return [
        case("one letter", "A", True),
        case("a blank", " ", True),
        case("40 code points", "é" * 40, True),
        case("40 code points beyond the first plane", "\U0001f642" * 40, True),
        case("200 code points", "x" * 200, True, 200),
        case("two directions", "Mina שלום مرحبا", True),
        case("a combining mark without a composed form", "q\u0307", True),
        case("zero width non-joiner", "می\u200cخواهم", True),
        case("zero width joiner", "\U0001f469\u200d\U0001f4bb", True),
        case("a no-break space", "a\u00a0b", True),
        case("assigned in Unicode 13.0", "\u08c7\U0001fad6\U00030000", True),
        case("empty", ""),
        case("41 code points", "x" * 41),
        case("201 code points", "x" * 201, False, 200),
        case("not NFC: a decomposed letter", "e\u0301"),
        case("not NFC: the Ångström sign", "\u212b"),
        case("not NFC: decomposed Hangul", "\u1112\u1161\u11ab"),
        case("not NFC: marks out of order", "q\u0307\u0323"),
        case("a line end", "a\nb"),
        case("a tab", "a\tb"),
        case("the zero character", "a\u0000b"),
        case("a C1 control", "a\u0085b"),
        case("delete", "a\u007fb"),
        case("a soft hyphen", "a\u00adb"),
        case("right-to-left override", "a\u202eb"),
        case("left-to-right isolate", "a\u2066b\u2069"),
        case("left-to-right mark", "a\u200eb"),
        case("zero width space", "a\u200bb"),
        case("word joiner", "a\u2060b"),
        case("a byte order mark", "\ufeffa"),
        case("a tag character", "a\U000e0041"),
        case("line separator", "a\u2028b"),
        case("paragraph separator", "a\u2029b"),
        case("private use", "a\ue000b"),
        case("private use, plane 16", "a\U00100000"),
        case("unassigned", "a\u0378b"),
        case("no character", "a\uffffb"),
    ]
