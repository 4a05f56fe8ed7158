//! Kinds whose codes need a PIN: Mobile-OTP and Yandex.Key.

use super::uri::Parameters;
use super::{Enrollment, Error, Oddity, Scanned, base32, otpauth};
use crate::account::Profile;
use crate::otp::{Kind, Motp, Otp, Secret, Yandex};
use crate::secret::SecretText;

/// An account that lacks its PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeedsPin {
    profile: Profile,
    secret: Secret,
    kind: PinKind,
    digits: Option<u64>,
    oddities: Vec<Oddity>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PinKind {
    Motp,
    Yandex,
}

impl NeedsPin {
    /// Its names.
    #[must_use]
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// [`Kind::Motp`] or [`Kind::Yandex`].
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self.kind {
            PinKind::Motp => Kind::Motp,
            PinKind::Yandex => Kind::Yandex,
        }
    }

    /// How many digits the PIN has, where the link says so.
    #[must_use]
    pub const fn pin_digits(&self) -> Option<u64> {
        self.digits
    }

    /// The account with the PIN that the person typed.
    ///
    /// # Errors
    /// [`Error::Otp`] where the PIN, or the secret, does not have the form that this kind has.
    pub fn with_pin(&self, pin: SecretText) -> Result<Enrollment, Error> {
        let secret = self.secret.clone();
        let otp = match self.kind {
            PinKind::Motp => Otp::Motp(Motp::new(secret, pin)?),
            PinKind::Yandex => Otp::Yandex(Yandex::new(secret, pin)?),
        };
        Ok(otpauth::finish(self.profile.clone(), otp, self.oddities.clone()))
    }
}

pub(super) fn motp(
    profile: Profile,
    secret: Secret,
    parameters: &Parameters,
    oddities: Vec<Oddity>,
) -> Result<Scanned, Error> {
    let pin = parameters.text("pin")?.filter(|pin| !pin.is_empty()).map(|pin| SecretText::new(pin.to_owned()));
    answer(NeedsPin { profile, secret, kind: PinKind::Motp, digits: None, oddities }, pin)
}

/// Aegis writes a Yandex PIN as base32 of its text.
pub(super) fn yandex(
    profile: Profile,
    secret: Secret,
    parameters: &Parameters,
    mut oddities: Vec<Oddity>,
) -> Result<Scanned, Error> {
    let pin = parameters.text("pin")?.filter(|pin| !pin.is_empty()).map(base32_text).transpose()?;
    let digits = parameters.number("pin_length", &mut oddities)?;
    answer(NeedsPin { profile, secret, kind: PinKind::Yandex, digits, oddities }, pin)
}

fn answer(needs: NeedsPin, pin: Option<SecretText>) -> Result<Scanned, Error> {
    match pin {
        Some(pin) => needs.with_pin(pin).map(Scanned::Account),
        None => Ok(Scanned::NeedsPin(needs)),
    }
}

fn base32_text(text: &str) -> Result<SecretText, Error> {
    let bytes = base32::secret(text, &mut Vec::new()).map_err(|_| Error::BadParameter("pin"))?;
    let text = std::str::from_utf8(bytes.expose()).map_err(|_| Error::BadParameter("pin"))?;
    Ok(SecretText::new(text.to_owned()))
}
