//! A definition is walked with a clock that is only imagined: who would do what, when, and where it ends.
//!
//! Everybody who is asked is there, may order whatever it costs, and takes his step on the next working day.
//! Nothing here is more than that: whether the persons exist is not known to a definition.

mod choice;
mod explore;
mod fill;
mod german;
mod slip;
mod town;

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::Calendar;
use crate::definition::{Definition, Field, Join, Source, StepKind};
use crate::engine::{self, Setting};
use crate::instance::{
    Actor, Command, Event, Instance, Instant, Refusal, StepState, StepStatus, TimerKind, Value,
};

pub use choice::Choice;
pub use explore::{Finding, explore};
pub use fill::said;
pub use slip::slip;
use town::Town;

/// How many commands a simulated instance may take.
pub const COMMANDS_MAX: usize = 400;
/// At which hour of a working day a step is taken.
const HOUR: u8 = 10;

/// Where it goes no further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeadEnd {
    /// It cannot begin.
    #[error("it cannot begin: {0}")]
    Start(Refusal),
    /// Nobody may take a step.
    #[error("nobody may take step {step} ({key}): {why}")]
    Nobody {
        /// Its number.
        step: u32,
        /// Its key.
        key: String,
        /// Why the last one who was asked may not.
        why: Refusal,
    },
    /// No outcome of a step is possible.
    #[error("step {step} ({key}) cannot be done: {why}")]
    NoWay {
        /// Its number.
        step: u32,
        /// Its key.
        key: String,
        /// Why not.
        why: Refusal,
    },
    /// It comes to no end.
    #[error("it comes to no end within {COMMANDS_MAX} commands")]
    Endless,
    /// Nothing is open, and it has not ended.
    #[error("nothing is open in state {0}, and it has not ended")]
    Idle(String),
}

/// A walk through a definition.
#[derive(Clone, Debug)]
pub struct Simulation<'a> {
    definition: &'a Definition,
    calendar: &'a Calendar,
    now: Instant,
    town: Town,
    script: Vec<(String, Choice)>,
    fields: BTreeMap<String, Value>,
    first: usize,
    formed: BTreeSet<u32>,
    instance: Option<Instance>,
    events: Vec<Event>,
    commands: usize,
}

impl<'a> Simulation<'a> {
    /// A walk that begins at an instant.
    #[must_use]
    pub fn new(definition: &'a Definition, calendar: &'a Calendar, start: Instant) -> Self {
        Self {
            definition,
            calendar,
            now: start,
            town: Town::default(),
            script: Vec::new(),
            fields: BTreeMap::new(),
            first: 0,
            formed: BTreeSet::new(),
            instance: None,
            events: Vec::new(),
            commands: 0,
        }
    }

    /// What is done with a step when it comes first. Said again: when it comes again.
    #[must_use]
    pub fn choosing(mut self, step: impl Into<String>, choice: Choice) -> Self {
        self.script.push((step.into(), choice));
        self
    }

    /// What is known when it begins, and what is answered where it is asked. What else must be known, or what
    /// the case and the document would tell, is made up.
    #[must_use]
    pub fn knowing(mut self, field: impl Into<String>, value: Value) -> Self {
        self.fields.insert(field.into(), value);
        self
    }

    /// What is made up is another way of filling the fields: 0 to 23.
    #[must_use]
    pub const fn varying(mut self, way: usize) -> Self {
        self.first = way;
        self
    }

    /// Walks to the end.
    ///
    /// # Errors
    ///
    /// Where it goes no further. What came before it stands in [`Simulation::events`].
    pub fn run(&mut self) -> Result<(), DeadEnd> {
        self.begin()?;
        while self
            .instance
            .as_ref()
            .is_some_and(|one| one.ended.is_none())
        {
            self.go_on()?;
        }
        Ok(())
    }

    /// What has happened.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The instance as it is by now.
    #[must_use]
    pub const fn instance(&self) -> Option<&Instance> {
        self.instance.as_ref()
    }

    /// How many commands that took.
    #[must_use]
    pub const fn commands(&self) -> usize {
        self.commands
    }

    /// The routing slip as text, in German.
    #[must_use]
    pub fn slip(&self) -> String {
        self.instance
            .as_ref()
            .map(|instance| slip(self.definition, instance, self.calendar))
            .unwrap_or_default()
    }

    fn begin(&mut self) -> Result<(), DeadEnd> {
        let mut fields = self.fields.clone();
        for value in fields.values() {
            self.town.learn(value);
        }
        // What the case and the document tell is known as well.
        // Who begins and on which day says the beginning itself.
        let told = |field: &&Field| match field.source {
            Some(Source::Initiator | Source::Today) => false,
            Some(_) => true,
            None => field.required,
        };
        for field in self.definition.fields.iter().filter(told) {
            if !fields.contains_key(&field.key) {
                let desk = fill::Desk {
                    definition: self.definition,
                    known: None,
                    said: &self.fields,
                    now: self.now,
                    calendar: self.calendar,
                };
                let value = desk.value(field, self.first, &mut self.town);
                fields.insert(field.key.clone(), value);
            }
        }
        let starters = town::starters(self.definition);
        let command = Command::Start { fields };
        let mut why = Refusal::NotAssigned;
        for actor in starters {
            match self.command(&actor, &command) {
                Ok(()) => return Ok(()),
                Err(refusal) => why = refusal,
            }
        }
        Err(DeadEnd::Start(why))
    }

    /// A command, and what comes of it.
    fn command(&mut self, actor: &Actor, command: &Command) -> Result<(), Refusal> {
        let setting = Setting {
            now: self.now,
            actor,
            calendar: self.calendar,
            directory: &self.town,
        };
        let instance = self.instance.as_ref();
        let events = engine::decide(self.definition, instance, command, setting)?;
        for event in events {
            self.town.hear(&event);
            self.instance = engine::apply(self.instance.take(), &event);
            self.events.push(event);
        }
        self.commands += 1;
        Ok(())
    }

    fn go_on(&mut self) -> Result<(), DeadEnd> {
        if self.commands >= COMMANDS_MAX {
            return Err(DeadEnd::Endless);
        }
        let Some(instance) = &self.instance else {
            return Ok(());
        };
        let mut open = instance
            .steps
            .iter()
            .filter(|step| step.status == StepStatus::Open);
        // Where one is enough, what somebody does is that one. What rests is taken last.
        let state = self.definition.state(&instance.state);
        let is_one_enough = state.is_some_and(|state| state.join == Join::Any);
        let is_said = |step: &&StepState| self.script.iter().any(|(key, _)| *key == step.key);
        let said = open.clone().find(is_said).filter(|_| is_one_enough);
        // What runs beside is done first: the others would leave it behind.
        let is_aside = |step: &&StepState| {
            let state = self.definition.state(&step.state);
            state.is_some_and(|state| state.beside.is_some())
        };
        let aside = open.clone().find(is_aside);
        let next = aside.or(said);
        let next = next.or_else(|| open.clone().find(|step| step.held_until.is_none()));
        let Some(step) = next.or_else(|| open.next()).cloned() else {
            return Err(DeadEnd::Idle(instance.state.clone()));
        };
        let is_scripted = |(key, _): &(String, Choice)| *key == step.key;
        let choice = self.script.iter().position(is_scripted);
        let choice = choice.map(|place| self.script.remove(place).1);
        if let Some(Choice::Beside(state)) = &choice {
            return self.begin_beside(&step, state);
        }
        self.wait(&step, choice.as_ref());
        // Time may have done it.
        if !self.is_open(step.number) {
            return Ok(());
        }
        self.form(&step);
        self.take(&step, choice.as_ref())
    }

    /// Whoever may begins a side way while a step is open, which comes after it.
    fn begin_beside(&mut self, step: &StepState, state: &str) -> Result<(), DeadEnd> {
        let command = Command::Beside {
            state: state.to_owned(),
        };
        let mut why = Refusal::NotProvided;
        for actor in town::starters_beside(self.definition, self.instance.as_ref(), state) {
            match self.command(&actor, &command) {
                Ok(()) => return Ok(()),
                Err(refusal) => why = refusal,
            }
        }
        Err(DeadEnd::NoWay {
            step: step.number,
            key: step.key.clone(),
            why,
        })
    }

    fn is_open(&self, number: u32) -> bool {
        let instance = self.instance.as_ref().filter(|one| one.ended.is_none());
        instance.is_some_and(|instance| {
            let mut steps = instance.steps.iter();
            steps.any(|step| step.number == number && step.status == StepStatus::Open)
        })
    }

    /// Time passes until somebody takes a step, and what is due by then fires in its order.
    fn wait(&mut self, step: &StepState, choice: Option<&Choice>) {
        let today = self.calendar.day_of(self.now);
        let mut until = self.calendar.at(self.calendar.plus_working(today, 1), HOUR);
        if step.kind == StepKind::System {
            until = self.now.plus_seconds(60);
        }
        if let Some(held) = step.held_until {
            let day = self.calendar.day_of(held);
            until = until.max(self.calendar.at(day, HOUR)).max(held);
        }
        if let Some(due) = &step.due {
            match choice {
                Some(Choice::Lapse) => {
                    until = due
                        .lapse_at
                        .as_ref()
                        .map_or(until, |(at, _)| (*at).max(until));
                }
                Some(Choice::Skip) => until = due.overdue_at.max(until),
                Some(Choice::Outcome(_) | Choice::Return(_) | Choice::Beside(_)) | None => {}
            }
        }
        self.pass(until, step.number, choice == Some(&Choice::Lapse));
    }

    /// The clock goes on, and what is due fires in its order. A step that is waited for is done before it would
    /// lapse, unless it is to.
    fn pass(&mut self, until: Instant, number: u32, lapses: bool) {
        let system = town::system();
        while let Some(timer) = self.due_by(until) {
            let is_lapse = timer.what == TimerKind::Lapse && timer.step == number;
            if is_lapse && !lapses {
                break;
            }
            self.now = self.now.max(timer.at);
            let command = Command::Fire { timer: timer.key };
            if self.command(&system, &command).is_err() || self.commands >= COMMANDS_MAX {
                break;
            }
        }
        if self.is_open(number) {
            self.now = self.now.max(until);
        }
    }

    fn due_by(&self, until: Instant) -> Option<crate::instance::Timer> {
        let timers = engine::timers(self.instance.as_ref()?);
        timers.into_iter().next().filter(|timer| timer.at <= until)
    }

    /// Somebody takes a step: the first of those who are asked that may.
    fn take(&mut self, step: &StepState, choice: Option<&Choice>) -> Result<(), DeadEnd> {
        let number = step.number;
        let mut why = Refusal::NotAssigned;
        if choice == Some(&Choice::Skip) {
            return self.skip(step);
        }
        let mut dead = None;
        for actor in town::takers(step) {
            let Some(instance) = &self.instance else {
                break;
            };
            let setting = Setting {
                now: self.now,
                actor: &actor,
                calendar: self.calendar,
                directory: &self.town,
            };
            match engine::may_take(self.definition, instance, number, setting) {
                Err(refusal) => why = refusal,
                Ok(()) => match self.end(&actor, step, choice) {
                    Ok(()) => return Ok(()),
                    Err(refusal) => dead = Some(refusal),
                },
            }
        }
        let key = step.key.clone();
        Err(match dead {
            Some(why) => DeadEnd::NoWay {
                step: number,
                key,
                why,
            },
            None => DeadEnd::Nobody {
                step: number,
                key,
                why,
            },
        })
    }

    fn skip(&mut self, step: &StepState) -> Result<(), DeadEnd> {
        let command = Command::Skip {
            step: step.number,
            reason: "Simulation".to_owned(),
        };
        let mut why = Refusal::NotProvided;
        let instance = self.instance.as_ref();
        for actor in town::skippers(self.definition, instance, &step.key) {
            match self.command(&actor, &command) {
                Ok(()) => return Ok(()),
                Err(refusal) => why = refusal,
            }
        }
        Err(DeadEnd::NoWay {
            step: step.number,
            key: step.key.clone(),
            why,
        })
    }

    /// The step ends by whoever may take it: as it was chosen, or by the first outcome that goes on, be it
    /// that its day must come first; or by one that goes back, or by one that drops the workflow.
    fn end(
        &mut self,
        actor: &Actor,
        step: &StepState,
        choice: Option<&Choice>,
    ) -> Result<(), Refusal> {
        if let Some(Choice::Return(to)) = choice {
            let command = Command::Return {
                step: step.number,
                to: to.clone(),
                reason: "Simulation".to_owned(),
            };
            return self.command(actor, &command);
        }
        let chosen = match choice {
            Some(Choice::Outcome(key)) => [vec![key.clone()], Vec::new(), Vec::new()],
            Some(Choice::Lapse | Choice::Skip | Choice::Return(_) | Choice::Beside(_)) | None => {
                fill::outcomes(self.definition, step)
            }
        };
        let mut why = Refusal::NoOutcome(Vec::new());
        for outcomes in chosen.iter().filter(|outcomes| !outcomes.is_empty()) {
            let Err(refusal) = self.one_of(actor, step, outcomes) else {
                return Ok(());
            };
            let later = matches!(refusal, Refusal::Requirement(_)) && self.wait_for_days(step);
            why = refusal;
            if later && self.is_open(step.number) {
                match self.one_of(actor, step, outcomes) {
                    Ok(()) => return Ok(()),
                    Err(refusal) => why = refusal,
                }
            }
            if !self.is_open(step.number) {
                // Time has done it meanwhile.
                return Ok(());
            }
        }
        Err(why)
    }

    /// The first of some outcomes that can be chosen.
    fn one_of(
        &mut self,
        actor: &Actor,
        step: &StepState,
        outcomes: &[String],
    ) -> Result<(), Refusal> {
        let mut unmet = None;
        let mut why = Refusal::NoOutcome(Vec::new());
        for outcome in outcomes {
            for variant in 0..fill::VARIANTS {
                let variant = (self.first + variant) % fill::VARIANTS;
                let command = self.ending(step, outcome, variant);
                match self.command(actor, &command) {
                    Ok(()) => return Ok(()),
                    Err(refusal @ Refusal::Requirement(_)) => unmet = Some(refusal),
                    // It may be that another answer opens it.
                    Err(refusal @ Refusal::NoOutcome(_)) => why = refusal,
                    Err(refusal) => {
                        why = refusal;
                        break;
                    }
                }
            }
        }
        Err(unmet.unwrap_or(why))
    }

    /// A requirement may want that a day has come: it is waited for the last one that is known. Says whether
    /// that was still to come.
    fn wait_for_days(&mut self, step: &StepState) -> bool {
        let fields = self
            .instance
            .iter()
            .flat_map(|instance| instance.fields.values());
        let days = fields.filter_map(|value| match value {
            Value::Day(day) => Some(*day),
            Value::YesNo(_)
            | Value::Number(_)
            | Value::Money(_)
            | Value::Text(_)
            | Value::Who(_)
            | Value::Whos(_)
            | Value::Document(_) => None,
        });
        let Some(last) = days.max() else {
            return false;
        };
        let until = self.calendar.at(self.calendar.plus_working(last, 1), HOUR);
        let is_to_come = until > self.now;
        if is_to_come {
            self.pass(until, step.number, false);
        }
        is_to_come
    }

    /// The system makes the form of a step that is a person's.
    fn form(&mut self, step: &StepState) {
        let definition = self.definition;
        let defined = definition.step(&step.key).map(|(_, defined)| defined);
        let form = defined.and_then(|defined| defined.form.as_ref());
        let Some(form) = form.filter(|_| step.kind != StepKind::System) else {
            return;
        };
        if !self.formed.insert(step.number) {
            return;
        }
        let document = self.town.document();
        if step.kind == StepKind::Counter {
            self.town.signed(&document);
        }
        let document = Value::Document(document);
        let command = Command::Effected {
            step: step.number,
            outcome: String::new(),
            fields: BTreeMap::from([(form.into.clone(), document)]),
            note: None,
        };
        // Where the field does not take it, whoever takes the step will say so.
        self.command(&town::system(), &command).ok();
    }

    fn ending(&mut self, step: &StepState, outcome: &str, variant: usize) -> Command {
        let desk = fill::Desk {
            definition: self.definition,
            known: self.instance.as_ref().map(|instance| &instance.fields),
            said: &self.fields,
            now: self.now,
            calendar: self.calendar,
        };
        let fields = fill::answers(&desk, step, outcome, variant, &mut self.town);
        let note = Some("Simulation".to_owned());
        let outcome = outcome.to_owned();
        let defined = self.definition.step(&step.key).map(|(_, defined)| defined);
        match step.kind {
            StepKind::System => Command::Effected {
                step: step.number,
                outcome,
                fields,
                note,
            },
            StepKind::Event => Command::Event {
                event: defined
                    .and_then(|one| one.event.clone())
                    .unwrap_or_default(),
                outcome,
                fields,
            },
            StepKind::Task
            | StepKind::Seen
            | StepKind::Information
            | StepKind::Consult
            | StepKind::Statement
            | StepKind::CoSign
            | StepKind::FinalSign
            | StepKind::Attest
            | StepKind::Order
            | StepKind::Approve
            | StepKind::Identity
            | StepKind::Counter
            | StepKind::Resubmit
            | StepKind::Dispatch => Command::Complete {
                step: step.number,
                outcome,
                seen: self.seen(step, &fields),
                fields,
                note,
                documents: Vec::new(),
            },
        }
    }

    /// Whoever signs has seen what is in force, be it what he names himself.
    fn seen(&self, step: &StepState, fields: &BTreeMap<String, Value>) -> Option<String> {
        let key = step.binds.as_ref()?;
        let known = self.instance.as_ref()?.fields.get(key);
        match fields.get(key).or(known) {
            Some(Value::Document(id)) => self.town.sha512(id),
            _ => None,
        }
    }
}
