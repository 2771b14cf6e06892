//! What an event makes of an instance. Needs no definition.

use crate::instance::{
    Bound, Done, DueState, Editorial, EffectDue, Ended, Event, Instance, Instant, StepState,
    StepStatus,
};
use std::collections::{BTreeMap, BTreeSet};

/// The instance after an event. `None` where an event does not fit, which no event of
/// [`decide`](super::decide) does.
#[must_use]
pub fn apply(instance: Option<Instance>, event: &Event) -> Option<Instance> {
    match (instance, event) {
        (
            None,
            Event::Started {
                definition,
                version,
                sha256,
                by,
                at,
                fields,
            },
        ) => Some(Instance {
            definition: definition.clone(),
            definition_version: *version,
            definition_sha256: sha256.clone(),
            state: String::new(),
            round: 0,
            ended: None,
            initiator: by.clone(),
            started_at: *at,
            changed_at: *at,
            fields: fields.clone(),
            steps: Vec::new(),
            excluded: BTreeSet::new(),
            editorial: BTreeMap::new(),
            dispatched: BTreeMap::new(),
            sent_in: BTreeMap::new(),
            opened: Vec::new(),
            events: 1,
        }),
        (None, _) => None,
        (Some(mut instance), event) => change(&mut instance, event).then_some(instance),
    }
}

/// The instance that events made.
#[must_use]
pub fn replay<'a>(events: impl IntoIterator<Item = &'a Event>) -> Option<Instance> {
    let mut events = events.into_iter();
    let mut instance = apply(None, events.next()?)?;
    for event in events {
        if !change(&mut instance, event) {
            return None;
        }
    }
    Some(instance)
}

/// Changes an instance by an event, and says whether it fitted. What does not fit changes nothing.
pub(super) fn change(instance: &mut Instance, event: &Event) -> bool {
    if instance.ended.is_some() {
        return false;
    }
    let at = match event {
        Event::Started { .. } => None,
        Event::StepMade { step, before, at } => make(instance, step, *before).then_some(*at),
        Event::Entered { .. }
        | Event::Excluded { .. }
        | Event::EditorialAnnounced { .. }
        | Event::EditorialTaken { .. }
        | Event::FieldSet { .. }
        | Event::FieldEmptied { .. }
        | Event::Effect { .. }
        | Event::Ended { .. }
        | Event::Migrated { .. } => whole(instance, event),
        Event::StepOpened { .. }
        | Event::StepWaits { .. }
        | Event::Claimed { .. }
        | Event::Released { .. }
        | Event::Completed { .. }
        | Event::Skipped { .. }
        | Event::Withdrawn { .. }
        | Event::Voided { .. }
        | Event::Returned { .. } => progress(instance, event),
        Event::Delegated { .. }
        | Event::Held { .. }
        | Event::Resumed { .. }
        | Event::Extended { .. }
        | Event::Reminded { .. }
        | Event::Escalated { .. } => duty(instance, event),
    };
    let Some(at) = at else {
        return false;
    };
    instance.changed_at = at;
    instance.events += 1;
    true
}

fn make(instance: &mut Instance, step: &StepState, before: Option<u32>) -> bool {
    let fits = usize::try_from(step.number).is_ok_and(|n| n == instance.steps.len() + 1);
    let place = match before {
        None => Some(instance.steps.len()),
        Some(number) => instance.steps.iter().position(|one| one.number == number),
    };
    match place {
        Some(place) if fits => {
            instance.steps.insert(place, step.clone());
            true
        }
        _ => false,
    }
}

/// What concerns the instance as a whole.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "`change` says which come here"
)]
fn whole(instance: &mut Instance, event: &Event) -> Option<Instant> {
    match event {
        Event::Entered { state, round, at } => {
            instance.state.clone_from(state);
            instance.round = *round;
            Some(*at)
        }
        Event::Excluded { person, at, .. } => {
            instance.excluded.insert(person.clone());
            Some(*at)
        }
        Event::EditorialAnnounced {
            version, by, at, ..
        } => {
            let entry = instance.editorial.entry(version.document.clone());
            let editorial = entry.or_insert_with(nothing_said);
            editorial.announced_by = Some(by.account.clone());
            editorial.after = Some(version.clone());
            Some(*at)
        }
        Event::EditorialTaken { from, to, at } => {
            taken(instance, from, to);
            Some(*at)
        }
        Event::FieldSet { field, value, at } => {
            instance.fields.insert(field.clone(), value.clone());
            Some(*at)
        }
        Event::FieldEmptied { field, at } => {
            instance.fields.remove(field);
            Some(*at)
        }
        Event::Effect { effect, at } => {
            if let EffectDue::Dispatch { version } = effect {
                let sent = version.sha512.clone();
                instance.dispatched.insert(version.document.clone(), sent);
                // A side way has rounds of its own, later than that of the state beside which it runs.
                let round = super::beside::latest_round(instance.round, &instance.steps);
                instance.sent_in.insert(version.document.clone(), round);
            }
            if let EffectDue::OpenCase { case, .. } = effect {
                instance.opened.push(case.clone());
            }
            Some(*at)
        }
        Event::Ended {
            how, reason, at, ..
        } => {
            instance.ended = Some(Ended {
                how: *how,
                at: *at,
                reason: reason.clone(),
            });
            Some(*at)
        }
        Event::Migrated {
            version,
            sha256,
            at,
            ..
        } => {
            instance.definition_version = *version;
            instance.definition_sha256.clone_from(sha256);
            Some(*at)
        }
        _ => None,
    }
}

const fn nothing_said() -> Editorial {
    Editorial {
        announced_by: None,
        after: None,
        same: Vec::new(),
        edited: BTreeSet::new(),
    }
}

/// Another version says the same.
fn taken(instance: &mut Instance, from: &Bound, to: &Bound) {
    let entry = instance.editorial.entry(to.document.clone());
    let editorial = entry.or_insert_with(nothing_said);
    if !editorial.same.contains(&from.sha512) {
        editorial.same = vec![from.sha512.clone()];
    }
    editorial.same.push(to.sha512.clone());
    editorial.edited.insert(to.sha512.clone());
    editorial.announced_by = None;
    editorial.after = None;
}

fn step_mut(instance: &mut Instance, number: u32) -> Option<&mut StepState> {
    let mut steps = instance.steps.iter_mut();
    steps.find(|step| step.number == number)
}

/// A step that is still to be done.
fn unfinished(instance: &mut Instance, number: u32) -> Option<&mut StepState> {
    step_mut(instance, number).filter(|step| super::run::is_unfinished(step))
}

/// How a step comes to its end.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "`change` says which come here"
)]
fn progress(instance: &mut Instance, event: &Event) -> Option<Instant> {
    match event {
        Event::StepOpened {
            step,
            assigned,
            due,
            at,
        } => {
            let step = unfinished(instance, *step)?;
            if let Some(assigned) = assigned {
                step.assigned.clone_from(assigned);
            }
            open(step, due, *at)
        }
        Event::StepWaits { step, at } => {
            unfinished(instance, *step)?.status = StepStatus::Waiting;
            Some(*at)
        }
        Event::Claimed { step, by, at } => {
            unfinished(instance, *step)?.claimed = Some(by.clone());
            Some(*at)
        }
        Event::Released { step, at, .. } => {
            unfinished(instance, *step)?.claimed = None;
            Some(*at)
        }
        Event::Completed { step, done } | Event::Returned { step, done, .. } => {
            finish(unfinished(instance, *step)?, StepStatus::Done, done)
        }
        Event::Skipped { step, done } => {
            finish(unfinished(instance, *step)?, StepStatus::Skipped, done)
        }
        Event::Withdrawn { step, at, .. } => {
            let step = unfinished(instance, *step)?;
            step.status = StepStatus::Withdrawn;
            step.claimed = None;
            step.held_until = None;
            Some(*at)
        }
        Event::Voided { step, version, at } => {
            let step = step_mut(instance, *step)?;
            if step.status != StepStatus::Done {
                return None;
            }
            step.status = StepStatus::Voided;
            if let Some(editorial) = instance.editorial.get_mut(&version.document) {
                editorial.announced_by = None;
                editorial.after = None;
                editorial.same.clear();
            }
            Some(*at)
        }
        _ => None,
    }
}

fn open(step: &mut StepState, due: &Option<DueState>, at: Instant) -> Option<Instant> {
    step.status = StepStatus::Open;
    // A step that has waited was opened when it was opened first.
    step.opened_at.get_or_insert(at);
    step.due.clone_from(due);
    Some(at)
}

fn finish(step: &mut StepState, status: StepStatus, done: &Done) -> Option<Instant> {
    step.status = status;
    step.done = Some(done.clone());
    step.claimed = None;
    step.held_until = None;
    Some(done.at)
}

/// What becomes of a step that is still to be done.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "`change` says which come here"
)]
fn duty(instance: &mut Instance, event: &Event) -> Option<Instant> {
    match event {
        Event::Delegated { step, to, at, .. } => {
            let step = unfinished(instance, *step)?;
            if !step.assigned.contains(to) {
                step.assigned.push(to.clone());
            }
            step.claimed = None;
            Some(*at)
        }
        Event::Held {
            step, until, at, ..
        } => {
            unfinished(instance, *step)?.held_until = Some(*until);
            Some(*at)
        }
        Event::Resumed { step, at, .. } => {
            unfinished(instance, *step)?.held_until = None;
            Some(*at)
        }
        Event::Extended { step, due, at } => {
            let step = unfinished(instance, *step)?;
            step.due = Some(due.clone());
            // Its timers are others now.
            step.fired.clear();
            Some(*at)
        }
        Event::Reminded {
            step, timer, at, ..
        } => {
            unfinished(instance, *step)?.fired.insert(timer.clone());
            Some(*at)
        }
        Event::Escalated {
            step,
            timer,
            to,
            at,
        } => {
            let step = unfinished(instance, *step)?;
            step.fired.insert(timer.clone());
            if !step.assigned.contains(to) {
                step.assigned.push(to.clone());
            }
            Some(*at)
        }
        _ => None,
    }
}
