//! What was taken out of a document, over HTTP.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, http::header};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use uuid::Uuid;

use super::wire::ComponentPage;
use super::{After, page};
use crate::audit::event::Look;
use crate::base::{DocumentId, Right};
use crate::departments::{self, SignedIn};
use crate::documents::http::see;
use crate::documents::model::Document;
use crate::documents::wire::DocumentView;
use crate::documents::{fields, list, looking, rows};
use crate::http::extract::{ListQuery, Path};
use crate::http::openapi::{ListProblems, ReadProblems};
use crate::http::page::{Cursors, PageRequest, scope_of};
use crate::http::{Language, Problem};
use crate::ledger::looks::{Looked, Looks};
use crate::unit::Db;

/// What is asked of the list.
#[derive(Debug, Clone, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ComponentFilter {
    /// Whether the answer says how many there are in all.
    #[param(nullable = false)]
    count: Option<bool>,
}

/// What was taken out of the version in force: the attachments of a mail, the members of an archive.
///
/// Each is a document of its own, that goes where this one goes. One that contains others has
/// components in its turn.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/components", tag = "documents", operation_id = "listComponents",
    params(("id" = Uuid, Path, description = "The document"), ComponentFilter, PageRequest),
    responses((status = 200, description = "A page", body = ComponentPage,
        headers(("Link" = String, description = "`rel=\"next\"`, where there is a next page"))),
        ReadProblems, ListProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what a list needs of its request"
)]
pub(crate) async fn get_components(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    cursors: Data<Cursors>,
    language: Language,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    ListQuery {
        filter: asked,
        page: wanted,
    }: ListQuery<ComponentFilter>,
) -> Result<HttpResponse, Problem> {
    let held = see(&db, &looks, &actor, DocumentId::of(id)).await?;
    let version = held.version.id;
    let scope = scope_of("components", &(version.raw(), &asked), &[])?;
    let after: Option<After> = wanted.after(&cursors, &scope)?;
    let visible = || list::visible_among_few(&actor, Right::Read);
    let limit = u64::from(wanted.limit);
    let (found, more) = page(
        db.read(),
        visible(),
        version,
        after.unwrap_or_default(),
        limit,
    )
    .await?;
    let last = found.last().and_then(|last| last.part.as_ref());
    let next_cursor = match last {
        Some(last) if more => Some(cursors.seal(&scope, &last.position)?),
        Some(_) | None => None,
    };
    let total = match asked.count {
        Some(true) => Some(rows::count_components(db.read(), version, visible()).await?),
        Some(false) | None => None,
    };
    let shown = found.iter().map(Document::shown).collect();
    looks
        .note(Looked::of(Look::List, &actor).showing(shown))
        .await?;
    let all = departments::departments_of(&request, &db).await?;
    let held = looking::hold(db.read(), found).await?;
    let mut items: Vec<DocumentView> = held
        .iter()
        .map(|one| DocumentView::of(one, &all, language))
        .collect();
    fields::tell(db.read(), &actor, &held, &mut items).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, crate::http::page::next_link(&request, cursor)));
    }
    Ok(response.json(ComponentPage {
        items,
        next_cursor,
        total,
    }))
}
