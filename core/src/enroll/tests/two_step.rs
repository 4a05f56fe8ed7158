//! privacyIDEA's two-step enrolment; values of Python's hashlib (tests/fixtures/make_migration.py).

use super::super::{Error, Scanned, parse};
use super::{SECRET, refused};
use crate::account::Profile;
use crate::entropy::{Entropy, EntropyError};

/// 0, 1, 2, …
struct Counting;

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        buffer.iter_mut().zip(0..).for_each(|(byte, value)| *byte = value);
        Ok(())
    }
}

#[test]
fn the_phone_completes_the_secret() {
    let text = format!(
        "otpauth://hotp/P:a?secret={SECRET}&counter=1&digits=6&issuer=P&2step_salt=8&2step_output=20&2step_difficulty=10000"
    );
    let Ok(Scanned::TwoStep(pending)) = parse(&text) else { panic!("{text}") };
    assert_eq!(pending.profile(), &Profile::named("P", "a"));
    let done = pending.complete(&Counting).unwrap();
    assert_eq!(
        data_encoding::HEXLOWER.encode(done.enrollment.account.otp.secret()),
        "f576fbc16bcd56484300a0e76db444c4fe0184d7"
    );
    assert_eq!(done.response.expose(), "M5BD5PYAAEBAGBAFAYDQ");
    assert_eq!(done.enrollment.oddities, []);
}

#[test]
fn the_work_is_bounded_before_it_starts() {
    for (query, error) in [
        ("2step_salt=8", Error::MissingParameter("2step_output")),
        ("2step_salt=8&2step_output=20", Error::MissingParameter("2step_difficulty")),
        ("2step_salt=0&2step_output=20&2step_difficulty=1", Error::BadParameter("2step_salt")),
        ("2step_salt=8&2step_output=20&2step_difficulty=x", Error::BadParameter("2step_difficulty")),
        (
            "2step_salt=65&2step_output=20&2step_difficulty=1",
            Error::OverBound { parameter: "2step_salt", value: 65, limit: 64 },
        ),
        (
            "2step_salt=8&2step_output=129&2step_difficulty=1",
            Error::OverBound { parameter: "2step_output", value: 129, limit: 128 },
        ),
        (
            "2step_salt=8&2step_output=32&2step_difficulty=5000001",
            Error::OverBound { parameter: "2step_difficulty", value: 5_000_001, limit: 5_000_000 },
        ),
    ] {
        assert_eq!(refused(&format!("otpauth://totp/P:a?secret={SECRET}&{query}")), error, "{query}");
    }
}
