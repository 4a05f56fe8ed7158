//! Files and texts of one import.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_core::transfer::{Key, Preview, Reader};

use super::{FormatInfo, ImportPreview};
use crate::progress::watched;
use crate::shared::Shared;
use crate::{ApiError, ExportPart, FileKey, Operation, Progress, SecretInput};

/// The files and texts of one import. It holds their secrets, also while the vault is locked, until it is let go of.
#[derive(uniffi::Object)]
pub struct Import {
    shared: Arc<Shared>,
    reader: Mutex<Reader>,
}

impl Import {
    pub(super) fn begin(shared: Arc<Shared>) -> Arc<Self> {
        Arc::new(Self { shared, reader: Mutex::new(Reader::new()) })
    }

    /// A panic while reading leaves what was read before.
    fn reader(&self) -> MutexGuard<'_, Reader> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[uniffi::export]
impl Import {
    /// Reads a file, borrowed without a copy (in Kotlin a direct `ByteBuffer`); the format is told by its content. A file that is
    /// refused leaves what was read before as it was. Blocks: reads all of it, and derives a key for an encrypted one, which
    /// can't be ended early. Works while the vault is locked.
    ///
    /// # Errors
    /// `InvalidInput`: `file-needs-password` for an encrypted file without a key (ask, and add it again),
    /// `file-not-recognized`, `file-too-large`, `too-many-entries`, `export-other-batch`; `NotSupported`
    /// (`format-not-built-in`); `WrongPassword`; `Damaged`; `Cancelled`.
    pub fn add_file(
        &self,
        file: &[u8],
        key: Option<FileKey>,
        operation: Option<Arc<Operation>>,
        progress: Option<Arc<dyn Progress>>,
    ) -> Result<FormatInfo, ApiError> {
        let run = self.shared.begin(operation)?;
        watched(&run, progress, |watch| {
            let format = match key {
                None => self.reader().add_watched(file, None, watch),
                Some(FileKey::Password { password }) => {
                    self.reader().add_watched(file, Some(Key::Password(&password.password())), watch)
                }
                Some(FileKey::Recovery { code }) => {
                    self.reader().add_watched(file, Some(Key::Recovery(&code.recovery_code()?)), watch)
                }
            };
            Ok(format?.into())
        })
    }

    /// Takes one text, as a camera reads it from a code or a person pastes it. What can't be added stands in the preview.
    ///
    /// # Errors
    /// `InvalidInput` (`export-other-batch`, `too-many-entries`, `secret-not-utf8`); what was read before stays.
    pub fn add_text(&self, text: Arc<SecretInput>) -> Result<(), ApiError> {
        let text = text.text("text")?;
        Ok(self.reader().add_text(text.expose())?)
    }

    /// Takes one part of another app's export that a scanner has found.
    ///
    /// # Errors
    /// As [`Import::add_text`].
    pub fn add_part(&self, part: Arc<ExportPart>) -> Result<(), ApiError> {
        Ok(self.reader().add_text(part.text.expose())?)
    }

    /// The numbers, from 1, of the parts of another app's export that are not there yet; empty where none is missing.
    #[must_use]
    pub fn missing_parts(&self) -> Vec<u32> {
        self.reader().missing()
    }

    /// What the import would add, compared with the vault; with `even_incomplete` also where parts of an export are missing. The
    /// import stays as it is: more can be added to it, and a new preview made. Blocks: some time where there are thousands.
    ///
    /// # Errors
    /// `InvalidInput` (`export-parts-missing`, `too-many-entries`), `Locked`, `Cancelled`.
    pub fn preview(
        &self,
        even_incomplete: bool,
        operation: Option<Arc<Operation>>,
        progress: Option<Arc<dyn Progress>>,
    ) -> Result<Arc<ImportPreview>, ApiError> {
        let run = self.shared.begin(operation)?;
        let mut reader = self.reader().clone();
        let entries = if even_incomplete { reader.finish_incomplete()? } else { reader.finish()? };
        let preview = watched(&run, progress, |watch| {
            let entropy = self.shared.entropy();
            self.shared.with(|core| Ok(Preview::make_watched(core.accounts(), entries, &**entropy, watch)?))
        })?;
        Ok(ImportPreview::new(self.shared.clone(), preview))
    }
}
