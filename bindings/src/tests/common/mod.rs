//! What the tests of the bindings share: a vault in a temporary folder, an executor, and platforms in memory.

use std::collections::HashMap;
use std::fmt::Write;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crate::{
    Authenticator, BackupSink, Clock, Counter, KeyUse, KeyWrapper, NewVault, Platform, PortError, SecretInput,
    create_vault,
};

/// 2027, in milliseconds.
pub const NOW: i64 = 1_800_000_000_000;
pub const PASSWORD: &str = "correct horse";

pub fn secret(text: &str) -> Arc<SecretInput> {
    SecretInput::new(text.as_bytes())
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread. Nothing in a test waits for longer than half a minute.
#[expect(clippy::disallowed_methods, reason = "a bound on waiting")]
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        assert!(Instant::now() < end, "nothing woke it");
        std::thread::park_timeout(Duration::from_secs(1));
    }
}

/// A future that never is ready, and tells when it was dropped.
pub struct Never(pub Arc<AtomicBool>);

impl Future for Never {
    type Output = ();

    fn poll(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl Drop for Never {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A clock that stands until it is set.
pub struct TestClock(pub AtomicI64);

impl TestClock {
    pub fn at(now: i64) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(now)))
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> Result<i64, PortError> {
        Ok(self.0.load(Ordering::SeqCst))
    }
}

/// What a keystore in memory does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Works,
    Declines,
    LostItsKeys,
    Hangs,
}

/// A keystore: wraps by an xor with a mask of its own, which is as good as any for a test.
pub struct TestKeystore {
    pub mood: Mutex<Mood>,
    pub asked: AtomicU64,
    pub dropped: Arc<AtomicBool>,
    mask: u8,
}

impl TestKeystore {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            mood: Mutex::new(Mood::Works),
            asked: AtomicU64::new(0),
            dropped: Arc::new(AtomicBool::new(false)),
            mask: 0x5a,
        })
    }

    pub fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    async fn mask(&self, key_use: KeyUse, bytes: Vec<u8>) -> Result<Vec<u8>, PortError> {
        if key_use == KeyUse::PerUse {
            self.asked.fetch_add(1, Ordering::SeqCst);
        }
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Works => Ok(bytes.into_iter().map(|byte| byte ^ self.mask).collect()),
            Mood::Declines => Err(PortError::NotConfirmed),
            Mood::LostItsKeys => Err(PortError::KeyGone),
            Mood::Hangs => {
                Never(self.dropped.clone()).await;
                Err(PortError::Failed)
            }
        }
    }
}

#[async_trait::async_trait]
impl KeyWrapper for TestKeystore {
    async fn wrap(&self, key_use: KeyUse, key: Vec<u8>) -> Result<Vec<u8>, PortError> {
        self.mask(key_use, key).await
    }

    async fn unwrap(&self, key_use: KeyUse, wrapped: Vec<u8>) -> Result<Vec<u8>, PortError> {
        self.mask(key_use, wrapped).await
    }
}

/// A counter in memory.
#[derive(Default)]
pub struct TestCounter {
    pub value: AtomicU64,
    pub fails: AtomicBool,
}

impl Counter for TestCounter {
    fn read(&self) -> Result<u64, PortError> {
        Ok(self.value.load(Ordering::SeqCst))
    }

    fn raise(&self, value: u64) -> Result<(), PortError> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(PortError::Failed);
        }
        self.value.fetch_max(value, Ordering::SeqCst);
        Ok(())
    }
}

/// A place for backups in memory.
#[derive(Default)]
pub struct TestSink {
    pub files: Mutex<HashMap<String, Vec<u8>>>,
    /// Keeps something else than it was given.
    pub corrupts: AtomicBool,
    /// Is used while the sink writes.
    pub calls_back: Mutex<Option<Arc<Authenticator>>>,
}

impl BackupSink for TestSink {
    fn write(&self, name: String, bytes: Vec<u8>) -> Result<(), PortError> {
        if let Some(authenticator) = &*self.calls_back.lock().unwrap() {
            assert!(authenticator.settings().is_ok());
        }
        let mut bytes = bytes;
        if self.corrupts.load(Ordering::SeqCst) {
            bytes[100] ^= 1;
        }
        self.files.lock().unwrap().insert(name, bytes);
        Ok(())
    }

    fn read(&self, name: String) -> Result<Vec<u8>, PortError> {
        self.files.lock().unwrap().get(&name).cloned().ok_or(PortError::Failed)
    }

    fn list(&self) -> Result<Vec<String>, PortError> {
        Ok(self.files.lock().unwrap().keys().cloned().collect())
    }

    fn remove(&self, name: String) -> Result<(), PortError> {
        self.files.lock().unwrap().remove(&name).map(drop).ok_or(PortError::Failed)
    }
}

/// A door that stays shut until it is opened.
#[derive(Default)]
pub struct Door(Mutex<bool>, Condvar);

impl Door {
    pub fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }

    pub fn wait(&self) {
        let open = self.0.lock().unwrap();
        let (open, _) = self.1.wait_timeout_while(open, Duration::from_secs(30), |open| !*open).unwrap();
        assert!(*open, "nobody opened the door");
    }
}

/// A vault in a folder of its own.
pub struct World {
    pub folder: tempfile::TempDir,
    pub new: NewVault,
    pub clock: Arc<TestClock>,
}

impl World {
    pub fn path(&self) -> String {
        self.folder.path().join("vault").to_str().unwrap().to_owned()
    }

    pub fn authenticator(&self) -> &Arc<Authenticator> {
        &self.new.authenticator
    }
}

/// A new, unlocked vault over this platform, whose clock is the test's.
pub fn world(platform: Platform) -> World {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::at(NOW);
    let platform = Platform { clock: Some(clock.clone()), least_password_work: true, ..platform };
    let path = folder.path().join("vault").to_str().unwrap().to_owned();
    let new = create_vault(path, secret(PASSWORD), platform, None).unwrap();
    World { folder, new, clock }
}

/// So many accounts as links, one a line, with secrets of their own.
pub fn links(count: u64) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        let secret = data_encoding::BASE32_NOPAD.encode(&[[7; 12].as_slice(), &number.to_be_bytes()].concat());
        writeln!(text, "otpauth://totp/Site%20{number}:ann?secret={secret}&issuer=Site%20{number}").unwrap();
        text
    })
}
