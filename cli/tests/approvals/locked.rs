//! What works while the vault is locked.

use countersign_core::push::desk::{Error, NewKeys, Operation, Verification};
use countersign_core::push::model::{Decision, Outcome, Status, Step};
use countersign_core::push::native::Invitation;
use countersign_core::push::native::messages::Amr;
use countersign_core::push::native::phone::{PushChoice, Reply};
use countersign_core::vault::platform::{Purpose, WrappedKey};
use countersign_core::vault::{Error as VaultError, RawKey};
use countersign_verifier::SignInState;

use crate::world::{Net, Phone, World, device, password};

const LOCKED: Error = Error::Vault(VaultError::Locked);

/// A phone whose keystore opens the inbox without asking anybody.
fn with_inbox(world: &World) -> (Phone, countersign_core::vault::PushId) {
    let mut phone = Phone::new(world);
    let id = phone.enroll(world, 0, "ada");
    let key = RawKey::from_bytes(&[7; 32]).unwrap();
    let kept = RawKey::from_bytes(key.expose()).unwrap();
    let wrapped = WrappedKey::new(Purpose::Inbox, key, b"handle".to_vec()).unwrap();
    let slot = phone.auth.accounts().add_device(&wrapped, world.now()).unwrap();
    phone.auth.open_inbox(slot, &kept).unwrap();
    (phone, id)
}

#[test]
fn without_the_inbox_key_a_locked_vault_does_nothing() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let id = phone.enroll(&world, 0, "ada");
    phone.auth.lock();
    assert!(!phone.auth.may_poll());
    assert_eq!(phone.poll(&world, id), Err(LOCKED));
    assert_eq!(phone.desk().enrollments(world.now()), Err(LOCKED));
}

#[test]
fn with_it_polling_denying_and_reporting_work_and_nothing_more() {
    let world = World::new();
    let (mut phone, id) = with_inbox(&world);
    phone.auth.lock();
    assert!(phone.auth.may_poll());
    let page = world.ask(0, "ada");
    assert!(matches!(phone.poll(&world, id), Ok(Outcome::Polled { new, .. }) if new.len() == 1));
    assert_eq!(phone.answer(&world, id, Decision::Approve, page.shown.expose()), Err(LOCKED));
    let request = phone.desk().requests(world.now()).unwrap()[0].request.id;
    assert_eq!(phone.run(&world, Operation::digits(id, request), ""), Err(LOCKED));
    assert_eq!(phone.run(&world, Operation::remove(id), ""), Err(LOCKED));
    assert_eq!(phone.auth.approvals().rotate(id, &phone.root).err(), Some(LOCKED));
    assert_eq!(phone.desk().sweep(world.now()), Err(LOCKED));
    assert_eq!(phone.desk().forget(id), Err(LOCKED));
    let invitation = Invitation::parse(world.invite(0, "bob").uri.expose(), false).unwrap();
    let joined = phone.auth.approvals().join(invitation, device(), PushChoice::None, NewKeys::Software, &phone.root);
    assert_eq!(joined.err(), Some(LOCKED));
    assert!(world.bodies("/responses").is_empty());
    phone.answer(&world, id, Decision::Deny, "").unwrap();
    assert_eq!(world.state(0, &page), SignInState::Denied);

    let page = world.ask(0, "ada");
    phone.poll(&world, id).unwrap();
    phone.answer(&world, id, Decision::Report, "").unwrap();
    assert_eq!(world.state(0, &page), SignInState::Reported);
    phone.poll(&world, id).unwrap();
    phone.auth.accounts().unlock_with_password(&password(), world.now()).unwrap();
    assert_eq!(phone.known(&world)[0].status, Some(Status::Frozen));
    assert_eq!(phone.desk().history().unwrap().len(), 2);
}

#[test]
fn an_approval_that_had_begun_ends_at_locking() {
    let world = World::with(&["https://one.example"], true);
    let (mut phone, id) = with_inbox(&world);
    let page = world.ask(0, "ada");
    phone.poll(&world, id).unwrap();
    let request = phone.desk().requests(world.now()).unwrap()[0].request.id;
    let mut operation = Operation::decide(id, request, Decision::Approve);
    let now = world.now();
    phone.desk().begin(&mut operation, now).unwrap();
    let step = phone.desk().next(&mut operation, Reply::Code(page.shown.expose().to_owned()), now).unwrap();
    assert_eq!(step, Step::NeedsUserVerification);
    phone.auth.lock();
    let by = Verification { root: Some(&phone.root), by: vec![Amr::Password] };
    assert_eq!(phone.auth.approvals().verified(&mut operation, by, now), Err(LOCKED));
    assert_eq!(world.state(0, &page), SignInState::Pending);
}

#[test]
fn a_rotation_confirmed_while_locked_is_settled_after_unlocking() {
    let world = World::with(&["https://one.example"], true);
    let (mut phone, id) = with_inbox(&world);
    let rotation = phone.auth.approvals().rotate(id, &phone.root).unwrap();
    world.net.set(Net::Lossy);
    phone.run(&world, rotation, "").unwrap_err();
    phone.auth.lock();
    world.net.set(Net::Good);
    assert_eq!(phone.resend(&world, id), Ok(Outcome::Changed { status: Status::Active }));
    phone.auth.accounts().unlock_with_password(&password(), world.now()).unwrap();
    phone.poll(&world, id).unwrap();
    let page = world.ask(0, "ada");
    phone.poll(&world, id).unwrap();
    phone.answer(&world, id, Decision::Approve, page.shown.expose()).unwrap();
    assert_eq!(world.state(0, &page), SignInState::Approved);
}

#[test]
fn closing_the_inbox_ends_it_all() {
    let world = World::new();
    let (mut phone, id) = with_inbox(&world);
    phone.auth.close_inbox();
    assert_eq!(phone.poll(&world, id), Err(LOCKED));
}
