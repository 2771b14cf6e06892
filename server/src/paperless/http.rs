//! Documents for clients of paperless-ngx, the routes, and what the contract says of all of it.

use std::collections::HashMap;

use actix_web::http::header::{self, ContentDisposition};
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use indexer::Index;
use sea_orm::Order;
use storage::Storage;
use utoipa::OpenApi;
use uuid::Uuid;

use super::filter::Asked;
use super::model::{Called, DOCUMENTS_MAX, Paging};
use super::ops::Numbers;
use super::paging::{Page, paging};
use super::queries::{DetailProblems, DocumentQuery, OriginalQuery, RangeRefusals};
use super::version::Version;
use super::wire::{ContentView, DocumentView, HitView, Nothing};
use super::{intake, lookup, rows};
use crate::audit::event::Look;
use crate::base::{Actor, DocumentId};
use crate::departments::SignedIn;
use crate::documents::{self, DocumentError, Held, Key, State, Wanted, Which, Window};
use crate::http::content::Download;
use crate::http::extract::{ETag, IfNoneMatch, Path, pairs};
use crate::http::name::{Disposition, FileName};
use crate::http::openapi::ContentAnswers;
use crate::http::{Kind, Problem};
use crate::ledger::looks::{Looked, Looks};
use crate::search::{self, Engine, Follower};
use crate::unit::Db;

/// Most hits of a question that are paged through.
const HITS_MAX: usize = 1_000;
/// The longest list of which all numbers are told beside the page: older clients may ask for them.
const ALL_MAX: usize = 1_000;

/// The sheet that stands for every document: no pictures of pages are made.
const SHEET: &[u8] = include_bytes!("sheet.png");

async fn noted(looks: &Looks, actor: &Actor, look: Look, held: &Held) -> Result<(), Problem> {
    let document = &held.document;
    let looked = Looked::of(look, actor)
        .at_version(document.id.raw(), document.version)
        .within(document.department);
    Ok(looks.note(looked).await?)
}

/// The document with this number, if the actor may see it; an attempt at another one is recorded.
async fn see((db, looks): (&Db, &Looks), actor: &Actor, number: i64) -> Result<Held, Problem> {
    let not_found = || Problem::new(Kind::NotFound);
    let named = rows::names(db.read(), Called::Document, &[number]).await?;
    let id = named.first().and_then(|id| Uuid::parse_str(id).ok());
    let id = DocumentId::of(id.ok_or_else(not_found)?);
    match documents::read(db.read(), actor, id).await {
        Ok(held) if held.document.state != State::Discarded => Ok(held),
        Ok(_) => Err(not_found()),
        Err(error) => {
            if let DocumentError::NotFound = &error {
                let looked = Looked::of(Look::Refused, actor).at(id.raw());
                looks.note(looked).await?;
            }
            Err(error.into())
        }
    }
}

/// A page of documents, and how many there are.
struct Found {
    held: Vec<Held>,
    scores: HashMap<DocumentId, (f32, u64)>,
    count: u64,
    all: Option<Vec<DocumentId>>,
}

async fn listed(
    engine: Engine<'_>,
    actor: &Actor,
    asked: &mut Asked,
    (paging, version): (Paging, Version),
) -> Result<Found, Problem> {
    let on = engine.db.read();
    let mut scores = HashMap::new();
    let mut ranked = None;
    if let Some((name, question)) = &asked.question {
        let hits = search::found(engine, actor, (name, question), HITS_MAX).await?;
        scores.extend(
            (0..)
                .zip(&hits)
                .map(|(rank, (id, score))| (*id, (*score, rank))),
        );
        let ids: Vec<DocumentId> = hits.into_iter().map(|(id, _)| id).collect();
        asked.wanted.push(Wanted::Ids(ids.clone()));
        ranked = asked.order.is_empty().then_some(ids);
    }
    if let Some(ranked) = ranked {
        // The database says which of the hits may be shown; their order is that of the hits.
        let seen = documents::ids(on, actor, &asked.wanted).await?;
        let shown: Vec<DocumentId> = ranked.into_iter().filter(|id| seen.contains(id)).collect();
        let skip = usize::try_from(paging.offset()).unwrap_or(usize::MAX);
        let take = usize::try_from(paging.size).unwrap_or(usize::MAX);
        let page: Vec<DocumentId> = shown.iter().skip(skip).take(take).copied().collect();
        let window = Window {
            order: Vec::new(),
            offset: 0,
            limit: paging.size,
        };
        let wanted = [Wanted::Ids(page)];
        let mut held = documents::window(on, actor, &wanted, &window).await?;
        held.sort_by_key(|one| scores.get(&one.document.id).map(|(_, rank)| *rank));
        return Ok(Found {
            held,
            scores,
            count: u64::try_from(shown.len()).unwrap_or(u64::MAX),
            all: (!version.is_tenth() && shown.len() <= ALL_MAX).then_some(shown),
        });
    }
    let order = match asked.order.is_empty() {
        true => vec![(Key::Dated, Order::Desc)],
        false => asked.order.clone(),
    };
    let window = Window {
        order,
        offset: paging.offset(),
        limit: paging.size,
    };
    let count = documents::many(on, actor, &asked.wanted).await?;
    let short = usize::try_from(count).is_ok_and(|count| count <= ALL_MAX);
    let all = match short && !version.is_tenth() {
        true => Some(documents::ids(on, actor, &asked.wanted).await?),
        false => None,
    };
    Ok(Found {
        held: documents::window(on, actor, &asked.wanted, &window).await?,
        scores,
        count,
        all,
    })
}

/// Documents that you may see. What was put aside is not shown.
#[utoipa::path(
    get, path = "/api/documents/", tag = "documents", operation_id = "paperlessDocuments",
    params(DocumentQuery),
    responses((status = 200, description = "A page", body = Page<DocumentView>), DetailProblems),
    security(("token" = []))
)]
pub(super) async fn get_documents(
    request: HttpRequest,
    db: Data<Db>,
    index: Data<Index>,
    follower: Data<Follower>,
    looks: Data<Looks>,
    version: Version,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let paging = paging(&request, DOCUMENTS_MAX)?;
    let mut asked = Asked::read(db.read(), &pairs(request.query_string())?).await?;
    let engine = Engine {
        db: &db,
        index: &index,
        follower: &follower,
    };
    let found = listed(engine, &actor, &mut asked, (paging, version)).await?;
    let look = match asked.question {
        Some(_) => Look::Search,
        None => Look::List,
    };
    let shown = found.held.iter().map(|held| held.document.shown());
    let looked = Looked::of(look, &actor).showing(shown.collect());
    looks.note(looked).await?;
    let all = match &found.all {
        Some(ids) => {
            let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let numbers = rows::numbers(&db, Called::Document, &names).await?;
            let all = names.iter().filter_map(|name| numbers.get(name).copied());
            Some(all.collect())
        }
        None => None,
    };
    let numbers = Numbers::of(&db, &found.held).await?;
    let views = found.held.iter().map(|held| {
        let hit = found.scores.get(&held.document.id);
        let mut view = DocumentView::of(held, &numbers, version);
        view.search_hit = hit.map(|(score, rank)| HitView {
            score: *score,
            highlights: "",
            note_highlights: "",
            rank: *rank,
        });
        view
    });
    let page = Page::of(&request, paging, found.count, all, views.collect())?;
    Ok(HttpResponse::Ok().json(page))
}

/// One document, with its text where you may read it.
#[utoipa::path(
    get, path = "/api/documents/{id}/", tag = "documents", operation_id = "paperlessDocument",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The document", body = DocumentView), DetailProblems),
    security(("token" = []))
)]
pub(super) async fn get_document(
    db: Data<Db>,
    storage: Data<Storage>,
    looks: Data<Looks>,
    version: Version,
    SignedIn(actor): SignedIn,
    Path(number): Path<i64>,
) -> Result<HttpResponse, Problem> {
    let held = see((&db, &looks), &actor, number).await?;
    noted(&looks, &actor, Look::ReadDocument, &held).await?;
    let numbers = Numbers::of(&db, std::slice::from_ref(&held)).await?;
    let mut view = DocumentView::of(&held, &numbers, version);
    let text = documents::plain_text(db.read(), &storage, &actor, held.document.id).await;
    match text {
        Ok(Some(text)) => {
            noted(&looks, &actor, Look::ReadText, &held).await?;
            view.content = text;
        }
        // Whoever knows of it and does not read it sees what stands outside.
        Ok(None) | Err(DocumentError::Closed) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(HttpResponse::Ok().json(view))
}

async fn content(
    request: &HttpRequest,
    (db, looks): (&Db, &Looks),
    storage: &Storage,
    actor: &Actor,
    (number, disposition): (i64, Disposition),
) -> Result<HttpResponse, Problem> {
    let held = see((db, looks), actor, number).await?;
    let found = documents::content(db.read(), actor, held.document.id, Which::InForce).await;
    let (_, version, blob) = found?;
    let download = Download {
        sha256: version.sha256,
        sha512: Some(version.sha512),
        length_bytes: version.bytes,
        media_type: version.media_type,
        file_name: version.file_name.as_deref().and_then(FileName::clean),
        disposition,
    };
    // Name, length and digest are told by every answer but 304.
    if download.needs_bytes(request) {
        noted(looks, actor, Look::ReadContent, &held).await?;
    } else if !download.is_unchanged(request) {
        noted(looks, actor, Look::ReadDocument, &held).await?;
    }
    download
        .respond(request, async |span| {
            let range = span.start..span.start + span.length;
            let opened = storage.open(&blob, Some(range)).await;
            opened.map_err(|error| DocumentError::from(error).into())
        })
        .await
}

/// The content, to be saved.
#[utoipa::path(
    get, path = "/api/documents/{id}/download/", tag = "documents", operation_id = "paperlessDownload",
    params(("id" = i64, Path, description = "Its number"), OriginalQuery),
    responses(ContentAnswers, DetailProblems, RangeRefusals),
    security(("token" = []))
)]
pub(super) async fn get_download(
    request: HttpRequest,
    db: Data<Db>,
    storage: Data<Storage>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(number): Path<i64>,
) -> Result<HttpResponse, Problem> {
    let how = (number, Disposition::Attachment);
    content(&request, (&db, &looks), &storage, &actor, how).await
}

/// The content, to be shown.
#[utoipa::path(
    get, path = "/api/documents/{id}/preview/", tag = "documents", operation_id = "paperlessPreview",
    params(("id" = i64, Path, description = "Its number"), OriginalQuery),
    responses(ContentAnswers, DetailProblems, RangeRefusals),
    security(("token" = []))
)]
pub(super) async fn get_preview(
    request: HttpRequest,
    db: Data<Db>,
    storage: Data<Storage>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(number): Path<i64>,
) -> Result<HttpResponse, Problem> {
    let how = (number, Disposition::Inline);
    content(&request, (&db, &looks), &storage, &actor, how).await
}

/// A small picture: the same sheet for every document that you may see.
#[utoipa::path(
    get, path = "/api/documents/{id}/thumb/", tag = "documents", operation_id = "paperlessThumb",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "A sheet", body = Vec<u8>, content_type = "image/png", headers(
        ("ETag" = String, description = "The same for all"),
        ("Content-Disposition" = String, description = "`inline`"))),
        (status = 304, description = "Not changed", headers(("ETag" = String, description = "Still current"))),
        DetailProblems),
    security(("token" = []))
)]
pub(super) async fn get_thumb(
    db: Data<Db>,
    looks: Data<Looks>,
    if_none_match: IfNoneMatch,
    SignedIn(actor): SignedIn,
    Path(number): Path<i64>,
) -> Result<HttpResponse, Problem> {
    let held = see((&db, &looks), &actor, number).await?;
    noted(&looks, &actor, Look::ReadDocument, &held).await?;
    let etag = ETag::of_version(1);
    if if_none_match.has(&etag) {
        let etag = (header::ETAG, etag.to_string());
        return Ok(HttpResponse::NotModified().insert_header(etag).finish());
    }
    Ok(HttpResponse::Ok()
        .content_type("image/png")
        .insert_header((header::ETAG, etag.to_string()))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .insert_header(ContentDisposition {
            disposition: header::DispositionType::Inline,
            parameters: Vec::new(),
        })
        .body(SHEET))
}

/// What is known of the content.
#[utoipa::path(
    get, path = "/api/documents/{id}/metadata/", tag = "documents", operation_id = "paperlessMetadata",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "Digest, length, type", body = ContentView), DetailProblems),
    security(("token" = []))
)]
pub(super) async fn get_metadata(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(number): Path<i64>,
) -> Result<HttpResponse, Problem> {
    let held = see((&db, &looks), &actor, number).await?;
    noted(&looks, &actor, Look::ReadDocument, &held).await?;
    let version = held.version;
    Ok(HttpResponse::Ok().json(ContentView {
        original_checksum: hex::encode(version.sha256),
        original_size: version.bytes,
        original_mime_type: version.media_type,
        media_filename: version.file_name.clone(),
        original_filename: version.file_name,
        has_archive_version: false,
        original_metadata: Vec::new(),
        archive_checksum: None,
        archive_size: None,
        lang: "de",
    }))
}

/// Notes are not told here: whoever may see the document gets an empty list.
#[utoipa::path(
    get, path = "/api/documents/{id}/notes/", tag = "documents", operation_id = "paperlessNotes",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "An empty list", body = Vec<Nothing>), DetailProblems),
    security(("token" = []))
)]
pub(super) async fn get_notes(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(number): Path<i64>,
) -> Result<HttpResponse, Problem> {
    let held = see((&db, &looks), &actor, number).await?;
    noted(&looks, &actor, Look::ReadDocument, &held).await?;
    Ok(HttpResponse::Ok().json(Vec::<Nothing>::new()))
}

/// The contract of this interface: it stands apart from our own, whose rules it does not keep.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Papierlos, for clients of paperless-ngx",
        description = "What of the interface of paperless-ngx is offered here, for scanners and phones: putting in, \
            asking what became of it, looking up. Nothing is changed by it. Forms 2 to 10 are spoken \
            (`Accept: application/json; version=10`), others are 406. Refusals are `{\"detail\": …}`, or sentences by \
            field with 400. Numbers name the same thing for ever and were drawn by chance.",
        license(name = "EUPL-1.2", identifier = "EUPL-1.2")
    ),
    tags(
        (name = "intake", description = "Putting in"),
        (name = "documents", description = "Looking up documents"),
        (name = "lookup", description = "Pickers, and what clients ask at their start")
    ),
    paths(
        intake::post_token,
        intake::post_document,
        intake::get_tasks,
        intake::get_task,
        lookup::get_index,
        lookup::get_settings,
        lookup::get_tags,
        lookup::get_tag,
        lookup::get_correspondents,
        lookup::get_correspondent,
        lookup::get_kinds,
        lookup::get_kind,
        lookup::get_custom_fields,
        lookup::get_storage_paths,
        lookup::get_saved_views,
        lookup::get_statistics,
        lookup::get_autocomplete,
        get_documents,
        get_document,
        get_download,
        get_preview,
        get_thumb,
        get_metadata,
        get_notes
    )
)]
pub struct ApiDoc;

/// The routes of this interface.
pub fn routes(config: &mut web::ServiceConfig) {
    let to = |path: &str| web::resource(format!("/api/{path}"));
    config
        .service(to("").get(lookup::get_index))
        .service(to("token/").post(intake::post_token))
        .service(to("documents/post_document/").post(intake::post_document))
        .service(to("tasks/").get(intake::get_tasks))
        .service(to("tasks/{id}/").get(intake::get_task))
        .service(to("ui_settings/").get(lookup::get_settings))
        .service(to("tags/").get(lookup::get_tags))
        .service(to("tags/{id}/").get(lookup::get_tag))
        .service(to("correspondents/").get(lookup::get_correspondents))
        .service(to("correspondents/{id}/").get(lookup::get_correspondent))
        .service(to("document_types/").get(lookup::get_kinds))
        .service(to("document_types/{id}/").get(lookup::get_kind))
        .service(to("custom_fields/").get(lookup::get_custom_fields))
        .service(to("storage_paths/").get(lookup::get_storage_paths))
        .service(to("saved_views/").get(lookup::get_saved_views))
        .service(to("statistics/").get(lookup::get_statistics))
        .service(to("search/autocomplete/").get(lookup::get_autocomplete))
        .service(to("documents/").get(get_documents))
        .service(to("documents/{id}/").get(get_document))
        .service(to("documents/{id}/download/").get(get_download))
        .service(to("documents/{id}/preview/").get(get_preview))
        .service(to("documents/{id}/thumb/").get(get_thumb))
        .service(to("documents/{id}/metadata/").get(get_metadata))
        .service(to("documents/{id}/notes/").get(get_notes));
}
