//! Rows as the file has them: sealed ones, slots and the manifest.

use std::borrow::Cow;

use rusqlite::{Connection, OptionalExtension};
use zeroize::Zeroizing;

use super::Error;
use super::crypto::{LENGTH, Unopened, unpad, write_associated_data};
use super::error::Damage;
use super::manifest::{Keys, Manifest, Sum};
use super::schema::SCHEMA;
use super::slots::Slot;

/// A row's lasting name.
pub(crate) type RowId = [u8; 16];

/// The tables of sealed rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Table {
    Record,
    Icon,
}

impl Table {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Icon => "icon",
        }
    }
}

impl Table {
    /// The text that puts a row in its place; whole, since it is looked up by itself for each row.
    pub(crate) const fn replace(self) -> &'static str {
        match self {
            Self::Record => "REPLACE INTO record VALUES (?1, ?2, ?3, ?4, ?5)",
            Self::Icon => "REPLACE INTO icon VALUES (?1, ?2, ?3, ?4, ?5)",
        }
    }
}

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordKind {
    Account,
    Settings,
    BackupKey,
    /// What the last import added.
    Import,
    /// A push enrolment.
    Push,
}

impl RecordKind {
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Account => 1,
            Self::Settings => 2,
            Self::BackupKey => 3,
            Self::Import => 4,
            Self::Push => 5,
        }
    }
}

/// A sealed row as the file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub(crate) id: RowId,
    pub(crate) kind: u32,
    pub(crate) revision: u64,
    pub(crate) format: u32,
    /// Borrowed while a table is read row by row.
    pub(crate) sealed: Cow<'a, [u8]>,
}

impl<'a> Row<'a> {
    fn read(row: &'a rusqlite::Row<'_>) -> Result<Self, Error> {
        let damaged = || Error::Damaged(Damage::Structure);
        let blob = |column| row.get_ref(column).ok().and_then(|value| value.as_blob().ok());
        let number = |column| row.get::<_, i64>(column);
        Ok(Self {
            id: blob(0).and_then(|id| id.try_into().ok()).ok_or_else(damaged)?,
            kind: u32::try_from(number(1)?).map_err(|_| damaged())?,
            revision: number(2)?.cast_unsigned(),
            format: u32::try_from(number(3)?).map_err(|_| damaged())?,
            sealed: Cow::Borrowed(blob(4).ok_or_else(damaged)?),
        })
    }

    /// The same, for as long as it is wanted.
    fn into_owned(self) -> Row<'static> {
        let Self { id, kind, revision, format, sealed } = self;
        Row { id, kind, revision, format, sealed: Cow::Owned(sealed.into_owned()) }
    }

    /// What binds a sealed payload to its vault and its place.
    pub(crate) fn write_associated_data(&self, keys: &Keys, table: Table, data: &mut Vec<u8>) {
        let (kind, revision, format) =
            (self.kind.to_le_bytes(), self.revision.to_le_bytes(), self.format.to_le_bytes());
        let name = table.name().as_bytes();
        let parts: [&[u8]; 7] = [b"countersign-row-v1", &keys.vault, name, &self.id, &kind, &revision, &format];
        write_associated_data(data, &parts);
    }

    /// The payload.
    pub(crate) fn open(&self, keys: &Keys, table: Table) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        let mut space = Space::default();
        self.open_into(keys, table, &mut space)?;
        let mut padded = space.plaintext;
        // Where it is: a copy would have to be wiped, too.
        let length = unpad(&padded).ok_or(Unopened)?.len();
        padded.drain(..LENGTH);
        padded.truncate(length);
        Ok(padded)
    }

    /// As [`Row::open`], for one row after the other.
    pub(crate) fn open_into<'b>(&self, keys: &Keys, table: Table, space: &'b mut Space) -> Result<&'b [u8], Unopened> {
        self.write_associated_data(keys, table, &mut space.data);
        let padded = keys.records.open_into(&space.data, &self.sealed, &mut space.plaintext)?;
        unpad(padded).ok_or(Unopened)
    }

    pub(crate) fn mac(&self, keys: &Keys, table: Table) -> [u8; 32] {
        keys.row_mac(table.name(), &self.id, self.revision, &self.sealed)
    }
}

/// Where rows are opened one after the other; wiped in the end.
#[derive(Default)]
pub(crate) struct Space {
    data: Vec<u8>,
    plaintext: Zeroizing<Vec<u8>>,
}

/// Calls `each` with every row of the table, in the order of the ids; a row of an impossible shape is told as an error
/// of its own and reading goes on.
pub(crate) fn for_each_row(
    connection: &Connection,
    table: Table,
    mut each: impl FnMut(Result<Row<'_>, Error>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT id, kind, revision, format, sealed FROM {}", table.name()))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        each(Row::read(row))?;
    }
    Ok(())
}

pub(crate) fn ids(connection: &Connection, table: Table) -> Result<Vec<RowId>, Error> {
    let mut statement = connection.prepare(&format!("SELECT id FROM {}", table.name()))?;
    let ids = statement.query_map([], |row| row.get(0))?;
    ids.map(|id| Ok(id?)).collect()
}

/// One row.
pub(crate) fn row(connection: &Connection, table: Table, id: &RowId) -> Result<Option<Row<'static>>, Error> {
    let mut statement = connection
        .prepare_cached(&format!("SELECT id, kind, revision, format, sealed FROM {} WHERE id = ?1", table.name()))?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(|row| Row::read(row).map(Row::into_owned)).transpose()
}

/// A slot as one of the two tables has it.
pub(crate) struct StoredSlot {
    pub(crate) id: RowId,
    pub(crate) body: Vec<u8>,
    pub(crate) digest: Vec<u8>,
}

impl StoredSlot {
    /// What its body says, where its digest says that it is whole.
    pub(crate) fn content(&self) -> Result<Slot, Error> {
        if self.digest == Slot::digest(&self.body) { Slot::decode(&self.body) } else { Err(Error::DamagedSlot) }
    }

    /// The slot, where it is whole and stands in its own place.
    pub(crate) fn slot(&self) -> Result<Slot, Error> {
        let slot = self.content()?;
        if slot.head.id.0 == self.id { Ok(slot) } else { Err(Error::DamagedSlot) }
    }
}

/// The tables of slots: every slot stands in both.
pub(crate) const SLOT_TABLES: [&str; 2] = ["slot", "slot_copy"];

pub(crate) fn stored_slots(connection: &Connection, table: &str) -> Result<Vec<StoredSlot>, Error> {
    let mut statement = connection.prepare_cached(&format!("SELECT id, body, digest FROM {table}"))?;
    let mut rows = statement.query([])?;
    let mut slots = Vec::new();
    while let Some(row) = rows.next()? {
        let blob = |column| row.get_ref(column).ok().and_then(|value| value.as_blob().ok());
        // A row whose id is no id still counts: it is told as damaged.
        slots.push(StoredSlot {
            id: blob(0).and_then(|id| id.try_into().ok()).unwrap_or_default(),
            body: blob(1).unwrap_or_default().to_vec(),
            digest: blob(2).unwrap_or_default().to_vec(),
        });
    }
    Ok(slots)
}

/// The sealed manifest.
pub(crate) fn manifest(connection: &Connection, keys: &Keys) -> Result<Manifest, Error> {
    let sealed: Option<Vec<u8>> = connection
        .prepare_cached("SELECT sealed FROM manifest WHERE one = 1")?
        .query_row([], |row| Ok(row.get_ref(0)?.as_blob().map(<[u8]>::to_vec).unwrap_or_default()))
        .optional()?;
    let manifest = Manifest::open(keys, &sealed.ok_or(Error::Damaged(Damage::Manifest))?)?;
    if manifest.schema > SCHEMA {
        // Written by a newer program, perhaps while this one had the file open.
        return Err(Error::Newer { found: manifest.schema.into(), known: SCHEMA.into() });
    }
    Ok(manifest)
}

/// What the rows that are there sum up to.
pub(crate) fn add_row(sum: &mut Sum, keys: &Keys, table: Table, row: &Row<'_>) {
    sum.add(&row.id, &row.mac(keys, table), row.revision);
}

pub(crate) fn add_slot(sum: &mut Sum, keys: &Keys, table: &str, slot: &StoredSlot) {
    sum.add(&slot.id, &keys.slot_mac(table, &slot.id, &slot.body, &slot.digest), 0);
}

pub(crate) fn remove_slot(sum: &mut Sum, keys: &Keys, table: &str, slot: &StoredSlot) {
    sum.remove(&slot.id, &keys.slot_mac(table, &slot.id, &slot.body, &slot.digest), 0);
}
