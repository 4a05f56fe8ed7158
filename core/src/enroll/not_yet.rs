//! Enrolments and requests of push servers: recognised, so that the person learns what it is, and not supported yet.

use super::uri::{Link, Parameters};

/// Something that this app will know, but does not yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotYet {
    /// A privacyIDEA push token (`otpauth://pipush`, `pia://pipush`).
    PrivacyIdeaPush,
    /// A privacyIDEA smartphone container (`pia://container`).
    PrivacyIdeaContainer,
    /// An eduMFA push token (`edumfa-push://`).
    EduMfaPush,
    /// A tiqr enrolment (`tiqrenroll://`, or `https` with the path `/tiqrenroll`).
    TiqrEnrollment,
    /// A tiqr sign-in (`tiqrauth://`, or `https` with the path `/tiqrauth`).
    TiqrAuthentication,
    /// An activation link of Keycloak's app authenticator.
    Keycloak,
}

impl NotYet {
    /// What it is, in a few words.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::PrivacyIdeaPush => "a privacyIDEA push token",
            Self::PrivacyIdeaContainer => "a privacyIDEA smartphone container",
            Self::EduMfaPush => "an eduMFA push token",
            Self::TiqrEnrollment => "a tiqr enrolment",
            Self::TiqrAuthentication => "a tiqr sign-in",
            Self::Keycloak => "an activation of Keycloak's app authenticator",
        }
    }
}

pub(super) fn recognise(link: &Link) -> Option<NotYet> {
    match link.scheme() {
        "pia" => privacy_idea(link),
        "edumfa-push" => Some(NotYet::EduMfaPush),
        "tiqrenroll" => Some(NotYet::TiqrEnrollment),
        "tiqrauth" => Some(NotYet::TiqrAuthentication),
        "https" => web(link),
        _ => None,
    }
}

fn privacy_idea(link: &Link) -> Option<NotYet> {
    let (host, _) = link.rest().split_once(['/', '?'])?;
    match host.to_ascii_lowercase().as_str() {
        "pipush" => Some(NotYet::PrivacyIdeaPush),
        "container" => Some(NotYet::PrivacyIdeaContainer),
        _ => None,
    }
}

fn web(link: &Link) -> Option<NotYet> {
    let (address, query) = link.halves();
    let (_, path) = address.split_once('/')?;
    let parameters = Parameters::read(query).ok()?;
    match path.trim_end_matches('/') {
        "tiqrenroll" if parameters.has("metadata") => Some(NotYet::TiqrEnrollment),
        "tiqrauth" if parameters.has("q") => Some(NotYet::TiqrAuthentication),
        path if path.ends_with("/login-actions/action-token") => {
            is_app_setup(parameters.text("key").ok()??).then_some(NotYet::Keycloak)
        }
        _ => None,
    }
}

/// Keycloak's action tokens are JWTs; the kind stands in the payload, which anybody can read.
fn is_app_setup(token: &str) -> bool {
    let Some(payload) = token.split('.').nth(1) else { return false };
    let Ok(json) = data_encoding::BASE64URL_NOPAD.decode(payload.as_bytes()) else { return false };
    String::from_utf8_lossy(&json).contains("\"app-setup-action-token\"")
}
