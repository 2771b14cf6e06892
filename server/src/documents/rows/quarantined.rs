//! Rows of content in quarantine.

use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};

use super::super::proposals::model::Signed;
use super::super::quarantine::{Discarded, Quarantined};
use crate::audit::canonical::Object;
use crate::audit::event::{Kind, Subject};
use crate::audit::number;
use crate::base::db::{DbError, sql};
use crate::base::{AccountId, DepartmentId, QuarantineId, Timestamp};
use crate::unit::Unit;

pub(in crate::documents) mod quarantine {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "quarantine")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub blob_name: Vec<u8>,
        pub sha256: Vec<u8>,
        pub bytes: i64,
        pub media_type: String,
        pub signature: String,
        pub department_id: Option<Uuid>,
        pub created_at: i64,
        pub created_by: Uuid,
        pub discarded_at: Option<i64>,
        pub discarded_by: Option<Uuid>,
        pub reason: Option<String>,
        pub released_at: Option<i64>,
        pub released_by: Option<Uuid>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

fn at(micros: i64) -> String {
    Timestamp::of_micros(micros).to_string()
}

impl quarantine::Model {
    pub(in crate::documents) fn state_bytes(&self) -> Vec<u8> {
        let id = |id: Uuid| id.to_string();
        Object::new()
            .with("blob", hex::encode(&self.blob_name))
            .with("bytes", number(self.bytes))
            .with("created_at", at(self.created_at))
            .with("created_by", id(self.created_by))
            .with_some("department", self.department_id.map(id))
            .with_some("discarded_at", self.discarded_at.map(at))
            .with_some("discarded_by", self.discarded_by.map(id))
            .with("media_type", self.media_type.as_str())
            .with_some("reason", self.reason.as_deref())
            .with_some("released_at", self.released_at.map(at))
            .with_some("released_by", self.released_by.map(id))
            .with("sha256", hex::encode(&self.sha256))
            .with("signature", self.signature.as_str())
            .to_bytes()
    }

    fn subject(&self) -> Subject {
        Subject {
            kind: Kind::Quarantine,
            id: self.id,
            root: self.id,
            version: u64::try_from(self.version).unwrap_or_default(),
            state: self.state_bytes(),
            content: None,
        }
    }
}

impl TryFrom<quarantine::Model> for Quarantined {
    type Error = DbError;

    fn try_from(row: quarantine::Model) -> Result<Self, DbError> {
        let digest = |bytes: &[u8]| {
            <[u8; 32]>::try_from(bytes).map_err(|_source| DbError::Corrupt {
                table: "quarantine",
                key: row.id.to_string(),
                what: "a digest has the wrong length",
            })
        };
        let (blob, sha256) = (digest(&row.blob_name)?, digest(&row.sha256)?);
        let discarded = match (row.discarded_at, row.discarded_by, row.reason) {
            (Some(at), Some(by), Some(reason)) => Some(Discarded {
                at: Timestamp::of_micros(at),
                by: AccountId::of(by),
                reason,
            }),
            (_, _, _) => None,
        };
        let released = match (row.released_at, row.released_by) {
            (Some(at), Some(by)) => Some(Signed {
                at: Timestamp::of_micros(at),
                by: AccountId::of(by),
            }),
            (_, _) => None,
        };
        Ok(Self {
            id: QuarantineId::of(row.id),
            version: u64::try_from(row.version).unwrap_or_default(),
            blob,
            sha256,
            bytes: u64::try_from(row.bytes).unwrap_or_default(),
            media_type: row.media_type,
            signature: row.signature,
            department: row.department_id.map(DepartmentId::of),
            created_at: Timestamp::of_micros(row.created_at),
            created_by: AccountId::of(row.created_by),
            discarded,
            released,
        })
    }
}

impl From<&Quarantined> for quarantine::Model {
    fn from(one: &Quarantined) -> Self {
        let discarded = one.discarded.as_ref();
        Self {
            id: one.id.raw(),
            version: i64::try_from(one.version).unwrap_or(i64::MAX),
            blob_name: one.blob.to_vec(),
            sha256: one.sha256.to_vec(),
            bytes: i64::try_from(one.bytes).unwrap_or(i64::MAX),
            media_type: one.media_type.clone(),
            signature: one.signature.clone(),
            department_id: one.department.map(DepartmentId::raw),
            created_at: one.created_at.micros(),
            created_by: one.created_by.raw(),
            discarded_at: discarded.map(|it| it.at.micros()),
            discarded_by: discarded.map(|it| it.by.raw()),
            reason: discarded.map(|it| it.reason.clone()),
            released_at: one.released.map(|it| it.at.micros()),
            released_by: one.released.map(|it| it.by.raw()),
        }
    }
}

/// Adds content to the quarantine.
pub(in crate::documents) async fn quarantine_insert(
    unit: &mut Unit,
    new: &Quarantined,
) -> Result<(), DbError> {
    let row = quarantine::Model::from(new);
    let subject = row.subject();
    let active = quarantine::ActiveModel::from(row).reset_all();
    quarantine::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    unit.changed(subject);
    Ok(())
}

/// Writes the next version; refuses one that has moved on.
pub(in crate::documents) async fn quarantine_save(
    unit: &mut Unit,
    changed: &Quarantined,
    before: &Quarantined,
) -> Result<(), DbError> {
    let row = quarantine::Model::from(changed);
    let subject = row.subject();
    let id = row.id;
    let old = i64::try_from(before.version).unwrap_or(i64::MAX);
    let mut active = quarantine::ActiveModel::from(row).reset_all();
    active.id = sea_orm::ActiveValue::NotSet;
    let done = quarantine::Entity::update_many()
        .set(active)
        .filter(quarantine::Column::Id.eq(id))
        .filter(quarantine::Column::Version.eq(old))
        .exec(unit.tx())
        .await?;
    if done.rows_affected != 1 {
        return Err(DbError::Stale);
    }
    unit.changed(subject);
    Ok(())
}

/// One entry.
pub(in crate::documents) async fn quarantine_find(
    on: &impl ConnectionTrait,
    id: QuarantineId,
) -> Result<Option<Quarantined>, DbError> {
    let row = quarantine::Entity::find_by_id(id.raw()).one(on).await?;
    row.map(Quarantined::try_from).transpose()
}

/// Whether this content of this account lies in quarantine already, has its key, and is not released: what is
/// released and comes here all the same has another signature, and is judged anew.
pub(in crate::documents) async fn quarantine_holds(
    on: &impl ConnectionTrait,
    sha256: &[u8; 32],
    by: AccountId,
) -> Result<bool, DbError> {
    let found = quarantine::Entity::find()
        .filter(quarantine::Column::Sha256.eq(sha256.to_vec()))
        .filter(quarantine::Column::CreatedBy.eq(by.raw()))
        .filter(quarantine::Column::DiscardedAt.is_null())
        .filter(quarantine::Column::ReleasedAt.is_null())
        .one(on)
        .await?;
    Ok(found.is_some())
}

/// Whether two people have said of this content that the scanner is wrong about it, with this name for what
/// fits.
pub(in crate::documents) async fn is_false_alarm(
    on: &impl ConnectionTrait,
    sha256: &[u8; 32],
    signature: &str,
) -> Result<bool, DbError> {
    let found = quarantine::Entity::find()
        .filter(quarantine::Column::Sha256.eq(sha256.to_vec()))
        .filter(quarantine::Column::Signature.eq(signature))
        .filter(quarantine::Column::ReleasedAt.is_not_null())
        .one(on)
        .await?;
    Ok(found.is_some())
}

/// At most `limit` entries before `before`, the newest first; those that were discarded only where they
/// are wanted.
pub(in crate::documents) async fn quarantine_page(
    on: &impl ConnectionTrait,
    discarded: bool,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Quarantined>, DbError> {
    let mut wanted = quarantine::Entity::find();
    if !discarded {
        wanted = wanted.filter(quarantine::Column::DiscardedAt.is_null());
    }
    if let Some(before) = before {
        wanted = wanted.filter(quarantine::Column::Id.lt(before));
    }
    let wanted = wanted.order_by_desc(quarantine::Column::Id).limit(limit);
    let rows = wanted.all(on).await?;
    rows.into_iter().map(Quarantined::try_from).collect()
}

/// How much lies in quarantine.
pub(in crate::documents) async fn quarantine_count(
    on: &impl ConnectionTrait,
) -> Result<u64, DbError> {
    let text = "SELECT count(*) FROM quarantine WHERE discarded_at IS NULL";
    let Some(row) = on.query_one_raw(sql(on, text, [])).await? else {
        return Ok(0);
    };
    let count: i64 = row.try_get_by_index(0)?;
    Ok(u64::try_from(count).unwrap_or_default())
}
