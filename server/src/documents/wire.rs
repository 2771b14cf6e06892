//! Documents on the wire: what is asked, and how it becomes a command: all faults at once. What is told stands in `views`.

use std::collections::BTreeMap;

use indexer::extract::Password;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::{
    CORRESPONDENT_CHARS_MAX, Change, Channel, Direction, Metadata, REASON_CHARS_MAX,
    REFERENCE_CHARS_MAX, REFERENCES_MAX, TAG_CHARS_MAX, TAGS_MAX, TITLE_CHARS_MAX, TYPE_CHARS_MAX,
};
use super::passwords::Given;
use crate::base::{CorrespondentId, Timestamp};
use crate::http::gather::{Fields, present};
use crate::http::{Fault, Problem};
use crate::types::{self, FIELDS_GIVEN_MAX, Value, Values};

pub(crate) use super::views::{DocumentView, Duplicate, TextView, VersionView};

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
