use countersign_core::vault::{Backup, Error};

use crate::known::{ever, number_of, recovery};

/// A backup opens as one that was written, or says why not: a changed one is never another one.
pub fn backup(file: &[u8]) {
    match Backup::open_with_recovery(file, &recovery()) {
        Ok(backup) => {
            let numbers = |trash: bool| {
                let chosen = backup.accounts.iter().filter(|account| account.trashed.is_some() == trash);
                let mut numbers: Vec<u8> = chosen.map(number_of).collect();
                numbers.sort_unstable();
                numbers
            };
            let (list, trash) = (numbers(false), numbers(true));
            assert!(ever(&list, &trash), "a backup that never was: {list:?}, {trash:?}");
        }
        Err(
            Error::NotABackup
            | Error::DamagedBackup
            | Error::Newer { .. }
            | Error::WrongRecoveryCode
            | Error::KdfBounds,
        ) => {}
        Err(other) => panic!("not one of the errors of a backup: {other:?}"),
    }
}
