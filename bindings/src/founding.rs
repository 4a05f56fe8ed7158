//! How an authenticator comes to be: made new, restored from a backup, salvaged from a destroyed file.

use std::path::Path;
use std::sync::Arc;

use countersign_core::time::UnixTime;
use countersign_core::vault::{Backup, Cost, Password, RecoveryCode as Code, Salvage, Vault};

use crate::shared::{Shared, cost, entropy, now};
use crate::{ApiError, Authenticator, Operation, Platform, RecoveryCode, Report, SecretInput};

/// A new vault, unlocked.
#[derive(uniffi::Record)]
pub struct NewVault {
    /// The authenticator over it.
    pub authenticator: Arc<Authenticator>,
    /// Its recovery code, to be shown once.
    pub recovery: Arc<RecoveryCode>,
    /// What a salvage could not find; none otherwise.
    pub report: Option<Report>,
}

/// What opens a backup or a destroyed vault: the password or the recovery code of its day.
#[derive(uniffi::Enum)]
pub enum FileKey {
    /// The password.
    Password {
        /// As typed.
        password: Arc<SecretInput>,
    },
    /// The recovery code.
    Recovery {
        /// As typed.
        code: Arc<SecretInput>,
    },
}

/// Makes a new vault that a password and a new recovery code open. Blocks while a key is derived and the file written.
///
/// # Errors
/// `AlreadyThere` if anything stands at the path; `InvalidInput` for a weak password; otherwise `Storage`.
#[uniffi::export]
pub fn create_vault(
    path: String,
    password: Arc<SecretInput>,
    platform: Platform,
    operation: Option<Arc<Operation>>,
) -> Result<NewVault, ApiError> {
    let founder = Founder::new(path, &password, platform, operation)?;
    founder.found(None, Vault::create)
}

/// Makes a new vault of a backup, with a new password and recovery code. Blocks while keys are derived and the file written.
///
/// Push enrolments have to be renewed, since no backup has their keys; HOTP counters may be behind.
///
/// # Errors
/// `AlreadyThere`, `WrongPassword`, `InvalidInput` or `Damaged` for what is no whole backup, `NotSupported` for a newer one.
#[uniffi::export]
pub fn restore_backup(
    path: String,
    file: &[u8],
    key: FileKey,
    password: Arc<SecretInput>,
    platform: Platform,
    operation: Option<Arc<Operation>>,
) -> Result<NewVault, ApiError> {
    let founder = Founder::new(path, &password, platform, operation)?;
    let backup = open_backup(file, &key)?;
    founder.found(None, |path, entropy, password, cost, now| Vault::restore(path, entropy, backup, password, cost, now))
}

/// Makes a new vault of what can still be read of a file whose structure is destroyed. The file itself is only read. Blocks
/// while keys are derived and the files read and written.
///
/// # Errors
/// As [`restore_backup`]; `InvalidInput` where not one way to unlock is found in the file.
#[uniffi::export]
pub fn salvage_vault(
    damaged_path: String,
    key: FileKey,
    path: String,
    password: Arc<SecretInput>,
    platform: Platform,
    operation: Option<Arc<Operation>>,
) -> Result<NewVault, ApiError> {
    let founder = Founder::new(path, &password, platform, operation)?;
    let salvage = Salvage::read(Path::new(&damaged_path))?;
    let salvaged = match &key {
        FileKey::Password { password } => salvage.open_with_password(&password.password())?,
        FileKey::Recovery { code } => salvage.open_with_recovery(&code.recovery_code()?)?,
    };
    let report = Report::from(&salvaged.report);
    founder.found(Some(report), |path, entropy, password, cost, now| {
        Vault::restore(path, entropy, salvaged.content, password, cost, now)
    })
}

pub(crate) fn open_backup(file: &[u8], key: &FileKey) -> Result<Backup, ApiError> {
    Ok(match key {
        FileKey::Password { password } => Backup::open_with_password(file, &password.password())?,
        FileKey::Recovery { code } => Backup::open_with_recovery(file, &code.recovery_code()?)?,
    })
}

/// What all three have in common.
struct Founder {
    path: String,
    password: Password,
    platform: Platform,
    operation: Option<Arc<Operation>>,
}

impl Founder {
    fn new(
        path: String,
        password: &SecretInput,
        platform: Platform,
        operation: Option<Arc<Operation>>,
    ) -> Result<Self, ApiError> {
        Ok(Self { path, password: password.new_password()?, platform, operation })
    }

    fn found(
        self,
        report: Option<Report>,
        make: impl FnOnce(
            &Path,
            Arc<dyn countersign_core::entropy::Entropy>,
            &Password,
            Cost,
            UnixTime,
        ) -> Result<(Vault, Code), countersign_core::vault::Error>,
    ) -> Result<NewVault, ApiError> {
        let Self { path, password, platform, operation } = self;
        if operation.is_some_and(|operation| operation.is_cancelled()) {
            return Err(ApiError::cancelled());
        }
        let (cost, now, entropy) = (cost(&platform)?, now(&platform)?, entropy());
        let (vault, code) = make(Path::new(&path), entropy.clone(), &password, cost, now)?;
        let shared = Shared::new(vault, platform, entropy);
        Ok(NewVault { authenticator: Authenticator::over(shared), recovery: RecoveryCode::new(code), report })
    }
}
