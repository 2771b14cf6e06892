//! Who gave a role and who approved it; functions, and who holds them.

use sea_orm_migration::prelude::*;

use crate::dialect::{Guard, create, guard};

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0010_grants"
    }
}

const SCHEMA: &[&str] = &[
    // granted_by is not known of roles that were given before.
    "ALTER TABLE role_grant ADD COLUMN granted_by {uuid}",
    // proposed: 1 where it does not hold before a second person has approved it.
    "ALTER TABLE role_grant ADD COLUMN proposed {big}",
    "ALTER TABLE role_grant ADD COLUMN approved_at {big}",
    "ALTER TABLE role_grant ADD COLUMN approved_by {uuid}",
    "ALTER TABLE role_grant ADD COLUMN reason TEXT",
    // A function is an account that nobody signs in with: it has an inbox and may carry roles.
    // function: its short name; department_id: where it belongs.
    "ALTER TABLE account ADD COLUMN function TEXT",
    "ALTER TABLE account ADD COLUMN department_id {uuid} REFERENCES department (id)",
    "CREATE TABLE function_holder (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        function_id {uuid} NOT NULL REFERENCES account (id),
        account_id {uuid} NOT NULL REFERENCES account (id),
        granted_at {big} NOT NULL,
        granted_by {uuid} NOT NULL,
        proposed {big},
        approved_at {big},
        approved_by {uuid},
        reason TEXT,
        valid_from {big},
        valid_until {big},
        ended_at {big},
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX function_holder_account ON function_holder (account_id)",
    "CREATE INDEX function_holder_function ON function_holder (function_id)",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, SCHEMA).await?;
        guard(manager, "function_holder", Guard::Versioned, "").await
    }
}
