//! What a person keeps: an account and everything that is known about it.

use std::fmt;
use std::str::FromStr;

use crate::entropy::{Entropy, EntropyError, random};
use crate::otp::Otp;
use crate::time::UnixTime;

/// The lasting name of an account inside a vault: 128 random bits, shown as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId([u8; 16]);

impl AccountId {
    /// A new one.
    ///
    /// # Errors
    /// As [`Entropy::fill`].
    pub fn make(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        random(entropy).map(Self)
    }

    /// From its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountId({self})")
    }
}

/// A text that is not 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an account's id has 32 hexadecimal digits")]
pub struct NotAnId;

impl FromStr for AccountId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).map_err(|_| NotAnId)?;
        bytes.try_into().map(Self).map_err(|_| NotAnId)
    }
}

/// How an account is named, sorted and found. Texts are as the person or the site wrote them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// Who runs the service, as the site wrote it; may be empty.
    pub issuer: String,
    /// Which account there: a user name or an address; may be empty.
    pub name: String,
    /// What the person noted.
    pub note: String,
    /// The person's own labels, without duplicates, in the person's order.
    pub tags: Vec<String>,
    /// Shown first.
    pub favourite: bool,
}

impl Profile {
    /// The longest text of a profile in bytes (each one; a note may have 16 times as many).
    pub const MAX_TEXT: usize = 1024;
    /// The longest note in bytes.
    pub const MAX_NOTE: usize = 16 * 1024;
    /// The most tags on one account.
    pub const MAX_TAGS: usize = 64;

    /// A profile with these two names and nothing else.
    #[must_use]
    pub fn named(issuer: impl Into<String>, name: impl Into<String>) -> Self {
        Self { issuer: issuer.into(), name: name.into(), ..Self::default() }
    }

    /// `issuer:name`, or the one that there is.
    #[must_use]
    pub fn label(&self) -> String {
        match (self.issuer.as_str(), self.name.as_str()) {
            ("", name) => name.to_owned(),
            (issuer, "") => issuer.to_owned(),
            (issuer, name) => format!("{issuer}:{name}"),
        }
    }

    /// Whether issuer and name are the same but for case.
    #[must_use]
    pub fn same_names(&self, other: &Self) -> bool {
        let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
        same(&self.issuer, &other.issuer) && same(&self.name, &other.name)
    }
}

/// An account as a site or another app hands it over: not yet in a vault, so without an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// Its names.
    pub profile: Profile,
    /// What its codes are computed with.
    pub otp: Otp,
}

/// How often an account's code was used; counted only where the person turned it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// How many times.
    pub count: u64,
    /// When last.
    pub last: Option<UnixTime>,
}

/// An account in a vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its lasting name.
    pub id: AccountId,
    /// Its names.
    pub profile: Profile,
    /// What its codes are computed with.
    pub otp: Otp,
    /// Seconds that the person says the site's clock is ahead of this one (negative: behind).
    pub clock_offset: i32,
    /// HOTP: the counter comes from an older copy, so the site may be ahead of it; true until resynced.
    pub may_be_behind: bool,
    /// Place in the person's own order, lowest first; equal places sort by names.
    pub position: u64,
    /// Whether it has a picture; the picture itself stands apart.
    pub has_icon: bool,
    /// How often used.
    pub usage: Usage,
    /// When it came into the vault.
    pub created: UnixTime,
    /// When anything about it but its counter and usage was last changed.
    pub modified: UnixTime,
    /// In the trash since then.
    pub trashed: Option<UnixTime>,
}

impl Account {
    /// The moment whose code the site expects now: `now`, moved by the account's clock offset.
    #[must_use]
    pub fn site_time(&self, now: UnixTime) -> UnixTime {
        now.plus_seconds(i64::from(self.clock_offset))
    }
}

#[cfg(test)]
mod tests {
    use super::{AccountId, Profile};

    #[test]
    fn an_id_reads_as_it_is_shown() {
        let id = AccountId::from_bytes(*b"0123456789abcdef");
        assert_eq!(id.to_string(), "30313233343536373839616263646566");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("30".parse::<AccountId>().is_err());
        assert!("zz313233343536373839616263646566".parse::<AccountId>().is_err());
    }

    #[test]
    fn a_label_has_the_names_that_there_are() {
        assert_eq!(Profile::named("A", "b").label(), "A:b");
        assert_eq!(Profile::named("", "b").label(), "b");
        assert_eq!(Profile::named("A", "").label(), "A");
        assert!(Profile::named("ÄB", "c").same_names(&Profile::named("äb", "C")));
    }
}
