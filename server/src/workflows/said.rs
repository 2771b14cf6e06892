//! What was asked and what came of it, as the log keeps it: canonical JSON, in which nothing is null.

use serde::Serialize;
use serde_json::Value as Json;
use workflow::instance::{Command, Event, TimerKind};

use crate::audit::canonical::{Object, SafeInt, Value};
use crate::audit::event::Action;
use crate::base::db::DbError;

fn unsayable() -> DbError {
    DbError::Log("a workflow says what canonical JSON has no writing for")
}

/// JSON as canonical JSON has it, in which nothing is null: what is null is left out.
fn canonical(json: Json) -> Result<Option<Value>, DbError> {
    Ok(Some(match json {
        Json::Null => return Ok(None),
        Json::Bool(flag) => Value::Flag(flag),
        Json::Number(number) => match number.as_i64().and_then(SafeInt::new) {
            Some(int) => Value::Int(int),
            None => return Err(unsayable()),
        },
        Json::String(text) => Value::Text(text),
        Json::Array(list) => {
            let mut all = Vec::with_capacity(list.len());
            for one in list {
                all.extend(canonical(one)?);
            }
            Value::List(all)
        }
        Json::Object(members) => {
            let mut object = Object::new();
            for (key, value) in members {
                if let Some(value) = canonical(value)? {
                    object.insert(&key, value).map_err(|_key| unsayable())?;
                }
            }
            Value::Object(object)
        }
    }))
}

fn value(of: &impl Serialize) -> Result<Value, DbError> {
    let json = serde_json::to_value(of).map_err(|_unwritable| unsayable())?;
    canonical(json)?.ok_or_else(unsayable)
}

/// The context of a record: the command, its number, and the events that came of it.
pub(super) fn context(
    number: u64,
    command: &Command,
    events: &[Event],
) -> Result<Vec<u8>, DbError> {
    let number = i64::try_from(number).ok().and_then(SafeInt::new);
    let object = Object::new()
        .with("command", value(command)?)
        .with("events", value(&events)?)
        .with_some("number", number);
    Ok(object.to_bytes())
}

/// JSON for a row.
pub(super) fn json(of: &impl Serialize) -> Result<String, DbError> {
    serde_json::to_string(of).map_err(|_unwritable| DbError::Log("no JSON"))
}

/// What the log calls a command; of a timer, what it did.
pub(super) fn action(command: &Command, fired: Option<TimerKind>) -> Action {
    match command {
        Command::Start { .. } => Action::WorkflowStart,
        Command::Claim { .. } => Action::WorkflowClaim,
        Command::Release { .. } => Action::WorkflowRelease,
        Command::Complete { .. } => Action::WorkflowComplete,
        Command::Return { .. } => Action::WorkflowReturn,
        Command::Skip { .. } => Action::WorkflowSkip,
        Command::Delegate { .. } => Action::WorkflowDelegate,
        Command::Insert { .. } | Command::Beside { .. } => Action::WorkflowInsert,
        Command::Withdraw { .. } => Action::WorkflowWithdraw,
        Command::Hold { .. } => Action::WorkflowHold,
        Command::Resume { .. } => Action::WorkflowResume,
        Command::Extend { .. } => Action::WorkflowExtend,
        Command::Exclude { .. } => Action::WorkflowExclude,
        Command::Editorial { .. } => Action::WorkflowEditorial,
        Command::Look => Action::WorkflowLook,
        Command::Event { .. } => Action::WorkflowEvent,
        Command::Effected { .. } => Action::WorkflowEffected,
        Command::Cancel { .. } => Action::WorkflowCancel,
        Command::Migrate { .. } => Action::WorkflowMigrate,
        Command::Fire { .. } => match fired {
            Some(TimerKind::Remind) => Action::WorkflowRemind,
            Some(TimerKind::Escalate) => Action::WorkflowEscalate,
            Some(TimerKind::Resume) => Action::WorkflowResume,
            Some(TimerKind::Lapse) | None => Action::WorkflowLapse,
        },
    }
}

/// The step that a command means.
pub(super) const fn step_of(command: &Command) -> Option<u32> {
    match command {
        Command::Claim { step }
        | Command::Release { step }
        | Command::Complete { step, .. }
        | Command::Return { step, .. }
        | Command::Skip { step, .. }
        | Command::Delegate { step, .. }
        | Command::Insert { step, .. }
        | Command::Withdraw { step, .. }
        | Command::Hold { step, .. }
        | Command::Resume { step }
        | Command::Extend { step, .. }
        | Command::Effected { step, .. } => Some(*step),
        Command::Start { .. }
        | Command::Beside { .. }
        | Command::Exclude { .. }
        | Command::Editorial { .. }
        | Command::Look
        | Command::Event { .. }
        | Command::Fire { .. }
        | Command::Cancel { .. }
        | Command::Migrate { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use workflow::calendar::Calendar;
    use workflow::definition::Definition;
    use workflow::engine;
    use workflow::instance::{Command, Day, Event};
    use workflow::shipped::SHIPPED;
    use workflow::simulate::Simulation;

    use super::context;
    use crate::audit::canonical::Value as Canonical;
    use crate::base::CivilDate;

    /// What the log has of events, read again.
    fn through_the_log(events: &[Event]) -> Vec<Event> {
        let command = Command::Start {
            fields: BTreeMap::new(),
        };
        let bytes = context(1, &command, events).expect("it can be written");
        Canonical::parse(&bytes).expect("it is canonical");
        let read: serde_json::Value = serde_json::from_slice(&bytes).expect("it is JSON");
        serde_json::from_value(read["events"].clone()).expect("events")
    }

    #[test]
    fn what_stands_in_the_log_makes_the_instance_again() {
        let calendar = Calendar::new([]);
        let first = CivilDate::parse("2026-12-01").expect("a day");
        let start = calendar.at(Day(first.date()), 9);
        for (name, source) in SHIPPED {
            let definition = Definition::read(source).expect("a definition");
            let mut walk = Simulation::new(&definition, &calendar, start);
            // What a citizen signs it cannot: so far it goes.
            drop(walk.run());
            assert!(walk.events().len() > 3, "{name}");
            let read = through_the_log(walk.events());
            assert_eq!(read, walk.events(), "{name}");
            let again = engine::replay(&read);
            assert_eq!(again.as_ref(), walk.instance(), "{name}");
            let row = serde_json::to_string(&again).expect("a row");
            let row: Option<workflow::instance::Instance> =
                serde_json::from_str(&row).expect("an instance");
            assert_eq!(row.as_ref(), walk.instance(), "{name}");
        }
    }
}
