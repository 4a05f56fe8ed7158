//! What people scan by mistake: codes that only another app can use, and what to choose on the site instead.

use super::uri::{Link, has_prefix};

/// Something that was made for another app or purpose.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Foreign {
    /// A passkey on another device (`FIDO:/`).
    Passkey,
    /// Microsoft Authenticator's own activation (`phonefactor://`, `ms-msa:`, `microsoft-authenticator:`).
    MicrosoftAuthenticator,
    /// Duo Mobile's activation (`duo://`).
    DuoMobile,
    /// Okta Verify's activation (`oktaverify://`).
    OktaVerify,
    /// Symantec VIP (`vipaccess://`).
    SymantecVip,
    /// A sign-in of the Steam app (`https://s.team/q/…`).
    SteamSignIn,
    /// A link into Steam's client (`steam://run/…`).
    SteamClient,
    /// A Wi-Fi network (`WIFI:`).
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

impl Foreign {
    /// What it is, in a few words.
    #[must_use]
    pub const fn what(&self) -> &'static str {
        match self {
            Self::Passkey => "a code to sign in with a passkey",
            Self::MicrosoftAuthenticator => "a code for Microsoft Authenticator",
            Self::DuoMobile => "a code for Duo Mobile",
            Self::OktaVerify => "a code for Okta Verify",
            Self::SymantecVip => "a code for Symantec VIP",
            Self::SteamSignIn => "a sign-in for the Steam app",
            Self::SteamClient => "a link into Steam",
            Self::WiFi => "a Wi-Fi network",
            Self::WebAddress { .. } => "a web address",
            Self::Other { .. } => "a code for another app",
        }
    }

    /// What to do instead, as one or two sentences to the person.
    #[must_use]
    pub const fn instead(&self) -> &'static str {
        match self {
            Self::Passkey => {
                "Scan it with this phone's camera. For codes, choose \"authenticator app\" on the site instead of a \
                 passkey."
            }
            Self::MicrosoftAuthenticator => {
                "On the site, choose \"I want to use a different authenticator app\"; it then shows another QR code."
            }
            Self::DuoMobile => {
                "Only Duo Mobile can use it. If the site offers \"another authenticator app\", choose that."
            }
            Self::OktaVerify => {
                "On the site, choose \"Google Authenticator\" instead of Okta Verify; its QR code works here."
            }
            Self::SymantecVip => {
                "Only VIP Access can use it. If the site offers an \"authenticator app\", choose that."
            }
            Self::SteamSignIn => "Scan it with the Steam app. Here, Steam's codes need the account's shared secret.",
            Self::SteamClient => "It holds no account. Steam's codes need the account's shared secret.",
            Self::WiFi => "Scan it with this phone's camera to join the network.",
            Self::WebAddress { .. } => {
                "It holds no account. Look in the site's security settings for \"authenticator app\" and scan the QR \
                 code shown there."
            }
            Self::Other { .. } => {
                "It holds no account. Look in the site's security settings for \"authenticator app\" and scan the QR \
                 code shown there."
            }
        }
    }
}

pub(super) fn recognise(link: &Link) -> Foreign {
    match link.scheme() {
        "fido" => Foreign::Passkey,
        "phonefactor" | "microsoft-authenticator" | "msauth" | "msauthv2" => Foreign::MicrosoftAuthenticator,
        scheme if scheme.starts_with("ms-msa") => Foreign::MicrosoftAuthenticator,
        "duo" => Foreign::DuoMobile,
        "oktaverify" | "com.okta.authenticator" => Foreign::OktaVerify,
        scheme if scheme.starts_with("vipaccess") => Foreign::SymantecVip,
        "wifi" => Foreign::WiFi,
        "http" | "https" => web(link.rest()),
        scheme => Foreign::Other { scheme: scheme.chars().take(40).collect() },
    }
}

fn web(rest: &str) -> Foreign {
    if has_prefix(rest, "s.team/q/") {
        return Foreign::SteamSignIn;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // What stands before an @ is a user's name, and there to deceive.
    let host = authority.rsplit('@').next().unwrap_or_default();
    Foreign::WebAddress { host: host.chars().take(100).collect() }
}
