//! How time and memory grow with the number of accounts. Each size in a process of its own, whose memory knows nothing
//! of the making of the vault or of other sizes.

use std::path::Path;
use std::time::Duration;

use countersign_core::vault::Selection;

use super::accounts::{self, NOW, account};
use super::harness::{Harness, Outcome, low, say, timed};

/// The argument that makes this program observe one vault and print what [`observe`] reads.
pub(crate) const CHILD: &str = "--observe";

const SIZES: [usize; 5] = [10, 100, 1000, 10_000, 100_000];
const ROUNDS: usize = 20;

/// What was observed of one vault: milliseconds and KiB.
#[derive(Default)]
pub(crate) struct Observed {
    unlock: f64,
    codes: f64,
    list: f64,
    search: f64,
    add: f64,
    /// Resident memory with everything unlocked and shown, and the most that there was on the way.
    pub(crate) resident: f64,
    pub(crate) peak: f64,
}

pub(crate) fn measure(harness: &mut Harness) -> Outcome {
    let empty = observe(harness, 0)?;
    say("growth: accounts | unlock ms | first codes ms | list ms | search ms | add ms | memory over empty MiB")?;
    for size in SIZES.map(|size| harness.size(size)) {
        let Observed { unlock, codes, list, search, add, resident, .. } = observe(harness, size)?;
        let memory = (resident - empty.resident) / 1024.0;
        say(&format!("{size:>16} | {unlock:.2} | {codes:.3} | {list:.4} | {search:.4} | {add:.2} | {memory:.1}"))?;
    }
    Ok(())
}

/// Makes a vault of that size and observes it in another process.
pub(crate) fn observe(harness: &Harness, size: usize) -> Outcome<Observed> {
    let path = harness.path(&format!("grown-{size}"));
    if !path.exists() {
        drop(accounts::vault(&path, size)?);
    }
    let output = std::process::Command::new(std::env::current_exe()?).arg(CHILD).arg(&path).output()?;
    if !output.status.success() {
        return Err(String::from_utf8(output.stderr)?.into());
    }
    let text = String::from_utf8(output.stdout)?;
    let mut numbers = text.split_whitespace().map(str::parse);
    let mut next = || numbers.next().ok_or("too few numbers")?.map_err(Box::<dyn std::error::Error>::from);
    Ok(Observed {
        unlock: next()?,
        codes: next()?,
        list: next()?,
        search: next()?,
        add: next()?,
        resident: next()?,
        peak: next()?,
    })
}

/// The other process.
pub(crate) fn child(path: &Path) -> Outcome {
    let mut vault = accounts::open(path)?;
    accounts::unlock(&mut vault)?;
    let count = vault.codes(NOW)?.count();
    let (resident, peak) = (memory("VmRSS:")?, memory("VmHWM:")?);

    let search = Selection { search: "zürich dörte.".to_owned(), ..Selection::default() };
    let mut now = NOW;
    let mut times: [Vec<Duration>; 5] = Default::default();
    for round in 0..ROUNDS {
        vault.lock();
        now = now.plus_seconds(30);
        let (unlock, ()) = timed(|| accounts::unlock(&mut vault))?;
        let (codes, _) = timed(|| Ok(vault.codes(now)?.collect::<Vec<_>>()))?;
        let (list, _) = timed(|| Ok(vault.accounts(&Selection::default())?.len()))?;
        let (search, _) = timed(|| Ok(vault.accounts(&search)?.len()))?;
        let new = account(count + round)?;
        let (add, _) = timed(|| Ok(vault.add(new, false, NOW)?))?;
        for (times, time) in times.iter_mut().zip([unlock, codes, list, search, add]) {
            times.push(time);
        }
    }
    let lows = times.map(|times| (low(times).as_secs_f64() * 1000.0).to_string());
    say(&format!("{} {resident} {peak}", lows.join(" ")))
}

/// A line of this process's status, in KiB.
fn memory(line: &str) -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let value = status.lines().find_map(|text| text.strip_prefix(line)).ok_or("no such line")?;
    Ok(value.trim().trim_end_matches(" kB").parse()?)
}
