//! The example of the documentation, run: an axum application that signs people in, over a real connection.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[allow(dead_code, unreachable_pub, missing_docs, reason = "its main is for running it by hand")]
#[path = "../examples/sign_in.rs"]
mod example;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use common::{asking, post as send};
use countersign_core::push::native::Invitation;
use countersign_core::push::native::messages::Decision;
use countersign_core::time::UnixTime;

fn post(to: SocketAddr, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let length = body.len();
    write!(stream, "POST {path} HTTP/1.1\r\nHost: {to}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

fn now() -> UnixTime {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    UnixTime::from_millis(i64::try_from(since.as_millis()).unwrap())
}

#[test]
fn the_example_signs_somebody_in() {
    let verifier = Arc::new(example::verifier(common::U).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let to = listener.local_addr().unwrap();
    let app = example::app(Arc::clone(&verifier));
    runtime.spawn(async move { axum::serve(listener, app).await });

    let (status, invited) = post(to, "/invite", "ann");
    assert_eq!(status, 200, "{invited}");
    let (link, ticket) = invited.split_once('\n').unwrap();
    let asking = asking(&Invitation::parse(link, false).unwrap(), now());
    let (status, _) = post(to, "/push/enrollments", &asking.request);
    assert_eq!(status, 200, "the phone's request arrives through the application");
    let reply = send(&verifier, "/enrollments", &asking.request, now());
    let pending = asking.finish(&verifier, &reply, now());
    assert_eq!(post(to, "/confirm", &format!("{ticket}\n{}", pending.digits)), (200, "true".to_owned()));

    let (status, asked) = post(to, "/sign-in", "ann");
    assert_eq!(status, 200, "{asked}");
    let (secret, digits) = asked.split_once('\n').unwrap();
    assert_eq!(post(to, "/finish", secret).0, 409, "nobody has approved yet");
    let mut phone = pending.phone;
    phone.decide(&verifier, Decision::Approve, Some(digits), now());
    assert_eq!(post(to, "/finish", secret), (200, "Hello, ann".to_owned()));
    assert_eq!(post(to, "/finish", secret).0, 409, "an approval is used once");
}
