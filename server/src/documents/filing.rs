//! Handing on, registering and moving documents.

use sea_orm::ConnectionTrait;

use super::alike::Alike;
use super::model::{Document, DocumentError, Held, Registered, State, Step};
use super::{fields, list, looking, ops, rows};
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::pattern::Facts;
use crate::base::{
    AccountId, CaseId, CivilDate, CorrespondentId, DocumentId, FileId, Place, Right,
};
use crate::cases::{self, Case, CaseError, Filed};
use crate::correspondents;
use crate::departments::{self, Department, functions};
use crate::files::{self, FileError, What};
use crate::unit::Unit;

/// Most cases and documents that follow in one unit of work.
pub const FOLLOWERS_MAX: u64 = 20_000;

/// An open case into which the actor may put documents, with its file. The row of the case is
/// locked: it stays open until the unit ends.
async fn target(unit: &Unit, case: CaseId, right: Right) -> Result<Filed, DocumentError> {
    let case = cases::to_work_in(unit, case, right).await?;
    let file = files::find(unit.tx(), case.file).await?;
    let file = file.ok_or(DocumentError::Case(CaseError::NoFile))?;
    Ok(Filed { case, file })
}

/// The next reference in a case.
async fn name(
    unit: &Unit,
    filed: &Filed,
    departments: &[Department],
) -> Result<Registered, DocumentError> {
    let wrong = |error: FileError| DocumentError::from(CaseError::from(error));
    let unit_of_plan = filed.file.plan_unit;
    let patterns = files::patterns(unit.tx(), unit_of_plan)
        .await
        .map_err(wrong)?;
    let org = departments
        .iter()
        .find(|one| one.id == filed.case.department);
    let facts = Facts {
        unit: &patterns.code,
        year: CivilDate::on(unit.now())
            .ok_or(DbError::Log("the clock stands outside of the calendar"))?
            .year(),
        file: &filed.file.reference,
        case: &filed.case.reference,
        org: org.map_or("", |one| one.slug.as_str()),
    };
    let scope = format!("document:{}", filed.case.id);
    let made = files::assign(unit, &patterns.document, &facts, &scope).await?;
    let (reference, ordinal) = made.ok_or_else(|| wrong(FileError::Pattern))?;
    Ok(Registered {
        reference,
        ordinal,
        at: unit.now(),
        by: unit.actor().account,
    })
}

/// The document in its new place: the unit and the compartment are those of the case.
fn placed(mut document: Document, case: &Case) -> Document {
    document.case = Some(case.id);
    document.department = case.department;
    document.compartment = case.compartment;
    document.inbox = None;
    document
}

/// Registers a document in a case: it gets its reference, once.
///
/// Whoever comes second learns that it is registered, not that it was changed.
pub async fn register(
    unit: &mut Unit,
    id: DocumentId,
    expected: u64,
    case: CaseId,
) -> Result<Held, DocumentError> {
    let before = ops::with_right(unit, id, Right::Register).await?;
    let state = ops::after(&before, Step::Register)?;
    if before.version != expected {
        return Err(DocumentError::Stale {
            current: before.version,
        });
    }
    ops::require_open_case(unit, &before, Right::Register).await?;
    fields::require(unit, &before.metadata).await?;
    let filed = target(unit, case, Right::Register).await?;
    enter(unit, (before, state), filed).await
}

/// Registers a document in a case because a rule of the house says so, whoever acts: the caller knows that it may
/// be, and holds the case open. One that is registered there already stays as it is.
pub async fn register_by_rule(
    unit: &mut Unit,
    id: DocumentId,
    case: &Case,
) -> Result<Document, DocumentError> {
    let found = rows::find_to_change(unit, id).await?;
    let before = found.ok_or(DocumentError::NotFound)?;
    if before.registered.is_some() && before.case == Some(case.id) {
        return Ok(before);
    }
    if before.case.is_some_and(|other| other != case.id) {
        return Err(DocumentError::State {
            current: before.state,
        });
    }
    let state = ops::after(&before, Step::Register)?;
    fields::require(unit, &before.metadata).await?;
    let file = files::find(unit.tx(), case.file).await?;
    let file = file.ok_or(DocumentError::Case(CaseError::NoFile))?;
    let filed = Filed {
        case: case.clone(),
        file,
    };
    Ok(enter(unit, (before, state), filed).await?.document)
}

/// The document in the case, under its reference.
async fn enter(
    unit: &mut Unit,
    (before, state): (Document, State),
    filed: Filed,
) -> Result<Held, DocumentError> {
    let all = departments::departments(unit.tx()).await?;
    let registered = name(unit, &filed, &all).await?;
    let context = Object::new()
        .with("case", filed.case.reference.as_str())
        .with("file", filed.file.reference.as_str())
        .to_bytes();
    let mut document = placed(ops::stepped(unit, &before), &filed.case);
    document.state = state;
    document.registered = Some(registered);
    rows::save(unit, &document, &before).await?;
    let department = Some(document.department);
    unit.record_with(Action::DocumentRegister, department, Some(context));
    looking::held(unit.tx(), document).await
}

/// Where an incoming document is handed on to.
#[derive(Debug)]
pub struct Route {
    /// Short name or id of the department.
    pub department: String,
    /// Login or id of the account in whose inbox it goes, or `function:` and the short name of a
    /// function; none: that of the unit.
    pub inbox: Option<String>,
    /// What is said with it.
    pub note: Option<String>,
}

/// Hands an incoming document on to another unit or person.
pub async fn route(
    unit: &mut Unit,
    id: DocumentId,
    expected: u64,
    route: Route,
) -> Result<Held, DocumentError> {
    let before = ops::to_change(unit, id, expected, Right::Route).await?;
    let document = routed(unit, &mut Alike::default(), before, route).await?;
    looking::held(unit.tx(), document).await
}

/// Hands on a document that is locked, and that the actor may hand on.
pub(super) async fn routed(
    unit: &mut Unit,
    alike: &mut Alike,
    before: Document,
    route: Route,
) -> Result<Document, DocumentError> {
    let state = ops::after(&before, Step::Route)?;
    let all = alike.departments(unit.tx()).await?;
    let wanted = route.department.as_str();
    let department = all
        .iter()
        .find(|one| one.is(wanted))
        .cloned()
        .ok_or(DocumentError::NoDepartment)?;
    // Whoever gets it must be able to read it when it lies with him.
    let place = Place::settled(department.id, before.compartment);
    let inbox = match &route.inbox {
        Some(wanted) => {
            let found = alike.inbox(unit, wanted, place).await?;
            Some(found.ok_or(DocumentError::NoInbox)?)
        }
        None => None,
    };
    if before.department == department.id && before.inbox == inbox {
        return Err(DocumentError::Unchanged);
    }
    let mut document = ops::stepped(unit, &before);
    document.state = state;
    document.department = department.id;
    document.inbox = inbox;
    let context = Object::new()
        .with("department", department.slug.as_str())
        .with_some("note", route.note)
        .to_bytes();
    rows::save(unit, &document, &before).await?;
    // The record stands in the unit that had it: there it is missed.
    let from = Some(before.department);
    unit.record_with(Action::DocumentRoute, from, Some(context));
    Ok(document)
}

/// The account with this login or id, if it may read at the place; or a function of the department.
pub(super) async fn inbox(
    unit: &Unit,
    wanted: &str,
    place: Place,
) -> Result<Option<AccountId>, DbError> {
    if let Some(code) = functions::code_of(wanted) {
        let found = functions::by_code(unit.tx(), code).await?;
        // In its own department it is found by whoever works there.
        let found = found.filter(|one| one.department == place.unit && place.compartment.is_none());
        return Ok(found.map(|one| one.id));
    }
    let id = match wanted.parse::<AccountId>() {
        Ok(id) => Some(id),
        Err(_) => departments::account_of_login(unit.tx(), wanted).await?,
    };
    let Some(id) = id else {
        return Ok(None);
    };
    let reader = departments::actor(unit.tx(), id, unit.now(), None).await?;
    Ok(reader.may(Right::ReadContent, place).then_some(id))
}

/// Moves a registered document into another case. It gets a new reference there, and keeps the old
/// one as an alias.
pub async fn refile(
    unit: &mut Unit,
    id: DocumentId,
    expected: u64,
    case: CaseId,
    reason: String,
) -> Result<Held, DocumentError> {
    let moved = Moved {
        case,
        action: Action::DocumentRefile,
        said: Object::new().with("reason", reason),
    };
    move_to(unit, (id, expected), moved).await
}

/// Where a registered document is moved, and what its record says.
pub(super) struct Moved {
    /// The case into which it goes.
    pub case: CaseId,
    /// Whether it is refiled, or that is undone.
    pub action: Action,
    /// What is said besides the two references.
    pub said: Object,
}

/// Moves a registered document; see [`refile`].
pub(super) async fn move_to(
    unit: &mut Unit,
    (id, expected): (DocumentId, u64),
    Moved { case, action, said }: Moved,
) -> Result<Held, DocumentError> {
    let before = ops::to_change(unit, id, expected, Right::Refile).await?;
    ops::after(&before, Step::Refile)?;
    ops::require_open_case(unit, &before, Right::Refile).await?;
    if before.case == Some(case) {
        return Err(DocumentError::Unchanged);
    }
    let filed = target(unit, case, Right::Refile).await?;
    let all = departments::departments(unit.tx()).await?;
    let new = name(unit, &filed, &all).await?;
    let old = before.registered.as_ref().ok_or(DocumentError::State {
        current: before.state,
    })?;
    let context = said
        .with("from", old.reference.as_str())
        .with("to", new.reference.as_str())
        .to_bytes();
    files::keep_alias(unit, &old.reference, What::Document(id)).await?;
    let mut document = placed(ops::stepped(unit, &before), &filed.case);
    document.registered = Some(Registered {
        reference: new.reference,
        ordinal: new.ordinal,
        ..old.clone()
    });
    rows::save(unit, &document, &before).await?;
    let department = Some(document.department);
    unit.record_with(action, department, Some(context));
    looking::held(unit.tx(), document).await
}

/// Lets the documents of a case follow it into another compartment: their references stay. Each gets
/// a record of its own.
pub async fn followed(unit: &mut Unit, case: &Case, reason: &str) -> Result<(), DbError> {
    for before in rows::in_cases(unit.tx(), &[case.id]).await? {
        if before.place() == case.place() {
            continue;
        }
        let mut document = ops::stepped(unit, &before);
        document.department = case.department;
        document.compartment = case.compartment;
        rows::save(unit, &document, &before).await?;
        let context = Object::new().with("reason", reason).to_bytes();
        let department = Some(document.department);
        unit.record_with(Action::DocumentChange, department, Some(context));
    }
    Ok(())
}

/// Whether a document in one of these cases is not registered yet.
pub async fn unregistered_in(on: &impl ConnectionTrait, cases: &[CaseId]) -> Result<bool, DbError> {
    rows::unregistered_in(on, cases).await
}

/// The documents of a case.
pub async fn in_case(on: &impl ConnectionTrait, case: CaseId) -> Result<Vec<DocumentId>, DbError> {
    rows::ids_in_case(on, case).await
}

/// The documents of all cases of a file.
pub async fn in_file(on: &impl ConnectionTrait, file: FileId) -> Result<Vec<DocumentId>, DbError> {
    rows::ids_in_file(on, file).await
}

/// The documents that name a correspondent, or one that was merged into it.
pub async fn of_correspondent(
    on: &impl ConnectionTrait,
    id: CorrespondentId,
) -> Result<Vec<DocumentId>, DbError> {
    let known = correspondents::with_below(on, &[id]).await?;
    list::of_correspondents(on, &known).await
}

/// The documents that say something in a field.
pub async fn with_field(
    on: &impl ConnectionTrait,
    field: &str,
) -> Result<Vec<DocumentId>, DbError> {
    rows::with_field(on, field).await
}

/// How many documents stand in cases.
pub async fn count_in_cases(on: &impl ConnectionTrait, cases: &[CaseId]) -> Result<u64, DbError> {
    rows::count_in_cases(on, cases).await
}
