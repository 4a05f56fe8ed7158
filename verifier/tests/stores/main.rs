//! What every store must do (`contract`), and what the one in a file must do besides (`file`).
#![expect(clippy::unwrap_used, reason = "a test and its child process")]

mod contract;
#[cfg(feature = "sqlite")]
mod file;

use countersign_core::time::UnixTime;
use countersign_verifier::store::{Actor, Event, Key, Kind, Outcome, Store, Transition, Version, What, Write};

const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

fn key(id: &str) -> Key {
    Key::new(Kind::Seed, id.as_bytes())
}

fn put(id: &str, read: Option<Version>, bytes: &str) -> Write {
    Write { key: key(id), read, bytes: Some(bytes.as_bytes().to_vec()), account: None, expires: None }
}

fn writes(writes: Vec<Write>) -> Transition {
    Transition { writes, ..Transition::default() }
}

fn text(store: &dyn Store, id: &str) -> Option<String> {
    store.get(&key(id)).unwrap().map(|row| String::from_utf8(row.bytes).unwrap())
}

fn version(store: &dyn Store, id: &str) -> Option<Version> {
    store.get(&key(id)).unwrap().map(|row| row.version)
}

fn event(at: UnixTime, account: Option<&str>) -> Event {
    let account = account.map(str::to_owned);
    Event { at, actor: Actor::Page, account, enrollment: None, what: What::Asked, outcome: Outcome::Done }
}
