//! What both halves compute from messages (`docs/protocol.md`, "Formulas"). Values stand for their bytes.

use hmac::{Hmac, KeyInit, Mac};
use p256::elliptic_curve::sec1::ToSec1Point;
use ring::hkdf;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use super::BaseUrl;
use crate::entropy::{Entropy, EntropyError};
use crate::otp::{Secret, ocra};
use crate::push::MessageError;
use crate::push::jose::{MessageHash, Thumbprint, sha256};
use crate::secret::SecretBytes;

/// The name of a ticket on the wire: SHA-256("countersign-tid" ‖ t).
#[must_use]
pub fn ticket_id(ticket: &SecretBytes) -> [u8; 32] {
    sha256(&[b"countersign-tid", ticket.expose()])
}

/// The proof of having a ticket, bound to the verifier and to everything that the request brings:
/// HMAC-SHA-256(t, "countersign-enroll" ‖ SHA-256(u) ‖ possession ‖ uv ‖ SHA-256(epk)).
#[must_use]
pub fn ticket_proof(
    ticket: &SecretBytes,
    base: &BaseUrl,
    possession: Thumbprint,
    uv: Thumbprint,
    exchange: &[u8; 65],
) -> [u8; 32] {
    hmac_sha256(
        ticket.expose(),
        &[
            b"countersign-enroll",
            &sha256(&[base.as_str().as_bytes()]),
            &possession.to_bytes(),
            &uv.to_bytes(),
            &sha256(&[exchange]),
        ],
    )
}

/// HMAC-SHA-256 over the parts.
#[must_use]
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of any length: there is no error to meet.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// The six digits that confirm an enrolment:
/// the first 8 bytes of SHA-256("countersign-confirm" ‖ H(enroll) ‖ H(enrolled)) modulo 10⁶.
#[must_use]
pub fn confirmation(enroll: MessageHash, enrolled: MessageHash) -> String {
    let digest = sha256(&[b"countersign-confirm", &enroll.to_bytes(), &enrolled.to_bytes()]);
    let number = digest.iter().take(8).fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
    format!("{:06}", number % 1_000_000)
}

/// The `challenge` of a hardware key's attestation: SHA-256("countersign-attest" ‖ t).
#[must_use]
pub fn attestation_challenge(ticket: &SecretBytes) -> [u8; 32] {
    sha256(&[b"countersign-attest", ticket.expose()])
}

/// One side of the key agreement (ECDH on P-256), made for one enrolment and wiped with it.
pub struct ExchangeKey(p256::SecretKey);

impl std::fmt::Debug for ExchangeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ExchangeKey(..)")
    }
}

impl ExchangeKey {
    /// A new one. Of the 2²⁵⁶ strings of 32 bytes about 2²²⁴ are no private key; another is drawn then.
    ///
    /// # Errors
    /// As [`Entropy::fill`].
    pub fn make(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let mut secret = Zeroizing::new([0; 32]);
        for _ in 0..8 {
            entropy.fill(&mut *secret)?;
            if let Some(key) = Self::from_secret(&secret) {
                return Ok(key);
            }
        }
        Err(EntropyError)
    }

    /// From its 32 secret bytes.
    #[must_use]
    pub fn from_secret(secret: &[u8; 32]) -> Option<Self> {
        p256::SecretKey::from_slice(secret).ok().map(Self)
    }

    /// Its 32 secret bytes, to be sealed until the answer is there.
    #[must_use]
    pub fn secret(&self) -> Zeroizing<[u8; 32]> {
        let mut bytes = self.0.to_bytes();
        let secret = Zeroizing::new(bytes.into());
        bytes.zeroize();
        secret
    }

    /// The public half: 65 bytes (SEC 1, uncompressed).
    #[must_use]
    pub fn public(&self) -> [u8; 65] {
        let point = self.0.public_key().to_sec1_point(false);
        point.as_bytes().try_into().unwrap_or([0; 65])
    }

    /// The secrets of an enrolment: PRK = HKDF-Extract(salt = H(enroll) ‖ H(enrolled), Z ‖ t), Z the x coordinate of the
    /// shared point; 32 bytes each.
    ///
    /// # Errors
    /// [`MessageError::Malformed`] if the other side's key is no point on the curve.
    pub fn agree(
        &self,
        other: &[u8; 65],
        ticket: &SecretBytes,
        enroll: MessageHash,
        enrolled: MessageHash,
    ) -> Result<OfflineSecrets, MessageError> {
        let other = p256::PublicKey::from_sec1_bytes(other).map_err(|_| MessageError::Malformed("epk"))?;
        let shared = p256::ecdh::diffie_hellman(self.0.to_nonzero_scalar(), other.as_affine());
        let material = Zeroizing::new([shared.raw_secret_bytes().as_slice(), ticket.expose()].concat());
        let salt = [enroll.to_bytes(), enrolled.to_bytes()].concat();
        let key = hkdf::Salt::new(hkdf::HKDF_SHA256, &salt).extract(&material);
        Ok(OfflineSecrets {
            totp: expand(&key, b"countersign v1 totp"),
            offline: expand(&key, b"countersign v1 offline"),
        })
    }
}

fn expand(key: &hkdf::Prk, info: &[u8]) -> SecretBytes {
    let mut bytes = vec![0; 32];
    // 32 of at most 255 × 32 bytes: there is no error to meet.
    let filled = key.expand(&[info], hkdf::HKDF_SHA256).and_then(|output| output.fill(&mut bytes));
    debug_assert!(filled.is_ok());
    SecretBytes::new(bytes)
}

/// What an enrolment's two sides agree on and never send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfflineSecrets {
    /// The key of its TOTP (SHA-256, 6 digits, 30 s), where the policy has one.
    pub totp: SecretBytes,
    /// The key of its eight digits.
    pub offline: SecretBytes,
}

/// The suite of the eight digits (RFC 6287).
const OFFLINE_SUITE: &str = "OCRA-1:HOTP-SHA256-8:QH64";

/// The eight digits that approve a challenge without a network: OCRA (RFC 6287) with
/// SHA-256("countersign-offline" ‖ H(challenge)) in hexadecimal as its question.
///
/// # Errors
/// As [`ocra::Ocra::response`]; a key of 32 bytes meets none.
pub fn offline_digits(key: &SecretBytes, challenge: MessageHash) -> Result<ocra::Response, ocra::Error> {
    let question = sha256(&[b"countersign-offline", &challenge.to_bytes()]);
    let question = data_encoding::HEXLOWER.encode(&question);
    let secret = Secret::new(key.clone()).map_err(|_| ocra::Error::Key)?;
    let ocra = ocra::Ocra::new(secret, OFFLINE_SUITE.parse()?);
    ocra.response(&ocra::Inputs::new(ocra::Question::One(&question)))
}
