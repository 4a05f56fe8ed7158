//! The current and the next code of 1,000 accounts: first time against bare totp-rs, and again within the window.

use countersign_core::vault::Vault;

use super::accounts::{NOW, secret, vault};
use super::harness::{Harness, Outcome, Side, worked};

pub(crate) fn measure(harness: &mut Harness) -> Outcome {
    let count = harness.size(1000);
    let mut vault = vault(&harness.path("codes"), count)?;
    let bare: Vec<_> =
        (0..count).map(|number| totp_rs::Builder::new().with_secret(secret(number)).build_noncompliant()).collect();
    agree(&mut vault, &bare)?;

    // Each turn in a window of its own, so that nothing is known yet.
    let mut now = NOW;
    harness.ratio("codes: 1,000 first time / totp-rs", 1.3, 400, |side| {
        now = now.plus_seconds(30);
        let seconds = u64::try_from(now.seconds())?;
        match side {
            Side::Ours => worked(|| Ok(vault.codes(now)?.collect::<Vec<_>>())),
            Side::Reference => worked(|| {
                Ok(bare.iter().map(|totp| (totp.generate(seconds), totp.generate(seconds + 30))).collect::<Vec<_>>())
            }),
        }
    })?;

    harness.ratio("codes: 1,000 redrawn / first time", 0.05, 400, |side| {
        if side == Side::Reference {
            now = now.plus_seconds(30);
        }
        worked(|| Ok(vault.codes(now)?.collect::<Vec<_>>()))
    })
}

/// Both sides compute the same.
fn agree(vault: &mut Vault, bare: &[totp_rs::Totp]) -> Outcome {
    let seconds = u64::try_from(NOW.seconds())?;
    let mut ours = Vec::new();
    for (_, code) in vault.codes(NOW)? {
        ours.push((code.code.to_string(), code.next.ok_or("no next code")?.to_string()));
    }
    let mut theirs: Vec<_> =
        bare.iter().map(|totp| (totp.generate(seconds).to_string(), totp.generate(seconds + 30).to_string())).collect();
    ours.sort_unstable();
    theirs.sort_unstable();
    if ours == theirs { Ok(()) } else { Err("codes differ from those of totp-rs".into()) }
}
