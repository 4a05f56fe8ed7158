//! What is written is read back, whole; nothing else is read.

use super::*;
use crate::push::jose::{Jws, MessageHash, SoftwareKey, Thumbprint};
use crate::time::UnixTime;

fn key() -> SoftwareKey {
    SoftwareKey::from_secret(&[7; 32])
}

fn back<M: Message>(message: &M) -> Result<M, MessageError> {
    let text = message.draft(&key().public(), KeyNaming::Thumbprint).sign(&key());
    M::read(&Jws::parse(&text)?.verify(&key().public())?)
}

fn challenge() -> Challenge {
    Challenge {
        issuer: "https://a.example".into(),
        audience: "AAAAAAAAAAAAAAAAAAAAAA".into(),
        issued: UnixTime::from_seconds(1_800_000_000),
        subject: "17".into(),
        nonce: "BBBBBBBBBBBBBBBBBBBBBA".into(),
        expires: UnixTime::from_seconds(1_800_000_120),
        action: Action::Transaction,
        context: Context { client: Some("Firefox".into()), ..Context::default() },
        details: vec![Detail { label: "Amount".into(), value: "120.00 €".into() }],
        require_uv: true,
        digits: 6,
    }
}

#[test]
fn messages_are_read_as_they_were_written() {
    assert_eq!(back(&challenge()), Ok(challenge()));
    let receipt = Receipt {
        issuer: "https://a.example".into(),
        audience: "x".into(),
        issued: UnixTime::from_seconds(1),
        re: MessageHash::from_bytes([3; 32]),
        status: ReceiptStatus::WrongCode { attempts_left: 2 },
    };
    assert_eq!(back(&receipt), Ok(receipt));
}

#[test]
fn a_message_of_another_type_or_version_is_not_supported() {
    let text = challenge().draft(&key().public(), KeyNaming::Thumbprint).sign(&key());
    let verified = Jws::parse(&text).unwrap().verify(&key().public()).unwrap();
    assert_eq!(Inbox::read(&verified), Err(MessageError::Unsupported("typ")));
    let payload = challenge().put(Object::new().number("v", 2)).finish();
    let name = KeyName::Known(key().public().thumbprint());
    let text = Draft::new(Challenge::TYPE, key().public().algorithm(), &name, &payload).sign(&key());
    let verified = Jws::parse(&text).unwrap().verify(&key().public()).unwrap();
    assert_eq!(Challenge::read(&verified), Err(MessageError::Unsupported("v")));
}

#[test]
fn unknown_members_are_refused_but_in_ext() {
    let read = |payload: String| {
        let name = KeyName::Known(key().public().thumbprint());
        let text = Draft::new(Challenge::TYPE, key().public().algorithm(), &name, &payload).sign(&key());
        Challenge::read(&Jws::parse(&text).unwrap().verify(&key().public()).unwrap())
    };
    let with = |name: &str, value: &str| challenge().put(Object::new().number("v", 1)).raw(name, value).finish();
    assert_eq!(read(with("ext", "{\"colour\":\"red\"}")), Ok(challenge()));
    assert!(read(with("ext", "1")).is_err());
    assert!(read(with("colour", "\"red\"")).is_err());
    assert!(read(with("jti", "\"BBBBBBBBBBBBBBBBBBBBBA\"")).is_err());
}

#[test]
fn a_signature_counts_for_the_key_that_was_named_alone() {
    let text = challenge().draft(&key().public(), KeyNaming::Thumbprint).sign(&key());
    let other = SoftwareKey::from_secret(&[8; 32]).public();
    assert_eq!(Jws::parse(&text).unwrap().verify(&other).map(drop), Err(MessageError::UnknownKey));
    let mut bytes = text.clone().into_bytes();
    let last = bytes.len() - 10;
    bytes[last] = if bytes[last] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(bytes).unwrap();
    assert_eq!(Jws::parse(&altered).unwrap().verify(&key().public()).map(drop), Err(MessageError::WrongSignature));
    assert_eq!(Thumbprint::parse(&key().public().thumbprint().to_string()), Some(key().public().thumbprint()));
}
