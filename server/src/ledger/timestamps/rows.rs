//! The timestamps that are kept, and whose turn it is to ask for the next.

use sea_orm::{ConnectionTrait, QueryResult};
use sha2::{Digest as _, Sha256};

use super::Asked;
use crate::audit::verify::Stamped;
use crate::base::Timestamp;
use crate::base::db::{DbError, sql};

/// Columns of [`Kept`], in the order in which [`Kept::read`] takes them.
const COLUMNS: &str = "size, note, reply, gen_time, serial, tsa, asked_at";

/// A timestamp of a checkpoint, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// How many records the checkpoint covers.
    pub size: u64,
    /// When it was stamped, by the authority.
    pub gen_time: Timestamp,
    /// The number under which the authority knows it, in hexadecimal digits.
    pub serial: String,
    /// Who gave it: the subject of its certificate.
    pub tsa: String,
    /// When it was asked for, by the clock of the archive.
    pub asked_at: Timestamp,
    /// The signed checkpoint, to the byte.
    pub note: Vec<u8>,
    /// SHA-256 of the answer.
    pub sha256: [u8; 32],
}

impl Kept {
    pub(super) fn of(asked: &Asked) -> Self {
        let stamp = &asked.stamp;
        Self {
            size: stamp.size,
            gen_time: Timestamp::of_micros(stamp.at_micros),
            serial: stamp.serial.clone(),
            tsa: stamp.authority.clone(),
            asked_at: asked.asked_at,
            note: asked.note.clone(),
            sha256: stamp.sha256,
        }
    }

    fn read(row: &QueryResult) -> Result<Self, DbError> {
        let (gen_time, asked_at): (i64, i64) = (row.try_get_by_index(3)?, row.try_get_by_index(6)?);
        let reply: Vec<u8> = row.try_get_by_index(2)?;
        Ok(Self {
            size: unsigned(row.try_get_by_index(0)?),
            gen_time: Timestamp::of_micros(gen_time),
            serial: row.try_get_by_index(4)?,
            tsa: row.try_get_by_index(5)?,
            asked_at: Timestamp::of_micros(asked_at),
            note: row.try_get_by_index(1)?,
            sha256: Sha256::digest(&reply).into(),
        })
    }
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The timestamp over the most records.
///
/// # Errors
/// Where the database fails.
pub async fn newest(on: &impl ConnectionTrait) -> Result<Option<Kept>, DbError> {
    Ok(list(on, None, 1).await?.pop())
}

/// Timestamps, those over most records first: below this size, at most so many.
///
/// # Errors
/// Where the database fails.
pub async fn list(
    on: &impl ConnectionTrait,
    below: Option<u64>,
    most: u64,
) -> Result<Vec<Kept>, DbError> {
    let below = below.map_or(i64::MAX, signed);
    let text = format!(
        "SELECT {COLUMNS} FROM log_timestamp WHERE size < $1 ORDER BY size DESC LIMIT {most}"
    );
    let rows = on.query_all_raw(sql(on, text, [below.into()])).await?;
    rows.iter().map(Kept::read).collect()
}

/// Over how many records there are timestamps, rising.
///
/// # Errors
/// Where the database fails.
pub async fn sizes(on: &impl ConnectionTrait) -> Result<Vec<u64>, DbError> {
    let text = "SELECT size FROM log_timestamp ORDER BY size";
    let rows = on.query_all_raw(sql(on, text, [])).await?;
    rows.iter()
        .map(|row| Ok(unsigned(row.try_get_by_index(0)?)))
        .collect()
}

/// The checkpoint over so many records and the answer of the authority, to the byte.
///
/// # Errors
/// Where the database fails.
pub async fn stamped(on: &impl ConnectionTrait, size: u64) -> Result<Option<Stamped>, DbError> {
    let text = "SELECT note, reply FROM log_timestamp WHERE size = $1";
    let row = on
        .query_one_raw(sql(on, text, [signed(size).into()]))
        .await?;
    row.map(|row| {
        Ok(Stamped {
            note: row.try_get_by_index(0)?,
            reply: row.try_get_by_index(1)?,
        })
    })
    .transpose()
}

/// The answer of the authority about the checkpoint over so many records.
///
/// # Errors
/// Where the database fails.
pub async fn reply(on: &impl ConnectionTrait, size: u64) -> Result<Option<Vec<u8>>, DbError> {
    Ok(stamped(on, size).await?.map(|stamped| stamped.reply))
}

/// Since when there is no newer timestamp: when the last was asked for, or the first checkpoint was signed; nothing
/// where none was.
///
/// # Errors
/// Where the database fails.
pub async fn since(on: &impl ConnectionTrait) -> Result<Option<Timestamp>, DbError> {
    let text = "SELECT coalesce(\
                (SELECT asked_at FROM log_timestamp ORDER BY size DESC LIMIT 1), \
                (SELECT created_at FROM checkpoint ORDER BY size LIMIT 1))";
    let row = on.query_one_raw(sql(on, text, [])).await?;
    let at: Option<i64> = row
        .map(|row| row.try_get_by_index(0))
        .transpose()?
        .flatten();
    Ok(at.map(Timestamp::of_micros))
}

/// How stamping stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// When the newest timestamp was asked for.
    pub asked_at: Option<Timestamp>,
    /// How often in a row it failed since.
    pub failures: u64,
}

/// How stamping stands, for whoever watches.
///
/// # Errors
/// Where the database fails.
pub async fn standing(on: &impl ConnectionTrait) -> Result<Standing, DbError> {
    let text = "SELECT (SELECT asked_at FROM log_timestamp ORDER BY size DESC LIMIT 1), \
                (SELECT failures FROM log_timestamp_turn WHERE id = 1)";
    let Some(row) = on.query_one_raw(sql(on, text, [])).await? else {
        return Ok(Standing::default());
    };
    let asked_at: Option<i64> = row.try_get_by_index(0)?;
    let failures: Option<i64> = row.try_get_by_index(1)?;
    Ok(Standing {
        asked_at: asked_at.map(Timestamp::of_micros),
        failures: failures.map_or(0, unsigned),
    })
}

/// The newest signed checkpoint, to the byte.
pub(super) async fn newest_checkpoint(
    on: &impl ConnectionTrait,
) -> Result<Option<Vec<u8>>, DbError> {
    let text = "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1";
    let row = on.query_one_raw(sql(on, text, [])).await?;
    let note: Option<String> = row.map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(note.map(String::into_bytes))
}

/// How many records the newest checkpoint covers, and the size and time of the newest timestamp.
pub(super) async fn signed_and_stamped(
    on: &impl ConnectionTrait,
) -> Result<(u64, Option<(u64, Timestamp)>), DbError> {
    let text = "SELECT (SELECT max(size) FROM checkpoint), (SELECT max(size) FROM log_timestamp), \
                (SELECT asked_at FROM log_timestamp ORDER BY size DESC LIMIT 1)";
    let Some(row) = on.query_one_raw(sql(on, text, [])).await? else {
        return Ok((0, None));
    };
    let checkpoint: Option<i64> = row.try_get_by_index(0)?;
    let size: Option<i64> = row.try_get_by_index(1)?;
    let asked_at: Option<i64> = row.try_get_by_index(2)?;
    let newest = size.zip(asked_at);
    let newest = newest.map(|(size, at)| (unsigned(size), Timestamp::of_micros(at)));
    Ok((checkpoint.map_or(0, unsigned), newest))
}

pub(super) async fn is_stamped(on: &impl ConnectionTrait, size: u64) -> Result<bool, DbError> {
    let text = "SELECT 1 FROM log_timestamp WHERE size = $1";
    let row = on
        .query_one_raw(sql(on, text, [signed(size).into()]))
        .await?;
    Ok(row.is_some())
}

/// The time of a record.
pub(super) async fn time_of(
    on: &impl ConnectionTrait,
    seq: u64,
) -> Result<Option<Timestamp>, DbError> {
    let text = "SELECT ts FROM audit WHERE seq = $1";
    let row = on
        .query_one_raw(sql(on, text, [signed(seq).into()]))
        .await?;
    let ts: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(ts.map(Timestamp::of_micros))
}

/// Writes a timestamp down; false where there is one over this checkpoint.
pub(super) async fn insert(on: &impl ConnectionTrait, asked: &Asked) -> Result<bool, DbError> {
    // The guard of the table sees an insert before the conflict is known.
    let text = format!(
        "INSERT INTO log_timestamp ({COLUMNS}) SELECT $1, $2, $3, $4, $5, $6, $7 \
         WHERE NOT EXISTS (SELECT 1 FROM log_timestamp WHERE size = $1) \
         ON CONFLICT (size) DO NOTHING"
    );
    let stamp = &asked.stamp;
    let values = [
        signed(stamp.size).into(),
        asked.note.clone().into(),
        asked.reply.clone().into(),
        stamp.at_micros.into(),
        stamp.serial.clone().into(),
        stamp.authority.clone().into(),
        asked.asked_at.micros().into(),
    ];
    let done = on.execute_raw(sql(on, text, values)).await?;
    Ok(done.rows_affected() == 1)
}

/// Takes the turn until then, unless somebody has it. One that lies further ahead than any is was taken by a clock
/// that was wrong.
pub(super) async fn take_turn(
    on: &impl ConnectionTrait,
    now: Timestamp,
    (until, longest): (Timestamp, Timestamp),
) -> Result<bool, DbError> {
    let text = "UPDATE log_timestamp_turn SET next_at = $1 \
                WHERE id = 1 AND (next_at <= $2 OR next_at > $3)";
    let values = [until, now, longest].map(|at| at.micros().into());
    let done = on.execute_raw(sql(on, text, values)).await?;
    Ok(done.rows_affected() == 1)
}

/// It went well: the next one may ask as soon as it is due.
pub(super) async fn succeeded(on: &impl ConnectionTrait) -> Result<(), DbError> {
    let text = "UPDATE log_timestamp_turn SET failures = 0 WHERE id = 1";
    on.execute_raw(sql(on, text, [])).await?;
    Ok(())
}

/// It failed, and is tried again then, by how often it failed in a row; gives that.
pub(super) async fn failed(
    on: &impl ConnectionTrait,
    again: impl Fn(u64) -> Timestamp,
) -> Result<u64, DbError> {
    let text = "SELECT failures FROM log_timestamp_turn WHERE id = 1";
    let row = on.query_one_raw(sql(on, text, [])).await?;
    let failures: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose()?;
    let failures = failures.map_or(0, unsigned).saturating_add(1);
    let text = "UPDATE log_timestamp_turn SET failures = $1, next_at = $2 WHERE id = 1";
    let values = [signed(failures).into(), again(failures).micros().into()];
    on.execute_raw(sql(on, text, values)).await?;
    Ok(failures)
}
