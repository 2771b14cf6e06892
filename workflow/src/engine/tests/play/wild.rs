//! What else people ask: what can be done besides, what nobody should ask, and anything at all after the end.

use std::collections::BTreeMap;

use super::{Dice, PEOPLE, Play, doc};
use crate::definition::StepKind;
use crate::engine::tests::build::{id, machine};
use crate::engine::{apply, timers};
use crate::instance::{Actor, Command, Id, Refusal, StepState, Value};

impl Play {
    /// What else can be done with a step, or with the whole.
    pub(super) fn otherwise(&self, dice: &mut Dice) -> Command {
        let mut steps = self.open();
        if steps.is_empty() || dice.once_in(5) {
            steps.clone_from(&self.case.instance().steps);
        }
        if steps.is_empty() {
            // It has ended before anything was asked for.
            return Command::Look;
        }
        let step = dice.pick(&steps).clone();
        let number = step.number;
        let reason = || "weil".to_owned();
        let until = self.day(dice);
        match dice.below(16) {
            0 => Command::Claim { step: number },
            1 => Command::Release { step: number },
            2 => {
                let states = self.defined(&step).map(|one| one.return_to);
                let states = states.filter(|states| !states.is_empty());
                Command::Return {
                    step: number,
                    to: states.map_or_else(String::new, |all| dice.pick(&all).clone()),
                    reason: reason(),
                }
            }
            3 => Command::Skip {
                step: number,
                reason: reason(),
            },
            4 => Command::Delegate {
                step: number,
                to: self.who(dice),
                reason: None,
            },
            5 | 6 => self.insertion(&step, dice),
            7 => Command::Withdraw {
                step: number,
                reason: reason(),
            },
            8 => Command::Hold {
                step: number,
                until,
                reason: None,
            },
            9 => Command::Resume { step: number },
            10 => Command::Extend {
                step: number,
                until,
                reason: reason(),
            },
            11 if dice.once_in(3) => Command::Exclude {
                person: id(&format!("p{}", dice.below(PEOPLE))),
                reason: reason(),
            },
            12 | 14 => Command::Editorial {
                document: self.named(dice),
            },
            13 if dice.once_in(12) => Command::Cancel { reason: reason() },
            _ => Command::Look,
        }
    }

    /// A document, if possible one that a field names.
    fn named(&self, dice: &mut Dice) -> Id {
        let fields = self.case.instance().fields.values();
        let named = fields.filter_map(|value| match value {
            Value::Document(document) => Some(document.clone()),
            _ => None,
        });
        let named: Vec<Id> = named.collect();
        if named.is_empty() || dice.once_in(4) {
            return doc(dice);
        }
        dice.pick(&named).clone()
    }

    fn insertion(&self, step: &StepState, dice: &mut Dice) -> Command {
        let state = self.case.definition.state(&step.state);
        let kinds = state.map(|state| state.adhoc.clone());
        let kinds = kinds.filter(|kinds| !kinds.is_empty() && !dice.once_in(8));
        let kinds = kinds.unwrap_or_else(|| {
            vec![
                StepKind::FinalSign,
                StepKind::Order,
                StepKind::CoSign,
                StepKind::Task,
            ]
        });
        Command::Insert {
            step: step.number,
            kind: *dice.pick(&kinds),
            to: (0..=dice.below(2)).map(|_| self.who(dice)).collect(),
            text: None,
            due: dice.once_in(3).then(|| self.day(dice)),
            holds: dice.once_in(3),
        }
    }

    /// What nobody should ask, by whomever.
    pub(super) fn wild(&self, dice: &mut Dice) -> (Actor, Command) {
        let mut by = dice.pick(&self.cast).clone();
        if dice.once_in(6) {
            by = machine();
        }
        let steps = self.case.instance().steps.len();
        let step = u32::try_from(dice.below(steps + 2)).unwrap();
        let definition = &self.case.definition;
        let state = dice.pick(&definition.states).clone();
        let all = definition.states.iter().flat_map(|state| &state.steps);
        let outcomes: Vec<String> = all
            .clone()
            .flat_map(|step| step.outcomes.iter().map(|one| one.key.clone()))
            .collect();
        let events: Vec<String> = all.filter_map(|step| step.event.clone()).collect();
        let outcome = match dice.below(5) {
            0 => String::new(),
            1 => "nonsense".to_owned(),
            _ => dice.pick(&outcomes).clone(),
        };
        let mut fields = BTreeMap::new();
        if dice.once_in(2) && !definition.fields.is_empty() {
            let field = dice.pick(&definition.fields);
            fields.insert(field.key.clone(), self.value(field, dice));
        }
        let note = dice.once_in(2).then(|| "weil".to_owned());
        let command = match dice.below(12) {
            0..=3 => Command::Complete {
                step,
                outcome,
                fields,
                note,
                seen: self.case.town.sha(&doc(dice).0).filter(|_| dice.once_in(2)),
                documents: Vec::new(),
            },
            4 => Command::Effected {
                step,
                outcome,
                fields,
                note,
            },
            5 => Command::Event {
                event: events.first().cloned().unwrap_or_default(),
                outcome,
                fields,
            },
            6 => Command::Return {
                step,
                to: state.id,
                reason: "weil".to_owned(),
            },
            7 => Command::Start { fields },
            8 => Command::Migrate {
                states: BTreeMap::new(),
                reason: "weil".to_owned(),
            },
            9 => Command::Exclude {
                person: id(dice.pick::<&str>(&["", "system", "p0"])),
                reason: "weil".to_owned(),
            },
            10 => Command::Fire {
                timer: format!("{step}:lapse"),
            },
            _ => Command::Skip {
                step,
                reason: String::new(),
            },
        };
        (by, command)
    }

    /// Nothing is accepted after the end, of nobody.
    pub(super) fn after_the_end(&mut self, dice: &mut Dice) {
        for turn in 0..12 {
            let (by, command) = match turn % 2 {
                0 => self.wild(dice),
                _ => (dice.pick(&self.cast).clone(), self.otherwise(dice)),
            };
            let why = match command {
                Command::Start { .. } => Refusal::Begun,
                _ => Refusal::Ended,
            };
            assert_eq!(self.case.decide(&by, &command), Err(why), "{command:?}");
        }
        for event in &self.case.events {
            let after = apply(self.case.instance.clone(), event);
            assert!(after.is_none(), "after the end: {event:?}");
        }
        assert!(timers(self.case.instance()).is_empty());
    }
}
