//! What the vault asks of a platform, as traits: a keystore that wraps keys, and a counter that never goes back.

use super::Error;
use super::crypto::RawKey;
use crate::entropy::Entropy;

/// The longest wrapped key in bytes.
const MAX_WRAPPED: usize = 16 * 1024;

/// What a wrapped key is for; a platform guards each differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// Opens the vault; the platform may ask the person, as the person set it.
    Slot,
    /// Opens the inbox key only; never asks anybody.
    Inbox,
    /// Opens the user-verification root; asks the person at each use.
    PerUse,
}

/// Why a platform's keystore did not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlatformError {
    /// The key is gone for good: fingerprints changed, app moved to another phone.
    #[error("the device's key is gone")]
    KeyGone,
    /// The person said no, or did not answer.
    #[error("the person didn't confirm")]
    NotConfirmed,
    /// Anything else.
    #[error("the device's keystore failed")]
    Failed,
}

/// A keystore: Android's, a Secure Enclave, or none (a desktop).
///
/// It never sees the vault key: it wraps a random key of 32 bytes that wraps the vault key, new at each wrap.
pub trait KeyWrapper: Send + Sync {
    /// Makes the bytes that only this device can unwrap, for this purpose.
    ///
    /// # Errors
    /// [`PlatformError`].
    fn wrap(&self, purpose: Purpose, key: &RawKey) -> Result<Vec<u8>, PlatformError>;

    /// Gives back what [`KeyWrapper::wrap`] was given for the same purpose.
    ///
    /// # Errors
    /// [`PlatformError`].
    fn unwrap(&self, purpose: Purpose, wrapped: &[u8]) -> Result<RawKey, PlatformError>;
}

/// A new random key, and what a keystore made of it: the way in which a key of the vault is given to a keystore. By value,
/// so that no keystore is called in the middle of a transaction.
#[derive(Debug)]
pub struct WrappedKey {
    pub(super) purpose: Purpose,
    pub(super) key: RawKey,
    pub(super) wrapped: Vec<u8>,
}

impl WrappedKey {
    /// Draws a key and has it wrapped.
    ///
    /// # Errors
    /// As the keystore says; [`Error::TooLarge`] if what it gives has more than 16 KiB.
    pub fn make(keystore: &dyn KeyWrapper, purpose: Purpose, entropy: &dyn Entropy) -> Result<Self, Error> {
        let key = RawKey::make(entropy)?;
        let wrapped = keystore.wrap(purpose, &key)?;
        Self::new(purpose, key, wrapped)
    }

    /// Of a key that was drawn and wrapped elsewhere: new and random, 32 bytes, used for nothing else.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if what the keystore gave has more than 16 KiB.
    pub fn new(purpose: Purpose, key: RawKey, wrapped: Vec<u8>) -> Result<Self, Error> {
        if wrapped.len() > MAX_WRAPPED {
            return Err(Error::TooLarge { what: "a wrapped key", limit: MAX_WRAPPED });
        }
        Ok(Self { purpose, key, wrapped })
    }
}

/// A number that only rises, kept outside the vault's file, so that an older copy of the file is noticed.
pub trait Counter: Send + Sync {
    /// The highest value that was raised to; 0 in the beginning.
    ///
    /// # Errors
    /// [`PlatformError`].
    fn read(&self) -> Result<u64, PlatformError>;

    /// Raises it to at least this value.
    ///
    /// # Errors
    /// [`PlatformError`].
    fn raise(&self, to: u64) -> Result<(), PlatformError>;
}
