//! The routing slip as text.

use std::fmt::Write as _;

use crate::calendar::Calendar;
use crate::definition::{Definition, End};
use crate::engine;
use crate::instance::{Assigned, Done, Instance, Instant, StepState, StepStatus, Taker, TimerKind};

/// The routing slip of an instance as text, in German: each step with who was asked, when, by when, and how
/// it ended; and what time will do.
#[must_use]
pub fn slip(definition: &Definition, instance: &Instance, calendar: &Calendar) -> String {
    let mut text = String::new();
    let title = &definition.title.de;
    writeln!(
        text,
        "Laufweg: {title} ({}, Fassung {})",
        definition.id, instance.definition_version
    )
    .ok();
    writeln!(
        text,
        "Begonnen am {} von {}",
        moment(instance.started_at, calendar),
        name(&instance.initiator)
    )
    .ok();
    let mut round = 0;
    for step in &instance.steps {
        if step.round != round {
            round = step.round;
            let state = definition.state(&step.state);
            let label = state.map_or(step.state.as_str(), |state| state.label.de.as_str());
            writeln!(text, "\n{label}").ok();
        }
        line(&mut text, definition, step, calendar);
    }
    text.push('\n');
    end(&mut text, definition, instance, calendar);
    text
}

fn line(text: &mut String, definition: &Definition, step: &StepState, calendar: &Calendar) {
    let asked: Vec<String> = step.assigned.iter().map(who).collect();
    write!(
        text,
        "{:>4}  {} – {}",
        step.number,
        step.label.de,
        asked.join(", ")
    )
    .ok();
    if let Some(directive) = &step.directive {
        write!(text, " (verfügt von {})", name(&directive.by)).ok();
    }
    writeln!(text, ": {}", status(step.status)).ok();
    if let Some(at) = step.opened_at {
        writeln!(text, "      offen seit {}", moment(at, calendar)).ok();
    }
    if let Some(due) = &step.due {
        writeln!(text, "      fällig am {} ({})", due.on.german(), due.rule).ok();
        for extension in &due.extended {
            writeln!(
                text,
                "      verlängert vom {} auf den {} von {}: {}",
                extension.from.german(),
                extension.to.german(),
                name(&extension.by),
                extension.reason
            )
            .ok();
        }
    }
    if let Some(until) = step.held_until {
        writeln!(text, "      Wiedervorlage {}", moment(until, calendar)).ok();
    }
    if let Some(done) = &step.done {
        ended(
            text,
            outcome(definition, step, &done.outcome),
            done,
            calendar,
        );
    }
}

/// What an outcome is called.
fn outcome<'a>(definition: &'a Definition, step: &StepState, key: &'a str) -> &'a str {
    let defined = definition.step(&step.key).map(|(_, defined)| defined);
    let mut outcomes = defined.iter().flat_map(|defined| &defined.outcomes);
    match outcomes.find(|outcome| outcome.key == key) {
        Some(outcome) => &outcome.label.de,
        None => match key {
            "done" => "erledigt",
            "refused" => "abgelehnt",
            "returned" => "zurückgegeben",
            "skipped" => "übersprungen",
            other => other,
        },
    }
}

fn ended(text: &mut String, outcome: &str, done: &Done, calendar: &Calendar) {
    write!(
        text,
        "      {outcome} am {} von {}",
        moment(done.at, calendar),
        name(&done.by)
    )
    .ok();
    if let Some(bound) = &done.bound {
        let short: String = bound.sha512.chars().take(12).collect();
        write!(text, ", gebunden an Fassung {} ({short}…)", bound.version).ok();
    }
    if let Some(note) = &done.note {
        write!(text, ": {note}").ok();
    }
    text.push('\n');
}

fn end(text: &mut String, definition: &Definition, instance: &Instance, calendar: &Calendar) {
    let state = definition.state(&instance.state);
    let label = state.map_or(instance.state.as_str(), |state| state.label.de.as_str());
    if let Some(ended) = &instance.ended {
        let how = match ended.how {
            End::Done => "Abgeschlossen",
            End::Dropped => "Ohne Abschluss beendet",
        };
        writeln!(text, "{how} am {}: {label}", moment(ended.at, calendar)).ok();
        return;
    }
    writeln!(text, "Steht in: {label}").ok();
    for timer in engine::timers(instance) {
        let what = match timer.what {
            TimerKind::Remind => "Erinnerung an",
            TimerKind::Escalate => "Eskalation von",
            TimerKind::Lapse => "Ablauf von",
            TimerKind::Resume => "Wiedervorlage von",
        };
        writeln!(
            text,
            "{}  {what} Schritt {}",
            moment(timer.at, calendar),
            timer.step
        )
        .ok();
    }
}

const fn status(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Future => "künftig",
        StepStatus::Open => "offen",
        StepStatus::Waiting => "wartet",
        StepStatus::Done => "erledigt",
        StepStatus::Voided => "hinfällig",
        StepStatus::Skipped => "übersprungen",
        StepStatus::Withdrawn => "zurückgezogen",
    }
}

fn who(assigned: &Assigned) -> String {
    match assigned {
        Assigned::Person { account } => account.0.clone(),
        Assigned::Function { code } => format!("Funktion {code}"),
        Assigned::Role {
            role,
            department: None,
        } => format!("Rolle {role}"),
        Assigned::Role {
            role,
            department: Some(department),
        } => format!("Rolle {role} in {department}"),
        Assigned::Anybody => "wer am Vorgang arbeitet".to_owned(),
        Assigned::System => "System".to_owned(),
    }
}

fn name(taker: &Taker) -> String {
    let account = &taker.account.0;
    match (&taker.on_behalf_of, &taker.function) {
        (Some(person), _) => format!("{account} i. V. von {}", person.0),
        (None, Some(function)) => format!("{account} ({function})"),
        (None, None) => account.clone(),
    }
}

/// `02.03.2026 10:00`, by the clocks of Germany.
fn moment(at: Instant, calendar: &Calendar) -> String {
    let day = calendar.day_of(at);
    let minutes = (at.seconds() - calendar.start_of(day).seconds()) / 60;
    format!("{} {:02}:{:02}", day.german(), minutes / 60, minutes % 60)
}
