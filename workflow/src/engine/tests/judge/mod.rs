//! The rules, judged by the events and the definition alone: nothing here asks the engine.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test asks for one of many"
)]

mod facts;
mod taking;
mod way;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::build::Town;
use crate::calendar::Calendar;
use crate::definition::{Definition, Effect, Step, StepKind};
use crate::instance::{
    Actor, Assigned, Bound, Command, Done, DueState, EffectDue, Event, Id, Instant, StepState,
    Taker, Value,
};

use way::Goal;

/// What happened by a command: who asked, when, what was so then.
pub(super) struct Entry {
    pub(super) actor: Actor,
    pub(super) now: Instant,
    pub(super) town: Town,
    pub(super) command: Command,
    pub(super) events: Vec<Event>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Future,
    Open,
    Waiting,
    Over,
    Skipped,
    Done,
    Void,
}

struct Known {
    step: StepState,
    is: Is,
    assigned: Vec<Assigned>,
    /// Of a step for each of several: for whom.
    each: Option<Assigned>,
    claimed: Option<Taker>,
    due: Option<DueState>,
    fired: BTreeSet<String>,
    done: Option<Done>,
}

pub(super) struct Judge<'a> {
    definition: &'a Definition,
    calendar: Calendar,
    steps: BTreeMap<u32, Known>,
    fields: BTreeMap<String, Value>,
    initiator: Option<Taker>,
    excluded: BTreeSet<Id>,
    /// SHA-512 that say the same, as pairs.
    same: Vec<(String, String)>,
    edited: BTreeSet<String>,
    announced: BTreeMap<Id, Id>,
    frozen: BTreeSet<String>,
    registered: BTreeSet<Id>,
    sent: BTreeMap<Id, u32>,
    state: String,
    round: u32,
    ended: bool,
    /// Who took or skipped which step.
    takers: Vec<(u32, Vec<Id>)>,
    goal: Goal,
    /// What the state must ask for, in its order; nothing is known of a state just entered.
    expected: Option<VecDeque<(String, Option<Assigned>)>>,
}

fn persons(taker: &Taker) -> Vec<Id> {
    let both = [Some(taker.account.clone()), taker.on_behalf_of.clone()];
    both.into_iter().flatten().collect()
}

fn is_meant(assigned: &Assigned, actor: &Actor) -> bool {
    match assigned {
        Assigned::Person { account } => match &actor.on_behalf_of {
            Some(principal) => principal == account,
            None => actor.account == *account,
        },
        Assigned::Function { code } => actor.functions.contains(code),
        Assigned::Role { role, department } => {
            let place = department.clone().unwrap_or_else(|| "amt".to_owned());
            actor.roles.contains(&(role.clone(), place))
        }
        Assigned::Anybody => actor.works_here,
        Assigned::System => actor.system,
    }
}

/// The head of the department.
fn head() -> Assigned {
    Assigned::Role {
        role: "head".to_owned(),
        department: None,
    }
}

impl<'a> Judge<'a> {
    fn new(definition: &'a Definition) -> Self {
        Self {
            definition,
            calendar: Calendar::new([]),
            steps: BTreeMap::new(),
            fields: BTreeMap::new(),
            initiator: None,
            excluded: BTreeSet::new(),
            same: Vec::new(),
            edited: BTreeSet::new(),
            announced: BTreeMap::new(),
            frozen: BTreeSet::new(),
            registered: BTreeSet::new(),
            sent: BTreeMap::new(),
            state: String::new(),
            round: 0,
            ended: false,
            takers: Vec::new(),
            goal: Goal::Exit,
            expected: Some(VecDeque::new()),
        }
    }

    /// Judges all that happened, command by command.
    pub(super) fn judge(definition: &'a Definition, entries: &[Entry]) {
        let mut judge = Self::new(definition);
        for entry in entries {
            for event in &entry.events {
                judge.hear(event, entry);
            }
            judge.rest(entry);
        }
    }

    fn known(&mut self, step: u32) -> &mut Known {
        self.steps.get_mut(&step).unwrap()
    }

    /// How a step was defined; what was inserted was not.
    fn defined(&self, step: &StepState) -> Option<&'a Step> {
        if step.directive.is_some() {
            return None;
        }
        Some(self.definition.step(&step.key).unwrap().1)
    }

    /// A step that is over never changes (I-8).
    fn unfinished(&mut self, step: u32) -> &mut Known {
        let known = self.known(step);
        assert!(
            matches!(known.is, Is::Future | Is::Open | Is::Waiting),
            "{step}: {:?}",
            known.is
        );
        known
    }

    fn same_text(&self, left: &str, right: &str) -> bool {
        let mut reached = BTreeSet::from([left.to_owned()]);
        loop {
            let more = self.same.iter().flat_map(|(a, b)| {
                let (from, to) = (reached.contains(a), reached.contains(b));
                if from != to {
                    vec![a.clone(), b.clone()]
                } else {
                    Vec::new()
                }
            });
            let more: Vec<String> = more.collect();
            if more.is_empty() {
                return reached.contains(right);
            }
            reached.extend(more);
        }
    }

    fn hear(&mut self, event: &Event, entry: &Entry) {
        assert!(!self.ended, "after the end: {event:?}");
        self.on_the_way(event, entry);
        match event {
            Event::Started { by, fields, .. } => {
                self.fields.clone_from(fields);
                self.initiator = Some(by.clone());
                self.begun(entry);
            }
            Event::Entered { state, round, .. } => {
                assert_eq!(*round, self.round + 1);
                self.round = *round;
                self.state.clone_from(state);
            }
            Event::StepMade { step, .. } => self.made(step, entry),
            Event::StepOpened {
                step,
                assigned,
                due,
                ..
            } => self.opened(*step, (assigned.as_ref(), due.as_ref()), entry),
            Event::StepWaits { step, .. } => self.unfinished(*step).is = Is::Waiting,
            Event::Claimed { step, by, .. } => self.unfinished(*step).claimed = Some(by.clone()),
            Event::Released { step, .. } => self.unfinished(*step).claimed = None,
            Event::Withdrawn { step, .. } => self.unfinished(*step).is = Is::Over,
            Event::Skipped { step, done } => self.skipped(*step, done, entry),
            Event::Completed { step, done } => self.completed(*step, done, entry),
            Event::Returned { step, to, done } => {
                self.took(*step, done, entry);
                let known = self.known(*step).step.clone();
                let defined = self.defined(&known).unwrap();
                assert!(defined.return_to.contains(to), "back to {to}");
                self.unfinished(*step).is = Is::Over;
            }
            Event::Voided { step, version, .. } => {
                let known = self.known(*step);
                assert_eq!(known.is, Is::Done);
                known.is = Is::Void;
                self.announced.remove(&version.document);
            }
            Event::Delegated { .. }
            | Event::Extended { .. }
            | Event::Held { .. }
            | Event::Resumed { .. }
            | Event::Reminded { .. }
            | Event::Escalated { .. } => self.delayed(event, entry),
            Event::Excluded { .. }
            | Event::EditorialAnnounced { .. }
            | Event::EditorialTaken { .. } => self.said(event, entry),
            Event::FieldSet { field, value, .. } => {
                self.set(field, entry);
                self.fields.insert(field.clone(), value.clone());
            }
            Event::FieldEmptied { field, .. } => {
                self.set(field, entry);
                self.fields.remove(field);
            }
            Event::Effect { effect, .. } => self.effect(effect, entry),
            Event::Ended { .. } => self.ended = true,
            Event::Migrated { .. } => {}
        }
    }

    /// A field is set by whoever was asked for it, or because the definition says so.
    fn set(&self, field: &str, entry: &Entry) {
        let given = match &entry.command {
            Command::Complete { fields, .. }
            | Command::Event { fields, .. }
            | Command::Effected { fields, .. } => fields.contains_key(field),
            _ => false,
        };
        let states = self.definition.states.iter();
        let outcomes = states.clone().flat_map(|state| &state.steps);
        let effects = outcomes
            .flat_map(|step| &step.outcomes)
            .flat_map(|outcome| &outcome.effects);
        let mut effects = effects.chain(states.flat_map(|state| &state.on_enter));
        let sets = |one: &Effect| matches!(one, Effect::Set { field: set, .. } if set == field);
        assert!(given || effects.any(sets), "{field} was set by nobody");
    }

    /// What becomes of a step that is still to be done.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "`hear` says which come here"
    )]
    fn delayed(&mut self, event: &Event, entry: &Entry) {
        match event {
            Event::Delegated { step, to, .. } => {
                self.delegated(*step, to, entry);
                let known = self.unfinished(*step);
                known.assigned.push(to.clone());
                known.claimed = None;
            }
            Event::Extended { step, due, .. } => {
                self.extended(*step, due, entry);
                let known = self.unfinished(*step);
                known.due = Some(due.clone());
                known.fired.clear();
            }
            Event::Held { step, until, .. } => {
                assert!(*until > entry.now);
                self.unfinished(*step);
            }
            Event::Resumed { step, .. } => {
                self.unfinished(*step);
            }
            Event::Reminded { step, timer, .. } => {
                let due = self.unfinished(*step).due.clone().unwrap();
                self.fired(*step, timer, &due.remind_at, entry.now);
            }
            Event::Escalated {
                step, timer, to, ..
            } => {
                let due = self.unfinished(*step).due.clone().unwrap();
                let times: Vec<Instant> = due.escalate_at.iter().map(|(at, _)| *at).collect();
                self.fired(*step, timer, &times, entry.now);
                self.known(*step).assigned.push(to.clone());
            }
            _ => panic!("{event:?}"),
        }
    }

    /// What somebody said of persons and versions.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "`hear` says which come here"
    )]
    fn said(&mut self, event: &Event, entry: &Entry) {
        match event {
            Event::Excluded { person, .. } => {
                self.may_exclude(person, entry);
                self.excluded.insert(person.clone());
            }
            Event::EditorialAnnounced { document, by, .. } => {
                self.announced.insert(document.clone(), by.account.clone());
                assert!(!self.has_drafted(document, &persons(by), entry));
                let steps = self.definition.states.iter().flat_map(|state| &state.steps);
                let signs = |one: &&Step| {
                    let named = one.binds.as_ref().and_then(|key| self.fields.get(key));
                    one.kind == StepKind::FinalSign
                        && named == Some(&Value::Document(document.clone()))
                };
                assert!(steps.filter(signs).count() > 0, "nobody signs that");
            }
            Event::EditorialTaken { from, to, .. } => {
                assert_eq!(from.version + 1, to.version);
                let author = &entry.town.documents[&to.document].author;
                let announced = self.announced.remove(&to.document);
                let sealed = author.0 == "system" && self.seals(&to.document);
                assert!(sealed || announced.as_ref() == Some(author));
                self.same.push((from.sha512.clone(), to.sha512.clone()));
                self.edited.insert(to.sha512.clone());
            }
            _ => panic!("{event:?}"),
        }
    }

    /// Whether the house puts its seal on a document just now.
    fn seals(&self, document: &Id) -> bool {
        self.steps.values().any(|known| {
            let defined = self.defined(&known.step);
            let effect = defined.and_then(|defined| defined.effect.as_ref());
            let Some(Effect::Seal { document: key }) = effect else {
                return false;
            };
            known.is == Is::Open && self.fields.get(key) == Some(&Value::Document(document.clone()))
        })
    }

    /// Each timer fires once, and not before its time.
    fn fired(&mut self, step: u32, timer: &str, times: &[Instant], now: Instant) {
        let number: usize = timer.rsplit(':').next().unwrap().parse().unwrap();
        assert!(times[number] <= now, "{timer} fired too early");
        assert!(
            self.known(step).fired.insert(timer.to_owned()),
            "{timer} fired twice"
        );
    }

    fn effect(&mut self, effect: &EffectDue, entry: &Entry) {
        match effect {
            EffectDue::Freeze { version } => {
                self.frozen.insert(version.sha512.clone());
            }
            EffectDue::Dispatch { version } => self.dispatched(version, entry),
            EffectDue::CloseCase | EffectDue::CloseFile => {
                let open = |known: &Known| matches!(known.is, Is::Open | Is::Waiting | Is::Future);
                assert!(!self.steps.values().any(open));
            }
            EffectDue::Register { document } => {
                self.registered.insert(document.clone());
            }
            EffectDue::Destroy { .. }
            | EffectDue::MoveTo { .. }
            | EffectDue::OpenCase { .. }
            | EffectDue::Notify { .. }
            | EffectDue::Work { .. } => {}
        }
    }

    /// I-9, I-12: what is sent is in force, is frozen, was signed finally and by all that were asked to.
    fn dispatched(&mut self, version: &Bound, entry: &Entry) {
        let in_force = &entry.town.documents[&version.document];
        assert_eq!(version.sha512, in_force.sha512);
        assert!(in_force.frozen || self.frozen.contains(&version.sha512));
        let steps = self.definition.states.iter().flat_map(|state| &state.steps);
        let document = Value::Document(version.document.clone());
        let wanted = steps.clone().any(|step| {
            let named = step.binds.as_ref().and_then(|key| self.fields.get(key));
            step.kind == StepKind::FinalSign && named == Some(&document)
        });
        let signed = self.steps.values().any(|known| {
            let bound = known.done.as_ref().and_then(|done| done.bound.as_ref());
            known.is == Is::Done
                && known.step.kind == StepKind::FinalSign
                && bound.is_some_and(|bound| {
                    bound.document == version.document
                        && self.same_text(&bound.sha512, &version.sha512)
                })
        });
        if wanted {
            assert!(signed, "sent without a signature");
        } else {
            assert!(!self.definition.legal.is_empty(), "sent without a rule");
        }
        self.sent.insert(version.document.clone(), self.round);
    }

    /// What holds between two commands.
    fn rest(&mut self, entry: &Entry) {
        self.goal = Goal::Exit;
        if self.ended {
            let open = |known: &Known| matches!(known.is, Is::Open | Is::Waiting | Is::Future);
            assert!(!self.steps.values().any(open), "open at the end");
            return;
        }
        assert_eq!(
            self.expected.as_ref().map(VecDeque::len),
            Some(0),
            "not all is asked for"
        );
        // Somebody can do something, or something is waited for.
        assert!(
            self.steps.values().any(|known| known.is == Is::Open),
            "nothing is open"
        );
        for known in self.steps.values().filter(|known| known.is == Is::Waiting) {
            let number = Some(known.step.number);
            let holds = |other: &Known| {
                let holds = other.step.directive.as_ref().and_then(|one| one.holds);
                holds == number && matches!(other.is, Is::Open | Is::Waiting)
            };
            assert!(self.steps.values().any(holds), "it waits for nothing");
        }
        for known in self.steps.values().filter(|known| known.is == Is::Done) {
            let Some(bound) = known.done.as_ref().and_then(|done| done.bound.as_ref()) else {
                continue;
            };
            let in_force = &entry.town.documents[&bound.document].sha512;
            let sent = self.sent.get(&bound.document);
            let sent = sent.is_some_and(|round| known.step.round <= *round);
            assert!(
                sent || self.same_text(&bound.sha512, in_force),
                "a mark stands that is void"
            );
        }
    }
}
