//! Reading 1,000 enrolment links, against the `url` crate taking the same texts apart.

use countersign_core::enroll::{self, Pin, Scanned};

use super::accounts::account;
use super::harness::{Harness, Outcome, Side, worked};

pub(crate) fn measure(harness: &mut Harness) -> Outcome {
    let mut links = Vec::new();
    for number in 0..harness.size(1000) {
        let account = account(number)?;
        let link = enroll::to_uri(&account.profile, &account.otp, Pin::Omit);
        // What is compared is reading, so both sides must be able to.
        if !matches!(enroll::parse(link.expose())?, Scanned::Account(_)) {
            return Err("a link that is no account".into());
        }
        links.push(link.expose().to_owned());
    }
    // Kept until the clock has stopped: what is compared is reading, not wiping and freeing.
    let (mut ours, mut reference) = (Vec::with_capacity(links.len()), Vec::with_capacity(links.len()));
    harness.ratio("parse: 1,000 otpauth links / url", 3.0, 400, |side| {
        ours.clear();
        reference.clear();
        match side {
            Side::Ours => worked(|| {
                for link in &links {
                    ours.push(enroll::parse(link)?);
                }
                Ok(())
            }),
            Side::Reference => worked(|| {
                for link in &links {
                    reference.push(url::Url::parse(link)?);
                }
                Ok(())
            }),
        }
    })
}
