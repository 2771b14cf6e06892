//! Several workflows of a kind may run in one case, each with a document of its own, where its definition says so.

use sea_orm_migration::prelude::*;

use crate::dialect::create;

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0043_workflows_per_document"
    }
}

/// That others run once for a case is kept by whoever begins them: the case is locked until then.
const OPEN: &[&str] = &[
    "DROP INDEX workflow_instance_open",
    "CREATE INDEX workflow_instance_open ON workflow_instance (case_id, definition_id)
        WHERE ended_at IS NULL",
    // Seals that are raised no further, of all that steps have asked for.
    "CREATE INDEX workflow_work_ended ON workflow_work (done_at)
        WHERE done_at IS NOT NULL AND last_error IS NOT NULL",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, OPEN).await
    }
}
