//! Migrations: from the tables of an older version to today's.
//!
//! They run after unlocking, for the version that counts is the sealed one in the manifest: one that was lowered in the
//! file is refused. The file is copied aside first, and everything happens in one transaction.

use rusqlite::Connection;

use super::manifest::Keys;
use super::schema::{self, History};
use super::write::Write;
use super::{Damage, Error, Vault, store};
use crate::entropy::Entropy;

impl Vault {
    /// Brings a file of an older version to today's; does nothing to one that is there already.
    pub(super) fn migrate(&mut self, keys: &Keys) -> Result<(), Error> {
        let history = &schema::HISTORY;
        if is_older(&self.connection, keys, history)? {
            self.access.writable()?;
            self.copy_aside()?;
            upgrade(&mut self.connection, keys, &*self.entropy, history)?;
        }
        Ok(())
    }
}

/// Whether the file has older tables than today's; a file whose number is not the manifest's has been tampered with.
fn is_older(connection: &Connection, keys: &Keys, history: &History) -> Result<bool, Error> {
    let version = schema::check(connection, history)?;
    match store::manifest(connection, keys) {
        Ok(manifest) if manifest.schema == version => Ok(version < history.newest()),
        // Without the sealed number, only today's tables are believed.
        Err(Error::Damaged(Damage::Manifest)) if version == history.newest() => Ok(false),
        Ok(_) | Err(Error::Damaged(Damage::Manifest)) => Err(Error::Damaged(Damage::Schema)),
        Err(error) => Err(error),
    }
}

fn upgrade(connection: &mut Connection, keys: &Keys, entropy: &dyn Entropy, history: &History) -> Result<(), Error> {
    let mut write = Write::begin(connection, keys, entropy)?;
    let version = write.manifest.schema;
    bring_up(&mut write, version, history)?;
    write.commit().map(drop)
}

/// Takes every step from this version on (0: an empty file).
pub(super) fn bring_up(write: &mut Write<'_>, version: u32, history: &History) -> Result<(), Error> {
    for next in history.after(version) {
        (next.step)(write)?;
        write.set_version(next.number)?;
    }
    schema::check(write.connection(), history).map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rusqlite::Connection;

    use super::super::kdf::{Cost, Password};
    use super::super::manifest::Manifest;
    use super::super::schema::{self, HISTORY, History, Version};
    use super::super::store::{self, RecordKind, Table};
    use super::super::write::Write;
    use super::super::{Damage, Error, SETTINGS_ROW, Vault};
    use super::{is_older, upgrade};
    use crate::entropy::SystemEntropy;
    use crate::time::UnixTime;

    const PASSKEY: (&str, &str) =
        ("passkey", "CREATE TABLE passkey(id BLOB PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID");

    /// A second version as one might come: a new table, and a row that is written anew.
    fn tomorrow() -> History {
        let [first] = HISTORY.0 else { panic!("there is a second version now: let this be the third") };
        let mut tables = first.tables.to_vec();
        tables.insert(4, PASSKEY);
        let second = Version { number: 2, tables: tables.leak(), step };
        let first = Version { number: first.number, tables: first.tables, step: first.step };
        History(vec![first, second].leak())
    }

    fn step(write: &mut Write<'_>) -> Result<(), Error> {
        write.connection().execute(PASSKEY.1, [])?;
        write.put(Table::Record, &SETTINGS_ROW, RecordKind::Settings, &[])
    }

    fn broken(write: &mut Write<'_>) -> Result<(), Error> {
        step(write)?;
        Err(Error::DiskFull)
    }

    fn vault(folder: &tempfile::TempDir) -> Vault {
        let password = Password::chosen(b"correct horse".to_vec()).unwrap();
        let path = folder.path().join("vault");
        Vault::create(&path, Arc::new(SystemEntropy::new()), &password, Cost::LEAST, UnixTime::default()).unwrap().0
    }

    fn sealed_manifest(connection: &Connection) -> Vec<u8> {
        connection.query_row("SELECT sealed FROM manifest", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_file_of_the_version_before_gets_todays_tables_and_keeps_its_rows() {
        let folder = tempfile::tempdir().unwrap();
        let mut vault = vault(&folder);
        let keys = &vault.open.as_ref().unwrap().keys;
        let tomorrow = tomorrow();
        assert_eq!(is_older(&vault.connection, keys, &HISTORY), Ok(false));
        assert_eq!(is_older(&vault.connection, keys, &tomorrow), Ok(true));
        let before = store::manifest(&vault.connection, keys).unwrap();
        upgrade(&mut vault.connection, keys, &*vault.entropy, &tomorrow).unwrap();
        assert_eq!(schema::check(&vault.connection, &tomorrow), Ok(2));
        let after = Manifest::open(keys, &sealed_manifest(&vault.connection)).unwrap();
        assert_eq!((after.schema, after.generation), (2, before.generation + 1));
        assert_eq!(after.rows.count, before.rows.count);
        // This version of the program refuses what the next one wrote, also where it had the file open before.
        let newer = Error::Newer { found: 2, known: 1 };
        assert_eq!(store::manifest(&vault.connection, keys).err(), Some(newer.clone()));
        assert_eq!(vault.set_settings(Default::default()), Err(newer.clone()));
        let path = vault.path().to_owned();
        drop(vault);
        assert_eq!(Vault::open(&path, Arc::new(SystemEntropy::new())).err(), Some(newer));
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before() {
        let folder = tempfile::tempdir().unwrap();
        let mut vault = vault(&folder);
        let keys = &vault.open.as_ref().unwrap().keys;
        let mut tomorrow = tomorrow();
        let [first, second] = tomorrow.0 else { panic!() };
        let failing = Version { number: 2, tables: second.tables, step: broken };
        let first = Version { number: first.number, tables: first.tables, step: first.step };
        tomorrow = History(vec![first, failing].leak());
        let before = store::manifest(&vault.connection, keys).unwrap();
        let failed = upgrade(&mut vault.connection, keys, &*vault.entropy, &tomorrow);
        assert_eq!(failed, Err(Error::DiskFull));
        assert_eq!(schema::check(&vault.connection, &HISTORY), Ok(1));
        assert_eq!(store::manifest(&vault.connection, keys), Ok(before));
        assert!(vault.verify().unwrap().is_clean());
    }

    #[test]
    fn a_lowered_number_is_no_older_version() {
        let folder = tempfile::tempdir().unwrap();
        let mut vault = vault(&folder);
        let keys = &vault.open.as_ref().unwrap().keys;
        let tomorrow = tomorrow();
        upgrade(&mut vault.connection, keys, &*vault.entropy, &tomorrow).unwrap();
        vault.connection.execute_batch("DROP TABLE passkey; PRAGMA user_version = 1").unwrap();
        assert!(matches!(is_older(&vault.connection, keys, &HISTORY), Err(Error::Newer { .. })));
        vault
            .connection
            .execute_batch(&format!("{}; PRAGMA user_version = 2; DELETE FROM manifest", PASSKEY.1))
            .unwrap();
        assert_eq!(is_older(&vault.connection, keys, &tomorrow), Ok(false));
        vault.connection.execute_batch("DROP TABLE passkey; PRAGMA user_version = 1").unwrap();
        assert_eq!(is_older(&vault.connection, keys, &tomorrow), Err(Error::Damaged(Damage::Schema)));
    }
}
