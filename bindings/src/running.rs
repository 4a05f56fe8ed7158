//! What is being done just now, and how it ends early: by [`Operation::cancel`], or because the vault is locked.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Poll, Waker};

use crate::ApiError;

const GOES_ON: u8 = 0;
const CANCELLED: u8 = 1;
const LOCKED: u8 = 2;

/// Whether something goes on, seen by the one who does it and those who may end it.
#[derive(Default)]
struct Token {
    state: AtomicU8,
    wakers: Mutex<Vec<Waker>>,
}

impl Token {
    fn end(&self, how: u8) {
        // The first reason counts.
        let _ = self.state.compare_exchange(GOES_ON, how, Ordering::SeqCst, Ordering::SeqCst);
        let wakers = std::mem::take(&mut *self.wakers.lock().unwrap_or_else(PoisonError::into_inner));
        wakers.into_iter().for_each(Waker::wake);
    }

    fn check(&self) -> Result<(), ApiError> {
        match self.state.load(Ordering::SeqCst) {
            GOES_ON => Ok(()),
            LOCKED => Err(ApiError::locked()),
            _ => Err(ApiError::cancelled()),
        }
    }

    fn wake_at_end(&self, waker: &Waker) {
        let mut wakers = self.wakers.lock().unwrap_or_else(PoisonError::into_inner);
        if !wakers.iter().any(|known| known.will_wake(waker)) {
            wakers.push(waker.clone());
        }
    }
}

/// A handle on one call, made before it and given to it, with which it can be ended early from another thread.
///
/// A call that ends early gives `Cancelled`, or `Locked` where the vault was locked meanwhile. What a key was derived for or
/// what was signed before is not undone: each call says from where on it can't be ended any more.
#[derive(Default, uniffi::Object)]
pub struct Operation {
    token: Arc<Token>,
}

#[uniffi::export]
impl Operation {
    /// For one call.
    #[uniffi::constructor]
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Ends the call that this was given to; one that has not begun ends at once.
    pub fn cancel(&self) {
        self.token.end(CANCELLED);
    }

    /// Whether [`Operation::cancel`] was called, or the vault locked meanwhile.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.token.check().is_err()
    }
}

/// Everything that is being done.
#[derive(Default)]
pub(crate) struct Running(Mutex<Vec<Weak<Token>>>);

impl Running {
    /// Begins something. It is over when the [`Run`] is dropped.
    pub(crate) fn begin(&self, operation: Option<Arc<Operation>>) -> Result<Run<'_>, ApiError> {
        let token = operation.map(|operation| operation.token.clone()).unwrap_or_default();
        token.check()?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&token));
        Ok(Run { running: self, token })
    }

    /// Ends everything that is being done, with `Locked`.
    pub(crate) fn end_all(&self) {
        let tokens = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        tokens.iter().filter_map(Weak::upgrade).for_each(|token| token.end(LOCKED));
    }
}

/// Something that is being done.
pub(crate) struct Run<'a> {
    running: &'a Running,
    token: Arc<Token>,
}

impl Run<'_> {
    /// Whether it goes on.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        self.token.check()
    }

    /// Waits for something foreign, or for the end. At the end the future is dropped, which cancels it where it runs.
    pub(crate) async fn wait<T>(&self, future: impl Future<Output = T> + Send) -> Result<T, ApiError> {
        let mut future = pin!(future);
        poll_fn(|context| {
            // Registered first, so that no end is missed between the look and the wait.
            self.token.wake_at_end(context.waker());
            if let Err(error) = self.token.check() {
                return Poll::Ready(Err(error));
            }
            future.as_mut().poll(context).map(Ok)
        })
        .await
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        let own = Arc::downgrade(&self.token);
        let mut running = self.running.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = running.iter().position(|token| token.ptr_eq(&own)) {
            running.swap_remove(at);
        }
    }
}
