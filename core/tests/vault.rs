//! The vault from outside: what a person can do with it.
#![cfg(feature = "vault")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;

use common::{NOW, TEMPLATE, all, copy, entropy, opened, password, totp, unlock};
use countersign_core::account::Profile;
use countersign_core::otp::Otp;
use countersign_core::vault::{Backup, Cost, Error, Password, RawKey, RecoveryCode, Selection, SlotKind, Vault};

#[test]
fn every_way_to_unlock_opens_the_same_accounts() {
    let (_folder, path) = copy();
    let mut vault = Vault::open(&path, entropy()).unwrap();
    assert!(matches!(vault.accounts(&Selection::default()), Err(Error::Locked)));
    let mut seen = Vec::new();
    vault.unlock_with_password(&password(), NOW).unwrap();
    seen.push(all(&vault));
    vault.lock();
    assert!(!vault.is_unlocked() && matches!(vault.codes(NOW), Err(Error::Locked)));
    vault.unlock_with_recovery(&TEMPLATE.recovery).unwrap();
    seen.push(all(&vault));
    drop(vault);
    seen.push(all(&unlock(&path).unwrap().0));
    let mut ids = TEMPLATE.ids.clone();
    ids.sort_unstable();
    assert!(seen.iter().all(|seen| *seen == ids));
}

#[test]
fn wrong_passwords_are_counted_and_pause() {
    let (_folder, path) = copy();
    let mut vault = Vault::open(&path, entropy()).unwrap();
    let wrong = Password::typed(b"wrong horse".to_vec());
    for remaining in (0..5).rev() {
        let wait_seconds = if remaining == 0 { 30 } else { 0 };
        assert_eq!(vault.unlock_with_password(&wrong, NOW), Err(Error::WrongPassword { remaining, wait_seconds }));
    }
    assert_eq!(vault.unlock_with_password(&password(), NOW), Err(Error::Wait { wait_seconds: 30 }));
    assert_eq!(vault.unlock_with_password(&password(), NOW.plus_seconds(29)), Err(Error::Wait { wait_seconds: 1 }));
    vault.unlock_with_password(&password(), NOW.plus_seconds(30)).unwrap();
    vault.lock();
    assert_eq!(vault.unlock_with_password(&wrong, NOW), Err(Error::WrongPassword { remaining: 4, wait_seconds: 0 }));
}

#[test]
fn another_vaults_keys_open_nothing() {
    let (_folder, path) = copy();
    let mut vault = Vault::open(&path, entropy()).unwrap();
    let other = RecoveryCode::parse("0000-0000-0000-0000-0000-0000-0000-0001-1").unwrap();
    assert_eq!(vault.unlock_with_recovery(&other), Err(Error::WrongRecoveryCode));
    let key = RawKey::from_bytes(&[8; 32]).unwrap();
    assert_eq!(vault.unlock_with_device_key(TEMPLATE.device, &key), Err(Error::UnusableHere));
}

#[test]
fn a_new_password_and_recovery_code_replace_the_old() {
    let (_folder, mut vault) = opened();
    let path = vault.path().to_owned();
    let new = Password::chosen(b"a better horse".to_vec()).unwrap();
    let wrong = Password::typed(b"wrong horse".to_vec());
    assert!(matches!(vault.change_password(Some(&wrong), &new, Cost::LEAST, NOW), Err(Error::WrongPassword { .. })));
    vault.change_password(Some(&password()), &new, Cost::LEAST, NOW).unwrap();
    let code = vault.new_recovery(NOW).unwrap();
    let backup = vault.backup_bytes(NOW).unwrap();
    drop(vault);
    let mut vault = Vault::open(&path, entropy()).unwrap();
    assert!(matches!(vault.unlock_with_password(&password(), NOW), Err(Error::WrongPassword { .. })));
    assert_eq!(vault.unlock_with_recovery(&TEMPLATE.recovery), Err(Error::WrongRecoveryCode));
    assert!(vault.unlock_with_recovery(&code).unwrap().is_clean());
    assert!(vault.unlock_with_password(&new, NOW).unwrap().is_clean());
    assert!(Backup::open_with_password(&backup, &new).is_ok() && Backup::open_with_recovery(&backup, &code).is_ok());
    assert!(matches!(Backup::open_with_password(&backup, &password()), Err(Error::WrongPassword { .. })));
}

#[test]
fn the_last_way_that_needs_no_device_stays() {
    let (_folder, mut vault) = opened();
    let id = |vault: &Vault, kind| vault.slots().unwrap().iter().find(|slot| slot.kind == kind).unwrap().id;
    let password_slot = id(&vault, SlotKind::Password);
    // The recovery code was never typed back, so it does not count.
    assert_eq!(vault.remove_slot(password_slot), Err(Error::LastSlot));
    vault.confirm_recovery(&TEMPLATE.recovery).unwrap();
    vault.remove_slot(password_slot).unwrap();
    let recovery = id(&vault, SlotKind::Recovery);
    assert_eq!(vault.remove_slot(recovery), Err(Error::LastSlot));
    assert_eq!(vault.remove_slot(password_slot), Err(Error::NotFound("way to unlock")));
    let device = id(&vault, SlotKind::Device);
    vault.remove_slot(device).unwrap();
    let report = vault.verify().unwrap();
    assert!(report.is_clean(), "{report:?}");
}

#[test]
fn accounts_are_found_edited_trashed_and_purged() {
    let (_folder, mut vault) = opened();
    let find = |vault: &Vault, search: &str| {
        let selection = Selection { search: search.into(), ..Selection::default() };
        vault.accounts(&selection).unwrap().len()
    };
    assert_eq!((find(&vault, "ISSUER 1"), find(&vault, "issuer 07 somebody"), find(&vault, "nobody")), (10, 1, 0));
    let id = TEMPLATE.ids[3];
    let mut profile = Profile::named("Änderung", "jemand");
    profile.tags = vec!["work".into()];
    profile.favourite = true;
    vault.edit(id, profile.clone(), NOW).unwrap();
    assert_eq!(vault.accounts(&Selection::default()).unwrap()[0].profile, profile);
    assert_eq!(find(&vault, "änderung WORK"), 1);
    let tagged = Selection { tag: Some("work".into()), ..Selection::default() };
    assert_eq!(vault.accounts(&tagged).unwrap()[0].id, id);

    vault.trash(id, NOW).unwrap();
    let trash = Selection { trash: true, ..Selection::default() };
    assert_eq!((find(&vault, "änderung"), vault.accounts(&trash).unwrap().len()), (0, 1));
    assert_eq!(vault.purge(false, NOW.plus_seconds(29 * 86_400)).unwrap(), 0);
    vault.untrash(id).unwrap();
    assert_eq!(find(&vault, "änderung"), 1);
    vault.trash(id, NOW).unwrap();
    assert_eq!(vault.purge(false, NOW.plus_seconds(31 * 86_400)).unwrap(), 1);
    assert!(matches!(vault.account(id), Err(Error::NotFound(_))));
    let report = vault.verify().unwrap();
    assert!(report.is_clean() && report.accounts == 19, "{report:?}");
}

#[test]
fn adding_the_same_account_again_is_refused_unless_asked_for() {
    let (_folder, mut vault) = opened();
    let again = || totp("issuer 03", "SOMEBODY@example.org", &[4; 20]);
    assert_eq!(vault.add(again(), false, NOW), Err(Error::Duplicate(TEMPLATE.ids[3])));
    assert_eq!(all(&vault).len(), 20);
    vault.add(again(), true, NOW).unwrap();
    vault.add(totp("issuer 03", "other", &[4; 20]), false, NOW).unwrap();
    assert_eq!(all(&vault).len(), 22);
}

#[test]
fn a_counter_is_durable_before_its_code_is_seen() {
    let (_folder, mut vault) = opened();
    let id = TEMPLATE.ids[19];
    // RFC 4226, appendix D.
    for code in ["755224", "287082", "359152"] {
        assert_eq!(vault.code(id, NOW).unwrap().code.as_str(), code);
        let (other, _) = unlock(vault.path()).unwrap();
        let Otp::Hotp(stored) = &other.account(id).unwrap().otp else { panic!("not HOTP") };
        assert_eq!(
            stored.code().unwrap().code.as_str(),
            vault.account(id).unwrap().otp.code(NOW).unwrap().code.as_str()
        );
    }
    vault.resync(id, "162583", "399871", 20).unwrap();
    assert_eq!(vault.code(id, NOW).unwrap().code.as_str(), "520489");
    assert_eq!(vault.resync(id, "755224", "287082", 20), Err(Error::NoMatch(20)));
}

#[test]
fn two_openings_of_one_file_see_each_others_commits() {
    let (_folder, mut first) = opened();
    let (mut second, _) = unlock(first.path()).unwrap();
    let id = TEMPLATE.ids[19];
    assert_eq!(first.code(id, NOW).unwrap().code.as_str(), "755224");
    assert_eq!(second.code(id, NOW).unwrap().code.as_str(), "287082");
    let added = second.add(totp("New", "one", b"secret"), false, NOW).unwrap();
    first.refresh().unwrap();
    assert!(first.account(added).is_ok());
    first.trash(added, NOW).unwrap();
    second.refresh().unwrap();
    assert!(second.account(added).unwrap().trashed.is_some());
    assert!(second.verify().unwrap().is_clean());
}

#[test]
fn nothing_stands_in_the_file_in_the_clear() {
    let (_folder, vault) = opened();
    let path = vault.path().to_owned();
    drop(vault);
    let bytes = std::fs::read(&path).unwrap();
    for needle in [&b"Issuer"[..], b"somebody", b"example.org", &[4; 20], b"12345678901234567890", &[0x5a; 32]] {
        assert!(!bytes.windows(needle.len()).any(|window| window == needle), "{needle:?}");
    }
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_alone_and_nothing_is_overwritten() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path) = copy();
    let fresh = path.with_file_name("fresh");
    drop(Vault::create(&fresh, entropy(), &password(), Cost::LEAST, NOW).unwrap());
    assert_eq!(std::fs::metadata(&fresh).unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(Vault::create(&path, entropy(), &password(), Cost::LEAST, NOW), Err(Error::AlreadyThere)));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_counter_that_fails_after_the_commit_leaves_what_is_durable() {
    struct Broken;
    impl countersign_core::vault::platform::Counter for Broken {
        fn read(&self) -> Result<u64, countersign_core::vault::platform::PlatformError> {
            Ok(0)
        }
        fn raise(&self, _to: u64) -> Result<(), countersign_core::vault::platform::PlatformError> {
            Err(countersign_core::vault::platform::PlatformError::Failed)
        }
    }
    let (_folder, mut vault) = opened();
    vault.use_counter(Arc::new(Broken));
    let id = TEMPLATE.ids[19];
    assert!(vault.code(id, NOW).is_err());
    let Otp::Hotp(hotp) = &vault.account(id).unwrap().otp else { panic!("not HOTP") };
    assert_eq!(hotp.counter(), 1, "the next code would have been given twice");
}
