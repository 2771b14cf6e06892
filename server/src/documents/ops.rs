//! What is done with documents; the only code that writes about them.

use sea_orm::ConnectionTrait;
use storage::{Blob, KeyDomain, StoreError};

use super::list;
use super::model::{
    Change, Document, DocumentError, Held, Kept, Metadata, State, TextInfo, Version,
};
use super::rows;
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::rights::token;
use crate::base::{Actor, DepartmentId, DocumentId, Job, RenditionId, Right, VersionId};
use crate::unit::Unit;

/// Most duplicates that are named.
pub(super) const DUPLICATES_MAX: u64 = 20;

/// Content that lies in the store, under the name that its row will bear.
#[derive(Debug, Clone)]
pub struct Content {
    /// The blob.
    pub kept: Kept,
    /// What it claims to be.
    pub media_type: String,
    /// The name under which it came.
    pub file_name: Option<String>,
}

/// Files a new document. The content must be durable already.
pub async fn receive(
    unit: &mut Unit,
    department: DepartmentId,
    metadata: Metadata,
    content: Content,
) -> Result<Held, DocumentError> {
    Ok(receive_new(unit, department, metadata, content).await?.0)
}

/// Like [`receive`]; says too whether the archive had this content before.
pub(super) async fn receive_new(
    unit: &mut Unit,
    department: DepartmentId,
    metadata: Metadata,
    content: Content,
) -> Result<(Held, bool), DocumentError> {
    require_filing(unit.actor(), department)?;
    let (now, by) = (unit.now(), unit.actor().account);
    let document = Document {
        id: DocumentId::new(),
        version: 1,
        department,
        compartment: None,
        state: State::Incoming,
        reason: None,
        metadata,
        content_version: 1,
        created_at: now,
        created_by: by,
        changed_at: now,
        changed_by: by,
    };
    rows::insert(unit, &document).await?;
    let (version, had) = add_content(unit, &document, content).await?;
    unit.record(Action::DocumentReceive, Some(department));
    unit.enqueue(Job::ExtractText(version.id));
    let held = Held {
        document,
        version,
        text: None,
    };
    Ok((held, had))
}

/// The new version, and whether the archive had its content before.
async fn add_content(
    unit: &mut Unit,
    document: &Document,
    content: Content,
) -> Result<(Version, bool), DocumentError> {
    let Content {
        kept,
        media_type,
        file_name,
    } = content;
    // Two uploads of the same content at the same time: the first row wins, the other blob is
    // unreferenced and swept.
    let (held, had) = hold_blob(unit, &kept).await?;
    let version = Version {
        id: VersionId::new(),
        document: document.id,
        number: document.content_version,
        media_type,
        file_name,
        sha256: kept.content.sha256.0,
        sha512: kept.content.sha512.0,
        bytes: kept.content.bytes,
        created_at: document.changed_at,
        created_by: document.changed_by,
    };
    rows::insert_version(unit, &version, &held).await?;
    Ok((version, had))
}

/// The row of a blob: the one that has this content already (true), or a new one.
async fn hold_blob(unit: &Unit, kept: &Kept) -> Result<(rows::blob::Model, bool), DbError> {
    let sha256 = kept.content.sha256.as_bytes();
    let lost = kept.instead_of.map(|name| name.as_bytes().to_vec());
    match rows::blob_with_content(unit.tx(), sha256, &kept.blob.domain).await? {
        Some(held) if Some(&held.name) != lost.as_ref() => Ok((held, true)),
        // What took the place of a lost blob was there before, too.
        found => Ok((rows::insert_blob(unit, kept).await?, found.is_some())),
    }
}

fn require_filing(actor: &Actor, department: DepartmentId) -> Result<(), DocumentError> {
    if actor.may_in(Right::Receive, department) {
        return Ok(());
    }
    // Whoever may not even see the department does not learn that it exists.
    Err(if actor.may_in(Right::Read, department) {
        DocumentError::Forbidden
    } else {
        DocumentError::NoDepartment
    })
}

/// A document that the actor may change; `expected` is the version that the caller has seen.
async fn to_change(unit: &Unit, id: DocumentId, expected: u64) -> Result<Document, DocumentError> {
    let found = rows::find_to_change(unit, id).await?;
    let document = found
        .filter(|document| unit.actor().may(Right::Read, document.place()))
        .ok_or(DocumentError::NotFound)?;
    may_change(unit.actor(), &document)?;
    if document.version != expected {
        return Err(DocumentError::Stale {
            current: document.version,
        });
    }
    Ok(document)
}

/// Refuses whoever may see a document and not change it.
pub(super) fn may_change(actor: &Actor, document: &Document) -> Result<(), DocumentError> {
    if actor.may(Right::Edit, document.place()) {
        Ok(())
    } else {
        Err(DocumentError::Forbidden)
    }
}

/// The document after a change by this unit.
fn stepped(unit: &Unit, before: &Document) -> Document {
    Document {
        version: before.version + 1,
        changed_at: unit.now(),
        changed_by: unit.actor().account,
        ..before.clone()
    }
}

/// Refuses a document that is in another state.
pub(super) fn require_state(document: &Document, state: State) -> Result<(), DocumentError> {
    if document.state == state {
        Ok(())
    } else {
        Err(DocumentError::State {
            current: document.state,
        })
    }
}

/// Changes metadata.
pub(super) async fn change(
    unit: &mut Unit,
    id: DocumentId,
    expected: u64,
    change: Change,
) -> Result<Held, DocumentError> {
    let before = to_change(unit, id, expected).await?;
    require_state(&before, State::Incoming)?;
    let mut document = stepped(unit, &before);
    document.metadata = document.metadata.changed(change);
    if document.metadata == before.metadata {
        return Err(DocumentError::Unchanged);
    }
    rows::save(unit, &document, &before).await?;
    unit.record(Action::DocumentChange, Some(document.department));
    held(unit.tx(), document).await
}

/// Adds a version; it is in force from now on.
pub(super) async fn add_version(
    unit: &mut Unit,
    id: DocumentId,
    expected: u64,
    content: Content,
) -> Result<Held, DocumentError> {
    let before = to_change(unit, id, expected).await?;
    require_state(&before, State::Incoming)?;
    let mut document = stepped(unit, &before);
    document.content_version += 1;
    rows::save(unit, &document, &before).await?;
    let (version, _) = add_content(unit, &document, content).await?;
    unit.record(Action::VersionAdd, Some(document.department));
    unit.enqueue(Job::ExtractText(version.id));
    Ok(Held {
        document,
        version,
        text: None,
    })
}

/// Puts a document aside, with a reason. Nothing is deleted.
pub(super) async fn discard(
    unit: &mut Unit,
    id: DocumentId,
    expected: u64,
    reason: String,
) -> Result<Held, DocumentError> {
    let before = to_change(unit, id, expected).await?;
    require_state(&before, State::Incoming)?;
    let mut document = stepped(unit, &before);
    document.state = State::Discarded;
    document.reason = Some(reason);
    rows::save(unit, &document, &before).await?;
    unit.record(Action::DocumentDiscard, Some(document.department));
    held(unit.tx(), document).await
}

/// Takes a discarded document back.
pub(super) async fn restore(
    unit: &mut Unit,
    id: DocumentId,
    expected: u64,
) -> Result<Held, DocumentError> {
    let before = to_change(unit, id, expected).await?;
    require_state(&before, State::Discarded)?;
    let mut document = stepped(unit, &before);
    document.state = State::Incoming;
    document.reason = None;
    rows::save(unit, &document, &before).await?;
    unit.record(Action::DocumentRestore, Some(document.department));
    held(unit.tx(), document).await
}

/// What a worker found in a version.
#[derive(Debug)]
pub struct ReadText {
    /// What became of it.
    pub info: TextInfo,
    /// The pages, stored; nothing where there is no text.
    pub pages: Option<Kept>,
}

/// Keeps the text of a version as a rendition. A version that has its text keeps it.
pub async fn keep_text(
    unit: &mut Unit,
    version: VersionId,
    text: ReadText,
) -> Result<(), DocumentError> {
    let (found, _) = rows::version(unit.tx(), version)
        .await?
        .ok_or(DocumentError::NoVersion)?;
    let document = rows::find(unit.tx(), found.document)
        .await?
        .ok_or(DocumentError::NotFound)?;
    let held = match &text.pages {
        Some(kept) => Some(hold_blob(unit, kept).await?.0),
        None => None,
    };
    let row = rows::rendition::Model {
        id: RenditionId::new().raw(),
        version: 1,
        document_version_id: version.raw(),
        kind: "text".to_owned(),
        engine: text.info.engine,
        state: text.info.state,
        reason: text.info.reason,
        pages: i64::try_from(text.info.pages).unwrap_or(i64::MAX),
        blob_name: held.as_ref().map(|held| held.name.clone()),
        created_at: unit.now().micros(),
    };
    let context = Object::new().with("engine", row.engine.as_str()).to_bytes();
    rows::insert_rendition(unit, document.id, row, held.as_ref()).await?;
    unit.record_with(Action::TextRead, Some(document.department), Some(context));
    Ok(())
}

/// A document with the version in force and its text.
async fn held(on: &impl ConnectionTrait, document: Document) -> Result<Held, DocumentError> {
    let mut all = hold(on, vec![document]).await?;
    all.pop().ok_or(DocumentError::NoVersion)
}

/// Documents with their versions in force and their texts, in the order given.
pub async fn hold(
    on: &impl ConnectionTrait,
    documents: Vec<Document>,
) -> Result<Vec<Held>, DocumentError> {
    let ids: Vec<_> = documents.iter().map(|document| document.id).collect();
    let mut in_force = std::collections::HashMap::new();
    for (version, _) in rows::versions(on, &ids).await? {
        in_force.insert((version.document, version.number), version);
    }
    let mut all = Vec::with_capacity(documents.len());
    for document in documents {
        let key = (document.id, document.content_version);
        let version = in_force.remove(&key).ok_or(DocumentError::NoVersion)?;
        all.push(Held {
            document,
            version,
            text: None,
        });
    }
    let versions: Vec<_> = all.iter().map(|held| held.version.id).collect();
    let texts = rows::texts(on, &versions).await?;
    let mut texts: std::collections::HashMap<_, _> = texts
        .into_iter()
        .map(|(version, text, _)| (version, text))
        .collect();
    for one in &mut all {
        one.text = texts.remove(&one.version.id);
    }
    Ok(all)
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
    found
        .filter(|document| actor.may(Right::Read, document.place()))
        .ok_or(DocumentError::NotFound)
}

/// A document whose content the actor may see.
async fn readable(
    on: &impl ConnectionTrait,
    actor: &Actor,
    id: DocumentId,
) -> Result<Document, DocumentError> {
    let document = visible(on, actor, id).await?;
    if actor.may(Right::ReadContent, document.place()) {
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
    Ok(all.into_iter().map(|(version, _)| version).collect())
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
    let all = rows::versions(on, &[document.id]).await?;
    let found = all
        .into_iter()
        .find(|(version, _)| version.number == number);
    let (version, name) = found.ok_or(DocumentError::NoVersion)?;
    let blob = rows::blob_to_open(on, &name)
        .await?
        .ok_or(DocumentError::NoVersion)?;
    Ok((document, version, blob))
}

/// The text of the version in force, with the blob that holds its pages.
pub(super) async fn text(
    on: &impl ConnectionTrait,
    actor: &Actor,
    id: DocumentId,
) -> Result<(Held, Option<Blob>), DocumentError> {
    let mut held = held(on, readable(on, actor, id).await?).await?;
    let texts = rows::texts(on, &[held.version.id]).await?;
    let Some((_, info, name)) = texts.into_iter().next() else {
        return Err(DocumentError::TextPending);
    };
    held.text = Some(info);
    let blob = match name {
        Some(name) => rows::blob_to_open(on, &name).await?,
        None => None,
    };
    Ok((held, blob))
}

/// Other documents with the same content that the actor may see.
pub async fn duplicates(
    on: &impl ConnectionTrait,
    actor: &Actor,
    held: &Held,
) -> Result<Vec<Document>, DocumentError> {
    // The right comes before the limit: others' documents must not push out one's own.
    let visible = list::visible_among_few(actor, Right::Read);
    let blob = rows::blob_of(held.version.id);
    Ok(rows::with_content(on, blob, held.document.id, visible, DUPLICATES_MAX).await?)
}

/// Whether the actor may see a document that has this blob.
pub(super) async fn sees_blob(
    on: &impl ConnectionTrait,
    actor: &Actor,
    blob: &Blob,
) -> Result<bool, DocumentError> {
    let nobody = DocumentId::of(uuid::Uuid::nil());
    let visible = list::visible_among_few(actor, Right::Read);
    let name = sea_orm::sea_query::Expr::value(blob.name.as_bytes().to_vec());
    let seen = rows::with_content(on, name, nobody, visible, 1).await?;
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

/// The documents of a department that came in with this content under this name, whoever asks:
/// oldest first.
pub async fn named_with_content(
    on: &impl ConnectionTrait,
    department: DepartmentId,
    sha256: &storage::Sha256Digest,
    name: &str,
) -> Result<Vec<Document>, DbError> {
    let domain = KeyDomain::parse(super::intake::DOMAIN)?;
    let Some(held) = rows::blob_with_content(on, sha256.as_bytes(), &domain).await? else {
        return Ok(Vec::new());
    };
    let mut found = rows::begun_with(on, &held.name, name).await?;
    found.retain(|document| document.department == department);
    Ok(found)
}

/// Whether this content is stored already.
pub async fn holds_content(
    on: &impl ConnectionTrait,
    sha256: &storage::Sha256Digest,
) -> Result<bool, DbError> {
    let domain = KeyDomain::parse(super::intake::DOMAIN)?;
    Ok(rows::blob_with_content(on, sha256.as_bytes(), &domain)
        .await?
        .is_some())
}

/// The names under which the documents of the archive first came, whoever asks.
pub async fn names(
    on: &impl ConnectionTrait,
) -> Result<std::collections::HashSet<String>, DbError> {
    rows::first_names(on).await
}

/// What a worker needs to read a version: its blob and what it claims to be.
pub async fn to_extract(
    on: &impl ConnectionTrait,
    id: VersionId,
) -> Result<Option<(Version, Blob)>, DbError> {
    let Some((version, name)) = rows::version(on, id).await? else {
        return Ok(None);
    };
    let blob = rows::blob_to_open(on, &name).await?;
    Ok(blob.map(|blob| (version, blob)))
}

/// A document as the index wants it.
#[derive(Debug, Clone)]
pub struct Indexed {
    /// The document with its version in force.
    pub held: Held,
    /// The short name of its department.
    pub department: String,
    /// The access token of its place.
    pub token: u64,
    /// The blob of its text, where it has one.
    pub text: Option<Blob>,
}

/// Documents as the index wants them.
pub async fn to_index(
    on: &impl ConnectionTrait,
    ids: &[DocumentId],
) -> Result<Vec<Indexed>, DocumentError> {
    let documents = list::visible_among(on, &Actor::system(), ids).await?;
    let held = hold(on, documents).await?;
    let versions: Vec<_> = held.iter().map(|one| one.version.id).collect();
    let texts = rows::texts(on, &versions).await?;
    let names: Vec<_> = texts
        .iter()
        .filter_map(|(_, _, name)| name.clone())
        .collect();
    let blobs = rows::blobs_to_open(on, &names).await?;
    let mut text_of: std::collections::HashMap<_, _> = texts
        .into_iter()
        .filter_map(|(version, _, name)| Some((version, blobs.get(&name?)?.clone())))
        .collect();
    let departments = crate::departments::departments(on).await?;
    let compartments = crate::departments::compartment_numbers(on).await?;
    let mut all = Vec::with_capacity(held.len());
    for held in held {
        let department = departments
            .iter()
            .find(|one| one.id == held.document.department);
        let department = department.ok_or(DocumentError::NoDepartment)?;
        let text = text_of.remove(&held.version.id);
        let compartment = held.document.compartment;
        let hidden = compartment.and_then(|id| compartments.get(&id).copied());
        if compartment.is_some() && hidden.is_none() {
            return Err(DocumentError::NoDepartment);
        }
        let (slug, token) = (department.slug.clone(), token(department.number, hidden));
        all.push(Indexed {
            held,
            department: slug,
            token,
            text,
        });
    }
    Ok(all)
}
