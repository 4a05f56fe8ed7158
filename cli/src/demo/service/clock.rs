//! The service's clock: the system's, and what it was set ahead.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use countersign_core::time::UnixTime;

use crate::terminal;

/// A clock; clones are the same clock.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    /// The moment that it is.
    pub(crate) fn now(&self) -> UnixTime {
        terminal::now().plus_seconds(self.0.load(Ordering::SeqCst))
    }

    /// Sets it ahead by so many seconds more (of a day at most); never back.
    pub(crate) fn ahead(&self, seconds: u32) {
        self.0.fetch_add(i64::from(seconds.min(24 * 3600)), Ordering::SeqCst);
    }
}
