//! What is done with identity checks; the only code that writes about them.

use sea_orm::ConnectionTrait;
use serde_json::json;

use super::model::{Check, Method, Outcome};
use super::rows;
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::{DocumentId, IdentityCheckId, Right};
use crate::documents;
use crate::signing::model::{SigningError, SigningJob, Wanting};
use crate::signing::ops::require_own_name;
use crate::unit::Unit;

/// Records how an identity was checked. Whoever may edit the document does that, in the own name.
pub(super) async fn record(
    unit: &mut Unit,
    document: DocumentId,
    (method, outcome): (Method, Outcome),
) -> Result<Check, SigningError> {
    let found = documents::to_work_on(unit, document, Right::Edit).await?;
    require_own_name(unit.actor())?;
    let check = Check {
        id: IdentityCheckId::new(),
        document,
        department: found.department,
        clerk: unit.actor().account,
        method,
        outcome,
        created_at: unit.now(),
    };
    rows::insert(unit, &check).await?;
    let context = Object::new()
        .with("method", method.code())
        .with("result", outcome.code())
        .to_bytes();
    unit.record_with(Action::IdentityCheck, Some(check.department), Some(context));
    Ok(check)
}

/// Refuses a check that does not do for a document, one that another has taken back since, and that there is none
/// where its form asks for one.
pub(in crate::signing) async fn require(
    unit: &Unit,
    document: DocumentId,
    named: Option<IdentityCheckId>,
) -> Result<(), SigningError> {
    let Some(id) = named else {
        if documents::wants_identity_check(unit.tx(), document).await? {
            return Err(SigningError::Identity(Wanting::Check));
        }
        return Ok(());
    };
    let found = rows::find(unit.tx(), id).await?;
    let check = found.ok_or(SigningError::Identity(Wanting::OfThis))?;
    if let Some(wanting) = check.wanting(document, unit.now()) {
        return Err(SigningError::Identity(wanting));
    }
    // A wrong one is followed by another: what was said last counts.
    let last = rows::of_document(unit.tx(), document, 1).await?;
    match last.first() {
        Some(last) if last.outcome != Outcome::Confirmed => {
            Err(SigningError::Identity(Wanting::Result))
        }
        Some(_) | None => Ok(()),
    }
}

/// The check beside which a job was sent.
pub(in crate::signing) async fn check_of(
    on: &impl ConnectionTrait,
    job: &SigningJob,
) -> Result<Option<Check>, DbError> {
    match job.identity_check {
        Some(id) => rows::find(on, id).await,
        None => Ok(None),
    }
}

/// What is said about it where it is written down what was found out: null, where there was none.
pub(in crate::signing) async fn evidence(
    on: &impl ConnectionTrait,
    job: &SigningJob,
) -> Result<serde_json::Value, DbError> {
    let check = check_of(on, job).await?;
    Ok(json!(check.map(|check| json!({
        "id": check.id,
        "method": check.method.code(),
        "result": check.outcome.code(),
        "clerk": check.clerk,
        "at": check.created_at.to_string(),
    }))))
}
