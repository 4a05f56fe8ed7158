//! Makes `tests/fuzz/corpus` anew, but for the pictures of other programs (`make_pictures.py`): run it in `tests/fuzz`.
//!
//! Files that are there are written over; those of an older format of the vault are worth keeping under another name.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use countersign_core::account::AccountId;
use countersign_core::enroll::migration::export;
use countersign_core::secret::SecretBytes;
use countersign_core::vault::platform::{Purpose, WrappedKey};
use countersign_core::vault::{Cost, InboxChange, Incoming, Password, PushRecord, Selection, Vault};
use countersign_core::wire::Writer;
use countersign_fuzz::known::{INBOX, NOW, PUSH, Stream, account, device_key};
use countersign_qr::{Level, encode};

type Done = Result<(), Box<dyn Error>>;

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// One of each form that is read.
const TEXTS: [(&str, &str); 22] = [
    ("totp", "otpauth://totp/Example:ada@example.org?secret=$&issuer=Example&algorithm=SHA256&digits=8&period=60"),
    ("hotp", "otpauth://hotp/Example:ada?secret=$&issuer=Example&counter=18446744073709551614"),
    ("ten-digits", "otpauth://totp/Archive:ada?secret=$&issuer=Archive&algorithm=SHA512&digits=10&period=86400"),
    ("steam-otpauth", "otpauth://steam/Steam:ada?secret=$&issuer=Steam"),
    ("steam", "steam://GEZDGNBVGY3TQOJQ"),
    ("yandex", "otpauth://yaotp/ada?secret=$&pin_length=4&pin=GEZDGNA"),
    ("yandex-without-pin", "otpauth://yaotp/ada?secret=$&pin_length=4"),
    ("motp", "motp://Example:ada?secret=0123456789abcdef&pin=1234"),
    ("motp-without-pin", "motp://Example:ada?secret=0123456789abcdef"),
    (
        "two-step",
        "otpauth://totp/TOTP1?secret=$&issuer=privacyIDEA&2step_salt=8&2step_output=20&2step_difficulty=10000",
    ),
    ("daypassword", "otpauth://daypassword/D1?secret=$&period=24h&digits=6&issuer=privacyIDEA"),
    ("bare", "gezd gnbv-gy3t qojq gezd gnbv gy3t qojq ===="),
    ("encoded-colons", "otpauth://totp/A%3A%20b%3Ac:d%253A?secret=$&issuer=A"),
    ("two-issuers", "otpauth://totp/One:ada?secret=$&issuer=Two&issuer=Three"),
    ("latin-1", "otpauth://totp/B%FCcherei:%E4da?secret=$&issuer=B%FCcherei"),
    ("blanks", "otpauth://totp/%20%20a+b%20:%20%20c%20%20?secret=$&issuer=a+b"),
    ("no-issuer", "otpauth://totp/%3Aada%20?secret=$"),
    ("beyond-ascii", "otpauth://totp/\u{130}\u{df}\u{1f511}:\u{202e}ada?secret=$&issuer=\u{130}\u{df}\u{1f511}"),
    ("query-encoded", "otpauth://totp/Example%3Fsecret%3D$%26issuer%3DExample"),
    (
        "migration",
        "otpauth-migration://offline?data=CiYKFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEgNhZGEaA0V4YSABKAEwAhABGAEgACjNqu8B",
    ),
    ("pipush", "otpauth://pipush/PIPU0001?url=https%3A//example.org/ttype/push&ttl=2&issuer=privacyIDEA"),
    ("tiqr", "tiqrenroll://https://example.org/metadata/0123456789abcdef"),
];

fn main() -> Done {
    let corpus = Path::new("corpus");
    for target in ["uri", "migration", "picture", "vault", "backup"] {
        fs::create_dir_all(corpus.join(target))?;
    }
    for (name, text) in TEXTS {
        fs::write(corpus.join("uri").join(name), text.replace('$', SECRET))?;
    }
    migrations(&corpus.join("migration"))?;
    pixels(&corpus.join("picture"))?;
    vaults(corpus)
}

/// Payloads as Google Authenticator and others write them, and some that nobody should.
fn migrations(folder: &Path) -> Done {
    let entry = |name: &str, issuer: &str, [algorithm, digits, kind, counter]: [u64; 4]| {
        let mut writer = Writer::new();
        writer.bytes(1, b"12345678901234567890").bytes(2, name.as_bytes()).bytes(3, issuer.as_bytes());
        writer.number(4, algorithm).number(5, digits).number(6, kind).number(7, counter);
        writer.finish()
    };
    let payload = |entries: &[&[u8]], size: u64, index: u64| {
        let mut writer = Writer::new();
        for entry in entries {
            writer.bytes(1, entry).number(2, 1);
        }
        writer.number(3, size).number(4, index).number(5, 0xffff_ffff_ffff_fff9);
        writer.finish().to_vec()
    };
    let usual = entry("Example:ada", "Example", [1, 1, 2, 0]);
    let hotp = entry("ada", "", [3, 2, 1, 1 << 62]);
    let unspecified = entry(" : two: colons ", "", [0, 0, 0, 0]);
    let md5 = entry("\u{130}", "i\u{307}", [4, 9, 3, u64::MAX]);
    let framed = |payloads: &[Vec<u8>]| {
        let frame = |payload: &Vec<u8>| {
            let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
            [&length.to_le_bytes()[..], payload].concat()
        };
        payloads.iter().flat_map(frame).collect::<Vec<u8>>()
    };
    fs::write(folder.join("one-part"), framed(&[payload(&[&usual, &hotp], 1, 0)]))?;
    let three = [payload(&[&unspecified], 3, 2), payload(&[&usual], 3, 0), payload(&[&hotp, &md5], 3, 1)];
    fs::write(folder.join("three-parts"), framed(&three))?;
    fs::write(folder.join("missing-part"), framed(&[payload(&[&md5], 1000, 999), payload(&[&usual], 1000, 998)]))?;
    fs::write(folder.join("other-batch"), framed(&[payload(&[&usual], 2, 0), payload(&[&hotp], 2, 0)]))?;
    fs::write(folder.join("no-numbers"), framed(&[[&[0x0a, u8::try_from(usual.len())?], &usual[..]].concat()]))?;
    let accounts: Vec<_> = [1, 6].map(account).into();
    let id = AccountId::from_bytes([1; 16]);
    let chosen = accounts.iter().map(|account| (id, &account.profile, &account.otp));
    let ours = export(chosen, 1, &Stream::new(4))?;
    let payloads = ours.iter().map(|text| {
        let base64 = text.expose().rsplit('=').next().unwrap_or_default();
        let plain = base64.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
        data_encoding::BASE64.decode(plain.as_bytes())
    });
    Ok(fs::write(folder.join("our-own"), framed(&payloads.collect::<Result<Vec<_>, _>>()?))?)
}

/// Bare grey pixels behind their width: every byte of them reaches the reader of QR codes.
fn pixels(folder: &Path) -> Done {
    let texts = [
        ("pixels-short", "8675309", Level::Low),
        ("pixels-link", "otpauth://totp/Example:ada?secret=GEZDGNBVGY3TQOJQ&issuer=Example", Level::Medium),
        ("pixels-kanji", "\u{70b9}\u{8317}", Level::High),
    ];
    for (name, text, level) in texts {
        let (modules, side) = encode(text, level)?.to_luma(2);
        let mut file = vec![u8::try_from(side)?];
        file.extend(modules);
        fs::write(folder.join(name), file)?;
    }
    Ok(())
}

/// Every state of `known::STATES` as a vault's file and as a backup.
fn vaults(corpus: &Path) -> Done {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("vault");
    let password = Password::chosen(b"correct horse".to_vec())?;
    let (mut vault, code) = Vault::create(&path, Arc::new(Stream::new(1)), &password, Cost::LEAST, NOW)?;
    fs::write(corpus.join("recovery-code.txt"), format!("{}\n", code.show().expose()))?;
    // The last connection that closes merges the journal into the file.
    let keep = |vault: Vault, name: &str, seed: u64| -> Result<Vault, Box<dyn Error>> {
        fs::write(corpus.join("backup").join(name), vault.backup_bytes(NOW)?)?;
        drop(vault);
        fs::write(corpus.join("vault").join(name), fs::read(&path)?)?;
        let mut again = Vault::open(&path, Arc::new(Stream::new(seed)))?;
        again.unlock_with_recovery(&code)?;
        Ok(again)
    };
    vault = keep(vault, "fresh", 5)?;
    vault.import((1..=5).map(|number| Incoming::new(account(number))).collect(), NOW)?;
    vault.add_device(&WrappedKey::new(Purpose::Slot, device_key(), b"wrapped".to_vec())?, NOW)?;
    vault = keep(vault, "five", 6)?;
    vault.import((6..=8).map(|number| Incoming::new(account(number))).collect(), NOW)?;
    let selected = vault.accounts(&Selection { search: "Site 1".to_owned(), ..Selection::default() })?;
    let first = selected.first().ok_or("no first account")?.id;
    vault.set_icon(first, Some(&[0x89; 600]))?;
    vault.trash(first, NOW)?;
    vault.add_device(&WrappedKey::new(Purpose::Inbox, device_key(), b"wrapped".to_vec())?, NOW)?;
    let rows = [1, 2].map(|kind| InboxChange::add(PUSH, kind, SecretBytes::from(INBOX)));
    vault.put_push(PushRecord::new(PUSH, 1, b"server".to_vec(), NOW), rows.into(), None, NOW)?;
    keep(vault, "eight", 7)?;
    // SQLite takes so short a file for an empty database.
    Ok(fs::write(corpus.join("vault").join("one-byte"), "x")?)
}
