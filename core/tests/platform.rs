//! The platform's ports, played by a keystore and a counter in memory.
#![cfg(feature = "vault")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use common::{NOW, TEMPLATE, all, copy, entropy, opened, password, totp, unlock};
use countersign_core::vault::platform::{Counter, KeyWrapper, PlatformError, Purpose, WrappedKey};
use countersign_core::vault::{Cost, Error, Finding, Password, RawKey, Selection, SlotKind, Vault};

type Kept = (Purpose, Vec<u8>);

/// A keystore: it hands out handles and keeps the keys, each for one purpose.
#[derive(Default)]
struct Keystore {
    keys: Mutex<HashMap<Vec<u8>, Kept>>,
    /// The person confirms.
    willing: bool,
}

impl KeyWrapper for Keystore {
    fn wrap(&self, purpose: Purpose, key: &RawKey) -> Result<Vec<u8>, PlatformError> {
        let mut keys = self.keys.lock().unwrap();
        let handle = format!("handle {}", keys.len()).into_bytes();
        keys.insert(handle.clone(), (purpose, key.expose().to_vec()));
        Ok(handle)
    }

    fn unwrap(&self, purpose: Purpose, wrapped: &[u8]) -> Result<RawKey, PlatformError> {
        let keys = self.keys.lock().unwrap();
        let (of, key) = keys.get(wrapped).ok_or(PlatformError::KeyGone)?;
        if *of != purpose {
            return Err(PlatformError::Failed);
        }
        if purpose == Purpose::PerUse && !self.willing {
            return Err(PlatformError::NotConfirmed);
        }
        RawKey::from_bytes(key).map_err(|_| PlatformError::Failed)
    }
}

/// Unwraps the one key of this purpose.
fn unwrap(vault: &Vault, keystore: &Keystore, purpose: Purpose) -> Result<RawKey, PlatformError> {
    let keys = vault.wrapped_keys(purpose).unwrap();
    // The template's own device slot is of another keystore.
    let (_, wrapped) = keys.iter().find(|(_, wrapped)| wrapped.starts_with(b"handle")).unwrap();
    keystore.unwrap(purpose, wrapped)
}

fn make(keystore: &Keystore, purpose: Purpose) -> WrappedKey {
    WrappedKey::make(keystore, purpose, &*entropy()).unwrap()
}

#[test]
fn each_purpose_opens_its_own_key_and_no_other() {
    let (_folder, mut vault) = opened();
    let keystore = Keystore { willing: true, ..Keystore::default() };
    let device = vault.add_device(&make(&keystore, Purpose::Slot), NOW).unwrap();
    let inbox = vault.add_device(&make(&keystore, Purpose::Inbox), NOW).unwrap();
    let per_use = make(&keystore, Purpose::PerUse);
    assert!(matches!(vault.add_device(&per_use, NOW), Err(Error::InvalidInput { .. })));
    let root = vault.uv_root(&password(), NOW).unwrap();
    let per_use = vault.add_per_use(&root, &per_use, NOW).unwrap();
    vault.lock();

    let key = |purpose| unwrap(&vault, &keystore, purpose).unwrap();
    let (slot_key, inbox_key, per_use_key) = (key(Purpose::Slot), key(Purpose::Inbox), key(Purpose::PerUse));
    // A locked vault gives the inbox key, always the same, and the root to who was asked.
    assert!(vault.inbox_key(inbox, &inbox_key).unwrap() == vault.inbox_key(inbox, &inbox_key).unwrap());
    assert!(vault.uv_root_with_key(per_use, &per_use_key).unwrap() == root);
    // No key opens another purpose's slot, and no slot is another purpose's.
    assert_eq!(vault.inbox_key(inbox, &slot_key), Err(Error::UnusableHere));
    assert_eq!(vault.uv_root_with_key(per_use, &inbox_key), Err(Error::UnusableHere));
    assert_eq!(vault.uv_root_with_key(device, &slot_key), Err(Error::NoSuchSlot));
    assert_eq!(vault.unlock_with_device_key(inbox, &inbox_key), Err(Error::NoSuchSlot));
    assert_eq!(vault.unlock_with_device_key(device, &per_use_key), Err(Error::UnusableHere));
    vault.unlock_with_device_key(device, &slot_key).unwrap();
    assert_eq!(all(&vault).len(), TEMPLATE.ids.len());
}

#[test]
fn a_person_who_declines_and_a_key_that_is_gone_are_told_apart() {
    let (_folder, mut vault) = opened();
    let keystore = Keystore::default();
    let root = vault.uv_root(&password(), NOW).unwrap();
    vault.add_per_use(&root, &make(&keystore, Purpose::PerUse), NOW).unwrap();
    assert_eq!(unwrap(&vault, &keystore, Purpose::PerUse).err(), Some(PlatformError::NotConfirmed));
    assert_eq!(unwrap(&vault, &Keystore::default(), Purpose::PerUse).err(), Some(PlatformError::KeyGone));
    let wrong = vault.uv_root(&Password::typed(b"wrong horse".to_vec()), NOW);
    assert!(matches!(wrong, Err(Error::WrongApprovalPassword { .. })));
}

#[test]
fn the_root_survives_a_new_password_but_not_a_forgotten_one() {
    let (_folder, mut vault) = opened();
    let keystore = Keystore { willing: true, ..Keystore::default() };
    let root = vault.uv_root(&password(), NOW).unwrap();
    let id = vault.add_per_use(&root, &make(&keystore, Purpose::PerUse), NOW).unwrap();
    let new = Password::chosen(b"another horse".to_vec()).unwrap();
    vault.change_password(Some(&password()), &new, Cost::LEAST, NOW).unwrap();
    assert!(vault.uv_root(&new, NOW).unwrap() == root);
    let key = unwrap(&vault, &keystore, Purpose::PerUse).unwrap();
    assert!(vault.uv_root_with_key(id, &key).unwrap() == root);

    vault.change_password(None, &password(), Cost::LEAST, NOW).unwrap();
    assert!(vault.uv_root(&password(), NOW).unwrap() != root);
    // What opened the old root is gone with it.
    assert_eq!(vault.uv_root_with_key(id, &key), Err(Error::NoSuchSlot));
}

/// A counter that only rises, and that can fail.
#[derive(Default)]
struct Rising(Mutex<(u64, bool)>);

impl Counter for Rising {
    fn read(&self) -> Result<u64, PlatformError> {
        Ok(self.0.lock().unwrap().0)
    }

    fn raise(&self, to: u64) -> Result<(), PlatformError> {
        let mut state = self.0.lock().unwrap();
        if state.1 {
            return Err(PlatformError::Failed);
        }
        state.0 = state.0.max(to);
        Ok(())
    }
}

#[test]
fn a_whole_older_file_is_noticed_by_the_counter_alone() {
    let (_folder, path) = copy();
    let counter = Arc::new(Rising::default());
    let with_counter = || {
        let mut vault = Vault::open(&path, entropy()).unwrap();
        vault.use_counter(counter.clone());
        let key = RawKey::from_bytes(&TEMPLATE.device_key).unwrap();
        let report = vault.unlock_with_device_key(TEMPLATE.device, &key).unwrap();
        (vault, report)
    };
    let old = std::fs::read(&path).unwrap();
    let (mut vault, report) = with_counter();
    assert!(report.is_clean());
    let new = vault.add(totp("New", "me", &[77; 20]), false, NOW).unwrap();
    drop(vault);
    std::fs::write(&path, &old).unwrap();
    // Each row and the manifest of the older file are right: without a counter nothing can be noticed.
    let (vault, report) = unlock(&path).unwrap();
    assert!(report.is_clean() && vault.account(new) == Err(Error::NotFound("account")));
    drop(vault);

    let (mut vault, report) = with_counter();
    assert!(matches!(report.findings[..], [Finding::OlderThanSeen { generation, seen }] if generation < seen));
    assert_eq!(vault.accounts(&Selection::default()).unwrap().len(), TEMPLATE.ids.len());
    // It opens, read-only until the person accepts.
    assert_eq!(vault.add(totp("Other", "me", &[78; 20]), false, NOW), Err(Error::NotAccepted));
    vault.accept_findings().unwrap();
    vault.add(totp("Other", "me", &[78; 20]), false, NOW).unwrap();
    drop(vault);
    let (_vault, report) = with_counter();
    assert!(report.is_clean(), "{report:?}");
}

#[test]
fn a_counter_that_fails_costs_no_account() {
    let (_folder, path) = copy();
    let counter = Arc::new(Rising::default());
    let (mut vault, _) = unlock(&path).unwrap();
    vault.use_counter(counter.clone());
    counter.0.lock().unwrap().1 = true;
    assert_eq!(vault.add(totp("New", "me", &[77; 20]), false, NOW), Err(Error::Platform(PlatformError::Failed)));
    drop(vault);
    let (vault, report) = unlock(&path).unwrap();
    assert!(report.is_clean());
    assert_eq!(vault.accounts(&Selection::default()).unwrap().len(), TEMPLATE.ids.len() + 1);
}

#[test]
fn a_rotation_takes_new_keys_of_the_keystore() {
    let (_folder, mut vault) = opened();
    let keystore = Keystore { willing: true, ..Keystore::default() };
    let root = vault.uv_root(&password(), NOW).unwrap();
    let inbox = vault.add_device(&make(&keystore, Purpose::Inbox), NOW).unwrap();
    let inbox_key = unwrap(&vault, &keystore, Purpose::Inbox).unwrap();
    let old_inbox = vault.inbox_key(inbox, &inbox_key).unwrap();

    let keystore = Keystore { willing: true, ..Keystore::default() };
    let fresh: Vec<_> =
        [Purpose::Slot, Purpose::Inbox, Purpose::PerUse].iter().map(|purpose| make(&keystore, *purpose)).collect();
    vault.rotate(&password(), Cost::LEAST, &fresh, None, NOW).unwrap();
    let kinds: Vec<_> = vault.slots().unwrap().iter().map(|slot| slot.kind).collect();
    assert_eq!(kinds.len(), 5);
    for kind in [SlotKind::Password, SlotKind::Recovery, SlotKind::Device, SlotKind::Inbox, SlotKind::PerUse] {
        assert!(kinds.contains(&kind));
    }
    let slot_of = |purpose| vault.wrapped_keys(purpose).unwrap().first().unwrap().0;
    let key = |purpose| unwrap(&vault, &keystore, purpose).unwrap();
    assert!(vault.uv_root_with_key(slot_of(Purpose::PerUse), &key(Purpose::PerUse)).unwrap() != root);
    assert!(vault.inbox_key(slot_of(Purpose::Inbox), &key(Purpose::Inbox)).unwrap() != old_inbox);
    let (device, device_key) = (slot_of(Purpose::Slot), key(Purpose::Slot));
    vault.lock();
    assert!(vault.unlock_with_device_key(device, &device_key).unwrap().is_clean());
}
