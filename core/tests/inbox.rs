//! The inbox: what a locked phone reads and writes, what is noticed there, and several writers at once.
#![cfg(feature = "vault")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::Path;

use common::{NOW, TEMPLATE, copy, entropy, opened, password, tamper, unlock};
use countersign_core::secret::SecretBytes;
use countersign_core::vault::platform::{Purpose, WrappedKey};
use countersign_core::vault::{
    Cost, Error, Finding, Inbox, InboxChange, InboxRow, PushId, PushRecord, RawKey, SlotId, Vault,
};

const KEY: [u8; 32] = [5; 32];
const STATE: u32 = 1;
const SEEN: u32 = 2;

fn bytes(text: &str) -> SecretBytes {
    SecretBytes::from(text.as_bytes())
}

fn id(number: u8) -> PushId {
    PushId::from_bytes([number; 16])
}

fn add_inbox_slot(vault: &mut Vault) -> SlotId {
    let key = WrappedKey::new(Purpose::Inbox, RawKey::from_bytes(&KEY).unwrap(), b"wrapped".to_vec()).unwrap();
    vault.add_device(&key, NOW).unwrap()
}

/// A vault with one enrolment of two inbox rows, locked.
fn enrolled() -> (tempfile::TempDir, Vault, SlotId) {
    let (folder, vault) = opened();
    enroll(folder, vault)
}

/// The same of a vault that has another id and other keys.
fn foreign() -> (tempfile::TempDir, Vault, SlotId) {
    let folder = tempfile::tempdir().unwrap();
    let (vault, _) = Vault::create(&folder.path().join("vault"), entropy(), &password(), Cost::LEAST, NOW).unwrap();
    enroll(folder, vault)
}

fn enroll(folder: tempfile::TempDir, mut vault: Vault) -> (tempfile::TempDir, Vault, SlotId) {
    let slot = add_inbox_slot(&mut vault);
    let rows = vec![
        InboxChange::add(id(1), STATE, bytes("https://server")),
        InboxChange::add(id(1), SEEN, bytes("nothing yet")),
    ];
    vault.put_push(PushRecord::new(id(1), 1, b"server".to_vec(), NOW), rows, None, NOW).unwrap();
    vault.lock();
    (folder, vault, slot)
}

/// The inbox of a locked vault, as a phone opens it.
fn locked(vault: &mut Vault, slot: SlotId) -> Result<Inbox<'_>, Error> {
    let key = vault.inbox_key(slot, &RawKey::from_bytes(&KEY).unwrap())?;
    vault.inbox_with(&key)
}

fn read(vault: &mut Vault, slot: SlotId, kind: u32) -> InboxRow {
    locked(vault, slot).unwrap().row(id(1), kind).unwrap().unwrap()
}

fn unlock_again(vault: &mut Vault) -> Vec<Finding> {
    let key = RawKey::from_bytes(&TEMPLATE.device_key).unwrap();
    vault.unlock_with_device_key(TEMPLATE.device, &key).unwrap().findings
}

#[test]
fn a_locked_vault_reads_and_writes_its_inbox_and_the_unlocked_one_sees_it() {
    let (_folder, mut vault, slot) = enrolled();
    assert!(vault.has_inbox_slot().unwrap() && !vault.is_unlocked());
    assert!(matches!(vault.inbox(), Err(Error::Locked)));
    let state = read(&mut vault, slot, STATE);
    assert_eq!((state.bytes.expose(), state.revision.number()), (&b"https://server"[..], 1));

    let mut inbox = locked(&mut vault, slot).unwrap();
    let all = inbox.rows_of(id(1)).unwrap();
    assert_eq!((all.rows.len(), all.unreadable.len()), (2, 0));
    let new = inbox
        .commit(vec![
            InboxChange::replace(&state, bytes("https://other")),
            InboxChange::delete(&all.rows[1]),
            InboxChange::add(id(2), STATE, SecretBytes::default()),
        ])
        .unwrap();
    assert_eq!((new[0].unwrap().number(), new[1], new[2].unwrap().number()), (2, None, 1));
    assert_eq!(inbox.row(id(1), SEEN), Ok(None));
    let state = inbox.row(id(1), STATE).unwrap().unwrap();
    assert_eq!((state.bytes.expose(), Some(state.revision)), (&b"https://other"[..], new[0]));
    assert_eq!(inbox.rows(STATE).unwrap().rows.iter().map(|row| row.id).collect::<Vec<_>>(), [id(1), id(2)]);

    assert_eq!(unlock_again(&mut vault), []);
    assert_eq!(vault.inbox().unwrap().row(id(1), STATE), Ok(Some(state)));
    assert!(vault.verify().unwrap().is_clean());
}

#[test]
fn a_change_of_a_row_that_another_has_changed_writes_nothing_at_all() {
    let (_folder, mut vault, slot) = enrolled();
    let path = vault.path().to_owned();
    let (state, seen) = (read(&mut vault, slot, STATE), read(&mut vault, slot, SEEN));
    let mut other = Vault::open(&path, entropy()).unwrap();
    let mut theirs = locked(&mut other, slot).unwrap();
    theirs.commit(vec![InboxChange::replace(&seen, bytes("theirs"))]).unwrap();

    let mut inbox = locked(&mut vault, slot).unwrap();
    for stale in [
        InboxChange::replace(&seen, bytes("mine")),
        InboxChange::delete(&seen),
        InboxChange::add(id(1), SEEN, bytes("mine")),
    ] {
        let changes = vec![InboxChange::replace(&state, bytes("mine")), stale];
        assert_eq!(inbox.commit(changes), Err(Error::Changed));
        assert_eq!(inbox.row(id(1), STATE).unwrap(), Some(state.clone()));
        assert_eq!(inbox.row(id(1), SEEN).unwrap().unwrap().bytes.expose(), b"theirs");
    }
    // Removed and made anew: the same revision, but not the row that was read.
    let there = inbox.row(id(1), SEEN).unwrap().unwrap();
    theirs.commit(vec![InboxChange::delete(&there)]).unwrap();
    assert_eq!(inbox.commit(vec![InboxChange::replace(&there, bytes("mine"))]), Err(Error::Changed));
    theirs.commit(vec![InboxChange::add(id(1), SEEN, bytes("nothing yet"))]).unwrap();
    let again = inbox.row(id(1), SEEN).unwrap().unwrap();
    assert_eq!((again.revision.number(), &again.bytes), (seen.revision.number(), &seen.bytes));
    assert_eq!(inbox.commit(vec![InboxChange::delete(&seen)]), Err(Error::Changed));
    // Twice the same row in one list: the second one did not see the first.
    let twice = vec![InboxChange::replace(&again, bytes("1")), InboxChange::replace(&again, bytes("2"))];
    assert_eq!(inbox.commit(twice), Err(Error::Changed));
    assert_eq!(inbox.row(id(1), SEEN), Ok(Some(again)));
}

#[test]
fn every_flipped_byte_of_a_row_is_refused_and_costs_that_row_alone() {
    let (_folder, mut vault, slot) = enrolled();
    let path = vault.path().to_owned();
    let column = |sql: &str| {
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.query_row(sql, [], |row| row.get::<_, Vec<u8>>(0)).unwrap()
    };
    let sealed = column("SELECT sealed FROM inbox WHERE kind = 1");
    let with = rusqlite::Connection::open(&path).unwrap();
    with.execute_batch("PRAGMA synchronous = OFF").unwrap();
    let mut refused = |what: &str| {
        let inbox = locked(&mut vault, slot).unwrap();
        assert_eq!(inbox.row(id(1), STATE), Err(Error::UnreadableRow), "{what}");
        let found = inbox.rows_of(id(1)).unwrap();
        assert_eq!((found.rows.len(), found.unreadable), (1, vec![(id(1), STATE)]), "{what}");
    };
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1 << (at % 8);
        with.execute("UPDATE inbox SET sealed = ?1 WHERE kind = 1", [changed]).unwrap();
        refused(&format!("byte {at}"));
    }
    for length in [0, 1, 12, 27, sealed.len() - 1] {
        with.execute("UPDATE inbox SET sealed = ?1 WHERE kind = 1", [&sealed[..length]]).unwrap();
        refused("cut");
    }
    with.execute("UPDATE inbox SET sealed = ?1, revision = 2 WHERE kind = 1", [&sealed]).unwrap();
    refused("another revision");
    with.execute("UPDATE inbox SET revision = 1, format = 2 WHERE kind = 1", []).unwrap();
    refused("another format");
    with.execute("UPDATE inbox SET format = 'one' WHERE kind = 1", []).unwrap();
    refused("a text for a number");
    with.execute("UPDATE inbox SET format = 1 WHERE kind = 1", []).unwrap();
    assert_eq!(read(&mut vault, slot, STATE).bytes.expose(), b"https://server");
}

#[test]
fn rows_that_changed_places_or_vaults_are_refused() {
    for moved in [
        "UPDATE inbox SET sealed = (SELECT sealed FROM inbox WHERE kind = 2) WHERE id = x'01010101010101010101010101010101'
             AND kind = 1",
        "UPDATE inbox SET sealed = (SELECT sealed FROM inbox WHERE id = x'02020202020202020202020202020202')
             WHERE id = x'01010101010101010101010101010101' AND kind = 1",
        "UPDATE inbox SET kind = 3 WHERE kind = 2",
        "UPDATE inbox SET id = x'03030303030303030303030303030303' WHERE kind = 2",
    ] {
        let (_folder, mut vault, slot) = enrolled();
        let other = InboxChange::add(id(2), STATE, bytes("https://elsewhere"));
        locked(&mut vault, slot).unwrap().commit(vec![other]).unwrap();
        tamper(vault.path(), moved);
        let inbox = locked(&mut vault, slot).unwrap();
        let unreadable: usize = (1..4).map(|kind| inbox.rows(kind).unwrap().unreadable.len()).sum();
        assert_eq!(unreadable, 1, "{moved}");
    }
    // Another vault's row under the same id and kind.
    let (_folder, mut vault, slot) = enrolled();
    let (_elsewhere, foreign, _) = foreign();
    let theirs: Vec<u8> = rusqlite::Connection::open(foreign.path())
        .unwrap()
        .query_row("SELECT sealed FROM inbox WHERE kind = 2", [], |row| row.get(0))
        .unwrap();
    let connection = rusqlite::Connection::open(vault.path()).unwrap();
    connection.execute("UPDATE inbox SET sealed = ?1 WHERE kind = 2", [theirs]).unwrap();
    assert_eq!(locked(&mut vault, slot).unwrap().row(id(1), SEEN), Err(Error::UnreadableRow));
}

#[test]
fn a_live_enrolment_without_its_rows_is_named_and_renewed_once_that_is_accepted() {
    let (_folder, vault, _) = enrolled();
    let path = vault.path().to_owned();
    drop(vault);
    tamper(&path, "DELETE FROM inbox");
    let (mut vault, report) = unlock(&path).unwrap();
    assert_eq!(report.findings, [Finding::NoInbox { id: id(1) }]);
    assert!(report.quarantine.is_some() && !vault.push(id(1)).unwrap().renew);
    assert_eq!(vault.remove_push(id(1)), Err(Error::NotAccepted));
    vault.accept_findings().unwrap();
    assert!(vault.push(id(1)).unwrap().renew);
    drop(vault);
    assert!(unlock(&path).unwrap().1.is_clean());
}

#[test]
fn an_unreadable_row_is_named_stays_and_leaves_when_that_is_accepted() {
    let (_folder, mut vault, slot) = enrolled();
    let path = vault.path().to_owned();
    drop(vault);
    tamper(
        &path,
        "UPDATE inbox SET sealed = zeroblob(284) WHERE kind = 2; INSERT INTO inbox VALUES (x'', 'x', 1, 1, x'')",
    );
    let (opened, report) = unlock(&path).unwrap();
    vault = opened;
    assert!(report.is_clean(), "unlocking reads no payload");
    let named = |id: PushId| Finding::Unreadable { table: "inbox", id: id.to_string().parse().unwrap() };
    assert_eq!(vault.verify().unwrap().findings, [named(id(0)), named(id(1))]);
    // The other row still works, and nothing is removed by a commit.
    let state = read(&mut vault, slot, STATE);
    locked(&mut vault, slot).unwrap().commit(vec![InboxChange::replace(&state, bytes("on"))]).unwrap();
    assert_eq!(vault.inbox().unwrap().rows_of(id(1)).unwrap().unreadable, [(id(1), SEEN)]);
    vault.accept_findings().unwrap();
    let found = vault.inbox().unwrap().rows_of(id(1)).unwrap();
    assert_eq!((found.rows.len(), found.unreadable.len()), (1, 0));
    assert!(!vault.push(id(1)).unwrap().renew, "it still has what it works with");
    assert!(vault.verify().unwrap().is_clean());
}

#[test]
fn an_old_row_put_back_is_not_noticed_here() {
    // As docs/vault.md says; the server refuses an old counter.
    let (_folder, mut vault, slot) = enrolled();
    let path = vault.path().to_owned();
    let dump = |path: &Path| {
        let connection = rusqlite::Connection::open(path).unwrap();
        connection.query_row("SELECT sealed FROM inbox WHERE kind = 1", [], |row| row.get::<_, Vec<u8>>(0)).unwrap()
    };
    let old = dump(&path);
    let state = read(&mut vault, slot, STATE);
    locked(&mut vault, slot).unwrap().commit(vec![InboxChange::replace(&state, bytes("newer"))]).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute("UPDATE inbox SET sealed = ?1, revision = 1 WHERE kind = 1", [old]).unwrap();
    assert_eq!(read(&mut vault, slot, STATE), state);
    assert_eq!(unlock_again(&mut vault), []);
}

#[test]
fn bounds_hold_and_what_is_over_them_writes_nothing() {
    let (_folder, mut vault, slot) = enrolled();
    let mut inbox = locked(&mut vault, slot).unwrap();
    let big = |length| InboxChange::add(id(9), 7, SecretBytes::new(vec![0x5a; length]));
    let over = Inbox::MAX_ROW + 1;
    assert_eq!(
        inbox.commit(vec![big(over)]),
        Err(Error::TooLarge { what: "a row of the inbox", limit: Inbox::MAX_ROW })
    );
    inbox.commit(vec![big(Inbox::MAX_ROW)]).unwrap();
    assert_eq!(inbox.row(id(9), 7).unwrap().unwrap().bytes.len(), Inbox::MAX_ROW);
    let many =
        |from: u32, to: u32| (from..to).map(|kind| InboxChange::add(id(8), kind, bytes("x"))).collect::<Vec<_>>();
    inbox.commit(many(0, 9_997)).unwrap();
    assert!(matches!(inbox.commit(many(9_997, 9_998)), Err(Error::InvalidInput { what: "inbox", .. })));
    assert_eq!(inbox.rows_of(id(8)).unwrap().rows.len(), 9_997);
}

#[test]
fn a_key_of_the_past_reads_and_writes_nothing() {
    let (_folder, mut vault, slot) = enrolled();
    let path = vault.path().to_owned();
    let key = vault.inbox_key(slot, &RawKey::from_bytes(&KEY).unwrap()).unwrap();
    let mut phone = Vault::open(&path, entropy()).unwrap();
    let mut inbox = phone.inbox_with(&key).unwrap();
    unlock_again(&mut vault);
    vault.rotate(&password(), Cost::LEAST, &[], None, NOW).unwrap();
    assert_eq!(inbox.commit(vec![InboxChange::add(id(3), STATE, bytes("lost"))]), Err(Error::KeyChanged));
    assert_eq!(inbox.rows(STATE), Err(Error::KeyChanged));
    assert!(matches!(phone.inbox_with(&key), Err(Error::KeyChanged)));
    assert!(!phone.has_inbox_slot().unwrap());
    // The rows are there for the new key.
    assert_eq!(vault.inbox().unwrap().row(id(1), STATE).unwrap().unwrap().bytes.expose(), b"https://server");
    assert!(vault.verify().unwrap().is_clean());

    // An unlocked vault whose key another program changed is locked, as everywhere.
    let (_folder, path) = copy();
    let (mut one, _) = unlock(&path).unwrap();
    let (mut two, _) = unlock(&path).unwrap();
    one.rotate(&password(), Cost::LEAST, &[], None, NOW).unwrap();
    assert!(matches!(two.inbox(), Err(Error::KeyChanged)));
    assert!(!two.is_unlocked());
}

#[test]
fn a_broken_file_is_not_written_while_locked() {
    let (_folder, mut vault, slot) = enrolled();
    let path = vault.path().to_owned();
    unlock_again(&mut vault);
    drop(vault);
    // The root page of `record`, which a locked vault never reads.
    let page: usize = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'record'", [], |row| row.get(0))
        .map(|page: i64| usize::try_from(page).unwrap())
        .unwrap();
    let mut file = std::fs::read(&path).unwrap();
    file[(page - 1) * 4096..][..64].fill(0xff);
    std::fs::write(&path, file).unwrap();
    let mut vault = Vault::open(&path, entropy()).unwrap();
    let state = read(&mut vault, slot, STATE);
    let changed = locked(&mut vault, slot).unwrap().commit(vec![InboxChange::replace(&state, bytes("more"))]);
    assert!(matches!(changed, Err(Error::Damaged(_))), "{changed:?}");
}
