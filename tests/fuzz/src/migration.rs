use countersign_core::account::AccountId;
use countersign_core::enroll::migration::{
    Collector, Entry, ExportError, MAX_PARTS, NotExportable, Part, Problem, export,
};
use countersign_core::enroll::{Scanned, parse};
use data_encoding::BASE64URL_NOPAD;

use crate::known::Stream;

/// An export: payloads, each behind its length (two bytes, little-endian; the last may be cut short).
///
/// Each payload is an error or a part. The collector counts right, hands out each entry once, in order, and only when
/// all parts are there; and every account comes back from a link and from an export of our own.
pub fn migration(bytes: &[u8]) {
    let mut collector = Collector::new();
    let mut taken: Vec<Part> = Vec::new();
    for payload in payloads(bytes) {
        let link = format!("otpauth-migration://offline?data={}", BASE64URL_NOPAD.encode(payload));
        let part = match parse(&link) {
            Ok(Scanned::MigrationPart(part)) => part,
            Ok(other) => panic!("an export became {other:?}"),
            Err(_) => continue,
        };
        assert!((1..=MAX_PARTS).contains(&part.of()) && (1..=part.of()).contains(&part.number()));
        // An entry takes two bytes at least.
        assert!(part.entries().len() <= payload.len() / 2);
        part.entries().iter().for_each(entry_comes_back);
        match collector.add(part.clone()) {
            Ok(progress) => {
                if !taken.contains(&part) {
                    taken.push(part);
                }
                assert_eq!(progress.have as usize, taken.len());
                assert_eq!(collector.missing().len(), (progress.of - progress.have) as usize);
                assert_eq!(progress.is_complete(), collector.missing().is_empty());
            }
            Err(problem) => assert_eq!(problem, Problem::OtherBatch),
        }
    }
    finished(collector, taken);
}

fn finished(mut collector: Collector, mut taken: Vec<Part>) {
    taken.sort_by_key(Part::number);
    let all: Vec<Entry> = taken.iter().flat_map(|part| part.entries().to_vec()).collect();
    let missing = collector.missing();
    match collector.finish() {
        Ok(entries) => assert!(missing.is_empty() && entries == all),
        Err(problem) => {
            assert_eq!(problem, Problem::Missing(missing));
            assert_eq!(collector.finish_incomplete(), all);
        }
    }
    assert_eq!(collector, Collector::new());
}

/// The payloads; at most as many as there are bytes.
fn payloads(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut payloads = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let (payload, behind) = rest.split_at_checked(u16::from_le_bytes(*length).into()).unwrap_or((rest, &[]));
        payloads.push(payload);
        bytes = behind;
    }
    payloads
}

pub(crate) fn entry_comes_back(entry: &Entry) {
    let Entry::Account(enrollment) = entry else { return };
    let account = &enrollment.account;
    crate::uri::comes_back(account);
    let id = AccountId::from_bytes([1; 16]);
    match export([(id, &account.profile, &account.otp)], 10, &Stream::new(1)) {
        Ok(texts) => {
            let again = texts.first().map(|text| parse(text.expose()));
            let same = |entry: &Entry| matches!(entry, Entry::Account(enrollment) if enrollment.account == *account);
            assert!(
                matches!(&again, Some(Ok(Scanned::MigrationPart(part))) if part.entries().iter().all(same) && part.entries().len() == 1),
                "{account:?} became {again:?}"
            );
        }
        Err(ExportError::NotExportable(refused)) => {
            // What came in such an export fits in one, but for its length.
            assert!(refused.iter().all(|refused| refused.reason == NotExportable::TooLong), "{refused:?}");
        }
        Err(other) => panic!("{other}"),
    }
}
