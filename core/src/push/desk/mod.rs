//! Approvals as an app uses them: the protocols' states, kept in a vault's inbox.
//!
//! - `rows`: which state stands in which row of the inbox; `summary`: what of an enrolment survives into backups.
//! - `joining`: from an invitation to an enrolment. `operation`: polling, deciding, new keys, the end: [`Step`]s, each
//!   stored before it is carried out.
//! - `keys`: new keys for an enrolment, and their places. `renewal`: what goes when something newer has come.
//! - `list`, `known`: what there is: enrolments, requests, history. `poller`: whom to ask, and when.
//!
//! Polling, denying and reporting work while the vault is locked, where there is an inbox key. Approving, enrolling and
//! changing keys don't.

mod error;
mod joining;
mod keys;
mod known;
mod list;
mod operation;
mod poller;
mod renewal;
mod rows;
mod summary;

pub use error::Error;
pub use joining::{Joined, Joining, NewKeys};
pub use known::Known;
pub use list::Waiting;
pub use operation::{Operation, Verification};
pub use poller::Poller;

use std::fmt;
use std::sync::Arc;

use super::model::Step;
use crate::entropy::Entropy;
use crate::vault::{Inbox, InboxKey, Vault};

/// The desk for approvals: over an unlocked vault, or over a locked one with its inbox key.
pub struct Approvals<'a> {
    vault: &'a mut Vault,
    key: Option<&'a InboxKey>,
    entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for Approvals<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Approvals").field("vault", &self.vault).finish_non_exhaustive()
    }
}

impl<'a> Approvals<'a> {
    /// Over a vault; the key is asked for only while that is locked.
    #[must_use]
    pub fn new(vault: &'a mut Vault, key: Option<&'a InboxKey>, entropy: Arc<dyn Entropy>) -> Self {
        Self { vault, key, entropy }
    }

    fn inbox(&mut self) -> Result<Inbox<'_>, Error> {
        if self.vault.is_unlocked() {
            return Ok(self.vault.inbox()?);
        }
        match self.key {
            Some(key) => Ok(self.vault.inbox_with(key)?),
            None => Err(Error::Vault(crate::vault::Error::Locked)),
        }
    }

    fn unlocked(&self) -> Result<(), Error> {
        if self.vault.is_unlocked() { Ok(()) } else { Err(Error::Vault(crate::vault::Error::Locked)) }
    }
}

/// A step that asks for a signature of a key that is not here.
fn is_elsewhere(step: &Step) -> bool {
    use super::model::KeyPlace;
    matches!(step, Step::Sign { key, .. } if matches!(key.place, KeyPlace::Platform(_)))
}
