//! Countersign's core for Kotlin, Swift and Python: a UniFFI face, nothing else.
//!
//! - `authenticator`: the façade: a vault, who may unlock it, its health, and three desks over it. `founding`: how one comes to
//!   be: made new, restored from a backup, salvaged.
//! - `accounts`: the desk for accounts and codes. `enroll`: from what a camera sees or a person types to an account.
//! - `approvals`: the desk for push approvals: enrolments, requests, answers.
//! - `transfer`: the desk for accounts from other files, and out again.
//! - `ports`: what a platform gives: network, keystore, signer, places for backups, clock, counter, listeners.
//! - `shared`: the core behind its lock; `running`: what is being done just now, and how it ends early; `changes`: who hears of
//!   what; `counter`: the platform's counter, asked outside of the lock.
//! - `secrets`: how secrets come in and go out; `redacted`: what is said of them in logs. `errors`: what went wrong, by what the person can do.
//!
//! Two rules hold everywhere. No foreign code is called while the core is locked for a call. What touches the disk or derives a
//! key blocks, and says so; what waits for a person or a network is async.

mod accounts;
mod approvals;
mod authenticator;
mod changes;
mod counter;
mod enroll;
mod errors;
mod founding;
mod oddity;
mod ports;
mod progress;
mod records;
mod redacted;
mod running;
mod secrets;
mod shared;
#[cfg(test)]
mod tests;
mod transfer;

pub use accounts::{
    AccountCode, AccountFilter, AccountInfo, Accounts, OtpAlgorithm, OtpKind, OtpParameters, Profile, Revealed,
    TagCount,
};
pub use approvals::{
    Approvals, Confirmation, ContextLine, Decision, DenyReason, DeviceInfo, Enrolled, EnrollmentInfo, EnrollmentStatus,
    HistoryEntry, InvitationPreview, NewKeys, OfflineCode, PageCode, PendingRequest, PersonCheck, Polled, Poller,
    PushAddress, RequestAction, RequestDetail, Resent, UnfinishedEnrollment, VerificationMethod,
};
pub use authenticator::{Authenticator, Rotated};
pub use changes::Change;
pub use enroll::{
    AccountDraft, BareSecret, DraftPreview, ExportPart, ForeignCode, Likeness, ManualAccount, NotYetCode, PendingPin,
    PendingTwoStep, PictureReading, Point, QrMatrix, Resemblance, Rotation, ScanEvent, ScanHint, Scanned, Scanner,
    TwoStepResult, qr_code,
};
pub use errors::ApiError;
pub use founding::{FileKey, NewVault, create_vault, restore_backup, salvage_vault};
pub use oddity::Oddity;
pub use ports::{
    BackupSink, ChangeListener, Clock, Counter, DeviceKey, DeviceSigner, HttpClient, HttpError, HttpHeader,
    HttpRequest, HttpResponse, KeyAttestation, KeyPurpose, KeyUse, KeyWrapper, PinnedHost, Platform, PortError,
    Progress, SignPrompt, SignReason,
};
pub use records::{Finding, Report, Settings, SlotInfo, SlotKind};
pub use running::Operation;
pub use secrets::{RecoveryCode, SecretInput};
pub use transfer::{
    FormatInfo, GoogleExport, Import, ImportItem, ImportLikeness, ImportPreview, Imported, LastImport, LeftOut,
    LikeWhat, LinksExport, PreviewCode, RefusedItem, Transfer, Undone,
};

uniffi::setup_scaffolding!();

/// The version of the library.
#[uniffi::export]
#[must_use]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
