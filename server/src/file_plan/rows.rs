//! Rows of editions and units.

use sea_orm::QueryOrder;
use sea_orm::entity::prelude::*;

use super::model::{Disposal, Plan, PlanUnit};
use crate::audit::canonical::Object;
use crate::audit::event::{Kind, Subject};
use crate::audit::number;
use crate::base::db::{DbError, placeholders, sql};
use crate::base::{CivilDate, CompartmentId, PlanId, PlanUnitId, Timestamp};
use crate::unit::Unit;

/// Rows that are written with one statement. SQLite looks each numbered parameter up among all of its
/// statement: a long one costs the square of its length.
const WRITTEN_AT_ONCE: usize = 50;

pub(super) mod file_plan {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "file_plan")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub name: String,
        pub edition: String,
        pub valid_from: String,
        pub valid_until: Option<String>,
        pub created_at: i64,
        pub created_by: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod plan_unit {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "plan_unit")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub plan_id: Uuid,
        pub parent_id: Option<Uuid>,
        pub code: String,
        pub title: String,
        pub file_pattern: Option<String>,
        pub case_pattern: Option<String>,
        pub document_pattern: Option<String>,
        pub retention_years: Option<i64>,
        pub transfer_years: Option<i64>,
        pub disposal: String,
        pub protection: Option<String>,
        pub compartment_id: Option<Uuid>,
        pub legal_basis: Option<String>,
        pub note: Option<String>,
        pub retired_at: Option<i64>,
        pub created_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The canonical state of an entity: what a record commits to, and what `verify` computes again
/// from the row.
pub(super) trait State {
    fn kind(&self) -> Kind;
    fn key(&self) -> (Uuid, i64);
    fn root(&self) -> Uuid;
    fn state(&self) -> Vec<u8>;

    fn subject(&self) -> Subject {
        let (id, version) = self.key();
        let version = u64::try_from(version).unwrap_or_default();
        let (kind, root, state) = (self.kind(), self.root(), self.state());
        Subject {
            kind,
            id,
            root,
            version,
            state,
            content: None,
        }
    }
}

impl State for file_plan::Model {
    fn kind(&self) -> Kind {
        Kind::FilePlan
    }
    fn key(&self) -> (Uuid, i64) {
        (self.id, self.version)
    }
    fn root(&self) -> Uuid {
        self.id
    }
    fn state(&self) -> Vec<u8> {
        Object::new()
            .with("created_at", at(self.created_at))
            .with("created_by", self.created_by.to_string())
            .with("edition", self.edition.as_str())
            .with("name", self.name.as_str())
            .with("valid_from", self.valid_from.as_str())
            .with_some("valid_until", self.valid_until.as_deref())
            .to_bytes()
    }
}

impl State for plan_unit::Model {
    fn kind(&self) -> Kind {
        Kind::PlanUnit
    }
    fn key(&self) -> (Uuid, i64) {
        (self.id, self.version)
    }
    fn root(&self) -> Uuid {
        self.plan_id
    }
    fn state(&self) -> Vec<u8> {
        Object::new()
            .with_some("case_pattern", self.case_pattern.as_deref())
            .with("code", self.code.as_str())
            .with_some(
                "compartment",
                self.compartment_id.map(|one| one.to_string()),
            )
            .with("created_at", at(self.created_at))
            .with("disposal", self.disposal.as_str())
            .with_some("document_pattern", self.document_pattern.as_deref())
            .with_some("file_pattern", self.file_pattern.as_deref())
            .with_some("legal_basis", self.legal_basis.as_deref())
            .with_some("note", self.note.as_deref())
            .with_some("parent", self.parent_id.map(|one| one.to_string()))
            .with("plan", self.plan_id.to_string())
            .with_some("protection", self.protection.as_deref())
            .with_some("retention_years", self.retention_years.map(number))
            .with_some("retired_at", self.retired_at.map(at))
            .with("title", self.title.as_str())
            .with_some("transfer_years", self.transfer_years.map(number))
            .to_bytes()
    }
}

fn at(micros: i64) -> String {
    Timestamp::of_micros(micros).to_string()
}

fn corrupt(table: &'static str, id: Uuid, what: &'static str) -> DbError {
    DbError::Corrupt {
        table,
        key: id.to_string(),
        what,
    }
}

fn date(id: Uuid, text: &str) -> Result<CivilDate, DbError> {
    CivilDate::parse(text).ok_or_else(|| corrupt("file_plan", id, "a day is none"))
}

fn years(id: Uuid, years: Option<i64>) -> Result<Option<u32>, DbError> {
    let read = years.map(u32::try_from).transpose();
    read.map_err(|_source| corrupt("plan_unit", id, "a period is none"))
}

impl TryFrom<file_plan::Model> for Plan {
    type Error = DbError;

    fn try_from(row: file_plan::Model) -> Result<Self, DbError> {
        let until = row.valid_until.as_deref();
        Ok(Self {
            id: PlanId::of(row.id),
            version: u64::try_from(row.version).unwrap_or_default(),
            valid_from: date(row.id, &row.valid_from)?,
            valid_until: until.map(|until| date(row.id, until)).transpose()?,
            name: row.name,
            edition: row.edition,
            created_at: Timestamp::of_micros(row.created_at),
        })
    }
}

impl TryFrom<plan_unit::Model> for PlanUnit {
    type Error = DbError;

    fn try_from(row: plan_unit::Model) -> Result<Self, DbError> {
        let unknown = || corrupt("plan_unit", row.id, "the disposal is unknown");
        Ok(Self {
            id: PlanUnitId::of(row.id),
            version: u64::try_from(row.version).unwrap_or_default(),
            plan: PlanId::of(row.plan_id),
            parent: row.parent_id.map(PlanUnitId::of),
            retention_years: years(row.id, row.retention_years)?,
            transfer_years: years(row.id, row.transfer_years)?,
            disposal: Disposal::parse(&row.disposal).ok_or_else(unknown)?,
            code: row.code,
            title: row.title,
            file_pattern: row.file_pattern,
            case_pattern: row.case_pattern,
            document_pattern: row.document_pattern,
            protection: row.protection,
            compartment: row.compartment_id.map(CompartmentId::of),
            legal_basis: row.legal_basis,
            note: row.note,
            retired_at: row.retired_at.map(Timestamp::of_micros),
        })
    }
}

/// All editions, by name and first day.
pub(super) async fn plans(on: &impl ConnectionTrait) -> Result<Vec<Plan>, DbError> {
    let rows = file_plan::Entity::find()
        .order_by_asc(file_plan::Column::Name)
        .order_by_asc(file_plan::Column::ValidFrom)
        .order_by_asc(file_plan::Column::Id)
        .all(on)
        .await?;
    rows.into_iter().map(Plan::try_from).collect()
}

pub(super) async fn plan(
    on: &impl ConnectionTrait,
    id: PlanId,
) -> Result<Option<file_plan::Model>, DbError> {
    Ok(file_plan::Entity::find_by_id(id.raw()).one(on).await?)
}

pub(super) async fn plan_of_edition(
    on: &impl ConnectionTrait,
    name: &str,
    edition: &str,
) -> Result<Option<file_plan::Model>, DbError> {
    Ok(file_plan::Entity::find()
        .filter(file_plan::Column::Name.eq(name))
        .filter(file_plan::Column::Edition.eq(edition))
        .one(on)
        .await?)
}

pub(super) async fn unit(
    on: &impl ConnectionTrait,
    id: PlanUnitId,
) -> Result<Option<plan_unit::Model>, DbError> {
    Ok(plan_unit::Entity::find_by_id(id.raw()).one(on).await?)
}

/// Several units, whatever their plan, in no order.
pub(super) async fn units_with(
    on: &impl ConnectionTrait,
    ids: &[PlanUnitId],
) -> Result<Vec<PlanUnit>, DbError> {
    let rows = plan_unit::Entity::find()
        .filter(plan_unit::Column::Id.is_in(ids.iter().map(|id| id.raw())))
        .all(on)
        .await?;
    rows.into_iter().map(PlanUnit::try_from).collect()
}

/// The units with this mark, whatever their plan.
pub(super) async fn units_with_code(
    on: &impl ConnectionTrait,
    code: &str,
) -> Result<Vec<PlanUnit>, DbError> {
    let rows = plan_unit::Entity::find()
        .filter(plan_unit::Column::Code.eq(code))
        .all(on)
        .await?;
    rows.into_iter().map(PlanUnit::try_from).collect()
}

/// All units of a plan, by mark.
pub(super) async fn units(
    on: &impl ConnectionTrait,
    plan: PlanId,
) -> Result<Vec<plan_unit::Model>, DbError> {
    let mut rows = plan_unit::Entity::find()
        .filter(plan_unit::Column::PlanId.eq(plan.raw()))
        .all(on)
        .await?;
    // The two databases do not agree on the order of text.
    rows.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(rows)
}

/// Adds an edition and hands its state to the unit of work.
pub(super) async fn insert_plan(unit: &mut Unit, row: file_plan::Model) -> Result<(), DbError> {
    let subject = row.subject();
    let active = file_plan::ActiveModel::from(row).reset_all();
    file_plan::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    unit.changed(subject);
    Ok(())
}

/// Adds units, parents before children. Their states are the caller's to hand on, one by one.
pub(super) async fn insert_units(unit: &Unit, rows: &[plan_unit::Model]) -> Result<(), DbError> {
    for some in rows.chunks(WRITTEN_AT_ONCE) {
        let active = some
            .iter()
            .map(|row| plan_unit::ActiveModel::from(row.clone()).reset_all());
        plan_unit::Entity::insert_many(active)
            .exec_without_returning(unit.tx())
            .await?;
    }
    Ok(())
}

/// Writes the next version of an edition; refuses one that has moved on.
pub(super) async fn update_plan(
    unit: &mut Unit,
    row: &mut file_plan::Model,
) -> Result<(), DbError> {
    let before = row.version;
    row.version += 1;
    let active = file_plan::ActiveModel::from(row.clone()).reset_all();
    let done = file_plan::Entity::update_many()
        .set(active)
        .filter(file_plan::Column::Id.eq(row.id))
        .filter(file_plan::Column::Version.eq(before))
        .exec(unit.tx())
        .await?;
    if done.rows_affected != 1 {
        return Err(DbError::Stale);
    }
    unit.changed(row.subject());
    Ok(())
}

/// Columns of a unit that may change, after id and version.
const CHANGING: [&str; 14] = [
    "parent_id",
    "code",
    "title",
    "file_pattern",
    "case_pattern",
    "document_pattern",
    "retention_years",
    "transfer_years",
    "disposal",
    "protection",
    "compartment_id",
    "legal_basis",
    "note",
    "retired_at",
];

fn changing(row: &plan_unit::Model) -> [sea_orm::Value; CHANGING.len()] {
    [
        row.parent_id.into(),
        row.code.clone().into(),
        row.title.clone().into(),
        row.file_pattern.clone().into(),
        row.case_pattern.clone().into(),
        row.document_pattern.clone().into(),
        row.retention_years.into(),
        row.transfer_years.into(),
        row.disposal.clone().into(),
        row.protection.clone().into(),
        row.compartment_id.into(),
        row.legal_basis.clone().into(),
        row.note.clone().into(),
        row.retired_at.into(),
    ]
}

/// Writes the next version of each of these units, many with one statement; refuses where one has
/// moved on. Their states are the caller's to hand on, one by one.
pub(super) async fn update_units(
    unit: &Unit,
    rows: &mut [plan_unit::Model],
) -> Result<(), DbError> {
    // Both databases name the columns of a list of values column1, column2 and so on.
    let named = CHANGING.iter().zip(3..);
    let sets: Vec<String> = named
        .map(|(name, at)| format!("{name} = v.column{at}"))
        .collect();
    let sets = sets.join(", ");
    for some in rows.chunks_mut(WRITTEN_AT_ONCE) {
        let mut values: Vec<sea_orm::Value> = Vec::new();
        for row in some.iter_mut() {
            row.version += 1;
            values.extend([row.id.into(), row.version.into()]);
            values.extend(changing(row));
        }
        let places = placeholders(
            unit.tx().get_database_backend(),
            some.len(),
            CHANGING.len() + 2,
            0,
        );
        let text = format!(
            "UPDATE plan_unit SET version = v.column2, {sets} FROM (VALUES {places}) AS v \
             WHERE plan_unit.id = v.column1 AND plan_unit.version = v.column2 - 1"
        );
        let done = unit.tx().execute_raw(sql(unit.tx(), text, values)).await?;
        if usize::try_from(done.rows_affected()).ok() != Some(some.len()) {
            return Err(DbError::Stale);
        }
    }
    Ok(())
}

/// Writes the next version of a unit; refuses one that has moved on.
pub(super) async fn update_unit(
    unit: &mut Unit,
    row: &mut plan_unit::Model,
) -> Result<(), DbError> {
    update_units(unit, std::slice::from_mut(row)).await?;
    unit.changed(row.subject());
    Ok(())
}
