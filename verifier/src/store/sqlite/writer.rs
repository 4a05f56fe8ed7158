//! The one connection that writes, and whoever leads: commits what has gathered, for all who wait.
//!
//! Who asks first leads: it commits its own transition at once, without another thread. Who comes while it does so queues
//! up and waits; when the leader is done, the first of the queue leads, with the whole queue as its batch.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_core::time::UnixTime;
use rusqlite::Connection;

use super::schema::Versions;
use super::{ApplyError, StoreError, Transition, change, failed};

/// The most that is committed together: the first of a batch waits for the last.
const BATCH: usize = 256;
const GONE: StoreError = StoreError::Unavailable("its writer has failed");

pub(super) struct Writer {
    waiting: Mutex<Waiting>,
    /// The leader's; there is one at most, so nobody waits for this lock.
    state: Mutex<State>,
}

#[derive(Default)]
struct Waiting {
    led: bool,
    queue: VecDeque<Job>,
}

struct Job {
    task: Task,
    news: SyncSender<News>,
}

enum Task {
    Apply(Transition),
    SweepRows { now: UnixTime, most: u64 },
    SweepEvents { kept: i64, before: UnixTime, most: u64 },
}

/// What somebody who waits is told.
enum News {
    Answer(Answer),
    /// Nobody leads any more: you do. Your job is still the first of the queue.
    Lead,
}

/// How many rows or events were deleted (0 for a transition), or why nothing was done.
type Answer = Result<u64, ApplyError>;

impl Writer {
    pub(super) fn new(connection: Connection, versions: Versions) -> Self {
        let state = State { connection, versions, synced: true };
        Self { waiting: Mutex::default(), state: Mutex::new(state) }
    }

    pub(super) fn apply(&self, transition: &Transition) -> Result<(), ApplyError> {
        self.ask(Task::Apply(transition.clone())).map(drop)
    }

    pub(super) fn sweep_rows(&self, now: UnixTime, most: u64) -> Result<u64, StoreError> {
        self.sweep(Task::SweepRows { now, most })
    }

    pub(super) fn sweep_events(&self, kept: i64, before: UnixTime, most: u64) -> Result<u64, StoreError> {
        self.sweep(Task::SweepEvents { kept, before, most })
    }

    fn sweep(&self, task: Task) -> Result<u64, StoreError> {
        self.ask(task).map_err(|error| match error {
            ApplyError::Store(error) => error,
            ApplyError::Conflict => StoreError::Damaged("a sweep compares nothing"),
        })
    }

    fn ask(&self, task: Task) -> Answer {
        // Room for both kinds of news: telling never blocks.
        let (news, told) = sync_channel(2);
        let leads = {
            let mut waiting = self.waiting();
            waiting.queue.push_back(Job { task, news });
            !std::mem::replace(&mut waiting.led, true)
        };
        if leads {
            self.lead();
        }
        self.wait(&told)
    }

    fn wait(&self, told: &Receiver<News>) -> Answer {
        loop {
            match told.recv() {
                Ok(News::Answer(answer)) => return answer,
                Ok(News::Lead) => self.lead(),
                Err(_) => return Err(GONE.into()),
            }
        }
    }

    /// Commits one batch, in which the leader's own job is the first, and hands the lead on.
    fn lead(&self) {
        let _lead = Lead(self);
        let batch: Vec<Job> = {
            let mut waiting = self.waiting();
            let count = waiting.queue.len().min(BATCH);
            waiting.queue.drain(..count).collect()
        };
        let answers = self.state.lock().unwrap_or_else(PoisonError::into_inner).commit(&batch);
        match answers {
            Ok(answers) => batch.iter().zip(answers).for_each(|(job, answer)| job.tell(News::Answer(answer))),
            Err(error) => batch.iter().for_each(|job| job.tell(News::Answer(Err(error.into())))),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lead is handed on whatever happens to the leader: after a panic those of its batch have their error, since nobody
/// can tell them anything any more, and the others go on.
struct Lead<'a>(&'a Writer);

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        match waiting.queue.front() {
            Some(next) => next.tell(News::Lead),
            None => waiting.led = false,
        }
    }
}

struct State {
    connection: Connection,
    versions: Versions,
    /// Whether the next commit is synced.
    synced: bool,
}

impl State {
    /// Does all jobs in one transaction. An error here is everybody's, and nothing was done; those inside are each one's.
    fn commit(&mut self, batch: &[Job]) -> Result<Vec<Answer>, StoreError> {
        let sqlite = |error: rusqlite::Error| failed(&error);
        if !self.connection.is_autocommit() {
            // A leader that panicked has left its transaction.
            self.connection.execute_batch("ROLLBACK").map_err(sqlite)?;
        }
        self.sync(!batch.iter().all(Job::may_be_lost)).map_err(sqlite)?;
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(sqlite)?;
        let mut answers = Vec::with_capacity(batch.len());
        for job in batch {
            answers.push(self.run_one(job));
            // A full or failing disk makes SQLite roll everything back: what came next would be committed alone.
            if self.connection.is_autocommit() {
                let error = answers.pop().and_then(Result::err);
                return Err(match error {
                    Some(ApplyError::Store(error)) => error,
                    _ => StoreError::Unavailable("SQLite has rolled back"),
                });
            }
        }
        self.connection.execute_batch("COMMIT").map_err(|error| {
            // After some errors SQLite has rolled back by itself, then there is nothing to roll back.
            let _rolled_back = self.connection.execute_batch("ROLLBACK");
            failed(&error)
        })?;
        Ok(answers)
    }

    fn run_one(&mut self, job: &Job) -> Answer {
        match &job.task {
            Task::Apply(transition) => change::apply(&self.connection, &mut self.versions, transition).map(|()| 0),
            Task::SweepRows { now, most } => Ok(change::sweep_rows(&self.connection, *now, *most)?),
            Task::SweepEvents { kept, before, most } => {
                Ok(change::sweep_events(&self.connection, *kept, *before, *most)?)
            }
        }
    }

    /// In WAL, `FULL` syncs the journal at each commit, `NORMAL` only before it is merged.
    fn sync(&mut self, synced: bool) -> rusqlite::Result<()> {
        if self.synced != synced {
            self.connection.pragma_update(None, "synchronous", if synced { "FULL" } else { "NORMAL" })?;
            self.synced = synced;
        }
        Ok(())
    }
}

impl Job {
    fn may_be_lost(&self) -> bool {
        match &self.task {
            Task::Apply(transition) => change::may_be_lost(transition),
            // Whatever is swept is swept again.
            Task::SweepRows { .. } | Task::SweepEvents { .. } => true,
        }
    }

    fn tell(&self, news: News) {
        // Nobody gives up waiting; there is room for two.
        let _told = self.news.try_send(news);
    }
}
