//! Pickers: tags, correspondents, types, and what clients ask at their start.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use indexer::Index;
use serde_json::{Map, Value};

use super::custom::CustomFieldView;
use super::model::{Called, WORDS_MAX};
use super::paging::{Page, origin, paging};
use super::queries::{AutocompleteQuery, DetailProblems, PageQuery, WordQuery};
use super::version::Version;
use super::wire::{MediaView, Nothing, Settings, SettingsView, StatisticsView, UserView, WordView};
use super::{ops, rows};
use crate::audit::event::Look;
use crate::base::{Actor, Right};
use crate::departments::{self, SignedIn};
use crate::documents::{self, Wanted, Words};
use crate::http::extract::{Path, pairs};
use crate::http::{Kind, Problem};
use crate::ledger::looks::{Looked, Looks};
use crate::search::{self, Engine, Follower};
use crate::unit::Db;

/// The release whose interface this is, for the settings of a client.
const RELEASE: &str = "3.0.5";

/// What is offered, by name.
const OFFERED: &[&str] = &[
    "correspondents",
    "custom_fields",
    "document_types",
    "documents",
    "saved_views",
    "storage_paths",
    "tags",
    "tasks",
];

/// What is offered, each with its address.
#[utoipa::path(
    get, path = "/api/", tag = "lookup", operation_id = "paperlessIndex",
    responses((status = 200, description = "Addresses by name", body = std::collections::BTreeMap<String, String>),
        DetailProblems),
    security(("token" = []))
)]
pub(super) async fn get_index(request: HttpRequest, _: SignedIn) -> Result<HttpResponse, Problem> {
    let origin = origin(&request);
    let offered = OFFERED.iter().map(|name| {
        let address = Value::from(format!("{origin}/api/{name}/"));
        ((*name).to_owned(), address)
    });
    Ok(HttpResponse::Ok().json(offered.collect::<Map<_, _>>()))
}

/// Who one is and what one may.
#[utoipa::path(
    get, path = "/api/ui_settings/", tag = "lookup", operation_id = "paperlessSettings",
    responses((status = 200, description = "The account and its rights", body = SettingsView), DetailProblems),
    security(("token" = []))
)]
pub(super) async fn get_settings(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let account = departments::account(db.read(), actor.account).await?;
    let account = account.ok_or_else(|| Problem::new(Kind::NotFound))?;
    let id = account.id.to_string();
    let numbers = rows::numbers(&db, Called::Account, std::slice::from_ref(&id)).await?;
    Ok(HttpResponse::Ok().json(SettingsView {
        user: UserView {
            id: numbers.get(&id).copied().unwrap_or_default(),
            username: account.login,
            first_name: account.name,
            last_name: "",
            is_staff: false,
            is_superuser: false,
            groups: Vec::new(),
        },
        settings: Settings {
            language: "de",
            app_title: "Papierlos",
            version: RELEASE,
        },
        permissions: permissions(&actor),
    }))
}

fn permissions(actor: &Actor) -> Vec<&'static str> {
    let mut all = vec!["view_uisettings", "view_paperlesstask"];
    if actor.may_somewhere(Right::Read) {
        all.extend([
            "view_document",
            "view_tag",
            "view_correspondent",
            "view_documenttype",
            "view_customfield",
        ]);
    }
    if actor.may_somewhere(Right::Receive) {
        all.push("add_document");
    }
    all
}

/// The words that the actor sees, narrowed as the address says.
async fn listed(
    request: &HttpRequest,
    db: &Db,
    actor: &Actor,
    which: Words,
) -> Result<Vec<WordView>, Problem> {
    let query = pairs(request.query_string())?;
    let value = |name: &str| {
        let named = query.iter().rev().find(|(known, _)| known == name);
        named.map(|(_, value)| value.to_lowercase())
    };
    let (within, exactly, starts) = (
        value("name__icontains"),
        value("name__iexact"),
        value("name__istartswith"),
    );
    let ids = value("id__in").map(|ids| super::model::numbers(&ids).unwrap_or_default());
    let fits = |number: i64, name: &str| {
        let name = name.to_lowercase();
        within
            .as_ref()
            .is_none_or(|text| name.contains(text.as_str()))
            && exactly.as_ref().is_none_or(|text| name == *text)
            && starts
                .as_ref()
                .is_none_or(|text| name.starts_with(text.as_str()))
            && ids.as_ref().is_none_or(|ids| ids.contains(&number))
    };
    let words = ops::words(db, actor, which).await?.into_iter();
    let mut found: Vec<WordView> = words
        .filter(|(number, word)| fits(*number, &word.name))
        .map(|(number, word)| WordView::of(which, number, word))
        .collect();
    if value("ordering").is_some_and(|by| by == "-name") {
        found.reverse();
    }
    Ok(found)
}

async fn words(
    request: &HttpRequest,
    (db, looks): (&Db, &Looks),
    version: Version,
    actor: &Actor,
    which: Words,
) -> Result<HttpResponse, Problem> {
    let found = listed(request, db, actor, which).await?;
    looks.note(Looked::of(Look::List, actor)).await?;
    let paging = paging(request, WORDS_MAX)?;
    let page = Page::cut(request, version, paging, found, |one| one.id)?;
    Ok(HttpResponse::Ok().json(page))
}

/// One word by its number, if it stands on a document that the actor sees.
async fn word(
    (db, looks): (&Db, &Looks),
    actor: &Actor,
    which: Words,
    number: i64,
) -> Result<HttpResponse, Problem> {
    let found = ops::words(db, actor, which).await?;
    let found = found.into_iter().find(|(known, _)| *known == number);
    let (number, word) = found.ok_or_else(|| Problem::new(Kind::NotFound))?;
    looks.note(Looked::of(Look::List, actor)).await?;
    Ok(HttpResponse::Ok().json(WordView::of(which, number, word)))
}

/// The tags on documents that you may see.
#[utoipa::path(
    get, path = "/api/tags/", tag = "lookup", operation_id = "paperlessTags", params(WordQuery),
    responses((status = 200, description = "By name", body = Page<WordView>), DetailProblems),
    security(("token" = []))
)]
pub(super) async fn get_tags(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    version: Version,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    words(&request, (&db, &looks), version, &actor, Words::Tags).await
}

/// One tag.
#[utoipa::path(
    get, path = "/api/tags/{id}/", tag = "lookup", operation_id = "paperlessTag",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The tag", body = WordView), DetailProblems),
    security(("token" = []))
)]
pub(super) async fn get_tag(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(number): Path<i64>,
) -> Result<HttpResponse, Problem> {
    word((&db, &looks), &actor, Words::Tags, number).await
}

/// The correspondents of documents that you may see.
#[utoipa::path(
    get, path = "/api/correspondents/", tag = "lookup", operation_id = "paperlessCorrespondents",
    params(WordQuery),
    responses((status = 200, description = "By name", body = Page<WordView>), DetailProblems),
    security(("token" = []))
)]
pub(super) async fn get_correspondents(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    version: Version,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    words(
        &request,
        (&db, &looks),
        version,
        &actor,
        Words::Correspondents,
    )
    .await
}

/// One correspondent.
#[utoipa::path(
    get, path = "/api/correspondents/{id}/", tag = "lookup", operation_id = "paperlessCorrespondent",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The correspondent", body = WordView), DetailProblems),
    security(("token" = []))
)]
pub(super) async fn get_correspondent(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(number): Path<i64>,
) -> Result<HttpResponse, Problem> {
    word((&db, &looks), &actor, Words::Correspondents, number).await
}

/// The document types of the house, and the types of documents that you may see.
#[utoipa::path(
    get, path = "/api/document_types/", tag = "lookup", operation_id = "paperlessDocumentTypes",
    params(WordQuery),
    responses((status = 200, description = "By name", body = Page<WordView>), DetailProblems),
    security(("token" = []))
)]
pub(super) async fn get_kinds(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    version: Version,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    words(&request, (&db, &looks), version, &actor, Words::Kinds).await
}

/// One type.
#[utoipa::path(
    get, path = "/api/document_types/{id}/", tag = "lookup", operation_id = "paperlessDocumentType",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The type", body = WordView), DetailProblems),
    security(("token" = []))
)]
pub(super) async fn get_kind(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(number): Path<i64>,
) -> Result<HttpResponse, Problem> {
    word((&db, &looks), &actor, Words::Kinds, number).await
}

fn nothing(request: &HttpRequest, version: Version) -> Result<HttpResponse, Problem> {
    let paging = paging(request, WORDS_MAX)?;
    let page = Page::cut(request, version, paging, Vec::<Nothing>::new(), |_| 0)?;
    Ok(HttpResponse::Ok().json(page))
}

/// The fields of the house, but for references.
#[utoipa::path(
    get, path = "/api/custom_fields/", tag = "lookup", operation_id = "paperlessCustomFields",
    params(PageQuery),
    responses((status = 200, description = "By what people read", body = Page<CustomFieldView>), DetailProblems),
    security(("token" = []))
)]
pub(super) async fn get_custom_fields(
    request: HttpRequest,
    db: Data<Db>,
    version: Version,
    _: SignedIn,
) -> Result<HttpResponse, Problem> {
    let fields = ops::fields(&db).await?.into_iter();
    let views: Vec<_> = fields
        .map(|(number, field)| CustomFieldView::of(number, &field))
        .collect();
    let paging = paging(&request, WORDS_MAX)?;
    let page = Page::cut(&request, version, paging, views, |one| one.id)?;
    Ok(HttpResponse::Ok().json(page))
}

/// There are no storage paths.
#[utoipa::path(
    get, path = "/api/storage_paths/", tag = "lookup", operation_id = "paperlessStoragePaths",
    params(PageQuery),
    responses((status = 200, description = "An empty page", body = Page<Nothing>), DetailProblems),
    security(("token" = []))
)]
pub(super) async fn get_storage_paths(
    request: HttpRequest,
    version: Version,
    _: SignedIn,
) -> Result<HttpResponse, Problem> {
    nothing(&request, version)
}

/// There are no saved views.
#[utoipa::path(
    get, path = "/api/saved_views/", tag = "lookup", operation_id = "paperlessSavedViews",
    params(PageQuery),
    responses((status = 200, description = "An empty page", body = Page<Nothing>), DetailProblems),
    security(("token" = []))
)]
pub(super) async fn get_saved_views(
    request: HttpRequest,
    version: Version,
    _: SignedIn,
) -> Result<HttpResponse, Problem> {
    nothing(&request, version)
}

/// How much there is, of what you may see.
#[utoipa::path(
    get, path = "/api/statistics/", tag = "lookup", operation_id = "paperlessStatistics",
    responses((status = 200, description = "Counts", body = StatisticsView), DetailProblems),
    security(("token" = []))
)]
pub(super) async fn get_statistics(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let on = db.read();
    let many = async |which: Words| {
        let found = documents::words(on, &actor, which).await?;
        Ok::<_, Problem>(u64::try_from(found.len()).unwrap_or(u64::MAX))
    };
    let media = documents::media(on, &actor).await?.into_iter();
    let view = StatisticsView {
        documents_total: documents::many(on, &actor, &[]).await?,
        documents_inbox: documents::many(on, &actor, &[Wanted::Unregistered(true)]).await?,
        inbox_tag: None,
        inbox_tags: Vec::new(),
        document_file_type_counts: media
            .map(|(mime_type, mime_type_count)| MediaView {
                mime_type,
                mime_type_count,
            })
            .collect(),
        character_count: 0,
        tag_count: many(Words::Tags).await?,
        correspondent_count: many(Words::Correspondents).await?,
        document_type_count: many(Words::Kinds).await?,
        storage_path_count: 0,
        current_asn: None,
    };
    looks.note(Looked::of(Look::List, &actor)).await?;
    Ok(HttpResponse::Ok().json(view))
}

/// Words that complete what is typed, from the documents that you may search.
#[utoipa::path(
    get, path = "/api/search/autocomplete/", tag = "lookup", operation_id = "paperlessAutocomplete",
    params(AutocompleteQuery),
    responses((status = 200, description = "Words", body = Vec<String>), DetailProblems),
    security(("token" = []))
)]
pub(super) async fn get_autocomplete(
    request: HttpRequest,
    db: Data<Db>,
    index: Data<Index>,
    follower: Data<Follower>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
) -> Result<HttpResponse, Problem> {
    let query = pairs(request.query_string())?;
    let value = |name: &str| {
        let named = query.iter().rev().find(|(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    };
    let limit = value("limit")
        .and_then(|limit| limit.parse().ok())
        .unwrap_or(10);
    let engine = Engine {
        db: &db,
        index: &index,
        follower: &follower,
    };
    let typed = ("term", value("term").unwrap_or_default());
    let found = search::words(engine, &actor, typed, limit).await?;
    looks.note(Looked::of(Look::Search, &actor)).await?;
    Ok(HttpResponse::Ok().json(found))
}
