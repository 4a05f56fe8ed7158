//! Several processes at once with one vault: each sees what the others commit, and nothing is lost between them.
#![cfg(feature = "vault")]
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test and its child processes")]

mod common;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{NOW, TEMPLATE, copy, entropy, hotp, totp, unlock};
use countersign_core::account::AccountId;
use countersign_core::otp::Otp;
use countersign_core::secret::SecretBytes;
use countersign_core::vault::platform::{Purpose, WrappedKey};
use countersign_core::vault::{Error, InboxChange, PushId, PushRecord, RawKey, RecoveryCode, Selection, Vault};

const PATH: &str = "COUNTERSIGN_TEST_SHARED";
const CODE: &str = "COUNTERSIGN_TEST_SHARED_CODE";
const NAME: &str = "COUNTERSIGN_TEST_NAME";
const EACH: usize = 40;

/// Until it is no longer busy, but not for ever.
fn patiently<T>(mut work: impl FnMut() -> Result<T, Error>) -> T {
    let start = Instant::now();
    loop {
        match work() {
            Err(Error::Busy) if start.elapsed() < Duration::from_secs(30) => {}
            other => return other.unwrap(),
        }
    }
}

fn named(vault: &Vault, name: &str) -> Vec<AccountId> {
    let selection = Selection { search: name.to_owned(), ..Selection::default() };
    vault.accounts(&selection).unwrap().iter().map(|account| account.id).collect()
}

/// A child: adds accounts, uses the one counter that all share, and waits until it sees another's. Alone, it does nothing.
#[test]
fn one_of_several() {
    let (Ok(path), Ok(name)) = (std::env::var(PATH), std::env::var(NAME)) else { return };
    let mut vault = Vault::open(path.as_ref(), entropy()).unwrap();
    vault.unlock_with_recovery(&RecoveryCode::parse(&std::env::var(CODE).unwrap()).unwrap()).unwrap();
    let shared = *named(&vault, "shared").first().unwrap();
    for number in 0..EACH {
        let new = totp(&name, &number.to_string(), &[u8::try_from(number).unwrap() + 1; 20]);
        patiently(|| vault.add(new.clone(), false, NOW));
        let code = patiently(|| vault.code(shared, NOW));
        println!("\ncode {}", code.code);
    }
    let other = if name == "one" { "two" } else { "one" };
    let start = Instant::now();
    while named(&vault, other).len() < EACH {
        assert!(start.elapsed() < Duration::from_secs(60), "{name} does not see {other}");
        std::thread::sleep(Duration::from_millis(20));
        patiently(|| vault.refresh());
    }
}

fn start(path: &std::path::Path, name: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "one_of_several", "--nocapture", "--test-threads=1"])
        .env(PATH, path)
        .env(CODE, TEMPLATE.recovery.show().expose())
        .env(NAME, name)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

#[test]
fn two_processes_write_at_once_and_see_each_other() {
    let (_folder, path) = copy();
    let (mut vault, _) = unlock(&path).unwrap();
    let shared = vault.add(hotp("shared"), true, NOW).unwrap();
    let children = [start(&path, "one"), start(&path, "two")];
    let mut codes: Vec<String> = Vec::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let said = String::from_utf8(output.stdout).unwrap();
        codes.extend(said.lines().filter_map(|line| line.strip_prefix("code ")).map(str::to_owned));
    }
    vault.refresh().unwrap();
    assert_eq!((named(&vault, "one").len(), named(&vault, "two").len()), (EACH, EACH));
    assert_eq!(vault.accounts(&Selection::default()).unwrap().len(), TEMPLATE.ids.len() + 1 + 2 * EACH);
    // Each use of the shared counter was a different one: no code was given twice.
    let Otp::Hotp(counter) = &vault.account(shared).unwrap().otp else { panic!("not HOTP") };
    assert_eq!((counter.counter(), codes.len()), (2 * EACH as u64, 2 * EACH));
    codes.sort_unstable();
    codes.dedup();
    assert!(codes.len() >= 2 * EACH - 1, "two equal codes by chance are rare, three never: {}", codes.len());
    assert!(vault.verify().unwrap().is_clean());
}

const INBOX: &str = "COUNTERSIGN_TEST_SHARED_INBOX";

/// A child: counts in a row of the inbox of a locked vault, by comparing and setting. Alone, it does nothing.
#[test]
fn one_of_several_at_the_inbox() {
    let Ok(path) = std::env::var(INBOX) else { return };
    let mut vault = Vault::open(path.as_ref(), entropy()).unwrap();
    let (slot, _) = vault.wrapped_keys(Purpose::Inbox).unwrap().remove(0);
    let key = vault.inbox_key(slot, &RawKey::from_bytes(&[5; 32]).unwrap()).unwrap();
    let mut inbox = vault.inbox_with(&key).unwrap();
    for _ in 0..EACH {
        loop {
            let row = patiently(|| inbox.row(ENROLLED, 1)).unwrap();
            let next = u32::from_le_bytes(row.bytes.expose().try_into().unwrap()) + 1;
            let next = SecretBytes::from(&next.to_le_bytes()[..]);
            match inbox.commit(vec![InboxChange::replace(&row, next)]) {
                Ok(_) => break,
                Err(Error::Changed | Error::Busy) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

const ENROLLED: PushId = PushId::from_bytes([1; 16]);

#[test]
fn two_locked_processes_and_an_unlocked_one_count_in_one_row_and_lose_nothing() {
    let (_folder, path) = copy();
    let (mut vault, _) = unlock(&path).unwrap();
    let key = RawKey::from_bytes(&[5; 32]).unwrap();
    vault.add_device(&WrappedKey::new(Purpose::Inbox, key, b"wrapped".to_vec()).unwrap(), NOW).unwrap();
    let rows = vec![InboxChange::add(ENROLLED, 1, SecretBytes::from(&[0; 4][..]))];
    vault.put_push(PushRecord::new(ENROLLED, 1, Vec::new(), NOW), rows, None, NOW).unwrap();
    let start = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "one_of_several_at_the_inbox", "--test-threads=1"])
            .env(INBOX, &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    let children = [start(), start()];
    // Meanwhile the vault itself is written, and read anew.
    for number in 0..20 {
        let new = totp("Meanwhile", &number.to_string(), &[number + 1; 20]);
        patiently(|| vault.add(new.clone(), false, NOW));
    }
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let row = vault.inbox().unwrap().row(ENROLLED, 1).unwrap().unwrap();
    let total = u32::try_from(2 * EACH).unwrap();
    assert_eq!((row.bytes.expose(), row.revision.number()), (&total.to_le_bytes()[..], 1 + u64::from(total)));
    assert_eq!(named(&vault, "meanwhile").len(), 20);
    assert!(vault.verify().unwrap().is_clean());
}
