//! Reading a document over HTTP: its bytes, its versions, its text, its history.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use storage::{Kms, Storage};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::fields;
use super::http::{note, refuse, see, store_problem};
use super::looking::{self, Which};
use super::model::DocumentError;
use super::text::{Page as TextPage, Pages, TEXT_BYTES_MAX};
use super::wire::{DocumentView, TextView, VersionView};
use crate::audit::event::Look;
use crate::audit::history::{History, history};
use crate::base::{Actor, DocumentId, Right};
use crate::departments::SignedIn;
use crate::http::content::Download;
use crate::http::extract::{Path, Query};
use crate::http::name::{Disposition, FileName};
use crate::http::openapi::{
    ContentAnswers, ContentProblems, IfNoneMatchParam, RangeParams, ReadProblems, TextProblems,
};
use crate::http::{Kind, Language, Problem, text};
use crate::ledger::looks::Looks;
use crate::unit::Db;

/// How content is handed out.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct ContentQuery {
    /// Whether a browser shows it instead of saving it.
    #[param(nullable = false)]
    inline: Option<bool>,
}

/// The content of the version in force.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/content", tag = "documents", operation_id = "readContent",
    params(("id" = Uuid, Path, description = "The document"), ContentQuery, RangeParams, IfNoneMatchParam),
    responses(ContentAnswers, ContentProblems),
    security(("token" = []))
)]
pub(super) async fn get_content(
    request: HttpRequest,
    db: Data<Db>,
    storage: Data<Storage>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    Query(query): Query<ContentQuery>,
) -> Result<HttpResponse, Problem> {
    download(
        &request,
        &db,
        &storage,
        &looks,
        &actor,
        id,
        Which::InForce,
        &query,
    )
    .await
}

/// The content of any version.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/versions/{number}/content", tag = "documents",
    operation_id = "readVersionContent",
    params(("id" = Uuid, Path, description = "The document"),
        ("number" = u64, Path, description = "The number of the version", minimum = 1),
        ContentQuery, RangeParams, IfNoneMatchParam),
    responses(ContentAnswers, ContentProblems),
    security(("token" = []))
)]
pub(super) async fn get_version_content(
    request: HttpRequest,
    db: Data<Db>,
    storage: Data<Storage>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path((id, number)): Path<(Uuid, u64)>,
    Query(query): Query<ContentQuery>,
) -> Result<HttpResponse, Problem> {
    download(
        &request,
        &db,
        &storage,
        &looks,
        &actor,
        id,
        Which::Number(number),
        &query,
    )
    .await
}

#[expect(
    clippy::too_many_arguments,
    reason = "what a download needs of its request"
)]
async fn download(
    request: &HttpRequest,
    db: &Db,
    storage: &Storage,
    looks: &Looks,
    actor: &Actor,
    id: Uuid,
    which: Which,
    query: &ContentQuery,
) -> Result<HttpResponse, Problem> {
    let id = DocumentId::of(id);
    let found = looking::content(db.read(), actor, id, which).await;
    if let Err(DocumentError::NotFound) = &found {
        refuse(looks, actor, id).await?;
    }
    let (document, version, blob) = found?;
    let disposition = if query.inline == Some(true) {
        Disposition::Inline
    } else {
        Disposition::Attachment
    };
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
        note(looks, actor, Look::ReadContent, Some(&document)).await?;
    } else if !download.is_unchanged(request) {
        note(looks, actor, Look::ReadDocument, Some(&document)).await?;
    }
    download
        .respond(request, async |span| {
            let range = span.start..span.start + span.length;
            storage
                .open(&blob, Some(range))
                .await
                .map_err(store_problem)
        })
        .await
}

/// All versions of a document.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/versions", tag = "documents", operation_id = "listVersions",
    params(("id" = Uuid, Path, description = "The document")),
    responses((status = 200, description = "Oldest first", body = VersionList), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_versions(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let held = see(&db, &looks, &actor, DocumentId::of(id)).await?;
    note(&looks, &actor, Look::ReadDocument, Some(&held.document)).await?;
    let versions = looking::versions(db.read(), &actor, held.document.id).await?;
    let items = versions.iter().map(VersionView::from).collect();
    Ok(HttpResponse::Ok().json(VersionList { items }))
}

/// All versions of a document.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VersionList {
    /// The versions, oldest first.
    items: Vec<VersionView>,
}

/// The text of the version in force, page by page.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/text", tag = "documents", operation_id = "readText",
    params(("id" = Uuid, Path, description = "The document")),
    responses((status = 200, description = "The text", body = DocumentText), TextProblems),
    security(("token" = []))
)]
pub(super) async fn get_text(
    db: Data<Db>,
    storage: Data<Storage>,
    looks: Data<Looks>,
    language: Language,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let id = DocumentId::of(id);
    let found = looking::text(db.read(), &actor, id).await;
    if let Err(DocumentError::NotFound) = &found {
        refuse(&looks, &actor, id).await?;
    }
    let (held, blob) = found?;
    note(&looks, &actor, Look::ReadText, Some(&held.document)).await?;
    let pages = match blob {
        Some(blob) => {
            let packed = storage
                .read(&blob, TEXT_BYTES_MAX)
                .await
                .map_err(store_problem)?;
            Pages::unpack(&packed)
                .map(|all| all.pages)
                .unwrap_or_default()
        }
        None => Vec::new(),
    };
    let view = DocumentView::of(&held, &[], language);
    let pages = pages
        .into_iter()
        .zip(1..)
        .map(|(page, number)| PageView::of(page, number));
    Ok(HttpResponse::Ok().json(DocumentText {
        version: held.version.number,
        text: view.text,
        pages: pages.collect(),
    }))
}

/// The text of a document.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DocumentText {
    /// The number of the version that it is the text of.
    version: u64,
    /// How it was read.
    text: TextView,
    /// The pages.
    pages: Vec<PageView>,
}

/// The text of one page.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PageView {
    /// 1, 2, 3 …
    number: u64,
    /// The text.
    text: String,
    /// `read`, `recognised` (from a picture of the page), `needs_ocr` (it is a picture), `cut` or `damaged`.
    state: String,
    /// `true`, where the page was looked at as a picture and nothing stands on it. It stays in the original.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    blank: bool,
    /// The codes on it, from top to bottom, where there are any. `GET /documents/{id}/pages/{number}` says where
    /// they stand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    codes: Vec<CodeView>,
}

/// What a code on a page says. Nobody has checked it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Code)]
pub(super) struct CodeView {
    /// `qr`, `data_matrix` or `code_128`.
    #[schema(example = "qr")]
    kind: &'static str,
    /// What it says.
    #[schema(max_length = 1000, example = "PL1:T?type=Antrag")]
    text: String,
}

impl PageView {
    fn of(page: TextPage, number: u64) -> Self {
        Self {
            number,
            text: page.text,
            state: page.state,
            blank: page.blank,
            codes: page
                .codes
                .into_iter()
                .map(|code| CodeView {
                    kind: code.kind.as_str(),
                    text: code.text,
                })
                .collect(),
        }
    }
}

/// As a history names what was found in the content besides its text.
const DETAILS: &str = "rendition.details";

/// What happened to a document, from the log: who, when, what, from which value to which.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/history", tag = "documents", operation_id = "readHistory",
    params(("id" = Uuid, Path, description = "The document")),
    responses((status = 200, description = "First thing first", body = History), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_history(
    db: Data<Db>,
    storage: Data<Storage>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let held = see(&db, &looks, &actor, DocumentId::of(id)).await?;
    if looking::only_results(db.read(), &actor, Right::Read, &held.document).await? {
        return Err(Problem::new(Kind::Forbidden).detail(text(
            "Zur Akteneinsicht Beteiligter gehört, was veraktet ist, nicht wie es entstand.",
            "A party inspects what is registered, not how it came about.",
        )));
    }
    let kms: &dyn Kms = storage.kms().as_ref();
    let mut found = history(db.read(), kms, held.document.id.raw()).await?;
    // What was found in the content is content: told to whoever may read that, and recorded as that.
    if !looking::sees(db.read(), &actor, Right::ReadContent, &held.document).await? {
        for entry in &mut found.items {
            entry.changes.retain(|change| change.field != DETAILS);
        }
    }
    let mut changes = found.items.iter().flat_map(|entry| &entry.changes);
    if changes.any(|change| change.field == DETAILS) {
        note(&looks, &actor, Look::ReadContent, Some(&held.document)).await?;
    }
    note(&looks, &actor, Look::ReadHistory, Some(&held.document)).await?;
    let found = fields::untold(db.read(), &actor, found).await?;
    Ok(HttpResponse::Ok().json(found))
}
