//! What closing, opening again and holding does.
//!
//! Rows are locked from the outside to the inside, as by whoever opens a case or files it elsewhere, so that nobody
//! waits for another who waits for him: a file before its sub-file, the file before the case, a case before its
//! sub-case. The head of the log comes last, when the unit is written.

use std::pin::Pin;

use thiserror::Error;

use crate::audit::canonical::Object as Json;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::{Actor, CaseId, FileId, HoldId, Place, Right};
use crate::cases::{self, Case, CaseError};
use crate::documents::{self, DocumentError};
use crate::files::{self, CaseFile, FileError, Life};
use crate::holds::{self, Hold, Lifted, Object};
use crate::unit::Unit;

/// Why something was not closed, opened or held.
#[derive(Debug, Error)]
pub enum RetentionError {
    /// There is no such thing, or not for the one who asks.
    #[error("there is no such thing")]
    NotFound,
    /// The one who asks may not do this here.
    #[error("this may not be done by this actor")]
    Forbidden,
    /// It is open already.
    #[error("it is open")]
    IsOpen,
    /// A sub-file or a case inside is open.
    #[error("a case inside is open")]
    OpenInside,
    /// A workflow in it has not ended.
    #[error("a workflow in it has not ended")]
    GoesOn,
    /// A document inside is not registered.
    #[error("a document inside is not registered")]
    UnregisteredInside,
    /// What it stands in is closed.
    #[error("what it stands in is closed")]
    ClosedAround,
    /// The hold was lifted already.
    #[error("the hold was lifted")]
    Lifted,
    /// The version given is not the current one.
    #[error("it was changed meanwhile")]
    Stale {
        /// The current version.
        current: u64,
    },
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The case.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Whether something else goes on in a case.
pub type Going<'a> = Pin<Box<dyn Future<Output = Result<bool, DbError>> + 'a>>;

/// What may still go on in a case that is to be closed. It stands in a room to the right, which says so.
#[derive(Debug, Clone, Copy)]
pub struct GoesOn(pub for<'a> fn(&'a Unit, CaseId) -> Going<'a>);

/// Closes a case, in which nothing may be open.
pub async fn close_case(
    unit: &mut Unit,
    id: CaseId,
    expected: u64,
    goes_on: GoesOn,
) -> Result<Case, RetentionError> {
    let before = cases::to_change(unit, id, expected, Right::Close).await?;
    if before.life == cases::Life::Open && (goes_on.0)(unit, id).await? {
        return Err(RetentionError::GoesOn);
    }
    closed(unit, before).await
}

/// Closes a case because a rule of the house says so, whoever acts: the caller knows that it may be, and that
/// nothing else goes on in it.
pub async fn close_case_by_rule(unit: &mut Unit, before: Case) -> Result<Case, RetentionError> {
    closed(unit, before).await
}

async fn closed(unit: &mut Unit, before: Case) -> Result<Case, RetentionError> {
    if before.life != cases::Life::Open {
        return Err(CaseError::Closed.into());
    }
    let id = before.id;
    let parts = cases::parts(unit.tx(), id).await?;
    if parts.iter().any(|part| part.life == cases::Life::Open) {
        return Err(RetentionError::OpenInside);
    }
    if documents::unregistered_in(unit.tx(), &[id]).await? {
        return Err(RetentionError::UnregisteredInside);
    }
    Ok(cases::closed(unit, &before).await?)
}

/// Opens a case again, in a file that is open.
pub(super) async fn reopen_case(
    unit: &mut Unit,
    seen: &Case,
    reason: String,
) -> Result<Case, RetentionError> {
    // What it stands in must not close meanwhile. A case that was filed elsewhere since is not the one that was seen.
    let file = files::locked(unit, seen.file).await?;
    let parent = match seen.parent {
        Some(parent) => cases::locked(unit, parent).await?,
        None => None,
    };
    let before = cases::to_change(unit, seen.id, seen.version, Right::Reopen).await?;
    if before.life == cases::Life::Open {
        return Err(RetentionError::IsOpen);
    }
    let around = parent.is_some_and(|one| one.life != cases::Life::Open);
    if around || file.is_none_or(|file| file.life != Life::Open) {
        return Err(RetentionError::ClosedAround);
    }
    Ok(cases::reopened(unit, &before, reason).await?)
}

/// Closes a file, in which nothing may be open; its term begins.
pub async fn close_file(
    unit: &mut Unit,
    id: FileId,
    expected: u64,
) -> Result<CaseFile, RetentionError> {
    let before = files::to_change(unit, id, expected, Right::Close).await?;
    closed_file(unit, before).await
}

/// Closes a file because a rule of the house says so, whoever acts; its term begins. Whoever holds a case in it locked
/// has locked the file before that.
pub async fn close_file_by_rule(unit: &mut Unit, id: FileId) -> Result<CaseFile, RetentionError> {
    let before = files::locked(unit, id).await?;
    let before = before.ok_or(RetentionError::NotFound)?;
    closed_file(unit, before).await
}

async fn closed_file(unit: &mut Unit, before: CaseFile) -> Result<CaseFile, RetentionError> {
    if before.life != Life::Open {
        return Err(FileError::Closed.into());
    }
    let id = before.id;
    let parts = files::parts(unit.tx(), id).await?;
    let open_part = parts.iter().any(|part| part.life == Life::Open);
    if open_part || cases::open_in_file(unit.tx(), id).await? {
        return Err(RetentionError::OpenInside);
    }
    Ok(files::closed(unit, &before).await?)
}

/// Opens a file again; its term is void.
pub(super) async fn reopen_file(
    unit: &mut Unit,
    seen: &CaseFile,
    reason: String,
) -> Result<CaseFile, RetentionError> {
    // A part stays in its file: what was seen says which.
    let parent = match seen.parent {
        Some(parent) => files::locked(unit, parent).await?,
        None => None,
    };
    let before = files::to_change(unit, seen.id, seen.version, Right::Reopen).await?;
    if before.life == Life::Open {
        return Err(RetentionError::IsOpen);
    }
    if parent.is_some_and(|parent| parent.life != Life::Open) {
        return Err(RetentionError::ClosedAround);
    }
    Ok(files::reopened(unit, &before, reason).await?)
}

/// Where an object stands, if the actor may see it.
async fn place(unit: &Unit, actor: &Actor, object: Object) -> Result<Place, RetentionError> {
    let on = unit.tx();
    Ok(match object {
        Object::File(id) => match files::read(on, actor, id).await {
            Ok(file) => file.place(),
            Err(FileError::NotFound) => return Err(RetentionError::NotFound),
            Err(error) => return Err(error.into()),
        },
        Object::Case(id) => match cases::read(on, actor, id).await {
            Ok(case) => case.place(),
            Err(CaseError::NotFound) => return Err(RetentionError::NotFound),
            Err(error) => return Err(error.into()),
        },
        Object::Document(id) => match documents::read(on, actor, id).await {
            Ok(held) => held.document.place(),
            Err(DocumentError::Db(error)) => return Err(error.into()),
            Err(_hidden) => return Err(RetentionError::NotFound),
        },
    })
}

/// Where an object stands, if the actor may hold it.
async fn to_hold(unit: &Unit, object: Object) -> Result<Place, RetentionError> {
    let place = place(unit, unit.actor(), object).await?;
    if unit.actor().may(Right::Hold, place) {
        Ok(place)
    } else {
        Err(RetentionError::Forbidden)
    }
}

/// Places a hold.
pub(super) async fn place_hold(
    unit: &mut Unit,
    object: Object,
    reason: String,
) -> Result<Hold, RetentionError> {
    holds::in_turn(unit).await?;
    let place = to_hold(unit, object).await?;
    let hold = Hold {
        id: HoldId::new(),
        version: 1,
        object,
        reason,
        placed_at: unit.now(),
        placed_by: unit.actor().account,
        lifted: None,
    };
    holds::insert(unit, &hold).await?;
    unit.record(Action::HoldPlace, Some(place.unit));
    Ok(hold)
}

/// Lifts a hold, with a reason.
pub(super) async fn lift_hold(
    unit: &mut Unit,
    id: HoldId,
    expected: Option<u64>,
    reason: String,
) -> Result<Hold, RetentionError> {
    let found = holds::find(unit.tx(), id).await?;
    let before = found.ok_or(RetentionError::NotFound)?;
    let place = to_hold(unit, before.object).await?;
    if before.lifted.is_some() {
        return Err(RetentionError::Lifted);
    }
    if expected.is_none_or(|expected| expected != before.version) {
        return Err(RetentionError::Stale {
            current: before.version,
        });
    }
    let context = Json::new().with("reason", reason.as_str()).to_bytes();
    let hold = Hold {
        version: before.version + 1,
        lifted: Some(Lifted {
            at: unit.now(),
            by: unit.actor().account,
            reason,
        }),
        ..before
    };
    holds::lift(unit, &hold).await?;
    unit.record_with(Action::HoldLift, Some(place.unit), Some(context));
    Ok(hold)
}
