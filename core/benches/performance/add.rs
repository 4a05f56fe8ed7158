//! Adding one account to a vault of 10,000: what it writes, and what it costs against a vault of 10.

use super::accounts::{NOW, account, vault};
use super::harness::{Harness, Outcome, Side, say, timed};

/// Enough that the journal is merged into the file at least once on the way.
const ADDED: usize = 400;

pub(crate) fn measure(harness: &mut Harness) -> Outcome {
    let count = harness.size(10_000);
    let mut large = vault(&harness.path("large"), count)?;
    let mut small = vault(&harness.path("small"), 10)?;
    let mut number = count;
    harness.ratio("add: one to 10,000 / one to 10", 1.5, 100, |side| {
        number += 1;
        let new = account(number)?;
        let vault = if side == Side::Ours { &mut large } else { &mut small };
        timed(|| Ok(vault.add(new, false, NOW)?)).map(|(time, _)| time)
    })?;

    let Ok(before) = written() else { return say("add: bytes written are counted on Linux only") };
    for _ in 0..ADDED {
        number += 1;
        large.add(account(number)?, false, NOW)?;
    }
    let all = u32::try_from(written()? - before)?;
    let each = f64::from(all) / f64::from(u32::try_from(ADDED)?) / 1024.0;
    harness.fact("add: bytes written for one to 10,000", each, 48.0, "KiB, merging the journal included")
}

/// What this process gave to `write` calls so far: `wchar`, since `write_bytes` depends on the file system and counts
/// nothing on one in memory.
fn written() -> Outcome<u64> {
    let io = std::fs::read_to_string("/proc/self/io")?;
    let count = io.lines().find_map(|line| line.strip_prefix("wchar: ")).ok_or("no count of bytes written")?;
    Ok(count.parse()?)
}
