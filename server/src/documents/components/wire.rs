//! Components and mails on the wire.

use indexer::extract::{Address, Mail, Reason};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::base::Timestamp;
use crate::documents::model::{Document, LeftOut, Parent};
use crate::documents::wire::DocumentView;
use crate::http::Language;

/// What a component was taken out of.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Parent)]
pub(crate) struct ParentView {
    /// The document.
    pub id: Uuid,
    /// Its Betreff.
    pub title: String,
    /// Geschäftszeichen of the outermost document, once that is registered: under it the component is
    /// found.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reference: Option<String>,
    /// The number of the version out of which it was taken.
    #[schema(minimum = 1)]
    pub version: u64,
    /// The component's place in it.
    #[schema(minimum = 1)]
    pub position: u64,
    /// What it is called there, with its folders.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Unterlagen/Bescheid.pdf")]
    pub path: Option<String>,
}

impl ParentView {
    pub(crate) fn of(document: &Document, parent: Option<&Parent>) -> Option<Self> {
        let (part, parent) = (document.part.as_ref()?, parent?);
        Some(Self {
            id: parent.id.raw(),
            title: parent.title.clone(),
            reference: parent.reference.clone(),
            version: parent.version,
            position: part.position,
            path: part.path.clone(),
        })
    }
}

/// What a mail says of itself. Nobody has checked it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Mail)]
pub(crate) struct MailView {
    /// Who wrote it.
    from: Vec<AddressView>,
    /// To whom.
    to: Vec<AddressView>,
    /// To whom else.
    cc: Vec<AddressView>,
    /// What about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    subject: Option<String>,
    /// When it was sent, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    sent_at: Option<String>,
    /// What it calls itself, without angle brackets.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "20260302.1234@stadtwerke.example")]
    message_id: Option<String>,
    /// What those that it answers call themselves.
    in_reply_to: Vec<String>,
}

/// Somebody in a field of a mail.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = MailAddress)]
pub(crate) struct AddressView {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<String>,
    /// The address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    address: Option<String>,
}

impl MailView {
    pub(crate) fn of(mail: &Mail) -> Self {
        let people = |all: &[Address]| {
            let all = all.iter().map(|one| AddressView {
                name: one.name.clone(),
                address: one.address.clone(),
            });
            all.collect()
        };
        let sent = mail.sent.and_then(|seconds| seconds.checked_mul(1_000_000));
        Self {
            from: people(&mail.from),
            to: people(&mail.to),
            cc: people(&mail.cc),
            subject: mail.subject.clone(),
            sent_at: sent.map(|micros| Timestamp::of_micros(micros).to_string()),
            message_id: mail.message_id.clone(),
            in_reply_to: mail.in_reply_to.clone(),
        }
    }
}

/// Something that was not taken out: it stands in the original only.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = LeftOut)]
pub(crate) struct LeftOutView {
    /// Its name.
    name: String,
    /// Why, for programs.
    #[schema(example = "parts_encrypted")]
    reason: String,
    /// Why, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    explanation: Option<&'static str>,
}

impl LeftOutView {
    pub(crate) fn of(one: &LeftOut, language: Language) -> Self {
        let reason = Reason::from_name(&one.reason);
        Self {
            name: one.name.clone(),
            reason: one.reason.clone(),
            explanation: reason.map(|reason| match language {
                Language::German => reason.german(),
                Language::English => reason.english(),
            }),
        }
    }
}

/// A page of components.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ComponentPage {
    /// The components, in the order of the document.
    pub(super) items: Vec<DocumentView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) next_cursor: Option<String>,
    /// How many there are in all; only where `count=true` was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) total: Option<u64>,
}
