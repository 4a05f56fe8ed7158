//! A phone that does what the commands of `tests/protocol/README.md` say; one enrolment at one verifier. What it stores is
//! written and read back after each command.

use countersign_core::entropy::random;
use countersign_core::push::jose::{SoftwareKey, decode};
use countersign_core::push::model::{
    Action, Arrival, Code, Confirmation, Decision, HttpRequest, HttpResponse, KeyPlace, Line, Outcome, Request,
    RequestId, Step,
};
use countersign_core::push::native::Invitation;
use countersign_core::push::native::messages::{Amr, Device, Metadata, ReceiptStatus, Transport};
use countersign_core::push::native::phone::{
    Enrolled, Enrolling, Enrollment, Error, OwnKey, Progress, PushChoice, Reply, Session, Task, Verifier, Walk, Wanted,
};
use countersign_core::secret::SecretBytes;
use countersign_core::time::UnixTime;
use p256::ecdsa::signature::Signer;
use serde_json::{Map, Value, json};

use super::script::Script;

/// What waits for an answer.
enum Running {
    Enroll(Box<Walk>),
    Task { task: Box<Task>, command: Value, digits: Option<String> },
}

struct Member {
    enrollment: Enrollment,
    verifier: Verifier,
    totp: SecretBytes,
    offline: SecretBytes,
}

#[derive(Default)]
pub(crate) struct Phone {
    pub(crate) script: Script,
    es256: bool,
    device: Option<Device>,
    invited: Option<Invitation>,
    flow: Option<Enrolling>,
    member: Option<Member>,
    /// Private halves outside the state, by how the state names them.
    keys: Vec<(KeyPlace, Private)>,
    running: Option<Running>,
    sent: u64,
}

enum Private {
    Ed25519(SoftwareKey),
    P256(p256::ecdsa::SigningKey),
}

fn text<'a>(command: &'a Value, name: &str) -> &'a str {
    command[name].as_str().unwrap()
}

fn time(command: &Value, name: &str) -> UnixTime {
    UnixTime::from_seconds(command[name].as_i64().unwrap())
}

impl Phone {
    pub(crate) fn enrollment(&self) -> &Enrollment {
        &self.member.as_ref().unwrap().enrollment
    }

    pub(crate) fn secrets(&self) -> (&SecretBytes, &SecretBytes) {
        let member = self.member.as_ref().unwrap();
        (&member.totp, &member.offline)
    }

    /// Nothing was answered and nothing waits.
    pub(crate) fn answers_nothing(&self) -> bool {
        self.enrollment().history().is_empty() && !self.enrollment().is_unconfirmed()
    }

    /// All that is stored.
    pub(crate) fn state(&self) -> Vec<Vec<u8>> {
        let flow = self.flow.as_ref().map(|flow| flow.encode().to_vec());
        let member = self.member.as_ref();
        let member = member.map(|it| [it.enrollment.encode().to_vec(), it.verifier.encode().to_vec()]);
        flow.into_iter().chain(member.into_iter().flatten()).collect()
    }

    /// Metadata that an enrolment on its way has.
    pub(crate) fn known(&self) -> Option<Metadata> {
        self.flow.as_ref().and_then(|flow| flow.verifier().metadata().cloned())
    }

    /// The verifier of an enrolment that isn't there yet: what is known of it, and whether it is given up.
    pub(crate) fn flow(&self) -> (&Verifier, bool) {
        let flow = self.flow.as_ref().unwrap();
        (flow.verifier(), flow.is_over())
    }

    fn reload(&mut self) {
        if let Some(member) = &mut self.member {
            let enrollment = Enrollment::decode(&member.enrollment.encode()).unwrap();
            let verifier = Verifier::decode(&member.verifier.encode()).unwrap();
            assert!(enrollment == member.enrollment && verifier == member.verifier);
            (member.enrollment, member.verifier) = (enrollment, verifier);
        }
        if let Some(flow) = &mut self.flow {
            let bytes = flow.encode();
            *flow = Enrolling::decode(&bytes).unwrap();
            assert!(flow.encode() == bytes);
        }
    }

    pub(crate) fn answer(&mut self, command: &Value) -> Value {
        let now = time(command, "now");
        let answer = match text(command, "do") {
            "start" => {
                let member = |name| text(&command["device"], name).to_owned();
                let device =
                    Device { name: member("name"), model: member("model"), os: member("os"), app: member("app") };
                (self.device, self.es256) = (Some(device), command["alg"] == "ES256");
                json!({})
            }
            "enroll" => {
                let invitation = Invitation::parse(text(command, "uri"), false).unwrap();
                let host = invitation.base.host().to_owned();
                let shown = json!({"host": host, "name": invitation.name, "account": invitation.account});
                self.invited = Some(invitation);
                shown
            }
            "go" => {
                let wanted = Wanted {
                    verifier: None,
                    invitation: self.invited.take().unwrap(),
                    possession: self.make_key(true),
                    uv: self.make_key(false),
                    device: self.device.clone().unwrap(),
                    push: PushChoice::None,
                    attestation: None,
                };
                self.flow = Some(Enrolling::begin(wanted, &self.script).unwrap());
                self.enroll(Box::default(), Reply::Begin, now)
            }
            "receive" => self.receive(command, now),
            "offline" => {
                let member = self.member.as_mut().unwrap();
                let request = member.enrollment.scan(&member.verifier, text(command, "uri"), now).unwrap();
                json!({"request": shown(&member.enrollment, &request)})
            }
            "totp" => {
                let member = self.member.as_ref().unwrap();
                let (digits, until) = member.enrollment.totp(&member.verifier, &member.totp, now).unwrap();
                json!({"digits": digits, "valid_until": until.seconds()})
            }
            _ => {
                let task = Box::new(self.task(command, now));
                let running = Running::Task { task, command: command.clone(), digits: None };
                self.go_on(running, Reply::Begin, now)
            }
        };
        self.reload();
        answer
    }

    fn task(&mut self, command: &Value, now: UnixTime) -> Task {
        let request = || RequestId::from_bytes(decode(text(command, "request")).unwrap().try_into().unwrap());
        match text(command, "do") {
            "poll" => Task::poll(),
            "wake" => {
                let enrollment = &mut self.member.as_mut().unwrap().enrollment;
                assert!(enrollment.is_woken_by(&decode(text(command, "tag")).unwrap()) && enrollment.wake(now));
                Task::poll()
            }
            "push" => {
                let (transport, address) = (Transport::UnifiedPush, text(command, "address").to_owned());
                Task::push(PushChoice::At { transport, address })
            }
            "decide" => match text(command, "decision") {
                "approve" => Task::approve_verified(request()),
                "deny" => Task::decide(request(), Decision::Deny),
                _ => Task::decide(request(), Decision::Report),
            },
            "digits" => Task::digits(request()),
            "rotate" => Task::rotate(Some(self.make_key(true)), Some(self.make_key(false))),
            "remove" => Task::remove(),
            other => panic!("{other}"),
        }
    }

    fn make_key(&mut self, possession: bool) -> OwnKey {
        let secret: [u8; 32] = random(&self.script).unwrap();
        if self.es256 {
            let key = p256::ecdsa::SigningKey::from_slice(&secret).unwrap();
            let handle = self.keys.len().to_be_bytes().to_vec();
            let own = OwnKey::platform(key.verifying_key().to_sec1_point(false).as_bytes(), handle.clone(), false);
            self.keys.push((KeyPlace::Platform(handle), Private::P256(key)));
            return own.unwrap();
        }
        let key = SoftwareKey::from_secret(&secret);
        if possession {
            return OwnKey::of(&key);
        }
        let own = OwnKey::apart(key.public());
        self.keys.push((KeyPlace::Software(own.thumbprint()), Private::Ed25519(key)));
        own
    }

    fn sign(&self, place: &KeyPlace, message: &[u8]) -> Vec<u8> {
        match &self.keys.iter().find(|(known, _)| known == place).unwrap().1 {
            Private::Ed25519(key) => key.sign(message).to_vec(),
            Private::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
        }
    }

    fn receive(&mut self, command: &Value, now: UnixTime) -> Value {
        assert_eq!(command["id"], self.sent);
        let status = u16::try_from(command["status"].as_u64().unwrap()).unwrap();
        let response = HttpResponse::new(status, text(command, "body").as_bytes().to_vec());
        let arrival = Arrival { sent: time(command, "sent"), received: time(command, "received"), response };
        match self.running.take().unwrap() {
            Running::Enroll(walk) => self.enroll(walk, Reply::Arrived(arrival), now),
            task @ Running::Task { .. } => self.go_on(task, Reply::Arrived(arrival), now),
        }
    }

    fn enroll(&mut self, mut walk: Box<Walk>, mut reply: Reply, now: UnixTime) -> Value {
        loop {
            let mut flow = self.flow.take().unwrap();
            let progress = flow.next(&mut walk, now, &self.script, reply);
            match progress {
                Ok(Progress::Step(Step::Sign { key, message, .. })) => {
                    let own = walk.own_signature(&flow);
                    reply = Reply::Signature(own.unwrap_or_else(|| self.sign(&key.place, &message)));
                    self.flow = Some(flow);
                }
                Ok(Progress::Step(Step::Send(request))) => {
                    self.flow = Some(flow);
                    return self.send(Running::Enroll(walk), &request, Map::new());
                }
                Ok(Progress::Step(step)) => panic!("{step:?}"),
                Ok(Progress::Done(enrolled)) => return self.enrolled(*enrolled),
                Err(error) => {
                    self.flow = Some(flow);
                    return failed(error);
                }
            }
        }
    }

    fn enrolled(&mut self, enrolled: Enrolled) -> Value {
        let Enrolled { enrollment, verifier, totp, offline, hint_differs } = enrolled;
        let shown = json!({
            "enrollment": enrollment.id().as_str(),
            "u": verifier.base().as_str(),
            "name": verifier.name(),
            "account": enrollment.account(),
            "status": enrollment.status().name(),
            "totp": enrollment.has_totp(),
            "offset": verifier.offset_millis().map(|millis| millis / 1000),
            "seq": verifier.metadata().map(|metadata| metadata.sequence),
            "muted_until": 0,
            "digits": enrollment.confirmation(),
            "hint_differs": hint_differs,
        });
        self.member = Some(Member { enrollment, verifier, totp: totp.unwrap(), offline });
        shown
    }

    fn go_on(&mut self, running: Running, mut reply: Reply, now: UnixTime) -> Value {
        let Running::Task { mut task, command, mut digits } = running else { panic!() };
        let mut more = Map::new();
        loop {
            let mut member = self.member.take().unwrap();
            let Member { enrollment, verifier, offline, .. } = &mut member;
            let step = task.next(Session { enrollment, verifier, now, entropy: &self.script }, reply);
            let key = offline.clone();
            self.member = Some(member);
            reply = match step {
                Ok(Step::Sign { key, message, .. }) => {
                    let own = task.own_signature();
                    Reply::Signature(own.unwrap_or_else(|| self.sign(&key.place, &message)))
                }
                Ok(Step::Send(request)) => return self.send(Running::Task { task, command, digits }, &request, more),
                Ok(Step::NeedsCode { .. }) => Reply::Code(text(&command, "code").to_owned()),
                Ok(Step::NeedsUserVerification) if command["do"] == "digits" => Reply::OfflineKey(key),
                Ok(Step::NeedsUserVerification) => Reply::Verified(vec![Amr::Pin]),
                Ok(Step::ShowCode { digits: shown, .. }) => {
                    more.insert("digits".into(), json!(shown));
                    digits = Some(shown);
                    Reply::Shown
                }
                Ok(Step::Done(outcome)) => {
                    let mut done = self.done(outcome, now);
                    if let Some(digits) = digits {
                        done["digits"] = json!(digits);
                    }
                    return done;
                }
                Ok(Step::ChooseCode { .. }) => panic!("there is nothing to choose"),
                Err(error) => return failed(error),
            };
        }
    }

    fn done(&self, outcome: Outcome, now: UnixTime) -> Value {
        match outcome {
            Outcome::Polled { status, refused, .. } => {
                let Member { enrollment, verifier, .. } = self.member.as_ref().unwrap();
                let requests = enrollment.requests(verifier, now);
                let requests: Vec<_> = requests.iter().map(|request| shown(enrollment, request)).collect();
                json!({"status": status.name(), "refused": refused, "requests": requests})
            }
            Outcome::Changed { status } => json!({"status": status.name()}),
            Outcome::Answered(entry) => match entry.confirmation {
                Confirmation::Receipt(ReceiptStatus::WrongCode { attempts_left }) => {
                    json!({"receipt": "wrong_code", "attempts_left": attempts_left})
                }
                Confirmation::Receipt(status) => json!({"receipt": status.name()}),
                other => panic!("{other:?}"),
            },
            Outcome::Nothing => panic!("nothing"),
        }
    }

    fn send(&mut self, running: Running, request: &HttpRequest, mut more: Map<String, Value>) -> Value {
        self.sent += 1;
        self.running = Some(running);
        let (method, proof) = (request.method.name(), request.header("Proof"));
        let body = std::str::from_utf8(&request.body).unwrap();
        let send = json!({"id": self.sent, "method": method, "url": request.url, "proof": proof, "body": body});
        more.insert("send".into(), send);
        Value::Object(more)
    }
}

fn failed(error: Error) -> Value {
    json!({"error": match error {
        Error::Network => "network".to_owned(),
        Error::Refused(_) => "refused".to_owned(),
        other => format!("{other:?}"),
    }})
}

fn shown(enrollment: &Enrollment, request: &Request) -> Value {
    let (action, application) = match &request.action {
        Action::SignIn { application } => ("sign-in", application),
        Action::Transaction { application } => ("transaction", application),
        Action::Question(_) => panic!("a question of another protocol"),
    };
    let mut context: Map<_, _> = application.iter().map(|text| ("application".to_owned(), json!(text))).collect();
    context.extend(request.context.iter().map(|line| {
        let (name, value) = match line {
            Line::Client(value) => ("client", value),
            Line::Address(value) => ("address", value),
            Line::Location(value) => ("location", value),
            Line::Time(value) => ("time", value),
        };
        (name.to_owned(), json!(value))
    }));
    let Code::Digits(digits) = request.needs.code else { panic!("a request without digits") };
    let details = request.details.iter().map(|detail| json!({"label": detail.label, "value": detail.value}));
    json!({
        "request": request.id.to_string(),
        "enrollment": enrollment.id().as_str(),
        "name": request.server,
        "account": request.account,
        "action": action,
        "context": context,
        "details": details.collect::<Vec<_>>(),
        "uv": request.needs.user_verification,
        "digits": digits,
        "exp": request.expires.seconds(),
        "offline": request.by_picture,
    })
}
