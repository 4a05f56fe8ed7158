//! One transition, inside a transaction that the writer has begun.

use countersign_core::time::UnixTime;
use rusqlite::{Connection, OptionalExtension};

use super::schema::Versions;
use super::{ApplyError, Key, Kind, StoreError, Transition, Version, failed};

/// Whether a power cut may take it back: it only remembers nonces.
pub(super) fn may_be_lost(transition: &Transition) -> bool {
    let only_new_nonces = transition
        .writes
        .iter()
        .all(|write| write.key.kind == Kind::Nonce && write.read.is_none() && write.bytes.is_some());
    only_new_nonces && transition.events.is_empty() && transition.erase.is_none()
}

/// Compares, erases, writes, appends. On any error nothing of it stays.
pub(super) fn apply(
    connection: &Connection,
    versions: &mut Versions,
    transition: &Transition,
) -> Result<(), ApplyError> {
    if !is_as_read(connection, transition).map_err(|error| failed(&error))? {
        return Err(ApplyError::Conflict);
    }
    let sqlite = |error: rusqlite::Error| failed(&error);
    connection.execute_batch("SAVEPOINT one").map_err(sqlite)?;
    let written = write(connection, versions, transition);
    if written.is_err() {
        connection.execute_batch("ROLLBACK TO one").map_err(sqlite)?;
    }
    connection.execute_batch("RELEASE one").map_err(sqlite)?;
    Ok(written?)
}

fn is_as_read(connection: &Connection, transition: &Transition) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare_cached("SELECT version FROM row WHERE kind = ?1 AND id = ?2")?;
    let mut is_at = |key: &Key, read: Option<Version>| -> rusqlite::Result<bool> {
        let version: Option<u64> = statement.query_row((key.kind.number(), &key.id), |row| row.get(0)).optional()?;
        Ok(version.map(Version) == read)
    };
    for (key, read) in &transition.unchanged {
        if !is_at(key, *read)? {
            return Ok(false);
        }
    }
    for write in &transition.writes {
        if !is_at(&write.key, write.read)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn write(connection: &Connection, versions: &mut Versions, transition: &Transition) -> Result<(), StoreError> {
    let sqlite = |error: rusqlite::Error| failed(&error);
    if let Some(account) = &transition.erase {
        for sql in ["DELETE FROM row WHERE account = ?1", "DELETE FROM event WHERE account = ?1"] {
            connection.prepare_cached(sql).and_then(|mut erase| erase.execute((account,))).map_err(sqlite)?;
        }
    }
    for write in &transition.writes {
        let Some(bytes) = &write.bytes else {
            let mut delete =
                connection.prepare_cached("DELETE FROM row WHERE kind = ?1 AND id = ?2").map_err(sqlite)?;
            delete.execute((write.key.kind.number(), &write.key.id)).map_err(sqlite)?;
            continue;
        };
        let version = versions.take().ok_or(StoreError::Unavailable("its versions are used up: open it again"))?;
        let mut put = connection.prepare_cached(PUT).map_err(sqlite)?;
        let expires = write.expires.map(UnixTime::millis);
        put.execute((write.key.kind.number(), &write.key.id, version, &write.account, expires, bytes))
            .map_err(sqlite)?;
    }
    for event in &transition.events {
        let mut append = connection.prepare_cached(APPEND).map_err(sqlite)?;
        append.execute((event.at.millis(), &event.account, event.to_bytes())).map_err(sqlite)?;
    }
    Ok(())
}

const PUT: &str = "
INSERT INTO row (kind, id, version, account, expires, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (kind, id) DO UPDATE
SET version = excluded.version, account = excluded.account, expires = excluded.expires, bytes = excluded.bytes";

const APPEND: &str = "INSERT INTO event (at, account, bytes) VALUES (?1, ?2, ?3)";

/// Deletes up to `most` rows whose time has come, and says how many.
pub(super) fn sweep_rows(connection: &Connection, now: UnixTime, most: u64) -> Result<u64, StoreError> {
    let sql = "DELETE FROM row WHERE number IN (SELECT number FROM row WHERE expires <= ?1 ORDER BY expires LIMIT ?2)";
    delete(connection, sql, (now.millis(), most))
}

/// Deletes up to `most` events with a number below `kept`, and says how many. The time is looked at once more: what was
/// appended since `kept` was read stays.
pub(super) fn sweep_events(connection: &Connection, kept: i64, before: UnixTime, most: u64) -> Result<u64, StoreError> {
    let sql = "DELETE FROM event WHERE number IN \
               (SELECT number FROM event WHERE number < ?1 AND at < ?2 ORDER BY number LIMIT ?3)";
    delete(connection, sql, (kept, before.millis(), most))
}

fn delete(connection: &Connection, sql: &str, parameters: impl rusqlite::Params) -> Result<u64, StoreError> {
    let deleted = connection.prepare_cached(sql).and_then(|mut delete| delete.execute(parameters));
    deleted.map(|count| u64::try_from(count).unwrap_or(u64::MAX)).map_err(|error| failed(&error))
}
