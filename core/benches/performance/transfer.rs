//! Importing a list of 10,000 links, from the file's bytes to durable accounts, against parsing each of its lines; into an
//! empty vault, and into one that has as many accounts already.

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
    for (name, there) in [
        ("import: 10,000 lines into an empty vault / parsing", 0),
        ("import: 10,000 lines into a full vault / parsing", count),
    ] {
        let mut vault = accounts::vault(&harness.path(&format!("into-{there}")), there)?;
        harness.ratio(name, 10.0, 10, |side| match side {
            Side::Ours => {
                let (taken, added) = timed(|| import(&mut vault, lines.as_bytes()))?;
                undo(&mut vault, NOW)?;
                if added == count { Ok(taken) } else { Err("accounts are missing".into()) }
            }
            Side::Reference => Ok(timed(|| parse(&lines))?.0),
        })?;
    }
    Ok(())
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
