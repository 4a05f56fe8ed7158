//! Salvage: the database's structure is destroyed, and what stands in it is found all the same.
#![cfg(feature = "vault")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::Path;

use common::{NOW, TEMPLATE, copy, entropy, opened, password, tamper, totp, unlock};
use countersign_core::account::Account;
use countersign_core::vault::platform::{Purpose, WrappedKey};
use countersign_core::vault::{Cost, Error, Finding, Incoming, Password, RawKey, Salvage, Salvaged, Selection, Vault};

const PAGE: usize = 4096;

fn accounts(vault: &Vault) -> Vec<Account> {
    sorted(vault.all_accounts().unwrap().cloned().collect())
}

fn sorted(mut accounts: Vec<Account>) -> Vec<Account> {
    accounts.sort_unstable_by_key(|account| account.id);
    accounts
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    std::fs::write(path, bytes).unwrap();
}

fn salvage(path: &Path) -> Result<Salvaged, Error> {
    let before = std::fs::read(path).unwrap();
    let key = RawKey::from_bytes(&TEMPLATE.device_key).unwrap();
    let salvaged = Salvage::read(path)?.open_with_device_key(TEMPLATE.device, &key);
    assert!(std::fs::read(path).unwrap() == before, "salvage only reads");
    salvaged
}

/// A vault with a few things of each kind: a long note (several pages), pictures, settings, the trash.
fn full() -> (tempfile::TempDir, std::path::PathBuf, Vec<Account>) {
    let (folder, mut vault) = opened();
    let id = |index: usize| *TEMPLATE.ids.get(index).unwrap();
    let mut profile = vault.account(id(2)).unwrap().profile.clone();
    profile.note = "long ".repeat(3000);
    vault.edit(id(2), profile, NOW).unwrap();
    vault.set_icon(id(5), Some(&[0x77; 120_000])).unwrap();
    vault.trash(id(7), NOW).unwrap();
    vault.set_settings(countersign_core::vault::Settings { trash_days: 9, ..Default::default() }).unwrap();
    // A slot so long that SQLite keeps more than the least of it in its first page.
    let key = RawKey::from_bytes(&[4; 32]).unwrap();
    vault.add_device(&WrappedKey::new(Purpose::Slot, key, vec![7; 4600]).unwrap(), NOW).unwrap();
    let before = accounts(&vault);
    let path = folder.path().join("vault");
    (folder, path, before)
}

#[test]
fn without_the_first_page_nothing_is_missing() {
    let (_folder, path, before) = full();
    // All that SQLite knows of the tables.
    change(&path, |bytes| bytes[..PAGE].fill(0));
    assert!(matches!(Vault::open(&path, entropy()), Err(Error::NotAVault | Error::NoVault | Error::Damaged(_))));
    let salvaged = salvage(&path).unwrap();
    assert!(salvaged.report.is_clean(), "{:?}", salvaged.report);
    assert_eq!(sorted(salvaged.content.accounts.clone()), before);
    assert_eq!(salvaged.content.settings.trash_days, 9);
    let picture = salvaged.content.icons.iter().find(|(id, _)| *id == *TEMPLATE.ids.get(5).unwrap());
    assert_eq!(picture.unwrap().1, [0x77; 120_000]);

    // The password and the recovery code find the same; a wrong one is told.
    let found = Salvage::read(&path).unwrap();
    assert_eq!(found.open_with_password(&password()).unwrap().content.accounts.len(), before.len());
    assert_eq!(found.open_with_recovery(&TEMPLATE.recovery).unwrap().content.accounts.len(), before.len());
    let wrong = Password::typed(b"wrong horse".to_vec());
    assert!(matches!(found.open_with_password(&wrong), Err(Error::WrongPassword { .. })));

    // And it becomes a vault again.
    let new = path.with_file_name("new");
    let (vault, _) = Vault::restore(&new, entropy(), salvaged.content, &password(), Cost::LEAST, NOW).unwrap();
    let same = |account: &Account| Account { may_be_behind: false, ..account.clone() };
    assert_eq!(accounts(&vault).iter().map(same).collect::<Vec<_>>(), before);
}

#[test]
fn each_destroyed_page_costs_no_more_than_what_stood_in_it() {
    let (_folder, path, before) = full();
    let bytes = std::fs::read(&path).unwrap();
    let per_page = PAGE / 300;
    let mut lost_any = false;
    for page in 0..bytes.len() / PAGE {
        change(&path, |bytes| bytes[page * PAGE..(page + 1) * PAGE].fill(0xa5));
        let salvaged = salvage(&path).unwrap();
        let found = salvaged.content.accounts;
        assert!(found.iter().all(|account| before.contains(account)), "page {page}: an account that never was");
        let lost = before.len() - found.len();
        assert!(lost <= per_page, "page {page}: {lost} lost");
        let named = salvaged.report.findings.iter().any(|finding| match finding {
            Finding::Missing { count, .. } => *count >= u64::try_from(lost).unwrap(),
            Finding::NoProof => true,
            _ => false,
        });
        assert!(lost == 0 || named, "page {page}: {:?}", salvaged.report);
        lost_any |= lost > 0;
        std::fs::write(&path, &bytes).unwrap();
    }
    assert!(lost_any, "no page held an account");
}

#[test]
fn a_file_cut_short_gives_what_is_left() {
    let (_folder, path, before) = full();
    let whole = std::fs::read(&path).unwrap();
    let mut found = Vec::new();
    for eighths in (0..8).rev() {
        std::fs::write(&path, &whole[..whole.len() * eighths / 8]).unwrap();
        match salvage(&path) {
            Ok(salvaged) => {
                assert!(salvaged.content.accounts.iter().all(|account| before.contains(account)));
                assert!(!salvaged.report.is_clean());
                found.push(salvaged.content.accounts.len());
            }
            Err(error) => assert_eq!(error, Error::NotAVault, "{eighths}"),
        }
    }
    assert!(found.first().is_some_and(|most| *most > 0) && found.is_sorted_by(|more, less| more >= less), "{found:?}");
}

#[test]
fn what_was_committed_to_the_journal_only_is_found() {
    let (folder, path) = copy();
    let (mut vault, _) = unlock(&path).unwrap();
    let new = vault.add(totp("New", "me", &[77; 20]), false, NOW).unwrap();
    vault.remove_all(&[*TEMPLATE.ids.first().unwrap()]).unwrap();
    let late = vault.add(totp("Late", "me", &[78; 20]), false, NOW).unwrap();
    let note = "long ".repeat(3000);
    let long = countersign_core::account::Profile { note, ..vault.account(late).unwrap().profile.clone() };
    vault.edit(late, long, NOW).unwrap();
    // As after a crash: the journal is not merged.
    let crashed = folder.path().join("crashed");
    std::fs::copy(&path, &crashed).unwrap();
    std::fs::copy(path.with_file_name("vault-wal"), crashed.with_file_name("crashed-wal")).unwrap();
    let before = accounts(&vault);
    drop(vault);
    for destroyed in [&[][..], &[0], &[0, 1]] {
        let broken = folder.path().join("broken");
        std::fs::copy(&crashed, &broken).unwrap();
        std::fs::copy(crashed.with_file_name("crashed-wal"), broken.with_file_name("broken-wal")).unwrap();
        for page in destroyed {
            change(&broken, |bytes| bytes[page * PAGE..(page + 1) * PAGE].fill(0));
        }
        let salvaged = salvage(&broken).unwrap();
        let ids: Vec<_> = salvaged.content.accounts.iter().map(|account| account.id).collect();
        assert!(ids.contains(&new) && ids.contains(&late));
        assert!(salvaged.report.is_clean() || !destroyed.is_empty(), "{:?}", salvaged.report);
        if salvaged.report.is_clean() {
            assert_eq!(sorted(salvaged.content.accounts), before);
        }
    }
}

#[test]
fn a_removed_account_does_not_come_back_and_an_old_version_only_where_the_new_one_is_gone() {
    let (_folder, path) = copy();
    let (mut vault, _) = unlock(&path).unwrap();
    let (gone, edited) = (*TEMPLATE.ids.first().unwrap(), *TEMPLATE.ids.get(1).unwrap());
    vault.remove_all(&[gone]).unwrap();
    vault.edit(edited, countersign_core::account::Profile::named("Edited", "me"), NOW).unwrap();
    let wal = std::fs::read(path.with_file_name("vault-wal")).unwrap();
    let file = std::fs::read(&path).unwrap();
    drop(vault);
    std::fs::write(&path, &file).unwrap();
    std::fs::write(path.with_file_name("vault-wal"), &wal).unwrap();
    let salvaged = salvage(&path).unwrap();
    assert!(salvaged.report.is_clean(), "{:?}", salvaged.report);
    assert!(salvaged.content.accounts.iter().all(|account| account.id != gone));
    let found = salvaged.content.accounts.iter().find(|account| account.id == edited).unwrap();
    assert_eq!(found.profile.issuer, "Edited");

    // Without the journal it is the file's older state: each row as it was then.
    std::fs::write(path.with_file_name("vault-wal"), b"").unwrap();
    let salvaged = salvage(&path).unwrap();
    let found = salvaged.content.accounts.iter().find(|account| account.id == edited).unwrap();
    assert_eq!(found.profile.issuer, "Issuer 01");
}

#[test]
fn the_ids_of_a_large_import_are_found() {
    let (folder, mut vault) = opened();
    // More ids than a picture has bytes.
    let many = (0..17_000u32).map(|number| {
        Incoming::new(totp("Many", &number.to_string(), &[&number.to_le_bytes()[..], &[1; 16]].concat()))
    });
    vault.import(many.collect(), NOW).unwrap();
    drop(vault);
    let path = folder.path().join("vault");
    change(&path, |bytes| bytes[..PAGE].fill(0));
    let salvaged = salvage(&path).unwrap();
    assert!(salvaged.report.is_clean(), "{:?}", salvaged.report);
    assert_eq!(salvaged.content.accounts.len(), TEMPLATE.ids.len() + 17_000);
}

#[test]
fn planted_tables_hide_nothing() {
    let (_folder, path) = copy();
    tamper(&path, "CREATE TRIGGER t AFTER INSERT ON record BEGIN DELETE FROM record; END");
    assert!(Vault::open(&path, entropy()).is_err());
    let salvaged = salvage(&path).unwrap();
    assert_eq!(salvaged.content.accounts.len(), TEMPLATE.ids.len());
    assert!(salvaged.report.is_clean());
}

#[test]
fn other_files_are_no_vaults() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    assert_eq!(Salvage::read(&path).err(), Some(Error::NoVault));
    for bytes in [vec![], vec![0; 100], vec![0x2c; 20_000], b"SQLite format 3\0".repeat(1000)] {
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(Salvage::read(&path).err(), Some(Error::NotAVault));
    }
    // Another vault's key opens nothing.
    let (_folder, vault) = opened();
    assert_eq!(vault.accounts(&Selection::default()).unwrap().len(), TEMPLATE.ids.len());
    let found = Salvage::read(vault.path()).unwrap();
    let key = RawKey::from_bytes(&[1; 32]).unwrap();
    assert_eq!(found.open_with_device_key(TEMPLATE.device, &key).err(), Some(Error::UnusableHere));
}
