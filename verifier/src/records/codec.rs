//! Numbered fields, written and read.

use countersign_core::push::jose::{Algorithm, MessageHash, PublicKey, Thumbprint};
use countersign_core::push::native::messages::EnrollmentId;
use countersign_core::time::UnixTime;
use countersign_core::wire::{Value, Writer, fields};

use crate::store::StoreError;

/// The format of all rows so far.
const FORMAT: u64 = 1;

/// A writer that has the format number in it, in field 1.
pub(super) fn writer() -> Writer {
    let mut writer = Writer::new();
    writer.number(1, FORMAT);
    writer
}

pub(super) trait Put {
    fn time(&mut self, field: u32, time: UnixTime) -> &mut Self;
    fn flag(&mut self, field: u32, flag: bool) -> &mut Self;
    fn text(&mut self, field: u32, text: &str) -> &mut Self;
}

impl Put for Writer {
    fn time(&mut self, field: u32, time: UnixTime) -> &mut Self {
        self.number(field, u64::try_from(time.millis()).unwrap_or(0))
    }

    fn flag(&mut self, field: u32, flag: bool) -> &mut Self {
        self.number(field, u64::from(flag))
    }

    fn text(&mut self, field: u32, text: &str) -> &mut Self {
        self.bytes(field, text.as_bytes())
    }
}

/// The fields of a row, asked by number.
pub(crate) struct Reader<'a> {
    what: &'static str,
    fields: Vec<(u32, Value<'a>)>,
}

impl<'a> Reader<'a> {
    /// Reads a row's fields.
    pub(crate) fn new(what: &'static str, bytes: &'a [u8]) -> Result<Self, StoreError> {
        let reader = Self::nested(what, bytes)?;
        if reader.number(1)? == FORMAT { Ok(reader) } else { Err(StoreError::Damaged(what)) }
    }

    /// Reads the fields of a part of a row, which has no format number.
    pub(crate) fn nested(what: &'static str, bytes: &'a [u8]) -> Result<Self, StoreError> {
        let fields = fields(bytes).collect::<Result<_, _>>().map_err(|_| StoreError::Damaged(what))?;
        Ok(Self { what, fields })
    }

    pub(crate) const fn damaged(&self) -> StoreError {
        StoreError::Damaged(self.what)
    }

    fn find(&self, field: u32) -> Option<Value<'a>> {
        self.fields.iter().find(|(number, _)| *number == field).map(|(_, value)| *value)
    }

    pub(crate) fn maybe_number(&self, field: u32) -> Result<Option<u64>, StoreError> {
        match self.find(field) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(Some(number)),
            Some(Value::Bytes(_)) => Err(self.damaged()),
        }
    }

    pub(crate) fn maybe_bytes(&self, field: u32) -> Result<Option<&'a [u8]>, StoreError> {
        match self.find(field) {
            None => Ok(None),
            Some(Value::Bytes(bytes)) => Ok(Some(bytes)),
            Some(Value::Number(_)) => Err(self.damaged()),
        }
    }

    pub(crate) fn number(&self, field: u32) -> Result<u64, StoreError> {
        self.maybe_number(field)?.ok_or(self.damaged())
    }

    pub(crate) fn small<T: TryFrom<u64>>(&self, field: u32) -> Result<T, StoreError> {
        T::try_from(self.number(field)?).map_err(|_| self.damaged())
    }

    pub(crate) fn flag(&self, field: u32) -> Result<bool, StoreError> {
        Ok(self.number(field)? != 0)
    }

    pub(crate) fn time(&self, field: u32) -> Result<UnixTime, StoreError> {
        self.small(field).map(UnixTime::from_millis)
    }

    pub(crate) fn maybe_time(&self, field: u32) -> Result<Option<UnixTime>, StoreError> {
        self.maybe_number(field)?.map(|_| self.time(field)).transpose()
    }

    pub(crate) fn bytes(&self, field: u32) -> Result<&'a [u8], StoreError> {
        self.maybe_bytes(field)?.ok_or(self.damaged())
    }

    pub(crate) fn array<const N: usize>(&self, field: u32) -> Result<[u8; N], StoreError> {
        self.bytes(field)?.try_into().map_err(|_| self.damaged())
    }

    pub(crate) fn text(&self, field: u32) -> Result<String, StoreError> {
        std::str::from_utf8(self.bytes(field)?).map(str::to_owned).map_err(|_| self.damaged())
    }

    pub(crate) fn maybe_text(&self, field: u32) -> Result<Option<String>, StoreError> {
        self.find(field).map(|_| self.text(field)).transpose()
    }

    pub(crate) fn hash(&self, field: u32) -> Result<MessageHash, StoreError> {
        self.array(field).map(MessageHash::from_bytes)
    }

    pub(crate) fn thumbprint(&self, field: u32) -> Result<Thumbprint, StoreError> {
        self.array(field).map(Thumbprint::from_bytes)
    }

    pub(crate) fn enrollment(&self, field: u32) -> Result<EnrollmentId, StoreError> {
        EnrollmentId::parse(&self.text(field)?).map_err(|_| self.damaged())
    }

    /// All values of a field that may stand often.
    pub(crate) fn each(&self, field: u32) -> impl Iterator<Item = Result<&'a [u8], StoreError>> {
        let values = self.fields.iter().filter(move |(number, _)| *number == field);
        values.map(|(_, value)| match value {
            Value::Bytes(bytes) => Ok(*bytes),
            Value::Number(_) => Err(self.damaged()),
        })
    }
}

/// A public key as a row keeps it: its thumbprint beside it, so that a point is only decoded where it has to verify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredKey {
    pub(crate) thumbprint: Thumbprint,
    algorithm: Algorithm,
    bytes: Vec<u8>,
}

impl StoredKey {
    pub(crate) fn of(key: &PublicKey) -> Self {
        let bytes = match key {
            PublicKey::Ed25519(key) => key.as_bytes().to_vec(),
            PublicKey::P256(bytes) => bytes.to_vec(),
        };
        Self { thumbprint: key.thumbprint(), algorithm: key.algorithm(), bytes }
    }

    /// The key itself.
    pub(crate) fn public(&self) -> Result<PublicKey, StoreError> {
        let damaged = StoreError::Damaged("key");
        match self.algorithm {
            Algorithm::Ed25519 => {
                PublicKey::ed25519(self.bytes.as_slice().try_into().map_err(|_| damaged)?).map_err(|_| damaged)
            }
            Algorithm::Es256 => PublicKey::p256(&self.bytes).map_err(|_| damaged),
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let algorithm = match self.algorithm {
            Algorithm::Ed25519 => 1,
            Algorithm::Es256 => 2,
        };
        [&[algorithm], &self.thumbprint.to_bytes()[..], &self.bytes].concat()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let damaged = StoreError::Damaged("key");
        let (algorithm, rest) = bytes.split_first().ok_or(damaged)?;
        let (thumbprint, bytes) = rest.split_first_chunk::<32>().ok_or(damaged)?;
        let algorithm = match algorithm {
            1 => Algorithm::Ed25519,
            2 => Algorithm::Es256,
            _ => return Err(damaged),
        };
        Ok(Self { thumbprint: Thumbprint::from_bytes(*thumbprint), algorithm, bytes: bytes.to_vec() })
    }
}
