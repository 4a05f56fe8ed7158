//! Accounts and codes, drafts, and the scanner.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::common::{Mood, NOW, PASSWORD, TestKeystore, World, block_on, secret, world};
use crate::{
    AccountDraft, AccountFilter, ApiError, Authenticator, ForeignCode, ManualAccount, Oddity, Operation, OtpAlgorithm,
    OtpKind, Platform, Profile, Resemblance, Rotation, ScanEvent, ScanHint, Scanned, Settings, qr_code,
};
use countersign_core::push::jose::{Draft, KeyName, SoftwareKey};

/// RFC 6238, appendix B: ASCII "12345678901234567890".
const RFC_SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn code(error: Option<ApiError>) -> String {
    error.map(|error| error.code().to_owned()).unwrap_or_default()
}

fn draft(authenticator: &Authenticator, link: &str) -> Arc<AccountDraft> {
    match authenticator.read_text(secret(link)) {
        Ok(Scanned::Account { draft }) => draft,
        Ok(_) => panic!("no account: {link}"),
        Err(error) => panic!("{error}"),
    }
}

fn add(world: &World, link: &str) -> String {
    let authenticator = world.authenticator();
    authenticator.accounts().add(draft(authenticator, link), None, false).unwrap()
}

fn at(world: &World, seconds: i64) {
    world.clock.0.store(seconds * 1000, Ordering::SeqCst);
}

fn profile(issuer: &str, name: &str) -> Profile {
    let (issuer, name) = (issuer.to_owned(), name.to_owned());
    Profile { issuer, name, note: String::new(), tags: Vec::new(), favourite: false }
}

#[test]
fn codes_are_those_of_rfc_6238_and_say_how_long_they_are_good() {
    let world = world(Platform::default());
    let id = add(&world, &format!("otpauth://totp/RFC:ada?secret={RFC_SECRET}&issuer=RFC&digits=8"));
    let accounts = world.authenticator().accounts();
    for (seconds, expected) in [(59, "94287082"), (1_111_111_109, "07081804"), (20_000_000_000, "65353130")] {
        at(&world, seconds);
        let codes = accounts.codes().unwrap();
        assert_eq!(codes[0].code, expected);
        assert_eq!(codes[0].from_ms, Some(seconds * 1000 - seconds * 1000 % 30_000));
        assert_eq!(codes[0].until_ms, codes[0].from_ms.map(|from| from + 30_000));
        assert!(
            accounts.codes_of(vec![id.clone()]).unwrap() == codes && accounts.code(id.clone()).unwrap() == codes[0]
        );
    }
    // A site whose clock is a whole window ahead; the window is told by this device's clock.
    at(&world, 29);
    accounts.set_clock_offset(id.clone(), 30).unwrap();
    let ahead = accounts.code(id.clone()).unwrap();
    assert_eq!((ahead.code.as_str(), ahead.from_ms, ahead.until_ms), ("94287082", Some(0), Some(30_000)));
    assert_eq!(code(accounts.set_clock_offset(id, 90_000).err()), "out-of-bounds");
    at(&world, -60);
    assert!(accounts.codes().unwrap().is_empty());
}

#[test]
fn an_hotp_code_uses_its_counter_up_and_lists_pass_it_over() {
    let world = world(Platform::default());
    let id = add(&world, &format!("otpauth://hotp/RFC:ada?secret={RFC_SECRET}&issuer=RFC&counter=0"));
    let accounts = world.authenticator().accounts();
    // RFC 4226, appendix D.
    for expected in ["755224", "287082", "359152"] {
        assert_eq!(accounts.code(id.clone()).unwrap().code, expected);
    }
    assert!(accounts.codes().unwrap().is_empty() && accounts.codes_of(vec![id.clone()]).unwrap().is_empty());
    assert_eq!(accounts.get(id.clone()).unwrap().otp.counter, Some(3));
    accounts.resync(id.clone(), "254676".into(), "287922".into(), 10).unwrap();
    assert_eq!(accounts.get(id.clone()).unwrap().otp.counter, Some(7));
    assert_eq!(code(accounts.resync(id, "000000".into(), "000000".into(), 10).err()), "no-match");
}

#[test]
fn accounts_are_listed_found_ordered_and_thrown_away() {
    let world = world(Platform::default());
    let authenticator = world.authenticator();
    let accounts = authenticator.accounts();
    let [a, b, c] = ["Alpha", "Beta", "Gamma"]
        .map(|issuer| add(&world, &format!("otpauth://totp/{issuer}:ada?secret={RFC_SECRET}&issuer={issuer}")));
    let names = |filter| -> Vec<_> {
        accounts.list(filter).unwrap().into_iter().map(|account| account.profile.issuer).collect()
    };
    let all = AccountFilter::default;
    assert_eq!(names(all()), ["Alpha", "Beta", "Gamma"]);
    accounts.set_order(vec![c.clone(), a.clone(), b.clone()]).unwrap();
    assert_eq!(names(all()), ["Gamma", "Alpha", "Beta"]);
    let gone = vec![b.clone(), "00000000000000000000000000000000".into()];
    assert_eq!(code(accounts.set_order(gone).err()), "not-found");
    let tagged =
        Profile { tags: vec!["work".into()], favourite: true, note: "the note".into(), ..profile("Beta", "ada") };
    accounts.edit(b.clone(), tagged).unwrap();
    assert_eq!(names(all()), ["Beta", "Gamma", "Alpha"]);
    assert_eq!(names(AccountFilter { search: "NOTE bet".into(), ..all() }), ["Beta"]);
    assert_eq!(names(AccountFilter { tag: Some("work".into()), ..all() }), ["Beta"]);
    let tags: Vec<_> = accounts.tags().unwrap().into_iter().map(|tag| (tag.tag, tag.accounts)).collect();
    assert_eq!(tags, [("work".to_owned(), 1)]);
    accounts.set_icon(b.clone(), Some(vec![1, 2, 3])).unwrap();
    assert_eq!(accounts.icon(b.clone()).unwrap(), [1, 2, 3]);
    assert_eq!(code(accounts.set_icon(b.clone(), Some(vec![0; 200_000])).err()), "too-large");
    accounts.set_icon(b.clone(), None).unwrap();
    assert_eq!(code(accounts.icon(b.clone()).err()), "not-found");

    accounts.count_use(a.clone()).unwrap();
    assert_eq!(accounts.get(a.clone()).unwrap().used, 0, "counting is off");
    authenticator.set_settings(Settings { count_usage: true, ..authenticator.settings().unwrap() }).unwrap();
    accounts.count_use(a.clone()).unwrap();
    let used = accounts.get(a.clone()).unwrap();
    assert_eq!((used.used, used.last_used_ms), (1, Some(NOW)));

    accounts.trash(a.clone()).unwrap();
    accounts.trash(b).unwrap();
    assert_eq!((accounts.list(all()).unwrap().len(), accounts.codes().unwrap().len()), (1, 1));
    accounts.untrash(a).unwrap();
    assert_eq!(accounts.purge(false).unwrap(), 0);
    assert_eq!(accounts.purge(true).unwrap(), 1);
    assert!(names(AccountFilter { trash: true, ..all() }).is_empty());
    assert_eq!(code(accounts.get("nonsense".into()).err()), "not-an-id");
}

#[test]
fn a_draft_says_what_is_odd_and_what_is_there_already() {
    let world = world(Platform::default());
    let authenticator = world.authenticator();
    let accounts = authenticator.accounts();
    let link = format!("otpauth://totp/Alpha:ada?secret={RFC_SECRET}&issuer=Alpha&digits=7&colour=red");
    let new = draft(authenticator, &link);
    let unknown = Oddity::UnknownParameter { name: "colour".into() };
    assert_eq!(new.oddities(), [unknown, Oddity::UnusualDigits { digits: 7 }]);
    assert_eq!(new.code(59_000).unwrap(), "4287082");
    let id = accounts.add(new.clone(), None, false).unwrap();
    let preview = accounts.preview(new.clone(), None).unwrap();
    assert_eq!((preview.like[0].id.clone(), preview.like[0].resemblance), (id.clone(), Resemblance::Same));
    let renamed = Some(profile("Beta", ""));
    let preview = accounts.preview(new.clone(), renamed.clone()).unwrap();
    assert_eq!(preview.like[0].resemblance, Resemblance::SecretOnly);
    assert!(preview.oddities.contains(&Oddity::NoAccount));
    let there = ApiError::AlreadyThere { what: "account".into(), id: Some(id), code: "account-exists".into() };
    assert_eq!(accounts.add(new.clone(), None, false), Err(there));
    accounts.add(new.clone(), None, true).unwrap();
    let other = accounts.add(new, renamed, false).unwrap();
    assert_eq!(accounts.get(other).unwrap().profile, profile("Beta", ""));
}

#[test]
fn every_kind_can_be_typed_by_hand() {
    let manual = |kind, digits| ManualAccount {
        profile: profile("A", "b"),
        kind,
        algorithm: OtpAlgorithm::Sha512,
        digits,
        period: 60,
        counter: 3,
    };
    let pin = || Some(secret("1234"));
    let totp = AccountDraft::by_hand(manual(OtpKind::Totp, 8), secret("gezd gnbv gy3t qojq"), None).unwrap();
    let otp = totp.otp();
    assert_eq!((otp.algorithm, otp.digits, otp.period), (Some(OtpAlgorithm::Sha512), 8, Some(60)));
    let motp = AccountDraft::by_hand(manual(OtpKind::Motp, 6), secret("e3152afee62599c8"), pin()).unwrap();
    assert_eq!(motp.otp().period, Some(10));
    let refused =
        |kind, digits, typed, pin| code(AccountDraft::by_hand(manual(kind, digits), secret(typed), pin).err());
    assert_eq!(refused(OtpKind::Motp, 6, "e3152afee62599c8", None), "pin-form");
    assert_eq!(refused(OtpKind::Totp, 11, RFC_SECRET, None), "digits");
    assert_eq!(refused(OtpKind::Totp, 6, "not base32!", None), "secret-unreadable");
    assert_eq!(refused(OtpKind::Hotp, 6, "", None), "secret-missing");
}

#[test]
fn texts_turn_out_to_be_what_they_are() {
    let world = world(Platform::default());
    let authenticator = world.authenticator();
    let read = |text: &str| authenticator.read_text(secret(text));
    match read("motp://A:b?secret=e3152afee62599c8").unwrap() {
        Scanned::NeedsPin { pending } => {
            assert_eq!((pending.kind(), pending.pin_digits()), (OtpKind::Motp, None));
            assert!(pending.with_pin(secret("1234")).unwrap().code(NOW).unwrap().len() == 6);
        }
        _ => panic!(),
    }
    match read(RFC_SECRET).unwrap() {
        Scanned::BareSecret { secret } => assert_eq!(secret.named(profile("A", "b")).otp().digits, 6),
        _ => panic!(),
    }
    let two_step = format!("otpauth://totp/A:b?secret={RFC_SECRET}&2step_salt=8&2step_output=20&2step_difficulty=1000");
    match read(&two_step).unwrap() {
        Scanned::TwoStep { pending } => {
            let (one, other) = (pending.complete().unwrap(), pending.complete().unwrap());
            assert!(one.response != other.response && one.draft.code(NOW) != other.draft.code(NOW));
        }
        _ => panic!(),
    }
    assert!(matches!(read("WIFI:S:x;;").unwrap(), Scanned::Foreign { what: ForeignCode::WiFi }));
    assert!(matches!(read("tiqrenroll://x").unwrap(), Scanned::NotYet { .. }));
    assert_eq!(code(read("hello").err()), "not-recognized");
    let cleartext = "countersign://enroll?u=http%3A%2F%2F127.0.0.1%3A1&k=aJ9qYnOEx9yy3MFIflQCI-d7353NDYvooybtplsM6aQ\
                     &t=FAaUKRUKvL8kTEwvssTEag";
    assert_eq!(code(read(cleartext).err()), "message-malformed");
    let lenient = self::world(Platform { allow_loopback_http: true, ..Platform::default() });
    let scanned = lenient.authenticator().read_text(secret(cleartext)).unwrap();
    assert!(matches!(scanned, Scanned::Invitation { .. }));
    let key = SoftwareKey::from_secret(&[7; 32]);
    let name = KeyName::Known(key.public().thumbprint());
    let jws = Draft::new("countersign-challenge+jwt", key.public().algorithm(), &name, "{\"v\":1}").sign(&key);
    let challenge = read(&format!("countersign://challenge?c={jws}"));
    assert_eq!(code(challenge.err()), "challenge-by-link", "it counts from a picture alone");
}

#[test]
fn secrets_go_out_only_after_a_check_within_the_call() {
    let keystore = TestKeystore::new();
    let world = world(Platform { key_wrapper: Some(keystore.clone()), ..Platform::default() });
    let (authenticator, accounts) = (world.authenticator(), world.authenticator().accounts());
    let link = format!("otpauth://totp/A:b?secret={RFC_SECRET}&issuer=A");
    let id = add(&world, &link);
    let wrong = accounts.reveal_with_password(id.clone(), secret("wrong horse")).err();
    assert_eq!(code(wrong), "wrong-approval-password");
    let revealed = accounts.reveal_with_password(id.clone(), secret(PASSWORD)).unwrap();
    assert_eq!(revealed.secret, RFC_SECRET);
    assert!(draft(authenticator, &revealed.uri).code(0) == draft(authenticator, &link).code(0));
    assert_eq!(code(block_on(accounts.reveal_with_device(id.clone(), None)).err()), "no-such-slot");
    block_on(authenticator.add_per_use_key(secret(PASSWORD), None)).unwrap();
    let asked = || keystore.asked.load(Ordering::SeqCst);
    let before = asked();
    assert!(block_on(accounts.reveal_with_device(id.clone(), None)).unwrap() == revealed);
    assert!(block_on(accounts.reveal_with_device(id.clone(), None)).unwrap() == revealed);
    assert_eq!(asked(), before + 2, "each time anew");
    keystore.set(Mood::Declines);
    assert_eq!(code(block_on(accounts.reveal_with_device(id.clone(), None)).err()), "not-confirmed");
    authenticator.lock();
    assert_eq!(code(accounts.reveal_with_password(id, secret(PASSWORD)).err()), "locked");
}

/// A picture with this text's code in the middle: four pixels a module, rows 16 bytes longer than the picture is wide.
fn picture(text: &str) -> (Vec<u8>, u32, u32) {
    let matrix = qr_code(text.to_owned()).unwrap();
    let (size, scale) = (matrix.size as usize, 4);
    let side = (size + 8) * scale;
    let stride = side + 16;
    let mut luma = vec![255; stride * side];
    for y in 0..size * scale {
        for x in 0..size * scale {
            if matrix.modules[y / scale * size + x / scale] == 1 {
                luma[(y + 4 * scale) * stride + x + 4 * scale] = 0;
            }
        }
    }
    (luma, u32::try_from(side).unwrap(), u32::try_from(stride).unwrap())
}

#[test]
fn the_camera_tells_each_code_once_and_a_picture_everything() {
    let world = world(Platform::default());
    let scanner = world.authenticator().scanner().unwrap();
    let (luma, side, stride) = picture(&format!("otpauth://totp/A:b?secret={RFC_SECRET}&issuer=A"));
    let push = |rotation| scanner.push(&luma, side, side, stride, rotation).unwrap();
    let events = push(Rotation::Quarter);
    let [ScanEvent::Found { scanned: Scanned::Account { draft }, corners }, ScanEvent::Hint { hint: ScanHint::Read }] =
        events.as_slice()
    else {
        panic!("{} events", events.len())
    };
    assert_eq!(draft.code(59_000).unwrap(), "287082");
    // The top left corner of the picture as it lies is the top right one once it stands upright.
    let right = side as f32 - 16.0;
    assert!((corners[0].x - right).abs() < 4.0 && (corners[0].y - 16.0).abs() < 4.0, "{corners:?}");
    assert!(push(Rotation::Quarter).is_empty());
    scanner.reset();
    assert_eq!(push(Rotation::None).len(), 2);

    let read = |operation| scanner.read_picture(&luma, side, side, stride, Rotation::None, operation);
    let reading = read(None).unwrap();
    assert!(reading.complete && reading.hint == ScanHint::Read);
    assert!(matches!(reading.events[..], [ScanEvent::Found { .. }]));
    let operation = Operation::new();
    operation.cancel();
    assert_eq!(code(read(Some(operation)).err()), "cancelled");
    let (other, side, stride) = picture("Hello, world!");
    let events = scanner.push(&other, side, side, stride, Rotation::None).unwrap();
    assert!(matches!(&events[0], ScanEvent::Refused { code, .. } if code == "not-recognized"));
    for (width, height, stride) in [(side, side, side - 1), (side, side + 1, stride), (20, 20, 20), (u32::MAX, 3, 3)] {
        let error = scanner.push(&other, width, height, stride, Rotation::None).err();
        assert_eq!(code(error), "picture-size");
    }
}
