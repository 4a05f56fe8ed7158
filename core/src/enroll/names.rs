//! Issuer and account from a link's label and its `issuer` parameter.
//!
//! Other apps differ: some let the label's prefix win over the parameter, some the reverse, some lose the issuer when
//! the label has two colons. Here the parameter is the issuer where it stands; a prefix that says the same is taken
//! off, one that says something else is taken off and shown as [`Oddity::IssuerMismatch`]; without a parameter the
//! label's first colon divides (one that is not percent-encoded before one that is). Account names keep further colons.

use super::uri::{Parameters, decode};
use super::{Error, Oddity};
use crate::account::Profile;

/// The names of an account: `label` percent-encoded as it stands in the link.
pub(super) fn read(label: &str, parameters: &Parameters, oddities: &mut Vec<Oddity>) -> Result<Profile, Error> {
    let issuer = parameters.name("issuer", oddities)?.unwrap_or_default();
    let whole = decode(label, false);
    if !whole.is_utf8 && !oddities.contains(&Oddity::NameEncodingGuessed) {
        oddities.push(Oddity::NameEncodingGuessed);
    }
    if let Some(account) = without_prefix(&whole.text, issuer) {
        return bounded(Profile::named(issuer, unpadded(account)));
    }
    let raw = label.split_once(':').map(|(prefix, account)| (decode(prefix, false).text, decode(account, false).text));
    let parts = match &raw {
        Some((prefix, account)) => Some((prefix.as_str(), account.as_str())),
        None => whole.text.split_once(':'),
    };
    let Some((prefix, account)) = parts else {
        return bounded(Profile::named(issuer, whole.text.trim()));
    };
    let prefix = prefix.trim();
    if issuer.is_empty() {
        return bounded(Profile::named(prefix, unpadded(account)));
    }
    if !prefix.is_empty() {
        oddities
            .push(Oddity::IssuerMismatch { label: prefix.chars().take(80).collect(), parameter: issuer.to_owned() });
    }
    bounded(Profile::named(issuer, unpadded(account)))
}

/// The names of an account in an export whose account name may repeat the issuer (`Issuer:account`); a prefix that
/// says something else stays, as the person may have written it.
pub(super) fn from_export(issuer: &str, name: &str) -> Result<Profile, Error> {
    if let Some(account) = without_prefix(name, issuer) {
        return bounded(Profile::named(issuer, unpadded(account)));
    }
    match name.split_once(':') {
        Some((prefix, account)) if issuer.is_empty() => bounded(Profile::named(prefix.trim(), unpadded(account))),
        _ => bounded(Profile::named(issuer, name)),
    }
}

/// An account name as it stands behind a colon: with one more blank at an end where it has one itself, since one is
/// taken off when it is read (sites like to put one after the colon).
pub(super) fn padded(name: &str) -> String {
    let before = if name.starts_with(' ') { " " } else { "" };
    let after = if name.ends_with(' ') { " " } else { "" };
    format!("{before}{name}{after}")
}

fn unpadded(name: &str) -> &str {
    let name = name.strip_prefix(' ').unwrap_or(name);
    name.strip_suffix(' ').unwrap_or(name)
}

/// What follows `issuer:`; exactly written, or else but for case, blanks around it and `+` for a blank.
fn without_prefix<'a>(label: &'a str, issuer: &str) -> Option<&'a str> {
    if issuer.is_empty() {
        return None;
    }
    if let Some(account) = label.strip_prefix(issuer).and_then(|rest| rest.strip_prefix(':')) {
        return Some(account);
    }
    let plain = |text: &str| text.replace('+', " ").trim().to_lowercase();
    let wanted = plain(issuer);
    // Bounded: a label of nothing but colons would be compared a thousand times over.
    let colons = label.match_indices(':').take(16);
    let mut splits = colons.filter_map(|(at, _)| label.split_at_checked(at));
    splits.find(|(prefix, _)| plain(prefix) == wanted).and_then(|(_, rest)| rest.strip_prefix(':'))
}

fn bounded(profile: Profile) -> Result<Profile, Error> {
    for (name, text) in [("issuer", &profile.issuer), ("account", &profile.name)] {
        if text.len() > Profile::MAX_TEXT {
            return Err(Error::LongName(name));
        }
    }
    Ok(profile)
}
