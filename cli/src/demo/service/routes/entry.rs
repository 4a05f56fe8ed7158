//! Sign in, sign up, sign out.

use axum::http::StatusCode;

use super::super::house::House;
use super::super::pages::ask::Question;
use super::super::pages::entry as page;
use super::super::people::{Person, chosen};
use super::super::session::random_text;
use super::super::visit::{Answer, Visit};
use super::{ask, failed, phone};

pub(super) fn home(house: &House, visit: &Visit) -> Answer {
    if visit.person().is_some() {
        return Answer::go("/account");
    }
    Answer::page(page::sign_in(&visit.frame(house), "", None))
}

pub(super) fn sign_in(house: &House, visit: &Visit) -> Answer {
    let name = visit.field("name");
    let problem = |problem: &str| {
        let page = page::sign_in(&visit.frame(house), name, Some(problem));
        Answer::page(page).status(StatusCode::UNPROCESSABLE_ENTITY)
    };
    // Sign-up tells whether a name is taken anyway, so there is nothing to hide here.
    let Some(person) = house.people.named(name) else { return problem("There is no account with this name.") };
    match ask::begin(house, visit, &person, Question::SignIn) {
        Ok(answer) => answer,
        Err(error) => ask::asked(&error).map_or_else(failed, |words| problem(&words)),
    }
}

pub(super) fn choose(house: &House, visit: &Visit) -> Answer {
    Answer::page(page::sign_up(&visit.frame(house), "", None))
}

pub(super) fn sign_up(house: &House, visit: &Visit) -> Answer {
    let problem = |problem: &str| {
        let page = page::sign_up(&visit.frame(house), visit.field("name"), Some(problem));
        Answer::page(page).status(StatusCode::UNPROCESSABLE_ENTITY)
    };
    let name = match chosen(visit.field("name")) {
        Ok(name) => name.to_owned(),
        Err(what) => return problem(what),
    };
    if house.people.named(&name).is_some() {
        return problem("This name is taken. Choose another, or sign in.");
    }
    match random_text() {
        Ok(id) => phone::begin(house, visit, Person { id, name }),
        Err(_) => failed(),
    }
}

pub(super) fn sign_out(house: &House, visit: &Visit) -> Answer {
    house.sessions.take(&visit.session, house.now());
    Answer::go("/").cookie("session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0".to_owned())
}
