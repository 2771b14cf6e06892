//! Documents that were taken out of others.

use sea_orm_migration::prelude::*;

use crate::dialect::create;

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0020_components"
    }
}

const SCHEMA: &[&str] = &[
    // parent_id: out of which document this one was taken. family_id: the outermost of those, after
    // which it goes. taken_from: out of which version. position: 1, 2, 3 … in that version.
    // depth: 1 in the outermost. part_path: what it was called there, with its folders.
    "ALTER TABLE document ADD COLUMN parent_id {uuid} REFERENCES document (id)",
    "ALTER TABLE document ADD COLUMN family_id {uuid} REFERENCES document (id)",
    "ALTER TABLE document ADD COLUMN taken_from {uuid} REFERENCES document_version (id)",
    "ALTER TABLE document ADD COLUMN position {big}",
    "ALTER TABLE document ADD COLUMN depth {big}",
    "ALTER TABLE document ADD COLUMN part_path TEXT",
    // No part is taken out twice.
    "CREATE UNIQUE INDEX document_taken ON document (taken_from, position) WHERE taken_from IS NOT NULL",
    "CREATE INDEX document_parent ON document (parent_id, position) WHERE parent_id IS NOT NULL",
    "CREATE INDEX document_family ON document (family_id) WHERE family_id IS NOT NULL",
    // components: how many parts were taken out with this text. details: JSON, what a mail says of
    // itself, and what was not taken out.
    "ALTER TABLE rendition ADD COLUMN components {big}",
    "ALTER TABLE rendition ADD COLUMN details TEXT",
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
