//! What a workflow decides to remove from a file: it is withheld at once, and its destruction is proposed in the
//! name of whoever decided so. Another person approves that, as of everything that is destroyed.

use super::model::{About, Act, Proposal, ProposalError};
use super::naming;
use super::ops::{require_own_name, signed};
use crate::audit::event::Action;
use crate::base::{DocumentId, ProposalId, Role};
use crate::documents::guard::{self, Judged};
use crate::documents::rows;
use crate::holds;
use crate::unit::Unit;

/// Withholds all that a document says, with what was taken out of it, and proposes to destroy it, because a rule of
/// the house says so: the caller knows that whoever acts may decide that. Approved it is by the rules of all proposals.
pub async fn remove_by_rule(
    unit: &mut Unit,
    id: DocumentId,
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
    let department = document.department;
    let mut all = rows::taken_out_of(unit.tx(), id).await?;
    all.insert(0, document);
    guard::withhold_to_remove(unit, &all).await?;
    let mut start = None;
    for (version, _) in rows::versions(unit.tx(), &[id]).await? {
        let is_left = guard::judged(unit.tx(), version.id).await? == Some(Judged::Withheld);
        if is_left && guard::is_to_remove(unit.tx(), version.id).await? {
            start = Some(version.id);
            break;
        }
    }
    let start = start.ok_or(ProposalError::Over)?;
    let named = naming::affected(unit.tx(), start, Act::Destroy).await?;
    naming::require_unheld(unit.tx(), &named).await?;
    let (about, versions) = (About::Version(start), naming::ids(&named));
    let open = rows::proposals_open(unit.tx()).await?;
    if open.iter().any(|other| other.meets(about, &versions)) {
        return Err(ProposalError::Proposed);
    }
    let one = Proposal {
        id: ProposalId::new(),
        version: 1,
        about,
        act: Act::Destroy,
        versions,
        reason,
        proposed: signed(unit),
        approved: None,
        ended: None,
        done_at: None,
    };
    rows::proposal_insert(unit, &one).await?;
    unit.record(Action::ProposalMake, Some(department));
    Ok(one)
}
