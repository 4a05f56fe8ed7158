//! Attacks on the phone: what an evil network, an evil verifier and an evil page send, refused without a trace.
//!
//! `docs/threat-model.md` names these tests. After each refusal the stored states are compared byte for byte.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../common/forge.rs"]
mod forge;
mod world;

use countersign_core::push::MessageError;
use countersign_core::push::jose::{PublicKey, decode, encode};
use countersign_core::push::model::{Decision, HttpResponse, Method, Outcome, Step};
use countersign_core::push::native::Invitation;
use countersign_core::push::native::messages::{
    Action, Context, Detail, EnrollmentId, ErrorCode, ErrorMessage, KeyNaming, Message, Receipt, ReceiptStatus, Status,
};
use countersign_core::push::native::phone::{Error, Reply, Session, Task, Verifier, offline_challenge};
use forge::forgeries;
use world::{BASE, CANARY, CODE, Key, NOW, Server, World, beginning, join, ok, re, says_nothing};

fn made(text: &str, key: &Key) -> Vec<(String, String)> {
    forgeries(text, key.public(), &|message| key.sign(message))
}

#[test]
fn a_forged_challenge_is_refused_and_leaves_nothing_behind() {
    for es256 in [false, true] {
        let mut world = World::new(es256);
        let honest = world.server.online.message(&world.server.challenge(NOW));
        let forged = made(&honest, &world.server.online);
        assert!(forged.len() > 70, "{}", forged.len());
        for (what, text) in forged {
            world.refuses(&what, &text);
        }
        assert_eq!(world.list(&[&honest]).unwrap().1.len(), 1, "the one that wasn't forged");
    }
}

#[test]
fn a_forged_inbox_is_refused_and_leaves_nothing_behind() {
    for es256 in [false, true] {
        let mut world = World::new(es256);
        world.open();
        let before = world.bytes();
        let count = made(&world.server.inbox(re_of_nothing(), NOW, &[]), &world.server.online).len();
        for at in 0..count {
            let mut what = String::new();
            let refused = world.poll(|server, request| {
                let (name, text) = nth(made(&server.inbox(re(request), NOW, &[]), &server.online), at);
                what = name;
                ok(text)
            });
            let error = refused.expect_err(&what);
            assert!(matches!(error, Error::Network | Error::Refused(_)), "{what}: {error:?}");
            says_nothing(&what, &error);
            assert!(world.bytes() == before, "{what}: left something behind");
        }
    }
}

/// Signatures differ from message to message: one spelling more or less is possible.
fn nth(mut forged: Vec<(String, String)>, at: usize) -> (String, String) {
    forged.swap_remove(at.min(forged.len() - 1))
}

fn re_of_nothing() -> countersign_core::push::jose::MessageHash {
    countersign_core::push::jose::MessageHash::from_bytes([0; 32])
}

#[test]
fn a_forged_receipt_confirms_nothing_and_the_same_answer_is_sent_again() {
    let mut world = World::new(false);
    let request = world.open();
    let mut sent = Vec::new();
    let lost = world.decide(request, Decision::Approve, |_, request| {
        sent.clone_from(&request.body);
        None
    });
    assert_eq!(lost, Err(Error::Network));
    let before = world.bytes();
    let receipt = |server: &Server, re| Receipt {
        issuer: BASE.into(),
        audience: server.id.as_str().into(),
        issued: NOW,
        re,
        status: ReceiptStatus::Approved,
    };
    let count =
        made(&world.server.online.message(&receipt(&world.server, re_of_nothing())), &world.server.online).len();
    for at in 0..count {
        let mut what = String::new();
        let refused = world.run(&mut Task::resend(), |server, request| {
            assert_eq!(request.body, sent);
            let honest = server.online.message(&receipt(server, re(request)));
            let (name, text) = nth(made(&honest, &server.online), at);
            what = name;
            ok(text)
        });
        says_nothing(&what, &refused.expect_err(&what));
        assert!(world.bytes() == before, "{what}: left something behind");
    }
    // Another answer's receipt, and one for somebody else.
    for alter in [|it: &mut Receipt| it.re = re_of_nothing(), |it: &mut Receipt| it.audience = "x".into()] {
        let refused = world.run(&mut Task::resend(), |server, request| {
            let mut receipt = receipt(server, re(request));
            alter(&mut receipt);
            ok(server.online.message(&receipt))
        });
        assert!(refused.is_err() && world.bytes() == before);
    }
    let done =
        world.run(&mut Task::resend(), |server, request| ok(server.online.message(&receipt(server, re(request)))));
    assert!(matches!(done, Ok(Step::Done(Outcome::Answered(_)))), "{done:?}");
}

#[test]
fn a_forged_answer_to_an_enrolment_leaves_it_as_it_was() {
    let server = Server::new(BASE, false);
    let mut enrolling = beginning(&server);
    // Forged metadata: nothing is signed yet.
    let before = enrolling.encode();
    for (what, text) in made(&server.metadata(NOW), &server.identity) {
        let refused = join(&mut enrolling, NOW, |_| ok(text.clone())).map(drop);
        says_nothing(&what, &refused.expect_err(&what));
        assert!(enrolling.encode() == before, "{what}: left something behind");
    }
    let lost = join(&mut enrolling, NOW, |request| match request.method {
        Method::Get => ok(server.metadata(NOW)),
        _ => None,
    });
    assert!(lost.is_err());
    let before = enrolling.encode();
    let mut body = Vec::new();
    let _lost = join(&mut enrolling, NOW, |request| {
        body.clone_from(&request.body);
        None
    });
    let unknown = Key::make(false);
    let honest = server.online.message(&server.enrolled_of(&body, NOW));
    let mut forged = made(&honest, &server.online);
    forged.push(("a key that isn't listed".into(), unknown.message(&server.enrolled_of(&body, NOW))));
    forged.push(("the identity key".into(), server.identity.message(&server.enrolled_of(&body, NOW))));
    // A key that isn't known is asked after once a minute: the first time leaves the moment behind.
    let _asked = join(&mut enrolling, NOW, |request| match request.method {
        Method::Get => ok(server.metadata(NOW)),
        _ => ok(unknown.message(&server.enrolled_of(&body, NOW))),
    });
    let asked = enrolling.encode();
    assert!(asked.len() > before.len());
    for (what, text) in forged {
        let refused = join(&mut enrolling, NOW, |request| {
            assert_eq!(request.body, body, "{what}: the same bytes are sent");
            ok(text.clone())
        });
        says_nothing(&what, &refused.map(drop).expect_err(&what));
        assert!(enrolling.encode() == asked, "{what}: left something behind");
    }
}

#[test]
fn an_unsigned_removed_and_every_other_status_is_network_trouble() {
    let mut world = World::new(false);
    world.open();
    let before = world.bytes();
    let stranger = Key::make(false);
    for status in [200, 201, 204, 301, 302, 307, 308, 400, 401, 403, 404, 405, 409, 410, 429, 500, 503] {
        for which in 0..5 {
            let refused = world.poll(|server, request| {
                let mut inbox = server.inbox_of(re(request), NOW, &[]);
                inbox.status = Status::Removed;
                let error = ErrorMessage {
                    issuer: BASE.into(),
                    audience: server.id.as_str().into(),
                    issued: NOW,
                    re: re(request),
                    code: ErrorCode::NotActive,
                };
                let body = match which {
                    0 => String::new(),
                    1 => "<html><title>removed</title>".into(),
                    2 => r#"{"status":"removed"}"#.into(),
                    3 => stranger.message(&inbox),
                    // Signed, under a status that it doesn't go with.
                    _ if matches!(status, 200 | 409) => server.online.message(&error),
                    _ => server.online.message(&inbox),
                };
                Some((status, body.into_bytes()))
            });
            assert_eq!(refused, Err(Error::Network), "{status} {which}");
            assert!(world.bytes() == before, "{status} {which}: left something behind");
        }
    }
    assert_eq!(world.poll(|_, _| None), Err(Error::Network));
    assert_eq!(world.enrollment.status(), Status::Active);
}

#[test]
fn answers_that_are_too_long_are_none() {
    let mut world = World::new(false);
    let before = world.bytes();
    let long = |server: &Server, request: &_| {
        let challenge = "x".repeat(64 * 1024);
        server.inbox(re(request), NOW, &[&challenge])
    };
    assert_eq!(world.poll(|server, request| ok(long(server, request))), Err(Error::Network));
    assert!(world.bytes() == before);
    assert!(HttpResponse::new(200, vec![0; 256 * 1024 + 1]).is_none());
}

#[test]
fn only_a_listed_online_key_asks() {
    let mut world = World::new(false);
    let challenge = world.server.challenge(NOW);
    let text = world.server.identity.message(&challenge);
    world.refuses("the identity key", &text);
    for key in [Key::make(false), Key::make(true)] {
        world.refuses("a key of another verifier", &key.message(&challenge));
    }
    // A retired key: metadata doesn't list it any more.
    let retired = std::mem::replace(&mut world.server.online, Key::make(false));
    world.server.sequence = 2;
    world.now = NOW.plus_seconds(61);
    assert_eq!(world.list(&[]), Ok((0, Vec::new())));
    let late = world.server.challenge(world.now);
    world.refuses("a retired key", &retired.message(&late));
    assert_eq!(world.list(&[&world.server.online.message(&late)]).unwrap().0, 0);
}

#[test]
fn a_stolen_online_key_makes_no_metadata() {
    let mut world = World::new(false);
    world.now = NOW.plus_seconds(61);
    assert_eq!(world.list(&[]), Ok((0, Vec::new())));
    let thief = Key::make(false);
    for which in 0..4 {
        world.now = world.now.plus_seconds(61);
        let before = world.enrollment.encode();
        let now = world.now;
        let known = world.verifier.metadata().cloned();
        let refused = world.poll(|server, request| {
            if request.header("Proof").is_some() {
                // A higher sequence number makes the phone ask.
                let mut inbox = server.inbox_of(re(request), now, &[]);
                inbox.sequence = 9;
                return ok(server.online.message(&inbox));
            }
            let mut metadata = server.metadata_of(now);
            metadata.sequence = 9;
            metadata.keys.push(thief.public());
            ok(match which {
                0 => server.online.seal(metadata.draft(&server.online.public(), KeyNaming::Whole)),
                1 => server.online.seal(metadata.draft(&server.identity.public(), KeyNaming::Whole)),
                2 => thief.seal(metadata.draft(&thief.public(), KeyNaming::Whole)),
                // The identity key's own, but it lists itself.
                _ => {
                    metadata.keys = vec![server.identity.public()];
                    server.identity.seal(metadata.draft(&server.identity.public(), KeyNaming::Whole))
                }
            })
        });
        assert!(refused.is_err(), "{which}");
        assert!(world.enrollment.encode() == before && world.verifier.metadata().cloned() == known, "{which}");
    }
}

#[test]
fn metadata_never_goes_back() {
    let mut server = Server::new(BASE, false);
    (server.sequence, server.require_uv) = (5, true);
    let mut world = World::at(server);
    for (sequence, require_uv) in [(4, true), (4, false), (5, false)] {
        // After a day it is fetched anew.
        world.now = world.now.plus_seconds(25 * 3600);
        let (now, before) = (world.now, world.enrollment.encode());
        let refused = world.poll(|server, request| match request.header("Proof") {
            Some(_) => ok(server.inbox(re(request), now, &[])),
            None => {
                let mut metadata = server.metadata_of(now);
                (metadata.sequence, metadata.require_uv) = (sequence, require_uv);
                ok(server.identity.seal(metadata.draft(&server.identity.public(), KeyNaming::Whole)))
            }
        });
        assert_eq!(refused, Err(Error::Refused(MessageError::Downgrade("seq"))), "{sequence} {require_uv}");
        assert!(world.enrollment.encode() == before);
        let metadata = world.verifier.metadata().unwrap();
        assert!((metadata.sequence, metadata.require_uv) == (5, true));
    }
}

#[test]
fn less_than_what_was_agreed_is_refused() {
    let mut server = Server::new(BASE, false);
    server.require_uv = true;
    let mut world = World::at(server);
    let text = world.server.online.message(&world.server.challenge(NOW));
    world.refuses("no user verification where metadata requires it", &text);
    let strong = world.server.challenge(NOW);
    let strong = countersign_core::push::native::messages::Challenge { require_uv: true, ..strong };
    let honest = world.server.online.message(&strong);
    let payload = String::from_utf8(decode(honest.split('.').nth(1).unwrap()).unwrap()).unwrap();
    for (what, from, to) in [
        ("no code", r#","code":{"digits":6}"#, ""),
        ("five digits", r#""digits":6"#, r#""digits":5"#),
        ("no digits", r#""digits":6"#, r#""digits":0"#),
        ("approve without a code", r#""code":{"digits":6}"#, r#""code":null"#),
        ("the digits themselves", r#""digits":6"#, r#""digits":6,"value":"482913""#),
    ] {
        assert!(payload.contains(from), "{what}");
        let input =
            format!("{}.{}", honest.split('.').next().unwrap(), encode(payload.replacen(from, to, 1).as_bytes()));
        let signature = world.server.online.sign(input.as_bytes());
        world.refuses(what, &format!("{input}.{}", encode(&signature)));
    }
    let (refused, new) = world.list(&[&honest]).unwrap();
    assert_eq!(refused, 0);
    // The person is verified before anything is signed; without that there is no answer.
    let mut task = Task::decide(new[0], Decision::Approve);
    let mut next = |reply| {
        let (enrollment, verifier) = (&mut world.enrollment, &mut world.verifier);
        task.next(
            Session { enrollment, verifier, now: NOW, entropy: &countersign_core::entropy::SystemEntropy::new() },
            reply,
        )
    };
    assert!(matches!(next(Reply::Begin), Ok(Step::NeedsCode { digits: 6 })));
    assert_eq!(next(Reply::Code(CODE.into())), Ok(Step::NeedsUserVerification));
    assert_eq!(next(Reply::Verified(Vec::new())), Err(Error::OutOfStep));
}

#[test]
fn a_state_of_a_later_version_is_not_spoken_to_in_this_one() {
    let world = World::new(false);
    let mut stored = world.verifier.encode().to_vec();
    assert_eq!(stored[..4], [1 << 3, 1, 2 << 3, 1], "format, version");
    assert!(Verifier::decode(&stored).is_ok());
    stored[3] = 2;
    assert_eq!(Verifier::decode(&stored).map(drop), Err(Error::Unreadable));
}

#[test]
fn another_verifier_on_the_same_host_is_a_stranger() {
    let mut world = World::new(false);
    let challenge = world.server.challenge(NOW);
    // The same address with another identity key, and another path of the same host; the ids are copied.
    for base in [BASE, "https://rp.example/other"] {
        let mut other = World::at(Server { id: world.server.id.clone(), ..Server::new(base, false) });
        let copied = countersign_core::push::native::messages::Challenge { issuer: base.into(), ..challenge.clone() };
        for text in [other.server.online.message(&copied), other.server.online.message(&challenge)] {
            world.refuses("a challenge of another verifier", &text);
        }
        other.refuses("a challenge to another verifier", &world.server.online.message(&challenge));
        let before = (world.bytes(), other.bytes());
        assert_eq!(world.poll(|_, request| ok(other.server.inbox(re(request), NOW, &[]))), Err(Error::Network));
        // The state of one is never used with the other's.
        let entropy = countersign_core::entropy::SystemEntropy::new();
        let mixed =
            Session { enrollment: &mut world.enrollment, verifier: &mut other.verifier, now: NOW, entropy: &entropy };
        assert_eq!(Task::poll().next(mixed, Reply::Begin), Err(Error::OutOfStep));
        assert!((world.bytes(), other.bytes()) == before);
    }
}

#[test]
fn a_challenge_for_somebody_else_is_refused() {
    let mut world = World::new(false);
    let honest = world.server.challenge(NOW);
    type Alter = fn(&mut countersign_core::push::native::messages::Challenge);
    let cases: [(&str, Alter); 8] = [
        ("another enrolment", |it| it.audience = EnrollmentId::from_random(&[7; 16]).as_str().into()),
        ("another account", |it| it.subject = "mina-8".into()),
        ("the account in other letters", |it| it.subject = "MINA-7".into()),
        ("another issuer", |it| it.issuer = "https://rp.example".into()),
        ("expired", |it| (it.issued, it.expires) = (NOW.plus_seconds(-300), NOW)),
        ("from the future", |it| (it.issued, it.expires) = (NOW.plus_seconds(61), NOW.plus_seconds(120))),
        ("too long", |it| it.expires = NOW.plus_seconds(601)),
        ("ends before it begins", |it| it.expires = NOW),
    ];
    for (what, alter) in cases {
        let mut challenge = honest.clone();
        alter(&mut challenge);
        world.refuses(what, &world.server.online.message(&challenge));
    }
}

#[test]
fn an_old_answer_answers_nothing_new() {
    let mut world = World::new(false);
    let mut old = None;
    world
        .poll(|server, request| {
            old = ok(server.inbox(re(request), NOW, &[]));
            old.clone()
        })
        .unwrap();
    let challenge = world.server.online.message(&world.server.challenge(NOW));
    world.list(&[&challenge]).unwrap();
    let before = world.bytes();
    assert_eq!(world.poll(|_, _| old.clone()), Err(Error::Refused(MessageError::Elsewhere("re"))));
    assert!(world.bytes() == before);
}

#[test]
fn a_request_comes_once_whatever_its_signature() {
    let mut world = World::new(true);
    let text = world.server.online.message(&world.server.challenge(NOW));
    let (input, signature) = text.rsplit_once('.').unwrap();
    let signature = p256::ecdsa::Signature::from_slice(&decode(signature).unwrap()).unwrap();
    // (r, n − s) is as good as (r, s): ECDSA is malleable.
    let (r, s) = signature.split_scalars();
    let other = p256::ecdsa::Signature::from_scalars(r, -s).unwrap();
    let twin = format!("{input}.{}", encode(&other.to_bytes()));
    assert!(twin != text && matches!(world.server.online.public(), PublicKey::P256(_)));
    let request = world.list(&[&text]).unwrap().1[0];
    assert_eq!(world.list(&[&twin]), Ok((0, Vec::new())), "the same request, not another");
    let denied = world.decide(request, Decision::Deny, |server, request| {
        let (issuer, audience) = (BASE.into(), server.id.as_str().into());
        ok(server.online.message(&Receipt {
            issuer,
            audience,
            issued: NOW,
            re: re(request),
            status: ReceiptStatus::Denied,
        }))
    });
    assert!(denied.is_ok());
    for again in [&text, &twin] {
        assert!(world.list(&[again]).unwrap().1.is_empty());
        assert!(world.enrollment.requests(&world.verifier, NOW).is_empty());
        assert!(world.enrollment.scan(&world.verifier, &format!("countersign://challenge?c={again}"), NOW).is_err());
        let answered = world.decide(request, Decision::Approve, |_, _| panic!("sent"));
        assert_eq!(answered, Err(Error::UnknownRequest));
    }
}

#[test]
fn text_that_misleads_is_never_shown() {
    let mut world = World::new(false);
    let long = "x".repeat(201);
    let misleading = [
        "a\u{202e}b",
        "a\u{2066}b",
        "\u{200e}a",
        "a\nb",
        "a\r\nb",
        "a\tb",
        "a\u{2028}b",
        "a\u{85}b",
        "a\0b",
        "\u{1b}[2J",
        "a\u{200b}b",
        "a\u{feff}",
        "\u{e0041}",
        "\u{e000}",
        "e\u{301}",
        "",
        &long,
    ];
    for text in misleading {
        for member in 0..7 {
            let mut challenge = world.server.challenge(NOW);
            let context = &mut challenge.context;
            *context = Context::default();
            let wrong = text.to_owned();
            match member {
                0 => context.application = Some(wrong),
                1 => context.client = Some(wrong),
                2 => context.address = Some(wrong),
                3 => context.location = Some(wrong),
                4 => context.time = Some(wrong),
                5 => challenge.details = vec![Detail { label: wrong, value: "v".into() }],
                _ => challenge.details = vec![Detail { label: "l".into(), value: wrong }],
            }
            world.refuses(&format!("{text:?} in member {member}"), &world.server.online.message(&challenge));
        }
    }
    let mut challenge = world.server.challenge(NOW);
    (challenge.action, challenge.details) =
        (Action::Transaction, vec![Detail { label: "l".into(), value: "v".into() }; 21]);
    world.refuses("21 details", &world.server.online.message(&challenge));
}

#[test]
fn a_scanned_request_is_never_answered_over_the_network() {
    let mut world = World::new(false);
    let text = world.server.online.message(&world.server.challenge(NOW));
    let uri = format!("countersign://challenge?c={text}");
    let request = world.enrollment.scan(&world.verifier, &uri, NOW).unwrap();
    assert!(request.by_picture && !request.online);
    let before = world.bytes();
    for decision in [Decision::Approve, Decision::Deny] {
        let answered = world.decide(request.id, decision, |_, _| panic!("sent"));
        assert_eq!(answered, Err(Error::UnknownRequest));
        assert!(world.bytes() == before);
    }
    let verified = world.run(&mut Task::approve_verified(request.id), |_, _| panic!("sent"));
    assert_eq!(verified, Err(Error::UnknownRequest));
    assert!(world.bytes() == before);
}

#[test]
fn a_link_opens_no_challenge_and_a_challenge_is_no_invitation() {
    let world = World::new(false);
    let text = world.server.online.message(&world.server.challenge(NOW));
    let challenge = format!("countersign://challenge?c={text}");
    assert!(Invitation::parse(&challenge, false).is_err());
    // What links are given to knows neither.
    let opened = countersign_core::enroll::parse(&challenge);
    assert!(!matches!(opened, Ok(countersign_core::enroll::Scanned::Account(_))), "{opened:?}");
    for (what, text) in [
        (
            "an invitation",
            format!("countersign://enroll?u=https://rp.example&k={}&t=AAAAAAAAAAAAAAAAAAAAAA", encode(&[1; 32])),
        ),
        ("a web link", format!("https://rp.example/challenge?c={text}")),
        ("a second parameter", format!("{challenge}&u=https://evil.example")),
        ("twice", format!("{challenge}&c={text}")),
        ("another case", challenge.replacen("countersign", "COUNTERSIGN", 1)),
        ("too long", format!("{challenge}{}", "A".repeat(1200))),
    ] {
        assert!(offline_challenge(&text).is_err(), "{what}");
    }
}

#[test]
fn one_verifiers_clock_is_its_own() {
    let mut pushed = World::new(false);
    let other = World::at(Server::new("https://rp.example/other", false));
    let (before, far) = (other.bytes(), NOW.plus_seconds(10 * 365 * 86_400));
    // A year ahead: its own messages are judged by that, until its metadata has ended by its own clock.
    let ahead = NOW.plus_seconds(600);
    let told = |world: &mut World, at| {
        world.poll(|server, request| match request.header("Proof") {
            Some(_) => ok(server.inbox(re(request), at, &[])),
            None => ok(server.metadata(at)),
        })
    };
    told(&mut pushed, ahead).unwrap();
    assert_eq!((pushed.verifier.time(NOW), other.verifier.time(NOW)), (ahead, NOW));
    assert!(other.bytes() == before);
    // Beyond what its metadata covers, in the minute in which that was fetched: refused, and the clock stays.
    let kept = pushed.bytes();
    assert!(told(&mut pushed, far).is_err());
    assert!(pushed.bytes() == kept);
    // An answer to what was sent again may be old: it moves no clock.
    let request = pushed.open_at(ahead);
    let lost = pushed.decide(request, Decision::Deny, |_, _| None);
    assert_eq!(lost, Err(Error::Network));
    let again = pushed.run(&mut Task::resend(), |server, request| {
        let (issuer, audience, issued) = (BASE.into(), server.id.as_str().into(), NOW.plus_seconds(30));
        ok(server.online.message(&Receipt { issuer, audience, issued, re: re(request), status: ReceiptStatus::Denied }))
    });
    assert!(again.is_ok(), "{again:?}");
    assert_eq!(pushed.verifier.time(NOW), ahead);
}

#[test]
fn nothing_that_is_logged_holds_a_secret() {
    let mut world = World::new(false);
    let request = world.open();
    let shown = world.enrollment.requests(&world.verifier, NOW);
    let mut said = format!("{:?} {:?} {:?}", world.enrollment, world.verifier.guard(), shown[0].id);
    let enrolling = beginning(&world.server);
    said.push_str(&format!("{enrolling:?}"));
    let mut task = Task::decide(request, Decision::Approve);
    let mut reply = Reply::Begin;
    for _ in 0..4 {
        let (enrollment, verifier) = (&mut world.enrollment, &mut world.verifier);
        let entropy = countersign_core::entropy::SystemEntropy::new();
        let step = task.next(Session { enrollment, verifier, now: NOW, entropy: &entropy }, reply).unwrap();
        said.push_str(&format!("{step:?} {task:?}"));
        reply = match step {
            Step::NeedsCode { .. } => Reply::Code(CODE.into()),
            Step::Sign { .. } => Reply::Signature(task.own_signature().unwrap()),
            _ => break,
        };
    }
    for secret in [CODE, CANARY, "mina", "eyJ", &encode(&[5; 16])] {
        assert!(!said.contains(secret), "{secret}: {said}");
    }
}
