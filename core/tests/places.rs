//! Places that refuse: a full disk, a read-only folder, a read-only file. Nothing is lost, and each is told apart.
//!
//! These mount file systems, so `cargo test` alone passes them over (`Cargo.toml`), and `tests/run core` gives them mounts
//! of their own: `unshare -m cargo test -p countersign-core --test places`.
#![cfg(all(feature = "vault", target_os = "linux"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{NOW, TEMPLATE, all, copy, entropy, password, totp, unlock};
use countersign_core::account::NewAccount;
use countersign_core::vault::{Cost, Error, FolderSink, Incoming, Password, RawKey, Selection, Vault};

fn mount(arguments: &[&str]) {
    let done = Command::new("mount").args(arguments).status().unwrap();
    assert!(done.success(), "mount {arguments:?}");
}

/// A folder on a disk of this many KiB, with the template's vault on it; unmounted with the last process of the mounts.
struct SmallDisk {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl SmallDisk {
    fn new(kib: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = folder.path().join("disk");
        std::fs::create_dir(&disk).unwrap();
        mount(&["-t", "tmpfs", "-o", &format!("size={kib}k"), "tmpfs", disk.to_str().unwrap()]);
        std::fs::copy(copy().1, disk.join("vault")).unwrap();
        Self { _folder: folder, path: disk.join("vault") }
    }

    /// Takes all space that is left.
    fn fill(&self) {
        let mut size = 1 << 20;
        let mut ballast = std::fs::OpenOptions::new();
        let mut file = ballast.append(true).create(true).open(self.path.with_file_name("ballast")).unwrap();
        while size > 0 {
            if std::io::Write::write_all(&mut file, &vec![1; size]).is_err() {
                size /= 2;
            }
        }
    }

    fn clear(&self) {
        std::fs::remove_file(self.path.with_file_name("ballast")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path.parent().unwrap()).status();
    }
}

fn new_account(number: usize) -> NewAccount {
    totp("Filling", &format!("account {number}"), &number.to_le_bytes().repeat(3))
}

#[test]
fn a_disk_that_fills_up_keeps_what_was_acknowledged() {
    let disk = SmallDisk::new(600);
    let (mut vault, _) = unlock(&disk.path).unwrap();
    let mut there = all(&vault);
    let error = (0..10_000).find_map(|number| match vault.add(new_account(number), false, NOW) {
        Ok(id) => {
            there.push(id);
            None
        }
        Err(error) => Some(error),
    });
    assert_eq!(error, Some(Error::DiskFull));
    there.sort_unstable();
    assert!(there.len() > TEMPLATE.ids.len() + 10);
    // What is shown is what is durable, and codes go on.
    assert_eq!(all(&vault), there);
    assert!(vault.codes(NOW).unwrap().next().is_some());
    drop(vault);
    let (mut vault, report) = unlock(&disk.path).unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(all(&vault), there);
    assert!(vault.verify().unwrap().is_clean());
}

#[test]
fn on_a_full_disk_nothing_changes_and_with_space_again_all_works() {
    let disk = SmallDisk::new(900);
    let backups = disk.path.with_file_name("backups");
    std::fs::create_dir(&backups).unwrap();
    let (mut vault, _) = unlock(&disk.path).unwrap();
    let first = vault.backup_to(&mut FolderSink::new(&backups), NOW).unwrap();
    let before = all(&vault);
    let counting = *TEMPLATE.ids.last().unwrap();
    disk.fill();

    let many: Vec<_> = (0..2000).map(|number| Incoming::new(new_account(number))).collect();
    assert_eq!(vault.import(many, NOW), Err(Error::DiskFull));
    // A counter that can't be made durable gives no code.
    assert_eq!(vault.code(counting, NOW), Err(Error::DiskFull));
    assert_eq!(vault.rotate(&password(), Cost::LEAST, &[], None, NOW).err(), Some(Error::DiskFull));
    assert_eq!(vault.change_password(Some(&password()), &password(), Cost::LEAST, NOW), Err(Error::DiskFull));
    assert_eq!(vault.backup_to(&mut FolderSink::new(&backups), NOW.plus_seconds(1)), Err(Error::DiskFull));
    let kept: Vec<_> = std::fs::read_dir(&backups).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(kept, [first.as_str()], "the older backup stays, and no half one");
    let new = disk.path.with_file_name("new");
    assert_eq!(Vault::create(&new, entropy(), &password(), Cost::LEAST, NOW).err(), Some(Error::DiskFull));
    assert!(!new.exists());
    assert_eq!(all(&vault), before);
    drop(vault);
    let (vault, report) = unlock(&disk.path).unwrap();
    assert!(report.is_clean() && all(&vault) == before);
    drop(vault);

    disk.clear();
    let (mut vault, _) = unlock(&disk.path).unwrap();
    assert_eq!(vault.code(counting, NOW).unwrap().code.as_str(), "755224");
    vault.add(new_account(1), false, NOW).unwrap();
    let rotated = vault.rotate(&password(), Cost::LEAST, &[], None, NOW).unwrap();
    assert!(vault.verify().unwrap().is_clean());
    drop(vault);
    let mut vault = Vault::open(&disk.path, entropy()).unwrap();
    assert!(vault.unlock_with_recovery(&rotated.recovery).unwrap().is_clean());
}

#[test]
fn on_a_full_disk_a_vault_opens_and_shows_its_codes() {
    let disk = SmallDisk::new(600);
    disk.fill();
    let (mut vault, report) = unlock(&disk.path).unwrap();
    assert!(report.is_clean());
    assert_eq!(vault.codes(NOW).unwrap().count(), TEMPLATE.ids.len() - 1);
    assert_eq!(vault.add(new_account(1), false, NOW), Err(Error::DiskFull));
    disk.clear();
    vault.add(new_account(1), false, NOW).unwrap();
    assert!(vault.verify().unwrap().is_clean());
}

#[test]
fn a_damaged_vault_on_a_full_disk_is_not_touched() {
    let disk = SmallDisk::new(600);
    common::tamper(&disk.path, "UPDATE record SET sealed = zeroblob(300) WHERE id = (SELECT min(id) FROM record)");
    let before = std::fs::read(&disk.path).unwrap();
    disk.fill();
    // What can be read is there, but nothing may be changed, for no copy can be kept.
    let (mut vault, report) = unlock(&disk.path).unwrap();
    assert!(!report.is_clean() && report.quarantine.is_none());
    assert_eq!(all(&vault).len(), TEMPLATE.ids.len() - 1);
    assert_eq!(vault.accept_findings(), Err(Error::DiskFull));
    assert!(std::fs::read(&disk.path).unwrap() == before);
    // With space again, the same vault goes on.
    disk.clear();
    vault.accept_findings().unwrap();
    assert_eq!(vault.copies().unwrap().len(), 1);
    vault.add(new_account(1), false, NOW).unwrap();
}

/// What a vault that can't be written does: everything but writing.
fn reads_but_does_not_write(path: &Path) {
    let (mut vault, report) = unlock(path).unwrap();
    assert!(vault.is_read_only() && report.is_clean());
    let mut ids = TEMPLATE.ids.clone();
    ids.sort_unstable();
    assert_eq!(all(&vault), ids);
    assert_eq!(vault.codes(NOW).unwrap().count(), TEMPLATE.ids.len() - 1);
    assert!(vault.verify().unwrap().is_clean());
    assert_eq!(vault.icon(*TEMPLATE.ids.first().unwrap()).unwrap().len(), 3000);
    assert!(!vault.backup_bytes(NOW).unwrap().is_empty());
    assert_eq!(vault.add(new_account(1), false, NOW), Err(Error::ReadOnly));
    assert_eq!(vault.code(*TEMPLATE.ids.last().unwrap(), NOW), Err(Error::ReadOnly));
    assert_eq!(vault.rotate(&password(), Cost::LEAST, &[], None, NOW).err(), Some(Error::ReadOnly));
    vault.lock();
    let wrong = Password::typed(b"wrong horse".to_vec());
    assert!(matches!(vault.unlock_with_password(&wrong, NOW), Err(Error::WrongPassword { .. })));
    vault.unlock_with_password(&password(), NOW).unwrap();
    assert_eq!(vault.accounts(&Selection::default()).unwrap().len(), TEMPLATE.ids.len());
}

#[test]
fn a_read_only_folder_and_a_read_only_file_open_for_reading() {
    for what in ["folder", "file"] {
        let (folder, path) = copy();
        let target = if what == "folder" { folder.path() } else { &path };
        let target = target.to_str().unwrap();
        mount(&["--bind", target, target]);
        mount(&["-o", "remount,bind,ro", target]);
        let before = std::fs::read(&path).unwrap();
        reads_but_does_not_write(&path);
        assert!(std::fs::read(&path).unwrap() == before, "{what}");
        assert!(Command::new("umount").arg(target).status().unwrap().success());
        // And it is as it was.
        let (mut vault, _) = unlock(&path).unwrap();
        vault.add(new_account(1), false, NOW).unwrap();
    }
}

#[test]
fn a_damaged_read_only_vault_shows_what_can_be_read() {
    let (folder, path) = copy();
    common::tamper(&path, "UPDATE record SET sealed = zeroblob(300) WHERE id = (SELECT min(id) FROM record)");
    let target = folder.path().to_str().unwrap().to_owned();
    mount(&["--bind", &target, &target]);
    mount(&["-o", "remount,bind,ro", &target]);
    let mut vault = Vault::open(&path, entropy()).unwrap();
    let key = RawKey::from_bytes(&TEMPLATE.device_key).unwrap();
    let report = vault.unlock_with_device_key(TEMPLATE.device, &key).unwrap();
    assert!(!report.is_clean() && report.quarantine.is_none());
    assert_eq!(all(&vault).len(), TEMPLATE.ids.len() - 1);
    assert_eq!(vault.accept_findings(), Err(Error::ReadOnly));
    drop(vault);
    assert!(Command::new("umount").arg(&target).status().unwrap().success());
}
