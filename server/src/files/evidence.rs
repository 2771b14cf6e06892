//! What verification and the check of the archive need to know of files and references.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use super::rows::record_file;
use crate::audit::event::Kind;
use crate::audit::states::{self, Part};
use crate::audit::verify::StateFact;
use crate::base::db::{DbError, sql};

/// The kinds of entity whose rows this room owns.
pub const KINDS: &[Kind] = &[Kind::File];

/// The states of the entities of a kind. Kinds of other rooms have none here.
pub async fn states(
    on: &impl ConnectionTrait,
    kind: Kind,
    part: Part,
) -> Result<Vec<StateFact>, DbError> {
    let mut facts = Vec::new();
    if kind != Kind::File {
        return Ok(facts);
    }
    for row in on.query_all_raw(part.query(on, kind.table())).await? {
        let model = record_file::Model::from_query_result(&row, "")?;
        facts.push(part.fact(&row, (model.id, model.version), model.state_bytes())?);
    }
    Ok(facts)
}

/// The files in a range of records whose noted root is another than their rows name.
pub async fn roots_astray(
    on: &impl ConnectionTrait,
    from: i64,
    upto: i64,
) -> Result<Vec<(Uuid, i64)>, DbError> {
    states::roots_astray(on, Kind::File, "", "t.id", (from, upto)).await
}

/// Scopes whose counter is lower than a number that was given in them.
pub async fn counters_behind(on: &impl ConnectionTrait) -> Result<Vec<String>, DbError> {
    let mut counters: HashMap<String, i64> = HashMap::new();
    let text = "SELECT scope, last FROM reference_counter";
    for row in on.query_all_raw(sql(on, text, [])).await? {
        counters.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    }
    let last = |scope: &str| counters.get(scope).copied().unwrap_or_default();
    let mut behind = Vec::new();
    let text = "SELECT plan_unit_id, parent_id, year, max(ordinal) FROM record_file \
                GROUP BY plan_unit_id, parent_id, year";
    for row in on.query_all_raw(sql(on, text, [])).await? {
        let unit: Uuid = row.try_get_by_index(0)?;
        let parent: Option<Uuid> = row.try_get_by_index(1)?;
        let (year, used): (i64, i64) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        let scope = match parent {
            Some(parent) => format!("part:{parent}"),
            None => format!("file:{unit}:{year}"),
        };
        // A pattern without the year counts all years of its unit together.
        let counted = match parent {
            Some(_) => last(&scope),
            None => last(&scope).max(last(&format!("file:{unit}"))),
        };
        if counted < used {
            behind.push(scope);
        }
    }
    for text in [
        "SELECT file_id, 'case', max(ordinal) FROM record_case WHERE parent_id IS NULL \
         GROUP BY file_id",
        "SELECT parent_id, 'subcase', max(ordinal) FROM record_case WHERE parent_id IS NOT NULL \
         GROUP BY parent_id",
        "SELECT case_id, 'document', max(ordinal) FROM document \
         WHERE case_id IS NOT NULL AND ordinal IS NOT NULL GROUP BY case_id",
    ] {
        for row in on.query_all_raw(sql(on, text, [])).await? {
            let (id, used): (Uuid, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(2)?);
            let kind: String = row.try_get_by_index(1)?;
            let scope = format!("{kind}:{id}");
            if last(&scope) < used {
                behind.push(scope);
            }
        }
    }
    behind.sort();
    Ok(behind)
}

/// References that name more than one thing; at most `limit`.
pub async fn references_doubled(
    on: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<String>, DbError> {
    let text = "SELECT reference FROM (SELECT reference FROM record_file \
                UNION ALL SELECT reference FROM record_case \
                UNION ALL SELECT reference FROM document WHERE reference IS NOT NULL \
                UNION ALL SELECT reference FROM reference_alias) named \
                GROUP BY reference HAVING count(*) > 1 ORDER BY reference LIMIT $1";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = on.query_all_raw(sql(on, text, [limit.into()])).await?;
    rows.iter()
        .map(|row| Ok(row.try_get_by_index(0)?))
        .collect()
}
