//! The phone's half of the push protocol where the tests between two halves (`tests/protocol`) don't reach: what is stored,
//! what a crash leaves, and that nothing refused leaves a trace.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod server;

use countersign_core::push::MessageError;
use countersign_core::push::jose::SoftwareKey;
use countersign_core::push::model::{Confirmation, Decision, Outcome, Status, Step};
use countersign_core::push::native::messages::{
    Amr, ErrorCode, KeyNaming, Message, ReceiptStatus, Status as InboxStatus, Transport,
};
use countersign_core::push::native::phone::{
    Enrolling, Enrollment, Error, OwnKey, Progress, PushChoice, Reply, Task, Verifier, Walk,
};
use server::{Counting, NOW, Phone, Server, arrival, later, wanted};

/// What a test answers a poll with: a status and a body.
type Answer = Box<dyn Fn(&Server, &countersign_core::push::model::HttpRequest) -> (u16, String)>;

/// What is wrong with something, and how it gets so.
type Spoiled<T> = (&'static str, fn(&mut T));

fn spoiled(change: impl Fn(&mut countersign_core::push::native::messages::Inbox) + 'static) -> Answer {
    Box::new(move |server, request| {
        let mut inbox = server.inbox(request, later(10), Vec::new());
        change(&mut inbox);
        (200, server.sign(&inbox))
    })
}

#[test]
fn a_refused_answer_leaves_the_stored_state_as_it_was() {
    let server = Server::new();
    let good = |server: &Server, request: &_| {
        server.inbox(request, later(10), vec![server.sign(&server.challenge(1, later(10)))])
    };
    let cases: Vec<(&str, Answer, Error)> = vec![
        ("nothing", Box::new(|_, _| (200, String::new())), Error::Network),
        ("not a message", Box::new(|_, _| (200, "a.b.c".into())), Error::Network),
        ("unsigned 401", Box::new(|_, _| (401, String::new())), Error::Network),
        ("a good answer with 500", Box::new(move |s, r| (500, s.sign(&good(s, r)))), Error::Network),
        ("a good answer with 400", Box::new(move |s, r| (400, s.sign(&good(s, r)))), Error::Network),
        (
            "an error with 200",
            Box::new(|s, r| (200, s.sign(&s.error(r, later(10), ErrorCode::NotActive)))),
            Error::Network,
        ),
        (
            "an error with 409",
            Box::new(|s, r| (409, s.sign(&s.error(r, later(10), ErrorCode::NotActive)))),
            Error::Network,
        ),
        (
            "signed by another key under that name",
            Box::new(move |s, r| {
                let other = SoftwareKey::from_secret(&[77; 32]);
                (200, good(s, r).draft(&s.online.public(), KeyNaming::Thumbprint).sign(&other))
            }),
            Error::Network,
        ),
        (
            "signed by the identity key",
            Box::new(move |s, r| (200, good(s, r).draft(&s.identity.public(), KeyNaming::Whole).sign(&s.identity))),
            Error::Network,
        ),
        ("too long", Box::new(|_, _| (200, "a".repeat(64 * 1024 + 1))), Error::Network),
        (
            "a receipt",
            Box::new(|s, r| (200, s.sign(&s.receipt(r, later(10), ReceiptStatus::Approved)))),
            Error::Refused(MessageError::Unsupported("typ")),
        ),
        ("iss", spoiled(|inbox| inbox.issuer.push('x')), Error::Refused(MessageError::Elsewhere("iss"))),
        (
            "aud",
            spoiled(|inbox| inbox.audience = "BBBBBBBBBBBBBBBBBBBBBA".into()),
            Error::Refused(MessageError::Elsewhere("aud")),
        ),
        (
            "re",
            spoiled(|inbox| inbox.re = countersign_core::push::jose::MessageHash::from_bytes([0; 32])),
            Error::Refused(MessageError::Elsewhere("re")),
        ),
        ("seq", spoiled(|inbox| inbox.sequence = 4), Error::Refused(MessageError::Downgrade("seq"))),
        (
            "a challenge while frozen",
            spoiled(|inbox| (inbox.status, inbox.challenges) = (InboxStatus::Frozen, vec!["x".into()])),
            Error::Refused(MessageError::Malformed("challenges")),
        ),
    ];
    for (name, answer, error) in cases {
        let mut phone = Phone::enrolled(&server);
        phone.poll(&server, later(5), vec![server.sign(&server.challenge(9, later(5)))]);
        let mut task = Task::poll();
        let request = phone.sends(&mut task, Reply::Begin, later(10));
        let before = phone.bytes();
        let (status, body) = answer(&server, &request);
        let came = phone.go(&mut task, Reply::Arrived(arrival(status, &body, later(10))), later(10));
        assert_eq!(came, Err(error), "{name}");
        assert!(phone.bytes() == before, "{name}");
        assert_eq!(phone.go(&mut task, Reply::Begin, later(10)), Err(Error::OutOfStep), "{name}");
    }
}

#[test]
fn an_answer_that_is_signed_but_senseless_leaves_the_stored_state_as_it_was() {
    let server = Server::new();
    let mut phone = Phone::enrolled(&server);
    phone.poll(&server, later(5), vec![server.sign(&server.challenge(1, later(5)))]);
    // The answer to a change of address lists a challenge, and tells another time.
    let choice = PushChoice::At { transport: Transport::Fcm, address: "token".into() };
    let mut task = Task::push(choice);
    let request = phone.sends(&mut task, Reply::Begin, later(6));
    let before = phone.bytes();
    let inbox = server.sign(&server.inbox(&request, later(9), vec![server.sign(&server.challenge(2, later(6)))]));
    let came = phone.go(&mut task, Reply::Arrived(arrival(200, &inbox, later(6))), later(6));
    assert_eq!(came, Err(Error::Refused(MessageError::Malformed("challenges"))));
    assert!(phone.bytes() == before);
    // More tries are left than there ever were.
    let (mut task, request) = phone.approve(later(7));
    let before = phone.bytes();
    let receipt = server.receipt(&request, later(9), ReceiptStatus::WrongCode { attempts_left: 3 });
    let came = phone.go(&mut task, Reply::Arrived(arrival(200, &server.sign(&receipt), later(7))), later(7));
    assert_eq!(came, Err(Error::Refused(MessageError::Malformed("attempts_left"))));
    assert!(phone.bytes() == before);
}

#[test]
fn a_refused_challenge_is_counted_for_nothing_but_its_status_holds() {
    let server = Server::new();
    let cases: [Spoiled<countersign_core::push::native::messages::Challenge>; 8] = [
        ("iss", |it| it.issuer.push('x')),
        ("aud", |it| it.audience = "BBBBBBBBBBBBBBBBBBBBBA".into()),
        ("sub", |it| it.subject = "18".into()),
        ("expired", |it| it.expires = later(9)),
        ("lives too long", |it| it.expires = it.issued.plus_seconds(601)),
        ("from the future", |it| (it.issued, it.expires) = (later(72), later(100))),
        ("ends before it begins", |it| it.issued = it.expires.plus_seconds(1)),
        ("not to be shown", |it| it.context.client = Some("a\u{202e}b".into())),
    ];
    for (name, change) in cases {
        let mut phone = Phone::enrolled(&server);
        let mut challenge = server.challenge(1, later(10));
        change(&mut challenge);
        let step = phone.poll(&server, later(10), vec![server.sign(&challenge)]);
        let Step::Done(Outcome::Polled { status, refused, new, closed }) = step else { panic!("{step:?}") };
        assert_eq!((status, refused, new.len(), closed.len()), (Status::Active, 1, 0, 0), "{name}");
        assert!(phone.enrollment.requests(&phone.verifier, later(10)).is_empty(), "{name}");
    }
}

#[test]
fn metadata_that_may_not_be_leaves_the_stored_one() {
    let cases: [Spoiled<Server>; 5] = [
        ("lower seq", |server| server.metadata.sequence = 4),
        ("same seq, another name", |server| server.metadata.name = "Payro11".into()),
        ("lists the identity key", |server| {
            server.metadata.sequence = 6;
            server.metadata.keys.push(server.identity.public());
        }),
        ("another address", |server| {
            (server.metadata.sequence, server.metadata.issuer) = (6, "https://other.example".into())
        }),
        ("from the future", |server| {
            (server.metadata.sequence, server.metadata.issued) = (6, later(100));
        }),
    ];
    for (name, change) in cases {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&server);
        let mut task = Task::poll();
        let request = phone.sends(&mut task, Reply::Begin, later(10));
        let mut inbox = server.inbox(&request, later(10), Vec::new());
        inbox.sequence = 6;
        let inbox = server.sign(&inbox);
        let enrollment = phone.enrollment.clone();
        let known = phone.verifier.metadata().cloned();
        phone.sends(&mut task, Reply::Arrived(arrival(200, &inbox, later(10))), later(10));
        change(&mut server);
        let metadata = arrival(200, &server.signed_metadata(), later(10));
        let came = phone.go(&mut task, Reply::Arrived(metadata), later(10));
        assert!(matches!(came, Err(Error::Refused(_))), "{name}: {came:?}");
        assert_eq!((phone.verifier.metadata().cloned(), &phone.enrollment), (known, &enrollment), "{name}");
        // For a minute it is not fetched again: the message is refused, and changes nothing.
        let mut task = Task::poll();
        let request = phone.sends(&mut task, Reply::Begin, later(40));
        let mut inbox = server.inbox(&request, later(40), Vec::new());
        inbox.sequence = 6;
        inbox.issuer = server::U.into();
        let before = phone.bytes();
        let came = phone.go(&mut task, Reply::Arrived(arrival(200, &server.sign(&inbox), later(40))), later(40));
        assert!(matches!(came, Err(Error::Refused(_))), "{name}: {came:?}");
        assert!(phone.bytes() == before, "{name}");
    }
}

#[test]
fn the_counter_is_in_the_state_before_anything_is_signed() {
    let server = Server::new();
    let mut phone = Phone::enrolled(&server);
    phone.poll(&server, later(5), vec![server.sign(&server.challenge(1, later(5)))]);
    let id = phone.enrollment.requests(&phone.verifier, later(6))[0].id;
    let mut numbers = Vec::new();
    for _ in 0..2 {
        let mut task = Task::decide(id, Decision::Approve);
        phone.go(&mut task, Reply::Begin, later(6)).unwrap();
        phone.go(&mut task, Reply::Code("123456".into()), later(6)).unwrap();
        let before = phone.bytes();
        let step = phone.next(&mut task, Reply::Verified(vec![Amr::Pin]), later(6)).unwrap();
        assert!(phone.bytes() != before);
        let Step::Sign { message, prompt, .. } = step else { panic!("{step:?}") };
        assert_eq!(prompt.unwrap().id, id);
        let payload = String::from_utf8(message).unwrap();
        let payload = countersign_core::push::jose::decode(payload.split_once('.').unwrap().1).unwrap();
        let payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        numbers.push(payload["counter"].as_u64().unwrap());
        // The app is killed here: a gap, and never the same number twice.
        phone.reopened();
    }
    assert_eq!(numbers, [1, 2]);
}

#[test]
fn an_answer_outlasts_a_crash_and_is_sent_again_byte_for_byte() {
    let server = Server::new();
    let mut phone = Phone::enrolled(&server);
    phone.poll(&server, later(5), vec![server.sign(&server.challenge(1, later(5)))]);
    let (_, first) = phone.approve(later(6));
    phone.reopened();
    assert_eq!(phone.enrollment.history().last().unwrap().confirmation, Confirmation::Unconfirmed);
    assert!(phone.enrollment.is_unconfirmed());
    let mut task = Task::resend();
    let again = phone.sends(&mut task, Reply::Begin, later(7));
    assert_eq!((&again.body, &again.url), (&first.body, &first.url));
    let receipt = server.sign(&server.receipt(&again, later(7), ReceiptStatus::Approved));
    let offset = phone.verifier.offset_millis();
    let step = phone.go(&mut task, Reply::Arrived(arrival(200, &receipt, later(3))), later(7)).unwrap();
    let Step::Done(Outcome::Answered(entry)) = step else { panic!("{step:?}") };
    assert_eq!(entry.confirmation, Confirmation::Receipt(ReceiptStatus::Approved));
    assert_eq!(phone.enrollment.history().last(), Some(&entry));
    // The answer to a repeat may be old: it tells no time.
    assert_eq!(phone.verifier.offset_millis(), offset);
    let mut task = Task::resend();
    assert_eq!(phone.go(&mut task, Reply::Begin, later(8)), Ok(Step::Done(Outcome::Nothing)));
}

#[test]
fn wrong_digits_leave_the_task_waiting_and_a_wrong_signature_ends_it() {
    let server = Server::new();
    let mut phone = Phone::enrolled(&server);
    phone.poll(&server, later(5), vec![server.sign(&server.challenge(1, later(5)))]);
    let id = phone.enrollment.requests(&phone.verifier, later(6))[0].id;
    let mut task = Task::decide(id, Decision::Approve);
    phone.go(&mut task, Reply::Begin, later(6)).unwrap();
    for code in ["", "12345", "1234567", "12345a", "１２３４５６"] {
        assert_eq!(phone.go(&mut task, Reply::Code(code.into()), later(6)), Err(Error::Code));
    }
    phone.go(&mut task, Reply::Code("123456".into()), later(6)).unwrap();
    let step = phone.next(&mut task, Reply::Verified(vec![Amr::Pin]), later(6)).unwrap();
    let Step::Sign { message, .. } = step else { panic!("{step:?}") };
    // The possession key never signs for the user-verification key.
    let wrong = SoftwareKey::from_secret(&[5; 32]).sign(&message).to_vec();
    assert_eq!(phone.next(&mut task, Reply::Signature(wrong), later(6)), Err(Error::Signature));
    assert!(!phone.enrollment.is_unconfirmed());
}

#[test]
fn denials_silence_a_verifier_and_work_without_any_other_key() {
    let server = Server::new();
    let mut phone = Phone::enrolled(&server);
    for number in 1..=3 {
        let now = later(i64::from(number) * 60);
        phone.poll(&server, now, vec![server.sign(&server.challenge(number, now))]);
        let id = phone.enrollment.requests(&phone.verifier, now)[0].id;
        let mut task = Task::decide(id, Decision::Deny);
        phone.uv = SoftwareKey::from_secret(&[99; 32]);
        let request = phone.sends(&mut task, Reply::Begin, now);
        let receipt = server.sign(&server.receipt(&request, now, ReceiptStatus::Denied));
        phone.go(&mut task, Reply::Arrived(arrival(200, &receipt, now)), now).unwrap();
        let muted = phone.verifier.guard().muted_until(now);
        assert_eq!(muted, (number == 3).then(|| now.plus_seconds(900)));
    }
    phone.reopened();
    assert_eq!(phone.verifier.guard().muted_until(later(181)), Some(later(180 + 900)));
}

#[test]
fn an_enrolment_outlasts_a_crash_with_the_same_request() {
    let server = Server::new();
    let (entropy, uv) = (Counting::new(), SoftwareKey::from_secret(&[4; 32]));
    let mut enrolling = Enrolling::begin(wanted(&server, &entropy, &uv), &entropy).unwrap();
    let mut bodies = Vec::new();
    for _ in 0..2 {
        let (mut walk, mut reply) = (Walk::default(), Reply::Begin);
        loop {
            reply = match enrolling.next(&mut walk, NOW, &entropy, reply).unwrap() {
                Progress::Step(Step::Sign { message, .. }) => {
                    Reply::Signature(walk.own_signature(&enrolling).unwrap_or_else(|| uv.sign(&message).to_vec()))
                }
                Progress::Step(Step::Send(request)) if request.body.is_empty() => {
                    Reply::Arrived(arrival(200, &server.signed_metadata(), NOW))
                }
                Progress::Step(Step::Send(request)) => {
                    bodies.push(request);
                    break;
                }
                other => panic!("{other:?}"),
            };
        }
        enrolling = Enrolling::decode(&enrolling.encode()).unwrap();
    }
    assert_eq!(bodies[0], bodies[1]);
    // The answer to a repeat can't tell the time: the phone polls before it shows digits.
    let (mut walk, again) = (Walk::default(), &bodies[1]);
    enrolling.next(&mut walk, NOW, &entropy, Reply::Begin).unwrap();
    let enrolled = server.sign(&server.enrolled(again, NOW));
    let step = enrolling.next(&mut walk, NOW, &entropy, Reply::Arrived(arrival(200, &enrolled, NOW))).unwrap();
    assert!(matches!(step, Progress::Step(Step::Sign { .. })));
    let signature = walk.own_signature(&enrolling).unwrap();
    let step = enrolling.next(&mut walk, NOW, &entropy, Reply::Signature(signature)).unwrap();
    let Progress::Step(Step::Send(poll)) = step else { panic!("{step:?}") };
    let mut inbox = server.inbox(&poll, NOW, Vec::new());
    inbox.status = Status::Pending;
    let answer = arrival(200, &server.sign(&inbox), NOW);
    let step = enrolling.next(&mut walk, NOW, &entropy, Reply::Arrived(answer)).unwrap();
    let Progress::Done(done) = step else { panic!("{step:?}") };
    assert_eq!(done.enrollment.confirmation().map(str::len), Some(6));
    assert!(done.hint_differs && done.totp.is_some());
    assert!(!done.enrollment.is_forgotten(later(86_400)) && done.enrollment.is_forgotten(later(86_401)));
}

#[test]
fn new_keys_count_when_the_verifier_has_said_so() {
    let server = Server::new();
    let mut phone = Phone::enrolled(&server);
    let possession = OwnKey::make(&phone.entropy).unwrap();
    let old = phone.enrollment.possession_key().clone();
    let mut task = Task::rotate(Some(possession.clone()), None);
    phone.go(&mut task, Reply::Begin, later(5)).unwrap();
    let request = phone.sends(&mut task, Reply::Verified(vec![Amr::Pin]), later(5));
    phone.reopened();
    assert_eq!(phone.enrollment.possession_key(), &old);
    for mut task in [Task::rotate(Some(possession.clone()), None), Task::remove()] {
        assert_eq!(phone.go(&mut task, Reply::Begin, later(6)), Err(Error::HeldBack));
    }
    let mut task = Task::resend();
    let again = phone.sends(&mut task, Reply::Begin, later(6));
    assert_eq!(again, request);
    let inbox = server.sign(&server.inbox(&again, later(6), Vec::new()));
    phone.go(&mut task, Reply::Arrived(arrival(200, &inbox, later(6))), later(6)).unwrap();
    assert_eq!(phone.enrollment.possession_key(), &possession);
    let same = Some(phone.enrollment.uv_key().clone());
    assert_eq!(phone.go(&mut Task::rotate(same, None), Reply::Begin, later(7)).map(drop), Err(Error::Keys));
}

#[test]
fn new_keys_of_the_platforms_are_named_from_the_moment_that_they_are_stored() {
    use p256::ecdsa::signature::Signer;
    let server = Server::new();
    let mut phone = Phone::enrolled(&server);
    let key = p256::ecdsa::SigningKey::from_slice(&[5; 32]).unwrap();
    let public = key.verifying_key().to_sec1_point(false);
    let own = OwnKey::platform(public.as_bytes(), b"handle".to_vec(), true).unwrap();
    let mut task = Task::rotate(Some(own), None);
    phone.go(&mut task, Reply::Begin, later(5)).unwrap();
    let Step::Sign { message, .. } = phone.next(&mut task, Reply::Verified(vec![Amr::Pin]), later(5)).unwrap() else {
        panic!("it has to sign what it is to be")
    };
    assert!(phone.enrollment.platform_handles().is_empty());
    let signature: p256::ecdsa::DerSignature = key.sign(&message);
    phone.sends(&mut task, Reply::Signature(signature.as_bytes().to_vec()), later(5));
    phone.reopened();
    assert_eq!(phone.enrollment.platform_handles(), [b"handle"]);
}

#[test]
fn both_tags_wake_until_the_new_address_is_confirmed() {
    let server = Server::new();
    let mut phone = Phone::enrolled(&server);
    let tags = |phone: &Phone| phone.enrollment.wake_keys().len();
    for round in 1..=2 {
        let choice =
            PushChoice::At { transport: Transport::UnifiedPush, address: format!("https://push.example/{round}") };
        let mut task = Task::push(choice);
        let request = phone.sends(&mut task, Reply::Begin, later(round));
        assert_eq!(tags(&phone), usize::try_from(round).unwrap());
        phone.reopened();
        let inbox = server.sign(&server.inbox(&request, later(round), Vec::new()));
        phone.go(&mut task, Reply::Arrived(arrival(200, &inbox, later(round))), later(round)).unwrap();
        assert_eq!(tags(&phone), 1);
    }
    let bad = PushChoice::At { transport: Transport::UnifiedPush, address: "http://push.example".into() };
    assert_eq!(phone.go(&mut Task::push(bad), Reply::Begin, later(9)), Err(Error::Address));
    assert!(phone.enrollment.wake(later(10)) && !phone.enrollment.wake(later(14)) && phone.enrollment.wake(later(15)));
}

#[test]
fn stored_forms_are_read_strictly_and_shown_to_nobody() {
    let server = Server::new();
    let mut phone = Phone::enrolled(&server);
    phone.poll(&server, later(5), vec![server.sign(&server.challenge(1, later(5)))]);
    phone.approve(later(6));
    let (enrollment, verifier) = phone.bytes();
    for cut in [0, 1, 2, enrollment.len() / 2, enrollment.len() - 1] {
        assert!(Enrollment::decode(&enrollment[..cut]).is_err(), "{cut}");
    }
    assert!(Enrollment::decode(&[&enrollment[..], b"\xf8\x07\x00"].concat()).is_err());
    assert!(Enrollment::decode(&[&enrollment[..], b"\x08\x01"].concat()).is_err());
    assert!(Verifier::decode(&[&verifier[..], b"\xf8\x07\x00"].concat()).is_err());
    // Metadata is verified again: a stored form with another key in it is none.
    let mut altered = verifier.clone();
    let at = altered.windows(2).position(|window| window == b"ey").unwrap() + 40;
    altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
    assert!(Verifier::decode(&altered).is_err());
    let shown = format!("{:?} {:?}", phone.enrollment, Task::poll());
    assert!(!shown.contains("mina") && !shown.contains("123456"), "{shown}");
}

#[test]
fn a_scanned_request_is_answered_by_digits_and_by_nothing_else() {
    let mut server = Server::new();
    let mut phone = Phone::enrolled(&server);
    let text = server.sign(&server.challenge(1, later(5)));
    let uri = format!("countersign://challenge?c={text}");
    let request = phone.enrollment.scan(&phone.verifier, &uri, later(6)).unwrap();
    assert!(request.by_picture && !request.online);
    let mut task = Task::decide(request.id, Decision::Approve);
    assert_eq!(phone.go(&mut task, Reply::Begin, later(6)), Err(Error::UnknownRequest));
    let mut shown = Vec::new();
    for _ in 0..2 {
        let mut task = Task::digits(request.id);
        assert_eq!(phone.go(&mut task, Reply::Begin, later(7)), Ok(Step::NeedsUserVerification));
        let key = phone.offline.clone();
        let step = phone.go(&mut task, Reply::OfflineKey(key), later(7)).unwrap();
        let Step::ShowCode { digits, until } = step else { panic!("{step:?}") };
        assert_eq!((digits.len(), until), (8, later(125)));
        shown.push(digits);
        phone.reopened();
        // It polls by itself; that the request stands there by now changes nothing: it is answered.
        let poll = phone.sends(&mut task, Reply::Shown, later(8));
        let inbox = server.sign(&server.inbox(&poll, later(8), vec![text.clone()]));
        phone.go(&mut task, Reply::Arrived(arrival(200, &inbox, later(8))), later(8)).unwrap();
        let mut task = Task::decide(request.id, Decision::Approve);
        assert_eq!(phone.go(&mut task, Reply::Begin, later(9)), Err(Error::UnknownRequest));
    }
    assert_eq!(shown[0], shown[1]);
    assert_eq!(phone.enrollment.history().len(), 1);
    assert_eq!(phone.enrollment.history()[0].confirmation, Confirmation::ByDigits);
    // Metadata that has ended judges nothing that comes without a network.
    server.metadata.expires = later(10);
    let mut phone = Phone::enrolled(&server);
    let came = phone.enrollment.scan(&phone.verifier, &uri, later(11));
    assert_eq!(came, Err(Error::Refused(MessageError::Time("metadata"))));
}

#[test]
fn an_older_state_of_a_verifier_teaches_a_newer_one_nothing() {
    let mut server = Server::new();
    let old = Phone::enrolled(&server).verifier;
    (server.metadata.sequence, server.metadata.name) = (6, "Payroll 2".into());
    let new = Phone::enrolled(&server).verifier;
    let mut verifier = new.clone();
    verifier.learn(&old);
    assert_eq!(verifier, new);
    let mut verifier = old.clone();
    verifier.learn(&new);
    assert_eq!(verifier, new);
    server.identity = SoftwareKey::from_secret(&[8; 32]);
    server.metadata.sequence = 7;
    verifier.learn(&Phone::enrolled(&server).verifier);
    assert_eq!(verifier, new);
}

#[test]
fn codes_follow_the_verifiers_clock_and_stop_with_the_enrolment() {
    let server = Server::new();
    let mut phone = Phone::enrolled(&server);
    let seed = phone.totp.clone().unwrap();
    let (digits, until) = phone.enrollment.totp(&phone.verifier, &seed, later(5)).unwrap();
    assert_eq!((digits.len(), until), (6, later(30)));
    // Our clock is set 30 seconds back: the next answer tells, and the code stays the verifier's.
    let mut task = Task::poll();
    let request = phone.sends(&mut task, Reply::Begin, later(-20));
    let inbox = server.sign(&server.inbox(&request, later(10), Vec::new()));
    phone.go(&mut task, Reply::Arrived(arrival(200, &inbox, later(-20))), later(-20)).unwrap();
    assert_eq!(phone.verifier.offset_millis(), Some(30_000));
    assert_eq!(phone.enrollment.totp(&phone.verifier, &seed, later(-20)), Ok((digits, later(0))));
    let mut task = Task::poll();
    let request = phone.sends(&mut task, Reply::Begin, later(0));
    let mut inbox = server.inbox(&request, later(30), Vec::new());
    inbox.status = Status::Frozen;
    phone.go(&mut task, Reply::Arrived(arrival(200, &server.sign(&inbox), later(0))), later(0)).unwrap();
    assert_eq!(phone.enrollment.totp(&phone.verifier, &seed, later(0)), Err(Error::NotActive));
}
