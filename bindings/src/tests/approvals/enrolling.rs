//! Enrolments that don't go as they should, and the keys that nobody may be left with.

use crate::{ApiError, HttpError, KeyAttestation, Operation, PortError};
use countersign_core::push::native::Invitation;
use countersign_core::push::native::formulas::attestation_challenge;
use countersign_verifier::Profile;

use super::line::Fate;
use super::ports::{LONG, Prompt, wait};
use super::world::{Kind, World};

#[test]
fn an_enrolment_whose_answer_was_lost_is_gone_on_with() {
    for kind in Kind::ALL {
        let world = World::new();
        let (link, ticket) = world.invite();
        world.line.fate("/enrollments", Fate::AnswerLost);
        let lost = wait(world.begin(link, kind, None)).err().unwrap();
        assert_eq!(lost, ApiError::Network { retryable: true, code: "timed-out".into() });
        let unfinished = world.desk.unfinished_enrollments().unwrap();
        assert_eq!((unfinished.len(), unfinished[0].host.as_str()), (1, "rp.example"));
        assert!(world.desk.enrollments().unwrap().is_empty());
        world.line.fate("", Fate::Arrives);
        let id = unfinished[0].id.clone();
        let prompts = world.signer.prompts.lock().unwrap().len();
        let enrolled = wait(world.desk.resume_enrollment(id.clone(), kind.check(), None)).unwrap();
        assert_eq!((&enrolled.id, world.signer.prompts.lock().unwrap().len()), (&id, prompts), "the same bytes");
        world.confirm(&ticket, &enrolled);
        assert!(world.desk.unfinished_enrollments().unwrap().is_empty());
        assert_eq!(world.signer.handles().len(), if kind == Kind::Signer { 2 } else { 0 });
    }
}

#[test]
fn an_enrolment_that_is_given_up_leaves_no_key() {
    for kind in Kind::ALL {
        let world = World::new();
        world.line.fate("/enrollments", Fate::Fails(HttpError::Unreachable));
        let lost = wait(world.begin(world.invite().0, kind, None)).err().unwrap();
        assert_eq!(lost.code(), "unreachable");
        assert_eq!(world.signer.handles().len(), if kind == Kind::Signer { 2 } else { 0 });
        let id = world.desk.unfinished_enrollments().unwrap()[0].id.clone();
        wait(world.desk.abandon_enrollment(id.clone(), None)).unwrap();
        assert!(world.inbox().is_empty() && world.signer.handles().is_empty());
        assert_eq!(wait(world.desk.abandon_enrollment(id, None)).err().unwrap().code(), "no-enrollment");
    }
}

#[test]
fn a_ticket_that_somebody_has_used_leaves_no_key() {
    for kind in Kind::ALL {
        let world = World::new();
        let (link, _) = world.invite();
        wait(world.begin(link.clone(), kind, None)).unwrap();
        let (keys, inbox) = (world.signer.handles(), world.inbox());
        let used = wait(world.begin(link, kind, None)).err().unwrap();
        assert_eq!(used, ApiError::Rejected { by: "server".into(), code: "ticket-used".into() });
        assert_eq!((world.signer.handles(), world.inbox() == inbox), (keys, true));
    }
}

#[test]
fn a_server_that_wants_hardware_hears_of_it_or_nothing() {
    let world = World::at(Profile { name: "Payroll".into(), require_uv: true, require_hardware: true });
    let refused = wait(world.begin(world.invite().0, Kind::Signer, None)).err().unwrap();
    assert_eq!(refused.code(), "hardware-needed");
    assert!(world.signer.handles().is_empty() && world.inbox().is_empty());
    // With a proof it is sent; that this one proves nothing is the server's to say.
    *world.signer.attestation.lock().unwrap() = Some(KeyAttestation::AndroidKey { chain: vec![vec![1, 2], vec![3]] });
    let (link, _) = world.invite();
    let refused = wait(world.begin(link.clone(), Kind::Signer, None)).err().unwrap();
    assert!(matches!(&refused, ApiError::Rejected { by, .. } if by == "server"), "{refused:?}");
    let sent = world.line.seen.lock().unwrap().last().unwrap().url.clone();
    assert!(sent.ends_with("/enrollments") && world.signer.handles().is_empty() && world.inbox().is_empty());
    let challenge = attestation_challenge(&Invitation::parse(&link, false).unwrap().ticket).to_vec();
    assert_eq!(world.signer.challenges.lock().unwrap()[2..], [Some(challenge.clone()), Some(challenge)]);
}

#[test]
fn an_enrolment_that_ends_before_it_is_signed_has_never_begun() {
    for (ends, code) in [(Ends::Cancelled, "cancelled"), (Ends::Locked, "locked"), (Ends::Declined, "not-confirmed")] {
        let world = World::new();
        let hangs = world.signer.hanging();
        *world.signer.prompt.lock().unwrap() =
            if ends == Ends::Declined { Prompt::Fails(PortError::NotConfirmed) } else { Prompt::Hangs };
        let (operation, link) = (Operation::new(), world.invite().0);
        let ended = std::thread::scope(|scope| {
            let enrolling = scope.spawn(|| wait(world.begin(link.clone(), Kind::Signer, Some(operation.clone()))));
            match ends {
                Ends::Declined => {}
                Ends::Cancelled => {
                    hangs.recv_timeout(LONG).unwrap();
                    operation.cancel();
                }
                Ends::Locked => {
                    hangs.recv_timeout(LONG).unwrap();
                    world.authenticator.lock();
                }
            }
            enrolling.join().unwrap()
        });
        assert_eq!(ended.err().unwrap().code(), code);
        *world.signer.prompt.lock().unwrap() = Prompt::Confirms;
        if ends == Ends::Locked {
            // Nothing can be written to a locked vault: unless the call was faster, it waits there to be given up.
            world.unlock();
            for unfinished in world.desk.unfinished_enrollments().unwrap() {
                wait(world.desk.abandon_enrollment(unfinished.id, None)).unwrap();
            }
        }
        assert!(world.inbox().is_empty() && world.signer.handles().is_empty(), "{code}");
        wait(world.begin(link, Kind::Signer, None)).unwrap();
    }
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Ends {
    Cancelled,
    Locked,
    Declined,
}

#[test]
fn a_future_that_is_dropped_leaves_nothing_either() {
    use std::future::Future;
    use std::task::{Context, Waker};
    let world = World::new();
    let hangs = world.signer.hanging();
    *world.signer.prompt.lock().unwrap() = Prompt::Hangs;
    let mut enrolling = Box::pin(world.begin(world.invite().0, Kind::Signer, None));
    assert!(enrolling.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    hangs.recv_timeout(LONG).unwrap();
    drop(enrolling);
    assert!(world.inbox().is_empty());
    // The signer is asked with the next call.
    assert_eq!(world.signer.handles().len(), 2);
    wait(world.desk.sweep(None)).unwrap();
    assert!(world.signer.handles().is_empty());
}

#[test]
fn an_enrolment_that_nobody_confirms_goes_after_a_day_with_its_keys() {
    let world = World::new();
    wait(world.begin(world.invite().0, Kind::Signer, None)).unwrap();
    world.time.pass(24 * 3600);
    assert_eq!((wait(world.desk.sweep(None)).unwrap(), world.signer.handles().len()), (0, 2));
    world.time.pass(1);
    assert_eq!((wait(world.desk.sweep(None)).unwrap(), world.signer.handles().len()), (1, 0));
    assert!(world.inbox().is_empty());
}

#[test]
fn a_signer_that_does_not_delete_is_asked_again_and_holds_up_nothing() {
    for does in [Prompt::Fails(PortError::Failed), Prompt::Hangs] {
        let world = World::new();
        let id = world.enrolled(Kind::Signer);
        let (hangs, operation) = (world.signer.hanging(), Operation::new());
        *world.signer.deletes.lock().unwrap() = does;
        let forgotten = std::thread::scope(|scope| {
            let forgetting = scope.spawn(|| wait(world.desk.forget(id.clone(), Some(operation.clone()))));
            if does == Prompt::Hangs {
                hangs.recv_timeout(LONG).unwrap();
                operation.cancel();
            }
            forgetting.join().unwrap()
        });
        assert_eq!(forgotten, Ok(()));
        assert!(world.inbox().is_empty() && world.signer.handles().len() == 2);
        *world.signer.deletes.lock().unwrap() = Prompt::Confirms;
        wait(world.desk.sweep(None)).unwrap();
        assert!(world.signer.handles().is_empty());
    }
}
