//! Phones are added, released, removed.

use axum::http::StatusCode;
use countersign_verifier::ConfirmError;
use serde_json::json;

use super::super::house::House;
use super::super::pages::enroll::{self as page, Invited};
use super::super::pages::entry::says;
use super::super::people::Person;
use super::super::session::{Enrolling, FRESH};
use super::super::visit::{self, Answer, Visit};
use super::failed;

/// How long an invitation is good, in seconds.
const LIFE: i64 = 600;

/// Invites a phone of somebody's.
pub(super) fn begin(house: &House, visit: &Visit, person: Person) -> Answer {
    let (Ok(before), Ok(invited)) = (house.desk.phones(&person), house.desk.invite(&person)) else { return failed() };
    let enrolling = Enrolling {
        person,
        uri: invited.uri,
        ticket: invited.ticket,
        before: before.into_iter().map(|phone| phone.id).collect(),
        until: house.now().plus_seconds(LIFE),
    };
    house.sessions.change(&visit.session, house.now(), |session| session.enrolling = Some(enrolling));
    Answer::go("/phone")
}

/// A new invitation: for the phone that is being added, or for one more of somebody who has signed in just now.
pub(super) fn invite(house: &House, visit: &Visit) -> Answer {
    if let Some(enrolling) = &visit.known.enrolling {
        return begin(house, visit, enrolling.person.clone());
    }
    match &visit.known.person {
        Some((person, since)) if house.now() < since.plus_seconds(FRESH) => begin(house, visit, person.clone()),
        Some(_) => {
            let what = "Adding a phone gives it the power to sign in. That takes a sign-in of the last ten minutes: sign \
                        out and in again, then add it.";
            Answer::page(says("Sign in again first", what, ("/account", "Back to your account")))
        }
        None => Answer::go("/"),
    }
}

fn scanned(house: &House, enrolling: &Enrolling) -> bool {
    let phones = house.desk.phones(&enrolling.person).unwrap_or_default();
    phones.iter().any(|phone| !enrolling.before.contains(&phone.id))
}

const LATE: &str = "It was good for ten minutes, which are over. Nothing was added.";

pub(super) fn show(house: &House, visit: &Visit) -> Answer {
    let Some(enrolling) = &visit.known.enrolling else { return Answer::go("/") };
    if house.now() >= enrolling.until && !scanned(house, enrolling) {
        return Answer::page(page::ended(&visit.frame(house), LATE));
    }
    invitation(house, visit, enrolling, None)
}

fn invitation(house: &House, visit: &Visit, enrolling: &Enrolling, problem: Option<&str>) -> Answer {
    let scanned = scanned(house, enrolling);
    let invited = Invited { uri: enrolling.uri.expose(), scanned, problem };
    Answer::page(page::invitation(&visit.frame(house), &invited))
}

pub(super) fn status(house: &House, visit: &Visit) -> Answer {
    let (seen, say) = match &visit.known.enrolling {
        None => ("done", ""),
        Some(enrolling) if scanned(house, enrolling) => {
            ("scanned", "Your phone has answered. Type its six digits here.")
        }
        Some(enrolling) if house.now() < enrolling.until => ("waiting", "Waiting for your phone."),
        Some(_) => ("ended", "This code has ended."),
    };
    Answer::json(&json!({ "seen": seen, "say": say, "page": "/phone" }))
}

pub(super) fn confirm(house: &House, visit: &Visit) -> Answer {
    let Some(enrolling) = &visit.known.enrolling else { return Answer::go("/") };
    let problem =
        |problem: &str| invitation(house, visit, enrolling, Some(problem)).status(StatusCode::UNPROCESSABLE_ENTITY);
    let digits = visit.digits();
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return problem("Type all six digits.");
    }
    match house.desk.confirm(enrolling.ticket.expose(), &digits) {
        Ok(done) if done.confirmed => added(house, visit, &enrolling.person, &house.desk.name_of(&done.enrollment)),
        Ok(done) if done.tries_left > 0 => {
            let tries = if done.tries_left == 1 { "1 try" } else { "2 tries" };
            problem(&format!("Those aren’t the digits of your phone. {tries} left."))
        }
        Ok(_) => {
            let why = "Wrong digits were typed three times. The phone was not added; delete its entry there.";
            Answer::page(page::ended(&visit.frame(house), why)).status(StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(ConfirmError::NothingPending) if house.now() < enrolling.until => {
            problem("No phone has answered yet. Scan the code first; then the phone shows six digits.")
        }
        Err(ConfirmError::NothingPending) => Answer::page(page::ended(&visit.frame(house), LATE)),
        Err(ConfirmError::Internal(_)) => failed(),
    }
}

/// A phone is confirmed: an account that was new exists from here on, and its owner is signed in.
fn added(house: &House, visit: &Visit, person: &Person, phone: &str) -> Answer {
    let now = house.now();
    let notice = format!("{phone} is now a key to your account.");
    let mut session = visit.known.clone();
    session.enrolling = None;
    session.notice = Some(notice);
    if visit.person() == Some(person) {
        house.sessions.change(&visit.session, now, |known| *known = session);
        return Answer::go("/account");
    }
    if !house.people.add(person) {
        let what = "Somebody else took this name in the meantime. Choose another one.";
        return Answer::page(says("This name is taken", what, ("/sign-up", "Choose another name")));
    }
    session.person = Some((person.clone(), now));
    enter(house, visit, session)
}

/// Lets somebody in: with a new session, so that nobody is in who knew the old one's cookie.
pub(super) fn enter(house: &House, visit: &Visit, session: super::super::session::Session) -> Answer {
    house.sessions.take(&visit.session, house.now());
    match visit::begin(house, session) {
        Some((cookie, _)) => Answer::go("/account").cookie(cookie),
        None => failed(),
    }
}

pub(super) fn release(house: &House, visit: &Visit) -> Answer {
    manage(house, visit, |phone| house.desk.release(phone).map(|()| "Released. The phone may approve again."))
}

pub(super) fn remove(house: &House, visit: &Visit) -> Answer {
    manage(house, visit, |phone| house.desk.remove(phone).map(|()| "Removed. It approves nothing any more."))
}

fn manage(
    house: &House,
    visit: &Visit,
    act: impl FnOnce(&str) -> Result<&'static str, countersign_verifier::ManageError>,
) -> Answer {
    let Some(person) = visit.person() else { return Answer::go("/") };
    let Ok(phones) = house.desk.phones(person) else { return failed() };
    let Some(phone) = phones.iter().find(|phone| phone.id == visit.segment(1)) else { return Answer::go("/account") };
    let Ok(said) = act(&phone.id) else { return failed() };
    house.sessions.change(&visit.session, house.now(), |session| session.notice = Some(said.to_owned()));
    Answer::go("/account")
}
