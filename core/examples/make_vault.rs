//! Makes vaults and a backup that hold every kind of thing, for readers that were written elsewhere, and prints as JSON
//! what it put in.
//!
//! `make_vault FOLDER PASSWORD_FILE` makes, in a folder that exists, `vault`, a backup of it, and `restored`, a vault
//! made from that backup. The file holds the password, without any newline. This is test data: the secrets, the recovery
//! code and the device's key stand in the answer:
//!
//! `{"recovery_code": "…", "keystore": [K, K, K], "backup": "<path>", "vault": C, "restored": C}` with `K` =
//! `{"id": "<hex>", "key": "<hex>"}` for the device, inbox and per-use slots, and `C` = `{"accounts": […], "icons": {id:
//! SHA-256}, "settings": {…}, "slots": […], "last_import": {"at", "ids"} or null, "pushes": […], "inbox": [{"id",
//! "kind", "revision", "bytes": SHA-256}]}`; of enrolments whose keys are sealed, `"keys"` has the two in the clear. Times
//! are milliseconds since 1970.

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_core::account::{Account, AccountId, NewAccount, Profile};
use countersign_core::entropy::{SystemEntropy, random};
use countersign_core::otp::{Algorithm, Digits, Hotp, Motp, Otp, Period, Secret, Steam, Totp, Yandex};
use countersign_core::secret::{SecretBytes, SecretText};
use countersign_core::time::UnixTime;
use countersign_core::vault::platform::{Purpose, WrappedKey};
use countersign_core::vault::{
    Backup, Cost, FolderSink, InboxChange, Incoming, Password, PushId, PushRecord, RawKey, Selection, SlotKind,
    UvPurpose, UvRoot, Vault,
};
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// 2026-03-14 and a bit; every change below is a little later.
const START: UnixTime = UnixTime::from_millis(1_773_446_400_123);

fn main() -> Outcome<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(folder), Some(password), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: make_vault FOLDER PASSWORD_FILE".into());
    };
    let answer = make(&folder, &Password::chosen(std::fs::read(password)?)?)?;
    writeln!(std::io::stdout(), "{answer}")?;
    Ok(())
}

fn make(folder: &Path, password: &Password) -> Outcome<Value> {
    let entropy = Arc::new(SystemEntropy::new());
    // Three different numbers, so that a reader that mixes them up fails.
    let cost = Cost::new(65 * 1024, 3, 2)?;
    let (mut vault, code) = Vault::create(&folder.join("vault"), entropy.clone(), password, cost, START)?;
    vault.confirm_recovery(&code)?;
    let keys = [random::<32>(&*entropy)?, random::<32>(&*entropy)?, random::<32>(&*entropy)?];
    let [device, inbox, per_use] = &keys;
    let later = START.plus_seconds(1);
    let root = vault.uv_root(password, later)?;
    let ids = [
        vault.add_device(&wrapped(Purpose::Slot, device)?, later)?,
        vault.add_device(&wrapped(Purpose::Inbox, inbox)?, later)?,
        vault.add_per_use(&root, &wrapped(Purpose::PerUse, per_use)?, later)?,
    ];
    let keystore = ids.iter().zip(&keys).map(|(id, key)| json!({ "id": id.to_string(), "key": HEXLOWER.encode(key) }));
    change_settings(&mut vault)?;
    let icons = fill(&mut vault)?;
    enroll(&mut vault, &root)?;
    let backup = folder.join(vault.backup_to(&mut FolderSink::new(folder), START.plus_seconds(60))?);
    let opened = Backup::open_with_recovery(&std::fs::read(&backup)?, &code)?;
    let later = START.plus_seconds(3600);
    let (mut restored, _) = Vault::restore(&folder.join("restored"), entropy, opened, password, Cost::LEAST, later)?;
    Ok(json!({
        "recovery_code": code.show().expose(),
        "keystore": keystore.collect::<Vec<_>>(),
        "backup": backup,
        "keys": KEYS.map(|key| HEXLOWER.encode(key)),
        "vault": content(&mut vault, &icons)?,
        "restored": content(&mut restored, &icons)?,
    }))
}

/// What a keystore gives for a key.
fn wrapped(purpose: Purpose, key: &[u8]) -> Outcome<WrappedKey> {
    Ok(WrappedKey::new(purpose, RawKey::from_bytes(key)?, b"what a keystore made of the key".to_vec())?)
}

fn change_settings(vault: &mut Vault) -> Outcome<()> {
    let mut settings = vault.settings()?.clone();
    settings.trash_days = 365;
    settings.count_usage = true;
    settings.backups_kept = 7;
    settings.shell = [("theme", "dunkel"), ("sort", "Größe"), ("empty", "")].map(|(k, v)| (k.into(), v.into())).into();
    Ok(vault.set_settings(settings)?)
}

/// Adds everything, and gives back the pictures.
fn fill(vault: &mut Vault) -> Outcome<Vec<(AccountId, Vec<u8>)>> {
    let new = accounts()?.into_iter().map(Incoming::new).collect();
    let ids = vault.import(new, START.plus_seconds(2))?.added;
    let [first, second, third, fourth, fifth, sixth, ..] = ids.as_slice() else {
        return Err("too few accounts".into());
    };
    describe_well(vault, *first, *second)?;
    vault.set_clock_offset(*first, -86_400, START.plus_seconds(5))?;
    vault.set_clock_offset(*third, 31, START.plus_seconds(5))?;
    vault.set_position(*fourth, u64::MAX)?;
    vault.count_use(*first, START.plus_seconds(6))?;
    vault.count_use(*first, START.plus_seconds(7))?;
    // A clock that was wrong.
    vault.count_use(*second, UnixTime::from_millis(-1))?;
    vault.trash(*fifth, START.plus_seconds(8))?;
    for id in &ids {
        if let Otp::Hotp(_) = vault.account(*id)?.otp {
            vault.code(*id, START)?;
        }
    }
    add_and_remove(vault)?;
    let icons = vec![(*first, picture(3)), (*fifth, picture(100 * 1024)), (*sixth, picture(128 * 1024))];
    vault.set_icon(*first, Some(b"an earlier picture"))?;
    for (id, icon) in &icons {
        vault.set_icon(*id, Some(icon))?;
    }
    Ok(icons)
}

/// Gives one account all that a person can write, and another one the longest note.
fn describe_well(vault: &mut Vault, one: AccountId, other: AccountId) -> Outcome<()> {
    let profile = Profile {
        note: "Zwei Wörter\nund eine Zeile".into(),
        tags: vec!["work".into(), "zu Hause".into(), "🔑".into()],
        favourite: true,
        ..vault.account(one)?.profile.clone()
    };
    vault.edit(one, profile, START.plus_seconds(3))?;
    let long = Profile { note: "n".repeat(Profile::MAX_NOTE), ..vault.account(other)?.profile.clone() };
    Ok(vault.edit(other, long, START.plus_seconds(4))?)
}

/// An account that goes for good, with its picture: the manifest must have forgotten both.
fn add_and_remove(vault: &mut Vault) -> Outcome<()> {
    let gone = NewAccount { profile: Profile::named("gone", "for good"), otp: Otp::Steam(Steam::new(secret(20)?)) };
    let gone = vault.add(gone, false, START)?;
    vault.set_icon(gone, Some(b"gone"))?;
    Ok(vault.remove_all(&[gone])?)
}

fn accounts() -> Outcome<Vec<NewAccount>> {
    let mut accounts = Vec::new();
    let mut add = |issuer: &str, name: &str, otp| {
        accounts.push(NewAccount { profile: Profile::named(issuer, name), otp });
    };
    let counted = [(4, 1), (6, 30), (8, 45), (9, 60), (10, 86_400)];
    for (algorithm, (digits, period)) in Algorithm::ALL.into_iter().zip(counted) {
        let (digits, period) = (Digits::new(digits)?, Period::new(period)?);
        add("TOTP AG", algorithm.name(), Otp::Totp(Totp::new(secret(20)?, algorithm, digits, period)));
        let counter = u64::from(period.seconds()) << 40;
        add("Bücherei", algorithm.name(), Otp::Hotp(Hotp::new(secret(64)?, algorithm, digits, counter)));
    }
    add("Steam", "gabe", Otp::Steam(Steam::new(secret(20)?)));
    add("mOTP", "ada", Otp::Motp(Motp::new(secret(16)?, SecretText::new("Ünß 12".into()))?));
    add("Яндекс", "ivan", Otp::Yandex(Yandex::new(secret(16)?, SecretText::new("0123456789".into()))?));
    // The bounds: no names and one byte; the longest names and secret.
    add("", "", Otp::Steam(Steam::new(secret(1)?)));
    let long = "x".repeat(Profile::MAX_TEXT);
    add(&long, &long, Otp::Steam(Steam::new(secret(Secret::MAX)?)));
    Ok(accounts)
}

/// Of this length; no two bytes in a row are the same.
fn secret(length: usize) -> Outcome<Secret> {
    Ok(Secret::new(picture(length))?)
}

/// Bytes that are no picture, which is nothing to the vault.
fn picture(length: usize) -> Vec<u8> {
    (1..=u8::MAX).cycle().take(length).collect()
}

/// The keys of the first enrolment: what signs, and what makes offline codes.
const KEYS: [&[u8]; 2] = [b"a key that signs for a person...", b"a key that makes offline codes.."];

/// Two enrolments, one of which a phone can't use any more; rows that were changed, removed and long.
fn enroll(vault: &mut Vault, root: &UvRoot) -> Outcome<()> {
    let ids = [[0xa1; 16], [0xb2; 16]].map(PushId::from_bytes);
    let [live, old] = ids;
    let mut push = PushRecord::new(live, 1, "Größe AG, ada".as_bytes().to_vec(), START.plus_seconds(9));
    let [signing, offline] = KEYS.map(SecretBytes::from);
    push.sealed_uv = Some(root.seal(vault, live, UvPurpose::Signing, &signing)?);
    push.sealed_offline = Some(root.seal(vault, live, UvPurpose::Offline, &offline)?);
    let row = |id, kind, length| InboxChange::add(id, kind, SecretBytes::new(picture(length)));
    let totp = accounts()?.into_iter().next().map(|mut new| {
        new.profile = Profile::named("Größe AG", "ada");
        new
    });
    let changes = vec![row(live, 1, 400), row(live, 2, 1), row(live, u32::MAX, 100_000), row(live, 4, 0)];
    vault.put_push(push, changes, totp, START.plus_seconds(9))?;
    let renewed = PushRecord { renew: true, ..PushRecord::new(old, u32::MAX, Vec::new(), UnixTime::from_millis(-1)) };
    vault.put_push(renewed, Vec::new(), None, START.plus_seconds(10))?;
    let mut inbox = vault.inbox()?;
    let there = inbox.rows_of(live)?.rows;
    let [first, second, ..] = there.as_slice() else { return Err("too few rows".into()) };
    inbox.commit(vec![InboxChange::replace(first, SecretBytes::new(picture(500))), InboxChange::delete(second)])?;
    Ok(())
}

fn pushes(vault: &mut Vault) -> Outcome<(Vec<Value>, Vec<Value>)> {
    let sealed = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|bytes| HEXLOWER.encode(bytes));
    let pushes: Vec<_> = vault.pushes()?.to_vec();
    let mut rows = Vec::new();
    for push in &pushes {
        rows.extend(vault.inbox()?.rows_of(push.id)?.rows.iter().map(|row| {
            json!({
                "id": row.id.to_string(), "kind": row.kind, "revision": row.revision.number(),
                "bytes": HEXLOWER.encode(Sha256::digest(row.bytes.expose()).as_ref()),
            })
        }));
    }
    let pushes = pushes.iter().map(|push| {
        json!({
            "id": push.id.to_string(), "protocol": push.protocol, "summary": HEXLOWER.encode(&push.summary),
            "sealed_uv": sealed(&push.sealed_uv), "sealed_offline": sealed(&push.sealed_offline),
            "account": push.account.map(|id| id.to_string()), "renew": push.renew, "created": push.created.millis(),
        })
    });
    Ok((pushes.collect(), rows))
}

fn content(vault: &mut Vault, icons: &[(AccountId, Vec<u8>)]) -> Outcome<Value> {
    let (pushes, inbox) = pushes(vault)?;
    let mut accounts = Vec::new();
    for trash in [false, true] {
        for account in vault.accounts(&Selection { trash, ..Selection::default() })? {
            accounts.push(describe(account));
        }
    }
    let hash = |icon: &Vec<u8>| json!(HEXLOWER.encode(Sha256::digest(icon).as_ref()));
    let icons: Map<_, _> = icons.iter().map(|(id, icon)| (id.to_string(), hash(icon))).collect();
    let settings = vault.settings()?;
    let slots = vault.slots()?.into_iter().map(|slot| {
        let kind = match slot.kind {
            SlotKind::Password => "password",
            SlotKind::Recovery => "recovery",
            SlotKind::Device => "device",
            SlotKind::PerUse => "per-use",
            SlotKind::Inbox => "inbox",
        };
        json!({
            "id": slot.id.to_string(), "kind": kind, "confirmed": slot.confirmed, "created": slot.created.millis(),
        })
    });
    Ok(json!({
        "accounts": accounts,
        "pushes": pushes,
        "inbox": inbox,
        "icons": icons,
        "settings": {
            "trash_days": settings.trash_days, "count_usage": settings.count_usage,
            "backups_kept": settings.backups_kept, "shell": settings.shell,
        },
        "slots": slots.collect::<Vec<_>>(),
        "last_import": vault.last_import()?.map(|last| {
            json!({ "at": last.at.millis(), "ids": last.ids.iter().map(ToString::to_string).collect::<Vec<_>>() })
        }),
    }))
}

fn describe(account: &Account) -> Value {
    let profile = &account.profile;
    let mut described = json!({
        "id": account.id.to_string(),
        "type": account.otp.kind().name(),
        "issuer": profile.issuer,
        "name": profile.name,
        "note": profile.note,
        "tags": profile.tags,
        "favourite": profile.favourite,
        "secret": BASE32_NOPAD.encode(account.otp.secret()),
        "clock_offset": account.clock_offset,
        "may_be_behind": account.may_be_behind,
        "position": account.position,
        "has_icon": account.has_icon,
        "uses": account.usage.count,
        "last_use": account.usage.last.map(UnixTime::millis),
        "created": account.created.millis(),
        "modified": account.modified.millis(),
        "trashed": account.trashed.map(UnixTime::millis),
    });
    if let Some(fields) = described.as_object_mut() {
        fields.extend(parameters(&account.otp).into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
    described
}

/// What only some kinds have.
fn parameters(otp: &Otp) -> Vec<(&'static str, Value)> {
    match otp {
        Otp::Totp(totp) => vec![
            ("algorithm", json!(totp.algorithm().name())),
            ("digits", json!(totp.digits().get())),
            ("period", json!(totp.period().seconds())),
        ],
        Otp::Hotp(hotp) => vec![
            ("algorithm", json!(hotp.algorithm().name())),
            ("digits", json!(hotp.digits().get())),
            ("counter", json!(hotp.counter())),
        ],
        Otp::Steam(_) => Vec::new(),
        Otp::Motp(motp) => vec![("pin", json!(motp.pin().expose()))],
        Otp::Yandex(yandex) => vec![("pin", json!(yandex.pin().expose()))],
    }
}
