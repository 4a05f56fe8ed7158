//! Rows that are forgotten after a while, a bounded number of them, in memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_core::time::UnixTime;

/// Rows by name.
#[derive(Debug)]
pub(super) struct Table<V> {
    rows: Mutex<HashMap<String, Row<V>>>,
    most: usize,
}

#[derive(Debug)]
struct Row<V> {
    value: V,
    until: UnixTime,
}

impl<V: Clone> Table<V> {
    /// Of at most so many rows: those that end first make room.
    pub(super) fn new(most: usize) -> Self {
        Self { rows: Mutex::default(), most }
    }

    /// A row that hasn't ended.
    pub(super) fn get(&self, name: &str, now: UnixTime) -> Option<V> {
        self.rows().get(name).filter(|row| now < row.until).map(|row| row.value.clone())
    }

    pub(super) fn put(&self, name: &str, value: V, until: UnixTime, now: UnixTime) {
        let mut rows = self.rows();
        if rows.len() >= self.most && !rows.contains_key(name) {
            rows.retain(|_, row| now < row.until);
        }
        if rows.len() >= self.most && !rows.contains_key(name) {
            let first = rows.iter().min_by_key(|(_, row)| row.until).map(|(name, _)| name.clone());
            first.and_then(|first| rows.remove(&first));
        }
        rows.insert(name.to_owned(), Row { value, until });
    }

    /// Changes a row, if it is there.
    pub(super) fn change<T>(&self, name: &str, now: UnixTime, change: impl FnOnce(&mut V) -> T) -> Option<T> {
        self.rows().get_mut(name).filter(|row| now < row.until).map(|row| change(&mut row.value))
    }

    /// Takes a row away; of several that try, one gets it.
    pub(super) fn take(&self, name: &str, now: UnixTime) -> Option<V> {
        self.rows().remove(name).filter(|row| now < row.until).map(|row| row.value)
    }

    fn rows(&self) -> MutexGuard<'_, HashMap<String, Row<V>>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::time::UnixTime;

    use super::Table;

    #[test]
    fn rows_end_and_those_that_end_first_make_room() {
        let (table, now) = (Table::new(2), UnixTime::from_seconds(100));
        table.put("a", 1, now.plus_seconds(10), now);
        table.put("b", 2, now.plus_seconds(20), now);
        assert_eq!(table.get("a", now.plus_seconds(9)), Some(1));
        assert_eq!(table.get("a", now.plus_seconds(10)), None);
        table.put("c", 3, now.plus_seconds(30), now);
        assert_eq!((table.get("a", now), table.get("b", now), table.get("c", now)), (None, Some(2), Some(3)));
        table.put("b", 4, now.plus_seconds(20), now);
        assert_eq!((table.get("b", now), table.get("c", now)), (Some(4), Some(3)), "writing anew takes no room");
    }

    #[test]
    fn a_row_is_taken_once() {
        let (table, now) = (Table::new(9), UnixTime::from_seconds(100));
        table.put("a", 1, now.plus_seconds(10), now);
        assert_eq!((table.take("a", now), table.take("a", now)), (Some(1), None));
    }
}
