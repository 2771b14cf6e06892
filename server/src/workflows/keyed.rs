//! Workflows that begin only once: by what one is known again, and what comes under a key that is taken.

use std::collections::BTreeMap;

use sea_orm::ConnectionTrait;
use workflow::definition::{Definition, Source};
use workflow::instance::{Event, Id, Value};

use super::catalog::Rules;
use super::history::events_of;
use super::model::{Flow, WorkflowError};
use super::{ops, rows};
use crate::base::db::DbError;
use crate::base::{DocumentId, WorkflowId};
use crate::documents;
use crate::unit::Unit;

/// A workflow that shall begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beginning<'a> {
    /// Its definition.
    pub(super) definition: &'a Definition,
    /// What was said, without what was found.
    pub(super) said: &'a BTreeMap<String, Value>,
    /// What happens when it begins.
    pub(super) events: &'a [Event],
}

/// What was known of a workflow when it began.
fn begun(events: &[Event]) -> Option<&BTreeMap<String, Value>> {
    events.iter().find_map(|event| {
        if let Event::Started { fields, .. } = event {
            return Some(fields);
        }
        None
    })
}

/// A value as it is compared; nothing where nothing is said.
fn comparable(value: &Value) -> Option<String> {
    let text = match value {
        Value::Text(text) => documents::comparable(text),
        Value::Number(number) | Value::Money(number) => number.to_string(),
        Value::Day(day) => day.0.to_string(),
        Value::YesNo(_) | Value::Who(_) | Value::Whos(_) | Value::Document(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// The key of what begins with these fields: SHA-256 of what those say that are unique together. None where the
/// definition names none, or one of them says nothing.
fn key(definition: &Definition, fields: &BTreeMap<String, Value>) -> Option<[u8; 32]> {
    if definition.unique.is_empty() {
        return None;
    }
    let mut said = Vec::with_capacity(definition.unique.len());
    for field in &definition.unique {
        said.push((field.as_str(), comparable(fields.get(field)?)?));
    }
    let json = serde_json::to_vec(&said).ok()?;
    Some(rows::digest(&json))
}

/// Whether a document has content that another one has, or had once: that one may have been sealed since.
async fn same_content(on: &impl ConnectionTrait, now: &Id, before: &Id) -> Result<bool, DbError> {
    if now == before {
        return Ok(true);
    }
    let (Ok(now), Ok(before)) = (now.0.parse::<DocumentId>(), before.0.parse::<DocumentId>())
    else {
        return Ok(false);
    };
    let standing = documents::standing(on, &[now, before]).await?;
    let of = |id: DocumentId| standing.iter().find(|one| one.document.id == id);
    let (Some(now), Some(before)) = (of(now), of(before)) else {
        return Ok(false);
    };
    let mut had = before.versions.iter();
    Ok(now
        .in_force()
        .is_some_and(|version| had.any(|one| one.sha512 == version.sha512)))
}

impl<'a> Beginning<'a> {
    /// Its definition, and its key.
    fn key(&self) -> Option<(&'a str, [u8; 32])> {
        let key = key(self.definition, begun(self.events)?)?;
        Some((self.definition.id.as_str(), key))
    }

    /// Refuses it where one with the same key began before.
    pub(super) async fn require_new(
        &self,
        unit: &Unit,
        rules: &Rules,
    ) -> Result<(), WorkflowError> {
        let Some(key) = self.key() else {
            return Ok(());
        };
        match rows::keyed(unit.tx(), key).await? {
            Some(existing) => Err(self.refusal(unit, rules, existing).await?),
            None => Ok(()),
        }
    }

    /// Gives the workflow that has just begun its key; refuses it where another one was faster.
    pub(super) async fn keep(
        &self,
        unit: &Unit,
        rules: &Rules,
        flow: WorkflowId,
    ) -> Result<(), WorkflowError> {
        let Some(key) = self.key() else {
            return Ok(());
        };
        if rows::insert_key(unit, flow, key).await? {
            return Ok(());
        }
        self.require_new(unit, rules).await?;
        // It was given back meanwhile: whoever asks again begins.
        Err(DbError::Stale.into())
    }

    /// Why it does not begin: it repeats what is there, or is something else under the same key.
    async fn refusal(
        &self,
        unit: &Unit,
        rules: &Rules,
        existing: WorkflowId,
    ) -> Result<WorkflowError, WorkflowError> {
        let asks = (unit.actor(), unit.now());
        let read = Box::pin(ops::read(unit.tx(), rules, asks, existing)).await;
        let known = match read {
            Ok((flow, _)) => Some(flow),
            Err(WorkflowError::NotFound) => None,
            Err(error) => return Err(error),
        };
        if let Some(flow) = &known
            && self.repeats(unit.tx(), flow).await?
        {
            return Ok(WorkflowError::Repeats { existing });
        }
        let fields = self.definition.unique.iter();
        let labels = fields.filter_map(|key| self.definition.field(key));
        Ok(WorkflowError::KeyTaken {
            by: labels.map(|field| field.label.de.clone()).collect(),
            existing: known.map(|flow| flow.id),
        })
    }

    /// Whether all that is said now was said then, and the document with which it begins is the same to the byte.
    /// What was found in case and document is not compared: the same letter may have come twice.
    async fn repeats(&self, on: &impl ConnectionTrait, flow: &Flow) -> Result<bool, DbError> {
        let first = rows::entries(on, flow.id, (0, 1)).await?;
        let events = first.first().map(events_of).transpose()?;
        let events = events.unwrap_or_default();
        let (Some(before), Some(now)) = (begun(&events), begun(self.events)) else {
            return Ok(false);
        };
        for field in &self.definition.fields {
            let brought = field.source == Some(Source::Document);
            let compared = brought || self.said.contains_key(&field.key);
            // What makes the key is the same, however it is written.
            if !compared || self.definition.unique.contains(&field.key) {
                continue;
            }
            let same = match (now.get(&field.key), before.get(&field.key)) {
                (Some(Value::Document(now)), Some(Value::Document(before))) => {
                    same_content(on, now, before).await?
                }
                (now, before) => now == before,
            };
            if !same {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use workflow::definition::Definition;
    use workflow::instance::Value;
    use workflow::shipped::SHIPPED;

    use super::key;

    fn definition(name: &str) -> Definition {
        let mut all = SHIPPED.iter().filter_map(|(_, source)| {
            let read = Definition::read(source).expect("a definition");
            (read.id == name).then_some(read)
        });
        all.next().expect("it is there")
    }

    fn of(said: &str) -> Option<[u8; 32]> {
        let fields = BTreeMap::from([("submission".to_owned(), Value::Text(said.to_owned()))]);
        key(&definition("registration-certificate"), &fields)
    }

    #[test]
    fn the_same_is_the_same_however_it_is_written() {
        assert!(of("S-4711").is_some());
        assert_eq!(of("S-4711"), of(" s-47 11"));
        assert_ne!(of("S-4711"), of("S-4712"));
    }

    #[test]
    fn who_says_nothing_is_known_by_nothing() {
        assert_eq!(of("  "), None);
        let nothing = BTreeMap::new();
        assert_eq!(key(&definition("registration-certificate"), &nothing), None);
        assert_eq!(key(&definition("incoming-invoice"), &nothing), None);
    }
}
