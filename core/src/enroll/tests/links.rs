//! Links as sites and apps write them.

use super::super::{BareSecret, Error, NeedsPin, Oddity, Scanned, SecretProblem, parse};
use super::{SECRET, enrolled, hotp, names, refused, totp};
use crate::account::Profile;
use crate::otp::{self, Algorithm, Kind, Otp};
use crate::secret::SecretText;
use crate::time::UnixTime;

#[test]
fn issuer_and_account_are_both_kept() {
    for (label, issuer, expected) in [
        ("Deno:Mason", "Deno", ("Deno", "Mason")),
        ("Deno:Mason", "", ("Deno", "Mason")),
        ("Mason", "Deno", ("Deno", "Mason")),
        ("Deno%3AMason", "", ("Deno", "Mason")),
        ("Deno%3A%20Mason", "Deno", ("Deno", "Mason")),
        ("Big%20Corporation%3A%20alice%40bigco.com", "", ("Big Corporation", "alice@bigco.com")),
        ("Deno: Mason", "Deno", ("Deno", "Mason")),
        ("ACME:alice", "acme", ("acme", "alice")),
        ("Air%20Canada:Benjamin", "Air+Canada", ("Air Canada", "Benjamin")),
        ("Air+Canada:Benjamin", "Air+Canada", ("Air Canada", "Benjamin")),
        ("alice+tag@example.com", "X", ("X", "alice+tag@example.com")),
        ("X:alice+tag@example.com", "X", ("X", "alice+tag@example.com")),
        ("A:b:c", "", ("A", "b:c")),
        ("A:b:c", "A", ("A", "b:c")),
        ("A%3Ab:c", "", ("A:b", "c")),
        ("A:B:c", "A%3AB", ("A:B", "c")),
        (":alice", "X", ("X", "alice")),
        ("GitHub", "GitHub", ("GitHub", "GitHub")),
        ("/Deno:Mason", "", ("Deno", "Mason")),
        ("Acme #1:alice", "Acme #1", ("Acme #1", "alice")),
        ("What?:alice", "What?", ("What?", "alice")),
        ("100%:alice", "100%", ("100%", "alice")),
        ("a", "AT&T", ("AT&T", "a")),
        ("a", "AT%26T", ("AT&T", "a")),
        ("a/b", "c/d", ("c/d", "a/b")),
        ("Zo%C3%AB:älice", "", ("Zoë", "älice")),
        ("Caf%E9:a", "Caf%E9", ("Café", "a")),
        ("", "Deno", ("Deno", "")),
    ] {
        let text = format!("otpauth://totp/{label}?secret={SECRET}&issuer={issuer}");
        assert_eq!(names(&text), (expected.0.into(), expected.1.into()), "{text}");
        let text = format!("otpauth://totp/{label}?issuer={issuer}&secret={SECRET}");
        assert_eq!(names(&text), (expected.0.into(), expected.1.into()), "{text}");
    }
}

#[test]
fn a_secret_is_read_as_people_write_it() {
    for secret in [
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "gezdgnbvgy3tqojqgezdgnbvgy3tqojq",
        "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ",
        "GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV-GY3T-QOJQ",
        "GEZD+GNBV+GY3T+QOJQ+GEZD+GNBV+GY3T+QOJQ",
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ%3D%3D%3D",
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ====",
        "%20GEZDGNBVGY3TQOJQ\r\nGEZDGNBVGY3TQOJQ",
        "GEZDGNBVGY3TQOJQ%C2%A0GEZDGNBVGY3TQOJQ",
    ] {
        let enrollment = enrolled(&format!("otpauth://totp/X:a?secret={secret}&issuer=X"));
        assert_eq!(enrollment.account.otp.secret(), b"12345678901234567890", "{secret}");
        assert_eq!(enrollment.oddities, [], "{secret}");
    }
}

#[test]
fn a_secret_is_never_guessed() {
    let not_base32 = |position| Error::BadSecret(SecretProblem::NotBase32 { position });
    for (secret, error) in [
        ("", Error::MissingSecret),
        ("====", Error::MissingSecret),
        ("%20-", Error::MissingSecret),
        ("GEZD0NBV", not_base32(5)),
        ("GEZD1NBV", not_base32(5)),
        ("8EZD", not_base32(1)),
        ("GEZÄ", not_base32(4)),
        ("GEZD#", not_base32(5)),
        ("GEZDGNBV=GEZDGNBV", Error::BadSecret(SecretProblem::AfterPadding)),
        ("A", Error::Otp(otp::Error::EmptySecret)),
        ("%FF", Error::NotUtf8Percent("secret")),
    ] {
        assert_eq!(refused(&format!("otpauth://totp/X:a?secret={secret}&issuer=X")), error, "{secret}");
    }
    assert_eq!(refused("otpauth://totp/X:a?issuer=X"), Error::MissingSecret);
    let long = "A".repeat(2000);
    assert_eq!(refused(&format!("otpauth://totp/X:a?secret={long}")), Error::Otp(otp::Error::LongSecret(1250)));
}

#[test]
fn an_impossible_length_is_flagged_and_kept() {
    let enrollment = enrolled(&format!("otpauth://totp/X:a?issuer=X&secret={SECRET}G"));
    assert_eq!(enrollment.account.otp.secret(), b"12345678901234567890");
    assert_eq!(enrollment.oddities, [Oddity::LeftoverBits]);
}

#[test]
fn scheme_kind_and_parameters_are_read_in_any_case() {
    for text in [
        "OTPAUTH://TOTP/X:a?SECRET=GEZDGNBVGY3TQOJQ&ISSUER=X&ALGORITHM=SHA256&DIGITS=8&PERIOD=60",
        "otpauth://totp/X:a?secret=GEZDGNBVGY3TQOJQ&issuer=X&algorithm=HmacSHA256&digits=8&period=60",
        "apple-otpauth://totp/X:a?secret=GEZDGNBVGY3TQOJQ&issuer=X&algorithm=sha-256&digits=08&period=%2060",
        "otpauth://totp/X:a?secret=GEZDGNBVGY3TQOJQ&amp;issuer=X&amp;algorithm=sha256&amp;digits=8&amp;period=60",
        "otpauth%3A%2F%2Ftotp%2FX%3Aa%3Fsecret%3DGEZDGNBVGY3TQOJQ%26issuer%3DX%26algorithm%3DSHA256%26digits%3D8%26period%3D60",
        "otpauth://totp/X%3Aa%3Fsecret%3DGEZDGNBVGY3TQOJQ%26issuer%3DX%26algorithm%3DSHA256%26digits%3D8%26period%3D60",
        "\u{feff} \n otpauth://totp/X:a?secret=GEZDGNBVGY3TQOJQ&issuer=X&algorithm=SHA256\n&digits=8&period=60 \n",
    ] {
        let enrollment = enrolled(text);
        let totp = totp(text);
        assert_eq!(enrollment.account.profile, Profile::named("X", "a"), "{text}");
        assert_eq!(totp.secret(), b"1234567890", "{text}");
        let parameters = (totp.algorithm(), totp.digits().get(), totp.period().seconds());
        assert_eq!(parameters, (Algorithm::Sha256, 8, 60), "{text}");
        assert_eq!(enrollment.oddities, [], "{text}");
    }
}

#[test]
fn defaults_are_those_of_the_format() {
    let text = format!("otpauth://totp/X:a?secret={SECRET}&issuer=X");
    let totp = totp(&text);
    assert_eq!((totp.algorithm(), totp.digits().get(), totp.period().seconds()), (Algorithm::Sha1, 6, 30));
    // RFC 6238, appendix B, the last six digits.
    let code = enrolled(&text).account.otp.code(UnixTime::from_seconds(59)).unwrap();
    assert_eq!(code.code.as_str(), "287082");
    let hotp = hotp(&format!("otpauth://hotp/X:a?secret={SECRET}&issuer=X&counter=18446744073709551614"));
    assert_eq!((hotp.algorithm(), hotp.digits().get(), hotp.counter()), (Algorithm::Sha1, 6, u64::MAX - 1));
}

#[test]
fn what_is_odd_is_said() {
    let number = |count| otp::Digits::new(count).unwrap();
    for (text, oddity) in [
        ("totp/X:a?secret=GEZDGNBVGY&issuer=X", Oddity::ShortSecret { characters: 10 }),
        ("totp/a?secret=GEZDGNBVGY3TQOJQ", Oddity::NoIssuer),
        ("totp/?secret=GEZDGNBVGY3TQOJQ&issuer=X", Oddity::NoAccount),
        (
            "totp/Y:a?secret=GEZDGNBVGY3TQOJQ&issuer=X",
            Oddity::IssuerMismatch { label: "Y".into(), parameter: "X".into() },
        ),
        ("totp/X:a?secret=GEZDGNBVGY3TQOJQ&issuer=X&zzz=1", Oddity::UnknownParameter("zzz".into())),
        ("totp/X:a?secret=GEZDGNBVGY3TQOJQ&issuer=X&issuer=X", Oddity::RepeatedParameter("issuer")),
        ("totp/X:a?secret=GEZDGNBVGY3TQOJQ&issuer=X&digits=", Oddity::EmptyParameter("digits")),
        ("totp/X:a?secret=GEZDGNBVGY3TQOJQ&issuer=X&algorithm=null", Oddity::EmptyParameter("algorithm")),
        ("totp/X:a?secret=GEZDGNBVGY3TQOJQ&issuer=X&digits=7", Oddity::UnusualDigits(number(7))),
        ("totp/X:a?secret=GEZDGNBVGY3TQOJQ&issuer=X&period=15", Oddity::UnusualPeriod(otp::Period::new(15).unwrap())),
        ("totp/X:a?secret=GEZDGNBVGY3TQOJQ&issuer=X&algorithm=SHA384", Oddity::UnusualAlgorithm(Algorithm::Sha384)),
        ("hotp/X:a?secret=GEZDGNBVGY3TQOJQ&issuer=X", Oddity::HotpCounterMissing),
        ("totp/X:a?secret=GEZDGNBVGY3TQOJQ&issuer=X&image=https%3A%2F%2Fx.example", Oddity::ImageIgnored),
        ("totp/Caf%E9:a?secret=GEZDGNBVGY3TQOJQ", Oddity::NameEncodingGuessed),
        ("totp/X:a%2540b?secret=GEZDGNBVGY3TQOJQ", Oddity::NameEncodedTwice),
        ("totp/a?issuer=AT&T&secret=GEZDGNBVGY3TQOJQ", Oddity::AmpersandInIssuer),
        ("totp/X:a%E2%80%AEb?secret=GEZDGNBVGY3TQOJQ", Oddity::InvisibleCharacters),
        ("steam/X:a?secret=GEZDGNBVGY3TQOJQ&digits=6", Oddity::IgnoredParameter("digits")),
        ("daypassword/X:a?secret=GEZDGNBVGY3TQOJQ", Oddity::UnusualPeriod(otp::Period::new(86_400).unwrap())),
    ] {
        assert_eq!(enrolled(&format!("otpauth://{text}")).oddities, [oddity], "{text}");
    }
}

#[test]
fn what_can_not_be_meant_is_refused() {
    for (text, error) in [
        ("totp/X:a?secret=GEZDGNBV&secret=GEZDGNBW", Error::DuplicateParameter("secret")),
        ("totp/X:a?secret=GEZDGNBV&digits=6&digits=8", Error::DuplicateParameter("digits")),
        ("totp/X:a?secret=GEZDGNBV&issuer=X&issuer=Y", Error::DuplicateParameter("issuer")),
        ("totp/X:a?secret=GEZDGNBV&digits=3", Error::Otp(otp::Error::Digits(3))),
        ("totp/X:a?secret=GEZDGNBV&digits=11", Error::Otp(otp::Error::Digits(11))),
        ("totp/X:a?secret=GEZDGNBV&digits=six", Error::BadParameter("digits")),
        ("totp/X:a?secret=GEZDGNBV&digits=-6", Error::BadParameter("digits")),
        ("totp/X:a?secret=GEZDGNBV&period=0", Error::Otp(otp::Error::Period(0))),
        ("totp/X:a?secret=GEZDGNBV&period=30s", Error::BadParameter("period")),
        ("totp/X:a?secret=GEZDGNBV&algorithm=MD5", Error::Otp(otp::Error::UnknownAlgorithm("MD5".into()))),
        ("hotp/X:a?secret=GEZDGNBV&counter=-1", Error::BadParameter("counter")),
        ("hotp/X:a?secret=GEZDGNBV&counter=18446744073709551616", Error::BadParameter("counter")),
        ("sms/X:a?secret=GEZDGNBV", Error::UnknownKind("sms".into())),
    ] {
        assert_eq!(refused(&format!("otpauth://{text}")), error, "{text}");
    }
    let name = "n".repeat(1025);
    assert_eq!(refused(&format!("otpauth://totp/{name}?secret=GEZDGNBV")), Error::LongName("account"));
    let many = "&a=b".repeat(300);
    assert_eq!(refused(&format!("otpauth://totp/a?secret=GEZDGNBV{many}")), Error::TooManyParameters);
    assert_eq!(refused(&"a".repeat(65_537)), Error::TooLong { bytes: 65_537 });
    assert_eq!(refused(" \n"), Error::Empty);
    assert_eq!(refused("otpauth://totp/a?secret=GEZDGNBV\nOTPAUTH://totp/b?secret=GEZDGNBV"), Error::SeveralTexts);
}

#[test]
fn a_bare_secret_asks_for_names() {
    for text in ["gezd gnbv gy3t qojq", " GEZDGNBVGY3TQOJQ==", "GEZD-GNBV-GY3T-QOJQ\n"] {
        let Ok(Scanned::BareSecret(secret)) = parse(text) else { panic!("{text}") };
        let enrollment = secret.named(Profile::named("X", "a"));
        assert_eq!(enrollment.account.otp.secret(), b"1234567890");
        assert_eq!(enrollment.account.otp.kind(), Kind::Totp);
        assert_eq!(enrollment.oddities, []);
    }
    for text in ["hello", "hello, world", "12345678", "GEZDGNB0", "ÄÖÜßÄÖÜß"] {
        assert_eq!(refused(text), Error::NotRecognized, "{text}");
    }
    let typed = BareSecret::read("GEZDGNBVGY3TQOJ").unwrap().named(Profile::named("X", "a"));
    assert_eq!(typed.oddities, [Oddity::ShortSecret { characters: 15 }]);
    assert_eq!(BareSecret::read("GEZ0"), Err(Error::BadSecret(SecretProblem::NotBase32 { position: 4 })));
}

#[test]
fn steam_guard_is_read_in_both_forms() {
    let short = enrolled(&format!("steam://{SECRET}"));
    assert_eq!(short.account.profile, Profile::named("Steam", ""));
    let long = enrolled(&format!(
        "otpauth://steam/Boeing:Sophia?secret={SECRET}&issuer=Boeing&algorithm=SHA1&digits=5&period=30"
    ));
    assert_eq!(long.account.profile, Profile::named("Boeing", "Sophia"));
    assert_eq!(long.oddities, []);
    assert!(matches!(long.account.otp, Otp::Steam(_)));
    assert_eq!(short.account.otp, long.account.otp);
}

fn needs_pin(text: &str) -> NeedsPin {
    let Ok(Scanned::NeedsPin(needs)) = parse(text) else { panic!("{text}") };
    needs
}

#[test]
fn mobile_otp_asks_for_its_pin() {
    let needs = needs_pin("motp://X:a?secret=0123456789ABCDEF");
    assert_eq!((needs.kind(), needs.profile()), (Kind::Motp, &Profile::named("X", "a")));
    let enrollment = needs.with_pin(SecretText::new("1234".into())).unwrap();
    assert_eq!(enrollment.account.otp.secret(), b"\x01\x23\x45\x67\x89\xab\xcd\xef");
    assert_eq!(enrollment, enrolled("motp://X%3Aa?secret=0123456789abcdef&pin=1234"));
    assert!(matches!(needs.with_pin(SecretText::new(String::new())), Err(Error::Otp(otp::Error::Pin(_)))));
    assert_eq!(refused("motp://X:a?secret=0"), Error::BadSecret(SecretProblem::HalfByte));
    assert_eq!(refused("motp://X:a?secret=0g"), Error::BadSecret(SecretProblem::NotHex { position: 2 }));
    assert_eq!(refused("motp://X:a?secret="), Error::MissingSecret);
}

#[test]
fn yandex_asks_for_its_pin() {
    let needs = needs_pin("otpauth://yaotp/alice?secret=AAAAAAAAAAAAAAAAAAAAAAAAAA&pin_length=4");
    assert_eq!((needs.kind(), needs.profile()), (Kind::Yandex, &Profile::named("Yandex", "alice")));
    assert_eq!(needs.pin_digits(), Some(4));
    let enrollment = needs.with_pin(SecretText::new("5239".into())).unwrap();
    assert_eq!(enrollment.oddities, []);
    // base32("5239") = GUZDGOI.
    assert_eq!(enrollment, enrolled("otpauth://yaotp/alice?secret=AAAAAAAAAAAAAAAAAAAAAAAAAA&pin=GUZDGOI"));
}
