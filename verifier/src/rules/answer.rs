//! A phone answers (section 5), judged in this order: same response, status, challenge live, form, counter, decision.

use countersign_core::push::jose::{Jws, KeyName, MessageHash};
use countersign_core::push::native::messages::{
    Decision, EnrollmentId, ErrorCode, Message, Receipt as ReceiptMessage, ReceiptStatus, Response, Status,
};
use countersign_core::time::UnixTime;
use subtle::ConstantTimeEq;

use super::poll::{internal, wire_enrollment};
use super::rows::{load_account, load_sign_in, save_account, save_enrollment, save_sign_in, set_status, unapproved};
use super::{DAY, MALFORMED, Refusal};
use crate::error::Error;
use crate::http::Reply;
use crate::keyring::Purpose;
use crate::online::Online;
use crate::otp::Tries;
use crate::records::{
    By, ChallengeOf, ChallengeState, Enrollment, Receipt, SignIn, SignInChallenge, SignInState, StoredKey,
};
use crate::store::{Actor, Outcome, Store, What};
use crate::verifier::Verifier;
use crate::work::{Work, attempt};

/// Wrong codes of a sign-in, over all its phones and regenerations.
const TRIES: u8 = 3;
/// Wrong codes in a row of an enrolment.
const WRONG_IN_A_ROW: u32 = 100;

/// An answer whose signature was verified.
struct Answer {
    response: Response,
    key: StoredKey,
}

/// What is decided here: the enrolment, and the sign-in whose challenge was answered.
struct Case {
    enrollment: Enrollment,
    id: [u8; 32],
    sign_in: SignIn,
    challenge: SignInChallenge,
}

impl<S: Store> Verifier<S> {
    /// `POST …/responses`.
    pub(crate) fn respond(&self, id: &EnrollmentId, body: &str, now: UnixTime) -> Result<Reply, Refusal> {
        let message = Jws::parse(body).map_err(|_| Refusal::Unsigned)?;
        let KeyName::Known(signer) = message.key() else { return Err(Refusal::Unsigned) };
        let (hash, online) = (message.hash(), self.online(now)?);
        let verify = |key: &StoredKey| {
            let public = self.keys.public(key).map_err(Error::Store)?;
            message.clone().verify(&public).map_err(|_| Refusal::Unsigned)
        };
        let answer = attempt(&self.store, |work| {
            internal(|| {
                let enrollment = wire_enrollment(work, &online, id, now)?;
                let known = work.load::<Receipt>(&hash.to_bytes())?;
                if let Some(receipt) = known.filter(|it| it.enrollment == *id && it.key.thumbprint == signer) {
                    verify(&receipt.key)?;
                    self.count(id, now)?;
                    return self.receipt_again(work, &online, hash, receipt, now);
                }
                let key = [&enrollment.possession, &enrollment.uv].into_iter().find(|key| key.thumbprint == signer);
                let key = key.ok_or(Refusal::Unsigned)?.clone();
                let verified = verify(&key)?;
                self.count(id, now)?;
                let response = Response::read(&verified)?;
                if response.issuer != *id || response.audience != self.config.base.as_str() {
                    return Err(MALFORMED);
                }
                let answer = Answer { response, key };
                let account = enrollment.account.id.clone();
                let status = match enrollment.status {
                    Status::Active => self.judge(work, &online, enrollment, &answer, now)?,
                    Status::Frozen => ReceiptStatus::Frozen,
                    _ => return Err(Refusal::Code(ErrorCode::NotActive)),
                };
                let until = answer.response.expires.min(now.plus_seconds(600)).plus_seconds(DAY);
                let compact = self.receipt(&online, id, hash, status, now)?;
                let receipt = Receipt {
                    enrollment: id.clone(),
                    account,
                    key: answer.key,
                    status,
                    answer: compact.clone(),
                    signer: online.signer()?,
                    until,
                };
                work.save(&hash.to_bytes(), &receipt, &receipt.account, Some(until))?;
                Ok(compact)
            })
        });
        self.reply(&online, answer, id.as_str(), hash, now)
    }

    fn receipt(
        &self,
        online: &Online,
        id: &EnrollmentId,
        re: MessageHash,
        status: ReceiptStatus,
        now: UnixTime,
    ) -> Result<String, Refusal> {
        let (issuer, audience) = (self.config.base.as_str().to_owned(), id.as_str().to_owned());
        Ok(online.sign(&ReceiptMessage { issuer, audience, issued: now, re, status })?.0)
    }

    /// A kept receipt; one that a dropped key signed is signed anew, with the same `re` and `status`.
    fn receipt_again(
        &self,
        work: &mut Work<'_>,
        online: &Online,
        hash: MessageHash,
        mut receipt: Receipt,
        now: UnixTime,
    ) -> Result<String, Refusal> {
        if !online.lists(receipt.signer) {
            receipt.answer = self.receipt(online, &receipt.enrollment, hash, receipt.status, now)?;
            receipt.signer = online.signer()?;
            work.save(&hash.to_bytes(), &receipt, &receipt.account, Some(receipt.until))?;
        }
        Ok(receipt.answer)
    }

    fn judge(
        &self,
        work: &mut Work<'_>,
        online: &Online,
        mut enrollment: Enrollment,
        answer: &Answer,
        now: UnixTime,
    ) -> Result<ReceiptStatus, Refusal> {
        let response = &answer.response;
        let of = work.load::<ChallengeOf>(&response.challenge.to_bytes())?.ok_or(MALFORMED)?;
        let sign_in = load_sign_in(work, online, &of.sign_in, now)?.ok_or(MALFORMED)?;
        let challenge = sign_in.challenges.iter().find(|it| it.hash == response.challenge).cloned();
        let challenge = challenge.filter(|it| it.enrollment == enrollment.id).ok_or(MALFORMED)?;
        if let Some(ended) = has_ended(&challenge, response.decision, now) {
            return Ok(ended);
        }
        check_form(&sign_in, &challenge, answer, &enrollment)?;
        if response.counter <= enrollment.counter {
            set_status(work, online, &mut enrollment, Status::Suspended, Actor::Clock, now)?;
            return Err(Refusal::Code(ErrorCode::CloneSuspected));
        }
        enrollment.counter = response.counter;
        let case = Case { enrollment, id: of.sign_in, sign_in, challenge };
        match (response.decision, &response.code) {
            (Decision::Report, _) => report(work, online, case, now),
            (Decision::Deny, _) | (Decision::Approve, None) => deny(work, case, now),
            (Decision::Approve, Some(code)) => {
                let shown = self.ring.open(Purpose::Shown, &case.id, &case.sign_in.shown).map_err(Error::KeyRing)?;
                if bool::from(shown.expose().ct_eq(code.as_bytes())) {
                    approve(work, case, answer, now)
                } else {
                    wrong_code(work, online, case, now)
                }
            }
        }
    }
}

/// Why a challenge can't be answered any more. A report is good until `exp`, once.
fn has_ended(challenge: &SignInChallenge, decision: Decision, now: UnixTime) -> Option<ReceiptStatus> {
    let ended = match challenge.state {
        ChallengeState::Live => ReceiptStatus::Expired,
        ChallengeState::Answered => ReceiptStatus::AlreadyAnswered,
        ChallengeState::Superseded => ReceiptStatus::Superseded,
        ChallengeState::Cancelled => ReceiptStatus::Cancelled,
    };
    if now >= challenge.expires {
        return Some(ended);
    }
    match decision {
        Decision::Report => challenge.reported.then_some(ReceiptStatus::AlreadyAnswered),
        Decision::Approve | Decision::Deny => (challenge.state != ChallengeState::Live).then_some(ended),
    }
}

/// What costs neither a try nor the counter.
fn check_form(
    sign_in: &SignIn,
    challenge: &SignInChallenge,
    answer: &Answer,
    enrollment: &Enrollment,
) -> Result<(), Refusal> {
    let response = &answer.response;
    let expires = response.expires.seconds() == challenge.expires.seconds();
    let right_key = response.decision != Decision::Approve
        || !challenge.require_uv
        || answer.key.thumbprint == enrollment.uv.thumbprint;
    let right_code = response.code.as_ref().is_none_or(|code| {
        code.len() == usize::from(sign_in.asked.digits) && code.bytes().all(|byte| byte.is_ascii_digit())
    });
    if expires && right_key && right_code { Ok(()) } else { Err(MALFORMED) }
}

fn approve(work: &mut Work<'_>, case: Case, answer: &Answer, now: UnixTime) -> Result<ReceiptStatus, Refusal> {
    let Case { mut enrollment, id, mut sign_in, .. } = case;
    sign_in.end(SignInState::Approved, Some(&enrollment.id));
    let uv = answer.key.thumbprint == enrollment.uv.thumbprint;
    sign_in.by = Some(By { at: now, enrollment: enrollment.id.clone(), uv, hardware: enrollment.hardware });
    save_sign_in(work, &id, &sign_in)?;
    (enrollment.wrong, enrollment.unapproved, enrollment.current) = (0, 0, None);
    save_enrollment(work, &enrollment)?;
    // A signed approval opens the account's other ways again.
    if let Some(mut account) = load_account(work, &sign_in.account)?
        && (account.offline.in_a_row() > 0 || account.totp.in_a_row() > 0)
    {
        (account.offline, account.totp) = (Tries::lifted(), Tries::lifted());
        save_account(work, &sign_in.account, &account)?;
    }
    work.tell(now, Actor::Phone, &sign_in.account, Some(&enrollment.id), What::Approved, Outcome::Done);
    Ok(ReceiptStatus::Approved)
}

fn deny(work: &mut Work<'_>, case: Case, now: UnixTime) -> Result<ReceiptStatus, Refusal> {
    let Case { mut enrollment, id, mut sign_in, .. } = case;
    sign_in.end(SignInState::Denied, Some(&enrollment.id));
    save_sign_in(work, &id, &sign_in)?;
    unapproved(&mut enrollment, now);
    enrollment.current = None;
    save_enrollment(work, &enrollment)?;
    work.tell(now, Actor::Phone, &sign_in.account, Some(&enrollment.id), What::Denied, Outcome::Done);
    Ok(ReceiptStatus::Denied)
}

fn wrong_code(work: &mut Work<'_>, online: &Online, case: Case, now: UnixTime) -> Result<ReceiptStatus, Refusal> {
    let Case { mut enrollment, id, mut sign_in, .. } = case;
    sign_in.wrong = sign_in.wrong.saturating_add(1);
    enrollment.wrong = enrollment.wrong.saturating_add(1);
    let attempts_left = TRIES.saturating_sub(sign_in.wrong);
    if attempts_left == 0 {
        sign_in.end(SignInState::Failed, Some(&enrollment.id));
        unapproved(&mut enrollment, now);
        enrollment.current = None;
    }
    save_sign_in(work, &id, &sign_in)?;
    work.tell(now, Actor::Phone, &sign_in.account, Some(&enrollment.id), What::Approved, Outcome::Refused);
    if enrollment.wrong >= WRONG_IN_A_ROW {
        set_status(work, online, &mut enrollment, Status::Suspended, Actor::Clock, now)?;
    } else {
        save_enrollment(work, &enrollment)?;
    }
    Ok(ReceiptStatus::WrongCode { attempts_left })
}

/// Undoes an approval that isn't used yet; the enrolment is frozen in any case.
fn report(work: &mut Work<'_>, online: &Online, case: Case, now: UnixTime) -> Result<ReceiptStatus, Refusal> {
    let Case { mut enrollment, id, mut sign_in, challenge } = case;
    let used = sign_in.state == SignInState::Used;
    if matches!(sign_in.state, SignInState::Pending | SignInState::Approved) {
        sign_in.end(SignInState::Reported, Some(&enrollment.id));
    }
    if let Some(challenge) = sign_in.challenges.iter_mut().find(|it| it.hash == challenge.hash) {
        challenge.reported = true;
        challenge.close(ChallengeState::Answered);
    }
    save_sign_in(work, &id, &sign_in)?;
    work.tell(now, Actor::Phone, &sign_in.account, Some(&enrollment.id), What::Reported, Outcome::Done);
    set_status(work, online, &mut enrollment, Status::Frozen, Actor::Phone, now)?;
    Ok(if used { ReceiptStatus::AlreadyAnswered } else { ReceiptStatus::Reported })
}
