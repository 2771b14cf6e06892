//! Carrying out what two people have decided to destroy, by a job.
//!
//! First the keys of the contents go, of all versions in one unit of work; then it is said of each version, so many
//! in a unit; then the keys of what was made of them go; then the bytes of all of these; then it is said that it is
//! done. Killed at any point the job begins again and finds what is left to do. Bytes whose key is gone are noise:
//! what was interrupted is never half readable, and a version of which nothing was said yet is still withheld.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::ConnectionTrait;
use storage::Sha256Digest;

use super::model::{About, Proposal, ProposalError, Standing};
use super::naming::{self, Named};
use super::ops::{context, done, stop};
use crate::audit::Target;
use crate::audit::erasing::erase_claims;
use crate::audit::event::Action;
use crate::base::db::DbError;
use crate::base::{DepartmentId, ProposalId, QuarantineId, VersionId};
use crate::documents::guard::{self, Judged};
use crate::documents::quarantine::{Discarded, Quarantined};
use crate::documents::rows;
use crate::holds;
use crate::unit::Unit;

/// Blobs of renditions that are destroyed in one unit of work.
const STEP: u64 = 50;
/// Versions of which it is said in one unit of work that they are destroyed: others wait to write meanwhile.
const VERSIONS_STEP: usize = 200;

/// What is to be done next for a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The keys of its contents are to be destroyed, or that is to be said of the versions that are left.
    Content,
    /// The keys of what was made of them.
    Made,
    /// The bytes are to go, and that is to be said.
    Bytes,
    /// Nothing: it is done, came to nothing, or is not approved.
    Nothing,
}

/// What is to be done next.
pub async fn next_step(on: &impl ConnectionTrait, id: ProposalId) -> Result<Next, ProposalError> {
    let Some(one) = rows::proposal_find(on, id).await? else {
        return Ok(Next::Nothing);
    };
    if one.standing() != Standing::Approved {
        return Ok(Next::Nothing);
    }
    if let About::Quarantined(id) = one.about {
        let found = rows::quarantine_find(on, id).await?;
        let found = found.ok_or(ProposalError::NotFound)?;
        let gone = rows::is_destroyed(on, &found.blob).await?;
        return Ok(if gone { Next::Bytes } else { Next::Content });
    }
    let judged = guard::all_judged(on, &one.versions).await?;
    let is_left = |version: &VersionId| judged.get(version) != Some(&Judged::Destroyed);
    if one.versions.iter().any(is_left) {
        return Ok(Next::Content);
    }
    let made = rows::made_of(on, &one.versions, 1).await?;
    Ok(if made.is_empty() {
        Next::Bytes
    } else {
        Next::Made
    })
}

/// Destroys the keys of the contents that a proposal is about, and says so of the first versions; where something
/// stands against it by now, that ends the proposal and nothing is destroyed. Once they are gone nothing stands
/// against it any more, and it is said of the next versions.
pub async fn destroy_content(unit: &mut Unit, id: ProposalId) -> Result<(), ProposalError> {
    let found = rows::proposal_find(unit.tx(), id).await?;
    let one = found.ok_or(ProposalError::NotFound)?;
    if one.standing() != Standing::Approved {
        return Err(ProposalError::Settled);
    }
    let start = match one.about {
        About::Quarantined(about) => return destroy_quarantined(unit, &one, about).await,
        About::Version(start) => start,
    };
    if !rows::destroyed_by(unit.tx(), one.id).await?.is_empty() {
        return say_of_next(unit, &one).await;
    }
    holds::in_turn(unit).await?;
    let named = match still_fits(unit, &one, start).await {
        Ok(named) => named,
        Err(error) => {
            // The same job ran elsewhere too and was faster: nothing stands against it, and there is more to do.
            if !rows::destroyed_by(unit.tx(), one.id).await?.is_empty() {
                return Err(DbError::Stale.into());
            }
            return match error.against() {
                Some(against) => Ok(stop(unit, one, against).await?),
                None => Err(error),
            };
        }
    };
    let mut blobs: BTreeMap<Vec<u8>, DepartmentId> = BTreeMap::new();
    for (number, each) in named.iter().enumerate() {
        if number < VERSIONS_STEP {
            say(unit, &one, each).await?;
        }
        blobs.insert(each.blob.clone(), each.document.department);
    }
    for (name, department) in blobs {
        let gone = destroy_blob(unit, one.id, &name).await?;
        unit.erased(&gone, Some(department));
    }
    Ok(())
}

/// Says of a version that its content is destroyed.
async fn say(unit: &mut Unit, one: &Proposal, each: &Named) -> Result<(), DbError> {
    let said = context(one).with("blob", hex::encode(&each.blob));
    let of = (&each.document, each.version.id);
    guard::settle(unit, of, Judged::Destroyed, said.to_bytes()).await
}

/// Says of the next versions that their content is destroyed: their keys are gone.
async fn say_of_next(unit: &mut Unit, one: &Proposal) -> Result<(), ProposalError> {
    let judged = guard::all_judged(unit.tx(), &one.versions).await?;
    let left = one.versions.iter().copied();
    let left = left.filter(|version| judged.get(version) != Some(&Judged::Destroyed));
    let left: Vec<VersionId> = left.take(VERSIONS_STEP).collect();
    let named = naming::of_ids(unit.tx(), &left).await?;
    naming::lock(unit, &named).await?;
    // The same job may run elsewhere too, and may have been faster before the lock.
    let judged = guard::all_judged(unit.tx(), &left).await?;
    let mut many = 0_u32;
    for each in &named {
        if judged.get(&each.version.id) != Some(&Judged::Destroyed) {
            say(unit, one, each).await?;
            many += 1;
        }
    }
    if many == 0 {
        return Err(DbError::Stale.into());
    }
    Ok(())
}

/// The versions of a proposal, locked, where it can be carried out as it was approved.
async fn still_fits(
    unit: &Unit,
    one: &Proposal,
    start: VersionId,
) -> Result<Vec<Named>, ProposalError> {
    let seen = naming::affected(unit.tx(), start, one.act).await?;
    naming::lock(unit, &seen).await?;
    let documents: Vec<_> = seen.iter().map(|each| each.document.id).collect();
    if rows::are_moving(unit.tx(), &documents).await? {
        // Where a content lies from now on stands in the log at the end of the units that run together: what is
        // not there yet cannot be erased. Later.
        return Err(DbError::Stale.into());
    }
    let blobs: BTreeSet<&Vec<u8>> = seen.iter().map(|each| &each.blob).collect();
    for name in blobs {
        // From here on nobody names it anew.
        rows::key_of(unit, name).await?;
    }
    let named = naming::affected(unit.tx(), start, one.act).await?;
    let ids = naming::ids(&named);
    let blobs = |all: &[Named]| -> Vec<Vec<u8>> { all.iter().map(|it| it.blob.clone()).collect() };
    if ids != one.versions || blobs(&named) != blobs(&seen) {
        return Err(ProposalError::Changed);
    }
    for each in &named {
        if rows::is_named_beyond(unit.tx(), &each.blob, &ids).await? {
            return Err(ProposalError::OpenElsewhere);
        }
    }
    naming::require_unheld(unit.tx(), &named).await?;
    Ok(named)
}

async fn destroy_quarantined(
    unit: &mut Unit,
    one: &Proposal,
    about: QuarantineId,
) -> Result<(), ProposalError> {
    let found = rows::quarantine_find(unit.tx(), about).await?;
    let before = found.ok_or(ProposalError::NotFound)?;
    let by = one.approved.ok_or(ProposalError::Settled)?.by;
    let after = Quarantined {
        version: before.version + 1,
        discarded: Some(before.discarded.clone().unwrap_or_else(|| Discarded {
            at: unit.now(),
            by,
            reason: one.reason.clone(),
        })),
        ..before.clone()
    };
    rows::quarantine_save(unit, &after, &before).await?;
    rows::destroy_key(unit, &after.blob).await?;
    rows::note_destroyed(unit, one.id, &after.blob).await?;
    let said = context(one).to_bytes();
    unit.record_with(Action::QuarantineDiscard, after.department, Some(said));
    Ok(())
}

/// Destroys the key of a blob; gives the openings that said which content it was, and are gone.
async fn destroy_blob(
    unit: &Unit,
    proposal: ProposalId,
    name: &[u8],
) -> Result<Vec<Target>, ProposalError> {
    let stored = <[u8; 32]>::try_from(name).map_err(|_source| DbError::Corrupt {
        table: "blob",
        key: hex::encode(name),
        what: "its name is not a digest",
    })?;
    rows::destroy_key(unit, name).await?;
    rows::note_destroyed(unit, proposal, name).await?;
    let Some(sha256) = rows::sha256_of(unit.tx(), name).await? else {
        return Ok(Vec::new());
    };
    let (kms, mut gone) = (unit.kms(), Vec::new());
    for entity in rows::having_content(unit.tx(), &sha256).await? {
        gone.extend(erase_claims(unit.tx(), kms.as_ref(), entity, &stored).await?);
    }
    Ok(gone)
}

/// Destroys the keys of some of what was made of the contents: texts, pictures, places of words. What says the
/// same of a version that stays is kept: it is stored once.
pub async fn destroy_made(unit: &mut Unit, id: ProposalId) -> Result<(), ProposalError> {
    let found = rows::proposal_find(unit.tx(), id).await?;
    let one = found.ok_or(ProposalError::NotFound)?;
    let names = rows::made_of(unit.tx(), &one.versions, STEP).await?;
    let (mut gone, mut many) = (Vec::new(), 0_u32);
    for name in names {
        rows::key_of(unit, &name).await?;
        if !rows::is_named_beyond(unit.tx(), &name, &one.versions).await? {
            gone.extend(destroy_blob(unit, one.id, &name).await?);
            many += 1;
        }
    }
    if many == 0 {
        // Somebody names them now: the next look finds them no more.
        return Err(DbError::Stale.into());
    }
    let said = context(&one).with("made", many).to_bytes();
    unit.record_with(Action::ContentDestroy, None, Some(said));
    unit.erased(&gone, None);
    Ok(())
}

/// The names of the blobs whose bytes are to go.
pub async fn bytes_to_remove(
    on: &impl ConnectionTrait,
    id: ProposalId,
) -> Result<Vec<Sha256Digest>, ProposalError> {
    let names = rows::destroyed_by(on, id).await?;
    let digest = |name: Vec<u8>| <[u8; 32]>::try_from(name.as_slice()).map(Sha256Digest);
    Ok(names.into_iter().flat_map(digest).collect())
}

/// Says that the bytes are gone.
pub async fn finish_destroying(unit: &mut Unit, id: ProposalId) -> Result<(), ProposalError> {
    let found = rows::proposal_find(unit.tx(), id).await?;
    let one = found.ok_or(ProposalError::NotFound)?;
    if one.standing() != Standing::Approved {
        return Err(ProposalError::Settled);
    }
    Ok(done(unit, one).await?)
}
