//! Answers that end early: before they are signed nothing has happened, afterwards they are kept and sent.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{ApiError, Confirmation, HttpError, Operation, PortError};

use super::line::Fate;
use super::ports::{LONG, Prompt, wait};
use super::world::{Kind, World};

/// How a person's prompt doesn't come to its end, and what the call says.
const ENDS: [(&str, Option<PortError>); 5] = [
    ("cancelled", None),
    ("locked", None),
    ("not-confirmed", Some(PortError::NotConfirmed)),
    ("device-key-gone", Some(PortError::KeyGone)),
    ("platform-failed", Some(PortError::Failed)),
];

#[test]
fn an_approval_that_ends_before_it_is_signed_leaves_no_trace() {
    for kind in [Kind::PerUse, Kind::Signer] {
        for (code, fails) in ENDS {
            let world = World::new();
            let id = world.enrolled(kind);
            let (page, request) = world.asked(&id);
            let (inbox, seen) = (world.inbox(), world.line.seen.lock().unwrap().len());
            let hangs = if kind == Kind::PerUse { world.keystore.hanging() } else { world.signer.hanging() };
            let prompt = fails.map_or(Prompt::Hangs, Prompt::Fails);
            (*world.keystore.prompt.lock().unwrap(), *world.signer.prompt.lock().unwrap()) = (prompt, prompt);
            let operation = Operation::new();
            let approve = |operation| {
                let code = Some(page.shown.expose().to_owned());
                wait(world.desk.approve(id.clone(), request.id.clone(), code, Some(kind.check()), operation))
            };
            let ended = std::thread::scope(|scope| {
                let approving = scope.spawn(|| approve(Some(operation.clone())));
                if fails.is_none() {
                    hangs.recv_timeout(LONG).unwrap();
                    if code == "locked" { world.authenticator.lock() } else { operation.cancel() }
                }
                approving.join().unwrap()
            });
            assert_eq!(ended.err().unwrap().code(), code, "{kind:?}");
            assert_eq!(world.line.seen.lock().unwrap().len(), seen);
            if code == "locked" {
                world.unlock();
            }
            // The platform's key is asked only after the counter was raised, so that no number is ever used twice.
            if kind == Kind::PerUse {
                assert!(world.inbox() == inbox, "{code}");
            }
            assert!(world.desk.history().unwrap().is_empty() && world.desk.requests().unwrap() == [request.clone()]);
            (*world.keystore.prompt.lock().unwrap(), *world.signer.prompt.lock().unwrap()) =
                (Prompt::Confirms, Prompt::Confirms);
            assert_eq!(approve(None).unwrap().confirmation, Confirmation::Approved);
            world.server.redeem(page.secret.expose(), world.time.now()).unwrap();
        }
    }
}

#[test]
fn an_operation_that_was_cancelled_before_does_nothing() {
    let world = World::new();
    let id = world.enrolled(Kind::Password);
    let (page, request) = world.asked(&id);
    let (inbox, operation) = (world.inbox(), Operation::new());
    operation.cancel();
    let code = Some(page.shown.expose().to_owned());
    let check = Some(Kind::Password.check());
    let ended = wait(world.desk.approve(id, request.id, code, check, Some(operation)));
    assert!(ended.err().unwrap() == ApiError::Cancelled { code: "cancelled".into() } && world.inbox() == inbox);
}

#[test]
fn a_signed_answer_is_kept_and_sent_again_however_the_call_ended() {
    for kind in Kind::ALL {
        for code in ["cancelled", "locked", "timed-out", "panic"] {
            let world = World::new();
            let id = world.enrolled(kind);
            let (page, request) = world.asked(&id);
            let hangs = world.line.hanging();
            world.line.fate(
                "/responses",
                match code {
                    "timed-out" => Fate::AnswerLost,
                    "panic" => Fate::Panics,
                    _ => Fate::Hangs,
                },
            );
            let operation = Operation::new();
            let approve = || {
                let code = Some(page.shown.expose().to_owned());
                let (id, request, operation) = (id.clone(), request.id.clone(), Some(operation.clone()));
                catch_unwind(AssertUnwindSafe(|| {
                    wait(world.desk.approve(id, request, code, Some(kind.check()), operation))
                }))
            };
            let ended = std::thread::scope(|scope| {
                let approving = scope.spawn(approve);
                if code == "cancelled" || code == "locked" {
                    hangs.recv_timeout(LONG).unwrap();
                    if code == "locked" { world.authenticator.lock() } else { operation.cancel() }
                }
                approving.join().unwrap()
            });
            assert_eq!(ended.map(|ended| ended.err().unwrap().code().to_owned()).unwrap_or("panic".into()), code);
            if code == "locked" {
                world.unlock();
            }
            assert_eq!(world.desk.history().unwrap()[0].confirmation, Confirmation::Unconfirmed);
            assert!(world.desk.requests().unwrap().is_empty() && world.desk.enrollments().unwrap()[0].unconfirmed);
            world.line.fate("", Fate::Arrives);
            let prompts = world.signer.prompts.lock().unwrap().len();
            let confirmed = match code {
                // By hand, or by the next poll.
                "cancelled" | "panic" => wait(world.desk.resend(id.clone(), None, None)).unwrap().confirmed,
                _ => world.poll(&id).confirmed,
            };
            assert_eq!(confirmed.len(), 1);
            assert_eq!(confirmed[0].confirmation, Confirmation::Approved, "{kind:?}, {code}");
            assert_eq!(world.signer.prompts.lock().unwrap().len(), prompts, "the same bytes");
            assert!(!world.desk.enrollments().unwrap()[0].unconfirmed);
            world.server.redeem(page.secret.expose(), world.time.now()).unwrap();
        }
    }
}

#[test]
fn what_is_not_confirmed_holds_back_the_next_answer() {
    let world = World::new();
    let id = world.enrolled(Kind::Password);
    let (_, first) = world.asked(&id);
    world.line.fate("/responses", Fate::Fails(HttpError::Failed));
    let lost = wait(world.desk.deny(id.clone(), first.id, None)).err().unwrap();
    assert_eq!(lost, ApiError::Network { retryable: true, code: "connection-failed".into() });
    world.line.fate("", Fate::Arrives);
    let resent = wait(world.desk.resend(id.clone(), None, None)).unwrap();
    assert_eq!(resent.confirmed[0].confirmation, Confirmation::Denied);
    assert!(wait(world.desk.resend(id, None, None)).unwrap().confirmed.is_empty());
}
