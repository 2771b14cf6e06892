//! Workflows, walked through entry by entry: I-6, I-8 to I-13, I-15, I-24 and I-25.
//!
//! An instance is made again of the events of its journal; before each event it is looked at who did it, and what
//! stood then. Nothing is asked of the engine's rules: only what an event makes of an instance is its own.

mod due;
mod made;
mod signing;
mod taking;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use sea_orm::DatabaseTransaction;
use uuid::Uuid;
use workflow::calendar::Calendar;
use workflow::definition::{Definition, State, Step};
use workflow::engine;
use workflow::instance::{EffectDue, Event, Id, Instance, StepState, Taker};

use super::journal::{self, Entry, Flow, Kept, Versions};
use super::model::{Book, Words, say};
use super::people::{Moment, People};
use crate::base::db::DbError;

/// The invariants that this looks at.
pub(super) const RULES: [u8; 10] = [6, 8, 9, 10, 11, 12, 13, 15, 24, 25];

/// How the engine calls the system.
const SYSTEM: &str = "system";

/// What all workflows are looked at with.
pub(super) struct House<'a> {
    pub(super) people: &'a People,
    pub(super) calendar: &'a Calendar,
    kept: Vec<Kept>,
}

impl House<'_> {
    /// The definition with a hash: of the bytes that are kept, whatever the row says.
    fn definition(&self, sha256: &str) -> Option<&Definition> {
        let found = self.kept.iter().find(|kept| kept.computed == sha256);
        found.and_then(|kept| kept.definition.as_ref())
    }
}

/// A workflow while it is walked through.
struct Walk<'a> {
    house: &'a House<'a>,
    flow: &'a Flow,
    versions: &'a Versions,
    definition: Option<&'a Definition>,
    instance: Option<Instance>,
}

/// The account that the engine names; nothing for the system.
fn account(id: &Id) -> Option<Uuid> {
    Uuid::parse_str(&id.0).ok().filter(|id| !id.is_nil())
}

/// The persons on a side: who acted, and in whose stead.
fn persons(taker: &Taker) -> Vec<Uuid> {
    let both = [Some(&taker.account), taker.on_behalf_of.as_ref()];
    both.into_iter().flatten().filter_map(account).collect()
}

/// The person whose doing it is: who acted, or in whose stead.
fn principal(taker: &Taker) -> Option<Uuid> {
    account(taker.on_behalf_of.as_ref().unwrap_or(&taker.account))
}

/// A sentence about a step.
fn of_step(step: &StepState, de: &str, en: &str) -> Words {
    let (number, key) = (step.number, step.key.as_str());
    say(
        format!("Schritt {number} ({key}): {de}"),
        format!("step {number} ({key}): {en}"),
    )
}

/// Walks through all workflows.
pub(super) async fn all(
    on: &DatabaseTransaction,
    (people, calendar): (&People, &Calendar),
    book: &mut Book,
) -> Result<(), DbError> {
    let house = House {
        people,
        calendar,
        kept: journal::definitions(on).await?,
    };
    for number in RULES {
        book.of(number);
    }
    made::definitions(&house, book);
    let mut fees = 0;
    let mut after = Uuid::nil();
    loop {
        let flows = journal::step(on, after).await?;
        let Some(last) = flows.last() else {
            break;
        };
        after = last.id;
        let versions = journal::versions(on, &flows).await?;
        for flow in &flows {
            let walk = Walk {
                house: &house,
                flow,
                versions: &versions,
                definition: None,
                instance: None,
            };
            fees += walk.through(book);
            // A long walk leaves room for others, and can be given up here.
            tokio::task::yield_now().await;
        }
    }
    if fees == 0 {
        book.not_applicable(
            13,
            say(
                "Es läuft kein Vorgang mit Gebühr; die Zahlung selbst ist nicht angebunden.",
                "No case with a fee runs; payment itself is not connected.",
            ),
        );
    }
    Ok(())
}

impl<'a> Walk<'a> {
    /// Walks through it; how many decisions about fees it has.
    fn through(mut self, book: &mut Book) -> u64 {
        let flow = self.flow;
        book.of(8).looked(1);
        book.of(25).looked(1);
        for (place, entry) in flow.entries.iter().enumerate() {
            let numbered = usize::try_from(entry.number) == Ok(place + 1);
            let Some(events) = entry.events.as_ref().filter(|_| numbered) else {
                let why = say(
                    format!("Eintrag {} fehlt oder ist nicht lesbar", place + 1),
                    format!("entry {} is missing or cannot be read", place + 1),
                );
                book.of(8).offend("workflow", flow.id, why);
                return 0;
            };
            self.of_entry(entry, book);
            for event in events {
                self.before(entry, event, book);
                let next = engine::apply(self.instance.take(), event);
                let Some(next) = next else {
                    let why = say(
                        format!("Eintrag {} passt nicht zu den vorigen", entry.number),
                        format!("entry {} does not fit those before", entry.number),
                    );
                    book.of(8).offend("workflow", flow.id, why);
                    return 0;
                };
                self.instance = Some(next);
                self.defined(event);
            }
        }
        self.made(book);
        self.issued(book)
    }

    /// By which definition it goes on.
    fn defined(&mut self, event: &Event) {
        if let Event::Started { sha256, .. } | Event::Migrated { sha256, .. } = event {
            self.definition = self.house.definition(sha256);
        }
    }

    /// The entry says of whom it is what the record says: I-8.
    fn of_entry(&self, entry: &Entry, book: &mut Book) {
        if entry.when.seq == i64::MAX {
            let why = say(
                format!("Eintrag {} hat keinen Eintrag im Protokoll", entry.number),
                format!("entry {} has no record in the log", entry.number),
            );
            book.of(8).offend("workflow", self.flow.id, why);
        }
    }

    /// What an event says before it has happened.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others decide nothing")]
    fn before(&self, entry: &Entry, event: &Event, book: &mut Book) {
        match event {
            Event::Completed { step, done } => {
                let Some(step) = self.step(*step) else { return };
                self.taken(entry, (step, &done.by), book);
                self.four_eyes(step, &done.by, book);
                self.own_matter(step, &done.by, book);
                self.ordered(entry, (step, done), book);
                self.drafted(step, done, book);
                self.handed_over(step, done, book);
            }
            Event::Skipped { step, done } | Event::Returned { step, done, .. } => {
                let Some(step) = self.step(*step) else { return };
                self.acted(entry, (step, &done.by), book);
            }
            Event::Effect {
                effect: EffectDue::Dispatch { version },
                ..
            } => self.dispatched(version, book),
            Event::StepOpened { step, due, at, .. } => {
                let Some(step) = self.step(*step) else { return };
                self.opened(step, due.as_ref(), *at, book);
            }
            Event::Extended { step, due, .. } => {
                let Some(step) = self.step(*step) else { return };
                self.extended(step, due, book);
            }
            _ => {}
        }
    }

    fn steps(&self) -> &[StepState] {
        let instance = self.instance.as_ref();
        instance.map_or(&[][..], |instance| &instance.steps)
    }

    fn step(&self, number: u32) -> Option<&StepState> {
        self.steps().iter().find(|step| step.number == number)
    }

    /// A step as it was defined; none of one that was inserted.
    fn defined_step(&self, step: &StepState) -> Option<(&'a State, &'a Step)> {
        if step.directive.is_some() {
            return None;
        }
        self.definition?.step(&step.key)
    }

    /// The department of the case when an entry was made.
    fn department(&self, entry: &Entry) -> Uuid {
        entry.department.unwrap_or(self.flow.department)
    }
}

/// The places of states, by their order in the definition.
fn places(definition: &Definition) -> HashMap<&str, usize> {
    let states = definition.states.iter().enumerate();
    states
        .map(|(place, state)| (state.id.as_str(), place))
        .collect()
}

/// When an entry was made.
const fn when(entry: &Entry) -> Moment {
    entry.when
}
