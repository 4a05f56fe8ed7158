//! Commands for approvals: requests shown as they were verified, and answered.
//!
//! - `poll`: asking servers, a few at a time. `show`: requests on the terminal. `answer`: approve, deny, offline.
//!   `history`: what was decided.

mod answer;
mod history;
mod poll;
mod show;

use std::time::Duration;

use countersign_core::push::desk::{Approvals, Waiting};
use countersign_core::vault::Vault;
use serde_json::Value;

pub(crate) use answer::{approve, deny, eight_digits, offline};
pub(crate) use history::history;
pub(crate) use poll::{carry, poll_all};
pub(crate) use show::show;

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::network::Network;
use crate::terminal::{self, now, say};
use crate::vaults::{entropy, open};

/// The desk of a vault.
pub(crate) fn desk(vault: &mut Vault) -> Approvals<'_> {
    Approvals::new(vault, None, entropy())
}

/// Beside text that runs the other way, a shown string keeps to itself (Unicode Annex 9: FSI … PDI).
pub(crate) fn isolated(text: &str) -> String {
    if text.is_ascii() { text.to_owned() } else { format!("\u{2068}{text}\u{2069}") }
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
                terminal::answer(&Value::from(waiting.iter().map(show::to_json).collect::<Vec<_>>()).to_string())?;
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
