//! Rows of inspections.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Alias, ExprTrait, Query, SelectStatement};
use sea_orm::{Condition, QueryOrder, QuerySelect};

use super::model::{Inspection, Step, Target};
use crate::audit::canonical::{Object as Json, SafeInt};
use crate::audit::event::{Kind, Subject};
use crate::base::db::{DbError, sql};
use crate::base::sight::{Reason, column};
use crate::base::{
    AccountId, Actor, Asked, CompartmentId, DepartmentId, InspectionId, Right, Role, Sight, Table,
    Timestamp,
};
use crate::unit::Unit;

pub(super) mod inspection {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "inspection")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub kind: String,
        pub account_id: Uuid,
        pub object_kind: String,
        pub object_id: Uuid,
        pub compartment_id: Option<Uuid>,
        pub purpose: String,
        pub hours: Option<i64>,
        pub asked_at: i64,
        pub asked_by: Uuid,
        pub first_at: Option<i64>,
        pub first_by: Option<Uuid>,
        pub approved_at: Option<i64>,
        pub approved_by: Option<Uuid>,
        pub valid_from: Option<i64>,
        pub valid_until: Option<i64>,
        pub ended_at: Option<i64>,
        pub ended_by: Option<Uuid>,
        pub department_id: Option<Uuid>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

fn at(micros: i64) -> String {
    Timestamp::of_micros(micros).to_string()
}

impl inspection::Model {
    pub(super) fn state_bytes(&self) -> Vec<u8> {
        let text = |id: Option<Uuid>| id.map(|id| id.to_string());
        Json::new()
            .with("account", self.account_id.to_string())
            .with_some("approved_at", self.approved_at.map(at))
            .with_some("approved_by", text(self.approved_by))
            .with("asked_at", at(self.asked_at))
            .with("asked_by", self.asked_by.to_string())
            .with_some("compartment", text(self.compartment_id))
            .with_some("department", text(self.department_id))
            .with_some("ended_at", self.ended_at.map(at))
            .with_some("ended_by", text(self.ended_by))
            .with_some("first_at", self.first_at.map(at))
            .with_some("first_by", text(self.first_by))
            .with_some("hours", self.hours.and_then(SafeInt::new))
            .with("kind", self.kind.as_str())
            .with("object", self.object_id.to_string())
            .with("object_kind", self.object_kind.as_str())
            .with("purpose", self.purpose.as_str())
            .with_some("valid_from", self.valid_from.map(at))
            .with_some("valid_until", self.valid_until.map(at))
            .to_bytes()
    }

    fn subject(&self) -> Subject {
        Subject {
            kind: Kind::Inspection,
            id: self.id,
            root: self.account_id,
            version: u64::try_from(self.version).unwrap_or_default(),
            state: self.state_bytes(),
            content: None,
        }
    }
}

fn step(at: Option<i64>, by: Option<Uuid>) -> Option<Step> {
    Some(Step {
        at: Timestamp::of_micros(at?),
        by: AccountId::of(by?),
    })
}

impl TryFrom<inspection::Model> for Inspection {
    type Error = DbError;

    fn try_from(row: inspection::Model) -> Result<Self, DbError> {
        let corrupt = |what| DbError::Corrupt {
            table: "inspection",
            key: row.id.to_string(),
            what,
        };
        let reason = Reason::parse(&row.kind).ok_or_else(|| corrupt("the kind is unknown"))?;
        let target = Target::of(&row.object_kind, row.object_id);
        Ok(Self {
            id: InspectionId::of(row.id),
            version: u64::try_from(row.version).unwrap_or_default(),
            reason,
            account: AccountId::of(row.account_id),
            target: target.ok_or_else(|| corrupt("it is about nothing that there is"))?,
            department: row.department_id.map(DepartmentId::of),
            compartment: row.compartment_id.map(CompartmentId::of),
            purpose: row.purpose,
            hours: row.hours,
            asked: Step {
                at: Timestamp::of_micros(row.asked_at),
                by: AccountId::of(row.asked_by),
            },
            first: step(row.first_at, row.first_by),
            approved: step(row.approved_at, row.approved_by),
            valid_from: row.valid_from.map(Timestamp::of_micros),
            valid_until: row.valid_until.map(Timestamp::of_micros),
            ended: step(row.ended_at, row.ended_by),
        })
    }
}

impl From<&Inspection> for inspection::Model {
    fn from(one: &Inspection) -> Self {
        let when = |step: Option<Step>| step.map(|step| step.at.micros());
        let who = |step: Option<Step>| step.map(|step| step.by.raw());
        Self {
            id: one.id.raw(),
            version: i64::try_from(one.version).unwrap_or(i64::MAX),
            kind: one.reason.code().to_owned(),
            account_id: one.account.raw(),
            object_kind: one.target.kind().to_owned(),
            object_id: one.target.raw(),
            compartment_id: one.compartment.map(CompartmentId::raw),
            purpose: one.purpose.clone(),
            hours: one.hours,
            asked_at: one.asked.at.micros(),
            asked_by: one.asked.by.raw(),
            first_at: when(one.first),
            first_by: who(one.first),
            approved_at: when(one.approved),
            approved_by: who(one.approved),
            valid_from: one.valid_from.map(Timestamp::micros),
            valid_until: one.valid_until.map(Timestamp::micros),
            ended_at: when(one.ended),
            ended_by: who(one.ended),
            department_id: one.department.map(DepartmentId::raw),
        }
    }
}

/// Adds an inspection.
pub(crate) async fn insert(unit: &mut Unit, new: &Inspection) -> Result<(), DbError> {
    let row = inspection::Model::from(new);
    let subject = row.subject();
    let active = inspection::ActiveModel::from(row).reset_all();
    inspection::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    unit.changed(subject);
    Ok(())
}

/// Writes the next version of an inspection: an approval, or its end.
pub(super) async fn save(unit: &mut Unit, one: &mut Inspection) -> Result<(), DbError> {
    use inspection::Column;
    let before = i64::try_from(one.version).unwrap_or(i64::MAX);
    one.version += 1;
    let row = inspection::Model::from(&*one);
    let subject = row.subject();
    let done = inspection::Entity::update_many()
        .col_expr(Column::Version, row.version.into())
        .col_expr(Column::FirstAt, row.first_at.into())
        .col_expr(Column::FirstBy, row.first_by.into())
        .col_expr(Column::ApprovedAt, row.approved_at.into())
        .col_expr(Column::ApprovedBy, row.approved_by.into())
        .col_expr(Column::ValidFrom, row.valid_from.into())
        .col_expr(Column::ValidUntil, row.valid_until.into())
        .col_expr(Column::EndedAt, row.ended_at.into())
        .col_expr(Column::EndedBy, row.ended_by.into())
        .col_expr(Column::DepartmentId, row.department_id.into())
        .filter(Column::Id.eq(row.id))
        .filter(Column::Version.eq(before))
        .exec(unit.tx())
        .await?;
    if done.rows_affected != 1 {
        return Err(DbError::Stale);
    }
    unit.changed(subject);
    Ok(())
}

/// The condition that the actor may know of an inspection: it is his own, he asked for it or approved it; he
/// may let others inspect what it is about; he administers or audits.
fn known_to(actor: &Actor) -> Condition {
    use inspection::Column;
    if actor.is(Role::Admin) || actor.is(Role::Auditor) || actor.is(Role::System) {
        return Condition::all();
    }
    let me = actor.account.raw();
    let mut known = Condition::any()
        .add(Column::AccountId.eq(me))
        .add(Column::AskedBy.eq(me))
        .add(Column::FirstBy.eq(me))
        .add(Column::ApprovedBy.eq(me));
    let sight = actor.sight(Right::Inspect);
    for table in [Table::File, Table::Case, Table::Document] {
        let object = Query::select()
            .expr(Expr::val(1))
            .from_as(Alias::new(table.name()), Alias::new("t"))
            .and_where(column("t", "id").eq(column("inspection", "object_id")))
            .cond_where(sight.settled(table, "t", Asked::ByName))
            .to_owned();
        let of_table = Condition::all()
            .add(Column::ObjectKind.eq(table.kind()))
            .add(Expr::exists(object));
        known = known.add(of_table);
    }
    if let Sight::Some {
        units,
        compartments,
        ..
    } = sight
    {
        let whole = |kind: &'static str, ids: Vec<Uuid>| {
            Condition::all()
                .add(Column::ObjectKind.eq(kind))
                .add(Column::ObjectId.is_in(ids))
        };
        let units = units.iter().map(|one| one.id.raw()).collect();
        let inside = compartments.iter().map(|one| one.id.raw()).collect();
        known = known
            .add(whole("department", units))
            .add(whole("compartment", inside));
    }
    known
}

/// The condition that the actor is told what an inspection is about: not where that stands in a compartment
/// that he does not enter, unless he has to do with it. The same as in [`super::wire::InspectionView`].
fn told_to(actor: &Actor) -> Condition {
    use inspection::Column;
    let me = actor.account.raw();
    let inside = actor.compartments.iter().map(|one| one.id.raw());
    Condition::any()
        .add(Column::ObjectKind.is_in(["department", "compartment"]))
        .add(Column::CompartmentId.is_null())
        .add(Column::CompartmentId.is_in(inside))
        .add(Column::AccountId.eq(me))
        .add(Column::AskedBy.eq(me))
        .add(Column::FirstBy.eq(me))
        .add(Column::ApprovedBy.eq(me))
}

/// Which inspections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// Those of everybody but administrators in an emergency.
    Ordinary,
    /// Emergencies.
    Emergencies,
}

fn of_kind(which: Which) -> Condition {
    let emergency = Reason::Emergency.code();
    let kind = inspection::Column::Kind;
    Condition::all().add(match which {
        Which::Ordinary => kind.ne(emergency),
        Which::Emergencies => kind.eq(emergency),
    })
}

/// One inspection that the actor may know of.
pub(super) async fn find(
    on: &impl ConnectionTrait,
    (actor, which): (&Actor, Which),
    id: InspectionId,
) -> Result<Option<Inspection>, DbError> {
    let row = inspection::Entity::find_by_id(id.raw())
        .filter(of_kind(which))
        .filter(known_to(actor))
        .one(on)
        .await?;
    row.map(Inspection::try_from).transpose()
}

/// What a list shall contain.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    /// Those that are not over at this instant.
    pub standing_at: Option<Timestamp>,
    /// Those that wait for an approval.
    pub waiting: bool,
    /// About this object.
    pub object: Option<Uuid>,
    /// Of this account.
    pub account: Option<Uuid>,
}

fn matching(filter: &Filter) -> Condition {
    use inspection::Column;
    let mut all = Condition::all();
    if let Some(now) = filter.standing_at {
        let ends = Condition::any()
            .add(Column::ValidUntil.is_null())
            .add(Column::ValidUntil.gt(now.micros()));
        // An emergency that nobody approved lapses after its hours.
        let lapse = Column::AskedAt
            .into_expr()
            .add(Column::Hours.into_expr().mul(3_600_000_000_i64));
        let lapses = Condition::any()
            .add(Column::Hours.is_null())
            .add(Column::ApprovedAt.is_not_null())
            .add(lapse.gt(now.micros()));
        all = all.add(Column::EndedAt.is_null()).add(ends).add(lapses);
    }
    if filter.waiting {
        all = all.add(Column::ApprovedAt.is_null());
    }
    if let Some(object) = filter.object {
        all = all.add(Column::ObjectId.eq(object));
    }
    if let Some(account) = filter.account {
        all = all.add(Column::AccountId.eq(account));
    }
    all
}

/// One page: at most `limit` inspections behind `after` that the actor may know of, the last asked for first,
/// and whether more follow.
pub(super) async fn page(
    on: &impl ConnectionTrait,
    (actor, which): (&Actor, Which),
    filter: &Filter,
    after: Option<Uuid>,
    limit: u64,
) -> Result<(Vec<Inspection>, bool), DbError> {
    let mut query = inspection::Entity::find()
        .filter(of_kind(which))
        .filter(known_to(actor))
        .filter(matching(filter));
    if filter.object.is_some() {
        // Whoever asks by what it is about is not told more than he is shown.
        query = query.filter(told_to(actor));
    }
    if let Some(after) = after {
        query = query.filter(inspection::Column::Id.lt(after));
    }
    let query = query.order_by_desc(inspection::Column::Id).limit(limit + 1);
    let mut rows = query.all(on).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let all: Result<Vec<_>, DbError> = rows.into_iter().map(Inspection::try_from).collect();
    Ok((all?, more))
}

/// How many inspections of an account are not over at `now`.
pub(super) async fn standing_of(
    on: &impl ConnectionTrait,
    account: AccountId,
    now: Timestamp,
) -> Result<u64, DbError> {
    let filter = Filter {
        standing_at: Some(now),
        account: Some(account.raw()),
        ..Filter::default()
    };
    let counted = inspection::Entity::find().filter(matching(&filter));
    Ok(counted.count(on).await?)
}

/// How many emergencies are in force at `now`.
pub async fn emergencies_now(on: &impl ConnectionTrait, now: Timestamp) -> Result<u64, DbError> {
    let text = "SELECT count(*) FROM inspection WHERE kind = 'emergency' AND ended_at IS NULL \
                AND approved_at IS NOT NULL AND valid_from <= $1 AND valid_until > $1";
    let row = on
        .query_one_raw(sql(on, text, [now.micros().into()]))
        .await?;
    let count: i64 = match row {
        Some(row) => row.try_get_by_index(0)?,
        None => 0,
    };
    Ok(u64::try_from(count).unwrap_or_default())
}

/// The emergencies whose hours are over at `now` and of which nobody has said so, as many as one step takes.
pub(super) async fn emergencies_to_tell(
    on: &impl ConnectionTrait,
    now: Timestamp,
) -> Result<Vec<InspectionId>, DbError> {
    let text = "SELECT id FROM inspection WHERE kind = 'emergency' AND ended_at IS NULL \
                AND approved_at IS NOT NULL AND valid_until <= $1 ORDER BY valid_until, id LIMIT 100";
    let rows = on
        .query_all_raw(sql(on, text, [now.micros().into()]))
        .await?;
    rows.iter()
        .map(|row| Ok(InspectionId::of(row.try_get_by_index(0)?)))
        .collect()
}

/// Whether somebody has asked, at any time, that an account inspects something.
pub async fn is_asked_for(
    on: &impl ConnectionTrait,
    account: AccountId,
    object: Uuid,
) -> Result<bool, DbError> {
    let filter = Filter {
        object: Some(object),
        account: Some(account.raw()),
        ..Filter::default()
    };
    let found = inspection::Entity::find().filter(matching(&filter));
    Ok(found.one(on).await?.is_some())
}

/// The emergency with this id if the actor may know of it, as a part of another room's query.
pub fn emergency_with_id(actor: &Actor, id: Expr) -> SelectStatement {
    use inspection::Column;
    Query::select()
        .column((inspection::Entity, Column::Id))
        .from(inspection::Entity)
        .and_where(ExprTrait::eq(
            Expr::col((inspection::Entity, Column::Id)),
            id,
        ))
        .cond_where(of_kind(Which::Emergencies))
        .cond_where(known_to(actor))
        .to_owned()
}

/// The emergencies among `ids` of which the actor may know.
pub async fn emergencies_among(
    on: &impl ConnectionTrait,
    actor: &Actor,
    ids: &[InspectionId],
) -> Result<Vec<InspectionId>, DbError> {
    use inspection::Column;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<Uuid> = inspection::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(of_kind(Which::Emergencies))
        .filter(known_to(actor))
        .filter(Column::Id.is_in(ids.iter().map(|id| id.raw())))
        .into_tuple()
        .all(on)
        .await?;
    Ok(found.into_iter().map(InspectionId::of).collect())
}
