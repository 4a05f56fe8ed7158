//! Everything of a one-time password but its secret.

use super::uri::Parameters;
use super::{Error, Oddity};
use crate::otp::{Algorithm, Digits, Hotp, Otp, Period, Secret, Steam, Totp};

/// What to make of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blueprint {
    /// RFC 6238.
    Totp(Algorithm, Digits, Period),
    /// RFC 4226, with the counter to start at.
    Hotp(Algorithm, Digits, u64),
    /// Steam Guard, which has no parameters.
    Steam,
}

impl Blueprint {
    /// What nearly every site uses.
    pub(super) const USUAL: Self = Self::Totp(Algorithm::Sha1, Digits::SIX, Period::THIRTY);

    /// Reads the parameters that `kind` has; those that it always has the same are flagged where they differ.
    pub(super) fn read(kind: &str, parameters: &Parameters, oddities: &mut Vec<Oddity>) -> Result<Self, Error> {
        if kind == "steam" {
            flag_fixed(parameters, oddities)?;
            return Ok(Self::Steam);
        }
        let algorithm = parameters.value("algorithm", oddities)?;
        let algorithm = algorithm.map(str::parse).transpose()?.unwrap_or_default();
        let digits = parameters.number("digits", oddities)?.map(Digits::new).transpose()?.unwrap_or(Digits::SIX);
        if kind == "hotp" {
            let counter = parameters.number("counter", oddities)?;
            if counter.is_none() {
                oddities.push(Oddity::HotpCounterMissing);
            }
            return Ok(Self::Hotp(algorithm, digits, counter.unwrap_or(0)));
        }
        let usual = if kind == "daypassword" { Period::new(86_400)? } else { Period::THIRTY };
        let period = parameters.number("period", oddities)?.map(Period::new).transpose()?.unwrap_or(usual);
        Ok(Self::Totp(algorithm, digits, period))
    }

    /// The one-time password with this secret.
    pub(super) fn build(self, secret: Secret) -> Otp {
        match self {
            Self::Totp(algorithm, digits, period) => Otp::Totp(Totp::new(secret, algorithm, digits, period)),
            Self::Hotp(algorithm, digits, counter) => Otp::Hotp(Hotp::new(secret, algorithm, digits, counter)),
            Self::Steam => Otp::Steam(Steam::new(secret)),
        }
    }
}

/// Steam's codes are always SHA-1, five characters, 30 seconds; links say so or say nothing.
fn flag_fixed(parameters: &Parameters, oddities: &mut Vec<Oddity>) -> Result<(), Error> {
    for (name, fixed) in [("algorithm", "SHA1"), ("digits", "5"), ("period", "30")] {
        let value = parameters.value(name, &mut Vec::new())?;
        if value.is_some_and(|value| !value.eq_ignore_ascii_case(fixed)) {
            oddities.push(Oddity::IgnoredParameter(name));
        }
    }
    Ok(())
}
