//! The routing slip of an instance (Laufweg), as it is printed: German words, German dates.

use super::words::{assigned, kind, mark, status};
use super::{Names, joined};
use crate::calendar::Calendar;
use crate::definition::{Definition, StepKind};
use crate::instance::{Directive, Done, Instance, Instant, StepState, StepStatus, Taker};

/// A step of the routing slip, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlipLine {
    /// Its number, which it keeps wherever it stands.
    pub number: u32,
    /// What the state is called for which it was made.
    pub state: String,
    /// What it is called.
    pub label: String,
    /// Its kind, with its sign: `Mitzeichnung (Mz.)`.
    pub kind: &'static str,
    /// Who is asked.
    pub asked: String,
    /// Who has claimed it.
    pub claimed: Option<String>,
    /// Where it is: `erledigt`, `zu erledigen`.
    pub status: String,
    /// Since when it is open: `01.03.2026, 14:05 Uhr`.
    pub opened: Option<String>,
    /// By when: `08.03.2026`, with what it was before it was extended.
    pub due: Option<String>,
    /// By which rule that was computed.
    pub rule: Option<String>,
    /// The mark as it stands on the slip: `Mz. 02.03.2026, A. Voßkuhl i. V. S. Oberländer`. None: not done.
    pub mark: Option<String>,
    /// When it was done.
    pub done: Option<String>,
    /// Who did it, and in whose stead.
    pub by: Option<String>,
    /// How it was done.
    pub outcome: Option<String>,
    /// The note, or the reason.
    pub note: Option<String>,
    /// The version to which it is bound.
    pub bound: Option<String>,
    /// Documents that belong to it.
    pub documents: Vec<String>,
    /// Who inserted it, when and for what (Verfügung).
    pub directive: Option<String>,
}

/// The routing slip of an instance. States and outcomes are told by their keys: see [`slip_of`].
#[must_use]
pub fn slip(instance: &Instance, names: &dyn Names) -> Vec<SlipLine> {
    lines(None, instance, names)
}

/// The same with the words of the definition with which the instance began.
#[must_use]
pub fn slip_of(definition: &Definition, instance: &Instance, names: &dyn Names) -> Vec<SlipLine> {
    lines(Some(definition), instance, names)
}

fn lines(definition: Option<&Definition>, instance: &Instance, names: &dyn Names) -> Vec<SlipLine> {
    let writer = Writer {
        definition,
        names,
        calendar: Calendar::new([]),
    };
    instance.steps.iter().map(|one| writer.line(one)).collect()
}

struct Writer<'a> {
    definition: Option<&'a Definition>,
    names: &'a dyn Names,
    calendar: Calendar,
}

impl Writer<'_> {
    fn line(&self, step: &StepState) -> SlipLine {
        let done = step.done.as_ref();
        let asked: Vec<_> = step
            .assigned
            .iter()
            .map(|one| assigned(one, self.names))
            .collect();
        SlipLine {
            number: step.number,
            state: self.state(&step.state),
            label: step.label.de.clone(),
            kind: kind(step.kind),
            asked: joined(&asked, "und"),
            claimed: step.claimed.as_ref().map(|by| self.taker(by)),
            status: self.status(step),
            opened: step.opened_at.map(|at| self.instant(at)),
            due: step.due.as_ref().map(|due| {
                let before: Vec<_> = due.extended.iter().map(|one| one.from.german()).collect();
                match before.as_slice() {
                    [] => due.on.german(),
                    all => format!("{} (verlängert, zuvor {})", due.on.german(), all.join(", ")),
                }
            }),
            rule: step.due.as_ref().map(|due| due.rule.clone()),
            mark: done.and_then(|done| self.mark(step, done)),
            done: done.map(|done| self.instant(done.at)),
            by: done.map(|done| self.taker(&done.by)),
            outcome: done.map(|done| self.outcome(step, done)),
            note: done.and_then(|done| done.note.clone()),
            bound: done.and_then(|done| {
                let bound = done.bound.as_ref()?;
                let title = self.document(&bound.document);
                let short: String = bound.sha512.chars().take(16).collect();
                Some(format!(
                    "{title}, Fassung {}, SHA-512 {short}…",
                    bound.version
                ))
            }),
            documents: done.map_or_else(Vec::new, |done| {
                done.documents.iter().map(|id| self.document(id)).collect()
            }),
            directive: step.directive.as_ref().map(|one| self.directive(one)),
        }
    }

    fn instant(&self, at: Instant) -> String {
        self.calendar.german(at)
    }

    fn state(&self, id: &str) -> String {
        let found = self.definition.and_then(|definition| definition.state(id));
        found.map_or_else(|| id.to_owned(), |state| state.label.de.clone())
    }

    fn document(&self, id: &crate::instance::Id) -> String {
        self.names
            .document(id)
            .unwrap_or_else(|| format!("Dokument {}", id.0))
    }

    fn status(&self, step: &StepState) -> String {
        let said = status(step.status);
        match step.held_until {
            Some(until) if step.status == StepStatus::Open => {
                let day = self.calendar.day_of(until).german();
                format!("{said}, Wv. {day}")
            }
            Some(_) | None => said.to_owned(),
        }
    }

    /// Who acted, and in whose stead: `i. V.`, or in the name of which function.
    fn taker(&self, by: &Taker) -> String {
        let name = |id: &crate::instance::Id| {
            if id.0 == "system" {
                return "System".to_owned();
            }
            self.names
                .account(id)
                .unwrap_or_else(|| format!("Konto {}", id.0))
        };
        let mut said = name(&by.account);
        if let Some(other) = &by.on_behalf_of {
            said.push_str(" i. V. ");
            said.push_str(&name(other));
        }
        if let Some(code) = &by.function {
            let function = super::words::function(code, self.names);
            said.push_str(&format!(" ({function})"));
        }
        said
    }

    /// The mark that a step leaves. One that was skipped, returned or withdrawn leaves none.
    fn mark(&self, step: &StepState, done: &Done) -> Option<String> {
        let void = match step.status {
            StepStatus::Done => "",
            StepStatus::Voided => ", hinfällig",
            StepStatus::Future
            | StepStatus::Open
            | StepStatus::Waiting
            | StepStatus::Skipped
            | StepStatus::Withdrawn => return None,
        };
        let sign = match (step.kind, step.mark.as_str()) {
            // Ab-Vermerk: the day alone is what it says.
            (StepKind::Dispatch, "dispatch" | "ab") => "Ab".to_owned(),
            (_, said) => mark(said),
        };
        let day = self.calendar.day_of(done.at).german();
        Some(format!("{sign} {day}, {}{void}", self.taker(&done.by)))
    }

    fn outcome(&self, step: &StepState, done: &Done) -> String {
        let found = self
            .definition
            .and_then(|definition| definition.step(&step.key))
            .and_then(|(_, known)| known.outcomes.iter().find(|one| one.key == done.outcome));
        if let Some(found) = found {
            return found.label.de.clone();
        }
        match done.outcome.as_str() {
            "done" => "erledigt".to_owned(),
            "skipped" => "übersprungen".to_owned(),
            "returned" => "zurückgegeben".to_owned(),
            other => other.replace('_', " "),
        }
    }

    fn directive(&self, one: &Directive) -> String {
        let mut said = format!(
            "Eingefügt von {} am {}",
            self.taker(&one.by),
            self.instant(one.at)
        );
        if let Some(number) = one.holds {
            said.push_str(&format!(", Schritt {number} wartet darauf"));
        }
        if let Some(text) = &one.text {
            said.push_str(": ");
            said.push_str(text);
        }
        said
    }
}
