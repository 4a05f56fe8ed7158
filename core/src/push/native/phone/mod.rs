//! The phone's half of the protocol (`docs/protocol.md`): pure state, without clock, network or storage.
//!
//! Three states are stored, each apart: the [`Verifier`], which enrolments at the same verifier share; the [`Enrollment`],
//! all that a locked phone needs to poll, verify and deny; and what only an unlocked one may touch, which this module makes
//! once and takes back as arguments: the user-verification key, the key of offline approvals, the seed of the codes.
//!
//! - `keys`: the phone's own keys. `verifier`, `enrollment`: the states; `state`, `codec`: their stored forms.
//! - `hear`: a verifier's answers, verified before anything else. `requests`: challenges.
//! - `task`: an operation, step by step; `poll`, `answer`, `change`: what operations there are.
//! - `enrolling`: from an invitation to an enrolment.

mod answer;
mod change;
mod codec;
mod enrolling;
mod enrollment;
mod error;
mod hear;
mod keys;
mod poll;
mod requests;
mod state;
mod task;
mod verifier;

pub use change::PushChoice;
pub use enrolling::{Enrolled, Enrolling, Progress, Walk, Wanted};
pub use enrollment::Enrollment;
pub use error::Error;
pub use keys::OwnKey;
pub use requests::{OFFLINE_PREFIX, offline_challenge};
pub use task::{Reply, Session, Task};
pub use verifier::Verifier;
