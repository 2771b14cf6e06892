//! What is asked over HTTP, with names and values as they came: they are looked up in the unit that does it.

use std::collections::BTreeMap;

use workflow::definition::{Effect, Step, StepKind};
use workflow::instance::{Assigned, Command, Day, Id, StepState, StepStatus, Value};

use super::catalog::Rules;
use super::facts;
use super::model::{Flow, WorkflowError, Wrong};
use super::ops::{self, Commanded, Desk};
use super::values::{self, Reader, Said};
use crate::base::{CaseId, DocumentId, WorkflowId};
use crate::unit::Unit;

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    /// Nothing that names anybody or anything.
    Plain(Command),
    /// A step is done.
    Complete {
        /// Which.
        step: u32,
        /// How; empty: by the only outcome that it has.
        outcome: String,
        /// What was said.
        fields: Said,
        /// A note, or the reason.
        note: Option<String>,
        /// The version that was seen: SHA-512, in hex.
        seen: Option<String>,
        /// Documents that belong to it.
        documents: Vec<DocumentId>,
    },
    /// A step is given to somebody else.
    Delegate {
        /// Which.
        step: u32,
        /// Login, or `function:` and a short name.
        to: String,
        /// Why.
        reason: Option<String>,
    },
    /// Steps are inserted.
    Insert {
        /// Before which step.
        step: u32,
        /// Of which kind.
        kind: StepKind,
        /// For whom.
        to: Vec<String>,
        /// What is wanted.
        text: Option<String>,
        /// By when.
        due: Option<Day>,
        /// Whether the step waits for it.
        holds: bool,
    },
    /// Somebody is excluded.
    Exclude {
        /// Login.
        person: String,
        /// Why.
        reason: String,
    },
    /// Something happened outside.
    Event {
        /// What.
        event: String,
        /// With which outcome; empty: the only one.
        outcome: String,
        /// What is known by it.
        fields: Said,
    },
}

fn unknown(key: &str) -> WorkflowError {
    WorkflowError::Values(vec![(key.to_owned(), Wrong::NotFound)])
}

async fn whom(unit: &Unit, key: &str, who: &str) -> Result<Assigned, WorkflowError> {
    let found = values::assigned(unit.tx(), who).await?;
    found.ok_or_else(|| unknown(key))
}

async fn fields(
    unit: &Unit,
    (desk, case): (&Desk, CaseId),
    said: &Said,
) -> Result<BTreeMap<String, Value>, WorkflowError> {
    let reader = Reader {
        on: unit.tx(),
        actor: unit.actor(),
        case,
        definition: &desk.definition,
        anywhere: false,
    };
    reader.read(said).await
}

async fn documents(
    unit: &Unit,
    (desk, case): (&Desk, CaseId),
    wanted: Vec<DocumentId>,
) -> Result<Vec<Id>, WorkflowError> {
    let reader = Reader {
        on: unit.tx(),
        actor: unit.actor(),
        case,
        definition: &desk.definition,
        anywhere: false,
    };
    let mut found = Vec::with_capacity(wanted.len());
    for id in wanted {
        match reader.document(id).await? {
            Ok(_) => found.push(Id(id.to_string())),
            Err(_unknown) => return Err(unknown("documents")),
        }
    }
    Ok(found)
}

/// The digest by which the rules know what was seen: whoever saw the sealed version has seen what was sealed.
async fn seen_as(
    unit: &Unit,
    flow: &Flow,
    step: u32,
    seen: String,
) -> Result<String, WorkflowError> {
    let mut steps = flow.instance.steps.iter();
    let binds = steps
        .find(|it| it.number == step)
        .and_then(|it| it.binds.as_ref());
    let document = binds.and_then(|field| flow.instance.fields.get(field));
    let Some(Value::Document(id)) = document else {
        return Ok(seen);
    };
    let Ok(id) = id.0.parse::<DocumentId>() else {
        return Ok(seen);
    };
    for one in crate::documents::standing(unit.tx(), &[id]).await? {
        let in_force = one.in_force().map(|it| hex::encode(it.sha512));
        if in_force.as_deref() == Some(seen.as_str())
            && let Some(meant) = facts::meant(&one)
        {
            return Ok(hex::encode(meant.sha512));
        }
    }
    Ok(seen)
}

/// The open step whose export was handed over to an application that says by the name of the target what became of it;
/// none where a step waits for an event of that name.
fn handed_over(rules: &Rules, (flow, desk): (&Flow, &Desk), event: &str) -> Option<u32> {
    rules.export_webhook(event)?;
    let open = |one: &&StepState| one.status == StepStatus::Open;
    let defined = |one: &StepState| desk.definition.step(&one.key).map(|(_, step)| step);
    let steps = || flow.instance.steps.iter().filter(open);
    let awaited = |step: &Step| step.event.as_deref() == Some(event);
    if steps().any(|one| defined(one).is_some_and(awaited)) {
        return None;
    }
    let exports = |step: &Step| matches!(&step.effect, Some(Effect::Export { to }) if to == event);
    steps().find_map(|one| {
        let step = defined(one)?;
        exports(step).then_some(one.number)
    })
}

/// What happened outside, as the command that it is.
async fn happened(
    unit: &Unit,
    rules: &Rules,
    (flow, desk): (&Flow, &Desk),
    (event, outcome, said): (String, String, Said),
) -> Result<Command, WorkflowError> {
    let fields = fields(unit, (desk, desk.around.case.id), &said).await?;
    let step = handed_over(rules, (flow, desk), &event);
    Ok(match step {
        Some(step) => Command::Effected {
            step,
            outcome,
            fields,
            note: None,
        },
        None => Command::Event {
            event,
            outcome,
            fields,
        },
    })
}

async fn meant(
    unit: &Unit,
    rules: &Rules,
    (flow, desk): (&Flow, &Desk),
    asked: Asked,
) -> Result<Command, WorkflowError> {
    let here = (desk, desk.around.case.id);
    Ok(match asked {
        Asked::Plain(command) => command,
        Asked::Complete {
            step,
            outcome,
            fields: said,
            note,
            seen,
            documents: named,
        } => Command::Complete {
            step,
            outcome,
            fields: fields(unit, here, &said).await?,
            note,
            seen: match seen {
                Some(seen) => Some(seen_as(unit, flow, step, seen).await?),
                None => None,
            },
            documents: documents(unit, here, named).await?,
        },
        Asked::Delegate { step, to, reason } => Command::Delegate {
            step,
            to: whom(unit, "to", &to).await?,
            reason,
        },
        Asked::Insert {
            step,
            kind,
            to,
            text,
            due,
            holds,
        } => {
            let mut all = Vec::with_capacity(to.len());
            for (at, who) in to.iter().enumerate() {
                all.push(whom(unit, &format!("to/{at}"), who).await?);
            }
            Command::Insert {
                step,
                kind,
                to: all,
                text,
                due,
                holds,
            }
        }
        Asked::Exclude { person, reason } => match whom(unit, "person", &person).await? {
            Assigned::Person { account } => Command::Exclude {
                person: account,
                reason,
            },
            Assigned::Function { .. }
            | Assigned::Role { .. }
            | Assigned::Anybody
            | Assigned::System => return Err(unknown("person")),
        },
        Asked::Event {
            event,
            outcome,
            fields: said,
        } => happened(unit, rules, (flow, desk), (event, outcome, said)).await?,
    })
}

/// Does what was asked; `expected` is the version that the caller has seen, where he says one.
pub(crate) async fn ask(
    unit: &mut Unit,
    rules: &Rules,
    (id, expected): (WorkflowId, Option<u64>),
    asked: Asked,
) -> Result<Commanded, WorkflowError> {
    let (flow, desk) = ops::to_command(unit, rules, (id, expected)).await?;
    let command = meant(unit, rules, (&flow, &desk), asked).await?;
    ops::run(unit, rules, (flow, desk), command).await
}
