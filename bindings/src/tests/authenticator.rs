//! The authenticator: unlocking, keys of a keystore, rotation, backups, what is told and what ends early.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use super::common::{
    Door, Mood, NOW, PASSWORD, TestClock, TestCounter, TestKeystore, TestSink, World, block_on, secret, world,
};
use crate::{
    ApiError, Authenticator, Change, ChangeListener, FileKey, Finding, Operation, Platform, PortError, Settings,
    SlotKind, create_vault, restore_backup, salvage_vault,
};

fn code(error: Option<ApiError>) -> String {
    error.map(|error| error.code().to_owned()).unwrap_or_default()
}

fn with_keystore() -> (World, Arc<TestKeystore>) {
    let keystore = TestKeystore::new();
    let world = world(Platform { key_wrapper: Some(keystore.clone()), ..Platform::default() });
    (world, keystore)
}

#[test]
fn a_new_vault_opens_with_its_password_and_with_nothing_else() {
    let world = world(Platform::default());
    let authenticator = world.authenticator();
    assert!(authenticator.is_unlocked() && !authenticator.is_read_only());
    authenticator.lock();
    authenticator.lock();
    assert!(!authenticator.is_unlocked());
    let wrong = authenticator.unlock_with_password(secret("wrong horse"), None).unwrap_err();
    assert_eq!(
        wrong,
        ApiError::WrongPassword { remaining: 4, wait_seconds: 0, before_erasing: None, code: "wrong-password".into() }
    );
    assert!(authenticator.unlock_with_password(secret(PASSWORD), None).unwrap().findings.is_empty());
    let again = create_vault(world.path(), secret(PASSWORD), Platform::default(), None).err();
    assert_eq!(code(again), "file-exists");
    let weak = create_vault(world.path() + "2", secret("short"), Platform::default(), None).err();
    assert_eq!(code(weak), "weak-password");
    let none = Authenticator::open(world.path() + "3", Platform::default()).err();
    assert_eq!(code(none), "no-vault");
}

#[test]
fn a_recovery_code_counts_after_a_part_of_it_was_typed_back() {
    let world = world(Platform::default());
    let (authenticator, recovery) = (world.authenticator(), &world.new.recovery);
    let shown = recovery.show();
    let groups: Vec<_> = shown.split('-').collect();
    let confirmed = || {
        let slots = authenticator.slots().unwrap();
        slots.into_iter().find(|slot| slot.kind == SlotKind::Recovery).unwrap().confirmed
    };
    let confirm = |group, typed| authenticator.confirm_recovery_code(recovery.clone(), group, secret(typed));
    assert_eq!(code(confirm(3, groups[3]).err()), "group-mistyped");
    assert_eq!(code(confirm(0, groups[0]).err()), "group-mistyped");
    assert!(!confirmed());
    confirm(3, groups[2]).unwrap();
    assert!(confirmed());

    authenticator.lock();
    authenticator.unlock_with_recovery_code(secret(&shown.to_lowercase()), None).unwrap();
    let newer = authenticator.new_recovery_code().unwrap();
    assert_eq!(code(confirm(1, groups[0]).err()), "recovery-code-wrong");
    authenticator.lock();
    let old = authenticator.unlock_with_recovery_code(secret(&shown), None).err();
    assert_eq!(code(old), "recovery-code-wrong");
    let mistyped = authenticator.unlock_with_recovery_code(secret(&shown[1..]), None).err();
    assert_eq!(code(mistyped), "recovery-code-mistyped");
    authenticator.unlock_with_recovery_code(secret(&newer.show()), None).unwrap();
    authenticator.change_password(None, secret("another horse"), None).unwrap();
    authenticator.lock();
    authenticator.unlock_with_password(secret("another horse"), None).unwrap();
    let wrong = authenticator.change_password(Some(secret(PASSWORD)), secret("third horse"), None).err();
    assert_eq!(code(wrong), "wrong-password");
}

#[test]
fn a_keystore_unlocks_and_says_when_it_can_not() {
    let (world, keystore) = with_keystore();
    let authenticator = world.authenticator();
    let before = block_on(authenticator.unlock_with_device(None)).err();
    assert_eq!(code(before), "no-such-slot");
    block_on(authenticator.add_device_unlock(None)).unwrap();
    block_on(authenticator.add_device_unlock(None)).unwrap();
    let devices = authenticator.slots().unwrap().iter().filter(|slot| slot.kind == SlotKind::Device).count();
    assert_eq!(devices, 1, "the second took the place of the first");
    authenticator.lock();
    for (mood, expected) in [(Mood::Declines, "not-confirmed"), (Mood::LostItsKeys, "device-key-gone")] {
        keystore.set(mood);
        assert_eq!(code(block_on(authenticator.unlock_with_device(None)).err()), expected);
        assert!(!authenticator.is_unlocked());
    }
    keystore.set(Mood::Works);
    block_on(authenticator.unlock_with_device(None)).unwrap();
    assert!(authenticator.is_unlocked());
    let without = self::world(Platform::default());
    assert_eq!(code(block_on(without.authenticator().add_device_unlock(None)).err()), "no-port");
}

#[test]
fn a_rotation_makes_every_way_anew_and_the_old_ones_open_nothing() {
    let (world, _) = with_keystore();
    let authenticator = world.authenticator();
    block_on(authenticator.add_device_unlock(None)).unwrap();
    block_on(authenticator.add_inbox_key(None)).unwrap();
    block_on(authenticator.add_per_use_key(secret(PASSWORD), None)).unwrap();
    let wrong = block_on(authenticator.add_per_use_key(secret("wrong horse"), None)).err();
    assert_eq!(code(wrong), "wrong-approval-password");
    let before = authenticator.slots().unwrap();
    let rotated = block_on(authenticator.rotate(secret("fresh horse"), None)).unwrap();
    let after = authenticator.slots().unwrap();
    assert_eq!(after.len(), before.len());
    assert!(after.iter().all(|slot| before.iter().all(|old| old.id != slot.id)));
    authenticator.lock();
    assert!(authenticator.may_poll(), "the inbox went on with its new key");
    assert_eq!(code(authenticator.unlock_with_password(secret(PASSWORD), None).err()), "wrong-password");
    let old = authenticator.unlock_with_recovery_code(secret(&world.new.recovery.show()), None).err();
    assert_eq!(code(old), "recovery-code-wrong");
    block_on(authenticator.unlock_with_device(None)).unwrap();
    authenticator.lock();
    authenticator.unlock_with_recovery_code(secret(&rotated.recovery.show()), None).unwrap();
    authenticator.close_inbox();
    assert!(!authenticator.may_poll());
    block_on(authenticator.open_inbox(None)).unwrap();
    assert!(authenticator.may_poll() && !authenticator.is_unlocked());
}

#[test]
fn backups_are_kept_as_given_and_only_then_older_ones_go() {
    let world = world(Platform::default());
    let authenticator = world.authenticator();
    let settings = Settings { backups_kept: 2, ..authenticator.settings().unwrap() };
    authenticator.set_settings(settings).unwrap();
    let sink = Arc::new(TestSink::default());
    *sink.calls_back.lock().unwrap() = Some(authenticator.clone());
    for minute in 0..3 {
        world.clock.0.store(NOW + minute * 60_000, Ordering::SeqCst);
        authenticator.backup_to(sink.clone(), None).unwrap();
    }
    assert_eq!(sink.files.lock().unwrap().len(), 2);
    sink.corrupts.store(true, Ordering::SeqCst);
    world.clock.0.store(NOW + 600_000, Ordering::SeqCst);
    assert_eq!(code(authenticator.backup_to(sink.clone(), None).err()), "backup-not-kept");
    assert_eq!(sink.files.lock().unwrap().len(), 3, "nothing older was removed for it");

    let file = authenticator.backup_bytes().unwrap();
    let restore = |file: &[u8], key: &str, name: &str| {
        let key = FileKey::Password { password: secret(key) };
        let platform = Platform { least_password_work: true, ..Platform::default() };
        restore_backup(world.path() + name, file, key, secret("restored horse"), platform, None)
    };
    assert_eq!(code(restore(&file, "wrong horse", "r").err()), "wrong-password");
    assert_eq!(code(restore(&file[..file.len() - 1], PASSWORD, "r").err()), "backup-damaged");
    assert_eq!(code(restore(b"CSBACKUQ", PASSWORD, "r").err()), "not-a-backup");
    let restored = restore(&file, PASSWORD, "r").unwrap();
    assert_eq!(restored.authenticator.settings().unwrap().backups_kept, 2);
    let platform = Platform { least_password_work: true, ..Platform::default() };
    let key = FileKey::Recovery { code: secret(&restored.recovery.show()) };
    let salvaged = salvage_vault(world.path() + "r", key, world.path() + "s", secret("salvaged horse"), platform, None);
    assert!(salvaged.unwrap().report.is_some_and(|report| report.findings.is_empty()));
}

#[derive(Default)]
struct Listener {
    heard: Mutex<Vec<Vec<Change>>>,
    calls_back: Mutex<Option<Arc<Authenticator>>>,
    door: Option<Arc<Door>>,
}

impl ChangeListener for Listener {
    fn changed(&self, changes: Vec<Change>) -> Result<(), PortError> {
        self.heard.lock().unwrap().push(changes);
        if let Some(authenticator) = self.calls_back.lock().unwrap().take() {
            let settings = authenticator.settings().unwrap();
            authenticator.set_settings(settings).unwrap();
        }
        if let Some(door) = &self.door {
            door.wait();
        }
        Err(PortError::Failed)
    }
}

#[test]
fn a_listener_may_call_back_and_fail_and_hears_everything() {
    let world = world(Platform::default());
    let authenticator = world.authenticator();
    let listener = Arc::new(Listener::default());
    *listener.calls_back.lock().unwrap() = Some(authenticator.clone());
    authenticator.listen(Some(listener.clone()));
    authenticator.new_recovery_code().unwrap();
    authenticator.lock();
    let heard = listener.heard.lock().unwrap().clone();
    assert_eq!(heard, [vec![Change::Slots], vec![Change::Settings], vec![Change::Lock]]);
}

#[test]
fn a_listener_that_hangs_costs_its_own_call_and_hears_the_rest_at_once() {
    let world = world(Platform::default());
    let authenticator = world.authenticator();
    let door = Arc::new(Door::default());
    let listener = Arc::new(Listener { door: Some(door.clone()), ..Listener::default() });
    authenticator.listen(Some(listener.clone()));
    std::thread::scope(|scope| {
        let hanging = scope.spawn(|| authenticator.new_recovery_code().map(drop));
        while listener.heard.lock().unwrap().is_empty() {
            std::thread::yield_now();
        }
        for _ in 0..3 {
            authenticator.set_settings(authenticator.settings().unwrap()).unwrap();
        }
        authenticator.lock();
        assert_eq!(listener.heard.lock().unwrap().len(), 1);
        door.open();
        hanging.join().unwrap().unwrap();
    });
    let heard = listener.heard.lock().unwrap().clone();
    assert_eq!(heard, [vec![Change::Slots], vec![Change::Lock, Change::Settings]]);
}

/// Panics when it is told, and uses the authenticator when it is let go of.
struct Careless(Arc<Authenticator>);

impl ChangeListener for Careless {
    fn changed(&self, _: Vec<Change>) -> Result<(), PortError> {
        panic!("as a listener may")
    }
}

impl Drop for Careless {
    fn drop(&mut self) {
        self.0.listen(None);
    }
}

#[test]
fn a_listener_that_panics_or_calls_back_when_it_is_let_go_of_costs_no_later_one() {
    let world = world(Platform::default());
    let authenticator = world.authenticator();
    authenticator.listen(Some(Arc::new(Careless(authenticator.clone()))));
    let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| authenticator.new_recovery_code().map(drop)));
    assert!(told.is_err());
    let (sender, over) = std::sync::mpsc::channel();
    let other = authenticator.clone();
    std::thread::spawn(move || {
        other.listen(None);
        sender.send(()).unwrap();
    });
    over.recv_timeout(std::time::Duration::from_secs(20)).expect("it is let go of outside of the lock");
    let listener = Arc::new(Listener::default());
    authenticator.listen(Some(listener.clone()));
    authenticator.lock();
    assert_eq!(listener.heard.lock().unwrap().clone(), [vec![Change::Lock]]);
}

#[test]
fn an_older_file_is_noticed_and_a_counter_that_fails_costs_no_change() {
    let counter = Arc::new(TestCounter::default());
    let world = world(Platform { counter: Some(counter.clone()), ..Platform::default() });
    let authenticator = world.authenticator();
    let settings = authenticator.settings().unwrap();
    authenticator.set_settings(settings.clone()).unwrap();
    authenticator.shut();
    let old = std::fs::read(world.path()).unwrap();
    let platform = || Platform { counter: Some(counter.clone()), least_password_work: true, ..Platform::default() };
    let authenticator = Authenticator::open(world.path(), platform()).unwrap();
    authenticator.unlock_with_password(secret(PASSWORD), None).unwrap();
    counter.fails.store(true, Ordering::SeqCst);
    let before = counter.value.load(Ordering::SeqCst);
    authenticator.set_settings(settings.clone()).unwrap();
    assert_eq!(counter.value.load(Ordering::SeqCst), before);
    counter.fails.store(false, Ordering::SeqCst);
    authenticator.set_settings(settings.clone()).unwrap();
    assert_eq!(counter.value.load(Ordering::SeqCst), before + 2, "what failed was made up for");
    authenticator.shut();
    std::fs::write(world.path(), old).unwrap();
    let authenticator = Authenticator::open(world.path(), platform()).unwrap();
    let report = authenticator.unlock_with_password(secret(PASSWORD), None).unwrap();
    assert!(matches!(report.findings[..], [Finding::OlderThanSeen { .. }]), "{report:?}");
    assert_eq!(code(authenticator.set_settings(settings).err()), "not-accepted");
    authenticator.accept_findings().unwrap();
    assert!(authenticator.verify(None).unwrap().findings.is_empty());
    let copies = authenticator.quarantine_copies().unwrap();
    assert_eq!(report.quarantine.as_ref(), copies.first());
    authenticator.remove_quarantine_copy(copies[0].clone()).unwrap();
    assert!(authenticator.quarantine_copies().unwrap().is_empty());
}

#[test]
fn what_waits_for_the_keystore_ends_when_it_is_cancelled_or_the_vault_is_locked() {
    let (world, keystore) = with_keystore();
    let authenticator = world.authenticator();
    block_on(authenticator.add_device_unlock(None)).unwrap();
    let hang = |end: &(dyn Fn(&Operation) + Sync)| {
        keystore.set(Mood::Hangs);
        keystore.dropped.store(false, Ordering::SeqCst);
        let operation = Operation::new();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| block_on(authenticator.add_device_unlock(Some(operation.clone()))));
            std::thread::sleep(std::time::Duration::from_millis(20));
            end(&operation);
            let error = waiting.join().unwrap().err();
            assert!(keystore.dropped.load(Ordering::SeqCst), "what the keystore did was cancelled");
            code(error)
        })
    };
    assert_eq!(hang(&|operation| operation.cancel()), "cancelled");
    assert_eq!(hang(&|_| authenticator.lock()), "locked");
    keystore.set(Mood::Works);
    block_on(authenticator.unlock_with_device(None)).unwrap();

    let cancelled = Operation::new();
    cancelled.cancel();
    assert_eq!(code(authenticator.verify(Some(cancelled.clone())).err()), "cancelled");
    assert_eq!(code(authenticator.unlock_with_password(secret(PASSWORD), Some(cancelled)).err()), "cancelled");
}

#[test]
fn a_shut_authenticator_says_so_and_lets_go_of_its_platform() {
    let (keystore, counter) = (TestKeystore::new(), Arc::new(TestCounter::default()));
    let platform =
        Platform { key_wrapper: Some(keystore.clone()), counter: Some(counter.clone()), ..Platform::default() };
    let world = world(platform);
    let authenticator = world.authenticator();
    authenticator.shut();
    authenticator.shut();
    authenticator.lock();
    assert_eq!((Arc::strong_count(&keystore), Arc::strong_count(&counter)), (1, 1));
    assert_eq!(Arc::strong_count(&world.clock), 1);
    assert!(!authenticator.is_unlocked() && !authenticator.may_poll() && authenticator.is_read_only());
    assert_eq!(code(authenticator.settings().err()), "shut");
    assert_eq!(code(authenticator.slots().err()), "shut");
    assert_eq!(code(authenticator.accounts().codes().err()), "shut");
    assert_eq!(code(authenticator.unlock_with_password(secret(PASSWORD), None).err()), "shut");
    assert_eq!(code(block_on(authenticator.unlock_with_device(None)).err()), "shut");
}

#[test]
fn locking_under_many_threads_gives_answers_or_locked_and_nothing_else() {
    let world = world(Platform::default());
    let authenticator = world.authenticator();
    let accounts = authenticator.accounts();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    match accounts.codes() {
                        Ok(codes) => assert!(codes.is_empty()),
                        Err(error) => assert_eq!(error.code(), "locked"),
                    }
                }
            });
        }
        for _ in 0..3 {
            authenticator.lock();
            authenticator.unlock_with_password(secret(PASSWORD), None).unwrap();
        }
    });
}

#[test]
fn a_clock_of_the_platform_that_fails_is_said() {
    struct Broken;
    impl crate::Clock for Broken {
        fn now_ms(&self) -> Result<i64, PortError> {
            Err(PortError::Failed)
        }
    }
    let world = world(Platform::default());
    world.authenticator().shut();
    let platform = Platform { clock: Some(Arc::new(Broken)), ..Platform::default() };
    let authenticator = Authenticator::open(world.path(), platform).unwrap();
    let error = authenticator.unlock_with_password(secret(PASSWORD), None).err();
    assert_eq!(code(error), "platform-failed");
    let _ = TestClock::at(NOW);
}
