//! The keyed hash that every kind but mOTP rests on, and its dynamic truncation (RFC 4226 §5.3).

use std::fmt;

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use subtle::ConstantTimeEq;

use super::{Algorithm, Error, Secret};

/// A secret, ready to be hashed with: built once, so that a code copies no secret.
#[derive(Clone)]
pub(super) struct Key {
    algorithm: Algorithm,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    /// SHA-1, SHA-256 and SHA-512. With a step of one second, the library's time *is* the counter.
    Library(totp_rs::Totp),
    /// SHA-224 and SHA-384, which the library does not know.
    Own(Secret),
}

impl Key {
    /// Moves the secret in; what the caller's copy held is wiped.
    pub(super) fn new(algorithm: Algorithm, secret: Secret) -> Self {
        let library = match algorithm {
            Algorithm::Sha1 => Some(totp_rs::Algorithm::SHA1),
            Algorithm::Sha256 => Some(totp_rs::Algorithm::SHA256),
            Algorithm::Sha512 => Some(totp_rs::Algorithm::SHA512),
            Algorithm::Sha224 | Algorithm::Sha384 => None,
        };
        let kind = match library {
            // From a slice, since that copies to the heap only: nothing is left on the stack by later moves.
            Some(hash) => Kind::Library(
                totp_rs::Builder::new()
                    .with_algorithm(hash)
                    .with_step_duration(1)
                    .with_secret(secret.expose())
                    .build_noncompliant(),
            ),
            None => Kind::Own(secret),
        };
        Self { algorithm, kind }
    }

    pub(super) const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn secret(&self) -> &[u8] {
        match &self.kind {
            Kind::Library(totp) => totp.secret().as_bytes(),
            Kind::Own(secret) => secret.expose(),
        }
    }

    /// The 31 bits that a counter's code is made of: `Snum` of RFC 4226 §5.3, before the modulo.
    pub(super) fn number(&self, counter: u64) -> Result<u32, Error> {
        self.truncated(counter).map(|word| u32::from_be_bytes(word) & 0x7fff_ffff)
    }

    /// `N` bytes of the counter's HMAC, from the offset that its last four bits name.
    pub(super) fn truncated<const N: usize>(&self, counter: u64) -> Result<[u8; N], Error> {
        match &self.kind {
            Kind::Library(totp) => truncate(totp.sign(counter).as_ref()),
            Kind::Own(secret) if self.algorithm == Algorithm::Sha384 => {
                own::<Hmac<sha2::Sha384>, N>(secret.expose(), counter)
            }
            Kind::Own(secret) => own::<Hmac<sha2::Sha224>, N>(secret.expose(), counter),
        }
    }
}

fn own<M: Mac + KeyInit, const N: usize>(secret: &[u8], counter: u64) -> Result<[u8; N], Error> {
    // HMAC takes keys of any length; if a version should not, that is an error and not an abort.
    let mac = <M as KeyInit>::new_from_slice(secret).map_err(|_| Error::SecretForm("HMAC"))?;
    truncate(&mac.chain_update(counter.to_be_bytes()).finalize().into_bytes())
}

/// Fails only where the hash is shorter than 15 + `N` bytes, which no caller's is.
pub(super) fn truncate<const N: usize>(mac: &[u8]) -> Result<[u8; N], Error> {
    let offset = mac.last().map(|byte| usize::from(byte & 0xf));
    offset.and_then(|offset| mac.get(offset..)).and_then(<[u8]>::first_chunk).copied().ok_or(Error::SecretForm("HMAC"))
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && self.secret().ct_eq(other.secret()).into()
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, ..)", self.algorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, Hmac, Key, Secret, own};

    /// RFC 4226 appendix D: `Snum` as decimal, for the secret `12345678901234567890`.
    #[test]
    fn intermediate_values_of_rfc_4226() {
        let key = Key::new(Algorithm::Sha1, Secret::new(b"12345678901234567890".to_vec()).unwrap());
        let numbers = [
            1_284_755_224,
            1_094_287_082,
            137_359_152,
            1_726_969_429,
            1_640_338_314,
            868_254_676,
            1_918_287_922,
            82_162_583,
            673_399_871,
            645_520_489,
        ];
        for (counter, number) in (0..).zip(numbers) {
            assert_eq!(key.number(counter), Ok(number));
        }
    }

    #[test]
    fn our_hmac_and_the_library_agree_where_both_can() {
        for length in [1, 20, 63, 64, 65, 127, 128, 129, 1024] {
            let secret = vec![0xa5; length];
            for counter in [0, 1, 59, 1 << 31, u64::MAX] {
                for (algorithm, ours) in [
                    (Algorithm::Sha1, own::<Hmac<sha1::Sha1>, 4>(&secret, counter)),
                    (Algorithm::Sha256, own::<Hmac<sha2::Sha256>, 4>(&secret, counter)),
                    (Algorithm::Sha512, own::<Hmac<sha2::Sha512>, 4>(&secret, counter)),
                ] {
                    let key = Key::new(algorithm, Secret::new(secret.clone()).unwrap());
                    assert_eq!(key.truncated(counter), ours, "{algorithm} {length} {counter}");
                }
            }
        }
    }
}
