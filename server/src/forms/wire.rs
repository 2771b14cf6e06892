//! Forms on the wire.

use std::collections::BTreeMap;

use paper::forms::{
    Condition, Entry, Field, FieldKind, Language, Refused, Signature, Template, Why, Wording,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::catalog::Form;
use super::model::sentence;
use crate::documents::TITLE_CHARS_MAX;
use crate::http::gather::Fields;
use crate::http::{Fault, Kind, Problem, text};

/// Most values that are said in a form.
const VALUES_MAX: usize = 500;

/// Which version of a form is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct FormQuery {
    /// The version; the newest, if nothing is said.
    #[param(nullable = false, minimum = 1)]
    pub(super) version: Option<u32>,
}

/// What a form is filled with.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"department": "buergerbuero", "language": "de", "values": {
    "name": "Erika Beispiel", "purpose": "Lichtbild im Bericht über die Ehrung", "data": "Lichtbild, Name",
    "kept_until": "31. Dezember 2028", "contact": "letter", "consents": true}}))]
pub(super) struct FormFill {
    /// The version of the form; the newest, if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1)]
    pub(super) version: Option<u32>,
    /// The language: `de`, or `de-simple` for simple words; `de`, if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "de")]
    language: Option<String>,
    /// The open case for which it is. It then stands in the department of the case, and fields are filled from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) case: Option<Uuid>,
    /// Short name or id of the department, where there is no case; may be left out by who files in one
    /// department only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) department: Option<String>,
    /// Who stands on the other side. Without it, the only correspondent that documents of the case name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) correspondent_id: Option<Uuid>,
    /// Betreff of the document; the title of the form, if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 300)]
    title: Option<String>,
    /// What is said in the fields, by their keys; at most 500. What is said stands above what is found. Null and a
    /// blank text say nothing.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, FormValue>)]
    pub(super) values: BTreeMap<String, Value>,
}

/// What is said in a field of a form: text, a day (`2026-03-02`), an entry or a number as text; a number; `true` or
/// `false`. Numbers with decimals are better sent as text: so they stay exact.
#[derive(Debug, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the value for the contract")]
pub(super) enum FormValue {
    /// Text, a day, an entry, or a number.
    Text(String),
    /// A number.
    Number(f64),
    /// Yes or no.
    YesNo(bool),
}

impl FormFill {
    /// The language, and the title as far as one is said.
    pub(super) fn read(&self) -> Result<(Language, Option<String>), Problem> {
        let mut fields = Fields::new();
        let title = self.title.as_ref();
        let title = title.and_then(|title| fields.line("/title", title, TITLE_CHARS_MAX));
        let language = match self.language.as_deref() {
            None => Some(Language::German),
            Some(code) => Language::parse(code),
        };
        if language.is_none() {
            let allowed = Language::ALL.iter().map(|one| one.code().to_owned());
            let allowed = allowed.collect();
            fields.fault("/language", Fault::NotOneOf { allowed });
        }
        if self.values.len() > VALUES_MAX {
            let max = u64::try_from(VALUES_MAX).unwrap_or(u64::MAX);
            fields.fault("/values", Fault::TooMany { max });
        }
        if self.case.is_some() && self.department.is_some() {
            let detail = text(
                "Mit einem Vorgang steht die Abteilung fest; bitte nur eines von beiden angeben.",
                "The case settles the department; give only one of the two.",
            );
            let code = "case-or-department";
            fields.fault("/department", Fault::Rule { code, detail });
        }
        fields.done((language.unwrap_or_default(), title))
    }
}

/// All that is refused, each with its pointer.
pub(super) fn refused(all: Vec<Refused>) -> Problem {
    let mut problem = Problem::new(Kind::Validation);
    for one in all {
        let key = one.key.replace('~', "~0").replace('/', "~1");
        problem = problem.field(format!("/values/{key}"), fault(&one));
    }
    problem
}

fn fault(refused: &Refused) -> Fault {
    let long = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let code = match &refused.why {
        Why::Missing => return Fault::Required,
        Why::Unknown => return Fault::Unknown { near: None },
        Why::NotAnEntry { entries } => {
            let allowed = entries.clone();
            return Fault::NotOneOf { allowed };
        }
        Why::TooLong { chars_max } => {
            let max = long(*chars_max);
            return Fault::TooLong { max };
        }
        Why::NotAsked { .. } => "not-asked",
        Why::WrongKind => "wrong-kind",
        Why::NotADay => "not-a-day",
        Why::NotANumber { .. } => "not-a-number",
        Why::OutOfRange { .. } => "out-of-range",
        Why::TooManyLines { .. } => "too-many-lines",
        Why::Pattern { .. } => "pattern",
        Why::Unprintable { .. } => "unprintable",
    };
    let (german, english) = sentence(&refused.why);
    let detail = text(german, english);
    Fault::Rule { code, detail }
}

/// Words in German, and in simple words where there are some.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = FormWords)]
pub(super) struct WordsView {
    /// In German.
    de: String,
    /// In simple words.
    #[serde(rename = "de-simple", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    simple: Option<String>,
}

impl From<&Wording> for WordsView {
    fn from(wording: &Wording) -> Self {
        Self {
            de: wording.german.clone(),
            simple: wording.simple.clone(),
        }
    }
}

/// When something is asked or shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = FormCondition)]
pub(super) struct ConditionView {
    /// The key of a field.
    field: String,
    /// What it must say; `yes` and `no` for yes or no.
    is: String,
}

impl From<&Condition> for ConditionView {
    fn from(condition: &Condition) -> Self {
        Self {
            field: condition.field.clone(),
            is: condition.is.clone(),
        }
    }
}

/// What can be chosen.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = FormEntry)]
pub(super) struct EntryView {
    /// As it is said in `values`.
    value: String,
    /// As it stands in the form.
    label: WordsView,
}

impl From<&Entry> for EntryView {
    fn from(entry: &Entry) -> Self {
        Self {
            value: entry.value.clone(),
            label: WordsView::from(&entry.label),
        }
    }
}

/// A field of a form: enough to build an input for it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = FormField)]
pub(super) struct FieldView {
    /// By which it is named in `values`.
    #[schema(example = "born_on")]
    key: String,
    /// How it is called in the form.
    label: WordsView,
    /// What helps to fill it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    hint: Option<WordsView>,
    /// `text`, `date`, `choice`, `yes-no` or `number`.
    #[schema(example = "date")]
    kind: &'static str,
    /// Whether something must be said, where it is asked.
    required: bool,
    /// Where its value comes from, if nobody says it: `case.reference`, `party.name` …
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "case.reference")]
    from: Option<&'static str>,
    /// When it is asked; absent: always.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    when: Option<ConditionView>,
    /// Of a text: how many characters at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    chars_max: Option<u64>,
    /// Of a text: how many lines at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    lines: Option<u64>,
    /// Of a text: what the whole of it must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pattern: Option<String>,
    /// Of a choice: what can be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    entries: Option<Vec<EntryView>>,
    /// Of a number: decimals at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    decimals: Option<u64>,
    /// Of a number: the smallest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    min: Option<i64>,
    /// Of a number: the largest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    max: Option<i64>,
    /// Of a number: what stands behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    unit: Option<String>,
}

impl From<&Field> for FieldView {
    fn from(field: &Field) -> Self {
        let count = |count: usize| u64::try_from(count).ok();
        let mut view = Self {
            key: field.key.clone(),
            label: WordsView::from(&field.label),
            hint: field.hint.as_ref().map(WordsView::from),
            kind: field.kind.code(),
            required: field.required,
            from: field.source.map(|source| source.path()),
            when: field.when.as_ref().map(ConditionView::from),
            chars_max: None,
            lines: None,
            pattern: None,
            entries: None,
            decimals: None,
            min: None,
            max: None,
            unit: None,
        };
        match &field.kind {
            FieldKind::Text {
                chars_max,
                lines,
                pattern,
            } => {
                view.chars_max = count(*chars_max);
                view.lines = count(*lines);
                view.pattern = pattern.as_ref().map(|pattern| pattern.source.clone());
            }
            FieldKind::Choice(entries) => {
                view.entries = Some(entries.iter().map(EntryView::from).collect());
            }
            FieldKind::Number {
                decimals,
                min,
                max,
                unit,
            } => {
                view.decimals = count(*decimals);
                (view.min, view.max) = (*min, *max);
                view.unit.clone_from(unit);
            }
            FieldKind::Date | FieldKind::YesNo => {}
        }
        view
    }
}

/// Where a form is signed.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = FormSignature)]
pub(super) struct SignatureView {
    /// By which it is known.
    #[schema(example = "citizen")]
    key: String,
    /// What stands below it.
    label: WordsView,
    /// Who signs: `citizen` or `clerk`.
    #[schema(example = "citizen")]
    who: &'static str,
    /// From left to right, in millimetres.
    width_mm: u16,
    /// From top to bottom, in millimetres.
    height_mm: u16,
}

impl From<&Signature> for SignatureView {
    fn from(signature: &Signature) -> Self {
        Self {
            key: signature.key.clone(),
            label: WordsView::from(&signature.label),
            who: signature.who.code(),
            width_mm: signature.width_mm,
            height_mm: signature.height_mm,
        }
    }
}

/// A form, as a line of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = FormLine)]
pub(super) struct LineView {
    /// By which it is known.
    #[schema(example = "ausweis-empfang")]
    id: String,
    /// The newest version.
    version: u32,
    /// All versions that there are, oldest first.
    versions: Vec<u32>,
    /// What it is called.
    title: WordsView,
    /// The type of the documents that are made of it.
    #[schema(example = "Empfangsbestätigung")]
    document_type: String,
    /// Where they belong in the file plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "02.1.1")]
    plan_unit: Option<String>,
    /// Whether it is a sample that a lawyer must look at first.
    sample: bool,
    /// The languages in which it can be made: `de`, `de-simple`.
    languages: Vec<&'static str>,
    /// SHA-256 of the template, in hex.
    sha256: String,
}

impl LineView {
    /// A form with all of its versions.
    pub(super) fn of(template: &Template, versions: Vec<u32>) -> Self {
        let simple = template.is_simple();
        let languages = Language::ALL.into_iter();
        let languages = languages.filter(|one| *one == Language::German || simple);
        Self {
            id: template.id.clone(),
            version: template.version,
            versions,
            title: WordsView::from(&template.title),
            document_type: template.document_type.clone(),
            plan_unit: template.plan_unit.clone(),
            sample: template.sample,
            languages: languages.map(Language::code).collect(),
            sha256: template.sha256_hex(),
        }
    }
}

/// All forms.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FormList)]
pub(super) struct ListView {
    /// The newest version of each, by id.
    pub(super) items: Vec<LineView>,
}

/// A form with all that is asked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Form)]
pub(super) struct FormView {
    /// By which it is known.
    #[schema(example = "ausweis-empfang")]
    id: String,
    /// Its version.
    version: u32,
    /// All versions that there are, oldest first.
    versions: Vec<u32>,
    /// What it is called.
    title: WordsView,
    /// The type of the documents that are made of it.
    #[schema(example = "Empfangsbestätigung")]
    document_type: String,
    /// Where they belong in the file plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "02.1.1")]
    plan_unit: Option<String>,
    /// Whether it is a sample that a lawyer must look at first.
    sample: bool,
    /// The languages in which it can be made: `de`, `de-simple`.
    languages: Vec<&'static str>,
    /// SHA-256 of the template, in hex.
    sha256: String,
    /// Whether an identity check must be recorded before what is made of it is signed.
    identity_check: bool,
    /// Why there is such a form.
    legal_basis: Vec<String>,
    /// How long what is made of it is kept, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    retention: Option<String>,
    /// What is asked, in order.
    fields: Vec<FieldView>,
    /// Where it is signed, in order.
    signatures: Vec<SignatureView>,
}

impl FormView {
    /// A form in one of its versions.
    pub(super) fn of(form: &Form, versions: Vec<u32>) -> Self {
        let template = &form.template;
        let LineView {
            id,
            version,
            versions,
            title,
            document_type,
            plan_unit,
            sample,
            languages,
            sha256,
        } = LineView::of(template, versions);
        Self {
            id,
            version,
            versions,
            title,
            document_type,
            plan_unit,
            sample,
            languages,
            sha256,
            identity_check: template.identity_check,
            legal_basis: template.legal_basis.clone(),
            retention: template.retention.clone(),
            fields: template.fields.iter().map(FieldView::from).collect(),
            signatures: template
                .signatures
                .iter()
                .map(SignatureView::from)
                .collect(),
        }
    }
}
