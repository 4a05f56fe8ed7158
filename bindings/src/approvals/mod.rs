//! The desk for approvals: enrolments, the requests that come to them, and their answers.
//!
//! - `records`, `requests`, `answers`: what goes in and out, by value. `check`: that the person is who they say.
//! - `joining`: from an invitation to an enrolment. `answering`: approve, deny, report. `polling`: asking servers,
//!   sending again. `changing`: new keys, push addresses, the end. `poller`: whom to ask, and when.
//! - `walk`: an operation's steps, one after the other; `network` and `signer`: those that a platform does.
//!
//! What is signed is stored before it is sent, and sent again until the server has said something that counts. Ended
//! before anything is signed, a call has done nothing.

mod answering;
mod answers;
mod changing;
mod check;
mod joining;
mod network;
mod poller;
mod polling;
mod records;
mod requests;
mod signer;
mod walk;

pub use answers::{Confirmation, Decision, HistoryEntry, OfflineCode, Polled, Resent};
pub use check::{PersonCheck, VerificationMethod};
pub use poller::Poller;
pub use records::{
    DeviceInfo, Enrolled, EnrollmentInfo, EnrollmentStatus, InvitationPreview, NewKeys, PushAddress,
    UnfinishedEnrollment,
};
pub use requests::{ContextLine, DenyReason, PageCode, PendingRequest, RequestAction, RequestDetail};
pub(crate) use signer::Orphans;

use std::sync::Arc;

use requests::enrollment_id;

use crate::shared::Shared;
use crate::{ApiError, Authenticator, Change};

/// The desk for approvals. Polling, denying and reporting work while the vault is locked, where the inbox is open
/// ([`Authenticator::open_inbox`]); everything else needs it unlocked.
#[derive(uniffi::Object)]
pub struct Approvals {
    pub(super) shared: Arc<Shared>,
}

#[uniffi::export]
impl Authenticator {
    /// The desk for approvals.
    #[must_use]
    pub fn approvals(&self) -> Arc<Approvals> {
        Arc::new(Approvals { shared: self.shared.clone() })
    }
}

#[uniffi::export]
impl Approvals {
    /// All enrolments, by server and account; those of a restored backup say that they are to be renewed. Blocks: reads
    /// the disk.
    ///
    /// # Errors
    /// `Locked`, `Storage`. Enrolments that can't be read are left out, and named by the vault's report.
    pub fn enrollments(&self) -> Result<Vec<EnrollmentInfo>, ApiError> {
        let now = self.shared.now()?;
        let known = self.shared.with(|core| Ok(core.approvals().enrollments(now)?))?;
        Ok(known.into_iter().map(EnrollmentInfo::from).collect())
    }

    /// The requests that may be answered now, the one that ends first at the top. Blocks: reads the disk.
    ///
    /// # Errors
    /// `Locked`, `Storage`.
    pub fn requests(&self) -> Result<Vec<PendingRequest>, ApiError> {
        let now = self.shared.now()?;
        let waiting = self.shared.with(|core| Ok(core.approvals().requests(now)?))?;
        Ok(waiting.into_iter().map(PendingRequest::from).collect())
    }

    /// What was decided, the latest first: at most 50 answers of each enrolment. Blocks: reads the disk.
    ///
    /// # Errors
    /// `Locked`, `Storage`.
    pub fn history(&self) -> Result<Vec<HistoryEntry>, ApiError> {
        let history = self.shared.with(|core| Ok(core.approvals().history()?))?;
        Ok(history.into_iter().map(|(id, entry)| HistoryEntry::new(id, entry)).collect())
    }

    /// Forgets what was decided; what isn't confirmed is still sent, and stays until it is. Blocks: writes the disk.
    ///
    /// # Errors
    /// `Locked`, `Storage`.
    pub fn clear_history(&self) -> Result<(), ApiError> {
        self.shared.change(&[Change::History], |core| Ok(core.approvals().clear_history()?))
    }

    /// The person wants to hear of this server's requests again: of all enrolments there. Blocks: writes the disk.
    ///
    /// # Errors
    /// `InvalidInput` (`not-an-id`, `no-enrollment`), `Locked`, `Storage`.
    pub fn unmute(&self, enrollment: String) -> Result<(), ApiError> {
        let id = enrollment_id(&enrollment)?;
        self.shared.change(&[Change::Enrollments], |core| Ok(core.approvals().unmute(id)?))
    }

    /// Takes a challenge that was scanned from the page, for the enrolment that it is for. It is answered by
    /// [`Approvals::approve_offline`] alone. Blocks: writes the disk.
    ///
    /// # Errors
    /// `InvalidInput` (`no-enrollment`) where this device is enrolled nowhere; `Rejected` by the device: why the
    /// enrolment that it is for refuses it; `Locked`, `Storage`.
    pub fn scan_challenge(&self, text: String) -> Result<PendingRequest, ApiError> {
        let now = self.shared.now()?;
        let text = text.trim();
        self.shared.change(&[Change::Requests], |core| Ok(core.approvals().scan(text, now)?.into()))
    }

    /// Notes a wake-up by the 16 bytes that it carries: gives the enrolment to poll now, if it is one of ours and the
    /// last one was at least five seconds ago. Wake-ups prove nothing. Blocks: writes the disk.
    ///
    /// # Errors
    /// `Locked`, `Storage`.
    pub fn wake(&self, tag: Vec<u8>) -> Result<Option<String>, ApiError> {
        let now = self.shared.now()?;
        self.shared.with(|core| Ok(core.approvals().wake(&tag, now)?.map(|id| id.to_string())))
    }
}
