//! What there is: enrolments, requests, history.

use super::rows::{ENROLLMENT, VERIFIER, verifier_row};
use super::summary::Summary;
use super::{Approvals, Error};
use crate::account::AccountId;
use crate::push::jose::Thumbprint;
use crate::push::model::{HistoryEntry, Request, Status};
use crate::push::native::phone::{Enrollment, Verifier};
use crate::time::UnixTime;
use crate::vault::{InboxChange, PushId};

/// An enrolment, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its lasting name on this device.
    pub id: PushId,
    /// The server's name, as it signed it.
    pub server: String,
    /// Host and port.
    pub host: String,
    /// The account's name there.
    pub account: String,
    /// Where it stands, as the server last said; none where nothing is left but its name.
    pub status: Option<Status>,
    /// It can't approve any more: this device has to be enrolled again there.
    pub renew: bool,
    /// The digits that the page waits for, while it is pending.
    pub confirmation: Option<String>,
    /// Its keys live in the platform's hardware.
    pub hardware: bool,
    /// The account of its time-based codes.
    pub codes: Option<AccountId>,
    /// The server's clock less this device's, in milliseconds.
    pub offset_millis: Option<i64>,
    /// When it was enrolled.
    pub since: UnixTime,
    /// When the server last said something.
    pub heard: Option<UnixTime>,
    /// Its requests are silent until then.
    pub muted_until: Option<UnixTime>,
    /// Something was sent that the server hasn't confirmed.
    pub unconfirmed: bool,
}

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
            history.extend(enrollment.history().iter().map(|entry| (id, entry.clone())));
        }
        history.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.at));
        Ok(history)
    }

    /// Forgets what was decided; what isn't confirmed is still sent.
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

    /// Deletes enrolments that nobody confirmed within a day.
    ///
    /// # Errors
    /// [`Error`].
    pub fn sweep(&mut self, now: UnixTime) -> Result<usize, Error> {
        self.unlocked()?;
        let all = self.all()?;
        let old: Vec<_> =
            all.iter().filter(|(_, enrollment, _)| enrollment.is_forgotten(now)).map(|all| all.0).collect();
        for id in &old {
            self.forget(*id)?;
        }
        Ok(old.len())
    }

    /// All enrolments with their verifiers.
    fn all(&mut self) -> Result<Vec<(PushId, Enrollment, Verifier)>, Error> {
        let inbox = self.inbox()?;
        let (rows, verifiers) = (inbox.rows(ENROLLMENT)?.rows, inbox.rows(VERIFIER)?.rows);
        let mut all = Vec::with_capacity(rows.len());
        for row in &rows {
            let enrollment = Enrollment::decode(row.bytes.expose())?;
            let (base, identity) = enrollment.place();
            let place = verifier_row(base, identity);
            if let Some(verifier) = verifiers.iter().find(|verifier| verifier.id == place) {
                let verifier = Verifier::decode(verifier.bytes.expose())?;
                all.push((row.id, enrollment, verifier));
            }
        }
        Ok(all)
    }

    /// Forgets a verifier that no enrolment is at any more; others keep its clock, its names and the guard.
    pub(super) fn forget_verifier(&mut self, base: &str, identity: Thumbprint) -> Result<(), Error> {
        let others = self.all()?.iter().any(|(_, enrollment, _)| enrollment.place() == (base, identity));
        let row = self.inbox()?.row(verifier_row(base, identity), VERIFIER)?;
        match row {
            Some(row) if !others => self.commit(vec![InboxChange::delete(&row)]),
            _ => Ok(()),
        }
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

fn known(id: PushId, enrollment: &Enrollment, verifier: &Verifier, now: UnixTime) -> Known {
    Known {
        id,
        server: verifier.name().to_owned(),
        host: verifier.base().host().to_owned(),
        account: enrollment.account().to_owned(),
        status: Some(enrollment.status()),
        renew: false,
        confirmation: enrollment.confirmation().map(str::to_owned),
        hardware: enrollment.is_in_hardware(),
        codes: None,
        offset_millis: verifier.offset_millis(),
        since: enrollment.since(),
        heard: enrollment.heard(),
        muted_until: verifier.guard().muted_until(now),
        unconfirmed: enrollment.is_unconfirmed(),
    }
}

/// Of which nothing is left but its name: restored from a backup.
fn lost(id: PushId, summary: &Summary, codes: Option<AccountId>, since: UnixTime) -> Known {
    Known {
        id,
        server: summary.server.clone(),
        host: summary.host().to_owned(),
        account: summary.account.clone(),
        status: None,
        renew: true,
        confirmation: None,
        hardware: false,
        codes,
        offset_millis: None,
        since,
        heard: None,
        muted_until: None,
        unconfirmed: false,
    }
}
