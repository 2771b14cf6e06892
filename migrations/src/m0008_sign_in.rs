//! Signing in: failed attempts, known networks, and the locks that an administrator can lift.

use sea_orm_migration::prelude::*;

use crate::dialect::{Guard, create, guard};

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0008_sign_in"
    }
}

const SCHEMA: &[&str] = &[
    // login, network: keyed digests. What was typed may be a password, and no address is kept.
    // An empty network counts for all those together from which nobody has signed in lately.
    "CREATE TABLE sign_in_attempt (
        login {blob} NOT NULL,
        network {blob} NOT NULL,
        failures {big} NOT NULL,
        last_at {big} NOT NULL,
        wait_until {big} NOT NULL,
        PRIMARY KEY (login, network)){strict}",
    "CREATE INDEX sign_in_attempt_last ON sign_in_attempt (last_at)",
    "CREATE TABLE known_network (
        network {blob} NOT NULL PRIMARY KEY,
        last_at {big} NOT NULL){strict}",
    // That attempts at an account were slowed down, and until when nothing is remembered of them.
    "CREATE TABLE sign_in_lock (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        account_id {uuid} NOT NULL REFERENCES account (id),
        placed_at {big} NOT NULL,
        ends_at {big} NOT NULL,
        lifted_at {big},
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    // session: how it travels (cookie, bearer), where it came of signing in.
    "ALTER TABLE access_token ADD COLUMN session TEXT",
    // When and from where a token was last used, to some minutes. No evidence; swept with its token.
    "CREATE TABLE token_use (
        token_id {uuid} NOT NULL PRIMARY KEY,
        used_at {big} NOT NULL,
        network TEXT NOT NULL,
        agent TEXT){strict}",
    "CREATE INDEX sign_in_lock_account ON sign_in_lock (account_id)",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, SCHEMA).await?;
        guard(manager, "sign_in_lock", Guard::Versioned, "").await
    }
}
