//! The accounts that everything is measured with, always the same, and vaults full of them.

use std::path::Path;
use std::sync::Arc;

use countersign_core::account::{NewAccount, Profile};
use countersign_core::entropy::SystemEntropy;
use countersign_core::otp::{Algorithm, Digits, Otp, Period, Secret, Totp};
use countersign_core::time::UnixTime;
use countersign_core::vault::platform::{Purpose, WrappedKey};
use countersign_core::vault::{Cost, Incoming, Password, RawKey, Vault};
use ring::digest::{SHA256, digest};

use super::harness::Outcome;

/// The moment at which they are looked at.
pub(crate) const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

/// The device's key opens a vault without Argon2, which would hide everything else.
const DEVICE_KEY: [u8; 32] = [9; 32];

const SERVICES: [&str; 12] = [
    "Aldgate Bank",
    "Bergwerk Hosting",
    "Café Zürich",
    "Dockyard",
    "Elmtree Mail",
    "Fjord Cloud",
    "Grüne Energie",
    "Harbour Registry",
    "Ivory Archive",
    "Jetty Payments",
    "Kiosk 24",
    "Lantern VPN",
];
const PEOPLE: [&str; 10] = ["anna", "bora", "chidi", "dörte", "emre", "fatima", "gopal", "hélène", "ivo", "jun"];

/// Bytes that are different for each number and look random.
pub(crate) fn secret(number: usize) -> Vec<u8> {
    digest(&SHA256, &number.to_be_bytes()).as_ref().iter().copied().take(20).collect()
}

/// The names of an account; one in ten has a note, one in five tags.
pub(crate) fn profile(number: usize) -> Profile {
    let pick =
        |from: &[&str], at: usize| from.iter().cycle().nth(at % from.len()).copied().unwrap_or_default().to_owned();
    let person = pick(&PEOPLE, number / SERVICES.len());
    let mut profile = Profile::named(pick(&SERVICES, number), format!("{person}.{number}@example.org"));
    if number.is_multiple_of(10) {
        profile.note = format!("Recovery sheet {number} is in the blue folder");
    }
    if number.is_multiple_of(5) {
        profile.tags = vec!["Work".to_owned(), "Shared".to_owned()];
    }
    profile
}

/// A TOTP account as most sites hand it over: 20 bytes, SHA-1, six digits, 30 seconds.
pub(crate) fn account(number: usize) -> Outcome<NewAccount> {
    let otp = Totp::new(Secret::new(secret(number))?, Algorithm::Sha1, Digits::SIX, Period::THIRTY);
    Ok(NewAccount { profile: profile(number), otp: Otp::Totp(otp) })
}

/// A new vault of so many accounts, unlocked.
pub(crate) fn vault(path: &Path, accounts: usize) -> Outcome<Vault> {
    let password = Password::chosen(b"correct horse".to_vec())?;
    let (mut vault, _) = Vault::create(path, Arc::new(SystemEntropy::new()), &password, Cost::LEAST, NOW)?;
    let key = WrappedKey::new(Purpose::Slot, RawKey::from_bytes(&DEVICE_KEY)?, Vec::new())?;
    vault.add_device(&key, NOW)?;
    if accounts > 0 {
        let incoming = (0..accounts).map(|number| Ok(Incoming::new(account(number)?)));
        vault.import(incoming.collect::<Outcome<_>>()?, NOW)?;
    }
    Ok(vault)
}

/// The vault at that path, locked.
pub(crate) fn open(path: &Path) -> Outcome<Vault> {
    Ok(Vault::open(path, Arc::new(SystemEntropy::new()))?)
}

/// Unlocks it with the device's key.
pub(crate) fn unlock(vault: &mut Vault) -> Outcome {
    let slots = vault.wrapped_keys(Purpose::Slot)?;
    let (id, _) = slots.first().ok_or("no device slot")?;
    let report = vault.unlock_with_device_key(*id, &RawKey::from_bytes(&DEVICE_KEY)?)?;
    if report.is_clean() { Ok(()) } else { Err("the vault is not as it was written".into()) }
}
