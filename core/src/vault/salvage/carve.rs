//! Rows, found by their shape alone: the header that SQLite writes before each record says how long the row's columns are
//! (source: "Database File Format", sqlite.org, sections 1.6 and 2.1). What looks like a row by chance opens with no key.

use super::super::crypto::OVERHEAD;
use super::super::store::{Row, StoredSlot};
use super::pages::{PAGE, Pages, View};

/// The column type of a blob of 16 bytes (an id), and of 32 (a digest).
const ID: u64 = 12 + 2 * 16;
const DIGEST: u64 = 12 + 2 * 32;
/// The longest payload that is put together: the ids of the largest import are padded to 2 MiB.
const MAX_SEALED: usize = (2 << 20) + OVERHEAD;
/// The longest slot.
const MAX_SLOT: usize = 64 << 10;

/// What looks like rows, slots (whole: their digests are right) and manifests.
#[derive(Default)]
pub(super) struct Found {
    pub(super) rows: Vec<Row<'static>>,
    pub(super) slots: Vec<StoredSlot>,
    pub(super) manifests: Vec<Vec<u8>>,
}

/// Looks at every byte of every page as a possible beginning.
pub(super) fn search(pages: &Pages, view: View) -> Found {
    let mut found = Found::default();
    for page in pages.all(view) {
        for at in 0..page.len() {
            let rest = page.get(at..).unwrap_or_default();
            if let Some(header) = Header::read(rest) {
                // None: it only looked like a row.
                let _ = found.take(&header, rest, &|number| pages.page(number, view));
            }
        }
    }
    found
}

type PageOf<'a> = &'a dyn Fn(u32) -> Option<&'a [u8]>;

impl Found {
    fn take(&mut self, header: &Header, rest: &[u8], page_of: PageOf<'_>) -> Option<()> {
        match header.types[..] {
            [ID, kind, revision, format, sealed] => {
                self.take_row(header, [kind, revision, format, sealed], rest, page_of)
            }
            [ID, body, DIGEST] => self.take_slot(header, body, rest, page_of),
            [0, sealed] => self.take_manifest(header, sealed, rest),
            _ => None,
        }
    }

    fn take_row(&mut self, header: &Header, types: [u64; 4], rest: &[u8], page_of: PageOf<'_>) -> Option<()> {
        let [kind, revision, format, sealed] = types;
        let length = sealed_length(sealed).filter(|length| *length <= MAX_SEALED)?;
        let numbers = [kind, revision, format].map(number_length);
        let [Some(a), Some(b), Some(c)] = numbers else { return None };
        let payload = whole(header.length + 16 + a + b + c + length, rest, page_of)?;
        let mut columns = Columns(payload.get(header.length..)?);
        let id = columns.take(16)?.try_into().ok()?;
        let row = Row {
            id,
            kind: u32::try_from(columns.number(kind)?).ok()?,
            revision: columns.number(revision)?.cast_unsigned(),
            format: u32::try_from(columns.number(format)?).ok()?,
            sealed: columns.take(length)?.to_vec().into(),
        };
        self.rows.push(row);
        Some(())
    }

    fn take_slot(&mut self, header: &Header, body: u64, rest: &[u8], page_of: PageOf<'_>) -> Option<()> {
        let length = blob_length(body).filter(|length| *length <= MAX_SLOT)?;
        let payload = whole(header.length + 16 + length + 32, rest, page_of)?;
        let mut columns = Columns(payload.get(header.length..)?);
        let id = columns.take(16)?.try_into().ok()?;
        let slot = StoredSlot { id, body: columns.take(length)?.to_vec(), digest: columns.take(32)?.to_vec() };
        // Every slot stands in two tables.
        if slot.slot().is_ok() && self.slots.iter().all(|known| known.id != slot.id) {
            self.slots.push(slot);
        }
        Some(())
    }

    fn take_manifest(&mut self, header: &Header, sealed: u64, rest: &[u8]) -> Option<()> {
        let length = sealed_length(sealed)?;
        self.manifests.push(rest.get(header.length..)?.get(..length)?.to_vec());
        Some(())
    }
}

/// The header of a record: its own length, then the type of each column, all as SQLite's varints.
struct Header {
    length: usize,
    types: Vec<u64>,
}

impl Header {
    /// Of the three kinds of records that a vault has, and of nothing else.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (length, first) = (*bytes.first()?, *bytes.get(1)?);
        if !(3..=16).contains(&length) || !(u64::from(first) == ID || first == 0) {
            return None;
        }
        let length = usize::from(length);
        let mut rest = bytes.get(1..length)?;
        let mut types = Vec::with_capacity(5);
        while !rest.is_empty() {
            let (value, behind) = varint(rest)?;
            types.push(value);
            rest = behind;
        }
        Some(Self { length, types })
    }
}

/// Seven bits a byte, the most significant first; a vault has none of more than four bytes.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (index, byte) in bytes.iter().enumerate().take(4) {
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(index + 1..)?));
        }
    }
    None
}

fn blob_length(kind: u64) -> Option<usize> {
    let even = kind >= 12 && kind.is_multiple_of(2);
    even.then(|| usize::try_from((kind - 12) / 2).ok()).flatten()
}

/// The length of something sealed: padded to whole blocks.
fn sealed_length(kind: u64) -> Option<usize> {
    let length = blob_length(kind)?;
    let padded = length.checked_sub(OVERHEAD)?;
    (padded > 0 && padded.is_multiple_of(256)).then_some(length)
}

const fn number_length(kind: u64) -> Option<usize> {
    match kind {
        8 | 9 => Some(0),
        1..=4 => Some(kind.to_le_bytes()[0] as usize),
        5 => Some(6),
        6 => Some(8),
        _ => None,
    }
}

struct Columns<'a>(&'a [u8]);

impl<'a> Columns<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// A signed number, the most significant byte first.
    fn number(&mut self, kind: u64) -> Option<i64> {
        if matches!(kind, 8 | 9) {
            return Some(i64::from(kind == 9));
        }
        let bytes = self.take(number_length(kind)?)?;
        let negative = bytes.first()? & 0x80 != 0;
        Some(bytes.iter().fold(if negative { -1 } else { 0 }, |number, byte| number << 8 | i64::from(*byte)))
    }
}

/// A record of this length, of which `rest` is the beginning: what does not fit into a page stands in a chain of others.
fn whole(length: usize, rest: &[u8], page_of: PageOf<'_>) -> Option<Vec<u8>> {
    // Section 2.3.4 of the format, for the pages of tables without rowid.
    const MOST: usize = (PAGE - 12) * 64 / 255 - 23;
    const LEAST: usize = (PAGE - 12) * 32 / 255 - 23;
    if length <= MOST {
        return rest.get(..length).map(<[u8]>::to_vec);
    }
    let fitting = LEAST + (length - LEAST) % (PAGE - 4);
    let here = if fitting <= MOST { fitting } else { LEAST };
    let mut payload = rest.get(..here)?.to_vec();
    let mut next = rest.get(here..)?.first_chunk().map(|four| u32::from_be_bytes(*four))?;
    // Each step adds almost a page, so that a chain that bites its tail ends as well.
    while payload.len() < length {
        let page = page_of(next)?;
        let (pointer, content) = page.split_first_chunk()?;
        next = u32::from_be_bytes(*pointer);
        let missing = length - payload.len();
        payload.extend_from_slice(content.get(..missing.min(PAGE - 4))?);
    }
    Some(payload)
}
