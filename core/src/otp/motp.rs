//! Mobile-OTP: six hexadecimal digits of an MD5, every ten seconds.
//!
//! Source: the description at motp.sourceforge.net.

use md5::{Digest, Md5};

use super::{Code, Error, Secret, Text};
use crate::secret::SecretText;
use crate::time::UnixTime;

/// A Mobile-OTP authenticator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Motp {
    secret: Secret,
    pin: SecretText,
}

impl Motp {
    /// How many characters a code has.
    pub const LENGTH: u8 = 6;
    /// How long a code lasts, in seconds.
    pub const PERIOD_SECONDS: u32 = 10;
    /// The longest PIN in characters; real ones have 4.
    pub const MAX_PIN: usize = 64;

    /// From the secret's bytes (not their hexadecimal text) and the PIN.
    ///
    /// # Errors
    /// [`Error::Pin`] if it is empty or longer than [`Self::MAX_PIN`] characters.
    pub fn new(secret: Secret, pin: SecretText) -> Result<Self, Error> {
        if pin.is_empty() || pin.expose().chars().nth(Self::MAX_PIN).is_some() {
            return Err(Error::Pin("mOTP"));
        }
        Ok(Self { secret, pin })
    }

    /// The code at that moment, the next one, and the window in milliseconds.
    ///
    /// # Errors
    /// [`Error::BeforeEpoch`] for a moment before 1970.
    pub fn code(&self, at: UnixTime) -> Result<Code, Error> {
        Code::timed(at, Self::PERIOD_SECONDS, |counter| Ok(self.code_of(counter)))
    }

    /// The secret's bytes.
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        self.secret.expose()
    }

    /// The PIN.
    #[must_use]
    pub const fn pin(&self) -> &SecretText {
        &self.pin
    }

    /// MD5(decimal counter ‖ secret in lower-case hexadecimal ‖ PIN), its first six hexadecimal digits.
    fn code_of(&self, counter: u64) -> Text {
        let mut hash = Md5::new_with_prefix(counter.to_string());
        for byte in self.secret.expose() {
            // Digit by digit, so that the secret's hexadecimal text never lies in memory.
            let mut pair = [0; 2];
            data_encoding::HEXLOWER.encode_mut(&[*byte], &mut pair);
            hash.update(pair);
        }
        hash.update(self.pin.expose());
        let [a, b, c, ..] = <[u8; 16]>::from(hash.finalize());
        let number = u32::from_be_bytes([0, a, b, c]);
        Text::in_base(b"0123456789abcdef", Self::LENGTH, u64::from(number))
    }
}
