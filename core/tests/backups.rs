//! Backups: written, read back, kept, restored, and refused.
#![cfg(feature = "vault")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{NOW, TEMPLATE, entropy, opened, password, tamper, unlock};
use countersign_core::vault::{Backup, Cost, Error, FolderSink, Vault};

#[test]
fn a_backup_restores_everything_into_a_new_vault() {
    let (folder, mut vault) = opened();
    vault.trash(TEMPLATE.ids[2], NOW).unwrap();
    let mut sink = FolderSink::new(folder.path());
    let name = vault.backup_to(&mut sink, NOW).unwrap();
    let file = std::fs::read(folder.path().join(name)).unwrap();
    for backup in [
        Backup::open_with_password(&file, &password()).unwrap(),
        Backup::open_with_recovery(&file, &TEMPLATE.recovery).unwrap(),
    ] {
        let path = tempfile::tempdir().unwrap().keep().join("restored");
        let (mut restored, _) = Vault::restore(&path, entropy(), backup, &password(), Cost::LEAST, NOW).unwrap();
        assert_eq!(restored.icon(TEMPLATE.ids[0]).unwrap(), [0x5a; 3000]);
        for id in &TEMPLATE.ids {
            let mut expected = vault.account(*id).unwrap().clone();
            expected.may_be_behind = *id == TEMPLATE.ids[19];
            assert_eq!(restored.account(*id).unwrap(), &expected);
        }
        assert!(restored.verify().unwrap().is_clean());
    }
}

#[test]
fn a_backup_that_is_cut_changed_or_foreign_is_refused() {
    let (_folder, vault) = opened();
    let file = vault.backup_bytes(NOW).unwrap();
    let open = |file: &[u8]| Backup::open_with_recovery(file, &TEMPLATE.recovery).map(drop);
    assert_eq!(open(&file), Ok(()));
    assert_eq!(open(b"PK\x03\x04 something else"), Err(Error::NotABackup));
    for length in (0..file.len()).step_by(61) {
        assert!(open(&file[..length]).is_err(), "cut to {length} bytes");
    }
    for at in (0..file.len()).step_by(37) {
        let mut changed = file.clone();
        changed[at] ^= 0x20;
        assert!(open(&changed).is_err(), "byte {at} changed");
    }
    // Another format number: the header's first field.
    let mut newer = file;
    newer[13] = 2;
    assert_eq!(open(&newer), Err(Error::Newer { found: 2, known: 1 }));
}

fn is_backup(entry: &std::io::Result<std::fs::DirEntry>) -> bool {
    entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "csbackup")
}

#[test]
fn backups_of_other_vaults_and_of_better_days_are_left_alone() {
    let (folder, mut vault) = opened();
    let mut sink = FolderSink::new(folder.path());
    let good = vault.backup_to(&mut sink, NOW).unwrap();
    let path = folder.path().join("another");
    let (mut another, _) = Vault::create(&path, entropy(), &password(), Cost::LEAST, NOW).unwrap();
    let mut settings = another.settings().unwrap().clone();
    settings.backups_kept = 1;
    another.set_settings(settings.clone()).unwrap();
    for day in 1..4 {
        another.backup_to(&mut sink, NOW.plus_seconds(day)).unwrap();
    }
    assert!(folder.path().join(&good).exists(), "another vault's backup was removed");

    vault.set_settings(settings).unwrap();
    let good = vault.backup_to(&mut sink, NOW.plus_seconds(8)).unwrap();
    // Whichever of the two sorts first by name, each has its newest one.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().filter(is_backup).count(), 2);
    let path = vault.path().to_owned();
    drop(vault);
    tamper(&path, &format!("DELETE FROM record WHERE id = x'{}'", TEMPLATE.ids[4]));
    let (mut vault, _) = unlock(&path).unwrap();
    vault.backup_to(&mut sink, NOW.plus_seconds(9)).unwrap();
    assert!(folder.path().join(&good).exists(), "the last whole backup was removed by a damaged vault's");
}

#[test]
fn old_backups_go_only_after_the_new_one_was_read_back() {
    let (folder, mut vault) = opened();
    let mut settings = vault.settings().unwrap().clone();
    settings.backups_kept = 3;
    vault.set_settings(settings).unwrap();
    let mut sink = FolderSink::new(folder.path());
    for day in 0..5 {
        vault.backup_to(&mut sink, NOW.plus_seconds(day * 86_400)).unwrap();
    }
    let count = || std::fs::read_dir(folder.path()).unwrap().filter(is_backup).count();
    assert_eq!(count(), 3);
    // The same moment again: the name is taken, nothing is overwritten or removed.
    assert_eq!(vault.backup_to(&mut sink, NOW.plus_seconds(4 * 86_400)), Err(Error::AlreadyThere));
    assert_eq!(count(), 3);
}
