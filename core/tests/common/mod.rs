//! What the tests of the vault share: accounts, and a vault that opens without Argon2.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use countersign_core::account::{AccountId, NewAccount, Profile};
use countersign_core::entropy::{Entropy, SystemEntropy};
use countersign_core::otp::{Algorithm, Digits, Hotp, Otp, Period, Secret, Totp};
use countersign_core::time::UnixTime;
use countersign_core::vault::platform::{Purpose, WrappedKey};
use countersign_core::vault::{Cost, Error, Password, RawKey, RecoveryCode, Report, Selection, SlotId, Vault};

pub(crate) const NOW: UnixTime = UnixTime::from_seconds(1_700_000_000);

pub(crate) fn entropy() -> Arc<dyn Entropy> {
    Arc::new(SystemEntropy::new())
}

pub(crate) fn password() -> Password {
    Password::chosen(b"correct horse".to_vec()).unwrap()
}

pub(crate) fn totp(issuer: &str, name: &str, secret: &[u8]) -> NewAccount {
    let secret = Secret::new(secret).unwrap();
    NewAccount {
        profile: Profile::named(issuer, name),
        otp: Otp::Totp(Totp::new(secret, Algorithm::Sha1, Digits::SIX, Period::THIRTY)),
    }
}

pub(crate) fn hotp(name: &str) -> NewAccount {
    let secret = Secret::new(&b"12345678901234567890"[..]).unwrap();
    NewAccount {
        profile: Profile::named("Counter", name),
        otp: Otp::Hotp(Hotp::new(secret, Algorithm::Sha1, Digits::SIX, 0)),
    }
}

/// A vault of twenty accounts with a device slot, made once: so that no test but those of the KDF waits for Argon2.
pub(crate) struct Template {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) device: SlotId,
    pub(crate) device_key: [u8; 32],
    pub(crate) recovery: RecoveryCode,
    pub(crate) ids: Vec<AccountId>,
}

pub(crate) static TEMPLATE: LazyLock<Template> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault");
    let (mut vault, recovery) = Vault::create(&path, entropy(), &password(), Cost::LEAST, NOW).unwrap();
    let device_key = [9; 32];
    let device = vault.add_device(&device_key_of(device_key), NOW).unwrap();
    let mut ids = Vec::new();
    for number in 0..19u8 {
        let new = totp(&format!("Issuer {number:02}"), "somebody@example.org", &[number + 1; 20]);
        ids.push(vault.add(new, false, NOW).unwrap());
    }
    ids.push(vault.add(hotp("counting"), false, NOW).unwrap());
    vault.set_icon(*ids.first().unwrap(), Some(&[0x5a; 3000])).unwrap();
    drop(vault);
    Template { folder, device, device_key, recovery, ids }
});

/// A key that a keystore has wrapped.
pub(crate) fn device_key_of(bytes: [u8; 32]) -> WrappedKey {
    WrappedKey::new(Purpose::Slot, RawKey::from_bytes(&bytes).unwrap(), b"wrapped".to_vec()).unwrap()
}

/// A copy of the template's file in a folder of its own.
pub(crate) fn copy() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault");
    std::fs::copy(TEMPLATE.folder.path().join("vault"), &path).unwrap();
    (folder, path)
}

pub(crate) fn unlock(path: &Path) -> Result<(Vault, Report), Error> {
    let mut vault = Vault::open(path, entropy())?;
    let key = RawKey::from_bytes(&TEMPLATE.device_key).unwrap();
    let report = vault.unlock_with_device_key(TEMPLATE.device, &key)?;
    Ok((vault, report))
}

pub(crate) fn opened() -> (tempfile::TempDir, Vault) {
    let (folder, path) = copy();
    let (vault, report) = unlock(&path).unwrap();
    assert!(report.is_clean(), "{report:?}");
    (folder, vault)
}

pub(crate) fn all(vault: &Vault) -> Vec<AccountId> {
    let mut ids: Vec<_> = vault.accounts(&Selection::default()).unwrap().iter().map(|account| account.id).collect();
    ids.sort_unstable();
    ids
}

/// Direct access to the file, as somebody who tampers has it.
pub(crate) fn tamper(path: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch(sql).unwrap();
}

/// Runs a test of the same program alone in a child, kills it with signal 9 after so long, and gives back what it said.
pub(crate) fn killed(test: &str, variables: &[(&str, &OsStr)], after: Duration) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || BufReader::new(out).lines().map_while(Result::ok).collect());
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}
