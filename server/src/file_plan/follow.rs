//! What stands in a unit follows where the unit comes to stand: whatever hides the unit hides its files.

use std::collections::HashMap;
use std::pin::Pin;

use uuid::Uuid;

use super::model::PlanError;
use super::rows::{self, plan_unit};
use crate::base::{CompartmentId, PlanId, PlanUnitId, Role};
use crate::unit::Unit;

/// A unit whose files come to stand in another compartment, or in none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// The unit.
    pub unit: PlanUnitId,
    /// The compartment from now on.
    pub compartment: Option<CompartmentId>,
}

/// What takes the files of such units along, in the same unit of work.
pub type Following<'a> = Pin<Box<dyn Future<Output = Result<(), PlanError>> + 'a>>;

/// How files follow. They stand in a room to the right, which says how.
#[derive(Debug, Clone, Copy)]
pub struct Follow(pub for<'a> fn(&'a mut Unit, Vec<Moved>) -> Following<'a>);

/// The compartment in which the files of each unit stand: its own, or that of the nearest unit above
/// it that has one.
pub(super) type Compartments = HashMap<Uuid, Option<Uuid>>;

/// Those of an edition as it is now.
pub(super) async fn compartments(unit: &Unit, plan: PlanId) -> Result<Compartments, PlanError> {
    Ok(inherited(&rows::units(unit.tx(), plan).await?))
}

fn inherited(units: &[plan_unit::Model]) -> Compartments {
    let own: HashMap<Uuid, (Option<Uuid>, Option<Uuid>)> = units
        .iter()
        .map(|one| (one.id, (one.parent_id, one.compartment_id)))
        .collect();
    let nearest = |id: Uuid| {
        let (mut next, mut steps) = (Some(id), 0);
        while let Some((parent, compartment)) = next.and_then(|id| own.get(&id)) {
            if compartment.is_some() || steps > own.len() {
                return *compartment;
            }
            (next, steps) = (*parent, steps + 1);
        }
        None
    };
    own.keys().map(|id| (*id, nearest(*id))).collect()
}

/// Lets the files follow after units have changed. Whoever does not enter a compartment takes nothing
/// out of it, whether a file stands there or not.
pub(super) async fn follow(
    unit: &mut Unit,
    plan: PlanId,
    before: &Compartments,
    follow: Follow,
) -> Result<(), PlanError> {
    let after = compartments(unit, plan).await?;
    let mut moved = Vec::new();
    for (id, now) in after {
        let Some(was) = before.get(&id).copied().filter(|was| *was != now) else {
            continue;
        };
        let actor = unit.actor();
        let enters = |id: Uuid| actor.compartments.iter().any(|one| one.id.raw() == id);
        if was.is_some_and(|was| !enters(was)) && !actor.is(Role::System) {
            return Err(PlanError::Enclosed);
        }
        moved.push(Moved {
            unit: PlanUnitId::of(id),
            compartment: now.map(CompartmentId::of),
        });
    }
    if moved.is_empty() {
        return Ok(());
    }
    moved.sort_unstable_by_key(|one| one.unit);
    follow.0(unit, moved).await
}
