//! A verifier that signs whatever a test wants: just enough of one to answer a phone.

use countersign_core::entropy::{Entropy, EntropyError};
use countersign_core::push::jose::{Jws, KeyName, MessageHash, SoftwareKey, sha256};
use countersign_core::push::model::{Arrival, HttpRequest, HttpResponse, Step};
use countersign_core::push::native::formulas::ExchangeKey;
use countersign_core::push::native::messages::{
    AccountName, Action, Challenge, Context, Device, Enroll, Enrolled, EnrollmentId, ErrorCode, ErrorMessage, Inbox,
    KeyNaming, Message, Metadata, Receipt, ReceiptStatus, Status,
};
use countersign_core::push::native::phone::{
    self, Enrolling, Enrollment, OwnKey, Progress, PushChoice, Reply, Session, Task, Verifier, Walk, Wanted,
};
use countersign_core::push::native::{BaseUrl, Invitation};
use countersign_core::secret::SecretBytes;
use countersign_core::time::UnixTime;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) const U: &str = "https://rp.example/auth";
pub(crate) const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);
pub(crate) const ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";

/// Bytes that differ and are the same at each run.
pub(crate) struct Counting(AtomicU64);

impl Counting {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(1))
    }
}

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        for chunk in buffer.chunks_mut(32) {
            let block = sha256(&[&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes()]);
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
        Ok(())
    }
}

pub(crate) fn later(seconds: i64) -> UnixTime {
    NOW.plus_seconds(seconds)
}

pub(crate) struct Server {
    pub(crate) identity: SoftwareKey,
    pub(crate) online: SoftwareKey,
    pub(crate) metadata: Metadata,
}

impl Server {
    pub(crate) fn new() -> Self {
        let (identity, online) = (SoftwareKey::from_secret(&[1; 32]), SoftwareKey::from_secret(&[2; 32]));
        let metadata = Metadata {
            issuer: U.into(),
            issued: NOW,
            expires: later(30 * 24 * 3600),
            sequence: 5,
            name: "Payroll".into(),
            keys: vec![online.public()],
            require_uv: false,
            require_hardware: false,
        };
        Self { identity, online, metadata }
    }

    pub(crate) fn invitation(&self) -> Invitation {
        Invitation {
            base: BaseUrl::parse(U, false).unwrap(),
            identity: self.identity.public().thumbprint(),
            ticket: SecretBytes::from(&[9; 16][..]),
            name: None,
            account: Some("mina".into()),
        }
    }

    pub(crate) fn sign<M: Message>(&self, message: &M) -> String {
        message.draft(&self.online.public(), KeyNaming::Thumbprint).sign(&self.online)
    }

    pub(crate) fn signed_metadata(&self) -> String {
        self.metadata.draft(&self.identity.public(), KeyNaming::Whole).sign(&self.identity)
    }

    pub(crate) fn enrolled(&self, request: &HttpRequest, now: UnixTime) -> Enrolled {
        let text = std::str::from_utf8(&request.body).unwrap();
        let jws = Jws::parse(text).unwrap();
        let KeyName::Claimed(possession) = jws.key() else { panic!("no key") };
        let (re, verified) = (jws.hash(), jws.verify(&possession).unwrap());
        let enroll = Enroll::read(&verified).unwrap();
        let KeyName::Claimed(uv) = Jws::parse(&enroll.uv).unwrap().key() else { panic!("no key") };
        Enrolled {
            issuer: U.into(),
            audience: possession.thumbprint().to_string(),
            issued: now,
            re,
            possession: possession.thumbprint(),
            uv: uv.thumbprint(),
            enrollment: EnrollmentId::parse(ID).unwrap(),
            account: AccountName { id: "17".into(), name: "mina@rp.example".into() },
            name: self.metadata.name.clone(),
            exchange: ExchangeKey::from_secret(&[3; 32]).unwrap().public(),
            totp: true,
        }
    }

    pub(crate) fn inbox(&self, request: &HttpRequest, now: UnixTime, challenges: Vec<String>) -> Inbox {
        Inbox {
            issuer: U.into(),
            audience: ID.into(),
            issued: now,
            re: re(request),
            status: Status::Active,
            sequence: self.metadata.sequence,
            challenges,
        }
    }

    pub(crate) fn receipt(&self, request: &HttpRequest, now: UnixTime, status: ReceiptStatus) -> Receipt {
        Receipt { issuer: U.into(), audience: ID.into(), issued: now, re: re(request), status }
    }

    pub(crate) fn error(&self, request: &HttpRequest, now: UnixTime, code: ErrorCode) -> ErrorMessage {
        ErrorMessage { issuer: U.into(), audience: ID.into(), issued: now, re: re(request), code }
    }

    pub(crate) fn challenge(&self, number: u8, now: UnixTime) -> Challenge {
        Challenge {
            issuer: U.into(),
            audience: ID.into(),
            issued: now,
            subject: "17".into(),
            nonce: countersign_core::push::jose::encode(&[number; 16]),
            expires: now.plus_seconds(120),
            action: Action::SignIn,
            context: Context { application: Some("Payroll".into()), ..Context::default() },
            details: Vec::new(),
            require_uv: true,
            digits: 6,
        }
    }
}

/// H of what authenticates a request: its proof, or else its body.
pub(crate) fn re(request: &HttpRequest) -> MessageHash {
    let text = request.header("Proof").unwrap_or_else(|| std::str::from_utf8(&request.body).unwrap());
    Jws::parse(text).unwrap().hash()
}

pub(crate) fn arrival(status: u16, body: &str, at: UnixTime) -> Arrival {
    Arrival { sent: at, received: at, response: HttpResponse::new(status, body.as_bytes().to_vec()) }
}

/// A phone with one enrolment, its user-verification key at hand.
pub(crate) struct Phone {
    pub(crate) enrollment: Enrollment,
    pub(crate) verifier: Verifier,
    pub(crate) uv: SoftwareKey,
    pub(crate) offline: SecretBytes,
    pub(crate) totp: Option<SecretBytes>,
    pub(crate) entropy: Counting,
}

pub(crate) fn wanted(server: &Server, entropy: &Counting, uv: &SoftwareKey) -> Wanted {
    let device = Device { name: "Mina's\nphone".into(), model: "M".into(), os: "O".into(), app: "A".into() };
    Wanted {
        invitation: server.invitation(),
        possession: OwnKey::make(entropy).unwrap(),
        uv: OwnKey::apart(uv.public()),
        device,
        push: PushChoice::None,
        attestation: None,
        verifier: None,
    }
}

impl Phone {
    /// Enrolled and confirmed at [`NOW`].
    pub(crate) fn enrolled(server: &Server) -> Self {
        let (entropy, uv) = (Counting::new(), SoftwareKey::from_secret(&[4; 32]));
        let mut enrolling = Enrolling::begin(wanted(server, &entropy, &uv), &entropy).unwrap();
        let (mut walk, mut reply) = (Walk::default(), Reply::Begin);
        let done = loop {
            reply = match enrolling.next(&mut walk, NOW, &entropy, reply).unwrap() {
                Progress::Step(Step::Sign { message, .. }) => {
                    Reply::Signature(walk.own_signature(&enrolling).unwrap_or_else(|| uv.sign(&message).to_vec()))
                }
                Progress::Step(Step::Send(request)) if request.body.is_empty() => {
                    Reply::Arrived(arrival(200, &server.signed_metadata(), NOW))
                }
                Progress::Step(Step::Send(request)) => {
                    Reply::Arrived(arrival(200, &server.sign(&server.enrolled(&request, NOW)), NOW))
                }
                Progress::Step(step) => panic!("{step:?}"),
                Progress::Done(done) => break done,
            };
        };
        let phone::Enrolled { enrollment, verifier, totp, offline, .. } = *done;
        let mut phone = Self { enrollment, verifier, uv, offline, totp, entropy };
        phone.poll(server, NOW, Vec::new());
        phone
    }

    pub(crate) fn next(&mut self, task: &mut Task, reply: Reply, now: UnixTime) -> Result<Step, phone::Error> {
        let Self { enrollment, verifier, entropy, .. } = self;
        task.next(Session { enrollment, verifier, now, entropy }, reply)
    }

    /// Goes on to the next step that isn't a signature.
    pub(crate) fn go(&mut self, task: &mut Task, reply: Reply, now: UnixTime) -> Result<Step, phone::Error> {
        let mut step = self.next(task, reply, now)?;
        while let Step::Sign { message, .. } = &step {
            let signature = task.own_signature().unwrap_or_else(|| self.uv.sign(message).to_vec());
            step = self.next(task, Reply::Signature(signature), now)?;
        }
        Ok(step)
    }

    /// Goes on to the next request.
    pub(crate) fn sends(&mut self, task: &mut Task, reply: Reply, now: UnixTime) -> HttpRequest {
        match self.go(task, reply, now) {
            Ok(Step::Send(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn poll(&mut self, server: &Server, now: UnixTime, challenges: Vec<String>) -> Step {
        let mut task = Task::poll();
        let request = self.sends(&mut task, Reply::Begin, now);
        let inbox = server.sign(&server.inbox(&request, now, challenges));
        self.go(&mut task, Reply::Arrived(arrival(200, &inbox, now)), now).unwrap()
    }

    /// Approves as far as the request that carries the answer.
    pub(crate) fn approve(&mut self, now: UnixTime) -> (Task, HttpRequest) {
        let id = self.enrollment.requests(&self.verifier, now)[0].id;
        let mut task = Task::decide(id, countersign_core::push::model::Decision::Approve);
        assert_eq!(self.go(&mut task, Reply::Begin, now), Ok(Step::NeedsCode { digits: 6 }));
        let step = self.go(&mut task, Reply::Code("123456".into()), now);
        assert_eq!(step, Ok(Step::NeedsUserVerification));
        let ways = vec![countersign_core::push::native::messages::Amr::Pin];
        let request = self.sends(&mut task, Reply::Verified(ways), now);
        (task, request)
    }

    /// Another phone in the same state.
    #[allow(dead_code, reason = "the bench of approving needs it")]
    pub(crate) fn again(&self) -> Self {
        Self {
            enrollment: self.enrollment.clone(),
            verifier: self.verifier.clone(),
            uv: SoftwareKey::from_secret(&self.uv.secret()),
            offline: self.offline.clone(),
            totp: self.totp.clone(),
            entropy: Counting::new(),
        }
    }

    /// Everything that is stored.
    pub(crate) fn bytes(&self) -> (Vec<u8>, Vec<u8>) {
        (self.enrollment.encode().to_vec(), self.verifier.encode().to_vec())
    }

    /// As after a crash.
    pub(crate) fn reopened(&mut self) {
        self.enrollment = Enrollment::decode(&self.enrollment.encode()).unwrap();
        self.verifier = Verifier::decode(&self.verifier.encode()).unwrap();
    }
}
