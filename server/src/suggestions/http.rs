//! Suggestions over HTTP.

use actix_web::HttpResponse;
use actix_web::web::{self, Data};
use indexer::Index;
use indexer::letter;
use storage::Storage;
use utoipa::OpenApi;
use uuid::Uuid;

use super::gather::{self, Asking};
use super::model;
use super::wire::{self, SuggestionsView};
use crate::base::{Actor, DocumentId};
use crate::departments::{self, SignedIn};
use crate::documents::{self, Basis};
use crate::http::extract::Path;
use crate::http::openapi::SuggestProblems;
use crate::http::{Language, Problem};
use crate::ledger::looks::Looks;
use crate::search::{self, Engine, Follower};
use crate::types;
use crate::unit::Db;

/// What could be said about a document: title, type, correspondent, date, and the case to which it belongs, each
/// with a score and a reason.
///
/// For whoever may change it, while it may still be changed. Rules over its text and what its department has
/// filed before speak for a value; only what you may know is suggested and counted. Nothing changes by it: send
/// what you agree with by `PATCH`, or register. Reasons come in the language of `Accept-Language`.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/suggestions", tag = "documents",
    operation_id = "suggestMetadata",
    params(("id" = Uuid, Path, description = "The document")),
    responses((status = 200, description = "What could be said", body = SuggestionsView),
        SuggestProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what suggestions need of their request"
)]
pub(super) async fn get_suggestions(
    db: Data<Db>,
    storage: Data<Storage>,
    index: Data<Index>,
    follower: Data<Follower>,
    looks: Data<Looks>,
    language: Language,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let id = DocumentId::of(id);
    let basis = documents::to_suggest((&db, &storage, &looks), &actor, id).await?;
    let engine = Engine {
        db: &db,
        index: &index,
        follower: &follower,
    };
    let view = suggestions(engine, &actor, &basis, language).await?;
    Ok(HttpResponse::Ok().json(view))
}

async fn suggestions(
    engine: Engine<'_>,
    actor: &Actor,
    basis: &Basis,
    language: Language,
) -> Result<SuggestionsView, Problem> {
    let on = engine.db.read();
    let all = departments::departments(on).await?;
    let (held, invoice) = (&basis.held, basis.invoice.as_ref());
    let department = all.iter().find(|one| one.id == held.document.department);
    let department = department.map_or("", |one| one.slug.as_str());
    let pages = basis.pages.clone().unwrap_or_default();
    // A long text takes a while, and others are served by this thread.
    let letter = web::block(move || {
        let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
        letter::read(&pages)
    });
    let letter = letter.await.map_err(Problem::internal)?;
    let findable = search::findable(engine, actor).await?;
    let asking = Asking {
        engine,
        actor,
        findable: &findable,
        basis,
        letter: &letter,
        department,
    };
    let alike = gather::alike(asking).await?;
    let titles = model::titles(held, &letter, invoice);
    let words = std::iter::once(held.document.metadata.title.as_str());
    let words = titles.iter().map(|one| one.value.as_str()).chain(words);
    let words: Vec<&str> = words.collect();
    let catalog = types::catalog(on).await?;
    let kinds = model::kinds(&catalog, &words, invoice, alike.kinds());
    let dates = model::dates(held, &letter, invoice);
    let correspondents = gather::correspondents(asking, &alike).await?;
    let cases = gather::cases(asking).await?;
    Ok(SuggestionsView {
        pending: basis.pages.is_none(),
        title: wire::texts(titles, language),
        kind: wire::texts(kinds, language),
        correspondent: wire::correspondents(correspondents, language),
        date: wire::dates(dates, language),
        case: wire::cases(cases, language),
    })
}

/// The part of the contract that suggestions bring.
#[derive(Debug, OpenApi)]
#[openapi(paths(get_suggestions))]
pub struct ApiDoc;

/// The routes of suggestions.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/api/v1/documents/{id}/suggestions").get(get_suggestions));
}
