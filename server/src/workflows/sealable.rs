//! What is sealed is a PDF: that is said when it is named or signed, and not when the seal waits for ever.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::ConnectionTrait;
use workflow::definition::{Definition, Effect};
use workflow::instance::{Command, Done, Event, Id, Instance, Value};

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

/// Whether a document was signed: a mark is bound to it. Whoever sends it back signs nothing, and no mark is bound.
fn is_signed(events: &[Event], id: &Id) -> bool {
    let is_bound = |done: &Done| done.bound.as_ref().is_some_and(|it| it.document == *id);
    let mut events = events.iter();
    events.any(|event| matches!(event, Event::Completed { done, .. } if is_bound(done)))
}

/// The documents that a command names or signs, which are sealed later, each with its field.
fn meant(
    sealed: &BTreeSet<&str>,
    known: &BTreeMap<String, Value>,
    (command, events): (&Command, &[Event]),
) -> Vec<(String, Id)> {
    let Command::Complete { fields, .. } = command else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for key in sealed {
        let said = fields.get(*key);
        let Some(Value::Document(id)) = said.or_else(|| known.get(*key)) else {
            continue;
        };
        if said.is_some() || is_signed(events, id) {
            found.push(((*key).to_owned(), id.clone()));
        }
    }
    found
}

/// Refuses what could not be sealed later.
pub(super) async fn require_pdf(
    on: &impl ConnectionTrait,
    (definition, instance): (&Definition, &Instance),
    what: (&Command, &[Event]),
) -> Result<(), WorkflowError> {
    for (field, id) in meant(&sealed(definition), &instance.fields, what) {
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use workflow::instance::{Bound, Command, Done, Event, Id, Instant, Taker, Value};

    use super::meant;

    fn document(id: &str) -> Value {
        Value::Document(Id(id.to_owned()))
    }

    fn complete(fields: &[(&str, &str)]) -> Command {
        let fields = fields.iter();
        let fields = fields.map(|(key, id)| ((*key).to_owned(), document(id)));
        Command::Complete {
            step: 3,
            // One with a `to`, or without: that a mark is bound counts.
            outcome: "signed".to_owned(),
            note: None,
            fields: fields.collect(),
            seen: None,
            documents: Vec::new(),
        }
    }

    fn completed(bound: Option<&str>) -> Vec<Event> {
        vec![Event::Completed {
            step: 3,
            done: Done {
                outcome: "signed".to_owned(),
                by: Taker {
                    account: Id("anna".to_owned()),
                    on_behalf_of: None,
                    function: None,
                },
                at: Instant(0),
                note: None,
                bound: bound.map(|id| Bound {
                    document: Id(id.to_owned()),
                    version: 1,
                    sha512: "ab".repeat(64),
                }),
                documents: Vec::new(),
            },
        }]
    }

    #[test]
    fn what_is_named_or_signed_is_looked_at_and_nothing_else() {
        let sealed = BTreeSet::from(["reply"]);
        let known = BTreeMap::from([
            ("reply".to_owned(), document("letter")),
            ("draft".to_owned(), document("other")),
        ]);
        let check = |command: Command, events: &[Event], expect: &[(&str, &str)]| {
            let found = meant(&sealed, &known, (&command, events));
            let expect = expect.iter();
            let expect = expect.map(|(key, id)| ((*key).to_owned(), Id((*id).to_owned())));
            assert_eq!(found, expect.collect::<Vec<_>>());
        };
        check(
            complete(&[]),
            &completed(Some("letter")),
            &[("reply", "letter")],
        );
        check(complete(&[]), &completed(None), &[]);
        check(complete(&[]), &completed(Some("other")), &[]);
        let named = complete(&[("reply", "new"), ("draft", "x")]);
        check(named, &completed(None), &[("reply", "new")]);
        check(Command::Look, &completed(Some("letter")), &[]);
    }
}
