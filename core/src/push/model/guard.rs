//! Against fatigue: a server whose requests are turned down again and again falls silent for a while.

use crate::time::UnixTime;

/// Denials that a person tapped for one server, and the silence that they led to. Pure state over timestamps.
///
/// Requests are still fetched and shown when the person looks; only notifications are held back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Guard {
    denials: Vec<UnixTime>,
    muted_until: Option<UnixTime>,
}

impl Guard {
    /// So many denials lead to silence.
    pub const DENIALS: usize = 3;
    /// Within so many seconds.
    pub const WINDOW: i64 = 10 * 60;
    /// For so many seconds.
    pub const SILENCE: i64 = 15 * 60;

    /// Nothing turned down yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { denials: Vec::new(), muted_until: None }
    }

    /// From what was stored; what can't be a guard's state is cut to what can.
    #[must_use]
    pub fn restore(denials: Vec<UnixTime>, muted_until: Option<UnixTime>) -> Self {
        let kept = denials.len().saturating_sub(Self::DENIALS);
        Self { denials: denials.into_iter().skip(kept).collect(), muted_until }
    }

    /// The denials that still count, oldest first.
    #[must_use]
    pub fn denials(&self) -> &[UnixTime] {
        &self.denials
    }

    /// The end of the last silence, past or not.
    #[must_use]
    pub const fn silence(&self) -> Option<UnixTime> {
        self.muted_until
    }

    /// The person has tapped *Deny*. True where that has led to silence now.
    pub fn denied(&mut self, now: UnixTime) -> bool {
        // A clock that was set back must not keep old denials young.
        self.denials.retain(|at| *at <= now && now < at.plus_seconds(Self::WINDOW));
        self.denials.push(now);
        let mute = self.denials.len() >= Self::DENIALS;
        if mute {
            self.denials.clear();
            self.muted_until = Some(now.plus_seconds(Self::SILENCE));
        }
        mute
    }

    /// Until when notifications are held back; none where they aren't.
    #[must_use]
    pub fn muted_until(&self, now: UnixTime) -> Option<UnixTime> {
        // No silence is longer than this, wherever the clock was when it began.
        self.muted_until.filter(|until| now < *until && *until <= now.plus_seconds(Self::SILENCE))
    }
}

#[cfg(test)]
mod tests {
    use super::Guard;
    use crate::time::UnixTime;

    fn at(seconds: i64) -> UnixTime {
        UnixTime::from_seconds(1_800_000_000 + seconds)
    }

    #[test]
    fn three_denials_in_ten_minutes_mean_fifteen_minutes_of_silence() {
        let mut guard = Guard::default();
        assert!(!guard.denied(at(0)) && !guard.denied(at(300)));
        assert_eq!(guard.muted_until(at(300)), None);
        assert!(guard.denied(at(599)));
        assert_eq!(guard.muted_until(at(599)), Some(at(599 + 900)));
        assert_eq!(guard.muted_until(at(599 + 899)), Some(at(599 + 900)));
        assert_eq!(guard.muted_until(at(599 + 900)), None);
    }

    #[test]
    fn denials_further_apart_do_not_add_up() {
        let mut guard = Guard::default();
        assert!(!guard.denied(at(0)) && !guard.denied(at(300)) && !guard.denied(at(600)));
        assert!(guard.denied(at(601)));
    }

    #[test]
    fn a_clock_that_jumps_neither_mutes_for_long_nor_forgets() {
        let mut guard = Guard::default();
        assert!(!guard.denied(at(0)) && !guard.denied(at(1)) && guard.denied(at(2)));
        assert_eq!(guard.muted_until(at(-100_000)), None);
        assert_eq!(Guard::restore(guard.denials().to_vec(), guard.silence()), guard);
    }
}
