//! The tree of units: a department may be part of another one.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Data;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use uuid::Uuid;

use super::accounts::require_admin;
use super::http::{DepartmentView, name_fault};
use super::model::PeopleError;
use super::ops;
use super::rows;
use super::signed_in::SignedIn;
use crate::audit::event::Action;
use crate::base::DepartmentId;
use crate::http::extract::{ETag, IfMatch, Json, Path};
use crate::http::openapi::{ChangeProblems, IfMatchParam};
use crate::http::{Fault, Kind, Problem};
use crate::replay::with_receipt;
use crate::unit::{Db, Unit};

/// What of a department changes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::option_option,
    reason = "missing, null and a value are three things"
)]
#[schema(example = json!({"parent": "fachbereich-internes"}))]
pub(super) struct DepartmentPatch {
    /// A new name.
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Short name or id of the department that it is part of; null: of none.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    parent: Option<Option<String>>,
}

#[expect(
    clippy::option_option,
    reason = "missing, null and a value are three things"
)]
fn present<'de, D>(deserializer: D) -> Result<Option<Option<String>>, D::Error>
where
    D: Deserializer<'de>,
{
    Option::<String>::deserialize(deserializer).map(Some)
}

/// Changes a department; `expected` is the version that the caller has seen.
pub(super) async fn change_department(
    unit: &mut Unit,
    id: DepartmentId,
    expected: Option<u64>,
    name: Option<String>,
    parent: Option<Option<DepartmentId>>,
) -> Result<(), PeopleError> {
    ops::require_admin(unit.actor())?;
    let mut row = rows::department_row(unit.tx(), id)
        .await?
        .ok_or(PeopleError::NoDepartment)?;
    let current = u64::try_from(row.version).unwrap_or_default();
    if expected.is_some_and(|expected| expected != current) {
        return Err(PeopleError::Stale { current });
    }
    if let Some(Some(parent)) = parent {
        let all = rows::departments(unit.tx()).await?;
        if !all.iter().any(|one| one.id == parent) {
            return Err(PeopleError::NoDepartment);
        }
        if rows::below(id, &all).iter().any(|one| one.id == parent) {
            return Err(PeopleError::Loop);
        }
    }
    row.name = name.unwrap_or(row.name);
    if let Some(parent) = parent {
        row.parent_id = parent.map(DepartmentId::raw);
    }
    rows::update_department(unit, row).await?;
    unit.record(Action::DepartmentChange, Some(id));
    Ok(())
}

/// Changes the name of a department or its place in the house. For administrators.
///
/// Heads of a department see and decide in those below it, from the next request on.
#[utoipa::path(
    patch, path = "/api/v1/departments/{id}", tag = "people", operation_id = "changeDepartment",
    params(("id" = Uuid, Path, description = "The department"), IfMatchParam),
    request_body = DepartmentPatch,
    responses((status = 200, description = "Changed", body = DepartmentView,
        headers(("ETag" = String, description = "Its new version"))), ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn patch_department(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<DepartmentPatch>,
) -> Result<HttpResponse, Problem> {
    require_admin(&actor)?;
    let id = DepartmentId::of(id);
    let all = ops::departments(db.read())
        .await
        .map_err(PeopleError::from)?;
    let before = all.iter().find(|one| one.id == id);
    let before = before.ok_or_else(|| Problem::new(Kind::NotFound))?;
    if_match.check(&ETag::of_version(before.version))?;
    let mut problem = Problem::new(Kind::Validation);
    if let Some(name) = &body.name {
        problem = name_fault(problem, "/name", name);
    }
    let name = body.name.map(|name| name.trim().to_owned());
    let mut parent = None;
    if let Some(wanted) = &body.parent {
        let found = wanted
            .as_ref()
            .map(|wanted| all.iter().find(|one| one.is(wanted)).map(|one| one.id));
        match found {
            None => parent = Some(None),
            Some(Some(found)) => parent = Some(Some(found)),
            Some(None) => problem = problem.field("/parent", Fault::NotFound),
        }
    }
    if problem.faults() > 0 {
        return Err(problem);
    }
    let expected = Some(before.version);
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            change_department(unit, id, expected, name, parent).await?;
            let all = rows::departments(unit.tx()).await?;
            let found = all.iter().find(|one| one.id == id).cloned();
            Ok::<_, PeopleError>((found.ok_or(PeopleError::NoDepartment)?, all))
        })
        .await?;
    let (one, all) = &written.value;
    let mut response = HttpResponse::Ok();
    with_receipt(&mut response, written.receipt);
    response.insert_header((header::ETAG, ETag::of_version(one.version).to_string()));
    Ok(response.json(DepartmentView::of(one, all)))
}
