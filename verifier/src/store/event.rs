//! What happened: who, what, when, and how it ended. No secret, no code, no key stands in it.

use countersign_core::push::native::messages::EnrollmentId;
use countersign_core::time::UnixTime;
use countersign_core::wire::{Value, Writer, fields};

use super::StoreError;

macro_rules! numbered {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $number:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// The number that stands in logs; never given to something else.
            #[must_use]
            pub const fn number(self) -> u64 {
                match self { $(Self::$variant => $number,)* }
            }

            /// From its number.
            #[must_use]
            pub const fn numbered(number: u64) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

numbered! {
    /// Who did it.
    Actor {
        /// The account's owner on the page.
        Page = 1,
        /// The phone, by its key.
        Phone = 2,
        /// The operator, through the embedding code.
        Operator = 3,
        /// Time that ran out, or a limit.
        Clock = 4,
    }
}

numbered! {
    /// What was done.
    What {
        /// An invitation was made.
        Invited = 1,
        /// A phone has used it; it waits for its confirmation.
        Enrolled = 2,
        /// The six digits were typed.
        Confirmed = 3,
        /// New keys.
        Rotated = 4,
        /// The enrolment is gone.
        Removed = 5,
        /// The enrolment was frozen.
        Frozen = 6,
        /// The enrolment was suspended.
        Suspended = 7,
        /// A frozen or suspended enrolment is active again.
        Released = 8,
        /// The push address changed.
        PushAddress = 9,
        /// A person was asked.
        Asked = 10,
        /// The answer of a phone that approves.
        Approved = 11,
        /// The answer of a phone that denies.
        Denied = 12,
        /// The answer of a phone that reports.
        Reported = 13,
        /// Eight digits typed into the page.
        TypedOffline = 14,
        /// A time-based code typed into the page.
        TypedTotp = 15,
        /// An approval was used.
        Redeemed = 16,
        /// A sign-in was given up.
        Cancelled = 17,
        /// A new online key; the old one is listed for a while.
        OnlineKey = 18,
        /// A new online key; the old one was compromised.
        OnlineKeyCompromised = 19,
        /// Name or requirements changed.
        Changed = 20,
        /// A one-time password of a seed.
        Otp = 21,
        /// A recovery code.
        Recovery = 22,
    }
}

numbered! {
    /// How it ended.
    Outcome {
        /// Done.
        Done = 1,
        /// Not: a wrong code, a rule.
        Refused = 2,
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: UnixTime,
    /// Who.
    pub actor: Actor,
    /// On which account; none for what concerns the verifier itself.
    pub account: Option<String>,
    /// On which phone.
    pub enrollment: Option<EnrollmentId>,
    /// What.
    pub what: What,
    /// How it ended.
    pub outcome: Outcome,
}

impl Event {
    /// Whether the account's owner must be told, by a way that the session that did it can't change: of every enrolment,
    /// confirmation, rotation, removal, freeze, suspension and release (NIST SP 800-63B-4, section 4.1.1).
    #[must_use]
    pub const fn is_notice(&self) -> bool {
        matches!(self.outcome, Outcome::Done)
            && matches!(
                self.what,
                What::Enrolled
                    | What::Confirmed
                    | What::Rotated
                    | What::Removed
                    | What::Frozen
                    | What::Suspended
                    | What::Released
            )
    }

    /// As bytes, for a store.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.number(1, u64::try_from(self.at.millis()).unwrap_or(0)).number(2, self.actor.number());
        if let Some(account) = &self.account {
            writer.bytes(3, account.as_bytes());
        }
        if let Some(enrollment) = &self.enrollment {
            writer.bytes(4, enrollment.as_str().as_bytes());
        }
        writer.number(5, self.what.number()).number(6, self.outcome.number());
        writer.finish().to_vec()
    }

    /// From bytes that [`Event::to_bytes`] made. Fields that a later version added are read over.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let damaged = StoreError::Damaged("event");
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| damaged);
        let (mut at, mut actor, mut what, mut outcome) = (None, None, None, None);
        let (mut account, mut enrollment) = (None, None);
        for field in fields(bytes) {
            match field.map_err(|_| damaged)? {
                (1, Value::Number(millis)) => at = i64::try_from(millis).ok().map(UnixTime::from_millis),
                (2, Value::Number(number)) => actor = Actor::numbered(number),
                (3, Value::Bytes(bytes)) => account = Some(text(bytes)?),
                (4, Value::Bytes(bytes)) => {
                    enrollment = Some(EnrollmentId::parse(&text(bytes)?).map_err(|_| damaged)?);
                }
                (5, Value::Number(number)) => what = What::numbered(number),
                (6, Value::Number(number)) => outcome = Outcome::numbered(number),
                _ => {}
            }
        }
        Ok(Self {
            at: at.ok_or(damaged)?,
            actor: actor.ok_or(damaged)?,
            account,
            enrollment,
            what: what.ok_or(damaged)?,
            outcome: outcome.ok_or(damaged)?,
        })
    }
}

/// An event and its number in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Rises by at least one from event to event.
    pub number: u64,
    /// What happened.
    pub event: Event,
}
