//! Answers to a challenge: OCRA, RFC 6287.
//!
//! OCRA is one function, [`Ocra::response`]: the HMAC of a [`Suite`]'s text and of its [`Inputs`] (§5), truncated as an
//! HOTP code is. What the RFC calls modes are compositions of it, and need no code of their own:
//!
//! - One-way challenge–response (§7.1): the verifier asks, the authenticator answers with the response to
//!   [`Question::One`]; the verifier makes the same response and compares ([`Response::is`]).
//! - Mutual challenge–response (§7.2): both ask. The server's response is to [`Question::Pair`] (client's question,
//!   server's question), and is checked by the client first; the client's is to the pair in the other order. Each
//!   side may have a suite of its own.
//! - Plain signature (§7.3): as one-way, where the question is what is signed, or its hash. With the server's
//!   authentication, it is the mutual exchange.
//!
//! `suite`: which inputs and which hash. `question`: how a challenge becomes 128 bytes. `inputs`: the other inputs.
//! `response`: what comes out.

mod inputs;
mod question;
mod response;
mod suite;
#[cfg(test)]
mod tests;

pub use inputs::{Inputs, Pin};
pub use question::{Format, Question};
pub use response::Response;
pub use suite::{Hash, Suite};

use std::fmt;

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};

use super::mac::truncate;
use super::{Secret, Text};
use crate::secret::SecretBytes;

/// Why there is no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// This part of an OCRASuite is not as RFC 6287 §6 has it.
    #[error("the OCRA suite is not understood: its {0} is none that RFC 6287 has")]
    Suite(&'static str),
    /// The suite takes this input, and it was not given (or is empty).
    #[error("the OCRA suite takes {0}, which is missing")]
    Missing(Input),
    /// The suite does not take this input: it would have been left unsigned.
    #[error("the OCRA suite does not take {0}")]
    Unwanted(Input),
    /// A question over the suite's limit.
    #[error("the question has {given} characters, more than {most}")]
    LongQuestion {
        /// How many characters it has.
        given: usize,
        /// How many the suite allows.
        most: u8,
    },
    /// A question with characters that its format does not have.
    #[error("the question is not {0}")]
    QuestionCharacters(Format),
    /// Session information over the suite's length.
    #[error("the session information has {given} bytes, more than {most}")]
    LongSession {
        /// How many bytes it has.
        given: usize,
        /// How many the suite allows.
        most: u16,
    },
    /// A PIN's hash whose length is not that of the suite's hash.
    #[error("the PIN's hash has {given} bytes, not {right}")]
    PinHash {
        /// How many bytes it has.
        given: usize,
        /// How many the suite's hash has.
        right: usize,
    },
    /// A moment before 1970, for which there are no time steps.
    #[error("there are no codes before 1970: the clock is wrong")]
    BeforeEpoch,
    /// The hash refused the key: with keys of 1 to 1,024 bytes, none does.
    #[error("the key does not fit the hash")]
    Key,
}

/// The inputs of RFC 6287 §5.1, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Input {
    /// `C`.
    Counter,
    /// `Q`.
    Question,
    /// `P`.
    Pin,
    /// `S`.
    Session,
    /// `T`.
    Time,
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "a counter",
            Self::Question => "a question",
            Self::Pin => "a PIN",
            Self::Session => "session information",
            Self::Time => "the time",
        })
    }
}

/// A key and the suite that it is used with: `K` and `OCRASuite` of RFC 6287 §5.
///
/// The same key under two suites gives unrelated responses, since the suite's text is hashed too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ocra {
    key: Secret,
    suite: Suite,
}

impl Ocra {
    /// From the shared key's bytes and the suite. RFC 6287 §4 wants keys of 16 bytes or more; 20 and the hash's own
    /// length are usual.
    #[must_use]
    pub const fn new(key: Secret, suite: Suite) -> Self {
        Self { key, suite }
    }

    /// The suite.
    #[must_use]
    pub const fn suite(&self) -> &Suite {
        &self.suite
    }

    /// The shared key's bytes.
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        self.key.expose()
    }

    /// `OCRA(K, {OCRASuite | 00 | C | Q | P | S | T})`, RFC 6287 §5.
    ///
    /// Exactly the inputs that the suite takes are hashed; one too many is an error too, for whoever gave it takes it
    /// to be signed.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Unwanted`] and what else does not fit the suite; [`Error::BeforeEpoch`].
    pub fn response(&self, inputs: &Inputs<'_>) -> Result<Response, Error> {
        match self.suite.hash() {
            Hash::Sha1 => self.respond::<Hmac<sha1::Sha1>>(inputs),
            Hash::Sha256 => self.respond::<Hmac<sha2::Sha256>>(inputs),
            Hash::Sha512 => self.respond::<Hmac<sha2::Sha512>>(inputs),
        }
    }

    fn respond<M: Mac + KeyInit>(&self, inputs: &Inputs<'_>) -> Result<Response, Error> {
        let mut mac = <M as KeyInit>::new_from_slice(self.secret()).map_err(|_| Error::Key)?;
        mac.update(self.suite.as_str().as_bytes());
        mac.update(&[0]);
        inputs.feed(&self.suite, |bytes| mac.update(bytes))?;
        let mac = SecretBytes::from(&mac.finalize().into_bytes()[..]);
        let Some(digits) = self.suite.digits() else { return Ok(Response::Mac(mac)) };
        let number = u32::from_be_bytes(truncate(mac.expose()).map_err(|_| Error::Key)?) & 0x7fff_ffff;
        Ok(Response::Code(Text::in_base(b"0123456789", digits.get(), u64::from(number))))
    }
}
