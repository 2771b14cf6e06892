//! What is done with definitions: proposed by one, approved by two others, retired by one.

use std::sync::Arc;

use sea_orm::ConnectionTrait;
use workflow::definition::Definition;

use super::beginning::adopt;
use super::catalog::{Listed, Rules};
use super::model::{Kept, Standing, Step, WorkflowError};
use super::rows;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::{Actor, CivilDate, CompartmentId, DefinitionId, Role, Timestamp};
use crate::departments::{self, functions};
use crate::file_plan;
use crate::forms::{Form, Forms};
use crate::unit::Unit;

/// Whether an actor proposes, approves and retires: heads, the registry, the mayor's office and administration.
pub(super) fn may_rule(actor: &Actor) -> bool {
    let rules = [Role::Head, Role::RecordsManager, Role::Mayor, Role::Admin];
    rules.into_iter().any(|role| actor.is(role)) || actor.is(Role::System)
}

fn require_rule(actor: &Actor) -> Result<(), WorkflowError> {
    // Four eyes are those of four people: nobody does it in another's stead.
    if !may_rule(actor) || actor.on_behalf_of.is_some() {
        return Err(WorkflowError::Forbidden);
    }
    super::ops::require_full(actor)
}

/// What a definition names that there is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// `function`, `form`, `form field` (its name is `FORM.FIELD`), `department`, `compartment`, `plan unit`.
    pub what: &'static str,
    /// Its name.
    pub name: String,
}

/// What a definition names that there is not in this house. Roles were checked when it was read.
pub(super) async fn missing(
    on: &impl ConnectionTrait,
    (forms, now): (&Forms, Timestamp),
    definition: &Definition,
) -> Result<Vec<Missing>, DbError> {
    let mut missing = Vec::new();
    let mut miss = |what, name: &str| {
        let name = name.to_owned();
        missing.push(Missing { what, name });
    };
    let known = functions::all(on).await?;
    for code in definition.functions() {
        if !known.iter().any(|one| one.code == code) {
            miss("function", code);
        }
    }
    for slug in definition.departments() {
        if departments::department(on, slug).await?.is_none() {
            miss("department", slug);
        }
    }
    for id in definition.forms() {
        let Ok(form) = forms.find(id, None) else {
            miss("form", id);
            continue;
        };
        for key in definition.lacking(id, wanted(&form)) {
            miss("form field", &format!("{id}.{key}"));
        }
    }
    if let Some(code) = &definition.compartment
        && departments::compartments::by_code(on, code)
            .await?
            .is_none()
    {
        miss("compartment", code);
    }
    for (inside, plan_unit) in definition.moves() {
        let Some(wanted) = departments::compartments::by_code(on, inside).await? else {
            miss("compartment", inside);
            continue;
        };
        if !stands_in(on, (plan_unit, wanted), now).await? {
            miss("plan unit", &format!("{plan_unit} in {inside}"));
        }
    }
    Ok(missing)
}

/// What a form must have, whatever else is said in it, and the case does not say.
fn wanted(form: &Form) -> impl Iterator<Item = &str> {
    let fields = form.template.fields.iter();
    let must = fields.filter(|one| one.required && one.when.is_none() && one.source.is_none());
    must.map(|one| one.key.as_str())
}

/// Whether a unit of the plan in force stands in a compartment.
async fn stands_in(
    on: &impl ConnectionTrait,
    (code, wanted): (&str, CompartmentId),
    now: Timestamp,
) -> Result<bool, DbError> {
    let Some(today) = CivilDate::on(now) else {
        return Ok(false);
    };
    let Some(found) = file_plan::unit_by_code(on, code, today).await? else {
        return Ok(false);
    };
    let chain = file_plan::chain(on, found.id).await?;
    let inside = chain.iter().find_map(|one| one.compartment);
    Ok(found.retired_at.is_none() && inside == Some(wanted))
}

/// A definition as it was read and looked at.
#[derive(Debug, Clone)]
pub(super) struct Looked {
    /// It.
    pub(super) definition: Arc<Definition>,
    /// What it names that there is not.
    pub(super) missing: Vec<Missing>,
}

/// Reads a source and looks whether all that it names is there.
pub(super) async fn look(
    on: &impl ConnectionTrait,
    (rules, forms, now): (&Rules, &Forms, Timestamp),
    source: &[u8],
) -> Result<Looked, WorkflowError> {
    let definition = rules.check(source)?;
    let missing = missing(on, (forms, now), &definition).await?;
    Ok(Looked {
        definition,
        missing,
    })
}

fn step(unit: &Unit) -> Step {
    Step {
        at: unit.now(),
        by: unit.actor().account,
    }
}

/// Proposes a version of a definition. It does not hold before two others have approved it.
pub(super) async fn propose(
    unit: &mut Unit,
    rules: &Rules,
    (definition, source): (&Definition, Vec<u8>),
) -> Result<Kept, WorkflowError> {
    require_rule(unit.actor())?;
    let named = (definition.id.as_str(), definition.version);
    let taken = rules.find(unit.tx(), (named.0, Some(named.1))).await?;
    // Hidden behind a definition of the town, it is still the program's.
    if taken.is_some() || rules.shipped(named.0, named.1).is_some() {
        return Err(WorkflowError::Taken);
    }
    let kept = Kept {
        id: DefinitionId::new(),
        version: 1,
        code: definition.id.clone(),
        number: definition.version,
        sha256: definition.sha256,
        source,
        title: definition.title.de.clone(),
        standing: Standing::Proposed,
        shipped: false,
        proposed: step(unit),
        first: None,
        second: None,
        retired: None,
        reason: None,
    };
    rows::insert_definition(unit, &kept).await?;
    unit.record(Action::WorkflowDefinitionPropose, None);
    Ok(kept)
}

/// Approves a version: somebody who neither proposed it nor approved it already. The second makes it hold.
pub(super) async fn approve(
    unit: &mut Unit,
    (code, number): (&str, u32),
) -> Result<Kept, WorkflowError> {
    require_rule(unit.actor())?;
    let found = rows::definition_to_change(unit, (code, number)).await?;
    let mut kept = found.ok_or(WorkflowError::NotFound)?;
    if kept.standing != Standing::Proposed {
        return Err(WorkflowError::State {
            current: kept.standing.code(),
        });
    }
    let own = step(unit);
    let first = kept.first.map(|step| step.by);
    if own.by == kept.proposed.by || first == Some(own.by) {
        return Err(WorkflowError::FourEyes);
    }
    if kept.first.is_none() {
        kept.first = Some(own);
    } else {
        kept.second = Some(own);
        kept.standing = Standing::Active;
    }
    rows::save_definition(unit, &mut kept).await?;
    unit.record(Action::WorkflowDefinitionApprove, None);
    Ok(kept)
}

/// Retires a version, or turns it down: nothing begins by it any more; what runs goes on.
pub(super) async fn retire(
    unit: &mut Unit,
    rules: &Rules,
    (code, number): (&str, u32),
    reason: String,
) -> Result<Kept, WorkflowError> {
    require_rule(unit.actor())?;
    if let Some(mut kept) = rows::definition_to_change(unit, (code, number)).await? {
        if kept.standing == Standing::Retired {
            return Err(WorkflowError::State {
                current: kept.standing.code(),
            });
        }
        // Who retires an older version of the program means that one: the newer one goes on, where it is offered.
        if let Some(newer) = rules.newer(code, number).filter(|_| kept.shipped)
            && let Some(Listed::Shipped(_)) = rules
                .find(unit.tx(), (code, Some(newer.definition.version)))
                .await?
        {
            adopt(unit, newer, Standing::Active, None).await?;
        }
        kept.standing = Standing::Retired;
        kept.retired = Some(step(unit));
        kept.reason = Some(reason);
        rows::save_definition(unit, &mut kept).await?;
        unit.record(Action::WorkflowDefinitionRetire, None);
        return Ok(kept);
    }
    match rules.find(unit.tx(), (code, Some(number))).await? {
        Some(Listed::Shipped(one)) => adopt(unit, &one, Standing::Retired, Some(reason)).await,
        Some(Listed::Kept(_)) | None => Err(WorkflowError::NotFound),
    }
}
