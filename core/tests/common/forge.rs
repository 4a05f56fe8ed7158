//! A proper message, forged in every way that its form allows. Readers refuse each of these, whoever signed it.

use countersign_core::push::jose::{Algorithm, PublicKey, SoftwareKey, decode, encode};
use countersign_core::push::native::formulas::hmac_sha256;

/// Signs as the message was signed.
pub(crate) type Sign<'a> = &'a dyn Fn(&[u8]) -> [u8; 64];

struct Forger<'a> {
    header: String,
    payload: String,
    compact: &'a str,
    key: PublicKey,
    sign: Sign<'a>,
    made: Vec<(String, String)>,
}

/// What was done, and the message that came of it.
pub(crate) fn forgeries(compact: &str, key: PublicKey, sign: Sign<'_>) -> Vec<(String, String)> {
    let mut parts = compact.split('.').map(|part| String::from_utf8(decode(part).unwrap_or_default()));
    let (header, payload) = (parts.next().unwrap().unwrap(), parts.next().unwrap().unwrap());
    let mut forger = Forger { header, payload, compact, key, sign, made: Vec::new() };
    forger.signatures();
    forger.headers();
    forger.payloads();
    forger.spellings();
    forger.made
}

fn stranger() -> SoftwareKey {
    SoftwareKey::from_secret(&[99; 32])
}

impl Forger<'_> {
    fn add(&mut self, what: &str, text: String) {
        assert_ne!(text, self.compact, "{what}: nothing was forged");
        self.made.push((what.to_owned(), text));
    }

    fn seal(&mut self, what: &str, header: &[u8], payload: &[u8]) {
        let input = format!("{}.{}", encode(header), encode(payload));
        let signature = (self.sign)(input.as_bytes());
        self.add(what, format!("{input}.{}", encode(&signature)));
    }

    fn header(&mut self, what: &str, header: &str) {
        assert_ne!(header, self.header, "{what}: nothing was forged");
        let payload = self.payload.clone();
        self.seal(what, header.as_bytes(), payload.as_bytes());
    }

    fn payload(&mut self, what: &str, payload: &[u8]) {
        assert_ne!(payload, self.payload.as_bytes(), "{what}: nothing was forged");
        let header = self.header.clone();
        self.seal(what, header.as_bytes(), payload);
    }

    fn signatures(&mut self) {
        let (input, signature) = self.compact.rsplit_once('.').unwrap();
        let bytes = decode(signature).unwrap();
        let with = |signature: &[u8]| format!("{input}.{}", encode(signature));
        let mut flipped = bytes.clone();
        flipped[5] ^= 1;
        let swapped = [&bytes[32..], &bytes[..32]].concat();
        let altered = input.replacen('.', ".e", 1);
        let cases = [
            ("a stranger's signature under the right kid", with(&stranger().sign(input.as_bytes()))),
            ("one bit of the signature", with(&flipped)),
            ("the halves of the signature swapped", with(&swapped)),
            ("a signature of zeros", with(&[0; 64])),
            ("a signature of 63 bytes", with(&bytes[..63])),
            ("a signature of 65 bytes", with(&[&bytes[..], &[0]].concat())),
            ("no signature", format!("{input}.")),
            ("two parts", input.to_owned()),
            ("an altered payload", format!("{altered}.{signature}")),
        ];
        for (what, text) in cases {
            self.add(what, text);
        }
        if self.key.algorithm() == Algorithm::Ed25519 {
            self.add("S + L in place of S", with(&plus_order(&bytes)));
        }
    }

    fn headers(&mut self) {
        let (header, algorithm) = (self.header.clone(), self.key.algorithm().name());
        let alg = format!("\"alg\":\"{algorithm}\"");
        let named = |name: &str| header.replacen(&alg, &format!("\"alg\":\"{name}\""), 1);
        let more = |member: &str| header.replacen('{', &format!("{{{member},"), 1);
        let other = if algorithm == "ES256" { "Ed25519" } else { "ES256" };
        for name in ["none", "None", "", "HS256", "HS512", "EdDSA", "ES384", "RS256", "PS256", "es256", other] {
            self.header(&format!("alg {name:?}, rightly signed"), &named(name));
        }
        let unsigned = format!("{}.{}.", encode(named("none").as_bytes()), encode(self.payload.as_bytes()));
        self.add("alg none without a signature", unsigned);
        self.by_hmac(&named("HS256"));
        let stranger = stranger().public();
        let jwk = format!("\"jwk\":{}", stranger.to_jwk());
        let cases = [
            ("crit", more(r#""crit":["exp"]"#)),
            ("crit with b64", more(r#""b64":false,"crit":["b64"]"#)),
            ("an unknown member in the header", more(r#""cty":"JWT""#)),
            ("jku", more(r#""jku":"https://evil.example/keys""#)),
            ("x5u", more(r#""x5u":"https://evil.example/keys""#)),
            ("alg twice", more(&alg)),
            ("no alg", header.replacen(&format!("{alg},"), "", 1)),
            ("another typ", header.replacen("countersign-", "countersign-x", 1)),
            ("typ JWT", header.replacen("+jwt", "", 1).replacen("countersign-", "", 1)),
            ("typ in capitals", header.replacen("countersign", "Countersign", 1)),
            ("something behind the header", format!("{header}x")),
            ("a list as header", format!("[{header}]")),
            ("no header", String::new()),
        ];
        for (what, header) in cases {
            self.header(what, &header);
        }
        if header.contains("\"kid\"") {
            self.header("jwk beside kid", &more(&jwk));
            let own = format!("\"jwk\":{}", self.key.to_jwk());
            self.header("the signer's jwk beside kid", &more(&own));
            let kid = format!("\"kid\":\"{}\"", self.key.thumbprint());
            self.header("the signer's jwk in place of kid", &header.replacen(&kid, &own, 1));
            self.header(
                "the kid of a stranger",
                &header.replacen(&kid, &format!("\"kid\":\"{}\"", stranger.thumbprint()), 1),
            );
            self.header("no kid", &header.replacen(&format!(",{kid}"), "", 1));
            self.by_stranger(
                "a stranger's jwk in place of kid",
                &header.replacen(&kid, &jwk, 1).replacen(&alg, r#""alg":"Ed25519""#, 1),
            );
        }
    }

    /// The public key taken for a shared secret, as libraries did that believe the header.
    fn by_hmac(&mut self, header: &str) {
        let raw = match &self.key {
            PublicKey::Ed25519(key) => key.as_bytes().to_vec(),
            PublicKey::P256(key) => key.to_vec(),
        };
        let input = format!("{}.{}", encode(header.as_bytes()), encode(self.payload.as_bytes()));
        for secret in [raw, self.key.to_jwk().into_bytes()] {
            let tag = hmac_sha256(&secret, &[input.as_bytes()]);
            self.add("HS256 with the public key", format!("{input}.{}", encode(&tag)));
            self.add("HS256 with the public key, 64 bytes", format!("{input}.{}", encode(&[tag, tag].concat())));
        }
    }

    fn by_stranger(&mut self, what: &str, header: &str) {
        let input = format!("{}.{}", encode(header.as_bytes()), encode(self.payload.as_bytes()));
        let signature = stranger().sign(input.as_bytes());
        self.add(what, format!("{input}.{}", encode(&signature)));
    }

    fn payloads(&mut self) {
        let payload = self.payload.clone();
        let version = |text: &str| payload.replacen("\"v\":1", text, 1);
        let with = |members: &str| version(&format!("\"v\":1,{members}"));
        let deep = format!("\"ext\":{{\"a\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
        let many = (0..3000).map(|at| format!("\"m{at}\":0")).collect::<Vec<_>>().join(",");
        let cases = [
            ("v is 2", version("\"v\":2")),
            ("v is 0", version("\"v\":0")),
            ("v is a string", version("\"v\":\"1\"")),
            ("v is 1.0", version("\"v\":1.0")),
            ("v is 1e0", version("\"v\":1e0")),
            ("v is -1", version("\"v\":-1")),
            ("v is null", version("\"v\":null")),
            ("no v", version("\"w\":1")),
            ("v twice", with("\"v\":1")),
            ("v twice, once escaped", with("\"\\u0076\":1")),
            ("an unknown member", with("\"x\":1")),
            ("a prototype", with("\"__proto__\":{}")),
            ("ext is a list", with("\"ext\":[]")),
            ("ext is a number", with("\"ext\":1")),
            ("a member twice in ext", with("\"ext\":{\"a\":1,\"a\":1}")),
            ("a fraction in ext", with("\"ext\":{\"a\":0.5}")),
            ("2^53 in ext", with("\"ext\":{\"a\":9007199254740992}")),
            ("half a surrogate pair in ext", with("\"ext\":{\"a\":\"\\ud800\"}")),
            ("a raw line break in ext", with("\"ext\":{\"a\":\"\n\"}")),
            ("5000 lists in each other in ext", with(&deep)),
            ("3000 members in ext", with(&format!("\"ext\":{{{many}}}"))),
            ("a comma at the end", payload.replacen("\"v\":1", "\"v\":1,", 1).replacen(",,", ", ,", 1)),
            ("a comment", payload.replacen('{', "{/* */", 1)),
            ("single quotes", payload.replace('"', "'")),
            ("something behind it", format!("{payload}{payload}")),
            ("a byte order mark", format!("\u{feff}{payload}")),
            ("a list", format!("[{payload}]")),
            ("null", "null".to_owned()),
            ("nothing", String::new()),
        ];
        for (what, payload) in cases {
            self.payload(what, payload.as_bytes());
        }
        for (what, bytes) in
            [("a byte that is no UTF-8", &b"\xff"[..]), ("an overlong character", b"\xc0\xaf"), ("a NUL", b"\0")]
        {
            let (start, end) = payload.split_at(payload.find("\"v\":1").unwrap());
            let bytes = [start.as_bytes(), b"\"ext\":{\"a\":\"", bytes, b"\"},", end.as_bytes()].concat();
            self.payload(what, &bytes);
        }
    }

    /// The same bytes in other letters: each signed anew, so that only the spelling is wrong.
    fn spellings(&mut self) {
        let parts: Vec<_> = self.compact.split('.').collect();
        let [header, payload, signature] = [parts[0], parts[1], parts[2]];
        let signed = |header: &str, payload: &str| {
            let input = format!("{header}.{payload}");
            let signature = (self.sign)(input.as_bytes());
            format!("{input}.{}", encode(&signature))
        };
        let mut cases = vec![
            ("padding of the header", signed(&format!("{header}="), payload)),
            ("padding of the payload", signed(header, &format!("{payload}="))),
            ("padding of the signature", format!("{}==", self.compact)),
            ("the tail bits of the signature", format!("{header}.{payload}.{}", tail(signature).unwrap())),
            ("a blank before", format!(" {}", self.compact)),
            ("a line end behind", format!("{}\n", self.compact)),
            ("a line end in the payload", signed(header, &format!("{payload}\n"))),
            ("a fourth part", format!("{}.", self.compact)),
            ("a part before", format!(".{}", self.compact)),
            (
                "JSON in place of compact form",
                format!("{{\"protected\":\"{header}\",\"payload\":\"{payload}\",\"signature\":\"{signature}\"}}"),
            ),
        ];
        cases.extend(tail(header).map(|header| ("the tail bits of the header", signed(&header, payload))));
        cases.extend(tail(payload).map(|payload| ("the tail bits of the payload", signed(header, &payload))));
        let standard = signature.replace('-', "+").replace('_', "/");
        if standard != signature {
            cases.push(("the other alphabet", format!("{header}.{payload}.{standard}")));
        }
        for (what, text) in cases {
            self.add(what, text);
        }
    }
}

/// Another text of the same bytes, where the last character has bits to spare.
fn tail(part: &str) -> Option<String> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (start, last) = part.split_at(part.len() - 1);
    let at = ALPHABET.find(last)?;
    (!part.len().is_multiple_of(4)).then(|| format!("{start}{}", &ALPHABET[at + 1..at + 2]))
}

/// S + L of an Ed25519 signature: the same point, another number (RFC 8032, section 8.4).
fn plus_order(signature: &[u8]) -> Vec<u8> {
    let order = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0;
    let sum = signature[32..].iter().zip(order).map(|(byte, order): (&u8, u16)| {
        carry += u16::from(*byte) + order;
        let [low, high] = carry.to_le_bytes();
        carry = u16::from(high);
        low
    });
    let sum: Vec<_> = sum.collect();
    [&signature[..32], &sum].concat()
}
