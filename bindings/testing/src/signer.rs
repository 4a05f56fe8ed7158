//! P-256 in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey};

/// Why the signer did not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum TestSignerError {
    /// There is no key with that handle.
    #[error("no such key")]
    NoSuchKey,
    /// No random bytes.
    #[error("no randomness")]
    NoRandomness,
}

/// A key that the signer made.
#[derive(Clone, uniffi::Record)]
pub struct TestKey {
    /// How it is found again.
    pub handle: Vec<u8>,
    /// The public half: 65 bytes, SEC 1 uncompressed.
    pub public_key: Vec<u8>,
}

/// A signer whose keys lie in memory.
#[derive(Default, uniffi::Object)]
pub struct TestSigner(Mutex<HashMap<Vec<u8>, SigningKey>>);

#[uniffi::export]
impl TestSigner {
    /// One without keys.
    #[uniffi::constructor]
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Makes a key.
    ///
    /// # Errors
    /// [`TestSignerError::NoRandomness`].
    pub fn make(&self) -> Result<TestKey, TestSignerError> {
        let key = loop {
            let mut secret = [0; 32];
            getrandom::fill(&mut secret).map_err(|_| TestSignerError::NoRandomness)?;
            // Nearly every 32 bytes are a key.
            if let Ok(key) = SigningKey::from_slice(&secret) {
                break key;
            }
        };
        let public_key = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
        let handle = public_key.iter().skip(1).take(16).copied().collect::<Vec<_>>();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(handle.clone(), key);
        Ok(TestKey { handle, public_key })
    }

    /// Signs the SHA-256 of a message: DER.
    ///
    /// # Errors
    /// [`TestSignerError::NoSuchKey`].
    pub fn sign(&self, handle: Vec<u8>, message: Vec<u8>) -> Result<Vec<u8>, TestSignerError> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = keys.get(&handle).ok_or(TestSignerError::NoSuchKey)?;
        let signature: DerSignature = key.sign(&message);
        Ok(signature.as_bytes().to_vec())
    }

    /// Forgets a key; true if it was there.
    pub fn delete(&self, handle: Vec<u8>) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&handle).is_some()
    }

    /// How many keys there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }
}
