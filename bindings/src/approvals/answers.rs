//! What was decided, and what came of it, by value.

use countersign_core::push::model;
use countersign_core::push::native::messages::ReceiptStatus;
use countersign_core::vault::PushId;

use super::records::EnrollmentStatus;
use super::requests::PendingRequest;

/// How a request was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum Decision {
    /// Yes, it's me.
    Approve,
    /// No.
    Deny,
    /// It wasn't me.
    Report,
}

impl From<model::Decision> for Decision {
    fn from(decision: model::Decision) -> Self {
        match decision {
            model::Decision::Approve => Self::Approve,
            model::Decision::Deny => Self::Deny,
            model::Decision::Report => Self::Report,
        }
    }
}

/// What is known of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum Confirmation {
    /// Signed, and sent perhaps; the server has not said anything that counts. It is sent again.
    Unconfirmed,
    /// Sent perhaps, never confirmed, and not sent any more.
    GivenUp,
    /// Given as digits, which the person types into the page.
    ByDigits,
    /// The server: the sign-in may go on.
    Approved,
    /// The server: turned down.
    Denied,
    /// The server: reported; the enrolment is frozen until its operator has looked.
    Reported,
    /// The server: not the digits that the page shows.
    WrongCode {
        /// Tries left; 0: the sign-in has failed.
        attempts_left: u8,
    },
    /// The server: too late.
    Expired,
    /// The server: the page has asked anew since.
    Superseded,
    /// The server: decided on another device or another way.
    Cancelled,
    /// The server: decided before.
    AlreadyAnswered,
    /// The server: the enrolment is frozen; the answer counts for nothing.
    Frozen,
}

impl From<model::Confirmation> for Confirmation {
    fn from(confirmation: model::Confirmation) -> Self {
        use model::Confirmation as C;
        match confirmation {
            C::Unconfirmed => Self::Unconfirmed,
            C::GivenUp => Self::GivenUp,
            C::ByDigits => Self::ByDigits,
            C::Receipt(ReceiptStatus::Approved) => Self::Approved,
            C::Receipt(ReceiptStatus::Denied) => Self::Denied,
            C::Receipt(ReceiptStatus::Reported) => Self::Reported,
            C::Receipt(ReceiptStatus::WrongCode { attempts_left }) => Self::WrongCode { attempts_left },
            C::Receipt(ReceiptStatus::Expired) => Self::Expired,
            C::Receipt(ReceiptStatus::Superseded) => Self::Superseded,
            C::Receipt(ReceiptStatus::Cancelled) => Self::Cancelled,
            C::Receipt(ReceiptStatus::AlreadyAnswered) => Self::AlreadyAnswered,
            C::Receipt(ReceiptStatus::Frozen) => Self::Frozen,
        }
    }
}

/// An answer of the past. Texts may be shown, as those of a request.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct HistoryEntry {
    /// The enrolment: 32 hexadecimal digits.
    pub enrollment: String,
    /// What was answered: 43 characters, base64url.
    pub request: String,
    /// When, by this device's clock.
    pub at_ms: i64,
    /// How.
    pub decision: Decision,
    /// What was asked for: the application or the first detail, where there is one.
    pub about: Option<String>,
    /// What came of it.
    pub confirmation: Confirmation,
}

impl HistoryEntry {
    pub(super) fn new(enrollment: PushId, entry: model::HistoryEntry) -> Self {
        Self {
            enrollment: enrollment.to_string(),
            request: entry.request.to_string(),
            at_ms: entry.at.millis(),
            decision: entry.decision.into(),
            about: entry.about,
            confirmation: entry.confirmation.into(),
        }
    }
}

/// Digits that approve a scanned request: eight, to be shown in two groups of four. Not for logs.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct OfflineCode {
    /// The digits.
    pub digits: String,
    /// Until when they are good, by this device's clock.
    pub until_ms: i64,
}

/// What a poll led to.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Polled {
    /// Where the enrolment stands.
    pub status: EnrollmentStatus,
    /// Requests that are open now and were not before: for notifications.
    pub new: Vec<PendingRequest>,
    /// The ids of requests that were open before and are not any more: their screens and notifications go.
    pub closed: Vec<String>,
    /// How many of the listed requests this device has refused: not shown, counted for nothing.
    pub refused: u32,
    /// Answers of before that the server has confirmed only now.
    pub confirmed: Vec<HistoryEntry>,
}

/// What sending again led to.
#[derive(Clone, Default, PartialEq, Eq, uniffi::Record)]
pub struct Resent {
    /// Answers that the server has confirmed now.
    pub confirmed: Vec<HistoryEntry>,
    /// Where the enrolment stands, if new keys or its end were confirmed now.
    pub status: Option<EnrollmentStatus>,
}
