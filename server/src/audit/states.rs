//! How the rows of a versioned table are matched with the records that speak of them.
//!
//! The room that owns a table computes its state, with the function that wrote it; this says which
//! rows are wanted, so that all rooms ask in the same way.

use sea_orm::{ConnectionTrait, QueryResult, Statement};
use uuid::Uuid;

use super::event::Kind;
use super::verify::StateFact;
use crate::base::db::{DbError, sql};

/// Rows that are read at once where no record bounds them.
pub const STEP: usize = 256;

/// Which rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Those whose version has its record in this range.
    Recorded {
        /// The first record.
        from: i64,
        /// The first record that is not meant any more.
        upto: i64,
    },
    /// Those whose version has no record at all, [`STEP`] of them behind this id.
    Unrecorded {
        /// The last id of the step before.
        after: Uuid,
    },
}

impl Part {
    /// The query for the rows of `table`, with the number of the record as `record_seq`.
    pub fn query(self, on: &impl ConnectionTrait, table: &str) -> Statement {
        match self {
            Self::Recorded { from, upto } => {
                let text = format!(
                    "SELECT t.*, s.seq AS record_seq FROM audit_subject s \
                     JOIN {table} t ON t.id = s.entity_id AND t.version = s.version \
                     WHERE s.seq >= $1 AND s.seq < $2"
                );
                sql(on, text, [from.into(), upto.into()])
            }
            Self::Unrecorded { after } => {
                let text = format!(
                    "SELECT t.* FROM {table} t WHERE t.id > $1 AND NOT EXISTS (\
                     SELECT 1 FROM audit_subject s \
                     WHERE s.entity_id = t.id AND s.version = t.version) \
                     ORDER BY t.id LIMIT {STEP}"
                );
                sql(on, text, [after.into()])
            }
        }
    }

    /// The fact of a row that [`Part::query`] gave.
    pub fn fact(
        self,
        row: &QueryResult,
        (entity, version): (Uuid, i64),
        bytes: Vec<u8>,
    ) -> Result<StateFact, DbError> {
        let seq = match self {
            Self::Recorded { .. } => {
                let seq: i64 = row.try_get("", "record_seq")?;
                Some(u64::try_from(seq).unwrap_or(u64::MAX))
            }
            Self::Unrecorded { .. } => None,
        };
        // A version below zero is nobody's: no record can name it.
        let version = u64::try_from(version).unwrap_or(u64::MAX);
        Ok(StateFact {
            entity,
            version,
            seq,
            bytes,
        })
    }
}

/// The entities (id, version) of `kind` in a range of records whose noted root is not `root`: a column
/// of their table, or of one that `join` adds to `t`.
pub async fn roots_astray(
    on: &impl ConnectionTrait,
    kind: Kind,
    join: &str,
    root: &str,
    (from, upto): (i64, i64),
) -> Result<Vec<(Uuid, i64)>, DbError> {
    let table = kind.table();
    let text = format!(
        "SELECT s.entity_id, s.version FROM audit_subject s \
         JOIN {table} t ON t.id = s.entity_id {join} \
         WHERE s.seq >= $1 AND s.seq < $2 AND s.root_id <> {root}"
    );
    let rows = on
        .query_all_raw(sql(on, text, [from.into(), upto.into()]))
        .await?;
    rows.iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .collect()
}
