//! Challenges: judged, kept, and made ready for the screen.

use super::Error;
use super::enrollment::{Enrollment, Entry, Phase};
use super::verifier::{SKEW, Verifier};
use crate::push::MessageError;
use crate::push::jose::{Jws, KeyName, MessageHash, Verified};
use crate::push::model::{Action, Code, Line, Needs, Request, RequestId, Status};
use crate::push::native::invitation::unescape;
use crate::push::native::messages::{self, Challenge, Message};
use crate::time::UnixTime;

/// What every offline challenge begins with.
pub const OFFLINE_PREFIX: &str = "countersign://challenge?";
/// The longest link of an offline challenge in bytes.
const LONGEST_LINK: usize = 1200;
/// The most challenges that are remembered; more within ten minutes are refused.
const MOST: usize = 1000;
/// Of challenges that can't be answered any more but still be reported, the texts of the latest so many are kept.
const KEPT_TEXTS: usize = 4;

impl Enrollment {
    /// A challenge, judged by everything that doesn't depend on what was answered before.
    pub(super) fn judge(
        &self,
        verifier: &Verifier,
        text: &str,
        now: UnixTime,
    ) -> Result<(MessageHash, Challenge), MessageError> {
        let jws = Jws::parse(text)?;
        let KeyName::Known(name) = jws.key() else { return Err(MessageError::UnknownKey) };
        let verified = jws.verify(verifier.key(name).ok_or(MessageError::UnknownKey)?)?;
        self.judge_verified(verifier, &verified, now)
    }

    /// A challenge that is remembered, judged again: everything but its signature, which was verified before it was kept, in
    /// a state that is sealed. Its key must still be one of the verifier's.
    pub(super) fn judge_kept(
        &self,
        verifier: &Verifier,
        entry: &Entry,
        now: UnixTime,
    ) -> Result<(MessageHash, Challenge), MessageError> {
        let jws = Jws::parse(&entry.text)?;
        let KeyName::Known(name) = jws.key() else { return Err(MessageError::UnknownKey) };
        verifier.key(name).ok_or(MessageError::UnknownKey)?;
        self.judge_verified(verifier, &jws.verified_before(entry.hash)?, now)
    }

    fn judge_verified(
        &self,
        verifier: &Verifier,
        verified: &Verified,
        now: UnixTime,
    ) -> Result<(MessageHash, Challenge), MessageError> {
        let challenge = Challenge::read(verified)?;
        if challenge.issuer != verifier.base().as_str() {
            return Err(MessageError::Elsewhere("iss"));
        }
        if challenge.audience != self.id.as_str() {
            return Err(MessageError::Elsewhere("aud"));
        }
        if challenge.subject != self.account.id {
            return Err(MessageError::Elsewhere("sub"));
        }
        let life = challenge.expires.seconds().saturating_sub(challenge.issued.seconds());
        if !(1..=Challenge::MAX_LIFE).contains(&life) {
            return Err(MessageError::Malformed("exp"));
        }
        let time = verifier.time(now);
        if challenge.issued > time.plus_seconds(SKEW) {
            return Err(MessageError::Time("iat"));
        }
        if time >= challenge.expires {
            return Err(MessageError::Time("exp"));
        }
        if verifier.metadata().is_some_and(|metadata| metadata.require_uv) && !challenge.require_uv {
            return Err(MessageError::Downgrade("uv"));
        }
        Ok((verified.hash(), challenge))
    }

    /// Takes the challenges that an inbox lists, and closes those that it doesn't. Gives the number of refused ones.
    pub(super) fn take_listed(&mut self, verifier: &Verifier, listed: &[String], now: UnixTime) -> usize {
        let mut refused = 0;
        for text in listed {
            match self.judge(verifier, text, now) {
                Ok((hash, challenge)) => {
                    if !self.keep(hash, &challenge, text, Way::Listed) {
                        refused += 1;
                    }
                }
                Err(_) => refused += 1,
            }
        }
        // One that is listed but refused is not closed.
        let hashes: Vec<_> = listed.iter().filter_map(|text| signing_input(text)).collect();
        self.close(|entry| !hashes.contains(&entry.hash));
        refused
    }

    /// Takes a challenge in a QR code's text (`countersign://challenge?c=…`), judged by stored metadata alone. It can be
    /// answered by eight digits only ([`Task::digits`](super::Task::digits)). Never from a link: from camera or picture.
    ///
    /// # Errors
    /// [`Error::NotActive`] if it is this enrolment's, and that isn't active; [`Error::UnknownRequest`] if it was answered or
    /// closed before; [`Error::Refused`] for all else, challenges of other enrolments included.
    pub fn scan(&mut self, verifier: &Verifier, uri: &str, now: UnixTime) -> Result<Request, Error> {
        let text = offline_challenge(uri)?;
        let judged = self.judge(verifier, &text, now);
        if !verifier.is_good_offline(now) {
            return Err(MessageError::Time("metadata").into());
        }
        let (hash, challenge) = judged?;
        if self.status != Status::Active {
            return Err(Error::NotActive);
        }
        let answerable = |entry: &Entry| matches!(entry.phase, Phase::Open | Phase::Digits);
        if self.entries.iter().any(|entry| entry.hash == hash && !answerable(entry)) {
            return Err(Error::UnknownRequest);
        }
        let mut next = self.clone();
        if !next.keep(hash, &challenge, &text, Way::Scanned) {
            return Err(Error::UnknownRequest);
        }
        let id = RequestId::from_bytes(hash.to_bytes());
        let request = next.request(verifier, id, now).ok_or(Error::UnknownRequest)?;
        *self = next;
        Ok(request)
    }

    /// Keeps a challenge that was judged. False where there is no room.
    fn keep(&mut self, hash: MessageHash, challenge: &Challenge, text: &str, way: Way) -> bool {
        if self.entry_mut(hash).is_none() {
            if self.entries.len() >= MOST {
                return false;
            }
            let (expires, text) = (challenge.expires, text.to_owned());
            let new = Entry { hash, expires, text, phase: Phase::Open, listed: false, scanned: false, reported: false };
            self.entries.push(new);
            self.forget_texts();
        }
        if let Some(entry) = self.entry_mut(hash) {
            match way {
                Way::Listed => entry.listed = true,
                Way::Scanned => entry.scanned = true,
            }
        }
        true
    }

    fn forget_texts(&mut self) {
        let over = self.entries.iter_mut().rev().filter(|entry| !entry.text.is_empty() && entry.phase != Phase::Open);
        over.skip(KEPT_TEXTS).for_each(|entry| entry.text.clear());
    }

    /// The request on screen; none where it is over or not to be shown any more.
    pub(super) fn request_of(&self, verifier: &Verifier, entry: &Entry, now: UnixTime) -> Option<Request> {
        let (_, challenge) = self.judge_kept(verifier, entry, now).ok()?;
        let messages::Context { application, client, address, location, time } = challenge.context;
        let context =
            [client.map(Line::Client), address.map(Line::Address), location.map(Line::Location), time.map(Line::Time)];
        Some(Request {
            id: RequestId::from_bytes(entry.hash.to_bytes()),
            server: verifier.name().to_owned(),
            host: verifier.base().host().to_owned(),
            verified_context: true,
            account: self.account.name.clone(),
            status: self.status,
            action: match challenge.action {
                messages::Action::SignIn => Action::SignIn { application },
                messages::Action::Transaction => Action::Transaction { application },
            },
            context: context.into_iter().flatten().collect(),
            details: challenge.details,
            issued: challenge.issued,
            expires: challenge.expires,
            ends: verifier.by_own_clock(challenge.expires, now),
            needs: Needs { code: Code::Digits(challenge.digits), user_verification: challenge.require_uv },
            by_picture: entry.scanned,
            online: entry.listed,
            can_report: !entry.reported,
            deny_reasons: Vec::new(),
        })
    }
}

/// How a challenge came.
#[derive(Clone, Copy)]
enum Way {
    Listed,
    Scanned,
}

/// H of a text that need not be a message.
fn signing_input(text: &str) -> Option<MessageHash> {
    let (input, _) = text.rsplit_once('.')?;
    Some(MessageHash::from_bytes(crate::push::jose::sha256(&[input.as_bytes()])))
}

/// Whether a challenge is signed by a key that isn't known: metadata may have changed.
pub(super) fn is_of_unknown_key(verifier: &Verifier, text: &str) -> bool {
    match Jws::parse(text).map(|jws| jws.key()) {
        Ok(KeyName::Known(name)) => verifier.key(name).is_none(),
        _ => false,
    }
}

/// The message in an offline challenge's link.
///
/// # Errors
/// [`MessageError::Malformed`].
pub fn offline_challenge(uri: &str) -> Result<String, MessageError> {
    let wrong = MessageError::Malformed("challenge");
    let query = uri.strip_prefix(OFFLINE_PREFIX).filter(|_| uri.len() <= LONGEST_LINK).ok_or(wrong)?;
    let text = query.strip_prefix("c=").filter(|text| !text.contains('&')).and_then(unescape).ok_or(wrong)?;
    Jws::parse(&text).map_err(|_| wrong)?;
    Ok(text)
}
