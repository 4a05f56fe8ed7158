//! A verifier that does what the commands of `tests/protocol/README.md` say.

use std::sync::Arc;

use countersign_core::push::jose::{PublicKey, SoftwareKey};
use countersign_core::push::native::BaseUrl;
use countersign_core::push::native::messages::{AccountName, Action, Context, Detail, EnrollmentId};
use countersign_core::time::UnixTime;
use countersign_verifier::store::{Kind, MemoryStore, Store};
use countersign_verifier::{
    Config, Identity, KeyId, KeyRing, Page, Profile, Question, Request, SignInState, Typed, Verifier, WakeUp,
};
use serde_json::{Value, json};

use super::script::Script;

#[derive(Default)]
pub(crate) struct Half {
    pub(crate) script: Script,
    /// Who the verifier is and which key signs, handed in by the story.
    pub(crate) identity: Option<[u8; 32]>,
    pub(crate) online: Option<PublicKey>,
    verifier: Option<Verifier<Arc<MemoryStore>>>,
    store: Arc<MemoryStore>,
    wake_ups: Vec<WakeUp>,
}

fn text<'a>(command: &'a Value, name: &str) -> &'a str {
    command[name].as_str().unwrap()
}

fn time(command: &Value) -> UnixTime {
    UnixTime::from_seconds(command["now"].as_i64().unwrap())
}

fn flag(command: &Value, name: &str) -> bool {
    command[name].as_bool().unwrap()
}

impl Half {
    fn verifier(&self) -> &Verifier<Arc<MemoryStore>> {
        self.verifier.as_ref().unwrap()
    }

    pub(crate) fn tend(&self, command: &Value) {
        self.verifier().tend(time(command)).unwrap();
    }

    /// All rows with their versions, and all events.
    pub(crate) fn stored(&self) -> Vec<String> {
        let rows = Kind::ALL.into_iter().flat_map(|kind| {
            let rows = self.store.scan(kind, None, usize::MAX).unwrap().into_iter();
            rows.map(move |(id, row)| format!("{kind:?} {id:?} {:?} {:?}", row.version, row.bytes))
        });
        let events = self.store.events(0, usize::MAX).unwrap();
        rows.chain(events.iter().map(|event| format!("{event:?}"))).collect()
    }

    fn start(&mut self, command: &Value) -> Value {
        let mut config = Config::new(BaseUrl::parse(text(command, "u"), false).unwrap());
        config.totp = flag(command, "totp");
        let profile = Profile {
            name: text(command, "name").to_owned(),
            require_uv: flag(command, "uv"),
            require_hardware: flag(command, "hardware"),
        };
        let identity = Identity::Held(SoftwareKey::from_secret(&self.identity.unwrap()));
        let (ring, entropy) = (KeyRing::new(KeyId(1), [1; 32]).unwrap(), Box::new(self.script.clone()));
        let verifier = Verifier::open_with(Arc::clone(&self.store), ring, config, identity, &profile, entropy);
        let verifier = self.verifier.insert(verifier.unwrap());
        json!({"k": verifier.identity().to_string()})
    }

    pub(crate) fn answer(&mut self, command: &Value) -> Value {
        let now = time(command);
        if command["do"] == "start" {
            return self.start(command);
        }
        self.tend(command);
        let verifier = self.verifier();
        match text(command, "do") {
            "invite" => {
                let (id, name) = (text(&command["account"], "id"), text(&command["account"], "name"));
                let account = AccountName { id: id.to_owned(), name: name.to_owned() };
                let ticket = verifier.invite(&account, now).unwrap();
                json!({"uri": ticket.uri.expose(), "ticket": ticket.ticket.expose()})
            }
            "http" => self.http(command, now),
            "confirm" => {
                let it = verifier.confirm(text(command, "ticket"), text(command, "digits"), now).unwrap();
                json!({"confirmed": it.confirmed, "tries_left": it.tries_left, "enrollment": it.enrollment.as_str()})
            }
            "sign_in" => {
                let (account, session) = (text(command, "account"), text(command, "session"));
                let page = verifier.sign_in(account, session, &question(command), now).unwrap();
                self.page(page)
            }
            "wake_ups" => {
                let told = std::mem::take(&mut self.wake_ups).into_iter().map(|wake_up| {
                    let push: Value = serde_json::from_str(&wake_up.address.to_json()).unwrap();
                    json!({"enrollment": wake_up.enrollment.as_str(), "transport": push["transport"],
                        "address": push["address"], "tag": push["tag"]})
                });
                json!({"wake_ups": told.collect::<Vec<_>>()})
            }
            "redeem" => {
                let it = verifier.redeem(text(command, "sign_in"), now).unwrap();
                json!({"redeemed": true, "uv": it.uv, "hardware": it.hardware})
            }
            "offline" => {
                let secret = text(command, "sign_in");
                let typed = verifier.offline(secret, text(command, "digits"), now).unwrap();
                typed_code(typed, verifier.status(secret, now).unwrap())
            }
            "totp" => {
                let secret = text(command, "sign_in");
                let typed = verifier.totp(secret, text(command, "digits"), now).unwrap();
                typed_code(typed, verifier.status(secret, now).unwrap())
            }
            "rotate_online_keys" => {
                let (kid, sequence) = verifier.rotate_online_keys(flag(command, "compromised"), now).unwrap();
                json!({"kid": kid.to_string(), "seq": sequence})
            }
            "release" => {
                let id = EnrollmentId::parse(text(command, "enrollment")).unwrap();
                json!({"status": verifier.release(&id, now).unwrap().name()})
            }
            other => panic!("{other}"),
        }
    }

    fn http(&self, command: &Value, now: UnixTime) -> Value {
        let proof: Vec<_> = match &command["proof"] {
            Value::Array(proofs) => proofs.iter().filter_map(Value::as_str).collect(),
            proof => proof.as_str().into_iter().collect(),
        };
        let (method, path, body) = (text(command, "method"), text(command, "path"), text(command, "body"));
        let reply = self.verifier().handle(&Request { method, path, proof: &proof, body: body.as_bytes() }, now);
        json!({"status": reply.status, "content_type": reply.content_type, "body": reply.body})
    }

    fn page(&mut self, page: Page) -> Value {
        self.wake_ups.extend(page.wake_ups);
        let challenges = page
            .challenges
            .iter()
            .map(|it| json!({"enrollment": it.enrollment.as_str(), "challenge": it.challenge, "uri": it.uri}));
        let waiting: Vec<_> = page.waiting.iter().map(EnrollmentId::as_str).collect();
        json!({"sign_in": page.secret.expose(), "shown": page.shown.expose(),
            "challenges": challenges.collect::<Vec<_>>(), "waiting": waiting})
    }
}

fn typed_code(typed: Typed, state: SignInState) -> Value {
    json!({"accepted": typed.accepted, "tries_left": typed.tries_left, "state": state.name()})
}

fn question(command: &Value) -> Question {
    let line = |name| command["context"][name].as_str().map(str::to_owned);
    let context = Context {
        application: line("application"),
        client: line("client"),
        address: line("address"),
        location: line("location"),
        time: line("time"),
    };
    let details = command["details"].as_array().unwrap().iter();
    let details = details
        .map(|detail| Detail { label: text(detail, "label").to_owned(), value: text(detail, "value").to_owned() });
    let action = if command["action"] == "transaction" { Action::Transaction } else { Action::SignIn };
    let digits = u8::try_from(command["digits"].as_u64().unwrap()).unwrap();
    Question { action, context, details: details.collect(), uv: flag(command, "uv"), digits, replacement: false }
}
