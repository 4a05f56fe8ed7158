//! Reading a whole vault with its keys, and comparing it with what it last wrote.

use rusqlite::Connection;

use super::Error;
use super::cache::{Cache, Unsorted};
use super::error::Damage;
use super::inbox;
use super::manifest::{Keys, Manifest, Sum, xor};
use super::push::{PushId, PushRecord};
use super::record::decode_account;
use super::report::{Finding, Report};
use super::settings::Settings;
use super::store::{self, RecordKind, Row, RowId, SLOT_TABLES, Space, StoredSlot, Table};
use crate::account::AccountId;

/// Everything of an unlocked vault but its keys.
pub(crate) struct Loaded {
    pub(crate) cache: Cache,
    pub(crate) settings: Settings,
    /// In the order of the ids.
    pub(crate) pushes: Vec<PushRecord>,
    /// The rows that could not be read, so that they can be set aside.
    pub(crate) unreadable: Vec<(Table, RowId)>,
    pub(crate) manifest: Manifest,
    /// The ids of the slots that stand in either table.
    pub(crate) slots: Vec<RowId>,
    pub(crate) report: Report,
}

/// Reads records and slots (pictures and the inbox only where `whole`), all in one snapshot.
pub(crate) fn load(connection: &Connection, keys: &Keys, whole: bool) -> Result<Loaded, Error> {
    let snapshot = connection.unchecked_transaction()?;
    load_inside(&snapshot, keys, whole)
}

/// As [`load`], inside a transaction that is already there.
pub(crate) fn load_inside(connection: &Connection, keys: &Keys, whole: bool) -> Result<Loaded, Error> {
    let mut reader = Reader::new(keys);
    let manifest = match store::manifest(connection, keys) {
        Ok(manifest) => Some(manifest),
        Err(Error::Damaged(Damage::Manifest)) => None,
        Err(error) => return Err(error),
    };
    if let Some(manifest) = &manifest {
        // Sealed by ourselves; bounded all the same.
        reader.expect(usize::try_from(manifest.rows.count).unwrap_or(0).min(1 << 20));
    }
    store::for_each_row(connection, Table::Record, |row| reader.record(&row?))?;
    if whole {
        store::for_each_row(connection, Table::Icon, |row| {
            reader.icon(&row?);
            Ok(())
        })?;
    }
    reader.inbox(connection, whole)?;
    reader.slots(connection)?;
    reader.finish(manifest, whole)
}

/// As [`load`], of rows that were found without SQLite. Each slot counts as standing in both tables.
pub(crate) fn load_rows<'a>(
    keys: &Keys,
    rows: impl Iterator<Item = (Table, &'a Row<'a>)>,
    slots: &[StoredSlot],
    manifest: Option<Manifest>,
) -> Result<Loaded, Error> {
    let mut reader = Reader::new(keys);
    for (table, row) in rows {
        match table {
            Table::Record => reader.record(row)?,
            Table::Icon => reader.icon(row),
        }
    }
    for table in SLOT_TABLES {
        slots.iter().for_each(|slot| reader.slot(table, slot));
    }
    reader.finish(manifest, true)
}

/// The manifest of what is there, whatever was written: for a state that the person accepts as it is.
pub(crate) fn sums(connection: &Connection, keys: &Keys) -> Result<Manifest, Error> {
    let mut manifest = Manifest::new();
    store::for_each_row(connection, Table::Record, |row| {
        store::add_row(&mut manifest.rows, keys, Table::Record, &row?);
        Ok(())
    })?;
    store::for_each_row(connection, Table::Icon, |row| {
        store::add_row(&mut manifest.icons, keys, Table::Icon, &row?);
        Ok(())
    })?;
    for table in SLOT_TABLES {
        for slot in store::stored_slots(connection, table)? {
            store::add_slot(&mut manifest.rows, keys, table, &slot);
        }
    }
    Ok(manifest)
}

struct Reader<'a> {
    keys: &'a Keys,
    cache: Unsorted,
    space: Space,
    settings: Settings,
    pushes: Vec<PushRecord>,
    unreadable: Vec<(Table, RowId)>,
    findings: Vec<Finding>,
    records: Sum,
    icons: Sum,
    /// All ids, to name an old row.
    seen: Vec<(&'static str, RowId)>,
}

impl<'a> Reader<'a> {
    fn new(keys: &'a Keys) -> Self {
        Self {
            keys,
            cache: Unsorted::default(),
            space: Space::default(),
            settings: Settings::default(),
            pushes: Vec::new(),
            unreadable: Vec::new(),
            findings: Vec::new(),
            records: Sum::default(),
            icons: Sum::default(),
            seen: Vec::new(),
        }
    }

    /// Makes room for so many rows.
    fn expect(&mut self, rows: usize) {
        self.cache.reserve(rows);
        self.seen.reserve(rows);
    }

    fn record(&mut self, row: &Row<'_>) -> Result<(), Error> {
        store::add_row(&mut self.records, self.keys, Table::Record, row);
        self.seen.push((Table::Record.name(), row.id));
        let mut space = std::mem::take(&mut self.space);
        let readable = match row.open_into(self.keys, Table::Record, &mut space) {
            Ok(_) if row.format > super::record::FORMAT => {
                return Err(Error::Newer { found: row.format.into(), known: super::record::FORMAT.into() });
            }
            Ok(payload) => self.take(row, payload),
            Err(_) => false,
        };
        self.space = space;
        if !readable {
            self.quarantine(Table::Record, row.id);
        }
        Ok(())
    }

    fn take(&mut self, row: &Row<'_>, payload: &[u8]) -> bool {
        if row.kind == RecordKind::Account.number() {
            let account = decode_account(AccountId::from_bytes(row.id), payload);
            return account.map(|account| self.cache.push(account)).is_ok();
        }
        if row.kind == RecordKind::Settings.number() {
            return Settings::decode(payload).map(|settings| self.settings = settings).is_ok();
        }
        if row.kind == RecordKind::Push.number() {
            let push = PushRecord::decode(PushId::from_bytes(row.id), payload);
            return push.map(|push| self.pushes.push(push)).is_ok();
        }
        [RecordKind::BackupKey, RecordKind::Import].iter().any(|kind| row.kind == kind.number())
    }

    fn icon(&mut self, row: &Row<'_>) {
        store::add_row(&mut self.icons, self.keys, Table::Icon, row);
        self.seen.push((Table::Icon.name(), row.id));
        if row.open(self.keys, Table::Icon).is_err() {
            self.quarantine(Table::Icon, row.id);
        }
    }

    fn quarantine(&mut self, table: Table, id: RowId) {
        self.unreadable.push((table, id));
        self.findings.push(Finding::Unreadable { table: table.name(), id: AccountId::from_bytes(id) });
    }

    /// Whether each enrolment has the rows that it works with; where `whole`, whether each row can be read.
    fn inbox(&mut self, connection: &Connection, whole: bool) -> Result<(), Error> {
        if whole {
            for id in inbox::unreadable(connection, &inbox::Sealer::of(self.keys)?)? {
                self.findings.push(Finding::Unreadable { table: "inbox", id: AccountId::from_bytes(id.to_bytes()) });
            }
        }
        for push in self.pushes.iter().filter(|push| !push.renew) {
            if !inbox::has_rows(connection, push.id)? {
                self.findings.push(Finding::NoInbox { id: push.id });
            }
        }
        Ok(())
    }

    fn slots(&mut self, connection: &Connection) -> Result<(), Error> {
        for table in SLOT_TABLES {
            for slot in store::stored_slots(connection, table)? {
                self.slot(table, &slot);
            }
        }
        Ok(())
    }

    fn slot(&mut self, table: &'static str, slot: &StoredSlot) {
        store::add_slot(&mut self.records, self.keys, table, slot);
        self.seen.push((table, slot.id));
        if slot.slot().is_err() {
            self.findings.push(Finding::SlotCopy { table });
        }
    }

    fn finish(mut self, manifest: Option<Manifest>, icons: bool) -> Result<Loaded, Error> {
        match &manifest {
            None => self.findings.insert(0, Finding::NoProof),
            Some(manifest) => {
                self.compare(&manifest.rows, &self.records.clone(), &["record", "slot", "slot_copy"]);
                if icons {
                    self.compare(&manifest.icons, &self.icons.clone(), &["icon"]);
                }
            }
        }
        // Without a manifest the count of seals is lost; the rows' own sums are what there is.
        let manifest =
            manifest.unwrap_or_else(|| Manifest { rows: self.records, icons: self.icons, ..Manifest::new() });
        let cache = self.cache.sorted();
        // As the file has them, but where they were found without SQLite.
        self.pushes.sort_unstable_by_key(|push| push.id);
        Ok(Loaded {
            report: Report { accounts: cache.len(), findings: self.findings, quarantine: None },
            cache,
            settings: self.settings,
            pushes: self.pushes,
            slots: self.seen.iter().filter(|(table, _)| SLOT_TABLES.contains(table)).map(|(_, id)| *id).collect(),
            unreadable: self.unreadable,
            manifest,
        })
    }

    /// Names what the difference between what was written and what is there means.
    fn compare(&mut self, written: &Sum, there: &Sum, tables: &[&'static str]) {
        if written == there {
            return;
        }
        let table = tables.first().copied().unwrap_or_default();
        let mut ids = written.ids;
        xor(&mut ids, &there.ids);
        let only = |difference: u64| (difference == 1).then(|| AccountId::from_bytes(ids));
        if there.count < written.count {
            let count = written.count - there.count;
            self.findings.push(Finding::Missing { table, count, id: only(count) });
        } else if there.count > written.count {
            let count = there.count - written.count;
            self.findings.push(Finding::Added { table, count, id: only(count) });
        } else if !written.same_revisions(there) {
            let mut seen = self.seen.iter().filter(|(table, _)| tables.contains(table));
            let old = seen.find(|(_, id)| written.is_explained_by(id, there));
            let table = old.map_or(table, |(table, _)| table);
            self.findings.push(Finding::Old { table, id: old.map(|(_, id)| AccountId::from_bytes(*id)) });
        } else if self.findings.is_empty() {
            // Same rows, same revisions, other bytes, and yet all of them open.
            self.findings.push(Finding::Old { table, id: None });
        }
    }
}
