//! Records: what stands, sealed, in the vault's rows and in backups: an account, the settings, the backup key.
//!
//! Each is a message ([`crate::wire`]); `docs/vault.md` lists the fields. A field that is not known here is refused: a
//! newer version that adds one also raises the record's format.

use zeroize::Zeroizing;

use crate::account::{Account, AccountId, Profile, Usage};
use crate::otp::{Algorithm, Digits, Hotp, Kind, Motp, Otp, Period, Secret, Steam, Totp, Yandex};
use crate::secret::{SecretBytes, SecretText};
use crate::time::UnixTime;
use crate::wire::{Value, Writer, fields};

/// The newest format of a record.
pub(crate) const FORMAT: u32 = 1;

/// Bytes that were sealed by a key of this vault and yet make no sense: a defect, or a version that did not say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// Signed numbers as Protocol Buffers' `sint64`: small absolute values stay short.
pub(crate) const fn zigzag(value: i64) -> u64 {
    (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned()
}

pub(crate) const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

pub(crate) fn encode_account(account: &Account) -> Zeroizing<Vec<u8>> {
    let mut writer = Writer::new();
    let profile = &account.profile;
    writer.bytes(1, profile.issuer.as_bytes()).bytes(2, profile.name.as_bytes()).bytes(3, profile.note.as_bytes());
    for tag in &profile.tags {
        writer.bytes(4, tag.as_bytes());
    }
    writer.number(5, profile.favourite.into());
    encode_otp(&mut writer, &account.otp);
    writer
        .number(13, zigzag(account.clock_offset.into()))
        .number(14, account.may_be_behind.into())
        .number(15, account.position)
        .number(16, account.has_icon.into())
        .number(17, account.usage.count)
        .number(19, zigzag(account.created.millis()))
        .number(20, zigzag(account.modified.millis()));
    if let Some(last) = account.usage.last {
        writer.number(18, zigzag(last.millis()));
    }
    if let Some(trashed) = account.trashed {
        writer.number(21, zigzag(trashed.millis()));
    }
    writer.finish()
}

fn encode_otp(writer: &mut Writer, otp: &Otp) {
    writer.number(6, kind_number(otp.kind())).bytes(7, otp.secret());
    match otp {
        Otp::Totp(totp) => {
            writer
                .number(8, algorithm_number(totp.algorithm()))
                .number(9, totp.digits().get().into())
                .number(10, totp.period().seconds().into());
        }
        Otp::Hotp(hotp) => {
            writer
                .number(8, algorithm_number(hotp.algorithm()))
                .number(9, hotp.digits().get().into())
                .number(11, hotp.counter());
        }
        Otp::Steam(_) => {}
        Otp::Motp(motp) => {
            writer.bytes(12, motp.pin().expose().as_bytes());
        }
        Otp::Yandex(yandex) => {
            writer.bytes(12, yandex.pin().expose().as_bytes());
        }
    }
}

const fn kind_number(kind: Kind) -> u64 {
    match kind {
        Kind::Totp => 1,
        Kind::Hotp => 2,
        Kind::Steam => 3,
        Kind::Motp => 4,
        Kind::Yandex => 5,
    }
}

const fn algorithm_number(algorithm: Algorithm) -> u64 {
    match algorithm {
        Algorithm::Sha1 => 1,
        Algorithm::Sha224 => 2,
        Algorithm::Sha256 => 3,
        Algorithm::Sha384 => 4,
        Algorithm::Sha512 => 5,
    }
}

/// An account's fields as they are met; strings are borrowed until they are known to be right.
#[derive(Default)]
struct Read<'a> {
    numbers: [Option<u64>; 22],
    bytes: [&'a [u8]; 13],
    tags: Vec<String>,
}

impl<'a> Read<'a> {
    fn take(&mut self, number: u32, value: Value<'a>) -> Result<(), Unreadable> {
        let index = usize::try_from(number).map_err(|_| Unreadable)?;
        match (number, value) {
            (5 | 6 | 8..=11 | 13..=21, Value::Number(value)) => {
                *self.numbers.get_mut(index).ok_or(Unreadable)? = Some(value);
            }
            (4, Value::Bytes(tag)) => self.tags.push(text(tag)?),
            (1..=3 | 7 | 12, Value::Bytes(value)) => *self.bytes.get_mut(index).ok_or(Unreadable)? = value,
            _ => return Err(Unreadable),
        }
        Ok(())
    }

    fn number(&self, field: usize) -> Result<u64, Unreadable> {
        self.numbers.get(field).copied().flatten().ok_or(Unreadable)
    }

    fn flag(&self, field: usize) -> Result<bool, Unreadable> {
        self.number(field).map(|number| number == 1)
    }

    fn time(&self, field: usize) -> Result<UnixTime, Unreadable> {
        self.number(field).map(|number| UnixTime::from_millis(unzigzag(number)))
    }

    fn bytes(&self, field: usize) -> &'a [u8] {
        self.bytes.get(field).copied().unwrap_or_default()
    }

    fn pin(&self) -> Result<SecretText, Unreadable> {
        text(self.bytes(12)).map(SecretText::new)
    }

    fn algorithm(&self) -> Result<Algorithm, Unreadable> {
        let number = self.number(8)?;
        Algorithm::ALL.into_iter().find(|known| algorithm_number(*known) == number).ok_or(Unreadable)
    }

    fn digits(&self) -> Result<Digits, Unreadable> {
        Digits::new(self.number(9)?).map_err(|_| Unreadable)
    }

    fn otp(&self) -> Result<Otp, Unreadable> {
        let secret = Secret::new(SecretBytes::from(self.bytes(7))).map_err(|_| Unreadable)?;
        Ok(match self.number(6)? {
            1 => {
                let period = Period::new(self.number(10)?).map_err(|_| Unreadable)?;
                Otp::Totp(Totp::new(secret, self.algorithm()?, self.digits()?, period))
            }
            2 => Otp::Hotp(Hotp::new(secret, self.algorithm()?, self.digits()?, self.number(11)?)),
            3 => Otp::Steam(Steam::new(secret)),
            4 => Otp::Motp(Motp::new(secret, self.pin()?).map_err(|_| Unreadable)?),
            5 => Otp::Yandex(Yandex::new(secret, self.pin()?).map_err(|_| Unreadable)?),
            _ => return Err(Unreadable),
        })
    }
}

fn text(bytes: &[u8]) -> Result<String, Unreadable> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Unreadable)
}

pub(crate) fn decode_account(id: AccountId, payload: &[u8]) -> Result<Account, Unreadable> {
    let mut read = Read::default();
    for field in fields(payload) {
        let (number, value) = field.map_err(|_| Unreadable)?;
        read.take(number, value)?;
    }
    Ok(Account {
        id,
        otp: read.otp()?,
        clock_offset: i32::try_from(unzigzag(read.number(13)?)).map_err(|_| Unreadable)?,
        may_be_behind: read.flag(14)?,
        position: read.number(15)?,
        has_icon: read.flag(16)?,
        usage: Usage { count: read.number(17)?, last: read.time(18).ok() },
        created: read.time(19)?,
        modified: read.time(20)?,
        trashed: read.time(21).ok(),
        profile: Profile {
            issuer: text(read.bytes(1))?,
            name: text(read.bytes(2))?,
            note: text(read.bytes(3))?,
            favourite: read.flag(5)?,
            tags: read.tags,
        },
    })
}
