//! What the vault asks of a platform, as traits: a keystore that wraps keys, and a counter that never goes back.

use super::crypto::RawKey;

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
