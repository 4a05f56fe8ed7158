//! What can go wrong, the exit code of each, and what to do next.

use countersign_core::enroll;
use countersign_core::enroll::migration::Problem;
use countersign_core::enroll::picture::PictureError;
use countersign_core::push::MessageError;
use countersign_core::push::desk;
use countersign_core::push::native::messages::ErrorCode;
use countersign_core::push::native::phone;
use countersign_core::transfer;
use countersign_core::vault;

/// Why a command did not do it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Vault(#[from] vault::Error),
    #[error(transparent)]
    Enroll(#[from] enroll::Error),
    #[error(transparent)]
    Picture(#[from] PictureError),
    #[error("{0}")]
    Migration(Problem),
    #[error("{0}")]
    Transfer(transfer::Error),
    #[error("{what}: {error}")]
    File { what: String, error: std::io::Error },
    #[error("{0}")]
    Usage(&'static str),
    #[error("no account matches {0:?}")]
    NoAccount(String),
    #[error("{name:?} could be any of these:\n{list}")]
    Several { name: String, list: String },
    #[error("this is {what}. {instead}")]
    Refused { what: String, instead: String },
    #[error("the picture holds no QR code that can be read")]
    NoCode,
    #[error("the vault is not as it was last written")]
    Findings,
    #[error(transparent)]
    Approvals(desk::Error),
    #[error("this holds no invitation to approve sign-ins")]
    NoInvitation,
    #[error("the invitation can't be used: {0}")]
    Invitation(MessageError),
    #[error("no such request is waiting")]
    NoRequest,
    #[error("no enrolment matches {0:?}")]
    NoEnrollment(String),
    #[error("the server can't be asked: {0}")]
    Network(String),
    #[error("not approved")]
    NotApproved,
    #[error("the keys of this enrolment live in another device's hardware: only that device can use them")]
    KeysElsewhere,
    #[error("demo: {0}")]
    Demo(&'static str),
    #[error(transparent)]
    Service(#[from] crate::demo::Trouble),
}

impl From<transfer::Error> for Failure {
    /// What other commands say as well is said in the same words, with the same exit code.
    fn from(error: transfer::Error) -> Self {
        match error {
            transfer::Error::Vault(error) => Self::Vault(error),
            transfer::Error::Migration(problem) => Self::Migration(problem),
            transfer::Error::Picture(error) => Self::Picture(error),
            transfer::Error::NoCode => Self::NoCode,
            other => Self::Transfer(other),
        }
    }
}

impl From<desk::Error> for Failure {
    fn from(error: desk::Error) -> Self {
        match error {
            desk::Error::Vault(error) => Self::Vault(error),
            other => Self::Approvals(other),
        }
    }
}

impl Failure {
    /// 1 failed, 2 usage, 3 wrong password, 4 not found or several, 5 damaged vault, 6 refused or not verified, 7 no
    /// network, or nothing that the server has signed.
    pub(crate) const fn exit_code(&self) -> u8 {
        use vault::Error;
        match self {
            Self::Usage(_) => 2,
            Self::Vault(
                Error::WrongPassword { .. }
                | Error::Wait { .. }
                | Error::WrongRecoveryCode
                | Error::MistypedRecoveryCode,
            ) => 3,
            Self::Vault(Error::NotFound(_) | Error::NoVault) | Self::NoAccount(_) | Self::Several { .. } => 4,
            Self::NoRequest | Self::NoEnrollment(_) => 4,
            Self::Network(_) | Self::Approvals(desk::Error::Protocol(phone::Error::Network)) => 7,
            Self::Approvals(_) | Self::NotApproved | Self::KeysElsewhere | Self::Invitation(_) | Self::NoInvitation => {
                6
            }
            Self::Vault(
                Error::Damaged(_)
                | Error::DamagedSlot
                | Error::DamagedBackup
                | Error::NotAVault
                | Error::NotABackup
                | Error::NotAccepted,
            )
            | Self::Findings => 5,
            Self::Vault(Error::Duplicate(_) | Error::NoMatch(_))
            | Self::Refused { .. }
            | Self::Enroll(_)
            | Self::Migration(_)
            | Self::Transfer(transfer::Error::NotRecognized) => 6,
            _ => 1,
        }
    }

    /// What to do next.
    pub(crate) fn advice(&self) -> Option<&'static str> {
        use vault::Error;
        match self {
            Self::Vault(Error::NoVault) => Some("Make one with `countersign init`, or say where it is with --vault."),
            Self::Vault(Error::AlreadyThere) => Some("Choose another place with --vault."),
            Self::Vault(Error::WrongPassword { wait_seconds: 1.., .. }) => {
                Some("There is a pause now before the next try.")
            }
            Self::Vault(Error::KeyChanged) => Some("Run the command again, with the password or code of today."),
            Self::Vault(Error::Duplicate(_)) => Some("Add it all the same with --duplicate."),
            Self::Vault(Error::NotAccepted) | Self::Findings => {
                Some("See `countersign verify`; then `verify --accept`, or `restore --backup FILE` into a new vault.")
            }
            Self::Vault(Error::Damaged(_) | Error::DamagedSlot | Error::NotAVault) => Some(
                "Salvage what is left into a new vault: `countersign --vault NEW restore --damaged FILE`; or restore the last backup: `… restore --backup FILE`.",
            ),
            Self::NoCode => Some("Try a sharper or larger picture that shows the whole code."),
            Self::Migration(Problem::Missing(_)) => {
                Some("Name the pictures of all parts, or add what is there with --incomplete.")
            }
            Self::Several { .. } => Some("Use the id, or more of the name."),
            Self::NoRequest => Some("See `countersign approvals`. If you're signing in now, start again on the page."),
            Self::Network(_) => Some("Nothing was lost: what is not confirmed is sent again."),
            Self::Invitation(MessageError::Malformed("u")) => {
                Some("Servers are asked over https only; a demo on this machine needs --allow-loopback-http.")
            }
            Self::Approvals(desk::Error::Protocol(phone::Error::Verifier(ErrorCode::TicketUsed))) => {
                Some("Someone else has used this code. Don't go on; ask for a new one and tell your help desk.")
            }
            Self::Approvals(desk::Error::Protocol(phone::Error::Verifier(
                ErrorCode::TicketUnknown | ErrorCode::TicketExpired,
            ))) => Some("The code is too old or was made for something else. Ask the page for a new one."),
            Self::Approvals(desk::Error::Renew) => Some("Scan a new QR code of that server with `countersign enroll`."),
            _ => None,
        }
    }
}

/// A file's own error, with its name.
pub(crate) fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Failure {
    let what = path.display().to_string();
    move |error| Failure::File { what, error }
}
