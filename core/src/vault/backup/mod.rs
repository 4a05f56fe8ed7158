//! Backups: one encrypted file with everything but what belongs to one device, made to be kept elsewhere.
//!
//! A backup has a key of its own, sealed by the vault's backup key, which is sealed under the password and the recovery
//! code of the day: so it is written without asking for either, and opens with either. `docs/vault.md` has the bytes,
//! `file` reads and writes them.

mod file;

use std::path::Path;

use rusqlite::Connection;
use zeroize::Zeroizing;

use super::crypto::RawKey;
use super::kdf::{Cost, Password};
use super::load::Loaded;
use super::manifest::Keys;
use super::push::{self, PushId, PushRecord};
use super::record::{decode_account, encode_account};
use super::recovery::RecoveryCode;
use super::settings::Settings;
use super::sink::Sink;
use super::slots::{Content, Head, Slot, SlotKind};
use super::store::{self, RecordKind, Table};
use super::{BACKUP_ROW, Error, SETTINGS_ROW, Vault, accounts};
use crate::account::{Account, AccountId};
use crate::entropy::Entropy;
use crate::otp::Kind;
use crate::time::UnixTime;
use crate::wire::{Value, Writer, fields};
use file::{open_with, seal};

/// The backup key under one slot's opener.
#[derive(Debug)]
pub(super) struct Wrap {
    pub(super) head: Head,
    sealed: Vec<u8>,
}

pub(super) fn wrap(entropy: &dyn Entropy, head: &Head, opener: &RawKey, key: &RawKey) -> Result<Wrap, Error> {
    Ok(Wrap { head: head.clone(), sealed: head.seal(entropy, opener, Content::BackupKey, key)? })
}

impl Wrap {
    /// A wrap is written as a slot that holds nothing but the backup key.
    fn slot(&self) -> Slot {
        Slot {
            head: self.head.clone(),
            wrapped: Vec::new(),
            sealed: self.sealed.clone(),
            sealed_uv_root: Vec::new(),
            confirmed: true,
            created: UnixTime::default(),
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let slot = Slot::decode(bytes)?;
        Ok(Self { head: slot.head, sealed: slot.sealed })
    }
}

/// What the vault keeps to write backups: their key, and its wraps.
pub(super) struct BackupKey {
    pub(super) key: RawKey,
    pub(super) wraps: Vec<Wrap>,
}

impl BackupKey {
    pub(super) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::new();
        writer.bytes(1, self.key.expose());
        for wrap in &self.wraps {
            writer.bytes(2, &wrap.slot().encode());
        }
        writer.finish()
    }

    fn decode(payload: &[u8]) -> Result<Self, Error> {
        let mut read = Self { key: RawKey::zero(), wraps: Vec::new() };
        for field in fields(payload) {
            match field.map_err(|_| Error::NotFound("backup key"))? {
                (1, Value::Bytes(key)) => read.key = RawKey::from_bytes(key)?,
                (2, Value::Bytes(wrap)) => read.wraps.push(Wrap::decode(wrap)?),
                _ => return Err(Error::NotFound("backup key")),
            }
        }
        Ok(read)
    }
}

pub(super) fn read_key(connection: &Connection, keys: &Keys) -> Result<BackupKey, Error> {
    let row = store::row(connection, Table::Record, &BACKUP_ROW)?.ok_or(Error::NotFound("backup key"))?;
    let payload = row.open(keys, Table::Record).map_err(|_| Error::NotFound("backup key"))?;
    BackupKey::decode(&payload)
}

impl Vault {
    /// The whole vault as the bytes of a backup file.
    ///
    /// # Errors
    /// [`Error::Locked`], or as reading says.
    pub fn backup_bytes(&self, now: UnixTime) -> Result<Vec<u8>, Error> {
        let unlocked = self.unlocked()?;
        let key = read_key(&self.connection, &unlocked.keys)?;
        let body = self.body(&unlocked.loaded, &unlocked.keys)?;
        seal(&*self.entropy, unlocked.keys.vault, &key, &body, now)
    }

    /// Writes a backup under a new name, reads it back and compares, and only then removes the oldest ones beyond the
    /// number that the person set; gives back the new name.
    ///
    /// # Errors
    /// [`Error::BackupNotKept`] if the place gives back something else; otherwise as the place says. The older
    /// backups are then all still there.
    pub fn backup_to(&mut self, sink: &mut dyn Sink, now: UnixTime) -> Result<String, Error> {
        let backup = self.make_backup(now)?;
        sink.write(&backup.name, &backup.bytes)?;
        self.check_backup(&backup, &sink.read(&backup.name)?)?;
        for old in self.surplus_backups(&backup, sink.list()?)? {
            sink.remove(&old)?;
        }
        Ok(backup.name)
    }

    /// The first of the steps of [`Vault::backup_to`], for a place that is reached elsewhere: a backup and its name.
    ///
    /// # Errors
    /// As [`Vault::backup_bytes`].
    pub fn make_backup(&self, now: UnixTime) -> Result<NewBackup, Error> {
        // Sorted by name is sorted by time: milliseconds, 15 digits, to the year 33,000.
        let name = format!("{}{:015}{SUFFIX}", self.backup_prefix()?, now.millis());
        Ok(NewBackup { name, bytes: self.backup_bytes(now)? })
    }

    /// The second: whether the place has kept it as it was given.
    ///
    /// # Errors
    /// [`Error::BackupNotKept`], [`Error::Locked`].
    pub fn check_backup(&self, backup: &NewBackup, kept: &[u8]) -> Result<(), Error> {
        let key = read_key(&self.connection, &self.unlocked()?.keys)?;
        let opens = |file| open_with(file, |_, _| Ok(Some(RawKey::from_bytes(key.key.expose())?))).is_ok();
        if kept == backup.bytes && opens(kept) { Ok(()) } else { Err(Error::BackupNotKept) }
    }

    /// The third: which of the files there are to go, the oldest ones of this vault's own. None while the vault has findings:
    /// what is damaged here may be whole in an older backup.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn surplus_backups(&self, newest: &NewBackup, mut names: Vec<String>) -> Result<Vec<String>, Error> {
        if !self.unlocked()?.accepted {
            return Ok(Vec::new());
        }
        let own = self.backup_prefix()?;
        names.retain(|name| name.starts_with(&own) && name.ends_with(SUFFIX));
        names.sort_unstable();
        let surplus = names.len().saturating_sub(usize::from(self.settings()?.backups_kept));
        names.truncate(surplus);
        names.retain(|name| *name != newest.name);
        Ok(names)
    }

    /// What the names of this vault's own backups begin with: others' are never counted or removed.
    fn backup_prefix(&self) -> Result<String, Error> {
        let vault = AccountId::from_bytes(self.unlocked()?.keys.vault).to_string();
        Ok(format!("countersign-{}-", vault.get(..12).unwrap_or(&vault)))
    }

    fn body(&self, loaded: &Loaded, keys: &Keys) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut body = Writer::new();
        let mut item = |kind: u64, id: &[u8], payload: &[u8]| {
            let mut message = Writer::new();
            message.number(1, kind).bytes(2, id).bytes(3, payload);
            body.bytes(1, &message.finish());
        };
        item(RecordKind::Settings.number().into(), &SETTINGS_ROW, &loaded.settings.encode());
        for account in accounts::all(loaded) {
            item(RecordKind::Account.number().into(), &account.id.to_bytes(), &encode_account(account));
        }
        for push in &loaded.pushes {
            item(RecordKind::Push.number().into(), &push.id.to_bytes(), &push.without_keys().encode());
        }
        store::for_each_row(&self.connection, Table::Icon, |row| {
            let row = row?;
            // A picture that can't be read is told by a verification; the backup goes on without it.
            if let Ok(picture) = row.open(keys, Table::Icon) {
                item(ICON, &row.id, &picture);
            }
            Ok(())
        })?;
        Ok(body.finish())
    }

    /// Makes a new vault from a backup: with its own keys, a new password slot and a new recovery code (shown once).
    /// HOTP accounts are marked as possibly behind, and push enrolments have to be renewed: no backup has their keys.
    ///
    /// # Errors
    /// As [`Vault::create`].
    pub fn restore(
        path: &Path,
        entropy: std::sync::Arc<dyn Entropy>,
        backup: Backup,
        password: &Password,
        cost: Cost,
        now: UnixTime,
    ) -> Result<(Self, RecoveryCode), Error> {
        let (mut vault, code) = Self::create(path, entropy, password, cost, now)?;
        let filled = vault.fill(backup);
        if let Err(error) = filled {
            drop(vault);
            for suffix in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(super::files::beside(path, suffix));
            }
            return Err(error);
        }
        Ok((vault, code))
    }

    fn fill(&mut self, backup: Backup) -> Result<(), Error> {
        self.write(|write, loaded| {
            write.put(Table::Record, &SETTINGS_ROW, RecordKind::Settings, &backup.settings.encode())?;
            let mut accounts = backup.accounts;
            for account in &mut accounts {
                account.may_be_behind |= account.otp.kind() == Kind::Hotp;
                accounts::put(write, account)?;
            }
            for (id, icon) in &backup.icons {
                write.put(Table::Icon, &id.to_bytes(), RecordKind::Account, icon)?;
            }
            for push in &backup.pushes {
                push::write_record(write, &push.without_keys())?;
            }
            loaded.pushes = backup.pushes;
            loaded.settings = backup.settings;
            loaded.cache.extend(accounts);
            Ok(())
        })
    }
}

/// How the names of backups end.
const SUFFIX: &str = ".csbackup";

/// A backup on its way to where it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct NewBackup {
    /// The file's name, new in this place.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for NewBackup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewBackup").field("name", &self.name).finish_non_exhaustive()
    }
}

/// How a picture is numbered among a backup's items.
const ICON: u64 = 100;

/// An opened backup.
pub struct Backup {
    /// When it was made.
    pub created: UnixTime,
    /// What the person had set.
    pub settings: Settings,
    /// Its accounts, the trash among them.
    pub accounts: Vec<Account>,
    /// Their pictures.
    pub icons: Vec<(AccountId, Vec<u8>)>,
    /// Its push enrolments, each without any key and to be renewed.
    pub pushes: Vec<PushRecord>,
}

impl std::fmt::Debug for Backup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backup").field("accounts", &self.accounts.len()).finish_non_exhaustive()
    }
}

impl Backup {
    /// Opens a backup with the password of its day.
    ///
    /// # Errors
    /// [`Error::NotABackup`], [`Error::Newer`], [`Error::DamagedBackup`], [`Error::KdfBounds`],
    /// [`Error::WrongPassword`] (backups count no tries).
    pub fn open_with_password(file: &[u8], password: &Password) -> Result<Self, Error> {
        let wrong = Error::WrongPassword { remaining: u32::MAX, wait_seconds: 0 };
        Self::open(file, SlotKind::Password, wrong, |head| head.stretch(password))
    }

    /// Opens a backup with the recovery code of its day.
    ///
    /// # Errors
    /// As [`Backup::open_with_password`], but [`Error::WrongRecoveryCode`].
    pub fn open_with_recovery(file: &[u8], code: &RecoveryCode) -> Result<Self, Error> {
        Self::open(file, SlotKind::Recovery, Error::WrongRecoveryCode, |head| head.recovery_opener(code))
    }

    fn open(
        file: &[u8],
        kind: SlotKind,
        wrong: Error,
        opener: impl Fn(&Head) -> Result<RawKey, Error>,
    ) -> Result<Self, Error> {
        let (header, body) = open_with(file, |_, wraps| {
            for wrap in wraps.iter().filter(|wrap| wrap.head.kind == kind) {
                let key = wrap.head.open(&opener(&wrap.head)?, Content::BackupKey, &wrap.sealed)?;
                if key.is_some() {
                    return Ok(key);
                }
            }
            Err(wrong.clone())
        })?;
        Self::decode(header.created, &body).ok_or(Error::DamagedBackup)
    }

    fn decode(created: UnixTime, body: &[u8]) -> Option<Self> {
        let (settings, accounts, icons, pushes) = Default::default();
        let mut backup = Self { created, settings, accounts, icons, pushes };
        for field in fields(body) {
            let (1, Value::Bytes(item)) = field.ok()? else { return None };
            backup.take(item)?;
        }
        Some(backup)
    }

    fn take(&mut self, item: &[u8]) -> Option<()> {
        let (mut kind, mut id, mut payload) = (0, &[][..], &[][..]);
        for field in fields(item) {
            match field.ok()? {
                (1, Value::Number(number)) => kind = number,
                (2, Value::Bytes(bytes)) => id = bytes,
                (3, Value::Bytes(bytes)) => payload = bytes,
                _ => return None,
            }
        }
        let id = AccountId::from_bytes(id.try_into().ok()?);
        if kind == ICON {
            self.icons.push((id, payload.to_vec()));
        } else if kind == u64::from(RecordKind::Account.number()) {
            self.accounts.push(decode_account(id, payload).ok()?);
        } else if kind == u64::from(RecordKind::Settings.number()) {
            self.settings = Settings::decode(payload).ok()?;
        } else if kind == u64::from(RecordKind::Push.number()) {
            let push = PushRecord::decode(PushId::from_bytes(id.to_bytes()), payload).ok()?;
            // No backup has a key of an enrolment: what has one is none of ours.
            if push != push.without_keys() {
                return None;
            }
            self.pushes.push(push);
        } else {
            return None;
        }
        Some(())
    }
}
