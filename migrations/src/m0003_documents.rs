//! Documents, their versions, their renditions, and the blobs that hold the bytes.

use sea_orm_migration::prelude::*;

use crate::dialect::{Guard, create, guard};

#[derive(Debug)]
pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0003_documents"
    }
}

const SCHEMA: &[&str] = &[
    // name: SHA-256 of the stored bytes. sha256, sha512, bytes: of the content.
    "CREATE TABLE blob (
        name {blob} NOT NULL PRIMARY KEY,
        domain TEXT NOT NULL,
        sha256 {blob} NOT NULL,
        sha512 {blob} NOT NULL,
        bytes {big} NOT NULL,
        stored_bytes {big} NOT NULL,
        created_at {big} NOT NULL){strict}",
    "CREATE INDEX blob_content ON blob (sha256, domain)",
    // Apart from `blob`, because rotation re-wraps it and erasure destroys it.
    "CREATE TABLE blob_key (
        name {blob} NOT NULL PRIMARY KEY REFERENCES blob (name),
        kek TEXT NOT NULL,
        wrapped {blob} NOT NULL){strict}",
    "CREATE INDEX blob_key_kek ON blob_key (kek)",
    "CREATE TABLE document (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        department_id {uuid} NOT NULL REFERENCES department (id),
        state TEXT NOT NULL,
        title TEXT NOT NULL,
        kind TEXT,
        direction TEXT NOT NULL,
        channel TEXT,
        correspondent TEXT,
        document_date TEXT,
        received_at {big} NOT NULL,
        doc_references TEXT NOT NULL,
        tags TEXT NOT NULL,
        content_version {big} NOT NULL,
        reason TEXT,
        created_at {big} NOT NULL,
        created_by {uuid} NOT NULL,
        changed_at {big} NOT NULL,
        changed_by {uuid} NOT NULL,
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX document_department ON document (department_id, received_at, id)",
    "CREATE INDEX document_received ON document (received_at, id)",
    // A projection of document.tags for filters; the truth is the column.
    "CREATE TABLE document_tag (
        document_id {uuid} NOT NULL REFERENCES document (id),
        tag TEXT NOT NULL,
        PRIMARY KEY (document_id, tag)){strict}",
    "CREATE INDEX document_tag_tag ON document_tag (tag, document_id)",
    "CREATE TABLE document_version (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        document_id {uuid} NOT NULL REFERENCES document (id) DEFERRABLE INITIALLY DEFERRED,
        number {big} NOT NULL,
        blob_name {blob} NOT NULL REFERENCES blob (name),
        media_type TEXT NOT NULL,
        file_name TEXT,
        created_at {big} NOT NULL,
        created_by {uuid} NOT NULL,
        UNIQUE (document_id, number),
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX document_version_blob ON document_version (blob_name)",
    "CREATE TABLE rendition (
        id {uuid} NOT NULL PRIMARY KEY,
        version {big} NOT NULL,
        document_version_id {uuid} NOT NULL REFERENCES document_version (id),
        kind TEXT NOT NULL,
        engine TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT,
        pages {big} NOT NULL,
        blob_name {blob} REFERENCES blob (name),
        created_at {big} NOT NULL,
        FOREIGN KEY (id, version) REFERENCES audit_subject (entity_id, version)
            DEFERRABLE INITIALLY DEFERRED){strict}",
    "CREATE INDEX rendition_of ON rendition (document_version_id, kind, created_at)",
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
        for table in ["document", "document_version", "rendition"] {
            guard(manager, table, Guard::Versioned, "").await?;
        }
        guard(manager, "blob", Guard::AppendOnly, "name = NEW.name").await
    }
}
