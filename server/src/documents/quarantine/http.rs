//! The quarantine over HTTP: what lies there. Content is not given out.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, http::header};
use uuid::Uuid;

use super::wire::{QuarantineFilter, QuarantinePage, QuarantinedView};
use super::{QuarantineError, may_decide, may_see, quarantine};
use crate::departments::{self, SignedIn};
use crate::documents::proposals::model::About;
use crate::documents::proposals::wire::ProposalView;
use crate::documents::rows;
use crate::http::extract::ListQuery;
use crate::http::openapi::ListProblems;
use crate::http::page::{Cursors, PageRequest, next_link, scope_of};
use crate::http::{Kind, Problem, text};
use crate::unit::Db;

impl From<QuarantineError> for Problem {
    fn from(error: QuarantineError) -> Self {
        match error {
            QuarantineError::Forbidden => Self::new(Kind::Forbidden).detail(text(
                "Die Quarantäne sehen Administration, Registratur und Rechnungsprüfung; was aus ihrem Inhalt \
                 wird, entscheiden nur Administration und Registratur, zu zweit.",
                "The quarantine is seen by administrators, records managers and auditors; what becomes of \
                 it is decided by two of the former.",
            )),
        }
    }
}

/// What lies in quarantine. For administrators, records managers and auditors.
#[utoipa::path(
    get, path = "/api/v1/quarantine", tag = "quarantine", operation_id = "listQuarantine",
    params(QuarantineFilter, PageRequest),
    responses((status = 200, description = "The newest first", body = QuarantinePage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ListProblems),
    security(("token" = []))
)]
pub(in crate::documents) async fn get_quarantine(
    request: HttpRequest,
    db: Data<Db>,
    cursors: Data<Cursors>,
    SignedIn(actor): SignedIn,
    ListQuery {
        filter: asked,
        page: wanted,
    }: ListQuery<QuarantineFilter>,
) -> Result<HttpResponse, Problem> {
    may_see(&actor)?;
    let scope = scope_of("quarantine", &asked, &[])?;
    let before: Option<Uuid> = wanted.after(&cursors, &scope)?;
    let limit = usize::from(wanted.limit);
    let discarded = asked.discarded == Some(true);
    let mut found = quarantine(db.read(), discarded, before, u64::from(wanted.limit) + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = match found.last() {
        Some(last) if more => Some(cursors.seal(&scope, &last.id.raw())?),
        Some(_) | None => None,
    };
    let all = departments::departments_of(&request, &db).await?;
    let open = rows::proposals_open(db.read()).await?;
    let decides = may_decide(&actor).is_ok();
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, next_link(&request, cursor)));
    }
    Ok(response.json(QuarantinePage {
        items: found
            .iter()
            .map(|one| {
                let about = About::Quarantined(one.id);
                let proposal = open.iter().find(|proposal| proposal.about == about);
                let view = proposal.map(|it| ProposalView::of(it, &actor, decides));
                QuarantinedView::of(one, &all, view)
            })
            .collect(),
        next_cursor,
    }))
}
