//! Asking, answering, redeeming; typed codes; limits (sections 4 to 7).

mod common;

use common::{ask, at, code, enrolled, other, post, question, server, server_over};
use countersign_core::push::native::formulas::offline_digits;
use countersign_core::push::native::messages::{Decision, ErrorCode, ReceiptStatus, Status};
use countersign_verifier::store::{MemoryStore, What};
use countersign_verifier::{AskError, Question, RedeemError, SignInState, TypedError};

#[test]
fn an_approval_is_redeemed_once_within_a_minute() {
    let server = server();
    let mut phone = enrolled(&server, "ann", at(0));
    let page = ask(&server, at(10));
    let secret = page.secret.expose();
    assert_eq!(server.redeem(secret, at(11)), Err(RedeemError::State(SignInState::Pending)));
    let digits = page.shown.expose().to_owned();
    assert_eq!(phone.decide(&server, Decision::Approve, Some(&digits), at(12)), ReceiptStatus::Approved);
    assert_eq!(server.status(secret, at(72)), Ok(SignInState::Approved));
    let redeemed = server.redeem(secret, at(72)).unwrap();
    assert!(redeemed.uv && !redeemed.hardware && redeemed.account == "ann");
    assert_eq!(server.redeem(secret, at(72)), Err(RedeemError::State(SignInState::Used)));

    let page = ask(&server, at(100));
    let digits = page.shown.expose().to_owned();
    phone.decide(&server, Decision::Approve, Some(&digits), at(101));
    assert_eq!(server.redeem(page.secret.expose(), at(162)), Err(RedeemError::State(SignInState::Expired)));
}

#[test]
fn the_same_answer_gets_the_same_receipt_and_costs_no_try() {
    let server = server();
    let mut phone = enrolled(&server, "ann", at(0));
    let page = ask(&server, at(10));
    let (challenge, hash) = phone.challenge(&server, at(11));
    let wrong = other(page.shown.expose());
    let answer = phone.answer(hash, challenge.expires, Decision::Approve, Some(&wrong), true, at(11));
    for now in [11, 12, 200] {
        assert_eq!(phone.send(&server, &answer, at(now)), ReceiptStatus::WrongCode { attempts_left: 2 });
    }
    server.rotate_online_keys(true, at(201)).unwrap();
    assert_eq!(phone.send(&server, &answer, at(202)), ReceiptStatus::WrongCode { attempts_left: 2 });
}

#[test]
fn the_third_wrong_code_fails_the_sign_in() {
    let server = server();
    let mut phone = enrolled(&server, "ann", at(0));
    let mut page = ask(&server, at(10));
    for left in [2, 1, 0] {
        let wrong = other(page.shown.expose());
        let receipt = phone.decide(&server, Decision::Approve, Some(&wrong), at(11));
        assert_eq!(receipt, ReceiptStatus::WrongCode { attempts_left: left });
        if left > 0 {
            page = server.regenerate(page.secret.expose(), at(12)).unwrap();
        }
    }
    assert_eq!(server.status(page.secret.expose(), at(13)), Ok(SignInState::Failed));
    assert!(phone.poll(&server, at(13)).challenges.is_empty());
}

#[test]
fn a_counter_that_doesnt_rise_suspends() {
    let server = server();
    let mut phone = enrolled(&server, "ann", at(0));
    let page = ask(&server, at(10));
    phone.counter = 41;
    let wrong = other(page.shown.expose());
    phone.decide(&server, Decision::Approve, Some(&wrong), at(11));
    let (challenge, hash) = phone.challenge(&server, at(12));
    phone.counter = 41;
    let answer = phone.answer(hash, challenge.expires, Decision::Deny, None, true, at(12));
    let reply = post(&server, &phone.path("responses"), &answer, at(12));
    assert_eq!(code(&server, &reply, at(12)), ErrorCode::CloneSuspected);
    assert_eq!(phone.poll(&server, at(13)).status, Status::Suspended);
    assert_eq!(server.status(page.secret.expose(), at(13)), Ok(SignInState::Cancelled));
    assert_eq!(server.release(&phone.id, at(14)), Ok(Status::Active));
    assert_eq!(server.enrollment(&phone.id, at(14)).unwrap().counter, 42);
}

#[test]
fn a_report_undoes_an_approval_and_freezes() {
    let server = server();
    let mut phone = enrolled(&server, "ann", at(0));
    let page = ask(&server, at(10));
    let (challenge, hash) = phone.challenge(&server, at(11));
    let digits = page.shown.expose().to_owned();
    let yes = phone.answer(hash, challenge.expires, Decision::Approve, Some(&digits), true, at(11));
    assert_eq!(phone.send(&server, &yes, at(11)), ReceiptStatus::Approved);
    let report = phone.answer(hash, challenge.expires, Decision::Report, None, false, at(12));
    assert_eq!(phone.send(&server, &report, at(12)), ReceiptStatus::Reported);
    assert_eq!(server.redeem(page.secret.expose(), at(13)), Err(RedeemError::State(SignInState::Reported)));
    assert_eq!(phone.poll(&server, at(13)).status, Status::Frozen);
    assert_eq!(server.sign_in("ann", "b", &question(), at(14)).unwrap_err(), AskError::NoFactor);
    let late = phone.answer(hash, challenge.expires, Decision::Deny, None, false, at(15));
    assert_eq!(phone.send(&server, &late, at(15)), ReceiptStatus::Frozen);
    server.release(&phone.id, at(16)).unwrap();
    assert_eq!(phone.send(&server, &late, at(17)), ReceiptStatus::Frozen, "stays after the release");
}

#[test]
fn possession_never_approves_where_user_verification_is_asked() {
    let server = server();
    let mut phone = enrolled(&server, "ann", at(0));
    let asked = Question { uv: true, ..question() };
    let page = server.sign_in("ann", "b", &asked, at(10)).unwrap();
    let (challenge, hash) = phone.challenge(&server, at(11));
    let digits = page.shown.expose().to_owned();
    let answer = phone.answer(hash, challenge.expires, Decision::Approve, Some(&digits), false, at(11));
    let reply = post(&server, &phone.path("responses"), &answer, at(11));
    assert_eq!(code(&server, &reply, at(11)), ErrorCode::Malformed);
    assert_eq!(server.enrollment(&phone.id, at(11)).unwrap().counter, 0, "no counter, no try");
    assert_eq!(phone.decide(&server, Decision::Approve, Some(&digits), at(12)), ReceiptStatus::Approved);
}

#[test]
fn each_phone_is_asked_and_one_answer_decides() {
    let server = server();
    let (mut first, mut second) = (enrolled(&server, "ann", at(0)), enrolled(&server, "ann", at(0)));
    let page = ask(&server, at(10));
    assert_eq!(page.challenges.len(), 2);
    let (challenge, hash) = first.challenge(&server, at(11));
    assert_eq!(second.decide(&server, Decision::Deny, None, at(12)), ReceiptStatus::Denied);
    assert!(first.poll(&server, at(13)).challenges.is_empty());
    let late = first.answer(hash, challenge.expires, Decision::Deny, None, false, at(14));
    assert_eq!(first.send(&server, &late, at(14)), ReceiptStatus::Cancelled);
}

#[test]
fn a_session_holds_a_phone_for_ten_minutes_and_others_wait() {
    let server = server();
    let phone = enrolled(&server, "ann", at(0));
    let mut page = ask(&server, at(0));
    assert_eq!(server.sign_in("ann", "other", &question(), at(1)).unwrap_err(), AskError::Busy);
    for minute in 1..10 {
        page = server.regenerate(page.secret.expose(), at(minute * 60)).unwrap();
    }
    assert_eq!(server.regenerate(page.secret.expose(), at(600)).unwrap_err(), AskError::HeldTooLong);
    assert_eq!(phone.poll(&server, at(601)).challenges.len(), 1);
    assert!(server.sign_in("ann", "other", &question(), at(9 * 60 + 120)).is_ok());
}

#[test]
fn after_three_unapproved_in_a_row_no_wake_up_for_a_while() {
    let server = server();
    let mut phone = enrolled(&server, "ann", at(0));
    for now in [10, 20, 30] {
        assert_eq!(ask(&server, at(now)).wake_ups.len(), 1);
        phone.decide(&server, Decision::Deny, None, at(now + 1));
    }
    assert!(ask(&server, at(40)).wake_ups.is_empty());
    phone.decide(&server, Decision::Deny, None, at(41));
    assert!(ask(&server, at(41 + 119)).wake_ups.is_empty());
    let page = server.regenerate(ask(&server, at(1000)).secret.expose(), at(1001)).unwrap();
    let digits = page.shown.expose().to_owned();
    assert_eq!(phone.decide(&server, Decision::Approve, Some(&digits), at(1002)), ReceiptStatus::Approved);
    assert_eq!(ask(&server, at(1003)).wake_ups.len(), 1);
}

#[test]
fn eight_digits_approve_without_a_network_and_each_way_has_its_limit() {
    let server = server();
    let phone = enrolled(&server, "ann", at(0));
    let page = ask(&server, at(10));
    let (_, hash) = phone.challenge(&server, at(11));
    let digits = offline_digits(&phone.secrets.offline, hash).unwrap().to_string();
    for left in [2, 1, 0] {
        assert_eq!(server.offline(page.secret.expose(), &other(&digits), at(12)).unwrap().tries_left, left);
    }
    assert_eq!(server.offline(page.secret.expose(), &digits, at(12)), Err(TypedError::NoTries));
    let page = ask(&server, at(12));
    let (_, hash) = phone.challenge(&server, at(12));
    let digits = offline_digits(&phone.secrets.offline, hash).unwrap().to_string();
    assert_eq!(server.offline(page.secret.expose(), &digits, at(12)), Err(TypedError::Wait { seconds: 1 }));
    assert!(server.offline(page.secret.expose(), &digits, at(13)).unwrap().accepted);
    assert!(server.redeem(page.secret.expose(), at(14)).unwrap().uv);
}

#[test]
fn a_time_based_code_is_good_once_and_never_with_user_verification() {
    use countersign_core::otp::{Algorithm, Digits, Period, Secret, Totp};
    let server = server();
    let phone = enrolled(&server, "ann", at(0));
    let secret = Secret::new(phone.secrets.totp.clone()).unwrap();
    let totp = Totp::new(secret, Algorithm::Sha256, Digits::SIX, Period::THIRTY);
    let digits = totp.code(at(0)).unwrap().code.to_string();
    let page = server.sign_in("ann", "b", &Question { uv: true, ..question() }, at(0)).unwrap();
    assert_eq!(server.totp(page.secret.expose(), &digits, at(1)), Err(TypedError::NotAllowed));
    let page = server.sign_in("ann", "b", &question(), at(2)).unwrap();
    assert!(server.totp(page.secret.expose(), &digits, at(31)).unwrap().accepted);
    assert!(!server.redeem(page.secret.expose(), at(32)).unwrap().uv);
    let page = server.sign_in("ann", "b", &question(), at(33)).unwrap();
    assert!(!server.totp(page.secret.expose(), &digits, at(34)).unwrap().accepted);
}

#[test]
fn a_new_phone_takes_the_place_of_the_one_that_approves() {
    let server = server();
    let mut old = enrolled(&server, "ann", at(0));
    let asked = Question::replacement(Default::default(), Vec::new());
    let page = server.sign_in("ann", "b", &asked, at(1)).unwrap();
    let digits = page.shown.expose().to_owned();
    assert!(server.invite_replacement(page.secret.expose(), at(2)).is_err());
    old.decide(&server, Decision::Approve, Some(&digits), at(2));
    assert_eq!(server.redeem(page.secret.expose(), at(3)), Err(RedeemError::Unknown));
    let ticket = server.invite_replacement(page.secret.expose(), at(3)).unwrap();
    assert!(server.invite_replacement(page.secret.expose(), at(3)).is_err(), "once");
    let invitation = countersign_core::push::native::Invitation::parse(ticket.uri.expose(), false).unwrap();
    let asking = common::asking(&invitation, at(4));
    let reply = post(&server, "/enrollments", &asking.request, at(4));
    let new = asking.finish(&server, &reply, at(4));
    assert_eq!(old.poll(&server, at(5)).status, Status::Active);
    assert!(server.confirm(&new.ticket, &new.digits, at(6)).unwrap().confirmed);
    assert_eq!(old.poll(&server, at(7)).status, Status::Removed);
    assert_eq!(server.enrollments("ann", at(7)).unwrap().len(), 1);
}

#[test]
fn forgetting_an_account_leaves_nothing_of_it() {
    let store = std::sync::Arc::new(MemoryStore::new());
    let server = server_over(store.clone(), |_| {});
    let mut phone = enrolled(&server, "ann", at(0));
    let page = ask(&server, at(1));
    let digits = page.shown.expose().to_owned();
    phone.decide(&server, Decision::Approve, Some(&digits), at(2));
    assert!(server.events(0, 100).unwrap().iter().any(|it| it.event.what == What::Approved));
    server.forget("ann").unwrap();
    assert!(server.events(0, 100).unwrap().is_empty());
    assert_eq!(phone.fetch(&server, at(3)).status, 401);
    // The server's own row, and the two keys that are never accepted again.
    assert_eq!(store.len(), 3);
}
