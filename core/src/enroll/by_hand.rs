//! An account whose parts a person types one by one.

use super::{Enrollment, Error, base32, otpauth};
use crate::account::Profile;
use crate::otp::{self, Algorithm, Digits, Hotp, Kind, Motp, Otp, Period, Steam, Totp, Yandex};
use crate::secret::SecretText;

/// What a person says of an account, but for its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByHand {
    /// Its names.
    pub profile: Profile,
    /// Which kind of codes.
    pub kind: Kind,
    /// TOTP, HOTP: the hash.
    pub algorithm: Algorithm,
    /// TOTP, HOTP: how many digits.
    pub digits: Digits,
    /// TOTP: how long a code lasts.
    pub period: Period,
    /// HOTP: the counter of the next code.
    pub counter: u64,
}

/// The account. The secret is base32 in any case, with blanks and dashes, with or without padding; for mOTP it is hexadecimal.
/// mOTP and Yandex need a PIN, the others ignore it.
///
/// # Errors
/// [`Error::MissingSecret`], [`Error::BadSecret`], or [`Error::Otp`] where secret or PIN do not have the form of this kind.
pub fn by_hand(form: ByHand, secret: &str, pin: Option<SecretText>) -> Result<Enrollment, Error> {
    if secret.len() > super::MAX_TEXT {
        return Err(Error::TooLong { bytes: secret.len() });
    }
    let ByHand { profile, kind, algorithm, digits, period, counter } = form;
    let mut oddities = Vec::new();
    let secret = match kind {
        Kind::Motp => base32::hex_secret(secret.trim())?,
        _ => base32::secret(secret, &mut oddities)?,
    };
    let pin = |kind: &'static str| pin.ok_or(otp::Error::Pin(kind));
    let otp = match kind {
        Kind::Totp => Otp::Totp(Totp::new(secret, algorithm, digits, period)),
        Kind::Hotp => Otp::Hotp(Hotp::new(secret, algorithm, digits, counter)),
        Kind::Steam => Otp::Steam(Steam::new(secret)),
        Kind::Motp => Otp::Motp(Motp::new(secret, pin("mOTP")?)?),
        Kind::Yandex => Otp::Yandex(Yandex::new(secret, pin("Yandex")?)?),
    };
    Ok(otpauth::finish(profile, otp, oddities))
}

#[cfg(test)]
mod tests {
    use super::{ByHand, by_hand};
    use crate::account::Profile;
    use crate::enroll::{Error, Scanned, parse};
    use crate::otp::{self, Algorithm, Digits, Kind, Period};
    use crate::secret::SecretText;

    fn form(kind: Kind) -> ByHand {
        let (algorithm, digits, period) = (Algorithm::Sha256, Digits::EIGHT, Period::THIRTY);
        ByHand { profile: Profile::named("A", "b"), kind, algorithm, digits, period, counter: 7 }
    }

    #[test]
    fn what_is_typed_is_what_a_link_says() {
        let pin = || Some(SecretText::new("1234".into()));
        let secret = "gezd gnbv gy3t qojq-gezd gnbv gy3t qojq";
        for (kind, typed, link) in [
            (
                Kind::Totp,
                secret,
                "otpauth://totp/A:b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=A&algorithm=SHA256&digits=8",
            ),
            (
                Kind::Hotp,
                secret,
                "otpauth://hotp/A:b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=A&algorithm=SHA256&digits=8&counter=7",
            ),
            (Kind::Steam, secret, "otpauth://steam/A:b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=A"),
            (Kind::Motp, " e3152afee62599c8 ", "motp://A:b?secret=e3152afee62599c8&pin=1234"),
        ] {
            let Ok(Scanned::Account(linked)) = parse(link) else { panic!("{link}") };
            assert_eq!(by_hand(form(kind), typed, pin()).unwrap().account, linked.account, "{kind:?}");
        }
    }

    #[test]
    fn a_missing_pin_and_a_bad_secret_are_said() {
        assert_eq!(by_hand(form(Kind::Motp), "e3152afee62599c8", None), Err(Error::Otp(otp::Error::Pin("mOTP"))));
        assert!(matches!(by_hand(form(Kind::Totp), "not base32!", None), Err(Error::BadSecret(_))));
        assert_eq!(by_hand(form(Kind::Totp), " ", None), Err(Error::MissingSecret));
    }
}
