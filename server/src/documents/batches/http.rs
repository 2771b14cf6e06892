//! Splitting over HTTP, and the sheets for it.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use sea_orm::ConnectionTrait;
use serde::Deserialize;
use storage::Storage;
use utoipa::IntoParams;
use uuid::Uuid;

use super::making::{MakeError, forget, make};
use super::model::{NotSplit, PARTS_MAX, Section, sections};
use super::ops::{self, By};
use super::wire::{BatchView, Split, SplitPart, SplitRequest};
use crate::audit::event::Look;
use crate::base::db::DbError;
use crate::base::{Actor, DocumentId, Right, VersionId};
use crate::codes::{self, Sheet};
use crate::departments::{self, SignedIn};
use crate::documents::domains::domain_of;
use crate::documents::entrance::Entrance;
use crate::documents::http::{expected, note, refuse, see, store_problem};
use crate::documents::list::visible_among_few;
use crate::documents::looking::{self, Which};
use crate::documents::model::{Document, DocumentError, TYPE_CHARS_MAX, Version};
use crate::documents::ops::may_change;
use crate::documents::pictures::Painter;
use crate::documents::rows;
use crate::documents::text::{Page, Pages, TEXT_BYTES_MAX};
use crate::http::extract::{IfMatch, Json, MaybeKey, Path, Query};
use crate::http::openapi::{
    IdempotencyParam, IfMatchParam, PlainProblems, ReadProblems, SplitProblems,
};
use crate::http::{Fault, Kind, Problem, text};
use crate::ledger::looks::Looks;
use crate::replay::{Answer, Once};
use crate::unit::{Db, Unit};

impl From<NotSplit> for Problem {
    fn from(reason: NotSplit) -> Self {
        let (german, english) = match reason {
            NotSplit::Before => (
                "Aus diesem Dokument sind schon Dokumente gebildet worden.",
                "Documents were made of this one before.",
            ),
            NotSplit::PartBefore => (
                "Aus genau diesen Seiten ist schon ein Dokument gebildet worden.",
                "A document was made of just these pages before.",
            ),
            NotSplit::NoSheets => (
                "Auf keiner Seite wurde ein Trennblatt gefunden. Bitte angeben, welche Seiten zusammengehören.",
                "No separator sheet was found on any page. Please say which pages belong together.",
            ),
            NotSplit::TooMany => (
                "Aus einem Dokument lassen sich höchstens 1.000 Dokumente bilden.",
                "At most 1,000 documents can be made of one.",
            ),
            NotSplit::Compartment => (
                "Das Dokument steht in einem geschützten Bereich; was daraus gebildet würde, stünde außerhalb.",
                "The document stands in a compartment; what would be made of it would not.",
            ),
            NotSplit::Content(reason) => {
                return Self::new(Kind::Conflict).detail(text(
                    format!(
                        "Aus dieser Datei lassen sich keine Seiten entnehmen. {}",
                        reason.german()
                    ),
                    format!(
                        "No pages can be taken out of this file. {}",
                        reason.english()
                    ),
                ));
            }
        };
        Self::new(Kind::Conflict).detail(text(german, english))
    }
}

/// Into which documents the version in force was split, by its separator sheets or by hand.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/split", tag = "documents", operation_id = "readSplit",
    params(("id" = Uuid, Path, description = "The document")),
    responses((status = 200, description = "What was made of it", body = Split), ReadProblems),
    security(("token" = []))
)]
pub(crate) async fn get_split(
    db: Data<Db>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let held = see(&db, &looks, &actor, DocumentId::of(id)).await?;
    note(&looks, &actor, Look::ReadDocument, Some(&held.document)).await?;
    let version = held.version.id;
    let visible = visible_among_few(&actor, Right::Read);
    let limit = u64::try_from(PARTS_MAX).unwrap_or(u64::MAX);
    let parts = rows::parts_of(db.read(), version, visible, limit).await?;
    Ok(HttpResponse::Ok().json(Split {
        document: id,
        version: held.version.number,
        pending: rows::waits_to_be_split(db.read(), version).await?,
        parts: made(&parts),
    }))
}

fn made(parts: &[Document]) -> Vec<SplitPart> {
    let parts = parts.iter();
    parts
        .filter_map(|part| Some(SplitPart::made(part, part.cut?)))
        .collect()
}

/// Makes documents of pages of the version in force: of those that are named, or of what lies between its
/// separator sheets.
///
/// The document itself stays as it is, in whatever state; each part is a document of its own, a PDF of its pages,
/// in the department of the document. With `dry_run` nothing is made, and the answer is 200.
#[utoipa::path(
    post, path = "/api/v1/documents/{id}/split", tag = "documents", operation_id = "splitDocument",
    params(("id" = Uuid, Path, description = "The document"), IfMatchParam, IdempotencyParam),
    request_body = SplitRequest,
    responses((status = 201, description = "Made; durable", body = Split, headers(
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        (status = 200, description = "What would be made", body = Split), SplitProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what splitting needs of its request"
)]
pub(crate) async fn post_split(
    request: HttpRequest,
    db: Data<Db>,
    storage: Data<Storage>,
    entrance: Data<Entrance>,
    painter: Data<Painter>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    MaybeKey(key): MaybeKey,
    Json(body): Json<SplitRequest>,
) -> Result<HttpResponse, Problem> {
    let once = Once::action(&actor, key, &request, &body)?;
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let id = DocumentId::of(id);
    let found = looking::content(db.read(), &actor, id, Which::InForce).await;
    if let Err(DocumentError::NotFound) = &found {
        refuse(&looks, &actor, id).await?;
    }
    let (document, version, content) = found?;
    may_change(&actor, &document)?;
    let expected = expected(&if_match, document.version)?;
    ops::may_split(&document, &version)?;
    let sections = planned(&db, &storage, (&actor, id), &body).await?;
    note(&looks, &actor, Look::ReadContent, Some(&document)).await?;
    if body.dry_run {
        return Ok(HttpResponse::Ok().json(plan(&document, &version, &sections)));
    }
    let domain = domain_of(db.read(), id).await?;
    let contents = {
        let (extractor, _place) = painter.hands(actor.account)?;
        let into = (db.get_ref(), storage.get_ref(), entrance.get_ref());
        let making = make(into, extractor, (&content, &domain), &sections);
        match Box::pin(making).await {
            Ok(contents) => contents,
            Err(error) => return Err(not_made(error, (&db, &actor), &document).await),
        }
    };
    let spare = contents.clone();
    let parts = sections.into_iter().zip(contents).collect();
    let (of, number, saved) = ((id, version.id), version.number, once.clone());
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            let parts = ops::keep_parts(unit, of, By::Hand { expected }, parts).await?;
            let answer = Answer::created(&Split {
                document: id.raw(),
                version: number,
                pending: false,
                parts: made(&parts),
            })?;
            saved.save(unit, &answer).await?;
            Ok::<_, DocumentError>(answer)
        })
        .await;
    if written.is_err() {
        forget(&db, &storage, spare).await;
    }
    once.finish(&db, written).await
}

/// What becomes of the request where no content was made.
async fn not_made(error: MakeError, (db, actor): (&Db, &Actor), document: &Document) -> Problem {
    match error {
        MakeError::Infected(infected) => {
            (*infected)
                .refuse(db, actor, Some(document.department))
                .await
        }
        MakeError::Document(error) => error.into(),
        MakeError::Entry(error) => error.into(),
        MakeError::Worker(error) => Problem::internal(error),
    }
}

/// What is to become a document.
async fn planned(
    db: &Db,
    storage: &Storage,
    (actor, id): (&Actor, DocumentId),
    body: &SplitRequest,
) -> Result<Vec<Section>, Problem> {
    let (held, blob) = looking::text(db.read(), actor, id).await?;
    let pages = held.text.as_ref().map_or(0, |text| text.pages);
    if let Some(named) = body.sections(pages)? {
        return Ok(named);
    }
    let read: Vec<Page> = match blob {
        Some(blob) => {
            let packed = storage.read(&blob, TEXT_BYTES_MAX).await;
            let packed = packed.map_err(store_problem)?;
            // A long text takes a while, and others are served by this thread.
            let read = tokio::task::spawn_blocking(move || Pages::unpack(&packed));
            let read = read.await.map_err(Problem::internal)?;
            read.map(|all| all.pages).unwrap_or_default()
        }
        None => Vec::new(),
    };
    let found = sections(&read);
    if found.is_empty() {
        return Err(NotSplit::NoSheets.into());
    }
    if found.len() > PARTS_MAX {
        return Err(NotSplit::TooMany.into());
    }
    Ok(found)
}

fn plan(document: &Document, version: &Version, sections: &[Section]) -> Split {
    let parts = (1_usize..).zip(sections);
    Split {
        document: document.id.raw(),
        version: version.number,
        pending: false,
        parts: parts
            .map(|(number, one)| SplitPart::planned(one, &document.metadata.title, number))
            .collect(),
    }
}

/// Of which pages of which document a document was made, where the actor may see that one.
pub(in crate::documents) async fn batch_of(
    on: &impl ConnectionTrait,
    actor: &Actor,
    document: &Document,
) -> Result<Option<BatchView>, DbError> {
    let Some(cut) = document.cut else {
        return Ok(None);
    };
    let Some(batch) = rows::find(on, cut.batch).await? else {
        return Ok(None);
    };
    if !looking::sees(on, actor, Right::Read, &batch).await? {
        return Ok(None);
    }
    let number = number_of(on, cut.version).await?;
    Ok(number.map(|number| BatchView::of(&batch, number, cut)))
}

async fn number_of(on: &impl ConnectionTrait, id: VersionId) -> Result<Option<u64>, DbError> {
    let found = rows::version(on, id).await?;
    Ok(found.map(|(version, _)| version.number))
}

/// What a separator sheet says of the document behind it.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct SheetQuery {
    /// The short name of the department for which it is: one in which you may file.
    #[param(nullable = false, example = "buergerbuero")]
    department: Option<String>,
    /// Dokumenttyp.
    #[serde(rename = "type")]
    #[param(nullable = false, max_length = 100, example = "Antrag")]
    kind: Option<String>,
}

/// A separator sheet (Trennblatt) to be printed, front and back.
///
/// Laid before each document of a batch that is scanned as one file, it parts them: each becomes a document of
/// its own. It may be used again and again.
#[utoipa::path(
    get, path = "/api/v1/separator-sheets", tag = "documents", operation_id = "printSeparatorSheet",
    params(SheetQuery),
    responses((status = 200, description = "Two pages of A4", body = Vec<u8>,
        content_type = "application/pdf"), PlainProblems),
    security(("token" = []))
)]
pub(crate) async fn get_separator_sheet(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Query(query): Query<SheetQuery>,
) -> Result<HttpResponse, Problem> {
    let fault = |name: &'static str, fault| Problem::new(Kind::QueryInvalid).parameter(name, fault);
    let mut named = None;
    let mut sheet = Sheet::default();
    if let Some(wanted) = query.department {
        let all = departments::departments(db.read()).await?;
        let own = |one: &&departments::Department| actor.may_in(Right::Receive, one.id);
        let found = all.iter().filter(own).find(|one| one.slug == wanted);
        let found = found.ok_or_else(|| fault("department", Fault::NotFound))?;
        named = Some(found.name.clone());
        sheet.department = Some(found.slug.clone());
    }
    if let Some(kind) = query.kind {
        let line = kind.split_whitespace().collect::<Vec<_>>().join(" ");
        let max = TYPE_CHARS_MAX.min(codes::VALUE_CHARS_MAX);
        if line.is_empty() {
            return Err(fault("type", Fault::TooShort { min: 1 }));
        }
        if line.chars().count() > max {
            let max = u64::try_from(max).unwrap_or(u64::MAX);
            return Err(fault("type", Fault::TooLong { max }));
        }
        sheet.kind = Some(line);
    }
    let printed = codes::separator(&sheet, named.as_deref());
    let expected = text(
        "Text ohne Steuerzeichen, nicht zu lang für einen Code",
        "text without control characters, not too long for a code",
    );
    let printed = printed.ok_or_else(|| fault("type", Fault::WrongFormat { expected }))?;
    Ok(HttpResponse::Ok()
        .content_type("application/pdf")
        .body(printed))
}
