//! How often a code may be guessed: the limit of the protocol's section "Limits", per account and way.

use countersign_core::time::UnixTime;

/// Wrong codes in a row, and when the last one was.
///
/// With six digits and three good codes at a time, [`Self::LIMIT`] guesses hit with a chance of 3 in 10,000; after them
/// the way is closed, so there is no second hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tries {
    in_a_row: u32,
    last: UnixTime,
}

/// Why a code isn't looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barred {
    /// Too soon.
    Wait {
        /// Seconds left, at least 1.
        seconds: u32,
    },
    /// Until something else lifts it.
    Disabled,
}

impl Tries {
    /// After so many wrong codes in a row there is a wait of 1 s; each further one doubles it.
    pub const FREE: u32 = 3;
    /// So many wrong codes in a row disable the way.
    pub const LIMIT: u32 = 100;
    /// The longest wait in seconds.
    pub const LONGEST_WAIT: u32 = 3600;

    /// As stored.
    #[must_use]
    pub const fn stored(in_a_row: u32, last: UnixTime) -> Self {
        Self { in_a_row, last }
    }

    /// Wrong codes in a row.
    #[must_use]
    pub const fn in_a_row(self) -> u32 {
        self.in_a_row
    }

    /// When the last wrong one was; 1970 where there was none.
    #[must_use]
    pub const fn last(self) -> UnixTime {
        self.last
    }

    /// Whether a code may be looked at now.
    ///
    /// A clock that was set back makes nobody wait longer than the wait itself.
    ///
    /// # Errors
    /// [`Barred`].
    pub fn admit(self, now: UnixTime) -> Result<(), Barred> {
        if self.in_a_row >= Self::LIMIT {
            return Err(Barred::Disabled);
        }
        let wait = self.wait();
        let left = self.last.plus_seconds(i64::from(wait)).millis().saturating_sub(now.millis());
        if wait == 0 || left <= 0 {
            return Ok(());
        }
        let seconds = u32::try_from(left.saturating_add(999) / 1000).unwrap_or(wait);
        Err(Barred::Wait { seconds: seconds.min(wait) })
    }

    /// After a wrong code.
    #[must_use]
    pub const fn wrong(self, now: UnixTime) -> Self {
        Self { in_a_row: self.in_a_row.saturating_add(1), last: now }
    }

    /// Seconds to wait after the last wrong code.
    #[must_use]
    pub fn wait(self) -> u32 {
        let doublings = self.in_a_row.checked_sub(Self::FREE);
        doublings
            .map_or(0, |times| 1u32.checked_shl(times).map_or(Self::LONGEST_WAIT, |wait| wait.min(Self::LONGEST_WAIT)))
    }

    /// After a right code, or when something stronger (a signed approval) lifts a disabled way.
    #[must_use]
    pub const fn lifted() -> Self {
        Self { in_a_row: 0, last: UnixTime::from_millis(0) }
    }
}
