//! Rows in this process: for tests, demonstrations and small services that may forget when they end.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_core::time::UnixTime;

use super::{ApplyError, Key, Kind, Logged, Row, Store, StoreError, Transition, Version};

/// The most events kept; older ones are dropped.
const MAX_EVENTS: usize = 100_000;

struct Entry {
    row: Row,
    account: Option<String>,
    expires: Option<UnixTime>,
}

#[derive(Default)]
struct Inner {
    rows: BTreeMap<Key, Entry>,
    due: BTreeSet<(UnixTime, Key)>,
    events: VecDeque<Logged>,
    version: u64,
    event: u64,
}

/// One map behind one lock. A transition holds it for a few microseconds, signatures are made outside: some four in a hundred
/// parts of a sign-in's work are under the lock, so it serves a dozen cores and more before they wait for each other.
#[derive(Default)]
pub struct MemoryStore(Mutex<Inner>);

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MemoryStore({} rows)", self.len())
    }
}

impl MemoryStore {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner().rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A thread that panicked elsewhere can't have left a half transition: nothing in one can panic between its writes.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn is_at(&self, key: &Key, version: Option<Version>) -> bool {
        self.rows.get(key).map(|entry| entry.row.version) == version
    }

    fn remove(&mut self, key: &Key) {
        if let Some(Entry { expires: Some(expires), .. }) = self.rows.remove(key) {
            self.due.remove(&(expires, key.clone()));
        }
    }

    fn erase(&mut self, account: &str) {
        let of_it = |owner: &Option<String>| owner.as_deref() == Some(account);
        let keys: Vec<_> =
            self.rows.iter().filter(|(_, entry)| of_it(&entry.account)).map(|(key, _)| key.clone()).collect();
        keys.iter().for_each(|key| self.remove(key));
        self.events.retain(|logged| !of_it(&logged.event.account));
    }
}

impl Store for MemoryStore {
    fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        Ok(self.inner().rows.get(key).map(|entry| entry.row.clone()))
    }

    fn scan(&self, kind: Kind, after: Option<&[u8]>, limit: usize) -> Result<Vec<(Vec<u8>, Row)>, StoreError> {
        let from = Key::new(kind, after.unwrap_or_default());
        let inner = self.inner();
        let rows = inner.rows.range(from..).take_while(|(key, _)| key.kind == kind);
        let rows = rows.filter(|(key, _)| after != Some(&key.id)).take(limit);
        Ok(rows.map(|(key, entry)| (key.id.clone(), entry.row.clone())).collect())
    }

    fn apply(&self, transition: &Transition) -> Result<(), ApplyError> {
        let mut inner = self.inner();
        let unchanged = transition.unchanged.iter().all(|(key, version)| inner.is_at(key, *version));
        if !unchanged || !transition.writes.iter().all(|write| inner.is_at(&write.key, write.read)) {
            return Err(ApplyError::Conflict);
        }
        if let Some(account) = &transition.erase {
            inner.erase(account);
        }
        for write in &transition.writes {
            inner.remove(&write.key);
            let Some(bytes) = &write.bytes else { continue };
            inner.version = inner.version.saturating_add(1);
            let row = Row { version: Version(inner.version), bytes: bytes.clone() };
            if let Some(expires) = write.expires {
                inner.due.insert((expires, write.key.clone()));
            }
            inner.rows.insert(write.key.clone(), Entry { row, account: write.account.clone(), expires: write.expires });
        }
        for event in &transition.events {
            inner.event = inner.event.saturating_add(1);
            let number = inner.event;
            inner.events.push_back(Logged { number, event: event.clone() });
        }
        while inner.events.len() > MAX_EVENTS {
            inner.events.pop_front();
        }
        Ok(())
    }

    fn sweep(&self, now: UnixTime, events_before: UnixTime) -> Result<u64, StoreError> {
        let mut inner = self.inner();
        let mut swept = 0u64;
        while let Some((expires, key)) = inner.due.pop_first() {
            if expires > now {
                inner.due.insert((expires, key));
                break;
            }
            inner.rows.remove(&key);
            swept = swept.saturating_add(1);
        }
        while inner.events.front().is_some_and(|logged| logged.event.at < events_before) {
            inner.events.pop_front();
            swept = swept.saturating_add(1);
        }
        Ok(swept)
    }

    fn events(&self, after: u64, limit: usize) -> Result<Vec<Logged>, StoreError> {
        let inner = self.inner();
        let start = inner.events.partition_point(|logged| logged.number <= after);
        Ok(inner.events.range(start..).take(limit).cloned().collect())
    }
}
