//! Inboxes in their order, what people are told, mails about it, and calendars to subscribe to.

use sea_orm_migration::prelude::*;

use crate::dialect::create;

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0039_inboxes"
    }
}

/// What has no deadline comes last: the largest number stands for it, as in the queries. Behind what they are ordered by,
/// the indexes have all that a page or a count reads of a row. None of them has more than another: whichever is
/// in the order that is wanted is the cheapest, and is read no further than the page.
const INBOXES: &[&str] = &[
    "CREATE INDEX workflow_inbox_due ON workflow_asked \
     (who, coalesce(overdue_at, 9223372036854775807), instance_id, step, overdue_at, held_until)",
    "CREATE INDEX workflow_inbox_opened ON workflow_asked \
     (who, opened_at, instance_id, step, overdue_at, held_until)",
    // Whoever may work in the case is found by its department.
    "CREATE INDEX workflow_inbox_anybody_due ON workflow_asked \
     (department_id, coalesce(overdue_at, 9223372036854775807), instance_id, step, overdue_at, \
     held_until) WHERE who = 'anybody'",
    "CREATE INDEX workflow_inbox_anybody_opened ON workflow_asked \
     (department_id, opened_at, instance_id, step, overdue_at, held_until) WHERE who = 'anybody'",
    // What each entry of a list or a count is looked at for: by which definition it runs, and whether its case stands in
    // a compartment. The rows themselves are long, and spread over as many pages.
    "CREATE INDEX workflow_instance_of ON workflow_instance (id, case_id, definition_id)",
    "CREATE INDEX record_case_within ON record_case (id, compartment_id)",
    // What is open is counted, and what of it is overdue.
    "CREATE INDEX workflow_step_open ON workflow_step (overdue_at) WHERE status = 'open'",
];

const TELLING: &[&str] = &[
    // Where somebody gets mail.
    "ALTER TABLE account ADD COLUMN mail TEXT",
    // mail: off, each or daily; hour: of the daily one, by the clocks of Germany.
    "CREATE TABLE notification_setting (
        account_id {uuid} NOT NULL PRIMARY KEY REFERENCES account (id),
        mail TEXT NOT NULL,
        hour {big} NOT NULL,
        changed_at {big} NOT NULL){strict}",
    // status: waiting, sending, sent, failed, unsure (it may have been taken) or void (there was nothing left to
    // tell). error: what the other side said, in its number.
    "CREATE TABLE mail (
        id {uuid} NOT NULL PRIMARY KEY,
        account_id {uuid} NOT NULL REFERENCES account (id),
        kind TEXT NOT NULL,
        status TEXT NOT NULL,
        created_at {big} NOT NULL,
        due_at {big} NOT NULL,
        attempts {big} NOT NULL,
        last_at {big},
        error TEXT){strict}",
    // What is told goes with the mail that waits already.
    "CREATE UNIQUE INDEX mail_waiting ON mail (account_id) WHERE status = 'waiting'",
    "CREATE INDEX mail_created ON mail (created_at)",
    "CREATE INDEX mail_status ON mail (status) WHERE status IN ('failed', 'unsure')",
    // account_id: who is told. principal_id: in whose stead. step: which, unless it is of the whole.
    "CREATE TABLE notice (
        id {uuid} NOT NULL PRIMARY KEY,
        account_id {uuid} NOT NULL REFERENCES account (id),
        principal_id {uuid},
        kind TEXT NOT NULL,
        instance_id {uuid} NOT NULL,
        step {big},
        said TEXT,
        created_at {big} NOT NULL,
        read_at {big},
        mail_id {uuid} REFERENCES mail (id)){strict}",
    "CREATE INDEX notice_account ON notice (account_id, created_at, id)",
    "CREATE INDEX notice_unread ON notice (account_id, created_at, id) WHERE read_at IS NULL",
    "CREATE INDEX notice_mail ON notice (mail_id) WHERE mail_id IS NOT NULL",
    "CREATE INDEX notice_created ON notice (created_at)",
    // digest: SHA-256 of the secret, which is told once.
    "CREATE TABLE calendar_feed (
        id {uuid} NOT NULL PRIMARY KEY,
        account_id {uuid} NOT NULL REFERENCES account (id),
        digest {blob} NOT NULL,
        label TEXT NOT NULL,
        created_at {big} NOT NULL,
        read_at {big},
        ended_at {big}){strict}",
    "CREATE UNIQUE INDEX calendar_feed_digest ON calendar_feed (digest)",
    "CREATE INDEX calendar_feed_account ON calendar_feed (account_id)",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, INBOXES).await?;
        create(manager, TELLING).await
    }
}
