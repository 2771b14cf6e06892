//! What was asked of workflows and what came of it; final versions; what the system does for steps.

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{counted, signed};
use crate::base::db::{DbError, placeholders, sql};
use crate::base::{AccountId, DocumentId, Timestamp, VersionId, WorkId, WorkflowId};
use crate::unit::Unit;

/// What was asked of a workflow, and what came of it.
#[derive(Debug, Clone)]
pub(in crate::workflows) struct Entry {
    /// 1, 2, 3 …: the version of the workflow after it.
    pub(in crate::workflows) number: u64,
    /// When.
    pub(in crate::workflows) at: Timestamp,
    /// By whom.
    pub(in crate::workflows) account: AccountId,
    /// In whose stead, or for which function.
    pub(in crate::workflows) on_behalf_of: Option<AccountId>,
    /// What: JSON.
    pub(in crate::workflows) command: String,
    /// What came of it: JSON.
    pub(in crate::workflows) events: String,
}

/// Writes down what was asked.
pub(in crate::workflows) async fn insert_entry(
    unit: &Unit,
    flow: WorkflowId,
    entry: &Entry,
) -> Result<(), DbError> {
    let text = "INSERT INTO workflow_entry \
                (instance_id, number, at, account_id, obo, command, events) \
                VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        flow.raw().into(),
        signed(entry.number).into(),
        entry.at.micros().into(),
        entry.account.raw().into(),
        entry.on_behalf_of.map(AccountId::raw).into(),
        entry.command.clone().into(),
        entry.events.clone().into(),
    ];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

/// What was asked of a workflow behind an entry, first thing first; at most `limit`.
pub(in crate::workflows) async fn entries(
    on: &impl ConnectionTrait,
    flow: WorkflowId,
    (after, limit): (u64, u64),
) -> Result<Vec<Entry>, DbError> {
    let text = "SELECT number, at, account_id, obo, command, events FROM workflow_entry \
                WHERE instance_id = $1 AND number > $2 ORDER BY number LIMIT $3";
    let values = [
        flow.raw().into(),
        signed(after).into(),
        signed(limit).into(),
    ];
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    rows.iter()
        .map(|row| {
            let number: i64 = row.try_get_by_index(0)?;
            let at: i64 = row.try_get_by_index(1)?;
            let obo: Option<Uuid> = row.try_get_by_index(3)?;
            Ok(Entry {
                number: counted(number),
                at: Timestamp::of_micros(at),
                account: AccountId::of(row.try_get_by_index(2)?),
                on_behalf_of: obo.map(AccountId::of),
                command: row.try_get_by_index(4)?,
                events: row.try_get_by_index(5)?,
            })
        })
        .collect()
}

/// Which versions of documents are final, among these.
pub(in crate::workflows) async fn frozen_among(
    on: &impl ConnectionTrait,
    versions: &[VersionId],
) -> Result<Vec<VersionId>, DbError> {
    if versions.is_empty() {
        return Ok(Vec::new());
    }
    let places = placeholders(on.get_database_backend(), 1, versions.len(), 0);
    let text = format!(
        "SELECT document_version_id FROM workflow_frozen WHERE document_version_id IN {places}"
    );
    let values: Vec<sea_orm::Value> = versions.iter().map(|id| id.raw().into()).collect();
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    rows.iter()
        .map(|row| Ok(VersionId::of(row.try_get_by_index(0)?)))
        .collect()
}

/// Notes that a version is final; once is enough.
pub(in crate::workflows) async fn freeze(
    unit: &Unit,
    flow: WorkflowId,
    version: VersionId,
) -> Result<(), DbError> {
    if !frozen_among(unit.tx(), &[version]).await?.is_empty() {
        return Ok(());
    }
    let text = "INSERT INTO workflow_frozen (document_version_id, instance_id, at) \
                VALUES ($1, $2, $3)";
    let values = [
        version.raw().into(),
        flow.raw().into(),
        unit.now().micros().into(),
    ];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

/// The workflow that has a key, within its definition.
pub(in crate::workflows) async fn keyed(
    on: &impl ConnectionTrait,
    (definition, key): (&str, [u8; 32]),
) -> Result<Option<WorkflowId>, DbError> {
    let text = "SELECT instance_id FROM workflow_key WHERE definition_id = $1 AND digest = $2";
    let values = [definition.into(), key.to_vec().into()];
    let row = on.query_one_raw(sql(on, text, values)).await?;
    row.map(|row| Ok(WorkflowId::of(row.try_get_by_index(0)?)))
        .transpose()
}

/// Gives a workflow its key. False when another one has it: whoever comes at the same instant waits here until that
/// one is committed or given up.
pub(in crate::workflows) async fn insert_key(
    unit: &Unit,
    flow: WorkflowId,
    (definition, key): (&str, [u8; 32]),
) -> Result<bool, DbError> {
    let text = "INSERT INTO workflow_key (definition_id, digest, instance_id) VALUES ($1, $2, $3) \
                ON CONFLICT (definition_id, digest) DO NOTHING";
    let values = [definition.into(), key.to_vec().into(), flow.raw().into()];
    let done = unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(done.rows_affected() == 1)
}

/// Takes the key of a workflow away again.
pub(in crate::workflows) async fn delete_key(unit: &Unit, flow: WorkflowId) -> Result<(), DbError> {
    let text = "DELETE FROM workflow_key WHERE instance_id = $1";
    let values = [flow.raw().into()];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

/// Something that the system does for a step.
#[derive(Debug, Clone)]
pub(in crate::workflows) struct Work {
    /// Its id.
    pub(in crate::workflows) id: WorkId,
    /// The workflow.
    pub(in crate::workflows) flow: WorkflowId,
    /// The number of the step.
    pub(in crate::workflows) step: u32,
    /// What: JSON.
    pub(in crate::workflows) work: String,
    /// How often it was tried.
    pub(in crate::workflows) attempts: i64,
}

/// Notes what is to be done for a step, once.
pub(in crate::workflows) async fn insert_work(
    unit: &Unit,
    (flow, step): (WorkflowId, u32),
    work: &str,
) -> Result<(), DbError> {
    let text = "INSERT INTO workflow_work \
                (id, instance_id, step, work, created_at, due_at, attempts) \
                VALUES ($1, $2, $3, $4, $5, $5, 0) ON CONFLICT (instance_id, step) DO NOTHING";
    let values = [
        WorkId::new().raw().into(),
        flow.raw().into(),
        i64::from(step).into(),
        work.into(),
        unit.now().micros().into(),
    ];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

/// What is to be done now, the oldest first.
pub(in crate::workflows) async fn work_due(
    on: &impl ConnectionTrait,
    (now, limit): (Timestamp, u32),
) -> Result<Vec<Work>, DbError> {
    let text = "SELECT id, instance_id, step, work, attempts FROM workflow_work \
                WHERE done_at IS NULL AND due_at <= $1 AND work NOT LIKE $2 ORDER BY due_at LIMIT $3";
    works(on, text, (now, SEALS, limit)).await
}

/// How the work of a row begins whose step is done, and whose seal is raised.
pub(super) const SEALS: &str = "{\"raise\":%";

pub(super) async fn works(
    on: &impl ConnectionTrait,
    text: &str,
    (now, like, limit): (Timestamp, &str, u32),
) -> Result<Vec<Work>, DbError> {
    let values = [now.micros().into(), like.into(), i64::from(limit).into()];
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    rows.iter()
        .map(|row| {
            let step: i64 = row.try_get_by_index(2)?;
            Ok(Work {
                id: WorkId::of(row.try_get_by_index(0)?),
                flow: WorkflowId::of(row.try_get_by_index(1)?),
                step: u32::try_from(step).unwrap_or_default(),
                work: row.try_get_by_index(3)?,
                attempts: row.try_get_by_index(4)?,
            })
        })
        .collect()
}

/// Notes that it was done, or needs not be done any more. Where another server was faster the row says what is to be
/// done after it, and stays.
pub(in crate::workflows) async fn work_done(unit: &Unit, work: &Work) -> Result<(), DbError> {
    let text =
        "UPDATE workflow_work SET done_at = $1, last_error = NULL WHERE id = $2 AND work = $3";
    let values = [
        unit.now().micros().into(),
        work.id.raw().into(),
        work.work.as_str().into(),
    ];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

/// Notes that it could not be done: later again, and why not.
pub(in crate::workflows) async fn work_failed(
    unit: &Unit,
    (work, due): (&Work, Timestamp),
    why: &str,
) -> Result<(), DbError> {
    let text = "UPDATE workflow_work SET attempts = attempts + 1, due_at = $1, last_error = $2 \
                WHERE id = $3 AND work = $4";
    let why: String = why.chars().take(500).collect();
    let values = [
        due.micros().into(),
        why.into(),
        work.id.raw().into(),
        work.work.as_str().into(),
    ];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

/// Notes that it is on its way, and for what it waits: then it is looked again.
pub(in crate::workflows) async fn work_waits(
    unit: &Unit,
    (work, due): (&Work, Timestamp),
    why: &str,
) -> Result<(), DbError> {
    let text = "UPDATE workflow_work SET due_at = $1, last_error = $2 WHERE id = $3";
    let values = [due.micros().into(), why.into(), work.id.raw().into()];
    unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(())
}

/// The clock may have been set back: what waits until after this moment was written by a clock that was ahead, and is
/// due now. Seals that are raised wait for years, and go on waiting.
pub(in crate::workflows) async fn work_brought_near(
    unit: &Unit,
    farthest: Timestamp,
) -> Result<u64, DbError> {
    let text = "UPDATE workflow_work SET due_at = $1 \
                WHERE done_at IS NULL AND due_at > $2 AND work NOT LIKE $3";
    let values = [
        unit.now().micros().into(),
        farthest.micros().into(),
        SEALS.into(),
    ];
    let brought = unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
    Ok(brought.rows_affected())
}

/// What is said of the work of a step.
#[derive(Debug, Clone)]
pub(in crate::workflows) struct Said {
    /// The number of the step.
    pub(in crate::workflows) step: u32,
    /// What was to be done: JSON.
    pub(in crate::workflows) work: String,
    /// What went wrong last.
    pub(in crate::workflows) error: Option<String>,
    /// Whether nothing is done about it any more.
    pub(in crate::workflows) is_over: bool,
}

/// Why steps of a workflow wait for the system, and how far the seals are that it put on.
pub(in crate::workflows) async fn work_said(
    on: &impl ConnectionTrait,
    flow: WorkflowId,
) -> Result<Vec<Said>, DbError> {
    let text = "SELECT step, work, last_error, done_at FROM workflow_work WHERE instance_id = $1 \
                AND (work LIKE $2 OR (done_at IS NULL AND last_error IS NOT NULL))";
    let values = [flow.raw().into(), SEALS.into()];
    let rows = on.query_all_raw(sql(on, text, values)).await?;
    rows.iter()
        .map(|row| {
            let step: i64 = row.try_get_by_index(0)?;
            let done: Option<i64> = row.try_get_by_index(3)?;
            Ok(Said {
                step: u32::try_from(step).unwrap_or_default(),
                work: row.try_get_by_index(1)?,
                error: row.try_get_by_index(2)?,
                is_over: done.is_some(),
            })
        })
        .collect()
}

/// The documents that a workflow which has not ended named when it was written last, and those to which its marks are
/// bound.
pub(in crate::workflows) async fn documents_named(
    on: &impl ConnectionTrait,
    flow: WorkflowId,
) -> Result<Vec<DocumentId>, DbError> {
    let text = "SELECT document_id FROM workflow_document WHERE instance_id = $1";
    let rows = on.query_all_raw(sql(on, text, [flow.raw().into()])).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let id: Uuid = row.try_get_by_index(0)?;
        found.push(DocumentId::of(id));
    }
    Ok(found)
}
