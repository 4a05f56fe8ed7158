//! What can go wrong at the desk.

use crate::entropy::EntropyError;
use crate::push::native::phone;
use crate::vault;

/// What can go wrong at the desk.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// Of the vault: locked, changed meanwhile, the disk.
    #[error(transparent)]
    Vault(#[from] vault::Error),
    /// Of the protocol.
    #[error(transparent)]
    Protocol(#[from] phone::Error),
    /// No such enrolment.
    #[error("there is no such enrolment")]
    NoEnrollment,
    /// The enrolment has lost its keys: this device has to be enrolled again.
    #[error("this device has to be enrolled again")]
    Renew,
}

impl From<EntropyError> for Error {
    fn from(error: EntropyError) -> Self {
        Self::Vault(error.into())
    }
}
