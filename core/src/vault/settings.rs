//! What the person set, kept sealed in the vault.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::Error;
use super::record::Unreadable;
use crate::wire::{Value, Writer, fields};

/// The settings that core itself obeys, and the shells' own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How many days the trash keeps an account: 1 to 3,650; 30 by default.
    pub trash_days: u16,
    /// Whether it counts how often each account is used; off by default.
    pub count_usage: bool,
    /// How many automatic backups are kept: 1 to 100; 5 by default.
    pub backups_kept: u16,
    /// A shell's own settings, opaque to core: at most 100, keys up to 64 bytes, values up to 1 KiB.
    pub shell: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { trash_days: 30, count_usage: false, backups_kept: 5, shell: BTreeMap::new() }
    }
}

impl Settings {
    /// Whether each value is within its bounds.
    ///
    /// # Errors
    /// [`Error::InvalidInput`].
    pub fn check(&self) -> Result<(), Error> {
        let invalid = |what, reason| Err(Error::InvalidInput { what, reason });
        if !(1..=3650).contains(&self.trash_days) {
            return invalid("days in the trash", "1 to 3,650");
        }
        if !(1..=100).contains(&self.backups_kept) {
            return invalid("number of backups", "1 to 100");
        }
        if self.shell.len() > 100 || self.shell.iter().any(|(key, value)| key.len() > 64 || value.len() > 1024) {
            return invalid("shell's settings", "at most 100, keys up to 64 bytes, values up to 1 KiB");
        }
        Ok(())
    }

    pub(crate) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::new();
        writer.number(1, self.trash_days.into()).number(2, self.count_usage.into()).number(3, self.backups_kept.into());
        for (key, value) in &self.shell {
            let mut pair = Writer::new();
            pair.bytes(1, key.as_bytes()).bytes(2, value.as_bytes());
            writer.bytes(4, &pair.finish());
        }
        writer.finish()
    }

    pub(crate) fn decode(payload: &[u8]) -> Result<Self, Unreadable> {
        let mut settings = Self::default();
        for field in fields(payload) {
            match field.map_err(|_| Unreadable)? {
                (1, Value::Number(days)) => settings.trash_days = days.try_into().map_err(|_| Unreadable)?,
                (2, Value::Number(count)) => settings.count_usage = count == 1,
                (3, Value::Number(kept)) => settings.backups_kept = kept.try_into().map_err(|_| Unreadable)?,
                (4, Value::Bytes(pair)) => settings.shell.extend([decode_pair(pair)?]),
                _ => return Err(Unreadable),
            }
        }
        Ok(settings)
    }
}

fn decode_pair(bytes: &[u8]) -> Result<(String, String), Unreadable> {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Unreadable);
    let mut pair = (String::new(), String::new());
    for field in fields(bytes) {
        match field.map_err(|_| Unreadable)? {
            (1, Value::Bytes(key)) => pair.0 = text(key)?,
            (2, Value::Bytes(value)) => pair.1 = text(value)?,
            _ => return Err(Unreadable),
        }
    }
    Ok(pair)
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn settings_read_as_they_were_written() {
        let mut settings = Settings { trash_days: 7, count_usage: true, backups_kept: 9, ..Settings::default() };
        settings.shell.insert("theme".into(), "dark".into());
        assert_eq!(Settings::decode(&settings.encode()), Ok(settings));
    }

    #[test]
    fn values_out_of_bounds_are_refused() {
        for settings in [
            Settings { trash_days: 0, ..Settings::default() },
            Settings { backups_kept: 101, ..Settings::default() },
            Settings { shell: [("k".repeat(65), String::new())].into(), ..Settings::default() },
        ] {
            assert!(settings.check().is_err());
        }
        assert!(Settings::default().check().is_ok());
    }
}
