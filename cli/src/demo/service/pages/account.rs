//! What is behind the door: phones, and a payment that wants an approval of its own.

use super::parts::{Line, button, text, token};
use super::{Frame, Page};

/// A phone of the account.
#[derive(Debug, Clone)]
pub(in super::super) struct Phone {
    /// Its enrolment.
    pub(in super::super) id: String,
    pub(in super::super) name: String,
    pub(in super::super) model: String,
    pub(in super::super) standing: Standing,
}

/// Whether a phone may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Standing {
    Pending,
    Active,
    Frozen,
    Suspended,
}

/// What the payment's form holds.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Order<'a> {
    pub(in super::super) payee: &'a str,
    pub(in super::super) amount: &'a str,
    pub(in super::super) problem: Option<&'a str>,
}

/// The account.
pub(in super::super) fn account(frame: &Frame, phones: &[Phone], order: &Order<'_>, paid: &[String]) -> Page {
    let name = frame.person.as_deref().unwrap_or_default();
    let rows: String = phones.iter().map(|phone| row(frame, phone, phones.len())).collect();
    let paid: String = paid.iter().map(|payment| format!("<li>{}</li>", text(payment))).collect();
    let paid = if paid.is_empty() { paid } else { format!("<h3>Paid</h3><ul class=\"paid\">{paid}</ul>") };
    let payee = Line {
        name: "payee",
        label: "To",
        value: order.payee,
        longest: 40,
        problem: order.problem,
        more: "autocomplete=\"off\"",
    };
    let amount = Line {
        name: "amount",
        label: "Amount in €",
        value: order.amount,
        longest: 12,
        problem: None,
        more: "inputmode=\"decimal\" autocomplete=\"off\"",
    };
    let body = format!(
        "<h1>Hello, {}</h1><p class=\"lead good\">You’re signed in.</p>\
         <section aria-labelledby=\"pay\"><h2 id=\"pay\">Make a payment</h2>\
         <p>Your phone shows whom and how much, and signs exactly that.</p>\
         <form method=\"post\" action=\"/pay\" class=\"pay\">{}<div>{payee}</div><div>{amount}</div>\
         <button class=\"main\">Pay</button></form>{paid}</section>\
         <section aria-labelledby=\"phones\"><h2 id=\"phones\">Your phones</h2><ul class=\"phones\">{rows}</ul>{}</section>",
        text(name),
        token(&frame.token),
        button(frame, "/phone/new", "second", "Add another phone")
    );
    Page::new("Your account", body)
}

fn row(frame: &Frame, phone: &Phone, all: usize) -> String {
    let (class, standing) = match phone.standing {
        Standing::Active => ("good", "In use"),
        Standing::Pending => ("", "Not confirmed yet"),
        Standing::Frozen => ("bad", "Frozen"),
        Standing::Suspended => ("bad", "Suspended"),
    };
    let why = match phone.standing {
        Standing::Frozen => Some(
            "Somebody reported a sign-in request on this phone. It approves nothing until the operator has looked into it.",
        ),
        Standing::Suspended => Some(
            "It broke a limit, or answered in a way that only a copy of it could. It approves nothing until released.",
        ),
        Standing::Active | Standing::Pending => None,
    };
    let why = why.map_or(String::new(), |why| {
        format!(
            "<p>{}</p>{}",
            text(why),
            button(frame, &format!("/phone/{}/release", phone.id), "second", "Release, as the demo’s operator")
        )
    });
    let warning = if all == 1 {
        "This is your only phone: without it you can’t sign in again."
    } else {
        "It can’t approve anything any more. To use it again you add it anew."
    };
    format!(
        "<li><div class=\"phone\"><span><b>{}</b><small>{}</small></span><span class=\"chip {class}\">{standing}</span></div>{why}\
         <details><summary>Remove</summary><p>{warning}</p>{}</details></li>",
        text(&phone.name),
        text(&phone.model),
        button(frame, &format!("/phone/{}/remove", phone.id), "danger", "Remove this phone"),
    )
}
