//! Undoing the last move of a document: handed on, refiled, or filed as a draft within a case.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use storage::{Kms, Storage};
use utoipa::ToSchema;
use uuid::Uuid;

use super::http::{act, expected, see};
use super::model::{Document, DocumentError, Held, REASON_CHARS_MAX, State, Step};
use super::{filing, looking, ops, rows};
use crate::audit::canonical::{Object, SafeInt};
use crate::audit::event::Action;
use crate::audit::history::{Former, former};
use crate::base::{AccountId, CaseId, DepartmentId, DocumentId, Place, Right};
use crate::departments::{self, SignedIn};
use crate::http::extract::{IfMatch, Json, MaybeKey, Path};
use crate::http::gather::Fields;
use crate::http::openapi::{ActProblems, IdempotencyParam, IfMatchParam};
use crate::http::{Language, Problem};
use crate::ledger::looks::Looks;
use crate::replay::Once;
use crate::unit::{Db, Unit};

/// Which move is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Move {
    /// It was handed on from there.
    Routed {
        department: DepartmentId,
        inbox: Option<AccountId>,
    },
    /// It was refiled from there.
    Refiled { case: CaseId },
    /// It was filed as a draft within its case.
    Drafted,
}

impl Move {
    /// The move that a record made, if it made one; `before` is what the document was like before it.
    fn of(last: &Former, document: &Document) -> Result<Self, DocumentError> {
        let said = |field: &str| {
            let before = last.before.as_ref()?;
            before.get(field)?.as_str()?.parse::<Uuid>().ok()
        };
        match last.action.as_str() {
            "document.route" => Ok(Self::Routed {
                department: DepartmentId::of(said("department").ok_or(DocumentError::Lost)?),
                inbox: said("inbox").map(AccountId::of),
            }),
            "document.refile" => Ok(Self::Refiled {
                case: CaseId::of(said("case").ok_or(DocumentError::Lost)?),
            }),
            "document.receive" if document.state == State::Draft && document.case.is_some() => {
                Ok(Self::Drafted)
            }
            _ => Err(DocumentError::NoMove),
        }
    }
}

/// What the record of an undoing says besides.
fn context(undoes: u64, reason: Option<String>) -> Result<Object, DocumentError> {
    let seq = i64::try_from(undoes).ok().and_then(SafeInt::new);
    let seq = seq.ok_or(DocumentError::NoMove)?;
    Ok(Object::new()
        .with_some("reason", reason)
        .with("undoes", seq))
}

/// Hands an incoming document back to where it was.
async fn hand_back(
    unit: &mut Unit,
    (id, version): (DocumentId, u64),
    (department, inbox): (DepartmentId, Option<AccountId>),
    said: Object,
) -> Result<Held, DocumentError> {
    let before = ops::to_change(unit, id, version, Right::Route).await?;
    let state = ops::after(&before, Step::Route)?;
    let place = Place::settled(department, before.compartment);
    if let Some(account) = inbox {
        let reader = departments::actor(unit.tx(), account, unit.now(), None).await?;
        if !reader.may(Right::ReadContent, place) {
            return Err(DocumentError::InboxGone);
        }
    }
    let mut document = ops::stepped(unit, &before);
    document.state = state;
    document.department = department;
    document.inbox = inbox;
    rows::save(unit, &document, &before).await?;
    // The record stands in the unit that had it: there it is missed.
    let from = Some(before.department);
    unit.record_with(Action::DocumentUndo, from, Some(said.to_bytes()));
    looking::held(unit.tx(), document).await
}

/// Takes a draft out of the case within which it was filed. It stays in its department, and in the
/// compartment of the case: undoing shows it to nobody who did not see it.
async fn take_out(
    unit: &mut Unit,
    (id, version): (DocumentId, u64),
    said: Object,
) -> Result<Held, DocumentError> {
    let before = ops::to_change(unit, id, version, Right::Edit).await?;
    ops::after(&before, Step::Change)?;
    ops::require_open_case(unit, &before, Right::Edit).await?;
    let mut document = ops::stepped(unit, &before);
    document.case = None;
    rows::save(unit, &document, &before).await?;
    let department = Some(document.department);
    unit.record_with(Action::DocumentUndo, department, Some(said.to_bytes()));
    looking::held(unit.tx(), document).await
}

async fn undo(
    unit: &mut Unit,
    document: (DocumentId, u64),
    what: Move,
    said: Object,
) -> Result<Held, DocumentError> {
    match what {
        Move::Routed { department, inbox } => {
            hand_back(unit, document, (department, inbox), said).await
        }
        Move::Refiled { case } => {
            let moved = filing::Moved {
                case,
                action: Action::DocumentUndo,
                said,
            };
            filing::move_to(unit, document, moved).await
        }
        Move::Drafted => take_out(unit, document, said).await,
    }
}

/// Which move is undone, and why.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Undo, example = json!({"seq": 41, "reason": "Falsches Amt"}))]
pub(super) struct UndoRequest {
    /// The number of the record of the move, as its receipt and the history give it: the last change of
    /// the document.
    #[schema(minimum = 0, maximum = 9007199254740991_u64)]
    seq: u64,
    /// Why; stands in the history.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000, nullable = false)]
    reason: Option<String>,
}

impl UndoRequest {
    fn read(&self) -> Result<Option<String>, Problem> {
        let mut fields = Fields::new();
        let reason = self
            .reason
            .as_deref()
            .and_then(|raw| fields.line("/reason", raw, REASON_CHARS_MAX));
        fields.done(reason)
    }
}

/// Undoes the last move of a document: hands it back, refiles it back, takes a draft out of its case.
///
/// It takes the right that the move took, where the document stands now. Nothing may have come after
/// the move. A document that is refiled back gets a new reference, as by any refiling; the others lead
/// to it. Registering is not undone.
#[utoipa::path(
    post, path = "/api/v1/documents/{id}/undo", tag = "documents", operation_id = "undoMove",
    params(("id" = Uuid, Path, description = "The document"), IfMatchParam, IdempotencyParam),
    request_body = UndoRequest,
    responses((status = 200, description = "Undone; durable", body = super::wire::DocumentView, headers(
        ("ETag" = String, description = "Its new version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        ActProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what an undoing needs of its request"
)]
pub(super) async fn post_undo(
    request: HttpRequest,
    db: Data<Db>,
    storage: Data<Storage>,
    looks: Data<Looks>,
    language: Language,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    MaybeKey(key): MaybeKey,
    Json(body): Json<UndoRequest>,
) -> Result<HttpResponse, Problem> {
    let once = Once::action(&actor, key, &request, &body)?;
    if let Some(answer) = once.answered(&db).await? {
        return Ok(answer);
    }
    let id = DocumentId::of(id);
    let document = see(&db, &looks, &actor, id).await?.document;
    let reason = body.read()?;
    let version = expected(&if_match, document.version)?;
    let kms: &dyn Kms = storage.kms().as_ref();
    let last = former(db.read(), kms, (id.raw(), version)).await?;
    let last = last.ok_or(DocumentError::NoMove)?;
    if last.seq != body.seq {
        return Err(DocumentError::CameAfter.into());
    }
    let what = Move::of(&last, &document)?;
    let said = context(body.seq, reason)?;
    act(
        &db,
        (&actor, language),
        once,
        async move |unit: &mut Unit| {
            // The version is the one that the move made: whatever came after it is refused here.
            undo(unit, (id, version), what, said).await
        },
    )
    .await
}
