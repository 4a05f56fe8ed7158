//! Encryption to a phone: Message Encryption for Web Push, RFC 8291, in one record of `aes128gcm`, RFC 8188.

use countersign_core::entropy::{Entropy, EntropyError, random};
use p256::elliptic_curve::sec1::ToSec1Point;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Prk, Salt};
use zeroize::Zeroizing;

use super::SendError;

/// The record size that stands in the header: what every receiver must take (RFC 8291 §4).
const RECORD: u32 = 4096;
/// The longest message of one record: without delimiter, authentication tag and header.
pub const MAX: usize = 3993;

/// What one message takes beside the receiver's keys: used once, then dropped.
pub struct Once {
    key: p256::SecretKey,
    salt: [u8; 16],
}

impl std::fmt::Debug for Once {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Once(..)")
    }
}

impl Once {
    /// New ones.
    ///
    /// # Errors
    /// As [`Entropy::fill`].
    pub fn make(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let mut secret = Zeroizing::new([0; 32]);
        // About one string of 32 bytes in 2³² is no private key: another is drawn then.
        for _ in 0..8 {
            entropy.fill(&mut *secret)?;
            if let Ok(key) = p256::SecretKey::from_slice(secret.as_slice()) {
                return Ok(Self { key, salt: random(entropy)? });
            }
        }
        Err(EntropyError)
    }

    /// Encrypts a message of at most [`MAX`] bytes for the receiver's public key (65 bytes) and authentication secret: a
    /// body for `Content-Encoding: aes128gcm`.
    ///
    /// # Errors
    /// [`SendError::Keys`] if the key is no point on the curve, or the message is too long.
    pub fn encrypt(self, message: &[u8], receiver: &[u8; 65], secret: &[u8; 16]) -> Result<Vec<u8>, SendError> {
        if message.len() > MAX {
            return Err(SendError::Keys);
        }
        let sender = self.key.public_key().to_sec1_point(false);
        let sender = sender.as_bytes();
        let public = p256::PublicKey::from_sec1_bytes(receiver).map_err(|_| SendError::Keys)?;
        let shared = p256::ecdh::diffie_hellman(self.key.to_nonzero_scalar(), public.as_affine());
        // RFC 8291 §3.3 and §3.4: the shared secret, bound to both keys and the authentication secret.
        let combined = Salt::new(HKDF_SHA256, secret).extract(shared.raw_secret_bytes());
        let material = expand(&combined, &[b"WebPush: info\0", receiver, sender])?;
        // RFC 8188 §2.2 and §2.3.
        let keys = Salt::new(HKDF_SHA256, &self.salt).extract(material.as_slice());
        let key = expand(&keys, &[b"Content-Encoding: aes128gcm\0"])?;
        let nonce = expand(&keys, &[b"Content-Encoding: nonce\0"])?;
        let (key, _) = key.split_first_chunk::<16>().ok_or(SendError::Keys)?;
        let (nonce, _) = nonce.split_first_chunk::<12>().ok_or(SendError::Keys)?;
        // The last record's delimiter is 2.
        let mut record = [message, &[2]].concat();
        let sealing = UnboundKey::new(&AES_128_GCM, key).map(LessSafeKey::new).map_err(|_| SendError::Keys)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        sealing.seal_in_place_append_tag(nonce, Aad::empty(), &mut record).map_err(|_| SendError::Keys)?;
        let length = u8::try_from(sender.len()).map_err(|_| SendError::Keys)?;
        Ok([&self.salt[..], &RECORD.to_be_bytes(), &[length], sender, &record].concat())
    }
}

/// 32 bytes; whoever needs fewer takes the first (HKDF's output for a shorter length is a prefix).
fn expand(key: &Prk, info: &[&[u8]]) -> Result<Zeroizing<[u8; 32]>, SendError> {
    let mut bytes = Zeroizing::new([0; 32]);
    let filled = key.expand(info, HKDF_SHA256).and_then(|output| output.fill(bytes.as_mut_slice()));
    filled.map(|()| bytes).map_err(|_| SendError::Keys)
}

#[cfg(test)]
mod tests {
    use countersign_core::entropy::SystemEntropy;
    use countersign_core::push::jose::{decode, encode};

    use super::super::SendError;
    use super::{MAX, Once};

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        decode(text).unwrap().try_into().unwrap()
    }

    /// RFC 8291, section 5 and appendix A.
    #[test]
    fn the_example_of_rfc_8291() {
        let key: [u8; 32] = bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw");
        let once = Once { key: p256::SecretKey::from_slice(&key).unwrap(), salt: bytes("DGv6ra1nlYgDCS1FRnbzlw") };
        let receiver = bytes("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4");
        let secret = bytes("BTBZMqHH6r4Tts7J_aSIgg");
        let body = once.encrypt(b"When I grow up, I want to be a watermelon", &receiver, &secret).unwrap();
        let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS\
                        6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulc\
                        y4a-fN";
        assert_eq!(encode(&body), expected);
    }

    /// A wake-up's body as http_ece 1.2.1 (Python) makes it from the same keys and salt.
    #[test]
    fn another_implementation_makes_the_same_body() {
        let once = Once { key: p256::SecretKey::from_slice(&[3; 32]).unwrap(), salt: [5; 16] };
        let receiver = bytes("BB4YUy_UdUwC8wQdnHXOszuD_9gax85P6ILMscmLxYlupGwxHE4v9A3ZajZT5uRURdMt_khuztdcepDGoYiBwKM");
        let body = once.encrypt(b"MDEyMzQ1Njc4OWFiY2RlZg", &receiver, &[9; 16]).unwrap();
        let expected = "BQUFBQUFBQUFBQUFBQUFBQAAEABBBFkat3HrvP1tnLkJTRBlKK3Rpp1EwsH2J_CJ7Fi5xhrfn05qvw0EXAxpOjxorXyXynK-\
                        ZN70om_s0mPdmKkngPDgKWPowTelEexMyJn97TVvXfuRsPiKdcCujypGsM12DwuW_hEeOdg";
        assert_eq!(encode(&body), expected);
    }

    #[test]
    fn keys_that_are_none_and_messages_that_are_too_long_are_refused() {
        let once = || Once::make(&SystemEntropy::new()).unwrap();
        let mut receiver =
            bytes("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4");
        assert_eq!(once().encrypt(&[0; MAX], &receiver, &[0; 16]).unwrap().len(), 4096);
        assert_eq!(once().encrypt(&[0; MAX + 1], &receiver, &[0; 16]), Err(SendError::Keys));
        receiver[64] ^= 1;
        assert_eq!(once().encrypt(b"x", &receiver, &[0; 16]), Err(SendError::Keys));
        assert_eq!(format!("{:?}", once()), "Once(..)");
    }
}
