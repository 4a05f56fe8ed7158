//! One attempt at a rule: what it reads, what it will write, made in one transition.

use countersign_core::time::UnixTime;

use crate::error::Error;
use crate::records::Record;
use crate::store::{Actor, ApplyError, Event, Key, Kind, Outcome, Store, Transition, Version, What, Write};
use countersign_core::push::native::messages::EnrollmentId;

/// How often a rule is begun again when others were faster. Each conflict means that somebody else got on.
const ATTEMPTS: usize = 64;

struct Touched {
    key: Key,
    read: Option<Version>,
    bytes: Option<Vec<u8>>,
    write: Option<(Option<String>, Option<UnixTime>)>,
}

/// Rows that were read and are to be written.
pub(crate) struct Work<'a> {
    store: &'a dyn Store,
    rows: Vec<Touched>,
    events: Vec<Event>,
    erase: Option<String>,
}

/// Runs a rule until its transition is made. What the rule refuses is an `Err` inside; its transition is made all the same
/// (a wrong code is counted).
pub(crate) fn attempt<T, E: From<Error>>(
    store: &dyn Store,
    rule: impl Fn(&mut Work<'_>) -> Result<Result<T, E>, Error>,
) -> Result<T, E> {
    for _ in 0..ATTEMPTS {
        let mut work = Work { store, rows: Vec::new(), events: Vec::new(), erase: None };
        let outcome = rule(&mut work)?;
        match work.commit() {
            Ok(()) => return outcome,
            Err(ApplyError::Conflict) => {}
            Err(ApplyError::Store(error)) => return Err(Error::Store(error).into()),
        }
    }
    Err(Error::Contended.into())
}

impl Work<'_> {
    /// A row, as it is or as this attempt will write it.
    pub(crate) fn load<R: Record>(&mut self, id: &[u8]) -> Result<Option<R>, Error> {
        let at = self.touch(R::KIND, id)?;
        let bytes = self.rows.get(at).and_then(|row| row.bytes.as_ref());
        Ok(bytes.map(|bytes| R::from_bytes(bytes)).transpose()?)
    }

    /// The bytes of a row that writes itself.
    pub(crate) fn bytes(&mut self, kind: Kind, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let at = self.touch(kind, id)?;
        Ok(self.rows.get(at).and_then(|row| row.bytes.clone()))
    }

    /// Whether there is such a row.
    pub(crate) fn has(&mut self, kind: Kind, id: &[u8]) -> Result<bool, Error> {
        let at = self.touch(kind, id)?;
        Ok(self.rows.get(at).is_some_and(|row| row.bytes.is_some()))
    }

    /// Writes a row that belongs to an account.
    pub(crate) fn save<R: Record>(
        &mut self,
        id: &[u8],
        record: &R,
        account: &str,
        expires: Option<UnixTime>,
    ) -> Result<(), Error> {
        self.put(R::KIND, id, record.to_bytes(), Some(account), expires)
    }

    /// Writes a row.
    pub(crate) fn put(
        &mut self,
        kind: Kind,
        id: &[u8],
        bytes: Vec<u8>,
        account: Option<&str>,
        expires: Option<UnixTime>,
    ) -> Result<(), Error> {
        let at = self.touch(kind, id)?;
        if let Some(row) = self.rows.get_mut(at) {
            row.bytes = Some(bytes);
            row.write = Some((account.map(str::to_owned), expires));
        }
        Ok(())
    }

    fn touch(&mut self, kind: Kind, id: &[u8]) -> Result<usize, Error> {
        if let Some(at) = self.rows.iter().position(|row| row.key.kind == kind && row.key.id == id) {
            return Ok(at);
        }
        let key = Key::new(kind, id);
        let row = self.store.get(&key)?;
        let (read, bytes) = row.map_or((None, None), |row| (Some(row.version), Some(row.bytes)));
        self.rows.push(Touched { key, read, bytes, write: None });
        Ok(self.rows.len().saturating_sub(1))
    }

    /// Appends an event of an account.
    pub(crate) fn tell(
        &mut self,
        now: UnixTime,
        actor: Actor,
        account: &str,
        enrollment: Option<&EnrollmentId>,
        what: What,
        outcome: Outcome,
    ) {
        let (account, enrollment) = (Some(account.to_owned()), enrollment.cloned());
        self.events.push(Event { at: now, actor, account, enrollment, what, outcome });
    }

    /// Appends an event of the verifier itself.
    pub(crate) fn tell_server(&mut self, now: UnixTime, what: What) {
        let event =
            Event { at: now, actor: Actor::Operator, account: None, enrollment: None, what, outcome: Outcome::Done };
        self.events.push(event);
    }

    /// Erases an account's rows and events.
    pub(crate) fn erase(&mut self, account: &str) {
        self.erase = Some(account.to_owned());
    }

    fn commit(self) -> Result<(), ApplyError> {
        let mut transition =
            Transition { unchanged: Vec::new(), writes: Vec::new(), erase: self.erase, events: self.events };
        for row in self.rows {
            match row.write {
                None => transition.unchanged.push((row.key, row.read)),
                Some((account, expires)) => {
                    transition.writes.push(Write { key: row.key, read: row.read, bytes: row.bytes, account, expires });
                }
            }
        }
        if transition.is_empty() { Ok(()) } else { self.store.apply(&transition) }
    }
}
