//! The whole in a minute: enrol from pictures, read codes, lock, tamper, back up, restore. Temporary files only.

#[expect(dead_code, reason = "the play that uses it comes with the phone's commands")]
mod browser;
pub(crate) mod serve;
mod service;

pub(crate) use service::Trouble;

use std::path::{Path, PathBuf};

use countersign_core::account::AccountId;
use countersign_core::enroll::picture::write_png;
use countersign_core::enroll::{self, Scanned};
use countersign_core::entropy::random;
use countersign_core::otp::{Algorithm, Otp};
use countersign_core::time::UnixTime;
use countersign_core::vault::{Backup, Cost, Finding, FolderSink, Password, Selection, Vault};
use countersign_qr::Level;
use ring::hmac;

use crate::accounts::{describe, write_private};
use crate::failure::{Failure, file};
use crate::scan;
use crate::terminal::{answer, now};
use crate::vaults::entropy;

/// What a site hands over for each of these; the secret is made anew each time.
const SITES: [(&str, &str, &str); 5] = [
    ("GitHub", "otpauth://totp/GitHub:ada?issuer=GitHub", "six digits every thirty seconds"),
    (
        "Payroll",
        "otpauth://totp/Payroll:ada%40example.org?issuer=Payroll&algorithm=SHA512&digits=8&period=60",
        "SHA-512",
    ),
    ("Archive", "otpauth://totp/Archive:ada?issuer=Archive&algorithm=SHA256&digits=10", "ten digits"),
    ("Door", "otpauth://hotp/Door:ada?issuer=Door&counter=0", "by counter"),
    ("Bücherei", "otpauth://totp/B%C3%BCcherei:Ada%20Lovelace?issuer=B%C3%BCcherei", "names beyond ASCII"),
];

struct Steps(usize);

impl Steps {
    fn next(&mut self, title: &str) -> Result<(), Failure> {
        self.0 += 1;
        answer(&format!("\n{}. {title}", self.0))
    }
}

fn ensure(condition: bool, otherwise: &'static str) -> Result<(), Failure> {
    if condition { Ok(()) } else { Err(Failure::Demo(otherwise)) }
}

/// A random secret or password for this run alone, as text.
fn random_text() -> Result<String, Failure> {
    let bytes: [u8; 20] = random(&*entropy()).map_err(countersign_core::vault::Error::from)?;
    Ok(data_encoding::BASE32_NOPAD.encode(&bytes))
}

pub(crate) fn run() -> Result<(), Failure> {
    let folder = tempfile::tempdir().map_err(file(Path::new("temporary folder")))?;
    let mut steps = Steps(0);
    let password = Password::chosen(random_text()?.into_bytes())?;
    let path = folder.path().join("vault.countersign");

    steps.next("A new vault, sealed with a password and a recovery code")?;
    let (mut vault, recovery) = Vault::create(&path, entropy(), &password, Cost::LEAST, now())?;
    answer("   ways to unlock: password, recovery code")?;

    steps.next("Five sites show their QR codes: drawn as pictures, then read from the pictures")?;
    let mut secrets = Vec::new();
    for (site, uri, remark) in SITES {
        let secret = random_text()?;
        let picture = draw(folder.path(), site, &format!("{uri}&secret={secret}"))?;
        enroll(&mut vault, &picture, remark)?;
        secrets.push(secret);
    }

    steps.next("Codes, each checked by a verifier that shares no code with the authenticator")?;
    check_codes(&mut vault, &secrets)?;

    steps.next("Locked: no account can be read, and the file holds nothing in the clear")?;
    vault.lock();
    ensure(vault.codes(now()).is_err(), "a locked vault still gave codes")?;
    drop(vault);
    let bytes = std::fs::read(&path).map_err(file(&path))?;
    nothing_in_the_clear(&bytes, &secrets)?;
    answer(&format!("   {} bytes searched for {} names and secrets: none found", bytes.len(), SITES.len() * 2))?;

    steps.next("One byte changed in a copy: named when the copy is unlocked, the rest stays readable")?;
    tamper(folder.path(), &bytes, &recovery)?;

    steps.next("An encrypted backup, read back before it counts; then a new vault from it")?;
    let mut vault = Vault::open(&path, entropy())?;
    vault.unlock_with_password(&password, now())?;
    restore(folder.path(), &mut vault, &recovery)?;

    steps.next("A whole verification of the vault")?;
    let report = vault.verify()?;
    ensure(report.is_clean(), "the vault is not clean")?;
    answer(&format!("   {} accounts, all as they were last written", report.accounts))?;
    answer(&format!("\ndemo: ok ({} steps)", steps.0))
}

/// Draws a link's QR code into a picture file, as a site's page shows it.
fn draw(folder: &Path, site: &str, uri: &str) -> Result<PathBuf, Failure> {
    let code = countersign_qr::encode(uri, Level::Medium).map_err(|_| Failure::Demo("a link was too long"))?;
    let (luma, side) = code.to_luma(5);
    let path = folder.join(format!("{site}.png"));
    write_private(&path, &write_png(&luma, side)?)?;
    Ok(path)
}

fn enroll(vault: &mut Vault, picture: &Path, remark: &str) -> Result<(), Failure> {
    let (contents, milliseconds) = scan::read(picture)?;
    let [content] = contents.as_slice() else { return Err(Failure::NoCode) };
    let Ok(Scanned::Account(enrollment)) = enroll::parse(content.text().unwrap_or_default()) else {
        return Err(Failure::Demo("a picture did not hold the account that was drawn"));
    };
    let account = enrollment.account;
    answer(&format!(
        "   {:<26} {:<40} {remark}, read in {milliseconds:.1} ms",
        account.profile.label(),
        describe(&account.otp)
    ))?;
    for oddity in &enrollment.oddities {
        answer(&format!("      note: {oddity}"))?;
    }
    vault.add(account, false, now())?;
    Ok(())
}

fn check_codes(vault: &mut Vault, secrets: &[String]) -> Result<(), Failure> {
    for ((site, ..), secret) in SITES.iter().zip(secrets) {
        let selection = Selection { search: (*site).to_owned(), ..Selection::default() };
        let found = vault.accounts(&selection)?.first().map(|account| (account.id, account.otp.clone()));
        let (id, otp) = found.ok_or(Failure::Demo("an account is missing"))?;
        let moment = now();
        let code = vault.code(id, moment)?;
        let secret = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap_or_default();
        let expected = verifier(&otp, &secret, moment).ok_or(Failure::Demo("the verifier has no such algorithm"))?;
        ensure(expected == code.code.as_str(), "the verifier refused a code")?;
        let left = code
            .window
            .map_or("until used".to_owned(), |window| format!("{} s left", window.remaining_millis(moment) / 1000));
        answer(&format!("   {site:<26} {:<12} {left}", code.code))?;
    }
    Ok(())
}

/// RFC 4226 and 6238 as a site would compute them: ring's HMAC and a few lines, nothing of core's.
fn verifier(otp: &Otp, secret: &[u8], at: UnixTime) -> Option<String> {
    let (algorithm, digits, counter) = match otp {
        Otp::Totp(totp) => {
            let period = i64::from(totp.period().seconds());
            (totp.algorithm(), totp.digits(), u64::try_from(at.seconds() / period).ok()?)
        }
        Otp::Hotp(hotp) => (hotp.algorithm(), hotp.digits(), hotp.counter()),
        _ => return None,
    };
    let hash = match algorithm {
        Algorithm::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Algorithm::Sha256 => hmac::HMAC_SHA256,
        Algorithm::Sha512 => hmac::HMAC_SHA512,
        _ => return None,
    };
    let tag = hmac::sign(&hmac::Key::new(hash, secret), &counter.to_be_bytes());
    let offset = usize::from(tag.as_ref().last()? & 0xf);
    let four: [u8; 4] = tag.as_ref().get(offset..offset + 4)?.try_into().ok()?;
    let number = u64::from(u32::from_be_bytes(four) & 0x7fff_ffff) % 10u64.pow(digits.get().into());
    Some(format!("{number:0width$}", width = usize::from(digits.get())))
}

fn nothing_in_the_clear(file: &[u8], secrets: &[String]) -> Result<(), Failure> {
    let holds = |needle: &[u8]| file.windows(needle.len()).any(|window| window == needle);
    for ((site, ..), secret) in SITES.iter().zip(secrets) {
        let bytes = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap_or_default();
        let clear = holds(site.as_bytes()) || holds(secret.as_bytes()) || holds(&bytes);
        ensure(!clear, "the vault's file holds a name or secret in the clear")?;
    }
    Ok(())
}

/// Changes one byte in a copy, at one place after the other until it is an account that is hit.
fn tamper(folder: &Path, bytes: &[u8], recovery: &countersign_core::vault::RecoveryCode) -> Result<(), Failure> {
    for at in (0..bytes.len()).rev().step_by(97) {
        let mut changed = bytes.to_vec();
        if let Some(byte) = changed.get_mut(at) {
            *byte ^= 1;
        }
        let copy = folder.join(format!("copy-{at}"));
        write_private(&copy, &changed)?;
        let Ok(mut vault) = Vault::open(&copy, entropy()) else { continue };
        let Ok(report) = vault.unlock_with_recovery(recovery) else { continue };
        let unreadable = |finding: &&Finding| matches!(finding, Finding::Unreadable { .. });
        if let Some(finding) = report.findings.iter().find(unreadable).filter(|_| report.accounts < SITES.len()) {
            answer(&format!("   byte {at} of {} changed: {finding}", bytes.len()))?;
            answer(&format!("   {} of {} accounts stay readable, and a copy is kept", report.accounts, SITES.len()))?;
            ensure(report.quarantine.is_some_and(|copy| copy.exists()), "no copy was kept")?;
            return Ok(());
        }
    }
    Err(Failure::Demo("no change was noticed"))
}

fn restore(folder: &Path, vault: &mut Vault, recovery: &countersign_core::vault::RecoveryCode) -> Result<(), Failure> {
    let name = vault.backup_to(&mut FolderSink::new(folder), now())?;
    let path = folder.join(&name);
    let bytes = std::fs::read(&path).map_err(file(&path))?;
    answer(&format!("   {name}, {} bytes", bytes.len()))?;
    let backup = Backup::open_with_recovery(&bytes, recovery)?;
    let password = Password::chosen(random_text()?.into_bytes())?;
    let target = folder.join("restored.countersign");
    let (restored, _) = Vault::restore(&target, entropy(), backup, &password, Cost::LEAST, now())?;
    let ids = |vault: &Vault| -> Result<Vec<AccountId>, Failure> {
        Ok(vault.accounts(&Selection::default())?.iter().map(|account| account.id).collect())
    };
    ensure(ids(vault)? == ids(&restored)?, "the restored vault has other accounts")?;
    for id in ids(vault)? {
        let same = vault.account(id)?.otp == restored.account(id)?.otp;
        ensure(same, "a restored account is not what it was")?;
    }
    answer(&format!("   {} accounts restored with the recovery code, each the same", SITES.len()))
}
