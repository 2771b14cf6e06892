//! Tablets are revoked over HTTP here and not in their own room: what they show ends with them.

use actix_web::HttpResponse;
use actix_web::web::Data;
use uuid::Uuid;

use super::bus::Bus;
use super::http::tablet_noted;
use super::ops;
use crate::base::TabletId;
use crate::departments::SignedIn;
use crate::http::Problem;
use crate::http::extract::{Json, Path};
use crate::http::openapi::SigningProblems;
use crate::ledger::looks::Looks;
use crate::replay::with_receipt;
use crate::tablets::{TabletRevocation, TabletView};
use crate::unit::{Db, Unit};

/// Revokes a tablet: a lost one, or one that goes elsewhere. It is known no more from the next request on, and what
/// it shows is called off at once (`reason` `tablet_revoked` of that job).
#[utoipa::path(
    post, path = "/api/v1/tablets/{id}/revoke", tag = "tablets", operation_id = "revokeTablet",
    params(("id" = Uuid, Path, description = "The tablet")),
    request_body = TabletRevocation,
    responses((status = 200, description = "Revoked", body = TabletView), SigningProblems),
    security(("token" = []))
)]
pub(super) async fn post_revoke(
    db: Data<Db>,
    bus: Data<Bus>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    Json(body): Json<TabletRevocation>,
) -> Result<HttpResponse, Problem> {
    let reason = body.read()?;
    let id = TabletId::of(id);
    let done = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::revoke(unit, id, reason).await
        })
        .await;
    let written = tablet_noted(&looks, &actor, done).await?;
    let (tablet, ended) = &written.value;
    match ended {
        Some(job) => bus.tell(job),
        None => bus.tell_tablet(id),
    }
    let mut response = HttpResponse::Ok();
    with_receipt(&mut response, written.receipt);
    Ok(response.json(TabletView::of(tablet, &actor, db.now())))
}
