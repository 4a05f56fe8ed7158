//! Exports hold secrets in the clear: only whoever is checked within the call gets one.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::common::{Mood, PASSWORD, TestKeystore, World, block_on, secret, world};
use crate::{ApiError, Operation, Platform, Scanned, Transfer};

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn code<T>(result: Result<T, ApiError>) -> String {
    result.err().map(|error| error.code().to_owned()).unwrap_or_default()
}

/// A vault with 25 usual accounts, a Steam account and one whose codes last a minute; and their ids.
fn filled(platform: Platform) -> (World, Arc<Transfer>, Vec<String>) {
    let mut text = (0..25).fold(String::new(), |mut text, number| {
        writeln!(text, "otpauth://totp/Site:{number}?secret={SECRET}&issuer=Site").unwrap();
        text
    });
    writeln!(text, "otpauth://steam/Steam:ann?secret={SECRET}&issuer=Steam").unwrap();
    writeln!(text, "otpauth://totp/Slow:ann?secret={SECRET}&issuer=Slow&period=60").unwrap();
    let world = world(platform);
    let desk = world.authenticator().transfer();
    let import = desk.begin_import();
    import.add_file(text.as_bytes(), None, None, None).unwrap();
    let ids = import.preview(false, None, None).unwrap().apply(None, None).unwrap().added;
    (world, desk, ids)
}

#[test]
fn links_go_out_with_the_password_and_come_back_the_same() {
    let (world, desk, ids) = filled(Platform::default());
    let some = desk.export_links_with_password(secret(PASSWORD), ids[..2].to_vec()).unwrap();
    assert_eq!((some.accounts, some.text.lines().count()), (2, 2));
    world.authenticator().accounts().trash(ids[0].clone()).unwrap();
    let all = desk.export_links_with_password(secret(PASSWORD), Vec::new()).unwrap();
    assert_eq!(all.accounts, 26);
    let import = desk.begin_import();
    import.add_file(all.text.as_bytes(), None, None, None).unwrap();
    let preview = import.preview(false, None, None).unwrap();
    assert_eq!((preview.items().len(), preview.chosen(), preview.refused().len()), (26, 0, 0));
}

#[test]
fn a_google_export_names_what_it_leaves_out_and_its_parts_come_back() {
    let (world, desk, ids) = filled(Platform::default());
    let export = desk.export_google_with_password(secret(PASSWORD), Vec::new()).unwrap();
    assert_eq!((export.texts.len(), export.accounts), (3, 25));
    let mut left_out: Vec<_> = export.left_out.iter().map(|left| (left.id.as_str(), left.code.as_str())).collect();
    left_out.sort_by_key(|(_, code)| *code);
    assert_eq!(left_out, [(ids[25].as_str(), "left-out-kind"), (ids[26].as_str(), "left-out-period")]);

    // As a scanner hands them over; the second is missing at first.
    let import = desk.begin_import();
    let part = |text: &str| match world.authenticator().read_text(secret(text)).unwrap() {
        Scanned::ExportPart { part } => part,
        _ => panic!("no part of an export"),
    };
    import.add_part(part(&export.texts[2])).unwrap();
    import.add_part(part(&export.texts[0])).unwrap();
    assert_eq!(import.missing_parts(), [2]);
    assert_eq!(code(import.preview(false, None, None)), "export-parts-missing");
    assert_eq!(import.preview(true, None, None).unwrap().items().len(), 15);
    let other = desk.export_google_with_password(secret(PASSWORD), Vec::new()).unwrap();
    assert_eq!(code(import.add_text(secret(&other.texts[1]))), "export-other-batch");
    import.add_text(secret(&export.texts[1])).unwrap();
    assert_eq!(import.missing_parts(), [0; 0]);
    let preview = import.preview(false, None, None).unwrap();
    assert_eq!((preview.items().len(), preview.chosen()), (25, 0));
}

#[test]
fn a_wrong_password_exports_nothing_and_is_counted() {
    let (world, desk, ids) = filled(Platform::default());
    let wrong = desk.export_links_with_password(secret("wrong horse"), Vec::new()).map(drop).unwrap_err();
    assert!(matches!(&wrong, ApiError::WrongPassword { before_erasing: Some(9), .. }), "{wrong:?}");
    let again = desk.export_google_with_password(secret(""), ids.clone()).map(drop).unwrap_err();
    assert!(matches!(&again, ApiError::WrongPassword { before_erasing: Some(8), .. }), "{again:?}");
    for error in [&wrong, &again] {
        assert!(!format!("{error} {error:?}").contains(SECRET));
    }
    assert_eq!(code(desk.export_links_with_password(secret(PASSWORD), vec!["x".into()])), "not-an-id");
    assert_eq!(code(desk.export_links_with_password(secret(PASSWORD), vec!["0".repeat(32)])), "not-found");
    world.authenticator().lock();
    assert_eq!(code(desk.export_links_with_password(secret(PASSWORD), ids)), "locked");
}

#[test]
fn the_keystore_asks_at_each_export_and_its_no_is_a_no() {
    let keystore = TestKeystore::new();
    let (world, desk, ids) = filled(Platform { key_wrapper: Some(keystore.clone()), ..Platform::default() });
    assert_eq!(code(block_on(desk.export_links_with_device(Vec::new(), None))), "no-such-slot");
    block_on(world.authenticator().add_per_use_key(secret(PASSWORD), None)).unwrap();
    let before = keystore.asked.load(Ordering::SeqCst);
    assert_eq!(block_on(desk.export_links_with_device(ids.clone(), None)).unwrap().accounts, 27);
    assert_eq!(block_on(desk.export_google_with_device(ids[..1].to_vec(), None)).unwrap().texts.len(), 1);
    assert_eq!(keystore.asked.load(Ordering::SeqCst), before + 2);

    keystore.set(Mood::Declines);
    assert_eq!(code(block_on(desk.export_links_with_device(Vec::new(), None))), "not-confirmed");
    keystore.set(Mood::LostItsKeys);
    assert_eq!(code(block_on(desk.export_google_with_device(Vec::new(), None))), "device-key-gone");
    keystore.set(Mood::Hangs);
    let operation = Operation::new();
    let handle = operation.clone();
    let result = std::thread::scope(|scope| {
        scope.spawn(move || handle.cancel());
        block_on(desk.export_links_with_device(Vec::new(), Some(operation)))
    });
    assert_eq!(code(result), "cancelled");

    let (_world, desk, _) = filled(Platform::default());
    assert_eq!(code(block_on(desk.export_links_with_device(Vec::new(), None))), "no-port");
}
