//! Unlocking: from what a person or a device has, through a slot, to the accounts.

use super::crypto::RawKey;
use super::kdf::Password;
use super::manifest::Keys;
use super::recovery::RecoveryCode;
use super::report::{Finding, Report};
use super::schema::{self, Access};
use super::slots::{Content, Slot, SlotId, SlotKind};
use super::store::{self, StoredSlot};
use super::{Error, Unlocked, Vault, attempts, load};
use crate::time::UnixTime;

impl Vault {
    /// Unlocks with the password.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], [`Error::Wait`], [`Error::DamagedSlot`], [`Error::NoSuchSlot`].
    pub fn unlock_with_password(&mut self, password: &Password, now: UnixTime) -> Result<Report, Error> {
        attempts::allowed(&self.connection, now)?;
        let slots = self.slots_of(SlotKind::Password)?;
        for slot in &slots {
            let opener = slot.head.stretch(password)?;
            if let Some(key) = slot.head.open(&opener, Content::VaultKey, &slot.sealed)? {
                attempts::succeeded(&self.connection).or_else(|error| self.ignore_read_only(error))?;
                return self.enter(Keys::new(slot.head.vault, key)?);
            }
        }
        Err(attempts::failed(&self.connection, now))
    }

    /// Unlocks with the recovery code. It does not open the user-verification root.
    ///
    /// # Errors
    /// [`Error::WrongRecoveryCode`], [`Error::DamagedSlot`], [`Error::NoSuchSlot`].
    pub fn unlock_with_recovery(&mut self, code: &RecoveryCode) -> Result<Report, Error> {
        for slot in self.slots_of(SlotKind::Recovery)? {
            let opener = slot.head.recovery_opener(code)?;
            if let Some(key) = slot.head.open(&opener, Content::VaultKey, &slot.sealed)? {
                return self.enter(Keys::new(slot.head.vault, key)?);
            }
        }
        Err(Error::WrongRecoveryCode)
    }

    /// Unlocks with the key that a device's keystore unwrapped ([`Vault::wrapped_keys`] has what it unwraps).
    ///
    /// # Errors
    /// [`Error::UnusableHere`], [`Error::NoSuchSlot`].
    pub fn unlock_with_device_key(&mut self, id: SlotId, slot_key: &RawKey) -> Result<Report, Error> {
        let (vault, key) = self.open_wrapped(SlotKind::Device, id, slot_key, Content::VaultKey)?;
        self.enter(Keys::new(vault, key)?)
    }

    /// Reads everything with these keys, and copies a damaged file aside before anything is changed.
    pub(super) fn enter(&mut self, keys: Keys) -> Result<Report, Error> {
        self.migrate(&keys)?;
        let mut loaded = load::load(&self.connection, &keys, false)?;
        if let Some(counter) = &self.counter {
            let (generation, seen) = (loaded.manifest.generation, counter.read()?);
            if generation < seen {
                loaded.report.findings.push(Finding::OlderThanSeen { generation, seen });
            }
        }
        let accepted = loaded.report.is_clean();
        if accepted {
            schema::trust(&self.connection)?;
        } else if self.access == Access::ReadWrite {
            loaded.report.quarantine = Some(self.copy_aside()?);
        }
        let report = loaded.report.clone();
        self.open = Some(Unlocked { keys, loaded, accepted });
        Ok(report)
    }

    pub(super) fn ignore_read_only(&self, error: Error) -> Result<(), Error> {
        if self.access == Access::ReadWrite { Err(error) } else { Ok(()) }
    }

    /// The whole slots of a kind, one of each, from either table; the last one that is damaged is told if none is.
    pub(super) fn slots_of(&self, kind: SlotKind) -> Result<Vec<Slot>, Error> {
        let (slots, damaged) = self.all_slots()?;
        let slots: Vec<_> = slots.into_iter().filter(|slot| slot.head.kind == kind).collect();
        match (slots.is_empty(), damaged) {
            (false, _) => Ok(slots),
            (true, Some(error)) => Err(error),
            (true, None) => Err(Error::NoSuchSlot),
        }
    }

    pub(super) fn all_slots(&self) -> Result<(Vec<Slot>, Option<Error>), Error> {
        let mut slots: Vec<Slot> = Vec::new();
        let mut damaged = None;
        for table in store::SLOT_TABLES {
            for stored in store::stored_slots(&self.connection, table)? {
                match StoredSlot::slot(&stored) {
                    Ok(slot) if slots.iter().any(|known| known.head.id == slot.head.id) => {}
                    Ok(slot) => slots.push(slot),
                    Err(error) => damaged = Some(error),
                }
            }
        }
        Ok((slots, damaged))
    }
}
