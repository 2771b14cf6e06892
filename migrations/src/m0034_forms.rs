//! Templates of forms of which documents were made: none of them changes.

use sea_orm_migration::prelude::*;

use crate::dialect::{Guard, create, guard};

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0034_forms"
    }
}

const SCHEMA: &[&str] = &[
    // sha256: of source, which is the template as it was read. used_at: when the first document was
    // made of it.
    "CREATE TABLE form_template (
        id TEXT NOT NULL,
        version {big} NOT NULL,
        sha256 {blob} NOT NULL,
        source {blob} NOT NULL,
        used_at {big} NOT NULL,
        PRIMARY KEY (id, version)){strict}",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, SCHEMA).await?;
        let key = "id = NEW.id AND version = NEW.version";
        guard(manager, "form_template", Guard::AppendOnly, key).await
    }
}
