//! Sessions of browsers beside tokens, and when tokens and sessions were last used.

use sea_orm_migration::prelude::*;

use crate::dialect::create;

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0012_sessions"
    }
}

const SCHEMA: &[&str] = &[
    // session: how it travels (cookie, bearer), where it came of signing in.
    "ALTER TABLE access_token ADD COLUMN session TEXT",
    // When and from where a token was last used, to some minutes. No evidence; swept with its token.
    "CREATE TABLE token_use (
        token_id {uuid} NOT NULL PRIMARY KEY,
        used_at {big} NOT NULL,
        network TEXT NOT NULL,
        agent TEXT){strict}",
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
