//! Changes of many documents on the wire.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Bulk, DOCUMENTS_MAX, Said};
use crate::base::{CorrespondentId, DocumentId};
use crate::documents::fields::{self, Led};
use crate::documents::listing::ListFilter;
use crate::documents::model::{
    CORRESPONDENT_CHARS_MAX, Channel, CivilDate, Direction, Document, Metadata, TAG_CHARS_MAX,
    TAGS_MAX, TITLE_CHARS_MAX, TYPE_CHARS_MAX,
};
use crate::documents::wire::given;
use crate::http::gather::{Fields, not_null, present};
use crate::http::problem::ProblemBody;
use crate::http::{Fault, Problem, text};
use crate::types::{Field, Value};

/// Longest login of an account, in characters.
const LOGIN_CHARS_MAX: usize = 100;

/// What shall change in each document. `inbox` stands alone. A registered document keeps all but its tags.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::option_option,
    reason = "missing, null and a value are three things"
)]
#[schema(example = json!({"type": "Antrag", "add_tags": ["Parken"], "remove_tags": ["Eilt"]}))]
pub(in crate::documents) struct BulkChange {
    /// Betreff, the same for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 300)]
    title: Option<String>,
    /// Richtung.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    direction: Option<Direction>,
    /// Eingangskanal; null: none.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Channel>)]
    channel: Option<Option<Channel>>,
    /// Datum des Schreibens; null: none.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    document_date: Option<Option<String>>,
    /// What stands in fields from now on; null takes a value away, and what is not named stays.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    fields: BTreeMap<String, serde_json::Value>,
    /// A document type; null: none.
    #[serde(
        rename = "type",
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>, max_length = 100)]
    kind: Option<Option<String>>,
    /// Tags that each gets.
    #[schema(max_items = 50)]
    add_tags: Vec<String>,
    /// Tags that each loses.
    #[schema(max_items = 50)]
    remove_tags: Vec<String>,
    /// Absender or recipient; null: none.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 200)]
    correspondent: Option<Option<String>>,
    /// Who that is; alone, it brings its name along.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    correspondent_id: Option<Uuid>,
    /// Login or id of the account in whose inbox they go; null: that of their department.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 100)]
    inbox: Option<Option<String>>,
}

impl BulkChange {
    /// The change.
    pub(super) fn read(&self) -> Result<Bulk, Problem> {
        let mut fields = Fields::new();
        let mut line = |pointer: &str, raw: &Option<Option<String>>, max| {
            raw.as_ref().map(|raw| {
                raw.as_deref()
                    .and_then(|raw| fields.line(pointer, raw, max))
            })
        };
        let kind = line("/change/type", &self.kind, TYPE_CHARS_MAX);
        let correspondent = line(
            "/change/correspondent",
            &self.correspondent,
            CORRESPONDENT_CHARS_MAX,
        );
        let inbox = line("/change/inbox", &self.inbox, LOGIN_CHARS_MAX);
        let title = line(
            "/change/title",
            &self.title.clone().map(Some),
            TITLE_CHARS_MAX,
        );
        let document_date = self.document_date.as_ref().map(|raw| {
            let raw = raw.as_deref();
            raw.and_then(|raw| fields.date("/change/document_date", raw))
        });
        let said_in_fields = given(&mut fields, "/change", &self.fields);
        let add_tags = fields.lines("/change/add_tags", &self.add_tags, TAGS_MAX, TAG_CHARS_MAX);
        let pointer = "/change/remove_tags";
        let remove_tags = fields.lines(pointer, &self.remove_tags, TAGS_MAX, TAG_CHARS_MAX);
        let said = Said {
            title: title.flatten(),
            direction: self.direction,
            channel: self.channel,
            document_date,
            fields: said_in_fields,
            kind,
            add_tags,
            remove_tags,
            correspondent,
            correspondent_id: self.correspondent_id.map(CorrespondentId::of),
        };
        let says = said != Said::default();
        let said = Bulk::Metadata(Box::new(said));
        let rule = |code, detail| Fault::Rule { code, detail };
        match inbox {
            Some(_) if says => {
                let detail = text(
                    "Der Postkorb wird für sich allein geändert.",
                    "The inbox is changed on its own.",
                );
                fields.fault("/change/inbox", rule("alone", detail));
                fields.done(said)
            }
            Some(inbox) => fields.done(Bulk::Inbox(inbox)),
            None if says => fields.done(said),
            None => {
                let detail = text("Es würde sich nichts ändern.", "Nothing would change.");
                fields.fault("/change", rule("unchanged", detail));
                fields.done(said)
            }
        }
    }
}

/// Which documents are meant, and what shall change. Exactly one of `ids` and `filter` is given.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"filter": {"type": ["Antag"]}, "change": {"type": "Antrag"}}))]
pub(in crate::documents) struct BulkRequest {
    /// The documents, at most 200: those that a search found, for instance.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, max_items = 200)]
    ids: Option<Vec<Uuid>>,
    /// All documents that a list with this filter has, if these are at most 200.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    filter: Option<ListFilter>,
    /// What their fields must hold, beside the filter: as `field.CODE` in a list.
    #[serde(default)]
    fields: BTreeMap<String, Vec<String>>,
    /// What shall change in each.
    pub(super) change: BulkChange,
}

/// Which documents.
#[derive(Debug)]
pub(super) enum Chosen<'r> {
    /// These.
    Ids(Vec<DocumentId>),
    /// What a list has.
    Filter(&'r ListFilter, Vec<(String, String)>),
}

impl BulkRequest {
    /// What is meant.
    pub(super) fn chosen(&self) -> Result<Chosen<'_>, Problem> {
        let mut fields = Fields::new();
        match (&self.ids, &self.filter) {
            (Some(ids), None) if self.fields.is_empty() => {
                if ids.len() > DOCUMENTS_MAX {
                    fields.fault("/ids", Fault::TooMany { max: 200 });
                }
                let mut ids: Vec<_> = ids.iter().copied().map(DocumentId::of).collect();
                ids.sort_unstable();
                ids.dedup();
                fields.done(Chosen::Ids(ids))
            }
            (None, Some(filter)) => {
                let by_field = self
                    .fields
                    .iter()
                    .flat_map(|(code, all)| all.iter().map(move |one| (code.clone(), one.clone())));
                Ok(Chosen::Filter(filter, by_field.collect()))
            }
            (_, _) => {
                let (code, detail) = (
                    "one-choice",
                    text(
                        "Genau eines von ids und filter angeben; fields nur zu filter.",
                        "Give exactly one of ids and filter, and fields with filter only.",
                    ),
                );
                fields.fault("", Fault::Rule { code, detail });
                fields.done(Chosen::Ids(Vec::new()))
            }
        }
    }
}

/// A document in the version that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DocumentVersionName)]
pub(in crate::documents) struct Exactly {
    /// Its id.
    pub(super) id: Uuid,
    /// Its version.
    pub(super) version: u64,
}

/// One field of a document before and after.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct BulkField {
    /// The field.
    #[schema(example = "tags")]
    field: String,
    /// What it says now; absent where it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<serde_json::Value>,
    /// What it would say.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<serde_json::Value>,
}

impl BulkField {
    /// What differs by this change. Whether a new correspondent would be made is not told: who it is only where the
    /// change names it. Nor is what leads to something that is not among `known`. What stands in a choice is told as
    /// the document itself tells it.
    pub(super) fn between(
        change: &BulkChange,
        (before, after): (&Document, &Document),
        (known, choices): (&Led, &[Field]),
    ) -> Vec<Self> {
        let text = |text: &Option<String>| text.clone().map(serde_json::Value::from);
        let tags = |tags: &[String]| Some(serde_json::Value::from(tags));
        let inbox = |one: &Document| one.inbox.map(|id| id.to_string().into());
        let places = ("inbox", inbox(before), inbox(after));
        let (before, after) = (&before.metadata, &after.metadata);
        let date = |date: &Option<CivilDate>| date.map(|date| date.to_string().into());
        let channel = |one: &Metadata| one.channel.map(|one| one.code().into());
        let named = change.correspondent_id.is_some();
        let correspondent = |one: &Metadata| {
            let id = one.correspondent_id.filter(|_| named);
            id.map(|id| id.to_string().into())
        };
        let fields = [
            (
                "title",
                Some(before.title.as_str().into()),
                Some(after.title.as_str().into()),
            ),
            (
                "direction",
                Some(before.direction.code().into()),
                Some(after.direction.code().into()),
            ),
            ("channel", channel(before), channel(after)),
            (
                "document_date",
                date(&before.document_date),
                date(&after.document_date),
            ),
            ("type", text(&before.kind), text(&after.kind)),
            (
                "correspondent",
                text(&before.correspondent),
                text(&after.correspondent),
            ),
            (
                "correspondent_id",
                correspondent(before),
                correspondent(after),
            ),
            ("tags", tags(&before.tags), tags(&after.tags)),
            places,
        ];
        let differs = |(field, from, to): (&str, Option<serde_json::Value>, Option<_>)| {
            let field = field.to_owned();
            (from != to).then_some(Self { field, from, to })
        };
        let mut all: Vec<Self> = fields.into_iter().filter_map(differs).collect();
        let codes: BTreeSet<&String> = before.fields.keys().chain(after.fields.keys()).collect();
        for code in codes {
            let (from, to) = (before.fields.get(code), after.fields.get(code));
            let told = |value: Option<&Value>| {
                let told = value.filter(|value| fields::is_told(value, known));
                told.map(|value| fields::as_now(choices, code, value))
            };
            if from != to {
                all.push(Self {
                    field: format!("fields.{code}"),
                    from: told(from),
                    // What shall stand there was said by whoever asks.
                    to: to.map(Value::to_json),
                });
            }
        }
        all
    }
}

/// What would become of a document.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BulkEffect {
    /// The document.
    pub(super) id: Uuid,
    /// The version that was looked at; absent where it is not there, or not for you.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) version: Option<u64>,
    /// What would change. Empty where nothing would, or it is refused.
    pub(super) changes: Vec<BulkField>,
    /// Why it would be refused, or that nothing would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) refusal: Option<ProblemBody>,
}

/// What a change of many documents would do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BulkPreview {
    /// What would become of each.
    pub(super) items: Vec<BulkEffect>,
    /// Those that would change, in the version that was looked at: send them back to have it done.
    pub(super) documents: Vec<Exactly>,
    /// Binds `documents` and `change` to you and to this preview.
    pub(super) token: String,
}

/// Whether one refusal stands against all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::documents) enum BulkMode {
    /// All or none.
    All,
    /// Each by itself.
    Each,
}

/// A previewed change, to be done.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"token": "4QzI…", "mode": "each", "change": {"type": "Antrag"},
    "documents": [{"id": "01922f3c-0000-7000-8000-000000000000", "version": 3}]}))]
pub(in crate::documents) struct BulkApply {
    /// The token of the preview.
    #[schema(max_length = 2048)]
    pub(super) token: String,
    /// Whether one refusal stands against all.
    pub(super) mode: BulkMode,
    /// The change that was previewed.
    pub(super) change: BulkChange,
    /// The documents that the preview named.
    #[schema(max_items = 200)]
    pub(super) documents: Vec<Exactly>,
}

/// What became of a document.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BulkResult {
    /// The document.
    pub(super) id: Uuid,
    /// Its version now; absent where it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) version: Option<u64>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) refusal: Option<ProblemBody>,
}

/// What became of all.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BulkResults {
    /// In the order of `documents`.
    pub(super) items: Vec<BulkResult>,
}
