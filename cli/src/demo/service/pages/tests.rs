//! Pages as text.

use super::ask::{Ask, Question, Stand, ask, code, offline};
use super::{Frame, Page};

fn frame(name: &str) -> Frame {
    Frame {
        service: name.to_owned(),
        person: Some(name.to_owned()),
        token: "token".to_owned(),
        notice: Some(name.to_owned()),
    }
}

fn asking<'a>(question: &'a Question, stand: Stand, codes: &'a [(String, String)]) -> Ask<'a> {
    Ask {
        handle: "h",
        question,
        digits: "492031",
        left: (87, 120),
        codes,
        waiting: &[],
        stand,
        problem: None,
        totp: true,
    }
}

const HOSTILE: &str = "<script>alert(1)</script>\"'&";

#[test]
fn nothing_that_came_from_outside_is_markup() {
    let question = Question::Payment { payee: HOSTILE.to_owned(), amount: HOSTILE.to_owned() };
    let codes = [(HOSTILE.to_owned(), "countersign://challenge?c=a".to_owned()), (HOSTILE.to_owned(), "b".to_owned())];
    let waiting = [HOSTILE.to_owned()];
    let asked = Ask { waiting: &waiting, problem: Some(HOSTILE), ..asking(&question, Stand::Pending(2), &codes) };
    let frame = frame(HOSTILE);
    let phone = super::account::Phone {
        id: HOSTILE.to_owned(),
        name: HOSTILE.to_owned(),
        model: HOSTILE.to_owned(),
        standing: super::account::Standing::Frozen,
    };
    let order = super::account::Order { payee: HOSTILE, amount: HOSTILE, problem: Some(HOSTILE) };
    let invited = super::enroll::Invited { uri: HOSTILE, scanned: false, problem: Some(HOSTILE) };
    let pages = [
        ask(&frame, &asked),
        offline(&frame, &asked),
        code(&frame, &asked),
        super::account::account(&frame, &[phone], &order, &[HOSTILE.to_owned()]),
        super::entry::sign_in(&frame, HOSTILE, Some(HOSTILE)),
        super::entry::sign_up(&frame, HOSTILE, Some(HOSTILE)),
        super::entry::says(HOSTILE, HOSTILE, (HOSTILE, HOSTILE)),
        super::enroll::invitation(&frame, &invited),
        super::enroll::ended(&frame, HOSTILE),
    ];
    for page in pages {
        let document = page.document(&frame);
        assert!(document.contains("&lt;script&gt;"), "{}", page.title);
        assert!(!document.contains("<script>") && !document.contains("\"'&"), "{document}");
    }
}

#[test]
fn no_page_has_an_inline_script_or_style_or_something_from_elsewhere() {
    let codes = [("Phone".to_owned(), "a code".to_owned())];
    let frame = frame("Payroll");
    let asked = asking(&Question::SignIn, Stand::Pending(3), &codes);
    for page in [ask(&frame, &asked), offline(&frame, &asked), super::entry::sign_in(&frame, "", None)] {
        let document = page.document(&frame);
        assert!(!document.contains("style=\"") && !document.contains(" onclick") && !document.contains("<style"));
        assert_eq!(document.matches("<script").count(), 1);
        assert!(!document.replace("http://www.w3.org/2000/svg", "").contains("//"), "{document}");
    }
}

#[test]
fn digits_stand_in_two_groups_and_are_spoken_singly() {
    let asked = asking(&Question::SignIn, Stand::Pending(3), &[]);
    let Page { body, watch, .. } = ask(&frame("Payroll"), &asked);
    assert!(body.contains("aria-label=\"4 9 2 0 3 1\"><span>492</span><span>031</span>"));
    assert!(!body.contains("No network"), "no code, no way to use it");
    assert_eq!(watch.map(|watch| watch.seen), Some("pending 3".to_owned()));
}

#[test]
fn every_ending_says_that_nothing_was_done_and_none_shows_digits() {
    let payment = Question::Payment { payee: "ACME".to_owned(), amount: "120.00 €".to_owned() };
    for stand in [Stand::Denied, Stand::Reported, Stand::Expired, Stand::Cancelled, Stand::Failed] {
        for (question, nothing) in [(&Question::SignIn, "Nobody was signed in."), (&payment, "Nothing was paid.")] {
            let page = ask(&frame("Payroll"), &asking(question, stand, &[]));
            assert!(page.body.contains(nothing) && !page.body.contains("492"), "{stand:?}: {}", page.body);
            assert!(page.watch.is_none(), "{stand:?} changes no more");
        }
    }
}
