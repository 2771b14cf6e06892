//! Filing over HTTP: documents and versions, with their content.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use indexer::extract::Password;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::entrance::{Entered, Entrance};
use super::fields;
use super::guard;
use super::model::{Document, DocumentError, Held, Step};
use super::ops;
use super::passwords::{self, Given};
use super::same;
use super::wire::{DocumentView, Duplicate, NewDocument};
use crate::base::db::DbError;
use crate::base::{Actor, CaseId, DepartmentId, DocumentId, Right, Tasks};
use crate::departments::{self, Department, Intake, SignedIn};
use crate::http::extract::{IdempotencyKey, IfMatch, MaybeKey, Path};
use crate::http::multipart::{Content, Upload};
use crate::http::name::FileName;
use crate::http::openapi::{IdempotencyParam, IfMatchParam, ReplaceProblems, UploadProblems};
use crate::http::{Fault, Kind, Language, Problem, text};
use crate::ledger::looks::Looks;
use crate::replay::{self, Answer, Fingerprint, Once};
use crate::unit::{Db, Unit};

use super::http::{answer, expected, see, told};

/// Streams the content into the store, past the virus scanner; nothing is kept yet. What has no bytes is refused, as
/// by an import: somebody's copying or scanning failed.
pub(crate) async fn stage(entrance: &Entrance, mut content: Content) -> Result<Entered, Problem> {
    let progress = content.progress();
    let mut entering = progress.working(entrance.begin()).await?;
    while let Some(piece) = content.piece().await {
        let problem = match piece {
            Ok(piece) => match progress.working(entering.push(piece)).await {
                Ok(()) => continue,
                Err(error) => Problem::from(error),
            },
            Err(error) => error.into(),
        };
        entering.discard().await;
        return Err(problem);
    }
    if content.seen_bytes() == 0 {
        entering.discard().await;
        return Err(empty());
    }
    let media_type = content.media_type.as_ref().map(ToString::to_string);
    let media_type = media_type.unwrap_or_else(|| "application/octet-stream".to_owned());
    let file_name = content.file_name.map(|name| name.as_str().to_owned());
    let entered = progress.working(Box::pin(entering.finish(media_type, file_name)));
    Ok(entered.await?)
}

fn empty() -> Problem {
    let detail = text(
        "Die Datei ist leer (0 Bytes). Bitte prüfen, ob sie vollständig kopiert oder gescannt wurde.",
        "The file is empty (0 bytes). Please see whether it was copied or scanned completely.",
    );
    let code = "empty";
    Problem::new(Kind::Validation).part("content", Fault::Rule { code, detail })
}

/// Refuses whoever files nowhere.
pub(crate) fn may_file(actor: &Actor, all: &[Department]) -> Result<(), Problem> {
    if all.iter().any(|one| actor.may_in(Right::Receive, one.id)) {
        return Ok(());
    }
    Err(Problem::new(Kind::Forbidden).detail(text(
        "Mit diesem Konto können keine Dokumente eingereicht werden.",
        "This account cannot file documents.",
    )))
}

/// The department that is meant; without one, the only one in which the actor files.
pub(crate) fn department_of(
    actor: &Actor,
    wanted: Option<&str>,
    all: &[Department],
) -> Result<DepartmentId, Problem> {
    let mut own = all
        .iter()
        .filter(|one| actor.may_in(Right::Receive, one.id));
    let found = match wanted {
        Some(wanted) => own.find(|one| one.slug == wanted || one.id.to_string() == wanted),
        None => match (own.next(), own.next()) {
            (Some(only), None) => Some(only),
            (None, _) => None,
            (Some(_), Some(_)) => {
                return Err(Problem::new(Kind::Validation).field("/department", Fault::Required));
            }
        },
    };
    found
        .map(|one| one.id)
        .ok_or_else(|| Problem::new(Kind::Validation).field("/department", Fault::NotFound))
}

/// Whether the key of a request came before.
async fn is_repeated(
    db: &Db,
    actor: &Actor,
    key: Option<&IdempotencyKey>,
) -> Result<bool, DbError> {
    match key {
        Some(key) => replay::knows(db, actor, key).await,
        None => Ok(false),
    }
}

/// Refuses metadata that came before its bytes where that can be told already, and nothing has been answered
/// to the same attempt.
async fn refuse_early(
    (db, actor, key): (&Db, &Actor, Option<&IdempotencyKey>),
    new: &NewDocument,
    file_name: Option<&str>,
) -> Result<(), Problem> {
    let metadata = new.metadata(file_name, db.now())?;
    let refused = fields::may_say(db.read(), actor, &metadata).await.err();
    match refused {
        Some(refused) if !is_repeated(db, actor, key).await? => Err(refused.into()),
        Some(_) | None => Ok(()),
    }
}

/// Files a document.
///
/// The parts are `content` (the bytes) and `metadata` (JSON), in either order. The answer is sent
/// when content, rows and audit record are durable; the text is read afterwards. Content that is
/// there already is accepted and named in `duplicates`.
#[utoipa::path(
    post, path = "/api/v1/documents", tag = "documents", operation_id = "fileDocument",
    params(IdempotencyParam),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 201, description = "Filed; durable", body = DocumentView, headers(
        ("Location" = String, description = "The document"),
        ("ETag" = String, description = "Its version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        UploadProblems),
    security(("token" = []))
)]
pub(super) async fn post_document(
    http: HttpRequest,
    db: Data<Db>,
    entrance: Data<Entrance>,
    tasks: Data<Tasks>,
    Intake(actor): Intake,
    MaybeKey(key): MaybeKey,
    upload: Upload,
) -> Result<HttpResponse, Problem> {
    let all = departments::departments_of(&http, &db).await?;
    may_file(&actor, &all)?;
    // A draft in a case goes where the case stands; the operation asks for the right there.
    let goes = |new: &NewDocument| match new.case {
        Some(_) => Ok(DepartmentId::of(Uuid::nil())),
        None => department_of(&actor, new.department.as_deref(), &all),
    };
    let mut asked = false;
    let received = upload
        .read(async |new: Option<&NewDocument>, content| {
            // A refusal must not wait for the bytes where it can be told before.
            if let Some(new) = new {
                goes(new)?;
                let name = content.file_name.as_ref().map(FileName::as_str);
                refuse_early((&db, &actor, key.as_ref()), new, name).await?;
                asked = true;
            }
            let place = match new {
                Some(new) => goes(new).ok().filter(|_| new.case.is_none()),
                None => department_of(&actor, None, &all).ok(),
            };
            let entered = stage(&entrance, content).await?;
            entered.admit(&db, &actor, place).await
        })
        .await?;
    let (new, arrived) = (received.metadata, received.content);
    let department = goes(&new)?;
    let draft = new.is_draft().then(|| new.case.map(CaseId::of));
    let place = place_of(&db, &actor, (&new, department)).await?;
    let arrived = guard::admit(&db, &actor, place, arrived).await?;
    let metadata = new.metadata(arrived.file_name.as_deref(), db.now())?;
    let said = serde_json::to_vec(&new).map_err(Problem::internal)?;
    let digest = arrived.staged.content.sha256;
    let request = Fingerprint::of(&[b"POST /documents", &said, digest.as_bytes()]);
    let once = Once::new(&actor, key, request);
    if let Some(answer) = once.answered(&db).await? {
        arrived.staged.discard().await;
        return Ok(answer);
    }
    if !asked && let Err(refused) = fields::may_say(db.read(), &actor, &metadata).await {
        arrived.staged.discard().await;
        return Err(refused.into());
    }
    let arrived = arrived.within_case(&db, &actor, draft.flatten()).await?;
    let (storage, password) = (arrived.storage(), new.opened_by());
    let content = arrived.keep_as(&db, &actor, &tasks).await?;
    let content = passwords::with(&db, &storage, content, password.as_ref()).await?;
    let (seer, saved) = (actor.clone(), once.clone());
    let filed = db
        .write(&actor, async move |unit: &mut Unit| {
            let (held, had) = match draft {
                Some(case) => ops::draft(unit, department, case, metadata, content).await?,
                None => ops::receive_new(unit, department, metadata, content).await?,
            };
            let same = if had {
                same::duplicates(unit.tx(), &seer, &held).await?
            } else {
                Vec::new()
            };
            let answer = created(unit, held, &all, &same).await?;
            saved.save(unit, &answer).await?;
            Ok::<_, DocumentError>(answer)
        })
        .await;
    once.finish(&db, filed).await
}

/// Where a document goes, as far as the actor may know: a draft goes where its case stands.
async fn place_of(
    db: &Db,
    actor: &Actor,
    (new, department): (&NewDocument, DepartmentId),
) -> Result<Option<DepartmentId>, DocumentError> {
    match new.case {
        Some(case) => guard::department_of_case(db, actor, CaseId::of(case)).await,
        None => Ok(Some(department)),
    }
}

async fn created(
    unit: &Unit,
    held: Held,
    departments: &[Department],
    same: &[Document],
) -> Result<Answer, DocumentError> {
    // New content has no text yet, and so no words in any language.
    let mut view = told(
        unit.tx(),
        unit.actor(),
        held,
        (departments, Language::German),
    )
    .await?;
    view.duplicates = Some(same.iter().map(Duplicate::from).collect());
    answer(201, &view)
}

/// Adds a version. It is in force from now on; the old ones stay readable.
#[utoipa::path(
    post, path = "/api/v1/documents/{id}/versions", tag = "documents", operation_id = "addVersion",
    params(("id" = Uuid, Path, description = "The document"), IfMatchParam, IdempotencyParam),
    request_body(content = VersionForm, content_type = "multipart/form-data"),
    responses((status = 201, description = "Added; durable", body = DocumentView, headers(
        ("Location" = String, description = "The document"),
        ("ETag" = String, description = "Its new version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        ReplaceProblems),
    security(("token" = []))
)]
#[expect(
    clippy::too_many_arguments,
    reason = "what an upload needs of its request"
)]
pub(super) async fn post_version(
    request: HttpRequest,
    db: Data<Db>,
    entrance: Data<Entrance>,
    tasks: Data<Tasks>,
    looks: Data<Looks>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    MaybeKey(key): MaybeKey,
    upload: Upload,
) -> Result<HttpResponse, Problem> {
    let id = DocumentId::of(id);
    let before = see(&db, &looks, &actor, id).await?;
    // A repetition is based on a state that its first time has changed.
    let repeated = is_repeated(&db, &actor, key.as_ref()).await?;
    let based_on = |held: &Held| {
        ops::may_change(&actor, &held.document)?;
        let expected = expected(&if_match, held.document.version)?;
        ops::after(&held.document, Step::AddVersion)?;
        Ok::<_, Problem>(expected)
    };
    if !repeated {
        based_on(&before)?;
    }
    let place = Some(before.document.department);
    let received = upload
        .read(async |new: Option<&NewVersion>, content| {
            new.map(NewVersion::password).transpose()?;
            let entered = stage(&entrance, content).await?;
            entered.admit(&db, &actor, place).await
        })
        .await?;
    let arrived = guard::admit(&db, &actor, place, received.content).await?;
    let password = received.metadata.password()?;
    let path = request.path().as_bytes();
    let print = Fingerprint::of(&[b"POST", path, arrived.staged.content.sha256.as_bytes()]);
    let once = Once::new(&actor, key, print);
    if let Some(answer) = once.answered(&db).await? {
        arrived.staged.discard().await;
        return Ok(answer);
    }
    let expected = based_on(&before)?;
    let arrived = arrived
        .within(db.read(), before.document.compartment)
        .await?;
    let storage = arrived.storage();
    let content = arrived.keep_as(&db, &actor, &tasks).await?;
    let content = passwords::with(&db, &storage, content, password.as_ref()).await?;
    let all = departments::departments(db.read()).await?;
    let (seer, saved) = (actor.clone(), once.clone());
    let added = db
        .write(&actor, async move |unit: &mut Unit| {
            let held = ops::add_version(unit, id, expected, content).await?;
            let same = same::duplicates(unit.tx(), &seer, &held).await?;
            let answer = created(unit, held, &all, &same).await?;
            saved.save(unit, &answer).await?;
            Ok::<_, DocumentError>(answer)
        })
        .await;
    once.finish(&db, added).await
}

/// The parts of an upload.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the parts for the contract")]
pub(super) struct UploadForm {
    /// The document's bytes, as they are.
    #[schema(value_type = String, format = Binary)]
    content: Vec<u8>,
    /// What is said about it.
    metadata: Option<NewDocument>,
}

/// The parts of a new version.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the parts for the contract")]
pub(super) struct VersionForm {
    /// The version's bytes, as they are.
    #[schema(value_type = String, format = Binary)]
    content: Vec<u8>,
    /// What is said about it.
    metadata: Option<NewVersion>,
}

/// What is said about a new version: nothing but how it opens.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NewVersion {
    /// The password by which its content opens, where that is a locked PDF; at most 127 bytes in UTF-8. It is
    /// kept encrypted and never told.
    #[schema(value_type = Option<String>, format = Password, nullable = false, write_only,
        min_length = 1, max_length = 127)]
    password: Option<Given>,
}

impl NewVersion {
    fn password(&self) -> Result<Option<Password>, Problem> {
        let read = self.password.as_ref().map(Given::read).transpose();
        read.map_err(|fault| Problem::new(Kind::Validation).field("/password", fault))
    }
}
