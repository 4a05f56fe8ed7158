//! Approving: from the server's answer to a poll, which brings a request, to the signed answer.

use std::hint::black_box;
use std::time::Duration;

use countersign_core::push::jose::{Jws, SoftwareKey};
use countersign_core::push::native::phone::{Reply, Task};

use crate::harness::{Harness, Outcome, Side, timed};
use crate::server::{Phone, Server, arrival, later};

/// Signatures that stand in a turn, so that a turn is long against the clock.
const TURN: usize = 50;
const ROUNDS: usize = 60;
const BOUND: f64 = 2.0;

pub(crate) fn measure(harness: &mut Harness) -> Outcome {
    let server = Server::new();
    let enrolled = Phone::enrolled(&server);
    let online = server.online.public();
    let uv = SoftwareKey::from_secret(&[4; 32]);
    harness.ratio("verify and show a request, sign the answer", BOUND, ROUNDS, |side| {
        let mut spent = Duration::ZERO;
        for _ in 0..TURN {
            let mut phone = enrolled.again();
            let mut task = Task::poll();
            let poll = phone.sends(&mut task, Reply::Begin, later(30));
            let challenge = server.sign(&server.challenge(1, later(30)));
            let inbox = server.sign(&server.inbox(&poll, later(30), vec![challenge.clone()]));
            let arrived = arrival(200, &inbox, later(30));
            let (taken, ()) = timed(|| {
                match side {
                    Side::Ours => {
                        black_box(phone.go(&mut task, Reply::Arrived(arrived), later(30))?);
                        black_box(phone.approve(later(30)));
                    }
                    Side::Reference => {
                        black_box(Jws::parse(&inbox)?.verify(&online)?);
                        black_box(Jws::parse(&challenge)?.verify(&online)?);
                        black_box(uv.sign(challenge.as_bytes()));
                    }
                }
                Ok(())
            })?;
            spent += taken;
        }
        Ok(spent)
    })?;
    Ok(())
}
