//! What a request says, and what is said where nothing comes back.

use crate::{ApiError, HttpError};

use super::line::Fate;
use super::ports::wait;
use super::world::{Kind, World};

#[test]
fn each_way_not_to_answer_has_its_name() {
    let world = World::new();
    let id = world.enrolled(Kind::Password);
    let inbox = world.inbox();
    for (fate, retryable, code) in [
        (Fate::Fails(HttpError::Unreachable), true, "unreachable"),
        (Fate::Fails(HttpError::TimedOut), true, "timed-out"),
        (Fate::Fails(HttpError::NotTrusted), false, "not-trusted"),
        (Fate::Fails(HttpError::TooLong), true, "answer-too-long"),
        (Fate::Fails(HttpError::Failed), true, "connection-failed"),
        (Fate::Long, true, "answer-too-long"),
        (Fate::Unsigned, true, "no-answer"),
    ] {
        world.line.fate("/challenges", fate);
        let why = wait(world.desk.poll(id.clone(), None)).err().unwrap();
        assert_eq!(why, ApiError::Network { retryable, code: code.into() }, "{fate:?}");
    }
    assert!(world.inbox() == inbox);
}

#[test]
fn every_request_has_its_bounds_and_pins() {
    let world = World::new();
    let id = world.enrolled(Kind::Signer);
    let (_, request) = world.asked(&id);
    wait(world.desk.deny(id, request.id, None)).unwrap();
    let seen = world.line.seen.lock().unwrap();
    assert!(seen.len() >= 5);
    for request in &*seen {
        assert_eq!((request.deadline_ms, request.pins.as_slice()), (20_000, &[vec![7; 32]][..]));
        assert!(request.longest_answer > 0 && request.longest_answer <= 256 * 1024);
        assert!(request.body.is_empty() == (request.method == "GET"));
    }
}
