//! What is behind the door.

use axum::http::StatusCode;
use countersign_core::push::shown::{NAME, is_shown};

use super::super::house::House;
use super::super::pages::account::{self as page, Order};
use super::super::pages::ask::Question;
use super::super::people::Person;
use super::super::visit::{Answer, Visit};
use super::{ask, failed};

const FIRST: Order<'_> = Order { payee: "ACME", amount: "120.00", problem: None };

pub(super) fn show(house: &House, visit: &Visit) -> Answer {
    match visit.person() {
        Some(person) => account(house, visit, person, &FIRST),
        None => Answer::go("/"),
    }
}

fn account(house: &House, visit: &Visit, person: &Person, order: &Order<'_>) -> Answer {
    let Ok(phones) = house.desk.phones(person) else { return failed() };
    Answer::page(page::account(&visit.frame(house), &phones, order, &house.people.paid(person)))
}

pub(super) fn pay(house: &House, visit: &Visit) -> Answer {
    let Some(person) = visit.person() else { return Answer::go("/") };
    let (payee, amount) = (visit.field("payee").trim(), visit.field("amount").trim());
    let problem = |problem: &str| {
        let order = Order { payee, amount, problem: Some(problem) };
        account(house, visit, person, &order).status(StatusCode::UNPROCESSABLE_ENTITY)
    };
    if !is_shown(payee, NAME) {
        return problem("Say whom to pay, in at most 40 characters.");
    }
    let Some(amount) = euros(amount) else { return problem("Type an amount such as 120.00, at most 99999.99.") };
    match ask::begin(house, visit, person, Question::Payment { payee: payee.to_owned(), amount }) {
        Ok(answer) => answer,
        Err(error) => ask::asked(&error).map_or_else(failed, |words| problem(&words)),
    }
}

/// `120`, `120.5` and `120,50` as `120.00 €`, `120.50 €`; nothing else, and nothing that is no payment.
fn euros(typed: &str) -> Option<String> {
    let typed = typed.strip_suffix('€').unwrap_or(typed).trim();
    let (whole, part) = typed.split_once(['.', ',']).unwrap_or((typed, ""));
    let digits = |text: &str, most: usize| text.len() <= most && text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole, 5) || !digits(part, 2) {
        return None;
    }
    let whole: u32 = whole.parse().ok()?;
    let zero = whole == 0 && part.bytes().all(|b| b == b'0');
    (!zero).then(|| format!("{whole}.{part:0<2} €"))
}

#[cfg(test)]
mod tests {
    use super::euros;

    #[test]
    fn amounts_have_one_form() {
        for (typed, euro) in
            [("120", "120.00 €"), ("0120,5", "120.50 €"), ("0.01 €", "0.01 €"), ("99999.99", "99999.99 €")]
        {
            assert_eq!(euros(typed).as_deref(), Some(euro), "{typed}");
        }
        for wrong in ["", "0", "0.00", "-1", "1.234", "1,000.00", "100000", "1e3", "١٢", ".5"] {
            assert_eq!(euros(wrong), None, "{wrong}");
        }
    }
}
