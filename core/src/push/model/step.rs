//! What an operation needs next.

use std::fmt;

use super::{HistoryEntry, HttpRequest, Request, Status};
use crate::push::jose::Thumbprint;
use crate::time::UnixTime;

/// What a key is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyPurpose {
    /// Used silently.
    Possession,
    /// Each use asks the person.
    UserVerification,
}

/// Where a private key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// With this software: found by its public half's name.
    Software(Thumbprint),
    /// With the platform, under the handle that it gave.
    Platform(Vec<u8>),
}

/// The key that has to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHandle {
    /// What it is used for.
    pub purpose: KeyPurpose,
    /// Where it is.
    pub place: KeyPlace,
}

/// What an operation needs next. Before every `Sign` and `Send` the changed state has to be on the disk.
#[derive(Clone, PartialEq, Eq)]
pub enum Step {
    /// The person types the digits that the page shows.
    NeedsCode {
        /// How many.
        digits: u8,
    },
    /// The person chooses what the page shows.
    ChooseCode {
        /// Of these, in this order.
        options: Vec<String>,
    },
    /// The person proves who they are: fingerprint, face, PIN or password.
    NeedsUserVerification,
    /// A key signs. A platform's key hashes by itself (SHA-256) and may answer in DER.
    Sign {
        /// Which.
        key: KeyHandle,
        /// What, byte for byte.
        message: Vec<u8>,
        /// What the prompt says, where the person is asked: the request that is being answered.
        prompt: Option<Box<Request>>,
    },
    /// A request goes out.
    Send(HttpRequest),
    /// The person types these digits into the page.
    ShowCode {
        /// In ASCII.
        digits: String,
        /// Until when, by this device's clock.
        until: UnixTime,
    },
    /// It is over.
    Done(Outcome),
}

impl fmt::Debug for Step {
    /// Neither digits nor messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeedsCode { digits } => f.debug_struct("NeedsCode").field("digits", digits).finish(),
            Self::ChooseCode { .. } => f.write_str("ChooseCode(..)"),
            Self::NeedsUserVerification => f.write_str("NeedsUserVerification"),
            Self::Sign { key, .. } => f.debug_struct("Sign").field("key", key).finish_non_exhaustive(),
            Self::Send(request) => f.debug_tuple("Send").field(request).finish(),
            Self::ShowCode { .. } => f.write_str("ShowCode(..)"),
            Self::Done(outcome) => f.debug_tuple("Done").field(outcome).finish(),
        }
    }
}

/// What came of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server said where the enrolment stands, and what it asks.
    Polled {
        /// Where it stands.
        status: Status,
        /// How many of the listed requests were refused: not shown, counted for nothing.
        refused: usize,
        /// Requests that are open now and were not before, for notifications.
        new: Vec<Request>,
        /// Requests that were open before and are not any more: their screens and notifications go.
        closed: Vec<super::RequestId>,
    },
    /// The server said what it made of an answer.
    Answered(HistoryEntry),
    /// Keys or address changed, or the enrolment ended: the server said where it stands now.
    Changed {
        /// Where it stands.
        status: Status,
    },
    /// There was nothing to do.
    Nothing,
}
