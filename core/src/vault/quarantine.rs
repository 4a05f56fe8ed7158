//! Copies of damaged states: made beside the vault before anything is changed, never deleted but by the person.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::files::{beside, folder_of, sync_folder, write_whole};
use super::{Error, Vault, schema};

/// The most copies of damaged states beside one file.
const MOST_COPIES: usize = 1000;

impl Vault {
    /// Copies the file and its journal beside it, under the first free number; where a copy of just this state is there
    /// already, that one is it. An existing copy is never touched.
    pub(super) fn copy_aside(&mut self) -> Result<PathBuf, Error> {
        // Closed meanwhile (without merging -wal): reading the file beside an open connection would, at the end, give up
        // the connection's locks.
        drop(std::mem::replace(&mut self.connection, Connection::open_in_memory()?));
        let copy = copy_to_free_name(&self.path);
        (self.connection, self.access) = schema::connect(&self.path)?;
        schema::check(&self.connection, &schema::HISTORY)?;
        copy
    }

    /// The copies of damaged states that stand beside the vault, oldest first.
    ///
    /// # Errors
    /// As the disk says.
    pub fn copies(&self) -> Result<Vec<PathBuf>, Error> {
        let mut copies = Vec::new();
        for entry in std::fs::read_dir(folder_of(&self.path))? {
            let path = self.path.with_file_name(entry?.file_name());
            copies.extend(number_of(&self.path, &path).map(|number| (number, path)));
        }
        copies.sort_unstable();
        Ok(copies.into_iter().map(|(_, path)| path).collect())
    }

    /// Deletes a copy of [`Vault::copies`]; only ever because the person said so.
    ///
    /// # Errors
    /// [`Error::NotFound`] for anything else; otherwise as the disk says.
    pub fn remove_copy(&self, copy: &Path) -> Result<(), Error> {
        if number_of(&self.path, copy).is_none() {
            return Err(Error::NotFound("copy of a damaged state"));
        }
        std::fs::remove_file(copy)?;
        match std::fs::remove_file(beside(copy, "-wal")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => sync_folder(copy),
        }
    }
}

/// Which copy of the vault's file a path is.
fn number_of(vault: &Path, path: &Path) -> Option<usize> {
    let prefix = beside(vault, ".quarantine-");
    path.to_str()?.strip_prefix(prefix.to_str()?)?.parse().ok()
}

fn copy_to_free_name(path: &Path) -> Result<PathBuf, Error> {
    // Without the file itself there is nothing to keep; -wal may well be absent.
    std::fs::metadata(path)?;
    let files: Vec<_> = ["", "-wal"].map(|suffix| (suffix, std::fs::read(beside(path, suffix)))).into();
    for number in 1..=MOST_COPIES {
        let copy = beside(path, &format!(".quarantine-{number}"));
        if !copy.exists() {
            for (suffix, bytes) in &files {
                if let Ok(bytes) = bytes {
                    write_whole(&beside(&copy, suffix), bytes)?;
                }
            }
            return Ok(copy);
        }
        let same = |(suffix, bytes): &(&str, std::io::Result<Vec<u8>>)| {
            bytes.as_ref().ok() == std::fs::read(beside(&copy, suffix)).as_ref().ok()
        };
        if files.iter().all(same) {
            return Ok(copy);
        }
    }
    Err(Error::TooLarge { what: "the number of copies of damaged files", limit: MOST_COPIES })
}
