//! Countersign's core: all the rules of an authenticator, and nothing but rules.
//!
//! It is *sans-IO*: the time, randomness and bytes come in as arguments and values come out, so that every rule is
//! tested without a clock, a network or a phone. The one exception is the vault's own file.
//!
//! - `authenticator`: the façade over all of it, for shells.
//! - [`account`]: what a person keeps: an account, its names, its kind.
//! - [`otp`]: one-time passwords: TOTP, HOTP, Steam, mOTP and Yandex; answers to a challenge: OCRA.
//! - [`enroll`]: text or a picture in, a preview of what would be added out; no side effect.
//! - `vault`: the encrypted database: who may unlock, rows, proof against tampering, backups.
//! - `transfer`: accounts from other files, previewed, added at once and taken back; and out again.
//! - [`push`]: approvals: what a server asks and a person answers; verified before shown, signed as shown.
//! - [`time`], [`entropy`], [`secret`], [`watch`], [`wire`]: the small things that all rooms share.
//!
//! Five promises hold everywhere: nothing in the clear, nothing lost, nothing signed unseen, nothing silent, offline
//! first.

pub mod account;
#[cfg(feature = "vault")]
pub mod authenticator;
pub mod enroll;
pub mod entropy;
pub mod otp;
pub mod push;
pub mod secret;
pub mod time;
#[cfg(feature = "vault")]
pub mod transfer;
#[cfg(feature = "vault")]
pub mod vault;
pub mod watch;
pub mod wire;
