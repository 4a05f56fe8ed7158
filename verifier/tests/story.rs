//! The verifier's half plays the stories of `tests/vectors/push-v1`, then meets every refusal at its step.
//!
//! This verifier signs with Ed25519 whatever the phone signs with. So of the story in Ed25519 every byte is compared: each
//! message with its header and signature. Of the story in ES256 the phone's messages are the story's own; of what the
//! verifier says every payload is compared, byte by byte, with the story's, in which those values that hang on the
//! verifier's keys stand as they are here: its keys and their names, H of what it signed, and what is computed from those
//! (confirmation, eight digits, time-based code). Answers that name such an H are signed anew with the phone's key.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[path = "story/half.rs"]
mod half;
#[path = "story/script.rs"]
mod script;
#[path = "story/told.rs"]
mod told;

use std::collections::BTreeMap;

use countersign_core::push::jose::Jws;
use countersign_core::push::native::messages::{ErrorMessage, Message};
use half::Half;
use script::{drawn, read};
use serde_json::{Value, json};
use told::Told;

const ALGORITHMS: [&str; 2] = ["Ed25519", "ES256"];
/// What a verifier signs.
const MADE_HERE: [&str; 6] = ["metadata", "error", "enrolled", "inbox", "challenge", "receipt"];

/// Plays the verifier's steps up to and including one.
fn play(algorithm: &str, story: &Value, last: u64) -> (Half, Told) {
    let (mut half, mut told) = (Half::default(), Told::of(algorithm == "ES256", story));
    for step in story["steps"].as_array().unwrap().iter().filter(|step| step["half"] == "verifier") {
        if step["step"].as_u64().unwrap() > last {
            break;
        }
        half.script.give(step);
        half.identity = drawn(step, "identity_key").next().or(half.identity);
        half.online = told.keys(step).or(half.online);
        let answer = half.answer(&told.command(&step["command"]));
        told.compare(step, &answer);
        assert_eq!(half.script.left(), 0, "{algorithm}, step {}: what it drew", step["step"]);
    }
    (half, told)
}

#[test]
fn every_message_is_the_storys() {
    for algorithm in ALGORITHMS {
        let story = &read("story.json")[algorithm];
        let (_, told) = play(algorithm, story, u64::MAX);
        let of_verifier = story["messages"].as_array().unwrap().iter();
        let of_verifier: Vec<_> = of_verifier.filter(|it| MADE_HERE.contains(&it["kind"].as_str().unwrap())).collect();
        for message in &of_verifier {
            let name = format!("{algorithm}: {} of step {}", message["kind"], message["step"]);
            assert!(told.compared.contains(message["jws"].as_str().unwrap()), "{name}");
        }
        assert_eq!((told.compared.len(), of_verifier.len()), (25, 25), "{algorithm}");
    }
}

#[test]
fn every_refusal_has_its_answer_and_changes_nothing() {
    for algorithm in ALGORITHMS {
        let (story, refusals) = (&read("story.json")[algorithm], &read("refusals.json")[algorithm]);
        let mut judged = BTreeMap::new();
        for case in refusals["verifier"].as_array().unwrap() {
            let name = format!("{algorithm}: {}: {}", case["kind"], case["name"]);
            let (mut half, mut told) = play(algorithm, story, case["after_step"].as_u64().unwrap());
            let mut command = told.command(&case["request"]);
            (command["do"], command["now"]) = (json!("http"), case["now"].clone());
            half.tend(&command);
            let before = half.stored();
            let answer = half.answer(&command);
            let expect = &case["expect"];
            assert_eq!(answer["status"], expect["status"], "{name}");
            if let Some(code) = expect["code"].as_str() {
                judge_error(&half, &command, &answer, code, &name);
            } else {
                let repeated = algorithm == "Ed25519" && told.compared.contains(answer["body"].as_str().unwrap());
                assert_eq!(
                    repeated,
                    algorithm == "Ed25519" && expect["status"] == 200,
                    "{name}: the same answer again"
                );
                assert_eq!(answer["body"] == "", expect["status"] != 200, "{name}");
            }
            if expect["code"] == "clone_suspected" {
                assert_ne!(half.stored(), before, "{name}: it suspends");
            } else {
                assert!(half.stored() == before, "{name}: changed");
            }
            *judged.entry(case["kind"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        }
        let all = [
            ("enroll", 42),
            ("key", 20),
            ("proof", 28),
            ("remove", 21),
            ("response", 41),
            ("rotate", 23),
            ("state", 19),
            ("uv", 19),
        ];
        let judged: Vec<_> = judged.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
        assert_eq!(judged, all, "{algorithm}");
    }
}

/// A signed error: by the key that signs, of that code, and an answer to this very request.
fn judge_error(half: &Half, command: &Value, answer: &Value, code: &str, name: &str) {
    let jws = Jws::parse(answer["body"].as_str().unwrap()).unwrap();
    let error = ErrorMessage::read(&jws.verify(half.online.as_ref().unwrap()).unwrap()).unwrap();
    assert_eq!(error.code.name(), code, "{name}");
    let asked = command["proof"].as_str().or(command["body"].as_str()).unwrap();
    assert_eq!(error.re, Jws::parse(asked).unwrap().hash(), "{name}");
    assert_eq!(error.issuer, "https://rp.example/auth", "{name}");
}

/// A test that can't fail proves nothing: one changed bit of what is drawn, and the story goes another way.
#[test]
fn a_story_that_differs_in_one_bit_is_another_story() {
    let mut story = read("story.json")["Ed25519"].take();
    play("Ed25519", &story, 9);
    let draw = &mut story["steps"][9]["entropy"][0]["hex"];
    assert!(draw.as_str().unwrap().starts_with('f'));
    *draw = json!(draw.as_str().unwrap().replacen('f', "e", 1));
    assert!(std::panic::catch_unwind(|| play("Ed25519", &story, 9)).is_err());
}
