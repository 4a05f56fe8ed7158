//! What can be done with enrolments.

use super::{PushId, PushRecord};
use crate::account::{AccountId, NewAccount};
use crate::time::UnixTime;
use crate::vault::inbox::{self, InboxChange, InboxRevision, Sealer};
use crate::vault::load::Loaded;
use crate::vault::store::{self, RecordKind, Table};
use crate::vault::write::Write;
use crate::vault::{Error, Vault, accounts};

/// What [`Vault::put_push`] wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutPush {
    /// The enrolment's account: the new one, or the one that it named.
    pub account: Option<AccountId>,
    /// The new state of each inbox row, in the order of the changes; none for one that was removed.
    pub revisions: Vec<Option<InboxRevision>>,
}

impl Vault {
    /// The push enrolments, in the order of their ids.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn pushes(&self) -> Result<&[PushRecord], Error> {
        Ok(&self.unlocked()?.loaded.pushes)
    }

    /// One push enrolment.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::NotFound`].
    pub fn push(&self, id: PushId) -> Result<&PushRecord, Error> {
        self.pushes()?.iter().find(|push| push.id == id).ok_or(Error::NotFound("push enrolment"))
    }

    /// Adds an enrolment, or replaces the one with its id, and changes inbox rows: all in one transaction.
    ///
    /// With `account`, this account is added as well and becomes the enrolment's; one that is already there with the same
    /// secret and names is taken instead. A record that has to be renewed loses its keys; any other one must have a row in the
    /// inbox.
    ///
    /// # Errors
    /// [`Error::Changed`] if an inbox row is not as it was read; [`Error::TooLarge`] and [`Error::InvalidInput`] over the
    /// bounds, or if the id is another row's; [`Error::Locked`]; otherwise as the disk says. Nothing is written by any.
    pub fn put_push(
        &mut self,
        mut record: PushRecord,
        changes: Vec<InboxChange>,
        account: Option<NewAccount>,
        now: UnixTime,
    ) -> Result<PutPush, Error> {
        if let Some(account) = &account {
            accounts::check_profile(&account.profile)?;
        }
        let entropy = self.entropy.clone();
        self.write(|write, loaded| {
            if let Some(new) = account {
                let known = loaded.cache.same_names(&new.profile).find(|known| known.otp.same_secret(&new.otp));
                record.account = Some(match known {
                    Some(known) => known.id,
                    None => accounts::add_inside(write, loaded, &*entropy, new, now)?,
                });
            }
            let revisions = inbox::apply(write.connection(), &Sealer::of(write.keys())?, &*entropy, changes)?;
            let account = record.account;
            put(write, loaded, record)?;
            Ok(PutPush { account, revisions })
        })
    }

    /// Changes an enrolment as it stands in the file now, and its inbox rows, all in one transaction.
    ///
    /// # Errors
    /// [`Error::NotFound`]; what `change` says; otherwise as [`Vault::put_push`].
    pub fn change_push(
        &mut self,
        id: PushId,
        changes: Vec<InboxChange>,
        change: impl FnOnce(&mut PushRecord) -> Result<(), Error>,
    ) -> Result<Vec<Option<InboxRevision>>, Error> {
        let entropy = self.entropy.clone();
        self.write(|write, loaded| {
            let known = loaded.pushes.iter().find(|push| push.id == id);
            let mut record = known.ok_or(Error::NotFound("push enrolment"))?.clone();
            change(&mut record)?;
            record.id = id;
            let revisions = inbox::apply(write.connection(), &Sealer::of(write.keys())?, &*entropy, changes)?;
            put(write, loaded, record)?;
            Ok(revisions)
        })
    }

    /// Adds the enrolments of a backup that are not here, each to be renewed; one that is here stays exactly as it is. Gives
    /// back how many were added.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::InvalidInput`] over the bounds; otherwise as the disk says.
    pub fn add_missing_pushes(&mut self, pushes: &[PushRecord]) -> Result<usize, Error> {
        self.write(|write, loaded| {
            let before = loaded.pushes.len();
            for push in pushes {
                if loaded.pushes.iter().all(|known| known.id != push.id) {
                    let account = push.account.filter(|id| loaded.cache.get(*id).is_some());
                    put(write, loaded, PushRecord { account, ..push.without_keys() })?;
                }
            }
            Ok(loaded.pushes.len() - before)
        })
    }

    /// Removes an enrolment for good, with all its inbox rows. Its account stays.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Locked`]; otherwise as the disk says.
    pub fn remove_push(&mut self, id: PushId) -> Result<(), Error> {
        self.write(|write, loaded| {
            if !loaded.pushes.iter().any(|push| push.id == id) {
                return Err(Error::NotFound("push enrolment"));
            }
            write.delete(Table::Record, &id.to_bytes())?;
            inbox::remove_all(write.connection(), id)?;
            loaded.pushes.retain(|push| push.id != id);
            Ok(())
        })?;
        // It is removed whether or not the journal can be emptied just now; the next merge does it.
        let _ = self.empty_journal();
        Ok(())
    }
}

fn put(write: &mut Write<'_>, loaded: &mut Loaded, record: PushRecord) -> Result<(), Error> {
    record.check()?;
    let record = if record.renew { record.without_keys() } else { record };
    let place = loaded.pushes.binary_search_by_key(&record.id, |push| push.id);
    if place.is_err() && store::row(write.connection(), Table::Record, &record.id.to_bytes())?.is_some() {
        return Err(Error::InvalidInput { what: "push enrolment", reason: "its id is that of another row" });
    }
    if place.is_err() && loaded.pushes.len() >= PushRecord::MOST {
        return Err(Error::InvalidInput { what: "push enrolments", reason: "there are more than 1,000" });
    }
    if !record.renew && !inbox::has_rows(write.connection(), record.id)? {
        return Err(Error::InvalidInput { what: "push enrolment", reason: "it has no row in the inbox" });
    }
    write_record(write, &record)?;
    match place {
        Ok(at) => loaded.pushes.splice(at..=at, [record]).for_each(drop),
        Err(at) => loaded.pushes.insert(at, record),
    }
    Ok(())
}

pub(in crate::vault) fn write_record(write: &mut Write<'_>, record: &PushRecord) -> Result<(), Error> {
    write.put(Table::Record, &record.id.to_bytes(), RecordKind::Push, &record.encode())
}

/// Marks the enrolments that can't approve any more, and drops their keys, which nothing opens.
pub(in crate::vault) fn renew(
    write: &mut Write<'_>,
    pushes: &mut [PushRecord],
    lost: impl Fn(&Write<'_>, &PushRecord) -> Result<bool, Error>,
) -> Result<(), Error> {
    for push in pushes {
        if !push.renew && lost(write, push)? {
            *push = push.without_keys();
            write_record(write, push)?;
        }
    }
    Ok(())
}
