//! What refiling does.

use thiserror::Error;

use crate::base::db::DbError;
use crate::base::{CaseId, FileId, Right};
use crate::cases::{self, Case, CaseError};
use crate::documents;
use crate::files::{self, CaseFile, FileError, Life};
use crate::unit::Unit;

/// Most cases and documents that follow in one unit of work.
pub(super) const FOLLOWERS_MAX: u64 = documents::FOLLOWERS_MAX;

/// Why something was not refiled.
#[derive(Debug, Error)]
pub enum RefilingError {
    /// More stands inside than follows in one unit of work.
    #[error("more than {FOLLOWERS_MAX} cases and documents stand inside")]
    TooMany,
    /// The unit of the plan that a rule names is not in the compartment that it names, or nobody has the lead there.
    #[error("the plan unit {plan_unit} is not in the compartment {compartment}")]
    NoPlace {
        /// The code of the compartment.
        compartment: String,
        /// The mark of the unit.
        plan_unit: String,
    },
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The case.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The most that follow.
pub(super) const fn followers_max() -> u64 {
    FOLLOWERS_MAX
}

pub(super) async fn require_few(unit: &Unit, cases: &[Case]) -> Result<(), RefilingError> {
    let ids: Vec<CaseId> = cases.iter().map(|case| case.id).collect();
    let documents = documents::count_in_cases(unit.tx(), &ids).await?;
    let cases = u64::try_from(cases.len()).unwrap_or(u64::MAX);
    if documents.saturating_add(cases) > FOLLOWERS_MAX {
        return Err(RefilingError::TooMany);
    }
    Ok(())
}

/// Puts a file into another unit of the plan. Its sub-files, cases and documents keep their
/// references and follow.
pub(super) async fn file(
    unit: &mut Unit,
    id: FileId,
    expected: u64,
    plan_unit: &str,
    reason: String,
) -> Result<CaseFile, RefilingError> {
    let before = files::to_change(unit, id, expected, Right::Refile).await?;
    if before.life != Life::Open {
        return Err(FileError::Closed.into());
    }
    let parts = files::parts(unit.tx(), id).await?;
    let mut ids = vec![id];
    ids.extend(parts.iter().map(|part| part.id));
    let inside = cases::in_file(unit.tx(), &ids).await?;
    require_few(unit, &inside).await?;
    let file = files::moved(unit, &before, plan_unit, reason.clone()).await?;
    let mut places = vec![file.clone()];
    for part in &parts {
        places.push(files::followed(unit, part, &file, &reason).await?);
    }
    // Without another compartment nothing that stands inside changes: the index reads the new
    // reference from the file.
    if file.compartment != before.compartment {
        for case in &inside {
            let place = places.iter().find(|place| place.id == case.file);
            let place = place.unwrap_or(&file);
            let case = cases::followed(unit, case, place, &reason).await?;
            documents::followed(unit, &case, &reason).await?;
        }
    }
    Ok(file)
}

/// Puts a case into another file. Its sub-cases and documents keep their references and follow.
pub(super) async fn case(
    unit: &mut Unit,
    id: CaseId,
    expected: u64,
    file: FileId,
    reason: String,
) -> Result<Case, RefilingError> {
    // The file first, as whoever opens a case does: two that wait for each other would both lose.
    let place = files::to_work_in(unit, file, Right::Refile).await;
    let place = place.map_err(CaseError::from)?;
    let before = cases::to_change(unit, id, expected, Right::Refile).await?;
    if before.life != cases::Life::Open {
        return Err(CaseError::Closed.into());
    }
    if before.file == file {
        return Err(CaseError::Unchanged.into());
    }
    if before.parent.is_some() {
        return Err(CaseError::NoParent.into());
    }
    let parts = cases::parts(unit.tx(), id).await?;
    require_few(unit, &[vec![before.clone()], parts.clone()].concat()).await?;
    let case = cases::moved(unit, &before, &place, reason.clone()).await?;
    documents::followed(unit, &case, &reason).await?;
    for part in &parts {
        let part = cases::followed(unit, part, &place, &reason).await?;
        documents::followed(unit, &part, &reason).await?;
    }
    Ok(case)
}
