//! What can go wrong, by what the caller can do about it. No secret stands in any of it.

use countersign_core::entropy::EntropyError;
use countersign_core::push::MessageError;

use crate::keyring::KeyRingError;
use crate::records::SignInState;
use crate::store::StoreError;

/// The verifier itself failed; the same call may work later. On the wire: 503.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Others changed the same rows again and again.
    #[error("too many changes of the same rows at once")]
    Contended,
    /// The key ring.
    #[error(transparent)]
    KeyRing(#[from] KeyRingError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// No online key signs: metadata has to be published first.
    #[error("no online key is in use: publish metadata first")]
    NoOnlineKey,
    /// A message of our own that can't be written: a bug.
    #[error("a message can't be made: {0}")]
    Message(&'static str),
}

/// Why no invitation was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InviteError {
    /// An account's id that isn't 1 to 64 characters, or a name that may not be shown.
    #[error(transparent)]
    Account(MessageError),
    /// The account has as many phones as it may have.
    #[error("the account has too many phones")]
    TooMany,
    /// The approval that a replacement needs isn't there, isn't for that, or was used.
    #[error("no approval to use: {}", .0.name())]
    Approval(SignInState),
    /// No such sign-in, or it wasn't asked for a replacement.
    #[error("no such sign-in")]
    Unknown,
    /// The verifier.
    #[error(transparent)]
    Internal(#[from] Error),
}

/// Why an enrolment wasn't confirmed, though nothing was wrong with the digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConfirmError {
    /// No enrolment waits for this ticket's confirmation: not used yet, too late, or done.
    #[error("nothing waits for a confirmation")]
    NothingPending,
    /// The verifier.
    #[error(transparent)]
    Internal(#[from] Error),
}

/// Why nobody was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The account has no active phone.
    #[error("the account has no active phone")]
    NoFactor,
    /// Another browser session holds every phone.
    #[error("another session is asking")]
    Busy,
    /// This browser session has held the phone for ten minutes: it waits until its last challenge has ended.
    #[error("this session has asked for too long")]
    HeldTooLong,
    /// That sign-in isn't pending any more.
    #[error("the sign-in is decided")]
    Decided,
    /// No such sign-in.
    #[error("no such sign-in")]
    Unknown,
    /// A text that may not be shown, too many details, or digits outside 6 to 8.
    #[error(transparent)]
    Question(MessageError),
    /// The verifier.
    #[error(transparent)]
    Internal(#[from] Error),
}

/// Why typed digits weren't looked at. None of these costs a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TypedError {
    /// No such sign-in.
    #[error("no such sign-in")]
    Unknown,
    /// Not pending any more.
    #[error("the sign-in is decided")]
    Decided,
    /// This way's three tries of this sign-in are used.
    #[error("no tries are left")]
    NoTries,
    /// Too many wrong codes in a row on this account and way.
    #[error("wait {seconds} s")]
    Wait {
        /// How long.
        seconds: u64,
    },
    /// A hundred wrong codes in a row: not until a phone has approved something.
    #[error("disabled until a phone approves")]
    Disabled,
    /// A time-based code never approves a transaction, nor what asks for user verification.
    #[error("not allowed here")]
    NotAllowed,
    /// The verifier.
    #[error(transparent)]
    Internal(#[from] Error),
}

/// Why an authenticator app or recovery codes can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// The account has none.
    #[error("the account has none")]
    None,
    /// Another kind of authenticator than this is for.
    #[error("not for this kind of authenticator")]
    Kind,
    /// No code can be judged now: this clock says a time before 1970.
    #[error(transparent)]
    Otp(#[from] countersign_core::otp::Error),
    /// The verifier.
    #[error(transparent)]
    Internal(#[from] Error),
}

/// Why an approval can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedeemError {
    /// No such sign-in, or one whose approval is for something else.
    #[error("no such sign-in")]
    Unknown,
    /// It isn't approved: it is in that state.
    #[error("the sign-in is {}", .0.name())]
    State(SignInState),
    /// The verifier.
    #[error(transparent)]
    Internal(#[from] Error),
}

/// Why something couldn't be managed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ManageError {
    /// No such enrolment, account or sign-in.
    #[error("there is no such thing")]
    Unknown,
    /// The identity key isn't here: metadata has to be signed where it is, and published.
    #[error("the identity key is kept elsewhere")]
    IdentityElsewhere,
    /// Metadata that isn't this verifier's, isn't newer, or lists what it must not.
    #[error(transparent)]
    Metadata(MessageError),
    /// The verifier.
    #[error(transparent)]
    Internal(#[from] Error),
}
