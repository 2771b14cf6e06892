//! What is done with proposals; with `carrying` the only code that writes about them.

use sea_orm::ConnectionTrait;

use super::model::{About, Act, Ended, Proposal, ProposalError, Signed, Standing};
use super::naming::{self, Named};
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::{
    Actor, DepartmentId, Job, ProposalId, QuarantineId, Right, Role, Table, VersionId,
};
use crate::documents::guard::{self, Judged};
use crate::documents::quarantine::{self, Quarantined};
use crate::documents::{looking, rows};
use crate::holds;
use crate::unit::Unit;

/// Refuses whoever acts for another: one right would be used twice, by its holder and by who stands in for
/// him.
pub(super) fn require_own_name(actor: &Actor) -> Result<(), ProposalError> {
    if actor.on_behalf_of.is_none() {
        return Ok(());
    }
    Err(ProposalError::InAnothersStead)
}

/// That whoever acts does something now.
pub(super) fn signed(unit: &Unit) -> Signed {
    Signed {
        at: unit.now(),
        by: unit.actor().account,
    }
}

/// Whether the actor may know that something is withheld, and what is proposed about it.
async fn knows(
    on: &impl ConnectionTrait,
    actor: &Actor,
    version: VersionId,
) -> Result<bool, DbError> {
    let Some((version, _)) = rows::version(on, version).await? else {
        return Ok(false);
    };
    let Some(document) = rows::find(on, version.document).await? else {
        return Ok(false);
    };
    let place = document.place();
    if actor.may(Right::Purge, place) {
        return Ok(true);
    }
    let row = (document.id.raw(), place);
    actor.may_with(on, Right::Looks, Table::Document, row).await
}

/// A proposal of which the actor may know.
pub(super) async fn known(
    on: &impl ConnectionTrait,
    actor: &Actor,
    id: ProposalId,
) -> Result<Proposal, ProposalError> {
    let found = rows::proposal_find(on, id).await?;
    let one = found.ok_or(ProposalError::NotFound)?;
    let known = match one.about {
        About::Version(version) => knows(on, actor, version).await?,
        About::Quarantined(_) => quarantine::may_see(actor).is_ok(),
    };
    // What somebody proposes by a step of a workflow he proposes without the right to decide on it.
    if known || one.is_known_to(actor) {
        Ok(one)
    } else {
        Err(ProposalError::NotFound)
    }
}

/// What a proposal is about, for an actor who decides on it.
enum Thing {
    Versions(Vec<Named>),
    Quarantined(Box<Quarantined>),
}

impl Thing {
    fn versions(&self) -> Vec<VersionId> {
        match self {
            Self::Versions(named) => naming::ids(named),
            Self::Quarantined(_) => Vec::new(),
        }
    }

    fn department(&self) -> Option<DepartmentId> {
        match self {
            Self::Versions(named) => named.first().map(|one| one.document.department),
            Self::Quarantined(one) => one.department,
        }
    }
}

/// The versions, where the actor decides on the one that is named, and on all others with it.
async fn versions(
    on: &impl ConnectionTrait,
    actor: &Actor,
    (id, act): (VersionId, Act),
) -> Result<Vec<Named>, ProposalError> {
    let found = rows::version(on, id).await?;
    let (version, _) = found.ok_or(ProposalError::NotFound)?;
    let document = rows::find(on, version.document).await?;
    let document = document.ok_or(ProposalError::NotFound)?;
    if !looking::sees(on, actor, Right::Read, &document).await? {
        return Err(ProposalError::NotFound);
    }
    if !actor.may(Right::Purge, document.place()) {
        return Err(ProposalError::Forbidden);
    }
    let named = naming::affected(on, id, act).await?;
    naming::require_on_all(actor, &named)?;
    if act == Act::Destroy {
        naming::require_unheld(on, &named).await?;
    }
    Ok(named)
}

/// Content in quarantine, where the actor decides on it and there is something left to decide.
async fn quarantined(
    on: &impl ConnectionTrait,
    actor: &Actor,
    (id, act): (QuarantineId, Act),
) -> Result<Quarantined, ProposalError> {
    quarantine::may_decide(actor).map_err(|_refused| ProposalError::Forbidden)?;
    let found = rows::quarantine_find(on, id).await?;
    let one = found.ok_or(ProposalError::NotFound)?;
    let over = match act {
        // What was discarded before its bytes were freed has them still.
        Act::Destroy => rows::is_destroyed(on, &one.blob).await?,
        Act::Release => one.discarded.is_some() || one.released.is_some(),
    };
    if over {
        return Err(ProposalError::Over);
    }
    Ok(one)
}

async fn thing(
    on: &impl ConnectionTrait,
    actor: &Actor,
    (about, act): (About, Act),
) -> Result<Thing, ProposalError> {
    Ok(match about {
        About::Version(id) => Thing::Versions(versions(on, actor, (id, act)).await?),
        About::Quarantined(id) => {
            Thing::Quarantined(Box::new(quarantined(on, actor, (id, act)).await?))
        }
    })
}

/// Proposes to destroy or to release something. It is not done before another one has approved it.
pub async fn propose(
    unit: &mut Unit,
    (about, act): (About, Act),
    reason: String,
) -> Result<Proposal, ProposalError> {
    require_own_name(unit.actor())?;
    // Nobody else proposes anything between looking for other proposals and writing this one.
    holds::in_turn(unit).await?;
    let thing = thing(unit.tx(), unit.actor(), (about, act)).await?;
    place(
        unit,
        (about, act),
        (thing.versions(), reason),
        thing.department(),
    )
    .await
}

/// Writes a proposal down, unless there is one about the same. The caller is in turn.
pub(super) async fn place(
    unit: &mut Unit,
    (about, act): (About, Act),
    (versions, reason): (Vec<VersionId>, String),
    department: Option<DepartmentId>,
) -> Result<Proposal, ProposalError> {
    let open = rows::proposals_open(unit.tx()).await?;
    if open.iter().any(|other| other.meets(about, &versions)) {
        return Err(ProposalError::Proposed);
    }
    let one = Proposal {
        id: ProposalId::new(),
        version: 1,
        about,
        act,
        versions,
        reason,
        proposed: signed(unit),
        approved: None,
        ended: None,
        done_at: None,
    };
    rows::proposal_insert(unit, &one).await?;
    unit.record(Action::ProposalMake, department);
    Ok(one)
}

/// What the record of something that is done by a proposal says of it.
pub(super) fn context(one: &Proposal) -> Object {
    let approved = one.approved.map(|signed| signed.by.to_string());
    Object::new()
        .with_some("approved_by", approved)
        .with("proposal", one.id.to_string())
        .with("proposed_by", one.proposed.by.to_string())
        .with("reason", one.reason.as_str())
}

/// Approves a proposal: somebody who decides on what it is about, and did not propose it. What is released is
/// released at once; what is destroyed is left to a job.
pub(super) async fn approve(unit: &mut Unit, id: ProposalId) -> Result<Proposal, ProposalError> {
    let mut one = known(unit.tx(), unit.actor(), id).await?;
    require_own_name(unit.actor())?;
    if one.standing() != Standing::Waiting {
        return Err(ProposalError::Settled);
    }
    let found = thing(unit.tx(), unit.actor(), (one.about, one.act)).await?;
    if one.proposed.by == unit.actor().account {
        return Err(ProposalError::FourEyes);
    }
    if found.versions() != one.versions {
        return Err(ProposalError::Changed);
    }
    one.approved = Some(signed(unit));
    let department = found.department();
    match (one.act, found) {
        (Act::Destroy, Thing::Versions(_) | Thing::Quarantined(_)) => {
            unit.enqueue(Job::CarryOut(one.id));
        }
        (Act::Release, Thing::Versions(named)) => {
            release(unit, &one, &named).await?;
            one.done_at = Some(unit.now());
        }
        (Act::Release, Thing::Quarantined(before)) => {
            let after = Quarantined {
                version: before.version + 1,
                released: one.approved,
                ..(*before).clone()
            };
            rows::quarantine_save(unit, &after, &before).await?;
            let context = context(&one).to_bytes();
            unit.record_with(Action::QuarantineRelease, after.department, Some(context));
            one.done_at = Some(unit.now());
        }
    }
    rows::proposal_save(unit, &mut one).await?;
    unit.record(Action::ProposalApprove, department);
    Ok(one)
}

/// Gives versions out again, and has them read anew.
async fn release(unit: &mut Unit, one: &Proposal, named: &[Named]) -> Result<(), ProposalError> {
    naming::lock(unit, named).await?;
    for each in named {
        // Somebody else may have been faster before the lock.
        if guard::judged(unit.tx(), each.version.id).await? != Some(Judged::Withheld) {
            return Err(ProposalError::Changed);
        }
        let context = context(one).to_bytes();
        let of = (&each.document, each.version.id);
        guard::settle(unit, of, Judged::Released, context).await?;
        unit.enqueue(Job::ExtractText(each.version.id));
    }
    Ok(())
}

/// Withdraws a proposal that waits, or turns it down: who made it, whether he decides on it or not, or somebody who
/// decides on it. One is enough.
pub(super) async fn end(unit: &mut Unit, id: ProposalId) -> Result<Proposal, ProposalError> {
    let mut one = known(unit.tx(), unit.actor(), id).await?;
    let actor = unit.actor();
    let decides = match one.about {
        About::Version(version) => match rows::version(unit.tx(), version).await? {
            Some((version, _)) => {
                let document = rows::find(unit.tx(), version.document).await?;
                document.is_some_and(|it| actor.may(Right::Purge, it.place()))
            }
            None => false,
        },
        About::Quarantined(_) => quarantine::may_decide(actor).is_ok(),
    };
    if !decides && !one.is_taken_back_by(actor) && !actor.is(Role::System) {
        return Err(ProposalError::Forbidden);
    }
    if one.standing() != Standing::Waiting {
        return Err(ProposalError::Settled);
    }
    one.ended = Some(Ended {
        signed: signed(unit),
        reason: None,
    });
    rows::proposal_save(unit, &mut one).await?;
    unit.record(Action::ProposalEnd, None);
    Ok(one)
}

/// Says of an approved proposal that something stood against it.
pub(super) async fn stop(
    unit: &mut Unit,
    mut one: Proposal,
    against: &'static str,
) -> Result<(), DbError> {
    one.ended = Some(Ended {
        signed: signed(unit),
        reason: Some(against.to_owned()),
    });
    rows::proposal_save(unit, &mut one).await?;
    unit.record(Action::ProposalEnd, None);
    Ok(())
}

/// That nothing is left to do for a proposal.
pub(super) async fn done(unit: &mut Unit, mut one: Proposal) -> Result<(), DbError> {
    one.done_at = Some(unit.now());
    rows::proposal_save(unit, &mut one).await?;
    unit.record(Action::ProposalDone, None);
    Ok(())
}
