//! Rotation: a new vault key, everything sealed anew, in one step.
#![cfg(all(feature = "vault", unix))]
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test and its child process")]

mod common;

use std::time::Duration;

use common::{NOW, TEMPLATE, all, copy, entropy, hotp, killed, opened, password, tamper, totp, unlock};
use countersign_core::account::Account;
use countersign_core::entropy::random;
use countersign_core::vault::{Backup, Cost, Error, Password, RawKey, RecoveryCode, Selection, SlotKind, Vault};

fn accounts(vault: &Vault) -> Vec<Account> {
    vault.accounts(&Selection::default()).unwrap().into_iter().cloned().collect()
}

#[test]
fn everything_is_there_under_new_keys_and_the_old_ones_open_nothing() {
    let (folder, mut vault) = opened();
    vault.trash(TEMPLATE.ids[3], NOW).unwrap();
    let old_file = {
        let bytes = vault.backup_bytes(NOW).unwrap();
        Backup::open_with_recovery(&bytes, &TEMPLATE.recovery).unwrap();
        bytes
    };
    let before = (accounts(&vault), vault.icon(TEMPLATE.ids[0]).unwrap(), vault.settings().unwrap().clone());
    let new = Password::chosen(b"another horse".to_vec()).unwrap();
    let rotated = vault.rotate(&new, Cost::LEAST, &[], None, NOW).unwrap();
    assert!(rotated.journal_emptied && vault.is_unlocked());
    let path = folder.path().join("vault");
    assert_eq!(std::fs::metadata(path.with_file_name("vault-wal")).unwrap().len(), 0);
    let after = (accounts(&vault), vault.icon(TEMPLATE.ids[0]).unwrap(), vault.settings().unwrap().clone());
    assert!(before == after);
    assert!(vault.verify().unwrap().is_clean());
    // It goes on as before: counters count, accounts come and go.
    vault.code(*TEMPLATE.ids.last().unwrap(), NOW).unwrap();
    vault.add(totp("New", "me", &[77; 20]), false, NOW).unwrap();
    drop(vault);

    let mut vault = Vault::open(&path, entropy()).unwrap();
    let key = RawKey::from_bytes(&TEMPLATE.device_key).unwrap();
    assert_eq!(vault.unlock_with_device_key(TEMPLATE.device, &key), Err(Error::NoSuchSlot));
    assert_eq!(vault.unlock_with_recovery(&TEMPLATE.recovery), Err(Error::WrongRecoveryCode));
    assert!(matches!(vault.unlock_with_password(&password(), NOW), Err(Error::WrongPassword { .. })));
    assert!(vault.unlock_with_password(&new, NOW).unwrap().is_clean());
    assert!(vault.unlock_with_recovery(&rotated.recovery).unwrap().is_clean());
    let recovery = vault.slots().unwrap().into_iter().find(|slot| slot.kind == SlotKind::Recovery).unwrap();
    assert!(!recovery.confirmed);

    // Backups: the old one opens with the old code, a new one with the new code only.
    Backup::open_with_recovery(&old_file, &TEMPLATE.recovery).unwrap();
    let new_file = vault.backup_bytes(NOW).unwrap();
    assert_eq!(Backup::open_with_recovery(&new_file, &TEMPLATE.recovery).err(), Some(Error::WrongRecoveryCode));
    assert_eq!(
        Backup::open_with_recovery(&new_file, &rotated.recovery).unwrap().accounts.len(),
        TEMPLATE.ids.len() + 1
    );
}

#[test]
fn what_was_sealed_before_is_no_longer_in_the_file() {
    let (folder, mut vault) = opened();
    let path = folder.path().join("vault");
    let sealed = |path: &std::path::Path| -> Vec<Vec<u8>> {
        let connection = rusqlite::Connection::open(path).unwrap();
        let mut statement = connection.prepare("SELECT sealed FROM record UNION ALL SELECT sealed FROM icon").unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let old = sealed(&path);
    vault.rotate(&password(), Cost::LEAST, &[], None, NOW).unwrap();
    drop(vault);
    let bytes = std::fs::read(&path).unwrap();
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(old.len() > 20 && old.iter().all(|sealed| !holds(&sealed[..64])));
    // The search does find what is there.
    assert!(sealed(&path).iter().all(|sealed| holds(&sealed[..64])));
}

#[test]
fn another_program_learns_that_the_key_has_changed() {
    let (_folder, path) = copy();
    let (mut one, _) = unlock(&path).unwrap();
    let (mut other, _) = unlock(&path).unwrap();
    let (mut third, _) = unlock(&path).unwrap();
    let (mut fourth, _) = unlock(&path).unwrap();
    one.rotate(&password(), Cost::LEAST, &[], None, NOW).unwrap();
    assert_eq!(other.add(hotp("late"), false, NOW), Err(Error::KeyChanged));
    assert!(!other.is_unlocked());
    assert_eq!(third.refresh(), Err(Error::KeyChanged));
    assert!(!third.is_unlocked());
    assert_eq!(fourth.verify(), Err(Error::KeyChanged));
    assert!(!fourth.is_unlocked());
    // Nothing was lost by the attempts, and the right password opens it again.
    assert!(other.unlock_with_password(&password(), NOW).unwrap().is_clean());
    other.add(hotp("late"), false, NOW).unwrap();
    one.refresh().unwrap();
    assert_eq!(all(&one).len(), TEMPLATE.ids.len() + 1);
}

#[test]
fn a_damaged_vault_is_not_rotated_and_stays_as_it_is() {
    let (_folder, path) = copy();
    tamper(&path, "UPDATE icon SET sealed = zeroblob(300)");
    let (mut vault, report) = unlock(&path).unwrap();
    assert!(report.is_clean(), "unlocking does not read pictures");
    assert_eq!(vault.rotate(&password(), Cost::LEAST, &[], None, NOW).err(), Some(Error::NotAccepted));
    assert!(vault.is_unlocked());
    // A whole check finds the picture; from then on nothing is written until that is accepted.
    assert!(!vault.verify().unwrap().is_clean());
    assert_eq!(vault.add(hotp("new"), true, NOW), Err(Error::NotAccepted));
    drop(vault);
    // The old ways to unlock still do.
    unlock(&path).unwrap();
}

#[test]
fn copies_of_damaged_states_are_listed_and_only_they_are_deleted() {
    let (_folder, path) = copy();
    tamper(&path, "UPDATE record SET sealed = zeroblob(300) WHERE id = (SELECT min(id) FROM record)");
    let (mut vault, report) = unlock(&path).unwrap();
    let copies = vault.copies().unwrap();
    assert_eq!(copies, [report.quarantine.unwrap()]);
    vault.accept_findings().unwrap();
    vault.rotate(&password(), Cost::LEAST, &[], None, NOW).unwrap();
    assert_eq!(vault.copies().unwrap(), copies);
    for other in [path.clone(), path.with_file_name("vault-wal"), path.with_file_name("else.quarantine-1")] {
        assert!(matches!(vault.remove_copy(&other), Err(Error::NotFound(_))));
    }
    assert!(path.exists());
    vault.remove_copy(&copies[0]).unwrap();
    assert!(vault.copies().unwrap().is_empty() && !copies[0].exists());
}

const PATH: &str = "COUNTERSIGN_TEST_ROTATED";

/// The child: rotates for ever, and says each new recovery code. Alone, it does nothing.
#[test]
fn rotating_loop() {
    let Ok(path) = std::env::var(PATH) else { return };
    let mut vault = Vault::open(path.as_ref(), entropy()).unwrap();
    vault.unlock_with_password(&password(), NOW).unwrap();
    for _ in 0..1000 {
        let rotated = vault.rotate(&password(), Cost::LEAST, &[], None, NOW).unwrap();
        println!("\ncode {}", rotated.recovery.show().expose());
    }
}

#[test]
fn kill_9_during_rotations_leaves_the_old_state_or_the_new_one() {
    let (_folder, path) = copy();
    let (vault, _) = unlock(&path).unwrap();
    let before = accounts(&vault);
    drop(vault);
    let mut acknowledged = TEMPLATE.recovery.show().expose().to_owned();
    for round in 0..20 {
        let [moment] = random::<1>(&*entropy()).unwrap();
        let after = Duration::from_millis(200 + u64::from(moment) * 2);
        let said = killed("rotating_loop", &[(PATH, path.as_os_str())], after);
        if let Some(code) = said.iter().rev().find_map(|line| line.strip_prefix("code ")) {
            acknowledged = code.to_owned();
        }
        let mut vault = Vault::open(&path, entropy()).unwrap();
        assert!(vault.unlock_with_password(&password(), NOW).unwrap().is_clean(), "round {round}");
        assert_eq!(accounts(&vault), before, "round {round}");
        assert!(vault.verify().unwrap().is_clean(), "round {round}");
        // The last code that was said opens it, unless one rotation more was durable before it could be said.
        let known = RecoveryCode::parse(&acknowledged).unwrap();
        match vault.unlock_with_recovery(&known) {
            Ok(report) => assert!(report.is_clean()),
            Err(error) => assert_eq!(error, Error::WrongRecoveryCode),
        }
    }
}
