//! `steam://SECRET`: Steam Guard as Bitwarden writes it. Steam's client has links of the same scheme.

use super::uri::Link;
use super::{Error, Foreign, Scanned, base32, otpauth};
use crate::account::Profile;
use crate::otp::{Otp, Steam};

pub(super) fn parse(link: &Link) -> Result<Scanned, Error> {
    let text = link.rest().trim_end_matches('/');
    if text.contains('/') {
        return Ok(Scanned::Foreign(Foreign::SteamClient));
    }
    let mut oddities = Vec::new();
    let secret = base32::secret(text, &mut oddities)?;
    let otp = Otp::Steam(Steam::new(secret));
    Ok(Scanned::Account(otpauth::finish(Profile::named("Steam", ""), otp, oddities)))
}
