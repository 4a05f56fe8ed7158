//! Every account comes back from its link, nothing panics, and nothing tells a secret.

use proptest::prelude::*;

use super::super::migration::Collector;
use super::super::{Pin, Scanned, parse, to_uri};
use super::enrolled;
use crate::account::{NewAccount, Profile};
use crate::otp::{Algorithm, Digits, Hotp, Motp, Otp, Period, Secret, Steam, Totp, Yandex};
use crate::secret::SecretText;

fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ :+%#&?/=a-zA-Z]{0,12}",
        "( |:|\u{a0}|\n|\t|\u{feff}|a){0,5}",
        Just(String::new()),
        "[äöü漢字🦀]{0,6}"
    ]
    .prop_filter("in bounds", |text| text.len() <= Profile::MAX_TEXT)
}

fn secrets(bytes: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Secret> {
    proptest::collection::vec(any::<u8>(), bytes).prop_map(|bytes| Secret::new(bytes).unwrap())
}

fn otps() -> impl Strategy<Value = Otp> {
    let algorithm = || proptest::sample::select(Algorithm::ALL.to_vec());
    let digits = || (4u64..=10).prop_map(|count| Digits::new(count).unwrap());
    let period = (1u64..=86_400).prop_map(|seconds| Period::new(seconds).unwrap());
    prop_oneof![
        (secrets(1..=64), algorithm(), digits(), period).prop_map(|(s, a, d, p)| Otp::Totp(Totp::new(s, a, d, p))),
        (secrets(1..=1024), algorithm(), digits(), any::<u64>())
            .prop_map(|(s, a, d, c)| Otp::Hotp(Hotp::new(s, a, d, c))),
        secrets(1..=64).prop_map(|secret| Otp::Steam(Steam::new(secret))),
        (secrets(8..=16), "[!-~]{1,12}")
            .prop_map(|(secret, pin)| Otp::Motp(Motp::new(secret, SecretText::new(pin)).unwrap())),
        (secrets(16), "[0-9]{4,16}")
            .prop_map(|(secret, pin)| Otp::Yandex(Yandex::new(secret, SecretText::new(pin)).unwrap())),
    ]
}

proptest! {
    #[test]
    fn every_account_comes_back(issuer in names(), name in names(), otp in otps()) {
        let profile = Profile::named(issuer, name);
        let uri = to_uri(&profile, &otp, Pin::Include);
        let account = enrolled(uri.expose()).account;
        prop_assert_eq!(account, NewAccount { profile, otp }, "{}", uri.expose());
    }

    #[test]
    fn a_pin_is_left_out_where_asked(issuer in names(), name in names(), otp in otps()) {
        let profile = Profile::named(issuer, name);
        let uri = to_uri(&profile, &otp, Pin::Omit);
        let pin = match &otp {
            Otp::Motp(motp) => motp.pin(),
            Otp::Yandex(yandex) => yandex.pin(),
            _ => return Ok(()),
        };
        prop_assert!(!uri.expose().contains("&pin="));
        let Ok(Scanned::NeedsPin(needs)) = parse(uri.expose()) else { panic!("{}", uri.expose()) };
        prop_assert_eq!(needs.with_pin(pin.clone()).unwrap().account, NewAccount { profile, otp });
    }

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn any_link_is_answered(
        start in proptest::sample::select(vec![
            "otpauth://totp/", "otpauth://hotp/", "otpauth://steam/", "otpauth://yaotp/", "motp://", "steam://",
            "otpauth://", "https://", "pia://", "otpauth%3A%2F%2F",
        ]),
        label in any::<String>(),
        query in "([a-z0-9_]{0,9}=?(%[0-9A-F]{2}|[ -~]){0,12}&){0,6}",
        known in "(secret=[A-Z2-7]{0,20}&|digits=[0-9]{0,3}&|2step_salt=8&|pin=[A-Z]{4}&|issuer=.{0,9}&){0,4}",
    ) {
        let _ = parse(&format!("{start}{label}?{known}{query}"));
    }

    #[test]
    fn any_export_is_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let text = format!("otpauth-migration://offline?data={}", data_encoding::BASE64URL_NOPAD.encode(&bytes));
        if let Ok(Scanned::MigrationPart(part)) = parse(&text) {
            let mut collector = Collector::new();
            let _ = collector.add(part);
            let _ = collector.missing();
            let _ = collector.finish();
        }
    }

    #[test]
    fn no_error_or_debug_tells_a_secret(at in 0usize..24, bad in proptest::sample::select(vec!['0', '!', 'é', '=']), query in "(|&digits=2|&pin=GUZDGOI|&2step_salt=4)") {
        let mut secret = "MFRGGZDFMZTWQ2LKNNWG23TP".to_owned();
        secret.replace_range(at..=at, &bad.to_string());
        for kind in ["totp", "hotp", "steam", "yaotp"] {
            let shown = format!("{:?}", parse(&format!("otpauth://{kind}/X:a?secret={secret}{query}")));
            prop_assert!(!shown.contains("MFRGG") && !shown.contains("W23TP"), "{}", shown);
        }
    }
}
