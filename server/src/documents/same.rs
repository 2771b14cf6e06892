//! What the archive knows of content: whether it has it, and in which documents.

use sea_orm::ConnectionTrait;
use storage::{Blob, KeyDomain, StoreError};

use super::list;
use super::model::{Document, DocumentError, Held, Kept};
use super::quarantine::QUARANTINE;
use super::rows;
use crate::base::db::DbError;
use crate::base::insert::Together;
use crate::base::{Actor, DepartmentId, DocumentId, Right};
use crate::unit::Unit;

/// Most duplicates that are named.
pub(super) const DUPLICATES_MAX: u64 = 20;

/// Other documents with the same content that the actor may see.
pub async fn duplicates(
    on: &impl ConnectionTrait,
    actor: &Actor,
    held: &Held,
) -> Result<Vec<Document>, DocumentError> {
    // The right comes before the limit: others' documents must not push out one's own.
    let visible = list::visible_among_few(actor, Right::Read);
    let blobs = rows::same_as(held.version.id);
    Ok(rows::with_content(on, blobs, held.document.id, visible, DUPLICATES_MAX).await?)
}

/// Whether the actor may see a document that has this blob.
pub(super) async fn sees_blob(
    on: &impl ConnectionTrait,
    actor: &Actor,
    blob: &Blob,
) -> Result<bool, DocumentError> {
    let nobody = DocumentId::of(uuid::Uuid::nil());
    let visible = list::visible_among_few(actor, Right::Read);
    let blobs = rows::only(blob.name.as_bytes());
    let seen = rows::with_content(on, blobs, nobody, visible, 1).await?;
    Ok(!seen.is_empty())
}

/// What is known of content in a key domain.
#[expect(
    clippy::large_enum_variant,
    reason = "made and taken apart in one breath"
)]
#[derive(Debug)]
pub enum Known {
    /// Nothing: it is new.
    New,
    /// It is stored already.
    Stored(Kept),
    /// It was stored, but cannot be read any more.
    Lost(storage::Sha256Digest),
}

/// Largest blob that is read to its end before the same content, brought again, is let go.
const VERIFIED_BYTES_MAX: u64 = 1 << 20;

/// Whether content is stored already in this key domain, and still there.
pub async fn known_content(
    on: &impl ConnectionTrait,
    storage: &storage::Storage,
    content: &storage::ContentDigests,
    domain: &KeyDomain,
) -> Result<Known, DocumentError> {
    let sha256 = content.sha256.as_bytes();
    let Some(row) = rows::blob_with_content(on, sha256, domain).await? else {
        return Ok(Known::New);
    };
    let name = <[u8; 32]>::try_from(row.name.as_slice()).unwrap_or_default();
    let name = storage::Sha256Digest(name);
    let stored_bytes = u64::try_from(row.stored_bytes).unwrap_or_default();
    match rows::blob_to_open(on, &row.name).await? {
        Some(blob) if is_sound(storage, &name, stored_bytes).await? => Ok(Known::Stored(Kept {
            blob,
            content: *content,
            stored_bytes,
            instead_of: None,
        })),
        Some(_) | None => Ok(Known::Lost(name)),
    }
}

/// The row of a blob, the one that has this content already in its key domain or a new one, which is added to what
/// is written; and whether the archive had the content before, wherever.
pub(super) async fn hold_blob(
    unit: &Unit,
    all: &mut Together,
    kept: &Kept,
) -> Result<(rows::blob::Model, bool), DbError> {
    let (sha256, domain) = (kept.content.sha256.as_bytes(), &kept.blob.domain);
    let lost = kept.instead_of.map(|name| name.as_bytes().to_vec());
    let known = rows::with_same_content(unit.tx(), sha256).await?;
    let mut here = known
        .iter()
        .filter(|(_, opens_in)| opens_in.as_deref() == Some(domain.as_str()));
    if let Some((held, _)) = here
        .next()
        .filter(|(held, _)| Some(&held.name) != lost.as_ref())
        && rows::stays_in(unit, &held.name, domain).await?
    {
        return Ok((held.clone(), true));
    }
    // What lies in quarantine is no content of a document.
    let mut kept_before = known
        .iter()
        .filter(|(held, _)| held.domain != QUARANTINE)
        .peekable();
    let had = kept_before.peek().is_some();
    // It was stored already when it came, and has followed a document elsewhere since: once more.
    if kept_before.any(|(held, _)| held.name == kept.blob.name.as_bytes()) {
        return Err(DbError::GivenUp);
    }
    Ok((rows::insert_blob(unit, all, kept), had))
}

/// Whether a blob is what was stored. Of a large one only the length is looked at.
async fn is_sound(
    storage: &storage::Storage,
    name: &storage::Sha256Digest,
    stored_bytes: u64,
) -> Result<bool, StoreError> {
    if storage.length(name).await? != Some(stored_bytes) {
        return Ok(false);
    }
    if stored_bytes > VERIFIED_BYTES_MAX {
        return Ok(true);
    }
    match storage.verify_stored(name).await {
        Ok(_) => Ok(true),
        Err(StoreError::Damaged { .. } | StoreError::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether a blob can be opened and is, to its end, the content that it is said to be.
pub(super) async fn is_whole(storage: &storage::Storage, kept: &Kept) -> Result<bool, StoreError> {
    match storage.verify_content(&kept.blob).await {
        Ok(found) => Ok(found == kept.content),
        Err(StoreError::Damaged { .. } | StoreError::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The documents of a department that came in with this content under this name, whoever asks:
/// oldest first.
pub async fn named_with_content(
    on: &impl ConnectionTrait,
    department: DepartmentId,
    sha256: &storage::Sha256Digest,
    name: &str,
) -> Result<Vec<Document>, DbError> {
    // It may have been moved into a compartment since.
    let blobs = rows::named_by_content(on, sha256.as_bytes()).await?;
    if blobs.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = rows::begun_with(on, blobs, name).await?;
    found.retain(|document| document.department == department);
    Ok(found)
}

/// Whether this content is stored already.
pub async fn holds_content(
    on: &impl ConnectionTrait,
    sha256: &storage::Sha256Digest,
) -> Result<bool, DbError> {
    let blobs = rows::named_by_content(on, sha256.as_bytes()).await?;
    Ok(!blobs.is_empty())
}

/// The names under which the documents of the archive first came, whoever asks.
pub async fn names(
    on: &impl ConnectionTrait,
) -> Result<std::collections::HashSet<String>, DbError> {
    rows::first_names(on).await
}

/// The oldest document that first came under this name, whoever asks.
pub async fn first_named(
    on: &impl ConnectionTrait,
    name: &str,
) -> Result<Option<Document>, DbError> {
    rows::first_named(on, name).await
}
