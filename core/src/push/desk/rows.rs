//! Which state stands in which row of the inbox.

use super::{Approvals, Error};
use crate::push::jose::{Thumbprint, sha256};
use crate::push::native::BaseUrl;
use crate::push::native::phone::{Enrolling, Enrollment, Verifier};
use crate::secret::SecretBytes;
use crate::vault::{InboxChange, InboxRow, PushId};

/// An enrolment's state.
pub(super) const ENROLLMENT: u32 = 1;
/// What is known of a verifier, shared by the enrolments there; under an id of its own.
pub(super) const VERIFIER: u32 = 2;
/// An enrolment that isn't finished.
pub(super) const ENROLLING: u32 = 3;
/// A user-verification key that isn't in use yet, sealed under the root.
pub(super) const NEW_UV: u32 = 4;

/// The id of a verifier's row.
pub(super) fn verifier_row(base: &str, identity: Thumbprint) -> PushId {
    let digest = sha256(&[b"countersign-verifier", base.as_bytes(), b"\0", &identity.to_bytes()]);
    let mut id = [0; 16];
    id.iter_mut().zip(digest).for_each(|(place, byte)| *place = byte);
    PushId::from_bytes(id)
}

/// An enrolment with its verifier, as they were read.
pub(super) struct Opened {
    pub(super) enrollment: Enrollment,
    pub(super) verifier: Verifier,
    enrollment_row: InboxRow,
    verifier_row: InboxRow,
}

impl Opened {
    /// What has to be written so that the file has both as they are now.
    pub(super) fn changes(&self) -> Vec<InboxChange> {
        let mut changes = Vec::new();
        for (row, now) in
            [(&self.enrollment_row, self.enrollment.encode()), (&self.verifier_row, self.verifier.encode())]
        {
            if row.bytes.expose() != now.as_slice() {
                changes.push(InboxChange::replace(row, SecretBytes::from(now.as_slice())));
            }
        }
        changes
    }
}

impl Approvals<'_> {
    pub(super) fn open(&mut self, id: PushId) -> Result<Opened, Error> {
        let inbox = self.inbox()?;
        let enrollment_row = inbox.row(id, ENROLLMENT)?.ok_or(Error::NoEnrollment)?;
        let enrollment = Enrollment::decode(enrollment_row.bytes.expose())?;
        let (base, identity) = enrollment.place();
        let verifier_row = inbox.row(verifier_row(base, identity), VERIFIER)?.ok_or(Error::Renew)?;
        let verifier = Verifier::decode(verifier_row.bytes.expose())?;
        Ok(Opened { enrollment, verifier, enrollment_row, verifier_row })
    }

    pub(super) fn commit(&mut self, changes: Vec<InboxChange>) -> Result<(), Error> {
        if !changes.is_empty() {
            self.inbox()?.commit(changes)?;
        }
        Ok(())
    }

    pub(super) fn find_verifier(&mut self, base: &BaseUrl, identity: Thumbprint) -> Result<Option<InboxRow>, Error> {
        Ok(self.inbox()?.row(verifier_row(base.as_str(), identity), VERIFIER)?)
    }

    pub(super) fn enrolling(&mut self, id: PushId) -> Result<(InboxRow, Enrolling), Error> {
        let row = self.inbox()?.row(id, ENROLLING)?.ok_or(Error::NoEnrollment)?;
        let enrolling = Enrolling::decode(row.bytes.expose())?;
        Ok((row, enrolling))
    }
}
