//! From an invitation to an enrolment.

use std::sync::Arc;

use countersign_core::enroll;
use countersign_core::push::desk::{self, Joined, Joining};
use countersign_core::push::model::{Method, Step};
use countersign_core::push::native::formulas::attestation_challenge;
use countersign_core::push::native::phone::Reply;
use countersign_core::vault::PushId;

use super::records::unexpected;
use super::requests::enrollment_id;
use super::walk::Walk;
use super::{
    Approvals, DeviceInfo, Enrolled, InvitationPreview, NewKeys, PersonCheck, PushAddress, UnfinishedEnrollment,
};
use crate::running::Run;
use crate::shared::Shared;
use crate::{ApiError, Change, Operation};

#[uniffi::export]
impl Approvals {
    /// What an invitation says, before anything is fetched. Blocks: reads the disk.
    ///
    /// # Errors
    /// `Rejected` by the device for what is no invitation; `Locked`, `Storage`.
    pub fn preview_invitation(&self, text: String) -> Result<InvitationPreview, ApiError> {
        let invitation = enroll::invitation(&text, self.shared.platform()?.allow_loopback_http)?;
        let known = self.shared.with(|core| Ok(core.approvals().is_at(&invitation)?))?;
        let host = invitation.base.host().to_owned();
        Ok(InvitationPreview { host, server: invitation.name, account: invitation.account, known })
    }

    /// Enrols this device, after the person has seen the invitation's host and said yes. Async: waits for the network
    /// and the person; blocks while a key is derived from a password. Cancelled before the request is signed, it leaves
    /// nothing, also no key in the signer; afterwards, and after network trouble, it is unfinished
    /// ([`Approvals::resume_enrollment`]).
    ///
    /// # Errors
    /// `Rejected` by the server (`ticket-unknown`, `ticket-used`, `ticket-expired` and others) or by the device;
    /// `NotSupported` (`hardware-needed`, `no-port`), `Network`, `WrongPassword`, `KeysGone`, `InvalidInput`
    /// (`push-address`, `no-method`, `no-such-slot`), `Locked`, `Cancelled`, `Storage`.
    pub async fn enroll(
        &self,
        invitation: String,
        device: DeviceInfo,
        push: PushAddress,
        keys: NewKeys,
        check: PersonCheck,
        operation: Option<Arc<Operation>>,
    ) -> Result<Enrolled, ApiError> {
        let run = self.shared.begin(operation)?;
        let enrolled = self.join(&run, &invitation, device, push, keys, &check).await;
        self.shared.delete_orphans(&run).await;
        enrolled
    }

    /// The enrolments that were begun and not finished: after a crash, or without a network. Blocks: reads the disk.
    ///
    /// # Errors
    /// `Locked`, `Storage`, `Damaged` (`enrollment-unreadable`).
    pub fn unfinished_enrollments(&self) -> Result<Vec<UnfinishedEnrollment>, ApiError> {
        let unfinished = self.shared.with(|core| Ok(core.approvals().unfinished()?))?;
        Ok(unfinished.into_iter().map(|(id, host)| UnfinishedEnrollment { id: id.to_string(), host }).collect())
    }

    /// Goes on with an enrolment that wasn't finished; what was signed is sent again as it is. Async: as
    /// [`Approvals::enroll`].
    ///
    /// # Errors
    /// `InvalidInput` (`no-enrollment`); otherwise as [`Approvals::enroll`].
    pub async fn resume_enrollment(
        &self,
        id: String,
        check: PersonCheck,
        operation: Option<Arc<Operation>>,
    ) -> Result<Enrolled, ApiError> {
        let id = enrollment_id(&id)?;
        let run = self.shared.begin(operation)?;
        let before = self.shared.handles(id)?;
        let enrolled = self.resume(&run, id, &check).await;
        self.shared.tidy(&run, id, before).await;
        enrolled
    }

    /// Gives up an enrolment that wasn't finished, and deletes its keys. Async: waits for the signer; ended meanwhile,
    /// it is given up all the same, and the signer is asked again with a later call.
    ///
    /// # Errors
    /// `InvalidInput` (`no-enrollment`) where nothing was begun or it is finished; `Locked`, `Storage`.
    pub async fn abandon_enrollment(&self, id: String, operation: Option<Arc<Operation>>) -> Result<(), ApiError> {
        let id = enrollment_id(&id)?;
        let run = self.shared.begin(operation)?;
        let handles = self.shared.change(&[Change::Enrollments], |core| {
            let mut desk = core.approvals();
            // Those of one that can't be read stay with the platform.
            let handles = desk.platform_handles(id).unwrap_or_default();
            desk.abandon(id)?;
            Ok(handles)
        })?;
        self.shared.orphans.add(handles);
        self.shared.delete_orphans(&run).await;
        Ok(())
    }
}

impl Approvals {
    async fn join(
        &self,
        run: &Run<'_>,
        invitation: &str,
        device: DeviceInfo,
        push: PushAddress,
        keys: NewKeys,
        check: &PersonCheck,
    ) -> Result<Enrolled, ApiError> {
        let invitation = enroll::invitation(invitation, self.shared.platform()?.allow_loopback_http)?;
        let host = invitation.base.host().to_owned();
        let mut walk = Walk::to(&self.shared, run, host, &[Change::Enrollments])?;
        walk.open_root(check).await?;
        let keys = match keys {
            NewKeys::Software => desk::NewKeys::Software,
            NewKeys::Platform => walk.make_keys(Some(attestation_challenge(&invitation.ticket))).await?,
        };
        let root = walk.root()?;
        let joining = walk.act(|desk, _| desk.join(invitation, device.into(), push.into(), keys, root))?;
        let mut begun = Begun { shared: &self.shared, id: joining.id(), handles: walk.made.keep(), unsigned: true };
        let enrolled = walk.join(joining, Some(&mut begun)).await;
        match &enrolled {
            // Nothing is signed: it ends as if it had never begun.
            Err(ApiError::Cancelled { .. } | ApiError::Locked { .. }) => {}
            _ => begun.unsigned = false,
        }
        enrolled
    }

    async fn resume(&self, run: &Run<'_>, id: PushId, check: &PersonCheck) -> Result<Enrolled, ApiError> {
        let unfinished = self.shared.with(|core| Ok(core.approvals().unfinished()?))?;
        let host = unfinished.into_iter().find_map(|(begun, host)| (begun == id).then_some(host));
        let host = host.ok_or(ApiError::from(desk::Error::NoEnrollment))?;
        let mut walk = Walk::to(&self.shared, run, host, &[Change::Enrollments])?;
        walk.open_root(check).await?;
        let root = walk.root()?;
        let joining = walk.act(|desk, _| desk.resume(id, root))?;
        walk.join(joining, None).await
    }
}

/// An enrolment of which nothing is signed yet. Dropped so, it is given up.
struct Begun<'a> {
    shared: &'a Shared,
    id: PushId,
    handles: Vec<Vec<u8>>,
    unsigned: bool,
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let handles = std::mem::take(&mut self.handles);
        let id = self.id;
        let abandon = || self.shared.change(&[Change::Enrollments], |core| Ok(core.approvals().abandon(id)?));
        // Where the vault is locked by now, it stays unfinished, and the person gives it up.
        if self.unsigned && abandon().is_ok() {
            return self.shared.orphans.add(handles);
        }
        // What it has still, it needs; what core can't tell just now is kept.
        if let Ok(needed) = self.shared.handles(id) {
            self.shared.orphans.add(handles.into_iter().filter(|handle| !needed.contains(handle)));
        }
    }
}

impl Walk<'_> {
    /// Carries an enrolment's steps.
    async fn join(&mut self, mut joining: Joining, mut begun: Option<&mut Begun<'_>>) -> Result<Enrolled, ApiError> {
        let mut reply = Reply::Begin;
        loop {
            let root = self.root()?;
            let joined = match reply {
                Reply::Begin => self.act(|desk, now| desk.next_join(&mut joining, root, Reply::Begin, now)),
                reply => self.step(|desk, now| desk.next_join(&mut joining, root, reply, now)),
            }?;
            reply = match joined {
                Joined::Step(Step::Send(request)) => {
                    if let Some(begun) = begun.as_mut().filter(|_| request.method == Method::Post) {
                        begun.unsigned = false;
                    }
                    Reply::Arrived(self.send(request).await?)
                }
                Joined::Step(Step::Sign { key, message, prompt }) => {
                    Reply::Signature(self.sign(key, message, prompt).await?)
                }
                joined => {
                    let enrolled = Enrolled::of(joined).ok_or_else(unexpected)?;
                    if enrolled.has_codes {
                        self.shared.changes.tell(&[Change::Accounts]);
                    }
                    return Ok(enrolled);
                }
            };
        }
    }
}
