//! Documents over HTTP: parse, call, render.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, http::header};
use sea_orm::ConnectionTrait;
use storage::{Storage, StoreError};
use uuid::Uuid;

use super::batches;
use super::fields;
use super::formed;
use super::invoices;
use super::model::{Details, Document, DocumentError, Held, State, TAGS_MAX};
use super::same;
use super::scans::{self, WaitingView};
use super::wire::{Discard, DocumentChange, DocumentView, Duplicate};
use super::{looking, ops};
use crate::audit::event::Look;
use crate::base::{Actor, DocumentId, Right};
use crate::cases::CaseError;
use crate::departments::{self, Department, SignedIn};
use crate::files::{RetentionView, Standing};
use crate::holds::Object;
use crate::http::extract::{ETag, IfMatch, IfNoneMatch, Json, MaybeKey, Path};
use crate::http::openapi::{
    ActProblems, ChangeProblems, IdempotencyParam, IfMatchParam, IfNoneMatchParam, ReadProblems,
};
use crate::http::{Fault, Kind, Language, Problem, text};
use crate::ledger::looks::{Looked, Looks};
use crate::replay::{Answer, Once};
use crate::unit::{Db, Unit, Written};

impl From<DocumentError> for Problem {
    #[expect(clippy::too_many_lines, reason = "one arm for each refusal")]
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::NotFound | DocumentError::NoVersion => Self::new(Kind::NotFound),
            DocumentError::NoDepartment => {
                Self::new(Kind::Validation).field("/department", Fault::NotFound)
            }
            DocumentError::Forbidden => Self::new(Kind::Forbidden).detail(text(
                "Sie dürfen dieses Dokument lesen, aber nicht ändern.",
                "You may read this document but not change it.",
            )),
            DocumentError::Closed => Self::new(Kind::Forbidden).detail(text(
                "Sie dürfen von diesem Dokument wissen, seinen Inhalt aber nicht lesen.",
                "You may know of this document but not read its content.",
            )),
            DocumentError::State { current } => {
                Self::new(Kind::StateConflict).current_state(current.code())
            }
            DocumentError::Stale { current } => Self::new(Kind::PreconditionFailed)
                .detail(text(
                    "Das Dokument wurde inzwischen geändert. Bitte neu laden und prüfen.",
                    "The document was changed meanwhile. Please read it again and check.",
                ))
                .current_etag(&ETag::of_version(current)),
            DocumentError::Unchanged => Self::new(Kind::Validation).field(
                "",
                Fault::Rule {
                    code: "unchanged",
                    detail: text("Es würde sich nichts ändern.", "Nothing would change."),
                },
            ),
            DocumentError::Frozen => Self::new(Kind::StateConflict)
                .detail(text(
                    "Das Dokument ist veraktet: Nur seine Schlagwörter lassen sich noch ändern.",
                    "The document is registered: only its tags can still be changed.",
                ))
                .current_state(State::Registered.code()),
            DocumentError::NoDraft => Self::new(Kind::Validation).field(
                "/direction",
                Fault::Rule {
                    code: "no-draft",
                    detail: text(
                        "Was eingegangen ist, ist kein Entwurf.",
                        "What came in is no draft.",
                    ),
                },
            ),
            DocumentError::Fields(refused) => refused.into(),
            DocumentError::NoCorrespondent => {
                Self::new(Kind::Validation).field("/correspondent_id", Fault::NotFound)
            }
            DocumentError::NoInbox => Self::new(Kind::Validation).field("/inbox", Fault::NotFound),
            DocumentError::TooManyTags => {
                let max = u64::try_from(TAGS_MAX).unwrap_or(u64::MAX);
                Self::new(Kind::Validation).field("/add_tags", Fault::TooMany { max })
            }
            DocumentError::Component => Self::new(Kind::StateConflict)
                .detail(text(
                    "Das ist eine Anlage: Sie geht mit dem Dokument, aus dem sie stammt, und bleibt, \
                     wie sie dort ist.",
                    "This is a component: it goes with the document it was taken out of, and stays as \
                     it is there.",
                ))
                .current_state("component"),
            DocumentError::NotSplit(reason) => reason.into(),
            DocumentError::NoMove => conflict(
                "Rückgängig machen lässt sich nur, dass ein Dokument weitergeleitet, umprotokolliert \
                 oder als Entwurf in einen Vorgang gelegt wurde.",
                "Only handing on, refiling and filing a draft within a case can be undone.",
            ),
            DocumentError::CameAfter => conflict(
                "Das ist nicht die letzte Änderung des Dokuments. Bitte den Verlauf ansehen.",
                "That is not the last change of the document. Please look at its history.",
            ),
            DocumentError::InboxGone => conflict(
                "Wer das Dokument vorher hatte, liest dort nicht mehr. Bitte weiterleiten.",
                "Whoever had the document before reads there no longer. Please hand it on.",
            ),
            DocumentError::Lost => conflict(
                "Wo das Dokument vorher stand, wurde gelöscht.",
                "Where the document stood before was erased.",
            ),
            DocumentError::Case(error) => case_problem(error),
            DocumentError::KeyTaken => {
                Self::new(Kind::IdempotencyInProgress).retry_after_seconds(1)
            }
            DocumentError::TextPending => Self::new(Kind::NotFound).detail(text(
                "Der Text wird noch gelesen. Bitte gleich noch einmal versuchen.",
                "The text is still being read. Please try again in a moment.",
            )),
            DocumentError::Biometric => Self::new(Kind::BiometricContent).detail(text(
                "Die Datei ist ein biometrischer Datensatz, etwa von Fingerabdrücken oder einem \
                 Gesicht. Solche Daten gehören in keine Akte; es wurde nichts gespeichert. Bitte nur \
                 einreichen, was dazu erklärt oder bescheinigt wurde, und die Datei dort löschen, wo sie \
                 entstanden ist.",
                "The content is a biometric record, such as one of fingerprints or of a face. Such data \
                 belong in no file; nothing was stored. Please hand in only what was declared or \
                 attested about it, and delete the content where it came from.",
            )),
            DocumentError::Withheld => Self::new(Kind::ContentWithheld).detail(text(
                "In dieser Fassung wurde ein biometrischer Datensatz gefunden, oder sie soll aus einer Akte \
                 entfernt werden. Ihr Inhalt und ihr Text werden nicht mehr ausgegeben. Bei einem Datensatz \
                 bitte die Datenschutzbeauftragten verständigen und eine Fassung ohne ihn hinzufügen.",
                "A biometric record was found in this version, or it is to be removed from a file. Its \
                 content and its text are not handed out any more. Of a record please tell those who are \
                 responsible for data protection, and add a version without it.",
            )),
            DocumentError::Destroyed => Self::new(Kind::ContentDestroyed).detail(text(
                "Der Inhalt dieser Fassung wurde vernichtet: Zwei Personen haben das entschieden. Was über \
                 das Dokument gesagt ist, und wer wann entschieden hat, bleibt.",
                "The content of this version was destroyed: two people have decided that. What is said \
                 about the document stays, and who decided when.",
            )),
            DocumentError::Store(error) => store_problem(error),
            DocumentError::Db(error) => error.into(),
        }
    }
}

fn conflict(german: &'static str, english: &'static str) -> Problem {
    Problem::new(Kind::Conflict).detail(text(german, english))
}

/// What is wrong with the case of a document, or with the one into which it shall go.
pub(super) fn case_problem(error: CaseError) -> Problem {
    match error {
        CaseError::NotFound | CaseError::NoFile => {
            Problem::new(Kind::Validation).field("/case", Fault::NotFound)
        }
        other @ (CaseError::NoParent
        | CaseError::Forbidden
        | CaseError::Closed
        | CaseError::Stale { .. }
        | CaseError::Unchanged
        | CaseError::File(_)
        | CaseError::Db(_)) => other.into(),
    }
}

pub(crate) fn store_problem(error: StoreError) -> Problem {
    if error.is_full() {
        return Problem::new(Kind::InsufficientStorage).source(error);
    }
    if let StoreError::Key(storage::KeyError::UnknownDomain { .. }) = &error {
        return Problem::new(Kind::KeyMissing).source(error);
    }
    Problem::internal(error)
}

pub(super) fn answer(status: u16, view: &DocumentView) -> Result<Answer, DocumentError> {
    let etag = ETag::of_version(view.version).to_string();
    let mut answer = Answer::created(view)?.with_header("etag", etag);
    if status == 201 {
        answer = answer.with_header("location", format!("/api/v1/documents/{}", view.id));
    }
    answer.status = status;
    Ok(answer)
}

/// The version that the caller must have seen. The comparison with what is there is made again in
/// the transaction.
pub(super) fn expected(if_match: &IfMatch, current: u64) -> Result<u64, Problem> {
    if_match.check(&ETag::of_version(current))?;
    Ok(current)
}

/// A document that the actor may see; an attempt at another one is recorded.
pub(super) async fn see(
    db: &Db,
    looks: &Looks,
    actor: &Actor,
    id: DocumentId,
) -> Result<Held, Problem> {
    let found = looking::read(db.read(), actor, id).await;
    if let Err(DocumentError::NotFound) = &found {
        refuse(looks, actor, id).await?;
    }
    Ok(found?)
}

/// Records a look: at a document as it is now, or at none in particular.
pub(super) async fn note(
    looks: &Looks,
    actor: &Actor,
    look: Look,
    document: Option<&Document>,
) -> Result<(), Problem> {
    let looked = Looked {
        department: document.map(|document| document.department),
        document: document.map(|document| (document.id.raw(), document.version)),
        ..Looked::of(look, actor)
    };
    Ok(looks.note(looked).await?)
}

/// Records an attempt at a document that the actor may not see, or that does not exist. Neither its
/// version nor its department is looked up for it: the record says 1 and none.
pub(super) async fn refuse(looks: &Looks, actor: &Actor, id: DocumentId) -> Result<(), Problem> {
    let looked = Looked::of(Look::Refused, actor).at(id.raw());
    Ok(looks.note(looked).await?)
}

/// Changes metadata.
#[utoipa::path(
    patch, path = "/api/v1/documents/{id}", tag = "documents", operation_id = "changeDocument",
    params(("id" = Uuid, Path, description = "The document"), IfMatchParam),
    request_body = DocumentChange,
    responses((status = 200, description = "Changed; durable", body = DocumentView, headers(
        ("ETag" = String, description = "Its new version"))),
        ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn patch_document(
    db: Data<Db>,
    looks: Data<Looks>,
    language: Language,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<DocumentChange>,
) -> Result<HttpResponse, Problem> {
    let id = DocumentId::of(id);
    let before = see(&db, &looks, &actor, id).await?;
    let change = body.change()?;
    let expected = expected(&if_match, before.document.version)?;
    let changed = db
        .write(&actor, async move |unit: &mut Unit| {
            ops::change(unit, id, expected, change).await
        })
        .await;
    changed_answer((&db, &actor), language, changed).await
}

/// A document as the actor may read it, without anything of its content.
pub(super) async fn told(
    on: &impl ConnectionTrait,
    actor: &Actor,
    held: Held,
    (departments, language): (&[Department], Language),
) -> Result<DocumentView, DocumentError> {
    let mut view = DocumentView::of(&held, departments, language);
    let views = std::slice::from_mut(&mut view);
    fields::tell(on, actor, &[held], views).await?;
    Ok(view)
}

/// The answer to a change of a document.
pub(super) async fn changed_answer(
    (db, actor): (&Db, &Actor),
    language: Language,
    changed: Result<Written<Held>, DocumentError>,
) -> Result<HttpResponse, Problem> {
    let written = changed?;
    let all = departments::departments(db.read()).await?;
    let view = told(db.read(), actor, written.value, (&all, language)).await?;
    let answer = answer(200, &view)?;
    Ok(answer.respond(Some(written.receipt)))
}

/// Acts on a document once: the answer that was given before, or the one that `operation` gives now.
pub(crate) async fn act<F>(
    db: &Db,
    (actor, language): (&Actor, Language),
    once: Once,
    operation: F,
) -> Result<HttpResponse, Problem>
where
    F: AsyncFnOnce(&mut Unit) -> Result<Held, DocumentError> + Send + 'static,
{
    let all = departments::departments(db.read()).await?;
    once.run(db, actor, async move |unit: &mut Unit| {
        let held = operation(unit).await?;
        let view = told(unit.tx(), unit.actor(), held, (&all, language)).await?;
        answer(200, &view)
    })
    .await
}

/// Puts a document aside, with a reason. Nothing is deleted; it can be taken back.
#[utoipa::path(
    post, path = "/api/v1/documents/{id}/discard", tag = "documents", operation_id = "discardDocument",
    params(("id" = Uuid, Path, description = "The document"), IfMatchParam, IdempotencyParam),
    request_body = Discard,
    responses((status = 200, description = "Put aside; durable", body = DocumentView, headers(
        ("ETag" = String, description = "Its new version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        ActProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what an action needs of its request"
)]
pub(super) async fn post_discard(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    language: Language,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    MaybeKey(key): MaybeKey,
    Json(body): Json<Discard>,
) -> Result<HttpResponse, Problem> {
    let once = Once::action(&actor, key, &request, &body)?;
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let id = DocumentId::of(id);
    let before = see(&db, &looks, &actor, id).await?;
    let reason = body.reason()?;
    let expected = expected(&if_match, before.document.version)?;
    act(
        &db,
        (&actor, language),
        once,
        async move |unit: &mut Unit| ops::discard(unit, id, expected, reason).await,
    )
    .await
}

/// Takes a discarded document back.
#[utoipa::path(
    post, path = "/api/v1/documents/{id}/restore", tag = "documents", operation_id = "restoreDocument",
    params(("id" = Uuid, Path, description = "The document"), IfMatchParam, IdempotencyParam),
    responses((status = 200, description = "Taken back; durable", body = DocumentView, headers(
        ("ETag" = String, description = "Its new version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        ActProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what an action needs of its request"
)]
pub(super) async fn post_restore(
    request: HttpRequest,
    db: Data<Db>,
    looks: Data<Looks>,
    language: Language,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    MaybeKey(key): MaybeKey,
) -> Result<HttpResponse, Problem> {
    let once = Once::action(&actor, key, &request, &())?;
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let id = DocumentId::of(id);
    let before = see(&db, &looks, &actor, id).await?;
    let expected = expected(&if_match, before.document.version)?;
    act(
        &db,
        (&actor, language),
        once,
        async move |unit: &mut Unit| ops::restore(unit, id, expected).await,
    )
    .await
}

/// One document.
#[utoipa::path(
    get, path = "/api/v1/documents/{id}", tag = "documents", operation_id = "readDocument",
    params(("id" = Uuid, Path, description = "The document"), IfNoneMatchParam),
    responses((status = 200, description = "The document", body = DocumentView,
        headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not changed", headers(("ETag" = String, description = "Still current"))), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_document(
    db: Data<Db>,
    storage: Data<Storage>,
    looks: Data<Looks>,
    language: Language,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_none_match: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let held = see(&db, &looks, &actor, DocumentId::of(id)).await?;
    let etag = ETag::of_version(held.document.version);
    if if_none_match.has(&etag) {
        let etag = (header::ETAG, etag.to_string());
        return Ok(HttpResponse::NotModified().insert_header(etag).finish());
    }
    // An invoice and a mail say what stands in the content: who is told it reads content.
    let reads = looking::sees(db.read(), &actor, Right::ReadContent, &held.document).await?;
    let (invoice, details) = if reads {
        let details = held.text.as_ref().map(|text| text.details.clone());
        let invoice = invoices::told(db.read(), &storage, &held).await?;
        (invoice, details.unwrap_or_default())
    } else {
        (None, Details::default())
    };
    let look = if invoice.is_some() || details != Details::default() {
        Look::ReadContent
    } else {
        Look::ReadDocument
    };
    note(&looks, &actor, look, Some(&held.document)).await?;
    let same = same::duplicates(db.read(), &actor, &held).await?;
    let all = departments::departments(db.read()).await?;
    let retention = retention(&db, &held).await?;
    let unread = held.text.as_ref().is_none_or(|text| text.reason.is_some());
    let waiting = if unread {
        scans::waiting(db.read(), held.version.id, db.now()).await?
    } else {
        None
    };
    let batch = batches::http::batch_of(db.read(), &actor, &held.document).await?;
    let form = formed::form_of(db.read(), held.version.id).await?;
    let mut view = told(db.read(), &actor, held, (&all, language)).await?;
    view.batch = batch;
    view.form = form;
    view.duplicates = Some(same.iter().map(Duplicate::from).collect());
    view.retention = retention;
    view.invoice = invoice;
    view.tell_details(&details, language);
    view.text.waiting = waiting.map(WaitingView::from);
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, etag.to_string()))
        .json(view))
}

/// The retention of a document that stands in a case.
async fn retention(db: &Db, held: &Held) -> Result<Option<RetentionView>, Problem> {
    let Some(filed) = &held.filed else {
        return Ok(None);
    };
    let mut within = vec![Object::Case(filed.case.id)];
    within.extend(filed.case.parent.map(Object::Case));
    // What holds something holds what was taken out of it.
    let above = looking::above(db.read(), &held.document).await?;
    within.extend(above.into_iter().map(Object::Document));
    let standing = Standing {
        object: Object::Document(held.document.id),
        file: &filed.file,
        within,
    };
    let mut views = RetentionView::of(db.read(), &[standing], db.now()).await?;
    Ok(views.pop())
}
