//! Who is told what of the events of a workflow; and that it is written down with them.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;
use workflow::instance::{Assigned, EffectDue, Event, Instance, Instant, StepState, Taker};

use super::model::NoticeKind;
use super::rows;
use crate::base::db::DbError;
use crate::base::{AccountId, DepartmentId, Role};
use crate::departments::{self, Listener, Whom};
use crate::unit::Unit;
use crate::workflows::model::Flow;

/// Most people who are told one thing.
const LISTENERS_MAX: usize = 50;

/// What is to be told, and for whom it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tell {
    pub(super) kind: NoticeKind,
    pub(super) step: Option<u32>,
    pub(super) said: Option<String>,
    pub(super) whom: Vec<Assigned>,
}

impl Tell {
    fn of_step(kind: NoticeKind, step: u32, whom: Vec<Assigned>) -> Self {
        Self {
            kind,
            step: Some(step),
            said: None,
            whom,
        }
    }

    const fn of_all(kind: NoticeKind, whom: Vec<Assigned>) -> Self {
        Self {
            kind,
            step: None,
            said: None,
            whom,
        }
    }
}

fn step_of(instance: &Instance, number: u32) -> Option<&StepState> {
    instance.steps.iter().find(|step| step.number == number)
}

/// Who has a step: whoever has claimed it, or all who are asked.
fn holders(step: &StepState) -> Vec<Assigned> {
    match &step.claimed {
        Some(by) => whose(by),
        None => step.assigned.clone(),
    }
}

/// Who is reminded of a step: whom the definition names, or whoever has it.
fn reminded(step: &StepState, named: &[Assigned]) -> Vec<Assigned> {
    if named.is_empty() {
        return holders(step);
    }
    named.to_vec()
}

/// A reminder on the day on which something is due, or later, says that it is due.
fn reminder(step: &StepState, at: Instant) -> NoticeKind {
    const DAY: i64 = 86_400_000_000;
    match &step.due {
        Some(due) if at.0 >= due.overdue_at.0 - DAY => NoticeKind::Due,
        Some(_) | None => NoticeKind::Reminded,
    }
}

/// The person who did something, or in whose stead or for which function it was done.
fn whose(by: &Taker) -> Vec<Assigned> {
    let account = by.on_behalf_of.as_ref().unwrap_or(&by.account).clone();
    vec![Assigned::Person { account }]
}

/// What is told of an event; `after` is the workflow after all of them.
fn tell(after: &Instance, event: &Event) -> Option<Tell> {
    let step = |number: u32| step_of(after, number);
    match event {
        Event::StepOpened { step: number, .. } => {
            let assigned = step(*number)?.assigned.clone();
            Some(Tell::of_step(NoticeKind::Asked, *number, assigned))
        }
        Event::Delegated {
            step: number, to, ..
        } => Some(Tell::of_step(NoticeKind::Asked, *number, vec![to.clone()])),
        Event::Escalated {
            step: number, to, ..
        } => {
            let kind = NoticeKind::Escalated;
            Some(Tell::of_step(kind, *number, vec![to.clone()]))
        }
        Event::Reminded {
            step: number,
            to,
            at,
            ..
        } => {
            let step = step(*number)?;
            let whom = reminded(step, to);
            Some(Tell::of_step(reminder(step, *at), *number, whom))
        }
        // Whoever inserted a step is told that it was done.
        Event::Completed { step: number, .. } => {
            let by = &step(*number)?.directive.as_ref()?.by;
            Some(Tell::of_step(NoticeKind::Done, *number, whose(by)))
        }
        // Whose mark it was is told that it is void.
        Event::Voided { step: number, .. } => {
            let by = &step(*number)?.done.as_ref()?.by;
            Some(Tell::of_step(NoticeKind::Voided, *number, whose(by)))
        }
        // It rests no more, since its day has come: it is asked again.
        Event::Resumed {
            step: number,
            by: None,
            ..
        } => {
            let whom = holders(step(*number)?);
            Some(Tell::of_step(NoticeKind::Asked, *number, whom))
        }
        Event::Ended { .. } => Some(Tell::of_all(NoticeKind::Ended, whose(&after.initiator))),
        Event::Effect {
            effect: EffectDue::Notify { to, text },
            ..
        } => Some(Tell {
            said: Some(text.de.clone()),
            ..Tell::of_all(NoticeKind::Notify, vec![to.clone()])
        }),
        Event::Resumed { by: Some(_), .. }
        | Event::Started { .. }
        | Event::Entered { .. }
        | Event::StepMade { .. }
        | Event::StepWaits { .. }
        | Event::Claimed { .. }
        | Event::Released { .. }
        | Event::Skipped { .. }
        | Event::Withdrawn { .. }
        | Event::Returned { .. }
        | Event::Held { .. }
        | Event::Extended { .. }
        | Event::Excluded { .. }
        | Event::EditorialAnnounced { .. }
        | Event::EditorialTaken { .. }
        | Event::FieldSet { .. }
        | Event::FieldEmptied { .. }
        | Event::Effect { .. }
        | Event::Migrated { .. } => None,
    }
}

/// What is told of events; `after` is the workflow after all of them.
pub(super) fn plan(after: &Instance, events: &[Event]) -> Vec<Tell> {
    events
        .iter()
        .filter_map(|event| tell(after, event))
        .collect()
}

/// Whether those who have a role are told one by one. What comes into the inbox of a department is seen there;
/// else each new step would be told to all of it.
const fn told_by_role(kind: NoticeKind) -> bool {
    match kind {
        NoticeKind::Asked => false,
        NoticeKind::Reminded
        | NoticeKind::Due
        | NoticeKind::Escalated
        | NoticeKind::Done
        | NoticeKind::Voided
        | NoticeKind::Ended
        | NoticeKind::Notify => true,
    }
}

/// For whom it is, as the house knows people; none where nobody is told.
fn whom(
    one: &Assigned,
    kind: NoticeKind,
    (own, departments): (DepartmentId, &HashMap<String, DepartmentId>),
) -> Option<Whom> {
    match one {
        Assigned::Person { account } => {
            let id = Uuid::parse_str(&account.0).ok()?;
            Some(Whom::Person(AccountId::of(id)))
        }
        Assigned::Function { code } => Some(Whom::Function(code.clone())),
        Assigned::Role { role, department } if told_by_role(kind) => {
            let role = Role::parse(role)?;
            let place = match department {
                Some(slug) => departments.get(slug).copied()?,
                None => own,
            };
            Some(Whom::Role(role, place))
        }
        Assigned::Role { .. } | Assigned::Anybody | Assigned::System => None,
    }
}

/// Writes down what people are told of events, in the unit of work that brought them about; `flow` is the workflow
/// after them, `departments` are all by their short names. Who has set up mail gets one.
///
/// # Errors
/// Those of the database.
pub(in crate::workflows) async fn from_events(
    unit: &mut Unit,
    (flow, departments): (&Flow, &HashMap<String, DepartmentId>),
    events: &[Event],
) -> Result<(), DbError> {
    let tells = plan(&flow.instance, events);
    if tells.is_empty() {
        return Ok(());
    }
    // Each with the place of what is told.
    let (mut meant, mut of): (Vec<Whom>, Vec<usize>) = (Vec::new(), Vec::new());
    for (at, tell) in tells.iter().enumerate() {
        for one in &tell.whom {
            if let Some(one) = whom(one, tell.kind, (flow.department, departments)) {
                meant.push(one);
                of.push(at);
            }
        }
    }
    if meant.is_empty() {
        return Ok(());
    }
    let found = departments::listeners(unit.tx(), &meant, flow.compartment, unit.now()).await?;
    let own = unit.actor().account;
    let mut new: Vec<(Listener, &Tell)> = Vec::new();
    let mut known = BTreeSet::new();
    let mut counts: HashMap<usize, usize> = HashMap::new();
    for listener in found {
        // Nobody is told what he has done himself.
        if listener.account == own {
            continue;
        }
        let Some((at, tell)) = of
            .get(listener.at)
            .and_then(|at| Some((*at, tells.get(*at)?)))
        else {
            continue;
        };
        let count = counts.entry(at).or_default();
        if *count < LISTENERS_MAX && known.insert((listener.account, tell.kind, tell.step)) {
            *count += 1;
            new.push((listener, tell));
        }
    }
    rows::tell(unit, flow.id, new).await
}
