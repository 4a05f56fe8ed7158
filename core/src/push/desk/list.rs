//! What there is: enrolments, requests, history.

use std::collections::HashMap;
use std::rc::Rc;

use super::known::{known, lost};
use super::rows::{ENROLLMENT, VERIFIER, verifier_row};
use super::summary::Summary;
use super::{Approvals, Error, Known};
use crate::push::model::{Confirmation, HistoryEntry, Request};
use crate::push::native::Invitation;
use crate::push::native::phone::{Enrollment, Verifier};
use crate::time::UnixTime;
use crate::vault::{InboxRow, PushId};

/// A request and the enrolment that it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The enrolment.
    pub enrollment: PushId,
    /// The request.
    pub request: Request,
}

impl Approvals<'_> {
    /// All enrolments, by server and account; those of a restored backup say that they are to be renewed.
    ///
    /// # Errors
    /// [`Error`]; rows that can't be read are left out here, and named by the vault's report.
    pub fn enrollments(&mut self, now: UnixTime) -> Result<Vec<Known>, Error> {
        let mut list = Vec::new();
        for (id, enrollment, verifier) in self.all()? {
            list.push(known(id, &enrollment, &verifier, now));
        }
        if self.vault.is_unlocked() {
            for record in self.vault.pushes()? {
                match list.iter_mut().find(|known| known.id == record.id) {
                    Some(known) => (known.renew, known.codes) = (record.renew, record.account),
                    None => {
                        list.push(lost(record.id, &Summary::decode(&record.summary), record.account, record.created))
                    }
                }
            }
        }
        list.sort_by_cached_key(|known| (known.server.to_lowercase(), known.account.to_lowercase(), known.id));
        Ok(list)
    }

    /// One enrolment, as the list has it.
    ///
    /// # Errors
    /// [`Error::NoEnrollment`] and others.
    pub fn enrollment(&mut self, id: PushId, now: UnixTime) -> Result<Known, Error> {
        let unlocked = self.vault.is_unlocked();
        let record = if unlocked { self.vault.pushes()?.iter().find(|record| record.id == id).cloned() } else { None };
        match (self.open(id), record) {
            (Ok(opened), record) => {
                let known = known(id, &opened.enrollment, &opened.verifier, now);
                let (renew, codes) = record.map_or((false, None), |record| (record.renew, record.account));
                Ok(Known { renew, codes, ..known })
            }
            (Err(Error::NoEnrollment), Some(record)) => {
                Ok(lost(id, &Summary::decode(&record.summary), record.account, record.created))
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Whether this device is enrolled at the verifier of an invitation already.
    ///
    /// # Errors
    /// [`Error`].
    pub fn is_at(&mut self, invitation: &Invitation) -> Result<bool, Error> {
        Ok(self.find_verifier(&invitation.base, invitation.identity)?.is_some())
    }

    /// The requests that may be answered now, the one that ends first at the top.
    ///
    /// # Errors
    /// [`Error`].
    pub fn requests(&mut self, now: UnixTime) -> Result<Vec<Waiting>, Error> {
        let mut waiting = Vec::new();
        for (id, enrollment, verifier) in self.all()? {
            let requests = enrollment.requests(&verifier, now).into_iter();
            waiting.extend(requests.map(|request| Waiting { enrollment: id, request }));
        }
        waiting.sort_by_key(|waiting| waiting.request.ends);
        Ok(waiting)
    }

    /// Takes a challenge from a QR code, for the enrolment that it is for. Answered by [`Operation::digits`] alone.
    ///
    /// [`Operation::digits`]: super::Operation::digits
    ///
    /// # Errors
    /// [`Error`]: why the enrolment that it is for refuses it; that of the last one where none knows it.
    pub fn scan(&mut self, uri: &str, now: UnixTime) -> Result<Waiting, Error> {
        let mut why = Error::NoEnrollment;
        for (id, ..) in self.all()? {
            let mut opened = self.open(id)?;
            match opened.enrollment.scan(&opened.verifier, uri, now) {
                Ok(request) => {
                    self.commit(opened.changes())?;
                    return Ok(Waiting { enrollment: id, request });
                }
                Err(error) => {
                    use crate::push::MessageError;
                    use crate::push::native::phone::Error as Refusal;
                    // Another enrolment's: not worth telling where the right one says more.
                    let elsewhere =
                        matches!(error, Refusal::Refused(MessageError::Elsewhere(_) | MessageError::UnknownKey));
                    if !elsewhere || why == Error::NoEnrollment {
                        why = error.into();
                    }
                }
            }
        }
        Err(why)
    }

    /// Notes a wake-up: the enrolment to poll now, if its tag is known and the last one is long enough ago.
    ///
    /// # Errors
    /// [`Error`].
    pub fn wake(&mut self, tag: &[u8], now: UnixTime) -> Result<Option<PushId>, Error> {
        for (id, enrollment, _) in self.all()? {
            if enrollment.is_woken_by(tag) {
                let mut opened = self.open(id)?;
                let wakes = opened.enrollment.wake(now);
                self.commit(opened.changes())?;
                return Ok(wakes.then_some(id));
            }
        }
        Ok(None)
    }

    /// What was decided, the latest first.
    ///
    /// # Errors
    /// [`Error`].
    pub fn history(&mut self) -> Result<Vec<(PushId, HistoryEntry)>, Error> {
        let mut history = Vec::new();
        for (id, enrollment, _) in self.all()? {
            history.extend(enrollment.history().iter().rev().map(|entry| (id, told(&enrollment, entry))));
        }
        history.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.at));
        Ok(history)
    }

    /// Forgets what was decided; what isn't confirmed is still sent, and stays until it is.
    ///
    /// # Errors
    /// [`Error`].
    pub fn clear_history(&mut self) -> Result<(), Error> {
        for (id, ..) in self.all()? {
            let mut opened = self.open(id)?;
            opened.enrollment.clear_history();
            self.commit(opened.changes())?;
        }
        Ok(())
    }

    /// All enrolments with their verifiers, each verifier read once. One that can't be read costs no other.
    pub(super) fn all(&mut self) -> Result<Vec<(PushId, Enrollment, Rc<Verifier>)>, Error> {
        let inbox = self.inbox()?;
        let (rows, verifiers) = (inbox.rows(ENROLLMENT)?.rows, inbox.rows(VERIFIER)?.rows);
        let read = |row: &InboxRow| Some((row.id, Rc::new(Verifier::decode(row.bytes.expose()).ok()?)));
        let verifiers: HashMap<_, _> = verifiers.iter().filter_map(read).collect();
        let all = rows.iter().filter_map(|row| {
            let enrollment = Enrollment::decode(row.bytes.expose()).ok()?;
            let (base, identity) = enrollment.place();
            let verifier = verifiers.get(&verifier_row(base, identity))?.clone();
            Some((row.id, enrollment, verifier))
        });
        Ok(all.collect())
    }

    /// The person wants to hear of this verifier's requests again.
    ///
    /// # Errors
    /// [`Error`].
    pub fn unmute(&mut self, id: PushId) -> Result<(), Error> {
        let mut opened = self.open(id)?;
        opened.verifier.unmute();
        self.commit(opened.changes())
    }
}

/// An entry as the person is told of it: what isn't sent again any more won't be confirmed either.
fn told(enrollment: &Enrollment, entry: &HistoryEntry) -> HistoryEntry {
    let over = entry.confirmation == Confirmation::Unconfirmed && !enrollment.is_sent_again(entry);
    let confirmation = if over { Confirmation::GivenUp } else { entry.confirmation };
    HistoryEntry { confirmation, ..entry.clone() }
}
