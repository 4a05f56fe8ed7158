//! An account as a link: what [`parse`](super::parse) reads to the same account, and other apps read, too.

use data_encoding::{BASE32_NOPAD, HEXLOWER};

use super::names::padded;
use crate::account::Profile;
use crate::otp::{Algorithm, Digits, Otp};
use crate::secret::SecretText;

/// Whether a link may hold the PIN of a Mobile-OTP or Yandex account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pin {
    /// With it: whoever has the link has all that the codes need.
    Include,
    /// Without it: reading the link asks for it.
    Omit,
}

/// The link of an account: `otpauth://totp`, `hotp`, `steam` or `yaotp`, or `motp://`.
///
/// Every name comes back as it was, whatever it holds. Note, tags and favourite do not belong into such links.
#[must_use]
pub fn to_uri(profile: &Profile, otp: &Otp, pin: Pin) -> SecretText {
    // At its full length from the start: a string that grows leaves copies of the secret behind.
    let names = 6 * profile.issuer.len() + 3 * profile.name.len();
    let mut uri = Uri(String::with_capacity(names + 2 * otp.secret().len() + PIN_ROOM + 256));
    match otp {
        Otp::Totp(totp) => {
            uri.start("otpauth://totp/", profile).base32("?secret=", totp.secret()).issuer(profile);
            uri.codes(totp.algorithm(), totp.digits()).number("&period=", u64::from(totp.period().seconds()));
        }
        Otp::Hotp(hotp) => {
            uri.start("otpauth://hotp/", profile).base32("?secret=", hotp.secret()).issuer(profile);
            uri.codes(hotp.algorithm(), hotp.digits()).number("&counter=", hotp.counter());
        }
        Otp::Steam(steam) => {
            uri.start("otpauth://steam/", profile).base32("?secret=", steam.secret()).issuer(profile);
            uri.plain("&algorithm=SHA1&digits=5&period=30");
        }
        Otp::Motp(motp) => {
            uri.start("motp://", profile).plain("?secret=");
            HEXLOWER.encode_append(motp.secret(), &mut uri.0);
            uri.issuer(profile);
            if pin == Pin::Include {
                uri.plain("&pin=").encoded(motp.pin().expose());
            }
        }
        Otp::Yandex(yandex) => {
            uri.start("otpauth://yaotp/", profile).base32("?secret=", yandex.secret());
            uri.plain("&issuer=").encoded(&profile.issuer);
            if pin == Pin::Include {
                uri.base32("&pin=", yandex.pin().expose().as_bytes());
            }
        }
    }
    SecretText::new(uri.0)
}

/// 64 characters of four bytes, percent-encoded.
const PIN_ROOM: usize = 64 * 4 * 3;

struct Uri(String);

impl Uri {
    fn plain(&mut self, text: &str) -> &mut Self {
        self.0.push_str(text);
        self
    }

    /// All but RFC 3986's unreserved characters percent-encoded.
    fn encoded(&mut self, text: &str) -> &mut Self {
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                self.0.push(char::from(byte));
            } else {
                self.0.push('%');
                data_encoding::HEXUPPER.encode_append(&[byte], &mut self.0);
            }
        }
        self
    }

    /// Scheme, kind and label. A name that can't stand alone (it would be read as `issuer:name`, or trimmed) stands
    /// behind an empty issuer.
    fn start(&mut self, start: &str, profile: &Profile) -> &mut Self {
        let name = profile.name.as_str();
        self.plain(start);
        if profile.issuer.is_empty() && !name.contains(':') && name.trim() == name {
            return self.encoded(name);
        }
        self.encoded(&profile.issuer).plain(":").encoded(&padded(name))
    }

    fn issuer(&mut self, profile: &Profile) -> &mut Self {
        if profile.issuer.is_empty() { self } else { self.plain("&issuer=").encoded(&profile.issuer) }
    }

    fn base32(&mut self, name: &str, bytes: &[u8]) -> &mut Self {
        self.plain(name);
        BASE32_NOPAD.encode_append(bytes, &mut self.0);
        self
    }

    fn codes(&mut self, algorithm: Algorithm, digits: Digits) -> &mut Self {
        self.plain("&algorithm=").plain(algorithm.name()).number("&digits=", u64::from(digits.get()))
    }

    fn number(&mut self, name: &str, number: u64) -> &mut Self {
        self.plain(name).plain(&number.to_string())
    }
}
