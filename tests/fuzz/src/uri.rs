use countersign_core::account::NewAccount;
use countersign_core::enroll::{self, Enrollment, Pin, Scanned, parse, to_uri};
use countersign_core::secret::SecretText;

use crate::known::NOW;

/// A text is an error or something known; and whatever is an account, at once or after the answer that it asks for, is
/// exported to a link that reads as the same account.
pub fn uri(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match parse(&text) {
        Ok(Scanned::Account(enrollment)) => comes_back(&enrollment.account),
        Ok(Scanned::NeedsPin(pending)) => {
            for pin in ["1234", "12345678", &text] {
                came_of(pending.with_pin(SecretText::new(pin.to_owned())));
            }
        }
        Ok(Scanned::BareSecret(secret)) => {
            let names = countersign_core::account::Profile::named("Some site", "ada");
            comes_back(&secret.named(names).account);
        }
        // `complete` is up to ten million rounds of HMAC: bounded, but not for a thousand inputs a second.
        Ok(Scanned::TwoStep(pending)) => drop(pending.profile().label()),
        Ok(Scanned::MigrationPart(part)) => part.entries().iter().for_each(crate::migration::entry_comes_back),
        Ok(Scanned::Invitation(_) | Scanned::OfflineChallenge(_)) => {}
        Ok(Scanned::NotYet(_) | Scanned::Foreign(_)) => {}
        Err(error) => assert!(!error.to_string().is_empty(), "an error says something"),
    }
}

fn came_of(answer: Result<Enrollment, enroll::Error>) {
    if let Ok(enrollment) = answer {
        comes_back(&enrollment.account);
    }
}

/// The account's link reads as the account, and its code can be computed or is refused in words.
pub(crate) fn comes_back(account: &NewAccount) {
    let link = to_uri(&account.profile, &account.otp, Pin::Include);
    let again = parse(link.expose());
    assert!(
        matches!(&again, Ok(Scanned::Account(enrollment)) if enrollment.account == *account),
        "{account:?} became {again:?}"
    );
    drop(account.otp.code(NOW));
}
