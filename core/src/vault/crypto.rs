//! Sealing and opening, key derivation and message authentication: every use of a cipher in the vault goes through here.
//!
//! Keys live in [`SealKey`], [`MacKey`] and [`RawKey`] only, always on the heap, and are wiped when dropped. ring's own
//! keys are not: one that is simply dropped leaves its schedule in freed memory. So ring's key stands in a box and is
//! overwritten *in place* by a dummy before the box is freed (`docs/adr/0003-keys-in-memory.md`; tested by a scan of
//! the process's memory).

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::{hkdf, hmac};
use zeroize::Zeroizing;

use super::Error;
use crate::entropy::{Entropy, random};

/// Length of a key in bytes.
pub(crate) const KEY: usize = 32;
/// What stands before and behind what is sealed.
pub(crate) const NONCE: usize = NONCE_LEN;
pub(crate) const TAG: usize = 16;
/// What sealing adds: 12 bytes of nonce before, 16 bytes of tag behind.
pub(crate) const OVERHEAD: usize = NONCE + TAG;

/// 256 secret bits from which others are derived or with which one thing is sealed; boxed, wiped on drop.
pub struct RawKey(Box<Zeroizing<[u8; KEY]>>);

impl RawKey {
    /// A new random key.
    pub(crate) fn make(entropy: &dyn Entropy) -> Result<Self, Error> {
        let mut key = Self::zero();
        entropy.fill(key.0.as_mut_slice())?;
        Ok(key)
    }

    /// From bytes that somebody else kept (a platform's keystore).
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if there are not 32 of them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut key = Self::zero();
        if bytes.len() != KEY {
            return Err(Error::InvalidInput { what: "key", reason: "a key has 32 bytes" });
        }
        key.0.copy_from_slice(bytes);
        Ok(key)
    }

    /// The bytes, for a platform's keystore to wrap.
    #[must_use]
    pub fn expose(&self) -> &[u8; KEY] {
        &self.0
    }

    /// HKDF-SHA256 (RFC 5869): extract with `salt`, expand with `label`.
    pub(crate) fn derive(&self, salt: &[u8], label: &str) -> Result<Self, Error> {
        derive(self.expose(), salt, label)
    }

    pub(crate) fn zero() -> Self {
        Self(Box::new(Zeroizing::new([0; KEY])))
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8; KEY] {
        &mut self.0
    }
}

impl std::fmt::Debug for RawKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RawKey(..)")
    }
}

/// HKDF-SHA256 (RFC 5869) of any input keying material.
pub(crate) fn derive(material: &[u8], salt: &[u8], label: &str) -> Result<RawKey, Error> {
    let mut key = RawKey::zero();
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(material)
        .expand(&[label.as_bytes()], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(key.bytes_mut()))
        .map_err(|_| Error::Internal("HKDF refused its lengths"))?;
    Ok(key)
}

/// Whatever was sealed with another key, with other associated data, or has been changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unopened;

/// AES-256-GCM under one key, nonces random.
pub(crate) struct SealKey(Box<LessSafeKey>);

impl SealKey {
    pub(crate) fn new(key: &RawKey) -> Result<Self, Error> {
        aes(key.expose()).map(|key| Self(Box::new(key)))
    }

    /// `nonce ‖ ciphertext ‖ tag` of the plaintext.
    pub(crate) fn seal(&self, entropy: &dyn Entropy, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Error> {
        let nonce: [u8; NONCE_LEN] = random(entropy)?;
        self.seal_with(nonce, aad, plaintext)
    }

    /// As [`SealKey::seal`] with a nonce that the caller never uses twice with this key.
    pub(crate) fn seal_with(&self, nonce: [u8; NONCE_LEN], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Error> {
        // Reserved whole, so that the plaintext, which is overwritten by its ciphertext here, is never moved.
        let mut sealed = Vec::with_capacity(plaintext.len() + OVERHEAD);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plaintext);
        let body = sealed.get_mut(NONCE_LEN..).unwrap_or_default();
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), body)
            .map_err(|_| Error::Internal("AES-GCM refused its lengths"))?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// The plaintext of what [`SealKey::seal`] gave, in a buffer that is used for one after the other.
    pub(crate) fn open_into<'a>(
        &self,
        aad: &[u8],
        sealed: &[u8],
        buffer: &'a mut Zeroizing<Vec<u8>>,
    ) -> Result<&'a [u8], Unopened> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Unopened)?;
        if buffer.capacity() < body.len() {
            // Growing would leave the old memory unwiped.
            *buffer = Zeroizing::new(Vec::with_capacity(body.len()));
        }
        buffer.clear();
        buffer.extend_from_slice(body);
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.0.open_in_place(nonce, Aad::from(aad), buffer).map_err(|_| Unopened)?;
        Ok(opened)
    }

    /// The plaintext of what [`SealKey::seal`] gave.
    pub(crate) fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Unopened)?;
        self.open_with(*nonce, aad, body)
    }

    /// As [`SealKey::open`] where the nonce is known and does not stand before the ciphertext.
    pub(crate) fn open_with(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        body: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        let mut plaintext = Zeroizing::new(body.to_vec());
        let length = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut plaintext)
            .map_err(|_| Unopened)?
            .len();
        plaintext.truncate(length);
        Ok(plaintext)
    }
}

fn aes(key: &[u8; KEY]) -> Result<LessSafeKey, Error> {
    UnboundKey::new(&AES_256_GCM, key)
        .map(LessSafeKey::new)
        .map_err(|_| Error::Internal("AES-256-GCM refused a key of 32 bytes"))
}

impl Drop for SealKey {
    fn drop(&mut self) {
        if let Ok(dummy) = aes(&[0; KEY]) {
            *self.0 = dummy;
            std::hint::black_box(&self.0);
        }
    }
}

/// HMAC-SHA256 under one key.
pub(crate) struct MacKey(Box<hmac::Key>);

impl MacKey {
    pub(crate) fn new(key: &RawKey) -> Self {
        Self(Box::new(hmac::Key::new(hmac::HMAC_SHA256, key.expose())))
    }

    /// The code of the parts, one after the other; whoever calls makes them unambiguous.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        let mut code = [0; 32];
        for (to, from) in code.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        code
    }
}

impl Drop for MacKey {
    fn drop(&mut self) {
        *self.0 = hmac::Key::new(hmac::HMAC_SHA256, &[0; KEY]);
        std::hint::black_box(&self.0);
    }
}

/// Associated data: each part behind its length (4 bytes, little-endian), so that no two lists read the same.
pub(crate) fn associated_data(parts: &[&[u8]]) -> Vec<u8> {
    let mut data = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    write_associated_data(&mut data, parts);
    data
}

/// As [`associated_data`], in place of what `data` held.
pub(crate) fn write_associated_data(data: &mut Vec<u8>, parts: &[&[u8]]) {
    data.clear();
    for part in parts {
        data.extend_from_slice(&length(part));
        data.extend_from_slice(part);
    }
}

/// A part's length as 4 bytes; nothing of 4 GiB or more is ever sealed.
pub(crate) fn length(part: &[u8]) -> [u8; 4] {
    u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes()
}

/// How many bytes stand before a payload that [`pad`] gave.
pub(crate) const LENGTH: usize = 4;

/// Hides how long a payload is: its length (4 bytes, little-endian), itself, zeros up to a multiple of 256 bytes, above
/// 4 KiB up to a power of two.
pub(crate) fn pad(payload: &[u8]) -> Zeroizing<Vec<u8>> {
    let bare = payload.len() + LENGTH;
    let full = if bare <= 4096 { bare.next_multiple_of(256) } else { bare.next_power_of_two() };
    let mut padded = Zeroizing::new(Vec::with_capacity(full));
    padded.extend_from_slice(&length(payload));
    padded.extend_from_slice(payload);
    padded.resize(full, 0);
    padded
}

/// The payload of what [`pad`] gave.
pub(crate) fn unpad(padded: &[u8]) -> Option<&[u8]> {
    let (length, rest) = padded.split_first_chunk::<LENGTH>()?;
    rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    use super::{OVERHEAD, RawKey, SealKey, Unopened, associated_data, derive, pad, unpad};
    use crate::entropy::SystemEntropy;

    #[test]
    fn a_sealed_thing_opens_only_whole_and_in_its_place() {
        let entropy = SystemEntropy::new();
        let key = SealKey::new(&RawKey::make(&entropy).unwrap()).unwrap();
        let sealed = key.seal(&entropy, b"place", b"thing").unwrap();
        assert_eq!(sealed.len(), 5 + OVERHEAD);
        assert_eq!(key.open(b"place", &sealed).unwrap().as_slice(), b"thing");
        assert_eq!(key.open(b"elsewhere", &sealed), Err(Unopened));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(b"place", &changed), Err(Unopened));
            assert_eq!(key.open(b"place", &sealed[..at]), Err(Unopened));
        }
    }

    #[test]
    fn hkdf_is_that_of_rfc_5869() {
        // Appendix A.1 has info bytes that are no text; A.3 has empty salt and info, and its first 32 bytes are:
        let key = derive(&[0x0b; 22], b"", "").unwrap();
        let expected = data_encoding::HEXLOWER
            .decode(b"8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d")
            .unwrap();
        assert_eq!(key.expose().as_slice(), expected);
    }

    #[test]
    fn lengths_are_padded_and_come_back() {
        for (payload, padded) in [(0, 256), (252, 256), (253, 512), (4092, 4096), (4093, 8192), (9000, 16384)] {
            let bytes = vec![7; payload];
            assert_eq!(pad(&bytes).len(), padded);
            assert_eq!(unpad(&pad(&bytes)), Some(&bytes[..]));
        }
        assert_eq!(unpad(&[9, 0, 0, 0, 1]), None);
        assert_eq!(unpad(&[0, 0]), None);
    }

    #[test]
    fn associated_data_is_unambiguous() {
        assert_ne!(associated_data(&[b"ab", b"c"]), associated_data(&[b"a", b"bc"]));
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", RawKey::from_bytes(&[1; 32]).unwrap()), "RawKey(..)");
    }
}
