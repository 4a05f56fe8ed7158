//! The tables, and how a connection is set up.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{OpenError, StoreError, failed};

/// The schema's version, in `user_version`. A later one adds its step to [`open`].
const SCHEMA: u32 = 1;
/// `application_id`: "CSvf".
const APPLICATION: u32 = 0x4353_7666;
/// How long another process may hold the lock.
const PATIENCE: Duration = Duration::from_secs(5);
/// Versions that one opening of the file may give out. One that is used up would take 2³² writes; then the next range
/// begins, which another opening may have: so it is refused instead (`change`).
const RANGE: u64 = 1 << 32;

/// Rows are found by kind and id, swept by time, erased by account; nothing else is asked, so there are no other indices.
/// Rows without a time or an account don't stand in those indices.
const TABLES: &str = "
CREATE TABLE row (
    number INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    account TEXT,
    expires INTEGER,
    bytes BLOB NOT NULL,
    UNIQUE (kind, id)
) STRICT;
CREATE INDEX row_expires ON row (expires) WHERE expires IS NOT NULL;
CREATE INDEX row_account ON row (account) WHERE account IS NOT NULL;
CREATE TABLE event (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    account TEXT,
    bytes BLOB NOT NULL
) STRICT;
CREATE INDEX event_account ON event (account) WHERE account IS NOT NULL;
CREATE TABLE opened (one INTEGER PRIMARY KEY CHECK (one = 1), times INTEGER NOT NULL) STRICT;
INSERT INTO opened VALUES (1, 0);
";

/// The versions that this opening may give out: never given before, by nobody.
#[derive(Debug)]
pub(super) struct Versions {
    next: u64,
    end: u64,
}

impl Versions {
    pub(super) fn take(&mut self) -> Option<u64> {
        let version = self.next;
        self.next = version.checked_add(1)?;
        (version < self.end).then_some(version)
    }
}

/// Opens the file for writing, makes the tables where there are none.
pub(super) fn open(path: &Path) -> Result<(Connection, Versions), OpenError> {
    private(path)?;
    let mut connection = connect(path).map_err(|error| failed(&error))?;
    let (application, version, tables) = state(&connection).map_err(|error| failed(&error))?;
    match (application, version) {
        (0, 0) if tables == 0 => {}
        (APPLICATION, SCHEMA) => {}
        (APPLICATION, found) if found > SCHEMA => return Err(OpenError::Newer { found, known: SCHEMA }),
        _ => return Err(OpenError::Foreign),
    }
    let versions = set_up(&mut connection).map_err(|error| failed(&error))?;
    Ok((connection, versions))
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    // Only paths that this program gives: no URIs. One thread at a time has a connection: no mutex inside.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    for (name, value) in [
        ("trusted_schema", "OFF"),
        ("cell_size_check", "ON"),
        ("temp_store", "MEMORY"),
        ("fullfsync", "ON"),
        ("checkpoint_fullfsync", "ON"),
    ] {
        connection.pragma_update(None, name, value)?;
    }
    Ok(connection)
}

/// What the file is: its application, its schema's version, the number of its tables.
fn state(connection: &Connection) -> rusqlite::Result<(u32, u32, u32)> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get(0));
    let tables = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok((pragma("application_id")?, pragma("user_version")?, tables))
}

fn set_up(connection: &mut Connection) -> rusqlite::Result<Versions> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Rewrites what it frees wherever that costs no page more.
    connection.pragma_update(None, "secure_delete", "FAST")?;
    // 16 MiB each: fewer merges of the journal, and pages that are written again and again are merged once.
    connection.pragma_update(None, "wal_autocheckpoint", 4096)?;
    connection.pragma_update(None, "cache_size", -16_384)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have made the tables meanwhile.
    let (_, version, _) = state(&transaction)?;
    if version == 0 {
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", SCHEMA)?;
    }
    let sql = "UPDATE opened SET times = times + 1 WHERE one = 1 RETURNING times";
    let times: u64 = transaction.query_row(sql, [], |row| row.get(0))?;
    transaction.commit()?;
    let next = times.saturating_mul(RANGE);
    Ok(Versions { next, end: next.saturating_add(RANGE) })
}

/// Makes the file where there is none, for this user alone: SQLite would ask the umask.
fn private(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|_| StoreError::Unavailable("the file can't be opened"))
}
