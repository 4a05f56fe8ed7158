//! Every message of the protocol: read strictly from a verified message, written in one way.
//!
//! - `values`: what several messages have: device, push address, requirements, statuses.
//! - `metadata`, `enrollment`: who the verifier is; becoming one of its authenticators.
//! - `asking`: proof, inbox, challenge. `answering`: response, receipt. `lifecycle`: rotate, key, remove, error.
//!
//! Members are written in the order of the specification's table, `v` first; any order is read. `ext` of the payload's
//! top level is read over.

mod answering;
mod asking;
mod enrollment;
mod lifecycle;
mod metadata;
mod values;

#[cfg(test)]
mod tests;

pub use answering::{Amr, Decision, Receipt, ReceiptStatus, Response};
pub use asking::{Action, Challenge, Context, Detail, Inbox, Proof, Status};
pub use enrollment::{AccountName, Enroll, Enrolled, Uv};
pub use lifecycle::{ErrorCode, ErrorMessage, Key, Remove, Role, Rotate};
pub use metadata::Metadata;
pub use values::{Attestation, AttestationFormat, Device, EnrollmentId, PushAddress, Transport};

use super::VERSION;
use crate::push::MessageError;
use crate::push::jose::{Draft, KeyName, PublicKey, Verified};
use crate::push::json::{Members, Object};

/// A kind of message: its `typ`, how its payload is read and written.
pub trait Message: Sized {
    /// The header's `typ`.
    const TYPE: &'static str;

    /// Takes its members, but `v`, `ext` and the end.
    ///
    /// # Errors
    /// [`MessageError`].
    fn take(members: &mut Members) -> Result<Self, MessageError>;

    /// Adds its members after `v`.
    fn put(&self, object: Object) -> Object;

    /// Reads a verified message as this kind.
    ///
    /// # Errors
    /// [`MessageError::Unsupported`] for another `typ` or `v`; [`MessageError::Malformed`] for the rest.
    fn read(verified: &Verified) -> Result<Self, MessageError> {
        if verified.kind() != Self::TYPE {
            return Err(MessageError::Unsupported("typ"));
        }
        let mut members = verified.members()?;
        if members.number("v")? != VERSION {
            return Err(MessageError::Unsupported("v"));
        }
        let message = Self::take(&mut members)?;
        // Room for later: never shown, changes nothing. It was read under the rules of JSON with all the rest.
        if let Some(extension) = members.find("ext") {
            Members::of(extension, "ext")?;
        }
        members.end()?;
        Ok(message)
    }

    /// The message, to be signed by this key, which `name` names.
    fn draft(&self, key: &PublicKey, name: KeyNaming) -> Draft {
        let name = match name {
            KeyNaming::Thumbprint => KeyName::Known(key.thumbprint()),
            KeyNaming::Whole => KeyName::Claimed(*key),
        };
        let payload = self.put(Object::new().number("v", VERSION)).finish();
        Draft::new(Self::TYPE, key.algorithm(), &name, &payload)
    }
}

/// How a message names the key that signs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyNaming {
    /// `kid`: the other side knows the key.
    Thumbprint,
    /// `jwk`: in metadata, enroll, uv and key.
    Whole,
}
