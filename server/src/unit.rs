//! A write: one transaction, who acts, the time, what will be said about it, the work that follows.
//!
//! All writes of a process go through one thread. It takes what is waiting, runs each operation in
//! a savepoint of one transaction, appends the records of all of them under the lock on the log's
//! head, and commits once: the price of a durable commit is shared by those who wait together.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use tokio::sync::{mpsc, oneshot, watch};

use crate::audit::event::{Action, Event, Subject};
use crate::audit::log::{Log, Receipt, Records};
use crate::base::db::{Access, DbError, connect, sql};
use crate::base::{Actor, Clock, DepartmentId, Job, Timestamp, UnitId};

/// Most operations in one transaction.
const BATCH_MAX: usize = 128;
/// Most operations that wait; beyond, callers wait for a place.
const QUEUE_MAX: usize = 1024;

/// The database: one way to read it, one way to write it.
#[derive(Debug, Clone)]
pub struct Db {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    reader: DatabaseConnection,
    queue: mpsc::Sender<Box<dyn Work>>,
    clock: Arc<dyn Clock>,
    head: watch::Receiver<Option<u64>>,
    frozen: AtomicBool,
    thread: std::sync::Mutex<Option<std::thread::JoinHandle<()>>>,
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
#[derive(Debug)]
pub struct Unit {
    tx: DatabaseTransaction,
    actor: Actor,
    now: Timestamp,
    id: UnitId,
    touched: Vec<Subject>,
    events: Vec<Event>,
    jobs: Vec<Job>,
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
    pub const fn tx(&self) -> &DatabaseTransaction {
        &self.tx
    }

    /// Called by rows after each write of an entity: the next event will carry it.
    pub fn changed(&mut self, subject: Subject) {
        self.touched.push(subject);
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
        let subjects = std::mem::take(&mut self.touched);
        self.events.push(Event {
            action,
            department,
            subjects,
            context,
        });
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
        let writer_url = url.to_owned();
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
        let reader = connect(url, Access::Read { connections_max }).await?;
        let thread = std::sync::Mutex::new(Some(thread));
        Ok(Self {
            shared: Arc::new(Shared {
                reader,
                queue,
                clock,
                head,
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

    /// The clock that units are stamped with.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
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

/// The thread's own things.
struct Writer {
    log: Log,
    clock: Arc<dyn Clock>,
    announce: watch::Sender<Option<u64>>,
}

type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;
type Reply = Box<dyn FnOnce(Result<Receipt, DbError>)>;

/// An operation that ran well and waits for the commit.
struct Waiting {
    records: Option<Records>,
    reply: Reply,
}

/// How an operation left the transaction.
enum Outcome {
    /// It waits for the commit.
    Waiting(Waiting),
    /// It failed and was undone; the caller knows.
    Undone,
    /// The transaction itself is beyond use.
    Broken(DbError),
    /// The thread shall end.
    Stop,
}

trait Work: Send {
    fn run<'a>(
        self: Box<Self>,
        tx: &'a DatabaseTransaction,
        log: &'a mut Log,
        now: Timestamp,
    ) -> Local<'a, Outcome>;
    fn fail(self: Box<Self>, error: DbError);
    fn is_stop(&self) -> bool {
        false
    }
}

struct Stop {
    reply: oneshot::Sender<()>,
}

impl Work for Stop {
    fn run<'a>(
        self: Box<Self>,
        _tx: &'a DatabaseTransaction,
        _log: &'a mut Log,
        _now: Timestamp,
    ) -> Local<'a, Outcome> {
        Box::pin(async move {
            done(self.reply);
            Outcome::Stop
        })
    }

    fn fail(self: Box<Self>, _error: DbError) {
        done(self.reply);
    }

    fn is_stop(&self) -> bool {
        true
    }
}

struct Operation<F, T, E> {
    op: F,
    actor: Actor,
    rule: Rule,
    reply: oneshot::Sender<Result<Written<T>, E>>,
}

impl<F, T, E> Work for Operation<F, T, E>
where
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
    F: AsyncFnOnce(&mut Unit) -> Result<T, E> + Send + 'static,
{
    fn run<'a>(
        self: Box<Self>,
        tx: &'a DatabaseTransaction,
        log: &'a mut Log,
        now: Timestamp,
    ) -> Local<'a, Outcome> {
        Box::pin(async move {
            let Self {
                op,
                actor,
                rule,
                reply,
            } = *self;
            let tx = match savepoint(tx).await {
                Ok(savepoint) => savepoint,
                Err(error) => {
                    drop(reply.send(Err(error.clone().into())));
                    return Outcome::Broken(error);
                }
            };
            let (touched, events, jobs) = (Vec::new(), Vec::new(), Vec::new());
            let mut unit = Unit {
                tx,
                actor,
                now,
                id: UnitId::new(),
                touched,
                events,
                jobs,
            };
            let ran = std::panic::AssertUnwindSafe(op(&mut unit))
                .catch_unwind()
                .await;
            let ran = ran.unwrap_or_else(|_panic| Err(DbError::GivenUp.into()));
            match ran {
                Ok(value) => keep(unit, log, rule, value, reply).await,
                Err(error) => undo(unit.tx, reply, error).await,
            }
        })
    }

    fn fail(self: Box<Self>, error: DbError) {
        drop(self.reply.send(Err(error.into())));
    }
}

async fn undo<T, E>(
    savepoint: DatabaseTransaction,
    reply: oneshot::Sender<Result<Written<T>, E>>,
    error: E,
) -> Outcome {
    let undone = savepoint.rollback().await;
    drop(reply.send(Err(error)));
    match undone {
        Ok(()) => Outcome::Undone,
        Err(source) => Outcome::Broken(source.into()),
    }
}

async fn keep<T, E>(
    unit: Unit,
    log: &mut Log,
    rule: Rule,
    value: T,
    reply: oneshot::Sender<Result<Written<T>, E>>,
) -> Outcome
where
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    let Unit {
        tx,
        actor,
        now,
        id,
        touched,
        events,
        jobs,
    } = unit;
    // A silent change is a bug of ours: fail closed.
    let silent = !touched.is_empty() || (rule == Rule::Recorded && events.is_empty());
    if silent {
        return undo(tx, reply, DbError::Unaudited.into()).await;
    }
    let records = (!events.is_empty()).then_some(Records {
        actor,
        now,
        unit: id,
        events,
    });
    // What can be wrong with this unit alone is found out here, where it can be undone alone.
    let admitted = match &records {
        Some(records) => log.admit(&tx, records).await,
        None => Ok(()),
    };
    if let Err(error) = admitted {
        return undo(tx, reply, error.into()).await;
    }
    if let Err(error) = append_jobs(&tx, now, &jobs).await {
        return undo(tx, reply, error.into()).await;
    }
    if let Err(source) = tx.commit().await {
        let error = DbError::from(source);
        drop(reply.send(Err(error.clone().into())));
        return Outcome::Broken(error);
    }
    let reply: Reply = Box::new(move |receipt| {
        let answer = receipt
            .map(|receipt| Written { value, receipt })
            .map_err(E::from);
        drop(reply.send(answer));
    });
    Outcome::Waiting(Waiting { records, reply })
}

async fn append_jobs(
    tx: &DatabaseTransaction,
    now: Timestamp,
    jobs: &[Job],
) -> Result<(), DbError> {
    for job in jobs {
        // The same work twice is one row; a row that failed for good is given a new chance.
        let text = "INSERT INTO job (id, kind, subject, created_at, due_at, attempts, claimed_until) \
                    VALUES ($1, $2, $3, $4, $4, 0, 0) ON CONFLICT (kind, subject) \
                    DO UPDATE SET due_at = excluded.due_at, attempts = 0, failed_at = NULL";
        let values = [
            UnitId::new().raw().into(),
            job.kind().code().into(),
            job.subject().into(),
            now.micros().into(),
        ];
        tx.execute_raw(sql(tx, text, values)).await?;
    }
    Ok(())
}

/// Tells whoever waits; if nobody does any more, that is their choice.
fn done(waiting: oneshot::Sender<()>) {
    if waiting.send(()).is_err() {
        tracing::debug!("nobody waits for the end");
    }
}

fn report(ready: oneshot::Sender<Result<(), DbError>>, opened: Result<(), DbError>) {
    if ready.send(opened).is_err() {
        tracing::debug!("nobody waits for the database any more");
    }
}

async fn write_all(
    url: &str,
    mut writer: Writer,
    mut queue: mpsc::Receiver<Box<dyn Work>>,
    ready: oneshot::Sender<Result<(), DbError>>,
) {
    let connection = match connect(url, Access::Write).await {
        Ok(connection) => connection,
        Err(error) => {
            report(ready, Err(error));
            return;
        }
    };
    match writer.log.last(&connection).await {
        Ok(last) => writer.announce.send_modify(|head| *head = last),
        Err(error) => {
            report(ready, Err(error));
            return;
        }
    }
    report(ready, Ok(()));
    let mut connection = connection;
    while let Some(first) = queue.recv().await {
        match writer.batch(&connection, first, &mut queue).await {
            After::Next => {}
            After::Renew => connection = renew(url, connection).await,
            After::End => break,
        }
    }
    queue.close();
    while let Some(work) = queue.recv().await {
        work.fail(DbError::GivenUp);
    }
    drop(connection.close().await);
}

/// What becomes of the connection after a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// It takes the next batch.
    Next,
    /// Nobody knows how it stands: it is replaced.
    Renew,
    /// The thread ends.
    End,
}

/// A connection in the place of one that failed. SQLite ends a transaction by itself when the disk
/// is full or fails; the driver still counts it as open and would refuse every later one.
async fn renew(url: &str, failed: DatabaseConnection) -> DatabaseConnection {
    drop(failed.close_by_ref().await);
    match connect(url, Access::Write).await {
        Ok(connection) => connection,
        Err(error) => {
            // The closed one fails at once, and the next batch comes here again.
            tracing::error!(error = %error, "the database cannot be written to");
            failed
        }
    }
}

impl Writer {
    /// Runs `first` and what waits behind it in one transaction.
    async fn batch(
        &mut self,
        connection: &DatabaseConnection,
        first: Box<dyn Work>,
        queue: &mut mpsc::Receiver<Box<dyn Work>>,
    ) -> After {
        let stop = first.is_stop();
        let tx = match begin(connection).await {
            Ok(tx) => tx,
            Err(error) => {
                first.fail(error);
                return if stop { After::End } else { After::Renew };
            }
        };
        let mut waiting: Vec<Waiting> = Vec::new();
        let mut next = Some(first);
        let mut ends = false;
        while let Some(work) = next.take() {
            match work.run(&tx, &mut self.log, self.clock.now()).await {
                Outcome::Waiting(one) => waiting.push(one),
                Outcome::Undone => {}
                Outcome::Stop => {
                    ends = true;
                    break;
                }
                Outcome::Broken(error) => {
                    drop(tx);
                    self.log.forget();
                    for one in waiting {
                        (one.reply)(Err(error.clone()));
                    }
                    return After::Renew;
                }
            }
            if waiting.len() < BATCH_MAX {
                next = queue.try_recv().ok();
            }
        }
        let sound = self.commit(tx, waiting).await;
        match (ends, sound) {
            (true, _) => After::End,
            (false, true) => After::Next,
            (false, false) => After::Renew,
        }
    }

    /// Appends the records of the batch, commits, and answers everyone. False when the connection
    /// is not to be trusted any more.
    async fn commit(&mut self, tx: DatabaseTransaction, waiting: Vec<Waiting>) -> bool {
        if waiting.is_empty() {
            return tx.rollback().await.is_ok();
        }
        let mut sound = true;
        let (records, replies): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .map(|one| (one.records, one.reply))
            .unzip();
        let appended = match self.log.append(&tx, self.clock.now(), records).await {
            Ok(appended) => match tx.commit().await {
                Ok(()) => Ok(appended),
                // After a lost connection nobody knows whether it was written: the caller repeats
                // with the same Idempotency-Key.
                Err(source) => {
                    sound = false;
                    Err(DbError::from(source))
                }
            },
            Err(error) => {
                sound = tx.rollback().await.is_ok();
                Err(error)
            }
        };
        match appended {
            Ok(appended) => {
                self.log.settle(&appended);
                if let Some(last) = appended.last {
                    self.announce.send_modify(|head| *head = Some(last));
                }
                for (reply, receipt) in replies.into_iter().zip(appended.receipts) {
                    reply(Ok(receipt));
                }
            }
            Err(error) => {
                self.log.forget();
                tracing::error!(error = %error, cause = ?error, "a batch of writes was not committed");
                for reply in replies {
                    reply(Err(error.clone()));
                }
            }
        }
        sound
    }
}

/// An operation that fails is undone alone.
#[expect(
    clippy::disallowed_methods,
    reason = "a savepoint of the one transaction"
)]
async fn savepoint(tx: &DatabaseTransaction) -> Result<DatabaseTransaction, DbError> {
    Ok(tx.begin().await?)
}

async fn begin(connection: &DatabaseConnection) -> Result<DatabaseTransaction, DbError> {
    let immediate = TransactionOptions {
        sqlite_transaction_mode: (connection.get_database_backend() == DbBackend::Sqlite)
            .then_some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    Ok(connection.begin_with_options(immediate).await?)
}
