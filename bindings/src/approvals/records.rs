//! Enrolments, and what enrolling takes, by value.

use countersign_core::push::desk::{Joined, Known};
use countersign_core::push::model;
use countersign_core::push::native::messages::{Device, Transport};
use countersign_core::push::native::phone::PushChoice;

use crate::ApiError;

/// What an invitation says. Nothing but the host is proven before the server has answered: the person looks at it and
/// says yes.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct InvitationPreview {
    /// Where it leads: host, and port where it isn't 443.
    pub host: String,
    /// What it says the server's name is; unverified.
    pub server: Option<String>,
    /// What it says the account's name is; unverified.
    pub account: Option<String>,
    /// This device is enrolled at that very server already, for this or another account.
    pub known: bool,
}

/// What this device says of itself; the server shows it to its owner. Each is cut to 40 characters that can be shown.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DeviceInfo {
    /// The name that the person knows it by.
    pub name: String,
    /// Its model.
    pub model: String,
    /// Its system and version.
    pub os: String,
    /// The app and its version.
    pub app: String,
}

impl From<DeviceInfo> for Device {
    fn from(info: DeviceInfo) -> Self {
        let DeviceInfo { name, model, os, app } = info;
        Self { name, model, os, app }
    }
}

/// Where this device wants to be woken. At most 1 KiB each.
#[derive(Clone, PartialEq, Eq, uniffi::Enum)]
pub enum PushAddress {
    /// Nowhere: it polls.
    Nowhere,
    /// UnifiedPush (RFC 8030, RFC 8291).
    UnifiedPush {
        /// An https URL.
        endpoint: String,
    },
    /// Firebase Cloud Messaging.
    Fcm {
        /// The registration token.
        token: String,
    },
    /// Apple's push service.
    Apns {
        /// The device token.
        token: String,
    },
}

impl From<PushAddress> for PushChoice {
    fn from(address: PushAddress) -> Self {
        let (transport, address) = match address {
            PushAddress::Nowhere => return Self::None,
            PushAddress::UnifiedPush { endpoint } => (Transport::UnifiedPush, endpoint),
            PushAddress::Fcm { token } => (Transport::Fcm, token),
            PushAddress::Apns { token } => (Transport::Apns, token),
        };
        Self::At { transport, address }
    }
}

/// Where the keys of an enrolment are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum NewKeys {
    /// Here: Ed25519; the one that approves is sealed in the vault, so that each use needs the password or the
    /// keystore.
    Software,
    /// In the platform's [`DeviceSigner`](crate::DeviceSigner): P-256.
    Platform,
}

/// An enrolment that this device has just been given, pending: the person compares both names and types the digits into
/// the page.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct Enrolled {
    /// The enrolment: 32 hexadecimal digits.
    pub id: String,
    /// The server's name, as it signed it.
    pub server: String,
    /// The account's name there, as the server signed it.
    pub account: String,
    /// Six digits, to be shown in two groups of three.
    pub digits: String,
    /// The invitation named another account than the server has signed: the person has to look twice.
    pub hint_differs: bool,
    /// It has time-based codes, which stand among the accounts now.
    pub has_codes: bool,
}

impl Enrolled {
    pub(super) fn of(joined: Joined) -> Option<Self> {
        match joined {
            Joined::Done { id, server, account, digits, hint_differs, has_codes } => {
                Some(Self { id: id.to_string(), server, account, digits, hint_differs, has_codes })
            }
            Joined::Step(_) => None,
        }
    }
}

/// An enrolment that was begun and not finished.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct UnfinishedEnrollment {
    /// The id that it has, and will have: 32 hexadecimal digits.
    pub id: String,
    /// Where: host, and port where it isn't 443.
    pub host: String,
}

/// Where an enrolment stands at its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum EnrollmentStatus {
    /// Not confirmed on the page yet.
    Pending,
    /// In use.
    Active,
    /// The person has reported a request: the server's operator looks at it.
    Frozen,
    /// Stopped by the server.
    Suspended,
    /// Removed at the server.
    Removed,
}

impl From<model::Status> for EnrollmentStatus {
    fn from(status: model::Status) -> Self {
        match status {
            model::Status::Pending => Self::Pending,
            model::Status::Active => Self::Active,
            model::Status::Frozen => Self::Frozen,
            model::Status::Suspended => Self::Suspended,
            model::Status::Removed => Self::Removed,
        }
    }
}

/// An enrolment. Its texts may be shown, isolated from what stands beside them.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct EnrollmentInfo {
    /// Its lasting name on this device: 32 hexadecimal digits.
    pub id: String,
    /// The server's name, as it signed it.
    pub server: String,
    /// Host, and port where it isn't 443.
    pub host: String,
    /// The account's name there.
    pub account: String,
    /// Where it stands, as the server last said; none where a restored backup has nothing but its name.
    pub status: Option<EnrollmentStatus>,
    /// It can't approve any more: this device has to be enrolled again there.
    pub renew: bool,
    /// The six digits that the page waits for, while it is pending.
    pub digits: Option<String>,
    /// Both keys live in the platform's hardware.
    pub in_hardware: bool,
    /// The account of its time-based codes.
    pub codes: Option<String>,
    /// How far the server's clock is ahead of this device's, in milliseconds (negative: behind).
    pub clock_ahead_ms: Option<i64>,
    /// When it was enrolled.
    pub since_ms: i64,
    /// When the server last said something.
    pub heard_ms: Option<i64>,
    /// Its requests make no notification until then: too many were turned down.
    pub muted_until_ms: Option<i64>,
    /// Something was sent that the server hasn't confirmed; it is sent again.
    pub unconfirmed: bool,
}

impl From<Known> for EnrollmentInfo {
    fn from(known: Known) -> Self {
        Self {
            id: known.id.to_string(),
            server: known.server,
            host: known.host,
            account: known.account,
            status: known.status.map(EnrollmentStatus::from),
            renew: known.renew,
            digits: known.confirmation,
            in_hardware: known.hardware,
            codes: known.codes.map(|id| id.to_string()),
            clock_ahead_ms: known.offset_millis,
            since_ms: known.since.millis(),
            heard_ms: known.heard.map(|heard| heard.millis()),
            muted_until_ms: known.muted_until.map(|until| until.millis()),
            unconfirmed: known.unconfirmed,
        }
    }
}

/// A step that can't follow in this place.
pub(super) fn unexpected() -> ApiError {
    ApiError::Internal { reason: "a step that can't follow here".into(), code: "unexpected-step".into() }
}
