//! What the demo town has filed: its compartments and who enters them, its files and cases, and what
//! is registered in them.

use std::collections::HashMap;

use super::content::{Compartment, Function, HandedOn, Lent, Town, TownFile, TownRelation};
use super::fill::{FillError, roles};
use crate::base::db::DbError;
use crate::base::{Actor, CompartmentId, DepartmentId, DocumentId};
use crate::cases::{self, NewCase};
use crate::config::Rights;
use crate::departments::compartments::{self, NewGrant};
use crate::departments::functions::{self, NewHolder};
use crate::departments::{self, Giving, NewRole, PeopleError, RoleGiven, Slug};
use crate::documents::{self, Route, State};
use crate::files::{self, Confidentiality, Medium, NewFile};
use crate::holds::Object;
use crate::inspections::{self, New, Reason};
use crate::notes;
use crate::relations::{self, RelationKind};
use crate::retention;
use crate::unit::{Db, Unit};
use crate::workflows;

/// Puts the compartments in, where they are not there yet.
pub(super) async fn put_in_compartments(db: &Db, town: &Town) -> Result<(), FillError> {
    for one in &town.compartments {
        if compartments::by_code(db.read(), &one.code).await?.is_some() {
            continue;
        }
        compartments::make_key(db, &one.code).await?;
        let (code, name) = (one.code.clone(), one.name.clone());
        let system = Actor::system();
        let made = db.write(&system, async move |unit: &mut Unit| {
            compartments::create(unit, code, name, true).await
        });
        made.await?;
    }
    Ok(())
}

/// Opens a compartment to those who work in it, where it is not open to them yet.
pub(super) async fn admit(
    db: &Db,
    one: &Compartment,
    actors: &HashMap<String, Actor>,
) -> Result<(), FillError> {
    let Some(id) = compartments::by_code(db.read(), &one.code).await? else {
        return Ok(());
    };
    for login in &one.people {
        if actors.get(login).is_some_and(|actor| enters(actor, id)) {
            continue;
        }
        let new = NewGrant {
            compartment: id,
            login: login.clone(),
            reason: "Sachbearbeitung".to_owned(),
            valid_from: None,
            valid_until: None,
        };
        let system = Actor::system();
        let granted = db.write(&system, async move |unit: &mut Unit| {
            compartments::grant(unit, new).await
        });
        granted.await?;
    }
    Ok(())
}

/// Puts a function in with those who hold it, where it is not there yet.
pub(super) async fn put_in_function(
    db: &Db,
    one: &Function,
    places: &HashMap<String, DepartmentId>,
    actors: &HashMap<String, Actor>,
) -> Result<(), FillError> {
    if functions::by_code(db.read(), &one.code).await?.is_some() {
        return Ok(());
    }
    let unfit = || FillError::Unfit {
        what: one.code.clone(),
    };
    let place = places.get(&one.department).copied().ok_or_else(unfit)?;
    let code = Slug::parse(&one.code).ok_or_else(unfit)?;
    let holders = one.holders.iter().map(|login| actors.get(login));
    let holders: Option<Vec<_>> = holders.map(|actor| Some(actor?.account)).collect();
    let (holders, name) = (holders.ok_or_else(unfit)?, one.name.clone());
    let system = Actor::system();
    let made = db.write(&system, async move |unit: &mut Unit| {
        let function = functions::create(unit, code, name, place).await?;
        for account in holders {
            let new = NewHolder {
                account,
                valid_from: None,
                valid_until: None,
                reason: None,
            };
            functions::give(unit, function.id, new, Giving::ByOne).await?;
        }
        Ok::<_, PeopleError>(())
    });
    made.await?;
    Ok(())
}

/// Gives somebody a role elsewhere for a time. Who had it once does not get it again.
pub(super) async fn lend(
    db: &Db,
    one: &Lent,
    places: &HashMap<String, DepartmentId>,
    actors: &HashMap<String, Actor>,
) -> Result<(), FillError> {
    let unfit = || FillError::Unfit {
        what: one.user.clone(),
    };
    let place = places.get(&one.department).copied();
    let id = actors.get(&one.user).ok_or_else(unfit)?.account;
    let account = departments::account(db.read(), id).await?;
    let given = account.ok_or_else(unfit)?.given;
    let until = db.now().plus_seconds(i64::from(one.days) * 86_400);
    for role in roles(one.role) {
        let same = |held: &RoleGiven| (held.role, held.department) == (*role, place);
        if given.iter().any(same) {
            continue;
        }
        let new = NewRole {
            valid_until: Some(until),
            reason: Some(one.reason.clone()),
            ..NewRole::of(*role, place)
        };
        let system = Actor::system();
        let lent = db.write(&system, async move |unit: &mut Unit| {
            departments::grant(unit, id, new, Giving::ByOne).await
        });
        lent.await?;
    }
    Ok(())
}

fn enters(actor: &Actor, compartment: CompartmentId) -> bool {
    actor.compartments.iter().any(|one| one.id == compartment)
}

/// A case that is to be opened, with the documents that go into it: id, version.
struct Case {
    subject: String,
    documents: Vec<(DocumentId, u64)>,
    notes: Vec<String>,
    relations: Vec<(RelationKind, DocumentId, DocumentId)>,
    closed: bool,
}

/// Opens the files, where they are not there yet: each in one unit of work, so that it is there whole
/// or not at all.
pub(super) async fn open_files(
    db: &Db,
    town: &Town,
    actors: &HashMap<String, Actor>,
) -> Result<(), FillError> {
    for file in &town.files {
        let actor = actors.get(&file.clerk).ok_or_else(|| FillError::Unfit {
            what: file.subject.clone(),
        })?;
        if files::has_subject(db.read(), &file.subject).await? {
            continue;
        }
        if let Some(cases) = cases_of(db, file).await? {
            open(db, actor, file, cases).await?;
        }
    }
    Ok(())
}

/// The cases of a file; nothing where the town has moved on, and a document is not as it came.
async fn cases_of(db: &Db, file: &TownFile) -> Result<Option<Vec<Case>>, DbError> {
    let mut cases = Vec::with_capacity(file.cases.len());
    for case in &file.cases {
        let mut wanted = Vec::with_capacity(case.documents.len());
        let mut named = HashMap::new();
        for id in &case.documents {
            let found = documents::first_named(db.read(), &format!("{id}.pdf")).await?;
            let Some(document) = found.filter(|one| one.state == State::Incoming) else {
                return Ok(None);
            };
            wanted.push((document.id, document.version));
            named.insert(id.as_str(), document.id);
        }
        let relation = |one: &TownRelation| {
            let source = named.get(one.source.as_str())?;
            let target = named.get(one.target.as_str())?;
            Some((one.kind, *source, *target))
        };
        cases.push(Case {
            subject: case.subject.clone(),
            documents: wanted,
            notes: case.notes.clone(),
            relations: case.relations.iter().filter_map(relation).collect(),
            closed: case.closed,
        });
    }
    Ok(Some(cases))
}

async fn open(db: &Db, actor: &Actor, file: &TownFile, cases: Vec<Case>) -> Result<(), FillError> {
    let closed = file.closed;
    let new = NewFile {
        plan_unit: Some(file.plan_unit.clone()),
        subject: file.subject.clone(),
        department: None,
        medium: Medium::Electronic,
        confidentiality: Confidentiality::Open,
        opened_on: None,
        tags: file.tags.clone(),
        note: None,
        parent: None,
    };
    let opened = db.write(actor, async move |unit: &mut Unit| {
        let file = files::open(unit, new).await?;
        for one in cases {
            let new = NewCase {
                file: file.id,
                parent: None,
                subject: one.subject,
                kind: None,
                department: None,
                opened_on: None,
                note: None,
                tags: Vec::new(),
            };
            let case = cases::open(unit, new).await?;
            for (id, version) in one.documents {
                documents::register(unit, id, version, case.id).await?;
            }
            for (kind, source, target) in one.relations {
                relations::relate(unit, kind, source, target).await?;
            }
            for words in one.notes {
                notes::add(unit, Object::Case(case.id), words).await?;
            }
            if one.closed {
                retention::close_case(unit, case.id, case.version, workflows::GOES_ON).await?;
            }
        }
        if closed {
            retention::close_file(unit, file.id, file.version).await?;
        }
        Ok::<_, FillError>(())
    });
    opened.await?;
    Ok(())
}

/// Hands on what lies in the inbox of somebody, where it has not been touched yet.
pub(super) async fn hand_on(
    db: &Db,
    town: &Town,
    actors: &HashMap<String, Actor>,
) -> Result<(), FillError> {
    for one in &town.handed_on {
        let unfit = || FillError::Unfit {
            what: one.document.clone(),
        };
        let actor = actors.get(&one.by).ok_or_else(unfit)?;
        let to = town.person(&one.to).ok_or_else(unfit)?;
        let name = format!("{}.pdf", one.document);
        let found = documents::first_named(db.read(), &name).await?;
        let found = found.filter(|found| found.state == State::Incoming && found.version == 1);
        if let Some(document) = found {
            let route = route(one, &to.department);
            let done = db.write(actor, async move |unit: &mut Unit| {
                documents::route(unit, document.id, document.version, route).await
            });
            done.await?;
        }
    }
    Ok(())
}

/// Lets somebody inspect a file for a time, or leaves that for the others to approve; once.
pub(super) async fn let_inspect(
    db: &Db,
    town: &Town,
    actors: &HashMap<String, Actor>,
) -> Result<(), FillError> {
    for one in &town.inspections {
        let unfit = || FillError::Unfit {
            what: one.file.clone(),
        };
        let reader = actors.get(&one.user).ok_or_else(unfit)?.account;
        let Some(file) = files::with_subject(db.read(), &one.file).await? else {
            continue;
        };
        if inspections::is_asked_for(db.read(), reader, file.raw()).await? {
            continue;
        }
        let days = u64::from(one.days);
        let limits = Rights {
            role_grants_by_two: false,
            inspection_days_max: days,
            inspection_days_inside_max: days,
            break_glass_hours_max: 1,
        };
        let new = New {
            login: one.user.clone(),
            object: Object::File(file),
            reason: Reason::parse(&one.reason).ok_or_else(unfit)?,
            purpose: one.purpose.clone(),
            valid_from: None,
            // A moment less than the longest: the clock goes on until it is written.
            valid_until: db.now().plus_seconds(i64::from(one.days) * 86_400 - 60),
        };
        let asker = actors.get(&one.asked_by).ok_or_else(unfit)?;
        let asked = db.write(asker, async move |unit: &mut Unit| {
            inspections::ask(unit, new, limits).await
        });
        let id = asked.await?.value.id;
        for login in &one.approved_by {
            let actor = actors.get(login).ok_or_else(unfit)?;
            let approved = db.write(actor, async move |unit: &mut Unit| {
                inspections::approve(unit, id).await
            });
            approved.await?;
        }
    }
    Ok(())
}

fn route(one: &HandedOn, department: &str) -> Route {
    Route {
        department: department.to_owned(),
        inbox: Some(one.to.clone()),
        note: one.note.clone(),
    }
}
