//! The authenticator app of an account: its secret, sealed, and which of its codes are used up.

use countersign_core::otp::Algorithm;
use countersign_core::time::UnixTime;

use super::Record;
use super::codec::{Put, Reader, writer};
use crate::otp::{HotpState, TotpState, Tries};
use crate::store::{Kind, StoreError};

/// Which codes, and which of them are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Used {
    Totp { period: u32, state: TotpState },
    Hotp(HotpState),
}

/// An authenticator app of an account; its row's id is the account's.
#[derive(Debug, Clone)]
pub(crate) struct Seed {
    pub(crate) sealed: Vec<u8>,
    pub(crate) algorithm: Algorithm,
    pub(crate) digits: u8,
    pub(crate) used: Used,
}

const fn number_of(algorithm: Algorithm) -> u64 {
    match algorithm {
        Algorithm::Sha1 => 1,
        Algorithm::Sha224 => 2,
        Algorithm::Sha256 => 3,
        Algorithm::Sha384 => 4,
        Algorithm::Sha512 => 5,
    }
}

impl Seed {
    pub(crate) const fn tries(&self) -> Tries {
        match self.used {
            Used::Totp { state, .. } => state.tries,
            Used::Hotp(state) => state.tries,
        }
    }

    pub(crate) fn lift(&mut self) {
        match &mut self.used {
            Used::Totp { state, .. } => state.tries = Tries::lifted(),
            Used::Hotp(state) => state.tries = Tries::lifted(),
        }
    }
}

impl Record for Seed {
    const KIND: Kind = Kind::Seed;

    fn to_bytes(&self) -> Vec<u8> {
        let mut row = writer();
        row.bytes(2, &self.sealed).number(3, number_of(self.algorithm)).number(4, self.digits.into());
        row.number(5, self.tries().in_a_row().into()).time(6, self.tries().last());
        match self.used {
            Used::Totp { period, state } => {
                row.number(7, period.into());
                if let Some(step) = state.last_step {
                    row.number(8, step);
                }
                // Steps of drift either side of none, so that no sign is written.
                row.number(9, u64::from(state.drift.wrapping_sub(i16::MIN).cast_unsigned()));
            }
            Used::Hotp(state) => {
                row.number(10, state.counter);
            }
        }
        row.finish().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let row = Reader::new("authenticator", bytes)?;
        let number = row.number(3)?;
        let algorithm = Algorithm::ALL.into_iter().find(|known| number_of(*known) == number).ok_or(row.damaged())?;
        let tries = Tries::stored(row.small(5)?, row.time(6).unwrap_or(UnixTime::from_millis(0)));
        let used = match row.maybe_number(10)? {
            Some(counter) => Used::Hotp(HotpState { counter, tries }),
            None => {
                let drift = row.small::<u16>(9)?.cast_signed().wrapping_add(i16::MIN);
                let state = TotpState { last_step: row.maybe_number(8)?, drift, tries };
                Used::Totp { period: row.small(7)?, state }
            }
        };
        Ok(Self { sealed: row.bytes(2)?.to_vec(), algorithm, digits: row.small(4)?, used })
    }
}
