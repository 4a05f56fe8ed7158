//! The pages of a database file and its write-ahead log, without SQLite (source: "Database File Format", sqlite.org,
//! sections 1.2 and 4).

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use super::super::Error;
use super::super::files::beside;

/// The page size of every vault.
pub(super) const PAGE: usize = 4096;
/// The largest file that is searched.
const MAX_FILE: u64 = 1 << 30;
/// The log's own header, and that of each frame.
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// Which versions of the pages are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// As the last commit left them.
    Newest,
    /// What the file has where the log has something newer, and what stands in the log beside the last commits.
    Older,
}

/// A file and its log.
pub(super) struct Pages {
    file: Vec<u8>,
    log: Vec<u8>,
    /// Where in the log the newest version of a page begins.
    newest: HashMap<u32, usize>,
    /// Where all the other frames' pages begin.
    left: Vec<usize>,
}

impl Pages {
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let file = read_bounded(path)?;
        let log = match read_bounded(&beside(path, "-wal")) {
            Err(Error::NoVault) => Vec::new(),
            other => other?,
        };
        let (newest, left) = frames(&log);
        Ok(Self { file, log, newest, left })
    }

    /// A page by its number, from 1.
    pub(super) fn page(&self, number: u32, view: View) -> Option<&[u8]> {
        match self.newest.get(&number).filter(|_| view == View::Newest) {
            Some(at) => self.log.get(*at..*at + PAGE),
            None => self.file.chunks(PAGE).nth(usize::try_from(number).ok()?.checked_sub(1)?),
        }
    }

    /// Every page of a view; the last one of a file that was cut may be short.
    pub(super) fn all(&self, view: View) -> impl Iterator<Item = &[u8]> {
        let logged = |at: &usize| self.log.get(*at..*at + PAGE).unwrap_or_default();
        let of_log: Vec<_> = match view {
            View::Newest => self.newest.values().map(logged).collect(),
            View::Older => self.left.iter().map(logged).collect(),
        };
        let of_file = self.file.chunks(PAGE).zip(1u32..).filter(move |(_, number)| {
            let shadowed = self.newest.contains_key(number);
            shadowed == (view == View::Older)
        });
        of_file.map(|(page, _)| page).chain(of_log)
    }
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    let too_large = u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_FILE);
    if too_large { Err(Error::TooLarge { what: "the file", limit: 1 << 30 }) } else { Ok(bytes) }
}

/// The frames of the log: those that the last commit made the newest, and all others. Frames of an earlier run of the
/// log, told by their salts, are older than the file. Checksums are not looked at: a frame is never believed, its rows
/// prove themselves.
fn frames(log: &[u8]) -> (HashMap<u32, usize>, Vec<usize>) {
    let count = log.len().saturating_sub(LOG_HEADER) / (FRAME_HEADER + PAGE);
    let at = |frame: usize| LOG_HEADER + frame * (FRAME_HEADER + PAGE);
    let number = |offset: usize| {
        log.get(offset..).and_then(|rest| rest.first_chunk()).map_or(0, |four| u32::from_be_bytes(*four))
    };
    let salts = |frame: usize| log.get(at(frame) + 8..at(frame) + 16);
    // The first frame's salts are the header's; both would have to be destroyed.
    let run = (0..count).take_while(|frame| salts(*frame) == salts(0)).count();
    let committed = (0..run).rev().find(|frame| number(at(*frame) + 4) != 0).map_or(0, |last| last + 1);
    let mut newest = HashMap::new();
    let mut left = Vec::new();
    for frame in 0..committed {
        let page = at(frame) + FRAME_HEADER;
        left.extend(newest.insert(number(at(frame)), page));
    }
    left.extend((committed..count).map(|frame| at(frame) + FRAME_HEADER));
    (newest, left)
}
