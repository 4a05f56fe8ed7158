//! What was decided on this phone, and what the server made of it.

use super::{Decision, RequestId};
use crate::push::native::messages::ReceiptStatus;
use crate::time::UnixTime;

/// What is known of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// Sent perhaps; the server has not said anything that counts.
    Unconfirmed,
    /// Sent perhaps, never confirmed, and not sent any more: its request ended long ago, or a report has taken its place.
    GivenUp,
    /// Given as digits, typed by the person into the page.
    ByDigits,
    /// What the server signed.
    Receipt(ReceiptStatus),
}

/// An answer of the past. Texts may be shown, as those of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// What was answered.
    pub request: RequestId,
    /// When, by this device's clock.
    pub at: UnixTime,
    /// How.
    pub decision: Decision,
    /// What was asked for: the application or the first detail, where there is one.
    pub about: Option<String>,
    /// What came of it.
    pub confirmation: Confirmation,
}
