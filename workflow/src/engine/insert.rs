//! The routing slip is changed on the way: steps are inserted, taken away, given to others.

use std::collections::BTreeSet;

use crate::definition::{StepKind, Words};
use crate::instance::{Assigned, Day, Directive, Event, Refusal, StepState, StepStatus};

use super::fields::{LIST_MAX, is_who, reason, said};
use super::run::Run;
use super::time::HOLD_DAYS_MAX;
use super::view::View;
use super::who::{Duty, head, is_same};

/// The key of a step that was inserted.
const ADHOC: &str = "adhoc";

/// A step is inserted.
pub(super) struct Insertion<'c> {
    pub(super) step: u32,
    pub(super) kind: StepKind,
    pub(super) to: &'c [Assigned],
    pub(super) text: Option<&'c str>,
    pub(super) due: Option<Day>,
    pub(super) holds: bool,
}

/// Kinds that only a definition can ask for, whatever it says of insertion.
const fn can_be_inserted(kind: StepKind) -> bool {
    match kind {
        StepKind::Task
        | StepKind::Seen
        | StepKind::Information
        | StepKind::Consult
        | StepKind::Statement
        | StepKind::CoSign
        | StepKind::Attest
        | StepKind::Approve
        | StepKind::Resubmit => true,
        StepKind::FinalSign
        | StepKind::Order
        | StepKind::Identity
        | StepKind::Counter
        | StepKind::Dispatch
        | StepKind::Event
        | StepKind::System => false,
    }
}

/// Whether a mark of this kind is bound to the document of the step before which it stands.
const fn binds(kind: StepKind) -> bool {
    matches!(
        kind,
        StepKind::CoSign | StepKind::Attest | StepKind::Approve
    )
}

impl<'a> View<'a> {
    /// Whether whoever acts may insert before a step: whoever may take it, or, if its turn is still to come,
    /// whoever may take one that is open in its state.
    fn may_insert(self, step: &StepState) -> Result<(), Refusal> {
        match step.status {
            StepStatus::Open | StepStatus::Waiting => {
                let step = self.step(step.number)?;
                self.could_take(step)
            }
            StepStatus::Future => {
                let mut open = self.instance.steps.iter().filter(|one| {
                    one.round == step.round
                        && (one.status == StepStatus::Open || one.number == step.number)
                });
                let mine = open.any(|one| self.could_take(one).is_ok());
                if mine {
                    Ok(())
                } else {
                    Err(Refusal::NotAssigned)
                }
            }
            StepStatus::Done | StepStatus::Voided | StepStatus::Skipped | StepStatus::Withdrawn => {
                Err(Refusal::NotOpen(step.status))
            }
        }
    }

    /// The same for a kind of step, with the document to which it would be bound.
    fn may_insert_kind(self, step: &StepState, kind: StepKind) -> Result<Option<String>, Refusal> {
        self.may_insert(step)?;
        let state = self.definition.state(&step.state).ok_or(Refusal::NoState)?;
        if !state.adhoc.contains(&kind) || !can_be_inserted(kind) {
            return Err(Refusal::NotProvided);
        }
        self.bound_field(kind, step)
    }

    /// Whether whoever acts may insert anything before a step.
    pub(super) fn may_insert_any(self, number: u32) -> Result<(), Refusal> {
        let step = self.step(number)?;
        let state = self.definition.state(&step.state).ok_or(Refusal::NoState)?;
        let mut kinds = state.adhoc.iter();
        if kinds.any(|kind| self.may_insert_kind(step, *kind).is_ok()) {
            return Ok(());
        }
        Err(Refusal::NotProvided)
    }

    pub(super) fn may_withdraw(self, number: u32) -> Result<(), Refusal> {
        let step = self.step(number)?;
        let directive = step.directive.as_ref().ok_or(Refusal::NotProvided)?;
        if !is_same(&directive.by, self.setting.actor) {
            return Err(Refusal::NotAssigned);
        }
        if !super::run::is_unfinished(step) {
            return Err(Refusal::NotOpen(step.status));
        }
        Ok(())
    }

    /// Whether whoever acts may give a step to somebody. In his own matter nobody chooses who decides, and a
    /// final signature is given on by whoever is asked for it only: the head did not draw up who signs.
    pub(super) fn may_delegate(self, number: u32) -> Result<&'a StepState, Refusal> {
        let step = self.unfinished(number)?;
        let is_asked = || step.assigned.iter().any(|one| self.is_asked(one));
        let is_head = self.is_asked(&head());
        if !is_asked() && (!is_head || step.kind == StepKind::FinalSign) {
            return Err(Refusal::NotAssigned);
        }
        if !is_head {
            self.not_claimed(step)?;
        }
        self.not_own_matter(self.duty(step))?;
        if matches!(step.kind, StepKind::Event | StepKind::System) {
            return Err(Refusal::NotProvided);
        }
        Ok(step)
    }

    /// The document of an inserted mark: that of the step before which it stands, or that which is co-signed
    /// or finally signed by the definition.
    fn bound_field(self, kind: StepKind, step: &StepState) -> Result<Option<String>, Refusal> {
        if !binds(kind) {
            return Ok(None);
        }
        let mut signed = self
            .definition
            .states
            .iter()
            .flat_map(|state| &state.steps)
            .filter(|one| matches!(one.kind, StepKind::CoSign | StepKind::FinalSign));
        let field = match &step.binds {
            Some(field) => Some(field.clone()),
            None if kind == StepKind::CoSign => signed.find_map(|one| one.binds.clone()),
            None => None,
        };
        if kind == StepKind::CoSign && field.is_none() {
            return Err(Refusal::NotProvided);
        }
        Ok(field)
    }

    /// A day that is set by somebody: from today, and not beyond what can be meant.
    pub(super) fn fits_day(self, day: Day) -> Result<Day, Refusal> {
        let today = self.today();
        if day < today || today.days_to(day) > HOLD_DAYS_MAX {
            return Err(Refusal::Day);
        }
        Ok(day)
    }
}

impl Run<'_> {
    pub(super) fn insert(&mut self, asked: &Insertion<'_>) -> Result<(), Refusal> {
        let view = self.view();
        let step = view.step(asked.step)?;
        let field = view.may_insert_kind(step, asked.kind)?;
        let duty = Duty {
            kind: asked.kind,
            binds: field.as_deref(),
            defined: None,
        };
        self.may_be_asked(duty, asked.to)?;
        let due = match asked.due {
            Some(day) => {
                let day = view.fits_day(day)?;
                let calendar = self.setting.calendar;
                Some(calendar.due_on(None, day, self.now(), |_| Vec::new()))
            }
            // What is laid before somebody again must have a day on which it is.
            None if asked.kind == StepKind::Resubmit => return Err(Refusal::Day),
            None => None,
        };
        let holds = asked.holds || asked.kind == StepKind::Consult;
        let directive = Directive {
            by: self.taker(),
            at: self.now(),
            text: said(asked.text)?,
            holds: holds.then_some(asked.step),
        };
        let made = StepState {
            number: 0,
            key: ADHOC.to_owned(),
            state: step.state.clone(),
            round: step.round,
            kind: asked.kind,
            label: Words {
                de: asked.kind.german().to_owned(),
                en: None,
            },
            mark: asked.kind.mark().to_owned(),
            binds: field,
            assigned: Vec::new(),
            claimed: None,
            status: StepStatus::Future,
            directive: Some(directive),
            opened_at: None,
            due,
            held_until: None,
            done: None,
            fired: BTreeSet::new(),
        };
        let waits = holds && step.status == StepStatus::Open;
        let is_turn = step.status != StepStatus::Future;
        self.insert_each(asked, &made, is_turn)?;
        if waits {
            let at = self.now();
            self.emit(Event::StepWaits {
                step: asked.step,
                at,
            });
        }
        Ok(())
    }

    fn insert_each(
        &mut self,
        asked: &Insertion<'_>,
        made: &StepState,
        is_turn: bool,
    ) -> Result<(), Refusal> {
        for to in asked.to {
            let number = self.next_number()?;
            let step = StepState {
                number,
                assigned: vec![to.clone()],
                ..made.clone()
            };
            self.place(step, Some(asked.step));
            if is_turn {
                self.open_step(number)?;
            }
        }
        Ok(())
    }

    fn may_be_asked(&self, duty: Duty<'_>, to: &[Assigned]) -> Result<(), Refusal> {
        if to.is_empty() {
            return Err(Refusal::Nobody(ADHOC.to_owned()));
        }
        if to.len() > LIST_MAX {
            return Err(Refusal::TooMany);
        }
        for (at, one) in to.iter().enumerate() {
            let is_again = to.iter().take(at).any(|other| other == one);
            let is_somebody = is_who(one) || matches!(one, Assigned::Role { .. });
            if is_again || !is_somebody {
                return Err(Refusal::NotProvided);
            }
            if let Assigned::Person { account } = one {
                self.view().may_ever(duty, account)?;
            }
        }
        Ok(())
    }

    /// By whoever inserted it.
    pub(super) fn withdraw(&mut self, number: u32, why: &str) -> Result<(), Refusal> {
        self.view().may_withdraw(number)?;
        let reason = Some(reason(why)?);
        let (by, at) = (Some(self.taker()), self.now());
        self.emit(Event::Withdrawn {
            step: number,
            by,
            reason,
            at,
        });
        self.drop_inserted(number);
        self.advance(number)
    }

    /// By whoever is asked, even if he may not take it himself, or by the head of the department.
    pub(super) fn delegate(
        &mut self,
        number: u32,
        to: &Assigned,
        why: Option<&str>,
    ) -> Result<(), Refusal> {
        let view = self.view();
        let step = view.may_delegate(number)?;
        if !is_who(to) || step.assigned.contains(to) {
            return Err(Refusal::NotProvided);
        }
        if step.assigned.len() >= LIST_MAX {
            return Err(Refusal::TooMany);
        }
        if let Assigned::Person { account } = to {
            view.may_ever(view.duty(step), account)?;
        }
        let reason = said(why)?;
        let (by, at) = (self.taker(), self.now());
        self.emit(Event::Delegated {
            step: number,
            to: to.clone(),
            by,
            reason,
            at,
        });
        Ok(())
    }
}
