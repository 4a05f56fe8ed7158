//! From an invitation to an enrolment (`docs/protocol.md`, "Enrolment").
//!
//! An [`Enrolling`] is stored, sealed, before each step that it gives: the request and the secret half of its key agreement
//! have to outlast a crash, since the same bytes get the same answer, and another request with the same ticket doesn't.

use std::fmt;

use super::enrollment::{Enrollment, Woken};
use super::hear::{Expected, Heard, hear, hear_again};
use super::keys::OwnKey;
use super::task::{Reply, Session, Task};
use super::verifier::{LONGEST_ANSWER, Verifier};
use super::{Error, PushChoice};
use crate::entropy::{Entropy, random};
use crate::push::MessageError;
use crate::push::jose::{Draft, MessageHash, encode, sha256};
use crate::push::model::{Arrival, HttpRequest, KeyPurpose, Method, Outcome, Status, Step};
use crate::push::native::Invitation;
use crate::push::native::formulas::{self, ExchangeKey};
use crate::push::native::messages::{self, Attestation, Device, Enroll, ErrorCode, KeyNaming, Message, Uv};
use crate::push::shown::{NAME, fit};
use crate::secret::SecretBytes;
use crate::time::UnixTime;

/// A request may be used for so many seconds.
const LIFE: i64 = 300;

/// What an enrolment begins with.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What the person scanned; they have seen the host and said yes.
    pub invitation: Invitation,
    /// A new key, used silently.
    pub possession: OwnKey,
    /// A new key, whose each use asks the person.
    pub uv: OwnKey,
    /// What the phone is; made fit to be shown here.
    pub device: Device,
    /// Where it wants to be woken.
    pub push: PushChoice,
    /// Proof that the keys live in hardware, where there is one ([`formulas::attestation_challenge`]).
    pub attestation: Option<Attestation>,
    /// What is known of the verifier already, by another enrolment.
    pub verifier: Option<Verifier>,
}

/// An enrolment on its way.
#[derive(Clone)]
pub struct Enrolling {
    pub(super) verifier: Verifier,
    pub(super) ticket: SecretBytes,
    pub(super) hint: Option<String>,
    pub(super) possession: OwnKey,
    pub(super) uv: OwnKey,
    pub(super) exchange: SecretBytes,
    pub(super) device: Device,
    pub(super) push: Woken,
    pub(super) attestation: Option<Attestation>,
    /// The user-verification key's own message.
    pub(super) nested: Option<String>,
    /// The request, once it is signed: these bytes and no others are sent.
    pub(super) request: Option<String>,
    /// The verifier has refused the clock of the request before.
    pub(super) again: bool,
    pub(super) over: bool,
}

/// What an enrolment led to.
#[derive(Debug)]
pub struct Enrolled {
    /// The enrolment, pending: its [`Enrollment::confirmation`] is to be typed into the page.
    pub enrollment: Enrollment,
    /// Its verifier; what is known of it by other enrolments learns from this ([`Verifier::learn`]).
    pub verifier: Verifier,
    /// The seed of its codes, where it has any.
    pub totp: Option<SecretBytes>,
    /// The key of offline approvals; to be sealed as the user-verification key is.
    pub offline: SecretBytes,
    /// The invitation named another account than the verifier has signed.
    pub hint_differs: bool,
}

/// A step of an enrolment, or its end.
#[derive(Debug)]
pub enum Progress {
    /// What it needs next.
    Step(Step),
    /// It is done: the result is stored, and the [`Enrolling`] deleted, in one transaction, before the digits are shown.
    Done(Box<Enrolled>),
}

/// The part of an enrolment that lies in memory.
pub struct Walk {
    stage: Stage,
}

enum Stage {
    Ready,
    Metadata,
    Sign(Draft, Signs),
    Sent { first: bool, held: Option<Arrival> },
    Poll(Box<Task>, Box<Enrolled>),
}

#[derive(Clone, Copy)]
enum Signs {
    Uv,
    Enroll,
}

impl fmt::Debug for Enrolling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enrolling").field("base", self.verifier.base()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Walk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Walk(..)")
    }
}

impl Default for Walk {
    fn default() -> Self {
        Self { stage: Stage::Ready }
    }
}

impl Enrolling {
    /// Begins; nothing is fetched yet.
    ///
    /// # Errors
    /// [`Error::Keys`] if both keys are one or `verifier` is another one than invited; [`Error::Address`];
    /// [`Error::Entropy`].
    pub fn begin(wanted: Wanted, entropy: &dyn Entropy) -> Result<Self, Error> {
        let Wanted { invitation, possession, uv, device, push, attestation, verifier } = wanted;
        let verifier = verifier.unwrap_or_else(|| Verifier::new(invitation.base.clone(), invitation.identity));
        let other = *verifier.base() != invitation.base || verifier.identity() != invitation.identity;
        if other || possession.public() == uv.public() {
            return Err(Error::Keys);
        }
        let member = |text: &str| fit(text, NAME, "?");
        Ok(Self {
            verifier,
            ticket: invitation.ticket,
            hint: invitation.account,
            possession,
            uv,
            exchange: SecretBytes::from(ExchangeKey::make(entropy)?.secret().as_slice()),
            device: Device {
                name: member(&device.name),
                model: member(&device.model),
                os: member(&device.os),
                app: member(&device.app),
            },
            push: push.draw(entropy)?,
            attestation,
            nested: None,
            request: None,
            again: false,
            over: false,
        })
    }

    /// The verifier, as far as it is known.
    #[must_use]
    pub const fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The handles of the platform's keys that it was begun with.
    #[must_use]
    pub fn platform_handles(&self) -> Vec<Vec<u8>> {
        [&self.possession, &self.uv].into_iter().filter_map(OwnKey::platform_handle).collect()
    }

    /// Whether the verifier has refused it: it is to be deleted.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.over
    }

    /// Goes on, or begins again after a crash with a new [`Walk`] and [`Reply::Begin`]. As with a [`Task`], it is stored
    /// after every call, before the step is carried out.
    ///
    /// # Errors
    /// [`Error`]. After [`Error::Network`] and [`Error::Refused`] it can be begun again, until the ticket ends;
    /// [`Error::HardwareNeeded`] and [`Error::Verifier`] end it. *Ticket used* means that somebody else has used the code.
    pub fn next(
        &mut self,
        walk: &mut Walk,
        now: UnixTime,
        entropy: &dyn Entropy,
        reply: Reply,
    ) -> Result<Progress, Error> {
        if self.over {
            return Err(Error::OutOfStep);
        }
        let stage = std::mem::replace(&mut walk.stage, Stage::Ready);
        match (stage, reply) {
            (Stage::Ready, Reply::Begin) => match &self.request {
                Some(_) => self.post(walk, false),
                None => {
                    walk.stage = Stage::Metadata;
                    Ok(Progress::Step(Step::Send(self.verifier.fetch(None))))
                }
            },
            (Stage::Metadata, Reply::Arrived(arrival)) => self.metadata_arrived(walk, &arrival, now),
            (Stage::Sign(draft, signs), Reply::Signature(signature)) => {
                self.signed(walk, draft, signs, &signature, (now, entropy))
            }
            (Stage::Sent { first, held }, Reply::Arrived(arrival)) => {
                self.enrolled_arrived(walk, (first, held), arrival, (now, entropy))
            }
            (Stage::Poll(task, made), reply) => self.polled(walk, *task, made, reply, (now, entropy)),
            _ => Err(Error::OutOfStep),
        }
    }

    fn metadata_arrived(&mut self, walk: &mut Walk, arrival: &Arrival, now: UnixTime) -> Result<Progress, Error> {
        let known = self.verifier.read_metadata(arrival.response.as_ref(), now)?;
        let mut verifier = self.verifier.clone();
        verifier.adopt(known);
        let needs_hardware = verifier.metadata().is_some_and(|metadata| metadata.require_hardware);
        if needs_hardware && self.attestation.is_none() {
            self.over = true;
            return Err(Error::HardwareNeeded);
        }
        self.verifier = verifier;
        let uv = Uv {
            audience: self.verifier.base().as_str().to_owned(),
            ticket: formulas::ticket_id(&self.ticket),
            possession: self.possession.thumbprint(),
        };
        Ok(sign(walk, uv.draft(self.uv.public(), KeyNaming::Whole), Signs::Uv, &self.uv))
    }

    fn signed(
        &mut self,
        walk: &mut Walk,
        draft: Draft,
        signs: Signs,
        signature: &[u8],
        (now, entropy): (UnixTime, &dyn Entropy),
    ) -> Result<Progress, Error> {
        let key = match signs {
            Signs::Uv => &self.uv,
            Signs::Enroll => &self.possession,
        };
        let signature = key.accept(draft.message(), signature)?;
        let text = draft.signed(&signature);
        match signs {
            Signs::Uv => {
                self.nested = Some(text);
                self.draft(walk, now, entropy)
            }
            Signs::Enroll => {
                self.request = Some(text);
                self.post(walk, true)
            }
        }
    }

    fn key(&self) -> Result<ExchangeKey, Error> {
        let secret = self.exchange.expose().try_into().map_err(|_| Error::Unreadable)?;
        ExchangeKey::from_secret(secret).ok_or(Error::Unreadable)
    }

    fn draft(&mut self, walk: &mut Walk, now: UnixTime, entropy: &dyn Entropy) -> Result<Progress, Error> {
        let exchange = self.key()?.public();
        let (possession, uv) = (self.possession.thumbprint(), self.uv.thumbprint());
        let issued = UnixTime::from_seconds(self.verifier.time(now).seconds());
        let enroll = Enroll {
            audience: self.verifier.base().as_str().to_owned(),
            issued,
            expires: issued.plus_seconds(LIFE),
            nonce: encode(&random::<16>(entropy)?),
            ticket: formulas::ticket_id(&self.ticket),
            proof: formulas::ticket_proof(&self.ticket, self.verifier.base(), possession, uv, &exchange),
            uv: self.nested.clone().ok_or(Error::OutOfStep)?,
            exchange,
            device: self.device.clone(),
            push: self.push.address.clone(),
            attestation: self.attestation.clone(),
        };
        Ok(sign(walk, enroll.draft(self.possession.public(), KeyNaming::Whole), Signs::Enroll, &self.possession))
    }

    fn post(&self, walk: &mut Walk, first: bool) -> Result<Progress, Error> {
        let request = self.request.as_ref().ok_or(Error::OutOfStep)?;
        walk.stage = Stage::Sent { first, held: None };
        Ok(Progress::Step(Step::Send(HttpRequest {
            method: Method::Post,
            url: self.verifier.base().endpoint("/enrollments"),
            headers: vec![("Content-Type", "application/jose".to_owned())],
            body: request.as_bytes().to_vec(),
            longest_answer: LONGEST_ANSWER,
        })))
    }

    fn enrolled_arrived(
        &mut self,
        walk: &mut Walk,
        (first, held): (bool, Option<Arrival>),
        arrival: Arrival,
        (now, entropy): (UnixTime, &dyn Entropy),
    ) -> Result<Progress, Error> {
        let request = self.request.as_deref().and_then(|text| text.rsplit_once('.')).ok_or(Error::OutOfStep)?;
        let re = MessageHash::from_bytes(sha256(&[request.0.as_bytes()]));
        let audience = self.possession.thumbprint().to_string();
        let expected = Expected { audience: &audience, re, first, fetched: held.is_some() };
        let mut verifier = self.verifier.clone();
        // The answer to this very request tells the time, or a poll will.
        verifier.forget_clock();
        let heard = match &held {
            None => hear::<messages::Enrolled>(&mut verifier, expected, &arrival, now)?,
            Some(held) => {
                let mut kept = self.verifier.clone();
                let judge = |verifier: &mut Verifier| hear(verifier, expected, held, now);
                let heard = hear_again(&mut verifier, &mut kept, &arrival, now, judge);
                self.verifier = kept;
                heard?
            }
        };
        let other_name = |heard: &Heard<messages::Enrolled>| match heard {
            Heard::Answer(enrolled, _) => enrolled.name != verifier.name(),
            _ => false,
        };
        let fetches = matches!(heard, Heard::NeedsMetadata) || (held.is_none() && other_name(&heard));
        if fetches && self.verifier.may_fetch(now) {
            let request = self.verifier.fetch(Some(now));
            walk.stage = Stage::Sent { first, held: Some(arrival) };
            return Ok(Progress::Step(Step::Send(request)));
        }
        match heard {
            Heard::Told(ErrorCode::ProofTime) if !self.again => {
                if verifier.has_clock() {
                    self.verifier = verifier;
                }
                self.again = true;
                self.request = None;
                self.draft(walk, now, entropy)
            }
            Heard::Told(code) => {
                self.over = true;
                Err(Error::Verifier(code))
            }
            Heard::NeedsMetadata => Err(Error::Network),
            Heard::Answer(enrolled, hash) => {
                let made = Box::new(self.made(&verifier, enrolled, re, hash, now)?);
                self.verifier = verifier;
                if self.verifier.has_clock() {
                    return Ok(self.finish(*made));
                }
                self.polled(walk, Task::poll(), made, Reply::Begin, (now, entropy))
            }
        }
    }

    /// The enrolment that an answer tells of.
    fn made(
        &self,
        verifier: &Verifier,
        enrolled: messages::Enrolled,
        request: MessageHash,
        answer: MessageHash,
        now: UnixTime,
    ) -> Result<Enrolled, Error> {
        if enrolled.possession != self.possession.thumbprint() || enrolled.uv != self.uv.thumbprint() {
            return Err(MessageError::Elsewhere("keys").into());
        }
        if enrolled.name != verifier.name() {
            return Err(MessageError::Elsewhere("name").into());
        }
        let secrets = self.key()?.agree(&enrolled.exchange, &self.ticket, request, answer)?;
        let hint_differs = self.hint.as_ref().is_some_and(|hint| *hint != enrolled.account.name);
        let enrollment = Enrollment {
            base: verifier.base().as_str().to_owned(),
            identity: verifier.identity(),
            id: enrolled.enrollment,
            account: enrolled.account,
            possession: self.possession.clone(),
            uv: self.uv.clone(),
            has_totp: enrolled.totp,
            status: Status::Pending,
            confirmation: Some(formulas::confirmation(request, answer)),
            since: now,
            counter: 0,
            entries: Vec::new(),
            answers: Vec::new(),
            change: None,
            push: match self.push.address {
                messages::PushAddress::None => Vec::new(),
                messages::PushAddress::At { .. } => vec![self.push.clone()],
            },
            woken: None,
            heard: Some(now),
            history: Vec::new(),
        };
        let totp = enrolled.totp.then_some(secrets.totp);
        Ok(Enrolled { enrollment, verifier: verifier.clone(), totp, offline: secrets.offline, hint_differs })
    }

    fn finish(&self, made: Enrolled) -> Progress {
        Progress::Done(Box::new(Enrolled { verifier: self.verifier.clone(), ..made }))
    }

    /// After an answer that can't tell the time, a poll does, before metadata is judged and digits are shown.
    fn polled(
        &mut self,
        walk: &mut Walk,
        mut task: Task,
        mut made: Box<Enrolled>,
        reply: Reply,
        (now, entropy): (UnixTime, &dyn Entropy),
    ) -> Result<Progress, Error> {
        let (enrollment, verifier) = (&mut made.enrollment, &mut self.verifier);
        match task.next(Session { enrollment, verifier, now, entropy }, reply)? {
            Step::Done(Outcome::Polled { .. }) if self.verifier.has_clock() => Ok(self.finish(*made)),
            // As slow as the answer before: another try may be faster.
            Step::Done(_) => Err(Error::Network),
            step => {
                walk.stage = Stage::Poll(Box::new(task), made);
                Ok(Progress::Step(step))
            }
        }
    }
}

impl Walk {
    /// The signature that the last [`Step::Sign`] asks for, where the possession key's secret stands in the state itself.
    #[must_use]
    pub fn own_signature(&self, enrolling: &Enrolling) -> Option<Vec<u8>> {
        match &self.stage {
            Stage::Sign(draft, signs) => {
                let key = match signs {
                    Signs::Uv => &enrolling.uv,
                    Signs::Enroll => &enrolling.possession,
                };
                key.sign(draft.message()).map(|signature| signature.to_vec())
            }
            Stage::Poll(task, _) => task.own_signature(),
            _ => None,
        }
    }
}

fn sign(walk: &mut Walk, draft: Draft, signs: Signs, key: &OwnKey) -> Progress {
    let purpose = match signs {
        Signs::Uv => KeyPurpose::UserVerification,
        Signs::Enroll => KeyPurpose::Possession,
    };
    let step = Step::Sign { key: key.handle(purpose), message: draft.message().to_vec(), prompt: None };
    walk.stage = Stage::Sign(draft, signs);
    Progress::Step(step)
}
