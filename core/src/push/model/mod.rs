//! What every push protocol has in common: what shells show, ask and send, whoever the server is.
//!
//! - `http`: a request to a server as a value, and its answer.
//! - `request`: what a server asks, ready for the screen. `step`: what an operation needs next; what came of it.
//! - `guard`: silence for a server whose requests were turned down too often. `history`: what was decided.
//!
//! A protocol's engine turns a person's decision into [`Step`]s, one after the other, and never waits for anything itself.

mod guard;
mod history;
mod http;
mod request;
mod step;

pub use super::native::messages::{Decision, Detail, Status};
pub use guard::Guard;
pub use history::{Confirmation, HistoryEntry};
pub use http::{Arrival, HttpRequest, HttpResponse, Method};
pub use request::{Action, Code, DenyReason, Line, Needs, Request, RequestId};
pub use step::{KeyHandle, KeyPlace, KeyPurpose, Outcome, Step};
