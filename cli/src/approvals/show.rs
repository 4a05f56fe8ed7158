//! Requests on the terminal.

use countersign_core::push::desk::Waiting;
use countersign_core::push::model::{Action, Line};
use serde_json::{Value, json};

use super::isolated;
use crate::failure::Failure;
use crate::terminal::{answer, now};

/// A request's title, as a question.
fn title(waiting: &Waiting) -> String {
    let request = &waiting.request;
    match &request.action {
        Action::SignIn { application } => {
            format!("Are you signing in to {}?", isolated(application.as_ref().unwrap_or(&request.server)))
        }
        Action::Transaction { application } => {
            format!("Approve this at {}?", isolated(application.as_ref().unwrap_or(&request.server)))
        }
        Action::Question(question) => isolated(question),
    }
}

fn lines(waiting: &Waiting) -> Vec<(String, String)> {
    let request = &waiting.request;
    let mut lines = vec![("Account".to_owned(), request.account.clone())];
    for line in &request.context {
        let (label, value) = match line {
            Line::Client(value) => ("Device", value),
            Line::Location(value) => ("Place", value),
            Line::Address(value) => ("Address", value),
            Line::Time(value) => ("Time", value),
        };
        lines.push((label.to_owned(), value.clone()));
    }
    lines.extend(request.details.iter().map(|detail| (detail.label.clone(), detail.value.clone())));
    lines
}

/// The beginning of a request's id that is shown and can be typed.
fn short(waiting: &Waiting) -> String {
    waiting.request.id.to_string().chars().take(8).collect()
}

pub(crate) fn show(waiting: &Waiting) -> Result<(), Failure> {
    let request = &waiting.request;
    let proof = if request.verified_context { "verified" } else { "NOT VERIFIED" };
    answer(&format!("{}  {} ({}, {proof})", short(waiting), isolated(&request.server), request.host))?;
    answer(&format!("          {}", title(waiting)))?;
    for (label, value) in lines(waiting) {
        answer(&format!("          {:<8} {}", isolated(&label), isolated(&value)))?;
    }
    let left = request.ends.millis().saturating_sub(now().millis()).max(0) / 1000;
    answer(&format!("          ends in {left} s"))
}

pub(super) fn to_json(waiting: &Waiting) -> Value {
    let request = &waiting.request;
    let pairs: Vec<_> =
        lines(waiting).into_iter().map(|(label, value)| json!({ "label": label, "value": value })).collect();
    json!({
        "id": request.id.to_string(),
        "enrollment": waiting.enrollment.to_string(),
        "server": request.server,
        "host": request.host,
        "verified_context": request.verified_context,
        "account": request.account,
        "title": title(waiting),
        "lines": pairs,
        "user_verification": request.needs.user_verification,
        "expires": request.ends.seconds(),
    })
}
