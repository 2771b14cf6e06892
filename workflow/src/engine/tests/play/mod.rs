//! People who do what comes to their minds, by whatever definition.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test asks for one of many"
)]

mod wild;

use std::collections::{BTreeMap, BTreeSet};

use super::Case;
use super::build::{actor, id, machine, person};
use super::judge::{Entry, Judge};
use crate::definition::{Assignee, Definition, Effect, Field, FieldKind, Source, Step, StepKind};
use crate::engine::{apply, may_take, replay, timers};
use crate::expr::Expr;
use crate::instance::{
    Actor, Assigned, Command, Day, Event, Id, Instant, StepState, StepStatus, Value,
};

/// How many people there are.
const PEOPLE: usize = 9;
/// How many documents there are.
const DOCUMENTS: usize = 4;
/// How many ways of answering are tried before a refusal is taken for one.
const ANSWERS: usize = 8;

/// `SplitMix64`: the same seed, the same throws.
#[derive(Clone, Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap().max(1);
        usize::try_from(self.next() % end).unwrap()
    }

    pub(super) fn once_in(&mut self, end: usize) -> bool {
        self.below(end) == 0
    }

    pub(super) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// Whether what is done is told: of a sequence that breaks a rule it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Silently,
    Aloud,
}

/// A case in which people play.
pub(super) struct Play {
    case: Case,
    cast: Vec<Actor>,
    literals: Vec<Value>,
    fired: Vec<String>,
    entries: Vec<Entry>,
    told: Told,
}

/// Functions and roles that a definition names.
fn hats(definition: &Definition) -> (Vec<String>, Vec<(String, String)>) {
    let functions = definition.functions().into_iter().map(ToOwned::to_owned);
    let mut roles = BTreeSet::from([("head".to_owned(), "amt".to_owned())]);
    let steps = definition.states.iter().flat_map(|state| &state.steps);
    let named = steps.map(|step| &step.assignee);
    let named = named
        .chain(&definition.start_by)
        .chain(&definition.cancel_by);
    for one in named {
        if let Assignee::Role { role, department } = one {
            let place = department.clone().unwrap_or_else(|| "amt".to_owned());
            roles.insert((role.clone(), place));
        }
    }
    (functions.collect(), roles.into_iter().collect())
}

/// People with more than one hat each, those who stand in for them, and a machine.
fn cast(definition: &Definition, dice: &mut Dice) -> Vec<Actor> {
    let name = |number: usize| format!("p{number}");
    let mut people: Vec<Actor> = (0..PEOPLE).map(|one| actor(&name(one), &[])).collect();
    let (functions, roles) = hats(definition);
    for function in functions {
        for _ in 0..3 {
            let at = dice.below(PEOPLE);
            people[at].functions.insert(function.clone());
        }
    }
    for role in roles {
        for _ in 0..3 {
            let at = dice.below(PEOPLE);
            people[at].roles.insert(role.clone());
        }
    }
    for one in &mut people {
        one.limit = *dice.pick(&[None, Some(1_000), Some(60_000), Some(10_000_000)]);
        one.works_here = !dice.once_in(8);
    }
    for _ in 0..4 {
        let of = people[dice.below(PEOPLE)].clone();
        let deputy = id(&name(dice.below(PEOPLE)));
        if deputy != of.account {
            people.push(Actor {
                account: deputy,
                on_behalf_of: Some(of.account.clone()),
                ..of
            });
        }
    }
    let of = people[dice.below(PEOPLE)].clone();
    if let Some(function) = of.functions.first().cloned() {
        people.push(Actor {
            functions: BTreeSet::from([function.clone()]),
            function: Some(function),
            roles: BTreeSet::new(),
            ..of
        });
    }
    people
}

/// What a definition compares with.
fn literals(definition: &Definition) -> Vec<Value> {
    let mut found = Vec::new();
    let mut look = |expr: &Expr| {
        expr.walk(&mut |one| match one {
            Expr::Literal(value) if !found.contains(value) => found.push(value.clone()),
            _ => {}
        });
    };
    for state in &definition.states {
        let exits = state.exits.iter().filter_map(|exit| exit.when.as_ref());
        exits.for_each(&mut look);
        for step in &state.steps {
            step.require.iter().for_each(|one| look(&one.is));
        }
    }
    for table in &definition.lookups {
        found.extend(table.rows.keys().cloned().map(Value::Text));
    }
    found
}

impl Play {
    pub(super) fn new(definition: Definition, seed: u64, told: Told) -> Self {
        let mut dice = Dice(seed);
        let cast = cast(&definition, &mut dice);
        let literals = literals(&definition);
        let mut case = Case::new(definition);
        for number in 0..DOCUMENTS {
            for _ in 0..=dice.below(2) {
                let by = dice.below(PEOPLE);
                case.town.write(&format!("doc-{number}"), &format!("p{by}"));
            }
        }
        for one in &cast[..PEOPLE] {
            let manager = person(&format!("p{}", dice.below(PEOPLE)));
            if !dice.once_in(5) {
                case.town.managers.insert(one.account.clone(), manager);
            }
            for function in &one.functions {
                let held = (one.account.clone(), function.clone());
                case.town.holders.insert(held);
            }
        }
        Self {
            case,
            cast,
            literals,
            fired: Vec::new(),
            entries: Vec::new(),
            told,
        }
    }

    /// Plays, and gives what happened. Nothing, where it could not begin.
    pub(super) fn run(mut self, seed: u64, acts: &[u64]) -> Vec<Event> {
        self.begin(&mut Dice(seed ^ 0xbe91));
        if self.case.instance.is_none() {
            return Vec::new();
        }
        for act in acts {
            let mut dice = Dice(*act);
            if self.case.instance().ended.is_some() {
                self.after_the_end(&mut dice);
                break;
            }
            self.act(&mut dice);
        }
        Judge::judge(&self.case.definition, &self.entries);
        self.crash();
        self.case.events
    }

    fn begin(&mut self, dice: &mut Dice) {
        let definition = self.case.definition.clone();
        let told = |field: &&Field| match field.source {
            Some(Source::Initiator | Source::Today) => false,
            Some(_) => true,
            None => field.required,
        };
        for _ in 0..20 {
            let fields = definition.fields.iter().filter(told);
            let fields = fields.map(|field| (field.key.clone(), self.value(field, dice)));
            let command = Command::Start {
                fields: fields.collect(),
            };
            let by = dice.below(self.cast.len());
            let many = self.cast.len();
            let mut by = (0..many).map(|one| self.cast[(by + one) % many].clone());
            if let Some(by) = by.find(|by| self.case.decide(by, &command).is_ok()) {
                self.attempt(&by, &command);
                return;
            }
        }
    }

    /// A value that fits a field, or nearly.
    fn value(&self, field: &Field, dice: &mut Dice) -> Value {
        let known = self
            .case
            .instance
            .iter()
            .flat_map(|one| one.fields.values());
        let known = known.chain(&self.literals).filter(|value| {
            matches!(
                (&field.kind, value),
                (FieldKind::Money, Value::Money(_))
                    | (FieldKind::Number, Value::Number(_))
                    | (FieldKind::Day, Value::Day(_))
                    | (FieldKind::Text { .. }, Value::Text(_))
            )
        });
        let known: Vec<&Value> = known.collect();
        if !known.is_empty() && dice.once_in(2) {
            return (*dice.pick(&known)).clone();
        }
        match &field.kind {
            FieldKind::Text {
                pattern: Some(pattern),
                ..
            } => Value::Text(pattern.example.clone()),
            FieldKind::Text { .. } => Value::Text("Text".to_owned()),
            FieldKind::Time => Value::Text("08:30".to_owned()),
            FieldKind::Number => Value::Number(*dice.pick(&[0, 1, 2, 10])),
            FieldKind::Money => Value::Money(*dice.pick(&[0, 900, 50_000, 5_000_000, -1])),
            FieldKind::Day => Value::Day(self.day(dice)),
            FieldKind::YesNo => Value::YesNo(dice.once_in(2)),
            FieldKind::Choice(entries) => Value::Text(dice.pick(entries).value.clone()),
            FieldKind::Who => Value::Who(self.who(dice)),
            FieldKind::Whos => {
                let mut whos = Vec::new();
                for _ in 0..dice.below(4) {
                    let who = self.who(dice);
                    if !whos.contains(&who) {
                        whos.push(who);
                    }
                }
                Value::Whos(whos)
            }
            FieldKind::Document => Value::Document(doc(dice)),
        }
    }

    fn day(&self, dice: &mut Dice) -> Day {
        let today = self.case.calendar.day_of(self.case.now);
        today.plus_days(*dice.pick(&[0, 1, 3, 7, 10, 14, 30, 60, -5]))
    }

    fn who(&self, dice: &mut Dice) -> Assigned {
        let functions = self.case.definition.functions();
        if !functions.is_empty() && dice.once_in(4) {
            let code = (*dice.pick(&functions)).to_owned();
            return Assigned::Function { code };
        }
        person(&format!("p{}", dice.below(PEOPLE)))
    }

    fn defined(&self, step: &StepState) -> Option<Step> {
        let defined = self.case.definition.step(&step.key);
        let defined = defined.filter(|_| step.directive.is_none());
        defined.map(|(_, step)| step.clone())
    }

    fn act(&mut self, dice: &mut Dice) {
        match dice.below(24) {
            0 => {
                let hours = *dice.pick(&[1, 20, 30, 24 * 8, 24 * 40, -50]);
                self.case.now = Instant(self.case.now.0 + hours * 3_600_000_000);
            }
            1 => {
                let by = format!("p{}", dice.below(PEOPLE));
                let editorial = self.case.instance().editorial.iter();
                let mut said = editorial.filter_map(|(document, one)| {
                    Some((document.0.clone(), one.announced_by.clone()?.0))
                });
                // What was announced as editorial comes, by whoever said so or by somebody else.
                if let Some((document, signer)) = said.next() {
                    let by = if dice.once_in(2) { signer } else { by };
                    self.case.town.write(&document, &by);
                } else if dice.once_in(2) {
                    self.case.town.write(&doc(dice).0, &by);
                }
            }
            2 => self.crash(),
            3 | 4 => self.timers(dice),
            5 | 6 => {
                let (by, command) = self.wild(dice);
                self.attempt(&by, &command);
            }
            7..=9 => {
                let command = self.otherwise(dice);
                let by = self.somebody(&command, dice);
                self.attempt(&by, &command);
            }
            _ => self.goes_on(dice),
        }
    }

    /// The process dies, and what it knew is made again of what was written.
    fn crash(&mut self) {
        let written = serde_json::to_string(&self.case.events).unwrap();
        let read: Vec<Event> = serde_json::from_str(&written).unwrap();
        let again = replay(&read);
        assert_eq!(again, self.case.instance, "made again otherwise");
        self.case.instance = again;
    }

    /// Timers fire: when they are due, too early, too late, and again.
    fn timers(&mut self, dice: &mut Dice) {
        let waiting = timers(self.case.instance());
        let timer = if waiting.is_empty() || (dice.once_in(4) && !self.fired.is_empty()) {
            self.fired.last().cloned()
        } else if dice.once_in(3) {
            Some(dice.pick(&waiting).key.clone())
        } else {
            let first = &waiting[0];
            self.case.now = self.case.now.max(first.at);
            Some(first.key.clone())
        };
        if let Some(timer) = timer {
            self.fired.push(timer.clone());
            self.attempt(&machine(), &Command::Fire { timer });
        }
    }

    fn open(&self) -> Vec<StepState> {
        let steps = self.case.instance().steps.iter();
        let open = steps.filter(|step| step.status == StepStatus::Open);
        open.cloned().collect()
    }

    /// Somebody who may takes a step, with an outcome that the definition wants.
    fn goes_on(&mut self, dice: &mut Dice) {
        let open = self.open();
        if open.is_empty() {
            return;
        }
        let step = dice.pick(&open).clone();
        let defined = self.defined(&step);
        self.made_for(&step, defined.as_ref(), dice);
        if step.kind == StepKind::System
            && let Some(Effect::Seal { document }) =
                defined.as_ref().and_then(|one| one.effect.as_ref())
            && let Some(Value::Document(document)) = self.case.instance().fields.get(document)
        {
            let document = document.clone();
            self.case.town.write(&document.0, "system");
            if let Some(known) = self.case.town.documents.get_mut(&document) {
                known.frozen = true;
            }
        }
        let for_system = matches!(step.kind, StepKind::System | StepKind::Event);
        let mut last = None;
        for _ in 0..ANSWERS {
            let command = self.ending(&step, defined.as_ref(), dice);
            let by = if for_system {
                machine()
            } else {
                self.taker(step.number, dice)
            };
            let fits = self.case.decide(&by, &command).is_ok();
            last = Some((by, command));
            if fits {
                break;
            }
        }
        if let Some((by, command)) = last {
            self.attempt(&by, &command);
        }
    }

    /// The form of a step was made, and signed where it is for the counter.
    fn made_for(&mut self, step: &StepState, defined: Option<&Step>, dice: &mut Dice) {
        let form = defined.and_then(|one| one.form.as_ref());
        let Some(form) = form.filter(|_| step.kind != StepKind::System) else {
            return;
        };
        let made = doc(dice);
        if step.kind == StepKind::Counter {
            self.case.town.write(&made.0, "system");
        }
        let command = Command::Effected {
            step: step.number,
            outcome: String::new(),
            fields: BTreeMap::from([(form.into.clone(), Value::Document(made))]),
            note: None,
        };
        self.attempt(&machine(), &command);
    }

    /// Somebody who may take a step, if there is one.
    fn taker(&self, step: u32, dice: &mut Dice) -> Actor {
        let (first, many) = (dice.below(self.cast.len()), self.cast.len());
        let mut all = (0..many).map(|one| &self.cast[(first + one) % many]);
        let may = |by: &&Actor| {
            let setting = self.case.setting(by);
            may_take(&self.case.definition, self.case.instance(), step, setting).is_ok()
        };
        let found = all.find(may);
        found.unwrap_or(&self.cast[first]).clone()
    }

    fn somebody(&self, command: &Command, dice: &mut Dice) -> Actor {
        let (first, many) = (dice.below(self.cast.len()), self.cast.len());
        let mut all = (0..many).map(|one| &self.cast[(first + one) % many]);
        let found = all.find(|by| self.case.decide(by, command).is_ok());
        found.unwrap_or(&self.cast[first]).clone()
    }

    fn ending(&self, step: &StepState, defined: Option<&Step>, dice: &mut Dice) -> Command {
        let outcomes = defined.map_or_else(Vec::new, |one| one.outcomes.clone());
        let outcome = if outcomes.is_empty() {
            (*dice.pick(&["done", "done", "done", "refused"])).to_owned()
        } else {
            let on: Vec<_> = outcomes.iter().filter(|one| one.to.is_none()).collect();
            if on.is_empty() || dice.once_in(6) {
                dice.pick(&outcomes).key.clone()
            } else {
                dice.pick(&on).key.clone()
            }
        };
        let mut fields = BTreeMap::new();
        for ask in defined.iter().flat_map(|one| &one.asks) {
            let with = ask.with.is_empty() || ask.with.contains(&outcome);
            if with && let Some(field) = self.case.definition.field(&ask.field) {
                fields.insert(ask.field.clone(), self.value(field, dice));
            }
        }
        if let Some(Effect::Form { into, .. }) = defined.and_then(|one| one.effect.as_ref()) {
            fields.insert(into.clone(), Value::Document(doc(dice)));
        }
        let note = Some("weil".to_owned());
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
            _ => Command::Complete {
                step: step.number,
                outcome,
                // Now and then somebody signs what he has not looked at.
                seen: self.seen(step, &fields).filter(|_| !dice.once_in(6)),
                fields,
                note,
                documents: Vec::new(),
            },
        }
    }

    /// Whoever signs has seen what is in force, be it what he names himself.
    fn seen(&self, step: &StepState, fields: &BTreeMap<String, Value>) -> Option<String> {
        let key = step.binds.as_ref()?;
        let known = self.case.instance().fields.get(key);
        match fields.get(key).or(known) {
            Some(Value::Document(document)) => self.case.town.sha(&document.0),
            _ => None,
        }
    }

    /// What is refused changes nothing; what is not is kept to be judged.
    fn attempt(&mut self, by: &Actor, command: &Command) {
        self.may_and_does(by, command);
        let before = self.case.instance.clone();
        let town = self.case.town.clone();
        let Ok(events) = self.case.try_to(by, command) else {
            return;
        };
        if self.told == Told::Aloud {
            eprintln!("{} {:?}: {command:?}", self.case.now.0, by.account.0);
            for event in &events {
                eprintln!("    {event:?}");
            }
        }
        let steps = before.iter().flat_map(|one| &one.steps);
        for step in steps.filter(|step| step.done.is_some()) {
            let after = self.case.step(step.number);
            assert_eq!(after.done, step.done, "what was done changes");
            let void = after.status == StepStatus::Voided && step.status == StepStatus::Done;
            assert!(void || after.status == step.status);
        }
        let again = events
            .iter()
            .try_fold(before, |before, event| apply(before, event).map(Some));
        assert_eq!(again, Some(self.case.instance.clone()), "{command:?}");
        self.entries.push(Entry {
            actor: by.clone(),
            now: self.case.now,
            town,
            command: command.clone(),
            events,
        });
    }

    /// What an inbox does not offer is refused.
    fn may_and_does(&self, by: &Actor, command: &Command) {
        let Command::Complete { step, .. } = command else {
            return;
        };
        let setting = self.case.setting(by);
        let may = may_take(&self.case.definition, self.case.instance(), *step, setting);
        if may.is_err() && self.case.decide(&machine(), &Command::Look) == Ok(Vec::new()) {
            assert!(self.case.decide(by, command).is_err(), "{command:?}");
        }
    }
}

fn doc(dice: &mut Dice) -> Id {
    id(&format!("doc-{}", dice.below(DOCUMENTS)))
}
