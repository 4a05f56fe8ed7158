//! Two keys beside the accounts': the user-verification root, which a person opens at each use, and the inbox key, which
//! a locked phone works with.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::crypto::{KEY, RawKey, SealKey, associated_data, derive};
use super::kdf::Password;
use super::manifest::Keys;
use super::push::{self, PushId, PushRecord};
use super::slots::{Content, Slot, SlotId, SlotKind};
use super::{Error, Vault, attempts};
use crate::entropy::Entropy;
use crate::secret::SecretBytes;
use crate::time::UnixTime;

/// Seals, together with the vault key, the keys that prove that the person was asked. Opened by the password or by a
/// keystore that asks at each use; never by the recovery code or a silent unlock.
#[derive(Debug)]
pub struct UvRoot(pub(super) RawKey);

/// What polling, verifying and denying need while the vault is locked. It opens no account.
#[derive(Debug)]
pub struct InboxKey {
    pub(super) key: RawKey,
    pub(super) vault: [u8; 16],
    /// Where it came from; when that is gone, it is the key of the past.
    pub(super) slot: SlotId,
}

/// What a key that is sealed under the root is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UvPurpose {
    /// Signs answers that verify the user.
    Signing,
    /// Makes the codes of offline approvals.
    Offline,
}

impl UvPurpose {
    const fn number(self) -> u32 {
        match self {
            Self::Signing => 1,
            Self::Offline => 2,
        }
    }
}

impl PartialEq for UvRoot {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose().ct_eq(other.0.expose()).into()
    }
}

impl PartialEq for InboxKey {
    fn eq(&self, other: &Self) -> bool {
        self.key.expose().ct_eq(other.key.expose()).into()
    }
}

impl UvRoot {
    /// Seals a secret of an enrolment, so that it takes this root and the unlocked vault to open it.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn seal(&self, vault: &Vault, id: PushId, purpose: UvPurpose, secret: &SecretBytes) -> Result<Vec<u8>, Error> {
        self.seal_with(&*vault.entropy, &vault.unlocked()?.keys, id, purpose, secret.expose())
    }

    /// Opens what [`UvRoot::seal`] gave for the same enrolment and purpose.
    ///
    /// # Errors
    /// [`Error::Locked`]; [`Error::OtherRoot`] if it was sealed under another root, for something else, or is changed.
    pub fn open(&self, vault: &Vault, id: PushId, purpose: UvPurpose, sealed: &[u8]) -> Result<SecretBytes, Error> {
        self.open_with(&vault.unlocked()?.keys, id, purpose, sealed).map(|secret| SecretBytes::from(secret.as_slice()))
    }

    fn seal_with(
        &self,
        entropy: &dyn Entropy,
        keys: &Keys,
        id: PushId,
        purpose: UvPurpose,
        secret: &[u8],
    ) -> Result<Vec<u8>, Error> {
        self.key(keys)?.seal(entropy, &data(keys, id, purpose), secret)
    }

    fn open_with(
        &self,
        keys: &Keys,
        id: PushId,
        purpose: UvPurpose,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.key(keys)?.open(&data(keys, id, purpose), sealed).map_err(|_| Error::OtherRoot)
    }

    /// Of both: the root, and a key that only the vault key gives.
    fn key(&self, keys: &Keys) -> Result<SealKey, Error> {
        let mut both = Zeroizing::new(Vec::with_capacity(2 * KEY));
        both.extend_from_slice(self.0.expose());
        both.extend_from_slice(keys.uv()?.expose());
        SealKey::new(&derive(&both, &keys.vault, "countersign v1 uv seal")?)
    }

    /// What is sealed under this root and the keys before, sealed under others. None if it was not sealed by these.
    pub(super) fn reseal(
        &self,
        entropy: &dyn Entropy,
        before: &Keys,
        (root, keys): (&Self, &Keys),
        push: &PushRecord,
    ) -> Result<Option<PushRecord>, Error> {
        let again = |sealed: &Option<Vec<u8>>, purpose| {
            let Some(sealed) = sealed else { return Ok(None) };
            let secret = self.open_with(before, push.id, purpose, sealed)?;
            root.seal_with(entropy, keys, push.id, purpose, &secret).map(Some)
        };
        let resealed = || {
            let sealed_uv = again(&push.sealed_uv, UvPurpose::Signing)?;
            let sealed_offline = again(&push.sealed_offline, UvPurpose::Offline)?;
            Ok(PushRecord { sealed_uv, sealed_offline, ..push.clone() })
        };
        match resealed() {
            Ok(push) => Ok(Some(push)),
            Err(Error::OtherRoot) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn data(keys: &Keys, id: PushId, purpose: UvPurpose) -> Vec<u8> {
    let purpose = purpose.number().to_le_bytes();
    associated_data(&[b"countersign-uv-v1", &keys.vault, &id.to_bytes(), &purpose])
}

/// What a password opened.
pub(super) enum ByPassword {
    Root(UvRoot),
    /// The password is right, but the root was erased.
    Erased,
    Wrong,
}

impl Vault {
    /// Opens the user-verification root with the password, to approve something. The vault has to be unlocked.
    ///
    /// Wrong passwords lead to pauses, as at unlocking. The tenth one in a row erases the root, here and in the slots of
    /// keystores, and every enrolment with keys under it has to be renewed: a courtesy against a person at the screen, not a
    /// defence against somebody who has the file.
    ///
    /// # Errors
    /// [`Error::WrongApprovalPassword`] with the tries that are left; [`Error::RootErased`] at the tenth and from then on,
    /// until the password is set anew ([`Vault::change_password`]); [`Error::Wait`], [`Error::Locked`],
    /// [`Error::NoSuchSlot`], [`Error::DamagedSlot`].
    pub fn uv_root(&mut self, password: &Password, now: UnixTime) -> Result<UvRoot, Error> {
        self.unlocked()?;
        if self.slots_of(SlotKind::Password)?.iter().all(|slot| slot.sealed_uv_root.is_empty()) {
            return Err(Error::RootErased);
        }
        attempts::allowed(&self.connection, now)?;
        match self.root_by_password(password)? {
            ByPassword::Root(root) => {
                attempts::succeeded(&self.connection).or_else(|error| self.ignore_read_only(error))?;
                Ok(root)
            }
            ByPassword::Erased => Err(Error::RootErased),
            ByPassword::Wrong => {
                let error = attempts::failed_approval(&self.connection, now);
                if let Error::WrongApprovalPassword { before_erasing: 0, .. } = error {
                    self.erase_root()?;
                    return Err(Error::RootErased);
                }
                Err(error)
            }
        }
    }

    /// What the password opens, counting nothing.
    pub(super) fn root_by_password(&self, password: &Password) -> Result<ByPassword, Error> {
        for slot in self.slots_of(SlotKind::Password)? {
            let opener = slot.head.stretch(password)?;
            if let Some(root) = slot.head.open(&opener, Content::UvRoot, &slot.sealed_uv_root)? {
                return Ok(ByPassword::Root(UvRoot(root)));
            }
            if slot.head.open(&opener, Content::VaultKey, &slot.sealed)?.is_some() {
                return Ok(ByPassword::Erased);
            }
        }
        Ok(ByPassword::Wrong)
    }

    /// Takes every wrap of the root out of the file, and marks what hung on it.
    fn erase_root(&mut self) -> Result<(), Error> {
        let (slots, _) = self.all_slots()?;
        self.write(|write, loaded| {
            for slot in slots {
                match slot.head.kind {
                    SlotKind::Password => write.put_slot(&Slot { sealed_uv_root: Vec::new(), ..slot })?,
                    SlotKind::PerUse => write.delete_slot(slot.head.id)?,
                    _ => {}
                }
            }
            push::renew(write, &mut loaded.pushes, |_, push| Ok(push.hangs_on_root()))
        })?;
        // The pages that held them are overwritten in the file; the journal may have them a while longer.
        let _ = self.empty_journal();
        attempts::erased(&self.connection)
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
        let (vault, key) = self.open_wrapped(SlotKind::Inbox, id, key, Content::InboxKey)?;
        Ok(InboxKey { key, vault, slot: id })
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
