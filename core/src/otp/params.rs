//! The parameters of a one-time password: what is out of bounds does not build.

use std::fmt;
use std::str::FromStr;

use super::Error;
use crate::secret::SecretBytes;

/// The hash inside the HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Algorithm {
    /// SHA-1: what nearly every site uses (and the default of the key URI format).
    #[default]
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// All of them, shortest first.
    pub const ALL: [Self; 5] = [Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The name as URIs write it: `SHA1` … `SHA512`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha224 => "SHA224",
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = Error;

    /// Reads `SHA1`, `sha-256`, `HmacSHA512`: any case, with or without `Hmac` before and `-` or `_` inside.
    fn from_str(text: &str) -> Result<Self, Error> {
        let unknown = || Error::UnknownAlgorithm(text.chars().take(20).collect());
        if text.len() > 20 {
            return Err(unknown());
        }
        let plain: String = text.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_uppercase()).collect();
        let name = plain.strip_prefix("HMAC").unwrap_or(&plain);
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name).ok_or_else(unknown)
    }
}

/// How many digits a code has: 4 to 10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digits(u8);

impl Digits {
    /// Six, what nearly every site uses.
    pub const SIX: Self = Self(6);
    /// Eight.
    pub const EIGHT: Self = Self(8);

    /// So many digits.
    ///
    /// # Errors
    /// [`Error::Digits`] outside 4 to 10.
    pub fn new(count: u64) -> Result<Self, Error> {
        match u8::try_from(count) {
            Ok(small @ 4..=10) => Ok(Self(small)),
            _ => Err(Error::Digits(count)),
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// How long a code lasts: 1 to 86,400 whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Period(u32);

impl Period {
    /// Thirty seconds, what nearly every site uses.
    pub const THIRTY: Self = Self(30);

    /// So many seconds.
    ///
    /// # Errors
    /// [`Error::Period`] outside 1 to 86,400.
    pub fn new(seconds: u64) -> Result<Self, Error> {
        match u32::try_from(seconds) {
            Ok(small @ 1..=86_400) => Ok(Self(small)),
            _ => Err(Error::Period(seconds)),
        }
    }

    /// Seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }
}

/// The shared secret of an account: 1 to 1,024 bytes, wiped when dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret(SecretBytes);

impl Secret {
    /// The longest secret in bytes; real ones have 10 to 64.
    pub const MAX: usize = 1024;

    /// Takes the bytes over.
    ///
    /// # Errors
    /// [`Error::EmptySecret`], or [`Error::LongSecret`] over [`Secret::MAX`] bytes.
    pub fn new(bytes: impl Into<SecretBytes>) -> Result<Self, Error> {
        let bytes = bytes.into();
        match bytes.len() {
            0 => Err(Error::EmptySecret),
            1..=Self::MAX => Ok(Self(bytes)),
            more => Err(Error::LongSecret(more)),
        }
    }

    /// The bytes themselves.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}
