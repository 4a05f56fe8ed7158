//! The rows of the inbox as the file has them.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Inbox, InboxChange, InboxRevision, InboxRow, InboxRows};
use crate::entropy::Entropy;
use crate::secret::SecretBytes;
use crate::vault::Error;
use crate::vault::crypto::{OVERHEAD, RawKey, SealKey, TAG, Unopened, associated_data, pad, unpad};
use crate::vault::manifest::Keys;
use crate::vault::push::PushId;
use crate::vault::record::FORMAT;

/// What a row of the longest payload is sealed to: padding gives a power of two.
const MAX_SEALED: usize = 2 * Inbox::MAX_ROW + OVERHEAD;
/// After so many revisions of one row, rotate. (No count of all seals can be kept where the manifest can't be written.)
const MOST_REVISIONS: u64 = 1 << 31;

/// Seals and opens the rows of one vault's inbox.
pub(in crate::vault) struct Sealer {
    vault: [u8; 16],
    key: SealKey,
}

impl Sealer {
    pub(in crate::vault) fn new(vault: [u8; 16], inbox_key: &RawKey) -> Result<Self, Error> {
        Ok(Self { vault, key: SealKey::new(inbox_key)? })
    }

    /// That of an unlocked vault.
    pub(in crate::vault) fn of(keys: &Keys) -> Result<Self, Error> {
        Self::new(keys.vault, &keys.inbox()?)
    }

    /// What binds a payload to its vault and its place.
    fn data(&self, id: PushId, kind: u32, revision: u64, format: u32) -> Vec<u8> {
        associated_data(&[
            b"countersign-inbox-v1",
            &self.vault,
            &id.to_bytes(),
            &kind.to_le_bytes(),
            &revision.to_le_bytes(),
            &format.to_le_bytes(),
        ])
    }

    fn open(&self, row: &Stored<'_>) -> Result<SecretBytes, Unopened> {
        if row.sealed.len() > MAX_SEALED {
            return Err(Unopened);
        }
        let data = self.data(row.id, row.kind, row.revision, row.format);
        let padded = self.key.open(&data, row.sealed)?;
        let payload = unpad(&padded).ok_or(Unopened)?;
        Ok(SecretBytes::from(payload))
    }

    fn seal(&self, entropy: &dyn Entropy, place: (PushId, u32), revision: u64, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        self.key.seal(entropy, &self.data(place.0, place.1, revision, FORMAT), &pad(bytes))
    }
}

/// A row whose columns have the right types.
struct Stored<'a> {
    id: PushId,
    kind: u32,
    revision: u64,
    format: u32,
    sealed: &'a [u8],
}

impl<'a> Stored<'a> {
    /// None: somebody has put something else there.
    fn read(row: &'a rusqlite::Row<'_>) -> Result<Option<Self>, Error> {
        let [id, kind, revision, format, sealed] =
            [row.get_ref(0)?, row.get_ref(1)?, row.get_ref(2)?, row.get_ref(3)?, row.get_ref(4)?];
        let read = || {
            Some(Self {
                id: id_of(id)?,
                kind: u32::try_from(kind.as_i64().ok()?).ok()?,
                revision: revision.as_i64().ok()?.cast_unsigned(),
                format: u32::try_from(format.as_i64().ok()?).ok()?,
                sealed: sealed.as_blob().ok()?,
            })
        };
        Ok(read())
    }

    fn state(&self) -> InboxRevision {
        revision(self.revision, self.sealed)
    }
}

fn id_of(value: ValueRef<'_>) -> Option<PushId> {
    value.as_blob().ok().and_then(|id| id.try_into().ok()).map(PushId::from_bytes)
}

fn revision(number: u64, sealed: &[u8]) -> InboxRevision {
    InboxRevision { number, tag: sealed.last_chunk::<TAG>().copied().unwrap_or_default() }
}

/// Which rows are read.
pub(in crate::vault) enum Wanted {
    Kind(u32),
    Id(PushId),
    Row(PushId, u32),
}

const SELECT: &str = "SELECT id, kind, revision, format, sealed FROM inbox";

/// Reads rows, each by itself.
pub(in crate::vault) fn look(connection: &Connection, sealer: &Sealer, wanted: Wanted) -> Result<InboxRows, Error> {
    let (id, kind) = match wanted {
        Wanted::Kind(kind) => (None, Some(kind)),
        Wanted::Id(id) => (Some(id), None),
        Wanted::Row(id, kind) => (Some(id), Some(kind)),
    };
    // Spelt out, so that an id is looked up and not looked for.
    let condition = if id.is_some() { "id = ?1" } else { "?1 IS NULL" };
    let sql = format!("{SELECT} WHERE {condition} AND (?2 IS NULL OR kind = ?2) ORDER BY id, kind");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![id.map(PushId::to_bytes), kind])?;
    let mut found = InboxRows::default();
    while let Some(row) = rows.next()? {
        if found.rows.len() + found.unreadable.len() >= Inbox::MAX_ROWS {
            return Err(too_many());
        }
        match Stored::read(row)? {
            None => found.unreadable.push(place_of(row)?),
            Some(stored) => match sealer.open(&stored) {
                Ok(_) if stored.format > FORMAT => {
                    return Err(Error::Newer { found: stored.format.into(), known: FORMAT.into() });
                }
                Ok(bytes) => {
                    let (id, kind, revision) = (stored.id, stored.kind, stored.state());
                    found.rows.push(InboxRow { id, kind, revision, bytes });
                }
                Err(Unopened) => found.unreadable.push((stored.id, stored.kind)),
            },
        }
    }
    Ok(found)
}

/// Where a row stands, as far as that can be said.
fn place_of(row: &rusqlite::Row<'_>) -> Result<(PushId, u32), Error> {
    let id = id_of(row.get_ref(0)?).unwrap_or(PushId::from_bytes([0; 16]));
    let kind = row.get_ref(1)?.as_i64().ok().and_then(|kind| u32::try_from(kind).ok());
    Ok((id, kind.unwrap_or(u32::MAX)))
}

/// Calls `each` with every row, and with its payload where it can be read.
fn for_each(
    connection: &Connection,
    sealer: &Sealer,
    mut each: impl FnMut(&rusqlite::Row<'_>, Option<(&Stored<'_>, SecretBytes)>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut statement = connection.prepare_cached(SELECT)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        match Stored::read(row)? {
            Some(stored) => {
                let opened = sealer.open(&stored).ok();
                if opened.is_some() && stored.format > FORMAT {
                    return Err(Error::Newer { found: stored.format.into(), known: FORMAT.into() });
                }
                each(row, opened.map(|bytes| (&stored, bytes)))?;
            }
            None => each(row, None)?,
        }
    }
    Ok(())
}

/// The ids of the rows that can't be read, one for each such row.
pub(in crate::vault) fn unreadable(connection: &Connection, sealer: &Sealer) -> Result<Vec<PushId>, Error> {
    let mut ids = Vec::new();
    for_each(connection, sealer, |row, read| {
        if read.is_none() {
            ids.push(place_of(row)?.0);
        }
        Ok(())
    })?;
    Ok(ids)
}

/// Removes the rows that can't be read: the person has accepted it, and they stand in the copy of the file.
pub(in crate::vault) fn remove_unreadable(connection: &Connection, sealer: &Sealer) -> Result<(), Error> {
    let mut places: Vec<(Value, Value)> = Vec::new();
    for_each(connection, sealer, |row, read| {
        if read.is_none() {
            places.push((row.get(0)?, row.get(1)?));
        }
        Ok(())
    })?;
    for (id, kind) in places {
        connection.execute("DELETE FROM inbox WHERE id IS ?1 AND kind IS ?2", params![id, kind])?;
    }
    Ok(())
}

/// Whether an enrolment has any row, readable or not.
pub(in crate::vault) fn has_rows(connection: &Connection, id: PushId) -> Result<bool, Error> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM inbox WHERE id = ?1 LIMIT 1")?;
    Ok(statement.exists([id.to_bytes()])?)
}

/// Removes every row of an enrolment.
pub(in crate::vault) fn remove_all(connection: &Connection, id: PushId) -> Result<(), Error> {
    connection.execute("DELETE FROM inbox WHERE id = ?1", [id.to_bytes()])?;
    Ok(())
}

/// Seals every row anew with another key, as its next revision.
pub(in crate::vault) fn reseal(
    connection: &Connection,
    entropy: &dyn Entropy,
    old: &Sealer,
    new: &Sealer,
) -> Result<(), Error> {
    let mut places = Vec::new();
    for_each(connection, old, |_, read| {
        let (stored, _) = read.ok_or(Error::NotAccepted)?;
        places.push((stored.id, stored.kind));
        Ok(())
    })?;
    for (id, kind) in places {
        let found = look(connection, old, Wanted::Row(id, kind))?.rows.pop().ok_or(Error::NotAccepted)?;
        write(connection, new, entropy, (id, kind), found.revision.number.wrapping_add(1), found.bytes.expose())?;
    }
    Ok(())
}

fn write(
    connection: &Connection,
    sealer: &Sealer,
    entropy: &dyn Entropy,
    (id, kind): (PushId, u32),
    number: u64,
    bytes: &[u8],
) -> Result<InboxRevision, Error> {
    let sealed = sealer.seal(entropy, (id, kind), number, bytes)?;
    connection.prepare_cached("REPLACE INTO inbox VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
        id.to_bytes(),
        kind,
        number.cast_signed(),
        FORMAT,
        sealed
    ])?;
    Ok(revision(number, &sealed))
}

/// The state of a row as it is now, whether or not it can be read.
fn state(connection: &Connection, id: PushId, kind: u32) -> Result<Option<InboxRevision>, Error> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} WHERE id = ?1 AND kind = ?2"))?;
    let state = statement
        .query_row(params![id.to_bytes(), kind], |row| {
            Ok(Stored::read(row).map(|stored| stored.map(|stored| stored.state())))
        })
        .optional()?;
    // What has no state at all is not as it was read.
    state.map(|state| state?.ok_or(Error::Changed)).transpose()
}

/// Makes all changes, inside a transaction: each row must still be as its change says.
pub(in crate::vault) fn apply(
    connection: &Connection,
    sealer: &Sealer,
    entropy: &dyn Entropy,
    changes: Vec<InboxChange>,
) -> Result<Vec<Option<InboxRevision>>, Error> {
    let mut revisions = Vec::with_capacity(changes.len());
    let mut added = false;
    for change in changes {
        match change {
            InboxChange::Put { id, kind, was, bytes } => {
                if bytes.len() > Inbox::MAX_ROW {
                    return Err(Error::TooLarge { what: "a row of the inbox", limit: Inbox::MAX_ROW });
                }
                if state(connection, id, kind)? != was {
                    return Err(Error::Changed);
                }
                added |= was.is_none();
                let number = was.map_or(0, |was| was.number).saturating_add(1);
                if number > MOST_REVISIONS {
                    return Err(Error::RotateFirst);
                }
                revisions.push(Some(write(connection, sealer, entropy, (id, kind), number, bytes.expose())?));
            }
            InboxChange::Delete { id, kind, was } => {
                if state(connection, id, kind)? != Some(was) {
                    return Err(Error::Changed);
                }
                connection.execute("DELETE FROM inbox WHERE id = ?1 AND kind = ?2", params![id.to_bytes(), kind])?;
                revisions.push(None);
            }
        }
    }
    if added {
        let rows: i64 = connection.query_row("SELECT count(*) FROM inbox", [], |row| row.get(0))?;
        if usize::try_from(rows).map_or(true, |rows| rows > Inbox::MAX_ROWS) {
            return Err(too_many());
        }
    }
    Ok(revisions)
}

fn too_many() -> Error {
    Error::InvalidInput { what: "inbox", reason: "it has more than 10,000 rows" }
}
