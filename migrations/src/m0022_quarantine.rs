//! Content that came in infected, kept apart from documents.

use sea_orm_migration::prelude::*;

use crate::dialect::{Guard, create, guard};

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0022_quarantine"
    }
}

const SCHEMA: &[&str] = &[
    // sha256, bytes, media_type: of the content as it came. signature: what fits it, as the scanner
    // calls it. department_id: where it was to go, where that was known. discarded_at: since when its
    // key is destroyed.
    "CREATE TABLE quarantine (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        blob_name {blob} NOT NULL REFERENCES blob (name),
        sha256 {blob} NOT NULL,
        bytes {big} NOT NULL,
        media_type TEXT NOT NULL,
        signature TEXT NOT NULL,
        department_id {uuid} REFERENCES department (id),
        created_at {big} NOT NULL,
        created_by {uuid} NOT NULL,
        discarded_at {big},
        discarded_by {uuid},
        reason TEXT,
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX quarantine_content ON quarantine (sha256, created_by)",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, SCHEMA).await?;
        guard(manager, "quarantine", Guard::Versioned, "").await
    }
}
