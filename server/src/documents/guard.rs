//! The guard: biometric records are refused at the door, and the version in which one is found later is
//! withheld. So is, by a rule of a workflow, what is to be removed from a file.
//!
//! Invariants: nothing of what is refused stays, and the record of it says department and kind, no name
//! and no digest; a version that is withheld hands out neither content nor text, and neither does any in
//! which it lies; who withholds does not destroy: that, and releasing, takes two people (`proposals`).

use std::collections::{HashMap, HashSet};

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
use crate::base::{Actor, CaseId, DepartmentId, DocumentId, RenditionId, VersionId};
use crate::cases::{self, CaseError};
use crate::unit::{Db, Unit};

/// The kind of the rendition that says what was found.
pub(super) const KIND: &str = "biometric";
/// What it says where one was found: the version is withheld.
pub(super) const FOUND: &str = "found";
/// What it says since two people let it go.
pub(super) const RELEASED: &str = "released";
/// What it says since two people had the content destroyed.
const DESTROYED: &str = "destroyed";
/// What found it.
const ENGINE: &str = "guard 1";
/// The reason where nothing was found, but it is to be removed from a file.
pub(super) const REMOVAL: &str = "removal";

/// That the version of a rendition `r` is not withheld, or was released as often: a condition of SQL, with the
/// place of the value [`KIND`].
pub(super) fn open_to_work(kind: &str) -> String {
    format!(
        "COALESCE((SELECT SUM(CASE WHEN g.state = '{RELEASED}' THEN -1 ELSE 1 END) FROM rendition g \
         WHERE g.kind = {kind} AND g.document_version_id = r.document_version_id), 0) <= 0"
    )
}

/// Lets in what is no biometric record, or was released. What is one is thrown away, and that is recorded.
pub(crate) async fn admit(
    db: &Db,
    actor: &Actor,
    department: Option<DepartmentId>,
    arrived: Arrived,
) -> Result<Arrived, DocumentError> {
    let Some(kind) = arrived.biometric() else {
        return Ok(arrived);
    };
    if is_released(db.read(), arrived.sha256().as_bytes()).await? {
        return Ok(arrived);
    }
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
/// have it in them. Doing it twice does it once; what two people have released is left alone, and so is what
/// holds it.
pub(super) async fn withhold(
    unit: &mut Unit,
    version: &Version,
    kind: Biometric,
) -> Result<(), DocumentError> {
    lock_with_wholes(unit, version.document).await?;
    let mut next = Some(version.id);
    while let Some(id) = next {
        let found = rows::version(unit.tx(), id).await?;
        let (version, _) = found.ok_or(DocumentError::NoVersion)?;
        if is_released(unit.tx(), &version.sha256).await? {
            return Ok(());
        }
        let document = rows::find(unit.tx(), version.document).await?;
        let document = document.ok_or(DocumentError::NotFound)?;
        // What was only to be removed from a file, and was let go, nobody has looked at as a record.
        let closed = matches!(
            judged(unit.tx(), id).await?,
            Some(Judged::Withheld | Judged::Destroyed)
        );
        if !closed {
            hide_text(unit, (&document, id), Reason::Biometric).await?;
            let row = said(unit, id, (FOUND, Some(kind.as_str())));
            rows::insert_rendition(unit, document.id, row, None).await?;
            let context = Object::new().with("reason", kind.as_str()).to_bytes();
            let department = Some(document.department);
            unit.record_with(Action::DocumentWithhold, department, Some(context));
        }
        next = document.part.map(|part| part.taken_from);
    }
    Ok(())
}

/// Withholds all versions of a document that is to be removed from a file, and of all that was taken out of it.
/// Doing it twice does it once.
pub(super) async fn withhold_to_remove(
    unit: &mut Unit,
    documents: &[Document],
) -> Result<(), DocumentError> {
    for document in documents {
        lock_with_wholes(unit, document.id).await?;
        for (version, _) in rows::versions(unit.tx(), &[document.id]).await? {
            if let Some(Judged::Withheld | Judged::Destroyed) =
                judged(unit.tx(), version.id).await?
            {
                continue;
            }
            hide_text(unit, (document, version.id), Reason::Withheld).await?;
            let row = said(unit, version.id, (FOUND, Some(REMOVAL)));
            rows::insert_rendition(unit, document.id, row, None).await?;
            let context = Object::new().with("reason", REMOVAL).to_bytes();
            let department = Some(document.department);
            unit.record_with(Action::DocumentWithhold, department, Some(context));
        }
    }
    Ok(())
}

/// Whether a version is withheld to be removed from a file: not for a record that was found in it, before or since.
pub(super) async fn is_to_remove(
    on: &impl ConnectionTrait,
    version: VersionId,
) -> Result<bool, DbError> {
    let all = rows::all_renditions(on, version, KIND).await?;
    let removals = all
        .iter()
        .filter(|row| row.reason.as_deref() == Some(REMOVAL));
    let states = removals.map(|row| row.state.as_str());
    Ok(Judged::of(states) == Some(Judged::Withheld))
}

/// A rendition that says how a version stands.
fn said(
    unit: &Unit,
    version: VersionId,
    (state, reason): (&str, Option<&str>),
) -> rows::rendition::Model {
    rows::rendition::Model {
        id: RenditionId::new().raw(),
        version: 1,
        document_version_id: version.raw(),
        kind: KIND.to_owned(),
        engine: ENGINE.to_owned(),
        state: state.to_owned(),
        reason: reason.map(str::to_owned),
        pages: 0,
        blob_name: None,
        created_at: unit.now().micros(),
        components: None,
        details: None,
    }
}

/// Says of a version that is withheld that it is so no longer, and records it. Its document is locked.
pub(super) async fn settle(
    unit: &mut Unit,
    (document, version): (&Document, VersionId),
    how: Judged,
    context: Vec<u8>,
) -> Result<(), DbError> {
    let (state, action) = match how {
        Judged::Withheld => return Err(DbError::GivenUp),
        Judged::Released => (RELEASED, Action::ContentRelease),
        Judged::Destroyed => (DESTROYED, Action::ContentDestroy),
    };
    // What is released of a removal says nothing of what the guard may find in the same content; what is released of a
    // record does, also where it was to be removed once.
    let reason = is_to_remove(unit.tx(), version).await?.then_some(REMOVAL);
    let row = said(unit, version, (state, reason));
    rows::insert_rendition(unit, document.id, row, None).await?;
    unit.record_with(action, Some(document.department), Some(context));
    Ok(())
}

/// Locks a document, what it was taken out of before it: the outermost first, so that nobody waits for
/// another who waits for him.
pub(super) async fn lock_with_wholes(unit: &Unit, id: DocumentId) -> Result<(), DbError> {
    let found = rows::find(unit.tx(), id).await?;
    if let Some(part) = found.and_then(|document| document.part) {
        super::ops::lock(unit, part.family).await?;
        let mut above = rows::above(unit.tx(), id).await?;
        above.sort_unstable();
        for one in above {
            super::ops::lock(unit, one).await?;
        }
    }
    super::ops::lock(unit, id).await
}

/// Puts a text in the place of the one before that says why there is none any more. What was found beside
/// the text stays: what a mail says of itself, how many components there are. The text is remembered no
/// more.
async fn hide_text(
    unit: &mut Unit,
    (document, version): (&Document, VersionId),
    reason: Reason,
) -> Result<(), DocumentError> {
    let before = rows::all_renditions(unit.tx(), version, "text").await?;
    let last = before.into_iter().next_back();
    let reason = reason.as_str();
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

/// How a version stands in which a biometric record was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// It is given out to nobody.
    Withheld,
    /// Two people said that it was none: it is given out again.
    Released,
    /// Two people had it destroyed.
    Destroyed,
}

impl Judged {
    /// What all that was said of a version comes to, in whichever order: nothing leads back from what was destroyed,
    /// and what was withheld once more than it was released is withheld.
    fn of<'s>(states: impl Iterator<Item = &'s str>) -> Option<Self> {
        let mut judged = None;
        let mut more = 0_i64;
        for state in states {
            if state == DESTROYED || judged == Some(Self::Destroyed) {
                judged = Some(Self::Destroyed);
                continue;
            }
            more += if state == RELEASED { -1 } else { 1 };
            judged = Some(if more > 0 {
                Self::Withheld
            } else {
                Self::Released
            });
        }
        judged
    }

    /// As it stands in answers.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Withheld => "withheld",
            Self::Released => RELEASED,
            Self::Destroyed => DESTROYED,
        }
    }
}

/// How those of the versions stand in which a biometric record was found.
pub(super) async fn all_judged(
    on: &impl ConnectionTrait,
    versions: &[VersionId],
) -> Result<HashMap<VersionId, Judged>, DbError> {
    let mut said: HashMap<VersionId, Vec<String>> = HashMap::new();
    for (version, state) in rows::states_of(on, versions, KIND).await? {
        said.entry(version).or_default().push(state);
    }
    let judged = said.into_iter().filter_map(|(version, states)| {
        Some((version, Judged::of(states.iter().map(String::as_str))?))
    });
    Ok(judged.collect())
}

/// How a version stands; nothing where no biometric record was found in it.
pub(super) async fn judged(
    on: &impl ConnectionTrait,
    version: VersionId,
) -> Result<Option<Judged>, DbError> {
    Ok(all_judged(on, &[version]).await?.remove(&version))
}

/// Those of the versions that are given out to nobody: withheld, or destroyed.
pub(super) async fn withheld(
    on: &impl ConnectionTrait,
    versions: &[VersionId],
) -> Result<HashSet<VersionId>, DbError> {
    let judged = all_judged(on, versions).await?.into_iter();
    let closed = judged.filter(|(_, judged)| *judged != Judged::Released);
    Ok(closed.map(|(version, _)| version).collect())
}

/// Whether a version is given out to nobody.
pub async fn is_withheld(on: &impl ConnectionTrait, version: VersionId) -> Result<bool, DbError> {
    Ok(!withheld(on, &[version]).await?.is_empty())
}

/// Whether two people have released this content: the guard leaves it alone, wherever it comes.
pub async fn is_released(on: &impl ConnectionTrait, sha256: &[u8; 32]) -> Result<bool, DbError> {
    rows::is_said_of_content(on, sha256, (KIND, RELEASED)).await
}

/// Refuses a version that was withheld while it was read; its document is locked, with those out of which
/// it was taken.
pub(super) async fn require_still_open(
    unit: &Unit,
    version: VersionId,
) -> Result<(), DocumentError> {
    let found = rows::version(unit.tx(), version).await?;
    let (found, _) = found.ok_or(DocumentError::NoVersion)?;
    lock_with_wholes(unit, found.document).await?;
    require_open(unit.tx(), version).await
}

/// Refuses a version that is withheld, or destroyed.
pub(super) async fn require_open(
    on: &impl ConnectionTrait,
    version: VersionId,
) -> Result<(), DocumentError> {
    match judged(on, version).await? {
        Some(Judged::Withheld) => Err(DocumentError::Withheld),
        Some(Judged::Destroyed) => Err(DocumentError::Destroyed),
        Some(Judged::Released) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_back_from_what_was_destroyed() {
        let check = |states: &[&str], expect: Option<Judged>| {
            assert_eq!(Judged::of(states.iter().copied()), expect, "{states:?}");
        };
        check(&[], None);
        check(&[FOUND], Some(Judged::Withheld));
        // Whichever row is read first.
        check(&[FOUND, RELEASED], Some(Judged::Released));
        check(&[RELEASED, FOUND], Some(Judged::Released));
        // Released once, and to be removed later.
        check(&[FOUND, RELEASED, FOUND], Some(Judged::Withheld));
        check(&[FOUND, FOUND, RELEASED, RELEASED], Some(Judged::Released));
        check(
            &[FOUND, RELEASED, FOUND, DESTROYED],
            Some(Judged::Destroyed),
        );
        check(&[FOUND, DESTROYED], Some(Judged::Destroyed));
        check(&[DESTROYED, FOUND], Some(Judged::Destroyed));
        // What is said in a way that nobody knows is not given out.
        check(&["?"], Some(Judged::Withheld));
    }
}
