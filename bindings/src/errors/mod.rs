//! What went wrong, by what the person can do about it.
//!
//! `codes`: from core's errors to these, each in one exhaustive match. `entries`: codes of single entries of a file.
//! `docs/bindings.md` has a table of all codes.

mod codes;
mod entries;
#[cfg(test)]
mod tests;

pub(crate) use entries::{left_out_code, refused_code};

use crate::PortError;

/// What went wrong, by what the person can do about it. No field holds a secret.
///
/// `code` names the exact cause for support and for texts in the person's language (`docs/bindings.md` lists all of them);
/// `reason` is a short English sentence for logs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ApiError {
    /// A password is wrong, or has to wait: type it again, after the pause.
    #[error("wrong password ({code})")]
    WrongPassword {
        /// How many more tries there are before a pause; 0 while there is one.
        remaining: u32,
        /// How long the pause is, in seconds.
        wait_seconds: u32,
        /// At an approval: how many more wrong ones in a row erase the keys that confirm approvals.
        before_erasing: Option<u32>,
        /// The exact cause.
        code: String,
    },
    /// The vault is locked: unlock it.
    #[error("locked ({code})")]
    Locked {
        /// The exact cause.
        code: String,
    },
    /// This version, this device or this file can't do that: update, or choose another way.
    #[error("{what}: {reason} ({code})")]
    NotSupported {
        /// What.
        what: String,
        /// Why.
        reason: String,
        /// The exact cause.
        code: String,
    },
    /// Something that was given can't be used so: correct it, or look again at what there is.
    #[error("{what}: {reason} ({code})")]
    InvalidInput {
        /// What.
        what: String,
        /// Why.
        reason: String,
        /// The exact cause.
        code: String,
    },
    /// It is there already: leave it, or ask for it all the same where that is possible.
    #[error("already there: {what} ({code})")]
    AlreadyThere {
        /// What.
        what: String,
        /// Its id, where it has one.
        id: Option<String>,
        /// The exact cause.
        code: String,
    },
    /// A file is damaged: look at the report, accept it, salvage, or restore a backup.
    #[error("damaged: {what} ({code})")]
    Damaged {
        /// What.
        what: String,
        /// The exact cause.
        code: String,
    },
    /// The disk or another program stands in the way and nothing was changed: make space, or try again.
    #[error("storage: {reason} ({code})")]
    Storage {
        /// Why.
        reason: String,
        /// The exact cause.
        code: String,
    },
    /// A key of this device is gone: use the password or the recovery code; enrol again where approvals are concerned.
    #[error("a key is gone: {reason} ({code})")]
    KeysGone {
        /// Which, and what follows.
        reason: String,
        /// The exact cause.
        code: String,
    },
    /// A server has refused, or what it said can't be trusted: look at its page, start again there.
    #[error("refused by {by} ({code})")]
    Rejected {
        /// `server` where it has said so itself and signed it; `device` where this device refuses what it was sent.
        by: String,
        /// The exact cause.
        code: String,
    },
    /// Nothing came back that the server has signed.
    #[error("network ({code})")]
    Network {
        /// Whether trying again may help without changing anything.
        retryable: bool,
        /// The exact cause.
        code: String,
    },
    /// The person or the app has ended it.
    #[error("cancelled ({code})")]
    Cancelled {
        /// The exact cause.
        code: String,
    },
    /// Something that can't happen, or that only a developer can mend: tell support the code.
    #[error("internal error: {reason} ({code})")]
    Internal {
        /// Where.
        reason: String,
        /// The exact cause.
        code: String,
    },
}

impl ApiError {
    /// The exact cause.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::WrongPassword { code, .. }
            | Self::Locked { code }
            | Self::NotSupported { code, .. }
            | Self::InvalidInput { code, .. }
            | Self::AlreadyThere { code, .. }
            | Self::Damaged { code, .. }
            | Self::Storage { code, .. }
            | Self::KeysGone { code, .. }
            | Self::Rejected { code, .. }
            | Self::Network { code, .. }
            | Self::Cancelled { code }
            | Self::Internal { code, .. } => code,
        }
    }

    pub(crate) fn locked() -> Self {
        Self::Locked { code: "locked".into() }
    }

    /// The authenticator was shut: open it anew.
    pub(crate) fn shut() -> Self {
        Self::Locked { code: "shut".into() }
    }

    pub(crate) fn cancelled() -> Self {
        Self::Cancelled { code: "cancelled".into() }
    }

    pub(crate) fn input(what: &str, reason: &str, code: &str) -> Self {
        Self::InvalidInput { what: what.into(), reason: reason.into(), code: code.into() }
    }

    pub(crate) fn unsupported(what: &str, reason: &str, code: &str) -> Self {
        Self::NotSupported { what: what.into(), reason: reason.into(), code: code.into() }
    }

    /// The platform was given without what this needs.
    pub(crate) fn no_port(what: &str) -> Self {
        Self::unsupported(what, "this app gives the library none", "no-port")
    }
}

impl From<PortError> for ApiError {
    fn from(error: PortError) -> Self {
        match error {
            PortError::NotConfirmed => Self::Cancelled { code: "not-confirmed".into() },
            PortError::KeyGone => {
                Self::KeysGone { reason: "the device's key is gone".into(), code: "device-key-gone".into() }
            }
            PortError::Failed => {
                Self::Internal { reason: "the platform failed".into(), code: "platform-failed".into() }
            }
        }
    }
}
