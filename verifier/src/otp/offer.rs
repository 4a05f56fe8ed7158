//! A new authenticator's secret, and the link that carries it, for a QR code.
//!
//! It counts only once the person has typed a first code from it: judge that with [`TotpPolicy`](super::TotpPolicy) or
//! [`HotpPolicy`](super::HotpPolicy) and a fresh state, and store both then. Until then the old ways stay as they are.

use std::fmt;

use countersign_core::account::Profile;
use countersign_core::enroll::{self, Pin};
use countersign_core::entropy::{Entropy, EntropyError};
use countersign_core::otp::{self, Algorithm, Digits, Hotp, Otp, Period, Secret, Totp};
use countersign_core::push::shown::{NAME, TEXT, is_shown};
use countersign_core::secret::{SecretBytes, SecretText};
use zeroize::Zeroizing;

/// What kind of authenticator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Time-based.
    Totp {
        /// The hash: SHA-1 is what every app knows.
        algorithm: Algorithm,
        /// How many digits.
        digits: Digits,
        /// How long a code lasts.
        period: Period,
    },
    /// Counter-based, from counter 0.
    Hotp {
        /// The hash.
        algorithm: Algorithm,
        /// How many digits.
        digits: Digits,
    },
}

impl Default for Kind {
    /// What every app reads: TOTP with SHA-1, six digits, 30 seconds. (HMAC doesn't suffer from SHA-1's collisions.)
    fn default() -> Self {
        Self::Totp { algorithm: Algorithm::Sha1, digits: Digits::SIX, period: Period::THIRTY }
    }
}

/// Why there is no offer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Issuer or account name can't be shown: empty, too long, or with characters that nobody sees.
    #[error("the {0} can't be shown to a person")]
    Name(&'static str),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// Parameters out of bounds.
    #[error(transparent)]
    Otp(#[from] otp::Error),
}

/// A new secret, not stored anywhere yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Offer {
    otp: Otp,
    profile: Profile,
}

impl fmt::Debug for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offer").field("kind", &self.otp.kind()).finish_non_exhaustive()
    }
}

impl Offer {
    /// Makes a secret as long as the hash's output (RFC 4226 §4 R6 asks for 128 bits and recommends 160).
    ///
    /// `issuer` is the service's name, at most 40 code points; `account` the person's name there, at most 200.
    ///
    /// # Errors
    /// [`Error`].
    pub fn make(kind: Kind, issuer: &str, account: &str, entropy: &dyn Entropy) -> Result<Self, Error> {
        if !is_shown(issuer, NAME) {
            return Err(Error::Name("issuer"));
        }
        if !is_shown(account, TEXT) {
            return Err(Error::Name("account name"));
        }
        let (Kind::Totp { algorithm, .. } | Kind::Hotp { algorithm, .. }) = kind;
        let mut bytes = Zeroizing::new(vec![0; output_bytes(algorithm)]);
        entropy.fill(&mut bytes)?;
        let secret = Secret::new(SecretBytes::new(std::mem::take(&mut *bytes)))?;
        let otp = match kind {
            Kind::Totp { digits, period, .. } => Otp::Totp(Totp::new(secret, algorithm, digits, period)),
            Kind::Hotp { digits, .. } => Otp::Hotp(Hotp::new(secret, algorithm, digits, 0)),
        };
        Ok(Self { otp, profile: Profile::named(issuer, account) })
    }

    /// The link that authenticator apps read, for a QR code; never for a log.
    #[must_use]
    pub fn uri(&self) -> SecretText {
        enroll::to_uri(&self.profile, &self.otp, Pin::Omit)
    }

    /// What is to be judged and stored.
    #[must_use]
    pub const fn otp(&self) -> &Otp {
        &self.otp
    }
}

const fn output_bytes(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Sha1 => 20,
        Algorithm::Sha224 => 28,
        Algorithm::Sha256 => 32,
        Algorithm::Sha384 => 48,
        Algorithm::Sha512 => 64,
    }
}
