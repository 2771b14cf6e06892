//! What verification and the check of the archive need to know of the rows of documents.

use std::collections::HashMap;

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect,
};
use storage::{Blob, KeyDomain};
use uuid::Uuid;

pub use super::guarded::{
    ContentOf, Withheld, contents, is_destroyed, is_left_over, is_released, withheld,
};
use super::model::Document;
pub use super::rows::Elsewhere;
use super::rows::{
    self, blob, document, document_field, document_tag, document_version, proposal, quarantine,
    rendition,
};
use crate::audit::event::Kind;
use crate::audit::states::{self, Part};
use crate::audit::verify::StateFact;
use crate::base::db::{DbError, sql};
use crate::base::{CompartmentId, DocumentId, VersionId};
use crate::types;
use crate::unit::Unit;

/// The kinds of entity whose rows this room owns.
pub const KINDS: &[Kind] = &[
    Kind::Document,
    Kind::DocumentVersion,
    Kind::Rendition,
    Kind::Quarantine,
    Kind::Proposal,
];

/// The states of the entities of a kind. Kinds of other rooms have none here.
pub async fn states(
    on: &impl ConnectionTrait,
    kind: Kind,
    part: Part,
) -> Result<Vec<StateFact>, DbError> {
    match kind {
        Kind::Document => {
            let mut facts = Vec::new();
            for row in on.query_all_raw(part.query(on, kind.table())).await? {
                let model = document::Model::from_query_result(&row, "")?;
                facts.push(part.fact(&row, (model.id, model.version), model.state_bytes())?);
            }
            Ok(facts)
        }
        Kind::DocumentVersion => versions(on, part).await,
        Kind::Rendition => {
            let mut facts = Vec::new();
            for row in on.query_all_raw(part.query(on, kind.table())).await? {
                let model = rendition::Model::from_query_result(&row, "")?;
                facts.push(part.fact(&row, (model.id, model.version), model.state_bytes())?);
            }
            Ok(facts)
        }
        Kind::Quarantine => {
            let mut facts = Vec::new();
            for row in on.query_all_raw(part.query(on, kind.table())).await? {
                let model = quarantine::Model::from_query_result(&row, "")?;
                facts.push(part.fact(&row, (model.id, model.version), model.state_bytes())?);
            }
            Ok(facts)
        }
        Kind::Proposal => {
            let mut facts = Vec::new();
            for row in on.query_all_raw(part.query(on, kind.table())).await? {
                let model = proposal::Model::from_query_result(&row, "")?;
                facts.push(part.fact(&row, (model.id, model.version), model.state_bytes())?);
            }
            Ok(facts)
        }
        Kind::Department
        | Kind::Account
        | Kind::RoleGrant
        | Kind::AccessToken
        | Kind::Compartment
        | Kind::CompartmentGrant
        | Kind::Deputation
        | Kind::Inspection
        | Kind::SignInLock
        | Kind::FunctionHolder
        | Kind::FilePlan
        | Kind::PlanUnit
        | Kind::File
        | Kind::Case
        | Kind::Hold
        | Kind::Correspondent
        | Kind::DocumentType
        | Kind::Field
        | Kind::Note
        | Kind::Relation
        | Kind::Webhook
        | Kind::Tablet
        | Kind::SigningJob
        | Kind::IdentityCheck
        | Kind::WorkflowDefinition
        | Kind::Workflow
        | Kind::OrderLimit => Ok(Vec::new()),
    }
}

/// A version's state names its content, which stands in the row of the blob.
async fn versions(on: &impl ConnectionTrait, part: Part) -> Result<Vec<StateFact>, DbError> {
    let rows = on
        .query_all_raw(part.query(on, Kind::DocumentVersion.code()))
        .await?;
    let mut models = Vec::with_capacity(rows.len());
    for row in &rows {
        models.push(document_version::Model::from_query_result(row, "")?);
    }
    let names = models.iter().map(|model| model.blob_name.clone());
    let wanted = blob::Column::Name.is_in(names);
    let blobs = blob::Entity::find().filter(wanted).all(on).await?;
    let blobs: HashMap<_, _> = blobs
        .into_iter()
        .map(|one| (one.name.clone(), one))
        .collect();
    let mut facts = Vec::with_capacity(rows.len());
    for (row, model) in rows.iter().zip(models) {
        // Without the row of its blob no state can be had: nothing is not what was recorded.
        let held = blobs.get(&model.blob_name);
        let bytes = held.map_or_else(Vec::new, |held| model.state_bytes(held));
        facts.push(part.fact(row, (model.id, model.version), bytes)?);
    }
    Ok(facts)
}

/// The entities of this room's kinds in a range of records whose noted root is another than their
/// rows name.
pub async fn roots_astray(
    on: &impl ConnectionTrait,
    from: i64,
    upto: i64,
) -> Result<Vec<(Uuid, i64)>, DbError> {
    let mut all = Vec::new();
    for (kind, join, root) in [
        (Kind::Document, "", "t.id"),
        (Kind::DocumentVersion, "", "t.document_id"),
        (Kind::Quarantine, "", "t.id"),
        (Kind::Proposal, "", "t.id"),
        (
            Kind::Rendition,
            "JOIN document_version v ON v.id = t.document_version_id",
            "v.document_id",
        ),
    ] {
        all.extend(states::roots_astray(on, kind, join, root, (from, upto)).await?);
    }
    Ok(all)
}

/// A blob as the rows know it.
#[derive(Debug, Clone)]
pub struct BlobRow {
    /// SHA-256 of the stored bytes.
    pub name: [u8; 32],
    /// How many bytes are stored.
    pub stored_bytes: u64,
    /// SHA-256 of the content.
    pub sha256: Vec<u8>,
    /// SHA-512 of the content.
    pub sha512: Vec<u8>,
    /// All that is needed to open it; nothing where it has no key.
    pub open: Option<Blob>,
}

/// The blobs behind `after`, in the order of their names.
pub async fn blob_rows(
    on: &impl ConnectionTrait,
    after: Option<[u8; 32]>,
    limit: u64,
) -> Result<Vec<BlobRow>, DbError> {
    let mut wanted = blob::Entity::find()
        .order_by_asc(blob::Column::Name)
        .limit(limit);
    if let Some(after) = after {
        wanted = wanted.filter(blob::Column::Name.gt(after.to_vec()));
    }
    let rows = wanted.all(on).await?;
    let names: Vec<_> = rows.iter().map(|row| row.name.clone()).collect();
    let mut open = rows::blobs_to_open(on, &names).await?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let name =
            <[u8; 32]>::try_from(row.name.as_slice()).map_err(|_source| DbError::Corrupt {
                table: "blob",
                key: hex::encode(&row.name),
                what: "its name is not a digest",
            })?;
        all.push(BlobRow {
            name,
            stored_bytes: u64::try_from(row.stored_bytes).unwrap_or_default(),
            open: open.remove(&row.name),
            sha256: row.sha256,
            sha512: row.sha512,
        });
    }
    Ok(all)
}

/// Whether a blob of this name has a row.
pub async fn has_blob_row(on: &impl ConnectionTrait, name: &[u8; 32]) -> Result<bool, DbError> {
    Ok(blob::Entity::find_by_id(name.to_vec())
        .one(on)
        .await?
        .is_some())
}

/// Whether any version or text names a blob.
pub async fn is_named(on: &impl ConnectionTrait, name: &[u8; 32]) -> Result<bool, DbError> {
    rows::is_named(on, name).await
}

/// Blobs that lie under other keys than those of the place of a document that names them, and that no
/// job will move; at most `limit`.
pub async fn elsewhere(
    on: &impl ConnectionTrait,
    places: &[(CompartmentId, KeyDomain)],
    limit: u64,
) -> Result<Vec<Elsewhere>, DbError> {
    rows::elsewhere(on, places, limit).await
}

/// Documents behind `after`, each with its version and the record that this version has.
pub async fn with_records(
    on: &impl ConnectionTrait,
    after: Uuid,
    limit: u64,
) -> Result<Vec<(DocumentId, u64, Option<u64>)>, DbError> {
    let text = "SELECT d.id, d.version, s.seq FROM document d LEFT JOIN audit_subject s \
                ON s.entity_id = d.id AND s.version = d.version \
                WHERE d.id > $1 ORDER BY d.id LIMIT $2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = on
        .query_all_raw(sql(on, text, [after.into(), limit.into()]))
        .await?;
    let whole = |number: i64| u64::try_from(number).unwrap_or_default();
    rows.iter()
        .map(|row| {
            let version: i64 = row.try_get_by_index(1)?;
            let seq: Option<i64> = row.try_get_by_index(2)?;
            Ok((
                DocumentId::of(row.try_get_by_index(0)?),
                whole(version),
                seq.map(whole),
            ))
        })
        .collect()
}

/// Documents whose versions are not 1, 2, 3 … up to at least the one in force; at most `limit`.
pub async fn with_version_gaps(
    on: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<DocumentId>, DbError> {
    let text = "SELECT d.id FROM document d LEFT JOIN (\
                SELECT document_id, count(*) AS many, min(number) AS low, max(number) AS high \
                FROM document_version GROUP BY document_id) v ON v.document_id = d.id \
                WHERE v.many IS NULL OR v.low <> 1 OR v.high <> v.many \
                OR d.content_version < 1 OR d.content_version > v.high ORDER BY d.id LIMIT $1";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = on.query_all_raw(sql(on, text, [limit.into()])).await?;
    rows.iter()
        .map(|row| Ok(DocumentId::of(row.try_get_by_index(0)?)))
        .collect()
}

/// Registered documents that stand in no case or have no reference; at most `limit`.
pub async fn registered_without_case(
    on: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<DocumentId>, DbError> {
    let text = "SELECT d.id FROM document d LEFT JOIN record_case c ON c.id = d.case_id \
                WHERE d.state = 'registered' \
                AND (c.id IS NULL OR (d.reference IS NULL AND d.parent_id IS NULL)) \
                ORDER BY d.id LIMIT $1";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = on.query_all_raw(sql(on, text, [limit.into()])).await?;
    rows.iter()
        .map(|row| Ok(DocumentId::of(row.try_get_by_index(0)?)))
        .collect()
}

/// Versions without a text and without a job that will read it; at most `limit`.
pub async fn without_text(
    on: &impl ConnectionTrait,
    job_kind: &str,
    limit: u64,
) -> Result<Vec<VersionId>, DbError> {
    let text = "SELECT v.id FROM document_version v WHERE NOT EXISTS (\
                SELECT 1 FROM rendition r WHERE r.document_version_id = v.id AND r.kind = 'text') \
                AND NOT EXISTS (SELECT 1 FROM job j WHERE j.kind = $1 AND j.subject = v.id) \
                ORDER BY v.id LIMIT $2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = on
        .query_all_raw(sql(on, text, [job_kind.into(), limit.into()]))
        .await?;
    rows.iter()
        .map(|row| Ok(VersionId::of(row.try_get_by_index(0)?)))
        .collect()
}

/// Versions whose newest text was read by one of `engines` and that no job will read, of those that can be read
/// again: their content has its key and is not withheld. At most `limit`.
pub async fn read_by(
    on: &impl ConnectionTrait,
    engines: &[String],
    job_kind: &str,
    limit: u64,
) -> Result<Vec<VersionId>, DbError> {
    let places: Vec<String> = (4..engines.len() + 4).map(|at| format!("${at}")).collect();
    let text = format!(
        "SELECT r.document_version_id FROM rendition r \
         JOIN document_version v ON v.id = r.document_version_id \
         JOIN blob_key k ON k.name = v.blob_name WHERE r.kind = 'text' \
         AND r.engine IN ({}) AND NOT EXISTS (SELECT 1 FROM rendition n \
         WHERE n.document_version_id = r.document_version_id AND n.kind = 'text' \
         AND (n.created_at > r.created_at OR (n.created_at = r.created_at AND n.id > r.id))) \
         AND {} AND NOT EXISTS (SELECT 1 FROM job j WHERE j.kind = $1 \
         AND j.subject = r.document_version_id) ORDER BY r.document_version_id LIMIT $2",
        places.join(", "),
        super::guard::open_to_work("$3")
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut values: Vec<sea_orm::Value> =
        vec![job_kind.into(), limit.into(), super::guard::KIND.into()];
    values.extend(engines.iter().map(|engine| engine.as_str().into()));
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    rows.iter()
        .map(|row| Ok(VersionId::of(row.try_get_by_index(0)?)))
        .collect()
}

/// The engines by which texts were read, each with its version.
pub async fn engines(on: &impl ConnectionTrait) -> Result<Vec<String>, DbError> {
    let text = "SELECT DISTINCT engine FROM rendition WHERE kind = 'text'";
    let rows = on.query_all_raw(sql(on, text, [])).await?;
    rows.iter()
        .map(|row| Ok(row.try_get_by_index(0)?))
        .collect()
}

/// Versions of which fewer documents were taken out than their text says, and that no job will read
/// again; at most `limit`.
pub async fn without_components(
    on: &impl ConnectionTrait,
    job_kind: &str,
    limit: u64,
) -> Result<Vec<VersionId>, DbError> {
    let text = "SELECT v.id FROM document_version v JOIN rendition r \
                ON r.document_version_id = v.id AND r.kind = 'text' AND r.components > 0 \
                WHERE r.components > (SELECT count(*) FROM document d WHERE d.taken_from = v.id) \
                AND NOT EXISTS (SELECT 1 FROM rendition n WHERE n.document_version_id = v.id \
                AND n.kind = 'text' AND (n.created_at > r.created_at \
                OR (n.created_at = r.created_at AND n.id > r.id))) \
                AND NOT EXISTS (SELECT 1 FROM job j WHERE j.kind = $1 AND j.subject = v.id) \
                ORDER BY v.id LIMIT $2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = on
        .query_all_raw(sql(on, text, [job_kind.into(), limit.into()]))
        .await?;
    rows.iter()
        .map(|row| Ok(VersionId::of(row.try_get_by_index(0)?)))
        .collect()
}

/// Components that do not stand where what they were taken out of stands, or that say wrongly whether it is
/// in force; at most `limit`.
pub async fn components_astray(
    on: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<DocumentId>, DbError> {
    let same = |column: &str| {
        format!("(c.{column} = f.{column} OR (c.{column} IS NULL AND f.{column} IS NULL))")
    };
    let places = ["compartment_id", "case_id", "inbox_id"]
        .map(same)
        .join(" AND ");
    let text = format!(
        "SELECT c.id FROM document c JOIN document f ON f.id = c.family_id \
         JOIN document p ON p.id = c.parent_id JOIN document_version v ON v.id = c.taken_from \
         WHERE NOT (c.department_id = f.department_id AND c.state = f.state AND {places}) \
         OR (c.superseded <> 0) <> (v.number < p.content_version OR p.superseded <> 0) \
         ORDER BY c.id LIMIT $1"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = on.query_all_raw(sql(on, text, [limit.into()])).await?;
    rows.iter()
        .map(|row| Ok(DocumentId::of(row.try_get_by_index(0)?)))
        .collect()
}

/// Documents behind `after` (the last id is given back) whose tags for filters are not those of the
/// document, or whose tags cannot be read.
pub async fn with_tags_astray(
    on: &impl ConnectionTrait,
    after: Uuid,
    limit: u64,
) -> Result<(Option<Uuid>, Vec<DocumentId>), DbError> {
    let found: Vec<(Uuid, String)> = document::Entity::find()
        .select_only()
        .columns([document::Column::Id, document::Column::Tags])
        .filter(document::Column::Id.gt(after))
        .order_by_asc(document::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(on)
        .await?;
    let ids = found.iter().map(|(id, _)| *id);
    let rows = document_tag::Entity::find()
        .filter(document_tag::Column::DocumentId.is_in(ids))
        .all(on)
        .await?;
    let mut projected: HashMap<Uuid, Vec<String>> = HashMap::new();
    for row in rows {
        projected.entry(row.document_id).or_default().push(row.tag);
    }
    let last = found.last().map(|(id, _)| *id);
    let mut astray = Vec::new();
    for (id, tags) in found {
        let Ok(mut own) = serde_json::from_str::<Vec<String>>(&tags) else {
            astray.push(DocumentId::of(id));
            continue;
        };
        let mut shown = projected.remove(&id).unwrap_or_default();
        own.sort_unstable();
        shown.sort_unstable();
        if own != shown {
            astray.push(DocumentId::of(id));
        }
    }
    Ok((last, astray))
}

/// Writes the tags for filters anew from the document; false where that cannot be read.
pub async fn mend_tags(unit: &mut Unit, id: DocumentId) -> Result<bool, DbError> {
    let found = match rows::find(unit.tx(), id).await {
        Err(DbError::Corrupt { .. }) => return Ok(false),
        found => found?,
    };
    let old = document_tag::Column::DocumentId.eq(id.raw());
    document_tag::Entity::delete_many()
        .filter(old)
        .exec(unit.tx())
        .await?;
    if let Some(found) = found {
        rows::write_tags(unit, id, &found.metadata.tags).await?;
    }
    Ok(true)
}

/// Documents behind `after` (the last id is given back) that are not found by just what stands in their fields, or
/// that cannot be read.
pub async fn with_fields_astray(
    on: &impl ConnectionTrait,
    after: Uuid,
    limit: u64,
) -> Result<(Option<Uuid>, Vec<DocumentId>), DbError> {
    let models = document::Entity::find()
        .filter(document::Column::Id.gt(after))
        .order_by_asc(document::Column::Id)
        .limit(limit)
        .all(on)
        .await?;
    let last = models.last().map(|model| model.id);
    let found = document_field::Entity::find()
        .filter(document_field::Column::DocumentId.is_in(models.iter().map(|model| model.id)))
        .order_by_asc(document_field::Column::Field)
        .order_by_asc(document_field::Column::Position)
        .all(on)
        .await?;
    let mut projected: HashMap<Uuid, Vec<document_field::Model>> = HashMap::new();
    for row in found {
        projected.entry(row.document_id).or_default().push(row);
    }
    if projected.is_empty() && models.iter().all(|model| model.field_values.is_none()) {
        return Ok((last, Vec::new()));
    }
    let catalog = types::readable(on).await?;
    let mut astray = Vec::new();
    for model in models {
        let id = model.id;
        let mut shown = projected.remove(&id).unwrap_or_default();
        let Ok(one) = Document::try_from(model) else {
            astray.push(DocumentId::of(id));
            continue;
        };
        let mut own = rows::found_by(&catalog, one.id, &one.metadata.fields);
        let place = |row: &document_field::Model| (row.field.clone(), row.position);
        own.sort_by_key(place);
        shown.sort_by_key(place);
        if own != shown {
            astray.push(one.id);
        }
    }
    Ok((last, astray))
}

/// Writes anew by what a document is found in its fields; false where these or the document cannot be read.
pub async fn mend_fields(unit: &mut Unit, id: DocumentId) -> Result<bool, DbError> {
    let found = match rows::find(unit.tx(), id).await {
        Err(DbError::Corrupt { .. }) => return Ok(false),
        found => found?,
    };
    let values = found.map(|found| found.metadata.fields).unwrap_or_default();
    let catalog = types::readable(unit.tx()).await?;
    if !values.keys().all(|code| catalog.field(code).is_some()) {
        return Ok(false);
    }
    document_field::Entity::delete_many()
        .filter(document_field::Column::DocumentId.eq(id.raw()))
        .exec(unit.tx())
        .await?;
    rows::write_found(unit, rows::found_by(&catalog, id, &values)).await?;
    Ok(true)
}
