//! Workflows on the wire: what is asked, and how that becomes a command; all faults at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use workflow::definition::StepKind;
use workflow::instance::{Command, Day};

use super::asking::Asked;
use super::beginning::{Migration, New};
use super::limits;
use super::model::{NOTE_CHARS_MAX, REASON_CHARS_MAX};
use super::values::{Said, cents_of};
use super::wire::WorkflowValue;
use crate::base::{CaseId, DocumentId};
use crate::http::gather::Fields;
use crate::http::{Fault, Problem, text};

/// Longest name of a definition, a state, an outcome, an event or a login, in characters.
const NAME_CHARS_MAX: usize = 120;
/// Most values in one request.
const VALUES_MAX: usize = 200;
/// Most people for whom steps are inserted at once.
const WHOS_MAX: usize = 50;
/// Most documents that belong to a step.
const DOCUMENTS_MAX: usize = 50;
/// SHA-512, in hex.
const SHA512_CHARS: usize = 128;

/// A workflow that shall begin.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"definition": "incoming-invoice", "case": "01922f3c-0000-7000-8000-000000000000",
    "fields": {"gross": "1250.00", "cost_centre": "function:kst-20"}}))]
pub(super) struct WorkflowRequest {
    /// Short name of the definition.
    #[schema(max_length = 120)]
    definition: String,
    /// Its version; the newest that holds, if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1)]
    version: Option<u32>,
    /// The open case in which it runs.
    case: Uuid,
    /// The document with which it begins: in this case, or in none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    document: Option<Uuid>,
    /// What is said in fields; what is said stands above what is found.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, WorkflowValue>)]
    fields: Said,
}

fn said(fields: &mut Fields, said: &Said) -> Said {
    if said.len() > VALUES_MAX {
        let max = u64::try_from(VALUES_MAX).unwrap_or(u64::MAX);
        fields.fault("/fields", Fault::TooMany { max });
    }
    said.clone()
}

impl WorkflowRequest {
    /// What begins.
    pub(super) fn new_flow(&self) -> Result<New, Problem> {
        let mut fields = Fields::new();
        let definition = fields.line("/definition", &self.definition, NAME_CHARS_MAX);
        let said = said(&mut fields, &self.fields);
        fields.done(New {
            definition: definition.unwrap_or_default(),
            version: self.version,
            case: CaseId::of(self.case),
            document: self.document.map(DocumentId::of),
            billed: None,
            fields: said,
        })
    }
}

/// A list that is not filtered.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AllOfIt {}

/// How a step is done.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"outcome": "approved", "note": "Geprüft", "fields": {}}))]
pub(super) struct StepCompletion {
    /// With which outcome; where the step has only one, it need not be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 120)]
    outcome: Option<String>,
    /// A note (Vermerk), or the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 4000)]
    note: Option<String>,
    /// What is asked.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, WorkflowValue>)]
    fields: Said,
    /// The version that you have seen: SHA-512 of its content, in hex. Must be given where a mark is bound to a version;
    /// another one in force: 409.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 128, max_length = 128)]
    seen: Option<String>,
    /// Documents that belong to it, a statement for instance.
    #[serde(default)]
    #[schema(max_items = 50)]
    documents: Vec<Uuid>,
}

fn some_line(
    fields: &mut Fields,
    (pointer, raw): (&str, Option<&String>),
    max: usize,
) -> Option<String> {
    raw.and_then(|raw| fields.line(pointer, raw, max))
}

fn some_text(
    fields: &mut Fields,
    (pointer, raw): (&str, Option<&String>),
    max: usize,
) -> Option<String> {
    raw.and_then(|raw| fields.paragraph(pointer, raw, max))
}

fn digest(fields: &mut Fields, raw: Option<&String>) -> Option<String> {
    let raw = raw?.to_ascii_lowercase();
    let fits = raw.len() == SHA512_CHARS && raw.bytes().all(|one| one.is_ascii_hexdigit());
    if !fits {
        let expected = text(
            "SHA-512 des Inhalts, 128 Hexadezimalziffern",
            "SHA-512 of the content, 128 hexadecimal digits",
        );
        fields.fault("/seen", Fault::WrongFormat { expected });
    }
    Some(raw)
}

impl StepCompletion {
    /// What is asked of a step.
    pub(super) fn asked(&self, step: u32) -> Result<Asked, Problem> {
        let mut fields = Fields::new();
        let outcome = self.outcome.as_ref();
        let outcome = some_line(&mut fields, ("/outcome", outcome), NAME_CHARS_MAX);
        let note = some_text(&mut fields, ("/note", self.note.as_ref()), NOTE_CHARS_MAX);
        let seen = digest(&mut fields, self.seen.as_ref());
        let said = said(&mut fields, &self.fields);
        if self.documents.len() > DOCUMENTS_MAX {
            let max = u64::try_from(DOCUMENTS_MAX).unwrap_or(u64::MAX);
            fields.fault("/documents", Fault::TooMany { max });
        }
        fields.done(Asked::Complete {
            step,
            outcome: outcome.unwrap_or_default(),
            fields: said,
            note,
            seen,
            documents: self.documents.iter().copied().map(DocumentId::of).collect(),
        })
    }
}

/// Why something is done.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WorkflowReason, example = json!({"reason": "Doppelt eingereicht"}))]
pub(super) struct Because {
    /// The reason; stands on the routing slip.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

impl Because {
    /// The reason.
    pub(super) fn read(&self) -> Result<String, Problem> {
        let mut fields = Fields::new();
        let reason = fields.paragraph("/reason", &self.reason, REASON_CHARS_MAX);
        fields.done(reason.unwrap_or_default())
    }
}

/// Where a step is sent back to.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StepReturn {
    /// The state.
    #[schema(max_length = 120)]
    to: String,
    /// Why.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

impl StepReturn {
    /// What is asked of a step.
    pub(super) fn asked(&self, step: u32) -> Result<Asked, Problem> {
        let mut fields = Fields::new();
        let to = fields.line("/to", &self.to, NAME_CHARS_MAX);
        let reason = fields.paragraph("/reason", &self.reason, REASON_CHARS_MAX);
        fields.done(Asked::Plain(Command::Return {
            step,
            to: to.unwrap_or_default(),
            reason: reason.unwrap_or_default(),
        }))
    }
}

/// To whom a step is given.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"to": "m.brandt", "reason": "Urlaub"}))]
pub(super) struct StepDelegation {
    /// A login, or `function:` and a short name.
    #[schema(max_length = 120)]
    to: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 1000)]
    reason: Option<String>,
}

impl StepDelegation {
    /// What is asked of a step.
    pub(super) fn asked(&self, step: u32) -> Result<Asked, Problem> {
        let mut fields = Fields::new();
        let to = fields.line("/to", &self.to, NAME_CHARS_MAX);
        let reason = some_text(
            &mut fields,
            ("/reason", self.reason.as_ref()),
            REASON_CHARS_MAX,
        );
        fields.done(Asked::Delegate {
            step,
            to: to.unwrap_or_default(),
            reason,
        })
    }
}

/// Of which kind an inserted step is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum AdhocKind {
    /// Zur weiteren Veranlassung.
    Task,
    /// Sichtvermerk.
    Seen,
    /// Zur Kenntnis.
    Information,
    /// Rücksprache.
    Consult,
    /// Stellungnahme.
    Statement,
    /// Mitzeichnung.
    CoSign,
}

impl AdhocKind {
    const fn kind(self) -> StepKind {
        match self {
            Self::Task => StepKind::Task,
            Self::Seen => StepKind::Seen,
            Self::Information => StepKind::Information,
            Self::Consult => StepKind::Consult,
            Self::Statement => StepKind::Statement,
            Self::CoSign => StepKind::CoSign,
        }
    }
}

/// Steps that are inserted before a step, one for each who is named.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "consult", "to": ["k.sommer"], "text": "Bitte um Rücksprache", "holds": true}))]
pub(super) struct StepInsertion {
    /// Of which kind.
    kind: AdhocKind,
    /// Logins, or `function:` and short names.
    #[schema(min_items = 1, max_items = 50)]
    to: Vec<String>,
    /// What is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 4000)]
    text: Option<String>,
    /// By when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Date)]
    due: Option<String>,
    /// Whether the step waits for it. For a consultation it always does.
    #[serde(default)]
    holds: bool,
}

fn day(fields: &mut Fields, pointer: &str, raw: &str) -> Option<Day> {
    fields.date(pointer, raw).map(|day| Day(day.date()))
}

impl StepInsertion {
    /// What is asked of a step.
    pub(super) fn asked(&self, step: u32) -> Result<Asked, Problem> {
        let mut fields = Fields::new();
        if self.to.is_empty() {
            fields.fault("/to", Fault::TooShort { min: 1 });
        }
        if self.to.len() > WHOS_MAX {
            let max = u64::try_from(WHOS_MAX).unwrap_or(u64::MAX);
            fields.fault("/to", Fault::TooMany { max });
        }
        let mut to = Vec::with_capacity(self.to.len().min(WHOS_MAX));
        for (at, who) in self.to.iter().take(WHOS_MAX).enumerate() {
            to.extend(fields.line(&format!("/to/{at}"), who, NAME_CHARS_MAX));
        }
        let text = some_text(&mut fields, ("/text", self.text.as_ref()), NOTE_CHARS_MAX);
        let due = self.due.as_deref();
        let due = due.and_then(|raw| day(&mut fields, "/due", raw));
        fields.done(Asked::Insert {
            step,
            kind: self.kind.kind(),
            to,
            text,
            due,
            holds: self.holds,
        })
    }
}

/// Until when a step rests (Wiedervorlage).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"until": "2026-12-01", "reason": "Antwort des Absenders steht aus"}))]
pub(super) struct StepHold {
    /// The day on which it is laid before him again.
    #[schema(format = Date)]
    until: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 1000)]
    reason: Option<String>,
}

/// A day that stands where a fault would have been told.
fn or_first(day: Option<Day>) -> Day {
    day.unwrap_or(Day(time::Date::MIN))
}

impl StepHold {
    /// What is asked of a step.
    pub(super) fn asked(&self, step: u32) -> Result<Asked, Problem> {
        let mut fields = Fields::new();
        let until = day(&mut fields, "/until", &self.until);
        let reason = some_text(
            &mut fields,
            ("/reason", self.reason.as_ref()),
            REASON_CHARS_MAX,
        );
        fields.done(Asked::Plain(Command::Hold {
            step,
            until: or_first(until),
            reason,
        }))
    }
}

/// Until when a deadline is extended.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"until": "2026-12-18", "reason": "Akteneinsicht wurde gewährt"}))]
pub(super) struct StepExtension {
    /// The last day from now on.
    #[schema(format = Date)]
    until: String,
    /// Why.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

impl StepExtension {
    /// What is asked of a step.
    pub(super) fn asked(&self, step: u32) -> Result<Asked, Problem> {
        let mut fields = Fields::new();
        let until = day(&mut fields, "/until", &self.until);
        let reason = fields.paragraph("/reason", &self.reason, REASON_CHARS_MAX);
        fields.done(Asked::Plain(Command::Extend {
            step,
            until: or_first(until),
            reason: reason.unwrap_or_default(),
        }))
    }
}

/// Who takes no step any more (Befangenheit).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkflowExclusion {
    /// A login.
    #[schema(max_length = 120)]
    person: String,
    /// Why.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

impl WorkflowExclusion {
    /// What is asked.
    pub(super) fn asked(&self) -> Result<Asked, Problem> {
        let mut fields = Fields::new();
        let person = fields.line("/person", &self.person, NAME_CHARS_MAX);
        let reason = fields.paragraph("/reason", &self.reason, REASON_CHARS_MAX);
        fields.done(Asked::Exclude {
            person: person.unwrap_or_default(),
            reason: reason.unwrap_or_default(),
        })
    }
}

/// Which side way begins (Nebenweg).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"state": "interim"}))]
pub(super) struct WorkflowBeside {
    /// The state of the definition that has its steps.
    #[schema(max_length = 120)]
    state: String,
}

impl WorkflowBeside {
    /// What is asked.
    pub(super) fn asked(&self) -> Result<Asked, Problem> {
        let mut fields = Fields::new();
        let state = fields.line("/state", &self.state, NAME_CHARS_MAX);
        let state = state.unwrap_or_default();
        fields.done(Asked::Plain(Command::Beside { state }))
    }
}

/// Of which document the next version is editorial.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkflowEditorial {
    /// The document.
    document: Uuid,
}

impl WorkflowEditorial {
    /// What is asked.
    pub(super) fn asked(&self) -> Asked {
        let document = workflow::instance::Id(self.document.to_string());
        Asked::Plain(Command::Editorial { document })
    }
}

/// Something that happened outside.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"event": "fee_paid", "outcome": "done", "fields": {}}))]
pub(super) struct WorkflowHappening {
    /// What: as the definition calls it.
    #[schema(max_length = 120)]
    event: String,
    /// With which outcome of the step that waits for it; where it has only one, it need not be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 120)]
    outcome: Option<String>,
    /// What is known by it.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, WorkflowValue>)]
    fields: Said,
}

impl WorkflowHappening {
    /// What is asked.
    pub(super) fn asked(&self) -> Result<Asked, Problem> {
        let mut fields = Fields::new();
        let event = fields.line("/event", &self.event, NAME_CHARS_MAX);
        let outcome = self.outcome.as_ref();
        let outcome = some_line(&mut fields, ("/outcome", outcome), NAME_CHARS_MAX);
        let said = said(&mut fields, &self.fields);
        fields.done(Asked::Event {
            event: event.unwrap_or_default(),
            outcome: outcome.unwrap_or_default(),
            fields: said,
        })
    }
}

/// By which version a workflow goes on.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"version": 4, "states": {"checks": "check"}, "reason": "Neue Dienstanweisung"}))]
pub(super) struct WorkflowMigration {
    /// The version of its definition; it must hold.
    #[schema(minimum = 1)]
    version: u32,
    /// What becomes of its state, where that is called otherwise there: from, to.
    #[serde(default)]
    states: BTreeMap<String, String>,
    /// Why.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

impl WorkflowMigration {
    /// What is asked.
    pub(super) fn migration(&self) -> Result<Migration, Problem> {
        let mut fields = Fields::new();
        let reason = fields.paragraph("/reason", &self.reason, REASON_CHARS_MAX);
        let plain = |one: &str| {
            let fits = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b'-';
            !one.is_empty() && one.len() <= NAME_CHARS_MAX && one.bytes().all(fits)
        };
        if self.states.len() > VALUES_MAX || !self.states.iter().all(|(a, b)| plain(a) && plain(b))
        {
            let expected = text(
                "Zustände der Definition: von, nach",
                "states of the definition: from, to",
            );
            fields.fault("/states", Fault::WrongFormat { expected });
        }
        fields.done(Migration {
            version: self.version,
            states: self.states.clone(),
            reason: reason.unwrap_or_default(),
        })
    }
}

/// Up to which amount somebody orders.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"who": "function:kaemmerei", "amount": "10000.00", "valid_from": "2026-12-01",
    "reason": "Dienstanweisung Finanzen Nr. 4"}))]
pub(super) struct OrderLimitRequest {
    /// A login, or `function:` and a short name.
    #[schema(max_length = 120)]
    who: String,
    /// The amount in euro: `"10000.00"`.
    #[schema(max_length = 14)]
    amount: String,
    /// The first day; today, if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Date)]
    valid_from: Option<String>,
    /// The last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Date)]
    valid_until: Option<String>,
    /// Why.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

impl OrderLimitRequest {
    /// What is said.
    pub(super) fn new_limit(&self) -> Result<limits::New, Problem> {
        let mut fields = Fields::new();
        let who = fields.line("/who", &self.who, NAME_CHARS_MAX);
        let cents = cents_of(&self.amount).filter(|cents| *cents >= 0);
        if cents.is_none() {
            let expected = text("ein Betrag wie 10000.00", "an amount like 10000.00");
            fields.fault("/amount", Fault::WrongFormat { expected });
        }
        let from = self.valid_from.as_deref();
        let from = from.and_then(|raw| fields.date("/valid_from", raw));
        let until = self.valid_until.as_deref();
        let until = until.and_then(|raw| fields.date("/valid_until", raw));
        let reason = fields.paragraph("/reason", &self.reason, REASON_CHARS_MAX);
        fields.done(limits::New {
            who: who.unwrap_or_default(),
            cents: cents.unwrap_or_default(),
            valid_from: from,
            valid_until: until,
            reason: reason.unwrap_or_default(),
        })
    }
}
