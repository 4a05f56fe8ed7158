//! Answering requests.

use std::sync::Arc;

use countersign_core::push::desk;
use countersign_core::push::model::{self, Outcome, Step};
use countersign_core::push::native::phone::Reply;

use super::records::unexpected;
use super::requests::{enrollment_id, request_id};
use super::walk::Walk;
use super::{Approvals, HistoryEntry, OfflineCode, PersonCheck};
use crate::{ApiError, Change, Operation, SignReason};

/// What an answer changes: the server's guard against too many denials stands with the enrolments.
const ANSWERED: &[Change] = &[Change::Requests, Change::History, Change::Enrollments];

#[uniffi::export]
impl Approvals {
    /// Approves a request, after the person has seen all of it, with what they found on the page. Where a check is
    /// given, the person is verified, also where the request doesn't ask for it. Async: waits for the network and the
    /// person; blocks while a key is derived from a password.
    ///
    /// Ended before the answer is signed, it has done nothing. `Network`, or ended later: the answer is kept and sent
    /// again, by [`Approvals::resend`] or the next poll, and the history says `Unconfirmed`.
    ///
    /// # Errors
    /// `InvalidInput` (`code-needed`, `not-the-digits` for what can't be them, `check-needed`, `no-request`,
    /// `request-ended`, `no-method`), `WrongPassword`, `KeysGone` (`enroll-again` and others), `Network` (also
    /// `earlier-unconfirmed`), `Rejected`, `Cancelled`, `Locked`, `Storage`. That the digits were wrong is no error:
    /// the server says it ([`Confirmation::WrongCode`]).
    ///
    /// [`Confirmation::WrongCode`]: crate::Confirmation::WrongCode
    pub async fn approve(
        &self,
        enrollment: String,
        request: String,
        code: Option<String>,
        check: Option<PersonCheck>,
        operation: Option<Arc<Operation>>,
    ) -> Result<HistoryEntry, ApiError> {
        let (id, request) = (enrollment_id(&enrollment)?, request_id(&request)?);
        let task = match check {
            Some(_) => desk::Operation::approve_verified(id, request),
            None => desk::Operation::decide(id, request, model::Decision::Approve),
        };
        self.answer(task, code, check, operation).await
    }

    /// Turns a request down. Works while the vault is locked. Async: waits for the network. Kept and sent again as an
    /// approval.
    ///
    /// # Errors
    /// `InvalidInput` (`no-request`, `request-ended`), `Network`, `Rejected`, `KeysGone`, `Cancelled`, `Locked`,
    /// `Storage`.
    pub async fn deny(
        &self,
        enrollment: String,
        request: String,
        operation: Option<Arc<Operation>>,
    ) -> Result<HistoryEntry, ApiError> {
        let task = desk::Operation::decide(enrollment_id(&enrollment)?, request_id(&request)?, model::Decision::Deny);
        self.answer(task, None, None, operation).await
    }

    /// "It wasn't me": the server freezes the enrolment until its operator has looked. Also after an answer, until the
    /// request ends. Works while the vault is locked. Async: waits for the network. Kept and sent again as an approval.
    ///
    /// # Errors
    /// As [`Approvals::deny`].
    pub async fn report(
        &self,
        enrollment: String,
        request: String,
        operation: Option<Arc<Operation>>,
    ) -> Result<HistoryEntry, ApiError> {
        let task = desk::Operation::decide(enrollment_id(&enrollment)?, request_id(&request)?, model::Decision::Report);
        self.answer(task, None, None, operation).await
    }

    /// The digits that approve a scanned request: the person types them into the page, which needs no network. Where
    /// there is one, [`Approvals::poll`] afterwards says where the enrolment stands. May be asked for again until the
    /// request ends. Async: waits for the person; blocks while a key is derived from a password.
    ///
    /// # Errors
    /// `InvalidInput` (`no-request`, `request-ended`, `no-method`, `no-such-slot`), `WrongPassword`, `KeysGone`,
    /// `Rejected` (`message-out-of-time` where too long nothing was heard of the server), `Cancelled`, `Locked`,
    /// `Storage`.
    pub async fn approve_offline(
        &self,
        enrollment: String,
        request: String,
        check: PersonCheck,
        operation: Option<Arc<Operation>>,
    ) -> Result<OfflineCode, ApiError> {
        let (id, request) = (enrollment_id(&enrollment)?, request_id(&request)?);
        let run = self.shared.begin(operation)?;
        let mut walk = Walk::with(&self.shared, &run, id, SignReason::Approve, ANSWERED)?;
        let mut task = desk::Operation::digits(id, request);
        let Step::NeedsUserVerification = walk.begin(&mut task)? else { return Err(unexpected()) };
        match walk.verify(&mut task, Some(&check)).await? {
            Step::ShowCode { digits, until } => Ok(OfflineCode { digits, until_ms: until.millis() }),
            _ => Err(unexpected()),
        }
    }
}

impl Approvals {
    async fn answer(
        &self,
        mut task: desk::Operation,
        code: Option<String>,
        check: Option<PersonCheck>,
        operation: Option<Arc<Operation>>,
    ) -> Result<HistoryEntry, ApiError> {
        let run = self.shared.begin(operation)?;
        let id = task.id();
        let mut walk = Walk::with(&self.shared, &run, id, SignReason::Approve, ANSWERED)?;
        let mut step = walk.begin(&mut task)?;
        if matches!(step, Step::NeedsCode { .. } | Step::ChooseCode { .. }) {
            let code =
                code.ok_or_else(|| ApiError::input("code", "what the page shows is needed to approve", "code-needed"))?;
            let code = Reply::Code(code.trim().to_owned());
            step = walk.act(|desk, now| desk.next(&mut task, code, now))?;
        }
        match walk.finish(&mut task, step, check.as_ref()).await? {
            Step::Done(Outcome::Answered(entry)) => Ok(HistoryEntry::new(id, entry)),
            _ => Err(unexpected()),
        }
    }
}
