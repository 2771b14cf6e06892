//! The thread that writes: what waits becomes one transaction, its records come last, one commit.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use tokio::sync::{mpsc, oneshot, watch};

use super::{Rule, Unit, Written};
use crate::audit::log::{Log, Receipt, Records};
use crate::base::db::{Access, DbError, connect, sql};
use crate::base::{Actor, Clock, Job, Timestamp, UnitId};

/// Most operations in one transaction, given up ones too.
const BATCH_MAX: usize = 128;
/// How long a transaction takes in what waits: whoever was written waits no longer for what others do.
const BATCH_TIME_MAX: Duration = Duration::from_millis(50);

/// The thread's own things.
pub(super) struct Writer {
    pub(super) log: Log,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) announce: watch::Sender<Option<u64>>,
}

pub(super) type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;
pub(super) type Reply = Box<dyn FnOnce(Result<Receipt, DbError>)>;

/// An operation that ran well and waits for the commit.
pub(super) struct Waiting {
    records: Option<Records>,
    reply: Reply,
}

/// How an operation left the transaction.
pub(super) enum Outcome {
    /// It waits for the commit.
    Waiting(Waiting),
    /// It failed and was undone; the caller knows.
    Undone,
    /// The transaction itself is beyond use.
    Broken(DbError),
    /// The thread shall end.
    Stop,
}

pub(super) trait Work: Send {
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

pub(super) struct Stop {
    pub(super) reply: oneshot::Sender<()>,
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
            Ok(tx) => tx,
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
            ran += 1;
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
            // What is given up is answered at once and may come again at once: it counts too, or the
            // others would wait for their commit as long as it comes.
            if ran < BATCH_MAX && began.elapsed() < BATCH_TIME_MAX {
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
pub(super) async fn savepoint(tx: &DatabaseTransaction) -> Result<DatabaseTransaction, DbError> {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use sea_orm::{ConnectionTrait, DatabaseTransaction};
    use storage::{KeyDomain, KeyFile};
    use tokio::sync::{mpsc, watch};

    use super::{After, BATCH_MAX, Local, Outcome, Reply, Waiting, Work, Writer};
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
            _tx: &'a DatabaseTransaction,
            _log: &'a mut Log,
            _now: Timestamp,
        ) -> Local<'a, Outcome> {
            Box::pin(async move {
                let reply: Reply = Box::new(move |_receipt| self.0.store(true, Ordering::SeqCst));
                let records = None;
                Outcome::Waiting(Waiting { records, reply })
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
            _tx: &'a DatabaseTransaction,
            _log: &'a mut Log,
            _now: Timestamp,
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
        let ran = ran.load(Ordering::SeqCst);
        assert!(ran < BATCH_MAX, "it waited for {ran} that were given up");
    }
}
