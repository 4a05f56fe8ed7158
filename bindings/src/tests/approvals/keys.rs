//! A signer and a keystore, whose prompts can fail or wait.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::{DeviceKey, DeviceSigner, KeyAttestation, KeyPurpose, KeyUse, KeyWrapper, PortError, SignPrompt};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};

use super::ports::{CallsBack, Prompt, call};

pub(crate) struct Signer {
    keys: Mutex<BTreeMap<Vec<u8>, (KeyPurpose, SigningKey)>>,
    made: AtomicU8,
    pub(crate) challenges: Mutex<Vec<Option<Vec<u8>>>>,
    pub(crate) prompts: Mutex<Vec<SignPrompt>>,
    pub(crate) prompt: Mutex<Prompt>,
    /// What a deletion does.
    pub(crate) deletes: Mutex<Prompt>,
    pub(crate) attestation: Mutex<Option<KeyAttestation>>,
    pub(crate) calls_back: CallsBack,
    hangs: Mutex<Option<Sender<()>>>,
}

impl Signer {
    pub(crate) fn new() -> Self {
        Self {
            keys: Mutex::default(),
            made: AtomicU8::new(0),
            challenges: Mutex::default(),
            prompts: Mutex::default(),
            prompt: Mutex::new(Prompt::Confirms),
            deletes: Mutex::new(Prompt::Confirms),
            attestation: Mutex::default(),
            calls_back: Mutex::default(),
            hangs: Mutex::default(),
        }
    }

    /// The handles of the keys that are there.
    pub(crate) fn handles(&self) -> Vec<Vec<u8>> {
        self.keys.lock().unwrap().keys().cloned().collect()
    }

    pub(crate) fn hanging(&self) -> Receiver<()> {
        let (to, from) = channel();
        *self.hangs.lock().unwrap() = Some(to);
        from
    }
}

#[async_trait::async_trait]
impl DeviceSigner for Signer {
    async fn make(&self, purpose: KeyPurpose, challenge: Option<Vec<u8>>) -> Result<DeviceKey, PortError> {
        let number = self.made.fetch_add(1, Ordering::SeqCst) + 1;
        let key = SigningKey::from_slice(&[number; 32]).unwrap();
        let public_key = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
        let handle = vec![b'k', number];
        self.keys.lock().unwrap().insert(handle.clone(), (purpose, key));
        self.challenges.lock().unwrap().push(challenge);
        Ok(DeviceKey { handle, public_key, in_hardware: true })
    }

    async fn sign(&self, handle: Vec<u8>, message: Vec<u8>, prompt: Option<SignPrompt>) -> Result<Vec<u8>, PortError> {
        call(&self.calls_back);
        let (purpose, key) = self.keys.lock().unwrap().get(&handle).cloned().ok_or(PortError::KeyGone)?;
        assert_eq!(prompt.is_some(), purpose == KeyPurpose::UserVerification);
        if let Some(prompt) = prompt {
            self.prompts.lock().unwrap().push(prompt);
            let does = *self.prompt.lock().unwrap();
            match does {
                Prompt::Confirms => {}
                Prompt::Fails(error) => return Err(error),
                Prompt::Hangs => {
                    self.hangs.lock().unwrap().as_ref().unwrap().send(()).unwrap();
                    pending().await
                }
            }
        }
        let signature: Signature = key.sign(&message);
        Ok(signature.to_der().as_bytes().to_vec())
    }

    async fn delete(&self, handle: Vec<u8>) -> Result<(), PortError> {
        let does = *self.deletes.lock().unwrap();
        match does {
            Prompt::Confirms => {}
            Prompt::Fails(error) => return Err(error),
            Prompt::Hangs => {
                self.hangs.lock().unwrap().as_ref().unwrap().send(()).unwrap();
                pending().await
            }
        }
        self.keys.lock().unwrap().remove(&handle);
        Ok(())
    }

    async fn attest(&self, handle: Vec<u8>) -> Result<Option<KeyAttestation>, PortError> {
        let purpose = self.keys.lock().unwrap()[&handle].0;
        assert_eq!(purpose, KeyPurpose::UserVerification);
        Ok(self.attestation.lock().unwrap().clone())
    }
}

/// Wraps by a pad; what is wrapped for one use opens for no other.
pub(crate) struct Keystore {
    pub(crate) prompt: Mutex<Prompt>,
    pub(crate) asked: Mutex<Vec<KeyUse>>,
    hangs: Mutex<Option<Sender<()>>>,
}

impl Keystore {
    pub(crate) fn new() -> Self {
        Self { prompt: Mutex::new(Prompt::Confirms), asked: Mutex::default(), hangs: Mutex::default() }
    }

    pub(crate) fn hanging(&self) -> Receiver<()> {
        let (to, from) = channel();
        *self.hangs.lock().unwrap() = Some(to);
        from
    }
}

fn pad(key_use: KeyUse) -> u8 {
    match key_use {
        KeyUse::Slot => 1,
        KeyUse::Inbox => 2,
        KeyUse::PerUse => 3,
    }
}

#[async_trait::async_trait]
impl KeyWrapper for Keystore {
    async fn wrap(&self, key_use: KeyUse, key: Vec<u8>) -> Result<Vec<u8>, PortError> {
        Ok(key.iter().map(|byte| byte ^ pad(key_use)).collect())
    }

    async fn unwrap(&self, key_use: KeyUse, wrapped: Vec<u8>) -> Result<Vec<u8>, PortError> {
        self.asked.lock().unwrap().push(key_use);
        let does = *self.prompt.lock().unwrap();
        if key_use == KeyUse::PerUse {
            match does {
                Prompt::Confirms => {}
                Prompt::Fails(error) => return Err(error),
                Prompt::Hangs => {
                    self.hangs.lock().unwrap().as_ref().unwrap().send(()).unwrap();
                    pending().await
                }
            }
        }
        Ok(wrapped.iter().map(|byte| byte ^ pad(key_use)).collect())
    }
}
