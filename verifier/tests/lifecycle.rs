//! Online keys, sealing anew, HTTP, many at once.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{ask, asking, at, code, enrolled, invitation, online_key, pending, post, server, server_over};
use countersign_core::push::jose::SoftwareKey;
use countersign_core::push::native::messages::{
    Decision, ErrorCode, KeyNaming, Message, Metadata, ReceiptStatus, Status,
};
use countersign_core::time::UnixTime;
use countersign_verifier::store::{ApplyError, Key, Kind, Logged, MemoryStore, Row, Store, StoreError, Transition};
use countersign_verifier::{Config, Identity, KeyId, KeyRing, ManageError, Profile, Request, SignInState, Verifier};

#[test]
fn an_old_online_key_stays_listed_for_a_day_and_ten_minutes() {
    let server = server();
    let before = online_key(&server, at(0));
    let (kid, sequence) = server.rotate_online_keys(false, at(0)).unwrap();
    let keys = online_key(&server, at(1));
    assert_eq!((keys.len(), keys[0].thumbprint(), keys[1], sequence), (2, kid, before[0], 2));
    assert_eq!(online_key(&server, at(24 * 3600 + 599)).len(), 2);
    assert_eq!(online_key(&server, at(24 * 3600 + 600)).len(), 1);
    assert_eq!(server.sequence(at(24 * 3600 + 600)).unwrap(), 3);
}

#[test]
fn a_compromised_online_key_takes_its_challenges_and_pending_enrolments_with_it() {
    let server = server();
    let phone = enrolled(&server, "ann", at(0));
    let waiting = pending(&server, "bob", at(0));
    let page = ask(&server, at(1));
    server.rotate_online_keys(true, at(2)).unwrap();
    assert_eq!(server.status(page.secret.expose(), at(3)), Ok(SignInState::Cancelled));
    assert!(phone.poll(&server, at(3)).challenges.is_empty());
    assert_eq!(waiting.phone.poll(&server, at(3)).status, Status::Removed);
    assert_eq!(online_key(&server, at(3)).len(), 1);
}

#[test]
fn two_servers_over_one_store_see_each_others_changes() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let (first, second) = (server_over(store.clone(), |_| {}), server_over(store, |_| {}));
    let mut phone = enrolled(&first, "ann", at(0));
    let proof = phone.proof("GET", "challenges", b"", at(1));
    let path = phone.path("challenges");
    let request = Request { method: "GET", path: &path, proof: &[&proof], body: b"" };
    assert_eq!(first.handle(&request, at(1)).status, 200);
    assert_eq!(code(&second, &second.handle(&request, at(1)), at(1)), ErrorCode::ProofReplayed);
    let page = ask(&first, at(2));
    second.rotate_online_keys(false, at(3)).unwrap();
    let digits = page.shown.expose().to_owned();
    assert_eq!(phone.decide(&second, Decision::Approve, Some(&digits), at(4)), ReceiptStatus::Approved);
    assert!(first.redeem(page.secret.expose(), at(5)).is_ok());
}

#[test]
fn an_identity_key_may_be_kept_elsewhere() {
    let identity = SoftwareKey::from_secret(&[9; 32]);
    let config = Config::new(countersign_core::push::native::BaseUrl::parse(common::U, false).unwrap());
    let profile = Profile { name: "Example".into(), require_uv: false, require_hardware: false };
    let ring = KeyRing::new(KeyId(1), [1; 32]).unwrap();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let server = Verifier::open(store, ring, config, Identity::Elsewhere(identity.public()), &profile).unwrap();
    let get = || server.handle(&Request { method: "GET", path: "/metadata", proof: &[], body: b"" }, at(0));
    assert_eq!(get().status, 503);
    assert_eq!(server.change(&profile, at(0)), Err(ManageError::IdentityElsewhere));
    let made = |sequence, keys: Vec<_>| {
        let metadata = Metadata {
            issuer: common::U.into(),
            issued: at(0),
            expires: at(3600),
            sequence,
            name: "Example".into(),
            keys,
            require_uv: true,
            require_hardware: false,
        };
        metadata.draft(&identity.public(), KeyNaming::Whole).sign(&identity)
    };
    let key = server.prepare_online_key().unwrap();
    assert!(server.publish(&made(1, vec![SoftwareKey::from_secret(&[5; 32]).public()]), at(0)).is_err());
    assert!(server.publish(&made(1, vec![key, identity.public()]), at(0)).is_err());
    assert_eq!(server.publish(&made(1, vec![key]), at(0)), Ok(1));
    assert_eq!(get().body, made(1, vec![key]));
    let phone = enrolled(&server, "ann", at(0));
    let next = server.prepare_online_key().unwrap();
    assert!(server.publish(&made(1, vec![next, key]), at(1)).is_err(), "the sequence number has to rise");
    assert_eq!(server.publish(&made(2, vec![next, key]), at(1)), Ok(2));
    assert_eq!(phone.poll(&server, at(2)).sequence, 2);
}

#[test]
fn everything_sealed_can_be_sealed_anew() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let server = server_over(store.clone(), |_| {});
    let phone = enrolled(&server, "ann", at(0));
    drop(server);
    let open = |ring: KeyRing| {
        let config = Config::new(countersign_core::push::native::BaseUrl::parse(common::U, false).unwrap());
        let profile = Profile { name: "Example".into(), require_uv: false, require_hardware: false };
        let identity = Identity::Held(SoftwareKey::from_secret(&[9; 32]));
        Verifier::open(Arc::clone(&store), ring, config, identity, &profile).unwrap()
    };
    let mut ring = KeyRing::new(KeyId(1), [1; 32]).unwrap();
    ring.rotate(KeyId(2), [2; 32]).unwrap();
    let both = open(ring);
    assert_eq!(both.reseal().unwrap(), 3, "the server, a ticket, an enrolment");
    assert_eq!(both.reseal().unwrap(), 0);
    drop(both);
    let only_new = open(KeyRing::new(KeyId(2), [2; 32]).unwrap());
    let page = ask(&only_new, at(10));
    let (_, hash) = phone.challenge(&only_new, at(10));
    let digits = countersign_core::push::native::formulas::offline_digits(&phone.secrets.offline, hash).unwrap();
    assert!(only_new.offline(page.secret.expose(), &digits.to_string(), at(11)).unwrap().accepted);
}

#[test]
fn what_is_no_endpoint_is_refused_plainly() {
    let server = server();
    let large = vec![b'a'; 16 * 1024 + 1];
    for (method, path, body, status) in [
        ("GET", "/", &b""[..], 404),
        ("GET", "/metadata/", b"", 404),
        ("GET", "/metadata?x", b"", 404),
        ("POST", "/metadata", b"", 405),
        ("GET", "/enrollments", b"", 405),
        ("POST", "/enrollments", &large, 413),
        ("POST", "/enrollments", b"\xff", 401),
        ("GET", "/enrollments/x/challenges", b"", 401),
        ("GET", "/enrollments/x/responses", b"", 405),
        ("GET", "/enrollments/x/y", b"", 404),
        ("GET", "/enrollments/x/challenges/y", b"", 404),
    ] {
        let reply = server.handle(&Request { method, path, proof: &[], body }, at(0));
        assert_eq!((reply.status, reply.body.as_str()), (status, ""), "{method} {path}");
    }
}

#[test]
fn a_phone_that_asks_too_often_is_told_to_wait() {
    let server = server_over(Arc::new(MemoryStore::new()), |config| config.requests_per_minute = 3);
    let phone = enrolled(&server, "ann", at(0));
    for _ in 0..3 {
        assert_eq!(phone.fetch(&server, at(1)).status, 200);
    }
    let reply = phone.fetch(&server, at(1));
    assert_eq!((reply.status, reply.retry_after), (429, Some(21)));
    assert_eq!(phone.fetch(&server, at(22)).status, 200);
}

#[test]
fn of_a_hundred_parallel_enrolments_with_one_ticket_one_wins() {
    let (server, store) = together(100);
    let invitation = invitation(&server, "ann", at(0));
    let requests: Vec<_> = (0..100).map(|_| asking(&invitation, at(0)).request).collect();
    store.on.store(true, Ordering::SeqCst);
    let won = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for request in &requests {
            scope.spawn(|| match post(&server, "/enrollments", request, at(0)).status {
                200 => _ = won.fetch_add(1, Ordering::Relaxed),
                status => assert_eq!(status, 409),
            });
        }
    });
    store.on.store(false, Ordering::SeqCst);
    assert_eq!((won.into_inner(), server.enrollments("ann", at(0)).unwrap().len()), (1, 1));
}

#[test]
fn of_parallel_redemptions_one_wins() {
    let (server, store) = together(32);
    let mut phone = enrolled(&server, "ann", at(0));
    let page = ask(&server, at(1));
    let digits = page.shown.expose().to_owned();
    phone.decide(&server, Decision::Approve, Some(&digits), at(2));
    store.on.store(true, Ordering::SeqCst);
    let won = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| {
                let redeemed = server.redeem(page.secret.expose(), at(3)).is_ok();
                won.fetch_add(usize::from(redeemed), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(won.into_inner(), 1);
}

fn together(threads: usize) -> (common::Server, Arc<Together>) {
    let all = std::sync::Barrier::new(threads);
    let store = Arc::new(Together { store: MemoryStore::new(), all, on: false.into() });
    let shared: Arc<dyn Store> = Arc::clone(&store) as Arc<dyn Store>;
    (server_over(shared, |_| {}), store)
}

#[test]
fn parallel_wrong_codes_are_all_counted() {
    let server = server();
    let mut phone = enrolled(&server, "ann", at(0));
    let page = ask(&server, at(1));
    let (challenge, hash) = phone.challenge(&server, at(1));
    let wrong = common::other(page.shown.expose());
    let answers: Vec<_> =
        (0..3).map(|_| phone.answer(hash, challenge.expires, Decision::Approve, Some(&wrong), true, at(2))).collect();
    std::thread::scope(|scope| {
        for answer in &answers {
            scope.spawn(|| post(&server, &phone.path("responses"), answer, at(2)));
        }
    });
    // An answer that came behind a later counter is a suspected clone; either way nobody tries again.
    let state = server.status(page.secret.expose(), at(3)).unwrap();
    assert!(matches!(state, SignInState::Failed | SignInState::Cancelled), "{state:?}");
}

/// A store in which every thread's first transition waits until all threads have read and computed theirs: the race that
/// otherwise happens once in many runs happens each time.
struct Together {
    store: MemoryStore,
    all: std::sync::Barrier,
    on: std::sync::atomic::AtomicBool,
}

thread_local! {
    static HAS_MET: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

impl Store for Together {
    fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        self.store.get(key)
    }

    fn scan(&self, kind: Kind, after: Option<&[u8]>, limit: usize) -> Result<Vec<(Vec<u8>, Row)>, StoreError> {
        self.store.scan(kind, after, limit)
    }

    fn apply(&self, transition: &Transition) -> Result<(), ApplyError> {
        if self.on.load(Ordering::SeqCst) && !HAS_MET.replace(true) {
            self.all.wait();
        }
        self.store.apply(transition)
    }

    fn sweep(&self, now: UnixTime, events_before: UnixTime) -> Result<u64, StoreError> {
        self.store.sweep(now, events_before)
    }

    fn events(&self, after: u64, limit: usize) -> Result<Vec<Logged>, StoreError> {
        self.store.events(after, limit)
    }
}
