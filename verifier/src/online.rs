//! The online keys in use: read from the store when they changed, ready to sign.

use countersign_core::push::jose::{MessageHash, PublicKey, SoftwareKey, Thumbprint};
use countersign_core::push::native::BaseUrl;
use countersign_core::push::native::messages::{KeyNaming, Message, Metadata};
use countersign_core::time::UnixTime;

use crate::error::Error;
use crate::keyring::{KeyRing, Purpose};
use crate::records::{KeyState, Server};
use crate::store::Version;

/// The verifier's state at one version of its row, its current key opened.
pub(crate) struct Online {
    pub(crate) version: Version,
    pub(crate) state: Server,
    signer: Option<(SoftwareKey, PublicKey, Thumbprint)>,
    listed: Vec<(Thumbprint, PublicKey)>,
}

impl Online {
    pub(crate) fn open(state: Server, version: Version, ring: &KeyRing) -> Result<Self, Error> {
        let (mut signer, mut listed) = (None, Vec::new());
        for key in &state.keys {
            if key.state == KeyState::Prepared {
                continue;
            }
            let public = key.key.public()?;
            listed.push((key.key.thumbprint, public));
            if let (KeyState::Current, Some(sealed)) = (key.state, &key.sealed) {
                let secret = ring.open(Purpose::OnlineKey, &key.key.thumbprint.to_bytes(), sealed)?;
                let secret = secret.expose().try_into().map_err(|_| Error::Message("online key"))?;
                signer = Some((SoftwareKey::from_secret(secret), public, key.key.thumbprint));
            }
        }
        Ok(Self { version, state, signer, listed })
    }

    /// Whether phones accept what this key signed.
    pub(crate) fn lists(&self, key: Thumbprint) -> bool {
        self.listed.iter().any(|(listed, _)| *listed == key)
    }

    /// Whether an old key has been listed for long enough.
    pub(crate) fn is_due(&self, now: UnixTime) -> bool {
        self.state.keys.iter().any(|key| matches!(key.state, KeyState::Old(Some(until)) if until <= now))
    }

    /// The key that signs.
    pub(crate) fn signer(&self) -> Result<Thumbprint, Error> {
        self.signer.as_ref().map(|(_, _, name)| *name).ok_or(Error::NoOnlineKey)
    }

    /// Signs a message.
    pub(crate) fn sign(&self, message: &impl Message) -> Result<(String, MessageHash), Error> {
        let (key, public, _) = self.signer.as_ref().ok_or(Error::NoOnlineKey)?;
        let draft = message.draft(public, KeyNaming::Thumbprint);
        let hash = draft.hash();
        Ok((draft.sign(key), hash))
    }

    /// Metadata as of now, not signed yet.
    pub(crate) fn metadata(&self, base: &BaseUrl, now: UnixTime) -> Metadata {
        Metadata {
            issuer: base.as_str().to_owned(),
            issued: now,
            expires: now.plus_seconds(Metadata::MAX_LIFE),
            sequence: self.state.sequence,
            name: self.state.name.clone(),
            keys: self.listed.iter().map(|(_, key)| *key).collect(),
            require_uv: self.state.require_uv,
            require_hardware: self.state.require_hardware,
        }
    }
}
