//! The push protocol's messages, links and addresses.

use countersign_core::push::jose::{Draft, Jws, KeyName, SoftwareKey};
use countersign_core::push::json;
use countersign_core::push::native::messages::{
    Challenge, Enroll, Enrolled, ErrorMessage, Inbox, Key, KeyNaming, Message, Metadata, Proof, PushAddress, Receipt,
    Remove, Response, Rotate, Uv,
};
use countersign_core::push::native::phone::offline_challenge;
use countersign_core::push::native::{BaseUrl, Invitation};
use countersign_core::push::shown::{NAME, fit, is_shown};

/// A payload under a good signature is read as a message of each kind: what is read is written and read back the same.
/// As a whole message, link, address and text it is read too.
pub fn message(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Jws::parse(text).map(|jws| jws.hash());
        if let Ok(invitation) = Invitation::parse(text, true) {
            let again = Invitation::parse(invitation.to_uri().expose(), true);
            assert_eq!(again.as_ref(), Ok(&invitation), "an invitation is read as it was written");
        }
        let _ = offline_challenge(text);
        let _ = BaseUrl::parse(text, true);
        assert!(is_shown(&fit(text, NAME, "?"), NAME), "what is sent may be shown");
        if json::parse(bytes).is_ok() {
            all_kinds(text);
        }
    } else {
        assert!(json::parse(bytes).is_err(), "no text in another encoding");
    }
    if let Ok(address) = PushAddress::parse(bytes) {
        assert_eq!(
            PushAddress::parse(address.to_json().as_bytes()),
            Ok(address),
            "an address is read as it was written"
        );
    }
}

fn all_kinds(payload: &str) {
    read_back::<Metadata>(payload);
    read_back::<Enroll>(payload);
    read_back::<Uv>(payload);
    read_back::<Enrolled>(payload);
    read_back::<Proof>(payload);
    read_back::<Inbox>(payload);
    read_back::<Challenge>(payload);
    read_back::<Response>(payload);
    read_back::<Receipt>(payload);
    read_back::<Rotate>(payload);
    read_back::<Key>(payload);
    read_back::<Remove>(payload);
    read_back::<ErrorMessage>(payload);
}

fn read_back<M: Message + PartialEq + std::fmt::Debug>(payload: &str) {
    // A signature is made only for what can be read: signing costs more than all the rest.
    if !payload.contains("\"v\"") {
        return;
    }
    let key = SoftwareKey::from_secret(&[7; 32]);
    let public = key.public();
    let text = Draft::new(M::TYPE, public.algorithm(), &KeyName::Known(public.thumbprint()), payload).sign(&key);
    let Ok(read) = Jws::parse(&text).and_then(|jws| jws.verify(&public)).and_then(|verified| M::read(&verified)) else {
        return;
    };
    let written = read.draft(&public, KeyNaming::Thumbprint).sign(&key);
    let again = Jws::parse(&written).and_then(|jws| jws.verify(&public)).and_then(|verified| M::read(&verified));
    assert_eq!(again, Ok(read), "a message is read as it was written");
}
