//! Definitions on the wire: what is shown of them.

use serde::Serialize;
use utoipa::ToSchema;
use workflow::definition::{Definition, Field, FieldKind, State, Step};
use workflow::tell;

use super::catalog::Listed;
use super::model::Kept;
use super::values::{Names, kind_word};
use super::wire::{WordsView, end_word, word};
use crate::base::AccountId;

/// A definition in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowDefinitionLine)]
pub(super) struct LineView {
    /// Its short name.
    #[schema(example = "incoming-invoice")]
    id: String,
    /// Its version.
    version: u32,
    /// What it is called.
    title: WordsView,
    /// The type of the cases in which it runs.
    case_type: String,
    /// SHA-256 of its source, in hex.
    sha256: String,
    /// `proposed`, `active` or `retired`.
    state: &'static str,
    /// Whether it comes with the program.
    shipped: bool,
    /// Who proposed it: a login; absent of those of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    proposed_by: Option<String>,
    /// When, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    proposed_at: Option<String>,
    /// Who approved it: logins.
    approved_by: Vec<String>,
    /// Who retired it, or turned it down.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    retired_by: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
}

/// Definitions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkflowDefinitions)]
pub(super) struct ListView {
    /// By short name, the newest version first.
    pub(super) items: Vec<LineView>,
}

/// A field of a definition.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowField)]
struct FieldView {
    /// Its key.
    key: String,
    /// What it is called.
    label: WordsView,
    /// `text`, `time`, `number`, `money`, `day`, `yes_no`, `choice`, `who`, `whos` or `document`.
    kind: &'static str,
    /// Whether it must be known when the workflow begins.
    required: bool,
    /// Whether it is filled from the case or the document.
    found: bool,
    /// Whether it stands in no list, mail or calendar.
    private: bool,
    /// A regular expression that the whole of a text must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pattern: Option<String>,
    /// A text that matches it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    example: Option<String>,
    /// The entries of a choice.
    entries: Vec<EntryView>,
}

/// An entry of a choice.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowFieldEntry)]
struct EntryView {
    /// As it is kept.
    value: String,
    /// As it is read.
    label: WordsView,
}

/// A step of a definition.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowDefinedStep)]
struct StepView {
    /// Its key.
    id: String,
    /// Its kind.
    kind: String,
    /// What it is called.
    label: WordsView,
    /// Who takes it, in German.
    assignee: String,
    /// Its outcomes.
    outcomes: Vec<String>,
}

/// A state of a definition.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowDefinedState)]
struct StateView {
    /// Its key.
    id: String,
    /// What it is called.
    label: WordsView,
    /// `done` or `dropped`, where the workflow ends in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    end: Option<&'static str>,
    /// Its steps.
    steps: Vec<StepView>,
    /// States to which it goes on.
    exits: Vec<String>,
}

/// A definition of workflows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkflowDefinition)]
pub(super) struct DefinitionView {
    #[serde(flatten)]
    line: LineView,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    description: Option<WordsView>,
    /// The unit of the file plan in which such cases stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    plan_unit: Option<String>,
    /// The compartment in which the case must stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    compartment: Option<String>,
    /// The rules that it follows.
    legal: Vec<String>,
    /// The state in which it begins.
    start: String,
    /// Fields by which one is known again: what says the same in all of them begins only once.
    unique: Vec<String>,
    /// Whether several run in a case at once, each with a document of its own.
    per_document: bool,
    /// Its fields.
    fields: Vec<FieldView>,
    /// Its states.
    states: Vec<StateView>,
}

/// A definition in a list.
pub(super) fn line_of(listed: &Listed, definition: &Definition, names: &Names) -> LineView {
    let title = WordsView::from(&definition.title);
    let sha256 = definition.sha256_hex();
    let login = |id: AccountId| match names.get(&id) {
        Some(named) => named.login.clone(),
        None => id.to_string(),
    };
    let kept: Option<&Kept> = match listed {
        Listed::Kept(kept) => Some(kept),
        Listed::Shipped(_) => None,
    };
    let shipped = kept.is_none_or(|kept| kept.shipped);
    let proposed = kept.filter(|_| !shipped).map(|kept| kept.proposed);
    let approved = kept.into_iter().flat_map(|kept| [kept.first, kept.second]);
    LineView {
        id: listed.code().to_owned(),
        version: listed.number(),
        title,
        case_type: definition.case_type.clone(),
        sha256,
        state: listed.standing().code(),
        shipped,
        proposed_by: proposed.map(|step| login(step.by)),
        proposed_at: proposed.map(|step| step.at.to_string()),
        approved_by: approved.flatten().map(|step| login(step.by)).collect(),
        retired_by: kept
            .and_then(|kept| kept.retired)
            .map(|step| login(step.by)),
        reason: kept.and_then(|kept| kept.reason.clone()),
    }
}

fn field_view(field: &Field) -> FieldView {
    let entries = if let FieldKind::Choice(entries) = &field.kind {
        let entry = |one: &workflow::definition::Entry| EntryView {
            value: one.value.clone(),
            label: WordsView::from(&one.label),
        };
        entries.iter().map(entry).collect()
    } else {
        Vec::new()
    };
    let pattern = if let FieldKind::Text { pattern, .. } = &field.kind {
        pattern.as_ref()
    } else {
        None
    };
    FieldView {
        key: field.key.clone(),
        label: WordsView::from(&field.label),
        kind: kind_word(&field.kind),
        required: field.required,
        found: field.source.is_some(),
        private: field.private,
        pattern: pattern.map(|one| one.source.clone()),
        example: pattern.map(|one| one.example.clone()),
        entries,
    }
}

fn step_view(step: &Step, definition: &Definition) -> StepView {
    StepView {
        id: step.id.clone(),
        kind: word(&step.kind),
        label: WordsView::from(&step.label),
        assignee: tell::assignee(&step.assignee, definition, &tell::NoNames),
        outcomes: step.outcomes.iter().map(|one| one.key.clone()).collect(),
    }
}

fn state_view(state: &State, definition: &Definition) -> StateView {
    let of_steps = state.steps.iter().flat_map(|step| &step.outcomes);
    let mut exits: Vec<String> = of_steps.filter_map(|one| one.to.clone()).collect();
    exits.extend(state.exits.iter().map(|exit| exit.to.clone()));
    exits.sort();
    exits.dedup();
    let steps = state.steps.iter();
    StateView {
        id: state.id.clone(),
        label: WordsView::from(&state.label),
        end: state.end.map(end_word),
        steps: steps.map(|step| step_view(step, definition)).collect(),
        exits,
    }
}

impl DefinitionView {
    /// A definition with all that stands in it.
    pub(super) fn of(listed: &Listed, definition: &Definition, names: &Names) -> Self {
        let states = definition.states.iter();
        Self {
            line: line_of(listed, definition, names),
            description: definition.description.as_ref().map(WordsView::from),
            plan_unit: definition.plan_unit.clone(),
            compartment: definition.compartment.clone(),
            legal: definition.legal.clone(),
            start: definition.start.clone(),
            unique: definition.unique.clone(),
            per_document: definition.per_document,
            fields: definition.fields.iter().map(field_view).collect(),
            states: states.map(|state| state_view(state, definition)).collect(),
        }
    }
}
