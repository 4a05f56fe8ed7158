//! New keys, other push addresses, and the end.

use std::sync::Arc;

use countersign_core::push::desk::{self, Known};
use countersign_core::push::model::{Outcome, Status, Step};
use countersign_core::vault::PushId;

use super::records::unexpected;
use super::requests::enrollment_id;
use super::walk::Walk;
use super::{Approvals, EnrollmentStatus, NewKeys, PersonCheck, PushAddress, Resent};
use crate::running::Run;
use crate::{ApiError, Change, Operation, SignReason};

/// Whether the server may still count it.
fn is_alive(known: &Known) -> bool {
    !known.renew && known.status.is_some_and(|status| status != Status::Removed)
}

#[uniffi::export]
impl Approvals {
    /// Tells the server where this device wants to be woken from now on; the address so far counts until it has
    /// confirmed. Asks no person. Async: waits for the network.
    ///
    /// # Errors
    /// `InvalidInput` (`push-address`, `no-enrollment`), `Network`, `Rejected`, `KeysGone`, `Cancelled`, `Locked`,
    /// `Storage`.
    pub async fn set_push_address(
        &self,
        enrollment: String,
        push: PushAddress,
        operation: Option<Arc<Operation>>,
    ) -> Result<EnrollmentStatus, ApiError> {
        let id = enrollment_id(&enrollment)?;
        let run = self.shared.begin(operation)?;
        let mut walk = Walk::with(&self.shared, &run, id, SignReason::ChangeKeys, &[Change::Enrollments])?;
        let mut task = desk::Operation::push(id, push.into());
        let step = walk.begin(&mut task)?;
        walk.changed(&mut task, step, None).await
    }

    /// Gives an enrolment new keys. Both old and new ones are kept until the server has confirmed; then the others are
    /// deleted, also in the signer. Async: waits for the network and the person, with the platform's keys once for the
    /// new key and once for the one so far; blocks while a key is derived from a password.
    ///
    /// Ended before the change is signed, it has done nothing. `Network`, or ended later: it is kept and sent again, by
    /// [`Approvals::resend`] or the next poll.
    ///
    /// # Errors
    /// `Network` (also `earlier-unconfirmed`), `Rejected`, `WrongPassword`, `KeysGone`, `NotSupported` (`no-port`),
    /// `InvalidInput` (`no-enrollment`, `no-method`, `no-such-slot`), `Cancelled`, `Locked`, `Storage`.
    pub async fn rotate_keys(
        &self,
        enrollment: String,
        keys: NewKeys,
        check: PersonCheck,
        operation: Option<Arc<Operation>>,
    ) -> Result<EnrollmentStatus, ApiError> {
        let id = enrollment_id(&enrollment)?;
        let run = self.shared.begin(operation)?;
        check.methods()?;
        let mut handles = self.shared.handles(id)?;
        let status = self.rotate(&run, id, keys, &check, &mut handles).await;
        self.shared.tidy(&run, id, handles).await;
        status
    }

    /// Ends an enrolment at its server, then forgets it here. One that the server has removed, or that has lost its
    /// keys, is only forgotten. Async: waits for the network and the person; blocks while a key is derived from a
    /// password.
    ///
    /// Ended before the end is signed, it has done nothing. `Network`, or ended later: the end is kept and sent again,
    /// by the next call or poll; the person may also [`Approvals::forget`] it.
    ///
    /// # Errors
    /// `Rejected` (`enrollment-not-active` while it is pending: forget it); otherwise as [`Approvals::rotate_keys`].
    pub async fn unenroll(
        &self,
        enrollment: String,
        check: PersonCheck,
        operation: Option<Arc<Operation>>,
    ) -> Result<(), ApiError> {
        let id = enrollment_id(&enrollment)?;
        let run = self.shared.begin(operation)?;
        let handles = self.shared.handles(id)?;
        let ended = self.end(&run, id, &check).await;
        self.shared.tidy(&run, id, handles).await;
        ended
    }

    /// Forgets an enrolment on this device for good, and deletes its keys, also in the signer. At the server it stays,
    /// unless that has removed it. Async: waits for the signer; ended meanwhile, it is forgotten all the same, and the
    /// signer is asked again with a later call.
    ///
    /// # Errors
    /// `InvalidInput` (`not-an-id`, `not-found`), `Locked`, `Storage`.
    pub async fn forget(&self, enrollment: String, operation: Option<Arc<Operation>>) -> Result<(), ApiError> {
        let id = enrollment_id(&enrollment)?;
        let run = self.shared.begin(operation)?;
        self.forget_here(id)?;
        self.shared.delete_orphans(&run).await;
        Ok(())
    }

    /// Forgets enrolments that nobody confirmed within a day, and deletes their keys; gives back how many. Async: waits
    /// for the signer, as [`Approvals::forget`].
    ///
    /// # Errors
    /// `Locked`, `Storage`.
    pub async fn sweep(&self, operation: Option<Arc<Operation>>) -> Result<u32, ApiError> {
        let run = self.shared.begin(operation)?;
        let now = self.shared.now()?;
        let (swept, handles) = self.shared.with(|core| {
            let mut desk = core.approvals();
            let known = desk.enrollments(now)?;
            let before: Vec<_> =
                known.iter().map(|known| (known.id, desk.platform_handles(known.id).unwrap_or_default())).collect();
            let swept = desk.sweep(now)?;
            let left = desk.enrollments(now)?;
            let gone = before.into_iter().filter(|(id, _)| left.iter().all(|known| known.id != *id));
            Ok((swept, gone.flat_map(|(_, handles)| handles).collect::<Vec<_>>()))
        })?;
        if swept > 0 {
            self.shared.changes.tell(&[Change::Enrollments]);
        }
        self.shared.orphans.add(handles);
        self.shared.delete_orphans(&run).await;
        Ok(u32::try_from(swept).unwrap_or(u32::MAX))
    }
}

impl Approvals {
    async fn rotate(
        &self,
        run: &Run<'_>,
        id: PushId,
        keys: NewKeys,
        check: &PersonCheck,
        handles: &mut Vec<Vec<u8>>,
    ) -> Result<EnrollmentStatus, ApiError> {
        let mut walk = Walk::with(&self.shared, run, id, SignReason::ChangeKeys, &[Change::Enrollments])?;
        let mut task = match keys {
            NewKeys::Software => {
                walk.open_root(check).await?;
                let root = walk.root()?;
                walk.act(|desk, _| desk.rotate(id, root))?
            }
            NewKeys::Platform => {
                let desk::NewKeys::Platform { possession, uv, .. } = walk.make_keys(None).await? else {
                    return Err(unexpected());
                };
                // Where the server refuses them, core has them no more.
                handles.extend_from_slice(walk.made.handles());
                walk.act(|desk, _| desk.rotate_platform(id, possession, uv))?
            }
        };
        let step = walk.begin(&mut task)?;
        walk.changed(&mut task, step, Some(check)).await
    }

    async fn end(&self, run: &Run<'_>, id: PushId, check: &PersonCheck) -> Result<(), ApiError> {
        let now = self.shared.now()?;
        let look = || self.shared.with(|core| Ok(core.approvals().enrollment(id, now)?));
        let mut known = look()?;
        if is_alive(&known) {
            let mut walk = Walk::with(&self.shared, run, id, SignReason::Unenroll, &[Change::Enrollments])?;
            if known.unconfirmed {
                // What was sent before comes first: it may be the end itself.
                match walk.resend(id, &mut Resent::default(), Some(check)).await {
                    Ok(()) | Err(ApiError::Rejected { .. }) => known = look()?,
                    Err(error) => return Err(error),
                }
            }
            if is_alive(&known) {
                let mut task = desk::Operation::remove(id);
                let step = walk.begin(&mut task)?;
                walk.changed(&mut task, step, Some(check)).await?;
            }
        }
        self.forget_here(id)
    }

    fn forget_here(&self, id: PushId) -> Result<(), ApiError> {
        let handles = self.shared.change(&[Change::Enrollments, Change::Requests, Change::History], |core| {
            let mut desk = core.approvals();
            // Those of one that can't be read stay with the platform.
            let handles = desk.platform_handles(id).unwrap_or_default();
            desk.forget(id)?;
            Ok(handles)
        })?;
        self.shared.orphans.add(handles);
        Ok(())
    }
}

impl Walk<'_> {
    /// Carries a change to its end.
    async fn changed(
        &mut self,
        task: &mut desk::Operation,
        step: Step,
        check: Option<&PersonCheck>,
    ) -> Result<EnrollmentStatus, ApiError> {
        match self.finish(task, step, check).await? {
            Step::Done(Outcome::Changed { status }) => Ok(status.into()),
            _ => Err(unexpected()),
        }
    }
}
