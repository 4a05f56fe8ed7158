//! Answers questions about codes, for comparison with other implementations: JSON lines in, JSON lines out.
//!
//! In: `{"kind":"totp"|"hotp"|"steam"|"motp"|"yandex", "secret":"<hex>", "algorithm":"SHA1", "digits":6, "period":30,
//! "time":<seconds>, "counter":0, "pin":"1234"}`, with what the kind needs.
//! Or `{"kind":"ocra", "secret":"<hex>", "suite":"OCRA-1:…", "question":"…", "second":"…", "counter":0, "pin":"…",
//! "pin_hash":"<hex>", "session":"<hex>", "time":<seconds>}`, with what the suite takes.
//! Out, in the same order: `{"code":"…","next":"…"|null}` or `{"error":"…"}`. There is no next one for OCRA.

use std::error::Error;
use std::io::{BufRead, Write};

use countersign_core::otp::ocra::{Inputs, Ocra, Pin, Question};
use countersign_core::otp::{Digits, Hotp, Motp, Otp, Period, Secret, Steam, Totp, Yandex};
use countersign_core::secret::{SecretBytes, SecretText};
use countersign_core::time::UnixTime;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let answer = answer(&serde_json::from_str(&line?)?).unwrap_or_else(|error| json!({"error": error.to_string()}));
        writeln!(out, "{answer}")?;
    }
    Ok(())
}

fn answer(question: &Value) -> Result<Value, Box<dyn Error>> {
    let text = |name: &str| question.get(name).and_then(Value::as_str).ok_or_else(|| format!("no {name}"));
    let number = |name: &str| question.get(name).and_then(Value::as_u64).ok_or_else(|| format!("no {name}"));
    let secret = Secret::new(data_encoding::HEXLOWER.decode(text("secret")?.as_bytes())?)?;
    let pin = || text("pin").map(|pin| SecretText::new(pin.to_owned()));
    let digits = || Ok::<_, Box<dyn Error>>((text("algorithm")?.parse()?, Digits::new(number("digits")?)?));
    let otp = match text("kind")? {
        "totp" => {
            let (algorithm, digits) = digits()?;
            Otp::Totp(Totp::new(secret, algorithm, digits, Period::new(number("period")?)?))
        }
        "hotp" => {
            let (algorithm, digits) = digits()?;
            Otp::Hotp(Hotp::new(secret, algorithm, digits, number("counter")?))
        }
        "steam" => Otp::Steam(Steam::new(secret)),
        "motp" => Otp::Motp(Motp::new(secret, pin()?)?),
        "yandex" => Otp::Yandex(Yandex::new(secret, pin()?)?),
        "ocra" => return ocra(question, secret),
        other => return Err(format!("no kind {other}").into()),
    };
    let seconds = question.get("time").and_then(Value::as_i64).unwrap_or_default();
    let code = otp.code(UnixTime::from_seconds(seconds))?;
    Ok(json!({"code": code.code.as_str(), "next": code.next.map(|next| next.to_string())}))
}

fn ocra(question: &Value, secret: Secret) -> Result<Value, Box<dyn Error>> {
    let text = |name: &str| question.get(name).and_then(Value::as_str);
    let bytes = |name: &str| text(name).map(|hex| data_encoding::HEXLOWER.decode(hex.as_bytes())).transpose();
    let ocra = Ocra::new(secret, text("suite").ok_or("no suite")?.parse()?);
    let first = text("question").ok_or("no question")?;
    let mut inputs = Inputs::new(text("second").map_or(Question::One(first), |second| Question::Pair(first, second)));
    if let Some(counter) = question.get("counter").and_then(Value::as_u64) {
        inputs = inputs.with_counter(counter);
    }
    let (typed, hash) = (text("pin").map(|pin| SecretText::new(pin.to_owned())), bytes("pin_hash")?);
    let hash = hash.map(SecretBytes::new);
    if let Some(pin) = typed.as_ref().map(Pin::Typed).or(hash.as_ref().map(Pin::Hash)) {
        inputs = inputs.with_pin(pin);
    }
    let session = bytes("session")?;
    if let Some(session) = &session {
        inputs = inputs.with_session(session);
    }
    if let Some(seconds) = question.get("time").and_then(Value::as_i64) {
        inputs = inputs.with_time(UnixTime::from_seconds(seconds));
    }
    Ok(json!({"code": ocra.response(&inputs)?.to_string(), "next": null}))
}
