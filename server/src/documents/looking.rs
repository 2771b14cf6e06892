//! What is read of documents, by whoever may; nothing is written here.

use sea_orm::ConnectionTrait;
use storage::Blob;

use super::model::{Document, DocumentError, Held, Version};
use super::{guard, rows};
use crate::base::db::DbError;
use crate::base::{Actor, CaseId, DocumentId, Right, Table};
use crate::cases;

/// How often it is looked which blob holds content: between that and looking for its key the content
/// may have followed its document under other keys.
pub(super) const LOOKS_MAX: usize = 3;

/// A document with the version in force and its text.
pub(super) async fn held(
    on: &impl ConnectionTrait,
    document: Document,
) -> Result<Held, DocumentError> {
    let mut all = hold(on, vec![document]).await?;
    all.pop().ok_or(DocumentError::NoVersion)
}

/// Documents with their versions in force and their texts, in the order given.
pub async fn hold(
    on: &impl ConnectionTrait,
    documents: Vec<Document>,
) -> Result<Vec<Held>, DocumentError> {
    let all = hold_with_pages(on, documents).await?;
    Ok(all.into_iter().map(|(held, _)| held).collect())
}

/// The same, each with the name of the blob that holds the pages of its text.
async fn hold_with_pages(
    on: &impl ConnectionTrait,
    documents: Vec<Document>,
) -> Result<Vec<(Held, Option<Vec<u8>>)>, DocumentError> {
    let ids: Vec<_> = documents.iter().map(|document| document.id).collect();
    let mut in_force = std::collections::HashMap::new();
    for (version, _) in rows::versions(on, &ids).await? {
        in_force.insert((version.document, version.number), version);
    }
    let mut wanted: Vec<CaseId> = documents.iter().filter_map(|one| one.case).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let filed = cases::filed(on, &wanted).await?;
    let parents = rows::parents(on, &documents).await?;
    let mut all = Vec::with_capacity(documents.len());
    for document in documents {
        let key = (document.id, document.content_version);
        let version = in_force.remove(&key).ok_or(DocumentError::NoVersion)?;
        let filed = document.case.and_then(|case| filed.get(&case));
        let filed = filed.cloned().map(Box::new);
        let parent = parents.get(&document.id).cloned().map(Box::new);
        all.push(Held {
            document,
            version,
            text: None,
            filed,
            parent,
        });
    }
    let versions: Vec<_> = all.iter().map(|held| held.version.id).collect();
    let texts = rows::texts(on, &versions).await?;
    let mut texts: std::collections::HashMap<_, _> = texts
        .into_iter()
        .map(|(version, text, pages)| (version, (text, pages)))
        .collect();
    let with_text = |mut one: Held| match texts.remove(&one.version.id) {
        Some((text, pages)) => {
            one.text = Some(text);
            (one, pages)
        }
        None => (one, None),
    };
    Ok(all.into_iter().map(with_text).collect())
}

/// A document that the actor may see.
pub async fn read(
    on: &impl ConnectionTrait,
    actor: &Actor,
    id: DocumentId,
) -> Result<Held, DocumentError> {
    held(on, visible(on, actor, id).await?).await
}

async fn visible(
    on: &impl ConnectionTrait,
    actor: &Actor,
    id: DocumentId,
) -> Result<Document, DocumentError> {
    let found = rows::find(on, id).await?;
    let document = found.ok_or(DocumentError::NotFound)?;
    if sees(on, actor, Right::Read, &document).await? {
        Ok(document)
    } else {
        Err(DocumentError::NotFound)
    }
}

/// Whether the actor has a right to read a document.
pub(super) async fn sees(
    on: &impl ConnectionTrait,
    actor: &Actor,
    right: Right,
    document: &Document,
) -> Result<bool, DbError> {
    let row = (document.id.raw(), document.place());
    actor.may_with(on, right, Table::Document, row).await
}

/// Whether the actor has `right` for the version in force of a document only, and not for how it came
/// about: a party to proceedings is shown no drafts, whatever else he may do by his role.
pub(super) async fn only_results(
    on: &impl ConnectionTrait,
    actor: &Actor,
    right: Right,
    document: &Document,
) -> Result<bool, DbError> {
    let row = (document.id.raw(), document.place());
    let sight = actor.sight(right);
    sight.only_results(on, Table::Document, row).await
}

/// All that a document was taken out of, and what that was taken out of.
pub(super) async fn above(
    on: &impl ConnectionTrait,
    document: &Document,
) -> Result<Vec<DocumentId>, DbError> {
    match document.part {
        Some(_) => rows::above(on, document.id).await,
        None => Ok(Vec::new()),
    }
}

/// A document whose content the actor may see.
async fn readable(
    on: &impl ConnectionTrait,
    actor: &Actor,
    id: DocumentId,
) -> Result<Document, DocumentError> {
    let document = visible(on, actor, id).await?;
    if sees(on, actor, Right::ReadContent, &document).await? {
        Ok(document)
    } else {
        Err(DocumentError::Closed)
    }
}

/// The versions of a document that the actor may see.
pub(super) async fn versions(
    on: &impl ConnectionTrait,
    actor: &Actor,
    id: DocumentId,
) -> Result<Vec<Version>, DocumentError> {
    let document = visible(on, actor, id).await?;
    let all = rows::versions(on, &[document.id]).await?;
    let only_results = only_results(on, actor, Right::Read, &document).await?;
    let shown = |version: &Version| !only_results || version.number == document.content_version;
    let all = all.into_iter().map(|(version, _)| version);
    Ok(all.filter(shown).collect())
}

/// Which version is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one in force.
    InForce,
    /// The one with this number.
    Number(u64),
}

/// A version of a document that the actor may see, with the blob to open.
pub async fn content(
    on: &impl ConnectionTrait,
    actor: &Actor,
    id: DocumentId,
    which: Which,
) -> Result<(Document, Version, Blob), DocumentError> {
    let document = readable(on, actor, id).await?;
    let number = match which {
        Which::InForce => document.content_version,
        Which::Number(number) => number,
    };
    if number != document.content_version
        && only_results(on, actor, Right::ReadContent, &document).await?
    {
        return Err(DocumentError::NoVersion);
    }
    for _ in 0..LOOKS_MAX {
        let all = rows::versions(on, &[document.id]).await?;
        let found = all
            .into_iter()
            .find(|(version, _)| version.number == number);
        let (version, name) = found.ok_or(DocumentError::NoVersion)?;
        guard::require_open(on, version.id).await?;
        if let Some(blob) = rows::blob_to_open(on, &name).await? {
            return Ok((document, version, blob));
        }
    }
    Err(DocumentError::NoVersion)
}

/// The text of the version in force, with the blob that holds its pages.
pub(super) async fn text(
    on: &impl ConnectionTrait,
    actor: &Actor,
    id: DocumentId,
) -> Result<(Held, Option<Blob>), DocumentError> {
    let document = readable(on, actor, id).await?;
    let mut looks = 0;
    loop {
        let mut all = hold_with_pages(on, vec![document.clone()]).await?;
        let (held, pages) = all.pop().ok_or(DocumentError::NoVersion)?;
        guard::require_open(on, held.version.id).await?;
        if held.text.is_none() {
            return Err(DocumentError::TextPending);
        }
        let Some(name) = pages else {
            return Ok((held, None));
        };
        let blob = rows::blob_to_open(on, &name).await?;
        looks += 1;
        if blob.is_some() || looks == LOOKS_MAX {
            return Ok((held, blob));
        }
    }
}
