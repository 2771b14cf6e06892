//! Accounts that are known elsewhere, and what comes of it: sessions, roles, and what counts once.

use sea_orm_migration::prelude::*;

use crate::dialect::create;

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0015_oidc"
    }
}

const SCHEMA: &[&str] = &[
    // Who somebody is for the provider of identities: issuer and subject, to the letter.
    "ALTER TABLE account ADD COLUMN identity_issuer TEXT",
    "ALTER TABLE account ADD COLUMN identity_subject TEXT",
    "CREATE UNIQUE INDEX account_identity ON account (identity_issuer, identity_subject)",
    // origin: provider, where it follows what that says; else people gave it.
    "ALTER TABLE role_grant ADD COLUMN origin TEXT",
    // begun: provider, where somebody signed in there; provider_session: what that session is called there.
    "ALTER TABLE access_token ADD COLUMN begun TEXT",
    "ALTER TABLE access_token ADD COLUMN provider_session TEXT",
    "CREATE INDEX access_token_provider ON access_token (provider_session)",
    // digest: of an attempt that came back, or of a message; kept as long as it could come again. No evidence.
    "CREATE TABLE oidc_once (
        digest {blob} NOT NULL PRIMARY KEY,
        ends_at {big} NOT NULL){strict}",
    "CREATE INDEX oidc_once_ends ON oidc_once (ends_at)",
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
