//! Commands for enrolments: this device becomes one that approves, and stops being one.

use std::path::Path;

use countersign_core::push::desk::{Approvals, Joined, Joining, Known, NewKeys, Operation, Verification};
use countersign_core::push::model::{Outcome, Status, Step};
use countersign_core::push::native::messages::{Amr, Device};
use countersign_core::push::native::phone::{self, PushChoice, Reply};
use countersign_core::push::native::{Invitation, invitation};
use countersign_core::vault::{PushId, UvRoot};
use serde_json::{Value, json};

use crate::approvals::{carry, desk, isolated};
use crate::arguments::{Arguments, Consent, Enroll, Enrollments, Unenroll};
use crate::failure::Failure;
use crate::network::Network;
use crate::scan;
use crate::terminal::{answer, ask, device_name, may_ask, now, say};
use crate::vaults::{open, open_with_root};

/// The invitation in a link or a picture file.
pub(crate) fn invitation_in(source: &str) -> Result<Option<String>, Failure> {
    if source.starts_with(invitation::PREFIX) {
        return Ok(Some(source.to_owned()));
    }
    if source.contains("://") || !Path::new(source).is_file() {
        return Ok(None);
    }
    let (contents, _) = scan::read(Path::new(source))?;
    let found = contents.iter().filter_map(|content| content.text()).find(|text| text.starts_with(invitation::PREFIX));
    Ok(found.map(str::to_owned))
}

pub(crate) fn enroll(arguments: &Arguments, enroll: &Enroll) -> Result<(), Failure> {
    if let Some(source) = &enroll.source {
        let link = invitation_in(source)?.ok_or(Failure::NoInvitation)?;
        return enroll_by(arguments, &link, &enroll.invitation);
    }
    let (mut vault, root) = open_with_root(arguments)?;
    let mut desk = desk(&mut vault);
    let (id, host) = desk.unfinished()?.into_iter().next().ok_or(Failure::Usage(
        "say which invitation: a picture of the page's QR code, or its link; none was left unfinished",
    ))?;
    say(&format!("Going on with the enrolment at {host}."));
    let joining = desk.resume(id, &root)?;
    finish_joining(arguments, &mut desk, joining, &root)
}

/// Enrols by an invitation's link.
pub(crate) fn enroll_by(arguments: &Arguments, link: &str, consent: &Consent) -> Result<(), Failure> {
    let invitation = Invitation::parse(link, consent.allow_loopback_http).map_err(Failure::Invitation)?;
    if !agreed(arguments, &invitation, consent.yes)? {
        return Ok(());
    }
    let (mut vault, root) = open_with_root(arguments)?;
    let mut desk = desk(&mut vault);
    let joining = desk.join(invitation, device(), PushChoice::None, NewKeys::Software, &root)?;
    finish_joining(arguments, &mut desk, joining, &root)
}

fn finish_joining(
    arguments: &Arguments,
    desk: &mut Approvals<'_>,
    mut joining: Joining,
    root: &UvRoot,
) -> Result<(), Failure> {
    let done = walk(desk, &Network::new(), &mut joining, root)?;
    let Joined::Done { id, server, account, digits, hint_differs, has_codes } = done else { return Ok(()) };
    if arguments.json {
        return answer(
            &json!({
                "enrollment": id.to_string(), "server": server, "account": account, "digits": digits,
                "hint_differs": hint_differs, "codes": has_codes,
            })
            .to_string(),
        );
    }
    answer(&format!("Server:  {}\nAccount: {}", isolated(&server), isolated(&account)))?;
    if hint_differs {
        say("The QR code named another account than the server has signed: is this the one you mean?");
    }
    let (left, right) = digits.split_at_checked(3).unwrap_or((digits.as_str(), ""));
    answer(&format!("Type these on the page of {}: {left} {right}", isolated(&server)))
}

/// Says where the invitation leads before anything is fetched, and asks.
fn agreed(arguments: &Arguments, invitation: &Invitation, yes: bool) -> Result<bool, Failure> {
    say(&format!("This invitation is from {}.", invitation.base.host()));
    if let Some(name) = &invitation.name {
        say(&format!("It says (not verified yet): {}", isolated(name)));
    }
    if yes {
        return Ok(true);
    }
    if !may_ask(arguments) {
        return Err(Failure::Usage("say --yes to enrol without being asked"));
    }
    Ok(matches!(ask("Enrol this device there? [y/N] ")?.trim(), "y" | "Y" | "yes"))
}

fn device() -> Device {
    Device {
        name: device_name(),
        model: "Desktop".to_owned(),
        os: std::env::consts::OS.to_owned(),
        app: format!("countersign {}", env!("CARGO_PKG_VERSION")),
    }
}

/// Carries an enrolment's steps.
pub(crate) fn walk(
    desk: &mut Approvals<'_>,
    network: &Network,
    joining: &mut Joining,
    root: &UvRoot,
) -> Result<Joined, Failure> {
    let mut trouble = None;
    let mut reply = Reply::Begin;
    loop {
        match desk.next_join(joining, root, reply, now()) {
            Ok(Joined::Step(Step::Send(request))) => {
                let exchange = network.send(&request);
                trouble = exchange.trouble;
                reply = Reply::Arrived(exchange.arrival);
            }
            Ok(Joined::Step(_)) => return Err(Failure::KeysElsewhere),
            Ok(done) => return Ok(done),
            Err(countersign_core::push::desk::Error::Protocol(phone::Error::Network)) => {
                return Err(Failure::Network(trouble.unwrap_or_else(|| phone::Error::Network.to_string())));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn status_words(known: &Known) -> &'static str {
    if known.renew {
        return "enrol this device again";
    }
    match known.status {
        Some(Status::Pending) => "waits for its digits on the page",
        Some(Status::Active) => "active",
        Some(Status::Frozen) => "blocked until the server has checked",
        Some(Status::Suspended) => "stopped by the server",
        Some(Status::Removed) => "removed by the server",
        None => "enrol this device again",
    }
}

pub(crate) fn list(arguments: &Arguments, options: &Enrollments) -> Result<(), Failure> {
    if let Some(name) = &options.new_keys {
        return new_keys(arguments, name);
    }
    let mut vault = open(arguments)?;
    let mut desk = desk(&mut vault);
    desk.sweep(now())?;
    let known = desk.enrollments(now())?;
    let unfinished = desk.unfinished()?;
    if arguments.json {
        let list = known.iter().map(|known| {
            json!({
                "id": known.id.to_string(),
                "server": known.server,
                "host": known.host,
                "account": known.account,
                "status": known.status.map(Status::name),
                "renew": known.renew,
                "digits": known.confirmation,
                "hardware": known.hardware,
                "codes": known.codes.map(|id| id.to_string()),
                "clock_offset_ms": known.offset_millis,
                "heard": known.heard.map(|heard| heard.seconds()),
                "muted_until": known.muted_until.map(|until| until.seconds()),
                "unconfirmed": known.unconfirmed,
            })
        });
        return answer(&Value::from(list.collect::<Vec<_>>()).to_string());
    }
    for known in &known {
        let keys = if known.hardware { "keys in hardware" } else { "keys in software" };
        answer(&format!(
            "{}  {} ({})  {}  {}  {keys}",
            known.id,
            isolated(&known.server),
            known.host,
            isolated(&known.account),
            status_words(known)
        ))?;
        if let Some(offset) = known.offset_millis.filter(|offset| offset.abs() >= 60_000) {
            let (minutes, side) = (offset.abs() / 60_000, if offset > 0 { "behind" } else { "ahead of" });
            say(&format!("  This device's clock is {minutes} min {side} what {} says.", known.host));
        }
        if let Some(until) = known.muted_until {
            let minutes = until.seconds().saturating_sub(now().seconds()).max(0).div_euclid(60).saturating_add(1);
            say(&format!("  3 requests turned down in 10 minutes: its requests are silent for {minutes} min."));
        }
    }
    for (_, host) in &unfinished {
        say(&format!("An enrolment at {host} isn't finished: go on with `countersign enroll`."));
    }
    Ok(())
}

/// The enrolment that is meant: an id, else an unambiguous part of server, host or account.
fn find(desk: &mut Approvals<'_>, meant: &str) -> Result<Known, Failure> {
    let mut known = desk.enrollments(now())?;
    let wanted = meant.to_lowercase();
    if let Ok(id) = meant.parse::<PushId>() {
        known.retain(|known| known.id == id);
    } else {
        let texts = |known: &Known| [known.server.to_lowercase(), known.host.clone(), known.account.to_lowercase()];
        known.retain(|known| texts(known).iter().any(|text| text.contains(&wanted)));
    }
    match known.len() {
        0 => Err(Failure::NoEnrollment(meant.to_owned())),
        1 => known.pop().ok_or_else(|| Failure::NoEnrollment(meant.to_owned())),
        _ => {
            let lines: Vec<_> =
                known.iter().map(|known| format!("{}  {}  {}", known.id, known.server, known.account)).collect();
            Err(Failure::Several { name: meant.to_owned(), list: lines.join("\n") })
        }
    }
}

/// Ends an enrolment at the server, then forgets it here.
pub(crate) fn unenroll(arguments: &Arguments, unenroll: &Unenroll) -> Result<(), Failure> {
    let (mut vault, root) = open_with_root(arguments)?;
    let mut desk = desk(&mut vault);
    let known = find(&mut desk, &unenroll.name)?;
    let gone = known.renew || known.status == Some(Status::Removed) || unenroll.forget;
    if !gone {
        let network = Network::new();
        let mut operation = Operation::remove(known.id);
        let step = desk.begin(&mut operation, now())?;
        finish(&mut desk, &network, &mut operation, step, &root)?;
    }
    desk.forget(known.id)?;
    say(&format!("{} is forgotten on this device.", isolated(&known.server)));
    if unenroll.forget && !known.renew && known.status != Some(Status::Removed) {
        say("The server still counts it: remove it there too.");
    }
    Ok(())
}

fn new_keys(arguments: &Arguments, name: &str) -> Result<(), Failure> {
    let (mut vault, root) = open_with_root(arguments)?;
    let mut desk = desk(&mut vault);
    let known = find(&mut desk, name)?;
    let network = Network::new();
    let mut operation = desk.rotate(known.id, &root)?;
    let step = desk.begin(&mut operation, now())?;
    finish(&mut desk, &network, &mut operation, step, &root)?;
    say(&format!("{} knows this device by new keys now.", isolated(&known.server)));
    Ok(())
}

fn finish(
    desk: &mut Approvals<'_>,
    network: &Network,
    operation: &mut Operation,
    mut step: Step,
    root: &UvRoot,
) -> Result<(), Failure> {
    if step == Step::NeedsUserVerification {
        let verification = Verification { root: Some(root), by: vec![Amr::Password] };
        step = desk.verified(operation, verification, now())?;
    }
    match carry(desk, network, operation, step)? {
        Step::Done(Outcome::Changed { .. }) => Ok(()),
        _ => Err(Failure::Network("the server hasn't confirmed it yet; it is sent again".to_owned())),
    }
}
