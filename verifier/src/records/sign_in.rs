//! A question to a person, put to all of the person's phones.

use countersign_core::push::jose::{MessageHash, Thumbprint};
use countersign_core::push::native::messages::{Action, Context, Detail, EnrollmentId};
use countersign_core::time::UnixTime;
use countersign_core::wire::Writer;

use super::Record;
use super::codec::{Put, Reader, writer};
use crate::store::{Kind, StoreError};

macro_rules! states {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$doc:meta])* $variant:ident = $number:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        $vis enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            const fn number(self) -> u64 {
                match self { $(Self::$variant => $number,)* }
            }

            const fn numbered(number: u64) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

states! {
    /// Where a sign-in stands.
    pub enum SignInState {
        /// Nobody has answered yet.
        Pending = 1,
        /// Approved, not used yet.
        Approved = 2,
        /// Approved and used: the only state that lets somebody in, and it was given once.
        Used = 3,
        /// Turned down.
        Denied = 4,
        /// Reported: it wasn't the owner.
        Reported = 5,
        /// Too late.
        Expired = 6,
        /// The same browser session asked anew.
        Superseded = 7,
        /// The person has left, was let in another way, or nobody is left to answer.
        Cancelled = 8,
        /// Three wrong codes.
        Failed = 9,
    }
}

states! {
    /// Where a challenge stands; that it has expired is worked out.
    pub(crate) enum ChallengeState {
        Live = 1,
        Answered = 2,
        Superseded = 3,
        Cancelled = 4,
    }
}

impl SignInState {
    /// As the specification names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Used => "used",
            Self::Denied => "denied",
            Self::Reported => "reported",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}

/// A challenge to one of the phones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignInChallenge {
    pub(crate) hash: MessageHash,
    pub(crate) enrollment: EnrollmentId,
    pub(crate) expires: UnixTime,
    pub(crate) require_uv: bool,
    pub(crate) state: ChallengeState,
    pub(crate) reported: bool,
    /// The online key that signed it.
    pub(crate) signer: Thumbprint,
    /// The message itself, empty once it isn't live any more.
    pub(crate) compact: String,
}

/// What is asked, needed again where it is asked anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) action: Action,
    pub(crate) context: Context,
    pub(crate) details: Vec<Detail>,
    pub(crate) uv: bool,
    pub(crate) digits: u8,
    /// An approval gives an invitation for a phone that takes the place of the one that approves.
    pub(crate) replacement: bool,
}

/// What let the person in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct By {
    pub(crate) at: UnixTime,
    pub(crate) enrollment: EnrollmentId,
    pub(crate) uv: bool,
    pub(crate) hardware: bool,
}

/// A sign-in; its row's id is the SHA-256 of the page's secret.
#[derive(Debug, Clone)]
pub(crate) struct SignIn {
    pub(crate) account: String,
    /// SHA-256 of the browser session's name.
    pub(crate) session: [u8; 32],
    pub(crate) state: SignInState,
    pub(crate) asked: Asked,
    /// The digits on the page, sealed; empty once it is decided.
    pub(crate) shown: Vec<u8>,
    pub(crate) expires: UnixTime,
    /// Wrong codes typed on phones.
    pub(crate) wrong: u8,
    /// Wrong codes typed into the page, by way.
    pub(crate) wrong_offline: u8,
    pub(crate) wrong_totp: u8,
    pub(crate) by: Option<By>,
    pub(crate) challenges: Vec<SignInChallenge>,
}

impl SignInChallenge {
    fn to_bytes(&self) -> Vec<u8> {
        let mut part = Writer::new();
        part.bytes(1, &self.hash.to_bytes()).text(2, self.enrollment.as_str()).time(3, self.expires);
        part.flag(4, self.require_uv).number(5, self.state.number()).flag(6, self.reported);
        part.bytes(7, &self.signer.to_bytes()).text(8, &self.compact);
        part.finish().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let part = Reader::nested("sign-in", bytes)?;
        Ok(Self {
            hash: part.hash(1)?,
            enrollment: part.enrollment(2)?,
            expires: part.time(3)?,
            require_uv: part.flag(4)?,
            state: ChallengeState::numbered(part.number(5)?).ok_or(part.damaged())?,
            reported: part.flag(6)?,
            signer: part.thumbprint(7)?,
            compact: part.text(8)?,
        })
    }
}

impl Asked {
    fn to_bytes(&self) -> Vec<u8> {
        let mut part = Writer::new();
        part.flag(1, self.action == Action::Transaction).flag(2, self.uv).number(3, self.digits.into());
        part.flag(4, self.replacement);
        let context = &self.context;
        let members = [&context.application, &context.client, &context.address, &context.location, &context.time];
        for (field, member) in (5..).zip(members) {
            if let Some(text) = member {
                part.text(field, text);
            }
        }
        for detail in &self.details {
            let mut line = Writer::new();
            line.text(1, &detail.label).text(2, &detail.value);
            part.bytes(10, &line.finish());
        }
        part.finish().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let part = Reader::nested("sign-in", bytes)?;
        let line = |line: Result<&[u8], StoreError>| {
            let line = Reader::nested("sign-in", line?)?;
            Ok(Detail { label: line.text(1)?, value: line.text(2)? })
        };
        Ok(Self {
            action: if part.flag(1)? { Action::Transaction } else { Action::SignIn },
            uv: part.flag(2)?,
            digits: part.small(3)?,
            replacement: part.flag(4)?,
            context: Context {
                application: part.maybe_text(5)?,
                client: part.maybe_text(6)?,
                address: part.maybe_text(7)?,
                location: part.maybe_text(8)?,
                time: part.maybe_text(9)?,
            },
            details: part.each(10).map(line).collect::<Result<_, StoreError>>()?,
        })
    }
}

impl Record for SignIn {
    const KIND: Kind = Kind::SignIn;

    fn to_bytes(&self) -> Vec<u8> {
        let mut row = writer();
        row.text(2, &self.account).bytes(3, &self.session).number(4, self.state.number());
        row.bytes(5, &self.asked.to_bytes()).bytes(6, &self.shown).time(7, self.expires);
        row.number(8, self.wrong.into()).number(9, self.wrong_offline.into()).number(10, self.wrong_totp.into());
        if let Some(by) = &self.by {
            row.time(11, by.at).text(12, by.enrollment.as_str()).flag(13, by.uv).flag(14, by.hardware);
        }
        for challenge in &self.challenges {
            row.bytes(15, &challenge.to_bytes());
        }
        row.finish().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let row = Reader::new("sign-in", bytes)?;
        let by = match row.maybe_time(11)? {
            None => None,
            Some(at) => Some(By { at, enrollment: row.enrollment(12)?, uv: row.flag(13)?, hardware: row.flag(14)? }),
        };
        Ok(Self {
            account: row.text(2)?,
            session: row.array(3)?,
            state: SignInState::numbered(row.number(4)?).ok_or(row.damaged())?,
            asked: Asked::from_bytes(row.bytes(5)?)?,
            shown: row.bytes(6)?.to_vec(),
            expires: row.time(7)?,
            wrong: row.small(8)?,
            wrong_offline: row.small(9)?,
            wrong_totp: row.small(10)?,
            by,
            challenges: row.each(15).map(|part| SignInChallenge::from_bytes(part?)).collect::<Result<_, _>>()?,
        })
    }
}
