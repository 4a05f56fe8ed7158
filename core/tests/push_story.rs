//! The phone's half plays the stories of `tests/vectors/push-v1` and gives the same bytes: every request, every signature
//! (Ed25519, and ES256 by RFC 6979), all digits. Then every refusal meets it at its step, and changes nothing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[path = "push_story/phone.rs"]
mod phone;
#[path = "push_story/script.rs"]
mod script;

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::push::jose::{Jws, MessageHash, PublicKey, SoftwareKey, decode, encode};
use countersign_core::push::native::formulas::{offline_digits, ticket_id};
use countersign_core::push::native::messages::{Inbox, KeyNaming, Message, Status};
use countersign_core::secret::SecretBytes;
use countersign_core::time::UnixTime;
use p256::ecdsa::signature::Signer;
use phone::Phone;
use script::{Steps, hex, read};
use serde_json::{Value, json};

const ALGORITHMS: [&str; 2] = ["Ed25519", "ES256"];
/// What a phone signs.
const MADE_HERE: [&str; 7] = ["enroll", "uv", "proof", "response", "rotate", "key", "remove"];

/// Plays the phone's steps up to and including one.
fn play(story: &Value, last: u64, mut seen: impl FnMut(&Phone, &Value, &Value)) -> Phone {
    let mut phone = Phone::default();
    let steps = Steps::of(&story["steps"], "phone");
    for (step, entropy, left) in &steps {
        if step["step"].as_u64().unwrap() > last {
            break;
        }
        phone.script.give(entropy);
        let answer = phone.answer(&step["command"]);
        assert_eq!(answer, step["answer"], "step {}: {}", step["step"], step["command"]["do"]);
        assert_eq!(phone.script.left(), *left, "step {}: what it drew", step["step"]);
        seen(&phone, step, &answer);
    }
    phone
}

/// Signed messages in what a phone sends, nested ones too.
fn sent(answer: &Value, messages: &mut BTreeSet<String>) {
    let send = &answer["send"];
    for text in [&send["proof"], &send["body"]].into_iter().filter_map(Value::as_str) {
        if text.split('.').count() == 3 && !text.starts_with('{') {
            let payload: Value = serde_json::from_slice(&decode(text.split('.').nth(1).unwrap()).unwrap()).unwrap();
            let nested = ["uv", "possession"].into_iter().filter_map(|name| payload[name].as_str());
            messages.extend(nested.filter(|text| text.contains('.')).map(str::to_owned));
            messages.insert(text.to_owned());
        }
    }
}

#[test]
fn every_message_has_the_bytes_of_the_story() {
    for algorithm in ALGORITHMS {
        let story = &read("story.json")[algorithm];
        let mut made = BTreeSet::new();
        let phone = play(story, u64::MAX, |_, _, answer| sent(answer, &mut made));
        let of_phone: Vec<_> = story["messages"].as_array().unwrap().iter().collect();
        let of_phone: Vec<_> =
            of_phone.into_iter().filter(|it| MADE_HERE.contains(&it["kind"].as_str().unwrap())).collect();
        for message in &of_phone {
            let text = message["jws"].as_str().unwrap();
            assert!(made.contains(text), "{algorithm}: {} of step {}", message["kind"], message["step"]);
            let hash = Jws::parse(text).unwrap().hash();
            assert_eq!(hash.to_bytes().to_vec(), hex(&message["h"]));
        }
        assert_eq!((made.len(), of_phone.len()), (21, 21), "{algorithm}: as many messages as the story has");
        assert_eq!(phone.enrollment().status(), Status::Removed, "{algorithm}");
    }
}

#[test]
fn what_is_computed_and_never_sent_is_what_the_story_has() {
    for algorithm in ALGORITHMS {
        let story = &read("story.json")[algorithm];
        let values = &story["values"];
        let (mut confirmed, mut shown, mut time_based) = (None, None, None);
        let phone = play(story, u64::MAX, |_, step, answer| {
            let digits = answer["digits"].as_str().map(str::to_owned);
            match step["command"]["do"].as_str().unwrap() {
                "receive" => confirmed = confirmed.take().or(digits),
                "digits" => shown = digits,
                "totp" => time_based = digits,
                _ => {}
            }
        });
        for (name, found) in [("confirm_digits", confirmed), ("offline_digits", shown), ("totp_digits", time_based)] {
            assert_eq!(found.as_deref(), values[name].as_str(), "{algorithm}: {name}");
        }
        let (totp, offline) = phone.secrets();
        assert_eq!(totp.expose(), hex(&values["totp_key"]), "{algorithm}");
        assert_eq!(offline.expose(), hex(&values["offline_key"]), "{algorithm}");
        let hash = MessageHash::from_bytes(hex(&values["offline_h"]).try_into().unwrap());
        assert_eq!(offline_digits(offline, hash).unwrap().to_string(), values["offline_digits"].as_str().unwrap());
        let ticket = SecretBytes::new(hex(&values["ticket"]));
        assert_eq!(ticket_id(&ticket).to_vec(), hex(&values["tid"]));
    }
}

/// The phone after the wake-up of the story, told that there is no challenge: what a refused one may change at most.
fn after_an_empty_inbox(story: &Value, refusals: &Value) -> Vec<Vec<u8>> {
    let steps = story["steps"].as_array().unwrap();
    let (last, answer) = (20, &steps[21]["answer"]["body"]);
    let mut command =
        refusals["phone"].as_array().unwrap().iter().find(|case| case["after_step"] == last).unwrap()["receive"]
            .clone();
    let payload = decode(answer.as_str().unwrap().split('.').nth(1).unwrap()).unwrap();
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    let online = steps[0]["entropy"].as_array().unwrap().iter().find(|draw| draw["name"] == "online_key").unwrap();
    let online: [u8; 32] = hex(&online["hex"]).try_into().unwrap();
    let text = |name| payload[name].as_str().unwrap().to_owned();
    let inbox = Inbox {
        issuer: text("iss"),
        audience: text("aud"),
        issued: UnixTime::from_seconds(payload["iat"].as_i64().unwrap()),
        re: MessageHash::from_bytes(decode(&text("re")).unwrap().try_into().unwrap()),
        status: Status::Active,
        sequence: 1,
        challenges: Vec::new(),
    };
    command["body"] = json!(if answer.as_str().unwrap().starts_with(&encode(br#"{"alg":"ES256""#)[..18]) {
        let key = p256::ecdsa::SigningKey::from_slice(&online).unwrap();
        let public = PublicKey::p256(key.verifying_key().to_sec1_point(false).as_bytes()).unwrap();
        let draft = inbox.draft(&public, KeyNaming::Thumbprint);
        let signature: p256::ecdsa::Signature = key.sign(draft.message());
        draft.signed(&signature.to_bytes().into())
    } else {
        let key = SoftwareKey::from_secret(&online);
        inbox.draft(&key.public(), KeyNaming::Thumbprint).sign(&key)
    });
    let mut phone = play(story, last, |_, _, _| {});
    assert_eq!(phone.answer(&command), json!({"status": "active", "requests": [], "refused": 0}));
    phone.state()
}

#[test]
fn every_refusal_is_refused_and_changes_nothing() {
    for algorithm in ALGORITHMS {
        let (story, refusals) = (&read("story.json")[algorithm], &read("refusals.json")[algorithm]);
        let (empty, mut judged) = (after_an_empty_inbox(story, refusals), BTreeMap::new());
        for case in refusals["phone"].as_array().unwrap() {
            let name = format!("{algorithm}: {}: {}", case["kind"], case["name"]);
            let mut phone = play(story, case["after_step"].as_u64().unwrap(), |_, _, _| {});
            let (before, drawn) = (phone.state(), phone.script.left());
            let known = phone.known();
            let mut said = phone.answer(&case["receive"]);
            let fetches = case["then"].as_array().unwrap();
            for fetch in fetches {
                assert!(said["send"]["url"].as_str().is_some_and(|url| url.ends_with("/metadata")), "{name}: {said}");
                said = phone.answer(fetch);
            }
            assert_eq!(phone.script.left(), drawn, "{name}: it drew nothing");
            if case["kind"] == "challenge" {
                assert_eq!(said, json!({"status": "active", "requests": [], "refused": 1}), "{name}");
                assert!(phone.answers_nothing(), "{name}");
                assert!(phone.state() == empty, "{name}: more than an inbox with nothing in it has changed");
            } else {
                assert!(said["error"] == "network" || said["error"] == "refused", "{name}: {said}");
                // A fetch is remembered (one a minute); what it brought was refused.
                if fetches.is_empty() {
                    assert!(phone.state() == before, "{name}: changed");
                } else {
                    let (verifier, over) = phone.flow();
                    assert!(!over && verifier.metadata() == known.as_ref(), "{name}");
                }
            }
            *judged.entry(case["kind"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        }
        let all =
            [("challenge", 45), ("enrolled", 38), ("error", 23), ("inbox", 29), ("metadata", 30), ("receipt", 25)];
        let judged: Vec<_> = judged.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
        assert_eq!(judged, all, "{algorithm}");
    }
}

/// A test that can't fail proves nothing: one changed byte of an answer, and the story goes another way.
#[test]
fn a_story_that_differs_in_one_byte_is_another_story() {
    let mut story = read("story.json")["Ed25519"].take();
    let at = story["steps"].as_array().unwrap().iter().position(|step| step["step"] == 6).unwrap();
    let draw = &mut story["steps"][at]["entropy"][3]["hex"];
    *draw = json!(draw.as_str().unwrap().replacen('c', "d", 1));
    let played = std::panic::catch_unwind(|| play(&story, 6, |_, _, _| {}));
    assert!(played.is_err());
}
