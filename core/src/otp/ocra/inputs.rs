//! What is hashed besides the suite: `DataInput` of RFC 6287 §5.1.

use std::fmt;

use super::{Error, Input, Question, Suite};
use crate::secret::{SecretBytes, SecretText};
use crate::time::UnixTime;

/// A PIN or password that both sides know.
#[derive(Debug, Clone, Copy)]
pub enum Pin<'a> {
    /// As it is typed: its UTF-8 bytes are hashed with the suite's PIN hash.
    Typed(&'a SecretText),
    /// That hash, as a verifier keeps it.
    Hash(&'a SecretBytes),
}

/// The inputs of one response: a question, and what else the suite takes.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    pub(super) question: Question<'a>,
    pub(super) counter: Option<u64>,
    pub(super) pin: Option<Pin<'a>>,
    pub(super) session: Option<&'a [u8]>,
    pub(super) time: Option<UnixTime>,
}

impl<'a> Inputs<'a> {
    /// A question alone.
    #[must_use]
    pub const fn new(question: Question<'a>) -> Self {
        Self { question, counter: None, pin: None, session: None, time: None }
    }

    /// With the counter `C`, which both sides keep.
    #[must_use]
    pub const fn with_counter(self, counter: u64) -> Self {
        Self { counter: Some(counter), ..self }
    }

    /// With the PIN `P`.
    #[must_use]
    pub const fn with_pin(self, pin: Pin<'a>) -> Self {
        Self { pin: Some(pin), ..self }
    }

    /// With the session information `S`: bytes, padded with zeros on the left to the suite's length.
    #[must_use]
    pub const fn with_session(self, session: &'a [u8]) -> Self {
        Self { session: Some(session), ..self }
    }

    /// With the time `T`; the suite makes steps of it.
    #[must_use]
    pub const fn with_time(self, time: UnixTime) -> Self {
        Self { time: Some(time), ..self }
    }

    /// `C | Q | P | S | T`, each where the suite takes it.
    pub(super) fn feed(&self, suite: &Suite, mut hash: impl FnMut(&[u8])) -> Result<(), Error> {
        if let Some((counter, ())) = both(self.counter, suite.takes_counter().then_some(()), Input::Counter)? {
            hash(&counter.to_be_bytes());
        }
        hash(&self.question.encode(suite)?);
        if let Some((pin, function)) = both(self.pin, suite.pin_hash(), Input::Pin)? {
            match pin {
                Pin::Typed(text) if text.is_empty() => return Err(Error::Missing(Input::Pin)),
                Pin::Typed(text) => hash(function.of(text.expose().as_bytes()).expose()),
                Pin::Hash(bytes) if bytes.len() == function.length() => hash(bytes.expose()),
                Pin::Hash(bytes) => return Err(Error::PinHash { given: bytes.len(), right: function.length() }),
            }
        }
        if let Some((session, most)) = both(self.session, suite.session_length(), Input::Session)? {
            let padding = match usize::from(most).checked_sub(session.len()) {
                None => return Err(Error::LongSession { given: session.len(), most }),
                Some(_) if session.is_empty() => return Err(Error::Missing(Input::Session)),
                Some(padding) => padding,
            };
            (0..padding).for_each(|_| hash(&[0]));
            hash(session);
        }
        if let Some((time, step)) = both(self.time, suite.step_seconds(), Input::Time)? {
            let seconds = u64::try_from(time.seconds()).map_err(|_| Error::BeforeEpoch)?;
            hash(&(seconds / u64::from(step.get())).to_be_bytes());
        }
        Ok(())
    }
}

/// What is given must be taken, and what is taken must be given.
fn both<G, T>(given: Option<G>, taken: Option<T>, input: Input) -> Result<Option<(G, T)>, Error> {
    match (given, taken) {
        (Some(given), Some(taken)) => Ok(Some((given, taken))),
        (None, None) => Ok(None),
        (None, Some(_)) => Err(Error::Missing(input)),
        (Some(_), None) => Err(Error::Unwanted(input)),
    }
}

impl fmt::Debug for Inputs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A session's name may be all that it takes to answer in it.
        f.write_str("Inputs(..)")
    }
}
