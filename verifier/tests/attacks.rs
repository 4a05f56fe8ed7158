//! Attacks on the verifier: what an evil phone, an evil page and an evil network send, refused without a trace.
//!
//! `docs/threat-model.md` names these tests. After each refusal the whole store is compared.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../../core/tests/common/forge.rs"]
mod forge;

mod common;

use std::sync::Arc;

use common::{
    Phone, Server, ask, asking, at, code, enrolled, fcm, invitation, nonce, other, pending, post, question, server,
    server_over,
};
use countersign_core::push::jose::{SoftwareKey, encode, sha256};
use countersign_core::push::native::formulas::offline_digits;
use countersign_core::push::native::messages::{
    Decision, ErrorCode, Key, KeyNaming, Message, PushAddress, ReceiptStatus, Remove, Role, Rotate, Status,
};
use countersign_core::time::UnixTime;
use countersign_verifier::store::{Kind, MemoryStore, Store, What};
use countersign_verifier::{AskError, ConfirmError, ManageError, RedeemError, Request, SignInState, TypedError};
use forge::forgeries;

/// All rows with their versions, and all events.
fn snapshot(server: &Server) -> String {
    let store = server.store();
    let rows = Kind::ALL.map(|kind| store.scan(kind, None, usize::MAX).unwrap());
    let rows = rows.iter().flatten().map(|(id, row)| format!("{id:?} {:?} {:?}\n", row.version, row.bytes));
    format!("{}{:?}", rows.collect::<String>(), store.events(0, usize::MAX).unwrap())
}

/// Sends a request that has to be refused: with the unsigned 401 or a signed error, and without a trace.
fn refuses(server: &Server, what: &str, request: &Request<'_>, now: UnixTime) -> Option<ErrorCode> {
    let before = snapshot(server);
    let reply = server.handle(request, now);
    assert!(snapshot(server) == before, "{what}: left something behind");
    match reply.status {
        400 | 409 => Some(code(server, &reply, now)),
        status => {
            assert!(matches!(status, 401 | 413) && reply.body.is_empty(), "{what}: {reply:?}");
            None
        }
    }
}

fn remove(phone: &Phone, now: UnixTime) -> Remove {
    Remove { issuer: phone.id.clone(), audience: common::U.into(), issued: now, nonce: nonce() }
}

fn rotate(phone: &Phone, new: &SoftwareKey, now: UnixTime) -> Rotate {
    let key = Key { issuer: phone.id.clone(), audience: common::U.into(), role: Role::Possession };
    Rotate {
        issuer: phone.id.clone(),
        audience: common::U.into(),
        issued: now,
        nonce: nonce(),
        possession: Some(key.draft(&new.public(), KeyNaming::Whole).sign(new)),
        uv: None,
    }
}

fn sealed<M: Message>(message: &M, key: &SoftwareKey) -> String {
    message.draft(&key.public(), KeyNaming::Thumbprint).sign(key)
}

#[test]
fn forged_requests_are_refused_and_leave_nothing_behind() {
    let server = server();
    let mut phone = enrolled(&server, "ann", at(0));
    ask(&server, at(1));
    let (challenge, hash) = phone.challenge(&server, at(1));
    let now = at(2);
    let push = fcm().to_json();
    let enroll = asking(&invitation(&server, "ann", now), now);
    let answer = phone.answer(hash, challenge.expires, Decision::Deny, None, true, now);
    let gone = sealed(&remove(&phone, now), &phone.uv);
    let new = SoftwareKey::from_secret(&[42; 32]);
    let changed = sealed(&rotate(&phone, &new, now), &phone.uv);
    let (poll, address) =
        (phone.proof("GET", "challenges", b"", now), phone.proof("POST", "push", push.as_bytes(), now));
    let cases = [
        ("enroll", "POST", "/enrollments".to_owned(), &enroll.request, &enroll.possession, false),
        ("response", "POST", phone.path("responses"), &answer, &phone.uv, false),
        ("remove", "POST", phone.path("remove"), &gone, &phone.uv, false),
        ("rotate", "POST", phone.path("keys"), &changed, &phone.uv, false),
        ("proof of a poll", "GET", phone.path("challenges"), &poll, &phone.possession, true),
        ("proof of an address", "POST", phone.path("push"), &address, &phone.possession, true),
    ];
    let mut count = 0;
    for (kind, method, path, message, key, is_proof) in &cases {
        for (what, text) in forgeries(message, key.public(), &|bytes| key.sign(bytes)) {
            let proof = [text.as_str()];
            let body = if *path == phone.path("push") { push.as_bytes() } else { b"" };
            let request = match is_proof {
                true => Request { method, path, proof: &proof, body },
                false => Request { method, path, proof: &[], body: text.as_bytes() },
            };
            refuses(&server, &format!("{kind}: {what}"), &request, now);
            count += 1;
        }
        let bytes = [message.as_bytes(), b"\xff"].concat();
        refuses(&server, kind, &Request { method, path, proof: &[], body: &bytes }, now);
    }
    assert!(count > 400, "{count}");
    // Those that weren't forged are accepted.
    assert_eq!(phone.send(&server, &answer, now), ReceiptStatus::Denied);
    assert_eq!(post(&server, &phone.path("keys"), &changed, now).status, 200);
    assert_eq!(post(&server, "/enrollments", &enroll.request, now).status, 200);
    assert_eq!(post(&server, &phone.path("remove"), &gone, now).status, 200);
}

#[test]
fn the_possession_key_alone_neither_rotates_nor_removes() {
    let server = server();
    let phone = enrolled(&server, "ann", at(0));
    let new = SoftwareKey::from_secret(&[42; 32]);
    for (path, text) in [
        ("keys", sealed(&rotate(&phone, &new, at(1)), &phone.possession)),
        ("remove", sealed(&remove(&phone, at(1)), &phone.possession)),
        ("keys", sealed(&rotate(&phone, &new, at(1)), &new)),
    ] {
        let request = Request { method: "POST", path: &phone.path(path), proof: &[], body: text.as_bytes() };
        assert_eq!(refuses(&server, path, &request, at(1)), None);
    }
    assert_eq!(phone.poll(&server, at(2)).status, Status::Active);
}

#[test]
fn what_is_seen_of_a_ticket_on_the_wire_enrols_nobody_else() {
    let server = server();
    let invitation = invitation(&server, "ann", at(0));
    let seen = asking(&invitation, at(1));
    let payload = seen.request.split('.').nth(1).unwrap();
    let payload = String::from_utf8(countersign_core::push::jose::decode(payload).unwrap()).unwrap();
    let ticket = invitation.ticket.expose();
    assert!(!payload.contains(&encode(ticket)) && !payload.as_bytes().windows(ticket.len()).any(|part| part == ticket));
    // The thief has `tid` and `tp` of the request that was seen, and keys of their own: a guessed ticket of the same name.
    let mut guessed = invitation.clone();
    guessed.ticket = countersign_core::secret::SecretBytes::new(vec![0; 16]);
    let member = |payload: &str, name: &str| {
        payload.split_once(&format!("\"{name}\":\"")).unwrap().1.split('"').next().unwrap().to_owned()
    };
    for names in [&["tid"][..], &["tid", "tp"]] {
        let thief = asking(&guessed, at(1));
        let [header, own, _] = [0, 1, 2].map(|at| thief.request.split('.').nth(at).unwrap());
        let mut own = String::from_utf8(countersign_core::push::jose::decode(own).unwrap()).unwrap();
        for name in names {
            own = own.replace(&member(&own, name), &member(&payload, name));
        }
        // The nested message names the ticket, too.
        let nested = countersign_core::push::native::messages::Uv {
            audience: common::U.into(),
            ticket: countersign_core::push::native::formulas::ticket_id(&invitation.ticket),
            possession: common::thumbprint(&thief.possession),
        };
        let nested = nested.draft(&thief.uv.public(), KeyNaming::Whole).sign(&thief.uv);
        own = own.replace(&member(&own, "uv"), &nested);
        let input = format!("{header}.{}", encode(own.as_bytes()));
        let text = format!("{input}.{}", encode(&thief.possession.sign(input.as_bytes())));
        let request = Request { method: "POST", path: "/enrollments", proof: &[], body: text.as_bytes() };
        assert_eq!(refuses(&server, "a thief", &request, at(1)), Some(ErrorCode::TicketUnknown));
    }
    assert_eq!(post(&server, "/enrollments", &seen.request, at(2)).status, 200, "the ticket is as it was");
}

#[test]
fn a_thief_who_enrols_first_is_noticed_and_never_confirmed() {
    let server = server();
    let invitation = invitation(&server, "ann", at(0));
    let (thief, owner) = (asking(&invitation, at(1)), asking(&invitation, at(2)));
    let reply = post(&server, "/enrollments", &thief.request, at(1));
    let thief = thief.finish(&server, &reply, at(1));
    let request = Request { method: "POST", path: "/enrollments", proof: &[], body: owner.request.as_bytes() };
    assert_eq!(refuses(&server, "the owner", &request, at(2)), Some(ErrorCode::TicketUsed));
    assert_eq!(server.sign_in("ann", "b", &question(), at(3)).unwrap_err(), AskError::NoFactor);
    let told = server.events(0, 100).unwrap();
    assert!(told.iter().any(|it| it.event.what == What::Enrolled && it.event.is_notice()));
    // The owner's page has no digits to type; guessing ends after three.
    for _ in 0..3 {
        server.confirm(&thief.ticket, &other(&thief.digits), at(4)).unwrap();
    }
    assert_eq!(server.confirm(&thief.ticket, &thief.digits, at(5)), Err(ConfirmError::NothingPending));
    assert_eq!(thief.phone.poll(&server, at(6)).status, Status::Removed);
}

#[test]
fn floods_of_other_sessions_take_nothing_from_the_person() {
    let server = server();
    let mut phone = enrolled(&server, "ann", at(0));
    let page = ask(&server, at(1));
    let before = snapshot(&server);
    for session in 0..200 {
        let refused = server.sign_in("ann", &format!("flood {session}"), &question(), at(2));
        assert_eq!(refused.unwrap_err(), AskError::Busy);
        let guess = encode(&sha256(&[format!("{session}").as_bytes()])[..16]);
        assert_eq!(server.status(&guess, at(2)), Err(ManageError::Unknown));
        assert_eq!(server.redeem(&guess, at(2)), Err(RedeemError::Unknown));
        assert_eq!(server.regenerate(&guess, at(2)).unwrap_err(), AskError::Unknown);
        assert_eq!(server.offline(&guess, "12345678", at(2)), Err(TypedError::Unknown));
        assert_eq!(server.totp(&guess, "123456", at(2)), Err(TypedError::Unknown));
        assert_eq!(server.confirm(&guess, "123456", at(2)), Err(ConfirmError::NothingPending));
    }
    assert!(snapshot(&server) == before, "a flood left something behind");
    let digits = page.shown.expose().to_owned();
    assert_eq!(phone.decide(&server, Decision::Approve, Some(&digits), at(3)), ReceiptStatus::Approved);
    assert!(server.redeem(page.secret.expose(), at(4)).is_ok());
}

#[test]
fn only_the_session_that_asked_redeems() {
    let server = server();
    let mut phone = enrolled(&server, "ann", at(0));
    let mut elsewhere = enrolled(&server, "bob", at(0));
    let page = ask(&server, at(1));
    let theirs = server.sign_in("bob", "browser", &question(), at(1)).unwrap();
    let (challenge, hash) = phone.challenge(&server, at(1));
    let digits = page.shown.expose().to_owned();
    let yes = phone.answer(hash, challenge.expires, Decision::Approve, Some(&digits), true, at(2));
    assert_eq!(phone.send(&server, &yes, at(2)), ReceiptStatus::Approved);
    for known in [challenge.nonce.as_str(), phone.id.as_str(), &hash.to_string(), "ann", "browser", "", &digits] {
        assert_eq!(server.redeem(known, at(3)), Err(RedeemError::Unknown), "{known}");
    }
    assert_eq!(server.redeem(theirs.secret.expose(), at(3)), Err(RedeemError::State(SignInState::Pending)));
    // Another account's phone answers nothing of this one.
    let request_of = elsewhere.answer(hash, challenge.expires, Decision::Report, None, true, at(3));
    let path = elsewhere.path("responses");
    let request = Request { method: "POST", path: &path, proof: &[], body: request_of.as_bytes() };
    assert_eq!(refuses(&server, "another account", &request, at(3)), Some(ErrorCode::Malformed));
    let request = Request { method: "POST", path: &phone.path("responses"), proof: &[], body: request_of.as_bytes() };
    assert_eq!(refuses(&server, "copied ids", &request, at(3)), None);
    assert!(server.redeem(page.secret.expose(), at(4)).is_ok());
    // A second tab with the same secret.
    assert_eq!(server.redeem(page.secret.expose(), at(4)), Err(RedeemError::State(SignInState::Used)));
}

#[test]
fn guessing_has_an_end_on_every_path() {
    let server = server();
    let mut phone = enrolled(&server, "ann", at(0));
    // The digits of an enrolment.
    let new = pending(&server, "ann", at(0));
    let guesses = (0..10).filter(|_| server.confirm(&new.ticket, &other(&new.digits), at(1)).is_ok()).count();
    assert_eq!(guesses, 3);
    // The digits typed on the phone, over regenerations.
    let page = ask(&server, at(2));
    for left in [2, 1, 0] {
        let wrong = other(page.shown.expose());
        let receipt = phone.decide(&server, Decision::Approve, Some(&wrong), at(3));
        assert_eq!(receipt, ReceiptStatus::WrongCode { attempts_left: left });
    }
    assert_eq!(server.regenerate(page.secret.expose(), at(4)).unwrap_err(), AskError::Decided);
    // Digits typed into the page: three a sign-in, pauses over sign-ins, and a last one.
    let mut now = 10_000;
    let mut tried = 0;
    let last = loop {
        let page = server.sign_in("ann", "browser", &question(), at(now)).unwrap();
        let (_, hash) = phone.challenge(&server, at(now));
        let right = offline_digits(&phone.secrets.offline, hash).unwrap().to_string();
        match server.offline(page.secret.expose(), &other(&right), at(now)) {
            Ok(typed) => assert!(!typed.accepted),
            Err(TypedError::Disabled) => break server.offline(page.secret.expose(), &right, at(now)),
            Err(error) => panic!("{error:?}"),
        }
        tried += 1;
        now += 3700;
    };
    assert_eq!((last, tried), (Err(TypedError::Disabled), 100));
    // Only a signed approval opens that way again.
    let page = server.sign_in("ann", "browser", &question(), at(now + 3700)).unwrap();
    let digits = page.shown.expose().to_owned();
    assert_eq!(phone.decide(&server, Decision::Approve, Some(&digits), at(now + 3701)), ReceiptStatus::Approved);
    let page = server.sign_in("ann", "browser", &question(), at(now + 3702)).unwrap();
    let (_, hash) = phone.challenge(&server, at(now + 3702));
    let right = offline_digits(&phone.secrets.offline, hash).unwrap().to_string();
    assert!(server.offline(page.secret.expose(), &right, at(now + 3703)).unwrap().accepted);
}

#[test]
fn a_push_address_changes_by_its_own_fresh_proof_alone() {
    let server = server();
    let phone = enrolled(&server, "ann", at(0));
    let stranger = enrolled(&server, "ann", at(0));
    let (mine, path) = (fcm().to_json(), phone.path("push"));
    let evil = PushAddress::At {
        transport: countersign_core::push::native::messages::Transport::Fcm,
        address: "evil".into(),
        tag: [4; 16],
        keys: None,
    };
    let evil = evil.to_json();
    let captured = phone.proof("POST", "push", mine.as_bytes(), at(1));
    let poll = phone.proof("GET", "challenges", b"", at(1));
    let theirs = stranger.proof("POST", "push", evil.as_bytes(), at(1));
    for (what, proof, wanted) in [
        ("another body", &captured, Some(ErrorCode::Malformed)),
        ("the proof of a poll", &poll, Some(ErrorCode::Malformed)),
        ("another enrolment's proof", &theirs, None),
    ] {
        let request = Request { method: "POST", path: &path, proof: &[proof], body: evil.as_bytes() };
        assert_eq!(refuses(&server, what, &request, at(1)), wanted, "{what}");
    }
    let request = Request { method: "POST", path: &path, proof: &[&captured], body: mine.as_bytes() };
    assert_eq!(server.handle(&request, at(2)).status, 200);
    assert_eq!(refuses(&server, "replayed", &request, at(3)), Some(ErrorCode::ProofReplayed));
    assert_eq!(refuses(&server, "late", &request, at(62)), Some(ErrorCode::ProofTime));
    let woken = ask(&server, at(70)).wake_ups;
    assert!(woken.iter().all(|it| it.address == fcm()), "{woken:?}");
}

#[test]
fn neither_log_nor_store_nor_errors_hold_a_secret_in_the_clear() {
    let store = Arc::new(MemoryStore::new());
    let shared: Arc<dyn Store> = store.clone();
    let server = server_over(shared, |_| {});
    let new = pending(&server, "ann", at(0));
    let mut said = format!("{:?}", server.confirm(&new.ticket, &other(&new.digits), at(1)));
    server.confirm(&new.ticket, &new.digits, at(1)).unwrap();
    let mut phone = new.phone;
    let page = ask(&server, at(2));
    let shown = page.shown.expose().to_owned();
    phone.decide(&server, Decision::Approve, Some(&other(&shown)), at(3));
    let (_, hash) = phone.challenge(&server, at(3));
    let eight = offline_digits(&phone.secrets.offline, hash).unwrap().to_string();
    said.push_str(&format!("{page:?} {:?}", server.offline(page.secret.expose(), &other(&eight), at(3))));
    said.push_str(&format!("{:?} {:?}", server.events(0, 100).unwrap(), server));
    let secret = page.secret.expose().to_owned();
    for secret in [&new.ticket, &new.digits, &shown, &eight, &secret] {
        assert!(!said.contains(secret.as_str()), "{secret} in {said}");
    }
    let ticket = countersign_core::push::jose::decode(&new.ticket).unwrap();
    let (totp, offline) = (phone.secrets.totp.expose(), phone.secrets.offline.expose());
    for (_, row) in Kind::ALL.iter().flat_map(|kind| store.scan(*kind, None, usize::MAX).unwrap()) {
        for secret in [&ticket[..], totp, offline, secret.as_bytes(), new.ticket.as_bytes(), shown.as_bytes()] {
            assert!(!row.bytes.windows(secret.len()).any(|part| part == secret), "a secret stands in a row");
        }
    }
}
