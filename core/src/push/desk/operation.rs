//! Polling, deciding, new keys, the end.

use super::rows::NEW_UV;
use super::{Approvals, Error, is_elsewhere};
use crate::push::jose::SoftwareKey;
use crate::push::model::{Decision, KeyPlace, Outcome, RequestId, Step};
use crate::push::native::messages::Amr;
use crate::push::native::phone::{self, OwnKey, PushChoice, Reply, Session, Task};
use crate::secret::SecretBytes;
use crate::time::UnixTime;
use crate::vault::{InboxChange, PushId, UvPurpose, UvRoot};

/// Something that is being done with an enrolment: the part that lies in memory. Dropping it forgets nothing that counts.
#[derive(Debug)]
pub struct Operation {
    id: PushId,
    task: Task,
    /// It approves: never while the vault is locked.
    approves: bool,
    /// It shows the eight digits.
    offline: bool,
    /// Software keys that the person has just opened, for this operation alone.
    keys: Vec<SoftwareKey>,
}

impl Operation {
    fn new(id: PushId, task: Task) -> Self {
        Self { id, task, approves: false, offline: false, keys: Vec::new() }
    }

    /// The enrolment.
    #[must_use]
    pub const fn id(&self) -> PushId {
        self.id
    }

    /// Asks for status and requests.
    #[must_use]
    pub fn poll(id: PushId) -> Self {
        Self::new(id, Task::poll())
    }

    /// Sends again what isn't confirmed, byte for byte.
    #[must_use]
    pub fn resend(id: PushId) -> Self {
        Self::new(id, Task::resend())
    }

    /// Answers a request.
    #[must_use]
    pub fn decide(id: PushId, request: RequestId, decision: Decision) -> Self {
        Self { approves: decision == Decision::Approve, ..Self::new(id, Task::decide(request, decision)) }
    }

    /// Shows the eight digits that approve a scanned request.
    #[must_use]
    pub fn digits(id: PushId, request: RequestId) -> Self {
        Self { approves: true, offline: true, ..Self::new(id, Task::digits(request)) }
    }

    /// Registers another push address.
    #[must_use]
    pub fn push(id: PushId, choice: PushChoice) -> Self {
        Self::new(id, Task::push(choice))
    }

    /// Ends the enrolment at the server.
    #[must_use]
    pub fn remove(id: PushId) -> Self {
        Self { approves: true, ..Self::new(id, Task::remove()) }
    }
}

/// That the person was verified, just now.
#[derive(Debug)]
pub struct Verification<'a> {
    /// What opens the keys that are sealed in the vault; none where the platform has them all.
    pub root: Option<&'a UvRoot>,
    /// How: PIN, password, fingerprint, face; at least one.
    pub by: Vec<Amr>,
}

impl Approvals<'_> {
    /// New keys for an enrolment, made in software; both old and new ones are kept until the server has confirmed.
    ///
    /// # Errors
    /// [`Error`].
    pub fn rotate(&mut self, id: PushId, root: &UvRoot) -> Result<Operation, Error> {
        self.unlocked()?;
        let uv = SoftwareKey::make(&*self.entropy)?;
        let secret = SecretBytes::from(uv.secret().as_slice());
        let sealed = SecretBytes::from(root.seal(self.vault, id, UvPurpose::Signing, &secret)?);
        let change = match self.inbox()?.row(id, NEW_UV)? {
            Some(row) => InboxChange::replace(&row, sealed),
            None => InboxChange::add(id, NEW_UV, sealed),
        };
        self.commit(vec![change])?;
        let task = Task::rotate(Some(OwnKey::make(&*self.entropy)?), Some(OwnKey::apart(uv.public())));
        Ok(Operation { approves: true, keys: vec![uv], ..Operation::new(id, task) })
    }

    /// Begins an operation: gives its first step.
    ///
    /// # Errors
    /// As [`Approvals::next`].
    pub fn begin(&mut self, operation: &mut Operation, now: UnixTime) -> Result<Step, Error> {
        self.next(operation, Reply::Begin, now)
    }

    /// Goes on after [`Step::NeedsUserVerification`].
    ///
    /// # Errors
    /// [`Error::Renew`] if the key can't be opened any more; otherwise as [`Approvals::next`].
    pub fn verified(
        &mut self,
        operation: &mut Operation,
        verification: Verification<'_>,
        now: UnixTime,
    ) -> Result<Step, Error> {
        let record = self.vault.push(operation.id)?.clone();
        let reply = match verification.root {
            Some(root) if operation.offline => {
                let sealed = record.sealed_offline.ok_or(Error::Renew)?;
                Reply::OfflineKey(root.open(self.vault, operation.id, UvPurpose::Offline, &sealed)?)
            }
            Some(root) => {
                let new = self.inbox()?.row(operation.id, NEW_UV)?.map(|row| row.bytes.expose().to_vec());
                for sealed in record.sealed_uv.into_iter().chain(new) {
                    let key = self.software_key(operation.id, root, &sealed)?;
                    operation.keys.push(key);
                }
                Reply::Verified(verification.by)
            }
            None => Reply::Verified(verification.by),
        };
        self.next(operation, reply, now)
    }

    /// Goes on with the reply to the step before. Signatures of keys that are here are made here; what has changed is stored
    /// before the step is given back.
    ///
    /// # Errors
    /// [`Error`]. What was refused has changed nothing.
    pub fn next(&mut self, operation: &mut Operation, reply: Reply, now: UnixTime) -> Result<Step, Error> {
        if operation.approves {
            self.unlocked()?;
        }
        let mut reply = reply;
        loop {
            let step = self.turn(operation, reply, now)?;
            if is_elsewhere(&step) {
                return Ok(step);
            }
            match step {
                Step::Sign { key, message, .. } => {
                    let own = operation.task.own_signature();
                    let apart = || match key.place {
                        KeyPlace::Software(name) => {
                            let key = operation.keys.iter().find(|key| key.public().thumbprint() == name);
                            key.map(|key| key.sign(&message).to_vec())
                        }
                        KeyPlace::Platform(_) => None,
                    };
                    reply = Reply::Signature(own.or_else(apart).ok_or(Error::Renew)?);
                }
                Step::Done(outcome) => {
                    if matches!(outcome, Outcome::Changed { .. }) {
                        self.settle(operation.id)?;
                    }
                    return Ok(Step::Done(outcome));
                }
                step => return Ok(step),
            }
        }
    }

    fn turn(&mut self, operation: &mut Operation, reply: Reply, now: UnixTime) -> Result<Step, Error> {
        let mut opened = self.open(operation.id)?;
        let entropy = self.entropy.clone();
        let session =
            Session { enrollment: &mut opened.enrollment, verifier: &mut opened.verifier, now, entropy: &*entropy };
        let step = operation.task.next(session, reply);
        self.commit(opened.changes())?;
        Ok(step?)
    }

    /// Puts a new user-verification key in its place once the server has confirmed it; also after a crash in between.
    ///
    /// # Errors
    /// [`Error`].
    pub fn settle(&mut self, id: PushId) -> Result<(), Error> {
        if !self.vault.is_unlocked() {
            return Ok(());
        }
        let opened = self.open(id)?;
        let Some(row) = self.inbox()?.row(id, NEW_UV)? else { return Ok(()) };
        if opened.enrollment.is_unconfirmed() {
            return Ok(());
        }
        let sealed = row.bytes.expose().to_vec();
        self.vault.change_push(id, vec![InboxChange::delete(&row)], |record| {
            record.sealed_uv = Some(sealed);
            Ok(())
        })?;
        Ok(())
    }

    /// Forgets an enrolment on this device for good. At the server it stays, unless that has removed it.
    ///
    /// # Errors
    /// [`Error`].
    pub fn forget(&mut self, id: PushId) -> Result<(), Error> {
        let place = match self.open(id) {
            Ok(opened) => Some((opened.enrollment.place().0.to_owned(), opened.enrollment.place().1)),
            Err(Error::NoEnrollment | Error::Renew | Error::Protocol(phone::Error::Unreadable)) => None,
            Err(error) => return Err(error),
        };
        self.vault.remove_push(id)?;
        if let Some((base, identity)) = place {
            self.forget_verifier(&base, identity)?;
        }
        Ok(())
    }
}
