//! Our own backup (`docs/vault.md`): everything that a vault knows of its accounts but their ids.

use std::collections::HashMap;

use super::super::{Candidate, Entry, Error, Reader};
use super::Key;
use crate::account::NewAccount;
use crate::enroll::oddities;
use crate::otp::Kind;
use crate::vault::{Backup, Incoming};
use crate::watch::{Steps, Watch};

/// After how many accounts the one who watches is told.
const STRIDE: usize = 256;

pub(super) fn read(reader: &mut Reader, file: &[u8], key: Key<'_>, watch: Watch<'_>) -> Result<(), Error> {
    let backup = match key {
        Key::Password(password) => Backup::open_with_password(file, password)?,
        Key::Recovery(code) => Backup::open_with_recovery(file, code)?,
    };
    let mut icons: HashMap<_, _> = backup.icons.into_iter().collect();
    let mut steps = Steps::new(watch, backup.accounts.len(), STRIDE);
    for account in backup.accounts {
        steps.done(1)?;
        let icon = icons.remove(&account.id);
        let new = NewAccount { profile: account.profile, otp: account.otp };
        let oddities = oddities(&new);
        let incoming = Incoming {
            clock_offset: account.clock_offset,
            // The site's counter went on since the backup was made.
            may_be_behind: account.may_be_behind || new.otp.kind() == Kind::Hotp,
            position: account.position,
            usage: account.usage,
            created: Some(account.created),
            trashed: account.trashed,
            icon,
            ..Incoming::new(new)
        };
        let place = reader.next_place();
        reader.push(Entry::Candidate(Box::new(Candidate { place, incoming, oddities })))?;
    }
    Ok(())
}
