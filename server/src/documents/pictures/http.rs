//! Pages and their pictures over HTTP.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use indexer::SearchError;
use indexer::extract::PageShape;
use sea_orm::ConnectionTrait;
use serde::Deserialize;
use storage::{Blob, Storage};
use utoipa::IntoParams;
use uuid::Uuid;

use super::ground::{Ground, ground};
use super::wire::{
    NoPicture, PageCode, PageConversion, PageOfDocument, PageRecognition, PageSize, PageText,
    PageWord, PictureLink,
};
use super::words::{self, Sheet};
use super::{Easel, MEDIA_TYPE, Painter, Shapes, THUMBNAIL, WIDTH_DEFAULT, WIDTHS};
use crate::audit::event::Look;
use crate::base::{Actor, DocumentId};
use crate::departments::SignedIn;
use crate::documents::asking::askable;
use crate::documents::converting::why_unconverted;
use crate::documents::http::{note, refuse, store_problem};
use crate::documents::looking::{self, LOOKS_MAX, Which};
use crate::documents::model::{Document, DocumentError, TextInfo, Version};
use crate::documents::rows;
use crate::documents::text::{Page, Pages, TEXT_BYTES_MAX};
use crate::http::content::Download;
use crate::http::extract::{Path, Query};
use crate::http::name::Disposition;
use crate::http::openapi::{
    IfNoneMatchParam, PageProblems, PictureAnswers, PictureProblems, RangeParams, ThumbnailAnswers,
};
use crate::http::{Fault, Kind, Language, Problem, text};
use crate::ledger::looks::Looks;
use crate::unit::Db;

/// Which version is meant, and what is looked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// The number of the version; the one in force where nothing is said.
    #[param(nullable = false, minimum = 1)]
    version: Option<u64>,
    /// Which words are marked, in the language of searches: those that a search finds, but for typing errors.
    #[param(nullable = false, max_length = 2000)]
    q: Option<String>,
    /// Whether the number is that of a page of the text, as searches tell it: then the page is told on which that
    /// one begins. Where an office program has parted the document among pages it is told about where.
    #[param(nullable = false)]
    by_text: bool,
}

/// Which version is meant, and how wide its picture is.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct PictureQuery {
    /// How many dots wide: 320, 800 or 1600; 800 where nothing is said.
    #[param(nullable = false, example = 800)]
    width: Option<u64>,
    /// The number of the version; the one in force where nothing is said.
    #[param(nullable = false, minimum = 1)]
    version: Option<u64>,
}

/// Which version is meant.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ThumbnailQuery {
    /// The number of the version; the one in force where nothing is said.
    #[param(nullable = false, minimum = 1)]
    version: Option<u64>,
}

impl PictureQuery {
    fn width(&self) -> Result<u16, Problem> {
        let Some(width) = self.width else {
            return Ok(WIDTH_DEFAULT);
        };
        let found = WIDTHS.into_iter().find(|one| u64::from(*one) == width);
        found.ok_or_else(|| {
            let allowed = WIDTHS.iter().map(u16::to_string).collect();
            Problem::new(Kind::QueryInvalid).parameter("width", Fault::NotOneOf { allowed })
        })
    }
}

fn which(version: Option<u64>) -> Which {
    version.map_or(Which::InForce, Which::Number)
}

/// A version whose content the actor may read; an attempt at a document that he may not see is recorded.
async fn readable(
    (db, looks): (&Db, &Looks),
    actor: &Actor,
    id: DocumentId,
    which: Which,
) -> Result<(Document, Version, Blob), Problem> {
    let found = looking::content(db.read(), actor, id, which).await;
    if let Err(DocumentError::NotFound) = &found {
        refuse(looks, actor, id).await?;
    }
    Ok(found?)
}

/// One page: how large it is, its pictures, its text, its words with where they stand.
///
/// The size is that of the page as it is looked at. Words are told of pages that were recognised and of those
/// that bring their text. `drawn_from` says what the pictures show: of a document that has no pages of its own
/// they are those that an office program makes of it, or its text on sheets of paper.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/pages/{number}", tag = "documents", operation_id = "readPage",
    params(("id" = Uuid, Path, description = "The document"),
        ("number" = u32, Path, description = "The number of the page", minimum = 1),
        PageQuery),
    responses((status = 200, description = "The page", body = PageOfDocument), PageProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what a page needs of its request"
)]
pub(crate) async fn get_page(
    db: Data<Db>,
    storage: Data<Storage>,
    looks: Data<Looks>,
    painter: Data<Painter>,
    language: Language,
    SignedIn(actor): SignedIn,
    Path((id, number)): Path<(Uuid, u32)>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let place = (db.get_ref(), looks.get_ref());
    let wanted = which(query.version);
    let found = readable(place, &actor, DocumentId::of(id), wanted).await?;
    let (document, version, content) = found;
    let easel = Easel {
        db: &db,
        storage: &storage,
        painter: &painter,
        account: actor.account,
    };
    at(number).ok_or(DocumentError::NoVersion)?;
    let read = text_of(db.read(), &storage, &version).await?;
    let ground = ground(&easel, &version, &content).await?;
    let text_pages = read.as_ref().map_or(0, |(info, _)| info.pages);
    let mut view = match easel.shapes(&version, &ground).await? {
        Err(reason) => {
            // That there is no picture is told of the first page, whether or not there is any.
            if u64::from(number) > text_pages.max(1) {
                return Err(DocumentError::NoVersion.into());
            }
            let mut view = PageOfDocument::of(version.number, number);
            view.pages = text_pages;
            view.text = text_on(read.as_ref(), number);
            view.no_picture = Some(NoPicture::of(reason, language));
            view
        }
        Ok(shapes) => {
            let number = if query.by_text {
                let number = shapes.of_text(number, &ground, text_pages);
                number.ok_or(DocumentError::NoVersion)?
            } else {
                number
            };
            let place = (id, number);
            drawn(
                &easel,
                (&version, &ground),
                (place, &shapes),
                (read, query.q),
            )
            .await?
        }
    };
    if !matches!(ground, Ground::Converted(..)) {
        let why = why_unconverted(db.read(), version.id, db.now()).await?;
        view.conversion = why.map(|why| PageConversion::of(&why, language));
    }
    note(&looks, &actor, Look::ReadText, Some(&document)).await?;
    Ok(HttpResponse::Ok().json(view))
}

/// A page that has pictures.
async fn drawn(
    easel: &Easel<'_>,
    (version, ground): (&Version, &Ground),
    ((id, number), shapes): ((Uuid, u32), &Shapes),
    (read, query): (Option<(TextInfo, Vec<Page>)>, Option<String>),
) -> Result<PageOfDocument, Problem> {
    let page = at(number).ok_or(DocumentError::NoVersion)?;
    let shape = shapes.pages.get(page).ok_or(DocumentError::NoVersion)?;
    let mut view = PageOfDocument::of(version.number, number);
    view.pages = u64::try_from(shapes.pages.len()).unwrap_or(u64::MAX);
    view.drawn_from = Some(ground.name());
    view.text_page = match (&shapes.leaves, ground) {
        (Some(leaves), _) => leaves.get(page).copied(),
        (None, Ground::Converted(..)) => None,
        (None, Ground::Content(_) | Ground::Text(..)) => Some(number),
    };
    view.text = view.text_page.and_then(|on| text_on(read.as_ref(), on));
    view.pictures = pictures(easel, (version, ground), (id, number), shape).await?;
    view.size = Some(PageSize::of(shape));
    view.rotation = Some(shape.rotation);
    if let (Ground::Content(_), Some((_, pages))) = (ground, &read)
        && let Some(page) = pages.get(page)
    {
        view.codes = PageCode::all(&page.codes, shape.size);
    }
    let unread = view
        .text
        .as_ref()
        .is_some_and(|text| text.state == "needs_ocr");
    let sheet = sheet(easel, (version, ground), number).await?;
    // Of a page that waits to be recognised it is not known that it has no words.
    let sheet = sheet.filter(|sheet| !(unread && sheet.words.is_empty()));
    if let Some(mut sheet) = sheet {
        if let Ground::Converted(..) = ground {
            view.text = Some(PageText {
                state: "read".to_owned(),
                blank: false,
                text: sheet.text(),
            });
        }
        let recognised = sheet.recognised.take();
        view.recognition =
            recognised.map(|(engine, languages)| PageRecognition { engine, languages });
        view.words = Some(marked(easel.db, sheet, query).await?);
    }
    Ok(view)
}

/// What stands on a page of the text.
fn text_on(read: Option<&(TextInfo, Vec<Page>)>, number: u32) -> Option<PageText> {
    let (_, pages) = read?;
    let page = pages.get(at(number)?)?;
    Some(PageText {
        state: page.state.clone(),
        blank: page.blank,
        text: page.text.clone(),
    })
}

/// The place of a page among the others; there is no page 0.
fn at(number: u32) -> Option<usize> {
    usize::try_from(number.checked_sub(1)?).ok()
}

/// The text of a version, as far as it was read: what became of it, and its pages.
pub(super) async fn text_of(
    on: &impl ConnectionTrait,
    storage: &Storage,
    version: &Version,
) -> Result<Option<(TextInfo, Vec<Page>)>, Problem> {
    // Between looking for the blob and for its key it may have followed its document.
    for _ in 0..LOOKS_MAX {
        let texts = rows::texts(on, &[version.id]).await?;
        let Some((_, info, name)) = texts.into_iter().next() else {
            return Ok(None);
        };
        let Some(name) = name else {
            return Ok(Some((info, Vec::new())));
        };
        if let Some(blob) = rows::blob_to_open(on, &name).await? {
            let packed = storage.read(&blob, TEXT_BYTES_MAX).await;
            let packed = packed.map_err(store_problem)?;
            // A long text takes a while, and others are served by this thread.
            let pages = tokio::task::spawn_blocking(move || Pages::unpack(&packed));
            let pages = pages.await.map_err(Problem::internal)?;
            let pages = pages.map(|all| all.pages).unwrap_or_default();
            return Ok(Some((info, pages)));
        }
    }
    Ok(None)
}

/// Where the pictures of a page are, and the digests of those that were drawn before.
async fn pictures(
    easel: &Easel<'_>,
    (version, ground): (&Version, &Ground),
    (id, number): (Uuid, u32),
    shape: &PageShape,
) -> Result<Vec<PictureLink>, Problem> {
    let mut links = Vec::with_capacity(WIDTHS.len());
    for width in WIDTHS {
        let page = (number, width);
        let sha256 = easel.drawn_before(version, ground, page).await?;
        let place = (id, version.number, number);
        links.push(PictureLink::of(place, shape, (width, sha256)));
    }
    Ok(links)
}

/// The words of a page with where they stand: those that were recognised, else those that it brings.
async fn sheet(
    easel: &Easel<'_>,
    (version, ground): (&Version, &Ground),
    number: u32,
) -> Result<Option<Sheet>, Problem> {
    if let Ground::Content(_) = ground
        && let Some(sheet) = words::recognised(easel, version, number).await?
    {
        return Ok(Some(sheet));
    }
    let places = easel.places(version, ground, number).await?;
    Ok(places.map(Sheet::of_places))
}

/// The words of a page, those that `query` asks for marked.
async fn marked(db: &Db, sheet: Sheet, query: Option<String>) -> Result<Vec<PageWord>, Problem> {
    let query = query.filter(|query| !query.trim().is_empty());
    let Some(query) = query else {
        return Ok(PageWord::all(sheet, None));
    };
    let fields = askable(db.read(), &query).await?;
    // A full page takes a while, and others are served by this thread.
    let marked = tokio::task::spawn_blocking(move || {
        let marks = sheet.marked(&query, &fields)?;
        Ok::<_, SearchError>(PageWord::all(sheet, Some(marks)))
    });
    let marked = marked.await.map_err(Problem::internal)?;
    marked.map_err(|error| {
        let detail = text(error.german(), error.to_string());
        let code = "query-too-large";
        Problem::new(Kind::QueryInvalid).parameter("q", Fault::Rule { code, detail })
    })
}

/// A page as a picture.
///
/// It is drawn the first time that somebody asks for it, and kept: the same bytes come back each time. The
/// entity tag is their SHA-256.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/pages/{number}/picture", tag = "documents",
    operation_id = "readPicture",
    params(("id" = Uuid, Path, description = "The document"),
        ("number" = u32, Path, description = "The number of the page", minimum = 1),
        PictureQuery, RangeParams, IfNoneMatchParam),
    responses(PictureAnswers, PictureProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what a picture needs of its request"
)]
pub(crate) async fn get_picture(
    request: HttpRequest,
    db: Data<Db>,
    storage: Data<Storage>,
    looks: Data<Looks>,
    painter: Data<Painter>,
    SignedIn(actor): SignedIn,
    Path((id, number)): Path<(Uuid, u32)>,
    Query(query): Query<PictureQuery>,
) -> Result<HttpResponse, Problem> {
    let width = query.width()?;
    let easel = Easel {
        db: &db,
        storage: &storage,
        painter: &painter,
        account: actor.account,
    };
    let page = (DocumentId::of(id), which(query.version), number, width);
    show(&request, &easel, (&looks, &actor), page).await
}

/// The first page as a small picture.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/thumbnail", tag = "documents", operation_id = "readThumbnail",
    params(("id" = Uuid, Path, description = "The document"), ThumbnailQuery, RangeParams, IfNoneMatchParam),
    responses(ThumbnailAnswers, PictureProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what a picture needs of its request"
)]
pub(crate) async fn get_thumbnail(
    request: HttpRequest,
    db: Data<Db>,
    storage: Data<Storage>,
    looks: Data<Looks>,
    painter: Data<Painter>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    Query(query): Query<ThumbnailQuery>,
) -> Result<HttpResponse, Problem> {
    let easel = Easel {
        db: &db,
        storage: &storage,
        painter: &painter,
        account: actor.account,
    };
    let page = (DocumentId::of(id), which(query.version), 1, THUMBNAIL);
    show(&request, &easel, (&looks, &actor), page).await
}

/// Sends a picture, drawn now or before, as content is sent.
async fn show(
    request: &HttpRequest,
    easel: &Easel<'_>,
    (looks, actor): (&Looks, &Actor),
    (id, which, number, width): (DocumentId, Which, u32, u16),
) -> Result<HttpResponse, Problem> {
    let found = readable((easel.db, looks), actor, id, which).await?;
    let (document, version, content) = found;
    let ground = ground(easel, &version, &content).await?;
    let picture = easel.picture(&version, &ground, (number, width)).await?;
    let (blob, sha256) = picture;
    let download = Download {
        sha256,
        sha512: None,
        length_bytes: blob.content_bytes,
        media_type: MEDIA_TYPE.to_owned(),
        file_name: None,
        disposition: Disposition::Inline,
    };
    // That there is such a page, and what its digest is, is told by every answer but 304.
    if download.needs_bytes(request) {
        note(looks, actor, Look::ReadContent, Some(&document)).await?;
    } else if !download.is_unchanged(request) {
        note(looks, actor, Look::ReadDocument, Some(&document)).await?;
    }
    download
        .respond(request, async |span| {
            let range = span.start..span.start + span.length;
            let opened = easel.storage.open(&blob, Some(range)).await;
            opened.map_err(store_problem)
        })
        .await
}
