//! Countersign's other half: what a service needs to ask its people's authenticators.
//!
//! - [`store`]: what is remembered, and the one way in which it changes.
//! - [`otp`]: typed one-time passwords of other authenticators. [`recovery`]: codes on paper, for when all else is lost.
//! - [`wake_up`]: telling a phone that there is something to fetch.

pub mod otp;
pub mod recovery;
pub mod store;
pub mod wake_up;
