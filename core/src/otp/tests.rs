//! Known answers from elsewhere, bounds, and properties over all parameters.

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

use super::{Algorithm, Digits, Error, Hotp, Motp, Otp, Period, Secret, Steam, Text, Totp, Yandex};
use crate::secret::SecretText;
use crate::time::UnixTime;

fn secret(bytes: &[u8]) -> Secret {
    Secret::new(bytes).unwrap()
}

fn pin(text: &str) -> SecretText {
    SecretText::new(text.into())
}

fn totp(bytes: &[u8], algorithm: Algorithm, digits: u64, period: u64) -> Totp {
    Totp::new(secret(bytes), algorithm, Digits::new(digits).unwrap(), Period::new(period).unwrap())
}

fn rfc_4226(counter: u64) -> Hotp {
    Hotp::new(secret(b"12345678901234567890"), Algorithm::Sha1, Digits::SIX, counter)
}

/// RFC 4226 appendix D.
const RFC_4226: [&str; 10] =
    ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];

#[test]
fn hotp_codes_of_rfc_4226() {
    let mut hotp = rfc_4226(0);
    for pair in RFC_4226.windows(2) {
        let code = hotp.code().unwrap();
        assert_eq!([code.code.as_str(), code.next.unwrap().as_str()], pair);
        assert_eq!(code.window, None);
        assert!(code.is_good_at(UnixTime::from_millis(i64::MIN)));
        hotp = hotp.advanced().unwrap();
    }
    assert_eq!(hotp.counter(), 9);
}

/// RFC 6238 appendix B, with the secrets of its erratum 2866.
#[test]
fn totp_codes_of_rfc_6238() {
    let long = b"1234567890".repeat(7);
    for (time, sha1, sha256, sha512) in [
        (59, "94287082", "46119246", "90693936"),
        (1_111_111_109, "07081804", "68084774", "25091201"),
        (1_111_111_111, "14050471", "67062674", "99943326"),
        (1_234_567_890, "89005924", "91819424", "93441116"),
        (2_000_000_000, "69279037", "90698825", "38618901"),
        (20_000_000_000, "65353130", "77737706", "47863826"),
    ] {
        for (algorithm, length, code) in
            [(Algorithm::Sha1, 20, sha1), (Algorithm::Sha256, 32, sha256), (Algorithm::Sha512, 64, sha512)]
        {
            let made = totp(&long[..length], algorithm, 8, 30).code(UnixTime::from_seconds(time)).unwrap();
            assert_eq!(made.code.as_str(), code, "{algorithm} at {time}");
        }
    }
}

#[test]
fn ten_digits_are_all_31_bits() {
    // RFC 4226 appendix D: counter 1 truncates to 1094287082, counter 7 to 82162583.
    let ten = |counter| Hotp::new(secret(b"12345678901234567890"), Algorithm::Sha1, Digits::new(10).unwrap(), counter);
    assert_eq!(ten(1).code().unwrap().code.as_str(), "1094287082");
    assert_eq!(ten(7).code().unwrap().code.as_str(), "0082162583");
}

/// From the tests of steampy (test/test_guard.py).
#[test]
fn steam_code_of_steampy() {
    let steam = Steam::new(secret(b"1234567890abcdefghij"));
    assert_eq!(steam.code(UnixTime::from_seconds(1_469_184_207)).unwrap().code.as_str(), "P2QJN");
}

/// From the tests of Aegis (MOTPTest).
#[test]
fn motp_codes_of_aegis() {
    for (time, code, number, hex) in [
        (165_892_298, "e7d8b6", "1234", "e3152afee62599c8"),
        (123_456_789, "4ebfb2", "1234", "e3152afee62599c8"),
        (1_659_540_020, "ced7b1", "9999", "bbb1912bb5c515be"),
        (1_659_540_022, "ced7b1", "9999", "bbb1912bb5c515be"),
        (1_659_539_870, "1a14f8", "9999", "bbb1912bb5c515be"),
        (1_659_539_878, "1a14f8", "9999", "bbb1912bb5c515be"),
    ] {
        let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
        let motp = Motp::new(secret(&bytes), pin(number)).unwrap();
        assert_eq!(motp.code(UnixTime::from_seconds(time)).unwrap().code.as_str(), code);
    }
}

fn base32(text: &str) -> Vec<u8> {
    let mut specification = data_encoding::BASE32_NOPAD.specification();
    specification.check_trailing_bits = false;
    specification.encoding().unwrap().decode(text.as_bytes()).unwrap()
}

/// From the tests of Aegis (YAOTPTest), which has them from KeeYaOtp.
#[test]
fn yandex_codes_of_aegis() {
    for (number, text, time, code) in [
        ("5239", "6SB2IKNM6OBZPAVBVTOHDKS4FAAAAAAADFUTQMBTRY", 1_641_559_648, "umozdicq"),
        ("7586", "LA2V6KMCGYMWWVEW64RNP3JA3IAAAAAAHTSG4HRZPI", 1_581_064_020, "oactmacq"),
        ("7586", "LA2V6KMCGYMWWVEW64RNP3JA3IAAAAAAHTSG4HRZPI", 1_581_090_810, "wemdwrix"),
        ("5210481216086702", "JBGSAU4G7IEZG6OY4UAXX62JU4AAAAAAHTSG4HXU3M", 1_581_091_469, "dfrpywob"),
        ("5210481216086702", "JBGSAU4G7IEZG6OY4UAXX62JU4AAAAAAHTSG4HXU3M", 1_581_093_059, "vunyprpd"),
    ] {
        let long = base32(text);
        let at = UnixTime::from_seconds(time);
        let with_checksum = Yandex::new(secret(&long), pin(number)).unwrap();
        let without = Yandex::new(secret(&long[..16]), pin(number)).unwrap();
        assert_eq!(with_checksum.code(at).unwrap().code.as_str(), code);
        assert_eq!(with_checksum, without);
        assert_eq!(with_checksum.secret(), &long[..16]);
    }
}

#[test]
fn every_single_wrong_bit_of_a_yandex_secret_is_noticed() {
    let right = base32("LA2V6KMCGYMWWVEW64RNP3JA3IAAAAAAHTSG4HRZPI");
    for bit in 0..right.len() * 8 {
        let mut wrong = right.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(Yandex::new(secret(&wrong), pin("7586")), Err(Error::SecretForm("Yandex")), "bit {bit}");
    }
}

#[test]
fn what_is_out_of_bounds_does_not_build() {
    for count in [0, 3, 11, 256 + 6, u64::MAX] {
        assert_eq!(Digits::new(count), Err(Error::Digits(count)));
    }
    for seconds in [0, 86_401, (1 << 32) + 30, u64::MAX] {
        assert_eq!(Period::new(seconds), Err(Error::Period(seconds)));
    }
    assert!(Period::new(1).is_ok() && Period::new(86_400).is_ok());
    assert_eq!(Secret::new(vec![]), Err(Error::EmptySecret));
    assert_eq!(Secret::new(vec![0; 1025]), Err(Error::LongSecret(1025)));
    for length in [1, 15, 17, 25, 27] {
        assert_eq!(Yandex::new(secret(&vec![1; length]), pin("1234")), Err(Error::SecretForm("Yandex")));
    }
    for wrong in ["", "123", "12345678901234567", "12a4", "١٢٣٤"] {
        assert_eq!(Yandex::new(secret(&[1; 16]), pin(wrong)), Err(Error::Pin("Yandex")));
    }
    assert_eq!(Motp::new(secret(&[1]), pin("")), Err(Error::Pin("mOTP")));
    assert_eq!(Motp::new(secret(&[1]), pin(&"é".repeat(65))), Err(Error::Pin("mOTP")));
    assert!(Motp::new(secret(&[1]), pin(&"é".repeat(64))).is_ok());
}

#[test]
fn an_unknown_algorithm_is_never_another_one() {
    for (text, algorithm) in
        [("sha1", Algorithm::Sha1), ("SHA-256", Algorithm::Sha256), ("HmacSHA512", Algorithm::Sha512)]
    {
        assert_eq!(text.parse(), Ok(algorithm));
    }
    for text in ["", "MD5", "SHA", "SHA3-256", "SHA-512/256", "HmacHmacSHA1"] {
        assert_eq!(text.parse::<Algorithm>(), Err(Error::UnknownAlgorithm(text.into())));
    }
}

#[test]
fn a_used_up_counter_gives_no_code() {
    let last = rfc_4226(u64::MAX);
    assert_eq!(last.code(), Err(Error::CounterUsedUp));
    assert_eq!(last.advanced(), Err(Error::CounterUsedUp));
    assert_eq!(last.resync("123456", "123456", 1000), None);
    let before = rfc_4226(u64::MAX - 1);
    assert_eq!(before.code().unwrap().next, None);
    assert_eq!(before.advanced(), Ok(last));
}

#[test]
fn two_codes_of_the_other_side_find_its_counter() {
    let hotp = rfc_4226(0);
    assert_eq!(hotp.resync("755224", "287082", 0), Some(rfc_4226(2)));
    assert_eq!(hotp.resync("162 583", "399-871\n", 7), Some(rfc_4226(9)));
    assert_eq!(hotp.resync("162583", "399871", 6), None);
    // Not consecutive, the wrong way round, too short, not a code.
    for (first, second) in [("755224", "359152"), ("287082", "755224"), ("75522", "287082"), ("", ""), ("é", "287082")]
    {
        assert_eq!(hotp.resync(first, second, 100), None);
    }
    let (at_1000, at_1001) = (rfc_4226(1000).code().unwrap(), rfc_4226(1001).code().unwrap());
    assert_eq!(hotp.resync(at_1000.code.as_str(), at_1000.next.unwrap().as_str(), 1000), Some(rfc_4226(1002)));
    assert_eq!(hotp.resync(at_1001.code.as_str(), at_1001.next.unwrap().as_str(), u32::MAX), None);
}

fn one_of_each(fill: u8, number: &str) -> [Otp; 5] {
    let bytes = [fill; 16];
    [
        Otp::Totp(totp(&bytes, Algorithm::Sha384, 6, 30)),
        Otp::Hotp(Hotp::new(secret(&bytes), Algorithm::Sha1, Digits::SIX, 5)),
        Otp::Steam(Steam::new(secret(&bytes))),
        Otp::Motp(Motp::new(secret(&bytes), pin(number)).unwrap()),
        Otp::Yandex(Yandex::new(secret(&bytes), pin(number)).unwrap()),
    ]
}

#[test]
fn debug_shows_no_secret_pin_or_code() {
    for otp in one_of_each(0xAB, "987654") {
        let code = otp.code(UnixTime::from_seconds(1_600_000_000)).unwrap();
        let shown = format!("{otp:?} {code:?} {:?}", code.code);
        let list = format!("{:?}", otp.secret());
        for hidden in ["987654", "171", "abab", "ABAB", &list, code.code.as_str(), code.next.unwrap().as_str()] {
            assert!(!shown.contains(hidden), "{:?} shows {hidden}", otp.kind());
        }
    }
}

#[test]
fn equality_looks_at_secret_pin_and_parameters() {
    for ((one, same), (other_secret, other_pin)) in one_of_each(1, "1234")
        .iter()
        .zip(&one_of_each(1, "1234"))
        .zip(one_of_each(2, "1234").iter().zip(&one_of_each(1, "4321")))
    {
        assert_eq!(one, same);
        assert_ne!(one, other_secret);
        assert!(one.same_secret(other_pin) && !one.same_secret(other_secret));
        assert_eq!(one == other_pin, !matches!(one, Otp::Motp(_) | Otp::Yandex(_)));
    }
    assert_ne!(totp(b"a", Algorithm::Sha1, 6, 30), totp(b"a", Algorithm::Sha256, 6, 30));
    assert_ne!(totp(b"a", Algorithm::Sha1, 6, 30), totp(b"a", Algorithm::Sha1, 7, 30));
    assert_ne!(totp(b"a", Algorithm::Sha1, 6, 30), totp(b"a", Algorithm::Sha1, 6, 31));
}

#[test]
fn what_is_left_of_a_window_runs_from_all_to_none() {
    let window = totp(b"a", Algorithm::Sha1, 6, 30).code(UnixTime::from_millis(45_500)).unwrap().window.unwrap();
    let at = |millis| UnixTime::from_millis(millis);
    assert_eq!((window.from, window.until), (at(30_000), at(60_000)));
    assert_eq!(window.remaining_millis(at(45_500)), 14_500);
    assert_eq!(window.remaining_permille(at(45_500)), 483);
    assert_eq!((window.remaining_permille(at(30_000)), window.remaining_permille(at(60_000))), (1000, 0));
    assert_eq!((window.remaining_millis(at(i64::MIN)), window.remaining_millis(at(i64::MAX))), (30_000, 0));
    assert!(window.contains(at(59_999)) && !window.contains(at(60_000)) && !window.contains(at(29_999)));
}

#[test]
fn there_are_no_codes_before_1970() {
    for otp in one_of_each(1, "1234") {
        for millis in [-1, -1000, i64::MIN] {
            let refused = otp.code(UnixTime::from_millis(millis)) == Err(Error::BeforeEpoch);
            assert_eq!(refused, !matches!(otp, Otp::Hotp(_)));
        }
        for millis in [0, 1, i64::MAX] {
            assert!(otp.code(UnixTime::from_millis(millis)).is_ok());
        }
    }
}

#[test]
fn typed_codes_are_read_as_written_with_or_without_groups() {
    assert_eq!(Text::typed(" 123-456 ").unwrap().as_str(), "123456");
    assert_eq!(Text::typed("12345678901"), None);
    assert_eq!(format!("{:>8}", Text::typed("123456").unwrap()), "  123456");
}

fn parameters() -> impl Strategy<Value = (Vec<u8>, Algorithm, u64, u64)> {
    let secrets = proptest::collection::vec(any::<u8>(), 1..=Secret::MAX);
    (secrets, proptest::sample::select(&Algorithm::ALL[..]), 4u64..=10, 1u64..=86_400)
}

proptest! {
    #[test]
    fn windows_follow_each_other_and_next_is_the_next_code(
        (bytes, algorithm, digits, period) in parameters(),
        millis in 0..i64::MAX - 200_000_000,
    ) {
        let totp = totp(&bytes, algorithm, digits, period);
        let now = UnixTime::from_millis(millis);
        let code = totp.code(now).unwrap();
        let window = code.window.unwrap();
        prop_assert!(window.contains(now) && code.is_good_at(now) && !code.is_good_at(window.until));
        prop_assert_eq!(window.until.millis() - window.from.millis(), i64::try_from(period).unwrap() * 1000);
        prop_assert_eq!(totp.code(window.from).unwrap(), code);
        let after = totp.code(window.until).unwrap();
        prop_assert_eq!(code.next, Some(after.code));
        prop_assert_eq!(after.window.unwrap().from, window.until);
        prop_assert_eq!(code.code.as_str().len() as u64, digits);
        prop_assert!(code.code.as_str().bytes().all(|byte| byte.is_ascii_digit()));
        prop_assert_eq!(totp.secret(), &bytes[..]);
    }

    #[test]
    fn no_moment_and_no_counter_aborts(
        (bytes, algorithm, digits, period) in parameters(), millis in any::<i64>(), counter in any::<u64>(),
    ) {
        let code = totp(&bytes, algorithm, digits, period).code(UnixTime::from_millis(millis));
        prop_assert_eq!(code.is_ok(), millis >= 0);
        let hotp = Hotp::new(secret(&bytes), algorithm, Digits::new(digits).unwrap(), counter);
        let code = hotp.code();
        prop_assert_eq!(code.is_ok(), counter < u64::MAX);
    }

    #[test]
    fn hotp_is_totp_with_a_step_of_one_second(
        (bytes, algorithm, digits, _) in parameters(), counter in 0..=i64::MAX / 1000,
    ) {
        let timed = totp(&bytes, algorithm, digits, 1).code(UnixTime::from_seconds(counter)).unwrap();
        let counted = Hotp::new(secret(&bytes), algorithm, Digits::new(digits).unwrap(), counter.unsigned_abs());
        prop_assert_eq!(counted.code().unwrap().code, timed.code);
    }

    #[test]
    fn other_kinds_follow_each_other_too(seconds in 0i64..1 << 40, fill in any::<u8>()) {
        for otp in one_of_each(fill, "4711") {
            let code = otp.code(UnixTime::from_seconds(seconds)).unwrap();
            if let Some(window) = code.window {
                prop_assert_eq!(code.next, Some(otp.code(window.until).unwrap().code));
            }
        }
    }

    #[test]
    fn the_library_formats_the_same_code((bytes, _, _, period) in parameters(), seconds in 0i64..1 << 40) {
        for (ours, theirs) in [
            (Algorithm::Sha1, totp_rs::Algorithm::SHA1),
            (Algorithm::Sha256, totp_rs::Algorithm::SHA256),
            (Algorithm::Sha512, totp_rs::Algorithm::SHA512),
        ] {
            for digits in 4..=9 {
                let library = totp_rs::Builder::new()
                    .with_algorithm(theirs)
                    .with_digits(digits)
                    .with_step_duration(period)
                    .with_secret(&bytes[..])
                    .build_noncompliant();
                let code = totp(&bytes, ours, digits.into(), period).code(UnixTime::from_seconds(seconds)).unwrap();
                prop_assert_eq!(code.code.to_string(), library.generate(seconds.unsigned_abs()).to_string());
            }
        }
    }
}
