//! Types and fields on the wire, and how what comes in becomes a command: all faults at once.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::model::{
    CARRIED_MAX, Carried, DESCRIPTION_CHARS_MAX, DocumentType, Entry, Field, FieldChange, Kind,
    LABEL_CHARS_MAX, NewField, NewType, TYPE_CODE_CHARS_MAX, Target, TypeChange,
};
use super::rules::{RuleParts, code};
use crate::base::Timestamp;
use crate::http::gather::{Fields, present};
use crate::http::{Fault, Problem, text};

/// A new field.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "betrag", "label": "Betrag", "kind": "money", "min": "0"}))]
pub(super) struct FieldRequest {
    /// Its short name; never changes. Not one of the names that the search has of its own, such as `titel`.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,39}$")]
    pub(super) code: String,
    /// What people read; unique.
    #[schema(min_length = 1, max_length = 100)]
    label: String,
    /// What is written into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000, nullable = false)]
    description: Option<String>,
    /// What it holds; never changes.
    kind: Kind,
    /// Text: the most characters, at most 500; 200 if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 500, nullable = false)]
    max_length: Option<u32>,
    /// Text: a regular expression for the whole of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, nullable = false)]
    pattern: Option<String>,
    /// Number: the most digits behind the point, at most 6; 0 if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 6, nullable = false)]
    decimals: Option<u32>,
    /// Number and money: the smallest, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "0")]
    min: Option<String>,
    /// Number and money: the largest, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    max: Option<String>,
    /// Money: ISO 4217; `EUR` if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "EUR")]
    currency: Option<String>,
    /// Choice: what can be chosen, at most 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 200, nullable = false)]
    entries: Option<Vec<Entry>>,
    /// Choice: whether several may be chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    many: Option<bool>,
    /// Reference: to what it leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    target: Option<Target>,
}

impl FieldRequest {
    /// The field.
    pub(super) fn read(self) -> Result<NewField, Problem> {
        let mut fields = Fields::new();
        code(&mut fields, "/code", &self.code);
        if indexer::is_field_name(&self.code) {
            let detail = text(
                "Die Suche hat schon ein Feld, das so heißt.",
                "The search has a field of this name already.",
            );
            let code = "reserved";
            fields.fault("/code", Fault::Rule { code, detail });
        }
        let label = fields.line("/label", &self.label, LABEL_CHARS_MAX);
        let description = described(&mut fields, self.description.as_deref());
        let parts = RuleParts {
            max_length: self.max_length,
            pattern: self.pattern,
            decimals: self.decimals,
            min: self.min,
            max: self.max,
            currency: self.currency,
            entries: self.entries,
            many: self.many,
            target: self.target,
        };
        let rules = parts.read(self.kind, &mut fields);
        fields.done(NewField {
            code: self.code,
            label: label.unwrap_or_default(),
            description,
            rules,
        })
    }
}

fn described(fields: &mut Fields, raw: Option<&str>) -> Option<String> {
    raw.and_then(|raw| fields.paragraph("/description", raw, DESCRIPTION_CHARS_MAX))
}

/// A change of a field. What is missing stays. Short name, kind, currency and target never change.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::option_option,
    reason = "missing, null and a value are three things"
)]
#[schema(example = json!({"label": "Rechnungsbetrag", "max": "100000.00"}))]
pub(super) struct FieldPatch {
    /// What people read.
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    label: Option<String>,
    /// What is written into it.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 1000)]
    description: Option<Option<String>>,
    /// Text: the most characters, of values that come new.
    #[schema(minimum = 1, maximum = 500, nullable = false)]
    max_length: Option<u32>,
    /// Text: a regular expression for the whole of it; empty for none.
    #[schema(max_length = 200, nullable = false)]
    pattern: Option<String>,
    /// Number: the most digits behind the point; never fewer than before.
    #[schema(maximum = 6, nullable = false)]
    decimals: Option<u32>,
    /// Number and money: the smallest; empty for none.
    #[schema(nullable = false)]
    min: Option<String>,
    /// Number and money: the largest; empty for none.
    #[schema(nullable = false)]
    max: Option<String>,
    /// Choice: all entries. One that was there is retired and never left out.
    #[schema(max_items = 200, nullable = false)]
    entries: Option<Vec<Entry>>,
    /// Choice: whether several may be chosen; never taken back.
    #[schema(nullable = false)]
    many: Option<bool>,
    /// Whether it is retired: nothing new is written into it.
    #[schema(nullable = false)]
    retired: Option<bool>,
}

impl FieldPatch {
    /// The change of this field.
    pub(super) fn read(self, before: &Field) -> Result<FieldChange, Problem> {
        let mut fields = Fields::new();
        let label = self
            .label
            .as_deref()
            .and_then(|raw| fields.line("/label", raw, LABEL_CHARS_MAX));
        let description = self
            .description
            .map(|raw| described(&mut fields, raw.as_deref()));
        let parts = RuleParts {
            max_length: self.max_length,
            pattern: self.pattern,
            decimals: self.decimals,
            min: self.min,
            max: self.max,
            entries: self.entries,
            many: self.many,
            ..RuleParts::default()
        };
        let kind = before.rules.kind();
        let rules = (parts != RuleParts::default()).then(|| {
            let whole = parts.over(RuleParts::from(&before.rules));
            whole.read(kind, &mut fields)
        });
        fields.done(FieldChange {
            label,
            description,
            rules,
            retired: self.retired,
        })
    }
}

/// A new document type.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "Rechnung", "name": "Rechnung", "fields": [
    {"field": "rechnungsnummer", "required": true}, {"field": "betrag", "required": true}]}))]
pub(super) struct TypeRequest {
    /// The word that documents bear as their `type`; never changes. Documents that bear it already are of this
    /// type from now on.
    #[schema(min_length = 1, max_length = 100)]
    pub(super) code: String,
    /// What people read; unique. The short name, if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000, nullable = false)]
    description: Option<String>,
    /// Its fields, in the order in which they are shown; at most 50.
    #[serde(default)]
    #[schema(max_items = 50)]
    fields: Vec<Carried>,
}

fn carried(fields: &mut Fields, raw: Vec<Carried>) -> Vec<Carried> {
    if raw.len() > CARRIED_MAX {
        let max = u64::try_from(CARRIED_MAX).unwrap_or(u64::MAX);
        fields.fault("/fields", Fault::TooMany { max });
    }
    for (at, one) in raw.iter().enumerate() {
        if raw.iter().take(at).any(|known| known.field == one.field) {
            fields.fault(format!("/fields/{at}/field"), Fault::Duplicate);
        }
    }
    raw
}

impl TypeRequest {
    /// The type.
    pub(super) fn read(self) -> Result<NewType, Problem> {
        let mut fields = Fields::new();
        let code = fields.line("/code", &self.code, TYPE_CODE_CHARS_MAX);
        let name = self.name.as_ref().unwrap_or(&self.code);
        let name = fields.line("/name", name, LABEL_CHARS_MAX);
        let description = described(&mut fields, self.description.as_deref());
        let carried = carried(&mut fields, self.fields);
        fields.done(NewType {
            code: code.unwrap_or_default(),
            name: name.unwrap_or_default(),
            description,
            carried,
        })
    }
}

/// A change of a document type. What is missing stays. The short name never changes.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::option_option,
    reason = "missing, null and a value are three things"
)]
#[schema(example = json!({"name": "Eingangsrechnung"}))]
pub(super) struct TypePatch {
    /// What people read.
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    name: Option<String>,
    /// What it is for.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 1000)]
    description: Option<Option<String>>,
    /// All its fields, in the order in which they are shown.
    #[schema(max_items = 50, nullable = false)]
    fields: Option<Vec<Carried>>,
    /// Whether it is retired: no document gets it any more, and those that bear it keep it.
    #[schema(nullable = false)]
    retired: Option<bool>,
}

impl TypePatch {
    /// The change.
    pub(super) fn read(self) -> Result<TypeChange, Problem> {
        let mut fields = Fields::new();
        let name = self
            .name
            .as_deref()
            .and_then(|raw| fields.line("/name", raw, LABEL_CHARS_MAX));
        let description = self
            .description
            .map(|raw| described(&mut fields, raw.as_deref()));
        let carried = self.fields.map(|raw| carried(&mut fields, raw));
        fields.done(TypeChange {
            name,
            description,
            carried,
            retired: self.retired,
        })
    }
}

/// Which of them.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only those that were retired, or only those that were not; all, if nothing is said.
    #[param(nullable = false)]
    pub(super) retired: Option<bool>,
}

/// A field.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Field)]
pub(super) struct FieldView {
    /// Its id.
    pub(super) id: Uuid,
    /// Counts every change; the `ETag` is `"v<version>"`.
    pub(super) version: u64,
    /// Its short name, under which documents hold their values.
    #[schema(example = "betrag")]
    code: String,
    /// What people read.
    #[schema(example = "Betrag")]
    label: String,
    /// What is written into it.
    description: Option<String>,
    /// What it holds.
    kind: Kind,
    /// Text: the most characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    max_length: Option<u32>,
    /// Text: a regular expression for the whole of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pattern: Option<String>,
    /// Number: the most digits behind the point.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    decimals: Option<u32>,
    /// Number and money: the smallest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    min: Option<String>,
    /// Number and money: the largest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    max: Option<String>,
    /// Money: ISO 4217.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    currency: Option<String>,
    /// Choice: what can be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    entries: Option<Vec<Entry>>,
    /// Choice: whether several may be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    many: Option<bool>,
    /// Reference: to what it leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    target: Option<Target>,
    /// When it was retired, UTC; absent while it is in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    retired_at: Option<String>,
    /// When it was made, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// By which account.
    created_by: Uuid,
    /// When it was last changed, UTC.
    #[schema(format = DateTime)]
    changed_at: String,
    /// By which account.
    changed_by: Uuid,
}

impl From<&Field> for FieldView {
    fn from(one: &Field) -> Self {
        let parts = RuleParts::from(&one.rules);
        Self {
            id: one.id.raw(),
            version: one.version,
            code: one.code.clone(),
            label: one.label.clone(),
            description: one.description.clone(),
            kind: one.rules.kind(),
            max_length: parts.max_length,
            pattern: parts.pattern,
            decimals: parts.decimals,
            min: parts.min,
            max: parts.max,
            currency: parts.currency,
            entries: parts.entries,
            many: parts.many,
            target: parts.target,
            retired_at: one.retired_at.map(|at: Timestamp| at.to_string()),
            created_at: one.created_at.to_string(),
            created_by: one.created_by.raw(),
            changed_at: one.changed_at.to_string(),
            changed_by: one.changed_by.raw(),
        }
    }
}

/// A document type.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = DocumentType)]
pub(super) struct TypeView {
    /// Its id.
    pub(super) id: Uuid,
    /// Counts every change; the `ETag` is `"v<version>"`.
    pub(super) version: u64,
    /// The word that documents bear as their `type`.
    #[schema(example = "Rechnung")]
    code: String,
    /// What people read.
    #[schema(example = "Rechnung")]
    name: String,
    /// What it is for.
    description: Option<String>,
    /// Its fields, in the order in which they are shown.
    fields: Vec<Carried>,
    /// When it was retired, UTC; absent while it is in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    retired_at: Option<String>,
    /// When it was made, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// By which account.
    created_by: Uuid,
    /// When it was last changed, UTC.
    #[schema(format = DateTime)]
    changed_at: String,
    /// By which account.
    changed_by: Uuid,
}

impl From<&DocumentType> for TypeView {
    fn from(one: &DocumentType) -> Self {
        Self {
            id: one.id.raw(),
            version: one.version,
            code: one.code.clone(),
            name: one.name.clone(),
            description: one.description.clone(),
            fields: one.carried.clone(),
            retired_at: one.retired_at.map(|at: Timestamp| at.to_string()),
            created_at: one.created_at.to_string(),
            created_by: one.created_by.raw(),
            changed_at: one.changed_at.to_string(),
            changed_by: one.changed_by.raw(),
        }
    }
}

/// All fields of the house.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FieldList {
    /// The fields, by label.
    pub(super) items: Vec<FieldView>,
}

/// All document types of the house.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TypeList {
    /// The types, by name.
    pub(super) items: Vec<TypeView>,
}
