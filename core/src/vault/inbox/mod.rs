//! The inbox: rows that a phone reads and writes while the vault is locked.
//!
//! They are sealed under the inbox key, which a device's keystore opens without asking anybody, and are no part of the
//! manifest: who has no vault key can't write that. So each row proves itself alone. A row that was altered, or stands
//! under another id or kind, opens with no key; that rows are gone is told at unlocking, by the vault's own record of the
//! enrolment; that a row is an earlier one of its place is not noticed here.
//!
//! - `rows`: the table; sealing, opening, comparing and setting.
//!
//! What the payloads mean is the push engine's business.

mod rows;

use std::fmt;

use rusqlite::{Connection, TransactionBehavior};

use super::push::PushId;
use super::schema;
use super::store::{self, RowId, SLOT_TABLES};
use super::uv::InboxKey;
use super::{Damage, Error, Vault};
use crate::secret::SecretBytes;
pub(super) use rows::{Sealer, apply, has_rows, remove_all, remove_unreadable, reseal, unreadable};
use rows::{Wanted, look};

/// Which state of a row was read: a change says it, and is refused where the row is another one by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxRevision {
    number: u64,
    /// Of what is sealed: it tells a row from one that was removed and made anew meanwhile.
    tag: [u8; 16],
}

impl InboxRevision {
    /// How often the row has been written.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.number
    }
}

/// A row of the inbox.
#[derive(Clone, PartialEq, Eq)]
pub struct InboxRow {
    /// The enrolment that it belongs to.
    pub id: PushId,
    /// What it holds; the push engine's number. An enrolment has one row of a kind.
    pub kind: u32,
    /// The state that was read.
    pub revision: InboxRevision,
    /// The payload.
    pub bytes: SecretBytes,
}

impl fmt::Debug for InboxRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, kind, revision, .. } = self;
        f.debug_struct("InboxRow")
            .field("id", id)
            .field("kind", kind)
            .field("revision", revision)
            .finish_non_exhaustive()
    }
}

/// What was read of the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InboxRows {
    /// The rows that can be read, in the order of their ids, then of their kinds.
    pub rows: Vec<InboxRow>,
    /// The places of the rows that can't: they are named by [`Vault::verify`] and stay until that is accepted.
    pub unreadable: Vec<(PushId, u32)>,
}

/// A change of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InboxChange {
    /// Makes a row, or replaces it by its next revision.
    Put {
        /// The enrolment.
        id: PushId,
        /// The kind of row.
        kind: u32,
        /// The state that it replaces; none: there must be no such row.
        was: Option<InboxRevision>,
        /// The payload, at most [`Inbox::MAX_ROW`] bytes.
        bytes: SecretBytes,
    },
    /// Removes a row.
    Delete {
        /// The enrolment.
        id: PushId,
        /// The kind of row.
        kind: u32,
        /// The state that was read.
        was: InboxRevision,
    },
}

impl InboxChange {
    /// A row that is not there yet.
    #[must_use]
    pub const fn add(id: PushId, kind: u32, bytes: SecretBytes) -> Self {
        Self::Put { id, kind, was: None, bytes }
    }

    /// Another payload for this row.
    #[must_use]
    pub const fn replace(row: &InboxRow, bytes: SecretBytes) -> Self {
        Self::Put { id: row.id, kind: row.kind, was: Some(row.revision), bytes }
    }

    /// Without this row.
    #[must_use]
    pub const fn delete(row: &InboxRow) -> Self {
        Self::Delete { id: row.id, kind: row.kind, was: row.revision }
    }
}

/// The inbox of a vault, locked or not.
pub struct Inbox<'a> {
    vault: &'a mut Vault,
    sealer: Sealer,
    /// The slots of the vault key that the inbox key is of: one of them is still there, or the key was changed.
    slots: Vec<RowId>,
}

impl fmt::Debug for Inbox<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").finish_non_exhaustive()
    }
}

impl Vault {
    /// The inbox, by the key that a keystore opened ([`Vault::inbox_key`]); also while the vault is locked.
    ///
    /// # Errors
    /// [`Error::KeyChanged`] if the slot that the key came from is gone; otherwise as the disk says.
    pub fn inbox_with(&mut self, key: &InboxKey) -> Result<Inbox<'_>, Error> {
        let (sealer, slots) = (Sealer::new(key.vault, &key.key)?, vec![key.slot.0]);
        still_there(&self.connection, &slots)?;
        Ok(Inbox { vault: self, sealer, slots })
    }

    /// The inbox of an unlocked vault.
    ///
    /// # Errors
    /// [`Error::Locked`]; [`Error::KeyChanged`] if another program has changed the vault's key; otherwise as the disk says.
    pub fn inbox(&mut self) -> Result<Inbox<'_>, Error> {
        self.refresh()?;
        let unlocked = self.unlocked()?;
        let snapshot = self.connection.unchecked_transaction()?;
        let slots = match store::manifest(&snapshot, &unlocked.keys) {
            // The keys are those of this state, and so are its slots.
            Ok(_) => slot_ids(&snapshot)?,
            Err(Error::Damaged(Damage::Manifest)) => unlocked.loaded.slots.clone(),
            Err(error) => return Err(error),
        };
        drop(snapshot);
        let sealer = Sealer::of(&unlocked.keys)?;
        Ok(Inbox { vault: self, sealer, slots })
    }

    /// Whether a keystore can open the inbox while the vault is locked, so that it is worth polling then.
    ///
    /// # Errors
    /// As the disk says.
    pub fn has_inbox_slot(&self) -> Result<bool, Error> {
        Ok(self.slots()?.iter().any(|slot| slot.kind == super::SlotKind::Inbox))
    }
}

impl Inbox<'_> {
    /// The longest payload of a row in bytes.
    pub const MAX_ROW: usize = 1 << 20;
    /// The most rows, of all kinds and enrolments.
    pub const MAX_ROWS: usize = 10_000;

    /// All rows of a kind, each read by itself: one that can't be read costs no other.
    ///
    /// # Errors
    /// [`Error::KeyChanged`], [`Error::Newer`]; [`Error::InvalidInput`] if the file has more rows than can be; otherwise as
    /// the disk says.
    pub fn rows(&self, kind: u32) -> Result<InboxRows, Error> {
        self.read(|connection| look(connection, &self.sealer, Wanted::Kind(kind)))
    }

    /// All rows of an enrolment.
    ///
    /// # Errors
    /// As [`Inbox::rows`].
    pub fn rows_of(&self, id: PushId) -> Result<InboxRows, Error> {
        self.read(|connection| look(connection, &self.sealer, Wanted::Id(id)))
    }

    /// One row; none if there is none.
    ///
    /// # Errors
    /// [`Error::UnreadableRow`] if it can't be opened; otherwise as [`Inbox::rows`].
    pub fn row(&self, id: PushId, kind: u32) -> Result<Option<InboxRow>, Error> {
        let mut found = self.read(|connection| look(connection, &self.sealer, Wanted::Row(id, kind)))?;
        if found.unreadable.is_empty() { Ok(found.rows.pop()) } else { Err(Error::UnreadableRow) }
    }

    /// Makes all changes in one durable transaction, or none of them. Gives back the new state of each row, in the order of
    /// the changes; none for one that was removed. The last row of an enrolment is removed by
    /// [`Vault::remove_push`](super::Vault::remove_push) only: a live enrolment without any is taken for damage.
    ///
    /// # Errors
    /// [`Error::Changed`] if a row is not as the change says that it was read: another program was here meanwhile;
    /// [`Error::TooLarge`], [`Error::InvalidInput`] over the bounds; [`Error::KeyChanged`]; [`Error::Damaged`] if the file's
    /// structure is; otherwise as the disk says. Nothing is written by any.
    pub fn commit(&mut self, changes: Vec<InboxChange>) -> Result<Vec<Option<InboxRevision>>, Error> {
        self.vault.make_writable()?;
        self.vault.check_structure_once()?;
        let entropy = self.vault.entropy.clone();
        let transaction = self.vault.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        schema::check(&transaction, &schema::HISTORY)?;
        still_there(&transaction, &self.slots)?;
        let revisions = apply(&transaction, &self.sealer, &*entropy, changes)?;
        transaction.commit()?;
        Ok(revisions)
    }

    /// In one snapshot with the look at the slots.
    fn read<T>(&self, look: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        let snapshot = self.vault.connection.unchecked_transaction()?;
        still_there(&snapshot, &self.slots)?;
        look(&snapshot)
    }
}

impl Vault {
    /// A locked vault knows nothing of its file yet, and writing into a broken tree may cost rows that can still be read.
    fn check_structure_once(&mut self) -> Result<(), Error> {
        if !self.sound && self.open.is_none() {
            let answer = self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
            if !answer.is_ok_and(|answer| answer == "ok") {
                return Err(Error::Damaged(Damage::Structure));
            }
            self.sound = true;
        }
        Ok(())
    }
}

/// A rotation makes all slots anew, and what is sealed under the key before opens for nobody.
fn still_there(connection: &Connection, slots: &[RowId]) -> Result<(), Error> {
    if slot_ids(connection)?.iter().any(|id| slots.contains(id)) { Ok(()) } else { Err(Error::KeyChanged) }
}

fn slot_ids(connection: &Connection) -> Result<Vec<RowId>, Error> {
    let mut ids = Vec::new();
    for table in SLOT_TABLES {
        ids.extend(store::stored_slots(connection, table)?.iter().map(|slot| slot.id));
    }
    Ok(ids)
}
