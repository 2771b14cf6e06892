//! Units as a tree, roles for a time, compartments and who may enter them, deputies.

use sea_orm_migration::prelude::*;

use crate::dialect::{Guard, create, guard};

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0004_rights"
    }
}

const SCHEMA: &[&str] = &[
    "ALTER TABLE department ADD COLUMN parent_id {uuid} REFERENCES department (id)",
    "ALTER TABLE role_grant ADD COLUMN valid_from {big}",
    "ALTER TABLE role_grant ADD COLUMN valid_until {big}",
    // number: the upper half of access tokens in the index, from 1.
    // guarded: whether a look at content must be recorded before a byte is served.
    "CREATE TABLE compartment (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        number {big} NOT NULL UNIQUE,
        code TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        guarded {big} NOT NULL,
        created_at {big} NOT NULL,
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE TABLE compartment_grant (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        account_id {uuid} NOT NULL REFERENCES account (id),
        compartment_id {uuid} NOT NULL REFERENCES compartment (id),
        granted_at {big} NOT NULL,
        granted_by {uuid} NOT NULL,
        valid_from {big},
        valid_until {big},
        revoked_at {big},
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX compartment_grant_account ON compartment_grant (account_id)",
    "CREATE TABLE deputation (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        principal_id {uuid} NOT NULL REFERENCES account (id),
        deputy_id {uuid} NOT NULL REFERENCES account (id),
        valid_from {big} NOT NULL,
        valid_until {big} NOT NULL,
        reason TEXT,
        created_at {big} NOT NULL,
        created_by {uuid} NOT NULL,
        ended_at {big},
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX deputation_deputy ON deputation (deputy_id)",
    "CREATE INDEX deputation_principal ON deputation (principal_id)",
    "ALTER TABLE document ADD COLUMN compartment_id {uuid} REFERENCES compartment (id)",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, SCHEMA).await?;
        for table in ["compartment", "compartment_grant", "deputation"] {
            guard(manager, table, Guard::Versioned, "").await?;
        }
        Ok(())
    }
}
