//! Answering: what a decision needs, its signature, its receipt.

use super::Error;
use super::enrollment::{Answer, Entry, Phase};
use super::hear::Heard;
use super::task::{Exchange, Reply, State, Task, Then, Turn, Unsigned, What, Work};
use crate::push::MessageError;
use crate::push::jose::MessageHash;
use crate::push::model::{Arrival, Confirmation, Decision, HistoryEntry, KeyPurpose, Outcome, RequestId, Status, Step};
use crate::push::native::formulas::offline_digits;
use crate::push::native::messages::{Amr, Challenge, KeyNaming, Message, Receipt, ReceiptStatus, Response};

use super::change::Plan;
use crate::time::UnixTime;

/// The most tries that can be left after a wrong one: three in all.
const MOST_LEFT: u8 = 2;

/// A decision on its way to becoming an answer.
pub(super) struct Answering {
    request: RequestId,
    decision: Decision,
    code: Option<String>,
    with_uv: bool,
    /// About what, for the history.
    about: Option<String>,
    expires: UnixTime,
}

/// What the person is verified for.
pub(super) enum Verifying {
    Answer(Answering),
    Digits(RequestId),
    Change(Box<Plan>),
}

/// What a challenge is about, in a few words of the verifier's.
fn about(challenge: &Challenge) -> Option<String> {
    let detail = || challenge.details.first().map(|detail| detail.value.clone());
    challenge.context.application.clone().or_else(detail)
}

impl Work<'_> {
    /// A challenge that is remembered, judged once more.
    fn wanted(&self, request: RequestId) -> Result<(&Entry, Challenge), Error> {
        let entry = self.enrollment.entry(request).ok_or(Error::UnknownRequest)?;
        if self.enrollment.status != Status::Active {
            return Err(Error::NotActive);
        }
        if self.time() >= entry.expires {
            return Err(Error::Expired);
        }
        if entry.text.is_empty() {
            return Err(Error::UnknownRequest);
        }
        let (_, challenge) = self.enrollment.judge_kept(&self.verifier, entry, self.now)?;
        Ok((entry, challenge))
    }
}

impl Task {
    pub(super) fn begin_answer(
        &mut self,
        work: &mut Work<'_>,
        request: RequestId,
        decision: Decision,
        with_uv: bool,
    ) -> Result<Turn, Error> {
        let (entry, challenge) = work.wanted(request)?;
        let answerable = match decision {
            Decision::Report => !entry.reported,
            Decision::Approve | Decision::Deny => entry.phase == Phase::Open && entry.listed,
        };
        if !answerable {
            return Err(Error::UnknownRequest);
        }
        let time = work.time();
        if decision != Decision::Report && work.enrollment.answers.iter().any(|answer| time < answer.expires) {
            return Err(Error::HeldBack);
        }
        let (about, expires) = (about(&challenge), challenge.expires);
        let with_uv = decision == Decision::Approve && (with_uv || challenge.require_uv);
        let answering = Answering { request, decision, code: None, with_uv, about, expires };
        if decision == Decision::Approve {
            self.state = State::Code(answering);
            return Ok(Turn::Step(Step::NeedsCode { digits: challenge.digits }));
        }
        if decision == Decision::Deny {
            work.verifier.guard.denied(work.now);
        }
        self.respond(work, answering, Vec::new())
    }

    pub(super) fn code(&mut self, work: &mut Work<'_>, answering: Answering, code: &str) -> Result<Turn, Error> {
        let (_, challenge) = work.wanted(answering.request)?;
        if code.len() != usize::from(challenge.digits) || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            self.state = State::Code(answering);
            return Err(Error::Code);
        }
        let answering = Answering { code: Some(code.to_owned()), ..answering };
        if answering.with_uv {
            self.state = State::Verify(Verifying::Answer(answering));
            return Ok(Turn::Step(Step::NeedsUserVerification));
        }
        self.respond(work, answering, Vec::new())
    }

    pub(super) fn verified(&mut self, work: &mut Work<'_>, verifying: Verifying, reply: Reply) -> Result<Turn, Error> {
        match (verifying, reply) {
            (Verifying::Answer(answering), Reply::Verified(ways)) if !ways.is_empty() => {
                self.respond(work, answering, ways)
            }
            (Verifying::Change(plan), Reply::Verified(_)) => self.change(work, *plan),
            (Verifying::Digits(request), Reply::OfflineKey(key)) => self.show_digits(work, request, &key),
            _ => Err(Error::OutOfStep),
        }
    }

    /// Raises the counter, which is stored before the signature is asked for, and drafts the answer.
    fn respond(&mut self, work: &mut Work<'_>, answering: Answering, ways: Vec<Amr>) -> Result<Turn, Error> {
        let (entry, challenge) = work.wanted(answering.request)?;
        let hash = entry.hash;
        let prompt = work.enrollment.request(&work.verifier, answering.request, work.now);
        let (key, purpose) = if answering.with_uv {
            (work.enrollment.uv.clone(), KeyPurpose::UserVerification)
        } else {
            (work.enrollment.possession.clone(), KeyPurpose::Possession)
        };
        let mut amr = vec![key.amr()];
        amr.extend(ways.into_iter().filter(|way| !matches!(way, Amr::Hardware | Amr::Software | Amr::Present)));
        if amr.len() == 1 {
            amr.push(Amr::Present);
        }
        work.enrollment.counter = work.enrollment.counter.saturating_add(1);
        let response = Response {
            issuer: work.enrollment.id.clone(),
            audience: work.verifier.base().as_str().to_owned(),
            issued: work.time(),
            challenge: hash,
            nonce: work.nonce()?,
            decision: answering.decision,
            code: answering.code.clone(),
            amr,
            expires: challenge.expires,
            counter: work.enrollment.counter,
        };
        let draft = response.draft(key.public(), KeyNaming::Thumbprint);
        Ok(self.sign(Unsigned { draft, key, purpose, then: Then::Answer(Box::new(answering)) }, prompt.map(Box::new)))
    }

    pub(super) fn answer_signed(
        &mut self,
        work: &mut Work<'_>,
        answering: Answering,
        text: &str,
    ) -> Result<Turn, Error> {
        let Answering { request, decision, about, expires, .. } = answering;
        let challenge = MessageHash::from_bytes(request.to_bytes());
        let now = work.now;
        let entry = work.enrollment.entry_mut(challenge).ok_or(Error::UnknownRequest)?;
        entry.phase = Phase::Sent;
        if decision == Decision::Report {
            entry.reported = true;
            // A report ends the sending of what the challenge was answered before.
            work.enrollment.answers.retain(|answer| answer.challenge != challenge);
        }
        work.enrollment.answers.push(Answer { challenge, decision, expires, text: text.to_owned() });
        let confirmation = Confirmation::Unconfirmed;
        work.enrollment.remember(HistoryEntry { request, at: now, decision, about, confirmation });
        self.post(work, What::Answer, text, true)
    }

    pub(super) fn receipt_arrived(
        &mut self,
        work: &mut Work<'_>,
        exchange: Exchange,
        arrival: Arrival,
    ) -> Result<Turn, Error> {
        let heard = work.hear::<Receipt>(&exchange, &arrival, |_, _| false)?;
        if matches!(heard, Heard::NeedsMetadata) {
            return Ok(self.fetch(work, exchange, arrival));
        }
        let of = |answer: &Answer| {
            let input = answer.text.rsplit_once('.').map_or("", |(input, _)| input);
            crate::push::jose::sha256(&[input.as_bytes()]) == exchange.re.to_bytes()
        };
        let at = work.enrollment.answers.iter().position(of).ok_or(Error::OutOfStep)?;
        let answer = work.enrollment.answers.remove(at);
        let status = match heard {
            Heard::Answer(receipt, _) => receipt.status,
            Heard::Told(code) => {
                work.enrollment.answered(&answer, Phase::Answered);
                return self.told(work, code);
            }
            Heard::NeedsMetadata => return Err(Error::OutOfStep),
        };
        let phase = match status {
            ReceiptStatus::WrongCode { attempts_left } if attempts_left > MOST_LEFT => {
                return Err(MessageError::Malformed("attempts_left").into());
            }
            ReceiptStatus::WrongCode { attempts_left: 1.. } => Phase::Open,
            _ => Phase::Answered,
        };
        work.enrollment.answered(&answer, phase);
        let entry = work.enrollment.confirm(&answer, status, work.now);
        Ok(Turn::Step(Step::Done(Outcome::Answered(entry))))
    }

    pub(super) fn begin_digits(&mut self, work: &Work<'_>, request: RequestId) -> Result<Turn, Error> {
        let (entry, _) = work.wanted(request)?;
        if !entry.scanned || !matches!(entry.phase, Phase::Open | Phase::Digits) {
            return Err(Error::UnknownRequest);
        }
        self.state = State::Verify(Verifying::Digits(request));
        Ok(Turn::Step(Step::NeedsUserVerification))
    }

    fn show_digits(
        &mut self,
        work: &mut Work<'_>,
        request: RequestId,
        key: &crate::secret::SecretBytes,
    ) -> Result<Turn, Error> {
        let (entry, challenge) = work.wanted(request)?;
        if !work.verifier.is_good_offline(work.now) {
            return Err(MessageError::Time("metadata").into());
        }
        let (hash, again) = (entry.hash, entry.phase == Phase::Digits);
        let digits = offline_digits(key, hash).map_err(|_| Error::Keys)?;
        if let Some(entry) = work.enrollment.entry_mut(hash) {
            entry.phase = Phase::Digits;
        }
        if !again {
            let (at, decision, confirmation) = (work.now, Decision::Approve, Confirmation::ByDigits);
            work.enrollment.remember(HistoryEntry { request, at, decision, about: about(&challenge), confirmation });
        }
        self.state = State::Shown;
        let until = work.verifier.by_own_clock(challenge.expires, work.now);
        Ok(Turn::Step(Step::ShowCode { digits: digits.to_string(), until }))
    }
}

impl super::Enrollment {
    /// The verifier has said something about an answer. A report is the last word on this phone.
    fn answered(&mut self, answer: &Answer, phase: Phase) {
        if let Some(entry) = self.entry_mut(answer.challenge) {
            entry.phase = if entry.reported { Phase::Answered } else { phase };
        }
    }

    fn confirm(&mut self, answer: &Answer, status: ReceiptStatus, now: UnixTime) -> HistoryEntry {
        let confirmation = Confirmation::Receipt(status);
        if let Some(entry) = self.history.iter_mut().rev().find(|entry| answer.is_of(entry)) {
            entry.confirmation = confirmation;
            return entry.clone();
        }
        // Its entry had to make room for later ones. What the verifier said counts all the same.
        let request = RequestId::from_bytes(answer.challenge.to_bytes());
        let entry = HistoryEntry { request, at: now, decision: answer.decision, about: None, confirmation };
        self.remember(entry.clone());
        entry
    }
}
