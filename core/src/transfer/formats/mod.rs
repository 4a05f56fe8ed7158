//! The formats, one file each, and how a file's own is told.

mod backup;
mod lines;
#[cfg(feature = "pictures")]
mod picture;

use super::{Error, Reader};
use crate::vault::{Password, RecoveryCode};
use crate::watch::Watch;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Our own backup, format 1; encrypted.
    Backup,
    /// Text with a link on each line: `otpauth://`, `otpauth-migration://`, `steam://`, `motp://`.
    Lines,
    /// A PNG, JPEG or WebP picture of QR codes, such as Google Authenticator's export.
    Picture,
}

impl Format {
    /// Every format, in the order in which a person is told of them.
    pub const ALL: [Self; 3] = [Self::Backup, Self::Lines, Self::Picture];

    /// A word that stays the same for ever, for programs.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Backup => "countersign-backup",
            Self::Lines => "links",
            Self::Picture => "picture",
        }
    }

    /// What it is called, in English.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Backup => "Countersign backup",
            Self::Lines => "list of links",
            Self::Picture => "picture",
        }
    }

    /// Whether a [`Key`] is needed to read it.
    #[must_use]
    pub const fn is_encrypted(self) -> bool {
        matches!(self, Self::Backup)
    }

    /// Whether a recovery code may be that key.
    #[must_use]
    pub const fn takes_recovery_code(self) -> bool {
        matches!(self, Self::Backup)
    }

    /// Whether it is a picture of QR codes.
    #[must_use]
    pub const fn is_picture(self) -> bool {
        matches!(self, Self::Picture)
    }

    /// What the names of such files end with, without the dot. Files are told by their content; this is for asking for one.
    #[must_use]
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Backup => &["csbackup"],
            Self::Lines => &["txt"],
            Self::Picture => &["png", "jpg", "jpeg", "webp"],
        }
    }

    /// Whether this build reads it.
    #[must_use]
    pub const fn is_built_in(self) -> bool {
        match self {
            Self::Backup | Self::Lines => true,
            Self::Picture => cfg!(feature = "pictures"),
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What opens an encrypted file.
#[derive(Debug, Clone, Copy)]
pub enum Key<'a> {
    /// The file's password.
    Password(&'a Password),
    /// Our own backups: the recovery code of their day.
    Recovery(&'a RecoveryCode),
}

/// Which format a file has, by its first bytes, or for texts by what their lines begin with.
///
/// # Errors
/// [`Error::NotRecognized`], [`Error::TooLarge`].
pub fn detect(file: &[u8]) -> Result<Format, Error> {
    if file.len() > super::MAX_FILE {
        return Err(Error::TooLarge);
    }
    let webp = file.starts_with(b"RIFF") && file.get(8..12) == Some(b"WEBP");
    if file.starts_with(b"CSBACKUP") {
        Ok(Format::Backup)
    } else if webp || file.starts_with(b"\x89PNG\r\n\x1a\n") || file.starts_with(&[0xff, 0xd8, 0xff]) {
        Ok(Format::Picture)
    } else if lines::recognise(file) {
        Ok(Format::Lines)
    } else {
        Err(Error::NotRecognized)
    }
}

/// Reads a file into the import.
pub(super) fn read(
    reader: &mut Reader,
    format: Format,
    file: &[u8],
    key: Option<Key<'_>>,
    watch: Watch<'_>,
) -> Result<(), Error> {
    match format {
        Format::Backup => backup::read(reader, file, key.ok_or(Error::NeedsKey(format))?, watch),
        Format::Lines => lines::read(reader, file, watch),
        #[cfg(feature = "pictures")]
        Format::Picture => picture::read(reader, file),
        #[cfg(not(feature = "pictures"))]
        Format::Picture => Err(Error::NotBuiltIn(format)),
    }
}
