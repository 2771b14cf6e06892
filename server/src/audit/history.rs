//! The history of a file, a case or a document, told from the log alone.

use std::collections::{BTreeMap, HashMap};

use sea_orm::ConnectionTrait;
use serde::Serialize;
use storage::{DataKey, Kms};
use utoipa::ToSchema;
use uuid::Uuid;

use super::log::read_keys;
use super::record_line;
use super::sealed::SealedOpenings;
use crate::base::db::{DbError, sql};

/// Most entries in one answer.
const ENTRIES_MAX: u64 = 1_000;
/// What is no part of a history: that a page was drawn for somebody who looked changed nothing.
const NOTHING_CHANGED: &str = "s.kind = 'rendition' AND EXISTS (SELECT 1 FROM rendition r \
    WHERE r.id = s.entity_id AND r.kind IN ('picture', 'shapes', 'places', 'converted'))";

/// The history of a file, a case or a document.
#[derive(Debug, Serialize, ToSchema)]
pub struct History {
    /// The records, first thing first; at most 1,000.
    pub items: Vec<Entry>,
}

/// One thing that happened to it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Entry {
    /// The number of the record in the log.
    #[schema(example = 41)]
    pub seq: u64,
    /// The record's hash, in hex: with `seq` the receipt.
    pub hash: String,
    /// When, UTC.
    pub at: String,
    /// What: `document.receive`, `document.change`, `document.version`, `file.open`, `hold.place` …
    #[schema(example = "document.change")]
    pub action: String,
    /// Who: the account, or the nil UUID for the system.
    pub actor: Uuid,
    /// In which role.
    #[schema(example = "clerk")]
    pub role: String,
    /// The version after it, where it changed the file, the case or the document itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub version: Option<u64>,
    /// Which fields changed, from what to what. Empty where the details were erased.
    pub changes: Vec<FieldChange>,
    /// What else was said with it: reasons, notes, old and new references.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Object>)]
    pub details: Option<serde_json::Value>,
    /// Whether the details of this record were erased.
    pub erased: bool,
}

/// One changed field.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldChange {
    /// The field; fields of a version, a rendition, a hold or a note have its kind in front: `hold.reason`.
    #[schema(example = "title")]
    pub field: String,
    /// The value before; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<serde_json::Value>,
    /// The value after; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<serde_json::Value>,
}

type State = BTreeMap<String, serde_json::Value>;

struct Line {
    seq: i64,
    entity: Uuid,
    version: i64,
    slot: i64,
    kind: String,
    hash: Vec<u8>,
    leaf: Vec<u8>,
}

/// What happened to what has this id, and to what belongs to it, first thing first. The caller has
/// checked the right.
pub async fn history(
    on: &impl ConnectionTrait,
    kms: &dyn Kms,
    id: Uuid,
) -> Result<History, DbError> {
    told(id, lines(on, id, None).await?, openings(on, kms, id).await?)
}

/// What happened to one thing that belongs to another: to a note, for instance.
pub async fn history_of(
    on: &impl ConnectionTrait,
    kms: &dyn Kms,
    root: Uuid,
    id: Uuid,
) -> Result<History, DbError> {
    let lines = lines(on, root, Some(id)).await?;
    told(id, lines, openings(on, kms, root).await?)
}

/// The last change of a thing, and what it was like before.
#[derive(Debug)]
pub struct Former {
    /// The number of the record.
    pub seq: u64,
    /// What happened.
    pub action: String,
    /// The state before; nothing where there was none, or where it was erased.
    pub before: Option<BTreeMap<String, serde_json::Value>>,
}

/// The change that made this version of a thing that is its own root, if the log has it.
pub async fn former(
    on: &impl ConnectionTrait,
    kms: &dyn Kms,
    (id, version): (Uuid, u64),
) -> Result<Option<Former>, DbError> {
    let version = i64::try_from(version).unwrap_or(i64::MAX);
    let text = "SELECT s.seq, s.version, s.slot, a.leaf FROM audit_subject s \
                JOIN audit a ON a.seq = s.seq \
                WHERE s.entity_id = $1 AND s.version IN ($2, $3) ORDER BY s.version DESC";
    let values = [id.into(), version.into(), (version - 1).into()];
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    let (mut made, mut earlier) = (None, None);
    for row in rows {
        let (seq, found): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        if found == version {
            let leaf: Vec<u8> = row.try_get_by_index(3)?;
            let line = record_line(&leaf).unwrap_or_default();
            let action = line.get("action").and_then(serde_json::Value::as_str);
            made = Some((seq, action.unwrap_or_default().to_owned()));
        } else {
            let slot: i64 = row.try_get_by_index(2)?;
            earlier = Some((seq, format!("state:{slot}")));
        }
    }
    let Some((seq, action)) = made else {
        return Ok(None);
    };
    let before = match earlier {
        Some(wanted) => {
            let opened = openings(on, kms, id).await?;
            opened
                .get(&wanted)
                .and_then(|bytes| serde_json::from_slice(bytes).ok())
        }
        None => None,
    };
    Ok(Some(Former {
        seq: u64::try_from(seq).unwrap_or_default(),
        action,
        before,
    }))
}

fn told(
    id: Uuid,
    lines: Vec<Line>,
    openings: HashMap<(i64, String), Vec<u8>>,
) -> Result<History, DbError> {
    let mut before: HashMap<Uuid, State> = HashMap::new();
    let mut entries: Vec<Entry> = Vec::new();
    for line in &lines {
        let seq = u64::try_from(line.seq).unwrap_or_default();
        if entries.last().is_none_or(|last| last.seq != seq) {
            let mut entry = entry(seq, line)?;
            let said = openings.get(&(line.seq, "ctx".to_owned()));
            let said = said.and_then(|bytes| serde_json::from_slice(bytes).ok());
            entry.details = said.map(|said| shown(&entry.action, said));
            entries.push(entry);
        }
        let Some(last) = entries.last_mut() else {
            continue;
        };
        if line.entity == id {
            last.version = u64::try_from(line.version).ok();
        }
        match openings.get(&(line.seq, format!("state:{}", line.slot))) {
            None => last.erased = true,
            Some(bytes) => {
                let after: State = serde_json::from_slice(bytes).unwrap_or_default();
                let old = before
                    .insert(line.entity, after.clone())
                    .unwrap_or_default();
                last.changes.extend(differences(line, id, &old, &after));
            }
        }
    }
    Ok(History { items: entries })
}

/// What is shown of what was said. What was asked of a workflow names fields that not everybody reads who sees its
/// case: who reads them is told in the history of the workflow, here only what was done.
fn shown(action: &str, said: serde_json::Value) -> serde_json::Value {
    if !action.starts_with("workflow.") {
        return said;
    }
    let mut told = serde_json::Map::new();
    let command = &said["command"];
    for (name, value) in [
        ("command", &command["command"]),
        ("step", &command["step"]),
        ("number", &said["number"]),
    ] {
        if !value.is_null() {
            told.insert(name.to_owned(), value.clone());
        }
    }
    let events = said["events"].as_array().into_iter().flatten();
    let words = events.map(|one| serde_json::json!({ "event": one["event"] }));
    told.insert("events".to_owned(), words.collect());
    serde_json::Value::Object(told)
}

fn entry(seq: u64, line: &Line) -> Result<Entry, DbError> {
    let corrupt = |what| DbError::Corrupt {
        table: "audit",
        key: seq.to_string(),
        what,
    };
    let leaf = record_line(&line.leaf).ok_or(corrupt("the leaf is not a record"))?;
    let text = |key: &str| {
        leaf.get(key)
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
    };
    Ok(Entry {
        seq,
        hash: hex::encode(&line.hash),
        at: text("ts").to_owned(),
        action: text("action").to_owned(),
        actor: text("actor")
            .parse()
            .map_err(|_source| corrupt("the actor is not an id"))?,
        role: text("role").to_owned(),
        version: None,
        changes: Vec::new(),
        details: None,
        erased: false,
    })
}

fn differences(line: &Line, id: Uuid, old: &State, new: &State) -> Vec<FieldChange> {
    let own = |field: &str| !matches!(field, "changed_at" | "changed_by");
    let name = |field: &str| {
        if line.entity == id {
            field.to_owned()
        } else {
            format!("{}.{field}", line.kind)
        }
    };
    let mut fields: Vec<_> = old
        .keys()
        .chain(new.keys())
        .filter(|field| own(field))
        .collect();
    fields.sort_unstable();
    fields.dedup();
    fields
        .into_iter()
        .filter(|field| old.get(*field) != new.get(*field))
        .map(|field| FieldChange {
            field: name(field),
            from: old.get(field).cloned(),
            to: new.get(field).cloned(),
        })
        .collect()
}

/// The records about what has this root, or about one thing that belongs to it.
async fn lines(
    on: &impl ConnectionTrait,
    id: Uuid,
    only: Option<Uuid>,
) -> Result<Vec<Line>, DbError> {
    let (narrowed, values) = match only {
        Some(only) => (" AND s.entity_id = $2", vec![id.into(), only.into()]),
        None => ("", vec![id.into()]),
    };
    let text = format!(
        "SELECT s.seq, s.entity_id, s.version, s.slot, s.kind, a.h, a.leaf FROM audit_subject s \
         JOIN audit a ON a.seq = s.seq WHERE s.root_id = $1{narrowed} AND NOT ({NOTHING_CHANGED}) \
         ORDER BY s.seq, s.slot LIMIT {ENTRIES_MAX}"
    );
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        lines.push(Line {
            seq: row.try_get_by_index(0)?,
            entity: row.try_get_by_index(1)?,
            version: row.try_get_by_index(2)?,
            slot: row.try_get_by_index(3)?,
            kind: row.try_get_by_index(4)?,
            hash: row.try_get_by_index(5)?,
            leaf: row.try_get_by_index(6)?,
        });
    }
    Ok(lines)
}

/// The openings that belong to it, as far as they and its key still exist.
async fn openings(
    on: &impl ConnectionTrait,
    kms: &dyn Kms,
    id: Uuid,
) -> Result<HashMap<(i64, String), Vec<u8>>, DbError> {
    let keys: HashMap<Uuid, DataKey> = read_keys(on, kms, &[id]).await?;
    let Some(key) = keys.get(&id) else {
        return Ok(HashMap::new());
    };
    let text = "SELECT seq, key_owner, slots, sealed FROM audit_private WHERE key_owner = $1 \
                AND seq IN (SELECT seq FROM audit_subject WHERE root_id = $1)";
    let mut found = HashMap::new();
    for row in on.query_all_raw(sql(on, text, [id.into()])).await? {
        let seq: i64 = row.try_get_by_index(0)?;
        let one = SealedOpenings::of_row(&row)?;
        let openings = one.open(key).ok_or(DbError::Log("openings were changed"))?;
        found.extend(
            openings
                .into_iter()
                .map(|(slot, opening)| ((seq, slot), opening.bytes)),
        );
    }
    Ok(found)
}
