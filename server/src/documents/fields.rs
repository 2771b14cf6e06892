//! What documents say in the fields of their types: read by the rules of the house, and told without what the
//! reader may not know.

use std::collections::{BTreeSet, HashMap};

use sea_orm::ConnectionTrait;
use serde_json::Value as Json;
use uuid::Uuid;

use super::alike::Alike;
use super::list;
use super::model::{DocumentError, Held, Metadata};
use super::wire::DocumentView;
use crate::audit::history::History;
use crate::base::db::DbError;
use crate::base::{Actor, CaseId, CorrespondentId, DocumentId, FileId};
use crate::cases;
use crate::correspondents;
use crate::files;
use crate::types::{self, Change, Field, Refusal, Refused, Target, Value, Values};
use crate::unit::Unit;

/// What the state of a document puts before the code of a field.
pub(super) const IN_STATE: &str = "fields.";

/// What leads elsewhere.
pub(super) type Led = BTreeSet<(Target, Uuid)>;

fn led<'v>(values: impl IntoIterator<Item = &'v Value>) -> Led {
    let one = |value: &Value| match value {
        Value::Reference(Some(target), id) => Some((*target, *id)),
        Value::Reference(None, _)
        | Value::Text(_)
        | Value::Flag(_)
        | Value::Many(_)
        | Value::Money { .. } => None,
    };
    values.into_iter().filter_map(one).collect()
}

/// Those that the actor may know of.
pub(super) async fn known(
    on: &impl ConnectionTrait,
    actor: &Actor,
    led: &Led,
) -> Result<Led, DocumentError> {
    if led.is_empty() {
        return Ok(Led::new());
    }
    let of = |wanted: Target| led.iter().filter(move |(target, _)| *target == wanted);
    let ids: Vec<_> = of(Target::File).map(|(_, id)| FileId::of(*id)).collect();
    let found = files::visible_among(on, actor, &ids).await?;
    let mut all: Led = found
        .into_iter()
        .map(|id| (Target::File, id.raw()))
        .collect();
    let ids: Vec<_> = of(Target::Case).map(|(_, id)| CaseId::of(*id)).collect();
    let found = cases::visible_among(on, actor, &ids).await?;
    all.extend(found.into_iter().map(|id| (Target::Case, id.raw())));
    let ids: Vec<_> = of(Target::Document)
        .map(|(_, id)| DocumentId::of(*id))
        .collect();
    if !ids.is_empty() {
        let found = list::visible_among(on, actor, &ids).await?;
        all.extend(found.iter().map(|one| (Target::Document, one.id.raw())));
    }
    let ids: Vec<_> = of(Target::Correspondent)
        .map(|(_, id)| CorrespondentId::of(*id))
        .collect();
    let found = correspondents::known_among(on, actor, &ids).await?;
    all.extend(
        found
            .into_iter()
            .map(|id| (Target::Correspondent, id.raw())),
    );
    Ok(all)
}

/// Those of what these say that the actor may know of.
pub(super) async fn known_of<'v>(
    on: &impl ConnectionTrait,
    actor: &Actor,
    values: impl Iterator<Item = &'v Values>,
) -> Result<Led, DocumentError> {
    known(on, actor, &led(values.flat_map(Values::values))).await
}

/// Whether a value is told to who knows these: what leads nowhere is told to everybody.
pub(super) fn is_told(value: &Value, known: &Led) -> bool {
    led([value]).is_subset(known)
}

/// What a new document says, where its type carries it.
pub(super) async fn of_new(
    on: &impl ConnectionTrait,
    actor: &Actor,
    metadata: Metadata,
) -> Result<Metadata, DocumentError> {
    if metadata.fields.is_empty() {
        return match &metadata.kind {
            Some(kind) if types::is_retired(on, kind).await? => {
                let pointer = "/type".to_owned();
                let refusal = Refusal::Retired;
                Err(DocumentError::Fields(vec![Refused { pointer, refusal }]))
            }
            Some(_) | None => Ok(metadata),
        };
    }
    let given = metadata.fields.iter();
    let change: Change = given
        .map(|(code, value)| (code.clone(), Some(value.clone())))
        .collect();
    let (nothing, kind) = (Values::new(), metadata.kind.as_deref());
    let alike = &mut Alike::default();
    let fields = changed((on, actor), alike, (None, &nothing), kind, change).await?;
    Ok(Metadata { fields, ..metadata })
}

/// Refuses what a new document may not say, before its content is kept. The unit that files it asks again.
pub(crate) async fn may_say(
    on: &impl ConnectionTrait,
    actor: &Actor,
    metadata: &Metadata,
) -> Result<(), DocumentError> {
    of_new(on, actor, metadata.clone()).await.map(drop)
}

/// What a document says after a change, and whether it may bear its type.
pub(super) async fn changed(
    by: (&impl ConnectionTrait, &Actor),
    alike: &mut Alike,
    (kind_before, before): (Option<&str>, &Values),
    kind: Option<&str>,
    change: Change,
) -> Result<Values, DocumentError> {
    let named: Vec<String> = change.keys().cloned().collect();
    let catalog = alike.catalog(by.0).await?;
    let after = catalog
        .changed((kind_before, before), kind, change)
        .map_err(DocumentError::Fields)?;
    // Also what stands there already: whoever does not see it must not learn it by saying it again.
    let named = named
        .iter()
        .filter_map(|code| Some((code.as_str(), after.get(code)?)));
    may_name(by, alike, named.collect()).await?;
    Ok(after)
}

/// The change without what it takes away unseen: a value that is not told to the actor is not there for him.
pub(super) async fn of_seen(
    unit: &Unit,
    had: &Values,
    mut change: Change,
) -> Result<Change, DocumentError> {
    let gone = change.iter().filter(|(_, value)| value.is_none());
    let gone: Vec<&Value> = gone.filter_map(|(code, _)| had.get(code)).collect();
    let known = known(unit.tx(), unit.actor(), &led(gone)).await?;
    change.retain(|code, value| {
        value.is_some() || had.get(code).is_none_or(|value| is_told(value, &known))
    });
    Ok(change)
}

/// The change with what it says again as it was said: one entry alone, where the field takes a list by now.
pub(super) async fn said_again(
    unit: &Unit,
    alike: &mut Alike,
    had: &Values,
    mut change: Change,
) -> Result<Change, DbError> {
    let many_for_one = change.iter().any(|(code, value)| {
        matches!(
            (had.get(code), value),
            (Some(Value::Text(_)), Some(Value::Many(_)))
        )
    });
    if !many_for_one {
        return Ok(change);
    }
    let catalog = alike.catalog(unit.tx()).await?;
    for (code, value) in &mut change {
        if let (Some(before), Some(field)) = (had.get(code), catalog.field(code))
            && value.as_ref() == Some(&field.as_it_is_now(before))
        {
            *value = Some(before.clone());
        }
    }
    Ok(change)
}

/// Refuses values that lead to something of which the actor may not know.
pub(super) async fn may_name(
    by: (&impl ConnectionTrait, &Actor),
    alike: &mut Alike,
    named: Vec<(&str, &Value)>,
) -> Result<(), DocumentError> {
    let led_to = led(named.iter().map(|(_, value)| *value));
    let known = alike.led(by, &led_to).await?;
    let astray = named
        .iter()
        .filter(|(_, value)| !led([*value]).is_subset(&known));
    let refused: Vec<_> = astray
        .map(|(code, _)| Refused::field(code, Refusal::NotFound))
        .collect();
    if refused.is_empty() {
        Ok(())
    } else {
        Err(DocumentError::Fields(refused))
    }
}

/// Refuses a document that does not have what its type requires.
pub(super) async fn require(unit: &Unit, metadata: &Metadata) -> Result<(), DocumentError> {
    if metadata.kind.is_none() {
        return Ok(());
    }
    let catalog = types::catalog(unit.tx()).await?;
    let missing = catalog.missing(metadata.kind.as_deref(), &metadata.fields);
    if missing.is_empty() {
        Ok(())
    } else {
        Err(DocumentError::Fields(missing))
    }
}

/// What everybody may read who reads the document: what leads elsewhere is told by [`tell`] alone.
pub(super) fn plain(values: &Values) -> std::collections::BTreeMap<String, Json> {
    let plain = values
        .iter()
        .filter(|(_, value)| !matches!(value, Value::Reference(..)));
    plain
        .map(|(code, value)| (code.clone(), value.to_json()))
        .collect()
}

/// Tells values as their fields would hold them now.
async fn tell_as_now(
    on: &impl ConnectionTrait,
    held: &[Held],
    views: &mut [DocumentView],
) -> Result<(), DbError> {
    let values = held.iter().map(|one| &one.document.metadata.fields);
    let choices = choices_among(on, values.clone()).await?;
    if choices.is_empty() {
        return Ok(());
    }
    for (values, view) in values.zip(views) {
        for (code, value) in values {
            if let (Some(field), Some(told)) = (among(&choices, code), view.fields.get_mut(code)) {
                *told = field.as_it_is_now(value).to_json();
            }
        }
    }
    Ok(())
}

/// The choices in which a text stands: what was chosen alone may be a list by now. One question, whatever the house
/// has of fields.
pub(super) async fn choices_among<'v>(
    on: &impl ConnectionTrait,
    values: impl Iterator<Item = &'v Values>,
) -> Result<Vec<Field>, DbError> {
    let mut codes: BTreeSet<&str> = BTreeSet::new();
    for (code, value) in values.flatten() {
        if matches!(value, Value::Text(_)) {
            codes.insert(code);
        }
    }
    types::choices(on, &codes).await
}

fn among<'a>(fields: &'a [Field], code: &str) -> Option<&'a Field> {
    fields.iter().find(|field| field.code == code)
}

/// A value as it is told now, where its field is among `choices`, and else as it is kept.
pub(super) fn as_now(choices: &[Field], code: &str, value: &Value) -> Json {
    match among(choices, code) {
        Some(field) => field.as_it_is_now(value).to_json(),
        None => value.to_json(),
    }
}

/// Tells values as their fields would hold them now, and adds what leads elsewhere, as far as the actor may know
/// of it. The rest is not told at all.
pub(super) async fn tell(
    on: &impl ConnectionTrait,
    actor: &Actor,
    held: &[Held],
    views: &mut [DocumentView],
) -> Result<(), DocumentError> {
    tell_as_now(on, held, views).await?;
    let values = held.iter().map(|one| &one.document.metadata.fields);
    let known = known(on, actor, &led(values.clone().flat_map(Values::values))).await?;
    if known.is_empty() {
        return Ok(());
    }
    for (values, view) in values.zip(views) {
        for (code, value) in values {
            let led = led([value]);
            if !led.is_empty() && led.is_subset(&known) {
                view.fields.insert(code.clone(), value.to_json());
            }
        }
    }
    Ok(())
}

/// Takes out of a history what the actor may not know of: values that lead elsewhere, and changes of nothing
/// but those.
pub(super) async fn untold(
    on: &impl ConnectionTrait,
    actor: &Actor,
    mut history: History,
) -> Result<History, DocumentError> {
    let read = |json: &Option<Json>| {
        let value = json.as_ref().and_then(|json| types::read_value(json).ok());
        value.map(|value| led([&value])).unwrap_or_default()
    };
    let of_fields = |field: &str| field.starts_with(IN_STATE);
    let mut all = Led::new();
    for change in history.items.iter().flat_map(|entry| &entry.changes) {
        if of_fields(&change.field) {
            all.extend(read(&change.from));
            all.extend(read(&change.to));
        }
    }
    if all.is_empty() {
        return Ok(history);
    }
    let known = known(on, actor, &all).await?;
    for entry in &mut history.items {
        entry.changes.retain_mut(|change| {
            if !of_fields(&change.field) {
                return true;
            }
            for side in [&mut change.from, &mut change.to] {
                if !read(side).is_subset(&known) {
                    *side = None;
                }
            }
            change.from.is_some() || change.to.is_some()
        });
    }
    Ok(history)
}

/// What each document is found by in its fields.
pub(super) async fn found_by(
    on: &impl ConnectionTrait,
    held: &[Held],
) -> Result<HashMap<DocumentId, Vec<indexer::FieldValue>>, DbError> {
    let mut all = HashMap::new();
    if held
        .iter()
        .all(|one| one.document.metadata.fields.is_empty())
    {
        return Ok(all);
    }
    let catalog = types::catalog(on).await?;
    for one in held {
        let values = one.document.metadata.fields.iter();
        let found = values.filter_map(|(code, value)| {
            let field = catalog.field(code)?;
            let is_date = field.rules == types::Rules::Date;
            let exact = field.found_by(value).into_iter().map(|(text, number)| {
                let number = number.map(|number| {
                    if is_date {
                        let day = i32::try_from(number).unwrap_or(i32::MAX);
                        indexer::FieldNumber::Day(indexer::Day(day))
                    } else {
                        indexer::FieldNumber::Millionths(number)
                    }
                });
                (text, number)
            });
            Some(indexer::FieldValue {
                field: code.clone(),
                exact: exact.collect(),
                words: field.words(value),
            })
        });
        all.insert(one.document.id, found.collect());
    }
    Ok(all)
}
