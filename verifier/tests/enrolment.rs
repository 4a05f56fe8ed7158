//! Invitation, enrolment, confirmation (sections 2 and 3).

mod common;

use common::{account, asking, at, code, invitation, other, pending, post, server, server_over};
use countersign_core::push::native::messages::{ErrorCode, Status};
use countersign_verifier::store::MemoryStore;
use countersign_verifier::{ConfirmError, InviteError};

#[test]
fn a_phone_is_enrolled_and_active_once_its_digits_were_typed() {
    let server = server();
    let pending = pending(&server, "ann", at(0));
    assert_eq!(pending.phone.poll(&server, at(1)).status, Status::Pending);
    let wrong = server.confirm(&pending.ticket, &other(&pending.digits), at(2)).unwrap();
    assert!(!wrong.confirmed && wrong.tries_left == 2);
    assert!(server.confirm(&pending.ticket, &pending.digits, at(3)).unwrap().confirmed);
    assert_eq!(pending.phone.poll(&server, at(4)).status, Status::Active);
    assert_eq!(server.confirm(&pending.ticket, &pending.digits, at(5)), Err(ConfirmError::NothingPending));
}

#[test]
fn three_wrong_tries_or_ten_minutes_remove_it() {
    let server = server();
    let first = pending(&server, "ann", at(0));
    for left in [2, 1, 0] {
        assert_eq!(server.confirm(&first.ticket, &other(&first.digits), at(1)).unwrap().tries_left, left);
    }
    assert_eq!(first.phone.poll(&server, at(2)).status, Status::Removed);
    let second = pending(&server, "ann", at(10));
    assert_eq!(server.confirm(&second.ticket, &second.digits, at(610)), Err(ConfirmError::NothingPending));
    assert_eq!(second.phone.poll(&server, at(611)).status, Status::Removed);
    let told = server.events(0, 100).unwrap().into_iter().filter(|it| it.event.is_notice()).count();
    assert_eq!(told, 4, "two enrolled, two removed");
}

#[test]
fn the_same_request_gets_the_same_answer_and_another_is_told_that_the_ticket_is_used() {
    let server = server();
    let invitation = invitation(&server, "ann", at(0));
    let (first, second) = (asking(&invitation, at(1)), asking(&invitation, at(1)));
    let answer = post(&server, "/enrollments", &first.request, at(1));
    assert_eq!(post(&server, "/enrollments", &first.request, at(400)), answer);
    let refused = post(&server, "/enrollments", &second.request, at(2));
    assert_eq!((refused.status, code(&server, &refused, at(2))), (409, ErrorCode::TicketUsed));
    let late = post(&server, "/enrollments", &first.request, at(600));
    assert_eq!(code(&server, &late, at(600)), ErrorCode::TicketExpired);
    let forgotten = post(&server, "/enrollments", &first.request, at(600 + 24 * 3600));
    assert_eq!(code(&server, &forgotten, at(600 + 24 * 3600)), ErrorCode::TicketUnknown);
}

#[test]
fn a_wrong_clock_leaves_the_ticket_unused() {
    let server = server();
    let invitation = invitation(&server, "ann", at(0));
    let off = asking(&invitation, at(61));
    assert_eq!(code(&server, &post(&server, "/enrollments", &off.request, at(0)), at(0)), ErrorCode::ProofTime);
    let right = asking(&invitation, at(60));
    assert_eq!(post(&server, "/enrollments", &right.request, at(0)).status, 200);
}

#[test]
fn what_isnt_signed_learns_nothing() {
    let server = server();
    let asking = asking(&invitation(&server, "ann", at(0)), at(0));
    let mut spoiled = asking.request.clone();
    spoiled.truncate(spoiled.len() - 8);
    spoiled.push_str("AAAAAAAA");
    for body in ["", "x", "a.b.c", &spoiled] {
        let reply = post(&server, "/enrollments", body, at(0));
        assert_eq!((reply.status, reply.body.as_str()), (401, ""), "{body}");
    }
    let phone = common::enrolled(&server, "ann", at(0));
    let stranger = common::enrolled(&common::server(), "ann", at(0));
    assert_eq!(phone.fetch(&server, at(1)).status, 200);
    assert_eq!(stranger.fetch(&server, at(1)), nothing(401));
}

fn nothing(status: u16) -> countersign_verifier::Reply {
    countersign_verifier::Reply { status, content_type: "", body: String::new(), retry_after: None, allow: None }
}

#[test]
fn keys_that_some_enrolment_has_or_had_are_refused() {
    let server = server();
    let first = asking(&invitation(&server, "ann", at(0)), at(0));
    let reply = post(&server, "/enrollments", &first.request, at(0));
    let enrolled = first.finish(&server, &reply, at(0));
    server.revoke(&enrolled.phone.id, at(1)).unwrap();
    server.forget("ann").unwrap();
    let mut again = asking(&invitation(&server, "bob", at(2)), at(2));
    again.possession = enrolled.phone.possession;
    let request = resigned(&again, at(2));
    assert_eq!(code(&server, &post(&server, "/enrollments", &request, at(2)), at(2)), ErrorCode::Malformed);
}

/// The same request with the keys that it has now.
fn resigned(asking: &common::Asking, now: countersign_core::time::UnixTime) -> String {
    use countersign_core::push::native::formulas::{ticket_id, ticket_proof};
    use countersign_core::push::native::messages::{Device, Enroll, KeyNaming, Message, Uv};
    let ticket = ticket_id(&asking.invitation.ticket);
    let (mine, theirs) = (common::thumbprint(&asking.possession), common::thumbprint(&asking.uv));
    let nested = Uv { audience: common::U.into(), ticket, possession: mine };
    let message = Enroll {
        audience: common::U.into(),
        issued: now,
        expires: now.plus_seconds(60),
        nonce: common::nonce(),
        ticket,
        proof: ticket_proof(
            &asking.invitation.ticket,
            &asking.invitation.base,
            mine,
            theirs,
            &asking.exchange.public(),
        ),
        uv: nested.draft(&asking.uv.public(), KeyNaming::Whole).sign(&asking.uv),
        exchange: asking.exchange.public(),
        device: Device { name: "p".into(), model: "M".into(), os: "O".into(), app: "A".into() },
        push: asking.push.clone(),
        attestation: None,
    };
    message.draft(&asking.possession.public(), KeyNaming::Whole).sign(&asking.possession)
}

#[test]
fn an_account_has_a_bounded_number_of_phones() {
    let server = server_over(std::sync::Arc::new(MemoryStore::new()), |config| config.phones_per_account = 1);
    common::enrolled(&server, "ann", at(0));
    assert_eq!(server.invite(&account("ann"), at(1)).unwrap_err(), InviteError::TooMany);
}

#[test]
fn hardware_is_proven_by_the_attestor_or_not_at_all() {
    let server = server();
    let mut profile = server.profile(at(0)).unwrap();
    profile.require_hardware = true;
    server.change(&profile, at(0)).unwrap();
    let asking = asking(&invitation(&server, "ann", at(0)), at(0));
    assert_eq!(code(&server, &post(&server, "/enrollments", &asking.request, at(0)), at(0)), ErrorCode::Unsupported);
}
