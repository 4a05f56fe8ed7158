//! Wake-ups: telling a phone that there is something to fetch, and nothing more.
//!
//! A wake-up carries the tag that the phone chose, and no word of what there is (protocol, section 4). Where it goes was
//! chosen by a phone, too, that is by anybody who has enrolled: so an address is checked like any hostile input.
//!
//! - `url`: an address in its one spelling. `rules`: which hosts and ports this deployment sends to. `public`: which
//!   IP addresses are nobody's inside.
//! - `encrypt` and `unified_push` (feature `unifiedpush`): the message (RFC 8291) and the sender, which looks at the IP
//!   address that it connects to, not at one that the name had before.
//!
//! Other transports (FCM, APNs) bring their own [`Sender`].

#[cfg(feature = "unifiedpush")]
pub mod encrypt;
mod public;
mod rules;
#[cfg(feature = "unifiedpush")]
pub mod unified_push;
mod url;

use countersign_core::entropy::EntropyError;
use countersign_core::push::native::messages::PushAddress;

pub use public::is_public;
pub use rules::{HostPattern, Hosts, Network, Refusal, Rules};
pub use url::PushUrl;

/// Sends wake-ups. One that is lost costs little: the person pulls by hand.
pub trait Sender: Send + Sync {
    /// Sends a wake-up there: the address's tag, nothing else. May block for some seconds: never call it while something is
    /// locked, nor before the page has its answer.
    ///
    /// # Errors
    /// [`SendError`].
    fn send(&self, address: &PushAddress) -> Result<(), SendError>;
}

/// Why a wake-up wasn't taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Another transport than this sender's, or no address.
    #[error("not an address of this transport")]
    OtherTransport,
    /// The rules don't let it go there.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The phone's keys can't be used: it has to register its address anew.
    #[error("the phone's push keys are no keys")]
    Keys,
    /// The push server doesn't know the address any more (404 or 410): it can be forgotten.
    #[error("the address is gone")]
    Gone,
    /// The push server asks to slow down (429 or 503).
    #[error("the push server is busy")]
    Busy {
        /// For so many seconds, where it says so.
        seconds: Option<u32>,
    },
    /// The push server answered with another status; redirects are never followed.
    #[error("the push server answered {0}")]
    Status(u16),
    /// No connection, no trust in its certificate, no answer in time, or one over the bound.
    #[error("the push server can't be reached")]
    Network,
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}
