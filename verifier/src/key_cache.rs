//! Public keys of phones, decoded once: finding the point of a compressed key costs as much as a twentieth of a sign-in.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use countersign_core::push::jose::{PublicKey, Thumbprint};

use crate::records::StoredKey;
use crate::store::StoreError;

/// The most keys remembered; then all are forgotten and decoded anew.
const MAX_KEYS: usize = 100_000;

/// By thumbprint, which is the key's own hash: an entry can't be another key's.
#[derive(Debug, Default)]
pub(crate) struct KeyCache(RwLock<HashMap<Thumbprint, PublicKey>>);

impl KeyCache {
    /// The key itself.
    pub(crate) fn public(&self, key: &StoredKey) -> Result<PublicKey, StoreError> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key.thumbprint).copied();
        if let Some(public) = known {
            return Ok(public);
        }
        let public = key.public()?;
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MAX_KEYS {
            keys.clear();
        }
        keys.insert(key.thumbprint, public);
        Ok(public)
    }
}
