//! What comes out of a one-time password.

use std::fmt;

use crate::time::UnixTime;

/// A code's characters, inline: ASCII, at most ten.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text {
    bytes: [u8; 10],
    length: u8,
}

impl Text {
    /// The characters, ungrouped (grouping is the shell's).
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.bytes.get(..usize::from(self.length)).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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

/// From when until when a code is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first moment.
    pub from: UnixTime,
    /// The first moment after it.
    pub until: UnixTime,
}
