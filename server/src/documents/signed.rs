//! Versions that were signed: each follows on the version that was shown, and on no other.
//!
//! Invariant: of a time series of strokes nothing is kept here but what was sealed to a key that is not here.

use sea_orm::ConnectionTrait;
use storage::Blob;

use super::guard;
use super::keeping::keep_rendition;
use super::looking::LOOKS_MAX;
use super::model::{Document, DocumentError, Held, Kept, Step, Version};
use super::ops::{Content, after, require_open_case, with_right, with_version};
use super::rows;
use crate::audit::canonical::Object;
use crate::base::{DocumentId, RenditionId, Right, VersionId};
use crate::unit::Unit;

/// The kind of the rendition that holds sealed strokes.
const STROKES: &str = "strokes";
/// Its state: nobody here can open it.
const SEALED: &str = "sealed";
/// What sealed it.
const ENGINE: &str = "pades 1";

/// A document that the actor may have signed, locked, with its version in force.
pub async fn to_sign(unit: &Unit, id: DocumentId) -> Result<(Document, Version), DocumentError> {
    let document = changeable(unit, id).await?;
    require_open_case(unit, &document, Right::Edit).await?;
    in_force(unit, document).await
}

/// A document that the actor may add a version to, wherever it stands, locked.
async fn changeable(unit: &Unit, id: DocumentId) -> Result<Document, DocumentError> {
    let document = with_right(unit, id, Right::Edit).await?;
    if !unit.actor().may(Right::ReadContent, document.place()) {
        return Err(DocumentError::Closed);
    }
    after(&document, Step::AddVersion)?;
    Ok(document)
}

/// With its version in force.
async fn in_force(unit: &Unit, document: Document) -> Result<(Document, Version), DocumentError> {
    let all = rows::versions(unit.tx(), &[document.id]).await?;
    let in_force = all
        .into_iter()
        .map(|(version, _)| version)
        .find(|version| version.number == document.content_version);
    let version = in_force.ok_or(DocumentError::NoVersion)?;
    guard::require_open(unit.tx(), version.id).await?;
    Ok((document, version))
}

/// Adds the signed version. Where another one came since the version that was shown, nothing is added.
pub async fn add_signed(
    unit: &mut Unit,
    id: DocumentId,
    over: VersionId,
    content: Content,
) -> Result<Held, DocumentError> {
    let (before, in_force) = to_sign(unit, id).await?;
    if in_force.id != over {
        return Err(DocumentError::Stale {
            current: before.version,
        });
    }
    with_version(unit, before, content).await
}

/// Adds the version whose seal was raised, by the system: whoever may edit the document has asked for it when
/// it was signed.
///
/// In a closed case too: what is shown does not change, and what proves it must outlive the case.
pub async fn raise(
    unit: &mut Unit,
    id: DocumentId,
    over: VersionId,
    content: Content,
) -> Result<Held, DocumentError> {
    let document = changeable(unit, id).await?;
    let (before, in_force) = in_force(unit, document).await?;
    if in_force.id != over {
        return Err(DocumentError::Stale {
            current: before.version,
        });
    }
    with_version(unit, before, content).await
}

/// Keeps the strokes of a signature as they were sealed to the notary's key. The caller records it.
pub async fn keep_sealed_strokes(
    unit: &mut Unit,
    version: VersionId,
    certificate_sha256: [u8; 32],
    sealed: &Kept,
) -> Result<(), DocumentError> {
    let details = Object::new().with("certificate_sha256", hex::encode(certificate_sha256));
    let row = rows::rendition::Model {
        id: RenditionId::new().raw(),
        version: 1,
        document_version_id: version.raw(),
        kind: STROKES.to_owned(),
        engine: ENGINE.to_owned(),
        state: SEALED.to_owned(),
        reason: None,
        pages: 0,
        blob_name: None,
        created_at: unit.now().micros(),
        components: None,
        details: String::from_utf8(details.to_bytes()).ok(),
    };
    keep_rendition(unit, version, row, Some(sealed)).await?;
    Ok(())
}

/// The sealed strokes of a version, and the digest of that; nothing where none were kept. Of what is withheld or
/// destroyed nothing is given out.
pub async fn sealed_strokes(
    on: &impl ConnectionTrait,
    version: VersionId,
) -> Result<Option<(Blob, [u8; 32])>, DocumentError> {
    guard::require_open(on, version).await?;
    // Between looking for the blob and for its key it may have followed its document.
    for _ in 0..LOOKS_MAX {
        let kept = rows::all_renditions(on, version, STROKES).await?;
        let Some(name) = kept.into_iter().next_back().and_then(|row| row.blob_name) else {
            return Ok(None);
        };
        if let Some(found) = rows::blob_with_digest(on, &name).await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
