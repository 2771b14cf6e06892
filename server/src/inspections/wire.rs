//! Inspections on the wire, and how what comes in becomes a command: all faults at once.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::model::{Inspection, New, PURPOSE_CHARS_MAX, Step, Target};
use crate::base::sight::Reason;
use crate::base::{Actor, CaseId, CompartmentId, DocumentId, FileId, Timestamp};
use crate::departments::Standing;
use crate::holds::Object;
use crate::http::gather::Fields;
use crate::http::{Fault, Problem, text};
use crate::ledger::looked_at::Seen;

/// Longest login, in characters.
const LOGIN_CHARS_MAX: usize = 64;

/// Why something is inspected.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum InspectionReason {
    /// A party to proceedings, § 29 `VwVfG`: registered documents only, in the version in force.
    Party,
    /// Somebody whom a personnel file is about, or who decides on it.
    Personnel,
    /// The audit office, for a purpose; tells who looked as well.
    Audit,
    /// A court or a public prosecutor.
    Court,
    /// Whom the data are about, Art. 15 GDPR; tells who looked as well.
    DataSubject,
    /// Anything else, as the purpose says.
    Other,
}

impl From<InspectionReason> for Reason {
    fn from(reason: InspectionReason) -> Self {
        match reason {
            InspectionReason::Party => Self::Party,
            InspectionReason::Personnel => Self::Personnel,
            InspectionReason::Audit => Self::Audit,
            InspectionReason::Court => Self::Court,
            InspectionReason::DataSubject => Self::DataSubject,
            InspectionReason::Other => Self::Other,
        }
    }
}

/// Whether an inspection holds.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum InspectionStanding {
    /// Somebody has to approve it.
    Waiting,
    /// Its time has not come.
    Upcoming,
    /// It holds.
    InForce,
    /// It is over, or was turned down.
    Over,
}

impl From<Standing> for InspectionStanding {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Waiting => Self::Waiting,
            Standing::Upcoming => Self::Upcoming,
            Standing::InForce => Self::InForce,
            Standing::Over => Self::Over,
        }
    }
}

/// An inspection to ask for. Exactly one of `file`, `case` and `document` is given.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"account": "r.kleinhanns", "file": "01922f3c-0000-7000-8000-000000000000",
    "reason": "audit", "purpose": "Prüfung der Stellenbesetzung 2026", "valid_until": "2026-12-01T00:00:00Z"}))]
pub(super) struct InspectionRequest {
    /// Login of the account that shall read.
    #[schema(min_length = 2, max_length = 64)]
    account: String,
    /// A file, with its parts and what stands in them.
    #[serde(default)]
    #[schema(nullable = false)]
    file: Option<Uuid>,
    /// A case, with its parts and what stands in them.
    #[serde(default)]
    #[schema(nullable = false)]
    case: Option<Uuid>,
    /// A document.
    #[serde(default)]
    #[schema(nullable = false)]
    document: Option<Uuid>,
    /// Why.
    reason: InspectionReason,
    /// What for, in words.
    #[schema(min_length = 1, max_length = 500)]
    purpose: String,
    /// From when on (RFC 3339); from its approval on, if nothing is said.
    #[serde(default)]
    #[schema(nullable = false, format = DateTime)]
    valid_from: Option<String>,
    /// Until when (RFC 3339).
    #[schema(format = DateTime)]
    valid_until: String,
}

fn instant(fields: &mut Fields, pointer: &'static str, raw: Option<&str>) -> Option<Timestamp> {
    let at = Timestamp::parse(raw?);
    if at.is_none() {
        let expected = text("ein Zeitpunkt nach RFC 3339", "a time by RFC 3339");
        fields.fault(pointer, Fault::WrongFormat { expected });
    }
    at
}

/// The one of the three that is given.
fn object_of(file: Option<Uuid>, case: Option<Uuid>, document: Option<Uuid>) -> Option<Object> {
    match (file, case, document) {
        (Some(id), None, None) => Some(Object::File(FileId::of(id))),
        (None, Some(id), None) => Some(Object::Case(CaseId::of(id))),
        (None, None, Some(id)) => Some(Object::Document(DocumentId::of(id))),
        (_, _, _) => None,
    }
}

fn nothing() -> Object {
    Object::File(FileId::of(Uuid::nil()))
}

impl InspectionRequest {
    /// What is asked for.
    pub(super) fn read(&self) -> Result<New, Problem> {
        let mut fields = Fields::new();
        let login = fields.line("/account", &self.account, LOGIN_CHARS_MAX);
        let purpose = fields.line("/purpose", &self.purpose, PURPOSE_CHARS_MAX);
        let object = object_of(self.file, self.case, self.document);
        if object.is_none() {
            let detail = text(
                "Genau eines von file, case und document angeben.",
                "Give exactly one of file, case and document.",
            );
            let code = "one-object";
            fields.fault("", Fault::Rule { code, detail });
        }
        let valid_from = instant(&mut fields, "/valid_from", self.valid_from.as_deref());
        let valid_until = instant(&mut fields, "/valid_until", Some(&self.valid_until));
        fields.done(New {
            login: login.unwrap_or_default(),
            object: object.unwrap_or_else(nothing),
            reason: self.reason.into(),
            purpose: purpose.unwrap_or_default(),
            valid_from,
            valid_until: valid_until.unwrap_or(Timestamp::of_micros(0)),
        })
    }
}

/// Which inspections.
#[derive(Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct InspectionFilter {
    /// Those that are over and those that were turned down as well; without it they are left out.
    #[param(nullable = false)]
    pub(super) over: Option<bool>,
    /// Only those that wait for an approval.
    #[param(nullable = false)]
    pub(super) waiting: Option<bool>,
    /// Only those about this file, case or document.
    #[param(nullable = false)]
    pub(super) object: Option<Uuid>,
    /// Only those of this account.
    #[param(nullable = false)]
    pub(super) account: Option<Uuid>,
}

/// What is inspected.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InspectionObject {
    /// `file`, `case` or `document`; in an emergency also `department` or `compartment`.
    kind: &'static str,
    /// Its id; absent where it stands in a compartment that you do not enter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    id: Option<Uuid>,
}

/// Who approved, and when.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InspectionApproval {
    /// Who.
    by: Uuid,
    /// When.
    #[schema(format = DateTime)]
    at: String,
}

impl From<Step> for InspectionApproval {
    fn from(step: Step) -> Self {
        Self {
            by: step.by.raw(),
            at: step.at.to_string(),
        }
    }
}

/// An inspection: something is opened to an account by itself, for reading and for a time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Inspection)]
pub(super) struct InspectionView {
    /// Its id; looks under it bear it in the access log.
    id: Uuid,
    /// The account that reads.
    account: Uuid,
    /// What it reads.
    object: InspectionObject,
    /// The compartment into which it reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    compartment: Option<Uuid>,
    /// Why: `party`, `personnel`, `audit`, `court`, `data_subject`, `other`, `emergency`.
    reason: &'static str,
    /// What for, in words.
    purpose: String,
    /// Whether it holds.
    standing: InspectionStanding,
    /// When it was asked for.
    #[schema(format = DateTime)]
    asked_at: String,
    /// Who asked for it.
    asked_by: Uuid,
    /// How many people must approve it.
    approvals_needed: u8,
    /// Who approved it, the first first.
    approvals: Vec<InspectionApproval>,
    /// How long an emergency lasts from its approval on, in hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1)]
    hours: Option<i64>,
    /// From when on it holds; absent: from its approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    valid_from: Option<String>,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    valid_until: Option<String>,
    /// When it was ended before its time, or turned down.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    ended_at: Option<String>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ended_by: Option<Uuid>,
}

impl InspectionView {
    /// An inspection as `actor` sees it at `now`.
    pub(super) fn of(one: &Inspection, actor: &Actor, now: Timestamp) -> Self {
        let enters = |id: CompartmentId| actor.compartments.iter().any(|open| open.id == id);
        // Whoever neither has to do with it nor enters learns that there is one, not about what.
        let shown = !matches!(one.target, Target::Object(_))
            || one.compartment.is_none_or(enters)
            || one.concerns(actor.account);
        let approvals = one.first.into_iter().chain(one.approved);
        let ended = one.ended_early();
        Self {
            id: one.id.raw(),
            account: one.account.raw(),
            object: InspectionObject {
                kind: one.target.kind(),
                id: shown.then(|| one.target.raw()),
            },
            compartment: one.compartment.map(CompartmentId::raw),
            reason: one.reason.code(),
            purpose: one.purpose.clone(),
            standing: one.standing(now).into(),
            asked_at: one.asked.at.to_string(),
            asked_by: one.asked.by.raw(),
            approvals_needed: one.approvals_needed(),
            approvals: approvals.map(InspectionApproval::from).collect(),
            hours: one.hours,
            valid_from: one.valid_from.map(|at| at.to_string()),
            valid_until: one.valid_until.map(|at| at.to_string()),
            ended_at: ended.map(|step| step.at.to_string()),
            ended_by: ended.map(|step| step.by.raw()),
        }
    }
}

/// Inspections.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InspectionPage {
    /// The inspections, the last asked for first.
    pub(super) items: Vec<InspectionView>,
    /// Where the next page begins, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) next_cursor: Option<String>,
}

/// Reading in an emergency. Exactly one of `department`, `compartment`, `file`, `case` and `document` is given.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"department": "buergerbuero", "hours": 2,
    "reason": "Wiederherstellung nach Datenträgerausfall: Stichprobe der Inhalte"}))]
pub(super) struct EmergencyRequest {
    /// Short name or id of a department: all that it has outside of compartments.
    #[serde(default)]
    #[schema(nullable = false, max_length = 100)]
    pub(super) department: Option<String>,
    /// Code or id of a compartment: all that stands in it.
    #[serde(default)]
    #[schema(nullable = false, max_length = 100)]
    pub(super) compartment: Option<String>,
    /// A file.
    #[serde(default)]
    #[schema(nullable = false)]
    file: Option<Uuid>,
    /// A case.
    #[serde(default)]
    #[schema(nullable = false)]
    case: Option<Uuid>,
    /// A document.
    #[serde(default)]
    #[schema(nullable = false)]
    document: Option<Uuid>,
    /// Why, in words.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// For how many hours from its approval on; as many as there may be, if nothing is said.
    #[serde(default)]
    #[schema(nullable = false, minimum = 1, maximum = 72)]
    pub(super) hours: Option<u64>,
}

/// What an emergency is about, before names are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    /// A file, a case or a document.
    Object(Object),
    /// A department by short name or id.
    Department(String),
    /// A compartment by code or id.
    Compartment(String),
}

impl EmergencyRequest {
    /// What it is about, and why.
    pub(super) fn read(&self) -> Result<(Named, String), Problem> {
        let mut fields = Fields::new();
        let reason = fields.line("/reason", &self.reason, PURPOSE_CHARS_MAX);
        let object = object_of(self.file, self.case, self.document);
        let objects = [self.file, self.case, self.document];
        let objects = objects.iter().flatten().count();
        let named = match (&self.department, &self.compartment, object, objects) {
            (Some(name), None, None, 0) => Some(Named::Department(name.trim().to_owned())),
            (None, Some(name), None, 0) => Some(Named::Compartment(name.trim().to_owned())),
            (None, None, Some(object), _) => Some(Named::Object(object)),
            (_, _, _, _) => None,
        };
        if named.is_none() {
            let detail = text(
                "Genau eines von department, compartment, file, case und document angeben.",
                "Give exactly one of department, compartment, file, case and document.",
            );
            let code = "one-object";
            fields.fault("", Fault::Rule { code, detail });
        }
        fields.done((
            named.unwrap_or_else(|| Named::Object(nothing())),
            reason.unwrap_or_default(),
        ))
    }
}

/// What a look was at.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LookedAt {
    /// `file`, `case`, `document`, `relation`, `correspondent`, `inspection`, or `report` for what was read of one.
    kind: String,
    /// Its id.
    id: Uuid,
}

/// A look: who saw something, when, and how.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Look)]
pub(super) struct LookView {
    /// The number of the record in the access log.
    seq: u64,
    /// When, UTC.
    #[schema(format = DateTime)]
    at: String,
    /// What was done: `document.read`, `content.read`, `documents.search` …
    action: String,
    /// By which account.
    actor: Uuid,
    /// In whose stead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    on_behalf_of: Option<Uuid>,
    /// In which role.
    role: String,
    /// Whether it was refused.
    refused: bool,
    /// At what.
    objects: Vec<LookedAt>,
}

impl From<Seen> for LookView {
    fn from(seen: Seen) -> Self {
        let at = |one: crate::ledger::looked_at::At| LookedAt {
            kind: one.kind,
            id: one.id,
        };
        Self {
            seq: seen.seq,
            at: seen.at,
            action: seen.action,
            actor: seen.actor,
            on_behalf_of: seen.on_behalf_of,
            role: seen.role,
            refused: seen.refused,
            objects: seen.subjects.into_iter().map(at).collect(),
        }
    }
}

/// Looks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LookPage {
    /// The looks, the last one first.
    pub(super) items: Vec<LookView>,
    /// Where the next page begins, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) next_cursor: Option<String>,
}

/// An emergency with what was looked at in it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EmergencyReport {
    /// The emergency.
    pub(super) emergency: InspectionView,
    /// What was looked at in it, the last look first.
    pub(super) looks: Vec<LookView>,
    /// Where the next page of looks begins, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) next_cursor: Option<String>,
}
