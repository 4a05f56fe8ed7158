//! kill -9 at random moments of a writing loop: whatever was acknowledged is there, and the vault is clean.
#![cfg(all(feature = "vault", unix))]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test and its child process"
)]

mod common;

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use common::{NOW, entropy, killed};
use countersign_core::account::{AccountId, NewAccount, Profile};
use countersign_core::entropy::{SystemEntropy, random};
use countersign_core::otp::{Algorithm, Digits, Hotp, Otp, Secret};
use countersign_core::secret::SecretBytes;
use countersign_core::vault::platform::{Purpose, WrappedKey};
use countersign_core::vault::{Cost, InboxChange, InboxRow, Password, PushId, PushRecord, RawKey, RecoveryCode, Vault};

const PATH: &str = "COUNTERSIGN_TEST_VAULT";
const CODE: &str = "COUNTERSIGN_TEST_CODE";

/// The child: adds, counts, edits and trashes for ever, and says what is durable. Alone, it does nothing.
#[test]
fn writing_loop() {
    let (Ok(path), Ok(code)) = (std::env::var(PATH), std::env::var(CODE)) else { return };
    let mut vault = Vault::open(Path::new(&path), entropy()).unwrap();
    vault.unlock_with_recovery(&RecoveryCode::parse(&code).unwrap()).unwrap();
    let mut out = std::io::stdout();
    for number in 0..100_000 {
        let secret = Secret::new(&b"12345678901234567890"[..]).unwrap();
        let otp = Otp::Hotp(Hotp::new(secret, Algorithm::Sha1, Digits::SIX, 0));
        let new = NewAccount { profile: Profile::named("Loop", number.to_string()), otp };
        let id = vault.add(new, true, NOW).unwrap();
        println!("\nadded {id}");
        vault.code(id, NOW).unwrap();
        println!("\ncounted {id}");
        vault.edit(id, Profile::named("Loop", format!("edited {number}")), NOW).unwrap();
        if number % 3 == 0 {
            vault.remove_all(&[id]).unwrap();
            println!("\nremoved {id}");
        }
        out.flush().unwrap();
    }
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault");
    let password = Password::chosen(b"correct horse".to_vec()).unwrap();
    let (vault, code) = Vault::create(&path, entropy(), &password, Cost::LEAST, NOW).unwrap();
    drop(vault);
    let mut there: Vec<AccountId> = Vec::new();
    let mut acknowledged = 0;
    let long = std::env::var("COUNTERSIGN_LONG").is_ok_and(|long| !long.is_empty());
    for round in 0..if long { 1000 } else { 200 } {
        let said = write_and_kill(&path, &code);
        let mut vault = Vault::open(&path, entropy()).unwrap();
        let report = vault.unlock_with_recovery(&code).unwrap();
        assert!(report.is_clean(), "round {round}: {report:?}");
        for line in &said {
            let Some((what, id)) = line.split_once(' ') else { continue };
            let Ok(id) = id.parse() else { continue };
            acknowledged += 1;
            match what {
                "added" => there.push(id),
                "removed" => there.retain(|known| *known != id),
                "counted" => {
                    // Removed by a step that was not acknowledged any more, or there with its counter.
                    let Ok(account) = vault.account(id) else { continue };
                    let Otp::Hotp(hotp) = &account.otp else { panic!("not HOTP") };
                    assert_eq!(hotp.counter(), 1, "round {round}: a counter went back");
                }
                _ => {}
            }
        }
        // The last one added may have been removed without that being said; all others must be there.
        let gone: Vec<_> = there.iter().filter(|id| vault.account(**id).is_err()).copied().collect();
        assert!(gone.is_empty() || gone == [*there.last().unwrap()], "round {round}: lost {gone:?}");
        there.retain(|id| !gone.contains(id));
        assert!(vault.verify().unwrap().is_clean(), "round {round}");
    }
    assert!(acknowledged > 200, "the loop hardly wrote: {acknowledged}");
}

fn write_and_kill(path: &Path, code: &RecoveryCode) -> Vec<String> {
    let [moment] = random::<1>(&SystemEntropy::new()).unwrap();
    let after = Duration::from_millis(10 + u64::from(moment) / 2);
    killed("writing_loop", &[(PATH, path.as_os_str()), (CODE, OsStr::new(code.show().expose()))], after)
}

const INBOX: &str = "COUNTERSIGN_TEST_INBOX";
const ID: PushId = PushId::from_bytes([1; 16]);

/// The child: counts in two rows of the inbox at once while the vault is locked, and says what is durable. Alone, it does
/// nothing.
#[test]
fn inbox_loop() {
    let Ok(path) = std::env::var(INBOX) else { return };
    let mut vault = Vault::open(Path::new(&path), entropy()).unwrap();
    let (slot, _) = vault.wrapped_keys(Purpose::Inbox).unwrap().remove(0);
    let key = vault.inbox_key(slot, &RawKey::from_bytes(&[5; 32]).unwrap()).unwrap();
    let mut inbox = vault.inbox_with(&key).unwrap();
    let mut out = std::io::stdout();
    loop {
        let rows = inbox.rows_of(ID).unwrap().rows;
        let next = number(&rows) + 1;
        // The second one grows over pages and shrinks again.
        let padding = usize::try_from(next % 7).unwrap() * 3000;
        let bytes = |padding| SecretBytes::new([&next.to_le_bytes()[..], &vec![0; padding]].concat());
        let mut changes =
            vec![InboxChange::replace(&rows[0], bytes(0)), InboxChange::replace(&rows[1], bytes(padding))];
        match rows.get(2) {
            Some(third) => changes.push(InboxChange::delete(third)),
            None => changes.push(InboxChange::add(ID, 3, bytes(0))),
        }
        inbox.commit(changes).unwrap();
        println!("\ncounted {next}");
        out.flush().unwrap();
    }
}

fn number(rows: &[InboxRow]) -> u64 {
    let numbers: Vec<_> =
        rows.iter().take(2).map(|row| u64::from_le_bytes(*row.bytes.expose().first_chunk().unwrap())).collect();
    assert_eq!(numbers[0], numbers[1], "a commit was torn");
    assert_eq!(rows.len() % 2, usize::try_from(numbers[0] % 2).unwrap(), "a commit was torn");
    numbers[0]
}

#[test]
fn nothing_acknowledged_at_the_inbox_is_lost_by_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault");
    let password = Password::chosen(b"correct horse".to_vec()).unwrap();
    let (mut vault, code) = Vault::create(&path, entropy(), &password, Cost::LEAST, NOW).unwrap();
    let key = RawKey::from_bytes(&[5; 32]).unwrap();
    vault.add_device(&WrappedKey::new(Purpose::Inbox, key, b"wrapped".to_vec()).unwrap(), NOW).unwrap();
    let row = |kind| InboxChange::add(ID, kind, SecretBytes::from(&[0; 8][..]));
    vault.put_push(PushRecord::new(ID, 1, Vec::new(), NOW), vec![row(1), row(2)], None, NOW).unwrap();
    drop(vault);
    let long = std::env::var("COUNTERSIGN_LONG").is_ok_and(|long| !long.is_empty());
    let mut acknowledged = 0;
    for round in 0..if long { 200 } else { 40 } {
        let [moment] = random::<1>(&SystemEntropy::new()).unwrap();
        let after = Duration::from_millis(10 + u64::from(moment) / 2);
        let said = killed("inbox_loop", &[(INBOX, path.as_os_str())], after);
        let last = said.iter().rev().find_map(|line| line.strip_prefix("counted ")?.parse().ok());
        acknowledged = last.unwrap_or(acknowledged);
        let mut vault = Vault::open(&path, entropy()).unwrap();
        assert!(vault.unlock_with_recovery(&code).unwrap().is_clean(), "round {round}");
        let rows = vault.inbox().unwrap().rows_of(ID).unwrap();
        assert!(rows.unreadable.is_empty(), "round {round}");
        // One more may be durable than could be said.
        let counted = number(&rows.rows);
        assert!((acknowledged..=acknowledged + 1).contains(&counted), "round {round}: {counted} of {acknowledged}");
        acknowledged = counted;
        assert!(vault.verify().unwrap().is_clean(), "round {round}");
    }
    assert!(acknowledged > 40, "the loop hardly wrote: {acknowledged}");
}
