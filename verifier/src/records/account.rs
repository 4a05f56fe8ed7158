//! A person's account: which phones, which pages ask, how often codes were mistyped.

use countersign_core::push::native::messages::EnrollmentId;
use countersign_core::time::UnixTime;
use countersign_core::wire::Writer;

use super::Record;
use super::codec::{Put, Reader, writer};
use crate::otp::Tries;
use crate::store::{Kind, StoreError};

/// A way in which codes are typed into the page; each has its own limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Eight digits.
    Offline,
    /// Time-based codes.
    Totp,
}

/// A browser session's last sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// SHA-256 of its name.
    pub(crate) session: [u8; 32],
    /// The sign-in's row.
    pub(crate) sign_in: [u8; 32],
    /// Until when it may be pending.
    pub(crate) expires: UnixTime,
}

/// An account.
#[derive(Debug, Clone, Default)]
pub(crate) struct Account {
    /// Its enrolments that aren't removed, in the order in which they were made.
    pub(crate) enrollments: Vec<EnrollmentId>,
    pub(crate) offline: Tries,
    pub(crate) totp: Tries,
    pub(crate) sessions: Vec<Session>,
}

impl Account {
    pub(crate) const fn way(&self, way: Way) -> Tries {
        match way {
            Way::Offline => self.offline,
            Way::Totp => self.totp,
        }
    }

    pub(crate) const fn way_mut(&mut self, way: Way) -> &mut Tries {
        match way {
            Way::Offline => &mut self.offline,
            Way::Totp => &mut self.totp,
        }
    }
}

impl Record for Account {
    const KIND: Kind = Kind::Account;

    fn to_bytes(&self) -> Vec<u8> {
        let mut row = writer();
        for enrollment in &self.enrollments {
            row.text(2, enrollment.as_str());
        }
        row.number(3, self.offline.in_a_row().into()).time(4, self.offline.last());
        row.number(5, self.totp.in_a_row().into()).time(6, self.totp.last());
        for session in &self.sessions {
            let mut part = Writer::new();
            part.bytes(1, &session.session).bytes(2, &session.sign_in).time(3, session.expires);
            row.bytes(7, &part.finish());
        }
        row.finish().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let row = Reader::new("account", bytes)?;
        let id = |bytes: Result<&[u8], StoreError>| {
            let text = std::str::from_utf8(bytes?).map_err(|_| row.damaged())?;
            EnrollmentId::parse(text).map_err(|_| row.damaged())
        };
        let session = |part: Result<&[u8], StoreError>| {
            let part = Reader::nested("account", part?)?;
            Ok(Session { session: part.array(1)?, sign_in: part.array(2)?, expires: part.time(3)? })
        };
        Ok(Self {
            enrollments: row.each(2).map(id).collect::<Result<_, _>>()?,
            offline: Tries::stored(row.small(3)?, row.time(4)?),
            totp: Tries::stored(row.small(5)?, row.time(6)?),
            sessions: row.each(7).map(session).collect::<Result<_, StoreError>>()?,
        })
    }
}
