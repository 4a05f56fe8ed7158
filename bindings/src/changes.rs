//! Who hears of what has changed.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ChangeListener;

/// What has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, uniffi::Enum)]
pub enum Change {
    /// The vault was unlocked, locked, or shut.
    Lock,
    /// Accounts: one added, changed, used, moved to the trash or removed.
    Accounts,
    /// What the person set.
    Settings,
    /// The ways to unlock.
    Slots,
    /// Enrolments for approvals: one added, changed or removed.
    Enrollments,
    /// Requests that wait for an answer.
    Requests,
    /// What was decided.
    History,
}

/// Collects changes while the listener is busy, and tells them once.
#[derive(Default)]
pub(crate) struct Changes(Mutex<State>);

#[derive(Default)]
struct State {
    listener: Option<Arc<dyn ChangeListener>>,
    pending: BTreeSet<Change>,
    telling: bool,
}

impl Changes {
    pub(crate) fn listen(&self, listener: Option<Arc<dyn ChangeListener>>) {
        let before = {
            let mut state = self.state();
            state.pending.clear();
            std::mem::replace(&mut state.listener, listener)
        };
        // Letting go of it calls foreign code.
        drop(before);
    }

    /// Tells the listener; where it is being told just now, by whoever is doing that.
    pub(crate) fn tell(&self, changes: &[Change]) {
        {
            let mut state = self.state();
            if state.listener.is_none() {
                return;
            }
            state.pending.extend(changes);
            if state.telling {
                return;
            }
            state.telling = true;
        }
        let _over = Over(self);
        while let Some((listener, changes)) = self.next() {
            // A listener that fails has heard it all the same: there is nobody to tell.
            let _ = listener.changed(changes);
        }
    }

    fn next(&self) -> Option<(Arc<dyn ChangeListener>, Vec<Change>)> {
        let mut state = self.state();
        match &state.listener {
            Some(listener) if !state.pending.is_empty() => {
                let listener = listener.clone();
                Some((listener, std::mem::take(&mut state.pending).into_iter().collect()))
            }
            // Under the same lock as the look: what comes now is told by whoever brings it.
            _ => {
                state.telling = false;
                None
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// However telling ends: a listener that panics must not keep all later changes from being told.
struct Over<'a>(&'a Changes);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.state().telling = false;
        }
    }
}
