//! The tokens of an account that can still be used are found without those that it ever had.

use sea_orm_migration::prelude::*;

use crate::dialect::create;

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0017_token_index"
    }
}

const SCHEMA: &[&str] = &[
    "CREATE INDEX access_token_standing ON access_token (account_id, expires_at)",
    // The one above begins with the same column.
    "DROP INDEX access_token_account",
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
