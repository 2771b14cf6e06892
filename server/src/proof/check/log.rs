//! The heads of the logs against their last records, and against what was signed.

use sea_orm::ConnectionTrait;

use super::{CheckError, Checked, Code, Outcome};
use crate::audit::note::Checkpoint;
use crate::base::db::{DbError, sql};
use crate::ledger::keys::KeysError;
use crate::ledger::objects::object;
use crate::ledger::publisher::{Publication, PublishError, Publisher};
use crate::ledger::{Which, timestamps};

/// What is said of each log.
struct Codes {
    head: Code,
    ahead: Code,
    missing: Code,
    behind: Code,
    unreadable: Code,
    forked: Code,
}

const fn codes(which: Which) -> Codes {
    match which {
        Which::Changes => Codes {
            head: Code::LogHead,
            ahead: Code::LockAhead,
            missing: Code::LockMissing,
            behind: Code::LockBehind,
            unreadable: Code::LockUnreadable,
            forked: Code::LogForked,
        },
        Which::Looks => Codes {
            head: Code::AccessHead,
            ahead: Code::AccessLockAhead,
            missing: Code::AccessLockMissing,
            behind: Code::AccessLockBehind,
            unreadable: Code::AccessLockUnreadable,
            forked: Code::AccessForked,
        },
    }
}

pub(super) async fn check(on: &Checked, outcome: &mut Outcome) -> Result<(), CheckError> {
    for log in [&on.changes, &on.looks] {
        compare(on, log, outcome).await?;
        signed(on, log, outcome).await?;
    }
    Ok(())
}

/// Compares the lock of a log with what is public, and both with its records: by what they say, whoever signed it.
async fn compare(on: &Checked, log: &Publication, outcome: &mut Outcome) -> Result<(), CheckError> {
    let (which, lock) = (log.which, &log.lock);
    let codes = codes(which);
    let published = object(&on.storage, which, "checkpoint").await?;
    let published = published.and_then(|note| Checkpoint::claimed(&note).ok());
    // The publisher moves the lock first: read the other way round, the lock is never older.
    let locked = match tokio::fs::read(lock).await {
        Ok(note) => match Checkpoint::claimed(&note) {
            Ok(locked) => Some(locked),
            Err(error) => {
                outcome.push(codes.unreadable, error, false);
                published.clone()
            }
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if let Some(published) = &published {
                outcome.push(codes.missing, format!("size {}", published.size), false);
            }
            published.clone()
        }
        Err(source) => {
            let path = lock.clone();
            return Err(CheckError::Lock { path, source });
        }
    };
    if let (Some(locked), Some(published)) = (&locked, &published)
        && locked.size < published.size
    {
        let sizes = format!("{} of {}", locked.size, published.size);
        outcome.push(codes.behind, sizes, false);
    }
    let records = head(on.db.read(), which.table(), codes.head, outcome).await?;
    if let Some(locked) = locked.filter(|locked| locked.size > records) {
        let sizes = format!("{records} of {}", locked.size);
        outcome.push(codes.ahead, sizes, false);
    }
    Ok(())
}

/// Names the last timestamp of the log where it is older than it should be.
pub(super) async fn stamps(on: &Checked, outcome: &mut Outcome) -> Result<(), DbError> {
    let Some(every) = on.stamped_every else {
        return Ok(());
    };
    let since = timestamps::since(on.db.read()).await?;
    if let Some(since) = since.filter(|since| timestamps::is_overdue(*since, on.db.now(), every)) {
        outcome.push(Code::StampOld, since, false);
    }
    Ok(())
}

/// Whether a log in the database goes on where the signed one ended, and whether its lock is one by which that can be
/// said. What was said of it already is not said again.
async fn signed(on: &Checked, log: &Publication, outcome: &mut Outcome) -> Result<(), CheckError> {
    let codes = codes(log.which);
    let held = || Box::pin(Publisher::check(&on.db, &on.storage, log.clone()));
    let mut checked = held().await;
    if matches!(checked, Err(PublishError::ForeignLock { .. })) {
        // By a key that took over only now, perhaps.
        checked = held().await;
    }
    let Err(error) = checked else {
        return Ok(());
    };
    let (code, said, what) = match error {
        PublishError::Db(error) | PublishError::Keys(KeysError::Db(error)) => {
            return Err(error.into());
        }
        PublishError::Store(error) => return Err(error.into()),
        PublishError::Lock { path, source } => return Err(CheckError::Lock { path, source }),
        PublishError::RolledBack { .. }
        | PublishError::HandoverUnknown { .. }
        | PublishError::Changed { .. }
        | PublishError::Forked { .. } => (codes.forked, codes.ahead, error.to_string()),
        // Only the database may know of a checkpoint that was public.
        PublishError::LockMissing { size, .. } => {
            (codes.missing, codes.missing, format!("size {size}"))
        }
        PublishError::LockBehind { locked, size, .. } => {
            (codes.behind, codes.behind, format!("{locked} of {size}"))
        }
        PublishError::ForeignLock { source, .. } => {
            (codes.unreadable, codes.unreadable, source.to_string())
        }
        // By which key it should be signed cannot be told; the others are of whoever signs.
        PublishError::Keys(_)
        | PublishError::Sign(_)
        | PublishError::Tile(_)
        | PublishError::ClockBehind { .. }
        | PublishError::NotInForce { .. }
        | PublishError::NotHandedOver { .. }
        | PublishError::LockHeld
        | PublishError::LockMoved => (codes.unreadable, codes.unreadable, error.to_string()),
    };
    if !outcome.has(said) {
        outcome.push(code, what, false);
    }
    Ok(())
}

/// Compares a head with the last record, in one statement; gives the number of records.
async fn head(
    on: &impl ConnectionTrait,
    table: &str,
    code: Code,
    outcome: &mut Outcome,
) -> Result<u64, DbError> {
    let text = format!(
        "SELECT (SELECT max(seq) FROM {table}), (SELECT seq FROM {table}_head WHERE id = 1), \
         (SELECT h FROM {table} WHERE seq = (SELECT max(seq) FROM {table})), \
         (SELECT h FROM {table}_head WHERE id = 1)"
    );
    let Some(row) = on.query_one_raw(sql(on, text, [])).await? else {
        return Ok(0);
    };
    let last: Option<i64> = row.try_get_by_index(0)?;
    let noted: Option<i64> = row.try_get_by_index(1)?;
    let last_hash: Option<Vec<u8>> = row.try_get_by_index(2)?;
    let noted_hash: Option<Vec<u8>> = row.try_get_by_index(3)?;
    if last != noted || last_hash != noted_hash {
        let number =
            |seq: Option<i64>| seq.map_or_else(|| "none".to_owned(), |seq| seq.to_string());
        outcome.push(
            code,
            format!("{} instead of {}", number(noted), number(last)),
            false,
        );
    }
    Ok(last
        .and_then(|seq| u64::try_from(seq).ok())
        .map_or(0, |seq| seq + 1))
}
