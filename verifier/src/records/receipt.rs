//! What became of an answer, kept for whoever sends it again.

use countersign_core::push::jose::Thumbprint;
use countersign_core::push::native::messages::{EnrollmentId, ReceiptStatus};
use countersign_core::time::UnixTime;

use super::Record;
use super::codec::{Put, Reader, StoredKey, writer};
use crate::store::{Kind, StoreError};

/// A receipt; its row's id is H of the response.
#[derive(Debug, Clone)]
pub(crate) struct Receipt {
    pub(crate) enrollment: EnrollmentId,
    pub(crate) account: String,
    /// The key that signed the response.
    pub(crate) key: StoredKey,
    pub(crate) status: ReceiptStatus,
    pub(crate) answer: String,
    /// The online key that signed the answer.
    pub(crate) signer: Thumbprint,
    pub(crate) until: UnixTime,
}

const fn number_of(status: ReceiptStatus) -> u64 {
    match status {
        ReceiptStatus::Approved => 1,
        ReceiptStatus::Denied => 2,
        ReceiptStatus::Reported => 3,
        ReceiptStatus::WrongCode { .. } => 4,
        ReceiptStatus::Expired => 5,
        ReceiptStatus::Superseded => 6,
        ReceiptStatus::Cancelled => 7,
        ReceiptStatus::AlreadyAnswered => 8,
        ReceiptStatus::Frozen => 9,
    }
}

impl Record for Receipt {
    const KIND: Kind = Kind::Receipt;

    fn to_bytes(&self) -> Vec<u8> {
        let mut row = writer();
        row.text(2, self.enrollment.as_str()).text(3, &self.account).bytes(4, &self.key.to_bytes());
        row.number(5, number_of(self.status));
        if let ReceiptStatus::WrongCode { attempts_left } = self.status {
            row.number(6, attempts_left.into());
        }
        row.text(7, &self.answer).bytes(8, &self.signer.to_bytes()).time(9, self.until);
        row.finish().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let row = Reader::new("receipt", bytes)?;
        let status = match row.number(5)? {
            1 => ReceiptStatus::Approved,
            2 => ReceiptStatus::Denied,
            3 => ReceiptStatus::Reported,
            4 => ReceiptStatus::WrongCode { attempts_left: row.small(6)? },
            5 => ReceiptStatus::Expired,
            6 => ReceiptStatus::Superseded,
            7 => ReceiptStatus::Cancelled,
            8 => ReceiptStatus::AlreadyAnswered,
            9 => ReceiptStatus::Frozen,
            _ => return Err(row.damaged()),
        };
        Ok(Self {
            enrollment: row.enrollment(2)?,
            account: row.text(3)?,
            key: StoredKey::from_bytes(row.bytes(4)?)?,
            status,
            answer: row.text(7)?,
            signer: row.thumbprint(8)?,
            until: row.time(9)?,
        })
    }
}
