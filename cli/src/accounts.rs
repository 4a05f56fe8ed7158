//! Commands for accounts.

use std::path::Path;

use countersign_core::account::{Account, AccountId, NewAccount, Profile};
use countersign_core::enroll::migration::{Collector, Entry};
use countersign_core::enroll::picture::write_png;
use countersign_core::enroll::{self, BareSecret, Duplicate, Enrollment, Pin, Scanned, duplicates, to_uri};
use countersign_core::otp::{Kind, Otp};
use countersign_core::push::native::invitation;
use countersign_core::secret::SecretText;
use countersign_core::time::UnixTime;
use countersign_core::vault::{Error, Selection, Vault};
use countersign_qr::{Ink, Level, Matrix};
use serde_json::{Value, json};

use crate::arguments::{Add, Arguments, Edit, List};
use crate::enrollments;
use crate::failure::{Failure, file};
use crate::scan;
use crate::terminal::{answer, ask_hidden, input, may_ask, now, say};
use crate::vaults::{entropy, open};

/// How many counters are looked at to find the one that two codes are of.
const LOOK_AHEAD: u32 = 1000;

/// The account that is meant: an id, else exactly issuer, name or both, else an unambiguous part; in any case of letters.
pub(crate) fn find(vault: &Vault, meant: &str, trash: bool) -> Result<AccountId, Failure> {
    let accounts = vault.accounts(&Selection { trash, ..Selection::default() })?;
    if let Ok(id) = meant.parse::<AccountId>() {
        return accounts
            .iter()
            .any(|account| account.id == id)
            .then_some(id)
            .ok_or(Failure::NoAccount(meant.to_owned()));
    }
    let wanted = meant.to_lowercase();
    let texts = |account: &Account| {
        let profile = &account.profile;
        [profile.issuer.to_lowercase(), profile.name.to_lowercase(), profile.label().to_lowercase()]
    };
    let mut found: Vec<_> = accounts.iter().filter(|account| texts(account).contains(&wanted)).collect();
    if found.is_empty() {
        found = accounts.iter().filter(|account| texts(account).iter().any(|text| text.contains(&wanted))).collect();
    }
    match found[..] {
        [] => Err(Failure::NoAccount(meant.to_owned())),
        [account] => Ok(account.id),
        _ => {
            let lines: Vec<_> = found.iter().map(|found| format!("{}  {}", found.id, found.profile.label())).collect();
            Err(Failure::Several { name: meant.to_owned(), list: lines.join("\n") })
        }
    }
}

pub(crate) fn to_json(account: &Account) -> Value {
    json!({
        "id": account.id.to_string(),
        "type": account.otp.kind().name(),
        "issuer": account.profile.issuer,
        "name": account.profile.name,
        "tags": account.profile.tags,
        "favourite": account.profile.favourite,
    })
}

fn print_list(arguments: &Arguments, accounts: &[&Account]) -> Result<(), Failure> {
    if arguments.json {
        return answer(&Value::from(accounts.iter().map(|account| to_json(account)).collect::<Vec<_>>()).to_string());
    }
    for account in accounts {
        let star = if account.profile.favourite { " ★" } else { "" };
        let tags: String = account.profile.tags.iter().map(|tag| format!(" #{tag}")).collect();
        let behind = if account.may_be_behind { "  (counter may be behind)" } else { "" };
        answer(&format!(
            "{}  {:<6}  {}{star}{tags}{behind}",
            account.id,
            account.otp.kind().name(),
            account.profile.label()
        ))?;
    }
    Ok(())
}

pub(crate) fn list(arguments: &Arguments, list: &List) -> Result<(), Failure> {
    let vault = open(arguments)?;
    let selection = Selection { search: list.search.join(" "), tag: list.tag.clone(), trash: false };
    print_list(arguments, &vault.accounts(&selection)?)
}

pub(crate) fn trash(arguments: &Arguments, empty: bool) -> Result<(), Failure> {
    let mut vault = open(arguments)?;
    if empty {
        let count = vault.purge(true, now())?;
        say(&format!("{count} accounts removed for good."));
        return Ok(());
    }
    print_list(arguments, &vault.accounts(&Selection { trash: true, ..Selection::default() })?)
}

pub(crate) fn code(arguments: &Arguments, name: &str, at: Option<i64>) -> Result<(), Failure> {
    let mut vault = open(arguments)?;
    let id = find(&vault, name, false)?;
    let moment = at.map_or_else(now, UnixTime::from_seconds);
    let code = vault.code(id, moment)?;
    vault.count_use(id, now())?;
    if arguments.json {
        let time = |time: Option<UnixTime>| time.map(UnixTime::seconds);
        return answer(
            &json!({
                "code": code.code.as_str(),
                "next": code.next.map(|next| next.to_string()),
                "valid_from": time(code.window.map(|window| window.from)),
                "valid_until": time(code.window.map(|window| window.until)),
            })
            .to_string(),
        );
    }
    answer(code.code.as_str())?;
    let offset = i64::from(vault.account(id)?.clock_offset);
    if let Some(window) = code.window {
        let left = window.remaining_millis(moment.plus_seconds(offset)).div_ceil(1000);
        say(&format!("good for {left} more seconds"));
    }
    Ok(())
}

pub(crate) fn add(arguments: &Arguments, add: &Add) -> Result<(), Failure> {
    let texts = texts(add)?;
    // A server's invitation is more than an account: the server is asked, and the page waits for digits.
    if let [text] = texts.as_slice()
        && text.expose().starts_with(invitation::PREFIX)
        && !add.preview
    {
        return enrollments::enroll_by(arguments, text.expose(), &add.invitation);
    }
    let mut enrollments = Vec::new();
    let mut collector = Collector::new();
    let mut any_part = false;
    for text in &texts {
        match read(text.expose(), add)? {
            Scanned::Account(enrollment) => enrollments.push(enrollment),
            Scanned::BareSecret(secret) => enrollments.push(name_it(secret, add)?),
            Scanned::NeedsPin(pending) => {
                if !may_ask(arguments) {
                    return Err(Failure::Usage("this account needs its PIN, and there is no terminal to ask for it"));
                }
                let pin = String::from_utf8(ask_hidden("PIN: ")?).map_err(|_| Failure::Usage("the PIN is not text"))?;
                enrollments.push(pending.with_pin(SecretText::new(pin))?);
            }
            Scanned::TwoStep(pending) => {
                let completed = pending.complete(&*entropy())?;
                say(&format!("Type this into the page: {}", completed.response.expose()));
                enrollments.push(completed.enrollment);
            }
            Scanned::MigrationPart(part) => {
                any_part = true;
                let progress = collector.add(part).map_err(Failure::Migration)?;
                say(&format!("part {} of {} of an export", progress.have, progress.of));
            }
            Scanned::Invitation(_) => {
                let instead = "Add it alone: `countersign enroll`.".to_owned();
                return Err(Failure::Refused { what: "an invitation to approve sign-ins".to_owned(), instead });
            }
            Scanned::OfflineChallenge(_) => {
                let instead = "It is answered, not added: `countersign offline PICTURE`.".to_owned();
                return Err(Failure::Refused { what: "a sign-in request".to_owned(), instead });
            }
            Scanned::NotYet(what) => {
                let instead = "It is recognised, but this version can't use it yet.".to_owned();
                return Err(Failure::Refused { what: what.what().to_owned(), instead });
            }
            Scanned::Foreign(what) => {
                let instead = what.instead().to_owned();
                return Err(Failure::Refused { what: what.what().to_owned(), instead });
            }
        }
    }
    if add.incomplete {
        enrollments.extend(entries(collector.finish_incomplete()));
    } else if any_part {
        enrollments.extend(entries(collector.finish().map_err(Failure::Migration)?));
    }
    store(arguments, add, enrollments)
}

/// What can be added of an export; the rest is said.
fn entries(entries: Vec<Entry>) -> Vec<Enrollment> {
    let mut usable = Vec::new();
    for entry in entries {
        match entry {
            Entry::Account(enrollment) => usable.push(enrollment),
            Entry::Refused { profile, reason } => say(&format!("left out: {}: {reason}", profile.label())),
        }
    }
    usable
}

/// The texts to add: of pictures' codes, of arguments, or of standard input.
fn texts(add: &Add) -> Result<Vec<SecretText>, Failure> {
    if add.secret_stdin {
        return Ok(vec![SecretText::new(input()?.trim().to_owned())]);
    }
    let mut texts = Vec::new();
    for source in &add.sources {
        texts.extend(texts_of(source)?);
    }
    Ok(texts)
}

fn texts_of(source: &str) -> Result<Vec<SecretText>, Failure> {
    let path = Path::new(source);
    if path.exists() {
        let (contents, _) = scan::read(path)?;
        let texts: Vec<_> =
            contents.iter().filter_map(|content| content.text()).map(|text| SecretText::new(text.to_owned())).collect();
        return if texts.is_empty() { Err(Failure::NoCode) } else { Ok(texts) };
    }
    if !source.contains(':') {
        return Err(Failure::Usage("no such picture file; a secret is read from standard input with --secret-stdin"));
    }
    say("countersign: warning: a link on the command line stays in the shell's history; prefer --secret-stdin");
    Ok(vec![SecretText::new(source.to_owned())])
}

fn read(text: &str, add: &Add) -> Result<Scanned, Failure> {
    // What is typed as a secret, with names beside it, is a secret of any length.
    if add.secret_stdin && !text.contains(':') {
        return Ok(Scanned::BareSecret(BareSecret::read(text)?));
    }
    Ok(enroll::parse(text)?)
}

fn name_it(secret: BareSecret, add: &Add) -> Result<Enrollment, Failure> {
    let (issuer, name) = (add.issuer.clone().unwrap_or_default(), add.name.clone().unwrap_or_default());
    if issuer.is_empty() && name.is_empty() {
        return Err(Failure::Usage("a secret alone says nothing of its account: use --issuer and --name"));
    }
    Ok(secret.named(Profile::named(issuer, name)))
}

fn store(arguments: &Arguments, add: &Add, enrollments: Vec<Enrollment>) -> Result<(), Failure> {
    let mut vault = open(arguments)?;
    let (several, mut any, mut known) = (enrollments.len() > 1, false, None);
    for mut enrollment in enrollments {
        rename(&mut enrollment.account, add);
        preview(&vault, &enrollment)?;
        if add.preview {
            continue;
        }
        let id = match vault.add(enrollment.account, add.duplicate, now()) {
            // One of an export's accounts that is there keeps no other out.
            Err(error @ Error::Duplicate(_)) if several => {
                say("  passed over");
                known = Some(error);
                continue;
            }
            added => added?,
        };
        any = true;
        let account = vault.account(id)?;
        if arguments.json {
            answer(&to_json(account).to_string())?;
        } else {
            answer(&format!("{id}  {}", account.profile.label()))?;
        }
    }
    known.filter(|_| !any).map_or(Ok(()), |error| Err(error.into()))
}

fn rename(account: &mut NewAccount, add: &Add) {
    if let Some(issuer) = &add.issuer {
        account.profile.issuer.clone_from(issuer);
    }
    if let Some(name) = &add.name {
        account.profile.name.clone_from(name);
    }
}

/// What would be added, what is odd about it, and what is like it.
fn preview(vault: &Vault, enrollment: &Enrollment) -> Result<(), Failure> {
    let account = &enrollment.account;
    say(&format!("{}: {}", account.profile.label(), describe(&account.otp)));
    for oddity in &enrollment.oddities {
        say(&format!("  note: {oddity}"));
    }
    let existing = vault.accounts(&Selection::default())?;
    for (id, duplicate) in duplicates(account, existing.into_iter()) {
        say(&format!("  note: {} ({id})", likeness(duplicate)));
    }
    Ok(())
}

pub(crate) const fn likeness(duplicate: Duplicate) -> &'static str {
    match duplicate {
        Duplicate::Same => "already there, with the same secret and names",
        Duplicate::NamesOnly => "there is an account with these names and another secret",
        Duplicate::SecretOnly => "there is an account with this secret and other names",
    }
}

pub(crate) fn describe(otp: &Otp) -> String {
    match otp {
        Otp::Totp(totp) => {
            format!("{} digits every {} seconds ({})", totp.digits().get(), totp.period().seconds(), totp.algorithm())
        }
        Otp::Hotp(hotp) => {
            format!("{} digits from counter {} ({})", hotp.digits().get(), hotp.counter(), hotp.algorithm())
        }
        other => match other.kind() {
            Kind::Steam => "Steam Guard".to_owned(),
            Kind::Motp => "Mobile-OTP".to_owned(),
            _ => "Yandex.Key".to_owned(),
        },
    }
}

pub(crate) fn show_qr(arguments: &Arguments, name: &str, out: Option<&Path>) -> Result<(), Failure> {
    let vault = open(arguments)?;
    let account = vault.account(find(&vault, name, false)?)?;
    let uri = to_uri(&account.profile, &account.otp, Pin::Include);
    let too_long = |_| Failure::Usage("this account's names are too long for a QR code");
    let code = countersign_qr::encode(uri.expose(), Level::Medium).map_err(too_long)?;
    let Some(path) = out else {
        return answer(code.to_terminal(Ink::Colours, 4).trim_end_matches('\n'));
    };
    write_code(path, &code)?;
    say("This picture holds the account's secret: keep it as you would keep the vault.");
    Ok(())
}

/// A new picture of a code, of the kind that the file's name says.
pub(crate) fn write_code(path: &Path, code: &Matrix) -> Result<(), Failure> {
    let bytes = match path.extension().and_then(|extension| extension.to_str()) {
        Some("svg") => code.to_svg().into_bytes(),
        Some("png") => {
            let (luma, side) = code.to_luma(8);
            write_png(&luma, side)?
        }
        _ => return Err(Failure::Usage("a QR code is written as .png or .svg")),
    };
    write_private(path, &bytes)
}

/// A new file that only its owner reads.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut out| std::io::Write::write_all(&mut out, bytes));
    written.map_err(file(path))
}

pub(crate) fn edit(arguments: &Arguments, edit: &Edit) -> Result<(), Failure> {
    let mut vault = open(arguments)?;
    let id = find(&vault, &edit.name, false)?;
    let mut profile = vault.account(id)?.profile.clone();
    let set = |text: &mut String, value: &Option<String>| {
        if let Some(value) = value {
            text.clone_from(value);
        }
    };
    set(&mut profile.issuer, &edit.issuer);
    set(&mut profile.name, &edit.new_name);
    set(&mut profile.note, &edit.note);
    profile.favourite = edit.favourite.unwrap_or(profile.favourite);
    vault.edit(id, profile, now())?;
    if let Some(seconds) = edit.clock_offset {
        vault.set_clock_offset(id, seconds, now())?;
    }
    if let Some([first, second]) = edit.resync.as_deref() {
        vault.resync(id, first, second, LOOK_AHEAD)?;
    }
    Ok(())
}

pub(crate) fn tag(arguments: &Arguments, name: &str, tags: &[String], remove: bool) -> Result<(), Failure> {
    let mut vault = open(arguments)?;
    let id = find(&vault, name, false)?;
    let mut profile = vault.account(id)?.profile.clone();
    profile.tags.retain(|tag| !tags.contains(tag));
    if !remove {
        profile.tags.extend(tags.iter().cloned());
    }
    Ok(vault.edit(id, profile, now())?)
}

pub(crate) fn rm(arguments: &Arguments, name: &str) -> Result<(), Failure> {
    let mut vault = open(arguments)?;
    let id = find(&vault, name, false)?;
    vault.trash(id, now())?;
    let days = vault.settings()?.trash_days;
    say(&format!("In the trash, restorable for {days} days: countersign restore {id}"));
    Ok(())
}

pub(crate) fn untrash(arguments: &Arguments, name: &str) -> Result<(), Failure> {
    let mut vault = open(arguments)?;
    let id = find(&vault, name, true)?;
    Ok(vault.untrash(id)?)
}
