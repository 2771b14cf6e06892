//! Tablets over HTTP: parse, call, render.

use actix_web::web::{self, Data};
use actix_web::{HttpResponse, http::header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use utoipa::OpenApi;
use uuid::Uuid;

use super::device::{Signed, cookie};
use super::invitation::Invitation;
use super::model::{New, TabletError};
use super::wire::{
    PairingOutcome, PairingRequest, PairingView, TabletList, TabletRequest, TabletView,
};
use super::{ops, rows};
use crate::audit::event::Look;
use crate::base::{Actor, PairingId};
use crate::departments::SignedIn;
use crate::http::extract::{ClientAddress, Json, Path};
use crate::http::limits::RateLimits;
use crate::http::openapi::{PlainProblems, ReadProblems, SigningProblems};
use crate::http::{Fault, Kind, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::replay::with_receipt;
use crate::unit::{Db, Unit};

/// Bytes of chance in the cookie of a tablet.
const TOKEN_BYTES: usize = 32;

impl From<TabletError> for Problem {
    fn from(error: TabletError) -> Self {
        match error {
            TabletError::NotFound => Self::new(Kind::NotFound),
            TabletError::Forbidden => Self::new(Kind::Forbidden).detail(text(
                "Tablets koppelt und sperrt, wer die Abteilung leitet oder das Archiv verwaltet; mit ihnen \
                 arbeitet, wer in der Abteilung Dokumente bearbeitet.",
                "Tablets are paired and revoked by heads of the department and administrators; whoever edits \
                 documents in the department works with them.",
            )),
            TabletError::NoCode => Self::new(Kind::Validation).field(
                "/code",
                Fault::Rule {
                    code: "unknown-code",
                    detail: text(
                        "Kein Tablet zeigt diesen Code. Ein Code gilt 10 Minuten.",
                        "No tablet shows this code. A code is good for 10 minutes.",
                    ),
                },
            ),
            TabletError::NoDepartment => {
                Self::new(Kind::Validation).field("/department", Fault::NotFound)
            }
            TabletError::Revoked => Self::new(Kind::StateConflict)
                .detail(text(
                    "Das Tablet ist gesperrt. Zum Weiterarbeiten bitte neu koppeln.",
                    "The tablet was revoked. Pair it anew to go on.",
                ))
                .current_state("revoked"),
            TabletError::Leased { since } => Self::new(Kind::Conflict).detail(text(
                format!("An diesem Tablet wird seit {since} schon gearbeitet. Übernehmen geht nur ausdrücklich."),
                format!("Somebody has worked with this tablet since {since}. It is taken over only where that is said."),
            )),
            TabletError::NotLeased => Self::new(Kind::Conflict).detail(text(
                "An diesem Tablet arbeiten Sie nicht.",
                "You do not work with this tablet.",
            )),
            TabletError::TooMany => Self::new(Kind::Conflict).detail(text(
                "Es gibt so viele Tablets oder offene Kopplungen, wie es geben darf.",
                "There are as many tablets or open pairings as there may be.",
            )),
            TabletError::NoChance => Self::internal("no random bytes"),
            TabletError::Db(error) => error.into(),
        }
    }
}

/// What was done; an attempt at a tablet of which the actor may not know is recorded.
async fn noted<T>(
    looks: &Looks,
    actor: &Actor,
    done: Result<T, TabletError>,
) -> Result<T, Problem> {
    if let Err(TabletError::NotFound) = &done {
        looks.note(Looked::of(Look::Refused, actor)).await?;
    }
    Ok(done?)
}

/// Asks that this device is paired.
///
/// Begins with nobody: whoever opens the page of the tablet gets a code, which is good for 10 minutes and
/// nothing until somebody who may types it in.
#[utoipa::path(
    post, path = "/api/v1/tablets/pairings", tag = "tablets", operation_id = "askForPairing",
    request_body = PairingRequest,
    responses((status = 201, description = "Waits for its code", body = PairingView), SigningProblems)
)]
pub(super) async fn post_pairing(
    client: ClientAddress,
    db: Data<Db>,
    limits: Data<RateLimits>,
    invitation: Data<Invitation>,
    Json(body): Json<PairingRequest>,
) -> Result<HttpResponse, Problem> {
    limits.sign_in(client.0)?;
    let pairing = ops::ask(&db, body.read()?).await?;
    let ticket = body.ticket.as_deref();
    if let Some(invited) = ticket.and_then(|ticket| invitation.take(ticket)) {
        let new = New {
            code: pairing.code.clone(),
            name: invited.name,
            counter: invited.counter,
            department: invited.department,
        };
        db.write(&Actor::system(), async move |unit: &mut Unit| {
            ops::pair(unit, new).await
        })
        .await?;
    }
    let view = PairingView::of(&pairing, &body.in_picture(&pairing));
    Ok(HttpResponse::Created().json(view))
}

/// Asks what became of a pairing.
///
/// The device shows by a signature that it has the key, over the id of the pairing as the nonce. Once it was
/// confirmed, the answer sets its cookie; asked again within the 10 minutes, it sets a new one.
#[utoipa::path(
    post, path = "/api/v1/tablets/pairings/{id}/claim", tag = "tablets", operation_id = "claimPairing",
    params(("id" = Uuid, Path, description = "The pairing"),
        ("Papierlos-Tablet-Signature" = String, Header,
            description = "ECDSA over P-256 with SHA-256, base64url: see `docs/signing.md`")),
    responses((status = 200, description = "What became of it", body = PairingOutcome), SigningProblems)
)]
pub(super) async fn post_claim(
    db: Data<Db>,
    Path(id): Path<Uuid>,
    signed: Signed,
) -> Result<HttpResponse, Problem> {
    let found = rows::pairing(db.read(), PairingId::of(id), db.now()).await?;
    let pairing = found.ok_or(TabletError::NotFound)?;
    signed.require_key(&pairing.key, &id.to_string())?;
    let Some(tablet) = pairing.tablet else {
        return Ok(HttpResponse::Ok().json(PairingOutcome { paired: false }));
    };
    let mut chance = [0; TOKEN_BYTES];
    getrandom::fill(&mut chance).map_err(Problem::internal)?;
    let token = URL_SAFE_NO_PAD.encode(chance);
    let set = cookie(&token);
    let written = db
        .write(&Actor::system(), async move |unit: &mut Unit| {
            ops::claim(unit, tablet, &token).await
        })
        .await?;
    let mut response = HttpResponse::Ok();
    with_receipt(&mut response, written.receipt);
    response.insert_header((header::SET_COOKIE, set));
    Ok(response.json(PairingOutcome { paired: true }))
}

/// Pairs the tablet that shows a code: administrators, and whoever leads the department.
#[utoipa::path(
    post, path = "/api/v1/tablets", tag = "tablets", operation_id = "pairTablet",
    request_body = TabletRequest,
    responses((status = 201, description = "Paired", body = TabletView), SigningProblems),
    security(("token" = []))
)]
pub(super) async fn post_tablet(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Json(body): Json<TabletRequest>,
) -> Result<HttpResponse, Problem> {
    let new = body.read()?;
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::pair(unit, new).await
        })
        .await?;
    let mut response = HttpResponse::Created();
    with_receipt(&mut response, written.receipt);
    Ok(response.json(TabletView::of(&written.value, &actor, db.now())))
}

/// The tablets that you may work with; all of them for administrators and auditors.
#[utoipa::path(
    get, path = "/api/v1/tablets", tag = "tablets", operation_id = "listTablets",
    responses((status = 200, description = "The tablets", body = TabletList), PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_tablets(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let found = ops::visible(db.read(), &actor).await?;
    let now = db.now();
    let view = |one| TabletView::of(one, &actor, now);
    Ok(HttpResponse::Ok().json(TabletList {
        items: found.iter().map(view).collect(),
    }))
}

/// One tablet.
#[utoipa::path(
    get, path = "/api/v1/tablets/{id}", tag = "tablets", operation_id = "readTablet",
    params(("id" = Uuid, Path, description = "The tablet")),
    responses((status = 200, description = "The tablet", body = TabletView), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_tablet(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let found = ops::visible(db.read(), &actor).await?;
    let found = found.into_iter().find(|one| one.id.raw() == id);
    let tablet = noted(&looks, &actor, found.ok_or(TabletError::NotFound)).await?;
    Ok(HttpResponse::Ok().json(TabletView::of(&tablet, &actor, db.now())))
}

/// The part of the contract that tablets bring.
#[derive(Debug, OpenApi)]
#[openapi(paths(post_pairing, post_claim, post_tablet, get_tablets, get_tablet))]
pub struct ApiDoc;

/// The routes of tablets.
pub fn routes(config: &mut web::ServiceConfig) {
    let to = |path: &str| web::resource(format!("/api/v1/tablets{path}"));
    config
        .service(to("").get(get_tablets).post(post_tablet))
        // Before what has an id in the same place.
        .service(to("/pairings").post(post_pairing))
        .service(to("/pairings/{id}/claim").post(post_claim))
        .service(to("/{id}").get(get_tablet));
}
