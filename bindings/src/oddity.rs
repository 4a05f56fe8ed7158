//! What is unusual about an account, and no reason to refuse it.

use countersign_core::enroll;

use crate::OtpAlgorithm;

/// What the person should know before adding an account; each is one short sentence of the shell's.
#[derive(Debug, Clone, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum Oddity {
    /// Fewer than 80 bits (mOTP: 64), which is what sites have at least.
    ShortSecret {
        /// How many base32 characters (mOTP: hexadecimal digits) the secret has.
        characters: u64,
    },
    /// A length that no whole bytes encode to: a character may be missing.
    LeftoverBits,
    /// Nothing says whose account it is.
    NoIssuer,
    /// Nothing says which account it is.
    NoAccount,
    /// It names two issuers; the parameter counts.
    IssuerMismatch {
        /// What stands before the label's colon.
        label: String,
        /// What the parameter says.
        parameter: String,
    },
    /// A parameter that nothing is known about.
    UnknownParameter {
        /// Its name.
        name: String,
    },
    /// A parameter that says something else than this kind of code always has; it is ignored.
    IgnoredParameter {
        /// Its name.
        name: String,
    },
    /// A parameter that stands there several times with the same value.
    RepeatedParameter {
        /// Its name.
        name: String,
    },
    /// A parameter without a value: its default is taken.
    EmptyParameter {
        /// Its name.
        name: String,
    },
    /// An export does not say this; the usual value is taken.
    Assumed {
        /// Its name.
        name: String,
    },
    /// Neither 6 nor 8 digits.
    UnusualDigits {
        /// How many.
        digits: u8,
    },
    /// Neither 30 nor 60 seconds.
    UnusualPeriod {
        /// How many.
        seconds: u32,
    },
    /// SHA-224 or SHA-384, which hardly any site uses.
    UnusualAlgorithm {
        /// Which.
        algorithm: OtpAlgorithm,
    },
    /// An HOTP account without a counter: it starts at 0.
    HotpCounterMissing,
    /// The link names a picture. It is not fetched.
    ImageIgnored,
    /// A name was not UTF-8; it was read as Latin-1.
    NameEncodingGuessed,
    /// A name still holds percent-encodings: it was probably encoded twice.
    NameEncodedTwice,
    /// The issuer holds an `&` that was not encoded, so that it may end too late.
    AmpersandInIssuer,
    /// A name holds characters that can't be seen or change the direction of text.
    InvisibleCharacters,
}

impl From<&enroll::Oddity> for Oddity {
    fn from(oddity: &enroll::Oddity) -> Self {
        use enroll::Oddity as O;
        let name = |name: &str| name.to_owned();
        match oddity {
            O::ShortSecret { characters } => Self::ShortSecret { characters: *characters as u64 },
            O::LeftoverBits => Self::LeftoverBits,
            O::NoIssuer => Self::NoIssuer,
            O::NoAccount => Self::NoAccount,
            O::IssuerMismatch { label, parameter } => {
                Self::IssuerMismatch { label: name(label), parameter: name(parameter) }
            }
            O::UnknownParameter(what) => Self::UnknownParameter { name: name(what) },
            O::IgnoredParameter(what) => Self::IgnoredParameter { name: name(what) },
            O::RepeatedParameter(what) => Self::RepeatedParameter { name: name(what) },
            O::EmptyParameter(what) => Self::EmptyParameter { name: name(what) },
            O::Assumed(what) => Self::Assumed { name: name(what) },
            O::UnusualDigits(digits) => Self::UnusualDigits { digits: digits.get() },
            O::UnusualPeriod(period) => Self::UnusualPeriod { seconds: period.seconds() },
            O::UnusualAlgorithm(algorithm) => Self::UnusualAlgorithm { algorithm: (*algorithm).into() },
            O::HotpCounterMissing => Self::HotpCounterMissing,
            O::ImageIgnored => Self::ImageIgnored,
            O::NameEncodingGuessed => Self::NameEncodingGuessed,
            O::NameEncodedTwice => Self::NameEncodedTwice,
            O::AmpersandInIssuer => Self::AmpersandInIssuer,
            O::InvisibleCharacters => Self::InvisibleCharacters,
        }
    }
}
