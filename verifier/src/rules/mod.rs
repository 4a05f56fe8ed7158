//! The rules of the protocol (`docs/protocol.md`), one file each.
//!
//! - `metadata`: who the verifier is; its online keys. `invite`, `enroll`, `confirm`: how a phone becomes one of an
//!   account's.
//! - `ask`: a question to all phones of an account. `poll`: a phone fetches it. `answer`: a phone answers it.
//! - `typed`: codes typed into the page. `redeem`: an approval is used, or given up.
//! - `keys`: a phone changes its keys or leaves. `manage`: the operator, the owner, and time.
//! - `credentials`: authenticator apps and recovery codes, beside phones.
//! - `rows`: reading and writing what the rules share; what time alone has changed is worked out there.

mod answer;
mod ask;
mod confirm;
mod credentials;
mod enroll;
mod invite;
mod keys;
mod manage;
mod metadata;
mod poll;
mod progress;
mod redeem;
mod rows;
mod typed;

pub use ask::{Page, PageChallenge, Question, WakeUp};
pub use confirm::Confirmation;
pub use credentials::RecoveryUse;
pub use invite::NewTicket;
pub(crate) use keys::Change;
pub use manage::EnrollmentView;
pub use progress::Progress;
pub use redeem::Redeemed;
pub use typed::Typed;

use countersign_core::push::MessageError;
use countersign_core::push::native::messages::ErrorCode;

use crate::error::Error;

pub(crate) const DAY: i64 = 24 * 3600;

/// How far a phone's clock may be off, in seconds, either way.
pub(crate) const SKEW: i64 = 60;

/// Why a request isn't served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Not signed by who it has to be signed by: an answer that says nothing.
    Unsigned,
    /// A signed error.
    Code(ErrorCode),
    /// Too many requests: again in so many seconds.
    Wait(u64),
    /// The verifier.
    Internal(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Internal(error)
    }
}

impl From<MessageError> for Refusal {
    /// What an outer message's fault is called (section 9): another type or version isn't supported, all else malformed.
    fn from(error: MessageError) -> Self {
        match error {
            MessageError::Unsupported("typ" | "v") => Self::Code(ErrorCode::Unsupported),
            _ => MALFORMED,
        }
    }
}

pub(crate) const MALFORMED: Refusal = Refusal::Code(ErrorCode::Malformed);
