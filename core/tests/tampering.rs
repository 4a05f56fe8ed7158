//! The vault's file is not as it was: what is changed, missing, old or planted is named, and costs nothing else.
#![cfg(feature = "vault")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{NOW, TEMPLATE, all, copy, entropy, password, tamper, unlock};
use countersign_core::account::{AccountId, Profile};
use countersign_core::vault::{Backup, Cost, Error, Finding, Vault};

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
    let leaves = (0..bytes.len() / 4096).filter(|page| {
        // An empty table's page has no cell to lose.
        bytes[page * 4096] == 0x0a && bytes[page * 4096 + 4] > 0
    });
    let leaves: Vec<_> = leaves.collect();
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
