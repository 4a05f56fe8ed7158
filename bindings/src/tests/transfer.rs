//! Accounts from other files: told, previewed, chosen, added at once, taken back; and out again.

use std::path::Path;
use std::sync::Arc;

use super::common::{NOW, PASSWORD, World, links, secret, world};
use crate::{
    AccountFilter, ApiError, Change, ChangeListener, FileKey, ImportPreview, LikeWhat, OtpAlgorithm, OtpKind, Platform,
    PortError, Resemblance, Transfer,
};

const LINES: &str = "\u{feff}# from another app\r\n\
    otpauth://totp/ACME:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME\r\n\
    \r\n\
    otpauth://hotp/Door:me?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Door&counter=7\n\
    otpauth://totp/Broken:me?secret=0189\n\
    motp://Old:me?secret=0123456789abcdef0123456789abcdef\n\
    WIFI:S:cafe;T:WPA;P:guest;;\n\
    otpauth://totp/ACME:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME\n\
    otpauth://totp/ACME:bob?secret=MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43UOV3HO6DZ&issuer=ACME&algorithm=SHA256&period=60";

fn code<T>(result: Result<T, ApiError>) -> String {
    result.err().map(|error| error.code().to_owned()).unwrap_or_default()
}

fn desk(world: &World) -> Arc<Transfer> {
    world.authenticator().transfer()
}

fn accounts(world: &World) -> usize {
    world.authenticator().accounts().list(AccountFilter::default()).unwrap().len()
}

fn preview(world: &World, file: &[u8]) -> Arc<ImportPreview> {
    let import = desk(world).begin_import();
    import.add_file(file, None, None, None).unwrap();
    import.preview(false, None, None).unwrap()
}

#[test]
fn formats_have_lasting_words_and_files_are_told_by_their_content() {
    let world = world(Platform::default());
    let desk = desk(&world);
    let formats = desk.formats();
    let ids: Vec<_> = formats.iter().map(|format| format.id.as_str()).collect();
    assert_eq!(ids, ["countersign-backup", "links", "picture"]);
    assert_eq!(desk.detect(LINES.as_bytes()).unwrap(), formats[1]);
    let backup = world.authenticator().backup_bytes().unwrap();
    let format = desk.detect(&backup).unwrap();
    assert!(format == formats[0] && format.encrypted && format.takes_recovery_code && format.built_in);
    let picture = desk.detect(b"\x89PNG\r\n\x1a\n...").unwrap();
    assert!(picture.picture && !picture.encrypted);
    assert_eq!(code(desk.detect(b"some text")), "file-not-recognized");
    assert_eq!(code(desk.detect(&vec![0; (64 << 20) + 1])), "file-too-large");
}

#[test]
fn a_list_of_links_is_previewed_line_by_line_and_nothing_is_added() {
    let world = world(Platform::default());
    let preview = preview(&world, LINES.as_bytes());
    let items = preview.items();
    let lines: Vec<_> = items.iter().map(|item| (item.file, item.number, item.add)).collect();
    assert_eq!(lines, [(1, 2, true), (1, 4, true), (1, 8, false), (1, 9, true)]);
    assert_eq!(items[1].otp.kind, OtpKind::Hotp);
    assert_eq!(items[1].otp.counter, Some(7));
    assert_eq!((items[3].otp.algorithm, items[3].otp.period), (Some(OtpAlgorithm::Sha256), Some(60)));
    assert_eq!(items[2].like[0].what, LikeWhat::Item { index: 0 });
    assert_eq!(items[2].like[0].resemblance, Resemblance::Same);
    assert!(items[3].like.iter().any(|like| like.resemblance == Resemblance::NamesOnly));
    assert_eq!(preview.item(3).unwrap(), items[3]);

    // RFC 4226, appendix D: the eighth value, which is counter 7's.
    assert_eq!(preview.code(1).unwrap().code, "162583");
    let live = preview.code(0).unwrap();
    assert_eq!((live.code.len(), live.from_ms, live.until_ms), (6, Some(NOW), Some(NOW + 30_000)));

    let refused = preview.refused();
    let codes: Vec<_> = refused.iter().map(|refused| (refused.number, refused.code.as_str())).collect();
    assert_eq!(codes, [(5, "secret-unreadable"), (6, "entry-needs-pin"), (7, "entry-foreign")]);
    assert_eq!(refused[1].issuer, "Old");
    let told = format!("{items:?}{refused:?}").to_uppercase();
    assert!(!told.contains("GEZDGNBV") && !told.contains("MFRGGZDF") && !told.contains("0123456789ABCDEF"));
    assert_eq!(accounts(&world), 0);
}

struct Heard(std::sync::Mutex<Vec<Change>>);

impl ChangeListener for Heard {
    fn changed(&self, changes: Vec<Change>) -> Result<(), PortError> {
        self.0.lock().unwrap().extend(changes);
        Ok(())
    }
}

#[test]
fn what_was_chosen_is_added_once_and_can_be_taken_back() {
    let world = world(Platform::default());
    let desk = desk(&world);
    let heard = Arc::new(Heard(std::sync::Mutex::default()));
    world.authenticator().listen(Some(heard.clone()));
    let first = preview(&world, LINES.as_bytes());
    assert_eq!(first.chosen(), 3);
    first.choose_all(false).unwrap();
    first.choose(1, true).unwrap();
    first.choose(2, true).unwrap();
    assert_eq!(code(first.choose(4, true)), "not-found");
    let imported = first.apply(None, None).unwrap();
    assert_eq!((imported.added.len(), imported.passed_over), (2, 0));
    assert!(heard.0.lock().unwrap().contains(&Change::Accounts));
    for again in [code(first.apply(None, None)), code(first.choose(0, true)), code(first.choose_all(true))] {
        assert_eq!(again, "import-applied");
    }
    let last = desk.last_import().unwrap().unwrap();
    assert_eq!((last.at_ms, last.ids), (NOW, imported.added.clone()));

    // The same file once more: what is there is known, by its id.
    let second = preview(&world, LINES.as_bytes());
    let item = second.item(1).unwrap();
    assert!(!item.add && item.like[0].what == LikeWhat::Account { id: imported.added[0].clone() });

    // The counter was used since: it must not be lost with the rest.
    world.authenticator().accounts().code(imported.added[0].clone()).unwrap();
    let undone = desk.undo().unwrap();
    assert_eq!((undone.removed, undone.trashed), (1, 1));
    assert_eq!((desk.last_import().unwrap(), code(desk.undo())), (None, "not-found".into()));
    assert_eq!(accounts(&world), 0);
}

#[test]
fn what_came_since_the_preview_is_passed_over() {
    let world = world(Platform::default());
    let (first, second) = (preview(&world, LINES.as_bytes()), preview(&world, LINES.as_bytes()));
    assert_eq!(first.apply(None, None).unwrap().added.len(), 3);
    let imported = second.apply(None, None).unwrap();
    assert_eq!((imported.added.len(), imported.passed_over), (0, 3));
    assert_eq!(accounts(&world), 3);
}

#[test]
fn a_backup_asks_for_its_password_and_brings_its_accounts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/formats/1");
    let backup = std::fs::read(folder.join("backup")).unwrap();
    let password = std::fs::read_to_string(folder.join("password")).unwrap();
    let world = world(Platform::default());
    let import = desk(&world).begin_import();
    assert_eq!(code(import.add_file(&backup, None, None, None)), "file-needs-password");
    let key = |password: &str| Some(FileKey::Password { password: secret(password) });
    assert_eq!(code(import.add_file(&backup, key("wrong horse"), None, None)), "wrong-password");
    let key = key(password.trim_end());
    assert_eq!(import.add_file(&backup, key, None, None).unwrap().id, "countersign-backup");
    let preview = import.preview(false, None, None).unwrap();
    let items = preview.items();
    assert!(items.len() > 3 && preview.refused().is_empty());
    assert!(items.iter().any(|item| item.trashed_ms.is_some()) && items.iter().any(|item| item.has_icon));
    let imported = preview.apply(None, None).unwrap();
    assert_eq!(imported.added.len(), items.len());
    let added = world.authenticator().accounts().get(imported.added[0].clone()).unwrap();
    assert_eq!((added.profile, added.otp), (items[0].profile.clone(), items[0].otp.clone()));
}

#[test]
fn a_recovery_code_opens_a_backup_too_and_all_of_it_is_known() {
    let world = world(Platform::default());
    let recovery = world.new.recovery.show();
    world.authenticator().confirm_recovery_code(world.new.recovery.clone(), 1, secret(&recovery[..4])).unwrap();
    preview(&world, links(5).as_bytes()).apply(None, None).unwrap();
    let backup = world.authenticator().backup_bytes().unwrap();
    let import = desk(&world).begin_import();
    import.add_file(&backup, Some(FileKey::Recovery { code: secret(&recovery) }), None, None).unwrap();
    let preview = import.preview(false, None, None).unwrap();
    assert_eq!((preview.items().len(), preview.chosen()), (5, 0));
}

#[test]
fn an_import_is_made_of_several_files_and_a_bad_one_changes_nothing() {
    let world = world(Platform::default());
    let import = desk(&world).begin_import();
    import.add_file(links(2).as_bytes(), None, None, None).unwrap();
    assert_eq!(code(import.add_file(b"nothing", None, None, None)), "file-not-recognized");
    import.add_text(secret("otpauth://totp/one?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")).unwrap();
    // Reading needs no unlocked vault; comparing with it does.
    world.authenticator().lock();
    import.add_text(secret("WIFI:S:cafe;T:WPA;P:guest;;")).unwrap();
    assert_eq!(code(import.preview(false, None, None)), "locked");
    world.authenticator().unlock_with_password(secret(PASSWORD), None).unwrap();
    let preview = import.preview(false, None, None).unwrap();
    let places: Vec<_> = preview.items().iter().map(|item| (item.file, item.number)).collect();
    assert_eq!(places, [(1, 1), (1, 2), (2, 1)]);
    assert_eq!(preview.refused()[0].file, 3);
    world.authenticator().lock();
    assert_eq!(code(preview.apply(None, None)), "locked");
    world.authenticator().unlock_with_password(secret(PASSWORD), None).unwrap();
    assert_eq!(preview.apply(None, None).unwrap().added.len(), 3);
}
