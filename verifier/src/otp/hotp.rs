//! Which HOTP codes are right (RFC 4226 §7).

use countersign_core::otp::{Error, Hotp, Secret};
use countersign_core::time::UnixTime;

use super::{Judged, Tries, Used, Verdict, typed};

/// How far an authenticator's counter may be ahead: each code that a person looked at and didn't use is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HotpPolicy {
    look_ahead: u8,
    resync: u16,
}

impl Default for HotpPolicy {
    /// Ten ahead for one code, a thousand for two in a row.
    fn default() -> Self {
        Self { look_ahead: 10, resync: 1000 }
    }
}

/// What is stored of an HOTP authenticator, beside its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HotpState {
    /// The counter of the next code: all before it are used up.
    pub counter: u64,
    /// Wrong codes in a row.
    pub tries: Tries,
}

impl HotpPolicy {
    /// The furthest that one code looks ahead.
    pub const MAX_LOOK_AHEAD: u8 = 50;

    /// One code looks `look_ahead` counters ahead (at most [`Self::MAX_LOOK_AHEAD`]), two codes look `resync` ahead (at
    /// most [`Hotp::MAX_LOOK_AHEAD`]); larger numbers mean the most.
    #[must_use]
    pub const fn new(look_ahead: u8, resync: u16) -> Self {
        let look_ahead = if look_ahead > Self::MAX_LOOK_AHEAD { Self::MAX_LOOK_AHEAD } else { look_ahead };
        Self { look_ahead, resync }
    }

    /// Judges what was typed. The secret, hash and digits are `hotp`'s; the counter is the state's.
    ///
    /// The code last used is told apart from a wrong one ([`Verdict::Replayed`]); older ones are just wrong.
    ///
    /// # Errors
    /// [`Error::CounterUsedUp`] at the counter's end.
    pub fn judge(&self, hotp: &Hotp, state: HotpState, text: &str, now: UnixTime) -> Result<Judged<HotpState>, Error> {
        if let Err(barred) = state.tries.admit(now) {
            return Ok(Judged { verdict: barred.into(), state });
        }
        let Some(typed) = typed(text, hotp.digits()) else {
            return Ok(Judged { verdict: Verdict::NotACode, state });
        };
        let replayed = match state.counter.checked_sub(1) {
            Some(last) => at(hotp, last)?.code()?.code == typed,
            None => false,
        };
        let (mut accepted, mut next) = (None, Some(at(hotp, state.counter)?));
        // The first has to be there, so that a used-up counter is said; the end of the look-ahead need not be.
        let mut code = next.as_ref().map(Hotp::code).transpose()?;
        for _ in 0..=self.look_ahead {
            let (Some(candidate), Some(shown)) = (&next, code) else { break };
            accepted = accepted.or((shown.code == typed).then_some(candidate.counter()));
            next = candidate.advanced().ok();
            code = next.as_ref().and_then(|next| next.code().ok());
        }
        Ok(match (accepted, replayed) {
            (Some(counter), _) => accept(counter),
            (None, true) => Judged { verdict: Verdict::Replayed, state },
            (None, false) => wrong(state, now),
        })
    }

    /// Judges two consecutive codes of an authenticator that is further ahead (RFC 4226 §7.4). Costs one try.
    ///
    /// # Errors
    /// [`Error::CounterUsedUp`] at the counter's end.
    pub fn resync(
        &self,
        hotp: &Hotp,
        state: HotpState,
        codes: (&str, &str),
        now: UnixTime,
    ) -> Result<Judged<HotpState>, Error> {
        if let Err(barred) = state.tries.admit(now) {
            return Ok(Judged { verdict: barred.into(), state });
        }
        let digits = hotp.digits();
        if typed(codes.0, digits).is_none() || typed(codes.1, digits).is_none() {
            return Ok(Judged { verdict: Verdict::NotACode, state });
        }
        let hotp = at(hotp, state.counter)?;
        hotp.code()?;
        let after = hotp.resync(codes.0, codes.1, u32::from(self.resync));
        Ok(match after.and_then(|after| after.counter().checked_sub(1)) {
            Some(second) => accept(second),
            None => wrong(state, now),
        })
    }
}

fn at(hotp: &Hotp, counter: u64) -> Result<Hotp, Error> {
    Ok(Hotp::new(Secret::new(hotp.secret())?, hotp.algorithm(), hotp.digits(), counter))
}

fn accept(counter: u64) -> Judged<HotpState> {
    let state = HotpState { counter: counter.saturating_add(1), tries: Tries::lifted() };
    Judged { verdict: Verdict::Accepted(Used::Counter(counter)), state }
}

fn wrong(state: HotpState, now: UnixTime) -> Judged<HotpState> {
    let tries = state.tries.wrong(now);
    let verdict = Verdict::Wrong { in_a_row: tries.in_a_row(), wait: tries.wait() };
    Judged { verdict, state: HotpState { tries, ..state } }
}
