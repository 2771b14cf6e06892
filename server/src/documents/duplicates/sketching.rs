//! What is remembered of the texts of documents.

use indexer::likeness::Sketch;
use sea_orm::ConnectionTrait;
use storage::Blob;

use crate::base::db::DbError;
use crate::base::{DocumentId, RenditionId, VersionId};
use crate::documents::model::Document;
use crate::documents::{guard, rows};
use crate::unit::Unit;

/// A text that was kept before texts were remembered.
#[derive(Debug)]
pub struct Unsketched {
    /// Whose it is.
    pub document: DocumentId,
    /// Its pages; nothing where it has none, or where they cannot be opened now.
    pub pages: Option<Blob>,
    /// Whether it has any.
    pub has_pages: bool,
    version: VersionId,
    text: RenditionId,
}

/// Texts of versions in force of which nothing is remembered, behind a document, in order: at most
/// `limit`.
pub async fn unsketched(
    on: &impl ConnectionTrait,
    after: Option<DocumentId>,
    limit: u64,
) -> Result<Vec<Unsketched>, DbError> {
    let found = rows::unsketched(on, after, limit).await?;
    let names: Vec<_> = found
        .iter()
        .filter_map(|one| one.blob_name.clone())
        .collect();
    let blobs = rows::blobs_to_open(on, &names).await?;
    // Copies of a document share the blob of their text.
    Ok(found
        .into_iter()
        .map(|one| Unsketched {
            document: one.document,
            has_pages: one.blob_name.is_some(),
            pages: one.blob_name.and_then(|name| blobs.get(&name).cloned()),
            version: one.version,
            text: one.text,
        })
        .collect())
}

/// Keeps the sketch of a text that was kept before; of one that has been read again meanwhile it is there
/// already.
pub async fn keep_older(
    unit: &Unit,
    older: &Unsketched,
    sketch: Option<&Sketch>,
) -> Result<(), DbError> {
    let Some(document) = rows::find_to_change(unit, older.document).await? else {
        return Ok(());
    };
    if rows::sketch(unit.tx(), document.id).await?.is_some() {
        return Ok(());
    }
    keep(unit, &document, (older.version, older.text), sketch).await
}

/// Keeps the sketch of a text, where it is the newest of the version in force; of one that is withheld, that
/// there is none. The document is locked.
pub(in crate::documents) async fn keep(
    unit: &Unit,
    document: &Document,
    (version, text): (VersionId, RenditionId),
    sketch: Option<&Sketch>,
) -> Result<(), DbError> {
    let in_force = match rows::version(unit.tx(), version).await? {
        Some((found, _)) => found.number == document.content_version,
        None => false,
    };
    let texts = rows::all_renditions(unit.tx(), version, "text").await?;
    let newest = texts.last().is_some_and(|row| row.id == text.raw());
    if in_force && newest {
        let withheld = guard::is_withheld(unit.tx(), version).await?;
        let sketch = sketch.filter(|_| !withheld);
        rows::keep_sketch(unit, document, text, sketch).await?;
    }
    Ok(())
}
