//! What a look at the whole vault found.

use std::path::PathBuf;

use super::push::PushId;
use crate::account::AccountId;

/// One thing that is not as the vault last wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// An account, a picture, a setting or what belongs to an enrolment, whose bytes have been changed: it can't be read.
    Unreadable {
        /// The table.
        table: &'static str,
        /// The row's id (an account's in `record` and `icon`; an enrolment's in `record` and `inbox`).
        id: AccountId,
    },
    /// A row that was there is gone.
    Missing {
        /// The table, or both where it can't be told.
        table: &'static str,
        /// How many.
        count: u64,
        /// Which one, where exactly one is gone.
        id: Option<AccountId>,
    },
    /// A row that was removed, or never was there, stands in the file.
    Added {
        /// The table.
        table: &'static str,
        /// How many.
        count: u64,
        /// Which one, where it is exactly one.
        id: Option<AccountId>,
    },
    /// A row stands there as it was earlier.
    Old {
        /// The table.
        table: &'static str,
        /// Which one, where it is exactly one.
        id: Option<AccountId>,
    },
    /// One of the two copies of a way to unlock is damaged or differs; the other one works.
    SlotCopy {
        /// The table in which the bad copy stands.
        table: &'static str,
    },
    /// A push enrolment that is not to be renewed has no row left in the inbox.
    NoInbox {
        /// The enrolment.
        id: PushId,
    },
    /// The proof of completeness can't be read: rows may be missing without a trace.
    NoProof,
    /// The file is older than this device has seen.
    OlderThanSeen {
        /// The file's generation.
        generation: u64,
        /// The generation that this device has seen.
        seen: u64,
    },
    /// SQLite's own check of the file found something.
    Structure,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let which = |id: &Option<AccountId>| id.map_or(String::new(), |id| format!(" ({id})"));
        match self {
            Self::Unreadable { table, id } => write!(f, "a row of table {table} can't be read: {id}"),
            Self::Missing { table, count, id } => write!(f, "{count} row(s) of table {table} are gone{}", which(id)),
            Self::Added { table, count, id } => {
                write!(f, "{count} row(s) of table {table} are back or were added{}", which(id))
            }
            Self::Old { table, id } => {
                write!(f, "a row of table {table} is older than what was last written{}", which(id))
            }
            Self::SlotCopy { table } => {
                write!(f, "one copy of a way to unlock is damaged (table {table}); the other works")
            }
            Self::NoInbox { id } => write!(f, "what push enrolment {id} works with while locked is gone: enrol again"),
            Self::NoProof => f.write_str("the proof of completeness can't be read, so accounts may be missing"),
            Self::OlderThanSeen { generation, seen } => {
                write!(f, "the file is older (state {generation}) than this device has seen (state {seen})")
            }
            Self::Structure => f.write_str("the database's structure is damaged"),
        }
    }
}

/// What was found, and what was done about it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// How many accounts can be read, the trash among them.
    pub accounts: usize,
    /// What is not as it should be; empty for a clean vault.
    pub findings: Vec<Finding>,
    /// Where the damaged file was copied, before anything was changed.
    pub quarantine: Option<PathBuf>,
}

impl Report {
    /// Whether all is as it was last written.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}
