//! Where a token files what comes in, and what clients of paperless-ngx need to find their way: numbers
//! for things, and the uploads of a token. What webhooks tell of cases and files.

use sea_orm_migration::prelude::*;

use crate::dialect::create;

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0011_intake"
    }
}

const SCHEMA: &[&str] = &[
    // The only department into which a token files, and the account in whose inbox that goes.
    "ALTER TABLE access_token ADD COLUMN department_id {uuid} REFERENCES department (id)",
    "ALTER TABLE access_token ADD COLUMN inbox_id {uuid} REFERENCES account (id)",
    // number: drawn by chance, so that it tells neither how many there are nor which came first.
    // name: the id of a document, or the word that a tag, a type or a correspondent is. No evidence, and
    // erasure must reach it.
    "CREATE TABLE paperless_number (
        kind TEXT NOT NULL,
        number {big} NOT NULL,
        name TEXT NOT NULL,
        PRIMARY KEY (kind, number),
        UNIQUE (kind, name)){strict}",
    "CREATE TABLE paperless_upload (
        id {uuid} NOT NULL PRIMARY KEY,
        number {big} NOT NULL UNIQUE,
        token_id {uuid} NOT NULL REFERENCES access_token (id),
        document_id {uuid} NOT NULL REFERENCES document (id),
        created_at {big} NOT NULL){strict}",
    // Of the four columns document_id, case_id, file_id and unit_id exactly one says what is told.
    "ALTER TABLE webhook_delivery ADD COLUMN case_id {uuid}",
    "ALTER TABLE webhook_delivery ADD COLUMN file_id {uuid}",
    "CREATE UNIQUE INDEX webhook_delivery_case ON webhook_delivery (webhook_id, seq, case_id)",
    "CREATE UNIQUE INDEX webhook_delivery_file ON webhook_delivery (webhook_id, seq, file_id)",
    "CREATE INDEX paperless_upload_document ON paperless_upload (document_id, token_id, id)",
    "CREATE INDEX paperless_upload_token ON paperless_upload (token_id, created_at, id)",
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
