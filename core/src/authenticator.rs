//! The façade that shells use: one vault, and the desks over it.
//!
//! Accounts and transfer need an unlocked vault; approvals work over a locked one too, as far as its inbox key allows
//! (polling, denying, reporting).

use std::fmt;
use std::sync::Arc;

use crate::entropy::Entropy;
use crate::push::desk::Approvals;
use crate::vault::{Error, InboxKey, RawKey, SlotId, Vault};

/// An authenticator: a vault, and what works while it is locked.
pub struct Authenticator {
    vault: Vault,
    inbox: Option<InboxKey>,
    entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").field("vault", &self.vault).finish_non_exhaustive()
    }
}

impl Authenticator {
    /// Over a vault that was made or opened, locked or not.
    #[must_use]
    pub fn new(vault: Vault, entropy: Arc<dyn Entropy>) -> Self {
        Self { vault, inbox: None, entropy }
    }

    /// The desk for accounts: the vault itself, which also opens, unlocks, verifies, rotates and backs up;
    /// [`crate::transfer`] takes it too.
    pub fn accounts(&mut self) -> &mut Vault {
        &mut self.vault
    }

    /// The desk for approvals.
    pub fn approvals(&mut self) -> Approvals<'_> {
        Approvals::new(&mut self.vault, self.inbox.as_ref(), self.entropy.clone())
    }

    /// From here on approvals work while the vault is locked, with the key that a keystore unwrapped without asking.
    ///
    /// # Errors
    /// [`Error::UnusableHere`], [`Error::NoSuchSlot`].
    pub fn open_inbox(&mut self, slot: SlotId, key: &RawKey) -> Result<(), Error> {
        self.inbox = Some(self.vault.inbox_key(slot, key)?);
        Ok(())
    }

    /// Whether approvals work just now.
    #[must_use]
    pub fn may_poll(&self) -> bool {
        self.vault.is_unlocked() || self.inbox.is_some()
    }

    /// Forgets every key and secret but the inbox key.
    pub fn lock(&mut self) {
        self.vault.lock();
    }

    /// Locks, and forgets the inbox key too.
    pub fn close_inbox(&mut self) {
        self.vault.lock();
        self.inbox = None;
    }
}
