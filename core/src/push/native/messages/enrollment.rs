//! Becoming one of a verifier's authenticators.

use super::{Attestation, Device, EnrollmentId, Message, PushAddress};
use crate::push::MessageError;
use crate::push::jose::{MessageHash, Thumbprint, encode};
use crate::push::json::{Members, Object};
use crate::push::shown::{NAME, TEXT};
use crate::time::UnixTime;

/// `countersign-enroll+jwt`: signed by the new possession key, which stands in its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enroll {
    /// The verifier's address.
    pub audience: String,
    /// When it was signed.
    pub issued: UnixTime,
    /// Until when it may be used.
    pub expires: UnixTime,
    /// Its nonce.
    pub nonce: String,
    /// The ticket's name.
    pub ticket: [u8; 32],
    /// The proof of having the ticket.
    pub proof: [u8; 32],
    /// The nested [`Uv`] message.
    pub uv: String,
    /// The phone's half of the key agreement (65 bytes, SEC 1).
    pub exchange: [u8; 65],
    /// What the phone says that it is.
    pub device: Device,
    /// Where it wants to be woken.
    pub push: PushAddress,
    /// Proof that its keys live in hardware.
    pub attestation: Option<Attestation>,
}

impl Message for Enroll {
    const TYPE: &'static str = "countersign-enroll+jwt";

    fn take(members: &mut Members) -> Result<Self, MessageError> {
        Ok(Self {
            audience: members.text("aud")?,
            issued: members.time("iat")?,
            expires: members.time("exp")?,
            nonce: members.nonce("jti")?,
            ticket: members.array("tid")?,
            proof: members.array("tp")?,
            uv: members.text("uv")?,
            exchange: members.array("epk")?,
            device: members.object("device").and_then(Device::take)?,
            push: members.object("push").and_then(PushAddress::take)?,
            attestation: members
                .find("attestation")
                .map(|value| Members::of(value, "attestation").and_then(Attestation::take))
                .transpose()?,
        })
    }

    fn put(&self, object: Object) -> Object {
        let object = object
            .text("aud", &self.audience)
            .time("iat", self.issued)
            .time("exp", self.expires)
            .text("jti", &self.nonce)
            .bytes("tid", &self.ticket)
            .bytes("tp", &self.proof)
            .text("uv", &self.uv)
            .bytes("epk", &self.exchange)
            .raw("device", &self.device.text())
            .raw("push", &self.push.to_json());
        match &self.attestation {
            Some(attestation) => object.raw("attestation", &attestation.text()),
            None => object,
        }
    }
}

/// `countersign-uv+jwt`: signed by the new user-verification key, which stands in its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uv {
    /// The verifier's address.
    pub audience: String,
    /// The ticket's name.
    pub ticket: [u8; 32],
    /// The possession key that it goes with.
    pub possession: Thumbprint,
}

impl Message for Uv {
    const TYPE: &'static str = "countersign-uv+jwt";

    fn take(members: &mut Members) -> Result<Self, MessageError> {
        Ok(Self {
            audience: members.text("aud")?,
            ticket: members.array("tid")?,
            possession: Thumbprint::from_bytes(members.array("possession")?),
        })
    }

    fn put(&self, object: Object) -> Object {
        object.text("aud", &self.audience).bytes("tid", &self.ticket).text("possession", &self.possession.to_string())
    }
}

/// The account at the verifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountName {
    /// 1 to 64 characters, compared exactly, never shown.
    pub id: String,
    /// Shown.
    pub name: String,
}

/// `countersign-enrolled+jwt`: the verifier's answer to [`Enroll`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    /// The verifier's address.
    pub issuer: String,
    /// The possession key's thumbprint.
    pub audience: String,
    /// When it was signed.
    pub issued: UnixTime,
    /// H of the request.
    pub re: MessageHash,
    /// The possession key that was enrolled.
    pub possession: Thumbprint,
    /// The user-verification key that was enrolled.
    pub uv: Thumbprint,
    /// The enrolment's id.
    pub enrollment: EnrollmentId,
    /// The account that it serves.
    pub account: AccountName,
    /// The verifier's name, as in its metadata.
    pub name: String,
    /// The verifier's half of the key agreement (65 bytes, SEC 1).
    pub exchange: [u8; 65],
    /// Whether the enrolment has a TOTP.
    pub totp: bool,
}

impl Message for Enrolled {
    const TYPE: &'static str = "countersign-enrolled+jwt";

    fn take(members: &mut Members) -> Result<Self, MessageError> {
        let (issuer, audience, issued) = (members.text("iss")?, members.text("aud")?, members.time("iat")?);
        let re = MessageHash::from_bytes(members.array("re")?);
        let possession = Thumbprint::from_bytes(members.array("possession")?);
        let uv = Thumbprint::from_bytes(members.array("uv")?);
        let enrollment = EnrollmentId::parse(&members.text("enrollment")?)?;
        let mut account = members.object("account")?;
        let (id, account_name) = (account.text("id")?, account.shown("name", TEXT)?);
        account.end()?;
        if !(1..=64).contains(&id.chars().count()) {
            return Err(MessageError::Malformed("account"));
        }
        let (name, exchange) = (members.shown("name", NAME)?, members.array("epk")?);
        let mut policy = members.object("policy")?;
        let totp = policy.flag("totp")?;
        policy.end()?;
        let account = AccountName { id, name: account_name };
        Ok(Self { issuer, audience, issued, re, possession, uv, enrollment, account, name, exchange, totp })
    }

    fn put(&self, object: Object) -> Object {
        object
            .text("iss", &self.issuer)
            .text("aud", &self.audience)
            .time("iat", self.issued)
            .bytes("re", &self.re.to_bytes())
            .text("possession", &self.possession.to_string())
            .text("uv", &self.uv.to_string())
            .text("enrollment", self.enrollment.as_str())
            .raw("account", &Object::new().text("id", &self.account.id).text("name", &self.account.name).finish())
            .text("name", &self.name)
            .text("epk", &encode(&self.exchange))
            .raw("policy", &Object::new().flag("totp", self.totp).finish())
    }
}
