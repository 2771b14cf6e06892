//! Tablets at the counter, and what was signed on them.

use sea_orm_migration::prelude::*;

use crate::dialect::{Guard, create, guard};

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0033_signing"
    }
}

const SCHEMA: &[&str] = &[
    // public_key: a point on P-256, uncompressed; the private key never leaves the tablet. token_sha256: of
    // what its cookie holds. leased_by: the clerk who works with it, until he gives it back or somebody else
    // takes it.
    "CREATE TABLE tablet (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        name TEXT NOT NULL,
        counter TEXT NOT NULL,
        department_id {uuid} NOT NULL REFERENCES department (id),
        public_key {blob} NOT NULL,
        token_sha256 {blob},
        paired_at {big} NOT NULL,
        paired_by {uuid} NOT NULL,
        revoked_at {big},
        revoked_by {uuid},
        reason TEXT,
        leased_by {uuid},
        leased_at {big},
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE UNIQUE INDEX tablet_token ON tablet (token_sha256)",
    // When it was last heard of it, and of the clerk who works with it. No evidence: it changes all the time.
    "CREATE TABLE tablet_presence (
        tablet_id {uuid} NOT NULL PRIMARY KEY REFERENCES tablet (id),
        seen_at {big},
        lease_seen_at {big}){strict}",
    // A tablet that asks to be paired. tablet_id: what became of it.
    "CREATE TABLE tablet_pairing (
        id {uuid} NOT NULL PRIMARY KEY,
        code TEXT NOT NULL,
        public_key {blob} NOT NULL,
        created_at {big} NOT NULL,
        expires_at {big} NOT NULL,
        tablet_id {uuid} REFERENCES tablet (id)){strict}",
    "CREATE UNIQUE INDEX tablet_pairing_code ON tablet_pairing (code)",
    // number, sha256: the version that is shown. place: where the signature goes. nonce: what the tablet signs
    // along. pages: those that were seen, and for how long. strokes_sha256: of the record of the strokes, which
    // is not kept here. evidence: what was found out when it was signed. level: B-B or B-T.
    "CREATE TABLE signing_job (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        document_id {uuid} NOT NULL REFERENCES document (id),
        document_version_id {uuid} NOT NULL REFERENCES document_version (id),
        number {big} NOT NULL,
        sha256 {blob} NOT NULL,
        department_id {uuid} NOT NULL REFERENCES department (id),
        tablet_id {uuid} NOT NULL REFERENCES tablet (id),
        account_id {uuid} NOT NULL REFERENCES account (id),
        purpose TEXT NOT NULL,
        sentence TEXT NOT NULL,
        language TEXT NOT NULL,
        place TEXT NOT NULL,
        nonce TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT,
        created_at {big} NOT NULL,
        expires_at {big} NOT NULL,
        shown_at {big},
        signing_at {big},
        ended_at {big},
        pages TEXT NOT NULL,
        restarts {big} NOT NULL,
        strokes_sha256 {blob},
        signed_version_id {uuid} REFERENCES document_version (id),
        level TEXT,
        evidence TEXT,
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX signing_job_document ON signing_job (document_id)",
    // A tablet shows one thing at a time.
    "CREATE UNIQUE INDEX signing_job_open ON signing_job (tablet_id) WHERE ended_at IS NULL",
    // Those whose seal waits for its timestamp.
    "CREATE INDEX signing_job_level ON signing_job (level) WHERE reason IS NULL",
];

#[expect(elided_lifetimes_in_paths, reason = "the trait is written without it")]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, SCHEMA).await?;
        guard(manager, "tablet", Guard::Versioned, "").await?;
        guard(manager, "signing_job", Guard::Versioned, "").await
    }
}
