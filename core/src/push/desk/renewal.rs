//! What goes: enrolments that are forgotten, that nobody confirmed, or that a newer one has replaced.

use super::rows::{VERIFIER, verifier_row};
use super::summary::Summary;
use super::{Approvals, Error};
use crate::push::jose::Thumbprint;
use crate::push::model::Status;
use crate::push::native::phone;
use crate::time::UnixTime;
use crate::vault::{self, InboxChange, PushId};

impl Approvals<'_> {
    /// Forgets an enrolment on this device for good. At the server it stays, unless that has removed it.
    ///
    /// # Errors
    /// [`Error`]. One that can't be read any more is forgotten all the same.
    pub fn forget(&mut self, id: PushId) -> Result<(), Error> {
        let place = match self.open(id) {
            Ok(opened) => Some((opened.enrollment.place().0.to_owned(), opened.enrollment.place().1)),
            Err(
                Error::NoEnrollment
                | Error::Renew
                | Error::Protocol(phone::Error::Unreadable)
                | Error::Vault(vault::Error::UnreadableRow),
            ) => None,
            Err(error) => return Err(error),
        };
        self.vault.remove_push(id)?;
        if let Some((base, identity)) = place {
            self.forget_verifier(&base, identity)?;
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
            all.iter().filter(|(_, enrollment, _)| enrollment.is_forgotten(now)).map(|(id, ..)| *id).collect();
        for id in &old {
            self.forget(*id)?;
        }
        Ok(old.len())
    }

    /// Once an enrolment is active, those of the same account at the same server that had to be renewed are: they go.
    pub(super) fn replace_lost(&mut self, id: PushId) -> Result<(), Error> {
        let own = self.vault.push(id)?;
        if own.renew || self.vault.pushes()?.iter().all(|record| !record.renew) {
            return Ok(());
        }
        let place = Summary::decode(&own.summary);
        if self.open(id)?.enrollment.status() != Status::Active {
            return Ok(());
        }
        let is_lost = |record: &&vault::PushRecord| record.renew && Summary::decode(&record.summary).is_of(&place);
        let lost: Vec<_> = self.vault.pushes()?.iter().filter(is_lost).map(|record| record.id).collect();
        lost.into_iter().try_for_each(|id| self.forget(id))
    }

    /// Forgets a verifier that no enrolment is at any more; others keep its clock, its names and the guard.
    fn forget_verifier(&mut self, base: &str, identity: Thumbprint) -> Result<(), Error> {
        let others = self.all()?.iter().any(|(_, enrollment, _)| enrollment.place() == (base, identity));
        let row = self.inbox()?.row(verifier_row(base, identity), VERIFIER)?;
        match row {
            Some(row) if !others => self.commit(vec![InboxChange::delete(&row)]),
            _ => Ok(()),
        }
    }
}
