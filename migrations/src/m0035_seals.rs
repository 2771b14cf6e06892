//! Seals are raised further than to a timestamp, and wait for that one by one.

use sea_orm_migration::prelude::*;

use crate::dialect::create;

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0035_seals"
    }
}

const SCHEMA: &[&str] = &[
    // The version that bears the seal at its level. None: the one that was signed; at B-T, where it was raised
    // before this step, it stays there.
    "ALTER TABLE signing_job ADD COLUMN held_version_id {uuid} REFERENCES document_version (id)",
    // When the certificate of the newest timestamp over the whole document ends.
    "ALTER TABLE signing_job ADD COLUMN archive_until {big}",
    "CREATE INDEX signing_job_archive ON signing_job (archive_until) \
     WHERE archive_until IS NOT NULL AND reason IS NULL",
    // What could not be raised, and when it is tried again. No evidence: it changes with every attempt.
    "CREATE TABLE seal_wait (
        job_id {uuid} NOT NULL PRIMARY KEY REFERENCES signing_job (id),
        attempts {big} NOT NULL,
        next_at {big} NOT NULL){strict}",
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
