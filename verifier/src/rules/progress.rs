//! What a page shows while it waits.

use countersign_core::time::UnixTime;

use super::rows::{load_sign_in, sign_in_id};
use crate::error::ManageError;
use crate::records::SignInState;
use crate::store::Store;
use crate::verifier::Verifier;
use crate::work::attempt;

/// How a sign-in stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Its state.
    pub state: SignInState,
    /// How many more times digits may be typed on the phones: 3 at first.
    pub tries_left: u8,
}

impl<S: Store> Verifier<S> {
    /// As [`Verifier::status`], with what a page says besides it.
    ///
    /// # Errors
    /// As [`Verifier::status`].
    pub fn progress(&self, secret: &str, now: UnixTime) -> Result<Progress, ManageError> {
        let (online, id) = (self.online(now)?, sign_in_id(secret));
        attempt(&self.store, |work| {
            let sign_in = load_sign_in(work, &online, &id, now)?;
            let progress = |sign_in: crate::records::SignIn| Progress {
                state: sign_in.state,
                tries_left: 3_u8.saturating_sub(sign_in.wrong),
            };
            Ok(sign_in.map(progress).ok_or(ManageError::Unknown))
        })
    }
}
