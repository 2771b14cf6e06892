//! What is opened to somebody because he works at something, not because he asked: a case in which he takes a
//! step, and a document of it that lies elsewhere. It is an inspection like others, recorded, and ended with that work.

use sea_orm::entity::prelude::*;

use super::model::{Inspection, InspectionError, Step, Target};
use super::rows::{self, inspection};
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::sight::Reason;
use crate::base::{AccountId, Actor, DepartmentId, InspectionId, Timestamp};
use crate::cases::Case;
use crate::documents::Document;
use crate::holds::Object;
use crate::unit::Unit;

/// Those for one purpose that were not ended.
async fn standing(
    unit: &Unit,
    (objects, purpose): (&[Uuid], &str),
    account: Option<AccountId>,
) -> Result<Vec<Inspection>, InspectionError> {
    let mut query = inspection::Entity::find()
        .filter(inspection::Column::ObjectId.is_in(objects.iter().copied()))
        .filter(inspection::Column::Purpose.eq(purpose))
        .filter(inspection::Column::EndedAt.is_null());
    if let Some(account) = account {
        query = query.filter(inspection::Column::AccountId.eq(account.raw()));
    }
    let found = query.all(unit.tx()).await.map_err(DbError::from)?;
    let mut all = Vec::with_capacity(found.len());
    for row in found {
        all.push(Inspection::try_from(row)?);
    }
    Ok(all)
}

/// Opens a case outside of compartments to an account for reading, by a rule of the house; once for a purpose,
/// which names what he works at. The caller ends it by [`close_by_rule`].
pub async fn open_by_rule(
    unit: &mut Unit,
    account: AccountId,
    case: &Case,
    why: (String, Timestamp),
) -> Result<(), InspectionError> {
    if case.compartment.is_some() {
        return Ok(());
    }
    let what = (Object::Case(case.id), case.id.raw(), case.department);
    open(unit, account, what, why).await
}

/// The same for a document.
pub async fn open_document_by_rule(
    unit: &mut Unit,
    account: AccountId,
    document: &Document,
    why: (String, Timestamp),
) -> Result<(), InspectionError> {
    if document.compartment.is_some() {
        return Ok(());
    }
    let object = Object::Document(document.id);
    let what = (object, document.id.raw(), document.department);
    open(unit, account, what, why).await
}

async fn open(
    unit: &mut Unit,
    account: AccountId,
    (object, id, department): (Object, Uuid, DepartmentId),
    (purpose, until): (String, Timestamp),
) -> Result<(), InspectionError> {
    let known = standing(unit, (&[id], &purpose), Some(account)).await?;
    if !known.is_empty() {
        return Ok(());
    }
    let by_rule = Step {
        at: unit.now(),
        by: Actor::system().account,
    };
    let one = Inspection {
        id: InspectionId::new(),
        version: 1,
        reason: Reason::Other,
        account,
        target: Target::Object(object),
        department: Some(department),
        compartment: None,
        purpose,
        hours: None,
        asked: by_rule,
        first: None,
        approved: Some(by_rule),
        valid_from: Some(unit.now()),
        valid_until: Some(until),
        ended: None,
    };
    rows::insert(unit, &one).await?;
    unit.record(Action::InspectionApprove, Some(department));
    Ok(())
}

/// Ends what of these objects was opened for a purpose, to everybody or to one account.
pub async fn close_by_rule(
    unit: &mut Unit,
    objects: &[Uuid],
    purpose: &str,
    whose: Option<AccountId>,
) -> Result<(), InspectionError> {
    for mut one in standing(unit, (objects, purpose), whose).await? {
        one.ended = Some(Step {
            at: unit.now(),
            by: Actor::system().account,
        });
        let department = one.department;
        rows::save(unit, &mut one).await?;
        unit.record(Action::InspectionEnd, department);
    }
    Ok(())
}
