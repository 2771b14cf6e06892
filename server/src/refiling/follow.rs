//! What stands in a unit of the plan follows the unit into another compartment, or out of one.

use super::ops::FOLLOWERS_MAX;
use crate::base::CaseId;
use crate::base::db::DbError;
use crate::cases::{self, CaseError};
use crate::documents;
use crate::file_plan::{Follow, Following, Moved, PlanError};
use crate::files;
use crate::unit::Unit;

/// How files follow the units of the plan that they stand in.
pub const FOLLOW: Follow = Follow(follow);

fn follow(unit: &mut Unit, moved: Vec<Moved>) -> Following<'_> {
    Box::pin(take_along(unit, moved))
}

/// Why a file follows; stands in the records of everything that does.
const WHY: &str = "Die Aktenplaneinheit hat eine andere Abschottung bekommen.";

/// All or nothing: files with their parts, closed ones too, their cases and what stands in those. Each
/// gets a record of its own; references stay.
async fn take_along(unit: &mut Unit, moved: Vec<Moved>) -> Result<(), PlanError> {
    let mut count = 0;
    for one in moved {
        let found = files::in_plan_unit(unit, one.unit).await?;
        let inside = found.into_iter();
        for before in inside.filter(|file| file.compartment != one.compartment) {
            let cases = cases::in_file(unit.tx(), &[before.id]).await?;
            let ids: Vec<CaseId> = cases.iter().map(|case| case.id).collect();
            count += documents::count_in_cases(unit.tx(), &ids).await? + 1;
            count += u64::try_from(cases.len()).unwrap_or(FOLLOWERS_MAX);
            if count > FOLLOWERS_MAX {
                return Err(PlanError::TooMany { max: FOLLOWERS_MAX });
            }
            let file = files::enclosed(unit, &before, one.compartment, WHY).await?;
            for case in &cases {
                let case = cases::followed(unit, case, &file, WHY).await;
                let case = case.map_err(of_case)?;
                documents::followed(unit, &case, WHY).await?;
            }
        }
    }
    Ok(())
}

/// Following asks for no right and meets no rule of a case: only the database can refuse it.
fn of_case(error: CaseError) -> PlanError {
    match error {
        CaseError::Db(error) => PlanError::Db(error),
        CaseError::NotFound
        | CaseError::NoFile
        | CaseError::NoParent
        | CaseError::Forbidden
        | CaseError::Closed
        | CaseError::Stale { .. }
        | CaseError::Unchanged
        | CaseError::File(_) => PlanError::Db(DbError::Stale),
    }
}
