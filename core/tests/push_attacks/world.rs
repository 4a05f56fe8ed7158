//! A verifier that says whatever a test wants, and a phone that is enrolled there.

use countersign_core::entropy::{SystemEntropy, random};
use countersign_core::push::jose::{Draft, Jws, KeyName, MessageHash, PublicKey, SoftwareKey, encode, sha256};
use countersign_core::push::model::{Arrival, Decision, HttpRequest, HttpResponse, Method, Outcome, RequestId, Step};
use countersign_core::push::native::formulas::ExchangeKey;
use countersign_core::push::native::messages::{
    AccountName, Action, Amr, Challenge, Context, Device, Enroll, Enrolled, EnrollmentId, Inbox, KeyNaming, Message,
    Metadata, Status,
};
use countersign_core::push::native::phone::{
    Enrolling, Enrollment, Error, OwnKey, Progress, PushChoice, Reply, Session, Task, Verifier, Walk, Wanted,
};
use countersign_core::push::native::{BaseUrl, Invitation};
use countersign_core::secret::SecretBytes;
use countersign_core::time::UnixTime;
use p256::ecdsa::signature::Signer;

pub(crate) const BASE: &str = "https://rp.example/auth";
/// Stands in every challenge; never in an error.
pub(crate) const CANARY: &str = "canary-7391";
pub(crate) const CODE: &str = "482913";
pub(crate) const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

/// What an exchange led to on the wire: status and body; none where nothing came back.
pub(crate) type Answer = Option<(u16, Vec<u8>)>;

pub(crate) enum Key {
    Ed25519(Box<SoftwareKey>),
    P256(Box<p256::ecdsa::SigningKey>),
}

impl Key {
    pub(crate) fn make(es256: bool) -> Self {
        let secret = random::<32>(&SystemEntropy::new()).unwrap();
        match es256 {
            true => Self::P256(Box::new(p256::ecdsa::SigningKey::from_slice(&secret).unwrap())),
            false => Self::Ed25519(Box::new(SoftwareKey::from_secret(&secret))),
        }
    }

    pub(crate) fn public(&self) -> PublicKey {
        match self {
            Self::Ed25519(key) => key.public(),
            Self::P256(key) => PublicKey::p256(key.verifying_key().to_sec1_point(false).as_bytes()).unwrap(),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        match self {
            Self::Ed25519(key) => key.sign(message),
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().into()
            }
        }
    }

    pub(crate) fn seal(&self, draft: Draft) -> String {
        let signature = self.sign(draft.message());
        draft.signed(&signature)
    }

    pub(crate) fn message<M: Message>(&self, message: &M) -> String {
        self.seal(message.draft(&self.public(), KeyNaming::Thumbprint))
    }
}

pub(crate) struct Server {
    pub(crate) base: BaseUrl,
    pub(crate) identity: Key,
    pub(crate) online: Key,
    pub(crate) sequence: u64,
    pub(crate) require_uv: bool,
    pub(crate) id: EnrollmentId,
    pub(crate) account: AccountName,
}

impl Server {
    pub(crate) fn new(base: &str, es256: bool) -> Self {
        Self {
            base: BaseUrl::parse(base, false).unwrap(),
            identity: Key::make(es256),
            online: Key::make(es256),
            sequence: 1,
            require_uv: false,
            id: EnrollmentId::from_random(&random::<16>(&SystemEntropy::new()).unwrap()),
            account: AccountName { id: "mina-7".into(), name: "mina@rp.example".into() },
        }
    }

    pub(crate) fn metadata_of(&self, now: UnixTime) -> Metadata {
        Metadata {
            issuer: self.base.as_str().into(),
            issued: now,
            expires: now.plus_seconds(24 * 3600),
            sequence: self.sequence,
            name: "Example".into(),
            keys: vec![self.online.public()],
            require_uv: self.require_uv,
            require_hardware: false,
        }
    }

    pub(crate) fn metadata(&self, now: UnixTime) -> String {
        self.identity.seal(self.metadata_of(now).draft(&self.identity.public(), KeyNaming::Whole))
    }

    /// The answer to a request to enrol.
    pub(crate) fn enrolled_of(&self, body: &[u8], now: UnixTime) -> Enrolled {
        let jws = Jws::parse(std::str::from_utf8(body).unwrap()).unwrap();
        let KeyName::Claimed(possession) = jws.key() else { panic!("no key") };
        let request = jws.verify(&possession).unwrap();
        let enroll = Enroll::read(&request).unwrap();
        let KeyName::Claimed(uv) = Jws::parse(&enroll.uv).unwrap().key() else { panic!("no key") };
        Enrolled {
            issuer: self.base.as_str().into(),
            audience: possession.thumbprint().to_string(),
            issued: now,
            re: request.hash(),
            possession: possession.thumbprint(),
            uv: uv.thumbprint(),
            enrollment: self.id.clone(),
            account: self.account.clone(),
            name: "Example".into(),
            exchange: ExchangeKey::make(&SystemEntropy::new()).unwrap().public(),
            totp: false,
        }
    }

    pub(crate) fn challenge(&self, now: UnixTime) -> Challenge {
        Challenge {
            issuer: self.base.as_str().into(),
            audience: self.id.as_str().into(),
            issued: now,
            subject: self.account.id.clone(),
            nonce: encode(&random::<16>(&SystemEntropy::new()).unwrap()),
            expires: now.plus_seconds(120),
            action: Action::SignIn,
            context: Context { application: Some(CANARY.into()), ..Context::default() },
            details: Vec::new(),
            require_uv: false,
            digits: 6,
        }
    }

    pub(crate) fn inbox_of(&self, re: MessageHash, now: UnixTime, challenges: &[&str]) -> Inbox {
        Inbox {
            issuer: self.base.as_str().into(),
            audience: self.id.as_str().into(),
            issued: now,
            re,
            status: Status::Active,
            sequence: self.sequence,
            challenges: challenges.iter().map(|text| (*text).to_owned()).collect(),
        }
    }

    pub(crate) fn inbox(&self, re: MessageHash, now: UnixTime, challenges: &[&str]) -> String {
        self.online.message(&self.inbox_of(re, now, challenges))
    }
}

/// H of what authenticates a request.
pub(crate) fn re(request: &HttpRequest) -> MessageHash {
    let proof = request.header("Proof").map(str::as_bytes).unwrap_or(&request.body);
    let text = std::str::from_utf8(proof).unwrap();
    MessageHash::from_bytes(sha256(&[text.rsplit_once('.').unwrap().0.as_bytes()]))
}

pub(crate) fn ok(text: String) -> Answer {
    Some((200, text.into_bytes()))
}

pub(crate) fn arrival(now: UnixTime, answer: Answer) -> Arrival {
    let response = answer.and_then(|(status, body)| HttpResponse::new(status, body));
    Arrival { sent: now, received: now, response }
}

/// An enrolment that was begun at a server.
pub(crate) fn beginning(server: &Server) -> Enrolling {
    let key = || OwnKey::make(&SystemEntropy::new()).unwrap();
    let invitation = Invitation {
        base: server.base.clone(),
        identity: server.identity.public().thumbprint(),
        ticket: SecretBytes::new(vec![5; 16]),
        name: None,
        account: None,
    };
    let device = Device { name: "p".into(), model: "M".into(), os: "O".into(), app: "A".into() };
    let wanted = Wanted {
        invitation,
        possession: key(),
        uv: key(),
        device,
        push: PushChoice::None,
        attestation: None,
        verifier: None,
    };
    Enrolling::begin(wanted, &SystemEntropy::new()).unwrap()
}

/// Goes on with an enrolment until it is done or fails.
pub(crate) fn join(
    enrolling: &mut Enrolling,
    now: UnixTime,
    mut answer: impl FnMut(&HttpRequest) -> Answer,
) -> Result<(Enrollment, Verifier), Error> {
    let (mut walk, mut reply) = (Walk::default(), Reply::Begin);
    loop {
        reply = match enrolling.next(&mut walk, now, &SystemEntropy::new(), reply)? {
            Progress::Done(done) => return Ok((done.enrollment, done.verifier)),
            Progress::Step(Step::Sign { .. }) => Reply::Signature(walk.own_signature(enrolling).unwrap()),
            Progress::Step(Step::Send(request)) => Reply::Arrived(arrival(now, answer(&request))),
            Progress::Step(step) => panic!("{step:?}"),
        };
    }
}

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) enrollment: Enrollment,
    pub(crate) verifier: Verifier,
    pub(crate) now: UnixTime,
}

impl World {
    pub(crate) fn new(es256: bool) -> Self {
        Self::at(Server::new(BASE, es256))
    }

    /// Enrolled, active, and metadata was fetched in this very minute: what names unknown keys isn't asked after again.
    pub(crate) fn at(server: Server) -> Self {
        let (enrollment, verifier) = join(&mut beginning(&server), NOW, |request| match request.method {
            Method::Get => ok(server.metadata(NOW)),
            _ => ok(server.online.message(&server.enrolled_of(&request.body, NOW))),
        })
        .unwrap();
        let mut world = Self { server, enrollment, verifier, now: NOW };
        let unknown = Key::make(false).message(&world.server.challenge(NOW));
        world.list(&[&unknown]).unwrap();
        assert_eq!(world.list(&[]), Ok((0, Vec::new())));
        world
    }

    /// All that is stored.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        [self.enrollment.encode().as_slice(), self.verifier.encode().as_slice()].concat()
    }

    pub(crate) fn run(
        &mut self,
        task: &mut Task,
        mut answer: impl FnMut(&Server, &HttpRequest) -> Answer,
    ) -> Result<Step, Error> {
        let mut reply = Reply::Begin;
        loop {
            let (enrollment, verifier, now) = (&mut self.enrollment, &mut self.verifier, self.now);
            let entropy = &SystemEntropy::new();
            reply = match task.next(Session { enrollment, verifier, now, entropy }, reply)? {
                Step::Sign { .. } => Reply::Signature(task.own_signature().unwrap()),
                Step::Send(request) => Reply::Arrived(arrival(self.now, answer(&self.server, &request))),
                Step::NeedsCode { .. } => Reply::Code(CODE.into()),
                Step::NeedsUserVerification => Reply::Verified(vec![Amr::Pin]),
                step => return Ok(step),
            };
        }
    }

    /// A poll whose answer is what a test makes of the request.
    pub(crate) fn poll(
        &mut self,
        answer: impl FnMut(&Server, &HttpRequest) -> Answer,
    ) -> Result<(usize, Vec<RequestId>), Error> {
        match self.run(&mut Task::poll(), answer)? {
            Step::Done(Outcome::Polled { refused, new, .. }) => Ok((refused, new.iter().map(|it| it.id).collect())),
            step => panic!("{step:?}"),
        }
    }

    /// An honest poll that lists these challenges: how many were refused, and what is new.
    pub(crate) fn list(&mut self, challenges: &[&str]) -> Result<(usize, Vec<RequestId>), Error> {
        let now = self.now;
        self.poll(|server, request| match request.header("Proof") {
            Some(_) => ok(server.inbox(re(request), now, challenges)),
            None => ok(server.metadata(now)),
        })
    }

    /// One challenge that is right, open.
    pub(crate) fn open(&mut self) -> RequestId {
        self.open_at(self.now)
    }

    /// The same, with the verifier's clock at this moment.
    pub(crate) fn open_at(&mut self, at: UnixTime) -> RequestId {
        let text = self.server.online.message(&self.server.challenge(at));
        let answer = |server: &Server, request: &HttpRequest| ok(server.inbox(re(request), at, &[&text]));
        let (refused, new) = self.poll(answer).unwrap();
        assert_eq!((refused, new.len()), (0, 1));
        new[0]
    }

    pub(crate) fn decide(
        &mut self,
        request: RequestId,
        decision: Decision,
        answer: impl FnMut(&Server, &HttpRequest) -> Answer,
    ) -> Result<Step, Error> {
        self.run(&mut Task::decide(request, decision), answer)
    }

    /// A challenge that must not be accepted, listed in an inbox that is right.
    pub(crate) fn refuses(&mut self, what: &str, challenge: &str) {
        let before = self.bytes();
        assert_eq!(self.list(&[challenge]), Ok((1, Vec::new())), "{what}");
        assert!(self.bytes() == before, "{what}: left something behind");
        let offline = format!("countersign://challenge?c={challenge}");
        let scanned = self.enrollment.scan(&self.verifier, &offline, self.now);
        assert!(scanned.is_err(), "{what}: scanned");
        assert!(self.bytes() == before, "{what}: scanning left something behind");
        says_nothing(what, &scanned.unwrap_err());
    }
}

pub(crate) fn says_nothing(what: &str, error: &Error) {
    let said = format!("{error} {error:?}");
    for secret in [CANARY, CODE, "mina", "eyJ", "rp.example"] {
        assert!(!said.contains(secret), "{what}: {said}");
    }
}
