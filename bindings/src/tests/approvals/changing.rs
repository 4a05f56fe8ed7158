//! New keys, other addresses, the end; and what of it the platform still has keys of.

use crate::{ApiError, Confirmation, EnrollmentStatus, HttpError, PushAddress, SignReason};

use super::line::Fate;
use super::ports::{Prompt, wait};
use super::world::{Kind, World};

fn approves(world: &World, id: &str, kind: Kind) {
    let (page, request) = world.asked(id);
    let code = Some(page.shown.expose().to_owned());
    let approved = wait(world.desk.approve(id.to_owned(), request.id, code, Some(kind.check()), None)).unwrap();
    assert_eq!(approved.confirmation, Confirmation::Approved);
    world.server.redeem(page.secret.expose(), world.time.now()).unwrap();
}

/// Where an enrolment's keys are, before and after.
const WAYS: [(Kind, Kind); 5] = [
    (Kind::Password, Kind::Password),
    (Kind::PerUse, Kind::PerUse),
    (Kind::Signer, Kind::Signer),
    (Kind::Password, Kind::Signer),
    (Kind::Signer, Kind::Password),
];

#[test]
fn new_keys_take_the_place_of_the_old_ones() {
    for (before, after) in WAYS {
        let world = World::new();
        let id = world.enrolled(before);
        let server = || world.server.enrollments("ann", world.time.now()).unwrap()[0].clone();
        let (old, keys) = (server(), world.signer.handles());
        // The check has to open what signs: the password does in any case.
        let check = if before == after { before } else { Kind::Password };
        let status = wait(world.desk.rotate_keys(id.clone(), after.keys(), check.check(), None)).unwrap();
        assert_eq!(status, EnrollmentStatus::Active);
        let new = server();
        assert!(new.possession != old.possession && new.uv != old.uv);
        let left = world.signer.handles();
        assert_eq!(left.len(), if after == Kind::Signer { 2 } else { 0 }, "{before:?}, {after:?}");
        assert!(keys.iter().all(|key| !left.contains(key)));
        approves(&world, &id, after);
    }
}

#[test]
fn a_person_is_asked_once_by_the_keystore_and_once_for_each_key_by_the_signer() {
    let world = World::new();
    let id = world.enrolled(Kind::PerUse);
    world.keystore.asked.lock().unwrap().clear();
    wait(world.desk.rotate_keys(id, Kind::PerUse.keys(), Kind::PerUse.check(), None)).unwrap();
    assert_eq!(world.keystore.asked.lock().unwrap().len(), 1);

    let world = World::new();
    let id = world.enrolled(Kind::Signer);
    world.keystore.asked.lock().unwrap().clear();
    world.signer.prompts.lock().unwrap().clear();
    wait(world.desk.rotate_keys(id, Kind::Signer.keys(), Kind::Signer.check(), None)).unwrap();
    let prompts = world.signer.prompts.lock().unwrap();
    assert!(prompts.len() == 2 && prompts.iter().all(|prompt| prompt.reason == SignReason::ChangeKeys));
    assert!(prompts.iter().all(|prompt| prompt.server == "Payroll" && prompt.account == "Ann"));
    assert!(world.keystore.asked.lock().unwrap().is_empty());
}

#[test]
fn until_new_keys_are_confirmed_both_are_kept() {
    for kind in Kind::ALL {
        for arrives in [true, false] {
            let world = World::new();
            let id = world.enrolled(kind);
            let fate = if arrives { Fate::AnswerLost } else { Fate::Fails(HttpError::Unreachable) };
            world.line.fate("/keys", fate);
            let lost = wait(world.desk.rotate_keys(id.clone(), kind.keys(), kind.check(), None)).err().unwrap();
            assert!(matches!(lost, ApiError::Network { retryable: true, .. }), "{lost:?}");
            let both = world.signer.handles();
            assert_eq!(both.len(), if kind == Kind::Signer { 4 } else { 0 });
            // Another change has to wait, and leaves no keys of its own.
            let held = wait(world.desk.rotate_keys(id.clone(), kind.keys(), kind.check(), None)).err().unwrap();
            assert_eq!((held.code(), world.signer.handles()), ("earlier-unconfirmed", both.clone()));
            world.line.fate("", Fate::Arrives);
            world.poll(&id);
            let left = world.signer.handles();
            assert_eq!(
                (left.len(), left.first() > both.first()),
                if kind == Kind::Signer { (2, true) } else { (0, false) }
            );
            approves(&world, &id, kind);
        }
    }
}

#[test]
fn new_keys_of_a_change_that_was_declined_are_gone() {
    let world = World::new();
    let id = world.enrolled(Kind::Signer);
    let (keys, inbox) = (world.signer.handles(), world.inbox());
    *world.signer.prompt.lock().unwrap() = Prompt::Fails(crate::PortError::NotConfirmed);
    let ended = wait(world.desk.rotate_keys(id.clone(), Kind::Signer.keys(), Kind::Signer.check(), None));
    assert_eq!(ended.err().unwrap().code(), "not-confirmed");
    assert!(world.signer.handles() == keys && world.inbox() == inbox);
    *world.signer.prompt.lock().unwrap() = Prompt::Confirms;
    approves(&world, &id, Kind::Signer);
}

#[test]
fn an_enrolment_ends_at_the_server_and_here() {
    for kind in Kind::ALL {
        let world = World::new();
        let id = world.enrolled(kind);
        wait(world.desk.unenroll(id.clone(), kind.check(), None)).unwrap();
        assert!(
            world
                .server
                .enrollments("ann", world.time.now())
                .unwrap()
                .iter()
                .all(|view| view.status.name() == "removed")
        );
        assert!(world.inbox().is_empty() && world.desk.enrollments().unwrap().is_empty());
        assert!(world.signer.handles().is_empty());
        assert_eq!(wait(world.desk.unenroll(id, kind.check(), None)).err().unwrap().code(), "no-enrollment");
    }
}

#[test]
fn an_end_that_was_not_confirmed_is_sent_again() {
    for kind in Kind::ALL {
        let world = World::new();
        let id = world.enrolled(kind);
        world.line.fate("/remove", Fate::AnswerLost);
        assert_eq!(wait(world.desk.unenroll(id.clone(), kind.check(), None)).err().unwrap().code(), "timed-out");
        assert!(world.desk.enrollments().unwrap()[0].unconfirmed);
        world.line.fate("", Fate::Arrives);
        let prompts = world.signer.prompts.lock().unwrap().len();
        wait(world.desk.unenroll(id, kind.check(), None)).unwrap();
        assert_eq!(world.signer.prompts.lock().unwrap().len(), prompts, "the same bytes");
        assert!(world.inbox().is_empty() && world.signer.handles().is_empty());
    }
}

#[test]
fn what_is_forgotten_here_takes_its_keys_along() {
    let world = World::new();
    let (first, second) = (world.enrolled(Kind::Signer), world.enrolled(Kind::Signer));
    wait(world.desk.forget(first.clone(), None)).unwrap();
    assert_eq!(world.signer.handles().len(), 2);
    approves_one(&world, &second);
    assert_eq!(wait(world.desk.forget(first, None)).err().unwrap().code(), "not-found");
    wait(world.desk.forget(second, None)).unwrap();
    assert!(world.signer.handles().is_empty());
}

/// The server still asks the other one, too.
fn approves_one(world: &World, id: &str) {
    let page = world.page();
    let request = world.poll(id).new[0].clone();
    let code = Some(page.shown.expose().to_owned());
    let check = Some(Kind::Signer.check());
    let approved = wait(world.desk.approve(id.to_owned(), request.id, code, check, None)).unwrap();
    assert_eq!(approved.confirmation, Confirmation::Approved);
}

#[test]
fn an_address_is_where_wake_ups_come_from() {
    let world = World::new();
    let id = world.enrolled(Kind::Signer);
    let prompts = world.signer.prompts.lock().unwrap().len();
    let bad = PushAddress::UnifiedPush { endpoint: "http://push.example/x".into() };
    assert_eq!(wait(world.desk.set_push_address(id.clone(), bad, None)).err().unwrap().code(), "push-address");
    let address = PushAddress::Fcm { token: "token".into() };
    let status = wait(world.desk.set_push_address(id.clone(), address, None)).unwrap();
    assert!(status == EnrollmentStatus::Active && world.signer.prompts.lock().unwrap().len() == prompts);
    let wake = world.page().wake_ups[0].address.clone();
    let countersign_core::push::native::messages::PushAddress::At { tag, .. } = wake else { panic!("no address") };
    assert_eq!(world.desk.wake(tag.to_vec()).unwrap(), Some(id));
    assert_eq!(world.desk.wake(tag.to_vec()).unwrap(), None, "less than five seconds ago");
    world.time.pass(6);
    assert_eq!(world.desk.wake(vec![0; 16]).unwrap(), None);
    assert!(world.desk.wake(tag.to_vec()).unwrap().is_some());
}

#[test]
fn a_change_that_needs_the_person_again_waits_for_them_and_polls_go_on() {
    for kind in Kind::ALL {
        let world = World::new();
        let id = world.enrolled(kind);
        wait(world.authenticator.add_inbox_key(None)).unwrap();
        world.line.fate("/keys", Fate::Fails(HttpError::Unreachable));
        wait(world.desk.rotate_keys(id.clone(), kind.keys(), kind.check(), None)).err().unwrap();
        world.line.fate("", Fate::Arrives);
        // By now the server wants another time in it, and so another signature.
        world.time.pass(3600);
        let prompts = world.signer.prompts.lock().unwrap().len();
        let unconfirmed = || world.desk.enrollments().unwrap()[0].unconfirmed;
        assert!(world.poll(&id).status == EnrollmentStatus::Active && unconfirmed());
        world.authenticator.lock();
        assert!(world.poll(&id).status == EnrollmentStatus::Active && unconfirmed());
        assert_eq!(world.signer.prompts.lock().unwrap().len(), prompts, "polls ask nobody");
        world.unlock();
        if kind != Kind::Signer {
            assert_eq!(wait(world.desk.resend(id.clone(), None, None)).err().unwrap().code(), "check-needed");
        }
        let resent = wait(world.desk.resend(id.clone(), Some(kind.check()), None)).unwrap();
        assert!(resent.status == Some(EnrollmentStatus::Active) && !unconfirmed(), "{kind:?}");
        assert_eq!(world.signer.handles().len(), if kind == Kind::Signer { 2 } else { 0 });
        approves(&world, &id, kind);
    }
}
