//! Public keys: two kinds, each with its one algorithm.

use std::fmt;

use ed25519_dalek::{Signature, VerifyingKey};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

use super::{encode, sha256};
use crate::push::MessageError;
use crate::push::json::{Members, Object};

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RFC 8032, as RFC 9864 names it: strict (S < L, canonical encodings, no point of small order).
    Ed25519,
    /// ECDSA on P-256 with SHA-256 (RFC 7518, section 3.4): 64 bytes, r and s.
    Es256,
}

impl Algorithm {
    /// As it stands in a header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::Es256 => "ES256",
        }
    }

    /// From a header. There is no `none`, no `EdDSA`, no HMAC.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Ed25519, Self::Es256].into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// A key's name: the SHA-256 of its required members (RFC 7638).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Thumbprint([u8; 32]);

impl Thumbprint {
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

    /// From base64url.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        super::decode(text)?.try_into().ok().map(Self)
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(&self.0))
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thumbprint({self})")
    }
}

/// A public key that was checked when it was read: a point on its curve, in its one encoding, not of small order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PublicKey {
    /// Ed25519, compressed (RFC 8032).
    Ed25519(VerifyingKey),
    /// P-256, uncompressed (SEC 1): `04`, x, y.
    P256([u8; 65]),
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.algorithm().name(), self.thumbprint())
    }
}

/// 2²⁵⁵ − 19 less one in its lowest byte is the largest canonical coordinate: `ed` and above at the bottom, all ones over it.
fn is_canonical(compressed: &[u8; 32]) -> bool {
    let [lowest, middle @ .., highest] = compressed;
    !(*lowest >= 0xed && middle.iter().all(|byte| *byte == 0xff) && highest & 0x7f == 0x7f)
}

impl PublicKey {
    /// An Ed25519 key from its 32 bytes.
    ///
    /// # Errors
    /// [`MessageError::Malformed`] for what is no point, a second encoding of one, or a point of small order.
    pub fn ed25519(bytes: &[u8; 32]) -> Result<Self, MessageError> {
        match VerifyingKey::from_bytes(bytes) {
            Ok(key) if is_canonical(bytes) && !key.is_weak() => Ok(Self::Ed25519(key)),
            _ => Err(MessageError::Malformed("key")),
        }
    }

    /// A P-256 key from its 65 bytes (SEC 1, uncompressed), as keystores give it.
    ///
    /// # Errors
    /// [`MessageError::Malformed`] for what is no point on the curve.
    pub fn p256(bytes: &[u8]) -> Result<Self, MessageError> {
        let bytes: [u8; 65] = bytes.try_into().map_err(|_| MessageError::Malformed("key"))?;
        p256::PublicKey::from_sec1_bytes(&bytes).map_err(|_| MessageError::Malformed("key"))?;
        Ok(Self::P256(bytes))
    }

    /// Its one algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::Ed25519,
            Self::P256(_) => Algorithm::Es256,
        }
    }

    /// From a JWK, which must have its required members and no others.
    ///
    /// # Errors
    /// [`MessageError::Malformed`].
    pub fn from_jwk(mut jwk: Members) -> Result<Self, MessageError> {
        let (kind, curve) = (jwk.text("kty")?, jwk.text("crv")?);
        let key = match (kind.as_str(), curve.as_str()) {
            ("OKP", "Ed25519") => Self::ed25519(&jwk.array("x")?)?,
            ("EC", "P-256") => {
                let (x, y) = (jwk.array::<32>("x")?, jwk.array::<32>("y")?);
                Self::p256(&[&[4], x.as_slice(), &y].concat())?
            }
            _ => return Err(MessageError::Malformed("kty")),
        };
        jwk.end()?;
        Ok(key)
    }

    /// As a JWK: `kty`, `crv`, `x`, and `y` of P-256.
    #[must_use]
    pub fn to_jwk(&self) -> String {
        let (kind, curve) = self.kind();
        self.coordinates(Object::new().text("kty", kind).text("crv", curve)).finish()
    }

    const fn kind(&self) -> (&'static str, &'static str) {
        match self {
            Self::Ed25519(_) => ("OKP", "Ed25519"),
            Self::P256(_) => ("EC", "P-256"),
        }
    }

    fn coordinates(&self, object: Object) -> Object {
        match self {
            Self::Ed25519(key) => object.bytes("x", key.as_bytes()),
            Self::P256(bytes) => {
                let (x, y) = bytes.get(1..).unwrap_or_default().split_at_checked(32).unwrap_or_default();
                object.bytes("x", x).bytes("y", y)
            }
        }
    }

    /// Its name: of its members in the order of RFC 7638.
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        let (kind, curve) = self.kind();
        let members = self.coordinates(Object::new().text("crv", curve).text("kty", kind)).finish();
        Thumbprint(sha256(&[members.as_bytes()]))
    }

    /// Whether this key signed the message.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        match self {
            Self::Ed25519(key) => key.verify_strict(message, &Signature::from_bytes(signature)).is_ok(),
            Self::P256(key) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(message, signature).is_ok(),
        }
    }
}

/// An ECDSA signature as JOSE has it, from DER (`SEQUENCE { r INTEGER, s INTEGER }`), as keystores give it.
#[must_use]
pub fn fixed_of_der(der: &[u8]) -> Option<[u8; 64]> {
    let [0x30, length, body @ ..] = der else { return None };
    if usize::from(*length) != body.len() {
        return None;
    }
    let (r, rest) = integer(body)?;
    let (s, rest) = integer(rest)?;
    if !rest.is_empty() {
        return None;
    }
    let mut fixed = [0; 64];
    let (left, right) = fixed.split_at_mut(32);
    left.copy_from_slice(&r);
    right.copy_from_slice(&s);
    Some(fixed)
}

/// A positive DER INTEGER of at most 32 bytes in its shortest form, and what follows it.
fn integer(der: &[u8]) -> Option<([u8; 32], &[u8])> {
    let [0x02, length, rest @ ..] = der else { return None };
    let (bytes, rest) = rest.split_at_checked(usize::from(*length))?;
    let digits = match bytes {
        [0, next, ..] if *next >= 0x80 => bytes.get(1..)?,
        [first, ..] if *first > 0 && *first < 0x80 => bytes,
        _ => return None,
    };
    let mut fixed = [0; 32];
    fixed.get_mut(32usize.checked_sub(digits.len())?..)?.copy_from_slice(digits);
    Some((fixed, rest))
}
