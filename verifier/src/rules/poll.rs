//! A phone fetches its inbox or says where to wake it (sections 4 and 8): requests that a proof authenticates.

use countersign_core::push::jose::{Jws, KeyName, sha256};
use countersign_core::push::native::messages::{EnrollmentId, ErrorCode, Inbox, Message, Proof, PushAddress, Status};
use countersign_core::time::UnixTime;

use super::rows::{REMOVED_KEPT, load_enrollment, load_sign_in, save_enrollment};
use super::{MALFORMED, Refusal, SKEW};
use crate::error::Error;
use crate::http::{Reply, Request, push_address_is_allowed};
use crate::online::Online;
use crate::records::Enrollment;
use crate::store::{Actor, Kind, Outcome, Store, What};
use crate::verifier::Verifier;
use crate::work::{Work, attempt};

/// How long nonces are kept, in seconds.
const NONCE_KEPT: i64 = 300;

impl<S: Store> Verifier<S> {
    /// `GET …/challenges` and `POST …/push`.
    pub(crate) fn proven(&self, id: &EnrollmentId, request: &Request<'_>, now: UnixTime) -> Result<Reply, Refusal> {
        let [proof] = request.proof else { return Err(Refusal::Unsigned) };
        let proof = Jws::parse(proof).map_err(|_| Refusal::Unsigned)?;
        let (hash, online) = (proof.hash(), self.online(now)?);
        let answer = attempt(&self.store, |work| {
            internal(|| {
                let enrollment = wire_enrollment(work, &online, id, now)?;
                if proof.key() != KeyName::Known(enrollment.possession.thumbprint) {
                    return Err(Refusal::Unsigned);
                }
                let key = self.keys.public(&enrollment.possession).map_err(Error::Store)?;
                let verified = proof.clone().verify(&key).map_err(|_| Refusal::Unsigned)?;
                self.count(&enrollment.id, now)?;
                let proof = Proof::read(&verified)?;
                let right = proof.issuer == enrollment.id
                    && proof.audience == self.config.base.as_str()
                    && proof.method == request.method
                    && proof.url == self.config.base.endpoint(request.path)
                    && proof.body == sha256(&[request.body]);
                if !right {
                    return Err(MALFORMED);
                }
                if request.method == "GET" {
                    self.check_times(work, &enrollment, proof.issued, &proof.nonce, now)?;
                    let challenges = open_challenges(work, &online, &enrollment, now)?;
                    return self.inbox(&online, &enrollment, hash, challenges, now);
                }
                let push = PushAddress::parse(request.body).map_err(|_| MALFORMED)?;
                self.change_push(work, &online, enrollment, push, &proof, hash, now)
            })
        });
        self.reply(&online, answer, id.as_str(), hash, now)
    }

    #[expect(clippy::too_many_arguments, reason = "one step of one request")]
    fn change_push(
        &self,
        work: &mut Work<'_>,
        online: &Online,
        mut enrollment: Enrollment,
        push: PushAddress,
        proof: &Proof,
        hash: countersign_core::push::jose::MessageHash,
        now: UnixTime,
    ) -> Result<String, Refusal> {
        if !push_address_is_allowed(&push, &self.config.push_ports) {
            return Err(MALFORMED);
        }
        if !matches!(enrollment.status, Status::Active | Status::Frozen) {
            return Err(Refusal::Code(ErrorCode::NotActive));
        }
        self.check_times(work, &enrollment, proof.issued, &proof.nonce, now)?;
        enrollment.push = push;
        save_enrollment(work, &enrollment)?;
        let account = &enrollment.account.id;
        work.tell(now, Actor::Phone, account, Some(&enrollment.id), What::PushAddress, Outcome::Done);
        self.inbox(online, &enrollment, hash, Vec::new(), now)
    }

    /// An inbox, which also answers push, rotate and remove.
    pub(super) fn inbox(
        &self,
        online: &Online,
        enrollment: &Enrollment,
        re: countersign_core::push::jose::MessageHash,
        challenges: Vec<String>,
        now: UnixTime,
    ) -> Result<String, Refusal> {
        let inbox = Inbox {
            issuer: self.config.base.as_str().to_owned(),
            audience: enrollment.id.as_str().to_owned(),
            issued: now,
            re,
            status: enrollment.status,
            sequence: online.state.sequence,
            challenges,
        };
        Ok(online.sign(&inbox)?.0)
    }

    /// Time, then nonce: the last that is judged. The nonce counts as used from here on.
    pub(super) fn check_times(
        &self,
        work: &mut Work<'_>,
        enrollment: &Enrollment,
        issued: UnixTime,
        nonce: &str,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        if issued.seconds().saturating_sub(now.seconds()).saturating_abs() > SKEW {
            return Err(Refusal::Code(ErrorCode::ProofTime));
        }
        let id = sha256(&[enrollment.id.as_str().as_bytes(), b".", nonce.as_bytes()]);
        if work.has(Kind::Nonce, &id)? {
            return Err(Refusal::Code(ErrorCode::ProofReplayed));
        }
        let kept = Some(now.plus_seconds(NONCE_KEPT));
        work.put(Kind::Nonce, &id, Vec::new(), Some(&enrollment.account.id), kept)?;
        Ok(())
    }

    /// Counts a request that a phone's own key signed.
    pub(super) fn count(&self, id: &EnrollmentId, now: UnixTime) -> Result<(), Refusal> {
        self.requests.take(id.as_str(), self.config.requests_per_minute, now).map_err(Refusal::Wait)
    }
}

/// The enrolment that a request names; an unknown one is told nothing, nor is one that was removed a year ago.
pub(super) fn wire_enrollment(
    work: &mut Work<'_>,
    online: &Online,
    id: &EnrollmentId,
    now: UnixTime,
) -> Result<Enrollment, Refusal> {
    let enrollment = load_enrollment(work, online, id, now)?.ok_or(Refusal::Unsigned)?;
    let gone = enrollment.status == Status::Removed && now > enrollment.since.plus_seconds(REMOVED_KEPT);
    if gone { Err(Refusal::Unsigned) } else { Ok(enrollment) }
}

/// Runs a step of a request: what the verifier fails at ends the attempt, what it refuses doesn't.
pub(super) fn internal<T>(step: impl FnOnce() -> Result<T, Refusal>) -> Result<Result<T, Refusal>, Error> {
    match step() {
        Err(Refusal::Internal(error)) => Err(error),
        outcome => Ok(outcome),
    }
}

fn open_challenges(
    work: &mut Work<'_>,
    online: &Online,
    enrollment: &Enrollment,
    now: UnixTime,
) -> Result<Vec<String>, Error> {
    let (Status::Active, Some(current)) = (enrollment.status, &enrollment.current) else { return Ok(Vec::new()) };
    let sign_in = load_sign_in(work, online, &current.sign_in, now)?;
    let challenges = sign_in.map(|sign_in| sign_in.challenges).unwrap_or_default();
    let live = challenges.into_iter().filter(|it| it.hash == current.challenge && it.is_live(now));
    Ok(live.map(|challenge| challenge.compact).collect())
}
