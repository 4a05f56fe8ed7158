//! Asking servers, and sending again what they haven't confirmed.

use std::sync::Arc;

use countersign_core::push::desk::{self, Known};
use countersign_core::push::model::{Outcome, Step};
use countersign_core::vault::PushId;

use super::records::unexpected;
use super::requests::enrollment_id;
use super::walk::Walk;
use super::{Approvals, HistoryEntry, PendingRequest, PersonCheck, Polled, Resent};
use crate::{ApiError, Change, Operation, SignReason};

/// What a list shows of an enrolment, and how far its codes are ahead.
#[derive(PartialEq)]
struct Look {
    known: Known,
    clock: Option<i32>,
}

#[uniffi::export]
impl Approvals {
    /// Asks an enrolment's server where it stands and what it asks; sends before what isn't confirmed. Asks no person,
    /// and works while the vault is locked, where the inbox is open. Async: waits for the network.
    ///
    /// # Errors
    /// `Network`, `Rejected`, `KeysGone`, `InvalidInput` (`no-enrollment`), `NotSupported` (`no-port`), `Cancelled`,
    /// `Locked`, `Storage`.
    pub async fn poll(&self, enrollment: String, operation: Option<Arc<Operation>>) -> Result<Polled, ApiError> {
        let id = enrollment_id(&enrollment)?;
        let run = self.shared.begin(operation)?;
        let mut walk = Walk::with(&self.shared, &run, id, SignReason::ChangeKeys, &[])?.silent();
        let (before, handles) = (self.look(id)?, self.shared.handles(id)?);
        let mut resent = Resent::default();
        let polled = async {
            match walk.resend(id, &mut resent, None).await {
                // It has said something that counts: what it was about is over.
                Ok(()) | Err(ApiError::Rejected { .. }) => {}
                // It needs a key of the locked vault, which polling doesn't.
                Err(ApiError::Locked { .. }) if run.check().is_ok() => {}
                Err(error) => return Err(error),
            }
            walk.poll(id).await
        };
        let polled = polled.await;
        self.tell(id, &before, &resent, &polled);
        self.shared.tidy(&run, id, handles).await;
        polled.map(|polled| Polled { confirmed: resent.confirmed, ..polled })
    }

    /// Sends what isn't confirmed once more, byte for byte, until nothing is left. A check is needed only where the
    /// server wants new keys' message with another time in it (`check-needed`). Async: waits for the network, seldom
    /// for the person.
    ///
    /// # Errors
    /// As [`Approvals::poll`]; what was confirmed before an error stands in the history.
    pub async fn resend(
        &self,
        enrollment: String,
        check: Option<PersonCheck>,
        operation: Option<Arc<Operation>>,
    ) -> Result<Resent, ApiError> {
        let id = enrollment_id(&enrollment)?;
        let run = self.shared.begin(operation)?;
        const CHANGES: &[Change] = &[Change::Requests, Change::History, Change::Enrollments];
        let mut walk = Walk::with(&self.shared, &run, id, SignReason::ChangeKeys, CHANGES)?;
        let handles = self.shared.handles(id)?;
        let mut resent = Resent::default();
        let done = walk.resend(id, &mut resent, check.as_ref()).await;
        self.shared.tidy(&run, id, handles).await;
        done.map(|()| resent)
    }
}

impl Approvals {
    fn look(&self, id: PushId) -> Result<Look, ApiError> {
        let now = self.shared.now()?;
        self.shared.with(|core| {
            let known = core.approvals().enrollment(id, now)?;
            let codes = known.codes.and_then(|account| core.accounts().account(account).ok());
            let clock = codes.map(|account| account.clock_offset);
            // Every answer moves these two a little.
            Ok(Look { known: Known { heard: None, offset_millis: None, ..known }, clock })
        })
    }

    /// Tells what a poll has changed, and nothing else: polls are frequent.
    fn tell(&self, id: PushId, before: &Look, resent: &Resent, polled: &Result<Polled, ApiError>) {
        let mut changes = Vec::new();
        match self.look(id) {
            Ok(after) if after == *before => {}
            Ok(after) if after.clock != before.clock => changes.extend([Change::Enrollments, Change::Accounts]),
            _ => changes.push(Change::Enrollments),
        }
        let differs = polled.as_ref().is_ok_and(|polled| !polled.new.is_empty() || !polled.closed.is_empty());
        if differs || !resent.confirmed.is_empty() {
            changes.push(Change::Requests);
        }
        if !resent.confirmed.is_empty() || before.known.unconfirmed {
            changes.push(Change::History);
        }
        if !changes.is_empty() {
            self.shared.changes.tell(&changes);
        }
    }
}

impl Walk<'_> {
    /// Sends everything that isn't confirmed, up to what somebody has to be asked for where nobody may be.
    pub(super) async fn resend(
        &mut self,
        id: PushId,
        resent: &mut Resent,
        check: Option<&PersonCheck>,
    ) -> Result<(), ApiError> {
        loop {
            let mut task = desk::Operation::resend(id);
            let step = self.begin(&mut task)?;
            let step = match check {
                None if self.is_silent() => self.carry(&mut task, step).await?,
                check => self.finish(&mut task, step, check).await?,
            };
            match step {
                Step::Done(Outcome::Answered(entry)) => resent.confirmed.push(HistoryEntry::new(id, entry)),
                Step::Done(Outcome::Changed { status }) => resent.status = Some(status.into()),
                Step::Done(Outcome::Nothing) => return Ok(()),
                _ if self.is_silent() => return Ok(()),
                _ => return Err(unexpected()),
            }
        }
    }

    async fn poll(&mut self, id: PushId) -> Result<Polled, ApiError> {
        let mut task = desk::Operation::poll(id);
        let step = self.begin(&mut task)?;
        match self.carry(&mut task, step).await? {
            Step::Done(Outcome::Polled { status, refused, new, closed }) => Ok(Polled {
                status: status.into(),
                new: new.into_iter().map(|request| PendingRequest::new(id, request)).collect(),
                closed: closed.iter().map(ToString::to_string).collect(),
                refused: u32::try_from(refused).unwrap_or(u32::MAX),
                confirmed: Vec::new(),
            }),
            _ => Err(unexpected()),
        }
    }
}
