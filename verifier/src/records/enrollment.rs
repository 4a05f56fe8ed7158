//! A phone of an account.

use countersign_core::push::jose::{MessageHash, Thumbprint};
use countersign_core::push::native::messages::{AccountName, Device, EnrollmentId, PushAddress, Status};
use countersign_core::time::UnixTime;
use countersign_core::wire::Writer;

use super::Record;
use super::codec::{Put, Reader, StoredKey, writer};
use crate::store::{Kind, StoreError};

/// The challenge that it was asked last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Current {
    pub(crate) challenge: MessageHash,
    /// The sign-in's row.
    pub(crate) sign_in: [u8; 32],
    pub(crate) expires: UnixTime,
}

/// The browser session that holds its one place for a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    /// SHA-256 of the session's name.
    pub(crate) session: [u8; 32],
    pub(crate) since: UnixTime,
}

/// What is needed until it is confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    /// H of the request and of the answer: the six digits come from them.
    pub(crate) enroll: MessageHash,
    pub(crate) enrolled: MessageHash,
    /// The online key that signed the answer.
    pub(crate) signer: Thumbprint,
    pub(crate) tries: u8,
    pub(crate) replaces: Option<EnrollmentId>,
}

/// The last accepted rotate or remove, which gets its answer again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Last {
    pub(crate) request: MessageHash,
    /// The key that signed it.
    pub(crate) key: StoredKey,
    /// The status in the answer.
    pub(crate) status: Status,
    pub(crate) answer: String,
    /// The online key that signed the answer.
    pub(crate) signer: Thumbprint,
}

/// An enrolment.
#[derive(Debug, Clone)]
pub(crate) struct Enrollment {
    pub(crate) id: EnrollmentId,
    pub(crate) account: AccountName,
    pub(crate) status: Status,
    /// When it got that status.
    pub(crate) since: UnixTime,
    pub(crate) possession: StoredKey,
    pub(crate) uv: StoredKey,
    pub(crate) hardware: bool,
    pub(crate) device: Device,
    pub(crate) push: PushAddress,
    /// Sealed; none where the policy had none.
    pub(crate) totp: Option<Vec<u8>>,
    /// The first step of time-based codes that may still be accepted.
    pub(crate) totp_from: u64,
    /// Sealed.
    pub(crate) offline: Vec<u8>,
    pub(crate) counter: u64,
    /// Wrong codes in a row.
    pub(crate) wrong: u32,
    /// Challenges in a row that weren't approved, and when the last of them ended.
    pub(crate) unapproved: u32,
    pub(crate) unapproved_at: UnixTime,
    pub(crate) current: Option<Current>,
    pub(crate) slot: Option<Slot>,
    pub(crate) pending: Option<Pending>,
    pub(crate) last_rotate: Option<Last>,
    pub(crate) last_remove: Option<Last>,
    /// Made when.
    pub(crate) created: UnixTime,
}

const fn number_of(status: Status) -> u64 {
    match status {
        Status::Pending => 1,
        Status::Active => 2,
        Status::Frozen => 3,
        Status::Suspended => 4,
        Status::Removed => 5,
    }
}

fn status_of(row: &Reader<'_>, field: u32) -> Result<Status, StoreError> {
    let all = [Status::Pending, Status::Active, Status::Frozen, Status::Suspended, Status::Removed];
    let number = row.number(field)?;
    all.into_iter().find(|status| number_of(*status) == number).ok_or(row.damaged())
}

impl Last {
    fn to_bytes(&self) -> Vec<u8> {
        let mut part = Writer::new();
        part.bytes(1, &self.request.to_bytes()).bytes(2, &self.key.to_bytes()).number(3, number_of(self.status));
        part.text(4, &self.answer).bytes(5, &self.signer.to_bytes());
        part.finish().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let part = Reader::nested("enrollment", bytes)?;
        Ok(Self {
            request: part.hash(1)?,
            key: StoredKey::from_bytes(part.bytes(2)?)?,
            status: status_of(&part, 3)?,
            answer: part.text(4)?,
            signer: part.thumbprint(5)?,
        })
    }
}

impl Record for Enrollment {
    const KIND: Kind = Kind::Enrollment;

    fn to_bytes(&self) -> Vec<u8> {
        let mut row = writer();
        row.text(2, self.id.as_str()).text(3, &self.account.id).text(4, &self.account.name);
        row.number(5, number_of(self.status)).time(6, self.since);
        row.bytes(7, &self.possession.to_bytes()).bytes(8, &self.uv.to_bytes()).flag(9, self.hardware);
        let device = [&self.device.name, &self.device.model, &self.device.os, &self.device.app];
        for (field, text) in (10..).zip(device) {
            row.text(field, text);
        }
        row.text(14, &self.push.to_json());
        if let Some(totp) = &self.totp {
            row.bytes(15, totp);
        }
        row.number(16, self.totp_from).bytes(17, &self.offline).number(18, self.counter).number(19, self.wrong.into());
        row.number(20, self.unapproved.into()).time(21, self.unapproved_at);
        if let Some(current) = &self.current {
            row.bytes(22, &current.challenge.to_bytes()).bytes(23, &current.sign_in).time(24, current.expires);
        }
        if let Some(slot) = &self.slot {
            row.bytes(25, &slot.session).time(26, slot.since);
        }
        if let Some(pending) = &self.pending {
            row.bytes(27, &pending.enroll.to_bytes()).bytes(28, &pending.enrolled.to_bytes());
            row.bytes(29, &pending.signer.to_bytes()).number(30, pending.tries.into());
            if let Some(replaces) = &pending.replaces {
                row.text(31, replaces.as_str());
            }
        }
        for (field, last) in [(32, &self.last_rotate), (33, &self.last_remove)] {
            if let Some(last) = last {
                row.bytes(field, &last.to_bytes());
            }
        }
        row.time(34, self.created);
        row.finish().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let row = Reader::new("enrollment", bytes)?;
        let current = match row.maybe_bytes(22)? {
            None => None,
            Some(_) => Some(Current { challenge: row.hash(22)?, sign_in: row.array(23)?, expires: row.time(24)? }),
        };
        let slot = match row.maybe_bytes(25)? {
            None => None,
            Some(_) => Some(Slot { session: row.array(25)?, since: row.time(26)? }),
        };
        let pending = match row.maybe_bytes(27)? {
            None => None,
            Some(_) => Some(Pending {
                enroll: row.hash(27)?,
                enrolled: row.hash(28)?,
                signer: row.thumbprint(29)?,
                tries: row.small(30)?,
                replaces: row.maybe_bytes(31)?.map(|_| row.enrollment(31)).transpose()?,
            }),
        };
        Ok(Self {
            id: row.enrollment(2)?,
            account: AccountName { id: row.text(3)?, name: row.text(4)? },
            status: status_of(&row, 5)?,
            since: row.time(6)?,
            possession: StoredKey::from_bytes(row.bytes(7)?)?,
            uv: StoredKey::from_bytes(row.bytes(8)?)?,
            hardware: row.flag(9)?,
            device: Device { name: row.text(10)?, model: row.text(11)?, os: row.text(12)?, app: row.text(13)? },
            push: PushAddress::parse(row.bytes(14)?).map_err(|_| row.damaged())?,
            totp: row.maybe_bytes(15)?.map(<[u8]>::to_vec),
            totp_from: row.number(16)?,
            offline: row.bytes(17)?.to_vec(),
            counter: row.number(18)?,
            wrong: row.small(19)?,
            unapproved: row.small(20)?,
            unapproved_at: row.time(21)?,
            current,
            slot,
            pending,
            last_rotate: row.maybe_bytes(32)?.map(Last::from_bytes).transpose()?,
            last_remove: row.maybe_bytes(33)?.map(Last::from_bytes).transpose()?,
            created: row.time(34)?,
        })
    }
}
