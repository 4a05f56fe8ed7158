//! From a password to a key: Argon2id (RFC 9106, version 1.3), with bounds that are checked before any memory is taken.

use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::{Zeroize, Zeroizing};

use super::Error;
use super::crypto::RawKey;

const MIB: u32 = 1024;

/// The cost of guessing one password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB: 64 to 256 MiB.
    memory: u32,
    /// Passes: 3 to 10.
    passes: u32,
    /// Lanes: 1 to 4.
    lanes: u32,
}

impl Cost {
    /// The least that we accept: 64 MiB, three passes, one lane.
    pub const LEAST: Self = Self { memory: 64 * MIB, passes: 3, lanes: 1 };

    /// Within the bounds: memory 64 to 256 MiB (in KiB), passes 3 to 10, lanes 1 to 4.
    ///
    /// # Errors
    /// [`Error::KdfBounds`] outside them.
    pub fn new(memory_kib: u64, passes: u64, lanes: u64) -> Result<Self, Error> {
        let within = |value: u64, low: u32, high: u32| {
            u32::try_from(value).ok().filter(|value| (low..=high).contains(value)).ok_or(Error::KdfBounds)
        };
        Ok(Self {
            memory: within(memory_kib, 64 * MIB, 256 * MIB)?,
            passes: within(passes, 3, 10)?,
            lanes: within(lanes, 1, 4)?,
        })
    }

    /// Memory in KiB.
    #[must_use]
    pub const fn memory_kib(self) -> u32 {
        self.memory
    }

    /// Passes over the memory.
    #[must_use]
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// Lanes.
    #[must_use]
    pub const fn lanes(self) -> u32 {
        self.lanes
    }

    /// What takes about half a second here, by one trial run at [`Cost::LEAST`]: first more memory, then more passes.
    ///
    /// `elapsed` tells the time since some fixed moment.
    ///
    /// # Errors
    /// As [`Error::Internal`] if Argon2 refuses its own parameters.
    pub fn calibrate(elapsed: &dyn Fn() -> Duration) -> Result<Self, Error> {
        let before = elapsed();
        stretch(b"calibration", &[0; 16], Self::LEAST)?;
        Ok(Self::for_speed(elapsed().saturating_sub(before)))
    }

    /// What takes about half a second where [`Cost::LEAST`] takes `trial`.
    fn for_speed(trial: Duration) -> Self {
        let factor = u32::try_from(500 / trial.as_millis().max(1)).unwrap_or(u32::MAX);
        // Doublings only, so that vaults do not differ by the noise of a measurement.
        let memory = match factor {
            0..=1 => 64,
            2..=3 => 128,
            _ => 256,
        };
        let passes = (3 * factor.min(1000) * 64 / memory).clamp(3, 10);
        Self { memory: memory * MIB, passes, lanes: 1 }
    }
}

/// Argon2id of the password: 32 bytes.
pub(crate) fn stretch(password: &[u8], salt: &[u8; 16], cost: Cost) -> Result<RawKey, Error> {
    let refused = |_| Error::Internal("Argon2 refused parameters within its bounds");
    let params = Params::new(cost.memory, cost.passes, cost.lanes, Some(32)).map_err(refused)?;
    let mut blocks = Blocks(vec![Block::default(); params.block_count()]);
    let mut key = RawKey::zero();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(password, salt, key.bytes_mut(), &mut blocks.0)
        .map_err(refused)?;
    Ok(key)
}

/// The memory that Argon2 fills; its last blocks give the key, so it is wiped.
struct Blocks(Vec<Block>);

impl Drop for Blocks {
    fn drop(&mut self) {
        for block in &mut self.0 {
            block.zeroize();
        }
    }
}

/// A password as a person typed it: at least eight characters, normalised by nobody (the bytes are what counts).
#[derive(Clone)]
pub struct Password(Zeroizing<Vec<u8>>);

impl Password {
    /// The fewest characters of a new password.
    pub const MIN: usize = 8;
    /// The most bytes; longer ones are refused rather than cut.
    pub const MAX: usize = 1024;

    /// For unlocking: whatever was typed.
    #[must_use]
    pub fn typed(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// For a new password.
    ///
    /// # Errors
    /// [`Error::WeakPassword`] under eight characters, [`Error::InvalidInput`] over 1,024 bytes.
    pub fn chosen(bytes: Vec<u8>) -> Result<Self, Error> {
        let password = Self::typed(bytes);
        let characters = std::str::from_utf8(&password.0).map_or(password.0.len(), |text| text.chars().count());
        if characters < Self::MIN {
            return Err(Error::WeakPassword { least: Self::MIN });
        }
        if password.0.len() > Self::MAX {
            return Err(Error::InvalidInput { what: "password", reason: "it has more than 1,024 bytes" });
        }
        Ok(password)
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Cost, Password, stretch};
    use crate::vault::Error;

    #[test]
    fn costs_outside_the_bounds_do_not_build() {
        let mib = 1024;
        assert!(Cost::new(64 * mib, 3, 1).is_ok() && Cost::new(256 * mib, 10, 4).is_ok());
        for (memory, passes, lanes) in [
            (64 * mib - 1, 3, 1),
            (256 * mib + 1, 3, 1),
            (1 << 40, 3, 1),
            (64 * mib, 2, 1),
            (64 * mib, 11, 1),
            (64 * mib, 3, 0),
            (64 * mib, 3, 5),
        ] {
            assert_eq!(Cost::new(memory, passes, lanes), Err(Error::KdfBounds));
        }
    }

    #[test]
    fn calibration_stays_within_the_bounds_at_any_speed() {
        for millis in [0, 1, 30, 60, 100, 125, 250, 400, 500, 900, 60_000] {
            let cost = Cost::for_speed(Duration::from_millis(millis));
            assert_eq!(Cost::new(cost.memory.into(), cost.passes.into(), cost.lanes.into()), Ok(cost));
        }
        assert_eq!(Cost::for_speed(Duration::from_secs(2)), Cost::LEAST);
        assert_eq!(Cost::for_speed(Duration::from_millis(125)), Cost { memory: 256 * 1024, passes: 3, lanes: 1 });
    }

    #[test]
    fn the_key_is_that_of_another_argon2() {
        // argon2-cffi 25.1: hash_secret_raw(b"correct horse", b"0123456789abcdef", 3, 65536, 1, 32, Type.ID)
        let key = stretch(b"correct horse", b"0123456789abcdef", Cost::LEAST).unwrap();
        assert_eq!(
            data_encoding::HEXLOWER.encode(key.expose()),
            "92599c67f23f1d9dce9b6f0cfb5a9b18ce110336de00799947472465edd9e49a"
        );
    }

    #[test]
    fn short_and_huge_passwords_are_refused() {
        assert!(matches!(Password::chosen(b"1234567".to_vec()), Err(Error::WeakPassword { least: 8 })));
        assert!(matches!(Password::chosen("ééééééé".into()), Err(Error::WeakPassword { .. })));
        assert!(Password::chosen(b"12345678".to_vec()).is_ok());
        assert!(Password::chosen(vec![b'a'; 1025]).is_err());
        assert_eq!(format!("{:?}", Password::typed(b"hunter2".to_vec())), "Password(..)");
    }
}
