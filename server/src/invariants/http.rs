//! Invariants over HTTP, for auditors.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{self, Data};
use indexer::Index;
use storage::Storage;
use utoipa::OpenApi;

use super::rules::Wanted;
use super::run::{Against, Depth, InvariantError, run};
use super::wire::{Only, ReportView};
use crate::audit::event::Look;
use crate::base::Role;
use crate::departments::SignedIn;
use crate::http::extract::Query;
use crate::http::openapi::PlainProblems;
use crate::http::{Fault, Kind, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::unit::Db;
use crate::workflows::Rules;

/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(60);

impl From<InvariantError> for Problem {
    fn from(error: InvariantError) -> Self {
        match error {
            InvariantError::Db(error) => error.into(),
            error @ (InvariantError::Index(_) | InvariantError::GivenUp) => Self::internal(error),
        }
    }
}

/// The invariants I-1 to I-26, computed again from rows, log and index: which are kept, which are broken and by
/// what, and which cannot be judged. For auditors.
///
/// It takes at most 60 s; what there was no time for is `not_checked`. One is computed at a time. Contents are not
/// read: that does `papierlos audit invariants --deep`.
#[utoipa::path(
    get, path = "/api/v1/audit/invariants", tag = "log", operation_id = "readInvariants",
    params(Only),
    responses((status = 200, description = "What was found out", body = ReportView), PlainProblems),
    security(("token" = []))
)]
pub(super) async fn get_invariants(
    db: Data<Db>,
    storage: Data<Storage>,
    index: Data<Index>,
    rules: Data<Rules>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Query(only): Query<Only>,
) -> Result<HttpResponse, Problem> {
    if !actor.is(Role::Auditor) {
        return Err(Problem::new(Kind::Forbidden).detail(text(
            "Die Prüfung der Regeln sieht nur die Rechnungsprüfung.",
            "Only auditors look at the invariants.",
        )));
    }
    let wanted = match &only.only {
        None => Wanted::all(),
        Some(named) => Wanted::parse(named).map_err(|_name| {
            let expected = text(
                "Regeln wie I-9,I-10, durch Kommas getrennt",
                "invariants such as I-9,I-10, divided by commas",
            );
            Problem::new(Kind::QueryInvalid).parameter("only", Fault::WrongFormat { expected })
        })?,
    };
    looks.note(Looked::of(Look::ReadLog, &actor)).await?;
    let against = Against {
        db: db.get_ref().clone(),
        storage: storage.get_ref().clone(),
        index: Some(index.get_ref().clone()),
        calendar: rules.calendar().clone(),
        within: WITHIN,
        depth: Depth::Whole,
    };
    let report = run(&against, &wanted).await?;
    Ok(HttpResponse::Ok().json(ReportView::from(&report)))
}

/// The part of the contract that the invariants bring.
#[derive(Debug, OpenApi)]
#[openapi(paths(get_invariants))]
pub struct ApiDoc;

/// The routes of the invariants.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/api/v1/audit/invariants").get(get_invariants));
}
