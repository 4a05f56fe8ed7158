//! A service as a whole: that it starts, answers and stops. What its pages do is tested in a browser (`tests/page`).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::{Clock, Options, Service, Trouble};
use crate::terminal::stopwatch;

fn get(address: &str, path: &str) -> String {
    let host = address.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn every_answer_carries_the_policy_and_no_page_is_stored() {
    let service = Service::start(Options::default()).unwrap();
    for path in ["/", "/nowhere", "/style.css", "/ask/none", "/ask/none/status", "/push/metadata"] {
        let answer = get(&service.address(), path).to_lowercase();
        assert!(answer.contains("content-security-policy: default-src 'none'; style-src 'self'"), "{path}: {answer}");
        assert!(answer.contains("cache-control: no-store") && answer.contains("nosniff"), "{path}: {answer}");
    }
}

#[test]
fn a_service_stops_although_somebody_stays_connected_and_its_port_is_free_again() {
    let service = Service::start(Options::default()).unwrap();
    let address = service.address();
    let host = address.strip_prefix("http://").unwrap().to_owned();
    let idle = TcpStream::connect(&host).unwrap();
    assert!(get(&address, "/").starts_with("HTTP/1.1 200"));
    let elapsed = stopwatch();
    drop(service);
    assert!(elapsed() < Duration::from_secs(8), "{:?}", elapsed());
    drop(idle);
    let port = host.rsplit_once(':').unwrap().1.parse().unwrap();
    let again = Service::start(Options { port, ..Options::default() }).unwrap();
    assert_eq!(again.address(), address);
    assert!(matches!(Service::start(Options { port, ..Options::default() }), Err(Trouble::Listen(_))));
}

#[test]
fn the_operator_moves_the_clock_and_knows_people_by_name() {
    let clock = Clock::default();
    let service = Service::start(Options { clock: clock.clone(), ..Options::default() }).unwrap();
    let before = clock.now();
    service.operator().ahead(3600);
    assert!(clock.now() >= before.plus_seconds(3600));
    assert!(matches!(service.operator().release("nobody"), Err(Trouble::NoSuchPerson)));
}
