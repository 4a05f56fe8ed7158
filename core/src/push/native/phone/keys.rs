//! The phone's own keys, wherever their private halves are.

use std::fmt;

use zeroize::Zeroizing;

use super::Error;
use super::codec::Parts;
use crate::entropy::{Entropy, EntropyError};
use crate::push::MessageError;
use crate::push::jose::{Algorithm, PublicKey, SoftwareKey, Thumbprint, fixed_of_der};
use crate::push::model::{KeyHandle, KeyPlace, KeyPurpose};
use crate::push::native::messages::Amr;
use crate::wire::Writer;

/// A key of this phone: its public half, and where the private half is.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnKey {
    public: PublicKey,
    place: Place,
}

#[derive(Clone, PartialEq, Eq)]
enum Place {
    /// In this state, which is sealed by whoever stores it.
    Here(Zeroizing<[u8; 32]>),
    /// In software, sealed apart: handed in for each use.
    Apart,
    /// With the platform.
    Platform { handle: Vec<u8>, hardware: bool },
}

impl fmt::Debug for OwnKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnKey").field(&self.public).finish()
    }
}

impl OwnKey {
    /// A new Ed25519 key whose secret stands in the state that it is part of: for possession, where there is no keystore.
    ///
    /// # Errors
    /// As [`Entropy::fill`].
    pub fn make(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        SoftwareKey::make(entropy).map(|key| Self::of(&key))
    }

    /// That of a software key, whose secret stands in the state from here on.
    #[must_use]
    pub fn of(key: &SoftwareKey) -> Self {
        Self { public: key.public(), place: Place::Here(key.secret()) }
    }

    /// A software key that is sealed apart, as the user-verification key is: only its public half stands in the state.
    #[must_use]
    pub const fn apart(public: PublicKey) -> Self {
        Self { public, place: Place::Apart }
    }

    /// A P-256 key of the platform: 65 bytes (SEC 1), the handle that the platform gave, and whether it is in hardware.
    ///
    /// # Errors
    /// [`MessageError::Malformed`] for what is no point.
    pub fn platform(sec1: &[u8], handle: Vec<u8>, hardware: bool) -> Result<Self, MessageError> {
        Ok(Self { public: PublicKey::p256(sec1)?, place: Place::Platform { handle, hardware } })
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Its name.
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        self.public.thumbprint()
    }

    /// How it is asked for.
    #[must_use]
    pub fn handle(&self, purpose: KeyPurpose) -> KeyHandle {
        let place = match &self.place {
            Place::Here(_) | Place::Apart => KeyPlace::Software(self.thumbprint()),
            Place::Platform { handle, .. } => KeyPlace::Platform(handle.clone()),
        };
        KeyHandle { purpose, place }
    }

    /// The platform's handle of it, where it has it.
    pub(super) fn platform_handle(&self) -> Option<Vec<u8>> {
        match &self.place {
            Place::Platform { handle, .. } => Some(handle.clone()),
            Place::Here(_) | Place::Apart => None,
        }
    }

    /// Where it is, as an answer claims it.
    pub(super) const fn amr(&self) -> Amr {
        match self.place {
            Place::Platform { hardware: true, .. } => Amr::Hardware,
            _ => Amr::Software,
        }
    }

    /// Signs, where the secret is here.
    pub(super) fn sign(&self, message: &[u8]) -> Option<[u8; 64]> {
        match &self.place {
            Place::Here(secret) => Some(SoftwareKey::from_secret(secret).sign(message)),
            _ => None,
        }
    }

    /// A signature as JOSE has it, from 64 bytes or DER, if it is this key's for the message.
    pub(super) fn accept(&self, message: &[u8], signature: &[u8]) -> Result<[u8; 64], Error> {
        let fixed = <[u8; 64]>::try_from(signature).ok();
        let der = || (self.public.algorithm() == Algorithm::Es256).then(|| fixed_of_der(signature)).flatten();
        // DER of 64 bytes exists, if rarely: what counts is which of the two readings verifies.
        [fixed, der()]
            .into_iter()
            .flatten()
            .find(|signature| self.public.verify(message, signature))
            .ok_or(Error::Signature)
    }

    pub(super) fn put(&self, writer: &mut Writer, field: u32) {
        let mut inner = Writer::new();
        match &self.public {
            PublicKey::Ed25519(key) => inner.bytes(1, key.as_bytes()),
            PublicKey::P256(key) => inner.bytes(2, key),
        };
        match &self.place {
            Place::Here(secret) => inner.bytes(3, secret.as_slice()),
            Place::Apart => &mut inner,
            Place::Platform { handle, hardware } => inner.bytes(4, handle).number(5, (*hardware).into()),
        };
        writer.bytes(field, &inner.finish());
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut parts = Parts::read(bytes)?;
        let public = match (parts.maybe_bytes(1)?, parts.maybe_bytes(2)?) {
            (Some(key), None) => PublicKey::ed25519(key.try_into().map_err(|_| Error::Unreadable)?),
            (None, Some(key)) => PublicKey::p256(key),
            _ => return Err(Error::Unreadable),
        };
        let public = public.map_err(|_| Error::Unreadable)?;
        let place = match (parts.maybe_bytes(3)?, parts.maybe_bytes(4)?) {
            (None, None) => Place::Apart,
            (Some(secret), None) => {
                let secret = Zeroizing::new(secret.try_into().map_err(|_| Error::Unreadable)?);
                if SoftwareKey::from_secret(&secret).public() != public {
                    return Err(Error::Unreadable);
                }
                Place::Here(secret)
            }
            (None, Some(handle)) => Place::Platform { handle: handle.to_vec(), hardware: parts.flag(5)? },
            _ => return Err(Error::Unreadable),
        };
        parts.end()?;
        Ok(Self { public, place })
    }
}
