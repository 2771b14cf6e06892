//! Steps over HTTP: what is done with one.

use actix_web::HttpResponse;
use actix_web::web;
use uuid::Uuid;
use workflow::instance::Command;

use super::asking::Asked;
use super::caller::Caller;
use super::requests::{
    Because, StepCompletion, StepDelegation, StepExtension, StepHold, StepInsertion, StepReturn,
};
use super::wire::FlowView;
use crate::http::Problem;
use crate::http::extract::{Json, Path};
use crate::http::openapi::{FlowProblems, IdempotencyParam, MaybeIfMatchParam};

/// Takes a step upon yourself: others are told that it is taken. Whoever would not see the case reads it from now on, as long as the workflow runs.
#[utoipa::path(
    post, path = "/api/v1/workflows/{id}/steps/{number}/claim", tag = "workflows", operation_id = "claimStep",
    params(("id" = Uuid, Path, description = "The workflow"), ("number" = u32, Path, description = "The step"),
        IdempotencyParam, MaybeIfMatchParam),
    responses((status = 200, description = "Taken; durable", body = FlowView, headers(
        ("ETag" = String, description = "The version of the workflow"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_claim(
    caller: Caller,
    Path((id, step)): Path<(Uuid, u32)>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::Plain(Command::Claim { step });
    caller.ask(id, &(), asked).await
}

/// Gives a step back that you had taken.
#[utoipa::path(
    post, path = "/api/v1/workflows/{id}/steps/{number}/release", tag = "workflows", operation_id = "releaseStep",
    params(("id" = Uuid, Path, description = "The workflow"), ("number" = u32, Path, description = "The step"),
        IdempotencyParam, MaybeIfMatchParam),
    responses((status = 200, description = "Given back; durable", body = FlowView, headers(
        ("ETag" = String, description = "The version of the workflow"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_release(
    caller: Caller,
    Path((id, step)): Path<(Uuid, u32)>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::Plain(Command::Release { step });
    caller.ask(id, &(), asked).await
}

/// Does a step. Where it leaves a mark that is bound to a document, `seen` names the version that you have seen.
#[utoipa::path(
    post, path = "/api/v1/workflows/{id}/steps/{number}/complete", tag = "workflows", operation_id = "completeStep",
    params(("id" = Uuid, Path, description = "The workflow"), ("number" = u32, Path, description = "The step"),
        IdempotencyParam, MaybeIfMatchParam),
    request_body = StepCompletion,
    responses((status = 200, description = "Done; durable", body = FlowView, headers(
        ("ETag" = String, description = "The version of the workflow"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_complete(
    caller: Caller,
    Path((id, step)): Path<(Uuid, u32)>,
    Json(body): Json<StepCompletion>,
) -> Result<HttpResponse, Problem> {
    let asked = body.asked(step)?;
    caller.ask(id, &body, asked).await
}

/// Sends it back to an earlier state, with a reason.
#[utoipa::path(
    post, path = "/api/v1/workflows/{id}/steps/{number}/return", tag = "workflows", operation_id = "returnStep",
    params(("id" = Uuid, Path, description = "The workflow"), ("number" = u32, Path, description = "The step"),
        IdempotencyParam, MaybeIfMatchParam),
    request_body = StepReturn,
    responses((status = 200, description = "Sent back; durable", body = FlowView, headers(
        ("ETag" = String, description = "The version of the workflow"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_return(
    caller: Caller,
    Path((id, step)): Path<(Uuid, u32)>,
    Json(body): Json<StepReturn>,
) -> Result<HttpResponse, Problem> {
    let asked = body.asked(step)?;
    caller.ask(id, &body, asked).await
}

/// Skips a step, with a reason, where the definition says who may.
#[utoipa::path(
    post, path = "/api/v1/workflows/{id}/steps/{number}/skip", tag = "workflows", operation_id = "skipStep",
    params(("id" = Uuid, Path, description = "The workflow"), ("number" = u32, Path, description = "The step"),
        IdempotencyParam, MaybeIfMatchParam),
    request_body = Because,
    responses((status = 200, description = "Skipped; durable", body = FlowView, headers(
        ("ETag" = String, description = "The version of the workflow"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_skip(
    caller: Caller,
    Path((id, step)): Path<(Uuid, u32)>,
    Json(body): Json<Because>,
) -> Result<HttpResponse, Problem> {
    let reason = body.read()?;
    let asked = Asked::Plain(Command::Skip { step, reason });
    caller.ask(id, &body, asked).await
}

/// Gives a step to somebody else.
#[utoipa::path(
    post, path = "/api/v1/workflows/{id}/steps/{number}/delegate", tag = "workflows", operation_id = "delegateStep",
    params(("id" = Uuid, Path, description = "The workflow"), ("number" = u32, Path, description = "The step"),
        IdempotencyParam, MaybeIfMatchParam),
    request_body = StepDelegation,
    responses((status = 200, description = "Given; durable", body = FlowView, headers(
        ("ETag" = String, description = "The version of the workflow"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_delegate(
    caller: Caller,
    Path((id, step)): Path<(Uuid, u32)>,
    Json(body): Json<StepDelegation>,
) -> Result<HttpResponse, Problem> {
    let asked = body.asked(step)?;
    caller.ask(id, &body, asked).await
}

/// Inserts steps before a step that you hold: consultations, statements, tasks.
#[utoipa::path(
    post, path = "/api/v1/workflows/{id}/steps/{number}/insert", tag = "workflows", operation_id = "insertSteps",
    params(("id" = Uuid, Path, description = "The workflow"), ("number" = u32, Path, description = "The step"),
        IdempotencyParam, MaybeIfMatchParam),
    request_body = StepInsertion,
    responses((status = 200, description = "Inserted; durable", body = FlowView, headers(
        ("ETag" = String, description = "The version of the workflow"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_insert(
    caller: Caller,
    Path((id, step)): Path<(Uuid, u32)>,
    Json(body): Json<StepInsertion>,
) -> Result<HttpResponse, Problem> {
    let asked = body.asked(step)?;
    caller.ask(id, &body, asked).await
}

/// Takes an inserted step away that is not done.
#[utoipa::path(
    post, path = "/api/v1/workflows/{id}/steps/{number}/withdraw", tag = "workflows", operation_id = "withdrawStep",
    params(("id" = Uuid, Path, description = "The workflow"), ("number" = u32, Path, description = "The step"),
        IdempotencyParam, MaybeIfMatchParam),
    request_body = Because,
    responses((status = 200, description = "Taken away; durable", body = FlowView, headers(
        ("ETag" = String, description = "The version of the workflow"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_withdraw(
    caller: Caller,
    Path((id, step)): Path<(Uuid, u32)>,
    Json(body): Json<Because>,
) -> Result<HttpResponse, Problem> {
    let reason = body.read()?;
    let asked = Asked::Plain(Command::Withdraw { step, reason });
    caller.ask(id, &body, asked).await
}

/// Lets a step rest until a day (Wiedervorlage).
#[utoipa::path(
    post, path = "/api/v1/workflows/{id}/steps/{number}/hold", tag = "workflows", operation_id = "holdStep",
    params(("id" = Uuid, Path, description = "The workflow"), ("number" = u32, Path, description = "The step"),
        IdempotencyParam, MaybeIfMatchParam),
    request_body = StepHold,
    responses((status = 200, description = "It rests; durable", body = FlowView, headers(
        ("ETag" = String, description = "The version of the workflow"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_hold(
    caller: Caller,
    Path((id, step)): Path<(Uuid, u32)>,
    Json(body): Json<StepHold>,
) -> Result<HttpResponse, Problem> {
    let asked = body.asked(step)?;
    caller.ask(id, &body, asked).await
}

/// Lets a step rest no more.
#[utoipa::path(
    post, path = "/api/v1/workflows/{id}/steps/{number}/resume", tag = "workflows", operation_id = "resumeStep",
    params(("id" = Uuid, Path, description = "The workflow"), ("number" = u32, Path, description = "The step"),
        IdempotencyParam, MaybeIfMatchParam),
    responses((status = 200, description = "It rests no more; durable", body = FlowView, headers(
        ("ETag" = String, description = "The version of the workflow"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_resume(
    caller: Caller,
    Path((id, step)): Path<(Uuid, u32)>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::Plain(Command::Resume { step });
    caller.ask(id, &(), asked).await
}

/// Extends a deadline, also after it has passed (§ 31 VII `VwVfG`).
#[utoipa::path(
    post, path = "/api/v1/workflows/{id}/steps/{number}/extend", tag = "workflows", operation_id = "extendStep",
    params(("id" = Uuid, Path, description = "The workflow"), ("number" = u32, Path, description = "The step"),
        IdempotencyParam, MaybeIfMatchParam),
    request_body = StepExtension,
    responses((status = 200, description = "Extended; durable", body = FlowView, headers(
        ("ETag" = String, description = "The version of the workflow"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_extend(
    caller: Caller,
    Path((id, step)): Path<(Uuid, u32)>,
    Json(body): Json<StepExtension>,
) -> Result<HttpResponse, Problem> {
    let asked = body.asked(step)?;
    caller.ask(id, &body, asked).await
}

/// The routes of steps.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    let to =
        |what: &str| web::resource(format!("/api/v1/workflows/{{id}}/steps/{{number}}/{what}"));
    config
        .service(to("claim").post(post_claim))
        .service(to("release").post(post_release))
        .service(to("complete").post(post_complete))
        .service(to("return").post(post_return))
        .service(to("skip").post(post_skip))
        .service(to("delegate").post(post_delegate))
        .service(to("insert").post(post_insert))
        .service(to("withdraw").post(post_withdraw))
        .service(to("hold").post(post_hold))
        .service(to("resume").post(post_resume))
        .service(to("extend").post(post_extend));
}
