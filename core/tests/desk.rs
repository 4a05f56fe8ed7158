//! The desk for approvals over a vault: which of the platform's keys an enrolment needs.
#![cfg(feature = "vault")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{NOW, entropy, opened, password};
use countersign_core::push::desk::{Approvals, NewKeys};
use countersign_core::push::native::Invitation;
use countersign_core::push::native::messages::Device;
use countersign_core::push::native::phone::{OwnKey, PushChoice};
use countersign_core::vault::PushId;

fn platform(number: u8) -> OwnKey {
    let key = p256::ecdsa::SigningKey::from_slice(&[number; 32]).unwrap();
    OwnKey::platform(key.verifying_key().to_sec1_point(false).as_bytes(), vec![number], true).unwrap()
}

#[test]
fn an_enrolment_on_its_way_names_the_platforms_keys_until_it_is_given_up() {
    let (_folder, mut vault) = opened();
    let root = vault.uv_root(&password(), NOW).unwrap();
    let text = format!("countersign://enroll?u=https%3A%2F%2Frp.example%2Fx&k={}&t={}", "A".repeat(43), "A".repeat(22));
    let invitation = Invitation::parse(&text, false).unwrap();
    let mut desk = Approvals::new(&mut vault, None, entropy());
    let join = |desk: &mut Approvals<'_>, keys| {
        let device = Device { name: "n".into(), model: "m".into(), os: "o".into(), app: "a".into() };
        desk.join(invitation.clone(), device, PushChoice::None, keys, &root).unwrap().id()
    };
    let keys = NewKeys::Platform { possession: platform(1), uv: platform(2), attestation: None };
    let (there, here) = (join(&mut desk, keys), join(&mut desk, NewKeys::Software));
    assert_eq!(desk.platform_handles(there).unwrap(), [[1], [2]]);
    assert!(desk.platform_handles(here).unwrap().is_empty());
    assert!(desk.platform_handles(PushId::from_bytes([9; 16])).unwrap().is_empty());
    desk.abandon(there).unwrap();
    assert!(desk.platform_handles(there).unwrap().is_empty());
}
