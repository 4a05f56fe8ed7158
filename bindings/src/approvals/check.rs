//! That the person is who they say: by the password, or by the platform's own prompt. There is no third way, and never
//! a mere yes.

use std::sync::Arc;

use countersign_core::push::native::messages::Amr;
use countersign_core::vault::UvRoot;

use crate::running::Run;
use crate::shared::Shared;
use crate::{ApiError, SecretInput};

/// What a platform's prompt asked the person for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum VerificationMethod {
    /// The device's PIN.
    Pin,
    /// The device's password.
    Password,
    /// A fingerprint.
    Fingerprint,
    /// A face.
    Face,
}

impl From<VerificationMethod> for Amr {
    fn from(method: VerificationMethod) -> Self {
        match method {
            VerificationMethod::Pin => Self::Pin,
            VerificationMethod::Password => Self::Password,
            VerificationMethod::Fingerprint => Self::Fingerprint,
            VerificationMethod::Face => Self::Face,
        }
    }
}

/// How the person is verified within a call. The library does it: nothing is opened or signed on a caller's word.
#[derive(Clone, uniffi::Enum)]
pub enum PersonCheck {
    /// By the vault's password. Blocks while a key is derived, about half a second.
    Password {
        /// As typed.
        password: Arc<SecretInput>,
    },
    /// By the platform's prompt: its signer's for its own keys ([`DeviceSigner`](crate::DeviceSigner)), its keystore's
    /// ([`KeyUse::PerUse`](crate::KeyUse::PerUse)) where a key that is sealed in the vault has to be opened.
    Platform {
        /// What that prompt asks for, at least one: a claim, which goes into what the server is told (RFC 8176).
        methods: Vec<VerificationMethod>,
    },
}

impl PersonCheck {
    /// What the server is told.
    pub(super) fn methods(&self) -> Result<Vec<Amr>, ApiError> {
        match self {
            Self::Password { .. } => Ok(vec![Amr::Password]),
            Self::Platform { methods } if methods.is_empty() => {
                Err(ApiError::input("check", "no method of verification is named", "no-method"))
            }
            Self::Platform { methods } => Ok(methods.iter().copied().map(Amr::from).collect()),
        }
    }

    /// Opens the user-verification root.
    pub(super) async fn root(&self, shared: &Shared, run: &Run<'_>) -> Result<UvRoot, ApiError> {
        self.methods()?;
        match self {
            Self::Password { password } => {
                run.check()?;
                shared.root_by_password(password)
            }
            Self::Platform { .. } => shared.root_by_keystore(run).await,
        }
    }

    /// Opens it where it is needed; a password is tried in any case.
    pub(super) async fn root_where(
        &self,
        needed: bool,
        shared: &Shared,
        run: &Run<'_>,
    ) -> Result<Option<UvRoot>, ApiError> {
        match self {
            Self::Platform { .. } if !needed => Ok(None),
            _ => self.root(shared, run).await.map(Some),
        }
    }
}
