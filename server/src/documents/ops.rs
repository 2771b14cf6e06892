//! What is done with documents; the only code that writes about them.

use sea_orm::ConnectionTrait;

use super::alike::Alike;
use super::looking::{held, sees};
use super::model::{Change, Document, DocumentError, Held, Kept, Metadata, State, Step, Version};
use super::{fields, naming, passwords, rows, same};
use crate::audit::event::Action;
use crate::base::actor::Destination;
use crate::base::db::DbError;
use crate::base::insert::Together;
use crate::base::{
    AccountId, Actor, CaseId, DepartmentId, DocumentId, Job, Place, Right, VersionId,
};
use crate::cases;
use crate::departments;
use crate::unit::Unit;

/// Content that lies in the store, under the name that its row will bear.
#[derive(Debug, Clone)]
pub struct Content {
    /// The blob.
    pub kept: Kept,
    /// What it claims to be.
    pub media_type: String,
    /// The name under which it came.
    pub file_name: Option<String>,
    /// The password by which it opens, stored, where that came with it.
    pub password: Option<Kept>,
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
    let place = Place::arriving(department);
    require_filing(unit.actor(), place)?;
    add(unit, place, (State::Incoming, None), metadata, content).await
}

/// Files a new draft, in a department or within an open case.
pub(crate) async fn draft(
    unit: &mut Unit,
    department: DepartmentId,
    case: Option<CaseId>,
    metadata: Metadata,
    content: Content,
) -> Result<(Held, bool), DocumentError> {
    if metadata.direction == super::model::Direction::Incoming {
        return Err(DocumentError::NoDraft);
    }
    let place = match case {
        Some(case) => cases::to_work_in(unit, case, Right::Receive).await?.place(),
        None => {
            let place = Place::settled(department, None);
            require_filing(unit.actor(), place)?;
            place
        }
    };
    add(unit, place, (State::Draft, case), metadata, content).await
}

async fn add(
    unit: &mut Unit,
    place: Place,
    (state, case): (State, Option<CaseId>),
    metadata: Metadata,
    content: Content,
) -> Result<(Held, bool), DocumentError> {
    let metadata = fields::of_new(unit.tx(), unit.actor(), metadata).await?;
    let metadata = naming::with_correspondent(unit, metadata).await?;
    let (now, by) = (unit.now(), unit.actor().account);
    let department = place.unit;
    let inbox = match (state, unit.actor().destination) {
        (State::Incoming, Some(to)) => inbox_of(unit, to).await?,
        (_, _) => None,
    };
    let document = Document {
        id: DocumentId::new(),
        part: None,
        cut: None,
        version: 1,
        department,
        compartment: place.compartment,
        state,
        reason: None,
        case,
        registered: None,
        inbox,
        metadata,
        content_version: 1,
        created_at: now,
        created_by: by,
        changed_at: now,
        changed_by: by,
    };
    let (version, had) = insert(unit, &document, content).await?;
    unit.record(Action::DocumentReceive, Some(department));
    unit.enqueue(Job::ExtractText(version.id));
    let filed = filed_of(unit.tx(), &document).await?;
    let held = Held {
        document,
        version,
        text: None,
        filed,
        parent: None,
    };
    Ok((held, had))
}

/// The inbox that a token names, while its account still reads there: else that of the department,
/// so that nothing lies where nobody looks.
async fn inbox_of(unit: &Unit, to: Destination) -> Result<Option<AccountId>, DbError> {
    match to.inbox {
        Some(inbox) if departments::reads_in(unit, inbox, to.department).await? => Ok(Some(inbox)),
        Some(_) | None => Ok(None),
    }
}

/// The case in which a document stands, with its file.
async fn filed_of(
    on: &impl ConnectionTrait,
    document: &Document,
) -> Result<Option<Box<cases::Filed>>, DocumentError> {
    let Some(case) = document.case else {
        return Ok(None);
    };
    Ok(cases::filed(on, &[case]).await?.remove(&case).map(Box::new))
}

/// Adds a document with its first version; gives that, and whether the archive had its content before.
pub(super) async fn insert(
    unit: &mut Unit,
    document: &Document,
    content: Content,
) -> Result<(Version, bool), DocumentError> {
    let mut all = Together::default();
    rows::insert(unit, &mut all, document).await?;
    put_content(unit, all, document, content).await
}

/// The new version, and whether the archive had its content before.
async fn add_content(
    unit: &mut Unit,
    document: &Document,
    content: Content,
) -> Result<(Version, bool), DocumentError> {
    put_content(unit, Together::default(), document, content).await
}

/// Writes the next version behind `all` that waits to be written.
async fn put_content(
    unit: &mut Unit,
    mut all: Together,
    document: &Document,
    content: Content,
) -> Result<(Version, bool), DocumentError> {
    let Content {
        kept,
        media_type,
        file_name,
        password,
    } = content;
    // The place got other keys while the content came: the caller brings it again.
    if departments::key_domain(unit.tx(), document.compartment).await? != kept.blob.domain {
        return Err(DbError::GivenUp.into());
    }
    // Two uploads of the same content at the same time: the first row wins, the other blob is
    // unreferenced and swept.
    let (held, had) = same::hold_blob(unit, &mut all, &kept).await?;
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
    rows::insert_version(unit, &mut all, &version, &held);
    all.run(unit.tx()).await?;
    if let Some(password) = &password {
        passwords::keep(unit, version.id, password).await?;
    }
    Ok((version, had))
}

pub(super) fn require_filing(actor: &Actor, place: Place) -> Result<(), DocumentError> {
    if actor.may(Right::Receive, place) {
        return Ok(());
    }
    // Whoever may not even see the department does not learn that it exists.
    Err(if actor.may_in(Right::Read, place.unit) {
        DocumentError::Forbidden
    } else {
        DocumentError::NoDepartment
    })
}

/// A document for which the actor has `right`, locked.
pub(super) async fn with_right(
    unit: &Unit,
    id: DocumentId,
    right: Right,
) -> Result<Document, DocumentError> {
    let found = rows::find_to_change(unit, id).await?;
    let document = found.ok_or(DocumentError::NotFound)?;
    if !sees(unit.tx(), unit.actor(), Right::Read, &document).await? {
        return Err(DocumentError::NotFound);
    }
    if unit.actor().may(right, document.place()) {
        Ok(document)
    } else {
        Err(DocumentError::Forbidden)
    }
}

/// Locks a document, whoever asks, until the unit ends.
pub async fn lock(unit: &Unit, id: DocumentId) -> Result<(), DbError> {
    rows::find_to_change(unit, id).await.map(drop)
}

/// A document to which the actor may add something: visible, with `right`, not put aside and in no
/// closed case. It is locked.
pub async fn to_work_on(
    unit: &Unit,
    id: DocumentId,
    right: Right,
) -> Result<Document, DocumentError> {
    let document = with_right(unit, id, right).await?;
    if document.state == State::Discarded {
        return Err(DocumentError::State {
            current: document.state,
        });
    }
    require_open_case(unit, &document, right).await?;
    Ok(document)
}

/// A document that the actor may change; `expected` is the version that the caller has seen.
pub(super) async fn to_change(
    unit: &Unit,
    id: DocumentId,
    expected: u64,
    right: Right,
) -> Result<Document, DocumentError> {
    let document = with_right(unit, id, right).await?;
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
pub(super) fn stepped(unit: &Unit, before: &Document) -> Document {
    Document {
        version: before.version + 1,
        changed_at: unit.now(),
        changed_by: unit.actor().account,
        ..before.clone()
    }
}

/// The state after a step, if the state before allows it.
pub(super) fn after(document: &Document, step: Step) -> Result<State, DocumentError> {
    // Whoever takes a step with it takes it with the family.
    if document.part.is_some() && step != Step::Change {
        return Err(DocumentError::Component);
    }
    let next = document.state.after(step, document.metadata.direction);
    next.ok_or(DocumentError::State {
        current: document.state,
    })
}

/// A document in a closed case is read-only. The row of the case is locked, so that it stays open.
pub(super) async fn require_open_case(
    unit: &Unit,
    document: &Document,
    right: Right,
) -> Result<(), DocumentError> {
    if let Some(case) = document.case {
        cases::to_work_in(unit, case, right).await?;
    }
    Ok(())
}

/// Changes metadata.
pub(super) async fn change(
    unit: &mut Unit,
    id: DocumentId,
    expected: u64,
    change: Change,
) -> Result<Held, DocumentError> {
    let before = to_change(unit, id, expected, Right::Edit).await?;
    let document = changed(unit, &mut Alike::default(), before, change).await?;
    held(unit.tx(), document).await
}

/// Changes metadata of a document that is locked, and that the actor may change.
pub(super) async fn changed(
    unit: &mut Unit,
    alike: &mut Alike,
    before: Document,
    mut change: Change,
) -> Result<Document, DocumentError> {
    require_open_case(unit, &before, Right::Edit).await?;
    let (kind, had) = (&before.metadata.kind, &before.metadata.fields);
    let said = std::mem::take(&mut change.fields);
    let said = fields::of_seen(unit, had, said).await?;
    let said = fields::said_again(unit, alike, had, said).await?;
    let named = said.iter();
    let named = named.filter_map(|(code, value)| Some((code.as_str(), value.as_ref()?)));
    fields::may_name((unit.tx(), unit.actor()), alike, named.collect()).await?;
    let says_else = said
        .iter()
        .any(|(code, value)| had.get(code) != value.as_ref());
    if before.state == State::Registered && says_else {
        return Err(DocumentError::Frozen);
    }
    let change = naming::of_correspondent(unit, alike, &before, change).await?;
    let mut document = stepped(unit, &before);
    document.metadata = document.metadata.changed(change);
    if says_else || document.metadata.kind != *kind {
        let after = document.metadata.kind.as_deref();
        let by = (unit.tx(), unit.actor());
        document.metadata.fields =
            fields::changed(by, alike, (kind.as_deref(), had), after, said).await?;
    }
    if document.metadata == before.metadata {
        return Err(DocumentError::Unchanged);
    }
    if before.state == State::Registered {
        let mut tags_only = before.metadata.clone();
        tags_only.tags.clone_from(&document.metadata.tags);
        if tags_only != document.metadata {
            return Err(DocumentError::Frozen);
        }
    } else {
        after(&before, Step::Change)?;
    }
    rows::save_by(unit, &document, &before, alike.read_catalog()).await?;
    unit.record(Action::DocumentChange, Some(document.department));
    Ok(document)
}

/// Adds a version; it is in force from now on.
pub(crate) async fn add_version(
    unit: &mut Unit,
    id: DocumentId,
    expected: u64,
    content: Content,
) -> Result<Held, DocumentError> {
    let before = to_change(unit, id, expected, Right::Edit).await?;
    after(&before, Step::AddVersion)?;
    require_open_case(unit, &before, Right::Edit).await?;
    with_version(unit, before, content).await
}

/// Adds a version to a document that is locked, and that may have one more.
pub(super) async fn with_version(
    unit: &mut Unit,
    before: Document,
    content: Content,
) -> Result<Held, DocumentError> {
    let id = before.id;
    let mut document = stepped(unit, &before);
    document.content_version += 1;
    rows::save(unit, &document, &before).await?;
    // The text of the version before is in force no longer.
    rows::forget_sketch(unit, id).await?;
    let (version, _) = add_content(unit, &document, content).await?;
    unit.record(Action::VersionAdd, Some(document.department));
    unit.enqueue(Job::ExtractText(version.id));
    let filed = filed_of(unit.tx(), &document).await?;
    Ok(Held {
        document,
        version,
        text: None,
        filed,
        parent: None,
    })
}

/// Puts a document aside, with a reason. Nothing is deleted.
pub(super) async fn discard(
    unit: &mut Unit,
    id: DocumentId,
    expected: u64,
    reason: String,
) -> Result<Held, DocumentError> {
    let before = to_change(unit, id, expected, Right::Discard).await?;
    let state = after(&before, Step::Discard)?;
    require_open_case(unit, &before, Right::Discard).await?;
    let mut document = stepped(unit, &before);
    document.state = state;
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
    let before = to_change(unit, id, expected, Right::Discard).await?;
    let state = after(&before, Step::Restore)?;
    require_open_case(unit, &before, Right::Discard).await?;
    let mut document = stepped(unit, &before);
    document.state = state;
    document.reason = None;
    rows::save(unit, &document, &before).await?;
    unit.record(Action::DocumentRestore, Some(document.department));
    held(unit.tx(), document).await
}
