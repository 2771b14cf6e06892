//! What is done with files; the only code that writes about them.

use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::model::{CaseFile, Change, Closed, FileError, Life, NewFile, Rule};
use super::references::{self, What};
use super::rows;
use super::term::Term;
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::pattern::{Facts, Level, Pattern};
use crate::base::{
    Actor, CivilDate, CompartmentId, DepartmentId, FileId, Place, PlanUnitId, Right, Table,
};
use crate::departments::{self, Department};
use crate::file_plan::{self, PlanUnit};
use crate::unit::Unit;

/// How references of files are made where the plan says nothing.
const FILE_PATTERN: &str = "{unit}-{year}/{seq:4}";
/// How references of cases are made where the plan says nothing.
const CASE_PATTERN: &str = "{file}-{seq}";
/// How references of documents are made where the plan says nothing.
const DOCUMENT_PATTERN: &str = "{case}-{seq} {org}";

/// The department that is meant: the one named, else `default`, else the only one in which the
/// actor has `right`.
pub(crate) fn department_for<'a>(
    actor: &Actor,
    right: Right,
    wanted: Option<&str>,
    default: Option<DepartmentId>,
    all: &'a [Department],
) -> Result<&'a Department, FileError> {
    let seen = |one: &&Department| actor.may_in(right, one.id) || actor.may_in(Right::Read, one.id);
    if let Some(wanted) = wanted {
        return all
            .iter()
            .filter(seen)
            .find(|one| one.is(wanted))
            .ok_or(FileError::NoDepartment);
    }
    if let Some(default) = default {
        let found = all.iter().find(|one| one.id == default);
        return found.ok_or(FileError::NoDepartment);
    }
    let mut own = all.iter().filter(|one| actor.may_in(right, one.id));
    match (own.next(), own.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(FileError::Forbidden),
        (Some(_), Some(_)) => Err(FileError::WhichDepartment),
    }
}

/// How the references within a plan unit are made.
#[derive(Debug, Clone)]
pub struct Patterns {
    /// The mark of the unit.
    pub code: String,
    /// For files.
    pub file: Pattern,
    /// For cases.
    pub case: Pattern,
    /// For documents.
    pub document: Pattern,
}

/// The patterns of a unit: its own, else the nearest above it, else those of the house.
pub async fn patterns(on: &impl ConnectionTrait, unit: PlanUnitId) -> Result<Patterns, FileError> {
    patterns_of(&file_plan::chain(on, unit).await?)
}

fn patterns_of(chain: &[PlanUnit]) -> Result<Patterns, FileError> {
    let own = chain.first().ok_or(FileError::NoPlanUnit)?;
    let read = |named: Option<&String>, house: &str, level| {
        let pattern = Pattern::from_str(named.map_or(house, String::as_str));
        let pattern = pattern.map_err(|_source| FileError::Pattern)?;
        pattern.check(level).map_err(|_source| FileError::Pattern)?;
        Ok::<_, FileError>(pattern)
    };
    let mut files = chain.iter().filter_map(|one| one.file_pattern.as_ref());
    let mut cases = chain.iter().filter_map(|one| one.case_pattern.as_ref());
    let mut documents = chain.iter().filter_map(|one| one.document_pattern.as_ref());
    Ok(Patterns {
        code: own.code.clone(),
        file: read(files.next(), FILE_PATTERN, Level::File)?,
        case: read(cases.next(), CASE_PATTERN, Level::Case)?,
        document: read(documents.next(), DOCUMENT_PATTERN, Level::Document)?,
    })
}

/// How long files of a unit are kept: the period of the nearest unit that names one, with its own
/// disposal.
pub(super) fn rule_of(chain: &[PlanUnit]) -> Result<Rule, FileError> {
    let own = chain.first().ok_or(FileError::NoPlanUnit)?;
    let source = chain
        .iter()
        .find(|one| one.retention_years.is_some())
        .unwrap_or(own);
    Ok(Rule {
        retention_years: source.retention_years,
        transfer_years: chain.iter().find_map(|one| one.transfer_years),
        disposal: own.disposal,
        unit: source.id,
        unit_version: source.version,
    })
}

/// The compartment of a unit: its own, else the nearest above it.
fn compartment_of(chain: &[PlanUnit]) -> Option<CompartmentId> {
    chain.iter().find_map(|one| one.compartment)
}

/// A unit in which files may be opened today, with those above it.
async fn usable(unit: &Unit, wanted: &str) -> Result<Vec<PlanUnit>, FileError> {
    let day = CivilDate::on(unit.now()).ok_or(FileError::NotInForce)?;
    let found = match wanted.parse::<PlanUnitId>() {
        Ok(id) => file_plan::unit(unit.tx(), id).await?,
        Err(_) => file_plan::unit_by_code(unit.tx(), wanted, day).await?,
    };
    let found = found.ok_or(FileError::NoPlanUnit)?;
    if found.retired_at.is_some() {
        return Err(FileError::Retired);
    }
    if !rows::in_force(unit.tx(), found.plan, day).await? {
        return Err(FileError::NotInForce);
    }
    Ok(file_plan::chain(unit.tx(), found.id).await?)
}

/// A reference for a file of a unit in a year.
async fn name(
    unit: &Unit,
    chain: &[PlanUnit],
    (parent, year): (Option<&CaseFile>, i32),
    org: &str,
) -> Result<(String, u64), FileError> {
    let patterns = patterns_of(chain)?;
    let own = chain.first().ok_or(FileError::NoPlanUnit)?;
    let facts = Facts {
        unit: &patterns.code,
        year,
        file: parent.map_or("", |one| one.reference.as_str()),
        case: "",
        org,
    };
    let (pattern, scope) = match parent {
        // A part is numbered within its file, whatever the plan says of files.
        Some(parent) => (
            Pattern::from_str("{file}-T{seq}").map_err(|_source| FileError::Pattern)?,
            format!("part:{}", parent.id),
        ),
        None if patterns.file.names_year() => (patterns.file, format!("file:{}:{year}", own.id)),
        None => (patterns.file, format!("file:{}", own.id)),
    };
    let made = references::assign(unit, &pattern, &facts, &scope).await?;
    made.ok_or(FileError::Pattern)
}

/// Whether there is a file with this subject, whoever asks.
pub async fn has_subject(on: &impl ConnectionTrait, subject: &str) -> Result<bool, DbError> {
    rows::has_subject(on, subject).await
}

/// A file with this subject, whoever asks.
pub async fn with_subject(
    on: &impl ConnectionTrait,
    subject: &str,
) -> Result<Option<FileId>, DbError> {
    rows::with_subject(on, subject).await
}

/// Opens a file.
pub async fn open(unit: &mut Unit, new: NewFile) -> Result<CaseFile, FileError> {
    let parent = match new.parent {
        None => None,
        Some(id) => Some(parent_of(unit, id).await?),
    };
    let wanted = match (&new.plan_unit, &parent) {
        (Some(wanted), _) => wanted.clone(),
        (None, Some(parent)) => parent.plan_unit.to_string(),
        (None, None) => return Err(FileError::WhichPlanUnit),
    };
    let chain = usable(unit, &wanted).await?;
    let own = chain.first().ok_or(FileError::NoPlanUnit)?;
    if parent.as_ref().is_some_and(|one| one.plan_unit != own.id) {
        return Err(FileError::OtherUnit);
    }
    let all = departments::departments(unit.tx()).await?;
    let actor = unit.actor();
    let default = parent.as_ref().map(|one| one.department);
    let wanted = new.department.as_deref();
    let department = department_for(actor, Right::Register, wanted, default, &all)?;
    let place = Place::settled(department.id, compartment_of(&chain));
    if !actor.may(Right::Register, place) {
        return Err(FileError::Forbidden);
    }
    opened(unit, new, (parent, &chain), department).await
}

/// Opens a file in a unit of the plan because a rule of the house says so, whoever acts: the caller knows that it may
/// be. The unit must stand in the compartment `within`.
pub async fn open_by_rule(
    unit: &mut Unit,
    new: NewFile,
    (department, within): (DepartmentId, CompartmentId),
) -> Result<CaseFile, FileError> {
    let wanted = new.plan_unit.clone().ok_or(FileError::WhichPlanUnit)?;
    let chain = usable(unit, &wanted).await?;
    if compartment_of(&chain) != Some(within) {
        return Err(FileError::OtherUnit);
    }
    let all = departments::departments(unit.tx()).await?;
    let found = all.iter().find(|one| one.id == department);
    let department = found.ok_or(FileError::NoDepartment)?;
    opened(unit, new, (None, &chain), department).await
}

/// The file in its place: numbered, written and recorded. That it may stand there was looked at.
async fn opened(
    unit: &mut Unit,
    new: NewFile,
    (parent, chain): (Option<CaseFile>, &[PlanUnit]),
    department: &Department,
) -> Result<CaseFile, FileError> {
    let own = chain.first().ok_or(FileError::NoPlanUnit)?;
    let (now, by) = (unit.now(), unit.actor().account);
    let opened_on = new.opened_on.or_else(|| CivilDate::on(now));
    let opened_on = opened_on.ok_or(FileError::NotInForce)?;
    let numbered = (parent.as_ref(), opened_on.year());
    let (reference, ordinal) = name(unit, chain, numbered, &department.slug).await?;
    let file = CaseFile {
        id: FileId::new(),
        version: 1,
        plan_unit: own.id,
        parent: parent.map(|one| one.id),
        reference,
        year: opened_on.year(),
        ordinal,
        subject: new.subject,
        department: department.id,
        compartment: compartment_of(chain),
        medium: new.medium,
        confidentiality: new.confidentiality,
        life: Life::Open,
        reason: None,
        opened_on,
        rule: rule_of(chain)?,
        note: new.note,
        tags: new.tags,
        created_at: now,
        created_by: by,
        changed_at: now,
        changed_by: by,
    };
    rows::insert(unit, &file).await?;
    unit.record(Action::FileOpen, Some(file.department));
    Ok(file)
}

/// The file that gets a part: open, and no part itself.
async fn parent_of(unit: &Unit, id: FileId) -> Result<CaseFile, FileError> {
    let found = to_work_in(unit, id, Right::Register).await;
    match found {
        Ok(found) if found.parent.is_none() => Ok(found),
        Ok(_) | Err(FileError::NotFound) => Err(FileError::NoParent),
        Err(error) => Err(error),
    }
}

/// Whether the actor may see a file.
async fn sees(on: &impl ConnectionTrait, actor: &Actor, file: &CaseFile) -> Result<bool, DbError> {
    let row = (file.id.raw(), file.place());
    actor.may_with(on, Right::Read, Table::File, row).await
}

/// A file for which the actor has `right`, locked.
async fn with_right(unit: &Unit, id: FileId, right: Right) -> Result<CaseFile, FileError> {
    let found = rows::find_to_change(unit, id).await?;
    let file = found.ok_or(FileError::NotFound)?;
    // A right is of use only to whoever sees it: a token for intake may receive, and knows of nothing.
    if !sees(unit.tx(), unit.actor(), &file).await? {
        return Err(FileError::NotFound);
    }
    if unit.actor().may(right, file.place()) {
        Ok(file)
    } else {
        Err(FileError::Forbidden)
    }
}

/// A file in which the actor may work: visible, open, and with `right`. The row is locked.
pub async fn to_work_in(unit: &Unit, id: FileId, right: Right) -> Result<CaseFile, FileError> {
    let file = with_right(unit, id, right).await?;
    match file.life {
        Life::Open => Ok(file),
        Life::Closed(..) => Err(FileError::Closed),
    }
}

/// A file for which the actor has `right`; `expected` is the version that the caller has seen.
pub async fn to_change(
    unit: &Unit,
    id: FileId,
    expected: u64,
    right: Right,
) -> Result<CaseFile, FileError> {
    let file = with_right(unit, id, right).await?;
    if file.version != expected {
        return Err(FileError::Stale {
            current: file.version,
        });
    }
    Ok(file)
}

/// The file after a change by this unit.
fn stepped(unit: &Unit, before: &CaseFile) -> CaseFile {
    CaseFile {
        version: before.version + 1,
        changed_at: unit.now(),
        changed_by: unit.actor().account,
        ..before.clone()
    }
}

/// Changes what is said about a file.
pub(super) async fn change(
    unit: &mut Unit,
    id: FileId,
    expected: u64,
    change: Change,
) -> Result<CaseFile, FileError> {
    let before = to_change(unit, id, expected, Right::Edit).await?;
    if before.life != Life::Open {
        return Err(FileError::Closed);
    }
    let mut file = stepped(unit, &before);
    let Change {
        subject,
        medium,
        confidentiality,
        note,
        tags,
    } = change;
    file.subject = subject.unwrap_or(file.subject);
    file.medium = medium.unwrap_or(file.medium);
    file.confidentiality = confidentiality.unwrap_or(file.confidentiality);
    file.note = note.unwrap_or(file.note);
    file.tags = tags.unwrap_or(file.tags);
    let same = CaseFile {
        version: before.version,
        changed_at: before.changed_at,
        changed_by: before.changed_by,
        ..file.clone()
    };
    if same == before {
        return Err(FileError::Unchanged);
    }
    rows::save(unit, &file, &before).await?;
    unit.record(Action::FileChange, Some(file.department));
    Ok(file)
}

/// Closes an open file and starts its retention. The caller has the right and knows that nothing in
/// it is open.
pub async fn closed(unit: &mut Unit, before: &CaseFile) -> Result<CaseFile, FileError> {
    let day = CivilDate::on(unit.now())
        .ok_or(DbError::Log("the clock stands outside of the calendar"))?;
    let mut file = stepped(unit, before);
    let closed = Closed {
        at: unit.now(),
        by: unit.actor().account,
    };
    let term = Term::of(day, file.rule.retention_years, file.rule.transfer_years);
    file.life = Life::Closed(closed, term);
    rows::save(unit, &file, before).await?;
    unit.record(Action::FileClose, Some(file.department));
    Ok(file)
}

/// Opens a closed file again; its term is void. The caller has the right.
pub async fn reopened(
    unit: &mut Unit,
    before: &CaseFile,
    reason: String,
) -> Result<CaseFile, FileError> {
    let mut file = stepped(unit, before);
    file.life = Life::Open;
    file.reason = Some(reason);
    rows::save(unit, &file, before).await?;
    unit.record(Action::FileReopen, Some(file.department));
    Ok(file)
}

/// Puts an open file into another unit of the plan: a new reference, the rule and the compartment of
/// that unit; the old reference stays as an alias. The caller has the right, and takes what is in
/// the file along.
pub async fn moved(
    unit: &mut Unit,
    before: &CaseFile,
    plan_unit: &str,
    reason: String,
) -> Result<CaseFile, FileError> {
    if before.parent.is_some() || before.life != Life::Open {
        return Err(FileError::OtherUnit);
    }
    let chain = usable(unit, plan_unit).await?;
    let own = chain.first().ok_or(FileError::NoPlanUnit)?;
    if own.id == before.plan_unit {
        return Err(FileError::Unchanged);
    }
    let mut file = stepped(unit, before);
    file.plan_unit = own.id;
    file.compartment = compartment_of(&chain);
    if !unit.actor().may(Right::Refile, file.place()) {
        return Err(FileError::Forbidden);
    }
    let all = departments::departments(unit.tx()).await?;
    let org = all.iter().find(|one| one.id == file.department);
    let org = org.map_or("", |one| one.slug.as_str());
    let (reference, ordinal) = name(unit, &chain, (None, file.year), org).await?;
    file.reference = reference;
    file.ordinal = ordinal;
    file.rule = rule_of(&chain)?;
    file.reason = Some(reason.clone());
    references::keep_alias(unit, &before.reference, What::File(file.id)).await?;
    rows::save(unit, &file, before).await?;
    let context = Object::new()
        .with("from", before.reference.as_str())
        .with("reason", reason)
        .with("to", file.reference.as_str())
        .to_bytes();
    unit.record_with(Action::FileRefile, Some(file.department), Some(context));
    Ok(file)
}

/// Lets a sub-file follow its file into another unit: its reference stays.
pub async fn followed(
    unit: &mut Unit,
    part: &CaseFile,
    whole: &CaseFile,
    reason: &str,
) -> Result<CaseFile, FileError> {
    let mut file = stepped(unit, part);
    file.plan_unit = whole.plan_unit;
    file.compartment = whole.compartment;
    if part.life == Life::Open {
        file.rule = whole.rule.clone();
    }
    rows::save(unit, &file, part).await?;
    let context = Object::new().with("reason", reason).to_bytes();
    unit.record_with(Action::FileChange, Some(file.department), Some(context));
    Ok(file)
}

/// Lets a file follow the unit of the plan that it stands in into another compartment, or out of one;
/// whether it is closed makes no difference.
pub async fn enclosed(
    unit: &mut Unit,
    before: &CaseFile,
    compartment: Option<CompartmentId>,
    reason: &str,
) -> Result<CaseFile, DbError> {
    let mut file = stepped(unit, before);
    file.compartment = compartment;
    rows::save(unit, &file, before).await?;
    let context = Object::new().with("reason", reason).to_bytes();
    unit.record_with(Action::FileChange, Some(file.department), Some(context));
    Ok(file)
}

/// The files of a unit of the plan, sub-files too, whoever asks; locked on PostgreSQL.
pub async fn in_plan_unit(unit: &Unit, id: PlanUnitId) -> Result<Vec<CaseFile>, DbError> {
    rows::in_plan_unit(unit, id).await
}

/// A file, whoever asks, locked on PostgreSQL until the unit ends.
pub async fn locked(unit: &Unit, id: FileId) -> Result<Option<CaseFile>, DbError> {
    rows::find_to_change(unit, id).await
}

/// A file, whoever asks.
pub async fn find(on: &impl ConnectionTrait, id: FileId) -> Result<Option<CaseFile>, DbError> {
    rows::find(on, id).await
}

/// Several files, whoever asks, in no order.
pub async fn find_many(
    on: &impl ConnectionTrait,
    ids: &[FileId],
) -> Result<Vec<CaseFile>, DbError> {
    rows::find_many(on, ids).await
}

/// The sub-files of a file, whoever asks.
pub async fn parts(on: &impl ConnectionTrait, id: FileId) -> Result<Vec<CaseFile>, DbError> {
    rows::parts(on, id).await
}

/// A file that the actor may see.
pub async fn read(
    on: &impl ConnectionTrait,
    actor: &Actor,
    id: FileId,
) -> Result<CaseFile, FileError> {
    let file = rows::find(on, id).await?.ok_or(FileError::NotFound)?;
    if sees(on, actor, &file).await? {
        Ok(file)
    } else {
        Err(FileError::NotFound)
    }
}

/// The units of the plan that files stand in, by id.
pub(super) async fn units_of(
    on: &impl ConnectionTrait,
    files: &[CaseFile],
) -> Result<HashMap<Uuid, PlanUnit>, DbError> {
    let ids: BTreeSet<PlanUnitId> = files.iter().map(|file| file.plan_unit).collect();
    let ids: Vec<PlanUnitId> = ids.into_iter().collect();
    let found = file_plan::units_with(on, &ids).await?.into_iter();
    Ok(found.map(|unit| (unit.id.raw(), unit)).collect())
}
