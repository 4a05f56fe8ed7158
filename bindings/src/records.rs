//! What of the vault itself crosses by value.

use std::collections::HashMap;
use std::path::PathBuf;

use countersign_core::vault;

/// What opens a slot, and what it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum SlotKind {
    /// A password: the vault, and approvals.
    Password,
    /// The recovery code: the vault.
    Recovery,
    /// This device's keystore: the vault.
    Device,
    /// This device's keystore, asking the person at each use: approvals.
    PerUse,
    /// This device's keystore, asking nobody: the inbox.
    Inbox,
}

impl From<vault::SlotKind> for SlotKind {
    fn from(kind: vault::SlotKind) -> Self {
        match kind {
            vault::SlotKind::Password => Self::Password,
            vault::SlotKind::Recovery => Self::Recovery,
            vault::SlotKind::Device => Self::Device,
            vault::SlotKind::PerUse => Self::PerUse,
            vault::SlotKind::Inbox => Self::Inbox,
        }
    }
}

/// A way to unlock.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SlotInfo {
    /// Its lasting name: 32 hexadecimal digits.
    pub id: String,
    /// What opens it.
    pub kind: SlotKind,
    /// A recovery code counts only after a part of it was typed back; all others are always confirmed.
    pub confirmed: bool,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: i64,
}

impl From<&vault::SlotInfo> for SlotInfo {
    fn from(slot: &vault::SlotInfo) -> Self {
        Self {
            id: slot.id.to_string(),
            kind: slot.kind.into(),
            confirmed: slot.confirmed,
            created_ms: slot.created.millis(),
        }
    }
}

/// One thing that is not as the vault last wrote it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Finding {
    /// A row that can't be read: of an account, a picture, a setting, an enrolment.
    Unreadable {
        /// The table.
        table: String,
        /// The row's id; an account's in `record` and `icon`.
        id: String,
    },
    /// Rows that were there are gone.
    Missing {
        /// The table.
        table: String,
        /// How many.
        count: u64,
        /// Which one, where exactly one is gone.
        id: Option<String>,
    },
    /// Rows that were removed, or never were there, stand in the file.
    Added {
        /// The table.
        table: String,
        /// How many.
        count: u64,
        /// Which one, where it is exactly one.
        id: Option<String>,
    },
    /// A row stands there as it was earlier.
    Old {
        /// The table.
        table: String,
        /// Which one, where it is exactly one.
        id: Option<String>,
    },
    /// One of the two copies of a way to unlock is damaged; the other one works.
    SlotCopy {
        /// The table in which the bad copy stands.
        table: String,
    },
    /// What an enrolment works with while the vault is locked is gone: enrol again.
    NoInbox {
        /// The enrolment.
        id: String,
    },
    /// The proof of completeness can't be read: accounts may be missing without a trace.
    NoProof,
    /// The file is older than this device has seen.
    OlderThanSeen {
        /// The file's state.
        generation: u64,
        /// The state that this device has seen.
        seen: u64,
    },
    /// The database's own structure is damaged: salvage it, or restore a backup.
    Structure,
}

impl From<&vault::Finding> for Finding {
    fn from(finding: &vault::Finding) -> Self {
        use vault::Finding as F;
        let named = |id: &Option<countersign_core::account::AccountId>| id.map(|id| id.to_string());
        match finding {
            F::Unreadable { table, id } => Self::Unreadable { table: (*table).into(), id: id.to_string() },
            F::Missing { table, count, id } => Self::Missing { table: (*table).into(), count: *count, id: named(id) },
            F::Added { table, count, id } => Self::Added { table: (*table).into(), count: *count, id: named(id) },
            F::Old { table, id } => Self::Old { table: (*table).into(), id: named(id) },
            F::SlotCopy { table } => Self::SlotCopy { table: (*table).into() },
            F::NoInbox { id } => Self::NoInbox { id: id.to_string() },
            F::NoProof => Self::NoProof,
            F::OlderThanSeen { generation, seen } => Self::OlderThanSeen { generation: *generation, seen: *seen },
            F::Structure => Self::Structure,
        }
    }
}

/// What a look at the whole vault found.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Report {
    /// How many accounts can be read, those in the trash among them.
    pub accounts: u64,
    /// What is not as it should be; empty for a clean vault.
    pub findings: Vec<Finding>,
    /// Where the damaged file was copied before anything was changed.
    pub quarantine: Option<String>,
}

impl From<&vault::Report> for Report {
    fn from(report: &vault::Report) -> Self {
        Self {
            accounts: report.accounts as u64,
            findings: report.findings.iter().map(Finding::from).collect(),
            quarantine: report.quarantine.clone().map(path_text),
        }
    }
}

/// A path as a text; what is not UTF-8 in it can't cross otherwise.
pub(crate) fn path_text(path: PathBuf) -> String {
    path.into_os_string().into_string().unwrap_or_else(|path| path.to_string_lossy().into_owned())
}

/// What the person set, kept sealed in the vault.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Settings {
    /// How many days the trash keeps an account: 1 to 3,650; 30 by default.
    pub trash_days: u16,
    /// Whether it is counted how often each account is used; off by default.
    pub count_usage: bool,
    /// How many automatic backups are kept: 1 to 100; 5 by default.
    pub backups_kept: u16,
    /// The shell's own settings: at most 100, keys up to 64 bytes, values up to 1 KiB.
    pub shell: HashMap<String, String>,
}

impl From<&vault::Settings> for Settings {
    fn from(settings: &vault::Settings) -> Self {
        Self {
            trash_days: settings.trash_days,
            count_usage: settings.count_usage,
            backups_kept: settings.backups_kept,
            shell: settings.shell.clone().into_iter().collect(),
        }
    }
}

impl From<Settings> for vault::Settings {
    fn from(settings: Settings) -> Self {
        Self {
            trash_days: settings.trash_days,
            count_usage: settings.count_usage,
            backups_kept: settings.backups_kept,
            shell: settings.shell.into_iter().collect(),
        }
    }
}
