//! What people's QR codes hold, that every account comes back, and that nothing panics or tells a secret.

mod duplicate;
mod foreign;
mod links;
mod migration;
mod round_trip;
mod two_step;

use super::{Enrollment, Error, Scanned, parse};
use crate::account::NewAccount;
use crate::otp::{Hotp, Otp, Totp};

/// "12345678901234567890", the secret of RFC 4226's and RFC 6238's vectors.
const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn enrolled(text: &str) -> Enrollment {
    match parse(text) {
        Ok(Scanned::Account(enrollment)) => enrollment,
        other => panic!("{text}: {other:?}"),
    }
}

fn names(text: &str) -> (String, String) {
    let NewAccount { profile, .. } = enrolled(text).account;
    (profile.issuer, profile.name)
}

fn totp(text: &str) -> Totp {
    let Otp::Totp(totp) = enrolled(text).account.otp else { panic!("{text} is no TOTP") };
    totp
}

fn hotp(text: &str) -> Hotp {
    let Otp::Hotp(hotp) = enrolled(text).account.otp else { panic!("{text} is no HOTP") };
    hotp
}

fn refused(text: &str) -> Error {
    parse(text).expect_err(text)
}
