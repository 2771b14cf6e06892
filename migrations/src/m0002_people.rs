//! Departments, accounts, what they may do, and the tokens that speak for them.

use sea_orm_migration::prelude::*;

use crate::dialect::{Guard, create, guard};

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0002_people"
    }
}

const SCHEMA: &[&str] = &[
    // number: the access token of the department in the index.
    "CREATE TABLE department (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        number {big} NOT NULL UNIQUE,
        slug TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        created_at {big} NOT NULL,
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE TABLE account (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        login TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        password TEXT,
        disabled_at {big},
        created_at {big} NOT NULL,
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    // revoked_at ends a grant; a row is never deleted, so that «had the role at that time» can be answered.
    "CREATE TABLE role_grant (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        account_id {uuid} NOT NULL REFERENCES account (id),
        role TEXT NOT NULL,
        department_id {uuid} REFERENCES department (id),
        granted_at {big} NOT NULL,
        revoked_at {big},
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX role_grant_account ON role_grant (account_id)",
    "CREATE TABLE access_token (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        account_id {uuid} NOT NULL REFERENCES account (id),
        digest {blob} NOT NULL UNIQUE,
        label TEXT NOT NULL,
        scope TEXT NOT NULL,
        created_at {big} NOT NULL,
        expires_at {big} NOT NULL,
        revoked_at {big},
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX access_token_account ON access_token (account_id)",
    // Saved answers of requests that carried an Idempotency-Key; swept after their time.
    "CREATE TABLE idempotency (
        account_id {uuid} NOT NULL,
        key TEXT NOT NULL,
        request {blob} NOT NULL,
        uow {uuid} NOT NULL,
        status {big} NOT NULL,
        headers TEXT NOT NULL,
        body TEXT NOT NULL,
        created_at {big} NOT NULL,
        PRIMARY KEY (account_id, key)){strict}",
    "CREATE INDEX idempotency_created ON idempotency (created_at)",
    "CREATE TABLE job (
        id {uuid} NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        subject {uuid} NOT NULL,
        created_at {big} NOT NULL,
        due_at {big} NOT NULL,
        attempts {big} NOT NULL,
        claimed_until {big} NOT NULL,
        failed_at {big},
        last_error TEXT,
        UNIQUE (kind, subject)){strict}",
    "CREATE INDEX job_due ON job (due_at, id)",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    // Left to itself, the library gives a step a transaction on PostgreSQL only.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, SCHEMA).await?;
        for table in ["department", "account", "role_grant", "access_token"] {
            guard(manager, table, Guard::Versioned, "").await?;
        }
        Ok(())
    }
}
