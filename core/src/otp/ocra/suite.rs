//! The OCRASuite of RFC 6287 §6: a text that says how a response is made.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use sha1::Digest;

use super::{Error, Format};
use crate::otp::Digits;
use crate::secret::SecretBytes;

/// The hashes that OCRA has, for its HMAC and for PINs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SHA-1, 20 bytes.
    Sha1,
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-512, 64 bytes.
    Sha512,
}

impl Hash {
    /// How many bytes come out.
    #[must_use]
    pub const fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    pub(super) fn of(self, bytes: &[u8]) -> SecretBytes {
        match self {
            Self::Sha1 => SecretBytes::from(&sha1::Sha1::digest(bytes)[..]),
            Self::Sha256 => SecretBytes::from(&sha2::Sha256::digest(bytes)[..]),
            Self::Sha512 => SecretBytes::from(&sha2::Sha512::digest(bytes)[..]),
        }
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "SHA1" => Some(Self::Sha1),
            "SHA256" => Some(Self::Sha256),
            "SHA512" => Some(Self::Sha512),
            _ => None,
        }
    }
}

/// An OCRASuite, RFC 6287 §6: `OCRA-1:HOTP-<hash>-<digits>:[C-]Q<A|N|H><04…64>[-P<hash>][-S<001…999>][-T<step>]`.
///
/// Hashes are `SHA1`, `SHA256` and `SHA512`; digits 0 or 4 to 10; steps `1S`…`59S`, `1M`…`59M` and `1H`…`48H`. Left out
/// after their letter, they are what §6.3 says: `QN08`, `PSHA1`, `S064`, `T1M`. Capitals only, and the inputs in this
/// order: the text itself is hashed, so that another spelling is another suite. That is why it is kept as it was read.
///
/// `T0H`, which §6.3's table allows, is refused: no time has steps of no length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    text: Box<str>,
    hash: Hash,
    digits: Option<Digits>,
    counter: bool,
    question: (Format, u8),
    pin: Option<Hash>,
    session: Option<u16>,
    step: Option<NonZeroU32>,
}

impl Suite {
    /// The text that it was read from.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        &self.text
    }

    /// The hash inside the HMAC.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// How many digits a response has; none for the whole HMAC (`t` = 0).
    #[must_use]
    pub const fn digits(&self) -> Option<Digits> {
        self.digits
    }

    /// Whether it takes a counter.
    #[must_use]
    pub const fn takes_counter(&self) -> bool {
        self.counter
    }

    /// What a question is made of.
    #[must_use]
    pub const fn question_format(&self) -> Format {
        self.question.0
    }

    /// How many characters a question has at most, 4 to 64; each one of a pair.
    #[must_use]
    pub const fn question_length(&self) -> u8 {
        self.question.1
    }

    /// The hash of the PIN that it takes, if it takes one.
    #[must_use]
    pub const fn pin_hash(&self) -> Option<Hash> {
        self.pin
    }

    /// How many bytes of session information it takes at most, 1 to 999; none if it takes none.
    #[must_use]
    pub const fn session_length(&self) -> Option<u16> {
        self.session
    }

    /// The length of a time step in seconds, 1 to 172,800; none if it does not take the time.
    #[must_use]
    pub const fn step_seconds(&self) -> Option<NonZeroU32> {
        self.step
    }
}

impl FromStr for Suite {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut parts = text.split(':');
        let (Some("OCRA-1"), Some(function), Some(inputs), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Error::Suite("algorithm"));
        };
        let (hash, digits) = crypto_function(function).ok_or(Error::Suite("crypto function"))?;

        let mut fields = inputs.split('-').peekable();
        let counter = fields.next_if_eq(&"C").is_some();
        let question = fields.next().and_then(|field| field.strip_prefix('Q')).and_then(question);
        let question = question.ok_or(Error::Suite("question"))?;
        let mut field = |letter: char| fields.next_if(|field| field.starts_with(letter))?.strip_prefix(letter);
        let pin = field('P').map(|hash| pin(hash).ok_or(Error::Suite("PIN hash"))).transpose()?;
        let session = field('S').map(|length| session(length).ok_or(Error::Suite("session length"))).transpose()?;
        let step = field('T').map(|size| step(size).ok_or(Error::Suite("time step"))).transpose()?;
        match fields.next() {
            Some(_) => Err(Error::Suite("order of inputs")),
            None => Ok(Self { text: text.into(), hash, digits, counter, question, pin, session, step }),
        }
    }
}

fn crypto_function(text: &str) -> Option<(Hash, Option<Digits>)> {
    let (hash, digits) = text.strip_prefix("HOTP-")?.split_once('-')?;
    let digits = match digits {
        "0" => None,
        more => Some(Digits::new(u64::from(plain(more)?)).ok()?),
    };
    Some((Hash::named(hash)?, digits))
}

fn question(text: &str) -> Option<(Format, u8)> {
    let Some(letter) = text.chars().next() else { return Some((Format::Numeric, 8)) };
    let format = match letter {
        'A' => Format::Alphanumeric,
        'N' => Format::Numeric,
        'H' => Format::Hexadecimal,
        _ => return None,
    };
    let length = text.strip_prefix(letter)?;
    let length = u8::try_from(number(length)?).ok().filter(|value| length.len() == 2 && (4..=64).contains(value))?;
    Some((format, length))
}

fn pin(text: &str) -> Option<Hash> {
    if text.is_empty() { Some(Hash::Sha1) } else { Hash::named(text) }
}

fn session(text: &str) -> Option<u16> {
    if text.is_empty() { Some(64) } else { number(text).filter(|length| text.len() == 3 && *length > 0) }
}

fn step(text: &str) -> Option<NonZeroU32> {
    if text.is_empty() {
        return NonZeroU32::new(60);
    }
    let (count, most, unit) = match text.strip_suffix(['S', 'M', 'H'])? {
        count if text.ends_with('S') => (count, 59, 1),
        count if text.ends_with('M') => (count, 59, 60),
        count => (count, 48, 3600),
    };
    let count = plain(count).filter(|count| *count <= most)?;
    NonZeroU32::new(u32::from(count) * unit)
}

/// A number without leading zeros, not 0.
fn plain(text: &str) -> Option<u16> {
    number(text).filter(|_| !text.starts_with('0'))
}

/// One to three digits, and no sign.
fn number(text: &str) -> Option<u16> {
    let digits = (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
