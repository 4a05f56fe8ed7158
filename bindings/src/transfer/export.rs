//! The ways out that hold secrets in the clear: after a check of the person within the same call, never on a caller's word.

use std::sync::Arc;

use countersign_core::account::{Account, AccountId};
use countersign_core::enroll::migration::CannotExport;
use countersign_core::transfer::{google_migration, otpauth_lines};
use countersign_core::vault::{Selection, Vault};

use super::Transfer;
use crate::accounts::account_ids;
use crate::errors::left_out_code;
use crate::shared::Shared;
use crate::{ApiError, Operation, SecretInput};

/// Accounts in the clear as a text with a link on each line, which most apps read. It has names and codes, with PINs, and no
/// notes, tags or pictures. It lies in memory that nobody wipes: ask for it once, write it, let go of it.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct LinksExport {
    /// The text; each line ends with a newline.
    pub text: String,
    /// How many accounts it has.
    pub accounts: u64,
}

/// Accounts in the clear as Google Authenticator exports them, which most other apps read. It lies in memory that nobody wipes:
/// ask for it once, show it, let go of it.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct GoogleExport {
    /// The text of each QR code, in order; [`qr_code`](crate::qr_code) draws them.
    pub texts: Vec<String>,
    /// How many accounts they have.
    pub accounts: u64,
    /// What the format can't hold, to be told to the person.
    pub left_out: Vec<LeftOut>,
}

/// An account that an export can't hold.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LeftOut {
    /// Which.
    pub id: String,
    /// The exact cause, as in [`ApiError`].
    pub code: String,
    /// A short English sentence for logs.
    pub reason: String,
}

impl From<&CannotExport> for LeftOut {
    fn from(left_out: &CannotExport) -> Self {
        Self { id: left_out.id.to_string(), code: left_out_code(left_out.reason), reason: left_out.reason.to_string() }
    }
}

#[uniffi::export]
impl Transfer {
    /// Exports these accounts, or without ids all outside of the trash, as links, to whoever knows the password. Blocks: derives
    /// a key.
    ///
    /// # Errors
    /// `WrongPassword` (counted as at an approval), `KeysGone`, `InvalidInput` (`not-found`, `not-an-id`), `Locked`.
    pub fn export_links_with_password(
        &self,
        password: Arc<SecretInput>,
        ids: Vec<String>,
    ) -> Result<LinksExport, ApiError> {
        let ids = account_ids(&ids)?;
        self.shared.root_by_password(&password)?;
        self.shared.links(&ids)
    }

    /// As [`Transfer::export_links_with_password`], to whoever the keystore lets use its per-use key. Async: waits for the person.
    ///
    /// # Errors
    /// `Cancelled`, `KeysGone`, `InvalidInput` (`not-found`, `not-an-id`, `no-such-slot`), `NotSupported` (`no-port`), `Locked`.
    pub async fn export_links_with_device(
        &self,
        ids: Vec<String>,
        operation: Option<Arc<Operation>>,
    ) -> Result<LinksExport, ApiError> {
        let ids = account_ids(&ids)?;
        let run = self.shared.begin(operation)?;
        self.shared.root_by_keystore(&run).await?;
        self.shared.links(&ids)
    }

    /// Exports these accounts, or without ids all outside of the trash, as QR codes, to whoever knows the password. Blocks:
    /// derives a key.
    ///
    /// # Errors
    /// As [`Transfer::export_links_with_password`]; `InvalidInput` (`too-many-entries`) over 1,000 QR codes.
    pub fn export_google_with_password(
        &self,
        password: Arc<SecretInput>,
        ids: Vec<String>,
    ) -> Result<GoogleExport, ApiError> {
        let ids = account_ids(&ids)?;
        self.shared.root_by_password(&password)?;
        self.shared.google(&ids)
    }

    /// As [`Transfer::export_google_with_password`], to whoever the keystore lets use its per-use key. Async: waits for the
    /// person.
    ///
    /// # Errors
    /// As [`Transfer::export_links_with_device`]; `InvalidInput` (`too-many-entries`) over 1,000 QR codes.
    pub async fn export_google_with_device(
        &self,
        ids: Vec<String>,
        operation: Option<Arc<Operation>>,
    ) -> Result<GoogleExport, ApiError> {
        let ids = account_ids(&ids)?;
        let run = self.shared.begin(operation)?;
        self.shared.root_by_keystore(&run).await?;
        self.shared.google(&ids)
    }
}

impl Shared {
    fn links(&self, ids: &[AccountId]) -> Result<LinksExport, ApiError> {
        self.with(|core| {
            let links = otpauth_lines(selected(core.accounts(), ids)?);
            Ok(LinksExport { text: links.text.expose().to_owned(), accounts: links.accounts as u64 })
        })
    }

    fn google(&self, ids: &[AccountId]) -> Result<GoogleExport, ApiError> {
        self.with(|core| {
            let parts = google_migration(&selected(core.accounts(), ids)?, &**self.entropy())?;
            Ok(GoogleExport {
                texts: parts.texts.iter().map(|text| text.expose().to_owned()).collect(),
                accounts: parts.accounts as u64,
                left_out: parts.left_out.iter().map(LeftOut::from).collect(),
            })
        })
    }
}

fn selected<'a>(vault: &'a Vault, ids: &[AccountId]) -> Result<Vec<&'a Account>, ApiError> {
    if ids.is_empty() {
        return Ok(vault.accounts(&Selection::default())?);
    }
    ids.iter().map(|id| Ok(vault.account(*id)?)).collect()
}
