//! Why a message is refused.

/// Why a message is refused: a small word for the log, never what stood in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum MessageError {
    /// Not three parts of base64url, a header or a signature that has no such form.
    #[error("not a signed message: {0}")]
    NotSigned(&'static str),
    /// Signed by a key that is not known here, or for another algorithm than that key's.
    #[error("signed by a key that isn't known here")]
    UnknownKey,
    /// The signature is not that key's.
    #[error("the signature is wrong")]
    WrongSignature,
    /// A type of message, version, action or feature that isn't known or isn't expected here.
    #[error("not supported: {0}")]
    Unsupported(&'static str),
    /// A member that is missing, unknown, doubled, or has no such value.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// For somebody else, by somebody else, or the answer to another request.
    #[error("not for this enrolment: {0}")]
    Elsewhere(&'static str),
    /// Too old, or from the future.
    #[error("out of its time: {0}")]
    Time(&'static str),
    /// Something less than what was agreed or seen before.
    #[error("less than what was agreed: {0}")]
    Downgrade(&'static str),
}
