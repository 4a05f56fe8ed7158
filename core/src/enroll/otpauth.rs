//! `otpauth://`: the key URI format that Google Authenticator began, with the kinds that others added.
//!
//! Source: "Key Uri Format" of the google-authenticator wiki; `steam` and `yaotp` as Aegis writes them, `daypassword`
//! (a TOTP of a day) as privacyIDEA does. What is out of bounds is refused, never replaced.

use super::blueprint::Blueprint;
use super::uri::{Link, Parameters, Piece, decode};
use super::{Enrollment, Error, NotYet, Oddity, Scanned, base32, names, oddity, pin, two_step};
use crate::account::{NewAccount, Profile};
use crate::otp::Otp;

/// What is known of any link; serial and creator are privacyIDEA's bookkeeping.
const KNOWN: [&str; 13] = [
    "secret",
    "issuer",
    "algorithm",
    "digits",
    "period",
    "counter",
    "pin",
    "pin_length",
    "serial",
    "creator",
    two_step::SALT,
    two_step::OUTPUT,
    two_step::DIFFICULTY,
];

pub(super) fn parse(link: &Link) -> Result<Scanned, Error> {
    let (path, query) = link.halves();
    let (kind, label) = path.split_once('/').unwrap_or((path, ""));
    let kind = Piece::Plain(kind).lower();
    if &*kind == "pipush" {
        return Ok(Scanned::NotYet(NotYet::PrivacyIdeaPush));
    }
    if !matches!(&*kind, "totp" | "hotp" | "steam" | "yaotp" | "daypassword") {
        return Err(Error::UnknownKind(kind.chars().take(20).collect()));
    }
    // The query, too, may have been encoded once more: `…%3Fsecret%3D…`.
    let decoded = query.is_empty().then(|| decode(label, false).text);
    let halves = decoded.as_ref().and_then(|text| text.split_once('?'));
    let (label, query) = halves.unwrap_or((label, query));
    read(&kind, label.trim_start_matches('/'), &Parameters::read(query)?)
}

fn read(kind: &str, label: &str, parameters: &Parameters) -> Result<Scanned, Error> {
    let mut oddities = Vec::new();
    let mut profile = names::read(label, parameters, &mut oddities)?;
    let text = parameters.text("secret")?.ok_or(Error::MissingSecret)?;
    let secret = base32::secret(text, &mut oddities)?;
    parameters.flag(&KNOWN, &mut oddities);
    if kind == "yaotp" {
        // Yandex's own QR codes name no issuer; ours always do, if only an empty one.
        if profile.issuer.is_empty() && !parameters.has("issuer") {
            "Yandex".clone_into(&mut profile.issuer);
        }
        return pin::yandex(profile, secret, parameters, oddities);
    }
    let blueprint = Blueprint::read(kind, parameters, &mut oddities)?;
    if two_step::is_asked_for(parameters) {
        return two_step::read(profile, secret, blueprint, parameters, oddities).map(Scanned::TwoStep);
    }
    Ok(Scanned::Account(finish(profile, blueprint.build(secret), oddities)))
}

/// An account with what is odd about its link and about itself.
pub(super) fn finish(profile: Profile, otp: Otp, mut oddities: Vec<Oddity>) -> Enrollment {
    let account = NewAccount { profile, otp };
    oddities.extend(oddity::of_account(&account));
    Enrollment { account, oddities }
}
