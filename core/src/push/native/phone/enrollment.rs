//! An enrolment as the phone keeps it: what polling, verifying and denying need while it is locked.

use std::fmt;

use zeroize::Zeroizing;

use super::keys::OwnKey;
use super::{Error, Verifier};
use crate::otp::{Algorithm, Digits, Period, Secret, Totp};
use crate::push::jose::{MessageHash, Thumbprint};
use crate::push::model::{Confirmation, HistoryEntry, Request, RequestId, Status};
use crate::push::native::messages::{AccountName, Amr, Decision, EnrollmentId, PushAddress};
use crate::secret::SecretBytes;
use crate::time::UnixTime;

/// An enrolment still pending is forgotten after so many seconds.
const FORGOTTEN: i64 = 24 * 3600;
/// Wake-ups lead to a fetch at most once in so many seconds.
const BETWEEN_WAKES: i64 = 5;
/// A challenge that was answered or closed is remembered until so many seconds after its end.
const REMEMBERED: i64 = 600;
/// An answer that was never confirmed is sent again until so many seconds after its challenge's end: so long the verifier
/// keeps its receipt.
const SENT_AGAIN: i64 = 24 * 3600;
/// The most answers of the past.
const HISTORY: usize = 50;

/// A phone's enrolment at a verifier: the part that a locked phone works with. It holds neither the user-verification key
/// nor the key of offline approvals nor the seed of its codes; the possession key only where there is no keystore.
#[derive(Clone, PartialEq, Eq)]
pub struct Enrollment {
    /// The pair that names the verifier.
    pub(super) base: String,
    pub(super) identity: Thumbprint,
    pub(super) id: EnrollmentId,
    pub(super) account: AccountName,
    pub(super) possession: OwnKey,
    pub(super) uv: OwnKey,
    pub(super) has_totp: bool,
    pub(super) status: Status,
    /// The six digits that the person types into the page, while the enrolment is pending.
    pub(super) confirmation: Option<String>,
    pub(super) since: UnixTime,
    pub(super) counter: u64,
    pub(super) entries: Vec<Entry>,
    pub(super) answers: Vec<Answer>,
    pub(super) change: Option<Change>,
    /// Addresses that wake this enrolment: the last one is the newest, and the only one once that is confirmed.
    pub(super) push: Vec<Woken>,
    pub(super) woken: Option<UnixTime>,
    /// When the verifier last said something about it, by our clock.
    pub(super) heard: Option<UnixTime>,
    pub(super) history: Vec<HistoryEntry>,
}

/// A challenge that was accepted once, until it may be forgotten.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) hash: MessageHash,
    pub(super) expires: UnixTime,
    /// The message, as it came, verified then; all but its signature is judged again at each use.
    pub(super) text: String,
    pub(super) phase: Phase,
    /// It stood in an inbox.
    pub(super) listed: bool,
    /// It was scanned.
    pub(super) scanned: bool,
    pub(super) reported: bool,
}

/// Where a challenge stands on this phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It may be answered.
    Open,
    /// Answered; not confirmed.
    Sent,
    /// Answered, and the verifier has said what it made of that.
    Answered,
    /// Answered by the digits that were shown.
    Digits,
    /// The verifier doesn't ask any more.
    Closed,
}

impl Phase {
    pub(super) const ALL: [Self; 5] = [Self::Open, Self::Sent, Self::Answered, Self::Digits, Self::Closed];
}

/// An answer that isn't confirmed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) challenge: MessageHash,
    pub(super) decision: Decision,
    pub(super) expires: UnixTime,
    pub(super) text: String,
}

impl Answer {
    /// Whether it is what the history says there.
    pub(super) fn is_of(&self, entry: &HistoryEntry) -> bool {
        entry.confirmation == Confirmation::Unconfirmed
            && entry.decision == self.decision
            && entry.request.to_bytes() == self.challenge.to_bytes()
    }
}

/// New keys or the end, asked for and not confirmed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) text: String,
    pub(super) removes: bool,
    pub(super) possession: Option<NewKey>,
    pub(super) uv: Option<NewKey>,
}

/// A new key and the message in which it says what it is to be.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct NewKey {
    pub(super) key: OwnKey,
    pub(super) nested: String,
}

/// An address, and with UnifiedPush the private half of the key that wake-ups are encrypted for.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Woken {
    pub(super) address: PushAddress,
    pub(super) secret: Option<Zeroizing<[u8; 32]>>,
}

impl fmt::Debug for Enrollment {
    /// Neither names nor keys nor what was asked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enrollment").field("id", &self.id).field("status", &self.status).finish_non_exhaustive()
    }
}

impl Enrollment {
    /// The verifier's name for it.
    #[must_use]
    pub const fn id(&self) -> &EnrollmentId {
        &self.id
    }

    /// Whether it is one at this verifier.
    #[must_use]
    pub fn is_at(&self, verifier: &Verifier) -> bool {
        self.base == verifier.base().as_str() && self.identity == verifier.identity()
    }

    /// The account's name at the verifier, as it signed it.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account.name
    }

    /// The key used silently.
    #[must_use]
    pub const fn possession_key(&self) -> &OwnKey {
        &self.possession
    }

    /// The key whose each use asks the person.
    #[must_use]
    pub const fn uv_key(&self) -> &OwnKey {
        &self.uv
    }

    /// Where it stands, by the last signed inbox.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Whether it has time-based codes.
    #[must_use]
    pub const fn has_totp(&self) -> bool {
        self.has_totp
    }

    /// The six digits for the page, while the enrolment waits for them.
    #[must_use]
    pub fn confirmation(&self) -> Option<&str> {
        self.confirmation.as_deref().filter(|_| self.status == Status::Pending)
    }

    /// Where it is: the verifier's address and the thumbprint of its identity key.
    #[must_use]
    pub fn place(&self) -> (&str, Thumbprint) {
        (&self.base, self.identity)
    }

    /// Whether both keys live in the platform's hardware.
    #[must_use]
    pub fn is_in_hardware(&self) -> bool {
        [&self.possession, &self.uv].iter().all(|key| key.amr() == Amr::Hardware)
    }

    /// The handles of the platform's keys that it may still need: the present ones, and new ones that aren't confirmed.
    #[must_use]
    pub fn platform_handles(&self) -> Vec<Vec<u8>> {
        let change = self.change.iter().flat_map(|change| [&change.possession, &change.uv]).flatten();
        let keys = [&self.possession, &self.uv].into_iter().chain(change.map(|new| &new.key));
        keys.filter_map(OwnKey::platform_handle).collect()
    }

    /// Forgets what was decided; what isn't confirmed is still sent, and stays until it is.
    pub fn clear_history(&mut self) {
        let answers = &self.answers;
        self.history.retain(|entry| answers.iter().any(|answer| answer.is_of(entry)));
    }

    /// Whether an answer of the past is still sent until the verifier says something about it.
    #[must_use]
    pub fn is_sent_again(&self, entry: &HistoryEntry) -> bool {
        self.answers.iter().any(|answer| answer.is_of(entry))
    }

    /// Whether new keys or the end were asked for, and the verifier hasn't said anything that counts.
    #[must_use]
    pub const fn is_changing(&self) -> bool {
        self.change.is_some()
    }

    /// When it was enrolled, by this device's clock.
    #[must_use]
    pub const fn since(&self) -> UnixTime {
        self.since
    }

    /// When the verifier last said something about it, by this device's clock.
    #[must_use]
    pub const fn heard(&self) -> Option<UnixTime> {
        self.heard
    }

    /// Whether it has been pending for a day: it is to be deleted.
    #[must_use]
    pub fn is_forgotten(&self, now: UnixTime) -> bool {
        self.status == Status::Pending && now > self.since.plus_seconds(FORGOTTEN)
    }

    /// Whether a wake-up with this tag is for it. Tags prove nothing: they only lead to a fetch.
    #[must_use]
    pub fn is_woken_by(&self, tag: &[u8]) -> bool {
        self.push.iter().any(|woken| matches!(&woken.address, PushAddress::At { tag: ours, .. } if ours == tag))
    }

    /// Notes a wake-up; false where the last one was less than 5 seconds ago, and nothing is to be fetched.
    pub fn wake(&mut self, now: UnixTime) -> bool {
        let waits = |last: UnixTime| last <= now && now < last.plus_seconds(BETWEEN_WAKES);
        let wakes = !self.woken.is_some_and(waits);
        if wakes {
            self.woken = Some(now);
        }
        wakes
    }

    /// The newest push address, confirmed or not.
    #[must_use]
    pub fn push_address(&self) -> Option<&PushAddress> {
        self.push.last().map(|woken| &woken.address)
    }

    /// The private halves of the keys that wake-ups are encrypted for (RFC 8291): P-256 scalars, newest last, each with its
    /// `auth` secret.
    #[must_use]
    pub fn wake_keys(&self) -> Vec<(SecretBytes, [u8; 16])> {
        let of = |woken: &Woken| match (&woken.address, &woken.secret) {
            (PushAddress::At { keys: Some((_, auth)), .. }, Some(secret)) => {
                Some((SecretBytes::from(secret.as_slice()), *auth))
            }
            _ => None,
        };
        self.push.iter().filter_map(of).collect()
    }

    /// The requests that may be answered now, oldest first.
    #[must_use]
    pub fn requests(&self, verifier: &Verifier, now: UnixTime) -> Vec<Request> {
        let open = self.entries.iter().filter(|entry| entry.phase == Phase::Open);
        open.filter_map(|entry| self.request_of(verifier, entry, now)).collect()
    }

    /// A request whose end isn't reached, answered or not: what *It wasn't me* can be said about.
    #[must_use]
    pub fn request(&self, verifier: &Verifier, id: RequestId, now: UnixTime) -> Option<Request> {
        self.entry(id).and_then(|entry| self.request_of(verifier, entry, now))
    }

    /// Whether a request is remembered, answered or not.
    #[must_use]
    pub fn knows(&self, id: RequestId) -> bool {
        self.entry(id).is_some()
    }

    /// What was decided lately, oldest first: at most 50 answers.
    #[must_use]
    pub fn history(&self) -> &[HistoryEntry] {
        &self.history
    }

    /// Whether something was sent and isn't confirmed: [`Task::resend`](super::Task::resend) sends it again.
    #[must_use]
    pub fn is_unconfirmed(&self) -> bool {
        !self.answers.is_empty() || self.change.is_some()
    }

    /// The code of the moment, in six digits, and until when it is good by this device's clock.
    ///
    /// # Errors
    /// [`Error::NoTotp`], [`Error::NotActive`]; [`Error::Keys`] for what is no seed.
    pub fn totp(&self, verifier: &Verifier, seed: &SecretBytes, now: UnixTime) -> Result<(String, UnixTime), Error> {
        if !self.has_totp {
            return Err(Error::NoTotp);
        }
        if self.status != Status::Active {
            return Err(Error::NotActive);
        }
        let secret = Secret::new(seed.clone()).map_err(|_| Error::Keys)?;
        let (digits, period) = (Digits::new(6), Period::new(30));
        let (digits, period) = (digits.map_err(|_| Error::Keys)?, period.map_err(|_| Error::Keys)?);
        let code = Totp::new(secret, Algorithm::Sha256, digits, period).code(verifier.time(now));
        let code = code.map_err(|_| Error::Keys)?;
        let left = code.window.map_or(0, |window| window.remaining_millis(verifier.time(now)));
        let until = now.millis().saturating_add(i64::try_from(left).unwrap_or(0));
        Ok((code.code.as_str().to_owned(), UnixTime::from_millis(until)))
    }

    pub(super) fn entry(&self, id: RequestId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.hash.to_bytes() == id.to_bytes())
    }

    pub(super) fn entry_mut(&mut self, hash: MessageHash) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.hash == hash)
    }

    /// The ids of the requests that are open.
    pub(super) fn open(&self) -> Vec<RequestId> {
        let open = self.entries.iter().filter(|entry| entry.phase == Phase::Open);
        open.map(|entry| RequestId::from_bytes(entry.hash.to_bytes())).collect()
    }

    pub(super) fn remember(&mut self, entry: HistoryEntry) {
        self.history.push(entry);
        let more = self.history.len().saturating_sub(HISTORY);
        self.history.drain(..more);
    }

    /// Forgets what is long over, by the verifier's time.
    pub(super) fn sweep(&mut self, time: UnixTime) {
        self.entries.retain(|entry| time <= entry.expires.plus_seconds(REMEMBERED));
        self.answers.retain(|answer| time < answer.expires.plus_seconds(SENT_AGAIN));
        for entry in &mut self.entries {
            // Nothing can be said about it any more: its name is enough.
            if time >= entry.expires {
                entry.text.clear();
            }
        }
    }

    /// The status that a signed inbox says. Only an active enrolment asks anything.
    pub(super) fn take_status(&mut self, status: Status, now: UnixTime) {
        self.status = status;
        self.heard = Some(now);
        if status != Status::Pending {
            self.confirmation = None;
        }
        if status != Status::Active {
            self.close(|_| true);
        }
    }

    /// Closes the open requests that are as said.
    pub(super) fn close(&mut self, which: impl Fn(&Entry) -> bool) {
        for entry in &mut self.entries {
            if entry.phase == Phase::Open && which(entry) {
                entry.phase = Phase::Closed;
            }
        }
    }
}
