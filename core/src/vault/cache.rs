//! The unlocked accounts, in the order in which they are shown.

use std::cmp::Ordering;
use std::collections::HashSet;

use crate::account::{Account, AccountId};
use crate::otp::{Code, Kind};
use crate::time::UnixTime;

/// An account, with what would be slow to make anew at each look.
pub(crate) struct Entry {
    pub(crate) account: Account,
    /// Everything that a search looks at, in lower case, a line each.
    haystack: String,
    /// The code of the window that was last asked for.
    code: Option<Code>,
}

impl Entry {
    fn new(account: Account) -> Box<Self> {
        let profile = &account.profile;
        let mut haystack = String::with_capacity(profile.issuer.len() + profile.name.len() + profile.note.len() + 4);
        for text in [&profile.issuer, &profile.name, &profile.note].into_iter().chain(&profile.tags) {
            haystack.push_str(&text.to_lowercase());
            haystack.push('\n');
        }
        Box::new(Self { account, haystack, code: None })
    }

    /// Whether every one of these words, in lower case, stands in the account's texts.
    pub(crate) fn matches(&self, words: &[String]) -> bool {
        words.iter().all(|word| self.haystack.contains(word.as_str()))
    }
}

fn order(a: &Entry, b: &Entry) -> Ordering {
    let (a, b) = (&a.account, &b.account);
    b.profile
        .favourite
        .cmp(&a.profile.favourite)
        .then(a.position.cmp(&b.position))
        .then_with(|| a.profile.issuer.to_lowercase().cmp(&b.profile.issuer.to_lowercase()))
        .then_with(|| a.profile.name.to_lowercase().cmp(&b.profile.name.to_lowercase()))
        .then(a.id.cmp(&b.id))
}

/// All accounts of an unlocked vault, the trash among them.
#[expect(clippy::vec_box, reason = "inserting in order moves pointers instead of whole accounts with their secrets")]
#[derive(Default)]
pub(crate) struct Cache {
    entries: Vec<Box<Entry>>,
}

impl Cache {
    pub(crate) fn new(accounts: Vec<Account>) -> Self {
        let mut cache = Self::default();
        cache.extend(accounts);
        cache
    }

    /// Adds many at once: sorted once.
    pub(crate) fn extend(&mut self, accounts: Vec<Account>) {
        self.entries.extend(accounts.into_iter().map(Entry::new));
        self.entries.sort_by(|a, b| order(a, b));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(|entry| &**entry)
    }

    pub(crate) fn get(&self, id: AccountId) -> Option<&Account> {
        self.iter().map(|entry| &entry.account).find(|account| account.id == id)
    }

    /// Adds the account, or replaces the one with its id.
    pub(crate) fn put(&mut self, account: Account) {
        self.remove(account.id);
        let entry = Entry::new(account);
        let at = self.entries.partition_point(|other| order(other, &entry) == Ordering::Less);
        self.entries.insert(at, entry);
    }

    pub(crate) fn remove(&mut self, id: AccountId) {
        self.entries.retain(|entry| entry.account.id != id);
    }

    /// Removes many at once: looks at each account once.
    pub(crate) fn remove_all(&mut self, ids: &HashSet<AccountId>) {
        self.entries.retain(|entry| !ids.contains(&entry.account.id));
    }

    /// The code of every account that shows one by itself (all but HOTP, without the trash), in order. Within a code's
    /// window this is a look at the clock and a copy.
    pub(crate) fn codes(&mut self, now: UnixTime) -> Vec<(AccountId, Code)> {
        let mut codes = Vec::with_capacity(self.entries.len());
        for entry in &mut self.entries {
            let account = &entry.account;
            if account.trashed.is_some() || account.otp.kind() == Kind::Hotp {
                continue;
            }
            let at = account.site_time(now);
            match entry.code {
                Some(code) if code.is_good_at(at) => codes.push((account.id, code)),
                // Only a moment before 1970 has no code; the list then shows none.
                _ => {
                    entry.code = account.otp.code(at).ok();
                    codes.extend(entry.code.map(|code| (account.id, code)));
                }
            }
        }
        codes
    }
}
