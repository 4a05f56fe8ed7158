//! The phone's half of the push protocol, driven from outside: `tests/protocol/README.md`, "The phone".
//!
//! JSON lines in, JSON lines out. Every state is written to its stored form and read back after each command, so that what
//! the driver tests show holds for a phone that is stopped at any moment, too.

use std::collections::{HashMap, VecDeque};
use std::error::Error as StdError;
use std::io::{BufRead, Write};
use std::sync::Mutex;

use countersign_core::entropy::{Entropy, EntropyError, SystemEntropy, random};
use countersign_core::push::jose::{SoftwareKey, Thumbprint, decode};
use countersign_core::push::model::{
    Action, Arrival, Code, Confirmation, Decision, HttpRequest, HttpResponse, KeyHandle, KeyPlace, Line, Outcome,
    Request, RequestId, Step,
};
use countersign_core::push::native::Invitation;
use countersign_core::push::native::messages::{Amr, Device, ReceiptStatus, Transport};
use countersign_core::push::native::phone::{
    Enrolled, Enrolling, Enrollment, Error, OwnKey, Progress, PushChoice, Reply, Session, Task, Verifier, Walk, Wanted,
};
use countersign_core::secret::SecretBytes;
use countersign_core::time::UnixTime;
use p256::ecdsa::signature::Signer;
use serde_json::{Map, Value, json};

type Failure = Box<dyn StdError>;

fn main() -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let mut driver = None;
    for line in std::io::stdin().lock().lines() {
        let command = Command(serde_json::from_str(&line?)?);
        let answer = if command.text("do")? == "start" {
            driver = Some(Driver::start(&command)?);
            json!({})
        } else {
            match &mut driver {
                Some(driver) => {
                    driver.run(&command).unwrap_or_else(|error| json!({"error": "usage", "why": error.to_string()}))
                }
                None => json!({"error": "not_started"}),
            }
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

struct Command(Value);

impl Command {
    fn maybe(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Result<&str, Failure> {
        Ok(self.maybe(name).and_then(Value::as_str).ok_or_else(|| format!("no {name}"))?)
    }

    fn flag(&self, name: &str) -> bool {
        self.maybe(name).and_then(Value::as_bool).unwrap_or(false)
    }

    fn number(&self, name: &str) -> Result<i64, Failure> {
        Ok(self.maybe(name).and_then(Value::as_i64).ok_or_else(|| format!("no {name}"))?)
    }

    fn now(&self) -> Result<UnixTime, Failure> {
        self.number("now").map(UnixTime::from_seconds)
    }

    fn request(&self) -> Result<RequestId, Failure> {
        let bytes = decode(self.text("request")?).and_then(|bytes| bytes.try_into().ok());
        Ok(RequestId::from_bytes(bytes.ok_or("no request")?))
    }
}

/// The bytes that a command brings along (`entropy`: `[{"hex"}]`), in order; the system's where it brings none.
#[derive(Default)]
struct Fed(Mutex<VecDeque<Vec<u8>>>, SystemEntropy);

impl Fed {
    fn feed(&self, command: &Command) -> Result<(), Failure> {
        let mut queue = self.0.lock().map_err(|_| "lock")?;
        for draw in command.maybe("entropy").and_then(Value::as_array).into_iter().flatten() {
            let hex = draw.get("hex").and_then(Value::as_str).ok_or("no hex")?;
            queue.push_back(data_encoding::HEXLOWER.decode(hex.as_bytes())?);
        }
        Ok(())
    }
}

impl Entropy for Fed {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        match self.0.lock().map_err(|_| EntropyError)?.pop_front() {
            Some(bytes) if bytes.len() == buffer.len() => {
                buffer.copy_from_slice(&bytes);
                Ok(())
            }
            Some(_) => Err(EntropyError),
            None => self.1.fill(buffer),
        }
    }
}

/// A private key outside the engine.
enum Private {
    Ed25519(SoftwareKey),
    P256(p256::ecdsa::SigningKey),
}

/// What an enrolment has beside its state.
struct Member {
    enrollment: Enrollment,
    /// Index of its verifier.
    at: usize,
    totp: Option<SecretBytes>,
    offline: SecretBytes,
}

/// An operation that waits for the network.
enum Running {
    Enroll(Walk),
    Task { id: String, task: Box<Task>, uv: bool, code: Option<String>, polls: bool, shown: Option<String> },
}

struct Driver {
    es256: bool,
    hardware: bool,
    ways: Vec<Amr>,
    device: Device,
    loopback: bool,
    entropy: Fed,
    /// Platform and user-verification keys, by handle or thumbprint.
    keys: HashMap<Vec<u8>, Private>,
    verifiers: Vec<Verifier>,
    members: Vec<Member>,
    invited: Option<Invitation>,
    flow: Option<Enrolling>,
    running: HashMap<i64, Running>,
    last: i64,
}

impl Driver {
    fn start(command: &Command) -> Result<Self, Failure> {
        let device = Command(command.maybe("device").cloned().ok_or("no device")?);
        let member = |name| device.text(name).map(str::to_owned);
        let amr: Vec<String> = match command.maybe("amr") {
            Some(amr) => serde_json::from_value(amr.clone())?,
            None => vec!["swk".into(), "pin".into()],
        };
        let known = [Amr::Pin, Amr::Password, Amr::Fingerprint, Amr::Face];
        Ok(Self {
            es256: command.text("alg")? == "ES256",
            hardware: amr.iter().any(|amr| amr == "hwk"),
            ways: known.into_iter().filter(|way| amr.iter().any(|amr| amr == way.name())).collect(),
            device: Device { name: member("name")?, model: member("model")?, os: member("os")?, app: member("app")? },
            loopback: command.flag("allow_loopback_http"),
            entropy: Fed::default(),
            keys: HashMap::new(),
            verifiers: Vec::new(),
            members: Vec::new(),
            invited: None,
            flow: None,
            running: HashMap::new(),
            last: 0,
        })
    }

    fn run(&mut self, command: &Command) -> Result<Value, Failure> {
        let now = command.now()?;
        self.entropy.feed(command)?;
        self.members.retain(|member| !member.enrollment.is_forgotten(now));
        let answer = self.answer(command, now)?;
        self.reload()?;
        Ok(answer)
    }

    /// What is stored is all that counts.
    fn reload(&mut self) -> Result<(), Failure> {
        for verifier in &mut self.verifiers {
            let read = Verifier::decode(&verifier.encode())?;
            if read != *verifier {
                return Err("a verifier reads otherwise than it was written".into());
            }
            *verifier = read;
        }
        for member in &mut self.members {
            let read = Enrollment::decode(&member.enrollment.encode())?;
            if read != member.enrollment {
                return Err("an enrolment reads otherwise than it was written".into());
            }
            member.enrollment = read;
        }
        if let Some(flow) = &mut self.flow {
            let bytes = flow.encode();
            *flow = Enrolling::decode(&bytes)?;
            if flow.encode() != bytes {
                return Err("an enrolling reads otherwise than it was written".into());
            }
        }
        Ok(())
    }

    fn answer(&mut self, command: &Command, now: UnixTime) -> Result<Value, Failure> {
        match command.text("do")? {
            "enroll" => Ok(self.invitation(command)),
            "go" => self.go(now),
            "receive" => self.receive(command, now),
            "resend" if command.maybe("enrollment").is_none() => match self.flow {
                Some(_) => self.enroll(Walk::default(), Reply::Begin, now),
                None => Ok(json!({"nothing": true})),
            },
            "requests" => Ok(json!({"requests": self.requests(now)})),
            "list" => Ok(
                json!({"enrollments": self.members.iter().map(|member| self.described(member, now)).collect::<Vec<_>>()}),
            ),
            "history" => Ok(self.history()),
            "wake" => self.wake(command, now),
            "offline" => Ok(self.scan(command, now)?),
            "decide" => self.decide(command, now),
            "digits" => self.of_request(command, Task::digits(command.request()?), now),
            "totp" => self.totp(command, now),
            "poll" => self.of_enrollment(command, Task::poll(), now),
            "resend" => self.of_enrollment(command, Task::resend(), now),
            "remove" => self.of_enrollment(command, Task::remove(), now),
            "push" => {
                let choice = push_choice(command)?;
                self.of_enrollment(command, Task::push(choice), now)
            }
            "rotate" => {
                if !command.flag("uv") {
                    return Ok(json!({"error": "uv_needed"}));
                }
                let possession = command.flag("possession").then(|| self.make_key(true)).transpose()?;
                let uv = command.flag("uv_key").then(|| self.make_key(false)).transpose()?;
                self.of_enrollment(command, Task::rotate(possession, uv), now)
            }
            _ => Ok(json!({"error": "unknown_command"})),
        }
    }

    fn invitation(&mut self, command: &Command) -> Value {
        self.invited = None;
        match command.text("uri").map(|uri| Invitation::parse(uri, self.loopback)) {
            Ok(Ok(invitation)) => {
                let shown =
                    json!({"host": invitation.base.host(), "name": invitation.name, "account": invitation.account});
                self.invited = Some(invitation);
                shown
            }
            Ok(Err(error)) => json!({"error": "bad_invitation", "why": error.to_string()}),
            Err(_) => json!({"error": "bad_invitation"}),
        }
    }

    /// A new key; a possession key in software stands in the state itself.
    fn make_key(&mut self, possession: bool) -> Result<OwnKey, Failure> {
        if self.es256 {
            let key = p256::ecdsa::SigningKey::from_slice(&random::<32>(&self.entropy)?)?;
            let handle = self.keys.len().to_be_bytes().to_vec();
            let sec1 = key.verifying_key().to_sec1_point(false);
            let own = OwnKey::platform(sec1.as_bytes(), handle.clone(), self.hardware)?;
            self.keys.insert(handle, Private::P256(key));
            return Ok(own);
        }
        let key = SoftwareKey::make(&self.entropy)?;
        if possession {
            return Ok(OwnKey::of(&key));
        }
        let own = OwnKey::apart(key.public());
        self.keys.insert(own.thumbprint().to_bytes().to_vec(), Private::Ed25519(key));
        Ok(own)
    }

    fn sign(&self, key: &KeyHandle, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let name = match &key.place {
            KeyPlace::Software(thumbprint) => Thumbprint::to_bytes(*thumbprint).to_vec(),
            KeyPlace::Platform(handle) => handle.clone(),
        };
        Ok(match self.keys.get(&name).ok_or("no such key")? {
            Private::Ed25519(key) => key.sign(message).to_vec(),
            Private::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
        })
    }

    fn go(&mut self, now: UnixTime) -> Result<Value, Failure> {
        let Some(invitation) = self.invited.take() else { return Ok(json!({"error": "bad_invitation"})) };
        let of_this = |known: &&Verifier| *known.base() == invitation.base && known.identity() == invitation.identity;
        let wanted = Wanted {
            verifier: self.verifiers.iter().find(of_this).cloned(),
            invitation,
            possession: self.make_key(true)?,
            uv: self.make_key(false)?,
            device: self.device.clone(),
            push: PushChoice::None,
            attestation: None,
        };
        self.flow = Some(Enrolling::begin(wanted, &self.entropy)?);
        self.enroll(Walk::default(), Reply::Begin, now)
    }

    fn enroll(&mut self, mut walk: Walk, mut reply: Reply, now: UnixTime) -> Result<Value, Failure> {
        loop {
            let flow = self.flow.as_mut().ok_or("nothing is being enrolled")?;
            match flow.next(&mut walk, now, &self.entropy, reply) {
                Ok(Progress::Step(Step::Sign { key, message, .. })) => {
                    reply = Reply::Signature(match walk.own_signature(flow) {
                        Some(signature) => signature,
                        None => self.sign(&key, &message)?,
                    });
                }
                Ok(Progress::Step(Step::Send(request))) => {
                    return self.send(Running::Enroll(walk), &request, Map::new());
                }
                Ok(Progress::Step(_)) => return Err("an enrolment needs something else".into()),
                Ok(Progress::Done(enrolled)) => return self.enrolled(*enrolled, now),
                Err(error) => {
                    if flow.is_over() {
                        self.flow = None;
                    }
                    return Ok(failed(error));
                }
            }
        }
    }

    fn enrolled(&mut self, enrolled: Enrolled, now: UnixTime) -> Result<Value, Failure> {
        let Enrolled { enrollment, verifier, totp, offline, hint_differs } = enrolled;
        if self.members.iter().any(|member| member.enrollment.id() == enrollment.id()) {
            return Ok(json!({"error": "refused", "why": "an id that is there already"}));
        }
        self.flow = None;
        let known = self.verifiers.iter().position(|known| enrollment.is_at(known));
        let at = known.unwrap_or(self.verifiers.len());
        match self.verifiers.get_mut(at) {
            Some(known) => known.learn(&verifier),
            None => self.verifiers.push(verifier),
        }
        let digits = enrollment.confirmation().map(str::to_owned);
        self.members.push(Member { enrollment, at, totp, offline });
        let member = self.members.last().ok_or("no enrolment")?;
        let mut shown = self.described(member, now);
        let object = shown.as_object_mut().ok_or("no object")?;
        object.insert("digits".into(), json!(digits));
        object.insert("hint_differs".into(), json!(hint_differs));
        Ok(shown)
    }

    fn receive(&mut self, command: &Command, now: UnixTime) -> Result<Value, Failure> {
        let running = self.running.remove(&command.number("id")?).ok_or("no such exchange")?;
        let status = u16::try_from(command.number("status")?)?;
        let body = command.maybe("body").and_then(Value::as_str).unwrap_or_default();
        let arrival = Arrival {
            sent: UnixTime::from_seconds(command.number("sent")?),
            received: UnixTime::from_seconds(command.number("received")?),
            response: if status == 0 { None } else { HttpResponse::new(status, body.as_bytes().to_vec()) },
        };
        match running {
            Running::Enroll(walk) => self.enroll(walk, Reply::Arrived(arrival), now),
            task @ Running::Task { .. } => self.go_on(task, Reply::Arrived(arrival), now),
        }
    }

    fn member(&self, id: &str) -> Option<usize> {
        self.members.iter().position(|member| member.enrollment.id().as_str() == id)
    }

    fn of_enrollment(&mut self, command: &Command, task: Task, now: UnixTime) -> Result<Value, Failure> {
        let id = command.text("enrollment")?.to_owned();
        if self.member(&id).is_none() {
            return Ok(json!({"error": "unknown"}));
        }
        let polls = command.text("do")? == "poll";
        let (task, uv) = (Box::new(task), command.flag("uv"));
        self.go_on(Running::Task { id, task, uv, code: None, polls, shown: None }, Reply::Begin, now)
    }

    fn of_request(&mut self, command: &Command, task: Task, now: UnixTime) -> Result<Value, Failure> {
        let request = command.request()?;
        let Some(member) = self.members.iter().find(|member| member.enrollment.knows(request)) else {
            return Ok(json!({"error": "unknown_request"}));
        };
        let id = member.enrollment.id().to_string();
        let code = command.maybe("code").and_then(Value::as_str).map(str::to_owned);
        let polls = command.text("do")? == "digits";
        let (task, uv) = (Box::new(task), command.flag("uv"));
        self.go_on(Running::Task { id, task, uv, code, polls, shown: None }, Reply::Begin, now)
    }

    fn decide(&mut self, command: &Command, now: UnixTime) -> Result<Value, Failure> {
        let request = command.request()?;
        let task = match command.text("decision")? {
            "approve" if command.flag("uv") => Task::approve_verified(request),
            "approve" => Task::decide(request, Decision::Approve),
            "deny" => Task::decide(request, Decision::Deny),
            _ => Task::decide(request, Decision::Report),
        };
        self.of_request(command, task, now)
    }

    fn wake(&mut self, command: &Command, now: UnixTime) -> Result<Value, Failure> {
        let tag = decode(command.text("tag")?).ok_or("no tag")?;
        let Some(member) = self.members.iter_mut().find(|member| member.enrollment.is_woken_by(&tag)) else {
            return Ok(json!({"ignored": true}));
        };
        if !member.enrollment.wake(now) {
            return Ok(json!({"ignored": true}));
        }
        let id = member.enrollment.id().to_string();
        let task = Box::new(Task::poll());
        self.go_on(Running::Task { id, task, uv: false, code: None, polls: true, shown: None }, Reply::Begin, now)
    }

    fn go_on(&mut self, running: Running, mut reply: Reply, now: UnixTime) -> Result<Value, Failure> {
        let Running::Task { id, mut task, uv, code, polls, mut shown } = running else { return Err("no task".into()) };
        let mut more = Map::new();
        loop {
            let at = self.member(&id).ok_or("the enrolment is gone")?;
            let member = self.members.get_mut(at).ok_or("no enrolment")?;
            let verifier = self.verifiers.get_mut(member.at).ok_or("no verifier")?;
            let session = Session { enrollment: &mut member.enrollment, verifier, now, entropy: &self.entropy };
            reply = match task.next(session, reply) {
                Ok(Step::Sign { key, message, .. }) => Reply::Signature(match task.own_signature() {
                    Some(signature) => signature,
                    None => self.sign(&key, &message)?,
                }),
                Ok(Step::Send(request)) => {
                    return self.send(Running::Task { id, task, uv, code, polls, shown }, &request, more);
                }
                Ok(Step::NeedsCode { .. }) => Reply::Code(code.clone().unwrap_or_default()),
                Ok(Step::NeedsUserVerification) if !uv => return Ok(json!({"error": "uv_needed"})),
                Ok(Step::NeedsUserVerification) if polls => Reply::OfflineKey(member.offline.clone()),
                Ok(Step::NeedsUserVerification) => Reply::Verified(self.ways.clone()),
                Ok(Step::ShowCode { digits, .. }) => {
                    more.insert("digits".into(), json!(digits));
                    shown = Some(digits);
                    Reply::Shown
                }
                Ok(Step::Done(outcome)) => {
                    let mut done = self.done(at, outcome, now);
                    if let (Some(digits), Some(object)) = (shown, done.as_object_mut()) {
                        object.insert("digits".into(), json!(digits));
                    }
                    return Ok(done);
                }
                Ok(Step::ChooseCode { .. }) => return Err("there is nothing to choose".into()),
                Err(error) => return Ok(failed(error)),
            };
        }
    }

    fn done(&self, at: usize, outcome: Outcome, now: UnixTime) -> Value {
        match outcome {
            Outcome::Polled { status, refused, .. } => {
                json!({"status": status.name(), "refused": refused, "requests": self.requests_of(at, now)})
            }
            Outcome::Changed { status } => json!({"status": status.name()}),
            Outcome::Nothing => json!({"nothing": true}),
            Outcome::Answered(entry) => match entry.confirmation {
                Confirmation::Receipt(ReceiptStatus::WrongCode { attempts_left }) => {
                    json!({"receipt": "wrong_code", "attempts_left": attempts_left})
                }
                Confirmation::Receipt(status) => json!({"receipt": status.name()}),
                _ => json!({"receipt": null}),
            },
        }
    }

    fn send(
        &mut self,
        running: Running,
        request: &HttpRequest,
        mut more: Map<String, Value>,
    ) -> Result<Value, Failure> {
        self.last += 1;
        self.running.insert(self.last, running);
        let send = json!({
            "id": self.last,
            "method": request.method.name(),
            "url": request.url,
            "proof": request.header("Proof"),
            "body": std::str::from_utf8(&request.body)?,
        });
        more.insert("send".into(), send);
        Ok(Value::Object(more))
    }

    fn requests(&self, now: UnixTime) -> Vec<Value> {
        (0..self.members.len()).flat_map(|at| self.requests_of(at, now)).collect()
    }

    fn requests_of(&self, at: usize, now: UnixTime) -> Vec<Value> {
        let Some(member) = self.members.get(at) else { return Vec::new() };
        let Some(verifier) = self.verifiers.get(member.at) else { return Vec::new() };
        let requests = member.enrollment.requests(verifier, now);
        requests.iter().map(|request| shown(&member.enrollment, request)).collect()
    }

    fn scan(&mut self, command: &Command, now: UnixTime) -> Result<Value, Failure> {
        let uri = command.text("uri")?;
        let mut error = "bad_challenge";
        for member in &mut self.members {
            let verifier = self.verifiers.get(member.at).ok_or("no verifier")?;
            match member.enrollment.scan(verifier, uri, now) {
                Ok(request) => return Ok(json!({"request": shown(&member.enrollment, &request)})),
                Err(Error::NotActive) => error = "not_active",
                Err(_) => {}
            }
        }
        Ok(json!({"error": error}))
    }

    fn totp(&self, command: &Command, now: UnixTime) -> Result<Value, Failure> {
        let id = command.text("enrollment")?;
        let Some(member) = self.member(id).and_then(|at| self.members.get(at)) else {
            return Ok(json!({"error": "unknown"}));
        };
        let verifier = self.verifiers.get(member.at).ok_or("no verifier")?;
        let seed = member.totp.clone().unwrap_or_default();
        Ok(match member.enrollment.totp(verifier, &seed, now) {
            Ok((digits, until)) => json!({"digits": digits, "valid_until": until.seconds()}),
            Err(error) => failed(error),
        })
    }

    fn described(&self, member: &Member, now: UnixTime) -> Value {
        let enrollment = &member.enrollment;
        let Some(verifier) = self.verifiers.get(member.at) else { return Value::Null };
        // In whole seconds, as the drivers tell it: half a second is the later one's.
        let offset = verifier.offset_millis().map(|millis| -(-millis).div_euclid(1000));
        json!({
            "enrollment": enrollment.id().as_str(),
            "u": verifier.base().as_str(),
            "name": verifier.name(),
            "account": enrollment.account(),
            "status": enrollment.status().name(),
            "totp": enrollment.has_totp(),
            "offset": offset,
            "seq": verifier.metadata().map(|metadata| metadata.sequence),
            "muted_until": verifier.guard().muted_until(now).map_or(0, UnixTime::seconds),
        })
    }

    fn history(&self) -> Value {
        let mut all: Vec<_> = self
            .members
            .iter()
            .flat_map(|member| member.enrollment.history().iter().map(move |entry| (member.enrollment.id(), entry)))
            .collect();
        all.sort_by_key(|(_, entry)| entry.at);
        let receipt = |confirmation| match confirmation {
            Confirmation::Unconfirmed | Confirmation::GivenUp => Value::Null,
            Confirmation::ByDigits => json!("offline"),
            Confirmation::Receipt(status) => json!(ReceiptStatus::name(status)),
        };
        let entry = |(id, entry): (_, &countersign_core::push::model::HistoryEntry)| {
            json!({
                "enrollment": ToString::to_string(id),
                "request": entry.request.to_string(),
                "decision": entry.decision.name(),
                "receipt": receipt(entry.confirmation),
            })
        };
        json!({"history": all.into_iter().map(entry).collect::<Vec<_>>()})
    }
}

fn push_choice(command: &Command) -> Result<PushChoice, Failure> {
    let transport = match command.text("transport")? {
        "none" => return Ok(PushChoice::None),
        "unifiedpush" => Transport::UnifiedPush,
        "fcm" => Transport::Fcm,
        _ => Transport::Apns,
    };
    Ok(PushChoice::At { transport, address: command.text("address")?.to_owned() })
}

fn shown(enrollment: &Enrollment, request: &Request) -> Value {
    let mut context = Map::new();
    let (action, application) = match &request.action {
        Action::SignIn { application } => ("sign-in", application.as_ref()),
        Action::Transaction { application } => ("transaction", application.as_ref()),
        Action::Question(_) => ("question", None),
    };
    if let Some(application) = application {
        context.insert("application".into(), json!(application));
    }
    for line in &request.context {
        let (name, value) = match line {
            Line::Client(value) => ("client", value),
            Line::Address(value) => ("address", value),
            Line::Location(value) => ("location", value),
            Line::Time(value) => ("time", value),
        };
        context.insert(name.into(), json!(value));
    }
    let digits = if let Code::Digits(digits) = request.needs.code { digits } else { 0 };
    let details: Vec<_> =
        request.details.iter().map(|detail| json!({"label": detail.label, "value": detail.value})).collect();
    json!({
        "request": request.id.to_string(),
        "enrollment": enrollment.id().as_str(),
        "name": request.server,
        "account": request.account,
        "action": action,
        "context": context,
        "details": details,
        "uv": request.needs.user_verification,
        "digits": digits,
        "exp": request.expires.seconds(),
        "offline": request.by_picture,
    })
}

fn failed(error: Error) -> Value {
    let code = match error {
        Error::Network => "network",
        Error::Refused(_) => "refused",
        Error::Verifier(code) => return json!({"error": "verifier", "code": code.name()}),
        Error::HardwareNeeded => "unsupported",
        Error::UnknownRequest => "unknown_request",
        Error::Expired => "expired",
        Error::HeldBack => "held_back",
        Error::NotActive => "not_active",
        Error::Code => "code_needed",
        Error::NoTotp => "no_totp",
        Error::Address | Error::Signature | Error::Keys | Error::OutOfStep | Error::Entropy(_) | Error::Unreadable => {
            "usage"
        }
    };
    json!({"error": code, "why": error.to_string()})
}
