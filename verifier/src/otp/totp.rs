//! Which TOTP codes are right (RFC 6238 §5.2 and §6).

use countersign_core::otp::{Error, Totp};
use countersign_core::time::UnixTime;

use super::{Judged, Tries, Used, Verdict, typed};

/// How far a code's time step may be from this clock's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TotpPolicy {
    window: u8,
    drift: Drift,
}

/// Whether the clock of an authenticator that is always ahead or behind is followed (RFC 6238 §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drift {
    /// The window lies around this clock.
    Fixed,
    /// The window lies around the step that the last accepted code was at, seen from this clock.
    Learned {
        /// How many steps it may move away from this clock at most.
        at_most: u8,
    },
}

impl Default for TotpPolicy {
    /// One step either side, no drift: RFC 6238 §5.2 recommends at most one step for the network's delay.
    fn default() -> Self {
        Self { window: 1, drift: Drift::Fixed }
    }
}

/// What is stored of a TOTP authenticator, beside its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TotpState {
    /// The latest time step whose code was accepted: it and all before it are used up.
    pub last_step: Option<u64>,
    /// By how many steps its clock was ahead (negative: behind) at that code; only moved by [`Drift::Learned`].
    pub drift: i16,
    /// Wrong codes in a row.
    pub tries: Tries,
}

impl TotpPolicy {
    /// The widest window: five minutes either side at 30 seconds. Each step more is one more code that a guess may hit.
    pub const MAX_WINDOW: u8 = 10;

    /// So many steps either side (at most [`Self::MAX_WINDOW`]; a larger number means that).
    #[must_use]
    pub const fn new(window: u8, drift: Drift) -> Self {
        let window = if window > Self::MAX_WINDOW { Self::MAX_WINDOW } else { window };
        Self { window, drift }
    }

    /// Judges what was typed.
    ///
    /// A step is accepted once, and none before it afterwards (RFC 6238 §5.2: "MUST NOT accept the second attempt").
    /// Where two steps of the window have the same code, the earliest that is not used up counts.
    ///
    /// # Errors
    /// [`Error::BeforeEpoch`] if this clock says a time before 1970.
    pub fn judge(&self, totp: &Totp, state: TotpState, text: &str, now: UnixTime) -> Result<Judged<TotpState>, Error> {
        let step = u64::try_from(now.seconds()).map_err(|_| Error::BeforeEpoch)? / u64::from(totp.period().seconds());
        if let Err(barred) = state.tries.admit(now) {
            return Ok(Judged { verdict: barred.into(), state });
        }
        let Some(typed) = typed(text, totp.digits()) else {
            return Ok(Judged { verdict: Verdict::NotACode, state });
        };
        let (mut accepted, mut replayed) = (None, false);
        let drift = match self.drift {
            Drift::Fixed => 0,
            Drift::Learned { at_most } => state.drift.clamp(-i16::from(at_most), i16::from(at_most)),
        };
        let window = i16::from(self.window);
        for offset in -window..=window {
            let Some(candidate) = step.checked_add_signed(i64::from(offset) + i64::from(drift)) else { continue };
            let right = code_at(totp, candidate)? == typed;
            let used = state.last_step.is_some_and(|last| candidate <= last);
            replayed |= right & used;
            accepted = accepted.or((right & !used).then_some(candidate));
        }
        Ok(match (accepted, replayed) {
            (Some(candidate), _) => {
                let drift = match self.drift {
                    Drift::Fixed => state.drift,
                    Drift::Learned { at_most } => ahead(candidate, step, at_most),
                };
                let state = TotpState { last_step: Some(candidate), drift, tries: Tries::lifted() };
                Judged { verdict: Verdict::Accepted(Used::Step(candidate)), state }
            }
            (None, true) => Judged { verdict: Verdict::Replayed, state },
            (None, false) => {
                let tries = state.tries.wrong(now);
                let verdict = Verdict::Wrong { in_a_row: tries.in_a_row(), wait: tries.wait() };
                Judged { verdict, state: TotpState { tries, ..state } }
            }
        })
    }
}

fn code_at(totp: &Totp, step: u64) -> Result<countersign_core::otp::Text, Error> {
    let seconds = step.checked_mul(u64::from(totp.period().seconds())).and_then(|seconds| i64::try_from(seconds).ok());
    Ok(totp.code(UnixTime::from_seconds(seconds.unwrap_or(i64::MAX)))?.code)
}

fn ahead(candidate: u64, step: u64, at_most: u8) -> i16 {
    let steps = i16::try_from(candidate.abs_diff(step)).unwrap_or(i16::MAX).min(i16::from(at_most));
    if candidate < step { -steps } else { steps }
}
