//! Yandex.Key: eight letters from an HMAC-SHA256 whose key is mixed from PIN and secret, every thirty seconds.
//!
//! Not published by Yandex; as the open implementations `KeeYaOtp` and Aegis agree. Secrets come in two forms: 16 bytes
//! (from a QR code), or 26 bytes (typed) with 16 bytes of secret in front and a checksum in the last 12 bits.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::mac::Key;
use super::{Algorithm, Code, Error, Period, Secret, Text};
use crate::secret::SecretText;
use crate::time::UnixTime;

const NAME: &str = "Yandex";
/// x¹² + x¹¹ + x⁷ + x⁶ + x⁵ + x⁴ + x + 1.
const POLYNOMIAL: u16 = 0b1_1000_1111_0011;

/// A Yandex.Key authenticator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Yandex {
    secret: Secret,
    pin: SecretText,
    key: Key,
}

impl Yandex {
    /// How many letters a code has.
    pub const LENGTH: u8 = 8;
    /// How long a code lasts.
    pub const PERIOD: Period = Period::THIRTY;

    /// From the secret's 16 bytes, or 26 with a checksum, and the PIN of 4 to 16 digits.
    ///
    /// # Errors
    /// [`Error::SecretForm`] for another length or a wrong checksum; [`Error::Pin`].
    pub fn new(secret: Secret, pin: SecretText) -> Result<Self, Error> {
        let bytes = secret.expose();
        let head = match bytes.len() {
            16 => bytes,
            26 if checksum_holds(bytes) => bytes.get(..16).ok_or(Error::SecretForm(NAME))?,
            _ => return Err(Error::SecretForm(NAME)),
        };
        let digits = pin.expose().as_bytes();
        if !(4..=16).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
            return Err(Error::Pin(NAME));
        }
        let key = derive_key(digits, head)?;
        Ok(Self { secret: Secret::new(head)?, pin, key })
    }

    /// The code at that moment, the next one, and the window in milliseconds: as RFC 4226 §5.3, but 63 bits, in
    /// base 26.
    ///
    /// # Errors
    /// [`Error::BeforeEpoch`] for a moment before 1970.
    pub fn code(&self, at: UnixTime) -> Result<Code, Error> {
        Code::timed(at, Self::PERIOD.seconds(), |counter| {
            let number = u64::from_be_bytes(self.key.truncated(counter)?) & (u64::MAX >> 1);
            Ok(Text::in_base(b"abcdefghijklmnopqrstuvwxyz", Self::LENGTH, number))
        })
    }

    /// The secret's 16 bytes; a checksum does not stay.
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        self.secret.expose()
    }

    /// The PIN.
    #[must_use]
    pub const fn pin(&self) -> &SecretText {
        &self.pin
    }
}

/// SHA-256(PIN ‖ secret), without its first byte where that is zero (only one: a quirk that all must share).
fn derive_key(pin: &[u8], secret: &[u8]) -> Result<Key, Error> {
    let hash = Zeroizing::new(<[u8; 32]>::from(Sha256::new_with_prefix(pin).chain_update(secret).finalize()));
    let key = hash.strip_prefix(&[0]).unwrap_or(&*hash);
    Ok(Key::new(Algorithm::Sha256, Secret::new(key)?))
}

/// Whether the last 12 bits are the remainder of all bits before them, as a polynomial over GF(2), by [`POLYNOMIAL`].
fn checksum_holds(bytes: &[u8]) -> bool {
    let Some((body, [high, low])) = bytes.split_last_chunk::<2>() else { return false };
    let remainder = body.iter().fold(0, |sum, byte| divide(sum, *byte, 8));
    divide(remainder, high >> 4, 4) == u16::from_be_bytes([high & 0xf, *low])
}

/// Takes the lowest `count` bits of `byte`, the highest of them first, into the remainder.
fn divide(remainder: u16, byte: u8, count: u8) -> u16 {
    (0..count).rev().fold(remainder, |sum, place| {
        let longer = sum << 1 | u16::from(byte >> place & 1);
        if longer & 0x1000 == 0 { longer } else { longer ^ POLYNOMIAL }
    })
}

#[cfg(test)]
mod tests {
    use super::derive_key;

    #[test]
    fn one_leading_zero_byte_of_the_key_is_dropped() {
        let zero = (0..=u16::MAX)
            .map(|n| {
                let mut secret = [0; 16];
                secret[14..].copy_from_slice(&n.to_be_bytes());
                derive_key(b"0000", &secret).unwrap()
            })
            .find(|key| key.secret().len() != 32);
        assert_eq!(zero.unwrap().secret().len(), 31);
    }
}
