//! Where backups go: a place that a platform offers, or a folder.

use std::path::{Path, PathBuf};

use super::Error;

/// Where backups go. A platform implements it for a folder that the person chose.
pub trait Sink {
    /// Writes a new file whole; an existing one of that name is an error. Durable when this returns.
    ///
    /// # Errors
    /// [`Error::AlreadyThere`], or as the place says.
    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error>;

    /// Reads a file back, whole.
    ///
    /// # Errors
    /// As the place says.
    fn read(&mut self, name: &str) -> Result<Vec<u8>, Error>;

    /// The names of all files there.
    ///
    /// # Errors
    /// As the place says.
    fn list(&mut self) -> Result<Vec<String>, Error>;

    /// Removes a file.
    ///
    /// # Errors
    /// As the place says.
    fn remove(&mut self, name: &str) -> Result<(), Error>;
}

/// A folder of the file system.
#[derive(Debug)]
pub struct FolderSink(PathBuf);

impl FolderSink {
    /// This folder, which exists.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }
}

impl Sink for FolderSink {
    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        super::files::write_whole(&self.0.join(name), bytes)
    }

    fn read(&mut self, name: &str) -> Result<Vec<u8>, Error> {
        Ok(std::fs::read(self.0.join(name))?)
    }

    fn list(&mut self) -> Result<Vec<String>, Error> {
        let names = std::fs::read_dir(&self.0)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names.collect())
    }

    fn remove(&mut self, name: &str) -> Result<(), Error> {
        Ok(std::fs::remove_file(self.0.join(name))?)
    }
}
