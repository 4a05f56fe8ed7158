//! One error of each variant that core has.

use std::io::ErrorKind;

use countersign_core::account::AccountId;
use countersign_core::enroll::{self, NotYet, SecretProblem, migration};
use countersign_core::entropy::EntropyError;
use countersign_core::otp::{self, Algorithm, Digits, Kind, Period};
use countersign_core::push::native::messages::ErrorCode;
use countersign_core::push::native::phone;
use countersign_core::push::{MessageError, desk};
use countersign_core::transfer::{self, Format, Reason};
use countersign_core::vault::{self, Damage, platform::PlatformError};
use countersign_core::watch::Stopped;

use super::super::{ApiError, left_out_code, refused_code};
use crate::PortError;

/// What each of them is on this side.
pub(super) fn errors() -> Vec<ApiError> {
    let mut errors = vec![ApiError::locked(), ApiError::shut(), ApiError::cancelled(), ApiError::no_port("x")];
    errors.extend([PortError::NotConfirmed, PortError::KeyGone, PortError::Failed].map(ApiError::from));
    errors.extend(of_vault().map(ApiError::from));
    errors.extend(of_otp().map(ApiError::from));
    errors.extend(of_enroll().map(ApiError::from));
    errors.extend(of_migration().iter().map(ApiError::from));
    errors.extend(of_transfer().map(ApiError::from));
    errors.extend(of_messages().iter().map(ApiError::from));
    errors.extend(of_phone().map(ApiError::from));
    errors.extend(of_desk().map(ApiError::from));
    errors
}

/// The codes of each entry that is refused or left out.
pub(super) fn entries() -> Vec<String> {
    use migration::NotExportable as N;
    let refused = [
        Reason::Unreadable(enroll::Error::MissingSecret),
        Reason::NeedsPin,
        Reason::NoNames,
        Reason::TwoStep,
        Reason::NotYet(NotYet::Keycloak),
        Reason::Foreign("x"),
        Reason::NotUtf8,
        Reason::NoText,
    ];
    let left_out = [
        N::Kind(Kind::Steam),
        N::Period(Period::new(60).unwrap()),
        N::Digits(Digits::new(7).unwrap()),
        N::Algorithm(Algorithm::Sha384),
        N::Counter,
        N::TooLong,
    ];
    refused.iter().map(refused_code).chain(left_out.map(left_out_code)).collect()
}

fn of_vault() -> impl Iterator<Item = vault::Error> {
    use vault::Error as E;
    let id = AccountId::from_bytes([1; 16]);
    let one = [
        E::NoVault,
        E::AlreadyThere,
        E::NotAVault,
        E::Newer { found: 2, known: 1 },
        E::WrongPassword { remaining: 1, wait_seconds: 0 },
        E::WrongApprovalPassword { before_erasing: 9, remaining: 1, wait_seconds: 0 },
        E::RootErased,
        E::OtherRoot,
        E::Wait { wait_seconds: 30 },
        E::MistypedRecoveryCode,
        E::WrongRecoveryCode,
        E::UnusableHere,
        E::NoSuchSlot,
        E::DamagedSlot,
        E::Damaged(Damage::Structure),
        E::Damaged(Damage::Schema),
        E::Damaged(Damage::Manifest),
        E::NotAccepted,
        E::KeyChanged,
        E::Changed,
        E::UnreadableRow,
        E::Locked,
        E::ReadOnly,
        E::DiskFull,
        E::Busy,
        E::Io(ErrorKind::Other),
        E::Database(1),
    ];
    let other = [
        E::Stopped(Stopped),
        E::NotFound("account"),
        E::Duplicate(id),
        E::WrongKind("HOTP"),
        E::NoMatch(10),
        E::WeakPassword { least: 8 },
        E::LastSlot,
        E::KdfBounds,
        E::InvalidInput { what: "x", reason: "x" },
        E::DamagedBackup,
        E::NotABackup,
        E::BackupNotKept,
        E::TooLarge { what: "x", limit: 1 },
        E::RotateFirst,
        E::Otp(otp::Error::BeforeEpoch),
        E::Entropy(EntropyError),
        E::Platform(PlatformError::KeyGone),
        E::Platform(PlatformError::NotConfirmed),
        E::Platform(PlatformError::Failed),
        E::Internal("x"),
    ];
    one.into_iter().chain(other)
}

fn of_otp() -> impl Iterator<Item = otp::Error> {
    use otp::Error as E;
    [
        E::UnknownAlgorithm("x".into()),
        E::Digits(3),
        E::Period(0),
        E::EmptySecret,
        E::LongSecret(2000),
        E::SecretForm("x"),
        E::Pin("x"),
        E::BeforeEpoch,
        E::CounterUsedUp,
    ]
    .into_iter()
}

fn of_enroll() -> impl Iterator<Item = enroll::Error> {
    use enroll::Error as E;
    [
        E::Empty,
        E::TooLong { bytes: 70_000 },
        E::SeveralTexts,
        E::NotRecognized,
        E::UnknownKind("x".into()),
        E::MissingSecret,
        E::BadSecret(SecretProblem::HalfByte),
        E::MissingParameter("x"),
        E::BadParameter("x"),
        E::DuplicateParameter("x"),
        E::NotUtf8Percent("x"),
        E::TooManyParameters,
        E::LongName("x"),
        E::Otp(otp::Error::EmptySecret),
        E::Migration(migration::Problem::Damaged),
        E::OverBound { parameter: "x", value: 2, limit: 1 },
        E::Push(MessageError::UnknownKey),
        E::Entropy(EntropyError),
    ]
    .into_iter()
}

fn of_migration() -> [migration::Problem; 6] {
    use migration::Problem as P;
    [P::Damaged, P::PartNumber, P::OtherBatch, P::Missing(vec![2]), P::Md5, P::UnknownValue("x")]
}

fn of_transfer() -> impl Iterator<Item = transfer::Error> {
    use transfer::Error as E;
    [
        E::NotRecognized,
        E::NeedsKey(Format::Backup),
        E::NotBuiltIn(Format::Picture),
        E::TooLarge,
        E::TooMany,
        E::NoCode,
        E::Migration(migration::Problem::Md5),
        E::Vault(vault::Error::Locked),
        E::Stopped(Stopped),
        E::Entropy(EntropyError),
    ]
    .into_iter()
}

fn of_messages() -> [MessageError; 8] {
    use MessageError as E;
    [
        E::NotSigned("x"),
        E::UnknownKey,
        E::WrongSignature,
        E::Unsupported("x"),
        E::Malformed("x"),
        E::Elsewhere("x"),
        E::Time("x"),
        E::Downgrade("x"),
    ]
}

fn of_phone() -> impl Iterator<Item = phone::Error> {
    use ErrorCode as C;
    use phone::Error as E;
    let verifier = [
        C::Malformed,
        C::Unsupported,
        C::TicketUnknown,
        C::TicketUsed,
        C::TicketExpired,
        C::ProofTime,
        C::ProofReplayed,
        C::CloneSuspected,
        C::NotActive,
    ];
    let own = [
        E::Network,
        E::Refused(MessageError::UnknownKey),
        E::HardwareNeeded,
        E::UnknownRequest,
        E::Expired,
        E::HeldBack,
        E::NotActive,
        E::Code,
        E::NoTotp,
        E::Address,
        E::Signature,
        E::Keys,
        E::OutOfStep,
        E::Entropy(EntropyError),
        E::Unreadable,
    ];
    own.into_iter().chain(verifier.map(E::Verifier))
}

fn of_desk() -> impl Iterator<Item = desk::Error> {
    use desk::Error as E;
    [E::Vault(vault::Error::Busy), E::Protocol(phone::Error::Network), E::NoEnrollment, E::Renew].into_iter()
}
