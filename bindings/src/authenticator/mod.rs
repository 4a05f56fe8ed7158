//! The façade: a vault, who may unlock it, its health, and the desks over it.
//!
//! `keystore`: what waits for the platform's keystore.

mod keystore;

pub use keystore::Rotated;

use std::path::Path;
use std::sync::Arc;

use countersign_core::vault::{SlotId, Vault};

use crate::records::path_text;
use crate::shared::{Shared, entropy};
use crate::{
    ApiError, BackupSink, Change, ChangeListener, Operation, Platform, RecoveryCode, Report, SecretInput, Settings,
    SlotInfo,
};

/// An authenticator over one vault. May be used from any number of threads.
#[derive(uniffi::Object)]
pub struct Authenticator {
    pub(crate) shared: Arc<Shared>,
}

impl Authenticator {
    pub(crate) fn over(shared: Arc<Shared>) -> Arc<Self> {
        Arc::new(Self { shared })
    }
}

#[uniffi::export]
impl Authenticator {
    /// Opens the file of a vault, locked. Blocks: reads the disk.
    ///
    /// # Errors
    /// `InvalidInput` (`no-vault`, `not-a-vault`), `NotSupported` (`newer`), `Damaged`, `Storage`; nothing is changed by any.
    #[uniffi::constructor]
    pub fn open(path: String, platform: Platform) -> Result<Arc<Self>, ApiError> {
        let entropy = entropy();
        let vault = Vault::open(Path::new(&path), entropy.clone())?;
        Ok(Self::over(Shared::new(vault, platform, entropy)))
    }

    /// Unlocks with the password. Blocks: derives a key (about half a second), reads the disk.
    ///
    /// # Errors
    /// `WrongPassword`, `Damaged`, `Cancelled`.
    pub fn unlock_with_password(
        &self,
        password: Arc<SecretInput>,
        operation: Option<Arc<Operation>>,
    ) -> Result<Report, ApiError> {
        let now = self.shared.now()?;
        self.unlock(operation, |vault| vault.unlock_with_password(&password.password(), now))
    }

    /// Unlocks with the recovery code, which opens no key that confirms approvals. Blocks: reads the disk.
    ///
    /// # Errors
    /// `InvalidInput` (`recovery-code-mistyped`, `recovery-code-wrong`), `Damaged`, `Cancelled`.
    pub fn unlock_with_recovery_code(
        &self,
        code: Arc<SecretInput>,
        operation: Option<Arc<Operation>>,
    ) -> Result<Report, ApiError> {
        let code = code.recovery_code()?;
        self.unlock(operation, |vault| vault.unlock_with_recovery(&code))
    }

    /// Locks: ends every operation with `Locked`, and wipes every key and secret from memory but the inbox key, with which
    /// polling and denying go on. Does nothing to a locked vault.
    pub fn lock(&self) {
        self.shared.lock(false);
    }

    /// Locks, and wipes the inbox key too.
    pub fn close_inbox(&self) {
        self.shared.lock(true);
    }

    /// Locks, closes the file and lets go of everything that the platform gave. Every later call gives `Locked` (`shut`).
    pub fn shut(&self) {
        self.shared.shut();
    }

    /// Whether the vault is unlocked.
    #[must_use]
    pub fn is_unlocked(&self) -> bool {
        self.shared.with(|core| Ok(core.accounts().is_unlocked())).unwrap_or(false)
    }

    /// Whether approvals can be polled and denied just now.
    #[must_use]
    pub fn may_poll(&self) -> bool {
        self.shared.with(|core| Ok(core.may_poll())).unwrap_or(false)
    }

    /// Whether the file can't be written at all.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.shared.with(|core| Ok(core.accounts().is_read_only())).unwrap_or(true)
    }

    /// Reads again what another program has written since. Blocks: reads the disk.
    ///
    /// # Errors
    /// `Locked`, `Damaged`, `Storage`.
    pub fn refresh(&self) -> Result<(), ApiError> {
        let changes = [Change::Accounts, Change::Settings, Change::Enrollments, Change::Requests, Change::History];
        self.shared.change(&changes, |core| Ok(core.accounts().refresh()?))
    }

    /// Checks everything: the database's structure, every row and picture, the inbox, every way to unlock, and the proof that all
    /// is there. Blocks: reads the whole file.
    ///
    /// # Errors
    /// `Locked`, `Storage`, `Cancelled`; what is damaged is no error but a finding.
    pub fn verify(&self, operation: Option<Arc<Operation>>) -> Result<Report, ApiError> {
        let run = self.shared.begin(operation)?;
        let report = self.shared.with(|core| {
            run.check()?;
            Ok(Report::from(&core.accounts().verify()?))
        })?;
        run.check()?;
        Ok(report)
    }

    /// What the last look at the file found.
    ///
    /// # Errors
    /// `Locked`.
    pub fn report(&self) -> Result<Report, ApiError> {
        self.shared.with(|core| Ok(Report::from(core.accounts().report()?)))
    }

    /// Accepts what was found, so that the vault can be written again. What can't be read stays in the copy that was made when
    /// it was found, and leaves the vault. Blocks: writes the disk.
    ///
    /// # Errors
    /// `Locked`; `Damaged` where the structure itself is: then [`salvage_vault`](crate::salvage_vault).
    pub fn accept_findings(&self) -> Result<(), ApiError> {
        let changes = [Change::Accounts, Change::Settings, Change::Slots, Change::Enrollments, Change::Requests];
        self.shared.change(&changes, |core| Ok(core.accounts().accept_findings()?))
    }

    /// The copies of damaged states, as paths. Blocks: reads the disk.
    ///
    /// # Errors
    /// `Storage`.
    pub fn quarantine_copies(&self) -> Result<Vec<String>, ApiError> {
        let copies = self.shared.with(|core| Ok(core.accounts().copies()?))?;
        Ok(copies.into_iter().map(path_text).collect())
    }

    /// Removes such a copy, with what belongs to it. Blocks: writes the disk.
    ///
    /// # Errors
    /// `InvalidInput` for a path that is none of them, `Storage`.
    pub fn remove_quarantine_copy(&self, path: String) -> Result<(), ApiError> {
        self.shared.with(|core| Ok(core.accounts().remove_copy(Path::new(&path))?))
    }

    /// The ways to unlock that can be read; also while the vault is locked. Blocks: reads the disk.
    ///
    /// # Errors
    /// `Storage`, `Damaged`.
    pub fn slots(&self) -> Result<Vec<SlotInfo>, ApiError> {
        self.shared.with(|core| Ok(core.accounts().slots()?.iter().map(SlotInfo::from).collect()))
    }

    /// Takes a way to unlock away. Copies made before still open with it. Blocks: writes the disk.
    ///
    /// # Errors
    /// `InvalidInput` (`not-found`, `last-slot`), `Locked`.
    pub fn remove_slot(&self, id: String) -> Result<(), ApiError> {
        self.shared.change(&[Change::Slots], |core| {
            let vault = core.accounts();
            let id = slot_id(vault, &id)?;
            Ok(vault.remove_slot(id)?)
        })
    }

    /// Replaces the password. Copies and backups made before still open with the old one. Blocks: derives keys, writes the disk.
    ///
    /// Without the old one, as after unlocking by recovery code, enrolments whose keys were made in software have to be
    /// renewed. It can be cancelled until it begins.
    ///
    /// # Errors
    /// `WrongPassword` if `old` is given and wrong; `InvalidInput` (`weak-password`), `Locked`.
    pub fn change_password(
        &self,
        old: Option<Arc<SecretInput>>,
        new: Arc<SecretInput>,
        operation: Option<Arc<Operation>>,
    ) -> Result<(), ApiError> {
        let run = self.shared.begin(operation)?;
        let (now, new, old) = (self.shared.now()?, new.new_password()?, old.map(|old| old.password()));
        let cost = self.shared.cost()?;
        self.shared.change(&[Change::Slots, Change::Enrollments], |core| {
            run.check()?;
            Ok(core.accounts().change_password(old.as_ref(), &new, cost, now)?)
        })
    }

    /// Replaces the recovery code by a new one, to be shown once. Blocks: writes the disk.
    ///
    /// # Errors
    /// `Locked`, `Storage`.
    pub fn new_recovery_code(&self) -> Result<Arc<RecoveryCode>, ApiError> {
        let now = self.shared.now()?;
        self.shared.change(&[Change::Slots], |core| Ok(RecoveryCode::new(core.accounts().new_recovery(now)?)))
    }

    /// Counts a recovery code from now on, once the person has typed back one of its eight groups, `group` from 1. Blocks:
    /// writes the disk.
    ///
    /// # Errors
    /// `InvalidInput` (`group-mistyped` for what isn't that group, `recovery-code-wrong` for a code that was replaced since).
    pub fn confirm_recovery_code(
        &self,
        code: Arc<RecoveryCode>,
        group: u32,
        typed: Arc<SecretInput>,
    ) -> Result<(), ApiError> {
        let typed = typed.text("group")?;
        if !usize::try_from(group).is_ok_and(|group| code.0.group_matches(group, typed.expose())) {
            return Err(ApiError::input("group", "that is not this group of the recovery code", "group-mistyped"));
        }
        self.shared.change(&[Change::Slots], |core| Ok(core.accounts().confirm_recovery(&code.0)?))
    }

    /// The whole vault as an encrypted backup file, which opens with the password and the recovery code of today. Blocks:
    /// reads the disk.
    ///
    /// # Errors
    /// `Locked`, `Storage`.
    pub fn backup_bytes(&self) -> Result<Vec<u8>, ApiError> {
        let now = self.shared.now()?;
        self.shared.with(|core| Ok(core.accounts().backup_bytes(now)?))
    }

    /// Writes a backup under a new name, reads it back and compares, and only then removes the oldest ones beyond the number
    /// that the person set; gives back the new name. Blocks: reads the disk, calls the sink.
    ///
    /// # Errors
    /// `Storage` (`backup-not-kept`) if the place gives back something else, `Internal` (`platform-failed`) if it fails: the
    /// older backups are then all still there. `Locked`, `Cancelled`.
    pub fn backup_to(&self, sink: Arc<dyn BackupSink>, operation: Option<Arc<Operation>>) -> Result<String, ApiError> {
        let run = self.shared.begin(operation)?;
        let now = self.shared.now()?;
        let backup = self.shared.with(|core| Ok(core.accounts().make_backup(now)?))?;
        run.check()?;
        sink.write(backup.name.clone(), backup.bytes.clone())?;
        let kept = sink.read(backup.name.clone())?;
        self.shared.with(|core| Ok(core.accounts().check_backup(&backup, &kept)?))?;
        run.check()?;
        let names = sink.list()?;
        for old in self.shared.with(|core| Ok(core.accounts().surplus_backups(&backup, names)?))? {
            sink.remove(old)?;
        }
        Ok(backup.name)
    }

    /// What the person set.
    ///
    /// # Errors
    /// `Locked`.
    pub fn settings(&self) -> Result<Settings, ApiError> {
        self.shared.with(|core| Ok(Settings::from(core.accounts().settings()?)))
    }

    /// Changes what the person set. Blocks: writes the disk.
    ///
    /// # Errors
    /// `InvalidInput` out of bounds, `Locked`, `Storage`.
    pub fn set_settings(&self, settings: Settings) -> Result<(), ApiError> {
        self.shared.change(&[Change::Settings], |core| Ok(core.accounts().set_settings(settings.into())?))
    }

    /// From now on this listener hears what has changed, instead of the one before; none: nobody does.
    pub fn listen(&self, listener: Option<Arc<dyn ChangeListener>>) {
        self.shared.changes.listen(listener);
    }
}

impl Authenticator {
    /// Unlocks; what was ended meanwhile ends locked.
    fn unlock(
        &self,
        operation: Option<Arc<Operation>>,
        open: impl FnOnce(&mut Vault) -> Result<countersign_core::vault::Report, countersign_core::vault::Error>,
    ) -> Result<Report, ApiError> {
        let run = self.shared.begin(operation)?;
        self.shared.look_at_counter()?;
        self.shared.change(&[Change::Lock], |core| {
            run.check()?;
            let before = core.accounts().is_unlocked();
            let report = open(core.accounts())?;
            if let Err(ended) = run.check() {
                // What this call has opened; what was open before stays so.
                if !before {
                    core.lock();
                }
                return Err(ended);
            }
            Ok(Report::from(&report))
        })
    }
}

/// The slot with this name.
fn slot_id(vault: &Vault, id: &str) -> Result<SlotId, ApiError> {
    let slots = vault.slots()?;
    let found = slots.iter().find(|slot| slot.id.to_string() == id);
    found.map(|slot| slot.id).ok_or_else(|| ApiError::input("way to unlock", "there is no such one", "not-found"))
}
