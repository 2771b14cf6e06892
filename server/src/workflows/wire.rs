//! Workflows on the wire: what is shown of them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;
use uuid::Uuid;
use workflow::definition::{Definition, End};
use workflow::instance::{DueState, Instance, Instant, StepState, StepStatus};

use super::may::{Announcing, May};
use super::model::Flow;
pub(super) use super::naming::WordsView;
use super::naming::{BoundView, WhoView};
use super::sealing::SealView;
use super::values::{self, Names};
use crate::base::Timestamp;
use crate::cases::{Case, CaseName};

/// The word of a unit variant, as it stands in answers.
pub(super) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Json::String(word)) => word,
        Ok(_) | Err(_) => String::new(),
    }
}

/// The word of where a step is.
pub(super) const fn status_word(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Future => "future",
        StepStatus::Open => "open",
        StepStatus::Waiting => "waiting",
        StepStatus::Done => "done",
        StepStatus::Voided => "voided",
        StepStatus::Skipped => "skipped",
        StepStatus::Withdrawn => "withdrawn",
    }
}

/// The word of how it ended.
pub(super) const fn end_word(how: End) -> &'static str {
    match how {
        End::Done => "done",
        End::Dropped => "dropped",
    }
}

/// An instant on the wire.
pub(super) fn at(at: Instant) -> String {
    Timestamp::of_micros(at.0).to_string()
}

/// A value of a field: text, a day (`2026-03-02`), an amount (`"12.50"`), an entry of a choice, the id of a document,
/// a login or `function:` and a short name; a whole number; `true` or `false`; several logins or functions.
#[derive(Debug, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the value for the contract")]
pub(super) enum WorkflowValue {
    /// Text and whatever is written as text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    YesNo(bool),
    /// Several people or functions.
    Many(Vec<String>),
}

/// A deadline that was extended.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowExtension)]
struct ExtensionView {
    /// What it was.
    #[schema(format = Date)]
    from: String,
    /// To what.
    #[schema(format = Date)]
    to: String,
    /// By whom.
    by: WhoView,
    /// Why.
    reason: String,
}

/// By when a step is to be done.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowDue)]
struct DueView {
    /// The last day.
    #[schema(format = Date)]
    on: String,
    /// From when on it is too late, UTC.
    #[schema(format = DateTime)]
    overdue_at: String,
    /// `deadline` or `appointment`.
    kind: String,
    /// By which rule it was computed, with the version of the calendar.
    rule: String,
    /// How it was extended, oldest first.
    extended: Vec<ExtensionView>,
}

impl DueView {
    fn of(due: &DueState, names: &Names) -> Self {
        let extended = due.extended.iter().map(|one| ExtensionView {
            from: one.from.0.to_string(),
            to: one.to.0.to_string(),
            by: WhoView::taker(&one.by, names),
            reason: one.reason.clone(),
        });
        Self {
            on: due.on.0.to_string(),
            overdue_at: at(due.overdue_at),
            kind: word(&due.kind),
            rule: due.rule.clone(),
            extended: extended.collect(),
        }
    }
}

/// What was written when a step was inserted (Verfügung).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowDirective)]
struct DirectiveView {
    /// By whom.
    by: WhoView,
    /// When, UTC.
    #[schema(format = DateTime)]
    at: String,
    /// What.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    text: Option<String>,
    /// The number of the step that waits for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    holds: Option<u32>,
}

/// How a step was done (Bearbeitung).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowDone)]
struct DoneView {
    /// With which outcome.
    outcome: String,
    /// What that is called.
    label: String,
    /// By whom.
    by: WhoView,
    /// When, UTC.
    #[schema(format = DateTime)]
    at: String,
    /// The note (Vermerk), or the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    note: Option<String>,
    /// The version to which it is bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    bound: Option<BoundView>,
    /// Documents that belong to it.
    documents: Vec<String>,
}

/// An outcome that can be chosen.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowOutcome)]
pub(super) struct OutcomeView {
    /// Its key.
    pub(super) key: String,
    /// What it is called.
    pub(super) label: WordsView,
    /// Whether a reason must be given.
    pub(super) reason: bool,
    /// Whether a note, a document, or an answer that is a document must come with it.
    pub(super) said: bool,
}

/// A field that is asked.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowAsk)]
pub(super) struct AskView {
    /// Its key.
    pub(super) field: String,
    /// What it is called.
    pub(super) label: WordsView,
    /// `text`, `time`, `number`, `money`, `day`, `yes_no`, `choice`, `who`, `whos` or `document`.
    pub(super) kind: &'static str,
    /// Whether it must be answered.
    pub(super) required: bool,
    /// With which outcomes it is asked; none named: with all.
    pub(super) with: Vec<String>,
}

/// A step on the routing slip (Beteiligungsschritt).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowStep)]
pub(super) struct StepView {
    /// Its number, which never changes.
    number: u32,
    /// The key of its definition; of an inserted one `adhoc`.
    key: String,
    /// The state for which it was made.
    state: String,
    /// Its kind: `task`, `statement`, `co_sign` …
    kind: String,
    /// The event for which it waits, as it is told by `events`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    event: Option<String>,
    /// What it is called.
    label: WordsView,
    /// What is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    help: Option<WordsView>,
    /// The mark that it leaves.
    mark: String,
    /// Who is asked.
    assigned: Vec<WhoView>,
    /// Who has claimed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    claimed: Option<WhoView>,
    /// `future`, `open`, `waiting`, `done`, `voided`, `skipped` or `withdrawn`.
    status: &'static str,
    /// What was written when it was inserted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    directive: Option<DirectiveView>,
    /// When it became open, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    opened_at: Option<String>,
    /// By when.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    due: Option<DueView>,
    /// Until when it rests (Wiedervorlage), UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    held_until: Option<String>,
    /// How it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    done: Option<DoneView>,
    /// Why the system has not done it yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
    /// How far the seal has come that the system put on for it, where the settings have it raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    seal: Option<SealView>,
    /// What you may do with it now: `claim`, `complete`, `event` (an application tells it), `release`, `return`, `skip`, `delegate`, `insert`,
    /// `withdraw`, `hold`, `resume`, `extend`.
    may: Vec<&'static str>,
    /// The outcomes that there are, where you may complete it.
    outcomes: Vec<OutcomeView>,
    /// The fields that are asked, where you may complete it.
    asks: Vec<AskView>,
    /// States to which it may be sent back, where you may do that.
    return_to: Vec<String>,
    /// The document to whose version in force it binds, where you may complete it: `seen` is the SHA-512 of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    binds: Option<String>,
    /// Kinds of steps that you may insert before it.
    inserts: Vec<String>,
}

/// What an outcome is called; those that no definition names too.
pub(super) fn outcome_label(definition: &Definition, step: &StepState, key: &str) -> String {
    let defined = definition.step(&step.key).map(|(_, step)| step);
    let mut outcomes = defined.into_iter().flat_map(|step| &step.outcomes);
    if let Some(found) = outcomes.find(|one| one.key == key) {
        return found.label.de.clone();
    }
    let german = match key {
        "done" => "erledigt",
        "refused" => "abgelehnt",
        "returned" => "zurückgegeben",
        "skipped" => "übersprungen",
        other => other,
    };
    german.to_owned()
}

impl StepView {
    fn of(
        step: &StepState,
        definition: &Definition,
        names: &Names,
        (may, (error, seal)): (May, (Option<String>, Option<SealView>)),
    ) -> Self {
        let defined = definition.step(&step.key).map(|(_, step)| step);
        let done = step.done.as_ref().map(|done| DoneView {
            outcome: done.outcome.clone(),
            label: outcome_label(definition, step, &done.outcome),
            by: WhoView::taker(&done.by, names),
            at: at(done.at),
            note: done.note.clone(),
            bound: done.bound.as_ref().map(BoundView::from),
            documents: done.documents.iter().map(|id| id.0.clone()).collect(),
        });
        let directive = step.directive.as_ref().map(|one| DirectiveView {
            by: WhoView::taker(&one.by, names),
            at: at(one.at),
            text: one.text.clone(),
            holds: one.holds,
        });
        let assigned = step.assigned.iter();
        Self {
            number: step.number,
            key: step.key.clone(),
            state: step.state.clone(),
            kind: word(&step.kind),
            event: defined.and_then(|step| step.event.clone()),
            label: WordsView::from(&step.label),
            help: defined
                .and_then(|step| step.help.as_ref())
                .map(WordsView::from),
            mark: step.mark.clone(),
            assigned: assigned.map(|one| WhoView::asked(one, names)).collect(),
            claimed: step.claimed.as_ref().map(|by| WhoView::taker(by, names)),
            status: status_word(step.status),
            directive,
            opened_at: step.opened_at.map(at),
            due: step.due.as_ref().map(|due| DueView::of(due, names)),
            held_until: step.held_until.map(at),
            done,
            error,
            seal,
            may: may.commands,
            outcomes: may.outcomes,
            asks: may.asks,
            return_to: may.return_to,
            binds: may.binds,
            inserts: may.inserts,
        }
    }
}

/// How a workflow ended.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowEnd)]
struct EndView {
    /// `done` or `dropped`.
    how: &'static str,
    /// When, UTC.
    #[schema(format = DateTime)]
    at: String,
    /// Why, where somebody broke it off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
}

/// The definition by which a workflow runs.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowDefinitionName)]
struct DefinitionName {
    /// Its short name.
    #[schema(example = "incoming-invoice")]
    id: String,
    /// Its version.
    version: u32,
    /// SHA-256 of its source, in hex.
    sha256: String,
    /// What it is called.
    title: WordsView,
}

/// The state in which a workflow is.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowState)]
struct StateView {
    /// Its key.
    id: String,
    /// What it is called.
    label: WordsView,
}

impl StateView {
    fn of(instance: &Instance, definition: &Definition) -> Self {
        let id = instance.state.clone();
        let label = match definition.state(&id) {
            Some(state) => WordsView::from(&state.label),
            None => WordsView::german(id.clone()),
        };
        Self { id, label }
    }
}

/// A workflow in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowLine)]
pub(super) struct LineView {
    /// Its id.
    id: Uuid,
    /// Counts every change; the `ETag` is `"v<version>"`.
    version: u64,
    /// The case in which it runs.
    case: CaseName,
    /// By which definition.
    definition: DefinitionName,
    /// In which state.
    state: StateView,
    /// How it ended; absent while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ended: Option<EndView>,
    /// When it began, UTC.
    #[schema(format = DateTime)]
    started_at: String,
    /// When it was last changed, UTC.
    #[schema(format = DateTime)]
    changed_at: String,
    /// What is known, without what is private.
    #[schema(value_type = std::collections::HashMap<String, WorkflowValue>)]
    fields: BTreeMap<String, Json>,
}

/// What is known; what is private only where it is wanted.
fn fields_of(
    (instance, definition): (&Instance, &Definition),
    names: &Names,
    private: bool,
) -> BTreeMap<String, Json> {
    let shown = |key: &str| private || definition.field(key).is_none_or(|field| !field.private);
    let known = instance.fields.iter().filter(|(key, _)| shown(key));
    known
        .map(|(key, value)| (key.clone(), values::json(value, names)))
        .collect()
}

impl LineView {
    /// A workflow of a case.
    pub(super) fn of(flow: &Flow, case: &Case, definition: &Definition, names: &Names) -> Self {
        let instance = &flow.instance;
        Self {
            id: flow.id.raw(),
            version: flow.version,
            case: CaseName::from(case),
            definition: DefinitionName {
                id: instance.definition.clone(),
                version: instance.definition_version,
                sha256: instance.definition_sha256.clone(),
                title: WordsView::from(&definition.title),
            },
            state: StateView::of(instance, definition),
            ended: instance.ended.as_ref().map(|ended| EndView {
                how: end_word(ended.how),
                at: at(ended.at),
                reason: ended.reason.clone(),
            }),
            started_at: flow.started_at.to_string(),
            changed_at: flow.changed_at.to_string(),
            fields: fields_of((instance, definition), names, false),
        }
    }
}

/// What is said of the next version of a document that is signed finally.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowAnnouncement)]
struct EditorialView {
    /// The document.
    document: String,
    /// Whether you may announce now that it is editorial.
    may: bool,
    /// Who has announced that, until it comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    announced_by: Option<WhoView>,
}

impl EditorialView {
    fn of(said: &Announcing, names: &Names) -> Self {
        Self {
            document: said.document.0.clone(),
            may: said.may,
            announced_by: said.by.as_ref().map(|id| WhoView::person(id, names)),
        }
    }
}

/// A side way (Nebenweg) that you may begin.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WorkflowSideWay)]
pub(super) struct SideWay {
    /// The state of the definition that has its steps.
    pub(super) id: String,
    /// What it is called.
    pub(super) label: WordsView,
}

/// A workflow (Umlauf), with its routing slip (Laufweg).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Workflow)]
pub(super) struct FlowView {
    #[serde(flatten)]
    line: LineView,
    /// Who began it.
    initiator: WhoView,
    /// All steps that there ever were, in the order of the routing slip.
    slip: Vec<StepView>,
    /// Who takes no step in it (Befangenheit).
    excluded: Vec<WhoView>,
    /// The version of each document that was sent: SHA-512 in hex, by the id of the document.
    dispatched: BTreeMap<String, String>,
    /// Cases that were opened for it (Folgevorgänge), as far as you see them.
    opened: Vec<CaseName>,
    /// What you may do with the whole of it now: `cancel`.
    may: Vec<&'static str>,
    /// Side ways that you may begin now, by `beside`.
    beside: Vec<SideWay>,
    /// Documents of whose next version you may announce that it is editorial, or of which somebody has.
    editorial: Vec<EditorialView>,
}

/// What a view is made of.
pub(super) struct Shown<'a> {
    /// The workflow.
    pub(super) flow: &'a Flow,
    /// Its case.
    pub(super) case: &'a Case,
    /// Its definition.
    pub(super) definition: &'a Definition,
    /// Everybody who is in it.
    pub(super) names: &'a Names,
    /// Whether what is private is shown.
    pub(super) private: bool,
    /// What the reader may do with each step.
    pub(super) may: BTreeMap<u32, May>,
    /// What he may do with the whole.
    pub(super) may_all: Vec<&'static str>,
    /// Cases that were opened for it and that the reader sees.
    pub(super) opened: Vec<Case>,
    /// The side ways that he may begin.
    pub(super) beside: Vec<SideWay>,
    /// What is said of the next versions of documents.
    pub(super) editorial: Vec<Announcing>,
    /// Why the system has not done steps yet.
    pub(super) errors: BTreeMap<u32, String>,
    /// How far the seals of steps are.
    pub(super) seals: BTreeMap<u32, SealView>,
}

impl From<Shown<'_>> for FlowView {
    fn from(shown: Shown<'_>) -> Self {
        let Shown {
            flow,
            case,
            definition,
            names,
            private,
            mut may,
            may_all,
            opened,
            beside,
            editorial,
            mut errors,
            mut seals,
        } = shown;
        let instance = &flow.instance;
        let mut line = LineView::of(flow, case, definition, names);
        line.fields = fields_of((instance, definition), names, private);
        let steps = instance.steps.iter().map(|step| {
            let may = may.remove(&step.number).unwrap_or_default();
            let beside = (errors.remove(&step.number), seals.remove(&step.number));
            StepView::of(step, definition, names, (may, beside))
        });
        let excluded = instance.excluded.iter();
        let sent = instance.dispatched.iter();
        Self {
            line,
            initiator: WhoView::taker(&instance.initiator, names),
            slip: steps.collect(),
            excluded: excluded.map(|id| WhoView::person(id, names)).collect(),
            dispatched: sent.map(|(id, sha)| (id.0.clone(), sha.clone())).collect(),
            opened: opened.iter().map(CaseName::from).collect(),
            may: may_all,
            beside,
            editorial: editorial
                .iter()
                .map(|said| EditorialView::of(said, names))
                .collect(),
        }
    }
}
