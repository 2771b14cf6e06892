//! What concerns an instance as a whole: who is excluded, that it is broken off, by which definition it runs.

use std::collections::BTreeMap;

use crate::definition::{End, State};
use crate::instance::{Assigned, Event, Id, Refusal, StepState, StepStatus};

use super::fields::{LIST_MAX, is_of_kind, reason};
use super::run::Run;
use super::view::View;
use super::who::head;

impl View<'_> {
    /// Whether a migration may lead to a state of the definition by which it goes on: nothing that is still to be
    /// done is left out by it. That is the state in which it is, one before it, or an end at which it is dropped;
    /// where there is no such state any more, none behind the first after those in which something was done. What was
    /// done on a side way says nothing of that: it may stand anywhere in the definition.
    fn may_move_to(self, target: &State) -> bool {
        if target.beside.is_some() {
            return false;
        }
        match target.end {
            Some(End::Dropped) => return true,
            Some(End::Done) => return false,
            None => {}
        }
        let latest = self.place(&self.instance.state).unwrap_or_else(|| {
            let steps = self.instance.steps.iter();
            let done = steps.filter(|step| step.status == StepStatus::Done);
            let done = done.filter(|step| self.aside(step).is_none());
            let places = done.filter_map(|step| self.place(&step.state));
            places.max().map_or(0, |place| place.saturating_add(1))
        });
        self.place(&target.id).is_some_and(|place| place <= latest)
    }
}

impl Run<'_> {
    /// By the person himself, who says that he is biased; of others by the head of the department, and by whoever
    /// may break it off by more than having begun it (§§ 20 and 21 `VwVfG`).
    pub(super) fn exclude(&mut self, person: &Id, why: &str) -> Result<(), Refusal> {
        let view = self.view();
        let is_himself = self.setting.actor.account == *person;
        // Whose matter it is does not choose who decides it.
        if !is_himself && view.is_party() {
            return Err(Refusal::OwnMatter);
        }
        if !is_himself && !view.may_exclude() {
            return Err(Refusal::NotAssigned);
        }
        if person.0.is_empty()
            || person.0 == super::SYSTEM
            || self.instance.excluded.contains(person)
        {
            return Err(Refusal::NotProvided);
        }
        if self.instance.excluded.len() >= LIST_MAX {
            return Err(Refusal::TooMany);
        }
        let reason = reason(why)?;
        self.exclude_now(person, &reason);
        Ok(())
    }

    /// The persons that a field names, if it names any that are not excluded yet.
    pub(super) fn exclude_named(&mut self, field: &str) {
        let label = self
            .definition
            .field(field)
            .map(|field| field.label.de.clone());
        let reason = label.unwrap_or_else(|| field.to_owned());
        for who in self.view().whos(field) {
            if let Assigned::Person { account } = who
                && !self.instance.excluded.contains(&account)
            {
                self.exclude_now(&account, &reason);
            }
        }
    }

    fn exclude_now(&mut self, person: &Id, reason: &str) {
        let (by, at) = (self.taker(), self.now());
        self.emit(Event::Excluded {
            person: person.clone(),
            by: by.clone(),
            reason: reason.to_owned(),
            at,
        });
        for step in self.open_steps() {
            let is_his = step.claimed.as_ref().is_some_and(|claimed| {
                claimed.account == *person || claimed.on_behalf_of.as_ref() == Some(person)
            });
            let number = step.number;
            if is_his {
                let by = by.clone();
                self.emit(Event::Released {
                    step: number,
                    by,
                    at,
                });
            }
            if self.view().is_left_alone(&step) && !step.assigned.contains(&head()) {
                self.emit(Event::Delegated {
                    step: number,
                    to: head(),
                    by: by.clone(),
                    reason: Some(reason.to_owned()),
                    at,
                });
            }
        }
    }

    fn open_steps(&self) -> Vec<StepState> {
        let steps = self.instance.steps.iter();
        let open =
            steps.filter(|step| matches!(step.status, StepStatus::Open | StepStatus::Waiting));
        open.cloned().collect()
    }

    pub(super) fn cancel(&mut self, why: &str) -> Result<(), Refusal> {
        if !self.view().may_cancel() {
            return Err(Refusal::NotAssigned);
        }
        let reason = Some(reason(why)?);
        self.leave_wholly();
        let (by, at) = (Some(self.taker()), self.now());
        self.emit(Event::Ended {
            how: End::Dropped,
            by,
            reason,
            at,
        });
        Ok(())
    }

    /// It goes on by another version of its definition: what is open is asked for no more, and the state to
    /// which it comes is entered. Fields that do not fit there are emptied. What was done stays.
    pub(super) fn migrate(
        &mut self,
        states: &BTreeMap<String, String>,
        why: &str,
    ) -> Result<(), Refusal> {
        let view = self.view();
        view.not_excluded()?;
        if !view.may_cancel() && !self.setting.actor.system {
            return Err(Refusal::NotAssigned);
        }
        let definition = self.definition;
        let sha256 = definition.sha256_hex();
        if definition.id != self.instance.definition || sha256 == self.instance.definition_sha256 {
            return Err(Refusal::NotProvided);
        }
        let here = &self.instance.state;
        let to = states.get(here).unwrap_or(here).clone();
        let target = definition.state(&to);
        let target = target.ok_or_else(|| Refusal::NoStateFor(to.clone()))?;
        if !view.may_move_to(target) {
            return Err(Refusal::NotProvided);
        }
        let reason = reason(why)?;
        self.leave_wholly();
        let (by, at) = (self.taker(), self.now());
        self.emit(Event::Migrated {
            version: definition.version,
            sha256,
            by,
            reason,
            at,
        });
        let misfits = self.instance.fields.iter().filter(|(key, value)| {
            let field = definition.field(key);
            !field.is_some_and(|field| is_of_kind(field, value))
        });
        let misfits: Vec<String> = misfits.map(|(key, _)| key.clone()).collect();
        for field in misfits {
            self.set(&field, None);
        }
        self.enter(&to)
    }
}
