//! What a file holds, one entry after the other.

use crate::account::Profile;
use crate::enroll::{self, NotYet, Oddity};
use crate::vault::Incoming;

/// Where an entry stands, to name it to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Place {
    /// Which file of the import, from 1.
    pub file: usize,
    /// Which line of a text, which account of a backup, which code of a picture; from 1.
    pub number: usize,
}

/// An account that could be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Where it stands.
    pub place: Place,
    /// What would be added.
    pub incoming: Incoming,
    /// What the person should know.
    pub oddities: Vec<Oddity>,
}

/// Something that can't be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Where it stands.
    pub place: Place,
    /// Its names, as far as they can be read.
    pub profile: Profile,
    /// Why not.
    pub reason: Reason,
}

/// Why an entry can't be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It can't be read.
    #[error(transparent)]
    Unreadable(#[from] enroll::Error),
    /// Its codes need a PIN, which the file does not have.
    #[error("its codes need a PIN: add it by itself")]
    NeedsPin,
    /// A secret without names.
    #[error("a secret alone says nothing of its account: add it by itself")]
    NoNames,
    /// An enrolment with a second step at the site.
    #[error("its site waits for a second step: add it by itself")]
    TwoStep,
    /// Recognised, but not supported yet.
    #[error("{}: this version can't use it yet", .0.what())]
    NotYet(NotYet),
    /// Made for another app or purpose.
    #[error("it is {0}")]
    Foreign(&'static str),
    /// A line that is not UTF-8.
    #[error("the line is not UTF-8")]
    NotUtf8,
    /// A QR code that holds no text.
    #[error("the QR code holds no text")]
    NoText,
}

/// One entry of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// It can be added.
    Candidate(Box<Candidate>),
    /// It can't; the others are not touched by that.
    Refused(Box<Refused>),
}
