//! Side ways: steps that run beside what is open in the state in which the workflow is, one after another. Nothing
//! waits for them; they are asked for no more where the workflow comes to a state beside which they do not run.

use crate::definition::{Order, State};
use crate::instance::{Refusal, StepState, StepStatus};

use super::enter::is_awaited;
use super::run::{Run, is_unfinished};
use super::view::View;

impl<'a> View<'a> {
    /// The side way to which a step belongs, be it that it was inserted there.
    pub(super) fn aside(self, step: &StepState) -> Option<&'a State> {
        let state = self.definition.state(&step.state)?;
        state.beside.is_some().then_some(state)
    }

    /// Whether a step is asked for beside a state: it belongs to a side way that runs there.
    pub(super) fn runs_beside(self, step: &StepState, state: &State) -> bool {
        let beside = self.aside(step).and_then(|aside| aside.beside.as_ref());
        beside.is_some_and(|beside| beside.states.contains(&state.id))
    }

    /// Whether whoever acts may begin a side way now: once at a time.
    pub(super) fn may_begin_beside(self, id: &str) -> Result<&'a State, Refusal> {
        if self.instance.ended.is_some() {
            return Err(Refusal::Ended);
        }
        self.not_excluded()?;
        let state = self.definition.state(id).ok_or(Refusal::NotProvided)?;
        let beside = state.beside.as_ref().ok_or(Refusal::NotProvided)?;
        if !self.is_one_of(&beside.by) {
            return Err(Refusal::NotAssigned);
        }
        let mut steps = self.instance.steps.iter();
        let runs =
            steps.any(|step| step.state == state.id && is_unfinished(step) && is_awaited(step));
        let fits = beside.states.contains(&self.instance.state);
        if runs || !fits || !self.holds(beside.when.as_ref()) {
            return Err(Refusal::NotProvided);
        }
        Ok(state)
    }
}

impl Run<'_> {
    pub(super) fn begin_beside(&mut self, id: &str) -> Result<(), Refusal> {
        self.view().may_begin_beside(id)?;
        self.run_beside(id)
    }

    /// Its steps come to be, in a round of their own, and the first is opened.
    fn run_beside(&mut self, id: &str) -> Result<(), Refusal> {
        let state = self.definition.state(id).ok_or(Refusal::NoState)?;
        let round = self.next_round();
        self.make_all(state, round)?;
        self.open_next(Order::Sequence, round)?;
        Ok(())
    }

    /// It begins again: one of its steps leads back to its beginning, or a mark of it is void.
    pub(super) fn repeat_beside(&mut self, id: &str) -> Result<(), Refusal> {
        let steps = self.instance.steps.iter();
        let open = steps.filter(|step| step.state == id && is_unfinished(step));
        let numbers: Vec<u32> = open.map(|step| step.number).collect();
        for number in numbers {
            self.drop_step(number);
        }
        let beside = self
            .definition
            .state(id)
            .and_then(|one| one.beside.as_ref());
        if beside.is_some_and(|one| one.states.contains(&self.instance.state)) {
            return self.run_beside(id);
        }
        Ok(())
    }

    /// A step of a side way is finished: the next one is opened, if there is any.
    pub(super) fn go_on_beside(&mut self, round: u32) -> Result<(), Refusal> {
        self.open_next(Order::Sequence, round)?;
        Ok(())
    }

    /// A round that no step has had.
    pub(super) fn next_round(&self) -> u32 {
        latest_round(self.instance.round, &self.instance.steps).saturating_add(1)
    }
}

/// The latest round by now: that of the state, or of a side way that began since.
pub(super) fn latest_round(round: u32, steps: &[StepState]) -> u32 {
    let rounds = steps.iter().map(|step| step.round);
    rounds.max().map_or(round, |latest| latest.max(round))
}

/// Whether a step is one whose turn it is.
pub(super) const fn is_busy(step: &StepState) -> bool {
    matches!(step.status, StepStatus::Open | StepStatus::Waiting)
}
