//! Files and cases, what documents gain by being registered in a case, holds, old references.

use sea_orm_migration::prelude::*;

use crate::dialect::{Guard, create, guard};

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0007_files"
    }
}

const SCHEMA: &[&str] = &[
    // The last number given in a scope: `file:<plan unit>:<year>`, `case:<file>`, `document:<case>`.
    // Counted up in the transaction that uses the number, so that no number is lost.
    "CREATE TABLE reference_counter (
        scope TEXT NOT NULL PRIMARY KEY,
        last {big} NOT NULL){strict}",
    // opened_on, retention_from, retention_until: civil dates. folded: the subject as lists search it.
    // rule: the unit of the plan and its version, from which the periods were taken.
    "CREATE TABLE record_file (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        plan_unit_id {uuid} NOT NULL REFERENCES plan_unit (id),
        parent_id {uuid} REFERENCES record_file (id),
        reference TEXT NOT NULL UNIQUE,
        year {big} NOT NULL,
        ordinal {big} NOT NULL,
        subject TEXT NOT NULL,
        folded TEXT NOT NULL,
        department_id {uuid} NOT NULL REFERENCES department (id),
        compartment_id {uuid} REFERENCES compartment (id),
        medium TEXT NOT NULL,
        confidentiality TEXT NOT NULL,
        state TEXT NOT NULL,
        opened_on TEXT NOT NULL,
        closed_at {big},
        closed_by {uuid},
        reason TEXT,
        retention_years {big},
        transfer_years {big},
        disposal TEXT NOT NULL,
        rule TEXT NOT NULL,
        retention_from TEXT,
        retention_until TEXT,
        transfer_on TEXT,
        note TEXT,
        tags TEXT NOT NULL,
        created_at {big} NOT NULL,
        created_by {uuid} NOT NULL,
        changed_at {big} NOT NULL,
        changed_by {uuid} NOT NULL,
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX record_file_department ON record_file (department_id, created_at, id)",
    "CREATE INDEX record_file_unit ON record_file (plan_unit_id, year, ordinal)",
    "CREATE INDEX record_file_parent ON record_file (parent_id)",
    "CREATE TABLE record_case (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        file_id {uuid} NOT NULL REFERENCES record_file (id),
        parent_id {uuid} REFERENCES record_case (id),
        reference TEXT NOT NULL UNIQUE,
        ordinal {big} NOT NULL,
        subject TEXT NOT NULL,
        folded TEXT NOT NULL,
        kind TEXT,
        department_id {uuid} NOT NULL REFERENCES department (id),
        compartment_id {uuid} REFERENCES compartment (id),
        state TEXT NOT NULL,
        opened_on TEXT NOT NULL,
        closed_at {big},
        closed_by {uuid},
        reason TEXT,
        note TEXT,
        tags TEXT NOT NULL,
        created_at {big} NOT NULL,
        created_by {uuid} NOT NULL,
        changed_at {big} NOT NULL,
        changed_by {uuid} NOT NULL,
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX record_case_file ON record_case (file_id, ordinal)",
    "CREATE INDEX record_case_department ON record_case (department_id, created_at, id)",
    "CREATE INDEX record_case_parent ON record_case (parent_id)",
    // What something was called before it was filed elsewhere; an old name is never given again.
    "CREATE TABLE reference_alias (
        reference TEXT NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        object_id {uuid} NOT NULL,
        since {big} NOT NULL){strict}",
    "CREATE INDEX reference_alias_object ON reference_alias (object_id)",
    "CREATE TABLE hold (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        object_kind TEXT NOT NULL,
        object_id {uuid} NOT NULL,
        reason TEXT NOT NULL,
        placed_at {big} NOT NULL,
        placed_by {uuid} NOT NULL,
        lifted_at {big},
        lifted_by {uuid},
        lift_reason TEXT,
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX hold_object ON hold (object_id)",
    "ALTER TABLE document ADD COLUMN case_id {uuid} REFERENCES record_case (id)",
    "ALTER TABLE document ADD COLUMN reference TEXT",
    "ALTER TABLE document ADD COLUMN ordinal {big}",
    "ALTER TABLE document ADD COLUMN registered_at {big}",
    "ALTER TABLE document ADD COLUMN registered_by {uuid}",
    "ALTER TABLE document ADD COLUMN inbox_id {uuid} REFERENCES account (id)",
    "CREATE UNIQUE INDEX document_reference ON document (reference)",
    "CREATE INDEX document_case ON document (case_id, ordinal)",
    // What a search asks of records that the index does not know yet: which documents changed in them.
    "CREATE INDEX audit_subject_changed ON audit_subject (seq, root_id) \
     WHERE kind = 'document' AND version > 1",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, SCHEMA).await?;
        for table in ["record_file", "record_case", "hold"] {
            guard(manager, table, Guard::Versioned, "").await?;
        }
        guard(
            manager,
            "reference_alias",
            Guard::AppendOnly,
            "reference = NEW.reference",
        )
        .await
    }
}
