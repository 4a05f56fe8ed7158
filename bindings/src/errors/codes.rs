//! From core's errors to [`ApiError`].

use countersign_core::enroll::{self, migration};
use countersign_core::entropy::EntropyError;
use countersign_core::push::MessageError;
use countersign_core::push::desk;
use countersign_core::push::native::messages::ErrorCode;
use countersign_core::push::native::phone;
use countersign_core::vault::platform::PlatformError;
use countersign_core::vault::{self, Damage};
use countersign_core::{otp, transfer};

use super::ApiError;

fn damaged(what: &str, code: &str) -> ApiError {
    ApiError::Damaged { what: what.into(), code: code.into() }
}

impl From<vault::Error> for ApiError {
    fn from(error: vault::Error) -> Self {
        use vault::Error as E;
        let reason = || error.to_string();
        let input = |what: &str, code: &str| Self::input(what, &reason(), code);
        let storage = |code: &str| Self::Storage { reason: reason(), code: code.into() };
        let gone = |code: &str| Self::KeysGone { reason: reason(), code: code.into() };
        match &error {
            E::NoVault => input("vault", "no-vault"),
            E::AlreadyThere => Self::AlreadyThere { what: "file".into(), id: None, code: "file-exists".into() },
            E::NotAVault => input("vault", "not-a-vault"),
            E::Newer { .. } => Self::unsupported("file", &reason(), "newer"),
            E::WrongPassword { remaining, wait_seconds } => Self::WrongPassword {
                remaining: *remaining,
                wait_seconds: *wait_seconds,
                before_erasing: None,
                code: "wrong-password".into(),
            },
            E::WrongApprovalPassword { before_erasing, remaining, wait_seconds } => Self::WrongPassword {
                remaining: *remaining,
                wait_seconds: *wait_seconds,
                before_erasing: Some(*before_erasing),
                code: "wrong-approval-password".into(),
            },
            E::Wait { wait_seconds } => Self::WrongPassword {
                remaining: 0,
                wait_seconds: *wait_seconds,
                before_erasing: None,
                code: "wait".into(),
            },
            E::RootErased => gone("approval-keys-erased"),
            E::OtherRoot => gone("approval-keys-unreadable"),
            E::UnusableHere => gone("device-key-unusable"),
            E::MistypedRecoveryCode => input("recovery code", "recovery-code-mistyped"),
            E::WrongRecoveryCode => input("recovery code", "recovery-code-wrong"),
            E::NoSuchSlot => input("way to unlock", "no-such-slot"),
            E::DamagedSlot => damaged("way to unlock", "slot-damaged"),
            E::Damaged(Damage::Structure) => damaged("vault", "structure-damaged"),
            E::Damaged(Damage::Schema) => damaged("vault", "schema-damaged"),
            E::Damaged(Damage::Manifest) => damaged("vault", "manifest-damaged"),
            E::NotAccepted => damaged("vault", "not-accepted"),
            E::UnreadableRow => damaged("inbox", "row-unreadable"),
            E::DamagedBackup => damaged("backup", "backup-damaged"),
            E::KeyChanged => Self::Locked { code: "key-changed".into() },
            E::Locked => Self::locked(),
            E::Changed => storage("changed-meanwhile"),
            E::ReadOnly => storage("read-only"),
            E::DiskFull => storage("disk-full"),
            E::Busy => storage("busy"),
            E::Io(_) => storage("io"),
            E::Database(_) => storage("database"),
            E::BackupNotKept => storage("backup-not-kept"),
            E::Stopped(_) => Self::cancelled(),
            E::NotFound(what) => input(what, "not-found"),
            E::Duplicate(id) => {
                Self::AlreadyThere { what: "account".into(), id: Some(id.to_string()), code: "account-exists".into() }
            }
            E::WrongKind(_) => input("account", "wrong-kind"),
            E::NoMatch(_) => input("codes", "no-match"),
            E::WeakPassword { .. } => input("password", "weak-password"),
            E::LastSlot => input("way to unlock", "last-slot"),
            E::KdfBounds => Self::unsupported("file", &reason(), "kdf-bounds"),
            E::InvalidInput { what, reason } => Self::input(what, reason, "out-of-bounds"),
            E::NotABackup => input("file", "not-a-backup"),
            E::TooLarge { what, .. } => input(what, "too-large"),
            E::RotateFirst => Self::unsupported("vault's key", &reason(), "rotate-first"),
            E::Otp(error) => error.into(),
            E::Entropy(error) => error.into(),
            E::Platform(PlatformError::KeyGone) => gone("device-key-gone"),
            E::Platform(PlatformError::NotConfirmed) => Self::Cancelled { code: "not-confirmed".into() },
            E::Platform(PlatformError::Failed) => Self::Internal { reason: reason(), code: "platform-failed".into() },
            E::Internal(_) => Self::Internal { reason: reason(), code: "internal".into() },
        }
    }
}

impl From<&otp::Error> for ApiError {
    fn from(error: &otp::Error) -> Self {
        use otp::Error as E;
        let (what, code) = match error {
            E::UnknownAlgorithm(_) => ("algorithm", "unknown-algorithm"),
            E::Digits(_) => ("digits", "digits"),
            E::Period(_) => ("period", "period"),
            E::EmptySecret => ("secret", "secret-empty"),
            E::LongSecret(_) => ("secret", "secret-too-long"),
            E::SecretForm(_) => ("secret", "secret-form"),
            E::Pin(_) => ("PIN", "pin-form"),
            E::BeforeEpoch => ("clock", "clock-before-1970"),
            E::CounterUsedUp => ("counter", "counter-used-up"),
        };
        Self::input(what, &error.to_string(), code)
    }
}

impl From<otp::Error> for ApiError {
    fn from(error: otp::Error) -> Self {
        Self::from(&error)
    }
}

impl From<&EntropyError> for ApiError {
    fn from(error: &EntropyError) -> Self {
        Self::Internal { reason: error.to_string(), code: "no-randomness".into() }
    }
}

impl From<EntropyError> for ApiError {
    fn from(error: EntropyError) -> Self {
        Self::from(&error)
    }
}

impl From<&migration::Problem> for ApiError {
    fn from(problem: &migration::Problem) -> Self {
        use migration::Problem as P;
        let code = match problem {
            P::Damaged => "export-part-damaged",
            P::PartNumber => "export-part-number",
            P::OtherBatch => "export-other-batch",
            P::Missing(_) => "export-parts-missing",
            P::Md5 => "export-md5",
            P::UnknownValue(_) => "export-unknown-value",
        };
        Self::input("export", &problem.to_string(), code)
    }
}

impl From<&enroll::Error> for ApiError {
    fn from(error: &enroll::Error) -> Self {
        use enroll::Error as E;
        let (what, code) = match error {
            E::Empty => ("text", "text-empty"),
            E::TooLong { .. } => ("text", "text-too-long"),
            E::SeveralTexts => ("text", "several-links"),
            E::NotRecognized => ("text", "not-recognized"),
            E::UnknownKind(_) => ("kind", "unknown-kind"),
            E::MissingSecret => ("secret", "secret-missing"),
            E::BadSecret(_) => ("secret", "secret-unreadable"),
            E::MissingParameter(what) => (*what, "parameter-missing"),
            E::BadParameter(what) => (*what, "parameter-unreadable"),
            E::DuplicateParameter(what) => (*what, "parameter-twice"),
            E::NotUtf8Percent(what) => (*what, "parameter-not-utf8"),
            E::TooManyParameters => ("link", "too-many-parameters"),
            E::LongName(_) => ("name", "name-too-long"),
            E::OverBound { .. } => ("link", "over-bound"),
            E::Otp(error) => return error.into(),
            E::Migration(problem) => return problem.into(),
            E::Push(error) => return error.into(),
            E::Entropy(error) => return error.into(),
        };
        Self::input(what, &error.to_string(), code)
    }
}

impl From<enroll::Error> for ApiError {
    fn from(error: enroll::Error) -> Self {
        Self::from(&error)
    }
}

impl From<transfer::Error> for ApiError {
    fn from(error: transfer::Error) -> Self {
        use transfer::Error as E;
        let input = |code: &str| Self::input("file", &error.to_string(), code);
        match &error {
            E::NotRecognized => input("file-not-recognized"),
            E::NeedsKey(_) => input("file-needs-password"),
            E::NotBuiltIn(_) => Self::unsupported("file", &error.to_string(), "format-not-built-in"),
            E::TooLarge => input("file-too-large"),
            E::TooMany => input("too-many-entries"),
            E::NoCode => input("no-code-in-picture"),
            E::Migration(problem) => problem.into(),
            E::Vault(error) => error.clone().into(),
            E::Stopped(_) => Self::cancelled(),
            E::Entropy(error) => error.into(),
            // A feature that this crate does not ask for; another crate of the same build may.
            #[allow(unreachable_patterns, reason = "with pictures in the same build there is one more kind")]
            _ => input("picture-unreadable"),
        }
    }
}

impl From<&MessageError> for ApiError {
    fn from(error: &MessageError) -> Self {
        use MessageError as E;
        let code = match error {
            E::NotSigned(_) => "message-not-signed",
            E::UnknownKey => "message-unknown-key",
            E::WrongSignature => "message-wrong-signature",
            E::Unsupported(_) => "message-unsupported",
            E::Malformed(_) => "message-malformed",
            E::Elsewhere(_) => "message-elsewhere",
            E::Time(_) => "message-out-of-time",
            E::Downgrade(_) => "message-downgrade",
        };
        Self::Rejected { by: "device".into(), code: code.into() }
    }
}

impl From<desk::Error> for ApiError {
    fn from(error: desk::Error) -> Self {
        match error {
            desk::Error::Vault(error) => error.into(),
            desk::Error::Protocol(error) => error.into(),
            desk::Error::NoEnrollment => Self::input("enrolment", "there is no such enrolment", "no-enrollment"),
            desk::Error::Renew => {
                Self::KeysGone { reason: "this device has to be enrolled again".into(), code: "enroll-again".into() }
            }
        }
    }
}

impl From<phone::Error> for ApiError {
    fn from(error: phone::Error) -> Self {
        use phone::Error as E;
        let input = |what: &str, code: &str| Self::input(what, &error.to_string(), code);
        let internal = |code: &str| Self::Internal { reason: error.to_string(), code: code.into() };
        match &error {
            E::Network => Self::Network { retryable: true, code: "no-answer".into() },
            E::Refused(error) => error.into(),
            E::Verifier(code) => Self::Rejected { by: "server".into(), code: server_code(*code).into() },
            E::HardwareNeeded => Self::unsupported("keys", &error.to_string(), "hardware-needed"),
            E::UnknownRequest => input("request", "no-request"),
            E::Expired => input("request", "request-ended"),
            E::HeldBack => Self::Network { retryable: true, code: "earlier-unconfirmed".into() },
            E::NotActive => Self::Rejected { by: "server".into(), code: "enrollment-not-active".into() },
            E::Code => input("digits", "not-the-digits"),
            E::NoTotp => input("enrolment", "no-codes"),
            E::Address => input("push address", "push-address"),
            E::Signature => internal("foreign-signature"),
            E::Keys => internal("keys-unusable"),
            E::OutOfStep => internal("out-of-step"),
            E::Entropy(error) => error.into(),
            E::Unreadable => damaged("enrolment", "enrollment-unreadable"),
        }
    }
}

/// What a server signed as its reason.
const fn server_code(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Malformed => "server-malformed",
        ErrorCode::Unsupported => "server-unsupported",
        ErrorCode::TicketUnknown => "ticket-unknown",
        ErrorCode::TicketUsed => "ticket-used",
        ErrorCode::TicketExpired => "ticket-expired",
        ErrorCode::ProofTime => "server-clock",
        ErrorCode::ProofReplayed => "server-replayed",
        ErrorCode::CloneSuspected => "clone-suspected",
        ErrorCode::NotActive => "server-not-active",
    }
}
