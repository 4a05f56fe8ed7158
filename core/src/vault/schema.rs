//! The database file: its tables, how it is opened, and the check that it is ours and unchanged in shape.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::Error;
use super::error::Damage;
use super::write::Write;

/// The newest schema, as `user_version` and the manifest have it.
pub(crate) const SCHEMA: u32 = 1;
/// The size of a page in bytes, hence of the smallest file.
pub(crate) const PAGE: u32 = 4096;
/// `CSGN`, so that `file(1)` and we know one of ours.
const APPLICATION_ID: i32 = 0x4353_474e;

/// A version of the tables.
pub(crate) struct Version {
    pub(crate) number: u32,
    /// Name and text of each table, by name, exactly as `sqlite_schema` must have it.
    pub(crate) tables: &'static [(&'static str, &'static str)],
    /// What makes it of the version before; of the first, of nothing.
    pub(crate) step: fn(&mut Write<'_>) -> Result<(), Error>,
}

/// All versions, the oldest first. A released version stays as it is.
pub(crate) struct History(pub(crate) &'static [Version]);

pub(crate) const HISTORY: History = History(&[Version { number: 1, tables: &TABLES, step: first }]);

impl History {
    pub(crate) fn newest(&self) -> u32 {
        self.0.last().map_or(0, |version| version.number)
    }

    /// The versions that follow this one.
    pub(crate) fn after(&self, number: u32) -> impl Iterator<Item = &Version> {
        self.0.iter().filter(move |version| version.number > number)
    }
}

/// Version 1. No table has a rowid: it would tell the order in which things were added.
const TABLES: [(&str, &str); 7] = [
    ("attempts", "CREATE TABLE attempts(one INTEGER PRIMARY KEY, failures INTEGER NOT NULL, last INTEGER NOT NULL)"),
    (
        "icon",
        "CREATE TABLE icon(id BLOB PRIMARY KEY, kind INTEGER NOT NULL, revision INTEGER NOT NULL, \
         format INTEGER NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID",
    ),
    (
        "inbox",
        "CREATE TABLE inbox(id BLOB NOT NULL, kind INTEGER NOT NULL, revision INTEGER NOT NULL, \
         format INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY(id, kind)) WITHOUT ROWID",
    ),
    ("manifest", "CREATE TABLE manifest(one INTEGER PRIMARY KEY, sealed BLOB NOT NULL)"),
    (
        "record",
        "CREATE TABLE record(id BLOB PRIMARY KEY, kind INTEGER NOT NULL, revision INTEGER NOT NULL, \
         format INTEGER NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID",
    ),
    ("slot", "CREATE TABLE slot(id BLOB PRIMARY KEY, body BLOB NOT NULL, digest BLOB NOT NULL) WITHOUT ROWID"),
    (
        "slot_copy",
        "CREATE TABLE slot_copy(id BLOB PRIMARY KEY, body BLOB NOT NULL, digest BLOB NOT NULL) WITHOUT ROWID",
    ),
];

/// Makes an empty file one of ours; its tables come with the first transaction.
pub(crate) fn create(connection: &Connection) -> Result<(), Error> {
    connection.pragma_update(None, "page_size", PAGE)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(())
}

fn first(write: &mut Write<'_>) -> Result<(), Error> {
    TABLES.iter().try_for_each(|(_, sql)| write.connection().execute(sql, []).map(drop).map_err(Error::from))
}

/// How the file could be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    ReadWrite,
    ReadOnly,
    /// The disk is so full that SQLite can't make the file that its processes share: read-only for now.
    Full,
}

impl Access {
    /// Why nothing can be written, if that is so.
    pub(crate) const fn writable(self) -> Result<(), Error> {
        match self {
            Self::ReadWrite => Ok(()),
            Self::ReadOnly => Err(Error::ReadOnly),
            Self::Full => Err(Error::DiskFull),
        }
    }
}

/// Opens the file, for writing where that can be; reads nothing of it yet.
pub(crate) fn connect(path: &Path) -> Result<(Connection, Access), Error> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(Error::NotAVault);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(real(path)?, flags)?;
    // SQLite itself falls back to reading. To try the file by opening it here would be wrong: closing any descriptor of
    // a file gives up every lock that this process has on it.
    if connection.is_readonly("main")? {
        drop(connection);
        return Ok((connect_read_only(path)?, Access::ReadOnly));
    }
    // These need -wal and -shm: where they can't be made, it says so.
    let ready = || {
        harden(&connection)?;
        connection.query_row("PRAGMA journal_mode=wal", [], |_| Ok(()))?;
        connection.query_row("PRAGMA user_version", [], |_| Ok(()))?;
        Ok(())
    };
    match ready() {
        Ok(()) => {}
        Err(error @ (Error::NoVault | Error::ReadOnly | Error::DiskFull)) => {
            drop(connection);
            let access = if error == Error::DiskFull { Access::Full } else { Access::ReadOnly };
            return Ok((connect_read_only(path)?, access));
        }
        Err(error) => return Err(error),
    }
    Ok((connection, Access::ReadWrite))
}

/// SQLite refuses links (`NOFOLLOW`) in the whole path; a folder that is one is fine, the file itself is not.
fn real(path: &Path) -> Result<std::path::PathBuf, Error> {
    let name = path.file_name().ok_or(Error::NotAVault)?;
    Ok(super::files::folder_of(path).canonicalize()?.join(name))
}

/// A file that nobody can change meanwhile may be read without -shm, if nothing waits in its -wal.
fn connect_read_only(path: &Path) -> Result<Connection, Error> {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    let waiting = std::fs::metadata(wal).is_ok_and(|wal| wal.len() > 0);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let full = real(path)?;
    let name = full.to_str().ok_or(Error::InvalidInput { what: "path", reason: "it is not UTF-8" })?;
    let mut uri = String::from("file:");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_') {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri.push_str(if waiting { "?mode=ro" } else { "?immutable=1" });
    let connection = Connection::open_with_flags(uri, flags)?;
    harden(&connection)?;
    connection.query_row("PRAGMA user_version", [], |_| Ok(())).map_err(|error| match Error::from(error) {
        Error::NoVault => Error::ReadOnly,
        other => other,
    })?;
    Ok(connection)
}

fn harden(connection: &Connection) -> Result<(), Error> {
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Until the content is known to be good, closing the file must not merge -wal into it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.execute_batch(
        "PRAGMA synchronous=FULL; PRAGMA fullfsync=ON; PRAGMA checkpoint_fullfsync=ON; PRAGMA secure_delete=ON;
         PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;
         PRAGMA temp_store=MEMORY; PRAGMA cache_size=-2000;",
    )?;
    Ok(())
}

/// Merging -wal at close is right again.
pub(crate) fn trust(connection: &Connection) -> Result<(), Error> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(())
}

/// Whether this is a vault of a version that is known, with its tables and nothing beside them: no trigger, view or index.
/// Gives back the version.
pub(crate) fn check(connection: &Connection, history: &History) -> Result<u32, Error> {
    let number = |name| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    if number("application_id")? != i64::from(APPLICATION_ID) {
        return Err(Error::NotAVault);
    }
    let found = u64::try_from(number("user_version")?).unwrap_or(u64::MAX);
    let known = history.newest().into();
    if found > known {
        return Err(Error::Newer { found, known });
    }
    let damaged = Error::Damaged(Damage::Schema);
    let version = history.0.iter().find(|version| u64::from(version.number) == found).ok_or(damaged.clone())?;
    let mut statement = connection.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name")?;
    let mut rows = statement.query([])?;
    for (name, sql) in version.tables {
        let row = rows.next()?.ok_or(damaged.clone())?;
        let text = |column| row.get_ref(column).ok().and_then(|value| value.as_str().ok());
        if [text(0), text(1), text(2), text(3)] != [Some("table"), Some(name), Some(name), Some(sql)] {
            return Err(damaged);
        }
    }
    if rows.next()?.is_some() { Err(damaged) } else { Ok(version.number) }
}
