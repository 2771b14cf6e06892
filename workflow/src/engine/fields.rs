//! What is known: what is given, and whether it fits.

use std::collections::BTreeMap;

use crate::definition::{Assignee, Definition, Field, FieldKind, Source, Step};
use crate::instance::{Assigned, Event, Refusal, Value};

use super::Setting;
use super::apply::apply;
use super::run::Run;
use super::view::View;
use super::who::principal;

/// How many persons, functions or documents may be named at once.
pub const LIST_MAX: usize = 100;
/// How many characters a reason, a note or a directive may have.
pub const REASON_CHARS_MAX: usize = 8_000;

/// A text that somebody gave: none where nothing stands in it.
pub(super) fn said(text: Option<&str>) -> Result<Option<String>, Refusal> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > REASON_CHARS_MAX) {
        return Err(Refusal::TooMany);
    }
    Ok(text.map(ToOwned::to_owned))
}

/// A reason, which must be given.
pub(super) fn reason(text: &str) -> Result<String, Refusal> {
    said(Some(text))?.ok_or(Refusal::NoReason)
}

/// Whether a value is of the kind of a field.
pub(super) fn is_of_kind(field: &Field, value: &Value) -> bool {
    match (&field.kind, value) {
        (FieldKind::Text { .. } | FieldKind::Time | FieldKind::Choice(_), Value::Text(_)) => {
            field.kind.fits(value)
        }
        (FieldKind::Number, Value::Number(_))
        | (FieldKind::Money, Value::Money(_))
        | (FieldKind::Day, Value::Day(_))
        | (FieldKind::YesNo, Value::YesNo(_)) => true,
        (FieldKind::Document, Value::Document(id)) => !id.0.is_empty(),
        (FieldKind::Who, Value::Who(who)) => is_who(who),
        (FieldKind::Whos, Value::Whos(whos)) => {
            let is_once =
                |(at, who): (usize, &Assigned)| !whos.iter().take(at).any(|one| one == who);
            whos.len() <= LIST_MAX
                && whos.iter().all(is_who)
                && whos.iter().enumerate().all(is_once)
        }
        _ => false,
    }
}

/// A person or a function.
pub(super) fn is_who(who: &Assigned) -> bool {
    match who {
        Assigned::Person { account } => !account.0.is_empty() && account.0 != super::SYSTEM,
        Assigned::Function { code } => !code.is_empty(),
        Assigned::Role { .. } | Assigned::Anybody | Assigned::System => false,
    }
}

/// Whether nothing stands in it, though it is there.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.trim().is_empty(),
        Value::Whos(whos) => whos.is_empty(),
        Value::YesNo(_)
        | Value::Number(_)
        | Value::Money(_)
        | Value::Day(_)
        | Value::Who(_)
        | Value::Document(_) => false,
    }
}

impl View<'_> {
    /// A value for a field that was given: of its kind, and a document that there is.
    fn fits(self, key: &str, value: &Value) -> Result<(), Refusal> {
        let field = self.definition.field(key);
        if !field.is_some_and(|field| is_of_kind(field, value)) {
            return Err(Refusal::Field(key.to_owned()));
        }
        if let Value::Document(id) = value
            && self.setting.directory.document(id).is_none()
        {
            return Err(Refusal::NoDocument);
        }
        Ok(())
    }
}

impl Run<'_> {
    /// It begins.
    pub(super) fn start(
        definition: &Definition,
        fields: &BTreeMap<String, Value>,
        setting: Setting<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        let actor = setting.actor;
        let by = crate::instance::Taker {
            account: actor.account.clone(),
            on_behalf_of: actor.on_behalf_of.clone(),
            function: actor.function.clone(),
        };
        let mut fields = fields.clone();
        let mut said_otherwise = Vec::new();
        for field in &definition.fields {
            let known = match field.source {
                Some(Source::Initiator) => Value::Who(Assigned::Person {
                    account: principal(&by).clone(),
                }),
                Some(Source::Today) => Value::Day(setting.calendar.day_of(setting.now)),
                Some(
                    Source::Case(_)
                    | Source::Document
                    | Source::DocumentField(_)
                    | Source::DocumentFact(_)
                    | Source::Invoice(_),
                )
                | None => continue,
            };
            match fields.get(&field.key) {
                Some(given) if *given != known => said_otherwise.push(field),
                Some(_) => {}
                None => {
                    fields.insert(field.key.clone(), known);
                }
            }
        }
        let started = Event::Started {
            definition: definition.id.clone(),
            version: definition.version,
            sha256: definition.sha256_hex(),
            by,
            at: setting.now,
            fields,
        };
        let instance = apply(None, &started).ok_or(Refusal::Begun)?;
        let mut run = Run::new(definition, instance, setting);
        run.events.push(started);
        run.may_start()?;
        run.may_say_otherwise(&said_otherwise)?;
        run.enter(&definition.start)?;
        Ok(run.events)
    }

    fn may_start(&self) -> Result<(), Refusal> {
        let view = self.view();
        let by = &self.definition.start_by;
        let may = if by.is_empty() {
            view.is_asked(&Assigned::Anybody)
        } else {
            view.is_one_of(by)
        };
        if !may {
            return Err(Refusal::NotAssigned);
        }
        for (key, value) in &self.instance.fields {
            view.fits(key, value)?;
        }
        let is_missing = |field: &&Field| self.instance.fields.get(&field.key).is_none_or(is_blank);
        let required = self.definition.fields.iter().filter(|field| field.required);
        let missing: Vec<String> = required
            .filter(is_missing)
            .map(|field| field.key.clone())
            .collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Missing(missing))
        }
    }

    /// Whoever begins says of himself that he has begun it. For another one begins whom `start_by` names by more
    /// than working here: a function or a role. The day is always today.
    fn may_say_otherwise(&self, fields: &[&Field]) -> Result<(), Refusal> {
        let mut by = self.definition.start_by.iter();
        let for_others = by.any(|one| {
            *one != Assignee::Anybody && self.view().is_one_of(std::slice::from_ref(one))
        });
        let mut fields = fields.iter();
        match fields.find(|one| !for_others || one.source != Some(Source::Initiator)) {
            Some(field) => Err(Refusal::Given(field.key.clone())),
            None => Ok(()),
        }
    }

    /// Fields that were given with an outcome of a step: those that are asked with it, and no others. `also`
    /// is one that is not asked, but may come.
    pub(super) fn answer(
        &mut self,
        step: Option<&Step>,
        outcome: &str,
        fields: &BTreeMap<String, Value>,
        also: Option<&str>,
    ) -> Result<(), Refusal> {
        let asks = step.map_or(&[][..], |step| step.asks.as_slice());
        let asked = || {
            asks.iter()
                .filter(|ask| ask.with.is_empty() || ask.with.iter().any(|one| one == outcome))
        };
        for (key, value) in fields {
            if !asked().any(|ask| ask.field == *key) && also != Some(key.as_str()) {
                return Err(Refusal::Field(key.clone()));
            }
            self.view().fits(key, value)?;
        }
        let is_given = |key: &str| fields.get(key).is_some_and(|value| !is_blank(value));
        let missing: Vec<String> = asked()
            .filter(|ask| ask.required && !is_given(&ask.field))
            .map(|ask| ask.field.clone())
            .collect();
        if !missing.is_empty() {
            return Err(Refusal::Missing(missing));
        }
        for (key, value) in fields {
            self.set(key, Some(value.clone()));
        }
        Ok(())
    }

    /// Sets a field or empties it, if that changes anything.
    pub(super) fn set(&mut self, field: &str, value: Option<Value>) {
        if self.instance.fields.get(field) == value.as_ref() {
            return;
        }
        let at = self.now();
        let field = field.to_owned();
        self.emit(match value {
            Some(value) => Event::FieldSet { field, value, at },
            None => Event::FieldEmptied { field, at },
        });
    }
}
