//! Transfer: what is in a file gets into a vault, whole, and out again.
#![cfg(feature = "vault")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::cell::RefCell;
use std::ops::ControlFlow;

use common::{NOW, TEMPLATE, all, copy, entropy, opened, password, unlock};
use countersign_core::account::{Account, Profile};
use countersign_core::enroll::{Duplicate, Oddity};
use countersign_core::otp::{Algorithm, Digits, Motp, Otp, Period, Secret, Steam, Totp};
use countersign_core::secret::SecretText;
use countersign_core::transfer::{
    Entry, Error, Format, Key, Like, Place, Preview, Reader, Reason, apply, apply_watched, detect, google_migration,
    otpauth_lines, undo,
};
use countersign_core::vault::{self, Imported, Selection, Undone, Vault};
use countersign_core::watch::Stopped;

const LINES: &str = "\u{feff}# from another app\r\n\
    otpauth://totp/ACME:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME\r\n\
    \r\n\
    otpauth://hotp/Door:me?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Door&counter=7\n\
    otpauth://totp/Broken:me?secret=0189\n\
    motp://Old:me?secret=0123456789abcdef0123456789abcdef\n\
    WIFI:S:cafe;T:WPA;P:guest;;\n\
    otpauth://totp/ACME:bob?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME\n\
    otpauth://totp/ACME:bob?secret=MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43UOV3HO6DZ&issuer=ACME";

fn entries(file: &[u8]) -> Vec<Entry> {
    let mut reader = Reader::new();
    reader.add(file, None).unwrap();
    reader.finish().unwrap()
}

fn preview(vault: &Vault, file: &[u8]) -> Preview {
    Preview::make(vault, entries(file), &*entropy()).unwrap()
}

fn accounts(vault: &Vault) -> Vec<Account> {
    vault.all_accounts().unwrap().cloned().collect()
}

#[test]
fn formats_are_told_by_their_content() {
    assert_eq!(detect(LINES.as_bytes()), Ok(Format::Lines));
    assert_eq!(detect(b"  OTPAUTH://totp/x?secret=A"), Ok(Format::Lines));
    assert_eq!(detect(b"\x89PNG\r\n\x1a\n..."), Ok(Format::Picture));
    assert_eq!(detect(b"RIFF....WEBP"), Ok(Format::Picture));
    let (_folder, vault) = opened();
    let backup = vault.backup_bytes(NOW).unwrap();
    assert_eq!(detect(&backup), Ok(Format::Backup));
    for nothing in [&b""[..], b"{}", b"RIFF....WAVE", b"some text", b"\xff\xfe\x00"] {
        assert_eq!(detect(nothing), Err(Error::NotRecognized));
    }
    let mut reader = Reader::new();
    assert_eq!(reader.add(&backup, None), Err(Error::NeedsKey(Format::Backup)));
    assert_eq!(reader.finish(), Ok(Vec::new()));
}

#[test]
fn a_list_of_links_is_previewed_line_by_line_and_nothing_is_written() {
    let (_folder, vault) = opened();
    let before = accounts(&vault);
    let preview = preview(&vault, LINES.as_bytes());
    let lines: Vec<_> = preview.items.iter().map(|item| (item.candidate.place.number, item.add)).collect();
    // The second ACME is the first once more; the third has another secret.
    assert_eq!(lines, [(2, true), (4, true), (8, false), (9, true)]);
    let [first, door, again, other] = preview.items.as_slice() else { panic!() };
    // The vault's HOTP account has RFC 4226's secret too.
    let counting = Like::InVault(*TEMPLATE.ids.last().unwrap());
    assert_eq!(first.like, [(counting, Duplicate::SecretOnly)]);
    assert_eq!(door.like, [(counting, Duplicate::SecretOnly), (Like::InImport(0), Duplicate::SecretOnly)]);
    assert_eq!(again.like.first(), Some(&(Like::InImport(0), Duplicate::Same)));
    assert!(other.like.contains(&(Like::InImport(0), Duplicate::NamesOnly)));
    let refused: Vec<_> = preview.refused.iter().map(|refused| refused.place.number).collect();
    assert_eq!(refused, [5, 6, 7]);
    let [broken, motp, wifi] = preview.refused.as_slice() else { panic!() };
    assert!(matches!(broken.reason, Reason::Unreadable(_)));
    assert_eq!((motp.profile.issuer.as_str(), &motp.reason), ("Old", &Reason::NeedsPin));
    assert!(matches!(wifi.reason, Reason::Foreign(_)));
    assert_eq!(accounts(&vault), before);
}

#[test]
fn what_was_chosen_is_added_at_once_and_can_be_taken_back() {
    let (_folder, mut vault) = opened();
    let before = accounts(&vault);
    let chosen = preview(&vault, LINES.as_bytes());
    let imported = apply(&mut vault, chosen, NOW).unwrap();
    assert_eq!((imported.added.len(), imported.passed_over), (3, 0));
    assert!(vault.verify().unwrap().is_clean());
    assert_eq!(vault.accounts(&Selection::default()).unwrap().len(), before.len() + 3);
    assert_eq!(vault.last_import().unwrap().unwrap().ids, imported.added);
    // The same file again: all of it is there.
    let again = preview(&vault, LINES.as_bytes());
    assert_eq!(again.chosen(), 0);
    assert_eq!(apply(&mut vault, again, NOW).unwrap(), Imported::default());
    // The counter was used since: it must not be lost with the rest.
    vault.code(*imported.added.get(1).unwrap(), NOW).unwrap();
    assert_eq!(undo(&mut vault, NOW).unwrap(), Undone { removed: 2, trashed: 1 });
    assert_eq!(accounts(&vault).len(), before.len() + 1);
    assert_eq!(vault.accounts(&Selection::default()).unwrap().len(), before.len());
    assert_eq!(undo(&mut vault, NOW), Err(vault::Error::NotFound("import")));
    assert!(vault.verify().unwrap().is_clean());
}

#[test]
fn an_import_can_be_taken_back_after_a_restart() {
    let (_folder, path) = copy();
    let (mut vault, _) = unlock(&path).unwrap();
    let before = accounts(&vault);
    let chosen = preview(&vault, LINES.as_bytes());
    apply(&mut vault, chosen, NOW).unwrap();
    drop(vault);
    let (mut vault, report) = unlock(&path).unwrap();
    assert!(report.is_clean());
    assert_eq!(undo(&mut vault, NOW).unwrap(), Undone { removed: 3, trashed: 0 });
    assert_eq!(accounts(&vault), before);
    drop(vault);
    let (vault, report) = unlock(&path).unwrap();
    assert!(report.is_clean() && accounts(&vault) == before);
}

#[test]
fn the_persons_choice_counts_and_what_came_meanwhile_is_noticed() {
    let (_folder, path) = copy();
    let (mut vault, _) = unlock(&path).unwrap();
    let mut chosen = preview(&vault, LINES.as_bytes());
    for item in &mut chosen.items {
        // The line that is there already, and nothing else but the first.
        item.add = [2, 8].contains(&item.candidate.place.number);
    }
    let (mut other, _) = unlock(&path).unwrap();
    let first = chosen.items.first().unwrap().candidate.incoming.account.clone();
    other.add(first, false, NOW).unwrap();
    let imported = apply(&mut vault, chosen, NOW).unwrap();
    assert_eq!((imported.added.len(), imported.passed_over), (1, 1));
}

#[test]
fn one_account_out_of_bounds_stops_all() {
    let (_folder, mut vault) = opened();
    let before = all(&vault);
    let mut preview = preview(&vault, LINES.as_bytes());
    preview.items.last_mut().unwrap().candidate.incoming.icon = Some(vec![0; 128 * 1024 + 1]);
    assert!(matches!(apply(&mut vault, preview, NOW), Err(vault::Error::TooLarge { .. })));
    assert_eq!(all(&vault), before);
}

#[test]
fn a_backup_brings_everything_but_the_ids() {
    let (_folder, mut source) = opened();
    let icon = source.icon(*TEMPLATE.ids.first().unwrap()).unwrap();
    source.trash(*TEMPLATE.ids.get(3).unwrap(), NOW).unwrap();
    let profile = Profile { note: "blue one".into(), tags: vec!["work".into()], ..Profile::named("Renamed", "me") };
    source.edit(*TEMPLATE.ids.get(4).unwrap(), profile, NOW).unwrap();
    source.set_clock_offset(*TEMPLATE.ids.get(4).unwrap(), -30, NOW).unwrap();
    let file = source.backup_bytes(NOW).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let cost = vault::Cost::LEAST;
    let (mut vault, _) = Vault::create(&folder.path().join("new"), entropy(), &password(), cost, NOW).unwrap();
    let mut reader = Reader::new();
    reader.add(&file, Some(Key::Recovery(&TEMPLATE.recovery))).unwrap();
    let preview = Preview::make(&vault, reader.finish().unwrap(), &*entropy()).unwrap();
    assert_eq!(apply(&mut vault, preview, NOW).unwrap().added.len(), TEMPLATE.ids.len());
    for account in accounts(&source) {
        let found: Vec<_> = accounts(&vault).into_iter().filter(|new| new.profile == account.profile).collect();
        let [new] = found.as_slice() else { panic!("{:?}", account.profile) };
        assert_ne!(new.id, account.id);
        let hotp = matches!(account.otp, Otp::Hotp(_));
        let expected = Account { id: new.id, modified: new.modified, may_be_behind: hotp, ..account };
        assert_eq!(*new, expected);
        if new.has_icon {
            assert_eq!(vault.icon(new.id).unwrap(), icon);
        }
    }
    assert!(vault.verify().unwrap().is_clean());
    let wrong = vault::Password::typed(b"wrong horse".to_vec());
    let refused = Reader::new().add(&file, Some(Key::Password(&wrong)));
    assert!(matches!(refused, Err(Error::Vault(vault::Error::WrongPassword { .. }))));
}

fn motp() -> countersign_core::account::NewAccount {
    let otp = Motp::new(Secret::new(&[7; 16][..]).unwrap(), SecretText::new("1234".into())).unwrap();
    countersign_core::account::NewAccount { profile: Profile::named("M", "motp"), otp: Otp::Motp(otp) }
}

#[test]
fn what_is_exported_as_links_comes_back_the_same() {
    let (_folder, mut vault) = opened();
    vault.add(motp(), false, NOW).unwrap();
    let steam = Otp::Steam(Steam::new(Secret::new(&[8; 20][..]).unwrap()));
    let profile = Profile::named("Steam", "name with: colon, & and %");
    vault.add(countersign_core::account::NewAccount { profile, otp: steam }, false, NOW).unwrap();
    let source = accounts(&vault);
    let links = otpauth_lines(&source);
    assert_eq!(links.accounts, source.len());
    let found = entries(links.text.expose().as_bytes());
    assert_eq!(found.len(), source.len());
    for (entry, account) in found.iter().zip(&source) {
        let Entry::Candidate(candidate) = entry else { panic!("{:?}", account.profile) };
        assert_eq!(
            (&candidate.incoming.account.profile, &candidate.incoming.account.otp),
            (&account.profile, &account.otp)
        );
    }
}

#[test]
fn a_google_export_names_what_it_leaves_out_and_comes_back() {
    let (_folder, mut vault) = opened();
    let motp = vault.add(motp(), false, NOW).unwrap();
    let slow = Totp::new(Secret::new(&[9; 20][..]).unwrap(), Algorithm::Sha1, Digits::SIX, Period::new(60).unwrap());
    let profile = Profile::named("Slow", "60 s");
    let slow = vault.add(countersign_core::account::NewAccount { profile, otp: Otp::Totp(slow) }, false, NOW).unwrap();
    let source = accounts(&vault);
    let parts = google_migration(&source.iter().collect::<Vec<_>>(), &*entropy()).unwrap();
    let mut left: Vec<_> = parts.left_out.iter().map(|left| left.id).collect();
    left.sort_unstable();
    let mut expected = [motp, slow];
    expected.sort_unstable();
    assert_eq!((left.as_slice(), parts.accounts, parts.texts.len()), (&expected[..], 20, 2));

    // One part alone adds nothing until asked for; in any order, both add all.
    let [one, two] = parts.texts.as_slice() else { panic!() };
    let mut reader = Reader::new();
    reader.add_text(two.expose()).unwrap();
    assert_eq!(reader.missing(), [1]);
    assert!(matches!(reader.finish(), Err(Error::Migration(_))));
    assert_eq!(reader.clone().finish_incomplete().unwrap().len(), 10);
    reader.add_text(one.expose()).unwrap();
    let found = reader.finish().unwrap();
    let names: Vec<_> = found
        .iter()
        .map(|entry| match entry {
            Entry::Candidate(candidate) => candidate.incoming.account.profile.clone(),
            Entry::Refused(refused) => panic!("{}", refused.reason),
        })
        .collect();
    let kept = source.iter().filter(|account| !expected.contains(&account.id));
    assert_eq!(names, kept.map(|account| account.profile.clone()).collect::<Vec<_>>());
}

#[test]
fn a_part_of_another_export_is_refused_and_what_was_read_stays() {
    let accounts = {
        let (_folder, vault) = opened();
        accounts(&vault)
    };
    let export = || google_migration(&accounts.iter().collect::<Vec<_>>(), &*entropy()).unwrap().texts;
    let (one, other) = (export(), export());
    let mut reader = Reader::new();
    reader.add(one.first().unwrap().expose().as_bytes(), None).unwrap();
    let mixed = format!("otpauth://totp/A:b?secret=GEZDGNBVGY3TQOJQ\n{}\n", other.last().unwrap().expose());
    assert!(matches!(reader.add(mixed.as_bytes(), None), Err(Error::Migration(_))));
    reader.add(one.last().unwrap().expose().as_bytes(), None).unwrap();
    assert_eq!(reader.finish().unwrap().len(), accounts.len());
}

#[test]
fn odd_lines_keep_their_oddities_and_bad_bytes_their_line() {
    let mut file = b"otpauth://totp/A:b?secret=GEZDGNBVGY3TQOJQ\n".to_vec();
    file.extend_from_slice(b"otpauth://totp/\xff:b?secret=GEZDGNBVGY3TQOJQ\n");
    file.extend_from_slice(b"otpauth://totp/C:d?secret=GEZDGNBV&digits=7\n");
    let found = entries(&file);
    let [Entry::Candidate(_), Entry::Refused(bad), Entry::Candidate(odd)] = found.as_slice() else { panic!() };
    assert_eq!((bad.place, &bad.reason), (Place { file: 1, number: 2 }, &Reason::NotUtf8));
    assert!(odd.oddities.iter().any(|oddity| matches!(oddity, Oddity::UnusualDigits(_))));
    assert!(odd.oddities.iter().any(|oddity| matches!(oddity, Oddity::ShortSecret { .. })));
}

#[test]
fn nothing_shows_a_secret() {
    let (_folder, vault) = opened();
    let preview = preview(&vault, LINES.as_bytes());
    let shown = format!("{preview:?} {:?}", otpauth_lines(&accounts(&vault)));
    assert!(!shown.contains("GEZDGNBV") && !shown.contains("12345678"));
}

/// So many accounts, a link on each line.
fn many(count: usize) -> String {
    (0..count).map(|number| format!("otpauth://totp/{number}:a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n")).collect()
}

#[test]
fn each_step_tells_how_far_it_is_and_stops_where_it_is_told_to() {
    let (_folder, mut vault) = opened();
    let before = all(&vault);
    let file = many(2000);
    let told = RefCell::new(Vec::new());
    let hear = |done, total| {
        told.borrow_mut().push((done, total));
        ControlFlow::Continue(())
    };
    let rises = |total: usize| {
        let told = told.take();
        let whole = u64::try_from(total).unwrap();
        assert!(told.len() > 4 && told.iter().all(|(_, total)| *total == whole), "{told:?}");
        assert!(told.is_sorted() && told.last().is_some_and(|(done, _)| 10 * done > 9 * whole), "{told:?}");
    };
    let half = |done, total| if 2 * done > total { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };

    let mut reader = Reader::new();
    reader.add(many(1).as_bytes(), None).unwrap();
    assert_eq!(reader.add_watched(file.as_bytes(), None, &half), Err(Error::Stopped(Stopped)));
    reader.add_watched(file.as_bytes(), None, &hear).unwrap();
    rises(file.len());
    let entries = reader.finish().unwrap();
    assert_eq!(entries.len(), 2001);

    let stopped = Preview::make_watched(&vault, entries.clone(), &*entropy(), &half);
    assert_eq!(stopped, Err(Error::Stopped(Stopped)));
    let mut preview = Preview::make_watched(&vault, entries, &*entropy(), &hear).unwrap();
    rises(2001 + vault.all_accounts().unwrap().count());
    preview.items.iter_mut().for_each(|item| item.add = true);

    let stopped = apply_watched(&mut vault, preview.clone(), NOW, &half);
    assert_eq!(stopped, Err(vault::Error::Stopped(Stopped)));
    assert_eq!(all(&vault), before);
    assert!(vault.verify().unwrap().is_clean() && vault.last_import().unwrap().is_none());
    assert_eq!(apply_watched(&mut vault, preview, NOW, &hear).unwrap().added.len(), 2001);
    rises(2001);
}

#[test]
fn an_import_is_stopped_up_to_its_last_step_and_told_of_what_is_passed_over() {
    let (_folder, mut vault) = opened();
    let before = all(&vault);
    let end = |done, total| if done == total { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let chosen = preview(&vault, many(300).as_bytes());
    assert_eq!(apply_watched(&mut vault, chosen.clone(), NOW, &end), Err(vault::Error::Stopped(Stopped)));
    assert_eq!(all(&vault), before);
    apply(&mut vault, chosen.clone(), NOW).unwrap();
    let told = RefCell::new(Vec::new());
    let hear = |done, total| {
        told.borrow_mut().push((done, total));
        ControlFlow::Continue(())
    };
    assert_eq!(apply_watched(&mut vault, chosen, NOW, &hear).unwrap().passed_over, 300);
    assert_eq!(told.into_inner().last(), Some(&(300, 300)));
}

#[test]
fn formats_have_words_that_stay() {
    let words = Format::ALL.map(|format| (format.id(), format.is_encrypted(), format.is_picture()));
    assert_eq!(words, [("countersign-backup", true, false), ("links", false, false), ("picture", false, true)]);
    assert!(Format::ALL.iter().all(|format| !format.name().is_empty() && !format.extensions().is_empty()));
}
