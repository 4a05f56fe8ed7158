//! What a person decides, and what the verifier made of it.

use super::{EnrollmentId, Message};
use crate::push::MessageError;
use crate::push::jose::MessageHash;
use crate::push::json::{Members, Object, Value, quote};
use crate::time::UnixTime;

/// What a person decides about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Yes, it's me.
    Approve,
    /// No.
    Deny,
    /// It wasn't me: freezes the enrolment until the operator has looked.
    Report,
}

impl Decision {
    pub(in crate::push) const ALL: [Self; 3] = [Self::Approve, Self::Deny, Self::Report];

    /// As it stands in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
            Self::Report => "report",
        }
    }
}

/// How the person was verified and where the key lives (RFC 8176); a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Amr {
    /// The key lives in hardware.
    Hardware,
    /// The key lives in software.
    Software,
    /// A PIN.
    Pin,
    /// A password.
    Password,
    /// A fingerprint.
    Fingerprint,
    /// A face.
    Face,
    /// The person was there, unverified.
    Present,
}

impl Amr {
    const ALL: [Self; 7] =
        [Self::Hardware, Self::Software, Self::Pin, Self::Password, Self::Fingerprint, Self::Face, Self::Present];

    /// As RFC 8176 names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hardware => "hwk",
            Self::Software => "swk",
            Self::Pin => "pin",
            Self::Password => "pwd",
            Self::Fingerprint => "fpt",
            Self::Face => "face",
            Self::Present => "user",
        }
    }

    /// One place of a key, then either the ways in which the person was verified or their presence alone.
    fn is_sound(list: &[Self]) -> bool {
        let keys = list.iter().filter(|amr| matches!(amr, Self::Hardware | Self::Software)).count();
        let once = list.iter().enumerate().all(|(at, amr)| !list.iter().take(at).any(|before| before == amr));
        let present = list.contains(&Self::Present);
        keys == 1 && once && list.len() >= 2 && (!present || list.len() == 2)
    }
}

/// `countersign-response+jwt`.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The enrolment.
    pub issuer: EnrollmentId,
    /// The verifier's address.
    pub audience: String,
    /// When it was signed.
    pub issued: UnixTime,
    /// H of the challenge that it answers.
    pub challenge: MessageHash,
    /// Its nonce.
    pub nonce: String,
    /// What the person decided.
    pub decision: Decision,
    /// The digits that the page shows, typed on the phone; with approve only.
    pub code: Option<String>,
    /// How the person was verified.
    pub amr: Vec<Amr>,
    /// The challenge's `exp`.
    pub expires: UnixTime,
    /// Rises with every answer of this enrolment.
    pub counter: u64,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("challenge", &self.challenge)
            .field("decision", &self.decision)
            .field("counter", &self.counter)
            .finish_non_exhaustive()
    }
}

impl Message for Response {
    const TYPE: &'static str = "countersign-response+jwt";

    fn take(members: &mut Members) -> Result<Self, MessageError> {
        let (issuer, audience) = (EnrollmentId::parse(&members.text("iss")?)?, members.text("aud")?);
        let (issued, challenge) = (members.time("iat")?, MessageHash::from_bytes(members.array("challenge")?));
        let (nonce, decision) = (members.nonce("jti")?, members.text("decision")?);
        let decision = Decision::ALL.into_iter().find(|known| known.name() == decision);
        let decision = decision.ok_or(MessageError::Malformed("decision"))?;
        let code = members.maybe_text("code")?;
        let amr = members.list("amr")?.into_iter().map(take_amr).collect::<Result<Vec<_>, _>>()?;
        let (expires, counter) = (members.time("exp")?, members.number("counter")?);
        if code.is_some() != (decision == Decision::Approve) {
            return Err(MessageError::Malformed("code"));
        }
        if !Amr::is_sound(&amr) {
            return Err(MessageError::Malformed("amr"));
        }
        if counter == 0 {
            return Err(MessageError::Malformed("counter"));
        }
        Ok(Self { issuer, audience, issued, challenge, nonce, decision, code, amr, expires, counter })
    }

    fn put(&self, object: Object) -> Object {
        object
            .text("iss", self.issuer.as_str())
            .text("aud", &self.audience)
            .time("iat", self.issued)
            .bytes("challenge", &self.challenge.to_bytes())
            .text("jti", &self.nonce)
            .text("decision", self.decision.name())
            .maybe_text("code", self.code.as_deref())
            .list("amr", self.amr.iter().map(|amr| quote(amr.name())))
            .time("exp", self.expires)
            .number("counter", self.counter)
    }
}

fn take_amr(value: Value) -> Result<Amr, MessageError> {
    let Value::Text(name) = value else { return Err(MessageError::Malformed("amr")) };
    Amr::ALL.into_iter().find(|amr| amr.name() == name).ok_or(MessageError::Malformed("amr"))
}

/// What the verifier made of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReceiptStatus {
    /// The sign-in may go on.
    Approved,
    /// Turned down.
    Denied,
    /// Reported; the enrolment is frozen.
    Reported,
    /// The digits were wrong; so many tries are left over all of the sign-in's phones.
    WrongCode {
        /// Tries left; 0: the sign-in has failed.
        attempts_left: u8,
    },
    /// Too late.
    Expired,
    /// Another challenge took its place.
    Superseded,
    /// Decided on another phone or another way.
    Cancelled,
    /// Decided before.
    AlreadyAnswered,
    /// The enrolment is frozen; the answer counts for nothing.
    Frozen,
}

impl ReceiptStatus {
    /// As it stands in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Reported => "reported",
            Self::WrongCode { .. } => "wrong_code",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
            Self::AlreadyAnswered => "already_answered",
            Self::Frozen => "frozen",
        }
    }
}

/// `countersign-receipt+jwt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The verifier's address.
    pub issuer: String,
    /// The enrolment.
    pub audience: String,
    /// When it was signed.
    pub issued: UnixTime,
    /// H of the response.
    pub re: MessageHash,
    /// What became of it.
    pub status: ReceiptStatus,
}

impl Message for Receipt {
    const TYPE: &'static str = "countersign-receipt+jwt";

    fn take(members: &mut Members) -> Result<Self, MessageError> {
        let (issuer, audience, issued) = (members.text("iss")?, members.text("aud")?, members.time("iat")?);
        let re = MessageHash::from_bytes(members.array("re")?);
        let status = match members.text("status")?.as_str() {
            "approved" => ReceiptStatus::Approved,
            "denied" => ReceiptStatus::Denied,
            "reported" => ReceiptStatus::Reported,
            "wrong_code" => {
                let left = members.number("attempts_left")?;
                let attempts_left = u8::try_from(left).map_err(|_| MessageError::Malformed("attempts_left"))?;
                ReceiptStatus::WrongCode { attempts_left }
            }
            "expired" => ReceiptStatus::Expired,
            "superseded" => ReceiptStatus::Superseded,
            "cancelled" => ReceiptStatus::Cancelled,
            "already_answered" => ReceiptStatus::AlreadyAnswered,
            "frozen" => ReceiptStatus::Frozen,
            _ => return Err(MessageError::Malformed("status")),
        };
        Ok(Self { issuer, audience, issued, re, status })
    }

    fn put(&self, object: Object) -> Object {
        let object = object
            .text("iss", &self.issuer)
            .text("aud", &self.audience)
            .time("iat", self.issued)
            .bytes("re", &self.re.to_bytes())
            .text("status", self.status.name());
        match self.status {
            ReceiptStatus::WrongCode { attempts_left } => object.number("attempts_left", attempts_left.into()),
            _ => object,
        }
    }
}
