//! Reading 1,000 enrolment links, against the `url` crate taking the same texts apart.

use countersign_core::enroll::{self, Pin, Scanned};

use super::accounts::account;
use super::harness::{Harness, Outcome, Side, timed};

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
    harness.ratio("parse: 1,000 otpauth links / url", 3.0, 400, |side| match side {
        Side::Ours => timed(|| Ok(links.iter().map(|link| enroll::parse(link)).collect::<Result<Vec<_>, _>>()?))
            .map(|(time, _)| time),
        Side::Reference => {
            timed(|| Ok(links.iter().map(|link| url::Url::parse(link)).collect::<Result<Vec<_>, _>>()?))
                .map(|(time, _)| time)
        }
    })
}
