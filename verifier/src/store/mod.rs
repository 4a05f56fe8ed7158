//! Where a verifier keeps what it must remember: rows with versions, changed together or not at all.
//!
//! A [`Store`] knows no rule. It keeps rows ([`Key`] → bytes), each with a version, and does one thing that takes care:
//! [`Store::apply`] looks whether every row named by a [`Transition`] still has the version at which it was read, and only
//! then writes all of it, its events included. A rule reads, computes, applies; on a conflict it begins again. So the
//! rules are written once and every store stays small (ADR 8).
//!
//! - `memory`: rows in this process; `sqlite` (a feature of the crate): rows in one file.
//! - `event`: what happened, as the log keeps it.

mod event;
mod memory;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use std::fmt;

use countersign_core::time::UnixTime;

pub use event::{Actor, Event, Logged, Outcome, What};
pub use memory::MemoryStore;

/// What a row is. The numbers stand in databases: they are never given to something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The verifier itself: one row, its id is empty.
    Server,
    /// A person's account; its id is the account's.
    Account,
    /// An invitation; its id is the ticket's name on the wire.
    Ticket,
    /// A phone of an account; its id is the enrolment's.
    Enrollment,
    /// A question to a person; its id is the SHA-256 of the secret that the page has.
    SignIn,
    /// H of a challenge → its sign-in.
    Challenge,
    /// H of a response → its receipt.
    Receipt,
    /// A nonce that was used.
    Nonce,
    /// A key that some enrolment has or had; its id is the thumbprint. Never erased: such a key is refused for ever.
    UsedKey,
    /// The seed of a one-time password that isn't an enrolment's.
    Seed,
    /// An account's recovery codes.
    Recovery,
}

impl Kind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        Self::Server,
        Self::Account,
        Self::Ticket,
        Self::Enrollment,
        Self::SignIn,
        Self::Challenge,
        Self::Receipt,
        Self::Nonce,
        Self::UsedKey,
        Self::Seed,
        Self::Recovery,
    ];

    /// The number that stands in databases.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Server => 1,
            Self::Account => 2,
            Self::Ticket => 3,
            Self::Enrollment => 4,
            Self::SignIn => 5,
            Self::Challenge => 6,
            Self::Receipt => 7,
            Self::Nonce => 8,
            Self::UsedKey => 9,
            Self::Seed => 10,
            Self::Recovery => 11,
        }
    }

    /// The kind of a number.
    #[must_use]
    pub fn numbered(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

/// A row's name: its kind and an id of 0 to 128 bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// What it is.
    pub kind: Kind,
    /// Which of that kind.
    pub id: Vec<u8>,
}

impl Key {
    /// Of a kind and an id.
    #[must_use]
    pub fn new(kind: Kind, id: &[u8]) -> Self {
        Self { kind, id: id.to_vec() }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?}, ..)", self.kind)
    }
}

/// How often a row was written, in some sense of the store's own: only compared. A version that a key once had never comes
/// back, not even after the row was deleted and made anew: one rising counter for the whole store is the simple way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(pub u64);

/// A row as it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// Its version.
    pub version: Version,
    /// What it says. Secrets in it are sealed.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row({:?}, {} bytes)", self.version, self.bytes.len())
    }
}

/// A row to be written.
#[derive(Clone)]
pub struct Write {
    /// Which.
    pub key: Key,
    /// The version at which it was read; `None`: there was no such row, and there must be none.
    pub read: Option<Version>,
    /// What it is to say; `None` deletes it.
    pub bytes: Option<Vec<u8>>,
    /// The account that it belongs to, if it belongs to one: rows of an account are erased together.
    pub account: Option<String>,
    /// From when on [`Store::sweep`] may take it away. A row that is past this is still read: rules look at the times
    /// inside.
    pub expires: Option<UnixTime>,
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Write").field("key", &self.key).field("read", &self.read).finish_non_exhaustive()
    }
}

/// What is to change, all of it or nothing.
#[derive(Debug, Clone, Default)]
pub struct Transition {
    /// Rows that must still be as they were read (`None`: absent) though they aren't written. No key stands here and in
    /// `writes`.
    pub unchanged: Vec<(Key, Option<Version>)>,
    /// Rows to write; no key stands twice.
    pub writes: Vec<Write>,
    /// Erase every row and event of this account, after the comparisons and before the writes.
    pub erase: Option<String>,
    /// Events to append, in this order.
    pub events: Vec<Event>,
}

impl Transition {
    /// Whether it would change nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.events.is_empty() && self.erase.is_none()
    }
}

/// The store gave no answer, or gave one that can't be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum StoreError {
    /// It couldn't be reached, or it is full, or locked for too long: later it may work.
    #[error("the store doesn't answer: {0}")]
    Unavailable(&'static str),
    /// What it holds can't be read as what it should be.
    #[error("the store is damaged: {0}")]
    Damaged(&'static str),
}

/// Why a transition wasn't made. Nothing of it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ApplyError {
    /// A row isn't as it was read: read again, begin again.
    #[error("somebody else was faster")]
    Conflict,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Rows with versions. Calls may come from many threads, and from many processes where the store is shared.
pub trait Store: Send + Sync {
    /// Reads a row. What an [`Store::apply`] that has returned wrote is seen, wherever it was called.
    ///
    /// # Errors
    /// [`StoreError`].
    fn get(&self, key: &Key) -> Result<Option<Row>, StoreError>;

    /// Reads up to `limit` rows of a kind in the order of their ids' bytes, beginning behind `after`. For housekeeping.
    ///
    /// # Errors
    /// [`StoreError`].
    fn scan(&self, kind: Kind, after: Option<&[u8]>, limit: usize) -> Result<Vec<(Vec<u8>, Row)>, StoreError>;

    /// Makes a transition: compares every version in `unchanged` and `writes`, then erases, writes and appends, as one step
    /// that nobody sees half of and that survives a crash once this has returned.
    ///
    /// # Errors
    /// [`ApplyError::Conflict`] if one version differs; nothing is changed on any error.
    fn apply(&self, transition: &Transition) -> Result<(), ApplyError>;

    /// Takes away rows whose `expires` is at or before `now`, and events before `events_before`. Gives the number of both.
    ///
    /// # Errors
    /// [`StoreError`].
    fn sweep(&self, now: UnixTime, events_before: UnixTime) -> Result<u64, StoreError>;

    /// Reads up to `limit` events behind number `after` (0: from the first), in order. Numbers rise and never come back.
    ///
    /// # Errors
    /// [`StoreError`].
    fn events(&self, after: u64, limit: usize) -> Result<Vec<Logged>, StoreError>;
}

impl<S: Store + ?Sized> Store for std::sync::Arc<S> {
    fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        (**self).get(key)
    }

    fn scan(&self, kind: Kind, after: Option<&[u8]>, limit: usize) -> Result<Vec<(Vec<u8>, Row)>, StoreError> {
        (**self).scan(kind, after, limit)
    }

    fn apply(&self, transition: &Transition) -> Result<(), ApplyError> {
        (**self).apply(transition)
    }

    fn sweep(&self, now: UnixTime, events_before: UnixTime) -> Result<u64, StoreError> {
        (**self).sweep(now, events_before)
    }

    fn events(&self, after: u64, limit: usize) -> Result<Vec<Logged>, StoreError> {
        (**self).events(after, limit)
    }
}
