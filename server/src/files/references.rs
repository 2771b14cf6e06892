//! References: counted up in the transaction that uses them, unique in the whole archive.

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::base::db::{DbError, placeholders, sql};
use crate::base::pattern::{Facts, Pattern};
use crate::base::{CaseId, DocumentId, FileId};
use crate::unit::Unit;

/// Most numbers that are passed over because their reference is taken.
const TAKEN_MAX: usize = 1_000;

/// What a reference names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A file.
    File(FileId),
    /// A case.
    Case(CaseId),
    /// A document.
    Document(DocumentId),
}

impl What {
    const fn row(self) -> (&'static str, Uuid) {
        match self {
            Self::File(id) => ("file", id.raw()),
            Self::Case(id) => ("case", id.raw()),
            Self::Document(id) => ("document", id.raw()),
        }
    }

    fn of(kind: &str, id: Uuid) -> Option<Self> {
        match kind {
            "file" => Some(Self::File(FileId::of(id))),
            "case" => Some(Self::Case(CaseId::of(id))),
            "document" => Some(Self::Document(DocumentId::of(id))),
            _ => None,
        }
    }
}

/// What a reference names, and whether it is an old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// What it names.
    pub what: What,
    /// Whether that has another reference now.
    pub alias: bool,
}

/// A new reference with its number. `None`: the pattern makes none, or a thousand in a row are taken.
///
/// A number whose reference is taken already, by another pattern that makes the same, is passed
/// over: the counter says so, and `papierlos check` does not count it as lost.
pub async fn assign(
    unit: &Unit,
    pattern: &Pattern,
    facts: &Facts<'_>,
    scope: &str,
) -> Result<Option<(String, u64)>, DbError> {
    for _ in 0..TAKEN_MAX {
        let ordinal = next(unit, scope).await?;
        let Some(reference) = pattern.make(facts, ordinal) else {
            return Ok(None);
        };
        if resolve(unit.tx(), &reference).await?.is_none() {
            return Ok(Some((reference, ordinal)));
        }
    }
    Ok(None)
}

/// The next number of a scope, in one statement: whoever asks at the same time waits for the commit.
async fn next(unit: &Unit, scope: &str) -> Result<u64, DbError> {
    let text = "INSERT INTO reference_counter (scope, last) VALUES ($1, 1) ON CONFLICT (scope) \
                DO UPDATE SET last = reference_counter.last + 1 RETURNING last";
    let on = unit.tx();
    let row = on.query_one_raw(sql(on, text, [scope.into()])).await?;
    let last: i64 = row
        .ok_or(DbError::Log("a counter gave no number"))?
        .try_get_by_index(0)?;
    Ok(u64::try_from(last).unwrap_or_default())
}

/// Keeps what something was called until now.
pub async fn keep_alias(unit: &Unit, reference: &str, what: What) -> Result<(), DbError> {
    let (kind, id) = what.row();
    let text = "INSERT INTO reference_alias (reference, kind, object_id, since) \
                VALUES ($1, $2, $3, $4)";
    let values = [
        reference.into(),
        kind.into(),
        id.into(),
        unit.now().micros().into(),
    ];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

/// What a reference names, whoever asks; old references count.
pub async fn resolve(on: &impl ConnectionTrait, reference: &str) -> Result<Option<Named>, DbError> {
    let text = "SELECT 'file' AS kind, id, 0 AS old FROM record_file WHERE reference = $1 \
                UNION ALL SELECT 'case', id, 0 FROM record_case WHERE reference = $1 \
                UNION ALL SELECT 'document', id, 0 FROM document WHERE reference = $1 \
                UNION ALL SELECT kind, object_id, 1 FROM reference_alias WHERE reference = $1";
    let found = on.query_one_raw(sql(on, text, [reference.into()])).await?;
    let Some(row) = found else { return Ok(None) };
    let kind: String = row.try_get_by_index(0)?;
    let old: i32 = row.try_get_by_index(2)?;
    let what = What::of(&kind, row.try_get_by_index(1)?);
    Ok(what.map(|what| Named {
        what,
        alias: old != 0,
    }))
}

/// What was once called one of these and has another reference now, whoever asks.
pub async fn formerly(
    on: &impl ConnectionTrait,
    references: &[String],
) -> Result<Vec<(String, What)>, DbError> {
    if references.is_empty() {
        return Ok(Vec::new());
    }
    let list = placeholders(on.get_database_backend(), 1, references.len(), 0);
    let text = format!(
        "SELECT reference, kind, object_id FROM reference_alias WHERE reference IN {list} \
         ORDER BY reference"
    );
    let values: Vec<sea_orm::Value> = references.iter().map(|one| one.clone().into()).collect();
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    let mut found = Vec::new();
    for row in rows {
        let kind: String = row.try_get_by_index(1)?;
        if let Some(what) = What::of(&kind, row.try_get_by_index(2)?) {
            found.push((row.try_get_by_index(0)?, what));
        }
    }
    Ok(found)
}

/// What these were called before, each with its id, oldest first.
pub async fn aliases(
    on: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, String)>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let marks: Vec<String> = (1..=ids.len()).map(|at| format!("${at}")).collect();
    let text = format!(
        "SELECT object_id, reference FROM reference_alias WHERE object_id IN ({}) \
         ORDER BY since, reference",
        marks.join(", ")
    );
    let values: Vec<sea_orm::Value> = ids.iter().map(|id| (*id).into()).collect();
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    rows.iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .collect()
}
