//! What is not for us is named.

use super::super::{Foreign, NotYet, Scanned, parse};

#[test]
fn push_servers_are_recognised() {
    // {"typ":"app-setup-action-token"}
    let keycloak = "https://sso.example/realms/r/login-actions/action-token?key=e30.eyJ0eXAiOiJhcHAtc2V0dXAtYWN0aW9uLXRva2VuIn0.c2ln&client_id=c&tab_id=t";
    for (text, expected) in [
        ("otpauth://pipush/PIPU1?url=https%3A%2F%2Fx.example&ttl=10&v=1&serial=PIPU1", NotYet::PrivacyIdeaPush),
        ("pia://pipush/PIPU1?url=https%3A%2F%2Fx.example", NotYet::PrivacyIdeaPush),
        ("PIA://container/SMPH1?issuer=x", NotYet::PrivacyIdeaContainer),
        ("edumfa-push://edumfa/EDUP1?url=x", NotYet::EduMfaPush),
        ("tiqrenroll://https://x.example/metadata?key=1", NotYet::TiqrEnrollment),
        ("https://x.example/tiqrenroll/?metadata=https%3A%2F%2Fy.example", NotYet::TiqrEnrollment),
        ("tiqrauth://alice@x.example/abc/123/Name", NotYet::TiqrAuthentication),
        ("https://x.example/tiqrauth/?u=a&s=b&q=c&i=d&v=2", NotYet::TiqrAuthentication),
        (keycloak, NotYet::Keycloak),
    ] {
        assert_eq!(parse(text), Ok(Scanned::NotYet(expected)), "{text}");
        assert!(!expected.what().is_empty());
    }
}

#[test]
fn what_people_scan_by_mistake_is_named() {
    let web = |host: &str| Foreign::WebAddress { host: host.into() };
    for (text, expected) in [
        ("FIDO:/0254318383928", Foreign::Passkey),
        ("phonefactor://activate_account?code=1&url=x", Foreign::MicrosoftAuthenticator),
        ("ms-msa://code=abc&uaid=1", Foreign::MicrosoftAuthenticator),
        ("duo://abc-def", Foreign::DuoMobile),
        ("oktaverify://email/?t=a&f=b", Foreign::OktaVerify),
        ("vipaccess://provision?x=1", Foreign::SymantecVip),
        ("https://s.team/q/1/123", Foreign::SteamSignIn),
        ("steam://run/440", Foreign::SteamClient),
        ("WIFI:T:WPA;S:net;P:pass;;", Foreign::WiFi),
        ("https://bank.example@evil.example/x?y=z", web("evil.example")),
        ("http://example.com", web("example.com")),
        ("https://sso.example/realms/r/login-actions/action-token?key=a.b.c", web("sso.example")),
        ("tel:+4912345", Foreign::Other { scheme: "tel".into() }),
    ] {
        let Ok(Scanned::Foreign(foreign)) = parse(text) else { panic!("{text}") };
        assert_eq!(foreign, expected, "{text}");
        assert!(!foreign.what().is_empty() && !foreign.instead().is_empty());
    }
}
