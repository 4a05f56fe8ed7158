//! Comparing two sides: they take turns, so that whatever else the machine does falls on both, and the ratio is that of
//! their lower deciles, since other load only ever adds.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// What a measure gives: only what is no timing, or a defect, makes it fail.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Whose turn it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Ours,
    Reference,
}

/// Where a run's files are, how large it is, and what it has found.
pub(crate) struct Harness {
    smoke: bool,
    folder: TempDir,
    broken: Vec<String>,
}

impl Harness {
    pub(crate) fn new(smoke: bool) -> Outcome<Self> {
        // Beside the build, hence on a disk: the system's folder for such files may be memory.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        if smoke {
            say("smoke run: small sizes, one round, the ratios mean nothing")?;
        }
        Ok(Self { smoke, folder, broken: Vec::new() })
    }

    /// So many accounts, or fewer where the run only tries.
    pub(crate) fn size(&self, full: usize) -> usize {
        if self.smoke { full.div_ceil(50) } else { full }
    }

    /// So many rounds, or one.
    pub(crate) fn rounds(&self, full: usize) -> usize {
        if self.smoke { 1 } else { full }
    }

    /// A path for a new file.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Compares two sides over so many rounds, each side first in every second one, and prints a line.
    pub(crate) fn ratio(
        &self,
        name: &str,
        bound: f64,
        rounds: usize,
        mut turn: impl FnMut(Side) -> Outcome<Duration>,
    ) -> Outcome {
        let (mut ours, mut reference) = (Vec::new(), Vec::new());
        // Once without counting, so that files, statements and code are as warm for the first as for the last.
        turn(Side::Reference)?;
        turn(Side::Ours)?;
        for round in 0..self.rounds(rounds) {
            let order = if round % 2 == 0 { [Side::Reference, Side::Ours] } else { [Side::Ours, Side::Reference] };
            for side in order {
                let taken = turn(side)?;
                if side == Side::Ours { ours.push(taken) } else { reference.push(taken) }
            }
        }
        let (ours, reference) = (low(ours), low(reference));
        let ratio = ours.as_secs_f64() / reference.as_secs_f64();
        let verdict = self.verdict(ratio <= bound);
        say(&format!("{name:<52} {ratio:>7.3}  at most {bound:<5} {verdict:<7} ({ours:.1?} / {reference:.1?})"))
    }

    /// Checks what is no timing, and prints a line; over the bound, the whole run fails.
    pub(crate) fn fact(&mut self, name: &str, value: f64, bound: f64, unit: &str) -> Outcome {
        let within = value <= bound;
        if !within {
            self.broken.push(format!("{name}: {value:.1} {unit}, more than {bound}"));
        }
        let verdict = if within { "within" } else { "OVER" };
        say(&format!("{name:<52} {value:>7.1}  at most {bound:<5} {verdict:<7} ({unit})"))
    }

    fn verdict(&self, within: bool) -> &'static str {
        match (self.smoke, within) {
            (true, _) => "-",
            (false, true) => "within",
            (false, false) => "OVER",
        }
    }

    /// The end of the run.
    pub(crate) fn finish(self) -> Outcome {
        if self.broken.is_empty() { Ok(()) } else { Err(self.broken.join("; ").into()) }
    }
}

/// A line of output.
pub(crate) fn say(line: &str) -> Outcome {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}

/// How much of a processor something takes: what other programs do meanwhile does not count. For what waits for no disk.
pub(crate) fn worked<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<Duration> {
    let start = processor_time()?;
    let (taken, value) = timed(work)?;
    let worked = processor_time()?.and_then(|end| end.checked_sub(start?));
    drop(value);
    Ok(worked.unwrap_or(taken))
}

/// What this thread has used so far, where the system says so.
fn processor_time() -> Outcome<Option<Duration>> {
    #[cfg(unix)]
    return Ok(Some(rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime).try_into()?));
    #[cfg(not(unix))]
    return Ok(None);
}

/// How long something takes.
pub(crate) fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(Duration, T)> {
    #[expect(clippy::disallowed_methods, reason = "a bench is where a clock is read")]
    let start = Instant::now();
    let value = std::hint::black_box(work()?);
    Ok((start.elapsed(), value))
}

/// The lower decile: nine in ten took at least so long.
pub(crate) fn low(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 10).copied().unwrap_or_default()
}
