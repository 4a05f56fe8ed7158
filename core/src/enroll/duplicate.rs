//! Whether an account is in the vault already, and in which sense.
//!
//! [`duplicates`] compares one new account with all. [`Index`] answers the same for thousands of new ones, each in
//! constant time: it keeps no secret and no name, only HMAC-SHA256 tags under a key that is drawn for it. A plain hash
//! would not do: whoever finds it in memory could test guesses of a short secret against it, long after the vault was
//! locked; and with tags of a fixed known function, hostile files could aim at its buckets.

use std::collections::HashMap;
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
        let (names, secret) = self.tags(profile, otp);
        self.by_names.entry(names).or_default().push((which, secret));
        self.by_secret.entry(secret).or_default().push((which, names));
        self.same.entry((names, secret)).or_default().push(which);
    }

    /// Whether an account with the same secret and names is there.
    #[must_use]
    pub fn has_same(&self, new: &NewAccount) -> bool {
        self.same.contains_key(&self.tags(&new.profile, &new.otp))
    }

    /// The accounts that are like the new one, [`Duplicate::Same`] first. Lazy: a file of ten thousand equal accounts
    /// would have each of them found ten thousand times, so take no more than are shown.
    pub fn find(&self, new: &NewAccount) -> impl Iterator<Item = (K, Duplicate)> {
        let (names, secret) = self.tags(&new.profile, &new.otp);
        let same = self.same.get(&(names, secret)).into_iter().flatten().map(|which| (*which, Duplicate::Same));
        let by_names = self.by_names.get(&names).into_iter().flatten().filter(move |(_, other)| *other != secret);
        let by_secret = self.by_secret.get(&secret).into_iter().flatten().filter(move |(_, other)| *other != names);
        same.chain(by_names.map(|(which, _)| (*which, Duplicate::NamesOnly)))
            .chain(by_secret.map(|(which, _)| (*which, Duplicate::SecretOnly)))
    }

    /// Each tag begins with what it is of, and lengths stand before texts, so that no two things have one tag.
    fn tags(&self, profile: &Profile, otp: &Otp) -> (Tag, Tag) {
        let (issuer, name) = (profile.issuer.to_lowercase(), profile.name.to_lowercase());
        let length = (issuer.len() as u64).to_be_bytes();
        let names = self.tag(&[b"names", &length, issuer.as_bytes(), name.as_bytes()]);
        (names, self.tag(&[b"secret", otp.secret()]))
    }

    fn tag(&self, parts: &[&[u8]]) -> Tag {
        let mut context = hmac::Context::with_key(&self.key);
        parts.iter().for_each(|part| context.update(part));
        let mut tag = [0; 32];
        tag.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
        tag
    }
}
