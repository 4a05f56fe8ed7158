//! What works while the vault is locked, who hears of changes, and whom the poller asks.

use std::sync::{Arc, Mutex};

use crate::{Change, ChangeListener, Confirmation, PortError};

use super::line::Fate;
use super::ports::wait;
use super::world::{Kind, World};

#[test]
fn a_locked_device_polls_and_denies_and_approves_nothing() {
    for kind in Kind::ALL {
        let world = World::new();
        let id = world.enrolled(kind);
        wait(world.authenticator.add_inbox_key(None)).unwrap();
        world.authenticator.lock();
        let (page, request) = world.asked(&id);
        let code = Some(page.shown.expose().to_owned());
        let approved = wait(world.desk.approve(id.clone(), request.id.clone(), code, Some(kind.check()), None));
        assert_eq!(approved.err().unwrap().code(), "locked");
        let denied = wait(world.desk.deny(id.clone(), request.id, None)).unwrap();
        assert_eq!(denied.confirmation, Confirmation::Denied);
        world.authenticator.close_inbox();
        assert_eq!(wait(world.desk.poll(id, None)).err().unwrap().code(), "locked");
        assert_eq!(world.desk.requests().err().unwrap().code(), "locked");
    }
}

#[derive(Default)]
struct Hears(Mutex<Vec<Change>>);

impl ChangeListener for Hears {
    fn changed(&self, changes: Vec<Change>) -> Result<(), PortError> {
        self.0.lock().unwrap().extend(changes);
        Ok(())
    }
}

#[test]
fn a_poll_tells_what_it_has_changed_and_nothing_else() {
    let world = World::new();
    let id = world.enrolled(Kind::Password);
    let hears = Arc::new(Hears::default());
    world.authenticator.listen(Some(hears.clone()));
    let heard = || std::mem::take(&mut *hears.0.lock().unwrap());
    world.poll(&id);
    assert_eq!(heard(), []);
    let (_, request) = world.asked(&id);
    assert_eq!(heard(), [Change::Requests]);
    wait(world.desk.deny(id.clone(), request.id, None)).unwrap();
    let changes = heard();
    assert!([Change::Requests, Change::History].iter().all(|change| changes.contains(change)));
    let view = world.server.enrollments("ann", world.time.now()).unwrap()[0].clone();
    world.server.revoke(&view.id, world.time.now()).unwrap();
    world.poll(&id);
    assert_eq!(heard(), [Change::Enrollments]);
}

#[test]
fn the_poller_asks_those_that_there_are() {
    let world = World::new();
    let poller = world.desk.poller();
    assert_eq!((poller.take().unwrap().len(), poller.next_due_ms()), (0, None));
    let id = world.enrolled(Kind::Password);
    poller.shown().unwrap();
    assert!(poller.take().unwrap() == std::slice::from_ref(&id));
    assert!(poller.take().unwrap().is_empty(), "it is on its way");
    poller.done(id.clone(), true).unwrap();
    assert_eq!(poller.next_due_ms(), Some(world.time.now().millis() + 4_000));
    poller.wake(id.clone()).unwrap();
    assert!(poller.take().unwrap() == std::slice::from_ref(&id));
    poller.done(id.clone(), false).unwrap();
    assert_eq!(poller.next_due_ms(), Some(world.time.now().millis() + 8_000));
    poller.hidden();
    assert_eq!(poller.next_due_ms(), None);
    poller.pull().unwrap();
    assert!(poller.take().unwrap() == std::slice::from_ref(&id));
    wait(world.desk.forget(id.clone(), None)).unwrap();
    poller.done(id, true).unwrap();
    assert!(poller.take().unwrap().is_empty());
    world.authenticator.lock();
    assert_eq!(poller.take().err().unwrap().code(), "locked");
}

#[test]
fn an_answer_that_was_sent_while_locked_is_sent_again_while_locked() {
    let world = World::new();
    let id = world.enrolled(Kind::Password);
    wait(world.authenticator.add_inbox_key(None)).unwrap();
    world.authenticator.lock();
    let (_, request) = world.asked(&id);
    world.line.fate("/responses", Fate::AnswerLost);
    assert_eq!(wait(world.desk.deny(id.clone(), request.id, None)).err().unwrap().code(), "timed-out");
    world.line.fate("", Fate::Arrives);
    assert_eq!(world.poll(&id).confirmed[0].confirmation, Confirmation::Denied);
    world.unlock();
    assert_eq!(world.desk.history().unwrap()[0].confirmation, Confirmation::Denied);
}
