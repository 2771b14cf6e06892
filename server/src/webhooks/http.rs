//! Webhooks over HTTP: parse, call, render.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, http::header};
use storage::Storage;
use utoipa::OpenApi;
use uuid::Uuid;

use super::model::{Webhook, WebhookError};
use super::target::Rules;
use super::wire::{
    DeliveryPage, DeliveryView, Queued, WebhookList, WebhookPatch, WebhookRequest, WebhookView,
};
use super::{ops, rows};
use crate::audit::event::Look;
use crate::base::db::DbError;
use crate::base::{Actor, DeliveryId, WebhookId};
use crate::departments::SignedIn;
use crate::http::extract::{ETag, IfMatch, Json, ListQuery, MaybeKey, Path};
use crate::http::openapi::{
    ChangeProblems, CreateProblems, IdempotencyParam, IfMatchParam, ListOfProblems, PlainProblems,
    ReadProblems,
};
use crate::http::page::{Cursors, PageRequest, next_link};
use crate::http::{Fault, Kind, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::replay::{Answer, Fingerprint, Once, ended, with_receipt};
use crate::unit::{Db, Unit};

impl From<WebhookError> for Problem {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::NotFound => Self::new(Kind::NotFound),
            WebhookError::Forbidden => Self::new(Kind::Forbidden).detail(text(
                "Dieses Token darf nur lesen.",
                "This token may only read.",
            )),
            WebhookError::TooMany => Self::new(Kind::Conflict).detail(text(
                "Dieses Konto hat so viele Webhooks, wie es haben darf. Bitte zuerst einen beenden.",
                "This account has as many webhooks as it may. Please end one first.",
            )),
            WebhookError::NotActive { current } => Self::new(Kind::StateConflict)
                .detail(text(
                    "Dieser Webhook ist nicht aktiv; ihm wird nichts zugestellt.",
                    "This webhook is not active; nothing is delivered to it.",
                ))
                .current_state(current),
            WebhookError::UnderWay => Self::new(Kind::Conflict).detail(text(
                "Diese Zustellung ist noch unterwegs.",
                "This delivery is still under way.",
            )),
            WebhookError::Stale { current } => {
                Self::new(Kind::PreconditionFailed).current_etag(&ETag::of_version(current))
            }
            WebhookError::Unchanged => Self::new(Kind::Validation).field(
                "",
                Fault::Rule {
                    code: "unchanged",
                    detail: text("Es würde sich nichts ändern.", "Nothing would change."),
                },
            ),
            WebhookError::KeyTaken => {
                Self::new(Kind::IdempotencyInProgress).retry_after_seconds(1)
            }
            WebhookError::Unrecorded => Self::new(Kind::Unavailable).retry_after_seconds(1),
            WebhookError::Documents(error) => error.into(),
            WebhookError::Db(error) => error.into(),
        }
    }
}

/// One's own subscription, ended or not. What belongs to others does not exist.
async fn own(db: &Db, actor: &Actor, id: WebhookId) -> Result<Webhook, WebhookError> {
    let row = rows::webhook(db.read(), id).await?;
    let row = row.filter(|row| row.account_id == actor.account.raw());
    Ok(Webhook::try_from(&row.ok_or(WebhookError::NotFound)?)?)
}

/// The same, to be changed on the state that the caller has seen.
async fn seen(db: &Db, actor: &Actor, id: WebhookId, if_match: &IfMatch) -> Result<u64, Problem> {
    let version = own(db, actor, id).await?.version;
    if_match.check(&ETag::of_version(version))?;
    Ok(version)
}

async fn view(db: &Db, webhook: &Webhook) -> Result<WebhookView, WebhookError> {
    let health = rows::health(db.read(), webhook.id).await?;
    Ok(WebhookView::of(webhook, health, db.now()))
}

fn etag(webhook: &Webhook) -> (header::HeaderName, String) {
    (header::ETAG, ETag::of_version(webhook.version).to_string())
}

/// Subscribes to changes.
///
/// From now on each change of a document, a case or a file that you may see is sent to the address, signed by the
/// Standard Webhooks scheme. The secret is shown only here; a repetition by `Idempotency-Key` does
/// not show it again.
#[utoipa::path(
    post, path = "/api/v1/webhooks", tag = "webhooks", operation_id = "createWebhook",
    params(IdempotencyParam),
    request_body = WebhookRequest,
    responses((status = 201, description = "Subscribed", body = WebhookView, headers(
        ("Location" = String, description = "The subscription"),
        ("ETag" = String, description = "Its version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_webhook(
    db: Data<Db>,
    storage: Data<Storage>,
    rules: Data<Rules>,
    SignedIn(actor): SignedIn,
    MaybeKey(key): MaybeKey,
    Json(body): Json<WebhookRequest>,
) -> Result<HttpResponse, Problem> {
    let new = body.command(&rules)?;
    let said = serde_json::to_vec(&body).map_err(Problem::internal)?;
    let print = Fingerprint::of(&[b"POST /webhooks", &said]);
    let once = Once::new(&actor, key, print);
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let saved = once.clone();
    let (kms, now) = (std::sync::Arc::clone(storage.kms()), db.now());
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            let (webhook, secret) = ops::create(unit, kms.as_ref(), new).await?;
            let view = WebhookView::of(&webhook, super::model::Health::default(), now);
            let mut answer = created(&webhook, &view)?;
            saved.save(unit, &answer).await?;
            // The secret is in the answer of this moment, and not in the saved one.
            answer.body = json(&view.with(&secret))?;
            Ok::<_, WebhookError>(answer)
        })
        .await;
    once.finish(&db, written).await
}

fn json(view: &WebhookView) -> Result<String, WebhookError> {
    Ok(serde_json::to_string(view).map_err(|_source| DbError::Log("no JSON"))?)
}

fn created(webhook: &Webhook, view: &WebhookView) -> Result<Answer, WebhookError> {
    let (name, tag) = etag(webhook);
    let location = format!("/api/v1/webhooks/{}", webhook.id);
    Ok(Answer {
        status: 201,
        headers: vec![
            (name.to_string(), tag),
            (header::LOCATION.to_string(), location),
        ],
        body: json(view)?,
    })
}

/// The own subscriptions that have not ended.
#[utoipa::path(
    get, path = "/api/v1/webhooks", tag = "webhooks", operation_id = "listWebhooks",
    responses((status = 200, description = "Without their secrets", body = WebhookList), PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_webhooks(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let found = rows::of_account(db.read(), actor.account).await?;
    let found: Result<Vec<_>, DbError> = found.iter().map(Webhook::try_from).collect();
    let found = found?;
    let ids: Vec<WebhookId> = found.iter().map(|webhook| webhook.id).collect();
    let mut healths = rows::healths(db.read(), &ids).await?;
    let (mut items, now) = (Vec::with_capacity(found.len()), db.now());
    for webhook in &found {
        let health = healths.remove(&webhook.id).unwrap_or_default();
        items.push(WebhookView::of(webhook, health, now));
    }
    Ok(HttpResponse::Ok().json(WebhookList { items }))
}

/// A subscription of one's own.
#[utoipa::path(
    get, path = "/api/v1/webhooks/{id}", tag = "webhooks", operation_id = "readWebhook",
    params(("id" = Uuid, Path, description = "The subscription")),
    responses((status = 200, description = "Without its secret", body = WebhookView,
        headers(("ETag" = String, description = "Its version"))), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_webhook(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let webhook = own(&db, &actor, WebhookId::of(id)).await?;
    let view = view(&db, &webhook).await?;
    Ok(HttpResponse::Ok().insert_header(etag(&webhook)).json(view))
}

/// Changes a subscription, pauses it or takes it up again.
#[utoipa::path(
    patch, path = "/api/v1/webhooks/{id}", tag = "webhooks", operation_id = "changeWebhook",
    params(("id" = Uuid, Path, description = "The subscription"), IfMatchParam),
    request_body = WebhookPatch,
    responses((status = 200, description = "Changed", body = WebhookView,
        headers(("ETag" = String, description = "Its new version"))), ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn patch_webhook(
    db: Data<Db>,
    rules: Data<Rules>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<WebhookPatch>,
) -> Result<HttpResponse, Problem> {
    let id = WebhookId::of(id);
    let expected = seen(&db, &actor, id, &if_match).await?;
    let change = body.command(&rules)?;
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::change(unit, id, expected, change).await
        })
        .await?;
    let view = view(&db, &written.value).await?;
    let mut response = HttpResponse::Ok();
    with_receipt(&mut response, written.receipt);
    Ok(response.insert_header(etag(&written.value)).json(view))
}

/// Ends a subscription for ever. Nothing is deleted; its deliveries stay readable for a while.
#[utoipa::path(
    delete, path = "/api/v1/webhooks/{id}", tag = "webhooks", operation_id = "endWebhook",
    params(("id" = Uuid, Path, description = "The subscription"), IfMatchParam),
    responses((status = 204, description = "Ended"), ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn delete_webhook(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let id = WebhookId::of(id);
    let expected = seen(&db, &actor, id, &if_match).await?;
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::end(unit, id, expected).await
        })
        .await?;
    Ok(ended(written.receipt))
}

/// Gives a subscription a new secret, which is shown only here. For 24 hours messages carry a second
/// signature by the one before it.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/rotate", tag = "webhooks", operation_id = "rotateWebhook",
    params(("id" = Uuid, Path, description = "The subscription"), IfMatchParam),
    responses((status = 200, description = "With its new secret", body = WebhookView,
        headers(("ETag" = String, description = "Its new version"))), ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn post_rotate(
    db: Data<Db>,
    storage: Data<Storage>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
) -> Result<HttpResponse, Problem> {
    let id = WebhookId::of(id);
    let expected = seen(&db, &actor, id, &if_match).await?;
    let kms = std::sync::Arc::clone(storage.kms());
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::rotate(unit, kms.as_ref(), id, expected).await
        })
        .await?;
    let (webhook, secret) = &written.value;
    let view = view(&db, webhook).await?.with(secret);
    let mut response = HttpResponse::Ok();
    with_receipt(&mut response, written.receipt);
    Ok(response.insert_header(etag(webhook)).json(view))
}

/// Sends a message of the type `webhook.test`, once; also where the subscription is paused or
/// switched off.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/test", tag = "webhooks", operation_id = "testWebhook",
    params(("id" = Uuid, Path, description = "The subscription")),
    responses((status = 202, description = "It is on its way", body = Queued), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn post_test(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let id = WebhookId::of(id);
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::test(unit, id).await
        })
        .await?;
    let mut response = HttpResponse::Accepted();
    with_receipt(&mut response, written.receipt);
    Ok(response.json(Queued {
        delivery: written.value.raw(),
    }))
}

/// What was sent to the receiver, newest first; only what tells of something that you may see now.
#[utoipa::path(
    get, path = "/api/v1/webhooks/{id}/deliveries", tag = "webhooks", operation_id = "listDeliveries",
    params(("id" = Uuid, Path, description = "The subscription"), PageRequest),
    responses((status = 200, description = "A page", body = DeliveryPage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ListOfProblems),
    security(("token" = []))
)]
pub(super) async fn get_deliveries(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    cursors: Data<Cursors>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    ListQuery { filter: _, page }: ListQuery<Nothing>,
) -> Result<HttpResponse, Problem> {
    let webhook = own(&db, &actor, WebhookId::of(id)).await?;
    let scope = format!("deliveries {id}");
    let after: Option<Uuid> = page.after(&cursors, &scope)?;
    let limit = usize::from(page.limit);
    let asked = u64::from(page.limit) + 1;
    let found = rows::deliveries(db.read(), &actor, webhook.id, after, asked).await;
    let mut found = found?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = match found.last() {
        Some(last) if more => Some(cursors.seal(&scope, &last.id.raw())?),
        Some(_) | None => None,
    };
    note(&looks, &actor).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, next_link(&request, cursor)));
    }
    Ok(response.json(DeliveryPage {
        items: found.iter().map(DeliveryView::from).collect(),
        next_cursor,
    }))
}

/// The list of deliveries tells what the change feed tells.
async fn note(looks: &Looks, actor: &Actor) -> Result<(), Problem> {
    Ok(looks.note(Looked::of(Look::ReadChanges, actor)).await?)
}

/// Sends a message once more, under its own id, with all attempts anew.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/deliveries/{delivery}/replay", tag = "webhooks",
    operation_id = "replayDelivery",
    params(("id" = Uuid, Path, description = "The subscription"),
        ("delivery" = Uuid, Path, description = "The delivery")),
    responses((status = 202, description = "It is on its way", body = Queued), ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn post_replay(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path((id, delivery)): Path<(Uuid, Uuid)>,
) -> Result<HttpResponse, Problem> {
    let (id, delivery) = (WebhookId::of(id), DeliveryId::of(delivery));
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::replay(unit, id, delivery).await
        })
        .await?;
    let mut response = HttpResponse::Accepted();
    with_receipt(&mut response, written.receipt);
    Ok(response.json(Queued {
        delivery: delivery.raw(),
    }))
}

/// A list without a filter.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// The part of the contract that webhooks bring.
#[derive(Debug, OpenApi)]
#[openapi(paths(
    post_webhook,
    get_webhooks,
    get_webhook,
    patch_webhook,
    delete_webhook,
    post_rotate,
    post_test,
    get_deliveries,
    post_replay
))]
pub struct ApiDoc;

/// The routes of webhooks.
pub fn routes(config: &mut web::ServiceConfig) {
    let to = |path: &str| web::resource(format!("/api/v1/webhooks{path}"));
    config
        .service(to("").get(get_webhooks).post(post_webhook))
        .service(
            to("/{id}")
                .get(get_webhook)
                .patch(patch_webhook)
                .delete(delete_webhook),
        )
        .service(to("/{id}/rotate").post(post_rotate))
        .service(to("/{id}/test").post(post_test))
        .service(to("/{id}/deliveries").get(get_deliveries))
        .service(to("/{id}/deliveries/{delivery}/replay").post(post_replay));
}
