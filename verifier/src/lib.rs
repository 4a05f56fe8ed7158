//! Countersign's other half: what a service needs to ask its people's authenticators.
//!
//! A [`Verifier`] holds the rules of the push protocol (`docs/protocol.md`), over a [`store::Store`]. It has no clock, no
//! network and no thread: each call is given the time and gives back values.
//!
//! - The phones' half: [`Verifier::handle`] answers every HTTP request below the address `u`.
//! - The page's half: [`Verifier::invite`] and [`Verifier::confirm`] a phone; [`Verifier::sign_in`], then poll
//!   [`Verifier::status`], then [`Verifier::redeem`]; [`Verifier::offline`] and [`Verifier::totp`] for typed codes. A
//!   [`Page`] says which phones to wake.
//! - Beside phones: [`Verifier::add_otp`] and [`Verifier::check_otp`] for authenticator apps, [`Verifier::make_recovery`] and
//!   [`Verifier::use_recovery`] for codes on paper.
//! - The operator's half: freeze, release, revoke, forget; online keys and metadata; [`Verifier::tend`] once a minute; the
//!   log, [`Verifier::events`], from which owners are told.
//!
//! - [`store`]: what is remembered, and the one way in which it changes. [`keyring`]: what is sealed, and how.
//! - [`otp`]: typed one-time passwords of other authenticators. [`recovery`]: codes on paper, for when all else is lost.
//! - [`wake_up`]: telling a phone that there is something to fetch.
//! - `records`: what the rows say. `rules`: one file for each rule. `http`: the endpoints.
//!
//! # Push sign-in for an axum application
//!
#![doc = concat!("```no_run\n", include_str!("../examples/sign_in.rs"), "```")]

mod config;
mod error;
mod http;
mod key_cache;
pub mod keyring;
mod limiter;
mod online;
pub mod otp;
mod records;
pub mod recovery;
mod rules;
pub mod store;
mod verifier;
pub mod wake_up;
mod work;

pub use config::{Attestor, Config, Identity, Profile};
pub use error::{AskError, ConfirmError, CredentialError, Error, InviteError, ManageError, RedeemError, TypedError};
pub use http::{MAX_REQUEST, Reply, Request};
pub use keyring::{KeyId, KeyRing};
pub use records::SignInState;
pub use rules::{
    Confirmation, EnrollmentView, NewTicket, Page, PageChallenge, Progress, Question, RecoveryUse, Redeemed, Typed,
    WakeUp,
};
pub use verifier::Verifier;
