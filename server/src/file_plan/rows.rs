//! Rows of plans and plan units.

use sea_orm::QueryOrder;
use sea_orm::entity::prelude::*;

use super::model::{Disposal, Plan, PlanUnit};
use crate::audit::canonical::Object;
use crate::audit::event::{Action, Kind, Subject};
use crate::audit::number;
use crate::base::db::{DbError, sql};
use crate::base::{CivilDate, CompartmentId, PlanId, PlanUnitId, Timestamp};
use crate::unit::Unit;

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

fn at(micros: i64) -> String {
    Timestamp::of_micros(micros).to_string()
}

impl file_plan::Model {
    pub(super) fn state_bytes(&self) -> Vec<u8> {
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

impl plan_unit::Model {
    pub(super) fn state_bytes(&self) -> Vec<u8> {
        Object::new()
            .with_some("case_pattern", self.case_pattern.as_deref())
            .with("code", self.code.as_str())
            .with_some("compartment", self.compartment_id.map(|id| id.to_string()))
            .with("created_at", at(self.created_at))
            .with("disposal", self.disposal.as_str())
            .with_some("document_pattern", self.document_pattern.as_deref())
            .with_some("file_pattern", self.file_pattern.as_deref())
            .with_some("legal_basis", self.legal_basis.as_deref())
            .with_some("note", self.note.as_deref())
            .with_some("parent", self.parent_id.map(|id| id.to_string()))
            .with("plan", self.plan_id.to_string())
            .with_some("protection", self.protection.as_deref())
            .with_some("retention_years", self.retention_years.map(number))
            .with_some("retired_at", self.retired_at.map(at))
            .with("title", self.title.as_str())
            .with_some("transfer_years", self.transfer_years.map(number))
            .to_bytes()
    }
}

impl TryFrom<plan_unit::Model> for PlanUnit {
    type Error = DbError;

    fn try_from(row: plan_unit::Model) -> Result<Self, DbError> {
        let disposal = Disposal::parse(&row.disposal).ok_or_else(|| DbError::Corrupt {
            table: "plan_unit",
            key: row.id.to_string(),
            what: "the disposal is unknown",
        })?;
        let years = |years: Option<i64>| years.and_then(|years| u32::try_from(years).ok());
        Ok(Self {
            id: PlanUnitId::of(row.id),
            version: u64::try_from(row.version).unwrap_or_default(),
            plan: PlanId::of(row.plan_id),
            parent: row.parent_id.map(PlanUnitId::of),
            code: row.code,
            title: row.title,
            file_pattern: row.file_pattern,
            case_pattern: row.case_pattern,
            document_pattern: row.document_pattern,
            retention_years: years(row.retention_years),
            transfer_years: years(row.transfer_years),
            disposal,
            protection: row.protection,
            compartment: row.compartment_id.map(CompartmentId::of),
            legal_basis: row.legal_basis,
            note: row.note,
            retired_at: row.retired_at.map(Timestamp::of_micros),
        })
    }
}

/// Puts an edition in, with its record.
pub async fn insert_plan(unit: &mut Unit, plan: &Plan) -> Result<(), DbError> {
    let row = file_plan::Model {
        id: plan.id.raw(),
        version: 1,
        name: plan.name.clone(),
        edition: plan.edition.clone(),
        valid_from: plan.valid_from.to_string(),
        valid_until: plan.valid_until.map(|date| date.to_string()),
        created_at: plan.created_at.micros(),
        created_by: unit.actor().account.raw(),
    };
    let subject = Subject {
        kind: Kind::FilePlan,
        id: row.id,
        root: row.id,
        version: 1,
        state: row.state_bytes(),
        content: None,
    };
    let active = file_plan::ActiveModel::from(row).reset_all();
    file_plan::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    unit.changed(subject);
    unit.record(Action::PlanCreate, None);
    Ok(())
}

/// Puts a unit in, with its record.
pub async fn insert_unit(unit: &mut Unit, new: &PlanUnit) -> Result<(), DbError> {
    let row = plan_unit::Model {
        id: new.id.raw(),
        version: 1,
        plan_id: new.plan.raw(),
        parent_id: new.parent.map(PlanUnitId::raw),
        code: new.code.clone(),
        title: new.title.clone(),
        file_pattern: new.file_pattern.clone(),
        case_pattern: new.case_pattern.clone(),
        document_pattern: new.document_pattern.clone(),
        retention_years: new.retention_years.map(i64::from),
        transfer_years: new.transfer_years.map(i64::from),
        disposal: new.disposal.code().to_owned(),
        protection: new.protection.clone(),
        compartment_id: new.compartment.map(CompartmentId::raw),
        legal_basis: new.legal_basis.clone(),
        note: new.note.clone(),
        retired_at: new.retired_at.map(Timestamp::micros),
        created_at: unit.now().micros(),
    };
    let subject = Subject {
        kind: Kind::PlanUnit,
        id: row.id,
        root: row.id,
        version: 1,
        state: row.state_bytes(),
        content: None,
    };
    let active = plan_unit::ActiveModel::from(row).reset_all();
    plan_unit::Entity::insert(active)
        .exec_without_returning(unit.tx())
        .await?;
    unit.changed(subject);
    unit.record(Action::PlanUnitCreate, None);
    Ok(())
}

/// A unit of any edition.
pub async fn unit(on: &impl ConnectionTrait, id: PlanUnitId) -> Result<Option<PlanUnit>, DbError> {
    let row = plan_unit::Entity::find_by_id(id.raw()).one(on).await?;
    row.map(PlanUnit::try_from).transpose()
}

/// The unit with this mark in the edition that is in force on `today`; in the newest, where several are.
pub async fn unit_by_code(
    on: &impl ConnectionTrait,
    code: &str,
    today: CivilDate,
) -> Result<Option<PlanUnit>, DbError> {
    let text = "SELECT u.id FROM plan_unit u JOIN file_plan p ON p.id = u.plan_id \
                WHERE u.code = $1 AND p.valid_from <= $2 \
                AND (p.valid_until IS NULL OR p.valid_until >= $2) \
                ORDER BY p.valid_from DESC, p.id DESC LIMIT 1";
    let values = [code.into(), today.to_string().into()];
    let Some(row) = on.query_one_raw(sql(on, text, values)).await? else {
        return Ok(None);
    };
    unit(on, PlanUnitId::of(row.try_get_by_index(0)?)).await
}

/// A unit, and those that it is part of, up to the top.
pub async fn chain(on: &impl ConnectionTrait, id: PlanUnitId) -> Result<Vec<PlanUnit>, DbError> {
    let text = "WITH RECURSIVE above(id) AS (SELECT id FROM plan_unit WHERE id = $1 \
                UNION SELECT p.parent_id FROM plan_unit p JOIN above a ON p.id = a.id \
                WHERE p.parent_id IS NOT NULL) SELECT id FROM above";
    let found = on.query_all_raw(sql(on, text, [id.raw().into()])).await?;
    let mut ids: Vec<Uuid> = Vec::new();
    for row in found {
        ids.push(row.try_get_by_index(0)?);
    }
    let rows = plan_unit::Entity::find()
        .filter(plan_unit::Column::Id.is_in(ids))
        .order_by_asc(plan_unit::Column::Id)
        .all(on)
        .await?;
    let all: Result<Vec<_>, DbError> = rows.into_iter().map(PlanUnit::try_from).collect();
    let mut all = all?;
    let mut chain = Vec::new();
    let mut next = Some(id);
    while let Some(at) = next.and_then(|id| all.iter().position(|one| one.id == id)) {
        let found = all.swap_remove(at);
        next = found.parent;
        chain.push(found);
    }
    Ok(chain)
}
