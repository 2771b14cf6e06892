//! What a workflow decides to remove from a file: it is withheld at once, and its destruction is proposed in the
//! name of whoever decided so. Another person approves that, as of everything that is destroyed.

use super::model::{About, Act, Proposal, ProposalError};
use super::naming;
use super::ops::{place, require_own_name};
use crate::base::db::DbError;
use crate::base::{CaseId, DocumentId, Role, VersionId};
use crate::documents::guard::{self, Judged};
use crate::documents::rows;
use crate::holds;
use crate::unit::Unit;

/// From which version on the proposal finds the others. Where all are withheld for records that were found in them,
/// from one of these.
async fn start_of(unit: &Unit, id: DocumentId) -> Result<Option<VersionId>, DbError> {
    let mut record = None;
    for (version, _) in rows::versions(unit.tx(), &[id]).await? {
        if guard::judged(unit.tx(), version.id).await? != Some(Judged::Withheld) {
            continue;
        }
        if guard::is_to_remove(unit.tx(), version.id).await? {
            return Ok(Some(version.id));
        }
        record = record.or(Some(version.id));
    }
    Ok(record)
}

/// Withholds all that a document says, with what was taken out of it, and proposes to destroy it, because a rule of
/// the house says so: the caller knows that whoever acts may decide that for what stands in this case, or in none yet.
/// Approved it is by the rules of all proposals.
pub async fn remove_by_rule(
    unit: &mut Unit,
    (id, case): (DocumentId, CaseId),
    reason: String,
) -> Result<Proposal, ProposalError> {
    require_own_name(unit.actor())?;
    // Two people decide: the system is nobody.
    if unit.actor().is(Role::System) {
        return Err(ProposalError::Forbidden);
    }
    holds::in_turn(unit).await?;
    let found = rows::find(unit.tx(), id).await?;
    let document = found.ok_or(ProposalError::NotFound)?;
    if document.part.is_some() {
        return Err(ProposalError::Part);
    }
    // It may have been filed elsewhere since it was named: who decides there is somebody else.
    if document.case.is_some_and(|stands_in| stands_in != case) {
        return Err(ProposalError::OtherCase);
    }
    let department = document.department;
    let mut all = rows::taken_out_of(unit.tx(), id).await?;
    all.insert(0, document);
    guard::withhold_to_remove(unit, &all).await?;
    let start = start_of(unit, id).await?.ok_or(ProposalError::Over)?;
    let named = naming::affected(unit.tx(), start, Act::Destroy).await?;
    naming::require_unheld(unit.tx(), &named).await?;
    let what = (About::Version(start), Act::Destroy);
    place(unit, what, (naming::ids(&named), reason), Some(department)).await
}
