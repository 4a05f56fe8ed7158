//! Slots: who may unlock. A slot is one way from something a person or a device has to the vault key.
//!
//! `docs/vault.md` has the bytes. A slot's body is a message ([`crate::wire`]); what it says about itself is the
//! associated data of everything sealed in it, and a plain SHA-256 of the body stands beside it, so that a damaged slot
//! is told apart from a wrong password.

use ring::digest;

use super::Error;
use super::crypto::{RawKey, SealKey, associated_data, derive};
use super::kdf::{Cost, Password, stretch};
use super::platform::Purpose;
use super::recovery::RecoveryCode;
use crate::entropy::{Entropy, random};
use crate::time::UnixTime;
use crate::wire::{Value, Writer, fields};

/// The newest format of a slot's body.
const FORMAT: u64 = 1;

/// A slot's lasting name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotId(pub(crate) [u8; 16]);

impl std::fmt::Display for SlotId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What opens a slot, and what it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SlotKind {
    /// A password: the vault key and the user-verification root.
    Password,
    /// The recovery code: the vault key.
    Recovery,
    /// A device's keystore: the vault key.
    Device,
    /// A device's keystore that asks the person at each use: the user-verification root.
    PerUse,
    /// A device's keystore that asks nobody: the inbox key.
    Inbox,
}

impl From<Purpose> for SlotKind {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Slot => Self::Device,
            Purpose::Inbox => Self::Inbox,
            Purpose::PerUse => Self::PerUse,
        }
    }
}

impl SlotKind {
    pub(crate) const fn number(self) -> u64 {
        match self {
            Self::Password => 1,
            Self::Recovery => 2,
            Self::Device => 3,
            Self::PerUse => 4,
            Self::Inbox => 5,
        }
    }

    fn from_number(number: u64) -> Option<Self> {
        [Self::Password, Self::Recovery, Self::Device, Self::PerUse, Self::Inbox]
            .into_iter()
            .find(|kind| kind.number() == number)
    }
}

/// What a slot says about itself; all of it is bound to what is sealed in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) vault: [u8; 16],
    pub(crate) id: SlotId,
    pub(crate) kind: SlotKind,
    pub(crate) salt: [u8; 16],
    /// Argon2id's parameters; only a password slot has them.
    pub(crate) cost: Option<Cost>,
}

impl Head {
    pub(crate) fn new(
        entropy: &dyn Entropy,
        vault: [u8; 16],
        kind: SlotKind,
        cost: Option<Cost>,
    ) -> Result<Self, Error> {
        Ok(Self { vault, id: SlotId(random(entropy)?), kind, salt: random(entropy)?, cost })
    }

    fn associated_data(&self, content: Content) -> Vec<u8> {
        let number = |value: u32| value.to_le_bytes();
        let (memory, passes, lanes) = self.cost_numbers();
        associated_data(&[
            b"countersign-slot-v1",
            &self.vault,
            &self.id.0,
            &self.kind.number().to_le_bytes(),
            &self.salt,
            &number(memory),
            &number(passes),
            &number(lanes),
            content.label().as_bytes(),
        ])
    }

    fn cost_numbers(&self) -> (u32, u32, u32) {
        self.cost.map_or((0, 0, 0), |cost| (cost.memory_kib(), cost.passes(), cost.lanes()))
    }

    /// What the password opens this slot with: Argon2id, once.
    pub(crate) fn stretch(&self, password: &Password) -> Result<RawKey, Error> {
        stretch(password.expose(), &self.salt, self.cost.ok_or(Error::DamagedSlot)?)
    }

    /// What the recovery code opens this slot with.
    pub(crate) fn recovery_opener(&self, code: &RecoveryCode) -> Result<RawKey, Error> {
        derive(code.expose(), &self.salt, "countersign v1 recovery code")
    }

    pub(crate) fn seal(
        &self,
        entropy: &dyn Entropy,
        opener: &RawKey,
        content: Content,
        key: &RawKey,
    ) -> Result<Vec<u8>, Error> {
        self.key_for(opener, content)?.seal(entropy, &self.associated_data(content), key.expose())
    }

    /// None if the opener is not this slot's.
    pub(crate) fn open(&self, opener: &RawKey, content: Content, sealed: &[u8]) -> Result<Option<RawKey>, Error> {
        match self.key_for(opener, content)?.open(&self.associated_data(content), sealed) {
            Ok(bytes) => RawKey::from_bytes(&bytes).map(Some),
            Err(_) => Ok(None),
        }
    }

    fn key_for(&self, opener: &RawKey, content: Content) -> Result<SealKey, Error> {
        SealKey::new(&opener.derive(&self.vault, content.label())?)
    }
}

/// What a slot seals; each under a key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    VaultKey,
    UvRoot,
    InboxKey,
    /// In backups: the backup key.
    BackupKey,
}

impl Content {
    const fn label(self) -> &'static str {
        match self {
            Self::VaultKey => "countersign v1 slot vault key",
            Self::UvRoot => "countersign v1 slot uv root",
            Self::InboxKey => "countersign v1 slot inbox key",
            Self::BackupKey => "countersign v1 slot backup key",
        }
    }
}

/// A slot as the file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) head: Head,
    /// What the platform's keystore wrapped; empty where there is none.
    pub(crate) wrapped: Vec<u8>,
    /// The vault key, or what the kind opens instead.
    pub(crate) sealed: Vec<u8>,
    /// A password slot's user-verification root.
    pub(crate) sealed_uv_root: Vec<u8>,
    /// A recovery code counts only after part of it was typed back.
    pub(crate) confirmed: bool,
    pub(crate) created: UnixTime,
}

impl Slot {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let (memory, passes, lanes) = self.head.cost_numbers();
        let mut writer = Writer::new();
        writer
            .number(1, FORMAT)
            .bytes(2, &self.head.vault)
            .bytes(3, &self.head.id.0)
            .number(4, self.head.kind.number())
            .bytes(5, &self.head.salt)
            .number(6, memory.into())
            .number(7, passes.into())
            .number(8, lanes.into())
            .bytes(9, &self.wrapped)
            .bytes(10, &self.sealed)
            .bytes(11, &self.sealed_uv_root)
            .number(12, self.confirmed.into())
            .number(13, super::record::zigzag(self.created.millis()));
        writer.finish().to_vec()
    }

    pub(crate) fn decode(body: &[u8]) -> Result<Self, Error> {
        let mut read = Read::default();
        // The format first: a newer one may have fields that are not known here.
        for field in fields(body).map_while(Result::ok) {
            if let (1, Value::Number(found)) = field
                && found > FORMAT
            {
                return Err(Error::Newer { found, known: FORMAT });
            }
        }
        for field in fields(body) {
            let (number, value) = field.map_err(|_| Error::DamagedSlot)?;
            read.take(number, value)?;
        }
        read.finish()
    }

    /// Plain SHA-256 of the body: accident or wrong password?
    pub(crate) fn digest(body: &[u8]) -> [u8; 32] {
        let mut sum = [0; 32];
        for (to, from) in sum.iter_mut().zip(digest::digest(&digest::SHA256, body).as_ref()) {
            *to = *from;
        }
        sum
    }
}

#[derive(Default)]
struct Read<'a> {
    numbers: [u64; 14],
    bytes: [&'a [u8]; 14],
}

impl<'a> Read<'a> {
    fn take(&mut self, number: u32, value: Value<'a>) -> Result<(), Error> {
        let index = usize::try_from(number).map_err(|_| Error::DamagedSlot)?;
        match (number, value) {
            (1 | 4 | 6..=8 | 12 | 13, Value::Number(value)) => {
                *self.numbers.get_mut(index).ok_or(Error::DamagedSlot)? = value;
            }
            (2 | 3 | 5 | 9..=11, Value::Bytes(value)) => *self.bytes.get_mut(index).ok_or(Error::DamagedSlot)? = value,
            _ => return Err(Error::DamagedSlot),
        }
        Ok(())
    }

    fn finish(self) -> Result<Slot, Error> {
        let [_, format, _, _, kind, _, memory, passes, lanes, _, _, _, confirmed, created] = self.numbers;
        let [_, _, vault, id, _, salt, _, _, _, wrapped, sealed, sealed_uv_root, _, _] = self.bytes;
        if format != FORMAT {
            return Err(Error::DamagedSlot);
        }
        let sixteen = |bytes: &[u8]| bytes.try_into().map_err(|_| Error::DamagedSlot);
        let kind = SlotKind::from_number(kind).ok_or(Error::DamagedSlot)?;
        let cost = match (kind, memory, passes, lanes) {
            (SlotKind::Password, ..) => Some(Cost::new(memory, passes, lanes)?),
            (_, 0, 0, 0) => None,
            _ => return Err(Error::DamagedSlot),
        };
        Ok(Slot {
            head: Head { vault: sixteen(vault)?, id: SlotId(sixteen(id)?), kind, salt: sixteen(salt)?, cost },
            wrapped: wrapped.to_vec(),
            sealed: sealed.to_vec(),
            sealed_uv_root: sealed_uv_root.to_vec(),
            confirmed: confirmed == 1,
            created: UnixTime::from_millis(super::record::unzigzag(created)),
        })
    }
}
