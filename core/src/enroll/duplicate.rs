//! Whether an account is in the vault already, and in which sense.
//!
//! [`duplicates`] compares one new account with all. [`Index`] answers the same for thousands of new ones, each in
//! constant time; [`Known`] only whether the very same is there. They keep no secret and no name, only HMAC-SHA256 tags
//! under a key that is drawn for them. A plain hash would not do: whoever finds it in memory could test guesses of a
//! short secret against it, long after the vault was locked; and with tags of a fixed known function, hostile files could
//! aim at its buckets.

use std::collections::{HashMap, HashSet, hash_map};
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};

use ring::hmac;

use crate::account::{Account, AccountId, NewAccount, Profile};
use crate::entropy::{Entropy, EntropyError, random};
use crate::otp::Otp;

/// In which sense an account is there already. Names are compared but for case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Duplicate {
    /// The same secret and names: adding it again is refused unless asked for.
    Same,
    /// The same names, another secret: perhaps a second enrolment that replaces the first.
    NamesOnly,
    /// The same secret, other names: perhaps renamed.
    SecretOnly,
}

/// How two accounts are alike; none where neither names nor secret are.
#[must_use]
pub fn compare(profile: &Profile, otp: &Otp, other: &NewAccount) -> Option<Duplicate> {
    match (profile.same_names(&other.profile), otp.same_secret(&other.otp)) {
        (true, true) => Some(Duplicate::Same),
        (true, false) => Some(Duplicate::NamesOnly),
        (false, true) => Some(Duplicate::SecretOnly),
        (false, false) => None,
    }
}

/// The accounts that are like the new one, [`Duplicate::Same`] first.
pub fn duplicates<'a>(new: &NewAccount, existing: impl Iterator<Item = &'a Account>) -> Vec<(AccountId, Duplicate)> {
    let alike = |old: &Account| compare(&old.profile, &old.otp, new).map(|duplicate| (old.id, duplicate));
    let mut found: Vec<_> = existing.filter_map(alike).collect();
    found.sort_by_key(|(_, duplicate)| *duplicate);
    found
}

/// The first half of an HMAC-SHA256.
type Tag = [u8; 16];

/// Tags under a key that nobody knows are as good as random: a map takes them as they are.
#[derive(Debug, Clone, Copy, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.first_chunk().map_or(self.0, |start| u64::from_ne_bytes(*start));
    }

    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

type Build = BuildHasherDefault<AsItIs>;

/// Many accounts, to be asked about many new ones. `K` says which account it is: an [`AccountId`], a line of a file.
pub struct Index<K> {
    key: hmac::Key,
    entries: Vec<Entry<K>>,
    names: Chains,
    secrets: Chains,
    /// By both.
    pairs: Chains,
}

/// An account, and where the next one with the same names, secret or both stands.
struct Entry<K> {
    which: K,
    names: Tag,
    secret: Tag,
    next: [Option<usize>; 3],
}

/// For each tag the first and the last entry that has it.
type Chains = HashMap<Tag, (usize, usize), Build>;

impl<K> fmt::Debug for Index<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Index(..)")
    }
}

impl<K: Copy> Index<K> {
    /// An empty one for about so many accounts, with a key of its own.
    ///
    /// # Errors
    /// As [`Entropy::fill`].
    pub fn make(entropy: &dyn Entropy, accounts: usize) -> Result<Self, EntropyError> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &random::<32>(entropy)?);
        let chains = || Chains::with_capacity_and_hasher(accounts, Build::default());
        let entries = Vec::with_capacity(accounts);
        Ok(Self { key, entries, names: chains(), secrets: chains(), pairs: chains() })
    }

    /// Puts an account in.
    pub fn insert(&mut self, which: K, profile: &Profile, otp: &Otp) {
        let tags = self.tags(profile, otp);
        self.insert_tags(which, tags);
    }

    /// The first `most` accounts that are like the new one, as [`Index::find`]; the new one is in from then on.
    pub fn find_and_insert(&mut self, which: K, new: &NewAccount, most: usize) -> Vec<(K, Duplicate)> {
        let tags = self.tags(&new.profile, &new.otp);
        let found = self.find_tags(tags).take(most).collect();
        self.insert_tags(which, tags);
        found
    }

    /// The accounts that are like the new one, [`Duplicate::Same`] first. Lazy: a file of ten thousand equal accounts
    /// would have each of them found ten thousand times, so take no more than are shown.
    pub fn find(&self, new: &NewAccount) -> impl Iterator<Item = (K, Duplicate)> {
        self.find_tags(self.tags(&new.profile, &new.otp))
    }

    fn find_tags(&self, (names, secret): (Tag, Tag)) -> impl Iterator<Item = (K, Duplicate)> {
        let same = self.chain(&self.pairs, pair(names, secret), PAIRS).map(|entry| (entry.which, Duplicate::Same));
        let by_names = self.chain(&self.names, names, NAMES).filter(move |entry| entry.secret != secret);
        let by_secret = self.chain(&self.secrets, secret, SECRETS).filter(move |entry| entry.names != names);
        same.chain(by_names.map(|entry| (entry.which, Duplicate::NamesOnly)))
            .chain(by_secret.map(|entry| (entry.which, Duplicate::SecretOnly)))
    }

    fn chain(&self, chains: &Chains, tag: Tag, link: usize) -> impl Iterator<Item = &Entry<K>> {
        let entry = |at: usize| self.entries.get(at);
        let first = chains.get(&tag).and_then(|(first, _)| entry(*first));
        std::iter::successors(first, move |this| this.next.get(link).copied().flatten().and_then(entry))
    }

    fn insert_tags(&mut self, which: K, (names, secret): (Tag, Tag)) {
        let at = self.entries.len();
        self.entries.push(Entry { which, names, secret, next: [None; 3] });
        let links = [
            (&mut self.names, names, NAMES),
            (&mut self.secrets, secret, SECRETS),
            (&mut self.pairs, pair(names, secret), PAIRS),
        ];
        for (chains, tag, link) in links {
            match chains.entry(tag) {
                hash_map::Entry::Vacant(place) => {
                    place.insert((at, at));
                }
                hash_map::Entry::Occupied(mut place) => {
                    let last = std::mem::replace(&mut place.get_mut().1, at);
                    if let Some(next) = self.entries.get_mut(last).and_then(|entry| entry.next.get_mut(link)) {
                        *next = Some(at);
                    }
                }
            }
        }
    }

    fn tags(&self, profile: &Profile, otp: &Otp) -> (Tag, Tag) {
        (tag(&self.key, &Names::of(profile).parts()), tag(&self.key, &[b"secret", otp.secret()]))
    }
}

/// Which of an entry's three links.
const NAMES: usize = 0;
const SECRETS: usize = 1;
const PAIRS: usize = 2;

/// One tag for two.
fn pair(names: Tag, secret: Tag) -> Tag {
    (u128::from_ne_bytes(names).rotate_left(1) ^ u128::from_ne_bytes(secret)).to_ne_bytes()
}

/// Many accounts, of which only is asked whether one has the same secret and names: [`Duplicate::Same`].
pub struct Known {
    key: hmac::Key,
    tags: HashSet<Tag, Build>,
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Known(..)")
    }
}

impl Known {
    /// An empty one, with a key of its own.
    ///
    /// # Errors
    /// As [`Entropy::fill`].
    pub fn make(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, &random::<32>(entropy)?), tags: HashSet::default() })
    }

    /// Puts an account in; false if one with the same secret and names was there.
    pub fn insert(&mut self, profile: &Profile, otp: &Otp) -> bool {
        let names = Names::of(profile);
        let [a, b, c, d] = names.parts();
        self.tags.insert(tag(&self.key, &[a, b, c, d, otp.secret()]))
    }
}

/// Names as they are compared, with the lengths that keep two pairs apart.
struct Names {
    issuer: String,
    name: String,
    lengths: [u8; 16],
}

impl Names {
    fn of(profile: &Profile) -> Self {
        let (issuer, name) = (profile.issuer.to_lowercase(), profile.name.to_lowercase());
        let lengths = (issuer.len() as u128) << 64 | name.len() as u128;
        Self { issuer, name, lengths: lengths.to_be_bytes() }
    }

    /// Each tag begins with what it is of, and lengths stand before texts, so that no two things have one tag.
    fn parts(&self) -> [&[u8]; 4] {
        [b"names", &self.lengths, self.issuer.as_bytes(), self.name.as_bytes()]
    }
}

fn tag(key: &hmac::Key, parts: &[&[u8]]) -> Tag {
    let mut context = hmac::Context::with_key(key);
    parts.iter().for_each(|part| context.update(part));
    let mut tag = [0; 16];
    tag.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
    tag
}
