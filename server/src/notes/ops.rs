//! What is done with notes; the only code that writes about them.

use sea_orm::ConnectionTrait;

use super::model::{Note, NoteError, Withdrawn};
use super::rows;
use crate::audit::canonical::Object as Json;
use crate::audit::event::Action;
use crate::base::{Actor, NoteId, Place, Right};
use crate::cases::{self, CaseError};
use crate::documents::{self, DocumentError};
use crate::files::{self, FileError};
use crate::holds::Object;
use crate::unit::Unit;

/// What a note stands on, as one who may see it finds it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// It.
    pub object: Object,
    /// Its version.
    pub version: u64,
    /// Where it stands.
    pub place: Place,
}

/// An object that the actor may see.
pub(super) async fn see(
    on: &impl ConnectionTrait,
    actor: &Actor,
    object: Object,
) -> Result<Seen, NoteError> {
    let (version, place) = match object {
        Object::File(id) => {
            let file = files::read(on, actor, id).await?;
            (file.version, file.place())
        }
        Object::Case(id) => {
            let case = cases::read(on, actor, id).await?;
            (case.version, case.place())
        }
        Object::Document(id) => {
            let held = documents::read(on, actor, id).await?;
            (held.document.version, held.document.place())
        }
    };
    Ok(Seen {
        object,
        version,
        place,
    })
}

/// An object on which the actor may write: visible, open, and with the right to change it. It is
/// locked, so that it stays open until the unit ends.
async fn to_write_on(unit: &Unit, object: Object) -> Result<Place, NoteError> {
    Ok(match object {
        Object::File(id) => files::to_work_in(unit, id, Right::Edit).await?.place(),
        Object::Case(id) => cases::to_work_in(unit, id, Right::Edit).await?.place(),
        Object::Document(id) => documents::to_work_on(unit, id, Right::Edit).await?.place(),
    })
}

/// Writes a note on a file, a case or a document.
pub async fn add(unit: &mut Unit, object: Object, text: String) -> Result<Note, NoteError> {
    let place = to_write_on(unit, object).await?;
    let (now, by) = (unit.now(), unit.actor().account);
    let note = Note {
        id: NoteId::new(),
        version: 1,
        object,
        text,
        created_at: now,
        created_by: by,
        changed_at: now,
        changed_by: by,
        withdrawn: None,
    };
    rows::insert(unit, &note).await?;
    unit.record(Action::NoteAdd, Some(place.unit));
    Ok(note)
}

/// A note whose object the actor may see.
pub(super) async fn read(
    on: &impl ConnectionTrait,
    actor: &Actor,
    id: NoteId,
) -> Result<(Note, Seen), NoteError> {
    let note = rows::find(on, id).await?.ok_or(NoteError::NotFound)?;
    match see(on, actor, note.object).await {
        Ok(seen) => Ok((note, seen)),
        Err(error) => Err(hidden(error)),
    }
}

/// What one may not see bears no notes either: the answer is that there is no such note.
fn hidden(error: NoteError) -> NoteError {
    match error {
        NoteError::File(FileError::NotFound)
        | NoteError::Case(CaseError::NotFound)
        | NoteError::Document(DocumentError::NotFound) => NoteError::NotFound,
        other => other,
    }
}

/// A note that still stands, on an object on which the actor may write.
async fn to_change(unit: &Unit, id: NoteId, expected: u64) -> Result<(Note, Place), NoteError> {
    let found = rows::find(unit.tx(), id).await?;
    let object = found.ok_or(NoteError::NotFound)?.object;
    let place = to_write_on(unit, object).await.map_err(hidden)?;
    // Its object is locked by now: nobody changes the note before this unit ends.
    let found = rows::find(unit.tx(), id).await?;
    let note = found.ok_or(NoteError::NotFound)?;
    if note.withdrawn.is_some() {
        return Err(NoteError::Withdrawn);
    }
    if note.version != expected {
        return Err(NoteError::Stale {
            current: note.version,
        });
    }
    Ok((note, place))
}

/// The note after a change by this unit.
fn stepped(unit: &Unit, before: &Note) -> Note {
    Note {
        version: before.version + 1,
        changed_at: unit.now(),
        changed_by: unit.actor().account,
        ..before.clone()
    }
}

/// Gives a note other words. What it said before stays in the log.
pub(super) async fn change(
    unit: &mut Unit,
    id: NoteId,
    expected: u64,
    text: String,
) -> Result<Note, NoteError> {
    let (before, place) = to_change(unit, id, expected).await?;
    if before.created_by != unit.actor().account {
        return Err(NoteError::NotAuthor);
    }
    if before.text == text {
        return Err(NoteError::Unchanged);
    }
    let mut note = stepped(unit, &before);
    note.text = text;
    rows::save(unit, &note, &before).await?;
    unit.record(Action::NoteChange, Some(place.unit));
    Ok(note)
}

/// Withdraws a note, with a reason. It is not listed any more unless it is asked for.
pub(super) async fn withdraw(
    unit: &mut Unit,
    id: NoteId,
    expected: u64,
    reason: String,
) -> Result<Note, NoteError> {
    let (before, place) = to_change(unit, id, expected).await?;
    let context = Json::new().with("reason", reason.as_str()).to_bytes();
    let mut note = stepped(unit, &before);
    note.withdrawn = Some(Withdrawn {
        at: unit.now(),
        by: unit.actor().account,
        reason,
    });
    rows::save(unit, &note, &before).await?;
    unit.record_with(Action::NoteWithdraw, Some(place.unit), Some(context));
    Ok(note)
}
