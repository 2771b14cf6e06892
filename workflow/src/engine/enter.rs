//! States are entered and left, steps come to be and are opened.

use crate::definition::{Effect, Join, Order, State, Step, StepKind};
use crate::instance::{
    Assigned, Day, DueState, EffectDue, Event, Refusal, StepState, StepStatus, Value, WorkDue,
};

use super::run::{EMPTY_STATES_MAX, Run, STEPS_MAX, is_unfinished};
use super::view::View;
use super::who::system;

/// Whether a state waits for a step: for each of its own, and for what was inserted, but for what only tells
/// somebody something. Such a step outlives its state.
pub(super) const fn is_awaited(step: &StepState) -> bool {
    step.directive.is_none() || !matches!(step.kind, StepKind::Information | StepKind::Seen)
}

impl View<'_> {
    pub(super) fn day_in(self, field: &str) -> Option<Day> {
        match self.instance.fields.get(field) {
            Some(Value::Day(day)) => Some(*day),
            _ => None,
        }
    }

    /// For whom a step is one of several that a field names: his manager is meant by `manager_of = "each"`.
    pub(super) fn each_of(self, step: &StepState) -> Option<&Assigned> {
        let is_one_of = self.defined(step).is_some_and(|step| step.each.is_some());
        step.assigned.first().filter(|_| is_one_of)
    }

    fn due(self, step: &StepState) -> Option<DueState> {
        let defined = self.defined(step);
        let Some(due) = defined.and_then(|step| step.due.as_ref()) else {
            // Of an inserted step it was said when it was inserted.
            return step.due.clone();
        };
        let each = self.each_of(step);
        self.setting.calendar.due(
            due,
            self.setting.now,
            |field| self.day_in(field),
            |field| {
                let found = self.definition.field(field);
                found.map_or_else(|| field.to_owned(), |found| found.label.de.clone())
            },
            |to| self.asked(to, each),
        )
    }

    /// Who is asked now that it is opened; in a sequence that was not known before.
    fn asked_now(self, step: &StepState) -> Vec<Assigned> {
        match self.defined(step) {
            Some(defined) if is_for_system(defined.kind) => vec![Assigned::System],
            Some(defined) if defined.each.is_none() => self.asked_for(defined, None),
            _ => {
                let mut asked = step.assigned.clone();
                if self.is_left_alone(step) {
                    asked.push(super::who::head());
                }
                asked
            }
        }
    }
}

const fn is_for_system(kind: StepKind) -> bool {
    matches!(kind, StepKind::Event | StepKind::System)
}

impl Run<'_> {
    /// Enters a state, and those after it as long as nothing is asked for.
    pub(super) fn enter(&mut self, to: &str) -> Result<(), Refusal> {
        let definition = self.definition;
        let mut to = to;
        for _ in 0..=EMPTY_STATES_MAX {
            let state = definition.state(to).ok_or(Refusal::NoState)?;
            self.leave(Some(state));
            let (round, at) = (self.next_round(), self.now());
            self.emit(Event::Entered {
                state: state.id.clone(),
                round,
                at,
            });
            self.effects(&state.on_enter)?;
            if let Some(how) = state.end {
                self.emit(Event::Ended {
                    how,
                    by: None,
                    reason: None,
                    at,
                });
                return Ok(());
            }
            self.make_all(state, round)?;
            if self.open_next(state.order, round)? {
                return Ok(());
            }
            to = self.exit(state)?;
        }
        Err(Refusal::TooMany)
    }

    /// What is open in the state is asked for no more; at the end nothing is. What runs beside it goes on, unless it
    /// does not run beside the next one.
    fn leave(&mut self, to: Option<&State>) {
        let view = self.view();
        let ends = to.is_some_and(|to| to.end.is_some());
        let is_over = |step: &StepState| match (view.aside(step), to) {
            (Some(_), Some(to)) => is_awaited(step) && !view.runs_beside(step, to),
            (Some(_), None) => false,
            (None, _) => is_awaited(step),
        };
        let steps = self.instance.steps.iter();
        let open = steps.filter(|step| is_unfinished(step) && (ends || is_over(step)));
        let numbers: Vec<u32> = open.map(|step| step.number).collect();
        for number in &numbers {
            self.drop_step(*number);
        }
        // An information outlives its state: it waits for nothing that is asked for no more.
        for number in numbers {
            self.release_holder(number);
        }
    }

    /// It is not known yet where it goes.
    pub(super) fn leave_state(&mut self) {
        self.leave(None);
    }

    /// Nothing is asked for any more.
    pub(super) fn leave_wholly(&mut self) {
        let steps = self.instance.steps.iter();
        let open = steps.filter(|step| is_unfinished(step));
        let numbers: Vec<u32> = open.map(|step| step.number).collect();
        for number in numbers {
            self.drop_step(number);
        }
    }

    pub(super) fn drop_step(&mut self, step: u32) {
        let at = self.now();
        self.emit(Event::Withdrawn {
            step,
            by: None,
            reason: None,
            at,
        });
    }

    fn exit<'d>(&self, state: &'d State) -> Result<&'d str, Refusal> {
        let view = self.view();
        let mut exits = state.exits.iter();
        exits
            .find(|exit| view.holds(exit.when.as_ref()))
            .map(|exit| exit.to.as_str())
            .ok_or_else(|| Refusal::Stuck(state.id.clone()))
    }

    /// All that a state asks for, in this round.
    pub(super) fn make_all(&mut self, state: &State, round: u32) -> Result<(), Refusal> {
        for step in &state.steps {
            if !self.view().holds(step.when.as_ref()) {
                continue;
            }
            match &step.each {
                None => {
                    let asked = if is_for_system(step.kind) {
                        vec![Assigned::System]
                    } else {
                        // As far as that is known: when its turn comes it is looked at again.
                        self.view().known(&step.assignee, None)
                    };
                    self.make((state, round), step, asked)?;
                }
                Some(field) => {
                    for member in self.view().whos(field) {
                        let asked = self.view().asked_for(step, Some(&member));
                        self.make((state, round), step, asked)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn make(
        &mut self,
        (state, round): (&State, u32),
        step: &Step,
        assigned: Vec<Assigned>,
    ) -> Result<(), Refusal> {
        let number = self.next_number()?;
        let kind = step.kind;
        let made = StepState {
            number,
            key: step.id.clone(),
            state: state.id.clone(),
            round,
            kind,
            label: step.label.clone(),
            mark: step.mark.clone().unwrap_or_else(|| kind.mark().to_owned()),
            binds: step.binds.clone(),
            assigned,
            claimed: None,
            status: StepStatus::Future,
            directive: None,
            opened_at: None,
            due: None,
            held_until: None,
            done: None,
            fired: std::collections::BTreeSet::new(),
        };
        self.place(made, None);
        Ok(())
    }

    pub(super) fn place(&mut self, step: StepState, before: Option<u32>) {
        let at = self.now();
        self.emit(Event::StepMade {
            step: Box::new(step),
            before,
            at,
        });
    }

    pub(super) fn next_number(&self) -> Result<u32, Refusal> {
        let count = self.instance.steps.len();
        if count >= STEPS_MAX {
            return Err(Refusal::TooMany);
        }
        u32::try_from(count + 1).ok().ok_or(Refusal::TooMany)
    }

    /// Opens what can be opened now of a round, and says whether it waits for anything.
    pub(super) fn open_next(&mut self, order: Order, round: u32) -> Result<bool, Refusal> {
        loop {
            let mine = || self.of_round(round);
            let is_busy = mine().any(|step| is_awaited(step) && super::beside::is_busy(step));
            if is_busy && order == Order::Sequence {
                return Ok(true);
            }
            let next = mine().find(|step| step.status == StepStatus::Future);
            let Some(next) = next.map(|step| step.number) else {
                return Ok(is_busy);
            };
            self.open_step(next)?;
        }
    }

    /// The steps of an entry of a state, in the order of the routing slip.
    fn of_round(&self, round: u32) -> impl Iterator<Item = &StepState> {
        self.instance
            .steps
            .iter()
            .filter(move |step| step.round == round)
    }

    pub(super) fn open_step(&mut self, number: u32) -> Result<(), Refusal> {
        let at = self.now();
        let view = self.view();
        let step = view.step(number)?;
        let asked = view.asked_now(step);
        let due = view.due(step);
        let work = view.work(step)?;
        let rests = match (&due, step.kind) {
            (Some(due), StepKind::Resubmit) => Some(self.setting.calendar.start_of(due.on)),
            _ => None,
        };
        let assigned = (asked != step.assigned).then_some(asked);
        self.emit(Event::StepOpened {
            step: number,
            assigned,
            due,
            at,
        });
        if let Some(until) = rests.filter(|until| *until > at) {
            self.emit(Event::Held {
                step: number,
                until,
                by: system(),
                reason: None,
                at,
            });
        }
        for work in work {
            let effect = EffectDue::Work { step: number, work };
            self.emit(Event::Effect { effect, at });
        }
        Ok(())
    }

    /// A step was finished without going elsewhere: whoever waited for it waits no more, the next one is
    /// opened, or the state is left.
    pub(super) fn advance(&mut self, finished: u32) -> Result<(), Refusal> {
        self.release_holder(finished);
        let step = self.step(finished)?;
        let round = step.round;
        if self.view().aside(step).is_some() {
            return self.go_on_beside(round);
        }
        if round != self.instance.round {
            // An information from a state that was left long ago.
            return Ok(());
        }
        let state = self.view().state()?;
        let state = self.definition.state(&state.id).ok_or(Refusal::NoState)?;
        let is_enough = state.join == Join::Any
            && self
                .of_round(round)
                .any(|step| step.directive.is_none() && step.status == StepStatus::Done);
        if !is_enough && self.open_next(state.order, round)? {
            return Ok(());
        }
        let to = self.exit(state)?;
        self.enter(to)
    }

    /// The step that waited for an inserted one is open again, unless it waits for more.
    fn release_holder(&mut self, finished: u32) {
        let find = |number| super::run::find(&self.instance, number);
        let directive = find(finished).and_then(|step| step.directive.as_ref());
        let holder = directive.and_then(|directive| directive.holds);
        let Some(waits) = holder.and_then(find) else {
            return;
        };
        let holder = waits.number;
        let holds = |step: &StepState| {
            is_unfinished(step)
                && step
                    .directive
                    .as_ref()
                    .and_then(|directive| directive.holds)
                    == Some(holder)
        };
        if waits.status != StepStatus::Waiting || self.instance.steps.iter().any(holds) {
            return;
        }
        let due = waits.due.clone();
        let at = self.now();
        self.emit(Event::StepOpened {
            step: holder,
            assigned: None,
            due,
            at,
        });
    }

    /// What was inserted before a step that is finished otherwise is asked for no more; and what was inserted
    /// before that.
    pub(super) fn drop_inserted(&mut self, finished: u32) {
        let mut holders = vec![finished];
        while let Some(holder) = holders.pop() {
            let holds = |step: &&StepState| {
                is_unfinished(step)
                    && step
                        .directive
                        .as_ref()
                        .and_then(|directive| directive.holds)
                        == Some(holder)
            };
            let steps = self.instance.steps.iter().filter(holds);
            let numbers: Vec<u32> = steps.map(|step| step.number).collect();
            for number in numbers {
                self.drop_step(number);
                holders.push(number);
            }
        }
    }
}

impl View<'_> {
    /// What the system has to do for a step that is opened.
    fn work(self, step: &StepState) -> Result<Vec<WorkDue>, Refusal> {
        let Some(defined) = self.defined(step) else {
            return Ok(Vec::new());
        };
        let mut work = Vec::new();
        if let Some(form) = &defined.form {
            work.push(WorkDue::Form {
                form: form.form.clone(),
                into: form.into.clone(),
            });
        }
        match &defined.effect {
            None => {}
            Some(Effect::Seal { document }) => {
                let id = self.document_of(document).ok_or(Refusal::NoDocument)?;
                work.push(WorkDue::Seal {
                    document: id.clone(),
                });
            }
            Some(Effect::Form { form, into }) => work.push(WorkDue::Form {
                form: form.clone(),
                into: into.clone(),
            }),
            Some(Effect::Export { to }) => work.push(WorkDue::Export { to: to.clone() }),
            Some(
                Effect::Register { .. }
                | Effect::Freeze { .. }
                | Effect::Dispatch { .. }
                | Effect::Destroy { .. }
                | Effect::CloseCase
                | Effect::CloseFile
                | Effect::MoveTo { .. }
                | Effect::OpenCase { .. }
                | Effect::Exclude { .. }
                | Effect::Set { .. }
                | Effect::Notify { .. },
            ) => return Err(Refusal::NotProvided),
        }
        Ok(work)
    }
}

impl StepKind {
    /// The mark that a step of this kind leaves, as it is written in a definition.
    #[must_use]
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Seen => "seen",
            Self::Information => "information",
            Self::Consult => "consult",
            Self::Statement => "statement",
            Self::CoSign => "co_sign",
            Self::FinalSign => "final_sign",
            Self::Attest => "attest",
            Self::Order => "order",
            Self::Approve => "approve",
            Self::Identity => "identity",
            Self::Counter => "counter",
            Self::Resubmit => "resubmit",
            Self::Dispatch => "dispatch",
            Self::Event => "event",
            Self::System => "system",
        }
    }

    /// What a step of this kind is called that somebody inserted.
    pub(super) const fn german(self) -> &'static str {
        match self {
            Self::Task => "zur weiteren Veranlassung",
            Self::Seen => "Sichtvermerk",
            Self::Information => "zur Kenntnis",
            Self::Consult => "Rücksprache",
            Self::Statement => "Stellungnahme",
            Self::CoSign => "Mitzeichnung",
            Self::FinalSign => "Schlusszeichnung",
            Self::Attest => "Feststellung",
            Self::Order => "Anordnung",
            Self::Approve => "Genehmigung",
            Self::Identity => "Identitätsprüfung",
            Self::Counter => "Unterschrift am Schalter",
            Self::Resubmit => "Wiedervorlage",
            Self::Dispatch => "Absendung",
            Self::Event => "Ereignis",
            Self::System => "System",
        }
    }
}
