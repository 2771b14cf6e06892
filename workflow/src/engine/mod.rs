//! The engine: definition, instance, command, clock and calendar in, events out.
//!
//! What is decided is decided on a copy to which each event is applied at once, so that what is replayed
//! later is what was looked at now. Nothing is kept of a command that is refused.

mod apply;
mod beside;
mod effect;
mod enter;
mod fields;
mod insert;
mod manage;
mod run;
mod take;
#[cfg(test)]
mod tests;
mod time;
mod view;
mod void;
mod who;

use crate::calendar::Calendar;
use crate::definition::{Definition, State};
use crate::instance::{Actor, Command, Directory, Event, Instance, Instant, Refusal};

pub use apply::{apply, replay};
pub use fields::{LIST_MAX, REASON_CHARS_MAX};
pub use run::{EMPTY_STATES_MAX, STEPS_MAX};
pub use time::{HOLD_DAYS_MAX, timers};
pub use who::SYSTEM;

use run::Run;
use view::View;

/// In what a command is looked at.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// When.
    pub now: Instant,
    /// Who asks.
    pub actor: &'a Actor,
    /// Which days are working days.
    pub calendar: &'a Calendar,
    /// What else must be known.
    pub directory: &'a dyn Directory,
}

/// What comes of a command. Changes nothing.
///
/// The versions of documents are looked at first: what is void by them stands among the events.
///
/// # Errors
///
/// Why it is refused. Then nothing has happened.
pub fn decide(
    definition: &Definition,
    instance: Option<&Instance>,
    command: &Command,
    setting: Setting<'_>,
) -> Result<Vec<Event>, Refusal> {
    let Some(instance) = instance else {
        if let Command::Start { fields } = command {
            return Run::start(definition, fields, setting);
        }
        return Err(Refusal::Begun);
    };
    if matches!(command, Command::Start { .. }) {
        return Err(Refusal::Begun);
    }
    if instance.ended.is_some() {
        return Err(Refusal::Ended);
    }
    let mut run = Run::new(definition, instance.clone(), setting);
    if let Command::Migrate { states, reason } = command {
        run.migrate(states, reason)?;
        return Ok(run.events);
    }
    if instance.definition_sha256 != definition.sha256_hex() {
        return Err(Refusal::NotProvided);
    }
    let voided = run.look()?;
    if run.instance.ended.is_some() {
        // What is asked for nowhere else has led to the end: that is for whoever looks.
        if matches!(command, Command::Look) {
            return Ok(run.events);
        }
        return Err(Refusal::OtherVersion);
    }
    match run.command(command) {
        Ok(()) => Ok(run.events),
        // The step was there before the other version was found.
        Err(Refusal::NotOpen(_)) if voided => Err(Refusal::OtherVersion),
        Err(refusal) => Err(refusal),
    }
}

/// What somebody may do with a step, by words: `claim`, `complete`, `release`, `delegate`, `insert`, `withdraw`,
/// `hold`, `resume`, `extend`. Nothing is tried for it, so that it costs little for thousands of steps; what follows
/// from a command may still be refused.
///
/// It is looked at as the instance is: a version that nobody has looked at yet is found by [`decide`].
#[must_use]
pub fn may(
    definition: &Definition,
    instance: &Instance,
    step: u32,
    setting: Setting<'_>,
) -> Vec<&'static str> {
    let view = View {
        definition,
        instance,
        setting,
        fresh: &[],
    };
    if instance.ended.is_some() || view.not_excluded().is_err() {
        return Vec::new();
    }
    let all = [
        ("claim", view.may_claim(step).is_ok()),
        ("complete", view.may_complete(step).is_ok()),
        ("event", view.may_tell(step).is_ok()),
        ("release", view.may_release(step).is_ok()),
        ("delegate", view.may_delegate(step).is_ok()),
        ("insert", view.may_insert_any(step).is_ok()),
        ("withdraw", view.may_withdraw(step).is_ok()),
        ("hold", view.may_hold(step).is_ok()),
        ("resume", view.may_resume(step).is_ok()),
        ("extend", view.can_extend(step)),
    ];
    let may = all.into_iter().filter(|(_, may)| *may);
    may.map(|(word, _)| word).collect()
}

/// The side ways that somebody may begin now. Nothing is tried for it.
#[must_use]
pub fn may_begin<'d>(
    definition: &'d Definition,
    instance: &Instance,
    setting: Setting<'_>,
) -> Vec<&'d State> {
    let view = View {
        definition,
        instance,
        setting,
        fresh: &[],
    };
    let all = definition.states.iter();
    all.filter(|state| view.may_begin_beside(&state.id).is_ok())
        .collect()
}

/// Whether somebody may take an open step now: what an inbox shows, and what `decide` asks.
///
/// It is looked at as the instance is: a version that nobody has looked at yet is found by [`decide`].
///
/// # Errors
///
/// Why not.
pub fn may_take(
    definition: &Definition,
    instance: &Instance,
    step: u32,
    setting: Setting<'_>,
) -> Result<(), Refusal> {
    let view = View {
        definition,
        instance,
        setting,
        fresh: &[],
    };
    view.may_take(step)
}
