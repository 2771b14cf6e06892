//! A case goes into a compartment with its workflow, before anything else is done with the same command: what is
//! registered then gets its reference there, and whoever is asked then must be able to enter it.

use workflow::definition::StepKind;
use workflow::instance::{Assigned, EffectDue, Event, Instance, StepState, StepStatus};

use super::effects;
use super::facts::Around;
use super::model::{Flow, WorkflowError};
use super::rows;
use crate::cases::{self, Case};
use crate::departments;
use crate::departments::functions::Function;
use crate::refiling::{self, Inside, RefilingError};
use crate::unit::Unit;

/// Moves the case where events ask for it; gives it as it is then, or nothing where it stays where it is.
pub(super) async fn moved(
    unit: &mut Unit,
    (before, around): (Option<&Flow>, &Around),
    (instance, events): (&Instance, &[Event]),
) -> Result<Option<Case>, WorkflowError> {
    let mut case = around.case.clone();
    for event in events {
        if let Event::Effect {
            effect:
                EffectDue::MoveTo {
                    compartment,
                    plan_unit,
                    lead,
                },
            ..
        } = event
        {
            let mut functions = around.functions.iter();
            let lead = functions.find(|one| one.code == *lead);
            let lead = lead.ok_or_else(|| RefilingError::NoPlace {
                compartment: compartment.clone(),
                plan_unit: plan_unit.clone(),
            })?;
            let reason = format!("Verfahren {}", instance.definition);
            let to = Inside {
                compartment,
                plan_unit,
                lead: lead.department,
                reason: &reason,
            };
            let after = refiling::enclose_by_rule(unit, &case, to).await?;
            if after.compartment != case.compartment {
                require_alone(unit, before, &case).await?;
                require_somebody(unit, &after, lead).await?;
                require_open_inside(unit, instance, &after).await?;
            }
            case = after;
        }
    }
    Ok((case != around.case).then_some(case))
}

/// Refuses to move what other workflows run in: they would ask people who do not see it any more.
async fn require_alone(
    unit: &Unit,
    before: Option<&Flow>,
    case: &Case,
) -> Result<(), WorkflowError> {
    let parts = cases::parts(unit.tx(), case.id).await?;
    let all = parts.iter().map(|part| part.id).chain([case.id]);
    for id in all {
        let open = rows::open_in(unit.tx(), id).await?;
        let own = before.map(|flow| flow.id);
        if open.iter().any(|one| Some(*one) != own) {
            return Err(WorkflowError::OtherRuns);
        }
    }
    Ok(())
}

/// Refuses to move it where nobody of the department that has the lead then could read it.
async fn require_somebody(unit: &Unit, case: &Case, lead: &Function) -> Result<(), WorkflowError> {
    let readers = departments::readers(unit.tx(), case.compartment, unit.now()).await?;
    let mut here = readers.iter();
    let here = here.find(|(department, _)| department.id == case.department);
    if here.is_some_and(|(_, people)| !people.is_empty()) {
        return Ok(());
    }
    Err(WorkflowError::Outsider {
        name: lead.name.clone(),
    })
}

/// Refuses to leave a step behind that waits for somebody who does not see it any more. What is only for information
/// holds nothing up.
async fn require_open_inside(
    unit: &Unit,
    instance: &Instance,
    case: &Case,
) -> Result<(), WorkflowError> {
    let waits = |step: &&StepState| {
        matches!(step.status, StepStatus::Open | StepStatus::Waiting)
            && !matches!(step.kind, StepKind::Information | StepKind::Seen)
    };
    for step in instance.steps.iter().filter(waits) {
        for one in &step.assigned {
            if let Assigned::Person { account } = one {
                effects::require_sight(unit, case, account).await?;
            }
        }
    }
    Ok(())
}
