//! Enrolling: crashes at every point, codes that others used, what follows a restored backup.

use countersign_core::authenticator::Authenticator;
use countersign_core::push::desk::{Error, Joined, NewKeys};
use countersign_core::push::model::{Status, Step};
use countersign_core::push::native::messages::ErrorCode;
use countersign_core::push::native::phone::{self, Reply};
use countersign_core::vault::{Backup, Cost, Selection, Vault};

use crate::world::{Net, Phone, World, entropy, password};

#[test]
fn a_crash_at_any_point_ends_in_the_same_enrolment_by_the_same_bytes() {
    for steps in 0..4 {
        let world = World::new();
        let mut phone = Phone::new(&world);
        let ticket = world.invite(0, "ada");
        let mut joining = phone.join(&ticket, NewKeys::Software);
        let id = joining.id();
        let mut reply = Reply::Begin;
        for at in 0..steps {
            let now = world.now();
            let step = phone.auth.approvals().next_join(&mut joining, &phone.root, reply, now).unwrap();
            let Joined::Step(step) = step else { break };
            // The last answer is lost with the process.
            reply = if at + 1 == steps { Reply::Begin } else { phone.reply(&world, &step) };
            if at + 1 == steps && at % 2 == 1 {
                drop(phone.reply(&world, &step));
            }
        }
        drop(joining);
        phone = phone.crash(&world);
        let unfinished = phone.desk().unfinished().unwrap();
        let (id, digits) = match unfinished.as_slice() {
            [] => (id, phone.known(&world)[0].confirmation.clone().unwrap()),
            [(same, host)] => {
                assert_eq!((*same, host.as_str()), (id, "one.example"));
                let mut joining = phone.auth.approvals().resume(id, &phone.root).unwrap();
                phone.walk(&world, &mut joining).unwrap()
            }
            more => panic!("{more:?}"),
        };
        let bodies = world.bodies("/enrollments");
        assert!(bodies.iter().all(|body| *body == bodies[0]), "{steps}");
        assert!(world.server(0).confirm(ticket.ticket.expose(), &digits, world.theirs()).unwrap().confirmed);
        phone.poll(&world, id).unwrap();
        let known = phone.known(&world);
        assert_eq!((known.len(), known[0].id, known[0].status), (1, id, Some(Status::Active)), "{steps}");
        assert!(phone.desk().unfinished().unwrap().is_empty());
    }
}

#[test]
fn a_code_that_another_phone_has_used_says_so_and_leaves_nothing() {
    let world = World::new();
    let (mut one, mut other) = (Phone::new(&world), Phone::new(&world));
    let ticket = world.invite(0, "ada");
    let mut first = one.join(&ticket, NewKeys::Software);
    one.walk(&world, &mut first).unwrap();
    let mut second = other.join(&ticket, NewKeys::Software);
    let told = other.walk(&world, &mut second);
    assert_eq!(told, Err(Error::Protocol(phone::Error::Verifier(ErrorCode::TicketUsed))));
    assert!(other.desk().unfinished().unwrap().is_empty());
    assert!(other.known(&world).is_empty());
}

#[test]
fn giving_up_is_for_what_is_not_finished_only() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let ticket = world.invite(0, "ada");
    let joining = phone.join(&ticket, NewKeys::Software);
    phone.desk().abandon(joining.id()).unwrap();
    assert!(phone.desk().unfinished().unwrap().is_empty());
    let id = phone.enroll(&world, 0, "ada");
    assert_eq!(phone.desk().abandon(id), Err(Error::NoEnrollment));
}

#[test]
fn an_enrolment_brings_its_codes_and_they_follow_its_servers_clock() {
    let world = World::new();
    world.ahead.set(40);
    let mut phone = Phone::new(&world);
    let id = phone.enroll(&world, 0, "ada");
    let accounts = phone.auth.accounts().accounts(&Selection::default()).unwrap();
    let (count, account, offset) = (accounts.len(), accounts[0].id, accounts[0].clock_offset);
    assert_eq!((count, offset), (1, 40));
    assert_eq!(phone.known(&world)[0].codes, Some(account));
    world.ahead.set(-20);
    world.pass(120);
    phone.poll(&world, id).unwrap();
    let accounts = phone.auth.accounts().accounts(&Selection::default()).unwrap();
    assert_eq!(accounts.first().unwrap().clock_offset, -20);
}

#[test]
fn one_that_nobody_confirms_is_forgotten_after_a_day() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let ticket = world.invite(0, "ada");
    let mut joining = phone.join(&ticket, NewKeys::Software);
    phone.walk(&world, &mut joining).unwrap();
    world.pass(24 * 3600);
    assert_eq!(phone.auth.approvals().sweep(world.now()), Ok(0));
    world.pass(1);
    assert_eq!(phone.auth.approvals().sweep(world.now()), Ok(1));
    assert!(phone.known(&world).is_empty());
}

#[test]
fn restored_enrolments_ask_to_be_renewed_until_a_new_one_is_active() {
    let world = World::new();
    let mut old = Phone::new(&world);
    old.enroll(&world, 0, "ada");
    old.enroll(&world, 0, "bob");
    let bytes = old.auth.accounts().backup_bytes(world.now()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let backup = Backup::open_with_password(&bytes, &password()).unwrap();
    let (mut vault, _) =
        Vault::restore(&folder.path().join("vault"), entropy(), backup, &password(), Cost::LEAST, world.now()).unwrap();
    let root = vault.uv_root(&password(), world.now()).unwrap();
    let mut phone = Phone { folder, auth: Authenticator::new(vault, entropy()), root, ..Phone::new(&world) };
    let told = |phone: &mut Phone| -> Vec<_> {
        let known = phone.known(&world).into_iter();
        known.map(|known| (known.server, known.host, known.account, known.renew)).collect()
    };
    let entry = |name: &str, renew| {
        ("Server of https://one.example".to_owned(), "one.example".to_owned(), format!("{name}@example.org"), renew)
    };
    assert_eq!(told(&mut phone), [entry("ada", true), entry("bob", true)]);

    let ticket = world.invite(0, "ada");
    let mut joining = phone.join(&ticket, NewKeys::Software);
    let (id, digits) = phone.walk(&world, &mut joining).unwrap();
    assert_eq!(phone.known(&world).len(), 3, "nothing is replaced by what nobody has confirmed");
    world.server(0).confirm(ticket.ticket.expose(), &digits, world.theirs()).unwrap();
    phone.poll(&world, id).unwrap();
    assert_eq!(told(&mut phone), [entry("ada", false), entry("bob", true)]);
}

#[test]
fn a_slow_answer_leads_to_a_poll_before_the_digits() {
    let world = World::new();
    let mut phone = Phone::new(&world);
    let ticket = world.invite(0, "ada");
    let mut joining = phone.join(&ticket, NewKeys::Software);
    let (mut reply, mut steps) = (Reply::Begin, 0);
    loop {
        let step = phone.auth.approvals().next_join(&mut joining, &phone.root, reply, world.now()).unwrap();
        let Joined::Step(step) = step else { break };
        let posts = matches!(&step, Step::Send(request) if request.url.ends_with("/enrollments"));
        world.net.set(if posts { Net::Slow } else { Net::Good });
        reply = phone.reply(&world, &step);
        steps += 1;
    }
    assert_eq!(steps, 3, "metadata, enrolment, poll");
}
