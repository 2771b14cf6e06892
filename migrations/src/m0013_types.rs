//! Document types and the fields that they carry, and what documents say in them.

use sea_orm_migration::prelude::*;

use crate::dialect::{Guard, create, guard};

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0013_types"
    }
}

const SCHEMA: &[&str] = &[
    // rules: JSON, what a value must be like; by kind.
    "CREATE TABLE field (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        code TEXT NOT NULL UNIQUE,
        label TEXT NOT NULL UNIQUE,
        description TEXT,
        kind TEXT NOT NULL,
        rules TEXT NOT NULL,
        retired_at {big},
        created_at {big} NOT NULL,
        created_by {uuid} NOT NULL,
        changed_at {big} NOT NULL,
        changed_by {uuid} NOT NULL,
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    // code: the word that documents bear as their type. carried: JSON, which fields and whether each
    // is required.
    "CREATE TABLE document_type (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        code TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL UNIQUE,
        description TEXT,
        carried TEXT NOT NULL,
        retired_at {big},
        created_at {big} NOT NULL,
        created_by {uuid} NOT NULL,
        changed_at {big} NOT NULL,
        changed_by {uuid} NOT NULL,
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    // JSON: values by the codes of their fields; nothing where there is none.
    "ALTER TABLE document ADD COLUMN field_values TEXT",
    // By which values documents are found: what stands in the document itself is what counts.
    // number: millionths, or days since 1970; nothing where a value is neither.
    "CREATE TABLE document_field (
        document_id {uuid} NOT NULL REFERENCES document (id),
        field TEXT NOT NULL,
        position {big} NOT NULL,
        value TEXT NOT NULL,
        number {big},
        PRIMARY KEY (document_id, field, position)){clustered}",
    "CREATE INDEX document_field_value ON document_field (field, value)",
    "CREATE INDEX document_field_number ON document_field (field, number)",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, SCHEMA).await?;
        for table in ["field", "document_type"] {
            guard(manager, table, Guard::Versioned, "").await?;
        }
        Ok(())
    }
}
