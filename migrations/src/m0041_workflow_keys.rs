//! By what workflows are known again: the same begins only once. What they hand over is delivered as webhooks are.

use sea_orm_migration::prelude::*;

use crate::dialect::create;

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0041_workflow_keys"
    }
}

const KEYS: &[&str] = &[
    // digest: SHA-256 of what the fields say that a definition names as unique, as it began.
    "CREATE TABLE workflow_key (
        definition_id TEXT NOT NULL,
        digest {blob} NOT NULL,
        instance_id {uuid} NOT NULL REFERENCES workflow_instance (id),
        PRIMARY KEY (definition_id, digest)){clustered}",
    "CREATE UNIQUE INDEX workflow_key_instance ON workflow_key (instance_id)",
];

const HANDED: &[&str] = &[
    // work_id: what a workflow hands over, in the place of seq; body: what is sent, as it was then.
    "ALTER TABLE webhook_delivery ADD COLUMN work_id {uuid}",
    "ALTER TABLE webhook_delivery ADD COLUMN body TEXT",
    "CREATE UNIQUE INDEX webhook_delivery_work ON webhook_delivery (webhook_id, work_id)",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, KEYS).await?;
        create(manager, HANDED).await
    }
}
