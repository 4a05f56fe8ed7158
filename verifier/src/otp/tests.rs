use countersign_core::enroll::{Scanned, parse};
use countersign_core::entropy::SystemEntropy;
use countersign_core::otp::{Algorithm, Digits, Error, Hotp, Otp, Period, Secret, Totp};
use countersign_core::time::UnixTime;
use proptest::prelude::*;

use super::offer::{self, Kind, Offer};
use super::{Barred, Drift, HotpPolicy, HotpState, TotpPolicy, TotpState, Tries, Used, Verdict};

const RFC: &[u8; 20] = b"12345678901234567890";
const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

fn secret(bytes: &[u8]) -> Secret {
    Secret::new(bytes).unwrap()
}

fn totp() -> Totp {
    Totp::new(secret(RFC), Algorithm::Sha1, Digits::SIX, Period::THIRTY)
}

fn hotp() -> Hotp {
    Hotp::new(secret(RFC), Algorithm::Sha1, Digits::SIX, 0)
}

fn code(at: UnixTime) -> String {
    totp().code(at).unwrap().code.to_string()
}

fn hotp_code(counter: u64) -> String {
    Hotp::new(secret(RFC), Algorithm::Sha1, Digits::SIX, counter).code().unwrap().code.to_string()
}

fn step(at: UnixTime) -> u64 {
    u64::try_from(at.seconds()).unwrap() / 30
}

/// RFC 6238, appendix B.
#[test]
fn values_of_rfc_6238_are_accepted_once() {
    let long: Vec<u8> = RFC.iter().copied().cycle().take(64).collect();
    for (seconds, sha1, sha256, sha512) in [
        (59, "94287082", "46119246", "90693936"),
        (1_111_111_109, "07081804", "68084774", "25091201"),
        (1_111_111_111, "14050471", "67062674", "99943326"),
        (1_234_567_890, "89005924", "91819424", "93441116"),
        (2_000_000_000, "69279037", "90698825", "38618901"),
        (20_000_000_000, "65353130", "77737706", "47863826"),
    ] {
        let now = UnixTime::from_seconds(seconds);
        for (algorithm, length, code) in
            [(Algorithm::Sha1, 20, sha1), (Algorithm::Sha256, 32, sha256), (Algorithm::Sha512, 64, sha512)]
        {
            let totp = Totp::new(secret(&long[..length]), algorithm, Digits::EIGHT, Period::THIRTY);
            let judged = TotpPolicy::default().judge(&totp, TotpState::default(), code, now).unwrap();
            assert_eq!(judged.verdict, Verdict::Accepted(Used::Step(step(now))), "{seconds} {algorithm}");
            let again = TotpPolicy::default().judge(&totp, judged.state, code, now).unwrap();
            assert_eq!((again.verdict, again.state), (Verdict::Replayed, judged.state));
        }
    }
}

/// RFC 4226, appendix D.
#[test]
fn values_of_rfc_4226_are_accepted_in_order_and_once() {
    let codes = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
    let (policy, mut state) = (HotpPolicy::default(), HotpState::default());
    for (counter, code) in (0..).zip(codes) {
        let judged = policy.judge(&hotp(), state, code, NOW).unwrap();
        assert_eq!(judged.verdict, Verdict::Accepted(Used::Counter(counter)));
        state = judged.state;
        assert_eq!(policy.judge(&hotp(), state, code, NOW).unwrap().verdict, Verdict::Replayed);
    }
    assert_eq!(state.counter, 10);
    assert!(matches!(policy.judge(&hotp(), state, codes[3], NOW).unwrap().verdict, Verdict::Wrong { .. }));
}

#[test]
fn the_window_is_one_step_either_side_and_no_more() {
    for (offset, right) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
        let typed = code(NOW.plus_seconds(offset));
        let verdict = TotpPolicy::default().judge(&totp(), TotpState::default(), &typed, NOW).unwrap().verdict;
        assert_eq!(matches!(verdict, Verdict::Accepted(_)), right, "{offset}");
    }
}

#[test]
fn a_step_before_an_accepted_one_is_never_accepted() {
    let policy = TotpPolicy::default();
    let state = policy.judge(&totp(), TotpState::default(), &code(NOW.plus_seconds(30)), NOW).unwrap().state;
    for offset in [-30, 0, 30] {
        let judged = policy.judge(&totp(), state, &code(NOW.plus_seconds(offset)), NOW).unwrap();
        assert_eq!((judged.verdict, judged.state), (Verdict::Replayed, state), "{offset}");
    }
}

#[test]
fn a_learned_drift_follows_a_clock_as_far_as_allowed() {
    let policy = TotpPolicy::new(1, Drift::Learned { at_most: 3 });
    let mut state = TotpState::default();
    let mut now = NOW;
    // The authenticator's clock runs away, a step at each sign-in.
    for ahead in 1..=4 {
        now = now.plus_seconds(3600);
        let judged = policy.judge(&totp(), state, &code(now.plus_seconds(ahead * 30)), now).unwrap();
        assert!(matches!(judged.verdict, Verdict::Accepted(_)), "{ahead}");
        state = judged.state;
        assert_eq!(i64::from(state.drift), ahead.min(3));
    }
    now = now.plus_seconds(3600);
    let judged = policy.judge(&totp(), state, &code(now.plus_seconds(5 * 30)), now).unwrap();
    assert!(matches!(judged.verdict, Verdict::Wrong { .. }));
    let fixed = TotpPolicy::default().judge(&totp(), state, &code(now.plus_seconds(60)), now).unwrap();
    assert!(matches!(fixed.verdict, Verdict::Wrong { .. }), "a fixed window ignores what was learned");
}

#[test]
fn what_is_no_code_costs_no_try() {
    for typed in ["", "12345", "1234567", "12345a", "１２３４５６", "12345678901234"] {
        let judged = TotpPolicy::default().judge(&totp(), TotpState::default(), typed, NOW).unwrap();
        assert_eq!((judged.verdict, judged.state), (Verdict::NotACode, TotpState::default()), "{typed}");
        let judged = HotpPolicy::default().judge(&hotp(), HotpState::default(), typed, NOW).unwrap();
        assert_eq!(judged.verdict, Verdict::NotACode, "{typed}");
    }
    let grouped = format!(" {}-{} ", &code(NOW)[..3], &code(NOW)[3..]);
    let judged = TotpPolicy::default().judge(&totp(), TotpState::default(), &grouped, NOW).unwrap();
    assert!(matches!(judged.verdict, Verdict::Accepted(_)));
}

/// A code that is none of the window's.
fn wrong_code(now: UnixTime) -> String {
    let near: Vec<_> = (-20..=20).map(|steps| code(now.plus_seconds(30 * steps))).collect();
    (0..).map(|number| format!("{number:06}")).find(|code| !near.contains(code)).unwrap()
}

#[test]
fn guesses_are_slowed_and_at_last_refused() {
    let policy = TotpPolicy::default();
    let (mut state, mut now) = (TotpState::default(), NOW);
    for guess in 1..=Tries::LIMIT {
        let judged = policy.judge(&totp(), state, &wrong_code(now), now).unwrap();
        let wait = if guess < 3 { 0 } else { 1u32.checked_shl(guess - 3).unwrap_or(u32::MAX).min(3600) };
        assert_eq!(judged.verdict, Verdict::Wrong { in_a_row: guess, wait });
        state = judged.state;
        if wait > 0 && guess < Tries::LIMIT {
            let early = policy.judge(&totp(), state, &code(now), now).unwrap();
            assert_eq!((early.verdict, early.state), (Verdict::Wait { seconds: wait }, state));
            let almost = now.plus_seconds(i64::from(wait) - 1);
            assert_eq!(state.tries.admit(almost), Err(Barred::Wait { seconds: 1 }));
        }
        now = now.plus_seconds(i64::from(wait));
    }
    let late = now.plus_seconds(1_000_000);
    assert_eq!(policy.judge(&totp(), state, &code(late), late).unwrap().verdict, Verdict::Disabled);
    let lifted = TotpState { tries: Tries::lifted(), ..state };
    assert!(matches!(policy.judge(&totp(), lifted, &code(late), late).unwrap().verdict, Verdict::Accepted(_)));
}

#[test]
fn a_right_code_ends_the_row_and_a_replay_is_no_guess() {
    let policy = TotpPolicy::default();
    let wrong = policy.judge(&totp(), TotpState::default(), &wrong_code(NOW), NOW).unwrap().state;
    let right = policy.judge(&totp(), wrong, &code(NOW), NOW).unwrap();
    assert_eq!(right.state.tries, Tries::default());
    assert_eq!(policy.judge(&totp(), right.state, &code(NOW), NOW).unwrap().state, right.state);
}

#[test]
fn a_clock_set_back_makes_nobody_wait_longer() {
    let tries = Tries::stored(4, NOW);
    assert_eq!(tries.admit(NOW.plus_seconds(-86_400)), Err(Barred::Wait { seconds: 2 }));
    assert_eq!(tries.admit(NOW.plus_seconds(2)), Ok(()));
    assert_eq!(Tries::stored(2, NOW).admit(NOW), Ok(()));
}

#[test]
fn before_1970_and_at_the_counters_end_there_is_an_error_and_no_verdict() {
    let before = UnixTime::from_seconds(-1);
    assert_eq!(TotpPolicy::default().judge(&totp(), TotpState::default(), "123456", before), Err(Error::BeforeEpoch));
    let end = HotpState { counter: u64::MAX, tries: Tries::default() };
    assert_eq!(HotpPolicy::default().judge(&hotp(), end, "123456", NOW), Err(Error::CounterUsedUp));
    let last = HotpState { counter: u64::MAX - 1, ..end };
    let typed = hotp_code(u64::MAX - 1);
    let judged = HotpPolicy::default().judge(&hotp(), last, &typed, NOW).unwrap();
    assert_eq!(judged.verdict, Verdict::Accepted(Used::Counter(u64::MAX - 1)));
    // The first minute of 1970 has no step before it.
    let first = UnixTime::from_seconds(3);
    assert!(matches!(
        TotpPolicy::default().judge(&totp(), TotpState::default(), &code(first), first).unwrap().verdict,
        Verdict::Accepted(Used::Step(0))
    ));
}

#[test]
fn one_code_looks_ten_ahead_and_two_a_thousand() {
    let policy = HotpPolicy::default();
    let state = HotpState { counter: 100, tries: Tries::default() };
    let accepted = |typed: &str| policy.judge(&hotp(), state, typed, NOW).unwrap().verdict;
    assert_eq!(accepted(&hotp_code(110)), Verdict::Accepted(Used::Counter(110)));
    assert!(matches!(accepted(&hotp_code(111)), Verdict::Wrong { .. }));
    let resync =
        |first: u64, second: u64| policy.resync(&hotp(), state, (&hotp_code(first), &hotp_code(second)), NOW).unwrap();
    let judged = resync(1000, 1001);
    assert_eq!(judged.verdict, Verdict::Accepted(Used::Counter(1001)));
    assert_eq!(judged.state.counter, 1002);
    assert!(matches!(resync(1000, 1002).verdict, Verdict::Wrong { in_a_row: 1, .. }));
    assert!(matches!(resync(99, 100).verdict, Verdict::Wrong { .. }), "codes that are used up");
    assert!(matches!(resync(1101, 1102).verdict, Verdict::Wrong { .. }));
}

#[test]
fn an_offer_is_what_apps_read_and_its_first_code_is_accepted() {
    for kind in [
        Kind::default(),
        Kind::Totp { algorithm: Algorithm::Sha256, digits: Digits::EIGHT, period: Period::new(60).unwrap() },
        Kind::Hotp { algorithm: Algorithm::Sha512, digits: Digits::SIX },
    ] {
        let offer = Offer::make(kind, "Exämple: Inc", "a@example.org", &SystemEntropy::new()).unwrap();
        let Ok(Scanned::Account(read)) = parse(offer.uri().expose()) else { panic!("not an account") };
        assert_eq!(&read.account.otp, offer.otp());
        assert_eq!(read.account.profile.label(), "Exämple: Inc:a@example.org");
        let code = offer.otp().code(NOW).unwrap().code.to_string();
        let verdict = match offer.otp() {
            Otp::Totp(totp) => TotpPolicy::default().judge(totp, TotpState::default(), &code, NOW).unwrap().verdict,
            Otp::Hotp(hotp) => HotpPolicy::default().judge(hotp, HotpState::default(), &code, NOW).unwrap().verdict,
            other => panic!("{:?}", other.kind()),
        };
        assert!(matches!(verdict, Verdict::Accepted(_)));
        assert_eq!(format!("{offer:?}"), format!("Offer {{ kind: {:?}, .. }}", offer.otp().kind()));
    }
    let refused = |issuer: &str, name: &str| Offer::make(Kind::default(), issuer, name, &SystemEntropy::new());
    assert_eq!(refused("", "a").unwrap_err(), offer::Error::Name("issuer"));
    assert_eq!(refused("A", "a\u{202e}b").unwrap_err(), offer::Error::Name("account name"));
}

proptest! {
    /// Whatever is typed when: no step is accepted twice, and accepted steps rise.
    #[test]
    fn no_step_is_accepted_twice(attempts in prop::collection::vec((-2i64..=2, 0i64..50), 1..60)) {
        let policy = TotpPolicy::new(2, Drift::Learned { at_most: 2 });
        let (mut state, mut now, mut last) = (TotpState::default(), NOW, None);
        for (offset, passed) in attempts {
            now = now.plus_seconds(passed);
            let judged = policy.judge(&totp(), state, &code(now.plus_seconds(offset * 30)), now).unwrap();
            if let Verdict::Accepted(Used::Step(step)) = judged.verdict {
                prop_assert!(last.is_none_or(|last| last < step));
                last = Some(step);
            }
            state = judged.state;
        }
        prop_assert!(last.is_some());
    }

    /// The counter never goes back, and every accepted code is of a counter that it had not reached.
    #[test]
    fn no_counter_is_accepted_twice(start in 0u64..1_000_000, jumps in prop::collection::vec(-3i64..14, 1..40)) {
        let mut state = HotpState { counter: start, tries: Tries::default() };
        for (at, jump) in (1i64..).zip(jumps) {
            let counter = state.counter.saturating_add_signed(jump);
            let now = NOW.plus_seconds(at * 10_000);
            let judged = HotpPolicy::default().judge(&hotp(), state, &hotp_code(counter), now).unwrap();
            if let Verdict::Accepted(Used::Counter(used)) = judged.verdict {
                prop_assert!(used >= state.counter);
                prop_assert_eq!(judged.state.counter, used + 1);
            } else {
                prop_assert_eq!(judged.state.counter, state.counter);
            }
            if (0..=10).contains(&jump) {
                prop_assert!(matches!(judged.verdict, Verdict::Accepted(_)));
            }
            state = judged.state;
        }
    }
}
