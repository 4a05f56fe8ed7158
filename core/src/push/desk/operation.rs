//! Polling, deciding, new keys, the end.

use std::fmt;

use super::keys::NewUv;
use super::{Approvals, Error, is_elsewhere};
use crate::push::jose::{SoftwareKey, Thumbprint};
use crate::push::model::{Decision, KeyHandle, KeyPlace, RequestId, Step};
use crate::push::native::messages::Amr;
use crate::push::native::phone::{PushChoice, Reply, Session, Task};
use crate::time::UnixTime;
use crate::vault::{self, PushId, UvPurpose, UvRoot};

/// How often an operation that has said nothing yet may begin anew.
const TRIES: u8 = 3;
/// Changes of a server's clock up to so many seconds are let pass: codes are good for thirty.
const CLOCK_NOISE: u32 = 2;

/// Something that is being done with an enrolment: the part that lies in memory. Dropping it forgets nothing that counts.
#[derive(Debug)]
pub struct Operation {
    pub(super) id: PushId,
    task: Task,
    /// It needs the vault unlocked: everything that more than possession answers for.
    approves: bool,
    /// It shows the eight digits.
    offline: bool,
    /// Software keys that the person has just opened, for this operation alone.
    pub(super) keys: Vec<SoftwareKey>,
    /// A new user-verification key, sealed: stored in the same transaction as the message that names it.
    fresh: Option<NewUv>,
    /// What waits for a key that the person has to open first.
    unsigned: Option<Unsigned>,
    /// How it begins anew where another program was faster, and how often it may.
    anew: Option<fn() -> Task>,
    tries: u8,
}

struct Unsigned {
    key: Thumbprint,
    message: Vec<u8>,
}

impl fmt::Debug for Unsigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsigned").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Operation {
    fn new(id: PushId, task: Task) -> Self {
        let (fresh, unsigned, anew, keys) = (None, None, None, Vec::new());
        Self { id, task, approves: false, offline: false, keys, fresh, unsigned, anew, tries: TRIES }
    }

    /// Changes keys, with a new software key where there is one.
    pub(super) fn change(id: PushId, task: Task, new: Option<(SoftwareKey, NewUv)>) -> Self {
        let (key, fresh) = new.unzip();
        Self { approves: true, keys: key.into_iter().collect(), fresh, ..Self::new(id, task) }
    }

    /// The enrolment.
    #[must_use]
    pub const fn id(&self) -> PushId {
        self.id
    }

    /// Asks for status and requests.
    #[must_use]
    pub fn poll(id: PushId) -> Self {
        Self { anew: Some(Task::poll), ..Self::new(id, Task::poll()) }
    }

    /// Sends again what isn't confirmed, byte for byte.
    #[must_use]
    pub fn resend(id: PushId) -> Self {
        Self { anew: Some(Task::resend), ..Self::new(id, Task::resend()) }
    }

    /// Answers a request.
    #[must_use]
    pub fn decide(id: PushId, request: RequestId, decision: Decision) -> Self {
        Self { approves: decision == Decision::Approve, ..Self::new(id, Task::decide(request, decision)) }
    }

    /// Approves, and verifies the person even where the request doesn't ask for it.
    #[must_use]
    pub fn approve_verified(id: PushId, request: RequestId) -> Self {
        Self { approves: true, ..Self::new(id, Task::approve_verified(request)) }
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

    pub(super) const fn is_offline(&self) -> bool {
        self.offline
    }

    /// Ends the enrolment at the server.
    #[must_use]
    pub fn remove(id: PushId) -> Self {
        Self { approves: true, ..Self::new(id, Task::remove()) }
    }
}

impl Operation {
    /// That of a software key that was opened for it.
    fn signature(&self, name: Thumbprint, message: &[u8]) -> Option<Vec<u8>> {
        let key = self.keys.iter().find(|key| key.public().thumbprint() == name)?;
        Some(key.sign(message).to_vec())
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
            root => {
                self.open_keys(operation, record.sealed_uv, root)?;
                match operation.unsigned.take() {
                    Some(Unsigned { key, message }) => {
                        Reply::Signature(operation.signature(key, &message).ok_or(Error::Renew)?)
                    }
                    None => Reply::Verified(verification.by),
                }
            }
        };
        self.next(operation, reply, now)
    }

    /// Goes on with the reply to the step before. Signatures of keys that are here are made here; what has changed is stored
    /// before the step is given back. A poll begins anew where another program has written meanwhile.
    ///
    /// # Errors
    /// [`Error`]. What was refused has changed nothing.
    pub fn next(&mut self, operation: &mut Operation, reply: Reply, now: UnixTime) -> Result<Step, Error> {
        if operation.approves {
            self.unlocked()?;
        }
        let mut reply = reply;
        loop {
            let step = match (self.turn(operation, reply, now), operation.anew) {
                (Err(Error::Vault(vault::Error::Changed)), Some(anew)) if operation.tries > 0 => {
                    operation.tries -= 1;
                    operation.task = anew();
                    reply = Reply::Begin;
                    continue;
                }
                (step, _) => step?,
            };
            if is_elsewhere(&step) {
                return Ok(step);
            }
            match step {
                Step::Sign { key: KeyHandle { place: KeyPlace::Software(key), .. }, message, .. } => {
                    let own = operation.task.own_signature();
                    match own.or_else(|| operation.signature(key, &message)) {
                        Some(signature) => reply = Reply::Signature(signature),
                        None => {
                            self.unlocked()?;
                            operation.unsigned = Some(Unsigned { key, message });
                            return Ok(Step::NeedsUserVerification);
                        }
                    }
                }
                Step::Done(outcome) => {
                    match self.afterwards(operation.id, now) {
                        // Done next time: what came of it is stored.
                        Ok(()) | Err(Error::Vault(vault::Error::Changed)) => return Ok(Step::Done(outcome)),
                        Err(error) => return Err(error),
                    }
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
        let mut changes = opened.changes();
        if opened.enrollment.is_changing()
            && let Some(fresh) = &operation.fresh
        {
            changes.push(self.place_new(operation.id, fresh)?);
        }
        self.commit(changes)?;
        if opened.enrollment.is_changing() {
            operation.fresh = None;
        }
        Ok(step?)
    }

    /// What follows from what the server said.
    fn afterwards(&mut self, id: PushId, now: UnixTime) -> Result<(), Error> {
        if !self.vault.is_unlocked() {
            return Ok(());
        }
        self.settle(id)?;
        self.follow_clock(id, now)?;
        self.replace_lost(id)
    }

    /// An enrolment's codes follow its server's clock, as its requests do; other accounts' codes don't.
    fn follow_clock(&mut self, id: PushId, now: UnixTime) -> Result<(), Error> {
        let Some(account) = self.vault.push(id)?.account else { return Ok(()) };
        let Some(millis) = self.open(id)?.verifier.offset_millis() else { return Ok(()) };
        let seconds = millis.saturating_add(500).div_euclid(1000).clamp(-86_400, 86_400);
        let seconds = i32::try_from(seconds).unwrap_or(0);
        match self.vault.account(account) {
            // What a network's delay makes of it isn't worth a write.
            Ok(known) if known.clock_offset.abs_diff(seconds) > CLOCK_NOISE => {
                Ok(self.vault.set_clock_offset(account, seconds, now)?)
            }
            Ok(_) | Err(vault::Error::NotFound(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
