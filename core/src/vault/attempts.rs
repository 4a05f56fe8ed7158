//! Wrong passwords are counted, and after five of them there are pauses.
//!
//! The count stands in the clear, in a row that nothing else depends on: a courtesy against a person at the screen, not
//! a defence against somebody who has the file.

use rusqlite::{Connection, OptionalExtension, params};

use super::Error;
use crate::time::UnixTime;

/// Tries before the first pause.
const FREE: u32 = 5;
/// The first pause and the longest, in seconds.
const FIRST: u32 = 30;
const LONGEST: u32 = 3600;

fn pause(failures: u32) -> u32 {
    match failures.checked_sub(FREE) {
        None => 0,
        Some(doublings) => FIRST.saturating_mul(1u32.checked_shl(doublings).unwrap_or(u32::MAX)).min(LONGEST),
    }
}

fn read(connection: &Connection) -> (u32, UnixTime) {
    // A row that can't be read counts as none: it must never keep the right password out.
    let row = connection
        .query_row("SELECT failures, last FROM attempts WHERE one = 1", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional();
    match row {
        Ok(Some((failures, last))) => (failures, UnixTime::from_millis(last)),
        _ => (0, UnixTime::default()),
    }
}

/// Whether a try is allowed now.
pub(crate) fn allowed(connection: &Connection, now: UnixTime) -> Result<(), Error> {
    let (failures, last) = read(connection);
    let pause = i64::from(pause(failures));
    // A clock that was set back must not make the pause longer than it is.
    let waited = now.seconds().saturating_sub(last.seconds()).clamp(0, pause);
    match u32::try_from(pause - waited) {
        Ok(0) | Err(_) => Ok(()),
        Ok(wait_seconds) => Err(Error::Wait { wait_seconds }),
    }
}

/// Counts a wrong try and says what it leads to. Where nothing can be written, nothing is counted.
pub(crate) fn failed(connection: &Connection, now: UnixTime) -> Error {
    let failures = read(connection).0.saturating_add(1);
    let written = connection.execute("REPLACE INTO attempts VALUES (1, ?1, ?2)", params![failures, now.millis()]);
    match written {
        Ok(_) => Error::WrongPassword { remaining: FREE.saturating_sub(failures), wait_seconds: pause(failures) },
        Err(_) => Error::WrongPassword { remaining: FREE, wait_seconds: 0 },
    }
}

/// The right password: the count starts again.
pub(crate) fn succeeded(connection: &Connection) -> Result<(), Error> {
    if read(connection).0 > 0 {
        connection.execute("DELETE FROM attempts", [])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::pause;

    #[test]
    fn pauses_begin_after_five_tries_and_double_to_an_hour() {
        let pauses: Vec<_> = (0..14).map(pause).collect();
        assert_eq!(pauses, [0, 0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(pause(u32::MAX), 3600);
    }
}
