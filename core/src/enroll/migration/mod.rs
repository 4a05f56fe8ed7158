//! Google Authenticator's export: `otpauth-migration://offline?data=`, a Protocol Buffers message in base64, split over
//! several QR codes.
//!
//! There is no specification; this is what its exports hold. Payload: entries 1, version 2, batch size 3, batch index
//! 4 (from 0), batch id 5. Entry: secret 1, name 2, issuer 3, algorithm 4 (1 SHA-1, 2 SHA-256, 3 SHA-512, 4 MD5),
//! digits 5 (1: six, 2: eight), type 6 (1 HOTP, 2 TOTP), counter 7; other fields are passed over. There is no period:
//! it is 30 seconds. 0 or nothing is *unspecified*: read as SHA-1, six digits, TOTP, as other apps do, and flagged.
//!
//! - [`parse`](super::parse) reads one part; `decode` does it. [`Collector`]: puts parts together in any order.
//! - [`export`]: the way back; what the format can't hold is refused by name.

mod collect;
mod decode;
mod encode;

pub use collect::{Collector, Progress};
pub(super) use decode::parse;
pub use encode::{CannotExport, ExportError, NotExportable, export};

use super::{Enrollment, Error};
use crate::account::Profile;

/// The most parts of one export.
pub const MAX_PARTS: u32 = 1000;

/// One QR code of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    batch: u64,
    index: u32,
    size: u32,
    entries: Vec<Entry>,
}

/// One account of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// It can be added.
    Account(Enrollment),
    /// It can't; the others are not touched by that.
    Refused {
        /// Its names as far as they can be read.
        profile: Profile,
        /// Why.
        reason: Error,
    },
}

impl Part {
    /// Which part this is, counted from 1.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.index.saturating_add(1)
    }

    /// How many parts there are.
    #[must_use]
    pub const fn of(&self) -> u32 {
        self.size
    }

    /// What it holds.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

/// Why a part can't be read or does not go with the others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not the form of an export.
    #[error("this part of an export is damaged")]
    Damaged,
    /// A part number beyond the number of parts, or more than 1,000 parts.
    #[error("this part of an export has an impossible number")]
    PartNumber,
    /// A part of another export than those before. What was collected stays.
    #[error("this part belongs to another export")]
    OtherBatch,
    /// Not all parts are there.
    #[error("parts of the export are missing: {0:?}")]
    Missing(Vec<u32>),
    /// An account whose codes would be made with MD5, which nothing supports.
    #[error("codes made with MD5 are not supported")]
    Md5,
    /// An account with a value that no version of the format has.
    #[error("the export has an unknown value for {0:?}")]
    UnknownValue(&'static str),
}
