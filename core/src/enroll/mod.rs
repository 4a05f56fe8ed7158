//! Enrolment: text or a picture in, a preview of what would be added out. Nothing here has a side effect.
//!
//! [`parse`] looks at one text, as a QR code, a link or a clipboard holds it, and says what it is: an [`Enrollment`]
//! with everything that is odd about it, something that needs one more answer from the person ([`Scanned`]'s other
//! variants), a kind that is recognised but not supported ([`NotYet`]), or something made for another app
//! ([`Foreign`], which says what to choose on the site instead).
//!
//! - `otpauth`: `otpauth://totp`, `hotp`, `steam` and `yaotp`; `motp`: `motp://`; `steam`: `steam://`;
//!   `bare`: a secret alone. `invitation`: `countersign://`: enrolling for approvals, and a request as a picture. [`two_step`]: privacyIDEA's enrolment where the phone adds a part of the secret.
//!   `by_hand`: typed part by part.
//! - [`migration`]: Google Authenticator's export, several QR codes long, read and written.
//! - `export`: [`to_uri`]: the way back; what it writes, [`parse`] reads to the same account.
//! - [`duplicate`]: whether such an account is there already.
//! - `picture`: PNG, JPEG and WebP files to grey values (feature `pictures`).
//! - `uri`, `names`, `base32`: the parts that all of them share: what people's QR codes hold is read generously, and a
//!   secret is never guessed.

mod bare;
mod base32;
mod blueprint;
mod by_hand;
pub mod duplicate;
mod error;
mod export;
mod foreign;
mod invitation;
pub mod migration;
mod motp;
mod names;
mod not_yet;
mod oddity;
mod otpauth;
#[cfg(feature = "pictures")]
pub mod picture;
mod pin;
mod steam;
#[cfg(test)]
mod tests;
pub mod two_step;
pub(crate) mod uri;

pub use bare::BareSecret;
pub use by_hand::{ByHand, by_hand};
pub use duplicate::{Duplicate, duplicates};
pub use error::{Error, SecretProblem};
pub use export::{Pin, to_uri};
pub use foreign::Foreign;
pub use invitation::{OfflineChallenge, invitation};
pub use not_yet::NotYet;
pub use oddity::Oddity;
pub use pin::NeedsPin;

use crate::account::NewAccount;
use crate::push::native::Invitation;

/// The longest text that is looked at, in bytes. A QR code holds at most 2,953.
pub const MAX_TEXT: usize = 64 * 1024;

/// An account that would be added, and what is odd about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrollment {
    /// What would be added.
    pub account: NewAccount,
    /// What the person should know before; empty where all is as usual.
    pub oddities: Vec<Oddity>,
}

/// What is odd about an account itself, whatever it was read from.
#[must_use]
pub fn oddities(account: &NewAccount) -> Vec<Oddity> {
    oddity::of_account(account)
}

/// What a text turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanned {
    /// An account, ready to be added.
    Account(Enrollment),
    /// An account that computes its codes with a PIN, which the person has to type first.
    NeedsPin(NeedsPin),
    /// A secret alone: the person has to say whose it is.
    BareSecret(BareSecret),
    /// An account whose secret the phone completes, and that the server has to be told about.
    TwoStep(two_step::Pending),
    /// One part of another app's export: give it to a [`migration::Collector`].
    MigrationPart(migration::Part),
    /// An invitation to approve sign-ins on this phone (`countersign://enroll`). Its host is shown before anything is
    /// fetched, all else in it is a hint.
    Invitation(Box<Invitation>),
    /// A sign-in request to be approved without a network (`countersign://challenge`). It counts from a camera or picture
    /// alone, never from a link.
    OfflineChallenge(OfflineChallenge),
    /// Something that this app will know, but does not yet.
    NotYet(NotYet),
    /// Something that was made for another app or purpose.
    Foreign(Foreign),
}

/// Says what a text is: the content of a QR code, a link, or what the person typed or pasted.
///
/// White space around it does not count, nor do line breaks inside a link (mail programs make them).
///
/// # Errors
/// [`Error`]: over a bound, nothing that is known, or a known form that can't be meant as it stands. No error holds
/// any part of a secret.
pub fn parse(text: &str) -> Result<Scanned, Error> {
    if text.len() > MAX_TEXT {
        return Err(Error::TooLong { bytes: text.len() });
    }
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(Error::Empty);
    }
    if uri::several(text) {
        return Err(Error::SeveralTexts);
    }
    let Some(link) = uri::Link::split(text) else {
        return bare::recognise(text).map(Scanned::BareSecret);
    };
    match link.scheme() {
        "otpauth" | "apple-otpauth" => otpauth::parse(&link),
        "otpauth-migration" => migration::parse(&link).map(Scanned::MigrationPart),
        "motp" => motp::parse(&link),
        "steam" => steam::parse(&link),
        "countersign" => invitation::parse(text),
        _ => Ok(not_yet::recognise(&link).map_or_else(|| Scanned::Foreign(foreign::recognise(&link)), Scanned::NotYet)),
    }
}
