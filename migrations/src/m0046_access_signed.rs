//! Size and time of the newest checkpoint of the log of looks, beside its head.

use sea_orm_migration::prelude::*;

use crate::dialect::create;

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0046_access_signed"
    }
}

/// One row, which moves with each checkpoint: by it a lock is missed that was taken away, and a clock that was set back
/// is noticed. The checkpoint itself is in the lock and in the store.
const SCHEMA: &[&str] = &["CREATE TABLE access_signed_head (
        id {big} NOT NULL PRIMARY KEY CHECK (id = 1),
        size {big} NOT NULL,
        created_at {big} NOT NULL){strict}"];

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
