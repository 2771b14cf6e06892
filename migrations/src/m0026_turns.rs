//! Jobs are taken in their turn, and emergencies that end are found, without looking at all the others.

use sea_orm_migration::prelude::*;

use crate::dialect::create;

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0026_turns"
    }
}

const SCHEMA: &[&str] = &[
    "CREATE INDEX job_turn ON job (kind, due_at, id)",
    // Every question about jobs names their kind.
    "DROP INDEX job_due",
    "CREATE INDEX inspection_emergency ON inspection (valid_until) \
     WHERE kind = 'emergency' AND ended_at IS NULL AND approved_at IS NOT NULL",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, SCHEMA).await
    }
}
