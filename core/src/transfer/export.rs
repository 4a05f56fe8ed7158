//! The ways out. Our own backup is [`Vault::backup_bytes`](crate::vault::Vault::backup_bytes); the others hold secrets in
//! the clear, so a shell asks the person first.

use std::collections::HashSet;

use super::Error;
use crate::account::Account;
use crate::enroll::migration::{self, CannotExport, ExportError};
use crate::enroll::{Pin, to_uri};
use crate::entropy::Entropy;
use crate::secret::SecretText;

/// A text with an `otpauth://` (or `motp://`) link on each line, which [`super::Reader`] and most apps read. It has names and
/// codes, with PINs, and no notes, tags or pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// The text; each line ends with a newline.
    pub text: SecretText,
    /// How many accounts it has.
    pub accounts: usize,
}

/// All accounts given, as a text of links.
#[must_use]
pub fn otpauth_lines<'a>(accounts: impl IntoIterator<Item = &'a Account>) -> Links {
    let links: Vec<_> =
        accounts.into_iter().map(|account| to_uri(&account.profile, &account.otp, Pin::Include)).collect();
    // At its full length from the start: a string that grows leaves copies of the secrets behind.
    let mut text = String::with_capacity(links.iter().map(|link| link.expose().len() + 1).sum());
    for link in &links {
        text.push_str(link.expose());
        text.push('\n');
    }
    Links { text: SecretText::new(text), accounts: links.len() }
}

/// An export that Google Authenticator and most other apps read off QR codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The text of each QR code, in order.
    pub texts: Vec<SecretText>,
    /// How many accounts it has.
    pub accounts: usize,
    /// What the format can't hold: named, so that the person knows.
    pub left_out: Vec<CannotExport>,
}

/// The accounts given as parts of a Google Authenticator export, at most ten in each.
///
/// # Errors
/// [`Error::TooMany`] over 1,000 parts, [`Error::Entropy`].
pub fn google_migration(accounts: &[&Account], entropy: &dyn Entropy) -> Result<Parts, Error> {
    let export = |accounts: &[&Account]| {
        migration::export(accounts.iter().map(|account| (account.id, &account.profile, &account.otp)), 10, entropy)
    };
    let (texts, left_out) = match export(accounts) {
        Ok(texts) => (texts, Vec::new()),
        Err(ExportError::NotExportable(refused)) => {
            let ids: HashSet<_> = refused.iter().map(|refused| refused.id).collect();
            let rest: Vec<_> = accounts.iter().filter(|account| !ids.contains(&account.id)).copied().collect();
            (export(&rest).map_err(too_many)?, refused)
        }
        Err(error) => return Err(too_many(error)),
    };
    Ok(Parts { texts, accounts: accounts.len() - left_out.len(), left_out })
}

fn too_many(error: ExportError) -> Error {
    match error {
        ExportError::Entropy(error) => error.into(),
        ExportError::TooMany | ExportError::NotExportable(_) => Error::TooMany,
    }
}
