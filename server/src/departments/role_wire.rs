//! Roles as they are asked for and shown.

use super::compartments::instant;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{Department, NewRole, RoleGiven};
use crate::base::{DepartmentId, Role, Timestamp};
use crate::http::{Fault, Kind, Problem};

/// A role that an account holds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RoleView {
    /// The role.
    role: Role,
    /// Short name of the department, for roles that are held in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    department: Option<String>,
    /// From when on it holds, where it has a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    valid_from: Option<String>,
    /// When it ends, where it has a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    valid_until: Option<String>,
    /// `true`, where it waits for the approval of a second administrator and does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    waiting: Option<bool>,
}

pub(super) fn roles_of(
    given: &[RoleGiven],
    departments: &[Department],
    now: Timestamp,
) -> Vec<RoleView> {
    let standing = given.iter().filter(|one| one.stands(now));
    standing
        .map(|one| RoleView {
            role: one.role,
            department: slug_of(one.department, departments),
            valid_from: one.valid_from.map(|at| at.to_string()),
            valid_until: one.valid_until.map(|at| at.to_string()),
            waiting: one.waits.then_some(true),
        })
        .collect()
}

/// The short name of a department.
pub(super) fn slug_of(id: Option<DepartmentId>, departments: &[Department]) -> Option<String> {
    let found = departments.iter().find(|one| Some(one.id) == id);
    found.map(|one| one.slug.clone())
}

/// A role to give.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleRequest {
    /// The role.
    pub(super) role: GivenRole,
    /// Short name or id of the department; for roles that are held in one.
    pub(super) department: Option<String>,
    /// From when on it holds (RFC 3339); at once, if nothing is said.
    #[schema(nullable = false, format = DateTime)]
    pub(super) valid_from: Option<String>,
    /// When it ends (RFC 3339); when it is taken away, if nothing is said.
    #[schema(nullable = false, format = DateTime)]
    pub(super) valid_until: Option<String>,
}

/// Roles that can be given.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum GivenRole {
    /// Unterschriften-Tablet.
    Tablet,
    /// Stadtarchiv.
    Archive,
    /// Fachverfahren.
    Integrator,
    /// Poststelle.
    MailRoom,
    /// Sachbearbeitung.
    Clerk,
    /// Leitung.
    Head,
    /// Bürgermeisteramt.
    Mayor,
    /// Registratur.
    RecordsManager,
    /// Rechnungsprüfung.
    Auditor,
    /// Technische Administration.
    Admin,
}

impl From<GivenRole> for Role {
    fn from(role: GivenRole) -> Self {
        match role {
            GivenRole::Tablet => Self::Tablet,
            GivenRole::Archive => Self::Archive,
            GivenRole::Integrator => Self::Integrator,
            GivenRole::MailRoom => Self::MailRoom,
            GivenRole::Clerk => Self::Clerk,
            GivenRole::Head => Self::Head,
            GivenRole::Mayor => Self::Mayor,
            GivenRole::RecordsManager => Self::RecordsManager,
            GivenRole::Auditor => Self::Auditor,
            GivenRole::Admin => Self::Admin,
        }
    }
}

/// The roles that an account shall hold from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"roles": [{"role": "clerk", "department": "buergerbuero"}]}))]
pub(super) struct RolesRequest {
    /// All roles; those that are missing are taken away.
    #[schema(max_items = 100)]
    pub(super) roles: Vec<RoleRequest>,
}

/// The roles that a request names, each once.
pub(super) fn roles_wanted(
    asked: &[RoleRequest],
    departments: &[Department],
) -> Result<Vec<NewRole>, Problem> {
    let mut wanted: Vec<NewRole> = Vec::with_capacity(asked.len());
    for (at, one) in asked.iter().enumerate() {
        let role = role_wanted(one, departments, &format!("/roles/{at}"))?;
        if !wanted.contains(&role) {
            wanted.push(role);
        }
    }
    Ok(wanted)
}

/// The role that a request names below `pointer`.
pub(super) fn role_wanted(
    one: &RoleRequest,
    departments: &[Department],
    pointer: &str,
) -> Result<NewRole, Problem> {
    let wanted = one.department.as_deref();
    let found = departments
        .iter()
        .find(|known| wanted.is_some_and(|wanted| known.is(wanted)));
    let problem = Problem::new(Kind::Validation);
    let at = |name: &str| format!("{pointer}/{name}");
    let (problem, valid_from) = instant(problem, at("valid_from"), one.valid_from.as_deref());
    let (mut problem, valid_until) =
        instant(problem, at("valid_until"), one.valid_until.as_deref());
    if one.department.is_some() && found.is_none() {
        problem = problem.field(at("department"), Fault::NotFound);
    }
    if problem.faults() > 0 {
        return Err(problem);
    }
    Ok(NewRole {
        valid_from,
        valid_until,
        ..NewRole::of(Role::from(one.role), found.map(|known| known.id))
    })
}
