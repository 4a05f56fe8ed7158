//! What was decided.

use countersign_core::push::model::Confirmation;
use countersign_core::vault::PushId;
use serde_json::{Value, json};

use super::{desk, isolated};
use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::terminal::{answer, now, say};
use crate::vaults::open;

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
