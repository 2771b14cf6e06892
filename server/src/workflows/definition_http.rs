//! Definitions over HTTP: what there is, what it says, and who proposed and approved it.

use actix_web::web::{self, Data};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, http::header};
use bytes::Bytes;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use workflow::definition::{DEFINITION_BYTES_MAX, line_naming};
use workflow::{draw, tell};

use super::caller::Caller;
use super::catalog::{Listed, Rules};
use super::definition_wire::{DefinitionView, ListView, line_of};
use super::definitions::{self, Looked};
use super::model::{Kept, WorkflowError};
use super::requests::Because;
use super::values::Names;
use crate::base::db::DbError;
use crate::departments::{self, SignedIn, functions};
use crate::forms::Forms;
use crate::http::edge::CSP_CONTENT;
use crate::http::extract::{Json, Path, Query, body_within, json_of};
use crate::http::openapi::{
    CreateProblems, FlowProblems, IdempotencyParam, ListProblems, ReadProblems,
};
use crate::http::{Fault, Kind, Problem, text};
use crate::replay::Answer;
use crate::unit::{Db, Unit};

/// Everybody who proposed, approved or retired.
async fn names(on: &impl ConnectionTrait, all: &[Listed]) -> Result<Names, DbError> {
    let mut ids = Vec::new();
    for listed in all {
        if let Listed::Kept(kept) = listed {
            let steps = [Some(kept.proposed), kept.first, kept.second, kept.retired];
            ids.extend(steps.into_iter().flatten().map(|step| step.by));
        }
    }
    ids.sort_unstable();
    ids.dedup();
    departments::named(on, &ids).await
}

async fn view(
    on: &impl ConnectionTrait,
    rules: &Rules,
    listed: Listed,
) -> Result<DefinitionView, WorkflowError> {
    let definition = rules.read(listed.source())?;
    let all = [listed];
    let names = names(on, &all).await?;
    let [listed] = all;
    Ok(DefinitionView::of(&listed, &definition, &names))
}

async fn answer(
    on: &impl ConnectionTrait,
    rules: &Rules,
    (kept, status): (Kept, u16),
) -> Result<Answer, WorkflowError> {
    let place = format!("/api/v1/workflow-definitions/{}", kept.code);
    let view = view(on, rules, Listed::Kept(Box::new(kept))).await?;
    let mut answer = Answer::created(&view)?;
    if status == 201 {
        answer = answer.with_header("location", place);
    }
    answer.status = status;
    Ok(answer)
}

/// All definitions, by short name, the newest version first.
#[utoipa::path(
    get, path = "/api/v1/workflow-definitions", tag = "workflows", operation_id = "listWorkflowDefinitions",
    responses((status = 200, description = "All of them", body = ListView), ListProblems),
    security(("token" = []))
)]
pub(super) async fn get_definitions(
    db: Data<Db>,
    rules: Data<Rules>,
    SignedIn(_actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let all = rules.list(db.read(), None).await?;
    let names = names(db.read(), &all).await?;
    let mut items = Vec::with_capacity(all.len());
    for listed in &all {
        let definition = rules.read(listed.source())?;
        items.push(line_of(listed, &definition, &names));
    }
    Ok(HttpResponse::Ok().json(ListView { items }))
}

/// Which version of a definition is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct DefinitionQuery {
    /// The version; the newest that holds, if nothing is said.
    #[param(nullable = false, minimum = 1)]
    version: Option<u32>,
}

/// Which picture of a definition is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct DiagramQuery {
    /// The version; the newest that holds, if nothing is said.
    #[param(nullable = false, minimum = 1)]
    version: Option<u32>,
    /// `svg`, or `bpmn` for BPMN 2.0 as XML; `svg`, if nothing is said.
    #[param(nullable = false, example = "svg")]
    format: Option<String>,
}

async fn found(
    db: &Db,
    rules: &Rules,
    wanted: (&str, Option<u32>),
) -> Result<Listed, WorkflowError> {
    let found = rules.find(db.read(), wanted).await?;
    found.ok_or(WorkflowError::NotFound)
}

/// A definition with its fields, states and steps.
#[utoipa::path(
    get, path = "/api/v1/workflow-definitions/{id}", tag = "workflows", operation_id = "readWorkflowDefinition",
    params(("id" = String, Path, description = "Its short name"), DefinitionQuery),
    responses((status = 200, description = "The definition", body = DefinitionView), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_definition(
    db: Data<Db>,
    rules: Data<Rules>,
    SignedIn(_actor): SignedIn,
    Path(id): Path<String>,
    Query(query): Query<DefinitionQuery>,
) -> Result<HttpResponse, Problem> {
    let listed = found(&db, &rules, (&id, query.version)).await?;
    let view = view(db.read(), &rules, listed).await?;
    Ok(HttpResponse::Ok().json(view))
}

/// The source of a definition: TOML, to the byte as it was proposed.
#[utoipa::path(
    get, path = "/api/v1/workflow-definitions/{id}/source", tag = "workflows",
    operation_id = "readWorkflowDefinitionSource",
    params(("id" = String, Path, description = "Its short name"), DefinitionQuery),
    responses((status = 200, description = "TOML", body = String, content_type = "text/plain"), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_source(
    db: Data<Db>,
    rules: Data<Rules>,
    SignedIn(_actor): SignedIn,
    Path(id): Path<String>,
    Query(query): Query<DefinitionQuery>,
) -> Result<HttpResponse, Problem> {
    let listed = found(&db, &rules, (&id, query.version)).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body(listed.source().to_vec()))
}

/// A picture of a definition: SVG, or BPMN 2.0 for documentation.
#[utoipa::path(
    get, path = "/api/v1/workflow-definitions/{id}/diagram", tag = "workflows",
    operation_id = "drawWorkflowDefinition",
    params(("id" = String, Path, description = "Its short name"), DiagramQuery),
    responses((status = 200, description = "The picture", content(
        (String = "image/svg+xml"),
        (String = "application/xml"))),
        ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_diagram(
    db: Data<Db>,
    rules: Data<Rules>,
    SignedIn(_actor): SignedIn,
    Path(id): Path<String>,
    Query(query): Query<DiagramQuery>,
) -> Result<HttpResponse, Problem> {
    let listed = found(&db, &rules, (&id, query.version)).await?;
    let definition = rules.read(listed.source())?;
    let (media_type, body) = match query.format.as_deref() {
        None | Some("svg") => ("image/svg+xml", draw::svg(&definition)),
        Some("bpmn") => ("application/xml", draw::bpmn(&definition)),
        Some(_) => {
            let allowed = vec!["svg".to_owned(), "bpmn".to_owned()];
            let problem = Problem::new(Kind::QueryInvalid);
            return Err(problem.parameter("format", Fault::NotOneOf { allowed }));
        }
    };
    Ok(HttpResponse::Ok()
        .content_type(media_type)
        .insert_header((header::CONTENT_SECURITY_POLICY, CSP_CONTENT))
        .body(body))
}

/// What functions and departments of the house are called.
struct HouseNames {
    functions: Vec<functions::Function>,
    departments: Vec<departments::Department>,
}

impl tell::Names for HouseNames {
    fn account(&self, _id: &workflow::instance::Id) -> Option<String> {
        None
    }

    fn function(&self, code: &str) -> Option<String> {
        let found = self.functions.iter().find(|one| one.code == code);
        found.map(|one| one.name.clone())
    }

    fn department(&self, slug: &str) -> Option<String> {
        let found = self.departments.iter().find(|one| one.slug == slug);
        found.map(|one| one.name.clone())
    }

    fn document(&self, _id: &workflow::instance::Id) -> Option<String> {
        None
    }
}

/// A definition in plain German, for the description of procedures (Verfahrensdokumentation): Markdown.
#[utoipa::path(
    get, path = "/api/v1/workflow-definitions/{id}/text", tag = "workflows",
    operation_id = "describeWorkflowDefinition",
    params(("id" = String, Path, description = "Its short name"), DefinitionQuery),
    responses((status = 200, description = "Markdown", body = String, content_type = "text/markdown"), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_text(
    db: Data<Db>,
    rules: Data<Rules>,
    SignedIn(_actor): SignedIn,
    Path(id): Path<String>,
    Query(query): Query<DefinitionQuery>,
) -> Result<HttpResponse, Problem> {
    let listed = found(&db, &rules, (&id, query.version)).await?;
    let definition = rules.read(listed.source())?;
    let names = HouseNames {
        functions: functions::all(db.read()).await?,
        departments: departments::departments(db.read()).await?,
    };
    Ok(HttpResponse::Ok()
        .content_type("text/markdown; charset=utf-8")
        .body(tell::text(&definition, &names)))
}

/// The JSON Schema of definitions, for editors.
#[utoipa::path(
    get, path = "/api/v1/workflow-definitions/schema", tag = "workflows",
    operation_id = "readWorkflowDefinitionSchema",
    responses((status = 200, description = "JSON Schema", body = Object,
        content_type = "application/schema+json"), ListProblems),
    security(("token" = []))
)]
pub(super) async fn get_schema(SignedIn(_actor): SignedIn) -> Result<HttpResponse, Problem> {
    let schema = workflow::definition::json_schema().to_string();
    Ok(HttpResponse::Ok()
        .content_type("application/schema+json")
        .body(schema))
}

/// A definition that is proposed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WorkflowDefinitionRequest)]
pub(super) struct DefinitionRequest {
    /// Its TOML.
    source: String,
}

/// Whether a definition is only looked at.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct ProposalQuery {
    /// It is only checked: 422 names each complaint with its line and what to do.
    #[param(nullable = false)]
    check: Option<bool>,
}

/// The source in a request: TOML as it is, or within JSON.
fn source_of(request: &HttpRequest, body: &Bytes) -> Result<Vec<u8>, Problem> {
    if request.content_type() == "text/plain" {
        return Ok(body.to_vec());
    }
    let said: DefinitionRequest = json_of(body, "")?;
    Ok(said.source.into_bytes())
}

/// A form cannot be made, for what it must have is not known then.
fn lacking(source: &[u8], form: &str, key: &str) -> Fault {
    let line = line_naming(source, form);
    let place = |word: &str| line.map_or_else(String::new, |line| format!("{word} {line}: "));
    let (zeile, line) = (place("Zeile"), place("Line"));
    let code = "form-field";
    let detail = text(
        format!(
            "{zeile}Das Formular „{form}“ verlangt „{key}“, das ist hier nicht bekannt, wenn es entsteht. Bitte ein Feld \
             mit diesem Kürzel anlegen, das beim Beginn feststeht oder in einem Schritt davor gefragt wird."
        ),
        format!(
            "{line}The form “{form}” wants “{key}”, which is not known when it is made. Add a field of that key that is \
             known from the beginning, or asked by a step before."
        ),
    );
    Fault::Rule { code, detail }
}

/// Refuses a definition that names what there is not: where it does, and what to do.
fn whole(looked: &Looked, source: &[u8]) -> Result<(), Problem> {
    let problem = looked
        .missing
        .iter()
        .fold(Problem::new(Kind::Validation), |problem, one| {
            let name = &one.name;
            if let Some((form, key)) = name.split_once('.').filter(|_| one.what == "form field") {
                return problem.field("/source", lacking(source, form, key));
            }
            let (german, code) = match one.what {
                "function" => ("die Funktion", "no-function"),
                "form" => ("das Formular", "no-form"),
                "department" => ("die Organisationseinheit", "no-department"),
                "plan unit" => ("die Aktenplaneinheit", "no-plan-unit"),
                _ => ("die Abschottung", "no-compartment"),
            };
            let line = line_naming(source, name);
            let place = |word: &str| line.map_or_else(String::new, |line| format!("{word} {line}: "));
            let (zeile, line) = (place("Zeile"), place("Line"));
            let detail = text(
                format!("{zeile}In diesem Haus gibt es {german} „{name}“ nicht. Bitte anlegen oder anders benennen."),
                format!("{line}There is no {} “{name}” in this house. Make it, or name another.", one.what),
            );
            problem.field("/source", Fault::Rule { code, detail })
        });
    if problem.faults() == 0 {
        Ok(())
    } else {
        Err(problem)
    }
}

/// Proposes a definition, or a new version of one: TOML as `text/plain`, or within JSON. It holds when two others have
/// approved it.
///
/// It is checked whole: 422 names each complaint with its line and what to do.
#[utoipa::path(
    post, path = "/api/v1/workflow-definitions", tag = "workflows", operation_id = "proposeWorkflowDefinition",
    params(ProposalQuery, IdempotencyParam),
    request_body(content(
        (DefinitionRequest = "application/json"),
        (String = "text/plain"))),
    responses((status = 201, description = "Proposed; durable", body = DefinitionView, headers(
        ("Location" = String, description = "The definition"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        (status = 204, description = "Checked, and nothing is wrong with it"), CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_definition(
    caller: Caller,
    forms: Data<Forms>,
    Query(query): Query<ProposalQuery>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    if !definitions::may_rule(&caller.actor) {
        return Err(WorkflowError::Forbidden.into());
    }
    // Within JSON a line end is two bytes, and a quote too.
    let most = usize::try_from(DEFINITION_BYTES_MAX).unwrap_or(usize::MAX);
    let body = body_within(
        &caller.request,
        payload.into_inner(),
        most.saturating_mul(2),
    )
    .await?;
    let source = source_of(&caller.request, &body)?;
    let (db, rules) = (caller.db.clone(), caller.rules.clone());
    let looked = definitions::look(db.read(), (&rules, &forms, db.now()), &source).await?;
    whole(&looked, &source)?;
    if query.check == Some(true) {
        return Ok(HttpResponse::NoContent().finish());
    }
    let once = caller.once(&hex::encode(looked.definition.sha256))?;
    once.run(&db, &caller.actor, async move |unit: &mut Unit| {
        let definition = &looked.definition;
        let kept = definitions::propose(unit, &rules, (definition, source)).await?;
        answer(unit.tx(), &rules, (kept, 201)).await
    })
    .await
}

/// Approves a version: somebody who neither proposed it nor approved it already. The second makes it hold.
#[utoipa::path(
    post, path = "/api/v1/workflow-definitions/{id}/versions/{version}/approve", tag = "workflows",
    operation_id = "approveWorkflowDefinition",
    params(("id" = String, Path, description = "Its short name"), ("version" = u32, Path, description = "Its version"),
        IdempotencyParam),
    responses((status = 200, description = "Approved; durable", body = DefinitionView,
        headers(("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_approve(
    caller: Caller,
    Path((id, version)): Path<(String, u32)>,
) -> Result<HttpResponse, Problem> {
    let (once, rules) = (caller.once(&())?, caller.rules.clone());
    once.run(&caller.db, &caller.actor, async move |unit: &mut Unit| {
        let kept = definitions::approve(unit, (&id, version)).await?;
        answer(unit.tx(), &rules, (kept, 200)).await
    })
    .await
}

/// Retires a version, or turns it down, with a reason: nothing begins by it any more; what runs goes on.
#[utoipa::path(
    post, path = "/api/v1/workflow-definitions/{id}/versions/{version}/retire", tag = "workflows",
    operation_id = "retireWorkflowDefinition",
    params(("id" = String, Path, description = "Its short name"), ("version" = u32, Path, description = "Its version"),
        IdempotencyParam),
    request_body = Because,
    responses((status = 200, description = "Retired; durable", body = DefinitionView,
        headers(("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FlowProblems),
    security(("token" = []))
)]
pub(super) async fn post_retire(
    caller: Caller,
    Path((id, version)): Path<(String, u32)>,
    Json(body): Json<Because>,
) -> Result<HttpResponse, Problem> {
    let reason = body.read()?;
    let (once, rules) = (caller.once(&body)?, caller.rules.clone());
    once.run(&caller.db, &caller.actor, async move |unit: &mut Unit| {
        let kept = definitions::retire(unit, &rules, (&id, version), reason).await?;
        answer(unit.tx(), &rules, (kept, 200)).await
    })
    .await
}

/// The routes of definitions.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    let to = |path: &str| web::resource(format!("/api/v1/workflow-definitions{path}"));
    config
        .service(to("").get(get_definitions).post(post_definition))
        // Before the short names.
        .service(to("/schema").get(get_schema))
        .service(to("/{id}").get(get_definition))
        .service(to("/{id}/source").get(get_source))
        .service(to("/{id}/diagram").get(get_diagram))
        .service(to("/{id}/text").get(get_text))
        .service(to("/{id}/versions/{version}/approve").post(post_approve))
        .service(to("/{id}/versions/{version}/retire").post(post_retire));
}
