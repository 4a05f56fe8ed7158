//! Wake-ups through a push server of our own, over TLS on this machine.
#![cfg(feature = "unifiedpush")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test, and of what takes how long"
)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use countersign_core::entropy::SystemEntropy;
use countersign_core::push::native::messages::{PushAddress, Transport};
use countersign_verifier::wake_up::unified_push::{Roots, UnifiedPush};
use countersign_verifier::wake_up::{Network, Refusal, Rules, SendError, Sender};
use p256::elliptic_curve::sec1::ToSec1Point;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

const TAG: [u8; 16] = *b"0123456789abcdef";

/// A push server that answers one request and tells what it was asked.
struct PushServer {
    port: u16,
    root: Vec<u8>,
    asked: JoinHandle<Option<Vec<u8>>>,
}

impl PushServer {
    fn start(answer: impl FnOnce(&mut StreamOwned<ServerConnection, TcpStream>) + Send + 'static) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let root = made.cert.der().to_vec();
        let asked = std::thread::spawn(move || {
            listener.set_nonblocking(true).unwrap();
            let since = Instant::now();
            let stream = loop {
                match listener.accept() {
                    Ok((stream, _)) => break stream,
                    Err(_) if since.elapsed() > Duration::from_secs(2) => return None,
                    Err(_) => std::thread::sleep(Duration::from_millis(5)),
                }
            };
            stream.set_nonblocking(false).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(7))).unwrap();
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), stream);
            let request = read(&mut stream)?;
            answer(&mut stream);
            stream.conn.send_close_notify();
            let _closed = stream.flush();
            Some(request)
        });
        Self { port, root, asked }
    }

    fn answering(answer: &'static str) -> Self {
        Self::start(move |stream| {
            let _answered = stream.write_all(answer.as_bytes());
        })
    }

    fn sender(&self, network: Network) -> UnifiedPush {
        let rules = Rules { ports: vec![self.port], network, ..Rules::default() };
        UnifiedPush::new(rules, Roots::Own(vec![self.root.clone()]), Box::new(SystemEntropy::new()))
    }

    fn send(&self) -> Result<(), SendError> {
        self.sender(Network::PublicAndLoopback).send(&at("localhost", self.port))
    }
}

/// One request: its header, and as many bytes as that says.
fn read(stream: &mut impl Read) -> Option<Vec<u8>> {
    let (mut request, mut piece) = (Vec::new(), [0; 1024]);
    loop {
        let count = stream.read(&mut piece).ok().filter(|count| *count > 0)?;
        request.extend_from_slice(&piece[..count]);
        let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
        let length: usize = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())?;
        if request.len() >= end + 4 + length {
            return Some(request);
        }
    }
}

fn phone() -> p256::SecretKey {
    p256::SecretKey::from_slice(&[7; 32]).unwrap()
}

fn at(host: &str, port: u16) -> PushAddress {
    let key = phone().public_key().to_sec1_point(false).as_bytes().try_into().unwrap();
    let address = format!("https://{host}:{port}/up/secret-path?up=1");
    PushAddress::At { transport: Transport::UnifiedPush, address, tag: TAG, keys: Some((key, [9; 16])) }
}

#[test]
fn a_wake_up_is_one_encrypted_post() {
    let server = PushServer::answering("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    server.send().unwrap();
    let request = server.asked.join().unwrap().unwrap();
    let end = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(request[..end].to_vec()).unwrap().to_lowercase();
    assert!(head.starts_with("post /up/secret-path?up=1 http/1.1\r\n"), "{head}");
    for header in ["content-encoding: aes128gcm", "ttl: 120", "urgency: high"] {
        assert!(head.lines().any(|line| line == header), "{header} in {head}");
    }
    let body = &request[end + 4..];
    // Header, the tag in base64url (22 characters), delimiter, authentication tag.
    assert_eq!(body.len(), 86 + 22 + 1 + 16);
    assert!(!request.windows(4).any(|window| window == &TAG[..4]));
}

#[test]
fn without_the_allowance_a_name_that_leads_inside_is_never_connected_to() {
    let server = PushServer::answering("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    let sender = server.sender(Network::Public);
    // By its form the address is right: only whoever resolves the name knows.
    let rules = Rules { ports: vec![server.port], ..Rules::default() };
    assert_eq!(rules.check(&at("localhost", server.port)), Ok(()));
    assert_eq!(sender.send(&at("localhost", server.port)), Err(SendError::Refused(Refusal::NotPublic)));
    assert_eq!(sender.send(&at("127.0.0.1", server.port)), Err(SendError::Refused(Refusal::NotPublic)));
    assert_eq!(sender.send(&at("[::ffff:7f00:1]", server.port)), Err(SendError::Refused(Refusal::NotPublic)));
    assert_eq!(server.asked.join().unwrap(), None, "somebody connected");
}

#[test]
fn only_the_status_is_looked_at() {
    for (answer, expected) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nmore than anybody reads", Ok(())),
        ("HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n", Ok(())),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", Err(SendError::Gone)),
        ("HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", Err(SendError::Gone)),
        (
            "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n",
            Err(SendError::Busy { seconds: Some(17) }),
        ),
        ("HTTP/1.1 503 Busy\r\nRetry-After: Tue\r\nContent-Length: 0\r\n\r\n", Err(SendError::Busy { seconds: None })),
        ("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", Err(SendError::Status(500))),
        ("this is no HTTP\r\n\r\n", Err(SendError::Network)),
    ] {
        assert_eq!(PushServer::answering(answer).send(), expected, "{answer}");
    }
}

#[test]
fn a_redirect_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
        elsewhere.set_nonblocking(true).unwrap();
        let port = elsewhere.local_addr().unwrap().port();
        let server = PushServer::start(move |stream| {
            let location = format!("https://localhost:{port}/elsewhere");
            let answer = format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
        });
        assert_eq!(server.send(), Err(SendError::Status(status)));
        assert!(elsewhere.accept().is_err(), "{status}: followed");
    }
}

#[test]
fn a_header_over_4_kib_and_an_answer_after_five_seconds_are_none() {
    let large = PushServer::start(|stream| {
        let answer = format!("HTTP/1.1 201 Created\r\nX: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(5000));
        let _answered = stream.write_all(answer.as_bytes());
    });
    assert_eq!(large.send(), Err(SendError::Network));
    let slow = PushServer::start(|stream| {
        // A byte now and then keeps no one waiting longer.
        for byte in b"HTTP/1.1 201 Created\r\n" {
            if stream.write_all(&[*byte]).and_then(|()| stream.flush()).is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    });
    let since = Instant::now();
    assert_eq!(slow.send(), Err(SendError::Network));
    let waited = since.elapsed();
    assert!(waited > Duration::from_secs(4) && waited < Duration::from_secs(7), "{waited:?}");
}

#[test]
fn a_certificate_of_somebody_else_is_not_trusted() {
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.der().to_vec();
    for roots in [Roots::WebPki, Roots::Own(vec![other])] {
        let server = PushServer::answering("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
        let rules = Rules { ports: vec![server.port], network: Network::PublicAndLoopback, ..Rules::default() };
        let sender = UnifiedPush::new(rules, roots, Box::new(SystemEntropy::new()));
        assert_eq!(sender.send(&at("localhost", server.port)), Err(SendError::Network));
        assert_eq!(server.asked.join().unwrap(), None, "something was sent");
    }
}

#[test]
fn other_transports_and_keys_that_are_none_are_told_apart() {
    let sender = UnifiedPush::new(Rules::default(), Roots::WebPki, Box::new(SystemEntropy::new()));
    let token = PushAddress::At { transport: Transport::Fcm, address: "token".into(), tag: TAG, keys: None };
    for other in [PushAddress::None, token] {
        assert_eq!(sender.send(&other), Err(SendError::OtherTransport));
    }
    let mut keyless = at("push.example.org", 443);
    if let PushAddress::At { keys, .. } = &mut keyless {
        *keys = Some(([4; 65], [0; 16]));
    }
    assert_eq!(sender.send(&keyless), Err(SendError::Keys));
    assert!(!format!("{sender:?}{keyless:?}").contains("example"));
}
