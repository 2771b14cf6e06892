//! Inspections over HTTP: parse, call, render.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, http::header};
use utoipa::OpenApi;
use uuid::Uuid;

use super::model::{Inspection, InspectionError};
use super::rows::{self, Filter, Which};
use super::wire::{InspectionFilter, InspectionPage, InspectionRequest, InspectionView};
use super::{emergencies, looks, ops};
use crate::audit::event::Look;
use crate::base::{Actor, InspectionId};
use crate::config::Rights;
use crate::departments::SignedIn;
use crate::http::extract::{Json, ListQuery, Path};
use crate::http::openapi::{CreateProblems, ListProblems, ReadProblems};
use crate::http::page::{Cursors, PageRequest, next_link, scope_of};
use crate::http::{Fault, Kind, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::replay::with_receipt;
use crate::unit::{Db, Unit, Written};

impl From<InspectionError> for Problem {
    #[expect(clippy::too_many_lines, reason = "one arm for each refusal")]
    fn from(error: InspectionError) -> Self {
        match error {
            InspectionError::NotFound => Self::new(Kind::NotFound),
            InspectionError::NoAccount => {
                Self::new(Kind::Validation).field("/account", Fault::NotFound)
            }
            InspectionError::NoObject => Self::new(Kind::Validation).field("", Fault::NotFound),
            InspectionError::Component => Self::new(Kind::Validation).field(
                "/document",
                Fault::Rule {
                    code: "component",
                    detail: text(
                        "Eine Anlage wird mit dem Dokument eingesehen, aus dem sie stammt.",
                        "A component is inspected with the document it was taken out of.",
                    ),
                },
            ),
            InspectionError::Forbidden => Self::new(Kind::Forbidden).detail(text(
                "Über diese Einsicht dürfen Sie nicht entscheiden.",
                "This inspection is not yours to decide on.",
            )),
            InspectionError::InAnothersStead => Self::new(Kind::Forbidden).detail(text(
                "Das geht nur im eigenen Namen, nicht in Vertretung und nicht für eine Funktion.",
                "This is done in one's own name, not as a deputy and not for a function.",
            )),
            InspectionError::NotTold => Self::new(Kind::Forbidden).detail(text(
                "Was unter dieser Einsicht angesehen wurde, erfährt nur, wer erfahren darf, wer das Eingesehene angesehen hat.",
                "What was looked at under this inspection is told to whoever may learn who looked at what it is about.",
            )),
            InspectionError::FourEyes => Self::new(Kind::Forbidden).detail(text(
                "Das braucht eine weitere Person: Niemand gibt frei, was er beantragt hat oder was für ihn ist.",
                "This takes another person: nobody approves what he asked for or what is for himself.",
            )),
            InspectionError::Time { days } => Self::new(Kind::Validation).field(
                "/valid_until",
                Fault::Rule {
                    code: "time",
                    detail: text(
                        format!("Eine Einsicht beginnt binnen {days} Tagen, endet nach ihrem Beginn und dauert hier höchstens {days} Tage."),
                        format!("An inspection begins within {days} days, ends after its beginning and lasts at most {days} days here."),
                    ),
                },
            ),
            InspectionError::Hours { hours } => Self::new(Kind::Validation).field(
                "/hours",
                Fault::Rule {
                    code: "hours",
                    detail: text(
                        format!("Ein Notzugriff dauert 1 bis {hours} Stunden."),
                        format!("An emergency lasts 1 to {hours} hours."),
                    ),
                },
            ),
            InspectionError::Settled => Self::new(Kind::Conflict).detail(text(
                "Das ist bereits erledigt.",
                "This is settled already.",
            )),
            InspectionError::Moved => Self::new(Kind::Conflict).detail(text(
                "Worum es geht, steht inzwischen in einer anderen Abteilung oder Abschottung. Bitte neu beantragen.",
                "What it is about has come into another department or compartment. Please ask anew.",
            )),
            InspectionError::StaysOutside => Self::new(Kind::Conflict).detail(text(
                "Die Administration sieht Inhalte nur im Notzugriff, das Bürgermeisteramt keine Abschottung.",
                "An administrator sees content in an emergency only, the mayor nothing of a compartment.",
            )),
            InspectionError::TooMany => Self::new(Kind::Conflict).detail(text(
                "Dieses Konto hat so viele Einsichten, wie es geben darf.",
                "This account has as many inspections as there may be.",
            )),
            InspectionError::File(error) => error.into(),
            InspectionError::Case(error) => error.into(),
            InspectionError::Document(error) => error.into(),
            InspectionError::Db(error) => error.into(),
        }
    }
}

/// The answer to a write.
pub(super) fn answer(
    db: &Db,
    actor: &Actor,
    created: bool,
    written: &Written<Inspection>,
) -> HttpResponse {
    let mut response = if created {
        HttpResponse::Created()
    } else {
        HttpResponse::Ok()
    };
    with_receipt(&mut response, written.receipt);
    response.json(InspectionView::of(&written.value, actor, db.now()))
}

/// An inspection that the actor may know of. That he named another one is noted.
pub(super) async fn see(
    (db, looks): (&Db, &Looks),
    whose: (&Actor, Which),
    id: Uuid,
) -> Result<Inspection, Problem> {
    if let Some(one) = rows::find(db.read(), whose, InspectionId::of(id)).await? {
        return Ok(one);
    }
    looks.note(Looked::of(Look::Refused, whose.0)).await?;
    Err(InspectionError::NotFound.into())
}

/// What was done with an inspection. That the actor named one of which he may not know is noted.
pub(super) async fn noted(
    looks: &Looks,
    actor: &Actor,
    done: Result<Written<Inspection>, InspectionError>,
) -> Result<Written<Inspection>, Problem> {
    if let Err(InspectionError::NotFound) = &done {
        looks.note(Looked::of(Look::Refused, actor)).await?;
    }
    Ok(done?)
}

/// One page of inspections of a kind, and the link to the next.
pub(super) async fn listed(
    request: &HttpRequest,
    (db, cursors): (&Db, &Cursors),
    (actor, which): (&Actor, Which),
    (asked, wanted): (&InspectionFilter, &PageRequest),
) -> Result<HttpResponse, Problem> {
    let name = match which {
        Which::Ordinary => "inspections",
        Which::Emergencies => "break-glass",
    };
    let scope = scope_of(name, asked, &[])?;
    let after: Option<Uuid> = wanted.after(cursors, &scope)?;
    let filter = Filter {
        standing_at: (asked.over != Some(true)).then(|| db.now()),
        waiting: asked.waiting == Some(true),
        object: asked.object,
        account: asked.account,
    };
    let limit = u64::from(wanted.limit);
    let (found, more) = rows::page(db.read(), (actor, which), &filter, after, limit).await?;
    let next_cursor = match found.last() {
        Some(last) if more => Some(cursors.seal(&scope, &last.id.raw())?),
        Some(_) | None => None,
    };
    let view = |one: &Inspection| InspectionView::of(one, actor, db.now());
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, next_link(request, cursor)));
    }
    Ok(response.json(InspectionPage {
        items: found.iter().map(view).collect(),
        next_cursor,
    }))
}

/// Asks that a file, a case or a document is opened to an account for reading, for a time.
///
/// It does not hold before somebody else who may let others inspect it has approved it; where it stands in a
/// compartment, before two have.
#[utoipa::path(
    post, path = "/api/v1/inspections", tag = "inspections", operation_id = "askForInspection",
    request_body = InspectionRequest,
    responses((status = 201, description = "Waits for approval", body = InspectionView), CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_inspection(
    db: Data<Db>,
    rights: Data<Rights>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Json(body): Json<InspectionRequest>,
) -> Result<HttpResponse, Problem> {
    let new = body.read()?;
    let limits = **rights;
    let asked = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::ask(unit, new, limits).await
        })
        .await;
    if matches!(asked, Err(InspectionError::NoObject)) {
        looks.note(Looked::of(Look::Refused, &actor)).await?;
    }
    Ok(answer(&db, &actor, true, &asked?))
}

/// The inspections that you have to do with: your own, those that you asked for or approved, and those of what
/// you may let others inspect; for administrators and auditors all of them.
#[utoipa::path(
    get, path = "/api/v1/inspections", tag = "inspections", operation_id = "listInspections",
    params(InspectionFilter, PageRequest),
    responses((status = 200, description = "A page", body = InspectionPage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ListProblems),
    security(("token" = []))
)]
pub(super) async fn get_inspections(
    request: HttpRequest,
    db: Data<Db>,
    cursors: Data<Cursors>,
    SignedIn(actor): SignedIn,
    ListQuery {
        filter: asked,
        page: wanted,
    }: ListQuery<InspectionFilter>,
) -> Result<HttpResponse, Problem> {
    let whose = (&actor, Which::Ordinary);
    listed(&request, (&db, &cursors), whose, (&asked, &wanted)).await
}

/// One inspection.
#[utoipa::path(
    get, path = "/api/v1/inspections/{id}", tag = "inspections", operation_id = "readInspection",
    params(("id" = Uuid, Path, description = "The inspection")),
    responses((status = 200, description = "The inspection", body = InspectionView), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_inspection(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let whose = (&actor, Which::Ordinary);
    let one = see((&db, &looks), whose, id).await?;
    Ok(HttpResponse::Ok().json(InspectionView::of(&one, &actor, db.now())))
}

/// Approves an inspection that waits: somebody who may let others inspect what it is about, and neither asked
/// for it nor is the one it is for.
#[utoipa::path(
    post, path = "/api/v1/inspections/{id}/approve", tag = "inspections", operation_id = "approveInspection",
    params(("id" = Uuid, Path, description = "The inspection")),
    responses((status = 200, description = "Approved; in a compartment the second approval counts",
        body = InspectionView), CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_approve(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let id = InspectionId::of(id);
    let done = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::approve(unit, id).await
        })
        .await;
    let written = noted(&looks, &actor, done).await?;
    Ok(answer(&db, &actor, false, &written))
}

/// Ends an inspection at once, or turns it down. Any of those who have to do with it, or an administrator.
#[utoipa::path(
    post, path = "/api/v1/inspections/{id}/end", tag = "inspections", operation_id = "endInspection",
    params(("id" = Uuid, Path, description = "The inspection")),
    responses((status = 200, description = "Over", body = InspectionView), CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_end(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let id = InspectionId::of(id);
    let done = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::end(unit, Which::Ordinary, id).await
        })
        .await;
    let written = noted(&looks, &actor, done).await?;
    Ok(answer(&db, &actor, false, &written))
}

/// What was looked at under an inspection. For auditors all of it, also what a list or a search showed besides;
/// for those who may learn who looked at what it is about, that and nothing else.
#[utoipa::path(
    get, path = "/api/v1/inspections/{id}/looks", tag = "inspections", operation_id = "listInspectionLooks",
    params(("id" = Uuid, Path, description = "The inspection"), PageRequest),
    responses((status = 200, description = "A page", body = super::wire::LookPage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_looks(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    cursors: Data<Cursors>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    ListQuery { page: wanted, .. }: ListQuery<looks::Nothing>,
) -> Result<HttpResponse, Problem> {
    let whose = (&actor, Which::Ordinary);
    let one = see((&db, &looks), whose, id).await?;
    let of = looks::learned(&db, &actor, &one).await?;
    let page = looks::under((&db, &cursors), (one.id, &of), &wanted).await?;
    let report = (looks::REPORT, one.id.raw());
    looks::note(&looks, &actor, report).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &page.next_cursor {
        response.insert_header((header::LINK, next_link(&request, cursor)));
    }
    Ok(response.json(page))
}

/// The part of the contract that inspections bring.
#[derive(Debug, OpenApi)]
#[openapi(paths(
    post_inspection,
    get_inspections,
    get_inspection,
    post_approve,
    post_end,
    get_looks,
    emergencies::post_emergency,
    emergencies::get_emergencies,
    emergencies::get_emergency,
    emergencies::post_approve,
    emergencies::post_end,
    looks::get_file_looks,
    looks::get_case_looks,
    looks::get_document_looks
))]
pub struct ApiDoc;

/// The routes of inspections, of emergencies and of who looked.
pub fn routes(config: &mut web::ServiceConfig) {
    let to = |path: &str| web::resource(format!("/api/v1{path}"));
    config
        .service(
            to("/inspections")
                .get(get_inspections)
                .post(post_inspection),
        )
        .service(to("/inspections/{id}").get(get_inspection))
        .service(to("/inspections/{id}/approve").post(post_approve))
        .service(to("/inspections/{id}/end").post(post_end))
        .service(to("/inspections/{id}/looks").get(get_looks))
        .service(
            to("/break-glass")
                .get(emergencies::get_emergencies)
                .post(emergencies::post_emergency),
        )
        .service(to("/break-glass/{id}").get(emergencies::get_emergency))
        .service(to("/break-glass/{id}/approve").post(emergencies::post_approve))
        .service(to("/break-glass/{id}/end").post(emergencies::post_end))
        .service(to("/files/{id}/looks").get(looks::get_file_looks))
        .service(to("/cases/{id}/looks").get(looks::get_case_looks))
        .service(to("/documents/{id}/looks").get(looks::get_document_looks));
}
