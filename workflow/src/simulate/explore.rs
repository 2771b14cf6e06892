//! All that a definition offers is tried once: dead ends, and what is never reached.

use std::collections::BTreeSet;

use super::fill::BASIC;
use super::{Choice, DeadEnd, Simulation};
use crate::calendar::Calendar;
use crate::definition::Definition;
use crate::instance::{Event, Instant, Refusal};

/// What was found out about a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It goes no further; after this choice, if any.
    DeadEnd {
        /// The step and what was done with it.
        choice: Option<(String, Choice)>,
        /// Where it stops.
        at: DeadEnd,
    },
    /// A state was never entered, whatever one did once.
    Unreached(String),
}

/// Walks a definition as it goes by itself, with several ways of filling its fields, and once more for each
/// other outcome, return, lapse and skip of each step. What depends on more than one such choice is not found.
#[must_use]
pub fn explore(definition: &Definition, calendar: &Calendar, start: Instant) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut entered = BTreeSet::new();
    let ways = (0..BASIC).map(|way| (way, None));
    let choices = choices(definition).into_iter().map(|one| (0, Some(one)));
    for (way, choice) in ways.chain(choices) {
        let mut walk = Simulation::new(definition, calendar, start).varying(way);
        if let Some((step, what)) = choice.clone() {
            walk = walk.choosing(step, what);
        }
        let ended = walk.run();
        for event in walk.events() {
            if let Event::Entered { state, .. } = event {
                entered.insert(state.clone());
            }
        }
        let Err(at) = ended else {
            continue;
        };
        let finding = Finding::DeadEnd { choice, at };
        if !is_only_closed(&finding) && !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    let unreached = definition.states.iter().map(|state| &state.id);
    let unreached = unreached.filter(|id| !entered.contains(*id));
    findings.extend(unreached.cloned().map(Finding::Unreached));
    findings
}

/// Whether an outcome could only not be chosen as things were: that is no dead end.
fn is_only_closed(finding: &Finding) -> bool {
    matches!(
        finding,
        Finding::DeadEnd {
            choice: Some((chosen, Choice::Outcome(_))),
            at: DeadEnd::NoWay {
                key,
                why: Refusal::NoOutcome,
                ..
            },
        } if chosen == key
    )
}

/// All that can be done with each step.
fn choices(definition: &Definition) -> Vec<(String, Choice)> {
    let mut choices = Vec::new();
    for step in definition.states.iter().flat_map(|state| &state.steps) {
        let outcomes = step.outcomes.iter();
        let outcomes = outcomes.map(|outcome| Choice::Outcome(outcome.key.clone()));
        let mut all: Vec<Choice> = outcomes.collect();
        all.extend(step.return_to.iter().cloned().map(Choice::Return));
        if step.due.as_ref().is_some_and(|due| due.lapse.is_some()) {
            all.push(Choice::Lapse);
        }
        if step.skip.is_some() {
            all.push(Choice::Skip);
        }
        choices.extend(all.into_iter().map(|choice| (step.id.clone(), choice)));
    }
    choices
}
