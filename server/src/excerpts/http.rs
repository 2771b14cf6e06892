//! Excerpts over HTTP.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, http::header};
use storage::Storage;
use utoipa::OpenApi;
use uuid::Uuid;

use super::gather::{ExcerptError, Sources, gather};
use crate::audit::event::Look;
use crate::base::CaseId;
use crate::cases::CaseError;
use crate::departments::SignedIn;
use crate::forms::Forms;
use crate::http::extract::{HeadOnly, Path};
use crate::http::openapi::LabelProblems;
use crate::http::{Kind, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::unit::Db;
use crate::workflows::Rules;

impl From<ExcerptError> for Problem {
    fn from(error: ExcerptError) -> Self {
        match error {
            ExcerptError::Case(error) => error.into(),
            ExcerptError::File(error) => error.into(),
            ExcerptError::Document(error) => error.into(),
            ExcerptError::Workflow(error) => error.into(),
            ExcerptError::Db(error) => error.into(),
            ExcerptError::Paper(paper::PaperError::TooLong { .. }) => Self::new(Kind::Conflict)
                .detail(text(
                    "Der Vorgang ist zu lang für einen Auszug: mehr als 2.000 Seiten.",
                    "The case is too long for an excerpt: more than 2,000 pages.",
                )),
            error @ (ExcerptError::Paper(_) | ExcerptError::Store(_) | ExcerptError::GivenUp) => {
                Self::internal(error)
            }
        }
    }
}

/// The readable history of a case (Aktenauszug), as PDF/A-2a: the case, its documents with their versions and
/// digests, the routing slips of its workflows with all marks, its history, and how all of it is verified.
///
/// It shows what you may see. That it is written out is recorded (`case.export`) before its first byte.
#[utoipa::path(
    get, path = "/api/v1/cases/{id}/history.pdf", tag = "cases", operation_id = "exportCaseHistory",
    params(("id" = Uuid, Path, description = "The case")),
    responses((status = 200, description = "The excerpt", body = Vec<u8>,
        content_type = "application/pdf",
        headers(("Content-Disposition" = String, description = "The file name (RFC 6266)"))), LabelProblems),
    security(("token" = []))
)]
pub(super) async fn get_excerpt(
    db: Data<Db>,
    storage: Data<Storage>,
    rules: Data<Rules>,
    forms: Data<Forms>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    asked: (HttpRequest, Path<Uuid>),
) -> Result<HttpResponse, Problem> {
    let (request, Path(id)) = asked;
    let sources = Sources {
        storage: storage.get_ref(),
        rules: rules.get_ref(),
        town: &forms.town,
    };
    let gathered = gather(db.read(), sources, (&actor, db.now()), CaseId::of(id)).await;
    if let Err(ExcerptError::Case(CaseError::NotFound)) = &gathered {
        looks.note(Looked::of(Look::Refused, &actor)).await?;
    }
    let gathered = gathered?;
    let case = gathered.case();
    let name = file_name(&case.reference);
    let name = format!("inline; filename=\"{name}\"");
    let mut answer = HttpResponse::Ok();
    answer.content_type("application/pdf");
    answer.insert_header((header::CONTENT_DISPOSITION, name));
    // Nothing is given out, so nothing is made and nothing recorded.
    if HeadOnly::asked(&request) {
        return Ok(answer.finish());
    }
    let looked = Looked::of(Look::ExportCase, &actor).at(case.id.raw());
    if !looks.note_first(looked.within(case.department)).await {
        return Err(Problem::new(Kind::AccessLogUnavailable).retry_after_seconds(1));
    }
    let pdf = web::block(move || gathered.render()).await;
    let pdf = pdf.map_err(|_gone| ExcerptError::GivenUp)??;
    Ok(answer.body(pdf))
}

/// The name under which it is kept: the reference, of which nothing is left but letters, digits and dashes.
fn file_name(reference: &str) -> String {
    let plain = |sign: char| {
        if sign.is_ascii_alphanumeric() {
            sign
        } else {
            '-'
        }
    };
    let plain: String = reference.chars().take(80).map(plain).collect();
    format!("aktenauszug-{plain}.pdf")
}

/// The part of the contract that excerpts bring.
#[derive(Debug, OpenApi)]
#[openapi(paths(get_excerpt))]
pub struct ApiDoc;

/// The routes of excerpts.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/api/v1/cases/{id}/history.pdf").get(get_excerpt));
}
