//! Rows of documents, versions, renditions and blobs.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{ExprTrait, OnConflict, Query};
use sea_orm::{ActiveValue::Set, QueryOrder, QuerySelect};
use storage::{Blob, KeyDomain, WrappedKey};

use super::model::{
    Channel, CivilDate, Direction, Document, Kept, Metadata, Registered, State, TextInfo, Version,
};
use crate::audit::canonical::Object;
use crate::audit::event::{Kind, Subject};
use crate::audit::number;
use crate::base::db::{DbError, sql};
use crate::base::{
    AccountId, CaseId, CompartmentId, DepartmentId, DocumentId, FileId, Timestamp, VersionId,
};
use crate::unit::Unit;

pub(super) mod blob {
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

pub(super) mod blob_key {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "blob_key")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: Vec<u8>,
        pub kek: String,
        pub wrapped: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod document {
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
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod document_tag {
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

pub(super) mod document_version {
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

pub(super) mod rendition {
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
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

fn at(micros: i64) -> String {
    Timestamp::of_micros(micros).to_string()
}

fn counted(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// `["a","b"]`: lists are kept as JSON text.
fn list_text(list: &[String]) -> String {
    serde_json::Value::from(list).to_string()
}

fn list_of(table: &'static str, key: Uuid, text: &str) -> Result<Vec<String>, DbError> {
    serde_json::from_str(text).map_err(|_source| DbError::Corrupt {
        table,
        key: key.to_string(),
        what: "a list is not a list",
    })
}

impl document::Model {
    /// The canonical state: what the record commits to and `verify` computes again.
    pub(super) fn state_bytes(&self) -> Vec<u8> {
        let list = |text: &str| serde_json::from_str::<Vec<String>>(text).unwrap_or_default();
        Object::new()
            .with_some("case", self.case_id.map(|id| id.to_string()))
            .with_some("channel", self.channel.as_deref())
            .with("changed_at", at(self.changed_at))
            .with("changed_by", self.changed_by.to_string())
            .with_some("compartment", self.compartment_id.map(|id| id.to_string()))
            .with("content_version", number(self.content_version))
            .with_some("correspondent", self.correspondent.as_deref())
            .with("created_at", at(self.created_at))
            .with("created_by", self.created_by.to_string())
            .with("department", self.department_id.to_string())
            .with("direction", self.direction.as_str())
            .with_some("document_date", self.document_date.as_deref())
            .with_some("inbox", self.inbox_id.map(|id| id.to_string()))
            .with_some("ordinal", self.ordinal.map(number))
            .with_some("reason", self.reason.as_deref())
            .with("received_at", at(self.received_at))
            .with_some("reference", self.reference.as_deref())
            .with("references", list(&self.doc_references))
            .with_some("registered_at", self.registered_at.map(at))
            .with_some("registered_by", self.registered_by.map(|id| id.to_string()))
            .with("state", self.state.as_str())
            .with("tags", list(&self.tags))
            .with("title", self.title.as_str())
            .with_some("type", self.kind.as_deref())
            .to_bytes()
    }

    fn subject(&self) -> Subject {
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
    pub(super) fn state_bytes(&self, blob: &blob::Model) -> Vec<u8> {
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
    pub(super) fn state_bytes(&self) -> Vec<u8> {
        Object::new()
            .with("created_at", at(self.created_at))
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
        Ok(Self {
            id: DocumentId::of(row.id),
            version: counted(row.version),
            department: DepartmentId::of(row.department_id),
            compartment: row.compartment_id.map(CompartmentId::of),
            state: State::parse(&row.state).ok_or(corrupt("the state is unknown"))?,
            metadata: Metadata {
                direction: Direction::parse(&row.direction)
                    .ok_or(corrupt("the direction is unknown"))?,
                references: list_of("document", row.id, &row.doc_references)?,
                tags: list_of("document", row.id, &row.tags)?,
                title: row.title,
                kind: row.kind,
                channel,
                correspondent: row.correspondent,
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
        Self {
            id: document.id.raw(),
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
            document_date: metadata.document_date.map(|date| date.to_string()),
            received_at: metadata.received_at.micros(),
            doc_references: list_text(&metadata.references),
            tags: list_text(&metadata.tags),
            content_version: signed(document.content_version),
            reason: document.reason.clone(),
            created_at: document.created_at.micros(),
            created_by: document.created_by.raw(),
            changed_at: document.changed_at.micros(),
            changed_by: document.changed_by.raw(),
        }
    }
}

/// Adds a document.
pub(super) async fn insert(unit: &mut Unit, new: &Document) -> Result<(), DbError> {
    let row = document::Model::from(new);
    let subject = row.subject();
    let active = document::ActiveModel::from(row).reset_all();
    document::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    write_tags(unit, new.id, &new.metadata.tags).await?;
    unit.changed(subject);
    Ok(())
}

/// Writes the next version of a document; refuses one that has moved on.
pub(super) async fn save(
    unit: &mut Unit,
    changed: &Document,
    before: &Document,
) -> Result<(), DbError> {
    let row = document::Model::from(changed);
    let subject = row.subject();
    let (id, old) = (row.id, i64::try_from(before.version).unwrap_or(i64::MAX));
    let mut active = document::ActiveModel::from(row).reset_all();
    active.id = sea_orm::ActiveValue::NotSet;
    let done = document::Entity::update_many()
        .set(active)
        .filter(document::Column::Id.eq(id))
        .filter(document::Column::Version.eq(old))
        .exec(unit.tx())
        .await?;
    if done.rows_affected != 1 {
        return Err(DbError::Stale);
    }
    if changed.metadata.tags != before.metadata.tags {
        let old_tags = document_tag::Column::DocumentId.eq(id);
        document_tag::Entity::delete_many()
            .filter(old_tags)
            .exec(unit.tx())
            .await?;
        write_tags(unit, changed.id, &changed.metadata.tags).await?;
    }
    unit.changed(subject);
    Ok(())
}

pub(super) async fn write_tags(
    unit: &Unit,
    id: DocumentId,
    tags: &[String],
) -> Result<(), DbError> {
    if tags.is_empty() {
        return Ok(());
    }
    let rows = tags.iter().map(|tag| document_tag::ActiveModel {
        document_id: Set(id.raw()),
        tag: Set(tag.clone()),
    });
    document_tag::Entity::insert_many(rows)
        .exec_without_returning(unit.tx())
        .await?;
    Ok(())
}

/// Adds a version whose blob is known.
pub(super) async fn insert_version(
    unit: &mut Unit,
    new: &Version,
    held: &blob::Model,
) -> Result<(), DbError> {
    let row = document_version::Model {
        id: new.id.raw(),
        version: 1,
        document_id: new.document.raw(),
        number: i64::try_from(new.number).unwrap_or(i64::MAX),
        blob_name: held.name.clone(),
        media_type: new.media_type.clone(),
        file_name: new.file_name.clone(),
        created_at: new.created_at.micros(),
        created_by: new.created_by.raw(),
    };
    let subject = Subject {
        kind: Kind::DocumentVersion,
        id: row.id,
        root: row.document_id,
        version: 1,
        state: row.state_bytes(held),
        content: Some(blob_claim(held)),
    };
    let active = document_version::ActiveModel::from(row).reset_all();
    document_version::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    unit.changed(subject);
    Ok(())
}

fn blob_claim(held: &blob::Model) -> crate::audit::BlobClaim {
    let digest = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).unwrap_or_default();
    crate::audit::BlobClaim {
        content: digest(&held.sha256),
        length: counted(held.bytes),
        stored: digest(&held.name),
    }
}

/// Adds a rendition of a version of `document`.
pub(super) async fn insert_rendition(
    unit: &mut Unit,
    document: DocumentId,
    row: rendition::Model,
    held: Option<&blob::Model>,
) -> Result<(), DbError> {
    let subject = Subject {
        kind: Kind::Rendition,
        id: row.id,
        root: document.raw(),
        version: 1,
        state: row.state_bytes(),
        content: held.map(blob_claim),
    };
    let active = rendition::ActiveModel::from(row).reset_all();
    rendition::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    unit.changed(subject);
    Ok(())
}

/// Adds a blob that is stored; the same name twice is the same blob.
pub(super) async fn insert_blob(unit: &Unit, kept: &Kept) -> Result<blob::Model, DbError> {
    let row = blob::Model {
        name: kept.blob.name.as_bytes().to_vec(),
        domain: kept.blob.domain.as_str().to_owned(),
        sha256: kept.content.sha256.as_bytes().to_vec(),
        sha512: kept.content.sha512.as_bytes().to_vec(),
        bytes: i64::try_from(kept.content.bytes).unwrap_or(i64::MAX),
        stored_bytes: i64::try_from(kept.stored_bytes).unwrap_or(i64::MAX),
        created_at: unit.now().micros(),
    };
    let key = blob_key::ActiveModel {
        name: Set(row.name.clone()),
        kek: Set(kept.blob.key.kek.clone()),
        wrapped: Set(kept.blob.key.bytes.clone()),
    };
    let active = blob::ActiveModel::from(row.clone()).reset_all();
    blob::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    blob_key::Entity::insert(key)
        .on_conflict(
            OnConflict::column(blob_key::Column::Name)
                .do_nothing()
                .to_owned(),
        )
        .exec_without_returning(unit.tx())
        .await?;
    Ok(row)
}

/// A blob with this content in this key domain, if it is stored already.
pub(super) async fn blob_with_content(
    on: &impl ConnectionTrait,
    sha256: &[u8],
    domain: &KeyDomain,
) -> Result<Option<blob::Model>, DbError> {
    Ok(blob::Entity::find()
        .filter(blob::Column::Sha256.eq(sha256.to_vec()))
        .filter(blob::Column::Domain.eq(domain.as_str()))
        .order_by_desc(blob::Column::CreatedAt)
        .one(on)
        .await?)
}

/// A blob with its key, ready to be opened.
pub(super) async fn blob_to_open(
    on: &impl ConnectionTrait,
    name: &[u8],
) -> Result<Option<Blob>, DbError> {
    let Some(row) = blob::Entity::find_by_id(name.to_vec()).one(on).await? else {
        return Ok(None);
    };
    let Some(key) = blob_key::Entity::find_by_id(name.to_vec()).one(on).await? else {
        return Ok(None);
    };
    Ok(Some(open_blob(row, key)?))
}

fn open_blob(row: blob::Model, key: blob_key::Model) -> Result<Blob, DbError> {
    let corrupt = || DbError::Corrupt {
        table: "blob",
        key: hex::encode(&row.name),
        what: "a digest has the wrong length",
    };
    let name = <[u8; 32]>::try_from(row.name.as_slice()).map_err(|_source| corrupt())?;
    Ok(Blob {
        name: storage::Sha256Digest(name),
        domain: KeyDomain::parse(&row.domain)?,
        content_bytes: counted(row.bytes),
        key: WrappedKey {
            kek: key.kek,
            bytes: key.wrapped,
        },
    })
}

/// A document, whoever asks: the caller has the right already or checks it next.
pub(super) async fn find(
    on: &impl ConnectionTrait,
    id: DocumentId,
) -> Result<Option<Document>, DbError> {
    let row = document::Entity::find_by_id(id.raw()).one(on).await?;
    row.map(Document::try_from).transpose()
}

/// A document for changing it: on PostgreSQL the row is locked.
pub(super) async fn find_to_change(
    unit: &Unit,
    id: DocumentId,
) -> Result<Option<Document>, DbError> {
    let row = document::Entity::find_by_id(id.raw())
        .lock_exclusive()
        .one(unit.tx())
        .await?;
    row.map(Document::try_from).transpose()
}

fn version_of(row: document_version::Model, held: &blob::Model) -> Result<Version, DbError> {
    let corrupt = || DbError::Corrupt {
        table: "blob",
        key: hex::encode(&held.name),
        what: "a digest has the wrong length",
    };
    Ok(Version {
        id: VersionId::of(row.id),
        document: DocumentId::of(row.document_id),
        number: counted(row.number),
        media_type: row.media_type,
        file_name: row.file_name,
        sha256: held
            .sha256
            .as_slice()
            .try_into()
            .map_err(|_source| corrupt())?,
        sha512: held
            .sha512
            .as_slice()
            .try_into()
            .map_err(|_source| corrupt())?,
        bytes: counted(held.bytes),
        created_at: Timestamp::of_micros(row.created_at),
        created_by: AccountId::of(row.created_by),
    })
}

/// The versions of the documents, each with the name of its blob: all of them, by document and
/// number.
pub(super) async fn versions(
    on: &impl ConnectionTrait,
    documents: &[DocumentId],
) -> Result<Vec<(Version, Vec<u8>)>, DbError> {
    let ids = documents.iter().map(|id| id.raw());
    let rows = document_version::Entity::find()
        .filter(document_version::Column::DocumentId.is_in(ids))
        .order_by_asc(document_version::Column::DocumentId)
        .order_by_asc(document_version::Column::Number)
        .all(on)
        .await?;
    let names = rows.iter().map(|row| row.blob_name.clone());
    let blobs = blob::Entity::find()
        .filter(blob::Column::Name.is_in(names))
        .all(on)
        .await?;
    let blobs: std::collections::HashMap<_, _> = blobs
        .into_iter()
        .map(|blob| (blob.name.clone(), blob))
        .collect();
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let name = row.blob_name.clone();
        let held = blobs.get(&name).ok_or_else(|| DbError::Corrupt {
            table: "document_version",
            key: row.id.to_string(),
            what: "its blob has no row",
        })?;
        all.push((version_of(row, held)?, name));
    }
    Ok(all)
}

/// One version by its id, with the name of its blob.
pub(super) async fn version(
    on: &impl ConnectionTrait,
    id: VersionId,
) -> Result<Option<(Version, Vec<u8>)>, DbError> {
    let Some(row) = document_version::Entity::find_by_id(id.raw())
        .one(on)
        .await?
    else {
        return Ok(None);
    };
    let name = row.blob_name.clone();
    let held = blob::Entity::find_by_id(name.clone()).one(on).await?;
    let held = held.ok_or_else(|| DbError::Corrupt {
        table: "document_version",
        key: row.id.to_string(),
        what: "its blob has no row",
    })?;
    Ok(Some((version_of(row, &held)?, name)))
}

/// The newest text of each of the versions, with the name of its blob.
pub(super) async fn texts(
    on: &impl ConnectionTrait,
    versions: &[VersionId],
) -> Result<Vec<(VersionId, TextInfo, Option<Vec<u8>>)>, DbError> {
    let rows = rendition::Entity::find()
        .filter(rendition::Column::DocumentVersionId.is_in(versions.iter().map(|id| id.raw())))
        .filter(rendition::Column::Kind.eq("text"))
        .order_by_asc(rendition::Column::DocumentVersionId)
        .order_by_asc(rendition::Column::CreatedAt)
        .order_by_asc(rendition::Column::Id)
        .all(on)
        .await?;
    let mut newest: Vec<(VersionId, TextInfo, Option<Vec<u8>>)> = Vec::new();
    for row in rows {
        let id = VersionId::of(row.document_version_id);
        let info = TextInfo {
            state: row.state,
            reason: row.reason,
            pages: counted(row.pages),
            engine: row.engine,
        };
        match newest.last_mut() {
            Some(last) if last.0 == id => *last = (id, info, row.blob_name),
            _ => newest.push((id, info, row.blob_name)),
        }
    }
    Ok(newest)
}

/// The blob of a version, as a part of another query.
pub(super) fn blob_of(version: VersionId) -> Expr {
    let name = Query::select()
        .column(document_version::Column::BlobName)
        .from(document_version::Entity)
        .and_where(document_version::Column::Id.eq(version.raw()))
        .to_owned();
    Expr::SubQuery(None, Box::new(name.into()))
}

/// Other documents that have, or had, this blob and fulfil `visible`.
pub(super) async fn with_content(
    on: &impl ConnectionTrait,
    blob_name: Expr,
    except: DocumentId,
    visible: sea_orm::Condition,
    limit: u64,
) -> Result<Vec<Document>, DbError> {
    let same = Query::select()
        .column(document_version::Column::DocumentId)
        .from(document_version::Entity)
        .and_where(ExprTrait::eq(
            document_version::Column::BlobName.into_expr(),
            blob_name,
        ))
        .to_owned();
    let rows = document::Entity::find()
        .filter(visible)
        .filter(document::Column::Id.in_subquery(same))
        .filter(document::Column::Id.ne(except.raw()))
        .order_by_asc(document::Column::Id)
        .limit(limit)
        .all(on)
        .await?;
    rows.into_iter().map(Document::try_from).collect()
}

/// Documents whose first version has this blob and came under this name; oldest first.
pub(super) async fn begun_with(
    on: &impl ConnectionTrait,
    blob_name: &[u8],
    file_name: &str,
) -> Result<Vec<Document>, DbError> {
    let rows = document::Entity::find()
        .filter(
            document::Column::Id.in_subquery(
                sea_orm::sea_query::Query::select()
                    .column(document_version::Column::DocumentId)
                    .from(document_version::Entity)
                    .and_where(document_version::Column::BlobName.eq(blob_name.to_vec()))
                    .and_where(document_version::Column::FileName.eq(file_name))
                    .and_where(document_version::Column::Number.eq(1))
                    .to_owned(),
            ),
        )
        .order_by_asc(document::Column::Id)
        .all(on)
        .await?;
    rows.into_iter().map(Document::try_from).collect()
}

/// The names under which the first versions came.
pub(super) async fn first_names(
    on: &impl ConnectionTrait,
) -> Result<std::collections::HashSet<String>, DbError> {
    let names: Vec<Option<String>> = document_version::Entity::find()
        .select_only()
        .column(document_version::Column::FileName)
        .filter(document_version::Column::Number.eq(1))
        .into_tuple()
        .all(on)
        .await?;
    Ok(names.into_iter().flatten().collect())
}

/// The oldest document that first came under this name.
pub(super) async fn first_named(
    on: &impl ConnectionTrait,
    name: &str,
) -> Result<Option<Document>, DbError> {
    let first = document_version::Entity::find()
        .filter(document_version::Column::Number.eq(1))
        .filter(document_version::Column::FileName.eq(name))
        .order_by_asc(document_version::Column::Id)
        .one(on)
        .await?;
    match first {
        Some(first) => find(on, DocumentId::of(first.document_id)).await,
        None => Ok(None),
    }
}

/// Blobs with their keys, ready to be opened, by name. Those whose key was destroyed are missing.
pub(super) async fn blobs_to_open(
    on: &impl ConnectionTrait,
    names: &[Vec<u8>],
) -> Result<std::collections::HashMap<Vec<u8>, Blob>, DbError> {
    let wanted = blob::Column::Name.is_in(names.iter().cloned());
    let rows = blob::Entity::find().filter(wanted).all(on).await?;
    let wanted = blob_key::Column::Name.is_in(names.iter().cloned());
    let keys = blob_key::Entity::find().filter(wanted).all(on).await?;
    let mut keys: std::collections::HashMap<_, _> = keys
        .into_iter()
        .map(|key| (key.name.clone(), key))
        .collect();
    let mut found = std::collections::HashMap::new();
    for row in rows {
        if let Some(key) = keys.remove(&row.name) {
            found.insert(row.name.clone(), open_blob(row, key)?);
        }
    }
    Ok(found)
}

/// The documents of cases, whoever asks, oldest first: registered ones and drafts.
pub(super) async fn in_cases(
    on: &impl ConnectionTrait,
    cases: &[CaseId],
) -> Result<Vec<Document>, DbError> {
    let rows = document::Entity::find()
        .filter(document::Column::CaseId.is_in(cases.iter().map(|id| id.raw())))
        .order_by_asc(document::Column::Id)
        .all(on)
        .await?;
    rows.into_iter().map(Document::try_from).collect()
}

async fn ids(on: &impl ConnectionTrait, text: &str, of: Uuid) -> Result<Vec<DocumentId>, DbError> {
    let rows = on.query_all_raw(sql(on, text, [of.into()])).await?;
    rows.iter()
        .map(|row| Ok(DocumentId::of(row.try_get_by_index(0)?)))
        .collect()
}

/// The documents of a case.
pub(super) async fn ids_in_case(
    on: &impl ConnectionTrait,
    case: CaseId,
) -> Result<Vec<DocumentId>, DbError> {
    let text = "SELECT id FROM document WHERE case_id = $1 ORDER BY id";
    ids(on, text, case.raw()).await
}

/// The documents of all cases of a file.
pub(super) async fn ids_in_file(
    on: &impl ConnectionTrait,
    file: FileId,
) -> Result<Vec<DocumentId>, DbError> {
    let text = "SELECT d.id FROM document d JOIN record_case c ON c.id = d.case_id \
                WHERE c.file_id = $1 ORDER BY d.id";
    ids(on, text, file.raw()).await
}

/// How many documents stand in cases.
pub(super) async fn count_in_cases(
    on: &impl ConnectionTrait,
    cases: &[CaseId],
) -> Result<u64, DbError> {
    let wanted = document::Column::CaseId.is_in(cases.iter().map(|id| id.raw()));
    Ok(document::Entity::find().filter(wanted).count(on).await?)
}

/// Whether a document in one of these cases is not registered yet.
pub(super) async fn unregistered_in(
    on: &impl ConnectionTrait,
    cases: &[CaseId],
) -> Result<bool, DbError> {
    let found = document::Entity::find()
        .filter(document::Column::CaseId.is_in(cases.iter().map(|id| id.raw())))
        .filter(document::Column::State.is_in(["incoming", "draft"]))
        .limit(1)
        .one(on)
        .await?;
    Ok(found.is_some())
}
