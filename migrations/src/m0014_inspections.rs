//! Inspections: something is opened to an account by itself, for a time; in an emergency too. And by what was
//! looked at the second log is found again.

use sea_orm_migration::prelude::*;

use crate::dialect::{Guard, create, guard};

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0014_inspections"
    }
}

const SCHEMA: &[&str] = &[
    // object_kind: file, case, document; department or compartment in an emergency.
    // compartment_id: into which it reaches. hours: how long an emergency lasts from its approval on.
    // first_*: the first of two approvals; approved_*: the one from which on it holds.
    "CREATE TABLE inspection (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        kind TEXT NOT NULL,
        account_id {uuid} NOT NULL REFERENCES account (id),
        object_kind TEXT NOT NULL,
        object_id {uuid} NOT NULL,
        compartment_id {uuid} REFERENCES compartment (id),
        purpose TEXT NOT NULL,
        hours {big},
        asked_at {big} NOT NULL,
        asked_by {uuid} NOT NULL,
        first_at {big},
        first_by {uuid},
        approved_at {big},
        approved_by {uuid},
        valid_from {big},
        valid_until {big},
        ended_at {big},
        ended_by {uuid},
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX inspection_account ON inspection (account_id)",
    "CREATE INDEX inspection_object ON inspection (object_id)",
    // What a look was at, and under which inspection: found again by its id. Made of the leaves.
    "CREATE TABLE access_subject (
        entity_id {uuid} NOT NULL,
        seq {big} NOT NULL REFERENCES access (seq) DEFERRABLE INITIALLY DEFERRED,
        slot {big} NOT NULL,
        kind TEXT NOT NULL,
        PRIMARY KEY (entity_id, seq, slot)){clustered}",
    "CREATE INDEX access_subject_seq ON access_subject (seq)",
    // Up to which look they are noted; those from before are noted at the next start.
    "ALTER TABLE access_head ADD COLUMN noted {big} NOT NULL DEFAULT -1",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, SCHEMA).await?;
        guard(manager, "inspection", Guard::Versioned, "").await?;
        guard(
            manager,
            "access_subject",
            Guard::AppendOnly,
            "entity_id = NEW.entity_id AND seq = NEW.seq AND slot = NEW.slot",
        )
        .await
    }
}
