//! How a platform hears how far a long call is, and how the call is ended early.

use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use countersign_core::watch::Watch;

use crate::running::Run;
use crate::{ApiError, Progress};

/// Between two reports.
const PAUSE: Duration = Duration::from_millis(50);

/// Does long work that ends early with its run. `progress` is called by a thread of its own, which ends before this returns: so
/// whoever is slow to listen holds up neither the work nor any lock, only this call. At the end, if all went well, it hears once
/// that all is done.
pub(crate) fn watched<T>(
    run: &Run<'_>,
    progress: Option<Arc<dyn Progress>>,
    work: impl FnOnce(Watch<'_>) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let so_far = SoFar::default();
    let watch = |done, total| {
        so_far.set(done, total);
        if run.check().is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let value = match progress {
        None => work(&watch),
        Some(progress) => thread::scope(|scope| {
            // Without a thread nothing is told, and the work is done all the same.
            let teller = thread::Builder::new().spawn_scoped(scope, || so_far.tell(&*progress)).ok();
            let mut ending = Ending { so_far: &so_far, well: false };
            let value = work(&watch);
            ending.well = value.is_ok();
            drop(ending);
            // A listener that panics has heard what it has heard.
            let _ = teller.map(thread::ScopedJoinHandle::join);
            value
        }),
    };
    // Core knows only that it was stopped; the run knows why.
    value.map_err(|error| match run.check() {
        Err(why) if error == ApiError::cancelled() => why,
        _ => error,
    })
}

/// How far the work is.
#[derive(Default)]
struct SoFar {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Clone, Copy, Default)]
struct State {
    done: u64,
    total: u64,
    /// Over, and whether it went well.
    end: Option<bool>,
}

impl SoFar {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, done: u64, total: u64) {
        let mut state = self.state();
        (state.done, state.total) = (done, total);
    }

    /// Tells it, until the end.
    fn tell(&self, progress: &dyn Progress) {
        let mut told = 0;
        loop {
            let now = self.pause();
            // A listener that fails has heard it all the same: there is nobody to tell.
            match now.end {
                Some(true) => {
                    let _ = progress.report(now.total, now.total);
                    return;
                }
                Some(false) => return,
                // That all is done is said when it is durable.
                None if told < now.done && now.done < now.total => {
                    told = now.done;
                    let _ = progress.report(now.done, now.total);
                }
                None => {}
            }
        }
    }

    /// How far it is after the pause, or at the end.
    fn pause(&self) -> State {
        let waited = self.ended.wait_timeout_while(self.state(), PAUSE, |state| state.end.is_none());
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *state
    }
}

/// Tells the end however the work ends: a panic must not leave the thread waiting.
struct Ending<'a> {
    so_far: &'a SoFar,
    well: bool,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.so_far.state().end = Some(self.well);
        self.so_far.ended.notify_all();
    }
}
