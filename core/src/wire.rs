//! Protocol Buffers' wire format, as far as we need it: fields of kind *varint* and *length-delimited*.
//!
//! The vault's records, its slots and Google's migration payloads are all written this way. Source: the encoding
//! chapter of the Protocol Buffers documentation. A field is a key (`number << 3 | kind`) and a value; kinds 0 (varint),
//! 1 (8 bytes), 2 (length and bytes) and 5 (4 bytes) are read, 0 and 2 are written.

use zeroize::Zeroizing;

/// Why bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The bytes end inside a field.
    #[error("the data ends in the middle of a field")]
    Truncated,
    /// A varint over 64 bits, a field number of 0 or an unknown kind.
    #[error("the data has a field that no version of the format knows")]
    Malformed,
}

/// A field's value, borrowed from the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// Kind 0; also how kinds 1 and 5 (fixed width) are told.
    Number(u64),
    /// Kind 2.
    Bytes(&'a [u8]),
}

/// The fields of a message, in order; stops after the first error.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

/// Reads a message's fields one after the other.
#[must_use]
pub fn fields(message: &[u8]) -> Fields<'_> {
    Fields { rest: message }
}

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], WireError> {
        let (head, tail) = self.rest.split_at_checked(count).ok_or(WireError::Truncated)?;
        self.rest = tail;
        Ok(head)
    }

    fn varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first().ok_or(WireError::Truncated)?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(WireError::Malformed);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(WireError::Malformed)
    }

    fn field(&mut self) -> Result<(u32, Value<'a>), WireError> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).map_err(|_| WireError::Malformed)?;
        if number == 0 {
            return Err(WireError::Malformed);
        }
        let value = match key & 7 {
            0 => Value::Number(self.varint()?),
            1 => Value::Number(little_endian(self.take(8)?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| WireError::Truncated)?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Number(little_endian(self.take(4)?)),
            _ => return Err(WireError::Malformed),
        };
        Ok((number, value))
    }
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Value<'a>), WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

/// Writes a message into memory that is wiped, also when it grows.
#[derive(Default)]
pub struct Writer {
    bytes: Zeroizing<Vec<u8>>,
}

impl Writer {
    /// An empty message.
    #[must_use]
    pub fn new() -> Self {
        Self { bytes: Zeroizing::new(Vec::with_capacity(256)) }
    }

    /// A number (kind 0).
    pub fn number(&mut self, field: u32, value: u64) -> &mut Self {
        self.varint(u64::from(field) << 3);
        self.varint(value);
        self
    }

    /// Bytes, text or a nested message (kind 2).
    pub fn bytes(&mut self, field: u32, value: &[u8]) -> &mut Self {
        self.varint(u64::from(field) << 3 | 2);
        // usize is at most 64 bits on every target that Rust has.
        self.varint(value.len() as u64);
        self.append(value);
        self
    }

    /// The message.
    #[must_use]
    pub fn finish(self) -> Zeroizing<Vec<u8>> {
        self.bytes
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.append(&[(value & 0x7f).to_le_bytes()[0] | 0x80]);
            value >>= 7;
        }
        self.append(&value.to_le_bytes()[..1]);
    }

    /// A vector that grows leaves its old memory unwiped; this one moves by hand and wipes.
    fn append(&mut self, more: &[u8]) {
        let needed = self.bytes.len() + more.len();
        if needed > self.bytes.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(2 * self.bytes.capacity())));
            larger.extend_from_slice(&self.bytes);
            self.bytes = larger;
        }
        self.bytes.extend_from_slice(more);
    }
}

#[cfg(test)]
mod tests {
    use super::{Value, WireError, Writer, fields};

    #[test]
    fn what_is_written_is_read() {
        let mut writer = Writer::new();
        writer.number(1, 0).number(2, u64::MAX).bytes(3, b"text").bytes(4000, &[7; 700]);
        let message = writer.finish();
        let read: Vec<_> = fields(&message).map(Result::unwrap).collect();
        assert_eq!(
            read,
            [
                (1, Value::Number(0)),
                (2, Value::Number(u64::MAX)),
                (3, Value::Bytes(b"text")),
                (4000, Value::Bytes(&[7; 700])),
            ]
        );
    }

    #[test]
    fn known_bytes_of_the_documentation() {
        // "Encoding": message Test1 { int32 a = 1; } with a = 150; Test2 { string b = 2; } with "testing".
        let mut writer = Writer::new();
        writer.number(1, 150).bytes(2, b"testing");
        assert_eq!(&writer.finish()[..], b"\x08\x96\x01\x12\x07testing");
    }

    #[test]
    fn bad_bytes_are_refused_once() {
        for (bytes, error) in [
            (&b"\x08"[..], WireError::Truncated),
            (b"\x12\x05ab", WireError::Truncated),
            (b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", WireError::Truncated),
            (b"\x00\x01", WireError::Malformed),
            (b"\x0b", WireError::Malformed),
            (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", WireError::Malformed),
        ] {
            let mut iterator = fields(bytes);
            assert_eq!(iterator.next(), Some(Err(error)));
            assert_eq!(iterator.next(), None);
        }
    }
}
