//! Which way it goes: states are left by their exits only when all that they ask for was done, and each end is
//! reached through them.

use std::collections::VecDeque;

use super::{Entry, Is, Judge, Known, head, is_meant};
use crate::definition::{Assignee, End, Join, State, StepKind, Term};
use crate::instance::{Assigned, Command, DueState, Event, Instant, StepState};

/// Where it may go next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// Where the state goes on to.
    Exit,
    /// There, for so an outcome says, or whoever sent it back.
    To(String),
    /// To the earliest state with a mark that is void.
    Back(usize),
}

impl Judge<'_> {
    fn place(&self, state: &str) -> usize {
        let mut states = self.definition.states.iter();
        states.position(|one| one.id == state).unwrap()
    }

    fn here(&self) -> &State {
        self.definition.state(&self.state).unwrap()
    }

    /// It begins by whom the definition names.
    pub(super) fn begun(&self, entry: &Entry) {
        let mut by = self.definition.start_by.clone();
        if by.is_empty() {
            by.push(Assignee::Anybody);
        }
        let mut meant = by.iter().flat_map(|one| self.meant(one, None, entry));
        assert!(meant.any(|one| is_meant(&one, &entry.actor)));
        let required = self.definition.fields.iter().filter(|field| field.required);
        for field in required {
            assert!(self.fields.contains_key(&field.key), "{}", field.key);
        }
    }

    /// Where it goes, before the event is taken in.
    pub(super) fn on_the_way(&mut self, event: &Event, entry: &Entry) {
        match event {
            Event::Started { .. } => self.goal = Goal::To(self.definition.start.clone()),
            Event::Entered { state, .. } => {
                self.all_made(entry);
                self.goes(state, entry);
                self.goal = Goal::Exit;
                self.expected = None;
            }
            Event::Completed { step, done } => {
                self.all_made(entry);
                let known = self.known(*step).step.clone();
                let outcomes = self.defined(&known).map(|one| &one.outcomes);
                let mut outcomes = outcomes.into_iter().flatten();
                let outcome = outcomes.find(|outcome| outcome.key == done.outcome);
                let to = outcome.and_then(|outcome| outcome.to.clone());
                self.goal = to.map_or(Goal::Exit, Goal::To);
            }
            Event::Returned { to, .. } => self.goal = Goal::To(to.clone()),
            Event::Voided { step, .. } => {
                let state = self.known(*step).step.state.clone();
                let place = self.place(&state);
                self.goal = match self.goal {
                    Goal::Back(other) => Goal::Back(place.min(other)),
                    Goal::Exit | Goal::To(_) => Goal::Back(place),
                };
            }
            Event::Skipped { .. } => self.goal = Goal::Exit,
            Event::StepMade { .. } | Event::StepOpened { .. } => self.all_made(entry),
            Event::Ended { how, by, .. } => {
                self.all_made(entry);
                self.ends(*how, by.is_some(), entry);
            }
            Event::Withdrawn { by: Some(_), .. } => self.goal = Goal::Exit,
            Event::StepWaits { .. }
            | Event::Claimed { .. }
            | Event::Released { .. }
            | Event::Withdrawn { .. }
            | Event::Delegated { .. }
            | Event::Held { .. }
            | Event::Resumed { .. }
            | Event::Extended { .. }
            | Event::Excluded { .. }
            | Event::EditorialAnnounced { .. }
            | Event::EditorialTaken { .. }
            | Event::Reminded { .. }
            | Event::Escalated { .. }
            | Event::FieldSet { .. }
            | Event::FieldEmptied { .. }
            | Event::Effect { .. }
            | Event::Migrated { .. } => {}
        }
    }

    /// What a state asks for is known once what is done at its entry was done.
    fn all_made(&mut self, entry: &Entry) {
        if self.expected.is_some() {
            return;
        }
        let mut expected = VecDeque::new();
        for step in &self.here().steps {
            if !self.holds(step.when.as_ref(), entry) {
                continue;
            }
            match &step.each {
                None => expected.push_back((step.id.clone(), None)),
                Some(field) => {
                    let members = self.whos(field).into_iter();
                    expected.extend(members.map(|one| (step.id.clone(), Some(one))));
                }
            }
        }
        self.expected = Some(expected);
    }

    pub(super) fn made(&mut self, step: &StepState, entry: &Entry) {
        assert_eq!(usize::try_from(step.number).unwrap(), self.steps.len() + 1);
        let mut each = None;
        match &step.directive {
            None => {
                let next = self.expected.as_mut().and_then(VecDeque::pop_front);
                let (key, member) = next.expect("a step that nobody asks for");
                assert_eq!((&key, step.round), (&step.key, self.round));
                let (state, defined) = self.definition.step(&key).unwrap();
                assert_eq!((&state.id, defined.kind), (&step.state, step.kind));
                assert_eq!(defined.binds, step.binds);
                each = member;
            }
            Some(directive) => {
                if let Command::Insert { kind, .. } = &entry.command
                    && directive.at == entry.now
                    && directive.by.account == entry.actor.account
                {
                    let state = self.definition.state(&step.state).unwrap();
                    assert!(state.adhoc.contains(kind), "{kind:?} was inserted");
                    assert_eq!(*kind, step.kind);
                } else {
                    assert!(matches!(self.goal, Goal::Exit), "asked again: {step:?}");
                }
            }
        }
        let known = Known {
            step: step.clone(),
            is: Is::Future,
            assigned: step.assigned.clone(),
            each,
            claimed: None,
            due: None,
            fired: std::collections::BTreeSet::new(),
            done: None,
        };
        self.steps.insert(step.number, known);
    }

    /// Asked is whom the definition names, and the head of the department where nobody else is left.
    pub(super) fn opened(
        &mut self,
        number: u32,
        (assigned, due): (Option<&Vec<Assigned>>, Option<&DueState>),
        entry: &Entry,
    ) {
        let known = self.unfinished(number);
        let again = known.is == Is::Waiting;
        known.is = Is::Open;
        known.due = due.cloned();
        if let Some(assigned) = assigned {
            known.assigned.clone_from(assigned);
        }
        assert!(!known.assigned.is_empty());
        let (step, asked) = (known.step.clone(), known.assigned.clone());
        let each = known.each.clone();
        let Some(defined) = self.defined(&step).filter(|_| !again) else {
            return;
        };
        let meant = match step.kind {
            StepKind::Event | StepKind::System => vec![Assigned::System],
            _ if each.is_some() => return self.due(defined.due.as_ref(), due, entry.now),
            _ => self.meant(&defined.assignee, None, entry),
        };
        let of_them = |one: &Assigned| meant.contains(one) || *one == head();
        assert!(
            asked.iter().all(of_them) && meant.iter().all(|one| asked.contains(one)),
            "{}: {asked:?}, not {meant:?}",
            step.key
        );
        self.due(defined.due.as_ref(), due, entry.now);
    }

    /// I-24, counted in another way than the engine does, where no other day comes first.
    fn due(&self, rule: Option<&crate::definition::Due>, due: Option<&DueState>, now: Instant) {
        let Some(rule) = rule else {
            assert!(due.is_none(), "due by no rule");
            return;
        };
        if rule.before.is_some() {
            return;
        }
        let today = self.calendar.day_of(now);
        let days = |count: u16| today.plus_days(i64::from(count));
        match rule.term {
            Term::WorkingDays(count) => {
                let on = due.unwrap().on;
                let mut day = today;
                let mut many = 0;
                while day < on {
                    day = day.plus_days(1);
                    many += u16::from(self.calendar.is_working(day));
                }
                assert!(count == 0 || many == count, "{many} days, not {count}");
            }
            Term::Hours(count) => {
                let until = now.plus_seconds(i64::from(count) * 3_600);
                assert_eq!(due.unwrap().overdue_at, until);
            }
            Term::Days(count) => assert!(due.unwrap().on >= days(count)),
            Term::Weeks(count) => assert!(due.unwrap().on >= days(count * 7)),
            Term::Months(_) | Term::Field { .. } => {}
        }
    }

    /// A state is entered for a reason.
    fn goes(&self, to: &str, entry: &Entry) {
        match &self.goal {
            Goal::To(goal) => assert_eq!(goal, to),
            Goal::Back(place) => {
                assert_eq!(*place, self.place(to));
                assert!(*place <= self.place(&self.state), "it goes back");
            }
            Goal::Exit => {
                self.is_complete();
                let mut exits = self.here().exits.iter();
                let exit = exits.find(|exit| self.holds(exit.when.as_ref(), entry));
                assert_eq!(
                    exit.map(|exit| exit.to.as_str()),
                    Some(to),
                    "{}",
                    self.state
                );
            }
        }
    }

    /// All that the state asks for was done or skipped, or one of it where that is enough.
    fn is_complete(&self) {
        assert_eq!(self.expected.as_ref().map(VecDeque::len), Some(0));
        let steps = self.steps.values();
        let mine =
            steps.filter(|known| known.step.round == self.round && known.step.directive.is_none());
        let mut left = mine
            .clone()
            .filter(|known| !matches!(known.is, Is::Done | Is::Skipped));
        let enough = self.here().join == Join::Any && mine.clone().any(|one| one.is == Is::Done);
        assert!(
            enough || left.next().is_none(),
            "{} was left too early",
            self.state
        );
    }

    fn ends(&self, how: End, by: bool, entry: &Entry) {
        if !by {
            assert_eq!(self.here().end, Some(how));
            return;
        }
        assert_eq!(how, End::Dropped);
        assert!(matches!(entry.command, Command::Cancel { .. }));
        let mut by = self.definition.cancel_by.clone();
        if by.is_empty() {
            by.push(Assignee::Initiator);
        }
        let meant = by.iter().flat_map(|one| self.meant(one, None, entry));
        let mut meant: Vec<Assigned> = meant.collect();
        if self.definition.cancel_by.is_empty() {
            meant.push(head());
        }
        assert!(meant.iter().any(|one| is_meant(one, &entry.actor)));
    }
}
