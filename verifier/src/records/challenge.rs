//! From a challenge to its sign-in.

use super::Record;
use super::codec::{Reader, writer};
use crate::store::{Kind, StoreError};

/// Where a challenge belongs; its row's id is H of the challenge.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChallengeOf {
    /// The sign-in's row.
    pub(crate) sign_in: [u8; 32],
}

impl Record for ChallengeOf {
    const KIND: Kind = Kind::Challenge;

    fn to_bytes(&self) -> Vec<u8> {
        let mut row = writer();
        row.bytes(2, &self.sign_in);
        row.finish().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        Ok(Self { sign_in: Reader::new("challenge", bytes)?.array(2)? })
    }
}
