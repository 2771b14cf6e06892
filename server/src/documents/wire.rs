//! Documents on the wire, and how what comes in becomes a command: all faults at once.

use std::collections::BTreeMap;

use indexer::extract::{Password, Reason};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::batches::wire::BatchView;
use super::components::wire::{LeftOutView, MailView, ParentView};
use super::fields;
use super::formed::DocumentForm;
use super::invoices::InvoiceView;
use super::model::{
    CORRESPONDENT_CHARS_MAX, Change, Channel, Details, Direction, Document, Held, Metadata,
    REASON_CHARS_MAX, REFERENCE_CHARS_MAX, REFERENCES_MAX, State, TAG_CHARS_MAX, TAGS_MAX,
    TITLE_CHARS_MAX, TYPE_CHARS_MAX, TextInfo, Version,
};
use super::passwords::Given;
use super::scans::{self, WaitingView};
use crate::base::{AccountId, CorrespondentId, Timestamp};
use crate::cases::{CaseName, FileName};
use crate::departments::Department;
use crate::files::RetentionView;
use crate::http::gather::{Fields, present};
use crate::http::{Fault, Language, Problem};
use crate::types::{self, FIELDS_GIVEN_MAX, Value, Values};

/// What is said about a new document.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"department": "buergerbuero", "title": "Antrag auf Bewohnerparkausweis",
    "type": "Antrag", "document_date": "2026-03-02", "channel": "post",
    "correspondent": "Erika Beispiel", "tags": ["Parken"], "references": ["02.1.4-2026/0007"]}))]
pub(crate) struct NewDocument {
    /// Short name or id of the department; may be left out by who files in one department only.
    pub department: Option<String>,
    /// Betreff. Without it the file name is taken.
    #[schema(max_length = 300, nullable = false)]
    pub title: Option<String>,
    /// Dokumenttyp: «Antrag», «Rechnung» …
    #[serde(rename = "type")]
    #[schema(max_length = 100)]
    pub kind: Option<String>,
    /// Richtung; `incoming` if nothing is said.
    pub direction: Option<Direction>,
    /// Eingangskanal.
    pub channel: Option<Channel>,
    /// Absender or recipient.
    #[schema(max_length = 200)]
    pub correspondent: Option<String>,
    /// Who that is; without it, the correspondent that you know by this name or alias, or a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub correspondent_id: Option<Uuid>,
    /// Datum des Schreibens: `YYYY-MM-DD`, years 1500 to 2200.
    #[schema(format = Date)]
    pub document_date: Option<String>,
    /// When it legally came in (RFC 3339); now, if nothing is said.
    #[schema(format = DateTime)]
    pub received_at: Option<String>,
    /// References on it, at most 20.
    #[schema(max_items = 20)]
    pub references: Vec<String>,
    /// Schlagwörter, at most 50.
    #[schema(max_items = 50)]
    pub tags: Vec<String>,
    /// What stands in the fields of its type, by their short names; at most 50.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = std::collections::HashMap<String, FieldValue>)]
    pub fields: BTreeMap<String, serde_json::Value>,
    /// Whether it is a draft, made here, and not something that came in; then its direction is
    /// `internal` if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub draft: Option<bool>,
    /// The open case for which a draft is made; it then stands in the department of the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub case: Option<Uuid>,
    /// The password by which its content opens, where that is a locked PDF; at most 127 bytes in UTF-8. It is
    /// kept encrypted and never told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Password, nullable = false, write_only,
        min_length = 1, max_length = 127)]
    pub password: Option<Given>,
}

impl NewDocument {
    /// The password by which its content opens; nothing where none is given that could be one.
    pub(crate) fn opened_by(&self) -> Option<Password> {
        self.password.as_ref()?.read().ok()
    }

    /// Whether it is a draft, or is meant for a case, which only drafts are before they are registered.
    pub(crate) fn is_draft(&self) -> bool {
        self.draft == Some(true) || self.case.is_some()
    }
}

/// A change of metadata. What is missing stays; what is null is emptied.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::option_option,
    reason = "missing, null and a value are three things"
)]
#[schema(example = json!({"title": "Antrag auf Bewohnerparkausweis (Verlängerung)", "tags": ["Parken", "Eilt"]}))]
pub(super) struct DocumentChange {
    /// Betreff.
    #[schema(max_length = 300, nullable = false)]
    pub title: Option<String>,
    /// Dokumenttyp.
    #[serde(rename = "type", deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 100)]
    pub kind: Option<Option<String>>,
    /// Richtung.
    #[schema(nullable = false)]
    pub direction: Option<Direction>,
    /// Eingangskanal.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Channel>)]
    pub channel: Option<Option<Channel>>,
    /// Absender or recipient.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 200)]
    pub correspondent: Option<Option<String>>,
    /// Who that is; alone, it brings its name along.
    #[schema(nullable = false)]
    pub correspondent_id: Option<Uuid>,
    /// Datum des Schreibens.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = Date)]
    pub document_date: Option<Option<String>>,
    /// When it legally came in.
    #[schema(nullable = false, format = DateTime)]
    pub received_at: Option<String>,
    /// All references.
    #[schema(nullable = false, max_items = 20)]
    pub references: Option<Vec<String>>,
    /// All tags.
    #[schema(nullable = false, max_items = 50)]
    pub tags: Option<Vec<String>>,
    /// What stands in fields from now on; null takes a value away, and what is not named stays.
    #[schema(nullable = false, value_type = std::collections::HashMap<String, serde_json::Value>)]
    pub fields: Option<BTreeMap<String, serde_json::Value>>,
}

/// Why a document is put aside.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Werbung, nicht aktenrelevant"}))]
pub(super) struct Discard {
    /// The reason; stands in the history.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// A document.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Document)]
pub(crate) struct DocumentView {
    /// Its id.
    pub id: Uuid,
    /// Counts every change; the `ETag` is `"v<version>"`.
    pub version: u64,
    /// Short name of its department.
    #[schema(example = "buergerbuero")]
    pub department: String,
    /// Where in its life it is.
    pub state: State,
    /// Why it was discarded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<String>,
    /// Geschäftszeichen, once it is registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "02.1.4-2026/0007-3-1 buergerbuero")]
    pub reference: Option<String>,
    /// The case in which it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub case: Option<CaseName>,
    /// The file of that case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub file: Option<FileName>,
    /// The compartment in which it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub compartment: Option<Uuid>,
    /// When it was registered, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    pub registered_at: Option<String>,
    /// By which account it was registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub registered_by: Option<Uuid>,
    /// The account or the function in whose inbox it lies; absent: in that of its department.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub inbox: Option<Uuid>,
    /// Betreff.
    pub title: String,
    /// Dokumenttyp.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Richtung.
    pub direction: Direction,
    /// Eingangskanal.
    pub channel: Option<Channel>,
    /// Absender or recipient.
    pub correspondent: Option<String>,
    /// Who that is. It may have been merged into another one meanwhile: then it names its survivor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub correspondent_id: Option<Uuid>,
    /// Datum des Schreibens.
    #[schema(format = Date)]
    pub document_date: Option<String>,
    /// When it legally came in, UTC.
    #[schema(format = DateTime)]
    pub received_at: String,
    /// References on it.
    pub references: Vec<String>,
    /// Schlagwörter.
    pub tags: Vec<String>,
    /// What stands in its fields, by their short names. What leads to something that you may not see is not told.
    #[schema(value_type = std::collections::HashMap<String, FieldValue>)]
    pub fields: BTreeMap<String, serde_json::Value>,
    /// The version in force.
    pub content: VersionView,
    /// What became of its text.
    pub text: TextView,
    /// What it says as an invoice whose content you may read. Only where one document is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub invoice: Option<InvoiceView>,
    /// Of which form it was made, and where it is signed. Only where one document is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub form: Option<DocumentForm>,
    /// What it was taken out of: it is an attachment of a mail, or a member of an archive, and goes with
    /// that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub parent: Option<ParentView>,
    /// Of which pages of which other document it was made, where you may see that one. Only where one document is
    /// asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub batch: Option<BatchView>,
    /// How many documents were taken out of the version in force, where it contains others.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub components: Option<u64>,
    /// What it says of itself, where it is a mail whose content you may read. Only where one document is
    /// asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub mail: Option<MailView>,
    /// What was not taken out of it, and why: at most 100. Only where one document is asked for whose
    /// content you may read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub left_out: Option<Vec<LeftOutView>>,
    /// `true`: its pages are a cover, and what matters is attached to it (a PDF portfolio). Only where one
    /// document is asked for whose content you may read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub portfolio: Option<bool>,
    /// Other documents with the same content that you may see. Only where one document is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub duplicates: Option<Vec<Duplicate>>,
    /// How long its file is kept, and what stands against its disposal. Only where one document is
    /// asked for that stands in a case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub retention: Option<RetentionView>,
    /// When it was put in, UTC.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// By which account.
    pub created_by: Uuid,
    /// When it was last changed, UTC.
    #[schema(format = DateTime)]
    pub changed_at: String,
    /// By which account.
    pub changed_by: Uuid,
}

/// A document with the same content.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Duplicate {
    /// Its id.
    pub id: Uuid,
    /// Betreff.
    pub title: String,
    /// When it came in, UTC.
    #[schema(format = DateTime)]
    pub received_at: String,
}

/// A version of a document.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Version)]
pub(crate) struct VersionView {
    /// 1, 2, 3 … without holes.
    pub number: u64,
    /// What the content claims to be.
    #[schema(example = "application/pdf")]
    pub media_type: String,
    /// The name under which it came.
    pub file_name: Option<String>,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256 of the content, in hex.
    pub sha256: String,
    /// SHA-512 of the content, in hex.
    pub sha512: String,
    /// When it was put in, UTC.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// By which account.
    pub created_by: Uuid,
}

/// What became of the text of a version.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TextView {
    /// `pending`, `readable`, `partly_readable` or `unreadable`.
    #[schema(example = "readable")]
    pub state: String,
    /// Why text is missing, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<String>,
    /// Why text is missing, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub explanation: Option<&'static str>,
    /// Pages.
    pub pages: u64,
    /// What read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub engine: Option<String>,
    /// `true` where pages of it were recognised: there is, or can be made, a searchable copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub recognised: Option<bool>,
    /// What is still to be done for it. Only where one document is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub waiting: Option<WaitingView>,
}

impl From<&Version> for VersionView {
    fn from(version: &Version) -> Self {
        Self {
            number: version.number,
            media_type: version.media_type.clone(),
            file_name: version.file_name.clone(),
            bytes: version.bytes,
            sha256: hex::encode(version.sha256),
            sha512: hex::encode(version.sha512),
            created_at: version.created_at.to_string(),
            created_by: version.created_by.raw(),
        }
    }
}

impl From<&Document> for Duplicate {
    fn from(document: &Document) -> Self {
        Self {
            id: document.id.raw(),
            title: document.metadata.title.clone(),
            received_at: document.metadata.received_at.to_string(),
        }
    }
}

impl DocumentView {
    /// The view of a document; `departments` are all that exist.
    #[must_use]
    pub(super) fn of(held: &Held, departments: &[Department], language: Language) -> Self {
        let Held {
            document,
            version,
            text,
            filed,
            parent,
        } = held;
        let metadata = &document.metadata;
        let registered = document.registered.as_ref();
        let department = departments.iter().find(|one| one.id == document.department);
        Self {
            id: document.id.raw(),
            version: document.version,
            department: department.map(|one| one.slug.clone()).unwrap_or_default(),
            state: document.state,
            reason: document.reason.clone(),
            reference: registered.map(|one| one.reference.clone()),
            case: filed.as_ref().map(|filed| CaseName::from(&filed.case)),
            file: filed.as_ref().map(|filed| FileName::from(&filed.file)),
            compartment: document.compartment.map(crate::base::CompartmentId::raw),
            registered_at: registered.map(|one| one.at.to_string()),
            registered_by: registered.map(|one| one.by.raw()),
            inbox: document.inbox.map(AccountId::raw),
            title: metadata.title.clone(),
            kind: metadata.kind.clone(),
            direction: metadata.direction,
            channel: metadata.channel,
            correspondent: metadata.correspondent.clone(),
            correspondent_id: metadata.correspondent_id.map(CorrespondentId::raw),
            document_date: metadata.document_date.map(|date| date.to_string()),
            received_at: metadata.received_at.to_string(),
            references: metadata.references.clone(),
            tags: metadata.tags.clone(),
            fields: fields::plain(&metadata.fields),
            content: VersionView::from(version),
            text: TextView::of(text.as_ref(), language),
            invoice: None,
            form: None,
            parent: ParentView::of(document, parent.as_deref()),
            batch: None,
            components: text.as_ref().and_then(|text| text.components),
            mail: None,
            left_out: None,
            portfolio: None,
            duplicates: None,
            retention: None,
            created_at: document.created_at.to_string(),
            created_by: document.created_by.raw(),
            changed_at: document.changed_at.to_string(),
            changed_by: document.changed_by.raw(),
        }
    }
}

impl DocumentView {
    /// Tells what stands in the content of one document: to whoever may read that, and not in lists.
    pub(super) fn tell_details(&mut self, details: &Details, language: Language) {
        self.mail = details.mail.as_ref().map(MailView::of);
        let left_out: Vec<_> = details
            .left_out
            .iter()
            .map(|one| LeftOutView::of(one, language))
            .collect();
        self.left_out = (!left_out.is_empty()).then_some(left_out);
        self.portfolio = details.portfolio.then_some(true);
    }
}

impl TextView {
    fn of(text: Option<&TextInfo>, language: Language) -> Self {
        let Some(text) = text else {
            return Self {
                state: "pending".to_owned(),
                reason: None,
                explanation: None,
                pages: 0,
                engine: None,
                recognised: None,
                waiting: None,
            };
        };
        let reason = text.reason.as_deref().and_then(Reason::from_name);
        Self {
            state: text.state.clone(),
            reason: text.reason.clone(),
            explanation: reason.map(|reason| match language {
                Language::German => reason.german(),
                Language::English => reason.english(),
            }),
            pages: text.pages,
            engine: Some(text.engine.clone()),
            recognised: scans::is_recognised(&text.engine).then_some(true),
            waiting: None,
        }
    }
}

/// What stands in a field: text, a number or a date as text, `true` or `false`, short names of entries, an amount,
/// or what it leads to. Numbers with decimals come as text, so that they stay exact.
#[derive(Debug, ToSchema)]
#[schema(as = FieldValue)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the value for the contract")]
pub(crate) enum FieldValue {
    /// Text, a number, a date, an entry of a choice, or an id.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// Yes or no.
    YesNo(bool),
    /// Entries of a choice that allows many.
    Many(Vec<String>),
    /// An amount: `amount` and, where it is said, `currency`. Or what a field leads to: one of `file`, `case`,
    /// `document` and `correspondent`, with its id.
    Object(BTreeMap<String, String>),
}

/// What is said about fields, as far as it can be read without knowing them; null is no value.
pub(super) fn given(
    fields: &mut Fields,
    within: &str,
    raw: &BTreeMap<String, serde_json::Value>,
) -> types::Change {
    let mut read = types::Change::new();
    if raw.len() > FIELDS_GIVEN_MAX {
        let max = u64::try_from(FIELDS_GIVEN_MAX).unwrap_or(u64::MAX);
        fields.fault(format!("{within}/fields"), Fault::TooMany { max });
        return read;
    }
    for (code, json) in raw {
        let value: Option<Value> = if json.is_null() {
            None
        } else {
            match types::read_value(json) {
                Ok(value) => Some(value),
                Err(refusal) => {
                    let refused = types::Refused::field(code, refusal);
                    let pointer = format!("{within}{}", refused.pointer);
                    fields.fault(pointer, types::fault(refused.refusal));
                    continue;
                }
            }
        };
        read.insert(code.clone(), value);
    }
    read
}

impl NewDocument {
    /// The metadata; `file_name` stands in for a missing title, `now` for a missing receipt.
    pub(crate) fn metadata(
        &self,
        file_name: Option<&str>,
        now: Timestamp,
    ) -> Result<Metadata, Problem> {
        let mut fields = Fields::new();
        let fallback = || {
            let stem = file_name.map(|name| name.rsplit_once('.').map_or(name, |(stem, _)| stem));
            stem.filter(|stem| !stem.trim().is_empty())
                .map(|stem| stem.chars().take(TITLE_CHARS_MAX).collect())
        };
        let title = match &self.title {
            Some(title) => fields.line("/title", title, TITLE_CHARS_MAX),
            None => fallback().or_else(|| {
                fields.fault("/title", Fault::Required);
                None
            }),
        };
        let kind = self
            .kind
            .as_deref()
            .and_then(|raw| fields.line("/type", raw, TYPE_CHARS_MAX));
        let correspondent = self
            .correspondent
            .as_deref()
            .and_then(|raw| fields.line("/correspondent", raw, CORRESPONDENT_CHARS_MAX));
        let document_date = self
            .document_date
            .as_deref()
            .and_then(|raw| fields.date("/document_date", raw));
        let received_at = match &self.received_at {
            Some(raw) => fields.instant("/received_at", raw).unwrap_or(now),
            None => now,
        };
        let references = fields.lines(
            "/references",
            &self.references,
            REFERENCES_MAX,
            REFERENCE_CHARS_MAX,
        );
        let tags = fields.lines("/tags", &self.tags, TAGS_MAX, TAG_CHARS_MAX);
        let given = given(&mut fields, "", &self.fields);
        if let Some(Err(fault)) = self.password.as_ref().map(Given::read) {
            fields.fault("/password", fault);
        }
        let given: Values = given
            .into_iter()
            .filter_map(|(code, value)| Some((code, value?)))
            .collect();
        fields.done(Metadata {
            title: title.unwrap_or_default(),
            kind,
            direction: self.direction.unwrap_or(if self.is_draft() {
                Direction::Internal
            } else {
                Direction::Incoming
            }),
            channel: self.channel,
            correspondent,
            correspondent_id: self.correspondent_id.map(CorrespondentId::of),
            document_date,
            received_at,
            references,
            tags,
            fields: given,
        })
    }
}

impl DocumentChange {
    /// The change.
    pub(super) fn change(self) -> Result<Change, Problem> {
        let mut fields = Fields::new();
        let mut line = |pointer: &str, raw: Option<Option<String>>, max| {
            raw.map(|raw| raw.and_then(|raw| fields.line(pointer, &raw, max)))
        };
        let title = line("/title", self.title.map(Some), TITLE_CHARS_MAX).flatten();
        let kind = line("/type", self.kind, TYPE_CHARS_MAX);
        let correspondent = line(
            "/correspondent",
            self.correspondent,
            CORRESPONDENT_CHARS_MAX,
        );
        let document_date = self
            .document_date
            .map(|raw| raw.and_then(|raw| fields.date("/document_date", &raw)));
        let received_at = self
            .received_at
            .and_then(|raw| fields.instant("/received_at", &raw));
        let references = self
            .references
            .map(|raw| fields.lines("/references", &raw, REFERENCES_MAX, REFERENCE_CHARS_MAX));
        let tags = self
            .tags
            .map(|raw| fields.lines("/tags", &raw, TAGS_MAX, TAG_CHARS_MAX));
        let given = self.fields.map(|raw| given(&mut fields, "", &raw));
        fields.done(Change {
            title,
            kind,
            direction: self.direction,
            channel: self.channel,
            correspondent,
            correspondent_id: self
                .correspondent_id
                .map(|id| Some(CorrespondentId::of(id))),
            document_date,
            received_at,
            references,
            tags,
            fields: given.unwrap_or_default(),
        })
    }
}

impl Discard {
    /// The reason.
    pub(super) fn reason(&self) -> Result<String, Problem> {
        let mut fields = Fields::new();
        let reason = fields.line("/reason", &self.reason, REASON_CHARS_MAX);
        fields.done(reason.unwrap_or_default())
    }
}
