//! A vault and a backup of every released format, as they were written then: they stay readable.
//!
//! `tests/fixtures/formats/NUMBER` was made once by `core/examples/make_vault.rs` of that version and is never made anew.
#![cfg(feature = "vault")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::entropy;
use countersign_core::account::Account;
use countersign_core::otp::Otp;
use countersign_core::time::UnixTime;
use countersign_core::vault::platform::Purpose;
use countersign_core::vault::{
    Backup, InboxKey, Password, PushRecord, RawKey, RecoveryCode, Salvage, UvPurpose, Vault,
};
use serde_json::Value;

const NOW: UnixTime = UnixTime::from_millis(1_790_000_000_000);

fn stored(number: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/fixtures/formats/{number}"))
}

fn hex(value: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

/// What the example said of an account, by its id.
fn same(account: &Account, told: &Value) {
    let secret = data_encoding::BASE32_NOPAD.encode(account.otp.secret());
    let profile = &account.profile;
    let texts = [
        (secret.as_str(), "secret"),
        (&profile.issuer, "issuer"),
        (&profile.name, "name"),
        (&profile.note, "note"),
        (account.otp.kind().name(), "type"),
    ];
    for (text, field) in texts {
        assert_eq!(Some(text), told[field].as_str(), "{field}");
    }
    let tags: Vec<_> = told["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
    assert_eq!(profile.tags, tags);
    for (number, field) in [
        (i64::from(account.clock_offset), "clock_offset"),
        (account.created.millis(), "created"),
        (account.modified.millis(), "modified"),
    ] {
        assert_eq!(Some(number), told[field].as_i64(), "{field}");
    }
    for (flag, field) in [
        (profile.favourite, "favourite"),
        (account.may_be_behind, "may_be_behind"),
        (account.has_icon, "has_icon"),
        (account.trashed.is_some(), "trashed"),
    ] {
        assert_eq!(flag, told[field].as_bool().unwrap_or(!told[field].is_null()), "{field}");
    }
    assert_eq!(
        (account.position, account.usage.count),
        (told["position"].as_u64().unwrap(), told["uses"].as_u64().unwrap())
    );
    match &account.otp {
        Otp::Totp(totp) => {
            let known = (u64::from(totp.digits().get()), u64::from(totp.period().seconds()), totp.algorithm().name());
            let told = (&told["digits"], &told["period"], &told["algorithm"]);
            assert_eq!(known, (told.0.as_u64().unwrap(), told.1.as_u64().unwrap(), told.2.as_str().unwrap()));
        }
        Otp::Hotp(hotp) => assert_eq!(Some(hotp.counter()), told["counter"].as_u64()),
        Otp::Motp(motp) => assert_eq!(Some(motp.pin().expose()), told["pin"].as_str()),
        Otp::Yandex(yandex) => assert_eq!(Some(yandex.pin().expose()), told["pin"].as_str()),
        Otp::Steam(_) => {}
    }
}

fn all_same<'a>(accounts: impl Iterator<Item = &'a Account>, told: &Value) {
    let told: BTreeMap<_, _> =
        told["accounts"].as_array().unwrap().iter().map(|one| (one["id"].as_str().unwrap(), one)).collect();
    let mut found = 0;
    for account in accounts {
        same(account, told[account.id.to_string().as_str()]);
        found += 1;
    }
    assert!(found > 10 && found == told.len());
}

/// Each enrolment is as the example said, and one that left its device has no keys.
fn same_pushes(pushes: &[PushRecord], told: &Value, keys: bool) {
    let told = told["pushes"].as_array().unwrap();
    assert!(!told.is_empty() && pushes.len() == told.len());
    for (push, told) in pushes.iter().zip(told) {
        assert_eq!(
            (push.id.to_string().as_str(), hex(&told["summary"])),
            (told["id"].as_str().unwrap(), push.summary.clone())
        );
        assert_eq!(
            (Some(push.protocol.into()), Some(push.created.millis())),
            (told["protocol"].as_u64(), told["created"].as_i64())
        );
        assert_eq!(push.account.map(|id| id.to_string()).as_deref(), told["account"].as_str());
        assert_eq!(Some(push.renew), if keys { told["renew"].as_bool() } else { Some(true) });
        for (sealed, field) in [(&push.sealed_uv, "sealed_uv"), (&push.sealed_offline, "sealed_offline")] {
            let told = (keys && !told[field].is_null()).then(|| hex(&told[field]));
            assert_eq!(*sealed, told, "{field}");
        }
    }
}

/// What a locked phone reads.
fn same_inbox(vault: &mut Vault, key: &InboxKey, told: &Value) {
    let inbox = vault.inbox_with(key).unwrap();
    for told in told["inbox"].as_array().unwrap() {
        let kind = u32::try_from(told["kind"].as_u64().unwrap()).unwrap();
        let row = inbox.row(told["id"].as_str().unwrap().parse().unwrap(), kind).unwrap().unwrap();
        assert_eq!(Some(row.revision.number()), told["revision"].as_u64());
        let digest = ring::digest::digest(&ring::digest::SHA256, row.bytes.expose());
        assert_eq!(digest.as_ref(), hex(&told["bytes"]));
    }
}

#[test]
fn the_vault_and_the_backup_of_format_1_open_in_every_way_and_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault");
    std::fs::copy(stored(1).join("vault"), &path).unwrap();
    let told: Value = serde_json::from_slice(&std::fs::read(stored(1).join("content.json")).unwrap()).unwrap();
    let password = Password::typed(std::fs::read(stored(1).join("password")).unwrap());
    let code = RecoveryCode::parse(told["recovery_code"].as_str().unwrap()).unwrap();

    let mut vault = Vault::open(&path, entropy()).unwrap();
    assert!(vault.unlock_with_password(&password, NOW).unwrap().is_clean());
    all_same(vault.all_accounts().unwrap(), &told["vault"]);
    assert_eq!(u64::from(vault.settings().unwrap().trash_days), told["vault"]["settings"]["trash_days"]);
    for (id, digest) in told["vault"]["icons"].as_object().unwrap() {
        let picture = vault.icon(id.parse().unwrap()).unwrap();
        assert_eq!(ring::digest::digest(&ring::digest::SHA256, &picture).as_ref(), hex(digest));
    }
    assert!(vault.verify().unwrap().is_clean());
    assert!(vault.unlock_with_recovery(&code).unwrap().is_clean());
    let [device, inbox, per_use] =
        [0, 1, 2].map(|index| RawKey::from_bytes(&hex(&told["keystore"][index]["key"])).unwrap());
    let slot = |vault: &Vault, purpose| vault.wrapped_keys(purpose).unwrap()[0].0;
    let root = vault.uv_root(&password, NOW).unwrap();
    assert!(vault.uv_root_with_key(slot(&vault, Purpose::PerUse), &per_use).unwrap() == root);
    same_pushes(vault.pushes().unwrap(), &told["vault"], true);
    let live = vault.pushes().unwrap().iter().find(|push| !push.renew).unwrap().clone();
    for (sealed, purpose, index) in
        [(live.sealed_uv, UvPurpose::Signing, 0), (live.sealed_offline, UvPurpose::Offline, 1)]
    {
        let secret = root.open(&vault, live.id, purpose, &sealed.unwrap()).unwrap();
        assert_eq!(secret.expose(), hex(&told["keys"][index]));
    }
    vault.lock();
    let key = vault.inbox_key(slot(&vault, Purpose::Inbox), &inbox).unwrap();
    same_inbox(&mut vault, &key, &told["vault"]);
    let id = slot(&vault, Purpose::Slot);
    assert!(vault.unlock_with_device_key(id, &device).unwrap().is_clean());
    let any = vault.all_accounts().unwrap().next().unwrap().id;
    vault.trash(any, NOW).unwrap();
    assert!(vault.verify().unwrap().is_clean());

    let file = std::fs::read(stored(1).join("backup")).unwrap();
    for backup in [Backup::open_with_password(&file, &password), Backup::open_with_recovery(&file, &code)] {
        let backup = backup.unwrap();
        all_same(backup.accounts.iter(), &told["vault"]);
        same_pushes(&backup.pushes, &told["vault"], false);
        assert_eq!(backup.icons.len(), told["vault"]["icons"].as_object().unwrap().len());
    }
    let salvaged = Salvage::read(&stored(1).join("vault")).unwrap().open_with_recovery(&code).unwrap();
    assert!(salvaged.report.is_clean());
    all_same(salvaged.content.accounts.iter(), &told["vault"]);
    same_pushes(&salvaged.content.pushes, &told["vault"], false);
}
