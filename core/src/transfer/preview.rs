//! What an import would do, what it does, and the way back.

use super::entry::{Candidate, Entry, Refused};
use super::{Error, MAX_ENTRIES};
use crate::account::AccountId;
use crate::enroll::Duplicate;
use crate::enroll::duplicate::Index;
use crate::entropy::Entropy;
use crate::time::UnixTime;
use crate::vault::{self, Imported, Undone, Vault};

/// The most accounts that are named as being like one new one.
const MOST_LIKE: usize = 8;

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
        if entries.len() > MAX_ENTRIES {
            return Err(Error::TooMany);
        }
        let mut index = Index::make(entropy, vault.all_accounts()?.count() + entries.len())?;
        for account in vault.all_accounts()? {
            index.insert(Like::InVault(account.id), &account.profile, &account.otp);
        }
        let mut preview = Self { items: Vec::with_capacity(entries.len()), refused: Vec::new() };
        for entry in entries {
            match entry {
                Entry::Refused(refused) => preview.refused.push(*refused),
                Entry::Candidate(candidate) => preview.items.push(item(&mut index, *candidate, preview.items.len())),
            }
        }
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
    let chosen = preview.items.into_iter().filter(|item| item.add).map(|item| {
        let mut incoming = item.candidate.incoming;
        // Chosen although the person saw that it is there.
        incoming.even_if_there = item.like.iter().any(|(_, duplicate)| *duplicate == Duplicate::Same);
        incoming
    });
    vault.import(chosen.collect(), now)
}

/// Takes the last import back.
///
/// # Errors
/// As [`Vault::undo_import`].
pub fn undo(vault: &mut Vault, now: UnixTime) -> Result<Undone, vault::Error> {
    vault.undo_import(now)
}
