//! A secret alone, as a site shows it for typing.

use super::blueprint::Blueprint;
use super::{Enrollment, Error, Oddity, base32, otpauth};
use crate::account::Profile;
use crate::otp::{Otp, Secret};

/// Fewer characters are more likely a word than a secret, where nothing says that it is one.
const LEAST: usize = 8;

/// A secret that the person has to name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BareSecret {
    secret: Secret,
    oddities: Vec<Oddity>,
}

impl BareSecret {
    /// Reads base32 text, in any case, with blanks and dashes, with or without padding: for a field where the person
    /// types a secret, so of any length.
    ///
    /// # Errors
    /// [`Error::MissingSecret`], [`Error::BadSecret`] or [`Error::Otp`] (over 1,024 bytes).
    pub fn read(text: &str) -> Result<Self, Error> {
        if text.len() > super::MAX_TEXT {
            return Err(Error::TooLong { bytes: text.len() });
        }
        let mut oddities = Vec::new();
        let secret = base32::secret(text, &mut oddities)?;
        Ok(Self { secret, oddities })
    }

    /// The account with these names, with codes as nearly every site has them: TOTP, SHA-1, 6 digits, 30 seconds.
    #[must_use]
    pub fn named(self, profile: Profile) -> Enrollment {
        otpauth::finish(profile, Blueprint::USUAL.build(self.secret), self.oddities)
    }

    /// The account with these names and other codes; `otp` makes them of the secret.
    #[must_use]
    pub fn named_with(self, profile: Profile, otp: impl FnOnce(Secret) -> Otp) -> Enrollment {
        otpauth::finish(profile, otp(self.secret), self.oddities)
    }
}

/// Whether a text without a scheme is a secret.
pub(super) fn recognise(text: &str) -> Result<BareSecret, Error> {
    let symbols = text.chars().filter(|c| !base32::is_separator(*c) && *c != '=');
    if symbols.clone().count() < LEAST || symbols.clone().any(|c| base32::symbol(c).is_none()) {
        return Err(Error::NotRecognized);
    }
    BareSecret::read(text)
}
