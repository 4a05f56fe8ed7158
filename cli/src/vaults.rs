//! Commands for a whole vault.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_core::entropy::{Entropy, SystemEntropy};
use countersign_core::vault::{
    Backup, Cost, Error, FolderSink, Password, RecoveryCode, Report, Salvage, UvRoot, Vault,
};
use serde_json::json;

use crate::approvals::{desk, isolated};
use crate::arguments::Arguments;
use crate::failure::{Failure, file};
use crate::terminal::{
    answer, ask, input, may_ask, new_password, now, password, recovery_code, say, stopwatch, vault_path,
};

pub(crate) fn entropy() -> Arc<dyn Entropy> {
    Arc::new(SystemEntropy::new())
}

/// The vault, unlocked; what is odd about it is said on standard error.
pub(crate) fn open(arguments: &Arguments) -> Result<Vault, Failure> {
    let (vault, report) = unlock(arguments)?;
    for finding in &report.findings {
        say(&format!("countersign: warning: {finding}"));
    }
    Ok(vault)
}

/// The vault, unlocked by its password, and with it what opens the keys that approve.
pub(crate) fn open_with_root(arguments: &Arguments) -> Result<(Vault, UvRoot), Failure> {
    if arguments.recovery_file.is_some() {
        return Err(Failure::Usage(
            "approving and enrolling need the password: the recovery code opens no approval key",
        ));
    }
    let mut vault = Vault::open(&vault_path(arguments)?, entropy())?;
    let password = password(arguments)?;
    let report = vault.unlock_with_password(&password, now())?;
    for finding in &report.findings {
        say(&format!("countersign: warning: {finding}"));
    }
    let root = vault.uv_root(&password, now())?;
    Ok((vault, root))
}

fn unlock(arguments: &Arguments) -> Result<(Vault, Report), Failure> {
    let mut vault = Vault::open(&vault_path(arguments)?, entropy())?;
    let report = match recovery_code(arguments)? {
        Some(code) => vault.unlock_with_recovery(&code)?,
        None => vault.unlock_with_password(&password(arguments)?, now())?,
    };
    Ok((vault, report))
}

fn cost() -> Result<Cost, Failure> {
    Ok(Cost::calibrate(&stopwatch())?)
}

pub(crate) fn init(arguments: &Arguments) -> Result<(), Failure> {
    let path = new_place(arguments)?;
    make_folder(&path)?;
    let password = new_password(arguments, arguments.password_file.as_deref())?;
    let (mut vault, code) = Vault::create(&path, entropy(), &password, cost()?, now())?;
    show_recovery(arguments, &mut vault, &code)
}

fn make_folder(path: &Path) -> Result<(), Failure> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) else {
        return Ok(());
    };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(file(folder))
}

/// Shows the code once; where it can ask, has part of it typed back.
fn show_recovery(arguments: &Arguments, vault: &mut Vault, code: &RecoveryCode) -> Result<(), Failure> {
    let shown = code.show();
    if arguments.json {
        answer(&json!({ "vault": vault.path(), "recovery_code": shown.expose() }).to_string())?;
    } else {
        answer(&format!("Vault: {}\nRecovery code: {}", vault.path().display(), shown.expose()))?;
    }
    say("Write the recovery code down and keep it away from this machine: it opens the vault without the password,");
    say("and it is not shown again.");
    if !may_ask(arguments) {
        say("It counts once it was typed back: `countersign recovery check`.");
        return Ok(());
    }
    for _ in 0..3 {
        if code.group_matches(3, &ask("Type back its third group of four: ")?) {
            vault.confirm_recovery(code)?;
            say("Right. The recovery code counts from now on.");
            return Ok(());
        }
        say("That is not its third group.");
    }
    say("It counts once it was typed back: `countersign recovery check`.");
    Ok(())
}

pub(crate) fn recovery_new(arguments: &Arguments) -> Result<(), Failure> {
    let mut vault = open(arguments)?;
    let code = vault.new_recovery(now())?;
    show_recovery(arguments, &mut vault, &code)
}

pub(crate) fn recovery_check(arguments: &Arguments) -> Result<(), Failure> {
    let mut vault = open(arguments)?;
    let typed = if may_ask(arguments) { ask("Recovery code: ")?.into() } else { input()? };
    vault.confirm_recovery(&RecoveryCode::parse(&typed)?)?;
    say("Right: this code opens the vault.");
    Ok(())
}

pub(crate) fn passwd(arguments: &Arguments, new_file: Option<&Path>) -> Result<(), Failure> {
    let mut vault = Vault::open(&vault_path(arguments)?, entropy())?;
    let old = match recovery_code(arguments)? {
        Some(code) => {
            vault.unlock_with_recovery(&code)?;
            None
        }
        None => {
            let old = password(arguments)?;
            vault.unlock_with_password(&old, now())?;
            Some(old)
        }
    };
    let new = new_password(arguments, new_file)?;
    vault.change_password(old.as_ref(), &new, cost()?, now())?;
    say("The password is changed. Copies and backups made before still open with the old one.");
    Ok(())
}

pub(crate) fn rotate(arguments: &Arguments, new_file: Option<&Path>, delete: bool) -> Result<(), Failure> {
    let (mut vault, root) = match arguments.recovery_file {
        Some(_) => (open(arguments)?, None),
        None => open_with_root(arguments).map(|(vault, root)| (vault, Some(root)))?,
    };
    if root.is_none() && !vault.pushes()?.is_empty() {
        say("Without the password so far, the keys that approve sign-ins are lost: enrol this device again there.");
    }
    let password = match (new_file, recovery_code(arguments)?) {
        (Some(path), _) => new_password(arguments, Some(path))?,
        (None, None) if !may_ask(arguments) => password(arguments)?,
        (None, Some(_)) if !may_ask(arguments) => {
            return Err(Failure::Usage("say the new password with --new-password-file"));
        }
        (None, _) => new_password(arguments, None)?,
    };
    say("Sealing everything anew …");
    let rotated = vault.rotate(&password, cost()?, &[], root.as_ref(), now())?;
    if !rotated.journal_emptied {
        say("Another program is using the vault: what the old key sealed leaves its journal when that program ends.");
    }
    say("The vault has a new key. Copies and backups made before still open with what opened them then: delete them.");
    // First of all: nothing that fails later may keep the code from being shown.
    show_recovery(arguments, &mut vault, &rotated.recovery)?;
    copies(&vault, delete)
}

/// Says which copies of damaged states there are; deletes them where that is wanted.
fn copies(vault: &Vault, delete: bool) -> Result<(), Failure> {
    for copy in vault.copies()? {
        if delete {
            vault.remove_copy(&copy)?;
            say(&format!("deleted: {}", copy.display()));
        } else {
            say(&format!("a copy of a damaged state: {} (delete it with --delete-copies)", copy.display()));
        }
    }
    Ok(())
}

pub(crate) fn verify(arguments: &Arguments, accept: bool, delete: bool) -> Result<(), Failure> {
    let (mut vault, first) = unlock(arguments)?;
    let mut report = vault.verify()?;
    for finding in first.findings {
        if !report.findings.contains(&finding) {
            report.findings.push(finding);
        }
    }
    let findings: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
    let quarantine = first.quarantine;
    if arguments.json {
        let text = json!({ "accounts": report.accounts, "findings": findings, "copy": quarantine }).to_string();
        answer(&text)?;
    } else if report.is_clean() {
        answer(&format!("{} accounts, all as they were last written", report.accounts))?;
    } else {
        answer(&format!("{} accounts can be read", report.accounts))?;
        findings.iter().try_for_each(|finding| answer(&format!("- {finding}")))?;
        if let Some(copy) = quarantine {
            answer(&format!("A copy of the file was kept: {}", copy.display()))?;
        }
    }
    if !report.is_clean() {
        if !accept {
            return Err(Failure::Findings);
        }
        vault.accept_findings()?;
        say("Accepted: the vault can be written again.");
    }
    copies(&vault, delete)
}

pub(crate) fn backup(arguments: &Arguments, folder: &Path) -> Result<(), Failure> {
    if !folder.is_dir() {
        return Err(Failure::Usage("the backup folder does not exist"));
    }
    let mut vault = open(arguments)?;
    let name = vault.backup_to(&mut FolderSink::new(folder), now())?;
    let path = folder.join(name);
    if arguments.json {
        return answer(&json!({ "backup": path }).to_string());
    }
    answer(&path.display().to_string())
}

pub(crate) fn restore(arguments: &Arguments, source: &Path) -> Result<(), Failure> {
    let path = new_place(arguments)?;
    let bytes = std::fs::read(source).map_err(file(source))?;
    let (backup, password) = match recovery_code(arguments)? {
        Some(code) => {
            let backup = Backup::open_with_recovery(&bytes, &code)?;
            (backup, new_password(arguments, arguments.password_file.as_deref())?)
        }
        None => {
            let password = password(arguments)?;
            (Backup::open_with_password(&bytes, &password)?, password)
        }
    };
    make_vault(arguments, &path, backup, &password)
}

/// A new vault of what can still be read of a file whose structure is destroyed.
pub(crate) fn salvage(arguments: &Arguments, source: &Path) -> Result<(), Failure> {
    let path = new_place(arguments)?;
    let salvage = Salvage::read(source)?;
    let (salvaged, password) = match recovery_code(arguments)? {
        Some(code) => {
            let salvaged = salvage.open_with_recovery(&code)?;
            (salvaged, new_password(arguments, arguments.password_file.as_deref())?)
        }
        None => {
            let password = password(arguments)?;
            (salvage.open_with_password(&password)?, password)
        }
    };
    for finding in &salvaged.report.findings {
        say(&format!("countersign: warning: {finding}"));
    }
    make_vault(arguments, &path, salvaged.content, &password)
}

fn new_place(arguments: &Arguments) -> Result<PathBuf, Failure> {
    let path = vault_path(arguments)?;
    if path.exists() { Err(Error::AlreadyThere.into()) } else { Ok(path) }
}

fn make_vault(arguments: &Arguments, path: &Path, backup: Backup, password: &Password) -> Result<(), Failure> {
    make_folder(path)?;
    let count = backup.accounts.len();
    let (mut vault, code) = Vault::restore(path, entropy(), backup, password, cost()?, now())?;
    say(&format!(
        "{count} accounts restored. HOTP accounts may be behind: see `countersign list`, and `edit --resync`."
    ));
    let renewals = desk(&mut vault).enrollments(now())?;
    if !renewals.is_empty() {
        say("Approvals are tied to the device: enrol this one again, on each server's page, at");
        renewals.iter().for_each(|known| {
            say(&format!("  {} ({}), account {}", isolated(&known.server), known.host, isolated(&known.account)));
        });
    }
    show_recovery(arguments, &mut vault, &code)
}
