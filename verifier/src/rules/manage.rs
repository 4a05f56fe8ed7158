//! What the operator, the owner and time do (sections 6 and 8).

use countersign_core::push::jose::Thumbprint;
use countersign_core::push::native::messages::{AccountName, Device, EnrollmentId, PushAddress, Status};
use countersign_core::time::UnixTime;

use super::DAY;
use super::rows::{load_account, load_enrollment, set_status};
use crate::error::{Error, ManageError};
use crate::keyring::Purpose;
use crate::records::{Enrollment, Record, Seed, Server, Ticket};
use crate::store::{Actor, Kind, Store};
use crate::verifier::{Verifier, save_server};
use crate::work::attempt;

/// How many rows housekeeping reads at once.
const BATCH: usize = 256;

/// An enrolment, for the owner's list of phones and the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrollmentView {
    /// Its id.
    pub id: EnrollmentId,
    /// Its account.
    pub account: AccountName,
    /// What the phone says that it is.
    pub device: Device,
    /// Where it stands, and since when.
    pub status: Status,
    /// Since when.
    pub since: UnixTime,
    /// When it was enrolled.
    pub created: UnixTime,
    /// The last counter of its answers; 0 before the first.
    pub counter: u64,
    /// Its keys were attested to live in hardware.
    pub hardware: bool,
    /// Where it is woken.
    pub push: PushAddress,
    /// The possession key's thumbprint.
    pub possession: Thumbprint,
    /// The user-verification key's thumbprint.
    pub uv: Thumbprint,
}

impl From<Enrollment> for EnrollmentView {
    fn from(row: Enrollment) -> Self {
        Self {
            id: row.id,
            account: row.account,
            device: row.device,
            status: row.status,
            since: row.since,
            created: row.created,
            counter: row.counter,
            hardware: row.hardware,
            push: row.push,
            possession: row.possession.thumbprint,
            uv: row.uv.thumbprint,
        }
    }
}

impl<S: Store> Verifier<S> {
    /// An enrolment.
    ///
    /// # Errors
    /// [`ManageError::Unknown`], [`ManageError::Internal`].
    pub fn enrollment(&self, id: &EnrollmentId, now: UnixTime) -> Result<EnrollmentView, ManageError> {
        let online = self.online(now)?;
        attempt(&self.store, |work| {
            Ok(load_enrollment(work, &online, id, now)?.map(EnrollmentView::from).ok_or(ManageError::Unknown))
        })
    }

    /// An account's phones that aren't removed, in the order in which they were enrolled.
    ///
    /// # Errors
    /// [`ManageError::Internal`].
    pub fn enrollments(&self, account: &str, now: UnixTime) -> Result<Vec<EnrollmentView>, ManageError> {
        let online = self.online(now)?;
        attempt(&self.store, |work| {
            let mut views = Vec::new();
            for id in load_account(work, account)?.unwrap_or_default().enrollments {
                let row = load_enrollment(work, &online, &id, now)?;
                views.extend(row.filter(|row| row.status != Status::Removed).map(EnrollmentView::from));
            }
            Ok(Ok(views))
        })
    }

    /// Freezes an active enrolment; any other stays as it is. Gives its status.
    ///
    /// # Errors
    /// [`ManageError::Unknown`], [`ManageError::Internal`].
    pub fn freeze(&self, id: &EnrollmentId, now: UnixTime) -> Result<Status, ManageError> {
        self.manage(id, Status::Frozen, &[Status::Active], now)
    }

    /// Makes a frozen or suspended enrolment active again; the counter stays. Gives its status.
    ///
    /// # Errors
    /// As [`Verifier::freeze`].
    pub fn release(&self, id: &EnrollmentId, now: UnixTime) -> Result<Status, ManageError> {
        self.manage(id, Status::Active, &[Status::Frozen, Status::Suspended], now)
    }

    /// Removes an enrolment at once: a lost phone, by its owner (another factor) or the operator. Gives its status.
    ///
    /// # Errors
    /// As [`Verifier::freeze`].
    pub fn revoke(&self, id: &EnrollmentId, now: UnixTime) -> Result<Status, ManageError> {
        let from = [Status::Pending, Status::Active, Status::Frozen, Status::Suspended];
        self.manage(id, Status::Removed, &from, now)
    }

    fn manage(&self, id: &EnrollmentId, to: Status, from: &[Status], now: UnixTime) -> Result<Status, ManageError> {
        let online = self.online(now)?;
        attempt(&self.store, |work| {
            let row = load_enrollment(work, &online, id, now)?;
            let Some(mut row) = row else { return Ok(Err(ManageError::Unknown)) };
            if from.contains(&row.status) {
                if to == Status::Active {
                    row.wrong = 0;
                }
                set_status(work, &online, &mut row, to, Actor::Operator, now)?;
            }
            Ok(Ok(row.status))
        })
    }

    /// Erases everything of an account: rows and events. Only the thumbprints of its keys stay, by themselves, so that those
    /// keys are never accepted again. Its phones learn nothing any more: revoke them first where they should.
    ///
    /// # Errors
    /// [`Error`].
    pub fn forget(&self, account: &str) -> Result<(), Error> {
        attempt(&self.store, |work| {
            work.erase(account);
            Ok(Ok(()))
        })
    }

    /// What time brings: enrolments that weren't confirmed are removed and told, old online keys leave, rows and events that
    /// are past their time are swept. To be called about once a minute, by one server or by all. Gives how many rows and
    /// events were swept.
    ///
    /// # Errors
    /// [`Error`].
    pub fn tend(&self, now: UnixTime) -> Result<u64, Error> {
        let online = self.online(now)?;
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = self.store.scan(Kind::Ticket, after.as_deref(), BATCH)?;
            let Some((last, _)) = rows.last() else { break };
            after = Some(last.clone());
            for (_, row) in rows {
                if let Some(used) = Ticket::from_bytes(&row.bytes)?.used {
                    attempt::<(), Error>(&self.store, |work| {
                        load_enrollment(work, &online, &used.enrollment, now)?;
                        Ok(Ok(()))
                    })?;
                }
            }
        }
        let events_before = now.plus_seconds(DAY.saturating_mul(-i64::from(self.config.event_days)));
        Ok(self.store.sweep(now, events_before)?)
    }

    /// Seals everything anew that an older key of the ring sealed: online keys, tickets, and the phones' secrets. Digits on
    /// pages are left to end by themselves: keep the old key in the ring for a day. Gives how many rows were written.
    ///
    /// # Errors
    /// [`Error`].
    pub fn reseal(&self) -> Result<u64, Error> {
        let mut written = attempt::<u64, Error>(&self.store, |work| {
            let Some(mut server) = work.load::<Server>(b"")? else { return Ok(Ok(0)) };
            let mut changed = false;
            for key in &mut server.keys {
                let whose = key.key.thumbprint.to_bytes();
                if let Some(sealed) = &mut key.sealed {
                    changed |= self.reseal_one(Purpose::OnlineKey, &whose, sealed)?;
                }
            }
            if changed {
                save_server(work, &server)?;
            }
            Ok(Ok(u64::from(changed)))
        })?;
        for kind in [Kind::Ticket, Kind::Enrollment, Kind::Seed] {
            let mut after: Option<Vec<u8>> = None;
            loop {
                let rows = self.store.scan(kind, after.as_deref(), BATCH)?;
                let Some((last, _)) = rows.last() else { break };
                after = Some(last.clone());
                for (id, _) in &rows {
                    written = written.saturating_add(u64::from(self.reseal_row(kind, id)?));
                }
            }
        }
        Ok(written)
    }

    fn reseal_row(&self, kind: Kind, id: &[u8]) -> Result<bool, Error> {
        attempt(&self.store, |work| {
            let mut changed = false;
            if kind == Kind::Ticket {
                let Some(mut row) = work.load::<Ticket>(id)? else { return Ok(Ok(false)) };
                changed |= self.reseal_one(Purpose::Ticket, id, &mut row.sealed)?;
                if changed {
                    let account = row.account.id.clone();
                    work.save(id, &row, &account, Some(row.expires.plus_seconds(DAY)))?;
                }
            } else if kind == Kind::Seed {
                let Some(mut row) = work.load::<Seed>(id)? else { return Ok(Ok(false)) };
                changed |= self.reseal_one(Purpose::Seed, id, &mut row.sealed)?;
                if changed {
                    // The row's id is the account's.
                    work.save(id, &row, &String::from_utf8_lossy(id), None)?;
                }
            } else {
                let Some(mut row) = work.load::<Enrollment>(id)? else { return Ok(Ok(false)) };
                if let Some(totp) = &mut row.totp {
                    changed |= self.reseal_one(Purpose::Totp, id, totp)?;
                }
                if !row.offline.is_empty() {
                    changed |= self.reseal_one(Purpose::Offline, id, &mut row.offline)?;
                }
                if changed {
                    super::rows::save_enrollment(work, &row)?;
                }
            }
            Ok(Ok(changed))
        })
    }

    fn reseal_one(&self, purpose: Purpose, whose: &[u8], sealed: &mut Vec<u8>) -> Result<bool, Error> {
        match self.ring.reseal(purpose, whose, sealed, self.entropy.as_ref())? {
            None => Ok(false),
            Some(anew) => {
                *sealed = anew;
                Ok(true)
            }
        }
    }
}
