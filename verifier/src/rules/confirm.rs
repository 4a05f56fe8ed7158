//! The six digits (section 3): shown by the phone alone, typed into the page in the session that made the ticket.

use countersign_core::push::jose::decode;
use countersign_core::push::native::formulas::{confirmation, ticket_id};
use countersign_core::push::native::messages::{EnrollmentId, Status};
use countersign_core::secret::SecretBytes;
use countersign_core::time::UnixTime;
use subtle::ConstantTimeEq;

use super::rows::{load_enrollment, save_enrollment, set_status};
use crate::error::ConfirmError;
use crate::records::Ticket;
use crate::store::{Actor, Outcome, Store, What};
use crate::verifier::Verifier;
use crate::work::attempt;

/// What became of the digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// The enrolment is active now.
    pub confirmed: bool,
    /// Tries left; at 0 the enrolment is removed.
    pub tries_left: u8,
    /// The enrolment.
    pub enrollment: EnrollmentId,
}

impl<S: Store> Verifier<S> {
    /// Confirms an enrolment with the six digits that the phone shows. `ticket` is what [`Verifier::invite`] gave to this
    /// session. Three tries, within ten minutes of the enrolment.
    ///
    /// # Errors
    /// [`ConfirmError`].
    pub fn confirm(&self, ticket: &str, digits: &str, now: UnixTime) -> Result<Confirmation, ConfirmError> {
        let Some(ticket) = decode(ticket).map(SecretBytes::new) else { return Err(ConfirmError::NothingPending) };
        let (online, id) = (self.online(now)?, ticket_id(&ticket));
        attempt(&self.store, |work| {
            let used = work.load::<Ticket>(&id)?.and_then(|ticket| ticket.used);
            let Some(used) = used else { return Ok(Err(ConfirmError::NothingPending)) };
            let enrollment = load_enrollment(work, &online, &used.enrollment, now)?;
            let Some(mut enrollment) = enrollment else { return Ok(Err(ConfirmError::NothingPending)) };
            let Some(pending) = enrollment.pending.clone() else { return Ok(Err(ConfirmError::NothingPending)) };
            let right = confirmation(pending.enroll, pending.enrolled);
            let confirmed = bool::from(right.as_bytes().ct_eq(digits.as_bytes()));
            let mut tries_left = pending.tries;
            if confirmed {
                set_status(work, &online, &mut enrollment, Status::Active, Actor::Page, now)?;
                if let Some(old) = &pending.replaces {
                    match load_enrollment(work, &online, old, now)? {
                        Some(mut old) if old.status != Status::Removed => {
                            set_status(work, &online, &mut old, Status::Removed, Actor::Page, now)?;
                        }
                        _ => {}
                    }
                }
            } else {
                tries_left = tries_left.saturating_sub(1);
                let account = &enrollment.account.id;
                work.tell(now, Actor::Page, account, Some(&enrollment.id), What::Confirmed, Outcome::Refused);
                if tries_left == 0 {
                    set_status(work, &online, &mut enrollment, Status::Removed, Actor::Page, now)?;
                } else {
                    if let Some(pending) = &mut enrollment.pending {
                        pending.tries = tries_left;
                    }
                    save_enrollment(work, &enrollment)?;
                }
            }
            Ok(Ok(Confirmation { confirmed, tries_left, enrollment: enrollment.id }))
        })
    }
}
