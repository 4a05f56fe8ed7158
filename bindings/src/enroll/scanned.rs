//! What a text turned out to be.

use std::sync::Arc;

use countersign_core::enroll::{self, Foreign, NotYet, two_step};
use countersign_core::push::native::invitation;
use countersign_core::secret::SecretText;

use super::{AccountDraft, TwoStepResult};
use crate::shared::entropy;
use crate::{ApiError, OtpKind, Profile, SecretInput};

/// What a text turned out to be.
#[derive(uniffi::Enum)]
#[uniffi::export(Display)]
pub enum Scanned {
    /// An account, ready to be previewed and added.
    Account {
        /// The account.
        draft: Arc<AccountDraft>,
    },
    /// An account that computes its codes with a PIN, which the person has to type first.
    NeedsPin {
        /// What is there of it.
        pending: Arc<PendingPin>,
    },
    /// A secret alone: the person has to say whose it is.
    BareSecret {
        /// The secret.
        secret: Arc<BareSecret>,
    },
    /// An account whose secret this device completes, and that the server has to be told about.
    TwoStep {
        /// What is there of it.
        pending: Arc<PendingTwoStep>,
    },
    /// One part of another app's export: give it to an import.
    ExportPart {
        /// The part.
        part: Arc<ExportPart>,
    },
    /// An invitation to approve sign-ins on this device. Its host is shown before anything is fetched, all else in it is a hint.
    Invitation {
        /// The link, for the desk of approvals: it holds a ticket, so it is not for logs.
        link: String,
    },
    /// A sign-in request to be approved without a network.
    OfflineChallenge {
        /// The link, for the desk of approvals.
        link: String,
    },
    /// Something that this app will know, but does not yet.
    NotYet {
        /// What.
        what: NotYetCode,
    },
    /// Something that was made for another app or purpose.
    Foreign {
        /// What.
        what: ForeignCode,
    },
}

impl Scanned {
    pub(crate) fn read(text: &str, allow_loopback_http: bool) -> Result<Self, ApiError> {
        let trimmed = text.trim_start_matches('\u{feff}').trim();
        if trimmed.starts_with(invitation::PREFIX) {
            // Read by the rule of this platform; core's general reader takes TLS alone.
            enroll::invitation(trimmed, allow_loopback_http)?;
            return Ok(Self::Invitation { link: trimmed.to_owned() });
        }
        Ok(match enroll::parse(text)? {
            enroll::Scanned::Account(enrollment) => Self::Account { draft: AccountDraft::new(enrollment) },
            enroll::Scanned::NeedsPin(pending) => Self::NeedsPin { pending: Arc::new(PendingPin(pending)) },
            enroll::Scanned::BareSecret(secret) => Self::BareSecret { secret: Arc::new(BareSecret(secret)) },
            enroll::Scanned::TwoStep(pending) => Self::TwoStep { pending: Arc::new(PendingTwoStep(pending)) },
            enroll::Scanned::MigrationPart(part) => Self::ExportPart {
                part: Arc::new(ExportPart {
                    number: part.number(),
                    of: part.of(),
                    text: SecretText::new(text.to_owned()),
                }),
            },
            enroll::Scanned::Invitation(invitation) => {
                Self::Invitation { link: invitation.to_uri().expose().to_owned() }
            }
            enroll::Scanned::OfflineChallenge(challenge) => {
                Self::OfflineChallenge { link: challenge.as_uri().to_owned() }
            }
            enroll::Scanned::NotYet(what) => Self::NotYet { what: what.into() },
            enroll::Scanned::Foreign(what) => Self::Foreign { what: what.into() },
        })
    }
}

/// An account that lacks its PIN.
#[derive(uniffi::Object)]
pub struct PendingPin(enroll::NeedsPin);

#[uniffi::export]
impl PendingPin {
    /// Its names.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.0.profile().into()
    }

    /// mOTP or Yandex.
    #[must_use]
    pub fn kind(&self) -> OtpKind {
        self.0.kind().into()
    }

    /// How many digits the PIN has, where the link says so.
    #[must_use]
    pub fn pin_digits(&self) -> Option<u64> {
        self.0.pin_digits()
    }

    /// The account with the PIN that the person typed.
    ///
    /// # Errors
    /// `InvalidInput` (`pin-form`, `secret-form`).
    pub fn with_pin(&self, pin: Arc<SecretInput>) -> Result<Arc<AccountDraft>, ApiError> {
        Ok(AccountDraft::new(self.0.with_pin(pin.text("PIN")?)?))
    }
}

/// A secret alone.
#[derive(uniffi::Object)]
pub struct BareSecret(enroll::BareSecret);

#[uniffi::export]
impl BareSecret {
    /// The account with these names, with codes as nearly every site has them: TOTP, SHA-1, six digits, thirty seconds.
    #[must_use]
    pub fn named(&self, profile: Profile) -> Arc<AccountDraft> {
        AccountDraft::new(self.0.clone().named(profile.into()))
    }
}

/// An account that waits for this device's part of its secret.
#[derive(uniffi::Object)]
pub struct PendingTwoStep(two_step::Pending);

#[uniffi::export]
impl PendingTwoStep {
    /// Its names.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.0.profile().into()
    }

    /// Draws this device's part and derives the secret. Each call makes another account: the one to keep is the one whose
    /// response the server took. Blocks: up to some seconds of work.
    ///
    /// # Errors
    /// `Internal` without randomness.
    pub fn complete(&self) -> Result<TwoStepResult, ApiError> {
        let completed = self.0.complete(&*entropy())?;
        let response = completed.response.expose().to_owned();
        Ok(TwoStepResult { draft: AccountDraft::new(completed.enrollment), response })
    }
}

/// One part of another app's export.
#[derive(uniffi::Object)]
pub struct ExportPart {
    number: u32,
    of: u32,
    pub(crate) text: SecretText,
}

#[uniffi::export]
impl ExportPart {
    /// Which part this is, from 1.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// How many parts there are.
    #[must_use]
    pub fn of(&self) -> u32 {
        self.of
    }
}

/// Something that this app will know, but does not yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum NotYetCode {
    /// A privacyIDEA push token.
    PrivacyIdeaPush,
    /// A privacyIDEA smartphone container.
    PrivacyIdeaContainer,
    /// An eduMFA push token.
    EduMfaPush,
    /// A tiqr enrolment.
    TiqrEnrollment,
    /// A tiqr sign-in.
    TiqrAuthentication,
    /// An activation of Keycloak's app authenticator.
    Keycloak,
}

impl From<NotYet> for NotYetCode {
    fn from(what: NotYet) -> Self {
        match what {
            NotYet::PrivacyIdeaPush => Self::PrivacyIdeaPush,
            NotYet::PrivacyIdeaContainer => Self::PrivacyIdeaContainer,
            NotYet::EduMfaPush => Self::EduMfaPush,
            NotYet::TiqrEnrollment => Self::TiqrEnrollment,
            NotYet::TiqrAuthentication => Self::TiqrAuthentication,
            NotYet::Keycloak => Self::Keycloak,
        }
    }
}

/// Something that was made for another app or purpose; what to choose on the site instead is the shell's to say.
#[derive(Debug, Clone, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum ForeignCode {
    /// A passkey on another device.
    Passkey,
    /// Microsoft Authenticator's own activation.
    MicrosoftAuthenticator,
    /// Duo Mobile's activation.
    DuoMobile,
    /// Okta Verify's activation.
    OktaVerify,
    /// Symantec VIP.
    SymantecVip,
    /// A sign-in of the Steam app.
    SteamSignIn,
    /// A link into Steam's client.
    SteamClient,
    /// A Wi-Fi network.
    WiFi,
    /// A web address.
    WebAddress {
        /// The host's name, shortened to 100 characters.
        host: String,
    },
    /// Any other kind of link.
    Other {
        /// Its scheme in lower case, shortened to 40 characters.
        scheme: String,
    },
}

impl From<Foreign> for ForeignCode {
    fn from(what: Foreign) -> Self {
        match what {
            Foreign::Passkey => Self::Passkey,
            Foreign::MicrosoftAuthenticator => Self::MicrosoftAuthenticator,
            Foreign::DuoMobile => Self::DuoMobile,
            Foreign::OktaVerify => Self::OktaVerify,
            Foreign::SymantecVip => Self::SymantecVip,
            Foreign::SteamSignIn => Self::SteamSignIn,
            Foreign::SteamClient => Self::SteamClient,
            Foreign::WiFi => Self::WiFi,
            Foreign::WebAddress { host } => Self::WebAddress { host },
            Foreign::Other { scheme } => Self::Other { scheme },
        }
    }
}
