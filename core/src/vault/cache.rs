//! The unlocked accounts, in the order in which they are shown.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::account::{Account, AccountId, Profile};
use crate::otp::{Code, Kind};
use crate::time::UnixTime;

/// An account, with the code of the window that was last asked for.
pub(crate) struct Entry {
    pub(crate) account: Account,
    code: Option<Code>,
}

/// An entry with what finding and sorting look at: close together, so that they touch no account that is not meant.
struct Place {
    id: AccountId,
    favourite: bool,
    position: u64,
    /// The first bytes of issuer and name in lower case, as a number: most comparisons end here.
    start: u128,
    /// Of issuer and name in lower case.
    names: u64,
    /// Everything that a search looks at, in lower case, a line each: issuer, name, note, tags.
    haystack: String,
    /// Where issuer and name end in it.
    issuer_end: usize,
    name_end: usize,
    /// Boxed: inserting in order moves pointers instead of whole accounts with their secrets.
    entry: Box<Entry>,
}

impl Place {
    fn new(account: Account) -> Self {
        let profile = &account.profile;
        let tags: usize = profile.tags.iter().map(|tag| tag.len() + 1).sum();
        let length = profile.issuer.len() + profile.name.len() + profile.note.len() + 3 + tags;
        let mut haystack = String::with_capacity(length);
        let issuer_end = push_lower(&mut haystack, &profile.issuer);
        let name_end = push_lower(&mut haystack, &profile.name);
        for text in [&profile.note].into_iter().chain(&profile.tags) {
            push_lower(&mut haystack, text);
        }
        let mut place = Self {
            id: account.id,
            favourite: profile.favourite,
            position: account.position,
            start: 0,
            names: 0,
            haystack,
            issuer_end,
            name_end,
            entry: Box::new(Entry { account, code: None }),
        };
        place.start = start(place.both_names());
        place.names = hash(place.names());
        place
    }

    /// Issuer and name in lower case, a line each: what the list is sorted by.
    fn both_names(&self) -> &str {
        self.haystack.get(..self.name_end).unwrap_or_default()
    }

    /// Issuer and name in lower case.
    fn names(&self) -> (&str, &str) {
        let part = |from, to| self.haystack.get(from..to).unwrap_or_default();
        (part(0, self.issuer_end), part(self.issuer_end + 1, self.name_end))
    }
}

/// Adds a line in lower case; gives back where it ends.
fn push_lower(haystack: &mut String, text: &str) -> usize {
    let start = haystack.len();
    if text.is_ascii() {
        haystack.push_str(text);
        haystack.get_mut(start..).unwrap_or_default().make_ascii_lowercase();
    } else {
        haystack.push_str(&text.to_lowercase());
    }
    let end = haystack.len();
    haystack.push('\n');
    end
}

/// The first bytes, zeros behind a shorter text: sorts as the text does, but for texts that begin alike.
fn start(text: &str) -> u128 {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    u128::from_be_bytes(bytes)
}

/// Tells different names apart quickly. Equal ones are compared, so that names made to collide cost time and no more.
fn hash(names: (&str, &str)) -> u64 {
    let mut hasher = DefaultHasher::new();
    names.hash(&mut hasher);
    hasher.finish()
}

fn order(a: &Place, b: &Place) -> Ordering {
    b.favourite
        .cmp(&a.favourite)
        .then(a.position.cmp(&b.position))
        .then(a.start.cmp(&b.start))
        .then_with(|| a.both_names().cmp(b.both_names()))
        .then_with(|| a.id.cmp(&b.id))
}

/// Accounts as they are read, each put straight where it stays.
#[derive(Default)]
pub(crate) struct Unsorted(Vec<Place>);

impl Unsorted {
    pub(crate) fn reserve(&mut self, accounts: usize) {
        self.0.reserve(accounts);
    }

    pub(crate) fn push(&mut self, account: Account) {
        self.0.push(Place::new(account));
    }

    pub(crate) fn sorted(mut self) -> Cache {
        self.0.sort_unstable_by(order);
        Cache { places: self.0 }
    }
}

/// All accounts of an unlocked vault, the trash among them.
#[derive(Default)]
pub(crate) struct Cache {
    places: Vec<Place>,
}

impl Cache {
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Adds many at once: sorted once.
    pub(crate) fn extend(&mut self, accounts: Vec<Account>) {
        self.places.extend(accounts.into_iter().map(Place::new));
        self.places.sort_by(order);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.places.iter().map(|place| &*place.entry)
    }

    /// The accounts in whose texts every one of these words, in lower case, stands.
    pub(crate) fn matching(&self, words: &[String]) -> impl Iterator<Item = &Account> {
        let matches = |place: &&Place| words.iter().all(|word| place.haystack.contains(word.as_str()));
        self.places.iter().filter(matches).map(|place| &place.entry.account)
    }

    /// Whether any of these profiles might have the names of an account here, or of one before it: cheap, never wrongly
    /// no.
    pub(crate) fn may_know<'a>(&self, profiles: impl Iterator<Item = &'a Profile>) -> bool {
        let mut seen: HashSet<u64> = self.places.iter().map(|place| place.names).collect();
        let number = |profile: &Profile| hash((&profile.issuer.to_lowercase(), &profile.name.to_lowercase()));
        profiles.map(number).any(|number| !seen.insert(number))
    }

    /// The accounts with these issuer and name, but for case.
    pub(crate) fn same_names(&self, profile: &Profile) -> impl Iterator<Item = &Account> {
        let (issuer, name) = (profile.issuer.to_lowercase(), profile.name.to_lowercase());
        let wanted = hash((&issuer, &name));
        let same = move |place: &&Place| place.names == wanted && place.names() == (issuer.as_str(), name.as_str());
        self.places.iter().filter(same).map(|place| &place.entry.account)
    }

    pub(crate) fn get(&self, id: AccountId) -> Option<&Account> {
        self.places.iter().find(|place| place.id == id).map(|place| &place.entry.account)
    }

    /// Adds the account, or replaces the one with its id.
    pub(crate) fn put(&mut self, account: Account) {
        self.remove(account.id);
        let place = Place::new(account);
        let at = self.places.partition_point(|other| order(other, &place) == Ordering::Less);
        self.places.insert(at, place);
    }

    pub(crate) fn remove(&mut self, id: AccountId) {
        if let Some(at) = self.places.iter().position(|place| place.id == id) {
            self.places.remove(at);
        }
    }

    /// Removes many at once: looks at each account once.
    pub(crate) fn remove_all(&mut self, ids: &HashSet<AccountId>) {
        self.places.retain(|place| !ids.contains(&place.id));
    }

    /// The code of every account that shows one by itself (all but HOTP, without the trash), in order, each made when it is
    /// asked for. Within a code's window this is a look at the clock and a copy.
    pub(crate) fn codes(&mut self, now: UnixTime) -> impl Iterator<Item = (&Account, Code)> {
        self.places.iter_mut().filter_map(move |place| {
            let entry = &mut *place.entry;
            let account = &entry.account;
            if account.trashed.is_some() || account.otp.kind() == Kind::Hotp {
                return None;
            }
            let at = account.site_time(now);
            match entry.code {
                Some(code) if code.is_good_at(at) => Some((account, code)),
                // Only a moment before 1970 has no code; the list then shows none.
                _ => {
                    entry.code = account.otp.code(at).ok();
                    entry.code.map(|code| (account, code))
                }
            }
        })
    }
}
