//! The test values of RFC 6287 appendix C and of tiqr's library. `refused`: what does not fit. `properties`: what holds
//! for all suites.

mod properties;
mod refused;

use super::{Format, Hash, Inputs, Ocra, Pin, Question, Response, Suite};
use crate::otp::Secret;
use crate::secret::{SecretBytes, SecretText};
use crate::time::UnixTime;

/// The keys of RFC 6287 appendix C: its 20, 32 and 64 bytes are this, cut off.
const KEY: &[u8] = b"1234567890123456789012345678901234567890123456789012345678901234";

/// Appendix C's `T` is 132d0b6, in minutes.
const TIME: UnixTime = UnixTime::from_seconds(0x0132_d0b6 * 60);

fn suite(text: &str) -> Suite {
    text.parse().unwrap()
}

fn ocra(text: &str, key_length: usize) -> Ocra {
    Ocra::new(Secret::new(&KEY[..key_length]).unwrap(), suite(text))
}

fn one(question: &str) -> Inputs<'_> {
    Inputs::new(Question::One(question))
}

fn pin(text: &str) -> SecretText {
    SecretText::new(text.into())
}

/// Compares responses with `(question, response)`, where `add` adds the other inputs.
fn expect<'a>(ocra: &Ocra, values: &[(&'a str, &str)], add: impl Fn(Inputs<'a>, u64) -> Inputs<'a>) {
    for (place, (question, response)) in (0..).zip(values) {
        let ours = ocra.response(&add(one(question), place)).unwrap();
        assert_eq!(ours.to_string(), *response, "{} {question}", ocra.suite());
        assert!(ours.is(response));
    }
}

/// The ten questions of appendix C.1, with these responses.
fn repdigits<'a>(responses: &[&'a str]) -> Vec<(&'static str, &'a str)> {
    let questions = [
        "00000000", "11111111", "22222222", "33333333", "44444444", "55555555", "66666666", "77777777", "88888888",
        "99999999",
    ];
    questions.into_iter().zip(responses.iter().copied()).collect()
}

#[test]
fn one_way_challenge_and_response_of_rfc_6287() {
    let values = repdigits(&[
        "237653", "243178", "653583", "740991", "608993", "388898", "816933", "224598", "750600", "294470",
    ]);
    expect(&ocra("OCRA-1:HOTP-SHA1-6:QN08", 20), &values, |inputs, _| inputs);
}

#[test]
fn one_way_with_counter_and_pin_of_rfc_6287() {
    let pin = pin("1234");
    let values = [
        "65347737", "86775851", "78192410", "71565254", "10104329", "65983500", "70069104", "91771096", "75011558",
        "08522129",
    ]
    .map(|response| ("12345678", response));
    let ocra = ocra("OCRA-1:HOTP-SHA256-8:C-QN08-PSHA1", 32);
    expect(&ocra, &values, |inputs, counter| inputs.with_counter(counter).with_pin(Pin::Typed(&pin)));
}

#[test]
fn one_way_with_pin_of_rfc_6287_typed_or_hashed() {
    let typed = pin("1234");
    // SHA-1 of 1234, as the RFC prints it.
    let hash = data_encoding::HEXLOWER.decode(b"7110eda4d09e062aa5e4a390b0a572ac0d2c0220").unwrap();
    let hash = SecretBytes::new(hash);
    let values = repdigits(&["83238735", "01501458", "17957585", "86776967", "86807031"]);
    let ocra = ocra("OCRA-1:HOTP-SHA256-8:QN08-PSHA1", 32);
    expect(&ocra, &values, |inputs, _| inputs.with_pin(Pin::Typed(&typed)));
    expect(&ocra, &values, |inputs, _| inputs.with_pin(Pin::Hash(&hash)));
}

#[test]
fn one_way_with_counter_of_rfc_6287() {
    let values = repdigits(&[
        "07016083", "63947962", "70123924", "25341727", "33203315", "34205738", "44343969", "51946085", "20403879",
        "31409299",
    ]);
    expect(&ocra("OCRA-1:HOTP-SHA512-8:C-QN08", 64), &values, Inputs::with_counter);
}

#[test]
fn one_way_with_time_of_rfc_6287() {
    let values = repdigits(&["95209754", "55907591", "22048402", "24218844", "36209546"]);
    let ocra = ocra("OCRA-1:HOTP-SHA512-8:QN08-T1M", 64);
    expect(&ocra, &values, |inputs, _| inputs.with_time(TIME));
    expect(&ocra, &values, |inputs, _| inputs.with_time(TIME.plus_seconds(59)));
    assert_ne!(
        ocra.response(&one("00000000").with_time(TIME.plus_seconds(60))).unwrap().to_string(),
        "95209754",
        "a minute later is another step"
    );
}

/// Both sides' responses to each other's questions, `CLI2222x` and `SRV1111x`.
fn mutual(server: &Ocra, client: &Ocra, pin: Option<&SecretText>, servers: [&str; 5], clients: [&str; 5]) {
    for (place, (servers, clients)) in servers.into_iter().zip(clients).enumerate() {
        let (c, s) = (format!("CLI2222{place}"), format!("SRV1111{place}"));
        let response = server.response(&Inputs::new(Question::Pair(&c, &s))).unwrap();
        assert_eq!(response.to_string(), servers);
        let inputs = Inputs::new(Question::Pair(&s, &c));
        let inputs = pin.map_or(inputs, |pin| inputs.with_pin(Pin::Typed(pin)));
        assert_eq!(client.response(&inputs).unwrap().to_string(), clients);
    }
}

#[test]
fn mutual_challenge_and_response_of_rfc_6287() {
    let both = ocra("OCRA-1:HOTP-SHA256-8:QA08", 32);
    let servers = ["28247970", "01984843", "65387857", "03351211", "83412541"];
    let clients = ["15510767", "90175646", "33777207", "95285278", "28934924"];
    mutual(&both, &both, None, servers, clients);
}

#[test]
fn mutual_challenge_and_response_with_pin_of_rfc_6287() {
    let server = ocra("OCRA-1:HOTP-SHA512-8:QA08", 64);
    let client = ocra("OCRA-1:HOTP-SHA512-8:QA08-PSHA1", 64);
    let servers = ["79496648", "76831980", "12250499", "90856481", "12761449"];
    let clients = ["18806276", "70020315", "01600026", "18951020", "32528969"];
    mutual(&server, &client, Some(&pin("1234")), servers, clients);
}

#[test]
fn plain_signatures_of_rfc_6287() {
    let values = [
        ("SIG10000", "53095496"),
        ("SIG11000", "04110475"),
        ("SIG12000", "31331128"),
        ("SIG13000", "76028668"),
        ("SIG14000", "46554205"),
    ];
    expect(&ocra("OCRA-1:HOTP-SHA256-8:QA08", 32), &values, |inputs, _| inputs);
}

#[test]
fn plain_signatures_with_time_of_rfc_6287() {
    let values = [
        ("SIG1000000", "77537423"),
        ("SIG1100000", "31970405"),
        ("SIG1200000", "10235557"),
        ("SIG1300000", "95213541"),
        ("SIG1400000", "65360607"),
    ];
    expect(&ocra("OCRA-1:HOTP-SHA512-8:QA10-T1M", 64), &values, |inputs, _| inputs.with_time(TIME));
}

/// From the tests of tiqr's server library.
#[test]
fn session_information_of_tiqr() {
    let session = [0xab, 0xcd, 0xef, 0xab, 0xcd, 0xef];
    let ocra = ocra("OCRA-1:HOTP-SHA1-6:QN08-S", 20);
    expect(&ocra, &[("77777777", "675831")], |inputs, _| inputs.with_session(&session));
    let mut padded = [0; 64];
    padded[58..].copy_from_slice(&session);
    expect(&ocra, &[("77777777", "675831")], |inputs, _| inputs.with_session(&padded));
}

/// The suites of tiqr's servers and of offline approvals. Values from Python's hmac (`tests/otp/ocra.py`) and,
/// but for the last one, from the package oath.
#[test]
fn suites_in_use_give_the_codes_of_other_implementations() {
    let session: Vec<u8> = (0..16).map(|byte| byte * 0x11).collect();
    let long = "00112233445566778899aabbccddeeff".repeat(2);
    expect(&ocra("OCRA-1:HOTP-SHA1-6:QH10-S", 32), &[("0123456789", "101814")], |inputs, _| {
        inputs.with_session(&session)
    });
    expect(&ocra("OCRA-1:HOTP-SHA1-6:QN10", 32), &[("1344454126", "403895")], |inputs, _| inputs);
    expect(&ocra("OCRA-1:HOTP-SHA256-8:QH64", 32), &[(&long, "22948164")], |inputs, _| inputs);
    expect(&ocra("OCRA-1:HOTP-SHA1-6:QH08", 20), &[("abcde", "746498")], |inputs, _| inputs);
}

#[test]
fn a_number_counts_and_not_its_spelling() {
    let ocra = ocra("OCRA-1:HOTP-SHA1-6:QN08", 20);
    assert_eq!(ocra.response(&one("7")), ocra.response(&one("00000007")));
    assert_ne!(ocra.response(&one("7")), ocra.response(&one("70")));
    // 16 is 10 in hexadecimal, and 1 is 1: both left-aligned, so that they are hashed as the same bytes (§5.1).
    assert_eq!(ocra.response(&one("1")), ocra.response(&one("16")));
}

#[test]
fn hexadecimal_digits_count_and_not_their_case() {
    let ocra = ocra("OCRA-1:HOTP-SHA1-6:QH10", 20);
    assert_eq!(ocra.response(&one("abcdef")), ocra.response(&one("ABCDEF")));
    assert_ne!(ocra.response(&one("0abcdef")), ocra.response(&one("abcdef")));
}

#[test]
fn a_suite_with_0_digits_gives_the_whole_hmac() {
    // Python: hmac.new(KEY[:20], b"OCRA-1:HOTP-SHA1-0:QA08\0" + b"SIG10000".ljust(128, b"\0"), "sha1").hexdigest()
    let hmac = "3d0b85340ce10abc02dc90a653905fd21ef77a30";
    let response = ocra("OCRA-1:HOTP-SHA1-0:QA08", 20).response(&one("SIG10000")).unwrap();
    assert_eq!(response.to_string(), hmac);
    assert!(response.is(&hmac.to_uppercase()));
    assert!(!response.is(&hmac[..38]));
    assert!(!response.is(&format!("0{}", &hmac[1..])));
    assert!(!response.is("g"));
}

#[test]
fn an_answer_is_compared_as_it_is_typed() {
    let response = ocra("OCRA-1:HOTP-SHA1-6:QN08", 20).response(&one("00000000")).unwrap();
    assert!(response.is(" 237 653"));
    for wrong in ["237654", "23765", "2376530", "", "237653237653"] {
        assert!(!response.is(wrong), "{wrong}");
    }
}

#[test]
fn what_a_suite_leaves_out_is_the_default_and_its_text_stays() {
    let short = suite("OCRA-1:HOTP-SHA1-6:C-Q-P-S-T");
    assert_eq!((short.question_format(), short.question_length()), (Format::Numeric, 8));
    assert_eq!(short.pin_hash(), Some(Hash::Sha1));
    assert_eq!(short.session_length(), Some(64));
    assert_eq!(short.step_seconds().unwrap().get(), 60);
    assert_eq!(short.to_string(), "OCRA-1:HOTP-SHA1-6:C-Q-P-S-T");
    let session = one("1").with_session(b"s");
    assert_ne!(
        ocra("OCRA-1:HOTP-SHA1-6:QN08-S", 20).response(&session),
        ocra("OCRA-1:HOTP-SHA1-6:QN08-S064", 20).response(&session),
        "the text is hashed, not what it means"
    );
}

#[test]
fn debug_shows_no_key_pin_session_or_response() {
    let pin = pin("1234");
    let inputs = one("87654321").with_pin(Pin::Typed(&pin)).with_session(b"sesame");
    let ocra = ocra("OCRA-1:HOTP-SHA1-6:QN08-PSHA1-S064", 20);
    let response = ocra.response(&inputs).unwrap();
    let whole = Response::Mac(SecretBytes::new(vec![0x5a; 20]));
    let shown = format!("{ocra:?} {inputs:?} {response:?} {whole:?} {:?}", Pin::Typed(&pin));
    for secret in ["12345", "1234", "49, 50", "sesame", "5a5a", "90, 90", &response.to_string()] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
