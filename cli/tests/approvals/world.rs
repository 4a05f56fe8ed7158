//! Servers that answer in process, and phones whose vaults lie on the disk.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use countersign_core::authenticator::Authenticator;
use countersign_core::entropy::{Entropy, SystemEntropy, random};
use countersign_core::push::desk::{Approvals, Error, Joined, Joining, Known, NewKeys, Operation, Verification};
use countersign_core::push::jose::SoftwareKey;
use countersign_core::push::model::{Arrival, Decision, HttpRequest, HttpResponse, KeyPlace, Outcome, Step};
use countersign_core::push::native::messages::{AccountName, Amr, Context, Device};
use countersign_core::push::native::phone::{OwnKey, PushChoice, Reply};
use countersign_core::push::native::{BaseUrl, Invitation};
use countersign_core::time::UnixTime;
use countersign_core::vault::{Cost, Password, PushId, UvRoot, Vault};
use countersign_verifier::store::MemoryStore;
use countersign_verifier::{
    Config, Identity, KeyId, KeyRing, NewTicket, Page, Profile, Question, Request, SignInState, Verifier,
};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};

pub(crate) fn entropy() -> Arc<dyn Entropy> {
    Arc::new(SystemEntropy::new())
}

/// What comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Net {
    Good,
    /// Nothing goes out.
    Dead,
    /// The server gets it, and its answer is lost.
    Lossy,
    /// The answer needs twenty seconds.
    Slow,
    /// Another server answers.
    Wrong,
}

pub(crate) struct World {
    pub(crate) servers: Vec<(String, Verifier<MemoryStore>)>,
    now: Cell<UnixTime>,
    /// The servers' clocks less the phones', in seconds.
    pub(crate) ahead: Cell<i64>,
    pub(crate) net: Cell<Net>,
    pub(crate) sent: RefCell<Vec<HttpRequest>>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(&["https://one.example"], false)
    }

    pub(crate) fn with(bases: &[&str], require_uv: bool) -> Self {
        let server = |base: &&str| {
            let entropy = SystemEntropy::new();
            let ring = KeyRing::new(KeyId(1), random(&entropy).unwrap()).unwrap();
            let profile = Profile { name: format!("Server of {base}"), require_uv, require_hardware: false };
            let config = Config {
                requests_per_minute: 0,
                phones_per_account: 300,
                ..Config::new(BaseUrl::parse(base, true).unwrap())
            };
            let identity = Identity::Held(SoftwareKey::make(&entropy).unwrap());
            let verifier = Verifier::open(MemoryStore::default(), ring, config, identity, &profile).unwrap();
            ((*base).to_owned(), verifier)
        };
        Self {
            servers: bases.iter().map(server).collect(),
            now: Cell::new(UnixTime::from_seconds(1_800_000_000)),
            ahead: Cell::new(0),
            net: Cell::new(Net::Good),
            sent: RefCell::default(),
        }
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.now.get()
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.now.set(self.now().plus_seconds(seconds));
    }

    pub(crate) fn theirs(&self) -> UnixTime {
        self.now().plus_seconds(self.ahead.get())
    }

    pub(crate) fn server(&self, at: usize) -> &Verifier<MemoryStore> {
        &self.servers[at].1
    }

    pub(crate) fn invite(&self, at: usize, person: &str) -> NewTicket {
        let account = AccountName { id: person.to_owned(), name: format!("{person}@example.org") };
        self.server(at).invite(&account, self.theirs()).unwrap()
    }

    pub(crate) fn ask(&self, at: usize, person: &str) -> Page {
        let context =
            Context { application: Some("Shop".to_owned()), client: None, address: None, location: None, time: None };
        self.server(at).sign_in(person, "session", &Question::sign_in(context), self.theirs()).unwrap()
    }

    pub(crate) fn state(&self, at: usize, page: &Page) -> SignInState {
        self.server(at).status(page.secret.expose(), self.theirs()).unwrap()
    }

    pub(crate) fn send(&self, request: &HttpRequest) -> Arrival {
        self.sent.borrow_mut().push(request.clone());
        let (net, sent) = (self.net.get(), self.now());
        let found = self.servers.iter().position(|(base, _)| request.url.starts_with(base.as_str()));
        let mut response = None;
        if let Some(at) = found.filter(|_| net != Net::Dead) {
            let path = &request.url[self.servers[at].0.len()..];
            let at = if net == Net::Wrong { (at + 1) % self.servers.len() } else { at };
            let proof: Vec<&str> = request.header("Proof").into_iter().collect();
            let asked = Request { method: request.method.name(), path, proof: &proof, body: &request.body };
            let reply = self.server(at).handle(&asked, self.theirs());
            response = HttpResponse::new(reply.status, reply.body.into_bytes()).filter(|_| net != Net::Lossy);
        }
        if net == Net::Slow {
            self.pass(20);
        }
        Arrival { sent, received: self.now(), response }
    }

    /// The bodies of the requests to an endpoint, in the order in which they were sent.
    pub(crate) fn bodies(&self, endpoint: &str) -> Vec<Vec<u8>> {
        let sent = self.sent.borrow();
        sent.iter().filter(|request| request.url.ends_with(endpoint)).map(|request| request.body.clone()).collect()
    }
}

/// A platform that keeps P-256 keys by handle.
#[derive(Default)]
pub(crate) struct Platform(HashMap<Vec<u8>, SigningKey>);

impl Platform {
    pub(crate) fn make(&mut self, handle: &str) -> OwnKey {
        let key = loop {
            if let Ok(key) = SigningKey::from_slice(&random::<32>(&SystemEntropy::new()).unwrap()) {
                break key;
            }
        };
        let sec1 = key.verifying_key().to_sec1_point(false);
        let own = OwnKey::platform(sec1.as_bytes(), handle.as_bytes().to_vec(), true).unwrap();
        self.0.insert(handle.as_bytes().to_vec(), key);
        own
    }

    pub(crate) fn sign(&self, handle: &[u8], message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.0[handle].sign(message);
        signature.to_der().as_bytes().to_vec()
    }
}

pub(crate) struct Phone {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) auth: Authenticator,
    pub(crate) root: UvRoot,
    pub(crate) platform: Platform,
}

pub(crate) fn password() -> Password {
    Password::chosen(b"correct horse".to_vec()).unwrap()
}

pub(crate) fn device() -> Device {
    let text = |text: &str| text.to_owned();
    Device { name: text("Phone"), model: text("M"), os: text("OS"), app: text("App") }
}

impl Phone {
    pub(crate) fn new(world: &World) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault");
        let (mut vault, _) = Vault::create(&path, entropy(), &password(), Cost::LEAST, world.now()).unwrap();
        let root = vault.uv_root(&password(), world.now()).unwrap();
        Self { folder, auth: Authenticator::new(vault, entropy()), root, platform: Platform::default() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("vault")
    }

    /// The process dies; another one opens the file.
    pub(crate) fn crash(self, world: &World) -> Self {
        let Self { folder, auth, root, platform } = self;
        drop((auth, root));
        let mut vault = Vault::open(&folder.path().join("vault"), entropy()).unwrap();
        vault.unlock_with_password(&password(), world.now()).unwrap();
        let root = vault.uv_root(&password(), world.now()).unwrap();
        Self { folder, auth: Authenticator::new(vault, entropy()), root, platform }
    }

    pub(crate) fn desk(&mut self) -> Approvals<'_> {
        self.auth.approvals()
    }

    pub(crate) fn known(&mut self, world: &World) -> Vec<Known> {
        self.desk().enrollments(world.now()).unwrap()
    }

    pub(crate) fn join(&mut self, ticket: &NewTicket, keys: NewKeys) -> Joining {
        let invitation = Invitation::parse(ticket.uri.expose(), false).unwrap();
        self.auth.approvals().join(invitation, device(), PushChoice::None, keys, &self.root).unwrap()
    }

    /// One step of an enrolment, its signature or request carried out: none at its end.
    pub(crate) fn walk(&mut self, world: &World, joining: &mut Joining) -> Result<(PushId, String), Error> {
        let mut reply = Reply::Begin;
        loop {
            match self.auth.approvals().next_join(joining, &self.root, reply, world.now())? {
                Joined::Done { id, digits, .. } => return Ok((id, digits)),
                Joined::Step(step) => reply = self.reply(world, &step),
            }
        }
    }

    /// The reply to a step that nobody but network and platform is needed for.
    pub(crate) fn reply(&self, world: &World, step: &Step) -> Reply {
        match step {
            Step::Send(request) => Reply::Arrived(world.send(request)),
            Step::Sign { key, message, .. } => match &key.place {
                KeyPlace::Platform(handle) => Reply::Signature(self.platform.sign(handle, message)),
                KeyPlace::Software(_) => panic!("a software key is not asked for"),
            },
            step => panic!("not {step:?}"),
        }
    }

    pub(crate) fn enroll(&mut self, world: &World, at: usize, person: &str) -> PushId {
        let ticket = world.invite(at, person);
        let mut joining = self.join(&ticket, NewKeys::Software);
        let (id, digits) = self.walk(world, &mut joining).unwrap();
        assert!(world.server(at).confirm(ticket.ticket.expose(), &digits, world.theirs()).unwrap().confirmed);
        self.poll(world, id).unwrap();
        id
    }

    /// Carries an operation out; the person types `code` and is verified by the root.
    pub(crate) fn run(&mut self, world: &World, mut operation: Operation, code: &str) -> Result<Outcome, Error> {
        let mut step = self.auth.approvals().begin(&mut operation, world.now())?;
        loop {
            let mut desk = self.auth.approvals();
            step = match step {
                Step::Done(outcome) => return Ok(outcome),
                Step::NeedsCode { .. } => desk.next(&mut operation, Reply::Code(code.to_owned()), world.now())?,
                Step::NeedsUserVerification => {
                    let by = Verification { root: Some(&self.root), by: vec![Amr::Password] };
                    desk.verified(&mut operation, by, world.now())?
                }
                step => {
                    let reply = self.reply(world, &step);
                    self.auth.approvals().next(&mut operation, reply, world.now())?
                }
            };
        }
    }

    pub(crate) fn poll(&mut self, world: &World, id: PushId) -> Result<Outcome, Error> {
        self.run(world, Operation::poll(id), "")
    }

    pub(crate) fn resend(&mut self, world: &World, id: PushId) -> Result<Outcome, Error> {
        self.run(world, Operation::resend(id), "")
    }

    /// Answers the only request of an enrolment, which was polled before.
    pub(crate) fn answer(&mut self, world: &World, id: PushId, how: Decision, code: &str) -> Result<Outcome, Error> {
        let requests = self.desk().requests(world.now()).unwrap();
        let request = requests.iter().find(|waiting| waiting.enrollment == id).unwrap().request.id;
        self.run(world, Operation::decide(id, request, how), code)
    }
}
