//! A phone becomes one of an account's (section 3).

use countersign_core::push::jose::{Jws, KeyName, MessageHash, PublicKey, Verified};
use countersign_core::push::native::formulas::{ExchangeKey, attestation_challenge, ticket_id, ticket_proof};
use countersign_core::push::native::messages::{Enroll, Enrolled, EnrollmentId, ErrorCode, Message, Status, Uv};
use countersign_core::secret::SecretBytes;
use countersign_core::time::UnixTime;
use subtle::ConstantTimeEq;

use super::rows::{load_account, save_account, save_enrollment};
use super::{DAY, MALFORMED, Refusal, SKEW};
use crate::error::Error;
use crate::http::{Reply, push_address_is_allowed};
use crate::keyring::Purpose;
use crate::online::Online;
use crate::records::{Enrollment, Pending, StoredKey, Ticket, Used};
use crate::store::{Actor, Kind, Outcome, Store, What};
use crate::verifier::Verifier;
use crate::work::{Work, attempt};

/// Wrong tries of the six digits.
const TRIES: u8 = 3;

/// A request whose form is right.
struct Request<'a> {
    hash: MessageHash,
    message: Enroll,
    possession: &'a PublicKey,
    uv: PublicKey,
}

impl<S: Store> Verifier<S> {
    /// `POST /enrollments`.
    pub(crate) fn enroll(&self, body: &str, now: UnixTime) -> Result<Reply, Refusal> {
        let message = Jws::parse(body).map_err(|_| Refusal::Unsigned)?;
        let KeyName::Claimed(possession) = message.key() else { return Err(Refusal::Unsigned) };
        let verified = message.verify(&possession).map_err(|_| Refusal::Unsigned)?;
        let audience = possession.thumbprint().to_string();
        let online = self.online(now)?;
        let answer = self.read_enroll(&verified, &possession).and_then(|request| {
            attempt(&self.store, |work| match self.admit(work, &online, &request, now) {
                Ok(answer) => Ok(Ok(answer)),
                Err(Refusal::Internal(error)) => Err(error),
                Err(refusal) => Ok(Err(refusal)),
            })
        });
        self.reply(&online, answer, &audience, verified.hash(), now)
    }

    /// Form first: nothing of it depends on what the verifier knows.
    fn read_enroll<'a>(&self, verified: &Verified, possession: &'a PublicKey) -> Result<Request<'a>, Refusal> {
        let message = Enroll::read(verified)?;
        let base = self.config.base.as_str();
        let life = message.expires.seconds().saturating_sub(message.issued.seconds());
        let (uv, nested) = nested::<Uv>(&message.uv)?;
        let right = message.audience == base
            && (1..=300).contains(&life)
            && PublicKey::p256(&message.exchange).is_ok()
            && push_address_is_allowed(&message.push, &self.config.push_ports)
            && nested.audience == base
            && nested.ticket == message.ticket
            && nested.possession == possession.thumbprint();
        if right { Ok(Request { hash: verified.hash(), message, possession, uv }) } else { Err(MALFORMED) }
    }

    /// Ticket unknown, wrong proof, used by another, expired, same request, times, hardware, keys: in this order.
    fn admit(
        &self,
        work: &mut Work<'_>,
        online: &Online,
        request: &Request<'_>,
        now: UnixTime,
    ) -> Result<String, Refusal> {
        let message = &request.message;
        let refused = |code| Err(Refusal::Code(code));
        let Some(mut ticket) = work.load::<Ticket>(&message.ticket)? else { return refused(ErrorCode::TicketUnknown) };
        if now >= ticket.expires.plus_seconds(DAY) {
            return refused(ErrorCode::TicketUnknown);
        }
        let secret = self.ring.open(Purpose::Ticket, &message.ticket, &ticket.sealed).map_err(Error::KeyRing)?;
        let (possession, uv) = (StoredKey::of(request.possession), StoredKey::of(&request.uv));
        let proof = ticket_proof(&secret, &self.config.base, possession.thumbprint, uv.thumbprint, &message.exchange);
        if !bool::from(proof.ct_eq(&message.proof)) || ticket_id(&secret) != message.ticket {
            return refused(ErrorCode::TicketUnknown);
        }
        let used = ticket.used.clone();
        if used.as_ref().is_some_and(|used| used.request != request.hash) {
            return refused(ErrorCode::TicketUsed);
        }
        if now >= ticket.expires {
            return refused(ErrorCode::TicketExpired);
        }
        if let Some(used) = used {
            // An answer that a compromised key signed is worth nothing; the enrolment is removed with it.
            return if online.lists(used.signer) { Ok(used.answer) } else { refused(ErrorCode::TicketExpired) };
        }
        let off = message.issued.seconds().saturating_sub(now.seconds()).saturating_abs();
        if off > SKEW || now >= message.expires {
            return refused(ErrorCode::ProofTime);
        }
        let hardware = self.is_in_hardware(request, &secret, now);
        if online.state.require_hardware && !hardware {
            return refused(ErrorCode::Unsupported);
        }
        let mut known = possession.thumbprint == uv.thumbprint;
        for key in [&possession, &uv] {
            known |= work.has(Kind::UsedKey, &key.thumbprint.to_bytes())?;
        }
        if known {
            return Err(MALFORMED);
        }
        let answer = self.enrolled(work, online, request, &ticket, &secret, (possession, uv, hardware), now)?;
        ticket.used = Some(answer.clone());
        work.save(&message.ticket, &ticket, &ticket.account.id, Some(ticket.expires.plus_seconds(DAY)))?;
        Ok(answer.answer)
    }

    fn is_in_hardware(&self, request: &Request<'_>, ticket: &SecretBytes, now: UnixTime) -> bool {
        match (&request.message.attestation, &self.attestor) {
            (Some(attestation), Some(attestor)) => {
                attestor.verify(attestation, &attestation_challenge(ticket), request.possession, &request.uv, now)
            }
            _ => false,
        }
    }

    #[expect(clippy::too_many_arguments, reason = "all of it goes into one row")]
    fn enrolled(
        &self,
        work: &mut Work<'_>,
        online: &Online,
        request: &Request<'_>,
        ticket: &Ticket,
        secret: &SecretBytes,
        (possession, uv, hardware): (StoredKey, StoredKey, bool),
        now: UnixTime,
    ) -> Result<Used, Refusal> {
        let message = &request.message;
        let id = EnrollmentId::from_random(&self.random()?);
        let exchange = ExchangeKey::make(self.entropy.as_ref()).map_err(Error::Entropy)?;
        let (answer, hash) = online.sign(&Enrolled {
            issuer: self.config.base.as_str().to_owned(),
            audience: possession.thumbprint.to_string(),
            issued: now,
            re: request.hash,
            possession: possession.thumbprint,
            uv: uv.thumbprint,
            enrollment: id.clone(),
            account: ticket.account.clone(),
            name: online.state.name.clone(),
            exchange: exchange.public(),
            totp: self.config.totp,
        })?;
        let secrets = exchange.agree(&message.exchange, secret, request.hash, hash)?;
        let whose = id.as_str().as_bytes();
        let totp = match self.config.totp {
            true => Some(self.seal(Purpose::Totp, whose, secrets.totp.expose())?),
            false => None,
        };
        let offline = self.seal(Purpose::Offline, whose, secrets.offline.expose())?;
        for key in [&possession, &uv] {
            work.put(Kind::UsedKey, &key.thumbprint.to_bytes(), Vec::new(), None, None)?;
        }
        let signer = online.signer()?;
        let pending =
            Pending { enroll: request.hash, enrolled: hash, signer, tries: TRIES, replaces: ticket.replaces.clone() };
        save_enrollment(
            work,
            &Enrollment {
                id: id.clone(),
                account: ticket.account.clone(),
                status: Status::Pending,
                since: now,
                possession,
                uv,
                hardware,
                device: message.device.clone(),
                push: message.push.clone(),
                totp,
                totp_from: 0,
                offline,
                counter: 0,
                wrong: 0,
                unapproved: 0,
                unapproved_at: UnixTime::default(),
                current: None,
                slot: None,
                pending: Some(pending),
                last_rotate: None,
                last_remove: None,
                created: now,
            },
        )?;
        let mut account = load_account(work, &ticket.account.id)?.unwrap_or_default();
        account.enrollments.push(id.clone());
        save_account(work, &ticket.account.id, &account)?;
        work.tell(now, Actor::Phone, &ticket.account.id, Some(&id), What::Enrolled, Outcome::Done);
        Ok(Used { request: request.hash, answer, signer, enrollment: id })
    }
}

/// A message inside another, signed by the key in its own header. Any fault of it is the outer message's.
pub(super) fn nested<M: Message>(text: &str) -> Result<(PublicKey, M), Refusal> {
    let message = Jws::parse(text).map_err(|_| MALFORMED)?;
    let KeyName::Claimed(key) = message.key() else { return Err(MALFORMED) };
    let verified = message.verify(&key).map_err(|_| MALFORMED)?;
    Ok((key, M::read(&verified).map_err(|_| MALFORMED)?))
}
