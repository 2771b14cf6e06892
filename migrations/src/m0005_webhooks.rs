//! Subscriptions to changes, and the messages that are sent to their receivers.

use sea_orm_migration::prelude::*;

use crate::dialect::{Guard, create, guard};

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0005_webhooks"
    }
}

const SCHEMA: &[&str] = &[
    // since_seq: what the log held when the subscription began or was taken up again is not told.
    // secret: sealed under the key of this entity in subject_key.
    "CREATE TABLE webhook (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        account_id {uuid} NOT NULL REFERENCES account (id),
        url TEXT NOT NULL,
        events TEXT NOT NULL,
        description TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT,
        since_seq {big} NOT NULL,
        secret {blob} NOT NULL,
        secret_before {blob},
        before_until {big},
        created_at {big} NOT NULL,
        ended_at {big},
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX webhook_account ON webhook (account_id)",
    // seq and document_id: what is told. unit_id: the unit of a test message, in their place.
    "CREATE TABLE webhook_delivery (
        id {uuid} NOT NULL PRIMARY KEY,
        webhook_id {uuid} NOT NULL REFERENCES webhook (id),
        seq {big},
        document_id {uuid},
        unit_id {uuid},
        action TEXT NOT NULL,
        created_at {big} NOT NULL,
        status TEXT NOT NULL,
        attempts {big} NOT NULL,
        last_at {big},
        duration_ms {big},
        next_at {big},
        response_status {big},
        error TEXT,
        UNIQUE (webhook_id, seq, document_id)){strict}",
    "CREATE INDEX webhook_delivery_of ON webhook_delivery (webhook_id, id)",
    "CREATE INDEX webhook_delivery_created ON webhook_delivery (created_at)",
    "CREATE TABLE webhook_health (
        webhook_id {uuid} NOT NULL PRIMARY KEY REFERENCES webhook (id),
        delivered_at {big},
        first_failure_at {big},
        given_up_at {big}){strict}",
    // The last record that was looked at; the same for all processes.
    "CREATE TABLE webhook_follower (
        id {big} NOT NULL PRIMARY KEY CHECK (id = 1),
        seq {big} NOT NULL){strict}",
    "INSERT INTO webhook_follower (id, seq) SELECT 1, coalesce(max(seq), -1) FROM audit",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, SCHEMA).await?;
        guard(manager, "webhook", Guard::Versioned, "").await
    }
}
