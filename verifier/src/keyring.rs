//! Sealing what a verifier must not keep in the clear: tickets, seeds, online private keys, digits on a page.
//!
//! AES-256-GCM with a random nonce; the additional data say what is sealed and whose it is, so that a sealed value can't be
//! moved to another row. The keys live outside the database: the embedding code brings them from where it keeps secrets.
//!
//! Shape: `01`, key id (4 bytes, big-endian), nonce (12), ciphertext and tag.

use std::fmt;

use countersign_core::entropy::{Entropy, EntropyError, random};
use countersign_core::secret::SecretBytes;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroize;

const VERSION: u8 = 1;
const NONCE: usize = 12;

/// The name of a key in a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub u32);

/// What is sealed. The labels stand in the additional data: they are never given to something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A ticket; whose: its name on the wire.
    Ticket,
    /// An enrolment's key of time-based codes; whose: its id.
    Totp,
    /// An enrolment's key of eight digits; whose: its id.
    Offline,
    /// An online private key; whose: its thumbprint.
    OnlineKey,
    /// The digits that a page shows; whose: the sign-in's id.
    Shown,
    /// The seed of a one-time password; whose: its row's id.
    Seed,
    /// The key under which recovery codes are hashed; whose: its row's id.
    Recovery,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Ticket => b"ticket",
            Self::Totp => b"totp",
            Self::Offline => b"offline",
            Self::OnlineKey => b"online key",
            Self::Shown => b"shown",
            Self::Seed => b"seed",
            Self::Recovery => b"recovery",
        }
    }
}

/// A value couldn't be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// The key that it was sealed with isn't in the ring.
    #[error("sealed with a key that isn't in the ring")]
    UnknownKey(KeyId),
    /// Not sealed by this ring, for something else, for somebody else, or damaged.
    #[error("not what was sealed")]
    Damaged,
    /// The ring has a key of that name already, or none of that name.
    #[error("no such key, or a second one of that name")]
    Name,
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// Keys that seal and open. One of them seals; the others only open what was sealed before.
pub struct KeyRing {
    sealing: KeyId,
    keys: Vec<(KeyId, Box<LessSafeKey>)>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("sealing", &self.sealing).finish_non_exhaustive()
    }
}

impl Drop for KeyRing {
    /// A key of ring's, simply dropped, stays in freed memory: it is overwritten in place first (ADR 3).
    fn drop(&mut self) {
        for (_, key) in &mut self.keys {
            if let Ok(zero) = UnboundKey::new(&AES_256_GCM, &[0; 32]) {
                **key = LessSafeKey::new(zero);
                std::hint::black_box(&**key);
            }
        }
    }
}

fn prepare(mut key: [u8; 32]) -> Result<Box<LessSafeKey>, KeyRingError> {
    let unbound = UnboundKey::new(&AES_256_GCM, &key).map_err(|_| KeyRingError::Damaged);
    key.zeroize();
    unbound.map(|unbound| Box::new(LessSafeKey::new(unbound)))
}

impl KeyRing {
    /// A ring with its first key, 32 random bytes, which seals.
    ///
    /// # Errors
    /// None that a key of 32 bytes could meet.
    pub fn new(id: KeyId, key: [u8; 32]) -> Result<Self, KeyRingError> {
        Ok(Self { sealing: id, keys: vec![(id, prepare(key)?)] })
    }

    /// Adds a key that only opens: one that sealed before.
    ///
    /// # Errors
    /// [`KeyRingError::Name`] for a second key of that name.
    pub fn add(&mut self, id: KeyId, key: [u8; 32]) -> Result<(), KeyRingError> {
        if self.find(id).is_some() {
            return Err(KeyRingError::Name);
        }
        self.keys.push((id, prepare(key)?));
        Ok(())
    }

    /// Adds a key that seals from now on; the one before still opens.
    ///
    /// # Errors
    /// As [`KeyRing::add`].
    pub fn rotate(&mut self, id: KeyId, key: [u8; 32]) -> Result<(), KeyRingError> {
        self.add(id, key)?;
        self.sealing = id;
        Ok(())
    }

    /// The key that seals.
    #[must_use]
    pub const fn sealing(&self) -> KeyId {
        self.sealing
    }

    fn find(&self, id: KeyId) -> Option<&LessSafeKey> {
        self.keys.iter().find(|(known, _)| *known == id).map(|(_, key)| &**key)
    }

    /// Seals a secret.
    ///
    /// # Errors
    /// [`KeyRingError::Entropy`].
    pub fn seal(
        &self,
        purpose: Purpose,
        whose: &[u8],
        secret: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, KeyRingError> {
        let nonce: [u8; NONCE] = random(entropy)?;
        let key = self.find(self.sealing).ok_or(KeyRingError::UnknownKey(self.sealing))?;
        let mut buffer = Vec::with_capacity(secret.len().saturating_add(16));
        buffer.extend_from_slice(secret);
        let aad = Aad::from(additional(purpose, whose));
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut buffer)
            .map_err(|_| KeyRingError::Damaged)?;
        Ok([&[VERSION], &self.sealing.0.to_be_bytes()[..], &nonce, &buffer].concat())
    }

    /// Opens what was sealed for that purpose and owner.
    ///
    /// # Errors
    /// [`KeyRingError::UnknownKey`], [`KeyRingError::Damaged`].
    pub fn open(&self, purpose: Purpose, whose: &[u8], sealed: &[u8]) -> Result<SecretBytes, KeyRingError> {
        let (id, rest) = split(sealed)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>().ok_or(KeyRingError::Damaged)?;
        let key = self.find(id).ok_or(KeyRingError::UnknownKey(id))?;
        let mut buffer = ciphertext.to_vec();
        let aad = Aad::from(additional(purpose, whose));
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = match key.open_in_place(nonce, aad, &mut buffer) {
            Ok(secret) => secret.len(),
            Err(_) => {
                buffer.zeroize();
                return Err(KeyRingError::Damaged);
            }
        };
        buffer.truncate(length);
        Ok(SecretBytes::new(buffer))
    }

    /// Seals again with the key that seals now; nothing where that one sealed it already.
    ///
    /// # Errors
    /// As [`KeyRing::open`] and [`KeyRing::seal`].
    pub fn reseal(
        &self,
        purpose: Purpose,
        whose: &[u8],
        sealed: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Option<Vec<u8>>, KeyRingError> {
        if split(sealed)?.0 == self.sealing {
            return Ok(None);
        }
        let secret = self.open(purpose, whose, sealed)?;
        self.seal(purpose, whose, secret.expose(), entropy).map(Some)
    }
}

fn split(sealed: &[u8]) -> Result<(KeyId, &[u8]), KeyRingError> {
    let (head, rest) = sealed.split_first_chunk::<5>().ok_or(KeyRingError::Damaged)?;
    let [version, id @ ..] = *head;
    if version == VERSION { Ok((KeyId(u32::from_be_bytes(id)), rest)) } else { Err(KeyRingError::Damaged) }
}

/// `countersign-verifier-v1`, label and owner, each but the first with a zero byte or its end behind it: labels have none.
fn additional(purpose: Purpose, whose: &[u8]) -> Vec<u8> {
    [b"countersign-verifier-v1\0", purpose.label(), b"\0", whose].concat()
}

#[cfg(test)]
mod tests {
    use super::{KeyId, KeyRing, KeyRingError, Purpose};
    use countersign_core::entropy::SystemEntropy;

    fn ring() -> KeyRing {
        KeyRing::new(KeyId(1), [7; 32]).unwrap()
    }

    #[test]
    fn a_sealed_value_opens_for_its_purpose_and_owner_alone() {
        let (ring, entropy) = (ring(), SystemEntropy::new());
        let sealed = ring.seal(Purpose::Totp, b"me", b"secret", &entropy).unwrap();
        assert_eq!(ring.open(Purpose::Totp, b"me", &sealed).unwrap().expose(), b"secret");
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_eq!(ring.open(Purpose::Offline, b"me", &sealed), Err(KeyRingError::Damaged));
        assert_eq!(ring.open(Purpose::Totp, b"you", &sealed), Err(KeyRingError::Damaged));
        for at in 0..sealed.len() {
            let mut other = sealed.clone();
            other[at] ^= 1;
            assert!(ring.open(Purpose::Totp, b"me", &other).is_err(), "byte {at}");
        }
        for length in 0..sealed.len() {
            assert!(ring.open(Purpose::Totp, b"me", &sealed[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn after_a_rotation_old_values_open_and_can_be_sealed_anew() {
        let (mut ring, entropy) = (ring(), SystemEntropy::new());
        let sealed = ring.seal(Purpose::Seed, b"row", b"secret", &entropy).unwrap();
        assert_eq!(ring.reseal(Purpose::Seed, b"row", &sealed, &entropy), Ok(None));
        ring.rotate(KeyId(2), [8; 32]).unwrap();
        assert_eq!(ring.rotate(KeyId(2), [9; 32]), Err(KeyRingError::Name));
        assert_eq!(ring.open(Purpose::Seed, b"row", &sealed).unwrap().expose(), b"secret");
        let anew = ring.reseal(Purpose::Seed, b"row", &sealed, &entropy).unwrap().unwrap();
        let only_new = KeyRing::new(KeyId(2), [8; 32]).unwrap();
        assert_eq!(only_new.open(Purpose::Seed, b"row", &anew).unwrap().expose(), b"secret");
        assert_eq!(only_new.open(Purpose::Seed, b"row", &sealed), Err(KeyRingError::UnknownKey(KeyId(1))));
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", ring()), "KeyRing { sealing: KeyId(1), .. }");
    }
}
