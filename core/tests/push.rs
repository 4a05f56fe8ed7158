//! Push enrolments in the vault: with their inbox rows, under the user-verification root, through rotations and backups.
#![cfg(feature = "vault")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{NOW, TEMPLATE, entropy, hotp, opened, password, tamper, totp, unlock};
use countersign_core::secret::SecretBytes;
use countersign_core::time::UnixTime;
use countersign_core::vault::platform::{Purpose, WrappedKey};
use countersign_core::vault::{
    Backup, Cost, Error, InboxChange, Password, PushId, PushRecord, RawKey, Salvage, SlotKind, UvPurpose, UvRoot, Vault,
};

const ID: PushId = PushId::from_bytes([1; 16]);
const BARE: PushId = PushId::from_bytes([2; 16]);
const STATE: u32 = 1;

fn secret(text: &str) -> SecretBytes {
    SecretBytes::from(text.as_bytes())
}

fn wrong() -> Password {
    Password::typed(b"wrong horse".to_vec())
}

fn other() -> Password {
    Password::chosen(b"another horse".to_vec()).unwrap()
}

fn state(id: PushId) -> Vec<InboxChange> {
    vec![InboxChange::add(id, STATE, secret("https://server"))]
}

fn record(vault: &Vault, root: &UvRoot) -> PushRecord {
    let seal = |purpose, text| Some(root.seal(vault, ID, purpose, &secret(text)).unwrap());
    PushRecord {
        sealed_uv: seal(UvPurpose::Signing, "signs"),
        sealed_offline: seal(UvPurpose::Offline, "offline"),
        ..PushRecord::new(ID, 1, b"server, account".to_vec(), NOW)
    }
}

fn per_use(vault: &mut Vault, root: &UvRoot) {
    let key = RawKey::from_bytes(&[6; 32]).unwrap();
    let key = WrappedKey::new(Purpose::PerUse, key, b"wrapped".to_vec()).unwrap();
    vault.add_per_use(root, &key, NOW).unwrap();
}

/// One enrolment with keys under the root, and one whose key the hardware has; the root opens by a keystore, too.
fn enrolled() -> (tempfile::TempDir, Vault) {
    let (folder, mut vault) = opened();
    let root = vault.uv_root(&password(), NOW).unwrap();
    per_use(&mut vault, &root);
    let sealed = record(&vault, &root);
    vault.put_push(sealed, state(ID), None, NOW).unwrap();
    vault.put_push(PushRecord::new(BARE, 2, Vec::new(), NOW), state(BARE), None, NOW).unwrap();
    (folder, vault)
}

fn is_usable(vault: &Vault, root: &UvRoot) -> bool {
    let record = vault.push(ID).unwrap();
    let opens = |purpose, sealed: &Option<Vec<u8>>, text| {
        sealed.as_ref().is_some_and(|sealed| root.open(vault, ID, purpose, sealed) == Ok(secret(text)))
    };
    let keys = opens(UvPurpose::Signing, &record.sealed_uv, "signs")
        && opens(UvPurpose::Offline, &record.sealed_offline, "offline");
    keys && !record.renew
}

/// The enrolment has lost its keys and says so; the other one has nothing to lose.
fn has_to_be_renewed(vault: &Vault) -> bool {
    let record = vault.push(ID).unwrap();
    record.renew && !record.hangs_on_root() && !vault.push(BARE).unwrap().renew
}

fn inbox_state(vault: &mut Vault) -> SecretBytes {
    vault.inbox().unwrap().row(ID, STATE).unwrap().unwrap().bytes
}

#[test]
fn an_enrolment_its_rows_and_its_account_stand_together_or_not_at_all() {
    let (_folder, mut vault) = opened();
    let path = vault.path().to_owned();
    let before = vault.all_accounts().unwrap().count();
    let new = || PushRecord::new(ID, 1, b"server".to_vec(), NOW);
    // A row that was not read as it is: neither record nor account is there afterwards.
    let stale = [state(ID), state(ID)].concat();
    assert_eq!(vault.put_push(new(), stale, Some(totp("Server", "me", &[7; 20])), NOW), Err(Error::Changed));
    assert!(matches!(vault.put_push(new(), Vec::new(), None, NOW), Err(Error::InvalidInput { .. })), "without a row");
    assert_eq!((vault.pushes().unwrap().len(), vault.all_accounts().unwrap().count()), (0, before));
    assert!(vault.inbox().unwrap().rows(STATE).unwrap().rows.is_empty());

    let made = vault.put_push(new(), state(ID), Some(totp("Server", "me", &[7; 20])), NOW).unwrap();
    let account = made.account.unwrap();
    assert_eq!(vault.account(account).unwrap().profile.issuer, "Server");
    assert_eq!((vault.push(ID).unwrap().account, made.revisions[0].unwrap().number()), (Some(account), 1));
    // Enrolled again: the account that is there is taken.
    let row = vault.inbox().unwrap().row(ID, STATE).unwrap().unwrap();
    let changes = vec![InboxChange::replace(&row, secret("https://new"))];
    let again = vault.put_push(new(), changes, Some(totp("server", "ME", &[7; 20])), NOW).unwrap();
    assert_eq!((again.account, vault.all_accounts().unwrap().count()), (Some(account), before + 1));
    drop(vault);

    let (mut vault, report) = unlock(&path).unwrap();
    assert!(report.is_clean() && vault.verify().unwrap().is_clean());
    assert_eq!(vault.pushes().unwrap(), [PushRecord { account: Some(account), ..new() }]);
    assert_eq!(inbox_state(&mut vault), secret("https://new"));
    vault.remove_push(ID).unwrap();
    assert_eq!(vault.remove_push(ID), Err(Error::NotFound("push enrolment")));
    assert!(vault.inbox().unwrap().rows_of(ID).unwrap().rows.is_empty());
    vault.account(account).unwrap();
    drop(vault);
    let (mut vault, _) = unlock(&path).unwrap();
    assert!(vault.pushes().unwrap().is_empty() && vault.verify().unwrap().is_clean());
}

fn set(change: impl FnOnce(&mut PushRecord)) -> impl FnOnce(&mut PushRecord) -> Result<(), Error> {
    |push| {
        change(push);
        Ok(())
    }
}

#[test]
fn a_change_works_on_what_stands_in_the_file_now() {
    let (_folder, mut vault) = enrolled();
    let (mut other, _) = unlock(vault.path()).unwrap();
    other.change_push(BARE, Vec::new(), set(|push| push.summary = b"theirs".to_vec())).unwrap();
    vault.change_push(BARE, Vec::new(), set(|push| push.protocol = 9)).unwrap();
    let found = vault.push(BARE).unwrap();
    assert_eq!((found.protocol, found.summary.as_slice()), (9, &b"theirs"[..]));
    let refused = vault.change_push(BARE, state(BARE), set(|push| push.protocol = 10));
    assert_eq!((refused, vault.push(BARE).unwrap().protocol), (Err(Error::Changed), 9));
    let missing = PushId::from_bytes([3; 16]);
    assert_eq!(vault.change_push(missing, Vec::new(), |_| Ok(())), Err(Error::NotFound("push enrolment")));
}

#[test]
fn bounds_and_foreign_ids_are_refused() {
    let (_folder, mut vault) = opened();
    let new = |id, summary| PushRecord::new(id, 1, vec![0; summary], NOW);
    let account = PushId::from_bytes(TEMPLATE.ids[0].to_bytes());
    let mut put = |push: PushRecord| vault.put_push(push.clone(), state(push.id), None, NOW).map(drop);
    assert!(matches!(put(new(account, 0)), Err(Error::InvalidInput { .. })), "an account's id");
    assert!(matches!(put(new(ID, PushRecord::MAX_SUMMARY + 1)), Err(Error::TooLarge { .. })));
    let key = PushRecord { sealed_uv: Some(vec![0; PushRecord::MAX_SEALED + 1]), ..new(ID, 0) };
    assert!(matches!(put(key), Err(Error::TooLarge { .. })));
    put(new(ID, PushRecord::MAX_SUMMARY)).unwrap();
    assert!(vault.verify().unwrap().is_clean());
    vault.account(TEMPLATE.ids[0]).unwrap();
}

#[test]
fn a_secret_under_the_root_opens_only_in_its_place_with_this_root_and_this_vault() {
    let (_folder, mut vault) = enrolled();
    let root = vault.uv_root(&password(), NOW).unwrap();
    assert!(is_usable(&vault, &root));
    let sealed = vault.push(ID).unwrap().sealed_uv.clone().unwrap();
    assert_eq!(root.open(&vault, BARE, UvPurpose::Signing, &sealed), Err(Error::OtherRoot));
    assert_eq!(root.open(&vault, ID, UvPurpose::Offline, &sealed), Err(Error::OtherRoot));
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 4;
        assert_eq!(root.open(&vault, ID, UvPurpose::Signing, &changed), Err(Error::OtherRoot), "byte {at}");
    }
    // Another vault with another root, and this vault with the root of another one.
    let folder = tempfile::tempdir().unwrap();
    let (mut elsewhere, _) = Vault::create(&folder.path().join("v"), entropy(), &password(), Cost::LEAST, NOW).unwrap();
    let their_root = elsewhere.uv_root(&password(), NOW).unwrap();
    assert_eq!(root.open(&elsewhere, ID, UvPurpose::Signing, &sealed), Err(Error::OtherRoot));
    assert_eq!(their_root.open(&vault, ID, UvPurpose::Signing, &sealed), Err(Error::OtherRoot));
    // The vault key's part: none of it while locked.
    vault.lock();
    assert_eq!(root.open(&vault, ID, UvPurpose::Signing, &sealed), Err(Error::Locked));
    assert_eq!(root.seal(&vault, ID, UvPurpose::Signing, &secret("x")), Err(Error::Locked));
    assert_eq!(vault.uv_root(&password(), NOW), Err(Error::Locked));
}

/// Far enough after every pause.
fn later(tries: i64) -> UnixTime {
    NOW.plus_seconds(tries * 7200)
}

#[test]
fn ten_wrong_passwords_at_approvals_erase_the_root() {
    let (_folder, mut vault) = enrolled();
    let path = vault.path().to_owned();
    for tries in 1..=3 {
        vault.uv_root(&wrong(), later(tries)).unwrap_err();
    }
    // The right one starts anew; wrong ones at unlocking and for a new password don't count here.
    let root = vault.uv_root(&password(), later(4)).unwrap();
    for tries in 5..=9u32 {
        let error = vault.uv_root(&wrong(), later(tries.into())).unwrap_err();
        let (before_erasing, remaining) = (14 - tries, 9 - tries);
        let wait_seconds = if tries == 9 { 30 } else { 0 };
        assert_eq!(error, Error::WrongApprovalPassword { before_erasing, remaining, wait_seconds });
    }
    assert_eq!(vault.uv_root(&password(), later(9)), Err(Error::Wait { wait_seconds: 30 }));
    assert!(matches!(vault.unlock_with_password(&wrong(), later(10)), Err(Error::WrongPassword { .. })));
    let changed = vault.change_password(Some(&wrong()), &other(), Cost::LEAST, later(11));
    assert!(matches!(changed, Err(Error::WrongPassword { .. })));
    for tries in 12..=15 {
        assert!(is_usable(&vault, &root));
        let error = vault.uv_root(&wrong(), later(tries)).unwrap_err();
        assert!(
            matches!(error, Error::WrongApprovalPassword { before_erasing, .. } if i64::from(before_erasing) == 16 - tries)
        );
    }
    assert_eq!(vault.uv_root(&wrong(), later(16)), Err(Error::RootErased));
    assert!(has_to_be_renewed(&vault));
    assert!(vault.slots().unwrap().iter().all(|slot| slot.kind != SlotKind::PerUse));
    // A person at the screen gets no free tries by it.
    assert!(matches!(vault.unlock_with_password(&wrong(), later(16)), Err(Error::Wait { .. })));
    // The right password says it as well, and still opens the vault.
    assert_eq!(vault.uv_root(&password(), later(17)), Err(Error::RootErased));
    drop(vault);
    let (mut vault, report) = unlock(&path).unwrap();
    assert!(report.is_clean() && has_to_be_renewed(&vault));
    assert!(vault.unlock_with_password(&password(), later(18)).unwrap().is_clean());
    assert_eq!(vault.uv_root(&password(), later(18)), Err(Error::RootErased));
    // A denial still works: what is silent stays.
    assert_eq!(inbox_state(&mut vault), secret("https://server"));

    // The password set anew, be it the same: there is a new root, and what is enrolled again hangs on that.
    vault.change_password(Some(&password()), &password(), Cost::LEAST, later(19)).unwrap();
    let new = vault.uv_root(&password(), later(19)).unwrap();
    assert!(new != root && has_to_be_renewed(&vault));
    let again = record(&vault, &new);
    vault.put_push(again, Vec::new(), None, later(20)).unwrap();
    assert!(is_usable(&vault, &new));
    assert!(vault.verify().unwrap().is_clean());
}

#[test]
fn a_password_set_after_the_recovery_code_costs_the_keys_under_the_root() {
    let (_folder, mut vault) = enrolled();
    let root = vault.uv_root(&password(), NOW).unwrap();
    vault.change_password(Some(&password()), &other(), Cost::LEAST, NOW).unwrap();
    assert!(is_usable(&vault, &root) && vault.uv_root(&other(), NOW).unwrap() == root);
    vault.unlock_with_recovery(&TEMPLATE.recovery).unwrap();
    vault.change_password(None, &password(), Cost::LEAST, NOW).unwrap();
    assert!(has_to_be_renewed(&vault));
    assert!(vault.uv_root(&password(), NOW).unwrap() != root);
    drop(vault);
}

#[test]
fn a_rotation_keeps_enrolments_where_the_root_is_known() {
    let other = other();
    // By the password so far; by a root that was opened before; not at all.
    for (password_then, given, kept) in [(&password(), false, true), (&other, true, true), (&other, false, false)] {
        let (_folder, mut vault) = enrolled();
        let root = vault.uv_root(&password(), NOW).unwrap();
        vault.rotate(password_then, Cost::LEAST, &[], given.then_some(&root), NOW).unwrap();
        let new = vault.uv_root(password_then, NOW).unwrap();
        assert!(new != root && !is_usable(&vault, &root));
        assert_eq!((is_usable(&vault, &new), has_to_be_renewed(&vault)), (kept, !kept));
        assert_eq!(inbox_state(&mut vault), secret("https://server"));
        let row = vault.inbox().unwrap().row(ID, STATE).unwrap().unwrap();
        assert_eq!(row.revision.number(), 2);
        vault.inbox().unwrap().commit(vec![InboxChange::replace(&row, secret("on"))]).unwrap();
        assert!(vault.verify().unwrap().is_clean());
    }
    // No try was counted by the new password that opens nothing yet.
    let (_folder, mut vault) = enrolled();
    vault.rotate(&other, Cost::LEAST, &[], None, NOW).unwrap();
    let error = vault.uv_root(&wrong(), NOW).unwrap_err();
    assert_eq!(error, Error::WrongApprovalPassword { before_erasing: 9, remaining: 4, wait_seconds: 0 });
}

#[test]
fn an_unreadable_row_of_the_inbox_forbids_a_rotation() {
    let (_folder, mut vault) = enrolled();
    tamper(vault.path(), "UPDATE inbox SET sealed = zeroblob(284) WHERE id = x'02020202020202020202020202020202'");
    assert_eq!(vault.rotate(&password(), Cost::LEAST, &[], None, NOW).err(), Some(Error::NotAccepted));
    assert!(vault.is_unlocked());
}

#[test]
fn a_backup_has_no_key_of_an_enrolment_and_restores_it_to_be_renewed() {
    let (folder, mut vault) = enrolled();
    let live = vault.pushes().unwrap().to_vec();
    let backup = || {
        let file = vault.backup_bytes(NOW).unwrap();
        Backup::open_with_recovery(&file, &TEMPLATE.recovery).unwrap()
    };
    let without: Vec<_> = live.iter().map(PushRecord::without_keys).collect();
    assert_eq!(backup().pushes, without);
    let path = folder.path().join("restored");
    let (mut restored, _) = Vault::restore(&path, entropy(), backup(), &password(), Cost::LEAST, NOW).unwrap();
    assert_eq!(restored.pushes().unwrap(), without);
    assert!(restored.inbox().unwrap().rows(STATE).unwrap().rows.is_empty());
    assert!(restored.verify().unwrap().is_clean(), "an enrolment to be renewed needs no row");
    // Over a vault where they live: nothing is taken from them, and only what is missing comes back.
    let backup = backup();
    vault.remove_push(BARE).unwrap();
    assert_eq!(vault.add_missing_pushes(&backup.pushes), Ok(1));
    assert_eq!(vault.pushes().unwrap(), [live[0].clone(), without[1].clone()]);
    let root = vault.uv_root(&password(), NOW).unwrap();
    assert!(is_usable(&vault, &root) && vault.verify().unwrap().is_clean());
    // Enrolled again under the same id.
    restored.put_push(PushRecord::new(ID, 1, Vec::new(), NOW), state(ID), None, NOW).unwrap();
    assert!(!restored.push(ID).unwrap().renew);
}

#[test]
fn what_is_salvaged_has_to_be_renewed() {
    let (_folder, mut vault) = enrolled();
    vault.add(hotp("more"), true, NOW).unwrap();
    let path = vault.path().to_owned();
    let live = vault.pushes().unwrap().to_vec();
    drop(vault);
    let mut file = std::fs::read(&path).unwrap();
    // What SQLite needs to read anything.
    file[16..120].fill(0xff);
    std::fs::write(&path, file).unwrap();
    let salvaged = Salvage::read(&path).unwrap().open_with_recovery(&TEMPLATE.recovery).unwrap();
    assert!(salvaged.report.is_clean(), "{:?}", salvaged.report);
    assert_eq!(salvaged.content.pushes, live.iter().map(PushRecord::without_keys).collect::<Vec<_>>());
}
