//! The platform's signing keys: made, used, and deleted when nothing needs them any more.

use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_core::push::desk::NewKeys;
use countersign_core::push::model::{Action, KeyHandle, KeyPlace, KeyPurpose, Request};
use countersign_core::push::native::messages::{Attestation, AttestationFormat};
use countersign_core::push::native::phone::OwnKey;
use countersign_core::vault::PushId;

use super::records::unexpected;
use super::walk::Walk;
use crate::running::Run;
use crate::shared::Shared;
use crate::{ApiError, KeyAttestation, SignPrompt, ports};

/// The longest handle in bytes.
const HANDLE: usize = 1024;

/// Handles that nothing needs any more and the signer still has. They lie in memory alone: a key whose handle is lost
/// with it stays with the platform, where it signs nothing.
#[derive(Default)]
pub(crate) struct Orphans(Mutex<Vec<Vec<u8>>>);

impl Orphans {
    fn list(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, handles: impl IntoIterator<Item = Vec<u8>>) {
        let mut list = self.list();
        for handle in handles {
            if !list.contains(&handle) {
                list.push(handle);
            }
        }
    }
}

impl Shared {
    /// Deletes what nothing needs any more. What the signer doesn't delete just now, it is asked for next time.
    pub(super) async fn delete_orphans(&self, run: &Run<'_>) {
        let handles = self.orphans.list().clone();
        let Some(signer) = self.platform().ok().and_then(|platform| platform.device_signer.clone()) else { return };
        // One that was ended waits for nothing any more, and often is why there is something to delete.
        let anew = if run.check().is_err() { self.begin(None).ok() } else { None };
        let run = anew.as_ref().unwrap_or(run);
        for handle in handles {
            match run.wait(signer.delete(handle.clone())).await {
                Ok(Ok(())) => self.orphans.list().retain(|orphan| *orphan != handle),
                Ok(Err(_)) => {}
                Err(_) => return,
            }
        }
    }

    /// The handles that core needs for an enrolment.
    pub(super) fn handles(&self, id: PushId) -> Result<Vec<Vec<u8>>, ApiError> {
        self.with(|core| Ok(core.approvals().platform_handles(id)?))
    }

    /// What an enrolment had before and hasn't any more is deleted.
    pub(super) async fn tidy(&self, run: &Run<'_>, id: PushId, before: Vec<Vec<u8>>) {
        if let Ok(after) = self.handles(id) {
            self.orphans.add(before.into_iter().filter(|handle| !after.contains(handle)));
        }
        self.delete_orphans(run).await;
    }
}

/// Handles of keys that were made for something, until core has stored them.
pub(super) struct Made<'a> {
    shared: &'a Shared,
    handles: Vec<Vec<u8>>,
}

impl<'a> Made<'a> {
    pub(super) const fn none(shared: &'a Shared) -> Self {
        Self { shared, handles: Vec::new() }
    }

    /// Core has them.
    pub(super) fn keep(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.handles)
    }

    pub(super) fn handles(&self) -> &[Vec<u8>] {
        &self.handles
    }
}

impl Drop for Made<'_> {
    fn drop(&mut self) {
        self.shared.orphans.add(self.keep());
    }
}

impl Walk<'_> {
    fn signer(&self) -> Result<std::sync::Arc<dyn ports::DeviceSigner>, ApiError> {
        self.shared.platform()?.device_signer.clone().ok_or_else(|| ApiError::no_port("signer"))
    }

    /// Makes both keys of an enrolment. With a challenge, proof of where they live is asked for.
    pub(super) async fn make_keys(&mut self, challenge: Option<[u8; 32]>) -> Result<NewKeys, ApiError> {
        let signer = self.signer()?;
        let challenge = challenge.map(|challenge| challenge.to_vec());
        let (possession, _) = self.make_key(ports::KeyPurpose::Possession, challenge.clone()).await?;
        let (uv, handle) = self.make_key(ports::KeyPurpose::UserVerification, challenge.clone()).await?;
        let attestation = match challenge {
            Some(_) => self.run.wait(signer.attest(handle)).await??,
            None => None,
        };
        let attestation = attestation.and_then(|attestation| {
            let (format, chain) = match attestation {
                KeyAttestation::AndroidKey { chain } => (AttestationFormat::AndroidKey, chain),
                KeyAttestation::Apple { chain } => (AttestationFormat::Apple, chain),
            };
            // A chain that can't be one is none: the server says whether it wants one.
            let whole = !chain.is_empty() && chain.iter().all(|certificate| !certificate.is_empty());
            whole.then_some(Attestation { format, chain })
        });
        Ok(NewKeys::Platform { possession, uv, attestation })
    }

    async fn make_key(
        &mut self,
        purpose: ports::KeyPurpose,
        challenge: Option<Vec<u8>>,
    ) -> Result<(OwnKey, Vec<u8>), ApiError> {
        let signer = self.signer()?;
        let key = self.run.wait(signer.make(purpose, challenge)).await??;
        self.made.handles.push(key.handle.clone());
        let unusable = |reason: &str| ApiError::Internal { reason: reason.into(), code: "platform-key".into() };
        if key.handle.is_empty() || key.handle.len() > HANDLE {
            return Err(unusable("a key's handle has 1 to 1,024 bytes"));
        }
        let own = OwnKey::platform(&key.public_key, key.handle.clone(), key.in_hardware);
        Ok((own.map_err(|_| unusable("the signer's key is no P-256 key"))?, key.handle))
    }

    /// A signature of a key that the platform has.
    pub(super) async fn sign(
        &self,
        key: KeyHandle,
        message: Vec<u8>,
        asked: Option<Box<Request>>,
    ) -> Result<Vec<u8>, ApiError> {
        let KeyPlace::Platform(handle) = key.place else { return Err(unexpected()) };
        let prompt = (key.purpose == KeyPurpose::UserVerification).then(|| self.prompt(asked));
        Ok(self.run.wait(self.signer()?.sign(handle, message, prompt)).await??)
    }

    fn prompt(&self, asked: Option<Box<Request>>) -> SignPrompt {
        let about = asked.and_then(|request| {
            let Request { action, details, .. } = *request;
            let application = match action {
                Action::SignIn { application } | Action::Transaction { application } => application,
                Action::Question(_) => None,
            };
            application.or_else(|| details.into_iter().next().map(|detail| detail.value))
        });
        SignPrompt { reason: self.reason, server: self.server.clone(), account: self.account.clone(), about }
    }
}
