//! Workflows: definitions, instances, what was asked of them and what came of it, and order limits.

use sea_orm_migration::prelude::*;

use crate::dialect::{Guard, create, guard};

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0038_workflows"
    }
}

const DEFINITIONS: &[&str] = &[
    // code, number: what its TOML calls id and version. source: its bytes as they came. shipped: it came with the
    // program, and is written down since it was first used. first, second: who approved it.
    "CREATE TABLE workflow_definition (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        code TEXT NOT NULL,
        number {big} NOT NULL,
        sha256 {blob} NOT NULL,
        source {blob} NOT NULL,
        title TEXT NOT NULL,
        state TEXT NOT NULL,
        shipped {big} NOT NULL,
        proposed_at {big} NOT NULL,
        proposed_by {uuid} NOT NULL,
        first_at {big},
        first_by {uuid},
        second_at {big},
        second_by {uuid},
        retired_at {big},
        retired_by {uuid},
        reason TEXT,
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE UNIQUE INDEX workflow_definition_number ON workflow_definition (code, number)",
];

const INSTANCES: &[&str] = &[
    // data: the instance as JSON, what its events made of it. department, compartment: those of the case when it
    // was last changed; rights ask the case itself.
    "CREATE TABLE workflow_instance (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        case_id {uuid} NOT NULL REFERENCES record_case (id),
        definition_id TEXT NOT NULL,
        definition_version {big} NOT NULL,
        definition_sha256 {blob} NOT NULL,
        department_id {uuid} NOT NULL REFERENCES department (id),
        compartment_id {uuid},
        state TEXT NOT NULL,
        ended_at {big},
        how TEXT,
        started_at {big} NOT NULL,
        started_by {uuid} NOT NULL,
        changed_at {big} NOT NULL,
        data TEXT NOT NULL,
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX workflow_instance_case ON workflow_instance (case_id)",
    "CREATE INDEX workflow_instance_started ON workflow_instance (started_at, id)",
    // One for a case at a time and kind.
    "CREATE UNIQUE INDEX workflow_instance_open ON workflow_instance (case_id, definition_id)
        WHERE ended_at IS NULL",
    // What was asked, and what came of it: JSON. The same events stand in the context of the record.
    "CREATE TABLE workflow_entry (
        instance_id {uuid} NOT NULL REFERENCES workflow_instance (id),
        number {big} NOT NULL,
        at {big} NOT NULL,
        account_id {uuid} NOT NULL,
        obo {uuid},
        command TEXT NOT NULL,
        events TEXT NOT NULL,
        PRIMARY KEY (instance_id, number)){clustered}",
    // What follows is made of the instance again with each change: no evidence.
    "CREATE TABLE workflow_step (
        instance_id {uuid} NOT NULL REFERENCES workflow_instance (id),
        number {big} NOT NULL,
        key TEXT NOT NULL,
        kind TEXT NOT NULL,
        label TEXT NOT NULL,
        status TEXT NOT NULL,
        opened_at {big},
        due_on TEXT,
        overdue_at {big},
        held_until {big},
        claimed_by {uuid},
        done_at {big},
        done_by {uuid},
        outcome TEXT,
        PRIMARY KEY (instance_id, number)){clustered}",
    // who: account:UUID, role:CODE:UUID of the department, anybody, system. Of open steps only.
    "CREATE TABLE workflow_asked (
        instance_id {uuid} NOT NULL REFERENCES workflow_instance (id),
        step {big} NOT NULL,
        who TEXT NOT NULL,
        account_id {uuid},
        role TEXT,
        department_id {uuid},
        compartment_id {uuid},
        opened_at {big} NOT NULL,
        overdue_at {big},
        claimed_by {uuid},
        held_until {big},
        PRIMARY KEY (instance_id, step, who)){clustered}",
    "CREATE INDEX workflow_asked_claimed ON workflow_asked (claimed_by, overdue_at, opened_at)
        WHERE claimed_by IS NOT NULL",
    "CREATE TABLE workflow_timer (
        instance_id {uuid} NOT NULL REFERENCES workflow_instance (id),
        key TEXT NOT NULL,
        due_at {big} NOT NULL,
        kind TEXT NOT NULL,
        step {big} NOT NULL,
        PRIMARY KEY (instance_id, key)){clustered}",
    "CREATE INDEX workflow_timer_due ON workflow_timer (due_at)",
    // Documents to which marks are bound, with the version; of instances that have not ended.
    "CREATE TABLE workflow_document (
        instance_id {uuid} NOT NULL REFERENCES workflow_instance (id),
        document_id {uuid} NOT NULL REFERENCES document (id),
        sha512 {blob},
        PRIMARY KEY (instance_id, document_id)){clustered}",
    "CREATE INDEX workflow_document_document ON workflow_document (document_id)",
    // What the system does for a step, once: the rows are the queue.
    "CREATE TABLE workflow_work (
        id {uuid} NOT NULL PRIMARY KEY,
        instance_id {uuid} NOT NULL REFERENCES workflow_instance (id),
        step {big} NOT NULL,
        work TEXT NOT NULL,
        created_at {big} NOT NULL,
        due_at {big} NOT NULL,
        attempts {big} NOT NULL,
        last_error TEXT,
        done_at {big}){strict}",
    "CREATE INDEX workflow_work_due ON workflow_work (due_at) WHERE done_at IS NULL",
    "CREATE UNIQUE INDEX workflow_work_step ON workflow_work (instance_id, step)",
    // Versions of documents that are final: signed, or sent.
    "CREATE TABLE workflow_frozen (
        document_version_id {uuid} NOT NULL PRIMARY KEY REFERENCES document_version (id),
        instance_id {uuid} NOT NULL REFERENCES workflow_instance (id),
        at {big} NOT NULL){strict}",
];

const LIMITS: &[&str] = &[
    // account_id: a person or a function. cents: the amount up to which it orders.
    "CREATE TABLE order_limit (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        account_id {uuid} NOT NULL REFERENCES account (id),
        cents {big} NOT NULL,
        valid_from TEXT NOT NULL,
        valid_until TEXT,
        given_by {uuid} NOT NULL,
        given_at {big} NOT NULL,
        approved_by {uuid},
        approved_at {big},
        ended_by {uuid},
        ended_at {big},
        reason TEXT NOT NULL,
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX order_limit_account ON order_limit (account_id)",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, DEFINITIONS).await?;
        create(manager, INSTANCES).await?;
        create(manager, LIMITS).await?;
        guard(manager, "workflow_definition", Guard::Versioned, "").await?;
        guard(manager, "workflow_instance", Guard::Versioned, "").await?;
        guard(manager, "order_limit", Guard::Versioned, "").await?;
        let key = "instance_id = NEW.instance_id AND number = NEW.number";
        guard(manager, "workflow_entry", Guard::AppendOnly, key).await?;
        let key = "document_version_id = NEW.document_version_id";
        guard(manager, "workflow_frozen", Guard::AppendOnly, key).await
    }
}
