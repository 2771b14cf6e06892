//! A subscriber is told of emergencies.

use sea_orm_migration::prelude::*;

use crate::dialect::create;

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0018_told_emergency"
    }
}

const SCHEMA: &[&str] = &[
    // inspection_id: the emergency that is told, in the place of a document, a case or a file.
    "ALTER TABLE webhook_delivery ADD COLUMN inspection_id {uuid}",
    "CREATE UNIQUE INDEX webhook_delivery_inspection ON webhook_delivery (webhook_id, seq, inspection_id)",
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
