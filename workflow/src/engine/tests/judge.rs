//! The rules, judged by the events alone: nothing here asks the engine.

use std::collections::{BTreeMap, BTreeSet};

use super::build::Town;
use crate::definition::StepKind;
use crate::instance::{
    Actor, Assigned, Bound, Done, DueState, EffectDue, Event, Id, Instant, StepState, Taker, Value,
};

/// What happened by a command: who asked, when, what was so then.
pub(super) struct Entry {
    pub(super) actor: Actor,
    pub(super) now: Instant,
    pub(super) town: Town,
    pub(super) events: Vec<Event>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Future,
    Open,
    Waiting,
    Over,
    Done,
    Void,
}

struct Known {
    step: StepState,
    is: Is,
    assigned: Vec<Assigned>,
    claimed: Option<Taker>,
    due: Option<DueState>,
    fired: BTreeSet<String>,
    done: Option<Done>,
}

#[derive(Default)]
pub(super) struct Judge {
    steps: BTreeMap<u32, Known>,
    fields: BTreeMap<String, Value>,
    initiator: Vec<Id>,
    excluded: BTreeSet<Id>,
    /// SHA-512 that say the same, as pairs.
    same: Vec<(String, String)>,
    edited: BTreeSet<String>,
    announced_by: Option<Id>,
    frozen: BTreeSet<String>,
    sent: BTreeMap<Id, u32>,
    round: u32,
    ended: bool,
    checkers: Vec<Id>,
    orderers: Vec<Id>,
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

impl Judge {
    /// Judges all that happened, command by command.
    pub(super) fn judge(entries: &[Entry]) {
        let mut judge = Self::default();
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
        match event {
            Event::Started { by, fields, .. } => {
                self.fields.clone_from(fields);
                self.initiator = persons(by);
            }
            Event::Entered { round, .. } => {
                assert_eq!(*round, self.round + 1);
                self.round = *round;
            }
            Event::StepMade { step, .. } => self.made(step),
            Event::StepOpened {
                step,
                assigned,
                due,
                ..
            } => {
                let known = self.unfinished(*step);
                known.is = Is::Open;
                known.due.clone_from(due);
                if let Some(assigned) = assigned {
                    known.assigned.clone_from(assigned);
                }
                assert!(!known.assigned.is_empty());
            }
            Event::StepWaits { step, .. } => self.unfinished(*step).is = Is::Waiting,
            Event::Claimed { step, by, .. } => self.unfinished(*step).claimed = Some(by.clone()),
            Event::Released { step, .. } => self.unfinished(*step).claimed = None,
            Event::Withdrawn { step, .. } => self.unfinished(*step).is = Is::Over,
            Event::Skipped { step, done } => {
                assert_eq!(done.by.account, entry.actor.account);
                self.acts(done);
                self.unfinished(*step).is = Is::Over;
            }
            Event::Completed { step, done } => self.completed(*step, done, entry),
            Event::Returned { step, done, .. } => {
                self.took(*step, done, entry);
                self.unfinished(*step).is = Is::Over;
            }
            Event::Voided { step, .. } => {
                let known = self.known(*step);
                assert_eq!(known.is, Is::Done);
                known.is = Is::Void;
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
                self.fields.insert(field.clone(), value.clone());
            }
            Event::FieldEmptied { field, .. } => {
                self.fields.remove(field);
            }
            Event::Effect { effect, .. } => self.effect(effect, entry),
            Event::Ended { .. } => self.ended = true,
            Event::Migrated { .. } => {}
        }
    }

    /// What becomes of a step that is still to be done.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "`hear` says which come here"
    )]
    fn delayed(&mut self, event: &Event, entry: &Entry) {
        match event {
            Event::Delegated { step, to, .. } => {
                let known = self.unfinished(*step);
                known.assigned.push(to.clone());
                known.claimed = None;
            }
            Event::Extended { step, due, .. } => {
                let known = self.unfinished(*step);
                let (before, after) = (known.due.clone().unwrap(), due);
                assert!(after.on > before.on);
                assert_eq!(after.extended.len(), before.extended.len() + 1);
                known.due = Some(due.clone());
                known.fired.clear();
            }
            Event::Held { step, .. } | Event::Resumed { step, .. } => {
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
                self.excluded.insert(person.clone());
            }
            Event::EditorialAnnounced { by, .. } => {
                self.announced_by = Some(by.account.clone());
                let lacks = |sha: &String| !self.edited.contains(sha);
                let drafted = entry.town.makers.values().flatten();
                let mut drafted = drafted.filter(|(sha, _)| lacks(sha)).map(|(_, by)| by);
                assert!(!drafted.any(|maker| persons(by).contains(maker)));
            }
            Event::EditorialTaken { from, to, .. } => {
                assert_eq!(from.version + 1, to.version);
                let author = &entry.town.documents[&to.document].author;
                assert_eq!(self.announced_by.take().as_ref(), Some(author));
                self.same.push((from.sha512.clone(), to.sha512.clone()));
                self.edited.insert(to.sha512.clone());
            }
            _ => panic!("{event:?}"),
        }
    }

    fn made(&mut self, step: &StepState) {
        assert_eq!(usize::try_from(step.number).unwrap(), self.steps.len() + 1);
        self.steps.insert(
            step.number,
            Known {
                step: step.clone(),
                is: Is::Future,
                assigned: step.assigned.clone(),
                claimed: None,
                due: None,
                fired: BTreeSet::new(),
                done: None,
            },
        );
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

    /// Whoever is excluded does nothing.
    fn acts(&self, done: &Done) {
        let persons = persons(&done.by);
        assert!(!persons.iter().any(|person| self.excluded.contains(person)));
    }

    /// Somebody took a step: he was asked, nobody else had claimed it, nothing keeps him from it (I-6, I-10).
    fn took(&mut self, step: u32, done: &Done, entry: &Entry) {
        assert_eq!(done.at, entry.now);
        self.acts(done);
        let known = self.unfinished(step);
        assert_eq!(known.is, Is::Open);
        assert_eq!(done.by.account, entry.actor.account);
        assert_eq!(done.by.on_behalf_of, entry.actor.on_behalf_of);
        assert!(known.assigned.iter().any(|one| is_meant(one, &entry.actor)));
        let persons = persons(&done.by);
        if let Some(claimed) = &known.claimed {
            let theirs = self::persons(claimed);
            assert!(persons.iter().any(|person| theirs.contains(person)));
        }
        let (kind, key) = (known.step.kind, known.step.key.clone());
        match key.as_str() {
            "factual" | "arithmetic" => self.checkers.extend(persons),
            "order" => self.orderers.extend(persons),
            "approve" => {
                assert!(!persons.iter().any(|person| self.initiator.contains(person)));
            }
            _ => {}
        }
        assert!(!self.orderers.iter().any(|one| self.checkers.contains(one)));
        if kind == StepKind::FinalSign {
            self.signed(&self::persons(&done.by), entry);
        }
    }

    /// The final signer has drafted nothing but what he had announced as editorial.
    fn signed(&self, persons: &[Id], entry: &Entry) {
        let Some(Value::Document(document)) = self.fields.get("draft") else {
            panic!("nothing is signed");
        };
        for (sha, maker) in &entry.town.makers[document] {
            assert!(
                self.edited.contains(sha) || !persons.contains(maker),
                "{maker:?} drafted it"
            );
        }
    }

    fn completed(&mut self, step: u32, done: &Done, entry: &Entry) {
        let known = self.unfinished(step);
        let lapses = known.due.as_ref().and_then(|due| due.lapse_at.clone());
        if done.by.account.0 == "system"
            && known.step.kind != StepKind::System
            && known.step.kind != StepKind::Event
        {
            let (at, outcome) = lapses.unwrap();
            assert!(at <= entry.now);
            assert_eq!((outcome, &done.bound), (done.outcome.clone(), &None));
        } else {
            self.took(step, done, entry);
        }
        let known = self.unfinished(step);
        known.is = Is::Done;
        known.done = Some(done.clone());
        let key = known.step.key.clone();
        if let Some(bound) = &done.bound {
            let in_force = &entry.town.documents[&bound.document];
            assert_eq!(
                (&bound.sha512, bound.version),
                (&in_force.sha512, in_force.version)
            );
        }
        // I-11
        if key == "order" && done.outcome == "done" {
            let Some(Value::Money(gross)) = self.fields.get("gross") else {
                panic!("ordered without an amount");
            };
            assert!(entry.actor.limit.unwrap() >= *gross);
        }
    }

    fn effect(&mut self, effect: &EffectDue, entry: &Entry) {
        match effect {
            EffectDue::Freeze { version } => {
                self.frozen.insert(version.sha512.clone());
            }
            EffectDue::Dispatch { version } => self.dispatched(version, entry),
            EffectDue::CloseCase => {
                let open = |known: &Known| matches!(known.is, Is::Open | Is::Waiting | Is::Future);
                assert!(!self.steps.values().any(open));
            }
            EffectDue::Register { .. } | EffectDue::Notify { .. } | EffectDue::Work { .. } => {}
        }
    }

    /// I-9, I-12: what is sent is in force, is frozen, was signed finally and by all that were asked to.
    fn dispatched(&mut self, version: &Bound, entry: &Entry) {
        let in_force = &entry.town.documents[&version.document];
        assert_eq!(version.sha512, in_force.sha512);
        assert!(in_force.frozen || self.frozen.contains(&version.sha512));
        let signed = self.steps.values().any(|known| {
            let bound = known.done.as_ref().and_then(|done| done.bound.as_ref());
            known.is == Is::Done
                && known.step.kind == StepKind::FinalSign
                && bound.is_some_and(|bound| self.same_text(&bound.sha512, &version.sha512))
        });
        assert!(signed, "sent without a signature");
        self.sent.insert(version.document.clone(), self.round);
    }

    /// What holds between two commands.
    fn rest(&self, entry: &Entry) {
        if self.ended {
            let open = |known: &Known| matches!(known.is, Is::Open | Is::Waiting | Is::Future);
            assert!(!self.steps.values().any(open), "open at the end");
            return;
        }
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
