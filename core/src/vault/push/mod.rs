//! Push enrolments as the vault keeps them.
//!
//! - `record`: the vault's own row of an enrolment: sealed under the vault key, part of the manifest, in every backup.
//! - `change`: adding, changing and removing it together with its inbox rows, which a locked phone works with.
//!
//! To the vault all of it is opaque: it knows which secrets hang on the user-verification root, and that is all.

mod change;
mod record;

pub use change::PutPush;
pub(super) use change::{renew, write_record};
pub use record::{PushId, PushRecord};
