//! All that touches the world outside: the clock, the environment, standard streams, password prompts.

use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign_core::time::UnixTime;
use countersign_core::vault::{Password, RecoveryCode};
use zeroize::Zeroizing;

use crate::arguments::Arguments;
use crate::failure::{Failure, file};

/// The longest text on standard input.
const MAX_INPUT: u64 = 64 * 1024;

/// The moment that it is.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub(crate) fn now() -> UnixTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A stopwatch.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub(crate) fn stopwatch() -> impl Fn() -> Duration {
    let start = std::time::Instant::now();
    move || start.elapsed()
}

/// Says something to the person, on standard error.
pub(crate) fn say(text: &str) {
    // Nobody listens: nothing to be done about it.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Answers, on standard output.
pub(crate) fn answer(text: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{text}").map_err(|error| Failure::File { what: "standard output".to_owned(), error })
}

/// Whether questions may be asked.
pub(crate) fn may_ask(arguments: &Arguments) -> bool {
    arguments.password_file.is_none() && arguments.recovery_file.is_none() && std::io::stdin().is_terminal()
}

/// Asks for something that is not shown while it is typed.
pub(crate) fn ask_hidden(question: &str) -> Result<Vec<u8>, Failure> {
    let typed = rpassword::prompt_password(question);
    typed.map(String::into_bytes).map_err(|error| Failure::File { what: "the terminal".to_owned(), error })
}

/// Asks for a line.
pub(crate) fn ask(question: &str) -> Result<String, Failure> {
    let _ = write!(std::io::stderr(), "{question}");
    let _ = std::io::stderr().flush();
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .map_err(|error| Failure::File { what: "standard input".to_owned(), error })?;
    Ok(line)
}

/// Everything on standard input, as text.
pub(crate) fn input() -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::with_capacity(4096));
    std::io::stdin()
        .take(MAX_INPUT)
        .read_to_string(&mut text)
        .map_err(|error| Failure::File { what: "standard input".to_owned(), error })?;
    Ok(text)
}

pub(crate) fn read_password(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = std::fs::read(path).map_err(file(path))?;
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    Ok(bytes)
}

/// The password that opens something.
pub(crate) fn password(arguments: &Arguments) -> Result<Password, Failure> {
    match &arguments.password_file {
        Some(path) => read_password(path).map(Password::typed),
        None if may_ask(arguments) => ask_hidden("Password: ").map(Password::typed),
        None => Err(Failure::Usage("no terminal to ask for the password: use --password-file FILE")),
    }
}

/// The recovery code of a file, if one was named.
pub(crate) fn recovery_code(arguments: &Arguments) -> Result<Option<RecoveryCode>, Failure> {
    arguments.recovery_file.as_deref().map(read_recovery).transpose()
}

/// The recovery code in a file.
pub(crate) fn read_recovery(path: &Path) -> Result<RecoveryCode, Failure> {
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(file(path))?);
    Ok(RecoveryCode::parse(&text)?)
}

/// A password for something new, typed twice where it is typed.
pub(crate) fn new_password(arguments: &Arguments, path: Option<&Path>) -> Result<Password, Failure> {
    if let Some(path) = path {
        return Ok(Password::chosen(read_password(path)?)?);
    }
    if !may_ask(arguments) {
        return Err(Failure::Usage("no terminal to ask for the new password: use a password file"));
    }
    let first = Zeroizing::new(ask_hidden("New password (at least 8 characters): ")?);
    let second = Zeroizing::new(ask_hidden("The same once more: ")?);
    if first != second {
        return Err(Failure::Usage("the two passwords differ"));
    }
    Ok(Password::chosen(first.to_vec())?)
}

/// The vault's file: as said, or in the user's data folder.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub(crate) fn vault_path(arguments: &Arguments) -> Result<PathBuf, Failure> {
    if let Some(path) = &arguments.vault {
        return Ok(path.clone());
    }
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || variable("HOME");
    let folder = if cfg!(windows) {
        variable("APPDATA")
    } else if cfg!(target_os = "macos") {
        home().map(|home| home.join("Library/Application Support"))
    } else {
        variable("XDG_DATA_HOME").or_else(|| home().map(|home| home.join(".local/share")))
    };
    let folder = folder.ok_or(Failure::Usage("no home folder is known: use --vault PATH"))?;
    Ok(folder.join("countersign").join("vault.countersign"))
}

/// What this machine calls itself, for the list of devices that a server shows.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub(crate) fn device_name() -> String {
    let named = std::fs::read_to_string("/etc/hostname").ok().map(|name| name.trim().to_owned());
    let variable = |name: &str| std::env::var(name).ok();
    named
        .or_else(|| variable("COMPUTERNAME"))
        .or_else(|| variable("HOSTNAME"))
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "Desktop".to_owned())
}
