//! The guard: biometric records are refused at the door, and the version in which one is found later is
//! withheld.
//!
//! Invariants: nothing of what is refused stays, and the record of it says department and kind, no name
//! and no digest; a version that is withheld hands out neither content nor text, and neither does any in
//! which it lies; who withholds does not destroy.

use std::collections::HashSet;

use futures_util::TryStreamExt;
use indexer::extract::Reason;
use indexer::guard::{Biometric, HEAD_BYTES};
use sea_orm::ConnectionTrait;
use storage::{Blob, Storage, StoreError};

use super::intake::Arrived;
use super::model::{Document, DocumentError, Version};
use super::{duplicates, rows};
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::{Actor, CaseId, DepartmentId, RenditionId, VersionId};
use crate::cases::{self, CaseError};
use crate::unit::{Db, Unit};

/// The kind of the rendition that says what was found.
pub(super) const KIND: &str = "biometric";
/// Its state.
const FOUND: &str = "found";
/// What found it.
const ENGINE: &str = "guard 1";

/// Lets in what is no biometric record. What is one is thrown away, and that is recorded.
pub(crate) async fn admit(
    db: &Db,
    actor: &Actor,
    department: Option<DepartmentId>,
    arrived: Arrived,
) -> Result<Arrived, DocumentError> {
    let Some(kind) = arrived.biometric() else {
        return Ok(arrived);
    };
    arrived.discard().await;
    db.write(actor, async move |unit: &mut Unit| {
        let context = Object::new().with("reason", kind.as_str()).to_bytes();
        unit.record_with(Action::DocumentRefuse, department, Some(context));
        Ok::<_, DbError>(())
    })
    .await?;
    Err(DocumentError::Biometric)
}

/// The department of a case, where the actor may know of it.
pub(super) async fn department_of_case(
    db: &Db,
    actor: &Actor,
    case: CaseId,
) -> Result<Option<DepartmentId>, DocumentError> {
    match cases::read(db.read(), actor, case).await {
        Ok(case) => Ok(Some(case.department)),
        Err(CaseError::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What stored content is, by its beginning.
pub async fn biometric_in(storage: &Storage, blob: &Blob) -> Result<Option<Biometric>, StoreError> {
    let most = u64::try_from(HEAD_BYTES).unwrap_or(u64::MAX);
    let length = blob.content_bytes.min(most);
    if length == 0 {
        return Ok(None);
    }
    let mut pieces = storage.open(blob, Some(0..length)).await?;
    let mut head = Vec::with_capacity(HEAD_BYTES);
    while let Some(piece) = pieces.try_next().await? {
        head.extend_from_slice(&piece);
    }
    Ok(Biometric::of(&head))
}

/// Withholds a version in which a biometric record was found, and those out of which it was taken: they
/// have it in them. Doing it twice does it once.
pub(super) async fn withhold(
    unit: &mut Unit,
    version: &Version,
    kind: Biometric,
) -> Result<(), DocumentError> {
    let mut next = Some((version.id, version.document));
    while let Some((version, document)) = next {
        let document = rows::find(unit.tx(), document).await?;
        let document = document.ok_or(DocumentError::NotFound)?;
        let before = rows::all_renditions(unit.tx(), version, KIND).await?;
        if before.is_empty() {
            hide_text(unit, &document, version).await?;
            let row = rows::rendition::Model {
                id: RenditionId::new().raw(),
                version: 1,
                document_version_id: version.raw(),
                kind: KIND.to_owned(),
                engine: ENGINE.to_owned(),
                state: FOUND.to_owned(),
                reason: Some(kind.as_str().to_owned()),
                pages: 0,
                blob_name: None,
                created_at: unit.now().micros(),
                components: None,
                details: None,
            };
            rows::insert_rendition(unit, document.id, row, None).await?;
            let context = Object::new().with("reason", kind.as_str()).to_bytes();
            let department = Some(document.department);
            unit.record_with(Action::DocumentWithhold, department, Some(context));
        }
        next = document.part.map(|part| (part.taken_from, part.parent));
    }
    Ok(())
}

/// Puts a text in the place of the one before that says why there is none any more. What was found beside
/// the text stays: what a mail says of itself, how many components there are. The text is remembered no
/// more.
async fn hide_text(
    unit: &mut Unit,
    document: &Document,
    version: VersionId,
) -> Result<(), DocumentError> {
    let before = rows::all_renditions(unit.tx(), version, "text").await?;
    let last = before.into_iter().next_back();
    let reason = Reason::Biometric.as_str();
    if last
        .as_ref()
        .is_some_and(|row| row.reason.as_deref() == Some(reason))
    {
        return Ok(());
    }
    let (components, details) = last.map_or((None, None), |row| (row.components, row.details));
    let row = rows::rendition::Model {
        id: RenditionId::new().raw(),
        version: 1,
        document_version_id: version.raw(),
        kind: "text".to_owned(),
        engine: ENGINE.to_owned(),
        state: "unreadable".to_owned(),
        reason: Some(reason.to_owned()),
        pages: 0,
        blob_name: None,
        created_at: unit.now().micros(),
        components,
        details,
    };
    let text = RenditionId::of(row.id);
    rows::insert_rendition(unit, document.id, row, None).await?;
    Ok(duplicates::keep(unit, document, (version, text), None).await?)
}

/// Withholds a version by its id; an error where there is none.
pub async fn withhold_version(
    unit: &mut Unit,
    id: VersionId,
    kind: Biometric,
) -> Result<(), DocumentError> {
    let found = rows::version(unit.tx(), id).await?;
    let (version, _) = found.ok_or(DocumentError::NoVersion)?;
    withhold(unit, &version, kind).await
}

/// Those of the versions that are withheld.
pub(super) async fn withheld(
    on: &impl ConnectionTrait,
    versions: &[VersionId],
) -> Result<HashSet<VersionId>, DbError> {
    let found = rows::renditions(on, versions, KIND).await?;
    Ok(found.into_iter().map(|(version, _, _)| version).collect())
}

/// Whether a version is withheld.
pub async fn is_withheld(on: &impl ConnectionTrait, version: VersionId) -> Result<bool, DbError> {
    Ok(!withheld(on, &[version]).await?.is_empty())
}

/// Refuses a version that was withheld while it was read; its document is locked.
pub(super) async fn require_still_open(
    unit: &Unit,
    version: VersionId,
) -> Result<(), DocumentError> {
    let found = rows::version(unit.tx(), version).await?;
    let (found, _) = found.ok_or(DocumentError::NoVersion)?;
    super::ops::lock(unit, found.document).await?;
    require_open(unit.tx(), version).await
}

/// Refuses a version that is withheld.
pub(super) async fn require_open(
    on: &impl ConnectionTrait,
    version: VersionId,
) -> Result<(), DocumentError> {
    if is_withheld(on, version).await? {
        return Err(DocumentError::Withheld);
    }
    Ok(())
}
