//! What an import would add, what the person chose of it, and adding it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_core::transfer::{Item, Preview, apply_watched};

use super::{ImportItem, Imported, PreviewCode, RefusedItem};
use crate::progress::watched;
use crate::shared::Shared;
use crate::{ApiError, Change, Operation, Progress};

/// What an import would add. It holds the secrets of its accounts, also while the vault is locked, until it is let go of.
#[derive(uniffi::Object)]
pub struct ImportPreview {
    shared: Arc<Shared>,
    state: Mutex<State>,
}

struct State {
    preview: Preview,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Choosing,
    /// By another thread, just now.
    Applying,
    Applied,
}

impl State {
    /// The choice is the person's until it is acted upon.
    fn choosing(&mut self) -> Result<&mut Preview, ApiError> {
        match self.stage {
            Stage::Choosing => Ok(&mut self.preview),
            Stage::Applying | Stage::Applied => {
                Err(ApiError::input("import", "it was added already: begin a new one", "import-applied"))
            }
        }
    }
}

impl ImportPreview {
    pub(super) fn new(shared: Arc<Shared>, preview: Preview) -> Arc<Self> {
        Arc::new(Self { shared, state: Mutex::new(State { preview, stage: Stage::Choosing }) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn position(index: u64) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

fn no_item() -> ApiError {
    ApiError::input("item", "the import has no such item", "not-found")
}

fn at(preview: &Preview, index: u64) -> Result<&Item, ApiError> {
    preview.items.get(position(index)).ok_or_else(no_item)
}

#[uniffi::export]
impl ImportPreview {
    /// The accounts, in the order of the files. From memory: quick.
    #[must_use]
    pub fn items(&self) -> Vec<ImportItem> {
        self.state().preview.items.iter().map(ImportItem::from).collect()
    }

    /// One of the accounts, counted from 0. From memory: quick.
    ///
    /// # Errors
    /// `InvalidInput` (`not-found`).
    pub fn item(&self, index: u64) -> Result<ImportItem, ApiError> {
        Ok(at(&self.state().preview, index)?.into())
    }

    /// What can't be added, and why. From memory: quick.
    #[must_use]
    pub fn refused(&self) -> Vec<RefusedItem> {
        self.state().preview.refused.iter().map(RefusedItem::from).collect()
    }

    /// Chooses whether the account with this index is added.
    ///
    /// # Errors
    /// `InvalidInput` (`not-found`, `import-applied`).
    pub fn choose(&self, index: u64, add: bool) -> Result<(), ApiError> {
        let mut state = self.state();
        state.choosing()?.items.get_mut(position(index)).ok_or_else(no_item)?.add = add;
        Ok(())
    }

    /// Chooses for all accounts at once.
    ///
    /// # Errors
    /// `InvalidInput` (`import-applied`).
    pub fn choose_all(&self, add: bool) -> Result<(), ApiError> {
        self.state().choosing()?.items.iter_mut().for_each(|item| item.add = add);
        Ok(())
    }

    /// How many accounts would be added.
    #[must_use]
    pub fn chosen(&self) -> u64 {
        self.state().preview.chosen() as u64
    }

    /// The present code of the account with this index, to compare with the other app before it is added. For HOTP the first one,
    /// which uses nothing up. From memory: quick.
    ///
    /// # Errors
    /// `InvalidInput` (`not-found`, `clock-before-1970`, `counter-used-up`).
    pub fn code(&self, index: u64) -> Result<PreviewCode, ApiError> {
        let now = self.shared.now()?;
        let state = self.state();
        let incoming = &at(&state.preview, index)?.candidate.incoming;
        let code = incoming.account.otp.code(now.plus_seconds(incoming.clock_offset.into()))?;
        Ok(PreviewCode::new(&code, incoming.clock_offset))
    }

    /// Adds what was chosen, all of it or nothing. What came into the vault since the preview is passed over. If it fails or is
    /// ended early, nothing was added and it can be tried again. Blocks: writes the disk.
    ///
    /// # Errors
    /// `InvalidInput` (`import-applied`, and for accounts out of bounds), `Locked`, `Storage`, `Cancelled`.
    pub fn apply(
        &self,
        operation: Option<Arc<Operation>>,
        progress: Option<Arc<dyn Progress>>,
    ) -> Result<Imported, ApiError> {
        let run = self.shared.begin(operation)?;
        let now = self.shared.now()?;
        let chosen = {
            let mut state = self.state();
            let items = state.choosing()?.items.iter().filter(|item| item.add).cloned().collect();
            state.stage = Stage::Applying;
            Preview { items, refused: Vec::new() }
        };
        let imported = watched(&run, progress, |watch| {
            self.shared
                .change(&[Change::Accounts], |core| Ok(apply_watched(core.accounts(), chosen, now, watch)?.into()))
        });
        self.state().stage = if imported.is_ok() { Stage::Applied } else { Stage::Choosing };
        imported
    }
}
