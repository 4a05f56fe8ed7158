//! An operation on an enrolment: [`Step`]s out, [`Reply`]s in, until [`Step::Done`] or an error.
//!
//! A task lies in memory alone. What has to outlast it stands in the [`Enrollment`] and the [`Verifier`]: **after every call,
//! also one that ends in an error, whoever drives it stores both where they have changed, before the step is carried out.** A
//! task that was lost on the way is begun anew: [`Task::resend`] sends what is not confirmed, byte for byte.

use std::fmt;

use super::answer::{Answering, Verifying};
use super::change::{Plan, PushChoice};
use super::enrollment::Enrollment;
use super::error::Error;
use super::hear::{self, Expected, Heard, hear, hear_again};
use super::keys::OwnKey;
use super::verifier::{LONGEST_ANSWER, Verifier};
use crate::entropy::{Entropy, random};
use crate::push::jose::{Draft, MessageHash, encode};
use crate::push::model::{Arrival, Decision, HttpRequest, KeyPurpose, Method, Outcome, Request, RequestId, Step};
use crate::push::native::messages::{Amr, ErrorCode};
use crate::secret::SecretBytes;
use crate::time::UnixTime;

/// What a task works on.
pub struct Session<'a> {
    /// The enrolment.
    pub enrollment: &'a mut Enrollment,
    /// Its verifier.
    pub verifier: &'a mut Verifier,
    /// This device's clock.
    pub now: UnixTime,
    /// Randomness.
    pub entropy: &'a dyn Entropy,
}

impl fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("enrollment", &self.enrollment).finish_non_exhaustive()
    }
}

/// What a task is told.
#[derive(Debug)]
pub enum Reply {
    /// Begin.
    Begin,
    /// The digits that the person typed, for [`Step::NeedsCode`].
    Code(String),
    /// How the person was verified, for [`Step::NeedsUserVerification`]: PIN, password, fingerprint, face; at least one.
    Verified(Vec<Amr>),
    /// The person was verified, and this is the key of offline approvals, for [`Step::NeedsUserVerification`] of
    /// [`Task::digits`].
    OfflineKey(SecretBytes),
    /// For [`Step::Sign`]: 64 bytes, or DER of a P-256 key.
    Signature(Vec<u8>),
    /// The digits were shown, for [`Step::ShowCode`].
    Shown,
    /// What came back, for [`Step::Send`].
    Arrived(Arrival),
}

/// An operation on an enrolment.
pub struct Task {
    pub(super) state: State,
    /// A signed error made it poll: it ends in that error.
    pub(super) told: Option<ErrorCode>,
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Ready(_) => "Task(ready)",
            State::Code(_) => "Task(code)",
            State::Verify(_) => "Task(user verification)",
            State::Sign(_) => "Task(signature)",
            State::Sent(_) => "Task(answer)",
            State::Shown => "Task(digits)",
            State::Over => "Task(over)",
        })
    }
}

pub(super) enum State {
    Ready(Wish),
    Code(Answering),
    Verify(Verifying),
    Sign(Box<Unsigned>),
    Sent(Box<Exchange>),
    Shown,
    Over,
}

pub(super) enum Wish {
    Poll,
    Push(PushChoice),
    Decide { request: RequestId, decision: Decision, with_uv: bool },
    Digits(RequestId),
    Change(Box<Plan>),
    Resend,
}

/// A message that waits for its signature.
pub(super) struct Unsigned {
    pub(super) draft: Draft,
    pub(super) key: OwnKey,
    pub(super) purpose: KeyPurpose,
    pub(super) then: Then,
}

/// What a signed message is for.
pub(super) enum Then {
    /// To go with a request by proof.
    Prove(Proven),
    /// To be sent as an answer.
    Answer(Box<Answering>),
    /// To stand inside a rotation.
    Nest(Plan),
    /// To change keys or to end.
    Change(Plan),
}

/// A request by proof.
#[derive(Clone)]
pub(super) struct Proven {
    /// A new push address's JSON; none to fetch challenges.
    pub(super) body: Option<String>,
    /// The verifier has refused the clock of the one before.
    pub(super) again: bool,
}

/// A request that is on its way.
pub(super) struct Exchange {
    pub(super) what: What,
    pub(super) re: MessageHash,
    /// It went out for the first time.
    pub(super) first: bool,
    /// What came back, while metadata is fetched to judge it by.
    pub(super) held: Option<Arrival>,
}

#[derive(Clone)]
pub(super) enum What {
    Proven(Proven),
    Answer,
    Change { again: bool },
}

/// Copies that a task works on, and what it leaves behind where it fails.
pub(super) struct Work<'a> {
    pub(super) enrollment: Enrollment,
    pub(super) verifier: Verifier,
    kept: Verifier,
    pub(super) now: UnixTime,
    pub(super) entropy: &'a dyn Entropy,
}

/// A step, or an error that leaves its traces.
pub(super) enum Turn {
    Step(Step),
    Told(ErrorCode),
}

impl Task {
    const fn new(wish: Wish) -> Self {
        Self { state: State::Ready(wish), told: None }
    }

    /// Asks for the enrolment's status and challenges. Ends in [`Outcome::Polled`].
    #[must_use]
    pub const fn poll() -> Self {
        Self::new(Wish::Poll)
    }

    /// Answers a request. Asks for what it needs, and ends in [`Outcome::Answered`].
    #[must_use]
    pub const fn decide(request: RequestId, decision: Decision) -> Self {
        Self::new(Wish::Decide { request, decision, with_uv: false })
    }

    /// Approves, and verifies the person even where the request doesn't ask for it. Ends in [`Outcome::Answered`].
    #[must_use]
    pub const fn approve_verified(request: RequestId) -> Self {
        Self::new(Wish::Decide { request, decision: Decision::Approve, with_uv: true })
    }

    /// Shows the eight digits that approve a scanned request, and polls. Ends in [`Outcome::Polled`].
    #[must_use]
    pub const fn digits(request: RequestId) -> Self {
        Self::new(Wish::Digits(request))
    }

    /// Registers another push address. Ends in [`Outcome::Changed`].
    #[must_use]
    pub const fn push(choice: PushChoice) -> Self {
        Self::new(Wish::Push(choice))
    }

    /// Changes keys, at least one. Both old and new keys are to be kept until it ends in [`Outcome::Changed`].
    #[must_use]
    pub fn rotate(possession: Option<OwnKey>, uv: Option<OwnKey>) -> Self {
        Self::new(Wish::Change(Box::new(Plan::rotate(possession, uv))))
    }

    /// Ends the enrolment. Ends in [`Outcome::Changed`].
    #[must_use]
    pub fn remove() -> Self {
        Self::new(Wish::Change(Box::new(Plan::remove())))
    }

    /// Sends the first thing that isn't confirmed once more, the same bytes. Ends as that would, or in
    /// [`Outcome::Nothing`].
    #[must_use]
    pub const fn resend() -> Self {
        Self::new(Wish::Resend)
    }

    /// The signature that the last [`Step::Sign`] asks for, where the key's secret stands in the state itself.
    #[must_use]
    pub fn own_signature(&self) -> Option<Vec<u8>> {
        match &self.state {
            State::Sign(unsigned) => unsigned.key.sign(unsigned.draft.message()).map(|signature| signature.to_vec()),
            _ => None,
        }
    }

    /// Goes on with the reply to the step before. An error ends the task, but for [`Error::Code`].
    ///
    /// # Errors
    /// [`Error`]. Where what came back is refused, the enrolment is as it was before.
    pub fn next(&mut self, session: Session<'_>, reply: Reply) -> Result<Step, Error> {
        if !session.enrollment.is_at(session.verifier) {
            return Err(Error::OutOfStep);
        }
        let mut work = Work {
            enrollment: session.enrollment.clone(),
            verifier: session.verifier.clone(),
            kept: session.verifier.clone(),
            now: session.now,
            entropy: session.entropy,
        };
        let turn = self.turn(&mut work, reply);
        match turn {
            Ok(turn) => {
                work.enrollment.sweep(work.verifier.time(work.now));
                *session.enrollment = work.enrollment;
                *session.verifier = work.verifier;
                match (turn, self.told) {
                    (Turn::Step(Step::Done(_)) | Turn::Told(_), Some(code)) | (Turn::Told(code), None) => {
                        Err(Error::Verifier(code))
                    }
                    (Turn::Step(step), _) => Ok(step),
                }
            }
            Err(error) => {
                *session.verifier = work.kept;
                Err(self.told.map_or(error, Error::Verifier))
            }
        }
    }

    fn turn(&mut self, work: &mut Work<'_>, reply: Reply) -> Result<Turn, Error> {
        match (std::mem::replace(&mut self.state, State::Over), reply) {
            (State::Ready(wish), Reply::Begin) => self.begin(work, wish),
            (State::Code(answering), Reply::Code(code)) => self.code(work, answering, &code),
            (State::Verify(verifying), reply) => self.verified(work, verifying, reply),
            (State::Sign(unsigned), Reply::Signature(signature)) => self.signed(work, *unsigned, &signature),
            (State::Sent(exchange), Reply::Arrived(arrival)) => self.arrived(work, *exchange, arrival),
            (State::Shown, Reply::Shown) => self.prove(work, Proven { body: None, again: false }),
            _ => Err(Error::OutOfStep),
        }
    }

    fn begin(&mut self, work: &mut Work<'_>, wish: Wish) -> Result<Turn, Error> {
        match wish {
            Wish::Poll => self.prove(work, Proven { body: None, again: false }),
            Wish::Push(choice) => self.begin_push(work, &choice),
            Wish::Decide { request, decision, with_uv } => self.begin_answer(work, request, decision, with_uv),
            Wish::Digits(request) => self.begin_digits(work, request),
            Wish::Change(plan) => self.begin_change(work, *plan),
            Wish::Resend => self.begin_again(work),
        }
    }

    fn begin_again(&mut self, work: &Work<'_>) -> Result<Turn, Error> {
        let enrollment = &work.enrollment;
        match (enrollment.answers.first(), &enrollment.change) {
            (Some(answer), _) => self.post(work, What::Answer, &answer.text, false),
            (None, Some(change)) => self.post(work, What::Change { again: false }, &change.text, false),
            (None, None) => Ok(Turn::Step(Step::Done(Outcome::Nothing))),
        }
    }

    fn signed(&mut self, work: &mut Work<'_>, unsigned: Unsigned, signature: &[u8]) -> Result<Turn, Error> {
        let Unsigned { draft, key, then, .. } = unsigned;
        let signature = key.accept(draft.message(), signature)?;
        let (re, text) = (draft.hash(), draft.signed(&signature));
        match then {
            Then::Prove(proven) => {
                let request = work.proven(&proven, &text);
                Ok(self.send(Exchange { what: What::Proven(proven), re, first: true, held: None }, request))
            }
            Then::Answer(answering) => self.answer_signed(work, *answering, &text),
            Then::Nest(plan) => self.nested(work, plan, text),
            Then::Change(plan) => self.change_signed(work, plan, text),
        }
    }

    fn arrived(&mut self, work: &mut Work<'_>, exchange: Exchange, arrival: Arrival) -> Result<Turn, Error> {
        match exchange.what.clone() {
            What::Proven(proven) => self.inbox_arrived(work, exchange, &proven, arrival),
            What::Answer => self.receipt_arrived(work, exchange, arrival),
            What::Change { again } => self.change_arrived(work, exchange, again, arrival),
        }
    }

    /// Asks for a signature.
    pub(super) fn sign(&mut self, unsigned: Unsigned, prompt: Option<Box<Request>>) -> Turn {
        let key = unsigned.key.handle(unsigned.purpose);
        let message = unsigned.draft.message().to_vec();
        self.state = State::Sign(Box::new(unsigned));
        Turn::Step(Step::Sign { key, message, prompt })
    }

    pub(super) fn send(&mut self, exchange: Exchange, request: HttpRequest) -> Turn {
        self.state = State::Sent(Box::new(exchange));
        Turn::Step(Step::Send(request))
    }

    /// Sends a message of the enrolment's own.
    pub(super) fn post(&mut self, work: &Work<'_>, what: What, text: &str, first: bool) -> Result<Turn, Error> {
        let (input, _) = text.rsplit_once('.').ok_or(Error::Unreadable)?;
        let re = MessageHash::from_bytes(crate::push::jose::sha256(&[input.as_bytes()]));
        let endpoint = match (&what, &work.enrollment.change) {
            (What::Change { .. }, Some(change)) if change.removes => "remove",
            (What::Change { .. }, _) => "keys",
            _ => "responses",
        };
        let request = HttpRequest {
            method: Method::Post,
            url: work.url(endpoint),
            headers: vec![("Content-Type", "application/jose".to_owned())],
            body: text.as_bytes().to_vec(),
            longest_answer: LONGEST_ANSWER,
        };
        Ok(self.send(Exchange { what, re, first, held: None }, request))
    }

    /// Keeps an answer and fetches the metadata that it has to be judged by.
    pub(super) fn fetch(&mut self, work: &mut Work<'_>, exchange: Exchange, arrival: Arrival) -> Turn {
        let request = work.verifier.fetch(Some(work.now));
        self.send(Exchange { held: Some(arrival), ..exchange }, request)
    }

    /// After a signed error that may mean another status: the phone asks for it.
    pub(super) fn told(&mut self, work: &mut Work<'_>, code: ErrorCode) -> Result<Turn, Error> {
        if self.told.is_some() || !matches!(code, ErrorCode::CloneSuspected | ErrorCode::NotActive) {
            return Ok(Turn::Told(code));
        }
        self.told = Some(code);
        self.prove(work, Proven { body: None, again: false })
    }
}

impl Work<'_> {
    pub(super) fn url(&self, endpoint: &str) -> String {
        self.verifier.base().endpoint(&format!("/enrollments/{}/{endpoint}", self.enrollment.id))
    }

    /// A new nonce.
    pub(super) fn nonce(&self) -> Result<String, Error> {
        Ok(encode(&random::<16>(self.entropy)?))
    }

    /// The time to sign by.
    pub(super) fn time(&self) -> UnixTime {
        self.verifier.time(self.now)
    }

    /// Judges what came back; `asks` says whether an answer names keys that metadata may have by now.
    pub(super) fn hear<M: hear::Answering>(
        &mut self,
        exchange: &Exchange,
        arrival: &Arrival,
        asks: impl Fn(&Verifier, &M) -> bool,
    ) -> Result<Heard<M>, Error> {
        let fetched = exchange.held.is_some();
        let expected =
            Expected { audience: self.enrollment.id.as_str(), re: exchange.re, first: exchange.first, fetched };
        let now = self.now;
        if let Some(held) = &exchange.held {
            let judge = |verifier: &mut Verifier| hear(verifier, expected, held, now);
            return hear_again(&mut self.verifier, &mut self.kept, arrival, now, judge);
        }
        let mut next = self.verifier.clone();
        let heard = hear(&mut next, expected, arrival, now)?;
        if let Heard::Answer(answer, _) = &heard
            && asks(&next, answer)
            && next.may_fetch(now)
        {
            return Ok(Heard::NeedsMetadata);
        }
        self.verifier = next;
        Ok(heard)
    }
}
