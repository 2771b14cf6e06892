//! What is remembered of texts, to find those that say the same.

use sea_orm_migration::prelude::*;

use crate::dialect::create;

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0024_sketches"
    }
}

const SCHEMA: &[&str] = &[
    // One for each document: of the newest text of its version in force. rendition_id: that text.
    // hashes: nothing where the text has too few words. Whoever changes how they are made empties both
    // tables: they are filled again by themselves.
    "CREATE TABLE text_sketch (
        document_id {uuid} NOT NULL PRIMARY KEY REFERENCES document (id),
        rendition_id {uuid} NOT NULL,
        hashes {blob}){strict}",
    // A projection of text_sketch.hashes: texts that share a key are worth a look.
    "CREATE TABLE sketch_key (
        hash {big} NOT NULL,
        document_id {uuid} NOT NULL REFERENCES document (id),
        PRIMARY KEY (hash, document_id)){clustered}",
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
