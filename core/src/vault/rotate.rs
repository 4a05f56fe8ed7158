//! Rotation: a new vault key after a leak. Everything is sealed anew in one transaction, so that a crash leaves the old
//! state or the new one; every way to unlock is made anew, and so is the key of the backups to come.
//!
//! Copies and backups made before still open with what opened them then.

use super::backup::{self, BackupKey};
use super::crypto::RawKey;
use super::kdf::{Cost, Password};
use super::manifest::Keys;
use super::platform::WrappedKey;
use super::push::{self, PushRecord};
use super::recovery::RecoveryCode;
use super::store::{RecordKind, Table};
use super::uv::{ByPassword, UvRoot};
use super::ways::{password_slot, recovery_slot, wrapped_slot};
use super::write::Write;
use super::{BACKUP_ROW, Error, Vault, load};
use crate::time::UnixTime;

/// What a rotation leads to.
#[derive(Debug)]
pub struct Rotated {
    /// The new recovery code, to be shown once; it counts only after [`Vault::confirm_recovery`].
    pub recovery: RecoveryCode,
    /// Nothing sealed with the old key is left in the journal. False where another program was reading just then; the
    /// journal is then emptied by the next [`Vault::purge`], or when the last program closes the vault.
    pub journal_emptied: bool,
}

impl Vault {
    /// Gives the vault a new key. `password` opens it from now on (the one before, or a new one), and of device, inbox
    /// and per-use slots only those of `wrapped` are left.
    ///
    /// The user-verification root is new as well. Push enrolments with keys under the old one go on where that one is
    /// known: by `root`, or by `password` if it is the password so far. Otherwise they have to be renewed.
    ///
    /// Copies of damaged states still hold what the old key sealed:
    /// [`Vault::copies`] lists them, and the person decides.
    ///
    /// # Errors
    /// [`Error::NotAccepted`] if anything in the vault can't be read or is not as it was last written; otherwise as the
    /// disk and Argon2 say. Nothing is changed by any.
    pub fn rotate(
        &mut self,
        password: &Password,
        cost: Cost,
        wrapped: &[WrappedKey],
        root: Option<&UvRoot>,
        now: UnixTime,
    ) -> Result<Rotated, Error> {
        self.refresh()?;
        self.make_writable()?;
        let found = self.root_to_keep(password, root)?;
        let root = root.or(found.as_ref());
        let entropy = &*self.entropy;
        let unlocked = self.open.as_mut().ok_or(Error::Locked)?;
        if !unlocked.accepted {
            return Err(Error::NotAccepted);
        }
        let keys = Keys::new(unlocked.keys.vault, RawKey::make(entropy)?)?;
        let uv_root = UvRoot(RawKey::make(entropy)?);
        let recovery = RecoveryCode::make(entropy)?;
        let (password, for_password) = password_slot(entropy, &keys, password, cost, &uv_root.0, now)?;
        let (paper, for_paper) = recovery_slot(entropy, &keys, &recovery, now)?;
        let backup_key = RawKey::make(entropy)?;
        let wraps = vec![
            backup::wrap(entropy, &password.head, &for_password, &backup_key)?,
            backup::wrap(entropy, &paper.head, &for_paper, &backup_key)?,
        ];
        let mut slots = vec![password, paper];
        for key in wrapped {
            slots.push(wrapped_slot(entropy, &keys, key, Some(&uv_root.0), now)?);
        }

        let write = Write::begin(&mut self.connection, &unlocked.keys, entropy)?;
        let there = load::load_inside(write.connection(), &unlocked.keys, true)?;
        if !there.report.is_clean() {
            return Err(Error::NotAccepted);
        }
        let mut write = write.rekey(&keys)?;
        for push in there.pushes.iter().filter(|push| push.hangs_on_root()) {
            let kept = match root {
                Some(root) => root.reseal(entropy, &unlocked.keys, (&uv_root, &keys), push)?,
                None => None,
            };
            push::write_record(&mut write, &kept.unwrap_or_else(|| push.without_keys()))?;
        }
        slots.iter().try_for_each(|slot| write.put_slot(slot))?;
        let backup_row = BackupKey { key: backup_key, wraps };
        write.put(Table::Record, &BACKUP_ROW, RecordKind::BackupKey, &backup_row.encode())?;
        let manifest = write.commit()?;

        // From here on the new recovery code is the one that counts, so nothing may keep it from being given back.
        self.lock();
        if let Some(counter) = &self.counter {
            // The next commit raises it as well.
            let _ = counter.raise(manifest.generation);
        }
        // Freed pages are overwritten (`secure_delete`); what the old key sealed is still in the journal.
        let journal_emptied = self.empty_journal().unwrap_or(false);
        // Where the file can't be read again just now, the vault stays locked.
        let _ = self.enter(keys);
        Ok(Rotated { recovery, journal_emptied })
    }

    /// The root so far, where something hangs on it and the password opens it. A wrong one is no try: it may be the new one.
    fn root_to_keep(&self, password: &Password, root: Option<&UvRoot>) -> Result<Option<UvRoot>, Error> {
        let wanted = root.is_none() && self.pushes()?.iter().any(PushRecord::hangs_on_root);
        if !wanted {
            return Ok(None);
        }
        match self.root_by_password(password) {
            Ok(ByPassword::Root(root)) => Ok(Some(root)),
            Ok(ByPassword::Erased | ByPassword::Wrong) | Err(Error::NoSuchSlot | Error::DamagedSlot) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Merges the journal into the file and cuts it to nothing; false where another program is reading.
    pub(super) fn empty_journal(&self) -> Result<bool, Error> {
        let busy: i64 = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        Ok(busy == 0)
    }
}
