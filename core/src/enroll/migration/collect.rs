//! The parts of an export, put together.

use std::collections::BTreeMap;

use super::{Entry, Part, Problem};

/// Takes the parts of one export in any order. Nothing is handed out until all are there, unless asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Collector {
    /// By index, from 0; all of one batch and size.
    parts: BTreeMap<u32, Part>,
}

/// How far a collection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How many different parts are there.
    pub have: u32,
    /// How many there are in all.
    pub of: u32,
}

impl Progress {
    /// Whether all parts are there.
    #[must_use]
    pub const fn is_complete(self) -> bool {
        self.have == self.of
    }
}

impl Collector {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a part. One that is there already changes nothing.
    ///
    /// # Errors
    /// [`Problem::OtherBatch`] for a part of another export; what was collected stays.
    pub fn add(&mut self, part: Part) -> Result<Progress, Problem> {
        let one_batch = self.parts.values().all(|other| other.batch == part.batch && other.size == part.size);
        // Apps that number no batches write 0 for each: then it is the content that tells two exports apart.
        let one_content = self.parts.get(&part.index).is_none_or(|there| *there == part);
        if !(one_batch && one_content) {
            return Err(Problem::OtherBatch);
        }
        let of = part.size;
        self.parts.insert(part.index, part);
        Ok(Progress { have: u32::try_from(self.parts.len()).unwrap_or(of), of })
    }

    /// The numbers, from 1, of the parts that are not there; none before the first part.
    #[must_use]
    pub fn missing(&self) -> Vec<u32> {
        let size = self.parts.values().next().map_or(0, |part| part.size);
        (0..size).filter(|index| !self.parts.contains_key(index)).map(|index| index + 1).collect()
    }

    /// The entries of all parts, in the export's order; the collector is then empty.
    ///
    /// # Errors
    /// [`Problem::Missing`] names the parts that are not there; what was collected stays.
    pub fn finish(&mut self) -> Result<Vec<Entry>, Problem> {
        let missing = self.missing();
        if missing.is_empty() { Ok(self.finish_incomplete()) } else { Err(Problem::Missing(missing)) }
    }

    /// The entries of the parts that are there: only where the person, told what is missing, asks for it.
    pub fn finish_incomplete(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.parts).into_values().flat_map(|part| part.entries).collect()
    }
}
