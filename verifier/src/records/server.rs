//! The verifier itself.

use countersign_core::time::UnixTime;

use super::Record;
use super::codec::{Put, Reader, StoredKey, writer};
use crate::store::{Kind, StoreError};

/// What an online key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyState {
    /// Made, and not in metadata yet.
    Prepared,
    /// Signs.
    Current,
    /// Signed before; listed until then, or until other metadata is published.
    Old(Option<UnixTime>),
}

/// An online key, its private half sealed.
#[derive(Debug, Clone)]
pub(crate) struct OnlineKey {
    pub(crate) key: StoredKey,
    /// None where it only has to be listed.
    pub(crate) sealed: Option<Vec<u8>>,
    pub(crate) state: KeyState,
}

/// What metadata says, and the keys behind it.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) sequence: u64,
    pub(crate) name: String,
    pub(crate) require_uv: bool,
    pub(crate) require_hardware: bool,
    /// In the order of metadata.
    pub(crate) keys: Vec<OnlineKey>,
    /// Metadata that was signed elsewhere.
    pub(crate) published: Option<String>,
}

impl Record for Server {
    const KIND: Kind = Kind::Server;

    fn to_bytes(&self) -> Vec<u8> {
        let mut row = writer();
        row.number(2, self.sequence).text(3, &self.name).flag(4, self.require_uv).flag(5, self.require_hardware);
        for key in &self.keys {
            let mut part = countersign_core::wire::Writer::new();
            part.bytes(1, &key.key.to_bytes());
            if let Some(sealed) = &key.sealed {
                part.bytes(2, sealed);
            }
            match key.state {
                KeyState::Prepared => part.number(3, 1),
                KeyState::Current => part.number(3, 2),
                KeyState::Old(None) => part.number(3, 3),
                KeyState::Old(Some(until)) => part.number(3, 3).time(4, until),
            };
            row.bytes(6, &part.finish());
        }
        if let Some(published) = &self.published {
            row.text(7, published);
        }
        row.finish().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let row = Reader::new("server", bytes)?;
        let mut keys = Vec::new();
        for part in row.each(6) {
            let part = Reader::nested("server", part?)?;
            let state = match part.number(3)? {
                1 => KeyState::Prepared,
                2 => KeyState::Current,
                3 => KeyState::Old(part.maybe_time(4)?),
                _ => return Err(part.damaged()),
            };
            let sealed = part.maybe_bytes(2)?.map(<[u8]>::to_vec);
            keys.push(OnlineKey { key: StoredKey::from_bytes(part.bytes(1)?)?, sealed, state });
        }
        Ok(Self {
            sequence: row.number(2)?,
            name: row.text(3)?,
            require_uv: row.flag(4)?,
            require_hardware: row.flag(5)?,
            keys,
            published: row.maybe_text(7)?,
        })
    }
}
