//! Push approvals: a server asks, the person answers, and the answer signs what was shown.
//!
//! - [`json`]: JSON without second meanings; [`shown`]: text that may stand on a screen (`newer`: characters too new to send).
//! - [`jose`]: keys and signed messages.
//! - [`model`]: what every push protocol has in common: requests, steps, history, and silence after too many.
//! - [`native`]: Countersign's own protocol, version 1: its messages and formulas, for both halves.
//! - `desk`: approvals as an app uses them, kept in a vault.
//!
//! `docs/protocol.md` has the protocol, `docs/threat-model.md` what it stands against.

#[cfg(feature = "vault")]
pub mod desk;
mod error;
pub mod jose;
pub mod json;
pub mod model;
pub mod native;
mod newer;
pub mod shown;

pub use error::MessageError;
