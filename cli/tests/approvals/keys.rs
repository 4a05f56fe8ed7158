//! Keys: of the platform, of the vault, new ones, lost ones.

use countersign_core::push::desk::{Error, NewKeys, Operation};
use countersign_core::push::model::{Decision, Outcome, Status};
use countersign_core::push::native::phone::{self, PushChoice};
use countersign_core::vault::{Error as VaultError, Password};
use countersign_verifier::SignInState;

use crate::world::{Net, Phone, World};

fn approve(world: &World, phone: &mut Phone, id: countersign_core::vault::PushId) -> Result<SignInState, Error> {
    let page = world.ask(0, "ada");
    phone.poll(world, id)?;
    phone.answer(world, id, Decision::Approve, page.shown.expose())?;
    let state = world.state(0, &page);
    world.server(0).redeem(page.secret.expose(), world.theirs()).unwrap();
    Ok(state)
}

#[test]
fn keys_of_the_platform_enrol_poll_approve_and_make_room_for_new_ones() {
    let world = World::with(&["https://one.example"], true);
    let mut phone = Phone::new(&world);
    let ticket = world.invite(0, "ada");
    let (possession, uv) = (phone.platform.make("p"), phone.platform.make("u"));
    let mut joining = phone.join(&ticket, NewKeys::Platform { possession, uv, attestation: None });
    let (id, digits) = phone.walk(&world, &mut joining).unwrap();
    world.server(0).confirm(ticket.ticket.expose(), &digits, world.theirs()).unwrap();
    phone.poll(&world, id).unwrap();
    assert!(phone.known(&world)[0].hardware);
    assert_eq!(approve(&world, &mut phone, id), Ok(SignInState::Approved));
    let (possession, uv) = (phone.platform.make("p2"), phone.platform.make("u2"));
    let rotation = phone.desk().rotate_platform(id, possession, uv).unwrap();
    assert_eq!(phone.run(&world, rotation, ""), Ok(Outcome::Changed { status: Status::Active }));
    assert_eq!(approve(&world, &mut phone, id), Ok(SignInState::Approved));
}

#[test]
fn another_root_or_none_never_answers_what_requires_verification() {
    let world = World::with(&["https://one.example"], true);
    let (mut phone, other) = (Phone::new(&world), Phone::new(&world));
    let id = phone.enroll(&world, 0, "ada");
    let own = std::mem::replace(&mut phone.root, other.root);
    assert_eq!(approve(&world, &mut phone, id), Err(Error::Vault(VaultError::OtherRoot)));
    assert!(world.bodies("/responses").is_empty());
    phone.root = own;
    phone.poll(&world, id).unwrap();
    let page = world.ask(0, "ada");
    phone.poll(&world, id).unwrap();
    phone.answer(&world, id, Decision::Approve, page.shown.expose()).unwrap();
    assert_eq!(world.state(0, &page), SignInState::Approved);
}

#[test]
fn an_erased_root_means_enrolling_again_and_denying_still_works() {
    let world = World::with(&["https://one.example"], true);
    let mut phone = Phone::new(&world);
    let id = phone.enroll(&world, 0, "ada");
    let wrong = Password::typed(b"wrong horse".to_vec());
    loop {
        world.pass(3601);
        match phone.auth.accounts().uv_root(&wrong, world.now()) {
            Err(VaultError::RootErased) => break,
            Err(VaultError::WrongApprovalPassword { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(phone.known(&world)[0].renew);
    assert_eq!(approve(&world, &mut phone, id), Err(Error::Renew));
    assert!(world.bodies("/responses").is_empty());
    phone.answer(&world, id, Decision::Deny, "").unwrap();
    assert_eq!(world.bodies("/responses").len(), 1);
}

#[test]
fn new_keys_survive_a_crash_on_either_side_of_the_servers_word() {
    for net in [Net::Dead, Net::Lossy] {
        let world = World::with(&["https://one.example"], true);
        let mut phone = Phone::new(&world);
        let id = phone.enroll(&world, 0, "ada");
        let rotation = phone.auth.approvals().rotate(id, &phone.root).unwrap();
        world.net.set(net);
        phone.run(&world, rotation, "").unwrap_err();
        phone = phone.crash(&world);
        // A second change must not cost the key that the server may count already.
        let held = phone.auth.approvals().rotate(id, &phone.root).err();
        assert_eq!(held, Some(Error::Protocol(phone::Error::HeldBack)));
        world.net.set(Net::Good);
        assert_eq!(phone.resend(&world, id), Ok(Outcome::Changed { status: Status::Active }));
        assert_eq!(approve(&world, &mut phone, id), Ok(SignInState::Approved), "{net:?}");
        phone = phone.crash(&world);
        assert_eq!(approve(&world, &mut phone, id), Ok(SignInState::Approved), "{net:?}");
    }
}

#[test]
fn a_rotation_that_never_began_leaves_the_keys_as_they_are() {
    let world = World::with(&["https://one.example"], true);
    let mut phone = Phone::new(&world);
    let id = phone.enroll(&world, 0, "ada");
    drop(phone.auth.approvals().rotate(id, &phone.root).unwrap());
    // What ends in a change must not take the unused key for the present one.
    let push = Operation::push(id, PushChoice::None);
    assert_eq!(phone.run(&world, push, ""), Ok(Outcome::Changed { status: Status::Active }));
    assert_eq!(approve(&world, &mut phone, id), Ok(SignInState::Approved));
}

#[test]
fn a_change_refused_for_its_time_after_a_crash_asks_the_person_again() {
    let world = World::with(&["https://one.example"], true);
    let mut phone = Phone::new(&world);
    let id = phone.enroll(&world, 0, "ada");
    let rotation = phone.auth.approvals().rotate(id, &phone.root).unwrap();
    world.net.set(Net::Dead);
    phone.run(&world, rotation, "").unwrap_err();
    phone = phone.crash(&world);
    world.pass(3600);
    world.net.set(Net::Good);
    assert_eq!(phone.resend(&world, id), Ok(Outcome::Changed { status: Status::Active }));
    assert_eq!(approve(&world, &mut phone, id), Ok(SignInState::Approved));
}

#[test]
fn removing_ends_it_there_and_forgetting_ends_it_here() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let (id, other) = (phone.enroll(&world, 0, "ada"), phone.enroll(&world, 0, "bob"));
    let removed = phone.run(&world, Operation::remove(id), "");
    assert_eq!(removed, Ok(Outcome::Changed { status: Status::Removed }));
    phone.desk().forget(id).unwrap();
    let offset = phone.known(&world)[0].offset_millis;
    assert!(offset.is_some(), "the server's clock stays with the other enrolment");
    phone.poll(&world, other).unwrap();
    phone.desk().forget(other).unwrap();
    // With the last one goes what was known of the server.
    let rows = phone.auth.accounts().inbox().unwrap().rows(2).unwrap();
    assert!(rows.rows.is_empty() && rows.unreadable.is_empty());
}

#[test]
fn nothing_at_the_desk_shows_a_secret_when_it_is_printed() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let ticket = world.invite(0, "ada");
    let mut joining = phone.join(&ticket, NewKeys::Software);
    let shown = format!("{joining:?} {:?}", phone.desk());
    let (id, digits) = phone.walk(&world, &mut joining).unwrap();
    let known = phone.known(&world);
    assert_eq!(known[0].confirmation.as_deref(), Some(digits.as_str()));
    let operation = Operation::poll(id);
    let all = format!("{shown} {known:?} {operation:?} {joining:?}");
    assert!(!all.contains(&digits) && !all.contains("ada") && !all.contains(ticket.ticket.expose()), "{all}");
}
