//! Rows of tablets, of what was last heard of them, and of those that ask to be paired.

use sea_orm::entity::prelude::*;
use sea_orm::{ActiveValue, QueryOrder, QuerySelect};

use super::key::PublicKey;
use super::model::{Code, Lease, Pairing, Presence, Revoked, Tablet};
use crate::audit::canonical::Object as Json;
use crate::audit::event::{Kind, Subject};
use crate::base::db::DbError;
use crate::base::{AccountId, DepartmentId, PairingId, TabletId, Timestamp};
use crate::unit::Unit;

#[expect(unreachable_pub, reason = "what is derived of it is public")]
pub(super) mod tablet {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "tablet")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub name: String,
        pub counter: String,
        pub department_id: Uuid,
        pub public_key: Vec<u8>,
        pub token_sha256: Option<Vec<u8>>,
        pub paired_at: i64,
        pub paired_by: Uuid,
        pub revoked_at: Option<i64>,
        pub revoked_by: Option<Uuid>,
        pub reason: Option<String>,
        pub leased_by: Option<Uuid>,
        pub leased_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[expect(unreachable_pub, reason = "what is derived of it is public")]
pub(super) mod tablet_presence {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "tablet_presence")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub tablet_id: Uuid,
        pub seen_at: Option<i64>,
        pub lease_seen_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[expect(unreachable_pub, reason = "what is derived of it is public")]
pub(super) mod tablet_pairing {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "tablet_pairing")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub code: String,
        pub public_key: Vec<u8>,
        pub created_at: i64,
        pub expires_at: i64,
        pub tablet_id: Option<Uuid>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

fn at(micros: i64) -> String {
    Timestamp::of_micros(micros).to_string()
}

impl tablet::Model {
    pub(super) fn state_bytes(&self) -> Vec<u8> {
        let text = |id: Option<Uuid>| id.map(|id| id.to_string());
        Json::new()
            .with("counter", self.counter.as_str())
            .with("department", self.department_id.to_string())
            .with_some("leased_at", self.leased_at.map(at))
            .with_some("leased_by", text(self.leased_by))
            .with("name", self.name.as_str())
            .with("paired_at", at(self.paired_at))
            .with("paired_by", self.paired_by.to_string())
            .with("public_key", hex::encode(&self.public_key))
            .with_some("reason", self.reason.as_deref())
            .with_some("revoked_at", self.revoked_at.map(at))
            .with_some("revoked_by", text(self.revoked_by))
            .with_some("token_sha256", self.token_sha256.as_ref().map(hex::encode))
            .to_bytes()
    }

    fn subject(&self) -> Subject {
        Subject {
            kind: Kind::Tablet,
            id: self.id,
            root: self.id,
            version: u64::try_from(self.version).unwrap_or_default(),
            state: self.state_bytes(),
            content: None,
        }
    }
}

fn tablet_of(row: tablet::Model, presence: Presence) -> Result<Tablet, DbError> {
    let key = PublicKey::of_bytes(&row.public_key).ok_or_else(|| DbError::Corrupt {
        table: "tablet",
        key: row.id.to_string(),
        what: "its key is no point",
    })?;
    let revoked = match (row.revoked_at, row.revoked_by, row.reason) {
        (Some(at), Some(by), Some(reason)) => Some(Revoked {
            at: Timestamp::of_micros(at),
            by: AccountId::of(by),
            reason,
        }),
        (_, _, _) => None,
    };
    let leased = row.leased_by.zip(row.leased_at).map(|(by, since)| Lease {
        by: AccountId::of(by),
        since: Timestamp::of_micros(since),
    });
    Ok(Tablet {
        id: TabletId::of(row.id),
        version: u64::try_from(row.version).unwrap_or_default(),
        name: row.name,
        counter: row.counter,
        department: DepartmentId::of(row.department_id),
        key,
        token_sha256: row.token_sha256.and_then(|bytes| bytes.try_into().ok()),
        paired_at: Timestamp::of_micros(row.paired_at),
        paired_by: AccountId::of(row.paired_by),
        revoked,
        leased,
        presence,
    })
}

impl From<&Tablet> for tablet::Model {
    fn from(one: &Tablet) -> Self {
        let revoked = one.revoked.as_ref();
        Self {
            id: one.id.raw(),
            version: i64::try_from(one.version).unwrap_or(i64::MAX),
            name: one.name.clone(),
            counter: one.counter.clone(),
            department_id: one.department.raw(),
            public_key: one.key.bytes().to_vec(),
            token_sha256: one.token_sha256.map(|bytes| bytes.to_vec()),
            paired_at: one.paired_at.micros(),
            paired_by: one.paired_by.raw(),
            revoked_at: revoked.map(|it| it.at.micros()),
            revoked_by: revoked.map(|it| it.by.raw()),
            reason: revoked.map(|it| it.reason.clone()),
            leased_by: one.leased.map(|it| it.by.raw()),
            leased_at: one.leased.map(|it| it.since.micros()),
        }
    }
}

/// Adds a tablet.
pub(super) async fn insert(unit: &mut Unit, new: &Tablet) -> Result<(), DbError> {
    let row = tablet::Model::from(new);
    let subject = row.subject();
    let presence = tablet_presence::ActiveModel {
        tablet_id: ActiveValue::Set(row.id),
        seen_at: ActiveValue::Set(None),
        lease_seen_at: ActiveValue::Set(None),
    };
    let active = tablet::ActiveModel::from(row).reset_all();
    tablet::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    tablet_presence::Entity::insert(presence)
        .exec_without_returning(unit.tx())
        .await?;
    unit.changed(subject);
    Ok(())
}

/// Writes the next version of a tablet; refuses one that has moved on.
pub(super) async fn save(unit: &mut Unit, one: &mut Tablet) -> Result<(), DbError> {
    let before = i64::try_from(one.version).unwrap_or(i64::MAX);
    one.version += 1;
    let row = tablet::Model::from(&*one);
    let subject = row.subject();
    let id = row.id;
    let mut active = tablet::ActiveModel::from(row).reset_all();
    active.id = ActiveValue::NotSet;
    let done = tablet::Entity::update_many()
        .set(active)
        .filter(tablet::Column::Id.eq(id))
        .filter(tablet::Column::Version.eq(before))
        .exec(unit.tx())
        .await?;
    if done.rows_affected != 1 {
        return Err(DbError::Stale);
    }
    unit.changed(subject);
    Ok(())
}

async fn presence(on: &impl ConnectionTrait, id: Uuid) -> Result<Presence, DbError> {
    let row = tablet_presence::Entity::find_by_id(id).one(on).await?;
    Ok(row.map_or_else(Presence::default, |row| presence_of(&row)))
}

fn presence_of(row: &tablet_presence::Model) -> Presence {
    Presence {
        seen: row.seen_at.map(Timestamp::of_micros),
        lease_seen: row.lease_seen_at.map(Timestamp::of_micros),
    }
}

async fn whole(
    on: &impl ConnectionTrait,
    row: Option<tablet::Model>,
) -> Result<Option<Tablet>, DbError> {
    let Some(row) = row else { return Ok(None) };
    let presence = presence(on, row.id).await?;
    tablet_of(row, presence).map(Some)
}

/// One tablet, whoever asks.
pub(super) async fn find(
    on: &impl ConnectionTrait,
    id: TabletId,
) -> Result<Option<Tablet>, DbError> {
    let row = tablet::Entity::find_by_id(id.raw()).one(on).await?;
    whole(on, row).await
}

/// One tablet, locked until the unit ends.
pub(super) async fn find_to_change(unit: &Unit, id: TabletId) -> Result<Option<Tablet>, DbError> {
    let row = tablet::Entity::find_by_id(id.raw())
        .lock_exclusive()
        .one(unit.tx())
        .await?;
    whole(unit.tx(), row).await
}

/// The tablet whose cookie holds this.
pub(super) async fn with_token(
    on: &impl ConnectionTrait,
    sha256: [u8; 32],
) -> Result<Option<Tablet>, DbError> {
    let row = tablet::Entity::find()
        .filter(tablet::Column::TokenSha256.eq(sha256.to_vec()))
        .filter(tablet::Column::RevokedAt.is_null())
        .one(on)
        .await?;
    whole(on, row).await
}

/// The tablets of these departments, or of all, those by name first that are not revoked.
pub(super) async fn all(
    on: &impl ConnectionTrait,
    departments: Option<Vec<Uuid>>,
) -> Result<Vec<Tablet>, DbError> {
    let mut query = tablet::Entity::find();
    if let Some(departments) = departments {
        query = query.filter(tablet::Column::DepartmentId.is_in(departments));
    }
    let rows = query
        .order_by_asc(tablet::Column::Name)
        .order_by_asc(tablet::Column::Id)
        .all(on)
        .await?;
    let seen = tablet_presence::Entity::find().all(on).await?;
    let seen: std::collections::HashMap<Uuid, Presence> = seen
        .iter()
        .map(|row| (row.tablet_id, presence_of(row)))
        .collect();
    let of = |row: tablet::Model| {
        let presence = seen.get(&row.id).copied().unwrap_or_default();
        tablet_of(row, presence)
    };
    let mut found: Vec<Tablet> = rows.into_iter().map(of).collect::<Result<_, _>>()?;
    found.sort_by_key(Tablet::is_revoked);
    Ok(found)
}

/// How many there are that are not revoked.
pub(super) async fn count(on: &impl ConnectionTrait) -> Result<u64, DbError> {
    let standing = tablet::Column::RevokedAt.is_null();
    Ok(tablet::Entity::find().filter(standing).count(on).await?)
}

/// Notes that a tablet is there.
pub(super) async fn note_seen(unit: &Unit, id: TabletId) -> Result<(), DbError> {
    use tablet_presence::Column;
    tablet_presence::Entity::update_many()
        .col_expr(Column::SeenAt, unit.now().micros().into())
        .filter(Column::TabletId.eq(id.raw()))
        .exec(unit.tx())
        .await?;
    Ok(())
}

/// Notes that the clerk who works with a tablet is there.
pub(super) async fn note_lease(unit: &Unit, id: TabletId) -> Result<(), DbError> {
    use tablet_presence::Column;
    tablet_presence::Entity::update_many()
        .col_expr(Column::LeaseSeenAt, unit.now().micros().into())
        .filter(Column::TabletId.eq(id.raw()))
        .exec(unit.tx())
        .await?;
    Ok(())
}

fn pairing_of(row: tablet_pairing::Model) -> Result<Pairing, DbError> {
    let corrupt = |what| DbError::Corrupt {
        table: "tablet_pairing",
        key: row.id.to_string(),
        what,
    };
    Ok(Pairing {
        id: PairingId::of(row.id),
        code: Code::parse(&row.code).ok_or_else(|| corrupt("its code is none"))?,
        key: PublicKey::of_bytes(&row.public_key).ok_or_else(|| corrupt("its key is no point"))?,
        created_at: Timestamp::of_micros(row.created_at),
        expires_at: Timestamp::of_micros(row.expires_at),
        tablet: row.tablet_id.map(TabletId::of),
    })
}

/// Adds a tablet that asks to be paired, and forgets those whose time is over.
pub(super) async fn insert_pairing(unit: &Unit, new: &Pairing) -> Result<(), DbError> {
    tablet_pairing::Entity::delete_many()
        .filter(tablet_pairing::Column::ExpiresAt.lte(unit.now().micros()))
        .exec(unit.tx())
        .await?;
    let active = tablet_pairing::ActiveModel {
        id: ActiveValue::Set(new.id.raw()),
        code: ActiveValue::Set(new.code.as_str().to_owned()),
        public_key: ActiveValue::Set(new.key.bytes().to_vec()),
        created_at: ActiveValue::Set(new.created_at.micros()),
        expires_at: ActiveValue::Set(new.expires_at.micros()),
        tablet_id: ActiveValue::Set(new.tablet.map(TabletId::raw)),
    };
    tablet_pairing::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    Ok(())
}

/// How many ask to be paired.
pub(super) async fn count_pairings(unit: &Unit) -> Result<u64, DbError> {
    let standing = tablet_pairing::Column::ExpiresAt.gt(unit.now().micros());
    let found = tablet_pairing::Entity::find().filter(standing);
    Ok(found.count(unit.tx()).await?)
}

/// A tablet that asks to be paired, while its time is not over.
pub(super) async fn pairing(
    on: &impl ConnectionTrait,
    id: PairingId,
    now: Timestamp,
) -> Result<Option<Pairing>, DbError> {
    let row = tablet_pairing::Entity::find_by_id(id.raw())
        .filter(tablet_pairing::Column::ExpiresAt.gt(now.micros()))
        .one(on)
        .await?;
    row.map(pairing_of).transpose()
}

/// The one that shows this code and was not confirmed yet.
pub(super) async fn pairing_with_code(
    unit: &Unit,
    code: &Code,
) -> Result<Option<Pairing>, DbError> {
    let row = tablet_pairing::Entity::find()
        .filter(tablet_pairing::Column::Code.eq(code.as_str()))
        .filter(tablet_pairing::Column::ExpiresAt.gt(unit.now().micros()))
        .filter(tablet_pairing::Column::TabletId.is_null())
        .one(unit.tx())
        .await?;
    row.map(pairing_of).transpose()
}

/// Notes what became of it.
pub(super) async fn settle_pairing(
    unit: &Unit,
    id: PairingId,
    tablet: TabletId,
) -> Result<(), DbError> {
    use tablet_pairing::Column;
    tablet_pairing::Entity::update_many()
        .col_expr(Column::TabletId, tablet.raw().into())
        .filter(Column::Id.eq(id.raw()))
        .exec(unit.tx())
        .await?;
    Ok(())
}
