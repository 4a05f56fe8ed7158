//! The verifier as a process: one command a line in, one answer a line out (`tests/protocol/README.md`).
//!
//! Online and identity keys are Ed25519, whatever `alg` the command names: phones of either kind can enrol.

#![expect(clippy::indexing_slicing, reason = "members of JSON objects: a missing one is made, nothing can panic")]

use std::io::{BufRead, Write};

use countersign_core::entropy::SystemEntropy;
use countersign_core::push::jose::{SoftwareKey, encode};
use countersign_core::push::native::BaseUrl;
use countersign_core::push::native::messages::{AccountName, Action, Context, Detail, EnrollmentId, PushAddress};
use countersign_core::time::UnixTime;
use countersign_verifier::store::{MemoryStore, What};
use countersign_verifier::{
    AskError, Config, ConfirmError, Identity, KeyId, KeyRing, ManageError, Page, Profile, Question, RedeemError,
    Request, Typed, TypedError, Verifier,
};
use serde_json::{Value, json};

type Answer = Result<Value, Value>;

fn error(code: &str) -> Value {
    json!({ "error": code })
}

fn internal(why: &impl std::fmt::Display) -> Value {
    json!({ "error": "internal", "why": why.to_string() })
}

fn text<'a>(command: &'a Value, name: &str) -> Result<&'a str, Value> {
    command.get(name).and_then(Value::as_str).ok_or_else(|| json!({ "error": "usage", "why": name }))
}

fn flag(command: &Value, name: &str) -> bool {
    command.get(name).and_then(Value::as_bool).unwrap_or(false)
}

struct Half {
    verifier: Verifier<MemoryStore>,
    wake_ups: Vec<Value>,
    told: u64,
}

fn start(command: &Value) -> Result<(Half, Value), Value> {
    let usage = |why: &dyn std::fmt::Display| json!({ "error": "usage", "why": why.to_string() });
    let base = BaseUrl::parse(text(command, "u")?, flag(command, "allow_loopback_http")).map_err(|why| usage(&why))?;
    let mut config = Config::new(base);
    config.totp = flag(command, "totp");
    if let Some(seconds) = command.get("challenge_seconds").and_then(Value::as_u64) {
        config.challenge_seconds = u16::try_from(seconds).map_err(|why| usage(&why))?;
    }
    // Many minutes' requests come within one second of the commands' clock.
    config.requests_per_minute = 0;
    let entropy = SystemEntropy::new();
    let secret = countersign_core::entropy::random(&entropy).map_err(|why| internal(&why))?;
    let ring = KeyRing::new(KeyId(1), secret).map_err(|why| internal(&why))?;
    let identity = Identity::Held(SoftwareKey::make(&entropy).map_err(|why| internal(&why))?);
    let profile = Profile {
        name: text(command, "name")?.to_owned(),
        require_uv: flag(command, "uv"),
        require_hardware: flag(command, "hardware"),
    };
    let verifier = Verifier::open(MemoryStore::new(), ring, config, identity, &profile).map_err(|why| usage(&why))?;
    let answer = json!({ "k": verifier.identity().to_string() });
    Ok((Half { verifier, wake_ups: Vec::new(), told: 0 }, answer))
}

fn manage(why: ManageError) -> Value {
    match why {
        ManageError::Unknown => error("unknown"),
        ManageError::Metadata(why) => json!({ "error": "usage", "why": why.to_string() }),
        ManageError::IdentityElsewhere => error("usage"),
        ManageError::Internal(why) => internal(&why),
    }
}

fn ask_error(why: AskError) -> Value {
    match why {
        AskError::NoFactor => error("no_factor"),
        AskError::Busy => error("busy"),
        AskError::HeldTooLong => error("held_too_long"),
        AskError::Decided => error("decided"),
        AskError::Unknown => error("unknown"),
        AskError::Question(why) => json!({ "error": "usage", "why": why.to_string() }),
        AskError::Internal(why) => internal(&why),
    }
}

fn typed_error(why: TypedError) -> Value {
    match why {
        TypedError::Unknown => error("unknown"),
        TypedError::Decided => error("decided"),
        TypedError::NoTries => error("no_tries"),
        TypedError::Wait { seconds } => json!({ "error": "wait", "seconds": seconds }),
        TypedError::Disabled => error("disabled"),
        TypedError::NotAllowed => error("not_allowed"),
        TypedError::Internal(why) => internal(&why),
    }
}

fn transport(push: &PushAddress) -> Value {
    let push: Value = serde_json::from_str(&push.to_json()).unwrap_or_default();
    push.get("transport").cloned().unwrap_or_default()
}

fn question(command: &Value) -> Result<Question, Value> {
    let usage = |why: &str| json!({ "error": "usage", "why": why });
    let action = match text(command, "action")? {
        "sign-in" => Action::SignIn,
        "transaction" => Action::Transaction,
        _ => return Err(usage("action")),
    };
    let shown = command.get("context").and_then(Value::as_object).ok_or_else(|| usage("context"))?;
    let mut context = Context::default();
    for (name, value) in shown {
        let value = value.as_str().map(str::to_owned).ok_or_else(|| usage("context"))?;
        let member = match name.as_str() {
            "application" => &mut context.application,
            "client" => &mut context.client,
            "address" => &mut context.address,
            "location" => &mut context.location,
            "time" => &mut context.time,
            _ => return Err(usage("context")),
        };
        *member = Some(value);
    }
    let mut details = Vec::new();
    for detail in command.get("details").and_then(Value::as_array).ok_or_else(|| usage("details"))? {
        details.push(Detail { label: text(detail, "label")?.to_owned(), value: text(detail, "value")?.to_owned() });
    }
    let digits = command.get("digits").and_then(Value::as_u64).and_then(|digits| u8::try_from(digits).ok());
    let digits = digits.ok_or_else(|| usage("digits"))?;
    Ok(Question { action, context, details, uv: flag(command, "uv"), digits, replacement: false })
}

impl Half {
    fn page(&mut self, page: Page) -> Value {
        for wake_up in page.wake_ups {
            let push: Value = serde_json::from_str(&wake_up.address.to_json()).unwrap_or_default();
            let mut told = json!({ "enrollment": wake_up.enrollment.as_str() });
            for name in ["transport", "address", "tag"] {
                told[name] = push.get(name).cloned().unwrap_or_default();
            }
            self.wake_ups.push(told);
        }
        let challenges: Vec<Value> = page
            .challenges
            .iter()
            .map(|it| json!({ "enrollment": it.enrollment.as_str(), "challenge": it.challenge, "uri": it.uri }))
            .collect();
        let waiting: Vec<&str> = page.waiting.iter().map(EnrollmentId::as_str).collect();
        json!({ "sign_in": page.secret.expose(), "shown": page.shown.expose(), "challenges": challenges,
            "waiting": waiting })
    }

    fn http(&self, command: &Value, now: UnixTime) -> Answer {
        let proof: Vec<&str> = match command.get("proof") {
            Some(Value::String(proof)) => vec![proof],
            Some(Value::Array(proofs)) => proofs.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let body = command.get("body").and_then(Value::as_str).unwrap_or_default();
        let (method, path) = (text(command, "method")?, text(command, "path")?);
        let request = Request { method, path, proof: &proof, body: body.as_bytes() };
        let reply = self.verifier.handle(&request, now);
        let mut answer = json!({ "status": reply.status, "content_type": reply.content_type, "body": reply.body });
        if let Some(seconds) = reply.retry_after {
            answer["retry_after"] = json!(seconds);
        }
        Ok(answer)
    }

    fn typed(&self, secret: &str, typed: Result<Typed, TypedError>, now: UnixTime) -> Answer {
        let typed = typed.map_err(typed_error)?;
        let mut answer = json!({ "accepted": typed.accepted, "tries_left": typed.tries_left });
        if typed.accepted {
            answer["state"] = json!(self.verifier.status(secret, now).map_err(manage)?.name());
        }
        Ok(answer)
    }

    fn notices(&mut self) -> Answer {
        let events = self.verifier.events(self.told, usize::MAX).map_err(|why| internal(&why))?;
        self.told = events.last().map_or(self.told, |last| last.number);
        let notices = events.into_iter().map(|logged| logged.event).filter(|event| event.is_notice()).map(|event| {
            let name = match event.what {
                What::Enrolled => "enrolled",
                What::Confirmed => "confirmed",
                What::Rotated => "rotated",
                What::Removed => "removed",
                What::Frozen => "frozen",
                What::Suspended => "suspended",
                _ => "released",
            };
            json!({ "account": event.account, "enrollment": event.enrollment.map(|id| id.as_str().to_owned()),
                "event": name })
        });
        Ok(json!({ "notices": notices.collect::<Vec<_>>() }))
    }

    fn change(&self, command: &Value, now: UnixTime) -> Answer {
        let mut profile = self.verifier.profile(now).map_err(|why| internal(&why))?;
        if let Some(name) = command.get("name").and_then(Value::as_str) {
            name.clone_into(&mut profile.name);
        }
        for (name, member) in [("uv", &mut profile.require_uv), ("hardware", &mut profile.require_hardware)] {
            if let Some(value) = command.get(name).and_then(Value::as_bool) {
                *member = value;
            }
        }
        Ok(json!({ "seq": self.verifier.change(&profile, now).map_err(manage)? }))
    }

    fn invite(&self, command: &Value, now: UnixTime) -> Answer {
        let account = command.get("account").unwrap_or(&Value::Null);
        let account = AccountName { id: text(account, "id")?.to_owned(), name: text(account, "name")?.to_owned() };
        let ticket = self.verifier.invite(&account, now);
        let ticket = ticket.map_err(|why| json!({ "error": "usage", "why": why.to_string() }))?;
        Ok(json!({ "uri": ticket.uri.expose(), "ticket": ticket.ticket.expose() }))
    }

    fn confirm(&self, command: &Value, now: UnixTime) -> Answer {
        match self.verifier.confirm(text(command, "ticket")?, text(command, "digits")?, now) {
            Ok(it) => Ok(json!({ "confirmed": it.confirmed, "tries_left": it.tries_left,
                "enrollment": it.enrollment.as_str() })),
            Err(ConfirmError::NothingPending) => Err(error("nothing_pending")),
            Err(ConfirmError::Internal(why)) => Err(internal(&why)),
        }
    }

    fn run(&mut self, command: &Value, now: UnixTime) -> Answer {
        self.verifier.tend(now).map_err(|why| internal(&why))?;
        let secret = || text(command, "sign_in");
        let id = || EnrollmentId::parse(text(command, "enrollment")?).map_err(|_| error("unknown"));
        let status = |status: Result<countersign_core::push::native::messages::Status, ManageError>| {
            Ok(json!({ "status": status.map_err(manage)?.name() }))
        };
        match text(command, "do")? {
            "invite" => self.invite(command, now),
            "http" => self.http(command, now),
            "confirm" => self.confirm(command, now),
            "sign_in" => {
                let (account, session) = (text(command, "account")?, text(command, "session")?);
                let page = self.verifier.sign_in(account, session, &question(command)?, now).map_err(ask_error)?;
                Ok(self.page(page))
            }
            "regenerate" => {
                let page = self.verifier.regenerate(secret()?, now).map_err(ask_error)?;
                Ok(self.page(page))
            }
            "status" => Ok(json!({ "state": self.verifier.status(secret()?, now).map_err(manage)?.name() })),
            "cancel" => Ok(json!({ "state": self.verifier.cancel(secret()?, now).map_err(manage)?.name() })),
            "redeem" => match self.verifier.redeem(secret()?, now) {
                Ok(it) => Ok(json!({ "redeemed": true, "uv": it.uv, "hardware": it.hardware })),
                Err(RedeemError::Unknown) => Err(error("unknown")),
                Err(RedeemError::State(state)) => Err(error(state.name())),
                Err(RedeemError::Internal(why)) => Err(internal(&why)),
            },
            "offline" => {
                let secret = secret()?;
                self.typed(secret, self.verifier.offline(secret, text(command, "digits")?, now), now)
            }
            "totp" => {
                let secret = secret()?;
                self.typed(secret, self.verifier.totp(secret, text(command, "digits")?, now), now)
            }
            "freeze" => status(self.verifier.freeze(&id()?, now)),
            "release" => status(self.verifier.release(&id()?, now)),
            "revoke" => status(self.verifier.revoke(&id()?, now)),
            "enrollment" => {
                let it = self.verifier.enrollment(&id()?, now).map_err(manage)?;
                Ok(json!({ "status": it.status.name(), "counter": it.counter, "hardware": it.hardware,
                    "transport": transport(&it.push), "possession": encode(&it.possession.to_bytes()),
                    "uv": encode(&it.uv.to_bytes()) }))
            }
            "rotate_online_keys" => {
                let rotated = self.verifier.rotate_online_keys(flag(command, "compromised"), now);
                let (kid, sequence) = rotated.map_err(manage)?;
                Ok(json!({ "kid": kid.to_string(), "seq": sequence }))
            }
            "change" => self.change(command, now),
            "wake_ups" => Ok(json!({ "wake_ups": std::mem::take(&mut self.wake_ups) })),
            "notices" => self.notices(),
            _ => Err(error("unknown_command")),
        }
    }
}

fn main() -> std::io::Result<()> {
    let (mut half, mut out): (Option<Half>, _) = (None, std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let command: Value = serde_json::from_str(&line?)?;
        let now = UnixTime::from_seconds(command.get("now").and_then(Value::as_i64).unwrap_or(0));
        let answer = match (command.get("do").and_then(Value::as_str), &mut half) {
            (Some("start"), _) => start(&command).map(|(new, answer)| {
                half = Some(new);
                answer
            }),
            (_, Some(half)) => half.run(&command, now),
            (_, None) => Err(error("not_started")),
        };
        writeln!(out, "{}", answer.unwrap_or_else(|error| error))?;
        out.flush()?;
    }
    Ok(())
}
