//! Keys and signed messages: the small part of JOSE that the protocol uses, and nothing else of it.
//!
//! - `key`: public keys as JWK (RFC 7517, 8037), their thumbprints (RFC 7638), verifying with them.
//! - `software`: an Ed25519 key that signs here; hardware keys sign elsewhere.
//! - `jws`: messages in compact serialisation (RFC 7515): read, verified, and drafted for signing.
//!
//! Two algorithms: `Ed25519` (RFC 9864) and `ES256` (RFC 7518). ADR 7 says why this isn't a library.

mod jws;
mod key;
mod software;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

pub use jws::{Draft, Jws, KeyName, MessageHash, Verified};
pub use key::{Algorithm, PublicKey, Thumbprint, fixed_of_der};
pub use software::SoftwareKey;

/// Base64url without padding (RFC 7515, section 2).
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64url without padding, whose unused last bits must be zero: one text for the same bytes.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// SHA-256 of the parts, one after the other.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    parts.iter().for_each(|part| digest.update(part));
    digest.finalize().into()
}
