//! The file plan: editions, and their units as a tree.

use sea_orm_migration::prelude::*;

use crate::dialect::{Guard, create, guard};

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0006_file_plan"
    }
}

const SCHEMA: &[&str] = &[
    // valid_from, valid_until: civil dates, the last one included.
    "CREATE TABLE file_plan (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        name TEXT NOT NULL,
        edition TEXT NOT NULL,
        valid_from TEXT NOT NULL,
        valid_until TEXT,
        created_at {big} NOT NULL,
        created_by {uuid} NOT NULL,
        UNIQUE (name, edition),
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    // code: the mark of the unit (Kennzeichen), unique in its plan. Empty patterns: those of the house.
    "CREATE TABLE plan_unit (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        plan_id {uuid} NOT NULL REFERENCES file_plan (id),
        parent_id {uuid} REFERENCES plan_unit (id),
        code TEXT NOT NULL,
        title TEXT NOT NULL,
        file_pattern TEXT,
        case_pattern TEXT,
        document_pattern TEXT,
        retention_years {big},
        transfer_years {big},
        disposal TEXT NOT NULL,
        protection TEXT,
        compartment_id {uuid} REFERENCES compartment (id),
        legal_basis TEXT,
        note TEXT,
        retired_at {big},
        created_at {big} NOT NULL,
        UNIQUE (plan_id, code),
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX plan_unit_parent ON plan_unit (parent_id)",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, SCHEMA).await?;
        for table in ["file_plan", "plan_unit"] {
            guard(manager, table, Guard::Versioned, "").await?;
        }
        Ok(())
    }
}
