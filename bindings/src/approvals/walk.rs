//! An operation's steps, one after the other: core says what is next, the platform does it. Core is asked between two
//! of them and never while one of them waits.

use countersign_core::push::desk::{self, Operation, Verification};
use countersign_core::push::model::{KeyPurpose, Step};
use countersign_core::push::native::phone::{self, Reply};
use countersign_core::time::UnixTime;
use countersign_core::vault::{PushId, UvRoot};

use super::check::PersonCheck;
use super::network::trouble;
use super::records::unexpected;
use super::signer::Made;
use crate::running::Run;
use crate::shared::Shared;
use crate::{ApiError, Change, HttpError, SignReason};

/// What one call does with an enrolment.
pub(super) struct Walk<'a> {
    pub(super) shared: &'a Shared,
    pub(super) run: &'a Run<'a>,
    /// What a prompt says.
    pub(super) reason: SignReason,
    pub(super) server: String,
    pub(super) account: String,
    /// Whom each step is told to.
    changes: &'static [Change],
    /// The last request's failure.
    pub(super) trouble: Option<HttpError>,
    /// Nobody is asked: what needs a person is left undone.
    silent: bool,
    /// Opened once for all steps.
    root: Option<UvRoot>,
    /// New keys of the platform's that aren't stored.
    pub(super) made: Made<'a>,
}

impl<'a> Walk<'a> {
    /// At a server that nothing but the address is known of.
    pub(super) fn to(
        shared: &'a Shared,
        run: &'a Run<'a>,
        host: String,
        changes: &'static [Change],
    ) -> Result<Self, ApiError> {
        // Before anybody is asked for a password.
        if shared.platform()?.http.is_none() {
            return Err(ApiError::no_port("network"));
        }
        let (reason, account) = (SignReason::Enroll, String::new());
        let made = Made::none(shared);
        let (trouble, root) = (None, None);
        Ok(Self { shared, run, reason, server: host, account, changes, trouble, silent: false, root, made })
    }

    /// With an enrolment.
    pub(super) fn with(
        shared: &'a Shared,
        run: &'a Run<'a>,
        id: PushId,
        reason: SignReason,
        changes: &'static [Change],
    ) -> Result<Self, ApiError> {
        let now = shared.now()?;
        let known = shared.with(|core| Ok(core.approvals().enrollment(id, now)?))?;
        Ok(Self { reason, account: known.account, ..Self::to(shared, run, known.server, changes)? })
    }

    /// Nobody is asked, and nobody hears of single steps.
    pub(super) fn silent(self) -> Self {
        Self { silent: true, changes: &[], ..self }
    }

    pub(super) const fn is_silent(&self) -> bool {
        self.silent
    }

    /// Goes on with what came from outside. What was signed is taken whatever happened meanwhile: it has to be stored.
    pub(super) fn step<T>(
        &self,
        work: impl FnOnce(&mut desk::Approvals<'_>, UnixTime) -> Result<T, desk::Error>,
    ) -> Result<T, ApiError> {
        let now = self.shared.now()?;
        let done = self.shared.with(|core| Ok(work(&mut core.approvals(), now)))?;
        // Also where it failed: a refusal ends what it is about.
        self.shared.changes.tell(self.changes);
        done.map_err(|error| self.told(error))
    }

    /// Goes on unless it was ended meanwhile: after this step something may be signed.
    pub(super) fn act<T>(
        &self,
        work: impl FnOnce(&mut desk::Approvals<'_>, UnixTime) -> Result<T, desk::Error>,
    ) -> Result<T, ApiError> {
        let now = self.shared.now()?;
        let done = self.shared.with(|core| {
            self.run.check()?;
            Ok(work(&mut core.approvals(), now))
        })?;
        self.shared.changes.tell(self.changes);
        done.map_err(|error| self.told(error))
    }

    fn told(&self, error: desk::Error) -> ApiError {
        match (error, self.trouble) {
            (desk::Error::Protocol(phone::Error::Network), Some(why)) => trouble(why),
            (error, _) => error.into(),
        }
    }

    pub(super) fn begin(&self, operation: &mut Operation) -> Result<Step, ApiError> {
        self.act(|desk, now| desk.begin(operation, now))
    }

    /// Carries steps that need the network and silent keys, and where somebody may be asked, the platform's other ones.
    pub(super) async fn carry(&mut self, operation: &mut Operation, mut step: Step) -> Result<Step, ApiError> {
        loop {
            let reply = match step {
                Step::Send(request) => Reply::Arrived(self.send(request).await?),
                Step::Sign { key, message, prompt } if key.purpose == KeyPurpose::Possession || !self.silent => {
                    Reply::Signature(self.sign(key, message, prompt).await?)
                }
                step => return Ok(step),
            };
            step = self.step(|desk, now| desk.next(operation, reply, now))?;
        }
    }

    /// Carries steps to the end, and verifies the person where that is needed.
    pub(super) async fn finish(
        &mut self,
        operation: &mut Operation,
        mut step: Step,
        check: Option<&PersonCheck>,
    ) -> Result<Step, ApiError> {
        loop {
            step = match self.carry(operation, step).await? {
                Step::NeedsUserVerification => self.verify(operation, check).await?,
                step => return Ok(step),
            };
        }
    }

    /// Verifies the person.
    pub(super) async fn verify(
        &mut self,
        operation: &mut Operation,
        check: Option<&PersonCheck>,
    ) -> Result<Step, ApiError> {
        let check = check.ok_or_else(|| ApiError::input("check", "the person has to be verified", "check-needed"))?;
        let by = check.methods()?;
        if self.root.is_none() {
            let needed = self.shared.with(|core| Ok(core.approvals().needs_root(operation)?))?;
            self.root = check.root_where(needed, self.shared, self.run).await?;
        }
        let root = self.root.as_ref();
        self.act(|desk, now| desk.verified(operation, Verification { root, by }, now))
    }

    /// Opens the user-verification root, for this and all later steps.
    pub(super) async fn open_root(&mut self, check: &PersonCheck) -> Result<(), ApiError> {
        self.root = Some(check.root(self.shared, self.run).await?);
        Ok(())
    }

    pub(super) fn root(&self) -> Result<&UvRoot, ApiError> {
        self.root.as_ref().ok_or_else(unexpected)
    }
}
