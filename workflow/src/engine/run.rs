//! A command being decided.

use crate::definition::Definition;
use crate::instance::{Command, Event, Instance, Instant, Refusal, StepState, StepStatus, Taker};

use super::Setting;
use super::apply::change;
use super::view::View;

/// How many steps an instance may have.
pub const STEPS_MAX: usize = 2_000;
/// How many states in a row may ask for nothing.
pub const EMPTY_STATES_MAX: usize = 50;

/// A command being decided: the instance as it is by now, and what has happened so far.
pub(super) struct Run<'a> {
    pub(super) definition: &'a Definition,
    pub(super) setting: Setting<'a>,
    pub(super) instance: Instance,
    pub(super) events: Vec<Event>,
}

impl<'a> Run<'a> {
    pub(super) const fn new(
        definition: &'a Definition,
        instance: Instance,
        setting: Setting<'a>,
    ) -> Self {
        Self {
            definition,
            setting,
            instance,
            events: Vec::new(),
        }
    }

    pub(super) fn view(&self) -> View<'_> {
        View {
            definition: self.definition,
            instance: &self.instance,
            setting: self.setting,
            fresh: &self.events,
        }
    }

    pub(super) const fn now(&self) -> Instant {
        self.setting.now
    }

    /// Who asks.
    pub(super) fn taker(&self) -> Taker {
        let actor = self.setting.actor;
        Taker {
            account: actor.account.clone(),
            on_behalf_of: actor.on_behalf_of.clone(),
            function: actor.function.clone(),
        }
    }

    pub(super) fn emit(&mut self, event: Event) {
        let fits = change(&mut self.instance, &event);
        debug_assert!(fits, "an event that does not fit: {event:?}");
        self.events.push(event);
    }

    pub(super) fn step(&self, number: u32) -> Result<&StepState, Refusal> {
        find(&self.instance, number).ok_or(Refusal::NoStep)
    }

    /// A step that is open, or waits for one that was inserted before it.
    pub(super) fn unfinished(&self, number: u32) -> Result<&StepState, Refusal> {
        let step = self.step(number)?;
        self.view().unfinished(number)?;
        Ok(step)
    }

    pub(super) fn open(&self, number: u32) -> Result<&StepState, Refusal> {
        let step = self.step(number)?;
        if step.status == StepStatus::Open {
            return Ok(step);
        }
        Err(Refusal::NotOpen(step.status))
    }

    /// Whoever is excluded commands nothing.
    fn may_command(&self, command: &Command) -> Result<(), Refusal> {
        if matches!(command, Command::Look | Command::Fire { .. }) {
            return Ok(());
        }
        self.view().not_excluded()
    }

    pub(super) fn command(&mut self, command: &Command) -> Result<(), Refusal> {
        self.may_command(command)?;
        match command {
            Command::Start { .. } => Err(Refusal::Begun),
            Command::Claim { step } => self.claim(*step),
            Command::Release { step } => self.release(*step),
            Command::Complete {
                step,
                outcome,
                fields,
                note,
                seen,
                documents,
            } => self.complete(&super::take::Completion {
                step: *step,
                outcome,
                fields,
                note: note.as_deref(),
                seen: seen.as_deref(),
                documents,
            }),
            Command::Return { step, to, reason } => self.send_back(*step, to, reason),
            Command::Skip { step, reason } => self.skip(*step, reason),
            Command::Delegate { step, to, reason } => self.delegate(*step, to, reason.as_deref()),
            Command::Insert {
                step,
                kind,
                to,
                text,
                due,
                holds,
            } => self.insert(&super::insert::Insertion {
                step: *step,
                kind: *kind,
                to,
                text: text.as_deref(),
                due: *due,
                holds: *holds,
            }),
            Command::Beside { state } => self.begin_beside(state),
            Command::Withdraw { step, reason } => self.withdraw(*step, reason),
            Command::Hold {
                step,
                until,
                reason,
            } => self.hold(*step, *until, reason.as_deref()),
            Command::Resume { step } => self.resume(*step),
            Command::Extend {
                step,
                until,
                reason,
            } => self.extend(*step, *until, reason),
            Command::Exclude { person, reason } => self.exclude(person, reason),
            Command::Editorial { document } => self.editorial(document),
            // That was done before the command was looked at.
            Command::Look => Ok(()),
            Command::Event {
                event,
                outcome,
                fields,
            } => self.happened(event, outcome, fields),
            Command::Effected {
                step,
                outcome,
                fields,
                note,
            } => self.effected(*step, outcome, fields, note.as_deref()),
            Command::Fire { timer } => self.fire(timer),
            Command::Cancel { reason } => self.cancel(reason),
            Command::Migrate { states, reason } => self.migrate(states, reason),
        }
    }
}

pub(super) fn find(instance: &Instance, number: u32) -> Option<&StepState> {
    instance.steps.iter().find(|step| step.number == number)
}

/// Whether a step is still to be done.
pub(super) const fn is_unfinished(step: &StepState) -> bool {
    matches!(
        step.status,
        StepStatus::Future | StepStatus::Open | StepStatus::Waiting
    )
}
