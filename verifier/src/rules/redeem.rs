//! An approval is used once (section 5), by the browser session that has the secret.

use countersign_core::push::native::messages::EnrollmentId;
use countersign_core::time::UnixTime;

use super::rows::{load_sign_in, save_sign_in, sign_in_id};
use crate::error::{ManageError, RedeemError};
use crate::records::SignInState;
use crate::store::{Actor, Outcome, Store, What};
use crate::verifier::Verifier;
use crate::work::attempt;

/// A used approval: the person may be let in, with this assurance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redeemed {
    /// The account.
    pub account: String,
    /// The phone that approved.
    pub enrollment: EnrollmentId,
    /// The key that verified is one that asks for user verification.
    pub uv: bool,
    /// That key was attested to live in hardware.
    pub hardware: bool,
}

impl<S: Store> Verifier<S> {
    /// Where a sign-in stands. The page polls with its secret.
    ///
    /// # Errors
    /// [`ManageError::Unknown`], [`ManageError::Internal`].
    pub fn status(&self, secret: &str, now: UnixTime) -> Result<SignInState, ManageError> {
        let (online, id) = (self.online(now)?, sign_in_id(secret));
        attempt(&self.store, |work| {
            let sign_in = load_sign_in(work, &online, &id, now)?;
            Ok(sign_in.map(|sign_in| sign_in.state).ok_or(ManageError::Unknown))
        })
    }

    /// Uses an approval: once, within 60 s. Only this lets somebody in, never [`Verifier::status`].
    ///
    /// # Errors
    /// [`RedeemError`].
    pub fn redeem(&self, secret: &str, now: UnixTime) -> Result<Redeemed, RedeemError> {
        let (online, id) = (self.online(now)?, sign_in_id(secret));
        attempt(&self.store, |work| {
            let Some(mut sign_in) = load_sign_in(work, &online, &id, now)? else {
                return Ok(Err(RedeemError::Unknown));
            };
            if sign_in.asked.replacement {
                return Ok(Err(RedeemError::Unknown));
            }
            let (SignInState::Approved, Some(by)) = (sign_in.state, sign_in.by.clone()) else {
                return Ok(Err(RedeemError::State(sign_in.state)));
            };
            sign_in.decide(SignInState::Used);
            save_sign_in(work, &id, &sign_in)?;
            work.tell(now, Actor::Page, &sign_in.account, Some(&by.enrollment), What::Redeemed, Outcome::Done);
            let account = sign_in.account;
            Ok(Ok(Redeemed { account, enrollment: by.enrollment, uv: by.uv, hardware: by.hardware }))
        })
    }

    /// The person has left, or was let in another way. Decided sign-ins stay as they are.
    ///
    /// # Errors
    /// [`ManageError::Unknown`], [`ManageError::Internal`].
    pub fn cancel(&self, secret: &str, now: UnixTime) -> Result<SignInState, ManageError> {
        let (online, id) = (self.online(now)?, sign_in_id(secret));
        attempt(&self.store, |work| {
            let Some(mut sign_in) = load_sign_in(work, &online, &id, now)? else {
                return Ok(Err(ManageError::Unknown));
            };
            if matches!(sign_in.state, SignInState::Pending | SignInState::Approved) {
                sign_in.end(SignInState::Cancelled, None);
                save_sign_in(work, &id, &sign_in)?;
                work.tell(now, Actor::Page, &sign_in.account, None, What::Cancelled, Outcome::Done);
            }
            Ok(Ok(sign_in.state))
        })
    }
}
