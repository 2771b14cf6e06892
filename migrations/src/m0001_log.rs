//! The two logs: what changed (`audit`) and who looked (`access`), each with its head, its
//! erasable openings and, for the first, its checkpoints.

use sea_orm_migration::prelude::*;

use crate::dialect::{Guard, create, guard};

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0001_log"
    }
}

const SCHEMA: &[&str] = &[
    // prev and h need no index of their own: the guard lets in only the next number behind the last h,
    // so that there is no fork, and two more entries at random places would cost each write a page each.
    "CREATE TABLE audit (
        seq {big} NOT NULL PRIMARY KEY,
        prev {blob} NOT NULL,
        h {blob} NOT NULL,
        uow {uuid} NOT NULL,
        ts {big} NOT NULL,
        leaf {blob} NOT NULL){strict}",
    "CREATE INDEX audit_uow ON audit (uow)",
    // root: the document (or account, department …) that the entity belongs to, so that a follower
    // finds in one step what to look at again.
    "CREATE TABLE audit_subject (
        entity_id {uuid} NOT NULL,
        version {big} NOT NULL,
        seq {big} NOT NULL REFERENCES audit (seq) DEFERRABLE INITIALLY DEFERRED,
        slot {big} NOT NULL,
        kind TEXT NOT NULL,
        root_id {uuid} NOT NULL,
        PRIMARY KEY (entity_id, version)){clustered}",
    "CREATE INDEX audit_subject_seq ON audit_subject (seq, root_id)",
    "CREATE INDEX audit_subject_root ON audit_subject (root_id, seq)",
    "CREATE TABLE audit_head (
        id {big} NOT NULL PRIMARY KEY CHECK (id = 1),
        seq {big} NOT NULL,
        h {blob} NOT NULL,
        ts {big} NOT NULL){strict}",
    // What a record commits to about one owner, sealed together; slots says which, parted by blanks.
    // Emptied by erasure; never changed.
    "CREATE TABLE audit_private (
        seq {big} NOT NULL REFERENCES audit (seq) DEFERRABLE INITIALLY DEFERRED,
        key_owner {uuid} NOT NULL,
        slots TEXT NOT NULL,
        sealed {blob} NOT NULL,
        PRIMARY KEY (seq, key_owner)){clustered}",
    "CREATE TABLE subject_key (
        owner_id {uuid} NOT NULL PRIMARY KEY,
        domain TEXT NOT NULL,
        kek TEXT NOT NULL,
        wrapped {blob} NOT NULL){clustered}",
    "CREATE INDEX subject_key_kek ON subject_key (kek)",
    "CREATE TABLE checkpoint (
        size {big} NOT NULL PRIMARY KEY,
        root {blob} NOT NULL,
        note TEXT NOT NULL,
        created_at {big} NOT NULL){strict}",
    "CREATE TABLE access (
        seq {big} NOT NULL PRIMARY KEY,
        prev {blob} NOT NULL,
        h {blob} NOT NULL,
        ts {big} NOT NULL,
        leaf {blob} NOT NULL){strict}",
    "CREATE TABLE access_head (
        id {big} NOT NULL PRIMARY KEY CHECK (id = 1),
        seq {big} NOT NULL,
        h {blob} NOT NULL,
        ts {big} NOT NULL){strict}",
    // The last record that speaks of people, units or what they may do: what was read of them holds
    // until it moves.
    "CREATE TABLE people_head (
        id {big} NOT NULL PRIMARY KEY CHECK (id = 1),
        seq {big} NOT NULL){strict}",
    "INSERT INTO people_head (id, seq) VALUES (1, -1)",
    // What the installation is: origin of the log, verifier key, format of the stores.
    "CREATE TABLE installation (
        name TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL){strict}",
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
        guard(manager, "audit", Guard::Chained, "").await?;
        guard(manager, "access", Guard::Chained, "").await?;
        guard(
            manager,
            "audit_subject",
            Guard::AppendOnly,
            "entity_id = NEW.entity_id AND version = NEW.version",
        )
        .await?;
        guard(manager, "checkpoint", Guard::AppendOnly, "size = NEW.size").await
    }
}
