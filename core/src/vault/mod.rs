//! The vault: the encrypted database that keeps accounts.
//!
//! - `crypto`: sealing, opening, deriving; `kdf`: from passwords to keys; `recovery`: the code on paper.
//! - `slots`: who may unlock; `attempts`: pauses after wrong passwords; `platform`: what a phone's keystore does.
//! - `schema`: the file and its tables; `store`: rows; `manifest`: the proof that all of them are there.
//! - `record`, `settings`: what stands in the rows; `cache`: the unlocked accounts; `load`, `report`: reading it all.
//! - `accounts`: what can be done with accounts; `ways`: what can be done with slots; `backup`: files to keep elsewhere,
//!   and `sink`: where.
//!
//! `docs/vault.md` has the format to the byte and draws the key tree.

mod accounts;
mod attempts;
mod backup;
mod cache;
mod crypto;
mod error;
mod kdf;
mod load;
mod manifest;
pub mod platform;
mod record;
mod recovery;
mod report;
mod schema;
mod settings;
mod sink;
mod slots;
mod store;
mod ways;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

pub use accounts::Selection;
pub use backup::Backup;
pub use crypto::RawKey;
pub use error::{Damage, Error};
pub use kdf::{Cost, Password};
pub use recovery::RecoveryCode;
pub use report::{Finding, Report};
pub use settings::Settings;
pub use sink::{FolderSink, Sink};
pub use slots::{SlotId, SlotKind};
pub use ways::SlotInfo;

use crate::entropy::Entropy;
use crate::time::UnixTime;
use load::Loaded;
use manifest::{Keys, Manifest};
use platform::Counter;
use schema::Access;
use slots::{Content, Head, Slot};
use store::{RecordKind, StoredSlot, Table, Write};

/// The fixed ids of the rows that exist once.
const SETTINGS_ROW: [u8; 16] = *b"settings\0\0\0\0\0\0\0\0";
const BACKUP_ROW: [u8; 16] = *b"backup key\0\0\0\0\0\0";

/// The most copies of damaged states beside one file.
const MOST_COPIES: usize = 1000;

/// An encrypted vault: locked when opened, unlocked by one of its slots.
pub struct Vault {
    path: PathBuf,
    connection: Connection,
    access: Access,
    entropy: Arc<dyn Entropy>,
    counter: Option<Arc<dyn Counter>>,
    open: Option<Unlocked>,
}

/// What exists only while the vault is unlocked; dropped, and so wiped, by [`Vault::lock`].
struct Unlocked {
    keys: Keys,
    loaded: Loaded,
    /// The file may be written: nothing was found, or what was found has been accepted.
    accepted: bool,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("unlocked", &self.open.is_some()).finish_non_exhaustive()
    }
}

impl Vault {
    /// Makes a new vault that a password and a new recovery code open, and unlocks it. The file gets mode 0600.
    ///
    /// The recovery code is given back to be shown once; it counts only after [`Vault::confirm_recovery`].
    ///
    /// # Errors
    /// [`Error::AlreadyThere`] if anything stands at the path; otherwise as the disk and Argon2 say.
    pub fn create(
        path: &Path,
        entropy: Arc<dyn Entropy>,
        password: &Password,
        cost: Cost,
        now: UnixTime,
    ) -> Result<(Self, RecoveryCode), Error> {
        claim(path)?;
        let made = Self::fill_new(path, entropy, password, cost, now);
        if made.is_err() {
            // Only what was made here a moment ago, and nothing was kept in it yet.
            for suffix in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(beside(path, suffix));
            }
        }
        made
    }

    fn fill_new(
        path: &Path,
        entropy: Arc<dyn Entropy>,
        password: &Password,
        cost: Cost,
        now: UnixTime,
    ) -> Result<(Self, RecoveryCode), Error> {
        let (mut connection, access) = schema::connect(path)?;
        schema::create(&connection)?;
        let keys = Keys::new(crate::entropy::random(&*entropy)?, RawKey::make(&*entropy)?)?;
        let uv_root = RawKey::make(&*entropy)?;
        let code = RecoveryCode::make(&*entropy)?;
        let mut write = Write::begin_with(&mut connection, &keys, &*entropy, Manifest::new())?;
        let (slot, for_password) = ways::password_slot(&*entropy, &keys, password, cost, &uv_root, now)?;
        write.put_slot(&slot)?;
        let (recovery, for_recovery) = ways::recovery_slot(&*entropy, &keys, &code, now)?;
        write.put_slot(&recovery)?;
        let backup_key = RawKey::make(&*entropy)?;
        let wraps = vec![
            backup::wrap(&*entropy, &slot.head, &for_password, &backup_key)?,
            backup::wrap(&*entropy, &recovery.head, &for_recovery, &backup_key)?,
        ];
        let backup_row = backup::BackupKey { key: backup_key, wraps };
        write.put(Table::Record, &BACKUP_ROW, RecordKind::BackupKey, &backup_row.encode())?;
        write.put(Table::Record, &SETTINGS_ROW, RecordKind::Settings, &Settings::default().encode())?;
        write.commit()?;
        sync_folder(path)?;
        let mut vault = Self { path: path.to_owned(), connection, access, entropy, counter: None, open: None };
        vault.enter(keys)?;
        Ok((vault, code))
    }

    /// Opens the file of a vault, locked.
    ///
    /// # Errors
    /// [`Error::NoVault`], [`Error::NotAVault`], [`Error::Newer`], [`Error::Damaged`]; nothing is changed by any.
    pub fn open(path: &Path, entropy: Arc<dyn Entropy>) -> Result<Self, Error> {
        if std::fs::metadata(path)?.len() == 0 {
            return Err(Error::NoVault);
        }
        let (connection, access) = schema::connect(path)?;
        schema::check(&connection)?;
        Ok(Self { path: path.to_owned(), connection, access, entropy, counter: None, open: None })
    }

    /// From now on, notices a file that is older than this counter has seen, and raises it after each commit.
    pub fn use_counter(&mut self, counter: Arc<dyn Counter>) {
        self.counter = Some(counter);
    }

    /// Unlocks with the password.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], [`Error::Wait`], [`Error::DamagedSlot`], [`Error::NoSuchSlot`].
    pub fn unlock_with_password(&mut self, password: &Password, now: UnixTime) -> Result<Report, Error> {
        attempts::allowed(&self.connection, now)?;
        let slots = self.slots_of(SlotKind::Password)?;
        for slot in &slots {
            let opener = slot.head.stretch(password)?;
            if let Some(key) = slot.head.open(&opener, Content::VaultKey, &slot.sealed)? {
                attempts::succeeded(&self.connection).or_else(|error| self.ignore_read_only(error))?;
                return self.enter(Keys::new(slot.head.vault, key)?);
            }
        }
        Err(attempts::failed(&self.connection, now))
    }

    /// Unlocks with the recovery code. It does not open the user-verification root.
    ///
    /// # Errors
    /// [`Error::WrongRecoveryCode`], [`Error::DamagedSlot`], [`Error::NoSuchSlot`].
    pub fn unlock_with_recovery(&mut self, code: &RecoveryCode) -> Result<Report, Error> {
        for slot in self.slots_of(SlotKind::Recovery)? {
            let opener = slot.head.recovery_opener(code)?;
            if let Some(key) = slot.head.open(&opener, Content::VaultKey, &slot.sealed)? {
                return self.enter(Keys::new(slot.head.vault, key)?);
            }
        }
        Err(Error::WrongRecoveryCode)
    }

    /// Unlocks with the key that a device's keystore unwrapped ([`Vault::device_slots`] has what it unwraps).
    ///
    /// # Errors
    /// [`Error::UnusableHere`], [`Error::NoSuchSlot`].
    pub fn unlock_with_device_key(&mut self, id: SlotId, slot_key: &RawKey) -> Result<Report, Error> {
        let slots = self.slots_of(SlotKind::Device)?;
        let slot = slots.iter().find(|slot| slot.head.id == id).ok_or(Error::NoSuchSlot)?;
        match slot.head.open(slot_key, Content::VaultKey, &slot.sealed)? {
            Some(key) => self.enter(Keys::new(slot.head.vault, key)?),
            None => Err(Error::UnusableHere),
        }
    }

    /// Forgets every key and secret; they are wiped from memory. Does nothing to a locked vault.
    pub fn lock(&mut self) {
        self.open = None;
    }

    /// Whether the vault is unlocked.
    #[must_use]
    pub fn is_unlocked(&self) -> bool {
        self.open.is_some()
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file can be written at all.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.access == Access::ReadOnly
    }

    /// Checks everything: SQLite's structure, every row, every picture, every slot, and the proof of completeness.
    ///
    /// # Errors
    /// [`Error::Locked`]; what is damaged is no error but a finding.
    pub fn verify(&mut self) -> Result<Report, Error> {
        let unlocked = self.open.as_ref().ok_or(Error::Locked)?;
        let mut report = match load::load(&self.connection, &unlocked.keys, true) {
            Ok(loaded) => loaded.report,
            Err(Error::Damaged(Damage::Structure)) => {
                Report { findings: vec![Finding::Structure], ..Report::default() }
            }
            Err(error) => return Err(error),
        };
        let sound = self
            .connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0))
            .is_ok_and(|answer| answer == "ok");
        if !sound && !report.findings.contains(&Finding::Structure) {
            report.findings.push(Finding::Structure);
        }
        Ok(report)
    }

    /// What the last look at the file found.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn report(&self) -> Result<&Report, Error> {
        Ok(&self.unlocked()?.loaded.report)
    }

    /// Accepts what was found, so that the vault can be written again. The file was copied aside when it was found;
    /// rows that can't be read stay in that copy and leave the vault.
    ///
    /// # Errors
    /// [`Error::Locked`], or as the disk says.
    pub fn accept_findings(&mut self) -> Result<(), Error> {
        if self.unlocked()?.accepted {
            return Ok(());
        }
        if self.access == Access::ReadOnly {
            return Err(Error::ReadOnly);
        }
        // What was found since the unlocking has no copy yet.
        self.copy_aside()?;
        let unlocked = self.open.as_mut().ok_or(Error::Locked)?;
        let whole = load::load(&self.connection, &unlocked.keys, true)?;
        let seen = self.counter.as_ref().map(|counter| counter.read()).transpose()?.unwrap_or(0);
        let mut manifest = load::sums(&self.connection, &unlocked.keys)?;
        manifest.seals = whole.manifest.seals;
        manifest.generation = whole.manifest.generation.max(seen);
        let mut write = Write::begin_with(&mut self.connection, &unlocked.keys, &*self.entropy, manifest)?;
        for (table, id) in &whole.unreadable {
            write.delete(*table, id)?;
        }
        write.mend_slots()?;
        write.commit()?;
        unlocked.loaded = load::load(&self.connection, &unlocked.keys, false)?;
        unlocked.accepted = true;
        schema::trust(&self.connection)
    }

    fn unlocked(&self) -> Result<&Unlocked, Error> {
        self.open.as_ref().ok_or(Error::Locked)
    }

    /// Reads everything with these keys, and copies a damaged file aside before anything is changed.
    fn enter(&mut self, keys: Keys) -> Result<Report, Error> {
        let mut loaded = load::load(&self.connection, &keys, false)?;
        if let Some(counter) = &self.counter {
            let (generation, seen) = (loaded.manifest.generation, counter.read()?);
            if generation < seen {
                loaded.report.findings.push(Finding::OlderThanSeen { generation, seen });
            }
        }
        let accepted = loaded.report.is_clean();
        if accepted {
            schema::trust(&self.connection)?;
        } else if self.access == Access::ReadWrite {
            loaded.report.quarantine = Some(self.copy_aside()?);
        }
        let report = loaded.report.clone();
        self.open = Some(Unlocked { keys, loaded, accepted });
        Ok(report)
    }

    /// Copies the file and its journal beside it, under the first free number; where a copy of just this state is there
    /// already, that one is it. An existing copy is never touched.
    fn copy_aside(&mut self) -> Result<PathBuf, Error> {
        // Closed meanwhile (without merging -wal): reading the file beside an open connection would, at the end, give up
        // the connection's locks.
        drop(std::mem::replace(&mut self.connection, Connection::open_in_memory()?));
        let copy = copy_to_free_name(&self.path);
        (self.connection, self.access) = schema::connect(&self.path)?;
        schema::check(&self.connection)?;
        copy
    }

    fn ignore_read_only(&self, error: Error) -> Result<(), Error> {
        if self.access == Access::ReadOnly { Ok(()) } else { Err(error) }
    }

    /// The whole slots of a kind, one of each, from either table; the last one that is damaged is told if none is.
    fn slots_of(&self, kind: SlotKind) -> Result<Vec<Slot>, Error> {
        let (slots, damaged) = self.all_slots()?;
        let slots: Vec<_> = slots.into_iter().filter(|slot| slot.head.kind == kind).collect();
        match (slots.is_empty(), damaged) {
            (false, _) => Ok(slots),
            (true, Some(error)) => Err(error),
            (true, None) => Err(Error::NoSuchSlot),
        }
    }

    fn all_slots(&self) -> Result<(Vec<Slot>, Option<Error>), Error> {
        let mut slots: Vec<Slot> = Vec::new();
        let mut damaged = None;
        for table in store::SLOT_TABLES {
            for stored in store::stored_slots(&self.connection, table)? {
                match StoredSlot::slot(&stored) {
                    Ok(slot) if slots.iter().any(|known| known.head.id == slot.head.id) => {}
                    Ok(slot) => slots.push(slot),
                    Err(error) => damaged = Some(error),
                }
            }
        }
        Ok((slots, damaged))
    }

    /// One transaction: `work` writes rows, then everything is committed. Sees what other processes wrote before.
    fn write<T>(&mut self, work: impl FnOnce(&mut Write<'_>, &mut Loaded) -> Result<T, Error>) -> Result<T, Error> {
        let unlocked = self.open.as_mut().ok_or(Error::Locked)?;
        if self.access == Access::ReadOnly {
            return Err(Error::ReadOnly);
        }
        if !unlocked.accepted {
            return Err(Error::NotAccepted);
        }
        let Unlocked { keys, loaded, .. } = unlocked;
        let value = match transact(&mut self.connection, keys, &*self.entropy, loaded, work) {
            Ok(value) => value,
            Err(error) => {
                // Nothing that is not durable may be shown; where it can't be read again, nothing is.
                match load::load(&self.connection, keys, false) {
                    Ok(durable) => *loaded = durable,
                    Err(_) => self.open = None,
                }
                return Err(error);
            }
        };
        if let Some(counter) = &self.counter {
            counter.raise(loaded.manifest.generation)?;
        }
        Ok(value)
    }

    /// Reads again if another process has written since.
    ///
    /// # Errors
    /// [`Error::Locked`], or as the disk says.
    pub fn refresh(&mut self) -> Result<(), Error> {
        let unlocked = self.open.as_mut().ok_or(Error::Locked)?;
        let there = store::manifest(&self.connection, &unlocked.keys);
        let there = match there {
            Ok(manifest) => manifest,
            // Named when it was unlocked, or by the next verification.
            Err(Error::Damaged(Damage::Manifest)) => return Ok(()),
            Err(error) => return Err(error),
        };
        if there.generation != unlocked.loaded.manifest.generation {
            unlocked.loaded = load::load(&self.connection, &unlocked.keys, false)?;
            unlocked.accepted &= unlocked.loaded.report.is_clean();
        }
        Ok(())
    }
}

fn transact<T>(
    connection: &mut Connection,
    keys: &Keys,
    entropy: &dyn Entropy,
    loaded: &mut Loaded,
    work: impl FnOnce(&mut Write<'_>, &mut Loaded) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut write = Write::begin(connection, keys, entropy)?;
    if write.manifest.generation != loaded.manifest.generation {
        *loaded = load::load_inside(write.connection(), keys, false)?;
    }
    let value = work(&mut write, loaded)?;
    loaded.manifest = write.commit()?;
    Ok(value)
}

/// Makes the empty file, readable by its owner alone; fails if anything is there.
fn claim(path: &Path) -> Result<(), Error> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?;
    Ok(())
}

fn copy_to_free_name(path: &Path) -> Result<PathBuf, Error> {
    // Without the file itself there is nothing to keep; -wal may well be absent.
    std::fs::metadata(path)?;
    let files: Vec<_> = ["", "-wal"].map(|suffix| (suffix, std::fs::read(beside(path, suffix)))).into();
    for number in 1..=MOST_COPIES {
        let copy = beside(path, &format!(".quarantine-{number}"));
        if !copy.exists() {
            for (suffix, bytes) in &files {
                if let Ok(bytes) = bytes {
                    write_whole(&beside(&copy, suffix), bytes)?;
                }
            }
            return Ok(copy);
        }
        let same = |(suffix, bytes): &(&str, std::io::Result<Vec<u8>>)| {
            bytes.as_ref().ok() == std::fs::read(beside(&copy, suffix)).as_ref().ok()
        };
        if files.iter().all(same) {
            return Ok(copy);
        }
    }
    Err(Error::TooLarge { what: "the number of copies of damaged files", limit: MOST_COPIES })
}

/// A new file of its owner alone, durable with its name; gone again if it could not be written whole.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    claim(path)?;
    let written = std::fs::OpenOptions::new().write(true).open(path).and_then(|mut file| {
        std::io::Write::write_all(&mut file, bytes)?;
        file.sync_all()
    });
    if let Err(error) = written {
        let _ = std::fs::remove_file(path);
        return Err(error.into());
    }
    sync_folder(path)
}

/// `path` with something behind its name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A new name in a folder is durable only after the folder is.
fn sync_folder(path: &Path) -> Result<(), Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// A head for a slot of this vault.
fn head(entropy: &dyn Entropy, keys: &Keys, kind: SlotKind, cost: Option<Cost>) -> Result<Head, Error> {
    Head::new(entropy, keys.vault, kind, cost)
}
