//! Browser sessions: a random cookie, of which the house keeps the hash alone.

use countersign_core::entropy::{EntropyError, SystemEntropy, random};
use countersign_core::secret::SecretText;
use countersign_core::time::UnixTime;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use ring::digest::{SHA256, digest};

use super::people::Person;

/// How long a session lives, in seconds.
pub(super) const LIFE: i64 = 12 * 3600;

/// How long after a sign-in a phone may be added, in seconds.
pub(super) const FRESH: i64 = 600;

/// What a session remembers.
#[derive(Debug, Clone, Default)]
pub(super) struct Session {
    /// Who is signed in, and since when.
    pub(super) person: Option<(Person, UnixTime)>,
    /// A phone that is being added.
    pub(super) enrolling: Option<Enrolling>,
    /// What has just happened, to be said on the next page.
    pub(super) notice: Option<String>,
}

/// A phone that is being added.
#[derive(Debug, Clone)]
pub(super) struct Enrolling {
    /// Whose: not among the people before the phone is confirmed, where it is a new account.
    pub(super) person: Person,
    pub(super) uri: SecretText,
    pub(super) ticket: SecretText,
    /// The phones that were there before.
    pub(super) before: Vec<String>,
    pub(super) until: UnixTime,
}

/// A random text of 256 bits, for cookies and names.
///
/// # Errors
/// [`EntropyError`].
pub(super) fn random_text() -> Result<String, EntropyError> {
    Ok(BASE64URL_NOPAD.encode(&random::<32>(&SystemEntropy::new())?))
}

/// The name under which the house keeps what belongs to a secret.
pub(super) fn name_of(secret: &str) -> String {
    HEXLOWER.encode(digest(&SHA256, secret.as_bytes()).as_ref())
}
