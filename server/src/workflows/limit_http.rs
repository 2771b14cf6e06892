//! Order limits over HTTP.

use actix_web::http::header;
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::Caller;
use super::limits;
use super::model::{OrderLimit, WorkflowError};
use super::requests::{AllOfIt, OrderLimitRequest};
use super::values::{Names, amount};
use crate::base::db::DbError;
use crate::base::{AccountId, OrderLimitId};
use crate::departments::{self, SignedIn};
use crate::http::Problem;
use crate::http::extract::{Json, ListQuery, Path};
use crate::http::openapi::{CreateProblems, FlowProblems, IdempotencyParam, ListProblems};
use crate::http::page::{Cursors, Page, PageRequest, next_link, scope_of};
use crate::replay::Answer;
use crate::unit::{Db, Unit};

/// Up to which amount somebody orders (Anordnungsbefugnis).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = OrderLimit)]
pub(super) struct LimitView {
    /// Its id.
    id: Uuid,
    /// Counts every change.
    version: u64,
    /// A login, or `function:` and a short name.
    #[schema(example = "function:kaemmerei")]
    who: String,
    /// The name for people.
    name: String,
    /// The amount in euro.
    #[schema(example = "10000.00")]
    amount: String,
    /// The first day.
    #[schema(format = Date)]
    valid_from: String,
    /// The last day; absent: until it is ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Date)]
    valid_until: Option<String>,
    /// `waiting` for its approval, `approved` or `ended`.
    state: &'static str,
    /// Why it was given.
    reason: String,
    /// By whom: a login.
    given_by: String,
    /// When, UTC.
    #[schema(format = DateTime)]
    given_at: String,
    /// Who approved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    approved_by: Option<String>,
    /// When, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    approved_at: Option<String>,
    /// Who ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ended_by: Option<String>,
    /// When, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    ended_at: Option<String>,
}

/// Order limits.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderLimits)]
pub(super) struct LimitList {
    /// The newest first.
    items: Vec<LimitView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

impl LimitView {
    fn of(limit: &OrderLimit, names: &Names) -> Self {
        let login = |id: AccountId| {
            let named = names.get(&id);
            named.map_or_else(|| id.to_string(), |named| named.login.clone())
        };
        let named = names.get(&limit.account);
        Self {
            id: limit.id.raw(),
            version: limit.version,
            who: login(limit.account),
            name: named.map(|named| named.name.clone()).unwrap_or_default(),
            amount: amount(limit.cents),
            valid_from: limit.valid_from.clone(),
            valid_until: limit.valid_until.clone(),
            state: match (&limit.ended, &limit.approved) {
                (Some(_), _) => "ended",
                (None, Some(_)) => "approved",
                (None, None) => "waiting",
            },
            reason: limit.reason.clone(),
            given_by: login(limit.given.by),
            given_at: limit.given.at.to_string(),
            approved_by: limit.approved.map(|step| login(step.by)),
            approved_at: limit.approved.map(|step| step.at.to_string()),
            ended_by: limit.ended.map(|step| login(step.by)),
            ended_at: limit.ended.map(|step| step.at.to_string()),
        }
    }
}

async fn views(
    on: &impl ConnectionTrait,
    limits: &[OrderLimit],
) -> Result<Vec<LimitView>, DbError> {
    let mut ids = Vec::new();
    for limit in limits {
        ids.extend([limit.account, limit.given.by]);
        ids.extend(limit.approved.map(|step| step.by));
        ids.extend(limit.ended.map(|step| step.by));
    }
    ids.sort_unstable();
    ids.dedup();
    let names = departments::named(on, &ids).await?;
    Ok(limits
        .iter()
        .map(|one| LimitView::of(one, &names))
        .collect())
}

async fn answer(
    on: &impl ConnectionTrait,
    limit: &OrderLimit,
    status: u16,
) -> Result<Answer, WorkflowError> {
    let mut views = views(on, std::slice::from_ref(limit)).await?;
    let view = views.pop().ok_or(WorkflowError::NotFound)?;
    let mut answer = Answer::created(&view)?;
    answer.status = status;
    Ok(answer)
}

/// Up to which amount somebody orders: for administration, heads, the mayor's office and auditors.
#[utoipa::path(
    get, path = "/api/v1/order-limits", tag = "workflows", operation_id = "listOrderLimits",
    params(PageRequest),
    responses((status = 200, description = "A page, the newest first", body = LimitList,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ListProblems),
    security(("token" = []))
)]
pub(super) async fn get_limits(
    request: HttpRequest,
    db: Data<Db>,
    cursors: Data<Cursors>,
    SignedIn(actor): SignedIn,
    ListQuery {
        filter,
        page: wanted,
    }: ListQuery<AllOfIt>,
) -> Result<HttpResponse, Problem> {
    if !limits::may_list(&actor) {
        return Err(WorkflowError::Forbidden.into());
    }
    let scope = scope_of("order-limits", &filter, &[])?;
    let after: Option<Uuid> = wanted.after(&cursors, &scope)?;
    let place = (after, u64::from(wanted.limit) + 1);
    let found = limits::page(db.read(), place).await?;
    let page = Page::of_rows(found, &wanted, &cursors, &scope, |last| last.id.raw())?;
    let items = views(db.read(), &page.items).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &page.next_cursor {
        response.insert_header((header::LINK, next_link(&request, cursor)));
    }
    Ok(response.json(LimitList {
        items,
        next_cursor: page.next_cursor,
    }))
}

/// Says up to which amount a person or a function orders. It holds when another administrator has approved it.
#[utoipa::path(
    post, path = "/api/v1/order-limits", tag = "workflows", operation_id = "giveOrderLimit",
    params(IdempotencyParam),
    request_body = OrderLimitRequest,
    responses((status = 201, description = "Given; durable", body = LimitView,
        headers(("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_limit(
    caller: Caller,
    Json(body): Json<OrderLimitRequest>,
) -> Result<HttpResponse, Problem> {
    let new = body.new_limit()?;
    let once = caller.once(&body)?;
    once.run(&caller.db, &caller.actor, async move |unit: &mut Unit| {
        let limit = limits::give(unit, new).await?;
        answer(unit.tx(), &limit, 201).await
    })
    .await
}

/// Approves it: an administrator who neither gave it nor is the one who orders.
#[utoipa::path(
    post, path = "/api/v1/order-limits/{id}/approve", tag = "workflows", operation_id = "approveOrderLimit",
    params(("id" = Uuid, Path, description = "The limit"), IdempotencyParam),
    responses((status = 200, description = "It holds; durable", body = LimitView,
        headers(("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_approve(
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let once = caller.once(&())?;
    once.run(&caller.db, &caller.actor, async move |unit: &mut Unit| {
        let limit = limits::approve(unit, OrderLimitId::of(id)).await?;
        answer(unit.tx(), &limit, 200).await
    })
    .await
}

/// Ends it before its time, or turns it down.
#[utoipa::path(
    post, path = "/api/v1/order-limits/{id}/end", tag = "workflows", operation_id = "endOrderLimit",
    params(("id" = Uuid, Path, description = "The limit"), IdempotencyParam),
    responses((status = 200, description = "Ended; durable", body = LimitView,
        headers(("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_end(
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let once = caller.once(&())?;
    once.run(&caller.db, &caller.actor, async move |unit: &mut Unit| {
        let limit = limits::end(unit, OrderLimitId::of(id)).await?;
        answer(unit.tx(), &limit, 200).await
    })
    .await
}

/// The routes of order limits.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    let to = |path: &str| web::resource(format!("/api/v1/order-limits{path}"));
    config
        .service(to("").get(get_limits).post(post_limit))
        .service(to("/{id}/approve").post(post_approve))
        .service(to("/{id}/end").post(post_end));
}
