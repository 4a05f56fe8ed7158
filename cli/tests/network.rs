//! The command line against hostile servers on this machine: the real program, real sockets, bounded waits.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and one asks how long something takes"
)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use countersign_core::push::jose::SoftwareKey;
use countersign_core::push::native::BaseUrl;
use countersign_core::push::native::messages::{AccountName, Context};
use countersign_core::time::UnixTime;
use countersign_verifier::store::MemoryStore;
use countersign_verifier::{Config, Identity, KeyId, KeyRing, Profile, Question, Request, SignInState, Verifier};
use serde_json::Value;

type Behaviour = Arc<dyn Fn(&mut TcpStream, &Asked) + Send + Sync>;

/// A request as the server read it.
struct Asked {
    method: String,
    path: String,
    proof: Vec<String>,
    body: Vec<u8>,
}

/// A server on this machine that behaves as it is told.
struct Server {
    port: u16,
    behaviour: Arc<Mutex<Option<Behaviour>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let behaviour: Arc<Mutex<Option<Behaviour>>> = Arc::default();
        let connections = Arc::new(AtomicUsize::new(0));
        let (shared, count) = (Arc::clone(&behaviour), Arc::clone(&connections));
        // Ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                count.fetch_add(1, Ordering::SeqCst);
                let behaviour = shared.lock().unwrap().clone();
                std::thread::spawn(move || {
                    for end in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
                        end(&stream, Some(Duration::from_secs(30))).unwrap();
                    }
                    let asked = read(&mut stream);
                    if let (Some(asked), Some(behaviour)) = (asked, behaviour) {
                        behaviour(&mut stream, &asked);
                    }
                });
            }
        });
        Self { port, behaviour, connections }
    }

    fn behave(&self, behaviour: impl Fn(&mut TcpStream, &Asked) + Send + Sync + 'static) {
        *self.behaviour.lock().unwrap() = Some(Arc::new(behaviour));
    }

    fn says(&self, answer: &str) {
        let answer = answer.to_owned();
        self.behave(move |stream, _| _ = stream.write_all(answer.as_bytes()));
    }

    fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn invitation(&self) -> String {
        let key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
        format!("countersign://enroll?u={}&k={key}&t=AAAAAAAAAAAAAAAAAAAAAA", self.base())
    }
}

fn read(stream: &mut TcpStream) -> Option<Asked> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut piece).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&piece[..count]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.lines();
        let mut first = lines.next()?.split(' ');
        let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
        let fields: Vec<_> = lines.filter_map(|line| line.split_once(": ")).collect();
        let values = |name: &str| {
            fields.iter().filter(|it| it.0.eq_ignore_ascii_case(name)).map(|it| it.1.to_owned()).collect::<Vec<_>>()
        };
        let length: usize = values("content-length").first().map_or(0, |text| text.parse().unwrap());
        if bytes.len() >= end + 4 + length {
            return Some(Asked { method, path, proof: values("proof"), body: bytes[end + 4..].to_vec() });
        }
    }
}

struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::write(desk.path("password"), "correct horse\n").unwrap();
        assert_eq!(desk.run(&["init", "--json"]).status.code(), Some(0));
        desk
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["--vault", &self.path("vault"), "--password-file", &self.path("password")])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn enroll(&self, link: &str) -> Output {
        self.run(&["enroll", "--yes", "--json", "--allow-loopback-http", link])
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// No network, or nothing that the server has signed.
const NETWORK: Option<i32> = Some(7);

#[test]
fn redirects_are_never_followed() {
    let (server, target, desk) = (Server::start(), Server::start(), Desk::new());
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/metadata", target.base());
        server.says(&format!(
            "HTTP/1.1 {status} X\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ));
        assert_eq!(desk.enroll(&server.invitation()).status.code(), NETWORK, "{status}");
    }
    assert_eq!(target.connections.load(Ordering::SeqCst), 0);
    assert_eq!(server.connections.load(Ordering::SeqCst), 5);
}

#[test]
fn html_and_wrong_lengths_are_network_trouble() {
    let (server, desk) = (Server::start(), Desk::new());
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>",
        "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nConnection: close\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nlonger",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nx",
        "HTTP/1.1 999 X\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n",
        "",
    ] {
        server.says(answer);
        let output = desk.enroll(&server.invitation());
        assert_eq!(output.status.code(), NETWORK, "{answer:?}: {}", text(&output.stderr));
        assert!(!text(&output.stderr).contains("AAAAAAAA"), "the ticket is told");
    }
    server.says(&format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(100_000)));
    assert_eq!(desk.enroll(&server.invitation()).status.code(), NETWORK);
}

#[test]
fn a_hundred_megabytes_are_not_read() {
    let (server, desk) = (Server::start(), Desk::new());
    for head in ["Content-Length: 104857600\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"] {
        let sent = Arc::new(AtomicUsize::new(0));
        let (count, chunked) = (Arc::clone(&sent), head.contains("chunked"));
        server.behave(move |stream, _| {
            let piece = [b'a'; 16 * 1024];
            let _head = stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}").as_bytes());
            for _ in 0..6400 {
                let framed = match chunked {
                    true => [b"4000\r\n", &piece[..], b"\r\n"].concat(),
                    false => piece.to_vec(),
                };
                if stream.write_all(&framed).is_err() {
                    return;
                }
                count.fetch_add(piece.len(), Ordering::SeqCst);
            }
        });
        assert_eq!(desk.enroll(&server.invitation()).status.code(), NETWORK);
        // What fits into the buffers of both sockets, and no more.
        assert!(sent.load(Ordering::SeqCst) < 20 << 20, "{} bytes were taken", sent.load(Ordering::SeqCst));
    }
}

#[test]
fn an_answer_that_drips_is_given_up() {
    let servers = [Server::start(), Server::start(), Server::start()];
    let beginnings = ["HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", ""];
    std::thread::scope(|scope| {
        for (server, beginning) in servers.iter().zip(beginnings) {
            server.behave(move |stream, _| {
                let _head = stream.write_all(beginning.as_bytes());
                for _ in 0..180 {
                    std::thread::sleep(Duration::from_millis(500));
                    if !beginning.is_empty() && stream.write_all(b"x").is_err() {
                        return;
                    }
                }
            });
            scope.spawn(move || {
                let (desk, since) = (Desk::new(), Instant::now());
                assert_eq!(desk.enroll(&server.invitation()).status.code(), NETWORK, "{beginning:?}");
                assert!(since.elapsed() < Duration::from_secs(45), "{beginning:?}: {:?}", since.elapsed());
            });
        }
    });
}

#[test]
fn plain_http_is_refused_unless_this_machine_was_allowed() {
    let (server, desk) = (Server::start(), Desk::new());
    let refused = desk.run(&["enroll", "--yes", &server.invitation()]);
    assert_eq!(refused.status.code(), Some(6), "{}", text(&refused.stderr));
    // With the allowance it is this machine alone.
    for host in ["http://localhost", "http://rp.example", "http://127.0.0.2", "http://0.0.0.0"] {
        let link = server.invitation().replace("http://127.0.0.1", host);
        assert_eq!(desk.enroll(&link).status.code(), Some(6), "{host}");
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
}

#[test]
fn the_program_trusts_no_certificate_but_those_of_known_roots() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key.into()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let connection = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        rustls::StreamOwned::new(connection, stream).read(&mut [0; 64]).unwrap_or(0)
    });
    let desk = Desk::new();
    let link = format!(
        "countersign://enroll?u=https://localhost:{port}&k={}&t=AAAAAAAAAAAAAAAAAAAAAA",
        "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"
    );
    let output = desk.run(&["enroll", "--yes", &link]);
    assert_eq!(output.status.code(), NETWORK);
    assert!(text(&output.stderr).contains("can't prove that it is that server"), "{}", text(&output.stderr));
    assert_eq!(asked.join().unwrap(), 0, "something was sent");
}

fn seconds() -> i64 {
    i64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap()
}

/// A real verifier behind a socket, whose clock is `ahead` seconds off.
struct Service {
    server: Server,
    verifier: Arc<Verifier<MemoryStore>>,
    ahead: Arc<AtomicI64>,
}

impl Service {
    fn start(ahead: i64) -> Self {
        let server = Server::start();
        let mut config = Config::new(BaseUrl::parse(&server.base(), true).unwrap());
        config.requests_per_minute = 0;
        let profile = Profile { name: "Example".into(), require_uv: false, require_hardware: false };
        let ring = KeyRing::new(KeyId(1), [1; 32]).unwrap();
        let identity = Identity::Held(SoftwareKey::from_secret(&[9; 32]));
        let verifier = Verifier::open(MemoryStore::new(), ring, config, identity, &profile).unwrap();
        let service = Self { server, verifier: Arc::new(verifier), ahead: Arc::new(AtomicI64::new(ahead)) };
        service.is_honest();
        service
    }

    fn now(&self) -> UnixTime {
        UnixTime::from_seconds(seconds() + self.ahead.load(Ordering::SeqCst))
    }

    fn is_honest(&self) {
        let (verifier, ahead) = (Arc::clone(&self.verifier), Arc::clone(&self.ahead));
        self.server.behave(move |stream, asked| {
            let proof: Vec<_> = asked.proof.iter().map(String::as_str).collect();
            let request = Request { method: &asked.method, path: &asked.path, proof: &proof, body: &asked.body };
            let reply = verifier.handle(&request, UnixTime::from_seconds(seconds() + ahead.load(Ordering::SeqCst)));
            let (status, body) = (reply.status, reply.body);
            let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _sent = stream.write_all(format!("{head}{body}").as_bytes());
        });
    }

    fn enroll(&self, desk: &Desk) {
        let account = AccountName { id: "ann".into(), name: "Ann".into() };
        let ticket = self.verifier.invite(&account, self.now()).unwrap();
        let output = desk.enroll(ticket.uri.expose());
        let made: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
        let shared = countersign_core::push::native::Invitation::parse(ticket.uri.expose(), true).unwrap();
        let secret = countersign_core::push::jose::encode(shared.ticket.expose());
        assert!(self.verifier.confirm(&secret, made["digits"].as_str().unwrap(), self.now()).unwrap().confirmed);
        desk.run(&["approvals"]);
    }
}

#[test]
fn a_hostile_network_changes_nothing_of_an_enrolment() {
    let (service, desk) = (Service::start(0), Desk::new());
    service.enroll(&desk);
    let before = desk.json(&["enrollments", "--json"]);
    assert_eq!(before[0]["status"], "active");
    for answer in [
        "HTTP/1.1 401 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 404 X\r\nContent-Length: 9\r\nConnection: close\r\n\r\nNot Found",
        "HTTP/1.1 410 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 200 X\r\nContent-Length: 20\r\nConnection: close\r\n\r\n{\"status\":\"removed\"}",
        "HTTP/1.1 400 X\r\nContent-Length: 5\r\nConnection: close\r\n\r\na.b.c",
        "HTTP/1.1 302 X\r\nLocation: /\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    ] {
        service.server.says(answer);
        let output = desk.run(&["approvals"]);
        assert!(!output.stderr.is_empty(), "{answer:?}: trouble is told");
        assert_eq!(desk.json(&["enrollments", "--json"]), before, "{answer:?}");
    }
    service.is_honest();
    // A lost receipt: the answer arrives, its receipt doesn't; the same answer is sent again and confirmed.
    let question = Question::sign_in(Context::default());
    let page = service.verifier.sign_in("ann", "browser", &question, service.now()).unwrap();
    let verifier = Arc::clone(&service.verifier);
    service.server.behave(move |stream, asked| {
        let proof: Vec<_> = asked.proof.iter().map(String::as_str).collect();
        let request = Request { method: &asked.method, path: &asked.path, proof: &proof, body: &asked.body };
        let reply = verifier.handle(&request, UnixTime::from_seconds(seconds()));
        if !asked.path.ends_with("/responses") {
            let head = format!(
                "HTTP/1.1 {} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                reply.status,
                reply.body.len()
            );
            let _sent = stream.write_all(format!("{head}{}", reply.body).as_bytes());
        }
    });
    assert_eq!(desk.run(&["approve", "-", "--code", page.shown.expose()]).status.code(), NETWORK);
    assert_eq!(service.verifier.status(page.secret.expose(), service.now()), Ok(SignInState::Approved));
    assert_eq!(desk.json(&["enrollments", "--json"])[0]["unconfirmed"], true);
    service.is_honest();
    desk.run(&["approvals"]);
    assert_eq!(desk.json(&["enrollments", "--json"])[0]["unconfirmed"], false);
    assert_eq!(desk.json(&["history", "--json"])[0]["result"], "approved");
}

#[test]
fn a_clock_ten_minutes_off_is_recovered_and_told() {
    for (ahead, told) in [(600, "10 min behind"), (-600, "10 min ahead of")] {
        let (service, desk) = (Service::start(ahead), Desk::new());
        service.enroll(&desk);
        let output = desk.run(&["enrollments"]);
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert!(said.contains(told) || said.contains(&told.replace("10", "9")), "{said}");
        let question = Question::sign_in(Context::default());
        let page = service.verifier.sign_in("ann", "browser", &question, service.now()).unwrap();
        assert_eq!(desk.run(&["approve", "-", "--code", page.shown.expose()]).status.code(), Some(0));
        assert_eq!(service.verifier.status(page.secret.expose(), service.now()), Ok(SignInState::Approved));
    }
}

#[test]
fn a_link_is_no_picture_of_a_request() {
    let desk = Desk::new();
    let link = "countersign://challenge?c=e30.e30.AAAA";
    for arguments in [&["offline", "--yes", link][..], &["enroll", "--yes", link], &["add", link]] {
        let output = desk.run(arguments);
        assert!(!matches!(output.status.code(), Some(0) | None), "{arguments:?}");
    }
}
