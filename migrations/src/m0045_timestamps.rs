//! Timestamps of checkpoints: what an authority outside the house has said about the log, and whose turn it is to ask.

use sea_orm_migration::prelude::*;

use crate::dialect::{Guard, create, guard};

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0045_timestamps"
    }
}

const SCHEMA: &[&str] = &[
    // note: the signed checkpoint, to the byte as it was stamped. reply: TimeStampResp (RFC 3161) in DER.
    "CREATE TABLE log_timestamp (
        size {big} NOT NULL PRIMARY KEY,
        note {blob} NOT NULL,
        reply {blob} NOT NULL,
        gen_time {big} NOT NULL,
        serial TEXT NOT NULL,
        tsa TEXT NOT NULL,
        asked_at {big} NOT NULL){strict}",
    // No evidence: whoever moves next_at asks, so that two servers do not ask for the same.
    "CREATE TABLE log_timestamp_turn (
        id {big} NOT NULL PRIMARY KEY CHECK (id = 1),
        next_at {big} NOT NULL,
        failures {big} NOT NULL){strict}",
    "INSERT INTO log_timestamp_turn (id, next_at, failures) VALUES (1, 0, 0)",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, SCHEMA).await?;
        guard(
            manager,
            "log_timestamp",
            Guard::AppendOnly,
            "size = NEW.size",
        )
        .await
    }
}
