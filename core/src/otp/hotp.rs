//! Counter-based codes: RFC 4226.

use super::mac::Key;
use super::{Algorithm, Code, Digits, Error, Secret, Text};

/// A counter-based authenticator, RFC 4226.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hotp {
    key: Key,
    digits: Digits,
    counter: u64,
}

impl Hotp {
    /// How far [`Self::resync`] looks ahead at most: RFC 4226 §7.4 wants a limit, since each step is a chance to
    /// match by accident.
    pub const MAX_LOOK_AHEAD: u32 = 1000;

    /// From its parameters; `counter` is that of the next code to be used.
    #[must_use]
    pub fn new(secret: Secret, algorithm: Algorithm, digits: Digits, counter: u64) -> Self {
        Self { key: Key::new(algorithm, secret), digits, counter }
    }

    /// The code of the counter as it stands, and the next one if there is one (RFC 4226 §5.3). Allocates nothing.
    ///
    /// # Errors
    /// [`Error::CounterUsedUp`] at 2⁶⁴ − 1: the code there could not be followed by another one.
    pub fn code(&self) -> Result<Code, Error> {
        let code = self.code_of(self.counter)?;
        let next = match self.code_of(self.counter.saturating_add(1)) {
            Ok(next) => Some(next),
            Err(Error::CounterUsedUp) => None,
            Err(other) => return Err(other),
        };
        Ok(Code { code, next, window: None })
    }

    /// The same with the counter one higher: to be stored *before* the code of this one is shown.
    ///
    /// # Errors
    /// [`Error::CounterUsedUp`] at 2⁶⁴ − 1.
    pub fn advanced(&self) -> Result<Self, Error> {
        Ok(self.at(self.counter.checked_add(1).ok_or(Error::CounterUsedUp)?))
    }

    /// Finds the counter that the other side is at, from two consecutive codes that it shows or took (RFC 4226 §7.4
    /// and appendix E.4: two codes, since one of six digits in a thousand tries would match by accident).
    ///
    /// Looks from the counter as it stands to `look_ahead` further (never past [`Self::MAX_LOOK_AHEAD`]). White space
    /// and hyphens in the codes do not count. The answer stands after the second code; none if nothing matches.
    #[must_use]
    pub fn resync(&self, first: &str, second: &str, look_ahead: u32) -> Option<Self> {
        let (first, second) = (Text::typed(first)?, Text::typed(second)?);
        let mut code = self.code_of(self.counter).ok()?;
        for ahead in 0..=u64::from(look_ahead.min(Self::MAX_LOOK_AHEAD)) {
            let following = self.counter.checked_add(ahead)?.checked_add(1)?;
            let next = self.code_of(following).ok()?;
            // Both are compared, whatever the first comparison says.
            if (code == first) & (next == second) {
                return following.checked_add(1).map(|after| self.at(after));
            }
            code = next;
        }
        None
    }

    /// The secret's bytes.
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        self.key.secret()
    }

    /// The hash inside the HMAC.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    /// How many digits a code has.
    #[must_use]
    pub const fn digits(&self) -> Digits {
        self.digits
    }

    /// The counter of the code that comes next.
    #[must_use]
    pub const fn counter(&self) -> u64 {
        self.counter
    }

    fn at(&self, counter: u64) -> Self {
        Self { counter, ..self.clone() }
    }

    fn code_of(&self, counter: u64) -> Result<Text, Error> {
        match counter {
            u64::MAX => Err(Error::CounterUsedUp),
            _ => digits_of(&self.key, self.digits, counter),
        }
    }
}

/// The decimal code of a counter, RFC 4226 §5.3. With ten digits, the first one is 0, 1 or 2: there are 31 bits.
pub(super) fn digits_of(key: &Key, digits: Digits, counter: u64) -> Result<Text, Error> {
    Ok(Text::in_base(b"0123456789", digits.get(), u64::from(key.number(counter)?)))
}
