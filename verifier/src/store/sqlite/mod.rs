//! Rows in one SQLite file (feature `sqlite`): for a service on one machine, in one process or several.
//!
//! - `schema`: the tables, and how a connection is set up. `readers`: connections that read.
//! - `writer`: commits together what many threads ask for. `change`: one transition.
//!
//! **What is durable when.** [`Store::apply`] returns after the journal was synced to the disk (WAL,
//! `synchronous=FULL`), with one exception: a transition that only remembers nonces is committed without a sync. After a
//! power cut (not after a crash of the process) such a nonce may be forgotten, and then a proof that somebody recorded
//! less than a minute before could be replayed once: it would bring the same inbox to somebody who has seen it. A request
//! that changes something writes its nonce together with the change, synced. That is worth less than a sync for each of
//! the phones' polls. The next synced transition makes all nonces before it durable, too.
//!
//! **Group commit.** While one batch is being synced, the transitions of other threads gather; the next commit takes them
//! all into one transaction, each in a savepoint of its own: a conflict or an error of one leaves the others alone, and a
//! disk that takes a millisecond to sync serves many thousand transitions a second.
//!
//! A transition is compared and written under SQLite's one write lock; so several processes may share the file (on one
//! machine: WAL doesn't work over network file systems).

mod change;
mod readers;
mod schema;
mod writer;

use std::path::Path;

use countersign_core::time::UnixTime;
use rusqlite::OptionalExtension;

use super::{ApplyError, Event, Key, Kind, Logged, Row, Store, StoreError, Transition, Version};
use readers::Readers;
use writer::Writer;

/// Why the file can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Made by a newer version of this program.
    #[error("the file's schema has version {found}; this program knows {known}")]
    Newer {
        /// The file's.
        found: u32,
        /// The highest that is known here.
        known: u32,
    },
    /// A database of something else.
    #[error("the file is a database of another program")]
    Foreign,
    /// It can't be opened, created or read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A store in one SQLite file. Cheap to share behind an [`Arc`](std::sync::Arc); dropping it closes
/// the file.
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqliteStore(..)")
    }
}

/// How many rows are taken away in one transaction: sign-ins wait for one such piece at most.
const PIECE: u64 = 1000;

impl SqliteStore {
    /// Opens the file, or makes it, readable by this user alone. Its `-wal` and `-shm` stand beside it while it is open.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let (connection, versions) = schema::open(path)?;
        Ok(Self { writer: Writer::new(connection, versions), readers: Readers::new(path) })
    }
}

impl Store for SqliteStore {
    fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        self.readers.with(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT version, bytes FROM row WHERE kind = ?1 AND id = ?2")?;
            statement.query_row((key.kind.number(), &key.id), |row| read(row, 0)).optional()
        })
    }

    fn scan(&self, kind: Kind, after: Option<&[u8]>, limit: usize) -> Result<Vec<(Vec<u8>, Row)>, StoreError> {
        self.readers.with(|connection| {
            // No id is empty but the server's; "at least nothing" and "more than this" are two questions.
            let mut statement = connection.prepare_cached(match after {
                None => "SELECT id, version, bytes FROM row WHERE kind = ?1 AND id >= ?2 ORDER BY id LIMIT ?3",
                Some(_) => "SELECT id, version, bytes FROM row WHERE kind = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
            })?;
            let bounds = (kind.number(), after.unwrap_or_default(), most(limit));
            statement.query_map(bounds, |row| Ok((row.get(0)?, read(row, 1)?)))?.collect()
        })
    }

    fn apply(&self, transition: &Transition) -> Result<(), ApplyError> {
        self.writer.apply(transition)
    }

    fn sweep(&self, now: UnixTime, events_before: UnixTime) -> Result<u64, StoreError> {
        let mut swept = 0u64;
        loop {
            let piece = self.writer.sweep_rows(now, PIECE)?;
            swept = swept.saturating_add(piece);
            if piece < PIECE {
                break;
            }
        }
        let kept = self.readers.with(|connection| {
            let first = "SELECT number FROM event WHERE at >= ?1 ORDER BY number LIMIT 1";
            connection.query_row(first, (events_before.millis(),), |row| row.get::<_, i64>(0)).optional()
        })?;
        loop {
            let piece = self.writer.sweep_events(kept.unwrap_or(i64::MAX), events_before, PIECE)?;
            swept = swept.saturating_add(piece);
            if piece < PIECE {
                return Ok(swept);
            }
        }
    }

    fn events(&self, after: u64, limit: usize) -> Result<Vec<Logged>, StoreError> {
        let rows: Vec<(u64, Vec<u8>)> = self.readers.with(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT number, bytes FROM event WHERE number > ?1 ORDER BY number LIMIT ?2")?;
            let bounds = (i64::try_from(after).unwrap_or(i64::MAX), most(limit));
            statement.query_map(bounds, |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })?;
        rows.into_iter().map(|(number, bytes)| Ok(Logged { number, event: Event::from_bytes(&bytes)? })).collect()
    }
}

fn read(row: &rusqlite::Row<'_>, from: usize) -> rusqlite::Result<Row> {
    Ok(Row { version: Version(row.get(from)?), bytes: row.get(from + 1)? })
}

fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// What SQLite says, for those who can only try again or ask for help.
fn failed(error: &rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode;
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Unavailable("it is locked"),
        Some(ErrorCode::DiskFull) => StoreError::Unavailable("the disk is full"),
        Some(ErrorCode::CannotOpen) => StoreError::Unavailable("the file can't be opened"),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StoreError::Unavailable("the file can't be written"),
        Some(ErrorCode::SystemIoFailure) => StoreError::Unavailable("the disk fails"),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged("the file"),
        Some(_) => StoreError::Unavailable("SQLite refuses"),
        // Not SQLite's, so a column that isn't of its type.
        None => StoreError::Damaged("a column"),
    }
}
