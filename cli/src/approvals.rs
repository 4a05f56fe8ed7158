//! Commands for approvals: requests shown as they were verified, and answered.

use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc;
use std::thread::Scope;
use std::time::Duration;

use countersign_core::push::desk::{Approvals, Error, Operation, Poller, Verification, Waiting};
use countersign_core::push::model::{Action, Confirmation, Decision, Line, Outcome, Step};
use countersign_core::push::native::messages::{Amr, ReceiptStatus};
use countersign_core::push::native::phone::{self, Reply};
use countersign_core::time::UnixTime;
use countersign_core::vault::{PushId, UvRoot, Vault};
use serde_json::{Value, json};

use crate::arguments::{Approve, Arguments, Deny};
use crate::failure::Failure;
use crate::network::{Exchange, Network};
use crate::scan;
use crate::terminal::{answer, ask, may_ask, now, say};
use crate::vaults::{entropy, open, open_with_root};

/// The desk of a vault.
pub(crate) fn desk(vault: &mut Vault) -> Approvals<'_> {
    Approvals::new(vault, None, entropy())
}

/// Beside text that runs the other way, a shown string keeps to itself (Unicode Annex 9: FSI … PDI).
pub(crate) fn isolated(text: &str) -> String {
    if text.is_ascii() { text.to_owned() } else { format!("\u{2068}{text}\u{2069}") }
}

/// What a poll of everything led to.
pub(crate) struct Polled {
    pub(crate) trouble: Vec<String>,
}

type Arrivals = mpsc::Sender<(PushId, Exchange)>;

fn fly<'scope>(scope: &'scope Scope<'scope, '_>, network: &'scope Network, to: &Arrivals, id: PushId, step: Step) {
    if let Step::Send(request) = step {
        let to = to.clone();
        // Whoever waits for it is bounded by the network's own bounds.
        scope.spawn(move || to.send((id, network.send(&request))));
    }
}

/// Sends what isn't confirmed and asks everybody, a few at a time.
pub(crate) fn poll_all(desk: &mut Approvals<'_>, network: &Network) -> Result<Polled, Failure> {
    let known = desk.enrollments(now())?;
    let mut poller = Poller::new();
    let alive = known.iter().filter(|known| known.status.is_some());
    poller.know(alive.map(|known| (known.id, known.host.as_str())), now());
    poller.pull(now());
    let mut queues: HashMap<PushId, Vec<Operation>> = known
        .iter()
        .map(|known| {
            let resend = known.unconfirmed.then(|| Operation::resend(known.id));
            (known.id, std::iter::once(Operation::poll(known.id)).chain(resend).collect())
        })
        .collect();
    let name = |id: PushId| known.iter().find(|known| known.id == id).map_or("?", |known| known.server.as_str());
    let mut trouble = Vec::new();
    std::thread::scope(|scope| {
        let (to, from) = mpsc::channel();
        let mut running: HashMap<PushId, Operation> = HashMap::new();
        loop {
            let taken = poller.take(now());
            let none = taken.is_empty();
            for id in taken {
                let Some(mut operation) = queues.get_mut(&id).and_then(Vec::pop) else { continue };
                match desk.begin(&mut operation, now()) {
                    Ok(step) => {
                        running.insert(id, operation);
                        fly(scope, network, &to, id, step);
                    }
                    Err(error) => {
                        poller.done(id, false, now());
                        trouble.push(format!("{}: {error}", name(id)));
                    }
                }
            }
            if running.is_empty() {
                // Those that could not even begin have made room for others.
                if none {
                    return Ok(Polled { trouble });
                }
                continue;
            }
            let Ok((id, exchange)) = from.recv() else { return Ok(Polled { trouble }) };
            let Some(operation) = running.get_mut(&id) else { continue };
            match desk.next(operation, Reply::Arrived(exchange.arrival), now()) {
                Ok(step @ Step::Send(_)) => fly(scope, network, &to, id, step),
                Ok(_) | Err(Error::Protocol(phone::Error::Verifier(_))) => {
                    running.remove(&id);
                    poller.done(id, true, now());
                    if queues.get(&id).is_some_and(|queue| !queue.is_empty()) {
                        poller.wake(id, now());
                    }
                }
                Err(Error::Vault(error)) => return Err(error.into()),
                Err(error) => {
                    running.remove(&id);
                    poller.done(id, false, now());
                    let why = exchange.trouble.unwrap_or_else(|| error.to_string());
                    trouble.push(format!("{}: {why}", name(id)));
                }
            }
        }
    })
}

/// Carries an operation's steps that need nobody but the network.
pub(crate) fn carry(
    desk: &mut Approvals<'_>,
    network: &Network,
    operation: &mut Operation,
    mut step: Step,
) -> Result<Step, Failure> {
    while let Step::Send(request) = step {
        let Exchange { arrival, trouble } = network.send(&request);
        step = match desk.next(operation, Reply::Arrived(arrival), now()) {
            Ok(step) => step,
            Err(Error::Protocol(phone::Error::Network)) => {
                return Err(Failure::Network(trouble.unwrap_or_else(|| phone::Error::Network.to_string())));
            }
            Err(error) => return Err(error.into()),
        };
    }
    Ok(step)
}

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

fn to_json(waiting: &Waiting) -> Value {
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

pub(crate) fn list(arguments: &Arguments, watch: bool) -> Result<(), Failure> {
    let mut vault = open(arguments)?;
    let network = Network::new();
    let mut before: Vec<Waiting> = Vec::new();
    loop {
        vault.refresh()?;
        let mut desk = desk(&mut vault);
        let polled = poll_all(&mut desk, &network)?;
        let waiting = desk.requests(now())?;
        if !watch || waiting != before {
            polled.trouble.iter().for_each(|trouble| say(&format!("countersign: {trouble}")));
            if arguments.json {
                answer(&Value::from(waiting.iter().map(to_json).collect::<Vec<_>>()).to_string())?;
            } else if waiting.is_empty() {
                say("No request is waiting.");
            }
            if !arguments.json {
                waiting.iter().try_for_each(show)?;
            }
        }
        if !watch {
            return Ok(());
        }
        before = waiting;
        std::thread::sleep(Duration::from_secs(3));
    }
}

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
            _ => return Err(Failure::Demo("a step that this kind of key never asks for")),
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
        _ => Err(Failure::Demo("a step that denying never asks for")),
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
    let (digits, until) = eight_digits(&mut desk, &waiting, &root)?;
    if arguments.json {
        return answer(&json!({ "digits": digits, "expires": until.seconds() }).to_string());
    }
    let (left, right) = digits.split_at_checked(4).unwrap_or((digits.as_str(), ""));
    answer(&format!("Type these on the page: {left} {right}"))
}

/// The eight digits; then a poll, which needs the network and may fail.
pub(crate) fn eight_digits(
    desk: &mut Approvals<'_>,
    waiting: &Waiting,
    root: &UvRoot,
) -> Result<(String, UnixTime), Failure> {
    let mut operation = Operation::digits(waiting.enrollment, waiting.request.id);
    let mut step = desk.begin(&mut operation, now())?;
    if step == Step::NeedsUserVerification {
        step = desk.verified(&mut operation, Verification { root: Some(root), by: vec![Amr::Password] }, now())?;
    }
    let Step::ShowCode { digits, until } = step else {
        return Err(Failure::Demo("a step that digits never ask for"));
    };
    Ok((digits, until))
}

pub(crate) fn history(arguments: &Arguments, clear: bool) -> Result<(), Failure> {
    let mut vault = open(arguments)?;
    let mut desk = desk(&mut vault);
    if clear {
        desk.clear_history()?;
        say("The history is cleared.");
        return Ok(());
    }
    let known = desk.enrollments(now())?;
    let history = desk.history()?;
    let name = |id: PushId| known.iter().find(|known| known.id == id).map_or("?", |known| known.server.as_str());
    let word = |confirmation: &Confirmation| match confirmation {
        Confirmation::Unconfirmed => "sent, not confirmed",
        Confirmation::GivenUp => "never confirmed",
        Confirmation::ByDigits => "digits shown",
        Confirmation::Receipt(status) => status.name(),
    };
    if arguments.json {
        let list = history.iter().map(|(id, entry)| {
            json!({
                "enrollment": id.to_string(),
                "request": entry.request.to_string(),
                "server": name(*id),
                "at": entry.at.seconds(),
                "decision": entry.decision.name(),
                "about": entry.about,
                "result": word(&entry.confirmation),
            })
        });
        return answer(&Value::from(list.collect::<Vec<_>>()).to_string());
    }
    for (id, entry) in &history {
        let ago = now().seconds().saturating_sub(entry.at.seconds()).max(0);
        let about = entry.about.as_deref().map(isolated).unwrap_or_default();
        answer(&format!(
            "{:>8}  {:<8} {:<20} {} {about}",
            age(ago),
            entry.decision.name(),
            word(&entry.confirmation),
            isolated(name(*id)),
        ))?;
    }
    Ok(())
}

/// How long ago, in the largest whole unit.
fn age(seconds: i64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}
