//! What describes a document beside its metadata: notes, relations to others, correspondents.

use sea_orm_migration::prelude::*;

use crate::dialect::{Guard, create, guard};

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0009_describing"
    }
}

const SCHEMA: &[&str] = &[
    "CREATE TABLE note (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        object_kind TEXT NOT NULL,
        object_id {uuid} NOT NULL,
        body TEXT NOT NULL,
        created_at {big} NOT NULL,
        created_by {uuid} NOT NULL,
        changed_at {big} NOT NULL,
        changed_by {uuid} NOT NULL,
        withdrawn_at {big},
        withdrawn_by {uuid},
        reason TEXT,
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX note_object ON note (object_id, id)",
    // low_id, high_id: the two documents in an order that does not depend on the direction.
    "CREATE TABLE relation (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        kind TEXT NOT NULL,
        source_id {uuid} NOT NULL REFERENCES document (id),
        target_id {uuid} NOT NULL REFERENCES document (id),
        low_id {uuid} NOT NULL,
        high_id {uuid} NOT NULL,
        created_at {big} NOT NULL,
        created_by {uuid} NOT NULL,
        withdrawn_at {big},
        withdrawn_by {uuid},
        reason TEXT,
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE UNIQUE INDEX relation_pair ON relation (low_id, high_id, kind) \
     WHERE withdrawn_at IS NULL",
    "CREATE INDEX relation_source ON relation (source_id, id)",
    "CREATE INDEX relation_target ON relation (target_id, id)",
    // brought: the aliases that the survivor of a merger got from it.
    "CREATE TABLE correspondent (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        kind TEXT,
        name TEXT NOT NULL,
        aliases TEXT NOT NULL,
        street TEXT,
        postal_code TEXT,
        city TEXT,
        country TEXT,
        email TEXT,
        merged_into {uuid} REFERENCES correspondent (id),
        brought TEXT,
        created_at {big} NOT NULL,
        created_by {uuid} NOT NULL,
        changed_at {big} NOT NULL,
        changed_by {uuid} NOT NULL,
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX correspondent_by_name ON correspondent (name, id)",
    "CREATE INDEX correspondent_merged ON correspondent (merged_into)",
    // By which names and aliases, folded, those are found that stand for themselves.
    "CREATE TABLE correspondent_name (
        spelling TEXT NOT NULL,
        correspondent_id {uuid} NOT NULL REFERENCES correspondent (id),
        PRIMARY KEY (spelling, correspondent_id)){clustered}",
    "CREATE INDEX correspondent_name_of ON correspondent_name (correspondent_id)",
    "ALTER TABLE document ADD COLUMN correspondent_id {uuid} REFERENCES correspondent (id)",
    "CREATE INDEX document_correspondent ON document (correspondent_id)",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, SCHEMA).await?;
        for table in ["note", "relation", "correspondent"] {
            guard(manager, table, Guard::Versioned, "").await?;
        }
        Ok(())
    }
}
