//! What a phone fetches: proof, inbox, challenge.

use super::{EnrollmentId, Message};
use crate::push::MessageError;
use crate::push::jose::MessageHash;
use crate::push::json::{Members, Object, Value, quote};
use crate::push::shown::{NAME, TEXT};
use crate::time::UnixTime;

/// `countersign-proof+jwt`: that a request is of this enrolment, now (as RFC 9449 has it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The enrolment.
    pub issuer: EnrollmentId,
    /// The verifier's address.
    pub audience: String,
    /// When it was signed.
    pub issued: UnixTime,
    /// The request's method.
    pub method: String,
    /// The request's whole URL.
    pub url: String,
    /// SHA-256 of the request's body, empty included.
    pub body: [u8; 32],
    /// Its nonce.
    pub nonce: String,
}

impl Message for Proof {
    const TYPE: &'static str = "countersign-proof+jwt";

    fn take(members: &mut Members) -> Result<Self, MessageError> {
        Ok(Self {
            issuer: EnrollmentId::parse(&members.text("iss")?)?,
            audience: members.text("aud")?,
            issued: members.time("iat")?,
            method: members.text("htm")?,
            url: members.text("htu")?,
            body: members.array("bh")?,
            nonce: members.nonce("jti")?,
        })
    }

    fn put(&self, object: Object) -> Object {
        object
            .text("iss", self.issuer.as_str())
            .text("aud", &self.audience)
            .time("iat", self.issued)
            .text("htm", &self.method)
            .text("htu", &self.url)
            .bytes("bh", &self.body)
            .text("jti", &self.nonce)
    }
}

/// Where an enrolment stands at its verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Not confirmed on the page yet.
    Pending,
    /// In use.
    Active,
    /// Somebody reported a request: the operator looks at it.
    Frozen,
    /// Stopped by the operator or by a limit.
    Suspended,
    /// Gone.
    Removed,
}

impl Status {
    const ALL: [Self; 5] = [Self::Pending, Self::Active, Self::Frozen, Self::Suspended, Self::Removed];

    /// As it stands in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Frozen => "frozen",
            Self::Suspended => "suspended",
            Self::Removed => "removed",
        }
    }

    /// From its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// `countersign-inbox+jwt`: the answer to a poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbox {
    /// The verifier's address.
    pub issuer: String,
    /// The enrolment.
    pub audience: String,
    /// When it was signed.
    pub issued: UnixTime,
    /// H of the proof, or of the body where the request has no proof.
    pub re: MessageHash,
    /// Where the enrolment stands.
    pub status: Status,
    /// The sequence number of the verifier's metadata.
    pub sequence: u64,
    /// At most one challenge, compact.
    pub challenges: Vec<String>,
}

impl Message for Inbox {
    const TYPE: &'static str = "countersign-inbox+jwt";

    fn take(members: &mut Members) -> Result<Self, MessageError> {
        let wrong = MessageError::Malformed("challenges");
        let text = |value| if let Value::Text(text) = value { Ok(text) } else { Err(wrong) };
        let inbox = Self {
            issuer: members.text("iss")?,
            audience: members.text("aud")?,
            issued: members.time("iat")?,
            re: MessageHash::from_bytes(members.array("re")?),
            status: Status::named(&members.text("status")?).ok_or(MessageError::Malformed("status"))?,
            sequence: members.number("seq")?,
            challenges: members.list("challenges")?.into_iter().map(text).collect::<Result<_, _>>()?,
        };
        let most = usize::from(inbox.status == Status::Active);
        if inbox.challenges.len() > most { Err(wrong) } else { Ok(inbox) }
    }

    fn put(&self, object: Object) -> Object {
        object
            .text("iss", &self.issuer)
            .text("aud", &self.audience)
            .time("iat", self.issued)
            .bytes("re", &self.re.to_bytes())
            .text("status", self.status.name())
            .number("seq", self.sequence)
            .list("challenges", self.challenges.iter().map(|challenge| quote(challenge)))
    }
}

/// What a challenge asks to approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A sign-in.
    SignIn,
    /// A transaction: its details are what is signed.
    Transaction,
}

impl Action {
    /// As it stands in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Transaction => "transaction",
        }
    }
}

/// What the verifier knows of who is asking. Shown strings all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    /// What is signed in to.
    pub application: Option<String>,
    /// Browser or app.
    pub client: Option<String>,
    /// Network address.
    pub address: Option<String>,
    /// Where that address is thought to be.
    pub location: Option<String>,
    /// When, in the verifier's words.
    pub time: Option<String>,
}

/// A line of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// What it is, at most 40 code points.
    pub label: String,
    /// Its value, at most 200 code points, shown in full.
    pub value: String,
}

/// `countersign-challenge+jwt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The verifier's address.
    pub issuer: String,
    /// The enrolment.
    pub audience: String,
    /// When it was signed.
    pub issued: UnixTime,
    /// The account's id at the verifier.
    pub subject: String,
    /// Its name.
    pub nonce: String,
    /// Until when it may be answered.
    pub expires: UnixTime,
    /// What it asks to approve.
    pub action: Action,
    /// Who is asking.
    pub context: Context,
    /// What a transaction does, up to 20 lines, in order.
    pub details: Vec<Detail>,
    /// The answer must be signed by the user-verification key.
    pub require_uv: bool,
    /// How many digits the page shows: 6 to 8.
    pub digits: u8,
}

impl Challenge {
    /// The longest life in seconds.
    pub const MAX_LIFE: i64 = 600;
    /// The most details.
    pub const MAX_DETAILS: usize = 20;
}

impl Message for Challenge {
    const TYPE: &'static str = "countersign-challenge+jwt";

    fn take(members: &mut Members) -> Result<Self, MessageError> {
        let (issuer, audience, issued) = (members.text("iss")?, members.text("aud")?, members.time("iat")?);
        let (subject, nonce, expires) = (members.text("sub")?, members.nonce("jti")?, members.time("exp")?);
        let action = match members.text("action")?.as_str() {
            "sign-in" => Action::SignIn,
            "transaction" => Action::Transaction,
            _ => return Err(MessageError::Unsupported("action")),
        };
        let mut shown = members.object("context")?;
        let context = Context {
            application: shown.maybe_shown("application", TEXT)?,
            client: shown.maybe_shown("client", TEXT)?,
            address: shown.maybe_shown("address", TEXT)?,
            location: shown.maybe_shown("location", TEXT)?,
            time: shown.maybe_shown("time", TEXT)?,
        };
        shown.end()?;
        let details = members.list("details")?.into_iter().map(take_detail).collect::<Result<Vec<_>, _>>()?;
        if details.len() > Self::MAX_DETAILS {
            return Err(MessageError::Malformed("details"));
        }
        let mut require = members.object("require")?;
        let require_uv = require.flag("uv")?;
        let mut code = require.object("code")?;
        let digits = code.number("digits")?;
        code.end()?;
        require.end()?;
        let digits = u8::try_from(digits).ok().filter(|digits| (6..=8).contains(digits));
        let digits = digits.ok_or(MessageError::Malformed("digits"))?;
        let challenge =
            Self { issuer, audience, issued, subject, nonce, expires, action, context, details, require_uv, digits };
        Ok(challenge)
    }

    fn put(&self, object: Object) -> Object {
        let context = Object::new()
            .maybe_text("application", self.context.application.as_deref())
            .maybe_text("client", self.context.client.as_deref())
            .maybe_text("address", self.context.address.as_deref())
            .maybe_text("location", self.context.location.as_deref())
            .maybe_text("time", self.context.time.as_deref());
        let detail = |detail: &Detail| Object::new().text("label", &detail.label).text("value", &detail.value).finish();
        let code = Object::new().number("digits", self.digits.into()).finish();
        object
            .text("iss", &self.issuer)
            .text("aud", &self.audience)
            .time("iat", self.issued)
            .text("sub", &self.subject)
            .text("jti", &self.nonce)
            .time("exp", self.expires)
            .text("action", self.action.name())
            .raw("context", &context.finish())
            .list("details", self.details.iter().map(detail))
            .raw("require", &Object::new().flag("uv", self.require_uv).raw("code", &code).finish())
    }
}

fn take_detail(value: Value) -> Result<Detail, MessageError> {
    let mut members = Members::of(value, "details")?;
    let detail = Detail { label: members.shown("label", NAME)?, value: members.shown("value", TEXT)? };
    members.end()?;
    Ok(detail)
}
