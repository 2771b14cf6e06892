//! An inspection stays in the department of what it is about.

use sea_orm_migration::prelude::*;

use crate::dialect::create;

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0016_inspected_unit"
    }
}

const SCHEMA: &[&str] = &[
    // department_id: in which it stays. None: of an emergency, and where it was asked for before this step.
    "ALTER TABLE inspection ADD COLUMN department_id {uuid} REFERENCES department (id)",
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
