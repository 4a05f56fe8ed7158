use std::path::Path;
use std::sync::Arc;

use countersign_core::secret::SecretBytes;
use countersign_core::vault::platform::Purpose;
use countersign_core::vault::{Error, Finding, InboxChange, Report, Selection, Vault};
use tempfile::TempDir;

use crate::known::{INBOX, NOW, PUSH, Stream, account, device_key, ever, number_of, recovery};

/// The account that is added last, to see whether the vault can be written.
const ADDED: u8 = 9;

/// A vault's file opens and unlocks, by device and by recovery code, or says why not, and is then left as it was.
///
/// No account shows that never was; a clean report stands only for a state that was written; and where the findings are
/// accepted, all accounts that were readable still are, beside one that is added.
/// Passwords are not tried: each try is a tenth of a second of Argon2id.
pub fn vault(file: &[u8]) {
    let folder = folder();
    let path = folder.path().join("vault");
    written(&path, file);
    match Vault::open(&path, Arc::new(Stream::new(2))) {
        Ok(mut vault) => {
            by_device(&mut vault);
            vault.lock();
            by_inbox(&mut vault);
            if let Some(report) = good(vault.unlock_with_recovery(&recovery())) {
                let findings = look(&mut vault, &report);
                let before = numbers(&vault);
                vault = accepted_and_written(vault, &findings, &before);
            }
            drop(vault);
        }
        Err(error) => {
            assert!(good::<()>(Err(error)).is_none());
            let after = std::fs::read(&path).unwrap_or_default();
            assert!(after == file, "a file that could not be opened was changed");
        }
    }
}

fn by_device(vault: &mut Vault) {
    drop(good(vault.slots()));
    for (id, _) in good(vault.wrapped_keys(Purpose::Slot)).unwrap_or_default() {
        if let Some(report) = good(vault.unlock_with_device_key(id, &device_key())) {
            look(vault, &report);
        }
    }
}

/// What a locked phone reads and writes: no row shows what never stood in one, and one that was written is read.
fn by_inbox(vault: &mut Vault) {
    for (id, _) in good(vault.wrapped_keys(Purpose::Inbox)).unwrap_or_default() {
        let Some(key) = good(vault.inbox_key(id, &device_key())) else { continue };
        let Some(mut inbox) = good(vault.inbox_with(&key)) else { continue };
        let Some(found) = good(inbox.rows_of(PUSH)) else { continue };
        for row in found.rows {
            assert_eq!(row.bytes.expose(), INBOX, "a row of the inbox that never was");
            let written = good(inbox.commit(vec![InboxChange::replace(&row, SecretBytes::from(INBOX))]));
            if let Some(revisions) = written {
                let again = good(inbox.row(PUSH, row.kind)).flatten();
                assert_eq!(again.map(|row| row.revision), revisions.into_iter().next().flatten(), "written, not read");
            }
        }
    }
}

/// Looks at everything that an unlocked vault shows; gives back all that was found.
fn look(vault: &mut Vault, report: &Report) -> Vec<Finding> {
    let (list, trash) = numbers(vault);
    assert_eq!(report.accounts, list.len() + trash.len());
    let codes = good(vault.codes(NOW)).map_or(0, Iterator::count);
    assert!(codes <= list.len());
    drop(good(vault.settings().map(|settings| settings.check())));
    let ids: Vec<_> = every(vault).map(|account| account.id).collect();
    for id in ids {
        drop(good(vault.icon(id)));
    }
    let verified = vault.verify().unwrap_or_else(|error| panic!("what is damaged is a finding, not {error:?}"));
    let findings = [&report.findings[..], &verified.findings[..]].concat();
    assert!(!findings.is_empty() || ever(&list, &trash), "said to be clean: {list:?}, {trash:?}");
    findings
}

/// Accepts what was found and adds an account: where that is done, nothing is lost, also when read anew.
fn accepted_and_written(mut vault: Vault, findings: &[Finding], before: &(Vec<u8>, Vec<u8>)) -> Vault {
    if good(vault.accept_findings()).is_none() {
        return vault;
    }
    assert!(!findings.contains(&Finding::Structure), "accepted in place, where rows may be lost");
    assert_eq!(numbers(&vault), *before, "accepting costs nothing");
    if good(vault.add(account(ADDED), true, NOW)).is_none() {
        assert!(!findings.is_empty(), "a clean vault can be written");
        return vault;
    }
    let path = vault.path().to_owned();
    drop(vault);
    let again = Vault::open(&path, Arc::new(Stream::new(3)));
    let mut vault = again.unwrap_or_else(|error| panic!("written, then not opened: {error:?}"));
    let report = vault.unlock_with_recovery(&recovery());
    let report = report.unwrap_or_else(|error| panic!("written, then not unlocked: {error:?}"));
    assert!(report.is_clean(), "accepted, and found again: {report:?}");
    let (list, trash) = numbers(&vault);
    let expected: Vec<u8> = before.0.iter().copied().chain([ADDED]).collect();
    assert_eq!((list, &trash), (expected, &before.1), "written, and lost");
    vault
}

/// The numbers of the accounts in the list and in the trash, sorted.
fn numbers(vault: &Vault) -> (Vec<u8>, Vec<u8>) {
    let sorted = |trash: bool| {
        let accounts = vault.accounts(&Selection { trash, ..Selection::default() });
        let accounts = accounts.unwrap_or_else(|error| panic!("unlocked, but {error:?}"));
        let mut numbers: Vec<u8> = accounts.into_iter().map(number_of).collect();
        numbers.sort_unstable();
        numbers
    };
    (sorted(false), sorted(true))
}

fn every(vault: &Vault) -> impl Iterator<Item = &countersign_core::account::Account> {
    let of = |trash: bool| vault.accounts(&Selection { trash, ..Selection::default() }).unwrap_or_default();
    of(false).into_iter().chain(of(true))
}

/// What was asked for; any error but an internal one is an answer, too.
fn good<T>(result: Result<T, Error>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(Error::Internal(what)) => panic!("an internal error: {what}"),
        Err(_) => None,
    }
}

/// A folder in memory, where there is one: every commit waits for the disk.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.unwrap_or_else(|error| panic!("no temporary folder: {error}"))
}

fn written(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap_or_else(|error| panic!("the temporary folder can't be written: {error}"));
}
