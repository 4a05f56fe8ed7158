//! Files: new ones, of their owner alone and durable with their names.

use std::path::{Path, PathBuf};

use super::Error;

/// Makes the empty file, readable by its owner alone; fails if anything is there.
pub(super) fn claim(path: &Path) -> Result<(), Error> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?;
    Ok(())
}

/// A new file of its owner alone, durable with its name; gone again if it could not be written whole.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    claim(path)?;
    let written = std::fs::OpenOptions::new().write(true).open(path).and_then(|mut file| {
        std::io::Write::write_all(&mut file, bytes)?;
        file.sync_all()
    });
    if let Err(error) = written {
        let _ = std::fs::remove_file(path);
        return Err(error.into());
    }
    sync_folder(path)
}

/// `path` with something behind its name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A new name in a folder is durable only after the folder is.
pub(super) fn sync_folder(path: &Path) -> Result<(), Error> {
    if cfg!(unix) {
        std::fs::File::open(folder_of(path))?.sync_all()?;
    }
    Ok(())
}

/// The folder that a path's last name stands in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
