//! All that a definition offers is tried once: dead ends, and what is never reached.

use std::collections::{BTreeSet, VecDeque};

use super::fill::{BASIC, VARIANTS};
use super::{Choice, DeadEnd, Simulation};
use crate::calendar::Calendar;
use crate::definition::{Definition, State};
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

/// How many walks are made at most for states that no single choice leads to.
const WALKS_MAX: usize = 2_000;

/// Walks a definition as it goes by itself, with several ways of filling its fields, and again for each
/// other outcome, return, lapse and skip of each step; and once more for each of these after those that led somewhere new.
/// What depends on an answer and on several choices at once is not found.
///
/// A dead end is told of the first ways only: what is compared with may fit together in no case that there is.
#[must_use]
pub fn explore(definition: &Definition, calendar: &Calendar, start: Instant) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut entered = BTreeSet::new();
    let ways = (0..VARIANTS).map(|way| (way, None));
    let choices = choices(definition);
    let chosen = (0..BASIC).flat_map(|way| choices.iter().map(move |one| (way, Some(one.clone()))));
    let mut led = VecDeque::new();
    for (way, choice) in ways.chain(chosen) {
        let walk = Simulation::new(definition, calendar, start).varying(way);
        let (ended, is_new) = walked(walk, choice.as_slice(), &mut entered);
        if let Some(choice) = choice.clone().filter(|_| is_new) {
            led.push_back((way, vec![choice]));
        }
        let is_told = way == 0 || (choice.is_none() && way < BASIC);
        let Some(at) = ended.err().filter(|_| is_told) else {
            continue;
        };
        let finding = Finding::DeadEnd { choice, at };
        if !is_only_closed(&finding) && !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    let mut walks = 0;
    while let Some((way, script)) = led.pop_front() {
        for choice in &choices {
            if entered.len() == definition.states.len() || walks == WALKS_MAX {
                break;
            }
            walks += 1;
            let walk = Simulation::new(definition, calendar, start).varying(way);
            let further: Vec<_> = script.iter().chain([choice]).cloned().collect();
            let (_, is_new) = walked(walk, &further, &mut entered);
            if is_new {
                led.push_back((way, further));
            }
        }
    }
    let unreached = definition.states.iter().map(|state| &state.id);
    let unreached = unreached.filter(|id| !entered.contains(*id));
    findings.extend(unreached.cloned().map(Finding::Unreached));
    findings
}

/// Walks as is said: how that ended, and whether a state was entered that was not before.
fn walked(
    mut walk: Simulation<'_>,
    script: &[(String, Choice)],
    entered: &mut BTreeSet<String>,
) -> (Result<(), DeadEnd>, bool) {
    for (step, what) in script {
        walk = walk.choosing(step.clone(), what.clone());
    }
    let ended = walk.run();
    let before = entered.len();
    for event in walk.events() {
        if let Event::Entered { state, .. } = event {
            entered.insert(state.clone());
        }
        // A side way is not entered: its steps come to be.
        if let Event::StepMade { step, .. } = event {
            entered.insert(step.state.clone());
        }
    }
    (ended, entered.len() > before)
}

/// Whether an outcome could only not be chosen as things were: that is no dead end.
fn is_only_closed(finding: &Finding) -> bool {
    matches!(
        finding,
        Finding::DeadEnd {
            choice: Some((chosen, Choice::Outcome(_))),
            at: DeadEnd::NoWay {
                key,
                why: Refusal::NoOutcome(_),
                ..
            },
        } if chosen == key
    ) || matches!(
        finding,
        Finding::DeadEnd {
            choice: Some((chosen, Choice::Beside(_))),
            at: DeadEnd::NoWay {
                key,
                why: Refusal::NotProvided,
                ..
            },
        } if chosen == key
    )
}

/// All that can be done with each step.
fn choices(definition: &Definition) -> Vec<(String, Choice)> {
    let mut choices = Vec::new();
    let steps = definition.states.iter();
    let steps = steps.flat_map(|state| state.steps.iter().map(move |step| (state, step)));
    for (state, step) in steps {
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
        let runs = |one: &&State| {
            let beside = one.beside.as_ref();
            beside.is_some_and(|beside| beside.states.contains(&state.id))
        };
        let aside = definition.states.iter().filter(runs);
        all.extend(aside.map(|one| Choice::Beside(one.id.clone())));
        choices.extend(all.into_iter().map(|choice| (step.id.clone(), choice)));
    }
    choices
}
