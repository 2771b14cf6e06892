//! Workflows as they were asked and decided: their rows, and each entry of their journal, step by step.

use std::collections::{BTreeMap, HashMap};

use sea_orm::{DatabaseTransaction, Value};
use uuid::Uuid;
use workflow::definition::Definition;
use workflow::instance::{EffectDue, Event};

use super::log::department_of;
use super::people::Moment;
use super::rows::{LIST_MAX, all, list};
use crate::base::db::DbError;

/// Workflows that are read at once.
const STEP: i64 = 200;

/// A row of a workflow with all that belongs to it.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) id: Uuid,
    pub(super) version: i64,
    pub(super) department: Uuid,
    pub(super) definition: (String, i64),
    pub(super) sha256: String,
    pub(super) state: String,
    pub(super) ended_at: Option<i64>,
    pub(super) data: String,
    pub(super) entries: Vec<Entry>,
    pub(super) steps: BTreeMap<i64, StepRow>,
}

/// What was asked, and what came of it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) number: i64,
    pub(super) when: Moment,
    pub(super) account: Uuid,
    pub(super) obo: Option<Uuid>,
    /// The department of the case then.
    pub(super) department: Option<Uuid>,
    /// Nothing where they cannot be read.
    pub(super) events: Option<Vec<Event>>,
}

/// The row of a step, as far as it says how it ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StepRow {
    pub(super) key: String,
    pub(super) status: String,
    pub(super) done_at: Option<i64>,
    pub(super) done_by: Option<Uuid>,
    pub(super) outcome: Option<String>,
}

/// A version of a document.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) number: i64,
    pub(super) by: Uuid,
    pub(super) sha512: String,
    pub(super) frozen: bool,
}

impl Version {
    /// Whether the house made it of the one before: a seal, or its timestamp.
    pub(super) fn is_made(&self) -> bool {
        self.number > 1 && self.by.is_nil()
    }
}

/// The versions of documents.
pub(super) type Versions = HashMap<Uuid, Vec<Version>>;

/// The workflows behind `after`.
pub(super) async fn step(on: &DatabaseTransaction, after: Uuid) -> Result<Vec<Flow>, DbError> {
    let text = "SELECT id, version, department_id, definition_id, definition_version, definition_sha256, state, \
                ended_at, data FROM workflow_instance WHERE id > $1 ORDER BY id LIMIT $2";
    let rows = all(on, text, vec![after.into(), STEP.into()]).await?;
    let mut flows = Vec::with_capacity(rows.len());
    for row in rows {
        let sha256: Vec<u8> = row.try_get_by_index(5)?;
        flows.push(Flow {
            id: row.try_get_by_index(0)?,
            version: row.try_get_by_index(1)?,
            department: row.try_get_by_index(2)?,
            definition: (row.try_get_by_index(3)?, row.try_get_by_index(4)?),
            sha256: hex::encode(sha256),
            state: row.try_get_by_index(6)?,
            ended_at: row.try_get_by_index(7)?,
            data: row.try_get_by_index(8)?,
            entries: Vec::new(),
            steps: BTreeMap::new(),
        });
    }
    let Some(last) = flows.last().map(|flow| flow.id) else {
        return Ok(flows);
    };
    let range = || -> Vec<Value> { vec![after.into(), last.into()] };
    entries(on, range(), &mut flows).await?;
    steps(on, range(), &mut flows).await?;
    Ok(flows)
}

fn at(flows: &mut [Flow], id: Uuid) -> Option<&mut Flow> {
    let place = flows.binary_search_by_key(&id, |flow| flow.id).ok()?;
    flows.get_mut(place)
}

async fn entries(
    on: &DatabaseTransaction,
    range: Vec<Value>,
    flows: &mut [Flow],
) -> Result<(), DbError> {
    // The number of an entry is the version of the workflow after it: so its record is found.
    let text = "SELECT e.instance_id, e.number, e.at, e.account_id, e.obo, e.events, s.seq, a.leaf \
                FROM workflow_entry e \
                LEFT JOIN audit_subject s ON s.entity_id = e.instance_id AND s.version = e.number \
                LEFT JOIN audit a ON a.seq = s.seq \
                WHERE e.instance_id > $1 AND e.instance_id <= $2 ORDER BY e.instance_id, e.number";
    for row in all(on, text, range).await? {
        let Some(flow) = at(flows, row.try_get_by_index(0)?) else {
            continue;
        };
        let events: String = row.try_get_by_index(5)?;
        let seq: Option<i64> = row.try_get_by_index(6)?;
        let leaf: Option<Vec<u8>> = row.try_get_by_index(7)?;
        flow.entries.push(Entry {
            number: row.try_get_by_index(1)?,
            when: Moment {
                seq: seq.unwrap_or(i64::MAX),
                at: row.try_get_by_index(2)?,
            },
            account: row.try_get_by_index(3)?,
            obo: row.try_get_by_index(4)?,
            department: leaf.and_then(|leaf| department_of(&leaf)),
            events: serde_json::from_str(&events).ok(),
        });
    }
    Ok(())
}

async fn steps(
    on: &DatabaseTransaction,
    range: Vec<Value>,
    flows: &mut [Flow],
) -> Result<(), DbError> {
    let text = "SELECT instance_id, number, key, status, done_at, done_by, outcome FROM workflow_step \
                WHERE instance_id > $1 AND instance_id <= $2";
    for row in all(on, text, range).await? {
        let Some(flow) = at(flows, row.try_get_by_index(0)?) else {
            continue;
        };
        let step = StepRow {
            key: row.try_get_by_index(2)?,
            status: row.try_get_by_index(3)?,
            done_at: row.try_get_by_index(4)?,
            done_by: row.try_get_by_index(5)?,
            outcome: row.try_get_by_index(6)?,
        };
        flow.steps.insert(row.try_get_by_index(1)?, step);
    }
    Ok(())
}

/// The documents that marks are bound to, or that were sent.
fn documents_of(flows: &[Flow]) -> Vec<Uuid> {
    let entries = flows.iter().flat_map(|flow| &flow.entries);
    let events = entries.filter_map(|entry| entry.events.as_ref()).flatten();
    let named = events.filter_map(|event| match event {
        Event::Completed { done, .. } => done.bound.as_ref(),
        Event::Effect {
            effect: EffectDue::Dispatch { version },
            ..
        } => Some(version),
        Event::Effect { .. }
        | Event::Started { .. }
        | Event::Entered { .. }
        | Event::StepMade { .. }
        | Event::StepOpened { .. }
        | Event::StepWaits { .. }
        | Event::Claimed { .. }
        | Event::Released { .. }
        | Event::Skipped { .. }
        | Event::Withdrawn { .. }
        | Event::Voided { .. }
        | Event::Returned { .. }
        | Event::Delegated { .. }
        | Event::Held { .. }
        | Event::Resumed { .. }
        | Event::Extended { .. }
        | Event::Excluded { .. }
        | Event::EditorialAnnounced { .. }
        | Event::EditorialTaken { .. }
        | Event::Reminded { .. }
        | Event::Escalated { .. }
        | Event::FieldSet { .. }
        | Event::FieldEmptied { .. }
        | Event::Ended { .. }
        | Event::Migrated { .. } => None,
    });
    let mut ids: Vec<Uuid> = named
        .filter_map(|bound| Uuid::parse_str(&bound.document.0).ok())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The versions of the documents that these workflows speak of, by their numbers.
pub(super) async fn versions(
    on: &DatabaseTransaction,
    flows: &[Flow],
) -> Result<Versions, DbError> {
    let mut found = Versions::new();
    for some in documents_of(flows).chunks(LIST_MAX) {
        let text = format!(
            "SELECT v.document_id, v.number, v.created_by, b.sha512, w.instance_id FROM document_version v \
             JOIN blob b ON b.name = v.blob_name \
             LEFT JOIN workflow_frozen w ON w.document_version_id = v.id \
             WHERE v.document_id IN ({}) ORDER BY v.document_id, v.number",
            list(0, some.len())
        );
        let values = some.iter().map(|id| Value::from(*id)).collect();
        for row in all(on, &text, values).await? {
            let sha512: Vec<u8> = row.try_get_by_index(3)?;
            let frozen: Option<Uuid> = row.try_get_by_index(4)?;
            let version = Version {
                number: row.try_get_by_index(1)?,
                by: row.try_get_by_index(2)?,
                sha512: hex::encode(sha512),
                frozen: frozen.is_some(),
            };
            let document = row.try_get_by_index(0)?;
            found.entry(document).or_default().push(version);
        }
    }
    Ok(found)
}

/// A definition as it is kept.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) code: String,
    pub(super) number: i64,
    /// As the row says.
    pub(super) sha256: String,
    /// Of its bytes.
    pub(super) computed: String,
    pub(super) id: Uuid,
    pub(super) definition: Option<Definition>,
}

/// All definitions that are kept.
pub(super) async fn definitions(on: &DatabaseTransaction) -> Result<Vec<Kept>, DbError> {
    use sha2::{Digest as _, Sha256};
    let text =
        "SELECT id, code, number, sha256, source FROM workflow_definition ORDER BY code, number";
    let mut kept = Vec::new();
    for row in all(on, text, Vec::new()).await? {
        let sha256: Vec<u8> = row.try_get_by_index(3)?;
        let source: Vec<u8> = row.try_get_by_index(4)?;
        kept.push(Kept {
            id: row.try_get_by_index(0)?,
            code: row.try_get_by_index(1)?,
            number: row.try_get_by_index(2)?,
            sha256: hex::encode(sha256),
            computed: hex::encode(Sha256::digest(&source)),
            definition: Definition::read_kept(&source).ok(),
        });
    }
    Ok(kept)
}
