//! Countersign's other half: what a service needs to ask its people's authenticators.
//!
//! A [`Verifier`] holds the rules of the push protocol (`docs/protocol.md`), over a [`store::Store`]. It has no clock, no
//! network and no thread: each call is given the time and gives back values.
//!
//! - The phones' half: [`Verifier::handle`] answers every HTTP request below the address `u`.
//! - The page's half: [`Verifier::invite`] and [`Verifier::confirm`] a phone; [`Verifier::sign_in`], then poll
//!   [`Verifier::status`], then [`Verifier::redeem`]; [`Verifier::offline`] and [`Verifier::totp`] for typed codes. A
//!   [`Page`] says which phones to wake.
//! - The operator's half: freeze, release, revoke, forget; online keys and metadata; [`Verifier::tend`] once a minute; the
//!   log, [`Verifier::events`], from which owners are told.
//!
//! - [`store`]: what is remembered, and the one way in which it changes. [`keyring`]: what is sealed, and how.
//! - `records`: what the rows say. `rules`: one file for each rule. `http`: the endpoints.

mod config;
mod error;
mod http;
pub mod keyring;
mod limiter;
mod online;
mod records;
mod rules;
pub mod store;
mod verifier;
mod work;

pub use config::{Attestor, Config, Identity, Profile};
pub use error::{AskError, ConfirmError, Error, InviteError, ManageError, RedeemError, TypedError};
pub use http::{MAX_REQUEST, Reply, Request};
pub use keyring::{KeyId, KeyRing};
pub use records::SignInState;
pub use rules::{
    Confirmation, EnrollmentView, NewTicket, Page, PageChallenge, Progress, Question, Redeemed, Typed, WakeUp,
};
pub use verifier::Verifier;
