//! Answers that no network and no crash may cost, nor send twice with different content.

use countersign_core::push::desk::{Error, Operation};
use countersign_core::push::model::{Confirmation, Decision, Outcome};
use countersign_core::push::native::messages::ReceiptStatus;
use countersign_core::push::native::phone;
use countersign_verifier::SignInState;

use crate::world::{Net, Phone, World};

fn confirmations(phone: &mut Phone) -> Vec<Confirmation> {
    phone.desk().history().unwrap().into_iter().map(|(_, entry)| entry.confirmation).collect()
}

const NETWORK: Error = Error::Protocol(phone::Error::Network);

#[test]
fn an_unsent_answer_survives_a_crash_and_is_sent_byte_for_byte() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let id = phone.enroll(&world, 0, "ada");
    for net in [Net::Dead, Net::Lossy] {
        let page = world.ask(0, "ada");
        phone.poll(&world, id).unwrap();
        world.net.set(net);
        let sent = world.bodies("/responses").len();
        assert_eq!(phone.answer(&world, id, Decision::Approve, page.shown.expose()), Err(NETWORK));
        assert_eq!(confirmations(&mut phone)[0], Confirmation::Unconfirmed);
        phone = phone.crash(&world);
        assert!(phone.known(&world)[0].unconfirmed);
        assert_eq!(phone.resend(&world, id), Err(NETWORK));
        world.net.set(Net::Good);
        let done = phone.resend(&world, id).unwrap();
        assert!(
            matches!(done, Outcome::Answered(entry) if entry.confirmation == Confirmation::Receipt(ReceiptStatus::Approved))
        );
        let bodies = &world.bodies("/responses")[sent..];
        assert_eq!(bodies.len(), 3);
        assert!(bodies.iter().all(|body| *body == bodies[0]), "the same bytes, and no others");
        assert_eq!(world.state(0, &page), SignInState::Approved);
        assert_eq!(phone.resend(&world, id), Ok(Outcome::Nothing));
        world.server(0).redeem(page.secret.expose(), world.theirs()).unwrap();
    }
}

#[test]
fn an_answer_that_was_committed_and_never_sent_is_sent_after_the_crash() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let id = phone.enroll(&world, 0, "ada");
    let page = world.ask(0, "ada");
    phone.poll(&world, id).unwrap();
    let request = phone.desk().requests(world.now()).unwrap()[0].request.id;
    let mut operation = Operation::decide(id, request, Decision::Deny);
    let now = world.now();
    drop(phone.desk().begin(&mut operation, now).unwrap());
    phone = phone.crash(&world);
    let again = Operation::decide(id, request, Decision::Deny);
    assert!(phone.run(&world, again, "").is_err(), "answered is answered");
    phone.resend(&world, id).unwrap();
    assert_eq!(world.state(0, &page), SignInState::Denied);
    assert_eq!(world.bodies("/responses").len(), 1);
}

#[test]
fn an_answer_that_is_never_confirmed_is_given_up_and_the_history_says_so() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let id = phone.enroll(&world, 0, "ada");
    world.ask(0, "ada");
    phone.poll(&world, id).unwrap();
    world.net.set(Net::Dead);
    phone.answer(&world, id, Decision::Deny, "").unwrap_err();
    world.pass(120 + 24 * 3600 + 1);
    world.net.set(Net::Good);
    phone.poll(&world, id).unwrap();
    assert_eq!(confirmations(&mut phone), [Confirmation::GivenUp]);
    assert_eq!(phone.resend(&world, id), Ok(Outcome::Nothing));
    assert_eq!(confirmations(&mut phone.crash(&world)), [Confirmation::GivenUp]);
}

#[test]
fn a_cleared_history_costs_no_answer_that_is_on_its_way() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let id = phone.enroll(&world, 0, "ada");
    let page = world.ask(0, "ada");
    phone.poll(&world, id).unwrap();
    world.net.set(Net::Dead);
    phone.answer(&world, id, Decision::Deny, "").unwrap_err();
    phone.desk().clear_history().unwrap();
    assert_eq!(confirmations(&mut phone), [Confirmation::Unconfirmed], "it is still sent, so it is still shown");
    world.net.set(Net::Good);
    phone.resend(&world, id).unwrap();
    assert_eq!(world.state(0, &page), SignInState::Denied);
    phone.desk().clear_history().unwrap();
    assert!(confirmations(&mut phone).is_empty());
}

#[test]
fn three_denials_mute_a_server_until_the_person_wants_to_hear() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let id = phone.enroll(&world, 0, "ada");
    for _ in 0..3 {
        world.ask(0, "ada");
        phone.poll(&world, id).unwrap();
        phone.answer(&world, id, Decision::Deny, "").unwrap();
    }
    assert!(phone.known(&world)[0].muted_until.is_some());
    // Another enrolment there forgets nothing of it.
    let second = phone.enroll(&world, 0, "bob");
    assert!(phone.known(&world).iter().all(|known| known.muted_until.is_some()));
    phone.desk().unmute(second).unwrap();
    assert!(phone.known(&world).iter().all(|known| known.muted_until.is_none()));
}

#[test]
fn an_answer_of_another_server_is_network_trouble_and_changes_nothing() {
    let world = World::with(&["https://one.example", "https://two.example"], false);
    let mut phone = Phone::new(&world);
    let id = phone.enroll(&world, 0, "ada");
    let before = phone.known(&world);
    world.net.set(Net::Wrong);
    assert_eq!(phone.poll(&world, id), Err(NETWORK));
    assert_eq!(phone.known(&world), before);
}
