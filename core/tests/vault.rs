//! The vault from outside: what a person can do with it, and what happens when its file is not as it was.
#![cfg(feature = "vault")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;

use common::{NOW, TEMPLATE, all, copy, entropy, opened, password, tamper, totp, unlock};
use countersign_core::account::{AccountId, Profile};
use countersign_core::otp::Otp;
use countersign_core::vault::{
    Backup, Cost, Error, Finding, FolderSink, Password, RawKey, RecoveryCode, Selection, SlotKind, Vault,
};

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
fn a_missing_added_or_old_row_is_named() {
    let (_folder, path) = copy();
    let (id, hex) = (TEMPLATE.ids[5], TEMPLATE.ids[5].to_string());
    let before = std::fs::read(&path).unwrap();

    tamper(&path, &format!("DELETE FROM record WHERE id = x'{hex}'"));
    let (mut vault, report) = unlock(&path).unwrap();
    assert_eq!(report.findings, [Finding::Missing { table: "record", count: 1, id: Some(id) }]);
    assert!(report.quarantine.unwrap().exists());
    assert_eq!(vault.trash(TEMPLATE.ids[0], NOW), Err(Error::NotAccepted));
    vault.accept_findings().unwrap();
    vault.trash(TEMPLATE.ids[0], NOW).unwrap();
    assert!(vault.verify().unwrap().is_clean());
    drop(vault);
    assert!(unlock(&path).unwrap().1.is_clean());

    // Deleted by the person, put back by somebody else.
    std::fs::write(&path, &before).unwrap();
    let (mut vault, _) = unlock(&path).unwrap();
    vault.remove_all(&[id]).unwrap();
    drop(vault);
    std::fs::write(path.with_file_name("older"), &before).unwrap();
    let restore_row = format!(
        "ATTACH '{}' AS older; INSERT INTO record SELECT * FROM older.record WHERE id = x'{hex}'",
        path.with_file_name("older").display()
    );
    let connection = rusqlite::Connection::open(&path).unwrap();
    if connection.execute_batch(&restore_row).is_err() {
        // This SQLite attaches nothing: carry the row over by hand.
        let older = rusqlite::Connection::open(path.with_file_name("older")).unwrap();
        copy_row(&older, &connection, id);
    }
    drop(connection);
    assert_eq!(unlock(&path).unwrap().1.findings, [Finding::Added { table: "record", count: 1, id: Some(id) }]);

    // Changed three times, then set back to what it was.
    std::fs::write(&path, &before).unwrap();
    let (mut vault, _) = unlock(&path).unwrap();
    for name in ["one", "two", "three"] {
        vault.edit(id, Profile::named("Edited", name), NOW).unwrap();
    }
    drop(vault);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let older = rusqlite::Connection::open(path.with_file_name("older")).unwrap();
    copy_row(&older, &connection, id);
    drop(connection);
    assert_eq!(unlock(&path).unwrap().1.findings, [Finding::Old { table: "record", id: Some(id) }]);
}

fn copy_row(from: &rusqlite::Connection, to: &rusqlite::Connection, id: AccountId) {
    from.query_row("SELECT * FROM record WHERE id = ?1", [id.to_bytes()], |row| {
        to.execute(
            "REPLACE INTO record VALUES (?1, ?2, ?3, ?4, ?5)",
            rusqlite::params![
                row.get::<_, Vec<u8>>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, i64>(3)?,
                row.get::<_, Vec<u8>>(4)?
            ],
        )
    })
    .unwrap();
}

#[test]
fn a_changed_row_is_named_and_costs_nothing_else() {
    let (_folder, path) = copy();
    let hex = TEMPLATE.ids[7].to_string();
    tamper(&path, &format!("UPDATE record SET sealed = zeroblob(length(sealed)) WHERE id = x'{hex}'"));
    let (mut vault, report) = unlock(&path).unwrap();
    assert!(report.findings.contains(&Finding::Unreadable { table: "record", id: TEMPLATE.ids[7] }), "{report:?}");
    assert_eq!(all(&vault).len(), 19);
    vault.accept_findings().unwrap();
    assert!(vault.verify().unwrap().is_clean());
}

#[test]
fn two_rows_that_changed_places_are_both_named() {
    for what in ["sealed", "revision, format, sealed"] {
        let (_folder, path) = copy();
        let values = |at| {
            format!("SELECT {what} FROM before WHERE id = (SELECT id FROM record WHERE kind = 1 LIMIT 1 OFFSET {at})")
        };
        let swap = |to, from| {
            format!(
                "UPDATE record SET ({what}) = ({}) WHERE id = (SELECT id FROM record WHERE kind = 1 LIMIT 1 OFFSET {to});",
                values(from)
            )
        };
        tamper(&path, &format!("CREATE TEMP TABLE before AS SELECT * FROM record; {} {}", swap(0, 1), swap(1, 0)));
        let (vault, report) = unlock(&path).unwrap();
        let unreadable = |finding: &&Finding| matches!(finding, Finding::Unreadable { table: "record", .. });
        assert_eq!(report.findings.iter().filter(unreadable).count(), 2, "{what}: {report:?}");
        assert_eq!(all(&vault).len(), TEMPLATE.ids.len() - 2);
    }
}

#[test]
fn a_lost_backup_key_is_made_anew_with_the_next_password() {
    let (_folder, path) = copy();
    tamper(&path, "UPDATE record SET sealed = zeroblob(length(sealed)) WHERE kind = 3");
    let (mut vault, report) = unlock(&path).unwrap();
    assert!(!report.is_clean());
    vault.accept_findings().unwrap();
    assert_eq!(vault.backup_bytes(NOW), Err(Error::NotFound("backup key")));
    vault.change_password(Some(&password()), &password(), Cost::LEAST, NOW).unwrap();
    let backup = Backup::open_with_password(&vault.backup_bytes(NOW).unwrap(), &password()).unwrap();
    assert_eq!(backup.accounts.len(), 20);
}

#[test]
fn a_removed_slot_that_was_put_back_is_noticed() {
    let (_folder, path) = copy();
    let before = std::fs::read(&path).unwrap();
    let (mut vault, _) = unlock(&path).unwrap();
    vault.new_recovery(NOW).unwrap();
    drop(vault);
    std::fs::write(path.with_file_name("older"), &before).unwrap();
    let older = rusqlite::Connection::open(path.with_file_name("older")).unwrap();
    let now = rusqlite::Connection::open(&path).unwrap();
    for table in ["slot", "slot_copy"] {
        let mut statement = older.prepare(&format!("SELECT id, body, digest FROM {table}")).unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let blob = |column| row.get::<_, Vec<u8>>(column).unwrap();
            now.execute(&format!("INSERT OR IGNORE INTO {table} VALUES (?1, ?2, ?3)"), [blob(0), blob(1), blob(2)])
                .unwrap();
        }
    }
    drop(now);
    let (_, report) = unlock(&path).unwrap();
    assert!(matches!(report.findings[..], [Finding::Added { count: 2, .. }]), "{report:?}");
}

#[test]
fn a_slot_under_another_id_is_put_back_in_its_place() {
    for table in ["slot", "slot_copy"] {
        let (_folder, path) = copy();
        tamper(&path, &format!("UPDATE {table} SET id = randomblob(16) WHERE id = (SELECT min(id) FROM {table})"));
        let (mut vault, report) = unlock(&path).unwrap();
        assert!(report.findings.contains(&Finding::SlotCopy { table }), "{report:?}");
        vault.accept_findings().unwrap();
        let slots = vault.slots().unwrap().len();
        drop(vault);
        let (vault, report) = unlock(&path).unwrap();
        assert!(report.is_clean(), "{report:?}");
        assert_eq!((slots, vault.slots().unwrap().len()), (3, 3));
    }
}

#[test]
fn a_damaged_tree_is_not_written_into() {
    let (_folder, path) = copy();
    // An account's row, without its place in the tree: the page's count of cells is one less.
    let mut bytes = std::fs::read(&path).unwrap();
    let leaves: Vec<_> = (0..bytes.len() / 4096).filter(|page| bytes[page * 4096] == 0x0a).collect();
    let mut found = 0;
    for page in leaves {
        let count = page * 4096 + 4;
        bytes[count] -= 1;
        std::fs::write(&path, &bytes).unwrap();
        bytes[count] += 1;
        let Ok((mut vault, _)) = unlock(&path) else { continue };
        if vault.verify().unwrap().findings.contains(&Finding::Structure) {
            let before = all(&vault);
            if vault.accept_findings() == Err(Error::Damaged(countersign_core::vault::Damage::Structure)) {
                found += 1;
                assert_eq!(all(&vault), before);
            }
        }
    }
    assert!(found > 0, "no page was an account's");
}

#[test]
fn a_damaged_slot_is_told_from_a_wrong_password() {
    let (_folder, path) = copy();
    let flip = "UPDATE slot SET body = zeroblob(length(body))";
    tamper(&path, flip);
    // One copy of each is left, and works.
    let mut vault = Vault::open(&path, entropy()).unwrap();
    let report = vault.unlock_with_password(&password(), NOW).unwrap();
    assert!(report.findings.contains(&Finding::SlotCopy { table: "slot" }));
    vault.accept_findings().unwrap();
    assert!(vault.verify().unwrap().is_clean());
    drop(vault);
    tamper(&path, flip);
    tamper(&path, &flip.replace("slot ", "slot_copy "));
    let mut vault = Vault::open(&path, entropy()).unwrap();
    assert_eq!(vault.unlock_with_password(&password(), NOW), Err(Error::DamagedSlot));
}

#[test]
fn a_lost_manifest_costs_the_proof_and_no_account() {
    for sql in ["DELETE FROM manifest", "UPDATE manifest SET sealed = zeroblob(length(sealed))"] {
        let (_folder, path) = copy();
        tamper(&path, sql);
        let (mut vault, report) = unlock(&path).unwrap();
        assert_eq!((report.findings, all(&vault).len()), (vec![Finding::NoProof], 20));
        vault.accept_findings().unwrap();
        assert!(vault.verify().unwrap().is_clean());
    }
}

#[test]
fn planted_tables_triggers_and_versions_are_refused() {
    for (sql, error) in [
        ("CREATE TRIGGER t AFTER INSERT ON record BEGIN DELETE FROM record; END", "tables"),
        ("CREATE VIEW v AS SELECT 1", "tables"),
        ("DROP TABLE attempts", "tables"),
        ("PRAGMA user_version = 0", "tables"),
        ("PRAGMA user_version = 2", "newer version"),
        ("PRAGMA application_id = 0", "not a Countersign vault"),
    ] {
        let (_folder, path) = copy();
        tamper(&path, sql);
        let refused = Vault::open(&path, entropy()).unwrap_err().to_string();
        assert!(refused.contains(error), "{sql}: {refused}");
    }
}

#[test]
fn what_is_no_vault_is_said_to_be_none_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    assert_eq!(Vault::open(&path, entropy()).unwrap_err(), Error::NoVault);
    for (content, error) in [
        (&b""[..], Error::NoVault),
        (b"x", Error::NotAVault),
        (&[7; 511], Error::NotAVault),
        (&[7; 5000], Error::NotAVault),
    ] {
        std::fs::write(&path, content).unwrap();
        assert_eq!(Vault::open(&path, entropy()).unwrap_err(), error);
        assert_eq!(std::fs::read(&path).unwrap(), content);
    }
    assert!(Vault::open(folder.path(), entropy()).is_err());
}

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
fn each_damaged_state_has_a_copy_of_its_own() {
    let (_folder, path) = copy();
    let spoil = |number: usize| {
        let id = TEMPLATE.ids[number];
        tamper(&path, &format!("UPDATE record SET sealed = zeroblob(length(sealed)) WHERE id = x'{id}'"));
    };
    spoil(1);
    let first = unlock(&path).unwrap().1.quarantine.unwrap();
    assert_eq!(unlock(&path).unwrap().1.quarantine.unwrap(), first);
    let kept = std::fs::read(&first).unwrap();
    spoil(2);
    let second = unlock(&path).unwrap().1.quarantine.unwrap();
    assert_ne!(first, second);
    assert_eq!(std::fs::read(&first).unwrap(), kept);
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
