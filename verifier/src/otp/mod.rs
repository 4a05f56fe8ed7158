//! Codes that people type: TOTP (RFC 6238) and HOTP (RFC 4226) of authenticators that share a secret with this service.
//!
//! Everything here is a pure function: a policy judges what was typed against a state, and gives a [`Verdict`] and the
//! state to be stored, by compare-and-set: whoever accepts without having stored lets a code in twice.
//!
//! - [`tries`]: how often may be guessed. `totp`, `hotp`: which codes are right, each once.
//! - [`offer`]: a new secret and its link, for a QR code.
//!
//! Codes are compared in constant time, and every candidate is looked at whatever the others gave. No verdict, state or
//! error holds a code or a secret.

mod hotp;
pub mod offer;
#[cfg(test)]
mod tests;
mod totp;
pub mod tries;

pub use hotp::{HotpPolicy, HotpState};
pub use totp::{Drift, TotpPolicy, TotpState};
pub use tries::{Barred, Tries};

use countersign_core::otp::{Digits, Text};

/// How a typed code was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Right, and used up now.
    Accepted(Used),
    /// Wrong: one try is spent.
    Wrong {
        /// Wrong codes in a row, this one counted.
        in_a_row: u32,
        /// Seconds until the next one is looked at; 0 for the first ones.
        wait: u32,
    },
    /// Not looked at: too soon after wrong ones.
    Wait {
        /// Seconds left.
        seconds: u32,
    },
    /// Not looked at: too many wrong ones, until something stronger lifts it ([`Tries::lifted`]).
    Disabled,
    /// A right code that was used before, or is older than one that was. Costs no try: it is no guess.
    Replayed,
    /// Not the right number of digits: no guess, so it costs no try.
    NotACode,
}

/// Which code it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Used {
    /// TOTP: the time step, seconds since 1970 divided by the period.
    Step(u64),
    /// HOTP: the counter.
    Counter(u64),
}

/// A verdict, and what is to be stored with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "an accepted code that isn't stored can be used again"]
pub struct Judged<S> {
    /// The verdict.
    pub verdict: Verdict,
    /// The state from now on; the same as before where nothing changed.
    pub state: S,
}

impl From<Barred> for Verdict {
    fn from(barred: Barred) -> Self {
        match barred {
            Barred::Wait { seconds } => Self::Wait { seconds },
            Barred::Disabled => Self::Disabled,
        }
    }
}

/// What was typed, if it can be a code: the right number of digits; blanks and hyphens between them don't count.
fn typed(text: &str, digits: Digits) -> Option<Text> {
    let text = Text::typed(text)?;
    let plain = text.as_str();
    (plain.len() == usize::from(digits.get()) && plain.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}
