//! Inboxes over HTTP: parse, call, render.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, http::header};
use utoipa::OpenApi;

use super::bell::Bell;
use super::bulk;
use super::counting;
use super::events::{self, Lasting};
use super::model::Me;
use super::rows::{self, After, Asking};
use super::wire::{
    ClaimedView, DueView, InboxCountList, InboxEventQuery, InboxFilter, InboxItem, InboxPage,
    Shown as Names, SortView,
};
use crate::audit::event::Look;
use crate::departments::{self, SignedIn};
use crate::http::Problem;
use crate::http::extract::{ListQuery, Query};
use crate::http::openapi::{ListProblems, PlainProblems};
use crate::http::page::{Cursors, PageRequest, next_link, scope_of};
use crate::ledger::looks::{Looked, Looks, Shown};
use crate::unit::Db;

/// What is asked of you: open steps, in your inboxes. Of what you may not know of nothing is listed.
///
/// As a deputy, or for a function, with `Papierlos-On-Behalf-Of`: then it is what is asked of whom you stand in for.
/// Where somebody who is asked or has claimed a step is away, the name of the deputy stands beside his.
#[utoipa::path(
    get, path = "/api/v1/inbox", tag = "inbox", operation_id = "listInbox",
    params(InboxFilter, PageRequest),
    responses((status = 200, description = "A page", body = InboxPage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ListProblems),
    security(("token" = []))
)]
pub(super) async fn get_inbox(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    cursors: Data<Cursors>,
    SignedIn(actor): SignedIn,
    ListQuery {
        filter: asked,
        page: wanted,
    }: ListQuery<InboxFilter>,
) -> Result<HttpResponse, Problem> {
    let (filter, sort) = asked.read()?;
    let scope = scope_of("inbox", &asked, &[])?;
    let after: Option<After> = wanted.after(&cursors, &scope)?;
    let (on, now, limit) = (db.read(), db.now(), usize::from(wanted.limit));
    let me = Me::of(on, &actor, now).await?;
    let asking = Asking {
        actor: &actor,
        me: &me,
        now,
    };
    let place = (after, u64::from(wanted.limit) + 1);
    let mut found = rows::page(on, asking, (&filter, sort), place).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = match found.last() {
        Some(last) if more => Some(cursors.seal(&scope, &last.after)?),
        Some(_) | None => None,
    };
    let entries = rows::entries(on, &actor, &found).await?;
    let departments = departments::departments_of(&request, &db).await?;
    let names = Names::of(on, (&me, now), &departments, &entries).await?;
    // In the order in which they were found.
    let known = found.iter().filter_map(|one| entries.get(&one.step()));
    let items: Vec<InboxItem> = known.clone().map(|entry| names.item(entry)).collect();
    let shown = known.map(|entry| Shown {
        kind: "case",
        id: entry.case.raw(),
        version: entry.case_version,
        hidden: entry.hidden,
    });
    let looked = Looked::of(Look::List, &actor).showing(shown.collect());
    looks.note(looked).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, next_link(&request, cursor)));
    }
    Ok(response.json(InboxPage { items, next_cursor }))
}

/// How much lies in your inboxes: by inbox, by when it is due and by definition. The same as the lists hold.
#[utoipa::path(
    get, path = "/api/v1/inbox/counts", tag = "inbox", operation_id = "countInbox",
    responses((status = 200, description = "How much", body = InboxCountList), PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_counts(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let (on, now) = (db.read(), db.now());
    let me = Me::of(on, &actor, now).await?;
    let boxes = me.boxes();
    let asking = Asking {
        actor: &actor,
        me: &me,
        now,
    };
    let counted = counting::counts(on, asking, &boxes).await?;
    Ok(HttpResponse::Ok().json(InboxCountList::of(&boxes, counted)))
}

/// How much lies in your inboxes, and how many notifications you have not read, as it changes: server-sent events.
///
/// Each event is called `inbox`; its data are `unread`, `newest` (when the last unread notification was written) and
/// `boxes` as `countInbox` gives them. It begins with what there is now, unless `Last-Event-ID` names just that. A
/// stream ends after a quarter of an hour, and with each change of people or rights: connect again.
#[utoipa::path(
    get, path = "/api/v1/inbox/events", tag = "inbox", operation_id = "watchInbox",
    params(InboxEventQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the event that was read last")),
    responses((status = 200, description = "Events", body = Object, content_type = "text/event-stream"),
        PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_events(
    request: HttpRequest,
    db: Data<Db>,
    bell: Data<Bell>,
    SignedIn(actor): SignedIn,
    Query(query): Query<InboxEventQuery>,
) -> Result<HttpResponse, Problem> {
    let lasting = if query.once == Some(true) {
        Lasting::Once
    } else {
        Lasting::On
    };
    let said = request.headers().get("last-event-id");
    let said = said.and_then(|value| value.to_str().ok());
    let said = said.map(str::to_owned);
    Ok(events::answer((&db, &bell), actor, lasting, said))
}

/// The part of the contract that inboxes bring.
#[derive(Debug, OpenApi)]
#[openapi(
    paths(get_inbox, get_counts, get_events, bulk::post_bulk),
    components(schemas(DueView, ClaimedView, SortView))
)]
pub(in crate::workflows) struct ApiDoc;

/// The routes of inboxes.
pub(in crate::workflows) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/api/v1/inbox").get(get_inbox))
        .service(web::resource("/api/v1/inbox/counts").get(get_counts))
        .service(web::resource("/api/v1/inbox/events").get(get_events))
        .service(web::resource("/api/v1/inbox/bulk").post(bulk::post_bulk));
}
