//! Each rule of docs/workflows.md, and then all of them at once.

mod anything;
mod beside;
mod bound;
mod build;
mod invent;
mod judge;
mod play;
mod random;
mod slip;
mod take;
mod time;
mod ways;

use std::collections::BTreeMap;

use build::Town;

use crate::calendar::Calendar;
use crate::definition::Definition;
use crate::engine::{Setting, apply, decide, may_take, replay};
use crate::instance::{
    Actor, Command, Day, EffectDue, Event, Id, Instance, Instant, Refusal, StepState, StepStatus,
    Value,
};

/// A case that runs by a definition.
struct Case {
    definition: Definition,
    calendar: Calendar,
    town: Town,
    now: Instant,
    instance: Option<Instance>,
    events: Vec<Event>,
}

impl Case {
    /// It is the morning of Monday, 2 March 2026.
    fn new(definition: Definition) -> Self {
        let calendar = Calendar::new([]);
        let now = calendar.at(Day::of(2026, 3, 2).unwrap(), 9);
        Self {
            definition,
            calendar,
            town: Town::default(),
            now,
            instance: None,
            events: Vec::new(),
        }
    }

    fn setting<'a>(&'a self, actor: &'a Actor) -> Setting<'a> {
        Setting {
            now: self.now,
            actor,
            calendar: &self.calendar,
            directory: &self.town,
        }
    }

    fn decide(&self, actor: &Actor, command: &Command) -> Result<Vec<Event>, Refusal> {
        let instance = self.instance.as_ref();
        decide(&self.definition, instance, command, self.setting(actor))
    }

    /// What comes of a command happens, in the town as well.
    fn try_to(&mut self, actor: &Actor, command: &Command) -> Result<Vec<Event>, Refusal> {
        let events = self.decide(actor, command)?;
        for event in &events {
            self.instance = apply(self.instance.take(), event);
            assert!(self.instance.is_some(), "does not fit: {event:?}");
            self.events.push(event.clone());
            if let Event::Effect { effect, .. } = event {
                self.hear(effect);
            }
        }
        Ok(events)
    }

    fn hear(&mut self, effect: &EffectDue) {
        if let EffectDue::Freeze { version } = effect
            && let Some(known) = self.town.documents.get_mut(&version.document)
        {
            assert_eq!(known.sha512, version.sha512);
            known.frozen = true;
        }
        if let EffectDue::Register { document } = effect
            && let Some(known) = self.town.documents.get_mut(document)
        {
            known.registered = true;
        }
        // Another person has approved it.
        if let EffectDue::Destroy { document } = effect
            && let Some(known) = self.town.documents.get_mut(document)
        {
            known.destroyed = true;
        }
    }

    #[track_caller]
    fn does(&mut self, actor: &Actor, command: Command) -> Vec<Event> {
        let events = match self.try_to(actor, &command) {
            Ok(events) => events,
            Err(refusal) => panic!("{command:?} was refused: {refusal:?}"),
        };
        assert_eq!(replay(&self.events), self.instance);
        events
    }

    #[track_caller]
    fn cannot(&self, actor: &Actor, command: Command, why: Refusal) {
        assert_eq!(self.decide(actor, &command), Err(why), "{command:?}");
    }

    fn may(&self, actor: &Actor, step: u32) -> Result<(), Refusal> {
        may_take(&self.definition, self.instance(), step, self.setting(actor))
    }

    fn instance(&self) -> &Instance {
        self.instance.as_ref().unwrap()
    }

    fn state(&self) -> &str {
        &self.instance().state
    }

    fn step(&self, number: u32) -> &StepState {
        let mut steps = self.instance().steps.iter();
        steps.find(|step| step.number == number).unwrap()
    }

    fn status(&self, number: u32) -> StepStatus {
        self.step(number).status
    }

    /// The number of the open step with a key.
    #[track_caller]
    fn open(&self, key: &str) -> u32 {
        let mut steps = self.instance().steps.iter();
        let open = steps.find(|step| step.key == key && step.status == StepStatus::Open);
        match open {
            Some(step) => step.number,
            None => panic!("{key} is not open in {}", self.state()),
        }
    }

    #[track_caller]
    fn start(&mut self, actor: &Actor, fields: &[(&str, Value)]) {
        let fields = build::known(fields);
        self.does(actor, Command::Start { fields });
    }

    /// An open step is done with an outcome. Whoever signs has seen what is in force.
    #[track_caller]
    fn done(&mut self, actor: &Actor, key: &str, outcome: &str) -> Vec<Event> {
        let command = self.complete(key, outcome);
        self.does(actor, command)
    }

    #[track_caller]
    fn complete(&self, key: &str, outcome: &str) -> Command {
        self.answer(key, outcome, &[])
    }

    #[track_caller]
    fn answer(&self, key: &str, outcome: &str, fields: &[(&str, Value)]) -> Command {
        let step = self.open(key);
        complete(step, outcome, fields, self.town.sha("doc"))
    }

    fn goes_to(&mut self, year: i32, month: u8, day: u8, hour: u8) {
        self.now = self.calendar.at(Day::of(year, month, day).unwrap(), hour);
    }
}

fn complete(step: u32, outcome: &str, fields: &[(&str, Value)], seen: Option<String>) -> Command {
    Command::Complete {
        step,
        outcome: outcome.to_owned(),
        fields: build::known(fields),
        note: Some("weil".to_owned()),
        seen,
        documents: Vec::new(),
    }
}

fn none() -> BTreeMap<String, Value> {
    BTreeMap::new()
}

fn document(name: &str) -> Value {
    Value::Document(Id(name.to_owned()))
}

fn due_effects(events: &[Event]) -> Vec<&EffectDue> {
    let mut found = Vec::new();
    for event in events {
        if let Event::Effect { effect, .. } = event {
            found.push(effect);
        }
    }
    found
}
