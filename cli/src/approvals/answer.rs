//! Answering requests.

use std::path::Path;

use countersign_core::push::desk::{Approvals, Error, Operation, Verification, Waiting};
use countersign_core::push::model::{Confirmation, Decision, Outcome, Step};
use countersign_core::push::native::messages::{Amr, ReceiptStatus};
use countersign_core::push::native::phone::{self, Reply};
use countersign_core::time::UnixTime;
use countersign_core::vault::UvRoot;
use serde_json::json;

use super::{carry, desk, isolated, poll_all, show};
use crate::arguments::{Approve, Arguments, Deny};
use crate::failure::Failure;
use crate::network::Network;
use crate::scan;
use crate::terminal::{answer, ask, may_ask, now, say};
use crate::vaults::{open, open_with_root};

/// The request that is meant: an id or the beginning of one; the only one that waits where `-` is said.
fn find(desk: &mut Approvals<'_>, meant: &str) -> Result<Waiting, Failure> {
    let mut waiting = desk.requests(now())?;
    waiting.retain(|waiting| meant == "-" || waiting.request.id.to_string().starts_with(meant));
    match waiting.len() {
        0 => Err(Failure::NoRequest),
        1 => waiting.pop().ok_or(Failure::NoRequest),
        _ => Err(Failure::Usage("several requests begin so: type more of the id")),
    }
}

pub(crate) fn approve(arguments: &Arguments, approve: &Approve) -> Result<(), Failure> {
    if approve.choice.is_some() {
        return Err(Failure::Usage("no request of this kind of server offers a choice of numbers: use --code"));
    }
    let (mut vault, root) = open_with_root(arguments)?;
    let network = Network::new();
    let mut desk = desk(&mut vault);
    poll_all(&mut desk, &network)?;
    let waiting = find(&mut desk, &approve.id)?;
    if !arguments.json {
        show(&waiting)?;
    }
    let mut operation = Operation::decide(waiting.enrollment, waiting.request.id, Decision::Approve);
    let mut step = desk.begin(&mut operation, now())?;
    let mut typed = approve.code.clone();
    loop {
        step = match step {
            Step::NeedsCode { digits } => {
                let code = match typed.take() {
                    Some(code) => code,
                    None if may_ask(arguments) => ask(&format!("Type the {digits} digits that the page shows: "))?,
                    None => return Err(Failure::Usage("say the digits that the page shows with --code")),
                };
                match desk.next(&mut operation, Reply::Code(code.trim().to_owned()), now()) {
                    Err(Error::Protocol(phone::Error::Code)) if may_ask(arguments) => Step::NeedsCode { digits },
                    other => other?,
                }
            }
            Step::NeedsUserVerification => {
                let verification = Verification { root: Some(&root), by: vec![Amr::Password] };
                desk.verified(&mut operation, verification, now())?
            }
            step @ Step::Send(_) => carry(&mut desk, &network, &mut operation, step)?,
            Step::Done(outcome) => return report(arguments, &waiting, &outcome),
            _ => return Err(Failure::KeysElsewhere),
        };
    }
}

pub(crate) fn deny(arguments: &Arguments, deny: &Deny) -> Result<(), Failure> {
    let mut vault = open(arguments)?;
    let network = Network::new();
    let mut desk = desk(&mut vault);
    poll_all(&mut desk, &network)?;
    let waiting = find(&mut desk, &deny.id)?;
    if deny.report && may_ask(arguments) {
        say(&format!("{} will block this device's requests until it has checked.", isolated(&waiting.request.server)));
        if !matches!(ask("It wasn't you? [y/N] ")?.trim(), "y" | "Y" | "yes") {
            return Err(Failure::Usage("not reported"));
        }
    }
    let decision = if deny.report { Decision::Report } else { Decision::Deny };
    let mut operation = Operation::decide(waiting.enrollment, waiting.request.id, decision);
    let step = desk.begin(&mut operation, now())?;
    match carry(&mut desk, &network, &mut operation, step)? {
        Step::Done(outcome) => report(arguments, &waiting, &outcome),
        _ => Err(Failure::KeysElsewhere),
    }
}

/// Says what became of an answer; an error where that is not what was wanted.
fn report(arguments: &Arguments, waiting: &Waiting, outcome: &Outcome) -> Result<(), Failure> {
    let Outcome::Answered(entry) = outcome else { return Ok(()) };
    let server = isolated(&waiting.request.server);
    let (word, text, wanted) = match entry.confirmation {
        Confirmation::Unconfirmed => ("unconfirmed", "Sent, not confirmed yet; it is sent again.".to_owned(), true),
        Confirmation::GivenUp => ("given up", "Never confirmed, and not sent any more.".to_owned(), false),
        Confirmation::ByDigits => ("shown", "The digits were shown.".to_owned(), true),
        Confirmation::Receipt(status) => {
            let (text, wanted) = match status {
                ReceiptStatus::Approved => (format!("Approved: {server} lets you in."), true),
                ReceiptStatus::Denied => (format!("Denied: {server} turned the sign-in down."), true),
                ReceiptStatus::Reported => (
                    format!(
                        "You told {server} that someone else is trying to sign in. Its requests stay blocked until it has checked."
                    ),
                    true,
                ),
                ReceiptStatus::WrongCode { attempts_left: 0 } => {
                    ("Those were not the page's digits, and no try is left. Start again on the page.".to_owned(), false)
                }
                ReceiptStatus::WrongCode { attempts_left } => {
                    (format!("Those were not the page's digits. Tries left: {attempts_left}."), false)
                }
                ReceiptStatus::Expired => {
                    ("This request has ended. If you're signing in now, start again on the page.".to_owned(), false)
                }
                ReceiptStatus::Superseded => ("The page has asked anew since.".to_owned(), false),
                ReceiptStatus::Cancelled => ("The page doesn't ask any more.".to_owned(), false),
                ReceiptStatus::AlreadyAnswered => ("It was answered before.".to_owned(), false),
                ReceiptStatus::Frozen => {
                    (format!("{server} blocks this device's requests until it has checked."), false)
                }
            };
            (status.name(), text, wanted)
        }
    };
    if arguments.json {
        answer(&json!({ "request": waiting.request.id.to_string(), "result": word }).to_string())?;
    } else {
        answer(&text)?;
    }
    if wanted { Ok(()) } else { Err(Failure::NotApproved) }
}

/// Shows the request that stands in a picture of the page, then the eight digits to type there.
pub(crate) fn offline(arguments: &Arguments, picture: &Path, yes: bool) -> Result<(), Failure> {
    let (contents, _) = scan::read(picture)?;
    let link =
        contents.iter().filter_map(|content| content.text()).find(|text| text.starts_with(phone::OFFLINE_PREFIX));
    let link = link.ok_or(Failure::NoCode)?.to_owned();
    let (mut vault, root) = open_with_root(arguments)?;
    let mut desk = desk(&mut vault);
    let waiting = desk.scan(&link, now())?;
    if !arguments.json {
        show(&waiting)?;
    }
    if !yes {
        if !may_ask(arguments) {
            return Err(Failure::Usage("say --yes to show the digits: they approve the request"));
        }
        if !matches!(ask("Show the digits that approve this? [y/N] ")?.trim(), "y" | "Y" | "yes") {
            return Ok(());
        }
    }
    let (mut operation, digits, until) = eight_digits(&mut desk, &waiting, &root)?;
    if arguments.json {
        answer(&json!({ "digits": digits, "expires": until.seconds() }).to_string())?;
    } else {
        let (left, right) = digits.split_at_checked(4).unwrap_or((digits.as_str(), ""));
        answer(&format!("Type these on the page: {left} {right}"))?;
    }
    // Where there is a network after all, the server says where the enrolment stands. Nothing hangs on it.
    let step = desk.next(&mut operation, Reply::Shown, now())?;
    let _ = carry(&mut desk, &Network::new(), &mut operation, step);
    Ok(())
}

/// The eight digits, and until when they are good. The operation goes on with a poll once they were shown.
pub(crate) fn eight_digits(
    desk: &mut Approvals<'_>,
    waiting: &Waiting,
    root: &UvRoot,
) -> Result<(Operation, String, UnixTime), Failure> {
    let mut operation = Operation::digits(waiting.enrollment, waiting.request.id);
    let mut step = desk.begin(&mut operation, now())?;
    if step == Step::NeedsUserVerification {
        step = desk.verified(&mut operation, Verification { root: Some(root), by: vec![Amr::Password] }, now())?;
    }
    let Step::ShowCode { digits, until } = step else {
        return Err(Failure::KeysElsewhere);
    };
    Ok((operation, digits, until))
}
