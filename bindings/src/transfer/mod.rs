//! The desk for accounts from other files, and out again.
//!
//! `import`: files and texts in. `preview`: what would be added, and adding it. `records`: what crosses by value. `export`: the
//! ways out. Formats are told apart by a word and never by a type, so that those to come change nothing here.

mod export;
mod import;
mod preview;
mod records;

use std::sync::Arc;

pub use export::{GoogleExport, LeftOut, LinksExport};
pub use import::Import;
pub use preview::ImportPreview;
pub use records::{
    FormatInfo, ImportItem, ImportLikeness, Imported, LastImport, LikeWhat, PreviewCode, RefusedItem, Undone,
};

use countersign_core::transfer;

use crate::shared::Shared;
use crate::{ApiError, Authenticator, Change};

/// The desk for accounts from other files, and out again. The encrypted backup is
/// [`Authenticator::backup_bytes`](crate::Authenticator::backup_bytes).
#[derive(uniffi::Object)]
pub struct Transfer {
    shared: Arc<Shared>,
}

#[uniffi::export]
impl Authenticator {
    /// The desk for accounts from other files, and out again.
    #[must_use]
    pub fn transfer(&self) -> Arc<Transfer> {
        Arc::new(Transfer { shared: self.shared.clone() })
    }
}

#[uniffi::export]
impl Transfer {
    /// Every format that is known, in the order in which a person is told of them. Quick.
    #[must_use]
    pub fn formats(&self) -> Vec<FormatInfo> {
        transfer::Format::ALL.into_iter().map(FormatInfo::from).collect()
    }

    /// Which format a file has, by its content. Works while the vault is locked.
    ///
    /// # Errors
    /// `InvalidInput` (`file-not-recognized`, `file-too-large`).
    pub fn detect(&self, file: &[u8]) -> Result<FormatInfo, ApiError> {
        Ok(transfer::detect(file)?.into())
    }

    /// Begins an import, which has no file yet. Nothing is added before [`ImportPreview::apply`]. Works while the vault is
    /// locked.
    #[must_use]
    pub fn begin_import(&self) -> Arc<Import> {
        Import::begin(self.shared.clone())
    }

    /// The import that [`Transfer::undo`] would take back; none after it was taken back. Blocks: reads the disk.
    ///
    /// # Errors
    /// `Locked`, `Damaged`.
    pub fn last_import(&self) -> Result<Option<LastImport>, ApiError> {
        self.shared.with(|core| Ok(core.accounts().last_import()?.map(LastImport::from)))
    }

    /// Takes the last import back: what is as it came is removed for good, what was changed or used since goes to the trash.
    /// Blocks: writes the disk.
    ///
    /// # Errors
    /// `InvalidInput` (`not-found`) if there is nothing to take back; `Locked`, `Storage`.
    pub fn undo(&self) -> Result<Undone, ApiError> {
        let now = self.shared.now()?;
        self.shared.change(&[Change::Accounts], |core| Ok(transfer::undo(core.accounts(), now)?.into()))
    }
}
