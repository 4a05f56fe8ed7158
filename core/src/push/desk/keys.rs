//! New keys for an enrolment, and where they are kept until the server has confirmed them.
//!
//! A new user-verification key is stored in the same transaction as the message that names it, and the one before stays until
//! the server has said which of them counts: whichever that is, it can be opened.

use super::rows::{ENROLLING, ENROLLMENT, NEW_UV};
use super::{Approvals, Error, Operation};
use crate::push::jose::{SoftwareKey, Thumbprint};
use crate::push::model::{KeyPlace, KeyPurpose};
use crate::push::native::phone::{self, Enrolling, Enrollment, OwnKey, Task};
use crate::secret::SecretBytes;
use crate::vault::{InboxChange, InboxRow, PushId, UvPurpose, UvRoot};

/// Bytes of a thumbprint.
const NAME: usize = 32;

/// A user-verification key that isn't in use yet: its name, and its secret sealed under the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewUv {
    name: Thumbprint,
    sealed: Vec<u8>,
}

impl NewUv {
    /// Its stored form.
    pub(super) fn bytes(&self) -> SecretBytes {
        SecretBytes::new([&self.name.to_bytes()[..], &self.sealed].concat())
    }

    pub(super) fn read(row: &InboxRow) -> Result<Self, Error> {
        let (name, sealed) = row.bytes.expose().split_first_chunk::<NAME>().ok_or(phone::Error::Unreadable)?;
        Ok(Self { name: Thumbprint::from_bytes(*name), sealed: sealed.to_vec() })
    }
}

impl Approvals<'_> {
    /// New keys for an enrolment, made in software; both old and new ones are kept until the server has confirmed.
    ///
    /// # Errors
    /// [`phone::Error::HeldBack`] while an earlier change isn't confirmed; otherwise [`Error`]. Nothing is kept by any.
    pub fn rotate(&mut self, id: PushId, root: &UvRoot) -> Result<Operation, Error> {
        self.may_change(id)?;
        let uv = SoftwareKey::make(&*self.entropy)?;
        let fresh = self.seal_new(id, &uv, root)?;
        let task = Task::rotate(Some(OwnKey::make(&*self.entropy)?), Some(OwnKey::apart(uv.public())));
        Ok(Operation::change(id, task, Some((uv, fresh))))
    }

    /// New keys of the platform's for an enrolment. The old ones are to be kept there until the server has confirmed.
    ///
    /// # Errors
    /// As [`Approvals::rotate`].
    pub fn rotate_platform(&mut self, id: PushId, possession: OwnKey, uv: OwnKey) -> Result<Operation, Error> {
        self.may_change(id)?;
        let task = Task::rotate(Some(possession), Some(uv));
        Ok(Operation::change(id, task, None))
    }

    /// The handles of the platform's keys that an enrolment may still need, finished or not: what was there before and
    /// isn't any more may be deleted by the platform. None where there is no such enrolment.
    ///
    /// # Errors
    /// [`Error`]. Of one that can't be read nothing may be deleted.
    pub fn platform_handles(&mut self, id: PushId) -> Result<Vec<Vec<u8>>, Error> {
        let inbox = self.inbox()?;
        let begun = inbox.row(id, ENROLLING)?.map(|row| Enrolling::decode(row.bytes.expose())).transpose()?;
        let done = inbox.row(id, ENROLLMENT)?.map(|row| Enrollment::decode(row.bytes.expose())).transpose()?;
        let begun = begun.iter().flat_map(Enrolling::platform_handles);
        Ok(begun.chain(done.iter().flat_map(Enrollment::platform_handles)).collect())
    }

    /// Whether an operation that needs the person verified needs a key that is sealed under the root; otherwise the
    /// platform's key verifies the person by itself when it signs.
    ///
    /// # Errors
    /// [`Error`].
    pub fn needs_root(&mut self, operation: &Operation) -> Result<bool, Error> {
        let uv = self.open(operation.id)?.enrollment.uv_key().handle(KeyPurpose::UserVerification);
        Ok(operation.is_offline() || matches!(uv.place, KeyPlace::Software(_)))
    }

    fn may_change(&mut self, id: PushId) -> Result<(), Error> {
        self.unlocked()?;
        self.settle(id)?;
        if self.open(id)?.enrollment.is_changing() { Err(phone::Error::HeldBack.into()) } else { Ok(()) }
    }

    /// Puts a new user-verification key in its place once the server has confirmed it, or drops it where the server has
    /// refused it; also after a crash in between. Every operation that ends does this too.
    ///
    /// # Errors
    /// [`Error`].
    pub fn settle(&mut self, id: PushId) -> Result<(), Error> {
        if !self.vault.is_unlocked() {
            return Ok(());
        }
        let opened = self.open(id)?;
        let Some(row) = self.inbox()?.row(id, NEW_UV)? else { return Ok(()) };
        if opened.enrollment.is_changing() {
            return Ok(());
        }
        let new = NewUv::read(&row)?;
        if new.name != opened.enrollment.uv_key().thumbprint() {
            return self.commit(vec![InboxChange::delete(&row)]);
        }
        self.vault.change_push(id, vec![InboxChange::delete(&row)], |record| {
            record.sealed_uv = Some(new.sealed);
            Ok(())
        })?;
        Ok(())
    }

    /// Opens what an operation may have to sign with: the present key, and the one that may be the present one soon.
    pub(super) fn open_keys(
        &mut self,
        operation: &mut Operation,
        present: Option<Vec<u8>>,
        root: Option<&UvRoot>,
    ) -> Result<(), Error> {
        let id = operation.id;
        let uv = self.open(id)?.enrollment.uv_key().handle(KeyPurpose::UserVerification);
        let KeyPlace::Software(name) = uv.place else { return Ok(()) };
        let root = root.ok_or(phone::Error::Keys)?;
        let new = self.inbox()?.row(id, NEW_UV)?.map(|row| NewUv::read(&row)).transpose()?;
        let mut why = Error::Renew;
        for sealed in present.into_iter().chain(new.map(|new| new.sealed)) {
            match self.software_key(id, root, &sealed) {
                Ok(key) => operation.keys.push(key),
                Err(error) => why = error,
            }
        }
        let opened = operation.keys.iter().any(|key| key.public().thumbprint() == name);
        if opened { Ok(()) } else { Err(why) }
    }

    pub(super) fn seal_new(&self, id: PushId, key: &SoftwareKey, root: &UvRoot) -> Result<NewUv, Error> {
        let secret = SecretBytes::from(key.secret().as_slice());
        let sealed = root.seal(self.vault, id, UvPurpose::Signing, &secret)?;
        Ok(NewUv { name: key.public().thumbprint(), sealed })
    }

    /// The change that stores a new key.
    pub(super) fn place_new(&mut self, id: PushId, new: &NewUv) -> Result<InboxChange, Error> {
        let row = self.inbox()?.row(id, NEW_UV)?;
        Ok(match row {
            Some(row) => InboxChange::replace(&row, new.bytes()),
            None => InboxChange::add(id, NEW_UV, new.bytes()),
        })
    }

    pub(super) fn software_key(&self, id: PushId, root: &UvRoot, sealed: &[u8]) -> Result<SoftwareKey, Error> {
        let secret = root.open(self.vault, id, UvPurpose::Signing, sealed)?;
        let secret = zeroize::Zeroizing::new(secret.expose().try_into().map_err(|_| phone::Error::Unreadable)?);
        Ok(SoftwareKey::from_secret(&secret))
    }

    /// The key of an enrolment that isn't finished.
    pub(super) fn begun_key(&mut self, id: PushId, root: &UvRoot) -> Result<Option<SoftwareKey>, Error> {
        let Some(row) = self.inbox()?.row(id, NEW_UV)? else { return Ok(None) };
        self.software_key(id, root, &NewUv::read(&row)?.sealed).map(Some)
    }
}
