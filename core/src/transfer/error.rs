//! Why a file can't be read at all.

use super::formats::Format;
use crate::enroll::migration::Problem;
use crate::entropy::EntropyError;
use crate::vault;
use crate::watch::Stopped;

/// Why a file, or an import as a whole, is refused. Nothing was added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No format that is known.
    #[error("this file is of no format that can be imported")]
    NotRecognized,
    /// The file is encrypted: ask for its password.
    #[error("this file ({0}) is encrypted: its password is needed")]
    NeedsKey(Format),
    /// The format is known, and has no code here to read it.
    #[error("{0} files can't be read by this build")]
    NotBuiltIn(Format),
    /// More than [`super::MAX_FILE`] bytes.
    #[error("the file has more than 64 MiB")]
    TooLarge,
    /// More than [`super::MAX_ENTRIES`] entries.
    #[error("the import has more than 100,000 entries")]
    TooMany,
    /// A picture that can't be looked at.
    #[cfg(feature = "pictures")]
    #[error(transparent)]
    Picture(#[from] crate::enroll::picture::PictureError),
    /// A picture without a QR code.
    #[error("the picture holds no QR code that can be read")]
    NoCode,
    /// Parts of an export that are missing, or that belong to different exports.
    #[error(transparent)]
    Migration(#[from] Problem),
    /// A backup that can't be opened, or the vault.
    #[error(transparent)]
    Vault(#[from] vault::Error),
    /// It was stopped; nothing was changed.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The system's random number generator.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}
