//! The desk for accounts and their codes.
//!
//! `records`: what crosses by value. `reveal`: secrets that go out on purpose.

mod records;
mod reveal;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use records::{AccountCode, AccountFilter, AccountInfo, OtpAlgorithm, OtpKind, OtpParameters, Profile, TagCount};
pub(crate) use records::{account_id, account_ids};
pub use reveal::Revealed;

use countersign_core::otp::Kind;
use countersign_core::vault;

use crate::shared::Shared;
use crate::{AccountDraft, ApiError, Authenticator, Change};

/// The desk for accounts and their codes. Ids are 32 hexadecimal digits. Everything needs the vault unlocked.
#[derive(uniffi::Object)]
pub struct Accounts {
    shared: Arc<Shared>,
}

#[uniffi::export]
impl Authenticator {
    /// The desk for accounts and their codes.
    #[must_use]
    pub fn accounts(&self) -> Arc<Accounts> {
        Arc::new(Accounts { shared: self.shared.clone() })
    }
}

impl Accounts {
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }
}

#[uniffi::export]
impl Accounts {
    /// The accounts that are selected: favourites first, then the person's order, then by names. From memory: quick.
    ///
    /// # Errors
    /// `Locked`.
    pub fn list(&self, filter: AccountFilter) -> Result<Vec<AccountInfo>, ApiError> {
        let selection = filter.into();
        self.shared.with(|core| Ok(core.accounts().accounts(&selection)?.into_iter().map(AccountInfo::from).collect()))
    }

    /// One account, in the trash or not. From memory: quick.
    ///
    /// # Errors
    /// `InvalidInput` (`not-found`, `not-an-id`), `Locked`.
    pub fn get(&self, id: String) -> Result<AccountInfo, ApiError> {
        let id = account_id(&id)?;
        self.shared.with(|core| Ok(AccountInfo::from(core.accounts().account(id)?)))
    }

    /// The tags of all accounts outside of the trash, by name. From memory: quick.
    ///
    /// # Errors
    /// `Locked`.
    pub fn tags(&self) -> Result<Vec<TagCount>, ApiError> {
        self.shared.with(|core| {
            let mut counts = BTreeMap::<String, u64>::new();
            for account in core.accounts().all_accounts()?.filter(|account| account.trashed.is_none()) {
                for tag in &account.profile.tags {
                    *counts.entry(tag.clone()).or_default() += 1;
                }
            }
            Ok(counts.into_iter().map(|(tag, accounts)| TagCount { tag, accounts }).collect())
        })
    }

    /// The code of every account that shows one by itself (all but HOTP and the trash), in the order of the list. From memory:
    /// quick; within a code's window nothing is computed.
    ///
    /// # Errors
    /// `Locked`.
    pub fn codes(&self) -> Result<Vec<AccountCode>, ApiError> {
        let now = self.shared.now()?;
        self.shared.with(|core| {
            let codes = core.accounts().codes(now)?;
            Ok(codes.map(|(account, code)| AccountCode::new(account, code)).collect())
        })
    }

    /// The codes of these accounts alone, in this order: what a screen shows. HOTP accounts, and such as are not there any
    /// more, are passed over. From memory: quick.
    ///
    /// # Errors
    /// `InvalidInput` (`not-an-id`), `Locked`.
    pub fn codes_of(&self, ids: Vec<String>) -> Result<Vec<AccountCode>, ApiError> {
        let now = self.shared.now()?;
        let ids = account_ids(&ids)?;
        self.shared.with(|core| {
            let vault = core.accounts();
            let mut codes = Vec::with_capacity(ids.len());
            for id in ids {
                match vault.account(id) {
                    Ok(account) if account.otp.kind() == Kind::Hotp => {}
                    Err(vault::Error::NotFound(_)) => {}
                    Ok(account) => codes.push(AccountCode::new(account, account.otp.code(account.site_time(now))?)),
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(codes)
        })
    }

    /// One account's code, to be used now. For HOTP this uses the counter up: it blocks until the next counter is on the disk.
    ///
    /// # Errors
    /// `InvalidInput` (`not-found`, `counter-used-up`, `clock-before-1970`), `Locked`, `Storage`.
    pub fn code(&self, id: String) -> Result<AccountCode, ApiError> {
        let (id, now) = (account_id(&id)?, self.shared.now()?);
        let (code, counts) = self.shared.with(|core| {
            let vault = core.accounts();
            let code = vault.code(id, now)?;
            Ok((AccountCode::new(vault.account(id)?, code), code.window.is_none()))
        })?;
        if counts {
            self.shared.changes.tell(&[Change::Accounts]);
        }
        Ok(code)
    }

    /// Notes that a code was used, if the person turned counting on. Blocks: writes the disk.
    ///
    /// # Errors
    /// `InvalidInput` (`not-found`), `Locked`, `Storage`.
    pub fn count_use(&self, id: String) -> Result<(), ApiError> {
        let (id, now) = (account_id(&id)?, self.shared.now()?);
        self.shared.change(&[Change::Accounts], |core| Ok(core.accounts().count_use(id, now)?))
    }

    /// Finds an HOTP account's counter again from two codes in a row, among the next `look_ahead` (at most 1,000). Blocks:
    /// writes the disk.
    ///
    /// # Errors
    /// `InvalidInput` (`no-match`, `wrong-kind`, `not-found`), `Locked`, `Storage`.
    pub fn resync(&self, id: String, first: String, second: String, look_ahead: u32) -> Result<(), ApiError> {
        let id = account_id(&id)?;
        self.shared.change(&[Change::Accounts], |core| Ok(core.accounts().resync(id, &first, &second, look_ahead)?))
    }

    /// Adds an account and gives back its id; with `profile` under these names instead of its own, with `even_if_there` also one
    /// that is there with the same secret and names. Blocks: writes the disk.
    ///
    /// # Errors
    /// `AlreadyThere` with the id of the one that is there; `InvalidInput` for names out of bounds; `Locked`, `Storage`.
    pub fn add(
        &self,
        draft: Arc<AccountDraft>,
        profile: Option<Profile>,
        even_if_there: bool,
    ) -> Result<String, ApiError> {
        let now = self.shared.now()?;
        let mut account = draft.account().clone();
        if let Some(profile) = profile {
            account.profile = profile.into();
        }
        self.shared
            .change(&[Change::Accounts], |core| Ok(core.accounts().add(account, even_if_there, now)?.to_string()))
    }

    /// Changes an account's names, note, tags and mark. Blocks: writes the disk.
    ///
    /// # Errors
    /// `InvalidInput` (`not-found`, `out-of-bounds`), `Locked`, `Storage`.
    pub fn edit(&self, id: String, profile: Profile) -> Result<(), ApiError> {
        let (id, now) = (account_id(&id)?, self.shared.now()?);
        self.shared.change(&[Change::Accounts], |core| Ok(core.accounts().edit(id, profile.into(), now)?))
    }

    /// Sets how many seconds the site's clock is ahead of this one (negative: behind), up to a day. Blocks: writes the disk.
    ///
    /// # Errors
    /// As [`Accounts::edit`].
    pub fn set_clock_offset(&self, id: String, seconds: i32) -> Result<(), ApiError> {
        let (id, now) = (account_id(&id)?, self.shared.now()?);
        self.shared.change(&[Change::Accounts], |core| Ok(core.accounts().set_clock_offset(id, seconds, now)?))
    }

    /// Puts these accounts into this order, by hand; new accounts come before them. Blocks: writes the disk once.
    ///
    /// # Errors
    /// As [`Accounts::edit`]; nothing is changed by any.
    pub fn set_order(&self, ids: Vec<String>) -> Result<(), ApiError> {
        let ids = account_ids(&ids)?;
        self.shared.change(&[Change::Accounts], |core| Ok(core.accounts().set_order(&ids)?))
    }

    /// Moves an account to the trash, where it stays restorable. Blocks: writes the disk.
    ///
    /// # Errors
    /// `InvalidInput` (`not-found`), `Locked`, `Storage`.
    pub fn trash(&self, id: String) -> Result<(), ApiError> {
        let (id, now) = (account_id(&id)?, self.shared.now()?);
        self.shared.change(&[Change::Accounts], |core| Ok(core.accounts().trash(id, now)?))
    }

    /// Takes an account out of the trash again. Blocks: writes the disk.
    ///
    /// # Errors
    /// As [`Accounts::trash`].
    pub fn untrash(&self, id: String) -> Result<(), ApiError> {
        let id = account_id(&id)?;
        self.shared.change(&[Change::Accounts], |core| Ok(core.accounts().untrash(id)?))
    }

    /// Removes for good what has been in the trash for longer than the person set, or all of the trash; gives back how many.
    /// Blocks: writes the disk.
    ///
    /// # Errors
    /// `Locked`, `Storage`.
    pub fn purge(&self, all: bool) -> Result<u64, ApiError> {
        let now = self.shared.now()?;
        self.shared.change(&[Change::Accounts], |core| Ok(core.accounts().purge(all, now)? as u64))
    }

    /// Gives an account a picture of at most 128 KiB, in whatever format the shell draws; none takes it away. Blocks: writes
    /// the disk.
    ///
    /// # Errors
    /// `InvalidInput` (`too-large`, `not-found`), `Locked`, `Storage`.
    pub fn set_icon(&self, id: String, icon: Option<Vec<u8>>) -> Result<(), ApiError> {
        let id = account_id(&id)?;
        self.shared.change(&[Change::Accounts], |core| Ok(core.accounts().set_icon(id, icon.as_deref())?))
    }

    /// An account's picture. Blocks: reads the disk.
    ///
    /// # Errors
    /// `InvalidInput` (`not-found`), `Damaged`, `Locked`.
    pub fn icon(&self, id: String) -> Result<Vec<u8>, ApiError> {
        let id = account_id(&id)?;
        self.shared.with(|core| Ok(core.accounts().icon(id)?))
    }
}
