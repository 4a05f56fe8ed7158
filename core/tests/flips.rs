//! Bytes of a vault's file flipped, one after the other: each flip is named, or changes nothing of what is read.
#![cfg(feature = "vault")]
#![expect(clippy::disallowed_methods, reason = "the test command says by the environment how long it may take")]

use std::path::Path;
use std::sync::Arc;

use countersign_core::account::{Account, NewAccount, Profile};
use countersign_core::entropy::{Entropy, SystemEntropy};
use countersign_core::otp::{Algorithm, Digits, Otp, Period, Secret, Totp};
use countersign_core::time::UnixTime;
use countersign_core::vault::{Cost, Error, Password, RecoveryCode, Salvage, Selection, Vault};

const NOW: UnixTime = UnixTime::from_seconds(1_700_000_000);

fn entropy() -> Arc<dyn Entropy> {
    Arc::new(SystemEntropy::new())
}

/// What is read of a file: an error, or all accounts, whether anything was named, and whether the manifest proves it.
fn read(path: &Path, code: &RecoveryCode) -> Result<(Vec<Account>, bool), Error> {
    let mut vault = Vault::open(path, entropy())?;
    let mut clean = vault.unlock_with_recovery(code)?.is_clean();
    clean &= vault.verify()?.is_clean();
    let accounts = vault.accounts(&Selection::default())?.into_iter().cloned().collect();
    Ok((accounts, clean))
}

#[test]
fn every_flip_is_named_or_changes_nothing() {
    // In memory where that can be: ten thousands of small files.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let path = folder.path().join("vault");
    let password = Password::chosen(b"correct horse".to_vec()).unwrap();
    let (mut vault, code) = Vault::create(&path, entropy(), &password, Cost::LEAST, NOW).unwrap();
    for number in 0..20u8 {
        let secret = Secret::new(&[number + 1; 20][..]).unwrap();
        let otp = Otp::Totp(Totp::new(secret, Algorithm::Sha1, Digits::SIX, Period::THIRTY));
        vault.add(NewAccount { profile: Profile::named("Site", number.to_string()), otp }, false, NOW).unwrap();
    }
    drop(vault);
    let (before, clean) = read(&path, &code).unwrap();
    assert!(clean && before.len() == 20);
    let bytes = std::fs::read(&path).unwrap();
    // All of them where the build is optimised (`tests/run core`); else few, so that every structure of the file is hit.
    let all = std::env::var("COUNTERSIGN_EVERY_BYTE").is_ok_and(|all| !all.is_empty());
    let step = if all { 1 } else { 61 };
    let mut named = 0;
    for at in (0..bytes.len()).step_by(step) {
        let place = tempfile::tempdir_in(&folder).unwrap();
        let copy = place.path().join("vault");
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        std::fs::write(&copy, &changed).unwrap();
        match read(&copy, &code) {
            Ok((accounts, true)) => assert_eq!(accounts, before, "byte {at}: silently another content"),
            Ok((accounts, false)) => {
                named += 1;
                assert!(
                    accounts.iter().all(|account| before.contains(account)),
                    "byte {at}: an account that never was"
                );
                if accounts.len() < before.len() - 1 {
                    salvaged(at, &copy, &code, &before);
                }
            }
            Err(Error::Internal(what)) => unexpected(at, what),
            Err(_) => {
                named += 1;
                salvaged(at, &copy, &code, &before);
            }
        }
    }
    // The rest is free space within pages.
    assert!(named > bytes.len() / step / 8, "only {named} flips were named");
}

/// One byte costs one account at most: where SQLite gives up, salvage finds the rest.
fn salvaged(at: usize, path: &Path, code: &RecoveryCode, before: &[Account]) {
    let salvaged = Salvage::read(path).and_then(|salvage| salvage.open_with_recovery(code));
    let found = salvaged.map(|salvaged| salvaged.content.accounts).unwrap_or_default();
    assert!(found.iter().all(|account| before.contains(account)), "byte {at}: salvaged what never was");
    assert!(found.len() + 1 >= before.len(), "byte {at}: {} accounts salvaged", found.len());
}

fn unexpected(at: usize, what: &str) {
    assert_eq!(what, "", "byte {at}: an internal error");
}
