//! Transfer: accounts from other files in, and out again.
//!
//! 1. [`detect`]: which [`Format`] a file has. 2. [`Reader`]: takes the files of one import, says what is missing, gives
//!    the [`Entry`]s. 3. [`Preview`]: what would be added, what is odd, what is there already; the person chooses.
//! 4. [`apply`]: all of it in one transaction; [`undo`]: back to before. 5. [`otpauth_lines`],
//!    [`google_migration`]: the ways out.
//!
//! Nothing is written before `apply`, and an entry that can't be read never hides the others: it is named, with why.
//! `formats` has one file for each format.

mod entry;
mod error;
mod export;
mod formats;
mod preview;
mod reader;

pub use entry::{Candidate, Entry, Place, Reason, Refused};
pub use error::Error;
pub use export::{Links, Parts, google_migration, otpauth_lines};
pub use formats::{Format, Key, detect};
pub use preview::{Item, Like, Preview, apply, apply_watched, undo};
pub use reader::Reader;

/// The largest file that is read, in bytes.
pub const MAX_FILE: usize = 64 << 20;
/// The most entries of one import.
pub const MAX_ENTRIES: usize = crate::vault::MAX_IMPORT;
