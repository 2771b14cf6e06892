//! Whoever is asked is counted without a look at each workflow: the case and the definition stand in the row itself.

use sea_orm_migration::prelude::*;

use crate::dialect::create;

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0042_inbox_counts"
    }
}

/// Neither ever changes. Every row has both.
const ROWS: &[&str] = &[
    "ALTER TABLE workflow_asked ADD COLUMN case_id {uuid}",
    "ALTER TABLE workflow_asked ADD COLUMN definition_id TEXT",
    "UPDATE workflow_asked SET \
     case_id = (SELECT i.case_id FROM workflow_instance i \
         WHERE i.id = workflow_asked.instance_id), \
     definition_id = (SELECT i.definition_id FROM workflow_instance i \
         WHERE i.id = workflow_asked.instance_id)",
];

/// As before, with what a count reads of a row behind it; again none of them has more than another.
const INBOXES: &[&str] = &[
    "DROP INDEX workflow_inbox_due",
    "DROP INDEX workflow_inbox_opened",
    "DROP INDEX workflow_inbox_anybody_due",
    "DROP INDEX workflow_inbox_anybody_opened",
    "CREATE INDEX workflow_inbox_due ON workflow_asked \
     (who, coalesce(overdue_at, 9223372036854775807), instance_id, step, overdue_at, held_until, \
     case_id, definition_id)",
    "CREATE INDEX workflow_inbox_opened ON workflow_asked \
     (who, opened_at, instance_id, step, overdue_at, held_until, case_id, definition_id)",
    "CREATE INDEX workflow_inbox_anybody_due ON workflow_asked \
     (department_id, coalesce(overdue_at, 9223372036854775807), instance_id, step, overdue_at, \
     held_until, case_id, definition_id) WHERE who = 'anybody'",
    "CREATE INDEX workflow_inbox_anybody_opened ON workflow_asked \
     (department_id, opened_at, instance_id, step, overdue_at, held_until, case_id, definition_id) \
     WHERE who = 'anybody'",
];

/// Which cases stand in a compartment: few. By an expression, or SQLite looks into the table itself, whose rows are
/// long, because there an id is found once at the most.
const HIDDEN: &[&str] = &[
    "CREATE INDEX record_case_hidden ON record_case (coalesce(id, id)) \
     WHERE compartment_id IS NOT NULL",
    "DROP INDEX record_case_within",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, ROWS).await?;
        create(manager, INBOXES).await?;
        create(manager, HIDDEN).await
    }
}
