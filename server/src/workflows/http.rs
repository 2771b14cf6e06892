//! Workflows over HTTP: begin, read, and what is done with the whole of one.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, http::header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;
use workflow::engine;
use workflow::instance::Command;

use super::asking::Asked;
use super::beginning;
use super::caller::Caller;
use super::catalog::Rules;
use super::history::{EntryView, HistoryView, Teller, TimerView, TimersView, events_of};
use super::model::WorkflowError;
use super::reading::{self, After, Filter};
use super::requests::{
    AllOfIt, Because, WorkflowBeside, WorkflowEditorial, WorkflowExclusion, WorkflowHappening,
    WorkflowMigration, WorkflowRequest,
};
use super::wire::{FlowView, LineView, WorkflowValue};
use super::{definition_http, limit_http, rows, step_http};
use crate::audit::event::Look;
use crate::base::{CaseId, WorkflowId};
use crate::cases::{self, CaseError};
use crate::departments::SignedIn;
use crate::http::Problem;
use crate::http::extract::{Json, ListQuery, Path};
use crate::http::openapi::{
    FlowProblems, IdempotencyParam, ListOfProblems, ListProblems, MaybeIfMatchParam, ReadProblems,
};
use crate::http::page::{Cursors, Page, PageRequest, next_link, scope_of};
use crate::ledger::looks::{Looked, Looks, Shown};
use crate::unit::{Db, Unit};

/// Begins a workflow in an open case: at most one of a kind at a time, or, where the definition says so (`per_document`),
/// one for each document.
///
/// Fields are filled from the case and the document where the definition says so; what is said stands above that.
/// Where the definition names what a workflow is known by (`unique`), the same begins only once: a repetition is answered
/// by what there is, anything else under the same key is 409.
#[utoipa::path(
    post, path = "/api/v1/workflows", tag = "workflows", operation_id = "startWorkflow",
    params(IdempotencyParam),
    request_body = WorkflowRequest,
    responses((status = 201, description = "Begun; durable", body = FlowView, headers(
        ("Location" = String, description = "The workflow"),
        ("ETag" = String, description = "Its version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        (status = 200, description = "The same began before: it, as it is now", body = FlowView, headers(
        ("Location" = String, description = "The workflow"),
        ("ETag" = String, description = "Its version"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_workflow(
    caller: Caller,
    Json(body): Json<WorkflowRequest>,
) -> Result<HttpResponse, Problem> {
    let once = caller.once(&body)?;
    if let Some(answer) = once.answered(&caller.db).await? {
        return Ok(answer);
    }
    let mut new = body.new_flow()?;
    let case = cases::read(caller.db.read(), &caller.actor, new.case).await;
    if let Err(CaseError::NotFound) = &case {
        caller.refused().await?;
        return Err(WorkflowError::NoCase.into());
    }
    caller.rules.keep_units(&caller.db).await?;
    if let Some(document) = new.document {
        new.billed = Box::pin(caller.billed(&new, document)).await?;
    }
    Box::pin(caller.begin(once, new)).await
}

/// The filters of a list. Each list may be given several times: then one of them must hold.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct WorkflowFilter {
    /// The case whose workflows are wanted.
    #[param(nullable = false)]
    case: Option<Uuid>,
    /// Short names of definitions.
    definition: Vec<String>,
    /// States.
    state: Vec<String>,
    /// Those that run, or those that have ended.
    #[param(nullable = false)]
    open: Option<bool>,
}

/// A page of workflows.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WorkflowPage {
    /// The workflows.
    items: Vec<LineView>,
    /// Where the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// Workflows of the cases that you may see, the last begun first.
#[utoipa::path(
    get, path = "/api/v1/workflows", tag = "workflows", operation_id = "listWorkflows",
    params(WorkflowFilter, PageRequest),
    responses((status = 200, description = "A page", body = WorkflowPage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ListProblems),
    security(("token" = []))
)]
pub(super) async fn get_workflows(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    cursors: Data<Cursors>,
    rules: Data<Rules>,
    SignedIn(actor): SignedIn,
    ListQuery {
        filter: asked,
        page: wanted,
    }: ListQuery<WorkflowFilter>,
) -> Result<HttpResponse, Problem> {
    let on = db.read();
    let scope = scope_of("workflows", &asked, &[])?;
    let filter = Filter {
        case: asked.case.map(CaseId::of),
        definitions: asked.definition,
        states: asked.state,
        open: asked.open,
    };
    let after: Option<After> = wanted.after(&cursors, &scope)?;
    let limit = u64::from(wanted.limit);
    let (found, more) = reading::page(on, &actor, &filter, (after, limit)).await?;
    let next_cursor = match found.last() {
        Some(last) if more => Some(cursors.seal(&scope, &After::of(last))?),
        Some(_) | None => None,
    };
    let ids: Vec<CaseId> = found.iter().map(|flow| flow.case).collect();
    let filed = cases::filed(on, &ids).await?;
    let names = reading::names_in_fields(on, &found).await?;
    let (mut items, mut told) = (Vec::with_capacity(found.len()), Vec::new());
    for flow in &found {
        let Some(filed) = filed.get(&flow.case) else {
            continue;
        };
        let instance = &flow.instance;
        let named = (instance.definition.as_str(), instance.definition_version);
        let definition = rules.of(on, named, &instance.definition_sha256).await?;
        items.push(LineView::of(flow, &filed.case, &definition, &names));
        told.push(Shown {
            kind: "case",
            id: filed.case.id.raw(),
            version: filed.case.version,
            hidden: filed.case.compartment.is_some(),
        });
    }
    looks
        .note(Looked::of(Look::List, &actor).showing(told))
        .await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, next_link(&request, cursor)));
    }
    Ok(response.json(WorkflowPage { items, next_cursor }))
}

/// A workflow with its routing slip (Laufweg), and what you may do with it now.
#[utoipa::path(
    get, path = "/api/v1/workflows/{id}", tag = "workflows", operation_id = "readWorkflow",
    params(("id" = Uuid, Path, description = "The workflow")),
    responses((status = 200, description = "The workflow", body = FlowView,
        headers(("ETag" = String, description = "Its version"))), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_workflow(
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let (flow, desk) = Box::pin(caller.see(id)).await?;
    caller.looked(&flow).await?;
    let (on, now) = (caller.db.read(), caller.db.now());
    let seen = (&flow, &desk);
    let answer = super::looking::answer(on, &caller.rules, seen, (200, now)).await?;
    Ok(answer.respond(None))
}

/// What was asked of a workflow, and what came of it.
#[utoipa::path(
    get, path = "/api/v1/workflows/{id}/history", tag = "workflows", operation_id = "readWorkflowHistory",
    params(("id" = Uuid, Path, description = "The workflow"), PageRequest),
    responses((status = 200, description = "A page, first thing first", body = HistoryView,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ListOfProblems),
    security(("token" = []))
)]
pub(super) async fn get_history(
    caller: Caller,
    cursors: Data<Cursors>,
    Path(id): Path<Uuid>,
    ListQuery {
        filter,
        page: wanted,
    }: ListQuery<AllOfIt>,
) -> Result<HttpResponse, Problem> {
    let (flow, desk) = Box::pin(caller.see(id)).await?;
    caller.looked(&flow).await?;
    let on = caller.db.read();
    let scope = scope_of(&format!("workflow {} history", flow.id), &filter, &[])?;
    let after: Option<u64> = wanted.after(&cursors, &scope)?;
    let place = (after.unwrap_or_default(), u64::from(wanted.limit) + 1);
    let found = rows::entries(on, flow.id, place).await?;
    let page = Page::of_rows(found, &wanted, &cursors, &scope, |last| last.number)?;
    let entries = page.items;
    let mut events = Vec::with_capacity(entries.len());
    for entry in &entries {
        events.push(events_of(entry)?);
    }
    let flat: Vec<_> = events.iter().flatten().cloned().collect();
    let accounts: Vec<_> = entries.iter().map(|entry| entry.account).collect();
    let names = reading::names_in(on, (&flat, &accounts)).await?;
    let definition = &desk.definition;
    let private = desk.doer.works_here;
    let shows = |key: &str| {
        let field = definition.field(key);
        private || field.is_none_or(|field| !field.private)
    };
    let teller = Teller {
        names: &names,
        shows: &shows,
    };
    let items: Result<Vec<EntryView>, _> = entries
        .iter()
        .zip(&events)
        .map(|(entry, events)| teller.entry(entry, events))
        .collect();
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &page.next_cursor {
        response.insert_header((header::LINK, next_link(&caller.request, cursor)));
    }
    Ok(response.json(HistoryView {
        items: items?,
        next_cursor: page.next_cursor,
    }))
}

/// The timers of a workflow that have not fired: seen before they do.
#[utoipa::path(
    get, path = "/api/v1/workflows/{id}/timers", tag = "workflows", operation_id = "readWorkflowTimers",
    params(("id" = Uuid, Path, description = "The workflow")),
    responses((status = 200, description = "The next one first", body = TimersView), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_timers(
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let (flow, _) = Box::pin(caller.see(id)).await?;
    caller.looked(&flow).await?;
    let timers = engine::timers(&flow.instance);
    let items = timers.iter().map(TimerView::from).collect();
    Ok(HttpResponse::Ok().json(TimersView { items }))
}

/// Somebody takes no step in it any more: Befangenheit, §§ 20 and 21 `VwVfG`.
#[utoipa::path(
    post, path = "/api/v1/workflows/{id}/exclude", tag = "workflows", operation_id = "excludeFromWorkflow",
    params(("id" = Uuid, Path, description = "The workflow"), IdempotencyParam, MaybeIfMatchParam),
    request_body = WorkflowExclusion,
    responses((status = 200, description = "Excluded; durable", body = FlowView, headers(
        ("ETag" = String, description = "The version of the workflow"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_exclude(
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(body): Json<WorkflowExclusion>,
) -> Result<HttpResponse, Problem> {
    let asked = body.asked()?;
    caller.ask(id, &body, asked).await
}

/// Begins a side way (Nebenweg): steps of the definition that run beside what is open, an interim reply for instance.
///
/// Once at a time, by whom the definition names, beside the states that it names.
#[utoipa::path(
    post, path = "/api/v1/workflows/{id}/beside", tag = "workflows", operation_id = "beginSideWay",
    params(("id" = Uuid, Path, description = "The workflow"), IdempotencyParam, MaybeIfMatchParam),
    request_body = WorkflowBeside,
    responses((status = 200, description = "Begun; durable", body = FlowView, headers(
        ("ETag" = String, description = "The version of the workflow"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_beside(
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(body): Json<WorkflowBeside>,
) -> Result<HttpResponse, Problem> {
    let asked = body.asked()?;
    caller.ask(id, &body, asked).await
}

/// Announces that your next version of a document changes no meaning: the final signer only. Marks stay in force.
#[utoipa::path(
    post, path = "/api/v1/workflows/{id}/editorial", tag = "workflows", operation_id = "announceEditorialChange",
    params(("id" = Uuid, Path, description = "The workflow"), IdempotencyParam, MaybeIfMatchParam),
    request_body = WorkflowEditorial,
    responses((status = 200, description = "Announced; durable", body = FlowView, headers(
        ("ETag" = String, description = "The version of the workflow"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_editorial(
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(body): Json<WorkflowEditorial>,
) -> Result<HttpResponse, Problem> {
    let asked = body.asked();
    caller.ask(id, &body, asked).await
}

/// Breaks a workflow off, with a reason.
#[utoipa::path(
    post, path = "/api/v1/workflows/{id}/cancel", tag = "workflows", operation_id = "cancelWorkflow",
    params(("id" = Uuid, Path, description = "The workflow"), IdempotencyParam, MaybeIfMatchParam),
    request_body = Because,
    responses((status = 200, description = "Broken off; durable", body = FlowView, headers(
        ("ETag" = String, description = "The version of the workflow"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_cancel(
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(body): Json<Because>,
) -> Result<HttpResponse, Problem> {
    let reason = body.read()?;
    let asked = Asked::Plain(Command::Cancel { reason });
    caller.ask(id, &body, asked).await
}

/// Something happened outside for which a step waits: a payment, for instance. By an application of the house.
#[utoipa::path(
    post, path = "/api/v1/workflows/{id}/events", tag = "workflows", operation_id = "tellWorkflowEvent",
    params(("id" = Uuid, Path, description = "The workflow"), IdempotencyParam, MaybeIfMatchParam),
    request_body = WorkflowHappening,
    responses((status = 200, description = "Noted; durable", body = FlowView, headers(
        ("ETag" = String, description = "The version of the workflow"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_event(
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(body): Json<WorkflowHappening>,
) -> Result<HttpResponse, Problem> {
    let asked = body.asked()?;
    caller.ask(id, &body, asked).await
}

/// Lets a workflow go on by another version of its definition, with a reason.
#[utoipa::path(
    post, path = "/api/v1/workflows/{id}/migrate", tag = "workflows", operation_id = "migrateWorkflow",
    params(("id" = Uuid, Path, description = "The workflow"), IdempotencyParam, MaybeIfMatchParam),
    request_body = WorkflowMigration,
    responses((status = 200, description = "Goes on; durable", body = FlowView, headers(
        ("ETag" = String, description = "The version of the workflow"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_migrate(
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(body): Json<WorkflowMigration>,
) -> Result<HttpResponse, Problem> {
    let to = body.migration()?;
    caller
        .act(
            id,
            &body,
            async move |unit: &mut Unit, rules: Rules, meant: (WorkflowId, Option<u64>)| {
                Box::pin(beginning::migrate(unit, &rules, meant, to)).await
            },
        )
        .await
}

/// The part of the contract that workflows bring.
#[derive(Debug, OpenApi)]
#[openapi(
    paths(
        definition_http::get_definitions,
        definition_http::post_definition,
        definition_http::get_schema,
        definition_http::get_definition,
        definition_http::get_source,
        definition_http::get_diagram,
        definition_http::get_text,
        definition_http::post_approve,
        definition_http::post_retire,
        post_workflow,
        get_workflows,
        get_workflow,
        get_history,
        get_timers,
        post_exclude,
        post_beside,
        post_editorial,
        post_cancel,
        post_event,
        post_migrate,
        step_http::post_claim,
        step_http::post_release,
        step_http::post_complete,
        step_http::post_return,
        step_http::post_skip,
        step_http::post_delegate,
        step_http::post_insert,
        step_http::post_withdraw,
        step_http::post_hold,
        step_http::post_resume,
        step_http::post_extend,
        limit_http::get_limits,
        limit_http::post_limit,
        limit_http::post_approve,
        limit_http::post_end
    ),
    components(schemas(WorkflowValue))
)]
pub struct ApiDoc;

/// The routes of workflows.
pub fn routes(config: &mut web::ServiceConfig) {
    let to = |path: &str| web::resource(format!("/api/v1{path}"));
    config
        .service(to("/workflows").get(get_workflows).post(post_workflow))
        .service(to("/workflows/{id}").get(get_workflow))
        .service(to("/workflows/{id}/history").get(get_history))
        .service(to("/workflows/{id}/timers").get(get_timers))
        .service(to("/workflows/{id}/exclude").post(post_exclude))
        .service(to("/workflows/{id}/beside").post(post_beside))
        .service(to("/workflows/{id}/editorial").post(post_editorial))
        .service(to("/workflows/{id}/cancel").post(post_cancel))
        .service(to("/workflows/{id}/events").post(post_event))
        .service(to("/workflows/{id}/migrate").post(post_migrate))
        .configure(step_http::routes)
        .configure(definition_http::routes)
        .configure(limit_http::routes);
}
