//! What is done with workflows; the only code that writes about them.
//!
//! A command is looked at by the engine, which says what happens or why not; what happens is done here in one
//! unit of work: effects, the new state of the workflow, its entry, the rows by which it is found, and the record.

use std::sync::Arc;

use sea_orm::ConnectionTrait;
use workflow::definition::Definition;
use workflow::engine::{self, Setting};
use workflow::instance::{
    Actor as Doer, Assigned, Command, Event, Id, Instance, Instant, Refusal, StepStatus, Taker,
    TimerKind,
};

use super::catalog::Rules;
use super::effects;
use super::facts::{Around, House, account_of, documents_of};
use super::model::{Flow, Refused, Told, WorkflowError};
use super::moving;
use super::notices;
use super::rows::{self, Entry};
use super::said;
use super::sealable;
use super::wire::outcome_label;
use crate::base::actor::Scope;
use crate::base::db::DbError;
use crate::base::{Actor, CaseId, DocumentId, Right, Table, Timestamp, WorkflowId};
use crate::cases::{self, Case};
use crate::departments;
use crate::documents;
use crate::files;
use crate::holds;
use crate::retention::{GoesOn, Going};
use crate::unit::Unit;

/// What goes on in a case that is to be closed: a workflow that has not ended.
pub const GOES_ON: GoesOn = GoesOn(goes_on);

fn goes_on(unit: &Unit, case: CaseId) -> Going<'_> {
    Box::pin(async move {
        let open = rows::open_in(unit.tx(), case).await?;
        Ok(!open.is_empty())
    })
}

/// A workflow after a command, and what happened.
#[derive(Debug, Clone)]
pub struct Commanded {
    /// The workflow.
    pub flow: Flow,
    /// What happened.
    pub events: Vec<Event>,
    /// What it was looked at with.
    pub(super) desk: Box<Desk>,
}

/// Refuses a token that does less than its account may.
pub(super) fn require_full(actor: &Actor) -> Result<(), WorkflowError> {
    match actor.scope {
        Scope::Full => Ok(()),
        Scope::Read | Scope::Intake => Err(WorkflowError::Scope),
    }
}

/// What a workflow is looked at with.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    /// What stands around it.
    pub(super) around: Around,
    /// The definition by which it runs.
    pub(super) definition: Arc<Definition>,
    /// Who acts.
    pub(super) doer: Doer,
}

impl Desk {
    /// The same by the case as it stands now, for the one who acted.
    pub(super) fn with_case(&self, case: Case, actor: &Actor) -> Self {
        let around = Around {
            case,
            departments: Arc::clone(&self.around.departments),
            functions: Arc::clone(&self.around.functions),
        };
        Self {
            doer: around.doer_here(actor, &self.doer),
            definition: Arc::clone(&self.definition),
            around,
        }
    }

    /// What the engine decides, with what it looked at.
    pub(super) async fn decide(
        &self,
        on: &impl ConnectionTrait,
        rules: &Rules,
        (instance, command): (Option<&Instance>, &Command),
        (doer, now): (&Doer, Timestamp),
    ) -> Result<(Result<Vec<Event>, Refusal>, House), DbError> {
        let known = (&*self.definition, instance);
        let house = self.around.house(on, known, (command, doer), now).await?;
        let setting = Setting {
            now: Instant(now.micros()),
            actor: doer,
            calendar: rules.calendar(),
            directory: &house,
        };
        let decided = engine::decide(&self.definition, instance, command, setting);
        Ok((decided, house))
    }
}

/// Whether somebody is asked in a workflow that has not ended, or took a step in it; nobody who is excluded.
pub(super) fn is_asked(doer: &Doer, around: &Around, instance: &Instance) -> bool {
    let here = around.slug(around.case.department);
    let is = |id: &Id| *id == doer.account || doer.on_behalf_of.as_ref() == Some(id);
    let asks = |one: &Assigned| match one {
        Assigned::Person { account } => is(account),
        Assigned::Function { code } => doer.functions.contains(code),
        Assigned::Role { role, department } => {
            let place = department.as_deref().unwrap_or(here);
            doer.roles.contains(&(role.clone(), place.to_owned()))
        }
        Assigned::Anybody | Assigned::System => false,
    };
    let took = |by: &Taker| is(&by.account) || by.on_behalf_of.as_ref().is_some_and(is);
    // Who is biased takes no part: he is shown no more than anybody else.
    let is_excluded = instance.excluded.iter().any(is);
    let mut steps = instance.steps.iter();
    instance.ended.is_none()
        && !is_excluded
        && steps.any(|step| {
            let done = step.done.as_ref();
            let open = step.opened_at.is_some() && step.status != StepStatus::Withdrawn;
            done.is_some_and(|done| took(&done.by)) || (open && step.assigned.iter().any(asks))
        })
}

/// Whether the actor sees the case.
pub(super) async fn sees(
    on: &impl ConnectionTrait,
    actor: &Actor,
    case: &Case,
) -> Result<bool, DbError> {
    let row = (case.id.raw(), case.place());
    actor.may_with(on, Right::Read, Table::Case, row).await
}

/// Whether the actor knows of a workflow: he sees the case, or he is asked; in a compartment only whoever sees the
/// case.
pub(super) async fn knows(
    on: &impl ConnectionTrait,
    actor: &Actor,
    (desk, flow): (&Desk, &Flow),
) -> Result<bool, DbError> {
    let case = &desk.around.case;
    if sees(on, actor, case).await? {
        return Ok(true);
    }
    Ok(case.compartment.is_none() && is_asked(&desk.doer, &desk.around, &flow.instance))
}

/// What a workflow is looked at with by an actor, whether he may know of it or not.
async fn desk_of(
    on: &impl ConnectionTrait,
    rules: &Rules,
    (flow, case): (&Flow, Case),
    (actor, now): (&Actor, Timestamp),
) -> Result<Desk, WorkflowError> {
    let instance = &flow.instance;
    let named = (instance.definition.as_str(), instance.definition_version);
    let definition = rules.of(on, named, &instance.definition_sha256).await?;
    let around = Around::of(on, rules, case).await?;
    let doer = around.doer(on, actor, now).await?;
    Ok(Desk {
        around,
        definition,
        doer,
    })
}

/// The same, if he may know of it.
pub(super) async fn desk(
    on: &impl ConnectionTrait,
    rules: &Rules,
    (flow, case): (&Flow, Case),
    (actor, now): (&Actor, Timestamp),
) -> Result<Desk, WorkflowError> {
    let desk = desk_of(on, rules, (flow, case), (actor, now)).await?;
    if knows(on, actor, (&desk, flow)).await? {
        Ok(desk)
    } else {
        Err(WorkflowError::NotFound)
    }
}

/// Locks the documents that a workflow or a command names, as far as there are such.
async fn lock_documents(
    unit: &Unit,
    instance: Option<&Instance>,
    command: &Command,
) -> Result<(), DbError> {
    let named = documents_of(instance, command);
    let ids: Vec<DocumentId> = named.iter().filter_map(|id| id.0.parse().ok()).collect();
    documents::lock_all(unit, &ids).await
}

/// Locks the file in which a case stands, before the case, as by whoever closes or opens what is in it.
async fn lock_file_of(unit: &Unit, case: CaseId) -> Result<(), DbError> {
    if let Some(case) = cases::find(unit.tx(), case).await? {
        files::locked(unit, case.file).await?;
    }
    Ok(())
}

/// A workflow that the actor may command, locked, with its case.
pub(super) async fn to_command(
    unit: &Unit,
    rules: &Rules,
    (id, expected): (WorkflowId, Option<u64>),
) -> Result<(Flow, Desk), WorkflowError> {
    let found = rows::find_to_change(unit, id).await?;
    let flow = found.ok_or(WorkflowError::NotFound)?;
    // Whoever has something destroyed takes his turn with holds before he locks documents, as those do who destroy: in
    // another order each could wait for the other.
    let instance = &flow.instance;
    let named = (instance.definition.as_str(), instance.definition_version);
    let definition = rules.of(unit.tx(), named, &instance.definition_sha256);
    let definition = definition.await?;
    if definition.destroys() {
        holds::in_turn(unit).await?;
    }
    if definition.closes_file() {
        lock_file_of(unit, flow.case).await?;
    }
    // A mark is bound to the version that is in force: none comes while it is set. Documents are locked before their
    // case, as by whoever adds a version.
    lock_documents(unit, Some(&flow.instance), &Command::Look).await?;
    let case = cases::locked(unit, flow.case).await?;
    let case = case.ok_or(WorkflowError::NotFound)?;
    let (actor, now) = (unit.actor(), unit.now());
    let desk = desk(unit.tx(), rules, (&flow, case), (actor, now)).await?;
    require_full(actor)?;
    if expected.is_some_and(|expected| expected != flow.version) {
        return Err(WorkflowError::Stale {
            current: flow.version,
        });
    }
    Ok((flow, desk))
}

/// Commands a workflow, as whoever acts in this unit may; the system itself may fire timers, look, and say what it
/// has done. A look that finds nothing writes nothing: whoever looks gives his unit of work up then.
///
/// # Errors
/// [`WorkflowError`]; then nothing has happened.
pub async fn command(
    unit: &mut Unit,
    rules: &Rules,
    id: WorkflowId,
    command: Command,
) -> Result<Commanded, WorkflowError> {
    let (flow, desk) = to_command(unit, rules, (id, None)).await?;
    run(unit, rules, (flow, desk), command).await
}

/// Does what was asked of a workflow that is locked.
pub(super) async fn run(
    unit: &mut Unit,
    rules: &Rules,
    (flow, desk): (Flow, Desk),
    command: Command,
) -> Result<Commanded, WorkflowError> {
    // What the command names first; mostly that is nothing, or locked already.
    lock_documents(unit, None, &command).await?;
    let known = (Some(&flow.instance), &command);
    let doer = (&desk.doer, unit.now());
    let (decided, house) = desk.decide(unit.tx(), rules, known, doer).await?;
    let events = match decided {
        Ok(events) => events,
        Err(refusal) => {
            let known = (&flow, &*desk.definition);
            return Err(refused(unit.tx(), known, &command, refusal).await?);
        }
    };
    let known = (&*desk.definition, &flow.instance);
    sealable::require_pdf(unit.tx(), known, (&command, events.as_slice())).await?;
    // Whoever looks and finds nothing has done nothing: there is no entry, and no record. Where the case stands in
    // another place than at the last entry, those who are asked are other people.
    let case = &desk.around.case;
    let moved = (flow.department, flow.compartment) != (case.department, case.compartment);
    if events.is_empty() && !moved && matches!(command, Command::Look) {
        let desk = Box::new(desk);
        return Ok(Commanded { flow, events, desk });
    }
    let what = (&command, events.as_slice());
    let flow = written(unit, (Some(flow), &desk.around), &house, what).await?;
    // What is broken off should not have begun: the same may begin again.
    if matches!(command, Command::Cancel { .. }) {
        rows::delete_key(unit, flow.id).await?;
    }
    let desk = Box::new(desk);
    Ok(Commanded { flow, events, desk })
}

/// What a timer did that a command fired.
fn fired(before: Option<&Instance>, command: &Command) -> Option<TimerKind> {
    let Command::Fire { timer } = command else {
        return None;
    };
    let timers = engine::timers(before?);
    timers
        .into_iter()
        .find(|one| one.key == *timer)
        .map(|one| one.what)
}

/// Writes down what happened: effects first, each recorded by its own room; then the workflow itself.
pub(super) async fn written(
    unit: &mut Unit,
    (before, around): (Option<Flow>, &Around),
    house: &House,
    (command, events): (&Command, &[Event]),
) -> Result<Flow, WorkflowError> {
    let mut instance = before.as_ref().map(|flow| flow.instance.clone());
    for event in events {
        let next = engine::apply(instance, event);
        instance = Some(next.ok_or(DbError::Log("an event does not fit its workflow"))?);
    }
    let instance = instance.ok_or(DbError::Log("a workflow of nothing"))?;
    let known = (before.as_ref(), around);
    let case = Box::pin(moving::moved(unit, known, (&instance, events))).await?;
    let carried = case.map(|case| Around {
        case,
        ..around.clone()
    });
    let around = carried.as_ref().unwrap_or(around);
    effects::require_inside(unit, around, events).await?;
    let (now, case) = (unit.now(), &around.case);
    let mut flow = match &before {
        Some(flow) => Flow {
            instance,
            ..flow.clone()
        },
        None => Flow {
            id: WorkflowId::new(),
            version: 1,
            case: case.id,
            department: case.department,
            compartment: case.compartment,
            started_at: now,
            started_by: unit.actor().account,
            changed_at: now,
            instance,
        },
    };
    (flow.department, flow.compartment) = (case.department, case.compartment);
    flow.changed_at = now;
    let action = said::action(
        command,
        fired(before.as_ref().map(|it| &it.instance), command),
    );
    // The row of the workflow is there before anything names it.
    match &before {
        Some(_) => effects::all(unit, (&flow, around), house, events).await?,
        None => {
            let context = said::context(1, command, events)?;
            rows::insert(unit, &flow).await?;
            unit.record_with(action, Some(flow.department), Some(context));
            effects::all(unit, (&flow, around), house, events).await?;
        }
    }
    if before.is_some() {
        rows::save(unit, &mut flow).await?;
        let context = said::context(flow.version, command, events)?;
        unit.record_with(action, Some(flow.department), Some(context));
    }
    let entry = Entry {
        number: flow.version,
        at: now,
        account: unit.actor().account,
        on_behalf_of: unit.actor().on_behalf_of,
        command: said::json(command)?,
        events: said::json(&events)?,
    };
    rows::insert_entry(unit, flow.id, &entry).await?;
    let seen = around.seen();
    rows::project(unit, &flow, before.as_ref(), &seen).await?;
    notices::from_events(unit, (&flow, &seen.departments), events).await?;
    Ok(flow)
}

/// What somebody is told whose command was refused: who did what when.
pub(super) async fn refused(
    on: &impl ConnectionTrait,
    (flow, definition): (&Flow, &Definition),
    command: &Command,
    refusal: Refusal,
) -> Result<WorkflowError, DbError> {
    let number = if let Refusal::FourEyes(other) = &refusal {
        Some(*other)
    } else {
        said::step_of(command)
    };
    let instance = &flow.instance;
    let found = number.and_then(|number| instance.steps.iter().find(|it| it.number == number));
    let Some(step) = found else {
        return Ok(WorkflowError::Refused(Box::new(Refused {
            refusal,
            state: instance.state.clone(),
            step: None,
        })));
    };
    let done = step.done.as_ref();
    let by = done.map(|done| &done.by).or(step.claimed.as_ref());
    let account = by.map(|by| account_of(&by.account));
    let names = departments::named(on, account.as_slice()).await?;
    let name = account
        .and_then(|id| names.get(&id))
        .map(|one| one.name.clone());
    Ok(WorkflowError::Refused(Box::new(Refused {
        refusal,
        state: instance.state.clone(),
        step: Some(Told {
            label: step.label.de.clone(),
            status: super::wire::status_word(step.status),
            who: name,
            at: done.map(|done| Timestamp::of_micros(done.at.0)),
            outcome: done.map(|done| outcome_label(definition, step, &done.outcome)),
            version: flow.version,
        }),
    })))
}

/// A workflow, whoever asks.
pub(crate) async fn find(
    on: &impl ConnectionTrait,
    id: WorkflowId,
) -> Result<Option<Flow>, DbError> {
    rows::find(on, id).await
}

/// Whether a workflow runs or ran in a case.
pub(crate) async fn any_in(on: &impl ConnectionTrait, case: CaseId) -> Result<bool, DbError> {
    rows::any_in(on, case).await
}

/// A workflow that the actor may know of, with what it is looked at with.
pub(super) async fn read(
    on: &impl ConnectionTrait,
    rules: &Rules,
    (actor, now): (&Actor, Timestamp),
    id: WorkflowId,
) -> Result<(Flow, Desk), WorkflowError> {
    let found = rows::find(on, id).await?;
    let flow = found.ok_or(WorkflowError::NotFound)?;
    let case = cases::find(on, flow.case).await?;
    let case = case.ok_or(WorkflowError::NotFound)?;
    let desk = desk(on, rules, (&flow, case), (actor, now)).await?;
    Ok((flow, desk))
}

/// A case that the actor sees, locked.
pub(super) async fn case_to_begin(unit: &Unit, id: CaseId) -> Result<Case, WorkflowError> {
    let case = cases::locked(unit, id).await?;
    let case = case.ok_or(WorkflowError::NoCase)?;
    if !sees(unit.tx(), unit.actor(), &case).await? {
        return Err(WorkflowError::NoCase);
    }
    Ok(case)
}
