//! The Countersign push protocol, version 1 (`docs/protocol.md`): what both halves need.
//!
//! - [`messages`]: every message, read strictly and written in one way.
//! - [`invitation`]: the enrolment link; `base`: a verifier's address in it.
//! - [`phone`]: the phone's half.
//! - [`formulas`]: what is computed from messages: proofs, digits, keys.

mod base;
pub mod formulas;
pub mod invitation;
pub mod messages;
pub mod phone;

pub use base::BaseUrl;
pub use invitation::Invitation;

/// The version in every payload.
pub const VERSION: u64 = 1;
