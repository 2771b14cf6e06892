//! The tables of documents, versions, renditions and blobs, and their states for the log.

use sea_orm::entity::prelude::*;

use super::super::fields::IN_STATE;
use super::super::model::{
    Channel, CivilDate, Cut, Direction, Document, Metadata, Part, Registered, State,
};
use crate::audit::canonical::Object;
use crate::audit::event::{Kind, Subject};
use crate::audit::number;
use crate::base::db::DbError;
use crate::base::{
    AccountId, CaseId, CompartmentId, CorrespondentId, DepartmentId, DocumentId, Timestamp,
    VersionId,
};
use crate::types::{self, Values};

pub(in crate::documents) mod blob {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "blob")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: Vec<u8>,
        pub domain: String,
        pub sha256: Vec<u8>,
        pub sha512: Vec<u8>,
        pub bytes: i64,
        pub stored_bytes: i64,
        pub created_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(in crate::documents) mod blob_key {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "blob_key")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: Vec<u8>,
        pub kek: String,
        pub wrapped: Vec<u8>,
        /// Whose key wraps it; the domain of the blob's row is where it was stored first.
        pub domain: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(in crate::documents) mod document {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "document")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub department_id: Uuid,
        pub state: String,
        pub title: String,
        pub kind: Option<String>,
        pub direction: String,
        pub channel: Option<String>,
        pub correspondent: Option<String>,
        pub document_date: Option<String>,
        pub received_at: i64,
        pub doc_references: String,
        pub tags: String,
        pub content_version: i64,
        pub reason: Option<String>,
        pub created_at: i64,
        pub created_by: Uuid,
        pub changed_at: i64,
        pub changed_by: Uuid,
        pub compartment_id: Option<Uuid>,
        pub case_id: Option<Uuid>,
        pub reference: Option<String>,
        pub ordinal: Option<i64>,
        pub registered_at: Option<i64>,
        pub registered_by: Option<Uuid>,
        pub inbox_id: Option<Uuid>,
        pub correspondent_id: Option<Uuid>,
        /// JSON: values by the codes of their fields.
        pub field_values: Option<String>,
        pub parent_id: Option<Uuid>,
        pub family_id: Option<Uuid>,
        pub taken_from: Option<Uuid>,
        pub position: Option<i64>,
        pub depth: Option<i64>,
        pub part_path: Option<String>,
        /// What this was taken out of is in force no longer: `SUPERSEDED`, or since before that was
        /// recorded.
        pub superseded: i64,
        pub batch_id: Option<Uuid>,
        pub cut_from: Option<Uuid>,
        pub first_page: Option<i64>,
        pub last_page: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// As a row says that it is superseded, and its record with it.
const SUPERSEDED: i64 = 1;

pub(in crate::documents) mod document_tag {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "document_tag")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub document_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub tag: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// By which values documents are found.
pub(in crate::documents) mod document_field {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "document_field")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub document_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub field: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub position: i64,
        pub value: String,
        pub number: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(in crate::documents) mod document_version {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "document_version")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub document_id: Uuid,
        pub number: i64,
        pub blob_name: Vec<u8>,
        pub media_type: String,
        pub file_name: Option<String>,
        pub created_at: i64,
        pub created_by: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(in crate::documents) mod rendition {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "rendition")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub document_version_id: Uuid,
        pub kind: String,
        pub engine: String,
        pub state: String,
        pub reason: Option<String>,
        pub pages: i64,
        pub blob_name: Option<Vec<u8>>,
        pub created_at: i64,
        pub components: Option<i64>,
        pub details: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(in crate::documents) fn at(micros: i64) -> String {
    Timestamp::of_micros(micros).to_string()
}

pub(in crate::documents) fn counted(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// `["a","b"]`: lists are kept as JSON text.
pub(in crate::documents) fn list_text(list: &[String]) -> String {
    serde_json::Value::from(list).to_string()
}

pub(in crate::documents) fn list_of(
    table: &'static str,
    key: Uuid,
    text: &str,
) -> Result<Vec<String>, DbError> {
    serde_json::from_str(text).map_err(|_source| DbError::Corrupt {
        table,
        key: key.to_string(),
        what: "a list is not a list",
    })
}

/// `{"betrag":{"amount":"12.50","currency":"EUR"}}`; nothing where nothing is said.
fn values_text(values: &Values) -> Option<String> {
    let members = values
        .iter()
        .map(|(code, value)| (code.clone(), value.to_json()));
    let object: serde_json::Map<String, serde_json::Value> = members.collect();
    (!object.is_empty()).then(|| serde_json::Value::Object(object).to_string())
}

/// Reads what `values_text` wrote.
fn values_of(text: Option<&str>) -> Option<Values> {
    let Some(text) = text else {
        return Some(Values::new());
    };
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    object
        .iter()
        .map(|(code, json)| Some((code.clone(), types::read_value(json).ok()?)))
        .collect()
}

impl document::Model {
    /// The canonical state: what the record commits to and `verify` computes again.
    pub(in crate::documents) fn state_bytes(&self) -> Vec<u8> {
        let list = |text: &str| serde_json::from_str::<Vec<String>>(text).unwrap_or_default();
        let mut state = Object::new()
            .with_some("batch", self.batch_id.map(|id| id.to_string()))
            .with_some("case", self.case_id.map(|id| id.to_string()))
            .with_some("channel", self.channel.as_deref())
            .with("changed_at", at(self.changed_at))
            .with("changed_by", self.changed_by.to_string())
            .with_some("compartment", self.compartment_id.map(|id| id.to_string()))
            .with("content_version", number(self.content_version))
            .with_some("correspondent", self.correspondent.as_deref())
            .with_some(
                "correspondent_id",
                self.correspondent_id.map(|id| id.to_string()),
            )
            .with("created_at", at(self.created_at))
            .with("created_by", self.created_by.to_string())
            .with_some("cut_from", self.cut_from.map(|id| id.to_string()))
            .with("department", self.department_id.to_string())
            .with_some("depth", self.depth.map(number))
            .with("direction", self.direction.as_str())
            .with_some("document_date", self.document_date.as_deref())
            .with_some("family", self.family_id.map(|id| id.to_string()))
            .with_some("first_page", self.first_page.map(number))
            .with_some("inbox", self.inbox_id.map(|id| id.to_string()))
            .with_some("last_page", self.last_page.map(number))
            .with_some("ordinal", self.ordinal.map(number))
            .with_some("parent", self.parent_id.map(|id| id.to_string()))
            .with_some("path", self.part_path.as_deref())
            .with_some("position", self.position.map(number))
            .with_some("reason", self.reason.as_deref())
            .with("received_at", at(self.received_at))
            .with_some("reference", self.reference.as_deref())
            .with("references", list(&self.doc_references))
            .with_some("registered_at", self.registered_at.map(at))
            .with_some("registered_by", self.registered_by.map(|id| id.to_string()))
            .with("state", self.state.as_str())
            .with_some(
                "superseded",
                (self.superseded == SUPERSEDED).then_some(true),
            )
            .with("tags", list(&self.tags))
            .with_some("taken_from", self.taken_from.map(|id| id.to_string()))
            .with("title", self.title.as_str())
            .with_some("type", self.kind.as_deref());
        // Each field is a member of its own, so that a history says which of them changed.
        let values = values_of(self.field_values.as_deref());
        let all_said = values.is_some_and(|values| {
            values.iter().all(|(code, value)| {
                let name = format!("{IN_STATE}{code}");
                state.insert(&name, value.to_canonical()).is_ok()
            })
        });
        if !all_said {
            // Nothing that our code writes: it must differ from every record.
            state = state.with_some("fields", self.field_values.as_deref());
        }
        state.to_bytes()
    }

    pub(in crate::documents) fn subject(&self) -> Subject {
        Subject {
            kind: Kind::Document,
            id: self.id,
            root: self.id,
            version: counted(self.version),
            state: self.state_bytes(),
            content: None,
        }
    }
}

impl document_version::Model {
    pub(in crate::documents) fn state_bytes(&self, blob: &blob::Model) -> Vec<u8> {
        Object::new()
            .with("bytes", number(blob.bytes))
            .with("created_at", at(self.created_at))
            .with("created_by", self.created_by.to_string())
            .with("document", self.document_id.to_string())
            .with_some("file_name", self.file_name.as_deref())
            .with("media_type", self.media_type.as_str())
            .with("number", number(self.number))
            .with("sha256", hex::encode(&blob.sha256))
            .with("sha512", hex::encode(&blob.sha512))
            .with("stored", hex::encode(&self.blob_name))
            .to_bytes()
    }
}

impl rendition::Model {
    pub(in crate::documents) fn state_bytes(&self) -> Vec<u8> {
        Object::new()
            .with_some("components", self.components.map(number))
            .with("created_at", at(self.created_at))
            .with_some("details", self.details.as_deref())
            .with("document_version", self.document_version_id.to_string())
            .with("engine", self.engine.as_str())
            .with("kind", self.kind.as_str())
            .with("pages", number(self.pages))
            .with_some("reason", self.reason.as_deref())
            .with("state", self.state.as_str())
            .with_some("stored", self.blob_name.as_ref().map(hex::encode))
            .to_bytes()
    }
}

impl TryFrom<document::Model> for Document {
    type Error = DbError;

    #[expect(clippy::too_many_lines, reason = "one row, column by column")]
    fn try_from(row: document::Model) -> Result<Self, DbError> {
        let corrupt = |what| DbError::Corrupt {
            table: "document",
            key: row.id.to_string(),
            what,
        };
        let channel = match &row.channel {
            Some(code) => Some(Channel::parse(code).ok_or(corrupt("the channel is unknown"))?),
            None => None,
        };
        let document_date = match &row.document_date {
            Some(text) => Some(CivilDate::parse(text).ok_or(corrupt("the date is not a date"))?),
            None => None,
        };
        let registered = match (
            row.reference,
            row.ordinal,
            row.registered_at,
            row.registered_by,
        ) {
            (Some(reference), Some(ordinal), Some(at), Some(by)) => Some(Registered {
                reference,
                ordinal: counted(ordinal),
                at: Timestamp::of_micros(at),
                by: AccountId::of(by),
            }),
            (_, _, _, _) => None,
        };
        let part = match (
            row.parent_id,
            row.family_id,
            row.taken_from,
            row.position,
            row.depth,
        ) {
            (Some(parent), Some(family), Some(taken_from), Some(position), Some(depth)) => {
                Some(Part {
                    parent: DocumentId::of(parent),
                    family: DocumentId::of(family),
                    taken_from: VersionId::of(taken_from),
                    position: counted(position),
                    depth: counted(depth),
                    path: row.part_path,
                    superseded: row.superseded != 0,
                })
            }
            (None, None, None, None, None) => None,
            (_, _, _, _, _) => return Err(corrupt("it is half a component")),
        };
        let page = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        let cut = match (row.batch_id, row.cut_from, row.first_page, row.last_page) {
            (Some(batch), Some(version), Some(first), Some(last)) => Some(Cut {
                batch: DocumentId::of(batch),
                version: VersionId::of(version),
                first: page(first),
                last: page(last),
            }),
            (None, None, None, None) => None,
            (_, _, _, _) => return Err(corrupt("it is half a part of a batch")),
        };
        Ok(Self {
            part,
            cut,
            id: DocumentId::of(row.id),
            version: counted(row.version),
            department: DepartmentId::of(row.department_id),
            compartment: row.compartment_id.map(CompartmentId::of),
            state: State::parse(&row.state).ok_or(corrupt("the state is unknown"))?,
            metadata: Metadata {
                direction: Direction::parse(&row.direction)
                    .ok_or(corrupt("the direction is unknown"))?,
                fields: values_of(row.field_values.as_deref())
                    .ok_or(corrupt("its fields cannot be read"))?,
                references: list_of("document", row.id, &row.doc_references)?,
                tags: list_of("document", row.id, &row.tags)?,
                title: row.title,
                kind: row.kind,
                channel,
                correspondent: row.correspondent,
                correspondent_id: row.correspondent_id.map(CorrespondentId::of),
                document_date,
                received_at: Timestamp::of_micros(row.received_at),
            },
            reason: row.reason,
            case: row.case_id.map(CaseId::of),
            registered,
            inbox: row.inbox_id.map(AccountId::of),
            content_version: counted(row.content_version),
            created_at: Timestamp::of_micros(row.created_at),
            created_by: AccountId::of(row.created_by),
            changed_at: Timestamp::of_micros(row.changed_at),
            changed_by: AccountId::of(row.changed_by),
        })
    }
}

impl From<&Document> for document::Model {
    fn from(document: &Document) -> Self {
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let metadata = &document.metadata;
        let registered = document.registered.as_ref();
        let part = document.part.as_ref();
        Self {
            id: document.id.raw(),
            parent_id: part.map(|one| one.parent.raw()),
            family_id: part.map(|one| one.family.raw()),
            taken_from: part.map(|one| one.taken_from.raw()),
            position: part.map(|one| signed(one.position)),
            depth: part.map(|one| signed(one.depth)),
            part_path: part.and_then(|one| one.path.clone()),
            superseded: if part.is_some_and(|one| one.superseded) {
                SUPERSEDED
            } else {
                0
            },
            batch_id: document.cut.map(|one| one.batch.raw()),
            cut_from: document.cut.map(|one| one.version.raw()),
            first_page: document.cut.map(|one| i64::from(one.first)),
            last_page: document.cut.map(|one| i64::from(one.last)),
            case_id: document.case.map(CaseId::raw),
            reference: registered.map(|one| one.reference.clone()),
            ordinal: registered.map(|one| signed(one.ordinal)),
            registered_at: registered.map(|one| one.at.micros()),
            registered_by: registered.map(|one| one.by.raw()),
            inbox_id: document.inbox.map(AccountId::raw),
            version: signed(document.version),
            department_id: document.department.raw(),
            compartment_id: document.compartment.map(CompartmentId::raw),
            state: document.state.code().to_owned(),
            title: metadata.title.clone(),
            kind: metadata.kind.clone(),
            direction: metadata.direction.code().to_owned(),
            channel: metadata.channel.map(|channel| channel.code().to_owned()),
            correspondent: metadata.correspondent.clone(),
            correspondent_id: metadata.correspondent_id.map(CorrespondentId::raw),
            document_date: metadata.document_date.map(|date| date.to_string()),
            received_at: metadata.received_at.micros(),
            doc_references: list_text(&metadata.references),
            tags: list_text(&metadata.tags),
            field_values: values_text(&metadata.fields),
            content_version: signed(document.content_version),
            reason: document.reason.clone(),
            created_at: document.created_at.micros(),
            created_by: document.created_by.raw(),
            changed_at: document.changed_at.micros(),
            changed_by: document.changed_by.raw(),
        }
    }
}
