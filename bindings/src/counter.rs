//! The platform's counter, asked outside of the core's lock: what core reads is what was read before, and what core raises is
//! raised afterwards.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::vault::platform::{self, PlatformError};

use crate::{ApiError, Counter};

/// The counter as core sees it.
pub(crate) struct Mirror {
    /// None once the platform was let go of.
    counter: Mutex<Option<Arc<dyn Counter>>>,
    seen: AtomicU64,
    raised: AtomicU64,
    /// Somebody raises it just now.
    raising: AtomicBool,
}

impl Mirror {
    pub(crate) fn new(counter: Arc<dyn Counter>) -> Arc<Self> {
        Arc::new(Self {
            counter: Mutex::new(Some(counter)),
            seen: AtomicU64::new(0),
            raised: AtomicU64::new(0),
            raising: AtomicBool::new(false),
        })
    }

    /// Reads the platform's counter, before the vault is unlocked.
    pub(crate) fn look(&self) -> Result<(), ApiError> {
        let Some(counter) = self.counter() else { return Ok(()) };
        let value = counter.read()?;
        self.seen.fetch_max(value, Ordering::SeqCst);
        self.raised.fetch_max(value, Ordering::SeqCst);
        Ok(())
    }

    /// Raises the platform's counter to what core has committed. What fails now is raised with the next change: the vault is
    /// as it should be, only the notice of an older copy is a step behind.
    pub(crate) fn follow(&self) {
        // One at a time, and not again from within: a counter that calls back in would be raised for ever. Whoever raises it
        // looks once more afterwards.
        while self.is_behind() && !self.raising.swap(true, Ordering::SeqCst) {
            let seen = self.seen.load(Ordering::SeqCst);
            let is_raised = self.counter().is_some_and(|counter| counter.raise(seen).is_ok());
            if is_raised {
                self.raised.fetch_max(seen, Ordering::SeqCst);
            }
            self.raising.store(false, Ordering::SeqCst);
            if !is_raised {
                return;
            }
        }
    }

    fn is_behind(&self) -> bool {
        self.seen.load(Ordering::SeqCst) > self.raised.load(Ordering::SeqCst)
    }

    /// Lets go of the platform's counter.
    pub(crate) fn release(&self) {
        let counter = self.counter.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(counter);
    }

    fn counter(&self) -> Option<Arc<dyn Counter>> {
        self.counter.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl platform::Counter for Mirror {
    fn read(&self) -> Result<u64, PlatformError> {
        Ok(self.seen.load(Ordering::SeqCst))
    }

    fn raise(&self, to: u64) -> Result<(), PlatformError> {
        self.seen.fetch_max(to, Ordering::SeqCst);
        Ok(())
    }
}
