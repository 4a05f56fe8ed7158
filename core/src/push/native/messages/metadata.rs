//! Who a verifier is: signed by its identity key.

use super::Message;
use crate::push::MessageError;
use crate::push::jose::PublicKey;
use crate::push::json::{Members, Object};
use crate::push::native::BaseUrl;
use crate::push::shown::NAME;
use crate::time::UnixTime;

/// The most online keys at once: the one in use, the one before, and room.
const MAX_KEYS: usize = 16;

/// `countersign-metadata+jwt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The verifier's address.
    pub issuer: String,
    /// When it was signed.
    pub issued: UnixTime,
    /// Until when it may be used; at most 90 days later.
    pub expires: UnixTime,
    /// Rises with each change.
    pub sequence: u64,
    /// The verifier's name, shown.
    pub name: String,
    /// The online keys, which sign everything else.
    pub keys: Vec<PublicKey>,
    /// Every challenge asks for user verification.
    pub require_uv: bool,
    /// Only keys that are attested to live in hardware may enrol.
    pub require_hardware: bool,
}

impl Metadata {
    /// The longest life in seconds: 90 days.
    pub const MAX_LIFE: i64 = 90 * 24 * 3600;

    /// Whether two say the same but for when they were signed and until when.
    #[must_use]
    pub fn same_content(&self, other: &Self) -> bool {
        self.name == other.name
            && self.keys == other.keys
            && self.require_uv == other.require_uv
            && self.require_hardware == other.require_hardware
    }

    /// Whether it is this verifier's.
    #[must_use]
    pub fn is_of(&self, base: &BaseUrl) -> bool {
        self.issuer == base.as_str()
    }
}

impl Message for Metadata {
    const TYPE: &'static str = "countersign-metadata+jwt";

    fn take(members: &mut Members) -> Result<Self, MessageError> {
        let issuer = members.text("iss")?;
        let (issued, expires) = (members.time("iat")?, members.time("exp")?);
        let sequence = members.number("seq")?;
        let name = members.shown("name", NAME)?;
        let read = |jwk| Members::of(jwk, "keys").and_then(PublicKey::from_jwk);
        let keys = members.list("keys")?.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let mut require = members.object("require")?;
        let (require_uv, require_hardware) = (require.flag("uv")?, require.flag("hardware")?);
        require.end()?;
        let mut names: Vec<_> = keys.iter().map(PublicKey::thumbprint).collect();
        names.sort();
        names.dedup();
        if keys.is_empty() || keys.len() > MAX_KEYS || names.len() < keys.len() {
            return Err(MessageError::Malformed("keys"));
        }
        let life = expires.seconds().saturating_sub(issued.seconds());
        if !(1..=Self::MAX_LIFE).contains(&life) {
            return Err(MessageError::Malformed("exp"));
        }
        Ok(Self { issuer, issued, expires, sequence, name, keys, require_uv, require_hardware })
    }

    fn put(&self, object: Object) -> Object {
        let require = Object::new().flag("uv", self.require_uv).flag("hardware", self.require_hardware).finish();
        object
            .text("iss", &self.issuer)
            .time("iat", self.issued)
            .time("exp", self.expires)
            .number("seq", self.sequence)
            .text("name", &self.name)
            .list("keys", self.keys.iter().map(PublicKey::to_jwk))
            .raw("require", &require)
    }
}
