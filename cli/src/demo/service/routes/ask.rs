//! A question to the phone: asked, watched, answered, used.

use axum::http::StatusCode;
use countersign_core::secret::SecretText;
use countersign_verifier::{AskError, Page as Given, RedeemError, Typed, TypedError};
use serde_json::json;

use super::super::house::{Asked, House};
use super::super::pages::ask::{self as page, Ask, Question, Stand};
use super::super::pages::entry::says;
use super::super::people::Person;
use super::super::session::{Session, name_of, random_text};
use super::super::visit::{Answer, Visit};
use super::{failed, phone};

/// How long a page remembers what it has asked, in seconds: longer than any question lives.
const LIFE: i64 = 900;

/// Asks somebody's phones, and leads to the page that waits.
pub(super) fn begin(house: &House, visit: &Visit, person: &Person, question: Question) -> Result<Answer, AskError> {
    let given = house.desk.ask(person, &visit.session, &question, &visit.client)?;
    let Ok(handle) = random_text() else { return Ok(failed()) };
    put(house, visit, &handle, person, question, &given);
    let secret = given.secret.expose();
    // Of this one question's pages alone: another tab has another one, and no script reads it.
    let cookie = format!("ask={secret}; Path=/ask/{handle}; Max-Age={LIFE}; HttpOnly; SameSite=Strict");
    Ok(Answer::go(format!("/ask/{handle}")).cookie(cookie))
}

fn put(house: &House, visit: &Visit, handle: &str, person: &Person, question: Question, given: &Given) {
    let now = house.now();
    let codes = given.challenges.iter().filter_map(|one| Some((one.device.clone(), one.uri.clone()?))).collect();
    let asked = Asked {
        session: visit.session.clone(),
        secret_hash: name_of(given.secret.expose()),
        person: person.clone(),
        question,
        digits: SecretText::new(given.shown.expose().to_owned()),
        asked: now,
        expires: given.expires,
        codes,
        waiting: given.waiting.iter().map(|phone| house.desk.name_of(phone)).collect(),
    };
    house.asks.put(handle, asked, now.plus_seconds(LIFE), now);
}

/// Why nobody was asked, in words; `None` where it is the service's own failure.
pub(super) fn asked(error: &AskError) -> Option<String> {
    let words = match error {
        AskError::NoFactor => {
            "No phone of this account can approve: none is set up, or it is frozen after a report. The operator can help."
        }
        AskError::Busy => {
            "Another browser is asking this phone right now. Was it you? Then go on there. If not, tap It wasn’t me on the \
             phone. Otherwise that request ends within two minutes."
        }
        AskError::HeldTooLong => {
            "This page has been asking for ten minutes. Wait until the last request has ended, then start again."
        }
        AskError::Decided => "This request has been answered already.",
        AskError::Question(_) => "The phone couldn’t show this. Use plain text.",
        AskError::Unknown | AskError::Internal(_) => return None,
    };
    Some(words.to_owned())
}

/// What is asked at this address, and the secret: only the browser session that has asked, with the cookie that it got.
fn find(house: &House, visit: &Visit) -> Option<(Asked, String)> {
    let asked = house.asks.get(visit.segment(1), house.now())?;
    let secret = visit.cookie("ask");
    (asked.session == visit.session && asked.secret_hash == name_of(secret)).then(|| (asked, secret.to_owned()))
}

/// How it stands, for a page that must know more: `Err` is the answer where it isn't this browser's.
fn open(house: &House, visit: &Visit) -> Result<(Asked, String, Stand), Answer> {
    let Some((asked, secret)) = find(house, visit) else { return Err(gone(visit)) };
    match house.desk.stand(&secret) {
        Ok(stand) => Ok((asked, secret, stand)),
        Err(_) => Err(failed()),
    }
}

fn gone(visit: &Visit) -> Answer {
    if visit.person().is_some() {
        return Answer::go("/account");
    }
    let what = "It was asked from another browser, or it was too long ago.";
    Answer::page(says("This request isn’t here", what, ("/", "Sign in"))).status(StatusCode::NOT_FOUND)
}

fn view<'a>(house: &House, visit: &'a Visit, asked: &'a Asked, stand: Stand, problem: Option<&'a str>) -> Ask<'a> {
    Ask {
        handle: visit.segment(1),
        question: &asked.question,
        digits: asked.digits.expose(),
        left: (left(house, asked), asked.expires.seconds().saturating_sub(asked.asked.seconds())),
        codes: &asked.codes,
        waiting: &asked.waiting,
        stand,
        problem,
        totp: asked.question == Question::SignIn,
    }
}

fn left(house: &House, asked: &Asked) -> i64 {
    asked.expires.seconds().saturating_sub(house.now().seconds()).max(0)
}

pub(super) fn show(house: &House, visit: &Visit) -> Answer {
    let (asked, _, stand) = match open(house, visit) {
        Ok(open) => open,
        Err(answer) => return answer,
    };
    Answer::page(page::ask(&visit.frame(house), &view(house, visit, &asked, stand, None)))
}

/// For the script: what a page of this question shows now, and what to say aloud.
pub(super) fn status(house: &House, visit: &Visit) -> Answer {
    let Some((asked, secret)) = find(house, visit) else {
        return Answer::json(&json!({ "seen": "gone", "say": "", "page": "/" }));
    };
    let Ok(stand) = house.desk.stand(&secret) else { return failed() };
    let (seen, say, state) = (stand.seen(), stand.said(&asked.question), stand.name());
    let page = format!("/ask/{}", visit.segment(1));
    Answer::json(&json!({ "seen": seen, "state": state, "say": say, "left": left(house, &asked), "page": page }))
}

fn back(visit: &Visit) -> Answer {
    Answer::go(format!("/ask/{}", visit.segment(1)))
}

pub(super) fn again(house: &House, visit: &Visit) -> Answer {
    let Some((asked, secret)) = find(house, visit) else { return gone(visit) };
    match house.desk.again(&secret) {
        Ok(given) => put(house, visit, visit.segment(1), &asked.person, asked.question, &given),
        Err(AskError::Decided) => {}
        Err(error) => {
            let Some(words) = self::asked(&error) else { return failed() };
            house.sessions.change(&visit.session, house.now(), |session| session.notice = Some(words));
        }
    }
    back(visit)
}

pub(super) fn cancel(house: &House, visit: &Visit) -> Answer {
    let Some((asked, secret)) = find(house, visit) else { return gone(visit) };
    if house.desk.cancel(&secret).is_err() {
        return failed();
    }
    house.asks.take(visit.segment(1), house.now());
    Answer::go(if asked.question == Question::SignIn { "/" } else { "/account" })
}

/// Uses the approval. What is done is what was asked, never what a form says.
pub(super) fn finish(house: &House, visit: &Visit) -> Answer {
    let Some((asked, secret)) = find(house, visit) else { return gone(visit) };
    match house.desk.redeem(&secret) {
        Ok(redeemed) if redeemed.account == asked.person.id => done(house, visit, asked),
        Ok(_) | Err(RedeemError::Unknown | RedeemError::Internal(_)) => failed(),
        Err(RedeemError::State(_)) => back(visit),
    }
}

fn done(house: &House, visit: &Visit, asked: Asked) -> Answer {
    let now = house.now();
    house.asks.take(visit.segment(1), now);
    match asked.question {
        Question::SignIn => {
            let session = Session { person: Some((asked.person, now)), ..Session::default() };
            phone::enter(house, visit, session)
        }
        Question::Payment { payee, amount } => {
            let payment = format!("{amount} to {payee}");
            let notice = format!("Paid: {payment}.");
            house.people.pay(&asked.person, payment);
            house.sessions.change(&visit.session, now, |session| session.notice = Some(notice));
            Answer::go("/account")
        }
    }
}

pub(super) fn offline(house: &House, visit: &Visit) -> Answer {
    typing(house, visit, page::offline, None)
}

pub(super) fn code(house: &House, visit: &Visit) -> Answer {
    typing(house, visit, page::code, None)
}

type Show = fn(&super::super::pages::Frame, &Ask<'_>) -> super::super::pages::Page;

fn typing(house: &House, visit: &Visit, show: Show, problem: Option<&str>) -> Answer {
    match open(house, visit) {
        Ok((asked, _, stand @ Stand::Pending(_))) => {
            let answer = Answer::page(show(&visit.frame(house), &view(house, visit, &asked, stand, problem)));
            if problem.is_some() { answer.status(StatusCode::UNPROCESSABLE_ENTITY) } else { answer }
        }
        Ok(_) => back(visit),
        Err(answer) => answer,
    }
}

pub(super) fn type_offline(house: &House, visit: &Visit) -> Answer {
    typed(house, visit, page::offline, 8, |secret, digits| house.desk.offline(secret, digits))
}

pub(super) fn type_code(house: &House, visit: &Visit) -> Answer {
    typed(house, visit, page::code, 6, |secret, digits| house.desk.totp(secret, digits))
}

fn typed(
    house: &House,
    visit: &Visit,
    show: Show,
    count: usize,
    judge: impl FnOnce(&str, &str) -> Result<Typed, TypedError>,
) -> Answer {
    let Some((_, secret)) = find(house, visit) else { return gone(visit) };
    let digits = visit.digits();
    let problem = |problem: &str| typing(house, visit, show, Some(problem));
    if digits.len() != count || !digits.bytes().all(|b| b.is_ascii_digit()) {
        let all = if count == 8 { "Type all eight digits." } else { "Type all six digits." };
        return problem(all);
    }
    match judge(&secret, &digits) {
        Ok(typed) if typed.accepted => finish(house, visit),
        Ok(typed) => problem(match typed.tries_left {
            0 => "That isn’t right, and there are no tries left this way. Approve on your phone, or start again.",
            1 => "That isn’t right. 1 try left.",
            _ => "That isn’t right. 2 tries left.",
        }),
        Err(TypedError::Decided) => back(visit),
        Err(TypedError::NoTries) => problem("There are no tries left this way. Approve on your phone, or start again."),
        Err(TypedError::Wait { seconds }) => {
            problem(&format!("Too many wrong tries. This way opens again in {}.", pause(seconds)))
        }
        Err(TypedError::Disabled) => problem("This way is closed until a phone of yours has approved something."),
        Err(TypedError::NotAllowed) => problem("Such a code can’t approve this. Approve on your phone."),
        Err(TypedError::Unknown | TypedError::Internal(_)) => failed(),
    }
}

fn pause(seconds: u64) -> String {
    match seconds {
        0 | 1 => "1 second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}
