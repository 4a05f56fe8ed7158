//! Two keys beside the accounts': the user-verification root, which a person opens at each use, and the inbox key, which
//! a locked phone works with.

use subtle::ConstantTimeEq;

use super::crypto::RawKey;
use super::kdf::Password;
use super::slots::{Content, SlotId, SlotKind};
use super::{Error, Vault, attempts};
use crate::time::UnixTime;

/// Seals, together with the vault key, the keys that prove that the person was asked. Opened by the password or by a
/// keystore that asks at each use; never by the recovery code or a silent unlock.
#[derive(Debug)]
pub struct UvRoot(pub(super) RawKey);

/// What polling, verifying and denying need while the vault is locked. It opens no account.
#[derive(Debug)]
pub struct InboxKey(pub(super) RawKey);

impl PartialEq for UvRoot {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose().ct_eq(other.0.expose()).into()
    }
}

impl PartialEq for InboxKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose().ct_eq(other.0.expose()).into()
    }
}

impl Vault {
    /// Opens the user-verification root with the password; wrong ones count as at unlocking.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], [`Error::Wait`], [`Error::NoSuchSlot`], [`Error::DamagedSlot`].
    pub fn uv_root(&self, password: &Password, now: UnixTime) -> Result<UvRoot, Error> {
        attempts::allowed(&self.connection, now)?;
        for slot in self.slots_of(SlotKind::Password)? {
            let opener = slot.head.stretch(password)?;
            if let Some(root) = slot.head.open(&opener, Content::UvRoot, &slot.sealed_uv_root)? {
                return Ok(UvRoot(root));
            }
        }
        Err(attempts::failed(&self.connection, now))
    }

    /// Opens the user-verification root with the key that a keystore unwrapped after asking the person.
    ///
    /// # Errors
    /// [`Error::UnusableHere`], [`Error::NoSuchSlot`].
    pub fn uv_root_with_key(&self, id: SlotId, key: &RawKey) -> Result<UvRoot, Error> {
        self.open_wrapped(SlotKind::PerUse, id, key, Content::UvRoot).map(|(_, root)| UvRoot(root))
    }

    /// Opens the inbox key with the key that a keystore unwrapped, also while the vault is locked.
    ///
    /// # Errors
    /// [`Error::UnusableHere`], [`Error::NoSuchSlot`].
    pub fn inbox_key(&self, id: SlotId, key: &RawKey) -> Result<InboxKey, Error> {
        self.open_wrapped(SlotKind::Inbox, id, key, Content::InboxKey).map(|(_, key)| InboxKey(key))
    }

    /// What the slot with this id seals under a keystore's key, and the vault that it says it is of.
    pub(super) fn open_wrapped(
        &self,
        kind: SlotKind,
        id: SlotId,
        key: &RawKey,
        content: Content,
    ) -> Result<([u8; 16], RawKey), Error> {
        let slots = self.slots_of(kind)?;
        let slot = slots.iter().find(|slot| slot.head.id == id).ok_or(Error::NoSuchSlot)?;
        let opened = slot.head.open(key, content, &slot.sealed)?.ok_or(Error::UnusableHere)?;
        Ok((slot.head.vault, opened))
    }
}
