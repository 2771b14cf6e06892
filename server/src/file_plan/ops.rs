//! What is done with the file plan, one edition or unit at a time.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::follow::{self, Follow};
use super::model::{Fields, Misplaced, Plan, PlanError, PlanUnit, Tree, UNITS_MAX};
use super::rows;
use crate::audit::event::Action;
use crate::base::db::{DbError, sql};
use crate::base::{Actor, CivilDate, CompartmentId, PlanId, PlanUnitId, Right};
use crate::departments;
use crate::unit::Unit;

/// A new edition, or what an edition shall be from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edition {
    /// The name of the plan.
    pub name: String,
    /// The edition.
    pub edition: String,
    /// The first day on which it is in force.
    pub valid_from: CivilDate,
    /// The last day.
    pub valid_until: Option<CivilDate>,
}

/// Refuses whoever does not maintain the plan.
pub(super) fn require_manager(actor: &Actor) -> Result<(), PlanError> {
    if actor.may_somewhere(Right::ManagePlan) {
        Ok(())
    } else {
        Err(PlanError::Forbidden)
    }
}

/// Refuses an edition that no day belongs to, that exists, or that another one stands in the way of.
/// `own` is the edition itself, where it exists already.
pub(super) async fn check_edition(
    on: &impl ConnectionTrait,
    own: Option<PlanId>,
    wanted: &Edition,
) -> Result<(), PlanError> {
    if wanted
        .valid_until
        .is_some_and(|until| until < wanted.valid_from)
    {
        return Err(PlanError::Backwards);
    }
    for other in rows::plans(on).await? {
        if Some(other.id) == own || other.name != wanted.name {
            continue;
        }
        if other.edition == wanted.edition {
            return Err(PlanError::Taken {
                existing: other.id.raw(),
            });
        }
        let new = Plan {
            valid_from: wanted.valid_from,
            valid_until: wanted.valid_until,
            ..other.clone()
        };
        if new.overlaps(&other) {
            return Err(PlanError::Overlap {
                edition: other.edition,
            });
        }
    }
    Ok(())
}

/// Puts an edition in.
pub(super) async fn create_plan(unit: &mut Unit, new: Edition) -> Result<Plan, PlanError> {
    require_manager(unit.actor())?;
    check_edition(unit.tx(), None, &new).await?;
    let row = rows::file_plan::Model {
        id: PlanId::new().raw(),
        version: 1,
        name: new.name,
        edition: new.edition,
        valid_from: new.valid_from.to_string(),
        valid_until: new.valid_until.map(|until| until.to_string()),
        created_at: unit.now().micros(),
        created_by: unit.actor().account.raw(),
    };
    rows::insert_plan(unit, row.clone()).await?;
    unit.record(Action::PlanCreate, None);
    Ok(Plan::try_from(row)?)
}

/// Changes an edition; `expected` is the version that the caller has seen.
pub(super) async fn change_plan(
    unit: &mut Unit,
    id: PlanId,
    expected: Option<u64>,
    change: impl FnOnce(&Plan) -> Edition,
) -> Result<Plan, PlanError> {
    require_manager(unit.actor())?;
    let mut row = rows::plan(unit.tx(), id).await?.ok_or(PlanError::NoPlan)?;
    let before = Plan::try_from(row.clone())?;
    current(expected, before.version)?;
    let wanted = change(&before);
    let until = wanted.valid_until.map(|until| until.to_string());
    let same = (&wanted.name, &wanted.edition) == (&row.name, &row.edition)
        && wanted.valid_from == before.valid_from
        && until == row.valid_until;
    if same {
        return Err(PlanError::Unchanged);
    }
    check_edition(unit.tx(), Some(id), &wanted).await?;
    row.name = wanted.name;
    row.edition = wanted.edition;
    row.valid_from = wanted.valid_from.to_string();
    row.valid_until = until;
    rows::update_plan(unit, &mut row).await?;
    unit.record(Action::PlanChange, None);
    Ok(Plan::try_from(row)?)
}

fn current(expected: Option<u64>, current: u64) -> Result<(), PlanError> {
    if expected.is_some_and(|expected| expected != current) {
        return Err(PlanError::Stale { current });
    }
    Ok(())
}

/// Puts what is said about a unit into its row.
pub(super) fn write_fields(row: &mut rows::plan_unit::Model, fields: Fields) {
    row.code = fields.code;
    row.title = fields.title;
    row.file_pattern = fields.file_pattern;
    row.case_pattern = fields.case_pattern;
    row.document_pattern = fields.document_pattern;
    row.retention_years = fields.retention_years.map(i64::from);
    row.transfer_years = fields.transfer_years.map(i64::from);
    fields.disposal.code().clone_into(&mut row.disposal);
    row.protection = fields.protection;
    row.compartment_id = fields.compartment.map(CompartmentId::raw);
    row.legal_basis = fields.legal_basis;
    row.note = fields.note;
}

/// The row of a new unit, with nothing said about it yet.
pub(super) fn new_row(unit: &Unit, plan: PlanId) -> rows::plan_unit::Model {
    rows::plan_unit::Model {
        id: PlanUnitId::new().raw(),
        version: 1,
        plan_id: plan.raw(),
        parent_id: None,
        code: String::new(),
        title: String::new(),
        file_pattern: None,
        case_pattern: None,
        document_pattern: None,
        retention_years: None,
        transfer_years: None,
        disposal: String::new(),
        protection: None,
        compartment_id: None,
        legal_basis: None,
        note: None,
        retired_at: None,
        created_at: unit.now().micros(),
    }
}

/// Refuses a place in the tree, a mark or a compartment that cannot be.
async fn check_unit(
    unit: &Unit,
    plan: PlanId,
    own: Uuid,
    fields: &Fields,
    parent: Option<PlanUnitId>,
) -> Result<(), PlanError> {
    let known = rows::units(unit.tx(), plan).await?;
    let same = known
        .iter()
        .find(|one| one.code == fields.code && one.id != own);
    if let Some(same) = same {
        return Err(PlanError::Taken { existing: same.id });
    }
    if !known.iter().any(|one| one.id == own) && known.len() >= UNITS_MAX {
        return Err(PlanError::Full);
    }
    if let Some(parent) = parent
        && !known.iter().any(|one| one.id == parent.raw())
    {
        return Err(PlanError::NoParent);
    }
    let mut parents: HashMap<Uuid, Option<Uuid>> =
        known.iter().map(|one| (one.id, one.parent_id)).collect();
    parents.insert(own, parent.map(PlanUnitId::raw));
    // Whoever hangs below it moves along.
    for level in Tree::of(&parents).levels().into_values() {
        level.map_err(PlanError::Misplaced)?;
    }
    if let Some(compartment) = fields.compartment {
        let all = departments::compartment_codes(unit.tx()).await?;
        if !all.contains_key(&compartment) {
            return Err(PlanError::NoCompartment);
        }
    }
    Ok(())
}

/// Adds a unit to an edition.
pub(super) async fn add_unit(
    unit: &mut Unit,
    plan: PlanId,
    fields: Fields,
    parent: Option<PlanUnitId>,
) -> Result<PlanUnit, PlanError> {
    require_manager(unit.actor())?;
    rows::plan(unit.tx(), plan)
        .await?
        .ok_or(PlanError::NoPlan)?;
    let mut row = new_row(unit, plan);
    check_unit(unit, plan, row.id, &fields, parent).await?;
    write_fields(&mut row, fields);
    row.parent_id = parent.map(PlanUnitId::raw);
    rows::insert_units(unit, std::slice::from_ref(&row)).await?;
    unit.changed(rows::State::subject(&row));
    unit.record(Action::PlanUnitCreate, None);
    Ok(PlanUnit::try_from(row)?)
}

/// Changes a unit, and lets what stands in it follow; `expected` is the version that the caller has seen.
pub(super) async fn change_unit(
    unit: &mut Unit,
    id: PlanUnitId,
    expected: Option<u64>,
    change: impl FnOnce(&PlanUnit) -> (Fields, Option<PlanUnitId>),
    how: Follow,
) -> Result<PlanUnit, PlanError> {
    require_manager(unit.actor())?;
    let mut row = rows::unit(unit.tx(), id).await?.ok_or(PlanError::NoUnit)?;
    let before = PlanUnit::try_from(row.clone())?;
    current(expected, before.version)?;
    let (fields, parent) = change(&before);
    if fields == before.fields() && parent == before.parent {
        return Err(PlanError::Unchanged);
    }
    if fields.code != before.code && has_files(unit.tx(), id).await? {
        return Err(PlanError::InUse);
    }
    check_unit(unit, before.plan, row.id, &fields, parent).await?;
    let moves = fields.compartment != before.compartment || parent != before.parent;
    let stood = if moves {
        Some(follow::compartments(unit, before.plan).await?)
    } else {
        None
    };
    write_fields(&mut row, fields);
    row.parent_id = parent.map(PlanUnitId::raw);
    rows::update_unit(unit, &mut row).await?;
    unit.record(Action::PlanUnitChange, None);
    if let Some(stood) = stood {
        follow::follow(unit, before.plan, &stood, how).await?;
    }
    Ok(PlanUnit::try_from(row)?)
}

/// Retires a unit: what is in it stays, and nothing new comes in.
pub(super) async fn retire_unit(
    unit: &mut Unit,
    id: PlanUnitId,
    expected: Option<u64>,
) -> Result<PlanUnit, PlanError> {
    require_manager(unit.actor())?;
    let mut row = rows::unit(unit.tx(), id).await?.ok_or(PlanError::NoUnit)?;
    current(expected, u64::try_from(row.version).unwrap_or_default())?;
    if row.retired_at.is_some() {
        return Err(PlanError::Retired);
    }
    row.retired_at = Some(unit.now().micros());
    rows::update_unit(unit, &mut row).await?;
    unit.record(Action::PlanUnitRetire, None);
    Ok(PlanUnit::try_from(row)?)
}

/// Whether a file was ever opened in a unit. Files stand in a room to the right; only that there are
/// some counts here.
async fn has_files(on: &impl ConnectionTrait, id: PlanUnitId) -> Result<bool, DbError> {
    let text = "SELECT 1 FROM record_file WHERE plan_unit_id = $1 LIMIT 1";
    let row = on.query_one_raw(sql(on, text, [id.raw().into()])).await?;
    Ok(row.is_some())
}

/// All editions, by name and first day.
pub async fn plans(on: &impl ConnectionTrait) -> Result<Vec<Plan>, DbError> {
    rows::plans(on).await
}

/// One edition.
pub(super) async fn plan(on: &impl ConnectionTrait, id: PlanId) -> Result<Option<Plan>, DbError> {
    rows::plan(on, id).await?.map(Plan::try_from).transpose()
}

/// One unit, of whatever edition.
pub async fn unit(on: &impl ConnectionTrait, id: PlanUnitId) -> Result<Option<PlanUnit>, DbError> {
    rows::unit(on, id)
        .await?
        .map(PlanUnit::try_from)
        .transpose()
}

/// Several units, of whatever edition, in no order.
pub async fn units_with(
    on: &impl ConnectionTrait,
    ids: &[PlanUnitId],
) -> Result<Vec<PlanUnit>, DbError> {
    rows::units_with(on, ids).await
}

/// The unit with this mark in the plan that is in force today. Where plans of several names have
/// it, that of the plan that came into force last.
pub async fn unit_by_code(
    on: &impl ConnectionTrait,
    code: &str,
    today: CivilDate,
) -> Result<Option<PlanUnit>, DbError> {
    let units = rows::units_with_code(on, code).await?;
    let plans: HashMap<PlanId, Plan> = rows::plans(on)
        .await?
        .into_iter()
        .filter(|plan| plan.in_force(today))
        .map(|plan| (plan.id, plan))
        .collect();
    let since = |unit: &PlanUnit| plans.get(&unit.plan).map(|plan| (plan.valid_from, plan.id));
    Ok(units
        .into_iter()
        .filter(|unit| plans.contains_key(&unit.plan))
        .max_by_key(since))
}

/// The unit, then the one that it is part of, and so on to the top.
pub async fn chain(on: &impl ConnectionTrait, id: PlanUnitId) -> Result<Vec<PlanUnit>, DbError> {
    let mut found: Vec<PlanUnit> = Vec::new();
    let mut next = Some(id);
    while let Some(id) = next {
        // A loop cannot come about; it would end here all the same.
        if found.iter().any(|one| one.id == id) {
            break;
        }
        let Some(one) = unit(on, id).await? else {
            break;
        };
        next = one.parent;
        found.push(one);
    }
    Ok(found)
}

impl From<Misplaced> for PlanError {
    fn from(misplaced: Misplaced) -> Self {
        Self::Misplaced(misplaced)
    }
}
