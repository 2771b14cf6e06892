//! What says the same as a document, over HTTP.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{self, Data};
use indexer::likeness::Text;
use storage::{Blob, Storage, StoreError};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::wire::{Duplicates, FoundDuplicate};
use super::{Looked, of_bytes, worth_a_look};
use crate::audit::event::Look;
use crate::base::DocumentId;
use crate::departments::SignedIn;
use crate::documents::http::{note, see, store_problem};
use crate::documents::looking;
use crate::documents::model::{Document, DocumentError};
use crate::documents::text::{Pages, TEXT_BYTES_MAX};
use crate::http::Problem;
use crate::http::extract::Path;
use crate::http::openapi::ReadProblems;
use crate::ledger::looks::{Looked as Seen, Looks};
use crate::unit::Db;

/// Other documents that say the same: with the same bytes, where you may know of them, or, where you may read
/// their content, with a text that does not differ but for what a machine misreads, such as the scan of a letter
/// that came by mail as well.
///
/// Texts that differ in a name, a date, an amount or another number are not the same. Where pages of both
/// say the same, they are named, to be looked at side by side.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}/duplicates", tag = "documents", operation_id = "listDuplicates",
    params(("id" = Uuid, Path, description = "The document")),
    responses((status = 200, description = "What says the same", body = Duplicates), ReadProblems),
    security(("token" = []))
)]
pub(crate) async fn get_duplicates(
    db: Data<Db>,
    storage: Data<Storage>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let id = DocumentId::of(id);
    let seen = see(&db, &looks, &actor, id).await?;
    let (held, blob) = match looking::text(db.read(), &actor, id).await {
        // What is withheld has no text for anybody, and is compared with nothing.
        Err(DocumentError::TextPending | DocumentError::Withheld | DocumentError::Destroyed) => {
            (seen, None)
        }
        found => found?,
    };
    note(&looks, &actor, Look::ReadText, Some(&held.document)).await?;
    let same = of_bytes(db.read(), &actor, &held).await?;
    let except: Vec<DocumentId> = same.iter().map(|one| one.document.id).collect();
    let mut shown: Vec<_> = same.iter().map(|one| one.document.shown()).collect();
    let mut items: Vec<FoundDuplicate> = Vec::new();
    for one in &same {
        let still = one.version.sha256 == held.version.sha256;
        let text = held.text.as_ref().filter(|_| still);
        let pages = text.map_or(0, |text| text.pages);
        items.push(FoundDuplicate::of_bytes((id, &one.document), pages));
    }
    let (looked, others) = worth_a_look(db.read(), &actor, id, except).await?;
    let (looked, found) = match blob {
        Some(blob) if looked == Looked::Compared => {
            (looked, side_by_side(&storage, &blob, others).await?)
        }
        // Its text went between two questions.
        None if looked == Looked::Compared => (Looked::Pending, Vec::new()),
        Some(_) | None => (looked, Vec::new()),
    };
    for one in found {
        shown.push(one.document.shown());
        let both = (id, &one.document);
        items.push(FoundDuplicate::of_text(both, one.score, one.pages));
    }
    looks
        .note(Seen::of(Look::List, &actor).showing(shown))
        .await?;
    Ok(HttpResponse::Ok().json(Duplicates::of(looked, items)))
}

/// A document whose text says the same.
struct Alike {
    document: Document,
    score: f64,
    pages: Vec<(u64, u64)>,
}

/// So many times are texts laid side by side at the same time; whoever comes then waits.
const AT_ONCE: usize = 2;
static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);

/// Lays the texts of others beside one: those that say the same, most alike first.
async fn side_by_side(
    storage: &Storage,
    blob: &Blob,
    others: Vec<(Document, Blob)>,
) -> Result<Vec<Alike>, Problem> {
    if others.is_empty() {
        return Ok(Vec::new());
    }
    let _place = PLACES.acquire().await.map_err(Problem::internal)?;
    let packed = read(storage, blob).await.map_err(store_problem)?;
    let here = web::block(move || Arc::new(text_of(&packed)))
        .await
        .map_err(Problem::internal)?;
    let mut all = Vec::new();
    for (document, blob) in others {
        let packed = match read(storage, &blob).await {
            Ok(packed) => packed,
            Err(error) => {
                tracing::warn!(document.id = %document.id, error = %error, "a text could not be read to be compared");
                continue;
            }
        };
        let here = Arc::clone(&here);
        let found = web::block(move || {
            let there = text_of(&packed);
            let score = here.same(&there)?;
            Some((score, here.pages_alike(&there)))
        })
        .await
        .map_err(Problem::internal)?;
        if let Some((score, pages)) = found {
            all.push(Alike {
                document,
                score,
                pages,
            });
        }
    }
    all.sort_by(|one, other| other.score.total_cmp(&one.score));
    Ok(all)
}

async fn read(storage: &Storage, blob: &Blob) -> Result<Vec<u8>, StoreError> {
    storage.read(blob, TEXT_BYTES_MAX).await
}

/// A long text takes a while: not on a thread that serves others.
fn text_of(packed: &[u8]) -> Text {
    let pages = Pages::unpack(packed);
    let pages = pages.iter().flat_map(|all| &all.pages);
    Text::of(pages.map(|page| page.text.as_str()))
}
