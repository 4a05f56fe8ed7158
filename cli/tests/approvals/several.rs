//! Several enrolments, servers, phones, programs.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use countersign_core::authenticator::Authenticator;
use countersign_core::entropy::{Entropy, EntropyError, SystemEntropy};
use countersign_core::push::desk::{Approvals, Operation, Poller};
use countersign_core::push::model::{Decision, Outcome, Step};
use countersign_core::push::native::phone::Reply;
use countersign_core::vault::Vault;
use countersign_verifier::SignInState;

use crate::world::{Phone, World, entropy, password};

#[test]
fn one_account_at_two_servers_and_two_accounts_at_one() {
    let world = World::with(&["https://one.example", "https://two.example"], false);
    let mut phone = Phone::new(&world);
    let ids = [phone.enroll(&world, 0, "ada"), phone.enroll(&world, 0, "bob"), phone.enroll(&world, 1, "ada")];
    let pages = [world.ask(0, "ada"), world.ask(0, "bob"), world.ask(1, "ada")];
    for (id, page) in ids.iter().zip(&pages) {
        phone.poll(&world, *id).unwrap();
        phone.answer(&world, *id, Decision::Approve, page.shown.expose()).unwrap();
    }
    let states = [world.state(0, &pages[0]), world.state(0, &pages[1]), world.state(1, &pages[2])];
    assert_eq!(states, [SignInState::Approved; 3]);
}

#[test]
fn of_several_phones_the_first_answer_wins_and_the_other_closes() {
    let world = World::new();
    let (mut one, mut other) = (Phone::new(&world), Phone::new(&world));
    let (a, b) = (one.enroll(&world, 0, "ada"), other.enroll(&world, 0, "ada"));
    let page = world.ask(0, "ada");
    one.poll(&world, a).unwrap();
    other.poll(&world, b).unwrap();
    one.answer(&world, a, Decision::Approve, page.shown.expose()).unwrap();
    assert!(matches!(other.poll(&world, b), Ok(Outcome::Polled { closed, .. }) if closed.len() == 1));
    assert!(other.desk().requests(world.now()).unwrap().is_empty());
}

#[test]
fn opening_the_app_asks_all_of_two_hundred_enrolments() {
    let world = World::with(&["https://one.example", "https://two.example"], false);
    let mut phone = Phone::new(&world);
    for number in 0..200 {
        phone.enroll(&world, number % 2, &format!("person{number}"));
    }
    world.ask(0, "person198");
    let known = phone.known(&world);
    assert_eq!(known.len(), 200);
    let mut poller = Poller::new();
    poller.know(known.iter().map(|known| (known.id, known.host.as_str())), world.now());
    assert!(poller.take(world.now()).is_empty(), "nobody looks");
    poller.shown(world.now());
    let mut asked = BTreeSet::new();
    loop {
        let ids = poller.take(world.now());
        if ids.is_empty() {
            break;
        }
        for id in ids {
            assert!(asked.insert(id));
            phone.poll(&world, id).unwrap();
            poller.done(id, true, world.now());
        }
    }
    assert_eq!(asked.len(), 200);
    assert_eq!(phone.desk().requests(world.now()).unwrap().len(), 1);
}

#[test]
fn two_programs_that_poll_at_once_lose_nothing() {
    let world = World::new();
    let mut one = Phone::new(&world);
    let id = one.enroll(&world, 0, "ada");
    let mut vault = Vault::open(&one.path(), entropy()).unwrap();
    vault.unlock_with_password(&password(), world.now()).unwrap();
    let mut other = Authenticator::new(vault, entropy());
    world.ask(0, "ada");
    let now = world.now();
    let mut slow = Operation::poll(id);
    let Step::Send(request) = other.approvals().begin(&mut slow, now).unwrap() else { panic!() };
    let arrival = world.send(&request);
    one.poll(&world, id).unwrap();
    one.answer(&world, id, Decision::Deny, "").unwrap();
    // Its answer is older than what the first program has learned since.
    let step = other.approvals().next(&mut slow, Reply::Arrived(arrival), now).unwrap();
    assert!(matches!(step, Step::Done(_) | Step::Send(_)));
    assert!(other.approvals().requests(now).unwrap().is_empty(), "what was answered is not shown again");
    assert_eq!(other.approvals().history().unwrap().len(), 1);
    assert_eq!(one.desk().history().unwrap().len(), 1);
}

/// Randomness in whose making another program is faster, once.
struct Meddling(Mutex<Option<Meddler>>);

type Meddler = Box<dyn FnOnce() + Send>;

impl Entropy for Meddling {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        let meddler = self.0.lock().unwrap().take();
        if let Some(meddler) = meddler {
            meddler();
        }
        SystemEntropy::new().fill(bytes)
    }
}

#[test]
fn a_poll_begins_anew_where_another_program_was_faster() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let id = phone.enroll(&world, 0, "ada");
    world.ask(0, "ada");
    phone.poll(&world, id).unwrap();
    // Beginning a poll forgets the text of what has ended: something is written.
    world.pass(121);
    let (now, path) = (world.now(), phone.path());
    let open = move || {
        let mut vault = Vault::open(&path, entropy()).unwrap();
        vault.unlock_with_password(&password(), now).unwrap();
        Authenticator::new(vault, entropy())
    };
    let mut other = open();
    let meddle = move || drop(other.approvals().begin(&mut Operation::poll(id), now).unwrap());
    let meddling = Arc::new(Meddling(Mutex::new(Some(Box::new(meddle)))));
    let mut desk = Approvals::new(phone.auth.accounts(), None, meddling.clone());
    let step = desk.begin(&mut Operation::poll(id), now);
    assert!(meddling.0.lock().unwrap().is_none(), "the other program has written in between");
    assert!(matches!(step, Ok(Step::Send(_))), "{step:?}");
}
