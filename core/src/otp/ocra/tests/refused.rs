//! Suites that there are not, and inputs that do not fit one.

use super::{TIME, ocra, one, pin};
use crate::otp::ocra::{Error, Format, Input, Inputs, Pin, Question, Suite};
use crate::secret::SecretBytes;
use crate::time::UnixTime;

#[test]
fn inputs_that_the_suite_does_not_take_are_refused_and_so_are_missing_ones() {
    let (pin, session) = (pin("1234"), [1u8]);
    let full = one("12345678").with_counter(1).with_pin(Pin::Typed(&pin)).with_session(&session).with_time(TIME);
    let all = ocra("OCRA-1:HOTP-SHA1-6:C-QN08-PSHA1-S064-T1M", 20);
    assert!(all.response(&full).is_ok());
    for (input, without, suite) in [
        (Input::Counter, Inputs { counter: None, ..full }, "OCRA-1:HOTP-SHA1-6:QN08-PSHA1-S064-T1M"),
        (Input::Pin, Inputs { pin: None, ..full }, "OCRA-1:HOTP-SHA1-6:C-QN08-S064-T1M"),
        (Input::Session, Inputs { session: None, ..full }, "OCRA-1:HOTP-SHA1-6:C-QN08-PSHA1-T1M"),
        (Input::Time, Inputs { time: None, ..full }, "OCRA-1:HOTP-SHA1-6:C-QN08-PSHA1-S064"),
    ] {
        assert_eq!(all.response(&without), Err(Error::Missing(input)));
        let less = ocra(suite, 20);
        assert_eq!(less.response(&full), Err(Error::Unwanted(input)));
        assert!(less.response(&without).is_ok());
    }
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let numbers = ocra("OCRA-1:HOTP-SHA1-6:QN08", 20);
    let long = Err(Error::LongQuestion { given: 9, most: 8 });
    assert_eq!(numbers.response(&one("123456789")), long);
    assert_eq!(numbers.response(&Inputs::new(Question::Pair("1", "123456789"))), long);
    for question in [one(""), Inputs::new(Question::Pair("1", "")), Inputs::new(Question::Pair("", "1"))] {
        assert_eq!(numbers.response(&question), Err(Error::Missing(Input::Question)));
    }
    for (suite, format, questions) in [
        ("OCRA-1:HOTP-SHA1-6:QN08", Format::Numeric, ["12a", "-1", "+1", "1 2", "٣"]),
        ("OCRA-1:HOTP-SHA1-6:QH08", Format::Hexadecimal, ["0x1", "g", "+a", "a b", "é"]),
        ("OCRA-1:HOTP-SHA1-6:QA08", Format::Alphanumeric, ["a b", "a-b", "\0", "a\n", "é"]),
    ] {
        for question in questions {
            let response = ocra(suite, 20).response(&one(question));
            assert_eq!(response, Err(Error::QuestionCharacters(format)), "{question:?}");
        }
    }

    let session = ocra("OCRA-1:HOTP-SHA1-6:QN08-S064", 20);
    assert!(session.response(&one("1").with_session(&[1; 64])).is_ok());
    let long = Err(Error::LongSession { given: 65, most: 64 });
    assert_eq!(session.response(&one("1").with_session(&[1; 65])), long);
    assert_eq!(session.response(&one("1").with_session(&[])), Err(Error::Missing(Input::Session)));

    let pins = ocra("OCRA-1:HOTP-SHA1-6:QN08-PSHA256", 20);
    let sha1 = SecretBytes::new(vec![1; 20]);
    let wrong = Err(Error::PinHash { given: 20, right: 32 });
    assert_eq!(pins.response(&one("1").with_pin(Pin::Hash(&sha1))), wrong);
    assert_eq!(pins.response(&one("1").with_pin(Pin::Typed(&pin("")))), Err(Error::Missing(Input::Pin)));

    let timed = ocra("OCRA-1:HOTP-SHA1-6:QN08-T1S", 20);
    let before = one("1").with_time(UnixTime::from_millis(-1));
    assert_eq!(timed.response(&before), Err(Error::BeforeEpoch));
}

#[test]
fn suites_that_rfc_6287_does_not_have_are_refused() {
    for (part, texts) in [
        (
            "algorithm",
            &["", "OCRA-1", "OCRA-2:HOTP-SHA1-6:QN08", "ocra-1:hotp-sha1-6:qn08", "OCRA-1:HOTP-SHA1-6:QN08:"][..],
        ),
        (
            "crypto function",
            &[
                "OCRA-1::QN08",
                "OCRA-1:TOTP-SHA1-6:QN08",
                "OCRA-1:HOTP-SHA224-6:QN08",
                "OCRA-1:HOTP-SHA1-3:QN08",
                "OCRA-1:HOTP-SHA1-06:QN08",
                "OCRA-1:HOTP-SHA1-00:QN08",
                "OCRA-1:HOTP-SHA1-11:QN08",
                "OCRA-1:HOTP-SHA1-+6:QN08",
                "OCRA-1:HOTP-SHA1:QN08",
                "OCRA-1:HOTP-SHA1-6-6:QN08",
            ],
        ),
        (
            "question",
            &[
                "OCRA-1:HOTP-SHA1-6:",
                "OCRA-1:HOTP-SHA1-6:C",
                "OCRA-1:HOTP-SHA1-6:C-C-QN08",
                "OCRA-1:HOTP-SHA1-6:PSHA1-QN08",
                "OCRA-1:HOTP-SHA1-6:QN",
                "OCRA-1:HOTP-SHA1-6:QN8",
                "OCRA-1:HOTP-SHA1-6:QN008",
                "OCRA-1:HOTP-SHA1-6:QN03",
                "OCRA-1:HOTP-SHA1-6:QN65",
                "OCRA-1:HOTP-SHA1-6:QX08",
                "OCRA-1:HOTP-SHA1-6:Qé8",
                "OCRA-1:HOTP-SHA1-6:QN08 ",
            ],
        ),
        ("PIN hash", &["OCRA-1:HOTP-SHA1-6:QN08-PSHA384", "OCRA-1:HOTP-SHA1-6:QN08-PMD5"]),
        (
            "session length",
            &[
                "OCRA-1:HOTP-SHA1-6:QN08-S64",
                "OCRA-1:HOTP-SHA1-6:QN08-S000",
                "OCRA-1:HOTP-SHA1-6:QN08-S0064",
                "OCRA-1:HOTP-SHA1-6:QN08-S+64",
            ],
        ),
        (
            "time step",
            &[
                "OCRA-1:HOTP-SHA1-6:QN08-T1",
                "OCRA-1:HOTP-SHA1-6:QN08-TM",
                "OCRA-1:HOTP-SHA1-6:QN08-T60S",
                "OCRA-1:HOTP-SHA1-6:QN08-T60M",
                "OCRA-1:HOTP-SHA1-6:QN08-T49H",
                "OCRA-1:HOTP-SHA1-6:QN08-T0H",
                "OCRA-1:HOTP-SHA1-6:QN08-T01M",
                "OCRA-1:HOTP-SHA1-6:QN08-T1D",
            ],
        ),
        (
            "order of inputs",
            &[
                "OCRA-1:HOTP-SHA1-6:QN08-",
                "OCRA-1:HOTP-SHA1-6:QN08-T1M-S064",
                "OCRA-1:HOTP-SHA1-6:QN08-S064-PSHA1",
                "OCRA-1:HOTP-SHA1-6:QN08-T1M-T1M",
                "OCRA-1:HOTP-SHA1-6:QN08-X",
            ],
        ),
    ] {
        for text in texts {
            assert_eq!(text.parse::<Suite>(), Err(Error::Suite(part)), "{text}");
        }
    }
}
