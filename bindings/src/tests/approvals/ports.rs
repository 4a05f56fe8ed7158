//! What the ports of a test have in common: a runtime, a clock that the test sets, prompts that fail or wait.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use crate::{Clock, PortError};
use countersign_core::time::UnixTime;

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

/// What a port does with the authenticator while it is called.
pub(crate) type CallsBack = Mutex<Option<Box<dyn Fn() + Send + Sync>>>;

pub(crate) fn call(back: &CallsBack) {
    if let Some(call) = &*back.lock().unwrap() {
        call();
    }
}

/// What a prompt does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prompt {
    Confirms,
    Fails(PortError),
    Hangs,
}
