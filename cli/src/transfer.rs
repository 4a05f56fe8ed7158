//! Accounts from other files, and out again.

use std::io::Read;
use std::path::{Path, PathBuf};

use countersign_core::account::Account;
use countersign_core::transfer::{
    self, Candidate, Error, Item, Key, Like, MAX_FILE, Place, Preview, Reader, apply, google_migration, otpauth_lines,
};
use countersign_core::vault::{Password, Selection, Vault};
use countersign_qr::Level;
use serde_json::{Value, json};

use crate::accounts::{describe, find, likeness, to_json, write_code, write_private};
use crate::arguments::{Arguments, Export, ExportFormat, Import};
use crate::failure::{Failure, file};
use crate::terminal::{answer, ask_hidden, may_ask, now, password, read_password, read_recovery, say};
use crate::vaults::{entropy, open};

pub(crate) fn import(arguments: &Arguments, import: &Import) -> Result<(), Failure> {
    if import.undo {
        return undo(arguments);
    }
    let mut reader = Reader::new();
    for path in &import.files {
        let bytes = read_file(path)?;
        say(&format!("reading {} …", path.display()));
        add(arguments, import, &mut reader, &bytes)?;
    }
    let entries = if import.incomplete { reader.finish_incomplete()? } else { reader.finish()? };
    let mut vault = open(arguments)?;
    let mut preview = Preview::make(&vault, entries, &*entropy())?;
    if import.duplicate {
        preview.items.iter_mut().for_each(|item| item.add = true);
    }
    show(arguments, import, &preview)?;
    if import.preview {
        return Ok(());
    }
    let refused = preview.refused.len();
    let known = preview.items.len() - preview.chosen();
    let imported = apply(&mut vault, preview, now())?;
    let known = known + imported.passed_over;
    if arguments.json {
        let added = imported.added.iter().map(|id| vault.account(*id).map(to_json)).collect::<Result<Vec<_>, _>>()?;
        return answer(&json!({ "added": added, "known": known, "refused": refused }).to_string());
    }
    answer(&format!("{} added, {known} there already, {refused} can't be added", imported.added.len()))?;
    if !imported.added.is_empty() {
        say("Take it back with `countersign import --undo`.");
    }
    Ok(())
}

fn undo(arguments: &Arguments) -> Result<(), Failure> {
    let mut vault = open(arguments)?;
    let undone = transfer::undo(&mut vault, now())?;
    if arguments.json {
        return answer(&json!({ "removed": undone.removed, "trashed": undone.trashed }).to_string());
    }
    answer(&format!("{} accounts removed again", undone.removed))?;
    if undone.trashed > 0 {
        say(&format!("{} that were changed or used since are in the trash.", undone.trashed));
    }
    Ok(())
}

fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    // One byte more than is ever read, so that a larger file is told as such.
    let limit = u64::try_from(MAX_FILE).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().take(limit).read_to_end(&mut bytes).map_err(file(path))?;
    } else {
        let source = std::fs::File::open(path).map_err(file(path))?;
        source.take(limit).read_to_end(&mut bytes).map_err(file(path))?;
    }
    Ok(bytes)
}

fn add(arguments: &Arguments, import: &Import, reader: &mut Reader, bytes: &[u8]) -> Result<(), Failure> {
    let result = match (&import.source_recovery_file, &import.source_password_file) {
        (Some(path), _) => reader.add(bytes, Some(Key::Recovery(&read_recovery(path)?))),
        (None, Some(path)) => reader.add(bytes, Some(Key::Password(&Password::typed(read_password(path)?)))),
        (None, None) => reader.add(bytes, None),
    };
    match result {
        Err(Error::NeedsKey(format)) => {
            let key = if may_ask(arguments) {
                Password::typed(ask_hidden(&format!("Password of this {format}: "))?)
            } else {
                password(arguments)?
            };
            reader.add(bytes, Some(Key::Password(&key)))?;
            Ok(())
        }
        other => other.map(drop).map_err(Failure::from),
    }
}

/// The preview: to standard error, or as JSON where it is all that was asked for.
fn show(arguments: &Arguments, import: &Import, preview: &Preview) -> Result<(), Failure> {
    let place = |place: &Place| match import.files.get(place.file.saturating_sub(1)) {
        Some(path) => format!("{}:{}", path.display(), place.number),
        None => place.number.to_string(),
    };
    if arguments.json && import.preview {
        let items: Vec<Value> = preview.items.iter().map(|item| item_json(item, &place)).collect();
        let refused = preview.refused.iter().map(|refused| {
            json!({ "place": place(&refused.place), "issuer": refused.profile.issuer, "name": refused.profile.name,
                    "reason": refused.reason.to_string() })
        });
        return answer(&json!({ "items": items, "refused": refused.collect::<Vec<_>>() }).to_string());
    }
    for item in &preview.items {
        let Candidate { incoming, oddities, .. } = &item.candidate;
        let verb = if item.add { "add" } else { "known" };
        say(&format!("{verb:<6} {}: {}", incoming.account.profile.label(), describe(&incoming.account.otp)));
        oddities.iter().for_each(|oddity| say(&format!("       note: {oddity}")));
        for (like, duplicate) in &item.like {
            let which = match like {
                Like::InVault(id) => id.to_string(),
                Like::InImport(number) => {
                    let other = preview.items.get(*number).map(|other| place(&other.candidate.place));
                    other.unwrap_or_default()
                }
            };
            say(&format!("       note: {} ({which})", likeness(*duplicate)));
        }
    }
    for refused in &preview.refused {
        let label = refused.profile.label();
        let which = if label.is_empty() { label } else { format!(" ({label})") };
        say(&format!("can't  {}{which}: {}", place(&refused.place), refused.reason));
    }
    Ok(())
}

fn item_json(item: &Item, place: &dyn Fn(&Place) -> String) -> Value {
    let account = &item.candidate.incoming.account;
    json!({
        "place": place(&item.candidate.place),
        "type": account.otp.kind().name(),
        "issuer": account.profile.issuer,
        "name": account.profile.name,
        "add": item.add,
        "notes": item.candidate.oddities.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "like": item.like.iter().map(|(_, duplicate)| likeness(*duplicate)).collect::<Vec<_>>(),
    })
}

pub(crate) fn export(arguments: &Arguments, export: &Export) -> Result<(), Failure> {
    let vault = open(arguments)?;
    let accounts = chosen(&vault, &export.names)?;
    let (written, count) = match export.format {
        ExportFormat::Links => {
            let links = otpauth_lines(accounts.iter().copied());
            write_private(&export.out, links.text.expose().as_bytes())?;
            (vec![export.out.clone()], links.accounts)
        }
        ExportFormat::Google => google(&accounts, &export.out)?,
    };
    say("These files hold the accounts' secrets in the clear: delete them as soon as they have been read.");
    if arguments.json {
        return answer(&json!({ "files": written, "accounts": count, "left_out": accounts.len() - count }).to_string());
    }
    written.iter().try_for_each(|path| answer(&path.display().to_string()))
}

fn chosen<'a>(vault: &'a Vault, names: &[String]) -> Result<Vec<&'a Account>, Failure> {
    if names.is_empty() {
        return Ok(vault.accounts(&Selection::default())?);
    }
    names.iter().map(|name| Ok(vault.account(find(vault, name, false)?)?)).collect()
}

fn google(accounts: &[&Account], out: &Path) -> Result<(Vec<PathBuf>, usize), Failure> {
    let parts = google_migration(accounts, &*entropy())?;
    for left in &parts.left_out {
        let label = accounts.iter().find(|account| account.id == left.id).map(|account| account.profile.label());
        say(&format!("left out: {}: {}", label.unwrap_or_default(), left.reason));
    }
    if parts.texts.is_empty() {
        return Err(Failure::Usage("none of these accounts fits into this format"));
    }
    let mut written = Vec::new();
    for (index, text) in parts.texts.iter().enumerate() {
        let path = if parts.texts.len() == 1 { out.to_owned() } else { numbered(out, index + 1) };
        let code = countersign_qr::encode(text.expose(), Level::Low);
        write_code(&path, &code.map_err(|_| Failure::Usage("a part of this export does not fit in a QR code"))?)?;
        written.push(path);
    }
    Ok((written, parts.accounts))
}

/// `name-2.png` of `name.png`.
fn numbered(path: &Path, number: usize) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{number}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}
