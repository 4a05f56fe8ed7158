//! Asking a person (sections 4 and 6): a challenge to each of the account's phones that this browser session may have.

use countersign_core::push::MessageError;
use countersign_core::push::jose::encode;
use countersign_core::push::native::messages::{Action, Challenge, Context, Detail, EnrollmentId, PushAddress, Status};
use countersign_core::push::shown::{NAME, TEXT, is_shown};
use countersign_core::secret::SecretText;
use countersign_core::time::UnixTime;

use super::DAY;
use super::rows::{
    load_account, load_enrollment, load_sign_in, save_account, save_enrollment, save_sign_in, session_id, sign_in_id,
    unapproved,
};
use crate::error::{AskError, Error};
use crate::keyring::Purpose;
use crate::online::Online;
use crate::records::{
    Account, Asked, ChallengeOf, ChallengeState, Current, Enrollment, Session, SignIn, SignInChallenge, SignInState,
    Slot,
};
use crate::store::{Actor, Outcome, Store, What};
use crate::verifier::Verifier;
use crate::work::{Work, attempt};

/// How long a session may hold a phone, in seconds.
const SLOT_HELD: i64 = 600;
/// The longest link for a QR code, in bytes.
const LONGEST_LINK: usize = 1200;
/// The most challenges of one sign-in; regenerating ends there.
const MAX_CHALLENGES: usize = 512;

/// What to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What it is about.
    pub action: Action,
    /// Who asks: shown strings.
    pub context: Context,
    /// Up to 20 lines, shown in full.
    pub details: Vec<Detail>,
    /// The answer needs user verification; it does in any case where metadata says so.
    pub uv: bool,
    /// How many digits the page shows: 6 to 8.
    pub digits: u8,
    /// The approval is for a phone that takes the place of the approving one ([`Verifier::invite_replacement`]), and good
    /// for nothing else.
    pub replacement: bool,
}

impl Question {
    /// About a sign-in, with six digits.
    #[must_use]
    pub const fn sign_in(context: Context) -> Self {
        Self { action: Action::SignIn, context, details: Vec::new(), uv: false, digits: 6, replacement: false }
    }

    /// About a transaction, with user verification and six digits.
    #[must_use]
    pub const fn transaction(context: Context, details: Vec<Detail>) -> Self {
        Self { action: Action::Transaction, context, details, uv: true, digits: 6, replacement: false }
    }

    /// Whether a new phone may take the place of the one that approves. The details say so to the person.
    #[must_use]
    pub const fn replacement(context: Context, details: Vec<Detail>) -> Self {
        Self { action: Action::Transaction, context, details, uv: true, digits: 6, replacement: true }
    }

    fn check(&self) -> Result<(), AskError> {
        let context = &self.context;
        let members = [&context.application, &context.client, &context.address, &context.location, &context.time];
        let wrong = |what| Err(AskError::Question(MessageError::Malformed(what)));
        if !members.into_iter().flatten().all(|text| is_shown(text, TEXT)) {
            return wrong("context");
        }
        let shown = |detail: &Detail| is_shown(&detail.label, NAME) && is_shown(&detail.value, TEXT);
        if self.details.len() > Challenge::MAX_DETAILS || !self.details.iter().all(shown) {
            return wrong("details");
        }
        if !(6..=8).contains(&self.digits) {
            return wrong("digits");
        }
        Ok(())
    }
}

/// A challenge, as the page may need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageChallenge {
    /// The phone.
    pub enrollment: EnrollmentId,
    /// The phone's own name for itself, to tell QR codes apart.
    pub device: String,
    /// The challenge, compact.
    pub challenge: String,
    /// What a QR code for an answer without a network says; none where it would be too long.
    pub uri: Option<String>,
}

/// A phone to be woken. All that is sent is the tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WakeUp {
    /// The phone.
    pub enrollment: EnrollmentId,
    /// Where, never [`PushAddress::None`].
    pub address: PushAddress,
}

/// What the page of a sign-in gets.
#[derive(Debug, Clone)]
pub struct Page {
    /// The secret that only this browser session has; it polls and redeems with it. 128 random bits, base64url.
    pub secret: SecretText,
    /// The digits to show.
    pub shown: SecretText,
    /// Until when the question may be answered.
    pub expires: UnixTime,
    /// The challenges that were made, in the order of enrolment.
    pub challenges: Vec<PageChallenge>,
    /// Active phones that another session holds.
    pub waiting: Vec<EnrollmentId>,
    /// Phones to wake now.
    pub wake_ups: Vec<WakeUp>,
}

/// The phones that may be asked, and those that another session holds.
struct Slots {
    free: Vec<Enrollment>,
    waiting: Vec<EnrollmentId>,
}

impl<S: Store> Verifier<S> {
    /// Asks the person whose account this is. `session` names the browser session, in whatever way the embedding code names
    /// it; a question that the same session has open on this account is superseded.
    ///
    /// # Errors
    /// [`AskError`], but `Decided` and `Unknown`.
    pub fn sign_in(&self, account: &str, session: &str, question: &Question, now: UnixTime) -> Result<Page, AskError> {
        question.check()?;
        let (online, session) = (self.online(now)?, session_id(session));
        attempt(&self.store, |work| {
            let Some(mut known) = load_account(work, account)? else { return Ok(Err(AskError::NoFactor)) };
            let mut slots = match slots(work, &online, &known, &session, now)? {
                Ok(slots) => slots,
                Err(error) => return Ok(Err(error)),
            };
            let before = known.sessions.iter().find(|open| open.session == session).map(|open| open.sign_in);
            if let Some(before) = before {
                supersede(work, &online, &before, &mut slots.free, now)?;
            }
            let secret = SecretText::new(encode(&self.random::<16>()?));
            let id = sign_in_id(secret.expose());
            let expires = now.plus_seconds(self.config.challenge_life());
            known.sessions.retain(|open| open.session != session && open.expires > now);
            known.sessions.push(Session { session, sign_in: id, expires });
            save_account(work, account, &known)?;
            let asked = Asked {
                action: question.action,
                context: question.context.clone(),
                details: question.details.clone(),
                uv: question.uv,
                digits: question.digits,
                replacement: question.replacement,
            };
            let sign_in = SignIn {
                account: account.to_owned(),
                session,
                state: SignInState::Pending,
                asked,
                shown: Vec::new(),
                expires,
                wrong: 0,
                wrong_offline: 0,
                wrong_totp: 0,
                by: None,
                challenges: Vec::new(),
            };
            self.ask(work, &online, secret, sign_in, slots, now).map(Ok)
        })
    }

    /// Asks the same question anew, with other digits. The old challenges are superseded; the secret stays.
    ///
    /// # Errors
    /// [`AskError`], but `Question`.
    pub fn regenerate(&self, secret: &str, now: UnixTime) -> Result<Page, AskError> {
        let (online, id) = (self.online(now)?, sign_in_id(secret));
        attempt(&self.store, |work| {
            let Some(sign_in) = load_sign_in(work, &online, &id, now)? else { return Ok(Err(AskError::Unknown)) };
            if sign_in.state != SignInState::Pending {
                return Ok(Err(AskError::Decided));
            }
            if sign_in.challenges.len() >= MAX_CHALLENGES {
                return Ok(Err(AskError::HeldTooLong));
            }
            let Some(mut known) = load_account(work, &sign_in.account)? else { return Ok(Err(AskError::NoFactor)) };
            let mut slots = match slots(work, &online, &known, &sign_in.session, now)? {
                Ok(slots) => slots,
                Err(error) => return Ok(Err(error)),
            };
            let mut sign_in = sign_in;
            supersede_challenges(&mut sign_in, &mut slots.free, now);
            sign_in.expires = now.plus_seconds(self.config.challenge_life());
            for open in known.sessions.iter_mut().filter(|open| open.sign_in == id) {
                open.expires = sign_in.expires;
            }
            save_account(work, &sign_in.account, &known)?;
            self.ask(work, &online, SecretText::new(secret.to_owned()), sign_in, slots, now).map(Ok)
        })
    }

    fn ask(
        &self,
        work: &mut Work<'_>,
        online: &Online,
        secret: SecretText,
        mut sign_in: SignIn,
        slots: Slots,
        now: UnixTime,
    ) -> Result<Page, Error> {
        let id = sign_in_id(secret.expose());
        let shown = SecretText::new(self.digits(sign_in.asked.digits)?);
        sign_in.shown = self.seal(Purpose::Shown, &id, shown.expose().as_bytes())?;
        let require_uv = sign_in.asked.uv || online.state.require_uv;
        let (mut challenges, mut wake_ups) = (Vec::new(), Vec::new());
        for mut enrollment in slots.free {
            let (compact, hash) = online.sign(&Challenge {
                issuer: self.config.base.as_str().to_owned(),
                audience: enrollment.id.as_str().to_owned(),
                issued: now,
                subject: enrollment.account.id.clone(),
                nonce: encode(&self.random::<16>()?),
                expires: sign_in.expires,
                action: sign_in.asked.action,
                context: sign_in.asked.context.clone(),
                details: sign_in.asked.details.clone(),
                require_uv,
                digits: sign_in.asked.digits,
            })?;
            let row = ChallengeOf { sign_in: id };
            work.save(&hash.to_bytes(), &row, &sign_in.account, Some(sign_in.expires.plus_seconds(DAY)))?;
            enrollment.current = Some(Current { challenge: hash, sign_in: id, expires: sign_in.expires });
            save_enrollment(work, &enrollment)?;
            let account = &sign_in.account;
            work.tell(now, Actor::Page, account, Some(&enrollment.id), What::Asked, Outcome::Done);
            if enrollment.push != PushAddress::None && now >= quiet_until(&enrollment) {
                wake_ups.push(WakeUp { enrollment: enrollment.id.clone(), address: enrollment.push.clone() });
            }
            sign_in.challenges.push(SignInChallenge {
                hash,
                enrollment: enrollment.id.clone(),
                expires: sign_in.expires,
                require_uv,
                state: ChallengeState::Live,
                reported: false,
                signer: online.signer()?,
                compact: compact.clone(),
            });
            let uri = format!("countersign://challenge?c={compact}");
            challenges.push(PageChallenge {
                enrollment: enrollment.id,
                device: enrollment.device.name,
                challenge: compact,
                uri: (uri.len() <= LONGEST_LINK).then_some(uri),
            });
        }
        save_sign_in(work, &id, &sign_in)?;
        Ok(Page { secret, shown, expires: sign_in.expires, challenges, waiting: slots.waiting, wake_ups })
    }

    /// So many random digits, each number as likely as any other (but for one part in 2¹⁰⁰).
    fn digits(&self, count: u8) -> Result<String, Error> {
        let number = u128::from_be_bytes(self.random()?).checked_rem(10u128.pow(count.into())).unwrap_or(0);
        Ok(format!("{number:0width$}", width = usize::from(count)))
    }
}

/// Until when a phone that didn't approve isn't woken: after three in a row a minute, doubling to an hour.
fn quiet_until(enrollment: &Enrollment) -> UnixTime {
    match enrollment.unapproved.checked_sub(3) {
        None => UnixTime::from_millis(i64::MIN),
        Some(more) => {
            let pause = 60i64.checked_shl(more.min(10)).unwrap_or(3600).min(3600);
            enrollment.unapproved_at.plus_seconds(pause)
        }
    }
}

/// Which of the account's active phones this session may ask now.
fn slots(
    work: &mut Work<'_>,
    online: &Online,
    account: &Account,
    session: &[u8; 32],
    now: UnixTime,
) -> Result<Result<Slots, AskError>, Error> {
    let (mut free, mut waiting, mut held) = (Vec::new(), Vec::new(), false);
    for id in &account.enrollments {
        let Some(mut enrollment) = load_enrollment(work, online, id, now)? else { continue };
        if enrollment.status != Status::Active {
            continue;
        }
        match (is_asked(work, online, &mut enrollment, now)?, enrollment.slot) {
            (true, Some(slot)) if slot.session != *session => waiting.push(enrollment.id),
            (true, Some(slot)) if now >= slot.since.plus_seconds(SLOT_HELD) => held = true,
            (true, Some(_)) => free.push(enrollment),
            (false, _) | (true, None) => {
                enrollment.slot = Some(Slot { session: *session, since: now });
                free.push(enrollment);
            }
        }
    }
    Ok(if held {
        Err(AskError::HeldTooLong)
    } else if !free.is_empty() {
        Ok(Slots { free, waiting })
    } else if waiting.is_empty() {
        Err(AskError::NoFactor)
    } else {
        Err(AskError::Busy)
    })
}

/// Whether the phone has a live challenge. One that ended without an answer is counted here, once.
fn is_asked(work: &mut Work<'_>, online: &Online, enrollment: &mut Enrollment, now: UnixTime) -> Result<bool, Error> {
    let Some(current) = enrollment.current.clone() else { return Ok(false) };
    let sign_in = load_sign_in(work, online, &current.sign_in, now)?;
    let challenge = sign_in.as_ref().and_then(|it| it.challenges.iter().find(|it| it.hash == current.challenge));
    if challenge.is_some_and(|challenge| challenge.is_live(now)) {
        return Ok(true);
    }
    if challenge.is_some_and(|challenge| challenge.state == ChallengeState::Live) {
        unapproved(enrollment, current.expires);
    }
    enrollment.current = None;
    Ok(false)
}

/// The session's earlier question gives way.
fn supersede(
    work: &mut Work<'_>,
    online: &Online,
    id: &[u8; 32],
    phones: &mut [Enrollment],
    now: UnixTime,
) -> Result<(), Error> {
    if let Some(mut before) = load_sign_in(work, online, id, now)?
        && before.state == SignInState::Pending
    {
        before.decide(SignInState::Superseded);
        supersede_challenges(&mut before, phones, now);
        save_sign_in(work, id, &before)?;
    }
    Ok(())
}

fn supersede_challenges(sign_in: &mut SignIn, phones: &mut [Enrollment], now: UnixTime) {
    for challenge in sign_in.challenges.iter_mut().filter(|challenge| challenge.is_live(now)) {
        challenge.close(ChallengeState::Superseded);
        if let Some(phone) = phones.iter_mut().find(|phone| phone.id == challenge.enrollment) {
            unapproved(phone, now);
        }
    }
}
