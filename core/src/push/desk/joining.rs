//! From an invitation to an enrolment.

use std::fmt;

use super::rows::{ENROLLING, ENROLLMENT, NEW_UV, VERIFIER, verifier_row};
use super::summary::Summary;
use super::{Approvals, Error, is_elsewhere};
use crate::account::{NewAccount, Profile};
use crate::otp::{Algorithm, Digits, Otp, Period, Secret, Totp};
use crate::push::jose::SoftwareKey;
use crate::push::model::{KeyPurpose, Step};
use crate::push::native::Invitation;
use crate::push::native::messages::{Attestation, Device};
use crate::push::native::phone::{
    self, Enrolled, Enrolling, OwnKey, Progress, PushChoice, Reply, Verifier, Walk, Wanted,
};
use crate::secret::SecretBytes;
use crate::time::UnixTime;
use crate::vault::{InboxChange, PushId, PushRecord, UvPurpose, UvRoot};

/// The number of this protocol in the vault's records.
pub(super) const NATIVE: u32 = 1;

/// The keys of a new enrolment.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "made once for an enrolment and moved there; nobody keeps many")]
pub enum NewKeys {
    /// Made here: Ed25519, the user-verification key sealed under the root.
    Software,
    /// Made by the platform: P-256, with proof of where they live if it has any.
    Platform {
        /// Used silently.
        possession: OwnKey,
        /// Asks the person at each use.
        uv: OwnKey,
        /// Proof that they live in hardware.
        attestation: Option<Attestation>,
    },
}

/// An enrolment on its way: the part that lies in memory. What has to outlast a crash is in the inbox.
#[derive(Debug)]
pub struct Joining {
    id: PushId,
    walk: Walk,
    uv: Option<SoftwareKey>,
}

impl Joining {
    /// The id that the enrolment has, and will have.
    #[must_use]
    pub const fn id(&self) -> PushId {
        self.id
    }
}

/// What an enrolment needs next, or its end.
pub enum Joined {
    /// A step to carry out.
    Step(Step),
    /// It is kept. The person compares the signed names and types the digits into the page.
    Done {
        /// The enrolment.
        id: PushId,
        /// The server's name, as it signed it.
        server: String,
        /// The account's name, as the server signed it.
        account: String,
        /// Six digits.
        digits: String,
        /// The invitation named another account.
        hint_differs: bool,
        /// It has time-based codes, which stand among the accounts now.
        has_codes: bool,
    },
}

impl fmt::Debug for Joined {
    /// Neither names nor digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(step) => f.debug_tuple("Step").field(step).finish(),
            Self::Done { id, .. } => f.debug_struct("Done").field("id", id).finish_non_exhaustive(),
        }
    }
}

impl Approvals<'_> {
    /// Begins an enrolment, after the person has seen the host of the invitation and said yes.
    ///
    /// # Errors
    /// [`Error`]; nothing is kept by any.
    pub fn join(
        &mut self,
        invitation: Invitation,
        device: Device,
        push: PushChoice,
        keys: NewKeys,
        root: &UvRoot,
    ) -> Result<Joining, Error> {
        self.unlocked()?;
        let verifier = self
            .find_verifier(&invitation.base, invitation.identity)?
            .map(|row| Verifier::decode(row.bytes.expose()))
            .transpose()?;
        let id = PushId::make(&*self.entropy)?;
        let (possession, uv, attestation, software) = match keys {
            NewKeys::Software => {
                let key = SoftwareKey::make(&*self.entropy)?;
                (OwnKey::make(&*self.entropy)?, OwnKey::apart(key.public()), None, Some(key))
            }
            NewKeys::Platform { possession, uv, attestation } => (possession, uv, attestation, None),
        };
        let wanted = Wanted { invitation, possession, uv, device, push, attestation, verifier };
        let enrolling = Enrolling::begin(wanted, &*self.entropy)?;
        let mut changes = vec![InboxChange::add(id, ENROLLING, SecretBytes::from(enrolling.encode().as_slice()))];
        if let Some(key) = &software {
            changes.push(InboxChange::add(id, NEW_UV, self.seal_new(id, key, root)?.bytes()));
        }
        self.commit(changes)?;
        Ok(Joining { id, walk: Walk::default(), uv: software })
    }

    /// The enrolments that were begun and not finished: after a crash, or without a network.
    ///
    /// # Errors
    /// [`Error`].
    pub fn unfinished(&mut self) -> Result<Vec<(PushId, String)>, Error> {
        let rows = self.inbox()?.rows(ENROLLING)?.rows;
        rows.iter()
            .map(|row| Ok((row.id, Enrolling::decode(row.bytes.expose())?.verifier().base().host().to_owned())))
            .collect()
    }

    /// Goes on with an enrolment that wasn't finished: the same request is sent again.
    ///
    /// # Errors
    /// [`Error::NoEnrollment`] and others.
    pub fn resume(&mut self, id: PushId, root: &UvRoot) -> Result<Joining, Error> {
        self.unlocked()?;
        self.enrolling(id)?;
        let uv = self.begun_key(id, root)?;
        Ok(Joining { id, walk: Walk::default(), uv })
    }

    /// Gives up an enrolment that wasn't finished.
    ///
    /// # Errors
    /// [`Error::NoEnrollment`] where nothing was begun or it is finished; otherwise [`Error`].
    pub fn abandon(&mut self, id: PushId) -> Result<(), Error> {
        // A finished one may have a new key beside it that the server counts already.
        self.inbox()?.row(id, ENROLLING)?.ok_or(Error::NoEnrollment)?;
        let rows = self.inbox()?.rows_of(id)?.rows;
        let begun = rows.iter().filter(|row| matches!(row.kind, ENROLLING | NEW_UV));
        let changes = begun.map(InboxChange::delete).collect();
        self.commit(changes)
    }

    /// Goes on with the reply to the step before; the first is [`Reply::Begin`].
    ///
    /// # Errors
    /// [`Error`]. After network trouble it can be resumed; what the server has refused is given up.
    pub fn next_join(
        &mut self,
        joining: &mut Joining,
        root: &UvRoot,
        reply: Reply,
        now: UnixTime,
    ) -> Result<Joined, Error> {
        self.unlocked()?;
        let mut reply = reply;
        loop {
            let (row, mut enrolling) = self.enrolling(joining.id)?;
            let progress = enrolling.next(&mut joining.walk, now, &*self.entropy, reply);
            if enrolling.is_over() {
                self.abandon(joining.id)?;
            } else if enrolling.encode().as_slice() != row.bytes.expose() {
                let changed = SecretBytes::from(enrolling.encode().as_slice());
                self.commit(vec![InboxChange::replace(&row, changed)])?;
            }
            match progress? {
                Progress::Done(enrolled) => return self.keep(joining, root, *enrolled, now),
                Progress::Step(step) if is_elsewhere(&step) => return Ok(Joined::Step(step)),
                Progress::Step(Step::Sign { key, message, .. }) => {
                    let uv = || joining.uv.as_ref().map(|uv| uv.sign(&message).to_vec());
                    let signature = match key.purpose {
                        KeyPurpose::UserVerification => uv(),
                        KeyPurpose::Possession => joining.walk.own_signature(&enrolling),
                    };
                    reply = Reply::Signature(signature.ok_or(phone::Error::Keys)?);
                }
                Progress::Step(step) => return Ok(Joined::Step(step)),
            }
        }
    }

    /// Keeps what an enrolment led to, in one transaction.
    fn keep(&mut self, joining: &Joining, root: &UvRoot, enrolled: Enrolled, now: UnixTime) -> Result<Joined, Error> {
        let Enrolled { enrollment, verifier, totp, offline, hint_differs } = enrolled;
        let id = joining.id;
        let summary = Summary::of(&enrollment, &verifier);
        let mut record = PushRecord::new(id, NATIVE, summary.encode(), now);
        record.sealed_offline = Some(root.seal(self.vault, id, UvPurpose::Offline, &offline)?);
        if let Some(uv) = &joining.uv {
            let secret = SecretBytes::from(uv.secret().as_slice());
            record.sealed_uv = Some(root.seal(self.vault, id, UvPurpose::Signing, &secret)?);
        }
        let has_codes = totp.is_some();
        let account = totp.map(|seed| codes(seed, &summary)).transpose()?;
        let mut changes = vec![InboxChange::add(id, ENROLLMENT, SecretBytes::from(enrollment.encode().as_slice()))];
        let stored = |verifier: &Verifier| SecretBytes::from(verifier.encode().as_slice());
        changes.push(match self.find_verifier(verifier.base(), verifier.identity())? {
            Some(row) => {
                // Other enrolments may have learned more meanwhile, and what was turned down counts.
                let mut known = Verifier::decode(row.bytes.expose())?;
                known.learn(&verifier);
                InboxChange::replace(&row, stored(&known))
            }
            None => {
                let place = verifier_row(verifier.base().as_str(), verifier.identity());
                InboxChange::add(place, VERIFIER, stored(&verifier))
            }
        });
        let begun = self.inbox()?.rows_of(id)?.rows;
        changes.extend(begun.iter().filter(|row| matches!(row.kind, ENROLLING | NEW_UV)).map(InboxChange::delete));
        self.vault.put_push(record, changes, account, now)?;
        let digits = enrollment.confirmation().unwrap_or_default().to_owned();
        Ok(Joined::Done { id, server: summary.server, account: summary.account, digits, hint_differs, has_codes })
    }
}

/// The account of an enrolment's time-based codes: SHA-256, six digits, thirty seconds.
fn codes(seed: SecretBytes, summary: &Summary) -> Result<NewAccount, Error> {
    let made = || {
        let (digits, period) = (Digits::new(6).ok()?, Period::new(30).ok()?);
        Some(Otp::Totp(Totp::new(Secret::new(seed).ok()?, Algorithm::Sha256, digits, period)))
    };
    let otp = made().ok_or(phone::Error::Keys)?;
    Ok(NewAccount { profile: Profile::named(summary.server.clone(), summary.account.clone()), otp })
}
