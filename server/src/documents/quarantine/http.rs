//! The quarantine over HTTP: what lies there, and that it is discarded. Content is not given out.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, http::header};
use uuid::Uuid;

use super::wire::{QuarantineDiscard, QuarantineFilter, QuarantinePage, QuarantinedView};
use super::{QuarantineError, Quarantined, discard_quarantined, may_discard, may_see, quarantine};
use crate::base::QuarantineId;
use crate::departments::{self, Department, SignedIn};
use crate::documents::rows;
use crate::http::extract::{ETag, IfMatch, Json, ListQuery, MaybeKey, Path};
use crate::http::openapi::{ActProblems, IdempotencyParam, IfMatchParam, ListProblems};
use crate::http::page::{Cursors, PageRequest, next_link, scope_of};
use crate::http::{Kind, Problem, text};
use crate::replay::{Answer, Once};
use crate::unit::{Db, Unit};

impl From<QuarantineError> for Problem {
    fn from(error: QuarantineError) -> Self {
        match error {
            QuarantineError::NotFound => Self::new(Kind::NotFound),
            QuarantineError::Forbidden => Self::new(Kind::Forbidden).detail(text(
                "Die Quarantäne sehen Administration, Registratur und Rechnungsprüfung; leeren dürfen sie \
                 nur Administration und Registratur.",
                "The quarantine is seen by administrators, records managers and auditors; only the former \
                 two may discard.",
            )),
            QuarantineError::Discarded => Self::new(Kind::StateConflict)
                .detail(text(
                    "Der Inhalt ist schon verworfen.",
                    "The content was discarded before.",
                ))
                .current_state("discarded"),
            QuarantineError::Stale { current } => Self::new(Kind::PreconditionFailed)
                .detail(text(
                    "Der Eintrag wurde inzwischen geändert. Bitte neu laden und prüfen.",
                    "The entry was changed meanwhile. Please read it again and check.",
                ))
                .current_etag(&ETag::of_version(current)),
            QuarantineError::Db(error) => error.into(),
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
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, next_link(&request, cursor)));
    }
    Ok(response.json(QuarantinePage {
        items: found
            .iter()
            .map(|one| QuarantinedView::of(one, &all))
            .collect(),
        next_cursor,
    }))
}

fn answer(one: &Quarantined, all: &[Department]) -> Result<Answer, QuarantineError> {
    let etag = ETag::of_version(one.version).to_string();
    let mut answer = Answer::created(&QuarantinedView::of(one, all))?.with_header("etag", etag);
    answer.status = 200;
    Ok(answer)
}

/// Discards what lies in quarantine: its key is destroyed. For administrators and records managers.
#[utoipa::path(
    post, path = "/api/v1/quarantine/{id}/discard", tag = "quarantine",
    operation_id = "discardQuarantined",
    params(("id" = Uuid, Path, description = "The entry"), IfMatchParam, IdempotencyParam),
    request_body = QuarantineDiscard,
    responses((status = 200, description = "Its key is destroyed; durable", body = QuarantinedView,
        headers(("ETag" = String, description = "Its new version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        ActProblems),
    security(("token" = []))
)]
pub(in crate::documents) async fn post_discard(
    request: HttpRequest,
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    MaybeKey(key): MaybeKey,
    Json(body): Json<QuarantineDiscard>,
) -> Result<HttpResponse, Problem> {
    may_discard(&actor)?;
    let once = Once::action(&actor, key, &request, &body)?;
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let id = QuarantineId::of(id);
    let found = rows::quarantine_find(db.read(), id).await?;
    let before = found.ok_or(QuarantineError::NotFound)?;
    let reason = body.reason()?;
    if_match.check(&ETag::of_version(before.version))?;
    let all = departments::departments_of(&request, &db).await?;
    once.run(&db, &actor, async move |unit: &mut Unit| {
        let after = discard_quarantined(unit, id, Some(before.version), reason).await?;
        answer(&after, &all)
    })
    .await
}
