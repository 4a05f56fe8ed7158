//! What of an enrolment survives into backups: where it is and whose, so that it can be renewed.

use crate::push::native::phone::{Enrollment, Verifier};
use crate::wire::{Value, Writer, fields};

/// Where an enrolment is, and whose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Summary {
    /// The verifier's address.
    pub(super) base: String,
    /// The thumbprint of its identity key, in base64url.
    pub(super) identity: String,
    /// Its name.
    pub(super) server: String,
    /// The account's name there.
    pub(super) account: String,
}

impl Summary {
    pub(super) fn of(enrollment: &Enrollment, verifier: &Verifier) -> Self {
        Self {
            base: verifier.base().as_str().to_owned(),
            identity: verifier.identity().to_string(),
            server: verifier.name().to_owned(),
            account: enrollment.account().to_owned(),
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        for (field, text) in [(1, &self.base), (2, &self.identity), (3, &self.server), (4, &self.account)] {
            writer.bytes(field, text.as_bytes());
        }
        writer.finish().to_vec()
    }

    /// Of a row that the manifest vouches for. What can't be read stays empty: the enrolment is listed all the same.
    pub(super) fn decode(bytes: &[u8]) -> Self {
        let mut summary = Self::default();
        for (number, value) in fields(bytes).flatten() {
            let Value::Bytes(bytes) = value else { continue };
            let text = String::from_utf8_lossy(bytes).into_owned();
            match number {
                1 => summary.base = text,
                2 => summary.identity = text,
                3 => summary.server = text,
                4 => summary.account = text,
                _ => {}
            }
        }
        summary
    }

    /// Whether both are of one account at one server, whatever that calls itself by now.
    pub(super) fn is_of(&self, other: &Self) -> bool {
        let place = |summary: &Self| (summary.base.clone(), summary.identity.clone(), summary.account.clone());
        !self.base.is_empty() && place(self) == place(other)
    }

    /// Host and port of the address.
    pub(super) fn host(&self) -> &str {
        let after = self.base.split_once("://").map_or("", |(_, after)| after);
        after.split('/').next().unwrap_or_default()
    }
}
