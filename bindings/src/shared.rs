//! The core behind its lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use countersign_core::authenticator::Authenticator;
use countersign_core::entropy::{Entropy, SystemEntropy};
use countersign_core::time::UnixTime;
use countersign_core::vault::{Cost, Vault};

use crate::approvals::Orphans;
use crate::changes::Changes;
use crate::counter::Mirror;
use crate::running::{Run, Running};
use crate::{ApiError, Change, Operation, Platform};

/// What an authenticator and its desks have in common.
pub(crate) struct Shared {
    core: Mutex<Option<Authenticator>>,
    /// None once it is shut.
    platform: Mutex<Option<Arc<Platform>>>,
    entropy: Arc<dyn Entropy>,
    counter: Option<Arc<Mirror>>,
    running: Running,
    pub(crate) changes: Changes,
    pub(crate) orphans: Orphans,
}

/// The randomness of every authenticator.
pub(crate) fn entropy() -> Arc<dyn Entropy> {
    Arc::new(SystemEntropy::new())
}

/// The moment, by the platform's clock.
#[expect(clippy::disallowed_methods, reason = "the clock of every shell that gives none of its own")]
pub(crate) fn now(platform: &Platform) -> Result<UnixTime, ApiError> {
    if let Some(clock) = &platform.clock {
        return Ok(UnixTime::from_millis(clock.now_ms()?));
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(UnixTime::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
}

/// How much work a new password takes.
#[expect(clippy::disallowed_methods, reason = "core measures the work of a password with the clock that is given here")]
pub(crate) fn cost(platform: &Platform) -> Result<Cost, ApiError> {
    if platform.least_password_work {
        return Ok(Cost::LEAST);
    }
    let start = Instant::now();
    Ok(Cost::calibrate(&|| start.elapsed())?)
}

impl Shared {
    /// Over a vault that was made or opened.
    pub(crate) fn new(mut vault: Vault, platform: Platform, entropy: Arc<dyn Entropy>) -> Arc<Self> {
        let counter = platform.counter.clone().map(Mirror::new);
        if let Some(counter) = &counter {
            vault.use_counter(counter.clone());
        }
        Arc::new(Self {
            core: Mutex::new(Some(Authenticator::new(vault, entropy.clone()))),
            platform: Mutex::new(Some(Arc::new(platform))),
            entropy,
            counter,
            running: Running::default(),
            changes: Changes::default(),
            orphans: Orphans::default(),
        })
    }

    /// Begins something that can be ended early.
    pub(crate) fn begin(&self, operation: Option<Arc<Operation>>) -> Result<Run<'_>, ApiError> {
        self.running.begin(operation)
    }

    /// Does something with the core. Nothing foreign may be called in `work`.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Authenticator) -> Result<T, ApiError>) -> Result<T, ApiError> {
        let value = {
            let mut core = self.core();
            work(core.as_mut().ok_or_else(ApiError::shut)?)
        };
        if let Some(counter) = &self.counter {
            counter.follow();
        }
        value
    }

    /// As [`Shared::with`], and tells what has changed if it went well.
    pub(crate) fn change<T>(
        &self,
        changes: &[Change],
        work: impl FnOnce(&mut Authenticator) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let value = self.with(work)?;
        self.changes.tell(changes);
        Ok(value)
    }

    pub(crate) fn platform(&self) -> Result<Arc<Platform>, ApiError> {
        let platform = self.platform.lock().unwrap_or_else(PoisonError::into_inner);
        platform.clone().ok_or_else(ApiError::shut)
    }

    pub(crate) fn now(&self) -> Result<UnixTime, ApiError> {
        now(&*self.platform()?)
    }

    pub(crate) fn cost(&self) -> Result<Cost, ApiError> {
        cost(&*self.platform()?)
    }

    pub(crate) fn entropy(&self) -> &Arc<dyn Entropy> {
        &self.entropy
    }

    /// Reads the platform's counter, before the vault is unlocked.
    pub(crate) fn look_at_counter(&self) -> Result<(), ApiError> {
        self.counter.as_ref().map_or(Ok(()), |counter| counter.look())
    }

    /// Ends everything that is being done, and forgets every key and secret; with `inbox`, that of the inbox too.
    pub(crate) fn lock(&self, inbox: bool) {
        self.running.end_all();
        if let Some(core) = self.core().as_mut() {
            if inbox { core.close_inbox() } else { core.lock() }
        }
        self.changes.tell(&[Change::Lock]);
    }

    /// Locks, closes the file and lets go of the platform.
    pub(crate) fn shut(&self) {
        self.running.end_all();
        drop(self.core().take());
        let platform = self.platform.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(platform);
        if let Some(counter) = &self.counter {
            counter.release();
        }
        self.changes.tell(&[Change::Lock]);
        self.changes.listen(None);
    }

    /// After a panic inside of core its state can't be trusted: the vault is locked, and unlocking reads it anew.
    fn core(&self) -> MutexGuard<'_, Option<Authenticator>> {
        self.core.lock().unwrap_or_else(|poisoned| {
            let mut core = poisoned.into_inner();
            if let Some(core) = core.as_mut() {
                core.close_inbox();
            }
            self.core.clear_poison();
            core
        })
    }
}
