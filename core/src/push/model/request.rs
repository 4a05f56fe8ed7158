//! What a server asks, ready for the screen.

use std::fmt;

use super::{Detail, Status};
use crate::push::jose::encode;
use crate::time::UnixTime;

/// A request's name on this phone: 32 bytes that only this request has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId([u8; 32]);

impl RequestId {
    /// From its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(&self.0))
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({self})")
    }
}

/// What is asked for; the screen's title is made of it in the person's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
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
    Question(String),
}

/// What a line of context says; its label is the screen's, in the person's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Browser or app that asks.
    Client(String),
    /// Its network address.
    Address(String),
    /// Where that is thought to be.
    Location(String),
    /// When it asked, in the server's words.
    Time(String),
}

/// What has to be known to approve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// Nothing.
    None,
    /// So many digits from the page.
    Digits(u8),
    /// One of these, which the page shows.
    Choice(Vec<String>),
}

/// What approving needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// What the person finds on the page.
    pub code: Code,
    /// Fingerprint, face, PIN or password.
    pub user_verification: bool,
}

/// Why a request is turned down, where a server takes a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DenyReason {
    /// The person doesn't know what it is about.
    Unknown,
    /// The person doesn't want it any more.
    Cancelled,
}

/// What a server asks. Every text was checked: it may be shown, isolated from what stands beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its name on this phone.
    pub id: RequestId,
    /// The server's name, as enrolled.
    pub server: String,
    /// The server's address, host and port.
    pub host: String,
    /// Whether the server has signed what it says about this request.
    pub verified_context: bool,
    /// The account's name at the server.
    pub account: String,
    /// Where the enrolment stands.
    pub status: Status,
    /// What is asked for.
    pub action: Action,
    /// Who is asking.
    pub context: Vec<Line>,
    /// What a transaction does, in the server's order; all of it is shown, in full.
    pub details: Vec<Detail>,
    /// When it was made, by the server's clock.
    pub issued: UnixTime,
    /// Until when it may be answered, by the server's clock.
    pub expires: UnixTime,
    /// The same moment by this device's clock.
    pub ends: UnixTime,
    /// What approving needs.
    pub needs: Needs,
    /// It came by QR code, and digits that are typed into the page answer it.
    pub by_picture: bool,
    /// It may be approved and denied over the network.
    pub online: bool,
    /// "It wasn't me" is known to the server.
    pub can_report: bool,
    /// Reasons that the server takes with a denial.
    pub deny_reasons: Vec<DenyReason>,
}
