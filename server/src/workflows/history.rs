//! What happened to a workflow, on the wire: the entries, each with its events.

use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;
use uuid::Uuid;
use workflow::instance::{Command, Done, EffectDue, Event, Instant, Taker, Timer, WorkDue};

use super::facts::id_of;
use super::naming::{BoundView, WhoView};
use super::rows::Entry;
use super::values::{self, Names};
use super::wire::{at, end_word, word};
use crate::base::db::DbError;

/// One thing that happened. Which members are there depends on the event.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[schema(as = WorkflowEventView)]
pub(super) struct EventView {
    /// What: `started`, `entered`, `step_made`, `step_opened`, `completed`, `voided`, `field_set`, `effect` …
    event: String,
    /// The number of the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    step: Option<u32>,
    /// The state that was entered, or to which it was sent back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    state: Option<String>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    by: Option<WhoView>,
    /// Whom it is about: who is asked, told or excluded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    who: Option<WhoView>,
    /// With which outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    outcome: Option<String>,
    /// The note, the reason, or what was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    text: Option<String>,
    /// The field that was set or emptied.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    field: Option<String>,
    /// To what it was set; absent of what is private.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<super::wire::WorkflowValue>)]
    value: Option<Json>,
    /// A day: by when it is to be done, or until when it rests.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    day: Option<String>,
    /// The version of a document.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    bound: Option<BoundView>,
    /// A document.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    document: Option<String>,
    /// The case that was opened, by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    case: Option<String>,
    /// What is done besides: `register`, `freeze`, `dispatch`, `destroy`, `close_case`, `close_file`, `move_to`, `open_case`, `notify`, `seal`, `form`, `export`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    effect: Option<&'static str>,
}

/// What was asked of a workflow, and what came of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowEntry)]
pub(super) struct EntryView {
    /// 1, 2, 3 …: the version of the workflow after it.
    number: u64,
    /// When, UTC.
    #[schema(format = DateTime)]
    at: String,
    /// By whom.
    by: WhoView,
    /// In whose stead, or for which function: an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    on_behalf_of: Option<Uuid>,
    /// What was asked: `start`, `claim`, `complete` …
    command: String,
    /// What came of it, in its order.
    events: Vec<EventView>,
}

/// What happened to a workflow.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkflowHistory)]
pub(super) struct HistoryView {
    /// First thing first.
    pub(super) items: Vec<EntryView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) next_cursor: Option<String>,
}

/// A timer.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowTimer)]
pub(super) struct TimerView {
    /// Its key.
    key: String,
    /// When it fires, UTC.
    #[schema(format = DateTime)]
    at: String,
    /// Of which step.
    step: u32,
    /// `remind`, `escalate`, `lapse` or `resume`.
    kind: String,
}

impl From<&Timer> for TimerView {
    fn from(timer: &Timer) -> Self {
        Self {
            key: timer.key.clone(),
            at: at(timer.at),
            step: timer.step,
            kind: word(&timer.what),
        }
    }
}

/// The timers of a workflow.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkflowTimers)]
pub(super) struct TimersView {
    /// The next one first.
    pub(super) items: Vec<TimerView>,
}

/// How events are told: who is who, and what is private.
pub(super) struct Teller<'a> {
    /// Names.
    pub(super) names: &'a Names,
    /// Whether a field may be told.
    pub(super) shows: &'a dyn Fn(&str) -> bool,
}

/// The word of a tagged variant.
fn tag(of: &impl Serialize, name: &str) -> String {
    let json = serde_json::to_value(of).unwrap_or_default();
    json[name].as_str().unwrap_or_default().to_owned()
}

fn day(at: Instant) -> String {
    super::wire::at(at)
}

impl Teller<'_> {
    fn by(&self, by: &Taker) -> Option<WhoView> {
        Some(WhoView::taker(by, self.names))
    }

    fn done(&self, step: u32, done: &Done) -> EventView {
        EventView {
            step: Some(step),
            by: self.by(&done.by),
            outcome: Some(done.outcome.clone()),
            text: done.note.clone(),
            bound: done.bound.as_ref().map(BoundView::from),
            ..EventView::default()
        }
    }

    fn effect(effect: &EffectDue) -> EventView {
        let view = |word| EventView {
            effect: Some(word),
            ..EventView::default()
        };
        match effect {
            EffectDue::Register { document } => EventView {
                document: Some(document.0.clone()),
                ..view("register")
            },
            EffectDue::Freeze { version } => EventView {
                bound: Some(BoundView::from(version)),
                ..view("freeze")
            },
            EffectDue::Dispatch { version } => EventView {
                bound: Some(BoundView::from(version)),
                ..view("dispatch")
            },
            EffectDue::Destroy { document } => EventView {
                document: Some(document.0.clone()),
                ..view("destroy")
            },
            EffectDue::CloseCase => view("close_case"),
            EffectDue::CloseFile => view("close_file"),
            EffectDue::MoveTo { compartment, .. } => EventView {
                text: Some(compartment.clone()),
                ..view("move_to")
            },
            EffectDue::OpenCase { case, subject, .. } => EventView {
                case: Some(case.0.clone()),
                text: Some(subject.clone()),
                ..view("open_case")
            },
            EffectDue::Notify { text, .. } => EventView {
                text: Some(text.de.clone()),
                ..view("notify")
            },
            EffectDue::Work { step, work } => EventView {
                step: Some(*step),
                ..view(match work {
                    WorkDue::Seal { .. } => "seal",
                    WorkDue::Form { .. } => "form",
                    WorkDue::Export { .. } => "export",
                })
            },
        }
    }

    fn of_step(step: u32) -> EventView {
        EventView {
            step: Some(step),
            ..EventView::default()
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each event")]
    fn told(&self, event: &Event) -> EventView {
        let own = Self::of_step;
        match event {
            Event::Started { by, .. } => EventView {
                by: self.by(by),
                ..EventView::default()
            },
            Event::Entered { state, .. } => EventView {
                state: Some(state.clone()),
                ..EventView::default()
            },
            Event::StepMade { step, .. } => EventView {
                state: Some(step.state.clone()),
                text: Some(step.label.de.clone()),
                ..own(step.number)
            },
            Event::StepOpened { step, due, .. } => EventView {
                day: due.as_ref().map(|due| due.on.0.to_string()),
                ..own(*step)
            },
            Event::StepWaits { step, .. } => own(*step),
            Event::Claimed { step, by, .. } | Event::Released { step, by, .. } => EventView {
                by: self.by(by),
                ..own(*step)
            },
            Event::Completed { step, done } | Event::Skipped { step, done } => {
                self.done(*step, done)
            }
            Event::Withdrawn {
                step, by, reason, ..
            } => EventView {
                by: by.as_ref().and_then(|by| self.by(by)),
                text: reason.clone(),
                ..own(*step)
            },
            Event::Voided { step, version, .. } => EventView {
                bound: Some(BoundView::from(version)),
                ..own(*step)
            },
            Event::Returned { step, to, done } => EventView {
                state: Some(to.clone()),
                ..self.done(*step, done)
            },
            Event::Delegated {
                step,
                to,
                by,
                reason,
                ..
            } => EventView {
                by: self.by(by),
                who: Some(WhoView::asked(to, self.names)),
                text: reason.clone(),
                ..own(*step)
            },
            Event::Held {
                step,
                until,
                by,
                reason,
                ..
            } => EventView {
                by: self.by(by),
                day: Some(day(*until)),
                text: reason.clone(),
                ..own(*step)
            },
            Event::Resumed { step, by, .. } => EventView {
                by: by.as_ref().and_then(|by| self.by(by)),
                ..own(*step)
            },
            Event::Extended { step, due, .. } => {
                let last = due.extended.last();
                EventView {
                    by: last.and_then(|one| self.by(&one.by)),
                    text: last.map(|one| one.reason.clone()),
                    day: Some(due.on.0.to_string()),
                    ..own(*step)
                }
            }
            Event::Excluded {
                person, by, reason, ..
            } => EventView {
                by: self.by(by),
                who: Some(WhoView::person(person, self.names)),
                text: Some(reason.clone()),
                ..EventView::default()
            },
            Event::EditorialAnnounced { document, by, .. } => EventView {
                by: self.by(by),
                document: Some(document.0.clone()),
                ..EventView::default()
            },
            Event::EditorialTaken { to, .. } => EventView {
                bound: Some(BoundView::from(to)),
                ..EventView::default()
            },
            Event::Reminded { step, .. } => own(*step),
            Event::Escalated { step, to, .. } => EventView {
                who: Some(WhoView::asked(to, self.names)),
                ..own(*step)
            },
            Event::FieldSet { field, value, .. } => EventView {
                field: Some(field.clone()),
                value: (self.shows)(field).then(|| values::json(value, self.names)),
                ..EventView::default()
            },
            Event::FieldEmptied { field, .. } => EventView {
                field: Some(field.clone()),
                ..EventView::default()
            },
            Event::Effect { effect, .. } => Self::effect(effect),
            Event::Ended {
                how, by, reason, ..
            } => EventView {
                outcome: Some(end_word(*how).to_owned()),
                by: by.as_ref().and_then(|by| self.by(by)),
                text: reason.clone(),
                ..EventView::default()
            },
            Event::Migrated {
                version,
                by,
                reason,
                ..
            } => EventView {
                by: self.by(by),
                outcome: Some(version.to_string()),
                text: Some(reason.clone()),
                ..EventView::default()
            },
        }
    }

    /// An entry, as it is told.
    pub(super) fn entry(&self, entry: &Entry, events: &[Event]) -> Result<EntryView, DbError> {
        let command: Command = serde_json::from_str(&entry.command).map_err(unreadable)?;
        let told = events.iter().map(|event| EventView {
            event: tag(event, "event"),
            ..self.told(event)
        });
        Ok(EntryView {
            number: entry.number,
            at: entry.at.to_string(),
            by: WhoView::person(&id_of(entry.account), self.names),
            on_behalf_of: entry.on_behalf_of.map(crate::base::AccountId::raw),
            command: tag(&command, "command"),
            events: told.collect(),
        })
    }
}

fn unreadable(_error: serde_json::Error) -> DbError {
    DbError::Corrupt {
        table: "workflow_entry",
        key: String::new(),
        what: "what was asked cannot be read",
    }
}

/// The events of an entry.
pub(super) fn events_of(entry: &Entry) -> Result<Vec<Event>, DbError> {
    serde_json::from_str(&entry.events).map_err(unreadable)
}
