//! Ports that call back, and arguments that can't be.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{Confirmation, PersonCheck, Platform, create_vault};

use super::ports::wait;
use super::world::{Kind, PASSWORD, World, secret};

#[test]
fn ports_may_call_back() {
    let world = World::new();
    let id = world.enrolled(Kind::Signer);
    let (page, request) = world.asked(&id);
    let calls = Arc::new(AtomicUsize::new(0));
    for port in [&world.line.calls_back, &world.signer.calls_back] {
        let (authenticator, desk, calls) = (world.authenticator.clone(), world.desk.clone(), calls.clone());
        *port.lock().unwrap() = Some(Box::new(move || {
            assert!(authenticator.is_unlocked());
            assert_eq!(desk.enrollments().unwrap().len(), 1);
            calls.fetch_add(1, Ordering::SeqCst);
        }));
    }
    let code = Some(page.shown.expose().to_owned());
    let approved = wait(world.desk.approve(id, request.id, code, Some(Kind::Signer.check()), None)).unwrap();
    assert_eq!((approved.confirmation, calls.load(Ordering::SeqCst)), (Confirmation::Approved, 2));
}

#[test]
fn what_is_missing_is_named_before_anything_is_signed() {
    let world = World::new();
    let id = world.enrolled(Kind::Password);
    let (page, request) = world.asked(&id);
    let inbox = world.inbox();
    let shown = Some(page.shown.expose().to_owned());
    let approve = |request: &str, code: &Option<String>, check| {
        let approved = wait(world.desk.approve(id.clone(), request.to_owned(), code.clone(), check, None));
        approved.err().unwrap().code().to_owned()
    };
    let password = || Some(Kind::Password.check());
    let nothing = Some(PersonCheck::Platform { methods: Vec::new() });
    let wrong = Some(PersonCheck::Password { password: secret(b"wrong horse battery") });
    assert_eq!(approve(&request.id, &None, password()), "code-needed");
    assert_eq!(approve(&request.id, &shown, None), "check-needed");
    assert_eq!(approve(&request.id, &shown, nothing), "no-method");
    assert_eq!(approve(&request.id, &shown, wrong), "wrong-approval-password");
    assert_eq!(approve("no id", &shown, password()), "not-an-id");
    assert_eq!(approve(&"A".repeat(43), &shown, password()), "no-request");
    assert!(world.inbox() == inbox && world.desk.history().unwrap().is_empty());
    world.time.pass(121);
    assert_eq!(approve(&request.id, &shown, password()), "request-ended");
    assert_eq!(world.desk.unmute("0".repeat(32)).err().unwrap().code(), "no-enrollment");
    assert_eq!(world.desk.scan_challenge("countersign://challenge?x".into()).err().map(|_| ()), Some(()));
}

#[test]
fn a_device_without_ports_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault").to_str().unwrap().to_owned();
    let platform = Platform { least_password_work: true, ..Platform::default() };
    let authenticator = create_vault(path, secret(PASSWORD), platform, None).unwrap().authenticator;
    let desk = authenticator.approvals();
    let link = World::new().invite().0;
    let device = crate::DeviceInfo { name: "n".into(), model: "m".into(), os: "o".into(), app: "a".into() };
    let push = crate::PushAddress::Nowhere;
    let enrolled = wait(desk.enroll(link, device, push, Kind::Password.keys(), Kind::Password.check(), None));
    assert_eq!(enrolled.err().unwrap().code(), "no-port");
    let loopback = "countersign://enroll?u=http%3A%2F%2F127.0.0.1%3A9%2Fx&k=A&t=A";
    assert_eq!(desk.preview_invitation(loopback.into()).err().unwrap().code(), "message-malformed");
}
