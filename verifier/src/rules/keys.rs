//! A phone changes its keys, or leaves (section 8): by its user-verification key alone.

use countersign_core::push::jose::{Jws, KeyName, MessageHash, Verified};
use countersign_core::push::native::messages::{EnrollmentId, ErrorCode, Key, Message, Remove, Role, Rotate, Status};
use countersign_core::time::UnixTime;

use super::enroll::nested;
use super::poll::{internal, wire_enrollment};
use super::rows::{save_enrollment, set_status};
use super::{MALFORMED, Refusal};
use crate::error::Error;
use crate::http::Reply;
use crate::online::Online;
use crate::records::{Enrollment, Last, StoredKey};
use crate::store::{Actor, Kind, Outcome, Store, What};
use crate::verifier::Verifier;
use crate::work::{Work, attempt};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// `POST …/keys`.
    Rotate,
    /// `POST …/remove`.
    Remove,
}

impl<S: Store> Verifier<S> {
    /// `POST …/keys` and `POST …/remove`. The last accepted one of each gets its answer whenever it is repeated, verified by
    /// the key that signed it.
    pub(crate) fn change_keys(
        &self,
        change: Change,
        id: &EnrollmentId,
        body: &str,
        now: UnixTime,
    ) -> Result<Reply, Refusal> {
        let message = Jws::parse(body).map_err(|_| Refusal::Unsigned)?;
        let KeyName::Known(signer) = message.key() else { return Err(Refusal::Unsigned) };
        let (hash, online) = (message.hash(), self.online(now)?);
        let verify = |key: &StoredKey| {
            let public = key.public().map_err(Error::Store)?;
            message.clone().verify(&public).map_err(|_| Refusal::Unsigned)
        };
        let answer = attempt(&self.store, |work| {
            internal(|| {
                let mut enrollment = wire_enrollment(work, &online, id, now)?;
                let known = last(&mut enrollment, change).clone();
                if let Some(known) = known.filter(|it| it.request == hash && it.key.thumbprint == signer) {
                    verify(&known.key)?;
                    self.count(id, now)?;
                    return self.answer_again(work, &online, enrollment, change, known, now);
                }
                if enrollment.uv.thumbprint != signer {
                    return Err(Refusal::Unsigned);
                }
                let key = enrollment.uv.clone();
                let verified = verify(&key)?;
                self.count(id, now)?;
                match change {
                    Change::Rotate => self.rotate(work, &mut enrollment, &verified, now)?,
                    Change::Remove => self.remove(work, &online, &mut enrollment, &verified, now)?,
                }
                let answer = self.inbox(&online, &enrollment, hash, Vec::new(), now)?;
                *last(&mut enrollment, change) = Some(Last {
                    request: hash,
                    key,
                    status: enrollment.status,
                    answer: answer.clone(),
                    signer: online.signer()?,
                });
                save_enrollment(work, &enrollment)?;
                Ok(answer)
            })
        });
        self.reply(&online, answer, id.as_str(), hash, now)
    }

    fn answer_again(
        &self,
        work: &mut Work<'_>,
        online: &Online,
        mut enrollment: Enrollment,
        change: Change,
        mut known: Last,
        now: UnixTime,
    ) -> Result<String, Refusal> {
        if !online.lists(known.signer) {
            known.answer = self.inbox_of(online, &enrollment, known.status, known.request, now)?;
            known.signer = online.signer()?;
            *last(&mut enrollment, change) = Some(known.clone());
            save_enrollment(work, &enrollment)?;
        }
        Ok(known.answer)
    }

    /// The inbox as it was answered then: the status of that moment.
    fn inbox_of(
        &self,
        online: &Online,
        enrollment: &Enrollment,
        status: Status,
        re: MessageHash,
        now: UnixTime,
    ) -> Result<String, Refusal> {
        self.inbox(online, &Enrollment { status, ..enrollment.clone() }, re, Vec::new(), now)
    }

    fn rotate(
        &self,
        work: &mut Work<'_>,
        enrollment: &mut Enrollment,
        verified: &Verified,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let message = Rotate::read(verified)?;
        self.check_address(enrollment, &message.issuer, &message.audience)?;
        let possession = self.new_key(work, enrollment, message.possession.as_deref(), Role::Possession)?;
        let uv = self.new_key(work, enrollment, message.uv.as_deref(), Role::Uv)?;
        if let (Some(possession), Some(uv)) = (&possession, &uv)
            && possession.thumbprint == uv.thumbprint
        {
            return Err(MALFORMED);
        }
        if enrollment.status != Status::Active {
            return Err(Refusal::Code(ErrorCode::NotActive));
        }
        self.check_times(work, enrollment, message.issued, &message.nonce, now)?;
        for key in [&possession, &uv].into_iter().flatten() {
            work.put(Kind::UsedKey, &key.thumbprint.to_bytes(), Vec::new(), None, None)?;
            // Nothing attests a key that comes by rotation.
            enrollment.hardware = false;
        }
        if let Some(key) = possession {
            enrollment.possession = key;
        }
        if let Some(key) = uv {
            enrollment.uv = key;
        }
        let account = &enrollment.account.id;
        work.tell(now, Actor::Phone, account, Some(&enrollment.id), What::Rotated, Outcome::Done);
        Ok(())
    }

    fn new_key(
        &self,
        work: &mut Work<'_>,
        enrollment: &Enrollment,
        message: Option<&str>,
        role: Role,
    ) -> Result<Option<StoredKey>, Refusal> {
        let Some(message) = message else { return Ok(None) };
        let (key, message) = nested::<Key>(message)?;
        self.check_address(enrollment, &message.issuer, &message.audience)?;
        let key = StoredKey::of(&key);
        if message.role != role || work.has(Kind::UsedKey, &key.thumbprint.to_bytes())? {
            return Err(MALFORMED);
        }
        Ok(Some(key))
    }

    fn remove(
        &self,
        work: &mut Work<'_>,
        online: &Online,
        enrollment: &mut Enrollment,
        verified: &Verified,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let message = Remove::read(verified)?;
        self.check_address(enrollment, &message.issuer, &message.audience)?;
        if !matches!(enrollment.status, Status::Active | Status::Frozen | Status::Suspended) {
            return Err(Refusal::Code(ErrorCode::NotActive));
        }
        self.check_times(work, enrollment, message.issued, &message.nonce, now)?;
        Ok(set_status(work, online, enrollment, Status::Removed, Actor::Phone, now)?)
    }

    fn check_address(&self, enrollment: &Enrollment, issuer: &EnrollmentId, audience: &str) -> Result<(), Refusal> {
        let right = *issuer == enrollment.id && audience == self.config.base.as_str();
        if right { Ok(()) } else { Err(MALFORMED) }
    }
}

const fn last(enrollment: &mut Enrollment, change: Change) -> &mut Option<Last> {
    match change {
        Change::Rotate => &mut enrollment.last_rotate,
        Change::Remove => &mut enrollment.last_remove,
    }
}
