//! Cases on the wire, and how what comes in becomes a command: all faults at once.

use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::{Case, Change, Life, NewCase};
use crate::base::db::DbError;
use crate::base::{CaseId, CompartmentId, FileId, Timestamp};
use crate::departments::Department;
use crate::files::{
    self, CaseFile, LifeState, NOTE_CHARS_MAX, RetentionView, SUBJECT_CHARS_MAX, Standing,
    TAG_CHARS_MAX, TAGS_MAX,
};
use crate::holds::Object;
use crate::http::Problem;
use crate::http::gather::{Fields, present};

/// Longest type or department, in characters.
const NAME_CHARS_MAX: usize = 100;

/// A new case.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"file": "01922f3c-0000-7000-8000-000000000000",
    "subject": "Parkausweis Beispiel, Marktgasse 3", "type": "Antrag"}))]
pub(super) struct CaseRequest {
    /// The file in which it is opened.
    file: Uuid,
    /// The case that it becomes a part of (Teilvorgang).
    #[serde(default)]
    #[schema(nullable = false)]
    parent: Option<Uuid>,
    /// Betreff.
    #[schema(min_length = 1, max_length = 300)]
    subject: String,
    /// Vorgangstyp.
    #[serde(rename = "type", default)]
    #[schema(max_length = 100, nullable = false)]
    kind: Option<String>,
    /// Federführung: short name or id of the department; that of the file if nothing is said.
    #[serde(default)]
    #[schema(max_length = 100, nullable = false)]
    department: Option<String>,
    /// Laufzeit: the first day; today if nothing is said.
    #[serde(default)]
    #[schema(nullable = false, format = Date)]
    opened_on: Option<String>,
    /// A note.
    #[serde(default)]
    #[schema(max_length = 4000, nullable = false)]
    note: Option<String>,
    /// Schlagwörter, at most 50.
    #[serde(default)]
    #[schema(max_items = 50)]
    tags: Vec<String>,
}

impl CaseRequest {
    /// The command.
    pub(super) fn new_case(&self) -> Result<NewCase, Problem> {
        let mut fields = Fields::new();
        let subject = fields.line("/subject", &self.subject, SUBJECT_CHARS_MAX);
        let mut name = |pointer: &str, raw: &Option<String>| {
            raw.as_deref()
                .and_then(|raw| fields.line(pointer, raw, NAME_CHARS_MAX))
        };
        let kind = name("/type", &self.kind);
        let department = name("/department", &self.department);
        let opened_on = self
            .opened_on
            .as_deref()
            .and_then(|raw| fields.date("/opened_on", raw));
        let note = self
            .note
            .as_deref()
            .and_then(|raw| fields.paragraph("/note", raw, NOTE_CHARS_MAX));
        let tags = fields.lines("/tags", &self.tags, TAGS_MAX, TAG_CHARS_MAX);
        fields.done(NewCase {
            file: FileId::of(self.file),
            parent: self.parent.map(CaseId::of),
            subject: subject.unwrap_or_default(),
            kind,
            department,
            opened_on,
            note,
            tags,
        })
    }
}

/// A change of what is said about a case. What is missing stays; what is null is emptied.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::option_option,
    reason = "missing, null and a value are three things"
)]
#[schema(example = json!({"subject": "Parkausweis Beispiel, Marktgasse 3a"}))]
pub(super) struct CaseChange {
    /// Betreff.
    #[schema(min_length = 1, max_length = 300, nullable = false)]
    subject: Option<String>,
    /// Vorgangstyp.
    #[serde(rename = "type", deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 100)]
    kind: Option<Option<String>>,
    /// A note.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 4000)]
    note: Option<Option<String>>,
    /// All tags.
    #[schema(nullable = false, max_items = 50)]
    tags: Option<Vec<String>>,
}

impl CaseChange {
    /// The change.
    pub(super) fn change(&self) -> Result<Change, Problem> {
        let mut fields = Fields::new();
        let subject = self
            .subject
            .as_deref()
            .and_then(|raw| fields.line("/subject", raw, SUBJECT_CHARS_MAX));
        let kind = self.kind.as_ref().map(|raw| {
            raw.as_deref()
                .and_then(|raw| fields.line("/type", raw, NAME_CHARS_MAX))
        });
        let note = self.note.as_ref().map(|raw| {
            raw.as_deref()
                .and_then(|raw| fields.paragraph("/note", raw, NOTE_CHARS_MAX))
        });
        let tags = self
            .tags
            .as_ref()
            .map(|raw| fields.lines("/tags", raw, TAGS_MAX, TAG_CHARS_MAX));
        fields.done(Change {
            subject,
            kind,
            note,
            tags,
        })
    }
}

/// The file in which a case or a document stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FileName {
    /// Its id.
    id: Uuid,
    /// Aktenzeichen.
    #[schema(example = "02.1.4-2026/0007")]
    reference: String,
}

impl From<&CaseFile> for FileName {
    fn from(file: &CaseFile) -> Self {
        Self {
            id: file.id.raw(),
            reference: file.reference.clone(),
        }
    }
}

/// The case in which a document stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct CaseName {
    /// Its id.
    id: Uuid,
    /// Vorgangszeichen.
    #[schema(example = "02.1.4-2026/0007-3")]
    reference: String,
}

impl From<&Case> for CaseName {
    fn from(case: &Case) -> Self {
        Self {
            id: case.id.raw(),
            reference: case.reference.clone(),
        }
    }
}

/// A case.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Case)]
pub(crate) struct CaseView {
    /// Its id.
    id: Uuid,
    /// Counts every change; the `ETag` is `"v<version>"`.
    version: u64,
    /// Vorgangszeichen.
    #[schema(example = "02.1.4-2026/0007-3")]
    reference: String,
    /// What it was called before, oldest first.
    aliases: Vec<String>,
    /// The file in which it stands.
    file: FileName,
    /// The case that it is a part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    parent: Option<Uuid>,
    /// Betreff.
    subject: String,
    /// Vorgangstyp.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Federführung: short name of the department.
    department: String,
    /// The compartment in which it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    compartment: Option<Uuid>,
    /// Where in its life it is.
    state: LifeState,
    /// Why it was last opened again or filed elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    /// Laufzeit: the first day.
    #[schema(format = Date)]
    opened_on: String,
    /// When it was closed, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    closed_at: Option<String>,
    /// By which account it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    closed_by: Option<Uuid>,
    /// A note.
    note: Option<String>,
    /// Schlagwörter.
    tags: Vec<String>,
    /// How long its file is kept, and what stands against its disposal.
    retention: RetentionView,
    /// When it was put in, UTC.
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

impl CaseView {
    /// The views of cases, in their order; `departments` are all that exist.
    pub(crate) async fn of(
        on: &impl ConnectionTrait,
        cases: &[Case],
        departments: &[Department],
        now: Timestamp,
    ) -> Result<Vec<Self>, DbError> {
        let ids: Vec<Uuid> = cases.iter().map(|one| one.id.raw()).collect();
        let aliases = files::aliases(on, &ids).await?;
        let wanted: Vec<FileId> = cases.iter().map(|one| one.file).collect();
        let found = files::find_many(on, &wanted).await?;
        let mut standing = Vec::with_capacity(cases.len());
        for case in cases {
            let file = found.iter().find(|one| one.id == case.file);
            let file = file.ok_or_else(|| DbError::Corrupt {
                table: "record_case",
                key: case.id.to_string(),
                what: "its file has no row",
            })?;
            standing.push(Standing {
                object: Object::Case(case.id),
                file,
                within: case.parent.map(Object::Case).into_iter().collect(),
            });
        }
        let retentions = RetentionView::of(on, &standing, now).await?;
        let mut all = Vec::with_capacity(cases.len());
        for ((case, one), retention) in cases.iter().zip(&standing).zip(retentions) {
            let file = one.file;
            let own = aliases.iter().filter(|(id, _)| *id == case.id.raw());
            let own = own.map(|(_, reference)| reference.clone()).collect();
            all.push(Self::one(case, file, own, departments, retention));
        }
        Ok(all)
    }

    fn one(
        case: &Case,
        file: &CaseFile,
        aliases: Vec<String>,
        departments: &[Department],
        retention: RetentionView,
    ) -> Self {
        let department = departments.iter().find(|one| one.id == case.department);
        let (state, closed) = match case.life {
            Life::Open => (LifeState::Open, None),
            Life::Closed(closed) => (LifeState::Closed, Some(closed)),
        };
        Self {
            id: case.id.raw(),
            version: case.version,
            reference: case.reference.clone(),
            aliases,
            file: FileName::from(file),
            parent: case.parent.map(CaseId::raw),
            subject: case.subject.clone(),
            kind: case.kind.clone(),
            department: department.map(|one| one.slug.clone()).unwrap_or_default(),
            compartment: case.compartment.map(CompartmentId::raw),
            state,
            reason: case.reason.clone(),
            opened_on: case.opened_on.to_string(),
            closed_at: closed.map(|closed| closed.at.to_string()),
            closed_by: closed.map(|closed| closed.by.raw()),
            note: case.note.clone(),
            tags: case.tags.clone(),
            retention,
            created_at: case.created_at.to_string(),
            created_by: case.created_by.raw(),
            changed_at: case.changed_at.to_string(),
            changed_by: case.changed_by.raw(),
        }
    }
}
