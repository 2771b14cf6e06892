//! What the demo town has filed: its compartments and who enters them, its files and cases, and what
//! is registered in them.

use std::collections::HashMap;

use super::content::{Compartment, Town, TownFile, TownRelation};
use super::fill::FillError;
use crate::base::db::DbError;
use crate::base::{Actor, CompartmentId, DocumentId};
use crate::cases::{self, NewCase};
use crate::departments::compartments::{self, NewGrant};
use crate::documents::{self, State};
use crate::files::{self, Confidentiality, Medium, NewFile};
use crate::holds::Object;
use crate::notes;
use crate::relations::{self, RelationKind};
use crate::retention;
use crate::unit::{Db, Unit};

/// Puts the compartments in, where they are not there yet.
pub(super) async fn put_in_compartments(db: &Db, town: &Town) -> Result<(), FillError> {
    for one in &town.compartments {
        if compartments::by_code(db.read(), &one.code).await?.is_some() {
            continue;
        }
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
                retention::close_case(unit, case.id, case.version).await?;
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
