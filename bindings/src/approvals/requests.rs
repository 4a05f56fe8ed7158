//! Requests, by value.

use countersign_core::push::desk::Waiting;
use countersign_core::push::jose::decode;
use countersign_core::push::model::{self, RequestId};
use countersign_core::vault::PushId;

use super::records::EnrollmentStatus;
use crate::ApiError;

/// What is asked for; the screen's title is made of it in the person's language.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum RequestAction {
    /// "Are you signing in to …?"
    SignIn {
        /// What is signed in to, where the server says it.
        application: Option<String>,
    },
    /// "Do you confirm this?", with the details below.
    Transaction {
        /// What is asking, where the server says it.
        application: Option<String>,
    },
    /// The server's own words, to be shown as a quotation.
    Question {
        /// The words.
        text: String,
    },
}

impl From<model::Action> for RequestAction {
    fn from(action: model::Action) -> Self {
        match action {
            model::Action::SignIn { application } => Self::SignIn { application },
            model::Action::Transaction { application } => Self::Transaction { application },
            model::Action::Question(text) => Self::Question { text },
        }
    }
}

/// Who is asking; the label of each line is the screen's, in the person's language.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum ContextLine {
    /// Browser or app.
    Client {
        /// As the server names it.
        text: String,
    },
    /// Its network address.
    Address {
        /// As the server writes it.
        text: String,
    },
    /// Where that is thought to be.
    Location {
        /// In the server's words.
        text: String,
    },
    /// When it asked.
    Time {
        /// In the server's words.
        text: String,
    },
}

impl From<model::Line> for ContextLine {
    fn from(line: model::Line) -> Self {
        match line {
            model::Line::Client(text) => Self::Client { text },
            model::Line::Address(text) => Self::Address { text },
            model::Line::Location(text) => Self::Location { text },
            model::Line::Time(text) => Self::Time { text },
        }
    }
}

/// A line of what a transaction does, to be shown in full.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RequestDetail {
    /// What it is.
    pub label: String,
    /// Its value.
    pub value: String,
}

/// What the person finds on the page, and approving needs.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum PageCode {
    /// Nothing.
    NotNeeded,
    /// Digits to type.
    Digits {
        /// How many.
        count: u8,
    },
    /// One of these, which the page shows.
    Choice {
        /// In this order.
        options: Vec<String>,
    },
}

impl From<model::Code> for PageCode {
    fn from(code: model::Code) -> Self {
        match code {
            model::Code::None => Self::NotNeeded,
            model::Code::Digits(count) => Self::Digits { count },
            model::Code::Choice(options) => Self::Choice { options },
        }
    }
}

/// Why a request is turned down, where a server takes a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum DenyReason {
    /// The person doesn't know what it is about.
    Unknown,
    /// The person doesn't want it any more.
    Cancelled,
}

/// A request that waits for an answer. Every text was checked: it may be shown, isolated from what stands beside it.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct PendingRequest {
    /// Its name on this device: 43 characters, base64url.
    pub id: String,
    /// The enrolment that it came to: 32 hexadecimal digits.
    pub enrollment: String,
    /// The server's name, as enrolled.
    pub server: String,
    /// Its host, and port where it isn't 443.
    pub host: String,
    /// Whether the server has signed what it says about this request; where not, the screen says so.
    pub verified_context: bool,
    /// The account's name at the server.
    pub account: String,
    /// Where the enrolment stands.
    pub status: EnrollmentStatus,
    /// What is asked for.
    pub action: RequestAction,
    /// Who is asking.
    pub context: Vec<ContextLine>,
    /// What a transaction does, in the server's order: all of it is shown before anybody approves.
    pub details: Vec<RequestDetail>,
    /// When it was made, by the server's clock.
    pub issued_ms: i64,
    /// Until when it may be answered, by the server's clock.
    pub expires_ms: i64,
    /// The same moment by this device's clock.
    pub ends_ms: i64,
    /// What approving needs from the page.
    pub code: PageCode,
    /// Approving needs a [`PersonCheck`](crate::PersonCheck).
    pub needs_check: bool,
    /// It was scanned: the digits of [`Approvals::approve_offline`](crate::Approvals::approve_offline) answer it.
    pub by_picture: bool,
    /// It may be approved and denied over the network.
    pub online: bool,
    /// It may be reported: "it wasn't me".
    pub can_report: bool,
    /// Reasons that the server takes with a denial.
    pub deny_reasons: Vec<DenyReason>,
}

impl PendingRequest {
    pub(super) fn new(enrollment: PushId, request: model::Request) -> Self {
        let reason = |reason: model::DenyReason| match reason {
            model::DenyReason::Unknown => DenyReason::Unknown,
            model::DenyReason::Cancelled => DenyReason::Cancelled,
        };
        let detail = |detail: model::Detail| RequestDetail { label: detail.label, value: detail.value };
        Self {
            id: request.id.to_string(),
            enrollment: enrollment.to_string(),
            server: request.server,
            host: request.host,
            verified_context: request.verified_context,
            account: request.account,
            status: request.status.into(),
            action: request.action.into(),
            context: request.context.into_iter().map(ContextLine::from).collect(),
            details: request.details.into_iter().map(detail).collect(),
            issued_ms: request.issued.millis(),
            expires_ms: request.expires.millis(),
            ends_ms: request.ends.millis(),
            code: request.needs.code.into(),
            needs_check: request.needs.user_verification,
            by_picture: request.by_picture,
            online: request.online,
            can_report: request.can_report,
            deny_reasons: request.deny_reasons.into_iter().map(reason).collect(),
        }
    }
}

impl From<Waiting> for PendingRequest {
    fn from(waiting: Waiting) -> Self {
        Self::new(waiting.enrollment, waiting.request)
    }
}

/// An enrolment's id from its text.
pub(super) fn enrollment_id(text: &str) -> Result<PushId, ApiError> {
    text.parse().map_err(|_| ApiError::input("enrolment", "an enrolment's id has 32 hexadecimal digits", "not-an-id"))
}

/// A request's id from its text.
pub(super) fn request_id(text: &str) -> Result<RequestId, ApiError> {
    let bytes = decode(text).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let wrong = || ApiError::input("request", "a request's id has 43 characters of base64url", "not-an-id");
    bytes.map(RequestId::from_bytes).ok_or_else(wrong)
}
