//! What an import would do, what it does, and the way back.

use super::entry::{Candidate, Entry, Refused};
use super::{Error, MAX_ENTRIES};
use crate::account::AccountId;
use crate::enroll::Duplicate;
use crate::enroll::duplicate::Index;
use crate::entropy::Entropy;
use crate::time::UnixTime;
use crate::vault::{self, Imported, Undone, Vault};
use crate::watch::{Steps, Watch, unwatched};

/// The most accounts that are named as being like one new one.
const MOST_LIKE: usize = 8;
/// After how many accounts the one who watches is told.
const STRIDE: usize = 256;

/// What an account of the import is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Like {
    /// An account in the vault.
    InVault(AccountId),
    /// An earlier item of the import, counted from 0.
    InImport(usize),
}

/// One account of the import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What would be added, where it stands, what is odd about it.
    pub candidate: Candidate,
    /// What it is like, the most alike first; at most eight.
    pub like: Vec<(Like, Duplicate)>,
    /// Whether it will be added: at first, all but those that are there with the same secret and names.
    pub add: bool,
}

/// What an import would do. The person looks at it and chooses; nothing has been written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The accounts, in the order of the files.
    pub items: Vec<Item>,
    /// What can't be added, and why.
    pub refused: Vec<Refused>,
}

impl Preview {
    /// Compares the entries with the vault and with one another, each in constant time.
    ///
    /// # Errors
    /// [`vault::Error::Locked`], [`Error::TooMany`], or no randomness for the comparison's key.
    pub fn make(vault: &Vault, entries: Vec<Entry>, entropy: &dyn Entropy) -> Result<Self, Error> {
        Self::make_watched(vault, entries, entropy, &unwatched)
    }

    /// As [`Preview::make`], watched: told how many accounts of the vault and entries of the import are looked at.
    ///
    /// # Errors
    /// [`Error::Stopped`]; otherwise as [`Preview::make`].
    pub fn make_watched(
        vault: &Vault,
        entries: Vec<Entry>,
        entropy: &dyn Entropy,
        watch: Watch<'_>,
    ) -> Result<Self, Error> {
        if entries.len() > MAX_ENTRIES {
            return Err(Error::TooMany);
        }
        let total = vault.all_accounts()?.count() + entries.len();
        let mut steps = Steps::new(watch, total, STRIDE);
        let mut index = Index::make(entropy, total)?;
        for account in vault.all_accounts()? {
            steps.done(1)?;
            index.insert(Like::InVault(account.id), &account.profile, &account.otp);
        }
        let mut preview = Self { items: Vec::with_capacity(entries.len()), refused: Vec::new() };
        for entry in entries {
            steps.done(1)?;
            match entry {
                Entry::Refused(refused) => preview.refused.push(*refused),
                Entry::Candidate(candidate) => preview.items.push(item(&mut index, *candidate, preview.items.len())),
            }
        }
        steps.tell()?;
        Ok(preview)
    }

    /// How many accounts would be added.
    #[must_use]
    pub fn chosen(&self) -> usize {
        self.items.iter().filter(|item| item.add).count()
    }
}

fn item(index: &mut Index<Like>, candidate: Candidate, number: usize) -> Item {
    let account = &candidate.incoming.account;
    let like = index.find_and_insert(Like::InImport(number), account, MOST_LIKE);
    let add = like.iter().all(|(_, duplicate)| *duplicate != Duplicate::Same);
    Item { candidate, like, add }
}

/// Adds what was chosen, in one transaction: all of it or nothing. What another program added since the preview is
/// noticed and passed over.
///
/// # Errors
/// As [`Vault::import`].
pub fn apply(vault: &mut Vault, preview: Preview, now: UnixTime) -> Result<Imported, vault::Error> {
    apply_watched(vault, preview, now, &unwatched)
}

/// As [`apply`], watched: told how many accounts are written.
///
/// # Errors
/// [`vault::Error::Stopped`], with nothing added; otherwise as [`Vault::import`].
pub fn apply_watched(
    vault: &mut Vault,
    preview: Preview,
    now: UnixTime,
    watch: Watch<'_>,
) -> Result<Imported, vault::Error> {
    let chosen = preview.items.into_iter().filter(|item| item.add).map(|item| {
        let mut incoming = item.candidate.incoming;
        // Chosen although the person saw that it is there.
        incoming.even_if_there = item.like.iter().any(|(_, duplicate)| *duplicate == Duplicate::Same);
        incoming
    });
    vault.import_watched(chosen.collect(), now, watch)
}

/// Takes the last import back.
///
/// # Errors
/// As [`Vault::undo_import`].
pub fn undo(vault: &mut Vault, now: UnixTime) -> Result<Undone, vault::Error> {
    vault.undo_import(now)
}
