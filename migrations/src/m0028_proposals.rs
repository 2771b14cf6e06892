//! What is withheld or lies in quarantine comes to its end: two people destroy it, or release it.

use sea_orm_migration::prelude::*;

use crate::dialect::{Guard, create, guard};

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0028_proposals"
    }
}

const SCHEMA: &[&str] = &[
    // object_kind: version, quarantine. act: destroy, release. versions: JSON, the ids of all versions that
    // it is about; none of content in quarantine. end_reason: why the system ended what was approved.
    // done_at: since when nothing is left to do.
    "CREATE TABLE proposal (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        object_kind TEXT NOT NULL,
        object_id {uuid} NOT NULL,
        act TEXT NOT NULL,
        versions TEXT NOT NULL,
        reason TEXT NOT NULL,
        proposed_at {big} NOT NULL,
        proposed_by {uuid} NOT NULL,
        approved_at {big},
        approved_by {uuid},
        ended_at {big},
        ended_by {uuid},
        end_reason TEXT,
        done_at {big},
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX proposal_open ON proposal (object_id) WHERE ended_at IS NULL AND done_at IS NULL",
    // Blobs whose key is destroyed and whose bytes go: their rows stay as tombstones.
    "CREATE TABLE destroyed_blob (
        name {blob} NOT NULL PRIMARY KEY REFERENCES blob (name),
        proposal_id {uuid} NOT NULL REFERENCES proposal (id) DEFERRABLE INITIALLY DEFERRED,
        destroyed_at {big} NOT NULL){strict}",
    "CREATE INDEX destroyed_blob_proposal ON destroyed_blob (proposal_id)",
    // Since when two people say that the scanner is wrong about this content.
    "ALTER TABLE quarantine ADD COLUMN released_at {big}",
    "ALTER TABLE quarantine ADD COLUMN released_by {uuid}",
    "CREATE INDEX rendition_guarded ON rendition (document_version_id) WHERE kind = 'biometric'",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, SCHEMA).await?;
        guard(manager, "proposal", Guard::Versioned, "").await?;
        guard(
            manager,
            "destroyed_blob",
            Guard::AppendOnly,
            "name = NEW.name",
        )
        .await
    }
}
