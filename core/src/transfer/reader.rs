//! The files of one import, put together.

use super::entry::{Candidate, Entry, Place, Reason, Refused};
use super::formats::{self, Format, Key, detect};
use super::{Error, MAX_ENTRIES};
use crate::account::Profile;
use crate::enroll::migration::{self, Collector};
use crate::enroll::{self, Enrollment, Scanned};
use crate::vault::Incoming;
use crate::watch::{Watch, unwatched};

/// Takes the files of one import, one after the other. An export in several parts is handed out when all are there.
#[derive(Debug, Clone, Default)]
pub struct Reader {
    entries: Vec<Entry>,
    parts: Collector,
    /// Where the first part of an export stood: its entries are told as if all of them stood there.
    first_part: Option<Place>,
    file: usize,
    number: usize,
}

impl Reader {
    /// Without any file yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a file; the format is told by its content. A file that is refused leaves what was read before as it was.
    ///
    /// # Errors
    /// [`Error::NeedsKey`] for an encrypted file without a key: ask, and add it again. Otherwise [`Error`].
    pub fn add(&mut self, file: &[u8], key: Option<Key<'_>>) -> Result<Format, Error> {
        self.add_watched(file, key, &unwatched)
    }

    /// As [`Reader::add`], watched: told how much of the file is read, in units of the format's own.
    ///
    /// # Errors
    /// [`Error::Stopped`], with what was read before as it was; otherwise as [`Reader::add`].
    pub fn add_watched(&mut self, file: &[u8], key: Option<Key<'_>>, watch: Watch<'_>) -> Result<Format, Error> {
        let format = detect(file)?;
        let before = (self.entries.len(), self.parts.clone(), self.first_part);
        self.file += 1;
        self.number = 0;
        if let Err(error) = formats::read(self, format, file, key, watch) {
            self.file -= 1;
            self.entries.truncate(before.0);
            (_, self.parts, self.first_part) = before;
            return Err(error);
        }
        Ok(format)
    }

    /// Takes one text, as a camera reads it from a code.
    ///
    /// # Errors
    /// [`Error::Migration`] for a part of another export, [`Error::TooMany`]; what was read before stays.
    pub fn add_text(&mut self, text: &str) -> Result<(), Error> {
        self.file += 1;
        self.number = 0;
        let place = self.next_place();
        self.take_text(place, text)
    }

    /// The numbers, from 1, of the parts of an export that are not there yet.
    #[must_use]
    pub fn missing(&self) -> Vec<u32> {
        self.parts.missing()
    }

    /// All entries, in the order of the files.
    ///
    /// # Errors
    /// [`Error::Migration`] names the parts of an export that are missing; what was read stays.
    pub fn finish(&mut self) -> Result<Vec<Entry>, Error> {
        let missing = self.missing();
        if missing.is_empty() { self.finish_incomplete() } else { Err(migration::Problem::Missing(missing).into()) }
    }

    /// The entries of what is there: only where the person, told what is missing, asks for it.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub fn finish_incomplete(&mut self) -> Result<Vec<Entry>, Error> {
        for (index, entry) in self.parts.finish_incomplete().into_iter().enumerate() {
            let place = Place { number: index + 1, ..self.first_part.unwrap_or_default() };
            self.push(match entry {
                migration::Entry::Account(enrollment) => candidate(place, enrollment),
                migration::Entry::Refused { profile, reason } => refused(place, profile, reason.into()),
            })?;
        }
        Ok(std::mem::take(self).entries)
    }

    /// The next place of the file that is being read.
    pub(super) fn next_place(&mut self) -> Place {
        self.number += 1;
        Place { file: self.file, number: self.number }
    }

    pub(super) fn push(&mut self, entry: Entry) -> Result<(), Error> {
        if self.entries.len() >= MAX_ENTRIES {
            return Err(Error::TooMany);
        }
        self.entries.push(entry);
        Ok(())
    }

    /// One link, as a line or a QR code has it.
    pub(super) fn take_text(&mut self, place: Place, text: &str) -> Result<(), Error> {
        let nameless = Profile::default;
        let entry = match enroll::parse(text) {
            Ok(Scanned::Account(enrollment)) => candidate(place, enrollment),
            Ok(Scanned::MigrationPart(part)) => {
                self.first_part.get_or_insert(place);
                self.parts.add(part)?;
                return Ok(());
            }
            Ok(Scanned::NeedsPin(pending)) => refused(place, pending.profile().clone(), Reason::NeedsPin),
            Ok(Scanned::TwoStep(pending)) => refused(place, pending.profile().clone(), Reason::TwoStep),
            Ok(Scanned::BareSecret(_)) => refused(place, nameless(), Reason::NoNames),
            Ok(Scanned::Invitation(_)) => {
                refused(place, nameless(), Reason::Foreign("an invitation to approve sign-ins"))
            }
            Ok(Scanned::OfflineChallenge(_)) => refused(place, nameless(), Reason::Foreign("a sign-in request")),
            Ok(Scanned::NotYet(what)) => refused(place, nameless(), Reason::NotYet(what)),
            Ok(Scanned::Foreign(what)) => refused(place, nameless(), Reason::Foreign(what.what())),
            Err(error) => refused(place, nameless(), error.into()),
        };
        self.push(entry)
    }
}

fn candidate(place: Place, enrollment: Enrollment) -> Entry {
    let Enrollment { account, oddities } = enrollment;
    Entry::Candidate(Box::new(Candidate { place, incoming: Incoming::new(account), oddities }))
}

fn refused(place: Place, profile: Profile, reason: Reason) -> Entry {
    Entry::Refused(Box::new(Refused { place, profile, reason }))
}
