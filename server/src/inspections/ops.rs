//! What is done with inspections; the only code that writes about them.

use sea_orm::ConnectionTrait;

use super::model::{Inspection, InspectionError, New, STANDING_MAX, Step, Target, check_time};
use super::rows::{self, Which};
use crate::audit::event::Action;
use crate::base::actor::Scope;
use crate::base::sight::Reason;
use crate::base::{AccountId, Actor, InspectionId, Place, Right, Role, Timestamp};
use crate::cases::{self, CaseError};
use crate::config::Rights;
use crate::departments::{self, Standing};
use crate::documents::{self, DocumentError};
use crate::files::{self, FileError};
use crate::holds::Object;
use crate::unit::Unit;

/// Where an object stands, if the actor may see it.
pub(super) async fn place_of(
    on: &impl ConnectionTrait,
    actor: &Actor,
    object: Object,
) -> Result<Place, InspectionError> {
    let found = match object {
        Object::File(id) => match files::read(on, actor, id).await {
            Ok(file) => Some(file.place()),
            Err(FileError::NotFound) => None,
            Err(error) => return Err(error.into()),
        },
        Object::Case(id) => match cases::read(on, actor, id).await {
            Ok(case) => Some(case.place()),
            Err(CaseError::NotFound) => None,
            Err(error) => return Err(error.into()),
        },
        Object::Document(id) => match documents::read(on, actor, id).await {
            // It is shown with what it was taken out of, which nobody would have opened.
            Ok(held) if held.document.part.is_some() => return Err(InspectionError::Component),
            Ok(held) => Some(held.document.place()),
            Err(DocumentError::NotFound) => None,
            Err(error) => return Err(error.into()),
        },
    };
    found.ok_or(InspectionError::NoObject)
}

/// Refuses an account that gets no content this way.
async fn require_fit(unit: &Unit, account: AccountId, inside: bool) -> Result<(), InspectionError> {
    let reader = departments::actor(unit.tx(), account, unit.now(), None).await?;
    let stays_outside = reader.is(Role::Admin) || (inside && reader.is(Role::Mayor));
    if stays_outside {
        return Err(InspectionError::StaysOutside);
    }
    Ok(())
}

/// The account that shall read: one of a person that is not switched off.
async fn reader(unit: &Unit, login: &str) -> Result<AccountId, InspectionError> {
    let found = departments::account_of_login(unit.tx(), login).await?;
    let id = found.ok_or(InspectionError::NoAccount)?;
    let account = departments::account(unit.tx(), id).await?;
    let account = account.filter(|account| !account.disabled);
    Ok(account.ok_or(InspectionError::NoAccount)?.id)
}

async fn require_room(unit: &Unit, account: AccountId) -> Result<(), InspectionError> {
    if rows::standing_of(unit.tx(), account, unit.now()).await? >= STANDING_MAX {
        return Err(InspectionError::TooMany);
    }
    Ok(())
}

fn step(unit: &Unit) -> Step {
    Step {
        at: unit.now(),
        by: unit.actor().account,
    }
}

/// Refuses whoever acts for another: one right would be used twice, by its holder and by who stands in for
/// him.
fn require_own_name(actor: &Actor) -> Result<(), InspectionError> {
    if actor.on_behalf_of.is_none() {
        return Ok(());
    }
    Err(InspectionError::InAnothersStead)
}

/// Asks that an object is opened to an account for reading. It does not hold before its approval.
pub async fn ask(unit: &mut Unit, new: New, rights: Rights) -> Result<Inspection, InspectionError> {
    require_own_name(unit.actor())?;
    let place = place_of(unit.tx(), unit.actor(), new.object).await?;
    if new.reason == Reason::Emergency || !unit.actor().may(Right::Inspect, place) {
        return Err(InspectionError::Forbidden);
    }
    let days = if place.compartment.is_some() {
        rights.inspection_days_inside_max
    } else {
        rights.inspection_days_max
    };
    check_time(unit.now(), (new.valid_from, new.valid_until), days)?;
    let account = reader(unit, &new.login).await?;
    require_fit(unit, account, place.compartment.is_some()).await?;
    require_room(unit, account).await?;
    let one = Inspection {
        id: InspectionId::new(),
        version: 1,
        reason: new.reason,
        account,
        target: Target::Object(new.object),
        department: Some(place.unit),
        compartment: place.compartment,
        purpose: new.purpose,
        hours: None,
        asked: step(unit),
        first: None,
        approved: None,
        valid_from: new.valid_from,
        valid_until: Some(new.valid_until),
        ended: None,
    };
    rows::insert(unit, &one).await?;
    unit.record(Action::InspectionRequest, Some(place.unit));
    Ok(one)
}

/// An inspection that waits for an approval, if the actor may know of it.
async fn waiting(
    unit: &Unit,
    which: Which,
    id: InspectionId,
) -> Result<Inspection, InspectionError> {
    let found = rows::find(unit.tx(), (unit.actor(), which), id).await?;
    let one = found.ok_or(InspectionError::NotFound)?;
    if one.standing(unit.now()) != Standing::Waiting || one.approved.is_some() {
        return Err(InspectionError::Settled);
    }
    Ok(one)
}

/// Refuses who asked, whom it is for and who approved already. Nobody comes here in another's stead.
fn require_another(actor: &Actor, one: &Inspection) -> Result<(), InspectionError> {
    if one.is_party(actor.account) {
        return Err(InspectionError::FourEyes);
    }
    Ok(())
}

/// Approves an inspection: somebody who may let others inspect what it is about, and neither asked for it
/// nor is the one it is for. In a compartment it takes two of them.
pub async fn approve(unit: &mut Unit, id: InspectionId) -> Result<Inspection, InspectionError> {
    require_own_name(unit.actor())?;
    let mut one = waiting(unit, Which::Ordinary, id).await?;
    let Target::Object(object) = one.target else {
        return Err(InspectionError::NotFound);
    };
    // Whoever knows of it may be one who asked, and know of what it is about no longer.
    let place = place_of(unit.tx(), &Actor::system(), object).await?;
    if !unit.actor().may(Right::Inspect, place) {
        return Err(InspectionError::Forbidden);
    }
    require_another(unit.actor(), &one)?;
    // Those who approve let others read what is theirs, and it stays there. What waits from before this was
    // kept gets it now.
    let department = one.department.unwrap_or(place.unit);
    if place.compartment != one.compartment || place.unit != department {
        return Err(InspectionError::Moved);
    }
    one.department = Some(department);
    require_fit(unit, one.account, place.compartment.is_some()).await?;
    if one.approvals_needed() > 1 && one.first.is_none() {
        one.first = Some(step(unit));
    } else {
        one.approved = Some(step(unit));
        one.valid_from = Some(one.valid_from.unwrap_or(unit.now()));
    }
    rows::save(unit, &mut one).await?;
    unit.record(Action::InspectionApprove, Some(place.unit));
    Ok(one)
}

/// Ends an inspection or turns it down: who asked for it, approved it or reads by it, somebody who may let
/// others inspect what it is about, or an administrator. One is enough.
pub(super) async fn end(
    unit: &mut Unit,
    which: Which,
    id: InspectionId,
) -> Result<Inspection, InspectionError> {
    let found = rows::find(unit.tx(), (unit.actor(), which), id).await?;
    let mut one = found.ok_or(InspectionError::NotFound)?;
    let actor = unit.actor();
    let own = one.concerns(actor.account) || actor.is(Role::Admin);
    let lets = match one.target {
        Target::Object(object) => {
            match place_of(unit.tx(), &Actor::system(), object).await {
                Ok(place) => actor.may(Right::Inspect, place),
                // What it was about is gone; it can be ended all the same.
                Err(InspectionError::NoObject) => false,
                Err(error) => return Err(error),
            }
        }
        Target::Department(_) | Target::Compartment(_) => false,
    };
    if actor.scope != Scope::Full || !(own || lets && which == Which::Ordinary) {
        return Err(InspectionError::Forbidden);
    }
    if one.standing(unit.now()) == Standing::Over {
        return Err(InspectionError::Settled);
    }
    one.ended = Some(step(unit));
    rows::save(unit, &mut one).await?;
    let action = match which {
        Which::Ordinary => Action::InspectionEnd,
        Which::Emergencies => Action::EmergencyEnd,
    };
    unit.record(action, None);
    Ok(one)
}

/// Who administers, with a token that may do all that the account may, and not in another's stead.
fn require_administrator(actor: &Actor) -> Result<(), InspectionError> {
    let administers = actor.is(Role::Admin) && actor.scope == Scope::Full;
    if administers && actor.on_behalf_of.is_none() {
        return Ok(());
    }
    Err(InspectionError::Forbidden)
}

/// Asks for reading in an emergency: an administrator, for himself. It does not hold before another
/// administrator has approved it, and then for so many hours.
pub(super) async fn ask_in_emergency(
    unit: &mut Unit,
    (target, purpose): (Target, String),
    hours: u64,
    limits: Rights,
) -> Result<Inspection, InspectionError> {
    require_administrator(unit.actor())?;
    if !(1..=limits.break_glass_hours_max).contains(&hours) {
        return Err(InspectionError::Hours {
            hours: limits.break_glass_hours_max,
        });
    }
    let (compartment, department) = match target {
        Target::Object(object) => {
            let place = place_of(unit.tx(), &Actor::system(), object).await?;
            (place.compartment, Some(place.unit))
        }
        Target::Department(id) => (None, Some(id)),
        Target::Compartment(id) => (Some(id), None),
    };
    let account = unit.actor().account;
    require_room(unit, account).await?;
    let one = Inspection {
        id: InspectionId::new(),
        version: 1,
        reason: Reason::Emergency,
        account,
        target,
        department: None,
        compartment,
        purpose,
        hours: i64::try_from(hours).ok(),
        asked: step(unit),
        first: None,
        approved: None,
        valid_from: None,
        valid_until: None,
        ended: None,
    };
    rows::insert(unit, &one).await?;
    unit.record(Action::EmergencyRequest, department);
    Ok(one)
}

/// Approves an emergency: another administrator.
pub(super) async fn approve_emergency(
    unit: &mut Unit,
    id: InspectionId,
) -> Result<Inspection, InspectionError> {
    require_administrator(unit.actor())?;
    let mut one = waiting(unit, Which::Emergencies, id).await?;
    require_another(unit.actor(), &one)?;
    let seconds = one.hours.unwrap_or(1).saturating_mul(3_600);
    let now: Timestamp = unit.now();
    one.approved = Some(step(unit));
    one.valid_from = Some(now);
    one.valid_until = Some(now.plus_seconds(seconds));
    rows::save(unit, &mut one).await?;
    unit.record(Action::EmergencyApprove, None);
    Ok(one)
}

/// Says that the hours of an emergency are over: the system, once.
pub(super) async fn expire(
    unit: &mut Unit,
    id: InspectionId,
) -> Result<Inspection, InspectionError> {
    let found = rows::find(unit.tx(), (unit.actor(), Which::Emergencies), id).await?;
    let mut one = found.ok_or(InspectionError::NotFound)?;
    let end = one.untold_end(unit.now());
    let at = end.ok_or(InspectionError::Settled)?;
    one.ended = Some(Step {
        at,
        by: unit.actor().account,
    });
    rows::save(unit, &mut one).await?;
    unit.record(Action::EmergencyExpire, None);
    Ok(one)
}
