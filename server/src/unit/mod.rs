//! A write: one transaction, who acts, the time, what will be said about it, the work that follows.
//!
//! All writes of a process go through one thread. It takes what is waiting, runs each operation in
//! a savepoint of one transaction, appends the records of all of them under the lock on the log's
//! head, and commits once: the price of a durable commit is shared by those who wait together.

mod calls;
mod rush;
mod savepoint;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sea_orm::{DatabaseConnection, DatabaseTransaction};
use storage::{KeyDomain, Kms};
use tokio::sync::{mpsc, oneshot, watch};

use self::calls::Calls;
use self::rush::{HOLDS, Rush};
use self::savepoint::Savepoint;
use self::writer::{Operation, Stop, Work, Writer, report, write_all};
use crate::audit::Target;
use crate::audit::event::{Action, Event, Subject};
use crate::audit::log::{Log, Receipt};
use crate::base::db::{Access, DbError, connect};
use crate::base::{Actor, Clock, DepartmentId, Job, JobKind, Timestamp, UnitId};
use crate::http::metrics::DatabaseCounts;

/// Most operations that wait; beyond, callers wait for a place.
const QUEUE_MAX: usize = 1024;
/// How often it is looked whether a rush is over.
const LULL: Duration = Duration::from_millis(10);
/// Most erased openings that one record names: so many fit into it for sure.
const TARGETS_MAX: usize = 100;

/// The database: one way to read it, one way to write it.
#[derive(Debug, Clone)]
pub struct Db {
    shared: Arc<Shared>,
}

struct Shared {
    reader: DatabaseConnection,
    queue: mpsc::Sender<Box<dyn Work>>,
    clock: Arc<dyn Clock>,
    kms: Arc<dyn Kms>,
    head: watch::Receiver<Option<u64>>,
    calls: Calls,
    rush: Rush,
    counted: DatabaseCounts,
    frozen: AtomicBool,
    thread: std::sync::Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("reader", &self.reader)
            .finish_non_exhaustive()
    }
}

/// What an operation gave, and the receipt of what was recorded about it.
#[derive(Debug, Clone)]
pub struct Written<T> {
    /// What the operation returned.
    pub value: T,
    /// The last record of the unit.
    pub receipt: Receipt,
}

/// One unit of work, while it runs.
pub struct Unit {
    tx: Arc<DatabaseTransaction>,
    actor: Actor,
    now: Timestamp,
    id: UnitId,
    kms: Arc<dyn Kms>,
    touched: Vec<Subject>,
    followed: Vec<Subject>,
    events: Vec<Event>,
    jobs: Vec<Job>,
}

impl std::fmt::Debug for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unit")
            .field("id", &self.id)
            .field("actor", &self.actor)
            .finish_non_exhaustive()
    }
}

impl Unit {
    /// Who acts.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The time of this unit.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The unit's own id; stands in each of its records.
    #[must_use]
    pub const fn id(&self) -> UnitId {
        self.id
    }

    /// The transaction, for the rows of a feature.
    #[must_use]
    pub fn tx(&self) -> &DatabaseTransaction {
        &self.tx
    }

    /// Refuses a key domain without a key: nothing may be put into it.
    pub fn require_key(&self, domain: &KeyDomain) -> Result<(), DbError> {
        Ok(self.kms.active_kek(domain).map(drop)?)
    }

    /// Who holds the wrapping keys.
    #[must_use]
    pub fn kms(&self) -> Arc<dyn Kms> {
        Arc::clone(&self.kms)
    }

    /// Called by rows after each write of an entity: the next event will carry it.
    pub fn changed(&mut self, subject: Subject) {
        self.touched.push(subject);
    }

    /// Called by rows for what changed because something else did: it gets a record of its own, of the
    /// same action, before that of the other.
    pub fn followed(&mut self, subject: Subject) {
        self.followed.push(subject);
    }

    /// Says what was done to everything changed since the last event.
    pub fn record(&mut self, action: Action, department: Option<DepartmentId>) {
        self.record_with(action, department, None);
    }

    /// Like [`Unit::record`], with what else belongs to it (JCS).
    pub fn record_with(
        &mut self,
        action: Action,
        department: Option<DepartmentId>,
        context: Option<Vec<u8>>,
    ) {
        for subject in std::mem::take(&mut self.followed) {
            self.events.push(Event {
                action,
                department,
                subjects: vec![subject],
                context: context.clone(),
                targets: Vec::new(),
            });
        }
        let subjects = std::mem::take(&mut self.touched);
        self.events.push(Event {
            action,
            department,
            subjects,
            context,
            targets: Vec::new(),
        });
    }

    /// Says which openings of the log this unit has erased: in as many records as it takes.
    pub fn erased(&mut self, targets: &[Target], department: Option<DepartmentId>) {
        for some in targets.chunks(TARGETS_MAX) {
            self.events.push(Event {
                action: Action::PrivacyErase,
                department,
                subjects: Vec::new(),
                context: None,
                targets: some.to_vec(),
            });
        }
    }

    /// Runs a part of this unit that may be refused by itself: then what it did is undone, and the unit goes on.
    pub async fn attempt<T, E: From<DbError>>(
        &mut self,
        part: impl AsyncFnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        Savepoint::Part.begin(&self.tx).await?;
        // What waits to be recorded is none of its business.
        let touched = std::mem::take(&mut self.touched);
        let followed = std::mem::take(&mut self.followed);
        let (events, jobs) = (self.events.len(), self.jobs.len());
        let done = part(self).await;
        match done {
            Ok(value) => {
                Savepoint::Part.release(&self.tx).await?;
                drop(self.touched.splice(..0, touched));
                drop(self.followed.splice(..0, followed));
                Ok(value)
            }
            Err(error) => {
                Savepoint::Part.undo(&self.tx).await?;
                (self.touched, self.followed) = (touched, followed);
                self.events.truncate(events);
                self.jobs.truncate(jobs);
                Err(error)
            }
        }
    }

    /// Leaves work behind, in the same transaction.
    pub fn enqueue(&mut self, job: Job) {
        self.jobs.push(job);
    }
}

/// Whether an operation must say what it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Changes of state: no commit without a record.
    Recorded,
    /// Claims of jobs, saved answers, the access log: rows that are no evidence.
    Housekeeping,
}

impl Db {
    /// Opens the database, to read through up to `connections_max` connections, and starts the
    /// thread that writes.
    pub async fn open(
        url: &str,
        connections_max: u32,
        log: Log,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, DbError> {
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let (ready, opened) = oneshot::channel();
        let (announce, head) = watch::channel(None);
        let (writer_url, kms) = (url.to_owned(), log.kms());
        let calls = Calls::new();
        let called = calls.clone();
        let counted = DatabaseCounts::default();
        let counting = counted.clone();
        let writer_clock = Arc::clone(&clock);
        let writer = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            match runtime {
                Ok(runtime) => runtime.block_on(write_all(
                    &writer_url,
                    Writer {
                        log,
                        clock: writer_clock,
                        announce,
                        calls: called,
                        counted: counting,
                    },
                    waiting,
                    ready,
                )),
                Err(_source) => report(ready, Err(DbError::GivenUp)),
            }
        };
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(writer)
            .map_err(|_source| DbError::GivenUp)?;
        opened.await.map_err(|_closed| DbError::GivenUp)??;
        let mut reader = connect(url, Access::Read { connections_max }).await?;
        let queries = counted.queries.clone();
        reader.set_metric_callback(move |_query| {
            queries.inc();
        });
        let thread = std::sync::Mutex::new(Some(thread));
        Ok(Self {
            shared: Arc::new(Shared {
                reader,
                queue,
                clock,
                kms,
                head,
                calls,
                rush: Rush::default(),
                counted,
                frozen: AtomicBool::new(false),
                thread,
            }),
        })
    }

    /// For reading. The connection cannot write.
    #[must_use]
    pub fn read(&self) -> &DatabaseConnection {
        &self.shared.reader
    }

    /// What was counted since it was opened.
    #[must_use]
    pub fn counted(&self) -> &DatabaseCounts {
        &self.shared.counted
    }

    /// The clock that units are stamped with.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Who holds the wrapping keys.
    #[must_use]
    pub fn kms(&self) -> &dyn Kms {
        self.shared.kms.as_ref()
    }

    /// Refuses every change from now on: the log in the database is not the log that was signed.
    pub fn freeze(&self) {
        self.shared.frozen.store(true, Ordering::SeqCst);
    }

    /// Follows the number of the last record that this process has committed.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<Option<u64>> {
        self.shared.head.clone()
    }

    /// Follows how often this process has left work of a kind behind. What others leave, and what is due later, is
    /// told by nobody.
    #[must_use]
    pub fn work(&self, kind: JobKind) -> watch::Receiver<u64> {
        self.shared.calls.follow(kind)
    }

    /// Returns when no rush has just begun, after a second at the latest: for what nobody waits for.
    pub async fn after_rush(&self) {
        let began = Instant::now();
        while self.shared.rush.holds(Instant::now()) && began.elapsed() < HOLDS {
            tokio::time::sleep(LULL).await;
        }
    }

    /// Runs `operation` as one unit of work, and returns when it is durable.
    ///
    /// An error of the operation rolls back what it did. A caller that goes away does not stop it.
    pub async fn write<T, E, F>(&self, actor: &Actor, operation: F) -> Result<Written<T>, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
        F: AsyncFnOnce(&mut Unit) -> Result<T, E> + Send + 'static,
    {
        self.submit(actor, Rule::Recorded, operation).await
    }

    /// Like [`Db::write`], for rows that are no evidence: nothing is recorded.
    pub async fn keep_house<T, E, F>(&self, operation: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
        F: AsyncFnOnce(&mut Unit) -> Result<T, E> + Send + 'static,
    {
        let written = self
            .submit(&Actor::system(), Rule::Housekeeping, operation)
            .await?;
        Ok(written.value)
    }

    async fn submit<T, E, F>(&self, actor: &Actor, rule: Rule, op: F) -> Result<Written<T>, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
        F: AsyncFnOnce(&mut Unit) -> Result<T, E> + Send + 'static,
    {
        if rule == Rule::Recorded && self.shared.frozen.load(Ordering::SeqCst) {
            let why = "the database was set back or forked; no change is taken";
            return Err(DbError::Log(why).into());
        }
        if rule == Rule::Recorded && actor.request.is_some() {
            self.shared.rush.note(Instant::now());
        }
        let (reply, answer) = oneshot::channel();
        let work = Box::new(Operation {
            op,
            actor: actor.clone(),
            rule,
            reply,
        });
        if self.shared.queue.send(work).await.is_err() {
            return Err(DbError::GivenUp.into());
        }
        answer
            .await
            .unwrap_or_else(|_closed| Err(DbError::GivenUp.into()))
    }

    /// Ends the writing thread after what is queued. Later writes are given up.
    pub async fn close(self) {
        let thread = self
            .shared
            .thread
            .lock()
            .ok()
            .and_then(|mut slot| slot.take());
        let (reply, ended) = oneshot::channel();
        drop(self.shared.queue.send(Box::new(Stop { reply })).await);
        drop(ended.await);
        if let Some(thread) = thread {
            drop(tokio::task::spawn_blocking(move || thread.join()).await);
        }
    }
}
