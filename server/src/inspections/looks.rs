//! Who looked, over HTTP: at a file, a case or a document, and under an inspection.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, http::header};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{SelectStatement, UnionType};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::model::{Inspection, InspectionError, Target};
use super::ops::place_of;
use super::wire::{LookPage, LookView};
use crate::audit::event::Look;
use crate::base::sight::Covers;
use crate::base::{Actor, CaseId, DocumentId, FileId, InspectionId, Right, Role, Table};
use crate::departments::SignedIn;
use crate::holds::Object;
use crate::http::Problem;
use crate::http::extract::{ListQuery, Path};
use crate::http::openapi::ReadProblems;
use crate::http::page::{Cursors, PageRequest, next_link, scope_of};
use crate::http::{Kind, text};
use crate::ledger::looked_at::{self, Of};
use crate::ledger::looks::{Looked, Looks, Shown};
use crate::unit::Db;

/// No filter.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Nothing {}

/// Records that somebody read who looked at a thing, or what was looked at under an inspection; before it is
/// shown.
pub(super) async fn note(
    looks: &Looks,
    actor: &Actor,
    (kind, id): (&'static str, Uuid),
) -> Result<(), Problem> {
    let of = Shown {
        kind,
        id,
        version: 1,
        hidden: true,
    };
    let looked = Looked::of(Look::ReadLooks, actor).showing(vec![of]);
    Ok(looks.note(looked).await?)
}

/// How the report on an inspection is named in the access log.
pub(super) const REPORT: &str = "report";

fn table_of(object: Object) -> Table {
    match object {
        Object::File(_) => Table::File,
        Object::Case(_) => Table::Case,
        Object::Document(_) => Table::Document,
    }
}

/// Refuses whoever may not learn who looked at an object: 404 where he may not know of it at all.
async fn require(
    on: &impl ConnectionTrait,
    actor: &Actor,
    object: Object,
) -> Result<(), InspectionError> {
    let found = place_of(on, actor, object).await;
    let place = match found {
        Err(InspectionError::NoObject) => return Err(InspectionError::NotFound),
        other => other?,
    };
    let row = (object.raw(), place);
    if actor
        .may_with(on, Right::Looks, table_of(object), row)
        .await?
    {
        Ok(())
    } else {
        Err(InspectionError::Forbidden)
    }
}

/// What was looked at under an inspection, as far as the actor may learn it: auditors all of it, others what
/// they may learn of what the inspection is about, for under it stands also what the reader saw elsewhere in
/// the same list.
pub(super) async fn learned(
    db: &Db,
    actor: &Actor,
    one: &Inspection,
) -> Result<Of, InspectionError> {
    let of = |things| Of::Inspection {
        id: one.id.raw(),
        things,
    };
    if actor.is(Role::Auditor) {
        return Ok(of(None));
    }
    match one.target {
        Target::Object(object) => match require(db.read(), actor, object).await {
            Ok(()) => Ok(of(Some(things_of(actor, object)?))),
            // He knows of the inspection.
            Err(InspectionError::NotFound | InspectionError::Forbidden) => {
                Err(InspectionError::NotTold)
            }
            Err(error) => Err(error),
        },
        Target::Department(_) | Target::Compartment(_) => Err(InspectionError::NotTold),
    }
}

async fn page_of(
    (db, cursors): (&Db, &Cursors),
    of: &Of,
    scope: &str,
    wanted: &PageRequest,
) -> Result<LookPage, Problem> {
    let before: Option<u64> = wanted.after(cursors, scope)?;
    let limit = u64::from(wanted.limit);
    let (found, more) = looked_at::looks(db.read(), of, before, limit).await?;
    let next_cursor = match found.last() {
        Some(last) if more => Some(cursors.seal(scope, &last.seq)?),
        Some(_) | None => None,
    };
    Ok(LookPage {
        items: found.into_iter().map(LookView::from).collect(),
        next_cursor,
    })
}

/// What was looked at under an inspection.
pub(super) async fn under(
    on: (&Db, &Cursors),
    (id, of): (InspectionId, &Of),
    wanted: &PageRequest,
) -> Result<LookPage, Problem> {
    let scope = scope_of("inspection-looks", &id, &[])?;
    page_of(on, of, &scope, wanted).await
}

/// What is looked at when an object is: it, its parts, and what stands in them, as far as the actor may learn
/// who looked at it: what another department has in it is not told.
fn things_of(actor: &Actor, object: Object) -> Result<Box<SelectStatement>, InspectionError> {
    let sight = actor.sight(Right::Looks);
    let covers = match object {
        Object::File(id) => Covers::File(id),
        Object::Case(id) => Covers::Case(id),
        Object::Document(id) => Covers::Document(id),
    };
    [Table::File, Table::Case, Table::Document]
        .into_iter()
        .filter_map(|table| covers.rows(table, &sight))
        .reduce(|mut all, rows| {
            all.union(UnionType::All, rows);
            all
        })
        .map(Box::new)
        .ok_or(InspectionError::NotFound)
}

async fn looks_at(
    request: &HttpRequest,
    (db, looks, cursors): (&Db, &Looks, &Cursors),
    actor: &Actor,
    (object, wanted): (Object, &PageRequest),
) -> Result<HttpResponse, Problem> {
    match require(db.read(), actor, object).await {
        Ok(()) => {}
        Err(InspectionError::NotFound) => {
            let refused = Looked::of(Look::Refused, actor);
            let refused = match object {
                Object::Document(id) => refused.at(id.raw()),
                Object::File(_) | Object::Case(_) => refused,
            };
            looks.note(refused).await?;
            return Err(Problem::new(Kind::NotFound));
        }
        Err(InspectionError::Forbidden) => {
            return Err(Problem::new(Kind::Forbidden).detail(text(
                "Wer das angesehen hat, erfährt nur die Leitung, die Rechnungsprüfung oder wem Einsicht mit diesem Recht gegeben ist.",
                "Who looked at this is told to heads, to auditors and to whom an inspection tells it.",
            )));
        }
        Err(error) => return Err(error.into()),
    }
    let scope = scope_of("looks", &object.raw(), &[])?;
    let page = page_of(
        (db, cursors),
        &Of::Things(things_of(actor, object)?),
        &scope,
        wanted,
    )
    .await?;
    note(looks, actor, (object.kind(), object.raw())).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &page.next_cursor {
        response.insert_header((header::LINK, next_link(request, cursor)));
    }
    Ok(response.json(page))
}

/// Who looked at a file, its parts, its cases and the documents in them. For heads and auditors, in a
/// compartment only for those who enter it, and for whom an inspection for an audit or by the one whom the data
/// are about tells it.
#[utoipa::path(
    get, path = "/api/v1/files/{id}/looks", tag = "inspections", operation_id = "listFileLooks",
    params(("id" = Uuid, Path, description = "The file"), PageRequest),
    responses((status = 200, description = "A page", body = LookPage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_file_looks(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    cursors: Data<Cursors>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    ListQuery { page: wanted, .. }: ListQuery<Nothing>,
) -> Result<HttpResponse, Problem> {
    let object = Object::File(FileId::of(id));
    looks_at(&request, (&db, &looks, &cursors), &actor, (object, &wanted)).await
}

/// Who looked at a case, its parts and the documents in them.
#[utoipa::path(
    get, path = "/api/v1/cases/{id}/looks", tag = "inspections", operation_id = "listCaseLooks",
    params(("id" = Uuid, Path, description = "The case"), PageRequest),
    responses((status = 200, description = "A page", body = LookPage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_case_looks(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    cursors: Data<Cursors>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    ListQuery { page: wanted, .. }: ListQuery<Nothing>,
) -> Result<HttpResponse, Problem> {
    let object = Object::Case(CaseId::of(id));
    looks_at(&request, (&db, &looks, &cursors), &actor, (object, &wanted)).await
}

/// Who looked at a document.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/looks", tag = "inspections", operation_id = "listDocumentLooks",
    params(("id" = Uuid, Path, description = "The document"), PageRequest),
    responses((status = 200, description = "A page", body = LookPage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_document_looks(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    cursors: Data<Cursors>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    ListQuery { page: wanted, .. }: ListQuery<Nothing>,
) -> Result<HttpResponse, Problem> {
    let object = Object::Document(DocumentId::of(id));
    looks_at(&request, (&db, &looks, &cursors), &actor, (object, &wanted)).await
}
