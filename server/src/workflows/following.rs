//! Follows the log: where a document has another version than its marks were bound to, or a case stands in another
//! place than when something last happened in its workflow, the workflow is looked at; and whoever watches an inbox is
//! told that something may have changed, on whichever server that was.
//!
//! How far it is stands in no row: after a start all documents of open workflows are compared once, and from then on
//! those that records speak of. Several servers may do the same at once: the second finds nothing.

use std::time::Duration;

use sea_orm::ConnectionTrait;
use uuid::Uuid;
use workflow::instance::Command;

use super::catalog::Rules;
use super::inbox::Bell;
use super::model::WorkflowError;
use super::ops;
use crate::audit;
use crate::base::db::{DbError, sql};
use crate::base::{Actor, WorkflowId};
use crate::unit::{Db, Unit};

/// Records that are looked at in one step.
const STEP_RECORDS: i64 = 1_000;
/// How often the log is looked at when this process has written nothing: others may have.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Why a look at documents came to nothing.
enum Nothing {
    /// Nothing was to be said.
    Empty,
    /// It was refused or failed.
    Failed(WorkflowError),
}

impl From<DbError> for Nothing {
    fn from(error: DbError) -> Self {
        Self::Failed(error.into())
    }
}

/// Follows the log for workflows.
#[derive(Debug)]
pub struct Follower {
    db: Db,
    rules: Rules,
    bell: Bell,
    /// The last record that was looked at; none before all documents were compared.
    place: Option<i64>,
}

/// The number of the last record, or one less than the first.
async fn head(on: &impl ConnectionTrait) -> Result<i64, DbError> {
    let last = audit::log::last_seq(on).await?;
    Ok(last.map_or(-1, |seq| i64::try_from(seq).unwrap_or(i64::MAX)))
}

/// That the version in force of a document is another than a mark was bound to.
const BEHIND: &str = "SELECT DISTINCT w.instance_id FROM workflow_document w \
    JOIN document d ON d.id = w.document_id \
    JOIN document_version v ON v.document_id = d.id AND v.number = d.content_version \
    JOIN blob b ON b.name = v.blob_name \
    WHERE w.sha512 IS NOT NULL AND w.sha512 <> b.sha512";

/// That the case of an open workflow was moved since anything happened in it.
const ASTRAY: &str = "SELECT w.id FROM workflow_instance w JOIN record_case c ON c.id = w.case_id \
    WHERE w.ended_at IS NULL AND (w.department_id <> c.department_id \
    OR w.compartment_id IS DISTINCT FROM c.compartment_id)";

/// The workflows whose marks may be bound to older versions, and those whose case was moved: of documents and cases of
/// which these records speak, or of all.
async fn behind(
    on: &impl ConnectionTrait,
    records: Option<(i64, i64)>,
) -> Result<Vec<WorkflowId>, DbError> {
    let mut found = Vec::new();
    for (what, about, kind) in [
        (BEHIND, "w.document_id", "document_version"),
        (ASTRAY, "w.case_id", "case"),
    ] {
        let rows = match records {
            None => on.query_all_raw(sql(on, what, [])).await?,
            Some((from, upto)) => {
                let text = format!(
                    "{what} AND {about} IN (SELECT root_id FROM audit_subject \
                     WHERE seq > $1 AND seq <= $2 AND kind = '{kind}')"
                );
                on.query_all_raw(sql(on, text, [from.into(), upto.into()]))
                    .await?
            }
        };
        for row in &rows {
            let id: Uuid = row.try_get_by_index(0)?;
            found.push(WorkflowId::of(id));
        }
    }
    Ok(found)
}

/// Whether these records speak of workflows or of people: then inboxes may have changed.
async fn concerns_inboxes(
    on: &impl ConnectionTrait,
    (from, upto): (i64, i64),
) -> Result<bool, DbError> {
    let text = "SELECT 1 FROM audit_subject WHERE seq > $1 AND seq <= $2 \
                AND kind IN ('workflow', 'case', 'deputation', 'function_holder', 'role_grant', \
                'compartment_grant', 'account') LIMIT 1";
    let row = on
        .query_one_raw(sql(on, text, [from.into(), upto.into()]))
        .await?;
    Ok(row.is_some())
}

impl Follower {
    /// Of this house; `bell` rings for those who watch.
    #[must_use]
    pub fn new(db: &Db, rules: &Rules, bell: &Bell) -> Self {
        Self {
            db: db.clone(),
            rules: rules.clone(),
            bell: bell.clone(),
            place: None,
        }
    }

    /// How often the log is looked at when this process has written nothing.
    #[must_use]
    pub const fn pause() -> Duration {
        LOOK_EVERY
    }

    /// Looks at what came since the last time. True where there may be more at once.
    ///
    /// # Errors
    /// Where the log cannot be read; then the same is looked at again.
    pub async fn step(&mut self) -> Result<bool, DbError> {
        let on = self.db.read();
        let last = head(on).await?;
        let Some(place) = self.place else {
            let found = behind(on, None).await?;
            self.look_at(found).await;
            self.place = Some(last);
            return Ok(true);
        };
        if last <= place {
            return Ok(false);
        }
        let upto = last.min(place + STEP_RECORDS);
        if concerns_inboxes(on, (place, upto)).await? {
            self.bell.ring();
        }
        let found = behind(on, Some((place, upto))).await?;
        self.look_at(found).await;
        self.place = Some(upto);
        Ok(upto < last)
    }

    async fn look_at(&self, workflows: Vec<WorkflowId>) {
        for id in workflows {
            let rules = self.rules.clone();
            let looked = self
                .db
                .write(&Actor::system(), async move |unit: &mut Unit| {
                    let looked = Box::pin(ops::command(unit, &rules, id, Command::Look)).await;
                    let looked = looked.map_err(Nothing::Failed)?;
                    // Nothing was written.
                    if looked.flow.changed_at != unit.now() {
                        return Err(Nothing::Empty);
                    }
                    Ok(())
                })
                .await;
            match looked {
                Ok(_)
                | Err(
                    Nothing::Empty
                    | Nothing::Failed(WorkflowError::NotFound | WorkflowError::Refused(_)),
                ) => {}
                // It is looked at again before the next command.
                Err(Nothing::Failed(error)) => tracing::warn!(
                    workflow.id = %id,
                    error = %error,
                    cause = ?error,
                    "the documents of a workflow could not be looked at"
                ),
            }
        }
    }
}
