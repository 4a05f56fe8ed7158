//! Whether an account is in the vault already, and in which sense.
//!
//! [`duplicates`] compares one new account with all. [`Index`] answers the same for thousands of new ones, each in
//! constant time; [`Known`] only whether the very same is there. They keep no secret and no name, only HMAC-SHA256 tags
//! under a key that is drawn for them. A plain hash would not do: whoever finds it in memory could test guesses of a
//! short secret against it, long after the vault was locked; and with tags of a fixed known function, hostile files could
//! aim at its buckets.

use std::collections::{HashMap, HashSet};
use std::fmt;

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

type Tag = [u8; 32];

/// Many accounts, to be asked about many new ones. `K` says which account it is: an [`AccountId`], a line of a file.
pub struct Index<K> {
    key: hmac::Key,
    /// By names, and by secret: who, and the other tag.
    by_names: HashMap<Tag, Vec<(K, Tag)>>,
    by_secret: HashMap<Tag, Vec<(K, Tag)>>,
    /// By both.
    same: HashMap<(Tag, Tag), Vec<K>>,
}

impl<K> fmt::Debug for Index<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Index(..)")
    }
}

impl<K: Copy> Index<K> {
    /// An empty one, with a key of its own.
    ///
    /// # Errors
    /// As [`Entropy::fill`].
    pub fn make(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &random::<32>(entropy)?);
        Ok(Self { key, by_names: HashMap::new(), by_secret: HashMap::new(), same: HashMap::new() })
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

    fn insert_tags(&mut self, which: K, (names, secret): (Tag, Tag)) {
        self.by_names.entry(names).or_default().push((which, secret));
        self.by_secret.entry(secret).or_default().push((which, names));
        self.same.entry((names, secret)).or_default().push(which);
    }

    /// The accounts that are like the new one, [`Duplicate::Same`] first. Lazy: a file of ten thousand equal accounts
    /// would have each of them found ten thousand times, so take no more than are shown.
    pub fn find(&self, new: &NewAccount) -> impl Iterator<Item = (K, Duplicate)> {
        self.find_tags(self.tags(&new.profile, &new.otp))
    }

    fn find_tags(&self, (names, secret): (Tag, Tag)) -> impl Iterator<Item = (K, Duplicate)> {
        let same = self.same.get(&(names, secret)).into_iter().flatten().map(|which| (*which, Duplicate::Same));
        let by_names = self.by_names.get(&names).into_iter().flatten().filter(move |(_, other)| *other != secret);
        let by_secret = self.by_secret.get(&secret).into_iter().flatten().filter(move |(_, other)| *other != names);
        same.chain(by_names.map(|(which, _)| (*which, Duplicate::NamesOnly)))
            .chain(by_secret.map(|(which, _)| (*which, Duplicate::SecretOnly)))
    }

    fn tags(&self, profile: &Profile, otp: &Otp) -> (Tag, Tag) {
        (tag(&self.key, &Names::of(profile).parts()), tag(&self.key, &[b"secret", otp.secret()]))
    }
}

/// Many accounts, of which only is asked whether one has the same secret and names: [`Duplicate::Same`].
pub struct Known {
    key: hmac::Key,
    tags: HashSet<Tag>,
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
        Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, &random::<32>(entropy)?), tags: HashSet::new() })
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
    let mut tag = [0; 32];
    tag.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
    tag
}
