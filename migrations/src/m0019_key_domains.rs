//! Each data key says for which key domain it is wrapped: it may follow its document into another one.

use sea_orm_migration::prelude::*;

use crate::dialect::create;

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0019_key_domains"
    }
}

const SCHEMA: &[&str] = &[
    // `blob.domain` stays what it was when the blob was stored; this one is in force. A row that is
    // put in without it names no domain and opens nothing.
    "ALTER TABLE blob_key ADD COLUMN domain TEXT NOT NULL DEFAULT ''",
    "UPDATE blob_key SET domain = (SELECT b.domain FROM blob b WHERE b.name = blob_key.name)",
    // Who else has the text that a rendition names.
    "CREATE INDEX rendition_blob ON rendition (blob_name)",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    // Left to itself, the library gives a step a transaction on PostgreSQL only.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, SCHEMA).await
    }
}
