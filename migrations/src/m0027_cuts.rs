//! Documents that were made of pages of others.

use sea_orm_migration::prelude::*;

use crate::dialect::create;

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0027_cuts"
    }
}

const SCHEMA: &[&str] = &[
    // batch_id: of which document this one was made. cut_from: of which of its versions. first_page,
    // last_page: of which pages of that, beginning with 1.
    "ALTER TABLE document ADD COLUMN batch_id {uuid} REFERENCES document (id)",
    "ALTER TABLE document ADD COLUMN cut_from {uuid} REFERENCES document_version (id)",
    "ALTER TABLE document ADD COLUMN first_page {big}",
    "ALTER TABLE document ADD COLUMN last_page {big}",
    // No part is made twice.
    "CREATE UNIQUE INDEX document_cut ON document (cut_from, first_page, last_page) \
     WHERE cut_from IS NOT NULL",
    "CREATE INDEX document_batch ON document (batch_id, first_page) WHERE batch_id IS NOT NULL",
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
