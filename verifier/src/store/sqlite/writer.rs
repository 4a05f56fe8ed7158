//! The one thread that writes, and commits together what has gathered.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use countersign_core::time::UnixTime;
use rusqlite::Connection;

use super::schema::Versions;
use super::{ApplyError, StoreError, Transition, change, failed};

/// The most that is committed together: the first of a batch waits for the last.
const BATCH: usize = 256;
const GONE: StoreError = StoreError::Unavailable("its writer has ended");

/// The way to the thread. Dropping it ends the thread once all that was asked is done.
pub(super) struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

struct Job {
    task: Task,
    answer: SyncSender<Answer>,
}

enum Task {
    Apply(Transition),
    SweepRows { now: UnixTime, most: u64 },
    SweepEvents { kept: i64, before: UnixTime, most: u64 },
}

/// How many rows or events were deleted (0 for a transition), or why nothing was done.
type Answer = Result<u64, ApplyError>;

impl Writer {
    pub(super) fn start(connection: Connection, versions: Versions) -> Result<Self, StoreError> {
        let (jobs, waiting) = channel();
        let mut state = State { connection, versions, synced: true };
        let thread = std::thread::Builder::new().name("countersign-writer".into());
        let thread = thread.spawn(move || state.run(&waiting)).map_err(|_| StoreError::Unavailable("no thread"))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
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
        let (answer, answered) = sync_channel(1);
        let jobs = self.jobs.as_ref().ok_or(GONE)?;
        jobs.send(Job { task, answer }).map_err(|_| GONE)?;
        answered.recv().map_err(|_| GONE)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs.take();
        if let Some(thread) = self.thread.take() {
            // Its panic was reported by its own hook, and all who waited have their error.
            let _ended = thread.join();
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
    fn run(&mut self, waiting: &Receiver<Job>) {
        while let Ok(first) = waiting.recv() {
            let mut batch = vec![first];
            batch.extend(waiting.try_iter().take(BATCH - 1));
            let answers = self.commit(&batch);
            match answers {
                Ok(answers) => batch.iter().zip(answers).for_each(|(job, answer)| job.tell(answer)),
                Err(error) => batch.iter().for_each(|job| job.tell(Err(error.into()))),
            }
        }
    }

    /// Does all jobs in one transaction. An error here is everybody's, and nothing was done; those inside are each one's.
    fn commit(&mut self, batch: &[Job]) -> Result<Vec<Answer>, StoreError> {
        let sqlite = |error: rusqlite::Error| failed(&error);
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

    fn tell(&self, answer: Answer) {
        // Whoever asked may have given up.
        let _told = self.answer.send(answer);
    }
}
