//! Who takes, skips and gives away steps: I-6, I-10, I-11, I-13 and I-15.

use super::{Entry, Is, Judge, head, is_meant, persons};
use crate::definition::{Assignee, Effect, End, Outcome, Requirement, Step, StepKind, Term};
use crate::instance::{Assigned, Command, Done, DueState, Id, StepState, Value};

/// Kinds that nobody takes in his own matter.
const fn is_judging(kind: StepKind) -> bool {
    matches!(
        kind,
        StepKind::Order
            | StepKind::Approve
            | StepKind::Attest
            | StepKind::CoSign
            | StepKind::FinalSign
    )
}

impl Judge<'_> {
    /// Whoever is excluded does nothing.
    fn acts(&self, done: &Done) {
        let persons = persons(&done.by);
        assert!(!persons.iter().any(|person| self.excluded.contains(person)));
    }

    /// Somebody took a step: he was asked, nobody else had claimed it, nothing keeps him from it (I-6, I-10).
    pub(super) fn took(&mut self, number: u32, done: &Done, entry: &Entry) {
        assert_eq!(done.at, entry.now);
        self.acts(done);
        let known = self.unfinished(number);
        assert_eq!(known.is, Is::Open);
        assert_eq!(done.by.account, entry.actor.account);
        assert_eq!(done.by.on_behalf_of, entry.actor.on_behalf_of);
        assert!(known.assigned.iter().any(|one| is_meant(one, &entry.actor)));
        let own = persons(&done.by);
        if let Some(claimed) = &known.claimed {
            let theirs = persons(claimed);
            assert!(own.iter().any(|person| theirs.contains(person)));
        }
        let step = known.step.clone();
        if entry.actor.system {
            return;
        }
        self.four_eyes(&step, &own);
        self.own_matter(&step, &own);
        if step.kind == StepKind::FinalSign {
            let bound = step.binds.as_ref().and_then(|key| self.fields.get(key));
            // What names nothing yet can only be sent back.
            if let Some(Value::Document(document)) = bound {
                let drafted = self.has_drafted(document, &own, entry);
                assert!(!drafted, "{own:?} drafted it");
            }
        }
        self.takers.push((number, own));
    }

    /// I-10: what the definition keeps apart is taken by several; whoever orders has checked nothing.
    fn four_eyes(&self, step: &StepState, own: &[Id]) {
        let names = |one: &StepState, other: &StepState| {
            let defined = self.defined(one);
            defined.is_some_and(|one| one.distinct_from.contains(&other.key))
        };
        let checks = |one: &StepState, other: &StepState| {
            one.kind == StepKind::Order && other.kind == StepKind::Attest
        };
        for (number, takers) in &self.takers {
            let other = &self.steps[number].step;
            if other.directive.is_some() || step.directive.is_some() {
                continue;
            }
            let apart = names(step, other) || names(other, step);
            let apart = apart || checks(step, other) || checks(other, step);
            assert!(
                !apart || !own.iter().any(|person| takers.contains(person)),
                "{} after {}: {own:?}",
                step.key,
                other.key
            );
        }
    }

    /// I-10: nobody decides his own matter.
    fn own_matter(&self, step: &StepState, own: &[Id]) {
        let never = matches!(step.kind, StepKind::Order | StepKind::Approve);
        let permitted = self.defined(step).is_some_and(|one| one.own_matter);
        if !is_judging(step.kind) || (permitted && !never) {
            return;
        }
        for field in &self.definition.matter_of {
            let parties: Vec<Id> = if field == "initiator" {
                self.initiator.iter().flat_map(persons).collect()
            } else {
                let whos = self.whos(field).into_iter();
                whos.filter_map(|who| match who {
                    Assigned::Person { account } => Some(account),
                    _ => None,
                })
                .collect()
            };
            assert!(
                !own.iter().any(|person| parties.contains(person)),
                "{}: the own matter of {own:?}",
                step.key
            );
        }
    }

    /// Whether some have drafted more of a document than what was announced as editorial.
    pub(super) fn has_drafted(&self, document: &Id, own: &[Id], entry: &Entry) -> bool {
        let mut makers = entry.town.makers[document].iter();
        makers.any(|(sha, maker)| !self.edited.contains(sha) && own.contains(maker))
    }

    pub(super) fn skipped(&mut self, number: u32, done: &Done, entry: &Entry) {
        assert_eq!(done.by.account, entry.actor.account);
        self.acts(done);
        let known = self.unfinished(number);
        let (step, due) = (known.step.clone(), known.due.clone());
        let skip = self.defined(&step).and_then(|one| one.skip.as_ref());
        let skip = skip.expect("what may be skipped");
        let by = self.meant(&skip.by, None, entry);
        assert!(by.iter().any(|one| is_meant(one, &entry.actor)));
        assert!(!skip.overdue || due.unwrap().overdue_at <= entry.now);
        self.takers.push((number, persons(&done.by)));
        self.unfinished(number).is = Is::Skipped;
    }

    pub(super) fn completed(&mut self, number: u32, done: &Done, entry: &Entry) {
        let known = self.unfinished(number);
        let step = known.step.clone();
        if matches!(entry.command, Command::Fire { .. }) {
            let lapses = known.due.as_ref().and_then(|due| due.lapse_at.clone());
            let (at, outcome) = lapses.unwrap();
            assert!(at <= entry.now);
            assert_eq!((outcome, &done.bound), (done.outcome.clone(), &None));
            assert_eq!(done.by.account.0, "system");
            assert!(!is_judging(step.kind), "time makes no mark");
        } else {
            self.took(number, done, entry);
            self.ending(&step, done, entry);
        }
        self.handed_over(&step, done);
        let known = self.unfinished(number);
        known.is = Is::Done;
        known.done = Some(done.clone());
        if let Some(bound) = &done.bound {
            let in_force = &entry.town.documents[&bound.document];
            assert_eq!(
                (&bound.sha512, bound.version),
                (&in_force.sha512, in_force.version)
            );
        }
    }

    /// The outcome was there, all that it wants is so, and the mark binds what was seen.
    fn ending(&self, step: &StepState, done: &Done, entry: &Entry) {
        let Some(defined) = self.defined(step) else {
            assert!(["done", "refused"].contains(&done.outcome.as_str()));
            return;
        };
        let mut outcomes = defined.outcomes.iter();
        let outcome = outcomes.find(|one| one.key == done.outcome).unwrap();
        assert!(self.holds(outcome.when.as_ref(), entry));
        assert!(!outcome.reason || done.note.is_some());
        let (fields, seen) = match &entry.command {
            Command::Complete { fields, seen, .. } => (fields, seen.as_ref()),
            Command::Event { fields, .. } | Command::Effected { fields, .. } => (fields, None),
            other => panic!("{other:?}"),
        };
        let with = |with: &[String]| with.is_empty() || with.contains(&done.outcome);
        for ask in defined.asks.iter().filter(|ask| with(&ask.with)) {
            assert!(!ask.required || fields.contains_key(&ask.field), "{ask:?}");
        }
        let goes_on = self.goes_on(step, outcome);
        for one in &defined.require {
            let counts = if one.with.is_empty() {
                goes_on
            } else {
                one.with.contains(&done.outcome)
            };
            if counts {
                assert!(self.holds(Some(&one.is), entry), "{}", one.is);
                self.within_limit(one, entry);
            }
        }
        let reserved = step.kind == StepKind::FinalSign && outcome.reason;
        let binds = step.binds.is_some() && goes_on && !reserved;
        assert_eq!(binds, done.bound.is_some(), "{}", step.key);
        let shown = matches!(
            step.kind,
            StepKind::CoSign | StepKind::FinalSign | StepKind::Dispatch
        );
        if let Some(bound) = done.bound.as_ref().filter(|_| shown) {
            assert_eq!(seen, Some(&bound.sha512), "unseen");
        }
    }

    /// I-11, without the help of expressions.
    fn within_limit(&self, one: &Requirement, entry: &Entry) {
        let text = one.is.to_string();
        let Some(key) = text.strip_prefix("actor.limit >= ") else {
            return;
        };
        if let Some(Value::Money(amount)) = self.fields.get(key) {
            let limit = entry.actor.limit.unwrap();
            assert!(*amount >= 0 && limit >= *amount, "{amount} over {limit}");
        }
    }

    fn goes_on(&self, step: &StepState, outcome: &Outcome) -> bool {
        let Some(to) = &outcome.to else {
            return true;
        };
        let mut states = self.definition.states.iter();
        let dropped = self.definition.state(to).unwrap().end == Some(End::Dropped);
        // The later of both: what goes to the own state or before it goes back.
        let later = states.rfind(|state| state.id == *to || state.id == step.state);
        !dropped && *to != step.state && later.unwrap().id == *to
    }

    fn was(&self, key: &str, outcome: &str) -> bool {
        let steps = self.steps.values();
        let mut done = steps.filter(|known| known.step.key == key && known.is == Is::Done);
        done.any(|known| {
            known
                .done
                .as_ref()
                .is_some_and(|one| one.outcome == outcome)
        })
    }

    /// I-13, I-15: of what ships.
    fn handed_over(&self, step: &StepState, done: &Done) {
        match (self.definition.id.as_str(), step.key.as_str()) {
            ("id-handover", "hand_over") if done.outcome == "handed_over" => {
                assert!(self.was("identify", "identified"));
                assert!(self.was("confirm_pin", "confirmed") || self.was("reset_pin", "reset"));
            }
            ("certificate-of-conduct", "transmit") if done.outcome == "transmitted" => {
                assert!(self.was("take_fee", "paid") || self.was("take_fee", "waived"));
            }
            ("registration-certificate", "deliver") => assert!(self.was("fee", "paid")),
            _ => {}
        }
    }

    pub(super) fn delegated(&mut self, number: u32, to: &Assigned, entry: &Entry) {
        let known = self.unfinished(number);
        let (asked, kind) = (known.assigned.clone(), known.step.kind);
        if !matches!(entry.command, Command::Delegate { .. }) {
            assert_eq!(*to, head(), "who is left alone");
            return;
        }
        assert!(!matches!(kind, StepKind::Event | StepKind::System));
        let mut asked = asked.into_iter().chain([head()]);
        assert!(asked.any(|one| is_meant(&one, &entry.actor)));
        if let Assigned::Person { account } = to {
            assert!(!self.excluded.contains(account));
        }
    }

    pub(super) fn extended(&mut self, number: u32, after: &DueState, entry: &Entry) {
        let known = self.unfinished(number);
        let (step, before) = (known.step.clone(), known.due.clone().unwrap());
        assert!(after.on > before.on);
        assert_eq!(after.extended.len(), before.extended.len() + 1);
        assert_eq!(after.extended[..before.extended.len()], before.extended);
        let last = after.extended.last().unwrap();
        assert_eq!((last.from, last.to), (before.on, after.on));
        assert_eq!(last.by.account, entry.actor.account);
        let Some(due) = self.defined(&step).and_then(|one: &Step| one.due.as_ref()) else {
            return;
        };
        if !matches!(entry.command, Command::Extend { .. }) {
            // The day from which it is counted, or before which it must be done, was set by an effect.
            let from = matches!(due.term, Term::Field { .. });
            assert!(from || due.before.is_some(), "extended by nobody");
            return;
        }
        let by = due.extend_by.as_ref().expect("what may be extended");
        let by: Vec<Assigned> = self.meant(by, None, entry);
        assert!(by.iter().any(|one| is_meant(one, &entry.actor)));
        let latest = due.before.as_ref().and_then(|key| self.fields.get(key));
        if let Some(Value::Day(latest)) = latest {
            assert!(after.on <= *latest);
        }
    }

    /// By himself, by the head, by whoever may break it off, or because the definition says so.
    pub(super) fn may_exclude(&self, person: &Id, entry: &Entry) {
        let named = match &entry.command {
            Command::Exclude { person, .. } => Some(person),
            _ => None,
        };
        if named != Some(person) {
            let account = person.clone();
            let states = self.definition.states.iter();
            let outcomes = states.clone().flat_map(|state| &state.steps);
            let outcomes = outcomes.flat_map(|step| &step.outcomes);
            let effects = outcomes.flat_map(|outcome| &outcome.effects);
            let mut effects = effects.chain(states.flat_map(|state| &state.on_enter));
            let who = Assigned::Person { account };
            let is_it = |one: &Effect| matches!(one, Effect::Exclude { who: key } if self.whos(key).contains(&who));
            assert!(effects.any(is_it), "{person:?} was excluded by nobody");
            return;
        }
        if *person == entry.actor.account {
            return;
        }
        let by = self.definition.cancel_by.iter();
        let by = by.filter(|one| **one != Assignee::Initiator);
        let mut by = by
            .flat_map(|one| self.meant(one, None, entry))
            .chain([head()]);
        assert!(by.any(|one| is_meant(&one, &entry.actor)));
    }
}
