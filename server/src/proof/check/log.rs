//! The heads of the logs against their last records, and against what was signed.

use sea_orm::ConnectionTrait;
use storage::ObjectName;

use super::{CheckError, Checked, Code, Outcome};
use crate::audit::note::Checkpoint;
use crate::base::db::{DbError, sql};
use crate::ledger::timestamps;

pub(super) async fn check(on: &Checked, outcome: &mut Outcome) -> Result<(), CheckError> {
    let published = on
        .storage
        .get_object(&ObjectName::parse("log/checkpoint")?)
        .await?;
    let published = published.and_then(|note| Checkpoint::claimed(&note).ok());
    // The publisher moves the lock first: read the other way round, the lock is never older.
    let locked = match tokio::fs::read(&on.lock).await {
        Ok(note) => match Checkpoint::claimed(&note) {
            Ok(locked) => Some(locked),
            Err(error) => {
                outcome.push(Code::LockUnreadable, error, false);
                published.clone()
            }
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if let Some(published) = &published {
                outcome.push(Code::LockMissing, format!("size {}", published.size), false);
            }
            published.clone()
        }
        Err(source) => {
            return Err(CheckError::Lock {
                path: on.lock.clone(),
                source,
            });
        }
    };
    if let (Some(locked), Some(published)) = (&locked, &published)
        && locked.size < published.size
    {
        let sizes = format!("{} of {}", locked.size, published.size);
        outcome.push(Code::LockBehind, sizes, false);
    }
    let records = head(on.db.read(), "audit", Code::LogHead, outcome).await?;
    head(on.db.read(), "access", Code::AccessHead, outcome).await?;
    if let Some(locked) = locked.filter(|locked| locked.size > records) {
        outcome.push(
            Code::LockAhead,
            format!("{records} of {}", locked.size),
            false,
        );
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
