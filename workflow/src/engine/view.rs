//! What is the case: of an instance, by its definition, in its setting.

use crate::calendar::Calendar;
use crate::definition::{Definition, End, Outcome, State, Step};
use crate::expr::{Expr, Facts};
use crate::instance::{
    Assigned, Day, Done, EffectDue, Event, Id, Instance, Refusal, StepState, StepStatus, Value,
};

use super::Setting;
use super::run::find;
use super::take::RETURNED;
use super::who::principal;

/// An instance, by its definition, in its setting.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) definition: &'a Definition,
    pub(super) instance: &'a Instance,
    pub(super) setting: Setting<'a>,
    /// What has happened in this command so far: the archive does not know it yet.
    pub(super) fresh: &'a [Event],
}

impl<'a> View<'a> {
    pub(super) fn step(self, number: u32) -> Result<&'a StepState, Refusal> {
        find(self.instance, number).ok_or(Refusal::NoStep)
    }

    /// A step that is open, or waits for one that was inserted before it.
    pub(super) fn unfinished(self, number: u32) -> Result<&'a StepState, Refusal> {
        let step = self.step(number)?;
        if matches!(step.status, StepStatus::Open | StepStatus::Waiting) {
            return Ok(step);
        }
        Err(Refusal::NotOpen(step.status))
    }

    /// The definition of a step; an inserted one has none.
    pub(super) fn defined(self, step: &StepState) -> Option<&'a Step> {
        if step.directive.is_some() {
            return None;
        }
        self.definition.step(&step.key).map(|(_, step)| step)
    }

    pub(super) fn state(self) -> Result<&'a State, Refusal> {
        let id = &self.instance.state;
        self.definition.state(id).ok_or(Refusal::NoState)
    }

    /// Where a state stands in the definition.
    pub(super) fn place(self, state: &str) -> Option<usize> {
        let mut states = self.definition.states.iter();
        states.position(|one| one.id == state)
    }

    pub(super) fn today(self) -> Day {
        self.setting.calendar.day_of(self.setting.now)
    }

    pub(super) fn holds(self, condition: Option<&Expr>) -> bool {
        condition.is_none_or(|condition| condition.holds(&self))
    }

    /// Whether an outcome goes on: it neither drops the workflow nor goes back to its own state or an earlier
    /// one. Only such an outcome binds a mark, and only for it the requirements are looked at.
    pub(super) fn goes_on(self, state: &str, outcome: &Outcome) -> bool {
        let Some(to) = &outcome.to else {
            return true;
        };
        let drops = |state: &State| state.end == Some(End::Dropped);
        if self.definition.state(to).is_none_or(drops) {
            return false;
        }
        match (self.place(state), self.place(to)) {
            (Some(from), Some(to)) => to > from,
            _ => false,
        }
    }

    /// The document that a field names.
    pub(super) fn document_of(self, field: &str) -> Option<&'a Id> {
        match self.instance.fields.get(field) {
            Some(Value::Document(id)) => Some(id),
            _ => None,
        }
    }

    pub(super) fn is_frozen(self, document: &Id) -> bool {
        let now = self.setting.directory.document(document);
        now.is_some_and(|document| document.frozen)
            || self.has_happened(|effect| {
                matches!(effect, EffectDue::Freeze { version } if version.document == *document)
            })
    }

    pub(super) fn is_registered(self, document: &Id) -> bool {
        let now = self.setting.directory.document(document);
        now.is_some_and(|document| document.registered)
            || self.has_happened(
                |effect| matches!(effect, EffectDue::Register { document: one } if one == document),
            )
    }

    /// Whether nothing is left of what a document says. What is only to be destroyed is there still.
    pub(super) fn is_destroyed(self, document: &Id) -> bool {
        let now = self.setting.directory.document(document);
        now.is_some_and(|document| document.destroyed)
    }

    pub(super) fn has_happened(self, fits: impl Fn(&EffectDue) -> bool) -> bool {
        let is = |event: &Event| matches!(event, Event::Effect { effect, .. } if fits(effect));
        self.fresh.iter().any(is)
    }

    /// How a step was done last, whoever did it, and be it the system. Neither what is void counts nor what
    /// was sent back.
    pub(super) fn last_done(self, key: &str) -> Option<&'a Done> {
        let steps = self.instance.steps.iter();
        let valid = steps.filter(|step| step.key == key && step.status == StepStatus::Done);
        let done = valid.filter_map(|step| Some((step.round, step.done.as_ref()?, step.number)));
        done.filter(|(_, done, _)| done.outcome != RETURNED)
            .max_by_key(|(round, done, number)| (*round, done.at, *number))
            .map(|(_, done, _)| done)
    }
}

impl Facts for View<'_> {
    fn field(&self, key: &str) -> Option<Value> {
        self.instance.fields.get(key).cloned()
    }

    fn today(&self) -> Day {
        View::today(*self)
    }

    fn calendar(&self) -> &Calendar {
        self.setting.calendar
    }

    fn limit(&self) -> Option<i64> {
        self.setting.actor.limit
    }

    fn actor(&self) -> Option<Id> {
        Some(self.setting.actor.account.clone())
    }

    fn initiator(&self) -> Option<Id> {
        Some(principal(&self.instance.initiator).clone())
    }

    fn lookup(&self, table: &str, key: &str) -> Option<String> {
        let mut tables = self.definition.lookups.iter();
        let table = tables.find(|one| one.key == table)?;
        table.rows.get(key).or(table.default.as_ref()).cloned()
    }

    fn done(&self, step: &str) -> bool {
        self.last_done(step).is_some()
    }

    fn outcome(&self, step: &str) -> Option<String> {
        self.last_done(step).map(|done| done.outcome.clone())
    }

    fn taker(&self, step: &str) -> Option<Id> {
        self.last_done(step).map(|done| principal(&done.by).clone())
    }

    fn holds(&self, person: &Id, function: &str) -> bool {
        self.setting.directory.holds(person, function)
    }

    fn registered(&self, document: &Id) -> bool {
        self.is_registered(document)
    }

    fn frozen(&self, document: &Id) -> bool {
        self.is_frozen(document)
    }

    fn destroyed(&self, document: &Id) -> bool {
        self.is_destroyed(document)
    }
}

/// A person or a function, as a row of a table writes it: `function:CODE`.
pub(super) fn who(text: &str) -> Option<Assigned> {
    let code = text.strip_prefix("function:")?;
    (!code.is_empty()).then(|| Assigned::Function {
        code: code.to_owned(),
    })
}
