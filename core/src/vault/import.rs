//! Many accounts at once, in one transaction, and the way back.
//!
//! The last import stands in a sealed row of its own, so that it can be taken back also after a restart.

use std::collections::HashSet;

use super::accounts::{check_profile, put, refuse_icon};
use super::record::{self, Unreadable, encode_account};
use super::store::{self, RecordKind, Table};
use super::{Error, IMPORT_ROW, Vault};
use crate::account::{Account, AccountId, NewAccount, Usage};
use crate::enroll::duplicate::Known;
use crate::time::UnixTime;
use crate::watch::{Steps, Watch, unwatched};
use crate::wire::{Value, Writer, fields};

/// The most accounts of one import: the row that keeps their ids has at most 2 MiB.
pub const MAX_IMPORT: usize = 100_000;

/// After how many accounts the one who watches is told.
const STRIDE: usize = 256;

/// An account as another file has it, with what is known of it beside names and codes.
#[derive(Clone, PartialEq, Eq)]
pub struct Incoming {
    /// Its names and its codes.
    pub account: NewAccount,
    /// Seconds that the site's clock is ahead; as [`Account::clock_offset`].
    pub clock_offset: i32,
    /// HOTP: the counter may be older than the site's.
    pub may_be_behind: bool,
    /// Place in the person's order.
    pub position: u64,
    /// How often used.
    pub usage: Usage,
    /// When it was made; unknown: now.
    pub created: Option<UnixTime>,
    /// In the trash since then.
    pub trashed: Option<UnixTime>,
    /// Its picture, at most 128 KiB.
    pub icon: Option<Vec<u8>>,
    /// Add it also if an account with the same secret and names is there.
    pub even_if_there: bool,
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming").field("account", &self.account).finish_non_exhaustive()
    }
}

impl Incoming {
    /// An account of which nothing else is known.
    #[must_use]
    pub fn new(account: NewAccount) -> Self {
        Self {
            account,
            clock_offset: 0,
            may_be_behind: false,
            position: 0,
            usage: Usage::default(),
            created: None,
            trashed: None,
            icon: None,
            even_if_there: false,
        }
    }

    fn into_parts(self, id: AccountId, now: UnixTime) -> (Account, Option<Vec<u8>>) {
        let account = Account {
            id,
            profile: self.account.profile,
            otp: self.account.otp,
            clock_offset: self.clock_offset,
            may_be_behind: self.may_be_behind,
            position: self.position,
            has_icon: self.icon.is_some(),
            usage: self.usage,
            created: self.created.unwrap_or(now),
            modified: now,
            trashed: self.trashed,
        };
        (account, self.icon)
    }
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// The accounts that are new, in the order in which they came.
    pub added: Vec<AccountId>,
    /// How many were passed over, because the same secret with the same names is there.
    pub passed_over: usize,
}

/// What taking an import back did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Undone {
    /// Accounts that were as they had come: removed for good.
    pub removed: usize,
    /// Accounts that had been changed or used since: in the trash.
    pub trashed: usize,
}

/// The import that would be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastImport {
    /// When it was.
    pub at: UnixTime,
    /// What it added; some of it may be gone since.
    pub ids: Vec<AccountId>,
}

impl LastImport {
    fn encode(&self) -> zeroize::Zeroizing<Vec<u8>> {
        let ids: Vec<u8> = self.ids.iter().flat_map(|id| id.to_bytes()).collect();
        let mut writer = Writer::new();
        writer.number(1, record::zigzag(self.at.millis())).bytes(2, &ids);
        writer.finish()
    }

    fn decode(payload: &[u8]) -> Result<Self, Unreadable> {
        let mut import = Self { at: UnixTime::default(), ids: Vec::new() };
        for field in fields(payload) {
            match field.map_err(|_| Unreadable)? {
                (1, Value::Number(at)) => import.at = UnixTime::from_millis(record::unzigzag(at)),
                (2, Value::Bytes(ids)) => {
                    let (ids, []) = ids.as_chunks::<16>() else { return Err(Unreadable) };
                    import.ids = ids.iter().map(|id| AccountId::from_bytes(*id)).collect();
                }
                _ => return Err(Unreadable),
            }
        }
        Ok(import)
    }
}

impl Vault {
    /// Adds accounts in one transaction: all of them or none. An account whose secret and names are there already, in the
    /// vault or earlier in the list, is passed over unless it says otherwise; what another program added meanwhile counts.
    ///
    /// # Errors
    /// [`Error::Locked`]; [`Error::InvalidInput`] and [`Error::TooLarge`] for an account out of bounds; otherwise as the
    /// disk says.
    pub fn import(&mut self, incoming: Vec<Incoming>, now: UnixTime) -> Result<Imported, Error> {
        self.import_watched(incoming, now, &unwatched)
    }

    /// As [`Vault::import`], watched: told how many accounts are written, and stopped where nothing is durable yet.
    ///
    /// # Errors
    /// [`Error::Stopped`], with nothing added; otherwise as [`Vault::import`].
    pub fn import_watched(
        &mut self,
        incoming: Vec<Incoming>,
        now: UnixTime,
        watch: Watch<'_>,
    ) -> Result<Imported, Error> {
        if incoming.len() > MAX_IMPORT {
            return Err(Error::InvalidInput { what: "import", reason: "it has more than 100,000 accounts" });
        }
        for one in &incoming {
            check_profile(&one.account.profile)?;
            refuse_icon(one.icon.as_deref())?;
        }
        let entropy = self.entropy.clone();
        self.write(|write, loaded| {
            let mut steps = Steps::new(watch, incoming.len(), STRIDE);
            // Only where some names are there at all does it take the work of comparing secrets.
            let suspicious = loaded.cache.may_know(incoming.iter().map(|one| &one.account.profile));
            let mut known = suspicious.then(|| Known::make(&*entropy)).transpose()?;
            if let Some(known) = &mut known {
                for (number, old) in loaded.cache.iter().map(|entry| &entry.account).enumerate() {
                    if number.is_multiple_of(STRIDE) {
                        steps.tell()?;
                    }
                    known.insert(&old.profile, &old.otp);
                }
            }
            let mut imported = Imported::default();
            let mut accounts = Vec::with_capacity(incoming.len());
            // Drawn at once: for each of thousands, asking the system takes longer than sealing.
            let mut ids = vec![[0; 16]; incoming.len()];
            entropy.fill(ids.as_flattened_mut())?;
            for (one, id) in incoming.into_iter().zip(ids) {
                let new = &one.account;
                let is_new = known.as_mut().is_none_or(|known| known.insert(&new.profile, &new.otp));
                if !is_new && !one.even_if_there {
                    imported.passed_over += 1;
                    continue;
                }
                let id = AccountId::from_bytes(id);
                imported.added.push(id);
                accounts.push(one.into_parts(id, now));
            }
            // In the order of the file's tree, which is that of the ids.
            let mut in_order: Vec<_> = accounts.iter().collect();
            in_order.sort_unstable_by_key(|(account, _)| account.id);
            steps.done(imported.passed_over)?;
            for (account, icon) in in_order {
                let id = account.id.to_bytes();
                write.add(Table::Record, &id, RecordKind::Account, &encode_account(account))?;
                if let Some(icon) = icon {
                    write.add(Table::Icon, &id, RecordKind::Account, icon)?;
                }
                steps.done(1)?;
            }
            // From here on it is too late to stop it.
            steps.tell()?;
            if !imported.added.is_empty() {
                let last = LastImport { at: now, ids: imported.added.clone() };
                write.put(Table::Record, &IMPORT_ROW, RecordKind::Import, &last.encode())?;
            }
            loaded.cache.extend(accounts.into_iter().map(|(account, _)| account).collect());
            Ok(imported)
        })
    }

    /// The import that [`Vault::undo_import`] would take back; none after it was taken back.
    ///
    /// # Errors
    /// [`Error::Locked`]; [`Error::Damaged`] if its row can't be read.
    pub fn last_import(&self) -> Result<Option<LastImport>, Error> {
        let Some(row) = store::row(&self.connection, Table::Record, &IMPORT_ROW)? else { return Ok(None) };
        let payload = row.open(&self.unlocked()?.keys, Table::Record);
        let last = payload.ok().and_then(|payload| LastImport::decode(&payload).ok());
        last.map(Some).ok_or(Error::Damaged(super::Damage::Structure))
    }

    /// Takes the last import back in one transaction. What is as it came is removed for good (the file still has it);
    /// what was changed or used since goes to the trash, so that nothing of the person's is lost.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is nothing to take back; otherwise as the disk says.
    pub fn undo_import(&mut self, now: UnixTime) -> Result<Undone, Error> {
        let undone = self.write(|write, loaded| {
            let row = store::row(write.connection(), Table::Record, &IMPORT_ROW)?.ok_or(Error::NotFound("import"))?;
            let payload = row.open(write.keys(), Table::Record).map_err(|_| Error::NotFound("import"))?;
            let last = LastImport::decode(&payload).map_err(|_| Error::NotFound("import"))?;
            let mut undone = Undone::default();
            let (mut gone, mut changed) = (HashSet::new(), Vec::new());
            for id in last.ids {
                match store::row(write.connection(), Table::Record, &id.to_bytes())? {
                    None => {}
                    Some(row) if row.revision == 1 => {
                        write.delete(Table::Record, &id.to_bytes())?;
                        write.delete(Table::Icon, &id.to_bytes())?;
                        undone.removed += 1;
                        gone.insert(id);
                    }
                    Some(_) => {
                        let mut account = loaded.cache.get(id).ok_or(Error::NotFound("account"))?.clone();
                        if account.trashed.is_none() {
                            account.trashed = Some(now);
                            put(write, &account)?;
                            gone.insert(id);
                            changed.push(account);
                        }
                    }
                }
            }
            undone.trashed = changed.len();
            loaded.cache.remove_all(&gone);
            loaded.cache.extend(changed);
            write.delete(Table::Record, &IMPORT_ROW)?;
            Ok(undone)
        })?;
        // It is undone whether or not the journal can be emptied just now; the next merge does it.
        let _ = self.empty_journal();
        Ok(undone)
    }
}
