//! After `lock()`, this process's own memory holds none of the secrets and keys that it used.
//!
//! The needles are kept masked, so that the search does not find itself; a control run, before the lock, finds them.
#![cfg(all(feature = "vault", target_os = "linux"))]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use countersign_core::account::{NewAccount, Profile};
use countersign_core::entropy::{Entropy, EntropyError, SystemEntropy, random};
use countersign_core::otp::{Algorithm, Digits, Otp, Period, Secret, Totp};
use countersign_core::time::UnixTime;
use countersign_core::vault::{Cost, Password, Selection, Vault};

const NOW: UnixTime = UnixTime::from_seconds(1_700_000_000);
const MASK: u8 = 0xa7;

/// The system's bytes, of which it keeps every draw of 32 (the keys) and 20 (the recovery code), masked.
struct Recorder {
    system: SystemEntropy,
    drawn: std::sync::Mutex<Vec<Vec<u8>>>,
}

impl Entropy for Recorder {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        self.system.fill(buffer)?;
        if buffer.len() >= 20 {
            self.drawn.lock().unwrap().push(masked(buffer));
        }
        Ok(())
    }
}

fn masked(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| byte ^ MASK).collect()
}

/// How often each masked needle stands, unmasked, in the writable memory of this process.
fn count(needles: &[Vec<u8>]) -> Vec<usize> {
    let mut counts = vec![0; needles.len()];
    let mut memory = std::fs::File::open("/proc/self/mem").unwrap();
    let mut chunk = vec![0; 1 << 20];
    for line in std::fs::read_to_string("/proc/self/maps").unwrap().lines() {
        let mut words = line.split_whitespace();
        let (range, mode) = (words.next().unwrap(), words.next().unwrap());
        if !mode.starts_with("rw") {
            continue;
        }
        let (from, to) = range.split_once('-').unwrap();
        let (mut at, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        while at < to {
            memory.seek(SeekFrom::Start(at)).unwrap();
            let Ok(read) = memory.read(&mut chunk) else { break };
            if read == 0 {
                break;
            }
            search(&chunk[..read], needles, &mut counts);
            // The end of one chunk is looked at again with the next.
            at += u64::try_from(if read == chunk.len() { read - 64 } else { read }).unwrap();
        }
    }
    counts
}

fn search(memory: &[u8], needles: &[Vec<u8>], counts: &mut [usize]) {
    for (needle, count) in needles.iter().zip(counts) {
        let first = needle[0] ^ MASK;
        for start in memory.iter().enumerate().filter(|(_, byte)| **byte == first).map(|(start, _)| start) {
            let Some(window) = memory.get(start..start + needle.len()) else { continue };
            if window.iter().zip(needle).all(|(byte, masked)| byte ^ MASK == *masked) {
                *count += 1;
            }
        }
    }
}

/// Calls that use the stack and the heap as a program does that goes on after the lock.
fn ordinary_calls(folder: &std::path::Path) {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new());
    let password = Password::chosen(b"another password".to_vec()).unwrap();
    let (mut vault, _) = Vault::create(&folder.join("other"), entropy, &password, Cost::LEAST, NOW).unwrap();
    let secret = Secret::new(&[1; 20][..]).unwrap();
    let otp = Otp::Totp(Totp::new(secret, Algorithm::Sha256, Digits::SIX, Period::THIRTY));
    let id = vault.add(NewAccount { profile: Profile::named("Other", "x"), otp }, false, NOW).unwrap();
    vault.code(id, NOW).unwrap();
    vault.backup_bytes(NOW).unwrap();
    vault.lock();
    vault.unlock_with_password(&password, NOW).unwrap();
}

#[test]
fn no_key_and_no_secret_stays_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Arc::new(Recorder { system: SystemEntropy::new(), drawn: std::sync::Mutex::default() });
    let mut needles = Vec::new();
    let mut vault = {
        let letters: [u8; 24] = random(&SystemEntropy::new()).unwrap();
        let mut typed: Vec<u8> = letters.iter().map(|byte| b'a' + byte % 26).collect();
        needles.push(masked(&typed));
        let password = Password::chosen(typed.clone()).unwrap();
        typed.fill(0);
        let (vault, _) =
            Vault::create(&folder.path().join("vault"), recorder.clone(), &password, Cost::LEAST, NOW).unwrap();
        vault
    };
    {
        // Filled in place: an array that is returned would leave a copy of this test's own on the stack.
        let mut bytes = vec![0; 20];
        SystemEntropy::new().fill(&mut bytes).unwrap();
        needles.push(masked(&bytes));
        let secret = Secret::new(bytes).unwrap();
        let otp = Otp::Totp(Totp::new(secret, Algorithm::Sha1, Digits::SIX, Period::THIRTY));
        vault.add(NewAccount { profile: Profile::named("Site", "me"), otp }, false, NOW).unwrap();
    }
    assert!(vault.codes(NOW).unwrap().count() > 0);
    vault.backup_bytes(NOW).unwrap();
    needles.extend(recorder.drawn.lock().unwrap().iter().cloned());
    assert!(needles.len() >= 5, "the vault key, the root, the code, the backup key and the file key were drawn");

    let before = count(&needles);
    // The account's secret and the vault key are needed now: the search must be able to find them.
    assert!(before[1] > 0 && before[2..].iter().any(|count| *count > 0), "{before:?}");
    vault.lock();
    assert!(vault.accounts(&Selection::default()).is_err());
    ordinary_calls(folder.path());
    let after = count(&needles);
    assert!(after.iter().all(|count| *count == 0), "left in memory, in the order of their use: {after:?}");
}
