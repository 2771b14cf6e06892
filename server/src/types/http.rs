//! Types and fields over HTTP: parse, call, render.

use actix_web::HttpResponse;
use actix_web::web::{self, Data};
use serde::Serialize;
use storage::{Kms, Storage};
use utoipa::OpenApi;
use uuid::Uuid;

use super::catalog::Refused;
use super::model::{DocumentType, Field, Kind as FieldKind, Refusal, TypesError};
use super::ops;
use super::wire::{
    FieldList, FieldPatch, FieldRequest, FieldView, TypeList, TypePatch, TypeRequest, TypeView,
    Which,
};
use crate::audit::history::{History, history};
use crate::departments::SignedIn;
use crate::http::extract::{ETag, IfMatch, Json, MaybeKey, Path, Query};
use crate::http::openapi::{
    ChangeProblems, CreateProblems, IdempotencyParam, IfMatchParam, ListProblems, ReadProblems,
};
use crate::http::{Fault, Kind, Problem, text};
use crate::replay::{Answer, Fingerprint, Once};
use crate::unit::{Db, Unit};

impl From<TypesError> for Problem {
    fn from(error: TypesError) -> Self {
        let field =
            |pointer: &str, fault| Self::new(Kind::Validation).field(pointer.to_owned(), fault);
        let rule = |code, german: &'static str, english: &'static str| Fault::Rule {
            code,
            detail: text(german, english),
        };
        match error {
            TypesError::NotFound => Self::new(Kind::NotFound),
            TypesError::Forbidden => Self::new(Kind::Forbidden).detail(text(
                "Dokumenttypen und Felder pflegt die Registratur.",
                "Document types and fields are maintained by the records manager.",
            )),
            TypesError::CodeTaken => field(
                "/code",
                rule(
                    "taken",
                    "Diesen Kurznamen gibt es schon.",
                    "There is one with this short name already.",
                ),
            ),
            TypesError::NameTaken { pointer } => field(
                pointer,
                rule(
                    "taken",
                    "So heißt schon etwas anderes.",
                    "Something else is called so already.",
                ),
            ),
            TypesError::TooMany { max } => field(
                "",
                Fault::Rule {
                    code: "too-many",
                    detail: text(
                        format!("Mehr als {max} gibt es im Haus nicht."),
                        format!("There are no more than {max} in the house."),
                    ),
                },
            ),
            TypesError::NoField { at } => field(&format!("/fields/{at}/field"), Fault::NotFound),
            TypesError::Fixed { pointer } => field(
                pointer,
                rule(
                    "fixed",
                    "Das bleibt, wie es ist: Dokumente hängen daran. Einträge werden stillgelegt, nicht weggelassen.",
                    "This stays as it is: documents depend on it. Entries are retired, not left out.",
                ),
            ),
            TypesError::Stale { current } => Self::new(Kind::PreconditionFailed)
                .detail(text(
                    "Das wurde inzwischen geändert. Bitte neu laden und prüfen.",
                    "It was changed meanwhile. Please read it again and check.",
                ))
                .current_etag(&ETag::of_version(current)),
            TypesError::Unchanged => field(
                "",
                rule(
                    "unchanged",
                    "Es würde sich nichts ändern.",
                    "Nothing would change.",
                ),
            ),
            TypesError::Db(error) => error.into(),
        }
    }
}

fn expected(kind: FieldKind) -> (&'static str, &'static str) {
    match kind {
        FieldKind::Text => ("Text", "text"),
        FieldKind::Number => (
            "eine Zahl als Text, zum Beispiel \"12.5\"",
            "a number as text, \"12.5\" for instance",
        ),
        FieldKind::Money => (
            "ein Betrag, zum Beispiel {\"amount\": \"12.50\", \"currency\": \"EUR\"} oder \"12.50\"",
            "an amount, {\"amount\": \"12.50\", \"currency\": \"EUR\"} or \"12.50\" for instance",
        ),
        FieldKind::Date => (
            "ein Datum JJJJ-MM-TT, zum Beispiel 2026-03-02",
            "a date YYYY-MM-DD, 2026-03-02 for instance",
        ),
        FieldKind::Choice => (
            "der Kurzname eines Eintrags, oder eine Liste davon, wo mehrere gewählt werden dürfen",
            "the short name of an entry, or a list of them where several may be chosen",
        ),
        FieldKind::Reference => (
            "die Kennung dessen, worauf verwiesen wird",
            "the id of what is referred to",
        ),
        FieldKind::YesNo => ("true oder false", "true or false"),
    }
}

/// What is wrong with a value, as answers say it.
#[expect(clippy::too_many_lines, reason = "one arm for each refusal")]
pub(crate) fn fault(refusal: Refusal) -> Fault {
    let rule = |code, german: String, english: String| Fault::Rule {
        code,
        detail: text(german, english),
    };
    match refusal {
        Refusal::Unknown { near } => Fault::Unknown { near },
        Refusal::NotOfType { carried } if carried.is_empty() => rule(
            "not-of-type",
            "Der Typ des Dokuments hat keine Felder. Bitte zuerst einen Typ mit diesem Feld geben."
                .to_owned(),
            "The type of the document has no fields. Give it a type with this field first."
                .to_owned(),
        ),
        Refusal::NotOfType { carried } => {
            let carried = carried.join(", ");
            rule(
                "not-of-type",
                format!("Der Typ des Dokuments hat dieses Feld nicht; er hat: {carried}."),
                format!("The type of the document does not have this field; it has: {carried}."),
            )
        }
        Refusal::Retired => rule(
            "retired",
            "Das ist stillgelegt und wird nicht mehr vergeben.".to_owned(),
            "This was retired and is given no more.".to_owned(),
        ),
        Refusal::Required => Fault::Required,
        Refusal::TooManyFields => Fault::TooMany {
            max: u64::try_from(super::FIELDS_GIVEN_MAX).unwrap_or(u64::MAX),
        },
        Refusal::WrongKind { kind } => {
            let (german, english) = expected(kind);
            Fault::WrongFormat {
                expected: text(german, english),
            }
        }
        Refusal::Shape => Fault::WrongFormat {
            expected: text(
                "Text, true oder false, eine Liste von Texten, ein Betrag oder ein Verweis",
                "text, true or false, a list of texts, an amount or a reference",
            ),
        },
        Refusal::Inexact => rule(
            "inexact",
            "Eine Zahl mit Nachkommastellen muss als Text kommen, zum Beispiel \"12.50\": nur so bleibt sie genau."
                .to_owned(),
            "A number with decimals must come as text, \"12.50\" for instance: only so it stays exact."
                .to_owned(),
        ),
        Refusal::NoLine => Fault::WrongFormat {
            expected: text(
                "eine Zeile Text ohne Steuerzeichen; null entfernt den Wert",
                "a line of text without control characters; null removes the value",
            ),
        },
        Refusal::TooLong { max } => Fault::TooLong {
            max: u64::from(max),
        },
        Refusal::Pattern { pattern } => rule(
            "pattern",
            format!("Passt nicht zu dem, was verlangt ist: {pattern}"),
            format!("Does not fit what is asked for: {pattern}"),
        ),
        Refusal::NoNumber { decimals } => Fault::WrongFormat {
            expected: text(
                format!("eine Zahl mit höchstens {decimals} Nachkommastellen, mit Punkt und ohne Tausenderzeichen"),
                format!("a number with at most {decimals} decimals, with a point and without thousands marks"),
            ),
        },
        Refusal::TooSmall { min } => rule(
            "too-small",
            format!("Zu klein; mindestens {min}."),
            format!("Too small; at least {min}."),
        ),
        Refusal::TooLarge { max } => rule(
            "too-large",
            format!("Zu groß; höchstens {max}."),
            format!("Too large; at most {max}."),
        ),
        Refusal::Currency { currency } => Fault::NotOneOf {
            allowed: vec![currency],
        },
        Refusal::NoDate => {
            let (german, english) = expected(FieldKind::Date);
            Fault::WrongFormat {
                expected: text(german, english),
            }
        }
        Refusal::NoEntry { allowed } => Fault::NotOneOf { allowed },
        Refusal::NotFound => Fault::NotFound,
    }
}

/// What is wrong with the fields of a document.
impl From<Vec<Refused>> for Problem {
    fn from(all: Vec<Refused>) -> Self {
        let one = |problem: Self, one: Refused| problem.field(one.pointer, fault(one.refusal));
        all.into_iter().fold(Self::new(Kind::Validation), one)
    }
}

/// What is wrong with how a field is asked for.
pub(crate) fn parameter(code: &str, refusal: Refusal) -> Problem {
    Problem::new(Kind::QueryInvalid).parameter(format!("field.{code}"), fault(refusal))
}

fn answer(
    status: u16,
    at: &str,
    (id, version): (Uuid, u64),
    view: &impl Serialize,
) -> Result<Answer, TypesError> {
    let etag = ETag::of_version(version).to_string();
    let mut answer = Answer::created(view)?.with_header("etag", etag);
    if status == 201 {
        answer = answer.with_header("location", format!("{at}/{id}"));
    }
    answer.status = status;
    Ok(answer)
}

fn of_field(status: u16, one: &Field) -> Result<Answer, TypesError> {
    let named = (one.id.raw(), one.version);
    answer(status, "/api/v1/fields", named, &FieldView::from(one))
}

fn of_type(status: u16, one: &DocumentType) -> Result<Answer, TypesError> {
    let named = (one.id.raw(), one.version);
    answer(
        status,
        "/api/v1/document-types",
        named,
        &TypeView::from(one),
    )
}

async fn field(db: &Db, id: Uuid) -> Result<Field, Problem> {
    let all = ops::catalog(db.read()).await?;
    let found = all.fields.into_iter().find(|one| one.id.raw() == id);
    Ok(found.ok_or(TypesError::NotFound)?)
}

async fn document_type(db: &Db, id: Uuid) -> Result<DocumentType, Problem> {
    let all = ops::catalog(db.read()).await?;
    let found = all.types.into_iter().find(|one| one.id.raw() == id);
    Ok(found.ok_or(TypesError::NotFound)?)
}

/// The fields of the house.
#[utoipa::path(
    get, path = "/api/v1/fields", tag = "types", operation_id = "listFields",
    params(Which),
    responses((status = 200, description = "By label", body = FieldList), ListProblems),
    security(("token" = []))
)]
pub(super) async fn get_fields(
    db: Data<Db>,
    _: SignedIn,
    Query(which): Query<Which>,
) -> Result<HttpResponse, Problem> {
    let all = ops::catalog(db.read()).await?;
    let wanted = |one: &&Field| {
        which
            .retired
            .is_none_or(|retired| retired == one.retired_at.is_some())
    };
    let items = all.fields.iter().filter(wanted).map(FieldView::from);
    Ok(HttpResponse::Ok().json(FieldList {
        items: items.collect(),
    }))
}

/// The document types of the house. A word on a document that is none of them is just a word.
#[utoipa::path(
    get, path = "/api/v1/document-types", tag = "types", operation_id = "listDocumentTypes",
    params(Which),
    responses((status = 200, description = "By name", body = TypeList), ListProblems),
    security(("token" = []))
)]
pub(super) async fn get_types(
    db: Data<Db>,
    _: SignedIn,
    Query(which): Query<Which>,
) -> Result<HttpResponse, Problem> {
    let all = ops::catalog(db.read()).await?;
    let wanted = |one: &&DocumentType| {
        which
            .retired
            .is_none_or(|retired| retired == one.retired_at.is_some())
    };
    let items = all.types.iter().filter(wanted).map(TypeView::from);
    Ok(HttpResponse::Ok().json(TypeList {
        items: items.collect(),
    }))
}

/// Makes a field. For the records manager.
#[utoipa::path(
    post, path = "/api/v1/fields", tag = "types", operation_id = "createField",
    params(IdempotencyParam),
    request_body = FieldRequest,
    responses((status = 201, description = "Made; durable", body = FieldView, headers(
        ("Location" = String, description = "The field"),
        ("ETag" = String, description = "Its version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_field(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    MaybeKey(key): MaybeKey,
    Json(body): Json<FieldRequest>,
) -> Result<HttpResponse, Problem> {
    ops::require_manager(&actor)?;
    let said = serde_json::to_vec(&body).map_err(Problem::internal)?;
    let new = body.read()?;
    let once = Once::new(&actor, key, Fingerprint::of(&[b"POST /fields", &said]));
    once.run(&db, &actor, async move |unit: &mut Unit| {
        let made = ops::create_field(unit, new).await?;
        of_field(201, &made)
    })
    .await
}

/// Makes a document type. For the records manager.
#[utoipa::path(
    post, path = "/api/v1/document-types", tag = "types", operation_id = "createDocumentType",
    params(IdempotencyParam),
    request_body = TypeRequest,
    responses((status = 201, description = "Made; durable", body = TypeView, headers(
        ("Location" = String, description = "The type"),
        ("ETag" = String, description = "Its version"),
        ("Idempotent-Replayed" = String, description = "`true`, where the answer is a saved one"))),
        CreateProblems),
    security(("token" = []))
)]
pub(super) async fn post_type(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    MaybeKey(key): MaybeKey,
    Json(body): Json<TypeRequest>,
) -> Result<HttpResponse, Problem> {
    ops::require_manager(&actor)?;
    let said = serde_json::to_vec(&body).map_err(Problem::internal)?;
    let new = body.read()?;
    let request = Fingerprint::of(&[b"POST /document-types", &said]);
    let once = Once::new(&actor, key, request);
    once.run(&db, &actor, async move |unit: &mut Unit| {
        let made = ops::create_type(unit, new).await?;
        of_type(201, &made)
    })
    .await
}

/// One field.
#[utoipa::path(
    get, path = "/api/v1/fields/{id}", tag = "types", operation_id = "readField",
    params(("id" = Uuid, Path, description = "The field")),
    responses((status = 200, description = "The field", body = FieldView,
        headers(("ETag" = String, description = "Its version"))), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_field(
    db: Data<Db>,
    _: SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let found = field(&db, id).await?;
    Ok(of_field(200, &found)?.respond(None))
}

/// One document type.
#[utoipa::path(
    get, path = "/api/v1/document-types/{id}", tag = "types", operation_id = "readDocumentType",
    params(("id" = Uuid, Path, description = "The type")),
    responses((status = 200, description = "The type", body = TypeView,
        headers(("ETag" = String, description = "Its version"))), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_type(
    db: Data<Db>,
    _: SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let found = document_type(&db, id).await?;
    Ok(of_type(200, &found)?.respond(None))
}

/// Changes a field, retires it or takes it up again. What documents say in it stays. For the records manager.
#[utoipa::path(
    patch, path = "/api/v1/fields/{id}", tag = "types", operation_id = "changeField",
    params(("id" = Uuid, Path, description = "The field"), IfMatchParam),
    request_body = FieldPatch,
    responses((status = 200, description = "Changed; durable", body = FieldView, headers(
        ("ETag" = String, description = "Its new version"))),
        ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn patch_field(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<FieldPatch>,
) -> Result<HttpResponse, Problem> {
    ops::require_manager(&actor)?;
    let before = field(&db, id).await?;
    if_match.check(&ETag::of_version(before.version))?;
    let change = body.read(&before)?;
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            let one = ops::change_field(unit, before.id, before.version, change).await?;
            of_field(200, &one)
        })
        .await?;
    Ok(written.value.respond(Some(written.receipt)))
}

/// Changes a document type, retires it or takes it up again. Documents that bear it keep it. For the records
/// manager.
#[utoipa::path(
    patch, path = "/api/v1/document-types/{id}", tag = "types", operation_id = "changeDocumentType",
    params(("id" = Uuid, Path, description = "The type"), IfMatchParam),
    request_body = TypePatch,
    responses((status = 200, description = "Changed; durable", body = TypeView, headers(
        ("ETag" = String, description = "Its new version"))),
        ChangeProblems),
    security(("token" = []))
)]
pub(super) async fn patch_type(
    db: Data<Db>,
    SignedIn(actor): SignedIn,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<TypePatch>,
) -> Result<HttpResponse, Problem> {
    ops::require_manager(&actor)?;
    let before = document_type(&db, id).await?;
    if_match.check(&ETag::of_version(before.version))?;
    let change = body.read()?;
    let written = db
        .write(&actor, async move |unit: &mut Unit| {
            let one = ops::change_type(unit, before.id, before.version, change).await?;
            of_type(200, &one)
        })
        .await?;
    Ok(written.value.respond(Some(written.receipt)))
}

/// What happened to a field.
#[utoipa::path(
    get, path = "/api/v1/fields/{id}/history", tag = "types", operation_id = "readFieldHistory",
    params(("id" = Uuid, Path, description = "The field")),
    responses((status = 200, description = "First thing first", body = History), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_field_history(
    db: Data<Db>,
    storage: Data<Storage>,
    _: SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let found = field(&db, id).await?;
    let kms: &dyn Kms = storage.kms().as_ref();
    Ok(HttpResponse::Ok().json(history(db.read(), kms, found.id.raw()).await?))
}

/// What happened to a document type.
#[utoipa::path(
    get, path = "/api/v1/document-types/{id}/history", tag = "types",
    operation_id = "readDocumentTypeHistory",
    params(("id" = Uuid, Path, description = "The type")),
    responses((status = 200, description = "First thing first", body = History), ReadProblems),
    security(("token" = []))
)]
pub(super) async fn get_type_history(
    db: Data<Db>,
    storage: Data<Storage>,
    _: SignedIn,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let found = document_type(&db, id).await?;
    let kms: &dyn Kms = storage.kms().as_ref();
    Ok(HttpResponse::Ok().json(history(db.read(), kms, found.id.raw()).await?))
}

/// The part of the contract that types and fields bring.
#[derive(Debug, OpenApi)]
#[openapi(paths(
    get_types,
    post_type,
    get_type,
    patch_type,
    get_type_history,
    get_fields,
    post_field,
    get_field,
    patch_field,
    get_field_history
))]
pub struct ApiDoc;

/// The routes of types and fields.
pub fn routes(config: &mut web::ServiceConfig) {
    let at = |path: &str| web::resource(format!("/api/v1/document-types{path}"));
    let of = |path: &str| web::resource(format!("/api/v1/fields{path}"));
    config
        .service(at("").get(get_types).post(post_type))
        .service(at("/{id}").get(get_type).patch(patch_type))
        .service(at("/{id}/history").get(get_type_history))
        .service(of("").get(get_fields).post(post_field))
        .service(of("/{id}").get(get_field).patch(patch_field))
        .service(of("/{id}/history").get(get_field_history));
}
