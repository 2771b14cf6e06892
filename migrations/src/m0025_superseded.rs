//! What was taken out of a version that is in force no longer says so.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::dialect::create;

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0025_superseded"
    }
}

const SCHEMA: &[&str] = &[
    // 0: what it was taken out of is in force. 1: no longer, and the record of the row says so. 2: no
    // longer, since before that was recorded: the record of such a row says nothing of it.
    "ALTER TABLE document ADD COLUMN superseded {big} NOT NULL DEFAULT 0",
];

/// What was taken out before, and what was taken out of that.
const OLD_ROWS: &str = "UPDATE document SET superseded = 2 WHERE id IN (\
    WITH RECURSIVE old(id) AS (\
    SELECT d.id FROM document d JOIN document_version v ON v.id = d.taken_from \
    JOIN document p ON p.id = d.parent_id WHERE v.number < p.content_version \
    UNION SELECT d.id FROM document d JOIN old o ON d.parent_id = o.id) \
    SELECT id FROM old)";

/// The rows stay in the version that has a record, which their guard forbids to everybody else.
const POSTGRES: &[&str] = &[
    "ALTER TABLE document DISABLE TRIGGER document_guard_update",
    OLD_ROWS,
    "SET CONSTRAINTS ALL IMMEDIATE",
    "ALTER TABLE document ENABLE ALWAYS TRIGGER document_guard_update",
];

const SQLITE: &[&str] = &[
    "DROP TRIGGER document_step",
    OLD_ROWS,
    "CREATE TRIGGER document_step BEFORE UPDATE ON document \
     WHEN NEW.version IS NOT OLD.version + 1 OR NEW.id IS NOT OLD.id \
     BEGIN SELECT RAISE(ABORT, 'document: a change must carry the next version'); END",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, SCHEMA).await?;
        let backend = manager.get_connection().get_database_backend();
        let old_rows = if backend == DbBackend::Postgres {
            POSTGRES
        } else {
            SQLITE
        };
        create(manager, old_rows).await
    }
}
