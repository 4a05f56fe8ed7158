//! The row of an enrolment: what of it is sealed under the vault key.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::account::{AccountId, NotAnId};
use crate::entropy::{Entropy, EntropyError};
use crate::time::UnixTime;
use crate::vault::Error;
use crate::vault::record::{Unreadable, unzigzag, zigzag};
use crate::wire::{Value, Writer, fields};

/// The lasting name of a push enrolment inside a vault: 128 random bits, shown as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PushId(AccountId);

impl PushId {
    /// A new one.
    ///
    /// # Errors
    /// As [`Entropy::fill`].
    pub fn make(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        AccountId::make(entropy).map(Self)
    }

    /// From its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(AccountId::from_bytes(bytes))
    }

    /// Its bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_bytes()
    }
}

impl fmt::Display for PushId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for PushId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PushId({self})")
    }
}

impl FromStr for PushId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        text.parse().map(Self)
    }
}

/// A push enrolment, as far as it stands in the vault itself.
#[derive(Clone, PartialEq, Eq)]
pub struct PushRecord {
    /// Its lasting name, also of its inbox rows.
    pub id: PushId,
    /// Which protocol it speaks; the push engine's number.
    pub protocol: u32,
    /// What survives into backups, so that a restored enrolment can be named (server, account); opaque here, at most 16
    /// KiB.
    pub summary: Vec<u8>,
    /// The key that signs for a verified user, sealed by [`UvRoot::seal`](crate::vault::UvRoot::seal); at most 4 KiB. None
    /// where the hardware keeps it.
    pub sealed_uv: Option<Vec<u8>>,
    /// The key of offline approvals, sealed alike.
    pub sealed_offline: Option<Vec<u8>>,
    /// Its one-time password's account in this vault.
    pub account: Option<AccountId>,
    /// It can't approve any more: this phone has to be enrolled again.
    pub renew: bool,
    /// When it was enrolled.
    pub created: UnixTime,
}

impl fmt::Debug for PushRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, protocol, renew, .. } = self;
        f.debug_struct("PushRecord")
            .field("id", id)
            .field("protocol", protocol)
            .field("renew", renew)
            .finish_non_exhaustive()
    }
}

impl PushRecord {
    /// The longest summary in bytes.
    pub const MAX_SUMMARY: usize = 16 * 1024;
    /// The most enrolments of a vault.
    pub const MOST: usize = 1000;
    /// The longest sealed key in bytes.
    pub const MAX_SEALED: usize = 4 * 1024;

    /// A new enrolment without any sealed key or account.
    #[must_use]
    pub fn new(id: PushId, protocol: u32, summary: Vec<u8>, created: UnixTime) -> Self {
        Self { id, protocol, summary, sealed_uv: None, sealed_offline: None, account: None, renew: false, created }
    }

    /// What may leave the device: it has no private key, and says so.
    #[must_use]
    pub fn without_keys(&self) -> Self {
        Self { sealed_uv: None, sealed_offline: None, renew: true, ..self.clone() }
    }

    /// Whether anything of it is sealed under the user-verification root.
    #[must_use]
    pub fn hangs_on_root(&self) -> bool {
        self.sealed_uv.is_some() || self.sealed_offline.is_some()
    }

    pub(in crate::vault) fn check(&self) -> Result<(), Error> {
        let sealed = [&self.sealed_uv, &self.sealed_offline];
        if self.summary.len() > Self::MAX_SUMMARY {
            Err(Error::TooLarge { what: "an enrolment's summary", limit: Self::MAX_SUMMARY })
        } else if sealed.iter().any(|sealed| sealed.as_ref().is_some_and(|sealed| sealed.len() > Self::MAX_SEALED)) {
            Err(Error::TooLarge { what: "an enrolment's key", limit: Self::MAX_SEALED })
        } else {
            Ok(())
        }
    }

    pub(in crate::vault) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::new();
        writer.number(1, self.protocol.into()).bytes(2, &self.summary);
        for (field, sealed) in [(3, &self.sealed_uv), (4, &self.sealed_offline)] {
            if let Some(sealed) = sealed {
                writer.bytes(field, sealed);
            }
        }
        if let Some(account) = self.account {
            writer.bytes(5, &account.to_bytes());
        }
        writer.number(6, self.renew.into()).number(7, zigzag(self.created.millis()));
        writer.finish()
    }

    pub(in crate::vault) fn decode(id: PushId, payload: &[u8]) -> Result<Self, Unreadable> {
        let (mut protocol, mut summary, mut renew, mut created) = (None, None, None, None);
        let (mut sealed_uv, mut sealed_offline, mut account) = (None, None, None);
        for field in fields(payload) {
            match field.map_err(|_| Unreadable)? {
                (1, Value::Number(number)) => protocol = Some(u32::try_from(number).map_err(|_| Unreadable)?),
                (2, Value::Bytes(bytes)) => summary = Some(bytes.to_vec()),
                (3, Value::Bytes(bytes)) => sealed_uv = Some(bytes.to_vec()),
                (4, Value::Bytes(bytes)) => sealed_offline = Some(bytes.to_vec()),
                (5, Value::Bytes(bytes)) => {
                    account = Some(AccountId::from_bytes(bytes.try_into().map_err(|_| Unreadable)?));
                }
                (6, Value::Number(flag @ 0..=1)) => renew = Some(flag == 1),
                (7, Value::Number(time)) => created = Some(UnixTime::from_millis(unzigzag(time))),
                _ => return Err(Unreadable),
            }
        }
        Ok(Self {
            id,
            protocol: protocol.ok_or(Unreadable)?,
            summary: summary.ok_or(Unreadable)?,
            sealed_uv,
            sealed_offline,
            account,
            renew: renew.ok_or(Unreadable)?,
            created: created.ok_or(Unreadable)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{PushId, PushRecord};
    use crate::account::AccountId;
    use crate::time::UnixTime;

    fn full() -> PushRecord {
        PushRecord {
            sealed_uv: Some(vec![3; 60]),
            sealed_offline: Some(vec![4; 60]),
            account: Some(AccountId::from_bytes([5; 16])),
            ..PushRecord::new(PushId::from_bytes([1; 16]), 7, b"server".to_vec(), UnixTime::from_millis(-9))
        }
    }

    #[test]
    fn a_record_reads_as_it_was_written() {
        let bare = PushRecord { sealed_uv: None, sealed_offline: None, account: None, renew: true, ..full() };
        for record in [full(), bare] {
            assert_eq!(PushRecord::decode(record.id, &record.encode()), Ok(record));
        }
    }

    #[test]
    fn what_leaves_the_device_has_no_key_and_says_so() {
        let out = full().without_keys();
        assert!(out.renew && !out.hangs_on_root());
        assert_eq!((out.id, out.protocol, out.account), (full().id, full().protocol, full().account));
        assert_eq!(out.summary, full().summary);
    }

    #[test]
    fn another_field_or_a_missing_one_is_unreadable() {
        let id = full().id;
        let whole = full().encode();
        assert!(PushRecord::decode(id, &[&whole[..], b"\x40\x00"].concat()).is_err());
        assert!(PushRecord::decode(id, &[&whole[..], b"\x30\x02"].concat()).is_err());
        assert!(PushRecord::decode(id, &whole[2..]).is_err());
        assert!(PushRecord::decode(id, &[]).is_err());
    }

    #[test]
    fn debug_shows_neither_names_nor_keys() {
        let shown = format!("{:?}", full());
        assert_eq!(shown, "PushRecord { id: PushId(01010101010101010101010101010101), protocol: 7, renew: false, .. }");
    }
}
