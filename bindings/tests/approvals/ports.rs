//! What a platform gives: a clock that the test sets, a line to the verifier that can fail, a signer and a keystore whose prompts
//! can fail or wait.

use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use countersign_core::time::UnixTime;
use countersign_ffi::{
    Clock, DeviceKey, DeviceSigner, HttpClient, HttpError, HttpRequest, HttpResponse, KeyAttestation, KeyPurpose,
    KeyUse, KeyWrapper, PortError, SignPrompt,
};
use countersign_verifier::Request;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};

use crate::world::{Server, U};

/// Longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(30);

struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future, as a shell's runtime does.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park_timeout(LONG),
        }
    }
}

pub(crate) struct Time(pub(crate) AtomicI64);

impl Time {
    pub(crate) fn now(&self) -> UnixTime {
        UnixTime::from_millis(self.0.load(Ordering::SeqCst))
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for Time {
    fn now_ms(&self) -> Result<i64, PortError> {
        Ok(self.now().millis())
    }
}

/// What becomes of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    Arrives,
    /// It never gets there.
    Fails(HttpError),
    /// It gets there, and the answer is lost.
    AnswerLost,
    /// It gets there, and no answer ever comes.
    Hangs,
    /// Something unsigned comes back.
    Unsigned,
    /// Whoever sends it breaks.
    Panics,
    /// The answer is longer than allowed.
    Long,
}

pub(crate) struct Line {
    pub(crate) server: Arc<Server>,
    time: Arc<Time>,
    /// Of the requests whose URL ends so.
    fate: Mutex<(&'static str, Fate)>,
    pub(crate) seen: Mutex<Vec<HttpRequest>>,
    pub(crate) calls_back: CallsBack,
    hangs: Mutex<Option<Sender<()>>>,
}

/// What a port does with the authenticator while it is called.
pub(crate) type CallsBack = Mutex<Option<Box<dyn Fn() + Send + Sync>>>;

fn call(back: &CallsBack) {
    if let Some(call) = &*back.lock().unwrap() {
        call();
    }
}

impl Line {
    pub(crate) fn new(server: Arc<Server>, time: Arc<Time>) -> Self {
        let (fate, hangs) = (Mutex::new(("", Fate::Arrives)), Mutex::default());
        Self { server, time, fate, seen: Mutex::default(), calls_back: Mutex::default(), hangs }
    }

    pub(crate) fn fate(&self, end: &'static str, fate: Fate) {
        *self.fate.lock().unwrap() = (end, fate);
    }

    /// Hears when a request hangs.
    pub(crate) fn hanging(&self) -> Receiver<()> {
        let (to, from) = channel();
        *self.hangs.lock().unwrap() = Some(to);
        from
    }

    fn deliver(&self, request: &HttpRequest) -> HttpResponse {
        let path = request.url.strip_prefix(U).unwrap();
        let header = |name: &str| request.headers.iter().find(|header| header.name == name);
        let proof: Vec<&str> = header("Proof").iter().map(|header| header.value.as_str()).collect();
        let asked = Request { method: &request.method, path, proof: &proof, body: &request.body };
        let reply = self.server.handle(&asked, self.time.now());
        HttpResponse { status: reply.status, body: reply.body.into_bytes() }
    }
}

#[async_trait::async_trait]
impl HttpClient for Line {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.seen.lock().unwrap().push(request.clone());
        call(&self.calls_back);
        let (end, fate) = *self.fate.lock().unwrap();
        if !request.url.ends_with(end) {
            return Ok(self.deliver(&request));
        }
        match fate {
            Fate::Arrives => Ok(self.deliver(&request)),
            Fate::Fails(error) => Err(error),
            Fate::AnswerLost => {
                self.deliver(&request);
                Err(HttpError::TimedOut)
            }
            Fate::Hangs => {
                self.deliver(&request);
                if let Some(to) = &*self.hangs.lock().unwrap() {
                    to.send(()).unwrap();
                }
                pending().await
            }
            Fate::Unsigned => Ok(HttpResponse { status: 502, body: b"bad gateway".to_vec() }),
            Fate::Panics => panic!("the network breaks"),
            Fate::Long => Ok(HttpResponse { status: 200, body: vec![b'x'; request.longest_answer as usize + 1] }),
        }
    }
}

/// What a prompt does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prompt {
    Confirms,
    Fails(PortError),
    Hangs,
}

pub(crate) struct Signer {
    keys: Mutex<BTreeMap<Vec<u8>, (KeyPurpose, SigningKey)>>,
    made: AtomicU8,
    pub(crate) challenges: Mutex<Vec<Option<Vec<u8>>>>,
    pub(crate) prompts: Mutex<Vec<SignPrompt>>,
    pub(crate) prompt: Mutex<Prompt>,
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
