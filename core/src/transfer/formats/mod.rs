//! The formats, one file each, and how a file's own is told.

mod backup;
mod lines;
#[cfg(feature = "pictures")]
mod picture;

use super::{Error, Reader};
use crate::vault::{Password, RecoveryCode};

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

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Backup => "Countersign backup",
            Self::Lines => "list of links",
            Self::Picture => "picture",
        })
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
pub(super) fn read(reader: &mut Reader, format: Format, file: &[u8], key: Option<Key<'_>>) -> Result<(), Error> {
    match format {
        Format::Backup => backup::read(reader, file, key.ok_or(Error::NeedsKey(format))?),
        Format::Lines => lines::read(reader, file),
        #[cfg(feature = "pictures")]
        Format::Picture => picture::read(reader, file),
        #[cfg(not(feature = "pictures"))]
        Format::Picture => Err(Error::NotBuiltIn(format)),
    }
}
