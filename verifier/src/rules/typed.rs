//! Codes typed into the page (sections 3, 6 and 7): eight digits of a challenge, or a time-based code.

use countersign_core::otp::{Algorithm, Digits, Period, Secret, Text, Totp};
use countersign_core::push::native::formulas::offline_digits;
use countersign_core::push::native::messages::{Action, Status};
use countersign_core::secret::SecretBytes;
use countersign_core::time::UnixTime;

use super::rows::{
    load_account, load_enrollment, load_sign_in, save_account, save_enrollment, save_sign_in, sign_in_id,
};
use crate::error::{Error, TypedError};
use crate::keyring::Purpose;
use crate::online::Online;
use crate::otp::{Barred, Tries};
use crate::records::{By, ChallengeState, Enrollment, SignIn, SignInState, Way};
use crate::store::{Actor, Outcome, Store, What};
use crate::verifier::Verifier;
use crate::work::{Work, attempt};

/// Tries of a sign-in and way.
const TRIES: u8 = 3;
/// Seconds of a time-based code.
const STEP: i64 = 30;

/// What became of typed digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Typed {
    /// They were right: the sign-in is approved, and can be redeemed.
    pub accepted: bool,
    /// Tries left on this way of this sign-in.
    pub tries_left: u8,
}

impl<S: Store> Verifier<S> {
    /// Eight digits that a phone shows for one of this sign-in's challenges, without a network.
    ///
    /// # Errors
    /// [`TypedError`]; none costs a try.
    pub fn offline(&self, secret: &str, digits: &str, now: UnixTime) -> Result<Typed, TypedError> {
        self.typed(secret, Way::Offline, digits, now)
    }

    /// The time-based code of one of the account's phones: for a sign-in without user verification alone.
    ///
    /// # Errors
    /// [`TypedError`]; none costs a try.
    pub fn totp(&self, secret: &str, digits: &str, now: UnixTime) -> Result<Typed, TypedError> {
        self.typed(secret, Way::Totp, digits, now)
    }

    fn typed(&self, secret: &str, way: Way, digits: &str, now: UnixTime) -> Result<Typed, TypedError> {
        let (online, id) = (self.online(now)?, sign_in_id(secret));
        attempt(&self.store, |work| {
            let Some(mut sign_in) = load_sign_in(work, &online, &id, now)? else { return Ok(Err(TypedError::Unknown)) };
            let needs_uv = sign_in.asked.uv || online.state.require_uv;
            if way == Way::Totp && (sign_in.asked.action != Action::SignIn || needs_uv) {
                return Ok(Err(TypedError::NotAllowed));
            }
            if sign_in.state != SignInState::Pending {
                return Ok(Err(TypedError::Decided));
            }
            let Some(mut account) = load_account(work, &sign_in.account)? else {
                return Ok(Err(TypedError::Unknown));
            };
            if tries(&mut sign_in, way).checked_sub(TRIES).is_some() {
                return Ok(Err(TypedError::NoTries));
            }
            let limit = account.way(way);
            if let Err(error) = may_try(limit, now) {
                return Ok(Err(error));
            }
            let by = match way {
                Way::Offline => self.whose_offline(work, &online, &sign_in, digits, now)?,
                Way::Totp => self.whose_totp(work, &online, &account.enrollments, digits, now)?,
            };
            let what = if way == Way::Offline { What::TypedOffline } else { What::TypedTotp };
            let accepted = by.is_some();
            if let Some(mut by) = by {
                // The key of eight digits asks for user verification at each use, as the user-verification key does.
                let uv = way == Way::Offline;
                sign_in.end(SignInState::Approved, Some(&by.id));
                sign_in.by = Some(By { at: now, enrollment: by.id.clone(), uv, hardware: false });
                *account.way_mut(way) = Tries::lifted();
                work.tell(now, Actor::Page, &sign_in.account, Some(&by.id), what, Outcome::Done);
                if uv {
                    by.unapproved = 0;
                }
                save_enrollment(work, &by)?;
            } else {
                let used = tries(&mut sign_in, way);
                *used = used.saturating_add(1);
                *account.way_mut(way) = limit.wrong(now);
                work.tell(now, Actor::Page, &sign_in.account, None, what, Outcome::Refused);
            }
            save_account(work, &sign_in.account, &account)?;
            save_sign_in(work, &id, &sign_in)?;
            Ok(Ok(Typed { accepted, tries_left: TRIES.saturating_sub(*tries(&mut sign_in, way)) }))
        })
    }

    /// Digits of a challenge stay good until its `exp`, also of one that was asked anew.
    fn whose_offline(
        &self,
        work: &mut Work<'_>,
        online: &Online,
        sign_in: &SignIn,
        digits: &str,
        now: UnixTime,
    ) -> Result<Option<Enrollment>, Error> {
        for challenge in &sign_in.challenges {
            let open = matches!(challenge.state, ChallengeState::Live | ChallengeState::Superseded);
            if !open || now >= challenge.expires || !online.lists(challenge.signer) {
                continue;
            }
            let Some(enrollment) = load_enrollment(work, online, &challenge.enrollment, now)? else { continue };
            if enrollment.status != Status::Active {
                continue;
            }
            let key = self.ring.open(Purpose::Offline, enrollment.id.as_str().as_bytes(), &enrollment.offline)?;
            let right = offline_digits(&key, challenge.hash).map_err(|_| Error::Message("eight digits"))?;
            if right.is(digits) {
                return Ok(Some(enrollment));
            }
        }
        Ok(None)
    }

    /// One step either side; an accepted step or an earlier one never again.
    fn whose_totp(
        &self,
        work: &mut Work<'_>,
        online: &Online,
        phones: &[countersign_core::push::native::messages::EnrollmentId],
        digits: &str,
        now: UnixTime,
    ) -> Result<Option<Enrollment>, Error> {
        let Some(typed) = Text::typed(digits) else { return Ok(None) };
        for id in phones {
            let Some(mut enrollment) = load_enrollment(work, online, id, now)? else { continue };
            let (Status::Active, Some(sealed)) = (enrollment.status, &enrollment.totp) else { continue };
            let key = self.ring.open(Purpose::Totp, id.as_str().as_bytes(), sealed)?;
            if let Some(step) = step_of(key, typed, enrollment.totp_from, now)? {
                enrollment.totp_from = step.saturating_add(1);
                return Ok(Some(enrollment));
            }
        }
        Ok(None)
    }
}

fn step_of(key: SecretBytes, typed: Text, from: u64, now: UnixTime) -> Result<Option<u64>, Error> {
    let failed = Error::Message("time-based code");
    let secret = Secret::new(key).map_err(|_| failed)?;
    let totp = Totp::new(secret, Algorithm::Sha256, Digits::SIX, Period::THIRTY);
    for at in [-STEP, 0, STEP].map(|off| now.plus_seconds(off)) {
        let step = at.seconds().checked_div(STEP).and_then(|step| u64::try_from(step).ok());
        let Some(step) = step.filter(|step| *step >= from) else { continue };
        if totp.code(at).map_err(|_| failed)?.code == typed {
            return Ok(Some(step));
        }
    }
    Ok(None)
}

const fn tries(sign_in: &mut SignIn, way: Way) -> &mut u8 {
    match way {
        Way::Offline => &mut sign_in.wrong_offline,
        Way::Totp => &mut sign_in.wrong_totp,
    }
}

/// After three wrong in a row a second, doubling to an hour; a hundred disable the way.
fn may_try(limit: Tries, now: UnixTime) -> Result<(), TypedError> {
    limit.admit(now).map_err(|barred| match barred {
        Barred::Wait { seconds } => TypedError::Wait { seconds: seconds.into() },
        Barred::Disabled => TypedError::Disabled,
    })
}
