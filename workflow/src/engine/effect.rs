//! What is done besides.

use crate::definition::{Effect, Field, FieldKind, StepKind, Words};
use crate::expr::Expr;
use crate::instance::{Bound, EffectDue, Event, Id, Refusal, StepStatus, Value};

use super::fields::{LIST_MAX, is_of_kind};
use super::run::{Run, is_unfinished};
use super::view::{View, who};

fn unmet(de: &str, en: &str) -> Refusal {
    Refusal::Requirement(Box::new(Words {
        de: de.to_owned(),
        en: Some(en.to_owned()),
    }))
}

impl View<'_> {
    /// The version in force of the document that a field names.
    pub(super) fn in_force(self, field: &str) -> Result<Bound, Refusal> {
        let id = self.document_of(field).ok_or(Refusal::NoDocument)?;
        self.version_of(id).ok_or(Refusal::NoDocument)
    }

    pub(super) fn version_of(self, id: &Id) -> Option<Bound> {
        let known = self.setting.directory.document(id)?;
        Some(Bound {
            document: id.clone(),
            version: known.version,
            sha512: known.sha512.to_ascii_lowercase(),
        })
    }

    /// Whether two versions of a document say the same: they are the same, or the final signer has said so.
    pub(super) fn is_same_text(self, document: &Id, left: &str, right: &str) -> bool {
        if left.eq_ignore_ascii_case(right) {
            return true;
        }
        let same = self.instance.editorial.get(document).map(|one| &one.same);
        let has = |sha: &str| same.is_some_and(|same| same.iter().any(|one| one == sha));
        has(left) && has(right)
    }

    /// Whether the definition wants a document to be finally signed, be it by the name of another field. Where it
    /// does not, what is dispatched needs no signature: the rules that it names (`legal`) say why.
    fn wants_signature(self, field: &str, document: &Id) -> bool {
        let mut steps = self.definition.states.iter().flat_map(|state| &state.steps);
        let is_it = |key: &str| key == field || self.document_of(key) == Some(document);
        steps.any(|step| {
            step.kind == StepKind::FinalSign && step.binds.as_deref().is_some_and(is_it)
        })
    }

    /// I-9, I-12: what is sent is what was finally signed last, and changes no more.
    fn may_dispatch(self, field: &str, version: &Bound) -> Result<(), Refusal> {
        if !self.wants_signature(field, &version.document) {
            return Ok(());
        }
        let steps = self.instance.steps.iter();
        let signed = steps
            .filter(|step| step.kind == StepKind::FinalSign && step.status == StepStatus::Done)
            .filter_map(|step| Some((step.round, step.number, step.done.as_ref()?.bound.as_ref()?)))
            .filter(|(_, _, bound)| bound.document == version.document)
            .max_by_key(|(round, number, _)| (*round, *number));
        let Some((_, _, signed)) = signed else {
            return Err(unmet(
                "Das Dokument ist nicht schlussgezeichnet.",
                "The document has no final signature.",
            ));
        };
        if !self.is_same_text(&version.document, &signed.sha512, &version.sha512) {
            return Err(Refusal::OtherVersion);
        }
        if !self.is_frozen(&version.document) {
            return Err(unmet(
                "Die Fassung ist nicht festgeschrieben.",
                "The version is not frozen.",
            ));
        }
        Ok(())
    }
}

impl Run<'_> {
    pub(super) fn effects(&mut self, effects: &[Effect]) -> Result<(), Refusal> {
        effects.iter().try_for_each(|effect| self.effect(effect))
    }

    fn effect(&mut self, effect: &Effect) -> Result<(), Refusal> {
        match effect {
            Effect::Register { document } => self.register(document),
            Effect::Freeze { document } => self.freeze(document),
            Effect::Dispatch { document } => self.dispatch(document),
            Effect::Destroy { document } => self.destroy(document),
            Effect::CloseCase => self.close(EffectDue::CloseCase),
            Effect::CloseFile => self.close(EffectDue::CloseFile),
            Effect::MoveTo {
                compartment,
                plan_unit,
                lead,
            } => {
                self.due(EffectDue::MoveTo {
                    compartment: compartment.clone(),
                    plan_unit: plan_unit.clone(),
                    lead: lead.clone(),
                });
                Ok(())
            }
            Effect::OpenCase { case_type, subject } => self.open_case(case_type, subject),
            Effect::Set { field, to } => self.set_to(field, to),
            Effect::Exclude { who } => {
                self.exclude_named(who);
                Ok(())
            }
            Effect::Notify { to, text } => {
                for to in self.view().asked(to, None) {
                    let text = text.clone();
                    self.due(EffectDue::Notify { to, text });
                }
                Ok(())
            }
            // These wait visibly: they are steps of kind `system`.
            Effect::Seal { .. } | Effect::Form { .. } | Effect::Export { .. } => {
                Err(Refusal::NotProvided)
            }
        }
    }

    /// I-20: a case with open steps does not go to the files.
    fn close(&mut self, effect: EffectDue) -> Result<(), Refusal> {
        if self.instance.steps.iter().any(is_unfinished) {
            return Err(Refusal::NotProvided);
        }
        self.due(effect);
        Ok(())
    }

    fn due(&mut self, effect: EffectDue) {
        let at = self.now();
        self.emit(Event::Effect { effect, at });
    }

    /// A document enters the case. Where none is named there is nothing to do: not every case has one.
    fn register(&mut self, field: &str) -> Result<(), Refusal> {
        if self.view().document_of(field).is_none() {
            return Ok(());
        }
        let version = self.view().in_force(field)?;
        if !self.view().is_registered(&version.document) {
            let document = version.document;
            self.due(EffectDue::Register { document });
        }
        Ok(())
    }

    /// The version in force changes no more, if it still could and there is one.
    pub(super) fn freeze(&mut self, field: &str) -> Result<(), Refusal> {
        if self.view().document_of(field).is_none() {
            return Ok(());
        }
        let version = self.view().in_force(field)?;
        if !self.view().is_frozen(&version.document) {
            self.due(EffectDue::Freeze { version });
        }
        Ok(())
    }

    /// A document was sent, if that was not said in this command already.
    pub(super) fn dispatch(&mut self, field: &str) -> Result<(), Refusal> {
        let version = self.view().in_force(field)?;
        self.view().may_dispatch(field, &version)?;
        let is_said = self.view().has_happened(
            |effect| matches!(effect, EffectDue::Dispatch { version: sent } if *sent == version),
        );
        if is_said {
            return Ok(());
        }
        // What has left the house changes no more.
        self.freeze(field)?;
        self.due(EffectDue::Dispatch { version });
        Ok(())
    }

    /// All that a document says is to be destroyed, by a second person; nothing where that was done.
    fn destroy(&mut self, field: &str) -> Result<(), Refusal> {
        let version = self.view().in_force(field)?;
        if !self.view().is_destroyed(&version.document) {
            let document = version.document;
            self.due(EffectDue::Destroy { document });
        }
        Ok(())
    }

    /// Another case is opened, as long as there are not too many.
    fn open_case(&mut self, case_type: &str, subject: &str) -> Result<(), Refusal> {
        let number = self.instance.opened.len();
        if number >= LIST_MAX {
            return Err(Refusal::TooMany);
        }
        let case = self.setting.directory.new_case(number);
        self.due(EffectDue::OpenCase {
            case,
            case_type: case_type.to_owned(),
            subject: subject.to_owned(),
        });
        Ok(())
    }

    fn set_to(&mut self, key: &str, to: &Expr) -> Result<(), Refusal> {
        let misfit = || Refusal::Field(key.to_owned());
        let field = self.definition.field(key).ok_or_else(misfit)?;
        let value = match to.value(&self.view()) {
            None => None,
            Some(value) => Some(fitted(field, value).ok_or_else(misfit)?),
        };
        let is_day = matches!(value, Some(Value::Day(_)));
        self.set(key, value);
        if is_day {
            return self.follow_day(key);
        }
        Ok(())
    }
}

/// A computed value as a field holds it. Rows of tables are text: `function:CODE` is a function, `96.00` an amount.
fn fitted(field: &Field, value: Value) -> Option<Value> {
    let value = match (&field.kind, value) {
        (FieldKind::Who, Value::Text(text)) => Value::Who(who(&text)?),
        (FieldKind::Whos, Value::Text(text)) => Value::Whos(vec![who(&text)?]),
        (FieldKind::Whos, Value::Who(who)) => Value::Whos(vec![who]),
        (
            FieldKind::Number | FieldKind::Money | FieldKind::Day | FieldKind::YesNo,
            Value::Text(text),
        ) => field.kind.of_text(&text)?,
        (_, value) => value,
    };
    is_of_kind(field, &value).then_some(value)
}
