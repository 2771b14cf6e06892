//! Invoices that are there twice are found by what their facts come to, which stands in `details` of a rendition.

use sea_orm_migration::prelude::*;

use crate::dialect::create;

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0040_invoices"
    }
}

const INVOICES: &[&str] =
    &["CREATE INDEX rendition_invoice ON rendition (details) WHERE kind = 'invoice'"];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, INVOICES).await
    }
}
