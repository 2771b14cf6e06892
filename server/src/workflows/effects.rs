//! What happens besides, in the same unit of work: documents are registered and frozen, the case is closed, work is
//! left for the system. It is done by the rules of the definition, which two people have approved, and not by the
//! right of whoever took the last step; if it cannot be done the whole command is refused.

use std::collections::HashSet;

use uuid::Uuid;
use workflow::instance::{Assigned, Bound, EffectDue, Event, Id, Instance, StepStatus, Value};

use super::facts::{Around, House, account_of};
use super::model::{Flow, WorkflowError};
use super::rows;
use super::said;
use crate::base::db::DbError;
use crate::base::{AccountId, Actor, DocumentId, WorkflowId};
use crate::cases::{self, Case, Following};
use crate::departments;
use crate::documents::{self, DocumentError};
use crate::files::SUBJECT_CHARS_MAX;
use crate::inspections;
use crate::retention;
use crate::unit::Unit;

/// Refuses to ask people who may not enter the compartment of the case: they would be asked for what they cannot
/// see.
pub(super) async fn require_inside(
    unit: &Unit,
    around: &Around,
    events: &[Event],
) -> Result<(), WorkflowError> {
    if around.case.compartment.is_none() {
        return Ok(());
    }
    for event in events {
        let asked: &[Assigned] = if let Event::StepMade { step, .. } = event {
            &step.assigned
        } else if let Event::StepOpened {
            assigned: Some(assigned),
            ..
        } = event
        {
            assigned
        } else if let Event::Delegated { to, .. } = event {
            std::slice::from_ref(to)
        } else {
            &[]
        };
        for one in asked {
            let Assigned::Person { account } = one else {
                continue;
            };
            require_sight(unit, &around.case, account).await?;
        }
    }
    Ok(())
}

/// Refuses to ask somebody who does not see the case.
pub(super) async fn require_sight(
    unit: &Unit,
    case: &Case,
    account: &Id,
) -> Result<(), WorkflowError> {
    let id = account_of(account);
    let reader = departments::actor(unit.tx(), id, unit.now(), None).await?;
    if super::ops::sees(unit.tx(), &reader, case).await? {
        return Ok(());
    }
    let names = departments::named(unit.tx(), &[id]).await?;
    let name = names.get(&id).map(|one| one.name.clone());
    let name = name.unwrap_or_default();
    Err(WorkflowError::Outsider { name })
}

/// How long a case is opened at most to somebody who takes a step in it, in seconds: 400 days.
const OPENED_SECONDS_MAX: i64 = 400 * 86_400;

/// What a case is opened for to whoever takes a step of a workflow in it.
fn purpose(flow: WorkflowId) -> String {
    format!("Beteiligung an einem Umlauf ({flow})")
}

/// Does all that events ask for.
pub(super) async fn all(
    unit: &mut Unit,
    (flow, around): (&Flow, &Around),
    house: &House,
    events: &[Event],
) -> Result<(), WorkflowError> {
    let (mut closes, mut closes_file) = (false, false);
    let named = documents_named(&flow.instance);
    let before = rows::documents_named(unit.tx(), flow.id).await?;
    let all = named.iter().chain(&before).map(|id| id.raw());
    let opened: Vec<Uuid> = all.chain([flow.case.raw()]).collect();
    for event in events {
        if let Event::Effect { effect, .. } = event {
            closes |= *effect == EffectDue::CloseCase;
            closes_file |= *effect == EffectDue::CloseFile;
            one(unit, (flow, around), house, effect).await?;
            if matches!(effect, EffectDue::MoveTo { .. }) {
                // What was opened for this outside is not open inside.
                inspections::close_by_rule(unit, &opened, &purpose(flow.id), None).await?;
            }
        }
        if let Event::Claimed { by, .. } = event {
            open_case(unit, (flow, around), &by.account).await?;
            open_documents(unit, (flow, &named), &by.account).await?;
        }
        if let Event::Excluded { person, .. } = event {
            let whose = Some(account_of(person));
            inspections::close_by_rule(unit, &opened, &purpose(flow.id), whose).await?;
        }
    }
    if flow.instance.ended.is_some() {
        inspections::close_by_rule(unit, &opened, &purpose(flow.id), None).await?;
    } else {
        // What no field names any more is nobody's to read for it.
        let gone = before.iter().filter(|id| !named.contains(id));
        let gone: Vec<Uuid> = gone.map(|id| id.raw()).collect();
        if !gone.is_empty() {
            inspections::close_by_rule(unit, &gone, &purpose(flow.id), None).await?;
        }
    }
    if closes || closes_file {
        let case = close_case(unit, flow).await?;
        if closes_file {
            retention::close_file_by_rule(unit, case.file).await?;
        }
    }
    Ok(())
}

async fn one(
    unit: &mut Unit,
    (flow, around): (&Flow, &Around),
    house: &House,
    effect: &EffectDue,
) -> Result<(), WorkflowError> {
    match effect {
        EffectDue::Register { document } => {
            let id = document_of(document)?;
            documents::register_by_rule(unit, id, &around.case).await?;
        }
        EffectDue::Freeze { version } | EffectDue::Dispatch { version } => {
            freeze(unit, flow.id, house, version).await?;
        }
        EffectDue::Destroy { document } => {
            let id = document_of(document)?;
            let why = format!(
                "Entfernung nach dem Verfahren {} (Umlauf {})",
                flow.instance.definition, flow.id
            );
            Box::pin(documents::remove_by_rule(unit, (id, flow.case), why)).await?;
        }
        EffectDue::OpenCase {
            case,
            case_type,
            subject,
        } => Box::pin(follow_up(unit, (flow, around), case, (case_type, subject))).await?,
        EffectDue::Work { step, work } => {
            let work = said::json(work)?;
            rows::insert_work(unit, (flow.id, *step), &work).await?;
        }
        // The case was moved before all else, and is closed when all else is done, its file after it; who is told,
        // notices tell.
        EffectDue::MoveTo { .. }
        | EffectDue::CloseCase
        | EffectDue::CloseFile
        | EffectDue::Notify { .. } => {}
    }
    Ok(())
}

/// Opens a case that follows the one of the workflow, and says so in it.
async fn follow_up(
    unit: &mut Unit,
    (flow, around): (&Flow, &Around),
    id: &Id,
    (kind, begins): (&str, &str),
) -> Result<(), WorkflowError> {
    let case = &around.case;
    let subject = format!("{begins}: {}", case.subject);
    let next = Following {
        id: id.0.parse().map_err(|_no_id| WorkflowError::NoCase)?,
        subject: subject.chars().take(SUBJECT_CHARS_MAX).collect(),
        kind: kind.to_owned(),
        note: format!("Folgevorgang zu {} (Umlauf {})", case.reference, flow.id),
    };
    cases::open_by_rule(unit, case, next).await?;
    Ok(())
}

fn document_of(id: &Id) -> Result<DocumentId, WorkflowError> {
    id.0.parse().map_err(|_no_id| WorkflowError::NoDocument)
}

async fn freeze(
    unit: &mut Unit,
    flow: WorkflowId,
    house: &House,
    bound: &Bound,
) -> Result<(), WorkflowError> {
    let versions = house.same_as(&bound.document, bound.version);
    if versions.is_empty() {
        return Err(DocumentError::NoVersion.into());
    }
    for version in versions {
        rows::freeze(unit, flow, version).await?;
    }
    Ok(())
}

/// Whoever takes a step upon himself reads the case as long as the workflow runs, also where he would not see it.
async fn open_case(
    unit: &mut Unit,
    (flow, around): (&Flow, &Around),
    account: &Id,
) -> Result<(), WorkflowError> {
    let account: AccountId = account_of(account);
    let (case, now) = (&around.case, unit.now());
    if case.compartment.is_some() {
        return Ok(());
    }
    let reader = departments::actor(unit.tx(), account, now, None).await?;
    if super::ops::sees(unit.tx(), &reader, case).await? {
        return Ok(());
    }
    let until = now.plus_seconds(OPENED_SECONDS_MAX);
    let why = (purpose(flow.id), until);
    inspections::open_by_rule(unit, account, case, why).await?;
    Ok(())
}

/// The documents that fields name.
fn documents_named(instance: &Instance) -> Vec<DocumentId> {
    let values = instance.fields.values();
    let ids = values.filter_map(|value| match value {
        Value::Document(id) => id.0.parse().ok(),
        Value::YesNo(_)
        | Value::Number(_)
        | Value::Money(_)
        | Value::Text(_)
        | Value::Day(_)
        | Value::Who(_)
        | Value::Whos(_) => None,
    });
    ids.collect()
}

/// He reads the documents that fields name too where they do not stand in the case: what he attests may not be filed yet.
async fn open_documents(
    unit: &mut Unit,
    (flow, named): (&Flow, &[DocumentId]),
    account: &Id,
) -> Result<(), WorkflowError> {
    let account: AccountId = account_of(account);
    let until = unit.now().plus_seconds(OPENED_SECONDS_MAX);
    for one in documents::standing(unit.tx(), named).await? {
        let document = one.document;
        if document.case == Some(flow.case) || document.compartment.is_some() {
            continue;
        }
        let reader = departments::actor(unit.tx(), account, unit.now(), None).await?;
        match documents::read(unit.tx(), &reader, document.id).await {
            Ok(_) => {}
            Err(DocumentError::NotFound) => {
                let why = (purpose(flow.id), until);
                inspections::open_document_by_rule(unit, account, &document, why).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Closes the case: nothing else may be open in it, and the workflow has ended well or otherwise.
async fn close_case(unit: &mut Unit, flow: &Flow) -> Result<Case, WorkflowError> {
    let open: Vec<WorkflowId> = rows::open_in(unit.tx(), flow.case).await?;
    let others = open.iter().any(|other| *other != flow.id);
    if others || flow.instance.ended.is_none() {
        return Err(WorkflowError::OtherRuns);
    }
    let case = cases::locked(unit, flow.case).await?;
    let case = case.ok_or(DbError::Log("a workflow without its case"))?;
    register_own(unit, (flow, &case)).await?;
    Ok(retention::close_case_by_rule(unit, case).await?)
}

/// What belongs to steps that were done, a statement for instance.
fn belonging(flow: &Flow) -> HashSet<&str> {
    let steps = flow.instance.steps.iter();
    let done = steps.filter(|step| step.status == StepStatus::Done);
    let done = done.filter_map(|step| step.done.as_ref());
    let all = done.flat_map(|done| &done.documents);
    all.map(|id| id.0.as_str()).collect()
}

/// What the house itself has made in a case goes to the files with it: protocols of signatures, forms that were made
/// anew; and so do drafts that belong to a step that was done. What else people have put there as a draft is for them
/// to register or to put aside.
async fn register_own(unit: &mut Unit, (flow, case): (&Flow, &Case)) -> Result<(), WorkflowError> {
    let belonging = belonging(flow);
    let ids = documents::in_case(unit.tx(), case.id).await?;
    for one in documents::standing(unit.tx(), &ids).await? {
        let mut versions = one.versions.iter();
        let first = versions.find(|version| version.number == 1);
        let own = first.is_some_and(|version| version.created_by == Actor::system().account);
        let goes = own || belonging.contains(one.document.id.to_string().as_str());
        let whole = one.document.part.is_none();
        if goes && whole && one.document.state == documents::State::Draft {
            documents::register_by_rule(unit, one.document.id, case).await?;
        }
    }
    Ok(())
}
