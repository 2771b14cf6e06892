//! What is done with cases; the only code that writes about them.

use std::collections::HashMap;
use std::str::FromStr;

use sea_orm::ConnectionTrait;

use super::model::{Case, CaseError, Change, Life, NewCase};
use super::rows;
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::pattern::{Facts, Pattern};
use crate::base::{Actor, CaseId, CivilDate, DepartmentId, FileId, Place, Right, Table};
use crate::departments::{self, Department};
use crate::files::{self, CaseFile, Closed, FileError, What};
use crate::unit::Unit;

/// A case with the file that it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// The case.
    pub case: Case,
    /// Its file.
    pub file: CaseFile,
}

/// A reference for a case in a file, or for a part of a case.
async fn name(
    unit: &Unit,
    file: &CaseFile,
    (parent, year): (Option<&Case>, i32),
    org: &str,
) -> Result<(String, u64), CaseError> {
    let patterns = files::patterns(unit.tx(), file.plan_unit).await?;
    let facts = Facts {
        unit: &patterns.code,
        year,
        file: &file.reference,
        case: parent.map_or("", |one| one.reference.as_str()),
        org,
    };
    let (pattern, scope) = match parent {
        Some(parent) => (
            Pattern::from_str("{case}-T{seq}").map_err(|_source| FileError::Pattern)?,
            format!("subcase:{}", parent.id),
        ),
        None => (patterns.case, format!("case:{}", file.id)),
    };
    let made = files::assign(unit, &pattern, &facts, &scope).await?;
    Ok(made.ok_or(FileError::Pattern)?)
}

/// Opens a case in an open file.
pub async fn open(unit: &mut Unit, new: NewCase) -> Result<Case, CaseError> {
    let file = files::to_work_in(unit, new.file, Right::Register).await?;
    let parent = match new.parent {
        None => None,
        Some(id) => Some(parent_of(unit, id, &file).await?),
    };
    let all = departments::departments(unit.tx()).await?;
    let actor = unit.actor();
    let default = parent
        .as_ref()
        .map_or(file.department, |one| one.department);
    let wanted = new.department.as_deref();
    let department: &Department =
        files::department_for(actor, Right::Register, wanted, Some(default), &all)?;
    let place = Place::settled(department.id, file.compartment);
    if !actor.may(Right::Register, place) {
        return Err(CaseError::Forbidden);
    }
    opened(unit, (CaseId::new(), new), (&file, parent), department).await
}

/// A case that follows another one because a rule of the house says so.
#[derive(Debug, Clone)]
pub struct Following {
    /// Its id.
    pub id: CaseId,
    /// Betreff.
    pub subject: String,
    /// Vorgangstyp.
    pub kind: String,
    /// What it follows, in words.
    pub note: String,
}

/// Opens a case beside an open one, in its file and its department, because a rule of the house says so, whoever acts:
/// the caller knows that it may be, and holds the open one locked, so that its file is not closed meanwhile.
pub async fn open_by_rule(
    unit: &mut Unit,
    beside: &Case,
    next: Following,
) -> Result<Case, CaseError> {
    if beside.life != Life::Open {
        return Err(CaseError::Closed);
    }
    let file = files::find(unit.tx(), beside.file).await?;
    let file = file.ok_or(CaseError::NoFile)?;
    let all = departments::departments(unit.tx()).await?;
    let department = all.iter().find(|one| one.id == beside.department);
    let department = department.ok_or(FileError::NoDepartment)?;
    let new = NewCase {
        file: file.id,
        parent: None,
        subject: next.subject,
        kind: Some(next.kind),
        department: None,
        opened_on: None,
        note: Some(next.note),
        tags: Vec::new(),
    };
    opened(unit, (next.id, new), (&file, None), department).await
}

/// The case in its place: numbered, written and recorded. That it may stand there was looked at.
async fn opened(
    unit: &mut Unit,
    (id, new): (CaseId, NewCase),
    (file, parent): (&CaseFile, Option<Case>),
    department: &Department,
) -> Result<Case, CaseError> {
    let place = Place::settled(department.id, file.compartment);
    let (now, by) = (unit.now(), unit.actor().account);
    let opened_on = new.opened_on.or_else(|| CivilDate::on(now));
    let opened_on = opened_on.ok_or(FileError::NotInForce)?;
    let numbered = (parent.as_ref(), opened_on.year());
    let (reference, ordinal) = name(unit, file, numbered, &department.slug).await?;
    let case = Case {
        id,
        version: 1,
        file: file.id,
        parent: parent.map(|one| one.id),
        reference,
        ordinal,
        subject: new.subject,
        kind: new.kind,
        department: department.id,
        compartment: place.compartment,
        life: Life::Open,
        reason: None,
        opened_on,
        note: new.note,
        tags: new.tags,
        created_at: now,
        created_by: by,
        changed_at: now,
        changed_by: by,
    };
    rows::insert(unit, &case).await?;
    unit.record(Action::CaseOpen, Some(case.department));
    Ok(case)
}

/// The case that gets a part: open, in the same file, and no part itself.
async fn parent_of(unit: &Unit, id: CaseId, file: &CaseFile) -> Result<Case, CaseError> {
    match to_work_in(unit, id, Right::Register).await {
        Ok(found) if found.parent.is_none() && found.file == file.id => Ok(found),
        Ok(_) | Err(CaseError::NotFound) => Err(CaseError::NoParent),
        Err(error) => Err(error),
    }
}

/// Whether the actor may see a case.
async fn sees(on: &impl ConnectionTrait, actor: &Actor, case: &Case) -> Result<bool, DbError> {
    let row = (case.id.raw(), case.place());
    actor.may_with(on, Right::Read, Table::Case, row).await
}

/// A case for which the actor has `right`, locked.
async fn with_right(unit: &Unit, id: CaseId, right: Right) -> Result<Case, CaseError> {
    let found = rows::find_to_change(unit, id).await?;
    let case = found.ok_or(CaseError::NotFound)?;
    // A right is of use only to whoever sees it: a token for intake may receive, and knows of nothing.
    if !sees(unit.tx(), unit.actor(), &case).await? {
        return Err(CaseError::NotFound);
    }
    if unit.actor().may(right, case.place()) {
        Ok(case)
    } else {
        Err(CaseError::Forbidden)
    }
}

/// Locks a case, whoever asks, until the unit ends.
pub async fn lock(unit: &Unit, id: CaseId) -> Result<(), DbError> {
    rows::find_to_change(unit, id).await.map(drop)
}

/// A case, locked until the unit ends, whoever asks.
pub async fn locked(unit: &Unit, id: CaseId) -> Result<Option<Case>, DbError> {
    rows::find_to_change(unit, id).await
}

/// A case in which the actor may work: visible, open, and with `right`. The row is locked.
pub async fn to_work_in(unit: &Unit, id: CaseId, right: Right) -> Result<Case, CaseError> {
    let case = with_right(unit, id, right).await?;
    match case.life {
        Life::Open => Ok(case),
        Life::Closed(_) => Err(CaseError::Closed),
    }
}

/// A case for which the actor has `right`; `expected` is the version that the caller has seen.
pub async fn to_change(
    unit: &Unit,
    id: CaseId,
    expected: u64,
    right: Right,
) -> Result<Case, CaseError> {
    let case = with_right(unit, id, right).await?;
    if case.version != expected {
        return Err(CaseError::Stale {
            current: case.version,
        });
    }
    Ok(case)
}

/// The case after a change by this unit.
fn stepped(unit: &Unit, before: &Case) -> Case {
    Case {
        version: before.version + 1,
        changed_at: unit.now(),
        changed_by: unit.actor().account,
        ..before.clone()
    }
}

/// Changes what is said about an open case.
pub(super) async fn change(
    unit: &mut Unit,
    id: CaseId,
    expected: u64,
    change: Change,
) -> Result<Case, CaseError> {
    let before = to_change(unit, id, expected, Right::Edit).await?;
    if before.life != Life::Open {
        return Err(CaseError::Closed);
    }
    let mut case = stepped(unit, &before);
    let Change {
        subject,
        kind,
        note,
        tags,
    } = change;
    case.subject = subject.unwrap_or(case.subject);
    case.kind = kind.unwrap_or(case.kind);
    case.note = note.unwrap_or(case.note);
    case.tags = tags.unwrap_or(case.tags);
    let same = Case {
        version: before.version,
        changed_at: before.changed_at,
        changed_by: before.changed_by,
        ..case.clone()
    };
    if same == before {
        return Err(CaseError::Unchanged);
    }
    rows::save(unit, &case, &before).await?;
    unit.record(Action::CaseChange, Some(case.department));
    Ok(case)
}

/// Closes an open case. The caller has the right and knows that nothing in it is open.
pub async fn closed(unit: &mut Unit, before: &Case) -> Result<Case, CaseError> {
    let mut case = stepped(unit, before);
    case.life = Life::Closed(Closed {
        at: unit.now(),
        by: unit.actor().account,
    });
    rows::save(unit, &case, before).await?;
    unit.record(Action::CaseClose, Some(case.department));
    Ok(case)
}

/// Opens a closed case again. The caller has the right and knows that its file is open.
pub async fn reopened(unit: &mut Unit, before: &Case, reason: String) -> Result<Case, CaseError> {
    let mut case = stepped(unit, before);
    case.life = Life::Open;
    case.reason = Some(reason);
    rows::save(unit, &case, before).await?;
    unit.record(Action::CaseReopen, Some(case.department));
    Ok(case)
}

/// Puts an open case into another open file: a new reference, the compartment of that file; the old
/// reference stays as an alias. The caller has the right, and takes what is in the case along.
pub async fn moved(
    unit: &mut Unit,
    before: &Case,
    file: &CaseFile,
    reason: String,
) -> Result<Case, CaseError> {
    placed(unit, before, (file, before.department), reason).await
}

/// Puts an open case into another open file as [`moved`] does; the department of that file has the lead from then on.
pub async fn carried(
    unit: &mut Unit,
    before: &Case,
    file: &CaseFile,
    reason: String,
) -> Result<Case, CaseError> {
    placed(unit, before, (file, file.department), reason).await
}

async fn placed(
    unit: &mut Unit,
    before: &Case,
    (file, department): (&CaseFile, DepartmentId),
    reason: String,
) -> Result<Case, CaseError> {
    let all = departments::departments(unit.tx()).await?;
    let org = all.iter().find(|one| one.id == department);
    let org = org.map_or("", |one| one.slug.as_str());
    let mut case = stepped(unit, before);
    case.department = department;
    let numbered = (None, before.opened_on.year());
    (case.reference, case.ordinal) = name(unit, file, numbered, org).await?;
    case.file = file.id;
    case.compartment = file.compartment;
    case.reason = Some(reason.clone());
    files::keep_alias(unit, &before.reference, What::Case(case.id)).await?;
    rows::save(unit, &case, before).await?;
    let context = Object::new()
        .with("from", before.reference.as_str())
        .with("reason", reason)
        .with("to", case.reference.as_str())
        .to_bytes();
    unit.record_with(Action::CaseRefile, Some(case.department), Some(context));
    Ok(case)
}

/// Lets a case follow its file, or the case that it is part of: its reference stays.
pub async fn followed(
    unit: &mut Unit,
    before: &Case,
    file: &CaseFile,
    reason: &str,
) -> Result<Case, CaseError> {
    taken(unit, before, (file, before.department), reason).await
}

/// Lets a part of a case follow it as [`followed`] does; the department of the file has the lead from then on.
pub async fn carried_along(
    unit: &mut Unit,
    before: &Case,
    file: &CaseFile,
    reason: &str,
) -> Result<Case, CaseError> {
    taken(unit, before, (file, file.department), reason).await
}

async fn taken(
    unit: &mut Unit,
    before: &Case,
    (file, department): (&CaseFile, DepartmentId),
    reason: &str,
) -> Result<Case, CaseError> {
    let mut case = stepped(unit, before);
    case.department = department;
    case.file = file.id;
    case.compartment = file.compartment;
    rows::save(unit, &case, before).await?;
    let context = Object::new().with("reason", reason).to_bytes();
    unit.record_with(Action::CaseChange, Some(case.department), Some(context));
    Ok(case)
}

/// A case, whoever asks.
pub async fn find(on: &impl ConnectionTrait, id: CaseId) -> Result<Option<Case>, DbError> {
    rows::find(on, id).await
}

/// Cases with their files, whoever asks.
pub async fn filed(
    on: &impl ConnectionTrait,
    ids: &[CaseId],
) -> Result<HashMap<CaseId, Filed>, DbError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let cases = rows::find_many(on, ids).await?;
    let wanted: Vec<FileId> = cases.iter().map(|case| case.file).collect();
    let found = files::find_many(on, &wanted).await?;
    let found: HashMap<FileId, CaseFile> = found.into_iter().map(|one| (one.id, one)).collect();
    let with_file = |case: Case| {
        let file = found.get(&case.file)?.clone();
        Some((case.id, Filed { case, file }))
    };
    Ok(cases.into_iter().filter_map(with_file).collect())
}

/// All cases of files, whoever asks.
pub async fn in_file(on: &impl ConnectionTrait, files: &[FileId]) -> Result<Vec<Case>, DbError> {
    rows::in_files(on, files).await
}

/// Whether a file has an open case.
pub async fn open_in_file(on: &impl ConnectionTrait, file: FileId) -> Result<bool, DbError> {
    rows::open_in(on, file).await
}

/// The sub-cases of a case, whoever asks.
pub async fn parts(on: &impl ConnectionTrait, id: CaseId) -> Result<Vec<Case>, DbError> {
    rows::parts(on, id).await
}

/// A case that the actor may see.
pub async fn read(on: &impl ConnectionTrait, actor: &Actor, id: CaseId) -> Result<Case, CaseError> {
    let case = rows::find(on, id).await?.ok_or(CaseError::NotFound)?;
    if sees(on, actor, &case).await? {
        Ok(case)
    } else {
        Err(CaseError::NotFound)
    }
}
