//! `motp://label?secret=hex`: Mobile-OTP as Aegis writes it. Our own export may add `issuer` and `pin`.

use super::uri::{Link, Parameters};
use super::{Error, Scanned, base32, names, pin};

const KNOWN: [&str; 3] = ["secret", "issuer", "pin"];

pub(super) fn parse(link: &Link) -> Result<Scanned, Error> {
    let (label, query) = link.halves();
    let parameters = Parameters::read(query)?;
    let mut oddities = Vec::new();
    let profile = names::read(label.trim_matches('/'), &parameters, &mut oddities)?;
    let secret = base32::hex_secret(parameters.text("secret")?.ok_or(Error::MissingSecret)?)?;
    parameters.flag(&KNOWN, &mut oddities);
    pin::motp(profile, secret, &parameters, oddities)
}
