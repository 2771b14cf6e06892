//! Notes on the wire.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::model::{Note, TEXT_CHARS_MAX};
use crate::base::{CaseId, DocumentId, FileId};
use crate::files::REASON_CHARS_MAX;
use crate::holds::Object;
use crate::http::gather::Fields;
use crate::http::{Fault, Kind, Problem, Text, text};

fn one_object() -> Text {
    text(
        "Genau eines von file, case und document angeben.",
        "Give exactly one of file, case and document.",
    )
}

/// The one of the three that is given.
fn object(file: Option<Uuid>, case: Option<Uuid>, document: Option<Uuid>) -> Option<Object> {
    match (file, case, document) {
        (Some(id), None, None) => Some(Object::File(FileId::of(id))),
        (None, Some(id), None) => Some(Object::Case(CaseId::of(id))),
        (None, None, Some(id)) => Some(Object::Document(DocumentId::of(id))),
        (_, _, _) => None,
    }
}

/// A new note. Exactly one of `file`, `case` and `document` is given.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"document": "01922f3c-0000-7000-8000-000000000000",
    "text": "Frau Beispiel rief an: Der Fahrzeugschein kommt nach."}))]
pub(super) struct NoteRequest {
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
    /// What it says; line breaks stay.
    #[schema(min_length = 1, max_length = 4000)]
    text: String,
}

impl NoteRequest {
    /// What it shall stand on, and what it says.
    pub(super) fn read(&self) -> Result<(Object, String), Problem> {
        let mut fields = Fields::new();
        let text = fields.paragraph("/text", &self.text, TEXT_CHARS_MAX);
        let object = object(self.file, self.case, self.document);
        if object.is_none() {
            let (code, detail) = ("one-object", one_object());
            fields.fault("", Fault::Rule { code, detail });
        }
        let fallback = Object::File(FileId::of(Uuid::nil()));
        fields.done((object.unwrap_or(fallback), text.unwrap_or_default()))
    }
}

/// Other words for a note.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"text": "Der Fahrzeugschein ist da."}))]
pub(super) struct NoteChange {
    /// What it says from now on.
    #[schema(min_length = 1, max_length = 4000)]
    text: String,
}

impl NoteChange {
    /// The words.
    pub(super) fn read(&self) -> Result<String, Problem> {
        let mut fields = Fields::new();
        let text = fields.paragraph("/text", &self.text, TEXT_CHARS_MAX);
        fields.done(text.unwrap_or_default())
    }
}

/// Why a note is withdrawn.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Betraf eine andere Sache"}))]
pub(super) struct NoteWithdrawal {
    /// The reason; stands in the history.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

impl NoteWithdrawal {
    /// The reason.
    pub(super) fn read(&self) -> Result<String, Problem> {
        let mut fields = Fields::new();
        let reason = fields.line("/reason", &self.reason, REASON_CHARS_MAX);
        fields.done(reason.unwrap_or_default())
    }
}

/// Whose notes are wanted: exactly one of `file`, `case` and `document` is given.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct NoteFilter {
    /// The file.
    #[param(nullable = false)]
    file: Option<Uuid>,
    /// The case.
    #[param(nullable = false)]
    case: Option<Uuid>,
    /// The document.
    #[param(nullable = false)]
    document: Option<Uuid>,
    /// Whether withdrawn ones are wanted too.
    #[param(nullable = false)]
    pub(super) withdrawn: Option<bool>,
}

impl NoteFilter {
    /// What they stand on.
    pub(super) fn object(&self) -> Result<Object, Problem> {
        object(self.file, self.case, self.document).ok_or_else(|| {
            let (code, detail) = ("one-object", one_object());
            let first = match (self.file, self.case) {
                (Some(_), _) => "file",
                (None, Some(_)) => "case",
                (None, None) => "document",
            };
            Problem::new(Kind::QueryInvalid).parameter(first, Fault::Rule { code, detail })
        })
    }
}

/// A note.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Note)]
pub(super) struct NoteView {
    /// Its id.
    id: Uuid,
    /// Counts every change; the `ETag` is `"v<version>"`.
    version: u64,
    /// What it stands on: `file`, `case` or `document`.
    #[schema(example = "document")]
    object_kind: &'static str,
    /// The id of what it stands on.
    object: Uuid,
    /// What it says.
    text: String,
    /// When it was written, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// By which account.
    created_by: Uuid,
    /// When it was last changed, UTC.
    #[schema(format = DateTime)]
    changed_at: String,
    /// By which account.
    changed_by: Uuid,
    /// When it was withdrawn, UTC; absent while it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    withdrawn_at: Option<String>,
    /// By which account it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    withdrawn_by: Option<Uuid>,
    /// Why it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
}

impl From<&Note> for NoteView {
    fn from(note: &Note) -> Self {
        let withdrawn = note.withdrawn.as_ref();
        Self {
            id: note.id.raw(),
            version: note.version,
            object_kind: note.object.kind(),
            object: note.object.raw(),
            text: note.text.clone(),
            created_at: note.created_at.to_string(),
            created_by: note.created_by.raw(),
            changed_at: note.changed_at.to_string(),
            changed_by: note.changed_by.raw(),
            withdrawn_at: withdrawn.map(|one| one.at.to_string()),
            withdrawn_by: withdrawn.map(|one| one.by.raw()),
            reason: withdrawn.map(|one| one.reason.clone()),
        }
    }
}

/// A page of notes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NotePage {
    /// The notes, the first written first.
    pub(super) items: Vec<NoteView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) next_cursor: Option<String>,
}
