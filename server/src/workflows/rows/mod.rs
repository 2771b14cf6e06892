//! Rows of definitions and instances; beside them order limits, and what is made of instances.

mod beside;
mod limits;
mod projected;
pub(super) mod seals;

use sea_orm::entity::prelude::*;
use sea_orm::{ActiveValue, QueryOrder, QuerySelect};

use super::model::{Flow, Kept, OrderLimit, Standing, Step};
use crate::audit::canonical::{Object as Json, SafeInt};
use crate::audit::event::{Kind, Subject};
use crate::base::db::{DbError, sql};
use crate::base::{
    AccountId, CaseId, CompartmentId, DefinitionId, DepartmentId, Timestamp, WorkflowId,
};
use crate::unit::Unit;

pub(super) use beside::{
    Entry, Said, Work, delete_key, documents_named, entries, freeze, frozen_among, insert_entry,
    insert_key, insert_work, keyed, work_brought_near, work_done, work_due, work_failed, work_said,
    work_waits,
};
pub(super) use limits::{limit_to_change, limits, order_limit, page_of_limits};
pub(super) use projected::{Seen, project};

pub(super) mod workflow_definition {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "workflow_definition")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub code: String,
        pub number: i64,
        pub sha256: Vec<u8>,
        pub source: Vec<u8>,
        pub title: String,
        pub state: String,
        pub shipped: i64,
        pub proposed_at: i64,
        pub proposed_by: Uuid,
        pub first_at: Option<i64>,
        pub first_by: Option<Uuid>,
        pub second_at: Option<i64>,
        pub second_by: Option<Uuid>,
        pub retired_at: Option<i64>,
        pub retired_by: Option<Uuid>,
        pub reason: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod workflow_instance {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "workflow_instance")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub version: i64,
        pub case_id: Uuid,
        pub definition_id: String,
        pub definition_version: i64,
        pub definition_sha256: Vec<u8>,
        pub department_id: Uuid,
        pub compartment_id: Option<Uuid>,
        pub state: String,
        pub ended_at: Option<i64>,
        pub how: Option<String>,
        pub started_at: i64,
        pub started_by: Uuid,
        pub changed_at: i64,
        pub data: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

fn at(micros: i64) -> String {
    Timestamp::of_micros(micros).to_string()
}

fn text(id: Uuid) -> String {
    id.to_string()
}

fn counted(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn step(at: Option<i64>, by: Option<Uuid>) -> Option<Step> {
    let (at, by) = at.zip(by)?;
    Some(Step {
        at: Timestamp::of_micros(at),
        by: AccountId::of(by),
    })
}

impl workflow_definition::Model {
    pub(super) fn state_bytes(&self) -> Vec<u8> {
        Json::new()
            .with("code", self.code.as_str())
            .with_some("first_at", self.first_at.map(at))
            .with_some("first_by", self.first_by.map(text))
            .with_some("number", SafeInt::new(self.number))
            .with("proposed_at", at(self.proposed_at))
            .with("proposed_by", text(self.proposed_by))
            .with_some("reason", self.reason.as_deref())
            .with_some("retired_at", self.retired_at.map(at))
            .with_some("retired_by", self.retired_by.map(text))
            .with_some("second_at", self.second_at.map(at))
            .with_some("second_by", self.second_by.map(text))
            .with("sha256", hex::encode(&self.sha256))
            .with("shipped", self.shipped != 0)
            .with("source_sha256", hex::encode(digest(&self.source)))
            .with("state", self.state.as_str())
            .with("title", self.title.as_str())
            .to_bytes()
    }

    fn subject(&self) -> Subject {
        Subject {
            kind: Kind::WorkflowDefinition,
            id: self.id,
            root: self.id,
            version: counted(self.version),
            state: self.state_bytes(),
            content: None,
        }
    }
}

impl workflow_instance::Model {
    pub(super) fn state_bytes(&self) -> Vec<u8> {
        Json::new()
            .with("case", text(self.case_id))
            .with_some("compartment", self.compartment_id.map(text))
            .with("data_sha256", hex::encode(digest(self.data.as_bytes())))
            .with("definition", self.definition_id.as_str())
            .with("definition_sha256", hex::encode(&self.definition_sha256))
            .with_some("definition_version", SafeInt::new(self.definition_version))
            .with("department", text(self.department_id))
            .with_some("ended_at", self.ended_at.map(at))
            .with_some("how", self.how.as_deref())
            .with("started_at", at(self.started_at))
            .with("started_by", text(self.started_by))
            .with("state", self.state.as_str())
            .to_bytes()
    }

    /// Told in the history of the case, and erased with it.
    fn subject(&self) -> Subject {
        Subject {
            kind: Kind::Workflow,
            id: self.id,
            root: self.case_id,
            version: counted(self.version),
            state: self.state_bytes(),
            content: None,
        }
    }
}

/// SHA-256.
pub(super) fn digest(bytes: &[u8]) -> [u8; 32] {
    use sha2::{Digest as _, Sha256};
    Sha256::digest(bytes).into()
}

impl TryFrom<workflow_definition::Model> for Kept {
    type Error = DbError;

    fn try_from(row: workflow_definition::Model) -> Result<Self, DbError> {
        let corrupt = |what| DbError::Corrupt {
            table: "workflow_definition",
            key: row.id.to_string(),
            what,
        };
        let sha256: Option<[u8; 32]> = row.sha256.as_slice().try_into().ok();
        Ok(Self {
            id: DefinitionId::of(row.id),
            version: counted(row.version),
            number: u32::try_from(row.number).unwrap_or_default(),
            sha256: sha256.ok_or_else(|| corrupt("a digest has the wrong length"))?,
            standing: Standing::parse(&row.state).ok_or_else(|| corrupt("the state is unknown"))?,
            shipped: row.shipped != 0,
            proposed: Step {
                at: Timestamp::of_micros(row.proposed_at),
                by: AccountId::of(row.proposed_by),
            },
            first: step(row.first_at, row.first_by),
            second: step(row.second_at, row.second_by),
            retired: step(row.retired_at, row.retired_by),
            code: row.code,
            source: row.source,
            title: row.title,
            reason: row.reason,
        })
    }
}

impl From<&Kept> for workflow_definition::Model {
    fn from(kept: &Kept) -> Self {
        let micros = |step: Option<Step>| step.map(|step| step.at.micros());
        let by = |step: Option<Step>| step.map(|step| step.by.raw());
        Self {
            id: kept.id.raw(),
            version: signed(kept.version),
            code: kept.code.clone(),
            number: i64::from(kept.number),
            sha256: kept.sha256.to_vec(),
            source: kept.source.clone(),
            title: kept.title.clone(),
            state: kept.standing.code().to_owned(),
            shipped: i64::from(kept.shipped),
            proposed_at: kept.proposed.at.micros(),
            proposed_by: kept.proposed.by.raw(),
            first_at: micros(kept.first),
            first_by: by(kept.first),
            second_at: micros(kept.second),
            second_by: by(kept.second),
            retired_at: micros(kept.retired),
            retired_by: by(kept.retired),
            reason: kept.reason.clone(),
        }
    }
}

impl TryFrom<workflow_instance::Model> for Flow {
    type Error = DbError;

    fn try_from(row: workflow_instance::Model) -> Result<Self, DbError> {
        let instance = serde_json::from_str(&row.data).map_err(|_unreadable| DbError::Corrupt {
            table: "workflow_instance",
            key: row.id.to_string(),
            what: "what is known of it cannot be read",
        })?;
        Ok(Self {
            id: WorkflowId::of(row.id),
            version: counted(row.version),
            case: CaseId::of(row.case_id),
            department: DepartmentId::of(row.department_id),
            compartment: row.compartment_id.map(CompartmentId::of),
            started_at: Timestamp::of_micros(row.started_at),
            started_by: AccountId::of(row.started_by),
            changed_at: Timestamp::of_micros(row.changed_at),
            instance,
        })
    }
}

impl TryFrom<&Flow> for workflow_instance::Model {
    type Error = DbError;

    fn try_from(flow: &Flow) -> Result<Self, DbError> {
        let corrupt = |what| DbError::Corrupt {
            table: "workflow_instance",
            key: flow.id.to_string(),
            what,
        };
        let instance = &flow.instance;
        let data = serde_json::to_string(instance);
        let sha256 = hex::decode(&instance.definition_sha256);
        let how = instance.ended.as_ref().map(|ended| match ended.how {
            workflow::definition::End::Done => "done".to_owned(),
            workflow::definition::End::Dropped => "dropped".to_owned(),
        });
        Ok(Self {
            id: flow.id.raw(),
            version: signed(flow.version),
            case_id: flow.case.raw(),
            definition_id: instance.definition.clone(),
            definition_version: i64::from(instance.definition_version),
            definition_sha256: sha256.map_err(|_no_hex| corrupt("a digest is none"))?,
            department_id: flow.department.raw(),
            compartment_id: flow.compartment.map(CompartmentId::raw),
            state: instance.state.clone(),
            ended_at: instance.ended.as_ref().map(|ended| ended.at.0),
            how,
            started_at: flow.started_at.micros(),
            started_by: flow.started_by.raw(),
            changed_at: flow.changed_at.micros(),
            data: data.map_err(|_unwritable| corrupt("it cannot be written"))?,
        })
    }
}

macro_rules! kept_rows {
    ($entity:ident, $new:ty, $row:path, $insert:ident, $save:ident) => {
        /// Adds a row.
        pub(super) async fn $insert(unit: &mut Unit, new: &$new) -> Result<(), DbError> {
            let row = $row(new)?;
            let subject = row.subject();
            let active = $entity::ActiveModel::from(row).reset_all();
            $entity::Entity::insert(active)
                .exec_without_returning(unit.tx())
                .await?;
            unit.changed(subject);
            Ok(())
        }

        /// Writes the next version of a row; refuses one that has moved on.
        pub(super) async fn $save(unit: &mut Unit, changed: &mut $new) -> Result<(), DbError> {
            let before = signed(changed.version);
            changed.version += 1;
            let row = $row(changed)?;
            let subject = row.subject();
            let id = row.id;
            let mut active = $entity::ActiveModel::from(row).reset_all();
            active.id = ActiveValue::NotSet;
            let done = $entity::Entity::update_many()
                .set(active)
                .filter($entity::Column::Id.eq(id))
                .filter($entity::Column::Version.eq(before))
                .exec(unit.tx())
                .await?;
            if done.rows_affected != 1 {
                return Err(DbError::Stale);
            }
            unit.changed(subject);
            Ok(())
        }
    };
}

fn definition_row(kept: &Kept) -> Result<workflow_definition::Model, DbError> {
    Ok(workflow_definition::Model::from(kept))
}

fn instance_row(flow: &Flow) -> Result<workflow_instance::Model, DbError> {
    workflow_instance::Model::try_from(flow)
}

fn limit_row(limit: &OrderLimit) -> Result<order_limit::Model, DbError> {
    Ok(order_limit::Model::from(limit))
}

kept_rows!(
    workflow_definition,
    Kept,
    definition_row,
    insert_definition,
    save_definition
);
kept_rows!(workflow_instance, Flow, instance_row, insert, save);
kept_rows!(order_limit, OrderLimit, limit_row, insert_limit, save_limit);

/// A version of a definition.
pub(super) async fn definition(
    on: &impl ConnectionTrait,
    (code, number): (&str, u32),
) -> Result<Option<Kept>, DbError> {
    let row = workflow_definition::Entity::find()
        .filter(workflow_definition::Column::Code.eq(code))
        .filter(workflow_definition::Column::Number.eq(i64::from(number)))
        .one(on)
        .await?;
    row.map(Kept::try_from).transpose()
}

/// The same, locked until the unit ends.
pub(super) async fn definition_to_change(
    unit: &Unit,
    (code, number): (&str, u32),
) -> Result<Option<Kept>, DbError> {
    let row = workflow_definition::Entity::find()
        .filter(workflow_definition::Column::Code.eq(code))
        .filter(workflow_definition::Column::Number.eq(i64::from(number)))
        .lock_exclusive()
        .one(unit.tx())
        .await?;
    row.map(Kept::try_from).transpose()
}

/// The versions of a definition, or of all of them, the newest first.
pub(super) async fn definitions(
    on: &impl ConnectionTrait,
    code: Option<&str>,
) -> Result<Vec<Kept>, DbError> {
    let mut query = workflow_definition::Entity::find()
        .order_by_asc(workflow_definition::Column::Code)
        .order_by_desc(workflow_definition::Column::Number);
    if let Some(code) = code {
        query = query.filter(workflow_definition::Column::Code.eq(code));
    }
    let rows = query.all(on).await?;
    rows.into_iter().map(Kept::try_from).collect()
}

/// One workflow, whoever asks.
pub(super) async fn find(
    on: &impl ConnectionTrait,
    id: WorkflowId,
) -> Result<Option<Flow>, DbError> {
    let row = workflow_instance::Entity::find_by_id(id.raw())
        .one(on)
        .await?;
    row.map(Flow::try_from).transpose()
}

/// These workflows, whoever asks, in no order.
pub(super) async fn these(
    on: &impl ConnectionTrait,
    ids: &[WorkflowId],
) -> Result<Vec<Flow>, DbError> {
    let ids = ids.iter().map(|id| id.raw());
    let rows = workflow_instance::Entity::find()
        .filter(workflow_instance::Column::Id.is_in(ids))
        .all(on)
        .await?;
    rows.into_iter().map(Flow::try_from).collect()
}

/// One workflow, locked until the unit ends.
pub(super) async fn find_to_change(unit: &Unit, id: WorkflowId) -> Result<Option<Flow>, DbError> {
    let row = workflow_instance::Entity::find_by_id(id.raw())
        .lock_exclusive()
        .one(unit.tx())
        .await?;
    row.map(Flow::try_from).transpose()
}

/// All workflows of a case, the first begun first.
pub(super) async fn in_case(on: &impl ConnectionTrait, case: CaseId) -> Result<Vec<Flow>, DbError> {
    let rows = workflow_instance::Entity::find()
        .filter(workflow_instance::Column::CaseId.eq(case.raw()))
        .order_by_asc(workflow_instance::Column::StartedAt)
        .order_by_asc(workflow_instance::Column::Id)
        .all(on)
        .await?;
    rows.into_iter().map(Flow::try_from).collect()
}

/// The workflows of a case that have not ended.
pub(super) async fn open_in(
    on: &impl ConnectionTrait,
    case: CaseId,
) -> Result<Vec<WorkflowId>, DbError> {
    let text = "SELECT id FROM workflow_instance WHERE case_id = $1 AND ended_at IS NULL";
    let rows = on.query_all_raw(sql(on, text, [case.raw().into()])).await?;
    rows.iter()
        .map(|row| Ok(WorkflowId::of(row.try_get_by_index(0)?)))
        .collect()
}

/// Whether a workflow runs or ran in a case.
pub(super) async fn any_in(on: &impl ConnectionTrait, case: CaseId) -> Result<bool, DbError> {
    let text = "SELECT 1 FROM workflow_instance WHERE case_id = $1 LIMIT 1";
    let row = on.query_one_raw(sql(on, text, [case.raw().into()])).await?;
    Ok(row.is_some())
}

/// The workflow of a kind that runs in a case.
pub(super) async fn running(
    on: &impl ConnectionTrait,
    (case, code): (CaseId, &str),
) -> Result<Option<WorkflowId>, DbError> {
    let text = "SELECT id FROM workflow_instance \
                WHERE case_id = $1 AND definition_id = $2 AND ended_at IS NULL";
    let values = [case.raw().into(), code.into()];
    let row = on.query_one_raw(sql(on, text, values)).await?;
    row.map(|row| Ok(WorkflowId::of(row.try_get_by_index(0)?)))
        .transpose()
}
