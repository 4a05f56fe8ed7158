//! What can be done with accounts.

use super::cache::Cache;
use super::load::Loaded;
use super::record::encode_account;
use super::settings::Settings;
use super::store::{self, RecordKind, Table};
use super::write::Write;
use super::{Error, SETTINGS_ROW, Vault};
use crate::account::{Account, AccountId, NewAccount, Profile, Usage};
use crate::entropy::Entropy;
use crate::otp::{Code, Otp};
use crate::time::UnixTime;

/// The largest picture of an account in bytes.
const MAX_ICON: usize = 128 * 1024;

/// Which accounts a list shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Words that must all stand in issuer, name, note or tags, in any case; empty: all.
    pub search: String,
    /// A tag that it must have, exactly.
    pub tag: Option<String>,
    /// The trash instead of everything else.
    pub trash: bool,
}

impl Vault {
    /// The accounts that are selected: favourites first, then the person's order, then by names.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn accounts(&self, selection: &Selection) -> Result<Vec<&Account>, Error> {
        let words: Vec<String> = selection.search.split_whitespace().map(str::to_lowercase).collect();
        let selected = self.cache()?.matching(&words).filter(|account| {
            account.trashed.is_some() == selection.trash
                && selection.tag.as_ref().is_none_or(|tag| account.profile.tags.contains(tag))
        });
        Ok(selected.collect())
    }

    /// Every account, those in the trash among them, in the order of the list.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn all_accounts(&self) -> Result<impl Iterator<Item = &Account>, Error> {
        Ok(self.cache()?.iter().map(|entry| &entry.account))
    }

    /// One account, in the trash or not.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::NotFound`].
    pub fn account(&self, id: AccountId) -> Result<&Account, Error> {
        self.cache()?.get(id).ok_or(Error::NotFound("account"))
    }

    /// The code of every account that shows one by itself (all but HOTP and the trash), in the order of the list. Each is
    /// made when it is asked for: who shows a screen takes a screen.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn codes(&mut self, now: UnixTime) -> Result<impl Iterator<Item = (&Account, Code)>, Error> {
        Ok(self.open.as_mut().ok_or(Error::Locked)?.loaded.cache.codes(now))
    }

    /// One account's code. For HOTP this uses the counter up: the next counter is durable before the code is given.
    ///
    /// # Errors
    /// [`Error::Otp`], [`Error::NotFound`], [`Error::Locked`]; for HOTP also what writing says.
    pub fn code(&mut self, id: AccountId, now: UnixTime) -> Result<Code, Error> {
        let account = self.account(id)?;
        let Otp::Hotp(_) = &account.otp else {
            return Ok(account.otp.code(account.site_time(now))?);
        };
        // From the account as the transaction sees it: another process may have used this counter a moment ago.
        self.change_with(id, |account| {
            let Otp::Hotp(hotp) = &account.otp else { return Err(Error::WrongKind("HOTP")) };
            let code = hotp.code()?;
            account.otp = Otp::Hotp(hotp.advanced()?);
            Ok(code)
        })
    }

    /// Finds an HOTP account's counter again from two codes in a row that the site took or another device shows.
    ///
    /// # Errors
    /// [`Error::WrongKind`], [`Error::NoMatch`] within the next `look_ahead` (at most 1,000).
    pub fn resync(&mut self, id: AccountId, first: &str, second: &str, look_ahead: u32) -> Result<(), Error> {
        self.change_with(id, |account| {
            let Otp::Hotp(hotp) = &account.otp else { return Err(Error::WrongKind("HOTP")) };
            account.otp = Otp::Hotp(hotp.resync(first, second, look_ahead).ok_or(Error::NoMatch(look_ahead))?);
            account.may_be_behind = false;
            Ok(())
        })
    }

    /// Adds an account. With `even_if_there`, also one that is already there with the same secret and names.
    ///
    /// # Errors
    /// [`Error::Duplicate`], [`Error::InvalidInput`] for names out of bounds, or as the disk says.
    pub fn add(&mut self, new: NewAccount, even_if_there: bool, now: UnixTime) -> Result<AccountId, Error> {
        check_profile(&new.profile)?;
        let entropy = self.entropy.clone();
        self.write(|write, loaded| {
            if !even_if_there {
                refuse_duplicate(&loaded.cache, &new)?;
            }
            add_inside(write, loaded, &*entropy, new, now)
        })
    }

    /// Changes an account's names, note, tags and mark.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InvalidInput`].
    pub fn edit(&mut self, id: AccountId, profile: Profile, now: UnixTime) -> Result<(), Error> {
        check_profile(&profile)?;
        self.change_with(id, |account| {
            account.profile = profile;
            account.modified = now;
            Ok(())
        })
    }

    /// Sets how many seconds the site's clock is ahead of this one (negative: behind), up to a day.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InvalidInput`].
    pub fn set_clock_offset(&mut self, id: AccountId, seconds: i32, now: UnixTime) -> Result<(), Error> {
        if seconds.unsigned_abs() > 86_400 {
            return Err(Error::InvalidInput { what: "clock offset", reason: "more than a day" });
        }
        self.change_with(id, |account| {
            account.clock_offset = seconds;
            account.modified = now;
            Ok(())
        })
    }

    /// Gives an account its place in the person's own order; lower places come first.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn set_position(&mut self, id: AccountId, position: u64) -> Result<(), Error> {
        self.change_with(id, |account| {
            account.position = position;
            Ok(())
        })
    }

    /// Gives these accounts the places 1, 2, … in the person's own order, in one transaction. Others keep theirs: those at 0,
    /// where new ones are, come first.
    ///
    /// # Errors
    /// [`Error::NotFound`]; nothing is changed by it.
    pub fn set_order(&mut self, ids: &[AccountId]) -> Result<(), Error> {
        self.write(|write, loaded| {
            let mut moved = Vec::new();
            for (position, id) in (1..).zip(ids) {
                let account = loaded.cache.get(*id).ok_or(Error::NotFound("account"))?;
                if account.position != position {
                    let account = Account { position, ..account.clone() };
                    put(write, &account)?;
                    moved.push(account);
                }
            }
            moved.into_iter().for_each(|account| loaded.cache.put(account));
            Ok(())
        })
    }

    /// Counts one use, if the person turned counting on.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn count_use(&mut self, id: AccountId, now: UnixTime) -> Result<(), Error> {
        if !self.settings()?.count_usage {
            return Ok(());
        }
        self.change_with(id, |account| {
            account.usage = Usage { count: account.usage.count.saturating_add(1), last: Some(now) };
            Ok(())
        })
    }

    /// Moves an account to the trash, where it stays restorable.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn trash(&mut self, id: AccountId, now: UnixTime) -> Result<(), Error> {
        self.change_with(id, |account| {
            account.trashed = account.trashed.or(Some(now));
            Ok(())
        })
    }

    /// Takes an account out of the trash again.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn untrash(&mut self, id: AccountId) -> Result<(), Error> {
        self.change_with(id, |account| {
            account.trashed = None;
            Ok(())
        })
    }

    /// Removes for good what has been in the trash for longer than the person set, or all of the trash; gives back how
    /// many. Also empties the journal, so that nothing of them stays in the file.
    ///
    /// # Errors
    /// As the disk says.
    pub fn purge(&mut self, all: bool, now: UnixTime) -> Result<usize, Error> {
        let before = now.plus_seconds(-i64::from(self.settings()?.trash_days) * 86_400);
        let old = |account: &&Account| account.trashed.is_some_and(|since| all || since < before);
        let ids: Vec<_> =
            self.cache()?.iter().map(|entry| &entry.account).filter(old).map(|account| account.id).collect();
        self.remove_all(&ids)?;
        Ok(ids.len())
    }

    /// Removes accounts for good in one transaction; those that are not there are passed over.
    ///
    /// # Errors
    /// As the disk says.
    pub fn remove_all(&mut self, ids: &[AccountId]) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        self.write(|write, loaded| {
            for id in ids {
                write.delete(Table::Record, &id.to_bytes())?;
                write.delete(Table::Icon, &id.to_bytes())?;
            }
            loaded.cache.remove_all(&ids.iter().copied().collect());
            Ok(())
        })?;
        self.empty_journal()?;
        Ok(())
    }

    /// Gives an account a picture, or takes it away.
    ///
    /// # Errors
    /// [`Error::TooLarge`] over 128 KiB, [`Error::NotFound`].
    pub fn set_icon(&mut self, id: AccountId, icon: Option<&[u8]>) -> Result<(), Error> {
        refuse_icon(icon)?;
        self.write(|write, loaded| {
            let mut account = loaded.cache.get(id).ok_or(Error::NotFound("account"))?.clone();
            account.has_icon = icon.is_some();
            match icon {
                Some(icon) => write.put(Table::Icon, &id.to_bytes(), RecordKind::Account, icon)?,
                None => {
                    write.delete(Table::Icon, &id.to_bytes())?;
                }
            }
            put(write, &account)?;
            loaded.cache.put(account);
            Ok(())
        })
    }

    /// An account's picture.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Damaged`] if it can't be opened.
    pub fn icon(&self, id: AccountId) -> Result<Vec<u8>, Error> {
        let row = store::row(&self.connection, Table::Icon, &id.to_bytes())?.ok_or(Error::NotFound("picture"))?;
        let payload = row.open(&self.unlocked()?.keys, Table::Icon);
        payload.map(|payload| payload.to_vec()).map_err(|_| Error::Damaged(super::Damage::Structure))
    }

    /// What the person set.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn settings(&self) -> Result<&Settings, Error> {
        Ok(&self.unlocked()?.loaded.settings)
    }

    /// Changes what the person set.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] out of bounds.
    pub fn set_settings(&mut self, settings: Settings) -> Result<(), Error> {
        settings.check()?;
        self.write(|write, loaded| {
            write.put(Table::Record, &SETTINGS_ROW, RecordKind::Settings, &settings.encode())?;
            loaded.settings = settings;
            Ok(())
        })
    }

    fn cache(&self) -> Result<&Cache, Error> {
        Ok(&self.unlocked()?.loaded.cache)
    }

    /// Changes one account, durable before this returns.
    fn change_with<T>(
        &mut self,
        id: AccountId,
        change: impl FnOnce(&mut Account) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.write(|write, loaded| {
            let mut account = loaded.cache.get(id).ok_or(Error::NotFound("account"))?.clone();
            let value = change(&mut account)?;
            put(write, &account)?;
            loaded.cache.put(account);
            Ok(value)
        })
    }
}

pub(super) fn put(write: &mut Write<'_>, account: &Account) -> Result<(), Error> {
    write.put(Table::Record, &account.id.to_bytes(), RecordKind::Account, &encode_account(account))
}

/// Adds an account, whether or not it is there already.
pub(super) fn add_inside(
    write: &mut Write<'_>,
    loaded: &mut Loaded,
    entropy: &dyn Entropy,
    new: NewAccount,
    now: UnixTime,
) -> Result<AccountId, Error> {
    let account = fresh(entropy, new, now)?;
    let id = account.id;
    put(write, &account)?;
    loaded.cache.put(account);
    Ok(id)
}

fn refuse_duplicate(cache: &Cache, new: &NewAccount) -> Result<(), Error> {
    match cache.same_names(&new.profile).find(|account| account.otp.same_secret(&new.otp)) {
        Some(account) => Err(Error::Duplicate(account.id)),
        None => Ok(()),
    }
}

fn fresh(entropy: &dyn Entropy, new: NewAccount, now: UnixTime) -> Result<Account, Error> {
    Ok(Account {
        id: AccountId::make(entropy)?,
        profile: new.profile,
        otp: new.otp,
        clock_offset: 0,
        may_be_behind: false,
        position: 0,
        has_icon: false,
        usage: Usage::default(),
        created: now,
        modified: now,
        trashed: None,
    })
}

pub(super) fn check_profile(profile: &Profile) -> Result<(), Error> {
    let invalid = |what, reason| Err(Error::InvalidInput { what, reason });
    let long = |text: &String| text.len() > Profile::MAX_TEXT;
    if long(&profile.issuer) || long(&profile.name) {
        return invalid("name", "it has more than 1,024 bytes");
    }
    if profile.note.len() > Profile::MAX_NOTE {
        return invalid("note", "it has more than 16 KiB");
    }
    if profile.tags.len() > Profile::MAX_TAGS || profile.tags.iter().any(|tag| tag.is_empty() || long(tag)) {
        return invalid("tags", "at most 64 of them, none empty, none over 1,024 bytes");
    }
    Ok(())
}

pub(super) fn refuse_icon(icon: Option<&[u8]>) -> Result<(), Error> {
    let too_large = icon.is_some_and(|icon| icon.len() > MAX_ICON);
    if too_large { Err(Error::TooLarge { what: "a picture", limit: MAX_ICON }) } else { Ok(()) }
}

/// The accounts of a list, for a backup.
pub(super) fn all(loaded: &Loaded) -> impl Iterator<Item = &Account> {
    loaded.cache.iter().map(|entry| &entry.account)
}
