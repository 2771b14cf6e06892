//! Which versions a proposal is about.
//!
//! Content is stored once within a key domain: whoever destroys it destroys it for all that name it. What was
//! found in a version lies in all that it was taken out of. So a proposal to destroy names, beside the version
//! itself, those with the same blob, those out of which any of them was taken, and what is withheld of what was
//! taken out of them; but no attachment of what is removed from a file whose content is given out elsewhere. A
//! proposal to release names those with the same blob and what is withheld within: what holds it may hold something
//! else, and is released for itself.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::ConnectionTrait;

use super::model::{Act, ProposalError};
use crate::base::db::DbError;
use crate::base::{Actor, Right, VersionId};
use crate::documents::guard::{self, Judged};
use crate::documents::model::{Document, Version};
use crate::documents::rows;
use crate::holds;
use crate::unit::Unit;

/// A version that a proposal is about.
#[derive(Debug, Clone)]
pub(super) struct Named {
    /// The version.
    pub(super) version: Version,
    /// Its document.
    pub(super) document: Document,
    /// The name of the blob with its content.
    pub(super) blob: Vec<u8>,
}

/// How a version came into question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// It is the one that was named.
    Itself,
    /// It has the same blob.
    Same,
    /// One of the others was taken out of it.
    Whole,
    /// It was taken out of one of the others.
    Part,
}

/// Whether a version in question is one of them.
fn belongs(act: Act, why: Why, judged: Option<Judged>) -> Result<bool, ProposalError> {
    match (why, judged) {
        (_, Some(Judged::Withheld)) => Ok(true),
        (Why::Itself, Some(Judged::Released | Judged::Destroyed)) => Err(ProposalError::Over),
        (Why::Itself, None) => Err(ProposalError::NotWithheld),
        (Why::Same, Some(Judged::Released | Judged::Destroyed) | None) => match act {
            Act::Destroy => Err(ProposalError::OpenElsewhere),
            Act::Release => Ok(false),
        },
        // Two people have let it pass as a whole, or nothing of it is left.
        (Why::Whole, Some(Judged::Released | Judged::Destroyed)) | (Why::Part, _) => Ok(false),
        (Why::Whole, None) => Err(ProposalError::OpenElsewhere),
    }
}

/// Whether an attachment of what is removed from a file stays as it is, withheld: its content is given out elsewhere, be
/// it a leaflet or the logo below each mail, and would be destroyed there too. The whole in which it lies goes all the
/// same. A biometric record never stays.
async fn stays(
    on: &impl ConnectionTrait,
    id: VersionId,
    blob: &[u8],
) -> Result<bool, ProposalError> {
    if !guard::is_to_remove(on, id).await? {
        return Ok(false);
    }
    let same = rows::versions_naming(on, blob).await?;
    let judged = guard::all_judged(on, &same).await?;
    let is_open = |id: &VersionId| matches!(judged.get(id), None | Some(Judged::Released));
    Ok(same.iter().any(is_open))
}

/// The versions that a proposal about one is about, in the order of their ids.
pub(super) async fn affected(
    on: &impl ConnectionTrait,
    start: VersionId,
    act: Act,
) -> Result<Vec<Named>, ProposalError> {
    let mut found: BTreeMap<VersionId, Named> = BTreeMap::new();
    let mut blobs: BTreeSet<Vec<u8>> = BTreeSet::new();
    let mut next = vec![(start, Why::Itself)];
    while let Some((id, why)) = next.pop() {
        if found.contains_key(&id) {
            continue;
        }
        if !belongs(act, why, guard::judged(on, id).await?)? {
            continue;
        }
        let known = rows::version(on, id).await?;
        let (version, blob) = known.ok_or(ProposalError::NotFound)?;
        let document = rows::find(on, version.document).await?;
        let document = document.ok_or(ProposalError::NotFound)?;
        let is_taken_out = why == Why::Part && document.part.is_some();
        if act == Act::Destroy && is_taken_out && stays(on, id, &blob).await? {
            continue;
        }
        // A thousand copies name one blob: who has it is asked once.
        if blobs.insert(blob.clone()) {
            let same = rows::versions_naming(on, &blob).await?;
            next.extend(same.into_iter().map(|id| (id, Why::Same)));
        }
        // What is removed from a file goes with all its versions.
        if guard::is_to_remove(on, id).await? {
            let own = rows::versions(on, &[document.id]).await?;
            next.extend(own.into_iter().map(|(version, _)| (version.id, Why::Part)));
        }
        let within = rows::versions_within(on, id, guard::KIND).await?;
        next.extend(within.into_iter().map(|id| (id, Why::Part)));
        if let (Act::Destroy, Some(part)) = (act, &document.part) {
            next.push((part.taken_from, Why::Whole));
        }
        let named = Named {
            version,
            document,
            blob,
        };
        found.insert(id, named);
        if found.len() > act.versions_max() {
            return Err(ProposalError::TooMany);
        }
    }
    Ok(found.into_values().collect())
}

/// These versions, each with its document, whatever they are about.
pub(super) async fn of_ids(
    on: &impl ConnectionTrait,
    versions: &[VersionId],
) -> Result<Vec<Named>, ProposalError> {
    let mut all = Vec::with_capacity(versions.len());
    for id in versions {
        let known = rows::version(on, *id).await?;
        let (version, blob) = known.ok_or(ProposalError::NotFound)?;
        let document = rows::find(on, version.document).await?;
        all.push(Named {
            document: document.ok_or(ProposalError::NotFound)?,
            version,
            blob,
        });
    }
    Ok(all)
}

/// The ids of the versions.
pub(super) fn ids(named: &[Named]) -> Vec<VersionId> {
    named.iter().map(|one| one.version.id).collect()
}

/// Refuses whoever does not decide on all of them.
pub(super) fn require_on_all(actor: &Actor, named: &[Named]) -> Result<(), ProposalError> {
    let decides = |one: &Named| actor.may(Right::Purge, one.document.place());
    if named.iter().all(decides) {
        return Ok(());
    }
    Err(ProposalError::Elsewhere)
}

/// Refuses what bears a hold, stands in what bears one, or has something in it that does.
pub(super) async fn require_unheld(
    on: &impl ConnectionTrait,
    named: &[Named],
) -> Result<(), ProposalError> {
    let mut documents: Vec<_> = named.iter().map(|one| one.document.id).collect();
    documents.sort_unstable();
    documents.dedup();
    let held = !holds::held_with_what_is_around(on, &documents)
        .await?
        .is_empty()
        || !holds::held_inside_documents(on, &documents)
            .await?
            .is_empty();
    if held {
        return Err(ProposalError::Held);
    }
    Ok(())
}

/// Locks the documents, those first out of which others were taken.
pub(super) async fn lock(unit: &Unit, named: &[Named]) -> Result<(), DbError> {
    let family = |one: &Named| {
        let part = one.document.part.as_ref();
        part.map_or(one.document.id, |part| part.family)
    };
    let mut documents: Vec<_> = named
        .iter()
        .map(|one| (family(one), one.document.id))
        .collect();
    documents.sort_unstable();
    documents.dedup();
    for (_, document) in documents {
        guard::lock_with_wholes(unit, document).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVER: [Judged; 2] = [Judged::Released, Judged::Destroyed];

    #[test]
    fn only_what_is_withheld_is_proposed() {
        for act in [Act::Destroy, Act::Release] {
            let fate = |judged| belongs(act, Why::Itself, judged);
            assert!(matches!(fate(Some(Judged::Withheld)), Ok(true)));
            assert!(matches!(fate(None), Err(ProposalError::NotWithheld)));
            for judged in OVER {
                assert!(matches!(fate(Some(judged)), Err(ProposalError::Over)));
            }
        }
    }

    #[test]
    fn what_is_open_elsewhere_stands_against_destroying_and_not_against_releasing() {
        for judged in [None, Some(Judged::Released)] {
            let destroyed = belongs(Act::Destroy, Why::Same, judged);
            assert!(matches!(destroyed, Err(ProposalError::OpenElsewhere)));
            let released = belongs(Act::Release, Why::Same, judged);
            assert!(matches!(released, Ok(false)));
        }
        let whole = belongs(Act::Destroy, Why::Whole, None);
        assert!(matches!(whole, Err(ProposalError::OpenElsewhere)));
        for judged in OVER {
            let whole = belongs(Act::Destroy, Why::Whole, Some(judged));
            assert!(matches!(whole, Ok(false)));
        }
    }

    #[test]
    fn what_was_taken_out_goes_along_only_where_it_is_withheld() {
        for act in [Act::Destroy, Act::Release] {
            assert!(matches!(belongs(act, Why::Part, None), Ok(false)));
            let withheld = Some(Judged::Withheld);
            assert!(matches!(belongs(act, Why::Part, withheld), Ok(true)));
        }
    }
}
