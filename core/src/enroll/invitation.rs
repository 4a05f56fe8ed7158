//! `countersign://`: an invitation to approve sign-ins, and a request that came as a picture.

use std::fmt;

use super::{Error, Scanned};
use crate::push::native::phone::{OFFLINE_PREFIX, offline_challenge};
use crate::push::native::{Invitation, invitation as link};

/// A sign-in request in a QR code, to be answered by eight digits: a link as
/// [`Enrollment::scan`](crate::push::native::phone::Enrollment::scan) takes it. Nothing in it is verified yet.
#[derive(Clone, PartialEq, Eq)]
pub struct OfflineChallenge(String);

impl OfflineChallenge {
    /// The link.
    #[must_use]
    pub fn as_uri(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OfflineChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OfflineChallenge(..)")
    }
}

/// Reads an invitation. `allow_loopback_http` is for demonstrations and tests: apps that people get never set it.
///
/// # Errors
/// [`Error::Push`].
pub fn invitation(text: &str, allow_loopback_http: bool) -> Result<Invitation, Error> {
    let kept: String = text.trim().split(['\n', '\r', '\t']).collect();
    Ok(Invitation::parse(&kept, allow_loopback_http)?)
}

pub(super) fn parse(text: &str) -> Result<Scanned, Error> {
    if text.starts_with(link::PREFIX) {
        return invitation(text, false).map(|invitation| Scanned::Invitation(Box::new(invitation)));
    }
    if text.starts_with(OFFLINE_PREFIX) {
        offline_challenge(text)?;
        return Ok(Scanned::OfflineChallenge(OfflineChallenge(text.to_owned())));
    }
    Err(Error::NotRecognized)
}

#[cfg(test)]
mod tests {
    use super::super::{Error, Scanned, parse};
    use super::invitation;
    use crate::push::MessageError;
    use crate::push::jose::{Draft, KeyName, SoftwareKey};

    const K: &str = "aJ9qYnOEx9yy3MFIflQCI-d7353NDYvooybtplsM6aQ";

    #[test]
    fn invitations_and_offline_requests_are_told_apart() {
        let link = format!("countersign://enroll?u=https%3A%2F%2Fx.example&k={K}&t=FAaUKRUKvL8kTEwvssTEag&n=Payroll");
        match parse(&link) {
            Ok(Scanned::Invitation(invitation)) => {
                assert_eq!((invitation.base.host(), invitation.name.as_deref()), ("x.example", Some("Payroll")));
            }
            other => panic!("{other:?}"),
        }
        let key = SoftwareKey::from_secret(&[7; 32]);
        let name = KeyName::Known(key.public().thumbprint());
        let jws = Draft::new("countersign-challenge+jwt", key.public().algorithm(), &name, "{\"v\":1}").sign(&key);
        let link = format!("countersign://challenge?c={jws}");
        match parse(&link) {
            Ok(Scanned::OfflineChallenge(challenge)) => assert_eq!(challenge.as_uri(), link),
            other => panic!("{other:?}"),
        }
        assert!(matches!(parse(&format!("{link}&x=1")), Err(Error::Push(_))));
        assert!(matches!(parse("countersign://challenge?c=abc"), Err(Error::Push(_))));
        assert_eq!(parse("countersign://enrol?u=x"), Err(Error::NotRecognized));
    }

    #[test]
    fn plain_http_is_refused_but_where_it_is_asked_for() {
        let link = format!("countersign://enroll?u=http%3A%2F%2F127.0.0.1%3A8080&k={K}&t=FAaUKRUKvL8kTEwvssTEag");
        assert_eq!(parse(&link), Err(Error::Push(MessageError::Malformed("u"))));
        assert!(invitation(&link, true).is_ok() && invitation(&link, false).is_err());
    }
}
