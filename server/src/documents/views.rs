//! What is told of documents on the wire: a document, its versions, what became of its text.

use std::collections::BTreeMap;

use indexer::extract::Reason;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::batches::wire::BatchView;
use super::components::wire::{LeftOutView, MailView, ParentView};
use super::fields;
use super::formed::DocumentForm;
use super::invoices::InvoiceView;
use super::model::{Channel, Details, Direction, Document, Held, State, TextInfo, Version};
use super::scans::{self, WaitingView};
use super::wire::FieldValue;
use crate::base::{AccountId, CorrespondentId};
use crate::cases::{CaseName, FileName};
use crate::departments::Department;
use crate::files::RetentionView;
use crate::http::Language;

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
    /// What the content is: by its first bytes where these leave no doubt (PDF, JPEG, PNG, TIFF, WebP, RTF, ODF),
    /// else what whoever sent it said.
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
