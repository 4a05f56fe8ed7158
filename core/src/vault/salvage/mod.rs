//! Salvage: what can still be read of a file whose database structure is destroyed.
//!
//! Rows are sealed, so that a row that opens is right wherever it was found: `pages` gives the file's pages as the last
//! commit left them, `carve` looks for rows in them without trusting anything that SQLite wrote around them. Nothing is
//! changed: what is found goes into a new vault, as a backup's content does.

mod carve;
mod pages;

use std::collections::HashMap;
use std::path::Path;

use super::backup::Backup;
use super::crypto::RawKey;
use super::kdf::Password;
use super::load::{self, Loaded};
use super::manifest::{Keys, Manifest};
use super::push::PushRecord;
use super::recovery::RecoveryCode;
use super::report::Report;
use super::slots::{Content, Head, Slot, SlotId, SlotKind};
use super::store::{Row, RowId, StoredSlot, Table};
use super::{Error, accounts};
use crate::account::AccountId;
use carve::Found;
use pages::{Pages, View};

/// A damaged file, read and searched; nothing of it is open yet.
pub struct Salvage {
    /// As the last commit left it, and everything older that the file and its journal still have.
    newest: Found,
    older: Found,
}

impl std::fmt::Debug for Salvage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Salvage").finish_non_exhaustive()
    }
}

/// What was found.
#[derive(Debug)]
pub struct Salvaged {
    /// What a new vault is made of, by [`Vault::restore`](super::Vault::restore). `created` is when anything in it was last
    /// changed, as far as can be read.
    pub content: Backup,
    /// What is missing or older than it was, as far as the proof of completeness could be read.
    pub report: Report,
}

impl Salvage {
    /// Reads the file and its journal, and searches them. Both are only read.
    ///
    /// # Errors
    /// [`Error::NoVault`], [`Error::TooLarge`] over 1 GiB; [`Error::NotAVault`] if not one way to unlock is found.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let pages = Pages::read(path)?;
        let salvage = Self { newest: carve::search(&pages, View::Newest), older: carve::search(&pages, View::Older) };
        if salvage.slots().is_empty() { Err(Error::NotAVault) } else { Ok(salvage) }
    }

    /// Opens what was found with the password.
    ///
    /// # Errors
    /// [`Error::WrongPassword`] (no tries are counted), [`Error::NoSuchSlot`], [`Error::Newer`].
    pub fn open_with_password(&self, password: &Password) -> Result<Salvaged, Error> {
        let wrong = Error::WrongPassword { remaining: u32::MAX, wait_seconds: 0 };
        self.open(SlotKind::Password, wrong, |head| head.stretch(password))
    }

    /// Opens what was found with the recovery code.
    ///
    /// # Errors
    /// [`Error::WrongRecoveryCode`], [`Error::NoSuchSlot`], [`Error::Newer`].
    pub fn open_with_recovery(&self, code: &RecoveryCode) -> Result<Salvaged, Error> {
        self.open(SlotKind::Recovery, Error::WrongRecoveryCode, |head| head.recovery_opener(code))
    }

    /// Opens what was found with the key that a device's keystore unwrapped.
    ///
    /// # Errors
    /// [`Error::UnusableHere`], [`Error::NoSuchSlot`], [`Error::Newer`].
    pub fn open_with_device_key(&self, id: SlotId, key: &RawKey) -> Result<Salvaged, Error> {
        self.open(SlotKind::Device, Error::UnusableHere, |head| {
            RawKey::from_bytes(if head.id == id { key.expose() } else { &[0; 32] })
        })
    }

    /// The slots of the last commit; only where none is left, older ones.
    fn slots(&self) -> Vec<Slot> {
        let whole = |found: &Found| found.slots.iter().filter_map(|stored| stored.slot().ok()).collect::<Vec<_>>();
        let newest = whole(&self.newest);
        if newest.is_empty() { whole(&self.older) } else { newest }
    }

    fn open(
        &self,
        kind: SlotKind,
        wrong: Error,
        opener: impl Fn(&Head) -> Result<RawKey, Error>,
    ) -> Result<Salvaged, Error> {
        let slots: Vec<_> = self.slots().into_iter().filter(|slot| slot.head.kind == kind).collect();
        if slots.is_empty() {
            return Err(Error::NoSuchSlot);
        }
        for slot in slots {
            if let Some(key) = slot.head.open(&opener(&slot.head)?, Content::VaultKey, &slot.sealed)? {
                return self.collect(&Keys::new(slot.head.vault, key)?);
            }
        }
        Err(wrong)
    }

    fn collect(&self, keys: &Keys) -> Result<Salvaged, Error> {
        let manifests = self.newest.manifests.iter().chain(&self.older.manifests);
        let manifest =
            manifests.filter_map(|sealed| Manifest::open(keys, sealed).ok()).max_by_key(|one| one.generation);
        let mut rows = Rows::default();
        rows.take(keys, &self.newest, |_| true);
        let mut loaded = rows.load(keys, &self.newest.slots, manifest.clone())?;
        if !loaded.report.is_clean() {
            // Something is missing: then a version that was left behind is better than none.
            let there: Vec<_> = rows.best.keys().copied().collect();
            rows.take(keys, &self.older, |place| !there.contains(place));
            loaded = rows.load(keys, &self.newest.slots, manifest)?;
        }
        let icons = rows.icons(keys);
        let accounts: Vec<_> = accounts::all(&loaded).cloned().collect();
        let created = accounts.iter().map(|account| account.modified).max().unwrap_or_default();
        let Loaded { settings, report, pushes, .. } = loaded;
        // The inbox is not searched for: what a phone works with would be older than the server has seen.
        let pushes = pushes.iter().map(PushRecord::without_keys).collect();
        Ok(Salvaged { content: Backup { created, settings, accounts, icons, pushes }, report })
    }
}

/// The newest version of each row that opens.
#[derive(Default)]
struct Rows {
    best: HashMap<(Table, RowId), Row<'static>>,
}

impl Rows {
    fn take(&mut self, keys: &Keys, found: &Found, wanted: impl Fn(&(Table, RowId)) -> bool) {
        for row in &found.rows {
            for table in [Table::Record, Table::Icon] {
                let place = (table, row.id);
                let newer = self.best.get(&place).is_none_or(|best| best.revision < row.revision);
                if newer && wanted(&place) && row.open(keys, table).is_ok() {
                    self.best.insert(place, row.clone());
                }
            }
        }
    }

    fn load(&self, keys: &Keys, slots: &[StoredSlot], manifest: Option<Manifest>) -> Result<Loaded, Error> {
        load::load_rows(keys, self.best.iter().map(|((table, _), row)| (*table, row)), slots, manifest)
    }

    fn icons(&self, keys: &Keys) -> Vec<(AccountId, Vec<u8>)> {
        let pictures = self.best.iter().filter(|((table, _), _)| *table == Table::Icon);
        let opened = pictures.filter_map(|((_, id), row)| Some((id, row.open(keys, Table::Icon).ok()?)));
        opened.map(|(id, picture)| (AccountId::from_bytes(*id), picture.to_vec())).collect()
    }
}
