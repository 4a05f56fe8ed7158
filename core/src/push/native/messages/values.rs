//! What several messages have.

use std::fmt;

use crate::push::MessageError;
use crate::push::jose::{PublicKey, decode, encode};
use crate::push::json::{Members, Object, Value, quote};
use crate::push::shown::NAME;

/// The verifier's name for an enrolment: base64url of 16 to 32 random bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnrollmentId(String);

impl EnrollmentId {
    /// From its text.
    ///
    /// # Errors
    /// [`MessageError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, MessageError> {
        match decode(text) {
            Some(bytes) if (16..=32).contains(&bytes.len()) => Ok(Self(text.to_owned())),
            _ => Err(MessageError::Malformed("enrollment")),
        }
    }

    /// From random bytes.
    #[must_use]
    pub fn from_random(bytes: &[u8; 16]) -> Self {
        Self(encode(bytes))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EnrollmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EnrollmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EnrollmentId({})", self.0)
    }
}

/// What a phone says that it is. Shown to the account's owner by the verifier; proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The person's own name for it.
    pub name: String,
    /// Maker and model.
    pub model: String,
    /// Operating system and version.
    pub os: String,
    /// The app and its version.
    pub app: String,
}

impl Device {
    pub(super) fn take(mut members: Members) -> Result<Self, MessageError> {
        let device = Self {
            name: members.shown("name", NAME)?,
            model: members.shown("model", NAME)?,
            os: members.shown("os", NAME)?,
            app: members.shown("app", NAME)?,
        };
        members.end()?;
        Ok(device)
    }

    pub(super) fn text(&self) -> String {
        let object = Object::new().text("name", &self.name).text("model", &self.model);
        object.text("os", &self.os).text("app", &self.app).finish()
    }
}

/// Proof that keys live in hardware.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// Whose.
    pub format: AttestationFormat,
    /// Certificates, DER, the leaf first.
    pub chain: Vec<Vec<u8>>,
}

/// Who attests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttestationFormat {
    /// Android's key attestation.
    AndroidKey,
    /// Apple's App Attest.
    Apple,
}

impl Attestation {
    pub(super) fn take(mut members: Members) -> Result<Self, MessageError> {
        let wrong = MessageError::Malformed("attestation");
        let format = match members.text("format")?.as_str() {
            "android-key" => AttestationFormat::AndroidKey,
            "apple" => AttestationFormat::Apple,
            _ => return Err(wrong),
        };
        let certificate = |value| match value {
            Value::Text(text) => decode(&text).filter(|bytes| !bytes.is_empty()).ok_or(wrong),
            _ => Err(wrong),
        };
        let chain = members.list("chain")?.into_iter().map(certificate).collect::<Result<Vec<_>, _>>()?;
        members.end()?;
        if chain.is_empty() { Err(wrong) } else { Ok(Self { format, chain }) }
    }

    pub(super) fn text(&self) -> String {
        let format = match self.format {
            AttestationFormat::AndroidKey => "android-key",
            AttestationFormat::Apple => "apple",
        };
        Object::new().text("format", format).list("chain", self.chain.iter().map(|der| quote(&encode(der)))).finish()
    }
}

/// How a wake-up gets to a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// UnifiedPush: an https URL (RFC 8030), encrypted (RFC 8291).
    UnifiedPush,
    /// Firebase Cloud Messaging: a token.
    Fcm,
    /// Apple's push service: a token.
    Apns,
}

impl Transport {
    const ALL: [Self; 3] = [Self::UnifiedPush, Self::Fcm, Self::Apns];

    const fn name(self) -> &'static str {
        match self {
            Self::UnifiedPush => "unifiedpush",
            Self::Fcm => "fcm",
            Self::Apns => "apns",
        }
    }
}

/// Where a phone wants to be woken; an address is never an identity.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum PushAddress {
    /// Nowhere: it polls.
    #[default]
    None,
    /// At this address.
    At {
        /// Through whom.
        transport: Transport,
        /// URL or token, at most 1 KiB.
        address: String,
        /// 16 random bytes that the phone chose: all that a wake-up carries.
        tag: [u8; 16],
        /// UnifiedPush: the phone's public key (65 bytes) and secret (16 bytes) of RFC 8291.
        keys: Option<([u8; 65], [u8; 16])>,
    },
}

impl fmt::Debug for PushAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::At { transport, .. } => f.debug_tuple("At").field(transport).finish_non_exhaustive(),
        }
    }
}

impl PushAddress {
    /// The longest address in bytes.
    pub const MAX: usize = 1024;

    /// From the object's members.
    ///
    /// # Errors
    /// [`MessageError::Malformed`].
    pub fn take(mut members: Members) -> Result<Self, MessageError> {
        let transport = members.text("transport")?;
        let address = if transport == "none" {
            Self::None
        } else {
            let transport = Transport::ALL.into_iter().find(|known| known.name() == transport);
            let transport = transport.ok_or(MessageError::Malformed("transport"))?;
            let address = members.text("address")?;
            if address.is_empty() || address.len() > Self::MAX || !address.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(MessageError::Malformed("address"));
            }
            let tag = members.array("tag")?;
            let keys = match transport {
                Transport::UnifiedPush if !address.starts_with("https://") => {
                    return Err(MessageError::Malformed("address"));
                }
                Transport::UnifiedPush => {
                    let key = members.array("p256dh")?;
                    PublicKey::p256(&key).map_err(|_| MessageError::Malformed("p256dh"))?;
                    Some((key, members.array("auth")?))
                }
                Transport::Fcm | Transport::Apns => None,
            };
            Self::At { transport, address, tag, keys }
        };
        members.end()?;
        Ok(address)
    }

    /// Reads the body of a request to change the address.
    ///
    /// # Errors
    /// [`MessageError::Malformed`].
    pub fn parse(body: &[u8]) -> Result<Self, MessageError> {
        Self::take(Members::of(crate::push::json::parse(body)?, "push")?)
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            Self::None => Object::new().text("transport", "none").finish(),
            Self::At { transport, address, tag, keys } => {
                let object =
                    Object::new().text("transport", transport.name()).text("address", address).bytes("tag", tag);
                match keys {
                    Some((key, secret)) => object.bytes("p256dh", key).bytes("auth", secret),
                    None => object,
                }
                .finish()
            }
        }
    }
}
