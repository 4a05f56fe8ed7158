//! A verifier's answers: verified before anything else is made of them (`docs/protocol.md`, "Trust" and "Clock").

use super::Error;
use super::verifier::{Clock, LONGEST_ANSWER, Verifier};
use crate::push::MessageError;
use crate::push::jose::{Jws, KeyName, MessageHash, Verified};
use crate::push::model::Arrival;
use crate::push::native::messages::{Enrolled, ErrorCode, ErrorMessage, Inbox, Message, Receipt};
use crate::time::UnixTime;

/// What all answers have.
pub(super) trait Answering: Message {
    /// `iss`, `aud`, `iat`, `re`.
    fn head(&self) -> (&str, &str, UnixTime, MessageHash);

    /// The sequence number of metadata that it speaks of.
    fn sequence(&self) -> Option<u64> {
        None
    }
}

impl Answering for Inbox {
    fn head(&self) -> (&str, &str, UnixTime, MessageHash) {
        (&self.issuer, &self.audience, self.issued, self.re)
    }

    fn sequence(&self) -> Option<u64> {
        Some(self.sequence)
    }
}

impl Answering for Receipt {
    fn head(&self) -> (&str, &str, UnixTime, MessageHash) {
        (&self.issuer, &self.audience, self.issued, self.re)
    }
}

impl Answering for Enrolled {
    fn head(&self) -> (&str, &str, UnixTime, MessageHash) {
        (&self.issuer, &self.audience, self.issued, self.re)
    }
}

impl Answering for ErrorMessage {
    fn head(&self) -> (&str, &str, UnixTime, MessageHash) {
        (&self.issuer, &self.audience, self.issued, self.re)
    }
}

/// What an answer has to answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    /// Whom it is for.
    pub(super) audience: &'a str,
    /// H of the message that authenticated the request.
    pub(super) re: MessageHash,
    /// The request went out for the first time: the answer may tell the time.
    pub(super) first: bool,
    /// Metadata was fetched for this answer: it is not fetched again.
    pub(super) fetched: bool,
}

/// What an answer turned out to be.
pub(super) enum Heard<M> {
    /// What was expected, and H of it.
    Answer(M, MessageHash),
    /// A signed error.
    Told(ErrorCode),
    /// Nothing yet: metadata has to be fetched first.
    NeedsMetadata,
}

/// Judges an answer and takes over the time that it tells. After an error the verifier is as it was.
pub(super) fn hear<M: Answering>(
    verifier: &mut Verifier,
    expected: Expected<'_>,
    arrival: &Arrival,
    now: UnixTime,
) -> Result<Heard<M>, Error> {
    let response = arrival.response.as_ref().ok_or(Error::Network)?;
    let status = response.status();
    if !matches!(status, 200 | 400 | 409) || response.body().len() > LONGEST_ANSWER {
        return Err(Error::Network);
    }
    let text = std::str::from_utf8(response.body()).map_err(|_| Error::Network)?;
    let jws = Jws::parse(text).map_err(|_| Error::Network)?;
    let KeyName::Known(name) = jws.key() else { return Err(Error::Network) };
    let may_fetch = !expected.fetched && verifier.may_fetch(now);
    let Some(key) = verifier.key(name) else {
        return if may_fetch { Ok(Heard::NeedsMetadata) } else { Err(Error::Network) };
    };
    let verified = jws.verify(key).map_err(|_| Error::Network)?;
    let told = verified.kind() == ErrorMessage::TYPE;
    if told == (status == 200) {
        return Err(Error::Network);
    }
    let (heard, issued, sequence) = if told {
        let error: ErrorMessage = read(verifier, expected, &verified)?;
        if error.code.http_status() != status {
            return Err(Error::Network);
        }
        (Heard::Told(error.code), error.issued, None)
    } else {
        let answer: M = read(verifier, expected, &verified)?;
        let (_, _, issued, _) = answer.head();
        let sequence = answer.sequence();
        (Heard::Answer(answer, verified.hash()), issued, sequence)
    };
    let stored = verifier.metadata().map_or(0, |metadata| metadata.sequence);
    if sequence.is_some_and(|sequence| sequence < stored) {
        return Err(MessageError::Downgrade("seq").into());
    }
    let mut next = verifier.clone();
    next.set_clock(Clock::of(arrival, issued, name).filter(|_| expected.first));
    let old = !next.is_timely(now) || next.is_stale(now) || sequence.is_some_and(|sequence| sequence > stored);
    if old && !expected.fetched {
        return if may_fetch { Ok(Heard::NeedsMetadata) } else { Err(MessageError::Time("metadata").into()) };
    }
    if !next.is_timely(now) {
        return Err(MessageError::Time("metadata").into());
    }
    *verifier = next;
    Ok(heard)
}

fn read<M: Answering>(verifier: &Verifier, expected: Expected<'_>, verified: &Verified) -> Result<M, MessageError> {
    let message = M::read(verified)?;
    let (issuer, audience, _, re) = message.head();
    if issuer != verifier.base().as_str() {
        return Err(MessageError::Elsewhere("iss"));
    }
    if audience != expected.audience {
        return Err(MessageError::Elsewhere("aud"));
    }
    if re != expected.re {
        return Err(MessageError::Elsewhere("re"));
    }
    Ok(message)
}

/// Judges an answer once more, by the metadata that was fetched for it. Where that is good by itself it goes to `kept`, to stay
/// whatever becomes of the answer.
pub(super) fn hear_again<T>(
    verifier: &mut Verifier,
    kept: &mut Verifier,
    metadata: &Arrival,
    now: UnixTime,
    judge: impl FnOnce(&mut Verifier) -> Result<T, Error>,
) -> Result<T, Error> {
    let known = verifier.read_metadata(metadata.response.as_ref(), now)?;
    let mut next = verifier.clone();
    next.adopt(known);
    if next.is_timely(now) {
        *kept = next.clone();
    }
    let judged = judge(&mut next)?;
    *verifier = next;
    Ok(judged)
}
