//! Files on the wire, and how what comes in becomes a command: all faults at once.

use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::{
    CaseFile, Change, Confidentiality, Life, Medium, NOTE_CHARS_MAX, NewFile, SUBJECT_CHARS_MAX,
};
use super::view::{RetentionView, Standing};
use super::{ops, references};
use crate::base::db::DbError;
use crate::base::{FileId, Timestamp};
use crate::departments::Department;
use crate::file_plan::PlanUnit;
use crate::holds::Object;
use crate::http::gather::{Fields, present};
use crate::http::{Fault, Problem, text};

/// Longest tag, in characters.
pub(crate) const TAG_CHARS_MAX: usize = 60;
/// Most tags on a file or a case.
pub(crate) const TAGS_MAX: usize = 50;
/// Longest name of a plan unit or a department, in characters.
const NAME_CHARS_MAX: usize = 200;

/// Where a file is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LifeState {
    /// Offen.
    Open,
    /// Zu den Akten geschrieben.
    Closed,
}

impl LifeState {
    /// As it stands in rows.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// A new file.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"plan_unit": "02.1.4", "subject": "Bewohnerparkausweise Altstadt",
    "department": "buergerbuero", "tags": ["Parken"]}))]
pub(super) struct FileRequest {
    /// The unit of the file plan: its id, or its mark in the edition in force. A sub-file may leave it out.
    #[schema(max_length = 200, nullable = false)]
    plan_unit: Option<String>,
    /// Betreff.
    #[schema(min_length = 1, max_length = 300)]
    subject: String,
    /// Federführung: short name or id of the department; may be left out by who works in one only.
    #[schema(max_length = 200, nullable = false)]
    department: Option<String>,
    /// `electronic` if nothing is said.
    #[schema(nullable = false)]
    medium: Option<Medium>,
    /// `offen` (if nothing is said) or `nfd`; higher grades are refused.
    #[schema(nullable = false, example = "offen")]
    confidentiality: Option<String>,
    /// Laufzeit: the first day; today if nothing is said.
    #[schema(nullable = false, format = Date)]
    opened_on: Option<String>,
    /// Schlagwörter, at most 50.
    #[schema(max_items = 50)]
    tags: Vec<String>,
    /// A note.
    #[schema(max_length = 4000, nullable = false)]
    note: Option<String>,
    /// The file that it becomes a part of (Teilakte).
    #[schema(nullable = false)]
    parent: Option<Uuid>,
}

fn confidentiality(fields: &mut Fields, raw: &str) -> Option<Confidentiality> {
    let read = Confidentiality::parse(raw);
    if read.is_none() {
        fields.fault(
            "/confidentiality",
            Fault::Rule {
                code: "confidentiality-too-high",
                detail: text(
                    "Dieses Archiv führt nur Akten der Stufen „offen“ und „nfd“. \
                     Verschlusssachen ab „vertraulich“ gehören in die dafür zugelassene Registratur.",
                    "This archive keeps files of the grades “offen” and “nfd” only. Classified \
                     matter belongs into the registry approved for it.",
                ),
            },
        );
    }
    read
}

impl FileRequest {
    /// The command.
    pub(super) fn new_file(&self) -> Result<NewFile, Problem> {
        let mut fields = Fields::new();
        let subject = fields.line("/subject", &self.subject, SUBJECT_CHARS_MAX);
        let mut name = |pointer: &str, raw: &Option<String>| {
            raw.as_deref()
                .and_then(|raw| fields.line(pointer, raw, NAME_CHARS_MAX))
        };
        let plan_unit = name("/plan_unit", &self.plan_unit);
        let department = name("/department", &self.department);
        let confidentiality = match &self.confidentiality {
            Some(raw) => confidentiality(&mut fields, raw),
            None => Some(Confidentiality::Open),
        };
        let opened_on = self
            .opened_on
            .as_deref()
            .and_then(|raw| fields.date("/opened_on", raw));
        let tags = fields.lines("/tags", &self.tags, TAGS_MAX, TAG_CHARS_MAX);
        let note = self
            .note
            .as_deref()
            .and_then(|raw| fields.paragraph("/note", raw, NOTE_CHARS_MAX));
        fields.done(NewFile {
            plan_unit,
            subject: subject.unwrap_or_default(),
            department,
            medium: self.medium.unwrap_or(Medium::Electronic),
            confidentiality: confidentiality.unwrap_or(Confidentiality::Open),
            opened_on,
            tags,
            note,
            parent: self.parent.map(FileId::of),
        })
    }
}

/// A change of what is said about a file. What is missing stays; what is null is emptied.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::option_option,
    reason = "missing, null and a value are three things"
)]
#[schema(example = json!({"subject": "Bewohnerparkausweise Altstadt und Vorstadt"}))]
pub(super) struct FileChange {
    /// Betreff.
    #[schema(min_length = 1, max_length = 300, nullable = false)]
    subject: Option<String>,
    /// In what it is kept.
    #[schema(nullable = false)]
    medium: Option<Medium>,
    /// `offen` or `nfd`.
    #[schema(nullable = false)]
    confidentiality: Option<String>,
    /// A note.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 4000)]
    note: Option<Option<String>>,
    /// All tags.
    #[schema(nullable = false, max_items = 50)]
    tags: Option<Vec<String>>,
}

impl FileChange {
    /// The change.
    pub(super) fn change(&self) -> Result<Change, Problem> {
        let mut fields = Fields::new();
        let subject = self
            .subject
            .as_deref()
            .and_then(|raw| fields.line("/subject", raw, SUBJECT_CHARS_MAX));
        let grade = self
            .confidentiality
            .as_deref()
            .and_then(|raw| confidentiality(&mut fields, raw));
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
            medium: self.medium,
            confidentiality: grade,
            note,
            tags,
        })
    }
}

/// The unit of the file plan in which a file stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PlanUnitName {
    /// Its id.
    id: Uuid,
    /// Its mark.
    #[schema(example = "02.1.4")]
    code: String,
    /// What it is about.
    title: String,
}

/// A file.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = File)]
pub(crate) struct FileView {
    /// Its id.
    pub(super) id: Uuid,
    /// Counts every change; the `ETag` is `"v<version>"`.
    pub(super) version: u64,
    /// Aktenzeichen.
    #[schema(example = "02.1.4-2026/0007")]
    reference: String,
    /// What it was called before, oldest first.
    aliases: Vec<String>,
    /// Where in the file plan it stands.
    plan_unit: PlanUnitName,
    /// The file that it is a part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    parent: Option<Uuid>,
    /// Betreff.
    subject: String,
    /// Federführung: short name of the department.
    department: String,
    /// The compartment in which it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    compartment: Option<Uuid>,
    /// In what it is kept.
    medium: Medium,
    /// `offen` or `nfd`.
    confidentiality: &'static str,
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
    /// How long it is kept, and what stands against its disposal.
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

impl FileView {
    /// The views of files, in their order; `departments` are all that exist.
    pub(crate) async fn of(
        on: &impl ConnectionTrait,
        files: &[CaseFile],
        departments: &[Department],
        now: Timestamp,
    ) -> Result<Vec<Self>, DbError> {
        let units = ops::units_of(on, files).await?;
        let ids: Vec<Uuid> = files.iter().map(|one| one.id.raw()).collect();
        let aliases = references::aliases(on, &ids).await?;
        let standing: Vec<_> = files
            .iter()
            .map(|file| Standing {
                object: Object::File(file.id),
                file,
                within: Vec::new(),
            })
            .collect();
        let retentions = RetentionView::of(on, &standing, now).await?;
        let mut all = Vec::with_capacity(files.len());
        for (file, retention) in files.iter().zip(retentions) {
            let own = aliases.iter().filter(|(id, _)| *id == file.id.raw());
            let own = own.map(|(_, reference)| reference.clone()).collect();
            let unit = units.get(&file.plan_unit.raw());
            all.push(Self::one(file, own, unit, departments, retention));
        }
        Ok(all)
    }

    fn one(
        file: &CaseFile,
        aliases: Vec<String>,
        unit: Option<&PlanUnit>,
        departments: &[Department],
        retention: RetentionView,
    ) -> Self {
        let department = departments.iter().find(|one| one.id == file.department);
        let (state, closed) = match file.life {
            Life::Open => (LifeState::Open, None),
            Life::Closed(closed, _) => (LifeState::Closed, Some(closed)),
        };
        Self {
            id: file.id.raw(),
            version: file.version,
            reference: file.reference.clone(),
            aliases,
            plan_unit: PlanUnitName {
                id: file.plan_unit.raw(),
                code: unit.map(|one| one.code.clone()).unwrap_or_default(),
                title: unit.map(|one| one.title.clone()).unwrap_or_default(),
            },
            parent: file.parent.map(FileId::raw),
            subject: file.subject.clone(),
            department: department.map(|one| one.slug.clone()).unwrap_or_default(),
            compartment: file.compartment.map(crate::base::CompartmentId::raw),
            medium: file.medium,
            confidentiality: file.confidentiality.code(),
            state,
            reason: file.reason.clone(),
            opened_on: file.opened_on.to_string(),
            closed_at: closed.map(|closed| closed.at.to_string()),
            closed_by: closed.map(|closed| closed.by.raw()),
            note: file.note.clone(),
            tags: file.tags.clone(),
            retention,
            created_at: file.created_at.to_string(),
            created_by: file.created_by.raw(),
            changed_at: file.changed_at.to_string(),
            changed_by: file.changed_by.raw(),
        }
    }
}
