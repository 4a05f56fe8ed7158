//! An invitation.

use countersign_core::push::jose::{MessageHash, Thumbprint};
use countersign_core::push::native::messages::{AccountName, EnrollmentId};
use countersign_core::time::UnixTime;

use super::Record;
use super::codec::{Put, Reader, writer};
use crate::store::{Kind, StoreError};

/// What used a ticket.
#[derive(Debug, Clone)]
pub(crate) struct Used {
    /// H of the request.
    pub(crate) request: MessageHash,
    /// The answer that it gets each time.
    pub(crate) answer: String,
    /// The online key that signed the answer.
    pub(crate) signer: Thumbprint,
    pub(crate) enrollment: EnrollmentId,
}

/// A ticket.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    pub(crate) account: AccountName,
    /// The ticket itself, sealed.
    pub(crate) sealed: Vec<u8>,
    pub(crate) expires: UnixTime,
    /// The enrolment that the new one takes the place of.
    pub(crate) replaces: Option<EnrollmentId>,
    pub(crate) used: Option<Used>,
}

impl Record for Ticket {
    const KIND: Kind = Kind::Ticket;

    fn to_bytes(&self) -> Vec<u8> {
        let mut row = writer();
        row.text(2, &self.account.id).text(3, &self.account.name).bytes(4, &self.sealed).time(5, self.expires);
        if let Some(replaces) = &self.replaces {
            row.text(6, replaces.as_str());
        }
        if let Some(used) = &self.used {
            row.bytes(7, &used.request.to_bytes()).text(8, &used.answer).bytes(9, &used.signer.to_bytes());
            row.text(10, used.enrollment.as_str());
        }
        row.finish().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let row = Reader::new("ticket", bytes)?;
        let used = match row.maybe_bytes(7)? {
            None => None,
            Some(_) => Some(Used {
                request: row.hash(7)?,
                answer: row.text(8)?,
                signer: row.thumbprint(9)?,
                enrollment: row.enrollment(10)?,
            }),
        };
        Ok(Self {
            account: AccountName { id: row.text(2)?, name: row.text(3)? },
            sealed: row.bytes(4)?.to_vec(),
            expires: row.time(5)?,
            replaces: row.maybe_bytes(6)?.map(|_| row.enrollment(6)).transpose()?,
            used,
        })
    }
}
