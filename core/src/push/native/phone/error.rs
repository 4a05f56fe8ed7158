//! Why an operation of the phone ends without what was wanted.

use crate::entropy::EntropyError;
use crate::push::MessageError;
use crate::push::native::messages::ErrorCode;

/// Why an operation ends without what was wanted. But for [`Error::Verifier`], which ends what it is about, nothing of the
/// enrolment has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing came back, or nothing that a key of the verifier signed, or with another HTTP status: try again later.
    #[error("nothing came back that the server has signed")]
    Network,
    /// Signed by the verifier, but against the rules.
    #[error("the server's answer is refused: {0}")]
    Refused(MessageError),
    /// A signed error.
    #[error("the server refuses: {}", .0.name())]
    Verifier(ErrorCode),
    /// The verifier wants keys whose place in hardware is attested, and this phone can't.
    #[error("the server wants keys in hardware, and this device can't prove that it has any")]
    HardwareNeeded,
    /// No such request, or not one that can be answered so.
    #[error("there is no such request any more")]
    UnknownRequest,
    /// The request has ended.
    #[error("the request has ended")]
    Expired,
    /// An earlier answer or change has to be confirmed first ([`Task::resend`](super::Task::resend)).
    #[error("something sent before isn't confirmed yet")]
    HeldBack,
    /// The enrolment's status doesn't allow it.
    #[error("the enrolment isn't active")]
    NotActive,
    /// Not as many digits as the page shows. The operation still waits for them.
    #[error("not the digits that were asked for")]
    Code,
    /// The enrolment has no time-based codes.
    #[error("the enrolment has no time-based codes")]
    NoTotp,
    /// A push address that can't be one.
    #[error("not a push address")]
    Address,
    /// A key's signature isn't its own.
    #[error("the key signed something else, or another key did")]
    Signature,
    /// Keys that were handed in twice or can't be used so.
    #[error("these keys can't be used")]
    Keys,
    /// The reply doesn't fit what the operation waits for.
    #[error("the operation doesn't wait for that")]
    OutOfStep,
    /// No random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// A stored state that isn't one.
    #[error("the stored state can't be read")]
    Unreadable,
}

impl From<MessageError> for Error {
    fn from(error: MessageError) -> Self {
        Self::Refused(error)
    }
}
