//! The whole story: with keys in software and the password, with the keystore, with the platform's keys.

use crate::{
    Confirmation, ContextLine, Decision, EnrollmentStatus, KeyUse, PageCode, RequestAction, RequestDetail, SignReason,
};
use countersign_verifier::Question;

use super::ports::wait;
use super::world::{Kind, World};

#[test]
fn an_approval_lets_in_whoever_the_person_is() {
    for kind in Kind::ALL {
        let world = World::new();
        let (link, ticket) = world.invite();
        let preview = world.desk.preview_invitation(link.clone()).unwrap();
        assert_eq!(
            (preview.host.as_str(), preview.account.as_deref(), preview.known),
            ("rp.example", Some("Ann"), false)
        );
        let enrolled = wait(world.begin(link.clone(), kind, None)).unwrap();
        assert_eq!((enrolled.server.as_str(), enrolled.account.as_str()), ("Payroll", "Ann"));
        assert!(enrolled.digits.len() == 6 && enrolled.has_codes && !enrolled.hint_differs);
        assert!(world.desk.preview_invitation(link).unwrap().known);
        let pending = &world.desk.enrollments().unwrap()[0];
        assert!(pending.status == Some(EnrollmentStatus::Pending) && pending.digits == Some(enrolled.digits.clone()));
        assert_eq!(pending.in_hardware, kind == Kind::Signer);
        world.confirm(&ticket, &enrolled);

        let id = enrolled.id;
        let (page, request) = world.asked(&id);
        assert!(request.enrollment == id && request.needs_check && request.online && request.verified_context);
        assert_eq!(request.code, PageCode::Digits { count: 6 });
        assert_eq!(request.action, RequestAction::Transaction { application: Some("Bank".into()) });
        assert_eq!(request.context, [ContextLine::Client { text: "Firefox".into() }]);
        assert_eq!(request.details, [RequestDetail { label: "Amount".into(), value: "5 EUR".into() }]);
        assert_eq!(request.ends_ms, page.expires.millis());
        assert!(world.desk.requests().unwrap() == [request.clone()]);

        // Digits that aren't the page's are the server's to judge; those that can't be are refused here.
        let approve = |code: &str| {
            let (code, check) = (Some(code.to_owned()), Some(kind.check()));
            wait(world.desk.approve(id.clone(), request.id.clone(), code, check, None))
        };
        assert_eq!(approve("12345").err().unwrap().code(), "not-the-digits");
        let shown = page.shown.expose();
        let other = if shown == "000000" { "000001" } else { "000000" };
        assert_eq!(approve(other).unwrap().confirmation, Confirmation::WrongCode { attempts_left: 2 });
        let approved = approve(shown).unwrap();
        assert_eq!((approved.decision, approved.confirmation), (Decision::Approve, Confirmation::Approved));
        assert_eq!(approved.about.as_deref(), Some("Bank"));
        let redeemed = world.server.redeem(page.secret.expose(), world.time.now()).unwrap();
        assert!(redeemed.account == "ann" && redeemed.uv, "{kind:?}");
        assert!(world.desk.requests().unwrap().is_empty());
        let history = world.desk.history().unwrap();
        assert!(history.len() == 2 && history.contains(&approved));
        world.desk.clear_history().unwrap();
        assert!(world.desk.history().unwrap().is_empty());

        // Who was asked: the platform's own prompt for its keys, the keystore for those in the vault.
        let prompts = world.signer.prompts.lock().unwrap().clone();
        let asked = world.keystore.asked.lock().unwrap().clone();
        match kind {
            Kind::Password => assert!(prompts.is_empty() && asked.is_empty()),
            Kind::PerUse => assert!(prompts.is_empty() && asked == [KeyUse::PerUse; 3]),
            Kind::Signer => {
                let reasons: Vec<_> = prompts.iter().map(|prompt| prompt.reason).collect();
                assert_eq!(reasons, [SignReason::Enroll, SignReason::Approve, SignReason::Approve]);
                assert_eq!((prompts[0].server.as_str(), prompts[0].account.as_str()), ("rp.example", ""));
                assert_eq!((prompts[1].server.as_str(), prompts[1].account.as_str()), ("Payroll", "Ann"));
                assert_eq!(prompts[1].about.as_deref(), Some("Bank"));
                assert!(asked == [KeyUse::PerUse], "the key of offline approvals is sealed in the vault");
            }
        }
    }
}

#[test]
fn denials_and_reports_ask_nobody() {
    for kind in Kind::ALL {
        let world = World::new();
        let id = world.enrolled(kind);
        let prompts = world.signer.prompts.lock().unwrap().len();
        let (_, request) = world.asked(&id);
        let denied = wait(world.desk.deny(id.clone(), request.id.clone(), None)).unwrap();
        assert_eq!((denied.decision, denied.confirmation), (Decision::Deny, Confirmation::Denied));
        let reported = wait(world.desk.report(id.clone(), request.id, None)).unwrap();
        assert_eq!((reported.decision, reported.confirmation), (Decision::Report, Confirmation::Reported));
        assert!(world.poll(&id).status == EnrollmentStatus::Frozen);
        assert!(world.desk.enrollments().unwrap()[0].status == Some(EnrollmentStatus::Frozen));
        assert_eq!(world.signer.prompts.lock().unwrap().len(), prompts);
    }
}

#[test]
fn three_denials_are_silence_that_the_person_can_end() {
    let world = World::new();
    let id = world.enrolled(Kind::Password);
    for _ in 0..3 {
        let (_, request) = world.asked(&id);
        wait(world.desk.deny(id.clone(), request.id, None)).unwrap();
        world.time.pass(1);
    }
    let muted = || world.desk.enrollments().unwrap()[0].muted_until_ms;
    assert_eq!(muted(), Some(world.time.now().millis() - 1_000 + 15 * 60_000));
    world.desk.unmute(id).unwrap();
    assert_eq!(muted(), None);
}

#[test]
fn digits_approve_without_a_network() {
    for kind in Kind::ALL {
        let world = World::new();
        let id = world.enrolled(kind);
        let page = world.page();
        let uri = page.challenges[0].uri.clone().unwrap();
        let seen = world.line.seen.lock().unwrap().len();
        let request = world.desk.scan_challenge(format!(" {uri}\n")).unwrap();
        assert!(request.enrollment == id && request.by_picture && !request.online);
        let code = wait(world.desk.approve_offline(id.clone(), request.id.clone(), kind.check(), None)).unwrap();
        assert_eq!((code.digits.len(), code.until_ms), (8, page.expires.millis()));
        assert_eq!(world.desk.history().unwrap()[0].confirmation, Confirmation::ByDigits);
        assert_eq!(world.line.seen.lock().unwrap().len(), seen, "nothing was sent");
        let typed = world.server.offline(page.secret.expose(), &code.digits, world.time.now()).unwrap();
        assert!(typed.accepted);
        assert!(world.server.redeem(page.secret.expose(), world.time.now()).unwrap().uv);
        assert!(world.poll(&id).new.is_empty());
    }
}

#[test]
fn a_check_that_is_given_is_made_also_where_nobody_asks_for_it() {
    let world = World::new();
    let id = world.enrolled(Kind::Password);
    let page = world.server.sign_in("ann", "s", &Question::sign_in(Default::default()), world.time.now()).unwrap();
    let request = world.poll(&id).new[0].clone();
    assert!(!request.needs_check);
    let approve = |check| {
        let code = Some(page.shown.expose().to_owned());
        wait(world.desk.approve(id.clone(), request.id.clone(), code, check, None))
    };
    let wrong = crate::PersonCheck::Password { password: super::world::secret(b"wrong horse battery") };
    assert_eq!(approve(Some(wrong)).err().unwrap().code(), "wrong-approval-password");
    assert_eq!(approve(None).unwrap().confirmation, Confirmation::Approved);
    assert!(!world.server.redeem(page.secret.expose(), world.time.now()).unwrap().uv);
}
