//! What the rows say. Each kind of row has its own file, its own numbered fields, and a format number in front.
//!
//! The shape is Protocol Buffers' ([`countersign_core::wire`]): a field that a row of an earlier version doesn't have is
//! read as absent; field numbers are never given to something else. Secrets are sealed before they come here.

mod account;
mod challenge;
mod codec;
mod enrollment;
mod receipt;
mod seed;
mod server;
mod sign_in;
mod ticket;

use crate::store::{Kind, StoreError};

pub(crate) use account::{Account, Session, Way};
pub(crate) use challenge::ChallengeOf;
pub(crate) use codec::StoredKey;
pub(crate) use enrollment::{Current, Enrollment, Last, Pending, Slot};
pub(crate) use receipt::Receipt;
pub(crate) use seed::{Seed, Used as SeedUsed};
pub(crate) use server::{KeyState, OnlineKey, Server};
pub use sign_in::SignInState;
pub(crate) use sign_in::{Asked, By, ChallengeState, SignIn, SignInChallenge};
pub(crate) use ticket::{Ticket, Used};

/// A row's content.
pub(crate) trait Record: Sized {
    /// Its kind.
    const KIND: Kind;

    /// As bytes.
    fn to_bytes(&self) -> Vec<u8>;

    /// From bytes that [`Record::to_bytes`] made.
    fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError>;
}
