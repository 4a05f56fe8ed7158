//! What the phone knows of a verifier, the pair of address and identity key: its metadata, its clock, and the guard
//! against its requests.
//!
//! Enrolments at the same verifier share one [`Verifier`]: whoever stores it keeps one, or the same copy with each of them,
//! changed in one transaction.

use super::Error;
use super::codec::{Parts, put_time, zigzag};
use crate::push::MessageError;
use crate::push::jose::{Jws, KeyName, PublicKey, Thumbprint};
use crate::push::model::{Arrival, Guard, HttpRequest, HttpResponse, Method};
use crate::push::native::messages::{Message, Metadata};
use crate::push::native::{BaseUrl, VERSION};
use crate::time::UnixTime;
use crate::wire::Writer;

/// The longest answer in bytes.
pub(super) const LONGEST_ANSWER: usize = 64 * 1024;
/// Messages may be so many seconds early.
pub(super) const SKEW: i64 = 60;
/// Between two fetches of metadata lie so many seconds at least.
const BETWEEN: i64 = 60;
/// Metadata is fetched anew after so many seconds.
const FRESH: i64 = 24 * 3600;
/// An answer tells the time if it took no longer, in milliseconds.
const LONGEST_TRIP: i64 = 10_000;

/// A verifier as the phone knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    base: BaseUrl,
    identity: Thumbprint,
    known: Option<Known>,
    /// Its clock less ours, and the online key that said so.
    clock: Option<Clock>,
    /// When metadata was last asked for by something but an enrolment, by our clock.
    tried: Option<UnixTime>,
    /// Denials that the person tapped.
    pub(super) guard: Guard,
}

/// Metadata that was verified, as it came: it is verified again whenever it is read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    text: String,
    metadata: Metadata,
    fetched: UnixTime,
    /// The latest `iat` that any metadata of this verifier had.
    floor: UnixTime,
}

/// A verifier's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    millis: i64,
    key: Thumbprint,
}

impl Clock {
    /// What an answer that was signed at `issued` says, if it came back fast enough.
    pub(super) fn of(arrival: &Arrival, issued: UnixTime, key: Thumbprint) -> Option<Self> {
        let (sent, received) = (arrival.sent.millis(), arrival.received.millis());
        let trip = received.checked_sub(sent)?;
        let middle = sent.checked_add(trip / 2)?;
        let millis = issued.millis().checked_sub(middle)?;
        (0..=LONGEST_TRIP).contains(&trip).then_some(Self { millis, key })
    }
}

impl Verifier {
    /// One of which nothing is known yet.
    #[must_use]
    pub const fn new(base: BaseUrl, identity: Thumbprint) -> Self {
        let guard = Guard::new();
        Self { base, identity, known: None, clock: None, tried: None, guard }
    }

    /// Its address.
    #[must_use]
    pub const fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// The thumbprint of its identity key.
    #[must_use]
    pub const fn identity(&self) -> Thumbprint {
        self.identity
    }

    /// The verified metadata; none before the first enrolment.
    #[must_use]
    pub fn metadata(&self) -> Option<&Metadata> {
        self.known.as_ref().map(|known| &known.metadata)
    }

    /// Its name, as it signed it; empty before the first enrolment.
    #[must_use]
    pub fn name(&self) -> &str {
        self.metadata().map_or("", |metadata| metadata.name.as_str())
    }

    /// Its clock less ours in milliseconds, where an answer has told it.
    #[must_use]
    pub fn offset_millis(&self) -> Option<i64> {
        self.clock.map(|clock| clock.millis)
    }

    /// The guard against too many requests.
    #[must_use]
    pub const fn guard(&self) -> &Guard {
        &self.guard
    }

    /// The person wants to hear of its requests again.
    pub fn unmute(&mut self) {
        self.guard = Guard::new();
    }

    /// The time by its clock, never before the latest `iat` of its metadata.
    #[must_use]
    pub fn time(&self, now: UnixTime) -> UnixTime {
        let floor = self.known.as_ref().map_or(UnixTime::from_millis(i64::MIN), |known| known.floor);
        self.told(now).max(floor)
    }

    /// A moment of its clock by ours.
    #[must_use]
    pub fn by_own_clock(&self, moment: UnixTime, now: UnixTime) -> UnixTime {
        let ahead = moment.millis().saturating_sub(self.time(now).millis());
        UnixTime::from_millis(now.millis().saturating_add(ahead))
    }

    /// The time by its clock, without the floor.
    fn told(&self, now: UnixTime) -> UnixTime {
        UnixTime::from_millis(now.millis().saturating_add(self.offset_millis().unwrap_or(0)))
    }

    pub(super) fn key(&self, name: Thumbprint) -> Option<&PublicKey> {
        self.metadata()?.keys.iter().find(|key| key.thumbprint() == name)
    }

    pub(super) const fn has_clock(&self) -> bool {
        self.clock.is_some()
    }

    pub(super) fn set_clock(&mut self, clock: Option<Clock>) {
        if clock.is_some() {
            self.clock = clock;
        }
    }

    /// Before an answer that can't tell the time: what is stored may be of another day, and judges nothing.
    pub(super) const fn forget_clock(&mut self) {
        self.clock = None;
    }

    /// Whether stored metadata is in its time, by a clock that the verifier told; before there is one it is not judged.
    pub(super) fn is_timely(&self, now: UnixTime) -> bool {
        let now = self.told(now);
        let Some(metadata) = self.metadata() else { return false };
        self.clock.is_none() || (metadata.issued <= now.plus_seconds(SKEW) && now < metadata.expires)
    }

    /// Whether metadata may judge a challenge that came without a network.
    pub(super) fn is_good_offline(&self, now: UnixTime) -> bool {
        self.metadata().is_some_and(|metadata| self.time(now) < metadata.expires) && self.is_timely(now)
    }

    /// Whether the last fetch is a day ago, or lies ahead because our clock was set back.
    pub(super) fn is_stale(&self, now: UnixTime) -> bool {
        self.known.as_ref().is_none_or(|known| {
            let age = now.millis().saturating_sub(known.fetched.millis());
            age.unsigned_abs() > FRESH.unsigned_abs().saturating_mul(1000)
        })
    }

    pub(super) fn may_fetch(&self, now: UnixTime) -> bool {
        let waits = |tried: UnixTime| tried <= now && now < tried.plus_seconds(BETWEEN);
        !self.tried.is_some_and(waits)
    }

    /// The request for metadata; `counted` against the limit of one a minute.
    pub(super) fn fetch(&mut self, counted: Option<UnixTime>) -> HttpRequest {
        self.tried = counted.or(self.tried);
        HttpRequest {
            method: Method::Get,
            url: self.base.endpoint("/metadata"),
            headers: Vec::new(),
            body: Vec::new(),
            longest_answer: LONGEST_ANSWER,
        }
    }

    /// Metadata of an answer, judged by everything but time.
    pub(super) fn read_metadata(&self, response: Option<&HttpResponse>, now: UnixTime) -> Result<Known, Error> {
        let response = response.filter(|response| response.status() == 200 && response.body().len() <= LONGEST_ANSWER);
        let text = response.and_then(|response| std::str::from_utf8(response.body()).ok()).ok_or(Error::Network)?;
        let jws = Jws::parse(text).map_err(|_| Error::Network)?;
        let KeyName::Claimed(key) = jws.key() else { return Err(Error::Network) };
        if key.thumbprint() != self.identity {
            return Err(Error::Network);
        }
        let metadata = Metadata::read(&jws.verify(&key).map_err(|_| Error::Network)?)?;
        if !metadata.is_of(&self.base) {
            return Err(MessageError::Elsewhere("iss").into());
        }
        if metadata.keys.contains(&key) {
            return Err(MessageError::Malformed("keys").into());
        }
        if let Some(old) = self.metadata() {
            let changed = metadata.sequence == old.sequence && !metadata.same_content(old);
            if metadata.sequence < old.sequence || changed {
                return Err(MessageError::Downgrade("seq").into());
            }
        }
        let floor = metadata.issued;
        Ok(Known { text: text.to_owned(), metadata, fetched: now, floor })
    }

    /// Takes over metadata that was read against what is stored. A clock that a dropped key told goes with that key.
    pub(super) fn adopt(&mut self, new: Known) {
        let known = match self.known.take() {
            Some(old) => {
                let floor = old.floor.max(new.floor);
                let older = new.metadata.sequence == old.metadata.sequence && new.metadata.issued < old.metadata.issued;
                let (kept, fetched) = if older { (old, new.fetched) } else { (new.clone(), new.fetched) };
                Known { floor, fetched, ..kept }
            }
            None => new,
        };
        self.known = Some(known);
        self.clock = self.clock.filter(|clock| self.key(clock.key).is_some());
    }

    /// Takes over what another state of the same verifier knows that is not older: an enrolment has learned it while others
    /// were at work ([`Enrolled::verifier`](super::Enrolled::verifier)). The guard stays. Of another verifier: nothing.
    pub fn learn(&mut self, other: &Self) {
        let sequence = |verifier: &Self| verifier.metadata().map_or(0, |metadata| metadata.sequence);
        if (&self.base, self.identity) != (&other.base, other.identity) || sequence(other) < sequence(self) {
            return;
        }
        if let Some(known) = other.known.clone() {
            self.adopt(known);
        }
        self.set_clock(other.clock.filter(|clock| self.key(clock.key).is_some()));
    }

    /// Its stored form.
    #[must_use]
    pub fn encode(&self) -> zeroize::Zeroizing<Vec<u8>> {
        let mut writer = Writer::new();
        writer.number(1, FORMAT).number(2, VERSION);
        writer.bytes(3, self.base.as_str().as_bytes()).bytes(4, &self.identity.to_bytes());
        if let Some(known) = &self.known {
            writer.bytes(5, known.text.as_bytes());
            put_time(&mut writer, 6, known.fetched);
            put_time(&mut writer, 7, known.floor);
        }
        if let Some(clock) = self.clock {
            writer.number(8, zigzag(clock.millis)).bytes(9, &clock.key.to_bytes());
        }
        if let Some(tried) = self.tried {
            put_time(&mut writer, 10, tried);
        }
        for denial in self.guard.denials() {
            writer.bytes(11, &denial.millis().to_be_bytes());
        }
        if let Some(until) = self.guard.silence() {
            put_time(&mut writer, 12, until);
        }
        writer.finish()
    }

    /// From its stored form.
    ///
    /// # Errors
    /// [`Error::Unreadable`]: another format, a protocol version above ours, unknown fields, metadata that doesn't verify.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut parts = Parts::read(bytes)?;
        // A verifier that has spoken a later version isn't spoken to in this one.
        if parts.number(1)? != FORMAT || parts.number(2)? != VERSION {
            return Err(Error::Unreadable);
        }
        let base = BaseUrl::parse(&parts.text(3)?, true).map_err(|_| Error::Unreadable)?;
        let mut verifier = Self::new(base, Thumbprint::from_bytes(parts.array(4)?));
        if let Some(text) = parts.maybe_bytes(5)? {
            let fetched = parts.time(6)?;
            let response = HttpResponse::new(200, text.to_vec());
            let known = verifier.read_metadata(response.as_ref(), fetched).map_err(|_| Error::Unreadable)?;
            verifier.known = Some(Known { floor: parts.time(7)?, ..known });
        }
        if let Some(key) = parts.maybe_bytes(9)? {
            let key = Thumbprint::from_bytes(key.try_into().map_err(|_| Error::Unreadable)?);
            verifier.clock = Some(Clock { millis: parts.signed(8)?, key });
        }
        verifier.tried = parts.maybe_time(10)?;
        let denial = |bytes: &[u8]| bytes.try_into().map(i64::from_be_bytes).map(UnixTime::from_millis);
        let denials =
            parts.all(11)?.into_iter().map(denial).collect::<Result<_, _>>().map_err(|_| Error::Unreadable)?;
        verifier.guard = Guard::restore(denials, parts.maybe_time(12)?);
        parts.end()?;
        Ok(verifier)
    }
}

/// The stored form's version.
const FORMAT: u64 = 1;
