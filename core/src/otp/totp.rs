//! Time-based codes: RFC 6238.

use super::hotp::digits_of;
use super::mac::Key;
use super::{Algorithm, Code, Digits, Error, Period, Secret};
use crate::time::UnixTime;

/// A time-based authenticator, RFC 6238, with `T0` = 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totp {
    key: Key,
    digits: Digits,
    period: Period,
}

impl Totp {
    /// From its parameters, each within its bounds already.
    #[must_use]
    pub fn new(secret: Secret, algorithm: Algorithm, digits: Digits, period: Period) -> Self {
        Self { key: Key::new(algorithm, secret), digits, period }
    }

    /// The code at that moment, the next one, and the window in milliseconds (RFC 6238 §4.2). Allocates nothing.
    ///
    /// # Errors
    /// [`Error::BeforeEpoch`] for a moment before 1970.
    pub fn code(&self, at: UnixTime) -> Result<Code, Error> {
        Code::timed(at, self.period.seconds(), |counter| digits_of(&self.key, self.digits, counter))
    }

    /// The secret's bytes.
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        self.key.secret()
    }

    /// The hash inside the HMAC.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    /// How many digits a code has.
    #[must_use]
    pub const fn digits(&self) -> Digits {
        self.digits
    }

    /// How long a code lasts.
    #[must_use]
    pub const fn period(&self) -> Period {
        self.period
    }
}
