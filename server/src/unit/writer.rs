//! The thread that writes: what waits becomes one transaction, its records come last, one commit.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use tokio::sync::{mpsc, oneshot, watch};

use super::calls::{Calls, Left};
use super::savepoint::Savepoint;
use super::{Rule, Unit, Written};
use crate::audit::log::{Log, Receipt, Records};
use crate::base::db::{Access, DbError, connect};
use crate::base::insert::{Told, in_turn};
use crate::base::{Actor, Clock, Job, Timestamp, UnitId};
use crate::http::metrics::DatabaseCounts;

/// Most operations in one transaction, given up ones too.
const BATCH_MAX: usize = 128;
/// How long a transaction takes in what waits: whoever was written waits no longer for what others do.
const BATCH_TIME_MAX: Duration = Duration::from_millis(50);

/// The thread's own things.
pub(super) struct Writer {
    pub(super) log: Log,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) announce: watch::Sender<Option<u64>>,
    pub(super) calls: Calls,
    pub(super) counted: DatabaseCounts,
}

pub(super) type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;
pub(super) type Reply = Box<dyn FnOnce(Result<Receipt, DbError>)>;

/// An operation that ran well and waits for the commit.
pub(super) struct Waiting {
    records: Option<Records>,
    left: Left,
    reply: Reply,
}

/// How an operation left the transaction.
#[expect(
    clippy::large_enum_variant,
    reason = "made and taken apart in one breath"
)]
pub(super) enum Outcome {
    /// It waits for the commit.
    Waiting(Waiting),
    /// It failed and was undone; the caller knows.
    Undone,
    /// It failed and is undone with the transaction, in which it is the first; the caller knows.
    UndoneWithAll,
    /// The transaction itself is beyond use.
    Broken(DbError),
    /// The thread shall end.
    Stop,
}

/// Where an operation comes in its transaction. The first relies on itself: an operation that went on after the
/// database failed, outside of [`Unit::attempt`], would not be found out, where SQLite has ended the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    First,
    Later,
}

pub(super) trait Work: Send {
    /// Runs it. The first in a transaction needs no savepoint: with it all is undone.
    fn run<'a>(
        self: Box<Self>,
        tx: &'a Arc<DatabaseTransaction>,
        log: &'a mut Log,
        now: Timestamp,
        place: Place,
    ) -> Local<'a, Outcome>;
    fn fail(self: Box<Self>, error: DbError);
    fn is_stop(&self) -> bool {
        false
    }
}

pub(super) struct Stop {
    pub(super) reply: oneshot::Sender<()>,
}

impl Work for Stop {
    fn run<'a>(
        self: Box<Self>,
        _tx: &'a Arc<DatabaseTransaction>,
        _log: &'a mut Log,
        _now: Timestamp,
        _place: Place,
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

pub(super) struct Operation<F, T, E> {
    pub(super) op: F,
    pub(super) actor: Actor,
    pub(super) rule: Rule,
    pub(super) reply: oneshot::Sender<Result<Written<T>, E>>,
}

impl<F, T, E> Work for Operation<F, T, E>
where
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
    F: AsyncFnOnce(&mut Unit) -> Result<T, E> + Send + 'static,
{
    fn run<'a>(
        self: Box<Self>,
        tx: &'a Arc<DatabaseTransaction>,
        log: &'a mut Log,
        now: Timestamp,
        place: Place,
    ) -> Local<'a, Outcome> {
        Box::pin(async move {
            let Self {
                op,
                actor,
                rule,
                reply,
            } = *self;
            if place == Place::Later
                && let Err(error) = Savepoint::Unit.begin(tx).await
            {
                drop(reply.send(Err(error.clone().into())));
                return Outcome::Broken(error);
            }
            let (touched, events, jobs) = (Vec::new(), Vec::new(), Vec::new());
            let mut unit = Unit {
                tx: Arc::clone(tx),
                actor,
                now,
                id: UnitId::new(),
                kms: log.kms(),
                touched,
                followed: Vec::new(),
                events,
                jobs,
            };
            let ran = std::panic::AssertUnwindSafe(op(&mut unit))
                .catch_unwind()
                .await;
            let ran = ran.unwrap_or_else(|_panic| Err(DbError::GivenUp.into()));
            match ran {
                Ok(value) => keep((unit, place), log, rule, value, reply).await,
                Err(error) => undo((&unit.tx, place), reply, error).await,
            }
        })
    }

    fn fail(self: Box<Self>, error: DbError) {
        drop(self.reply.send(Err(error.into())));
    }
}

async fn undo<T, E>(
    (tx, place): (&DatabaseTransaction, Place),
    reply: oneshot::Sender<Result<Written<T>, E>>,
    error: E,
) -> Outcome {
    if place == Place::First {
        drop(reply.send(Err(error)));
        return Outcome::UndoneWithAll;
    }
    let undone = Savepoint::Unit.undo(tx).await;
    drop(reply.send(Err(error)));
    match undone {
        Ok(()) => Outcome::Undone,
        Err(error) => Outcome::Broken(error),
    }
}

async fn keep<T, E>(
    (unit, place): (Unit, Place),
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
        kms: _,
        touched,
        followed,
        events,
        jobs,
    } = unit;
    // A silent change is a bug of ours: fail closed.
    let silent = !touched.is_empty()
        || !followed.is_empty()
        || (rule == Rule::Recorded && events.is_empty());
    if silent {
        return undo((&tx, place), reply, DbError::Unaudited.into()).await;
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
        return undo((&tx, place), reply, error.into()).await;
    }
    let mut last: Vec<Told> = jobs.iter().map(|job| row_of(job, now)).collect();
    if place == Place::Later {
        last.push((Savepoint::Unit.ends(), Vec::new()));
    }
    if let Err(error) = in_turn(&tx, last).await {
        return undo((&tx, place), reply, error.into()).await;
    }
    let reply: Reply = Box::new(move |receipt| {
        let answer = receipt
            .map(|receipt| Written { value, receipt })
            .map_err(E::from);
        drop(reply.send(answer));
    });
    let left = Left::by(&jobs);
    Outcome::Waiting(Waiting {
        records,
        left,
        reply,
    })
}

/// What puts a job into its table.
fn row_of(job: &Job, now: Timestamp) -> Told {
    // The same work twice is one row; a row that failed for good is given a new chance.
    let text = "INSERT INTO job (id, kind, subject, created_at, due_at, attempts, claimed_until) \
                VALUES ($1, $2, $3, $4, $5, 0, 0) ON CONFLICT (kind, subject) \
                DO UPDATE SET due_at = excluded.due_at, attempts = 0, failed_at = NULL";
    let values = vec![
        UnitId::new().raw().into(),
        job.kind().code().into(),
        job.subject().into(),
        now.micros().into(),
        now.micros().into(),
    ];
    (text, values)
}

/// Tells whoever waits; if nobody does any more, that is their choice.
fn done(waiting: oneshot::Sender<()>) {
    if waiting.send(()).is_err() {
        tracing::debug!("nobody waits for the end");
    }
}

pub(super) fn report(ready: oneshot::Sender<Result<(), DbError>>, opened: Result<(), DbError>) {
    if ready.send(opened).is_err() {
        tracing::debug!("nobody waits for the database any more");
    }
}

pub(super) async fn write_all(
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
            Ok(tx) => Arc::new(tx),
            Err(error) => {
                first.fail(error);
                return if stop { After::End } else { After::Renew };
            }
        };
        let mut waiting: Vec<Waiting> = Vec::new();
        let mut next = Some(first);
        let mut ends = false;
        let (began, mut ran) = (Instant::now(), 0);
        while let Some(work) = next.take() {
            let place = if ran == 0 { Place::First } else { Place::Later };
            ran += 1;
            let now = self.clock.now();
            match work.run(&tx, &mut self.log, now, place).await {
                Outcome::Waiting(one) => waiting.push(one),
                Outcome::Undone => {}
                // Whoever waits behind it gets a transaction of his own.
                Outcome::UndoneWithAll => break,
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
            // What is given up is answered at once and may come again at once: it counts too, or the
            // others would wait for their commit as long as it comes.
            if ran < BATCH_MAX && began.elapsed() < BATCH_TIME_MAX {
                next = queue.try_recv().ok();
            }
        }
        // No unit is left that could hold it.
        let sound = match Arc::into_inner(tx) {
            Some(tx) => self.commit(tx, waiting).await,
            None => false,
        };
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
            self.log.unread();
            return tx.rollback().await.is_ok();
        }
        let mut sound = true;
        let all = waiting.iter().map(|one| one.left);
        let left = all.fold(Left::default(), Left::and);
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
                let units = u64::try_from(replies.len()).unwrap_or(u64::MAX);
                self.counted.units.inc_by(units);
                self.counted.commits.inc();
                self.log.settle(&appended);
                if let Some(last) = appended.last {
                    self.announce.send_modify(|head| *head = Some(last));
                }
                self.calls.call(left);
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

async fn begin(connection: &DatabaseConnection) -> Result<DatabaseTransaction, DbError> {
    let immediate = TransactionOptions {
        sqlite_transaction_mode: (connection.get_database_backend() == DbBackend::Sqlite)
            .then_some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    Ok(connection.begin_with_options(immediate).await?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use sea_orm::{ConnectionTrait, DatabaseTransaction};
    use storage::{KeyDomain, KeyFile};
    use tokio::sync::{mpsc, watch};

    use super::{
        After, BATCH_MAX, Calls, DatabaseCounts, Left, Local, Outcome, Place, Reply, Waiting, Work,
        Writer,
    };
    use crate::audit::LeafHash;
    use crate::audit::log::Log;
    use crate::base::db::{Access, DbError, connect};
    use crate::base::{SystemClock, Timestamp};

    /// How often what is given up comes again, if nobody stops it.
    const COMES_MAX: usize = 100 * BATCH_MAX;

    /// Was written, and waits for the commit.
    struct Written(Arc<AtomicBool>);

    impl Work for Written {
        fn run<'a>(
            self: Box<Self>,
            _tx: &'a Arc<DatabaseTransaction>,
            _log: &'a mut Log,
            _now: Timestamp,
            _place: Place,
        ) -> Local<'a, Outcome> {
            Box::pin(async move {
                let reply: Reply = Box::new(move |_receipt| self.0.store(true, Ordering::SeqCst));
                let (records, left) = (None, Left::default());
                Outcome::Waiting(Waiting {
                    records,
                    left,
                    reply,
                })
            })
        }

        fn fail(self: Box<Self>, _error: DbError) {}
    }

    /// Is given up, and comes again until what was written is answered.
    struct GivenUp {
        queue: mpsc::Sender<Box<dyn Work>>,
        answered: Arc<AtomicBool>,
        ran: Arc<AtomicUsize>,
    }

    impl Work for GivenUp {
        fn run<'a>(
            self: Box<Self>,
            _tx: &'a Arc<DatabaseTransaction>,
            _log: &'a mut Log,
            _now: Timestamp,
            _place: Place,
        ) -> Local<'a, Outcome> {
            Box::pin(async move {
                let ran = self.ran.fetch_add(1, Ordering::SeqCst);
                if ran < COMES_MAX && !self.answered.load(Ordering::SeqCst) {
                    let queue = self.queue.clone();
                    assert!(queue.try_send(self).is_ok(), "there is room for one");
                }
                Outcome::Undone
            })
        }

        fn fail(self: Box<Self>, _error: DbError) {}
    }

    #[tokio::test]
    async fn a_write_does_not_wait_for_what_is_given_up_again_and_again() {
        let connection = connect("sqlite::memory:", Access::Write).await;
        let connection = connection.expect("a database");
        let head = "CREATE TABLE audit_head (id BIGINT, seq BIGINT, h BLOB, ts BIGINT)";
        let made = connection.execute_unprepared(head).await;
        made.expect("a table");
        let origin = "archive.example/audit".parse().expect("an origin");
        let domain = KeyDomain::parse("general").expect("a domain");
        let keys = KeyFile::generate(std::slice::from_ref(&domain), "2026-11-25T10:00:00Z");
        let keys = Arc::new(keys.expect("keys"));
        let (announce, _head) = watch::channel(None);
        let mut writer = Writer {
            log: Log::new(origin, LeafHash::default(), keys, domain),
            clock: Arc::new(SystemClock),
            announce,
            calls: Calls::new(),
            counted: DatabaseCounts::default(),
        };
        let (queue, mut waiting) = mpsc::channel::<Box<dyn Work>>(4);
        let (answered, ran) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let again = Box::new(GivenUp {
            queue: queue.clone(),
            answered: Arc::clone(&answered),
            ran: Arc::clone(&ran),
        });
        assert!(queue.try_send(again).is_ok(), "there is room for one");
        let first = Box::new(Written(Arc::clone(&answered)));
        let after = writer.batch(&connection, first, &mut waiting).await;
        assert_eq!(after, After::Next);
        assert!(answered.load(Ordering::SeqCst), "it was not answered");
        assert_eq!(
            (writer.counted.units.get(), writer.counted.commits.get()),
            (1, 1)
        );
        let ran = ran.load(Ordering::SeqCst);
        assert!(ran < BATCH_MAX, "it waited for {ran} that were given up");
    }
}
