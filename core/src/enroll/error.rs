//! Why a text enrols nothing.

use super::migration::Problem;
use crate::entropy::EntropyError;
use crate::otp;

/// Why a text enrols nothing. Parameters are named, secrets and their parts are not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing but white space.
    #[error("there is no text")]
    Empty,
    /// A text over [`MAX_TEXT`](super::MAX_TEXT).
    #[error("the text has {bytes} bytes, more than 65,536")]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// Several links, one a line: that is a list to import, not one enrolment.
    #[error("the text holds several links: import it as a list")]
    SeveralTexts,
    /// Neither a link nor a secret.
    #[error("this is neither an enrolment link nor a base32 secret of 8 or more characters")]
    NotRecognized,
    /// `otpauth://` with a kind of code that is not known. The name is shortened to 20 characters.
    #[error("codes of the kind {0:?} are not supported")]
    UnknownKind(String),
    /// No secret, or an empty one.
    #[error("the secret is missing")]
    MissingSecret,
    /// A secret that can't be read. It is never repaired: another secret would make wrong codes.
    #[error("the secret can't be read: {0}")]
    BadSecret(SecretProblem),
    /// A parameter without which nothing can be computed.
    #[error("the parameter {0:?} is missing")]
    MissingParameter(&'static str),
    /// A parameter whose value is not of its kind.
    #[error("the parameter {0:?} can't be read")]
    BadParameter(&'static str),
    /// A parameter that stands twice with different values: there is no telling which is meant.
    #[error("the parameter {0:?} stands there twice, with different values")]
    DuplicateParameter(&'static str),
    /// A parameter whose percent-encoding is not UTF-8 (names are read as Latin-1 instead, and flagged).
    #[error("the parameter {0:?} is not UTF-8")]
    NotUtf8Percent(&'static str),
    /// More than 256 parameters.
    #[error("the link has more than 256 parameters")]
    TooManyParameters,
    /// An issuer or account name over [`Profile::MAX_TEXT`](crate::account::Profile::MAX_TEXT).
    #[error("the {0} name has more than 1,024 bytes")]
    LongName(&'static str),
    /// Parameters that make no one-time password.
    #[error(transparent)]
    Otp(#[from] otp::Error),
    /// A part of an export that can't be read.
    #[error(transparent)]
    Migration(#[from] Problem),
    /// A two-step enrolment that asks for more work than is ever sensible.
    #[error("the parameter {parameter:?} is {value}, beyond {limit}")]
    OverBound {
        /// Which.
        parameter: &'static str,
        /// What it asks for.
        value: u64,
        /// The most that is accepted.
        limit: u64,
    },
    /// An invitation or offline request that breaks a rule of the push protocol.
    #[error(transparent)]
    Push(#[from] crate::push::MessageError),
    /// No randomness for the phone's part of a secret.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// Why a secret can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretProblem {
    /// A character that base32 does not have (it has A to Z and 2 to 7).
    #[error("character {position} is not one of A to Z and 2 to 7")]
    NotBase32 {
        /// Which character of the secret, counted from 1.
        position: usize,
    },
    /// A character that hexadecimal numbers do not have.
    #[error("character {position} is not one of 0 to 9 and A to F")]
    NotHex {
        /// Which character of the secret, counted from 1.
        position: usize,
    },
    /// An odd number of hexadecimal digits.
    #[error("it has an odd number of hexadecimal digits")]
    HalfByte,
    /// Something follows the padding (`=`).
    #[error("something follows the padding")]
    AfterPadding,
}
