//! Importing a list of 10,000 links, from the file's bytes to durable accounts, against parsing each of its lines; and
//! into a vault that has as many accounts already, against into an empty one.

use countersign_core::enroll;
use countersign_core::entropy::SystemEntropy;
use countersign_core::transfer::{Preview, Reader, apply, otpauth_lines, undo};
use countersign_core::vault::Vault;

use super::accounts::{self, NOW};
use super::harness::{Harness, Outcome, Side, timed};

pub(crate) fn measure(harness: &mut Harness) -> Outcome {
    let count = harness.size(10_000);
    let source = accounts::vault(&harness.path("links"), count)?;
    let links = otpauth_lines(source.all_accounts()?);
    // Other names and secrets than the full vault has.
    let lines = links.text.expose().replace("example.org", "example.net").replace("secret=", "secret=AA");
    let mut empty = accounts::vault(&harness.path("empty"), 0)?;
    let mut full = accounts::vault(&harness.path("full"), count)?;
    let import = |vault: &mut Vault| {
        let (taken, added) = timed(|| import(vault, lines.as_bytes()))?;
        undo(vault, NOW)?;
        if added == count { Ok(taken) } else { Err("accounts are missing".into()) }
    };
    harness.ratio("import: 10,000 lines / parsing them", 10.0, 10, |side| match side {
        Side::Ours => import(&mut empty),
        Side::Reference => Ok(timed(|| parse(&lines))?.0),
    })?;
    // Were each of them compared with all that are there, it would be thousands.
    harness.ratio("import: 10,000 lines into a full vault / an empty one", 3.0, 10, |side| match side {
        Side::Ours => import(&mut full),
        Side::Reference => import(&mut empty),
    })
}

fn import(vault: &mut Vault, file: &[u8]) -> Outcome<usize> {
    let mut reader = Reader::new();
    reader.add(file, None)?;
    let preview = Preview::make(vault, reader.finish()?, &SystemEntropy::new())?;
    Ok(apply(vault, preview, NOW)?.added.len())
}

fn parse(lines: &str) -> Outcome<usize> {
    let mut read = 0;
    for line in lines.lines() {
        enroll::parse(line)?;
        read += 1;
    }
    Ok(read)
}
