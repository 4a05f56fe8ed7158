//! What waits for the platform's keystore. The keystore is never called while the core is locked for a call: keys go out and
//! come in between two short looks at it.

use std::sync::Arc;

use countersign_core::entropy::random;
use countersign_core::vault::platform::{Purpose, WrappedKey};
use countersign_core::vault::{RawKey, SlotId, UvRoot};
use zeroize::Zeroizing;

use crate::running::Run;
use crate::shared::Shared;
use crate::{
    ApiError, Authenticator, Change, KeyUse, KeyWrapper, Operation, PortError, RecoveryCode, Report, SecretInput,
};

impl From<KeyUse> for Purpose {
    fn from(key_use: KeyUse) -> Self {
        match key_use {
            KeyUse::Slot => Self::Slot,
            KeyUse::Inbox => Self::Inbox,
            KeyUse::PerUse => Self::PerUse,
        }
    }
}

/// What a rotation leads to.
#[derive(uniffi::Record)]
pub struct Rotated {
    /// The new recovery code, to be shown once.
    pub recovery: Arc<RecoveryCode>,
    /// Nothing that was sealed with the old key is left in the journal. False where another program was reading just then.
    pub journal_emptied: bool,
    /// Copies of damaged states, which still hold what the old key sealed: the person decides about them.
    pub copies: Vec<String>,
}

#[uniffi::export]
impl Authenticator {
    /// Unlocks with this device's keystore. Async: it may wait for the person.
    ///
    /// # Errors
    /// `KeysGone` where the keystore has lost the key or it opens nothing: use the password or the recovery code; `Cancelled`;
    /// `InvalidInput` (`no-such-slot`) where it was never set up; `NotSupported` (`no-port`).
    pub async fn unlock_with_device(&self, operation: Option<Arc<Operation>>) -> Result<Report, ApiError> {
        let run = self.shared.begin(operation)?;
        self.shared.look_at_counter()?;
        let (slot, key) = self.shared.unwrap(&run, KeyUse::Slot).await?;
        self.shared.change(&[Change::Lock], |core| {
            run.check()?;
            Ok(Report::from(&core.accounts().unlock_with_device_key(slot, &key)?))
        })
    }

    /// Lets polling and denying work while the vault is locked, with the key that the keystore unwraps without asking. Async.
    ///
    /// # Errors
    /// As [`Authenticator::unlock_with_device`].
    pub async fn open_inbox(&self, operation: Option<Arc<Operation>>) -> Result<(), ApiError> {
        let run = self.shared.begin(operation)?;
        let (slot, key) = self.shared.unwrap(&run, KeyUse::Inbox).await?;
        self.shared.change(&[Change::Lock], |core| Ok(core.open_inbox(slot, &key)?))
    }

    /// Lets this device's keystore unlock the vault from now on, in place of what it had before. Async: it may wait for the
    /// person.
    ///
    /// # Errors
    /// `Locked`, `Cancelled`, `NotSupported` (`no-port`), `Storage`.
    pub async fn add_device_unlock(&self, operation: Option<Arc<Operation>>) -> Result<(), ApiError> {
        self.add(KeyUse::Slot, None, operation).await
    }

    /// Lets this device's keystore open the inbox from now on, without asking. Async.
    ///
    /// # Errors
    /// As [`Authenticator::add_device_unlock`].
    pub async fn add_inbox_key(&self, operation: Option<Arc<Operation>>) -> Result<(), ApiError> {
        self.add(KeyUse::Inbox, None, operation).await
    }

    /// Lets this device's keystore confirm approvals from now on, asking the person at each use; the password proves that it is
    /// theirs to give. Async, and blocks while a key is derived from the password.
    ///
    /// # Errors
    /// `WrongPassword`, `KeysGone`; otherwise as [`Authenticator::add_device_unlock`].
    pub async fn add_per_use_key(
        &self,
        password: Arc<SecretInput>,
        operation: Option<Arc<Operation>>,
    ) -> Result<(), ApiError> {
        self.add(KeyUse::PerUse, Some(password), operation).await
    }

    /// Gives the vault a new key, after a leak: everything is sealed anew in one transaction, every way to unlock is made anew.
    /// `password` is the one so far, or a new one; with a new one, enrolments whose keys were made in software have to be
    /// renewed. Of the keystore's keys, those are made anew that there are. Copies and backups made before still open with what
    /// opened them then. Async: it waits for the keystore; then blocks: derives keys, writes the whole file. It can be cancelled
    /// until it writes.
    ///
    /// # Errors
    /// `Damaged` (`not-accepted`) while there are findings; `InvalidInput` (`weak-password`), `Locked`, `Cancelled`, `Storage`.
    pub async fn rotate(
        &self,
        password: Arc<SecretInput>,
        operation: Option<Arc<Operation>>,
    ) -> Result<Rotated, ApiError> {
        let run = self.shared.begin(operation)?;
        let password = password.new_password()?;
        let uses = [KeyUse::Slot, KeyUse::Inbox, KeyUse::PerUse];
        let present = self.shared.with(|core| {
            let vault = core.accounts();
            uses.iter()
                .map(|key_use| Ok(!vault.wrapped_keys((*key_use).into())?.is_empty()))
                .collect::<Result<Vec<_>, _>>()
        })?;
        let (mut wrapped, mut inbox) = (Vec::new(), None);
        for (key_use, _) in uses.into_iter().zip(present).filter(|(_, there)| *there) {
            let fresh = self.shared.wrap(&run, key_use).await?;
            if key_use == KeyUse::Inbox {
                inbox = Some(fresh.key()?);
            }
            wrapped.push(fresh.wrapped()?);
        }
        let (cost, now) = (self.shared.cost()?, self.shared.now()?);
        self.shared.change(&[Change::Slots, Change::Enrollments, Change::Lock], |core| {
            run.check()?;
            let vault = core.accounts();
            let rotated = vault.rotate(&password, cost, &wrapped, None, now)?;
            let copies = vault.copies().unwrap_or_default().into_iter().map(crate::records::path_text).collect();
            let slot = vault.wrapped_keys(Purpose::Inbox)?.first().map(|(id, _)| *id);
            // The inbox key so far is the key of the past. Where the new one can't be opened just now, it is opened later.
            if let (Some(slot), Some(key)) = (slot, inbox) {
                let _ = core.open_inbox(slot, &key);
            }
            let journal_emptied = rotated.journal_emptied;
            Ok(Rotated { recovery: RecoveryCode::new(rotated.recovery), journal_emptied, copies })
        })
    }
}

impl Authenticator {
    async fn add(
        &self,
        key_use: KeyUse,
        password: Option<Arc<SecretInput>>,
        operation: Option<Arc<Operation>>,
    ) -> Result<(), ApiError> {
        let run = self.shared.begin(operation)?;
        // Before anybody is asked for a fingerprint.
        let root = password.map(|password| self.shared.root_by_password(&password)).transpose()?;
        let fresh = self.shared.wrap(&run, key_use).await?;
        let (now, inbox) = (self.shared.now()?, fresh.key()?);
        let wrapped = fresh.wrapped()?;
        self.shared.change(&[Change::Slots], |core| {
            run.check()?;
            let vault = core.accounts();
            let before: Vec<SlotId> = vault.wrapped_keys(key_use.into())?.into_iter().map(|(id, _)| id).collect();
            let slot = match &root {
                Some(root) => vault.add_per_use(root, &wrapped, now)?,
                None => vault.add_device(&wrapped, now)?,
            };
            // This device's older ones are what it has replaced; losing them loses no way that works elsewhere.
            before.into_iter().try_for_each(|old| vault.remove_slot(old))?;
            if key_use == KeyUse::Inbox {
                core.open_inbox(slot, &inbox)?;
            }
            Ok(())
        })
    }
}

/// A new key, and what the keystore made of it.
struct Fresh {
    key_use: KeyUse,
    key: Zeroizing<[u8; 32]>,
    wrapped: Vec<u8>,
}

impl Fresh {
    fn key(&self) -> Result<RawKey, ApiError> {
        Ok(RawKey::from_bytes(self.key.as_slice())?)
    }

    fn wrapped(self) -> Result<WrappedKey, ApiError> {
        Ok(WrappedKey::new(self.key_use.into(), self.key()?, self.wrapped)?)
    }
}

impl Shared {
    /// Opens the user-verification root with the password. Blocks: derives a key.
    pub(crate) fn root_by_password(&self, password: &SecretInput) -> Result<UvRoot, ApiError> {
        let (password, now) = (password.password(), self.now()?);
        self.with(|core| Ok(core.accounts().uv_root(&password, now)?))
    }

    /// Opens the user-verification root with the keystore, which asks the person.
    pub(crate) async fn root_by_keystore(&self, run: &Run<'_>) -> Result<UvRoot, ApiError> {
        let (slot, key) = self.unwrap(run, KeyUse::PerUse).await?;
        self.with(|core| Ok(core.accounts().uv_root_with_key(slot, &key)?))
    }

    fn keystore(&self) -> Result<Arc<dyn KeyWrapper>, ApiError> {
        self.platform()?.key_wrapper.clone().ok_or_else(|| ApiError::no_port("keystore"))
    }

    /// What the keystore unwraps for this use: the first of the slots that it still has the key of.
    async fn unwrap(&self, run: &Run<'_>, key_use: KeyUse) -> Result<(SlotId, RawKey), ApiError> {
        let keystore = self.keystore()?;
        let slots = self.with(|core| Ok(core.accounts().wrapped_keys(key_use.into())?))?;
        let mut why = ApiError::input("way to unlock", "this device's keystore was not set up for it", "no-such-slot");
        for (slot, wrapped) in slots {
            match run.wait(keystore.unwrap(key_use, wrapped)).await? {
                Ok(key) => return Ok((slot, RawKey::from_bytes(&Zeroizing::new(key))?)),
                // Another device's, or one that was replaced.
                Err(PortError::KeyGone) => why = PortError::KeyGone.into(),
                Err(error) => return Err(error.into()),
            }
        }
        Err(why)
    }

    async fn wrap(&self, run: &Run<'_>, key_use: KeyUse) -> Result<Fresh, ApiError> {
        let keystore = self.keystore()?;
        let key = Zeroizing::new(random::<32>(&**self.entropy())?);
        let wrapped = run.wait(keystore.wrap(key_use, key.to_vec())).await??;
        Ok(Fresh { key_use, key, wrapped })
    }
}
