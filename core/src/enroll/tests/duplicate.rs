//! The three kinds of duplicates, found one by one and by index.

use super::super::duplicate::{Duplicate, Index, Known, duplicates};
use crate::account::{Account, AccountId, NewAccount, Profile, Usage};
use crate::entropy::SystemEntropy;
use crate::otp::{Algorithm, Digits, Otp, Period, Secret, Totp};
use crate::time::UnixTime;

fn new(issuer: &str, name: &str, secret: &[u8]) -> NewAccount {
    let secret = Secret::new(secret).unwrap();
    let otp = Otp::Totp(Totp::new(secret, Algorithm::Sha1, Digits::SIX, Period::THIRTY));
    NewAccount { profile: Profile::named(issuer, name), otp }
}

fn stored(id: u8, new: NewAccount) -> Account {
    Account {
        id: AccountId::from_bytes([id; 16]),
        profile: new.profile,
        otp: new.otp,
        clock_offset: 0,
        may_be_behind: false,
        position: 0,
        has_icon: false,
        usage: Usage::default(),
        created: UnixTime::default(),
        modified: UnixTime::default(),
        trashed: None,
    }
}

#[test]
fn each_kind_is_found_the_worst_first() {
    let vault = [
        stored(1, new("A", "a", b"other secret")),
        stored(2, new("B", "b", b"secret")),
        stored(3, new("a", "A", b"secret")),
        stored(4, new("C", "c", b"third")),
        // Not the same names: the border between issuer and name is elsewhere.
        stored(5, new("", "Aa", b"fourth")),
    ];
    let wanted = new("A", "a", b"secret");
    let id = |id| AccountId::from_bytes([id; 16]);
    let expected = [(id(3), Duplicate::Same), (id(1), Duplicate::NamesOnly), (id(2), Duplicate::SecretOnly)];
    assert_eq!(duplicates(&wanted, vault.iter()), expected);

    let mut index = Index::make(&SystemEntropy::new(), 5).unwrap();
    vault.iter().for_each(|account| index.insert(account.id, &account.profile, &account.otp));
    assert_eq!(index.find(&wanted).collect::<Vec<_>>(), expected);
    assert_eq!(index.find_and_insert(id(6), &wanted, 2), expected[..2]);
    assert_eq!(index.find(&wanted).filter(|(_, duplicate)| *duplicate == Duplicate::Same).count(), 2);
    assert_eq!(index.find(&new("D", "d", b"sixth")).next(), None);
    assert_eq!(format!("{index:?}"), "Index(..)");

    let mut known = Known::make(&SystemEntropy::new()).unwrap();
    assert!(vault.iter().all(|account| known.insert(&account.profile, &account.otp)));
    assert!(!known.insert(&wanted.profile, &wanted.otp));
    for other in [new("A", "a", b"fifth"), new("Aa", "", b"fourth"), new("A", "b", b"secret")] {
        assert!(known.insert(&other.profile, &other.otp));
    }
    assert_eq!(format!("{known:?}"), "Known(..)");
}
