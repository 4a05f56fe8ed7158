//! Steam Guard: TOTP with SHA-1 and 30 s, written in five letters and digits.
//!
//! Not published by Valve; as open implementations agree (`SteamAuth`, `steampy`, Aegis).

use super::mac::Key;
use super::{Algorithm, Code, Error, Period, Secret, Text};
use crate::time::UnixTime;

/// Without what looks alike.
const ALPHABET: &[u8; 26] = b"23456789BCDFGHJKMNPQRTVWXY";

/// A Steam Guard authenticator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steam {
    key: Key,
}

impl Steam {
    /// How many characters a code has.
    pub const LENGTH: u8 = 5;
    /// How long a code lasts.
    pub const PERIOD: Period = Period::THIRTY;

    /// From its secret (Steam's own are 20 bytes).
    #[must_use]
    pub fn new(secret: Secret) -> Self {
        Self { key: Key::new(Algorithm::Sha1, secret) }
    }

    /// The code at that moment, the next one, and the window in milliseconds: the 31 bits of RFC 4226 §5.3 in base 26,
    /// least significant character first.
    ///
    /// # Errors
    /// [`Error::BeforeEpoch`] for a moment before 1970.
    pub fn code(&self, at: UnixTime) -> Result<Code, Error> {
        Code::timed(at, Self::PERIOD.seconds(), |counter| {
            Ok(Text::in_base_reversed(ALPHABET, Self::LENGTH, u64::from(self.key.number(counter)?)))
        })
    }

    /// The secret's bytes.
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        self.key.secret()
    }
}
