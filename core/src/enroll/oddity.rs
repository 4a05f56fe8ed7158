//! What is unusual about an account, and no reason to refuse it.

use std::fmt;

use crate::account::NewAccount;
use crate::otp::{Algorithm, Digits, Kind, Otp, Period};

/// What the person should know before adding an account. Each shows as one short sentence.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Oddity {
    /// Fewer than 80 bits (mOTP: 64), which is what sites have at least. Told in base32 characters (five bits each),
    /// for mOTP in hexadecimal ones.
    ShortSecret {
        /// How many the secret has.
        characters: usize,
    },
    /// A number of base32 characters that no whole bytes encode to (1, 3 or 6 over a multiple of 8). The last bits are
    /// dropped, as every decoder does that accepts such a secret.
    LeftoverBits,
    /// Nothing says whose account it is.
    NoIssuer,
    /// Nothing says which account it is.
    NoAccount,
    /// The label and the parameter name different issuers; the parameter counts.
    IssuerMismatch {
        /// What stands before the label's colon.
        label: String,
        /// What the parameter says: the account's issuer.
        parameter: String,
    },
    /// A parameter that nothing is known about. The name is shortened to 40 characters.
    UnknownParameter(String),
    /// A known parameter that says something else than this kind of code always has; it is ignored.
    IgnoredParameter(&'static str),
    /// A parameter that stands there several times with the same value.
    RepeatedParameter(&'static str),
    /// A parameter without a value (or `null`): its default is taken.
    EmptyParameter(&'static str),
    /// An export does not say this; the usual value is taken, as other apps do.
    Assumed(&'static str),
    /// Neither 6 nor 8 digits.
    UnusualDigits(Digits),
    /// Neither 30 nor 60 seconds.
    UnusualPeriod(Period),
    /// SHA-224 or SHA-384, which hardly any site uses.
    UnusualAlgorithm(Algorithm),
    /// An HOTP account without a counter: it starts at 0. (The format requires one; some apps refuse such accounts,
    /// others start at 0, which is right for an account that was never used and can be corrected for any other.)
    HotpCounterMissing,
    /// The link names a picture. It is not fetched.
    ImageIgnored,
    /// A name was not UTF-8; it was read as Latin-1.
    NameEncodingGuessed,
    /// A name still holds percent-encodings, so that it was probably encoded twice.
    NameEncodedTwice,
    /// The issuer holds an `&` that was not encoded, so that it may end too late.
    AmpersandInIssuer,
    /// A name holds characters that can't be seen or change the direction of text.
    InvisibleCharacters,
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShortSecret { characters } => {
                write!(f, "the secret has {characters} characters; most have 16 or more")
            }
            Self::LeftoverBits => f.write_str("the secret's length is unusual; a character of it may be missing"),
            Self::NoIssuer => f.write_str("it doesn't say who the account is with"),
            Self::NoAccount => f.write_str("it doesn't say which account it is"),
            Self::IssuerMismatch { label, parameter } => {
                write!(f, "it names two services, {parameter:?} and {label:?}")
            }
            Self::UnknownParameter(name) => write!(f, "it has an unknown parameter, {name:?}"),
            Self::IgnoredParameter(name) => write!(f, "its {name} is not what these codes have, and was ignored"),
            Self::RepeatedParameter(name) => write!(f, "its {name} stands there more than once"),
            Self::EmptyParameter(name) => write!(f, "its {name} is empty; the usual value was taken"),
            Self::Assumed(name) => write!(f, "its {name} isn't given; the usual value was taken"),
            Self::UnusualDigits(digits) => write!(f, "its codes have {} digits; most have 6", digits.get()),
            Self::UnusualPeriod(period) => write!(f, "its codes last {} seconds; most last 30", period.seconds()),
            Self::UnusualAlgorithm(algorithm) => write!(f, "its codes are made with {algorithm}; most use SHA1"),
            Self::HotpCounterMissing => f.write_str("its counter isn't given; it starts at 0"),
            Self::ImageIgnored => f.write_str("it names a picture, which was not fetched"),
            Self::NameEncodingGuessed => f.write_str("its name is written in an old encoding; check it"),
            Self::NameEncodedTwice => f.write_str("its name looks encoded twice; check it"),
            Self::AmpersandInIssuer => f.write_str("its service's name holds an \"&\"; check it"),
            Self::InvisibleCharacters => f.write_str("its name holds invisible characters"),
        }
    }
}

/// What is odd about an account itself, whatever it was read from.
pub(super) fn of_account(account: &NewAccount) -> Vec<Oddity> {
    let mut oddities = Vec::new();
    let profile = &account.profile;
    if profile.issuer.trim().is_empty() {
        oddities.push(Oddity::NoIssuer);
    }
    if profile.name.trim().is_empty() {
        oddities.push(Oddity::NoAccount);
    }
    // Most names are plain, and seen to be so at once.
    let special = || [&profile.issuer, &profile.name].into_iter().filter(|name| !is_plain(name));
    if special().any(|name| name.chars().any(is_invisible)) {
        oddities.push(Oddity::InvisibleCharacters);
    }
    if special().any(|name| has_percent_encoding(name)) {
        oddities.push(Oddity::NameEncodedTwice);
    }
    of_otp(&account.otp, &mut oddities);
    oddities
}

fn of_otp(otp: &Otp, oddities: &mut Vec<Oddity>) {
    let bytes = otp.secret().len();
    let (shortest, characters) = match otp.kind() {
        Kind::Motp => (8, bytes * 2),
        _ => (10, (bytes * 8).div_ceil(5)),
    };
    if bytes < shortest {
        oddities.push(Oddity::ShortSecret { characters });
    }
    let (algorithm, digits) = match otp {
        Otp::Totp(totp) => (totp.algorithm(), totp.digits()),
        Otp::Hotp(hotp) => (hotp.algorithm(), hotp.digits()),
        Otp::Steam(_) | Otp::Motp(_) | Otp::Yandex(_) => return,
    };
    if matches!(algorithm, Algorithm::Sha224 | Algorithm::Sha384) {
        oddities.push(Oddity::UnusualAlgorithm(algorithm));
    }
    if !matches!(digits.get(), 6 | 8) {
        oddities.push(Oddity::UnusualDigits(digits));
    }
    let Otp::Totp(totp) = otp else { return };
    if !matches!(totp.period().seconds(), 30 | 60) {
        oddities.push(Oddity::UnusualPeriod(totp.period()));
    }
}

/// Printable ASCII without a percent sign. Looks at every byte, and so at many at once.
fn is_plain(name: &str) -> bool {
    name.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~') & (byte != b'%'))
}

/// Controls, zero-width space and byte order mark, and what overrides the direction of text. (Zero-width joiners stay:
/// emoji and several scripts need them.)
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn has_percent_encoding(name: &str) -> bool {
    name.split('%').skip(1).any(|rest| rest.len() > 1 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()))
}
