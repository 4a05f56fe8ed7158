//! The verifier: a store, keys, and the rules over them. No clock, no network: the time comes in with each call.

use std::sync::{Arc, PoisonError, RwLock};

use countersign_core::entropy::{Entropy, SystemEntropy, random};
use countersign_core::push::MessageError;
use countersign_core::push::jose::{SoftwareKey, Thumbprint};
use countersign_core::push::shown::{NAME, is_shown};
use countersign_core::time::UnixTime;

use crate::config::{Attestor, Config, Identity, Profile};
use crate::error::{Error, ManageError};
use crate::key_cache::KeyCache;
use crate::keyring::{KeyRing, Purpose};
use crate::limiter::Limiter;
use crate::online::Online;
use crate::records::{KeyState, OnlineKey, Record, Server, StoredKey};
use crate::store::{Key, Kind, Logged, Store, StoreError};
use crate::work::{Work, attempt};

/// A relying party's half of the protocol. Calls may come from many threads; several processes may share a store.
pub struct Verifier<S> {
    pub(crate) store: S,
    pub(crate) ring: KeyRing,
    pub(crate) entropy: Box<dyn Entropy>,
    pub(crate) config: Config,
    pub(crate) identity: Identity,
    pub(crate) attestor: Option<Box<dyn Attestor>>,
    pub(crate) requests: Limiter,
    pub(crate) keys: KeyCache,
    online: RwLock<Option<Arc<Online>>>,
}

impl<S> std::fmt::Debug for Verifier<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("base", &self.config.base).finish_non_exhaustive()
    }
}

impl<S: Store> Verifier<S> {
    /// Opens a verifier over its store. In a store that is new, an online key is made and `profile` is what metadata says;
    /// otherwise the store's own is. With an [`Identity::Elsewhere`] a new store signs nothing until metadata that lists its
    /// key ([`Verifier::prepare_online_key`]) is published.
    ///
    /// # Errors
    /// [`ManageError::Metadata`] for a name that may not be shown; [`ManageError::Internal`].
    pub fn open(
        store: S,
        ring: KeyRing,
        config: Config,
        identity: Identity,
        profile: &Profile,
    ) -> Result<Self, ManageError> {
        Self::open_with(store, ring, config, identity, profile, Box::new(SystemEntropy::new()))
    }

    /// As [`Verifier::open`], with another source of randomness.
    ///
    /// # Errors
    /// As [`Verifier::open`].
    pub fn open_with(
        store: S,
        ring: KeyRing,
        config: Config,
        identity: Identity,
        profile: &Profile,
        entropy: Box<dyn Entropy>,
    ) -> Result<Self, ManageError> {
        if !is_shown(&profile.name, NAME) {
            return Err(ManageError::Metadata(MessageError::Malformed("name")));
        }
        let (attestor, requests, keys, online) = (None, Limiter::default(), KeyCache::default(), RwLock::new(None));
        let verifier = Self { store, ring, entropy, config, identity, attestor, requests, keys, online };
        attempt::<(), ManageError>(&verifier.store, |work| {
            if work.load::<Server>(b"")?.is_none() {
                let held = matches!(verifier.identity, Identity::Held(_));
                let state = if held { KeyState::Current } else { KeyState::Prepared };
                let server = Server {
                    sequence: u64::from(held),
                    name: profile.name.clone(),
                    require_uv: profile.require_uv,
                    require_hardware: profile.require_hardware,
                    keys: vec![verifier.make_online_key(state)?],
                    published: None,
                };
                save_server(work, &server)?;
            }
            Ok(Ok(()))
        })?;
        Ok(verifier)
    }

    /// With a judge of hardware keys.
    #[must_use]
    pub fn with_attestor(mut self, attestor: Box<dyn Attestor>) -> Self {
        self.attestor = Some(attestor);
        self
    }

    /// `k` of invitations: the identity key's thumbprint.
    #[must_use]
    pub fn identity(&self) -> Thumbprint {
        self.identity.thumbprint()
    }

    /// How it was configured.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Its store.
    #[must_use]
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// Its key ring.
    #[must_use]
    pub const fn key_ring(&self) -> &KeyRing {
        &self.ring
    }

    /// Reads the log behind event number `after` (0: from the first). Whoever tells owners ([`crate::store::Event::is_notice`])
    /// remembers the number of the last event that it has told.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn events(&self, after: u64, limit: usize) -> Result<Vec<Logged>, Error> {
        Ok(self.store.events(after, limit)?)
    }

    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], Error> {
        Ok(random(self.entropy.as_ref())?)
    }

    pub(crate) fn seal(&self, purpose: Purpose, whose: &[u8], secret: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.ring.seal(purpose, whose, secret, self.entropy.as_ref())?)
    }

    pub(crate) fn make_online_key(&self, state: KeyState) -> Result<OnlineKey, Error> {
        let key = SoftwareKey::make(self.entropy.as_ref())?;
        let stored = StoredKey::of(&key.public());
        let sealed = self.seal(Purpose::OnlineKey, &stored.thumbprint.to_bytes(), &*key.secret())?;
        Ok(OnlineKey { key: stored, sealed: Some(sealed), state })
    }

    /// The state of the verifier as the store has it now; old keys whose time is over are dropped first.
    pub(crate) fn online(&self, now: UnixTime) -> Result<Arc<Online>, Error> {
        let online = self.read_online()?;
        if matches!(self.identity, Identity::Held(_)) && online.is_due(now) {
            attempt::<(), Error>(&self.store, |work| {
                if let Some(mut server) = work.load::<Server>(b"")? {
                    let before = server.keys.len();
                    server.keys.retain(|key| !matches!(key.state, KeyState::Old(Some(until)) if until <= now));
                    if server.keys.len() < before {
                        server.sequence = server.sequence.saturating_add(1);
                        save_server(work, &server)?;
                    }
                }
                Ok(Ok(()))
            })?;
            return self.read_online();
        }
        Ok(online)
    }

    fn read_online(&self) -> Result<Arc<Online>, Error> {
        let row = self.store.get(&Key::new(Kind::Server, b""))?.ok_or(StoreError::Damaged("server"))?;
        let cached = self.online.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(online) = cached.filter(|online| online.version == row.version) {
            return Ok(online);
        }
        let online = Arc::new(Online::open(Server::from_bytes(&row.bytes)?, row.version, &self.ring)?);
        *self.online.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&online));
        Ok(online)
    }
}

pub(crate) fn save_server(work: &mut Work<'_>, server: &Server) -> Result<(), Error> {
    work.put(Kind::Server, b"", server.to_bytes(), None, None)
}
