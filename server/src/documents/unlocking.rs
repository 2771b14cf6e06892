//! Opening a version that is locked, by whoever knows its password.

use actix_web::HttpResponse;
use actix_web::web::Data;
use indexer::extract::Unlocked;
use serde::Deserialize;
use storage::{Blob, Storage};
use utoipa::ToSchema;
use uuid::Uuid;

use super::guard;
use super::http::{changed_answer, refuse};
use super::looking::{self, Which, held};
use super::model::{Document, DocumentError, Held, Kept, Version};
use super::ops;
use super::passwords::{self, Given};
use super::pictures::wire::explained;
use super::pictures::{Painter, content_of};
use super::wire::DocumentView;
use crate::audit::canonical::Object;
use crate::audit::event::Action;
use crate::base::{Actor, DocumentId, Job, Right};
use crate::departments::SignedIn;
use crate::http::extract::{Json, Path};
use crate::http::openapi::UnlockProblems;
use crate::http::{Fault, Kind, Language, Problem, text};
use crate::ledger::looks::Looks;
use crate::unit::{Db, Unit};

/// The password of a version that is locked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"password": "…"}))]
pub(super) struct Unlock {
    /// The password; at most 127 bytes in UTF-8. It is kept with the version, encrypted, and never told.
    #[schema(value_type = String, format = Password, write_only, min_length = 1, max_length = 127)]
    password: Given,
}

/// Opens a locked version with its password.
///
/// The password is tried at once. Where it opens the version it is kept with it, encrypted, and the text
/// is read next; from now on its pages are drawn. The content stays as it is: whoever downloads it needs
/// the password. Doing it again does no harm.
#[utoipa::path(
    post, path = "/api/v1/documents/{id}/versions/{number}/unlock", tag = "documents",
    operation_id = "unlockVersion",
    params(("id" = Uuid, Path, description = "The document"),
        ("number" = u64, Path, description = "The number of the version", minimum = 1)),
    request_body = Unlock,
    responses((status = 200, description = "It fits, and is kept; durable. The text is read next",
        body = DocumentView, headers(
        ("ETag" = String, description = "The version of the document, which stays"))),
        UnlockProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what an unlocking needs of its request"
)]
pub(super) async fn post_unlock(
    db: Data<Db>,
    storage: Data<Storage>,
    looks: Data<Looks>,
    painter: Data<Painter>,
    language: Language,
    SignedIn(actor): SignedIn,
    Path((id, number)): Path<(Uuid, u64)>,
    Json(body): Json<Unlock>,
) -> Result<HttpResponse, Problem> {
    let place = (db.get_ref(), looks.get_ref());
    let found = changeable(place, &actor, DocumentId::of(id), number).await?;
    let (document, version, blob) = found;
    let wrong = |fault: Fault| Problem::new(Kind::Validation).field("/password", fault);
    let password = body.password.read().map_err(wrong)?;
    let content = content_of(&storage, &blob).await?;
    let unlocked = painter.unlocks(actor.account, content, &password).await?;
    match unlocked {
        Unlocked::By(_) => {}
        Unlocked::NotLocked => {
            return Err(Problem::new(Kind::Conflict).detail(text(
                "Diese Fassung ist keine PDF-Datei, die zum Öffnen ein Kennwort braucht.",
                "This version is no PDF that needs a password to be opened.",
            )));
        }
        Unlocked::Wrong => {
            return Err(wrong(Fault::Rule {
                code: "wrong-password",
                detail: text(
                    "Mit diesem Kennwort lässt sich die Datei nicht öffnen.",
                    "This password does not open the file.",
                ),
            }));
        }
        Unlocked::Unread(reason) => {
            return Err(Problem::new(Kind::Conflict).detail(explained(reason)));
        }
    }
    let domain = super::domain_of(db.read(), document.id).await?;
    let kept = passwords::store(&db, &storage, &domain, &password).await?;
    let done = db
        .write(&actor, async move |unit: &mut Unit| {
            unlock(unit, document.id, &version, &kept).await
        })
        .await;
    changed_answer((&db, &actor), language, done).await
}

/// A version that the actor may read and may open for others; an attempt at a document that he may not see
/// is recorded.
async fn changeable(
    (db, looks): (&Db, &Looks),
    actor: &Actor,
    id: DocumentId,
    number: u64,
) -> Result<(Document, Version, Blob), Problem> {
    let found = looking::content(db.read(), actor, id, Which::Number(number)).await;
    if let Err(DocumentError::NotFound) = &found {
        refuse(looks, actor, id).await?;
    }
    let found = found?;
    ops::may_change(actor, &found.0)?;
    Ok(found)
}

/// Keeps the password of a version, and has its text read. The document stays as it is: in a closed case,
/// registered or put aside, what stands in it may be made out.
async fn unlock(
    unit: &mut Unit,
    id: DocumentId,
    version: &Version,
    kept: &Kept,
) -> Result<Held, DocumentError> {
    let document = ops::with_right(unit, id, Right::Edit).await?;
    guard::require_still_open(unit, version.id).await?;
    passwords::keep(unit, version.id, kept).await?;
    let number = u32::try_from(version.number).unwrap_or(u32::MAX);
    let context = Object::new().with("version", number).to_bytes();
    let department = Some(document.department);
    unit.record_with(Action::DocumentUnlock, department, Some(context));
    unit.enqueue(Job::ExtractText(version.id));
    held(unit.tx(), document).await
}
