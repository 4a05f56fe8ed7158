//! Writing: rows and manifest change together, in one transaction.

use std::borrow::Cow;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::Error;
use super::crypto::{NONCE, pad};
use super::error::Damage;
use super::inbox;
use super::manifest::{Keys, Manifest, Sum};
use super::record::FORMAT;
use super::slots::{Slot, SlotId};
use super::store::{
    RecordKind, Row, RowId, SLOT_TABLES, StoredSlot, Table, add_row, add_slot, ids, manifest, remove_slot, row,
    stored_slots,
};
use crate::entropy::Entropy;

/// A write transaction: rows and manifest change together or not at all.
pub(crate) struct Write<'a> {
    transaction: Transaction<'a>,
    keys: &'a Keys,
    entropy: &'a dyn Entropy,
    nonces: Nonces,
    pub(crate) manifest: Manifest,
}

/// Random nonces, drawn ahead, ever more at once: asking the system for each of thousands takes longer than sealing.
#[derive(Default)]
struct Nonces {
    drawn: Vec<[u8; NONCE]>,
    next: usize,
}

impl Nonces {
    const MOST: usize = 256;

    fn take(&mut self, entropy: &dyn Entropy) -> Result<[u8; NONCE], Error> {
        if self.drawn.is_empty() {
            self.next = (2 * self.next).clamp(1, Self::MOST);
            let mut drawn = vec![[0; NONCE]; self.next];
            entropy.fill(drawn.as_flattened_mut())?;
            self.drawn = drawn;
        }
        // Each is taken out as it is given, so that none is ever given twice.
        self.drawn.pop().ok_or(Error::Internal("no nonce was drawn"))
    }
}

impl<'a> Write<'a> {
    /// Takes the write lock and reads the manifest as it is now.
    pub(crate) fn begin(
        connection: &'a mut Connection,
        keys: &'a Keys,
        entropy: &'a dyn Entropy,
    ) -> Result<Self, Error> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let manifest = manifest(&transaction, keys)?;
        Ok(Self { transaction, keys, entropy, nonces: Nonces::default(), manifest })
    }

    /// As [`Write::begin`] where there is no manifest to trust: a new file, or one whose state was accepted.
    pub(crate) fn begin_with(
        connection: &'a mut Connection,
        keys: &'a Keys,
        entropy: &'a dyn Entropy,
        manifest: Manifest,
    ) -> Result<Self, Error> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(Self { transaction, keys, entropy, nonces: Nonces::default(), manifest })
    }

    /// The rows as this transaction sees them.
    pub(crate) fn connection(&self) -> &Connection {
        &self.transaction
    }

    /// From here on the file has the tables of this version.
    pub(crate) fn set_version(&mut self, number: u32) -> Result<(), Error> {
        self.manifest.schema = number;
        Ok(self.transaction.pragma_update(None, "user_version", number)?)
    }

    /// The keys that it writes with.
    pub(crate) const fn keys(&self) -> &'a Keys {
        self.keys
    }

    /// From here on everything is sealed with these keys: every row is sealed anew, those of the inbox too, and no slot is left.
    pub(crate) fn rekey(mut self, keys: &'a Keys) -> Result<Self, Error> {
        let old = std::mem::replace(&mut self.keys, keys);
        self.manifest = Manifest { generation: self.manifest.generation, ..Manifest::new() };
        for table in [Table::Record, Table::Icon] {
            for id in ids(&self.transaction, table)? {
                self.reseal(table, &id, old)?;
            }
        }
        let (before, after) = (inbox::Sealer::of(old)?, inbox::Sealer::of(keys)?);
        inbox::reseal(&self.transaction, self.entropy, &before, &after)?;
        for table in SLOT_TABLES {
            self.transaction.execute(&format!("DELETE FROM {table}"), [])?;
        }
        Ok(self)
    }

    fn reseal(&mut self, table: Table, id: &RowId, old: &Keys) -> Result<(), Error> {
        let mut row = row(&self.transaction, table, id)?.ok_or(Error::Damaged(Damage::Structure))?;
        let payload = row.open(old, table).map_err(|_| Error::NotAccepted)?;
        row.revision = row.revision.wrapping_add(1);
        self.seal(table, row, &payload)
    }

    /// Makes every slot stand whole in both tables again, also one whose row has another's id. Damaged copies go (they stand
    /// in the file that was copied aside), and what a newer version wrote stays as it is.
    pub(crate) fn mend_slots(&mut self) -> Result<(), Error> {
        let mut whole: Vec<Slot> = Vec::new();
        let mut newer = Vec::new();
        for table in SLOT_TABLES {
            for stored in stored_slots(&self.transaction, table)? {
                remove_slot(&mut self.manifest.rows, self.keys, table, &stored);
                match stored.content() {
                    Ok(slot) if whole.iter().any(|known| known.head.id == slot.head.id) => {}
                    Ok(slot) => whole.push(slot),
                    Err(Error::Newer { .. }) => newer.push((table, stored)),
                    Err(_) => {}
                }
            }
            self.transaction.execute(&format!("DELETE FROM {table}"), [])?;
        }
        newer.iter().try_for_each(|(table, stored)| self.insert_slot(table, stored))?;
        whole.iter().try_for_each(|slot| self.put_slot(slot))
    }

    fn insert_slot(&mut self, table: &str, stored: &StoredSlot) -> Result<(), Error> {
        add_slot(&mut self.manifest.rows, self.keys, table, stored);
        let row = params![stored.id, stored.body, stored.digest];
        self.transaction.execute(&format!("INSERT INTO {table} VALUES (?1, ?2, ?3)"), row)?;
        Ok(())
    }

    fn sum(&mut self, table: Table) -> &mut Sum {
        match table {
            Table::Record => &mut self.manifest.rows,
            Table::Icon => &mut self.manifest.icons,
        }
    }

    /// Adds a row, or replaces it by its next revision.
    pub(crate) fn put(&mut self, table: Table, id: &RowId, kind: RecordKind, payload: &[u8]) -> Result<(), Error> {
        let old = row(&self.transaction, table, id)?;
        let new = Row {
            id: *id,
            kind: kind.number(),
            revision: old.as_ref().map_or(1, |old| old.revision.wrapping_add(1)),
            format: FORMAT,
            sealed: Cow::default(),
        };
        if let Some(old) = &old {
            self.forget(table, old);
        }
        self.seal(table, new, payload)
    }

    /// Adds a row under an id that was drawn just now, so that none can be there. Many of them go in fastest in the order of
    /// their ids.
    pub(crate) fn add(&mut self, table: Table, id: &RowId, kind: RecordKind, payload: &[u8]) -> Result<(), Error> {
        let row = Row { id: *id, kind: kind.number(), revision: 1, format: FORMAT, sealed: Cow::default() };
        self.seal(table, row, payload)
    }

    /// Seals the payload into the row, and puts the row in its place.
    fn seal(&mut self, table: Table, mut new: Row<'_>, payload: &[u8]) -> Result<(), Error> {
        let keys = self.keys;
        self.manifest.count_seal()?;
        let mut data = Vec::with_capacity(128);
        new.write_associated_data(keys, table, &mut data);
        let nonce = self.nonces.take(self.entropy)?;
        new.sealed = Cow::Owned(keys.records.seal_with(nonce, &data, &pad(payload))?);
        add_row(self.sum(table), keys, table, &new);
        self.transaction.prepare_cached(table.replace())?.execute(params![
            new.id,
            new.kind,
            new.revision.cast_signed(),
            new.format,
            new.sealed
        ])?;
        Ok(())
    }

    fn forget(&mut self, table: Table, row: &Row<'_>) {
        let keys = self.keys;
        self.sum(table).remove(&row.id, &row.mac(keys, table), row.revision);
    }

    /// Removes a row; false if there is none.
    pub(crate) fn delete(&mut self, table: Table, id: &RowId) -> Result<bool, Error> {
        let Some(old) = row(&self.transaction, table, id)? else { return Ok(false) };
        self.forget(table, &old);
        self.transaction.prepare_cached(&format!("DELETE FROM {} WHERE id = ?1", table.name()))?.execute([id])?;
        Ok(true)
    }

    /// Adds a slot, or replaces the one with its id, in both tables.
    pub(crate) fn put_slot(&mut self, slot: &Slot) -> Result<(), Error> {
        self.delete_slot(slot.head.id)?;
        self.manifest.count_seal()?;
        let body = slot.encode();
        let stored = StoredSlot { id: slot.head.id.0, digest: Slot::digest(&body).to_vec(), body };
        SLOT_TABLES.iter().try_for_each(|table| self.insert_slot(table, &stored))
    }

    /// Removes a slot from both tables, as far as it is there.
    pub(crate) fn delete_slot(&mut self, id: SlotId) -> Result<(), Error> {
        for table in SLOT_TABLES {
            for slot in stored_slots(&self.transaction, table)?.iter().filter(|slot| slot.id == id.0) {
                remove_slot(&mut self.manifest.rows, self.keys, table, slot);
                self.transaction.execute(&format!("DELETE FROM {table} WHERE id = ?1"), [slot.id])?;
            }
        }
        Ok(())
    }

    /// Writes the manifest and makes it all durable.
    pub(crate) fn commit(mut self) -> Result<Manifest, Error> {
        self.manifest.generation += 1;
        self.manifest.count_seal()?;
        let sealed = self.manifest.seal(self.keys, self.entropy)?;
        self.transaction.execute("REPLACE INTO manifest VALUES (1, ?1)", [sealed])?;
        self.transaction.commit()?;
        Ok(self.manifest)
    }
}
