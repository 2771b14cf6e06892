//! What time does: steps rest, deadlines are extended, timers fire.

use crate::calendar::after_opening;
use crate::definition::{Due, StepKind, Term};
use crate::instance::{
    Assigned, Day, Done, DueState, Event, Extension, Instance, Refusal, StepState, StepStatus,
    Timer, TimerKind,
};

use super::fields::{LIST_MAX, reason, said};
use super::run::Run;
use super::view::View;
use super::who::{is_same, system};

/// How many days ahead a day may be to which a step rests or a deadline is extended: five years.
pub const HOLD_DAYS_MAX: i64 = 1_827;

/// The timers that have not fired, by their time.
#[must_use]
pub fn timers(instance: &Instance) -> Vec<Timer> {
    let mut timers = Vec::new();
    if instance.ended.is_some() {
        return timers;
    }
    for step in &instance.steps {
        if matches!(step.status, StepStatus::Open | StepStatus::Waiting) {
            of_step(step, &mut timers);
        }
    }
    timers.sort_by_key(|timer| (timer.at, timer.step));
    timers
}

/// Those of a step that is open or waits: a deadline runs on while it waits or rests.
fn of_step(step: &StepState, timers: &mut Vec<Timer>) {
    let number = step.number;
    if let Some(at) = step.held_until {
        timers.push(Timer {
            key: format!("{number}:resume"),
            at,
            step: number,
            what: TimerKind::Resume,
        });
    }
    let Some(due) = &step.due else {
        return;
    };
    let remind = due.remind_at.iter().enumerate();
    let remind = remind.map(|(n, at)| (format!("{number}:remind:{n}"), *at, TimerKind::Remind));
    let escalate = due.escalate_at.iter().enumerate();
    let escalate =
        escalate.map(|(n, (at, _))| (format!("{number}:escalate:{n}"), *at, TimerKind::Escalate));
    let lapse = due.lapse_at.iter();
    let lapse = lapse.map(|(at, _)| (format!("{number}:lapse"), *at, TimerKind::Lapse));
    for (key, at, what) in remind.chain(escalate).chain(lapse) {
        if !step.fired.contains(&key) {
            timers.push(Timer {
                key,
                at,
                step: number,
                what,
            });
        }
    }
}

impl<'a> View<'a> {
    pub(super) fn may_hold(self, number: u32) -> Result<(), Refusal> {
        self.may_take(number)?;
        if matches!(self.step(number)?.kind, StepKind::Event | StepKind::System) {
            return Err(Refusal::NotProvided);
        }
        Ok(())
    }

    pub(super) fn may_resume(self, number: u32) -> Result<(), Refusal> {
        self.may_take(number)?;
        match self.step(number)?.held_until {
            Some(_) => Ok(()),
            None => Err(Refusal::NotProvided),
        }
    }

    /// Whether whoever acts may extend the deadline of a step: what it is, and how it was defined.
    pub(super) fn may_extend(
        self,
        number: u32,
    ) -> Result<(&'a DueState, Option<&'a Due>), Refusal> {
        let step = self.unfinished(number)?;
        let old = step.due.as_ref().ok_or(Refusal::NotProvided)?;
        let defined = self.defined(step).and_then(|step| step.due.as_ref());
        let may = match (&step.directive, defined) {
            (Some(directive), _) => is_same(&directive.by, self.setting.actor),
            (None, Some(due)) => {
                let by = due.extend_by.as_ref().ok_or(Refusal::NotProvided)?;
                self.is_one_of(std::slice::from_ref(by))
            }
            (None, None) => return Err(Refusal::NotProvided),
        };
        if may {
            Ok((old, defined))
        } else {
            Err(Refusal::NotAssigned)
        }
    }

    /// By when a step is due now that a day was set later, with that day; none where that changes nothing.
    fn later(self, number: u32, field: &str) -> Result<Option<(Day, Day)>, Refusal> {
        let step = self.step(number)?;
        let defined = self.defined(step).and_then(|step| step.due.as_ref());
        let counts = |due: &&Due| {
            let from = matches!(&due.term, Term::Field { field: from, .. } if from == field);
            from || due.before.as_deref() == Some(field)
        };
        let known = (defined.filter(counts), &step.due, step.opened_at);
        let (Some(due), Some(old), Some(opened)) = known else {
            return Ok(None);
        };
        let day = |field: &str| self.day_in(field);
        let calendar = self.setting.calendar;
        let again = calendar.due(due, opened, day, str::to_owned, |_| Vec::new());
        let until = again.map(|again| again.on).filter(|on| *on > old.on);
        let until = until.filter(|_| old.extended.len() < LIST_MAX);
        Ok(until.zip(self.day_in(field)))
    }

    /// Whether a step has a deadline that whoever acts may extend, and that can still be extended.
    pub(super) fn can_extend(self, number: u32) -> bool {
        self.may_extend(number).is_ok_and(|(old, defined)| {
            let latest = defined.and_then(|due| self.day_in(due.before.as_deref()?));
            let has_room = latest.is_none_or(|latest| old.on.max(self.today()) < latest);
            has_room && old.extended.len() < LIST_MAX
        })
    }
}

impl View<'_> {
    /// Who is reminded of a step, where the definition names somebody; else nobody but whoever has it.
    fn reminded(self, number: u32) -> Vec<Assigned> {
        let step = self.step(number).ok();
        let due = step.and_then(|step| self.defined(step)?.due.as_ref());
        let to = due.and_then(|due| due.remind_to.as_ref());
        to.map_or_else(Vec::new, |to| self.asked(to, None))
    }
}

impl Run<'_> {
    pub(super) fn hold(
        &mut self,
        number: u32,
        until: Day,
        why: Option<&str>,
    ) -> Result<(), Refusal> {
        let view = self.view();
        view.may_hold(number)?;
        if view.fits_day(until)? == view.today() {
            return Err(Refusal::Day);
        }
        let until = self.setting.calendar.start_of(until);
        let reason = said(why)?;
        let (by, at) = (self.taker(), self.now());
        self.emit(Event::Held {
            step: number,
            until,
            by,
            reason,
            at,
        });
        Ok(())
    }

    pub(super) fn resume(&mut self, number: u32) -> Result<(), Refusal> {
        self.view().may_resume(number)?;
        let (by, at) = (Some(self.taker()), self.now());
        self.emit(Event::Resumed {
            step: number,
            by,
            at,
        });
        Ok(())
    }

    /// By whom the definition names; of a step that was inserted, by whoever inserted it. Also after it has
    /// passed (§ 31 VII `VwVfG`).
    pub(super) fn extend(&mut self, number: u32, until: Day, why: &str) -> Result<(), Refusal> {
        let view = self.view();
        let (old, defined) = view.may_extend(number)?;
        let latest = defined.and_then(|due| view.day_in(due.before.as_deref()?));
        if view.fits_day(until)? <= old.on || latest.is_some_and(|latest| until > latest) {
            return Err(Refusal::Day);
        }
        if old.extended.len() >= LIST_MAX {
            return Err(Refusal::TooMany);
        }
        let reason = reason(why)?;
        self.prolong(number, until, reason)
    }

    /// A day was set by an effect: what is counted from it, or must be done before it, has as much more time. A day
    /// that was set earlier takes no time from anybody.
    pub(super) fn follow_day(&mut self, field: &str) -> Result<(), Refusal> {
        let steps = self.instance.steps.iter();
        let open = steps.filter(|step| super::beside::is_busy(step));
        let numbers: Vec<u32> = open.map(|step| step.number).collect();
        for number in numbers {
            let view = self.view();
            let Some((until, day)) = view.later(number, field)? else {
                continue;
            };
            let label = self.definition.field(field);
            let label = label.map_or(field, |field| field.label.de.as_str());
            let why = format!("„{label}“ ist jetzt der {}", day.german());
            self.prolong(number, until, why)?;
        }
        Ok(())
    }

    fn prolong(&mut self, number: u32, until: Day, reason: String) -> Result<(), Refusal> {
        let view = self.view();
        let step = view.step(number)?;
        let old = step.due.as_ref().ok_or(Refusal::NotProvided)?;
        let defined = view.defined(step).and_then(|step| step.due.as_ref());
        let calendar = self.setting.calendar;
        let each = view.each_of(step);
        let mut due = calendar.due_on(defined, until, self.now(), |to| view.asked(to, each));
        due.kind = old.kind;
        // Those that are counted from the opening stay where they were.
        let opened = step.opened_at;
        let since_opening = defined.zip(opened).into_iter();
        let since_opening = since_opening.flat_map(|(due, opened)| after_opening(due, opened));
        let now = self.now();
        due.remind_at.extend(since_opening.filter(|at| *at > now));
        due.remind_at.sort_unstable();
        due.remind_at.dedup();
        due.extended.clone_from(&old.extended);
        due.extended.push(Extension {
            from: old.on,
            to: until,
            by: self.taker(),
            reason,
        });
        let at = self.now();
        self.emit(Event::Extended {
            step: number,
            due,
            at,
        });
        Ok(())
    }

    /// A timer is due. What has fired is no timer any more, so that a clock that was set back fires nothing
    /// twice.
    pub(super) fn fire(&mut self, key: &str) -> Result<(), Refusal> {
        if !self.setting.actor.system {
            return Err(Refusal::NotAssigned);
        }
        let at = self.now();
        let is_due = |timer: &Timer| timer.key == key && timer.at <= at;
        let timer = timers(&self.instance).into_iter().find(is_due);
        let Timer {
            key: timer,
            step,
            what,
            ..
        } = timer.ok_or(Refusal::NoTimer)?;
        match what {
            TimerKind::Resume => self.emit(Event::Resumed { step, by: None, at }),
            TimerKind::Remind => {
                let to = self.view().reminded(step);
                self.emit(Event::Reminded {
                    step,
                    timer,
                    to,
                    at,
                });
            }
            TimerKind::Escalate => {
                let due = self.step(step)?.due.as_ref().ok_or(Refusal::NoTimer)?;
                let number = timer
                    .rsplit(':')
                    .next()
                    .and_then(|n| n.parse::<usize>().ok());
                let to = number.and_then(|number| due.escalate_at.get(number));
                let (_, to) = to.ok_or(Refusal::NoTimer)?;
                let to = to.clone();
                self.emit(Event::Escalated {
                    step,
                    timer,
                    to,
                    at,
                });
            }
            TimerKind::Lapse => return self.lapse(step),
        }
        Ok(())
    }

    /// A step ends by itself. That is no mark: it binds nothing, and nobody has taken it.
    fn lapse(&mut self, number: u32) -> Result<(), Refusal> {
        let definition = self.definition;
        let step = self.unfinished(number)?.clone();
        let lapse_at = step.due.as_ref().and_then(|due| due.lapse_at.as_ref());
        let (_, key) = lapse_at.ok_or(Refusal::NoTimer)?;
        let defined = definition.step(&step.key).map(|(_, step)| step);
        let mut outcomes = defined.iter().flat_map(|step| &step.outcomes);
        let outcome = outcomes.find(|outcome| outcome.key == *key);
        let outcome = outcome.ok_or(Refusal::NoOutcome(Vec::new()))?;
        let done = Done {
            outcome: key.clone(),
            by: system(),
            at: self.now(),
            note: None,
            bound: None,
            documents: Vec::new(),
        };
        self.finish(&step, done, Some(outcome))
    }
}
