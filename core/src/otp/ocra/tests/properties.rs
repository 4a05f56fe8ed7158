//! What holds for all suites.

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::select;

use super::KEY;
use crate::otp::Secret;
use crate::otp::ocra::{Format, Hash, Inputs, Ocra, Pin, Question, Suite};
use crate::secret::SecretBytes;
use crate::time::UnixTime;

/// A suite's text and what it says: step in seconds.
type Said = (String, Option<u64>, bool, (Format, u8), Option<Hash>, Option<u16>, Option<u32>);

fn suites() -> impl Strategy<Value = Said> {
    const HASHES: [(&str, Hash); 3] = [("SHA1", Hash::Sha1), ("SHA256", Hash::Sha256), ("SHA512", Hash::Sha512)];
    const FORMATS: [(char, Format); 3] =
        [('A', Format::Alphanumeric), ('N', Format::Numeric), ('H', Format::Hexadecimal)];
    let step = select(&[('S', 59u32, 1u32), ('M', 59, 60), ('H', 48, 3600)][..])
        .prop_flat_map(|(unit, most, seconds)| (1..=most).prop_map(move |count| (unit, count, count * seconds)));
    (
        select(&HASHES[..]),
        select(&[0u64, 4, 5, 6, 7, 8, 9, 10][..]),
        any::<bool>(),
        (select(&FORMATS[..]), 4u8..=64),
        proptest::option::of(select(&HASHES[..])),
        proptest::option::of(1u16..=999),
        proptest::option::of(step),
    )
        .prop_map(|((hash, _), digits, counter, ((letter, format), length), pin, session, step)| {
            let c = if counter { "C-" } else { "" };
            let p = pin.map_or(String::new(), |(name, _)| format!("-P{name}"));
            let s = session.map_or(String::new(), |length| format!("-S{length:03}"));
            let t = step.map_or(String::new(), |(unit, count, _)| format!("-T{count}{unit}"));
            let text = format!("OCRA-1:HOTP-{hash}-{digits}:{c}Q{letter}{length:02}{p}{s}{t}");
            let digits = (digits > 0).then_some(digits);
            let step = step.map(|(_, _, seconds)| seconds);
            (text, digits, counter, (format, length), pin.map(|(_, hash)| hash), session, step)
        })
}

proptest! {
    #[test]
    fn a_suite_is_what_its_text_says_and_prints_as_it(
        (text, digits, counter, question, pin, session, step) in suites(),
    ) {
        let suite: Suite = text.parse().unwrap();
        prop_assert_eq!(suite.to_string(), text);
        prop_assert_eq!(suite.digits().map(|digits| u64::from(digits.get())), digits);
        prop_assert_eq!(suite.takes_counter(), counter);
        prop_assert_eq!((suite.question_format(), suite.question_length()), question);
        prop_assert_eq!(suite.pin_hash(), pin);
        prop_assert_eq!(suite.session_length(), session);
        prop_assert_eq!(suite.step_seconds().map(std::num::NonZeroU32::get), step);
    }

    #[test]
    fn no_text_aborts_and_what_is_read_prints_as_it_was(text in "\\PC*|OCRA-1:HOTP-SHA(1|256|512)-[0-9]{1,2}:[CQANHPSTM0-9é-]{0,20}") {
        if let Ok(suite) = text.parse::<Suite>() {
            prop_assert_eq!(suite.to_string(), text);
        }
    }

    #[test]
    fn a_suite_changed_in_one_place_is_another_suite_or_none((text, ..) in suites(), place in any::<usize>(), byte in 0x20u8..0x7f) {
        let mut bytes = text.clone().into_bytes();
        let place = place % bytes.len();
        bytes[place] = byte;
        let changed = String::from_utf8(bytes).unwrap();
        if let Ok(suite) = changed.parse::<Suite>() {
            prop_assert_eq!(suite.as_str(), &changed);
            prop_assert_eq!(suite == text.parse().unwrap(), changed == text);
        }
    }

    #[test]
    fn no_input_aborts(
        (text, ..) in suites(),
        question in "\\PC{0,70}|[0-9]{1,64}|[0-9a-fA-F]{1,64}",
        second in proptest::option::of("[0-9]{0,64}"),
        counter in proptest::option::of(any::<u64>()),
        hash in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..70)),
        session in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..1000)),
        millis in proptest::option::of(any::<i64>()),
    ) {
        let ocra = Ocra::new(Secret::new(KEY).unwrap(), text.parse().unwrap());
        let hash = hash.map(SecretBytes::new);
        let question = second.as_deref().map_or(Question::One(&question), |second| Question::Pair(&question, second));
        let pin = hash.as_ref().map(Pin::Hash);
        let time = millis.map(UnixTime::from_millis);
        let inputs = Inputs { question, counter, pin, session: session.as_deref(), time };
        if let Ok(response) = ocra.response(&inputs) {
            prop_assert!(response.is(&response.to_string()));
        }
    }
}
