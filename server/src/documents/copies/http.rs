//! Searchable copies over HTTP.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use indexer::extract::Reason;
use serde::Deserialize;
use storage::{Blob, Storage};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{COPY_MEDIA_TYPE, Refusal, Standing, standing};
use crate::audit::event::Look;
use crate::base::db::DbError;
use crate::base::{Actor, DocumentId, Job, JobKind};
use crate::departments::SignedIn;
use crate::documents::http::{note, refuse, store_problem};
use crate::documents::looking::{self, Which};
use crate::documents::model::{Document, DocumentError, Version};
use crate::documents::scans::{self, Waiting, WaitingState, WaitingView};
use crate::http::content::Download;
use crate::http::extract::{Path, Query};
use crate::http::name::{Disposition, FileName};
use crate::http::openapi::{CopyAnswers, CopyProblems, IfNoneMatchParam, RangeParams};
use crate::http::{Kind, Problem, Text, text};
use crate::ledger::looks::Looks;
use crate::unit::{Db, Unit};

/// After so many seconds it is worth asking again for a copy that is being made.
const ASK_AGAIN_SECONDS: u64 = 5;
/// Of the name of the content so many characters are taken, so that what it is stays at its end.
const STEM_CHARS_MAX: usize = 100;

/// How a copy is handed out.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct CopyQuery {
    /// Whether a browser shows it instead of saving it.
    #[param(nullable = false)]
    inline: Option<bool>,
}

/// The searchable copy of a scan (PDF/A), of the version in force.
///
/// The pages as pictures, with what was recognised on them as text behind them. It is made when somebody asks
/// for it the first time: 202 says how far that is, the copy comes with one of the next requests. It is no
/// substitute for the content: it is not signed, and its pictures are smaller.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/copy", tag = "documents", operation_id = "readCopy",
    params(("id" = Uuid, Path, description = "The document"), CopyQuery, RangeParams, IfNoneMatchParam),
    responses(CopyAnswers, (status = 202, description = "It is still to be made", body = WaitingView, headers(
        ("Retry-After" = u64, description = "Seconds until the next try makes sense"))),
        CopyProblems),
    security(("token" = []))
)]
pub(crate) async fn get_copy(
    request: HttpRequest,
    db: Data<Db>,
    storage: Data<Storage>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    Query(query): Query<CopyQuery>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked {
        request: &request,
        db: &db,
        storage: &storage,
        looks: &looks,
        actor: &actor,
    };
    asked.show(DocumentId::of(id), Which::InForce, &query).await
}

/// The searchable copy of a scan (PDF/A), of any version.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/versions/{number}/copy", tag = "documents",
    operation_id = "readVersionCopy",
    params(("id" = Uuid, Path, description = "The document"),
        ("number" = u64, Path, description = "The number of the version", minimum = 1),
        CopyQuery, RangeParams, IfNoneMatchParam),
    responses(CopyAnswers, (status = 202, description = "It is still to be made", body = WaitingView, headers(
        ("Retry-After" = u64, description = "Seconds until the next try makes sense"))),
        CopyProblems),
    security(("token" = []))
)]
pub(crate) async fn get_version_copy(
    request: HttpRequest,
    db: Data<Db>,
    storage: Data<Storage>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path((id, number)): Path<(Uuid, u64)>,
    Query(query): Query<CopyQuery>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked {
        request: &request,
        db: &db,
        storage: &storage,
        looks: &looks,
        actor: &actor,
    };
    let which = Which::Number(number);
    asked.show(DocumentId::of(id), which, &query).await
}

/// A request for a copy.
struct Asked<'a> {
    request: &'a HttpRequest,
    db: &'a Db,
    storage: &'a Storage,
    looks: &'a Looks,
    actor: &'a Actor,
}

impl Asked<'_> {
    /// Sends the copy as content is sent, or says how far it is.
    async fn show(
        &self,
        id: DocumentId,
        which: Which,
        query: &CopyQuery,
    ) -> Result<HttpResponse, Problem> {
        let on = self.db.read();
        let found = looking::content(on, self.actor, id, which).await;
        if let Err(DocumentError::NotFound) = &found {
            refuse(self.looks, self.actor, id).await?;
        }
        let (document, version, _content) = found?;
        let task = match standing(on, version.id, self.db.now()).await? {
            Standing::Made(blob, sha256) => {
                return self.send(&document, &version, (&blob, sha256), query).await;
            }
            Standing::Refused(refusal) => return self.none(&document, explained(refusal)).await,
            Standing::None => return self.none(&document, no_need()).await,
            Standing::Pending => "scan",
            Standing::Open => "copy",
        };
        let waiting = self.waiting(&version, task == "copy").await?;
        if waiting.is_some_and(|waiting| waiting.state == WaitingState::Failed) {
            return self.none(&document, failed()).await;
        }
        self.look(&document, Look::ReadDocument).await?;
        let view = waiting.map(WaitingView::from);
        let view = view.unwrap_or_else(|| WaitingView::beginning(task));
        Ok(HttpResponse::Accepted()
            .insert_header((header::RETRY_AFTER, ASK_AGAIN_SECONDS.to_string()))
            .json(view))
    }

    /// What is still to be done before the copy is there; `make`: nothing but that, and it is put into the
    /// queue where it does not stand there.
    async fn waiting(&self, version: &Version, make: bool) -> Result<Option<Waiting>, Problem> {
        let jobs: &[JobKind] = if make {
            &[JobKind::MakeCopy]
        } else {
            &[JobKind::ExtractText, JobKind::ReadScan]
        };
        let on = self.db.read();
        let found = scans::waiting_for(on, version.id, jobs, self.db.now()).await?;
        if found.is_some() || !make {
            return Ok(found);
        }
        let id = version.id;
        let asked: Result<(), DbError> = self
            .db
            .keep_house(async move |unit: &mut Unit| {
                unit.enqueue(Job::MakeCopy(id));
                Ok(())
            })
            .await;
        asked?;
        Ok(scans::waiting_for(on, id, jobs, self.db.now()).await?)
    }

    async fn send(
        &self,
        document: &Document,
        version: &Version,
        (blob, sha256): (&Blob, [u8; 32]),
        query: &CopyQuery,
    ) -> Result<HttpResponse, Problem> {
        let download = Download {
            sha256,
            sha512: None,
            length_bytes: blob.content_bytes,
            media_type: COPY_MEDIA_TYPE.to_owned(),
            file_name: file_name(document, version),
            disposition: if query.inline == Some(true) {
                Disposition::Inline
            } else {
                Disposition::Attachment
            },
        };
        // Name, length and digest are told by every answer but 304.
        if download.needs_bytes(self.request) {
            self.look(document, Look::ReadContent).await?;
        } else if !download.is_unchanged(self.request) {
            self.look(document, Look::ReadDocument).await?;
        }
        download
            .respond(self.request, async |span| {
                let range = span.start..span.start + span.length;
                let opened = self.storage.open(blob, Some(range)).await;
                opened.map_err(store_problem)
            })
            .await
    }

    /// Whoever learns why there is no copy has seen something of the document.
    async fn none(&self, document: &Document, detail: Text) -> Result<HttpResponse, Problem> {
        self.look(document, Look::ReadDocument).await?;
        Err(Problem::new(Kind::NoCopy).detail(detail))
    }

    async fn look(&self, document: &Document, look: Look) -> Result<(), Problem> {
        note(self.looks, self.actor, look, Some(document)).await
    }
}

/// What a copy is called: as the content, and that it is a copy.
fn file_name(document: &Document, version: &Version) -> Option<FileName> {
    let title = document.metadata.title.as_str();
    let whole = version.file_name.as_deref();
    let stem = whole.map_or(title, |name| match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        Some(_) | None => name,
    });
    // No part of a title is a folder.
    let stem: String = stem
        .chars()
        .map(|c| if matches!(c, '/' | '\\') { '-' } else { c })
        .take(STEM_CHARS_MAX)
        .collect();
    FileName::clean(&format!("{} (durchsuchbare Kopie).pdf", stem.trim()))
}

fn no_need() -> Text {
    text(
        "Eine durchsuchbare Kopie gibt es nur von gescannten Seiten, deren Text erkannt wurde. Dieses \
         Dokument bringt seinen Text mit oder hat keine Seiten, die sich zeichnen lassen: Bitte das Original \
         nehmen.",
        "There are searchable copies only of scanned pages whose text was recognised. This document brings its \
         text, or has no pages that can be drawn: please take the original.",
    )
}

fn failed() -> Text {
    text(
        "Die durchsuchbare Kopie konnte mehrmals nicht erstellt werden. Das Original ist unversehrt \
         gespeichert; bitte die Systemverwaltung verständigen.",
        "The searchable copy could not be made several times. The original is stored unharmed; please tell \
         whoever runs the server.",
    )
}

fn explained(refusal: Refusal) -> Text {
    match refusal {
        Refusal::Signed => text(
            "Die Datei ist elektronisch signiert. Von ihr wird keine Kopie gemacht, die man für das signierte \
             Dokument halten könnte: Bitte das Original nehmen.",
            "The file is signed. No copy is made of it that could be taken for what was signed: please take \
             the original.",
        ),
        Refusal::Pages => text(
            "Das Dokument hat mehr Seiten, als in eine durchsuchbare Kopie aufgenommen werden (500). Bitte das \
             Original nehmen.",
            "The document has more pages than go into a searchable copy (500). Please take the original.",
        ),
        Refusal::Size => text(
            "Das Dokument ist für eine durchsuchbare Kopie zu umfangreich. Bitte das Original nehmen.",
            "The document is too large for a searchable copy. Please take the original.",
        ),
        Refusal::Drawing(Reason::Encrypted | Reason::PartsEncrypted) => text(
            "Die Datei ist mit einem Kennwort geschützt; ihre Seiten können nicht gezeichnet werden.",
            "The file is protected by a password; its pages cannot be drawn.",
        ),
        Refusal::Drawing(
            Reason::TooLarge
            | Reason::TimedOut
            | Reason::OutOfMemory
            | Reason::PartsOverLimit
            | Reason::PartsTooDeep
            | Reason::Unsafe,
        ) => text(
            "Mindestens eine Seite ist zu aufwendig, um gezeichnet zu werden; eine Kopie, in der sie fehlt, \
             wird nicht gemacht. Das Original ist unversehrt gespeichert.",
            "At least one page is too costly to be drawn, and no copy is made without it. The original is \
             stored unharmed.",
        ),
        Refusal::Drawing(
            Reason::Empty
            | Reason::Damaged
            | Reason::Crashed
            | Reason::NoText
            | Reason::UnknownFormat
            | Reason::NotText
            | Reason::UnreadPicture
            | Reason::PartsDamaged
            | Reason::PartsElsewhere
            | Reason::Biometric
            | Reason::Withheld
            | Reason::PartsInfected
            | Reason::PartsUnscanned,
        ) => text(
            "Mindestens eine Seite kann nicht gezeichnet werden; eine Kopie, in der sie fehlt, wird nicht \
             gemacht. Das Original ist unversehrt gespeichert.",
            "At least one page cannot be drawn, and no copy is made without it. The original is stored \
             unharmed.",
        ),
    }
}
