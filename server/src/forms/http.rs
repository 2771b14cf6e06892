//! Forms over HTTP: parse, call, render.

use std::sync::Arc;

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, http::header};
use paper::forms::{Language as Words, Rendered};
use storage::Storage;
use utoipa::OpenApi;
use uuid::Uuid;

use super::catalog::{Form, Forms};
use super::model::{FormsError, given, letterhead};
use super::ops::{self, Around};
use super::wire::{self, FormFill, FormQuery, FormValue, FormView, LineView, ListView};
use crate::audit::event::Look;
use crate::base::{
    Actor, CaseId, CivilDate, CorrespondentId, DepartmentId, Place, Right, Tasks, Timestamp,
};
use crate::cases::{self, Case, CaseError, Filed, Life};
use crate::correspondents::Correspondent;
use crate::departments::{self, Department, SignedIn};
use crate::documents::{self, Direction, DocumentView, Made, Metadata};
use crate::http::edge::CSP_CONTENT;
use crate::http::extract::{Json, MaybeKey, Path, Query};
use crate::http::name::{Disposition, FileName};
use crate::http::openapi::{FormProblems, IdempotencyParam, ListProblems, ReadProblems};
use crate::http::{Fault, Kind, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::replay::Once;
use crate::types::Values;
use crate::unit::{Db, Unit};

impl From<FormsError> for Problem {
    fn from(error: FormsError) -> Self {
        match error {
            FormsError::NotFound => Self::new(Kind::NotFound),
            FormsError::Refused(all) => wire::refused(all),
            FormsError::Changed { .. } => Self::new(Kind::Conflict)
                .detail(text(
                    "Diese Fassung des Formulars wurde geändert, nachdem Dokumente aus ihr entstanden waren. \
                     Bitte die Administration verständigen.",
                    "This version of the form was changed after documents had been made of it. Please tell \
                     the administrators.",
                ))
                .source(error),
            FormsError::Case(CaseError::NotFound) => {
                Self::new(Kind::Validation).field("/case", Fault::NotFound)
            }
            FormsError::Case(error) => error.into(),
            FormsError::Document(error) => error.into(),
            FormsError::Db(error) => error.into(),
            error @ (FormsError::Unreadable { .. }
            | FormsError::Wrong { .. }
            | FormsError::TooMany { .. }
            | FormsError::Twice { .. }
            | FormsError::Paper(_)) => Self::internal(error),
        }
    }
}

/// All forms: the newest version of each.
#[utoipa::path(
    get, path = "/api/v1/forms", tag = "forms", operation_id = "listForms",
    responses((status = 200, description = "All of them, by id", body = ListView), ListProblems),
    security(("token" = []))
)]
pub(super) async fn get_forms(
    forms: Data<Forms>,
    SignedIn(_actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let newest = forms.newest().into_iter();
    let items = newest.map(|form| {
        let versions = forms.versions(&form.template.id);
        LineView::of(&form.template, versions)
    });
    let items = items.collect();
    Ok(HttpResponse::Ok().json(ListView { items }))
}

/// A form with all that is asked: enough to build an input for it.
#[utoipa::path(
    get, path = "/api/v1/forms/{id}", tag = "forms", operation_id = "readForm",
    params(("id" = String, Path, description = "The form"), FormQuery),
    responses((status = 200, description = "The form", body = FormView), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_form(
    forms: Data<Forms>,
    SignedIn(_actor): SignedIn,
    Path(id): Path<String>,
    Query(query): Query<FormQuery>,
) -> Result<HttpResponse, Problem> {
    let form = forms.find(&id, query.version)?;
    let view = FormView::of(&form, forms.versions(&id));
    Ok(HttpResponse::Ok().json(view))
}

/// What is needed to fill in a form.
struct Desk<'a> {
    db: &'a Db,
    looks: &'a Looks,
    forms: &'a Forms,
    actor: &'a Actor,
}

/// A form that is filled in and made, with all that belongs to it.
struct Written {
    form: Arc<Form>,
    /// What binds to what was said.
    values_sha256: String,
    rendered: Rendered,
    language: Words,
    title: String,
    department: DepartmentId,
    case: Option<Case>,
    party: Option<Correspondent>,
    departments: Vec<Department>,
    now: Timestamp,
}

impl Desk<'_> {
    /// The case that is named, where the actor sees it and files in it; an attempt at another one is recorded.
    async fn case(&self, wanted: Option<Uuid>) -> Result<Option<Filed>, Problem> {
        let Some(id) = wanted.map(CaseId::of) else {
            return Ok(None);
        };
        let case = match cases::read(self.db.read(), self.actor, id).await {
            Ok(case) => case,
            Err(error) => {
                if matches!(error, CaseError::NotFound) {
                    let looked = Looked::of(Look::Refused, self.actor).at(id.raw());
                    self.looks.note(looked).await?;
                }
                return Err(FormsError::Case(error).into());
            }
        };
        if !self.actor.may(Right::Receive, case.place()) {
            return Err(FormsError::Case(CaseError::Forbidden).into());
        }
        // Asked again when it is filed: until then nothing is made in vain.
        if matches!(case.life, Life::Closed(_)) {
            return Err(FormsError::Case(CaseError::Closed).into());
        }
        let looked = Looked::of(Look::ReadCase, self.actor)
            .at(id.raw())
            .within(case.department);
        self.looks.note(looked).await?;
        let filed = ops::filed(self.db.read(), &case).await?;
        // What was meant for a case is not filed outside of it because that went meanwhile.
        let filed = filed.ok_or(FormsError::Case(CaseError::NotFound))?;
        Ok(Some(filed))
    }

    /// The department that is meant, where the actor makes drafts in it.
    fn department(&self, body: &FormFill, all: &[Department]) -> Result<DepartmentId, Problem> {
        let wanted = body.department.as_deref();
        let department = documents::department_of(self.actor, wanted, all)?;
        let place = Place::settled(department, None);
        if self.actor.may(Right::Receive, place) {
            return Ok(department);
        }
        Err(Problem::new(Kind::Forbidden).detail(text(
            "In dieser Abteilung dürfen Sie nichts entwerfen.",
            "You may draft nothing in this department.",
        )))
    }

    async fn write(&self, id: &str, body: &FormFill) -> Result<Written, Problem> {
        let form = self.forms.find(id, body.version)?;
        let (language, title) = body.read()?;
        let (db, actor) = (self.db, self.actor);
        let all = departments::departments(db.read()).await?;
        documents::may_file(actor, &all)?;
        let filed = self.case(body.case).await?;
        let department = match &filed {
            Some(filed) => filed.case.department,
            None => self.department(body, &all)?,
        };
        let office = all.iter().find(|one| one.id == department);
        let office = office.ok_or_else(|| Problem::new(Kind::Conflict))?;
        let named = body.correspondent_id.map(CorrespondentId::of);
        let party = ops::party(db.read(), actor, (named, filed.as_ref())).await?;
        if named.is_some() && party.is_none() {
            let problem = Problem::new(Kind::Validation);
            return Err(problem.field("/correspondent_id", Fault::NotFound));
        }
        let around = Around {
            department: office,
            filed: filed.as_ref(),
            party: party.as_ref(),
            now: db.now(),
        };
        let found = ops::found(db.read(), actor, &form, &around).await?;
        let filled = form.template.fill(&given(&body.values), &found);
        let filled = filled.map_err(FormsError::Refused)?;
        let reference = filed.as_ref().map(|filed| filed.case.reference.clone());
        let now = around.now;
        let mut head = letterhead(&self.forms.town, office.name.clone(), reference, now);
        let commitment = ops::commit(&filled)?;
        head.salt = Some(commitment.salt);
        // A form takes some milliseconds, a long one more, and others are served by this thread.
        let making = Arc::clone(&form);
        let rendered =
            web::block(move || paper::forms::render(&making.template, &filled, &head, language));
        let rendered = rendered.await.map_err(Problem::internal)?;
        let rendered = rendered.map_err(FormsError::Paper)?;
        Ok(Written {
            title: title.unwrap_or_else(|| form.template.title.of(language).to_owned()),
            form,
            values_sha256: commitment.sha256,
            rendered,
            language,
            department,
            case: filed.map(|filed| filed.case),
            party,
            departments: all,
            now,
        })
    }
}

impl Written {
    fn file_name(&self) -> String {
        format!("{}.pdf", self.form.template.id)
    }

    fn metadata(&self) -> Metadata {
        let party = self.party.as_ref();
        Metadata {
            title: self.title.clone(),
            kind: Some(self.form.template.document_type.clone()),
            direction: Direction::Internal,
            channel: None,
            correspondent: party.map(|party| party.details.name.clone()),
            correspondent_id: party.map(|party| party.id),
            document_date: CivilDate::on(self.now),
            received_at: self.now,
            references: Vec::new(),
            tags: Vec::new(),
            fields: Values::new(),
        }
    }
}

/// Fills in a form and files it as a draft: PDF/A-2a with a structure for whoever cannot see it.
///
/// What is said is checked all at once: 422 names each field by a pointer, `/values/…`. What a field takes from
/// the case, from who stands on the other side or from the day need not be said. Where it is signed stands in
/// `form.signatures` of the document.
#[utoipa::path(
    post, path = "/api/v1/forms/{id}/documents", tag = "forms", operation_id = "fillForm",
    params(("id" = String, Path, description = "The form"), IdempotencyParam),
    request_body = FormFill,
    responses((status = 201, description = "Filed; durable", body = DocumentView, headers(
        ("Location" = String, description = "The document"),
        ("ETag" = String, description = "Its version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        FormProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what filing needs of its request"
)]
pub(super) async fn post_document(
    request: HttpRequest,
    db: Data<Db>,
    storage: Data<Storage>,
    looks: Data<Looks>,
    tasks: Data<Tasks>,
    forms: Data<Forms>,
    SignedIn(actor): SignedIn,
    Path(id): Path<String>,
    MaybeKey(key): MaybeKey,
    Json(body): Json<FormFill>,
) -> Result<HttpResponse, Problem> {
    let once = Once::action(&actor, key, &request, &body)?;
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let desk = Desk {
        db: &db,
        looks: &looks,
        forms: &forms,
        actor: &actor,
    };
    let written = Box::pin(desk.write(&id, &body)).await?;
    let metadata = written.metadata();
    documents::may_say(db.read(), &actor, &metadata).await?;
    let described = ops::described(
        &written.form,
        &written.rendered,
        (written.language, written.values_sha256.clone()),
    );
    let file_name = written.file_name();
    let case = written.case.as_ref().map(|case| case.id);
    let (all, form) = (written.departments, written.form);
    let content = documents::store_form(
        (&db, &storage, &tasks),
        (&actor, case),
        written.rendered.pdf,
        file_name,
    );
    let made = Made {
        department: written.department,
        case,
        metadata,
        content: content.await?,
        form: described,
        pages: u64::try_from(written.rendered.pages).unwrap_or(u64::MAX),
    };
    once.run(&db, &actor, async move |unit: &mut Unit| {
        ops::file(unit, &form, made, &all).await
    })
    .await
}

/// Fills in a form and shows it. Nothing is filed.
#[utoipa::path(
    post, path = "/api/v1/forms/{id}/preview", tag = "forms", operation_id = "previewForm",
    params(("id" = String, Path, description = "The form")),
    request_body = FormFill,
    responses((status = 200, description = "The form", body = Vec<u8>, content_type = "application/pdf",
        headers(("Content-Disposition" = String, description = "The file name (RFC 6266)"))),
        FormProblems),
    security(("token" = []))
)]
pub(super) async fn post_preview(
    db: Data<Db>,
    looks: Data<Looks>,
    forms: Data<Forms>,
    SignedIn(actor): SignedIn,
    Path(id): Path<String>,
    Json(body): Json<FormFill>,
) -> Result<HttpResponse, Problem> {
    let desk = Desk {
        db: &db,
        looks: &looks,
        forms: &forms,
        actor: &actor,
    };
    let written = Box::pin(desk.write(&id, &body)).await?;
    let name = FileName::clean(&written.file_name());
    let shown = name.map(|name| name.disposition(Disposition::Inline));
    let shown = shown.unwrap_or_else(|| "inline".to_owned());
    Ok(HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header((header::CONTENT_DISPOSITION, shown))
        .insert_header((header::CONTENT_SECURITY_POLICY, CSP_CONTENT))
        .body(written.rendered.pdf))
}

/// The part of the contract that forms bring.
#[derive(Debug, OpenApi)]
#[openapi(
    paths(get_forms, get_form, post_document, post_preview),
    components(schemas(FormValue))
)]
pub struct ApiDoc;

/// The routes of forms.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/api/v1/forms").get(get_forms))
        .service(web::resource("/api/v1/forms/{id}").get(get_form))
        .service(web::resource("/api/v1/forms/{id}/documents").post(post_document))
        .service(web::resource("/api/v1/forms/{id}/preview").post(post_preview));
}
