//! Stored states: fields of [`crate::wire`], each known, each at most once unless it is a list.

use super::Error;
use crate::time::UnixTime;
use crate::wire::{Value, Writer, fields};

/// Signed numbers, small ones short (the encoding chapter of Protocol Buffers, "ZigZag").
pub(super) fn zigzag(value: i64) -> u64 {
    u64::from_ne_bytes(((value << 1) ^ (value >> 63)).to_ne_bytes())
}

fn unzigzag(value: u64) -> i64 {
    let half = i64::from_ne_bytes((value >> 1).to_ne_bytes());
    if value & 1 == 1 { !half } else { half }
}

pub(super) fn put_time(writer: &mut Writer, field: u32, time: UnixTime) {
    writer.number(field, zigzag(time.millis()));
}

/// The fields of a state, taken one by one; what is left at the end is unknown.
pub(super) struct Parts<'a>(Vec<(u32, Value<'a>)>);

impl<'a> Parts<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        fields(bytes).collect::<Result<_, _>>().map(Self).map_err(|_| Error::Unreadable)
    }

    fn take(&mut self, field: u32) -> Result<Option<Value<'a>>, Error> {
        let Some(at) = self.0.iter().position(|(number, _)| *number == field) else { return Ok(None) };
        let (_, value) = self.0.remove(at);
        if self.0.iter().any(|(number, _)| *number == field) { Err(Error::Unreadable) } else { Ok(Some(value)) }
    }

    pub(super) fn maybe_number(&mut self, field: u32) -> Result<Option<u64>, Error> {
        match self.take(field)? {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(Some(number)),
            Some(Value::Bytes(_)) => Err(Error::Unreadable),
        }
    }

    pub(super) fn number(&mut self, field: u32) -> Result<u64, Error> {
        self.maybe_number(field)?.ok_or(Error::Unreadable)
    }

    pub(super) fn flag(&mut self, field: u32) -> Result<bool, Error> {
        match self.number(field)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Error::Unreadable),
        }
    }

    pub(super) fn signed(&mut self, field: u32) -> Result<i64, Error> {
        self.number(field).map(unzigzag)
    }

    pub(super) fn maybe_time(&mut self, field: u32) -> Result<Option<UnixTime>, Error> {
        Ok(self.maybe_number(field)?.map(|number| UnixTime::from_millis(unzigzag(number))))
    }

    pub(super) fn time(&mut self, field: u32) -> Result<UnixTime, Error> {
        self.maybe_time(field)?.ok_or(Error::Unreadable)
    }

    pub(super) fn maybe_bytes(&mut self, field: u32) -> Result<Option<&'a [u8]>, Error> {
        match self.take(field)? {
            None => Ok(None),
            Some(Value::Bytes(bytes)) => Ok(Some(bytes)),
            Some(Value::Number(_)) => Err(Error::Unreadable),
        }
    }

    pub(super) fn bytes(&mut self, field: u32) -> Result<&'a [u8], Error> {
        self.maybe_bytes(field)?.ok_or(Error::Unreadable)
    }

    pub(super) fn array<const N: usize>(&mut self, field: u32) -> Result<[u8; N], Error> {
        self.bytes(field)?.try_into().map_err(|_| Error::Unreadable)
    }

    pub(super) fn maybe_text(&mut self, field: u32) -> Result<Option<String>, Error> {
        self.maybe_bytes(field)?.map(text).transpose()
    }

    pub(super) fn text(&mut self, field: u32) -> Result<String, Error> {
        self.bytes(field).and_then(text)
    }

    /// A list: every field of this number, in order.
    pub(super) fn all(&mut self, field: u32) -> Result<Vec<&'a [u8]>, Error> {
        let (these, rest): (Vec<_>, Vec<_>) = self.0.drain(..).partition(|(number, _)| *number == field);
        self.0 = rest;
        let bytes = |(_, value)| match value {
            Value::Bytes(bytes) => Ok(bytes),
            Value::Number(_) => Err(Error::Unreadable),
        };
        these.into_iter().map(bytes).collect()
    }

    pub(super) fn end(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Unreadable) }
    }
}

fn text(bytes: &[u8]) -> Result<String, Error> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Error::Unreadable)
}
