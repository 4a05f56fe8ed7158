//! Whom to ask, and when.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_core::push::desk;
use countersign_core::time::UnixTime;

use super::Approvals;
use super::requests::enrollment_id;
use crate::ApiError;
use crate::shared::Shared;

/// Decides whom to ask, and when: at once when the app comes to the foreground, every few seconds while it can be seen,
/// never in the background but by wake-up; by hand always. A few servers at a time, so that a slow one delays no other.
/// It lies in memory; losing it loses nothing.
///
/// The app asks it who is due ([`Poller::take`]), polls each ([`Approvals::poll`]), says that it came back
/// ([`Poller::done`]), and asks again, at the latest at [`Poller::next_due_ms`].
#[derive(uniffi::Object)]
pub struct Poller {
    shared: Arc<Shared>,
    core: Mutex<desk::Poller>,
}

#[uniffi::export]
impl Approvals {
    /// A new poller: nothing is visible yet, nobody is asked. One for an app is enough.
    #[must_use]
    pub fn poller(&self) -> Arc<Poller> {
        Arc::new(Poller { shared: self.shared.clone(), core: Mutex::default() })
    }
}

#[uniffi::export]
impl Poller {
    /// The app came to the foreground, or was unlocked: everybody is asked at once. Blocks: reads the disk.
    ///
    /// # Errors
    /// `Locked`, `Storage`; what is known of enrolments is as it was.
    pub fn shown(&self) -> Result<(), ApiError> {
        let now = self.shared.now()?;
        self.core().shown(now);
        self.refresh(now)
    }

    /// The app can't be seen any more: nobody is asked but by wake-up or by hand.
    pub fn hidden(&self) {
        self.core().hidden();
    }

    /// The person asks for everything now. Blocks: reads the disk.
    ///
    /// # Errors
    /// As [`Poller::shown`].
    pub fn pull(&self) -> Result<(), ApiError> {
        let now = self.shared.now()?;
        self.refresh(now)?;
        self.core().pull(now);
        Ok(())
    }

    /// An enrolment is to be asked now: woken, or answered just now. Blocks: reads the disk.
    ///
    /// # Errors
    /// As [`Poller::shown`]; `InvalidInput` (`not-an-id`).
    pub fn wake(&self, enrollment: String) -> Result<(), ApiError> {
        let (id, now) = (enrollment_id(&enrollment)?, self.shared.now()?);
        self.refresh(now)?;
        self.core().wake(id, now);
        Ok(())
    }

    /// Whom to ask now, the longest due first. Each of them is on its way until [`Poller::done`]. Blocks: reads the
    /// disk.
    ///
    /// # Errors
    /// As [`Poller::shown`]; nobody is on the way then.
    pub fn take(&self) -> Result<Vec<String>, ApiError> {
        let now = self.shared.now()?;
        self.refresh(now)?;
        Ok(self.core().take(now).iter().map(ToString::to_string).collect())
    }

    /// A poll is over; whether the server has said anything. After failures it is asked again after 8, 16, … 60
    /// seconds.
    ///
    /// # Errors
    /// `InvalidInput` (`not-an-id`); what the clock of the platform fails with.
    pub fn done(&self, enrollment: String, came_back: bool) -> Result<(), ApiError> {
        let (id, now) = (enrollment_id(&enrollment)?, self.shared.now()?);
        self.core().done(id, came_back, now);
        Ok(())
    }

    /// When somebody is due next, by this device's clock, if anybody is.
    #[must_use]
    pub fn next_due_ms(&self) -> Option<i64> {
        self.core().next().map(UnixTime::millis)
    }
}

impl Poller {
    fn core(&self) -> MutexGuard<'_, desk::Poller> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the enrolments that there are. Those of a restored backup can't be asked.
    fn refresh(&self, now: UnixTime) -> Result<(), ApiError> {
        let known = self.shared.with(|core| Ok(core.approvals().enrollments(now)?))?;
        let alive = known.iter().filter(|known| known.status.is_some());
        self.core().know(alive.map(|known| (known.id, known.host.as_str())), now);
        Ok(())
    }
}
