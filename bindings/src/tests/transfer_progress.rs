//! Large imports: how far they are, and how they end early. Nothing that listens holds up anything but its own call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::common::{Door, PASSWORD, World, links, secret, world};
use crate::{AccountFilter, ApiError, Authenticator, ImportPreview, Operation, Platform, PortError, Progress};

/// Enough that the work outlasts some reports.
const MANY: u64 = if cfg!(debug_assertions) { 10_000 } else { 100_000 };

fn accounts(authenticator: &Authenticator) -> u64 {
    authenticator.accounts().list(AccountFilter::default()).unwrap().len() as u64
}

fn previewed(world: &World) -> Arc<ImportPreview> {
    let import = world.authenticator().transfer().begin_import();
    import.add_file(links(MANY).as_bytes(), None, None, None).unwrap();
    import.preview(false, None, None).unwrap()
}

/// Keeps what it hears.
#[derive(Default)]
struct Heard(Mutex<Vec<(u64, u64)>>);

impl Progress for Heard {
    fn report(&self, done: u64, total: u64) -> Result<(), PortError> {
        self.0.lock().unwrap().push((done, total));
        Ok(())
    }
}

impl Heard {
    /// Every report is of the same whole, further than the one before; the last and only the last says that all is done.
    fn check(&self) -> usize {
        let heard = self.0.lock().unwrap();
        let (_, total) = heard[0];
        assert!(heard.iter().all(|(_, whole)| *whole == total), "{heard:?}");
        assert!(heard.windows(2).all(|pair| pair[0].0 < pair[1].0), "{heard:?}");
        assert_eq!(heard.last(), Some(&(total, total)));
        heard.len()
    }
}

/// Does something at the first report.
struct Once<F>(AtomicBool, F);

impl<F: Fn() + Send + Sync> Progress for Once<F> {
    fn report(&self, _: u64, _: u64) -> Result<(), PortError> {
        if !self.0.swap(true, Ordering::SeqCst) {
            (self.1)();
        }
        // Whoever fails has heard it all the same.
        Err(PortError::Failed)
    }
}

fn once<F: Fn() + Send + Sync>(act: F) -> Arc<Once<F>> {
    Arc::new(Once(AtomicBool::new(false), act))
}

#[test]
fn ten_thousand_accounts_are_added_and_their_progress_rises() {
    let world = world(Platform::default());
    let import = world.authenticator().transfer().begin_import();
    let (read, compared, written) =
        (Arc::new(Heard::default()), Arc::new(Heard::default()), Arc::new(Heard::default()));
    import.add_file(links(MANY).as_bytes(), None, None, Some(read.clone())).unwrap();
    let preview = import.preview(false, None, Some(compared.clone())).unwrap();
    assert_eq!(preview.chosen(), MANY);
    let imported = preview.apply(None, Some(written.clone())).unwrap();
    assert_eq!(imported.added.len() as u64, MANY);
    assert_eq!(accounts(world.authenticator()), MANY);
    let reports = [read.check(), compared.check(), written.check()];
    assert!(reports[2] > 1, "only the end was told: {reports:?}");
    assert_eq!(written.0.lock().unwrap().last(), Some(&(MANY, MANY)));
}

/// What a call gives that is ended at its first report.
fn ended_by(world: &World, operation: Option<Arc<Operation>>, end: impl Fn() + Send + Sync + 'static) -> ApiError {
    let preview = previewed(world);
    let error = preview.apply(operation, Some(once(end))).unwrap_err();
    // It can be tried again: nothing of the choice is lost.
    assert_eq!(preview.chosen(), MANY);
    error
}

#[test]
fn a_cancelled_import_adds_nothing_and_can_be_tried_again() {
    let world = world(Platform::default());
    let operation = Operation::new();
    let handle = operation.clone();
    let preview = previewed(&world);
    let error = preview.apply(Some(operation), Some(once(move || handle.cancel()))).unwrap_err();
    assert_eq!(error, ApiError::Cancelled { code: "cancelled".into() });
    assert_eq!(accounts(world.authenticator()), 0);
    assert_eq!(world.authenticator().transfer().last_import().unwrap(), None);
    assert!(world.authenticator().verify(None).unwrap().findings.is_empty());
    assert_eq!(preview.apply(None, None).unwrap().added.len() as u64, MANY);
}

#[test]
fn locking_ends_an_import_with_locked_and_shutting_too() {
    let world = world(Platform::default());
    let authenticator = world.authenticator().clone();
    let error = ended_by(&world, None, move || authenticator.lock());
    assert_eq!(error, ApiError::Locked { code: "locked".into() });
    world.authenticator().unlock_with_password(secret(PASSWORD), None).unwrap();
    assert_eq!(accounts(world.authenticator()), 0);
    let authenticator = world.authenticator().clone();
    let error = ended_by(&world, None, move || authenticator.shut());
    assert!(matches!(error, ApiError::Locked { .. }));
}

#[test]
fn an_operation_that_was_cancelled_before_ends_each_step_at_once() {
    let world = world(Platform::default());
    let cancelled = || {
        let operation = Operation::new();
        operation.cancel();
        Some(operation)
    };
    let import = world.authenticator().transfer().begin_import();
    let code = |error: ApiError| error.code().to_owned();
    assert_eq!(import.add_file(links(1).as_bytes(), None, cancelled(), None).map_err(code), Err("cancelled".into()));
    import.add_file(links(1).as_bytes(), None, None, None).unwrap();
    assert_eq!(import.preview(false, cancelled(), None).map(drop).map_err(code), Err("cancelled".into()));
    let preview = import.preview(false, None, None).unwrap();
    assert_eq!(preview.apply(cancelled(), None).map_err(code), Err("cancelled".into()));
    assert_eq!(preview.apply(None, None).unwrap().added.len(), 1);
}

#[test]
fn a_listener_that_hangs_costs_only_its_own_call() {
    let world = world(Platform::default());
    let preview = previewed(&world);
    let (hangs, goes_on) = (Arc::new(Door::default()), Arc::new(Door::default()));
    let (inside, door) = (hangs.clone(), goes_on.clone());
    let progress = once(move || {
        inside.open();
        door.wait();
    });
    std::thread::scope(|scope| {
        let call = scope.spawn(|| preview.apply(None, Some(progress)));
        hangs.wait();
        // Done or not, the core answers everybody else.
        for _ in 0..100 {
            world.authenticator().accounts().codes().unwrap();
        }
        assert!(!call.is_finished());
        goes_on.open();
        assert_eq!(call.join().unwrap().unwrap().added.len() as u64, MANY);
    });
}

#[test]
fn a_listener_may_call_back_in_and_may_panic() {
    let world = world(Platform::default());
    let import = world.authenticator().transfer().begin_import();
    let (inside, authenticator) = (import.clone(), world.authenticator().clone());
    let progress = once(move || {
        assert!(inside.missing_parts().is_empty());
        assert!(authenticator.accounts().list(AccountFilter::default()).is_ok());
    });
    import.add_file(links(MANY).as_bytes(), None, None, Some(progress.clone())).unwrap();
    assert!(progress.0.load(Ordering::SeqCst));
    let preview = import.preview(false, None, Some(once(|| panic!("a listener's own mistake")))).unwrap();
    assert_eq!(preview.chosen(), MANY);
}
