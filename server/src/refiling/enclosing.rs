//! A case goes into a compartment because a rule of the house says so, with all that stands in it.

use super::ops::{RefilingError, require_few};
use crate::base::DepartmentId;
use crate::cases::{self, Case, CaseError, Life};
use crate::departments;
use crate::documents;
use crate::files::{self, Confidentiality, FileError, Medium, NewFile};
use crate::unit::Unit;

/// Where a case goes, and why.
#[derive(Debug, Clone, Copy)]
pub struct Inside<'a> {
    /// The code of the compartment.
    pub compartment: &'a str,
    /// The mark of the unit of the plan, which must stand in that compartment.
    pub plan_unit: &'a str,
    /// The department that has the lead from then on.
    pub lead: DepartmentId,
    /// Why; stands in the records of everything that goes along.
    pub reason: &'a str,
}

impl Inside<'_> {
    fn no_place(&self) -> RefilingError {
        RefilingError::NoPlace {
            compartment: self.compartment.to_owned(),
            plan_unit: self.plan_unit.to_owned(),
        }
    }

    /// What the house does not have as the rule says is the fault of the rule.
    fn of_file(&self, error: FileError) -> RefilingError {
        match error {
            FileError::NoPlanUnit
            | FileError::WhichPlanUnit
            | FileError::Retired
            | FileError::NotInForce
            | FileError::OtherUnit
            | FileError::NoDepartment => self.no_place(),
            other @ (FileError::NotFound
            | FileError::NoParent
            | FileError::WhichDepartment
            | FileError::Forbidden
            | FileError::Closed
            | FileError::Stale { .. }
            | FileError::Unchanged
            | FileError::Pattern
            | FileError::Db(_)) => other.into(),
        }
    }
}

/// Puts an open case into a file of its own in a compartment because a rule of the house says so, whoever acts: the
/// caller knows that it may be, and holds the case locked. It gets a new reference there, and the old one stays as an
/// alias; its sub-cases and documents follow, and content goes under the keys of the compartment. One that stands in
/// the compartment already stays where it is.
///
/// # Errors
/// [`RefilingError::NoPlace`] where the house does not have what the rule names; a case that is closed, or part of
/// another one.
pub async fn enclose_by_rule(
    unit: &mut Unit,
    before: &Case,
    to: Inside<'_>,
) -> Result<Case, RefilingError> {
    let found = departments::compartments::by_code(unit.tx(), to.compartment).await?;
    let within = found.ok_or_else(|| to.no_place())?;
    if before.compartment == Some(within) {
        return Ok(before.clone());
    }
    if before.life != Life::Open {
        return Err(CaseError::Closed.into());
    }
    if before.parent.is_some() {
        return Err(CaseError::NoParent.into());
    }
    let parts = cases::parts(unit.tx(), before.id).await?;
    require_few(unit, &[vec![before.clone()], parts.clone()].concat()).await?;
    // Beside what else stands there, not in it: which file of the unit is meant, no rule can know.
    let new = NewFile {
        plan_unit: Some(to.plan_unit.to_owned()),
        subject: before.subject.clone(),
        department: None,
        medium: Medium::Electronic,
        confidentiality: Confidentiality::Open,
        opened_on: None,
        tags: Vec::new(),
        note: None,
        parent: None,
    };
    let file = files::open_by_rule(unit, new, (to.lead, within)).await;
    let file = file.map_err(|error| to.of_file(error))?;
    let case = cases::carried(unit, before, &file, to.reason.to_owned()).await?;
    documents::followed(unit, &case, to.reason).await?;
    for part in &parts {
        let part = cases::carried_along(unit, part, &file, to.reason).await?;
        documents::followed(unit, &part, to.reason).await?;
    }
    Ok(case)
}
