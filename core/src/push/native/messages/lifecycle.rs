//! New keys, the end, and signed errors.

use super::{EnrollmentId, Message};
use crate::push::MessageError;
use crate::push::jose::MessageHash;
use crate::push::json::{Members, Object};
use crate::time::UnixTime;

/// `countersign-rotate+jwt`: signed by the current user-verification key; at least one new key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotate {
    /// The enrolment.
    pub issuer: EnrollmentId,
    /// The verifier's address.
    pub audience: String,
    /// When it was signed.
    pub issued: UnixTime,
    /// Its nonce.
    pub nonce: String,
    /// The nested [`Key`] message of the new possession key.
    pub possession: Option<String>,
    /// The nested [`Key`] message of the new user-verification key.
    pub uv: Option<String>,
}

impl Message for Rotate {
    const TYPE: &'static str = "countersign-rotate+jwt";

    fn take(members: &mut Members) -> Result<Self, MessageError> {
        let rotate = Self {
            issuer: EnrollmentId::parse(&members.text("iss")?)?,
            audience: members.text("aud")?,
            issued: members.time("iat")?,
            nonce: members.nonce("jti")?,
            possession: members.maybe_text("possession")?,
            uv: members.maybe_text("uv")?,
        };
        if rotate.possession.is_none() && rotate.uv.is_none() {
            return Err(MessageError::Malformed("possession"));
        }
        Ok(rotate)
    }

    fn put(&self, object: Object) -> Object {
        object
            .text("iss", self.issuer.as_str())
            .text("aud", &self.audience)
            .time("iat", self.issued)
            .text("jti", &self.nonce)
            .maybe_text("possession", self.possession.as_deref())
            .maybe_text("uv", self.uv.as_deref())
    }
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Used silently.
    Possession,
    /// Asks the person at each use.
    Uv,
}

impl Role {
    /// As it stands in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Possession => "possession",
            Self::Uv => "uv",
        }
    }
}

/// `countersign-key+jwt`: a new key says itself what it is to be; it stands in the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The enrolment.
    pub issuer: EnrollmentId,
    /// The verifier's address.
    pub audience: String,
    /// What the key is for.
    pub role: Role,
}

impl Message for Key {
    const TYPE: &'static str = "countersign-key+jwt";

    fn take(members: &mut Members) -> Result<Self, MessageError> {
        let (issuer, audience) = (EnrollmentId::parse(&members.text("iss")?)?, members.text("aud")?);
        let role = match members.text("role")?.as_str() {
            "possession" => Role::Possession,
            "uv" => Role::Uv,
            _ => return Err(MessageError::Malformed("role")),
        };
        Ok(Self { issuer, audience, role })
    }

    fn put(&self, object: Object) -> Object {
        object.text("iss", self.issuer.as_str()).text("aud", &self.audience).text("role", self.role.name())
    }
}

/// `countersign-remove+jwt`: signed by the current user-verification key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remove {
    /// The enrolment.
    pub issuer: EnrollmentId,
    /// The verifier's address.
    pub audience: String,
    /// When it was signed.
    pub issued: UnixTime,
    /// Its nonce.
    pub nonce: String,
}

impl Message for Remove {
    const TYPE: &'static str = "countersign-remove+jwt";

    fn take(members: &mut Members) -> Result<Self, MessageError> {
        Ok(Self {
            issuer: EnrollmentId::parse(&members.text("iss")?)?,
            audience: members.text("aud")?,
            issued: members.time("iat")?,
            nonce: members.nonce("jti")?,
        })
    }

    fn put(&self, object: Object) -> Object {
        object
            .text("iss", self.issuer.as_str())
            .text("aud", &self.audience)
            .time("iat", self.issued)
            .text("jti", &self.nonce)
    }
}

/// Why a verifier refuses, where it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// Not as the protocol has it.
    Malformed,
    /// A version or type that it doesn't know, or hardware that can't be shown.
    Unsupported,
    /// No such ticket, or not the one that has it.
    TicketUnknown,
    /// Somebody else has used this code.
    TicketUsed,
    /// The ticket is too old.
    TicketExpired,
    /// The phone's clock is off.
    ProofTime,
    /// Seen before.
    ProofReplayed,
    /// An answer whose counter doesn't rise: a second copy of the key may exist.
    CloneSuspected,
    /// The enrolment's status doesn't allow it.
    NotActive,
}

impl ErrorCode {
    const ALL: [Self; 9] = [
        Self::Malformed,
        Self::Unsupported,
        Self::TicketUnknown,
        Self::TicketUsed,
        Self::TicketExpired,
        Self::ProofTime,
        Self::ProofReplayed,
        Self::CloneSuspected,
        Self::NotActive,
    ];

    /// As it stands in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unsupported => "unsupported",
            Self::TicketUnknown => "ticket_unknown",
            Self::TicketUsed => "ticket_used",
            Self::TicketExpired => "ticket_expired",
            Self::ProofTime => "proof_time",
            Self::ProofReplayed => "proof_replayed",
            Self::CloneSuspected => "clone_suspected",
            Self::NotActive => "not_active",
        }
    }

    /// The HTTP status that goes with it.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::TicketUsed => 409,
            _ => 400,
        }
    }
}

/// `countersign-error+jwt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorMessage {
    /// The verifier's address.
    pub issuer: String,
    /// The enrolment, or the possession key's thumbprint for an enrolment request.
    pub audience: String,
    /// When it was signed.
    pub issued: UnixTime,
    /// H of the message that authenticated the request.
    pub re: MessageHash,
    /// Why.
    pub code: ErrorCode,
}

impl Message for ErrorMessage {
    const TYPE: &'static str = "countersign-error+jwt";

    fn take(members: &mut Members) -> Result<Self, MessageError> {
        let (issuer, audience, issued) = (members.text("iss")?, members.text("aud")?, members.time("iat")?);
        let (re, code) = (MessageHash::from_bytes(members.array("re")?), members.text("code")?);
        let code = ErrorCode::ALL.into_iter().find(|known| known.name() == code);
        Ok(Self { issuer, audience, issued, re, code: code.ok_or(MessageError::Malformed("code"))? })
    }

    fn put(&self, object: Object) -> Object {
        object
            .text("iss", &self.issuer)
            .text("aud", &self.audience)
            .time("iat", self.issued)
            .bytes("re", &self.re.to_bytes())
            .text("code", self.code.name())
    }
}
