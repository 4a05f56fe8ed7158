//! Wrong passwords are counted, and after five of them there are pauses.
//!
//! Those at approvals are counted a second time, since the tenth in a row erases the user-verification root.
//!
//! The counts stand in the clear, in rows that nothing else depends on: a courtesy against a person at the screen, not
//! a defence against somebody who has the file.

use rusqlite::{Connection, OptionalExtension, params};

use super::Error;
use crate::time::UnixTime;

/// Tries before the first pause.
const FREE: u32 = 5;
/// The first pause and the longest, in seconds.
const FIRST: u32 = 30;
const LONGEST: u32 = 3600;
/// Wrong passwords in a row at approvals that erase the user-verification root.
const ERASING: u32 = 10;

/// What is counted, by its row: all wrong passwords, for the pauses, and those at approvals.
const ALL: i64 = 1;
const APPROVALS: i64 = 2;

fn pause(failures: u32) -> u32 {
    match failures.checked_sub(FREE) {
        None => 0,
        Some(doublings) => FIRST.saturating_mul(1u32.checked_shl(doublings).unwrap_or(u32::MAX)).min(LONGEST),
    }
}

fn read(connection: &Connection, which: i64) -> (u32, UnixTime) {
    // A row that can't be read counts as none: it must never keep the right password out.
    let row = connection
        .query_row("SELECT failures, last FROM attempts WHERE one = ?1", [which], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional();
    match row {
        Ok(Some((failures, last))) => (failures, UnixTime::from_millis(last)),
        _ => (0, UnixTime::default()),
    }
}

/// Whether a try is allowed now.
pub(crate) fn allowed(connection: &Connection, now: UnixTime) -> Result<(), Error> {
    let (failures, last) = read(connection, ALL);
    let pause = i64::from(pause(failures));
    // A clock that was set back must not make the pause longer than it is.
    let waited = now.seconds().saturating_sub(last.seconds()).clamp(0, pause);
    match u32::try_from(pause - waited) {
        Ok(0) | Err(_) => Ok(()),
        Ok(wait_seconds) => Err(Error::Wait { wait_seconds }),
    }
}

/// Counts one more; none where nothing can be written.
fn count(connection: &Connection, which: i64, now: UnixTime) -> Option<u32> {
    let failures = read(connection, which).0.saturating_add(1);
    let row = params![which, failures, now.millis()];
    connection.execute("REPLACE INTO attempts VALUES (?1, ?2, ?3)", row).is_ok().then_some(failures)
}

/// How many tries there are before a pause, and the pause that has begun, after so many wrong ones.
fn outlook(failures: Option<u32>) -> (u32, u32) {
    failures.map_or((FREE, 0), |failures| (FREE.saturating_sub(failures), pause(failures)))
}

/// Counts a wrong try and says what it leads to. Where nothing can be written, nothing is counted.
pub(crate) fn failed(connection: &Connection, now: UnixTime) -> Error {
    let (remaining, wait_seconds) = outlook(count(connection, ALL, now));
    Error::WrongPassword { remaining, wait_seconds }
}

/// As [`failed`], at an approval.
pub(crate) fn failed_approval(connection: &Connection, now: UnixTime) -> Error {
    let (remaining, wait_seconds) = outlook(count(connection, ALL, now));
    let before_erasing = ERASING.saturating_sub(count(connection, APPROVALS, now).unwrap_or(0));
    Error::WrongApprovalPassword { before_erasing, remaining, wait_seconds }
}

/// The right password: the counts start again.
pub(crate) fn succeeded(connection: &Connection) -> Result<(), Error> {
    if read(connection, ALL).0 > 0 || read(connection, APPROVALS).0 > 0 {
        connection.execute("DELETE FROM attempts", [])?;
    }
    Ok(())
}

/// The root was erased: what counts towards that begins anew. The pauses go on.
pub(crate) fn erased(connection: &Connection) -> Result<(), Error> {
    connection.execute("DELETE FROM attempts WHERE one = ?1", [APPROVALS])?;
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
