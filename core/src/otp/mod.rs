//! One-time passwords. One enum, [`Otp`]; one file for each kind of it.
//!
//! - `totp`: RFC 6238, and `hotp`: RFC 4226, with SHA-1/224/256/384/512 and 4 to 10 digits.
//! - `steam`: Steam Guard's five letters. `motp`: Mobile-OTP. `yandex`: Yandex.Key's eight letters.
//! - [`ocra`]: RFC 6287, answers to a challenge. Outside the enum, since there is no answer without a question.
//! - `mac`: the HMAC and its truncation, which all but mOTP share.
//! - `code`: what comes out: [`Code`], `Copy`, digits inline.
//!
//! What is out of bounds does not build: [`Digits`], [`Period`], [`Secret`] and [`Algorithm`] refuse it with a typed
//! [`Error`], and nothing ever falls back to a default.

mod code;
mod hotp;
mod mac;
mod motp;
pub mod ocra;
mod params;
mod steam;
#[cfg(test)]
mod tests;
mod totp;
mod yandex;

pub use code::{Code, Text, Window};
pub use hotp::Hotp;
pub use motp::Motp;
pub use params::{Algorithm, Digits, Period, Secret};
pub use steam::Steam;
pub use totp::Totp;
pub use yandex::Yandex;

use crate::time::UnixTime;

/// Why there is no such one-time password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A hash that no code is made with here; never replaced by another one. The name is shortened to 20 characters.
    #[error("codes with the algorithm {0:?} are not supported")]
    UnknownAlgorithm(String),
    /// A number of digits outside 4 to 10.
    #[error("a code has 4 to 10 digits, not {0}")]
    Digits(u64),
    /// A period outside 1 to 86,400 seconds.
    #[error("a code lasts 1 to 86,400 seconds, not {0}")]
    Period(u64),
    /// No secret at all.
    #[error("the secret is empty")]
    EmptySecret,
    /// A secret over 1,024 bytes.
    #[error("the secret has {0} bytes, more than 1,024")]
    LongSecret(usize),
    /// A secret whose length does not fit its kind (Yandex: 16 bytes, or 26 with checksum and a right checksum).
    #[error("the secret does not have the form that {0} secrets have")]
    SecretForm(&'static str),
    /// A PIN that does not fit its kind (mOTP: not empty, up to 64 characters; Yandex: 4 to 16 digits).
    #[error("the PIN does not have the form that {0} PINs have")]
    Pin(&'static str),
    /// A moment before 1970, for which there are no codes.
    #[error("there are no codes before 1970: the clock is wrong")]
    BeforeEpoch,
    /// The counter of an HOTP account is at its end (2⁶⁴ − 1).
    #[error("the counter is used up: enrol this account again")]
    CounterUsedUp,
}

/// What a person has to compute codes with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Otp {
    /// Time-based, RFC 6238.
    Totp(Totp),
    /// Counter-based, RFC 4226.
    Hotp(Hotp),
    /// Steam Guard.
    Steam(Steam),
    /// Mobile-OTP.
    Motp(Motp),
    /// Yandex.Key.
    Yandex(Yandex),
}

/// The kinds of [`Otp`], by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Time-based, RFC 6238.
    Totp,
    /// Counter-based, RFC 4226.
    Hotp,
    /// Steam Guard.
    Steam,
    /// Mobile-OTP.
    Motp,
    /// Yandex.Key.
    Yandex,
}

impl Kind {
    /// The name as the command line's JSON and the URIs write it: `totp`, `hotp`, `steam`, `motp`, `yandex`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Hotp => "hotp",
            Self::Steam => "steam",
            Self::Motp => "motp",
            Self::Yandex => "yandex",
        }
    }
}

impl Otp {
    /// Which kind this is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Totp(_) => Kind::Totp,
            Self::Hotp(_) => Kind::Hotp,
            Self::Steam(_) => Kind::Steam,
            Self::Motp(_) => Kind::Motp,
            Self::Yandex(_) => Kind::Yandex,
        }
    }

    /// The code at that moment, and the one after it.
    ///
    /// For HOTP the moment does not matter: it is the code of the counter as it stands, which whoever shows it must
    /// have advanced and stored first ([`Hotp::advanced`]).
    ///
    /// # Errors
    /// [`Error::BeforeEpoch`] for a moment before 1970 (not HOTP); [`Error::CounterUsedUp`] at an HOTP counter's end.
    pub fn code(&self, at: UnixTime) -> Result<Code, Error> {
        match self {
            Self::Totp(totp) => totp.code(at),
            Self::Hotp(hotp) => hotp.code(),
            Self::Steam(steam) => steam.code(at),
            Self::Motp(motp) => motp.code(at),
            Self::Yandex(yandex) => yandex.code(at),
        }
    }

    /// The secret's bytes.
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        match self {
            Self::Totp(totp) => totp.secret(),
            Self::Hotp(hotp) => hotp.secret(),
            Self::Steam(steam) => steam.secret(),
            Self::Motp(motp) => motp.secret(),
            Self::Yandex(yandex) => yandex.secret(),
        }
    }

    /// Whether both have the same secret (compared in constant time), whatever else differs.
    #[must_use]
    pub fn same_secret(&self, other: &Self) -> bool {
        subtle::ConstantTimeEq::ct_eq(self.secret(), other.secret()).into()
    }
}
