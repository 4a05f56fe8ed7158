//! The vault: the encrypted database that keeps accounts.
//!
//! - `crypto`: sealing, opening, deriving; `kdf`: from passwords to keys; `recovery`: the code on paper.
//! - `slots`: who may unlock; `attempts`: pauses after wrong passwords; `platform`: what a phone's keystore does.
//! - `schema`: the file and its tables; `migrate`: from older tables to today's. `store`: rows; `write`: changing them;
//!   `manifest`: the proof that all of them are there.
//! - `unlock`: through a slot to the accounts; `files`, `quarantine`: the file's neighbours, and copies of damaged states.
//! - `record`, `settings`: what stands in the rows; `cache`: the unlocked accounts; `load`, `report`: reading it all.
//! - `accounts`: what can be done with accounts; `import`: with many at once. `ways`: what can be done with slots;
//!   `rotate`: a new vault key; `uv`: the user-verification root and the inbox key. `backup`: files to keep elsewhere, and
//!   `sink`: where.
//! - `push`: enrolments, as the vault keeps them; `inbox`: the rows of theirs that a locked phone works with.
//! - `salvage`: what can still be read of a file whose database structure is destroyed.
//!
//! `docs/vault.md` has the format to the byte and draws the key tree.

mod accounts;
mod attempts;
mod backup;
mod cache;
mod crypto;
mod error;
mod files;
mod import;
mod inbox;
mod kdf;
mod load;
mod manifest;
mod migrate;
pub mod platform;
mod push;
mod quarantine;
mod record;
mod recovery;
mod report;
mod rotate;
mod salvage;
mod schema;
mod settings;
mod sink;
mod slots;
mod store;
mod unlock;
mod uv;
mod ways;
mod write;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

pub use accounts::Selection;
pub use backup::{Backup, NewBackup};
pub use crypto::RawKey;
pub use error::{Damage, Error};
pub use import::{Imported, Incoming, LastImport, MAX_IMPORT, Undone};
pub use inbox::{Inbox, InboxChange, InboxRevision, InboxRow, InboxRows};
pub use kdf::{Cost, Password};
pub use push::{PushId, PushRecord, PutPush};
pub use recovery::RecoveryCode;
pub use report::{Finding, Report};
pub use rotate::Rotated;
pub use salvage::{Salvage, Salvaged};
pub use settings::Settings;
pub use sink::{FolderSink, Sink};
pub use slots::{SlotId, SlotKind};
pub use uv::{InboxKey, UvPurpose, UvRoot};
pub use ways::SlotInfo;

use crate::entropy::Entropy;
use crate::time::UnixTime;
use files::{beside, claim, sync_folder};
use load::Loaded;
use manifest::{Keys, Manifest};
use platform::Counter;
use schema::Access;
use slots::Head;
use store::{RecordKind, Table};
use write::Write;

/// The fixed ids of the rows that exist once.
const SETTINGS_ROW: [u8; 16] = *b"settings\0\0\0\0\0\0\0\0";
const BACKUP_ROW: [u8; 16] = *b"backup key\0\0\0\0\0\0";
const IMPORT_ROW: [u8; 16] = *b"last import\0\0\0\0\0";

/// An encrypted vault: locked when opened, unlocked by one of its slots.
pub struct Vault {
    path: PathBuf,
    connection: Connection,
    access: Access,
    entropy: Arc<dyn Entropy>,
    counter: Option<Arc<dyn Counter>>,
    open: Option<Unlocked>,
    /// SQLite's own check of the file was right, since it was opened.
    sound: bool,
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
        access.writable()?;
        schema::create(&connection)?;
        let keys = Keys::new(crate::entropy::random(&*entropy)?, RawKey::make(&*entropy)?)?;
        let uv_root = RawKey::make(&*entropy)?;
        let code = RecoveryCode::make(&*entropy)?;
        let mut write = Write::begin_with(&mut connection, &keys, &*entropy, Manifest::new())?;
        migrate::bring_up(&mut write, 0, &schema::HISTORY)?;
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
        let mut vault =
            Self { path: path.to_owned(), connection, access, entropy, counter: None, open: None, sound: false };
        vault.enter(keys)?;
        Ok((vault, code))
    }

    /// Opens the file of a vault, locked.
    ///
    /// # Errors
    /// [`Error::NoVault`], [`Error::NotAVault`], [`Error::Newer`], [`Error::Damaged`]; nothing is changed by any.
    pub fn open(path: &Path, entropy: Arc<dyn Entropy>) -> Result<Self, Error> {
        match std::fs::metadata(path)?.len() {
            0 => return Err(Error::NoVault),
            // SQLite takes a file that is too short for an empty database, and would make one of it.
            bytes if bytes < schema::PAGE.into() => return Err(Error::NotAVault),
            _ => {}
        }
        let (connection, access) = schema::connect(path)?;
        schema::check(&connection, &schema::HISTORY)?;
        Ok(Self { path: path.to_owned(), connection, access, entropy, counter: None, open: None, sound: false })
    }

    /// From now on, notices a file that is older than this counter has seen, and raises it after each commit.
    pub fn use_counter(&mut self, counter: Arc<dyn Counter>) {
        self.counter = Some(counter);
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
        self.access != Access::ReadWrite
    }

    /// Checks everything: SQLite's structure, every row, every picture, the inbox, every slot, and the proof of completeness. What is
    /// found has to be accepted before the vault can be written again.
    ///
    /// # Errors
    /// [`Error::Locked`]; what is damaged is no error but a finding.
    pub fn verify(&mut self) -> Result<Report, Error> {
        let mut report = match self.look_again(true) {
            Ok(loaded) => loaded.report,
            Err(Error::Damaged(Damage::Structure)) => {
                Report { findings: vec![Finding::Structure], ..Report::default() }
            }
            Err(error) => return Err(error),
        };
        if !self.structure_is_sound() && !report.findings.contains(&Finding::Structure) {
            report.findings.push(Finding::Structure);
        }
        if let Some(unlocked) = &mut self.open {
            unlocked.accepted &= report.is_clean();
        }
        Ok(report)
    }

    fn structure_is_sound(&self) -> bool {
        let answer = self.connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
        answer.is_ok_and(|answer| answer == "ok")
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
    /// [`Error::Locked`]; [`Error::Damaged`] where SQLite's own structure is damaged: then what can be read goes into a new
    /// vault, by [`Salvage`]; otherwise as the disk says.
    pub fn accept_findings(&mut self) -> Result<(), Error> {
        if self.unlocked()?.accepted {
            return Ok(());
        }
        self.make_writable()?;
        // What was found since the unlocking has no copy yet.
        self.copy_aside()?;
        if !self.structure_is_sound() {
            // Writing into a broken tree may cost rows that can still be read.
            return Err(Error::Damaged(Damage::Structure));
        }
        let whole = self.look_again(true)?;
        let unlocked = self.open.as_mut().ok_or(Error::Locked)?;
        let seen = self.counter.as_ref().map(|counter| counter.read()).transpose()?.unwrap_or(0);
        let mut manifest = load::sums(&self.connection, &unlocked.keys)?;
        manifest.seals = whole.manifest.seals;
        manifest.generation = whole.manifest.generation.max(seen);
        let mut write = Write::begin_with(&mut self.connection, &unlocked.keys, &*self.entropy, manifest)?;
        for (table, id) in &whole.unreadable {
            write.delete(*table, id)?;
        }
        inbox::remove_unreadable(write.connection(), &inbox::Sealer::of(&unlocked.keys)?)?;
        let mut pushes = whole.pushes;
        push::renew(&mut write, &mut pushes, |write, push| Ok(!inbox::has_rows(write.connection(), push.id)?))?;
        write.mend_slots()?;
        write.commit()?;
        unlocked.loaded = load::load(&self.connection, &unlocked.keys, false)?;
        unlocked.accepted = true;
        schema::trust(&self.connection)
    }

    /// Why nothing can be written, if that is so. A disk that was full when the file was opened may have space again.
    fn make_writable(&mut self) -> Result<(), Error> {
        if self.access == Access::Full {
            (self.connection, self.access) = schema::connect(&self.path)?;
            schema::check(&self.connection, &schema::HISTORY)?;
            if self.unlocked().is_ok_and(|unlocked| unlocked.accepted) {
                schema::trust(&self.connection)?;
            }
        }
        self.access.writable()
    }

    fn unlocked(&self) -> Result<&Unlocked, Error> {
        self.open.as_ref().ok_or(Error::Locked)
    }

    /// One transaction: `work` writes rows, then everything is committed. Sees what other processes wrote before.
    fn write<T>(&mut self, work: impl FnOnce(&mut Write<'_>, &mut Loaded) -> Result<T, Error>) -> Result<T, Error> {
        self.unlocked()?;
        self.make_writable()?;
        let unlocked = self.open.as_mut().ok_or(Error::Locked)?;
        if !unlocked.accepted {
            return Err(Error::NotAccepted);
        }
        let Unlocked { keys, loaded, .. } = unlocked;
        let value = match transact(&mut self.connection, keys, &*self.entropy, loaded, work) {
            Ok(value) => value,
            Err(error) => {
                // Nothing that is not durable may be shown; where it can't be read again, nothing is.
                let durable = look(&self.connection, keys, loaded, false);
                let changed = durable.as_ref().err() == Some(&Error::KeyChanged);
                match durable {
                    Ok(durable) => *loaded = durable,
                    Err(_) => self.open = None,
                }
                return Err(if changed { Error::KeyChanged } else { error });
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
        let unlocked = self.unlocked()?;
        let there = match store::manifest(&self.connection, &unlocked.keys) {
            Ok(manifest) => Some(manifest.generation),
            Err(Error::Damaged(Damage::Manifest)) => None,
            Err(error) => return Err(error),
        };
        if there == Some(unlocked.loaded.manifest.generation) {
            return Ok(());
        }
        let loaded = self.look_again(false)?;
        // Without a manifest: named when it was unlocked, or by the next verification.
        if let (Some(unlocked), Some(_)) = (&mut self.open, there) {
            unlocked.accepted &= loaded.report.is_clean();
            unlocked.loaded = loaded;
        }
        Ok(())
    }

    /// As [`look`]; where the vault's key was changed, it is locked here as well.
    fn look_again(&mut self, icons: bool) -> Result<Loaded, Error> {
        let unlocked = self.unlocked()?;
        let looked = look(&self.connection, &unlocked.keys, &unlocked.loaded, icons);
        if looked.as_ref().err() == Some(&Error::KeyChanged) {
            self.open = None;
        }
        looked
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

/// Reads again what was read before; told apart from damage: another program has changed the vault's key meanwhile.
fn look(connection: &Connection, keys: &Keys, before: &Loaded, icons: bool) -> Result<Loaded, Error> {
    let loaded = load::load(connection, keys, icons)?;
    let without_proof = loaded.report.findings.contains(&Finding::NoProof);
    // A rotation makes every slot anew.
    let all_new = !loaded.slots.is_empty() && loaded.slots.iter().all(|slot| !before.slots.contains(slot));
    if without_proof && all_new { Err(Error::KeyChanged) } else { Ok(loaded) }
}

/// A head for a slot of this vault.
fn head(entropy: &dyn Entropy, keys: &Keys, kind: SlotKind, cost: Option<Cost>) -> Result<Head, Error> {
    Head::new(entropy, keys.vault, kind, cost)
}
