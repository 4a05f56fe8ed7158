//! What can go wrong with a vault, by what the person can do about it. No secret and no name stands in any of these.

use std::io;

use crate::entropy::EntropyError;
use crate::otp;
use crate::watch::Stopped;

/// Why the vault did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no vault file there.
    #[error("there is no vault at this place")]
    NoVault,
    /// Something already stands where a new vault or backup should go; it was left alone.
    #[error("something already stands at this place; it was left as it is")]
    AlreadyThere,
    /// The file is no vault of ours.
    #[error("this file is not a Countersign vault")]
    NotAVault,
    /// The file was written by a newer version; nothing was changed.
    #[error("this was written by a newer version (format {found}, this version knows {known}): update first")]
    Newer {
        /// The format in the file.
        found: u64,
        /// The newest format known here.
        known: u64,
    },
    /// The password opens nothing here.
    #[error("that password doesn't open this vault")]
    WrongPassword {
        /// How many more tries there are before a pause.
        remaining: u32,
        /// How long the pause is that has begun now, in seconds.
        wait_seconds: u32,
    },
    /// The password of an approval is wrong.
    #[error("that password is wrong; after {before_erasing} more the keys that confirm approvals are erased")]
    WrongApprovalPassword {
        /// How many more wrong ones in a row erase the user-verification root.
        before_erasing: u32,
        /// How many more tries there are before a pause.
        remaining: u32,
        /// How long the pause is that has begun now, in seconds.
        wait_seconds: u32,
    },
    /// The user-verification root is gone: ten wrong passwords in a row at approvals have erased it.
    #[error(
        "the keys that confirm approvals were erased after ten wrong passwords: set the password, then enrol again"
    )]
    RootErased,
    /// A key of an enrolment was sealed under another user-verification root, or is damaged.
    #[error("this enrolment's keys can't be opened any more: enrol again")]
    OtherRoot,
    /// Too many wrong tries; nothing was tried now.
    #[error("too many wrong tries: wait {wait_seconds} seconds")]
    Wait {
        /// How long.
        wait_seconds: u32,
    },
    /// The recovery code has a typing error.
    #[error("that is not a recovery code: it has 33 symbols, and the last one shows that one of them is wrong")]
    MistypedRecoveryCode,
    /// The recovery code belongs to another vault, or was replaced.
    #[error("that recovery code doesn't open this vault")]
    WrongRecoveryCode,
    /// The device key opens no slot here.
    #[error("this device can no longer open the vault on its own: use the password or the recovery code")]
    UnusableHere,
    /// The vault has no such way to unlock.
    #[error("this vault can't be unlocked that way")]
    NoSuchSlot,
    /// The part of the file that holds the ways to unlock is damaged.
    #[error("the part of the file that unlocks the vault is damaged")]
    DamagedSlot,
    /// The file is damaged; what could be read and what could not stands in the report.
    #[error("the vault's file is damaged: {0}")]
    Damaged(Damage),
    /// What the file holds does not fit what this vault last wrote; it opens for reading until that is accepted.
    #[error("the vault's content is not what was last written: look at the report, then accept it or restore a backup")]
    NotAccepted,
    /// Another program has changed the vault's key since it was unlocked here; it is locked now.
    #[error("the vault's key was changed by another program: unlock it again")]
    KeyChanged,
    /// A row of the inbox is not as it was read: another program has changed it; nothing was written.
    #[error("another program has changed this meanwhile: read it again")]
    Changed,
    /// A row of the inbox can't be opened; it stays where it is.
    #[error("a row of the inbox can't be read: verify the vault")]
    UnreadableRow,
    /// The vault is locked.
    #[error("the vault is locked")]
    Locked,
    /// The file or its folder can't be written.
    #[error("the vault's file or folder is read-only")]
    ReadOnly,
    /// No space on the disk; nothing was changed.
    #[error("the disk is full; nothing was changed")]
    DiskFull,
    /// Another program holds the file for too long; nothing was changed.
    #[error("another program is using the vault; try again")]
    Busy,
    /// The operating system said no.
    #[error("the operating system refused: {0}")]
    Io(io::ErrorKind),
    /// SQLite's own error, by its number.
    #[error("the database refused (code {0})")]
    Database(i32),
    /// It was stopped; nothing was changed.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// No such account, slot, tag or backup.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The account is already there with the same secret and the same names.
    #[error("this account is already in the vault")]
    Duplicate(crate::account::AccountId),
    /// Not this kind of account.
    #[error("that only works with {0} accounts")]
    WrongKind(&'static str),
    /// No code matched.
    #[error("these codes don't match any of the next {0} of this account")]
    NoMatch(u32),
    /// A new password is too short.
    #[error("a password has at least {least} characters")]
    WeakPassword {
        /// The fewest characters.
        least: usize,
    },
    /// Without this one nobody could unlock the vault.
    #[error("this is the last way to unlock the vault that works without this device")]
    LastSlot,
    /// Parameters of a key derivation outside our bounds, refused before any work.
    #[error("the file asks for a key derivation outside the bounds (64 to 256 MiB, 3 to 10 passes, 1 to 4 lanes)")]
    KdfBounds,
    /// A value that can't be.
    #[error("invalid {what}: {reason}")]
    InvalidInput {
        /// What it was for.
        what: &'static str,
        /// Why not.
        reason: &'static str,
    },
    /// The backup is cut short, changed or mixed from several.
    #[error("the backup is damaged or cut short")]
    DamagedBackup,
    /// The file is no backup of ours.
    #[error("this file is not a Countersign backup")]
    NotABackup,
    /// Where the backup goes did not keep it as it was given.
    #[error("the backup could not be read back as it was written")]
    BackupNotKept,
    /// A picture or a text over its bound.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// What.
        what: &'static str,
        /// The bound in bytes.
        limit: usize,
    },
    /// The key has sealed so often that it must be changed: rotate.
    #[error("the vault's key has been used very often: rotate it")]
    RotateFirst,
    /// A one-time password's parameters or moment.
    #[error(transparent)]
    Otp(#[from] otp::Error),
    /// The system's random number generator.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// A platform's keystore said no.
    #[error(transparent)]
    Platform(#[from] super::platform::PlatformError),
    /// Something that can't happen; the text says where.
    #[error("internal error: {0}")]
    Internal(&'static str),
}

/// What is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// SQLite can't read the file's structure.
    #[error("its structure can't be read")]
    Structure,
    /// The tables are not those of this version.
    #[error("its tables are not those of this version")]
    Schema,
    /// The row that proves completeness is missing or can't be opened.
    #[error("the proof of completeness can't be read")]
    Manifest,
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NoVault,
            io::ErrorKind::AlreadyExists => Self::AlreadyThere,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            kind => Self::Io(kind),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let rusqlite::Error::SqliteFailure(failure, _) = error else {
            // A type or a number of columns that the schema rules out.
            return Self::Damaged(Damage::Structure);
        };
        if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE {
            return Self::DiskFull;
        }
        match failure.code {
            Code::DatabaseCorrupt | Code::ConstraintViolation => Self::Damaged(Damage::Structure),
            Code::NotADatabase => Self::NotAVault,
            Code::DiskFull => Self::DiskFull,
            Code::ReadOnly | Code::PermissionDenied => Self::ReadOnly,
            Code::DatabaseBusy | Code::DatabaseLocked => Self::Busy,
            Code::CannotOpen => Self::NoVault,
            _ => Self::Database(failure.extended_code),
        }
    }
}
