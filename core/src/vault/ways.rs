//! What can be done with slots: a new password, recovery code or device; removing one.

use super::backup::{self, BackupKey};
use super::crypto::RawKey;
use super::kdf::{Cost, Password};
use super::manifest::Keys;
use super::platform::{Purpose, WrappedKey};
use super::push::{self, PushRecord};
use super::recovery::RecoveryCode;
use super::slots::{Content, Slot, SlotId, SlotKind};
use super::store::{RecordKind, Table};
use super::uv::{ByPassword, UvRoot};
use super::write::Write;
use super::{BACKUP_ROW, Error, Vault, attempts, head};
use crate::entropy::Entropy;
use crate::time::UnixTime;

/// What a shell shows of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotInfo {
    /// Its lasting name.
    pub id: SlotId,
    /// What opens it.
    pub kind: SlotKind,
    /// A recovery code counts only after part of it was typed back; all others are always confirmed.
    pub confirmed: bool,
    /// When it was made.
    pub created: UnixTime,
}

/// A password's slot, and what Argon2id made of the password.
pub(super) fn password_slot(
    entropy: &dyn Entropy,
    keys: &Keys,
    password: &Password,
    cost: Cost,
    uv_root: &RawKey,
    now: UnixTime,
) -> Result<(Slot, RawKey), Error> {
    let head = head(entropy, keys, SlotKind::Password, Some(cost))?;
    let opener = head.stretch(password)?;
    let slot = Slot {
        wrapped: Vec::new(),
        sealed: head.seal(entropy, &opener, Content::VaultKey, &keys.vault_key)?,
        sealed_uv_root: head.seal(entropy, &opener, Content::UvRoot, uv_root)?,
        confirmed: true,
        created: now,
        head,
    };
    Ok((slot, opener))
}

/// A recovery code's slot, and what opens it.
pub(super) fn recovery_slot(
    entropy: &dyn Entropy,
    keys: &Keys,
    code: &RecoveryCode,
    now: UnixTime,
) -> Result<(Slot, RawKey), Error> {
    let head = head(entropy, keys, SlotKind::Recovery, None)?;
    let opener = head.recovery_opener(code)?;
    let slot = Slot {
        wrapped: Vec::new(),
        sealed: head.seal(entropy, &opener, Content::VaultKey, &keys.vault_key)?,
        sealed_uv_root: Vec::new(),
        confirmed: false,
        created: now,
        head,
    };
    Ok((slot, opener))
}

/// The slot of a keystore's key.
pub(super) fn wrapped_slot(
    entropy: &dyn Entropy,
    keys: &Keys,
    key: &WrappedKey,
    uv_root: Option<&RawKey>,
    now: UnixTime,
) -> Result<Slot, Error> {
    let inbox;
    let (content, secret) = match (key.purpose, uv_root) {
        (Purpose::Slot, _) => (Content::VaultKey, &keys.vault_key),
        (Purpose::Inbox, _) => {
            inbox = keys.inbox()?;
            (Content::InboxKey, &inbox)
        }
        (Purpose::PerUse, Some(root)) => (Content::UvRoot, root),
        (Purpose::PerUse, None) => {
            return Err(Error::InvalidInput { what: "key", reason: "it needs the user-verification root" });
        }
    };
    let head = head(entropy, keys, key.purpose.into(), None)?;
    Ok(Slot {
        wrapped: key.wrapped.clone(),
        sealed: head.seal(entropy, &key.key, content, secret)?,
        sealed_uv_root: Vec::new(),
        confirmed: true,
        created: now,
        head,
    })
}

impl Vault {
    /// The ways to unlock that can be read; also while the vault is locked.
    ///
    /// # Errors
    /// As the disk says.
    pub fn slots(&self) -> Result<Vec<SlotInfo>, Error> {
        let (slots, _) = self.all_slots()?;
        Ok(slots
            .iter()
            .map(|slot| SlotInfo {
                id: slot.head.id,
                kind: slot.head.kind,
                confirmed: slot.confirmed,
                created: slot.created,
            })
            .collect())
    }

    /// What a keystore has to unwrap for this purpose: each such slot with its wrapped key. To unlock the vault
    /// ([`Purpose::Slot`]), for the inbox, or for the user-verification root.
    ///
    /// # Errors
    /// As the disk says.
    pub fn wrapped_keys(&self, purpose: Purpose) -> Result<Vec<(SlotId, Vec<u8>)>, Error> {
        let (slots, _) = self.all_slots()?;
        let slots = slots.into_iter().filter(|slot| slot.head.kind == purpose.into());
        Ok(slots.map(|slot| (slot.head.id, slot.wrapped)).collect())
    }

    /// Lets a keystore unlock the vault ([`Purpose::Slot`]) or open its inbox key ([`Purpose::Inbox`]).
    ///
    /// # Errors
    /// [`Error::Locked`]; [`Error::InvalidInput`] for [`Purpose::PerUse`], which needs [`Vault::add_per_use`]; otherwise as
    /// the disk says.
    pub fn add_device(&mut self, key: &WrappedKey, now: UnixTime) -> Result<SlotId, Error> {
        self.add_wrapped(key, None, now)
    }

    /// Lets a keystore that asks the person at each use open the user-verification root.
    ///
    /// # Errors
    /// [`Error::Locked`], or as the disk says.
    pub fn add_per_use(&mut self, root: &UvRoot, key: &WrappedKey, now: UnixTime) -> Result<SlotId, Error> {
        self.add_wrapped(key, Some(&root.0), now)
    }

    fn add_wrapped(&mut self, key: &WrappedKey, uv_root: Option<&RawKey>, now: UnixTime) -> Result<SlotId, Error> {
        let slot = wrapped_slot(&*self.entropy, &self.unlocked()?.keys, key, uv_root, now)?;
        self.write(|write, _| write.put_slot(&slot))?;
        Ok(slot.head.id)
    }

    /// Replaces the password. Copies made before still open with the old one.
    ///
    /// The user-verification root stays if `old` is right; without it (after unlocking by recovery code), or if the root was
    /// erased, a new one is made, and enrolments with keys under the old one have to be renewed. A wrong `old` counts
    /// as at unlocking, not as at an approval.
    ///
    /// # Errors
    /// [`Error::WrongPassword`] if `old` is given and wrong; otherwise as the disk says.
    pub fn change_password(
        &mut self,
        old: Option<&Password>,
        new: &Password,
        cost: Cost,
        now: UnixTime,
    ) -> Result<(), Error> {
        self.unlocked()?;
        let mut before = self.slots_of(SlotKind::Password).unwrap_or_default();
        let kept = match old {
            None => None,
            Some(old) => {
                attempts::allowed(&self.connection, now)?;
                match self.root_by_password(old)? {
                    ByPassword::Root(root) => Some(root),
                    ByPassword::Erased => None,
                    ByPassword::Wrong => return Err(attempts::failed(&self.connection, now)),
                }
            }
        };
        if kept.is_none() {
            // What opened the old root would open nothing any more.
            before.extend(self.slots_of(SlotKind::PerUse).unwrap_or_default());
        }
        let is_new = kept.is_none();
        let uv_root = kept.map_or_else(|| RawKey::make(&*self.entropy), |root| Ok(root.0))?;
        let keys = &self.unlocked()?.keys;
        let (slot, opener) = password_slot(&*self.entropy, keys, new, cost, &uv_root, now)?;
        self.replace(&before, &slot, &opener, |push| is_new && push.hangs_on_root())
    }

    /// Replaces the recovery code by a new one, which is given back to be shown once.
    ///
    /// # Errors
    /// [`Error::Locked`], or as the disk says.
    pub fn new_recovery(&mut self, now: UnixTime) -> Result<RecoveryCode, Error> {
        let before = self.slots_of(SlotKind::Recovery).unwrap_or_default();
        let code = RecoveryCode::make(&*self.entropy)?;
        let (slot, opener) = recovery_slot(&*self.entropy, &self.unlocked()?.keys, &code, now)?;
        self.replace(&before, &slot, &opener, |_| false)?;
        Ok(code)
    }

    /// Checks a typed recovery code and, if it is this vault's, counts it from now on.
    ///
    /// # Errors
    /// [`Error::WrongRecoveryCode`]; [`Error::Locked`] if the vault is locked.
    pub fn confirm_recovery(&mut self, code: &RecoveryCode) -> Result<(), Error> {
        self.unlocked()?;
        for mut slot in self.slots_of(SlotKind::Recovery)? {
            let opener = slot.head.recovery_opener(code)?;
            if slot.head.open(&opener, Content::VaultKey, &slot.sealed)?.is_some() {
                if slot.confirmed {
                    return Ok(());
                }
                slot.confirmed = true;
                return self.write(|write, _| write.put_slot(&slot));
            }
        }
        Err(Error::WrongRecoveryCode)
    }

    /// Takes a way to unlock away. Copies made before still open with it.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::LastSlot`] if no password and no confirmed recovery code would be left.
    pub fn remove_slot(&mut self, id: SlotId) -> Result<(), Error> {
        let slots = self.slots()?;
        if !slots.iter().any(|slot| slot.id == id) {
            return Err(Error::NotFound("way to unlock"));
        }
        let lasting = |slot: &&SlotInfo| match slot.kind {
            SlotKind::Password => true,
            SlotKind::Recovery => slot.confirmed,
            _ => false,
        };
        if !slots.iter().filter(lasting).any(|slot| slot.id != id) {
            return Err(Error::LastSlot);
        }
        let entropy = self.entropy.clone();
        self.write(|write, _| {
            let mut backup = backup_key(write, &*entropy)?;
            backup.wraps.retain(|wrap| wrap.head.id != id);
            write.put(Table::Record, &BACKUP_ROW, RecordKind::BackupKey, &backup.encode())?;
            write.delete_slot(id)
        })
    }

    /// A new slot in place of old ones, in the vault and for the backups to come; with them goes what some enrolments need.
    fn replace(
        &mut self,
        before: &[Slot],
        slot: &Slot,
        opener: &RawKey,
        lost: impl Fn(&PushRecord) -> bool,
    ) -> Result<(), Error> {
        let entropy = self.entropy.clone();
        self.write(|write, loaded| {
            push::renew(write, &mut loaded.pushes, |_, push| Ok(lost(push)))?;
            let mut backup = backup_key(write, &*entropy)?;
            backup.wraps.retain(|wrap| before.iter().all(|old| old.head.id != wrap.head.id));
            backup.wraps.push(backup::wrap(&*entropy, &slot.head, opener, &backup.key)?);
            write.put(Table::Record, &BACKUP_ROW, RecordKind::BackupKey, &backup.encode())?;
            for old in before {
                write.delete_slot(old.head.id)?;
            }
            write.put_slot(slot)
        })
    }
}

/// The key of the backups and its wraps, as the vault keeps them; a new one where a damaged one was set aside.
fn backup_key(write: &Write<'_>, entropy: &dyn Entropy) -> Result<BackupKey, Error> {
    match backup::read_key(write.connection(), write.keys()) {
        Err(Error::NotFound(_)) => Ok(BackupKey { key: RawKey::make(entropy)?, wraps: Vec::new() }),
        other => other,
    }
}
