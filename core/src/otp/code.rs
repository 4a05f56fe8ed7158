//! What comes out of a one-time password.

use std::fmt;

use subtle::ConstantTimeEq;

use super::Error;
use crate::time::UnixTime;

/// A code's characters, inline: ASCII, at most ten. A secret while it is good: never in `Debug`, compared in constant
/// time.
#[derive(Clone, Copy)]
pub struct Text {
    bytes: [u8; 10],
    length: u8,
}

impl Text {
    /// The longest code.
    pub const MAX: usize = 10;

    /// `count` characters of a number written in the alphabet's base, the most significant first.
    pub(super) fn in_base<const BASE: usize>(alphabet: &[u8; BASE], count: u8, number: u64) -> Self {
        let mut text = Self::blank(count);
        text.fill(alphabet, number, |slots| slots.iter_mut().rev());
        text
    }

    /// As [`Self::in_base`], but the least significant first.
    pub(super) fn in_base_reversed<const BASE: usize>(alphabet: &[u8; BASE], count: u8, number: u64) -> Self {
        let mut text = Self::blank(count);
        text.fill(alphabet, number, |slots| slots.iter_mut());
        text
    }

    /// What a person typed or pasted, without white space and hyphens; none if no code can look like it.
    #[must_use]
    pub fn typed(text: &str) -> Option<Self> {
        let mut typed = Self::blank(0);
        for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'-') {
            *typed.bytes.get_mut(usize::from(typed.length))? = byte.is_ascii_alphanumeric().then_some(byte)?;
            typed.length += 1;
        }
        (typed.length > 0).then_some(typed)
    }

    /// The characters, ungrouped (grouping is the shell's).
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.bytes.get(..usize::from(self.length)).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    fn blank(length: u8) -> Self {
        Self { bytes: [0; Self::MAX], length }
    }

    /// The base is known when this is compiled: dividing by it is a multiplication.
    fn fill<'a, const BASE: usize, I: Iterator<Item = &'a mut u8>>(
        &'a mut self,
        alphabet: &[u8; BASE],
        mut number: u64,
        order: impl FnOnce(&'a mut [u8]) -> I,
    ) {
        let base = BASE as u64;
        let slots = self.bytes.get_mut(..usize::from(self.length)).unwrap_or_default();
        for slot in order(slots) {
            let rest = usize::try_from(number % base).unwrap_or_default();
            *slot = alphabet.get(rest).copied().unwrap_or_default();
            number /= base;
        }
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        // Unused bytes are always zero.
        (self.bytes.ct_eq(&other.bytes) & self.length.ct_eq(&other.length)).into()
    }
}

impl Eq for Text {}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Text(..)")
    }
}

/// A code, how long it is good for, and the one after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The code.
    pub code: Text,
    /// The code of the next window, or of the next counter (HOTP, where there is a next one).
    pub next: Option<Text>,
    /// The window in which it is good; none for HOTP, which is good until used.
    pub window: Option<Window>,
}

impl Code {
    /// Whether the code may still be shown at that moment; a code without a window always may.
    #[must_use]
    pub fn is_good_at(&self, now: UnixTime) -> bool {
        self.window.is_none_or(|window| window.contains(now))
    }

    /// The codes of the windows around a moment: `make` is asked for the counter's code and the next one's.
    ///
    /// The counter is `T = floor(seconds / period)`, RFC 6238 §4.2 with `T0` = 0.
    pub(super) fn timed(at: UnixTime, period: u32, make: impl Fn(u64) -> Result<Text, Error>) -> Result<Self, Error> {
        let seconds = u64::try_from(at.seconds()).map_err(|_| Error::BeforeEpoch)?;
        let counter = seconds / u64::from(period);
        let from = UnixTime::from_seconds(at.seconds() - at.seconds() % i64::from(period));
        let window = Window { from, until: from.plus_seconds(i64::from(period)) };
        Ok(Self { code: make(counter)?, next: Some(make(counter + 1)?), window: Some(window) })
    }
}

/// From when until when a code is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first moment.
    pub from: UnixTime,
    /// The first moment after it.
    pub until: UnixTime,
}

impl Window {
    /// Whether the moment is inside.
    #[must_use]
    pub fn contains(&self, now: UnixTime) -> bool {
        self.from <= now && now < self.until
    }

    /// Milliseconds from `now` until the end: 0 after it, the whole length before the start.
    #[must_use]
    pub fn remaining_millis(&self, now: UnixTime) -> u64 {
        let left = self.until.millis().saturating_sub(now.max(self.from).millis());
        u64::try_from(left).unwrap_or_default()
    }

    /// What is left, in thousandths of the whole, rounded down: what a ring or bar shows.
    #[must_use]
    pub fn remaining_permille(&self, now: UnixTime) -> u16 {
        // A window is at most a day: 86,400,000 ms times 1,000 fits easily.
        let whole = self.remaining_millis(self.from).max(1);
        u16::try_from(self.remaining_millis(now).saturating_mul(1000) / whole).unwrap_or(1000)
    }
}
