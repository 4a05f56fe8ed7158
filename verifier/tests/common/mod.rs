//! A phone and a verifier for tests: keys in software, a clock that the test sets.
#![allow(dead_code, reason = "each test file is a crate of its own and uses a part of this")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test code: what can't be right ends the test"
)]
#![allow(clippy::indexing_slicing, reason = "test code: what can't be right ends the test")]

use std::sync::Arc;

use countersign_core::entropy::{SystemEntropy, random};
use countersign_core::push::jose::{Jws, KeyName, MessageHash, PublicKey, SoftwareKey, Thumbprint, encode, sha256};
use countersign_core::push::native::formulas::{ExchangeKey, OfflineSecrets, confirmation, ticket_id, ticket_proof};
use countersign_core::push::native::messages::{
    AccountName, Amr, Challenge, Context, Decision, Device, Enroll, Enrolled, EnrollmentId, ErrorCode, ErrorMessage,
    Inbox, KeyNaming, Message, Metadata, Proof, PushAddress, Receipt, ReceiptStatus, Response, Transport, Uv,
};
use countersign_core::push::native::{BaseUrl, Invitation};
use countersign_core::time::UnixTime;
use countersign_verifier::store::{MemoryStore, Store};
use countersign_verifier::{Config, Identity, KeyId, KeyRing, Page, Profile, Question, Reply, Request, Verifier};

pub(crate) const U: &str = "https://rp.example/auth";

pub(crate) type Server = Verifier<Arc<dyn Store>>;

pub(crate) fn at(seconds: i64) -> UnixTime {
    UnixTime::from_seconds(1_800_000_000 + seconds)
}

pub(crate) fn server() -> Server {
    server_over(Arc::new(MemoryStore::new()), |_| {})
}

pub(crate) fn server_over(store: Arc<dyn Store>, change: impl FnOnce(&mut Config)) -> Server {
    let mut config = Config::new(BaseUrl::parse(U, false).unwrap());
    config.requests_per_minute = 0;
    change(&mut config);
    let profile = Profile { name: "Example".into(), require_uv: false, require_hardware: false };
    let ring = KeyRing::new(KeyId(1), [1; 32]).unwrap();
    let identity = Identity::Held(SoftwareKey::from_secret(&[9; 32]));
    Verifier::open(store, ring, config, identity, &profile).unwrap()
}

pub(crate) fn account(id: &str) -> AccountName {
    AccountName { id: id.into(), name: "Ann".into() }
}

pub(crate) fn nonce() -> String {
    encode(&random::<16>(&SystemEntropy::new()).unwrap())
}

pub(crate) fn question() -> Question {
    Question::sign_in(Context::default())
}

pub(crate) struct Phone {
    pub(crate) possession: SoftwareKey,
    pub(crate) uv: SoftwareKey,
    pub(crate) id: EnrollmentId,
    pub(crate) counter: u64,
    pub(crate) secrets: OfflineSecrets,
    pub(crate) push: PushAddress,
}

/// An enrolment that was asked for and not confirmed.
pub(crate) struct Pending {
    pub(crate) phone: Phone,
    pub(crate) ticket: String,
    pub(crate) digits: String,
    pub(crate) request: String,
}

pub(crate) fn fcm() -> PushAddress {
    PushAddress::At { transport: Transport::Fcm, address: "token".into(), tag: [3; 16], keys: None }
}

/// A request to enrol, and what is needed to read its answer.
pub(crate) struct Asking {
    pub(crate) possession: SoftwareKey,
    pub(crate) uv: SoftwareKey,
    pub(crate) exchange: ExchangeKey,
    pub(crate) invitation: Invitation,
    pub(crate) request: String,
    pub(crate) hash: MessageHash,
    pub(crate) push: PushAddress,
}

pub(crate) fn asking(invitation: &Invitation, now: UnixTime) -> Asking {
    let entropy = SystemEntropy::new();
    let (possession, uv) = (SoftwareKey::make(&entropy).unwrap(), SoftwareKey::make(&entropy).unwrap());
    let exchange = ExchangeKey::make(&entropy).unwrap();
    let ticket = ticket_id(&invitation.ticket);
    let nested = Uv { audience: U.into(), ticket, possession: possession.public().thumbprint() };
    let nested = nested.draft(&uv.public(), KeyNaming::Whole).sign(&uv);
    let (mine, theirs) = (possession.public().thumbprint(), uv.public().thumbprint());
    let push = fcm();
    let message = Enroll {
        audience: U.into(),
        issued: now,
        expires: now.plus_seconds(120),
        nonce: nonce(),
        ticket,
        proof: ticket_proof(&invitation.ticket, &invitation.base, mine, theirs, &exchange.public()),
        uv: nested,
        exchange: exchange.public(),
        device: Device { name: "phone".into(), model: "M".into(), os: "O".into(), app: "A".into() },
        push: push.clone(),
        attestation: None,
    };
    let draft = message.draft(&possession.public(), KeyNaming::Whole);
    let hash = draft.hash();
    let request = draft.sign(&possession);
    Asking { possession, uv, exchange, invitation: invitation.clone(), request, hash, push }
}

pub(crate) fn post(server: &Server, path: &str, body: &str, now: UnixTime) -> Reply {
    server.handle(&Request { method: "POST", path, proof: &[], body: body.as_bytes() }, now)
}

pub(crate) fn online_key(server: &Server, now: UnixTime) -> Vec<PublicKey> {
    let reply = server.handle(&Request { method: "GET", path: "/metadata", proof: &[], body: b"" }, now);
    let metadata = Jws::parse(&reply.body).unwrap();
    let KeyName::Claimed(identity) = metadata.key() else { panic!("metadata without its key") };
    assert_eq!(identity.thumbprint(), server.identity());
    let verified = metadata.verify(&identity).unwrap();
    Metadata::read(&verified).unwrap().keys
}

/// Reads an answer that one of the online keys signed.
pub(crate) fn read<M: Message>(server: &Server, body: &str, now: UnixTime) -> (M, MessageHash) {
    let keys = online_key(server, now);
    let verified = keys.iter().find_map(|key| Jws::parse(body).unwrap().verify(key).ok()).expect("signed");
    (M::read(&verified).unwrap(), verified.hash())
}

pub(crate) fn code(server: &Server, reply: &Reply, now: UnixTime) -> ErrorCode {
    assert!(matches!(reply.status, 400 | 409), "{reply:?}");
    read::<ErrorMessage>(server, &reply.body, now).0.code
}

impl Asking {
    pub(crate) fn finish(self, server: &Server, reply: &Reply, now: UnixTime) -> Pending {
        assert_eq!(reply.status, 200, "{reply:?}");
        let (enrolled, hash) = read::<Enrolled>(server, &reply.body, now);
        let secrets = self.exchange.agree(&enrolled.exchange, &self.invitation.ticket, self.hash, hash).unwrap();
        let Self { possession, uv, request, push, .. } = self;
        let phone = Phone { possession, uv, id: enrolled.enrollment, counter: 0, secrets, push };
        let ticket = encode(self.invitation.ticket.expose());
        Pending { phone, ticket, digits: confirmation(self.hash, hash), request }
    }
}

pub(crate) fn invitation(server: &Server, id: &str, now: UnixTime) -> Invitation {
    Invitation::parse(server.invite(&account(id), now).unwrap().uri.expose(), false).unwrap()
}

pub(crate) fn pending(server: &Server, id: &str, now: UnixTime) -> Pending {
    let asking = asking(&invitation(server, id, now), now);
    let reply = post(server, "/enrollments", &asking.request, now);
    asking.finish(server, &reply, now)
}

pub(crate) fn enrolled(server: &Server, id: &str, now: UnixTime) -> Phone {
    let pending = pending(server, id, now);
    assert!(server.confirm(&pending.ticket, &pending.digits, now).unwrap().confirmed);
    pending.phone
}

impl Phone {
    pub(crate) fn path(&self, what: &str) -> String {
        format!("/enrollments/{}/{what}", self.id)
    }

    pub(crate) fn proof(&self, method: &str, what: &str, body: &[u8], now: UnixTime) -> String {
        let proof = Proof {
            issuer: self.id.clone(),
            audience: U.into(),
            issued: now,
            method: method.into(),
            url: format!("{U}{}", self.path(what)),
            body: sha256(&[body]),
            nonce: nonce(),
        };
        proof.draft(&self.possession.public(), KeyNaming::Thumbprint).sign(&self.possession)
    }

    pub(crate) fn fetch(&self, server: &Server, now: UnixTime) -> Reply {
        let (proof, path) = (self.proof("GET", "challenges", b"", now), self.path("challenges"));
        server.handle(&Request { method: "GET", path: &path, proof: &[&proof], body: b"" }, now)
    }

    pub(crate) fn poll(&self, server: &Server, now: UnixTime) -> Inbox {
        let reply = self.fetch(server, now);
        assert_eq!(reply.status, 200, "{reply:?}");
        read::<Inbox>(server, &reply.body, now).0
    }

    pub(crate) fn challenge(&self, server: &Server, now: UnixTime) -> (Challenge, MessageHash) {
        read::<Challenge>(server, &self.poll(server, now).challenges[0], now)
    }

    /// An answer, signed by the user-verification key where `uv` is true.
    pub(crate) fn answer(
        &mut self,
        hash: MessageHash,
        expires: UnixTime,
        decision: Decision,
        digits: Option<&str>,
        uv: bool,
        now: UnixTime,
    ) -> String {
        self.counter += 1;
        let response = Response {
            issuer: self.id.clone(),
            audience: U.into(),
            issued: now,
            challenge: hash,
            nonce: nonce(),
            decision,
            code: digits.map(str::to_owned),
            amr: vec![Amr::Software, if uv { Amr::Pin } else { Amr::Present }],
            expires,
            counter: self.counter,
        };
        let key = if uv { &self.uv } else { &self.possession };
        response.draft(&key.public(), KeyNaming::Thumbprint).sign(key)
    }

    pub(crate) fn decide(
        &mut self,
        server: &Server,
        decision: Decision,
        digits: Option<&str>,
        now: UnixTime,
    ) -> ReceiptStatus {
        let (challenge, hash) = self.challenge(server, now);
        let answer = self.answer(hash, challenge.expires, decision, digits, true, now);
        self.send(server, &answer, now)
    }

    pub(crate) fn send(&self, server: &Server, answer: &str, now: UnixTime) -> ReceiptStatus {
        let reply = post(server, &self.path("responses"), answer, now);
        assert_eq!(reply.status, 200, "{reply:?} {:?}", (reply.status == 400).then(|| code(server, &reply, now)));
        read::<Receipt>(server, &reply.body, now).0.status
    }
}

pub(crate) fn ask(server: &Server, now: UnixTime) -> Page {
    server.sign_in("ann", "browser", &question(), now).unwrap()
}

/// Digits that aren't these.
pub(crate) fn other(digits: &str) -> String {
    match digits.strip_prefix('0') {
        Some(rest) => format!("1{rest}"),
        None => format!("0{}", &digits[1..]),
    }
}

pub(crate) fn thumbprint(key: &SoftwareKey) -> Thumbprint {
    key.public().thumbprint()
}
