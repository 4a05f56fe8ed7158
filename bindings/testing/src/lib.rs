//! What tests of the bindings need and the shipped library must not have. A library of its own, so that nothing of it can be
//! called where people are.
//!
//! - [`TestSigner`]: P-256 in memory, where a platform's keystore would be: for languages that have none at hand.
//! - [`equal_codes`], [`equal_accounts`]: records as large as the library's own, made beforehand: what crossing alone costs.

mod equal;
mod signer;

pub use equal::{EqualAccount, EqualCode, EqualKind, EqualOtp, EqualProfile, equal_accounts, equal_codes};
pub use signer::{TestKey, TestSigner, TestSignerError};

uniffi::setup_scaffolding!();
