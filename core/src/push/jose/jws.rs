//! Signed messages in compact serialisation (RFC 7515, section 3.1): `header.payload.signature`.
//!
//! Three states, three types: a [`Jws`] was read and proves nothing yet; a [`Verified`] one was signed by a key that the
//! caller named; a [`Draft`] waits for its signature. Only a verified one gives its payload.

use std::fmt;

use super::{Algorithm, PublicKey, SoftwareKey, Thumbprint, decode, encode, sha256};
use crate::push::MessageError;
use crate::push::json::{Members, Object, Value, parse};

/// H(m) of the protocol: SHA-256 of a message's signing input as it was received. Signatures can be malleable, it isn't.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageHash([u8; 32]);

impl MessageHash {
    /// From its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes, as formulas take it.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Display for MessageHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(&self.0))
    }
}

impl fmt::Debug for MessageHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageHash({self})")
    }
}

/// How a header names the key that signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyName {
    /// `kid`: a key that both sides know, by its thumbprint.
    Known(Thumbprint),
    /// `jwk`: a claim, proven by the signature and by nothing else.
    Claimed(PublicKey),
}

/// A message that was read but not verified: it can be asked who claims to have signed it, and for its hash.
#[derive(Clone)]
pub struct Jws<'a> {
    input: &'a str,
    payload: &'a str,
    algorithm: Algorithm,
    kind: String,
    key: KeyName,
    signature: [u8; 64],
}

impl fmt::Debug for Jws<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jws").field("kind", &self.kind).field("key", &self.key).finish_non_exhaustive()
    }
}

impl<'a> Jws<'a> {
    /// Reads a message's parts and header: exactly `alg`, `typ`, and `kid` or `jwk`.
    ///
    /// # Errors
    /// [`MessageError::NotSigned`].
    pub fn parse(text: &'a str) -> Result<Self, MessageError> {
        let broken = MessageError::NotSigned;
        let (input, signature) = text.rsplit_once('.').ok_or(broken("parts"))?;
        let (header, payload) = input.split_once('.').ok_or(broken("parts"))?;
        let signature = decode(signature).and_then(|bytes| bytes.try_into().ok()).ok_or(broken("signature"))?;
        let header = decode(header).ok_or(broken("header"))?;
        let (algorithm, kind, key) = read_header(&header).map_err(|_| broken("header"))?;
        Ok(Self { input, payload, algorithm, kind, key, signature })
    }

    /// The key that it says it is signed by.
    #[must_use]
    pub const fn key(&self) -> KeyName {
        self.key
    }

    /// H of this message.
    #[must_use]
    pub fn hash(&self) -> MessageHash {
        MessageHash(sha256(&[self.input.as_bytes()]))
    }

    /// Verifies it with the key that it has to be signed by. The algorithm is the key's, whatever the header says; where
    /// the header says another one, or names another key, it is refused.
    ///
    /// # Errors
    /// [`MessageError::UnknownKey`], [`MessageError::WrongSignature`].
    pub fn verify(self, key: &PublicKey) -> Result<Verified, MessageError> {
        let same = match self.key {
            KeyName::Known(name) => name == key.thumbprint(),
            KeyName::Claimed(claimed) => claimed == *key,
        };
        if !same || self.algorithm != key.algorithm() {
            return Err(MessageError::UnknownKey);
        }
        if !key.verify(self.input.as_bytes(), &self.signature) {
            return Err(MessageError::WrongSignature);
        }
        Ok(Verified { hash: self.hash(), kind: self.kind, key: self.key, payload: self.payload.to_owned() })
    }

    /// A message that was verified before it was kept, in a place that nobody else writes: its hash says that it is the same.
    ///
    /// # Errors
    /// [`MessageError::WrongSignature`] if it is another message.
    pub(in crate::push) fn verified_before(self, hash: MessageHash) -> Result<Verified, MessageError> {
        if self.hash() != hash {
            return Err(MessageError::WrongSignature);
        }
        Ok(Verified { hash, kind: self.kind, key: self.key, payload: self.payload.to_owned() })
    }
}

fn read_header(header: &[u8]) -> Result<(Algorithm, String, KeyName), MessageError> {
    let mut header = Members::of(parse(header)?, "header")?;
    let algorithm = Algorithm::named(&header.text("alg")?).ok_or(MessageError::NotSigned("alg"))?;
    let kind = header.text("typ")?;
    let key = match (header.find("kid"), header.find("jwk")) {
        (Some(Value::Text(kid)), None) => {
            KeyName::Known(Thumbprint::parse(&kid).ok_or(MessageError::NotSigned("kid"))?)
        }
        (None, Some(jwk)) => KeyName::Claimed(PublicKey::from_jwk(Members::of(jwk, "jwk")?)?),
        _ => return Err(MessageError::NotSigned("kid")),
    };
    header.end()?;
    Ok((algorithm, kind, key))
}

/// A message whose signature was verified with a key that the caller named.
#[derive(Clone)]
pub struct Verified {
    hash: MessageHash,
    kind: String,
    key: KeyName,
    payload: String,
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").field("kind", &self.kind).field("hash", &self.hash).finish_non_exhaustive()
    }
}

impl Verified {
    /// H of this message.
    #[must_use]
    pub const fn hash(&self) -> MessageHash {
        self.hash
    }

    /// The header's `typ`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// How the header names the key.
    #[must_use]
    pub const fn key(&self) -> KeyName {
        self.key
    }

    /// The members of the payload.
    ///
    /// # Errors
    /// [`MessageError::Malformed`].
    pub fn members(&self) -> Result<Members, MessageError> {
        let payload = decode(&self.payload).ok_or(MessageError::Malformed("payload"))?;
        Members::of(parse(&payload)?, "payload")
    }
}

/// A message that waits for its signature. What is signed is fixed from here on.
#[derive(Clone, PartialEq, Eq)]
pub struct Draft {
    input: String,
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Draft(..)")
    }
}

impl Draft {
    /// Of a type (`typ`), its payload as JSON, and how its key is named.
    #[must_use]
    pub fn new(kind: &str, algorithm: Algorithm, key: &KeyName, payload: &str) -> Self {
        let header = Object::new().text("alg", algorithm.name()).text("typ", kind);
        let header = match key {
            KeyName::Known(name) => header.text("kid", &name.to_string()),
            KeyName::Claimed(key) => header.raw("jwk", &key.to_jwk()),
        };
        Self { input: format!("{}.{}", encode(header.finish().as_bytes()), encode(payload.as_bytes())) }
    }

    /// The bytes to sign.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        self.input.as_bytes()
    }

    /// H of the message that this becomes.
    #[must_use]
    pub fn hash(&self) -> MessageHash {
        MessageHash(sha256(&[self.message()]))
    }

    /// The whole message, with a signature that was made elsewhere (64 bytes).
    #[must_use]
    pub fn signed(mut self, signature: &[u8; 64]) -> String {
        self.input.push('.');
        self.input.push_str(&encode(signature));
        self.input
    }

    /// The whole message, signed here.
    #[must_use]
    pub fn sign(self, key: &SoftwareKey) -> String {
        let signature = key.sign(self.message());
        self.signed(&signature)
    }
}
