//! Identity checks over HTTP: parse, call, render.

use actix_web::HttpResponse;
use actix_web::web::Data;
use uuid::Uuid;

use super::wire::{IdentityCheckListView, IdentityCheckRequest, IdentityCheckView};
use super::{ops, rows};
use crate::audit::event::Look;
use crate::base::DocumentId;
use crate::departments::SignedIn;
use crate::documents;
use crate::http::Problem;
use crate::http::extract::{Json, Path};
use crate::http::openapi::{ListOfProblems, SigningProblems};
use crate::ledger::looks::{Looked, Looks};
use crate::replay::with_receipt;
use crate::signing::http::noted;
use crate::signing::model::SigningError;
use crate::unit::{Db, Unit};

/// Most checks of a document that are listed.
const LISTED_MAX: u64 = 100;

/// Records how the identity of whoever signs was checked: before a document is sent to a tablet, or beside it.
///
/// By what and with what result; never a number, never a copy. It is not changed afterwards: a wrong one is followed
/// by another. A signing job names it (`identity_check`) for twelve hours, if it is `confirmed`.
#[utoipa::path(
    post, path = "/api/v1/documents/{id}/identity-checks", tag = "signing", operation_id = "recordIdentityCheck",
    params(("id" = Uuid, Path, description = "The document")),
    request_body = IdentityCheckRequest,
    responses((status = 201, description = "Recorded", body = IdentityCheckView), SigningProblems),
    security(("token" = []))
)]
pub(in crate::signing) async fn post_check(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    Json(body): Json<IdentityCheckRequest>,
) -> Result<HttpResponse, Problem> {
    let id = DocumentId::of(id);
    let said = (body.method.into(), body.result.into());
    let done = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::record(unit, id, said).await
        })
        .await;
    let written = noted(&looks, &actor, done).await?;
    let mut response = HttpResponse::Created();
    with_receipt(&mut response, written.receipt);
    Ok(response.json(IdentityCheckView::from(&written.value)))
}

/// The identity checks beside a document.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/identity-checks", tag = "signing", operation_id = "listIdentityChecks",
    params(("id" = Uuid, Path, description = "The document")),
    responses((status = 200, description = "The checks", body = IdentityCheckListView), ListOfProblems),
    security(("token" = []))
)]
pub(in crate::signing) async fn get_checks(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let id = DocumentId::of(id);
    let known = documents::read(db.read(), &actor, id).await;
    let held = noted(&looks, &actor, known.map_err(SigningError::from)).await?;
    let looked = Looked::of(Look::ReadDocument, &actor)
        .at_version(id.raw(), held.document.version)
        .within(held.document.department);
    looks.note(looked).await?;
    let found = rows::of_document(db.read(), id, LISTED_MAX).await?;
    let items = found.iter().map(IdentityCheckView::from).collect();
    Ok(HttpResponse::Ok().json(IdentityCheckListView { items }))
}
