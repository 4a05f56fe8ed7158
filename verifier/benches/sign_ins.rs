//! How many whole sign-ins a verifier does in a second, on one core and on all, in memory: asked, fetched, answered,
//! redeemed. What the phone signs is made beforehand or counted apart.
//!
//!     cargo bench -p countersign-verifier

#![allow(clippy::print_stdout, reason = "a benchmark says what it measured")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what can't be right ends the benchmark")]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::{Duration, Instant};

use common::{Phone, Server, at, enrolled, post, question, server};
use countersign_core::push::native::messages::Decision;
use countersign_verifier::Request;

const PHONES: usize = 200;
const ROUNDS: i64 = 10;

/// One sign-in; gives the time that the verifier took.
fn sign_in(server: &Server, account: &str, phone: &mut Phone, now: i64) -> Duration {
    let now = at(now);
    let start = Instant::now();
    let page = server.sign_in(account, "browser", &question(), now).unwrap();
    let asked = start.elapsed();

    let (proof, path) = (phone.proof("GET", "challenges", b"", now), phone.path("challenges"));
    let start = Instant::now();
    let reply = server.handle(&Request { method: "GET", path: &path, proof: &[&proof], body: b"" }, now);
    let fetched = start.elapsed();
    assert_eq!(reply.status, 200);

    let challenge = &page.challenges[0].challenge;
    let hash = countersign_core::push::jose::Jws::parse(challenge).unwrap().hash();
    let answer = phone.answer(hash, page.expires, Decision::Approve, Some(page.shown.expose()), true, now);
    let start = Instant::now();
    let reply = post(server, &phone.path("responses"), &answer, now);
    let redeemed = server.redeem(page.secret.expose(), now);
    let answered = start.elapsed();
    assert_eq!(reply.status, 200);
    redeemed.unwrap();
    asked + fetched + answered
}

fn main() {
    let server = server();
    let mut phones: Vec<(String, Phone)> = (0..PHONES)
        .map(|number| {
            let account = format!("account-{number}");
            let phone = enrolled(&server, &account, at(0));
            (account, phone)
        })
        .collect();
    let mut taken = Vec::new();
    for round in 0..ROUNDS {
        taken.extend(phones.iter_mut().map(|(account, phone)| sign_in(&server, account, phone, 10 + round)));
    }
    // The median: what else the machine does shows in the mean.
    taken.sort();
    let median = taken[taken.len() / 2];
    println!("one core: {median:?} a sign-in, {:.0} a second", 1.0 / median.as_secs_f64());
    let count = u32::try_from(taken.len()).unwrap();

    let threads = std::thread::available_parallelism().unwrap().get();
    let start = Instant::now();
    let busy: Duration = std::thread::scope(|scope| {
        let parts = phones.chunks_mut(PHONES.div_ceil(threads));
        let run = |part: &mut [(String, Phone)]| {
            let mut taken = Duration::ZERO;
            for round in 0..ROUNDS {
                for (account, phone) in part.iter_mut() {
                    taken += sign_in(&server, account, phone, 100 + round);
                }
            }
            taken
        };
        let handles: Vec<_> = parts.map(|part| scope.spawn(move || run(part))).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).sum()
    });
    println!(
        "{threads} threads: {:?} a sign-in each, {:?} in all with the phones' work",
        busy / count,
        start.elapsed()
    );
    let start = Instant::now();
    let swept = server.tend(at(3 * 24 * 3600)).unwrap();
    println!("swept {swept} rows in {:?}", start.elapsed());
}
