//! The counter: how somebody's identity was checked, the protocol of a signature, and what was signed on paper.

use sea_orm_migration::prelude::*;

use crate::dialect::{Guard, create, guard};

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0036_counter"
    }
}

const SCHEMA: &[&str] = &[
    // method: by what it was checked. result: whether whoever stood there is who he says. account_id: who
    // checked. No number and no copy of anything that was shown: there is no column for it.
    "CREATE TABLE identity_check (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        document_id {uuid} NOT NULL REFERENCES document (id),
        department_id {uuid} NOT NULL REFERENCES department (id),
        account_id {uuid} NOT NULL REFERENCES account (id),
        method TEXT NOT NULL,
        result TEXT NOT NULL,
        created_at {big} NOT NULL,
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX identity_check_document ON identity_check (document_id)",
    // identity_check_id: the check beside which it was signed. protocol_id: the readable protocol, once it is
    // written. paper_id: the scan of what was signed on paper instead.
    "ALTER TABLE signing_job ADD COLUMN identity_check_id {uuid} REFERENCES identity_check (id)",
    "ALTER TABLE signing_job ADD COLUMN protocol_id {uuid} REFERENCES document (id)",
    "ALTER TABLE signing_job ADD COLUMN paper_id {uuid} REFERENCES document (id)",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, SCHEMA).await?;
        guard(manager, "identity_check", Guard::Versioned, "").await
    }
}
