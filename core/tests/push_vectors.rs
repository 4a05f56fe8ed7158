//! The vectors of the push protocol's forms (`tests/vectors/push-v1/README.md`), made by another implementation.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use countersign_core::push::jose::{Jws, PublicKey, decode, encode};
use countersign_core::push::json::{Members, Value as Strict, parse};
use countersign_core::push::native::Invitation;
use countersign_core::push::shown::is_shown;
use data_encoding::HEXLOWER;
use serde_json::Value;

fn vectors(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/push-v1").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn cases(value: &Value) -> &[Value] {
    let cases = value.as_array().unwrap();
    assert!(cases.len() > 5);
    cases
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap_or_else(|| panic!("{name} of {case}"))
}

/// Compares what was made of each case with what the vectors say; names all that differ.
fn judge(cases: &[Value], what: impl Fn(&Value) -> Option<Value>) {
    let mut wrong = Vec::new();
    for case in cases {
        let made = what(case);
        let expected = case["accepted"].as_bool().unwrap();
        let same = made.as_ref().is_none_or(|made| {
            made.as_object().unwrap().iter().all(|(name, value)| case.get(name).is_none_or(|there| there == value))
        });
        if made.is_some() != expected || !same {
            wrong.push(format!("{}: {made:?}", text(case, "name")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn base64url_has_one_text_for_the_same_bytes() {
    judge(cases(&vectors("jose.json")["base64url"]), |case| {
        let bytes = decode(text(case, "text"))?;
        assert_eq!(encode(&bytes), text(case, "text"));
        Some(serde_json::json!({ "bytes": HEXLOWER.encode(&bytes) }))
    });
}

#[test]
fn json_has_one_meaning() {
    judge(cases(&vectors("jose.json")["json"]), |case| {
        let bytes = HEXLOWER.decode(text(case, "hex").as_bytes()).unwrap();
        matches!(parse(&bytes), Ok(Strict::Object(_))).then(|| serde_json::json!({}))
    });
}

fn key(jwk: &Value) -> Option<PublicKey> {
    let value = parse(jwk.to_string().as_bytes()).ok()?;
    PublicKey::from_jwk(Members::of(value, "jwk").ok()?).ok()
}

#[test]
fn keys_are_points_in_their_one_form() {
    judge(cases(&vectors("jose.json")["keys"]), |case| {
        let key = key(&case["jwk"])?;
        Some(serde_json::json!({ "alg": key.algorithm().name(), "thumbprint": key.thumbprint().to_string() }))
    });
}

#[test]
fn a_message_is_verified_by_the_key_that_it_names_alone() {
    judge(cases(&vectors("jose.json")["jws"]), |case| {
        let verified = Jws::parse(text(case, "jws")).ok()?.verify(&key(&case["jwk"])?).ok()?;
        Some(serde_json::json!({ "h": HEXLOWER.encode(&verified.hash().to_bytes()) }))
    });
}

/// The vectors tell the host alone; a person is shown the port, too.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => host,
    }
}

#[test]
fn invitations_are_read_in_one_way() {
    judge(cases(&vectors("invitations.json")), |case| {
        let invitation = Invitation::parse(text(case, "uri"), case["allow_loopback_http"].as_bool().unwrap()).ok()?;
        let again = Invitation::parse(invitation.to_uri().expose(), true);
        assert_eq!(again.as_ref(), Ok(&invitation));
        Some(serde_json::json!({ "parts": {
            "u": invitation.base.as_str(),
            "host": without_port(invitation.base.host()),
            "k": invitation.identity.to_string(),
            "t": encode(invitation.ticket.expose()),
            "n": invitation.name,
            "a": invitation.account,
        }}))
    });
}

#[test]
fn what_may_be_shown() {
    judge(cases(&vectors("strings.json")), |case| {
        let most = usize::try_from(case["most"].as_u64().unwrap()).unwrap();
        is_shown(text(case, "text"), most).then(|| serde_json::json!({}))
    });
}
