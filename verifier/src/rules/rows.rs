//! What the rules share: rows as they are at a moment.

use countersign_core::push::jose::sha256;
use countersign_core::push::native::messages::{EnrollmentId, PushAddress, Status};
use countersign_core::time::UnixTime;

use super::DAY;
use crate::error::Error;
use crate::online::Online;
use crate::records::{Account, ChallengeState, Enrollment, SignIn, SignInChallenge, SignInState};
use crate::store::{Actor, Outcome, What};
use crate::work::Work;

/// How long a new enrolment may wait for its confirmation, in seconds.
pub(super) const CONFIRM_WITHIN: i64 = 600;
/// How long an approval may be used, in seconds.
pub(super) const REDEEM_WITHIN: i64 = 60;
/// How long a removed enrolment's polls are answered, in seconds.
pub(super) const REMOVED_KEPT: i64 = 365 * DAY;

/// The row of the sign-in whose page has this secret.
pub(super) fn sign_in_id(secret: &str) -> [u8; 32] {
    sha256(&[b"countersign-sign-in", secret.as_bytes()])
}

/// A browser session's name as rows keep it.
pub(super) fn session_id(session: &str) -> [u8; 32] {
    sha256(&[b"countersign-session", session.as_bytes()])
}

pub(super) fn load_account(work: &mut Work<'_>, account: &str) -> Result<Option<Account>, Error> {
    work.load(account.as_bytes())
}

pub(super) fn save_account(work: &mut Work<'_>, id: &str, account: &Account) -> Result<(), Error> {
    work.save(id.as_bytes(), account, id, None)
}

/// An enrolment as it is now: one that wasn't confirmed in time, or whose answer was signed by a key that is no longer
/// listed, is removed.
pub(super) fn load_enrollment(
    work: &mut Work<'_>,
    online: &Online,
    id: &EnrollmentId,
    now: UnixTime,
) -> Result<Option<Enrollment>, Error> {
    let Some(mut enrollment) = work.load::<Enrollment>(id.as_str().as_bytes())? else { return Ok(None) };
    if let Some(pending) = &enrollment.pending
        && (now >= enrollment.since.plus_seconds(CONFIRM_WITHIN) || !online.lists(pending.signer))
    {
        set_status(work, online, &mut enrollment, Status::Removed, Actor::Clock, now)?;
    }
    Ok(Some(enrollment))
}

pub(super) fn save_enrollment(work: &mut Work<'_>, enrollment: &Enrollment) -> Result<(), Error> {
    let expires = match enrollment.status {
        Status::Removed => Some(enrollment.since.plus_seconds(REMOVED_KEPT)),
        Status::Pending => Some(enrollment.since.plus_seconds(CONFIRM_WITHIN.saturating_add(REMOVED_KEPT))),
        _ => None,
    };
    work.save(enrollment.id.as_str().as_bytes(), enrollment, &enrollment.account.id, expires)
}

/// Gives an enrolment another status, tells it, and writes the enrolment. Its live challenge ends with every status but
/// active: save the sign-in before this is called, and read it again after.
pub(super) fn set_status(
    work: &mut Work<'_>,
    online: &Online,
    enrollment: &mut Enrollment,
    status: Status,
    actor: Actor,
    now: UnixTime,
) -> Result<(), Error> {
    let what = match (enrollment.status, status) {
        (Status::Pending, Status::Active) => What::Confirmed,
        (_, Status::Active) => What::Released,
        (_, Status::Frozen) => What::Frozen,
        (_, Status::Suspended) => What::Suspended,
        (_, Status::Removed | Status::Pending) => What::Removed,
    };
    enrollment.status = status;
    enrollment.since = now;
    enrollment.pending = None;
    if status != Status::Active {
        cancel_challenge(work, online, enrollment, now)?;
    }
    if status == Status::Removed {
        (enrollment.totp, enrollment.offline, enrollment.current, enrollment.slot) = (None, Vec::new(), None, None);
        enrollment.push = PushAddress::None;
        if let Some(mut account) = load_account(work, &enrollment.account.id)? {
            account.enrollments.retain(|id| *id != enrollment.id);
            save_account(work, &enrollment.account.id, &account)?;
        }
    }
    work.tell(now, actor, &enrollment.account.id, Some(&enrollment.id), what, Outcome::Done);
    save_enrollment(work, enrollment)
}

/// Its challenge is cancelled if it is live; a sign-in that nobody is left to answer is too.
fn cancel_challenge(work: &mut Work<'_>, online: &Online, enrollment: &Enrollment, now: UnixTime) -> Result<(), Error> {
    let Some(current) = &enrollment.current else { return Ok(()) };
    let Some(mut sign_in) = load_sign_in(work, online, &current.sign_in, now)? else { return Ok(()) };
    let mut changed = false;
    for challenge in &mut sign_in.challenges {
        if challenge.enrollment == enrollment.id && challenge.state == ChallengeState::Live && now < challenge.expires {
            challenge.close(ChallengeState::Cancelled);
            changed = true;
        }
    }
    if changed {
        if sign_in.state == SignInState::Pending && !sign_in.challenges.iter().any(|it| it.is_live(now)) {
            sign_in.decide(SignInState::Cancelled);
        }
        save_sign_in(work, &current.sign_in, &sign_in)?;
    }
    Ok(())
}

impl SignInChallenge {
    /// Whether it may be answered.
    pub(super) fn is_live(&self, now: UnixTime) -> bool {
        self.state == ChallengeState::Live && now < self.expires
    }

    /// Ends it; the message isn't needed any more.
    pub(super) fn close(&mut self, state: ChallengeState) {
        self.state = state;
        self.compact = String::new();
    }
}

impl SignIn {
    /// Puts it into a state in which nobody types digits any more.
    pub(super) fn decide(&mut self, state: SignInState) {
        self.state = state;
        self.shown = Vec::new();
    }

    /// Decides it; what is live on the phone that did it (`by`) is answered, on all others cancelled.
    pub(super) fn end(&mut self, state: SignInState, by: Option<&EnrollmentId>) {
        self.decide(state);
        for challenge in self.challenges.iter_mut().filter(|challenge| challenge.state == ChallengeState::Live) {
            let own = by == Some(&challenge.enrollment);
            challenge.close(if own { ChallengeState::Answered } else { ChallengeState::Cancelled });
        }
    }
}

/// A sign-in as it is now: too late where its time is over, cancelled where the key that asked was compromised.
pub(super) fn load_sign_in(
    work: &mut Work<'_>,
    online: &Online,
    id: &[u8; 32],
    now: UnixTime,
) -> Result<Option<SignIn>, Error> {
    let Some(mut sign_in) = work.load::<SignIn>(id)? else { return Ok(None) };
    let mut changed = false;
    if sign_in.challenges.iter().any(|it| it.is_live(now) && !online.lists(it.signer)) {
        for challenge in sign_in.challenges.iter_mut().filter(|it| it.is_live(now)) {
            challenge.close(ChallengeState::Cancelled);
        }
        if sign_in.state == SignInState::Pending {
            sign_in.decide(SignInState::Cancelled);
        }
        changed = true;
    }
    let late = match (sign_in.state, &sign_in.by) {
        (SignInState::Pending, _) => now >= sign_in.expires,
        (SignInState::Approved, Some(by)) => now > by.at.plus_seconds(REDEEM_WITHIN),
        _ => false,
    };
    if late {
        sign_in.decide(SignInState::Expired);
        changed = true;
    }
    if changed {
        save_sign_in(work, id, &sign_in)?;
    }
    Ok(Some(sign_in))
}

pub(super) fn save_sign_in(work: &mut Work<'_>, id: &[u8; 32], sign_in: &SignIn) -> Result<(), Error> {
    work.save(id, sign_in, &sign_in.account, Some(sign_in.expires.plus_seconds(DAY)))
}

/// One more challenge that wasn't approved.
pub(super) fn unapproved(enrollment: &mut Enrollment, at: UnixTime) {
    enrollment.unapproved = enrollment.unapproved.saturating_add(1);
    enrollment.unapproved_at = at;
}
