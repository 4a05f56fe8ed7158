//! Google's export. The parts come from tests/fixtures/make_migration.py, which shares no code with what reads them.

use super::super::migration::{CannotExport, Collector, Entry, ExportError, NotExportable, Part, Problem, export};
use super::super::{Error, Oddity, Scanned, parse};
use crate::account::{AccountId, Profile};
use crate::entropy::SystemEntropy;
use crate::otp::{Algorithm, Digits, Hotp, Otp, Period, Secret, Steam, Totp};
use crate::secret::SecretText;

const PARTS: [&str; 3] = [
    "otpauth-migration://offline?data=Ci4KFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEgpEZW5vOk1hc29uGgREZW5vIAEoATACCiwKEvv%2F%2Fvv%2F%2Fvv%2F%2Fvv%2F%2Fvv%2F%2Fvv%2F%2FhIEWm%2FDqxoEU1BEWCACKAIwAkIEMDEyMxABGAMgACj7%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F8B",
    "otpauth-migration://offline?data=CioKFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEgNib2IaBUlzc3V1IAMoATABOAcKJgoUMTIzNDU2Nzg5MDEyMzQ1Njc4OTASA29sZBoDT2xkIAQoATACEAEYAyABKPv%2F%2F%2F%2F%2F%2F%2F%2F%2F%2FwE%3D",
    "otpauth-migration://offline?data=ChQKC3Nob3J0c2VjcmV0EgN4OnkaAAoRCgASAW4aBE5vbmUgASgBMAIKJgoUMTIzNDU2Nzg5MDEyMzQ1Njc4OTASAW4aBVNldmVuIAEoAzACEAEYAyACKPv%2F%2F%2F%2F%2F%2F%2F%2F%2F%2FwE%3D",
];
const FIRST_STANDARD: &str = "Ci4KFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEgpEZW5vOk1hc29uGgREZW5vIAEoATACCiwKEvv//vv//vv//vv//vv//vv//hIEWm/DqxoEU1BEWCACKAIwAkIEMDEyMxABGAMgACj7//////////8B";
const FIRST_URL_SAFE: &str = "Ci4KFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEgpEZW5vOk1hc29uGgREZW5vIAEoATACCiwKEvv__vv__vv__vv__vv__vv__hIEWm_DqxoEU1BEWCACKAIwAkIEMDEyMxABGAMgACj7__________8B";

fn part(text: &str) -> Part {
    match parse(text) {
        Ok(Scanned::MigrationPart(part)) => part,
        other => panic!("{other:?}"),
    }
}

fn secret() -> Secret {
    Secret::new(&b"12345678901234567890"[..]).unwrap()
}

#[test]
fn an_export_is_read_in_any_order() {
    let mut collector = Collector::new();
    assert_eq!(collector.missing(), [0u32; 0]);
    let progress = collector.add(part(PARTS[2])).unwrap();
    assert_eq!((progress.have, progress.of, progress.is_complete()), (1, 3, false));
    collector.add(part(PARTS[0])).unwrap();
    assert_eq!(collector.add(part(PARTS[0])).unwrap().have, 2);
    assert_eq!(collector.missing(), [2]);
    assert_eq!(collector.finish(), Err(Problem::Missing(vec![2])));
    assert!(collector.add(part(PARTS[1])).unwrap().is_complete());

    let entries = collector.finish().unwrap();
    let [deno, spdx, issuu, old, unspecified, empty, seven] = entries.as_slice() else { panic!("{entries:?}") };
    let account = |entry: &Entry| match entry {
        Entry::Account(enrollment) => enrollment.clone(),
        Entry::Refused { reason, .. } => panic!("{reason}"),
    };
    let totp = |secret, algorithm, digits| Otp::Totp(Totp::new(secret, algorithm, digits, Period::THIRTY));
    assert_eq!(account(deno).account.profile, Profile::named("Deno", "Mason"));
    assert_eq!(account(deno).account.otp, totp(secret(), Algorithm::Sha1, Digits::SIX));
    assert_eq!(account(deno).oddities, []);
    assert_eq!(account(spdx).account.profile, Profile::named("SPDX", "Zoë"));
    let bytes = Secret::new(b"\xfb\xff\xfe".repeat(6)).unwrap();
    assert_eq!(account(spdx).account.otp, totp(bytes, Algorithm::Sha256, Digits::EIGHT));
    assert_eq!(account(issuu).account.otp, Otp::Hotp(Hotp::new(secret(), Algorithm::Sha512, Digits::SIX, 7)));
    assert_eq!(account(unspecified).account.profile, Profile::named("x", "y"));
    assert_eq!(
        account(unspecified).oddities,
        [Oddity::Assumed("algorithm"), Oddity::Assumed("digits"), Oddity::Assumed("type")]
    );
    for (entry, issuer, problem) in [
        (old, "Old", Error::Migration(Problem::Md5)),
        (empty, "None", Error::MissingSecret),
        (seven, "Seven", Error::Migration(Problem::UnknownValue("digits"))),
    ] {
        let Entry::Refused { profile, reason } = entry else { panic!("{entry:?}") };
        assert_eq!((profile.issuer.as_str(), reason), (issuer, &problem));
    }
}

#[test]
fn a_mixed_batch_is_refused_and_nothing_is_lost() {
    let texts = export_of(3, 1);
    let mut collector = Collector::new();
    collector.add(part(PARTS[0])).unwrap();
    assert_eq!(collector.add(part(texts[1].expose())), Err(Problem::OtherBatch));
    assert_eq!(collector.missing(), [2, 3]);
    assert_eq!(collector.finish_incomplete().len(), 2);
    // Afterwards the next export can start.
    collector.add(part(texts[1].expose())).unwrap();
    assert_eq!(collector.missing(), [1, 3]);
}

#[test]
fn the_data_is_read_as_it_arrives() {
    let expected = part(PARTS[0]);
    assert_eq!((expected.number(), expected.of(), expected.entries().len()), (1, 3, 2));
    let broken = format!("{}\n{}", &FIRST_STANDARD[..40], &FIRST_STANDARD[40..]);
    for data in [
        FIRST_STANDARD,
        FIRST_URL_SAFE,
        FIRST_STANDARD.trim_end_matches('='),
        &format!("{FIRST_STANDARD}=="),
        &FIRST_STANDARD.replace('+', " "),
        &FIRST_STANDARD.replace('+', "%20"),
        &broken,
    ] {
        assert_eq!(part(&format!("otpauth-migration://offline?data={data}")), expected, "{data}");
        assert_eq!(part(&format!("OTPAUTH-MIGRATION://OFFLINE/?DATA={data}")), expected, "{data}");
    }
    for (text, error) in [
        ("offline", Error::MissingParameter("data")),
        ("offline?data=", Error::MissingParameter("data")),
        ("offline?data=%21", Error::Migration(Problem::Damaged)),
        ("offline?data=CgU", Error::Migration(Problem::Damaged)),
        // Part 3 of 2.
        ("offline?data=GAIgAg", Error::Migration(Problem::PartNumber)),
        ("online?data=CgU", Error::UnknownKind("online".into())),
    ] {
        assert_eq!(parse(&format!("otpauth-migration://{text}")), Err(error), "{text}");
    }
}

fn export_of(count: u8, per_part: usize) -> Vec<SecretText> {
    let profile = Profile::named("Deno", "Mason");
    let otp = Otp::Totp(Totp::new(secret(), Algorithm::Sha1, Digits::SIX, Period::THIRTY));
    let accounts = (0..count).map(|id| (AccountId::from_bytes([id; 16]), &profile, &otp));
    export(accounts, per_part, &SystemEntropy::new()).unwrap()
}

#[test]
fn an_export_splits_by_number_and_by_size() {
    assert_eq!(export_of(0, 10).len(), 0);
    assert_eq!(export_of(10, 10).len(), 1);
    assert_eq!(export_of(21, 10).len(), 3);
    assert_eq!(export_of(2, 0).len(), 2);
    let long = export_of(100, 100);
    assert!(long.len() > 1 && long.iter().all(|text| text.expose().len() < 2953));
}

#[test]
fn what_is_exported_comes_back() {
    let names = [("", ""), ("A", "A"), ("A", "A:b"), ("", "a:b"), ("A:B", " c "), ("Ö", ""), ("", "x")];
    let profiles = names.map(|(issuer, name)| Profile::named(issuer, name));
    let otps = [
        Otp::Totp(Totp::new(secret(), Algorithm::Sha512, Digits::EIGHT, Period::THIRTY)),
        Otp::Hotp(Hotp::new(secret(), Algorithm::Sha256, Digits::SIX, 0)),
        Otp::Hotp(Hotp::new(secret(), Algorithm::Sha1, Digits::SIX, i64::MAX.unsigned_abs())),
    ];
    let accounts: Vec<_> = profiles.iter().flat_map(|profile| otps.iter().map(move |otp| (profile, otp))).collect();
    let listed = accounts.iter().map(|(profile, otp)| (AccountId::from_bytes([0; 16]), *profile, *otp));
    let mut collector = Collector::new();
    for text in export(listed, 4, &SystemEntropy::new()).unwrap() {
        collector.add(part(text.expose())).unwrap();
    }
    let read: Vec<_> = collector
        .finish()
        .unwrap()
        .into_iter()
        .map(|entry| match entry {
            Entry::Account(enrollment) => (enrollment.account.profile, enrollment.account.otp),
            Entry::Refused { reason, .. } => panic!("{reason}"),
        })
        .collect();
    let expected: Vec<_> = accounts.into_iter().map(|(profile, otp)| (profile.clone(), otp.clone())).collect();
    assert_eq!(read, expected);
}

#[test]
fn what_the_format_can_not_hold_is_named() {
    let profile = Profile::named("X", "a");
    let long = Profile::named("X", "a".repeat(1600));
    let minute = Period::new(60).unwrap();
    let seven = Digits::new(7).unwrap();
    let cases = [
        (Otp::Steam(Steam::new(secret())), NotExportable::Kind(crate::otp::Kind::Steam)),
        (Otp::Totp(Totp::new(secret(), Algorithm::Sha1, Digits::SIX, minute)), NotExportable::Period(minute)),
        (Otp::Totp(Totp::new(secret(), Algorithm::Sha1, seven, Period::THIRTY)), NotExportable::Digits(seven)),
        (
            Otp::Hotp(Hotp::new(secret(), Algorithm::Sha384, Digits::SIX, 0)),
            NotExportable::Algorithm(Algorithm::Sha384),
        ),
        (Otp::Hotp(Hotp::new(secret(), Algorithm::Sha1, Digits::SIX, u64::MAX)), NotExportable::Counter),
    ];
    let usual = Otp::Totp(Totp::new(secret(), Algorithm::Sha1, Digits::SIX, Period::THIRTY));
    let id = |id| AccountId::from_bytes([id; 16]);
    let listed = cases.iter().zip(1..).map(|((otp, _), number)| (id(number), &profile, otp));
    let listed = listed.chain([(id(100), &profile, &usual), (id(101), &long, &usual)]);
    let expected = cases.iter().zip(1..).map(|((_, reason), number)| CannotExport { id: id(number), reason: *reason });
    let expected = expected.chain([CannotExport { id: id(101), reason: NotExportable::TooLong }]).collect();
    assert_eq!(export(listed, 10, &SystemEntropy::new()), Err(ExportError::NotExportable(expected)));
}
