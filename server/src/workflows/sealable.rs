//! What is sealed is a PDF: that is said when it is named or signed, and not when the seal waits for ever.

use std::collections::BTreeSet;

use sea_orm::ConnectionTrait;
use workflow::definition::{Definition, Effect};
use workflow::instance::{Command, Id, Instance, Value};

use super::model::WorkflowError;
use crate::documents;

/// Of what kind content must be to be sealed.
const PDF: &str = "application/pdf";

/// The fields of a definition whose documents the system seals.
fn sealed(definition: &Definition) -> BTreeSet<&str> {
    let steps = definition.states.iter().flat_map(|state| &state.steps);
    let of = |effect: &'_ Effect| -> Option<String> {
        if let Effect::Seal { document } = effect {
            return Some(document.clone());
        }
        None
    };
    let keys: BTreeSet<String> = steps.filter_map(|step| of(step.effect.as_ref()?)).collect();
    let fields = definition.fields.iter().map(|field| field.key.as_str());
    fields.filter(|key| keys.contains(*key)).collect()
}

/// The documents that a command names or signs, which are sealed later, each with its field.
fn meant(definition: &Definition, instance: &Instance, command: &Command) -> Vec<(String, Id)> {
    let Command::Complete {
        step,
        outcome,
        fields,
        ..
    } = command
    else {
        return Vec::new();
    };
    let sealed = sealed(definition);
    let mut found = Vec::new();
    let mut take = |key: &str, value: Option<&Value>| {
        if let Some(Value::Document(id)) = value {
            found.push((key.to_owned(), id.clone()));
        }
    };
    for key in &sealed {
        take(key, fields.get(*key));
    }
    let mut steps = instance.steps.iter();
    let step = steps.find(|one| one.number == *step);
    let defined = step.and_then(|one| definition.step(&one.key));
    if let Some((_, defined)) = defined
        && let Some(key) = defined.binds.as_deref()
        && sealed.contains(key)
        && !fields.contains_key(key)
    {
        // Whoever sends it back signs nothing.
        let mut outcomes = defined.outcomes.iter();
        let chosen = outcomes.find(|one| one.key == *outcome || outcome.is_empty());
        if chosen.is_none_or(|one| one.to.is_none()) {
            take(key, instance.fields.get(key));
        }
    }
    found
}

/// Refuses what could not be sealed later.
pub(super) async fn require_pdf(
    on: &impl ConnectionTrait,
    (definition, instance): (&Definition, &Instance),
    command: &Command,
) -> Result<(), WorkflowError> {
    for (field, id) in meant(definition, instance, command) {
        let Ok(id) = id.0.parse() else {
            continue;
        };
        for one in documents::standing(on, &[id]).await? {
            let fits = one
                .in_force()
                .is_none_or(|version| version.media_type == PDF);
            if !fits {
                return Err(WorkflowError::NotPdf { field });
            }
        }
    }
    Ok(())
}
