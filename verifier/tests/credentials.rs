//! What an account has beside phones: an authenticator app, and recovery codes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{at, server};
use countersign_core::entropy::SystemEntropy;
use countersign_core::otp::{Algorithm, Digits, Hotp, Otp, Totp};
use countersign_core::time::UnixTime;
use countersign_verifier::otp::offer::{Kind, Offer};
use countersign_verifier::otp::{Used, Verdict};
use countersign_verifier::{CredentialError, RecoveryUse};

fn offer(kind: Kind) -> Offer {
    Offer::make(kind, "Payroll", "ann@example.org", &SystemEntropy::new()).unwrap()
}

fn totp(offer: &Offer) -> &Totp {
    match offer.otp() {
        Otp::Totp(totp) => totp,
        other => panic!("{:?}", other.kind()),
    }
}

fn code(offer: &Offer, now: UnixTime) -> String {
    totp(offer).code(now).unwrap().code.as_str().to_owned()
}

#[test]
fn an_app_counts_once_its_first_code_was_typed_and_each_code_counts_once() {
    let (server, offer) = (server(), offer(Kind::default()));
    assert_eq!(server.check_otp("ann", &code(&offer, at(0)), at(0)), Err(CredentialError::None));
    let wrong = server.add_otp("ann", offer.otp(), "000000", at(0)).unwrap();
    assert!(matches!(wrong, Verdict::Wrong { .. }));
    assert_eq!(server.check_otp("ann", &code(&offer, at(0)), at(0)), Err(CredentialError::None));

    let first = code(&offer, at(0));
    assert!(matches!(server.add_otp("ann", offer.otp(), &first, at(0)), Ok(Verdict::Accepted(Used::Step(_)))));
    assert_eq!(server.check_otp("ann", &first, at(1)), Ok(Verdict::Replayed));
    let next = code(&offer, at(30));
    assert!(matches!(server.check_otp("ann", &next, at(30)), Ok(Verdict::Accepted(_))));
    assert_eq!(server.check_otp("ann", &next, at(31)), Ok(Verdict::Replayed));
    assert_eq!(server.check_otp("ben", &next, at(31)), Err(CredentialError::None));
}

#[test]
fn wrong_codes_make_wait_then_close_the_way_until_it_is_lifted() {
    let (server, offer) = (server(), offer(Kind::default()));
    server.add_otp("ann", offer.otp(), &code(&offer, at(0)), at(0)).unwrap();
    let other = |now| if code(&offer, now) == "123456" { "654321" } else { "123456" };
    let mut now = at(60);
    for _ in 0..3 {
        assert!(matches!(server.check_otp("ann", other(now), now), Ok(Verdict::Wrong { .. })));
    }
    assert!(matches!(server.check_otp("ann", &code(&offer, now), now), Ok(Verdict::Wait { seconds: 1 })));
    for _ in 3..100 {
        now = now.plus_seconds(3601);
        assert!(matches!(server.check_otp("ann", other(now), now), Ok(Verdict::Wrong { .. })));
    }
    now = now.plus_seconds(7200);
    assert_eq!(server.check_otp("ann", &code(&offer, now), now), Ok(Verdict::Disabled));
    server.lift_otp("ann", now).unwrap();
    assert!(matches!(server.check_otp("ann", &code(&offer, now), now), Ok(Verdict::Accepted(_))));
}

#[test]
fn a_counter_that_ran_ahead_is_found_by_two_codes() {
    let server = server();
    let offer = offer(Kind::Hotp { algorithm: Algorithm::Sha1, digits: Digits::SIX });
    let Otp::Hotp(hotp) = offer.otp() else { panic!("not by counter") };
    let code = |counter| {
        let secret = countersign_core::otp::Secret::new(hotp.secret()).unwrap();
        Hotp::new(secret, hotp.algorithm(), hotp.digits(), counter).code().unwrap().code.as_str().to_owned()
    };
    assert!(matches!(server.add_otp("ann", offer.otp(), &code(0), at(0)), Ok(Verdict::Accepted(Used::Counter(0)))));
    assert!(matches!(server.check_otp("ann", &code(5), at(1)), Ok(Verdict::Accepted(Used::Counter(5)))));
    assert!(matches!(server.check_otp("ann", &code(400), at(2)), Ok(Verdict::Wrong { .. })));
    let found = server.resync_otp("ann", (&code(400), &code(401)), at(3));
    assert!(matches!(found, Ok(Verdict::Accepted(Used::Counter(401)))), "{found:?}");
    assert!(matches!(server.check_otp("ann", &code(402), at(4)), Ok(Verdict::Accepted(_))));
}

#[test]
fn a_recovery_code_works_once_also_for_two_at_the_same_time() {
    let server = server();
    assert_eq!(server.use_recovery("ann", "x", at(0)), Err(CredentialError::None));
    let codes = server.make_recovery("ann", 10, at(0)).unwrap();
    let [first, second, ..] = codes.as_slice() else { panic!("no codes") };
    assert_eq!(server.use_recovery("ann", "x", at(0)), Ok(RecoveryUse::NotACode));
    let used: usize = std::thread::scope(|scope| {
        let tries: Vec<_> =
            (0..8).map(|_| scope.spawn(|| server.use_recovery("ann", first.expose(), at(1)).unwrap())).collect();
        tries
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .filter(|used| matches!(used, RecoveryUse::Accepted { left: 9 }))
            .count()
    });
    assert_eq!(used, 1);
    assert_eq!(server.use_recovery("ben", second.expose(), at(2)), Err(CredentialError::None));
    let new = server.make_recovery("ann", 10, at(3)).unwrap();
    assert_eq!(server.use_recovery("ann", second.expose(), at(4)), Ok(RecoveryUse::Unknown), "old ones are gone");
    assert_eq!(server.use_recovery("ann", new.first().unwrap().expose(), at(4)), Ok(RecoveryUse::Accepted { left: 9 }));
}

#[test]
fn forgetting_an_account_forgets_its_app_and_codes() {
    let (server, offer) = (server(), offer(Kind::default()));
    server.add_otp("ann", offer.otp(), &code(&offer, at(0)), at(0)).unwrap();
    let codes = server.make_recovery("ann", 2, at(0)).unwrap();
    server.forget("ann").unwrap();
    assert_eq!(server.check_otp("ann", &code(&offer, at(60)), at(60)), Err(CredentialError::None));
    assert_eq!(server.use_recovery("ann", codes.first().unwrap().expose(), at(60)), Err(CredentialError::None));
}
